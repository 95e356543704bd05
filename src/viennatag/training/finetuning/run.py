"""From marks to a fine-tuned backbone, which is kept: the same run is never made twice."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError
from viennatag.files import exclusive, keep, kept
from viennatag.metrics.scores import as_targets, known_counts
from viennatag.training.backbones.backbone import Backbone, export_network, read_backbone, save_network
from viennatag.training.backbones.gain_clipping import clip_gains
from viennatag.training.backbones.loading import (
    BUNDLE,
    contents_digest,
    load_backbone,
    load_head,
    load_network,
    reestimate_batch_norm,
)
from viennatag.training.data.collection import TRAIN, VALIDATION, ProgressCallback, collect
from viennatag.training.data.examples import draw_positions
from viennatag.training.data.features import extract_features, file_keys
from viennatag.training.data.pixels import Pixels
from viennatag.training.data.style_augmentation import FORM, LETTERS
from viennatag.training.finetuning.finetune import finetune
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.trainer import train_head
from viennatag.training.logs import EpochFigures
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.options import TrainOptions
from viennatag.training.precision import choose_precision

_HEAD, _EPOCHS = "head.npz", "epochs.json"
_SAMPLE = 512
"""Number of images to re-estimate the batch normalisation of a network that comes from a bundle."""


def finetune_backbone(
    marks: Marks,
    images: Path,
    options: TrainOptions,
    *,
    cache: Path,
    unlabelled_images: Sequence[Path],
    logger: Any = None,
    deadline: float | None = None,
    progress: ProgressCallback,
) -> tuple[Backbone, LinearHead]:
    """Return a backbone fine-tuned on marks, and the head that was trained jointly.

    A run that was ended by its deadline is not kept as finished: with more time it goes on.

    Args:
        marks: Marks with their subsets in `splits`; the test subset is not used.
        images: Folder that the marks' images are relative to.
        options: How to train; `finetune` is set.
        cache: Folder that keeps backbones, features and checkpoints between runs.
        unlabelled_images: Images without codes, for the teacher only.
        logger: One of Lightning's.
        deadline: When it ends at its best epoch; see `finetune`.
        progress: Progress callback.

    Raises:
        DataError: If an image cannot be read.
        BackboneError: If the backbone or the teacher cannot be loaded.
        OutputError: If another process works on the same run.
    """
    folder = run_folder(marks, options, cache=cache, images=images, unlabelled_images=unlabelled_images)
    with exclusive(folder, first_only=True):
        return _finetune_backbone(marks, images, options, folder, cache, unlabelled_images, logger, deadline, progress)


def _finetune_backbone(
    marks: Marks,
    images: Path,
    options: TrainOptions,
    folder: Path,
    cache: Path,
    unlabelled_images: Sequence[Path],
    logger: Any,
    deadline: float | None,
    progress: ProgressCallback,
) -> tuple[Backbone, LinearHead]:
    """Return what an earlier run kept in the folder, or go on with it."""
    assert options.finetune is not None
    finished = folder / "backbone.onnx"
    graph, head = kept(finished), kept(folder / _HEAD)
    if graph is not None and head is not None:
        with np.load(io.BytesIO(head)) as arrays:
            backbone = replace(read_backbone(graph, name=options.backbone), epochs=_kept_epochs(folder))
            return backbone, LinearHead(arrays["weight"], arrays["bias"])
    torch.manual_seed(options.seed)
    network, size = load_network(options.backbone, pretrained=options.pretrained, size=options.size)
    train, validation = (np.flatnonzero(np.array(marks.splits) == SUBSETS[at]) for at in (TRAIN, VALIDATION))
    labels = LabelSet.from_marks(marks.select(train), min_count=options.strategy.min_count)
    # Unlabelled images follow the marks: they have a teacher, but no targets.
    paths = [*(images / image for image in marks.images), *unlabelled_images]
    shown = np.concatenate([train, np.arange(len(marks), len(paths))])
    pixels = Pixels.of(
        paths,
        options.finetune.size or size,
        cache=cache,
        progress=lambda done, total: progress("pixels", done, total, ""),
    )
    if options.backbone.startswith(BUNDLE):
        clip_gains(network)  # before its normalisation loses its statistics
        sample = train[draw_positions(len(train), _SAMPLE, seed=options.seed)]
        reestimate_batch_norm(network, pixels.read(sample))
    data = FineTuningData(
        pixels=pixels,
        targets=labels.encode(
            *([*each, *(() for _ in unlabelled_images)] for each in (marks.codes, marks.unknown) if each)
        ),
        train=shown,
        validation=validation,
        weights=np.concatenate([np.array(marks.weights)[train], np.zeros(len(unlabelled_images))]),
        teacher=_teacher_features([paths[at] for at in shown], options, cache, progress),
        loss=options.strategy.loss,
        sampling=options.strategy.finetune_sampling,
        unknown=np.stack([labels.under(FORM), labels.under(LETTERS)]) if marks.taxonomy == "vienna" else None,
        exclusive=labels.exclusive,
        head=_initial_head(marks, images, labels, options, cache, progress) if options.pretrained else None,
    )
    bf16, why = choose_precision(
        network, pixels.size, folder, processes=options.finetune.devices * options.finetune.nodes
    )
    progress("precision", 1, 1, why)
    tuned = finetune(
        network,
        data,
        options=options.finetune,
        checkpoints=folder,
        seed=options.seed,
        bf16=bf16,
        logger=logger,
        deadline=deadline,
        progress=lambda step, steps, best: progress("finetune", step, steps, f"validation macro mAP {best:.3f}"),
    )
    clip_gains(tuned.network)
    backbone = replace(export_network(tuned.network, name=options.backbone, size=size), epochs=tuned.epochs)
    if tuned.ended_early:
        text = f"fine-tuning ended after {len(tuned.epochs)} of {options.finetune.epochs} epochs; the best one is kept"
        progress("time", 1, 1, text)
        return backbone, tuned.head
    save_network(tuned.network, folder / "network")  # before the backbone, which marks the run as finished
    arrays = io.BytesIO()
    np.savez(arrays, weight=tuned.head.weight, bias=tuned.head.bias)
    keep(folder / _HEAD, arrays.getvalue())
    keep(folder / _EPOCHS, json.dumps(tuned.epochs).encode())
    keep(finished, backbone.graph)
    return backbone, tuned.head


def _kept_epochs(folder: Path) -> tuple[EpochFigures, ...]:
    """Return what the epochs of a finished run reached; nothing where that was not kept."""
    content = kept(folder / _EPOCHS)
    return () if content is None else tuple(json.loads(content))


def _teacher_features(
    paths: Sequence[Path], options: TrainOptions, cache: Path, progress: ProgressCallback
) -> NDArray[np.float16] | None:
    """Return the teacher's features of images, if there is a teacher; shape (images, width)."""
    teacher = options.teacher
    if not teacher:
        return None
    found = extract_features(
        paths,
        load_backbone(teacher, cache=cache, onnx_input=options.onnx),
        cache=cache,
        progress=lambda done, total: progress("teacher", done, total, teacher),
    )
    for at, why in found.errors.items():
        raise DataError(f"{paths[at]}: {why}")
    return found.values[found.rows]


def _initial_head(
    marks: Marks, images: Path, labels: LabelSet, options: TrainOptions, cache: Path, progress: ProgressCallback
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of a linear head on the pretrained network, to start fine-tuning with."""
    size = options.size
    if options.backbone.startswith(BUNDLE):
        train = [at for at, split in enumerate(marks.splits) if split == SUBSETS[TRAIN]]
        targets = labels.targets(marks.select(train))
        counts = np.asarray(as_targets(targets).sum(axis=0), dtype=np.int64).ravel()
        found = load_head(options.backbone, labels, options.strategy.loss.initial_bias(counts, known_counts(targets)))
        if found:
            return found
        size = None  # as a backbone it takes images of its own size only
    backbone = load_backbone(options.backbone, cache=cache, size=size)
    collection = collect(marks, images, backbone, cache=cache, progress=progress)
    head = train_head(
        collection.examples(labels, TRAIN),
        collection.examples(labels, VALIDATION),
        parents=labels.parents,
        exclusive=labels.exclusive,
        loss=options.strategy.loss,
        sampling=options.strategy.finetune_sampling,
        seed=options.seed,
        progress=lambda epoch, epochs, best: progress("first head", epoch, epochs, f"validation macro mAP {best:.3f}"),
    ).head
    assert isinstance(head, LinearHead)
    return head.weight, head.bias


def run_folder(
    marks: Marks,
    options: TrainOptions,
    *,
    cache: Path,
    images: Path | None = None,
    unlabelled_images: Sequence[Path] = (),
) -> Path:
    """Return the folder of a fine-tuning run, the same only for the same options, marks, subsets and images.

    Images are identified by their contents; without `images`, which is their folder, those of marks by their names.

    The initial network is identified by its contents, not by its name. A finished run leaves there the fine-tuned
    network as `network`, a folder that timm reads: as a backbone (`local-dir:` and its path) it can be fine-tuned
    further, or elsewhere.
    """
    networks = tuple(contents_digest(name) for name in (options.backbone, options.teacher) if name)
    finetune = options.finetune and replace(  # the head is decided on later
        options.finetune.completed(pretrained=options.pretrained), keep_head=False
    )
    strategy = options.strategy
    run = (
        networks,
        *(options.backbone, options.pretrained, options.size, options.teacher, options.seed),
        *([options.onnx] if options.onnx != OnnxInput() else []),
        finetune,
        *(strategy.min_count, strategy.finetune_sampling, strategy.loss),  # not its head and decision, which come later
        *(marks.images, marks.codes, marks.splits, marks.weights, *([marks.unknown] if marks.unknown else [])),
        *([] if isinstance(marks.taxonomy, str) else [marks.taxonomy]),
        *file_keys([*((images / name for name in marks.images) if images else ()), *unlabelled_images], {}),
    )
    return cache / "checkpoints" / hashlib.sha256(repr(run).encode()).hexdigest()[:24]
