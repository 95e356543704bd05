"""Bootstrap confidence intervals over marks.

Drawing marks with replacement is the same as weighting them by how often they were drawn. So each metric takes
the weights of all samples at once, and nothing is ranked twice:

    bootstrap_interval(lambda weights: hit_at(scores, targets, 10, weights), len(scores))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError


def draw_weights(n: int, *, rounds: int = 200, seed: int = 0) -> NDArray[np.float64]:
    """Return how often each of `n` marks counts in each bootstrap sample, shape (1 + rounds, marks).

    The first row is all ones: the marks as they are.

    Raises:
        OptionError: If there is nothing to draw.
    """
    if n < 1 or rounds < 1:
        raise OptionError(f"n is {n} and rounds {rounds}; expected at least 1 mark and 1 round")
    random = np.random.default_rng(seed)
    weights = np.ones((1 + rounds, n))
    for row in weights[1:]:
        row[:] = np.bincount(random.integers(n, size=n), minlength=n)
    return weights


@dataclass(frozen=True)
class Interval:
    """A metric with its confidence interval.

    Attributes:
        value: The metric on the marks as they are.
        low: The lower bound; NaN if no bootstrap sample has a value.
        high: The upper bound; likewise.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: NDArray[np.float64], *, level: float = 0.95) -> "Interval":
        """Return the centred percentile interval (Efron 1979) of a value and its bootstrap samples.

        The percentiles are shifted by the difference between the value and the mean of the samples. For a mean over
        marks that is nothing. But macro average precision is higher on samples, because a rare label's only positive
        is drawn twice, or its label drops out; plain percentiles can then lie entirely above the value.

        Args:
            samples: The value, then its samples; shape (1 + rounds,). NaN samples are left out.
            level: Share of samples between the bounds.

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
    metric: Callable[[NDArray[np.float64]], Any], n: int, *, rounds: int = 200, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return a metric over `n` marks with its centred percentile bootstrap interval.

    Args:
        metric: Takes weights (1 + rounds, marks) and returns values (1 + rounds,).
        n: Number of marks.
        rounds: Number of bootstrap samples.
        level: Share of samples between the bounds.
        seed: Seed of the draws.

    Raises:
        OptionError: If an option makes no sense.
    """
    return Interval.of(np.asarray(metric(draw_weights(n, rounds=rounds, seed=seed)), dtype=np.float64), level=level)
