"""Ranks of the positives among all scores: what average precision, thresholds and label rankings are computed from.

Only positives need a rank, so sparse targets are never made dense.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.cores import available_cores
from viennatag.errors import DataError, require
from viennatag.metrics.scores import Scores, Targets, as_targets

BLOCK = 1 << 23
"""Most values that are copied at a time: 32 or 64 MB."""


@dataclass(frozen=True, eq=False)
class Positives:
    """The positions of true targets, mark by mark.

    Attributes:
        shape: Numbers of marks and labels.
        marks: Row of each positive, ascending; shape (positives,).
        labels: Column of each positive, ascending within a mark; shape (positives,).
    """

    shape: tuple[int, int]
    marks: NDArray[np.intp]
    labels: NDArray[np.intp]

    def per_label(self) -> NDArray[np.intp]:
        """Return the number of positives of each label; shape (labels,)."""
        return np.bincount(self.labels, minlength=self.shape[1])

    def per_mark(self) -> NDArray[np.intp]:
        """Return the number of positives of each mark; shape (marks,)."""
        return np.bincount(self.marks, minlength=self.shape[0])


def find_positives(targets: Targets, shape: tuple[int, ...]) -> Positives:
    """Return the positions of true targets, dense or sparse.

    Raises:
        DataError: If a target is neither 0 nor 1, they do not have `shape`, or there are no marks or no labels.
    """
    targets = as_targets(targets)
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


@dataclass(frozen=True, eq=False)
class Ranks:
    """The rank of each positive in its pool of labels; ties share the last rank. All of shape (positives,).

    Attributes:
        positive: Index of the positive in `Positives`; pool after pool, ascending by score in each.
        pool: Pool of the positive.
        score: Score of the positive.
        above: Number of scores in the pool that are at least as high, its own included.
        hits: Number of positives among these.
    """

    positive: NDArray[np.intp]
    pool: NDArray[np.intp]
    score: Scores
    above: NDArray[np.intp]
    hits: NDArray[np.intp]


def rank_positives(scores: Scores, positives: Positives, pool: NDArray[np.intp], *, block: int = BLOCK) -> Ranks:
    """Return the rank of each positive among all scores of the labels in its pool.

    Scores are sorted without their indices, several times faster than with them, in threads.

    Args:
        scores: Shape (marks, labels), without NaN.
        positives: Positions of the true targets.
        pool: Pool of each label, from 0 up: `arange(labels)` ranks each label on its own, all zeros rank
            all pairs together. A label of a negative pool is left out. Shape (labels,).
        block: Most scores that are copied at a time.
    """
    members = np.flatnonzero(pool[positives.labels] >= 0)
    owner = pool[positives.labels[members]]
    score = scores[positives.marks[members], positives.labels[members]]
    order = np.lexsort((score, owner))
    members, owner, score = members[order], owner[order], score[order]
    starts = np.searchsorted(owner, np.arange(pool.max(initial=-1) + 2))

    columns = np.argsort(pool, kind="stable")
    columns = columns[(pool[columns] >= 0) & np.isin(pool[columns], owner)]
    width = max(1, block // len(scores))

    def count(labels: NDArray[np.intp]) -> list[tuple[slice, NDArray[np.intp]]]:
        lines = scores[:, labels].T  # NumPy lays this out line by line
        edges = [0, *(np.flatnonzero(np.diff(pool[labels])) + 1), len(labels)]
        found = []
        for start, stop in pairwise(edges):
            own = pool[labels[start]]
            wanted = slice(int(starts[own]), int(starts[own + 1]))
            ascending = np.sort(lines[start:stop], axis=None)
            found.append((wanted, ascending.size - np.searchsorted(ascending, score[wanted])))
        return found

    from concurrent.futures import ThreadPoolExecutor  # not when a single image is answered

    above = np.zeros(len(members), dtype=np.intp)
    with ThreadPoolExecutor(available_cores()) as threads:
        for found in threads.map(count, [columns[at : at + width] for at in range(0, len(columns), width)]):
            for wanted, counts in found:
                above[wanted] += counts

    fresh = np.ones(len(members), dtype=bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (score[1:] != score[:-1])
    first_of_tie = np.maximum.accumulate(np.where(fresh, np.arange(len(members)), 0))
    return Ranks(members, owner, score, above, starts[owner + 1] - first_of_tie)


def pooled_average_precision(
    scores: Scores,
    positives: Positives,
    pool: NDArray[np.intp],
    weights: NDArray[np.float64] | None = None,
    *,
    block: int = BLOCK,
) -> NDArray[np.float64]:
    """Return the average precision of each pool of labels, NaN without positives; shape (pools,) or (rounds, pools).

    The mean, over a pool's positives, of the precision among the scores that are at least as high. Marks have weights
    (rounds, marks) and are ranked once for all rounds; for the others see `rank_positives`.
    """
    ranks, pools = rank_positives(scores, positives, pool, block=block), int(pool.max(initial=-1)) + 1
    if weights is None:
        gained = np.bincount(ranks.pool, ranks.hits / ranks.above, minlength=pools)
        return ratio(gained, np.bincount(ranks.pool, minlength=pools), empty=np.nan)
    by_mark = np.ascontiguousarray(weights.T)
    found = np.full((len(weights), pools), np.nan)

    def add_pool(own: int, members: slice) -> None:
        columns, marks = np.flatnonzero(pool == own), positives.marks[ranks.positive[members]]
        # Precision is needed where a run of scores ends with a positive, or with those tied with it.
        ends, run = np.unique(ranks.above[members], return_inverse=True)
        ranked = np.argsort(scores[:, columns], axis=None)[::-1][: ends[-1]] // len(columns)
        marks, stops = marks[np.argsort(run, kind="stable")], np.cumsum(np.bincount(run))
        above, hits, gained = np.zeros((3, len(weights)))
        height = max(1, block // len(weights))
        for start in range(0, len(ends), height):
            rows = slice(start, min(start + height, len(ends)))
            correct = _sum_runs(by_mark, marks, stops, rows)
            running_hits = hits + np.cumsum(correct, axis=0)
            running_above = above + np.cumsum(_sum_runs(by_mark, ranked, ends, rows), axis=0)
            gained += (correct * ratio(running_hits, running_above, empty=0.0)).sum(axis=0)
            hits, above = running_hits[-1], running_above[-1]
        found[:, own] = ratio(gained, hits, empty=np.nan)

    from concurrent.futures import ThreadPoolExecutor

    owners, starts = np.unique(ranks.pool, return_index=True)
    edges = np.append(starts, len(ranks.pool))
    with ThreadPoolExecutor(available_cores()) as threads:
        for _ in threads.map(add_pool, owners.tolist(), map(slice, edges[:-1].tolist(), edges[1:].tolist())):
            pass
    return found


def _sum_runs(
    weights: NDArray[np.float64], marks: NDArray[np.intp], ends: NDArray[np.intp], rows: slice
) -> NDArray[np.float64]:
    """Return the sums of weights (marks, rounds) over some runs of marks ending at `ends`; shape (runs, rounds)."""
    first = int(ends[rows.start - 1]) if rows.start else 0
    inside, limits = marks[first : int(ends[rows.stop - 1])], np.append(0, ends[rows] - first)
    shape = (rows.stop - rows.start, len(weights))
    runs = require("scipy.sparse", "data").csr_array((np.ones(len(inside)), inside, limits), shape=shape)
    return np.asarray(runs @ weights)


def ratio(numerator: ArrayLike, denominator: ArrayLike, *, empty: float) -> NDArray[np.float64]:
    """Return a ratio that is `empty` where its denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    ratio: NDArray[np.float64] = np.divide(top, bottom, out=np.full(bottom.shape, empty), where=bottom > 0)
    return ratio
