"""The parts of a mark: a device that stands beside or above a word is seen again, alone and larger.

In one square a wide mark leaves its device a few dozen pixels. So where paper, or a ground of one colour, goes all the
way through a mark, it is cut there; what is not a single line of writing is shown to the network once more by itself.
What a part says counts for what marks depict only: colours, writing and the arrangement are of the whole.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from viennatag.images.framing import MARGIN, WHITE, Fitting

MOST = 3
"""Parts of a mark that are looked at, the largest of them."""

PART_WEIGHT = 0.5
"""Of the part that speaks most for a label, in logits; the rest is the whole mark's."""

Real = TypeVar("Real", bound=np.floating[Any])

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_INK = 24  # a pixel is ink if a channel is this far from the ground
_GAP = 0.06  # of the mark's other side: letters of a word are mostly closer to each other than that
_LEAST = 16  # pixels; in a smaller square nothing can be cut
_LEAST_ASPECT = (1.3, 0.5)  # a mark is cut from side to side, or from top to bottom, if it is so many times as long
_SLENDER = 0.3  # a part whose sides differ by more is a line of writing or a stroke
_SMALL = 0.1  # of the mark's longer side, along the part's: what is smaller is a letter or a dot
_ZOOM = 1.2  # a part is looked at if it can be shown so many times larger


def find_parts(
    pixels: NDArray[np.uint8], area: Box, most: int = MOST
) -> tuple[list[tuple[int, int, int, int]], tuple[int, int, int]]:
    """Return where the parts of a mark lie that should be looked at, and the colour of the ground between them, RGB.

    Boxes are left, top, right and bottom in pixels of the mark's square, the largest first.

    Args:
        pixels: The whole mark, as the network sees it; RGB, shape (size, size, 3).
        area: Where its image lies in the square, in fractions; see `Fitting.box`.
        most: Parts wanted.
    """
    size = len(pixels)
    left, top, right, bottom = (round(min(max(edge, 0.0), 1.0) * size) for edge in area)
    if most < 1 or min(right - left, bottom - top) < _LEAST:
        return [], WHITE
    shown = pixels[top:bottom, left:right]
    border = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]])
    ground = np.partition(border, len(border) // 2, axis=0)[len(border) // 2]
    ink = _ink(shown, ground)
    if 2 * sum(map(np.count_nonzero, (ink[0], ink[-1], ink[:, :3], ink[:, -3:]))) > 3 * len(border):
        return [], WHITE  # a photograph has no ground
    lines = _lines(ink)
    rows, columns = map(np.flatnonzero, lines)
    if not len(rows):
        return [], WHITE
    first, start = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - first, int(columns[-1]) + 1 - start
    top, left = top + first, left + start
    ink = ink[first : first + height, 3 * start : 3 * (start + width)]
    found: set[tuple[int, int, int, int]] = set()
    for axis, (along, across, offset) in enumerate(((width, height, start), (height, width, first))):
        if along < _LEAST_ASPECT[axis] * across:
            continue
        cuts = _cut(lines[1 - axis][offset : offset + along], max(2.0, _GAP * across))
        for low, high in cuts if len(cuts) > 1 else ():
            found.add(_tight(ink, (low, 0, high, height) if axis == 0 else (0, low, width, high)))
    kept = []
    for box in found:
        sides = box[2] - box[0], box[3] - box[1]
        longer = max(sides)
        if min(sides) >= _SLENDER * longer and _SMALL <= longer / max(width, height) <= 1 / _ZOOM:
            kept.append((sides[0] * sides[1], box))
    kept.sort(key=lambda each: (-each[0], each[1]))
    red, green, blue = ground.tolist()
    boxes = [(left + box[0], top + box[1], left + box[2], top + box[3]) for _, box in kept[:most]]
    return boxes, (red, green, blue)


def fit_part(box: Box, whole: Fitting, width: int, height: int, fill: tuple[int, int, int], size: int) -> Fitting:
    """Return how a part is fitted into a square of its own, with the margin that a mark has.

    Args:
        box: Of the part, in pixels of the whole mark's square.
        whole: How the image is fitted into that.
        width: Of the image, in its own pixels.
        height: Likewise.
        fill: What surrounds the part, RGB.
        size: Side of both squares, in pixels.
    """
    crop = []
    for at, limit in ((0, width), (1, height)):
        start, end = whole.crop[at], whole.crop[at + 2]
        scale = (end - start) / (whole.place[at + 2] - whole.place[at])
        low, high = (start + (edge - whole.place[at]) * scale for edge in (box[at] - 0.5, box[at + 2] + 0.5))
        crop.append((min(max(low, 0.0), limit - 1.0), min(max(high, 1.0), float(limit))))
    (left, right), (top, bottom) = crop
    scale = size / ((1 + 2 * MARGIN) * max(right - left, bottom - top))
    across, down = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    x, y = (size - across) // 2, (size - down) // 2
    return Fitting((left, top, right, bottom), (x, y, x + across, y + down), fill)


def whole_rows(views: Sequence[int]) -> NDArray[np.intp]:
    """Return where, among the views of several marks, each mark's whole stands before its parts."""
    return np.cumsum([0, *views[:-1]], dtype=np.intp)


def merge_parts(logits: NDArray[Real], views: Sequence[int], pictorial: NDArray[np.bool_]) -> NDArray[Real]:
    """Return the logits of marks from those of their views, shape (marks, labels).

    Args:
        logits: Of all views, each mark's whole before its parts; shape (views, labels).
        views: How many views each mark has.
        pictorial: Which labels parts have a say in, shape (labels,).
    """
    if len(views) == len(logits):
        return logits
    wholes = whole_rows(views)
    merged = logits[wholes]
    for row, (start, count) in enumerate(zip(wholes, views, strict=True)):
        if count > 1:
            most = logits[start + 1 : start + count, pictorial].max(axis=0)
            merged[row, pictorial] += PART_WEIGHT * (most - merged[row, pictorial])
    return merged


def _ink(pixels: NDArray[np.uint8], ground: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which values are ink, the three channels of a pixel beside each other; shape (rows, 3 * columns)."""
    channels = pixels.reshape(len(pixels), -1)  # all at once: a loop over three values each is slow
    levels, columns = ground.tolist(), channels.shape[1] // 3
    darkest = np.array([max(level - _INK, 0) for level in levels], dtype=np.uint8)
    ink = channels < np.tile(darkest, columns)
    if min(levels) + _INK < 255:
        lightest = np.array([min(level + _INK, 255) for level in levels], dtype=np.uint8)
        ink |= channels > np.tile(lightest, columns)
    return ink


def _lines(ink: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows and which columns have any ink."""
    return np.asarray(ink.any(axis=1)), np.asarray(ink.any(axis=0).reshape(-1, 3).any(axis=1))


def _cut(line: NDArray[np.bool_], gap: float) -> list[tuple[int, int]]:
    """Return start and end of what lies between gaps that are longer than one."""
    at = np.flatnonzero(line)
    breaks = np.flatnonzero(np.diff(at) > gap)
    edges = [0, *(breaks + 1).tolist(), len(at)]
    return [(int(at[first]), int(at[last - 1]) + 1) for first, last in pairwise(edges)]


def _tight(ink: NDArray[np.bool_], box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return a box without the empty rows and columns at its edges."""
    left, top, right, bottom = box
    rows, columns = map(np.flatnonzero, _lines(ink[top:bottom, 3 * left : 3 * right]))
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1
