"""Backbones that are somebody's own ONNX graph: any layout, scale, output and opset, or one line of what is wrong."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from viennatag.data.marks import read_marks
from viennatag.errors import BackboneError, OptionError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.loading import contents_digest, load_backbone, load_network
from viennatag.training.config import options_from, parse_settings
from viennatag.training.onnx_input import NORMALISATIONS, OnnxInput
from viennatag.training.options import TrainOptions
from viennatag.training.strategies import Strategy
from viennatag.training.train import train

SIZE, STRIDE, WIDTH = 32, 8, 6
PIXELS = np.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
WEIGHT = np.random.default_rng(2).normal(size=(WIDTH, 3, STRIDE, STRIDE)).astype(np.float32)


def graph(
    path: Path,
    *,
    layout: str = "NHWC",
    output: str = "map",
    kind: int = TensorProto.FLOAT,
    shape: list[Any] | None = None,
    opset: int = 17,
    inputs: int = 1,
    bias: float = 0.0,
) -> str:
    """Write a graph of one convolution and return its backbone name; `output` is map, features, tokens, or both."""
    last = layout == "NHWC"
    shape = shape or (["batch", SIZE, SIZE, 3] if last else ["batch", 3, SIZE, SIZE])
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["first"], perm=[0, 3, 1, 2] if last else [0, 1, 2, 3]),
        helper.make_node("Conv", ["first", "weight", "bias"], ["conv"], strides=[STRIDE, STRIDE]),
        helper.make_node("Transpose", ["conv"], ["map"], perm=[0, 2, 3, 1] if last else [0, 1, 2, 3]),
        helper.make_node("GlobalAveragePool", ["conv"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Reshape", ["conv", "tokens.shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["tokens"], perm=[0, 2, 1]),
    ]
    names = ["map", "features"] if output == "both" else [output]
    constants = {"weight": WEIGHT, "bias": np.full(WIDTH, bias, np.float32), "tokens.shape": np.array([0, WIDTH, -1])}
    given = [helper.make_tensor_value_info("image", kind, shape)]
    given += [helper.make_tensor_value_info(f"extra{at}", kind, shape) for at in range(1, inputs)]
    made = helper.make_graph(
        nodes,
        "mine",
        given,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return f"onnx:{path}"


def expected(mean: tuple[float, ...], std: tuple[float, ...], *, reverse: bool = False) -> np.ndarray[Any, Any]:
    """Return the map of `PIXELS` (images, width, rows, columns), computed without a graph."""
    scaled = (PIXELS.astype(np.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)
    scaled = scaled[..., ::-1] if reverse else scaled
    side = SIZE // STRIDE
    blocks = scaled.reshape(3, side, STRIDE, side, STRIDE, 3)
    return np.einsum("nrycxk,okyx->norc", blocks, WEIGHT)


def load(name: str, told: OnnxInput | None = None, size: int | None = None) -> Any:
    return load_backbone(name, cache=Path("unused"), size=size, onnx_input=told)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("normalisation", list(NORMALISATIONS))
def test_pixels_are_laid_out_and_scaled_as_declared(tmp_path: Path, layout: str, normalisation: Any) -> None:
    told = OnnxInput(normalisation=normalisation)
    backbone = load(graph(tmp_path / "mine.onnx", layout=layout), told)
    assert (backbone.width, backbone.size, backbone.positions) == (WIDTH, SIZE, (SIZE // STRIDE) ** 2)
    features, spatial = Engine(backbone.graph).run(PIXELS, ("features", "feature_map"))
    wanted = expected(*NORMALISATIONS[normalisation])
    np.testing.assert_allclose(spatial, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    np.testing.assert_allclose(features, spatial.mean(axis=(2, 3)), rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert len(repr(backbone)) < 200


@pytest.mark.parametrize(
    ("made", "told", "size", "wanted"),
    [
        ({"output": "features"}, {"mean": (1.0, 2.0, 3.0), "std": (9.0,)}, None, expected((1, 2, 3), (9,))),
        ({"output": "tokens"}, {"normalisation": "unit"}, None, expected((0,), (255,))),
        ({"output": "both"}, {"normalisation": "unit", "output": "features"}, None, expected((0,), (255,))),
        ({"output": "features"}, {"normalisation": "unit", "output": "map"}, None, expected((0,), (255,))),
        ({"kind": TensorProto.UINT8}, {}, None, expected((0,), (1,))),
        ({"kind": TensorProto.FLOAT16}, {"normalisation": "unit"}, None, expected((0,), (255,))),
        ({}, {"normalisation": "unit", "channels": "BGR"}, None, expected((0,), (255,), reverse=True)),
        ({"shape": ["n", "h", "w", 3]}, {"normalisation": "unit"}, SIZE, expected((0,), (255,))),
        ({"shape": ["n", "a", "b", "c"]}, {"normalisation": "unit", "layout": "NHWC"}, SIZE, expected((0,), (255,))),
        ({"opset": 13}, {"normalisation": "unit"}, None, expected((0,), (255,))),
        ({"opset": 21}, {"normalisation": "unit"}, None, expected((0,), (255,))),
    ],
)  # fmt: skip
def test_features_are_those_of_the_graph(tmp_path: Path, made: Any, told: Any, size: int | None, wanted: Any) -> None:
    backbone = load(graph(tmp_path / "mine.onnx", **made), OnnxInput(**told), size)
    (features,) = Engine(backbone.graph).run(PIXELS, ("features",))
    tolerance = 2e-3 * np.abs(wanted).max()
    np.testing.assert_allclose(features, wanted.mean(axis=(2, 3)), rtol=2e-3, atol=tolerance)


@pytest.mark.parametrize(
    ("made", "told", "size", "message"),
    [
        ({}, {}, None, r"does not say their scale; add --set onnx.normalisation=NAME, one of none \(0 to 255\)"),
        ({"inputs": 2}, {}, None, r"has 2 inputs \(image, extra1\); expected one, of pixels"),
        ({"shape": ["n", 32]}, {}, None, r"takes float \(n, 32\); expected images of 4 axes"),
        ({"shape": ["n", 32, 48, 3]}, {"normalisation": "unit"}, None, "32 × 48 pixels; expected squares"),
        ({"shape": ["n", "a", "b", "c"]}, {"normalisation": "unit"}, 32, r"\(n, a, b, c\).* --set onnx.layout=NCHW"),
        ({}, {"normalisation": "unit", "layout": "NCHW"}, None, r"\(batch, 32, 32, 3\), which is not NCHW"),
        ({"shape": ["n", "h", "w", 3]}, {"normalisation": "unit"}, None, "of any size; say which: --size 224"),
        ({}, {"normalisation": "unit"}, 64, "images of 32 pixels, not 64; leave --size out"),
        ({"output": "both"}, {"normalisation": "unit"}, None, "are map, features; say .*: --set onnx.output=NAME"),
        ({}, {"normalisation": "unit", "output": "it"}, None, "has no tensor 'it'; the graph's outputs are map"),
        ({"kind": TensorProto.UINT8}, {"normalisation": "unit"}, None, "as bytes, .* leave onnx.normalisation out"),
        ({"bias": 1e30}, {"normalisation": "unit"}, None, "is the same for white, grey and noisy images; are onnx"),
        ({"bias": float("nan")}, {"normalisation": "unit"}, None, "values that are no numbers; is onnx.normalisation"),
        ({"output": "first"}, {"normalisation": "unit"}, None, ""),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line(tmp_path: Path, made: Any, told: Any, size: int | None, message: str) -> None:
    name = graph(tmp_path / "mine.onnx", **made)
    if not message:  # pixels are a map too
        assert load(name, OnnxInput(**told), size).width == 3
        return
    with pytest.raises(BackboneError, match=message) as raised:
        load(name, OnnxInput(**told), size)
    assert str(raised.value).startswith(f"{name}: ")
    assert "\n" not in str(raised.value)


def test_an_export_for_one_image_is_told(tmp_path: Path) -> None:
    name = graph(tmp_path / "mine.onnx", output="features", shape=[1, SIZE, SIZE, 3])
    assert load(name, OnnxInput(normalisation="unit")).width == WIDTH  # nothing inside depends on it
    model = onnx.load(tmp_path / "mine.onnx")
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, WIDTH]), "one"))
    model.graph.node.append(helper.make_node("Reshape", ["features", "one"], ["fixed"]))
    model.graph.output[0].name = "fixed"
    onnx.save(model, tmp_path / "mine.onnx")
    with pytest.raises(BackboneError, match=r"takes one image at a time .* first axis is free"):
        load(name, OnnxInput(normalisation="unit"))


def test_what_is_no_graph_is_told(tmp_path: Path) -> None:
    for content in (b"", b"GIF89a" * 9):
        (tmp_path / "bad.onnx").write_bytes(content)
        with pytest.raises(BackboneError, match="ONNX model"):
            load(f"onnx:{tmp_path}/bad.onnx", OnnxInput(normalisation="unit"))
    with pytest.raises(BackboneError, match="there is no such file"):
        load(f"onnx:{tmp_path}/none.onnx")
    name = graph(tmp_path / "mine.onnx")
    with pytest.raises(BackboneError, match="cannot be fine-tuned; leave --finetune out"):
        load_network(name)
    with pytest.raises(OptionError, match="has weights of its own"):
        load_backbone(name, cache=tmp_path, pretrained=False)
    before = contents_digest(name)
    graph(tmp_path / "mine.onnx", bias=1.0)
    assert contents_digest(name) != before
    for mistake in ({"mean": (1.0,)}, {"mean": (1.0, 2.0), "std": (1.0,)}, {"mean": (0.0,), "std": (0.0,)}):
        with pytest.raises(OptionError, match=r"onnx\."):
            OnnxInput(**mistake)  # type: ignore[arg-type]


def test_a_bundle_of_it_predicts_without_torch(collection: Path, cache: Path, tmp_path: Path) -> None:
    options = TrainOptions(
        Strategy("tiny", "for tests", min_count=3),
        backbone=graph(tmp_path / "mine.onnx"),
        onnx=OnnxInput(normalisation="signed"),
        preset="fast",
    )
    marks = read_marks(collection / "marks.csv", images=collection)
    bundle, _ = train(marks, collection, tmp_path / "b", options, cache=cache)
    assert bundle.training["backbone"] == "onnx:mine.onnx"
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['torch', 'timm', 'onnx', 'lightning', 'scipy']))\n"
        "from viennatag.cli import main\n"
        f"sys.argv = ['viennatag', 'predict', {str(collection / '000.png')!r}, '--model', {str(bundle.path)!r}, "
        "'--top', '2', '--explain', 'maps']\n"
        "main()\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ, cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert "000.png" in told.stdout
    assert any((tmp_path / "maps").glob("*.png"))


def test_settings_declare_the_input_and_say_when_it_does_not_matter() -> None:
    texts = ["backbone=onnx:mine.onnx", "onnx.layout=NHWC", "onnx.mean=[1, 2, 3]", "onnx.std=[4]"]
    options = options_from(parse_settings(texts)).options
    assert options.onnx == OnnxInput(layout="NHWC", mean=(1.0, 2.0, 3.0), std=(4.0,))
    with pytest.raises(OptionError, match=r"onnx.layout: only matters with a backbone onnx:FILE"):
        options_from(parse_settings(["onnx.layout=NHWC"]))
    with pytest.raises(OptionError, match=r"onnx.mean and onnx.std go together"):
        options_from(parse_settings([*texts[:3]]))
    with pytest.raises(OptionError, match=r"expected one of none, unit, signed, imagenet, not 'caffe'"):
        options_from(parse_settings(["backbone=onnx:mine.onnx", "onnx.normalisation=caffe"]))


@pytest.mark.slow
def test_keras_efficientnet_b0_by_its_own_export(tmp_path: Path) -> None:
    code = (
        "import keras, numpy as np, sys\n"
        "model = keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=(64, 64, 3))\n"
        "pixels = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype('uint8')\n"
        "np.savez('keras.npz', pixels=pixels, maps=keras.ops.convert_to_numpy(model(pixels.astype('float32'))))\n"
        "model.export('keras.onnx', format='onnx', verbose=False)\n"
    )
    if importlib.util.find_spec("keras") is None:
        pytest.skip("keras is not installed")
    run = [sys.executable, "-W", "ignore", "-c", code]
    subprocess.run(run, check=True, capture_output=True, cwd=tmp_path, env=os.environ | {"KERAS_BACKEND": "torch"})
    backbone = load(f"onnx:{tmp_path}/keras.onnx", OnnxInput(normalisation="none"))
    assert (backbone.width, backbone.size, backbone.positions) == (1280, 64, 4)
    with np.load(tmp_path / "keras.npz") as kept:
        (found,) = Engine(backbone.graph).run(kept["pixels"], ("feature_map",))
        np.testing.assert_allclose(found, kept["maps"].transpose(0, 3, 1, 2), rtol=1e-3, atol=1e-5)
