"""Hats, shoes and boots."""

# fmt: off

import random

from schematic.geometry import arc, box, curve, ellipse, polygon, star
from schematic.outlines import wavy_line
from schematic.sketch import Kind, Sketch


def boot(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("work", "work", "rubber", "cowboy", "high"))
    left, wide = rng.uniform(22, 28), rng.uniform(24, 30)
    toe, top = rng.uniform(84, 92), rng.uniform(8, 18)
    if form == "cowboy":
        sketch.plane(curve(left - 2, 8, left + 14, 16, left + wide + 4, 8, left + wide - 2, 40, left + wide, 60,
            toe - 6, 74, toe + 2, 82, left + 36, 82, left + 22, 78, left, 78, left + 2, 52, points=6,))
        sketch.plane(polygon(left, 82, left + 17, 80, left + 15, 93, left + 3, 93), 1)
        sketch.score(curve(left + 6, 36, left + 13, 28, left + 20, 36, closed=False), 2.5)
        return
    if form == "high":
        sketch.plane(curve(left + 4, 6, left + wide, 6, left + wide - 5, 40, left + wide - 4, 60, toe - 10, 78, toe - 2,
            88, toe - 14, 90, left + 28, 84, left + 8, 72, left + 6, 40, points=6,))
        sketch.plane(polygon(left + 5, 74, left + 16, 79, left + 10, 92, left + 5, 92), 1)
        return
    sketch.plane([(left, top), (left + wide, top), (left + wide, 50), *curve(left + wide, 50, left + wide + 8, 60,
        toe - 8, 63, toe, 72, toe, 78, closed=False), (left, 78)])
    if form == "work":
        sole = [(left - 2, 80.0), (toe + 2, 80.0), (toe + 2, 90.0), (left + 30, 90.0), (left + 27, 86.0), (left + 20,
            86.0), (left + 18, 90.0), (left - 2, 90.0)]
        sketch.plane(sole, 1)
        for at in range(rng.choice((0, 3, 4))):
            sketch.score([(left + wide - 12, top + 10 + at * 9), (left + wide - 3, top + 8 + at * 9)], 3)
    else:
        sketch.plane(box(left - 1, 80, toe - left + 3, 8, 2), 1)
        sketch.score([(left + 3, top + 8), (left + wide - 3, top + 8)], 3)


def sneaker(sketch: Sketch, rng: random.Random) -> None:
    collar, toe = rng.uniform(26, 40), rng.uniform(90, 95)
    upper = [*curve(8, collar + 4, 18, collar + 10, 32, collar, closed=False),
             *curve(34, collar, 48, 48, 64, 56, 84, 60, toe, 70, closed=False), (toe, 73), (7, 73)]
    sketch.plane(upper)
    sole = rng.choice(("flat", "flat", "wave", "heel"))
    sketch.plane({"flat": box(5, 75, 91, 9, 4), "wave": [(5, 75), (96, 75), *wavy_line(5, 96, 82, 3,
        7)[::-1]], "heel": polygon(5, 75, 96, 75, 94, 81, 46, 80, 42, 86, 6, 86)}[sole], 1)
    for at in range(rng.choice((0, 3, 4))):
        sketch.score(polygon(38 + at * 7, collar + 17 + at * (30 - collar * 0.5) * 0.22, 44 + at * 6, 62 - at * 0.6),
            2.6)
    mark = rng.choice(("stripe", "none", "toe", "swoop"))
    if mark == "stripe":
        sketch.score([(14, 62), (32, 68)], 3)
    elif mark == "toe":
        sketch.score(arc(92, 74, 16, 12, 190, 240, 6), 3)
    elif mark == "swoop":
        sketch.score([(12, 56), (24, 66), (34, 64)], 3)


def high_heel(sketch: Sketch, rng: random.Random) -> None:
    heel, form = rng.uniform(4, 8), rng.choice(("pump", "pump", "platform", "strap"))
    back = rng.uniform(24, 34)
    shoe = [*curve(10, back, 18, back + 10, 30, 44, 48, 60, 62, 66, 76, 64, 94, 78, closed=False), (94, 84), (70, 84),
            *curve(70, 84, 52, 78, 36, 62, 22, 52, closed=False), (12, 50)]
    if form == "platform":
        sketch.plane(polygon(58, 86, 95, 86, 94, 92, 62, 92), 1)
    sketch.plane(shoe)
    sketch.plane(polygon(12, 51, 22, 53, 16 + heel * 0.5, 86, 16 - heel * 0.5, 86), 1)
    if form == "strap":
        sketch.line(curve(12, back, 22, back - 6, 34, back, 36, back + 8, 26, back + 12, closed=False), 3.5)
    if rng.random() < 0.3:
        sketch.plane(ellipse(76, 60, 5), 2)


def top_hat(sketch: Sketch, rng: random.Random) -> None:
    wide, flare, top = rng.uniform(18, 26), rng.uniform(-4, 7), rng.uniform(12, 30)
    brim = rng.choice(("flat", "flat", "curled", "line"))
    low = rng.uniform(68, 76)
    sketch.plane([(50 - wide - flare, top), *(arc(50, top, wide + flare, 5, 180, 360,
        10) if rng.random() < 0.4 else []), (50 + wide + flare, top), (50 + wide, low), (50 - wide, low)])
    band = rng.choice(("score", "hole", "none", "plane"))
    if band == "score":
        sketch.score([(50 - wide + 1, low - 14), (50 + wide - 1, low - 14)], 3)
    elif band == "hole":
        sketch.detail(box(50 - wide + 0.5, low - 16, 2 * wide - 1, 9))
    elif band == "plane":
        sketch.plane(box(50 - wide - 1, low - 11, 2 * wide + 2, 10), 1)
    if brim == "curled":
        sketch.plane(curve(6, low - 8, 28, low, 50, low + 2, 72, low, 94, low - 8, 84, low + 8, 50, low + 12, 16,
            low + 8), 1)
    elif brim == "line":
        sketch.line([(8, low + 5), (92, low + 5)], 6)
    else:
        sketch.plane(box(8, low + 1, 84, 8, 4), 1)


def cap(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("side", "side", "front", "flat"))
    if form == "side":
        top, low = rng.uniform(22, 30), rng.uniform(62, 68)
        sketch.plane([*arc(42, low, 32, low - top, 180, 360), (74, low), (10, low)])
        sketch.plane(curve(62, low + 1, 80, low - 2, 97, low + 9, 92, low + 13, 76, low + 8, 58, low + 8), 1)
        sketch.plane(ellipse(42, top - 2, 4, 3), 1)
        for at in range(rng.choice((0, 1, 2))):
            sketch.score(arc(42, low, 10 + at * 12, low - top - 4, 200, 265, 10), 2.5)
    elif form == "front":
        sketch.plane([*arc(50, 56, 34, rng.uniform(34, 42), 180, 360), (84, 60), (16, 60)])
        sketch.plane(curve(12, 62, 50, 58, 88, 62, 92, 78, 50, 70, 8, 78), 1)
        sketch.detail(rng.choice((ellipse(50, 42, 8), star(50, 42, 10, 5, 0.45), box(40, 36, 20, 12, 3))))
    else:
        sketch.plane(curve(12, 62, 14, 44, 34, 32, 60, 32, 84, 46, 88, 58, 60, 62))
        sketch.plane(curve(58, 64, 88, 60, 97, 68, 80, 72, 60, 70), 1)
        sketch.score(curve(34, 40, 50, 50, 72, 54, closed=False), 2.5)


def hard_hat(sketch: Sketch, rng: random.Random) -> None:
    low, wide, top = rng.uniform(62, 70), rng.uniform(30, 36), rng.uniform(20, 28)
    form = rng.choice(("front", "front", "side", "lines"))
    sketch.plane([*arc(50, low, wide, low - top, 180, 360), (50 + wide, low)])
    if form == "side":
        sketch.plane(curve(14, low + 2, 80, low + 2, 97, low + 8, 94, low + 12, 14, low + 8), 1)
        for at in (-1, 0, 1):
            sketch.score(arc(50 + at * 3, low, abs(at) * 18 + 1, low - top - 5, 200 if at < 0 else 280,
                262 if at < 0 else 340, 8), 3)
        return
    if form == "front":
        sketch.plane(box(43, top - 5, 14, rng.uniform(16, 26), 4), 1)
        for side in (-1, 1):
            sketch.score([(50 + side * 14, top + 12), (50 + side * 16, low - 14)], 4)
    else:
        for side in (-1, 1):
            sketch.score([(50 + side * 5, top + 4), (50 + side * 6, low - 10)], 3)
            sketch.score(curve(50 + side * 18, top + 10, 50 + side * 22, top + 24, 50 + side * 23, low - 8,
                closed=False), 3)
    sketch.plane(box(50 - wide - 8, low + 2, 2 * wide + 16, 9, 4), 1)


def cowboy_hat(sketch: Sketch, rng: random.Random) -> None:
    lift, crown, low = rng.uniform(4, 18), rng.uniform(18, 24), rng.uniform(60, 66)
    dent = rng.uniform(3, 9)
    sketch.plane([(50 - crown, low), *curve(50 - crown, low, 50 - crown * 0.8, 30, 38, 22, 50, 22 + dent, 62, 22,
        50 + crown * 0.8, 30, 50 + crown, low, closed=False,),])
    if rng.random() < 0.6:
        sketch.score(curve(50 - crown + 2, low - 12, 50, low - 9, 50 + crown - 2, low - 12, closed=False),
            rng.uniform(3, 5))
    brim = curve(4, low - lift, 24, low + 2, 50, low + 4, 76, low + 2, 96, low - lift, 84, low + 10, 50, low + 17, 16,
        low + 10)
    sketch.plane(brim, 1)
    if rng.random() < 0.3:
        sketch.score(curve(46, 34, 50, 40, 54, 34, closed=False), 3)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "boot": (boot, "9.9.1 9.9.7", "mirror"),
    "sneaker": (sneaker, "9.9.1 9.9.11", "mirror"),
    "high-heel": (high_heel, "9.9.1 9.9.5", "mirror"),
    "top-hat": (top_hat, "9.7.1 9.7.25", "tilt"),
    "cap": (cap, "9.7.1 9.7.5", "mirror tilt"),
    "hard-hat": (hard_hat, "9.7.1 9.7.21", "mirror"),
    "cowboy-hat": (cowboy_hat, "9.7.1 9.7.17", "tilt"),
}
