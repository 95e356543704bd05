"""Telephones and sound apparatus."""

# fmt: off

import random

from schematic.facets import tile
from schematic.geometry import along, arc, box, curve, ellipse, moved, polygon, ring, scaled, smoothed, thick, turned
from schematic.sketch import Kind, Sketch


def telephone(sketch: Sketch, rng: random.Random) -> None:
    width = rng.uniform(30, 40)
    form = rng.choice(("old", "old", "trapezium", "low"))
    if form == "low":
        sketch.plane(curve(14, 84, 18, 66, 34, 50, 66, 50, 82, 66, 86, 84, 50, 86))
    elif form == "old":
        sketch.plane(polygon(50 - width * 0.5, 44, 50 + width * 0.5, 44, 50 + width, 86, 50 - width, 86))
    else:
        sketch.plane(box(50 - width, 42, 2 * width, 44, 12))
    sketch.plane(thick(arc(50, 48, 38, 24, 200, 340), 9), 1)
    for x in (16, 84):
        sketch.plane(box(x - 9, 34, 18, 14, 5), 1)
    if rng.random() < 0.6:
        sketch.detail(ellipse(50, 66, 14))
        sketch.plane(ellipse(50, 66, rng.uniform(5, 9)), 1)
    else:
        for at in range(9):
            sketch.detail(box(36 + at % 3 * 11, 54 + at // 3 * 9, 6, 5, 1))


def receiver(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("bow", "bow", "bar", "tile"))
    bend, end = rng.uniform(10, 22), rng.uniform(9, 13)
    if form == "bar":
        outline = curve(12, 66, 10, 44, 24, 34, 50, 32, 76, 34, 90, 44, 88, 66, 70, 66, 68, 52, 32, 52, 30, 66)
    else:
        y = 62 - bend
        outline = polygon(14 - 2, y + 2, 16, y - 10, 30, y - 20, 50, y - 24, 70, y - 20, 84, y - 10, 88, y + 2)
        inner = polygon(84, y + end, 70, y + end + 2, 64, y, 50, y - 6, 36, y, 30, y + end + 2, 16, y + end)
        outline = smoothed(outline + inner)
    turn = rng.choice((-45, -45, -135, 0, -30))
    points = turned(moved(outline, 0, 6 if form != "bar" else 0), turn)
    if form == "tile":
        sketch.plane(tile(rng))
        sketch.detail(scaled(points, 0.62))
        return
    sketch.plane(points)
    if turn == -45 and rng.random() < 0.5:
        for at in range(rng.choice((1, 2, 3))):
            sketch.line(arc(54, 46, 14 + 11 * at, None, -80, -10), 5)


def smartphone(sketch: Sketch, rng: random.Random) -> None:
    width, corner = rng.uniform(38, 50), rng.choice((3, 6, 10))
    left = 50 - width / 2
    form = rng.choice(("screen", "bare", "notch", "tilted", "perspective", "lines"))
    if form == "perspective":
        sketch.plane(polygon(20, 60, 56, 16, 84, 34, 48, 80))
        sketch.detail(polygon(28, 59, 56, 25, 75, 36, 48, 71))
        sketch.plane(polygon(20, 62, 48, 82, 48, 89, 20, 69), 1)
        return
    if form == "lines":
        body = box(left, 8, width, 84, corner)
        sketch.line([*body, body[0]], rng.uniform(4, 7))
        sketch.line([(44, 80), (56, 80)], 4)
        return
    turn = rng.choice((-20, 15, 25)) if form == "tilted" else 0
    sketch.plane(turned(box(left, 6, width, 88, corner), turn))
    border = rng.uniform(4, 6)
    top = 6 + border if form == "notch" else rng.uniform(13, 18)
    bottom = 94 - border if form == "notch" else rng.uniform(78, 84)
    if form != "bare":
        sketch.detail(turned(box(left + border, top, width - 2 * border, bottom - top, corner / 2), turn))
    if form == "notch":
        sketch.plane(box(50 - width * 0.18, 6, width * 0.36, 10, 3), 1)
    else:
        sketch.detail(turned(ellipse(50, 87, rng.uniform(2.5, 4)), turn))
        if rng.random() < 0.6:
            sketch.detail(turned(box(44, 9, 12, 2.5, 1), turn))


def microphone(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("studio", "studio", "hand", "old", "hand"))
    if form == "hand":
        turn = rng.choice((0, 35, 45))
        handle = polygon(42, 42, 58, 42, 54, 94, 46, 94)
        sketch.plane(turned(ellipse(50, 24, 16), turn))
        if rng.random() < 0.6:
            for step in (-7, 0, 7):
                sketch.detail(turned(box(38, 23 + step, 24, 2.5, 1), turn))
        sketch.plane(turned(handle, turn), 1)
        return
    width = rng.uniform(13, 19)
    sketch.plane(box(50 - width, 8, 2 * width, 52, width if form == "studio" else 8))
    marks = rng.choice(("none", "bars", "score", "side"))
    if form == "old" or marks == "bars":
        for at in range(3):
            sketch.detail(box(50 - width * 0.65, 20 + at * 10, width * 1.3, 4, 2))
    elif marks == "side":
        for at in range(3):
            sketch.detail(box(50 + width * 0.1, 20 + at * 9, width * 0.85, 4))
    sketch.line([(24, 44), *arc(50, 46, 26, 26, 180, 0), (76, 44)], 5)
    sketch.line([(50, 73), (50, 90)], 5)
    sketch.line([(34, 91), (66, 91)], 5)


def headphones(sketch: Sketch, rng: random.Random) -> None:
    width, high = rng.uniform(3, 9), rng.uniform(28, 36)
    form = rng.choice(("arc", "arc", "full", "mic", "front"))
    if form == "full":
        sketch.plane(ring(50, 56, 38, width + 3, 180, 360))
    else:
        sketch.line(arc(50, 56, 36, 42, 180, 360), width)
    shape = rng.choice(("box", "half", "oval"))
    for side in (-1, 1):
        x = 50 + side * 34
        cup = {"box": box(x - 8, 52, 16, high, 6), "half": [(x - side * 4, 52), *arc(x - side * 4, 68, side * 15,
            high / 2, -90, 90)], "oval": ellipse(x, 68, 10, high / 2)}[shape]
        sketch.plane(cup, 1)
        if shape == "oval" and rng.random() < 0.5:
            sketch.detail(ellipse(x, 68, 4, high / 4))
    if form == "mic":
        sketch.line([(86, 84), (80, 94), (56, 94)], 4)


def megaphone(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, -15, -25))
    form = rng.choice(("cone", "cone", "planes", "bell"))
    near, far = rng.uniform(7, 12), rng.uniform(24, 32)
    if form == "planes":
        sketch.plane(turned(polygon(14, 50, 72, 50 - far, 72, 49), turn))
        sketch.plane(turned(polygon(14, 52, 72, 51, 72, 50 + far), turn), 1)
    elif form == "bell":
        horn = curve(30, 40, 52, 36, 68, 18, 74, 18, 74, 82, 68, 82, 52, 64, 30, 60)
        sketch.plane(turned(horn, turn))
        sketch.plane(turned(box(12, 40, 17, 20, 6), turn), 1)
    else:
        sketch.plane(turned(polygon(28, 50 - near, 72, 50 - far, 72, 50 + far, 28, 50 + near), turn))
        sketch.plane(turned(box(12, 50 - near, 14, 2 * near, 4), turn), 1)
    sketch.plane(turned(polygon(28, 62, 42, 64, 46, 84, 34, 84), turn), 2)
    waves = rng.choice(("none", "arcs", "rays"))
    for at in range(2 if waves == "arcs" else 0):
        sketch.line(turned(arc(68, 50, 14 + at * 10, None, -40, 40), turn), 5)
    for step in (-1, 0, 1) if waves == "rays" else ():
        sketch.line(turned([(79, 50 + step * 16), (92, 50 + step * 26)], turn), 5)


def loudspeaker(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.35:
        sketch.plane(box(24, 8, 52, 84, rng.choice((0, 6))))
        sketch.detail(ellipse(50, 28, 10))
        sketch.detail(ellipse(50, 64, 19))
        sketch.plane(ellipse(50, 64, rng.uniform(6, 12)), 1)
        return
    far = rng.uniform(26, 34)
    if rng.random() < 0.6:
        sketch.plane(polygon(8, 36, 26, 36, 52, 50 - far, 52, 50 + far, 26, 64, 8, 64))
    else:
        sketch.plane(box(8, 36, 18, 28, 2), 1)
        sketch.plane(polygon(28, 36, 52, 50 - far, 52, 50 + far, 28, 64))
    for at in range(rng.choice((1, 2, 3))):
        sketch.line(arc(48, 50, 16 + at * 13, None, -50, 50), rng.uniform(4, 7))


def satellite_dish(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.uniform(30, 50)
    bowl = arc(46, 44, 34, rng.uniform(24, 36), 0, 180)
    sketch.plane(turned(bowl, turn, (46, 44)))
    sketch.line([(46, 44), along(46, 44, 26, turn - 90)], 4)
    sketch.plane(ellipse(*along(46, 44, 28, turn - 90), 5), 1)
    sketch.plane(rng.choice((polygon(36, 66, 22, 94, 58, 94), box(20, 88, 40, 6, 2), polygon(34, 68, 40, 68, 46, 94, 28,
        94))), 1)
    for at in range(rng.choice((0, 2, 3))):
        sketch.line(arc(*along(46, 44, 28, turn - 90), 11 + 9 * at, None, turn - 130, turn - 50, 9), 4)


def antenna(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("mast", "mast", "lattice", "stick", "vee"))
    y = rng.uniform(30, 38)
    if form == "lattice":
        sketch.line([(28, 94), (50, y + 4), (72, 94)], 5)
        for share in (0.35, 0.7):
            depth = y + 4 + (90 - y) * share
            half = 22 * (depth - y - 4) / (90 - y)
            sketch.line([(50 - half, depth), (50 + half, depth)], 4)
    elif form == "mast":
        sketch.plane(polygon(48, y, 52, y, 62, 94, 54, 94, 50, 60, 46, 94, 38, 94))
    elif form == "vee":
        sketch.line([(50, 94), (50, 30), (22, 30)], 5)
        sketch.line([(50, 62), (22, 30)], 5)
        sketch.line([(50, 62), (78, 30), (50, 30)], 5)
        return
    else:
        sketch.line([(50, y), (50, 94)], 6)
        sketch.line([(34, 94), (66, 94)], 6)
    sketch.plane(ellipse(50, y, rng.uniform(5, 8)), 1)
    width = rng.uniform(4, 6)
    for at in range(rng.choice((2, 2, 3))):
        for turn in (0, 180):
            sketch.line(arc(50, y, 16 + 11 * at, None, turn - 42, turn + 42), width)


def radio(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("portable", "old", "boom"))
    sketch.plane(box(8, 36, 84, 50, rng.choice((2, 8, 20 if form == "old" else 8))))
    sketch.line([(22, 36), (rng.uniform(60, 84), 12)], 4) if form == "portable" else None
    if form == "boom":
        sketch.line([(22, 34), (22, 20), (78, 20), (78, 34)], 5)
        for x in (28, 72):
            sketch.detail(ellipse(x, 62, 15))
            sketch.plane(ellipse(x, 62, 7), 1)
        return
    sketch.detail(ellipse(32, 64, 14))
    if rng.random() < 0.6:
        sketch.plane(ellipse(32, 64, 6), 1)
    if rng.random() < 0.6:
        sketch.detail(box(54, 46, 30, 10, 1))
    for x in (60, 76):
        sketch.detail(ellipse(x, 70, 5))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "telephone": (telephone, "16.1.4 16.1.11", "mirror"),
    "receiver": (receiver, "16.1.4 16.1.11", "mirror tilt"),
    "smartphone": (smartphone, "16.1.4 16.1.11", "mirror tilt"),
    "microphone": (microphone, "16.1.4 16.1.13", "mirror tilt"),
    "headphones": (headphones, "16.1.4 16.1.14", "mirror tilt"),
    "megaphone": (megaphone, "16.1.4 16.1.25", "mirror"),
    "loudspeaker": (loudspeaker, "16.1.4 16.1.25", "mirror"),
    "satellite-dish": (satellite_dish, "16.1.1 16.1.4", "mirror"),
    "antenna": (antenna, "16.1.1 16.1.4", ""),
    "radio": (radio, "16.1.4 16.1.5", "mirror"),
}
