"""Birds and feathers."""

# fmt: off

import math
import random

from schematic.geometry import Points, arc, box, curve, ellipse, polygon, thick
from schematic.outlines import cut_both, cut_eyes, draw_both, draw_facets, draw_planes, soft_outline, symmetric_outline
from schematic.sketch import Kind, Sketch


def owl(sketch: Sketch, rng: random.Random) -> None:
    w, way, eye = rng.uniform(26, 36), rng.randrange(4), rng.uniform(9, 13)
    tuft = rng.uniform(4, 14)
    if way == 0:
        sketch.plane(symmetric_outline(50, 20, 50 + w, tuft, 50 + w, 62, 50 + w * 0.6, 86, 50, 94))
    elif way == 1:
        sketch.plane(soft_outline(50, 14, 50 + w, 16, 50 + w, 50, 50 + w * 0.7, 84, 50, 92))
        draw_both(sketch, polygon(54, 22, 50 + w, tuft - 2, 50 + w, 34), 0)
    elif way == 2:
        draw_facets(sketch, rng, [polygon(51, 24, 50 + w, tuft, 50 + w, 46, 54, 46), polygon(50 + w, 50, 50 + w, 70,
            56, 92, 60, 52), polygon(50, 50, 56, 54, 54, 86, 50, 90)])
        cut_both(sketch, ellipse(50 + w * 0.55, 34, 5))
        return
    else:
        sketch.line(curve(50 - w, tuft, 50 - w, 60, 50, 92, 50 + w, 60, 50 + w, tuft, 50, 24, 50 - w, tuft,
            closed=False), 5)
        for side in (-1, 1):
            sketch.line(ellipse(50 + side * w * 0.45, 42, eye), 4)
            sketch.plane(ellipse(50 + side * w * 0.45, 42, eye * 0.4))
        sketch.plane(polygon(45, 52, 55, 52, 50, 62), 1)
        return
    cut_both(sketch, ellipse(50 + min(w * 0.45, w - eye - 2), 40, eye))
    draw_both(sketch, ellipse(50 + w * 0.45, 40, eye * rng.uniform(0.4, 0.6)), 1)
    sketch.detail(polygon(46, 52, 54, 52, 50, 61))
    for row in range(rng.choice((0, 2, 3))):
        for at in range(3 - row):
            sketch.score(arc(50 + (at - (2 - row) / 2) * 12, 66 + row * 8, 4, 4, 0, 180, 8), 2.4)


def eagle_head(sketch: Sketch, rng: random.Random) -> None:
    way, hook = rng.randrange(4), rng.uniform(60, 70)
    if way == 0:
        sketch.plane(polygon(24, 30, 46, 14, 66, 22, 74, 34, 66, 52, 50, 58, 58, 78, 44, 74, 46, 92, 30, 80, 22, 90, 18,
            70, 8, 76, 12, 54, 6, 50))
        sketch.plane(curve(70, 28, 88, 34, 92, 48, 88, hook, 82, 52, 66, 50), 1)
    elif way == 1:
        sketch.plane(curve(8, 78, 16, 40, 40, 16, 64, 20, 82, 32, 92, 50, 88, hook, 80, 54, 64, 54, 54, 66, 50, 90, 28,
            84))
    elif way == 2:
        draw_planes(sketch, rng, polygon(28, 28, 62, 16, 70, 30, 48, 44), polygon(24, 32, 44, 46, 40, 90, 10, 64),
            polygon(48, 48, 68, 34, 64, 54, 44, 88), polygon(73, 28, 94, 44, 88, hook + 2, 68, 50))
        sketch.detail(ellipse(61, 27, 2))
        return
    else:
        stroke = rng.uniform(4, 8)
        sketch.line(curve(12, 88, 16, 40, 44, 16, 74, 26, 90, 46, 86, hook + 4, 76, 54, 58, 54, closed=False), stroke)
        sketch.line(curve(58, 54, 46, 66, 44, 90, closed=False), stroke)
        sketch.line([(48, 34), (66, 38)], stroke)
        return
    sketch.detail(polygon(52, 30, 68, 35, 60, 40))
    if rng.random() < 0.6:
        sketch.score([(64, 46), (84, 46)], 2.4)


def parrot(sketch: Sketch, rng: random.Random) -> None:
    way, tail = rng.randrange(3), rng.uniform(88, 98)
    if way == 0:
        sketch.plane(curve(52, 8, 68, 14, 72, 36, 66, 60, 48, 74, 30, tail, 22, tail + 1, 32, 62, 34, 26))
        sketch.plane(curve(66, 14, 82, 18, 84, 32, 78, 40, 76, 28, 68, 30), 1)
        sketch.detail(curve(44, 40, 54, 46, 50, 62, 38, 76, 38, 56))
        sketch.detail(ellipse(57, 21, 3.6))
    elif way == 1:  # of circles' parts
        sketch.plane([*arc(50, 34, 26, None, 180, 360), (76, 62), *arc(50, 62, 26, None, 0, 90), (24, tail), (24, 34)])
        sketch.detail(ellipse(58, 30, 5))
        sketch.plane(arc(76, 38, 14, None, -90, 90), 1)
        sketch.detail([*arc(44, 62, 14, None, 0, 180)])
    else:
        draw_planes(sketch, rng, polygon(40, 10, 62, 12, 66, 34, 38, 36), polygon(65, 13, 84, 24, 80, 42, 68, 32),
            polygon(38, 40, 66, 38, 62, 62, 44, 74), polygon(35, 40, 41, 74, 24, tail, 26, 58))
        sketch.detail(ellipse(54, 22, 3))


def hummingbird(sketch: Sketch, rng: random.Random) -> None:
    way, lift = rng.randrange(3), rng.uniform(4, 14)
    if way < 2:
        sketch.plane(curve(70, 30, 66, 48, 50, 64, 34, 74, 18, 94, 22, 74, 34, 54, 50, 38, 58, 26, 66, 22))
        sketch.plane(polygon(68, 24, 98, rng.uniform(14, 24), 70, 30))
        wing = curve(54, 42, 46, 24, 26, lift, 12, lift, 20, 24, 36, 44)
        sketch.plane(wing if way else polygon(54, 42, 18, lift, 30, 46), 1)
        if rng.random() < 0.6:
            sketch.plane(polygon(58, 42, 52, lift - 2, 40, 16), 2)
        sketch.detail(ellipse(64, 28, 1.9))
    else:
        draw_planes(sketch, rng, polygon(62, 28, 72, 30, 98, 20), polygon(60, 29, 71, 33, 58, 58, 44, 54),
            polygon(54, 38, 40, 52, 10, lift, 34, 18), polygon(44, 57, 56, 60, 34, 76, 30, 68), polygon(28, 70, 33, 78,
            16, 96))


def flying_bird(sketch: Sketch, rng: random.Random) -> None:
    way, lift, tail = rng.randrange(7), rng.uniform(4, 18), rng.uniform(70, 90)
    if way == 0:  # two wings
        draw_planes(sketch, rng, polygon(6, lift + 6, 50, 44, 56, 70), polygon(94, lift, 58, 46, 54, 76, 78, 50))
    elif way == 1:  # from the side, of triangles
        draw_planes(sketch, rng, polygon(30, 52, 62, 44, 84, 40, 56, 68), polygon(34, 50, 28, lift, 64, 42),
            polygon(68, 42, 60, lift + 10, 44, 34) if rng.random() < 0.5 else polygon(84, 38, 95, 40, 80,
            46), polygon(32, 54, 6, tail - 10, 36, 66))
    elif way == 2:  # curved, with a forked tail
        sketch.plane(curve(94, 34, 80, 30, 66, 42, 48, 22, 14, lift, 34, 34, 42, 52, 26, 66, 6, tail, 34, 74, 60, 68,
            78, 50))
        if rng.random() < 0.5:
            sketch.detail(ellipse(82, 36, 1.8))
    elif way == 3:  # a gull's line
        sketch.line(curve(6, 50 - lift * 0.6, 24, 34, 40, 40, 50, 58, closed=False), rng.uniform(4, 9))
        sketch.line(curve(94, 50 - lift, 76, 34, 60, 40, 50, 58, closed=False), rng.uniform(4, 9))
    elif way == 4:  # seen from above, spread
        draw_both(sketch, polygon(54, 40, 94, lift + 10, 84, 44, 56, 62), 1)
        sketch.plane(symmetric_outline(50, 16, 56, 26, 55, 64, 64, tail))
    elif way == 5:  # feathers as bars, fanned
        for at in range(rng.choice((3, 4, 5))):
            sketch.plane(curve(58, 62 - at * 2, 40, 58 - at * 6, 8 + at * 9, 50 - at * 11, 34, 66 - at * 9, 50,
                70 - at * 3), at % 3)
        sketch.plane(curve(50, 66, 68, 52, 80, 44, 94, 48, 82, 56, 68, 74, 40, tail, 20, tail, 38, 74))
    else:  # quarters of discs
        sketch.plane([*arc(10, 58, 40, 46, 270, 360, 14), (10, 58)] if lift > 11 else polygon(10, lift, 50, 58, 22, 58))
        sketch.plane([*arc(52, 58, 34, 30, 0, 180, 20)], 1)
        sketch.plane([*arc(74, 56, 14, None, 180, 360, 12)], 0)
        sketch.plane(polygon(88, 46, 99, 56, 88, 56), 2)


def sitting_bird(sketch: Sketch, rng: random.Random) -> None:
    way, size = rng.randrange(5), rng.uniform(22, 30)
    if way == 0:  # of circles
        sketch.plane(ellipse(46, 58, size))
        sketch.plane(ellipse(64, 34, size * 0.55))
        sketch.plane(polygon(62 + size * 0.5, 30, 96, 36, 62 + size * 0.5, 40), 1)
        sketch.plane(polygon(30, 50, 6, 66, 30, 76), 1)
        sketch.detail(ellipse(66, 32, 3))
        if rng.random() < 0.5:
            sketch.detail([*arc(44, 54, size * 0.6, None, 0, 180)])
    elif way == 1:  # half disc and quarter
        sketch.plane(arc(50, 46, 38, None, 0, 180))
        sketch.plane([*arc(70, 46, 18, None, 180, 360)], 1)
        sketch.plane(polygon(89, 38, 99, 46, 89, 46), 2)
        sketch.detail(ellipse(74, 38, 3))
    elif way == 2:
        sketch.plane(curve(72, 20, 82, 30, 80, 54, 60, 76, 36, 78, 8, 92, 20, 70, 40, 44, 56, 22))
        sketch.plane(polygon(80, 24, 96, 30, 81, 34), 1)
        sketch.detail(ellipse(70, 29, 2.8))
        sketch.detail(curve(56, 46, 58, 58, 44, 68, 26, 72, 38, 58))
        for x in (52, 60) if rng.random() < 0.6 else ():
            sketch.line([(x, 76), (x + 2, 94)], 3)
    elif way == 3:  # on a branch, of planes
        draw_planes(sketch, rng, polygon(58, 14, 74, 16, 80, 28, 66, 36, 54, 26), polygon(52, 28, 65, 38, 80, 31, 78,
            56, 62, 74), polygon(50, 30, 61, 75, 38, 76, 34, 54), polygon(36, 60, 37, 78, 10, 96, 14, 86))
        sketch.plane(polygon(77, 18, 94, 25, 82, 28), 2)
        sketch.detail(ellipse(70, 23, 2.4))
        sketch.line([(30, 84), (92, 78)], 4)
    else:
        stroke = rng.uniform(4, 7)
        sketch.line([*arc(54, 50, 32, None, -150, 120, 30), (8, 82), (26, 36)], stroke)
        sketch.line([(84, 40), (97, 46), (85, 54)], stroke)
        sketch.line(arc(46, 52, 16, None, 0, 150, 14), stroke)
        sketch.plane(ellipse(66, 38, 3.6))


def swan(sketch: Sketch, rng: random.Random) -> None:
    way, width = rng.randrange(3), rng.uniform(6, 10)
    if way == 0:
        sketch.plane(thick(curve(84, 26, 74, 12, 62, 20, 66, 42, 74, 60, 62, 76, closed=False), width, end=width + 6))
        sketch.plane(polygon(80, 20, 93, 34, 80, 32), 1)
        sketch.plane(curve(70, 68, 62, 86, 36, 88, 14, 76, 4, 52, 24, 56, 44, 52, 60, 56))
        if rng.random() < 0.6:
            sketch.score(curve(58, 64, 40, 76, 20, 68, closed=False), 3)
    elif way == 1:
        stroke = rng.uniform(4, 8)
        sketch.line(curve(88, 32, 78, 14, 62, 20, 62, 42, 70, 62, 56, 84, 28, 84, 8, 58, closed=False), stroke)
        sketch.line(curve(8, 58, 30, 64, 54, 56, closed=False), stroke)
        sketch.line([(10, 94), (90, 94)], 3)
    else:
        draw_planes(sketch, rng, polygon(66, 12, 80, 14, 92, 28, 76, 24), polygon(64, 14, 73, 24, 70, 46, 60, 44),
            polygon(60, 48, 71, 50, 78, 84, 50, 84), polygon(56, 48, 46, 84, 20, 80, 6, 44))


def duck(sketch: Sketch, rng: random.Random) -> None:
    way, head = rng.randrange(3), rng.uniform(14, 19)
    if way == 1:
        sketch.plane([*arc(44, 52, 36, None, 0, 180), (8, 34), (30, 52)])
        sketch.plane(ellipse(64, 34, head))
        sketch.plane(box(78, 32, 16, 8, 4), 1)
        sketch.detail(arc(40, 58, 16, 14, 0, 180))
    else:
        sketch.plane(curve(62, 44, 78, 56, 76, 80, 50, 90, 22, 84, 6, 52, 28, 58, 50, 54))
        sketch.plane(ellipse(64, 32, head))
        sketch.plane(curve(76, 30, 94, 28, 96, 34, 78, 40), 1)
        if way == 0:
            sketch.score(curve(60, 66, 48, 78, 30, 70, closed=False), 3)
    sketch.detail(ellipse(67, 29, 2.8))


def penguin(sketch: Sketch, rng: random.Random) -> None:
    way, w = rng.randrange(3), rng.uniform(20, 27)
    if way == 2:  # from the side
        sketch.plane(curve(44, 10, 58, 16, 74, 22, 60, 28, 64, 50, 62, 80, 54, 92, 34, 92, 22, 94, 30, 70, 32, 30))
        sketch.detail(curve(54, 32, 59, 50, 58, 78, 50, 88, 46, 60))
        sketch.detail(ellipse(52, 19, 2.2))
        return
    sketch.plane(soft_outline(50, 8, 50 + w * 0.75, 18, 50 + w, 60, 50 + w * 0.7, 86, 50, 90))
    flap = rng.uniform(4, 16)
    draw_both(sketch, polygon(50 + w * 0.8, 38, 50 + w + flap, 70, 50 + w * 0.95, 62))
    if way == 0:
        sketch.detail(soft_outline(50, 40, 50 + w * 0.6, 46, 50 + w * 0.7, 66, 50 + w * 0.4, 82, 50, 84))
        cut_eyes(sketch, rng, w * 0.3, 25, 2.6)
    else:
        sketch.detail(soft_outline(50, 27, 50 + w * 0.4, 20, 50 + w * 0.55, 34, 50 + w * 0.72, 62, 50 + w * 0.4, 82, 50,
            84))
        draw_both(sketch, ellipse(50 + w * 0.28, 29, 2.4))
    sketch.plane(polygon(45, 32, 55, 32, 50, 40), 1)
    draw_both(sketch, ellipse(50 + w * 0.45, 92, 8, 3.4), 1)


def rooster(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(3)
    if way == 0:  # head
        sketch.plane(curve(34, 30, 48, 22, 62, 32, 66, 48, 74, 92, 18, 92, 28, 60))
        for x, y in ((34, 20), (46, 13), (58, 20)):
            sketch.plane(ellipse(x, y, 9, 10), 1)
        sketch.plane(polygon(63, 36, 88, 44, 64, 52), 2)
        sketch.plane(ellipse(66, 62, 6, 10), 1)
        sketch.detail(ellipse(52, 38, 3.4))
    elif way == 1:
        for at in range(rng.choice((3, 4))):
            sketch.plane(thick(arc(22 + at * 3, 60, 12 + at * 7, 34 + at * 6, 190, 290, 12), 7, end=5), at % 3)
        sketch.plane(curve(30, 54, 50, 58, 62, 42, 66, 18, 78, 18, 82, 40, 72, 66, 54, 80, 34, 72))
        sketch.plane(polygon(78, 22, 92, 28, 79, 31), 1)
        sketch.plane(curve(62, 16, 64, 6, 69, 11, 73, 4, 76, 11, 82, 7, 80, 17, 70, 19), 2)
        sketch.detail(ellipse(74, 25, 2.2))
        for x in (50, 60):
            sketch.line([(x, 76), (x, 94), (x + 8, 94)], 3.4)
    else:
        draw_planes(sketch, rng, polygon(66, 20, 80, 22, 72, 46, 60, 44), polygon(58, 46, 72, 50, 58, 80, 34, 74),
            polygon(56, 48, 32, 72, 8, 30, 30, 44), polygon(80, 20, 94, 28, 80, 30))
        for at in range(3):
            sketch.plane(polygon(64 + at * 6, 18, 65 + at * 6, 6, 70 + at * 6, 18), 2)
        sketch.line([(52, 80), (52, 94), (60, 94)], 3)


def feather(sketch: Sketch, rng: random.Random) -> None:
    way, bend, w = rng.randrange(5), rng.uniform(-14, 14), rng.uniform(12, 20)
    spine = curve(50 - bend, 94, 50 + bend * 0.6, 66, 50 + bend, 36, 50 - bend * 0.2, 6, closed=False, points=10)
    outline: Points = []
    for side in (-1, 1):
        edge = []
        for at in range(6, 31):
            x, y = spine[min(at, len(spine) - 1)]
            share = (at - 6) / 24
            edge.append((x + side * w * math.sin(math.pi * share**0.8) ** 0.6 * (1 if side > 0 else 0.8), y))
        outline += edge if side < 0 else edge[::-1]
    if way == 0:
        sketch.plane(outline)
        sketch.score(spine[7:27], rng.uniform(2, 3.4))
        sketch.line(spine[:8], 3.4)
        for at in rng.sample(range(11, 25), rng.choice((0, 2, 3))):
            x, y = spine[at]
            side = rng.choice((-1, 1))
            sketch.score([(x + side * 2, y), (x + side * w * 0.75, y - 6)], 2.4)
    elif way == 1:  # two vanes of planes
        for side in (-1, 1):
            half = outline[:25] if side < 0 else outline[25:]
            sketch.plane([(x + side * 1.4, y) for x, y in half] + [(50 + side * 1.4 + bend * 0.5, 50)],
                0 if side < 0 else 1)
        sketch.line(spine[:9], 3)
    elif way == 2:  # slit on both sides
        sketch.plane(outline)
        count = rng.choice((5, 6, 8))
        for at in range(count):
            x, y = spine[9 + at * 16 // count]
            for side in (-1, 1):
                sketch.score([(x + side * 2.2, y), (x + side * w * 0.8, y - w * 0.5)], rng.uniform(1.6, 2.6))
        sketch.line(spine[:9], 3.2)
    elif way == 3:
        sketch.line([*outline, outline[0]], rng.uniform(3, 5))
        sketch.line(spine[:22], 3)
    else:  # notched quill in a sweep
        sketch.plane(curve(16, 92, 24, 62, 44, 32, 88, 6, 90, 26, 78, 44, 66, 46, 70, 52, 52, 64, 40, 66, 44, 71, 28,
            78))
        sketch.score(curve(26, 76, 44, 52, 74, 22, closed=False), 2.6)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "owl": (owl, "3.7.5 3.7.24", "tilt"),
    "eagle-head": (eagle_head, "3.7.1 3.7.24 3.7.99", "mirror tilt"),
    "parrot": (parrot, "3.7.15 3.7.24", "mirror tilt"),
    "hummingbird": (hummingbird, "3.7.16 3.7.22 3.7.24", "mirror tilt"),
    "flying-bird": (flying_bird, "3.7.16 3.7.24", "mirror tilt"),
    "sitting-bird": (sitting_bird, "3.7.21 3.7.24", "mirror tilt"),
    "swan": (swan, "3.7.6 3.7.24", "mirror tilt"),
    "duck": (duck, "3.7.6 3.7.24", "mirror tilt"),
    "penguin": (penguin, "3.7.8 3.7.24", "mirror tilt"),
    "rooster": (rooster, "3.7.3 3.7.24", "mirror tilt"),
    "feather": (feather, "3.7.19", "mirror tilt"),
}
