"""Make a backbone whose features come from several stages of a network, not from its last layer only.

The last layer of a pretrained network forgets what its classes did not need: colour, texture, strokes. Earlier stages
still have it (Hariharan et al. 2015, arXiv 1411.5752), which helps labels of few marks most. Each stage's map is
averaged down to the size of the last, so features are still the mean of the feature map and heat maps work as before.
"""

import onnx
from onnx import helper, shape_inference

from viennatag.errors import BackboneError
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.graph_surgery import add_mean, changed_backbone

STAGES = "stages:"
"""Prefix of the name of a backbone of which all stages are read."""
_FEATURES, _MAP = "features", "feature_map"
_LEAST_WIDTH, _MOST_SIDE = 16, 64
"""A stage with fewer channels, or with more positions a side, says little more than pixels."""


def stage_backbone(backbone: Backbone) -> Backbone:
    """Return the backbone whose features are the means of its last map and of the last map of each earlier resolution.

    Raises:
        BackboneError: If the network has no feature map, or no earlier map whose side is a multiple of the last.
    """
    model = shape_inference.infer_shapes(onnx.load_from_string(backbone.graph))
    graph = model.graph
    shapes = {each.name: [side.dim_value for side in each.type.tensor_type.shape.dim] for each in graph.value_info}
    last = next((each for each in graph.output if each.name == _MAP), None)
    if last is None:
        raise BackboneError(f"{backbone.name}: it has no feature map, so no stages; leave {STAGES!r} out")
    side = last.type.tensor_type.shape.dim[2].dim_value
    found: dict[int, str] = {}
    for node in graph.node:
        for name in node.output:
            shape = shapes.get(name, [])
            if len(shape) == 4 and shape[2] == shape[3] and shape[1] >= _LEAST_WIDTH:
                found[shape[2]] = name
    earlier = {at: name for at, name in found.items() if side < at <= _MOST_SIDE and at % side == 0}
    if not earlier:
        raise BackboneError(
            f"{backbone.name}: no earlier stage at {backbone.size} pixels has a side that is a multiple of {side}; "
            "choose a --size that is a multiple of 32"
        )
    own = {name: f"stages/{name}" for name in (_FEATURES, _MAP)}
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [own.get(name, name) for name in names]
    maps = [own[_MAP]]
    for at, name in sorted(earlier.items()):
        times = at // side
        pooled = f"stages/{at}"
        graph.node.append(
            helper.make_node("AveragePool", [name], [pooled], kernel_shape=[times, times], strides=[times, times])
        )
        maps.append(pooled)
    graph.node.append(helper.make_node("Concat", maps, [_MAP], axis=1))
    add_mean(graph, _MAP, [2, 3])
    width = backbone.width + sum(shapes[name][1] for name in earlier.values())
    del graph.value_info[:]
    return changed_backbone(backbone, model, width)
