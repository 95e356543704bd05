"""Robots, ghosts, dragons, masks, and whatever else has a face or wings without having been born with them."""

# fmt: off

import random

from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, polygon, regular, star, thick, turned
from schematic.sketch import Kind, Sketch


def draw_face(sketch: Sketch, rng: random.Random, x: float, y: float, size: float, *, visor: bool = False) -> None:
    """Draw two eyes and perhaps a mouth about a point, half as wide as `size` to each side."""
    eye, apart = rng.choice(("round", "round", "square", "slit", "cross", "arc")), size * rng.uniform(0.35, 0.5)
    wide, tall = size * rng.uniform(0.1, 0.22), rng.choice((1.0, 1.0, 1.5))
    for at in (x - apart, x + apart):
        if eye == "round":
            shape = ellipse(at, y, wide, wide * tall)
        elif eye == "square":
            shape = box(at - wide, y - wide * tall, 2 * wide, 2 * wide * tall)
        elif eye == "slit":
            shape = box(at - wide * 1.3, y - wide * 0.4, 2.6 * wide, wide * 0.8, wide * 0.4)
        elif eye == "cross":
            shape = star(at, y, wide * 1.3, 4, 0.35)
        else:
            shape = thick(arc(at, y + wide / 2, wide, None, 190, 350, 10), wide * 0.6)
        if visor:
            sketch.plane(shape, 1)
        else:
            sketch.detail(shape)
    mouth, down = rng.choice(("none", "bar", "smile", "smile", "teeth", "open", "sad")), y + size * 0.55
    if visor:
        return
    if mouth == "bar":
        sketch.detail(box(x - size * 0.3, down - 2, size * 0.6, 4, 2))
    elif mouth == "smile":
        sketch.detail(thick(arc(x, down - size * 0.22, size * 0.42, size * 0.3, 15, 165), size * 0.11))
    elif mouth == "sad":
        sketch.detail(thick(arc(x, down + size * 0.15, size * 0.36, size * 0.25, 200, 340), size * 0.11))
    elif mouth == "open":
        sketch.detail(arc(x, down - size * 0.15, size * 0.4, size * 0.36, 0, 180))
    elif mouth == "teeth":
        for at in range(4):
            sketch.detail(box(x - size * 0.4 + at * size * 0.21, down - 4, size * 0.14, 8))


def robot_head(sketch: Sketch, rng: random.Random) -> None:
    wide, high = rng.uniform(54, 84), rng.uniform(42, 66)
    left, top = 50 - wide / 2, rng.uniform(24, 34)
    shape = rng.choice(("box", "box", "box", "ellipse", "six", "dome", "wedge"))
    bottom = top + high
    if shape == "box":
        head = box(left, top, wide, high, rng.choice((0, 6, 12, 20)))
    elif shape == "ellipse":
        head = ellipse(50, top + high / 2, wide / 2, high / 2)
    elif shape == "six":
        head = regular(50, top + high / 2, wide / 2, 6, rng.choice((0, 30)))
    elif shape == "dome":
        head = [*arc(50, top + high * 0.6, wide / 2, high * 0.6, 180, 360), (50 + wide / 2, bottom), (left, bottom)]
    else:
        head = polygon(left, top, left + wide, top, 50 + wide * 0.36, bottom, 50 - wide * 0.36, bottom)
    for side in {0: (), 1: (0,), 2: (-1, 1)}[rng.choice((0, 1, 1, 2))]:
        x = 50 + side * wide * 0.25
        sketch.line([(x, top + 4), (x + side * rng.uniform(0, 8), top - 14)], rng.uniform(3, 6))
        sketch.plane(ellipse(x, top - 15, rng.uniform(3.5, 6)), 1)
    if rng.random() < 0.5:
        for side in (-1, 1):
            x = 50 + side * wide / 2
            sketch.plane(box(min(x, x + side * 9), top + high * 0.3, 9, high * 0.35, 2), 1)
    sketch.plane(head)
    visor, eyes = rng.random() < 0.3, top + high * rng.uniform(0.36, 0.48)
    if visor:
        deep = high * rng.uniform(0.3, 0.5)
        sketch.detail(box(50 - wide * 0.37, eyes - deep / 2, wide * 0.74, deep, rng.uniform(0, deep / 2)))
    draw_face(sketch, rng, 50, eyes, wide * 0.5, visor=visor)
    if rng.random() < 0.2:
        sketch.plane(polygon(38, bottom + 3, 62, bottom + 3, 72, 98, 28, 98), 1)


def robot(sketch: Sketch, rng: random.Random) -> None:
    wide, top = rng.uniform(26, 44), 8
    head = rng.uniform(20, 30)
    corner = rng.choice((0, 3, 8))
    body = wide * rng.uniform(1.0, 1.35)
    neck = top + head + rng.uniform(1, 4)
    high = rng.uniform(28, 38)
    if rng.random() < 0.6:
        sketch.line([(50, top), (50, 2)], 3)
    sketch.plane(box(50 - wide / 2, top, wide, head, corner))
    sketch.plane(box(50 - body / 2, neck, body, high, corner))
    hang = rng.choice((-40, 0, 0, 15))
    for side in (-1, 1):
        arm = box(50 + body / 2 + 3, neck + 2, 8, high * 0.8, 4)
        arm = turned(arm, hang, (50 + body / 2 + 7, neck + 4))
        sketch.plane(arm if side > 0 else mirrored(arm), 1)
    bottom = neck + high
    if rng.random() < 0.7:
        for side in (-1, 1):
            sketch.plane(box(50 + side * body * 0.27 - 6, bottom + 2, 12, 94 - bottom, 2), 1)
    else:
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * body * 0.3, bottom + 9, 8), 1)
    draw_face(sketch, rng, 50, top + head * 0.45, wide * 0.5, visor=False)
    if rng.random() < 0.6:
        sketch.detail(rng.choice((ellipse(50, neck + high * 0.4, 6), box(42, neck + 8, 16, 12, 2))))


def ghost(sketch: Sketch, rng: random.Random) -> None:
    wide, top, bottom = rng.uniform(28, 40), rng.uniform(8, 16), 90
    waves = rng.choice((2, 3, 3, 4))
    hem: Points = []
    for at in range(waves):
        x, step = 50 + wide - 2 * wide * at / waves, 2 * wide / waves
        hem += [(x, bottom - 8), (x - step * 0.25, bottom), (x - step * 0.5, bottom - 4), (x - step * 0.8, bottom - 13)]
    if rng.random() < 0.35:
        body = curve(50, top, 50 + wide * 0.8, 34, 50 + wide, 66, 50 + wide * 1.15, 88, 60, 82, 40, 90, 26, 80, 18, 66,
                     22, 32)
    else:
        body = [*arc(50, top + wide, wide, None, 180, 360), *hem, (50 - wide, bottom - 6)]
    sketch.plane(body)
    if rng.random() < 0.4:
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * wide, 60, 9, 6), 1)
    draw_face(sketch, rng, 50, top + wide * 0.9, wide * 0.8)


def alien(sketch: Sketch, rng: random.Random) -> None:
    wide, chin = rng.uniform(30, 40), rng.uniform(80, 94)
    sketch.plane(curve(50, 8, 50 + wide * 0.9, 24, 50 + wide, 46, 50 + wide * 0.45, 78, 50, chin,
                       50 - wide * 0.45, 78, 50 - wide, 46, 50 - wide * 0.9, 24))
    slant = rng.uniform(15, 40)
    for side in (-1, 1):
        eye = turned(ellipse(50 + wide * 0.45, 50, wide * rng.uniform(0.28, 0.36), wide * 0.18), -slant, (66, 50))
        sketch.detail(eye if side > 0 else mirrored(eye))
    if rng.random() < 0.5:
        sketch.score(arc(50, chin - 18, 6, 4, 10, 170), 3)


def monster(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.35:  # of squares, as on old screens
        side = rng.choice((8, 9, 10))
        columns = rng.choice((4, 5))
        rows = 8
        for row in range(rows):
            for column in range(columns):
                if rng.random() < 0.62 - 0.08 * column + (0.25 if 1 < row < 6 else 0) and (row, column) != (3, 1):
                    for sign in (-1, 1):
                        left = 50 + sign * (column + 0.5) * side - side / 2
                        sketch.plane(box(left, 12 + row * side, side + 0.2, side + 0.2))
        return
    wide, top = rng.uniform(28, 40), rng.uniform(22, 32)
    horns = rng.choice(("none", "horns", "spikes", "stalks"))
    for side in (-1, 1):
        if horns == "horns":
            horn = polygon(50 + wide * 0.4, top + 8, 50 + wide * 0.75, top - 16, 50 + wide * 0.9, top + 18)
            sketch.plane(horn if side > 0 else mirrored(horn), 1)
        elif horns == "stalks":
            sketch.line([(50 + side * wide * 0.4, top + 4), (50 + side * wide * 0.6, top - 14)], 5)
    if horns == "spikes":
        for at in range(5):
            x = 50 + (at - 2) * wide * 0.4
            sketch.plane(polygon(x - 7, top + 12, x, top - 14, x + 7, top + 12), 1)
    sketch.plane(curve(50, top, 50 + wide * 0.9, top + 14, 50 + wide, 62, 50 + wide * 0.8, 90, 50, 86,
                       50 - wide * 0.8, 90, 50 - wide, 62, 50 - wide * 0.9, top + 14))
    if rng.random() < 0.5:
        sketch.detail(ellipse(50, top + 24, 14))
        sketch.plane(ellipse(50 + rng.uniform(-4, 4), top + 24, 6), 1)
        sketch.detail(thick(arc(50, 66, wide * 0.5, 10, 10, 170), 5))
    else:
        draw_face(sketch, rng, 50, top + 26, wide * 0.9)


def smiley(sketch: Sketch, rng: random.Random) -> None:
    shape = rng.choice(("disc", "disc", "disc", "box", "drop", "none"))
    radius = rng.uniform(34, 44)
    if shape == "none":
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * 15, 34, rng.uniform(4, 7), 7))
        sketch.line(arc(50, 44, 30, 26, 20, 160), rng.uniform(5, 9))
        return
    sketch.plane({"disc": ellipse(50, 50, radius), "box": box(14, 14, 72, 72, rng.uniform(4, 22))}.get(shape, curve(50,
        8, 84, 56, 70, 86, 50, 92, 30, 86, 16, 56)))
    draw_face(sketch, rng, 50, 42, radius * 0.8)


def dragon_head(sketch: Sketch, rng: random.Random) -> None:
    jut, horn, neck = rng.uniform(4, 16), rng.uniform(18, 34), rng.uniform(-8, 8)
    planes = rng.random() < 0.5
    sketch.plane(polygon(52, 24, 66, 26, 96 - jut, 46, 92 - jut, 56, 70, 58, 88 - jut, 66, 62, 72, 54, 92,
                         14 + neck, 94, 26 + neck, 66, 34, 40))
    sketch.plane(polygon(46, 32, 58, 26, 40 - horn * 0.6, 28 - horn * 0.7), 1)
    if rng.random() < 0.5:
        sketch.plane(polygon(38, 42, 46, 34, 22 - horn * 0.2, 36 - horn * 0.3), 1)
    for at in range(rng.choice((0, 2, 3))):
        x, y = 30 - at * 3 + neck * 0.4, 54 + at * 13
        sketch.plane(polygon(x, y, x - 15, y - 3, x - 3, y + 12), 2)
    if planes:
        sketch.plane(polygon(52, 24, 66, 26, 62, 48, 34, 66), 1)
    sketch.detail(polygon(60, 38, 70, 40, 62, 44))
    sketch.detail(ellipse(86 - jut, 48, 1.8))


def dragon(sketch: Sketch, rng: random.Random) -> None:
    bend = rng.uniform(-6, 6)
    spine = curve(78, 22, 62, 24, 52 + bend, 40, 56, 58, 44, 74, 24, 72, 14, 56 + bend, closed=False)
    sketch.plane(thick(spine[2:], 16, end=2))
    sketch.plane(polygon(94, 28, 84, 34, 70, 32, 62, 22, 70, 14, 68, 4, 80, 14, 90, 20))
    sketch.plane(polygon(8, 62 + bend, 20, 56 + bend, 10, 42 + bend), 1)
    tips = rng.choice((2, 3, 4))
    wing: Points = [(52, 46), (rng.uniform(24, 40), 6)]
    for at in range(tips):
        share = (at + 1) / tips
        wing += [(wing[1][0] - 24 * share + 4, 20 + 24 * share), (26 + 12 * share, 26 + 18 * share)]
    sketch.plane([*wing, (50, 58)], 1)
    for x in (50, 60) if rng.random() < 0.6 else ():
        sketch.plane(polygon(x - 6, 64, x + 6, 64, x + 10, 92, x, 92), 2)
    sketch.detail(ellipse(80, 21, 2))


def unicorn_head(sketch: Sketch, rng: random.Random) -> None:
    drop = rng.uniform(-4, 6)
    sketch.plane(polygon(46, 26, 60, 30, 86, 60 + drop, 82, 72 + drop, 72, 74 + drop, 58, 62, 58, 94, 16, 94, 24, 50))
    sketch.plane(polygon(54, 30, 62, 32, rng.uniform(70, 86), rng.uniform(0, 10)), 1)
    sketch.plane(polygon(42, 28, 50, 26, 44, 12), 2)
    if rng.random() < 0.7:
        mane = curve(44, 22, 30, 30, 16, 50, 8, 78, 10, 92, 20, 80, 26, 60, 34, 44)
        sketch.plane(mane, 1)
    sketch.detail(rng.choice((ellipse(59, 46, 2.6), polygon(54, 45, 64, 44, 60, 49))))


def _wing(rng: random.Random, reach: float, feathers: int, high: float) -> list[Points]:
    """Return the feathers of a right wing that begins at the middle of the square."""
    planes = []
    for at in range(feathers):
        share = at / max(1, feathers - 1)
        long = reach * (1 - 0.5 * share)
        y = 50 - high * (1 - share) + 8 * share
        planes.append([(54, 44 + 18 * share), (54 + long, y), (54 + long * 0.9, y + 8), (54, 54 + 20 * share)])
    return planes


def winged_person(sketch: Sketch, rng: random.Random) -> None:
    reach, feathers, high = rng.uniform(28, 42), rng.choice((2, 3, 4)), rng.uniform(10, 34)
    for plane in _wing(rng, reach, feathers, high):
        sketch.plane(plane, 1)
        sketch.plane(mirrored(plane), 1)
    sketch.plane(ellipse(50, 24, rng.uniform(8, 11)))
    flare = rng.uniform(8, 22)
    sketch.plane(polygon(43, 38, 57, 38, 50 + flare, 94, 50 - flare, 94))
    if rng.random() < 0.4:
        sketch.line(ellipse(50, 7, 9, 3), 3)


def devil_head(sketch: Sketch, rng: random.Random) -> None:
    radius, high = rng.uniform(28, 36), rng.uniform(16, 30)
    horn = polygon(50 + radius * 0.25, 38, 50 + radius * 0.95, 34 - high, 50 + radius * 0.95, 48)
    sketch.plane(horn, 1)
    sketch.plane(mirrored(horn), 1)
    if rng.random() < 0.5:
        cheek = radius * 0.7
        sketch.plane(polygon(50 - radius, 36, 50 + radius, 36, 50 + cheek, 70, 50, 96, 50 - cheek, 70))
    else:
        sketch.plane(ellipse(50, 58, radius))
    for side in (-1, 1):
        eye = polygon(54, 58, 50 + radius * 0.6, 48, 50 + radius * 0.5, 60)
        sketch.detail(eye if side > 0 else mirrored(eye))
    sketch.score(arc(50, 66, radius * 0.4, 8, 10, 170), 4)


def mask(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.5:  # over the eyes
        tall = rng.uniform(14, 24)
        half = [(50, 40), (70, 40 - tall * 0.6), (94, 34 - tall * 0.5), (88, 60), (72, 66), (58, 60), (50, 54)]
        sketch.plane(half + mirrored(half[1:-1])[::-1])
        for side in (-1, 1):
            eye = turned(ellipse(70, 48, 9, 5.5), -10, (70, 48))
            sketch.detail(eye if side > 0 else mirrored(eye))
        return
    wide = rng.uniform(26, 34)
    sketch.plane(curve(50 - wide, 14, 50, 20, 50 + wide, 14, 50 + wide, 52, 50 + wide * 0.6, 82, 50, 93,
                       50 - wide * 0.6, 82, 50 - wide, 52))
    draw_face(sketch, rng, 50, 44, wide * 0.9)


def star_face(sketch: Sketch, rng: random.Random) -> None:
    points = rng.choice((5, 7, 9))
    sketch.plane(star(50, 52, rng.uniform(36, 44), points, rng.uniform(0.55, 0.8)))
    draw_face(sketch, rng, 50, 46, 24)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "robot-head": (robot_head, "4.5.4", "tilt"),
    "robot": (robot, "4.5.4", ""),
    "ghost": (ghost, "4.5.5", "tilt mirror"),
    "alien": (alien, "4.5.5", "tilt"),
    "monster": (monster, "4.5.15", ""),
    "smiley": (smiley, "2.1.97 4.5.3", "tilt"),
    "dragon-head": (dragon_head, "4.3.3 4.3.19", "mirror tilt"),
    "dragon": (dragon, "4.3.3", "mirror tilt"),
    "unicorn-head": (unicorn_head, "4.3.9 4.3.19", "mirror tilt"),
    "winged-person": (winged_person, "4.1.3", ""),
    "devil-head": (devil_head, "4.1.5", "tilt"),
    "mask": (mask, "4.5.21", "tilt"),
    "star-face": (star_face, "4.5.3", "tilt"),
}
