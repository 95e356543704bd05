"""Join a trunk and a head into the one graph that a bundle holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from viennatag.training.backbone import Trunk


class Nodes:
    """Adds a head's constants and nodes to a graph, each under a name of its own."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._scope = "head"

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put a part's name before the names of all that is added inside the block."""
        outer, self._scope = self._scope, f"{self._scope}.{name}"
        try:
            yield
        finally:
            self._scope = outer

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add an array and return its full name."""
        full = f"{self._scope}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), full))
        return full

    def add(self, operator: str, *inputs: str, attributes: Mapping[str, Any] | None = None, outputs: int = 1) -> str:
        """Add a node and return the name of its first output; of several the others end in `:1`, `:2` and so on."""
        name = f"{self._scope}.{len(self._graph.node)}"
        names = [name, *(f"{name}:{at}" for at in range(1, outputs))]
        self._graph.node.append(helper.make_node(operator, inputs, names, name=name, **(attributes or {})))
        return name


class Joinable(Protocol):
    """A head that can write itself into a graph."""

    @property
    def labels(self) -> int:
        """Number of labels."""
        ...

    def write(self, nodes: Nodes, features: str) -> str:
        """Add what turns raw features (images, width) into logits (images, labels); return the logits' name.

        The node that makes the logits is the last one added.
        """
        ...


def join_head(trunk: "Trunk", head: Joinable) -> bytes:
    """Return the graph of pixels to `logits`, `features` and, where the trunk has one, `map`."""
    model = onnx.load_from_string(trunk.graph)
    graph = model.graph
    head.write(Nodes(graph), "features")
    graph.node[-1].name, graph.node[-1].output[0] = "head", "logits"
    images = graph.output[0].type.tensor_type.shape.dim[0].dim_param
    graph.output.insert(0, helper.make_tensor_value_info("logits", TensorProto.FLOAT, [images, head.labels]))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
