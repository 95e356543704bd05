"""Both libraries give the same arrays, from files, from bytes, and to several threads at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.test_engine import graph
from viennatag.errors import BundleError, MissingExtraError, OptionError
from viennatag.images.reading import read_images
from viennatag.model.bundle import STARTER_FOLDER, open_bundle
from viennatag.model.postprocessing import Outputs
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.backends import RUNTIMES, OnnxRuntime, installed_runtimes, open_runtime
from viennatag.runtime.engine import Engine

TOLERANCE = 1e-3
"""How far a score in [0, 1] may differ between engines that compute in float32."""


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param)
    return str(request.param)


def test_openvino_sends_nothing_when_it_is_imported(tmp_path: Path) -> None:
    pytest.importorskip("openvino_telemetry")
    (tmp_path / "g.onnx").write_bytes(graph())
    code = (
        "import sys; from pathlib import Path; from viennatag.runtime.engine import Engine\n"
        f"Engine(Path({str(tmp_path / 'g.onnx')!r}), runtime='openvino')\n"
        "sys.exit(any(name.startswith('openvino_telemetry.') for name in sys.modules))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["g.onnx"]


def test_a_graph_runs_from_bytes_and_from_a_file(runtime: str, tmp_path: Path) -> None:
    (tmp_path / "g.onnx").write_bytes(graph())
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    for source in (graph(), tmp_path / "g.onnx"):
        engine = Engine(source, runtime=runtime)
        assert (engine.size, engine.outputs, engine.device) == (8, ("features",), "CPU")
        (features,) = engine.run(pixels)
        np.testing.assert_allclose(features, pixels.mean(axis=(1, 2)), rtol=1e-5)


def test_what_is_no_graph_or_takes_no_pixels_is_refused(runtime: str) -> None:
    with pytest.raises(BundleError, match="cannot open it"):
        Engine(b"nothing", runtime=runtime)
    with pytest.raises(BundleError, match="expected uint8"):
        Engine(graph(1), runtime=runtime)
    with pytest.raises(BundleError, match="expected uint8"):
        Engine(graph(shape=("n", 3, 8, 8)), runtime=runtime)


def test_threads_may_call_at_once_and_keep_what_they_got(runtime: str) -> None:
    engine = Engine(graph(), threads=1, callers=4, runtime=runtime)
    batches = [np.full((2, 8, 8, 3), shade, dtype=np.uint8) for shade in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(engine.run, batches))
    for shade, (features,) in enumerate(found):
        np.testing.assert_allclose(features, shade, rtol=1e-5)


def test_scores_of_the_engines_agree() -> None:
    """On what no engine was tuned for: noise, flat squares, stripes and the sample mark."""
    if len(installed_runtimes()) < len(RUNTIMES):
        pytest.skip("needs both engines")
    bundle = open_bundle()
    chain = bundle.postprocessor
    random = np.random.default_rng(0)
    side = bundle.image_size
    pixels = random.integers(0, 256, (24, side, side, 3), dtype=np.uint8)
    pixels[:8] = random.integers(0, 256, (8, 1, 1, 3))
    pixels[8:16, ::8] = 255
    (pixels[23],) = read_images([Path(__file__).parents[2] / "examples/sample-mark.png"], side)  # type: ignore[misc]
    reference, *others = (
        chain.scores(Outputs(logits, None, chain.colour_features(pixels)))
        for name in RUNTIMES
        for logits in Engine(bundle.graph, runtime=name).run(pixels, ("logits",))
    )
    for scores in others:
        assert np.abs(scores - reference).max() < TOLERANCE
    assert reference.max() > 0.9


def test_a_predictor_says_what_it_runs(runtime: str) -> None:
    predictor = Predictor.load(engine=runtime, threads=1)
    description = predictor.describe()
    assert "starter in float32" in description
    assert {"onnxruntime": "ONNX Runtime on CPU", "openvino": "OpenVINO on CPU"}[runtime] in description
    assert "batches of 8" in description
    image = Path(__file__).parents[2] / "examples/sample-mark.png"
    assert {each.code for each in predictor.predict(image)} >= {"24.1", "1", "29.1.4"}
    (many,) = predictor.predict_many([image])
    assert {each.code for each in many.suggestions} >= {"24.1", "1", "29.1.4"}


def test_an_engine_that_is_missing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'viennatag\[openvino\]'"):
        Engine(STARTER_FOLDER / "model.onnx", runtime="openvino")
    with pytest.raises(OptionError, match="'tensorrt' is unknown; choose one of auto, onnxruntime, openvino"):
        open_runtime("tensorrt", b"", threads=1)


def test_cuda_is_taken_where_it_is_offered() -> None:
    """Held with a stand-in for the library, as tests have no such device."""
    asked: list[list[str]] = []

    class Value:
        name, type, shape = "pixels", "tensor(uint8)", ["n", 8, 8, 3]

    class Session:
        def __init__(self, graph: object, options: object, providers: list[str]) -> None:
            asked.append(providers)

        def get_inputs(self) -> list[type[Value]]:
            return [Value]

        get_outputs = get_inputs

        def get_providers(self) -> list[str]:
            return asked[-1]

    class Library:
        InferenceSession = Session

        class SessionOptions:
            pass

        def __init__(self, *offered: str) -> None:
            self.get_available_providers = lambda: list(offered)

    with_cuda = Library("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
    options = {"threads": 1, "callers": 1, "reduced": False}
    assert OnnxRuntime(with_cuda, b"", **options).device == "CUDA"  # type: ignore[arg-type]
    assert OnnxRuntime(Library("CPUExecutionProvider"), b"", **options).device == "CPU"  # type: ignore[arg-type]
    assert asked == [["CUDAExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"]]


def test_a_prediction_leaves_nothing_in_the_users_folders(tmp_path: Path) -> None:
    """ONNX Runtime would write a device id and a database of events into the cache folder."""
    sample = Path(__file__).parents[2] / "examples/sample-mark.png"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run(
        [sys.executable, "-m", "viennatag", "predict", str(sample)],
        env={**kept, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        check=True,
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
