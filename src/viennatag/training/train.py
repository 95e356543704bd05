"""From marks to a bundle.

The one path that every model takes: split, trunk, features by the serving engine, linear head,
calibration and thresholds on the validation part, judgement on the test part, bundle.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.bundle import Bundle, write_bundle
from viennatag.decide import coherent, fit_platt, tune_thresholds
from viennatag.errors import DataError, OptionError
from viennatag.evaluation import Evaluation, judge
from viennatag.files import atomic_file
from viennatag.images import hash_images
from viennatag.labels import LabelSet
from viennatag.marks import PARTS, Marks
from viennatag.split import split_marks
from viennatag.training.backbone import Trunk, create_network, export_network, load_trunk, read_trunk
from viennatag.training.export import join_head
from viennatag.training.features import Features, extract_features
from viennatag.training.finetune import FinetuneOptions, Lesson, finetune
from viennatag.training.head import train_head
from viennatag.training.strategy import Strategy

Report = Callable[[str, int, int, str], None]
"""Told the stage, how much of how much of it is done, and a remark."""


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        strategy: What to do about imbalance.
        backbone: A timm name, or `local-dir:` followed by a folder.
        pretrained: Whether the backbone starts from its published weights, or at random.
        size: Side of the image, in pixels; by default what the backbone was trained with.
        finetune: How to teach the whole network first; None leaves the backbone as it is.
        teacher: A backbone whose features a finetuned network also learns to reproduce.
        seed: Of every random choice.
    """

    strategy: Strategy
    backbone: str = "efficientnet_b0"
    pretrained: bool = True
    size: int | None = None
    finetune: FinetuneOptions | None = None
    teacher: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.size is not None and not 32 <= self.size <= 1024:
            raise OptionError(f"size is {self.size} pixels; expected 32 to 1024")
        if self.teacher and not self.finetune:
            raise OptionError("a teacher only helps a network that is finetuned; add --finetune")


def train(
    marks: Marks,
    images: Path | str,
    out: Path | str,
    options: TrainOptions,
    *,
    cache: Path,
    skip_bad: bool = False,
    report: Report | None = None,
) -> tuple[Bundle, Evaluation]:
    """Write a bundle learned from marks and return it with its judgement on the test part.

    Args:
        marks: What to learn; where their `split` is given it is kept.
        images: Folder that the marks' images are relative to.
        out: Folder to write the bundle to.
        options: How to train.
        cache: Folder that keeps exported trunks, features and checkpoints between runs.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        report: Told how far the work is.

    Raises:
        DataError: If the marks cannot be used.
        BackboneError: If the backbone cannot be had.
        BundleError: If `out` holds something that is not a bundle.
    """
    report = report or (lambda *_: None)
    folder = Path(images)
    if options.finetune:
        marks, parts = _split(marks, folder, None, skip_bad, options.seed, report)
        trunk = _finetuned_trunk(marks, folder, parts, options, cache, report)
        features = _extract(marks, folder, trunk, cache, report)
    else:
        report("backbone", 0, 1, options.backbone)
        trunk = load_trunk(
            options.backbone, cache=cache, pretrained=options.pretrained, size=options.size, seed=options.seed
        )
        report("backbone", 1, 1, f"{options.backbone}, {trunk.width} features at {trunk.size} pixels")
        features = _extract(marks, folder, trunk, cache, report)
        marks, parts = _split(marks, folder, features, skip_bad, options.seed, report)
        features = _restrict(features)
    return _finish(marks, parts, trunk, features, options, Path(out), report)


def _finish(
    marks: Marks,
    parts: NDArray[np.int8],
    trunk: Trunk,
    features: Features,
    options: TrainOptions,
    out: Path,
    report: Report,
) -> tuple[Bundle, Evaluation]:
    strategy = options.strategy
    train_part, validation, test = (np.flatnonzero(parts == at) for at in range(len(PARTS)))
    labels = LabelSet.from_marks(marks.select(train_part), min_count=strategy.min_count)
    targets = labels.encode(marks.codes)
    counts = np.asarray(targets[train_part].sum(axis=0), dtype=np.int64).ravel()
    head = train_head(
        features.values,
        targets,
        train=train_part,
        validation=validation,
        train_rows=features.rows[train_part],
        validation_rows=features.rows[validation],
        weights=np.array(marks.weights)[train_part],
        seed=options.seed,
        progress=lambda epoch, epochs, best: report("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
    )
    report("decisions", 0, 1, "")
    groups = _calibration_groups(labels)
    logits = head(features.values[features.rows[validation]])
    calibration = fit_platt(logits, targets[validation], groups=groups, min_positives=strategy.min_positives)
    thresholds = tune_thresholds(
        coherent(calibration(logits), labels.parents),
        targets[validation],
        groups=groups,
        beta=strategy.beta,
        min_positives=strategy.min_positives,
        floor=strategy.floor,
    )
    report("decisions", 1, 1, "")
    bundle = Bundle(
        labels=labels,
        train_counts=counts,
        prior=counts / len(train_part),
        calibration=calibration,
        thresholds=thresholds,
        image_size=trunk.size,
        training=_describe(options, marks, parts, head.macro_map, head.epochs),
    )
    report("test", 0, 1, "")
    scores = coherent(calibration(head(features.values[features.rows[test]])), labels.parents)
    evaluation = judge(scores, marks.select(test), bundle, seed=options.seed)
    report("test", 1, 1, f"{len(test):,} marks")
    return write_bundle(replace(bundle, metrics=evaluation.to_json()), join_head(trunk, head), out), evaluation


def _split(
    marks: Marks, folder: Path, features: Features | None, skip_bad: bool, seed: int, report: Report
) -> tuple[Marks, NDArray[np.int8]]:
    """Return the marks whose image can be read, and the part of each."""
    if features is None:
        paths = [folder / image for image in marks.images]
        hashes, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
    else:
        hashes, errors = features.hashes, features.errors
    chosen, kept = marks.readable(errors, skip_bad=skip_bad)
    parts = split_marks(chosen, hashes=hashes[kept], seed=seed)
    for at, part in enumerate(PARTS):
        if not np.any(parts == at):
            raise DataError(f"no mark is in the part {part!r}; training needs train, validation and test marks")
    return chosen, parts


def _restrict(features: Features) -> Features:
    """Return features of the readable images only, in order."""
    return replace(
        features, rows=features.rows[features.rows >= 0], hashes=features.hashes[features.rows >= 0], errors={}
    )


def _extract(marks: Marks, folder: Path, trunk: Trunk, cache: Path, report: Report) -> Features:
    paths = [folder / image for image in marks.images]
    return extract_features(paths, trunk, cache=cache, progress=lambda done, total: report("features", done, total, ""))


def _finetuned_trunk(
    marks: Marks, folder: Path, parts: NDArray[np.int8], options: TrainOptions, cache: Path, report: Report
) -> Trunk:
    assert options.finetune is not None
    folder_of_run = cache / "checkpoints" / _run_name(marks, options)
    finished = folder_of_run / "trunk.onnx"
    if finished.is_file():
        return read_trunk(finished, backbone=options.backbone)
    torch.manual_seed(options.seed)
    network, size = create_network(options.backbone, pretrained=options.pretrained, size=options.size)
    train_part, validation = np.flatnonzero(parts == 0), np.flatnonzero(parts == 1)
    labels = LabelSet.from_marks(marks.select(train_part), min_count=options.strategy.min_count)
    teacher = None
    if options.teacher:
        master = load_trunk(options.teacher, cache=cache)
        shown = extract_features(
            [folder / marks.images[at] for at in train_part],
            master,
            cache=cache,
            progress=lambda done, total: report("teacher", done, total, options.teacher or ""),
        )
        teacher = shown.values[shown.rows]
    lesson = Lesson(
        paths=[folder / image for image in marks.images],
        targets=labels.encode(marks.codes),
        train=train_part,
        validation=validation,
        weights=np.array(marks.weights)[train_part],
        teacher=teacher,
    )
    taught = finetune(
        network,
        lesson,
        size=size,
        options=options.finetune,
        checkpoints=folder_of_run,
        seed=options.seed,
        progress=lambda step, steps, best: report("finetune", step, steps, f"validation macro mAP {best:.3f}"),
    )
    trunk = export_network(taught, backbone=options.backbone, size=size)
    with atomic_file(finished) as temporary:
        temporary.write_bytes(trunk.graph)
    return trunk


def _run_name(marks: Marks, options: TrainOptions) -> str:
    """Return a name that only the same options on the same marks share."""
    return hashlib.sha256(repr((asdict(options), marks.images, marks.codes)).encode()).hexdigest()[:24]


def _calibration_groups(labels: LabelSet) -> NDArray[np.intp]:
    """Return for each label the group whose calibration it shares when it is rare: its level and kind."""
    levels = [labels.level_names.index(level) for level in labels.levels]
    return np.array(levels, dtype=np.intp) * 2 + labels.is_pictorial


def _describe(
    options: TrainOptions, marks: Marks, parts: NDArray[np.int8], macro_map: float, epochs: int
) -> dict[str, Any]:
    return {
        **asdict(options),
        "backbone": Path(options.backbone).name if options.backbone.startswith("local-dir:") else options.backbone,
        "teacher": options.teacher and Path(options.teacher).name,
        "marks": {part: int(np.count_nonzero(parts == at)) for at, part in enumerate(PARTS)},
        "validation_macro_map": macro_map,
        "head_epochs": epochs,
    }
