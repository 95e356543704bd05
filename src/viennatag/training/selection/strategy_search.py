"""Choose a strategy by validation, within a budget of time, without falling for noise.

Successive halving (Jamieson and Talwalkar 2016) over the registry: all strategies learn for a quarter of the
time, the better half of them for half of it, and so on; the finalists learn in full. The baseline is never
dropped. Among finalists and their blend, whatever beats the baseline on resampled validation marks by more
than the greatest deviation that chance gives any of them is a candidate, and the best candidate is taken;
without one the baseline stays.

A score on the marks that a head was stopped and calibrated on flatters it, but all of them alike; the figure
to believe is that of the test subset, which nothing here has seen.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.evaluation.comparison import METRICS, ROUNDS, Contrast, contrast, sample_metrics
from viennatag.metrics.bootstrap import draw_weights
from viennatag.training.data.collection import TRAIN, VALIDATION, Collection, ProgressCallback
from viennatag.training.data.examples import Examples
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.trainer import Schedule, TrainedHead
from viennatag.training.learner import blend
from viennatag.training.selection.trained_strategy import TrainedStrategy, postprocess, train_strategy
from viennatag.training.strategies import BASELINE, MIN_COUNT, STRATEGIES, Strategy

FINALISTS = 4
ROUND_SHARES = (0.25, 0.5, 1.0)
"""Shares of the schedule."""
BLEND = "blend"


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        strategy: Its name.
        share: How much of the schedule it had, in (0, 1].
        macro_map: Validation macro average precision.
        seconds: What it took.
    """

    strategy: str
    share: float
    macro_map: float
    seconds: float


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was chosen, and why.

    Attributes:
        name: Name of the strategy, or `blend`.
        members: The strategies in it, with their hyperparameters.
        trained: The trained strategy.
        reason: One sentence.
        trials: What was tried, in order.
        contrasts: Validation macro average precision of each finalist against the baseline.
        exhausted: Whether the budget ended before all was tried.
    """

    name: str
    members: tuple[Strategy, ...]
    trained: TrainedStrategy
    reason: str
    trials: tuple[Trial, ...]
    contrasts: dict[str, Contrast]
    exhausted: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain data for a bundle to keep; times stay out, as the same seed gives the same bundle."""
        return {
            "chosen": self.name,
            "reason": self.reason,
            "members": [each.to_json() for each in self.members],
            "trials": [
                {"strategy": each.strategy, "share": each.share, "macro_map": each.macro_map} for each in self.trials
            ],
            "finalists": {name: vars(found) for name, found in self.contrasts.items()},
            "exhausted": self.exhausted,
        }


@dataclass
class _Search:
    """The state of one search."""

    deadline: float
    trials: list[Trial] = field(default_factory=list)
    trained: dict[str, TrainedStrategy] = field(default_factory=dict)
    exhausted: bool = False


def search_strategies(
    collection: Collection,
    *,
    strategies: Sequence[Strategy] | None = None,
    min_count: int = MIN_COUNT,
    budget: float = 600.0,
    blending: bool = True,
    schedule: Schedule | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> SearchResult:
    """Return the strategy that is best on the validation subset, or a blend of several, with what it learned.

    Strategies that change the labels are not tried: what they reach on other labels does not compare. Those that read
    maps are tried where the collection has maps; they take many times as long as others. The
    result depends on the seed alone as long as the budget suffices; time is checked between trainings only.

    Args:
        collection: The marks; the test subset is not touched.
        strategies: What to try; by default the registry.
        min_count: Labels with at least this many training marks are learned.
        budget: Seconds for the search.
        blending: Whether a blend of the finalists may be chosen.
        schedule: How long and how fast heads learn in full.
        seed: Of every training.
        progress: Progress callback.

    Raises:
        OptionError: If the budget is not positive, or two strategies share a name.
    """
    if not budget > 0:
        raise OptionError(f"budget is {budget} seconds; it must be positive")
    pool = {each.name: each for each in (STRATEGIES.values() if strategies is None else strategies)}
    if strategies is not None and len(pool) != len(strategies):
        raise OptionError("two strategies have the same name")
    baseline = STRATEGIES[BASELINE]
    pool = {BASELINE: baseline} | {
        name: each
        for name, each in pool.items()
        if each.min_count <= max(min_count, baseline.min_count)
        and (not each.target_count or collection.has_extra)
        and (not each.reads_feature_maps or collection.feature_maps is not None)
    }
    schedule, report = schedule or Schedule(), progress or (lambda *_: None)
    labels, search = collection.labels(min_count=min_count), _Search(time.perf_counter() + budget)
    validation, held_out = collection.examples(labels, VALIDATION), collection.held_out(labels, VALIDATION)
    plan = _plan(len(pool))
    total = sum(count for _, count in plan)

    names = list(pool)
    for share, count in plan:
        names = [BASELINE, *(name for name in names if name != BASELINE)][:count]
        reached: dict[str, float] = {}
        for name in names:
            if search.trials and time.perf_counter() > search.deadline and name != BASELINE:
                search.exhausted = True
                continue
            strategy, started = pool[name], time.perf_counter()
            report("choose", len(search.trials), total, f"{name} for {share:.0%} of the time")
            trained = train_strategy(
                strategy,
                labels,
                collection.training(labels, target_count=strategy.target_count),
                validation,
                held_out,
                seed=seed,
                schedule=schedule.shortened(share),
            )
            reached[name], search.trained[name] = trained.macro_map, trained
            search.trials.append(Trial(name, share, trained.macro_map, round(time.perf_counter() - started, 2)))
        names = sorted(reached, key=lambda name: -reached[name])
    report("choose", total, total, "")
    finalists = {name: search.trained[name] for name in names}
    return _choose(collection, pool, finalists, validation, held_out, search, blending)


def _plan(count: int) -> list[tuple[float, int]]:
    """Return for each round_ the share of the schedule and how many strategies learn for it."""
    halving = [max(FINALISTS, -(-count // 2**round_)) for round_ in range(len(ROUND_SHARES) - 1)]
    return [(share, min(count, width)) for share, width in zip(ROUND_SHARES, [*halving, FINALISTS], strict=True)]


def _choose(
    collection: Collection,
    pool: dict[str, Strategy],
    finalists: dict[str, TrainedStrategy],
    validation: Examples,
    held_out: HeldOut,
    search: _Search,
    blending: bool,
) -> SearchResult:
    """Return the best finalist or the blend of all, unless the baseline is as good."""
    labels = finalists[BASELINE].labels
    if blending and len(finalists) > 1:
        mean = blend(
            [TrainedHead(each.head, each.macro_map, each.epochs) for each in finalists.values()], labels, validation
        )
        finalists |= {BLEND: postprocess(mean, pool[BASELINE], labels, validation, held_out)}
    contrasts = _contrasts(collection, finalists, validation, held_out)
    better = [name for name, found in contrasts.items() if found.verdict == "better"]
    name = max(better, key=lambda each: contrasts[each].value) if better else BASELINE
    found, own = contrasts[name], contrasts[BASELINE]
    if better:
        reason = (
            f"on the validation subset its macro mAP is {found.value:.3f}, that of {BASELINE} {own.value:.3f}; the "
            f"difference is between {found.difference_low:+.3f} and {found.difference_high:+.3f}"
        )
    else:
        reason = f"no finalist beats its macro mAP of {own.value:.3f} on the validation subset by more than noise"
    members_of = [pool[each] for each in finalists if each != BLEND] if name == BLEND else [pool[name]]
    return SearchResult(
        name, tuple(members_of), finalists[name], reason, tuple(search.trials), contrasts, search.exhausted
    )


def _contrasts(
    collection: Collection, finalists: dict[str, TrainedStrategy], validation: Examples, held_out: HeldOut
) -> dict[str, Contrast]:
    counts: NDArray[np.int64] = collection.examples(finalists[BASELINE].labels, TRAIN).counts()
    draws = draw_weights(len(validation), rounds=ROUNDS)
    samples = {}
    for name, trained in finalists.items():
        scores = trained.scores(held_out)
        samples[name] = sample_metrics(scores, trained.postprocessor.decide(scores), validation.targets, counts, draws)[
            None
        ]
    found = contrast(samples, baseline=BASELINE)
    return {name: figures[METRICS[0]] for name, figures in found.items()}
