"""One complete training, from a backbone to a postprocessor; and which of two is better on the validation subset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError
from viennatag.evaluation.comparison import METRICS, ROUNDS, Contrast, contrast, sample_metrics
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.metrics import macro_average_precision
from viennatag.model.bundle import open_bundle
from viennatag.model.seen_images import is_seen
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import BUNDLE, load_backbone
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, ProgressCallback, collect
from viennatag.training.data.profiles import choose_profile
from viennatag.training.data.stored_features import StoredFeatures
from viennatag.training.finetuning.run import finetune_backbone
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead
from viennatag.training.options import TrainOptions
from viennatag.training.selection.strategy_search import SearchResult, search_strategies
from viennatag.training.selection.trained_strategy import TrainedStrategy, as_trained, postprocess, train_strategy
from viennatag.training.strategies import STRATEGIES


@dataclass(frozen=True, eq=False)
class Candidate:
    """A training that may become a bundle.

    Attributes:
        options: How it was trained.
        backbone: Pixels to features.
        collection: The marks with these features.
        trained: The head and its postprocessor.
        found: How its strategy was found, if it was searched for.
    """

    options: TrainOptions
    backbone: Backbone
    collection: Collection
    trained: TrainedStrategy
    found: SearchResult | None = None

    def samples(self) -> NDArray[np.float64]:
        """Return the metrics on samples of the validation subset, the same ones for every candidate."""
        labels = self.trained.labels
        validation = self.collection.examples(labels, VALIDATION)
        scores = self.trained.scores(self.collection.held_out(labels, VALIDATION))
        suggested = self.trained.postprocessor.decide(scores)
        counts = self.collection.examples(labels, TRAIN).counts()
        return sample_metrics(scores, suggested, validation.targets, counts, draw_weights(len(scores), rounds=ROUNDS))

    @property
    def macro_map(self) -> float:
        """Macro average precision on the validation subset, as a bundle would serve it."""
        labels = self.trained.labels
        targets = self.collection.examples(labels, VALIDATION).targets
        return macro_average_precision(self.trained.scores(self.collection.held_out(labels, VALIDATION)), targets).value


def contrasts(candidates: Mapping[str, Candidate], *, baseline: str) -> dict[str, Contrast]:
    """Return the validation macro average precision of candidates, each against the baseline on the same samples."""
    samples = {name: each.samples()[None] for name, each in candidates.items()}
    return {name: found[METRICS[0]] for name, found in contrast(samples, baseline=baseline).items()}


@dataclass(frozen=True, eq=False)
class TrainingMarks:
    """What is the same for all candidates: marks in their subsets, and what reads and keeps them.

    Attributes:
        marks: With the subset of each in `splits`.
        images: Folder that the marks' images are relative to, or a store of their features.
        cache: Folder that keeps backbones, features and checkpoints.
        unlabelled_images: Images without labels, for networks with a teacher.
        extra_marks: Extra marks, and the folder of their images, that a strategy may add.
        skip_bad: Whether marks whose image cannot be read are left out.
        progress: Progress callback.
        logger: One of Lightning's, for fine-tuning.
        deadline: When fine-tuning ends at its best epoch, on the clock of `time.perf_counter`; None lets it end itself.
    """

    marks: Marks
    images: Path | StoredFeatures
    cache: Path
    unlabelled_images: Sequence[Path] = ()
    extra_marks: tuple[Marks, Path | str] | None = None
    skip_bad: bool = False
    progress: ProgressCallback = lambda *_: None
    logger: Any = None
    deadline: float | None = None

    def completed(self, options: TrainOptions) -> TrainOptions:
        """Return options in which what suits the marks and the initial weights is filled in, and report it."""
        if options.finetune is None or isinstance(self.images, StoredFeatures):
            return options
        profile = options.finetune.augmentation
        if profile == "auto":
            profile, reason = choose_profile(self.marks, self.images)
            self.progress("augmentation", 1, 1, f"{profile}: {reason}")
        return replace(options, finetune=options.finetune.completed(pretrained=options.pretrained, profile=profile))

    def train(self, options: TrainOptions) -> Candidate:
        """Return the training that options ask for; features and fine-tuned networks are found in the cache again."""
        options = self.completed(options)
        backbone, start = self._backbone(options)
        keep_head = options.finetune is not None and options.finetune.keep_head
        return self.with_backbone(options, backbone, start, keep_head=keep_head)

    def with_backbone(
        self, options: TrainOptions, backbone: Backbone, start: ExportedHead | None, *, keep_head: bool
    ) -> Candidate:
        """Return the training of a head on a backbone, whatever backbone the options name; see `train_candidate`."""
        collection = collect(
            self.marks,
            self.images,
            backbone,
            cache=self.cache,
            feature_maps=options.budget is None and options.strategy.reads_feature_maps,
            extra_marks=self.extra_marks,
            skip_bad=self.skip_bad,
            seed=options.seed,
            progress=self.progress,
        )
        return train_candidate(collection, backbone, start, options, self.progress, keep_head=keep_head)

    def _backbone(self, options: TrainOptions) -> tuple[Backbone, LinearHead | None]:
        """Return the backbone and, if it was fine-tuned, the head that was trained jointly with it."""
        if isinstance(self.images, StoredFeatures):
            return self.images.backbone, None
        if options.finetune:
            return finetune_backbone(
                self.marks,
                self.images,
                options,
                cache=self.cache,
                unlabelled_images=self.unlabelled_images,
                logger=self.logger,
                deadline=self.deadline,
                progress=self.progress,
            )
        self.progress("backbone", 0, 1, options.backbone)
        backbone = load_backbone(
            options.backbone,
            cache=self.cache,
            pretrained=options.pretrained,
            size=options.size,
            seed=options.seed,
            onnx_input=options.onnx,
        )
        self.progress("backbone", 1, 1, f"{options.backbone}, {backbone.width} features at {backbone.size} pixels")
        return backbone, None


def without_seen_test_marks(marks: Marks, images: Path | StoredFeatures, backbone: str) -> Marks:
    """Return marks, in their subsets, without the test marks that the bundle named as a backbone has learned from.

    Raises:
        DataError: If it has learned from all of them.
    """
    if isinstance(images, StoredFeatures):
        if not len(images.store.learned):
            return marks
        seen = np.isin(images.seen(marks), images.store.learned)
    else:
        bundle = open_bundle(backbone.removeprefix(BUNDLE)) if backbone.startswith(BUNDLE) else None
        if bundle is None or not len(bundle.seen):
            return marks
        seen = is_seen(bundle, [images / image for image in marks.images])
    test = np.array(marks.splits) == SUBSETS[TEST]
    if seen[test].all():
        raise DataError(
            f"{backbone} was trained on all {np.count_nonzero(test):,} test marks, so they cannot say how good it is; "
            "split the marks as it was trained, by the same seed or a split column"
        )
    return marks.select(np.flatnonzero(~(test & seen)))


def frozen(options: TrainOptions) -> TrainOptions:
    """Return the options of the same training on a backbone that is left as it is."""
    size = None if options.backbone.startswith(BUNDLE) else options.size  # as a backbone it has a size of its own
    return replace(options, finetune=None, teacher=None, size=size)


def train_candidate(
    collection: Collection,
    backbone: Backbone,
    start: ExportedHead | None,
    options: TrainOptions,
    progress: ProgressCallback,
    *,
    keep_head: bool,
) -> Candidate:
    """Return a candidate with the head that options ask for, or with `start` as it is where `keep_head` is set."""
    strategy, found = options.strategy, None
    labels = collection.labels(min_count=strategy.min_count)
    if options.budget is not None and options.preset is None:
        found = search_strategies(
            collection,
            strategies=[replace(each, decision_rule=strategy.decision_rule) for each in STRATEGIES.values()],
            min_count=strategy.min_count,
            budget=options.budget,
            seed=options.seed,
            progress=progress,
        )
        return Candidate(options, backbone, collection, found.trained, found)
    validation, held_out = collection.examples(labels, VALIDATION), collection.held_out(labels, VALIDATION)
    if keep_head and start:
        trained = postprocess(as_trained(start, validation), strategy, labels, validation, held_out)
        return Candidate(options, backbone, collection, trained)
    trained = train_strategy(
        strategy,
        labels,
        collection.training(labels, target_count=strategy.target_count),
        validation,
        held_out,
        start=start if isinstance(start, LinearHead) else None,
        seed=options.seed,
        progress=lambda epoch, epochs, best: progress("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
    )
    return Candidate(options, backbone, collection, trained)
