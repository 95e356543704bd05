"""A head with a hidden layer, as in the question that began this project."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.training.heads.export import ExportedHead, HeadInputs, HeadOutputs, Nodes
from viennatag.training.heads.exported import BiasedHead

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Hidden:
    """A dense layer, batch normalisation, ReLU and dropout before the logits; it cannot be explained by position.

    Attributes:
        units: Width of the layer.
        dropout: Share of its outputs that are dropped in training.
    """

    units: int = 2048
    dropout: float = 0.5
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.units < 1 or not 0 <= self.dropout < 1:
            raise OptionError(f"{self}: expected at least 1 unit, and a dropout from 0 to less than 1")

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return the layers; see `HeadKind.build`."""
        from torch import nn

        from viennatag.training.heads.layers import linear_layer

        hidden = nn.Linear(width, self.units, bias=False)
        rest = (nn.BatchNorm1d(self.units), nn.ReLU(), nn.Dropout(self.dropout), linear_layer(self.units, bias))
        return nn.Sequential(hidden, *rest)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a head over raw features, with both normalisations folded in; see `HeadKind.fold`."""
        hidden, norm, last = module[0], module[1], module[4]
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double()
        weight = gain[:, None] * hidden.weight.detach().double() / scale.double()
        shift = norm.bias.detach().double() - gain * norm.running_mean.double() - weight @ mean.double()
        return HiddenHead(*(each.detach().float().numpy() for each in (weight, shift, last.weight, last.bias)))


@dataclass(frozen=True, eq=False)
class HiddenHead(BiasedHead):
    """A trained `Hidden` over raw features; all float32.

    Attributes:
        hidden: Shape (units, width).
        hidden_bias: Shape (units,).
        weight: Shape (labels, units).
        bias: Shape (labels,).
    """

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""

        def dense(value: str, weight: str, bias: str) -> str:
            constants = (nodes.constant(f"hidden_{name}", getattr(self, name)) for name in (weight, bias))
            return nodes.add("Gemm", value, *constants, attributes={"transB": 1})

        active = nodes.add("Relu", dense(inputs.pooled, "hidden", "hidden_bias"))
        return HeadOutputs(dense(active, "weight", "bias"))
