"""Colours of a mark: its background, one to four colours, and colour arithmetic on SVG."""

import colorsys
import random
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from viennatag.images.colours import CODES, name_colour

BLACK, PLAIN_WHITE = "#000000", "#ffffff"
_MOST_INKS = 5

# Hue in degrees, saturation and value from which the colours of a name are drawn.
_RANGES = {
    "red": ((352, 368), (0.8, 1.0), (0.6, 0.95)),
    "yellow": ((47, 57), (0.8, 1.0), (0.92, 1.0)),
    "green": ((85, 165), (0.5, 1.0), (0.3, 0.8)),
    "blue": ((190, 240), (0.5, 1.0), (0.35, 0.95)),
    "violet": ((262, 300), (0.45, 0.9), (0.35, 0.75)),
    "brown": ((18, 34), (0.55, 0.8), (0.3, 0.55)),
    "black": ((0, 360), (0.0, 0.1), (0.0, 0.13)),
    "grey": ((0, 360), (0.0, 0.05), (0.4, 0.75)),
    "gold": ((40, 48), (0.55, 0.75), (0.66, 0.82)),
    "orange": ((20, 36), (0.85, 1.0), (0.9, 1.0)),
    "pink": ((318, 340), (0.45, 0.9), (0.85, 1.0)),
    "white": ((0, 360), (0.0, 0.0), (1.0, 1.0)),
}
# How often colours are seen on registered marks, from the colour codes of 20,000 EU marks.
_FREQUENCY = {
    "blue": 1238, "red": 1085, "black": 900, "green": 720, "grey": 507, "orange": 431, "yellow": 300,
    "pink": 129, "violet": 128, "brown": 93, "gold": 60,
}  # fmt: skip


@dataclass(frozen=True)
class Palette:
    """The colours of a mark, `#rrggbb`: the background, and those on it, the main one first.

    With `gradient`, large surfaces fade into another tone.
    """

    background: str
    colours: tuple[str, ...]
    gradient: bool = False

    @property
    def main(self) -> str:
        """The first colour."""
        return self.colours[0]

    def second(self) -> str:
        """Return the second colour, or the first where there is only one."""
        return self.colours[1 % len(self.colours)]


def sample_colour(name: str, rng: random.Random) -> str:
    """Return a random colour with a name of `viennatag.images.colours`."""
    hues, saturations, values = _RANGES[name]
    for _ in range(20):
        shares = colorsys.hsv_to_rgb(rng.uniform(*hues) % 360 / 360, rng.uniform(*saturations), rng.uniform(*values))
        red, green, blue = (round(share * 255) for share in shares)
        if name_colour(red, green, blue) == name:
            break
    return f"#{red:02x}{green:02x}{blue:02x}"


def choose_palette(rng: random.Random, *, wanted: Collection[str] = (), colour: float = 0.55) -> Palette:
    """Return a palette of the wanted sections of 29.1; without any, `colour` is the share of palettes with colours."""
    names = [name for name, code in CODES.items() if code in wanted]
    if names:
        rng.shuffle(names)
        del names[_MOST_INKS:]
        if "white" in names and len(names) > 1:
            names.remove("white")
            background = sample_colour(names.pop(rng.randrange(len(names))), rng)
            colours = (PLAIN_WHITE, *(sample_colour(name, rng) for name in names))
            return Palette(background, colours, rng.random() < 0.08)
        if names == ["white"]:
            return Palette(sample_colour(rng.choice(("blue", "red", "green")), rng), (PLAIN_WHITE,))
        return Palette(PLAIN_WHITE, tuple(sample_colour(name, rng) for name in names), rng.random() < 0.2)
    if rng.random() >= colour:
        if rng.random() < 0.08:
            return Palette(BLACK, (PLAIN_WHITE,))
        return Palette(PLAIN_WHITE, (BLACK if rng.random() < 0.8 else sample_colour("black", rng),))
    count = rng.choices((1, 2, 3, 4), (4, 5, 2, 1))[0]
    pool = dict(_FREQUENCY)
    chosen: list[str] = []
    for _ in range(count):
        chosen += rng.choices(list(pool), list(pool.values()))
        del pool[chosen[-1]]
    if chosen == ["black"]:
        chosen = ["blue"]
    colours = tuple(sample_colour(name, rng) for name in chosen)
    if rng.random() < 0.14:
        visible = (shade for shade in colours[1:] if lightness_difference(shade, colours[0]) > 0.3)
        return Palette(colours[0], (PLAIN_WHITE, *visible))
    return Palette(PLAIN_WHITE, colours, rng.random() < 0.2)


def luminance(colour: str) -> float:
    """Return how light a colour `#rrggbb` is, between 0 and 1 (weights of ITU-R BT.601)."""
    red, green, blue = channels(colour)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def lightness_difference(one: str, other: str) -> float:
    """Return the difference of lightness of two colours."""
    return abs(luminance(one) - luminance(other))


def contrasting_colour(background: str, palette: Palette, rng: random.Random) -> str:
    """Return a colour of the palette, or white or black, that is visible on a background."""
    shades = (*palette.colours[1:], palette.background)
    suited = [shade for shade in shades if lightness_difference(shade, background) > 0.35]
    if suited and rng.random() < 0.8:
        return suited[-1] if rng.random() < 0.6 else rng.choice(suited)
    return PLAIN_WHITE if luminance(background) < 0.6 else BLACK


_HEX = re.compile(r"#([0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b")
_NAMED = {"white": PLAIN_WHITE, "black": BLACK, "red": "#ff0000", "gray": "#808080", "grey": "#808080"}
_NAMES = re.compile(r'(?<=")(?:white|black|red|gr[ae]y)(?=")')


def channels(colour: str) -> list[int]:
    """Return red, green and blue of a colour `#rrggbb`."""
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _joined(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in channels)


def mix_colours(one: str, other: str, share: float) -> str:
    """Return a mixture of two colours: a share of 0 is the first, 1 the other."""
    pairs = zip(channels(one), channels(other), strict=True)
    return _joined(low + (high - low) * share for low, high in pairs)


def lighten(colour: str, share: float) -> str:
    """Return a colour mixed with white; a share of 1 is white."""
    return mix_colours(colour, PLAIN_WHITE, share)


def darken(colour: str, factor: float) -> str:
    """Return a colour with its channels multiplied by a factor; 0 is black."""
    return _joined(channel * factor for channel in channels(colour))


def six_digits(colour: str) -> str:
    """Return a colour as SVG writes it (`#abc`, `white`) as `#rrggbb`.

    Raises:
        ValueError: If it is written in another way.
    """
    colour = _NAMED.get(colour, colour)
    if not _HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is no colour of six digits")
    digits = colour[1:]
    return f"#{digits[:6] if len(digits) >= 6 else ''.join(2 * digit for digit in digits[:3])}".lower()


def mean_colour(colours: Iterable[str]) -> str:
    """Return the mean of colours; black of none."""
    rows = [channels(six_digits(colour)) for colour in colours]
    return _joined(sum(column) / len(rows) for column in zip(*rows, strict=True)) if rows else BLACK


def rotate_hue(colour: str, degrees: float) -> str:
    """Return a colour with its hue rotated; saturation and value stay."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in channels(colour)))
    turned = colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value)
    return _joined(channel * 255 for channel in turned)


def map_colours(body: str, colour_for: Callable[[str], str]) -> str:
    """Return SVG with each colour replaced by the result of a function."""

    def replaced(found: re.Match[str]) -> str:
        digits = found.group(1)
        return colour_for(six_digits(found.group())) + (digits[6:] if len(digits) > 6 else "")

    return _HEX.sub(replaced, _NAMES.sub(lambda found: _NAMED[found.group()], body))
