"""From marks to a bundle.

The one path that every model takes: split, trunk, features by the serving engine, linear head,
calibration and thresholds on the validation part, judgement on the test part, bundle.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.bundle import Bundle, write_bundle
from viennatag.errors import DataError, OptionError
from viennatag.evaluation import Evaluation, judge
from viennatag.files import atomic_file
from viennatag.images import hash_images
from viennatag.labels import LabelSet
from viennatag.marks import PARTS, Marks
from viennatag.split import split_marks
from viennatag.training.auto import Choice, choose
from viennatag.training.backbone import Trunk, create_network, export_network, load_trunk, read_trunk
from viennatag.training.collection import TEST, TRAIN, VALIDATION, Collection, add_marks
from viennatag.training.export import join_head
from viennatag.training.features import Features, extract_features
from viennatag.training.finetune import FinetuneOptions, Lesson, finetune
from viennatag.training.fitted import LinearHead
from viennatag.training.head import train_head
from viennatag.training.learner import Learned, learn
from viennatag.training.pixels import Pixels
from viennatag.training.strategy import Strategy

Report = Callable[[str, int, int, str], None]
"""Told the stage, how much of how much of it is done, and a remark."""


@dataclass(frozen=True)
class TrainOptions:
    """How to train.

    Attributes:
        strategy: What to do about imbalance.
        budget: Seconds to choose a strategy in, with the `min_count` of `strategy`; None takes `strategy` itself.
        backbone: A timm name, or `local-dir:` followed by a folder.
        pretrained: Whether the backbone starts from its published weights, or at random.
        size: Side of the image, in pixels; by default what the backbone was trained with.
        finetune: How to teach the whole network first; None leaves the backbone as it is.
        teacher: A backbone whose features a finetuned network also learns to reproduce.
        seed: Of every random choice.
    """

    strategy: Strategy
    budget: float | None = None
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
    imitate: Sequence[Path] = (),
    more: tuple[Marks, Path | str] | None = None,
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
        imitate: Images without codes; a finetuned network learns to see them as its teacher does.
        more: Further marks, and the folder of their images, that a strategy may add to training.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        report: Told how far the work is.

    Raises:
        DataError: If the marks cannot be used.
        BackboneError: If the backbone cannot be had.
        BundleError: If `out` holds something that is not a bundle.
    """
    report = report or (lambda *_: None)
    folder = Path(images)
    if imitate and not options.teacher:
        raise OptionError("images without codes are only of use to a network with a teacher; name one")
    if options.strategy.until and not more:
        raise OptionError(f"{options.strategy.name} adds marks; name them with --more and --more-images (more=)")
    if options.finetune:
        marks, parts = _split(marks, folder, None, skip_bad, options.seed, report)
        trunk = _finetuned_trunk(marks, folder, parts, imitate, options, cache, report)
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
    collection = Collection(marks, parts, features.values, features.rows)
    if more:
        collection = add_marks(collection, *more, trunk, cache=cache, skip_bad=skip_bad, report=report)
    return _finish(collection, trunk, options, Path(out), report)


def _finish(
    collection: Collection, trunk: Trunk, options: TrainOptions, out: Path, report: Report
) -> tuple[Bundle, Evaluation]:
    strategy, parts, choice = options.strategy, collection.parts, None
    if options.budget is not None:
        choice = choose(
            collection, min_count=strategy.min_count, budget=options.budget, seed=options.seed, report=report
        )
        learned, labels = choice.learned, choice.learned.labels
    else:
        labels = collection.labels(min_count=strategy.min_count)
        learned = learn(
            strategy,
            labels,
            collection.training(labels, until=strategy.until),
            collection.examples(labels, VALIDATION),
            seed=options.seed,
            progress=lambda epoch, epochs, best: report("head", epoch, epochs, f"validation macro mAP {best:.3f}"),
        )
    test = collection.examples(labels, TEST)
    counts = collection.examples(labels, TRAIN).counts()  # what is true of the register, without added marks
    bundle = Bundle(
        labels=labels,
        train_counts=counts,
        prior=counts / np.count_nonzero(parts == TRAIN),
        calibration=learned.calibration,
        thresholds=learned.rule.thresholds,
        image_size=trunk.size,
        training=_describe(options, parts, learned, choice),
    )
    report("test", 0, 1, "")
    judged = collection.marks.select(np.flatnonzero(parts == TEST))
    evaluation = judge(learned.scores(test), judged, bundle, seed=options.seed)
    report("test", 1, 1, f"{len(test):,} marks")
    return write_bundle(replace(bundle, metrics=evaluation.to_json()), join_head(trunk, learned.head), out), evaluation


def _split(
    marks: Marks, folder: Path, features: Features | None, skip_bad: bool, seed: int, report: Report
) -> tuple[Marks, NDArray[np.int8]]:
    """Return the marks whose image can be read, and the part of each."""
    if features is None and all(marks.splits) and not skip_bad:
        chosen, parts = marks, split_marks(marks, seed=seed)  # an unreadable image is found when it is decoded
    else:
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
    marks: Marks,
    folder: Path,
    parts: NDArray[np.int8],
    imitate: Sequence[Path],
    options: TrainOptions,
    cache: Path,
    report: Report,
) -> Trunk:
    assert options.finetune is not None
    folder_of_run = cache / "checkpoints" / _run_name(marks, imitate, options)
    finished = folder_of_run / "trunk.onnx"
    if finished.is_file():
        return read_trunk(finished, backbone=options.backbone)
    torch.manual_seed(options.seed)
    network, size = create_network(options.backbone, pretrained=options.pretrained, size=options.size)
    train_part, validation = np.flatnonzero(parts == 0), np.flatnonzero(parts == 1)
    labels = LabelSet.from_marks(marks.select(train_part), min_count=options.strategy.min_count)
    # Images without codes follow the marks: they have a teacher, but no targets.
    paths = [*(folder / image for image in marks.images), *imitate]
    shown = np.concatenate([train_part, np.arange(len(marks), len(paths))])
    teacher = None
    if options.teacher:
        master = load_trunk(options.teacher, cache=cache)
        seen = extract_features(
            [paths[at] for at in shown],
            master,
            cache=cache,
            progress=lambda done, total: report("teacher", done, total, options.teacher or ""),
        )
        if seen.errors:
            at, why = next(iter(seen.errors.items()))
            raise DataError(f"{paths[shown[at]]}: {why}")
        teacher = seen.values[seen.rows]
    side = options.finetune.size or size
    lesson = Lesson(
        pixels=Pixels.of(paths, side, cache=cache, progress=lambda done, total: report("pixels", done, total, "")),
        targets=labels.encode([*marks.codes, *(() for _ in imitate)]),
        train=shown,
        validation=validation,
        weights=np.concatenate([np.array(marks.weights)[train_part], np.zeros(len(imitate))]),
        teacher=teacher,
        loss=options.strategy.loss,
        sampling=options.strategy.sampling,
        head=_first_head(marks, folder, parts, labels, options, cache, report) if options.pretrained else None,
    )
    taught = finetune(
        network,
        lesson,
        options=options.finetune,
        checkpoints=folder_of_run,
        seed=options.seed,
        progress=lambda step, steps, best: report("finetune", step, steps, f"validation macro mAP {best:.3f}"),
    )
    trunk = export_network(taught, backbone=options.backbone, size=size)
    with atomic_file(finished) as temporary:
        temporary.write_bytes(trunk.graph)
    return trunk


def _first_head(
    marks: Marks,
    folder: Path,
    parts: NDArray[np.int8],
    labels: LabelSet,
    options: TrainOptions,
    cache: Path,
    report: Report,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of a linear head on the network as it came: what finetuning starts from."""
    trunk = load_trunk(options.backbone, cache=cache, size=options.size)
    features = _extract(marks, folder, trunk, cache, report)
    marks.readable(features.errors, skip_bad=False)  # says which images cannot be read
    collection = Collection(marks, parts, features.values, features.rows)
    head = train_head(
        collection.examples(labels, TRAIN),
        collection.examples(labels, VALIDATION),
        parents=labels.parents,
        loss=options.strategy.loss,
        sampling=options.strategy.sampling,
        seed=options.seed,
        progress=lambda epoch, epochs, best: report("first head", epoch, epochs, f"validation macro mAP {best:.3f}"),
    ).head
    assert isinstance(head, LinearHead)
    return head.weight, head.bias


def _run_name(marks: Marks, imitate: Sequence[Path], options: TrainOptions) -> str:
    """Return a name that only the same options on the same marks share."""
    run = (asdict(options), marks.images, marks.codes, *map(str, imitate))
    return hashlib.sha256(repr(run).encode()).hexdigest()[:24]


def _describe(
    options: TrainOptions, parts: NDArray[np.int8], learned: Learned, choice: Choice | None
) -> dict[str, Any]:
    return {
        **asdict(options),
        "strategy": {"name": "auto", **choice.to_json()} if choice else options.strategy.to_json(),
        "backbone": Path(options.backbone).name if options.backbone.startswith("local-dir:") else options.backbone,
        "teacher": options.teacher and Path(options.teacher).name,
        "marks": {part: int(np.count_nonzero(parts == at)) for at, part in enumerate(PARTS)},
        "validation_macro_map": learned.macro_map,
        "head_epochs": learned.epochs,
    }
