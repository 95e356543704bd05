"""Values of other than 8 bits to 8 bits.

Cameras and scanners store 10, 12 or 14 bits in 16, and programs store 8 bits in 32 or as floating-point numbers. So the
range of an image is the smallest usual one that holds its largest value; a fixed range would make such images black.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import ImageError

_BITS = (8, 10, 12, 14, 16, 24, 31, 32)
_ROWS = 256  # at a time, to save memory


def to_eight_bits(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return values of 8 bits, of the same shape; numbers that are no integers and at most 1 are shares of white.

    Raises:
        ImageError: If a value is negative or not a finite number.
    """
    if values.dtype == np.uint8:
        return values.view(np.uint8)
    if values.dtype == np.bool_:
        return values.view(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise ImageError(f"the array has type {values.dtype}; expected numbers")
    smallest, largest = float(values.min()), float(values.max())
    if not (smallest >= 0 and np.isfinite(largest)):  # NaN fails here too
        raise ImageError(
            f"the image has values from {smallest:g} to {largest:g}; expected finite ones from 0 up; scale them first"
        )
    usual = (float(2**bits - 1) for bits in _BITS if largest <= 2**bits - 1)
    white = 1.0 if values.dtype.kind == "f" and largest <= 1 else next(usual, None)
    if white is None:
        raise ImageError(f"the image has values up to {largest:g}, of which the range is unknown; scale them first")
    levels = np.empty(values.shape, dtype=np.uint8)
    for at in range(0, len(values), _ROWS):
        rows: NDArray[Any] = values[at : at + _ROWS]
        levels[at : at + _ROWS] = rows if white == 255 and rows.dtype.kind != "f" else rows * (255 / white) + 0.5
    return levels
