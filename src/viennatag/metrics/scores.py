"""Scores and targets: what the arrays are, and the check that all users of them share."""

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Scores: TypeAlias = NDArray[np.floating[Any]]
Targets: TypeAlias = "NDArray[np.bool_] | csr_array"


def check_scores(scores: Scores, *, probabilities: bool = False) -> None:
    """Check that scores are floats without NaN, and in [0, 1] if they must be probabilities.

    Raises:
        DataError: If they are not.
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
