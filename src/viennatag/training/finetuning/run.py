"""From marks to a finetuned trunk, which is kept: the same marks and options never teach twice."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import PARTS, Marks
from viennatag.errors import DataError
from viennatag.files import atomic_file
from viennatag.images.decoding import hash_images
from viennatag.training.backbones.backbone import Trunk, export_network, read_trunk, save_network
from viennatag.training.backbones.gain_clipping import limit_gains
from viennatag.training.backbones.loading import BUNDLE, contents_of, find_head, find_network, find_trunk, settle
from viennatag.training.data.collection import TRAIN, VALIDATION, Report, collect, training_parts
from viennatag.training.data.features import extract_features
from viennatag.training.data.pixels import Pixels
from viennatag.training.data.style_augmentation import FORM, LETTERS
from viennatag.training.finetuning.finetune import Lesson, finetune
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.trainer import some, train_head
from viennatag.training.options import TrainOptions

_HEAD = "head.npz"
_SAMPLE = 512
"""So many images settle the normalisation of a network that comes from a bundle."""


def split_readable(marks: Marks, images: Path | str, *, skip_bad: bool, seed: int, report: Report) -> Marks:
    """Return the marks whose image can be read, the part of each in `splits`: finetuning needs parts before features.

    Raises:
        DataError: If an image cannot be read and `skip_bad` is False, or a part is empty.
    """
    hashes = None
    if skip_bad or not all(marks.splits):  # else an unreadable image is found when it is decoded
        paths = [Path(images) / image for image in marks.images]
        found, errors = hash_images(paths, progress=lambda done, total: report("images", done, total, ""))
        marks, rows = marks.readable(errors, skip_bad=skip_bad)
        hashes = found[rows]
    parts = training_parts(marks, hashes=hashes, seed=seed)
    return replace(marks, splits=tuple(PARTS[part] for part in parts))


def teach_trunk(
    marks: Marks, images: Path, options: TrainOptions, *, cache: Path, imitate: Sequence[Path], report: Report
) -> tuple[Trunk, LinearHead]:
    """Return the trunk of a network taught on marks that all state their part, and the head that learned along.

    Args:
        marks: What to teach; the test part is not looked at.
        images: Folder that the marks' images are relative to.
        options: How; `finetune` is set.
        cache: Folder that keeps trunks, features and checkpoints between runs.
        imitate: Images without codes, which only the teacher has something to say about.
        report: Told how far the work is.

    Raises:
        DataError: If an image cannot be read.
        BackboneError: If the backbone or the teacher cannot be had.
    """
    assert options.finetune is not None
    kept = run_folder(marks, options, cache=cache, imitate=imitate)
    finished = kept / "trunk.onnx"
    if finished.is_file():
        return read_trunk(finished, backbone=options.backbone), _read_head(kept)
    torch.manual_seed(options.seed)
    network, size = find_network(options.backbone, pretrained=options.pretrained, size=options.size)
    parts = np.array([PARTS.index(split) for split in marks.splits])
    train_part, validation = np.flatnonzero(parts == TRAIN), np.flatnonzero(parts == VALIDATION)
    labels = LabelSet.from_marks(marks.select(train_part), min_count=options.strategy.min_count)
    # Images without codes follow the marks: they have a teacher, but no targets.
    paths = [*(images / image for image in marks.images), *imitate]
    shown = np.concatenate([train_part, np.arange(len(marks), len(paths))])
    pixels = Pixels.of(
        paths,
        options.finetune.size or size,
        cache=cache,
        progress=lambda done, total: report("pixels", done, total, ""),
    )
    if options.backbone.startswith(BUNDLE):
        limit_gains(network)  # before its normalisation gives up what it knows of them
        settle(network, pixels.read(train_part[some(len(train_part), _SAMPLE, seed=options.seed)]))
    lesson = Lesson(
        pixels=pixels,
        targets=labels.encode([*marks.codes, *(() for _ in imitate)]),
        train=shown,
        validation=validation,
        weights=np.concatenate([np.array(marks.weights)[train_part], np.zeros(len(imitate))]),
        teacher=_seen_by_teacher([paths[at] for at in shown], options.teacher, cache, report),
        loss=options.strategy.loss,
        sampling=options.strategy.sampling,
        form=np.stack([labels.under(FORM), labels.under(LETTERS)]) if marks.taxonomy == "vienna" else None,
        head=_first_head(marks, images, labels, options, cache, report) if options.pretrained else None,
    )
    taught = finetune(
        network,
        lesson,
        options=options.finetune,
        checkpoints=kept,
        seed=options.seed,
        progress=lambda step, steps, best: report("finetune", step, steps, f"validation macro mAP {best:.3f}"),
    )
    limit_gains(taught.network)
    trunk = export_network(taught.network, backbone=options.backbone, size=size)
    save_network(taught.network, kept / "network")  # before the trunk, which says that the run is finished
    with atomic_file(kept / _HEAD) as temporary, temporary.open("wb") as file:
        np.savez(file, weight=taught.head.weight, bias=taught.head.bias)
    with atomic_file(finished) as temporary:
        temporary.write_bytes(trunk.graph)
    return trunk, taught.head


def _read_head(folder: Path) -> LinearHead:
    with np.load(folder / _HEAD) as kept:
        return LinearHead(kept["weight"], kept["bias"])


def _seen_by_teacher(
    paths: Sequence[Path], teacher: str | None, cache: Path, report: Report
) -> NDArray[np.float16] | None:
    """Return the teacher's features of images, if there is a teacher; shape (images, width)."""
    if not teacher:
        return None
    seen = extract_features(
        paths,
        find_trunk(teacher, cache=cache),
        cache=cache,
        progress=lambda done, total: report("teacher", done, total, teacher),
    )
    for at, why in seen.errors.items():
        raise DataError(f"{paths[at]}: {why}")
    return seen.values[seen.rows]


def _first_head(
    marks: Marks, images: Path, labels: LabelSet, options: TrainOptions, cache: Path, report: Report
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of a linear head on the network as it came: what finetuning starts from."""
    size = options.size
    if options.backbone.startswith(BUNDLE):
        train_part = [at for at, split in enumerate(marks.splits) if split == PARTS[TRAIN]]
        counts = np.asarray(labels.encode(marks.select(train_part).codes).sum(axis=0), dtype=np.int64).ravel()
        found = find_head(options.backbone, labels, options.strategy.loss.start(counts, len(train_part)))
        if found:
            return found
        size = None  # as a trunk it takes images of its own size only
    trunk = find_trunk(options.backbone, cache=cache, size=size)
    collection = collect(marks, images, trunk, cache=cache, report=report)
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


def run_folder(marks: Marks, options: TrainOptions, *, cache: Path, imitate: Sequence[Path] = ()) -> Path:
    """Return the folder of a run, which only the same options of teaching on the same marks in the same parts share.

    The network that it starts from is known by its contents: one that was trained anew under its old name is another.

    A finished run leaves there the taught network as `network`, a folder that timm reads: as a backbone,
    `local-dir:` and its path, it can be taught further, or elsewhere.
    """
    networks = tuple(contents_of(name) for name in (options.backbone, options.teacher) if name)
    finetune = options.finetune and replace(options.finetune, keep_head=False)  # what becomes of the head comes later
    strategy = options.strategy
    run = (
        networks,
        *(options.backbone, options.pretrained, options.size, options.teacher, options.seed),
        finetune,
        *(strategy.min_count, strategy.sampling, strategy.loss),  # its head and decision come later as well
        *(marks.images, marks.codes, marks.splits, marks.weights),
        *map(str, imitate),
    )
    return cache / "checkpoints" / hashlib.sha256(repr(run).encode()).hexdigest()[:24]
