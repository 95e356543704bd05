"""Furniture."""

# fmt: off

import random

from schematic.geometry import Points, arc, box, curve, ellipse, polygon, thick
from schematic.sketch import Kind, Sketch


def chair(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("side", "side", "front", "perspective", "arm", "arm", "office", "line"))
    seat, top, thin = rng.uniform(52, 58), rng.uniform(8, 14), rng.uniform(4, 7)
    if form in ("side", "line"):
        lean = rng.uniform(0, 8)
        draw = sketch.line if form == "line" else lambda line, width: sketch.plane(thick(line, width))
        draw([(30 - lean, top), (32, seat), (28 - lean * 0.5, 92)], thin)
        draw([(32, seat), (72, seat)], thin + 1)
        draw([(70, seat), (74, 92)], thin)
        if rng.random() < 0.4:
            draw([(30, 76), (72, 76)], 3)
    elif form == "front":
        sketch.plane(box(28, top, 44, seat - top - 10, rng.choice((0, 6, 18))))
        for x in rng.choice(((40, 50, 60), (50,), ())):
            sketch.detail(box(x - 2, top + 8, 4, seat - top - 24))
        sketch.plane(polygon(28, seat - 8, 72, seat - 8, 78, seat + 4, 22, seat + 4), 1)
        for x in (24, 71):
            sketch.plane(box(x, seat + 5, thin, 88 - seat))
    elif form == "perspective":
        sketch.plane(polygon(24, 8, 54, 18, 54, 56, 24, 48))
        sketch.plane(polygon(24, 50, 54, 58, 80, 50, 52, 44), 1)
        for x, y, low in ((24, 52, 84), (52, 60, 94), (76, 53, 86)):
            sketch.plane(box(x, y, 4, low - y))
    elif form == "arm":
        sketch.plane([*arc(50, 40, 24, 26, 180, 360), (74, 58), (26, 58)])
        for x in (12, 74):
            sketch.plane(box(x, 44, 14, 40, 6), 1)
        sketch.plane(box(27, 60, 46, 14, 3), 2)
        sketch.plane(box(27, 76, 46, 8))
        for x in (18, 77):
            sketch.plane(box(x, 85, 5, 8))
    else:
        sketch.plane(box(32, 8, 36, 38, 8))
        sketch.plane(box(24, 52, 52, 9, 4), 1)
        sketch.line([(50, 61), (50, 80)], 5)
        sketch.line(polygon(28, 90, 50, 80, 72, 90), 4)


def sofa(sketch: Sketch, rng: random.Random) -> None:
    top, corner, seats = rng.uniform(26, 34), rng.choice((2, 6, 12)), rng.choice((1, 2, 2, 3))
    gap = rng.choice((1, 3))
    span = 64 / seats
    for at in range(seats):
        sketch.plane(box(18 + at * span, top, span - gap, 60 - top, corner))
        sketch.plane(box(20 + at * 60 / seats, 60 + gap, 60 / seats - gap, 11, 2), 1)
    arm = rng.uniform(12, 15)
    for x in (6, 94 - arm):
        sketch.plane(box(x, rng.choice((46, 46, 50)), arm, 32, corner), 2)
    sketch.plane(box(6 + arm, 73 + gap, 88 - 2 * arm, 8))
    for x in (14, 80) if rng.random() < 0.7 else ():
        sketch.plane(polygon(x, 84, x + 6, 84, x + 5, 92, x + 1, 92))


def bed(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("side", "side", "front", "perspective"))
    if form == "side":
        head, line = rng.uniform(20, 34), rng.uniform(52, 60)
        sketch.plane(box(6, head, 7, 88 - head, 2))
        sketch.plane(box(88, line, 6, 88 - line, 2))
        sketch.plane(box(13, 68, 75, 9), 1)
        sketch.plane([(40, 66), *arc(50, 60, 14, 14, 180, 270, 8), (76, 46), *arc(76, 58, 11, 12, 270, 360, 8), (87,
            66)])
        sketch.plane(rng.choice((ellipse(26, 56, 9), box(15, 52, 22, 13, 6))), 2)
    elif form == "front":
        sketch.plane(box(14, rng.uniform(14, 22), 72, 30, rng.choice((2, 10))), 1)
        for x in rng.choice(((22, 52), (34,))):
            sketch.detail(box(x, 32, 26 if x != 34 else 32, 11, 4))
        sketch.plane(polygon(18, 48, 82, 48, 92, 66, 8, 66))
        sketch.plane(box(8, 68, 84, 13), 2)
        for x in (10, 84):
            sketch.plane(box(x, 82, 6, 9))
    else:
        sketch.plane(polygon(12, 28, 46, 16, 46, 36, 12, 50), 1)
        sketch.plane(polygon(12, 52, 46, 38, 92, 58, 56, 78))
        sketch.plane(polygon(12, 54, 56, 80, 56, 90, 12, 64), 2)
        sketch.plane(polygon(56, 80, 92, 60, 92, 70, 56, 90), 1)
        sketch.detail(polygon(22, 50, 42, 42, 52, 46, 32, 55))


def table(sketch: Sketch, rng: random.Random) -> None:
    form, top, thin = (rng.choice(("front", "front", "perspective", "round", "trestle")), rng.uniform(32, 42),
        rng.uniform(5, 9))
    if form == "perspective":
        sketch.plane(polygon(30, top, 96, top, 76, top + 18, 6, top + 18))
        for x, y, low in ((8, top + 19, 90), (70, top + 19, 90), (86, top + 10, 76)):
            sketch.plane(box(x, y, 5, low - y), 1)
    elif form == "round":
        sketch.plane(rng.choice((ellipse(50, top, 42, 11), box(8, top - 4, 84, 8, 4))))
        sketch.plane(box(47, top + 12, 6, 70 - top), 1)
        sketch.plane(rng.choice((polygon(50, 78, 72, 92, 28, 92), arc(50, 92, 22, 9, 180, 360))), 1)
    else:
        sketch.plane(box(6, top, 88, thin, rng.choice((0, 2))))
        for side in (-1, 1):
            splay = rng.choice((0, 0, 6))
            if form == "trestle":
                sketch.line(polygon(50 + side * 26, top + thin, 50 + side * 38, 90), 5)
                sketch.line(polygon(50 + side * 26, top + thin, 50 + side * 16, 90), 5)
            else:
                x = 50 + side * 36
                sketch.plane(polygon(x - 3, top + thin, x + 3, top + thin, x + 3 + side * splay, 90,
                    x - 3 + side * splay, 90), 1)
        if form == "front" and rng.random() < 0.4:
            sketch.plane(box(19, top + thin + 1, 62, 9), 2)


def bathtub(sketch: Sketch, rng: random.Random) -> None:
    rim, wide = rng.uniform(46, 52), rng.uniform(36, 40)
    form = rng.choice(("plain", "plain", "claw", "slipper", "line"))
    body: Points = [(50 - wide, rim + 6), (50 + wide, rim + 6), *arc(50, rim + 8, wide, 76 - rim, 0, 180)]
    if form == "slipper":
        body = curve(50 - wide - 6, rim - 12, 50 - wide + 10, rim, 50, rim + 4, 50 + wide, rim - 2, 50 + wide, 72, 70,
            82, 30, 82, 16, 70, points=6,)
    if form == "line":
        sketch.line([*body, body[0]], 5)
    else:
        sketch.plane(body)
    if form != "slipper":
        sketch.plane(box(46 - wide, rim, 2 * wide + 8, 6, 3), 1)
    for x in (28, 72):
        sketch.plane(polygon(x - 3, 83, x + 3, 83, x + (4 if x > 50 else -4), 92), 1)
    if rng.random() < 0.6:
        sketch.line([(82, rim), (82, 22), *arc(75, 22, 7, 8, 0, -180, 8), (68, 26)], 4)
        for at in range(rng.choice((0, 3))):
            sketch.line([(64 + at * 4, 32), (63 + at * 4, 38)], 2)
    if rng.random() < 0.6:
        for x, size in ((24, 8), (37, 10), (50, 7)):
            sketch.plane(ellipse(x, rim - size * 0.9 - 1, size), 2)


KINDS: dict[str, tuple[Kind, str, str]] = {"chair": (chair, "12.1.9", "mirror"), "sofa": (sofa, "12.1.10", ""),
    "bed": (bed, "12.1.3", "mirror"), "table": (table, "12.1.15", "mirror"), "bathtub": (bathtub, "12.3.3", "mirror")}
