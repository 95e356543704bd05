"""How sure a figure is: bootstrap intervals over marks, without ranking anything twice."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.figures import average
from viennatag.metrics.ranking import Scores, Targets, check_scores, find_positives, rank_positives, ratio


@dataclass(frozen=True, eq=False)
class Ranking:
    """Marks ranked once per label, so that average precision under other weights needs no sorting.

    A label's ranking is cut after its last positive and into runs that each end with a positive (or with
    those tied with it): precision is only asked for there.

    Attributes:
        order: Marks, best first, label after label.
        run_starts: Where in `order` each run starts; shape (runs,).
        run_labels: Label of each run, ascending; shape (runs,).
        positive_marks: Mark of each positive; shape (positives,).
        positive_runs: Run of each positive; shape (positives,).
        shape: Number of marks and of labels.
    """

    order: NDArray[np.int32]
    run_starts: NDArray[np.intp]
    run_labels: NDArray[np.intp]
    positive_marks: NDArray[np.intp]
    positive_runs: NDArray[np.intp]
    shape: tuple[int, int]

    @classmethod
    def of(cls, scores: Scores, targets: Targets) -> "Ranking":
        """Return the ranking of marks by each label's scores; it takes up to 4 bytes a score.

        Raises:
            DataError: As `average_precision`.
        """
        check_scores(scores)
        positives = find_positives(targets, scores.shape)
        ranks = rank_positives(scores, positives, np.arange(scores.shape[1]))
        none = np.empty(0, dtype=np.intp)
        order, run_starts, run_labels, positive_runs = [none.astype(np.int32)], [none], [none], [none]
        length = runs = 0
        for label, start, count in zip(*np.unique(ranks.pool, return_index=True, return_counts=True), strict=True):
            ends, run = np.unique(ranks.above[start : start + count], return_inverse=True)
            order.append(np.argsort(scores[:, label])[::-1][: ends[-1]].astype(np.int32))
            run_starts.append(length + np.append(0, ends[:-1]))
            run_labels.append(np.full(len(ends), label))
            positive_runs.append(runs + run)
            length, runs = length + int(ends[-1]), runs + len(ends)
        return cls(
            order=np.concatenate(order),
            run_starts=np.concatenate(run_starts),
            run_labels=np.concatenate(run_labels),
            positive_marks=positives.marks[ranks.positive],
            positive_runs=np.concatenate(positive_runs),
            shape=positives.shape,
        )

    def average_precision(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the average precision of each label, NaN where its positives weigh nothing; shape (labels,).

        Args:
            weights: How often each mark counts, not negative; whole numbers give exactly what repeating
                the marks would give. Shape (marks,).

        Raises:
            DataError: If weights have another shape, or one is negative or NaN.
        """
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape != self.shape[:1] or not np.all(weights >= 0):
            raise DataError(f"weights have shape {weights.shape}; expected {self.shape[:1]}, none negative or NaN")
        labels = self.shape[1]
        if len(self.run_starts) == 0:
            return np.full(labels, np.nan)
        total = np.add.reduceat(weights[self.order], self.run_starts)
        found = np.bincount(self.positive_runs, weights[self.positive_marks], minlength=len(total)).astype(np.float64)
        precision = ratio(self._running(found), self._running(total), empty=0.0)
        gained = np.bincount(self.run_labels, found * precision, minlength=labels)
        return ratio(gained, np.bincount(self.run_labels, found, minlength=labels), empty=np.nan)

    def macro_average_precision(self, weights: ArrayLike) -> float:
        """Return the mean average precision over labels whose positives weigh something."""
        return average(self.average_precision(weights)).value

    def _running(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return running sums that start afresh with each label."""
        sums = np.cumsum(values)
        first = np.searchsorted(self.run_labels, self.run_labels)
        before: NDArray[np.float64] = (sums - values)[first]
        return sums - before


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], ArrayLike], n: int, *, rounds: int = 200, seed: int = 0
) -> NDArray[np.float64]:
    """Return a statistic over marks, then its bootstrap samples; shape (1 + rounds, ...).

    Drawing marks with replacement is weighting them by how often they were drawn, and a weight spares the
    statistic the work of ranking them anew.

    Args:
        statistic: Takes how often each mark counts, shape (marks,), and returns a number, or an array of
            numbers that are then sampled together.
        n: Number of marks.
        rounds: How many samples are drawn.
        seed: Seed of the draws.

    Raises:
        OptionError: If there is nothing to draw.
    """
    if n < 1 or rounds < 1:
        raise OptionError(f"n is {n} and rounds {rounds}; expected at least 1 mark and 1 round")
    random = np.random.default_rng(seed)
    draws = (np.bincount(random.integers(n, size=n), minlength=n) for _ in range(rounds))
    return np.array([statistic(weights.astype(np.float64)) for weights in chain([np.ones(n)], draws)])


@dataclass(frozen=True)
class Interval:
    """A statistic with the bounds between which it would probably fall on other marks of the same kind."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: NDArray[np.float64], *, level: float = 0.95) -> "Interval":
        """Return the centred percentile interval (Efron 1979) of what `bootstrap` returned for one number.

        The percentiles are moved by how far the mean of the samples lies from the value. For a mean over
        marks that is nothing; but macro average precision is higher on a sample than on the marks it was
        drawn from (a rare label's one positive is drawn twice, or not at all and its label drops out), so
        much that plain percentiles can lie wholly above the value. Samples that are NaN are left out.

        Raises:
            OptionError: If `level` is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise OptionError(f"level is {level}; expected a share of samples between 0 and 1")
        value, known = float(samples[0]), samples[1:][~np.isnan(samples[1:])]
        if len(known) == 0:
            return cls(value, float("nan"), float("nan"))
        low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) + (value - known.mean())
        return cls(value, float(low), float(high))


def bootstrap_interval(
    statistic: Callable[[NDArray[np.float64]], float],
    n: int,
    *,
    rounds: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a statistic over `n` marks with its centred percentile bootstrap interval.

        ranking = Ranking.of(scores, targets)
        bootstrap_interval(ranking.macro_average_precision, len(scores))
        per_mark = hits(scores, targets, 10)
        bootstrap_interval(lambda weights: weighted_means(per_mark[:, None], weights)[0], len(per_mark))

    Args:
        statistic: Takes how often each mark counts, shape (marks,), and returns a number.
        n: Number of marks.
        rounds: How many samples are drawn.
        level: Share of samples between the bounds.
        seed: Seed of the draws.

    Raises:
        OptionError: If an option makes no sense.
    """
    return Interval.of(bootstrap(statistic, n, rounds=rounds, seed=seed), level=level)


def weighted_means(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean of each column over marks, those that are NaN left out; NaN if none is left.

    Args:
        values: One row per mark, shape (marks, columns).
        weights: How often each mark counts, shape (marks,).
    """
    known = ~np.isnan(values)
    return ratio(weights @ np.where(known, values, 0.0), weights @ known, empty=np.nan)
