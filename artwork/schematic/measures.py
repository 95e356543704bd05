"""Watches, clocks, scales and compasses."""

# fmt: off

import random

from schematic.facets import show
from schematic.geometry import Points, along, arc, box, curve, ellipse, mirrored, polygon, regular, ring, thick, turned
from schematic.sketch import Kind, Sketch


def _face(sketch: Sketch, rng: random.Random, x: float, y: float, radius: float, *, hole: bool | None = None) -> None:
    """Draw hands, and at times hours, in a plane that is there or on a hole cut into it."""
    hole = rng.random() < 0.5 if hole is None else hole
    hours = rng.choice((0, 0, 4, 4, 12))
    width = max(2.5, radius * rng.uniform(0.1, 0.18))
    if hole:
        sketch.detail(ellipse(x, y, radius))

    def stroke(points: Points, wide: float) -> None:
        if hole:
            sketch.plane(thick(points, wide), 1)
        else:
            sketch.score(points, wide)

    for at in range(hours):
        turn = at * 360 / hours
        stroke([along(x, y, radius * 0.75, turn), along(x, y, radius * 0.92, turn)], width * 0.7)
    hand, other = rng.choice(((-90, 0), (-90, 0), (-60, -150), (-90, 40), (0, -130), (-90, 135)))
    stroke([along(x, y, radius * 0.62, hand), (x, y), along(x, y, radius * rng.uniform(0.4, 0.6), other)], width)


def watch(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("wrist", "wrist", "square", "pocket"))
    radius = rng.uniform(23, 29)
    if form == "pocket":
        sketch.plane(ellipse(50, 58, 34))
        sketch.plane(box(46, 16, 8, 8, 1), 1)
        sketch.line(ring(50, 12, 6, 0.1), 3)
        _face(sketch, rng, 50, 58, 28)
        return
    near, far = rng.uniform(14, 19), rng.uniform(11, 16)
    for side in (-1, 1):
        edge, end = 50 + side * (radius - 3), 50 + side * 46
        sketch.plane(polygon(50 - near, edge, 50 + near, edge, 50 + far, end, 50 - far, end), 1)
    if form == "square":
        sketch.plane(box(50 - radius, 50 - radius, 2 * radius, 2 * radius, rng.choice((3, 9))))
    else:
        sketch.plane(ellipse(50, 50, radius))
    if rng.random() < 0.6:
        sketch.plane(box(51 + radius, 46, 4, 8, 1), 2)
    _face(sketch, rng, 50, 50, radius * 0.8)


def stopwatch(sketch: Sketch, rng: random.Random) -> None:
    radius = rng.uniform(30, 36)
    form = rng.choice(("full", "ring", "speed", "sector"))
    sketch.plane(box(44, 50 - radius - 4, 12, 10), 1)
    sketch.plane(box(38, 50 - radius - 10, 24, 7, rng.choice((0, 3))), 1)
    if rng.random() < 0.7:
        sketch.plane(turned(box(46, 56 - radius - 6, 8, 8, 1), 42, (50, 56)), 1)
    if form == "speed":
        sketch.line(arc(50, 56, radius, None, -120, 90), 6)
        for y in (44, 58, 72):
            sketch.line([(8 + (y - 44) / 3, y), (26 + (y - 44) / 3, y)], 5)
        sketch.line([(50, 56), along(50, 56, radius * 0.6, -50)], 5)
        return
    sketch.plane(ellipse(50, 56, radius))
    if form == "full":
        sketch.score([(50, 56), along(50, 56, radius * 0.7, rng.choice((-90, -50, -40)))], 5)
    elif form == "sector":
        sketch.detail([(50, 56), *arc(50, 56, radius * 0.75, None, -90, rng.choice((0, 60, 180)))])
    else:
        sketch.detail(ellipse(50, 56, radius * 0.8))
        sketch.plane(thick([(50, 56), along(50, 56, radius * 0.6, rng.choice((-90, -45)))], 5), 1)


def alarm_clock(sketch: Sketch, rng: random.Random) -> None:
    radius = rng.uniform(28, 34)
    form = rng.choice(("bells", "bells", "lines", "domes"))
    for side in (-1, 1):
        x, y = along(50, 54, radius + 8, -90 + side * 42)
        cap = turned(arc(x, y, 13, 10, 180, 360), side * 42, (x, y))
        if form == "lines":
            start, end = along(50, 54, radius + 9, -90 + side * 25), along(50, 54, radius + 9, -90 + side * 58)
            sketch.line([start, end], 6)
        else:
            sketch.plane(cap, 1)
        sketch.line([along(50, 54, radius, 90 + side * 35), along(50, 54, radius + 13, 90 + side * 35)], 5)
    if form == "domes":
        sketch.line(arc(50, 18, 10, 8, 180, 360), 4)
    sketch.plane(ellipse(50, 54, radius))
    _face(sketch, rng, 50, 54, radius * 0.8)


def clock(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("disc", "ring", "ring", "bare", "open"))
    if form == "bare":
        for at in range(rng.choice((4, 12))):
            turn = at * 30 if at < 12 else 0
            sketch.line([along(50, 50, 36, turn), along(50, 50, 43, turn)], 4)
        sketch.line([along(50, 50, 28, -90), (50, 50), along(50, 50, 18, rng.choice((0, 30, 150)))], 5)
        return
    if form == "open":
        sketch.line(arc(50, 50, 40, None, -60, 240), rng.uniform(4, 9))
        sketch.line([(50, 26), (50, 52), (68, 60)], rng.uniform(4, 8))
        return
    sketch.plane(ellipse(50, 50, 44))
    _face(sketch, rng, 50, 50, rng.uniform(32, 39), hole=form == "ring")


def hourglass(sketch: Sketch, rng: random.Random) -> None:
    width = rng.uniform(22, 32)
    form = rng.choice(("triangles", "triangles", "curved", "lines", "sand"))
    bar, waist = rng.uniform(5, 9), rng.uniform(2, 4)
    top = polygon(50 - width, 19, 50 + width, 19, 50 + waist, 49, 50 - waist, 49)
    bottom = [(x, 100 - y) for x, y in top]
    if form == "triangles":
        show(sketch, rng, [(top, 0), (bottom, 1)], tiled=0.25)
    elif form == "lines":
        outline = [*top[:3], bottom[1], bottom[0], *bottom[3:], top[3]]
        sketch.line([*outline, outline[0]], 4)
    else:
        side = curve(50 - width, 16, 50 - width, 28, 50 - waist, 50, 50 - width, 72, 50 - width, 84, closed=False)
        sketch.plane(side + mirrored(side)[::-1])
        if form == "sand":
            sketch.detail(polygon(50 - width * 0.6, 22, 50 + width * 0.6, 22, 50 + width * 0.4, 31, 50 - width * 0.4,
                31))
            sketch.detail(polygon(50, 58, 50 + width * 0.55, 76, 50 - width * 0.55, 76))
    if form != "triangles" or rng.random() < 0.6:
        for y in (17 - bar, 83):
            sketch.plane(box(46 - width, y, 2 * width + 8, bar, rng.choice((0, 3))), 2)


def gauge(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("half", "half", "segments", "disc", "ring"))
    hand = rng.uniform(-150, -20)
    if form == "disc":
        sketch.plane(ellipse(50, 50, 44))
        for at in range(7):
            turn = 150 + 40 * at
            sketch.score([along(50, 50, 31, turn), along(50, 50, 38, turn)], 3.5)
        sketch.detail([along(50, 50, 30, hand), along(50, 50, 5, hand + 90), *arc(50, 50, 5, None, hand + 90,
            hand + 270, 7)])
        return
    y = 68 if form == "half" else 56
    start, end = (180, 360) if form == "half" else (140, 400)
    if form in ("half", "segments"):
        count, gap = rng.choice((3, 4, 5, 8)), rng.uniform(4, 9)
        for at in range(count):
            first = start + (end - start) * at / count + gap / 2
            sketch.plane(ring(50, y, 36, rng.uniform(8, 14), first, first + (end - start) / count - gap), at % 3)
    else:
        sketch.line(arc(50, y, 40, None, start, end), rng.uniform(4, 9))
        for mark in range(5):
            tick = start + 20 + (end - start - 40) * mark / 4
            sketch.line([along(50, y, 27, tick), along(50, y, 32, tick)], 3)
    sketch.plane([along(50, y, 25, hand), along(50, y, 5, hand + 90), *arc(50, y, 5, None, hand + 90, hand + 270, 7)])


def scales(sketch: Sketch, rng: random.Random) -> None:
    lean = rng.choice((0, 0, 0, 8, 14))
    arm, width = rng.uniform(26, 32), rng.uniform(3, 6)
    form = rng.choice(("strings", "strings", "bowls", "planes"))
    sketch.line([(50, 14), (50, 88)], width)
    sketch.plane(rng.choice((box(32, 86, 36, 6, 2), polygon(50, 74, 66, 92, 34, 92), arc(50, 92, 18, 10, 180, 360))))
    beam = rng.choice((0, 1))
    if beam:
        sketch.line([(50 - arm, 24 - lean / 2), (50 + arm, 24 + lean / 2)], width)
    else:
        sketch.line(curve(50 - arm, 24 - lean / 2, 40, 18, 50, 24, 60, 18, 50 + arm, 24 + lean / 2, closed=False),
            width)
    for side in (-1, 1):
        x, y = 50 + side * arm, 24 + side * lean / 2
        low = y + 32
        if form == "planes":
            sketch.plane(polygon(x, y + 2, x + 15, low, x - 15, low), 1)
        elif form == "strings":
            sketch.line([(x - 15, low), (x, y), (x + 15, low)], 2.5)
        else:
            sketch.line([(x, y), (x, low)], 3)
        sketch.plane(arc(x, low, 16, rng.choice((8, 13)), 0, 180), 2)
    if rng.random() < 0.5:
        sketch.plane(ellipse(50, 14, 5), 1)


def kitchen_scales(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("dial", "dial", "floor", "square"))
    if form in ("floor", "square"):
        sketch.plane(box(12, 12, 76, 76, 14 if form == "floor" else 4))
        sketch.detail([*arc(50, 40, 24, 20, 180, 360), (74, 46), (26, 46)] if form == "floor" else box(32, 20, 36, 16,
            3))
        if form == "floor":
            sketch.plane(thick([(50, 44), (rng.uniform(42, 60), 26)], 4), 1)
        return
    sketch.plane(rng.choice((arc(50, 16, 40, 16, 0, 180), box(12, 16, 76, 7, 3))), 1)
    sketch.plane(box(45, 26, 10, 8), 2)
    sketch.plane(rng.choice((polygon(30, 34, 70, 34, 84, 90, 16, 90), box(20, 34, 60, 56, 10))))
    _face_of_dial = ellipse(50, 62, 18)
    sketch.detail(_face_of_dial)
    sketch.plane(thick([(50, 62), along(50, 62, 14, rng.uniform(-140, -40))], 4), 1)


def _needle(x: float, y: float, length: float, wide: float, turn: float) -> tuple[Points, Points]:
    tip = polygon(x, y - length, x + wide, y, x - wide, y)
    tail = polygon(x - wide, y, x + wide, y, x, y + length)
    return turned(tip, turn, (x, y)), turned(tail, turn, (x, y))


def compass_needle(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("two", "two", "halves", "hole", "rose", "rose", "dart"))
    turn = rng.choice((0, 30, 45, 45, 20))
    wide = rng.uniform(8, 17)
    if form == "rose":
        star_turn = rng.choice((0, 0, 45))
        for spin in (45, 0) if rng.random() < 0.5 else (0,):
            reach = 45 if spin == 0 else rng.uniform(22, 30)
            inner = reach * rng.uniform(0.2, 0.32)
            for at in range(4):
                angle = star_turn + spin + 90 * at - 90
                for side, tone in ((-45, 0), (45, 1)):
                    part = [(50.0, 50.0), along(50, 50, reach, angle), along(50, 50, inner, angle + side)]
                    sketch.plane([along(*point, 0.8, angle + side * 0.6) for point in part], tone)
        return
    if form == "halves":
        for side, tone in ((-1, 0), (1, 1)):
            half = polygon(50 + side, 5, 50 + side * wide, 50, 50 + side, 95)
            sketch.plane(turned(half, turn), tone)
        return
    if form == "dart":
        left, right = polygon(49, 6, 49, 74, 20, 92), polygon(51, 6, 80, 92, 51, 74)
        sketch.plane(turned(left, turn))
        sketch.plane(turned(right, turn), 1)
        return
    tip, tail = _needle(50, 50, 44, wide, turn)
    show(sketch, rng, [(tip, 0), (tail, 1)], tiled=0)
    if form == "hole":
        sketch.detail(ellipse(50, 50, wide * 0.3))


def compass(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("ring", "ring", "hole", "hole", "six", "six", "eight", "marks"))
    turn, wide = rng.choice((0, 25, 45, 45, 45, 20)), rng.uniform(6, 10)
    sides = {"six": 6, "eight": 8}.get(form, 0)
    case = regular(50, 50, 45, sides, rng.choice((-90, 0))) if sides else ellipse(50, 50, 45)
    tip, tail = _needle(50, 50, 29, wide, turn)
    kind = rng.choice(("both", "both", "sides", "tip", "outline"))
    sketch.plane(case)
    if form == "ring" or (sides and rng.random() < 0.5):
        sketch.detail(regular(50, 50, 37, sides, -90) if sides and case[0][0] == 50 else ellipse(50, 50, 36))
        if kind == "sides":
            for side in (-1, 1):
                half = turned(polygon(50 + side * 0.6, 21, 50 + side * wide, 50, 50 + side * 0.6, 79), turn)
                sketch.plane(half, (1 + side) // 2)
        else:
            sketch.plane(tip)
            sketch.plane(tail, 1) if kind != "outline" else sketch.line([tail[0], tail[2], tail[1]], 3)
    elif kind == "tip":
        sketch.detail([*tip, tail[2]])
        sketch.plane(tip, 1)
    else:
        sketch.detail([tip[0], tip[1], tail[2], tip[2]])
        if kind == "both":
            sketch.plane(ellipse(50, 50, wide * 0.5), 1)
    if form == "marks":
        for at in range(4):
            sketch.score([along(50, 50, 34, 90 * at), along(50, 50, 41, 90 * at)], 3.5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "watch": (watch, "17.1.1 17.1.7", "tilt"),
    "stopwatch": (stopwatch, "17.1.1 17.1.8", "tilt"),
    "alarm-clock": (alarm_clock, "17.1.1 17.1.9", "tilt"),
    "clock": (clock, "17.1.1 17.1.2 17.1.9", ""),
    "hourglass": (hourglass, "17.1.1 17.1.19", "tilt"),
    "gauge": (gauge, "17.5.1 17.5.17", "mirror"),
    "scales": (scales, "17.3.1 17.3.2", "mirror"),
    "kitchen-scales": (kitchen_scales, "17.3.1 17.3.3", "mirror"),
    "compass-needle": (compass_needle, "17.5.1 17.5.21", "mirror"),
    "compass": (compass, "17.5.1 17.5.21", "mirror"),
}
