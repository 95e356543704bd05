"""Figures that hold content: circles, quadrilaterals, shields, seals, banners.

The classification codes such a figure by its shape, by how many lie inside one another, and by its content;
dark fills and content that projects beyond it have sections of their own. `figures.toml` holds these sections.
"""

import math
import random
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

from viennatag.synthesis.elements import (
    Element,
    ellipse_path,
    number,
    overlaid,
    path,
    polygon,
    ring_points,
    scaled,
    trace,
)
from viennatag.synthesis.palettes import luminance

_TABLES: dict[str, dict[str, Any]] = tomllib.loads(
    resources.files(__package__).joinpath("figures.toml").read_text(encoding="utf-8")
)
_FAMILIES, _OUTLINES = _TABLES["families"], _TABLES["outlines"]
_DARK = 0.45  # luminance below which a fill is dark


class FigureKind(NamedTuple):
    """A kind of figure: its family, its weight among others, and the sections of its own shape."""

    family: str
    weight: float
    codes: frozenset[str]
    wide: bool


KINDS = {
    name: FigureKind(row["family"], row["weight"], frozenset(row["codes"].split()), row["wide"])
    for name, row in _TABLES["figures"].items()
}
CONTENT = {
    family: {kind: frozenset(codes.split()) for kind, codes in row["content"].items()}
    for family, row in _FAMILIES.items()
}
"""For each family the sections of its content, by kind of content."""


@dataclass(frozen=True)
class Figure:
    """The outline of a figure: its kind, path data in a frame from (0, 0), and the size of the frame.

    `room` is left, top, width and height of the room for content.
    """

    kind: str
    d: str
    width: float
    height: float
    room: tuple[float, float, float, float]


def choose_kind(wanted: Collection[str], rng: random.Random, *, wide: bool = False) -> str:
    """Return the kind of figure that shows most of the wanted sections; `wide` prefers figures that suit a word."""
    weights = {}
    for name, kind in KINDS.items():
        hits, own = len(kind_codes(name) & set(wanted)), len(kind.codes - set(wanted))
        weights[name] = kind.weight * (3 if wide == kind.wide else 1) * 40.0**hits / 3.0**own
    return rng.choices(list(weights), list(weights.values()))[0]


def kind_codes(kind: str) -> frozenset[str]:
    """Return the sections that a kind of figure may show."""
    family, _, own, _ = KINDS[kind]
    row, more = _FAMILIES[family], {"circle": {"26.1.21"}, "pill": {"25.3.99"}}.get(kind, set())
    beyond = set() if family == "shield" else {row["beyond"]}  # asked for in other ways
    return own.union(*CONTENT[family].values(), {row["dark"], *row["nested"]}, beyond, more) - {""}


def draw_outline(kind: str, rng: random.Random, *, aspect: float = 1.0) -> Figure:
    """Return a figure of a kind for content with this ratio of width to height."""
    long = max(1.35, min(aspect * rng.uniform(0.95, 1.15), 5.0))
    if row := _OUTLINES.get(kind):
        d = row["d"][0] if len(row["d"]) == 1 else rng.choice(row["d"])
        width, height = row["size"]
        return Figure(kind, d, width, height, tuple(row["room"]))
    wide, half = 100 * long, 50 * min(long, 2.6)
    inner = (9.0, 9.0, wide - 18, 82.0)
    match kind:
        case "seal":
            return Figure(kind, _toothed(50, 50, rng), 100, 100, (19, 19, 62, 62))
        case "ellipse" | "oval seal":
            d = ellipse_path(half, 50, half, 50) if kind == "ellipse" else _toothed(half, 50, rng)
            return Figure(kind, d, 2 * half, 100, (half * 0.3, 17, half * 1.4, 66))
        case "bulging triangle":
            d = f"M55 0Q105 30 110 96Q55 {rng.choice((112, 84))} 0 96Q5 30 55 0Z"
            return Figure(kind, d, 110, 104, (28, 34, 54, 50))
        case "square" | "rounded square":
            radius = rng.uniform(10, 28) if kind != "square" else 0
            return Figure(kind, _rectangle(100, 100, radius), 100, 100, (10, 10, 80, 80))
        case "rectangle" | "rounded rectangle":
            wide, high = (wide, 100) if aspect >= 0.8 else (75, 105)
            radius = rng.uniform(8, 30) if kind != "rectangle" else 0
            return Figure(kind, _rectangle(wide, high, radius), wide, high, (9, 9, wide - 18, high - 18))
        case "rhomb":
            half = 50 * rng.choice((1.0, 1.0, 1.35))
            d = polygon([(half, 0), (2 * half, 50), (half, 100), (0, 50)])
            return Figure(kind, d, 2 * half, 100, (half * 0.52, 26, half * 0.96, 48))
        case "slanted":
            lean = rng.uniform(12, 26)
            d, inner = polygon([(lean, 0), (wide, 0), (wide - lean, 100), (0, 100)]), (lean, 10, wide - 2 * lean, 80)
        case "trapezium":
            lean = rng.uniform(10, 24)
            points: list[tuple[float, float]] = [(lean, 0), (wide - lean, 0), (wide, 100), (0, 100)]
            if rng.random() < 0.4:
                points = [(x, 100 - y) for x, y in points]
            d, inner = polygon(points), (lean, 10, wide - 2 * lean, 80)
        case "bulging":
            bow = rng.choice((-14, 16))
            top, half = max(bow, 0), wide / 2
            base = 100 - top
            above = ("M", 0, top, "Q", half, top - 2 * bow, wide, top)
            d = trace(*above, "V", base, "Q", half, base + 2 * bow, 0, base, "Z")
            inner = (7, 18, wide - 14, 64)
        case "pentagon" | "hexagon" | "octagon" | "rounded hexagon":
            sides = {"pentagon": 5, "octagon": 8}.get(kind, 6)
            start = -90 if sides != 8 else -67.5
            points = ring_points(sides, 50, start=start + (30 if sides == 6 and rng.random() < 0.5 else 0))
            d = _rounded(points, 0.25) if kind.startswith("rounded") else polygon(points)
            return Figure(kind, d, 100, 100, (22, 24, 56, 52))
        case "semicircle":
            up = rng.random() < 0.7
            d = "M0 52A52 52 0 0 1 104 52Z" if up else "M0 0A52 52 0 0 0 104 0Z"
            return Figure(kind, d, 104, 52, (24, 14 if up else 4, 56, 34))
        case "banner":
            wide = 100 * max(2.4, min(long, 4.2))
            d, inner = _ribbon(wide, rng), (wide * 0.2, 22, wide * 0.6, 44)
        case _:
            wide = 100 * max(2.0, long)
            d, inner = _rectangle(wide, 100, 50), (30, 16, wide - 60, 68)
    return Figure(kind, d, wide, 100, inner)


def draw_figure(
    figure: Figure, content: Element | None, *, fill: str, stroke: str, background: str, rings: int = 1,
    thickness: float = 3.0, beyond: bool = False,
) -> Element:  # fmt: skip
    """Return a figure with its content in it, and the sections that follow from both.

    `fill` is a colour, `none` or `url(#name)` of a gradient. Of several rings the inner ones are drawn in the colour
    behind the mark if the figure is filled. The outline is `thickness` wide where the frame is 100 high. With `beyond`
    the content is wider than the figure.
    """
    family, _, own, _ = KINDS[figure.kind]
    row = _FAMILIES[family]
    svg = path(figure.d, fill, stroke=stroke, thickness=thickness if stroke != "none" else 0)
    inner = path(figure.d, "none", stroke=background if fill != "none" else stroke, thickness=max(1.5, thickness * 0.6))
    for ring in range(1, rings):
        share = 1 - 0.11 * ring if rings < 4 else 1 - ring * 0.8 / rings
        x, y = figure.width * (1 - share) / 2, figure.height * (1 - share) / 2
        svg += f'<g transform="translate({number(x)} {number(y)}) scale({share:.4g})">{inner}</g>'
    codes = {*own, *row["nested"][min(rings, 3) - 1 : min(rings, 3)]}
    if fill.startswith("#") and luminance(fill) < _DARK:
        codes |= {row["dark"], "25.3.99" if figure.kind == "pill" else ""}
    if family == "shield" and content is None:
        codes.add("24.1.1")
    element = Element(svg, figure.width, figure.height, frozenset(codes - {""}), frozenset({row["kind"]}))
    if content is None:
        return element
    left, top, width, height = figure.room
    if beyond:
        inside = scaled(content, figure.width * 1.35 / content.width)
        frame = Element("", max(figure.width, inside.width), figure.height)
        return overlaid(overlaid(frame, element), inside).with_codes(*filter(None, [row["beyond"]]))
    for kind in content.kinds & CONTENT[family].keys():
        element = element.with_codes(*CONTENT[family][kind])
    inside = scaled(content, min(width / content.width, height / content.height))
    return overlaid(element, inside, x=left + width / 2, y=top + height / 2)


def _rectangle(width: float, height: float, radius: float) -> str:
    w, h, r = (number(side) for side in (width, height, radius))
    if not radius:
        return f"M0 0H{w}V{h}H0Z"
    a, b, arc = number(width - radius), number(height - radius), f"A{r} {r} 0 0 1"
    return f"M{r} 0H{a}{arc} {w} {r}V{b}{arc} {a} {h}H{r}{arc} 0 {b}V{r}{arc} {r} 0Z"


def _toothed(half: float, middle: float, rng: random.Random) -> str:
    teeth, depth = rng.choice((24, 32, 40, 48)), rng.uniform(0.88, 0.95)
    points = []
    for index in range(2 * teeth):
        angle, reach = math.pi * index / teeth, (1.0 if index % 2 else depth)
        points.append((half + half * reach * math.cos(angle), middle + middle * reach * math.sin(angle)))
    return polygon(points)


def _rounded(points: Sequence[tuple[float, float]], share: float) -> str:
    d, count = "", len(points)
    for index, (x, y) in enumerate(points):
        (before_x, before_y), (after_x, after_y) = points[index - 1], points[(index + 1) % count]
        start = (x + (before_x - x) * share, y + (before_y - y) * share)
        end = (x + (after_x - x) * share, y + (after_y - y) * share)
        d += trace("L" if d else "M", *start, "Q", x, y, *end)
    return d + "Z"


def _ribbon(wide: float, rng: random.Random) -> str:
    end, fold, low = wide * 0.16, wide * 0.05, rng.choice((14, 18, -0.01))
    top, base = (16, 72) if low > 0 else (16, 84)
    if low > 0:  # flat band before two swallow-tailed ends
        high = base - 36 + low
        left = ("H", end + fold, "V", base + low, "H", 0, "L", fold, base - 8, "L", 0, high, "H", end, "Z")
        tail = ("V", high, "H", wide, "L", wide - fold, base - 8, "L", wide, base + low)
        return trace("M", end, top, "H", wide - end, *tail, "H", wide - end - fold, "V", base, *left)
    middle, notch, waist = wide / 2, fold * 1.6, (top + base) / 2 + 8
    above = ("M", 0, top + 14, "Q", middle, top - 24, wide, top + 14, "L", wide - notch, waist)
    below = ("L", wide, base + 12, "Q", middle, base - 28, 0, base + 12, "L", notch, waist, "Z")
    return trace(*above, *below)
