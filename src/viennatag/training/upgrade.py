"""Give a bundle that was trained by an earlier version what later ones have, without training it again.

Outputs that heat maps are made from: only the graph is joined anew. Colour codes read from pixels: calibration and
thresholds of these codes are fitted to marks of the validation part, and the figures measured anew on the test part.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from viennatag.bundle import Bundle, open_bundle, write_bundle
from viennatag.decide import Decision, ExpectedF
from viennatag.engine import Engine, run_images
from viennatag.errors import BundleError, DataError, ImageError
from viennatag.evaluation import judge
from viennatag.marks import Marks
from viennatag.scoring import scores_from_logits
from viennatag.training.backbone import Trunk
from viennatag.training.colouring import pick, read_colours
from viennatag.training.expected import certain_prior, expected_shares, move_scores
from viennatag.training.export import Joinable, join_head
from viennatag.training.fitted import CosineHead, LinearHead
from viennatag.visible import SEEN, colour_evidence


def add_evidence(path: Path | str) -> Bundle:
    """Rewrite a bundle whose head is linear or one of cosines with the outputs of `join_head`; return it.

    Raises:
        BundleError: If its head is of another kind, or its network has no map.
    """
    bundle = open_bundle(path)
    model = onnx.load(bundle.graph)
    graph = model.graph
    found = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    parts = {name.removeprefix("head."): values for name, values in found.items() if name.startswith("head.")}
    head: Joinable
    if set(parts) == {"weight", "bias"}:
        head = LinearHead(parts["weight"], parts["bias"])
    elif set(parts) == {"weight", "bias", "mean", "scale", "along", "least"}:
        head = CosineHead(parts["mean"], parts["scale"], parts["weight"], parts["bias"])
    else:
        raise BundleError(f"{path}: expected a linear or cosine head without evidence; found {', '.join(parts)}")
    if not any(output.name == "map" for output in graph.output):
        raise BundleError(f"{path}: its network has no map of features, so there is no evidence at places")
    for part in (graph.node, graph.initializer, graph.output):
        kept = [each for each in part if not each.name.startswith("head") and each.name not in {"logits", "evidence"}]
        del part[:]
        part.extend(kept)
    trunk = Trunk("", model.SerializeToString(deterministic=True), len(parts["weight"][0]), bundle.image_size)
    return write_bundle(bundle, join_head(trunk, head), bundle.graph.parent)


def add_colours(
    path: Path | str,
    marks: Marks,
    images: Path | str,
    *,
    expected: Marks | None = None,
    decision: Decision | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Bundle:
    """Rewrite a bundle so that it reads colours from pixels where that is better, as `train` does; return it.

    Args:
        path: The bundle.
        marks: Those that it was trained on, with their `split`; only the validation and test parts are looked at.
        images: Folder that their images are relative to.
        expected: The marks whose frequencies its scores were moved to, if they were.
        decision: How thresholds are found; by default as most strategies do.
        progress: Told how many marks are done.

    Raises:
        BundleError: If it reads colours from pixels already, or scores were moved and `expected` is missing.
        DataError: If a part has no marks, or an image cannot be read.
    """
    bundle, decision = open_bundle(path), decision or ExpectedF()
    if bundle.from_pixels:
        raise BundleError(f"{path}: it reads {', '.join(bundle.from_pixels)} from pixels already")
    if (expected is None) != ("expected_marks" not in bundle.training):
        raise BundleError(
            f"{path}: give the marks whose frequencies its scores were moved to, if and only if they were"
        )
    parts = {part: np.flatnonzero([split == part for split in marks.splits]) for part in ("validation", "test")}
    if missing := [part for part, rows in parts.items() if not len(rows)]:
        raise DataError(f"no mark has the split {missing[0]!r}; give the table that the bundle was trained on")
    rows = np.concatenate(list(parts.values()))
    logits, readings = _look(bundle, [Path(images) / marks.images[at] for at in rows], progress)
    cut = len(parts["validation"])
    targets = bundle.labels.encode(marks.select(parts["validation"]).codes)
    prior = certain_prior(bundle)
    if expected is not None:  # back to the frequencies of training, which everything is fitted and measured at
        bundle = replace(bundle, calibration=bundle.calibration.moved(expected_shares(bundle, expected), prior))
    read = read_colours(bundle, logits[:cut], readings[:cut], targets, decision)
    scores = scores_from_logits(logits[cut:], read, pick(read.labels, read.from_pixels, readings[cut:])[1])
    evaluation = judge(scores, marks.select(parts["test"]), read, seed=int(read.training.get("seed") or 0))
    read = replace(read, metrics=evaluation.to_json())
    if expected is not None:
        read = move_scores(read, expected, decision, targets, lambda: readings[:cut])
    return write_bundle(read, read.graph.read_bytes(), read.graph.parent)


def _look(
    bundle: Bundle, paths: list[Path], progress: Callable[[int, int], None] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return logits and readings of images."""
    logits: list[NDArray[np.float32]] = []
    readings: list[NDArray[np.float32]] = []
    for batch in run_images(
        Engine(bundle.graph, threads=1), paths, ("logits",), also=lambda pixels: colour_evidence(pixels[None], SEEN)
    ):
        for found in batch.outcomes:
            if isinstance(found, ImageError):
                raise DataError(f"{paths[len(readings)]}: {found}")
            readings.append(found)
        logits.append(batch.outputs[0])
        if progress:
            progress(len(readings), len(paths))
    return np.concatenate(logits), np.concatenate(readings)
