"""Horses, cattle, deer, elephants and other large animals."""

# fmt: off

import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, mirrored, polygon, regular, thick
from schematic.outlines import cut_both, cut_eyes, draw_both, draw_facets, draw_planes, soft_outline, symmetric_outline
from schematic.sketch import Kind, Sketch


def bull_head(sketch: Sketch, rng: random.Random) -> None:
    reach, lift, way = rng.uniform(34, 44), rng.uniform(4, 18), rng.randrange(5)
    w, chin = rng.uniform(15, 24), rng.uniform(84, 95)
    horn = curve(50 + w * 0.6, 38, 50 + reach * 0.8, 34, 50 + reach, lift, 50 + reach * 1.02, 36, 50 + reach * 0.75, 50,
                 50 + w * 0.7, 50)
    if way == 1:
        horn = polygon(50 + w, 38, 50 + reach * 0.8, 34, 50 + reach, lift, 50 + reach + 2, 40, 50 + reach * 0.7, 50,
            50 + w, 50)
    if way == 4:
        sketch.line(arc(50, lift - 6, reach * 0.9, 46, 15, 165), rng.uniform(5, 9))
        sketch.line([(50 - w, 44), (50 - w * 0.6, chin), (50 + w * 0.6, chin), (50 + w, 44)], rng.uniform(5, 9))
        return
    draw_both(sketch, horn, 1)
    if way < 2:
        sketch.plane(symmetric_outline(50 + w, 36, 50 + w * 1.15, 50, 50 + w * 0.55, 76, 50 + w * 0.7, chin))
        draw_both(sketch, polygon(50 + w + 1, 52, 50 + w + 17, 56, 50 + w + 2, 62), 2)
        cut_eyes(sketch, rng, w * 0.6, 58, 3)
        cut_both(sketch, ellipse(50 + w * 0.3, chin - 6, 2.4))
        if rng.random() < 0.25:
            sketch.line(arc(50, chin, 7, 8, 0, 180, 12), 3)
    elif way == 2:
        draw_facets(sketch, rng, [polygon(50, 36, 50 + w, 38, 50 + w * 0.8, 60, 50, 70), polygon(50, 74,
            50 + w * 0.75, 63, 50 + w * 0.5, chin, 50, chin)])
    else:
        sketch.plane(polygon(50 - w, 36, 50 + w, 36, 50, chin))
        sketch.detail(polygon(50 - w * 0.3, 50, 50 + w * 0.3, 50, 50, 70))


def _antler(rng: random.Random) -> list[Points]:
    """Return the lines of a right antler."""
    out, tines = rng.uniform(20, 34), rng.choice((2, 3, 4))
    beam = curve(56, 44, 58 + out * 0.6, 36, 54 + out, 20, 52 + out * 0.8, 6, closed=False)
    lines = [beam]
    for at in range(tines):
        x, y = beam[3 + at * (len(beam) - 6) // tines]
        lines.append([(x, y), (x - rng.uniform(6, 10) if at % 2 == 0 else x + 11, y - rng.uniform(10, 16))])
    return lines


def deer_head(sketch: Sketch, rng: random.Random) -> None:
    way, width, w = rng.randrange(4), rng.uniform(3, 6), rng.uniform(13, 18)
    for line in _antler(rng):
        sketch.line(line, width)
        sketch.line(mirrored(line), width)
    ear = polygon(50 + w * 0.8, 50, 50 + w * 2.2, 42, 50 + w * 1.7, 54)
    if way == 0:
        sketch.plane(symmetric_outline(50 + w * 0.8, 44, 50 + w, 58, 50 + w * 0.45, 84, 50 + w * 0.35, 94))
        draw_both(sketch, ear, 1)
        cut_eyes(sketch, rng, w * 0.55, 60, 2.8)
        sketch.detail(ellipse(50, 89, 4, 3))
    elif way == 1:
        draw_both(sketch, ear, 1)
        draw_facets(sketch, rng, [polygon(50, 44, 50 + w * 0.8, 46, 50 + w, 60, 50, 70), polygon(50, 73,
            50 + w * 0.9, 63, 50 + w * 0.4, 92, 50, 95)])
    elif way == 2:
        sketch.plane(polygon(50 - w, 46, 50 + w, 46, 50, 95))
        draw_both(sketch, ear, 1)
    else:
        sketch.line([(50 - w, 48), (50 - 5, 92), (55, 92), (50 + w, 48), (50 - w, 48)], width)
        for side in (-1, 1):
            sketch.line([(50 + side * w, 48), (50 + side * w * 2, 46)], width)


def goat_head(sketch: Sketch, rng: random.Random) -> None:
    way, w = rng.randrange(3), rng.uniform(13, 18)
    if way == 2:  # ram with curled horns
        turns = rng.uniform(300, 420)
        spiral = [along(50 + w + 13, 42, 20 - 15 * at / 30, 190 + turns * at / 30) for at in range(31)]
        draw_both(sketch, thick(spiral, 10, end=3), 1)
    else:
        draw_both(sketch, curve(52, 40, 58, 18, 50 + rng.uniform(16, 30), 6, 50 + rng.uniform(32, 40), 14, 70, 20,
            62, 42), 1)
    sketch.plane(symmetric_outline(50 + w * 0.8, 38, 50 + w, 52, 50 + w * 0.5, 78, 50 + w * 0.4, 84))
    if way != 2:
        draw_both(sketch, polygon(50 + w, 44, 50 + w + 20, 52, 50 + w + 1, 56), 2)
        sketch.plane(polygon(44, 85, 56, 85, 50, 98), 1)
    cut_eyes(sketch, rng, w * 0.55, 53, 3)
    if rng.random() < 0.6:
        sketch.detail(polygon(46, 74, 54, 74, 50, 80))


def horse_head(sketch: Sketch, rng: random.Random) -> None:
    way, drop = rng.randrange(5), rng.uniform(-4, 5)
    if way == 0:
        sketch.plane(polygon(44, 26, 46, 8, 54, 22, 64, 30, 86, 62 + drop, 80, 74 + drop, 70, 74 + drop, 56, 60, 56, 94,
            14, 94, 20, 54))
        for at in range(rng.choice((0, 3, 4))):
            sketch.plane(polygon(38 - at * 6, 26 + at * 13, 22 - at * 5, 26 + at * 14, 30 - at * 6, 40 + at * 13), 1)
    elif way == 1:
        sketch.plane(curve(48, 8, 54, 20, 66, 30, 76, 50, 88, 64 + drop, 84, 76, 72, 76, 60, 62, 52, 68, 62, 94, 38, 95,
            12, 94, 16, 58, 30, 28))
        for at in (0, 1, 2):
            sketch.score(curve(42 - at * 6, 32 + at * 8, 32 - at * 3, 54 + at * 6, 30, 78 + at * 4, closed=False), 3)
    elif way == 2:
        draw_planes(sketch, rng, polygon(42, 26, 48, 8, 56, 24), polygon(42, 28, 58, 26, 66, 46, 48, 56),
            polygon(60, 30, 88, 64, 82, 74, 62, 58), polygon(42, 30, 48, 58, 56, 94, 34, 94), polygon(40, 32, 32, 94,
            10, 94, 22, 56))
        return
    elif way == 3:
        stroke = rng.uniform(5, 9)
        sketch.line(curve(20, 92, 22, 60, 36, 32, 50, 12, 58, 26, 72, 46, 86, 66, 78, 76, 62, 64, closed=False), stroke)
        sketch.line(curve(62, 64, 54, 72, 60, 92, closed=False), stroke)
        return
    else:
        for at in range(rng.choice((3, 4))):
            sketch.line(curve(24 - at * 6 + 8, 92, 24 - at * 5 + 8, 64, 40 - at * 7 + 4, 36 - at * 2, closed=False), 4)
        sketch.plane(polygon(46, 24, 52, 10, 58, 24, 88, 64, 78, 76, 58, 62, 52, 68))
        sketch.plane(curve(48, 34, 42, 60, 46, 92, 60, 94, 52, 66), 1)
    sketch.detail(rng.choice((ellipse(60, 40, 2.8), polygon(56, 42, 65, 42, 60, 46))))


def horse(sketch: Sketch, rng: random.Random) -> None:
    way, lift = rng.randrange(3), rng.uniform(-4, 6)
    if way == 0:  # running
        sketch.plane(curve(66, 34, 74, 20, 82, 12, 84, 20, 95, 32, 90, 37, 80, 34, 74, 50, 66, 62, 44, 60, 30, 64, 22,
            54, 28, 42, 46, 40))
        for line in ((68, 56, 84, 64 + lift, 78, 80), (66, 58, 78, 72, 92, 74 + lift), (28, 54, 20, 72, 8, 84 - lift),
                     (32, 58, 34, 76, 20, 92)):
            sketch.plane(thick(polygon(*line), 9, end=4))
        sketch.plane(curve(28, 44, 14, 40, 4, 52 + lift, 10, 48, 24, 50), 1)
    elif way == 1:  # standing
        sketch.plane(polygon(70, 36, 74, 16, 80, 8, 96, 26, 90, 32, 82, 28, 80, 56, 78, 94, 70, 94, 68, 64, 36, 62, 32,
            94, 24, 94, 20, 44, 28, 36))
        sketch.plane(polygon(19, 40, 8, 54 + lift, 12, 78, 18, 58), 1)
    else:
        stroke = rng.uniform(5, 8)
        sketch.line(curve(92, 32, 80, 16, 70, 38, 40, 42, 22, 44, 10, 62 + lift, closed=False), stroke)
        for x, u in ((28, 20), (32, 42), (66, 60), (68, 86)):
            sketch.line([(x, 46), (u, 68 + lift), (u - 4, 90)], stroke)


def elephant_head(sketch: Sketch, rng: random.Random) -> None:
    way, ear = rng.randrange(4), rng.uniform(32, 42)
    if way < 2:
        draw_both(sketch, curve(62, 30, 50 + ear * 0.8, 16, 50 + ear, 38, 50 + ear * 0.85, 64, 66, 60), 1)
        wide = rng.uniform(14, 18)
        if way == 0:
            sketch.plane(soft_outline(50, 18, 50 + wide, 26, 50 + wide, 50, 58, 66, 56, 90, 50, 94))
        else:
            sketch.plane(curve(36, 24, 50, 16, 64, 24, 66, 48, 58, 62, 57, 78, 64, 84, 72, 80, 76, 86, 64, 95, 48, 88,
                43, 62, 34, 48))
        cut_eyes(sketch, rng, wide * 0.6, 42, 2.6)
        if rng.random() < 0.5:
            draw_both(sketch, polygon(60, 60, 70, 76, 63, 72), 2)
        for y in (70, 77) if rng.random() < 0.4 else ():
            sketch.score([(46, y), (54, y)], 2)
    elif way == 2:  # in profile
        sketch.plane(curve(20, 40, 30, 18, 54, 12, 72, 26, 78, 50, 80, 76, 90, 78, 92, 70, 97, 76, 90, 92, 74, 90, 66,
            66, 58, 66, 50, 88, 24, 86))
        sketch.score(curve(46, 26, 26, 30, 26, 60, 46, 70, 52, 48, closed=False), 3.5)
        sketch.detail(ellipse(64, 38, 2.6))
    else:
        draw_facets(sketch, rng, [polygon(64, 28, 50 + ear, 22, 50 + ear, 52, 70, 66), polygon(50, 16, 62, 26, 66,
            50, 50, 58), polygon(50, 61, 62, 54, 56, 94, 50, 94)])


def elephant(sketch: Sketch, rng: random.Random) -> None:
    lift = rng.choice((True, False))
    trunk = (curve(82, 40, 92, 50, 90, 30, 96, 14, closed=False) if lift else curve(82, 40, 88, 60, 84, 80, 95, 84,
        closed=False))
    sketch.plane(curve(12, 60, 16, 34, 40, 24, 64, 26, 70, 62, 40, 68))
    for x in (14, 30, 52, 64) if rng.random() < 0.5 else (15, 54):
        sketch.plane(box(x, 56, rng.uniform(10, 14), 34, 2))
    sketch.plane(ellipse(74, 36, 15, 16))
    sketch.plane(thick(trunk, 12, end=5))
    sketch.score(arc(66, 40, 10, 13, 60, 330), 2.6)
    sketch.detail(ellipse(81, 33, 2))
    sketch.line([(13, 44), (7, 62)], 3)


def pig(sketch: Sketch, rng: random.Random) -> None:
    way, w = rng.randrange(3), rng.uniform(30, 38)
    if way < 2:
        draw_both(sketch, polygon(50 + w * 0.35, 30, 50 + w * 0.95, rng.uniform(8, 18), 50 + w * 0.95, 46), 1)
        sketch.plane(ellipse(50, 56, w, 34) if way == 0 else symmetric_outline(64, 24, 50 + w, 46, 50 + w * 0.8, 76, 60,
            90))
        cut_eyes(sketch, rng, w * 0.45, 46, 3.4)
        snout = ellipse(50, 66, 14, 10)
        sketch.detail(snout)
        draw_both(sketch, ellipse(55, 66, 2.6, 4), 1)
    else:
        sketch.plane(ellipse(46, 52, 34, 24))
        for x in (24, 36, 54, 64):
            sketch.plane(box(x - 4, 66, 8, 22), 0)
        sketch.plane(box(78, 46, 14, 16, 4))
        sketch.plane(polygon(60, 34, 74, 22, 76, 42), 1)
        sketch.detail(ellipse(71, 46, 2.6))
        sketch.line(curve(12, 48, 4, 44, 6, 36, 12, 40, 6, 46, closed=False), 3)


def camel(sketch: Sketch, rng: random.Random) -> None:
    humps, high = rng.choice((1, 2)), rng.uniform(16, 24)
    neck = thick(curve(66, 52, 78, 58, 84, 40, 84, 24, closed=False), 12, end=8)
    sketch.plane(box(18, 42, 52, 22, 9))
    for x in (44,) if humps == 1 else (31, 56):
        sketch.plane(ellipse(x, 44, high * 1.1 / humps**0.4, high))
    sketch.plane(neck)
    sketch.plane(curve(79, 18, 92, 20, 98, 28, 92, 32, 80, 30))
    legs = (20, 30, 54, 62) if rng.random() < 0.5 else (20, 60)
    for x in legs:
        sketch.plane(polygon(x, 60, x + 8, 60, x + 6, 94, x + 2, 94))
    sketch.line([(19, 48), (12, 66)], 3)


def giraffe(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.35:  # head
        w = rng.uniform(13, 17)
        sketch.plane(symmetric_outline(50 + w * 0.7, 28, 50 + w, 42, 50 + w * 0.6, 70, 50 + w * 0.8, 86, 58, 93))
        draw_both(sketch, polygon(50 + w, 36, 50 + w + 22, 28, 50 + w + 2, 46), 1)
        for side in (-1, 1):
            sketch.line([(50 + side * 7, 28), (50 + side * 8, 12)], 4)
            sketch.plane(ellipse(50 + side * 8, 10, 4.6), 2)
        cut_eyes(sketch, rng, w * 0.6, 46, 3)
        cut_both(sketch, ellipse(55, 82, 1.8))
        return
    sketch.plane(polygon(66, 12, 74, 12, 92, 22, 88, 28, 76, 26, 64, 58, 64, 94, 57, 94, 55, 68, 34, 70, 34, 94, 27, 94,
        24, 60, 30, 54, 50, 48))
    sketch.line([(70, 13), (70, 4)], 3)
    sketch.line([(25, 60), (18, 76)], 3)
    for x, y in ((67, 30), (62, 42), (54, 54), (44, 60), (34, 62))[: rng.choice((0, 5))]:
        sketch.detail(regular(x, y, 3, 5))
    sketch.detail(ellipse(76, 18, 1.5))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "bull-head": (bull_head, "3.4.1 3.4.4 3.4.13 3.4.24", "tilt"),
    "deer-head": (deer_head, "3.4.7 3.4.14 3.4.24", "tilt"),
    "goat-head": (goat_head, "3.4.11 3.4.13 3.4.24", "tilt"),
    "pig": (pig, "3.4.18 3.4.24", "mirror tilt"),
    "horse-head": (horse_head, "3.3.1 3.3.15 3.3.24", "mirror tilt"),
    "horse": (horse, "3.3.1 3.3.24", "mirror tilt"),
    "elephant-head": (elephant_head, "3.2.1 3.2.15 3.2.24", "mirror tilt"),
    "elephant": (elephant, "3.2.1 3.2.24 3.2.26", "mirror"),
    "camel": (camel, "3.2.13 3.2.24 3.2.26", "mirror"),
    "giraffe": (giraffe, "3.2.9 3.2.24", "mirror"),
}
