"""Join a backbone and a head into the one graph that a bundle holds.

onnx is imported only when a graph is built, so that strategies can be listed without it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.runtime.backends import Runtime, open_runtime

if TYPE_CHECKING:
    import onnx

    from viennatag.training.backbones.backbone import Backbone

_ROWS = 256
"""Marks that a head takes at a time."""


class Nodes:
    """Adds a head's constants and nodes to a graph, each under a unique name."""

    def __init__(self, graph: "onnx.GraphProto") -> None:
        self._graph = graph
        self._scope = "head"

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Prefix the names of all that is added inside the block."""
        outer, self._scope = self._scope, f"{self._scope}.{name}"
        try:
            yield
        finally:
            self._scope = outer

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add an array and return its full name."""
        from onnx import numpy_helper

        full = f"{self._scope}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), full))
        return full

    def add(self, operator: str, *inputs: str, attributes: Mapping[str, Any] | None = None, outputs: int = 1) -> str:
        """Add a node and return the name of its first output; further outputs end in `:1`, `:2` and so on."""
        from onnx import helper

        name = f"{self._scope}.{len(self._graph.node)}"
        names = [name, *(f"{name}:{at}" for at in range(1, outputs))]
        self._graph.node.append(helper.make_node(operator, inputs, names, name=name, **(attributes or {})))
        return name


@dataclass(frozen=True)
class HeadInputs:
    """What a head reads, by names in the graph.

    Attributes:
        pooled: One vector for each image, shape (images, channels).
        spatial: The vector at each position, shape (images, rows, columns, channels), whose mean is `pooled`; None for
            a backbone without feature maps.
    """

    pooled: str
    spatial: str | None = None


@dataclass(frozen=True)
class HeadOutputs:
    """What a head computes, by names in the graph; only logits with one of the others can be explained by position.

    Attributes:
        logits: Shape (images, labels).
        head_inputs: Set where the logits, or a part of them, are linear in a mean over positions: the inputs of
            `weight` and `bias` at each position, as `HeadInputs.spatial`.
        local_logits: Set where the logits, or the rest of them, are a mean over positions: shape (images, rows,
            columns, labels).
    """

    logits: str
    head_inputs: str | None = None
    local_logits: str | None = None


class ExportedHead(ABC):
    """A trained head without torch, over raw features or feature maps; it is run as a bundle runs it.

    Attributes:
        reads_feature_maps: Whether it reads feature maps (marks, positions, width) instead of features (marks, width).
    """

    reads_feature_maps: bool = False

    @property
    @abstractmethod
    def labels(self) -> int:
        """Number of labels."""

    @abstractmethod
    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add nodes from raw features to logits (images, labels).

        A head that returns `head_inputs` has added the constants `weight` (labels, channels) and `bias` (labels,).
        """

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw features or feature maps."""
        if self.reads_feature_maps:
            features = features[:, :, None]  # one column
        blocks = [
            self._runtime.run(np.ascontiguousarray(features[at : at + _ROWS], dtype=np.float32), ("logits",))[0]
            for at in range(0, len(features), _ROWS)
        ]
        return np.concatenate(blocks) if blocks else np.empty((0, self.labels), dtype=np.float32)

    @cached_property
    def _runtime(self) -> Runtime:
        from onnx import helper

        from viennatag.training.backbones.backbone import OPSET

        shape = ("images", "rows", "columns", "channels") if self.reads_feature_maps else ("images", "channels")
        graph = helper.make_graph([], "head", [_output("inputs", *shape)], [])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        inputs = HeadInputs("inputs")
        if self.reads_feature_maps:
            nodes = Nodes(model.graph)
            axes = nodes.constant("pooled", np.array([1, 2]))
            inputs = HeadInputs(nodes.add("ReduceMean", "inputs", axes, attributes={"keepdims": 0}), "inputs")
        _add_head(model, self, inputs, ["images", "rows", "columns"])
        return open_runtime("onnxruntime", model.SerializeToString(), threads=available_cores())


def export_graph(backbone: "Backbone", head: ExportedHead) -> bytes:
    """Return the ONNX graph from pixels to `logits`, `features` and, if the backbone has it, `feature_map`.

    Where the logits are a mean over positions, further outputs give the evidence for a label at each position. Of heads
    with weights it is `head_inputs @ head.weight[label] + head.bias[label]`: the weights are outputs, so only the
    product for one label remains to be computed. Of attention heads it is the label's channel of `local_logits`. Of a
    mean of both it is the sum.
    """
    import onnx

    model = onnx.load_from_string(backbone.graph)
    graph = model.graph
    images = graph.output[0].type.tensor_type.shape.dim[0].dim_param
    maps = next((each.type.tensor_type.shape.dim for each in graph.output if each.name == "feature_map"), None)
    spatial = Nodes(graph).add("Transpose", "feature_map", attributes={"perm": [0, 2, 3, 1]}) if maps else None
    sides = [side.dim_value or side.dim_param for side in maps[2:]] if maps else []
    _add_head(model, head, HeadInputs("features", spatial), [images, *sides])
    return bytes(model.SerializeToString(deterministic=True))


def _add_head(model: "onnx.ModelProto", head: ExportedHead, inputs: HeadInputs, shape: Sequence[int | str]) -> None:
    """Add a head and its outputs to a model; `shape` is images, rows and columns of the spatial inputs."""
    import onnx
    from onnx import helper

    graph = model.graph
    written = head.write(Nodes(graph), inputs)
    if written.head_inputs is not None:
        graph.node.append(helper.make_node("Identity", [written.head_inputs], ["head_inputs"], name="head_inputs"))
        weight, bias = (f"head.{name}" for name in ("weight", "bias"))
        channels = next(each.dims[1] for each in graph.initializer if each.name == weight)
        outputs = (("head_inputs", *shape, channels), (weight, head.labels, channels), (bias, head.labels))
        graph.output.extend(_output(*each) for each in outputs)
    if written.local_logits is not None:
        graph.node.append(helper.make_node("Identity", [written.local_logits], ["local_logits"], name="local_logits"))
        graph.output.append(_output("local_logits", *shape, head.labels))
    made = next(node for node in graph.node if node.output[0] == written.logits)
    made.name, made.output[0] = "head", "logits"
    graph.output.insert(0, _output("logits", shape[0], head.labels))
    onnx.checker.check_model(model)


def _output(name: str, *shape: int | str) -> "onnx.ValueInfoProto":
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
