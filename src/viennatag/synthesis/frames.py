"""Put a drawing into a figure of its own, like app icons and round emblems.

The drawing is cut out of the figure, stands on it in another foreground, runs over its edge and is cropped there, or
changes its colour where the figure ends. The figure's sections follow from `figures`, as in composed marks.
"""

import random
from dataclasses import replace

from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.assets import render_drawing
from viennatag.synthesis.elements import Bounds, Element, fitted, gradient, moved, number, path, shifted
from viennatag.synthesis.figures import Figure, draw_figure, draw_outline
from viennatag.synthesis.palettes import BLACK, PLAIN_WHITE, Palette, lightness_difference, luminance, mix_colours

_KINDS = {
    "rounded square": 8, "circle": 8, "square": 3, "shield": 1, "hexagon": 1, "rounded hexagon": 0.5, "rhomb": 0.4,
    "octagon": 0.3,
}  # fmt: skip
_CROPPING = frozenset({"rounded square", "circle", "square"})  # others would cut off half of a drawing
_WAYS = {"on": 10, "cut out": 6, "framed": 3, "cropped": 3, "halved": 1.5}


def draw_framed(drawing: Drawing, background: str, palette: Palette, rng: random.Random) -> Element | None:
    """Return a drawing in a figure on this background, both in the palette's colours; None if nothing is visible."""
    (kind,) = rng.choices(list(_KINDS), list(_KINDS.values()))
    (way,) = rng.choices(list(_WAYS), list(_WAYS.values()))
    way = "on" if way == "cropped" and kind not in _CROPPING else way
    figure = draw_outline(kind, rng)
    seen = [each for each in palette.colours if lightness_difference(each, background) > 0.2]
    fill = rng.choice(seen) if seen else BLACK if luminance(background) > 0.5 else PLAIN_WHITE
    if way == "framed":
        device = render_drawing(drawing, rng.choice([fill, *seen]), background, palette, rng)
        if device is None:
            return None
        return draw_figure(
            figure, device, fill="none", stroke=fill, background=background, thickness=rng.uniform(2, 9)
        )  # fmt: skip
    if way == "halved":
        return _halved(drawing, figure, fill, background, palette, rng)
    others = [each for each in (*palette.colours, PLAIN_WHITE) if lightness_difference(each, fill) > 0.35]
    others += [PLAIN_WHITE] * 3 if luminance(fill) < 0.65 else [BLACK]
    foreground = background if way == "cut out" else rng.choice(others)
    if lightness_difference(foreground, fill) < 0.2:
        foreground = PLAIN_WHITE if luminance(fill) < 0.5 else BLACK
    device = render_drawing(drawing, foreground, fill, palette, rng)
    if device is None:
        return None
    if way == "cropped":
        device = _cropped(device, figure, rng)
    paint, fade = (fill, "") if rng.random() < 0.75 else _fading(fill, palette, rng)
    held = draw_figure(figure, device, fill=paint, stroke="none", background=background)
    return replace(held, svg=fade + held.svg)


def _fading(fill: str, palette: Palette, rng: random.Random) -> tuple[str, str]:
    """Return the paint of a gradient between two colours of about the same lightness, and its SVG."""
    near = [each for each in palette.colours if each != fill and lightness_difference(each, fill) < 0.25]
    other = rng.choice(near) if near else mix_colours(fill, rng.choice((PLAIN_WHITE, BLACK)), rng.uniform(0.2, 0.35))
    name = f"mount{rng.randrange(10**6)}"
    return f"url(#{name})", gradient(name, [(0, fill), (1, other)], f'x2="{rng.choice((0, 1))}" y2="1"')


def _clipped(svg: str, figure: Figure, rng: random.Random, *, by: str = "") -> str:
    """Return SVG in a figure's units cut along its outline, or along other path data."""
    name = f"clip{rng.randrange(10**6)}"
    return f'<clipPath id="{name}"><path d="{by or figure.d}"/></clipPath><g clip-path="url(#{name})">{svg}</g>'


def _in_room(svg: str, figure: Figure, device: Element) -> Element:
    """Return SVG in a figure's units as content that fills the figure's room exactly."""
    left, top, width, height = figure.room
    visible = (_inside(box, figure.width, figure.height) for box in device.boxes)
    boxes = tuple(box._replace(left=box.left - left, top=box.top - top) for box in visible)
    return Element(moved(svg, -left, -top), width, height, device.codes, device.kinds, boxes)


def _inside(box: Bounds, width: float, height: float) -> Bounds:
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(width, box.left + box.width), min(height, box.top + box.height)
    return box._replace(left=left, top=top, width=right - left, height=bottom - top)


def _cropped(device: Element, figure: Figure, rng: random.Random) -> Element:
    """Return a device cropped by the edge of the figure at one or two sides."""
    size = rng.uniform(0.82, 0.95) if figure.kind == "circle" else rng.uniform(0.95, 1.1)
    large = fitted(device, figure.width * size, figure.height * size)
    spare_x, spare_y = figure.width - large.width, figure.height - large.height
    x, y = spare_x * rng.choice((0.5, 0.5, 0.2, 0.8)), spare_y * rng.choice((0.5, 1, 1)) + figure.height * 0.08
    placed = shifted(large, x, y)
    return _in_room(_clipped(placed.svg, figure, rng), figure, placed)


def _halved(
    drawing: Drawing, figure: Figure, fill: str, background: str, palette: Palette, rng: random.Random
) -> Element | None:
    """Return a half-filled figure with a drawing that changes its colours where the fill ends."""
    state = rng.getstate()
    light = render_drawing(drawing, background, fill, palette, rng)
    rng.setstate(state)  # the same style in both halves
    dark = render_drawing(drawing, fill, background, palette, rng)
    if light is None or dark is None:
        return None
    width, height = figure.width, figure.height
    half = rng.choice((f"M0 0H{number(width / 2)}V{number(height)}H0Z", f"M0 0H{number(width)}L0 {number(height)}Z"))
    rest = f"M0 0H{number(width)}V{number(height)}H0Z"
    left, top, wide, high = figure.room
    fits = (fitted(element, wide, high) for element in (dark, light))
    back, front = (shifted(each, left + (wide - each.width) / 2, top + (high - each.height) / 2) for each in fits)
    svg = _clipped(back.svg, figure, rng, by=rest)
    svg += _clipped(path(figure.d, fill) + front.svg, figure, rng, by=half)
    content = _in_room(svg, figure, back)
    return draw_figure(figure, content, fill="none", stroke=fill, background=background, thickness=rng.uniform(1.5, 4))
