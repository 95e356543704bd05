"""Rendering styles of one drawing: flat, in several colours, fading, engraved, hollow, as a silhouette, and so on.

Registers show the same cat as an outline, as a silhouette, and in four flat colours. A pack draws it in one
style; the styles here paint it in others without changing its codes. Colours come from the mark's palette or
from the drawing itself; none is set that the pixels would not show.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viennatag.synthesis.elements import ellipse_path, gradient, moved, number, trace
from viennatag.synthesis.palettes import (
    BLACK,
    PLAIN_WHITE,
    lightness_difference,
    luminance,
    map_colours,
    mix_colours,
    rotate_hue,
)
from viennatag.synthesis.svg_shapes import FOREGROUND, SvgShape, parse_shapes, split_subpaths

_FAINT = 0.12  # lightness difference below which a colour is hardly visible
_BLOB = 0.6  # share of the frame above which a silhouette tells little: a head, a cup, a box
_MOST_SHAPES = 60


@dataclass(frozen=True)
class StyleInput:
    """A drawing to be styled.

    Attributes:
        body: Content of its `<svg>` element.
        mono: Whether it is drawn in one colour, the foreground.
        frame: Left, top, width and height of its visible area, in the units of the body.
        colours: The available colours, all visible on the background; the first is the foreground.
        background: The colour behind it.
        grey: Whether the mark has no colours.
        coverage: Returns the covered share of each cell of the frame, shape (rows, columns), for a number of columns.
    """

    body: str
    mono: bool
    frame: tuple[float, float, float, float]
    colours: tuple[str, ...]
    background: str
    grey: bool
    coverage: Callable[[int], NDArray[np.float64]]

    @property
    def foreground(self) -> str:
        """The first colour."""
        return self.colours[0]

    @property
    def reach(self) -> float:
        """The longer side of the frame."""
        return max(self.frame[2:])

    @property
    def shapes(self) -> tuple[SvgShape, ...]:
        """Its shapes; none where it holds more than plain shapes."""
        return parse_shapes(self.body)

    @property
    def own_colours(self) -> tuple[str, ...]:
        """The colours of its own shapes; none where it holds more than plain shapes."""
        paints = {paint for shape in self.shapes for paint in (shape.fill, shape.stroke)}
        return tuple(sorted(paint for paint in paints if paint.startswith("#")))

    @property
    def faint(self) -> bool:
        """Whether its own colours are hardly visible on the background, such as a white heart on white."""
        if not self.own_colours or any(FOREGROUND in (shape.fill, shape.stroke) for shape in self.shapes):
            return False
        return all(lightness_difference(each, self.background) < _FAINT for each in self.own_colours)

    @property
    def tints(self) -> tuple[str, ...]:
        """The colours, or the foreground and two tones of it where there is no other colour."""
        if len(self.colours) > 1:
            return self.colours
        away = PLAIN_WHITE if luminance(self.foreground) < 0.75 else BLACK
        tones = mix_colours(self.foreground, away, 0.45), mix_colours(self.foreground, self.background, 0.25)
        return self.foreground, *tones


@dataclass(frozen=True)
class StyledDrawing:
    """SVG of a styled drawing, and how far it reaches beyond the frame, as a share of the frame's longer side."""

    svg: str
    beyond: float = 0.0


Style = Callable[[StyleInput, random.Random], StyledDrawing | None]
"""Paints a drawing; None where the style does not suit it."""


def apply_style(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing in a random style that suits it, often unchanged."""
    lined = f'stroke="{FOREGROUND}"' in drawing.body
    table = (LINED if lined else FILLED) if drawing.mono else FAINT if drawing.faint else COLOURED
    (style,) = rng.choices(list(table), list(table.values()))
    return style(drawing, rng) or (toned(drawing) if drawing.faint else flat(drawing, rng))


def painted(body: str, paint: str) -> str:
    """Return a body of one colour in a paint: a colour or `url(#name)`."""
    for colour in (FOREGROUND, "#000000", "#000", "black"):
        body = body.replace(f'="{colour}"', f'="{paint}"')
    return f'<g fill="{paint}">{body}</g>'


def toned(drawing: StyleInput, _: random.Random | None = None) -> StyledDrawing:
    """Return a drawing in tones of the foreground, as light as its own colours are."""
    foreground, other = drawing.foreground, drawing.background
    if lightness_difference(other, foreground) <= 0.3:
        other = BLACK if luminance(foreground) > 0.6 else PLAIN_WHITE
    dark, light = sorted((foreground, other), key=luminance)
    # A drawing in light colours only would hardly be visible: its darkest colour is moved towards the foreground.
    darkest = min(map(luminance, drawing.own_colours), default=0.0)
    least = min(0.9, max(0.0, darkest - 0.3 * (1 - darkest)))  # white alone stays light

    def tone(colour: str) -> str:
        return mix_colours(dark, light, min(1.0, max(0.0, (luminance(colour) - least) / (1 - least) * 1.1)))

    return StyledDrawing(map_colours(drawing.body, tone))


def flat(drawing: StyleInput, _: random.Random) -> StyledDrawing:
    """Return a drawing unchanged: in the foreground, or in its own colours where the mark has any."""
    if drawing.mono:
        return StyledDrawing(painted(drawing.body, drawing.foreground))
    return toned(drawing) if drawing.grey else StyledDrawing(drawing.body)


def _name(rng: random.Random) -> str:
    return f"style{rng.randrange(10**6)}"


def _linear(drawing: StyleInput, rng: random.Random, name: str, stops: Iterable[tuple[float, str]]) -> str:
    """Return a gradient that runs over the frame in a random direction."""
    left, top, width, height = drawing.frame
    right, low = rng.choice(((1, 0), (0, 1), (0, 1), (1, 1), (1, -1), (0.4, 1)))
    x, y = left, top + (height if low < 0 else 0)
    ends = {"x1": x, "y1": y, "x2": x + right * width, "y2": y + low * height}
    line = " ".join(f'{key}="{number(value)}"' for key, value in ends.items())
    return gradient(name, stops, f'gradientUnits="userSpaceOnUse" {line}')


def _radial(drawing: StyleInput, name: str, place: Sequence[float], stops: Iterable[tuple[float, str]]) -> str:
    """Return a gradient around a place: its middle as shares of the frame, its radius as a share of the longer side."""
    left, top, width, height = drawing.frame
    x, y, radius = left + width * place[0], top + height * place[1], drawing.reach * place[2]
    circle = f'gradientUnits="userSpaceOnUse" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"'
    return gradient(name, stops, circle, kind="radialGradient")


def fading(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing whose foreground fades into another colour, or into a lighter or darker tone."""
    tints = drawing.tints
    others = [tint for tint in tints[1:] if lightness_difference(tint, drawing.background) > _FAINT]
    others = others or [drawing.foreground]
    ends = [tints[0], rng.choice(others)]
    if len(others) > 1 and rng.random() < 0.3:
        ends.append(rng.choice(others))
    rng.shuffle(ends)
    stops, name = [(index / (len(ends) - 1), colour) for index, colour in enumerate(ends)], _name(rng)
    around = rng.random() < 0.2
    server = _radial(drawing, name, (0.5, 0.5, 0.55), stops) if around else _linear(drawing, rng, name, stops)
    return StyledDrawing(server + painted(drawing.body, f"url(#{name})"))


def banded(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing cut into two to four bands of different colours."""
    tints = list(drawing.tints[:4])
    if len(tints) > 2 and rng.random() < 0.5:
        del tints[2:]
    rng.shuffle(tints)
    edges = [0.0, *sorted(rng.uniform(0.2, 0.8) for _ in tints[1:]), 1.0]
    if len(tints) == 2:
        edges[1] = rng.choice((0.5, 0.5, rng.uniform(0.3, 0.7)))
    stops = [(edge, colour) for index, colour in enumerate(tints) for edge in edges[index : index + 2]]
    name = _name(rng)
    return StyledDrawing(_linear(drawing, rng, name, stops) + painted(drawing.body, f"url(#{name})"))


def _bars(
    drawing: StyleInput, rng: random.Random, *, pitch: float, share: float, turn: float | None = None
) -> tuple[str, str]:
    """Return the paint of parallel bars in the foreground, and its SVG; between the bars nothing is painted."""
    name, soft = _name(rng), 0.04
    left, top = map(number, drawing.frame[:2])
    angle = rng.choice((0, 0, 45, -45, 30)) if turn is None else turn
    clear = f'{drawing.foreground}" stop-opacity="0'
    full = drawing.foreground
    stops = ((0, full), (share - soft, full), (share, clear), (1 - soft, clear), (1, full))
    line = f'x1="{left}" y1="{top}" x2="{left}" y2="{number(drawing.frame[1] + pitch)}"'
    repeat = f'gradientUnits="userSpaceOnUse" spreadMethod="repeat" gradientTransform="rotate({angle} {left} {top})"'
    return f"url(#{name})", gradient(name, stops, f"{repeat} {line}")


def striped(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing made of bars."""
    pitch = drawing.reach / rng.uniform(8, 15)
    paint, server = _bars(drawing, rng, pitch=pitch, share=rng.uniform(0.6, 0.75))
    return StyledDrawing(server + painted(drawing.body, paint))


def engraved(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing as an engraving: outlines, and hatching that is denser on darker surfaces."""
    if not drawing.shapes:
        return None
    pitch, turn = drawing.reach / rng.uniform(26, 42), rng.choice((0, 35, 45, -45))
    hatches = [_bars(drawing, rng, pitch=pitch, share=share, turn=turn) for share in (0.75, 0.5, 0.28)]
    paints = [drawing.foreground, *(paint for paint, _ in hatches), drawing.background]
    line = drawing.reach / rng.uniform(70, 110)
    dark = luminance(drawing.foreground) < luminance(drawing.background)
    svg = "".join(server for _, server in hatches)
    for shape in drawing.shapes:
        if shape.fill == "none":
            svg += shape.painted("none", drawing.foreground)
            continue
        light = 0.0 if shape.fill == FOREGROUND else luminance(shape.fill) if dark else 1 - luminance(shape.fill)
        paint = paints[1 if drawing.mono else min(4, int(light * 5))]
        if paint.startswith("url") and not drawing.mono:  # hatching covers the shapes below it
            svg += shape.painted(drawing.background)
        svg += shape.painted(paint, drawing.foreground, thickness=line)
    return StyledDrawing(svg, line / drawing.reach / 2)


def hollow(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing as an outline: each surface in the background colour with a line around it."""
    if not drawing.shapes or len(drawing.shapes) > 40:
        return None
    line = drawing.reach / rng.uniform(28, 55)
    svg = ""
    for shape in drawing.shapes:
        if shape.fill == "none":
            svg += shape.painted("none", drawing.foreground)
        elif drawing.mono or shape.area > (2 * line) ** 2 or shape.bounds is None:
            svg += shape.painted(drawing.background, drawing.foreground, thickness=line)
    return StyledDrawing(svg, line / drawing.reach / 2)


def bold(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing in one colour with thicker, rounder shapes and fewer details."""
    if not drawing.shapes:
        return None
    more, times, colour = drawing.reach / rng.uniform(20, 45), rng.uniform(1.25, 1.6), drawing.foreground
    svg = ""
    for shape in drawing.shapes:
        lined = shape.fill == "none"
        svg += shape.painted("none" if lined else colour, colour, thickness=shape.thickness * times if lined else more)
    return StyledDrawing(svg, more / drawing.reach / 2)


def rimmed(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing with a thick outline around all of it, like a sticker."""
    if not drawing.shapes:
        return None
    others = [tint for tint in drawing.tints[1:] if lightness_difference(tint, drawing.foreground) > 0.2]
    rim = rng.choice(others) if others else BLACK if luminance(drawing.background) > 0.5 else PLAIN_WHITE
    rim = rim if drawing.mono else drawing.foreground
    gap, wide = rng.random() < 0.4, drawing.reach * rng.uniform(0.05, 0.11)
    svg = ""
    for paint, more in ((rim, wide), (drawing.background, wide / 2))[: 1 + gap]:
        for shape in drawing.shapes:
            svg += shape.painted(paint, paint, thickness=shape.thickness * (shape.stroke != "none") + more)
    return StyledDrawing(svg + flat(drawing, rng).svg, wide / drawing.reach / 2)


def shaded(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing lit from the upper left, with its shadow on the background."""
    colour = drawing.foreground
    light = mix_colours(colour, PLAIN_WHITE, rng.uniform(0.4, 0.7))
    dark = mix_colours(colour, BLACK, rng.uniform(0.35, 0.6))
    name, by = _name(rng), drawing.reach * rng.uniform(0.015, 0.04)
    server = _radial(drawing, name, (0.35, 0.28, 0.8), [(0, light), (0.45, colour), (1, dark)])
    shadow = painted(drawing.body, mix_colours(drawing.background, BLACK, 0.6))
    falls = moved(shadow, 1.6 * by, 1.6 * by) + moved(shadow, by, by)
    gloss = painted(drawing.body, f"url(#{name})")
    return StyledDrawing(f'{server}<g opacity="0.25">{falls}</g>{gloss}', 1.6 * by / drawing.reach)


def dotted(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing as a halftone screen: dots or squares, larger where more is covered."""
    shares = drawing.coverage(rng.randint(18, 30))
    left, top, width, height = drawing.frame
    across, down = width / shares.shape[1], height / shares.shape[0]
    side, square = min(across, down), rng.random() < 0.4
    d = ""
    for row, column in zip(*np.nonzero(shares > 0.15), strict=True):
        x, y = left + (column + 0.5) * across, top + (row + 0.5) * down
        half = side / 2 * (0.9 if square else 1.05 * float(shares[row, column]) ** 0.5)
        if square:
            d += trace("M", x - half, y - half, "h", 2 * half, "v", 2 * half, "h", -2 * half, "z")
        else:
            d += ellipse_path(x, y, half)
    return StyledDrawing(f'<path d="{d}" fill="{drawing.foreground}"/>')


def multicoloured(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing in one colour whose shapes get different colours."""
    shapes = split_subpaths(drawing.shapes)
    if not 2 <= len(shapes) <= _MOST_SHAPES:
        return banded(drawing, rng) if len(shapes) == 1 else None
    tints = [tint for tint in drawing.tints if lightness_difference(tint, drawing.background) > 0.1]
    tints = tints or [drawing.foreground]
    largest = sorted(range(len(shapes)), key=lambda at: -shapes[at].area)
    colours = [tints[0], *rng.sample(tints[1:], len(tints) - 1)]
    alternating = rng.random() < 0.5
    svg = [""] * len(shapes)
    for rank, at in enumerate(largest):
        colour = colours[rank % len(colours)] if alternating or rank < 2 else rng.choice(colours)
        svg[at] = shapes[at].recoloured(colour)
    return StyledDrawing("".join(svg))


def filled(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a line drawing whose surfaces are filled with another colour or a tint."""
    shapes = split_subpaths(drawing.shapes)
    if not shapes or len(shapes) > _MOST_SHAPES:
        return None
    pale = mix_colours(drawing.foreground, drawing.background, rng.uniform(0.6, 0.85))
    tint = rng.choice(drawing.tints[1:]) if rng.random() < 0.6 else pale
    by = drawing.reach * rng.choice((0, 0, 0.04))
    surfaces = "".join(shape.painted(tint) for shape in shapes if shape.tag != "line" and shape.stroke != "none")
    lines = "".join(shape.recoloured(drawing.foreground) for shape in shapes)
    return StyledDrawing(moved(surfaces, by, by) + lines, by / drawing.reach)


def solid(drawing: StyleInput, _: random.Random) -> StyledDrawing | None:
    """Return a line drawing as its solid version: large surfaces in the foreground, the lines on them cut out."""
    shapes = split_subpaths(drawing.shapes)
    if not shapes or len(shapes) > _MOST_SHAPES:
        return None
    ordered = sorted(shapes, key=lambda shape: -shape.area)
    outer = [shape for shape in ordered if not any(_covers(other, shape) for other in ordered if other is not shape)]
    if not any("z" in shape.d.lower() or shape.tag in {"circle", "rect", "ellipse", "polygon"} for shape in outer):
        return None
    colour = drawing.foreground
    svg = "".join(shape.painted(colour if shape.tag != "line" else "none", colour) for shape in outer)
    svg += "".join(shape.painted("none", drawing.background) for shape in ordered if shape not in outer)
    return StyledDrawing(svg)


def _covers(outer: SvgShape, inner: SvgShape) -> bool:
    if outer.bounds is None or inner.bounds is None or outer.area <= inner.area or outer.tag == "line":
        return False
    (left, top, right, bottom), (x0, y0, x1, y1) = outer.bounds, inner.bounds
    return left <= x0 and top <= y0 and right >= x1 and bottom >= y1


def silhouette(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return all that a drawing covers in the foreground, or with it fading into another colour."""
    if not drawing.shapes or float(drawing.coverage(16).mean()) > _BLOB:
        return None
    paint, server = drawing.foreground, ""
    if rng.random() < 0.2:
        name, tint = _name(rng), rng.choice(drawing.tints[1:])
        paint, server = f"url(#{name})", _linear(drawing, rng, name, [(0, drawing.foreground), (1, tint)])
    return StyledDrawing(server + "".join(shape.recoloured(paint) for shape in drawing.shapes))


def hue_rotated(drawing: StyleInput, rng: random.Random) -> StyledDrawing:
    """Return a drawing with all hues rotated by the same angle."""
    if drawing.grey:
        return toned(drawing)
    degrees = rng.uniform(40, 320)
    return StyledDrawing(map_colours(drawing.body, lambda colour: rotate_hue(colour, degrees)))


def rebranded(drawing: StyleInput, _: random.Random) -> StyledDrawing:
    """Return a drawing in the mark's colours, matched from dark to light, and the background for white."""
    steps, white = sorted(drawing.tints, key=luminance), 0.93
    lights = [luminance(shape.fill) for shape in drawing.shapes if shape.fill.startswith("#")]
    lights = [light for light in lights if light < white] or [0.0, white]
    least, span = min(lights), max(lights) - min(lights) + 1e-6

    def step(colour: str) -> str:
        light = luminance(colour)
        if light >= white:
            return drawing.background
        return steps[min(len(steps) - 1, max(0, int((light - least) / span * len(steps))))]

    return StyledDrawing(map_colours(drawing.body, step))


def two_toned(drawing: StyleInput, rng: random.Random) -> StyledDrawing | None:
    """Return a drawing in foreground and background alone: dark surfaces filled, light ones outlined."""
    if not drawing.shapes or len(drawing.shapes) > _MOST_SHAPES:
        return None
    cut, line = rng.uniform(0.35, 0.65), drawing.reach / rng.uniform(45, 90)
    foreground, background = drawing.foreground, drawing.background
    dark = luminance(foreground) < luminance(background)

    def tone(paint: str, cut: float) -> str:
        light = 0.0 if paint == FOREGROUND else luminance(paint) if paint != "none" else 1.0
        return "none" if paint == "none" else foreground if (light < cut) == dark else background

    svg = ""
    for shape in drawing.shapes:
        fill, stroke = tone(shape.fill, cut), tone(shape.stroke, 0.85)
        edged = fill == background and stroke == "none" and shape.area > (4 * line) ** 2
        svg += shape.painted(fill, foreground, thickness=line) if edged else shape.painted(fill, stroke)
    return StyledDrawing(svg, line / drawing.reach / 2)


FILLED: dict[Style, float] = {
    flat: 42, multicoloured: 15, fading: 10, banded: 4, striped: 3, engraved: 4, hollow: 8, bold: 4, rimmed: 4,
    shaded: 4, dotted: 2,
}  # fmt: skip
LINED: dict[Style, float] = {
    flat: 42, multicoloured: 12, filled: 13, solid: 14, bold: 8, fading: 6, banded: 2, rimmed: 2, dotted: 1,
}  # fmt: skip
COLOURED: dict[Style, float] = {
    flat: 32, hue_rotated: 12, rebranded: 16, toned: 12, silhouette: 7, two_toned: 6, hollow: 6, engraved: 5,
    rimmed: 4,
}  # fmt: skip
FAINT: dict[Style, float] = {toned: 3, hollow: 2, engraved: 1, silhouette: 1, rimmed: 1}
"""Weights of the styles of surfaces in one colour, of lines, of coloured drawings, and of faint ones."""

STYLES = tuple({style.__name__: style for table in (FILLED, LINED, COLOURED) for style in table}.values())
"""Every style, for contact sheets and tests."""
