"""Bottles, vases, and what a pharmacy holds."""

# fmt: off

import math
import random

from schematic.facets import show
from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, polygon, scaled, turned
from schematic.sketch import Kind, Sketch


def bottle(sketch: Sketch, rng: random.Random) -> None:
    neck, wide = rng.uniform(5, 8), rng.uniform(14, 22)
    start, shoulder = rng.uniform(24, 38), rng.uniform(42, 54)
    form = rng.choice(("wine", "slope", "milk", "halves"))
    side = {
        "wine": curve(
            50 + neck, start, 50 + neck + 2, start + 6, 50 + wide, shoulder, 50 + wide, shoulder + 8, closed=False
        ),
        "slope": polygon(50 + neck, start, 50 + wide, shoulder),
        "milk": curve(
            50 + neck + 3,
            start - 8,
            50 + neck + 3,
            start,
            50 + wide,
            shoulder + 8,
            50 + wide,
            shoulder + 16,
            closed=False,
        ),
        "halves": polygon(50 + neck, start, 50 + wide, shoulder),
    }[form]
    right = [(50 + neck, 16), *side, (50 + wide, 90), (50 + wide - 3, 94)]
    if form == "halves":
        show(sketch, rng, [([(50.0, 16.0), *right, (50.0, 94.0)], 0), (mirrored([(50.0, 16.0), *right, (50.0, 94.0)]),
            1)], tiled=0)
    else:
        sketch.plane(right + mirrored(right)[::-1])
    sketch.plane(box(50 - neck - 1, 6, 2 * neck + 2, 8, 1), 1)
    mark = rng.choice(("none", "label", "light", "label"))
    if form != "halves" and mark == "label":
        sketch.detail(box(52.5 - wide, 62, 2 * wide - 5, 20))
    elif form != "halves" and mark == "light":
        sketch.score([(50 - wide + 6, shoulder + 12), (50 - wide + 6, 86)], 4)


def _turned_vessel(sketch: Sketch, right: Points, y: float) -> None:
    sketch.plane(right + mirrored(right)[::-1])
    del y


def amphora(sketch: Sketch, rng: random.Random) -> None:
    neck, belly, at = rng.uniform(7, 11), rng.uniform(22, 29), rng.uniform(46, 56)
    foot = rng.choice((2, 8, 12))
    right = curve(50 + neck + 5, 8, 50 + neck, 14, 50 + neck, 28, 50 + belly, at, 50 + belly * 0.5, 76, 50 + foot * 0.6,
        88, 50 + foot, 94, closed=False,)
    _turned_vessel(sketch, right, at)
    handles = rng.choice(((-1, 1), (-1, 1), (1,)))
    high = rng.uniform(12, 18)
    for side in handles:
        loop = curve(50 + side * neck, high, 50 + side * (belly + 3), high + 4, 50 + side * (belly - 5), 34,
            50 + side * belly * 0.8, at - 8, closed=False)
        sketch.line(loop, rng.uniform(3, 5))
    for step in range(rng.choice((0, 1, 2))):
        sketch.score([(50 - belly * 0.9, at - 4 + step * 9), (50 + belly * 0.9, at - 4 + step * 9)], 3)


def vase(sketch: Sketch, rng: random.Random) -> None:
    lip, neck, belly, foot = rng.uniform(10, 20), rng.uniform(7, 12), rng.uniform(18, 30), rng.uniform(9, 16)
    high = rng.uniform(45, 66)
    form = rng.choice(("smooth", "smooth", "angles", "halves", "bands"))
    if form in ("angles", "halves"):
        right = polygon(50 + lip, 8, 50 + neck, 24, 50 + belly, high, 50 + foot, 92)
    else:
        right = curve(50 + lip, 8, 50 + neck, 22, 50 + belly, high, 50 + foot, 86, 50 + foot + 1, 92, closed=False)
    if form == "halves":
        half = [(50.6, 8.0), *right, (50.6, 92.0)]
        sketch.plane(half)
        sketch.plane(mirrored(half), 1)
        return
    _turned_vessel(sketch, right, high)
    if form == "bands":
        for y in (high - 6, high + 6):
            sketch.score([(52 - belly, y), (48 + belly, y)], 3)


def test_tube(sketch: Sketch, rng: random.Random) -> None:
    wide, turn = rng.uniform(9, 14), rng.choice((0, 0, 30, 45))
    form = rng.choice(("filled", "filled", "solid", "lines", "two"))
    level = rng.uniform(36, 60)
    for x in (32, 68) if form == "two" else (50,):
        low = [*arc(x, 80, wide, 12, 0, 180), (x - wide, 14), (x + wide, 14)]
        if form == "lines":
            sketch.line(turned([(x + wide, 14), *arc(x, 80, wide, 12, 0, 180), (x - wide, 14)], turn), 5)
            sketch.line(turned([(x - wide - 5, 12), (x + wide + 5, 12)], turn), 5)
            sketch.line(turned([(x - wide, level), (x + wide, level)], turn), 4)
            continue
        sketch.plane(turned(low, turn if form != "two" else 0))
        sketch.plane(turned(box(x - wide - 5, 8, 2 * wide + 10, 7, 2), turn if form != "two" else 0), 1)
        if form == "solid":
            sketch.detail(turned(ellipse(x - 3, 62, 4), turn))
            sketch.detail(turned(ellipse(x + 4, 76, 2.5), turn))
        else:
            sketch.detail(turned(box(x - wide + 4, 18, 2 * wide - 8, level - 18), turn if form != "two" else 0))


def flask(sketch: Sketch, rng: random.Random) -> None:
    neck, wide, start = rng.uniform(7, 11), rng.uniform(28, 38), rng.uniform(30, 38)
    form = rng.choice(("filled", "filled", "bubbles", "lines", "planes"))
    corner = rng.uniform(0, 8)
    body = [(50 - neck, 12), (50 + neck, 12), (50 + neck, start), (50 + wide, 88 - corner), (50 + wide - corner, 92)]
    body += [(50 - wide + corner, 92), (50 - wide, 88 - corner), (50 - neck, start)]
    level = rng.uniform(54, 70)
    half = neck + (wide - neck) * (level - start) / (88 - start)
    lip = box(46 - neck, 7, 2 * neck + 8, 6, 2)
    if form == "lines":
        sketch.line([body[0], body[7], body[6], body[5], body[4], body[3], body[2], body[1]], 5)
        sketch.line([(46 - neck, 10), (54 + neck, 10)], 5)
        sketch.plane([(50 - half + 5, level), (50 + half - 5, level), (50 + wide - 9, 86), (50 - wide + 9, 86)], 1)
        return
    if form == "planes":
        show(sketch, rng, [([body[0], body[1], body[2], body[7]], 1), ([body[7], (50.0, start), (50.0, 92.0), body[6]],
            0), ([body[2], body[3], (50.0, 92.0), (50.0, start)], 2)])
        return
    sketch.plane(body)
    sketch.plane(lip, 1)
    if form == "filled":
        sketch.detail([(54 - neck, 16), (46 + neck, 16), (46 + neck, start), (46 + half, level), (54 - half, level),
            (54 - neck, start)])
    else:
        for x, y, size in ((45, 78, 5), (57, 68, 4), (49, 58, 3)):
            sketch.detail(ellipse(x, y, size))


def round_flask(sketch: Sketch, rng: random.Random) -> None:
    neck, radius = rng.uniform(6, 10), rng.uniform(24, 31)
    y = 92 - radius
    angle = math.degrees(math.asin(neck / radius))
    body = [(50 - neck, 12.0), (50 + neck, 12.0), *arc(50, y, radius, None, -90 + angle, 270 - angle, 30)]
    if rng.random() < 0.25:
        sketch.line([*body[2:], body[0]], 5)
        sketch.line([body[1], body[2]], 5)
        sketch.plane(arc(50, y, radius - 6, None, rng.choice((0, 10)), 180), 1)
    else:
        sketch.plane(body)
        if rng.random() < 0.7:
            sketch.detail(arc(50, y - 2, radius - 5, None, 180 + angle, 360 - angle))
    sketch.plane(box(46 - neck, 7, 2 * neck + 8, 6, 2), 1)


def pill(sketch: Sketch, rng: random.Random) -> None:
    turn, wide = rng.choice((0, 45, 45, -45, 90, 30)), rng.uniform(13, 21)
    form = rng.choice(("two", "two", "band", "tablet", "pair", "hollow"))
    if form == "tablet":
        sketch.plane(ellipse(50, 50, 38, rng.choice((38, 38, 26))))
        sketch.score(turned([(22, 50), (78, 50)], turn if turn != 90 else 0), rng.uniform(3, 7))
        return
    top = [*arc(50, 8 + wide, wide, None, 180, 360), (50 + wide, 49), (50 - wide, 49)]
    low = [(x, 100 - y) for x, y in top]
    if form in ("two", "hollow"):
        show(sketch, rng, [(turned(top, turn), 0), (turned(low, turn), 1)], tiled=0.15)
        if form == "hollow" and len(sketch.marks) == 2:
            sketch.detail(turned(scaled(low, 0.75, None, (50, 70)), turn))
    elif form == "band":
        sketch.plane(turned(box(50 - wide, 8, 2 * wide, 84, wide), turn))
        sketch.score(turned([(51 - wide, 50), (49 + wide, 50)], turn), 4)
        sketch.score(turned([(50 + wide * 0.5, 24), (50 + wide * 0.5, 40)], turn), 4)
    else:
        small = turned(box(18, 10, 26, 62, 13), -35, (34, 44))
        sketch.plane(small)
        sketch.score(turned([(19, 41), (43, 41)], -35, (34, 44)), 3.5)
        sketch.plane(ellipse(70, 68, 19), 1)
        sketch.score([(58, 74), (82, 62)], 3.5)


def stethoscope(sketch: Sketch, rng: random.Random) -> None:
    width, low = rng.uniform(3.5, 6), rng.uniform(46, 56)
    left, right = rng.uniform(16, 24), rng.uniform(52, 60)
    sketch.line([(left + 6, 10), (left, 10), (left, 30), *arc((left + right) / 2, low - 16, (right - left) / 2, 20, 180,
        0), (right, 30), (right, 10), (right - 6, 10)], width)
    middle = (left + right) / 2
    disc = rng.uniform(6, 10)
    y = rng.uniform(40, 54)
    sketch.line([(middle, low + 4), (middle, 70), *arc((middle + 80) / 2, 72, (80 - middle) / 2, 20, 180, 0), (80,
        y + disc)], width)
    sketch.plane(ellipse(80, y, disc), 1)
    if rng.random() < 0.6:
        sketch.detail(ellipse(80, y, disc * 0.4))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "slim-bottle": (bottle, "19.7.1 19.7.9", "tilt"),
    "amphora": (amphora, "19.9.1 19.9.2", "mirror"),
    "vase": (vase, "19.9.1 19.9.3", ""),
    "test-tube": (test_tube, "19.11.4 19.11.13", "mirror tilt"),
    "flask": (flask, "19.11.4 19.11.11", "tilt"),
    "round-flask": (round_flask, "19.11.4 19.11.9", "tilt"),
    "pill": (pill, "19.13.1 19.13.21", "mirror tilt"),
    "stethoscope": (stethoscope, "19.13.1 19.13.22", "mirror"),
}
