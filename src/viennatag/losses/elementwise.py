"""The tensor arithmetic that losses share: what one logit costs against one target.

Below, x is a logit, y its target in [0, 1] and p = sigmoid(x).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


def exact(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float32, in which exponentials are safe, or in float64 if the logits are."""
    x = logits if logits.dtype == torch.float64 else logits.float()
    return x, targets.to(x)


def focal(x: Tensor, y: Tensor, gamma: float) -> Tensor:
    """Return |y - p|^gamma BCE(x, y), element by element.

    For y in {0, 1} it is the focal loss; between, its extension in Li et al., "Generalized Focal Loss",
    NeurIPS 2020.
    """
    cost = binary_cross_entropy_with_logits(x, y, reduction="none")
    return (y - x.sigmoid()).abs().pow(gamma) * cost if gamma else cost


def clipped_negative(x: Tensor, exponent: float, clip: float) -> Tensor:
    """Return -q^exponent log(1 - q) with q = max(p - clip, 0), element by element.

    What a negative costs in the asymmetric loss: Ridnik et al., ICCV 2021. Its slope is given
     in closed form, which takes half the time of tracing the formula.
    """
    cost: Tensor = _ClippedNegative.apply(x, exponent, clip)
    return cost


def total(x: Tensor, y: Tensor, negative: Tensor, positive: Callable[[Tensor], Tensor]) -> Tensor:
    """Return (1 - y) negative + y positive(x), summed over labels, shape (n,).

    Positives are few, so their cost is computed only where y is not 0.
    """
    at = y.nonzero(as_tuple=True)
    return ((1 - y) * negative).index_put_(at, y[at] * positive(x[at]), accumulate=True).sum(1)


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
