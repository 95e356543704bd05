"""From marks to a bundle.

Split, backbone, features by the serving engine, head, postprocessor fitted on the validation subset, evaluation on the
test subset exactly as the bundle serves it, bundle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.feature_store import FeatureStore
from viennatag.data.marks import SUBSETS, Marks, as_marks
from viennatag.errors import OptionError
from viennatag.evaluation.evaluation import Evaluation, evaluate_scores
from viennatag.files import cache_folder, holding_output
from viennatag.model.bundle import TRAINING_LOG, Bundle, check_place, open_bundle
from viennatag.model.model_card import ARTWORK
from viennatag.model.saving import write_bundle
from viennatag.model.seen_images import hash_files
from viennatag.training.backbones.backbone import LOCAL, Backbone
from viennatag.training.backbones.loading import BUNDLE
from viennatag.training.backbones.onnx_files import ONNX
from viennatag.training.backbones.stages import STAGES
from viennatag.training.backbones.torchvision_networks import TORCHVISION
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, ProgressCallback, split_readable
from viennatag.training.data.stored_features import StoredFeatures, refuse_images
from viennatag.training.heads.export import export_graph
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import Linear
from viennatag.training.logs import EpochFigures, epochs_table, log_epochs, named_epochs, open_logger
from viennatag.training.options import TrainOptions
from viennatag.training.postprocessing.forward import forward
from viennatag.training.postprocessing.prior_shift import shift_prior
from viennatag.training.selection.candidates import (
    Candidate,
    TrainingMarks,
    contrasts,
    frozen,
    load_unchanged,
    train_candidate,
    without_seen_test_marks,
)
from viennatag.training.selection.preset_search import (
    FINETUNED,
    FROZEN,
    SEARCHES,
    describe_choice,
    search_preset,
    train_fast,
)

ATTRIBUTION = "ATTRIBUTION.md"
"""Where a folder of images says whose artwork they show, as `viennatag render` does; it goes into the model card."""


@holding_output
def train(
    marks: Marks | Path | str | Any,
    images: Path | str | None,
    out: Path | str,
    options: TrainOptions | None = None,
    *,
    features: Path | str | None = None,
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
        images: Folder that the marks' images are relative to; None with `features`.
        out: Folder to write the bundle to.
        options: How to train; by default a linear head on a frozen EfficientNet-B0.
        features: A store that `viennatag features` wrote, in place of images; the backbone is the store's.
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
    options = TrainOptions() if options is None else options
    if not isinstance(options, TrainOptions):
        raise OptionError(f"options is {options!r}; expected TrainOptions(...)")
    check_place(Path(out))
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
    logger = open_logger(options.logger, Path(f"{out}-logs"))
    report, cache = progress or (lambda *_: None), Path(cache or cache_folder())
    source: Path | StoredFeatures
    if features is None:
        if images is None:
            raise OptionError("training needs images, or a store of their features (features=)")
        source = Path(images)
    else:
        source = _open_store(features, cache, options, images=images, extra_marks=extra_marks)
        options = replace(options, backbone=source.store.backbone)
    marks = as_marks(marks, images=images, skip_bad=skip_bad)
    if features is None and (options.pretrained or not options.finetune):
        load_unchanged(frozen(options), cache)  # a wrong name is told before all images are read
    marks = split_readable(
        marks,
        source,
        near_duplicates=options.near_duplicates,
        skip_bad=skip_bad,
        seed=options.seed,
        progress=report,
    )
    marks = without_seen_test_marks(marks, source, options.backbone)
    data = TrainingMarks(marks, source, cache, unlabelled_images, extra_marks, skip_bad, report)
    searched = options.preset in SEARCHES  # by many trainings, whose epochs would be mixed in one log
    candidate, facts = _choose(replace(data, logger=None if searched else logger), options)
    if logger is not None:
        log_epochs(logger, _epochs(candidate) if searched else named_epochs(candidate.trained.history, "head"))
    return _finish(candidate, source, Path(out), target_prior, report, facts)


def _epochs(candidate: Candidate) -> list[EpochFigures]:
    """Return the figures of all epochs, of the network's fine-tuning and of the head."""
    return [*named_epochs(candidate.backbone.epochs, "network"), *named_epochs(candidate.trained.history, "head")]


def _open_store(
    features: Path | str, cache: Path, options: TrainOptions, *, images: object, extra_marks: object
) -> StoredFeatures:
    """Return a store; raise OptionError if something is asked for that it cannot give."""
    if images is not None:
        raise OptionError("images and features are both given; a store of features takes the place of images")
    searches = options.preset in SEARCHES and f"the preset {options.preset}"
    refuse_images(**{str(searches): searches, "fine-tuning": options.finetune, "what extra marks add": extra_marks})
    found = StoredFeatures(FeatureStore.open(features), cache)
    asked = {"backbone": (options.backbone, found.store.backbone), "size": (options.size, found.backbone.size)}
    for name, (wanted, has) in asked.items():
        if wanted not in {None, TrainOptions().backbone, has}:
            raise OptionError(f"the {name} is {wanted}, but {features} was made with {has}; leave --{name} out")
    return found


def _choose(data: TrainingMarks, options: TrainOptions) -> tuple[Candidate, dict[str, Any]]:
    """Return what becomes the bundle, and what was measured to choose it.

    A fine-tuned network is compared with its frozen features: on few marks, or at another size, it may be worse.
    """
    if options.preset in SEARCHES:
        return search_preset(data, options)
    if options.preset:
        return train_fast(data, options), {"preset": options.preset}
    candidate = data.train(options)
    if not options.finetune or not options.pretrained:
        return candidate, {}
    candidates = {FROZEN: data.train(frozen(options)), FINETUNED: candidate}
    found = contrasts(candidates, baseline=FROZEN)
    kept = FROZEN if found[FINETUNED].difference < 0 else FINETUNED
    data.progress("choice", 1, 1, describe_choice(kept, found[FINETUNED]))
    return candidates[kept], {"kept": kept, "gains": {name: vars(each) for name, each in found.items()}}


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
    candidate = train_candidate(collection, backbone, head, options, report, keep_head=True)
    return _finish(candidate, images, out, target_prior, report, {})


def _finish(
    candidate: Candidate,
    images: Path | StoredFeatures,
    out: Path,
    target_prior: Marks | None,
    progress: ProgressCallback,
    facts: Mapping[str, Any],
) -> tuple[Bundle, Evaluation]:
    """Return the bundle, evaluated on the test subset and written."""
    options, collection, trained = candidate.options, candidate.collection, candidate.trained
    labels = trained.labels
    learned = collection.examples(labels, TRAIN)  # what is true of the register, without extra marks
    counts = learned.counts()
    bundle = Bundle(
        train_counts=counts,
        prior=counts / np.maximum(learned.known(), 1),
        postprocessor=trained.postprocessor,
        image_size=candidate.backbone.size,
        seen=_seen(candidate, images),
        training={**_describe(candidate), **trained.facts, **facts},
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
    attribution = None if isinstance(images, StoredFeatures) else images / ATTRIBUTION
    notes = {ARTWORK: attribution.read_text(encoding="utf-8")} if attribution and attribution.is_file() else {}
    graph, epochs = export_graph(candidate.backbone, trained.head), _epochs(candidate)
    files = {TRAINING_LOG: epochs_table(epochs)} if epochs else {}
    return write_bundle(bundle, graph, out, notes=notes, files=files), evaluation


def _seen(candidate: Candidate, images: Path | StoredFeatures) -> NDArray[np.uint64]:
    """Return the hashes of the images learned from, those of the bundle that was started from among them."""
    collection, name = candidate.collection, candidate.options.backbone
    if isinstance(images, StoredFeatures):
        return np.concatenate(
            [images.store.learned, *(images.seen(collection.marks_of(at)) for at in (TRAIN, VALIDATION))]
        )
    learned = [image for part in (TRAIN, VALIDATION) for image in collection.marks_of(part).images]
    before = open_bundle(name.removeprefix(BUNDLE)).seen if name.startswith(BUNDLE) else np.zeros(0, np.uint64)
    return np.concatenate([before, hash_files(images / image for image in learned)])


def _describe(candidate: Candidate) -> dict[str, Any]:
    options, collection, found = candidate.options, candidate.collection, candidate.found
    return {
        **asdict(options),
        "strategy": {"name": "auto", **found.to_json()} if found else options.strategy.to_json(),
        "backbone": _without_folder(options.backbone),
        "teacher": options.teacher and _without_folder(options.teacher),
        "marks": {name: int(np.count_nonzero(collection.subsets == at)) for at, name in enumerate(SUBSETS)},
        "validation_macro_map": candidate.trained.macro_map,
        "head_epochs": candidate.trained.epochs,
    }


def _without_folder(backbone: str) -> str:
    """Return a backbone's name without the folders of this machine."""
    if backbone.startswith(STAGES):
        return STAGES + _without_folder(backbone.removeprefix(STAGES))
    for prefix in (BUNDLE, ONNX):
        if backbone.startswith(prefix):
            return prefix + Path(backbone.removeprefix(prefix)).name
    if backbone.startswith(TORCHVISION):  # its file of weights
        return ":".join((*backbone.split(":")[:2], *(Path(each).name for each in backbone.split(":", 2)[2:])))
    return Path(backbone).name if backbone.startswith(LOCAL) else backbone
