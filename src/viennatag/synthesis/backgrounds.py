"""Backgrounds of a mark: repeated motifs, stripes, rays, divided fields (25.5, 25.7, 25.12)."""

import random
from collections.abc import Collection

from viennatag.synthesis.elements import Element, gradient, moved, number, path, stroke, surface, trace
from viennatag.synthesis.palettes import PLAIN_WHITE, Palette, lighten, luminance

_TILES = {
    "25.7.2": (20, 20, '<path d="M10 1L19 10L10 19L1 10Z"/>'),
    "25.7.3": (20, 20, '<path d="M3 3H17V17H3Z"/>'),
    "25.7.4": (20, 20, '<path d="M0 0H10V10H0ZM10 10H20V20H10Z"/>'),
    "25.7.5": (20, 17.3, '<path d="M10 1L17.5 5V12.5L10 16.5L2.5 12.5V5Z"/>'),
    "25.7.6": (22, 22, '<circle cx="11" cy="11" r="8"/>'),
    "25.7.7": (12, 12, '<circle cx="6" cy="6" r="2"/>'),
    "25.7.15": (6, 6, '<path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5" stroke-width="1"/>'),
    "25.7.22": (24, 14, '<path d="M0 7Q6 -1 12 7T24 7" fill="none" stroke-width="3"/>'),
    "25.7.23": (20, 14, '<path d="M0 11L10 3L20 11" fill="none" stroke-width="3"/>'),
}
_FIELDS = ("25.7.21", "25.5.1", "25.5.2", "25.5.3", "25.5.5", "25.5.6", "25.12.1", "25.12.3", "25.12.99")
_ALSO = {"25.7.21": "25.7.20", "25.7.22": "25.7.20", "25.7.23": "25.7.20"}

BACKGROUND_CODES = frozenset((*_TILES, *_FIELDS, "25.7.20", "25.7.25"))
"""The sections that a background may show."""

_RAINBOW: tuple[str, ...] = ("#e3211c", "#f58a1f", "#ffe000", "#2fa336", "#1d6fc4", "#5b2d90")


def draw_background(
    palette: Palette, width: float, height: float, wanted: Collection[str], rng: random.Random,
    *, motif: Element | None = None,
) -> Element:  # fmt: skip
    """Return a background of this size, in the units of the mark.

    It shows one of the wanted sections, any if there is none; with a motif it is covered with it (25.7.25).
    """
    if motif is not None:
        return _covered(palette, width, height, motif, rng)
    possible = BACKGROUND_CODES - {"25.7.25"}
    code = rng.choice(sorted(possible & set(wanted)) or sorted(possible))
    code = "25.7.21" if code == "25.7.20" else code
    foreground, other = palette.main, palette.second()
    name = f"background{rng.randrange(10**6)}"
    w, h = number(width), number(height)
    svg = surface(width, height, palette.background)
    if code in _TILES:
        across, down, tile = _TILES[code]
        size = max(width, height) / rng.uniform(150, 320)
        turn = rng.choice((0, 45, 90, -30)) if code == "25.7.22" else 0
        tone = foreground if rng.random() < 0.4 else lighten(foreground, 0.72)
        svg = (
            f'<pattern id="{name}" width="{across}" height="{down}" patternUnits="userSpaceOnUse" '
            f'patternTransform="scale({size:.4g}) rotate({turn})"><g fill="{tone}" stroke="{tone}" stroke-width="0">'
            f"{tile}</g></pattern>{svg}{surface(width, height, f'url(#{name})')}"
        )
    elif code == "25.7.21":
        stripes = _striped(max(width, height), foreground if rng.random() < 0.5 else lighten(foreground, 0.7), rng)
        svg += moved(stripes, width / 2, height / 2)
    elif code.startswith("25.5"):
        second = other if other != foreground else (PLAIN_WHITE if luminance(foreground) < 0.6 else "#000000")
        d = {
            "25.5.1": f"M{number(width / 2)} 0H{w}V{h}H{number(width / 2)}Z",
            "25.5.2": f"M0 {number(height / 2)}H{w}V{h}H0Z",
            "25.5.3": f"M{w} 0V{h}H0Z",
            "25.5.5": f"M0 0H{number(width / 2)}V{h}H{w}V{number(height / 2)}H0Z",
            "25.5.6": f"M0 0H{w}L0 {h}H{w}Z",
        }[code]
        svg = surface(width, height, foreground) + path(d, second)
    elif code == "25.12.1":
        reach, count = 2 * max(width, height), rng.choice((12, 16, 24))
        ray = f'<path d="{trace("M 0 0 L", reach, -reach * 1.6 / count, "V", reach * 1.6 / count, "Z")}"/>'
        rays = "".join(moved(ray, 0, 0, turn=360 * index / count) for index in range(count))
        svg += moved(f'<g fill="{lighten(foreground, 0.5)}">{rays}</g>', width / 2, height / 2)
    else:  # fading, in the colours of the rainbow (25.12.99) or in two tones
        tones, direction = _RAINBOW, ""
        if code != "25.12.99":
            direction = 'x2="0" y2="1"' if rng.random() < 0.6 else 'x2="1" y2="0"'
            tones = (foreground, lighten(foreground, 0.75))
        stops = ((index / (len(tones) - 1), tone) for index, tone in enumerate(tones))
        svg = gradient(name, stops, direction) + surface(width, height, f"url(#{name})")
    return Element(svg, width, height, frozenset({code, _ALSO.get(code, code)}))


def _striped(reach: float, tone: str, rng: random.Random) -> str:
    """Return stripes around the origin; a pattern would show the seams of its tiles."""
    pitch, share = reach / rng.uniform(9, 22), rng.uniform(0.3, 0.6)
    d = " ".join(trace("M", -reach, row * pitch, "H", reach) for row in range(-24, 25) if abs(row * pitch) < reach)
    return moved(stroke(d, tone, pitch * share), 0, 0, turn=rng.choice((0, 45, 90, -30)))


def _covered(palette: Palette, width: float, height: float, motif: Element, rng: random.Random) -> Element:
    """Return a surface covered with one drawing; its boxes are not kept, because there are too many."""
    name, side = f"background{rng.randrange(10**6)}", max(motif.width, motif.height) * rng.uniform(1.15, 1.6)
    size, turn = max(width, height) / (side * rng.uniform(5, 9)), rng.choice((0, 0, 30, 45))
    svg = (
        f'<pattern id="{name}" width="{number(side)}" height="{number(side)}" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale({size:.4g}) rotate({turn})">{motif.svg}</pattern>'
    )
    svg += surface(width, height, palette.background) + surface(width, height, f"url(#{name})")
    return Element(svg, width, height, motif.codes | {"25.7.25"})
