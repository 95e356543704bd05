"""A drawing in a figure of its own, as icons of applications and round emblems have it.

The drawing is cut out of the figure, stands on it in another ink, runs over its edge and is cropped there, or
changes its colour where the figure ends. The figure's sections follow from `figures`, as in composed marks.
"""

import random
from dataclasses import replace

from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.figures import Figure, draw_figure, draw_outline
from viennatag.synthesis.palettes import BLACK, WHITE, Palette, contrast, luminance, mixed
from viennatag.synthesis.pieces import Box, Piece, fitted, number, shifted
from viennatag.synthesis.studio import draw_piece

_KINDS = {
    "rounded square": 8, "circle": 8, "square": 3, "shield": 1, "hexagon": 1, "rounded hexagon": 0.5, "rhomb": 0.4,
    "octagon": 0.3,
}  # fmt: skip
_CROPPING = frozenset({"rounded square", "circle", "square"})  # others would cut off half of a drawing
_WAYS = {"on": 10, "cut out": 6, "framed": 3, "cropped": 3, "halved": 1.5}


def draw_mounted(drawing: Drawing, ground: str, palette: Palette, rng: random.Random) -> Piece | None:
    """Return a drawing in a figure, None if nothing of it is seen.

    Args:
        drawing: What the figure holds.
        ground: The colour behind the figure.
        palette: The inks of figure and drawing.
        rng: The source of chance.
    """
    (kind,) = rng.choices(list(_KINDS), list(_KINDS.values()))
    (way,) = rng.choices(list(_WAYS), list(_WAYS.values()))
    way = "on" if way == "cropped" and kind not in _CROPPING else way
    figure = draw_outline(kind, rng)
    seen = [ink for ink in palette.inks if contrast(ink, ground) > 0.2]
    fill = rng.choice(seen) if seen else BLACK if luminance(ground) > 0.5 else WHITE
    if way == "framed":
        device = draw_piece(drawing, rng.choice([fill, *seen]), ground, palette, rng)
        return device and draw_figure(
            figure, device, fill="none", stroke=fill, paper=ground, thickness=rng.uniform(2, 9)
        )  # fmt: skip
    if way == "halved":
        return _halved(drawing, figure, fill, ground, palette, rng)
    others = [ink for ink in (*palette.inks, WHITE) if contrast(ink, fill) > 0.35]
    ink = ground if way == "cut out" else rng.choice([*others, *([WHITE] * 3 if luminance(fill) < 0.65 else [BLACK])])
    if contrast(ink, fill) < 0.2:
        ink = WHITE if luminance(fill) < 0.5 else BLACK
    device = draw_piece(drawing, ink, fill, palette, rng)
    if device is None:
        return None
    if way == "cropped":
        device = _cropped(device, figure, rng)
    paint, fade = (fill, "") if rng.random() < 0.75 else _fading(fill, palette, rng)
    held = draw_figure(figure, device, fill=paint, stroke="none", paper=ground)
    return replace(held, svg=fade + held.svg)


def _fading(fill: str, palette: Palette, rng: random.Random) -> tuple[str, str]:
    """Return the paint of a surface that fades from a colour to one that is about as light, and its SVG."""
    near = [ink for ink in palette.inks if ink != fill and contrast(ink, fill) < 0.25]
    other = rng.choice(near) if near else mixed(fill, rng.choice((WHITE, BLACK)), rng.uniform(0.2, 0.35))
    name = f"mount{rng.randrange(10**6)}"
    return (
        f"url(#{name})",
        f'<linearGradient id="{name}" x2="{rng.choice((0, 1))}" y2="1"><stop offset="0" stop-color="{fill}"/>'
        f'<stop offset="1" stop-color="{other}"/></linearGradient>',
    )


def _clipped(svg: str, figure: Figure, rng: random.Random, *, by: str = "") -> str:
    """Return SVG in a figure's units cut along its outline, or along other path data."""
    name = f"clip{rng.randrange(10**6)}"
    return f'<clipPath id="{name}"><path d="{by or figure.d}"/></clipPath><g clip-path="url(#{name})">{svg}</g>'


def _in_room(svg: str, figure: Figure, device: Piece) -> Piece:
    """Return SVG in a figure's units as content that fills the figure's room exactly."""
    left, top, width, height = figure.room
    boxes = tuple(_inside(box, figure.width, figure.height) for box in device.boxes)
    boxes = tuple(box._replace(left=box.left - left, top=box.top - top) for box in boxes)
    shift = f'<g transform="translate({number(-left)} {number(-top)})">{svg}</g>'
    return Piece(shift, width, height, device.codes, device.kinds, boxes)


def _inside(box: Box, width: float, height: float) -> Box:
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(width, box.left + box.width), min(height, box.top + box.height)
    return box._replace(left=left, top=top, width=right - left, height=bottom - top)


def _cropped(device: Piece, figure: Figure, rng: random.Random) -> Piece:
    """Return a device so large that the figure's edge cuts off a little of it, at one or two sides."""
    size = rng.uniform(0.82, 0.95) if figure.kind == "circle" else rng.uniform(0.95, 1.1)
    large = fitted(device, figure.width * size, figure.height * size)
    spare_x, spare_y = figure.width - large.width, figure.height - large.height
    x, y = spare_x * rng.choice((0.5, 0.5, 0.2, 0.8)), spare_y * rng.choice((0.5, 1, 1)) + figure.height * 0.08
    placed = shifted(large, x, y)
    return _in_room(_clipped(placed.svg, figure, rng), figure, placed)


def _halved(
    drawing: Drawing, figure: Figure, fill: str, ground: str, palette: Palette, rng: random.Random
) -> Piece | None:
    """Return a figure half of which is filled, with a drawing whose colours change there."""
    state = rng.getstate()
    light = draw_piece(drawing, ground, fill, palette, rng)
    rng.setstate(state)  # the same look in both halves
    dark = draw_piece(drawing, fill, ground, palette, rng)
    if light is None or dark is None:
        return None
    width, height = figure.width, figure.height
    half = rng.choice((f"M0 0H{number(width / 2)}V{number(height)}H0Z", f"M0 0H{number(width)}L0 {number(height)}Z"))
    rest = f"M0 0H{number(width)}V{number(height)}H0Z"
    left, top, wide, high = figure.room
    fits = [fitted(piece, wide, high) for piece in (dark, light)]
    placed = [shifted(piece, left + (wide - piece.width) / 2, top + (high - piece.height) / 2) for piece in fits]
    surface = f'<path d="{figure.d}" fill="{fill}"/>{placed[1].svg}'
    svg = _clipped(placed[0].svg, figure, rng, by=rest) + _clipped(surface, figure, rng, by=half)
    content = _in_room(svg, figure, placed[0])
    return draw_figure(figure, content, fill="none", stroke=fill, paper=ground, thickness=rng.uniform(1.5, 4))
