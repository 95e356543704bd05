"""How good a ranking, a decision or a probability is: pure functions over scores and targets.

Scores are floats and targets booleans of one shape (marks, labels); targets may be the sparse array
that `LabelSet.encode` returns and are then never made dense. What only ranks asks one question, "how
many scores are at least as high as this positive's?", and one function, `rank_positives`, answers it
for all of them. A label without positives has no average precision: it is NaN, is left out of means,
and the result says how many were.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.ranking import (
    BLOCK,
    Positives,
    Ranks,
    Scores,
    Targets,
    check_scores,
    find_positives,
    rank_positives,
    ratio,
)

if TYPE_CHECKING:
    pass


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


def frequency_bands(
    train_counts: NDArray[np.integer[Any]], *, head: int = 100, tail: int = 20
) -> dict[str, NDArray[np.bool_]]:
    """Return which labels are `head`, `medium` and `tail`, as in `by_frequency`; each of shape (labels,).

    Raises:
        OptionError: If `tail` is above `head`.
    """
    if tail > head:
        raise OptionError(f"tail is {tail} and head {head}; tail must not be above head")
    frequent, rare = train_counts > head, train_counts < tail
    return {"head": frequent, "medium": ~frequent & ~rare, "tail": rare}


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
    bands = frequency_bands(counts, head=head, tail=tail)
    return ByFrequency(**{name: average(values[inside]) for name, inside in bands.items()})


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
    height = max(1, BLOCK // labels)
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
