"""Platt scaling, fitted on marks that training did not see.

There a rare label has few positives or none; such labels share the fit of their group.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.calibration import Calibration, stable_sigmoid
from viennatag.errors import DataError, OptionError
from viennatag.metrics.ranking import Positives, find_positives
from viennatag.metrics.results import Parameters
from viennatag.metrics.scores import ArrayData, Scores, Targets, as_scores, check_scores, dense_unknown, plain_array

_BLOCK = 1 << 21
"""Most scores in an intermediate array."""
_BINS = 1024
"""Bins of a label's logits for fitting."""
_MIN_SLOPE = 0.05
"""Smallest slope relative to the pooled fit, so that a label with uninformative logits keeps its ranking."""
_WEAK_PRIOR, _STRONG_PRIOR = (10.0, 10.0), (1.0, 2.0)
"""Standard deviations of the priors on slope and intercept around the previous fit: for all labels together, and for
a group or a label. On simulated heads (plain, weighted, asymmetric loss) anything from (0.5, 2) to (5, 5) is as good
on unseen marks; a much stronger prior on the intercept is worse, because losses shift each label."""
_MAX_STEPS, _MAX_HALVINGS, _TOLERANCE = 100, 20, 1e-10
"""Newton's method stops when a full step would lower no loss by more than this share of it."""


def fit_platt(
    logits: Scores,
    targets: Targets,
    *,
    groups: ArrayLike | None = None,
    min_positives: int = 10,
    bins: int = _BINS,
) -> Calibration:
    """Return a Platt scaling for each label.

    A logistic regression of each label's targets on its logits, with Platt's smoothed targets (P + 1) / (P + 2) and
    1 / (N + 2) (Platt 1999). With few positives it is more reliable than isotonic regression (Niculescu-Mizil and
    Caruana 2005). It is fitted three times, each time on the previous probabilities: to all labels together, to each
    group, to each label, with Gaussian priors around the previous fit. Labels with fewer than `min_positives` share
    one fit per group.

    Args:
        logits: Finite logits of marks that training did not see; shape (marks, labels).
        targets: True labels, same shape; pairs that are -1 or NaN are unknown and count nowhere.
        groups: Group of each label, such as its level; labels of a group have similar miscalibration. Any integers or
            texts, shape (labels,). None: all labels are one group.
        min_positives: Labels with fewer positives are fitted together.
        bins: Bins of a label's logits; more are slower and hardly more precise.

    Raises:
        DataError: If shapes differ, a logit is not finite, or no target is true.
        OptionError: If `min_positives` is below 1.
    """
    logits = as_scores(logits, targets)
    positives = require_positives(logits, targets, min_positives)
    if not np.isfinite([logits.min(), logits.max()]).all():
        raise DataError("a logit is infinite; Platt scaling needs finite logits")
    owner, counts = number_groups(groups, logits.shape[1]), positives.per_label()
    curves = _Curves.of(logits, positives, dense_unknown(targets), bins)
    curves = curves.refitted(np.zeros_like(owner), _WEAK_PRIOR)
    curves = curves.refitted(owner, _STRONG_PRIOR)
    alone = len(owner) + np.arange(len(owner))
    curves = curves.refitted(np.where(counts < min_positives, owner, alone), _STRONG_PRIOR)
    return Calibration(curves.slope, curves.intercept)


class PlattScaler(Parameters):
    """Platt scaling that is fitted and then applied, in scikit-learn's way; see `fit_platt`.

    Attributes:
        calibration_: The fitted `Calibration`.
    """

    calibration_: Calibration

    def __init__(self, *, groups: ArrayLike | None = None, min_positives: int = 10) -> None:
        self.groups = groups
        self.min_positives = min_positives

    def fit(self, logits: ArrayData, targets: ArrayData) -> Self:
        """Fit on logits and targets (marks, labels) of marks that training did not see, and return the scaler.

        Raises:
            DataError: As `fit_platt`.
        """
        self.calibration_ = fit_platt(logits, targets, groups=self.groups, min_positives=self.min_positives)
        return self

    def transform(self, logits: ArrayData) -> NDArray[np.float64]:
        """Return calibrated probabilities of logits (marks, labels), of the same shape.

        Raises:
            OptionError: If the scaler is not fitted.
            DataError: If there are not as many labels, or a logit is NaN.
        """
        if not hasattr(self, "calibration_"):
            raise OptionError("this PlattScaler is not fitted; call fit(logits, targets) first")
        return self.calibration_(logits)

    def fit_transform(self, logits: ArrayData, targets: ArrayData) -> NDArray[np.float64]:
        """Return what `transform` gives after `fit` on the same logits."""
        return self.fit(logits, targets).transform(logits)


@dataclass(frozen=True, eq=False)
class _Curves:
    """Sufficient statistics of the logistic regressions, with the calibration so far.

    The likelihood depends on logits through the softplus of a line, so smooth that the logits of a narrow bin can
    share their mean, and through sums. So a fit costs the same for any number of marks.

    Attributes:
        slope: Shape (labels,).
        intercept: Shape (labels,).
        marks: Number of marks in each bin, shape (labels, bins).
        logits: Mean calibrated logit of each bin, same shape.
        positives: Number of positives, shape (labels,).
        positive_sum: Sum of the positives' calibrated logits, shape (labels,).
    """

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    marks: NDArray[np.float64]
    logits: NDArray[np.float64]
    positives: NDArray[np.float64]
    positive_sum: NDArray[np.float64]

    @classmethod
    def of(cls, logits: Scores, positives: Positives, unknown: NDArray[np.bool_] | None, bins: int) -> "_Curves":
        """Return the statistics of logits scaled to about mean 0 and deviation 1, so that priors fit any scale."""
        marks, labels = positives.shape
        step = max(1, marks // 4096)
        some = logits[::step] if unknown is None else logits[::step][~unknown[::step]]
        some = some if some.size else logits
        low, centre, high = (float(each) for each in np.quantile(some, [0.05, 0.5, 0.95]))
        spread = (high - low) / 3 or float(some.std(dtype=np.float64)) or 1.0
        counts, means = np.empty((labels, bins)), np.empty((labels, bins))
        width = max(1, _BLOCK // marks)
        for start in range(0, labels, width):
            lines = (logits[:, start : start + width].T.astype(np.float64) - centre) / spread
            squeezed = lines / (1 + np.abs(lines))  # within (-1, 1): narrow bins where logits are dense, no outermost
            cells = np.minimum(((squeezed + 1) * (bins / 2)).astype(np.intp), bins - 1)
            cells, values = (cells + bins * np.arange(len(lines))[:, None]).ravel(), lines.ravel()
            if unknown is not None:
                known = ~unknown[:, start : start + width].T.ravel()
                cells, values = cells[known], values[known]
            count = np.bincount(cells, minlength=len(lines) * bins)
            total = np.bincount(cells, values, minlength=len(lines) * bins)
            counts[start : start + width] = count.reshape(-1, bins)
            means[start : start + width] = (total / np.maximum(count, 1)).reshape(-1, bins)
        own = (logits[positives.marks, positives.labels].astype(np.float64) - centre) / spread
        return cls(
            slope=np.full(labels, 1 / spread),
            intercept=np.full(labels, -centre / spread),
            marks=counts,
            logits=means,
            positives=positives.per_label().astype(np.float64),
            positive_sum=np.bincount(positives.labels, own, minlength=labels).astype(np.float64),
        )

    def refitted(self, owner: NDArray[np.intp], spread: tuple[float, float]) -> "_Curves":
        """Return the statistics after one more calibration by Newton's method; labels of one owner share a fit.

        `spread` are the standard deviations of the Gaussian priors around slope 1 and around intercept 0.
        """
        owners, owner = np.unique(owner, return_inverse=True)
        pooled = partial(np.bincount, owner, minlength=len(owners))
        true, marks = pooled(self.positives), pooled(self.marks.sum(axis=1))
        high, low = (true + 1) / (true + 2), 1 / (marks - true + 2)  # Platt's targets
        positive_sum, logit_sum = pooled(self.positive_sum), pooled(np.vecdot(self.marks, self.logits))
        target_sum = high * positive_sum + low * (logit_sum - positive_sum)
        target_count = high * true + low * (marks - true)
        slope_pull, intercept_pull = (1 / each**2 for each in spread)

        def lines(slope: NDArray[np.float64], intercept: NDArray[np.float64]) -> NDArray[np.float64]:
            line: NDArray[np.float64] = slope[owner, None] * self.logits + intercept[owner, None]
            return line

        def loss(slope: NDArray[np.float64], intercept: NDArray[np.float64]) -> NDArray[np.float64]:
            softplus = np.logaddexp(0, lines(slope, intercept))
            prior = slope_pull * (slope - 1) ** 2 + intercept_pull * intercept**2
            data = pooled(np.vecdot(self.marks, softplus)) - slope * target_sum - intercept * target_count
            total: NDArray[np.float64] = data + prior / 2
            return total

        slope, intercept = np.ones(len(owners)), np.zeros(len(owners))
        reached = loss(slope, intercept)
        for _ in range(_MAX_STEPS):
            expected = stable_sigmoid(lines(slope, intercept))
            mass = self.marks * expected
            curvature = mass * (1 - expected)
            down_slope = pooled(np.vecdot(mass, self.logits)) - target_sum + slope_pull * (slope - 1)
            down_intercept = pooled(mass.sum(axis=1)) - target_count + intercept_pull * intercept
            bend_slope = pooled(np.vecdot(curvature, self.logits**2)) + slope_pull
            bend_intercept = pooled(curvature.sum(axis=1)) + intercept_pull
            bend_both = pooled(np.vecdot(curvature, self.logits))
            held = (slope <= _MIN_SLOPE) & (down_slope > 0)  # then only the intercept moves
            down_slope[held], bend_both[held] = 0.0, 0.0
            determinant = bend_slope * bend_intercept - bend_both**2
            slope_step = (bend_intercept * down_slope - bend_both * down_intercept) / determinant
            intercept_step = (bend_slope * down_intercept - bend_both * down_slope) / determinant
            rounding = _TOLERANCE * (1 + np.abs(reached))
            if np.all(slope_step * down_slope + intercept_step * down_intercept < rounding):
                break
            share = np.ones(len(owners))
            for _ in range(_MAX_HALVINGS):
                next_slope = np.maximum(slope - share * slope_step, _MIN_SLOPE)
                next_intercept = intercept - share * intercept_step
                worse = loss(next_slope, next_intercept) > reached + rounding / 100
                if not worse.any():
                    break
                share[worse] /= 2
            slope, intercept = np.where(worse, slope, next_slope), np.where(worse, intercept, next_intercept)
            reached = loss(slope, intercept)
        a, b = slope[owner], intercept[owner]
        return replace(
            self,
            slope=a * self.slope,
            intercept=a * self.intercept + b,
            logits=lines(slope, intercept),
            positive_sum=a * self.positive_sum + b * self.positives,
        )


def require_positives(scores: Scores, targets: Targets, min_positives: int = 1) -> Positives:
    """Return the positions of true targets.

    Raises:
        DataError: If shapes differ, a score is NaN, or no target is true.
        OptionError: If `min_positives` is below 1.
    """
    if min_positives < 1:
        raise OptionError(f"min_positives is {min_positives}; expected at least 1")
    check_scores(scores)
    positives = find_positives(targets, scores.shape)
    if not len(positives.marks):
        raise DataError("no target is true, so there is nothing to fit on")
    return positives


def number_groups(groups: ArrayLike | None, labels: int) -> NDArray[np.intp]:
    """Return the group of each label, numbered from 0 without gaps; None puts all labels in one group.

    Raises:
        DataError: If there is not one group per label.
    """
    found = np.zeros(labels) if groups is None else plain_array(groups)
    if found.shape != (labels,):
        raise DataError(f"groups have shape {found.shape}; expected one group per label, ({labels},)")
    return np.unique(found, return_inverse=True)[1]
