"""Calibration: turn logits into probabilities that are coherent up the hierarchy.

Losses and sampling for imbalanced data shift the logits of each label, so a sigmoid alone gives no probabilities.
See `calibration.platt` for how a calibration is fitted. The ranking of marks within a label never changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.errors import DataError
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import Scores, as_scores, check_scores

Float = TypeVar("Float", bound=np.floating[Any])

_BLOCK = 1 << 21
"""Most scores in an intermediate array."""


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(TabularResult):
    """Calibrates logits of each label: `sigmoid(slope * logit + intercept)`, a softmax of the same in exclusive groups.

    Attributes:
        slope: Positive, so that a free label's ranking never changes; shape (labels,).
        intercept: Shape (labels,).
        exclusive: The groups of exclusive labels, whose labels share a slope; None without any.
    """

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    exclusive: ExclusiveGroups | None = None

    def __post_init__(self) -> None:
        if self.slope.ndim != 1 or self.slope.shape != self.intercept.shape:
            raise DataError(
                f"slope has shape {self.slope.shape}, intercept {self.intercept.shape}; both must be (labels,)"
            )
        if not (np.all(self.slope > 0) and np.all(np.isfinite(self.slope)) and np.all(np.isfinite(self.intercept))):
            raise DataError("every slope must be positive and finite, every intercept finite")

    def __repr__(self) -> str:
        return f"Calibration({len(self.slope):,} labels, slopes {self.slope.min():.3g} to {self.slope.max():.3g})"

    def to_dataframe(self, names: Sequence[str] | None = None) -> Any:
        """Return slope and intercept of each label as a pandas DataFrame; `names` are those of the labels."""
        label = range(len(self.slope)) if names is None else names
        return to_frame({"label": label, "slope": self.slope, "intercept": self.intercept})

    def transform(self, logits: Scores) -> NDArray[np.float64]:
        """Return the same as a call."""
        return self(logits)

    def __call__(self, logits: Scores) -> NDArray[np.float64]:
        """Return calibrated probabilities, of the logits' shape (marks, labels).

        Raises:
            DataError: If there are not as many labels, or a logit is NaN.
        """
        logits = as_scores(logits)
        check_scores(logits)
        if logits.ndim != 2 or logits.shape[1] != len(self.slope):
            raise DataError(f"logits have shape {logits.shape}; expected (marks, {len(self.slope)})")
        scores = np.empty(logits.shape)
        for rows in _row_blocks(len(logits), len(self.slope)):
            lines = logits[rows] * self.slope + self.intercept
            scores[rows] = stable_sigmoid(lines)
            if self.exclusive:
                scores[rows, self.exclusive.members] = self.exclusive.softmax(lines[:, self.exclusive.members])
        return scores

    def shift_prior(self, prior: NDArray[np.float64], target_prior: NDArray[np.float64]) -> "Calibration":
        """Return the calibration corrected for a prior shift: the same labels with other frequencies.

        The log-odds of each probability change by as much as those of the frequency (Saerens, Latinne and
        Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities", equation 4).

        Args:
            prior: Share of marks that carry each label now, above 0 and below 1; shape (labels,).
            target_prior: The same for the marks to predict.

        Raises:
            DataError: If a share is not between 0 and 1.
        """
        for name, shares in (("prior", prior), ("target_prior", target_prior)):
            if shares.shape != self.slope.shape or not np.all((shares > 0) & (shares < 1)):
                raise DataError(f"{name} must hold one share for each label, above 0 and below 1")
        shift = np.log(target_prior) - np.log1p(-target_prior) - np.log(prior) + np.log1p(-prior)
        if self.exclusive:
            now, then = (
                self.exclusive.initial_logits(np.log(each) - np.log1p(-each)) for each in (prior, target_prior)
            )
            shift[self.exclusive.members] = (then - now)[self.exclusive.members]
        return replace(self, intercept=self.intercept + shift)


def coherent_scores(
    scores: NDArray[Float], parents: ArrayLike, exclusive: ExclusiveGroups | None = None
) -> NDArray[Float]:
    """Return scores raised so that no label scores below its best descendant.

    A mark of 3.1.6 is also a mark of 3.1 and of 3, so its probability is a lower bound of theirs.

    Args:
        scores: Shape (marks, labels).
        parents: Position of each label's parent, before its own; -1 for none. Shape (labels,).
        exclusive: The groups of exclusive labels, which remain distributions; see `ExclusiveGroups.coherent`.

    Raises:
        DataError: If shapes differ, a parent comes after its child, or a score is NaN.
    """
    scores = as_scores(scores)  # type: ignore[assignment]  # an array of floats stays as it is
    check_scores(scores)
    above = np.asarray(parents)
    if scores.ndim != 2 or above.shape != scores.shape[1:]:
        raise DataError(f"scores have shape {scores.shape}, parents {above.shape}; expected one parent per label")
    if exclusive:
        return exclusive.coherent(scores)
    raised = scores.copy()
    for children, nodes, starts in _generations(above.astype(np.int64).tobytes()):
        for rows in _row_blocks(len(scores), len(children)):
            best = np.maximum.reduceat(raised[rows][:, children], starts, axis=1)
            raised[rows, nodes] = np.maximum(raised[rows, nodes], best)
    return raised


def coherent_probabilities(calibration: Calibration, logits: Scores, parents: ArrayLike) -> NDArray[np.float64]:
    """Return the coherent scores of calibrated logits, shape (marks, labels); see `coherent_scores`.

    Only the result is held at full size, since that of a register's validation subset takes a gigabyte.
    """
    scores = np.empty(logits.shape)
    for rows in _row_blocks(*logits.shape):
        scores[rows] = coherent_scores(calibration(logits[rows]), parents, calibration.exclusive)
    return scores


def _row_blocks(rows: int, columns: int, *, block: int = _BLOCK) -> Iterator[slice]:
    """Yield slices of rows that hold at most `block` values each."""
    height = max(1, block // max(1, columns))
    return (slice(start, start + height) for start in range(0, rows, height))


@lru_cache(maxsize=16)  # each mark needs the same tree
def _generations(parents: bytes) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]], ...]:
    """Return, deepest level first: labels sorted by parent, their parents, and where each parent's labels start."""
    above = np.frombuffer(parents, dtype=np.int64)
    if np.any(above >= np.arange(len(above))):
        raise DataError("a parent comes after its child; a label set puts parents first")
    depth, ancestor = np.zeros(len(above), dtype=np.intp), above
    while np.any(ancestor >= 0):
        depth += ancestor >= 0
        ancestor = np.where(ancestor >= 0, above[ancestor], -1)
    found = []
    for level in range(int(depth.max(initial=0)), 0, -1):
        children = np.flatnonzero(depth == level)
        children = children[np.argsort(above[children], kind="stable")]
        nodes, starts = np.unique(above[children], return_index=True)
        found.append((children, nodes, starts))
    return tuple(found)


def stable_sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-logits)) without overflow, and exact for small probabilities too."""
    small = np.exp(-np.abs(logits))
    scores: NDArray[np.float64] = np.where(logits >= 0, 1.0, small) / (1 + small)
    return scores
