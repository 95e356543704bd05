"""Take a bundle's graph apart again: the trunk that training knew, and a head that can learn on.

The trunk comes out as it went in, byte for byte, so features that were cached for training are found again. A head
whose logits are `weight @ seen + bias` is put back with other weights, whatever lies between features and what the
head sees; so linear heads, cosine heads and their means can learn on, and keep their heat maps. A vote of neighbours
has no weights to move, and heads that look at places would need maps of features.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from viennatag.errors import BundleError
from viennatag.explain.heatmap import BIAS, WEIGHT
from viennatag.model.bundle import Bundle
from viennatag.training.backbones.backbone import Trunk

_FEATURES, _LOGITS = "features", "logits"


@dataclass(frozen=True, eq=False)
class Reopened:
    """A bundle's graph in parts.

    Attributes:
        trunk: Pixels to features.
        weight: float32, shape (labels, channels).
        bias: float32, shape (labels,).
    """

    trunk: Trunk
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    _graph: bytes
    _seen: str

    def see(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return what the weights are for: shape (marks, channels), from raw features (marks, width)."""
        raw = features.astype(np.float32)
        if self._seen == _FEATURES:
            return raw
        model = _cut(onnx.load_from_string(self._graph), {self._seen}, given=_FEATURES)
        model.graph.input.append(helper.make_tensor_value_info(_FEATURES, TensorProto.FLOAT, ("marks", raw.shape[1])))
        model.graph.output.append(helper.make_tensor_value_info(self._seen, TensorProto.FLOAT, None))
        (seen,) = ReferenceEvaluator(model).run(None, {_FEATURES: raw})
        return np.asarray(seen, dtype=np.float32)

    def joined(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
        """Return the graph with other weights, for as many labels as these have."""
        model = onnx.load_from_string(self._graph)
        fresh = {WEIGHT: weight, BIAS: bias}
        for constant in model.graph.initializer:
            if constant.name in fresh:
                constant.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(fresh[constant.name]), constant.name))
        for output in model.graph.output:
            if output.name in (_LOGITS, *fresh):
                sides = output.type.tensor_type.shape.dim
                sides[1 if output.name == _LOGITS else 0].dim_value = len(bias)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))


def reopen(bundle: Bundle) -> Reopened:
    """Return the parts of a bundle's graph.

    Raises:
        BundleError: If its head has no weights that could learn on, or they were reduced in precision.
    """
    content = _read_graph(bundle)
    found = _find_weights(onnx.load_from_string(content))
    if found is None:
        raise BundleError(
            f"{bundle.path}: its head is no sum that could learn on (a vote of neighbours, one that reads maps, or "
            "of an earlier version); train anew from all marks, or with a --strategy whose head is linear or a cosine"
        )
    weight, bias, seen = found
    return Reopened(_cut_trunk(content, bundle), weight, bias, content, seen)


def bundle_trunk(bundle: Bundle) -> Trunk:
    """Return the trunk of a bundle, whatever its head.

    Raises:
        BundleError: If its weights were reduced in precision.
    """
    return _cut_trunk(_read_graph(bundle), bundle)


def linear_weights(bundle: Bundle) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return weight and bias of a head that is linear in raw features; None if the bundle's is of another kind.

    Raises:
        BundleError: If its weights were reduced in precision.
    """
    found = _find_weights(onnx.load_from_string(_read_graph(bundle)))
    return found[:2] if found and found[2] == _FEATURES else None


def _read_graph(bundle: Bundle) -> bytes:
    if bundle.precision != "float32":
        raise BundleError(
            f"{bundle.path}: its weights are {bundle.precision}; go on from the bundle that it was made from, and "
            "reduce the result"
        )
    return bundle.graph.read_bytes()


def _find_weights(model: onnx.ModelProto) -> tuple[NDArray[np.float32], NDArray[np.float32], str] | None:
    """Return weight, bias and the name of what they are for; None if the head is no such sum."""
    head = next(node for node in model.graph.node if _LOGITS in node.output)
    if head.op_type != "Gemm" or list(head.input[1:]) != [WEIGHT, BIAS]:
        return None
    constants = {each.name: each for each in model.graph.initializer}
    weight, bias = (numpy_helper.to_array(constants[name]).astype(np.float32) for name in (WEIGHT, BIAS))
    return weight, bias, head.input[0]


def _cut_trunk(content: bytes, bundle: Bundle) -> Trunk:
    model = onnx.load_from_string(content)
    kept = [each for each in model.graph.output if each.name in (_FEATURES, "map")]
    model = _cut(model, {each.name for each in kept})
    model.graph.output.extend(kept)
    width = next(each for each in kept if each.name == _FEATURES).type.tensor_type.shape.dim[1].dim_value
    model.graph.input.append(onnx.load_from_string(content).graph.input[0])
    graph = bytes(model.SerializeToString(deterministic=True))
    return Trunk(str(bundle.training.get("backbone", "")), graph, int(width), bundle.image_size)


def _cut(model: onnx.ModelProto, wanted: Collection[str], *, given: str = "") -> onnx.ModelProto:
    """Return the model with only the nodes and constants that some values are computed from, without ends.

    Args:
        model: It is changed.
        wanted: Names of the values.
        given: Name of a value that is not computed.
    """
    graph, needed = model.graph, set(wanted)
    kept = []
    for node in reversed(graph.node):  # a node stands after those that it reads from
        if needed & set(node.output) - {given}:
            kept.append(node)
            needed.update(node.input)
    constants = [each for each in graph.initializer if each.name in needed]
    for field, rest in (("node", kept[::-1]), ("initializer", constants), ("input", []), ("output", [])):
        copies = [type(each).FromString(each.SerializeToString()) for each in rest]
        del getattr(graph, field)[:]
        getattr(graph, field).extend(copies)
    return model
