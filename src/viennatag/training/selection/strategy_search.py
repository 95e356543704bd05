"""Choose a strategy by validation, within a budget of time, without falling for noise.

Successive halving (Jamieson and Talwalkar 2016): all strategies learn for a quarter of the time, the better half for
half of it; the finalists learn in full. The baseline is never dropped. The best of the finalists and their blend is
taken if it beats the baseline on resampled validation marks by more than the greatest deviation that chance gives any.
Validation flatters all alike; the figure to believe is that of the test subset, which nothing here has seen.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.evaluation.comparison import METRICS, ROUNDS, Contrast, contrast, sample_metrics
from viennatag.metrics.bootstrap import draw_weights
from viennatag.training.data.collection import TRAIN, VALIDATION, Collection, ProgressCallback
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.trained_strategy import TrainedStrategy, blend, postprocess, train_strategy
from viennatag.training.strategies import BASELINE, STRATEGIES, Strategy

FINALISTS = 4
ROUND_SHARES = (0.25, 0.5, 1.0)
"""Shares of the schedule."""
BLEND = "blend"


@dataclass(frozen=True)
class Trial:
    """One training of a strategy, for a share of the schedule: its validation macro average precision, and seconds."""

    strategy: str
    share: float
    macro_map: float
    seconds: float


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was chosen, and why.

    The name is that of a strategy, or `blend`; the members are the strategies in it. Trials are in order; contrasts are
    of the validation macro average precision of each finalist against the baseline. The search is exhausted where the
    budget ended before all was tried.
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


def search_strategies(
    collection: Collection,
    *,
    like: Strategy | None = None,
    strategies: Sequence[Strategy] | None = None,
    budget: float = 600.0,
    schedule: Schedule | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> SearchResult:
    """Return the strategy that is best on the validation subset, or a blend of several, with what it learned.

    By default the registry is tried, with the labels and the decision rule of the strategy `like`. Strategies that
    change the labels are not tried: what they reach on other labels does not compare. Those that read maps are tried
    where the collection has maps; they take many times as long as others. The result depends on the seed alone as long
    as the budget, in seconds, suffices; time is checked between trainings only. The test subset is not touched.

    Raises:
        OptionError: If the budget is not positive, or two strategies share a name.
    """
    if not budget > 0:
        raise OptionError(f"budget is {budget} seconds; it must be positive")
    baseline = STRATEGIES[BASELINE]
    like = like or baseline
    tried = [replace(each, decision_rule=like.decision_rule) for each in STRATEGIES.values()]
    tried, min_count = tried if strategies is None else list(strategies), like.min_count
    if len({each.name for each in tried}) != len(tried):
        raise OptionError("two strategies have the same name")
    pool = {BASELINE: baseline} | {
        each.name: each
        for each in tried
        if each.min_count <= max(min_count, baseline.min_count)
        and (not each.target_count or collection.has_extra)
        and (not each.reads_feature_maps or collection.feature_maps is not None)
    }
    schedule, report = schedule or Schedule(), progress or (lambda *_: None)
    labels, deadline = collection.labels(min_count=min_count), time.perf_counter() + budget
    validation, held_out = collection.examples(labels, VALIDATION), collection.held_out(labels, VALIDATION)
    plan = _plan(len(pool))
    total = sum(count for _, count in plan)

    names, exhausted = list(pool), False
    trials: list[Trial] = []
    learned: dict[str, TrainedStrategy] = {}
    for share, count in plan:
        names = [BASELINE, *(name for name in names if name != BASELINE)][:count]
        reached: dict[str, float] = {}
        for name in names:
            if trials and time.perf_counter() > deadline and name != BASELINE:
                exhausted = True
                continue
            strategy, started = pool[name], time.perf_counter()
            report("choose", len(trials), total, f"{name} for {share:.0%} of the time")
            trained = train_strategy(
                strategy,
                labels,
                collection.training(labels, target_count=strategy.target_count),
                validation,
                held_out,
                seed=seed,
                schedule=schedule.shortened(share),
            )
            reached[name], learned[name] = trained.macro_map, trained
            trials.append(Trial(name, share, trained.macro_map, round(time.perf_counter() - started, 2)))
        names = sorted(reached, key=lambda name: -reached[name])
    report("choose", total, total, "")
    finalists = {name: learned[name] for name in names}
    if len(finalists) > 1:
        mean = blend(list(finalists.values()), labels, validation)
        finalists[BLEND] = postprocess(mean, pool[BASELINE], labels, validation, held_out)
    samples = {name: validation_samples(each, collection, held_out) for name, each in finalists.items()}
    contrasts = contrast_samples(samples, baseline=BASELINE)
    chosen, reason = _choose(contrasts)
    members = tuple(pool[name] for name in (names if chosen == BLEND else [chosen]))
    return SearchResult(chosen, members, finalists[chosen], reason, tuple(trials), contrasts, exhausted)


def _plan(count: int) -> list[tuple[float, int]]:
    """Return for each round the share of the schedule and how many strategies learn for it."""
    halving = [max(FINALISTS, -(-count // 2**number)) for number in range(len(ROUND_SHARES) - 1)]
    return [(share, min(count, width)) for share, width in zip(ROUND_SHARES, [*halving, FINALISTS], strict=True)]


def _choose(contrasts: dict[str, Contrast]) -> tuple[str, str]:
    """Return the best of what is better than the baseline, or the baseline, and the reason."""
    own = contrasts[BASELINE]
    better = [name for name, found in contrasts.items() if found.verdict == "better"]
    if not better:
        reason = f"no finalist beats its macro mAP of {own.value:.3f} on the validation subset by more than noise"
        return BASELINE, reason
    name = max(better, key=lambda each: contrasts[each].value)
    found = contrasts[name]
    return name, (
        f"on the validation subset its macro mAP is {found.value:.3f}, that of {BASELINE} {own.value:.3f}; the "
        f"difference is between {found.difference_low:+.3f} and {found.difference_high:+.3f}"
    )


def validation_samples(
    trained: TrainedStrategy, collection: Collection, held_out: HeldOut | None = None
) -> NDArray[np.float64]:
    """Return the metrics of a strategy on samples of the validation subset, the same samples for all strategies.

    The validation marks as they are served are given where they are computed already.
    """
    labels = trained.labels
    scores = trained.scores(held_out or collection.held_out(labels, VALIDATION))
    targets, counts = collection.examples(labels, VALIDATION).targets, collection.examples(labels, TRAIN).counts()
    draws = draw_weights(len(scores), rounds=ROUNDS)
    return sample_metrics(scores, trained.postprocessor.decide(scores), targets, counts, draws)


def contrast_samples(samples: Mapping[str, NDArray[np.float64]], *, baseline: str) -> dict[str, Contrast]:
    """Return the validation macro average precision of several, each against the baseline on the same samples."""
    found = contrast({name: each[None] for name, each in samples.items()}, baseline=baseline)
    return {name: figures[METRICS[0]] for name, figures in found.items()}
