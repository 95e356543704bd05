"""Which colours of division 29.1 an image shows, computed from its pixels.

Every pixel takes one of twelve names by fixed limits of hue, saturation and value; a name counts when it
covers enough of the figure. Registers describe flat inks, so pixels that stand alone are not counted: the
soft edge between black and white is no grey, and JPEG noise around a red letter is no pink.

Registers rarely code the paper that a mark is printed on, nor black alone: a white (or any) ground is no
colour of the mark, white counts where it stands on a coloured ground, and black where the mark has
another colour too. Offices differ in how they count (29.1.11 to 29.1.15), so counts can be left out.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import ImageError

NAMES = ("", "red", "yellow", "green", "blue", "violet", "white", "brown", "black", "grey", "gold", "orange", "pink")
"""The names that a pixel can take; the first stands for beige and other tints that no section names."""

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
"""The section of each name; those from .90 are extensions of the EU office."""

COUNTS = {1: "29.1.11", 2: "29.1.12", 3: "29.1.13", 4: "29.1.14"}
MANY = "29.1.15"
"""Five colours and more."""

_LONGEST = 160
_STEP = 4  # levels of a channel that the table of names keeps together
_SIDE = 256 // _STEP
_UNNAMED = 255
_EDGE = 0.03  # how much of the height and width makes the margin that the ground is read from


def colour_codes(
    pixels: NDArray[np.uint8], *, least: float = 0.05, counts: bool = True, greys: bool = False
) -> tuple[str, ...]:
    """Return the sections of division 29.1 that an image shows, in the order of the classification.

    Args:
        pixels: RGB, shape (height, width, 3).
        least: Share of the figure that a colour must cover to count; the figure is all but the ground.
        counts: Whether the number of colours (29.1.11 to 29.1.15) is given too.
        greys: Whether an image of black, grey and white only is coded; offices hold most of these to be
            filed without colour.

    Raises:
        ImageError: If the array is not RGB of 8 bits, or is empty.
    """
    shares, ground = colour_shares(pixels)
    shown = {name for name, share in shares.items() if share >= least}
    shown.discard("")
    if ground and ground not in {"white", "black", "grey"}:
        shown.add(ground)
    if ground == "white" or not shown - {"white"}:
        shown.discard("white")
    if ground == "black" and shown - {"white"}:
        shown.add("black")
    if not shown - {"black", "grey", "white"} and not (greys and shown):
        return ()
    codes = [CODES[name] for name in NAMES if name in shown]
    if counts:
        codes.append(COUNTS.get(len(shown), MANY))
    return tuple(sorted(codes, key=lambda code: int(code.rsplit(".", 1)[1])))


def colour_shares(pixels: NDArray[np.uint8]) -> tuple[dict[str, float], str]:
    """Return the share of the figure that each colour covers, largest first, and the name of the ground.

    The ground is the colour that most of the margin has; it is empty when no colour has two thirds of it.

    Raises:
        ImageError: If the array is not RGB of 8 bits, or is empty.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ImageError(f"pixels have type {pixels.dtype} and shape {pixels.shape}; expected uint8 (height, width, 3)")
    stride = max(1, -(-max(pixels.shape[:2]) // _LONGEST))
    found = read_colours(pixels[::stride, ::stride])
    return found.shares, found.ground


@dataclass(frozen=True, eq=False)
class Reading:
    """The colours of one image.

    Attributes:
        names: Position in `NAMES` of each pixel's colour; shape (height, width).
        shares: Share of the figure that each colour covers, largest first; the figure is all but the ground.
        ground: Name of the colour that most of the margin has, empty when none has two thirds of it.
    """

    names: NDArray[np.uint8]
    shares: dict[str, float]
    ground: str


def read_colours(pixels: NDArray[np.uint8], *, steepest: int | None = None) -> Reading:
    """Return the colours of an RGB image of 8 bits that is as small as it needs to be, looked at pixel by pixel.

    Args:
        pixels: Shape (height, width, 3).
        steepest: Pixels do not count beside which green changes by more than this: the edge of a black shape that was
            enlarged is a band of greys. By default neighbours must only have the same name.
    """
    red, green, blue = (np.ascontiguousarray(pixels[..., channel]) // _STEP for channel in range(3))
    names = _name_cells((red.astype(np.int32) * _SIDE + green) * _SIDE + blue)
    ground = _ground(names)
    figure = names != ground if ground else np.ones(names.shape, dtype=bool)
    flat = _in_flat_areas(names, pixels, steepest) & figure
    total = np.count_nonzero(flat)
    if total < 0.25 * np.count_nonzero(figure):  # fine lines: no flat area is left, so the purest half stands in
        flat = figure & _far_from_ground(pixels, figure)
        total = np.count_nonzero(flat)
    found = np.bincount(names[flat], minlength=len(NAMES))
    order = [int(index) for index in np.argsort(-found, kind="stable") if found[index]]
    shares = {NAMES[index]: float(found[index] / total) for index in order}
    return Reading(names, shares, NAMES[ground])


def name_colour(red: int, green: int, blue: int) -> str:
    """Return the name of one colour, empty for a tint without a section."""
    cell = (red // _STEP * _SIDE + green // _STEP) * _SIDE + blue // _STEP
    return NAMES[int(_name_cells(np.array([cell], dtype=np.int32))[0])]


def _ground(names: NDArray[np.uint8]) -> int:
    high, wide = (max(1, round(side * _EDGE)) for side in names.shape)
    margin = np.concatenate(
        [names[:high].ravel(), names[-high:].ravel(), names[:, :wide].ravel(), names[:, -wide:].ravel()]
    )
    found = np.bincount(margin, minlength=len(NAMES))
    return int(found.argmax()) if found.max() * 3 >= margin.size * 2 else 0


def _in_flat_areas(names: NDArray[np.uint8], pixels: NDArray[np.uint8], steepest: int | None) -> NDArray[np.bool_]:
    """Return the pixels that belong to a block of two by two of one colour."""
    height, width = names.shape
    if min(height, width) < 2:
        return np.ones(names.shape, dtype=bool)
    count = (height - 1) * width - 1  # rows stand one after the other: much faster than two dimensions
    corner, right, below, opposite = (slice(at, at + count) for at in (0, 1, width, width + 1))
    name = names.ravel()
    same = (name[corner] == name[right]) & (name[corner] == name[below]) & (name[corner] == name[opposite])
    if steepest is not None:
        green = pixels[..., 1].ravel()
        across, down = _rise(green[1:], green[:-1]) <= steepest, _rise(green[width:], green[:-width]) <= steepest
        same &= across[corner] & across[below] & down[corner] & down[right]
    same[width - 1 :: width] = False  # from the end of a row to the next
    flat = np.zeros(names.size, dtype=bool)
    for part in (corner, right, below, opposite):
        flat[part] |= same
    return flat.reshape(names.shape)


def _rise(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    difference: NDArray[np.uint8] = np.maximum(one, other) - np.minimum(one, other)
    return difference


def _far_from_ground(pixels: NDArray[np.uint8], figure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels that differ from the ground at least as much as the middle one of the figure does."""
    if not figure.any() or figure.all():
        return figure
    ground = np.median(pixels[~figure], axis=0)
    distance = np.abs(pixels.astype(np.float32) - ground.astype(np.float32)).sum(axis=2)
    return np.asarray(distance >= np.median(distance[figure]))


@cache
def _known() -> NDArray[np.uint8]:
    """Return the names found so far of cells of a coarse grid of colours; naming all takes longer than an image."""
    return np.full(_SIDE**3, _UNNAMED, dtype=np.uint8)


def _name_cells(cells: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the index in `NAMES` for cells of a coarse grid of colours, of any shape; red counts most in their number.

    Each cell is named once.
    """
    known = _known()
    names = known.take(cells)
    if (new := names == _UNNAMED).any():
        fresh = np.unique(cells[new])
        known[fresh] = _names_by_rule(fresh)
        names = known.take(cells)
    return names


def _names_by_rule(cells: NDArray[np.int32]) -> NDArray[np.uint8]:
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
