"""Fruit."""

# fmt: off

import math
import random

from schematic.geometry import (
    Point,
    Points,
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    moved,
    polygon,
    regular,
    ring,
    scaled,
    star,
    turned,
)
from schematic.outlines import blade_outline, drop_outline, sharp_outline
from schematic.sketch import Kind, Sketch


def wheat(sketch: Sketch, rng: random.Random) -> None:
    pairs, lean, form = (rng.choice((3, 4, 5, 6)), rng.choice((0, 0, 10, 20)), rng.choice(("grains", "grains", "awns",
        "kites", "lines")))
    shape = {"kites": "kite"}.get(form, rng.choice(("egg", "lens")))

    def at_height(t: float) -> Point:
        return 50 - lean + lean * 2 * t**1.6, 94 - 82 * t

    sketch.line([at_height(each / 10 * 0.84) for each in range(11)], rng.uniform(2.5, 4.5))
    for at in range(pairs):
        x, y = at_height(0.36 + 0.46 * at / pairs)
        for side in (-1, 1):
            long = 82 * 0.46 / pairs * rng.uniform(1.65, 1.7) + 2
            angle = -90 + side * 38 + lean * 0.6
            if form == "lines":
                sketch.line([(x, y), along(x, y, long, angle)], 5)
            else:
                sketch.plane(blade_outline(x + side * 2, y, long, long * 0.48, angle, shape), side > 0)
            if form == "awns":
                sketch.line([along(x, y, long, angle), along(x, y, long + 16, angle + (-8 * side))], 1.6)
    x, y = at_height(0.82)
    sketch.plane(blade_outline(x, y, 20, 9, -90 + lean * 0.8, shape if form != "lines" else "egg"), 2)
    if rng.random() < 0.3:
        sketch.plane(blade_outline(*at_height(0.02), 40, 8, -50, "lens", -6), 1)


def _topped(sketch: Sketch, rng: random.Random, top: float, stem: str = "any", x: float = 50) -> None:
    """Draw the stalk of a fruit, with a leaf or without."""
    what = rng.choice(("stalk", "leaf", "both", "both")) if stem == "any" else stem
    if what in ("stalk", "both"):
        sketch.line(curve(x, top + 2, x + 1, top - 6, x + rng.uniform(2, 6), top - 14, closed=False), rng.uniform(3, 5))
    if what in ("leaf", "both"):
        sketch.plane(blade_outline(x + 1, top - 3, rng.uniform(20, 28), 11, rng.choice((-35, -25, -45)), "egg"), 1)


def apple(sketch: Sketch, rng: random.Random) -> None:
    wide, low, dent = rng.uniform(32, 40), rng.uniform(86, 92), rng.uniform(3, 8)
    y = 34.0
    body = curve(50, y + dent, 50 + wide * 0.5, y - 6, 50 + wide * 0.95, y + 8, 50 + wide, 54,
        50 + wide * 0.7, low - 8, 50 + wide * 0.28, low, 50, low - dent * 0.6, 50 - wide * 0.28, low,
        50 - wide * 0.7, low - 8, 50 - wide, 54, 50 - wide * 0.95, y + 8, 50 - wide * 0.5, y - 6)
    form = rng.choice(("plain", "light", "halves", "line", "core", "planes", "slices"))
    _topped(sketch, rng, y + dent)
    if form == "halves":
        sketch.plane(half_of(body, (48.5, 50), 180))
        sketch.plane(half_of(body, (51.5, 50), 0), 1)
    elif form == "line":
        sketch.line(body[4:-3] if rng.random() < 0.5 else [*body, body[0]], rng.uniform(3, 7))
    elif form == "planes":
        sketch.plane(polygon(50, y + 4, 32, y - 4, 50 - wide, 50, 36, low, 50, low - 4))
        sketch.plane(polygon(50, y + 4, 68, y - 4, 50 + wide, 50, 50, 62), 1)
        sketch.plane(polygon(50 + wide, 50, 64, low, 50, low - 4, 50, 62), 2)
    elif form == "slices":
        for at in range(4):
            edge = y - 6 + (low - y + 6) * at / 4
            sketch.plane(half_of(half_of(body, (50, edge + 1.5), 90), (50, edge + (low - y) / 4 - 1), -90), at % 2)
    else:
        sketch.plane(body)
        if form == "light":
            sketch.score(arc(50, 58, wide * 0.66, None, 170, 225), 5)
        elif form == "core":
            sketch.detail(scaled(body, rng.uniform(0.55, 0.7), None, (50, 60)))
            for side in (-1, 1):
                sketch.plane(blade_outline(50 + side * 5, 66, 16, 7, -90, "egg"), 1)


def pear(sketch: Sketch, rng: random.Random) -> None:
    wide, neck, lean = rng.uniform(26, 34), rng.uniform(11, 16), rng.choice((0, 0, 5, 9))
    body = curve(50 + lean, 20, 50 + lean + neck, 28, 50 + neck + lean * 0.5 + 2, 46, 50 + wide, 68, 50 + wide * 0.7,
        88, 50, 92, 50 - wide * 0.7, 88, 50 - wide, 68, 50 - neck + lean * 0.5 - 2, 46, 50 + lean - neck, 28)
    _topped(sketch, rng, 20, x=50 + lean)
    form = rng.choice(("plain", "light", "halves", "line", "core"))
    if form == "line":
        sketch.line([*body, body[0]], rng.uniform(3, 6))
        return
    if form == "halves":
        sketch.plane(half_of(body, (48.5, 50), 180))
        sketch.plane(half_of(body, (51.5, 50), 0), 1)
        return
    sketch.plane(body)
    if form == "light":
        sketch.score(arc(50, 66, wide * 0.62, None, 110, 200), 4)
    elif form == "core":
        sketch.detail(scaled(body, 0.66, None, (50, 66)))
        sketch.plane(blade_outline(50, 78, 14, 8, -90, "egg"), 1)


def cherries(sketch: Sketch, rng: random.Random) -> None:
    r, top = rng.uniform(15, 20), (rng.uniform(50, 66), 12)
    lower = rng.uniform(0, 10)
    leafy = rng.random() < 0.7
    for at, (x, y) in enumerate(((27, 72), (70, 72 - lower))):
        sketch.line(curve(x, y - r, x + (top[0] - x) * 0.4, 40, *top, closed=False), 3.5)
        fruit = ellipse(x, y, r) if rng.random() < 0.7 else blade_outline(x, y - r, 2 * r, 2.3 * r, 90, "heart")
        sketch.plane(fruit, at)
        if rng.random() < 0.5:
            sketch.score(arc(x, y, r * 0.6, None, 180, 250), 3)
    if leafy:
        sketch.plane(blade_outline(*top, rng.uniform(26, 34), 15, rng.choice((15, 160, -10)), "egg"), 1)


def _segments(sketch: Sketch, x: float, y: float, radius: float, count: int, start: float, span: float, *,
    detail: bool) -> None:
    """Draw the segments of a cut fruit with rounded corners."""
    for at in range(count):
        angle, half = start + span * (at + 0.5) / count, span / count / 2
        near, far = radius * 0.14, radius
        wedge = [
            along(x, y, near / max(0.3, math.sin(math.radians(half))) * 0.4, angle),
            *[
                along(x, y, far * (0.97 if abs(each) > 0.75 else 1), angle + half * 0.84 * each)
                for each in (-1, -0.8, -0.4, 0, 0.4, 0.8, 1)
            ],
        ]
        sketch.detail(wedge) if detail else sketch.plane(wedge, 1)


def orange_slice(sketch: Sketch, rng: random.Random) -> None:
    radius, count, form = rng.uniform(38, 44), rng.choice((6, 8, 8, 10)), rng.choice(("holes", "holes", "ring", "leaf"))
    y = 50.0
    if form == "leaf":
        radius, y = 34, 58
        sketch.plane(blade_outline(52, 24, 30, 15, -25, "egg"), 2)
    start = rng.choice((0, 90, 180 / count))
    if form in ("holes", "leaf"):
        sketch.plane(ellipse(50, y, radius))
        _segments(sketch, 50, y, radius * 0.82, count, start, 360, detail=True)
    else:
        sketch.line([*ellipse(50, y, radius), (50 + radius, y)], rng.uniform(3, 7))
        _segments(sketch, 50, y, radius * 0.82, count, start, 360, detail=False)


def half_slice(sketch: Sketch, rng: random.Random) -> None:
    radius, count, form = (rng.uniform(40, 46), rng.choice((3, 4, 4, 5, 6)), rng.choice(("holes", "holes", "ring",
        "ring", "lines")))
    turn, y = rng.choice((0, 0, 180, -35, 25, 90)), 32.0
    if form == "holes":
        sketch.plane(arc(50, y, radius, None, 0, 180, 40))
        _segments(sketch, 50, y + 4, radius * 0.78, count, 6, 168, detail=True)
    elif form == "ring":
        sketch.plane(ring(50, y, radius, rng.uniform(3, 7), 0, 180))
        _segments(sketch, 50, y, radius * 0.84, count, 0, 180, detail=False)
    else:
        half = arc(50, y, radius, None, 0, 180, 40)
        sketch.line([*half, half[0]], 5)
        for at in range(1, count):
            sketch.line([along(50, y, 8, 180 * at / count), along(50, y, radius * 0.8, 180 * at / count)], 3)
    sketch.marks = [(kind, turned(points, turn, (50, y + 17)), value) for kind, points, value in sketch.marks]
    sketch.marks = [(kind, moved(points, 0, 1), value) for kind, points, value in sketch.marks]


def _lemon(wide: float, high: float, tip: float) -> Points:
    quarter = polygon(wide, -6, wide * 0.72, -high * 0.8)
    right = [(wide + tip, 0.0), *quarter, (0.0, -high)]
    upper = right + [(-x, y) for x, y in quarter[::-1]]
    return curve(*[c for x, y in upper + [(-x, -y) for x, y in upper] for c in (50 + x, 50 + y)])


def lemon(sketch: Sketch, rng: random.Random) -> None:
    wide, high, tip = rng.uniform(30, 36), rng.uniform(25, 31), rng.uniform(4, 9)
    body = _lemon(wide, high, tip)
    form = rng.choice(("plain", "light", "line", "leaf", "leaf", "dots"))
    if form == "line":
        sketch.line([*body, body[0]], rng.uniform(3, 6))
    else:
        sketch.plane(body)
    if form == "light":
        sketch.score(arc(50, 50, wide * 0.74, high * 0.68, 195, 260), 4)
    elif form == "dots":
        for x, y in ((40, 44), (52, 38), (60, 52), (46, 58)):
            sketch.detail(ellipse(x, y, 1.8))
    if form == "leaf" or rng.random() < 0.3:
        sketch.plane(blade_outline(50 + wide * 0.5, 50 - high * 0.9, 28, 14, rng.choice((-30, -60, 200)), "egg"), 1)
    turn = rng.choice((0, -30, -45, -45))
    sketch.marks = [(kind, turned(points, turn), value) for kind, points, value in sketch.marks]


def lemon_half(sketch: Sketch, rng: random.Random) -> None:
    """A cut face with a tip of the peel behind it, or a lemon-shaped section."""
    count, r = rng.choice((6, 8, 8)), rng.uniform(31, 36)
    if rng.random() < 0.6:
        long, start = rng.uniform(1.05, 1.2), rng.choice((0, 22.5))
        sketch.plane(_lemon(r * long, r, rng.uniform(6, 11)))
        before = len(sketch.marks)
        _segments(sketch, 50, 50, r * 0.84, count, start, 360, detail=True)
        sketch.marks[before:] = [(kind, scaled(points, long * 0.96, 1), value) for kind, points,
            value in sketch.marks[before:]]
    else:
        sketch.plane(curve(58, 50 - r, 34, 50 - r * 0.86, 18, 46, 8, 50, 18, 54, 34, 50 + r * 0.86, 58, 50 + r), 1)
        sketch.plane(ellipse(58, 50, r * 0.82, r))
        before = len(sketch.marks)
        _segments(sketch, 58, 50, r * 0.84, count, 0, 360, detail=True)
        sketch.marks[before:] = [(kind, scaled(points, 0.8, 1, (58, 50)), value) for kind, points,
            value in sketch.marks[before:]]
    turn = rng.choice((0, -30, -45, 0))
    sketch.marks = [(kind, turned(points, turn), value) for kind, points, value in sketch.marks]


def strawberry(sketch: Sketch, rng: random.Random) -> None:
    wide, form = rng.uniform(28, 36), rng.choice(("drops", "drops", "dots", "plain", "line"))
    body = curve(50, 32, 50 + wide * 0.7, 26, 50 + wide, 44, 50 + wide * 0.66, 70, 50 + wide * 0.2, 90,
        50, 94, 50 - wide * 0.2, 90, 50 - wide * 0.66, 70, 50 - wide, 44, 50 - wide * 0.7, 26)
    sketch.line([*body, body[0]], 4) if form == "line" else sketch.plane(body)
    for row, (y, many) in enumerate(((48, 3), (61, 2 + (wide > 32)), (74, 1))):
        for at in range(many if form != "plain" else 0):
            x = 50 + (at - (many - 1) / 2) * wide * (0.56 if row else 0.6)
            seed = ellipse(x, y, 2.2) if form == "dots" else drop_outline(x, y, 2, 5)
            sketch.plane(seed, 1) if form == "line" else sketch.detail(seed)
    leaves = rng.choice((3, 4, 5))
    for at in range(leaves):
        angle = 160 - 140 * at / (leaves - 1) if rng.random() < 0.3 else -170 + 160 * at / (leaves - 1)
        sketch.plane(blade_outline(50, 27, 22, 11, angle, "egg"), 2)
    if rng.random() < 0.5:
        sketch.line([(50, 27), (54, 10)], 4)


def grapes(sketch: Sketch, rng: random.Random) -> None:
    rows, form = (rng.choice(((3, 2, 1), (3, 4, 3, 2, 1), (4, 3, 2, 1), (2, 3, 2, 1))), rng.choice(("discs", "discs",
        "rings", "apart", "hexagons")))
    step = 72 / max(max(rows) + 0.2, len(rows) + 0.6)
    sketch.line(curve(50, 30, 50, 18, rng.uniform(44, 58), 8, closed=False), 4)
    for row, many in enumerate(rows):
        for at in range(many):
            x, y = 50 + (at - (many - 1) / 2) * step, 28 + step / 2 + row * step * 0.88
            if form == "rings":
                sketch.line([*ellipse(x, y, step * 0.42), (x + step * 0.42, y)], 3)
            else:
                sketch.plane(regular(x, y, step * 0.54, 6) if form == "hexagons" else ellipse(x, y,
                    step * (0.43 if form == "apart" else 0.51)), (row + at) % 3)
                if form == "discs" and rng.random() < 0.25:
                    sketch.score(arc(x, y, step * 0.3, None, 180, 260), 2)
    if rng.random() < 0.7:
        sketch.plane(rng.choice((blade_outline(50, 24, 34, 18, rng.choice((-20, -160)), "egg"), scaled(star(66, 18, 16,
            5, 0.6), 1))), 1)


def banana(sketch: Sketch, rng: random.Random) -> None:
    count = rng.choice((1, 1, 2, 3))
    size = {1: 1.0, 2: 0.86, 3: 0.78}[count]
    for at in range(count):
        fat = rng.uniform(22, 30)
        one = sharp_outline((22, 40, 36, 62, 60, 76, 90, 76), (94, 80, 88, 84), (62, 96, 34, 60 + fat, 12, 50,
            12, 24), (10, 14, 11, 10), (15, 9, 18, 10), (19, 20, 18, 24))
        one = turned(scaled(one, size, None, (14, 12)), -at * 22, (14, 12))
        sketch.plane(one, at)
        if rng.random() < 0.5:
            sketch.score(turned(scaled(curve(20, 48, 36, 70, 60, 82, 76, 83, closed=False), size, None,
                (14, 12)), -at * 22, (14, 12)), 3)
    if count == 1 and rng.random() < 0.4:
        sketch.line(arc(70, 26, 56, None, 92, 176), 3)


def pineapple(sketch: Sketch, rng: random.Random) -> None:
    wide, form, leaves = (rng.uniform(20, 27), rng.choice(("cross", "cross", "rows", "rhombs", "plain")), rng.choice((3,
        5, 5, 7)))
    for at in range(leaves):
        share = (at - (leaves - 1) / 2) / ((leaves - 1) / 2)
        sketch.plane(blade_outline(50 + share * 4, 40, 34 - abs(share) * 10, 11, -90 + share * 58, "lens", share * 5),
            1 + at % 2)
    if form == "rhombs":
        for row in range(5):
            for column in range(2 + row % 2 if row < 4 else 2):
                many = 2 + row % 2
                sketch.plane(regular(50 + (column - (many - 1) / 2) * wide * 0.72, 45 + row * 10.5, wide * 0.34, 4),
                    row % 2)
        return
    body = ellipse(50, 65, wide, 29) if rng.random() < 0.6 else box(50 - wide, 37, 2 * wide, 56, wide * 0.8)
    sketch.plane(body)
    if form == "rows":
        for row in range(4):
            many = 2 + row % 2
            for at in range(many):
                x, y = 50 + (at - (many - 1) / 2) * wide * 0.62, 48 + row * 11.5
                sketch.detail(polygon(x - 4, y + 2, x, y - 3, x + 4, y + 2, x, y + 5))
    elif form == "cross":
        for at in range(-1, 2):
            sketch.score([(50 - wide * 0.6, 62 + at * 13 - 9), (50 + wide * 0.6, 62 + at * 13 + 9)], 2.6)
        for at in range(2):
            sketch.score([(50 - wide * 0.6, 62 + at * 17 + 3), (50 - wide * 0.06, 62 + at * 17 - 7)], 2.6)


def acorn(sketch: Sketch, rng: random.Random) -> None:
    wide, gap, form = (rng.uniform(24, 31), rng.choice((0, 3, 5)), rng.choice(("dome", "dome", "flat", "hatched",
        "line")))
    nut = sharp_outline((50 - wide * 0.96, 66, 50 - wide * 0.5, 84, 50, 93), (50 + wide * 0.5, 84, 50 + wide * 0.96, 66,
        50 + wide * 0.9, 46 + gap), (50 - wide * 0.9, 46 + gap))
    cap = ([*arc(50, 44, wide * 1.16, rng.uniform(18, 26), 180, 360), (50 + wide * 1.1, 46), (50 - wide * 1.1,
        46)] if form != "flat" else box(50 - wide * 1.16, 28, wide * 2.32, 17, 8))
    if form == "line":
        sketch.line([*nut, nut[0]], 4)
    else:
        sketch.plane(nut)
    sketch.plane(cap, 1)
    if form == "hatched":
        for at in range(-2, 3):
            sketch.score([(50 + at * wide * 0.36 - 3, 40), (50 + at * wide * 0.3 + 3, 32)], 2.4)
    elif rng.random() < 0.4:
        sketch.score(arc(50, 60, wide * 0.62, 24, 110, 190), 3.5)
    sketch.line(curve(50, 26, 51, 16, rng.uniform(50, 60), 10, closed=False), rng.uniform(3, 6))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "wheat": (wheat, "5.7.2", "mirror tilt"),
    "apple": (apple, "5.7.13 5.7.23", "mirror tilt"),
    "pear": (pear, "5.7.15 5.7.23", "mirror tilt"),
    "cherries": (cherries, "5.7.16", "mirror tilt"),
    "orange-slice": (orange_slice, "5.7.11 5.7.22", "mirror tilt"),
    "citrus-half-slice": (half_slice, "5.7.11 5.7.12 5.7.22", "mirror tilt"),
    "lemon": (lemon, "5.7.12 5.7.23", "mirror tilt"),
    "lemon-half": (lemon_half, "5.7.12 5.7.22", "mirror tilt"),
    "strawberry": (strawberry, "5.7.8 5.7.23", "mirror tilt"),
    "grapes": (grapes, "5.7.10", "mirror tilt"),
    "banana": (banana, "5.7.18", "mirror tilt"),
    "pineapple": (pineapple, "5.7.17 5.7.23", "mirror tilt"),
    "acorn": (acorn, "5.7.7", "mirror tilt"),
}
