"""Losses for incomplete labels: a label that a mark lacks may only be missing from the register.

They change the targets of labels that a mark lacks; the rest is binary cross-entropy. `Hill` and
`SelfPacedCorrection` in `losses` address the same problem by their shape.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.losses.frequencies import log_odds
from viennatag.losses.losses import Loss, Objective, check_hyperparameter

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CoOccurrenceSmoothing(Loss):
    """Binary cross-entropy in which a label that a mark lacks has the target `strength` times the mean of P(j | k).

    k runs over the labels of the mark, and P(j | k) is the share of the marks with k that have j too, counted over
    all batches so far: a label that usually occurs with the given ones is denied less firmly. It is label smoothing
    (Szegedy et al., CVPR 2016) by co-occurrence.

    Attributes:
        strength: About the share of labels that is assumed to be missing, in [0, 1).
    """

    strength: float = 0.3

    def __post_init__(self) -> None:
        check_hyperparameter(0 <= self.strength < 1, "strength", self.strength, "a share between 0 and 1")

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss; it counts co-occurrence during training."""
        import torch

        from viennatag.losses.elementwise import cross_entropy, exact

        together = torch.zeros(len(counts), len(counts))
        occurrences = torch.full((len(counts),), 1e-6)

        def objective(logits: "Tensor", targets: "Tensor", _: float) -> "Tensor":
            x, y = exact(logits, targets)
            if len(y) and self.strength:
                flat = y.detach().float()
                together.addmm_(flat.T, flat)
                occurrences.add_(flat.sum(0))
                smoothed = (flat / occurrences) @ together / flat.sum(1, keepdim=True).clamp_min(1)
                y = y + (1 - y) * self.strength * smoothed.clamp(0, 1).to(y)
            return cross_entropy(x, y)

        return objective

    def initial_bias(self, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
        """Return the log-odds of the labels; co-occurrence is not known yet."""
        return log_odds(counts, marks)


@dataclass(frozen=True)
class PositiveUnlabelled(Loss):
    """Binary cross-entropy in which a label that a mark lacks is a positive of weight w and a negative of weight 1 - w.

    With p = sigmoid(x) and c the share of true labels that are given, w = (1 - c) / c · p / (1 - p), at most 1: the
    probability that the label is true though not given. Elkan and Noto, "Learning Classifiers from Only Positive and
    Unlabeled Data", KDD 2008, section 3; w follows the head during training and has no gradient of its own.

    Attributes:
        given: The share c, in (0, 1).
        after: Fraction of training before which nothing is weighted, as p is not informative yet.
    """

    given: float = 0.7
    after: float = 0.2

    def __post_init__(self) -> None:
        check_hyperparameter(0 < self.given < 1, "given", self.given, "a share between 0 and 1")

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss; it does not depend on the counts."""
        from viennatag.losses.elementwise import cross_entropy, exact

        odds = (1 - self.given) / self.given

        def objective(logits: "Tensor", targets: "Tensor", done: float) -> "Tensor":
            x, y = exact(logits, targets)
            if done >= self.after:
                y = y + (1 - y) * (odds * x.detach().exp()).clamp_max(1)
            return cross_entropy(x, y)

        return objective
