"""Make one backbone of several: networks side by side, or one that sees an image and its mirror image.

What comes out is a graph like any other, so heads, explanations, quantization and serving need to know nothing of it.
It costs as much as its parts together.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper

from viennatag.errors import BackboneError
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.graph_surgery import changed_backbone

_PIXELS, _FEATURES, _MAP = "pixels", "features", "feature_map"


def join_backbones(members: Sequence[Backbone]) -> Backbone:
    """Return the backbone whose features, and feature maps if all have them, are those of several side by side.

    Raises:
        BackboneError: If they take images of different sizes, or their feature maps differ in shape.
    """
    sizes, positions = {each.size for each in members}, {each.positions for each in members}
    if len(sizes) != 1 or len(positions) != 1:
        raise BackboneError(
            f"networks of {sorted(sizes)} pixels and {sorted(positions)} positions cannot be joined; they must be alike"
        )
    width = sum(each.width for each in members)
    branches = [_branch(each, f"{at}/") for at, each in enumerate(members)]
    last = [
        helper.make_node("Concat", [f"{at}/{name}" for at in range(len(members))], [name], axis=1)
        for name in _outputs(members[0])
    ]
    return _assembled(members[0], width, [], branches, last)


def mirror_backbone(backbone: Backbone) -> Backbone:
    """Return the backbone whose features are the mean of those of an image and of its mirror image."""
    plain, other = _branch(backbone, "plain/"), _branch(backbone, "mirrored/", pixels="mirrored pixels")
    own = {f"mirrored/{each.name.removeprefix('plain/')}" for each in plain.initializer}
    for node in other.node:  # both read the same weights
        node.input[:] = [name.replace("mirrored/", "plain/", 1) if name in own else name for name in node.input]
    del other.initializer[:]
    last = [helper.make_node("Mean", ["plain/features", "mirrored/features"], [_FEATURES])]
    if backbone.positions:
        last += _reversal("mirrored/feature_map", "mirrored map", axis=3)
        last.append(helper.make_node("Mean", ["plain/feature_map", "mirrored map"], [_MAP]))
    first = _reversal(_PIXELS, "mirrored pixels", axis=2)
    return _assembled(backbone, backbone.width, first, [plain, other], last)


def _outputs(backbone: Backbone) -> tuple[str, ...]:
    return (_FEATURES, _MAP) if backbone.positions else (_FEATURES,)


def _branch(backbone: Backbone, prefix: str, *, pixels: str = _PIXELS) -> onnx.GraphProto:
    """Return a network whose names begin with a prefix; its first node hands it the pixels."""
    graph = compose.add_prefix(onnx.load_from_string(backbone.graph), prefix).graph
    graph.node.insert(0, helper.make_node("Identity", [pixels], [prefix + _PIXELS]))
    return graph


def _reversal(source: str, out: str, *, axis: int) -> list[onnx.NodeProto]:
    constants = {"from": -1, "to": np.iinfo(np.int64).min + 1, "axis": axis, "step": -1}
    nodes = [
        helper.make_node("Constant", [], [f"{out} {name}"], value=numpy_helper.from_array(np.array([value], np.int64)))
        for name, value in constants.items()
    ]
    return [*nodes, helper.make_node("Slice", [source, *(f"{out} {name}" for name in constants)], [out])]


def _assembled(
    backbone: Backbone,
    width: int,
    first: Sequence[onnx.NodeProto],
    branches: Sequence[onnx.GraphProto],
    last: Sequence[onnx.NodeProto],
) -> Backbone:
    """Return a backbone of nodes, branches and nodes, with the input and the outputs of another."""
    model = onnx.load_from_string(backbone.graph)
    graph = model.graph
    del graph.node[:], graph.initializer[:]
    graph.node.extend([*first, *(node for branch in branches for node in branch.node), *last])
    graph.initializer.extend(each for branch in branches for each in branch.initializer)
    return changed_backbone(backbone, model, width)
