"""Cut stones and rings."""

# fmt: off

import random

from schematic.facets import Part, show
from schematic.geometry import ellipse, polygon, regular, ring
from schematic.sketch import Kind, Sketch


def _pavilion(left: float, right: float, top: float, belt: float, foot: float, table: float, count: int) -> list[Part]:
    """Return the facets of a cut stone from the side: a row above its belt and triangles to its foot."""
    parts: list[Part] = []
    middle = (left + right) / 2
    below = [left + (right - left) * at / count for at in range(count + 1)]
    above = [middle + (right - left) * table * (at / (count - 1) - 0.5) for at in range(count)]
    for at in range(count):
        parts.append(([(below[at], belt), (below[at + 1], belt), (above[at], top)], at % 2))
        parts.append(([(below[at], belt), (below[at + 1], belt), (middle, foot)], (at + 1) % 3))
        if at:
            parts.append(([(above[at - 1], top), (above[at], top), (below[at], belt)], 2))
    return parts


def gem_side(sketch: Sketch, rng: random.Random) -> None:
    top, belt, foot = rng.uniform(16, 24), rng.uniform(34, 42), rng.uniform(82, 92)
    table, form = rng.uniform(0.5, 0.7), rng.choice(("facets", "facets", "few", "outline", "solid", "three"))
    half = 42 * table
    outline = polygon(50 - half, top, 50 + half, top, 92, belt, 50, foot, 8, belt)
    if form == "facets":
        show(sketch, rng, _pavilion(8, 92, top, belt, foot, table, rng.choice((2, 3, 3, 4, 5))), tiled=0.12)
    elif form == "few":
        crown = polygon(50 - half, top, 50 + half, top, 92, belt, 8, belt)
        x = rng.uniform(14, 24)
        parts = [(crown, 1), (polygon(8, belt, 50 - x, belt, 50, foot), 0), (polygon(50 - x, belt, 50 + x, belt, 50,
            foot), 2), (polygon(50 + x, belt, 92, belt, 50, foot), 0)]
        show(sketch, rng, parts, tiled=0.15)
    elif form == "three":
        parts = [(polygon(8, belt, 50 - half, top, 50, belt), 0), (polygon(50 - half, top, 50 + half, top, 50, belt),
            1), (polygon(50 + half, top, 92, belt, 50, belt), 0), (polygon(8, belt, 50, belt, 50,
            foot), 2), (polygon(50, belt, 92, belt, 50, foot), 1)]
        show(sketch, rng, parts, tiled=0.15)
    elif form == "outline":
        width = rng.uniform(3, 6)
        sketch.line([*outline, outline[0]], width)
        sketch.line([(8, belt), (92, belt)], width)
        if rng.random() < 0.7:
            inner = rng.uniform(12, 22)
            sketch.line([(50 - inner, belt), (50, foot), (50 + inner, belt), (50, top), (50 - inner, belt)], width)
    else:
        width, inner = rng.uniform(2, 4), rng.uniform(14, 22)
        sketch.plane(outline)
        sketch.score([(12, belt), (88, belt)], width)
        sketch.score([(50 - inner, belt), (50, foot - 3)], width)
        sketch.score([(50 + inner, belt), (50, foot - 3)], width)
        if rng.random() < 0.6:
            sketch.score([(50 - inner, belt), (50, top + 2), (50 + inner, belt)], width)


def gem_top(sketch: Sketch, rng: random.Random) -> None:
    sides = rng.choice((4, 6, 6, 8, 8, 10))
    turn = rng.choice((0, 180 / sides, -90))
    inner, squash = rng.uniform(0.42, 0.66), rng.choice((1, 1, 1, 0.8))
    form = rng.choice(("trapeziums", "trapeziums", "star", "triangles", "spokes"))
    outer = [(50 + (x - 50) * squash, y) for x, y in regular(50, 50, 45, sides, turn)]
    spin = 0 if form in ("trapeziums", "spokes") else 180 / sides
    table = [(50 + (x - 50) * squash, y) for x, y in regular(50, 50, 45 * inner, sides, turn + spin)]
    parts: list[Part] = []
    for at in range(sides):
        after = (at + 1) % sides
        if form == "spokes":
            parts.append(([outer[at], outer[after], (50, 50)], at % 3))
        elif spin:
            parts.append(([outer[at], outer[after], table[at]], at % 2))
            parts.append(([outer[after], table[at], table[after]], 2))
        else:
            parts.append(([outer[at], outer[after], table[after], table[at]], at % 3))
    if form == "star":
        parts += [([table[at], table[(at + 1) % sides], (50, 50)], at % 3) for at in range(sides)]
    elif form != "spokes":
        parts.append((table, 0))
    show(sketch, rng, parts, tiled=0.1)


def ruby(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("emerald", "emerald", "hexagon", "kite", "drop", "tall"))
    wide = rng.uniform(26, 36)
    left, right = 50 - wide, 50 + wide
    if form in ("emerald", "hexagon"):
        cut = rng.uniform(9, 20)
        if form == "emerald":
            outer = polygon(left + cut, 8, right - cut, 8, right, 8 + cut, right, 92 - cut, right - cut, 92)
            outer += polygon(left + cut, 92, left, 92 - cut, left, 8 + cut)
        else:
            outer = polygon(50, 6, right, 28, right, 72, 50, 94, left, 72, left, 28)
        share = rng.uniform(0.45, 0.68)
        table = [(50 + (x - 50) * share, 50 + (y - 50) * share) for x, y in outer]
        count = len(outer)
        rim: list[Part] = []
        for at in range(count):
            after = (at + 1) % count
            rim.append(([outer[at], outer[after], table[after], table[at]], at % 3))
        show(sketch, rng, [*rim, (table, 0)], tiled=0.1)
        return
    top = {"kite": (50.0, 6.0), "drop": (50.0, 5.0), "tall": (50.0, 6.0)}[form]
    y = {"kite": 36.0, "drop": 62.0, "tall": 50.0}[form]
    x = wide * rng.uniform(0.3, 0.5)
    drop = rng.uniform(0, 10)
    parts: list[Part] = []
    for end, tone in ((top, 0), ((50.0, 95.0), 1)):
        parts += [([(left, y), (50 - x, y + drop), end], tone), ([(50 - x, y + drop), (50 + x, y + drop), end],
            tone + 1), ([(50 + x, y + drop), (right, y), end], tone)]
    show(sketch, rng, parts, tiled=0.12)


def finger_ring(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("gem", "gem", "pointed", "facets", "round", "lines"))
    radius, width = rng.uniform(25, 30), rng.uniform(4, 8)
    y = 94 - radius - width / 2
    top = y - radius
    sketch.plane(ring(50, y, radius, width))
    if form == "facets":
        for points, tone in _pavilion(34, 66, 8, 16, top + 3, 0.6, 3):
            sketch.plane([(50 + (x - 50) * 0.98, b) for x, b in points], tone)
    elif form == "lines":
        sketch.line(polygon(40, 8, 60, 8, 68, 18, 50, top, 32, 18, 40, 8), 4)
        sketch.line([(32, 18), (68, 18)], 4)
    elif form == "round":
        sketch.plane(ellipse(50, top - 6, 12), 1)
    elif form == "pointed":
        sketch.plane(polygon(50, 6, 66, (top + 6) / 2, 50, top, 34, (top + 6) / 2), 1)
    else:
        sketch.plane(polygon(40, 8, 60, 8, 69, 18, 50, top - 1, 31, 18), 1)
        if rng.random() < 0.6:
            sketch.score([(36, 18), (64, 18)], 2.5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "gem-side": (gem_side, "17.2.1 17.2.2", "tilt"),
    "gem-top": (gem_top, "17.2.1 17.2.2", "tilt"),
    "ruby": (ruby, "17.2.1 17.2.2", "tilt"),
    "finger-ring": (finger_ring, "17.2.1 17.2.2 17.2.17", "tilt"),
}
