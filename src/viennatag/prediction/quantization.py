"""A bundle in reduced precision, which is only written when it predicts as well as the original.

int8: convolutions and matrix products work on 8-bit integers whose ranges come from calibration marks; the first one,
the last one and the head stay in float32, as they lose most, and the maps and features that evidence is read from
come out of the last. bf16: weights are rounded to bfloat16, which halves the file everywhere and lets processors that
compute in it do so. Either is refused when the macro mAP on marks falls by more than is allowed.
"""

import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks, as_marks
from viennatag.errors import DataError, OptionError, PrecisionError, ViennatagError, require
from viennatag.files import fitting_name, holding_output
from viennatag.images.reading import read_images
from viennatag.images.sources import ImageSource
from viennatag.metrics.metrics import average_precision
from viennatag.metrics.scores import as_targets
from viennatag.model.bundle import GRAPH, Bundle, as_bundle, check_place
from viennatag.model.saving import write_bundle
from viennatag.model.seen_images import is_seen
from viennatag.prediction.predictor import Predictor

PRECISIONS = ("int8", "bf16")
METHODS = ("min-max", "percentile")
"""How the ranges of int8 are found, in the order in which they are tried; the second cuts off 0.001 % at each end."""
ALLOWED_DROP = 0.5
"""Points of macro mAP that a reduced precision may lose."""
CALIBRATION_MARKS = 192
_BATCH = 8
_WEIGHTY = ("Conv", "Gemm", "MatMul")
_Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class QuantizationReport:
    """The effect of a reduced precision on scores; macro mAP in per cent over all labels that the marks carry.

    Attributes:
        method: How its ranges were found; `rounding` for bf16.
        marks: Marks that both were evaluated on; none of them was used for calibration.
        labels: Labels with positives among them.
        original: Macro mAP of the original.
        reduced: Macro mAP of the reduced.
        mean_difference: Of a score, absolute.
        largest_difference: Of a score, absolute.
    """

    method: str
    marks: int
    labels: int
    original: float
    reduced: float
    mean_difference: float
    largest_difference: float

    @property
    def drop(self) -> float:
        """Points of macro mAP lost; negative where the reduced is better."""
        return self.original - self.reduced


@holding_output
def quantize(
    bundle: Bundle | Path | str,
    marks: Marks | Path | str | Any,
    images: Path | str,
    out: Path | str,
    *,
    precision: str = "int8",
    allowed_drop: float = ALLOWED_DROP,
    calibration_marks: int = CALIBRATION_MARKS,
    seed: int = 0,
    progress: _Progress = lambda *_: None,
) -> tuple[Bundle, QuantizationReport]:
    """Write a bundle in reduced precision if it is good enough; return it, with what was measured.

    Args:
        bundle: The original, in float32: a bundle, its folder, or `starter`.
        marks: A marks table (a file, a data frame, or `Marks`). For int8 some of the marks, drawn at random,
            calibrate the graph; the rest evaluate it, without those that the bundle has learned from.
        images: Folder that the marks' images are relative to.
        out: Folder to write; never the original's.
        precision: `int8` or `bf16`.
        allowed_drop: Points of macro mAP that may be lost.
        calibration_marks: At most this many marks calibrate int8; a third of them where histograms are made.
        seed: Of the choice of calibration marks.
        progress: Progress callback.

    Raises:
        DataError: If the marks are too few, of another taxonomy, or an image cannot be read.
        OptionError: If the precision is unknown, or the bundle is reduced already.
        PrecisionError: If every attempt loses more than is allowed; then nothing is written.
    """
    check_place(Path(out))
    bundle = as_bundle(bundle)
    marks = as_marks(marks, taxonomy=bundle.labels.taxonomy, images=images)
    if precision not in PRECISIONS:
        raise OptionError(f"the precision {precision!r} is unknown; choose one of {', '.join(PRECISIONS)}")
    if bundle.precision != "float32":
        raise OptionError(f"the bundle is in {bundle.precision} already; quantize the original in float32")
    if bundle.path is not None and Path(out).resolve() == bundle.path.resolve():
        raise OptionError(f"{out}: the original is there and is kept; choose another name")
    if marks.taxonomy != bundle.labels.taxonomy:
        raise DataError(f"the bundle predicts {bundle.labels.taxonomy} labels, the marks carry {marks.taxonomy} ones")
    paths = [Path(images) / image for image in marks.images]
    seen, order = is_seen(bundle, paths), np.random.default_rng(seed).permutation(len(marks))
    order = order[np.argsort(~seen[order], kind="stable")]  # what it has learned from calibrates first
    reserved = min(calibration_marks, len(marks) // 2) if precision == "int8" else 0
    calibrating, evaluating = order[:reserved], np.sort([at for at in order[reserved:] if not seen[at]]).astype(int)
    if not len(evaluating):
        raise DataError(
            f"the bundle was trained on all {len(marks):,} marks, so they cannot say what it loses; add marks that "
            "training did not see"
        )
    targets = bundle.labels.targets(marks.select(evaluating))
    if not as_targets(targets).nnz:
        raise DataError(f"none of {len(evaluating):,} marks carries a label of the bundle, so nothing can be evaluated")
    chosen = [paths[at] for at in evaluating]
    original = _scores(bundle, chosen, "original", progress)
    attempts: list[QuantizationReport] = []
    with _workplace(Path(out)) as folder:
        for method in METHODS if precision == "int8" else ("rounding",):
            progress(f"{precision}, {method}", 0, 1, "")
            if precision == "int8":
                graph = _in_int8(bundle.graph, [paths[at] for at in calibrating], bundle.image_size, method, folder)
            else:
                graph = _in_bfloat16(bundle.graph)
            progress(f"{precision}, {method}", 1, 1, f"{len(graph) / 1e6:.1f} MB")
            reduced = replace(bundle, precision="int8" if precision == "int8" else "bfloat16")
            reduced = write_bundle(reduced, graph, folder / method)
            scores = _scores(reduced, chosen, precision, progress)
            report = _compare(method, original, scores, targets)
            attempts.append(report)
            if report.drop <= allowed_drop:
                training = {**bundle.training, "quantized": {"precision": precision, **_plain(report)}}
                return write_bundle(replace(reduced, training=training), graph, out), report
    tried = ", ".join(f"{each.reduced:.2f} % with {each.method}" for each in attempts)
    raise PrecisionError(
        f"{precision} would lower the macro mAP on {attempts[0].marks:,} marks from {attempts[0].original:.2f} % to "
        f"{tried}; at most {allowed_drop:g} points are allowed, so nothing was written; keep the original"
    )


def _scores(bundle: Bundle, paths: list[Path], what: str, progress: _Progress) -> NDArray[np.float32]:
    """Return scores of ONNX Runtime, the engine that every user has."""
    scores = np.empty((len(paths), len(bundle.labels)), dtype=np.float32)
    done = 0
    for errors, found in Predictor(bundle, engine="onnxruntime").score_many(paths):
        for path, error in zip(paths[done : done + len(errors)], errors, strict=True):
            if error is not None:
                raise DataError(f"{path}: {error}; leave this mark out of the table")
        scores[done : done + len(found)] = found
        done += len(found)
        progress(what, done, len(paths), "")
    return scores


def _compare(
    method: str, original: NDArray[np.float32], reduced: NDArray[np.float32], targets: Any
) -> QuantizationReport:
    before, after = (average_precision(scores, targets) for scores in (original, reduced))
    difference = np.abs(original - reduced)
    return QuantizationReport(
        method,
        len(original),
        int(np.isfinite(before).sum()),
        round(100 * float(np.nanmean(before)), 3),
        round(100 * float(np.nanmean(after)), 3),
        round(float(difference.mean()), 6),
        round(float(difference.max()), 4),
    )


def _plain(report: QuantizationReport) -> dict[str, Any]:
    return {**report.__dict__, "drop": round(report.drop, 3)}


def _in_int8(graph: Path, paths: list[Path], size: int, method: str, folder: Path) -> bytes:
    """Return the graph with 8-bit weights (per channel) and activations, in the portable QDQ form, made in a folder.

    Weights take 7 of their 8 bits: processors with AVX2 but without VNNI add pairs of products in 16 bits, which
    would overflow, and a bundle shall give the same scores everywhere.
    """
    onnx = require("onnx", "quantize")
    tools = require("onnxruntime.quantization", "quantize")
    nodes = [node.name for node in onnx.load(graph).graph.node if node.op_type in _WEIGHTY]
    backbone = [name for name in nodes if not name.startswith("head")]
    kept = [*backbone[:1], *backbone[-1:], *(name for name in nodes if name.startswith("head"))]
    methods = tools.CalibrationMethod
    if method == "percentile":
        paths = paths[: -(-len(paths) // 3)]  # histograms take up to 30 MB for each mark
        paths = paths[: max(len(paths) // _BATCH * _BATCH, min(_BATCH, len(paths)))]  # of batches of one size only
    file = folder / GRAPH
    with _quietly():
        tools.quantize_static(
            str(graph),
            str(file),
            _reader(tools, paths, size),
            quant_format=tools.QuantFormat.QDQ,
            op_types_to_quantize=list(_WEIGHTY),
            nodes_to_exclude=kept,
            per_channel=True,
            reduce_range=True,
            activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8,
            calibrate_method={"min-max": methods.MinMax, "percentile": methods.Percentile}[method],
            extra_options={"CalibPercentile": 99.999},
        )
        return file.read_bytes()


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside an output; what a killed run left there is gone.

    The quantizer's own temporary folders lie in it too. Whatever it raises inside the block, a full disk too, becomes
    one error.
    """
    folder = Path(os.path.realpath(out))
    folder = folder.with_name(fitting_name(f".{folder.name}.work"))
    usual = tempfile.tempdir
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        tempfile.tempdir = str(folder)
        yield folder
    except (ViennatagError, MemoryError):
        raise
    except Exception as exc:  # to ONNX a graph that was cut off by a full disk is a damaged one
        reason = str(exc).partition("\n")[0][:200] or type(exc).__name__
        raise PrecisionError(
            f"the graph cannot be reduced ({reason}); free space in {folder.parent}, or write to another folder"
        ) from exc
    finally:
        tempfile.tempdir = usual
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the quantizer from printing its progress, and from advice that does not concern the user."""
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _reader(tools: Any, paths: list[Path], size: int) -> Any:
    """Return what the quantizer asks for one batch of pixels after the other."""

    def batches() -> Iterator[dict[str, NDArray[np.uint8]]]:
        sources: list[ImageSource] = list(paths)
        pixels = []
        for path, found in zip(paths, read_images(sources, size), strict=True):
            if isinstance(found, Exception):
                raise DataError(f"{path}: {found}; leave this mark out of the table")
            pixels.append(found)
        for at in range(0, len(pixels), _BATCH):
            yield {"pixels": np.stack(pixels[at : at + _BATCH])}

    class Reader(tools.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = batches()

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            return next(self._batches, None)

    return Reader()


def _in_bfloat16(graph: Path) -> bytes:
    """Return the graph with weights stored in bfloat16, each cast to float32 where it is used."""
    onnx = require("onnx", "quantize")
    model = onnx.load(graph)
    stored = [
        each for each in model.graph.initializer if each.data_type == onnx.TensorProto.FLOAT and len(each.dims) > 1
    ]
    casts = []
    for tensor in stored:
        rounded = onnx.helper.make_tensor(
            f"{tensor.name}.bfloat16",
            onnx.TensorProto.BFLOAT16,
            tensor.dims,
            _rounded(onnx.numpy_helper.to_array(tensor)).tobytes(),
            raw=True,
        )
        casts.append(onnx.helper.make_node("Cast", [rounded.name], [tensor.name], to=onnx.TensorProto.FLOAT))
        tensor.CopyFrom(rounded)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _rounded(weights: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the upper halves of float32 numbers, rounded to the nearest, ties to even."""
    bits = weights.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> np.uint64(16)) & np.uint64(1))) >> np.uint64(16)).astype("<u2")
