"""Metrics of rankings, decisions and probabilities: pure functions. Shapes and errors: see `viennatag.metrics`."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.ranking import BLOCK, Positives, find_positives, pooled_average_precision, ratio
from viennatag.metrics.scores import (
    ArrayData,
    Scores,
    Targets,
    as_scores,
    as_targets,
    check_scores,
    dense_unknown,
    find_unknown,
    hide_unknown,
)

Value: TypeAlias = Any
"""A float, or an array (rounds,) under weights of shape (rounds, marks)."""


def average_precision(scores: Scores, targets: Targets, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the average precision of each label, NaN for a label without positives; shape (labels,).

    Ties count as in scikit-learn's `average_precision_score`.
    """
    scores = as_scores(scores, targets)
    return _average_precision(scores, targets, np.arange(scores.shape[-1]), weights)


def micro_average_precision(scores: Scores, targets: Targets, weights: ArrayLike | None = None) -> Value:
    """Return the average precision of all mark-label pairs in one ranking, NaN without positives."""
    scores = as_scores(scores, targets)
    return _scalar(_average_precision(scores, targets, np.zeros(scores.shape[-1], dtype=np.intp), weights)[..., 0])


def label_ranking_average_precision(scores: Scores, targets: Targets, weights: ArrayLike | None = None) -> Value:
    """Return the mean over marks of the average precision of each mark's own ranking of labels.

    A mark without positives counts 1, as in scikit-learn.
    """
    scores = as_scores(scores, targets)
    check_scores(scores)
    positives = find_positives(targets, scores.shape)
    marks, labels = positives.shape
    transposed = Positives((labels, marks), positives.labels, positives.marks)
    each = pooled_average_precision(hide_unknown(scores, targets).T, transposed, np.arange(marks))
    return _weighted_mean(np.where(np.isnan(each), 1.0, each), weights)


def hit_at(scores: Scores, targets: Targets, k: int, weights: ArrayLike | None = None, *, block: int = BLOCK) -> Value:
    """Return the share of marks with positives whose `k` best-scored labels hold a positive; NaN without positives.

    Of labels with the same score the first in label order ranks higher. At most `block` scores are copied at a time.

    Raises:
        OptionError: If `k` is below 1.
    """
    hits, of = _count_top_positives(scores, targets, k, block)
    return _weighted_mean(ratio((hits > 0).astype(np.float64), of > 0, empty=np.nan), weights)


def recall_at(
    scores: Scores, targets: Targets, k: int, weights: ArrayLike | None = None, *, block: int = BLOCK
) -> Value:
    """Return the mean over marks with positives of the share of these among the `k` best-scored labels.

    Ties and `block` as in `hit_at`; NaN without positives.

    Raises:
        OptionError: If `k` is below 1.
    """
    return _weighted_mean(ratio(*_count_top_positives(scores, targets, k, block), empty=np.nan), weights)


@dataclass(frozen=True)
class Average:
    """A mean over labels.

    Attributes:
        value: The mean, NaN if no label counts.
        labels: Number of labels in the mean.
        left_out: Number of labels without a value because they have no positives.
    """

    value: float
    labels: int
    left_out: int


def average(values: NDArray[np.float64]) -> Average:
    """Return the mean of one value per label, NaN left out."""
    known = int(np.count_nonzero(~np.isnan(values)))
    return Average(float(mean_of_known(values)), known, len(values) - known)


def mean_of_known(values: NDArray[np.float64]) -> Value:
    """Return the mean over the last axis with NaN left out, NaN where nothing is left."""
    known = ~np.isnan(values)
    return _scalar(ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1), empty=np.nan))


def macro_average_precision(scores: Scores, targets: Targets) -> Average:
    """Return the mean average precision (mAP) over labels with positives."""
    return average(average_precision(scores, targets))


def frequency_bands(
    train_counts: NDArray[np.integer[Any]], *, head: int = 100, tail: int = 20
) -> dict[str, NDArray[np.bool_]]:
    """Return which labels are `head`, `medium` and `tail`: more than 100, 20 to 100, fewer than 20 training marks.

    The limits are those of the long-tailed multi-label benchmarks (Wu et al. 2020, arXiv 2007.09654).

    Args:
        train_counts: Training marks of each label, shape (labels,).
        head: A label with more marks is frequent.
        tail: A label with fewer marks is rare.

    Raises:
        OptionError: If `tail` is above `head`.
    """
    if tail > head:
        raise OptionError(f"tail is {tail} and head {head}; tail must not be above head")
    frequent, rare = train_counts > head, train_counts < tail
    return {"head": frequent, "medium": ~frequent & ~rare, "tail": rare}


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision, recall and F1 of decisions, each a number, or shape (rounds,) under weights of many rounds.

    Attributes:
        precision: Share of suggestions that are right; 0 where nothing is suggested.
        recall: Share of positives that are suggested.
        f1: Their harmonic mean.
    """

    precision: Value
    recall: Value
    f1: Value


@dataclass(frozen=True, eq=False)
class F1Scores:
    """Precision, recall and F1 of decisions over all labels.

    Attributes:
        macro: Means over labels with positives.
        micro: Over all mark-label pairs: a false positive on a label without positives counts here. Recall and F1
            are NaN where they divide by 0.
        per_label: F1 of each label, NaN for a label without positives; shape (labels,).
        left_out: Number of labels without positives.
        false_on_absent: Number of positive decisions on labels without positives.
    """

    macro: PrecisionRecall
    micro: PrecisionRecall
    per_label: NDArray[np.float64]
    left_out: Value
    false_on_absent: Value


def f1(predicted: NDArray[np.bool_], targets: Targets, weights: ArrayLike | None = None) -> F1Scores:
    """Return precision, recall and F1 of decisions, macro and micro.

    Args:
        predicted: Decisions, `scores >= thresholds`: booleans, or 0 and 1; shape (marks, labels).
        targets: True labels, same shape.
        weights: See the module.

    Raises:
        DataError: If a decision is neither 0 nor 1, or as above.
    """
    predicted = _checked_decisions(predicted)
    positives = find_positives(targets, predicted.shape)
    unknown = dense_unknown(targets)
    predicted = predicted if unknown is None else predicted & ~unknown
    marks, labels = positives.shape
    hit = predicted[positives.marks, positives.labels]
    correct, suggested, true = (
        _sum_by_label(rows, columns, labels, _checked_weights(weights, marks))
        for rows, columns in (
            (positives.marks[hit], positives.labels[hit]),
            np.nonzero(predicted),
            (positives.marks, positives.labels),
        )
    )
    present = true > 0
    by_label = [np.where(present, each, np.nan) for each in _precision_recall_f1(correct, suggested, true, empty=0.0)]
    micro = _precision_recall_f1(correct.sum(-1), suggested.sum(-1), true.sum(-1), empty=np.nan)
    return F1Scores(
        PrecisionRecall(*map(mean_of_known, by_label)),
        PrecisionRecall(*map(_scalar, micro)),
        by_label[2],
        _scalar((~present).sum(-1)),
        _scalar(np.where(present, 0, suggested).sum(-1)),
    )


def calibration_error(
    scores: Scores, targets: Targets, weights: ArrayLike | None = None, *, bins: int = 15, block: int = BLOCK
) -> Value:
    """Return the expected calibration error over all mark-label pairs, in bins of equal mass.

    The mean over pairs of |mean score - share of positives| in the pair's bin. Hardly one pair in a hundred is
    positive, so with bins of equal width nearly all pairs fall into the lowest bin, where errors cancel out, and the
    others hold too few pairs; bins of equal mass all carry the same noise (Nguyen and O'Connor 2015, arXiv
    1508.05154). Equal scores share a bin. A model that gives 0 to everything has an error of the share of positives.

    Args:
        scores: Probabilities, shape (marks, labels).
        targets: True labels, same shape.
        weights: See the module; bins do not depend on them.
        bins: Number of bins.
        block: Most scores that are copied at a time, besides one copy of all.

    Raises:
        DataError: If a score is outside [0, 1], or as above.
        OptionError: If `bins` is below 1.
    """
    scores = as_scores(scores, targets)
    positives = _checked_probabilities(scores, targets, bins)
    checked = _checked_weights(weights, len(scores))
    unknown = dense_unknown(targets)
    pairs = np.full(len(scores), scores.shape[1]) if unknown is None else (~unknown).sum(axis=1)
    if not pairs.any():
        return float("nan") if checked is None or checked.ndim == 1 else np.full(len(checked), np.nan)
    by_mark = checked is not None
    excess = _bin_excess(scores, unknown, positives.marks, positives.labels, bins, by_mark=by_mark, block=block)
    if checked is None:
        return float(np.abs(excess).sum() / pairs.sum())
    return _scalar(np.abs(checked @ excess).sum(-1) / (checked @ pairs))


def label_calibration_errors(scores: Scores, targets: Targets, *, bins: int = 15) -> NDArray[np.float64]:
    """Return the expected calibration error of each label, over marks; NaN where all are unknown; shape (labels,)."""
    scores = as_scores(scores, targets)
    positives = _checked_probabilities(scores, targets, bins)
    rows = np.split(positives.marks[np.argsort(positives.labels, kind="stable")], np.cumsum(positives.per_label())[:-1])
    unknown = dense_unknown(targets)
    known = np.full(scores.shape[1], len(scores)) if unknown is None else (~unknown).sum(axis=0)
    errors = np.full(scores.shape[1], np.nan)
    for at in np.flatnonzero(known):
        column, own = scores[:, at, None], rows[at]
        hidden = None if unknown is None else unknown[:, at, None]
        excess = _bin_excess(column, hidden, own, np.zeros_like(own), bins, by_mark=False, block=BLOCK)
        errors[at] = np.abs(excess).sum()
    each: NDArray[np.float64] = errors / np.maximum(known, 1)
    return each


def _checked_decisions(predicted: ArrayData) -> NDArray[np.bool_]:
    try:
        found = as_targets(predicted)
    except DataError as exc:
        raise DataError(f"decisions are no booleans ({exc}); expected scores >= thresholds") from exc
    if find_unknown(predicted) is not None:
        raise DataError("decisions are no booleans (some are -1 or NaN); expected scores >= thresholds")
    return found if isinstance(found, np.ndarray) else found.toarray()


def _average_precision(
    scores: Scores, targets: Targets, pool: NDArray[np.intp], weights: ArrayLike | None
) -> NDArray[np.float64]:
    check_scores(scores)
    positives = find_positives(targets, scores.shape)
    scores = hide_unknown(scores, targets)
    checked = _checked_weights(weights, len(scores))
    if checked is None:
        return pooled_average_precision(scores, positives, pool)
    found = pooled_average_precision(scores, positives, pool, np.atleast_2d(checked))
    return found if checked.ndim == 2 else found[0]


def _checked_weights(weights: ArrayLike | None, marks: int) -> NDArray[np.float64] | None:
    """Return weights as floats, None if there are none.

    Raises:
        DataError: If they have another shape, or one is negative or NaN.
    """
    if weights is None:
        return None
    found = np.asarray(weights, dtype=np.float64)
    if found.ndim not in (1, 2) or found.shape[-1] != marks or not np.all(found >= 0):
        raise DataError(
            f"weights have shape {found.shape}; expected ({marks},) or (rounds, {marks}), none negative or NaN"
        )
    return found


def _scalar(values: NDArray[Any]) -> Value:
    """Return a 0-dimensional array as a plain number."""
    return values.item() if np.ndim(values) == 0 else values


def _weighted_mean(values: NDArray[np.float64], weights: ArrayLike | None) -> Value:
    """Return the mean of one value per mark, NaN left out."""
    known = ~np.isnan(values)
    checked = _checked_weights(weights, len(values))
    if checked is None:
        checked = np.ones(len(values))
    return _scalar(ratio(checked @ np.where(known, values, 0.0), checked @ known, empty=np.nan))


def _sum_by_label(
    marks: NDArray[np.intp], columns: NDArray[np.intp], labels: int, weights: NDArray[np.float64] | None
) -> NDArray[Any]:
    """Return the number of marks of each label, or their weight; shape (labels,) or (rounds, labels)."""
    if weights is None:
        return np.bincount(columns, minlength=labels)
    sums = [np.bincount(columns, each[marks], minlength=labels) for each in np.atleast_2d(weights)]
    return np.stack(sums) if weights.ndim == 2 else sums[0]


def _precision_recall_f1(
    correct: NDArray[Any], suggested: NDArray[Any], true: NDArray[Any], *, empty: float
) -> tuple[NDArray[np.float64], ...]:
    return (
        ratio(correct, suggested, empty=0.0),
        ratio(correct, true, empty=empty),
        ratio(2 * correct, suggested + true, empty=empty),
    )


def _count_top_positives(
    scores: Scores, targets: Targets, k: int, block: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of positives of each mark among its k best-scored labels, and of all its positives."""
    if k < 1:
        raise OptionError(f"k is {k}; expected at least 1")
    scores = as_scores(scores, targets)
    check_scores(scores)
    positives = find_positives(targets, scores.shape)
    scores = hide_unknown(scores, targets)
    marks, labels = positives.shape
    found = np.zeros(len(positives.marks), dtype=bool)
    height = max(1, block // labels)
    for start in range(0, marks, height):
        best = _find_top(scores[start : start + height], k)
        here = slice(*np.searchsorted(positives.marks, [start, start + height]))
        found[here] = best[positives.marks[here] - start, positives.labels[here]]
    return np.bincount(positives.marks[found], minlength=marks), positives.per_mark()


def _find_top(scores: Scores, k: int) -> NDArray[np.bool_]:
    """Return which are the k highest scores of each row; of tied ones the first."""
    if k >= scores.shape[1]:
        return np.ones(scores.shape, dtype=bool)
    last = -np.partition(-scores, k - 1, axis=1)[:, k - 1 : k]
    better, tied = scores > last, scores == last
    room = k - np.count_nonzero(better, axis=1)[:, None]
    best: NDArray[np.bool_] = better | (tied & (np.cumsum(tied, axis=1, dtype=np.int32) <= room))
    return best


def _checked_probabilities(scores: Scores, targets: Targets, bins: int) -> Positives:
    if bins < 1:
        raise OptionError(f"bins is {bins}; expected at least 1")
    check_scores(scores, probabilities=True)
    return find_positives(targets, scores.shape)


def _bin_excess(
    scores: Scores,
    unknown: NDArray[np.bool_] | None,
    marks: NDArray[np.intp],
    labels: NDArray[np.intp],
    bins: int,
    *,
    by_mark: bool,
    block: int,
) -> NDArray[np.float64]:
    """Return the sum of scores minus the number of positives in each bin; shape (bins,), or (marks, bins) by mark.

    Unknown pairs, of the shape of the scores, do not count. `marks` and `labels` are rows and columns of the positives.
    """
    ascending = np.sort(scores if unknown is None else scores[~unknown], axis=None)
    bins = min(bins, ascending.size)
    limits = np.unique(ascending[np.arange(1, bins) * ascending.size // bins - 1])  # highest score of each bin
    limits = limits[limits < ascending[-1]]
    width = len(limits) + 1
    own = np.searchsorted(limits, scores[marks, labels])
    if not by_mark:
        starts = np.append(0, np.searchsorted(ascending, limits, side="right"))
        return np.add.reduceat(ascending, starts, dtype=np.float64) - np.bincount(own, minlength=width)
    excess = -np.bincount(own + marks * width, minlength=len(scores) * width).astype(np.float64)
    height = max(1, block // scores.shape[1])
    for start in range(0, len(scores), height):
        rows = scores[start : start + height]
        if unknown is not None:  # a score of 0 adds nothing
            rows = np.where(unknown[start : start + height], 0, rows)
        cells = np.searchsorted(limits, rows) + np.arange(len(rows))[:, None] * width
        here = slice(start * width, (start + len(rows)) * width)
        excess[here] += np.bincount(cells.ravel(), rows.ravel(), minlength=len(rows) * width)
    return excess.reshape(-1, width)
