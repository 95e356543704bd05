"""From marks to a bundle.

Split, backbone, features by the serving engine, head, postprocessor fitted on the validation subset, evaluation on the
test subset exactly as the bundle serves it, bundle.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.data.marks import SUBSETS, Marks, as_marks
from viennatag.errors import OptionError
from viennatag.evaluation.evaluation import Evaluation, evaluate_scores
from viennatag.files import cache_folder
from viennatag.model.bundle import Bundle
from viennatag.model.model_card import ARTWORK
from viennatag.model.saving import write_bundle
from viennatag.training.backbones.backbone import LOCAL, Backbone
from viennatag.training.backbones.loading import BUNDLE, load_backbone
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, ProgressCallback, collect
from viennatag.training.finetuning.run import finetune_backbone, split_readable
from viennatag.training.heads.export import export_graph
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import Linear
from viennatag.training.options import TrainOptions
from viennatag.training.postprocessing.forward import forward
from viennatag.training.postprocessing.prior_shift import shift_prior
from viennatag.training.selection.strategy_search import SearchResult, search_strategies
from viennatag.training.selection.trained_strategy import TrainedStrategy, as_trained, postprocess, train_strategy
from viennatag.training.strategies import STRATEGIES

ATTRIBUTION = "ATTRIBUTION.md"
"""Where a folder of images says whose artwork they show, as `viennatag render` does; it goes into the model card."""


def train(
    marks: Marks | Path | str | Any,
    images: Path | str,
    out: Path | str,
    options: TrainOptions | None = None,
    *,
    cache: Path | str | None = None,
    unlabelled_images: Sequence[Path] = (),
    extra_marks: tuple[Marks, Path | str] | None = None,
    target_prior: Marks | None = None,
    skip_bad: bool = False,
    progress: ProgressCallback | None = None,
) -> tuple[Bundle, Evaluation]:
    """Train a bundle on marks, write it, and return it with its evaluation on the test subset.

    Example:
        bundle, evaluation = viennatag.train("marks.csv", "images", "my-bundle")

    Args:
        marks: A marks table: a file, a data frame, or `Marks`. Where its column `split` is filled it is kept.
        images: Folder that the marks' images are relative to.
        out: Folder to write the bundle to.
        options: How to train; by default a linear head on a frozen EfficientNet-B0.
        cache: Folder that keeps backbones, features and checkpoints between runs; by default the user's cache folder.
        unlabelled_images: Images without labels, on which a fine-tuned network also imitates its teacher.
        extra_marks: Extra marks, and the folder of their images, that a strategy may add to training.
        target_prior: Marks whose label frequencies the scores are shifted to; only their labels are read. The
            evaluation is on the test subset, with the frequencies of the marks trained on.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        progress: Progress callback.

    Raises:
        DataError: If the marks cannot be used.
        BackboneError: If the backbone cannot be had.
        BundleError: If `out` holds something that is not a bundle.
        OptionError: If options contradict each other.
    """
    options, progress = options or TrainOptions(), progress or (lambda *_: None)
    strategy = options.strategy
    if unlabelled_images and not options.teacher:
        raise OptionError("unlabelled images are only of use to a network with a teacher; name one (teacher=)")
    if strategy.target_count and not extra_marks:
        raise OptionError(f"{strategy.name} adds extra marks; name them (extra_marks and extra_images)")
    keep_head = options.finetune is not None and options.finetune.keep_head
    if keep_head and (options.budget is not None or not isinstance(strategy.head, Linear)):
        raise OptionError(
            f"{strategy.name} has a head of its own, not the linear one that is trained jointly with the network; "
            "leave keep_head out, or choose a strategy with a linear head"
        )
    marks, folder = as_marks(marks, images=images, skip_bad=skip_bad), Path(cache or cache_folder())
    backbone, marks, start = _find_backbone(marks, images, options, folder, unlabelled_images, skip_bad, progress)
    collection = collect(
        marks,
        images,
        backbone,
        cache=folder,
        feature_maps=options.budget is None and strategy.reads_feature_maps,
        extra_marks=extra_marks,
        skip_bad=skip_bad,
        seed=options.seed,
        progress=progress,
    )
    return _finish(
        collection, backbone, start, options, Path(images), Path(out), target_prior, progress, keep_head=keep_head
    )


def bundle_from_head(
    collection: Collection,
    backbone: Backbone,
    head: LinearHead,
    options: TrainOptions,
    images: Path,
    out: Path,
    *,
    target_prior: Marks | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Bundle, Evaluation]:
    """Write the bundle of a backbone and a head that are trained already, and return it with its evaluation.

    The collection holds the backbone's features, the head gives logits of the collection's labels, and the options say
    how both were trained; for the others see `train`.
    """
    report = progress or (lambda *_: None)
    return _finish(collection, backbone, head, options, images, out, target_prior, report, keep_head=True)


def _find_backbone(
    marks: Marks,
    images: Path | str,
    options: TrainOptions,
    cache: Path,
    unlabelled_images: Sequence[Path],
    skip_bad: bool,
    progress: ProgressCallback,
) -> tuple[Backbone, Marks, LinearHead | None]:
    """Return the backbone, the marks (split, if it was fine-tuned on them), and the head trained jointly with it."""
    if options.finetune:
        marks = split_readable(marks, images, skip_bad=skip_bad, seed=options.seed, progress=progress)
        backbone, start = finetune_backbone(
            marks, Path(images), options, cache=cache, unlabelled_images=unlabelled_images, progress=progress
        )
        return backbone, marks, start
    progress("backbone", 0, 1, options.backbone)
    backbone = load_backbone(
        options.backbone, cache=cache, pretrained=options.pretrained, size=options.size, seed=options.seed
    )
    progress("backbone", 1, 1, f"{options.backbone}, {backbone.width} features at {backbone.size} pixels")
    return backbone, marks, None


def _train_head(
    collection: Collection, start: LinearHead | None, options: TrainOptions, progress: ProgressCallback, keep_head: bool
) -> tuple[TrainedStrategy, SearchResult | None]:
    """Return the trained strategy, and how it was found if it was searched for."""
    strategy = options.strategy
    if options.budget is not None:
        found = search_strategies(
            collection,
            strategies=[replace(each, decision_rule=strategy.decision_rule) for each in STRATEGIES.values()],
            min_count=strategy.min_count,
            budget=options.budget,
            seed=options.seed,
            progress=progress,
        )
        return found.trained, found
    labels = collection.labels(min_count=strategy.min_count)
    validation, held_out = collection.examples(labels, VALIDATION), collection.held_out(labels, VALIDATION)
    if keep_head and start:
        return postprocess(as_trained(start, validation), strategy, labels, validation, held_out), None
    trained = train_strategy(
        strategy,
        labels,
        collection.training(labels, target_count=strategy.target_count),
        validation,
        held_out,
        start=start,
        seed=options.seed,
        progress=lambda epoch, epochs, best: progress("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
    )
    return trained, None


def _finish(
    collection: Collection,
    backbone: Backbone,
    start: LinearHead | None,
    options: TrainOptions,
    images: Path,
    out: Path,
    target_prior: Marks | None,
    progress: ProgressCallback,
    *,
    keep_head: bool,
) -> tuple[Bundle, Evaluation]:
    """Return the bundle, its head trained, evaluated and written."""
    trained, found = _train_head(collection, start, options, progress, keep_head)
    labels = trained.labels
    counts = collection.examples(labels, TRAIN).counts()  # what is true of the register, without extra marks
    bundle = Bundle(
        train_counts=counts,
        prior=counts / np.count_nonzero(collection.subsets == TRAIN),
        postprocessor=trained.postprocessor,
        image_size=backbone.size,
        training={**_describe(options, collection, trained, found), **trained.facts},
    )
    progress("test", 0, 1, "")
    test = collection.marks_of(TEST)
    scores = trained.scores(collection.held_out(labels, TEST))
    evaluation = evaluate_scores(scores, test, bundle, seed=options.seed)
    progress("test", 1, 1, f"{len(test):,} marks")
    bundle = replace(bundle, metrics=evaluation.to_json())
    if target_prior:
        outputs = forward(trained.head, collection.held_out(labels, VALIDATION))
        targets = collection.examples(labels, VALIDATION).targets
        rule = options.strategy.decision_rule
        shifted = shift_prior(bundle.postprocessor, bundle.prior, target_prior, rule, outputs, targets)
        training = {**bundle.training, "target_prior_marks": len(target_prior)}
        bundle = replace(bundle, postprocessor=shifted, training=training)
    attribution = images / ATTRIBUTION
    notes = {ARTWORK: attribution.read_text(encoding="utf-8")} if attribution.is_file() else {}
    return write_bundle(bundle, export_graph(backbone, trained.head), out, notes=notes), evaluation


def _describe(
    options: TrainOptions, collection: Collection, trained: TrainedStrategy, found: SearchResult | None
) -> dict[str, Any]:
    return {
        **asdict(options),
        "strategy": {"name": "auto", **found.to_json()} if found else options.strategy.to_json(),
        "backbone": _without_folder(options.backbone),
        "teacher": options.teacher and _without_folder(options.teacher),
        "marks": {name: int(np.count_nonzero(collection.subsets == at)) for at, name in enumerate(SUBSETS)},
        "validation_macro_map": trained.macro_map,
        "head_epochs": trained.epochs,
    }


def _without_folder(backbone: str) -> str:
    """Return a backbone's name without the folders of this machine."""
    if backbone.startswith(BUNDLE):
        return BUNDLE + Path(backbone.removeprefix(BUNDLE)).name
    return Path(backbone).name if backbone.startswith(LOCAL) else backbone
