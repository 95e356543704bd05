"""How sure a figure is: intervals over marks by the bootstrap, without ranking anything twice."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import OptionError
from viennatag.metrics import Ranking

__all__ = ["Ranking", "bootstrap", "interval"]


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], ArrayLike], n: int, *, rounds: int = 200, seed: int = 0
) -> NDArray[np.float64]:
    """Return statistics of all marks in the first row, then of each bootstrap sample; shape (1 + rounds, ...).

    Drawing marks with replacement is the same as weighting them by how often they were drawn (Efron
    1979), and a weight spares the statistic the work of ranking them anew.

    Args:
        statistic: Takes how often each mark counts, shape (n,), and returns a number or an array.
        n: Number of marks.
        rounds: How many samples are drawn.
        seed: Seed of the draws.

    Raises:
        OptionError: If there are no marks or no rounds.
    """
    if n < 1 or rounds < 1:
        raise OptionError(f"n is {n} and rounds {rounds}; both must be at least 1")
    random = np.random.default_rng(seed)
    samples = [np.asarray(statistic(np.ones(n)), dtype=np.float64)]
    for _ in range(rounds):
        drawn = np.bincount(random.integers(n, size=n), minlength=n).astype(np.float64)
        samples.append(np.asarray(statistic(drawn), dtype=np.float64))
    return np.stack(samples)


def interval(samples: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float]:
    """Return bounds around the first of the samples that `bootstrap` returns; NaN if they are undefined.

    The percentiles of the others, moved so that their mean falls on the first. Unmoved they would miss it:
    a mark drawn twice ranks beside itself, which lifts the average precision of a label with few
    positives in every sample.

    Args:
        samples: One statistic: of all marks first, then of each bootstrap sample; shape (1 + rounds,).
        level: Share of samples between the bounds.

    Raises:
        OptionError: If `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise OptionError(f"level is {level}; expected a share between 0 and 1, such as 0.95")
    value, known = samples[0], samples[1:][~np.isnan(samples[1:])]
    if not len(known):
        return float("nan"), float("nan")
    low, high = value + np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) - known.mean()
    return float(low), float(high)
