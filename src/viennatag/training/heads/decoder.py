"""ML-Decoder: a few queries look around in the map, and each answers for a group of labels.

Ridnik et al. 2023, ML-Decoder: scalable and versatile classification head, arXiv 2111.12933. As there, queries are
random and fixed, do not look at each other, and share all projections; what a query found becomes the logits of its
group by weights of its own. Vienna codes stand in their order, so a group is a neighbourhood of the tree.

What a place adds goes through layers that mix it with the others, so there is no exact heat map.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viennatag.errors import OptionError
from viennatag.training.heads.export import Nodes, Seen, Written
from viennatag.training.heads.exported import blocks
from viennatag.training.heads.heads import FittedHead, array_of, in_blocks

_EPSILON = 1e-5
"""What keeps a layer norm from dividing by zero."""


@dataclass(frozen=True)
class MLDecoder:
    """A layer of cross-attention from group queries to places, a layer of two matrices, and weights for each group.

    Features are first reduced to `channels`: with the paper's 768 the head would cost more than a small backbone. The
    norm of the queries is left out, as their projection can learn it.

    Attributes:
        groups: Queries; at most as many as labels.
        channels: What features are reduced to.
        heads: Of attention; `channels` is a multiple of it.
        hidden: Between the two matrices.
        dropout: Share of numbers that are hidden while it learns.
    """

    groups: int = 100
    channels: int = 256
    heads: int = 8
    hidden: int = 512
    dropout: float = 0.1
    reads_maps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        counts = (self.groups, self.channels, self.heads, self.hidden)
        if min(counts) < 1 or self.channels % self.heads or not 0 <= self.dropout < 1:
            raise OptionError(
                f"{self}: expected at least 1 of groups, channels, heads and hidden, channels a multiple of heads, and "
                "a dropout from 0 to less than 1"
            )

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return the layers; see `HeadKind.build`."""
        return _Decoder(self, width, bias)

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return a decoder over raw maps; see `HeadKind.fold`."""
        assert isinstance(module, _Decoder)
        reduce = module.reduce.weight.detach().double() / scale.double()
        with torch.inference_mode():
            asked = module.asked()
        return DecoderHead(
            reduce=array_of(reduce),
            reduce_bias=array_of(module.reduce.bias.double() - reduce @ mean.double()),
            asked=array_of(asked),
            queries=array_of(module.queries),
            layers={
                f"{name}_{part}": array_of(values)
                for name in ("keys", "values", "found", "first", "up", "down", "second")
                for part, values in getattr(module, name).named_parameters()
            },
            group=array_of(module.group),
            bias=array_of(module.bias),
        )


class _Decoder(nn.Module):
    queries: Tensor

    def __init__(self, kind: MLDecoder, width: int, bias: Tensor) -> None:
        super().__init__()
        labels, channels = len(bias), kind.channels
        each = -(-labels // min(kind.groups, labels))
        groups = -(-labels // each)
        self.heads = kind.heads
        self.reduce = nn.Linear(width, channels)
        self.register_buffer("queries", torch.randn(groups, channels))
        self.project = nn.Linear(channels, channels)
        self.keys = nn.Linear(channels, channels, bias=False)  # softmax does not see what all places share
        self.values = nn.Linear(channels, channels, bias=False)
        self.found = nn.Linear(channels, channels)
        self.first, self.second = nn.LayerNorm(channels, eps=_EPSILON), nn.LayerNorm(channels, eps=_EPSILON)
        self.up, self.down = nn.Linear(channels, kind.hidden), nn.Linear(kind.hidden, channels)
        self.drop = nn.Dropout(kind.dropout)
        self.group = nn.Parameter(torch.zeros(groups, channels, each))
        self.bias = nn.Parameter(bias.clone())

    def asked(self) -> Tensor:
        """Return what keys are compared with, by head of attention: (heads, groups, channels / heads)."""
        projected = self.project(self.queries) / (self.queries.shape[1] / self.heads) ** 0.5
        asked: Tensor = projected.unflatten(1, (self.heads, -1)).transpose(0, 1)
        return asked

    def forward(self, maps: Tensor) -> Tensor:
        groups, channels = self.queries.shape
        floats = groups * (self.heads * maps.shape[1] + 5 * channels + 2 * self.up.out_features)
        return in_blocks(self._decode, maps, floats + 4 * maps.shape[1] * channels)

    def _decode(self, maps: Tensor) -> Tensor:
        memory = torch.relu(self.reduce(maps))
        keys, values = (
            layer(memory).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.keys, self.values)
        )
        attention = torch.softmax(self.asked() @ keys.transpose(2, 3), dim=3)  # (n, heads, groups, places)
        found = self.found((attention @ values).transpose(1, 2).flatten(2))
        seen = self.first(self.queries + self.drop(found))
        seen = self.second(seen + self.drop(self.down(self.drop(torch.relu(self.up(seen))))))
        said: Tensor = torch.einsum("ngc,gck->ngk", seen, self.group)
        return said.flatten(1)[:, : len(self.bias)] + self.bias


@dataclass(frozen=True, eq=False)
class DecoderHead:
    """What `MLDecoder` learned, over raw maps; all float32.

    Attributes:
        reduce: Shape (channels, width).
        reduce_bias: Shape (channels,).
        asked: Projected queries, shape (heads, groups, channels / heads).
        queries: Shape (groups, channels).
        layers: Weight and bias of the other layers, by name.
        group: Shape (groups, channels, labels of a group).
        bias: Shape (labels,).
    """

    reduce: NDArray[np.float32]
    reduce_bias: NDArray[np.float32]
    asked: NDArray[np.float32]
    queries: NDArray[np.float32]
    layers: dict[str, NDArray[np.float32]]
    group: NDArray[np.float32]
    bias: NDArray[np.float32]
    reads_maps: ClassVar[bool] = True

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.bias)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw maps (marks, places, width)."""
        logits = np.empty((len(features), self.labels), dtype=np.float32)
        groups, hidden = len(self.queries), len(self.layers["up_bias"])
        for rows in blocks(len(features), groups * hidden + features.shape[1] * features.shape[2]):
            logits[rows] = self._decode(features[rows].astype(np.float32))
        return logits

    def _decode(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        layers, heads = self.layers, len(self.asked)
        memory = np.maximum(maps @ self.reduce.T + self.reduce_bias, 0)
        keys, values = (
            (memory @ layers[name].T).reshape(*memory.shape[:2], heads, -1).swapaxes(1, 2)
            for name in ("keys_weight", "values_weight")
        )
        likeness = self.asked @ keys.swapaxes(2, 3)
        attention = np.exp(likeness - likeness.max(axis=3, keepdims=True))
        attention /= attention.sum(axis=3, keepdims=True)
        found = (attention @ values).swapaxes(1, 2).reshape(len(maps), len(self.queries), -1)
        seen = self._normalised("first", self.queries + found @ layers["found_weight"].T + layers["found_bias"])
        inner = np.maximum(seen @ layers["up_weight"].T + layers["up_bias"], 0)
        seen = self._normalised("second", seen + inner @ layers["down_weight"].T + layers["down_bias"])
        said = (seen.swapaxes(0, 1) @ self.group).swapaxes(0, 1)
        return said.reshape(len(maps), -1)[:, : self.labels] + self.bias

    def _normalised(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + np.float32(_EPSILON))
        scaled: NDArray[np.float32] = centred / spread * self.layers[f"{name}_weight"] + self.layers[f"{name}_bias"]
        return scaled

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`. It has no places to be read back at."""
        assert features.places is not None, "a trunk without a map has no maps to learn from"
        heads, channels = len(self.asked), len(self.reduce)

        def shaped(value: str, *shape: int) -> str:
            return nodes.add("Reshape", value, nodes.constant(f"shape.{value}", np.array(shape)))

        def turned(value: str, *order: int) -> str:
            return nodes.add("Transpose", value, attributes={"perm": list(order)})

        def times(value: str, name: str) -> str:
            return nodes.add("MatMul", value, nodes.constant(name, self.layers[name].T))

        def line(value: str, name: str) -> str:
            bias = nodes.constant(f"{name}_bias", self.layers[f"{name}_bias"])
            return nodes.add("Add", times(value, f"{name}_weight"), bias)

        def normalised(value: str, name: str) -> str:
            parts = (nodes.constant(f"{name}_{part}", self.layers[f"{name}_{part}"]) for part in ("weight", "bias"))
            return nodes.add("LayerNormalization", value, *parts, attributes={"axis": -1, "epsilon": _EPSILON})

        places = shaped(features.places, 0, -1, self.reduce.shape[1])
        memory = nodes.add("MatMul", places, nodes.constant("reduce", self.reduce.T))
        memory = nodes.add("Relu", nodes.add("Add", memory, nodes.constant("reduce_bias", self.reduce_bias)))
        keys = turned(shaped(times(memory, "keys_weight"), 0, 0, heads, channels // heads), 0, 2, 3, 1)
        values = turned(shaped(times(memory, "values_weight"), 0, 0, heads, channels // heads), 0, 2, 1, 3)
        likeness = nodes.add("MatMul", nodes.constant("asked", self.asked), keys)
        attention = nodes.add("Softmax", likeness, attributes={"axis": 3})
        found = shaped(turned(nodes.add("MatMul", attention, values), 0, 2, 1, 3), 0, 0, channels)
        queries = nodes.constant("queries", self.queries)
        seen = normalised(nodes.add("Add", line(found, "found"), queries), "first")
        inner = line(nodes.add("Relu", line(seen, "up")), "down")
        seen = turned(normalised(nodes.add("Add", seen, inner), "second"), 1, 0, 2)
        said = turned(nodes.add("MatMul", seen, nodes.constant("group", self.group)), 1, 0, 2)
        ends = (nodes.constant(name, np.array([at])) for name, at in (("from", 0), ("to", self.labels), ("axis", 1)))
        said = nodes.add("Slice", shaped(said, 0, -1), *ends)
        return Written(nodes.add("Add", said, nodes.constant("bias", self.bias)))
