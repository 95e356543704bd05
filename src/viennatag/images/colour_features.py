"""Colour features: how strongly an image shows each colour code, computed from the pixels that the network sees.

The feature of a colour is the logarithm of its share of the foreground over the smallest share that counts (5 %, see
`viennatag.images.colours`): 0 is just enough, 3 is everything, -3.9 is nothing. The feature of a number of colours is
the smaller of two margins: by how much the weakest of these colours passes that share, and by how much the next one
misses it. So a positive value means that the code is visible; calibration accounts for what offices record.

White bars beside an image that has its own background are removed first, and light paper is made white.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viennatag.images.colours import (
    CODES,
    COUNTS,
    MANY,
    MIN_SHARE,
    NAMES,
    PixelColours,
    find_pixel_colours,
    is_grey,
    median_level,
)

_NO_SHARE = 0.001  # a smaller share counts as this, which bounds the features
COLOUR_LABELS = ("29", "29.1", *CODES.values(), *COUNTS.values(), MANY)
"""The labels that have colour features."""

COLOUR_FEATURES_VERSION = "inks-1"
"""Changes whenever the features do, which makes cached features stale."""

_ORDER = tuple(CODES)
_DULL = np.array([name in {"white", "black", "grey"} for name in _ORDER])
_PALE, _TINT = 190, 26  # a background with all channels above the first and within the second is light paper
_MAX_STEP = 40  # levels from pixel to pixel; a soft edge between black and white is steeper
_CONTRAST = 4.0
_NOTHING = np.float32(np.log(_NO_SHARE / MIN_SHARE))
"""Every feature of an image in black, grey and white."""


def colour_features(pixels: NDArray[np.uint8], codes: Sequence[str]) -> NDArray[np.float32]:
    """Return the features of some of `COLOUR_LABELS` in images, each in [-3.9, 3.9]; shape (images, codes).

    Args:
        pixels: As `read_image` returns each; shape (images, size, size, 3).
        codes: Labels among `COLOUR_LABELS`.
    """
    found = np.full((len(pixels), len(codes)), _NOTHING, dtype=np.float32)
    columns = [COLOUR_LABELS.index(code) for code in codes]
    for at, square in enumerate(pixels if codes else ()):
        image = _whiten_paper(square[_find_image_area(square)])
        if not is_grey(image):
            found[at] = _compute_features(find_pixel_colours(image, max_step=_MAX_STEP))[columns]
    return found


def colour_map(pixels: NDArray[np.uint8], code: str) -> NDArray[np.float32]:
    """Return a heat map of a code of `COLOUR_LABELS`, shape (size, size); its mean is the code's feature.

    Pixels of the colour are higher by a fixed contrast; for numbers of colours, or colour as such, pixels of all
    colours that count.
    """
    colours, (rows, columns) = _find_colours(pixels)
    strength = _strengths(colours)
    by_code = {section: [name] for name, section in CODES.items()}
    shown = [name for name, value in zip(_ORDER, strength, strict=True) if value >= 0]
    mask = np.zeros(pixels.shape[:2], dtype=np.float32)
    mask[rows, columns] = np.isin(colours.names, [NAMES.index(name) for name in by_code.get(code, shown)])
    feature = _compute_features(colours)[COLOUR_LABELS.index(code)]
    found: NDArray[np.float32] = feature + np.float32(_CONTRAST) * (mask - mask.mean())
    return found


def _find_colours(square: NDArray[np.uint8]) -> tuple[PixelColours, tuple[slice, slice]]:
    """Return the colours of an image in its square, and its rows and columns there."""
    area = _find_image_area(square)
    return find_pixel_colours(_whiten_paper(square[area]), max_step=_MAX_STEP), area


def _find_image_area(square: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return rows and columns of an image that reaches two opposite edges between pure white bars; else all."""
    full = slice(0, len(square))
    left, right, top, bottom = (
        bool((edge != 255).any()) for edge in (square[:, 0], square[:, -1], square[0], square[-1])
    )
    if left and right and not (top and bottom):
        return _extent((square != 255).reshape(len(square), -1).any(axis=1)), full
    if top and bottom and not (left and right):
        return full, _extent((square != 255).any(axis=0).any(axis=1))
    return full, full


def _extent(found: NDArray[np.bool_]) -> slice:
    """Return the slice from the first to the last true value."""
    return slice(int(found.argmax()), len(found) - int(found[::-1].argmax()))


def _whiten_paper(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image with light paper made white; an image with another margin stays as it is."""
    margin = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if 2 * np.count_nonzero(margin == 255, axis=0).min() > len(margin):  # the usual case; a median takes longer
        return pixels
    paper = np.array([median_level(margin[:, channel]) for channel in range(3)])
    if paper.min() < _PALE or np.ptp(paper) > _TINT:
        return pixels
    levels = np.minimum(np.arange(256) * (255 / paper[:, None]), 255).round().astype(np.uint8)
    whitened = np.empty_like(pixels)
    for channel in range(3):
        whitened[..., channel] = levels[channel].take(pixels[..., channel])
    return whitened


def _strengths(colours: PixelColours) -> NDArray[np.float64]:
    """Return the feature of each colour, in the order of `CODES`, by the rules of `colour_codes`."""
    shares = np.array([colours.shares.get(name, 0.0) for name in _ORDER])
    if colours.background and colours.background not in {"white", "grey"}:
        shares[_ORDER.index(colours.background)] = 1.0
    if colours.background == "white":
        shares[_ORDER.index("white")] = 0.0
    found: NDArray[np.float64] = np.log(np.maximum(shares, _NO_SHARE) / MIN_SHARE)
    found[_DULL] = np.minimum(found[_DULL], found[~_DULL].max())  # black, grey and white count beside a colour
    return found


def _compute_features(colours: PixelColours) -> NDArray[np.float32]:
    """Return the features of all of `COLOUR_LABELS`."""
    strength = _strengths(colours)
    ranked = np.sort(strength)[::-1]
    counts = [min(ranked[count - 1], -ranked[count]) for count in COUNTS]
    any_colour = ranked[0]
    found = [any_colour, any_colour, *strength, *counts, ranked[max(COUNTS)]]
    return np.array(found, dtype=np.float32)
