"""ML-Decoder: a few queries attend to the feature map, and each gives the logits of a group of labels.

Ridnik et al. 2023, ML-Decoder: scalable and versatile classification head, arXiv 2111.12933. As there, queries are
random and fixed, do not attend to each other, and share all projections; each group has weights of its own. A group is
a neighbourhood of the tree of codes. The layers mix all positions, so there is no exact heat map.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.training.heads.export import ExportedHead, HeadInputs, HeadOutputs, Nodes
from viennatag.training.heads.exported import EPSILON, BiasedHead
from viennatag.training.heads.heads import to_array

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class MLDecoder:
    """Cross-attention from group queries to positions, a feed-forward layer, and weights for each group.

    Features are first reduced to `channels`: with the paper's 768 the head would cost more than a small backbone. The
    norm of the queries is left out, as their projection can learn it.

    Attributes:
        groups: Number of queries, at most one per label.
        channels: Width of the attention, a multiple of `heads`.
        heads: Attention heads.
        hidden: Width of the feed-forward layer.
        dropout: Share of numbers dropped in training.
    """

    groups: int = 100
    channels: int = 256
    heads: int = 8
    hidden: int = 512
    dropout: float = 0.1
    reads_feature_maps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        counts = (self.groups, self.channels, self.heads, self.hidden)
        if min(counts) < 1 or self.channels % self.heads or not 0 <= self.dropout < 1:
            raise OptionError(
                f"{self}: expected at least 1 of groups, channels, heads and hidden, channels a multiple of heads, and "
                "a dropout from 0 to less than 1"
            )

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return the layers; see `HeadKind.build`."""
        from viennatag.training.heads.layers import DecoderLayer

        return DecoderLayer(width, bias, self.groups, self.channels, self.heads, self.hidden, self.dropout)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a decoder over raw feature maps; see `HeadKind.fold`."""
        reduce = module.reduce.weight.detach().double() / scale.double()
        return DecoderHead(
            reduce=to_array(reduce),
            reduce_bias=to_array(module.reduce.bias.double() - reduce @ mean.double()),
            projected_queries=to_array(module.projected_queries()),
            queries=to_array(module.queries),
            layers={
                f"{name}_{kind}": to_array(values)
                for name in ("keys", "values", "found", "first", "up", "down", "second")
                for kind, values in getattr(module, name).named_parameters()
            },
            group=to_array(module.group),
            bias=to_array(module.bias),
        )


@dataclass(frozen=True, eq=False)
class DecoderHead(BiasedHead):
    """A trained `MLDecoder` over raw feature maps; all float32.

    Attributes:
        reduce: Shape (channels, width).
        reduce_bias: Shape (channels,).
        projected_queries: Shape (heads, groups, channels / heads).
        queries: Shape (groups, channels).
        layers: Weight and bias of the other layers, by name.
        group: Shape (groups, channels, labels of a group).
        bias: Shape (labels,).
    """

    reduce: NDArray[np.float32]
    reduce_bias: NDArray[np.float32]
    projected_queries: NDArray[np.float32]
    queries: NDArray[np.float32]
    layers: dict[str, NDArray[np.float32]]
    group: NDArray[np.float32]
    bias: NDArray[np.float32]
    reads_feature_maps = True

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`. It cannot be explained by position."""
        assert inputs.spatial is not None, "a backbone without feature maps has none to train on"
        heads, channels = len(self.projected_queries), len(self.reduce)

        def reshape(value: str, *shape: int) -> str:
            return nodes.add("Reshape", value, nodes.constant(f"shape.{value}", np.array(shape)))

        def transpose(value: str, *order: int) -> str:
            return nodes.add("Transpose", value, attributes={"perm": list(order)})

        def multiply(value: str, name: str) -> str:
            return nodes.add("MatMul", value, nodes.constant(name, self.layers[name].T))

        def linear(value: str, name: str) -> str:
            bias = nodes.constant(f"{name}_bias", self.layers[f"{name}_bias"])
            return nodes.add("Add", multiply(value, f"{name}_weight"), bias)

        def normalised(value: str, name: str) -> str:
            constants = (nodes.constant(f"{name}_{kind}", self.layers[f"{name}_{kind}"]) for kind in ("weight", "bias"))
            return nodes.add("LayerNormalization", value, *constants, attributes={"axis": -1, "epsilon": EPSILON})

        positions = reshape(inputs.spatial, 0, -1, self.reduce.shape[1])
        memory = nodes.add("MatMul", positions, nodes.constant("reduce", self.reduce.T))
        memory = nodes.add("Relu", nodes.add("Add", memory, nodes.constant("reduce_bias", self.reduce_bias)))
        keys = transpose(reshape(multiply(memory, "keys_weight"), 0, 0, heads, channels // heads), 0, 2, 3, 1)
        values = transpose(reshape(multiply(memory, "values_weight"), 0, 0, heads, channels // heads), 0, 2, 1, 3)
        similarity = nodes.add("MatMul", nodes.constant("projected_queries", self.projected_queries), keys)
        attention = nodes.add("Softmax", similarity, attributes={"axis": 3})
        found = reshape(transpose(nodes.add("MatMul", attention, values), 0, 2, 1, 3), 0, 0, channels)
        queries = nodes.constant("queries", self.queries)
        state = normalised(nodes.add("Add", linear(found, "found"), queries), "first")
        inner = linear(nodes.add("Relu", linear(state, "up")), "down")
        state = transpose(normalised(nodes.add("Add", state, inner), "second"), 1, 0, 2)
        logits = transpose(nodes.add("MatMul", state, nodes.constant("group", self.group)), 1, 0, 2)
        ends = (nodes.constant(name, np.array([at])) for name, at in (("from", 0), ("to", self.labels), ("axis", 1)))
        logits = nodes.add("Slice", reshape(logits, 0, -1), *ends)
        return HeadOutputs(nodes.add("Add", logits, nodes.constant("bias", self.bias)))
