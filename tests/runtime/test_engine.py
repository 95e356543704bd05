import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from viennatag.errors import BundleError, DataError, ImageError
from viennatag.runtime.engine import BATCH_SIZE, Engine, run_images


def graph(kind: int = TensorProto.UINT8, shape: tuple[object, ...] = ("n", 8, 8, 3)) -> bytes:
    """Return a model that averages its pixels."""
    pixels = helper.make_tensor_value_info("pixels", kind, shape)
    mean = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3])
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["features"], keepdims=0),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    model = helper.make_model(
        helper.make_graph(nodes, "mean", [pixels], [mean], [axes]), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 10
    return bytes(model.SerializeToString())


def test_a_graph_runs_from_bytes_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "g.onnx").write_bytes(graph())
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    for source in (graph(), tmp_path / "g.onnx"):
        engine = Engine(source)
        assert (engine.size, engine.outputs) == (8, ("features",))
        (features,) = engine.run(pixels)
        np.testing.assert_allclose(features, pixels.mean(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 8, 8, 3), dtype=np.float32),
        np.zeros((1, 9, 8, 3), dtype=np.uint8),
        np.zeros((1, 3, 8, 8), dtype=np.uint8),
        np.zeros((8, 8, 3), dtype=np.uint8),
    ],
)
def test_other_pixels_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"expected uint8 \(n, 8, 8, 3\)"):
        Engine(graph()).run(pixels)


def test_what_is_no_graph_or_takes_no_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="ONNX Runtime cannot open it"):
        Engine(b"nothing")
    with pytest.raises(BundleError, match=r"none\.onnx"):
        Engine(tmp_path / "none.onnx")
    with pytest.raises(BundleError, match=r"expected uint8"):
        Engine(graph(TensorProto.FLOAT))
    with pytest.raises(BundleError, match=r"expected uint8"):
        Engine(graph(shape=("n", 3, 8, 8)))
    assert onnx.checker.check_model(graph()) is None


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def test_many_images_keep_their_order_and_errors_their_place() -> None:
    sources: list[bytes] = [png(shade) for shade in range(100)]
    sources[7] = sources[95] = b"broken"
    sources[16:24] = [b""] * 8  # a whole batch
    found = list(
        run_images(Engine(graph(), threads=1), iter(sources), ("features",), also=lambda pixels: pixels[0, 0, 0])
    )
    outcomes = [outcome for batch in found for outcome in batch.outcomes]
    bad = {7, 95, *range(16, 24)}
    assert {at for at, outcome in enumerate(outcomes) if isinstance(outcome, ImageError)} == bad
    assert [outcome for outcome in outcomes if not isinstance(outcome, ImageError)] == sorted(set(range(100)) - bad)
    rows = np.concatenate([batch.outputs[0] for batch in found if batch.outputs])
    np.testing.assert_allclose(rows[:, 0], sorted(set(range(100)) - bad))


def test_many_images_are_not_held() -> None:
    taken = 0

    def sources() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield png(1)

    reader = run_images(Engine(graph(), threads=1), sources(), ("features",), also=len, workers=2)
    next(reader)
    assert taken <= 6 * BATCH_SIZE
    reader.close()
