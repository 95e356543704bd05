"""Where a mark lies on its page, and where it goes in the square that a network sees.

A mark is shown with the same margin around it wherever it stood on its page and however large its file is. So its
extent is looked for in blocks that are averaged over, which takes the grain of scans away, and the edges are found to
fractions of a block. Of the page nothing is cut off but paper and dust.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MARGIN = 0.12
"""Paper on each side of a mark, as a share of its longer side: what rendered and registered marks mostly have."""

PAPER = 215
"""Paper has no channel below this, of 255; what is darker, or has more colour, is a ground that belongs to the mark."""

WHITE = (255, 255, 255)

_BLOCKS = 120  # along the longer side of the page, at most; half as many at least, where there are so many pixels
_INK = 25  # a pixel is ink if a channel is this far from paper
_LEAST_INK = 8  # and a block likewise, however many pixels its average smooths: paper has a texture
_FRAME = 3  # blocks from the edge of the page within which a frame may lie that runs around it
_CELL = 6  # blocks along a cell; dust has no ink in the cells around it, or only more dust
_DUST = 1 / 64  # of the mark's longer side, along a spot; two pixels by two of a square of 160
_PALE = 32  # a block of ink counts as a spot of at least this darkness, so that nothing large is dust for being pale


@dataclass(frozen=True)
class Fitting:
    """Where an image goes in its square; boxes are left, top, right and bottom.

    Attributes:
        crop: The part of the image that is shown, in its own pixels.
        place: Where that part comes to lie, in pixels of the square.
        fill: What the rest of the square is filled with: the colour of the paper, RGB.
    """

    crop: tuple[float, float, float, float]
    place: tuple[int, int, int, int]
    fill: tuple[int, int, int] = WHITE

    @property
    def scale(self) -> float:
        """How many pixels of the square a pixel of the image makes, along the longer side of what is shown."""
        longer = int(self.place[3] - self.place[1] > self.place[2] - self.place[0])
        return (self.place[longer + 2] - self.place[longer]) / (self.crop[longer + 2] - self.crop[longer])

    def rescaled(self, across: float, down: float) -> "Fitting":
        """Return the same for an image that has so many times as many pixels across and down."""
        left, top, right, bottom = self.crop
        return Fitting((left * across, top * down, right * across, bottom * down), self.place, self.fill)

    def box(self, width: int, height: int, size: int) -> tuple[float, float, float, float]:
        """Return where the whole image comes to lie, in fractions of the square; below 0 or above 1 it is cropped."""
        found = []
        for whole, axis in ((width, 0), (height, 1)):
            low, high = self.crop[axis], self.crop[axis + 2]
            start, scale = self.place[axis], (self.place[axis + 2] - self.place[axis]) / (high - low)
            found.append(((start - low * scale) / size, (start + (whole - low) * scale) / size))
        (left, right), (top, bottom) = found
        return left, top, right, bottom


def find_fitting(image: Image.Image, size: int) -> Fitting:
    """Return how an image in RGB is fitted into a square: what is not paper in its middle, `MARGIN` around it.

    Paper is the light colour that half of the border or more has. An image without any, because it has a ground of
    its own, is fitted whole with white beside it; so is an image with nothing on its paper. A thin frame around the
    page is part of the mark.

    Dust does not count: spots shorter than 1/64 of the mark that stand alone, with no more than another such spot
    within 5 % of the page. The network could not see them: in a square of 160 pixels they have two by two. They are
    not wiped out either, and those in the margin stay. So a device is never cut off, however small it is beside the
    mark, as long as it can be seen; neither is one that is stippled, because its dots are no further apart than that.
    """
    width, height = image.size
    shrink = -(-max(width, height) // _BLOCKS)
    blocks = np.asarray(image.reduce(shrink) if shrink > 1 else image)
    paper = _paper(blocks)
    ink = None if paper is None else _ink(blocks, paper, shrink)
    if paper is None or ink is None or not ink.any():
        scale = size / max(width, height)
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (size - across) // 2, (size - down) // 2
        return Fitting((0, 0, width, height), (left, top, left + across, top + down))
    if _is_sparse(ink.sum(axis=0, dtype=np.int32), ink.sum(axis=1, dtype=np.int32)):
        ink = _without_dust(ink)
    horizontal, vertical = _extent(ink.max(axis=0), shrink, width), _extent(ink.max(axis=1), shrink, height)
    if shrink > 1 and max(high - low for low, high in (horizontal, vertical)) < shrink * _BLOCKS / 3:
        horizontal, vertical = _look_closer(image, paper, horizontal, vertical, shrink)
    side = max(high - low for low, high in (horizontal, vertical)) * (1 + 2 * MARGIN)
    first, last, left, right = _part(*horizontal, side, width, size)
    upper, lower, top, bottom = _part(*vertical, side, height, size)
    red, green, blue = paper.tolist()
    return Fitting((first, upper, last, lower), (left, top, right, bottom), (red, green, blue))


def _paper(blocks: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the colour that half of the border has, or that within a thin frame if it is lighter; None if no paper."""
    colours = []
    for inset in (0, _FRAME):
        if 2 * inset < min(blocks.shape[:2]):
            ring = blocks[inset : len(blocks) - inset, inset : blocks.shape[1] - inset]
            border = np.concatenate([ring[0], ring[-1], ring[:, 0], ring[:, -1]])
            colours.append(np.sort(border, axis=0)[(len(border) - 1) // 2])
    paper: NDArray[np.uint8] = max(colours, key=lambda colour: int(colour.min()))
    return paper if paper.min() >= PAPER else None


def _ink(blocks: NDArray[np.uint8], paper: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Return how far each block is from paper, in the channel where that is most; 0 where it is too near to be ink."""
    least = max(_LEAST_INK, round(_INK / shrink**0.5))
    channels = blocks.reshape(len(blocks), -1)  # all at once: a loop over three values each is slow
    level = np.tile(paper, blocks.shape[1])
    far = (np.maximum(channels, level) - np.minimum(channels, level)).reshape(blocks.shape)
    ink = np.maximum(np.maximum(far[..., 0], far[..., 1]), far[..., 2])
    found: NDArray[np.uint8] = ink * (ink >= least)
    return found


def _is_sparse(columns: NDArray[np.int32], rows: NDArray[np.int32]) -> bool:
    """Return whether there is so little ink along an edge that it may be dust; of most marks there is more."""
    for sums in (columns, rows):
        found = np.flatnonzero(sums)
        ends = sums[found[0] : found[0] + _CELL], sums[max(0, found[-1] + 1 - _CELL) : found[-1] + 1]
        if min(int(end.sum()) for end in ends) < 255 * (_DUST * max(len(columns), len(rows))) ** 2:
            return True
    return False


def _without_dust(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the ink without spots that are tiny beside the rest and alone; all of it if there is nothing else."""
    rows, columns = (np.arange(0, side, _CELL) for side in ink.shape)
    spots = np.maximum(ink, np.uint8(_PALE) * (ink > 0))
    cells = np.add.reduceat(np.add.reduceat(spots, rows, axis=0, dtype=np.int32), columns, axis=1)
    padded = np.pad(cells, 1)
    around = padded[:-2] + padded[1:-1] + padded[2:]
    around = around[:, :-2] + around[:, 1:-1] + around[:, 2:]
    side = max(ink.shape)
    for _ in range(2):  # the mark is no larger than the page; what is dust beside the page may be none beside the mark
        mark = (cells > 0) & (around >= 255 * (_DUST * side) ** 2)
        inside = [np.flatnonzero(mark.any(axis=axis)) for axis in (0, 1)]
        if not len(inside[0]):
            return ink
        side = max(_CELL * int(found[-1] - found[0] + 1) for found in inside)
    mask = np.repeat(np.repeat(mark, _CELL, axis=0), _CELL, axis=1)[: ink.shape[0], : ink.shape[1]]
    kept: NDArray[np.uint8] = ink * mask
    return kept


def _extent(profile: NDArray[np.uint8], shrink: int, whole: int) -> tuple[float, float]:
    """Return where the first and the last ink of a row of blocks lies, in pixels of the image.

    A block that ink covers in part is paler than the one behind it by as much; so the edge lies within it.
    """
    found = np.flatnonzero(profile)
    first, last = int(found[0]), int(found[-1])
    edges = [min(whole, at * shrink) for at in (first, first + 1, last, last + 1)]
    low = edges[1] - (edges[1] - edges[0]) * _covered(profile, first, first + 1)
    return low, edges[2] + (edges[3] - edges[2]) * _covered(profile, last, last - 1)


def _look_closer(
    image: Image.Image,
    paper: NDArray[np.uint8],
    horizontal: tuple[float, float],
    vertical: tuple[float, float],
    shrink: int,
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the extents of a mark that is small on its page from smaller blocks; no edge moves by more than one."""
    found = []
    for (low, high), whole in ((horizontal, image.width), (vertical, image.height)):
        found.append((int(low // shrink) * shrink, min(whole, int(-(-high // shrink)) * shrink)))
    (left, right), (top, bottom) = found
    finer = -(-max(right - left, bottom - top) // _BLOCKS)
    ink = _ink(np.asarray(image.reduce(finer, box=(left, top, right, bottom))), paper, finer)
    if not ink.any():
        return horizontal, vertical
    exact = _extent(ink.max(axis=0), finer, right - left), _extent(ink.max(axis=1), finer, bottom - top)
    return (
        (left + min(exact[0][0], shrink), max(left + exact[0][1], right - shrink)),
        (top + min(exact[1][0], shrink), max(top + exact[1][1], bottom - shrink)),
    )


def _covered(profile: NDArray[np.uint8], at: int, behind: int) -> float:
    """Return which share of a block at the edge is covered, given the one behind it."""
    full = int(profile[behind]) if 0 <= behind < len(profile) else 0
    return min(1.0, int(profile[at]) / full) if full else 1.0


def _part(low: float, high: float, side: float, whole: int, size: int) -> tuple[float, float, int, int]:
    """Return for one axis the part of the image that a window of some side around an extent shows, and its place."""
    start = (low + high - side) / 2
    first, last = max(0.0, start), min(float(whole), start + side)
    scale = size / side
    begin, end = round((first - start) * scale), round((last - start) * scale)
    begin = min(begin, size - 1)
    return first, last, begin, max(end, begin + 1)
