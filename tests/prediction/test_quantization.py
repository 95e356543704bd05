"""Reduced precision of the starter, judged on drawn shapes."""

import tempfile
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest

from viennatag.data.marks import Marks, read_marks
from viennatag.errors import DataError, OptionError, PrecisionError
from viennatag.images.reading import read_images
from viennatag.model.bundle import open_bundle
from viennatag.model.postprocessing import Outputs
from viennatag.prediction import quantization
from viennatag.prediction.predictor import Predictor
from viennatag.prediction.quantization import quantize
from viennatag.runtime.backends import installed_runtimes
from viennatag.runtime.engine import Engine

TOLERANCE = {"int8": 0.02, "bf16": 0.002}
"""How far a score in [0, 1] of a reduced bundle may differ from the original's, on average over the labels of an image
that are in question (score above 0.01 in either)."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def marks(collection: Path) -> Marks:
    return read_marks(collection / "marks.csv", images=collection).select(range(64))


@pytest.mark.parametrize(("precision", "computed"), [("int8", "int8"), ("bf16", "bfloat16")])
def test_a_reduced_bundle_is_smaller_says_so_and_agrees_on_every_engine(
    precision: str, computed: str, marks: Marks, collection: Path, tmp_path: Path
) -> None:
    original = open_bundle()
    bundle, judged = quantize(
        original, marks, collection, tmp_path / "small", precision=precision, allowed_drop=100, calibration_marks=24
    )
    assert bundle.precision == computed
    assert bundle.training["quantized"]["precision"] == precision
    assert bundle.graph.stat().st_size < 0.75 * original.graph.stat().st_size
    assert judged.marks == (64 if precision == "bf16" else 40)
    assert judged.labels < len(original.labels)
    assert 0 < judged.mean_difference < judged.largest_difference
    assert f"small in {computed}" in Predictor.load(tmp_path / "small").describe()
    pixels = np.stack(list(read_images([collection / name for name in marks.images], original.image_size)))
    (logits,) = Engine(original.graph).run(pixels, ("logits",))
    colours = original.postprocessor.colour_features(pixels)
    reference = original.postprocessor.scores(Outputs(logits, None, colours))
    for name in installed_runtimes():
        engine = Engine(bundle.graph, runtime=name, precision=bundle.precision)
        assert engine.outputs == ("logits", "features", "feature_map", "head_inputs", "head.weight", "head.bias")
        scores = bundle.postprocessor.scores(Outputs(engine.run(pixels, ("logits",))[0], None, colours))
        asked = (scores > 0.01) | (reference > 0.01)
        assert np.abs(scores - reference)[asked].mean() < TOLERANCE[precision]


def test_whatever_the_quantizer_raises_is_one_error(
    marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, usual = tmp_path / ".small.work" / "of-a-killed-run", tempfile.gettempdir()
    for failure in (OSError(28, "No space left on device"), ValueError("Error parsing message\nand more")):
        killed.mkdir(parents=True)

        def fail(*_: object, failure: Exception = failure, **__: object) -> None:
            assert Path(tempfile.gettempdir()) == killed.parent
            assert not killed.exists()
            raise failure

        monkeypatch.setattr("onnxruntime.quantization.quantize_static", fail)
        with pytest.raises(PrecisionError, match=r"cannot be reduced \(.*\); free space in .*another folder$"):
            quantize(open_bundle(), marks.select(range(8)), collection, tmp_path / "small")
        assert not list(tmp_path.glob(".small*"))
        assert tempfile.gettempdir() == usual


def test_what_loses_too_much_is_refused_and_nothing_written(marks: Marks, collection: Path, tmp_path: Path) -> None:
    original = open_bundle()
    with pytest.raises(
        PrecisionError, match=r"% with min-max, .* % with percentile; at most -100 points .* nothing was"
    ):
        quantize(original, marks, collection, tmp_path / "small", allowed_drop=-100, calibration_marks=24)
    with pytest.raises(PrecisionError, match="with rounding; at most -100 points"):
        quantize(
            original, marks, collection, tmp_path / "small", precision="bf16", allowed_drop=-100, calibration_marks=24
        )
    assert not (tmp_path / "small").exists()


def test_mistakes_are_refused_before_any_work(marks: Marks, collection: Path, tmp_path: Path) -> None:
    original = open_bundle()
    with pytest.raises(OptionError, match="'fp4' is unknown; choose one of int8, bf16"):
        quantize(original, marks, collection, tmp_path / "small", precision="fp4")
    with pytest.raises(OptionError, match="is in int8 already"):
        quantize(replace(original, precision="int8"), marks, collection, tmp_path / "small")
    assert original.path is not None
    with pytest.raises(OptionError, match="the original is there"):
        quantize(original, marks, collection, original.path)
    with pytest.raises(DataError, match="predicts vienna labels, the marks carry flat ones"):
        quantize(original, read_marks(collection / "flat.csv", taxonomy="flat"), collection, tmp_path / "small")
    blank = replace(marks, images=("none.png", *marks.images[1:]))
    with pytest.raises(DataError, match=r"none\.png: there is no such file; leave this mark out"):
        quantize(original, blank, collection, tmp_path / "small", precision="bf16")


def test_bfloat16_weights_are_rounded_to_the_nearest() -> None:
    weights = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    weights[0, :2] = 1.00390625, 1.01171875  # halfway between neighbours: to even
    rounded = quantization._rounded(weights)
    np.testing.assert_array_equal(rounded, weights.astype(ml_dtypes.bfloat16).view(np.uint16))
    model = onnx.load_from_string(quantization._in_bfloat16(open_bundle().graph))
    kinds = {each.data_type for each in model.graph.initializer if len(each.dims) > 1}
    assert kinds == {onnx.TensorProto.BFLOAT16}


def test_histograms_take_any_number_of_marks(marks: Marks, collection: Path, tmp_path: Path) -> None:
    bundle = open_bundle()
    paths = [collection / name for name in marks.images[:27]]
    graph = quantization._in_int8(bundle.graph, paths, bundle.image_size, "percentile", tmp_path)
    assert len(graph) < bundle.graph.stat().st_size
