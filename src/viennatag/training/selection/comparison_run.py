"""Compare strategies on the same features and the same split, over several seeds.

All are evaluated as a bundle would serve them (crops, pixel colours, calibration, thresholds), over the same labels:
those that the baseline learns. The result of each training is kept, so an interrupted comparison goes on where it
stopped, and one more strategy costs only its own training.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import OTHER, LabelSet
from viennatag.data.marks import SUBSETS, Marks, as_marks
from viennatag.errors import OptionError
from viennatag.evaluation.comparison import (
    ROUNDS,
    Comparison,
    ComparisonRow,
    Samples,
    contrast,
    mark_best,
    sample_metrics,
)
from viennatag.files import atomic_file, cache_folder
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.metrics import frequency_bands
from viennatag.training.backbones.loading import load_backbone
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, ProgressCallback, collect
from viennatag.training.data.examples import Examples, draw_positions
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.trained_strategy import TrainedStrategy, train_strategy
from viennatag.training.strategies import BASELINE, MIN_COUNT, PRIOR, STRATEGIES, Strategy, find_strategy

RECIPE = 2
"""Changes whenever the same strategy on the same marks reaches other figures, which makes kept results stale."""
MAX_TEST_MARKS = 20_000
"""At most this many test marks are evaluated, a random choice; more would hardly lower the noise."""
Scored = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Calibrated scores and decisions, each (marks, labels)."""


def compare(
    marks: Marks | Path | str | Any,
    images: Path | str,
    strategies: Sequence[Strategy | str] | None = None,
    *,
    backbone: str = "efficientnet_b0",
    pretrained: bool = True,
    size: int | None = None,
    seeds: int = 3,
    min_count: int = MIN_COUNT,
    extra_marks: tuple[Marks, Path | str] | None = None,
    cache: Path | str | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> Comparison:
    """Return how strategies compare on marks: same backbone, same split, several seeds.

    Example:
        comparison = viennatag.compare("marks.csv", "images", ["as-is", "class-weights", "asymmetric"])

    Args:
        marks: A marks table: a file, a data frame, or `Marks`. Where its column `split` is filled it is kept.
        images: Folder that the marks' images are relative to.
        strategies: Strategies or their names; by default all. The baseline is always among them.
        backbone: A timm name, `local-dir:` and a folder, or `bundle:` and a bundle.
        pretrained: Whether the backbone has its published weights, or random ones.
        size: Side of the image in pixels; by default the backbone's own.
        seeds: Trainings of each strategy.
        min_count: Labels with at least this many training marks are evaluated.
        extra_marks: Extra marks, and the folder of their images, for the strategies that add some.
        cache: Folder that keeps backbones, features and results; by default the user's cache folder.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the split.
        progress: Progress callback.

    Raises:
        DataError: If the marks cannot be used.
        BackboneError: If the backbone cannot be had.
        OptionError: If a strategy is unknown.
    """
    chosen = [find_strategy(each) if isinstance(each, str) else each for each in strategies or STRATEGIES]
    folder = Path(cache or cache_folder())
    found = as_marks(marks, images=images, skip_bad=skip_bad)
    report = progress or (lambda *_: None)
    report("backbone", 0, 1, backbone)
    network = load_backbone(backbone, cache=folder, pretrained=pretrained, size=size, seed=seed)
    report("backbone", 1, 1, f"{network.width} features at {network.size} pixels")
    collection = collect(
        found,
        images,
        network,
        cache=folder,
        feature_maps=strategies is not None and any(each.reads_feature_maps for each in chosen),
        extra_marks=extra_marks,
        skip_bad=skip_bad,
        seed=seed,
        progress=progress,
    )
    return compare_strategies(collection, chosen, seeds=seeds, min_count=min_count, cache=folder, progress=progress)


def compare_strategies(
    collection: Collection,
    strategies: Sequence[Strategy],
    *,
    seeds: int = 3,
    min_count: int = MIN_COUNT,
    rounds: int = ROUNDS,
    schedule: Schedule | None = None,
    cache: Path | None = None,
    progress: ProgressCallback | None = None,
) -> Comparison:
    """Return how strategies, and the baseline, compare on the test subset.

    For the arguments see `compare`; besides, `rounds` is the number of bootstrap samples, `schedule` says how long and
    how fast heads learn, and without a `cache` no results are kept.

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
    omitted = {}
    for name, strategy in tried.items():
        if strategy.reads_feature_maps and collection.feature_maps is None:
            omitted[name] = "it reads maps of features, which are kept only for strategies named with --strategies"
        elif strategy.target_count and not collection.has_extra:
            omitted[name] = "there are no extra marks; name them (extra_marks and extra_images)"
    runs = [strategy for name, strategy in tried.items() if name not in omitted]
    comparison_run = ComparisonRun.of(collection, min_count, rounds, schedule or Schedule())
    samples: dict[str, Samples] = {PRIOR: comparison_run.prior_samples()[None]}
    seconds, reused = {PRIOR: 0.0}, 0
    report = progress or (lambda *_: None)
    for at, strategy in enumerate(runs):
        found = []
        for seed in range(seeds):
            report("compare", at * seeds + seed, len(runs) * seeds, f"{strategy.name}, seed {seed}")
            found.append(comparison_run.result(strategy, seed, cache))
        samples[strategy.name] = np.stack([each.samples for each in found])
        seconds[strategy.name] = float(np.mean([each.seconds for each in found]))
        reused += sum(each.reused for each in found)
    report("compare", len(runs) * seeds, len(runs) * seeds, f"{reused} trainings reused" if reused else "")

    contrasts = contrast(samples, baseline=BASELINE)
    prior = ComparisonRow(
        PRIOR, "the label frequencies of the training subset, for every mark", 0, 0.0, contrasts[PRIOR]
    )
    rows = [
        ComparisonRow(each.name, each.description, each.reply, seconds[each.name], contrasts[each.name])
        for each in runs
    ]
    present = comparison_run.evaluated.counts() > 0
    return Comparison(
        rows=mark_best((prior, *rows)),
        baseline=BASELINE,
        seeds=seeds,
        rounds=rounds,
        marks={part: int(np.count_nonzero(collection.subsets == at)) for at, part in enumerate(SUBSETS)},
        labels={name: int(np.sum(inside & present)) for name, inside in frequency_bands(comparison_run.counts).items()},
        left_out=int(np.sum(~present)),
        omitted=omitted,
        reused=reused,
    )


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What one training reached: see `sample_metrics`; what it took; whether it was kept from before."""

    samples: NDArray[np.float64]
    seconds: float
    reused: bool


@dataclass(frozen=True, eq=False)
class ComparisonRun:
    """What is the same for all strategies: the labels and marks they are evaluated on, and the samples of these."""

    collection: Collection
    labels: LabelSet
    min_count: int
    counts: NDArray[np.int64]
    evaluated: Examples
    held_out: HeldOut
    validation: HeldOut
    draws: NDArray[np.float64]
    schedule: Schedule

    @classmethod
    def of(cls, collection: Collection, min_count: int, rounds: int, schedule: Schedule) -> "ComparisonRun":
        """Return the run over the labels that the baseline learns, on the test subset."""
        labels = collection.labels(min_count=min_count)
        test = collection.examples(labels, TEST)
        chosen = draw_positions(len(test), MAX_TEST_MARKS)
        return cls(
            collection=collection,
            labels=labels,
            min_count=min_count,
            counts=collection.examples(labels, TRAIN).counts(),
            evaluated=test.select(chosen),
            held_out=collection.held_out(labels, TEST).select(chosen),
            validation=collection.held_out(labels, VALIDATION),
            draws=draw_weights(len(chosen), rounds=rounds),
            schedule=schedule,
        )

    def result(self, strategy: Strategy, seed: int, cache: Path | None = None) -> TrainingResult:
        """Return what one training reached, from the cache if it is there."""
        # a strategy's repr names the class and value of each hyperparameter; its name does not matter
        hyperparameters = replace(strategy, name="", description="", reply=0)
        collection, least, schedule, served = self.collection, self.min_count, self.schedule, self.validation

        def run() -> Scored:
            return self.projected(
                *train_on(collection, strategy, min_count=least, seed=seed, schedule=schedule, held_out=served)
            )

        return self.kept((hyperparameters, seed, self.schedule), run, cache)

    def kept(self, method: object, run: Callable[[], Scored], cache: Path | None = None) -> TrainingResult:
        """Return the figures of any method, from the cache if they are there.

        Args:
            method: What decides its figures on these marks; its repr is what they are found by.
            run: Returns its scores and decisions over the evaluated marks and labels, each (marks, labels).
            cache: Folder that keeps results; None keeps none.
        """
        content = (RECIPE, method, self.min_count, self.draws.shape, self.collection.digest)
        path = cache and cache / "compare" / f"{hashlib.sha256(repr(content).encode()).hexdigest()[:32]}.npz"
        if path and path.is_file():
            with np.load(path, allow_pickle=False) as found:
                return TrainingResult(found["samples"], float(found["seconds"]), reused=True)
        started = time.perf_counter()
        decided = run()
        seconds = time.perf_counter() - started
        samples = self.measured(*decided)
        if path:
            with atomic_file(path) as temporary, temporary.open("wb") as file:
                np.savez(file, samples=samples, seconds=seconds)
        return TrainingResult(samples, seconds, reused=False)

    def measured(self, scores: NDArray[np.float64], suggested: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the figures of scores and decisions over the evaluated marks and labels; see `sample_metrics`."""
        return sample_metrics(scores, suggested, self.evaluated.targets, self.counts, self.draws)

    def projected(self, trained: TrainedStrategy, counts: NDArray[np.int64]) -> Scored:
        """Return scores and suggestions over the evaluated labels of a strategy that may have fewer labels.

        A label that was rolled up has its parent's score times its share of the parent's marks, and is never
        suggested.
        """
        scores = trained.scores(self.held_out)
        suggested = trained.postprocessor.decide(scores)
        if trained.labels.names == self.labels.names:
            return scores, suggested
        nearest = [_nearest(name, trained.labels) for name in self.labels.names]
        at = np.array([trained.labels.index.get(name, -1) for name in nearest])
        share = np.where(at >= 0, self.counts / np.maximum(counts[at], 1), self.counts / counts.max())
        own = np.array([name == found for name, found in zip(self.labels.names, nearest, strict=True)])
        found = np.where(at >= 0, scores[:, at], 1.0) * np.minimum(share, 1.0)
        return found, suggested[:, at] & own

    def prior_samples(self) -> NDArray[np.float64]:
        """Return the figures of scores that are the same for every mark."""
        prior = self.counts / np.count_nonzero(self.collection.subsets == TRAIN)
        validation = self.collection.examples(self.labels, VALIDATION)
        rule = STRATEGIES[BASELINE].decision_rule.fit(
            np.tile(prior, (len(validation), 1)),
            validation.targets,
            groups=self.labels.groups,
            levels=self.labels.depths,
        )
        scores = np.tile(prior, (len(self.evaluated), 1))
        return self.measured(scores, rule(scores))


def train_on(
    collection: Collection,
    strategy: Strategy,
    *,
    min_count: int = MIN_COUNT,
    seed: int = 0,
    schedule: Schedule | None = None,
    held_out: HeldOut | None = None,
) -> tuple[TrainedStrategy, NDArray[np.int64]]:
    """Return a strategy trained on a collection, and the number of training marks of each of its labels.

    A label needs at least `min_count` training marks, or as many as the strategy says. `held_out` are the validation
    marks as they will be served, if they are computed already.
    """
    labels = collection.labels(min_count=max(min_count, strategy.min_count))
    trained = train_strategy(
        strategy,
        labels,
        collection.training(labels, target_count=strategy.target_count),
        collection.examples(labels, VALIDATION),
        held_out or collection.held_out(labels, VALIDATION),
        seed=seed,
        schedule=schedule,
    )
    return trained, collection.examples(labels, TRAIN).counts()


def _nearest(name: str, labels: LabelSet) -> str:
    """Return the label itself, or the nearest that its marks count for."""
    if labels.taxonomy == "flat":
        return name if name in labels.index else OTHER
    parts = name.split(".")
    above = (".".join(parts[:depth]) for depth in range(len(parts), 0, -1))
    return next((each for each in above if each in labels.index), "")
