"""Cars, trains and what belongs to roads."""

# fmt: off

import random

from schematic.geometry import along, arc, box, curve, ellipse, half_of, polygon, regular, ring, scaled, thick
from schematic.sketch import Kind, Sketch


def _wheels(sketch: Sketch, rng: random.Random, places: tuple[float, ...], y: float, radius: float) -> None:
    form = rng.choice(("ring", "disc", "dot"))
    for x in places:
        sketch.detail(ellipse(x, y, radius * 1.3))
        sketch.plane(ellipse(x, y, radius), 1)
        if form != "disc":
            sketch.detail(ellipse(x, y, radius * (0.55 if form == "ring" else 0.3)))


def car_side(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("saloon", "hatch", "sport", "line", "box", "old"))
    radius = rng.uniform(8, 11)
    y = 70.0
    if form == "line":
        roof = curve(6, 62, 22, 52, 40, 34, 62, 33, 78, 50, 94, 56, closed=False)
        sketch.line(roof, rng.uniform(3, 6))
        if rng.random() < 0.5:
            for x in (26, 75):
                sketch.line(arc(x, 68, 9, 9, 180, 360), 4)
        else:
            sketch.line([(8, 66), (92, 66)], 4)
        return
    body = {
        "saloon": polygon(5, y, 6, 54, 22, 50, 34, 34, 62, 34, 76, 50, 93, 54, 95, y),
        "hatch": polygon(6, y, 8, 46, 16, 32, 56, 32, 72, 48, 92, 53, 94, y),
        "sport": curve(5, 70, 6, 60, 26, 54, 44, 42, 62, 42, 80, 54, 94, 60, 95, 70, 50, 71),
        "box": polygon(6, y, 6, 50, 14, 48, 22, 28, 80, 28, 88, 48, 94, 50, 94, y),
        "old": [(6, y), *arc(50, 56, 32, 28, 185, 355), (88, 54), (95, 60), (95, y)],
    }[form]
    sketch.plane(body)
    glass = {
        "saloon": (polygon(29, 50, 38, 38, 47, 38, 47, 50), polygon(50, 50, 50, 38, 60, 38, 70, 50)),
        "hatch": (polygon(15, 46, 20, 37, 36, 37, 36, 47), polygon(40, 47, 40, 37, 54, 37, 64, 47)),
        "sport": (polygon(36, 54, 46, 46, 60, 46, 70, 54),),
        "box": (polygon(22, 47, 27, 33, 48, 33, 48, 47), polygon(52, 47, 52, 33, 74, 33, 80, 47)),
        "old": (polygon(28, 50, 36, 36, 47, 34, 47, 50), polygon(51, 50, 51, 34, 64, 37, 72, 50)),
    }[form]
    for points in glass if rng.random() < 0.85 else ():
        sketch.detail(points)
    _wheels(sketch, rng, (25, 75), y, radius)


def car_front(sketch: Sketch, rng: random.Random) -> None:
    roof, top = rng.uniform(22, 30), rng.uniform(18, 26)
    form = rng.choice(("body", "body", "planes", "line"))
    if form == "line":
        sketch.line([(14, 80), (14, 54), (24, 46), (50 - roof, top), (50 + roof, top), (76, 46), (86, 54), (86, 80)], 5)
        sketch.line([(14, 80), (86, 80)], 5)
        for x in (28, 72):
            sketch.line(ellipse(x, 62, 5), 4)
        return
    sketch.plane(polygon(50 - roof, top, 50 + roof, top, 80, 46, 20, 46), 1 if form == "planes" else 0)
    low = polygon(20, 44, 80, 44, 92, 56, 92, 76, 8, 76, 8, 56)
    sketch.plane(rng.choice((low, box(9, 44, 82, 33, 9))))
    sketch.detail(polygon(55 - roof, top + 5, 45 + roof, top + 5, 71, 43, 29, 43))
    for x in (24, 76):
        sketch.detail(rng.choice((ellipse(x, 60, 6), box(x - 8, 57, 16, 6, 2))) if x == 24 else ellipse(x, 60, 6))
        sketch.plane(box(x - 9, 77, 18, 11, 3), 1)
    if rng.random() < 0.6:
        sketch.detail(box(38, 62, 24, 7, 2))


def truck(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("box", "box", "tipper", "tank", "bonnet"))
    split = rng.uniform(56, 64)
    cargo = {"box": box(5, 26, split - 7, 44, rng.choice((0, 3))), "tipper": polygon(5, 38, split - 3, 38, split - 9,
        66, 14, 66), "tank": box(5, 34, split - 7, 30, 15), "bonnet": box(5, 22, split - 7, 48)}[form]
    sketch.plane(cargo, 1)
    if form == "bonnet":
        sketch.plane(polygon(split, 70, split, 32, 76, 32, 82, 50, 95, 53, 95, 70))
    else:
        sketch.plane(polygon(split, 70, split, 36, 80, 36, 94, 54, 94, 70))
    sketch.plane(box(5, 66, 89, 5), 2)
    sketch.detail(polygon(split + 5, 50, split + 5, 40, 75, 40, 79 if form == "bonnet" else 84, 50))
    _wheels(sketch, rng, rng.choice(((22.0, 78.0), (18.0, 38.0, 80.0))), 73, rng.uniform(7, 9.5))


def bus(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.5:
        sketch.plane(box(20, 10, 60, 72, rng.choice((4, 10))))
        sketch.detail(box(26, 24, 48, 30, 3))
        if rng.random() < 0.6:
            sketch.detail(box(34, 14, 32, 5, 2))
        for x in (30, 70):
            sketch.detail(ellipse(x, 68, 5))
            sketch.plane(box(x - 7, 82, 14, 9, 2), 1)
            if rng.random() < 0.6:
                sketch.plane(box(10 if x == 30 else 84, 30, 6, 16, 2), 1)
        return
    double = rng.random() < 0.35
    top = 14 if double else 30
    front = rng.choice((polygon(5, 72, 5, top, 90, top, 95, 46, 95, 72), box(5, top, 90, 72 - top, 7)))
    sketch.plane(front)
    count = rng.choice((3, 4, 5))
    for y in (top + 7, top + 30) if double else (top + 7,):
        for at in range(count):
            sketch.detail(box(11 + at * 78 / count, y, 78 / count - 5, 13, rng.choice((0, 2))))
    _wheels(sketch, rng, (26, 74), 72, 9)


def train(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "fast", "nose", "perspective"))
    if form in ("front", "perspective"):
        sketch.plane(rng.choice((box(22, 8, 56, 66, 12), curve(22, 74, 22, 24, 50, 7, 78, 24, 78, 74, 50, 76))))
        two = rng.random() < 0.4
        for points in (box(29, 22, 19, 20, 2), box(52, 22, 19, 20, 2)) if two else (box(29, 22, 42, 22, 4),):
            sketch.detail(points)
        for x in (34, 66):
            sketch.detail(ellipse(x, 60, 4.5))
        sketch.line([(32, 78), (20, 95)], 5)
        sketch.line([(68, 78), (80, 95)], 5)
        if rng.random() < 0.6:
            sketch.line([(27, 86), (73, 86)], 4)
        return
    if form == "fast":
        sketch.plane(curve(4, 70, 4, 34, 50, 34, 70, 38, 92, 62, 90, 70, 50, 70))
        sketch.detail(polygon(64, 42, 71, 43, 79, 52, 68, 52))
        for at in range(rng.choice((2, 3, 4))):
            sketch.detail(box(9 + at * 13, 42, 9, 9, 2))
        sketch.line([(4, 78), (94, 78)], 4)
        return
    sketch.plane(polygon(5, 30, 60, 30, 92, 60, 92, 70, 5, 70))
    sketch.detail(polygon(56, 37, 60, 37, 76, 52, 56, 52))
    for at in range(3):
        sketch.detail(box(10 + at * 15, 38, 10, 12))
    for x in (18, 34, 66, 80):
        sketch.plane(ellipse(x, 76, 5), 1)


def locomotive(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.3:
        sketch.plane(ellipse(50, 44, 28))
        sketch.detail(ellipse(50, 44, 20))
        sketch.plane(ellipse(50, 44, rng.uniform(6, 14)), 1)
        sketch.plane(box(43, 6, 14, 9), 1)
        sketch.plane(polygon(26, 74, 74, 74, 88, 94, 12, 94), 2)
        for x in (38, 50, 62):
            sketch.score([(x, 77), (50 + (x - 50) * 1.6, 92)], 3)
        return
    top = rng.uniform(20, 28)
    sketch.plane(box(8, top, 28, 66 - top, 0))
    sketch.detail(box(14, top + 8, 16, 13, 1))
    sketch.plane(box(4, top - 6, 36, 6, 1), 1)
    sketch.plane(box(36, 40, 48, 26, rng.choice((0, 5))), 1)
    flare = rng.choice((1, 3, -2))
    sketch.plane(polygon(70 - flare, 18, 80 + flare, 18, 79, 40, 71, 40))
    if rng.random() < 0.6:
        sketch.plane(arc(54, 40, 6, 8, 180, 360), 2)
    sketch.plane(polygon(84, 60, 96, 78, 82, 78), 2)
    sketch.plane(ellipse(22, 76, rng.uniform(11, 15)), 2)
    for x in (50, 70):
        sketch.plane(ellipse(x, 80, 8), 2)
    if rng.random() < 0.4:
        for at in range(3):
            sketch.plane(ellipse(70 - at * 13, 11 - at * 2, 4 + at * 2), 1)


def bicycle(sketch: Sketch, rng: random.Random) -> None:
    radius, width = rng.uniform(17, 20), rng.uniform(2.5, 5)
    form = rng.choice(("ring", "ring", "disc", "spokes", "penny"))
    if form == "penny":
        sketch.line(ellipse(64, 58, 30), width)
        sketch.line(ellipse(16, 80, 9), width)
        sketch.line([(64, 58), (60, 22), (72, 20)], width)
        sketch.line(curve(60, 26, 34, 36, 16, 80, closed=False), width)
        return
    for x in (25, 75):
        if form == "disc":
            sketch.plane(ellipse(x, 66, radius), 1)
        else:
            sketch.line([*ellipse(x, 66, radius), (x + radius, 66)], width)
        for at in range(4 if form == "spokes" else 0):
            sketch.line([along(x, 66, radius, 45 * at), along(x, 66, radius, 45 * at + 180)], 1.5)
    sketch.line([(25, 66), (40, 42), (66, 42), (47, 66), (25, 66)], width)
    sketch.line([(47, 66), (37, 34)], width)
    sketch.line([(75, 66), (64, 32), (rng.choice((56, 74)), 29)], width)
    sketch.line([(31, 33), (44, 33)], width * 1.3)


def steering_wheel(sketch: Sketch, rng: random.Random) -> None:
    form, width = rng.choice(("three", "two", "bow", "flat")), rng.uniform(6, 12)
    outer = ring(50, 50, 39, width)
    if form == "flat":
        outer = half_of(ellipse(50, 50, 44), (50, 80), -90)
    sketch.plane(outer)
    if form == "flat":
        sketch.detail(half_of(ellipse(50, 50, 35), (50, 73), -90))
    hub = rng.uniform(8, 14)
    spokes = {"three": (0, 90, 180), "two": (0, 180), "bow": (30, 150), "flat": (0, 90, 180)}[form]
    for turn in spokes:
        far = 28 if form == "flat" and turn == 90 else 38
        sketch.plane(thick([along(50, 50, hub * 0.6, turn), along(50, 50, far, turn)], rng.uniform(8, 16), end=8), 1)
    sketch.plane(ellipse(50, 50, hub), 1)
    if rng.random() < 0.5:
        sketch.detail(ellipse(50, 50, hub * 0.5))


def traffic_light(sketch: Sketch, rng: random.Random) -> None:
    wide, corner = rng.uniform(16, 21), rng.choice((2, 8, 20))
    count = rng.choice((3, 3, 3, 2))
    bottom = rng.choice((92, 76))
    sketch.plane(box(50 - wide, 6, 2 * wide, bottom - 6, corner))
    step = (bottom - 10) / count
    for at in range(count):
        y = 8 + step * (at + 0.5)
        sketch.detail(ellipse(50, y, min(step * 0.38, wide * 0.68)))
        if rng.random() < 0.25:
            sketch.plane(ellipse(50, y, min(step * 0.25, wide * 0.4)), 1)
    if bottom == 76:
        sketch.line([(50, 78), (50, 95)], 7)
    if rng.random() < 0.4:
        for at in range(count):
            for side in (-1, 1):
                y = 8 + step * (at + 0.5)
                x = 50 + side * (wide + 1)
                sketch.plane(polygon(x, y - 8, x + side * 12, y - 8, x, y + 6), 1)


def traffic_sign(sketch: Sketch, rng: random.Random) -> None:
    sides = rng.choice((3, 3, 8, 0, 4))
    post = rng.random() < 0.45
    y, radius = (34, 28) if post else (50, 43)
    sign = (regular(50, y + (8 if sides == 3 else 0), radius, sides,
        -67.5 if sides == 8 else -90) if sides else ellipse(50, y, radius))
    sketch.plane(sign)
    centre_y = y + (8 if sides == 3 else 0)
    if rng.random() < 0.7:
        sketch.detail(scaled(sign, 0.78, None, (50, centre_y)))
        inner = rng.choice(("bar", "mark", "none", "solid"))
        if inner == "solid":
            sketch.plane(scaled(sign, 0.68, None, (50, centre_y)), 1)
        elif inner == "bar":
            sketch.plane(box(50 - radius * 0.4, centre_y - radius * 0.1, radius * 0.8, radius * 0.2), 1)
        elif inner == "mark":
            sketch.plane(polygon(47, centre_y - radius * 0.35, 53, centre_y - radius * 0.35, 51.5, centre_y + 3, 48.5,
                centre_y + 3), 1)
            sketch.plane(ellipse(50, centre_y + radius * 0.24, 2.6), 1)
    else:
        sketch.detail(box(50 - radius * 0.55, centre_y - radius * 0.13, radius * 1.1, radius * 0.26))
    if post:
        sketch.line([(50, y + radius), (50, 95)], rng.uniform(4, 7))


def horseshoe(sketch: Sketch, rng: random.Random) -> None:
    flip = rng.random() < 0.5
    wide, inner = rng.uniform(34, 40), rng.uniform(17, 24)
    close = rng.uniform(4, 16)
    outer = curve(50 - wide + close, 92, 50 - wide, 50, 50, 8, 50 + wide, 50, 50 + wide - close, 92, closed=False)
    hole = curve(50 + inner - close * 0.5, 90, 50 + inner, 52, 50, 12 + wide - inner, 50 - inner, 52,
        50 - inner + close * 0.5, 90, closed=False,)
    points = outer + hole
    sketch.plane([(x, 100 - y) for x, y in points] if flip else points)
    middle = (wide + inner) / 2
    form = rng.choice(("holes", "holes", "groove", "plain"))
    for at in range(3 if form == "holes" else 0):
        for side in (-1, 1):
            angle = -90 + side * (32 + at * 34)
            x, y = 50 + middle * math_x(angle), 51 + (middle + 4) * math_y(angle)
            sketch.detail(ellipse(x, 100 - y if flip else y, rng.uniform(2, 3)))
    if form == "groove":
        line = curve(50 - middle + close * 0.6, 80, 50 - middle, 50, 50, 11 + (wide - inner) / 2, 50 + middle, 50,
            50 + middle - close * 0.6, 80, closed=False)
        sketch.score([(x, 100 - y) for x, y in line] if flip else line, 3)


def math_x(degrees: float) -> float:
    return along(0, 0, 1, degrees)[0]


def math_y(degrees: float) -> float:
    return along(0, 0, 1, degrees)[1]


KINDS: dict[str, tuple[Kind, str, str]] = {
    "car-side": (car_side, "18.1.7 18.1.9 18.1.23", "mirror"),
    "car-front": (car_front, "18.1.7 18.1.9 18.1.23", ""),
    "truck": (truck, "18.1.7 18.1.8 18.1.23", "mirror"),
    "bus": (bus, "18.1.7 18.1.8 18.1.23", "mirror"),
    "train": (train, "18.1.11 18.1.23", "mirror"),
    "locomotive": (locomotive, "18.1.11 18.1.12", "mirror"),
    "bicycle": (bicycle, "18.1.5 18.1.23", "mirror"),
    "steering-wheel": (steering_wheel, "18.1.21", ""),
    "traffic-light": (traffic_light, "18.7.1 18.7.11", ""),
    "traffic-sign": (traffic_sign, "18.7.1 18.7.20", ""),
    "horseshoe": (horseshoe, "18.2.1", "tilt"),
}
