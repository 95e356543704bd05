"""Weight deltas: logistic regression whose penalty is the distance to the weights before it, not to zero.

What the new marks say nothing about stays (L2-SP; Li, Grandvalet and Davoine 2018, "Explicit Inductive Bias for
Transfer Learning with Convolutional Networks", arXiv 1802.01483). It is convex, so there is nothing random.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.losses.exclusive import exclusive_log_odds
from viennatag.training.heads.trainer import standardise_columns

STRENGTHS = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Of the penalty, where the inputs of a mark have about length 1: with 1, a mark moves its own logit by at most 2."""
DIRECTIONS = 256
"""Weights move along at most this many main directions of the new marks."""
_STEPS = 60


@dataclass(frozen=True, eq=False)
class Directions:
    """Main directions of head inputs, along which weights move: `(inputs - mean) @ axes`, about length 1 on average.

    Attributes:
        mean: Shape (channels,).
        scale: How much each channel varies, shape (channels,).
        axes: Shape (channels, directions).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    axes: NDArray[np.float32]

    @classmethod
    def of(cls, seen: NDArray[np.float32]) -> "Directions":
        """Return the main directions of standardised channels; `seen` has the shape (marks, channels)."""
        mean, scale = (each.numpy() for each in standardise_columns(seen))
        standard = (seen - mean) / scale
        _, lengths, axes = np.linalg.svd(standard, full_matrices=False)
        count = max(1, min(DIRECTIONS, int(np.count_nonzero(lengths > 1e-4 * lengths[0]))))
        length = float(np.sqrt(np.mean(np.square(standard).sum(axis=1)))) or 1.0
        return cls(mean, scale, np.asarray(axes[:count].T / (scale[:, None] * length), dtype=np.float32))

    def __call__(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return inputs (marks, directions + 1), the last of them 1 for the bias; further channels are passed over."""
        inputs = (seen[:, : len(self.mean)] - self.mean) @ self.axes
        return np.concatenate([inputs, np.ones((len(seen), 1), dtype=np.float32)], axis=1)

    def unfold(self, deltas: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the changes of weight (labels, channels) and bias (labels,); deltas are (labels, directions + 1)."""
        weight = deltas[:, :-1].astype(np.float64) @ self.axes.T.astype(np.float64)
        return weight, deltas[:, -1] - weight @ self.mean


def fit_weight_deltas(
    inputs: NDArray[np.float32],
    start: NDArray[Any],
    truth: NDArray[Any],
    weights: NDArray[Any],
    *,
    strengths: Sequence[float] = STRENGTHS,
    exclusive: ExclusiveGroups | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Yield, for each strength of the penalty, deltas of shape (labels, inputs).

    They make `sum(weights * cross_entropy(sigmoid(start + inputs @ deltas.T), truth)) + strength / 2 * |deltas|²`
    least. Each strength starts at what the one before reached. `inputs` are what `Directions` returns; the other arrays
    have the shape (marks, labels), `start` holding calibrated logits. The strongest penalty comes first. In exclusive
    groups a softmax takes the place of the sigmoid.
    """
    shown, now, true, counts = (
        torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in (inputs, start, truth, weights)
    )
    deltas = torch.zeros((now.shape[1], shown.shape[1]), requires_grad=True)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    for strength in strengths:
        optimizer = torch.optim.LBFGS(
            [deltas], max_iter=_STEPS, tolerance_grad=1e-4, tolerance_change=1e-6, line_search_fn="strong_wolfe"
        )

        def cost(optimizer: torch.optim.Optimizer = optimizer, strength: float = strength) -> torch.Tensor:
            optimizer.zero_grad()
            moved = now + shown @ deltas.T
            moved = exclusive_log_odds(moved, exclusive) if exclusive else moved
            lost = entropy(moved, true, weight=counts, reduction="sum")
            total = lost + strength / 2 * deltas.square().sum()
            total.backward()
            return total

        optimizer.step(cost)
        yield deltas.detach().numpy().copy()


def log_loss(logits: NDArray[Any], truth: NDArray[Any], weights: NDArray[Any]) -> float:
    """Return the weighted sum of the cross-entropy of `sigmoid(logits)` and what is true; all of one shape."""
    return float(np.sum(weights * (np.logaddexp(0, logits) - truth * logits)))
