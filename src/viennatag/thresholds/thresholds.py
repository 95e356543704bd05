"""Fitted thresholds, applied to scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.errors import DataError
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import Scores, as_scores, check_scores


@dataclass(frozen=True, eq=False, repr=False)
class Thresholds(TabularResult):
    """Fitted thresholds: which scores become suggestions.

    Attributes:
        thresholds: A label is suggested when its score is at least this; shape (labels,).
        levels: Level of each label, any integers; shape (labels,).
        top: At most this many labels of each level are suggested; None for no limit.
        exclusive: Of each of these groups at most the best label is suggested; None without groups.
        weights: Where given, the `top` labels of a level are those of the largest weights * (score - threshold),
            whatever its sign; shape (labels,).
    """

    thresholds: NDArray[np.float64]
    levels: NDArray[np.intp]
    top: int | None = None
    exclusive: ExclusiveGroups | None = None
    weights: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        low, high = self.thresholds.min(), self.thresholds.max()
        limit = "" if self.top is None else f", at most {self.top} of a level"
        return f"Thresholds({len(self.thresholds):,} labels, {low:.3g} to {high:.3g}{limit})"

    def to_dataframe(self, names: Sequence[str] | None = None) -> Any:
        """Return the threshold of each label as a pandas DataFrame; `names` are those of the labels."""
        label = range(len(self.thresholds)) if names is None else names
        return to_frame({"label": label, "threshold": self.thresholds})

    def transform(self, scores: Scores) -> NDArray[np.bool_]:
        """Return the same as a call."""
        return self(scores)

    def __call__(self, scores: Scores) -> NDArray[np.bool_]:
        """Return which labels are suggested, of the scores' shape (marks, labels); ties go to the first label.

        Raises:
            DataError: If there are not as many labels, or a score is NaN.
        """
        scores = as_scores(scores)
        check_scores(scores)
        if scores.ndim != 2 or scores.shape[1:] != self.thresholds.shape:
            raise DataError(f"scores have shape {scores.shape}; expected (marks, {len(self.thresholds)})")
        suggested: NDArray[np.bool_] = scores >= self.thresholds
        if self.weights is not None:
            scores, suggested = self.weights * (scores - self.thresholds), np.ones(scores.shape, dtype=bool)
        if self.exclusive:
            suggested = self.exclusive.decide(scores, suggested)
        if self.top is not None:
            for level in np.unique(self.levels):
                members = np.flatnonzero(self.levels == level)
                order = np.argsort(-scores[:, members], axis=1, kind="stable")
                np.put_along_axis(suggested, members[order[:, self.top :]], False, axis=1)
        return suggested
