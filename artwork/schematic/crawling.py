"""Reptiles, snails and insects."""

# fmt: off

import math
import random

from schematic.geometry import (
    along,
    arc,
    box,
    centre,
    curve,
    ellipse,
    mirrored,
    polygon,
    regular,
    scaled,
    thick,
    turned,
)
from schematic.outlines import cut_both, draw_both, soft_outline, symmetric_outline
from schematic.sketch import Kind, Sketch


def turtle(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(3)
    if way == 0:  # from above
        for x, y, turn in ((78, 30, -40), (22, 30, 40), (76, 76, 40), (24, 76, -40)):
            sketch.plane(turned(ellipse(x, y, rng.uniform(12, 16), 7), turn, (x, y)), 1)
        sketch.plane(ellipse(50, 14, 9, 11), 1)
        sketch.plane(polygon(45, 84, 55, 84, 50, 97), 1)
        sketch.plane(ellipse(50, 53, 28, 33))
        sketch.detail(regular(50, 53, 11, 6))
        for at in range(6):
            sketch.score([along(50, 53, 13, at * 60 - 90), along(50, 53, 26, at * 60 - 90)], 2.6)
    else:
        high = rng.uniform(30, 42)
        sketch.plane(arc(44, 70, 36, high, 180, 360))
        sketch.plane(curve(80, 66, 82, 48, 94, 46, 97, 56, 90, 62, 84, 74, 76, 74), 1)
        for x in (20, 60):
            sketch.plane(box(x, 72, 14, 15, 4) if way == 1 else polygon(x, 72, x + 16, 72, x + 22, 90, x + 8, 90), 1)
        sketch.plane(polygon(10, 70, 2, 78, 14, 74), 1)
        sketch.detail(ellipse(90, 53, 1.8))
        for x in (30, 44, 58):
            if way == 1:
                sketch.score([(x, 68), (44 + (x - 44) * 0.6, 70 - high * 0.7)], 2.8)
            else:
                sketch.detail(regular(x, 60, 5.5, 6))


def snail(sketch: Sketch, rng: random.Random) -> None:
    way, radius = rng.randrange(3), rng.uniform(25, 31)
    turns = rng.uniform(2, 3)
    spiral = [along(42, 48, radius * 0.85 * (1 - at / 50), 60 + 360 * turns * at / 50) for at in range(48)]
    foot = curve(4, 86, 30, 78, 60, 78, 72, 62, 76, 40, 90, 42, 92, 58, 84, 82, 66, 90, 30, 90)
    if way == 0:
        sketch.plane(foot, 1)
        sketch.plane(ellipse(42, 48, radius))
        sketch.score(spiral, 3.4)
    elif way == 1:
        sketch.line(scaled(spiral, 1.15, None, (42, 48)), rng.uniform(4, 7))
        sketch.line(curve(6, 86, 40, 84, 70, 84, 82, 66, 84, 44, closed=False), rng.uniform(4, 7))
    else:
        sketch.plane(foot, 1)
        for at, share in enumerate((1, 0.66, 0.33)):
            (sketch.plane if at % 2 == 0 else sketch.detail)(ellipse(42 + at * 3, 48 + at * 3, radius * share))
    for x in (76, 92):
        sketch.line([(84 + (x - 84) * 0.4, 44), (x, 26)], 3)
        sketch.plane(ellipse(x, 25, 3))


def snake(sketch: Sketch, rng: random.Random) -> None:
    way, width = rng.randrange(5), rng.uniform(7, 12)
    if way == 0:
        spine = curve(76, 20, 50, 14, 26, 28, 40, 46, 64, 52, 76, 68, 56, 84, 30, 84, 12, 76, closed=False)
        sketch.plane(thick(spine, width + 2, end=3))
        sketch.plane(curve(68, 12, 84, 12, 92, 22, 82, 28, 70, 26))
        sketch.detail(ellipse(81, 18, 2))
        sketch.line([(90, 22), (98, 26)], 2)
    elif way == 1:  # wave
        high = rng.uniform(13, 22)
        sketch.line([(10 + at, 50 + high * math.sin(at / 9)) for at in range(0, 74, 2)], width)
        sketch.plane(ellipse(86, 50 + high * 0.95, 9, 7))
        sketch.detail(ellipse(88, 48 + high * 0.95, 1.9))
    elif way == 2:  # coiled
        for at in range(3):
            sketch.plane(box(14 + at * 8, 78 - at * 15, 68 - at * 16, 12, 6), at % 3)
        sketch.plane(thick(curve(58, 50, 66, 36, 48, 28, 54, 14, closed=False), 9))
        sketch.plane(curve(48, 12, 56, 4, 74, 10, 72, 18, 54, 20))
        sketch.detail(ellipse(62, 11, 2))
    elif way == 3:  # ring that bites its tail
        sketch.plane(thick(arc(50, 52, 34, None, -60, 265, 40), 4, end=width + 2))
        sketch.plane(curve(40, 10, 54, 8, 68, 18, 66, 26, 52, 26, 40, 26))
        sketch.detail(ellipse(54, 15, 2))
    else:  # head from the front
        sketch.plane(symmetric_outline(50, 12, 66, 18, 80, 44, 70, 68, 50, 80))
        cut_both(sketch, polygon(56, 48, 70, 40, 66, 52))
        cut_both(sketch, ellipse(54, 66, 1.8))
        sketch.line([(50, 80), (50, 90), (44, 97)], 3)
        sketch.line([(50, 90), (56, 97)], 3)


def crocodile(sketch: Sketch, rng: random.Random) -> None:
    way, gape = rng.randrange(3), rng.uniform(4, 16)
    if way == 0:  # head with teeth
        sketch.plane(polygon(6, 40, 30, 26, 44, 30, 96, 44 - gape, 92, 54 - gape, 40, 54))
        sketch.plane(polygon(6, 44, 40, 57, 92, 60 + gape * 0.4, 88, 70 + gape * 0.4, 36, 78, 8, 74), 1)
        for at in range(5):
            x = 50 + at * 9
            sketch.plane(polygon(x, 53 - at * gape / 5, x + 7, 53 - at * gape / 5, x + 3, 60 - at * gape / 5), 2)
        sketch.plane(ellipse(34, 27, 8))
        sketch.detail(ellipse(35, 26, 3))
    else:
        sketch.plane(polygon(96, 52, 74, 46, 68, 40, 60, 46, 30, 44, 4, 62, 30, 62, 44, 64, 72, 62, 94, 60))
        for x in (32, 58):
            sketch.plane(polygon(x, 60, x + 10, 60, x + 4, 72, x + 10, 76, x - 4, 76))
        for at in range(6):
            sketch.plane(polygon(24 + at * 6, 46, 27 + at * 6, 39, 30 + at * 6, 46), 1)
        sketch.detail(ellipse(70, 46, 1.8))
        if way == 1:
            sketch.score([(94, 56), (74, 56)], 2)


def frog(sketch: Sketch, rng: random.Random) -> None:
    way, w, eye = rng.randrange(3), rng.uniform(32, 40), rng.uniform(10, 14)
    if way == 0:
        sketch.plane(ellipse(50, 60, w, rng.uniform(22, 30)))
        draw_both(sketch, ellipse(50 + w * 0.55, 36, eye))
        cut_both(sketch, ellipse(50 + w * 0.55, 35, eye * 0.55))
        if rng.random() < 0.5:
            draw_both(sketch, ellipse(50 + w * 0.55, 35, eye * 0.28), 1)
        sketch.score(arc(50, 54, w * 0.7, 18, 15, 165, 20), 3.6)
    elif way == 1:  # from above
        sketch.plane(soft_outline(50, 18, 66, 30, 68, 56, 58, 78, 50, 80))
        draw_both(sketch, ellipse(61, 25, 6))
        for line in ((64, 40, 82, 34, 86, 18), (60, 70, 88, 58, 76, 82, 92, 90)):
            for side in (1, -1):
                points = polygon(*line)
                sketch.line(points if side > 0 else mirrored(points), 7)
        cut_both(sketch, ellipse(61, 24, 2))
    else:  # sitting, from the side
        sketch.plane(curve(70, 26, 88, 38, 92, 50, 78, 58, 72, 84, 60, 88, 30, 90, 10, 84, 22, 62, 44, 40))
        sketch.plane(ellipse(68, 28, eye * 0.8))
        sketch.detail(ellipse(69, 27, 3.4))
        sketch.score(curve(48, 86, 20, 80, 34, 60, 50, 68, 40, 80, closed=False), 3.4)


def lizard(sketch: Sketch, rng: random.Random) -> None:
    bend, way = rng.uniform(8, 18), rng.randrange(2)
    spine = curve(50 + bend, 18, 50, 36, 50 - bend * 0.4, 54, 54, 72, 50 + bend, 84, 50, 95, closed=False)
    sketch.plane(thick(spine[:20], rng.uniform(10, 15), end=11))
    sketch.plane(thick(spine[18:], 11, end=2))
    sketch.plane(turned(polygon(50 + bend, 2, 60 + bend, 14, 56 + bend, 24, 44 + bend, 24, 40 + bend, 14), 20,
        (50 + bend, 18)))
    for x, y, u, v, a, b in ((52, 34, 74, 36, 80, 22), (48, 36, 28, 44, 20, 30), (50, 60, 70, 66, 74, 82), (48, 60, 28,
        62, 22, 78)):
        sketch.line([(x, y), (u, v), (a, b)], 5)
        for turn in (-50, 0, 50) if way else ():
            angle = math.degrees(math.atan2(b - v, a - u)) + turn
            sketch.line([(a, b), along(a, b, 8, angle)], 3)
    sketch.score(spine[8:18], 2.4)


def butterfly(sketch: Sketch, rng: random.Random) -> None:
    way, reach, lift = rng.randrange(6), rng.uniform(34, 44), rng.uniform(8, 20)
    upper = curve(52, 46, 50 + reach * 0.4, lift + 6, 50 + reach, lift, 50 + reach * 0.95, 40, 50 + reach * 0.6, 54, 54,
        52)
    lower = curve(53, 54, 50 + reach * 0.6, 56, 50 + reach * 0.8, 74, 50 + reach * 0.45, 90, 56, 76)
    if way == 1:
        upper = polygon(53, 48, 50 + reach, lift, 50 + reach * 0.9, 50)
        lower = polygon(53, 53, 50 + reach * 0.8, 55, 50 + reach * 0.55, 88)
    elif way == 2:
        upper, lower = ellipse(52 + reach * 0.5, 36, reach * 0.5, 22), ellipse(52 + reach * 0.36, 70, reach * 0.36, 16)
    if way == 4:  # from the side
        sketch.plane(curve(28, 78, 20, 40, 40, 10, 74, 8, 72, 40, 44, 66))
        sketch.plane(curve(34, 80, 50, 66, 76, 50, 92, 60, 84, 82, 56, 86), 1)
        sketch.line([(20, 88), (34, 72)], 5)
        sketch.line([(20, 88), (8, 76)], 2)
        return
    if way == 3:
        stroke = rng.uniform(3.5, 6)
        for shape in (upper, lower):
            sketch.line([*shape, shape[0]], stroke)
            sketch.line([*mirrored(shape), mirrored(shape)[0]], stroke)
    else:
        draw_both(sketch, upper, 0)
        draw_both(sketch, lower, 1)
        if rng.random() < 0.5:
            cut_both(sketch, scaled(upper, 0.4, None, centre(upper)))
    if way != 5 and rng.random() < 0.8:
        sketch.plane(ellipse(50, 54, 3, rng.uniform(16, 24)), 2)
        for side in (-1, 1):
            sketch.line(curve(50, 34, 50 + side * 4, 22, 50 + side * 12, 14, closed=False), 2)


def bee(sketch: Sketch, rng: random.Random) -> None:
    way, w = rng.randrange(3), rng.uniform(15, 22)
    if way == 0:  # from above
        draw_both(sketch, turned(ellipse(72, 42, 21, 11), rng.uniform(-30, 15), (54, 44)), 1)
        sketch.plane(soft_outline(50, 34, 50 + w, 46, 50 + w * 0.9, 70, 50 + w * 0.3, 90, 50, 95))
        for y in (52, 64, 76):
            sketch.score([(50 - w * 0.66, y), (50 + w * 0.66, y)], 4.6)
        sketch.plane(ellipse(50, 24, 11, 10))
        for side in (-1, 1):
            sketch.line(curve(50 + side * 4, 16, 50 + side * 7, 8, 50 + side * 13, 4, closed=False), 2.6)
    elif way == 1:  # from the side
        sketch.plane(ellipse(50, 60, 32, 22))
        for x in (38, 52):
            sketch.score([(x, 43), (x, 77)], 6)
        sketch.plane(turned(ellipse(44, 26, 11, 18), -30, (46, 40)), 1)
        sketch.plane(turned(ellipse(60, 26, 10, 16), 20, (56, 40)), 2)
        sketch.plane(polygon(20, 54, 6, 60, 20, 66), 1)
        sketch.detail(ellipse(71, 55, 3))
        sketch.line([(74, 42), (84, 30)], 3)
    else:  # of bars and planes
        draw_both(sketch, polygon(53, 40, 92, 22, 88, 46, 56, 54), 1)
        for y, half in ((44, w), (57, w), (70, w * 0.8)):
            sketch.plane(box(50 - half, y, 2 * half, 9, 2))
        sketch.plane(polygon(50 - w * 0.6, 83, 50 + w * 0.6, 83, 50, 97))
        sketch.plane(regular(50, 30, 12, 6))


def ladybug(sketch: Sketch, rng: random.Random) -> None:
    way, size = rng.randrange(3), rng.uniform(30, 37)
    for side in (-1, 1):
        for y in (42, 58, 74) if rng.random() < 0.7 else ():
            sketch.line([(50 + side * size * 0.8, y), (50 + side * (size + 11), y + rng.uniform(-8, 8))], 3.4)
        sketch.line(curve(50 + side * 6, 16, 50 + side * 10, 8, 50 + side * 18, 4, closed=False), 2.8)
    sketch.plane(arc(50, 30, 17, 17, 180, 360), 1)
    if way == 1:  # wings apart
        for side in (-1, 1):
            wing = turned(arc(51, 58, size, size, -90, 90), -rng.uniform(6, 16), (50, 30))
            sketch.plane(wing if side > 0 else mirrored(wing))
    else:
        sketch.plane(ellipse(50, 60, size, size * rng.uniform(0.9, 1.05)))
        sketch.score([(50, 32), (50, 60 + size * 0.86)], 3)
    spot = rng.uniform(4, 6.5)
    for x, y in ((66, 50), (64, 70)) if way else ((66, 46), (70, 64), (60, 78)):
        cut_both(sketch, ellipse(x, y, spot))


def dragonfly(sketch: Sketch, rng: random.Random) -> None:
    reach, tilt, way = rng.uniform(36, 44), rng.uniform(-6, 16), rng.randrange(3)
    for y, turn in ((32, -tilt), (44, tilt)):
        wing = ellipse(54 + reach / 2, y, reach / 2, rng.uniform(4.5, 7))
        if way == 1:
            wing = polygon(53, y, 50 + reach, y - 6, 52 + reach, y + 5)
        wing = turned(wing, turn, (52, y))
        if way == 2:
            sketch.line([*wing, wing[0]], 2.6)
            sketch.line([*mirrored(wing), mirrored(wing)[0]], 2.6)
        else:
            draw_both(sketch, wing, 1)
    sketch.plane(box(47, 24, 6, 26, 3))
    sketch.plane(thick([(50, 46), (50, 95)], rng.uniform(3.5, 5.5), end=3))
    sketch.plane(ellipse(50, 18, 7, 6))


def spider(sketch: Sketch, rng: random.Random) -> None:
    size, way, knee = rng.uniform(13, 19), rng.randrange(3), rng.uniform(28, 36)
    for side in (-1, 1):
        for at in range(4):
            y = 40 + at * 5
            end = (16, 30, 70, 88)[at]
            x = 50 + side * knee
            sketch.line([(50 + side * 5, y), (x, (y + end) / 2 + (-10 if at < 2 else -2)), (50 + side * (knee + 9),
                end)], rng.uniform(2.6, 4))
    sketch.plane(ellipse(50, 62, size, size * 1.2), 0)
    sketch.plane(ellipse(50, 40, size * 0.6), 1)
    if way == 0:
        sketch.line([(50, 34), (50, 2)], 2)
    elif way == 1:
        sketch.detail(polygon(44, 54, 56, 54, 44, 70, 56, 70))


def ant(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(2)
    if way == 0:  # from above
        for side in (-1, 1):
            for y, u, v in ((44, 78, 26), (50, 84, 54), (55, 78, 84)):
                sketch.line([(50, y), (50 + side * 16, y + (v - y) * 0.3), (50 + side * (u - 50), v)], 3.4)
            sketch.line([(50 + side * 3, 20), (50 + side * 16, 5)], 3)
        for y, across, down in ((24, 10, 11), (48, 7, 11), (76, 13, 18)):
            sketch.plane(ellipse(50, y, across * rng.uniform(0.9, 1.15), down))
    else:
        sketch.plane(ellipse(24, 48, 18, rng.uniform(12, 16)))
        sketch.plane(ellipse(52, 52, 12, 8))
        sketch.plane(ellipse(76, 44, 13, 11))
        for x, u in ((44, 34), (52, 54), (60, 72)):
            sketch.line([(x, 56), (u, 70), (u + 4, 88)], 3.4)
        sketch.line([(80, 34), (88, 22), (96, 26)], 3)
        sketch.detail(ellipse(80, 42, 2.2))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "turtle": (turtle, "3.11.11 3.11.24", "mirror tilt"),
    "snail": (snail, "3.11.7 3.11.24", "mirror tilt"),
    "snake": (snake, "3.11.1 3.11.24", "mirror tilt"),
    "crocodile": (crocodile, "3.11.9 3.11.24", "mirror tilt"),
    "frog": (frog, "3.11.12 3.11.24", "mirror tilt"),
    "lizard": (lizard, "3.11.10 3.11.24", "mirror tilt"),
    "butterfly": (butterfly, "3.13.1 3.13.24", "mirror tilt"),
    "bee": (bee, "3.13.2 3.13.4 3.13.24", "mirror tilt"),
    "ladybug": (ladybug, "3.13.2 3.13.9 3.13.24", "mirror tilt"),
    "dragonfly": (dragonfly, "3.13.2 3.13.6 3.13.24", "tilt"),
    "spider": (spider, "3.13.2 3.13.8 3.13.24", "tilt"),
    "ant": (ant, "3.13.2 3.13.16 3.13.24", "mirror tilt"),
}
