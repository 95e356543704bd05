"""Run strategies on the same features and the same split, over several seeds, and judge them together.

All are judged over the same labels, those that the baseline learns. What one training reached is kept by what
it depends on, so an interrupted comparison goes on where it stopped, and a further strategy costs itself only.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import OTHER, LabelSet
from viennatag.data.marks import PARTS
from viennatag.errors import OptionError
from viennatag.evaluation.comparison import (
    ROUNDS,
    Comparison,
    Row,
    Samples,
    contrast,
    crown,
    draw_marks,
    sample_figures,
)
from viennatag.files import atomic_file
from viennatag.metrics.figures import frequency_bands
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, Report
from viennatag.training.heads.trainer import Examples, Schedule, some
from viennatag.training.learner import Learned, kinds_of, learn
from viennatag.training.strategies import BASELINE, MIN_COUNT, PRIOR, STRATEGIES, Strategy

RECIPE = 1
"""Changes whenever the same strategy on the same marks reaches other figures, which makes kept results stale."""
JUDGED_MARKS = 20_000
"""Test marks that are judged at most; a random choice of so many leaves little noise to be had from more."""
Decided = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Calibrated scores and decisions, each (marks, labels)."""


def compare(
    collection: Collection,
    strategies: Sequence[Strategy],
    *,
    seeds: int = 3,
    min_count: int = MIN_COUNT,
    rounds: int = ROUNDS,
    schedule: Schedule | None = None,
    cache: Path | None = None,
    report: Report | None = None,
) -> Comparison:
    """Return how strategies compare on the test part.

    Args:
        collection: The marks.
        strategies: What to try; the baseline is added where it is missing.
        seeds: Trainings of each strategy.
        min_count: Labels with at least so many training marks are judged.
        rounds: Bootstrap samples.
        schedule: How long and how fast heads learn.
        cache: Folder that keeps results; None keeps none.
        report: Told how far the work is, and what was reused.

    Raises:
        OptionError: If there are no seeds, or a name stands for two strategies.
    """
    tried = {strategy.name: strategy for strategy in strategies}
    if seeds < 1 or len(tried) != len(strategies) or PRIOR in tried:
        raise OptionError(
            f"{seeds} seeds of {', '.join(strategy.name for strategy in strategies)}: expected at least 1 seed, "
            f"and names that are distinct and not {PRIOR!r}"
        )
    tried = {BASELINE: STRATEGIES[BASELINE]} | tried
    omitted = {
        name: "there are no further marks; name them with --more and --more-images"
        for name, strategy in tried.items()
        if strategy.until and not collection.has_more
    } | {
        name: "it reads maps of features, which are kept only for strategies named with --strategies"
        for name, strategy in tried.items()
        if strategy.reads_maps and collection.maps is None
    }
    runs = [strategy for name, strategy in tried.items() if name not in omitted]
    contest = Contest.of(collection, min_count, rounds, schedule or Schedule())
    samples: dict[str, Samples] = {PRIOR: contest.prior_samples()[None]}
    seconds, reused = {PRIOR: 0.0}, 0
    report = report or (lambda *_: None)
    for at, strategy in enumerate(runs):
        found = []
        for seed in range(seeds):
            report("compare", at * seeds + seed, len(runs) * seeds, f"{strategy.name}, seed {seed}")
            found.append(contest.result(strategy, seed, cache))
        samples[strategy.name] = np.stack([each.samples for each in found])
        seconds[strategy.name] = float(np.mean([each.seconds for each in found]))
        reused += sum(each.reused for each in found)
    report("compare", len(runs) * seeds, len(runs) * seeds, f"{reused} trainings reused" if reused else "")

    contrasts = contrast(samples, baseline=BASELINE)
    prior = Row(PRIOR, "the label frequencies of the training part, for every mark", 0, 0.0, contrasts[PRIOR])
    rows = [Row(each.name, each.description, each.reply, seconds[each.name], contrasts[each.name]) for each in runs]
    present = contest.judged.counts() > 0
    return Comparison(
        rows=crown((prior, *rows)),
        baseline=BASELINE,
        seeds=seeds,
        rounds=rounds,
        marks={part: int(np.count_nonzero(collection.parts == at)) for at, part in enumerate(PARTS)},
        labels={name: int(np.sum(inside & present)) for name, inside in frequency_bands(contest.counts).items()},
        left_out=int(np.sum(~present)),
        omitted=omitted,
        reused=reused,
    )


@dataclass(frozen=True, eq=False)
class Result:
    """What one training reached: see `sample_figures`; what it took; whether it was kept from before."""

    samples: NDArray[np.float64]
    seconds: float
    reused: bool


@dataclass(frozen=True, eq=False)
class Contest:
    """What is the same for all strategies: the labels and marks they are judged on, and the samples of these."""

    collection: Collection
    labels: LabelSet
    min_count: int
    counts: NDArray[np.int64]
    judged: Examples
    draws: NDArray[np.float32]
    schedule: Schedule

    @classmethod
    def of(cls, collection: Collection, min_count: int, rounds: int, schedule: Schedule) -> "Contest":
        """Return the contest over the labels that the baseline learns, on the test part."""
        labels = collection.labels(min_count=min_count)
        test = collection.examples(labels, TEST)
        judged = test.select(some(len(test), JUDGED_MARKS))
        counts = collection.examples(labels, TRAIN).counts()
        return cls(collection, labels, min_count, counts, judged, draw_marks(len(judged), rounds=rounds), schedule)

    def result(self, strategy: Strategy, seed: int, cache: Path | None = None) -> Result:
        """Return what one training reached, from the cache if it is there."""
        # A strategy's repr names the class and value of each dial; how it is called does not matter.
        dials = replace(strategy, name="", description="", reply=0)

        def run() -> Decided:
            learned, counts = learn_on(
                self.collection, strategy, min_count=self.min_count, seed=seed, schedule=self.schedule
            )
            return self.projected(learned, counts)

        return self.kept((dials, seed, self.schedule), run, cache)

    def kept(self, method: object, run: Callable[[], Decided], cache: Path | None = None) -> Result:
        """Return the figures of any method, from the cache if they are there.

        Args:
            method: What decides its figures on these marks; its repr is what they are found by.
            run: Returns its scores and decisions over the judged marks and labels, each (marks, labels).
            cache: Folder that keeps results; None keeps none.
        """
        content = (RECIPE, method, self.min_count, self.draws.shape, self.collection.digest)
        path = cache and cache / "compare" / f"{hashlib.sha256(repr(content).encode()).hexdigest()[:32]}.npz"
        if path and path.is_file():
            with np.load(path, allow_pickle=False) as found:
                return Result(found["samples"], float(found["seconds"]), reused=True)
        started = time.perf_counter()
        decided = run()
        seconds = time.perf_counter() - started
        result = Result(self.figures(*decided), seconds, reused=False)
        if path:
            with atomic_file(path) as temporary, temporary.open("wb") as file:
                np.savez(file, samples=result.samples, seconds=result.seconds)
        return result

    def figures(self, scores: NDArray[np.float64], suggested: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the figures of scores and decisions over the judged marks and labels; see `sample_figures`."""
        return sample_figures(scores, suggested, self.judged.targets, self.counts, self.draws)

    def projected(self, learned: Learned, counts: NDArray[np.int64]) -> Decided:
        """Return scores and decisions over the judged labels of what was learned, perhaps over fewer labels.

        A label that was rolled up has its parent's score times its share of the parent's marks, and is never
        suggested.
        """
        scores = learned.scores(self.judged)
        suggested = learned.rule(scores)
        if learned.labels.names == self.labels.names:
            return scores, suggested
        nearest = [_nearest(name, learned.labels) for name in self.labels.names]
        at = np.array([learned.labels.index.get(name, -1) for name in nearest])
        share = np.where(at >= 0, self.counts / np.maximum(counts[at], 1), self.counts / counts.max())
        own = np.array([name == found for name, found in zip(self.labels.names, nearest, strict=True)])
        found = np.where(at >= 0, scores[:, at], 1.0) * np.minimum(share, 1.0)
        return found, suggested[:, at] & own

    def prior_samples(self) -> NDArray[np.float64]:
        """Return the figures of scores that are the same for every mark."""
        prior = self.counts / np.count_nonzero(self.collection.parts == TRAIN)
        validation = self.collection.examples(self.labels, VALIDATION)
        rule = STRATEGIES[BASELINE].decision.fit(
            np.tile(prior, (len(validation), 1)),
            validation.targets,
            groups=kinds_of(self.labels),
            levels=self.labels.depths,
        )
        scores = np.tile(prior, (len(self.judged), 1))
        return self.figures(scores, rule(scores))


def learn_on(
    collection: Collection,
    strategy: Strategy,
    *,
    min_count: int = MIN_COUNT,
    seed: int = 0,
    schedule: Schedule | None = None,
) -> tuple[Learned, NDArray[np.int64]]:
    """Return what a strategy learns from a collection, and the training marks of each of its labels.

    Args:
        collection: The marks.
        strategy: What to do about imbalance.
        min_count: A label needs at least so many training marks, or as many as the strategy says.
        seed: Of the training.
        schedule: How long and how fast heads learn.
    """
    labels = collection.labels(min_count=max(min_count, strategy.min_count))
    train, validation = collection.training(labels, until=strategy.until), collection.examples(labels, VALIDATION)
    learned = learn(strategy, labels, train, validation, seed=seed, schedule=schedule)
    return learned, collection.examples(labels, TRAIN).counts()


def _nearest(name: str, labels: LabelSet) -> str:
    """Return the label itself, or the nearest that its marks count for."""
    if labels.taxonomy == "flat":
        return name if name in labels.index else OTHER
    parts = name.split(".")
    above = (".".join(parts[:depth]) for depth in range(len(parts), 0, -1))
    return next((each for each in above if each in labels.index), "")
