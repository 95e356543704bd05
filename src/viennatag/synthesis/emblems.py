"""Abstract emblems: signs that show nothing, as many registered marks have them.

Their sections are of form only (26, 27), so a network learns from them that not every device is a picture.
"""

import math
import random
from collections.abc import Sequence

from viennatag.synthesis.elements import (
    Element,
    ellipse_path,
    fitted,
    gradient,
    moved,
    number,
    overlaid,
    path,
    ring_points,
    stroke,
    trace,
)
from viennatag.synthesis.geometry import GEOMETRY, smooth_curve
from viennatag.synthesis.inscriptions import write_monogram
from viennatag.synthesis.lettering import FontFile
from viennatag.synthesis.palettes import darken, lighten
from viennatag.synthesis.shapes import SHAPES, Colours, shape_element

_PLAIN_SHAPES = [SHAPES["lines"], SHAPES["groups"], SHAPES["angles"], *GEOMETRY.values()]


def draw_emblem(fonts: Sequence[FontFile], rng: random.Random, colours: Colours) -> Element:
    """Return a monogram, a figure of geometry, or a sign of arcs, petals, bars, dots or loops."""
    (way,) = rng.choices(("monogram", "shape", "sign", "letter on a sign"), (3, 2, 5, 2))
    if way == "monogram":
        return fitted(write_monogram(fonts, rng, colours, rng.choice((("27.5.22",), ("27.5.21",), ()))), 100, 100)
    if way == "shape":
        function, _ = rng.choice(_PLAIN_SHAPES)
        return fitted(function(rng, colours, ()), 100, 100)
    sign = _sign(rng, colours)
    if way == "sign":
        return sign
    light = Colours(colours.background, colours.background, colours.main)
    disc = Element(f'<circle cx="50" cy="50" r="34" fill="{colours.main}"/>', 100, 100)
    return overlaid(overlaid(sign, disc), fitted(write_monogram(fonts, rng, light, ()), 40, 40))


def _sign(rng: random.Random, colours: Colours) -> Element:
    draw = rng.choice((_arcs, _petals, _bars, _dots, _loops, _sails, _facets))
    inks = colours.main, colours.second, lighten(colours.main, rng.uniform(0.2, 0.55)), darken(colours.second, 0.7)
    fade, svg = "", draw(rng, inks[: rng.choice((1, 2, 2, 4))])
    if rng.random() < 0.3:
        name = f"emblem{rng.randrange(10**6)}"
        fade = gradient(name, [(0, lighten(colours.main, 0.5)), (1, darken(colours.main, 0.75))], 'x2="0.4" y2="1"')
        svg = svg.replace(colours.main, f"url(#{name})")
    turn = rng.choice((0, 0, 0, 15, 30, 45, 90, 180, 270))
    return shape_element(fade + moved(svg, 50, 50, turn=turn, about=(50, 50)), {"26.13.25"}, "figure")


def _arcs(rng: random.Random, inks: Sequence[str]) -> str:
    """Return parts of rings inside one another, some of them tapered like swooshes."""
    svg, thick = "", rng.uniform(4, 11)
    for index in range(rng.randint(2, 5)):
        radius = 45 - index * thick * rng.uniform(1.2, 1.7)
        if radius < thick:
            break
        start, sweep = rng.uniform(0, 360), rng.uniform(70, 300)
        (x0, y0), (x1, y1) = (
            (50 + radius * math.cos(math.radians(a)), 50 + radius * math.sin(math.radians(a)))
            for a in (start, start + sweep)
        )
        large, ink = int(sweep > 180), inks[index % len(inks)]
        if rng.random() < 0.4:
            inner = radius - thick
            d = trace("M", x0, y0, f"A {radius:.1f} {radius:.1f} 0 {large} 1", x1, y1, f"A {inner:.1f} {radius:.1f}")
            svg += path(d + trace(f" 0 {large} 0", x0, y0, "Z"), ink)
        else:
            d = trace("M", x0, y0, f"A {radius:.1f} {radius:.1f} 0 {large} 1", x1, y1)
            svg += stroke(d, ink, thick, more=' stroke-linecap="round"' * rng.choice((0, 1)))
    return svg


def _petals(rng: random.Random, inks: Sequence[str]) -> str:
    """Return one form repeated around the middle, sometimes see-through."""
    count, reach, wide = rng.choice((2, 3, 3, 4, 5, 6, 8, 12)), rng.uniform(38, 48), rng.uniform(8, 26)
    side, inner = rng.uniform(-14, 14), rng.uniform(0, 16)
    form = rng.choice((
        trace("M 50", 50 - inner, "Q", 50 - wide + side, 50 - reach / 2, 50 + side, 50 - reach)
        + trace("Q", 50 + wide + side, 50 - reach / 2, 50, 50 - inner, "Z"),
        trace("M", 50 - wide / 2, 50 - inner, "L", 50 + side, 50 - reach, "L", 50 + wide / 2, 50 - inner, "Z"),
        trace("M", 50 - wide / 2, 50 - inner, "V", 50 - reach, "H", 50 + wide / 2, "V", 50 - inner, "Z"),
        ellipse_path(50 + side, 50 - reach * 0.6, wide / 1.6, reach * 0.36),
    ))  # fmt: skip
    parts = (moved(path(form, inks[i % len(inks)]), 50, 50, turn=360 * i / count, about=(50, 50)) for i in range(count))
    return f'<g opacity="{rng.choice(("1", "1", ".8"))}">{"".join(parts)}</g>'


def _bars(rng: random.Random, inks: Sequence[str]) -> str:
    """Return bars of different lengths, upright or leaning, with square or round ends."""
    count, svg = rng.randint(2, 6), ""
    pitch, lean = 92 / count, rng.choice((0, 0, 14, -14, 25))
    for index in range(count):
        x, high = 6 + pitch * (index + 0.5), rng.uniform(30, 90)
        foot = rng.choice((95.0, 50 + high / 2))
        ends = trace("M", x - lean / 2, foot, "L", x + lean / 2, foot - high)
        svg += stroke(ends, inks[index % len(inks)], pitch * rng.uniform(0.4, 0.8), more=rng.choice(_ENDS))
    return svg


_ENDS = ("", ' stroke-linecap="round"')


def _dots(rng: random.Random, inks: Sequence[str]) -> str:
    """Return dots on a grid or on rings that grow or shrink."""
    across, grows = rng.randint(3, 7), rng.uniform(-0.7, 0.7)
    spots = [(10 + 80 * x / (across - 1), 10 + 80 * y / (across - 1)) for x in range(across) for y in range(across)]
    if rng.random() < 0.6:
        spots = [spot for ring in range(1, 4) for spot in ring_points(6 * ring, 15 * ring)]
    return "".join(
        path(ellipse_path(x, y, max(1.2, 5 + grows * (y - 50) / 8)), inks[int(x / 101 * len(inks))]) for x, y in spots
    )


def _loops(rng: random.Random, inks: Sequence[str]) -> str:
    """Return a closed curve that runs around the middle several times, as a line."""
    count, turns = rng.choice((5, 7, 8, 9)), rng.choice((2, 3))
    points = ring_points(count, rng.uniform(36, 46))
    order = [points[index * turns % count] for index in range(count)]
    line = path(smooth_curve(order), "none", stroke=inks[0], thickness=rng.uniform(2, 7))
    if len(inks) == 1:
        return line
    return line + moved(path(smooth_curve(order), "none", stroke=inks[1], thickness=3), 50, 50, turn=25, about=(50, 50))


def _sails(rng: random.Random, inks: Sequence[str]) -> str:
    """Return two to four curved surfaces that share a corner or lie on one another."""
    svg = ""
    for index in range(rng.randint(2, 4)):
        (x0, y0), (x1, y1), (x2, y2) = ((rng.uniform(4, 96), rng.uniform(4, 96)) for _ in range(3))
        d = trace("M", x0, y0, "C", x1, y0, x2, y1, x1, y2) + trace("Q", x2, y2, x0, y0, "Z")
        svg += path(d, inks[index % len(inks)])
    return f'<g opacity="{number(rng.choice((1, 0.85)))}">{svg}</g>'


def _facets(rng: random.Random, inks: Sequence[str]) -> str:
    """Return a polygon cut into triangles in tones of its colours."""
    sides = rng.choice((3, 4, 5, 6, 8))
    corners, middle = ring_points(sides, 47), (50 + rng.uniform(-14, 14), 50 + rng.uniform(-14, 14))
    svg = ""
    for index, (x, y) in enumerate(corners):
        tone = lighten(inks[index % len(inks)], rng.choice((0, 0.2, 0.4, 0.6)))
        d = trace("M", *middle, "L", x, y, "L", *corners[(index + 1) % sides], "Z")
        svg += path(d, tone) if rng.random() < 0.9 else ""
    return svg
