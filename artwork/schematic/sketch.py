"""A sketch is planes, details and lines; a style makes SVG of it."""

# fmt: off

import colorsys
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from schematic.geometry import Point, Points, centre, half_of, mirrored, rounded, scaled, simplified, thick, turned

Kind = Callable[["Sketch", random.Random], None]
"""Draws one object into a sketch; all chance of its form is taken from the given source."""


@dataclass
class Sketch:
    """What an object is drawn with, in a square of 100 by 100, in the order of painting.

    A *plane* is a closed area; its tone (0, 1, 2) tells planes apart where there are colours. A *detail* lies inside
    planes painted before it and is a hole where there is one colour only. A *line* is a stroke on the ground; a
    *score* is one inside planes.
    """

    marks: list[tuple[str, Points, float]] = field(default_factory=list)

    def plane(self, points: Points, tone: int = 0) -> None:
        """Paint a closed area."""
        self.marks.append(("plane", points, tone))

    def detail(self, points: Points) -> None:
        """Paint a closed area inside planes, or cut it out of them."""
        self.marks.append(("detail", points, 0))

    def line(self, points: Points, width: float = 5) -> None:
        """Draw a stroke on the ground."""
        self.marks.append(("line", points, width))

    def score(self, points: Points, width: float = 4) -> None:
        """Draw a stroke inside planes, or cut it out of them."""
        self.marks.append(("detail", thick(points, width), 0))


def deformed(sketch: Sketch, rng: random.Random, *, mirror: bool, tilt: bool) -> Sketch:
    """Return a sketch as another hand would draw it: stretched, tilted, rounder or with more corners."""
    across, down = rng.uniform(0.85, 1.15), rng.uniform(0.85, 1.15)
    degrees = rng.gauss(0, 7) if tilt and rng.random() < 0.5 else 0.0
    flip = mirror and rng.random() < 0.5
    shape = rng.random()
    tolerance = rng.uniform(1.0, 3.5) if shape < 0.3 else 0.0
    radius = rng.uniform(2, 8) if 0.3 <= shape < 0.55 else 0.0

    def one(kind: str, points: Points) -> Points:
        closed = kind != "line"
        if tolerance and len(points) > 6:
            middle = len(points) // 2
            kept = simplified(points[: middle + 1], tolerance)[:-1] + simplified(points[middle:], tolerance)
            points = kept if len(kept) > 2 or not closed else points
        if radius:
            points = rounded(points, radius, closed=closed)
        points = turned(scaled(points, across, down), degrees)
        return mirrored(points) if flip else points

    return Sketch([(kind, one(kind, points), value) for kind, points, value in sketch.marks])


def solid(sketch: Sketch, rng: random.Random) -> str:
    """Return SVG in one colour: details are holes, lighter planes are seen through or set apart."""
    faint = rng.choice((None, None, 0.35, 0.55))
    gap = rng.choice((0.0, 0.0, 0.05, 0.09))
    body = []
    for kind, points, value, holes in _with_holes(sketch):
        if kind == "plane":
            shown = scaled(points, 1 - gap, None, centre(points)) if value else points
            faded = f' fill-opacity="{faint}"' if faint and value else ""
            body.append(f'<path d="{_closed(shown, *holes)}" fill-rule="evenodd"{faded}/>')
        else:
            body.append(_stroked(points, value))
    return f'<g fill="currentColor" stroke="none">{"".join(body)}</g>'


def lined(sketch: Sketch, rng: random.Random) -> str:
    """Return SVG of lines of one width."""
    width, join = rng.uniform(1.6, 7), rng.choice(("round", "miter"))
    body = []
    for kind, points, _ in sketch.marks:
        d = _open(points) if kind == "line" else _closed(points)
        body.append(f'<path d="{d}"/>')
    return (
        f'<g fill="none" stroke="currentColor" stroke-width="{width:.2f}" stroke-linecap="round" '
        f'stroke-linejoin="{join}">{"".join(body)}</g>'
    )


def coloured(sketch: Sketch, rng: random.Random) -> str:
    """Return SVG whose tones have colours of their own."""
    tones, light = _colours(rng)
    outline = f' stroke="{light}" stroke-width="{rng.uniform(1, 3):.1f}"' if rng.random() < 0.2 else ""
    body = []
    for kind, points, value in sketch.marks:
        if kind == "plane":
            body.append(f'<path d="{_closed(points)}" fill="{tones[int(value) % 3]}"{outline}/>')
        elif kind == "detail":
            body.append(f'<path d="{_closed(points)}" fill="{light}"/>')
        else:
            body.append(_stroked(points, value, tones[0]))
    return f'<g stroke="none">{"".join(body)}</g>'


def faceted(sketch: Sketch, rng: random.Random) -> str:
    """Return SVG whose planes have a lit and a shaded half, as folded paper or cut stones have."""
    tones, light = _colours(rng)
    degrees = rng.choice((0, 0, 45, 90, rng.uniform(0, 360)))
    common = rng.random() < 0.5
    through = (50.0, 50.0)
    body = []
    for kind, points, value in sketch.marks:
        if kind == "line":
            body.append(_stroked(points, value, tones[0]))
        elif kind == "detail":
            body.append(f'<path d="{_closed(points)}" fill="{light}"/>')
        else:
            tone = tones[int(value) % 3]
            body.append(f'<path d="{_closed(points)}" fill="{tone}"/>')
            shaded = half_of(points, through if common else centre(points), degrees)
            if len(shaded) > 2:
                body.append(f'<path d="{_closed(shaded)}" fill="{_darker(tone, 0.72)}"/>')
    return f'<g stroke="none">{"".join(body)}</g>'


STYLES = (solid, solid, solid, lined, lined, coloured, coloured, faceted)


def _with_holes(sketch: Sketch) -> list[tuple[str, Points, float, list[Points]]]:
    found: list[tuple[str, Points, float, list[Points]]] = []
    for kind, points, value in sketch.marks:
        if kind != "detail":
            found.append((kind, points, value, []))
            continue
        middle = centre(points)
        for other, outline, _, holes in found:
            if other == "plane" and _within(middle, outline):
                holes.append(points)
    return found


def _within(point: Point, outline: Sequence[Point]) -> bool:
    x, y = point
    inside = False
    for at, (a, b) in enumerate(outline):
        c, d = outline[at - 1]
        if (b > y) != (d > y) and x < a + (y - b) * (c - a) / (d - b):
            inside = not inside
    return inside


def _colours(rng: random.Random) -> tuple[list[str], str]:
    """Return three tones and a colour for details."""
    hue, saturation, lightness = rng.random(), rng.uniform(0.35, 0.95), rng.uniform(0.3, 0.6)
    if rng.random() < 0.12:
        saturation = 0.0
    step = rng.choice((0.0, 0.0, 0.05, 0.1, 0.33, 0.5))
    tones = [_rgb(hue, lightness, saturation)]
    for at in (1, 2):
        shift = rng.choice((-0.16, -0.1, 0.12, 0.2)) * at
        tones.append(_rgb(hue + step * at, min(0.85, max(0.12, lightness + shift)), saturation))
    light = _rgb(hue, rng.choice((0.97, 0.97, 1.0, 0.9, 0.1)), saturation * 0.5)
    return tones, light


def _rgb(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * each):02x}" for each in colorsys.hls_to_rgb(hue % 1, lightness, saturation))


def _darker(colour: str, by: float) -> str:
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * by):02x}" for at in (1, 3, 5))


def _open(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _closed(*outlines: Sequence[Point]) -> str:
    return "".join(f"{_open(points)}Z" for points in outlines)


def _stroked(points: Sequence[Point], width: float, colour: str = "currentColor") -> str:
    return (
        f'<path d="{_open(points)}" fill="none" stroke="{colour}" stroke-width="{width:.1f}" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )
