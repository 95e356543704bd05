"""The tensor arithmetic that losses share, and the only module of losses that imports torch at the top.

Below, x is a logit, y its target in [0, 1] and p = sigmoid(x).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from viennatag.losses.frequencies import MarkCount

CERTAIN = -1e4
"""The logit of a certain negative: its exponential and its loss are 0 in float32."""


def exact(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float32, in which exponentials are safe, or in float64 if the logits are."""
    x = logits if logits.dtype == torch.float64 else logits.float()
    return x, targets.to(x)


def leave_out_unknown(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits and targets of which unknown pairs (-1 or NaN) add nothing to any loss, and which are known.

    An unknown pair becomes a negative that nobody could be surer of, so its loss and its gradient are 0.
    """
    known = targets >= 0
    if known.all():
        return logits, targets, known
    return logits.masked_fill(~known, CERTAIN), targets.masked_fill(~known, 0), known


def cross_entropy(x: Tensor, y: Tensor, positive_weights: Tensor | None = None) -> Tensor:
    """Return the binary cross-entropy, summed over labels, shape (n,)."""
    return binary_cross_entropy_with_logits(x, y, pos_weight=positive_weights, reduction="none").sum(1)


def shifted_cross_entropy(
    *,
    shift: NDArray[np.float64] | None = None,
    margins: NDArray[np.float64] | None = None,
    positive_weights: NDArray[np.float64] | None = None,
    weighted_from: float = 0.0,
) -> Callable[[Tensor, Tensor, float], Tensor]:
    """Return the function from logits x, targets y and the fraction of training done to BCE(x + shift - margins y, y).

    Shift, margins and weights of positives have the shape (labels,). Positives are weighted once the fraction
    `weighted_from` of training is done.
    """

    def objective(logits: Tensor, targets: Tensor, done: float) -> Tensor:
        x, y = exact(logits, targets)
        z = x if shift is None else x + torch.from_numpy(shift).to(x)
        z = z if margins is None else z - torch.from_numpy(margins).to(x) * y
        weighted = positive_weights is not None and done >= weighted_from
        return cross_entropy(z, y, torch.from_numpy(positive_weights).to(x) if weighted else None)

    return objective


def focal(x: Tensor, y: Tensor, gamma: float) -> Tensor:
    """Return |y - p|^gamma BCE(x, y), elementwise.

    For y in {0, 1} it is the focal loss; between them its extension in Li et al., "Generalized Focal Loss",
    NeurIPS 2020.
    """
    cost = binary_cross_entropy_with_logits(x, y, reduction="none")
    return (y - x.sigmoid()).abs().pow(gamma) * cost if gamma else cost


def clipped_negative(x: Tensor, exponent: float, clip: float) -> Tensor:
    """Return -q^exponent log(1 - q) with q = max(p - clip, 0), elementwise: the asymmetric loss of negatives.

    Ridnik et al., ICCV 2021. Its gradient is given in closed form, which takes half the time of autograd.
    """
    cost: Tensor = _ClippedNegative.apply(x, exponent, clip)
    return cost


def with_focal_positives(x: Tensor, y: Tensor, negative: Tensor, gamma: float, margin: float = 0.0) -> Tensor:
    """Return (1 - y) negative - y (1 - m)^gamma log m with m = sigmoid(x - margin), summed over labels, shape (n,).

    Positives are few, so their loss is computed only where y is not 0.
    """
    at = y.nonzero(as_tuple=True)
    short = margin - x[at]
    positive = softplus(short) * short.sigmoid().pow(gamma)
    return ((1 - y) * negative).index_put_(at, y[at] * positive, accumulate=True).sum(1)


def best_constant(
    objective: Callable[[Tensor, Tensor, float], Tensor], counts: NDArray[np.int64], marks: MarkCount
) -> NDArray[np.float64]:
    """Return for each label the logit, within -20 to 20, with the least loss if every mark gets it.

    The root of the gradient of the expected loss is found by bisection. The loss must treat labels independently.
    """
    positive = torch.from_numpy((counts + 0.5) / (marks + 1.0))
    low, high = torch.full_like(positive, -20.0), torch.full_like(positive, 20.0)
    targets = torch.stack([torch.ones_like(positive), torch.zeros_like(positive)])
    for _ in range(40):
        middle = (low + high) / 2
        logits = middle.expand(2, -1).clone().requires_grad_()
        (slope,) = torch.autograd.grad(objective(logits, targets, 0.0).sum(), logits)
        rising = positive * slope[0] + (1 - positive) * slope[1] > 0
        low, high = torch.where(rising, low, middle), torch.where(rising, middle, high)
    return np.asarray((low + high) / 2)


class _ClippedNegative(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, exponent: float, clip: float) -> Tensor:
        p = x.sigmoid()
        q = (p - clip).relu_()
        rest = 1 - q if clip else (-x).sigmoid().clamp_min_(1e-30)  # 1 - q, exact where p rounds to 1
        surprise = -rest.log()
        less = q.pow(exponent - 1) if exponent else torch.zeros_like(q)
        weight = less * q if exponent else torch.ones_like(q)
        slope = weight / rest + exponent * less * surprise
        ctx.save_for_backward(slope.mul_(p * (1 - p if clip else rest)).masked_fill_(q == 0, 0))
        return weight * surprise

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope, None, None
