"""Linear heads in closed form: no steps, no learning rate, and strong where a label has few marks.

Both solve least squares over standardised features, whose direction is that of linear discriminant analysis. They
differ in how strongly it is regularised: one shrinkage for all labels, or a strength for each.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.scores import as_targets, find_unknown, known_blocks
from viennatag.training.data.examples import Examples, draw_positions
from viennatag.training.heads.exported import LinearHead

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.floating[Any]]
_MAX_MARKS = 20_000
"""At most this many marks are solved for: beyond, weights hardly move."""
_LEAST = 1e-6


class _LeastSquares(ABC):
    """A head of weights that are solved for; `_solve` says how."""

    reads_feature_maps: ClassVar[bool] = False

    @abstractmethod
    def _solve(self, inputs: Floats, truth: Floats) -> tuple[Floats, Floats]:
        """Return weights (width, labels) and the mean squared error (labels,) of targets on inputs, both centred."""

    def fit(self, train: Examples, *, mean: "Tensor", scale: "Tensor", seed: int = 0) -> LinearHead:
        """Return a head over raw features, of which each label is fitted on the marks on which it is known.

        The arguments are those of `Neighbours.fit`.
        """
        if not train.counts().any():
            raise DataError("no mark carries a label, so there is nothing to learn")
        if find_unknown(train.targets) is None:
            return self._fit(train, mean, scale, seed)
        weight = np.zeros((train.targets.shape[1], train.features.shape[1]), np.float32)
        bias = np.full(len(weight), np.log(0.5 / len(train)), np.float32)  # of a label that is known on no mark
        for marks, columns in known_blocks(train.targets):
            own = as_targets(train.targets[marks][:, columns])
            if own.shape[0]:
                found = self._fit(replace(train, rows=train.rows[marks], targets=own), mean, scale, seed)
                weight[columns], bias[columns] = found.weight, found.bias
        return LinearHead(weight, bias)

    def _fit(self, train: Examples, mean: "Tensor", scale: "Tensor", seed: int) -> LinearHead:
        """Return a head for labels that are known on all these marks, as the log-odds of a discriminant analysis.

        With p the share of marks with a label and R² what least squares explain, the direction of the discriminant is
        weight / (p (1 - p) (1 - R²)), and the divisor is the mean squared error.
        """
        marks, centre, unit = len(train), np.asarray(mean), np.asarray(scale)
        chosen = draw_positions(marks, _MAX_MARKS, seed=seed)
        inputs = (train.features[train.rows[chosen]].astype(np.float32) - centre) / unit
        inputs -= inputs.mean(axis=0)
        truth = train.targets[chosen].toarray().astype(np.float32)
        weight, error = self._solve(inputs, truth - truth.mean(axis=0))
        share = np.clip(np.asarray(train.targets.mean(axis=0)).ravel(), 0.5 / marks, 1 - 0.5 / marks)
        folded = (weight / np.maximum(error, _LEAST)).T / unit
        bias = np.log(share / (1 - share)) - folded @ centre
        return LinearHead(folded.astype(np.float32), bias.astype(np.float32))


@dataclass(frozen=True)
class Discriminant(_LeastSquares):
    """Linear discriminant analysis of each label against the rest, with one shrunk covariance for all labels.

    The covariance is drawn towards a multiple of the identity by the oracle approximating shrinkage (Chen, Wiesel,
    Eldar and Hero 2010, equation 23).
    """

    def _solve(self, inputs: Floats, truth: Floats) -> tuple[Floats, Floats]:
        covariance = inputs.T @ inputs / len(inputs)
        shrinkage = oracle_shrinkage(covariance, len(inputs))
        covariance *= 1 - shrinkage
        covariance.flat[:: len(covariance) + 1] += shrinkage
        weight = np.linalg.solve(covariance, inputs.T @ truth / len(inputs))
        return weight, np.mean((inputs @ weight - truth) ** 2, axis=0)


@dataclass(frozen=True)
class Ridge(_LeastSquares):
    """Ridge regression of each label, with the strength that predicts a mark best from all the others.

    Leave-one-out errors have a closed form (Allen 1974, PRESS; Rifkin and Lippert 2007, section 3), so a strength is
    chosen for each label without a validation mark; a label with few marks takes a strong one.

    Attributes:
        strengths: Penalties that are tried, in units of the mean variance of a feature times the marks.
    """

    strengths: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

    def __post_init__(self) -> None:
        if not self.strengths or not min(self.strengths) > 0:
            raise OptionError(f"strengths of a ridge head are {self.strengths}; expected positive numbers")

    def _solve(self, inputs: Floats, truth: Floats) -> tuple[Floats, Floats]:
        spectrum, axes = np.linalg.eigh(inputs.T @ inputs / len(inputs))
        spectrum = np.maximum(spectrum, 0.0)
        rotated = inputs @ axes
        moments = rotated.T @ truth / len(inputs)
        best = np.full(truth.shape[1], np.inf)
        weight = np.zeros_like(moments)
        for strength in self.strengths:
            tried = moments / (spectrum + strength)[:, None]
            leverage = (rotated**2) @ (1 / (spectrum + strength)) / len(inputs) + 1 / len(inputs)
            left_out = (truth - rotated @ tried) / np.maximum(1 - leverage, _LEAST)[:, None]
            error = np.mean(left_out**2, axis=0)
            better = error < best
            best[better], weight[:, better] = error[better], tried[:, better]
        return axes @ weight, best


def oracle_shrinkage(covariance: Floats, count: int) -> float:
    """Return how far, from 0 to 1, a covariance of `count` marks is to be drawn towards its mean variance."""
    width = len(covariance)
    average, squares = float(np.trace(covariance)) / width, float(np.mean(covariance**2))
    denominator = (count + 1) * (squares - average**2 / width)
    return 1.0 if denominator <= 0 else min(1.0, (squares + average**2) / denominator)
