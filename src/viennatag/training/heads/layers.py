"""The torch modules of head kinds, from standardised features or feature maps to logits."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from viennatag.training.heads.exported import EPSILON

MAX_FLOATS = 1 << 27
"""Numbers between feature maps and logits that are held in memory at a time: 512 MB."""


def linear_layer(width: int, bias: Tensor) -> nn.Linear:
    """Return a linear layer with weights of zero and a given bias."""
    layer = nn.Linear(width, len(bias))
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(bias)
    return layer


class SummedLinear(nn.Module):
    """A linear layer whose rows are sums of rows of a parameter, along the path from the root."""

    paths: Tensor
    starts: Tensor

    def __init__(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(bias), width))
        self.bias = nn.Parameter(bias.clone())
        paths: list[list[int]] = []
        for label, parent in enumerate(parents.tolist()):  # parents come before their children
            paths.append([*(paths[parent] if parent >= 0 else []), label])
        starts = np.cumsum([0, *(len(path) for path in paths[:-1])])
        self.register_buffer("paths", torch.tensor([node for path in paths for node in path]), persistent=False)
        self.register_buffer("starts", torch.from_numpy(starts), persistent=False)

    def summed(self) -> Tensor:
        """Return the weight of each label, shape (labels, width)."""
        return nn.functional.embedding_bag(self.paths, self.weight, self.starts, mode="sum")

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n, labels)."""
        return nn.functional.linear(features, self.summed(), self.bias)


class CosineLayer(nn.Module):
    """Cosines between features and weights, times a learned scale."""

    def __init__(self, width: int, bias: Tensor, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(bias), width))
        self.bias = nn.Parameter(bias.clone())
        self.log_scale = nn.Parameter(torch.tensor(scale).log())

    def scaled(self) -> Tensor:
        """Return the weight of each label at the learned length, shape (labels, width)."""
        length = (self.weight.square().sum(dim=1, keepdim=True) + 1e-2).sqrt()
        return self.weight * (self.log_scale.exp() / length)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits (n, labels)."""
        return nn.functional.linear(nn.functional.normalize(features, eps=1e-12), self.scaled(), self.bias)


class ResidualLayer(nn.Module):
    """Class-specific residual attention; see `residual_attention.ResidualAttention`."""

    max_floats = MAX_FLOATS

    def __init__(self, width: int, bias: Tensor, temperatures: Sequence[float], strength: float) -> None:
        super().__init__()
        self.temperatures, self.strength = temperatures, strength
        self.weight = nn.Parameter(torch.zeros(len(temperatures), len(bias), width))
        self.bias = nn.Parameter(bias.clone())

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits (n, labels) for feature maps (n, positions, width)."""
        floats = 4 * self.weight.shape[0] * maps.shape[1] * self.weight.shape[1]
        return in_blocks(self._attend, maps, floats, self.max_floats)

    def _attend(self, maps: Tensor) -> Tensor:
        logits = []
        for temperature, weight in zip(self.temperatures, self.weight, strict=True):
            local = nn.functional.linear(maps, weight)  # (n, positions, labels)
            if math.isinf(temperature):
                attended = local.amax(dim=1)
            else:
                attended = (torch.softmax(temperature * local, dim=1) * local).sum(dim=1)
            logits.append(local.mean(dim=1) + self.strength * attended)
        return torch.stack(logits).mean(dim=0) + self.bias


class DecoderLayer(nn.Module):
    """Cross-attention from group queries to positions; see `decoder.MLDecoder`."""

    max_floats = MAX_FLOATS
    queries: Tensor

    def __init__(
        self, width: int, bias: Tensor, groups: int, channels: int, heads: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        labels = len(bias)
        each = -(-labels // min(groups, labels))
        groups = -(-labels // each)
        self.heads = heads
        self.reduce = nn.Linear(width, channels)
        self.register_buffer("queries", torch.randn(groups, channels))
        self.project = nn.Linear(channels, channels)
        self.keys = nn.Linear(channels, channels, bias=False)  # softmax ignores what all positions share
        self.values = nn.Linear(channels, channels, bias=False)
        self.found = nn.Linear(channels, channels)
        self.first, self.second = nn.LayerNorm(channels, eps=EPSILON), nn.LayerNorm(channels, eps=EPSILON)
        self.up, self.down = nn.Linear(channels, hidden), nn.Linear(hidden, channels)
        self.drop = nn.Dropout(dropout)
        self.group = nn.Parameter(torch.zeros(groups, channels, each))
        self.bias = nn.Parameter(bias.clone())

    def projected_queries(self) -> Tensor:
        """Return the queries that keys are compared with, shape (heads, groups, channels / heads)."""
        projected = self.project(self.queries) / (self.queries.shape[1] / self.heads) ** 0.5
        by_head: Tensor = projected.unflatten(1, (self.heads, -1)).transpose(0, 1)
        return by_head

    def forward(self, maps: Tensor) -> Tensor:
        """Return logits (n, labels) for feature maps (n, positions, width)."""
        groups, channels = self.queries.shape
        floats = groups * (self.heads * maps.shape[1] + 5 * channels + 2 * self.up.out_features)
        return in_blocks(self._decode, maps, floats + 4 * maps.shape[1] * channels, self.max_floats)

    def _decode(self, maps: Tensor) -> Tensor:
        memory = torch.relu(self.reduce(maps))
        keys, values = (
            layer(memory).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.keys, self.values)
        )
        # Shape (n, heads, groups, positions).
        attention = torch.softmax(self.projected_queries() @ keys.transpose(2, 3), dim=3)
        found = self.found((attention @ values).transpose(1, 2).flatten(2))
        state = self.first(self.queries + self.drop(found))
        state = self.second(state + self.drop(self.down(self.drop(torch.relu(self.up(state))))))
        logits: Tensor = torch.einsum("ngc,gck->ngk", state, self.group)
        return logits.flatten(1)[:, : len(self.bias)] + self.bias


def in_blocks(forward: Callable[[Tensor], Tensor], maps: Tensor, floats: int, max_floats: int) -> Tensor:
    """Return logits of feature maps, computed a few marks at a time if all at once would need too much memory.

    Intermediate values are then computed a second time for the gradient instead of being kept. `forward` takes feature
    maps (n, positions, width) to logits (n, labels) and keeps `floats` numbers for each mark, of which at most
    `max_floats` are held at a time.
    """
    height = max(1, max_floats // floats)
    if len(maps) <= height or not torch.is_grad_enabled():
        return torch.cat([forward(block) for block in maps.split(height)])
    return torch.cat([checkpoint(forward, block, use_reentrant=False) for block in maps.split(height)])
