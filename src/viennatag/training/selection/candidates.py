"""One complete training, from a backbone to a postprocessor; and which of two is better on the validation subset."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError
from viennatag.evaluation.comparison import Contrast
from viennatag.metrics.metrics import macro_average_precision
from viennatag.model.bundle import open_bundle
from viennatag.model.seen_images import is_seen
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import BUNDLE, load_backbone
from viennatag.training.data.collection import TEST, VALIDATION, Collection, ProgressCallback, TrainingData
from viennatag.training.data.profiles import choose_profile
from viennatag.training.data.stored_features import StoredFeatures
from viennatag.training.finetuning.run import finetune_backbone
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead
from viennatag.training.options import TrainOptions
from viennatag.training.selection.strategy_search import (
    SearchResult,
    contrast_samples,
    search_strategies,
    validation_samples,
)
from viennatag.training.selection.trained_strategy import TrainedStrategy, as_trained, postprocess, train_strategy


@dataclass(frozen=True, eq=False)
class Candidate:
    """A training that may become a bundle: its options, network, marks with features, and head with its postprocessor.

    `found` says how its strategy was found, if it was searched for.
    """

    options: TrainOptions
    backbone: Backbone
    collection: Collection
    trained: TrainedStrategy
    found: SearchResult | None = None

    @property
    def macro_map(self) -> float:
        """Macro average precision on the validation subset, as a bundle would serve it."""
        labels = self.trained.labels
        targets = self.collection.examples(labels, VALIDATION).targets
        return macro_average_precision(self.trained.scores(self.collection.held_out(labels, VALIDATION)), targets).value


def contrasts(candidates: Mapping[str, Candidate], *, baseline: str) -> dict[str, Contrast]:
    """Return the validation macro average precision of candidates, each against the baseline on the same samples."""
    samples = {name: validation_samples(each.trained, each.collection) for name, each in candidates.items()}
    return contrast_samples(samples, baseline=baseline)


class TrainingMarks(TrainingData):
    """Marks on which whole candidates are trained."""

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
        feature_maps = options.budget is None and options.strategy.reads_feature_maps
        collection = self.collect(backbone, feature_maps=feature_maps, seed=options.seed)
        return train_candidate(collection, backbone, start, options, self.progress, keep_head=keep_head)

    def _backbone(self, options: TrainOptions) -> tuple[Backbone, LinearHead | None]:
        """Return the backbone and, if it was fine-tuned, the head that was trained jointly with it."""
        if isinstance(self.images, StoredFeatures):
            return self.images.backbone, None
        if options.finetune:
            return finetune_backbone(self, options)
        self.progress("backbone", 0, 1, options.backbone)
        backbone = load_unchanged(options, self.cache)
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


def load_unchanged(options: TrainOptions, cache: Path) -> Backbone:
    """Return the backbone that options name as it is, whether or not they fine-tune it; see `load_backbone`."""
    return load_backbone(
        options.backbone,
        cache=cache,
        pretrained=options.pretrained,
        size=options.size,
        seed=options.seed,
        onnx_input=options.onnx,
    )


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
    strategy = options.strategy
    if options.budget is not None and options.preset is None:
        found = search_strategies(
            collection, like=strategy, budget=options.budget, seed=options.seed, progress=progress
        )
        return Candidate(options, backbone, collection, found.trained, found)
    labels = collection.labels(min_count=strategy.min_count)
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
