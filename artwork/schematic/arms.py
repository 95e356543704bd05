"""Musical instruments and arms."""

# fmt: off

import random

from schematic.facets import Part
from schematic.geometry import (
    Points,
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    mirrored,
    polygon,
    ring,
    scaled,
    star,
    turned,
)
from schematic.sketch import Kind, Sketch


def drum(sketch: Sketch, rng: random.Random) -> None:
    wide, high, dent = rng.uniform(28, 36), rng.uniform(26, 40), rng.uniform(7, 11)
    top = 44.0
    waist = rng.choice((1.0, 1.0, 0.7))
    sketch.plane([*arc(50, top + high, wide * waist, dent, 0, 180), (50 - wide, top), (50 + wide, top)])
    sketch.plane(ellipse(50, top, wide, dent), 1)
    sketch.detail(ellipse(50, top, wide - 4, dent - 3))
    if rng.random() < 0.7:
        count = rng.choice((2, 3))
        zigzag = [(50 - wide * 0.9 * waist + wide * 0.9 * waist * at / count,
            top + (dent + 3 if at % 2 else high - 4)) for at in range(2 * count + 1)]
        sketch.score(zigzag, 3)
    if rng.random() < 0.6:
        for side in (-1, 1):
            sketch.line([(50 + side * 8, 30), (50 + side * 38, 8)], 3.5)
            sketch.plane(ellipse(50 + side * 8, 30, 4), 2)


def _strings(rng: random.Random, violin_like: bool) -> tuple[Points, float]:
    wide, low = rng.uniform(20, 26), rng.uniform(25, 30)
    waist = rng.uniform(12, 16) if violin_like else rng.uniform(14, 18)
    upper = wide * rng.uniform(0.72, 0.85)
    right = curve(54, 42, 50 + upper, 50, 50 + waist, 62, 50 + wide, 66 + low * 0.4, 50 + wide * 0.6, 94, 50, 96,
        closed=False)
    return right + mirrored(right)[::-1], waist


def guitar(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, 40, 30))
    form = rng.choice(("classic", "classic", "electric", "vee"))
    sketch.plane(turned(box(46.5, 14, 7, 46), turn), 1)
    sketch.plane(turned(rng.choice((polygon(43, 3, 57, 3, 55, 15, 45, 15), box(43, 2, 14, 13, 2))), turn), 2)
    if form == "electric":
        body = curve(44, 56, 30, 46, 28, 60, 34, 70, 24, 84, 40, 95, 60, 95, 76, 84, 66, 70, 72, 56, 66, 50, 56, 58)
    elif form == "vee":
        body = polygon(50, 48, 82, 94, 70, 96, 50, 76, 30, 96, 18, 94)
    else:
        body = _strings(rng, False)[0]
    sketch.plane(turned(body, turn))
    if form == "classic":
        sketch.detail(turned(ellipse(50, 66, rng.uniform(5, 8)), turn))
    if form != "vee":
        sketch.detail(turned(box(42, 83, 16, 4), turn))


def violin(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, 40, -30))
    body, waist = _strings(rng, True)
    bouts = curve(53, 40, 68, 44, 66, 56, 60, 60, 60, 68, 69, 74, 70, 88, 50, 95, closed=False)
    form = rng.choice((body, bouts + mirrored(bouts)[::-1], bouts + mirrored(bouts)[::-1]))
    sketch.plane(turned(box(47.5, 12, 5, 40), turn), 1)
    sketch.plane(turned(ellipse(50, 9, 5), turn), 2)
    sketch.plane(turned(form, turn))
    for side in (-1, 1):
        sketch.line(turned([(50 + side * 4, 15), (50 + side * 9, 14)], turn), 2.5)
        hole = curve(50 + side * 7, 62, 50 + side * (waist - 6), 66, 50 + side * 7, 72, 50 + side * 10, 78,
            closed=False)
        sketch.score(turned(hole, turn), 2.5)
    if rng.random() < 0.5:
        sketch.line(turned([(84, 6), (80, 96)], rng.choice((0, 10))), 2.5)


def trumpet(sketch: Sketch, rng: random.Random) -> None:
    y, turn = 42, rng.choice((0, 0, -20, -30))
    bell = curve(60, y - 4, 78, y - 8, 92, y - 22, 92, y + 22, 78, y + 8, 60, y + 4)
    fanfare = rng.random() < 0.35
    sketch.plane(turned(polygon(66, y - 3, 78, y - 6, 93, y - 20, 93, y + 20, 78, y + 6, 66, y + 3),
        turn) if fanfare else turned(bell, turn))
    sketch.line(turned([(10, y), (66, y)], turn), 5)
    sketch.plane(turned(polygon(5, y - 6, 12, y - 2, 12, y + 2, 5, y + 6), turn), 1)
    if fanfare:
        sketch.plane(turned(polygon(30, y + 5, 62, y + 5, 62, y + 40, 46, y + 30, 30, y + 40), turn), 2)
        return
    sketch.line(turned([(28, y), (24, y + 10), (30, y + 22), (62, y + 22), (68, y + 12), (62, y)], turn), 4)
    for x in (38, 46, 54):
        sketch.line(turned([(x, y - 10), (x, y + 26)], turn), 4.5)


def bell(sketch: Sketch, rng: random.Random) -> None:
    wide, shoulder = rng.uniform(28, 36), rng.uniform(14, 20)
    form = rng.choice(("plain", "plain", "band", "halves", "lines", "angles"))
    right = curve(50, 14, 50 + shoulder, 22, 50 + shoulder + 4, 50, 50 + wide, 76, closed=False)
    if form == "angles":
        right = polygon(50, 14, 50 + shoulder * 0.7, 18, 50 + shoulder + 3, 56, 50 + wide, 76)
    outline = right + mirrored(right)[::-1]
    if form == "lines":
        sketch.line([*outline, outline[0]], 5)
        sketch.line(arc(50, 80, 10, 9, 10, 170), 5)
        return
    sketch.plane(rng.choice((ring(50, 10, 5, 3), ellipse(50, 11, 4.5), box(46, 6, 8, 8, 2))), 1)
    sketch.plane(rng.choice((arc(50, 80, 11, 11, 0, 180), ellipse(50, 82, 8))), 1)
    if form == "halves":
        sketch.plane(half_of(outline, (50.7, 50), 0))
        sketch.plane(half_of(outline, (49.3, 50), 180), 2)
    else:
        sketch.plane(outline)
        if form == "band":
            sketch.score([(53 - wide * 0.85, 64), (47 + wide * 0.85, 64)], 3)


def piano_keys(sketch: Sketch, rng: random.Random) -> None:
    count = rng.choice((3, 4, 5, 7))
    step, deep = 84 / count, rng.uniform(30, 40)
    form = rng.choice(("scored", "apart", "wave"))
    half, black = step * 0.32, [at for at in range(1, count) if at != 3]
    if form == "scored":
        sketch.plane(box(8, 18, 84, 66, rng.choice((0, 5))))
    for at in range(count):
        x, end = 9 + at * step, 7 + (at + 1) * step
        if form == "scored":
            if at:
                sketch.score([(x - 1, 18 + deep if at in black else 19), (x - 1, 83)], 2)
            continue
        top, low = 18, 82 + (8 * (at % 2) if form == "wave" else 0)
        left, right = x + (half if at in black else 0), end - (half if at + 1 in black else 0)
        sketch.plane(polygon(left, top, right, top, right, top + deep, end, top + deep, end, low, x, low, x, top + deep,
            left, top + deep,))
    for at in black:
        key = box(8 + at * step - step * 0.24, 18, step * 0.48, deep - 3)
        sketch.detail(key) if form == "scored" else sketch.plane(key, 1)


def harp(sketch: Sketch, rng: random.Random) -> None:
    width = rng.uniform(5, 9)
    if rng.random() < 0.35:
        side = curve(44, 84, 22, 66, 26, 36, 14, 14, closed=False)
        for line in (side, mirrored(side)):
            sketch.line(line, width)
        sketch.line([(24, 30), (76, 30)], width * 0.7)
        sketch.plane(polygon(34, 80, 66, 80, 72, 92, 28, 92), 1)
        for x in (40, 46.7, 53.3, 60):
            sketch.line([(x, 31), (x, 80)], 2)
        return
    sketch.line([(26, 12), (26, 88)], width)
    sketch.line([(26, 88), (84, 26)], width * 1.2)
    sketch.line(curve(26, 14, 40, 12, 54, 30, 70, 30, 84, 26, closed=False), width)
    for at in range(rng.choice((3, 4, 5))):
        x = 36 + at * 8.5
        sketch.line([(x, 16 + at * 4), (x, 88 - (x - 26) * 62 / 58)], 2)


def _sword(rng: random.Random) -> list[Part]:
    wide, guard = rng.uniform(3.5, 7), rng.uniform(13, 22)
    blade = rng.choice((polygon(50, 4, 50 + wide, 14, 50 + wide, 66, 50 - wide, 66, 50 - wide, 14), polygon(50, 4,
        50 + wide, 66, 50 - wide, 66)))
    cross = rng.choice((box(50 - guard, 66, 2 * guard, 6, 2), polygon(50 - guard, 64, 50, 68, 50 + guard, 64,
        50 + guard, 70, 50, 74, 50 - guard, 70)))
    return [(blade, 0), (cross, 1), (box(47, 73, 6, 15), 2), (ellipse(50, 91, 5), 1)]


def sword(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 45, 45, 180, -45))
    parts = _sword(rng)
    form = rng.choice(("plain", "groove", "halves", "sabre"))
    if form == "sabre":
        blade = curve(48, 70, 46, 40, 60, 4, closed=False) + curve(60, 4, 56, 40, 54, 70, closed=False)
        parts = [(blade, 0), (box(38, 70, 24, 5, 2), 1), (box(47, 75, 7, 18, 3), 2)]
    elif form == "halves":
        parts = [(half_of(parts[0][0], (50.6, 50), 0), 0), (half_of(parts[0][0], (49.4, 50), 180), 2), *parts[1:]]
    for points, tone in parts:
        sketch.plane(turned(points, turn), tone)
    if form == "groove":
        sketch.score(turned([(50, 22), (50, 60)], turn), 2)


def crossed_swords(sketch: Sketch, rng: random.Random) -> None:
    parts = _sword(rng)
    turn, down = rng.uniform(36, 50), rng.random() < 0.25
    for at, side in enumerate((-1, 1)):
        if at and rng.random() < 0.7:
            sketch.detail(turned(box(42, 40, 3, 20), turn, (50, 50)))
        for points, _ in parts:
            placed = turned(points, side * turn)
            sketch.plane([(x, 100 - y) for x, y in placed] if down else placed, at)


def axe(sketch: Sketch, rng: random.Random) -> None:
    turn, grip = rng.choice((0, 30, 45)), rng.uniform(5, 8)
    form = rng.choice(("one", "one", "square", "double"))
    share = 0.8 if turn or form == "double" else 1
    sketch.plane(turned(box(50 - grip / 2, 6, grip, 88, 2), turn), 1)
    blade = rng.choice((curve(53, 16, 70, 12, 84, 4, 88, 28, 84, 52, 70, 40, 53, 36), polygon(53, 16, 84, 6, 90, 28, 84,
        50, 53, 36)))
    if form == "square":
        blade = polygon(53, 12, 84, 10, 86, 44, 72, 34, 53, 32)
    blade = scaled(blade, share, 1, (50, 30))
    sketch.plane(turned(blade, turn))
    if form == "double":
        sketch.plane(turned(mirrored(blade), turn))
    elif rng.random() < 0.5:
        sketch.plane(turned(box(38, 18, 9, 14), turn), 2)


def bow_and_arrow(sketch: Sketch, rng: random.Random) -> None:
    turn, width = rng.choice((0, -45, -45, 30)), rng.uniform(4, 7)
    drawn = rng.choice((0, 0, 18))
    form = rng.choice(("arc", "recurve"))
    bow = (arc(40, 50, 26, 42, -90, 90) if form == "arc" else curve(36, 6, 44, 10, 66, 38, 60, 50, 66, 62, 44, 90, 36,
        94, closed=False))
    x = 40 if form == "arc" else 37
    ends = (8, 92)
    sketch.line(turned(bow, turn), width)
    sketch.line(turned([(x, ends[0]), (x - drawn, 50), (x, ends[1])], turn), 2)
    sketch.line(turned([(x - drawn - 4, 50), (86, 50)], turn), 3)
    sketch.plane(turned(polygon(95, 50, 82, 44, 82, 56), turn), 1)
    if rng.random() < 0.7:
        sketch.plane(turned(polygon(x - drawn - 14, 43, x - drawn - 6, 43, x - drawn, 50, x - drawn - 6, 57,
            x - drawn - 14, 57, x - drawn - 8, 50,), turn,), 2,)


def gun(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("pistol", "pistol", "revolver", "old"))
    if form == "revolver":
        sketch.plane(box(44, 28, 48, 10, 1))
        sketch.plane(polygon(16, 30, 46, 28, 46, 50, 34, 52, 24, 84, 6, 80, 14, 54))
        sketch.plane(box(32, 26, 18, 20, 4), 1)
    elif form == "old":
        sketch.plane(polygon(24, 34, 94, 30, 94, 38, 40, 46, 26, 52, 18, 76, 6, 74, 12, 46))
        sketch.line([(34, 30), (28, 22)], 4)
    else:
        sketch.plane(polygon(8, 26, 92, 26, 92, 42, 8, 44))
        sketch.plane(polygon(10, 46, 42, 46, 30, 84, 8, 82), 1)
    sketch.line([(36, 50), (38, 60), (50, 60), (54, 46)], 4)
    if rng.random() < 0.4 and form == "pistol":
        sketch.detail(box(14, 30, 4, 9))
        sketch.detail(box(22, 30, 4, 9))


def bomb(sketch: Sketch, rng: random.Random) -> None:
    radius, lean = rng.uniform(28, 34), rng.choice((0, 35, 35))
    sketch.plane(ellipse(46, 62, radius))
    neck = turned(box(39, 62 - radius - 7, 14, 10, 1), lean, (46, 62))
    sketch.plane(neck, 1)
    x, y = along(46, 62, radius + 7, -90 + lean)
    fuse = curve(x, y, x + 3, y - 8, x + 12, y - 12, x + 20, y - 8, closed=False)
    sketch.line(fuse, rng.uniform(3, 5))
    if rng.random() < 0.7:
        end = fuse[-1]
        sketch.plane(star(min(end[0] + 3, 90), end[1], rng.uniform(7, 10), rng.choice((5, 6, 8)), 0.45), 2)
    if rng.random() < 0.5:
        sketch.score(arc(46, 62, radius * 0.68, None, 180, 250), 4)


def cannon(sketch: Sketch, rng: random.Random) -> None:
    turn, near, far = rng.uniform(-28, -5), rng.uniform(11, 14), rng.uniform(7, 10)
    barrel_of_it = polygon(14, 46 - near, 84, 46 - far, 84, 46 + far, 14, 46 + near)
    sketch.plane(turned(barrel_of_it, turn, (40, 46)))
    sketch.plane(turned(box(84, 43 - far, 7, 6 + 2 * far, 1), turn, (40, 46)), 1)
    sketch.plane(turned(ellipse(10, 46, 5), turn, (40, 46)), 1)
    sketch.plane(polygon(4, 88, 12, 92, 52, 66, 44, 58), 2)
    radius = rng.uniform(19, 24)
    sketch.plane(ring(48, 92 - radius, radius - 3, 6), 1)
    for at in range(rng.choice((2, 3, 4))):
        sketch.line([along(48, 92 - radius, radius - 4, at * 45), along(48, 92 - radius, radius - 4, at * 45 + 180)], 3)


def knight_helmet(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("great", "great", "side", "greek"))
    if form == "great":
        sketch.plane(rng.choice((curve(50, 10, 76, 18, 80, 50, 74, 84, 50, 94, 26, 84, 20, 50, 24, 18), polygon(28, 12,
            72, 12, 80, 40, 76, 84, 50, 94, 24, 84, 20, 40))))
        sketch.detail(polygon(24, 42, 47, 45, 47, 51, 25, 49))
        sketch.detail(polygon(76, 42, 53, 45, 53, 51, 75, 49))
        for y in (62, 70, 78):
            for x in (40, 60):
                sketch.detail(ellipse(x, y, 2.3))
        if rng.random() < 0.4:
            sketch.plane(curve(50, 10, 44, 2, 70, -2, 88, 14, 70, 8), 1)
    elif form == "side":
        sketch.plane(curve(28, 84, 24, 40, 46, 14, 70, 24, 76, 44, closed=False) + polygon(90, 58, 78, 78, 66, 92, 30,
            92))
        sketch.detail(polygon(52, 46, 76, 50, 75, 55, 52, 52))
        for y in (64, 72, 80):
            sketch.detail(box(60, y, 15, 3, 1))
        sketch.plane(curve(44, 14, 30, 4, 10, 16, 12, 52, 22, 34), 1)
    else:
        sketch.plane(curve(50, 20, 76, 32, 80, 60, 72, 92, closed=False) + polygon(56, 84, 56, 60, 74, 52, 52, 50, 50,
            70, 48, 50, 26, 52, 44, 60, 44, 84) + curve(28, 92, 20, 60, 24, 32, 50, 20, closed=False))
        sketch.plane(polygon(45, 18, 55, 18, 58, 4, 42, 4), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "drum": (drum, "22.1.1", "tilt"),
    "guitar": (guitar, "22.1.15", "mirror tilt"),
    "violin": (violin, "22.1.15", "mirror tilt"),
    "trumpet": (trumpet, "22.1.5 22.1.6", "mirror"),
    "bell": (bell, "22.3.1 22.3.5", "tilt"),
    "piano-keys": (piano_keys, "22.1.10", "tilt"),
    "harp": (harp, "22.1.15 22.1.16", "mirror"),
    "sword": (sword, "23.1.1", "mirror tilt"),
    "crossed-swords": (crossed_swords, "23.1.1", ""),
    "axe": (axe, "14.7.2 23.1.25", "mirror tilt"),
    "bow-and-arrow": (bow_and_arrow, "23.1.5 24.15.5", "mirror tilt"),
    "gun": (gun, "23.3.1 23.3.5", "mirror tilt"),
    "bomb": (bomb, "23.3.10 23.3.25", "mirror tilt"),
    "cannon": (cannon, "23.3.1 23.3.2", "mirror"),
    "knight-helmet": (knight_helmet, "23.5.5", "mirror"),
}
