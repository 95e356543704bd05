"""Hands, hearts, bones and other parts of the body."""

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
    half_of,
    mirrored,
    moved,
    polygon,
    scaled,
    star,
    thick,
    turned,
)
from schematic.outlines import cut_both, draw_both
from schematic.sketch import Kind, Sketch


def open_hand(sketch: Sketch, rng: random.Random) -> None:
    way, spread, width = rng.randrange(4), rng.uniform(5, 16), rng.uniform(8, 11)
    if way == 3:  # of one line
        sketch.line(curve(34, 94, 32, 70, 12, 52, 16, 44, 34, 56, 32, 18, 40, 16, 43, 48, 46, 8, 54, 8, 55, 48, 62, 14,
            69, 16, 67, 52, 76, 28, 82, 32, 76, 68, 66, 94, closed=False), rng.uniform(3, 5))
        return
    for at, long in enumerate((38, 44, 40, 30)):
        turn = (at - 1.5) * spread
        base = 32 + at * 12
        tip = along(base, 56, long, turn - 90)
        finger = thick([(base, 60), tip], width)
        sketch.plane(finger, 1 if way == 1 else 0)
        sketch.plane(ellipse(*tip, width / 2), 1 if way == 1 else 0)
    sketch.line([(33, 76), (14, 56 + spread * 0.4)], width)
    sketch.plane(box(27, 54, 46, 38, 12))
    if way == 2:
        sketch.detail(rng.choice((ellipse(50, 72, 10), star(50, 72, 12, 5, 0.45), _heart(50, 73, 11))))
    elif way == 0 and rng.random() < 0.5:
        sketch.score(curve(36, 70, 50, 66, 64, 70, closed=False), 2.6)


def fist(sketch: Sketch, rng: random.Random) -> None:
    wide, way = rng.uniform(54, 64), rng.randrange(2)
    left = 50 - wide / 2
    for at in range(4):
        sketch.plane(box(left + at * wide / 4 + 0.6, 14 + (3 if at in {0, 3} else 0), wide / 4 - 1.2, 32, 5),
            at % 3 if way else 0)
    sketch.plane(polygon(left, 48, left + wide, 48, left + wide, 64, 50 + wide * 0.3, 76, 50 + wide * 0.3, 95,
        50 - wide * 0.3, 95, 50 - wide * 0.3, 76, left, 64))
    sketch.score(curve(left + 4, 54, 50, 53, 50 + wide * 0.2, 58, 48, 68, 40, 72, closed=False), 3.2)
    for side in (-1, 1) if rng.random() < 0.25 else ():
        sketch.line([(50 + side * 36, 20), (50 + side * 46, 10)], 4)


def thumb(sketch: Sketch, rng: random.Random) -> None:
    shape = curve(36, 44, 48, 30, 50, 10, 60, 10, 62, 24, 57, 40, 82, 40, 90, 48, 84, 84, 74, 92, 44, 92, 36, 86)
    if rng.random() < 0.4:
        shape = polygon(36, 46, 50, 30, 52, 8, 64, 12, 60, 40, 92, 40, 84, 92, 44, 92, 36, 86)
    down = rng.random() < 0.25

    def seen(points: Points) -> Points:
        return [(x, 100 - y) for x, y in points] if down else points

    sketch.plane(seen(shape))
    if rng.random() < 0.8:
        sketch.plane(seen(box(10, 44, 20, 48, rng.choice((0, 4)))), 1)
    for y in (53, 66, 79) if rng.random() < 0.5 else ():
        sketch.score(seen([(66, y), (80, y)]), 3)


def pointing(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(3)
    if way == 0:  # to the right
        sketch.plane(box(30, 32, 62, 14, 7))
        for at in range(3):
            sketch.plane(box(44 - at, 47 + at * 12, 22 - at * 2, 11, 5), at % 3)
        sketch.plane(curve(32, 34, 44, 26, 56, 30, 46, 40, 46, 82, 26, 80, 20, 56))
        sketch.plane(box(6, 40, 14, 42), 1)
    else:  # up, as a cursor
        body = polygon(42, 12, 48, 8, 54, 12, 54, 44, 84, 52, 86, 62, 78, 92, 44, 92, 16, 62, 22, 56, 42, 66)
        if way == 1:
            sketch.plane(body)
            for x in (62, 71):
                sketch.score([(x, 50), (x, 62)], 2.6)
        else:
            sketch.line([*body, body[0]], rng.uniform(3.5, 6))
        for turn in (-150, -90, -30) if rng.random() < 0.4 else ():
            sketch.line([along(48, 14, 14, turn), along(48, 14, 22, turn)], 3)


def handshake(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(3)
    if way == 0:
        sketch.plane(polygon(2, 36, 14, 30, 26, 68, 14, 74), 1)
        sketch.plane(polygon(98, 36, 86, 30, 74, 68, 86, 74), 1)
        sketch.plane(curve(18, 36, 36, 34, 46, 38, 40, 52, 48, 56, 58, 46, 76, 62, 70, 72, 60, 80, 48, 84, 28, 66))
        sketch.plane(polygon(52, 36, 66, 32, 82, 38, 74, 58, 60, 44, 48, 52, 44, 50), 2)
        for x, y in ((58, 76), (66, 69)):
            sketch.score([(x, y), (x - 8, y - 8)], 2.4)
    elif way == 1:  # two hooks
        sketch.plane(thick(curve(2, 40, 30, 38, 56, 46, 70, 60, 58, 68, 46, 58, closed=False), 14, end=9))
        sketch.plane(thick(curve(98, 62, 72, 66, 50, 60, 34, 48, 42, 36, 52, 40, closed=False), 13, end=8), 1)
    else:
        stroke = rng.uniform(3.5, 6)
        sketch.line([(4, 34), (20, 32), (36, 34), (50, 40), (66, 32), (82, 32), (96, 36)], stroke)
        sketch.line(curve(50, 40, 40, 52, 48, 56, 60, 48, 78, 64, 70, 72, closed=False), stroke)
        sketch.line([(20, 60), (42, 78), (54, 82), (62, 76), (70, 72)], stroke)
        for x, y in ((62, 76), (54, 82)):
            sketch.line([(x, y), (x - 10, y - 9)], stroke)


def _heart(x: float = 50, y: float = 50, size: float = 42, dip: float = 0.45, lobe: float = 1.0) -> Points:
    """Return a heart about a centre."""
    half = curve(0, -dip, 0.28 * lobe, -0.82, 0.74, -0.8, 1, -0.34, 0.74, 0.24, 0, 0.92, closed=False, points=10)
    right = [(x + a * size, y + b * size) for a, b in half]
    return right + [(2 * x - a, b) for a, b in right[-2:0:-1]]


def heart(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(10)
    shape = _heart(50, 50, rng.uniform(38, 46), rng.uniform(0.3, 0.6), rng.uniform(0.8, 1.3))
    if way == 0:
        sketch.plane(shape)
        if rng.random() < 0.3:
            sketch.score(arc(34, 36, 10, 10, 180, 270, 8), 4)
    elif way == 1:
        sketch.line([*shape, shape[0]] if rng.random() < 0.6 else shape[: -rng.randrange(3, 9)], rng.uniform(4, 10))
    elif way == 2:  # halves
        sketch.plane(moved(half_of(shape, (50, 50), 0), rng.choice((0, 1.5))))
        sketch.plane(half_of(shape, (50, 50), 180), 1)
    elif way == 3:  # folded ribbons
        wide, gap = rng.uniform(9, 17), rng.choice((0.0, 2.5))
        band = thick(curve(50 + gap, 84, 80, 54, 84, 30, 68, 20, 52 + gap, 38, closed=False), wide)
        sketch.plane(mirrored(band), 1)
        sketch.plane(band)
    elif way == 4:  # with a beat
        beat = [(14, 50), (34, 50), (42, 34), (52, 68), (60, 50), (84, 50)]
        if rng.random() < 0.5:
            sketch.plane(shape)
            sketch.score(scaled(beat, 0.95), 4)
        else:
            sketch.line([*shape, shape[0]], 4.5)
            sketch.line(scaled(beat, 0.7), 3.6)
    elif way == 5:  # planes
        for points, tone in ((polygon(50, 32, 70, 14, 72, 44), 0), (polygon(70, 14, 94, 36, 72, 44), 1), (polygon(94,
            36, 50, 90, 72, 44), 2), (polygon(50, 32, 72, 44, 50, 90), 1)):
            shrunk = scaled(points, 0.93, None, centre(points))
            sketch.plane(shrunk, tone)
            sketch.plane(mirrored(shrunk), (tone + 1) % 3)
    elif way == 6:  # of blocks or two drops
        for side in (-1, 1):
            drop = turned(box(50 - 17, 12, 34, 66, 17), 45, (50, 61))
            sketch.plane(drop if side > 0 else mirrored(drop), 0 if side > 0 else 1)
    elif way == 7:  # with a hole
        sketch.plane(shape)
        sketch.detail(rng.choice((_heart(50, 48, 20), ellipse(50, 46, 13), star(50, 46, 16, 4, 0.35), box(44, 32, 12,
            30))))
    elif way == 8:  # two hearts
        sketch.plane(_heart(38, 56, 28), 0)
        sketch.plane(_heart(74, 30, rng.uniform(14, 20)), 1)
    else:  # a swung stroke
        sketch.line(curve(62, 88, 30, 66, 10, 40, 24, 16, 44, 22, 50, 38, closed=False), rng.uniform(5, 9))
        sketch.line(curve(50, 38, 60, 18, 80, 16, 90, 36, 74, 62, 44, 92, closed=False), rng.uniform(4, 8))


def skull(sketch: Sketch, rng: random.Random) -> None:
    w, way, socket = rng.uniform(30, 38), rng.randrange(3), rng.uniform(8, 12)
    jaw = w * rng.uniform(0.5, 0.65)
    if way == 1:
        head = polygon(50 - w * 0.6, 12, 50 + w * 0.6, 12, 50 + w, 34, 50 + w * 0.9, 62, 50 + jaw, 68, 50 + jaw * 0.9,
            92, 50 - jaw * 0.9, 92, 50 - jaw, 68, 50 - w * 0.9, 62, 50 - w, 34)
    else:
        head = [*arc(50, 44, w, 34, 150, 390), (50 + jaw, 70), (50 + jaw, 90), (50 - jaw, 90), (50 - jaw, 70)]
    if way == 2:
        for turn in (-28, 28):
            sketch.plane(turned(box(4, 80, 92, 7, 3.5), turn, (50, 82)), 1)
    sketch.plane(head)
    x = 50 + w * 0.44
    cut_both(sketch, rng.choice((ellipse(x, 48, socket), turned(ellipse(x, 48, socket, socket * 0.7), -18, (x, 48)),
                               polygon(x - 9, 54, x - 7, 44, x + 9, 40, x + 8, 54))))
    sketch.detail(polygon(50, 56, 55, 67, 45, 67))
    for at in (-1, 0, 1):
        sketch.score([(50 + at * jaw * 0.5, 77), (50 + at * jaw * 0.5, 88)], 2.6)


def brain(sketch: Sketch, rng: random.Random) -> None:
    way, width = rng.randrange(3), rng.uniform(2.8, 4.4)
    lobes = curve(51, 16, 64, 10, 76, 18, 88, 30, 92, 48, 88, 66, 78, 82, 62, 88, 52, 82, closed=False)
    if way == 2:  # from the side
        sketch.plane(curve(10, 48, 16, 28, 36, 14, 60, 12, 82, 24, 92, 46, 84, 62, 66, 66, 60, 78, 66, 92, 54, 92, 48,
            74, 26, 70))
        for line in ((22, 44, 34, 36, 42, 46, 54, 40), (46, 22, 56, 30, 70, 28, 78, 40), (36, 60, 50, 56, 62, 60, 76,
            52)):
            sketch.score(curve(*line, closed=False), width)
        return
    if way == 0:
        draw_both(sketch, lobes)
        for fold in ((58, 30, 68, 34, 76, 28), (60, 50, 70, 44, 80, 52), (58, 70, 68, 62, 76, 70)):
            cut_both(sketch, thick(curve(*fold, closed=False), width))
    else:  # half of it wired
        sketch.plane(mirrored(lobes))
        for y, u, v in ((26, 76, 20), (42, 88, 36), (58, 88, 62), (74, 74, 80)):
            sketch.line([(52, y), (u - 10, y), (u, v)], width)
            sketch.plane(ellipse(u, v, 4), 1)


def tooth(sketch: Sketch, rng: random.Random) -> None:
    way, fork = rng.randrange(4), rng.uniform(58, 72)
    shape = curve(50, 20, 68, 10, 86, 22, 84, 46, 74, 66, 70, 90, 62, 92, 56, 72, 50, fork, 44, 72, 38, 92, 30, 90, 26,
        66, 16, 46, 14, 22, 32, 10)
    if way == 0:
        sketch.line([*shape, shape[0]], rng.uniform(4, 8))
    else:
        if way == 3:
            sketch.plane(half_of(shape, (50, 50), 180))
            sketch.plane(half_of(shape, (50, 50), 0), 1)
        else:
            sketch.plane(shape)
        if way == 1:
            sketch.score(curve(24, 34, 40, 44, 60, 44, 76, 34, closed=False), 4)
        elif way == 2:
            sketch.detail(star(66, 30, 11, 4, 0.3))


def footprint(sketch: Sketch, rng: random.Random) -> None:
    count, size = rng.choice((1, 1, 2)), rng.uniform(0.9, 1.1)
    sole = curve(44, 36, 62, 38, 68, 52, 60, 68, 60, 86, 48, 94, 38, 86, 40, 66, 34, 50)
    toes = [(38, 22, 6.5, 9), (50, 20, 5, 6.5), (59, 23, 4.4, 5.6), (66, 28, 4, 5), (71, 35, 3.4, 4.4)]
    for at in range(count):
        shapes = [scaled(sole, size), *(ellipse(*toe) for toe in toes)]
        if count == 2:
            shapes = [scaled(points, 0.62, None, (50, 50)) for points in shapes]
            shapes = [moved(mirrored(points) if at == 0 else points, -22 if at == 0 else 22,
                -14 * at + 7) for points in shapes]
        for points in shapes:
            sketch.plane(points, at)


def fingerprint(sketch: Sketch, rng: random.Random) -> None:
    rings, width = rng.choice((4, 5, 6)), rng.uniform(3, 5)
    for at in range(rings):
        across, down = 6 + at * 33 / rings, 8 + at * 36 / rings
        start, end = rng.uniform(140, 180), rng.uniform(360, 420)
        cut = rng.choice((0, 0, 1))
        if cut:
            middle = rng.uniform(230, 310)
            sketch.line(arc(50, 46, across, down, start, middle - 8, 14), width)
            start = middle + 8
        sketch.line([*arc(50, 46, across, down, start, end, 20)], width)
        if end < 375:
            sketch.line([(50 + across, 46), (50 + across - 3, 64 + rng.uniform(0, 24) - at)], width)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "open-hand": (open_hand, "2.9.15", "mirror tilt"),
    "fist": (fist, "2.9.18", "mirror tilt"),
    "thumb": (thumb, "2.9.20", "mirror tilt"),
    "pointing": (pointing, "2.9.14", "mirror tilt"),
    "handshake": (handshake, "2.9.16", "mirror tilt"),
    "heart": (heart, "2.9.1", "tilt mirror"),
    "skull": (skull, "2.9.23", "tilt"),
    "brain": (brain, "2.9.25", "mirror tilt"),
    "tooth": (tooth, "2.9.10", "tilt"),
    "footprint": (footprint, "2.9.19", "mirror tilt"),
    "fingerprint": (fingerprint, "2.9.17", "tilt"),
}
