"""Bags, umbrellas, combs and fans."""

# fmt: off

import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, polygon
from schematic.sketch import Kind, Sketch


def shopping_bag(sketch: Sketch, rng: random.Random) -> None:
    wide, foot, top = rng.uniform(24, 34), rng.uniform(-4, 6), rng.uniform(30, 38)
    handle = rng.choice(("round", "round", "square", "inside", "cut", "side"))
    body = polygon(50 - wide, top, 50 + wide, top, 50 + wide + foot, 90, 50 - wide - foot, 90)
    reach = wide * rng.uniform(0.4, 0.6)
    loop = arc(50, top, reach, rng.uniform(15, 22), 180, 360)
    if handle == "square":
        loop = polygon(50 - reach, top, 50 - reach, top - 14, 50 + reach, top - 14, 50 + reach, top)
    if handle == "side":
        sketch.plane(polygon(20, top, 62, top, 62, 90, 20, 90))
        sketch.plane(polygon(62, top, 80, top - 8, 80, 82, 62, 90), 1)
        sketch.line(arc(41, top, 12, 18, 180, 360), 4)
        return
    if rng.random() < 0.15:
        sketch.line([*body, body[0]], 5)
        sketch.line(loop, 5)
        return
    if handle == "cut":
        body = polygon(50 - wide, 12, 50 + wide, 12, 50 + wide + foot, 90, 50 - wide - foot, 90)
        sketch.plane(body)
        sketch.detail(box(50 - reach, 20, 2 * reach, 9, rng.choice((2, 4.5))))
        return
    sketch.plane(body)
    if handle == "inside":
        sketch.score(arc(50, top + 10, reach, 20, 0, 180), 4)
    else:
        sketch.line(loop, rng.uniform(3.5, 6))
        if rng.random() < 0.5:
            for side in (-1, 1):
                sketch.detail(ellipse(50 + side * reach, top + 8, 2.6))


def suitcase(sketch: Sketch, rng: random.Random) -> None:
    form, corner = rng.choice(("trolley", "trolley", "case", "case", "bands")), rng.choice((2, 6, 10))
    if form == "trolley":
        wide, top = rng.uniform(18, 26), rng.uniform(32, 38)
        sketch.line(polygon(50 - wide * 0.4, top, 50 - wide * 0.4, 8, 50 + wide * 0.4, 8, 50 + wide * 0.4, top), 4)
        sketch.plane(box(50 - wide, top, 2 * wide, 86 - top, corner))
        for at in range(rng.choice((0, 2, 3))):
            x = 50 + (at - 1) * wide * 0.5
            sketch.score([(x, top + 9), (x, 76)], 3)
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * wide * 0.65, 90, 4), 1)
        return
    top = rng.uniform(30, 36)
    sketch.line(rng.choice((polygon(38, top, 38, top - 12, 62, top - 12, 62, top), arc(50, top, 13, 14, 180, 360))), 5)
    if form == "bands":
        for x, width, tone in ((10, 16, 1), (29, 42, 0), (74, 16, 1)):
            sketch.plane(box(x, top, width, 84 - top, 3), tone)
        return
    sketch.plane(box(10, top, 80, 84 - top, corner))
    if rng.random() < 0.5:
        sketch.score([(13, 54), (87, 54)], 3)
    for x in (24, 76) if rng.random() < 0.6 else ():
        sketch.score([(x, top + 4), (x, 50)], 3)


def handbag(sketch: Sketch, rng: random.Random) -> None:
    top, wide, foot = rng.uniform(42, 50), rng.uniform(26, 34), rng.uniform(4, 10)
    sketch.line(arc(50, top, wide * rng.uniform(0.55, 0.8), rng.uniform(24, 34), 180, 360), rng.uniform(4, 7))
    form = rng.choice(("flap", "flap", "clasp", "tote", "round"))
    if form == "round":
        sketch.plane(curve(50 - wide, top, 50, top - 2, 50 + wide, top, 50 + wide + 8, 72, 50 + wide, 88, 50, 90,
            50 - wide, 88, 42 - wide, 72,))
    else:
        sketch.plane(polygon(50 - wide, top, 50 + wide, top, 50 + wide + foot, 88, 50 - wide - foot, 88))
    if form == "flap":
        flap = polygon(50 - wide + 2, top + 6, 50, top + 24, 50 + wide - 2, top + 6)
        sketch.score(curve(*[v for p in flap for v in p], closed=False) if rng.random() < 0.5 else flap, 3)
        sketch.detail(ellipse(50, top + 30, 3))
    elif form == "clasp":
        sketch.plane(box(50 - wide - 2, top - 5, 2 * wide + 4, 5, 2), 1)
        sketch.plane(ellipse(47, top - 8, 3), 2)
        sketch.plane(ellipse(53, top - 8, 3), 2)
    elif form == "tote":
        sketch.score([(50 - wide + 2, top + 10), (50 + wide - 2, top + 10)], 3)


def backpack(sketch: Sketch, rng: random.Random) -> None:
    wide, top = rng.uniform(22, 28), rng.uniform(16, 22)
    sketch.line(arc(50, top + 2, 10, 11, 180, 360), 4)
    for side in (-1, 1) if rng.random() < 0.7 else ():
        sketch.plane(box(50 + side * (wide + 6) - 5, 54, 10, 28, 4), 1)
    sketch.plane([*arc(50, top + wide, wide, wide, 180, 360), (50 + wide, 90), (50 - wide, 90)])
    pocket = rng.choice(("box", "flap", "line"))
    if pocket == "box":
        sketch.score([*box(50 - wide * 0.65, 58, wide * 1.3, 24, 4), (50 + wide * 0.65 - 4, 58)], 3)
    elif pocket == "flap":
        sketch.score(arc(50, 46, wide - 3, 14, 5, 175), 3)
        sketch.detail(box(47, 56, 6, 14, 2))
    else:
        sketch.score([(50 - wide + 4, 60), (50 + wide - 4, 60)], 3.5)
    if rng.random() < 0.5:
        sketch.detail(box(40, top + 14, 20, 5, 2))


def umbrella(sketch: Sketch, rng: random.Random) -> None:
    low, wide, parts = rng.uniform(46, 54), rng.uniform(38, 44), rng.choice((2, 3, 3, 4))
    form = rng.choice(("scallop", "scallop", "flat", "planes", "planes", "line", "angular"))
    top = low - rng.uniform(30, 40)
    step = 2 * wide / parts
    hem: Points = []
    for at in range(parts):
        hem += arc(50 + wide - (at + 0.5) * step, low, step / 2, step * 0.28, 0, -180, 8)
    if form == "planes":
        for at in range(parts):
            a, b = 50 - wide + at * step, 50 - wide + (at + 1) * step
            left = [(50 + (a - 50) * t, low - (low - top) * (1 - t * t) ** 0.5) for t in (1, 0.9, 0.7, 0.4, 0)]
            right = [(50 + (b - 50) * t, low - (low - top) * (1 - t * t) ** 0.5) for t in (0, 0.4, 0.7, 0.9, 1)]
            sketch.plane([*left, *right, *arc((a + b) / 2, low, step / 2, step * 0.28, 0, -180, 8)], at % 2)
    elif form == "angular":
        sketch.plane(polygon(50, top, 50 + wide, low, 50, low))
        sketch.plane(polygon(50, top, 50, low, 50 - wide, low), 1)
    elif form == "line":
        sketch.line([*arc(50, low, wide, low - top, 180, 360), *hem], 4)
    else:
        sketch.plane([*arc(50, low, wide, low - top, 180, 360), *(hem if form == "scallop" else [])])
        for at in range(1, parts) if rng.random() < 0.6 else ():
            x = 50 - wide + at * step
            sketch.score(curve(50 + (x - 50) * 0.1, top + 4, 50 + (x - 50) * 0.75, top + 16, x, low - 10, closed=False),
                2.4)
    hook = rng.uniform(6, 9)
    sketch.line([(50, low - 2), (50, 84), *arc(50 + hook, 84, hook, None, 180, 0, 10)], rng.uniform(3.5, 6))
    if rng.random() < 0.5:
        sketch.line([(50, top), (50, top - 6)], 3.5)


def comb(sketch: Sketch, rng: random.Random) -> None:
    form, teeth = rng.choice(("straight", "straight", "handle", "bow")), rng.choice((6, 8, 10, 12))
    left, step = (8, 84 / teeth) if form != "handle" else (36, 56 / teeth)
    deep = rng.uniform(18, 30)
    spine = {"straight": box(8, 30, 84, 14, rng.choice((0, 5))), "handle": box(4, 34, 90, 12, 6),
             "bow": arc(50, 46, 42, 26, 180, 360)}[form]
    low = max(y for _, y in spine)
    sketch.plane(spine)
    for at in range(teeth):
        sketch.plane(box(left + at * step + step * 0.2, low, step * rng.uniform(0.5, 0.55), deep, 1))


def hand_fan(sketch: Sketch, rng: random.Random) -> None:
    ribs, span, inner = rng.choice((5, 7, 9)), rng.uniform(110, 170), rng.uniform(0.2, 0.45)
    form, reach = rng.choice(("folds", "folds", "sheet", "sticks", "line")), rng.uniform(52, 60)
    x, y = 50, 74
    step = span / ribs
    for at in range(ribs):
        a, b = 270 - span / 2 + at * step, 270 - span / 2 + (at + 1) * step
        if form == "folds":
            sketch.plane([along(x, y, reach * inner, a), along(x, y, reach, a), along(x, y, reach * 0.95, b),
                          along(x, y, reach * inner, b)], at % 2)
        elif form == "sticks":
            sketch.plane([(x, y), *arc(x, y, reach, None, a + 1, b - 1, 5)], at % 2)
        elif form == "line":
            sketch.line([(x, y), along(x, y, reach, a)], 3)
        if form != "sticks" and at:
            sketch.line([(x, y), along(x, y, reach * inner, a)], 2.2)
    if form == "sheet":
        sketch.plane(arc(x, y, reach, None, 270 - span / 2, 270 + span / 2)
                     + arc(x, y, reach * inner, None, 270 + span / 2, 270 - span / 2))
        for at in range(1, ribs):
            a = 270 - span / 2 + at * step
            sketch.score([along(x, y, reach * (inner + 0.06), a), along(x, y, reach * 0.94, a)], 2.2)
    elif form == "line":
        sketch.line([(x, y), *arc(x, y, reach, None, 270 - span / 2, 270 + span / 2), (x, y)], 4)
    sketch.plane(ellipse(x, y + 3, 4), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "shopping-bag": (shopping_bag, "10.3.11", "mirror"),
    "suitcase": (suitcase, "10.3.10 10.3.16", ""),
    "handbag": (handbag, "10.3.10 10.3.13", ""),
    "backpack": (backpack, "10.3.10 10.3.15", ""),
    "umbrella": (umbrella, "10.3.1 10.3.4", "tilt mirror"),
    "comb": (comb, "10.5.13", "tilt mirror"),
    "hand-fan": (hand_fan, "10.3.7", "tilt"),
}
