"""Class-specific residual attention: each label attends to the positions where it is most likely.

A device in a corner of a mark changes the mean over all positions little, so a mean weighted towards the positions with
the highest logits for the label is added (Zhu and Wu 2021, Residual attention: a simple but effective method for
multi-label recognition, arXiv 2108.02456). The contribution of each position is known, so the heat map stays exact.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.training.heads.export import ExportedHead, HeadInputs, HeadOutputs, Nodes
from viennatag.training.heads.exported import FLOAT, BiasedHead
from viennatag.training.heads.heads import to_array

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class ResidualAttention:
    """`bias + mean over temperatures T of (mean over positions p of s_p + strength · Σ_p softmax_p(T s_p) s_p)`.

    s_p is `weight @ x_p` for the label and the temperature, x_p the features at the position. With an infinite
    temperature the attention is all on the best position. Three things differ from the paper: temperatures are averaged
    instead of added, so that the learning rate does not depend on their number; weights are not divided by their
    length; and the bias is outside of the attention. With strength 0 it is `Linear`.

    Attributes:
        temperatures: Of the attention heads, each with weights of its own.
        strength: Weight of the attention beside the mean over positions, λ in the paper.
    """

    temperatures: tuple[float, ...] = (1.0,)
    strength: float = 0.5
    reads_feature_maps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.temperatures or not all(each > 0 for each in self.temperatures):
            raise OptionError(
                f"temperatures of residual attention are {self.temperatures}; expected at least one, all above 0 (inf "
                "for the best place alone)"
            )
        if not 0 <= self.strength < math.inf:
            raise OptionError(f"strength of residual attention is {self.strength}; expected 0 or more")

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return a layer of residual attention; see `HeadKind.build`."""
        from viennatag.training.heads.layers import ResidualLayer

        return ResidualLayer(width, bias, self.temperatures, self.strength)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a head of residual attention; see `HeadKind.fold`."""
        folded = module.weight.detach().double() / scale.double()
        # Attention ignores what is the same at all positions, and its weights add up to 1.
        shift = (1 + self.strength) * (folded @ mean.double()).mean(dim=0)
        return ResidualHead(to_array(folded), to_array(module.bias.double() - shift), self.temperatures, self.strength)


@dataclass(frozen=True, eq=False)
class ResidualHead(BiasedHead):
    """Trained `ResidualAttention` over raw feature maps.

    Attributes:
        weight: float32, shape (temperatures, labels, width).
        bias: float32, shape (labels,).
        temperatures: One for each block of weights.
        strength: Weight of the attention beside the mean over positions.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    temperatures: tuple[float, ...]
    strength: float
    reads_feature_maps = True

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        assert inputs.spatial is not None, "a backbone without feature maps has none to train on"
        rows_columns = nodes.constant("flat", np.array([0, -1, self.weight.shape[2]]))
        positions = nodes.add("Reshape", inputs.spatial, rows_columns)
        along = nodes.constant("along", np.array([1]))
        size = nodes.add("Shape", positions, attributes={"start": 1, "end": 2})
        gain = nodes.add(
            "Mul",
            nodes.add("Cast", size, attributes={"to": FLOAT}),
            nodes.constant("strength", np.array([self.strength / len(self.temperatures)], dtype=np.float32)),
        )
        usual = nodes.constant("usual", np.array([1 / len(self.temperatures)], dtype=np.float32))
        total = nodes.constant("bias", self.bias)
        for at, temperature in enumerate(self.temperatures):
            with nodes.scope(str(at)):
                local = nodes.add("MatMul", positions, nodes.constant("weight", self.weight[at].T))
                if math.isinf(temperature):
                    best = nodes.add("ReduceMax", local, along)
                    near = nodes.add("Cast", nodes.add("GreaterOrEqual", local, best), attributes={"to": FLOAT})
                    share = nodes.add("Div", near, nodes.add("ReduceSum", near, along))
                else:
                    heated = local
                    if temperature != 1:
                        warmth = nodes.constant("temperature", np.array([temperature], dtype=np.float32))
                        heated = nodes.add("Mul", local, warmth)
                    share = nodes.add("Softmax", heated, attributes={"axis": 1})
                counted = nodes.add("Add", nodes.add("Mul", share, gain), usual)
                total = nodes.add("Add", nodes.add("Mul", local, counted), total)
        logits = nodes.add("ReduceMean", total, along, attributes={"keepdims": 0})
        shape = nodes.add("Shape", inputs.spatial, attributes={"start": 0, "end": 3})
        square = nodes.add("Concat", shape, nodes.constant("labels", np.array([self.labels])), attributes={"axis": 0})
        return HeadOutputs(logits, local_logits=nodes.add("Reshape", total, square))
