"""Which colours of division 29.1 an image shows, computed from its pixels.

Every pixel gets one of twelve colour names by fixed limits of hue, saturation and value; a colour counts when it
covers enough of the foreground. Registers describe flat colours, so isolated pixels do not count: the soft edge
between black and white is not grey, and JPEG noise around a red letter is not pink.

Registers rarely code the background, or black alone: a white background is no colour of the mark, white counts
on a coloured background, and black if the mark has another colour too. Offices differ in how they count colours
(29.1.11 to 29.1.15), so counts can be left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import ImageError

NAMES = ("", "red", "yellow", "green", "blue", "violet", "white", "brown", "black", "grey", "gold", "orange", "pink")
"""Colour names of pixels; the empty one is for beige and other tints without a section."""

CODES = {
    "red": "29.1.1",
    "yellow": "29.1.2",
    "green": "29.1.3",
    "blue": "29.1.4",
    "violet": "29.1.5",
    "white": "29.1.6",
    "brown": "29.1.7",
    "black": "29.1.8",
    "grey": "29.1.96",
    "gold": "29.1.97",
    "orange": "29.1.98",
    "pink": "29.1.99",
}
"""Section of each colour; those from .90 are extensions of the EU office."""

COUNTS = {1: "29.1.11", 2: "29.1.12", 3: "29.1.13", 4: "29.1.14"}
MANY = "29.1.15"
"""Five colours and more."""

MIN_SHARE = 0.05
"""Share of the foreground that a colour must cover to count."""
_LONGEST_SIDE = 160
_GREY = 10  # red and green, and green and blue, of grey differ by at most this; then no two differ by a tenth of 255
_STEP = 4  # levels of a channel that share a cell of the table of names
_SIDE = 256 // _STEP
_UNNAMED = 255
_EDGE = 0.03  # width of the margin that shows the background, as a share of height and width


def colour_codes(pixels: NDArray[np.uint8], *, counts: bool = True, greys: bool = False) -> tuple[str, ...]:
    """Return the sections of division 29.1 that an image shows, in the order of the classification.

    Args:
        pixels: RGB, shape (height, width, 3).
        counts: Whether to return the number of colours (29.1.11 to 29.1.15) too.
        greys: Whether to code an image of only black, grey and white; offices mostly treat these as filed
            without colour.

    Raises:
        ImageError: If the array is not RGB of 8 bits, or is empty.
    """
    shares, background = colour_shares(pixels)
    shown = {name for name, share in shares.items() if share >= MIN_SHARE}
    shown.discard("")
    if background and background not in {"white", "black", "grey"}:
        shown.add(background)
    if background == "white" or not shown - {"white"}:
        shown.discard("white")
    if background == "black" and shown - {"white"}:
        shown.add("black")
    if not shown - {"black", "grey", "white"} and not (greys and shown):
        return ()
    codes = [CODES[name] for name in NAMES if name in shown]
    if counts:
        codes.append(COUNTS.get(len(shown), MANY))
    return tuple(sorted(codes, key=lambda code: int(code.rsplit(".", 1)[1])))


def colour_shares(pixels: NDArray[np.uint8]) -> tuple[dict[str, float], str]:
    """Return the share of the foreground that each colour covers, largest first, and the background colour.

    The background is the colour of two thirds of the margin or more, empty if there is none.

    Raises:
        ImageError: If the array is not RGB of 8 bits, or is empty.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ImageError(f"pixels have type {pixels.dtype} and shape {pixels.shape}; expected uint8 (height, width, 3)")
    stride = max(1, -(-max(pixels.shape[:2]) // _LONGEST_SIDE))
    colours = find_pixel_colours(pixels[::stride, ::stride])
    return colours.shares, colours.background


@dataclass(frozen=True, eq=False)
class PixelColours:
    """The colours of one image.

    Attributes:
        names: Position in `NAMES` of each pixel's colour; shape (height, width).
        shares: Share of the foreground that each colour covers, largest first.
        background: Colour of two thirds of the margin or more, empty if there is none.
    """

    names: NDArray[np.uint8]
    shares: dict[str, float]
    background: str


def find_pixel_colours(pixels: NDArray[np.uint8], *, max_step: int | None = None) -> PixelColours:
    """Return the colour of each pixel of an RGB image and the share of each colour.

    Args:
        pixels: 8 bits, shape (height, width, 3).
        max_step: Largest change of green to a neighbour of a pixel that counts, because the edge of an enlarged black
            shape is a band of greys; by default neighbours only need the same colour.
    """
    names = np.full(pixels.shape[:2], _name_pixels(pixels[:1, :1])[0, 0])
    box = _find_drawn_box(pixels)
    names[box] = _name_pixels(pixels[box])
    background = _find_background(names)
    if not background or background != names[0, 0]:
        box = (slice(None), slice(None))  # what is drawn may be the background
    drawn = names[box]
    foreground = drawn != background if background else np.ones(drawn.shape, dtype=bool)
    flat = _find_flat_areas(drawn, pixels[box], max_step) & foreground
    total = int(np.count_nonzero(flat))
    if total < 0.25 * np.count_nonzero(foreground):  # fine lines have no flat areas, so the purest half counts
        foreground = names != background if background else np.ones(names.shape, dtype=bool)
        flat, drawn = foreground & _far_from_background(pixels, foreground), names
        total = int(np.count_nonzero(flat))
    counts = _count_names(drawn, flat, total)
    order = sorted(counts, key=lambda index: (-counts[index], index))
    shares = {NAMES[index]: counts[index] / total for index in order}
    return PixelColours(names, shares, NAMES[background])


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Return whether all pixels are so near to grey that each is named black, grey or white, shape (height, width, 3).

    This takes a tenth of the time that naming them takes.
    """
    for some in (pixels[::8, ::8], pixels):  # a few pixels tell of most images in colour
        channels = np.ascontiguousarray(some).reshape(-1)
        is_near = channels[1:] - channels[:-1] + np.uint8(_GREY) <= 2 * _GREY  # wraps around below 0
        is_near[2::3] = True  # from blue to the red of the next pixel
        if not is_near.all():
            return False
    return True


def name_colour(red: int, green: int, blue: int) -> str:
    """Return the name of one colour, empty for a tint without a section."""
    cell = (red // _STEP * _SIDE + green // _STEP) * _SIDE + blue // _STEP
    return NAMES[int(_name_cells(np.array([cell]))[0])]


def _name_pixels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the position in `NAMES` of each pixel's colour."""
    levels = np.ascontiguousarray(pixels) // _STEP
    cells = levels[..., 0].astype(np.intp)
    for channel in (1, 2):
        cells *= _SIDE
        cells += levels[..., channel]
    return _name_cells(cells)


def _find_drawn_box(pixels: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return the rows and columns outside of which all pixels are like the first one."""
    height, width = pixels.shape[:2]
    differs = pixels.reshape(height, -1) != np.tile(pixels[0, 0], width)
    found = np.flatnonzero(differs.any(axis=1))
    if not len(found):
        return slice(0), slice(0)
    rows = slice(int(found[0]), int(found[-1]) + 1)
    columns = np.flatnonzero(differs[rows].any(axis=0)) // 3
    return rows, slice(int(columns[0]), int(columns[-1]) + 1)


def _find_background(names: NDArray[np.uint8]) -> int:
    high, wide = (max(1, round(side * _EDGE)) for side in names.shape)
    margin = np.concatenate(
        [names[:high].ravel(), names[-high:].ravel(), names[:, :wide].ravel(), names[:, -wide:].ravel()]
    )
    counts = np.bincount(margin, minlength=len(NAMES))
    return int(counts.argmax()) if counts.max() * 3 >= margin.size * 2 else 0


def _find_flat_areas(names: NDArray[np.uint8], pixels: NDArray[np.uint8], max_step: int | None) -> NDArray[np.bool_]:
    """Return which pixels belong to a block of 2 × 2 of one colour."""
    height, width = names.shape
    if min(height, width) < 2:
        return np.ones(names.shape, dtype=bool)
    count = (height - 1) * width - 1  # much faster in one dimension than in two
    corner, right, below, opposite = (slice(at, at + count) for at in (0, 1, width, width + 1))
    name = names.ravel()
    same = (name[corner] == name[right]) & (name[corner] == name[below]) & (name[corner] == name[opposite])
    if max_step is not None:
        green = pixels[..., 1].ravel()
        across = _difference(green[1:], green[:-1]) <= max_step
        down = _difference(green[width:], green[:-width]) <= max_step
        same &= across[corner] & across[below] & down[corner] & down[right]
    same[width - 1 :: width] = False  # from the end of a row to the next
    flat = np.zeros(names.size, dtype=bool)
    for shifted in (corner, right, below, opposite):
        flat[shifted] |= same
    return flat.reshape(names.shape)


def _count_names(names: NDArray[np.uint8], counted: NDArray[np.bool_], total: int) -> dict[int, int]:
    """Return how often each name is among `total` counted pixels; an image has few names, so `bincount` is slower."""
    counts: dict[int, int] = {}
    left = total
    for index in range(len(NAMES)):
        if not left:
            break
        if found := int(np.count_nonzero((names == index) & counted)):
            counts[index] = found
            left -= found
    return counts


def _difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    difference: NDArray[np.uint8] = np.maximum(one, other) - np.minimum(one, other)
    return difference


def _far_from_background(pixels: NDArray[np.uint8], foreground: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the foreground pixels that differ from the background at least as much as the median of them does."""
    if not foreground.any() or foreground.all():
        return foreground
    counts = np.array(Image.fromarray(pixels).histogram(Image.fromarray(~foreground))).reshape(3, 256)
    background = np.array([2 * _median_of_counts(each) for each in counts]).astype(np.int16)  # a median may end in .5
    each = np.abs(2 * pixels[foreground].astype(np.int16) - background)
    distance = each[:, 0] + each[:, 1] + each[:, 2]
    far = np.zeros(foreground.shape, dtype=bool)
    far[foreground] = distance >= _median_of_counts(np.bincount(distance))
    return far


def median_level(values: NDArray[np.uint8]) -> float:
    """Return the median of values of 8 bits, from counts, which is much faster than sorting."""
    return _median_of_counts(np.bincount(values))


def _median_of_counts(counts: NDArray[np.intp]) -> float:
    """Return the median of whole numbers from how often each one, from 0 up, is among them."""
    until = counts.cumsum()
    low, high = np.searchsorted(until, [(until[-1] - 1) // 2, until[-1] // 2], side="right")
    return float(low + high) / 2


_known = np.full(_SIDE**3, _UNNAMED, dtype=np.uint8)
"""The names by cell of a coarse colour grid, filled as needed; naming all cells is slow."""


def _name_cells(cells: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return the index in `NAMES` for cells of a coarse colour grid, numbered with red first; each is named once."""
    names = _known.take(cells)
    if (new := names == _UNNAMED).any():
        ordered = np.sort(cells[new])  # np.unique loads a part of NumPy that a cold start has no use for
        fresh = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
        _known[fresh] = _names_by_rule(fresh)
        names = _known.take(cells)
    return names


def _names_by_rule(cells: NDArray[np.intp]) -> NDArray[np.uint8]:
    axis = (np.arange(0, 256, _STEP) + (_STEP - 1) / 2) / 255
    red, green, blue = axis[cells // _SIDE**2], axis[cells // _SIDE % _SIDE], axis[cells % _SIDE]
    value, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = value - low
    saturation = chroma / value
    safe = np.where(chroma == 0, 1, chroma)
    hue = 60 * np.select(
        [value == red, value == green], [(green - blue) / safe % 6, (blue - red) / safe + 2], (red - green) / safe + 4
    )
    warm, reddish = (hue >= 14) & (hue < 45), (hue < 14) | (hue >= 345)
    rules = [  # the first that holds decides
        ("black", (value < 0.2) | ((value < 0.27) & (chroma < 0.12))),
        ("white", (chroma < 0.09) & (value > 0.91)),
        ("grey", (chroma < 0.1) | ((saturation < 0.2) & (chroma < 0.13))),
        ("", (hue >= 14) & (hue < 62) & (saturation < 0.33) & (value > 0.6)),  # beige, skin
        ("pink", (reddish & (saturation < 0.62) & (value > 0.75)) | ((hue >= 308) & (hue < 345) & (value > 0.45))),
        ("brown", (reddish & (value < 0.5) & (saturation < 0.72)) | (warm & (value < 0.68))),
        ("brown", warm & (saturation < 0.55) & (value < 0.8)),
        ("gold", (hue >= 36) & (hue < 52) & (value >= 0.55) & (value < 0.88) & (saturation < 0.85)),
        ("red", reddish | ((hue >= 308) & (hue < 345))),
        ("orange", (hue >= 14) & (hue < 42)),
        ("brown", (hue >= 42) & (hue < 56) & (value < 0.55)),
        ("yellow", (hue >= 42) & (hue < 66) & (value >= 0.6)),
        ("green", (hue >= 42) & (hue < 172)),
        ("blue", (hue >= 172) & (hue < 256)),
    ]
    indices = [NAMES.index(name) for name, _ in rules]
    return np.select([rule for _, rule in rules], indices, NAMES.index("violet")).astype(np.uint8)
