"""Solids, brush strokes, blots, sectors and pairs of different figures (26.2, 26.7, 26.13, 26.15)."""

import math
import random
from collections.abc import Collection, Sequence

from viennatag.synthesis.elements import (
    Element,
    ellipse_path,
    gradient,
    moved,
    number,
    path,
    polygon,
    ring_points,
    stroke,
    trace,
)
from viennatag.synthesis.palettes import darken, lighten, luminance
from viennatag.synthesis.shapes import Colours, ShapeFunction, pick, shape_element

_SOLIDS = {
    "26.15.1": "sphere", "26.15.97": "sphere", "26.15.3": "cylinder", "26.15.5": "cone", "26.15.7": "pyramid",
    "26.15.9": "cube", "26.15.11": "box", "26.15.13": "prism",
}  # fmt: skip
_NESTS = {
    "circle": ("26.1.4", "26.1.5", "26.1.24"), "square": ("26.4.7", "26.4.8", "26.4.24"),
    "triangle": ("26.3.2", "26.3.3", "26.3.24"), "polygon": ("26.5.2", "26.5.3", "26.5.24"),
}  # fmt: skip
"""Sections of two nested figures, of more, and of dark ones."""


def solids(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return one geometrical solid: 26.15.1 (and .97), .3, .5, .7, .9, .11, .13."""
    form = pick({"sphere": 3, "cylinder": 1, "cone": 1, "pyramid": 1, "cube": 3, "box": 1, "prism": 0.5}, wanted, rng,
                _SOLIDS)  # fmt: skip
    dark, height, outlined = colours.main, 100.0, rng.random() < 0.3
    tones = [colours.background] * 3 if outlined else [lighten(dark, 0.55), lighten(dark, 0.25), dark]
    edge = f' stroke="{dark}" stroke-width="3"' if outlined else ""

    def face(points: Sequence[tuple[float, float]], tone: int) -> str:
        stroke = dark if outlined else tones[tone]
        return path(polygon(points), tones[tone], stroke=stroke, thickness=3 if outlined else 0.5)

    match form:
        case "sphere":
            return _sphere(rng, colours)
        case "cube" | "box":
            long = 1.0 if form == "cube" else rng.choice((0.45, 1.8))
            top, low = 28.0, 28 + 58 * long
            svg = face([(50, 2), (96, top), (50, 54), (4, top)], 0)
            svg += face([(4, top), (50, 54), (50, 26 + low), (4, low)], 1)
            svg += face([(96, top), (50, 54), (50, 26 + low), (96, low)], 2)
            height = 30 + low
        case "pyramid":
            apex = (rng.uniform(44, 56), 4.0)
            svg = face([apex, (4, 80), (64, 97)], 1) + face([apex, (64, 97), (97, 70)], 2)
        case "prism":
            svg = face([(30, 20), (58, 92), (3, 92)], 0) + face([(30, 20), (68, 4), (97, 76), (58, 92)], 2)
        case "cylinder":
            svg = f'<path d="M15 18V82A35 14 0 0 0 85 82V18Z" fill="{tones[2]}"{edge}/>'
            svg += f'<ellipse cx="50" cy="18" rx="35" ry="14" fill="{tones[0]}"{edge}/>'
        case _:
            svg = f'<path d="M50 3L12 84A38 13 0 0 0 88 84Z" fill="{tones[2]}"{edge}/>'
            hidden = f'<path d="M12 84A38 13 0 0 1 88 84" fill="none" stroke-dasharray="5 4"{edge}/>'
            svg += hidden if outlined else path("M50 3L12 84A38 13 0 0 0 44 97Z", tones[1])
    code = next(code for code, solid in _SOLIDS.items() if solid == form)
    return shape_element(svg, {code}, "figure", 100, height)


def _sphere(rng: random.Random, colours: Colours) -> Element:
    """Return a sphere: shaded, or a grid of meridians and parallels."""
    if rng.random() < 0.6:
        name = f"ball{rng.randrange(10**6)}"
        stops = [(0, lighten(colours.main, 0.85)), (0.55, colours.main), (1, darken(colours.main, 0.45))]
        svg = gradient(name, stops, 'cx=".36" cy=".3" r=".75"', kind="radialGradient")
        svg += f'<circle cx="50" cy="50" r="48" fill="url(#{name})"/>'
    else:
        svg = "".join(f'<ellipse cx="50" cy="50" rx="{wide}" ry="46"/>' for wide in (46, 30, 11))
        for y, half, bend in ((28, 40, 10), (50, 46, 12), (72, 40, 10)):
            svg += f'<path d="M{50 - half} {y}Q50 {y + bend} {50 + half} {y}"/>'
        svg = f'<g fill="none" stroke="{colours.main}" stroke-width="{rng.choice((3, 4, 5))}">{svg}</g>'
    return shape_element(svg, {"26.15.1", "26.15.97"}, "circle")


def blots(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return a stain (26.13.1), a stroke of the brush (26.13.99) or a design without a name (26.13.25)."""
    needs = {"26.13.1": "stain", "26.13.99": "brush", "26.13.25": "design"}
    form = pick({"stain": 1, "brush": 2, "design": 3}, wanted, rng, needs)
    if form == "design":
        return shape_element(_design(rng, colours), {"26.13.25"}, "figure")
    if form == "stain":
        svg = path(_blob([rng.uniform(22, 46) for _ in range(rng.randint(9, 14))]), colours.main)
        for _ in range(rng.randint(2, 6)):
            spot = ring_points(9, rng.uniform(38, 48))[rng.randrange(9)]
            cx, cy, radius = (number(value) for value in (*spot, rng.uniform(1.5, 5)))
            svg += f'<circle cx="{cx}" cy="{cy}" r="{radius}" fill="{colours.main}"/>'
        return shape_element(svg, {"26.13.1"}, "figure")
    svg, height, bow, bristles = "", rng.uniform(28, 50), rng.uniform(-14, 14), 26
    for index in range(bristles):
        y, start, end = 10 + height * index / bristles, rng.uniform(0, 10), 150 - abs(rng.gauss(0, 16))
        d = trace("M", start, y, "Q", 75, y - bow, end, y + rng.uniform(-1, 1))
        svg += stroke(d, colours.main, rng.uniform(0.9, 2.4) * height / 26)
    return shape_element(svg, {"26.13.99"}, "figure", 150, height + 20)


def _blob(radii: Sequence[float]) -> str:
    return smooth_curve([ring_points(len(radii), radius)[index] for index, radius in enumerate(radii)])


def _design(rng: random.Random, colours: Colours) -> str:
    """Return petals, swirls, a blob or ribbons without a meaning."""
    style = rng.choice(("blades", "swirl", "blob", "ribbons"))
    if style == "blades":
        count = rng.choice((3, 4, 5, 6, 8))
        reach, bend = rng.uniform(36, 47), rng.uniform(-26, 26)
        side, tip = 50 + bend, 50 - reach
        outer = trace("M 50 50 Q", side + 16, 50 - reach * 0.6, side, tip)
        blade = outer + trace("Q", side - 22, 50 - reach * 0.4, 50, 50, "Z")
        drawn = [path(blade, colours[index % 2]) for index in range(count)]
    elif style == "swirl":
        comma = "M50 50C50 24 66 6 88 12C70 14 66 30 70 46C72 58 56 62 50 50Z"
        drawn = [path(comma, colours[min(index, 1)]) for index in range(rng.choice((2, 3)))]
    elif style == "blob":
        radii = [rng.uniform(26, 48) for _ in range(rng.randint(5, 7))]
        svg = path(_blob(radii), colours.main)
        if rng.random() < 0.6:
            hole = _blob([radius * rng.uniform(0.35, 0.6) for radius in radii])
            svg += path(hole, colours.second if colours.second != colours.main else colours.background)
        return svg
    else:
        svg = ""
        for index in range(rng.choice((2, 3))):
            low = 22 + 22 * index
            tip, swell = rng.uniform(-12, 12), rng.uniform(18, 34)
            there = ("C", 30, low - swell, 66, low + swell + 14, 97, low + tip)
            back = ("C", 70, low + swell + 32, 34, low - swell + 26, 4, low + 20, "Z")
            svg += path(trace("M", 4, low + 20, *there, *back), colours[index % 2])
        return svg
    step = 360 / len(drawn)
    return "".join(moved(svg, 50, 50, turn=step * index, about=(50, 50)) for index, svg in enumerate(drawn))


def smooth_curve(points: Sequence[tuple[float, float]]) -> str:
    """Return path data of a closed smooth curve near the points: quadratic curves between their midpoints."""
    middles = [((x + points[index - 1][0]) / 2, (y + points[index - 1][1]) / 2) for index, (x, y) in enumerate(points)]
    d = trace("M", *middles[0])
    for index, (x, y) in enumerate(points):
        d += trace("Q", x, y, *middles[(index + 1) % len(points)])
    return d + "Z"


def nests(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return nested figures of one kind, or a spiral: 26.1.4, .5, 26.3.2, .3, 26.4.7, .8, 26.5.2, .3."""
    needs = {code: kind for kind, codes in _NESTS.items() for code in codes[:2]}
    kind = pick({"circle": 4, "square": 2, "triangle": 1, "polygon": 1}, wanted, rng, needs)
    two, many, dark = _NESTS[kind]
    count = 2 if two in wanted or (many not in wanted and rng.random() < 0.5) else rng.randint(3, 5)
    if kind == "circle" and count > 2 and rng.random() < 0.3:
        radii = [step * 0.75 for step in range(4, 62)]
        points = [(50 + r * math.cos(r / 3.2), 50 + r * math.sin(r / 3.2)) for r in radii]
        d = polygon(points).removesuffix("Z")
        return shape_element(path(d, "none", stroke=colours.main, thickness=rng.uniform(4, 8)), {"26.1.5"}, "circle")
    sides = {"circle": 0, "square": 4, "triangle": 3, "polygon": 6}[kind]
    centre, start = (50, 62 if kind == "triangle" else 50), -45 if sides == 4 else -90
    filled, svg = rng.random() < 0.5, ""
    for index in range(count):
        radius = 48 * (1 - index / count) * {4: 1.3, 3: 1.15}.get(sides, 1)
        colour = colours[index % 2]
        if index % 2 and filled and colours.second == colours.main:
            colour = colours.background
        points = ring_points(sides, radius, centre=centre, start=start)
        d = polygon(points) if sides else ellipse_path(50, 50, radius)
        svg += path(d, colour) if filled else path(d, "none", stroke=colour, thickness=rng.choice((2.5, 4)))
    codes = {two if count == 2 else many} | ({"26.4.1"} if kind == "square" else set())
    codes |= {dark} if filled and luminance(colours.main) < 0.45 else set()
    kinds = {"square": "quadrilateral", "polygon": "figure"}
    return shape_element(svg, codes, kinds.get(kind, kind))


def sectors(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return a segment (26.2.1), a sector (.3), joined ones (.5) or semicircles (.7)."""
    needs = {"26.2.1": "segment", "26.2.3": "sector", "26.2.5": "joined", "26.2.7": "half"}
    form = pick({"segment": 1, "sector": 1, "joined": 2, "half": 2}, wanted, rng, needs)
    if form == "half":
        turn, half = rng.choice((0, 90, 180, 270)), path("M4 60A46 46 0 0 1 96 60Z", colours.main)
        dark = {"26.2.9"} if luminance(colours.main) < 0.45 else set[str]()
        return shape_element(f'<g transform="rotate({turn} 50 50)">{half}</g>', {"26.2.7", *dark}, "figure")
    if form == "segment":
        return shape_element(path("M8 40A48 48 0 0 1 92 40Z", colours.main), {"26.2.1"}, "figure", 100, 50)
    count, svg = 2 + rng.choice((0, 1, 2)) if form == "joined" else 1, ""
    start = rng.uniform(0, 360)
    for index in range(count):
        a0 = math.radians(start + index * 360 / max(count, 3))
        a1 = a0 + math.radians(360 / max(count, 3) - (8 if count > 1 else rng.uniform(20, 60)))
        (x0, y0), (x1, y1) = ((50 + 46 * math.cos(a), 50 + 46 * math.sin(a)) for a in (a0, a1))
        svg += path(trace("M 50 50 L", x0, y0, "A 46 46 0 0 1", x1, y1, "Z"), colours[index % 2])
    return shape_element(svg, {"26.2.5" if count > 1 else "26.2.3"}, "figure")


_PAIRS = {
    "26.7.3": ("circle", "triangle"), "26.7.4": ("circle", "line"), "26.7.5": ("circle", "square"),
    "26.7.7": ("circle", "hexagon"),
    "26.7.15": ("triangle", "square"), "26.7.17": ("triangle", "hexagon"), "26.7.18": ("triangle", "line"),
    "26.7.19": ("square", "hexagon"), "26.7.20": ("square", "line"), "26.7.21": ("hexagon", "line"),
}  # fmt: skip
_PAIRED = {
    "circle": ellipse_path(46, 46, 44), "square": "M4 4H88V88H4Z", "triangle": "M46 4L90 88H2Z",
    "hexagon": polygon(ring_points(6, 46, centre=(46, 46))),
}  # fmt: skip


def pairs(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return two different figures that touch or intersect: 26.7.3 to 26.7.21."""
    code = pick({code: 3.0 if "circle" in pair else 1.0 for code, pair in _PAIRS.items()}, wanted, rng)
    first, second = _PAIRS[code]
    plain = colours.second == colours.main
    svg = path(_PAIRED[first], colours.main)
    if second == "line":
        bar = colours.background if plain else colours.second
        slope, wide = rng.choice((-1, 0, 1)), rng.uniform(5, 11)
        for index in range(rng.choice((1, 2, 3))):
            y = 34 + index * 17
            svg += stroke(f"M-14 {y + 16 * slope}L106 {y - 16 * slope}", bar, wide)
        if bar == colours.background:
            svg += stroke("M-14 96H106", colours.main, wide)
        return shape_element(f'<g transform="translate(14 2)">{svg}</g>', {code}, "figure", 120, 104)
    apart = rng.choice((48, 92))
    other = path(_PAIRED[second], colours.second)
    if plain and apart < 90:  # outlines, so that both can be seen
        svg, other = (path(_PAIRED[name], "none", stroke=colours.main, thickness=6) for name in (first, second))
    svg += f'<g transform="translate({apart} 0)">{other}</g>'
    return shape_element(f'<g transform="translate(4 4)">{svg}</g>', {code}, "figure", apart + 100)


GEOMETRY: dict[str, tuple[ShapeFunction, frozenset[str]]] = {
    "solids": (solids, frozenset(_SOLIDS)),
    "blots": (blots, frozenset({"26.13.1", "26.13.25", "26.13.99"})),
    "nests": (nests, frozenset(code for codes in _NESTS.values() for code in codes[:2])),
    "sectors": (sectors, frozenset({"26.2.1", "26.2.3", "26.2.5", "26.2.7"})),
    "pairs": (pairs, frozenset(_PAIRS)),
}
"""Each kind of geometry, with the sections that it may show."""
