"""How strongly an image shows each colour code: read from the pixels that the network sees, nothing learned.

The evidence for a colour is the logarithm of how many times it covers the least share that counts (5 % of the
figure, see `viennatag.images.colours`): 0 is just enough, 3 is all of it, and -3.9 is none. The evidence for a number of
colours is by how much the weakest of so many passes that share, or the next one misses it, whichever is less. So a
positive value means that the code can be seen; whether an office records what can be seen is for calibration to say.

In the square an image with a ground of its own stands between white bars, which are no part of it, and scanned paper is
seldom quite white. Both are put right first.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viennatag.images.colours import CODES, COUNTS, MANY, NAMES, Reading, read_colours

LEAST = 0.05
"""Share of the figure that a colour must cover to count."""
NONE = 0.001
"""A share below this is no share: bounds the evidence."""
SEEN = ("29", "29.1", *CODES.values(), *COUNTS.values(), MANY)
"""The labels that pixels have evidence for."""

READER = "inks-1"
"""Changes whenever the evidence does, which makes kept readings stale."""

_ORDER = tuple(CODES)
_ABSENT = float(np.log(NONE / LEAST))
_DULL = np.array([name in {"white", "black", "grey"} for name in _ORDER])
_PALE, _TINT = 190, 26  # a ground whose channels are all above the first and differ by less than the other is paper
_STEEPEST = 40  # levels from pixel to pixel; a soft edge between black and white rises faster
_CONTRAST = 4.0


def colour_evidence(pixels: NDArray[np.uint8], codes: Sequence[str]) -> NDArray[np.float32]:
    """Return the evidence for some of `SEEN` in images, shape (images, codes), each value between -3.9 and 3.9.

    Args:
        pixels: As `viennatag.images.decoding.read_image` gives each; shape (images, size, size, 3).
        codes: Labels among `SEEN`.
    """
    found = np.empty((len(pixels), len(codes)), dtype=np.float32)
    columns = [SEEN.index(code) for code in codes]
    for at, square in enumerate(pixels if codes else ()):
        found[at] = _evidence(_read(square)[0])[columns]
    return found


def colour_map(pixels: NDArray[np.uint8], code: str) -> NDArray[np.float32]:
    """Return where in an image a code of `SEEN` is to be seen; its mean is the evidence. Shape (size, size).

    Pixels of the colour stand out by a fixed contrast; of a number of colours, or of colour as such, those of all
    colours that count.
    """
    reading, (rows, columns) = _read(pixels)
    strength = _strengths(reading)
    by_code = {section: [name] for name, section in CODES.items()}
    shown = [name for name, value in zip(_ORDER, strength, strict=True) if value >= 0]
    mask = np.zeros(pixels.shape[:2], dtype=np.float32)
    mask[rows, columns] = np.isin(reading.names, [NAMES.index(name) for name in by_code.get(code, shown)])
    evidence = _evidence(reading)[SEEN.index(code)]
    found: NDArray[np.float32] = evidence + np.float32(_CONTRAST) * (mask - mask.mean())
    return found


def _read(square: NDArray[np.uint8]) -> tuple[Reading, tuple[slice, slice]]:
    """Return the colours of an image in its square, and the part of the square that it fills."""
    part = _without_bars(square)
    return read_colours(_on_white(square[part]), steepest=_STEEPEST), part


def _without_bars(square: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return the part of a square that an image with a ground of its own fills; all of it if there is none.

    Such an image reaches two opposite edges, and the rest of the square is pure white.
    """
    whole = slice(0, len(square))
    left, right, top, bottom = (
        bool((edge != 255).any()) for edge in (square[:, 0], square[:, -1], square[0], square[-1])
    )
    if left and right and not (top and bottom):
        return _extent((square != 255).reshape(len(square), -1).any(axis=1)), whole
    if top and bottom and not (left and right):
        return whole, _extent((square != 255).any(axis=0).any(axis=1))
    return whole, whole


def _extent(found: NDArray[np.bool_]) -> slice:
    """Return the part from the first to the last true value."""
    return slice(int(found.argmax()), len(found) - int(found[::-1].argmax()))


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image whose paper is white, where its margin has the colour of paper that is not."""
    margin = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if 2 * np.count_nonzero(margin == 255, axis=0).min() > len(margin):  # so are most; a median takes longer
        return pixels
    paper = np.median(margin, axis=0)
    if paper.min() < _PALE or np.ptp(paper) > _TINT:
        return pixels
    levels = np.minimum(np.arange(256) * (255 / paper[:, None]), 255).round().astype(np.uint8)
    return np.stack([levels[channel][pixels[..., channel]] for channel in range(3)], axis=2)


def _strengths(reading: Reading) -> NDArray[np.float64]:
    """Return the evidence for each colour, in the order of `CODES`, by the rules of `colour_codes`."""
    shares = np.array([reading.shares.get(name, 0.0) for name in _ORDER])
    ground = reading.ground
    if ground and ground not in {"white", "grey"}:
        shares[_ORDER.index(ground)] = 1.0
    if ground == "white":
        shares[_ORDER.index("white")] = 0.0
    found: NDArray[np.float64] = np.log(np.maximum(shares, NONE) / LEAST)
    found[_DULL] = np.minimum(found[_DULL], found[~_DULL].max())  # black, grey and white count beside a colour
    return found


def _evidence(reading: Reading) -> NDArray[np.float32]:
    """Return the evidence for all of `SEEN`."""
    strength = _strengths(reading)
    ranked = np.sort(strength)[::-1]
    counts = [min(ranked[count - 1], -ranked[count]) for count in COUNTS]
    any_colour = ranked[0]
    found = [any_colour, any_colour, *strength, *counts, ranked[max(COUNTS)]]
    return np.array(found, dtype=np.float32)
