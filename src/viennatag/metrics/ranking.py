"""Rank positives among all scores: the one question behind average precision, thresholds and rankings of labels.

Only positives need a rank, so nothing is sorted with its indices, and sparse targets are never made dense.
"""

import os
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Scores: TypeAlias = NDArray[np.floating[Any]]
Targets: TypeAlias = "NDArray[np.bool_] | csr_array"

BLOCK = 1 << 23
"""Scores that are copied at a time: 32 or 64 MB, whatever the number of marks."""


@dataclass(frozen=True, eq=False)
class Positives:
    """Where the targets are true, mark by mark.

    Attributes:
        shape: Number of marks and of labels.
        marks: Row of each positive, ascending; shape (positives,).
        labels: Column of each positive, ascending within a mark; shape (positives,).
    """

    shape: tuple[int, int]
    marks: NDArray[np.intp]
    labels: NDArray[np.intp]

    def per_label(self) -> NDArray[np.intp]:
        """Return how many positives each label has; shape (labels,)."""
        return np.bincount(self.labels, minlength=self.shape[1])

    def per_mark(self) -> NDArray[np.intp]:
        """Return how many positives each mark has; shape (marks,)."""
        return np.bincount(self.marks, minlength=self.shape[0])


def find_positives(targets: Targets, shape: tuple[int, ...]) -> Positives:
    """Return where dense or sparse targets are true.

    Args:
        targets: Booleans, dense or sparse.
        shape: The shape that they must have, that of the scores.

    Raises:
        DataError: If targets are not boolean, or of another shape, or there are no marks or no labels.
    """
    if not (isinstance(targets, np.ndarray) or hasattr(targets, "tocsr")):
        raise DataError(f"targets are a {type(targets).__name__}; expected a boolean array, dense or scipy.sparse")
    if targets.dtype != np.bool_:
        raise DataError(f"targets have dtype {targets.dtype}; expected bool, so convert them with .astype(bool)")
    if len(shape) != 2 or targets.shape != shape:
        raise DataError(f"scores have shape {shape}, targets {targets.shape}; both must be (marks, labels)")
    if 0 in shape:
        raise DataError(f"scores have shape {shape}; there must be at least one mark and one label")
    if isinstance(targets, np.ndarray):
        marks, labels = np.nonzero(targets)
        return Positives((shape[0], shape[1]), marks, labels)
    rows = targets.tocsr()
    if not rows.has_canonical_format:
        rows = rows.copy()
        rows.sum_duplicates()
    marks = np.repeat(np.arange(shape[0]), np.diff(rows.indptr))
    return Positives((shape[0], shape[1]), marks[rows.data], rows.indices[rows.data].astype(np.intp))


def check_scores(scores: Scores, *, probabilities: bool = False) -> None:
    """Raise unless scores can be ranked, or are probabilities where these are needed.

    Raises:
        DataError: If scores are not floats, one is NaN, or one is outside [0, 1].
    """
    if not (isinstance(scores, np.ndarray) and np.issubdtype(scores.dtype, np.floating)):
        kind = getattr(scores, "dtype", type(scores).__name__)
        raise DataError(f"scores are {kind}; expected an array of floats")
    if scores.size == 0:
        return
    low, high = scores.min(), scores.max()  # NaN if any score is
    if np.isnan(low):
        raise DataError(f"{int(np.isnan(scores).sum()):,} of {scores.size:,} scores are NaN; a NaN has no rank")
    if probabilities and not (low >= 0 and high <= 1):
        raise DataError(
            f"scores run from {low:.4g} to {high:.4g}; expected probabilities in [0, 1], so calibrate logits first"
        )


@dataclass(frozen=True, eq=False)
class Ranks:
    """The rank of each positive in its pool of labels; a tie takes the last rank of the tied.

    Attributes:
        positive: Index of the positive in `Positives`; pool after pool, ascending by score in each.
        pool: Its pool.
        score: Its score.
        above: How many scores of the pool are at least as high, its own counted.
        hits: How many of these belong to positives.
    """

    positive: NDArray[np.intp]
    pool: NDArray[np.intp]
    score: Scores
    above: NDArray[np.intp]
    hits: NDArray[np.intp]

    def average_precision(self, pools: int) -> NDArray[np.float64]:
        """Return the mean precision at the positives of each pool, NaN for one without; shape (pools,)."""
        sums = np.bincount(self.pool, weights=self.hits / self.above, minlength=pools)
        return ratio(sums, np.bincount(self.pool, minlength=pools), empty=np.nan)


def rank_positives(scores: Scores, positives: Positives, pool: NDArray[np.intp]) -> Ranks:
    """Return the rank of each positive among all scores of the labels in its pool.

    Only positives need a rank, so a line of scores is sorted without its indices, several times faster than
    with them. Lines are read in blocks, and NumPy sorts them outside the GIL.

    Args:
        scores: Shape (marks, labels), without NaN.
        positives: Those of the targets.
        pool: Pool of each label, from 0 up: `arange(labels)` ranks each label on its own, all zeros rank
            all pairs together. A label of a negative pool is left out. Shape (labels,).
    """
    members = np.flatnonzero(pool[positives.labels] >= 0)
    owner = pool[positives.labels[members]]
    score = scores[positives.marks[members], positives.labels[members]]
    order = np.lexsort((score, owner))
    members, owner, score = members[order], owner[order], score[order]
    starts = np.searchsorted(owner, np.arange(pool.max(initial=-1) + 2))

    columns = np.argsort(pool, kind="stable")
    columns = columns[(pool[columns] >= 0) & np.isin(pool[columns], owner)]
    width = max(1, BLOCK // len(scores))

    def count(block: NDArray[np.intp]) -> list[tuple[slice, NDArray[np.intp]]]:
        lines = scores[:, block].T  # NumPy lays this out line by line
        edges = [0, *(np.flatnonzero(np.diff(pool[block])) + 1), len(block)]
        found = []
        for start, stop in pairwise(edges):
            own = pool[block[start]]
            wanted = slice(int(starts[own]), int(starts[own + 1]))
            ascending = np.sort(lines[start:stop], axis=None)
            found.append((wanted, ascending.size - np.searchsorted(ascending, score[wanted])))
        return found

    from concurrent.futures import ThreadPoolExecutor  # not when a single image is answered

    above = np.zeros(len(members), dtype=np.intp)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for found in threads.map(count, [columns[at : at + width] for at in range(0, len(columns), width)]):
            for wanted, counts in found:
                above[wanted] += counts

    fresh = np.ones(len(members), dtype=bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (score[1:] != score[:-1])
    first_of_tie = np.maximum.accumulate(np.where(fresh, np.arange(len(members)), 0))
    return Ranks(members, owner, score, above, starts[owner + 1] - first_of_tie)


def ratio(numerator: ArrayLike, denominator: ArrayLike, *, empty: float) -> NDArray[np.float64]:
    """Return a ratio that is `empty` where its denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    ratio: NDArray[np.float64] = np.divide(top, bottom, out=np.full(bottom.shape, empty), where=bottom > 0)
    return ratio
