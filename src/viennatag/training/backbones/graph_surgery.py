"""Take a bundle's graph apart: the backbone as training exported it, and the last layer of the head.

The backbone comes out byte for byte, so cached features are found again. A head whose logits are
`weight @ inputs + bias`, as linear heads, cosine heads and their means, can get other weights and keeps its heat maps.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from viennatag.errors import BundleError
from viennatag.model.bundle import HEAD_BIAS, HEAD_WEIGHT, Bundle
from viennatag.training.backbones.backbone import Backbone

_FEATURES, _LOGITS = "features", "logits"


@dataclass(frozen=True, eq=False)
class OpenedGraph:
    """The backbone and the last layer of a bundle's graph.

    Attributes:
        backbone: Pixels to features.
        weight: float32, shape (labels, channels).
        bias: float32, shape (labels,).
    """

    backbone: Backbone
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    _graph: bytes
    _input: str

    def head_inputs(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return the inputs of the last layer, shape (marks, channels), for raw features (marks, width)."""
        raw = features.astype(np.float32)
        if self._input == _FEATURES:
            return raw
        model = _cut_from_features(self._graph, self._input, raw.shape[1])
        (inputs,) = ReferenceEvaluator(model).run(None, {_FEATURES: raw})
        return np.asarray(inputs, dtype=np.float32)

    def with_weights(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
        """Return the graph with another weight and bias, possibly of another number of labels."""
        model = onnx.load_from_string(self._graph)
        fresh = {HEAD_WEIGHT: weight, HEAD_BIAS: bias}
        for constant in model.graph.initializer:
            if constant.name in fresh:
                constant.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(fresh[constant.name]), constant.name))
        for output in model.graph.output:
            if output.name in (_LOGITS, *fresh):
                sides = output.type.tensor_type.shape.dim
                sides[1 if output.name == _LOGITS else 0].dim_value = len(bias)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def open_graph(bundle: Bundle) -> OpenedGraph:
    """Return the backbone and the last layer of a bundle's graph.

    Raises:
        BundleError: If the last layer is not linear, or its weights were reduced in precision.
    """
    content = _read_graph(bundle)
    found = _find_weights(onnx.load_from_string(content))
    if found is None:
        raise BundleError(
            f"{bundle.path}: its head cannot be updated (a vote of neighbours, or one that reads feature maps); train "
            "again from all marks, or with a --strategy whose head is linear or cosine"
        )
    weight, bias, inputs = found
    return OpenedGraph(_cut_backbone(content, bundle), weight, bias, content, inputs)


def bundle_backbone(bundle: Bundle) -> Backbone:
    """Return the backbone of a bundle, whatever its head."""
    return _cut_backbone(_read_graph(bundle), bundle)


def linear_weights(bundle: Bundle) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return weight and bias of a head that is linear in raw features; None if the bundle's is of another kind."""
    found = _find_weights(onnx.load_from_string(_read_graph(bundle)))
    return found[:2] if found and found[2] == _FEATURES else None


def cut_head(graph: bytes, width: int) -> bytes:
    """Return the graph of a bundle from features to logits, without its backbone."""
    return bytes(_cut_from_features(graph, _LOGITS, width).SerializeToString(deterministic=True))


def _cut_from_features(graph: bytes, output: str, width: int) -> onnx.ModelProto:
    model = cut_graph(onnx.load_from_string(graph), {output}, given=_FEATURES)
    model.graph.input.append(helper.make_tensor_value_info(_FEATURES, TensorProto.FLOAT, ("views", width)))
    model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
    return model


def _read_graph(bundle: Bundle) -> bytes:
    if bundle.precision != "float32":
        raise BundleError(
            f"{bundle.path}: its weights are {bundle.precision}; use the float32 bundle that it was made from, and "
            "quantize the result"
        )
    return bundle.graph.read_bytes()


def _find_weights(model: onnx.ModelProto) -> tuple[NDArray[np.float32], NDArray[np.float32], str] | None:
    """Return weight, bias and the name of their input; None if the last layer is not linear."""
    head = next(node for node in model.graph.node if _LOGITS in node.output)
    if head.op_type != "Gemm" or list(head.input[1:]) != [HEAD_WEIGHT, HEAD_BIAS]:
        return None
    constants = {each.name: each for each in model.graph.initializer}
    weight, bias = (numpy_helper.to_array(constants[name]).astype(np.float32) for name in (HEAD_WEIGHT, HEAD_BIAS))
    return weight, bias, head.input[0]


def _cut_backbone(content: bytes, bundle: Bundle) -> Backbone:
    model = onnx.load_from_string(content)
    kept = [each for each in model.graph.output if each.name in (_FEATURES, "feature_map")]
    model = cut_graph(model, {each.name for each in kept})
    model.graph.output.extend(kept)
    width = next(each for each in kept if each.name == _FEATURES).type.tensor_type.shape.dim[1].dim_value
    model.graph.input.append(onnx.load_from_string(content).graph.input[0])
    graph = bytes(model.SerializeToString(deterministic=True))
    return Backbone(str(bundle.training.get("backbone", "")), graph, int(width), bundle.image_size)


def cut_graph(model: onnx.ModelProto, wanted: Collection[str], *, given: str = "") -> onnx.ModelProto:
    """Leave only the nodes and constants that `wanted` depends on, computed from `given`, and no inputs and outputs."""
    graph, needed = model.graph, set(wanted)
    kept = []
    for node in reversed(graph.node):  # nodes are in topological order
        if needed & set(node.output) - {given}:
            kept.append(node)
            needed.update(_inputs(node))
    constants = [each for each in graph.initializer if each.name in needed]
    for field, rest in (("node", kept[::-1]), ("initializer", constants), ("input", []), ("output", [])):
        copies = [type(each).FromString(each.SerializeToString()) for each in rest]
        del getattr(graph, field)[:]
        getattr(graph, field).extend(copies)
    return model


def add_mean(graph: onnx.GraphProto, name: str, axes: Sequence[int]) -> None:
    """Add a node that gives the features: the mean of a tensor over some axes."""
    graph.initializer.append(numpy_helper.from_array(np.array(axes, np.int64), "features.axes"))
    graph.node.append(helper.make_node("ReduceMean", [name, "features.axes"], [_FEATURES], keepdims=0))


def changed_backbone(backbone: Backbone, model: onnx.ModelProto, width: int) -> Backbone:
    """Return the backbone of a changed graph with another number of features; it is no network to fine-tune."""
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_value = width
    del model.metadata_props[:]
    onnx.checker.check_model(model)
    return Backbone(backbone.name, model.SerializeToString(deterministic=True), width, backbone.size)


def _inputs(node: onnx.NodeProto) -> Iterator[str]:
    """Yield the names that a node reads, those that its branches and loop bodies read included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _inputs(inner)
            yield from (each.name for each in graph.output)
