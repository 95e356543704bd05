"""Losses for multi-label training, one per answer to imbalance or missing labels; listing them needs no torch.

A loss is a set of hyperparameters. `prepare` takes the label counts and returns the function to minimise. Below, x is
a logit, y its target (between 0 and 1 after mixup), p = sigmoid(x), softplus(x) = log(1 + exp(x)), n the training
positives of a label and N the number of training marks. Exponentials are computed in float32 or better.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.losses.frequencies import MarkCount, effective_weights, inverse_weights, log_odds

if TYPE_CHECKING:
    from torch import Tensor

Objective: TypeAlias = "Callable[[Tensor, Tensor, float], Tensor]"
"""(logits (n, labels), targets (n, labels), fraction of training done in [0, 1]) -> loss of each mark, (n,)."""


class Loss(Protocol):
    """The interface of all losses."""

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the function to minimise: the sum over labels for each mark.

        Args:
            counts: Training positives of each label, shape (labels,).
            marks: Number of training marks, or, where labels are unknown on some, of those on which each is known.
        """
        ...

    def initial_bias(self, counts: NDArray[np.int64], marks: MarkCount) -> NDArray[np.float64]:
        """Return the bias, shape (labels,), that a head should start with.

        It is the best answer that ignores the image: for binary cross-entropy the log-odds of the labels, for other
        losses far from it. A short training does not make up for a bias that starts several units off.
        """
        from viennatag.losses.elementwise import best_constant

        return best_constant(self.prepare(counts, marks), counts, marks)

    def __call__(self, logits: "Tensor", targets: "Tensor") -> "Tensor":
        """Return the mean over marks and labels, as the module of the same name does.

        Raises:
            OptionError: If the loss depends on label counts; the message names the module that takes them.
        """
        if needs_counts(type(self)):
            name = f"viennatag.losses.{type(self).__name__}Loss"
            raise OptionError(f"this loss depends on how frequent labels are; use {name}.from_targets(...)")
        return self.prepare(np.zeros(logits.shape[1], np.int64), 1)(logits, targets, 1.0).mean() / logits.shape[1]


class _CountFree(Loss, Protocol):
    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss; it does not depend on the counts."""
        from viennatag.losses.elementwise import exact

        return lambda logits, targets, done: self._cost(*exact(logits, targets), done)

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor": ...


def needs_counts(kind: type) -> bool:
    """Return whether a kind of loss depends on the label counts."""
    return _CountFree not in kind.__mro__ and kind is not CoOccurrenceSmoothing


def _check(valid: bool, name: str, value: object, expected: str) -> None:
    if not valid:
        raise OptionError(f"{name} of the loss is {value}; expected {expected}")


def _check_exponent(name: str, value: float) -> None:
    expected = "0 or at least 1; between them the gradient is not finite"
    _check(value == 0 or value >= 1, name, value, expected)


@dataclass(frozen=True)
class BinaryCrossEntropy(_CountFree):
    """y softplus(-x) + (1 - y) softplus(x): every label of every mark has the same weight."""

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import cross_entropy

        return cross_entropy(x, y)


@dataclass(frozen=True)
class WeightedBinaryCrossEntropy(Loss):
    """w y softplus(-x) + (1 - y) softplus(x), with a weight w for each label.

    Only positives are weighted: a weight on the whole loss of a label has no effect on a head that gives each label
    its own row, since Adam divides every gradient by its size.

    Attributes:
        weights: `inverse` to the count, or inverse to the `effective` number of marks (Cui et al. 2019).
        beta: Of the effective number, in (0, 1): counts above 1 / (1 - beta) have nearly the same weight.
        cap: Weights are clipped to [1 / cap, cap].
    """

    weights: Literal["inverse", "effective"] = "inverse"
    beta: float = 0.999
    cap: float = 10.0

    def __post_init__(self) -> None:
        _check(self.weights in {"inverse", "effective"}, "weights", self.weights, "'inverse' or 'effective'")
        _check(0 < self.beta < 1, "beta", self.beta, "a number between 0 and 1")
        _check(self.cap >= 1, "cap", self.cap, "at least 1")

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss with the weights of these counts."""
        from viennatag.losses.elementwise import shifted_cross_entropy

        if self.weights == "inverse":
            return shifted_cross_entropy(positive_weights=inverse_weights(counts, cap=self.cap))
        return shifted_cross_entropy(positive_weights=effective_weights(counts, self.beta, cap=self.cap))


@dataclass(frozen=True)
class Focal(_CountFree):
    """y (1 - p)^gamma softplus(-x) + (1 - y) p^gamma softplus(x): easy labels have less weight.

    Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, without its weight alpha.

    Attributes:
        gamma: 0, which is binary cross-entropy, or at least 1.
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_exponent("gamma", self.gamma)

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import focal

        return focal(x, y, self.gamma).sum(1)


@dataclass(frozen=True)
class Asymmetric(_CountFree):
    """y (1 - p)^a softplus(-x) - (1 - y) q^b log(1 - q), with q = max(p - clip, 0).

    Easy negatives, of which a rare label has thousands, have less weight than easy positives (b > a), and none below
    `clip`. Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021. The gradient is that of this
    formula; the authors' option to treat (1 - p)^a and q^b as constants is left out, as it is no loss's gradient.

    Attributes:
        positive: The exponent a, 0 or at least 1.
        negative: The exponent b, 0 or at least 1.
        clip: Subtracted from the probability of negatives, in [0, 1).
    """

    positive: float = 0.0
    negative: float = 4.0
    clip: float = 0.05

    def __post_init__(self) -> None:
        _check_exponent("positive", self.positive)
        _check_exponent("negative", self.negative)
        _check(0 <= self.clip < 1, "clip", self.clip, "a probability below 1")

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import clipped_negative, with_focal_positives

        return with_focal_positives(x, y, clipped_negative(x, self.negative, self.clip), self.positive)


@dataclass(frozen=True)
class DistributionBalanced(Loss):
    """r |y - s|^gamma (y softplus(-z) + (1 - y) softplus(scale z) / scale), z = x + shift log(n / (N - n)).

    s is sigmoid(z) of a positive and sigmoid(scale z) of a negative. Two ideas: marks with common labels are seen more
    often than their rare labels need, so r = smooth(w / (sum of w over the mark's labels)) with w = 1/n and
    smooth(u) = floor + sigmoid(slope (u - centre)); and negatives are tolerated below a bound that is lower for rarer
    labels. Wu et al., "Distribution-Balanced Loss for Multi-Label Classification in Long-Tailed Datasets", ECCV 2020,
    with its focal base.

    Attributes:
        floor: Smallest weight r.
        slope: How sharply r separates.
        centre: Where r is halfway, as a fraction of a mark's labels.
        shift: How much of the log-odds of a label is added to its logit.
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

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss with the weights and shifts of these counts."""
        import torch

        from viennatag.losses.elementwise import exact, focal

        shift = torch.from_numpy(self.shift * log_odds(counts, marks))
        rarity = torch.from_numpy(1 / np.maximum(counts, 1))

        def objective(logits: "Tensor", targets: "Tensor", _: float) -> "Tensor":
            x, y = exact(logits, targets)
            rare = rarity.to(x)
            expected = (y @ rare).clamp_min(1e-12)  # a mark without labels has the largest weights
            weight = self.floor + torch.sigmoid(self.slope * (rare / expected[:, None] - self.centre))
            steepness = self.scale + (1 - self.scale) * y
            cost = focal((x + shift.to(x)) * steepness, y, self.gamma)
            return (cost * weight / steepness).sum(1)

        return objective

    def initial_bias(self, counts: NDArray[np.int64], marks: MarkCount) -> NDArray[np.float64]:
        """Return the best constant without the weights, which depend on all labels of a mark."""
        from viennatag.losses.elementwise import best_constant

        return best_constant(replace(self, slope=0.0).prepare(counts, marks), counts, marks)


@dataclass(frozen=True)
class LabelDistributionAware(Loss):
    """Binary cross-entropy of x - margin (least n / n)^(1/4) y: positives of rare labels need a larger margin.

    Late in training, positives are also weighted by the effective number ("deferred reweighting"). Cao et al.,
    "Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss", NeurIPS 2019, in its sigmoid form. The
    paper multiplies cosine similarities by 30, so its largest margin of 0.5 is 15 logits; here the margin is in logits.

    Attributes:
        margin: Of the rarest label, in logits.
        defer: Fraction of training after which positives are weighted; above 1 means never.
        beta: Of the effective number, in (0, 1).
        cap: Weights are clipped to [1 / cap, cap]; it is low, since a late jump in weights moves all scores.
    """

    margin: float = 2.0
    defer: float = 0.8
    beta: float = 0.999
    cap: float = 3.0

    def __post_init__(self) -> None:
        _check(self.margin >= 0, "margin", self.margin, "at least 0")
        _check(0 < self.beta < 1, "beta", self.beta, "a number between 0 and 1")
        _check(self.cap >= 1, "cap", self.cap, "at least 1")

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss with the margins and weights of these counts."""
        from viennatag.losses.elementwise import shifted_cross_entropy

        present = np.maximum(counts, 1)
        return shifted_cross_entropy(
            margins=self.margin * (present.min() / present) ** 0.25,
            positive_weights=effective_weights(counts, self.beta, cap=self.cap),
            weighted_from=self.defer,
        )


@dataclass(frozen=True)
class LogitAdjusted(Loss):
    """Binary cross-entropy of x + tau log(n / (N - n)): the prior is added, so x only learns the difference.

    Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021, with its softmax over classes replaced by one
    binary choice for each label. The same shift for every mark does not change the order of marks within a label, and
    so neither macro average precision; the bias of a head absorbs it. What changes is the order of labels within a
    mark, where rare ones rise, and so micro average precision and top-k. The logit is then no log-odds: at tau = 1 its
    sigmoid is the probability if half of all marks had the label, so it must be calibrated.

    Attributes:
        tau: How much of the prior is added; 0 is binary cross-entropy.
    """

    tau: float = 1.0

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss with the log-odds of these counts."""
        from viennatag.losses.elementwise import shifted_cross_entropy

        return shifted_cross_entropy(shift=self.tau * log_odds(counts, marks))


@dataclass(frozen=True)
class Hill(_CountFree):
    """y (1 - m)^gamma (-log m) + (1 - y) (height - p) p^2, with m = sigmoid(x - margin).

    The loss of a negative flattens where p is high, because a confident "yes" to a label that is not given is often
    right. Zhang et al., "Simple and Robust Loss Design for Multi-Label Learning with Missing Labels",
    arXiv 2112.07368.

    Attributes:
        height: lambda in the paper; at 1.5 the derivative by p is 3 p (1 - p), which is 0 at p = 1.
        margin: By how much more a positive is pushed up, in logits.
        gamma: Of the focal weight of positives, 0 or at least 1.
    """

    height: float = 1.5
    margin: float = 1.0
    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_exponent("gamma", self.gamma)

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import with_focal_positives

        p = x.sigmoid()
        return with_focal_positives(x, y, (self.height - p) * p.square(), self.gamma, self.margin)


@dataclass(frozen=True)
class SelfPacedCorrection(_CountFree):
    """Focal loss with a margin for positives, in which a confident negative becomes a positive.

    x is x - margin y; after the start of training a target becomes 1 where sigmoid(x) > threshold. "SPLC" of Zhang et
    al., "Simple and Robust Loss Design for Multi-Label Learning with Missing Labels", arXiv 2112.07368.

    Attributes:
        threshold: Probability above which a missing label is assumed to be present.
        after: Fraction of training before which nothing is corrected (one epoch in the paper).
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

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import focal

        x = x - self.margin * y
        if done >= self.after:
            y = y.masked_fill(x.sigmoid() > self.threshold, 1.0)
        return focal(x, y, self.gamma).sum(1)


@dataclass(frozen=True)
class TwoWay(_CountFree):
    """softplus(a log sum exp(-x+ / a) + b log sum exp(x- / b)) over each mark and over each label.

    x+ are the logits of positives and x- those of negatives: among the labels of a mark, and among the marks of a
    label in the batch, so that positives rank above negatives both ways. The two means are added; rows and columns
    without a positive are left out. A target between 0 and 1 is on both sides, with weights y and 1 - y. Kobayashi,
    "Two-Way Multi-Label Loss", CVPR 2023.

    The loss over labels belongs to the batch and is shared equally by its marks; a rare label is in few batches, so
    this loss needs large ones.

    Attributes:
        positive: Temperature a; above 1 not only the hardest positive counts.
        negative: Temperature b.
    """

    positive: float = 4.0
    negative: float = 1.0

    def __post_init__(self) -> None:
        _check(self.positive > 0, "positive", self.positive, "a temperature above 0")
        _check(self.negative > 0, "negative", self.negative, "a temperature above 0")

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from torch.nn.functional import softplus

        wanted = (-x / self.positive).clamp(-60, 60).exp() * y  # shared by both directions
        unwanted = (x / self.negative).clamp(-60, 60).exp() * (1 - y)

        def ranked(axis: int) -> "Tensor":
            present = (y > 0).any(axis)
            # A side without entries has less than exp(-60).
            low, high = (side.sum(axis).clamp_min(1e-30).log() for side in (wanted, unwanted))
            gap = self.positive * low + self.negative * high
            return softplus(gap) * present * (len(present) / present.sum().clamp_min(1))

        return ranked(1) + ranked(0).mean()

    def initial_bias(self, counts: NDArray[np.int64], marks: MarkCount) -> NDArray[np.float64]:
        """Return the log-odds of the labels; a loss that joins labels has no best constant for each."""
        return log_odds(counts, marks)


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
        _check(0 <= self.strength < 1, "strength", self.strength, "a share between 0 and 1")

    def prepare(self, counts: NDArray[np.int64], marks: MarkCount) -> Objective:
        """Return the loss; it counts co-occurrence during training."""
        import torch

        from viennatag.losses.elementwise import CERTAIN, cross_entropy, exact

        together = torch.zeros(len(counts), len(counts))
        occurrences = torch.full((len(counts),), 1e-6)

        def objective(logits: "Tensor", targets: "Tensor", _: float) -> "Tensor":
            x, y = exact(logits, targets)
            if len(y) and self.strength:
                flat = y.detach().float()
                together.addmm_(flat.T, flat)
                occurrences.add_(flat.sum(0))
                smoothed = (flat / occurrences) @ together / flat.sum(1, keepdim=True).clamp_min(1)
                added = (1 - y) * self.strength * smoothed.clamp(0, 1).to(y)
                y = y + added.masked_fill(x < CERTAIN / 2, 0)  # an unknown label has no target
            return cross_entropy(x, y)

        return objective

    def initial_bias(self, counts: NDArray[np.int64], marks: MarkCount) -> NDArray[np.float64]:
        """Return the log-odds of the labels; co-occurrence is not known yet."""
        return log_odds(counts, marks)


@dataclass(frozen=True)
class PositiveUnlabelled(_CountFree):
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
        _check(0 < self.given < 1, "given", self.given, "a share between 0 and 1")

    def _cost(self, x: "Tensor", y: "Tensor", done: float) -> "Tensor":
        from viennatag.losses.elementwise import cross_entropy

        if done >= self.after:
            y = y + (1 - y) * ((1 - self.given) / self.given * x.detach().exp()).clamp_max(1)
        return cross_entropy(x, y)
