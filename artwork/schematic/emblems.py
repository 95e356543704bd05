"""Shields, crowns, medals and flags."""

# fmt: off

import random

from schematic.geometry import Points, arc, box, curve, ellipse, half_of, polygon, ring, scaled, star, turned
from schematic.sketch import Kind, Sketch


def _shield(rng: random.Random) -> Points:
    dip = rng.uniform(0, 8)
    return rng.choice(
        (
            curve(90, 12, 88, 50, 72, 80, 50, 94, closed=False) + curve(50, 94, 28, 80, 12, 50, 10, 12, closed=False),
            polygon(50, 6, 88, 18, 84, 60, 50, 94, 16, 60, 12, 18),
            [
                *curve(50, 6, 66, 16, 88, 18, closed=False),
                *curve(88, 18, 86, 58, 50, 94, closed=False),
                *curve(50, 94, 14, 58, 12, 18, closed=False),
                *curve(12, 18, 34, 16, 50, 6, closed=False),
            ],
            [
                (12.0, 10.0),
                (50.0, 10.0 + dip),
                (88.0, 10.0),
                *curve(88, 10, 88, 64, 72, 82, 50, 92, closed=False),
                *curve(50, 92, 28, 82, 12, 64, 12, 10, closed=False),
            ],
        )
    )


def shield_plain(sketch: Sketch, rng: random.Random) -> None:
    outline, form = _shield(rng), rng.choice(("plain", "border", "border", "line", "double"))
    if form == "line":
        sketch.line([*outline, outline[0]], rng.uniform(4, 9))
        return
    sketch.plane(outline)
    if form != "plain":
        sketch.detail(scaled(outline, rng.uniform(0.8, 0.9), None, (50, 48)))
    if form == "double":
        sketch.plane(scaled(outline, 0.7, None, (50, 48)), 1)


def shield_divided(sketch: Sketch, rng: random.Random) -> None:
    outline, form, width = (_shield(rng), rng.choice(("halves", "halves", "quarters", "bend", "chevron", "cross",
        "bars")), rng.uniform(4, 8))
    if form == "halves":
        apart = rng.uniform(0.8, 2)
        sketch.plane(half_of(outline, (50 - apart, 50), 180))
        sketch.plane(half_of(outline, (50 + apart, 50), 0), 1)
        return
    sketch.plane(outline)
    if form in ("quarters", "cross"):
        wide = width * (1 if form == "quarters" else 2)
        sketch.score([(50, 18), (50, 86)], wide)
        sketch.score([(19, 44), (81, 44)], wide)
    elif form == "bend":
        sketch.score([(22, 22), (72, 70)], width * 2)
    elif form == "chevron":
        sketch.score([(24, 58), (50, 36), (76, 58)], width * 1.5)
    else:
        for y in (26, 42, 58)[: rng.choice((2, 3))]:
            sketch.detail(box(24, y, 52, width))


def trident(sketch: Sketch, rng: random.Random) -> None:
    wide, width, turn = rng.uniform(18, 26), rng.uniform(4, 7), rng.choice((0, 0, 45, 30))
    form = rng.choice(("bow", "square", "curved"))
    if form == "bow":
        fork = arc(50, 22, wide, rng.uniform(22, 30), 0, 180)
    elif form == "square":
        fork = polygon(50 + wide, 20, 50 + wide, 46, 50 - wide, 46, 50 - wide, 20)
    else:
        fork = curve(50 + wide, 18, 50 + wide * 0.7, 34, 50, 50, 50 - wide * 0.7, 34, 50 - wide, 18, closed=False)
    sketch.line(turned([(50, 14), (50, 94)], turn), width)
    sketch.line(turned(fork, turn), width)
    tip = rng.choice((0, 1))
    for x, y in ((50 - wide, 6), (50, 2), (50 + wide, 6)):
        head = (polygon(x, y, x + 7, y + 14, x - 7, y + 14) if tip else polygon(x, y, x + 6, y + 16, x, y + 12, x - 6,
            y + 16))
        sketch.plane(turned(head, turn), 1)


def _crown(rng: random.Random, tips: int) -> tuple[Points, Points, float]:
    low, foot, rise = rng.uniform(68, 78), rng.uniform(28, 38), rng.uniform(0, 16)
    top, valley, spread = rng.uniform(14, 26), rng.uniform(44, 56), rng.uniform(4, 12)
    points: Points = [(50 + foot, low), (50 - foot, low)]
    peaks: Points = []
    for at in range(tips):
        share = at / (tips - 1) * 2 - 1
        peak = (50 + share * (foot + spread), top + rise * abs(share))
        peaks.append(peak)
        points.append(peak)
        if at < tips - 1:
            points.append((50 + (share + 1 / (tips - 1)) * foot * 0.9, valley))
    return points, peaks, low


def _base_of_crown(sketch: Sketch, rng: random.Random, outline: Points, low: float) -> None:
    base = rng.choice(("none", "bar", "bar", "score"))
    foot = outline[0][0] - 50
    if base == "bar":
        sketch.plane(box(50 - foot, low + 4, 2 * foot, rng.uniform(7, 11), rng.choice((0, 3))), 1)
    elif base == "score":
        sketch.score([(53 - foot, low - 9), (47 + foot, low - 9)], 3)


def crown(sketch: Sketch, rng: random.Random, tips: int = 3) -> None:
    outline, peaks, low = _crown(rng, tips)
    form = rng.choice(("plain", "plain", "planes", "lines", "gems"))
    if form == "lines":
        sketch.line([*outline, outline[0]], rng.uniform(3, 7))
        return
    if form == "planes":
        foot = outline[0][0] - 50
        valleys = [(50 - foot, low), *outline[3:-1:2], (50 + foot, low)]
        for at, peak in enumerate(peaks):
            left, right = (valleys[at], valleys[at + 1])
            points = [peak, (right[0] - 0.8, right[1]), (right[0] - 0.8, low), (left[0] + 0.8, low), (left[0] + 0.8,
                left[1])]
            sketch.plane(points, at % 3)
        return
    sketch.plane(outline)
    _base_of_crown(sketch, rng, outline, low)
    if form == "gems":
        for x in (-16, 0, 16):
            sketch.detail(rng.choice((ellipse(50 + x, low - 10, 3.5), polygon(50 + x, low - 15, 54 + x, low - 10,
                50 + x, low - 5, 46 + x, low - 10))))


def crown_of_more_tips(sketch: Sketch, rng: random.Random) -> None:
    crown(sketch, rng, rng.choice((4, 5, 5, 7)))


def crown_with_balls(sketch: Sketch, rng: random.Random) -> None:
    outline, peaks, low = _crown(rng, rng.choice((3, 3, 5, 5)))
    size, apart = rng.uniform(3.5, 6.5), rng.random() < 0.3
    if rng.random() < 0.2:
        sketch.line([*outline, outline[0]], 4)
    else:
        sketch.plane(outline)
        _base_of_crown(sketch, rng, outline, low)
    for x, y in peaks:
        sketch.plane(ellipse(x, y - (size + 2 if apart else 0), size), 1)


def crown_closed(sketch: Sketch, rng: random.Random) -> None:
    wide = rng.uniform(28, 36)
    form = rng.choice(("arches", "arches", "cap", "lines"))
    sketch.plane(box(50 - wide, 72, 2 * wide, 12, rng.choice((0, 3))), 1)
    if form == "cap":
        sketch.plane(curve(50 - wide, 70, 44 - wide, 40, 36, 26, 50, 32, 64, 26, 56 + wide, 40, 50 + wide, 70, 50, 69))
        sketch.score(curve(50 - wide * 0.3, 68, 40, 46, 49, 34, closed=False), 3)
        sketch.score(curve(50 + wide * 0.3, 68, 60, 46, 51, 34, closed=False), 3)
    else:
        width = rng.uniform(4, 8)
        for side in (-1, 1):
            sketch.line(curve(50 + side * wide, 70, 50 + side * (wide + 5), 46, 50 + side * 18, 28, 50, 36,
                closed=False), width)
        if form == "arches":
            sketch.line([(50, 70), (50, 36)], width)
    sketch.plane(ellipse(50, 27, 5), 2)
    sketch.line([(50, 21), (50, 7)], 3.5)
    sketch.line([(44, 13), (56, 13)], 3.5)


def medal(sketch: Sketch, rng: random.Random) -> None:
    radius, form = rng.uniform(21, 27), rng.choice(("vee", "vee", "band", "cross"))
    y = 92 - radius
    if form == "vee":
        sketch.plane(polygon(22, 6, 40, 6, 56, y - radius + 4, 42, y - radius + 8), 1)
        sketch.plane(polygon(78, 6, 60, 6, 46, y - radius + 4, 58, y - radius + 8), 2)
    elif form == "band":
        sketch.plane(polygon(34, 6, 66, 6, 66, 30, 50, 40, 34, 30), 1)
    else:
        sketch.line([(30, 6), (50, y - radius + 2), (70, 6)], 8)
    sketch.plane(ellipse(50, y, radius))
    inside = rng.choice(("star", "ring", "plain", "star"))
    if inside == "star":
        sketch.detail(star(50, y, radius * 0.6, 5, 0.42))
    elif inside == "ring":
        sketch.detail(ring(50, y, radius * 0.72, 3))


def rosette(sketch: Sketch, rng: random.Random) -> None:
    y, radius = 38, rng.uniform(27, 32)
    form = rng.choice(("star", "round", "waves"))
    splay = rng.uniform(4, 16)
    for side in (-1, 1):
        x = 50 + side * 12
        tail = polygon(x - 9, y + 12, x + 9, y + 12, x + 9 + side * splay, 94, x + side * splay, 86,
            x - 9 + side * splay, 94)
        sketch.plane(tail, 1)
    count = rng.choice((8, 10, 12, 16))
    outline = ellipse(50, y, radius) if form == "round" else star(50, y, radius + 2, count, 0.83)
    if form == "waves":
        outline = curve(*[value for point in outline for value in point], points=3)
    sketch.plane(outline)
    inside = rng.choice(("ring", "hole", "star", "tick"))
    if inside == "ring":
        sketch.detail(ring(50, y, radius * 0.6, 4))
    elif inside == "hole":
        sketch.detail(ellipse(50, y, radius * 0.5))
    elif inside == "star":
        sketch.detail(star(50, y, radius * 0.55, 5, 0.42))
    else:
        sketch.score([(39, y), (47, y + 8), (62, y - 9)], 5)


def flag(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("waving", "waving", "straight", "tail", "two"))
    x, top, deep = 20, 12, rng.uniform(34, 44)
    sketch.line([(x, top - 4), (x, 95)], rng.uniform(4, 7))
    left, right = x + 4, rng.uniform(82, 92)
    if form == "waving":
        upper = curve(left, top + 3, left + 20, top - 3, left + 42, top + 6, right, top, closed=False)
        sketch.plane(upper + [(a, b + deep) for a, b in upper][::-1])
        if rng.random() < 0.3:
            sketch.score([(a, b + deep / 2) for a, b in upper[1:-1]], 4)
    elif form == "tail":
        sketch.plane(polygon(left, top, right, top, right - 14, top + deep / 2, right, top + deep, left, top + deep))
    elif form == "two":
        middle = (left + right) / 2
        sketch.plane(polygon(left, top, middle, top + 5, middle, top + deep, left, top + deep - 5))
        sketch.plane(polygon(middle + 1.5, top + 5, right, top - 2, right, top + deep - 8, middle + 1.5, top + deep), 1)
    else:
        sketch.plane(box(left, top, right - left, deep))
        for y in (1, 2) if rng.random() < 0.5 else ():
            sketch.score([(left + 1, top + deep * y / 3), (right - 1, top + deep * y / 3)], 3)


def pennant(sketch: Sketch, rng: random.Random) -> None:
    turn, deep = rng.choice((0, 0, -20)), rng.uniform(30, 50)
    form = rng.choice(("plain", "halves", "curved"))
    sketch.line(turned([(20, 6), (20, 95)], turn), rng.uniform(3, 6))
    if form == "halves":
        sketch.plane(turned(polygon(24, 8, 90, 8 + deep / 2, 24, 7.4 + deep / 2), turn))
        sketch.plane(turned(polygon(24, 9 + deep / 2, 90, 8.8 + deep / 2, 24, 8 + deep), turn), 1)
    elif form == "curved":
        sketch.plane(turned([(24.0, 8.0), *curve(24, 8, 46, 14, 66, 10, 92, 26, closed=False), *curve(92, 26, 60, 30,
            24, 8 + deep, closed=False)], turn))
    else:
        sketch.plane(turned(polygon(24, 8, 90, 8 + deep / 2, 24, 8 + deep), turn))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "shield-plain": (shield_plain, "24.1.1", ""),
    "shield-divided": (shield_divided, "24.1.3", "mirror"),
    "trident": (trident, "24.11.7", "tilt"),
    "crown": (crown, "24.9.2 24.9.3 24.9.5 24.9.9", "tilt"),
    "crown-of-more-tips": (crown_of_more_tips, "24.9.2 24.9.3 24.9.5 24.9.10", "tilt"),
    "crown-with-balls": (crown_with_balls, "24.9.2 24.9.3 24.9.5 24.9.7", "tilt"),
    "crown-closed": (crown_closed, "24.9.1 24.9.5 24.9.13", ""),
    "medal": (medal, "24.5.1 24.5.3", "tilt"),
    "rosette": (rosette, "24.5.20 24.5.25", "tilt"),
    "flag": (flag, "24.7.1", "mirror"),
    "pennant": (pennant, "24.7.1 24.7.15", "mirror"),
}
