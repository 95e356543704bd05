"""What a head is trained to make small: one loss per answer to imbalance.

A loss holds its hyperparameters; `prepare` looks once at how often each label occurs and gives the
function that training calls on every batch. Below, x is a logit, y its target (between 0 and 1 after
mixup), p = sigmoid(x), softplus(x) = log(1 + exp(x)), n the training positives of a label and N the
training marks. Exponentials are taken in float32 or better.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from viennatag.errors import OptionError
from viennatag.losses.elementwise import clipped_negative, exact, focal, total
from viennatag.losses.frequencies import effective_weights, inverse_weights, log_odds

Objective = Callable[[Tensor, Tensor, float], Tensor]
"""(logits (n, labels), targets (n, labels), share of training done in [0, 1]) -> loss of each mark, (n,)."""


class Loss(Protocol):
    """What the losses of this module have in common."""

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the function to minimise, the sum over labels for each mark.

        Args:
            counts: Training positives of each label, shape (labels,).
            marks: Training marks.
        """
        ...

    def start(self, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
        """Return the logits, shape (labels,), at which a head should start.

        They are the best answer that ignores the image: for binary cross-entropy the log-odds of the labels, for
        others far from it. A bias that starts several units off is not caught up in a short training.
        """
        return best_constant(self.prepare(counts, marks), counts, marks)


def best_constant(objective: Objective, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
    """Return for each label the logit that costs least if every mark were given it, within -20 to 20.

    The zero of the slope of the expected cost is found by bisection. The loss must treat labels independently.
    """
    share = torch.from_numpy((counts + 0.5) / (marks + 1.0))
    low, high = torch.full_like(share, -20.0), torch.full_like(share, 20.0)
    truth = torch.stack([torch.ones_like(share), torch.zeros_like(share)])
    for _ in range(40):
        middle = (low + high) / 2
        logits = middle.expand(2, -1).clone().requires_grad_()
        (slope,) = torch.autograd.grad(objective(logits, truth, 0.0).sum(), logits)
        rising = share * slope[0] + (1 - share) * slope[1] > 0
        low, high = torch.where(rising, low, middle), torch.where(rising, middle, high)
    return np.asarray((low + high) / 2)


class _CountFree(Loss, Protocol):
    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss; neither argument matters."""
        return self._objective

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor: ...


def _check(sensible: bool, name: str, value: object, expected: str) -> None:
    if not sensible:
        raise OptionError(f"{name} of the loss is {value}; expected {expected}")


def _check_exponent(name: str, value: float) -> None:
    _check(value == 0 or value >= 1, name, value, "0 or at least 1, between which the gradient is not finite")


@dataclass(frozen=True)
class BinaryCrossEntropy(_CountFree):
    """y softplus(-x) + (1 - y) softplus(x): every label of every mark counts the same."""

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        return binary_cross_entropy_with_logits(*exact(logits, targets), reduction="none").sum(1)


@dataclass(frozen=True)
class WeightedBinaryCrossEntropy(Loss):
    """w y softplus(-x) + (1 - y) softplus(x), with a weight w for each label.

    Only positives are weighted: a weight on all of a label's cost would do nothing to a head that gives each
    label its own row, since Adam divides every gradient by its size.

    Attributes:
        weights: `inverse` to the count, or inverse to the `effective` number of marks (Cui et al. 2019).
        beta: Of the effective number, in (0, 1): counts above 1 / (1 - beta) weigh nearly the same.
        cap: No weight is above this, or below one over it.
    """

    weights: Literal["inverse", "effective"] = "inverse"
    beta: float = 0.999
    cap: float = 10.0

    def __post_init__(self) -> None:
        _check(self.weights in ("inverse", "effective"), "weights", self.weights, "'inverse' or 'effective'")
        _check(0 < self.beta < 1, "beta", self.beta, "a number between 0 and 1")
        _check(self.cap >= 1, "cap", self.cap, "at least 1")

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss with the weights that the counts give."""
        inverse = self.weights == "inverse"
        chosen = (
            inverse_weights(counts, cap=self.cap) if inverse else effective_weights(counts, self.beta, cap=self.cap)
        )
        weights = torch.from_numpy(chosen)

        def objective(logits: Tensor, targets: Tensor, _: float) -> Tensor:
            x, y = exact(logits, targets)
            return binary_cross_entropy_with_logits(x, y, pos_weight=weights.to(x), reduction="none").sum(1)

        return objective


@dataclass(frozen=True)
class Focal(_CountFree):
    """y (1 - p)^gamma softplus(-x) + (1 - y) p^gamma softplus(x): what is easy counts less.

    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, without its weight alpha.

    Attributes:
        gamma: 0, which is binary cross-entropy, or at least 1.
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_exponent("gamma", self.gamma)

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        return focal(*exact(logits, targets), self.gamma).sum(1)


@dataclass(frozen=True)
class Asymmetric(_CountFree):
    """y (1 - p)^a softplus(-x) - (1 - y) q^b log(1 - q), with q = max(p - clip, 0).

    Easy negatives, of which a rare label has thousands, count less than easy positives (b > a), and below
    `clip` not at all. Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021. The gradient
    is that of this formula. The switch in the authors' code that takes (1 - p)^a and q^b for constants is not
    offered: it follows the gradient of no loss.

    Attributes:
        positive: The exponent a, 0 or at least 1.
        negative: The exponent b, 0 or at least 1.
        clip: Probability taken off negatives, in [0, 1).
    """

    positive: float = 0.0
    negative: float = 4.0
    clip: float = 0.05

    def __post_init__(self) -> None:
        _check_exponent("positive", self.positive)
        _check_exponent("negative", self.negative)
        _check(0 <= self.clip < 1, "clip", self.clip, "a probability below 1")

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        x, y = exact(logits, targets)
        negative = clipped_negative(x, self.negative, self.clip)
        return total(x, y, negative, lambda x: softplus(-x) * (-x).sigmoid().pow(self.positive))


@dataclass(frozen=True)
class DistributionBalanced(Loss):
    """r |y - s|^gamma (y softplus(-z) + (1 - y) softplus(scale z) / scale), z = x + shift log(n / (N - n)).

    s is sigmoid(z) of a positive and sigmoid(scale z) of a negative. Two ideas: a mark with common labels is
    seen more often than its rare label alone would ask for, so r = smooth(w / (sum of w over the mark's labels))
    with w = 1/n and smooth(u) = floor + sigmoid(slope (u - centre)); and negatives are tolerated once they are
    below a bound that is lower the rarer the label. Wu et al., "Distribution-Balanced Loss for Multi-Label
    Classification in Long-Tailed Datasets", ECCV 2020, with its focal base.

    Attributes:
        floor: Least weight r.
        slope: How sharply r separates.
        centre: Where r is in the middle, as a share of a mark's labels.
        shift: How far the log-odds of the label move its logit.
        scale: How sharply a negative is pushed down; its gradient is that of a positive times the same.
        gamma: Of the focal base, 0 or at least 1.
    """

    floor: float = 0.1
    slope: float = 10.0
    centre: float = 0.2
    shift: float = 0.05
    scale: float = 2.0
    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check(self.floor >= 0, "floor", self.floor, "at least 0")
        _check(self.scale > 0, "scale", self.scale, "more than 0")
        _check_exponent("gamma", self.gamma)

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss with the weights and shifts that the counts give."""
        shift = torch.from_numpy(self.shift * log_odds(counts, marks))
        rarity = torch.from_numpy(1 / np.maximum(counts, 1))

        def objective(logits: Tensor, targets: Tensor, _: float) -> Tensor:
            x, y = exact(logits, targets)
            rare = rarity.to(x)
            expected = (y @ rare).clamp_min(1e-12)  # of a mark without labels: its weights are then the greatest
            weight = self.floor + torch.sigmoid(self.slope * (rare / expected[:, None] - self.centre))
            steepness = self.scale + (1 - self.scale) * y
            cost = focal((x + shift.to(x)) * steepness, y, self.gamma)
            return (cost * weight / steepness).sum(1)

        return objective

    def start(self, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
        """Return where the loss of a typical mark is least: the weights, which depend on all labels, left out."""
        return best_constant(replace(self, slope=0.0).prepare(counts, marks), counts, marks)


@dataclass(frozen=True)
class LabelDistributionAware(Loss):
    """Binary cross-entropy of x - margin (least n / n)^(1/4) y: positives of rare labels must win by more.

    Late in training, positives are weighted by the effective number besides ("deferred reweighting"), once the
    features or weights that a rare label needs are there. Cao et al., "Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss", NeurIPS 2019, in its sigmoid form. The paper multiplies cosine
    similarities by 30, so its greatest margin of 0.5 is 15 logits there; here the margin is in logits.

    Attributes:
        margin: Of the rarest label, in logits.
        defer: Share of training after which positives are weighted; above 1 means never.
        beta: Of the effective number, in (0, 1).
        cap: No weight is above this, or below one over it; low, since a late jump in weights moves all scores.
    """

    margin: float = 2.0
    defer: float = 0.8
    beta: float = 0.999
    cap: float = 3.0

    def __post_init__(self) -> None:
        _check(self.margin >= 0, "margin", self.margin, "at least 0")
        _check(0 < self.beta < 1, "beta", self.beta, "a number between 0 and 1")
        _check(self.cap >= 1, "cap", self.cap, "at least 1")

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss with the margins and weights that the counts give."""
        present = np.maximum(counts, 1)
        margins = torch.from_numpy(self.margin * (present.min() / present) ** 0.25)
        weights = torch.from_numpy(effective_weights(counts, self.beta, cap=self.cap))

        def objective(logits: Tensor, targets: Tensor, done: float) -> Tensor:
            x, y = exact(logits, targets)
            late = weights.to(x) if done >= self.defer else None
            return binary_cross_entropy_with_logits(x - margins.to(x) * y, y, pos_weight=late, reduction="none").sum(1)

        return objective


@dataclass(frozen=True)
class LogitAdjusted(Loss):
    """Binary cross-entropy of x + tau log(n / (N - n)): the prior is supplied, so x need only say what differs.

    Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021, whose softmax over classes becomes one
    binary choice for each label. What it means here: a shift that is the same for every mark leaves the order
    of marks within a label, and so macro average precision, as it is; in a head with a bias for each label the
    bias takes it up whole. What changes is the order of labels within a mark, rare ones rising, and so micro
    average precision and top-k. A logit is then no log-odds: at tau = 1 its sigmoid is the probability if the
    label were on half of all marks, and must be calibrated before it is a score.

    Attributes:
        tau: How much of the prior is supplied; 0 is binary cross-entropy.
    """

    tau: float = 1.0

    def prepare(self, counts: NDArray[np.int64], marks: int) -> Objective:
        """Return the loss with the log-odds that the counts give."""
        shift = torch.from_numpy(self.tau * log_odds(counts, marks))

        def objective(logits: Tensor, targets: Tensor, _: float) -> Tensor:
            x, y = exact(logits, targets)
            return binary_cross_entropy_with_logits(x + shift.to(x), y, reduction="none").sum(1)

        return objective


@dataclass(frozen=True)
class Hill(_CountFree):
    """y (1 - m)^gamma (-log m) + (1 - y) (height - p) p^2, with m = sigmoid(x - margin).

    The cost of a negative flattens like a hilltop where p is high, because a confident "yes" to a label that
    nobody gave is often right. Zhang et al., "Simple and Robust Loss Design for Multi-Label Learning with
    Missing Labels", arXiv 2112.07368.

    Attributes:
        height: Called lambda in the paper; at 1.5 the slope over p is 3 p (1 - p), nothing at p = 1.
        margin: How much further than it would be a positive is pushed, in logits.
        gamma: Of the focal weight of positives, 0 or at least 1.
    """

    height: float = 1.5
    margin: float = 1.0
    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_exponent("gamma", self.gamma)

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        x, y = exact(logits, targets)
        p = x.sigmoid()

        def positive(x: Tensor) -> Tensor:
            short = self.margin - x
            return softplus(short) * short.sigmoid().pow(self.gamma)

        return total(x, y, (self.height - p) * p.square(), positive)


@dataclass(frozen=True)
class SelfPacedCorrection(_CountFree):
    """Focal loss with a margin for positives, in which a confident negative comes to count as a positive.

    x is x - margin y; once training has begun, a target becomes 1 where sigmoid(x) > threshold. "SPLC" of Zhang
    et al., "Simple and Robust Loss Design for Multi-Label Learning with Missing Labels", arXiv 2112.07368.

    Attributes:
        threshold: Probability above which a missing label is believed to be there.
        after: Share of training before which nothing is corrected (one epoch in the paper).
        margin: In logits.
        gamma: Of the focal weight, 0 or at least 1.
    """

    threshold: float = 0.6
    after: float = 0.1
    margin: float = 1.0
    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check(0 < self.threshold < 1, "threshold", self.threshold, "a probability between 0 and 1")
        _check_exponent("gamma", self.gamma)

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        x, y = exact(logits, targets)
        x = x - self.margin * y
        if done >= self.after:
            y = y.masked_fill(x.sigmoid() > self.threshold, 1.0)
        return focal(x, y, self.gamma).sum(1)


@dataclass(frozen=True)
class TwoWay(_CountFree):
    """softplus(a log sum exp(-x+ / a) + b log sum exp(x- / b)) over each mark and over each label.

    x+ are the logits of positives and x- those of negatives: once among the labels of a mark, once among the
    marks of a label in the batch, so that positives are ranked above negatives both ways. The means of both
    are added; what is without a positive is left out. A target between 0 and 1 stands on both sides, with y and
    1 - y before the exponential. Kobayashi, "Two-Way Multi-Label Loss", CVPR 2023.

    The loss of the labels is the batch's, given to its marks in equal parts; a rare label is in few batches, so
    this loss wants large ones.

    Attributes:
        positive: Temperature a; above 1 it listens to more than the hardest positive.
        negative: Temperature b.
    """

    positive: float = 4.0
    negative: float = 1.0

    def __post_init__(self) -> None:
        _check(self.positive > 0, "positive", self.positive, "a temperature above 0")
        _check(self.negative > 0, "negative", self.negative, "a temperature above 0")

    def _objective(self, logits: Tensor, targets: Tensor, done: float) -> Tensor:
        x, y = exact(logits, targets)
        wanted = (-x / self.positive).clamp(-60, 60).exp() * y  # so kept, it serves both directions
        unwanted = (x / self.negative).clamp(-60, 60).exp() * (1 - y)

        def ranked(axis: int) -> Tensor:
            there = (y > 0).any(axis)
            least = 1e-30  # below exp(-60): where nothing is wanted, or nothing unwanted
            low, high = (side.sum(axis).clamp_min(least).log() for side in (wanted, unwanted))
            gap = self.positive * low + self.negative * high
            return softplus(gap) * there * (len(there) / there.sum().clamp_min(1))

        return ranked(1) + ranked(0).mean()

    def start(self, counts: NDArray[np.int64], marks: int) -> NDArray[np.float64]:
        """Return the log-odds of the labels; a loss that ties labels together has no best constant for each."""
        return log_odds(counts, marks)
