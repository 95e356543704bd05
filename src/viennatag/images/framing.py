"""Framing (letterbox): find a mark on its page and place it in the square that a network sees.

A mark gets the same margin wherever it is on its page and however large its file is. Its extent is measured on
averaged blocks, which removes the grain of scans, and its edges are estimated to fractions of a block. Only
background and specks are cut off.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MARGIN = 0.12
"""Background on each side of a mark, as a share of its longer side: the usual margin of marks in registers."""

MIN_BACKGROUND = 215
"""Smallest channel value of a background; a darker or more colourful ground belongs to the mark."""

WHITE = (255, 255, 255)

_BLOCKS = 120  # most blocks along the longer side of the page
_CONTRAST = 25  # a pixel is foreground if a channel is this far from the background
_MIN_CONTRAST = 8  # the same for an averaged block of any size: paper has a texture
_FRAME = 3  # a frame around the page lies within this many blocks of its edge
_CELL = 6  # blocks along a cell; a speck has no foreground in the cells around it, or only another speck
_SPECK = 1 / 64  # side of a speck, as a share of the mark's longer side; 2 × 2 pixels in a square of 160
_MIN_DARKNESS = 32  # darkness that a block of foreground has at least, so that nothing large is a speck for being pale


@dataclass(frozen=True)
class Framing:
    """The area of an image that is shown, and its place in the square; boxes are left, top, right and bottom.

    Attributes:
        source: Box of the shown area in the image, in its own pixels.
        target: Box of the shown area in the square, in pixels.
        fill: Colour of the rest of the square: the background, RGB.
    """

    source: tuple[float, float, float, float]
    target: tuple[int, int, int, int]
    fill: tuple[int, int, int] = WHITE

    @property
    def scale(self) -> float:
        """Pixels of the square for each pixel of the image, along the longer side of the shown area."""
        longer = int(self.target[3] - self.target[1] > self.target[2] - self.target[0])
        return (self.target[longer + 2] - self.target[longer]) / (self.source[longer + 2] - self.source[longer])

    def box(self, width: int, height: int, size: int) -> tuple[float, float, float, float]:
        """Return the box of the full image in fractions of the square; below 0 or above 1 the image is cropped."""
        edges = []
        for side, axis in ((width, 0), (height, 1)):
            low, high = self.source[axis], self.source[axis + 2]
            start, scale = self.target[axis], (self.target[axis + 2] - self.target[axis]) / (high - low)
            edges.append(((start - low * scale) / size, (start + (side - low) * scale) / size))
        (left, right), (top, bottom) = edges
        return left, top, right, bottom


def find_framing(image: Image.Image, size: int) -> Framing:
    """Return the framing of an image in RGB or L in a square: its foreground in the middle, with `MARGIN` around it.

    The background is the light colour of at least half of the border. An image without such a border, or without
    foreground, is framed in full on white. A thin frame around the page belongs to the mark.

    Specks do not count: spots smaller than 1/64 of the mark with at most one other such spot within 5 % of the page.
    In a square of 160 pixels they have 2 × 2 pixels. They are not erased; those in the margin stay. So no visible
    device is cut off, however small, and no stippled one, because its dots are close together.
    """
    width, height = image.size
    shrink = -(-max(width, height) // _BLOCKS)
    blocks = np.asarray((image.reduce(shrink) if shrink > 1 else image).convert("RGB"))
    background = _find_background(blocks)
    foreground = None if background is None else _find_foreground(blocks, background, shrink)
    if background is None or foreground is None or not foreground.any():
        scale = size / max(width, height)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (size - across) // 2, (size - down) // 2
        return Framing((0, 0, width, height), (left, top, left + across, top + down))
    if _is_sparse(foreground.sum(axis=0, dtype=np.int32), foreground.sum(axis=1, dtype=np.int32)):
        foreground = _remove_specks(foreground)
    horizontal = _find_extent(foreground.max(axis=0), shrink, width)
    vertical = _find_extent(foreground.max(axis=1), shrink, height)
    if shrink > 1 and max(high - low for low, high in (horizontal, vertical)) < shrink * _BLOCKS / 3:
        horizontal, vertical = _refine_extents(image, background, horizontal, vertical, shrink)
    side = max(high - low for low, high in (horizontal, vertical)) * (1 + 2 * MARGIN)
    first, last, left, right = _place_window(*horizontal, side, width, size)
    upper, lower, top, bottom = _place_window(*vertical, side, height, size)
    red, green, blue = background.tolist()
    return Framing((first, upper, last, lower), (left, top, right, bottom), (red, green, blue))


def _find_background(blocks: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the median colour of the border, or within a thin frame if that is lighter; None if it is too dark."""
    colours = []
    for inset in (0, _FRAME):
        if 2 * inset < min(blocks.shape[:2]):
            ring = blocks[inset : len(blocks) - inset, inset : blocks.shape[1] - inset]
            border = np.concatenate([ring[0], ring[-1], ring[:, 0], ring[:, -1]])
            colours.append(np.sort(border, axis=0)[(len(border) - 1) // 2])
    background: NDArray[np.uint8] = max(colours, key=lambda colour: int(colour.min()))
    return background if background.min() >= MIN_BACKGROUND else None


def _find_foreground(blocks: NDArray[np.uint8], background: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Return the distance of each block from the background in its farthest channel; 0 if it is background."""
    threshold = max(_MIN_CONTRAST, round(_CONTRAST / shrink**0.5))
    channels = blocks.reshape(len(blocks), -1)  # a loop over the three channels is slow
    level = np.tile(background, blocks.shape[1])
    each = (np.maximum(channels, level) - np.minimum(channels, level)).reshape(blocks.shape)
    distance = np.maximum(np.maximum(each[..., 0], each[..., 1]), each[..., 2])
    foreground: NDArray[np.uint8] = distance * (distance >= threshold)
    return foreground


def _is_sparse(columns: NDArray[np.int32], rows: NDArray[np.int32]) -> bool:
    """Return whether the foreground at an outer edge is so little that it may be a speck; for most marks it is not."""
    for sums in (columns, rows):
        at = np.flatnonzero(sums)
        ends = sums[at[0] : at[0] + _CELL], sums[max(0, at[-1] + 1 - _CELL) : at[-1] + 1]
        if min(int(end.sum()) for end in ends) < 255 * (_SPECK * max(len(columns), len(rows))) ** 2:
            return True
    return False


def _remove_specks(foreground: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the foreground without tiny isolated spots; all of it if there is nothing else."""
    rows, columns = (np.arange(0, side, _CELL) for side in foreground.shape)
    spots = np.maximum(foreground, np.uint8(_MIN_DARKNESS) * (foreground > 0))
    cells = np.add.reduceat(np.add.reduceat(spots, rows, axis=0, dtype=np.int32), columns, axis=1)
    padded = np.pad(cells, 1)
    around = padded[:-2] + padded[1:-1] + padded[2:]
    around = around[:, :-2] + around[:, 1:-1] + around[:, 2:]
    side = max(foreground.shape)
    for _ in range(2):  # first relative to the page, then to the mark, which may be smaller
        mark = (cells > 0) & (around >= 255 * (_SPECK * side) ** 2)
        inside = [np.flatnonzero(mark.any(axis=axis)) for axis in (0, 1)]
        if not len(inside[0]):
            return foreground
        side = max(_CELL * int(at[-1] - at[0] + 1) for at in inside)
    height, width = foreground.shape
    kept: NDArray[np.uint8] = foreground * np.repeat(np.repeat(mark, _CELL, axis=0), _CELL, axis=1)[:height, :width]
    return kept


def _find_extent(profile: NDArray[np.uint8], shrink: int, length: int) -> tuple[float, float]:
    """Return start and end of the foreground of a row of blocks, in pixels of the image.

    A block that is partly covered is paler than its inner neighbour in proportion, which places the edge inside it.
    """
    at = np.flatnonzero(profile)
    first, last = int(at[0]), int(at[-1])
    edges = [min(length, block * shrink) for block in (first, first + 1, last, last + 1)]
    low = edges[1] - (edges[1] - edges[0]) * _covered(profile, first, first + 1)
    return low, edges[2] + (edges[3] - edges[2]) * _covered(profile, last, last - 1)


def _refine_extents(
    image: Image.Image,
    background: NDArray[np.uint8],
    horizontal: tuple[float, float],
    vertical: tuple[float, float],
    shrink: int,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the extents of a mark that is small on its page from smaller blocks; an edge moves one block at most."""
    edges = []
    for (low, high), length in ((horizontal, image.width), (vertical, image.height)):
        edges.append((int(low // shrink) * shrink, min(length, int(-(-high // shrink)) * shrink)))
    (left, right), (top, bottom) = edges
    finer = -(-max(right - left, bottom - top) // _BLOCKS)
    blocks = np.asarray(image.reduce(finer, box=(left, top, right, bottom)).convert("RGB"))
    foreground = _find_foreground(blocks, background, finer)
    if not foreground.any():
        return horizontal, vertical
    x, y = (_find_extent(foreground.max(axis=axis), finer, (right - left, bottom - top)[axis]) for axis in (0, 1))
    return (
        (left + min(x[0], shrink), max(left + x[1], right - shrink)),
        (top + min(y[0], shrink), max(top + y[1], bottom - shrink)),
    )


def _covered(profile: NDArray[np.uint8], at: int, inner: int) -> float:
    """Return the covered share of a block at the edge, given its inner neighbour."""
    full = int(profile[inner]) if 0 <= inner < len(profile) else 0
    return min(1.0, int(profile[at]) / full) if full else 1.0


def _place_window(low: float, high: float, side: float, length: int, size: int) -> tuple[float, float, int, int]:
    """Return for one axis the source and target edges of a window of length `side` centred on an extent."""
    start = (low + high - side) / 2
    first, last = max(0.0, start), min(float(length), start + side)
    scale = size / side
    begin, end = round((first - start) * scale), round((last - start) * scale)
    begin = min(begin, size - 1)
    return first, last, begin, max(end, begin + 1)
