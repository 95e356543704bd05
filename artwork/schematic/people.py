"""Heads, busts and people doing things."""

# fmt: off

import random

from schematic.geometry import (
    Points,
    along,
    arc,
    box,
    centre,
    curve,
    ellipse,
    mirrored,
    moved,
    polygon,
    ring,
    scaled,
    star,
    thick,
    turned,
)
from schematic.outlines import draw_both, moustache_outline
from schematic.sketch import Kind, Sketch


def _profile(rng: random.Random) -> Points:
    """Return a head that looks to the right, with its neck."""
    nose, chin, back = rng.uniform(-3, 5), rng.uniform(-3, 4), rng.uniform(12, 22)
    if rng.random() < 0.3:
        return polygon(back + 14, 12, 58, 8, 72, 22, 73, 40, 84 + nose, 54, 74, 57, 75, 66, 70 + chin, 78, 56, 76, 58,
            94, 24, 94, 28, 72, back, 50)
    return [*curve(back + 2, 50, back, 30, 34, 10, 56, 10, 71, 22, 73, 40, 80, 50, 83 + nose, 55, 75, 58, closed=False),
        *curve(77, 62, 73, 65, 76, 68, 73, 72, 73 + chin, 79, 66, 82, 58, 80, 59, 94, closed=False), *curve(24, 94, 28,
        74, back + 5, 62, closed=False)]


def head_profile(sketch: Sketch, rng: random.Random) -> None:
    way, head = rng.randrange(5), _profile(rng)
    if way == 4:
        sketch.line(head, rng.uniform(3, 6))
    else:
        sketch.plane(head)
    if way == 1:  # with something in the mind
        thing = rng.randrange(4)
        if thing == 0:
            sketch.score([along(44, 36, 15 * (1 - at / 40), at * 20) for at in range(36)], 3)
        elif thing == 1:
            sketch.detail(star(44, 36, 16, rng.choice((4, 8)), 0.5))
        elif thing == 2:
            sketch.detail(ellipse(45, 36, 15))
        else:
            for at in range(3):
                sketch.score([(30 + at * 12, 22), (30 + at * 12, 46)], 3.4)
    elif way == 2:
        sketch.detail(curve(66, 40, 58, 39, 62, 43))
        sketch.score(arc(36, 48, 6, 9, 90, 330, 10), 3)
    elif way == 3:  # cut in slices
        for y in (26, 42, 58):
            sketch.score([(22, y), (70, y)], 2.6)


def woman_profile(sketch: Sketch, rng: random.Random) -> None:
    way, flow = rng.randrange(4), rng.uniform(-6, 6)
    face = curve(50, 26, 66, 26, 72, 40, 80, 53, 74, 57, 76, 63, 74, 70, 70, 77, 60, 76, 58, 88, 66, 95, 38, 95, 44, 60)
    hair = {
        0: curve(72, 28, 60, 10, 34, 10, 16, 30, 12, 62, 4 + flow, 90, 30, 88, 44, 70, 48, 44, 58, 30),
        1: curve(72, 28, 60, 12, 38, 12, 28, 28, 30, 50, 46, 54, 50, 38, 60, 30),
        2: curve(70, 24, 56, 14, 40, 18, 34, 34, 36, 52, 48, 50, 54, 34),
        3: curve(72, 30, 62, 8, 40, 6, 22, 20, 8, 12 + flow, 14, 36, 2, 46, 18, 56, 10, 72, 30, 70, 46, 56, 52, 36),
    }[way]
    if way == 3 and rng.random() < 0.5:
        sketch.line(curve(66, 26, 72, 40, 80, 53, 74, 57, 76, 63, 74, 70, 68, 78, 58, 76, 58, 95, closed=False), 3.6)
    else:
        sketch.plane(scaled(face, 0.97, None, (60, 50)), 1)
    sketch.plane(hair)
    if way == 1:
        sketch.plane(ellipse(24, 24, rng.uniform(9, 13)))
    elif way == 2:
        sketch.plane(ellipse(42, 12, rng.uniform(8, 12)))
    for at in range(rng.choice((0, 2, 3)) if way in {0, 3} else 0):
        sketch.score(curve(54 - at * 6, 22 + at * 3, 36 - at * 6, 30 + at * 6, 28 - at * 3, 60, closed=False), 2.4)


def head_lines(sketch: Sketch, rng: random.Random) -> None:
    way, width = rng.randrange(4), rng.uniform(3, 6.5)
    if way == 0:  # eyebrow and nose in one stroke
        sketch.line(curve(70, 30, 56, 28, 52, 34, 50, 52, 44, 62, 54, 64, closed=False), width)
        sketch.line(arc(50, 48, rng.uniform(30, 36), 40, rng.choice((-100, 20)), 200), width)
        sketch.line(arc(52, 70, 12, 7, 10, 170, 10), width)
        sketch.plane(ellipse(66, 42, 3.4))
        sketch.plane(ellipse(36, 42, 3.4))
    elif way == 1:
        sketch.line(curve(36, 94, 36, 78, 20, 60, 22, 28, 46, 10, 68, 20, 72, 40, 82, 56, 74, 60, 74, 76, 60, 80, 58,
            94, closed=False), width)
        sketch.line([(58, 42), (66, 42)], width)
    elif way == 2:
        sketch.line(curve(28, 34, 30, 66, 50, 88, 70, 66, 72, 34, closed=False), width)
        sketch.line(curve(22, 44, 30, 18, 52, 22, 74, 12, 78, 44, closed=False), width + 2)
        for side in (-1, 1):
            sketch.line(arc(50 + side * 11, 50, 5, 4, 190, 350, 8), width * 0.8)
        sketch.line([(50, 52), (48, 62), (52, 63)], width * 0.7)
        sketch.line(arc(50, 68, 8, 6, 15, 165, 8), width * 0.8)
    else:  # half a face
        sketch.plane([*arc(50, 50, 30, 40, 90, 270), (50, 40), (42, 58), (50, 60)])
        sketch.detail(ellipse(38, 44, 4))
        sketch.line(arc(50, 50, 30, 40, -80, 80), width)
        sketch.line(arc(63, 46, 5, 4, 190, 350, 8), width)


def face_moustache(sketch: Sketch, rng: random.Random) -> None:
    hat, way, w = rng.randrange(5), rng.randrange(3), rng.uniform(24, 29)
    glasses, chin = rng.random() < 0.5, rng.uniform(80, 92)
    if way == 0:  # a full face
        sketch.plane(_face(w, chin))
    elif way == 1:
        sketch.line(arc(50, 46, w, chin - 46, 5, 175), rng.uniform(3, 5))
    ink = way != 0
    half = moustache_outline(rng, 64, w * rng.uniform(0.6, 1))
    for points in (half, mirrored(half)):
        if ink:
            sketch.plane(points)
        else:
            sketch.detail(points)
    if glasses:
        radius = w * 0.38
        for side in (-1, 1):
            x = 50 + side * (radius + 2.5)
            if ink:
                sketch.line([*ellipse(x, 48, radius), (x + radius, 48)], 3)
            else:
                sketch.detail(ellipse(x, 48, radius))
        if ink:
            sketch.line(arc(50, 49, 3, 3, 180, 360, 6), 2.6)
    else:
        for side in (-1, 1):
            eye = ellipse(50 + side * w * 0.42, 48, 3.2)
            if ink:
                sketch.plane(eye)
            else:
                sketch.detail(eye)
    if hat == 0:
        sketch.plane(box(50 - w - 9, 30, 2 * w + 18, 6, 2), 1)
        sketch.plane(box(50 - w * 0.75, 4, w * 1.5, 24), 1)
    elif hat == 1:
        sketch.plane(arc(50, 32, w, 26, 180, 360), 1)
        sketch.plane(box(50 - w - 10, 32, 2 * w + 20, 5, 2.5), 1)
    elif hat == 2:
        sketch.plane(curve(50 - w - 2, 40, 50 - w, 16, 40, 12, 56, 16, 50 + w, 12, 50 + w + 2, 40, 50 + w - 8, 32, 50,
            30, 50 - w + 8, 30), 1)
    elif hat == 3:
        sketch.plane(polygon(50 - w - 16, 36, 50 - w * 0.7, 28, 50 - w * 0.5, 8, 50, 13, 50 + w * 0.5, 8, 50 + w * 0.7,
            28, 50 + w + 16, 36), 1)
    if rng.random() < 0.3 and ink:
        sketch.plane([*arc(50, 66, w, 28, 10, 170), *arc(50, 72, w * 0.5, 8, 200, 340, 10)], 2)


def _face(w: float, chin: float) -> Points:
    return curve(50, 20, 50 + w * 0.9, 28, 50 + w, 56, 50 + w * 0.55, chin - 4, 50, chin, 50 - w * 0.55, chin - 4,
        50 - w, 56, 50 - w * 0.9, 28)


def _bust(sketch: Sketch, rng: random.Random, x: float, top: float, size: float, tone: int = 0, body: int = 0) -> None:
    """Draw a head and shoulders; `size` is the height of both."""
    head = size * 0.24
    y, bottom, wide = top + head, top + size, size * 0.46
    sketch.plane(ellipse(x, y, head * 0.95, head), tone)
    neck = y + head + size * 0.05
    sketch.plane(
        [
            [*arc(x, bottom, wide, bottom - neck, 180, 360)],
            box(x - wide, neck, 2 * wide, bottom - neck, size * 0.18),
            [(x - wide, bottom), *arc(x - wide * 0.45, neck + wide * 0.5, wide * 0.5, None, 180, 270, 8),
             *arc(x + wide * 0.45, neck + wide * 0.5, wide * 0.5, None, 270, 360, 8), (x + wide, bottom)],
            polygon(x - wide * 0.6, neck, x + wide * 0.6, neck, x + wide, bottom, x - wide, bottom),
        ][body],
        tone,
    )


def bust(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(4)
    if way < 2:
        _bust(sketch, rng, 50, 10, 80, 0, rng.randrange(4))
        if way == 1:
            sketch.detail(polygon(44, 64, 56, 64, 52, 74, 54, 88, 46, 88, 48, 74))
    elif way == 2:
        stroke = rng.uniform(4, 8)
        head = ellipse(50, 32, rng.uniform(15, 20))
        sketch.line([*head, head[0]], stroke)
        sketch.line(arc(50, 92, 36, 34, 180, 360), stroke)
    else:
        sketch.plane(ellipse(50, 50, 44))
        sketch.detail(ellipse(50, 38, 14))
        sketch.detail(arc(50, 82, 26, 24, 190, 350))


def raised_arms(sketch: Sketch, rng: random.Random) -> None:
    way, lift, width = rng.randrange(6), rng.uniform(14, 34), rng.uniform(5, 11)
    sketch.plane(ellipse(50, 18, rng.uniform(7, 10)))
    if way == 0:  # three strokes
        for side in (-1, 1):
            sketch.line(curve(50 + side * 3, 92, 50 + side * 6, 56, 50 + side * 38, lift, closed=False), width)
    elif way == 1:
        sketch.plane(curve(10, lift, 30, 42, 50, 40, 70, 42, 90, lift, 74, 54, 62, 60, 68, 92, 50, 70, 32, 92, 38, 60,
            26, 54))
    elif way == 2:  # a Y of planes
        draw_both(sketch, polygon(51, 50, 88, lift, 78, 46, 60, 62, 60, 94, 51, 80), 0)
    elif way == 3:
        sketch.line([(12, lift), (50, 44), (88, lift)], width)
        sketch.line([(50, 44), (50, 64), (34, 94)], width)
        sketch.line([(50, 64), (66, 94)], width)
    elif way == 4:  # swinging, as leaves
        for x, y, turn in ((30, 44, 40), (70, 44, -40), (50, 70, rng.uniform(-20, 20))):
            sketch.plane(turned(curve(x, y - 26, x + 9, y, x, y + 26, x - 9, y), -turn, (x, y)), 1 if turn < 0 else 0)
    else:
        sketch.line(arc(50, 18, 32, 30, rng.uniform(0, 20), 180), width)
        sketch.line(curve(50, 48, 46, 68, 50, 94, closed=False), width)


def running(sketch: Sketch, rng: random.Random) -> None:
    way, stride, width = rng.randrange(3), rng.uniform(-6, 6), rng.uniform(5, 9)
    lean = rng.uniform(-3, 5)
    sketch.plane(ellipse(66 + lean, 16, rng.uniform(7, 9.5)))
    limbs = ((58 + lean, 30, 46, 60), (58 + lean, 32, 38, 34, 28, 50 + stride), (58 + lean, 32, 72, 48, 86,
        40 - stride), (46, 60, 64, 68, 62 + stride, 92), (46, 60, 36, 78, 12, 78 + stride))
    for at, line in enumerate(limbs):
        points = polygon(*line)
        if way == 1:
            sketch.plane(thick(points, width + 3, end=width * 0.5), 0)
        else:
            sketch.line(curve(*line, closed=False) if way == 2 else points, width + (3 if at == 0 else 0))
    for y in (40, 54, 66) if rng.random() < 0.3 else ():
        sketch.line([(4, y), (20, y)], 2.6)


def group(sketch: Sketch, rng: random.Random) -> None:
    way, count = rng.randrange(5), rng.choice((2, 3, 3))
    body = rng.randrange(4)
    if way == 0:
        for at in range(count):
            x = 50 + (at - (count - 1) / 2) * 82 / count
            _bust(sketch, rng, x, 24 if at % 2 == 0 else 14, 46 if count == 3 else 62, at % 3, body)
    elif way == 1:  # arms round, from above
        for at in range(count + 1):
            turn = at * 360 / (count + 1) - 90
            x, y = along(50, 50, 36, turn)
            sketch.plane(ellipse(x, y, 9), at % 3)
            shape = ring(50, 50, 19, rng.uniform(7, 10), turn - 150 / (count + 1), turn + 150 / (count + 1))
            sketch.plane(shape, at % 3)
    elif way == 2:  # hand in hand
        for at in range(count):
            x = 50 + (at - (count - 1) / 2) * 84 / count
            sketch.plane(ellipse(x, 26, 8), at % 3)
            sketch.plane(polygon(x - 7, 38, x + 7, 38, x + 5, 90, x, 66, x - 5, 90), at % 3)
            if at:
                sketch.line([(x - 84 / count + 8, 42), (x - 42 / count, 60), (x - 8, 42)], 5)
    elif way == 3:  # swung strokes under heads
        for at in range(count):
            side, x = (-1) ** at, 50 + (at - (count - 1) / 2) * 26
            sketch.plane(ellipse(x, 26 - (at % 2) * 8, 8), at % 3)
            sketch.plane(thick(curve(x + side * 18, 34, x, 46, x - side * 4, 68, x + side * 14, 92, closed=False), 12,
                end=3), at % 3)
    else:  # two who hug, as halves of a ring
        for side in (-1, 1):
            sketch.plane(ellipse(50 + side * 15, 22, 9), 0 if side < 0 else 1)
            half = thick(curve(68, 38, 84, 58, 66, 84, 46, 80, closed=False), 12, end=4)
            sketch.plane(half if side > 0 else mirrored(half), 0 if side < 0 else 1)


def astronaut_head(sketch: Sketch, rng: random.Random) -> None:
    way, w = rng.randrange(3), rng.uniform(28, 34)
    visor = [ellipse(50, 42, w * 0.72, w * 0.56), box(50 - w * 0.7, 26, w * 1.4, 32, rng.uniform(6, 15)),
        curve(50 - w * 0.7, 34, 50, 26, 50 + w * 0.7, 34, 50 + w * 0.6, 54, 50, 60, 50 - w * 0.6, 54)][rng.randrange(3)]
    sketch.plane(ellipse(50, 42, w, w * 0.98))
    for side in (-1, 1):
        ear = box(50 + w - 1, 34, 7, 18, 3)
        sketch.plane(ear if side > 0 else mirrored(ear), 1)
    sketch.detail(visor)
    if way == 0:
        sketch.plane(scaled(visor, 0.8, None, centre(visor)), 1)
        sketch.detail(thick(arc(50, 42, w * 0.45, w * 0.34, 195, 255, 8), 3))
    elif way == 1:
        sketch.line(arc(50, 42, w * 0.5, w * 0.36, 200, 260, 8), 3)
    else:
        draw_both(sketch, ellipse(58, 42, 3))
        sketch.line(arc(50, 45, 6, 5, 20, 160, 8), 2.4)
    if rng.random() < 0.75:
        sketch.plane([(50 - w * 1.15, 95), *arc(50, 95, w * 1.15, 24, 190, 350), (50 + w * 1.15, 95)], 0)
        if rng.random() < 0.6:
            sketch.detail(box(42, 82, 16, 6, 2))


def astronaut(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.4:
        sketch.plane(box(31, 40, 38, 30, 8), 1)
    sketch.plane(ellipse(50, 26, 17))
    sketch.detail(ellipse(51, 27, 11, 9))
    sketch.plane(box(37, 44, 26, 28, 7))
    sketch.detail(box(44, 52, 12, 8, 2))
    for line in ((38, 50, 22, 58, 18, 46), (62, 50, 78, 44, 84, 32), (44, 70, 38, 84, 26, 88), (56, 70, 62, 84, 72,
        92)):
        sketch.line(moved(polygon(*line), rng.uniform(-3, 3), rng.uniform(-2, 2)), 8)
    if rng.random() < 0.4:
        for _ in range(3):
            sketch.plane(star(rng.choice((10, 20, 84, 92)), rng.uniform(8, 90), rng.uniform(3, 6), 4, 0.35), 2)
    if rng.random() < 0.3:
        sketch.line(curve(62, 68, 84, 72, 80, 88, 97, 92, closed=False), 2.4)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "head-profile": (head_profile, "2.1.1 2.1.98", "mirror tilt"),
    "woman-profile": (woman_profile, "2.3.1 2.3.16", "mirror tilt"),
    "head-lines": (head_lines, "2.1.1 2.1.97", "mirror tilt"),
    "face-moustache": (face_moustache, "2.1.1 2.9.12", "tilt"),
    "bust": (bust, "2.1.98", ""),
    "raised-arms": (raised_arms, "2.1.23", "mirror tilt"),
    "running": (running, "2.1.8 2.1.16 2.1.23", "mirror tilt"),
    "group": (group, "2.7.23", "mirror"),
    "astronaut-head": (astronaut_head, "2.1.1 2.1.15", "mirror tilt"),
    "astronaut": (astronaut, "2.1.15", "mirror tilt"),
}
