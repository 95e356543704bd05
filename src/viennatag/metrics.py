"""How good a ranking, a decision or a probability is: pure functions over scores and targets.

Scores are floats and targets booleans of one shape (marks, labels); targets may be the sparse array
that `LabelSet.encode` returns and are then never made dense. What only ranks asks one question, "how
many scores are at least as high as this positive's?", and one function, `rank_positives`, answers it
for all of them. A label without positives has no average precision: it is NaN, is left out of means,
and the result says how many were.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Scores: TypeAlias = NDArray[np.floating[Any]]
Targets: TypeAlias = "NDArray[np.bool_] | csr_array"

_BLOCK = 1 << 23
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
    width = max(1, _BLOCK // len(scores))

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

    above = np.zeros(len(members), dtype=np.intp)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for found in threads.map(count, [columns[at : at + width] for at in range(0, len(columns), width)]):
            for wanted, counts in found:
                above[wanted] += counts

    fresh = np.ones(len(members), dtype=bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (score[1:] != score[:-1])
    first_of_tie = np.maximum.accumulate(np.where(fresh, np.arange(len(members)), 0))
    return Ranks(members, owner, score, above, starts[owner + 1] - first_of_tie)


def average_precision(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """Return the average precision of each label, NaN for a label without positives; shape (labels,).

    The mean, over a label's positives, of the precision among the marks that score at least as high; ties
    count as in scikit-learn's `average_precision_score`.

    Raises:
        DataError: If shapes differ, targets are not boolean, or a score is NaN.
    """
    labels = scores.shape[-1]
    return _ranked(scores, targets, np.arange(labels)).average_precision(labels)


def micro_average_precision(scores: Scores, targets: Targets) -> float:
    """Return the average precision of all mark-label pairs in one ranking, NaN without positives.

    Raises:
        DataError: As `average_precision`.
    """
    return float(_ranked(scores, targets, np.zeros(scores.shape[-1], dtype=np.intp)).average_precision(1)[0])


def label_rankings(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """Return for each mark the average precision of its own ranking of labels; shape (marks,).

    A mark without positives counts 1, as in scikit-learn.

    Raises:
        DataError: As `average_precision`.
    """
    check_scores(scores)
    found = find_positives(targets, scores.shape)
    marks, labels = found.shape
    turned = Positives((labels, marks), found.labels, found.marks)
    each = rank_positives(scores.T, turned, np.arange(marks)).average_precision(marks)
    return np.where(np.isnan(each), 1.0, each)


def label_ranking_average_precision(scores: Scores, targets: Targets) -> float:
    """Return the mean of `label_rankings`.

    Raises:
        DataError: As `average_precision`.
    """
    return float(label_rankings(scores, targets).mean())


@dataclass(frozen=True)
class Average:
    """A mean over labels.

    Attributes:
        value: The mean, NaN if no label counts.
        labels: How many labels it is over.
        left_out: How many had no value because they have no positives.
    """

    value: float
    labels: int
    left_out: int


def average(values: NDArray[np.float64]) -> Average:
    """Return the mean of one value per label, those that are NaN left out."""
    known = values[~np.isnan(values)]
    return Average(float(known.mean()) if len(known) else float("nan"), len(known), len(values) - len(known))


def macro_average_precision(scores: Scores, targets: Targets) -> Average:
    """Return the mean average precision (mAP) over labels with positives.

    Raises:
        DataError: As `average_precision`.
    """
    return average(average_precision(scores, targets))


@dataclass(frozen=True)
class ByFrequency:
    """A mean for each part of the long tail: labels frequent, less frequent and rare in training."""

    head: Average
    medium: Average
    tail: Average


def by_frequency(
    values: NDArray[np.float64], train_counts: ArrayLike, *, head: int = 100, tail: int = 20
) -> ByFrequency:
    """Return means over labels with more than `head`, `tail` to `head`, and fewer than `tail` training marks.

    The cuts are those of the long-tailed multi-label benchmarks (Wu et al. 2020, arXiv 2007.09654).

    Args:
        values: One value per label, NaN for none.
        train_counts: Marks of each label in training, same shape.
        head: A label with more marks is frequent.
        tail: A label with fewer marks is rare.

    Raises:
        DataError: If the shapes differ.
        OptionError: If `tail` is above `head`.
    """
    counts = np.asarray(train_counts)
    if values.ndim != 1 or values.shape != counts.shape:
        raise DataError(f"values have shape {values.shape}, train_counts {counts.shape}; both must be (labels,)")
    if tail > head:
        raise OptionError(f"tail is {tail} and head {head}; tail must not be above head")
    frequent, rare = counts > head, counts < tail
    return ByFrequency(average(values[frequent]), average(values[~frequent & ~rare]), average(values[rare]))


def hits(scores: Scores, targets: Targets, k: int) -> NDArray[np.float64]:
    """Return for each mark 1 if its `k` best-scored labels hold a positive, else 0; NaN without positives.

    Raises:
        DataError: As `average_precision`.
        OptionError: If `k` is below 1.
    """
    found, of = _found_among_best(scores, targets, k)
    return ratio((found > 0).astype(np.float64), of > 0, empty=np.nan)


def recalls(scores: Scores, targets: Targets, k: int) -> NDArray[np.float64]:
    """Return for each mark the share of its positives among its `k` best-scored labels; NaN without positives.

    Raises:
        DataError: As `average_precision`.
        OptionError: If `k` is below 1.
    """
    return ratio(*_found_among_best(scores, targets, k), empty=np.nan)


def hit_at(scores: Scores, targets: Targets, k: int) -> float:
    """Return the share of marks with positives whose `k` best-scored labels hold one; NaN without positives.

    Of labels with the same score the first in label order ranks higher.

    Raises:
        DataError: As `average_precision`.
        OptionError: If `k` is below 1.
    """
    return average(hits(scores, targets, k)).value


def recall_at(scores: Scores, targets: Targets, k: int) -> float:
    """Return the mean over marks with positives of the share of them among the `k` best-scored labels.

    Ties are broken as in `hit_at`; NaN without positives.

    Raises:
        DataError: As `average_precision`.
        OptionError: If `k` is below 1.
    """
    return average(recalls(scores, targets, k)).value


@dataclass(frozen=True)
class Agreement:
    """Precision, recall and F1 of decisions; 0 where one is undefined, as nothing was found."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, eq=False)
class Decisions:
    """How decisions agree with targets.

    Attributes:
        macro: Means over labels with positives.
        micro: Over all mark-label pairs: a false positive on a label without positives counts here.
        per_label: F1 of each label, NaN for a label without positives; shape (labels,).
        left_out: How many labels have no positives.
        false_on_absent: How many decisions fell on these.
    """

    macro: Agreement
    micro: Agreement
    per_label: NDArray[np.float64]
    left_out: int
    false_on_absent: int


def f1(predicted: NDArray[np.bool_], targets: Targets) -> Decisions:
    """Return precision, recall and F1 of decisions, macro and micro.

    Args:
        predicted: Decisions, `scores >= thresholds`; dense, shape (marks, labels).
        targets: True labels, same shape.

    Raises:
        DataError: If shapes differ, or either is not boolean.
    """
    if not (isinstance(predicted, np.ndarray) and predicted.dtype == np.bool_):
        raise DataError("decisions must be a dense boolean array: scores >= thresholds")
    positives = find_positives(targets, predicted.shape)
    correct = np.bincount(positives.labels[predicted[positives.marks, positives.labels]], minlength=positives.shape[1])
    suggested, true = np.count_nonzero(predicted, axis=0), positives.per_label()
    precision, recall, both = _agreement(correct, suggested, true)
    present = true > 0
    macro = [average(each[present]).value for each in (precision, recall, both)]
    micro = [float(each) for each in _agreement(correct.sum(), suggested.sum(), true.sum())]
    return Decisions(
        Agreement(*macro),
        Agreement(*micro),
        np.where(present, both, np.nan),
        int(np.count_nonzero(~present)),
        int(suggested[~present].sum()),
    )


def calibration_error(scores: Scores, targets: Targets, *, bins: int = 15) -> float:
    """Return the expected calibration error over all mark-label pairs, in bins of equal mass.

    The mean over pairs of |mean score - share of positives| in the pair's bin. Hardly one pair in a hundred
    is a positive, so with bins of equal width nearly all pairs lie in the lowest, where too high and too
    low scores cancel out, and the others hold too few to be measured; bins of equal mass all carry the same
    noise (Nguyen and O'Connor 2015, arXiv 1508.05154). Equal scores share a bin. Judge the value against
    the share of positives, which is the error of a model that says 0 to everything.

    Raises:
        DataError: If shapes differ, targets are not boolean, or a score is outside [0, 1].
        OptionError: If `bins` is below 1.
    """
    positives = _checked_probabilities(scores, targets, bins)
    return _binned_error(np.sort(scores, axis=None), scores[positives.marks, positives.labels], bins)


def label_calibration_errors(scores: Scores, targets: Targets, *, bins: int = 15) -> NDArray[np.float64]:
    """Return the expected calibration error of each label, over marks; shape (labels,).

    Raises:
        DataError: As `calibration_error`.
        OptionError: As `calibration_error`.
    """
    positives = _checked_probabilities(scores, targets, bins)
    by_label = np.argsort(positives.labels, kind="stable")
    stops = np.cumsum(positives.per_label())
    errors = np.empty(scores.shape[1])
    for label, rows in enumerate(np.split(positives.marks[by_label], stops[:-1])):
        errors[label] = _binned_error(np.sort(scores[:, label]), scores[rows, label], bins)
    return errors


def _ranked(scores: Scores, targets: Targets, pool: NDArray[np.intp]) -> Ranks:
    check_scores(scores)
    return rank_positives(scores, find_positives(targets, scores.shape), pool)


def _found_among_best(scores: Scores, targets: Targets, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return how many positives of each mark are among its k best-scored labels, and how many it has."""
    if k < 1:
        raise OptionError(f"k is {k}; expected at least 1")
    check_scores(scores)
    positives = find_positives(targets, scores.shape)
    marks, labels = positives.shape
    found = np.zeros(len(positives.marks), dtype=bool)
    height = max(1, _BLOCK // labels)
    for start in range(0, marks, height):
        best = _best(scores[start : start + height], k)
        here = slice(*np.searchsorted(positives.marks, [start, start + height]))
        found[here] = best[positives.marks[here] - start, positives.labels[here]]
    return np.bincount(positives.marks[found], minlength=marks), positives.per_mark()


def _best(scores: Scores, k: int) -> NDArray[np.bool_]:
    """Return which are the k highest scores of each row; of tied ones the first."""
    if k >= scores.shape[1]:
        return np.ones(scores.shape, dtype=bool)
    last = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    better, tied = scores > last, scores == last
    room = k - np.count_nonzero(better, axis=1)[:, None]
    best: NDArray[np.bool_] = better | (tied & (np.cumsum(tied, axis=1, dtype=np.int32) <= room))
    return best


def ratio(numerator: ArrayLike, denominator: ArrayLike, *, empty: float) -> NDArray[np.float64]:
    """Return a ratio that is `empty` where its denominator is 0."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    ratio: NDArray[np.float64] = np.divide(top, bottom, out=np.full(bottom.shape, empty), where=bottom > 0)
    return ratio


def _agreement(correct: Any, suggested: Any, true: Any) -> tuple[NDArray[np.float64], ...]:
    return (
        ratio(correct, suggested, empty=0.0),
        ratio(correct, true, empty=0.0),
        ratio(2 * correct, suggested + true, empty=0.0),
    )


def _checked_probabilities(scores: Scores, targets: Targets, bins: int) -> Positives:
    if bins < 1:
        raise OptionError(f"bins is {bins}; expected at least 1")
    check_scores(scores, probabilities=True)
    return find_positives(targets, scores.shape)


def _binned_error(ascending: Scores, positive: Scores, bins: int) -> float:
    """Return the calibration error of sorted scores; `positive` are those of the positives, in any order."""
    bins = min(bins, len(ascending))
    last = ascending[np.arange(1, bins) * len(ascending) // bins - 1]  # the highest score of each bin but the last
    edges = np.array([0, *np.searchsorted(ascending, last, side="right"), len(ascending)])
    gains = np.diff([0, *np.searchsorted(np.sort(positive), last, side="right"), len(positive)])
    sums = np.array([ascending[start:stop].sum(dtype=np.float64) for start, stop in pairwise(edges)])
    return float(np.abs(sums - gains).sum() / len(ascending))
