"""Class-specific residual attention: each label looks at the places where it is most likely, besides all places.

A device that fills a corner of a mark moves the mean over all places little. Here a label's logit is the mean of what
is said at each place, plus a share of a mean that leans towards the places that say most for this very label (Zhu and
Wu 2021, Residual attention: a simple but effective method for multi-label recognition, arXiv 2108.02456). What each
place adds is known, so the heat map stays exact.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viennatag.errors import OptionError
from viennatag.training.heads.export import Nodes, Seen, Written
from viennatag.training.heads.exported import FLOAT, blocks
from viennatag.training.heads.heads import FittedHead, array_of, in_blocks


@dataclass(frozen=True)
class ResidualAttention:
    """`bias + mean over temperatures T of (mean over places p of s_p + strength · Σ_p softmax_p(T s_p) s_p)`.

    s_p is `weight @ x_p` for the label and the temperature, x_p what is seen at the place. With an infinite
    temperature the attention is all on the best place. Three things differ from the paper: temperatures are averaged
    instead of added, so that a head learns at the same rate however many there are; weights are not divided by their
    length; and the bias stands outside, where attention does not see it. Without strength it is `Linear`.

    Attributes:
        temperatures: Of the heads of attention, each with weights of its own.
        strength: How much the attention counts beside the mean over places, λ in the paper.
    """

    temperatures: tuple[float, ...] = (1.0,)
    strength: float = 0.5
    reads_maps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.temperatures or not all(each > 0 for each in self.temperatures):
            raise OptionError(
                f"temperatures of residual attention are {self.temperatures}; expected at least one, all above 0 (inf "
                "for the best place alone)"
            )
        if not 0 <= self.strength < math.inf:
            raise OptionError(f"strength of residual attention is {self.strength}; expected 0 or more")

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return a layer of residual attention; see `HeadKind.build`."""
        return _ResidualLayer(self, width, bias)

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return a head of residual attention; see `HeadKind.fold`."""
        assert isinstance(module, _ResidualLayer)
        folded = module.weight.detach().double() / scale.double()
        # Attention does not see what is the same at all places, and its weights add up to 1.
        shift = (1 + self.strength) * (folded @ mean.double()).mean(dim=0)
        return ResidualHead(array_of(folded), array_of(module.bias.double() - shift), self.temperatures, self.strength)


class _ResidualLayer(nn.Module):
    def __init__(self, kind: ResidualAttention, width: int, bias: Tensor) -> None:
        super().__init__()
        self.kind = kind
        self.weight = nn.Parameter(torch.zeros(len(kind.temperatures), len(bias), width))
        self.bias = nn.Parameter(bias.clone())

    def forward(self, maps: Tensor) -> Tensor:
        return in_blocks(self._attend, maps, 4 * self.weight.shape[0] * maps.shape[1] * self.weight.shape[1])

    def _attend(self, maps: Tensor) -> Tensor:
        logits = []
        for temperature, weight in zip(self.kind.temperatures, self.weight, strict=True):
            said = nn.functional.linear(maps, weight)  # (n, places, labels)
            if math.isinf(temperature):
                attended = said.amax(dim=1)
            else:
                attended = (torch.softmax(temperature * said, dim=1) * said).sum(dim=1)
            logits.append(said.mean(dim=1) + self.kind.strength * attended)
        return torch.stack(logits).mean(dim=0) + self.bias


@dataclass(frozen=True, eq=False)
class ResidualHead:
    """What `ResidualAttention` learned, over raw maps.

    Attributes:
        weight: float32, shape (temperatures, labels, width).
        bias: float32, shape (labels,).
        temperatures: One for each block of weights.
        strength: How much the attention counts beside the mean over places.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperatures: tuple[float, ...]
    strength: float
    reads_maps: ClassVar[bool] = True

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.bias)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw maps (marks, places, width)."""
        logits = np.empty((len(features), self.labels), dtype=np.float32)
        for rows in blocks(len(features), features.shape[1] * max(self.labels, features.shape[2])):
            logits[rows] = self.at_places(features[rows]).mean(axis=1)
        return logits

    def at_places(self, maps: NDArray[Any]) -> NDArray[np.float32]:
        """Return what each place says for each label, (marks, places, labels); the mean over places is the logit."""
        raw = maps.astype(np.float32)
        total = np.zeros((*raw.shape[:2], self.labels), dtype=np.float32)
        for temperature, weight in zip(self.temperatures, self.weight, strict=True):
            said = raw @ weight.T
            best = said.max(axis=1, keepdims=True)
            near = (said >= best) if math.isinf(temperature) else np.exp(np.float32(temperature) * (said - best))
            share = near / near.sum(axis=1, keepdims=True, dtype=np.float32)
            total += said * (1 + np.float32(self.strength * raw.shape[1]) * share)
        total /= np.float32(len(self.temperatures))
        total += self.bias
        return total

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`."""
        assert features.places is not None, "a trunk without a map has no maps to learn from"
        rows_columns = nodes.constant("flat", np.array([0, -1, self.weight.shape[2]]))
        places = nodes.add("Reshape", features.places, rows_columns)
        along = nodes.constant("along", np.array([1]))
        size = nodes.add("Shape", places, attributes={"start": 1, "end": 2})
        gain = nodes.add(
            "Mul",
            nodes.add("Cast", size, attributes={"to": FLOAT}),
            nodes.constant("strength", np.array([self.strength / len(self.temperatures)], dtype=np.float32)),
        )
        usual = nodes.constant("usual", np.array([1 / len(self.temperatures)], dtype=np.float32))
        total = nodes.constant("bias", self.bias)
        for at, temperature in enumerate(self.temperatures):
            with nodes.scope(str(at)):
                said = nodes.add("MatMul", places, nodes.constant("weight", self.weight[at].T))
                if math.isinf(temperature):
                    best = nodes.add("ReduceMax", said, along)
                    near = nodes.add("Cast", nodes.add("GreaterOrEqual", said, best), attributes={"to": FLOAT})
                    share = nodes.add("Div", near, nodes.add("ReduceSum", near, along))
                else:
                    heated = said
                    if temperature != 1:
                        warmth = nodes.constant("temperature", np.array([temperature], dtype=np.float32))
                        heated = nodes.add("Mul", said, warmth)
                    share = nodes.add("Softmax", heated, attributes={"axis": 1})
                counted = nodes.add("Add", nodes.add("Mul", share, gain), usual)
                total = nodes.add("Add", nodes.add("Mul", said, counted), total)
        logits = nodes.add("ReduceMean", total, along, attributes={"keepdims": 0})
        shape = nodes.add("Shape", features.places, attributes={"start": 0, "end": 3})
        square = nodes.add("Concat", shape, nodes.constant("labels", np.array([self.labels])), attributes={"axis": 0})
        return Written(logits, said=nodes.add("Reshape", total, square))
