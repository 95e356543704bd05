"""Eyes, ears, lips and moustaches."""

# fmt: off

import math
import random

from schematic.geometry import along, arc, curve, ellipse, mirrored, moved, polygon, scaled, thick, turned
from schematic.outlines import cut_both, draw_both, moustache_outline
from schematic.sketch import Kind, Sketch


def eye(sketch: Sketch, rng: random.Random) -> None:
    way, high, pupil = rng.randrange(9), rng.uniform(20, 32), rng.uniform(9, 15)
    lens = curve(6, 50, 26, 50 - high * 0.8, 50, 50 - high, 74, 50 - high * 0.8, 94, 50, 74, 50 + high * 0.8, 50,
        50 + high, 26, 50 + high * 0.8)
    sharp = [*arc(50, 50 + high, 52, high * 2, 210, 330, 20), *arc(50, 50 - high, 52, high * 2, 30, 150, 20)]
    shape = rng.choice((lens, sharp, sharp, polygon(6, 50, 50, 50 - high, 94, 50, 50, 50 + high)))
    if way == 0:
        sketch.plane(shape)
        sketch.detail(ellipse(50, 50, pupil + 4))
        sketch.plane(ellipse(50, 50, pupil * 0.7), 1)
    elif way == 1:
        sketch.line([*shape, shape[0]], rng.uniform(3.5, 8))
        sketch.plane(ellipse(50, 50, pupil), 1)
        if rng.random() < 0.6:
            sketch.detail(ellipse(50 + pupil * 0.3, 50 - pupil * 0.3, pupil * 0.35))
    elif way == 2:  # two arcs and a dot
        sketch.line(arc(50, 62, 44, 34, 195, 345), rng.uniform(4, 9))
        if rng.random() < 0.6:
            sketch.line(arc(50, 40, 40, 32, 25, 155), rng.uniform(3, 7))
        sketch.plane(ellipse(50, 52, pupil))
    elif way == 3:  # lashes
        sketch.line(arc(50, 40, 40, 26, 0, 180) if rng.random() < 0.5 else [*lens, lens[0]], 4.5)
        below = rng.random() < 0.4
        for at in range(rng.choice((3, 5, 7))):
            angle = -150 + at * 20
            x, y = 50 + 38 * math.cos(math.radians(angle)), 50 + high * math.sin(math.radians(angle))
            u, v = 50 + 50 * math.cos(math.radians(angle)), 50 + (high + 15) * math.sin(math.radians(angle))
            sketch.line([(x, 100 - y if below else y), (u, 100 - v if below else v)], 3.4)
        sketch.plane(ellipse(50, 50, pupil * 0.9))
    elif way == 4:  # in a triangle
        sketch.plane(polygon(50, 6, 96, 90, 4, 90))
        small = scaled(lens, 0.48, None, (50, 50))
        sketch.detail(moved(small, 0, 14))
        sketch.plane(ellipse(50, 64, 7), 1)
    elif way == 5:  # in a disc
        sketch.plane(ellipse(50, 50, 44))
        sketch.detail(scaled(shape, 0.8))
        sketch.plane(ellipse(50, 50, min(pupil, high * 0.7)), 1)
        sketch.detail(ellipse(53, 47, pupil * 0.3))
    elif way == 6:  # rings in a lens
        sketch.plane(shape)
        for radius in (high * 0.75, high * 0.35):
            sketch.score(ellipse(50, 50, radius), 3.4)
    elif way == 7:  # iris of blades
        sketch.line([*sharp, sharp[0]], 4)
        for at in range(8):
            sketch.plane([along(50, 50, 5, at * 45), along(50, 50, high * 0.75, at * 45 - 14),
                          along(50, 50, high * 0.75, at * 45 + 14)], at % 3)
    else:  # old Egypt's
        sketch.line(curve(8, 44, 34, 26, 66, 28, 94, 44, closed=False), 5)
        sketch.line(curve(8, 54, 34, 40, 60, 40, 92, 54, 60, 66, 34, 64, 8, 54, closed=False), 4.5)
        sketch.plane(ellipse(48, 52, 9))
        sketch.line([(42, 64), (40, 84)], 5)
        sketch.line(curve(54, 64, 68, 82, 86, 82, 84, 72, 77, 76, closed=False), 4)


def ear(sketch: Sketch, rng: random.Random) -> None:
    outer = (30, 40, 34, 14, 60, 8, 78, 26, 74, 50, 60, 64, 58, 82, 44, 92, 32, 82)
    if rng.random() < 0.5:
        sketch.plane(curve(*outer, 38, 62))
        sketch.score(curve(42, 40, 46, 24, 60, 22, 66, 36, 56, 48, 52, 58, closed=False), rng.uniform(3, 5))
    else:
        sketch.line(curve(*outer, closed=False), rng.uniform(4, 8))
        sketch.line(curve(44, 42, 48, 26, 60, 26, 64, 38, 54, 48, 50, 58, closed=False), rng.uniform(3.5, 6))
    for at in range(rng.choice((0, 0, 2))):
        sketch.line(arc(56, 40, 30 + at * 9, None, -30, 30, 8), 3)


def moustache(sketch: Sketch, rng: random.Random) -> None:
    half = moustache_outline(rng, rng.uniform(44, 52), rng.uniform(38, 46))
    half = scaled(half, 1, rng.uniform(1, 1.8))
    if rng.random() < 0.3:
        half = moved(half, 2)
    draw_both(sketch, half)
    if rng.random() < 0.2:
        for x in (54, 64, 74):
            cut_both(sketch, thick([(x, 46), (x + 4, 52)], 2))


def eyes(sketch: Sketch, rng: random.Random) -> None:
    way, look = rng.randrange(4), rng.uniform(-5, 5)
    for side in (-1, 1):
        x = 50 + side * 23
        if way == 0:
            sketch.plane(ellipse(x, 50, 20, rng.uniform(24, 30)))
            sketch.detail(ellipse(x + look, 54, 10, 12))
            sketch.plane(ellipse(x + look, 54, 5, 6), 1)
        elif way == 1:
            sketch.line([*ellipse(x, 50, 19, 26), (x + 19, 50)], 4)
            sketch.plane(ellipse(x + look, 54, 8, 10), 1)
        elif way == 2:  # angry or bright almonds
            shape = turned(curve(56, 50, 72, 40, 94, 46, 80, 58, 66, 60), look * 3, (73, 50))
            sketch.plane(shape if side > 0 else mirrored(shape))
            sketch.detail(ellipse(x + side * 2, 51, 4.6))
        else:
            sketch.line(arc(x, 52, 18, 14, 190, 350), 5)
            sketch.plane(ellipse(x, 52, 7))
            sketch.line(arc(x, 34, 19, 12, 215, 325), 4)


def lips(sketch: Sketch, rng: random.Random) -> None:
    way, high, low = rng.randrange(4), rng.uniform(18, 28), rng.uniform(20, 30)
    upper = [(6, 50), *curve(24, 40, 40, 50 - high, 50, 50 - high * 0.7, 60, 50 - high, 76, 40, 94, 50, closed=False)]
    lower = curve(94, 50, 72, 50 + low * 0.9, 50, 50 + low, 28, 50 + low * 0.9, 6, 50, closed=False)
    if way == 0:
        sketch.plane(upper + lower[1:])
        sketch.score(curve(14, 50, 34, 48, 50, 52, 66, 48, 86, 50, closed=False), 3.4)
    elif way == 1:
        sketch.plane([*upper, *curve(80, 48, 60, 46, 50, 50, 40, 46, 20, 48, closed=False)])
        sketch.plane([*lower, *curve(22, 53, 40, 52, 50, 56, 60, 52, 78, 53, closed=False)], 1)
    elif way == 2:  # open, with teeth or a tongue
        sketch.plane(upper + lower[1:])
        sketch.detail(curve(18, 49, 50, 42, 82, 49, 66, 50 + low * 0.55, 50, 50 + low * 0.65, 34, 50 + low * 0.55))
        if rng.random() < 0.5:
            sketch.plane(curve(38, 58, 62, 58, 66, 84, 50, 94, 34, 84), 1)
    else:
        stroke = rng.uniform(3.5, 6)
        sketch.line(upper, stroke)
        sketch.line(lower, stroke)
        sketch.line(curve(6, 50, 36, 46, 50, 51, 64, 46, 94, 50, closed=False), stroke)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "moustache": (moustache, "2.9.12", "tilt"),
    "eye": (eye, "2.9.4", "mirror tilt"),
    "eyes": (eyes, "2.9.4", "mirror tilt"),
    "lips": (lips, "2.9.8", "tilt"),
    "ear": (ear, "2.9.6", "mirror tilt"),
}
