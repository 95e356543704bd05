"""Join a trunk and a head into the one graph that a bundle holds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from viennatag.training.backbones.backbone import Trunk


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


@dataclass(frozen=True)
class Seen:
    """What a head looks at, by names in the graph.

    Attributes:
        whole: One vector for each image, shape (images, channels).
        places: The same at each place, shape (images, rows, columns, channels), with `whole` for its mean; None for
            a trunk without a map.
    """

    whole: str
    places: str | None = None


@dataclass(frozen=True)
class Written:
    """A head in a graph, by names.

    Attributes:
        logits: Shape (images, labels).
        places: Where the logits, or a part of them, are `weight @ seen + bias`: what is seen at each place, as
            `Seen.places`. Otherwise None.
        said: Where they, or the rest of them, are the mean of what is said at places: this, shape (images, rows,
            columns, labels). Otherwise None. With neither, the logits cannot be taken apart.
    """

    logits: str
    places: str | None = None
    said: str | None = None


class Joinable(Protocol):
    """A head that can write itself into a graph."""

    @property
    def labels(self) -> int:
        """Number of labels."""
        ...

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add what turns raw features into logits (images, labels).

        A head that says what it sees at places has put there the constants `weight` (labels, channels) and `bias`
        (labels,).
        """
        ...


def join_head(trunk: "Trunk", head: Joinable) -> bytes:
    """Return the graph of pixels to `logits`, `features` and, where the trunk has one, `map`.

    Where the logits are a mean over places, further outputs let it be taken apart. Of heads with weights for what they
    see, the evidence for a label at each place is `evidence @ head.weight[label] + head.bias[label]`; that costs next
    to nothing, as weights are passed on, and only a product with those of one label remains to be done. Of heads that
    attend to places it is the label's own layer of `said`, which the logits are made from anyway. Of their means it is
    the sum of both.
    """
    model = onnx.load_from_string(trunk.graph)
    graph, nodes = model.graph, Nodes(model.graph)
    images = graph.output[0].type.tensor_type.shape.dim[0].dim_param
    spatial = next((each.type.tensor_type.shape.dim for each in graph.output if each.name == "map"), None)
    places = nodes.add("Transpose", "map", attributes={"perm": [0, 2, 3, 1]}) if spatial else None
    written = head.write(nodes, Seen("features", places))
    sides = [side.dim_value or side.dim_param for side in spatial[2:]] if spatial else []
    if written.places is not None and spatial is not None:
        graph.node.append(helper.make_node("Identity", [written.places], ["evidence"], name="evidence"))
        weight, bias = (f"head.{name}" for name in ("weight", "bias"))
        channels = next(each.dims[1] for each in graph.initializer if each.name == weight)
        graph.output.extend(
            [
                _output("evidence", images, *sides, channels),
                _output(weight, head.labels, channels),
                _output(bias, head.labels),
            ]
        )
    if written.said is not None:
        graph.node.append(helper.make_node("Identity", [written.said], ["said"], name="said"))
        graph.output.append(_output("said", images, *sides, head.labels))
    made = next(node for node in graph.node if node.output[0] == written.logits)
    made.name, made.output[0] = "head", "logits"
    graph.output.insert(0, _output("logits", images, head.labels))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _output(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
