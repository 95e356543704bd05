"""The libraries that can run an ONNX graph, behind one call.

ONNX Runtime comes with the base install and starts fastest; OpenVINO is an extra that is faster on some processors.
Both take the same pixels and return the same arrays, within rounding.
"""

import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import BundleError, OptionError, require

RUNTIMES = ("onnxruntime", "openvino")


@dataclass(frozen=True)
class Tensor:
    """Input of a graph: name, element type and shape; a variable dimension is not an integer."""

    name: str
    type: str
    shape: tuple[Any, ...]


def open_runtime(
    name: str, graph: Path | bytes, *, threads: int, callers: int = 1, precision: str = "float32"
) -> "Runtime":
    """Return a graph opened by the named library.

    Args:
        name: One of `RUNTIMES`.
        graph: An ONNX file, or its bytes.
        threads: Threads that work on one call.
        callers: Threads that call at once.
        precision: `bfloat16` allows it if the processor supports it.

    Raises:
        BundleError: If it cannot be opened, or does not have exactly one input.
        MissingExtraError: If the library is not installed.
        OptionError: If the library is unknown.
    """
    if name not in RUNTIMES:
        raise OptionError(f"the engine {name!r} is unknown; choose one of auto, {', '.join(RUNTIMES)}")
    chosen = OnnxRuntime if name == "onnxruntime" else OpenVino
    module = _import_quietly(name)
    try:
        return chosen(module, graph, threads=threads, callers=callers, reduced=precision == "bfloat16")
    except Exception as exc:  # the libraries' exceptions have no closer common base
        what = "the graph" if isinstance(graph, bytes) else graph
        raise BundleError(f"{what}: {chosen.title} cannot open it: {exc}") from exc


def _import_quietly(name: str) -> ModuleType:
    """Return a library, without OpenVINO's telemetry, which sends an event when it is imported and knows no setting."""
    sender = "openvino_telemetry"
    if name != "openvino" or sender in sys.modules:
        return require(name, name)
    sys.modules[sender] = None  # type: ignore[assignment]  # it looks as if not installed
    try:
        return require(name, name)
    finally:
        del sys.modules[sender]


def installed_runtimes() -> tuple[str, ...]:
    """Return the installed ones of `RUNTIMES`."""
    from importlib.util import find_spec

    return tuple(name for name in RUNTIMES if find_spec(name))


class OnnxRuntime:
    """ONNX Runtime, on CUDA if the installed package and the machine support it.

    Attributes:
        name: One of `RUNTIMES`.
        device: `CPU` or `CUDA`.
        precision: Type for computations: `float32` or `bfloat16`; integers of a graph stay integers.
        input: The only input of the graph.
        outputs: Names of the outputs.
    """

    name, title = "onnxruntime", "ONNX Runtime"

    def __init__(self, module: Any, graph: Path | bytes, *, threads: int, callers: int, reduced: bool) -> None:
        options = module.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if reduced:  # Arm processors only; others ignore it
            options.add_session_config_entry("mlas.enable_gemm_fastmath_arm64_bfloat16", "1")
        offered = module.get_available_providers()
        wanted = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider") if name in offered]
        source = graph if isinstance(graph, bytes) else str(graph)
        self._session = module.InferenceSession(source, options, providers=wanted)
        (tensor,) = self._session.get_inputs()
        self.input = Tensor(tensor.name, tensor.type.removeprefix("tensor(").removesuffix(")"), tuple(tensor.shape))
        self.outputs = tuple(output.name for output in self._session.get_outputs())
        self.device = "CUDA" if "CUDAExecutionProvider" in self._session.get_providers() else "CPU"
        self.precision = "float32"

    def run(self, pixels: NDArray[np.uint8], outputs: tuple[str, ...]) -> list[NDArray[np.float32]]:
        """Return the named outputs; several threads may call at once."""
        return list(self._session.run(list(outputs), {self.input.name: pixels}))


class OpenVino:
    """OpenVINO on the processor; each calling thread has its own request. Attributes are those of `OnnxRuntime`."""

    name, title, device = "openvino", "OpenVINO", "CPU"

    def __init__(self, module: Any, graph: Path | bytes, *, threads: int, callers: int, reduced: bool) -> None:
        core = module.Core()
        reduced = reduced and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._compiled = core.compile_model(
            core.read_model(graph),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": threads * callers,
                "NUM_STREAMS": callers,
                "INFERENCE_PRECISION_HINT": "bf16" if reduced else "f32",
            },
        )
        (tensor,) = self._compiled.inputs
        shape = tuple(each.get_length() if each.is_static else str(each) for each in tensor.get_partial_shape())
        kind = {"u8": "uint8", "f32": "float"}.get(tensor.get_element_type().get_type_name(), "another type")
        self.input = Tensor(tensor.get_any_name(), kind, shape)
        self.outputs = tuple(_output_name(output) for output in self._compiled.outputs)
        self.precision = "bfloat16" if reduced else "float32"
        self._requests = threading.local()

    def run(self, pixels: NDArray[np.uint8], outputs: tuple[str, ...]) -> list[NDArray[np.float32]]:
        """Return the named outputs."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        found = self._requests.own.infer([pixels], share_inputs=True)
        return [found[name] for name in outputs]


Runtime = OnnxRuntime | OpenVino
"""A graph opened by one library."""


def _output_name(output: Any) -> str:
    """Return the name that the graph gives an output; a tensor has those of all nodes that pass it on."""
    names, own = output.get_names(), output.node.get_friendly_name().partition("/")[0]
    return own if own in names else str(output.get_any_name())
