"""Cats, dogs, bears, rabbits and other animals with paws."""

# fmt: off

import math
import random

from schematic.geometry import along, arc, centre, curve, ellipse, polygon, regular, scaled, star, turned
from schematic.outlines import cut_both, cut_eyes, draw_both, draw_facets, soft_outline, symmetric_outline
from schematic.sketch import Kind, Sketch


def _nose(sketch: Sketch, rng: random.Random, y: float, size: float, *, mouth: bool = True) -> None:
    if rng.random() < 0.5:
        sketch.detail(ellipse(50, y, size, size * 0.7))
    else:
        sketch.detail(polygon(50 - size, y - size * 0.6, 50 + size, y - size * 0.6, 50, y + size * 0.7))
    if mouth and rng.random() < 0.6:
        sketch.score([(50, y + size), (50, y + size * 1.8)], 2.4)
        for start, end, side in ((10, 150, -1), (30, 170, 1)):
            sketch.score(arc(50 + side * size, y + size * 1.8, size, size * 0.8, start, end, 8), 2.4)


def _muzzle(sketch: Sketch, rng: random.Random, y: float, across: float, down: float) -> None:
    """Draw a light muzzle with a dark nose."""
    sketch.detail(ellipse(50, y, across, down))
    sketch.plane(ellipse(50, y - down * 0.35, across * 0.42, down * 0.32), 1)
    if rng.random() < 0.6:
        sketch.line([(50, y - down * 0.2), (50, y + down * 0.45)], 2.2)


def fox_head(sketch: Sketch, rng: random.Random) -> None:
    w, ear, chin, cheek = rng.uniform(30, 43), rng.uniform(5, 16), rng.uniform(82, 95), rng.uniform(46, 62)
    r, inner, way = 50 + w, 50 + w * rng.uniform(0.15, 0.35), rng.randrange(5)
    if way == 0:
        draw_facets(sketch, rng, [polygon(inner, 36, r, ear, r, 44), polygon(50, 38, inner, 36, r - 2, 46, 50, 76),
            polygon(r, 47, r, cheek + 4, 53, chin, 51, 78)])
    elif way == 1:
        sketch.plane(symmetric_outline(50, 36, inner, 36, r - 2, ear, r, cheek, 50, chin))
        cut_both(sketch, polygon(50 + w * 0.86, cheek - 2, 50 + w * 0.3, cheek + 2, 53, chin - 12))
        cut_eyes(sketch, rng, w * 0.4, cheek - 11, 3.5)
    elif way == 2:
        draw_both(sketch, polygon(52, 40, r, ear, r, cheek, 52, chin), 1)
        cut_both(sketch, polygon(55, 66, r - 5, cheek - 8, 55, chin - 14))
        sketch.plane(polygon(44, chin - 4, 56, chin - 4, 50, chin + 3), 2)
    elif way == 3:
        sketch.plane(polygon(30, 34, 38, 8, 50, 28, 62, 34, 94, 56, 88, 63, 62, 66, 46, 92, 14, 92, 22, 56))
        sketch.detail(polygon(60, 44, 68, 47, 60, 49))
        sketch.detail(polygon(56, 62, 84, 60, 60, 64, 46, 84))
    else:
        sketch.line([*symmetric_outline(50, 38, inner, 36, r - 3, ear, r, cheek, 50, chin), (50, 38)], rng.uniform(3,
            6))
        for side in (-1, 1):
            sketch.line([(50 + side * w, cheek), (50 + side * w * 0.25, cheek + 4), (50, chin)], 3.5)
        sketch.plane(ellipse(50, chin - 3, 5, 4))


def cat_head(sketch: Sketch, rng: random.Random) -> None:
    w, ear, low, way = rng.uniform(32, 42), rng.uniform(6, 16), rng.uniform(78, 90), rng.randrange(4)
    r = 50 + w
    if way == 0:
        sketch.plane(soft_outline(50, 32, 50 + w * 0.6, 36, r, 60, 50 + w * 0.6, low - 4, 50, low))
        draw_both(sketch, polygon(50 + w * 0.15, 36, 50 + w * 0.85, ear, 50 + w * 0.95, 60))
    elif way == 1:
        sketch.plane(symmetric_outline(50 + w * 0.25, 32, r, ear, r, 64, 50 + w * 0.5, low))
    elif way == 2:
        head = [*arc(50, 56, w, low - 56, 0, 180, 20), (50 - w, ear), (50 - w * 0.35, 32), (50 + w * 0.35, 32)]
        sketch.line([*head, (50 + w, ear), head[0]], rng.uniform(3.5, 6.5))
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * w * 0.42, 54, 3.5, 5))
            sketch.line([(50 + side * 10, 68), (50 + side * (w + 8), 66)], 2.4)
            sketch.line([(50 + side * 10, 72), (50 + side * (w + 6), 76)], 2.4)
        sketch.plane(polygon(45, 62, 55, 62, 50, 67), 1)
        return
    else:
        draw_facets(sketch, rng, [polygon(50 + w * 0.2, 34, r, ear, r, 50), polygon(50, 36, 50 + w * 0.2, 34, r, 52,
            50, 64), polygon(r, 54, r - 4, 66, 50 + w * 0.3, low, 50, low, 50, 68)])
    cut_eyes(sketch, rng, w * 0.42, 54, rng.uniform(3.5, 6))
    _nose(sketch, rng, 66, 4)
    if rng.random() < 0.5:
        for side in (-1, 1):
            for at in (0, 1, 2):
                sketch.line([(r + 1 if side > 0 else 99 - r, 60 + at * 5), (50 + side * (w + 13), 56 + at * 8)], 2)


def dog_head(sketch: Sketch, rng: random.Random) -> None:
    w, hang, way = rng.uniform(22, 30), rng.uniform(56, 80), rng.randrange(5)
    r = 50 + w
    if way == 0:
        sketch.plane(soft_outline(50, 14, 50 + w * 0.8, 22, r, 50, 50 + w * 0.7, 82, 50, 90))
        draw_both(sketch, curve(50 + w * 0.7, 14, r + 12, 24, r + 16, hang - 10, r + 6, hang, r - 1, 40), 1)
        cut_eyes(sketch, rng, w * 0.45, 42, 4)
        if rng.random() < 0.5:
            _muzzle(sketch, rng, 68, w * 0.6, 15)
        else:
            _nose(sketch, rng, 62, 7)
    elif way == 1:
        sketch.plane(curve(26, 22, 44, 10, 62, 20, 70, 36, 90, 44, 92, 58, 76, 66, 62, 68, 56, 94, 18, 94, 22, 60))
        sketch.detail(curve(26, 28, 40, 26, 44, 44, 38, hang - 4, 26, hang - 10, 20, 40))
        sketch.detail(ellipse(61, 35, 3))
    elif way == 2:
        draw_facets(sketch, rng, [polygon(50 + w * 0.6, 18, r + 14, 24, r + 10, hang, r, 40), polygon(50, 16,
            50 + w * 0.6, 18, r, 42, 50 + w * 0.4, 60, 50, 52), polygon(50, 56, 50 + w * 0.45, 62, 50 + w * 0.4, 84,
            50, 92)])
        _nose(sketch, rng, 66, 4, mouth=False)
    elif way == 3:
        sketch.plane(symmetric_outline(50 + w * 0.3, 26, 50 + w * 0.5, 6, r + 6, 22, r, 54, 50 + w * 0.6, 66,
            50 + w * 0.5, 90))
        cut_eyes(sketch, rng, w * 0.5, 44, 3.5)
        _nose(sketch, rng, 76, 7, mouth=False)
    else:
        stroke = rng.uniform(4, 7)
        sketch.line(arc(50, 46, w, 34, 180, 360), stroke)
        for side in (-1, 1):
            sketch.line(curve(50 + side * w, 40, 50 + side * (w + 16), 30, 50 + side * (w + 14), hang,
                              50 + side * (w + 1), hang - 8, closed=False), stroke)
            sketch.line([(50 + side * w, hang - 8), (50 + side * w * 0.7, 84), (50, 88)], stroke)
            sketch.plane(ellipse(50 + side * w * 0.45, 44, 3.6))
        sketch.plane(ellipse(50, 64, 8, 6), 1)


def wolf_head(sketch: Sketch, rng: random.Random) -> None:
    w, ear, way = rng.uniform(32, 40), rng.uniform(4, 14), rng.randrange(4)
    r = 50 + w
    if way == 0:
        sketch.plane(symmetric_outline(50, 30, 60, 28, 50 + w * 0.75, ear, 50 + w * 0.9, 36, r + 4, 56, r - 6, 58,
            r - 6, 70, r - 16, 70, 62, 88, 50, 94))
        cut_both(sketch, polygon(50 + w * 0.2, 54, 50 + w * 0.65, 44, 50 + w * 0.55, 54))
        cut_both(sketch, polygon(57, 60, 50 + w * 0.6, 60, 58, 76))
        sketch.detail(polygon(45, 80, 55, 80, 50, 87))
    elif way == 1:
        draw_facets(
            sketch,
            rng,
            [
                polygon(58, 32, 50 + w * 0.7, ear, 50 + w * 0.85, 40),
                polygon(50, 30, 57, 34, 50 + w * 0.8, 42, 57, 56, 50, 70),
                polygon(50 + w * 0.85, 44, r + 4, 60, 50 + w * 0.5, 74, 58, 58),
                polygon(50, 74, 57, 60, 50 + w * 0.45, 76, 56, 92, 50, 94),
            ],
        )
    elif way == 2:
        sketch.plane(polygon(30, 30, 38, 6, 50, 24, 64, 34, 95, 50, 92, 60, 74, 62, 88, 66, 64, 74, 58, 94, 12, 94, 20,
            78, 12, 74, 22, 58, 16, 50))
        sketch.detail(polygon(54, 40, 66, 44, 56, 46))
        sketch.score([(70, 62), (50, 66), (40, 84)], 3)
    else:  # howling
        sketch.plane(polygon(66, 6, 74, 10, 66, 34, 60, 44, 66, 70, 60, 94, 14, 94, 20, 66, 34, 44, 24, 36, 42, 34))
        sketch.detail(polygon(54, 27, 61, 21, 58, 29))
        sketch.score([(44, 40), (38, 58), (46, 66), (36, 82)], 3)


def bear_head(sketch: Sketch, rng: random.Random) -> None:
    w, high, ear, way = rng.uniform(32, 40), rng.uniform(28, 36), rng.uniform(9, 15), rng.randrange(4)
    if way == 3:
        sketch.plane(curve(18, 40, 22, 20, 36, 14, 56, 22, 72, 38, 92, 46, 92, 58, 78, 66, 60, 70, 56, 94, 8, 94, 12,
            60))
        sketch.plane(ellipse(32, 18, ear * 0.8), 1)
        sketch.detail(ellipse(62, 40, 2.8))
        sketch.detail(ellipse(88, 50, 3))
        sketch.score([(90, 60), (72, 58)], 2.5)
        return
    if way == 2:
        draw_facets(
            sketch,
            rng,
            [
                regular(50 + w * 0.72, 24, ear * 1.1, 6),
                polygon(50, 24, 50 + w * 0.55, 28, 50 + w, 50, 50 + w * 0.4, 58, 50, 52),
                polygon(50 + w, 54, 50 + w * 0.7, 78, 50 + w * 0.4, 86, 50 + w * 0.4, 62),
            ],
            (polygon(36, 60, 50, 56, 64, 60, 62, 86, 38, 86),),
        )
        _nose(sketch, rng, 66, 6)
        return
    draw_both(sketch, ellipse(50 + w * 0.75, 58 - high * 0.85, ear), 1)
    sketch.plane(ellipse(50, 58, w, high) if way == 0 else soft_outline(50, 28, 50 + w * 0.7, 34, 50 + w, 62, 74, 86,
        50, 92))
    cut_eyes(sketch, rng, w * 0.42, 52, 3.6)
    _muzzle(sketch, rng, 70, w * 0.42, high * 0.4)


def panda_head(sketch: Sketch, rng: random.Random) -> None:
    w, high, ear, way = rng.uniform(33, 40), rng.uniform(30, 35), rng.uniform(9, 14), rng.randrange(3)
    draw_both(sketch, ellipse(50 + w * 0.75, 58 - high * 0.85, ear), 1)
    if way == 0:
        sketch.plane(ellipse(50, 58, w, high))
        sketch.detail(ellipse(50, 58, w - rng.uniform(3, 5), high - 4))
    elif way == 1:
        sketch.line(arc(50, 58, w, high, rng.uniform(-30, 20), 180 - rng.uniform(-30, 20)), rng.uniform(3, 6))
    x = 50 + w * 0.42
    patch = turned(ellipse(x, 54, rng.uniform(7, 9), rng.uniform(10, 13)), 35, (x, 54))
    draw_both(sketch, patch)
    if rng.random() < 0.6:
        cut_both(sketch, ellipse(x, 53, 2.8))
    sketch.plane(ellipse(50, 70, 6, 4))
    if rng.random() < 0.5:
        sketch.line(arc(50, 72, 10, 8, 20, 160, 10), 2.4)


def lion_head(sketch: Sketch, rng: random.Random) -> None:
    way, tips = rng.randrange(5), rng.choice((9, 12, 16))
    if way == 3:  # in profile
        sketch.plane(polygon(40, 8, 58, 14, 52, 28, 40, 34, 44, 56, 34, 60, 46, 76, 36, 94, 14, 88, 18, 76, 8, 66, 16,
            54, 6, 42, 18, 32, 16, 18, 32, 20), 1)
        sketch.plane(polygon(56, 28, 68, 26, 74, 36, 92, 48, 88, 58, 74, 60, 86, 66, 70, 74, 54, 72, 46, 52, 46, 36))
        sketch.detail(polygon(64, 38, 72, 40, 64, 43))
        return
    if way == 4:  # rays round a face
        for at in range(tips):
            angle, half = 360 * at / tips - 90, 140 / tips
            out = rng.uniform(42, 47)
            ray = [along(50, 50, 29, angle - half), along(50, 50, out, angle), along(50, 50, 29, angle + half)]
            sketch.plane([*ray, along(50, 50, 25, angle)], 1 + at % 2)
        sketch.plane(symmetric_outline(50, 26, 64, 30, 70, 46, 62, 68, 50, 76))
        cut_eyes(sketch, rng, 9, 46, 3)
        _nose(sketch, rng, 60, 6)
        return
    if way == 0:
        mane = star(50, 50, 46, tips, rng.uniform(0.72, 0.88))
    elif way == 1:
        mane = [along(50, 50, 42 + 4 * math.sin(at * math.pi / 4), at * 360 / (8 * tips)) for at in range(8 * tips)]
    else:
        mane = symmetric_outline(50, 6, 68, 10, 80, 22, 90, 40, 84, 62, 74, 80, 50, 96)
    sketch.plane(mane, 1)
    if rng.random() < 0.6:
        face = soft_outline(50, 26, 66, 30, 72, 48, 64, 70, 50, 78) if way else ellipse(50, 50, 26, 28)
        sketch.detail(face)
        draw_both(sketch, ellipse(61, 46, 3, 4))
        sketch.plane(polygon(42, 56, 58, 56, 52, 64, 52, 70, 48, 70, 48, 64))
    else:
        sketch.score([*arc(50, 50, 27, 29, -60, 240, 30)], 3.5)
        cut_eyes(sketch, rng, 11, 46, 3.6)
        _nose(sketch, rng, 60, 6)


def rabbit_head(sketch: Sketch, rng: random.Random) -> None:
    w, way, splay = rng.uniform(20, 28), rng.randrange(4), rng.uniform(0, 18)
    ear = turned(ellipse(59, 26, rng.uniform(6, 9), 24), splay, (58, 50))
    if way == 3:
        sketch.plane(curve(30, 60, 44, 44, 62, 46, 84, 62, 80, 74, 60, 78, 50, 94, 22, 94))
        for turn in (-45, -18):
            sketch.plane(turned(ellipse(46, 26, 6, 24), turn, (46, 50)), 1 if turn < -20 else 0)
        sketch.detail(ellipse(64, 58, 2.8))
        return
    if way == 1:
        draw_facets(sketch, rng, [polygon(52, 48, 56, 4, 68, 12, 64, 48), polygon(50, 51, 64, 51, 50 + w, 68, 50,
            78), polygon(50, 81, 50 + w, 71, 58, 92, 50, 94)])
        return
    if way == 2:
        stroke = rng.uniform(3.5, 6)
        sketch.line(curve(54, 48, 54, 12, 62, 6, 68, 18, 62, 50, 50 + w, 66, 64, 88, 50, 91, closed=False), stroke)
        sketch.line(curve(46, 48, 46, 12, 38, 6, 32, 18, 38, 50, 50 - w, 66, 36, 88, 50, 91, closed=False), stroke)
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * w * 0.45, 66, 3))
        sketch.plane(polygon(46, 75, 54, 75, 50, 80), 1)
        return
    draw_both(sketch, ear)
    if rng.random() < 0.5:
        cut_both(sketch, scaled(ear, 0.5, 0.65, centre(ear)))
    sketch.plane(ellipse(50, 69, w, rng.uniform(20, 26)))
    cut_eyes(sketch, rng, w * 0.45, 66, 3.4)
    _nose(sketch, rng, 76, 4)


def mouse(sketch: Sketch, rng: random.Random) -> None:
    way, ear = rng.randrange(3), rng.uniform(13, 19)
    if way == 0:
        draw_both(sketch, ellipse(50 + rng.uniform(24, 30), 30, ear))
        if rng.random() < 0.5:
            cut_both(sketch, ellipse(78, 29, ear * 0.5))
        sketch.plane(soft_outline(50, 30, 70, 40, 74, 60, 60, 84, 50, 92))
        cut_eyes(sketch, rng, 10, 58, 3.2)
        sketch.detail(ellipse(50, 84, 3.6))
    elif way == 1:  # whole, from the side
        sketch.plane([*arc(44, 74, 32, rng.uniform(32, 42), 180, 330), (94, 74)])
        sketch.plane(ellipse(64, 48, ear * 0.7), 1)
        sketch.detail(ellipse(78, 66, 2.6))
        sketch.line(curve(12, 74, 4, 60, 14, 46, 6, 34, closed=False), 3.5)
    else:
        sketch.plane(polygon(50, 94, 28, 50, 72, 50))
        draw_both(sketch, regular(74, 34, ear, rng.choice((5, 6, 8))), 1)
        cut_eyes(sketch, rng, 8, 60, 2.8)
        for side in (-1, 1):
            sketch.line([(50 + side * 10, 84), (50 + side * 30, 78)], 2)
            sketch.line([(50 + side * 10, 88), (50 + side * 30, 92)], 2)


def monkey_head(sketch: Sketch, rng: random.Random) -> None:
    w, ear, mask = rng.uniform(26, 32), rng.uniform(9, 13), rng.randrange(3)
    draw_both(sketch, ellipse(50 + w + ear * 0.6, 50, ear), 1)
    sketch.plane(soft_outline(50, 14, 50 + w * 0.9, 30, 50 + w, 58, 50 + w * 0.6, 84, 50, 90))
    if mask == 2:  # ape of planes
        cut_both(sketch, polygon(53, 46, 50 + w * 0.7, 42, 50 + w * 0.6, 54, 54, 54))
        sketch.detail(symmetric_outline(54, 60, 50 + w * 0.6, 68, 50 + w * 0.4, 80))
        sketch.plane(polygon(42, 72, 58, 72, 54, 75, 46, 75), 1)
        return
    face = [*arc(50 - w * 0.36, 48, w * 0.4, None, 100, 330, 16), *arc(50 + w * 0.36, 48, w * 0.4, None, 210, 440, 16),
            *arc(50, 70, w * 0.68, 15, -45, 225, 20)]
    sketch.detail(face)
    draw_both(sketch, ellipse(50 + w * 0.34, 50, 3.4))
    if mask == 0:
        sketch.line(arc(50, 66, 10, 7, 15, 165, 10), 2.6)
    draw_both(sketch, ellipse(53, 63, 1.6), 1)


def cat_sitting(sketch: Sketch, rng: random.Random) -> None:
    way, hip = rng.randrange(3), rng.uniform(18, 26)
    if way == 0:  # from behind
        sketch.plane(soft_outline(50, 38, 60, 44, 50 + hip, 76, 50 + hip * 0.8, 93, 50, 93))
        sketch.plane(ellipse(50, 30, 15, 13))
        draw_both(sketch, polygon(52, 20, 61, 6, 65, 30))
        sketch.line(curve(50 + hip * 0.6, 90, 84, 88, 84, 66, rng.uniform(72, 92), 54, closed=False), rng.uniform(5, 8))
    elif way == 1:  # from the side
        sketch.plane(curve(60, 36, 66, 54, 66, 92, 56, 92, 30, 93, 20, 82, 30, 62, 46, 44))
        sketch.plane(polygon(48, 8, 58, 16, 68, 16, 76, 8, 80, 28, 74, 40, 56, 42, 48, 30))
        sketch.line(curve(24, 88, 8, 84, 10, 60, rng.uniform(12, 24), 50, closed=False), rng.uniform(5, 8))
    else:
        sketch.plane(polygon(38, 44, 62, 44, 50 + hip, 92, 50 - hip, 92))
        sketch.plane(symmetric_outline(56, 18, 66, 6, 68, 34, 56, 42), 1)
        cut_eyes(sketch, rng, 8, 28, 2.5)
        sketch.line(curve(50 - hip, 90, 10, 86, 12, 70, closed=False), 5)


def paw(sketch: Sketch, rng: random.Random) -> None:
    toes, wide, low = rng.choice((3, 4, 4, 4)), rng.uniform(18, 26), rng.uniform(82, 90)
    pad = rng.randrange(4)
    sketch.plane([soft_outline(50, 44, 62, 52, 50 + wide, 72, 50 + wide * 0.7, low, 50, low - 6), ellipse(50, 66,
        wide, 19), polygon(50, 46, 50 + wide, 72, 50 + wide * 0.6, low, 50 - wide * 0.6, low, 50 - wide, 72),
        curve(50, 90, 26, 66,
        28, 54, 40, 50, 50, 58, 60, 50, 72, 54, 74, 66)][pad])
    size, claws = rng.uniform(8, 11), rng.random() < 0.25
    for at in range(toes):
        turn = (at - (toes - 1) / 2) * rng.uniform(30, 36)
        x, y = along(50, 64, 39 if pad != 3 else 34, turn - 90)
        toe = ellipse(x, y, size * 0.8, size * 1.2) if pad != 2 else regular(x, y, size * 1.1, 4)
        sketch.plane(turned(toe, turn, (x, y)), 1)
        if claws:
            u, v = along(50, 64, 56, turn - 90)
            sketch.plane(turned(polygon(u - 3, v + 4, u + 3, v + 4, u, v - 6), turn, (u, v)), 2)


def kangaroo(sketch: Sketch, rng: random.Random) -> None:
    lift = rng.uniform(-4, 4)
    sketch.plane(polygon(72, 6, 76, 16, 92, 22, 90, 28, 76, 30, 70, 48, 60, 66, 66, 76, 56, 84, 78, 90, 76, 95, 46, 93,
        44, 78, 30, 80, 12, 94 + lift * 0.3, 4, 92, 26, 72, 36, 54, 56, 34, 66, 18, 64, 4))
    sketch.plane(polygon(66, 44, 82, 50 + lift, 86, 58 + lift, 78, 55 + lift, 64, 52), 1)
    sketch.score(curve(40, 66, 48, 58, 58, 64, closed=False), 3)
    sketch.detail(ellipse(78, 22, 1.5))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "fox-head": (fox_head, "3.1.8 3.1.16 3.1.24", "mirror tilt"),
    "cat-head": (cat_head, "3.1.6 3.1.16 3.1.24", "tilt"),
    "dog-head": (dog_head, "3.1.8 3.1.16 3.1.24", "mirror tilt"),
    "wolf-head": (wolf_head, "3.1.8 3.1.16 3.1.24", "mirror tilt"),
    "bear-head": (bear_head, "3.1.14 3.1.16 3.1.24", "mirror tilt"),
    "panda-head": (panda_head, "3.1.15 3.1.16 3.1.24", "tilt"),
    "lion-head": (lion_head, "3.1.1 3.1.16 3.1.24", "mirror tilt"),
    "cat-sitting": (cat_sitting, "3.1.6 3.1.24 3.1.28", "mirror"),
    "rabbit-head": (rabbit_head, "3.5.1 3.5.20 3.5.24", "mirror tilt"),
    "mouse": (mouse, "3.5.7 3.5.24", "mirror tilt"),
    "monkey-head": (monkey_head, "3.5.19 3.5.20 3.5.24", "tilt"),
    "kangaroo": (kangaroo, "3.5.15 3.5.24", "mirror tilt"),
    "paw": (paw, "3.6.1 3.6.3", "tilt"),
}
