"""Log-odds and weights of labels from their counts alone.

A label without positives is treated as if it had one, so that everything here is finite.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MarkCount: TypeAlias = int | NDArray[np.int64]
"""The number of training marks, or an array (labels,) of those on which each label is known."""


def log_odds(counts: NDArray[np.int64], marks: MarkCount) -> NDArray[np.float64]:
    """Return the log-odds of each label's frequency, smoothed by half a mark, shape (labels,).

    Args:
        counts: Positives of each label, shape (labels,).
        marks: Number of marks, or of those on which each label is known, shape (labels,).
    """
    odds: NDArray[np.float64] = np.log((counts + 0.5) / (marks - counts + 0.5))
    return odds


def inverse_weights(counts: NDArray[np.int64], *, cap: float) -> NDArray[np.float64]:
    """Return 1/n for each label, scaled to mean 1 and then clipped to [1 / cap, cap]; n are the `counts` (labels,)."""
    return _scaled(1 / np.maximum(counts, 1), cap)


def effective_weights(counts: NDArray[np.int64], beta: float, *, cap: float) -> NDArray[np.float64]:
    """Return (1 - beta) / (1 - beta^n) for each label, scaled to mean 1 and then clipped to [1 / cap, cap].

    (1 - beta^n) / (1 - beta) is the effective number of n marks that overlap: it grows like n at first and
    tends to 1 / (1 - beta). Here n are the `counts`, shape (labels,). Cui et al., "Class-Balanced Loss Based on
    Effective Number of Samples", CVPR 2019.
    """
    return _scaled((1 - beta) / -np.expm1(np.log(beta) * np.maximum(counts, 1)), cap)


def _scaled(weights: NDArray[np.float64], cap: float) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = np.clip(weights / weights.mean(), 1 / cap, cap)
    return scaled
