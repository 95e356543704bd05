"""Compare strategies on the same features and the same split, and other trainings beside them, over several seeds.

All are evaluated as a bundle would serve them (crops, pixel colours, calibration, thresholds), over the same labels:
those that the baseline learns. The result of each training is kept, so an interrupted comparison goes on where it
stopped, and one more strategy costs only its own training.
"""

import hashlib
import io
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from viennatag import files
from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks, as_marks
from viennatag.errors import OptionError
from viennatag.evaluation.comparison import (
    ROUNDS,
    Comparison,
    ComparisonRow,
    Contrast,
    Samples,
    contrast,
    mark_best,
    sample_metrics,
)
from viennatag.files import cache_folder
from viennatag.images.reading import hash_images
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.metrics import frequency_bands
from viennatag.runtime.engine import Engine
from viennatag.split.folds import fold_marks
from viennatag.split.splitting import MAX_DISTANCE
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import contents_digest
from viennatag.training.data.collection import (
    TEST,
    TRAIN,
    VALIDATION,
    Collection,
    ImageFolder,
    ProgressCallback,
    split_readable,
)
from viennatag.training.data.examples import Examples, draw_positions
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.trainer import Schedule
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.options import FinetuneOptions, Preset, TrainOptions
from viennatag.training.selection.candidates import TrainingMarks, load_unchanged, without_seen_test_marks
from viennatag.training.selection.preset_search import SEARCHES, search_preset, train_fast
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
    backbone: str | Sequence[str] = "efficientnet_b0",
    pretrained: bool = True,
    size: int | None = None,
    onnx: OnnxInput | None = None,
    finetune: FinetuneOptions | None = None,
    presets: Sequence[Preset] = (),
    budget: float | None = None,
    folds: int | None = None,
    seeds: int = 3,
    min_count: int = MIN_COUNT,
    extra_marks: tuple[Marks, Path | str] | None = None,
    near_duplicates: int | None = MAX_DISTANCE,
    cache: Path | str | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> Comparison:
    """Return how strategies, backbones and presets compare on marks: same split, several seeds.

    Example:
        comparison = viennatag.compare("marks.csv", "images", ["as-is", "class-weights", "asymmetric"])
        comparison = viennatag.compare("marks.csv", "images", ["as-is"], finetune=viennatag.FinetuneOptions())

    Args:
        marks: A marks table: a file, a data frame, or `Marks`. Where its column `split` is filled it is kept.
        images: Folder that the marks' images are relative to.
        strategies: Strategies or their names; by default all. The baseline is always among them.
        backbone: A name as for `TrainOptions`; or several, each of them with all strategies. The baseline has the
            first.
        pretrained: Whether the backbone has its published weights, or random ones.
        size: Side of the image in pixels; by default the backbone's own.
        onnx: What the graphs of backbones `onnx:FILE` take.
        finetune: How to fine-tune each backbone for further rows, with the strategies that are named, else with the
            baseline only; None leaves these rows out.
        presets: Presets whose search makes a row each, on the first backbone.
        budget: Seconds for each search, by default that of the preset.
        folds: Cross-validation: every mark is in the test subset of one of this many splits, in which marks of a group
            and look-alikes stay together; None is one split.
        seeds: Trainings of each row, in each fold.
        min_count: Labels with at least this many training marks are evaluated.
        extra_marks: Extra marks, and the folder of their images, for the strategies that add some.
        near_duplicates: Bits of 64 in which hashes of images that stay in one subset differ at most; None: any.
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
    backbones = (backbone,) if isinstance(backbone, str) else tuple(dict.fromkeys(backbone))
    if not backbones:
        raise OptionError("there is no backbone to compare; name at least one")
    base = TrainOptions(
        backbone=backbones[0],
        pretrained=pretrained,
        size=size,
        onnx=onnx or OnnxInput(),
        near_duplicates=near_duplicates,
    )
    named = chosen if strategies is not None else ()
    trainings = _trainings(base, backbones, chosen, named, finetune, presets, budget, min_count)
    folder = Path(cache or cache_folder())
    found = as_marks(marks, images=images, skip_bad=skip_bad)
    report = progress or (lambda *_: None)
    networks = []
    for at, name in enumerate(backbones):  # all of them, so that one that cannot be had is told before the work
        report("backbone", at, len(backbones), name)
        networks.append(load_unchanged(replace(base, backbone=name, seed=seed), folder))
    network = networks[0]
    report("backbone", len(backbones), len(backbones), f"{network.width} features at {network.size} pixels")
    splits = (
        [found] if folds is None else split_folds(found, Path(images), folds, near_duplicates, skip_bad, seed, report)
    )
    runs = []
    for at, each in enumerate(splits):
        if folds is not None:
            report("fold", at, folds, "")
        table = split_readable(
            each, images, near_duplicates=near_duplicates, skip_bad=skip_bad, seed=seed, progress=progress
        )
        for name in backbones:
            table = without_seen_test_marks(table, Path(images), name)
        data = TrainingMarks(table, Path(images), folder, (), extra_marks, skip_bad, report)
        feature_maps = strategies is not None and any(each.reads_feature_maps for each in chosen)
        collection = data.collect(network, feature_maps=feature_maps, seed=seed)
        runs.append(
            run_methods(
                collection,
                chosen,
                trainings=trainings,
                data=data,
                seeds=seeds,
                min_count=min_count,
                cache=folder,
                progress=progress,
            )
        )
    return summarise(runs)


def split_folds(
    marks: Marks,
    images: Path,
    folds: int,
    near_duplicates: int | None,
    skip_bad: bool,
    seed: int,
    progress: ProgressCallback,
) -> list[Marks]:
    """Return the marks once for each fold, with the fold as their test subset; other marks have no subset yet.

    Marks that their table states to be in test are left out of all.
    """
    paths = [images / image for image in marks.images]
    hashes, errors = hash_images(paths, progress=lambda done, total: progress("images", done, total, ""))
    marks, rows = marks.readable(errors, skip_bad=skip_bad)
    distance = near_duplicates or 0
    found = fold_marks(
        marks, folds, hashes=None if near_duplicates is None else hashes[rows], max_distance=distance, seed=seed
    )
    kept = np.flatnonzero(found >= 0)
    marks, found = marks.select(kept), found[kept]
    return [replace(marks, splits=tuple("test" if at == fold else "" for at in found)) for fold in range(folds)]


def _trainings(
    base: TrainOptions,
    backbones: Sequence[str],
    strategies: Sequence[Strategy],
    named: Sequence[Strategy],
    finetune: FinetuneOptions | None,
    presets: Sequence[Preset],
    budget: float | None,
    min_count: int,
) -> dict[str, TrainOptions]:
    """Return the trainings beside the strategies on the first backbone, by name."""

    def least(strategy: Strategy) -> Strategy:
        return replace(strategy, min_count=_least_count(strategy, min_count))

    baseline, found = STRATEGIES[BASELINE], dict[str, TrainOptions]()
    short = {name: Path(name.partition(":")[2] or name).name for name in backbones}
    if len(set(short.values())) < len(short):
        short = {name: name for name in backbones}
    for name in backbones:
        on = f", {short[name]}" if len(backbones) > 1 else ""
        if name != backbones[0]:
            for each in {BASELINE: baseline, **{each.name: each for each in strategies}}.values():
                found[f"{each.name}{on}"] = replace(base, backbone=name, strategy=least(each))
        if finetune:
            for each in {BASELINE: baseline, **{each.name: each for each in named}}.values():
                if not each.sampling.needs_features:  # such marks have no images
                    options = replace(base, backbone=name, strategy=least(each), finetune=finetune)
                    found[f"{each.name}, fine-tuned{on}"] = options
    for preset in presets:
        found[f"preset {preset}"] = replace(
            base, strategy=least(baseline), preset=preset, budget=budget if preset in SEARCHES else None
        )
    return found


@dataclass(frozen=True, eq=False)
class MethodResults:
    """What all methods reached on one split, by name: a result for each seed.

    `described` holds one line about each, and its reply; `omitted` says why methods could not run. `own` is the cost of
    the first backbone, where it is wanted.
    """

    run: "ComparisonRun"
    prior: NDArray[np.float64]
    reached: Mapping[str, Sequence["TrainingResult"]]
    described: Mapping[str, tuple[str, int]]
    omitted: Mapping[str, str]
    own: "Cost | None"


def run_methods(
    collection: Collection,
    strategies: Sequence[Strategy],
    *,
    trainings: Mapping[str, TrainOptions] | None = None,
    data: TrainingMarks | None = None,
    seeds: int = 3,
    min_count: int = MIN_COUNT,
    rounds: int = ROUNDS,
    schedule: Schedule | None = None,
    cache: Path | None = None,
    progress: ProgressCallback | None = None,
) -> MethodResults:
    """Return what strategies, and the baseline, reach on the test subset of one split.

    For the arguments see `compare`; besides, `trainings` of `data`, the same marks, are rows too, `rounds` is the
    number of bootstrap samples, `schedule` says how long and how fast heads learn, and without a `cache` no results are
    kept.

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
    trainings = dict(trainings or {}) if data else {}
    omitted = {}
    for name, strategy in tried.items():
        if strategy.reads_feature_maps and collection.feature_maps is None:
            omitted[name] = "it reads maps of features, which are kept only for strategies named with --strategies"
        elif strategy.target_count and not collection.has_extra:
            omitted[name] = "there are no extra marks; name them (extra_marks and extra_images)"
            trainings = {row: each for row, each in trainings.items() if not each.strategy.target_count}
    runs = [strategy for name, strategy in tried.items() if name not in omitted]
    comparison_run = ComparisonRun.of(collection, min_count, rounds, schedule or Schedule())
    reached: dict[str, list[TrainingResult]] = {}
    report = progress or (lambda *_: None)
    methods: dict[str, Callable[[int], TrainingResult]] = {
        each.name: partial(comparison_run.result, each, cache=cache) for each in runs
    }
    for name, options in trainings.items():
        assert data is not None
        methods[name] = partial(comparison_run.training, data, options, cache=cache)
    for at, (name, method) in enumerate(methods.items()):
        for seed in range(seeds):
            report("compare", at * seeds + seed, len(methods) * seeds, f"{name}, seed {seed}")
            reached.setdefault(name, []).append(method(seed))
    reused = sum(each.reused for found in reached.values() for each in found)
    report("compare", len(methods) * seeds, len(methods) * seeds, f"{reused} trainings reused" if reused else "")
    source = collection.source
    own = measure_cost(source.backbone) if trainings and isinstance(source, ImageFolder) else None
    described = {each.name: (each.description, each.reply) for each in runs}
    described |= {name: (_describe(options), 0) for name, options in trainings.items()}
    return MethodResults(comparison_run, comparison_run.prior_samples(), reached, described, omitted, own)


def summarise(folds: Sequence[MethodResults]) -> Comparison:
    """Return the comparison of methods that ran on one split, or on each fold of a cross-validation.

    Each training of a fold counts as a seed. So an interval holds the noise of the folds, of the seeds and of the test
    marks in a fold; the last is counted twice, as folds share training marks and differ too little (Nadeau and Bengio
    2003, Inference for the generalization error).
    """
    first = folds[0]
    seeds = len(next(iter(first.reached.values())))
    reached = {name: [each for fold in folds for each in fold.reached[name]] for name in first.reached}
    samples: dict[str, Samples] = {name: np.stack([each.samples for each in found]) for name, found in reached.items()}
    samples[PRIOR] = np.stack([fold.prior for fold in folds for _ in range(seeds)])
    contrasts = contrast(samples, baseline=BASELINE)
    prior = ComparisonRow(
        PRIOR, "the label frequencies of the training subset, for every mark", 0, 0.0, contrasts[PRIOR]
    )
    rows = [_row(name, *first.described[name], found, contrasts[name], first.own) for name, found in reached.items()]
    subsets = [fold.run.collection.subsets for fold in folds]
    present = [fold.run.evaluated.counts() > 0 for fold in folds]
    bands = [frequency_bands(fold.run.counts) for fold in folds]
    return Comparison(
        rows=mark_best((prior, *rows)),
        baseline=BASELINE,
        seeds=seeds,
        rounds=samples[PRIOR].shape[1] - 1,
        marks={part: _mean(np.sum(each == at) for each in subsets) for at, part in enumerate(SUBSETS)},
        labels={
            name: _mean(np.sum(band[name] & here) for band, here in zip(bands, present, strict=True))
            for name in bands[0]
        },
        left_out=_mean(np.sum(~each) for each in present),
        omitted=first.omitted,
        reused=sum(each.reused for found in reached.values() for each in found),
        folds=len(folds) if len(folds) > 1 else None,
    )


def _mean(counts: Iterable[Any]) -> int:
    return round(float(np.mean(list(counts))))


def _row(
    name: str,
    description: str,
    reply: int,
    found: Sequence["TrainingResult"],
    metrics: Mapping[str, Contrast],
    own: "Cost | None",
) -> ComparisonRow:
    """Return the row of a method; `own` is the cost of the first backbone, where it is wanted."""
    cost, seconds = found[0].cost or own, float(np.mean([each.seconds for each in found]))
    row = ComparisonRow(name, description, reply, seconds, metrics)
    return replace(row, parameters=cost.parameters, milliseconds=cost.milliseconds) if cost else row


def _describe(options: TrainOptions) -> str:
    if options.preset:
        return "what the search of the preset found"
    return f"{options.strategy.description}; {'the whole network' if options.finetune else 'a head'} trained"


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What one training reached: see `sample_metrics`; what it took; whether it was kept from before.

    `cost` is that of its network, None for the first backbone.
    """

    samples: NDArray[np.float64]
    seconds: float
    reused: bool
    cost: "Cost | None" = None


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

    def training(
        self, data: TrainingMarks, options: TrainOptions, seed: int, cache: Path | None = None
    ) -> TrainingResult:
        """Return what a complete training of the same marks reached, from the cache if it is there."""
        options = replace(options, seed=seed)
        networks: list[Backbone] = []

        def run() -> Scored:
            if options.preset in SEARCHES:
                candidate, _ = search_preset(data, options)
            else:
                candidate = train_fast(data, options) if options.preset else data.train(options)
            networks.append(candidate.backbone)
            collection, labels = candidate.collection, candidate.trained.labels
            tested = collection.held_out(labels, TEST)
            own = replace(self, held_out=tested.select(draw_positions(len(tested), MAX_TEST_MARKS)))
            return own.projected(candidate.trained, collection.examples(labels, TRAIN).counts())

        method = (contents_digest(options.backbone), options, options.preset and SEARCHES.get(options.preset))
        return self.kept(method, run, cache, lambda: measure_cost(networks[0]))

    def kept(
        self,
        method: object,
        run: Callable[[], Scored],
        cache: Path | None = None,
        cost: "Callable[[], Cost] | None" = None,
    ) -> TrainingResult:
        """Return the figures of any method, from the cache if they are there.

        They are found by the repr of `method`, which holds all that decides them. `run` returns scores and decisions
        over the evaluated marks and labels, each (marks, labels), and `cost` afterwards what its network costs.
        """
        described = (RECIPE, method, self.min_count, self.draws.shape, self.collection.digest)
        path = cache and cache / "compare" / f"{hashlib.sha256(repr(described).encode()).hexdigest()[:32]}.npz"
        if path and (content := files.kept(path)) is not None:
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                spent = Cost(int(found["cost"][0]), float(found["cost"][1])) if cost else None
                return TrainingResult(found["samples"], float(found["seconds"]), reused=True, cost=spent)
        started = time.perf_counter()
        decided = run()
        seconds = time.perf_counter() - started
        samples = self.measured(*decided)
        spent = cost() if cost else None
        if path:
            buffer = io.BytesIO()
            np.savez(buffer, samples=samples, seconds=seconds, cost=astuple(spent) if spent else ())
            files.keep(path, buffer.getvalue())
        return TrainingResult(samples, seconds, reused=False, cost=spent)

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
        nearest = [trained.labels.nearest(name) for name in self.labels.names]
        at = np.array([trained.labels.index.get(name, -1) for name in nearest])
        share = np.where(at >= 0, self.counts / np.maximum(counts[at], 1), self.counts / counts.max())
        own = np.array([name == found for name, found in zip(self.labels.names, nearest, strict=True)])
        found = np.where(at >= 0, scores[:, at], 1.0) * np.minimum(share, 1.0)
        return found, suggested[:, at] & own

    def prior_samples(self) -> NDArray[np.float64]:
        """Return the figures of scores that are the same for every mark."""
        prior = self.counts / np.maximum(self.collection.examples(self.labels, TRAIN).known(), 1)
        validation = self.collection.examples(self.labels, VALIDATION)
        rule = STRATEGIES[BASELINE].decision_rule.fit(
            np.broadcast_to(prior, (len(validation), len(prior))),
            validation.targets,
            groups=self.labels.groups,
            levels=self.labels.depths,
        )
        scores = np.broadcast_to(prior, (len(self.evaluated), len(prior)))
        return self.measured(scores, replace(rule, exclusive=self.labels.exclusive)(scores))


def _least_count(strategy: Strategy, min_count: int) -> int:
    """Return how many training marks a label needs: as many as asked, or more where a strategy is about that."""
    return min_count if strategy.min_count == MIN_COUNT else max(min_count, strategy.min_count)


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
    labels = collection.labels(min_count=_least_count(strategy, min_count))
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


_PASSES = 5


@dataclass(frozen=True)
class Cost:
    """What a network costs: its parameters, and milliseconds for one image on one thread, the median of some passes."""

    parameters: int
    milliseconds: float


def measure_cost(backbone: Backbone) -> Cost:
    """Return the cost of a backbone on this machine."""
    weights = onnx.load_from_string(backbone.graph).graph.initializer
    parameters = sum(math.prod(each.dims) for each in weights if each.data_type == onnx.TensorProto.FLOAT)
    engine = Engine(backbone.graph, threads=1)
    pixels = np.zeros((1, backbone.size, backbone.size, 3), dtype=np.uint8)
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        engine.run(pixels, ("features",))
        seconds.append(time.perf_counter() - started)
    return Cost(parameters, round(1000 * float(np.median(seconds)), 2))
