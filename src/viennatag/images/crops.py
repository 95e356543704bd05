"""Crops of a mark: a device that stands beside or above a word is shown again, alone and larger.

In one square a wide mark leaves its device a few dozen pixels. So a mark is cut where background of one colour crosses
it from edge to edge; each piece that is not a line of writing is shown to the network again as a crop of its own.
Crops count for pictorial labels only: colours, writing and arrangement belong to the full mark.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from viennatag.images.framing import MARGIN, WHITE, Framing

MAX_CROPS = 1
"""Most crops of a mark; the largest are used. With three, words are cut into letters, which look like devices."""

CROP_WEIGHT = 0.5
"""Weight of the crop with the highest logit of a label; the full mark has the rest."""

CROP_SCORES = (0.1, 0.8)
"""Crops count where the best pictorial category of the whole mark scores at least the first and below the second.

Elsewhere it is sure already, or nothing is pictured; on registered marks that spares half of the crops."""

Real = TypeVar("Real", bound=np.floating[Any])

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_CONTRAST = 24  # a pixel is foreground if a channel is this far from the background
_MIN_GAP = 0.06  # of the mark's other side: the letters of a word are mostly closer
_MIN_SIDE = 16  # pixels; a smaller mark is not cut
_MIN_ASPECT = (1.3, 0.5)  # width over height, and height over width, from which a mark is cut along that axis
_MIN_CROP_ASPECT = 0.3  # shorter over longer side; a piece below it is a line of writing or a stroke
_MIN_CROP_SIDE = 0.1  # longer side over that of the mark; a piece below it is a letter or a dot
_MIN_ZOOM = 1.2  # a crop must be shown at least this many times larger


def find_crops(
    pixels: NDArray[np.uint8], area: Box, max_crops: int = MAX_CROPS
) -> tuple[list[tuple[int, int, int, int]], tuple[int, int, int]]:
    """Return the boxes of a mark's crops in pixels of its square, the largest first, and its background colour, RGB.

    Args:
        pixels: The full mark, as the network sees it; RGB, shape (size, size, 3).
        area: Box of the image in the square, in fractions; see `Framing.box`.
        max_crops: Most crops wanted.
    """
    size = len(pixels)
    left, top, right, bottom = (round(min(max(edge, 0.0), 1.0) * size) for edge in area)
    if max_crops < 1 or min(right - left, bottom - top) < _MIN_SIDE:
        return [], WHITE
    shown = pixels[top:bottom, left:right]
    border = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]])
    background = np.partition(border, len(border) // 2, axis=0)[len(border) // 2]
    foreground = _find_foreground(shown, background)
    edges = (foreground[0], foreground[-1], foreground[:, :3], foreground[:, -3:])
    if 2 * sum(map(np.count_nonzero, edges)) > 3 * len(border):
        return [], WHITE  # a photograph has no background of one colour
    lines = _project(foreground)
    rows, columns = map(np.flatnonzero, lines)
    if not len(rows):
        return [], WHITE
    first, start = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - first, int(columns[-1]) + 1 - start
    top, left = top + first, left + start
    foreground = foreground[first : first + height, 3 * start : 3 * (start + width)]
    found: set[tuple[int, int, int, int]] = set()
    for axis, (along, across, offset) in enumerate(((width, height, start), (height, width, first))):
        if along < _MIN_ASPECT[axis] * across:
            continue
        pieces = _split_at_gaps(lines[1 - axis][offset : offset + along], max(2.0, _MIN_GAP * across))
        for low, high in pieces if len(pieces) > 1 else ():
            found.add(_trim(foreground, (low, 0, high, height) if axis == 0 else (0, low, width, high)))
    kept = []
    for box in found:
        sides = box[2] - box[0], box[3] - box[1]
        longer = max(sides)
        if min(sides) >= _MIN_CROP_ASPECT * longer and _MIN_CROP_SIDE <= longer / max(width, height) <= 1 / _MIN_ZOOM:
            kept.append((sides[0] * sides[1], box))
    kept.sort(key=lambda each: (-each[0], each[1]))
    red, green, blue = background.tolist()
    boxes = [(left + box[0], top + box[1], left + box[2], top + box[3]) for _, box in kept[:max_crops]]
    return boxes, (red, green, blue)


def frame_crop(box: Box, full: Framing, width: int, height: int, fill: tuple[int, int, int], size: int) -> Framing:
    """Return the framing of a crop in a square of its own, with the margin of a mark.

    Args:
        box: Box of the crop, in pixels of the full mark's square.
        full: Framing of the full mark.
        width: Width of the image, in its own pixels.
        height: Height of the image, in its own pixels.
        fill: Background colour, RGB.
        size: Side of both squares, in pixels.
    """
    crop = []
    for at, limit in ((0, width), (1, height)):
        start, end = full.source[at], full.source[at + 2]
        scale = (end - start) / (full.target[at + 2] - full.target[at])
        low, high = (start + (edge - full.target[at]) * scale for edge in (box[at] - 0.5, box[at + 2] + 0.5))
        crop.append((min(max(low, 0.0), limit - 1.0), min(max(high, 1.0), float(limit))))
    (left, right), (top, bottom) = crop
    scale = size / ((1 + 2 * MARGIN) * max(right - left, bottom - top))
    across, down = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    x, y = (size - across) // 2, (size - down) // 2
    return Framing((left, top, right, bottom), (x, y, x + across, y + down), fill)


def full_view_rows(view_counts: Sequence[int]) -> NDArray[np.intp]:
    """Return the row of each mark's full view among the views of several marks."""
    return np.cumsum([0, *view_counts[:-1]], dtype=np.intp)


def merge_crops(
    logits: NDArray[Real],
    view_counts: Sequence[int],
    pictorial: NDArray[np.bool_],
    wanted: NDArray[np.bool_] | None = None,
) -> NDArray[Real]:
    """Return the logits of marks from those of their views, shape (marks, labels).

    Args:
        logits: Of all views, each mark's full view before its crops; shape (views, labels).
        view_counts: Number of views of each mark.
        pictorial: Which labels crops count for, shape (labels,).
        wanted: Marks whose crops count, shape (marks,); by default all.
    """
    if len(view_counts) == len(logits):
        return logits
    starts = full_view_rows(view_counts)
    merged = logits[starts]
    counted = np.ones(len(merged), dtype=bool) if wanted is None else wanted
    for row, (start, count) in enumerate(zip(starts, view_counts, strict=True)):
        if count > 1 and counted[row]:
            highest = logits[start + 1 : start + count, pictorial].max(axis=0)
            merged[row, pictorial] += CROP_WEIGHT * (highest - merged[row, pictorial])
    return merged


def _find_foreground(pixels: NDArray[np.uint8], background: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which channel values are foreground; shape (rows, 3 * columns)."""
    channels = pixels.reshape(len(pixels), -1)  # a loop over the three channels is slow
    levels, columns = background.tolist(), channels.shape[1] // 3
    darkest = np.array([max(level - _CONTRAST, 0) for level in levels], dtype=np.uint8)
    foreground = channels < np.tile(darkest, columns)
    if min(levels) + _CONTRAST < 255:
        lightest = np.array([min(level + _CONTRAST, 255) for level in levels], dtype=np.uint8)
        foreground |= channels > np.tile(lightest, columns)
    return foreground


def _project(foreground: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows and which columns have any foreground."""
    return np.asarray(foreground.any(axis=1)), np.asarray(foreground.any(axis=0).reshape(-1, 3).any(axis=1))


def _split_at_gaps(line: NDArray[np.bool_], min_gap: float) -> list[tuple[int, int]]:
    """Return start and end of each run of foreground; gaps up to `min_gap` do not end a run."""
    at = np.flatnonzero(line)
    breaks = np.flatnonzero(np.diff(at) > min_gap)
    edges = [0, *(breaks + 1).tolist(), len(at)]
    return [(int(at[first]), int(at[last - 1]) + 1) for first, last in pairwise(edges)]


def _trim(foreground: NDArray[np.bool_], box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return a box without the empty rows and columns at its edges."""
    left, top, right, bottom = box
    rows, columns = map(np.flatnonzero, _project(foreground[top:bottom, 3 * left : 3 * right]))
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1
