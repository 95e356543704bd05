"""Smooth the logits of a linear head over the graph of labels that stand together on marks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.metrics.scores import as_targets
from viennatag.training.heads.exported import LinearHead

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_STEPS = 30
"""Terms of the series; with the largest strength the next one counts for less than 1 in 10⁶."""


@dataclass(frozen=True)
class LabelGraph:
    """A linear head whose logits are smoothed over labels that stand together.

    With S the co-occurrences of two labels over the square root of both degrees, evidence f of all labels becomes
    (1 - strength) (I - strength S)⁻¹ f (Zhou et al. 2004, Learning with Local and Global Consistency), so a rare label
    is helped by what is seen of its companions. Evidence is how far a logit is above the one of the mean mark. The sum
    is linear, so what comes out is one linear head. The strength with the best validation macro average precision is
    taken; 0 leaves the head as it is.

    Attributes:
        strengths: Strengths to choose from besides 0.
    """

    strengths: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.6)
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not all(0 < each <= 0.6 for each in self.strengths):
            raise OptionError(f"strengths of a label graph are {self.strengths}; expected numbers above 0, at most 0.6")

    def smoothed(self, head: LinearHead, mean: NDArray[np.float32], graph: "csr_array", strength: float) -> LinearHead:
        """Return a head with smoothed logits.

        `mean` is that of the features, shape (width,), and `graph` what `label_graph` returned. A strength of 0 gives
        an equal head.
        """
        weight = term = head.weight.astype(np.float64)
        for _ in range(_STEPS if strength else 0):
            term = strength * (graph @ term)
            weight = weight + term
        weight = (1 - strength) * weight
        centre = head.weight.astype(np.float64) @ mean + head.bias
        return LinearHead(weight.astype(np.float32), (centre - weight @ mean).astype(np.float32))


def label_graph(targets: "csr_array") -> "csr_array":
    """Return how often two labels stand together, over the square root of both sums; shape (labels, labels)."""
    from scipy.sparse import csr_array, diags_array

    positive = as_targets(targets).astype(np.float64)
    together = csr_array(positive.T @ positive)
    together.setdiag(0)
    together.eliminate_zeros()
    degrees = np.asarray(together.sum(axis=1)).ravel()
    inverse = diags_array(np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0.0))
    return csr_array(inverse @ together @ inverse)
