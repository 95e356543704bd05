"""Calibrate groups of exclusive labels: a temperature for each group, fitted on marks that training did not see.

Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, with an intercept for each label, since losses and
sampling for imbalanced data shift labels against each other. As in Platt's method no outcome is taken to be certain: of
each mark a share 1 / (marks + 2) says that any outcome is as likely as the others.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.exclusive import ExclusiveGroup, ExclusiveGroups
from viennatag.errors import require
from viennatag.metrics.scores import Scores, Targets, as_scores

_MOST_MARKS = 20_000
"""At most this many marks are used, evenly spaced."""
_SPREAD, _SHIFT, _OWN = 3.0, 10.0, 1.0
"""Standard deviations of the Gaussian priors: of the logarithm of the slope around 0, of the intercept that the labels
of a group share, where none of them may apply, and of each label's own around it."""
_CERTAIN = 40.0
"""The intercept of a label that every mark carries: its score is 1."""


def fit_exclusive(calibration: Calibration, logits: Scores, targets: Targets, groups: ExclusiveGroups) -> Calibration:
    """Return a calibration in which each group is a distribution; free labels keep theirs.

    A mark says of a group which label applies, or which may: those that are unknown on it and, where at most one
    applies and none is known to, "none". A parent of an exact group that no mark is known to lack gets the score 1.
    Logits are finite and of marks that training did not see; -1 in the targets is unknown.
    """
    rows = np.arange(0, logits.shape[0], -(-logits.shape[0] // _MOST_MARKS))
    shown, truth = as_scores(logits)[rows], _dense(targets, rows)
    slope, intercept = calibration.slope.copy(), calibration.intercept.copy()
    for group in groups:
        own = shown[:, group.members].astype(np.float64), truth[:, group.members]
        slope[group.members], intercept[group.members] = _fit(*own, exact=group.exact)
        if _is_certain(group, truth):
            intercept[group.condition] = _CERTAIN
    return Calibration(slope, intercept, groups)


def _dense(targets: Any, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    chosen = targets[rows]
    found = np.asarray(chosen.toarray() if hasattr(chosen, "toarray") else chosen, dtype=np.float64)
    return np.where(np.isnan(found), -1.0, found)


def _is_certain(group: ExclusiveGroup, truth: NDArray[np.float64]) -> bool:
    if group.condition < 0:
        return False
    parent = truth[:, group.condition]
    return bool(np.any(parent > 0) and not np.any(parent == 0))


def _fit(logits: NDArray[np.float64], truth: NDArray[np.float64], *, exact: bool) -> tuple[float, NDArray[np.float64]]:
    """Return the slope and the intercepts of a group; logits and truth have shape (marks, members)."""
    carried = np.any(truth > 0, axis=1, keepdims=True)
    possible = np.where(carried, truth > 0, truth < 0)
    none = np.zeros((len(truth), 1), dtype=bool) if exact else ~carried
    outcomes = np.hstack([possible, none])
    said = outcomes.any(axis=1) & ~(possible.all(axis=1) if exact else outcomes.all(axis=1))
    logits, outcomes = logits[said], outcomes[said]
    labels = logits.shape[1]
    doubt = 1 / (len(logits) + 2)
    kinds = labels + (not exact)

    def lines(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.exp(parameters[0]) * logits + parameters[2:] + parameters[1]
        return np.hstack([found, np.full((len(found), 1), -np.inf if exact else 0.0)])

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        line = lines(parameters)
        top = line.max(axis=1, keepdims=True)
        powers = np.exp(line - top)
        true = np.where(outcomes, powers, 0)
        whole, part = powers.sum(axis=1, keepdims=True), np.maximum(true.sum(axis=1, keepdims=True), 1e-300)
        gap = (powers / whole - (1 - doubt) * true / part)[:, :labels] - doubt / kinds
        spreads = np.array([_SPREAD, _SHIFT, *[_OWN] * labels])
        prior = parameters / spreads**2
        certain = (1 - doubt) * np.log(whole / part).sum()
        doubtful = doubt * (np.log(whole) + top - line[:, :kinds].mean(axis=1, keepdims=True)).sum()
        cost = float(certain + doubtful + (prior * parameters).sum() / 2)
        by_slope = float((gap * logits).sum() * np.exp(parameters[0]))
        gradient = np.array([by_slope, 0.0 if exact else gap.sum(), *gap.sum(axis=0)]) + prior
        return cost, gradient

    start = np.zeros(2 + labels)
    found = require("scipy.optimize", "data").minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(-6, 6), *[(-50, 50)] * (labels + 1)]
    )
    return float(np.exp(found.x[0])), np.asarray(found.x[2:] + found.x[1])
