"""From marks to a fine-tuned backbone, which is kept: the same run is never made twice."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS
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
from viennatag.training.data.collection import TRAIN, VALIDATION, TrainingData
from viennatag.training.data.examples import draw_positions
from viennatag.training.data.features import extract_features, file_keys
from viennatag.training.data.pixels import Pixels
from viennatag.training.data.style_augmentation import FORM, LETTERS
from viennatag.training.finetuning.finetune import finetune
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.trainer import train_head
from viennatag.training.onnx_input import OnnxInput
from viennatag.training.options import TrainOptions
from viennatag.training.precision import choose_precision

_BACKBONE, _HEAD, _EPOCHS = "backbone.onnx", "head.npz", "epochs.json"
_SAMPLE = 512
"""Number of images to re-estimate the batch normalisation of a network that comes from a bundle."""


def finetune_backbone(data: TrainingData, options: TrainOptions) -> tuple[Backbone, LinearHead]:
    """Return a backbone fine-tuned on marks, and the head that was trained jointly.

    The test subset is not used; unlabelled images are for the teacher only. A run that was ended by the deadline of the
    data is not kept as finished: with more time it goes on.

    Raises:
        DataError: If an image cannot be read.
        BackboneError: If the backbone or the teacher cannot be loaded.
        OutputError: If another process works on the same run.
    """
    folder = run_folder(data, options)
    with exclusive(folder, first_only=True):
        return _read_finished(folder, options.backbone) or _finetune(data, options, folder)


def _read_finished(folder: Path, name: str) -> tuple[Backbone, LinearHead] | None:
    graph, head, epochs = (kept(folder / each) for each in (_BACKBONE, _HEAD, _EPOCHS))
    if graph is None or head is None:
        return None
    backbone = replace(read_backbone(graph, name=name), epochs=() if epochs is None else tuple(json.loads(epochs)))
    with np.load(io.BytesIO(head)) as arrays:
        return backbone, LinearHead(arrays["weight"], arrays["bias"])


def _finetune(data: TrainingData, options: TrainOptions, folder: Path) -> tuple[Backbone, LinearHead]:
    """Return the result of a run, which is begun or gone on with in a folder."""
    assert options.finetune is not None
    assert isinstance(data.images, Path)
    marks, progress = data.marks, data.progress
    torch.manual_seed(options.seed)
    network, size = load_network(options.backbone, pretrained=options.pretrained, size=options.size)
    train, validation = (np.flatnonzero(np.array(marks.splits) == SUBSETS[at]) for at in (TRAIN, VALIDATION))
    labels = LabelSet.from_marks(marks.select(train), min_count=options.strategy.min_count)
    # Unlabelled images follow the marks: they have a teacher, but no targets.
    paths = [*(data.images / image for image in marks.images), *data.unlabelled_images]
    shown = np.concatenate([train, np.arange(len(marks), len(paths))])
    pixels = Pixels.of(
        paths,
        options.finetune.size or size,
        cache=data.cache,
        progress=lambda done, total: progress("pixels", done, total, ""),
    )
    if options.backbone.startswith(BUNDLE):
        clip_gains(network)  # before its normalisation loses its statistics
        sample = train[draw_positions(len(train), _SAMPLE, seed=options.seed)]
        reestimate_batch_norm(network, pixels.read(sample))
    without = [()] * len(data.unlabelled_images)
    seen = FineTuningData(
        pixels=pixels,
        targets=labels.encode(*([*each, *without] for each in (marks.codes, marks.unknown) if each)),
        train=shown,
        validation=validation,
        weights=np.concatenate([np.array(marks.weights)[train], np.zeros(len(without))]),
        teacher=_teacher_features([paths[at] for at in shown], options, data),
        loss=options.strategy.loss,
        sampling=options.strategy.finetune_sampling,
        unknown=np.stack([labels.under(FORM), labels.under(LETTERS)]) if marks.taxonomy == "vienna" else None,
        exclusive=labels.exclusive,
        head=_initial_head(data, labels, options) if options.pretrained else None,
    )
    bf16, why = choose_precision(
        network, pixels.size, folder, processes=options.finetune.devices * options.finetune.nodes
    )
    progress("precision", 1, 1, why)
    tuned = finetune(
        network,
        seen,
        options=options.finetune,
        checkpoints=folder,
        seed=options.seed,
        bf16=bf16,
        logger=data.logger,
        deadline=data.deadline,
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
    keep(folder / _BACKBONE, backbone.graph)
    return backbone, tuned.head


def _teacher_features(paths: Sequence[Path], options: TrainOptions, data: TrainingData) -> NDArray[np.float16] | None:
    """Return the teacher's features of images, if there is a teacher; shape (images, width)."""
    teacher = options.teacher
    if not teacher:
        return None
    found = extract_features(
        paths,
        load_backbone(teacher, cache=data.cache, onnx_input=options.onnx),
        cache=data.cache,
        progress=lambda done, total: data.progress("teacher", done, total, teacher),
    )
    for at, why in found.errors.items():
        raise DataError(f"{paths[at]}: {why}")
    return found.values[found.rows]


def _initial_head(
    data: TrainingData, labels: LabelSet, options: TrainOptions
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of a linear head on the pretrained network, to start fine-tuning with."""
    size = options.size
    if options.backbone.startswith(BUNDLE):
        train = [at for at, split in enumerate(data.marks.splits) if split == SUBSETS[TRAIN]]
        targets = labels.targets(data.marks.select(train))
        counts = np.asarray(as_targets(targets).sum(axis=0), dtype=np.int64).ravel()
        found = load_head(options.backbone, labels, options.strategy.loss.initial_bias(counts, known_counts(targets)))
        if found:
            return found
        size = None  # as a backbone it takes images of its own size only
    backbone = load_backbone(options.backbone, cache=data.cache, size=size)
    collection = replace(data, extra_marks=None).collect(backbone)
    head = train_head(
        collection.examples(labels, TRAIN),
        collection.examples(labels, VALIDATION),
        parents=labels.parents,
        exclusive=labels.exclusive,
        loss=options.strategy.loss,
        sampling=options.strategy.finetune_sampling,
        seed=options.seed,
        progress=lambda epoch, epochs, best: data.progress(
            "first head", epoch, epochs, f"validation macro mAP {best:.3f}"
        ),
    ).head
    assert isinstance(head, LinearHead)
    return head.weight, head.bias


def run_folder(data: TrainingData, options: TrainOptions) -> Path:
    """Return the folder of a fine-tuning run, the same only for the same options, marks, subsets and images.

    Images and the initial network are identified by their contents, not by their names. A finished run leaves there the
    fine-tuned network as `network`, a folder that timm reads: as a backbone (`local-dir:` and its path) it can be
    fine-tuned further, or elsewhere.
    """
    marks, images = data.marks, data.images
    assert isinstance(images, Path)
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
        *file_keys([*(images / name for name in marks.images), *data.unlabelled_images], {}),
    )
    return data.cache / "checkpoints" / hashlib.sha256(repr(run).encode()).hexdigest()[:24]
