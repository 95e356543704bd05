"""Losses for labels that are incomplete: what a mark does not carry may only not have been written down.

They change the targets of labels that a mark lacks and leave the others alone; what remains is binary
cross-entropy. `Hill` and `SelfPacedCorrection` in `losses` answer the same question by their shape.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from viennatag.errors import OptionError
from viennatag.losses.elementwise import exact
from viennatag.losses.frequencies import log_odds
from viennatag.losses.losses import Loss, Objective


@dataclass(frozen=True)
class CoOccurrenceSmoothing(Loss):
    """Binary cross-entropy in which a label that a mark lacks has the target `strength` times the mean of P(j | k).

    k runs over the labels that the mark carries, and P(j | k) is the share of the marks with k that carry j too,
    counted over all batches so far. So a label that usually stands beside those given is denied less firmly.
    Label smoothing (Szegedy et al., CVPR 2016) with a share that the company of a label decides.

    Attributes:
        strength: About the share of labels that is thought to be missing, in [0, 1).
    """

    strength: float = 0.3

    def __post_init__(self) -> None:
        _check_share("strength", self.strength, allow_zero=True)

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss; it counts co-occurrence while it learns."""
        together = torch.zeros(len(counts), len(counts))
        seen = torch.full((len(counts),), 1e-6)

        def objective(logits: Tensor, targets: Tensor, _: float) -> Tensor:
            x, y = exact(logits, targets)
            if len(y) and self.strength:
                flat = y.detach().float()
                together.addmm_(flat.T, flat)
                seen.add_(flat.sum(0))
                beside = (flat / seen) @ together / flat.sum(1, keepdim=True).clamp_min(1)
                y = y + (1 - y) * self.strength * beside.clamp(0, 1).to(y)
            return binary_cross_entropy_with_logits(x, y, reduction="none").sum(1)

        return objective

    def start(self, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
        """Return the log-odds of the labels; nothing is known of their company yet."""
        return log_odds(counts, marks)


@dataclass(frozen=True)
class PositiveUnlabelled(Loss):
    """Binary cross-entropy in which a label that a mark lacks counts as positive with weight w, as negative with 1 - w.

    With p = sigmoid(x) and c the share of true labels that are given, w = (1 - c) / c · p / (1 - p), at most 1: the
    chance that the label is there though it was not given. Elkan and Noto, "Learning Classifiers from Only Positive
    and Unlabeled Data", KDD 2008, section 3; w follows the head as it learns and has no gradient of its own.

    Attributes:
        given: The share c, in (0, 1).
        after: Share of training before which nothing is weighted, as p means nothing yet.
    """

    given: float = 0.7
    after: float = 0.2

    def __post_init__(self) -> None:
        _check_share("given", self.given)

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss; neither argument matters."""
        odds = (1 - self.given) / self.given

        def objective(logits: Tensor, targets: Tensor, done: float) -> Tensor:
            x, y = exact(logits, targets)
            if done >= self.after:
                y = y + (1 - y) * (odds * x.detach().exp()).clamp_max(1)
            return binary_cross_entropy_with_logits(x, y, reduction="none").sum(1)

        return objective


def _check_share(name: str, value: float, *, allow_zero: bool = False) -> None:
    if not (0 < value < 1 or (allow_zero and value == 0)):
        raise OptionError(f"{name} of the loss is {value}; expected a share between 0 and 1")
