"""Boats, ships and what belongs to them."""

# fmt: off

import random

from schematic.facets import Part, show, tile
from schematic.geometry import Points, along, arc, box, curve, ellipse, polygon, ring, thick
from schematic.sketch import Kind, Sketch


def _hull(rng: random.Random, y: float, left: float, right: float) -> Points:
    depth = rng.uniform(9, 17)
    return rng.choice(
        (
            polygon(left, y, right, y, right - 12, y + depth, left + 12, y + depth),
            arc(50, y, (right - left) / 2, depth * 1.3, 0, 180),
            polygon(left, y, right, y, right - 20, y + depth, left + 6, y + depth),
            [
                (left, y),
                *curve(left, y, 50, y + 5, right, y - 3, closed=False),
                (right - 16, y + depth),
                (left + 14, y + depth),
            ],
        )
    )


def sail_boat(sketch: Sketch, rng: random.Random) -> None:
    mast, y = rng.uniform(42, 56), rng.uniform(70, 76)
    top = rng.uniform(6, 14)
    main = polygon(mast + 1, top, 84, y - 5, mast + 1, y - 5)
    jib = polygon(mast - 1.5, top + rng.uniform(4, 20), mast - 1.5, y - 5, rng.uniform(12, 24), y - 5)
    form = rng.choice(("planes", "planes", "curved", "nohull", "one", "lines", "facets"))
    waves = rng.random() < 0.35
    if form == "curved":
        main = [*curve(mast + 1, top, 74, 40, 84, y - 5, closed=False), (mast + 1, y - 5)]
        jib = [*curve(mast - 1.5, top + 8, 34, 46, 16, y - 5, closed=False), (mast - 1.5, y - 5)]
    hull = _hull(rng, y, 10, 90)
    if form == "lines":
        width = rng.uniform(3, 5)
        for points in (main, jib, hull):
            sketch.line([*points, points[0]], width)
        return
    if form == "facets":
        x = (84 + mast) / 2
        parts: list[Part] = [
            (polygon(mast, top, x, (top + y) / 2, mast, y - 8), 0),
            (polygon(x, (top + y) / 2, 84, y - 5, mast, y - 8), 1),
            (polygon(mast - 1, top + 14, mast - 1, y - 8, 16, y - 6), 2),
            (polygon(8, y, 48, y, 40, y + 14, 24, y + 14), 0),
            (polygon(48, y, 92, y, 74, y + 14, 40, y + 14), 1),
        ]
    elif form == "one":
        parts = [(main, 0), (hull, 1)]
    elif form == "nohull":
        parts = [(main, 0), (jib, 1)]
        sketch.line(curve(10, 84, 30, 78, 50, 84, 70, 90, 90, 82, closed=False), rng.uniform(4, 7))
    else:
        parts = [(main, 0), (jib, 1), (hull, 2)]
    show(sketch, rng, parts, tiled=0 if form == "nohull" else 0.12)
    if waves and form == "planes":
        sketch.line(curve(8, 95, 24, 91, 40, 95, 56, 91, 72, 95, 90, 91, closed=False), 4)


def sail_boat_in_disc(sketch: Sketch, rng: random.Random) -> None:
    mast, y, top = rng.uniform(46, 54), rng.uniform(62, 68), rng.uniform(16, 24)
    main = polygon(mast + 1.5, top, 74, y - 4, mast + 1.5, y - 4)
    jib = polygon(mast - 1.5, top + 8, mast - 1.5, y - 4, 28, y - 4)
    hull = polygon(22, y, 78, y, 66, y + 10, 34, y + 10)
    if rng.random() < 0.3:
        sketch.line([*ellipse(50, 50, 44), (94, 50)], rng.uniform(3, 6))
        for at, points in enumerate((main, jib, hull)):
            sketch.plane(points, at)
        return
    sketch.plane(tile(rng) if rng.random() < 0.3 else ellipse(50, 50, 45))
    form = rng.choice(("cut", "waves", "sails"))
    sketch.detail(main)
    if form != "sails" or rng.random() < 0.6:
        sketch.detail(jib)
    if form == "cut":
        sketch.detail(hull)
    else:
        for step in range(rng.choice((1, 2))):
            level = y + 3 + step * 10
            sketch.score(curve(14, level, 32, level - 4, 50, level, 68, level + 4, 84, level, closed=False), 4)


def big_ship(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "side", "side", "cargo", "planes"))
    if form in ("front", "planes"):
        left, right = polygon(49, 40, 49, 84, 30, 76, 14, 48), polygon(51, 40, 86, 48, 70, 76, 51, 84)
        if form == "front":
            sketch.plane(polygon(50, 38, 86, 48, 72, 78, 50, 84, 28, 78, 14, 48))
            sketch.score([(50, 44), (50, 80)], 3)
        else:
            sketch.plane(left)
            sketch.plane(right, 1)
        sketch.plane(polygon(28, 22, 72, 22, 76, 41, 50, 34, 24, 41), 2)
        sketch.plane(box(42, 9, 16, 11), 1)
        if rng.random() < 0.6:
            sketch.line(curve(8, 92, 24, 86, 40, 92, 56, 86, 72, 92, 90, 86, closed=False), 4)
        return
    sketch.plane(polygon(5, 60, 95, 56, 84, 80, 16, 80))
    if form == "cargo":
        sketch.plane(box(12, 36, 14, 22), 2)
        for at in range(4):
            for level in range(rng.choice((1, 2))):
                sketch.plane(box(31 + at * 14, 46 - level * 13, 12, 11), (at + level) % 3)
    else:
        sketch.plane(polygon(20, 58, 20, 45, 72, 45, 78, 56), 1)
        sketch.plane(box(28, 33, 36, 10), 2)
        for x in (36, 52) if rng.random() < 0.6 else (44,):
            sketch.plane(polygon(x, 31, x + 9, 31, x + 7, 15, x - 2, 15), 1)
        for at in range(rng.choice((0, 3, 5))):
            sketch.detail(ellipse(26 + at * 11, 66, 2.6))
    if rng.random() < 0.5:
        sketch.line(curve(6, 88, 24, 84, 42, 88, 60, 84, 78, 88, 94, 84, closed=False), 4)


def anchor(sketch: Sketch, rng: random.Random) -> None:
    width, low = rng.uniform(5, 10), rng.uniform(82, 90)
    form = rng.choice(("arc", "arc", "vee", "tile"))
    if form == "tile":
        sketch.plane(tile(rng))
        sketch.detail(ring(50, 27, 6, 4))
        sketch.detail(thick([(50, 32), (50, 80)], 6))
        for side in (-1, 1):
            sketch.detail(thick([(50 + side * 4, 40), (50 + side * 15, 40)], 5))
            sketch.detail(thick(arc(50, 50, 24, 26, 90 - side * 10, 90 - side * 80), 6))
        return
    sketch.line([*ellipse(50, 16, 7), (57, 16)], width * 0.7)
    sketch.line([(50, 24), (50, low)], width)
    sketch.line([(33, 34), (67, 34)], width)
    if form == "arc":
        sketch.line(arc(50, low - 32, 34, 32, 10, 170), width)
    else:
        sketch.line([(16, 60), (50, low), (84, 60)], width)
    for side in (-1, 1):
        x, y = 50 + side * 34, low - 27 if form == "arc" else 60
        sketch.plane(polygon(x - side * 10, y + 4, x + side * 2, y - 12, x + side * 9, y + 6), 1)


def ship_wheel(sketch: Sketch, rng: random.Random) -> None:
    count, radius = rng.choice((6, 8, 8, 10)), rng.uniform(23, 28)
    width, grip = rng.uniform(4, 9), rng.choice(("round", "line", "club"))
    for at in range(count):
        turn = 360 * at / count
        sketch.line([along(50, 50, 6, turn), along(50, 50, 43, turn)], rng.uniform(3, 3.6))
        if grip == "round":
            sketch.plane(ellipse(*along(50, 50, 43, turn), 4), 1)
        elif grip == "club":
            sketch.plane(thick([along(50, 50, radius + 6, turn), along(50, 50, 45, turn)], 4, end=8), 1)
    sketch.plane(ring(50, 50, radius, width))
    sketch.plane(ellipse(50, 50, rng.uniform(7, 11)), 2)
    if rng.random() < 0.6:
        sketch.detail(ellipse(50, 50, 4))


def submarine(sketch: Sketch, rng: random.Random) -> None:
    high = rng.uniform(14, 22)
    body = rng.choice((ellipse(50, 62, 40, high), box(12, 62 - high, 76, 2 * high, high)))
    sketch.plane(polygon(40, 50, 64, 50, 60, 62 - high - 14, 44, 62 - high - 14), 1)
    sketch.line([(52, 48 - high), (52, 36 - high), (62, 36 - high)], 4)
    sketch.plane(body)
    sketch.plane(polygon(18, 62, 5, 62 - high, 5, 62 + high), 1)
    for at in range(rng.choice((0, 1, 3, 3))):
        sketch.detail(ellipse(34 + at * 17, 62, 5))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "sail-boat": (sail_boat, "18.3.2 18.3.9 18.3.23", "mirror tilt"),
    "sail-boat-in-disc": (sail_boat_in_disc, "18.3.2 18.3.9 18.3.23", "mirror"),
    "big-ship": (big_ship, "18.3.14 18.3.15 18.3.23", "mirror"),
    "anchor": (anchor, "18.4.1 18.4.2", "tilt"),
    "ship-wheel": (ship_wheel, "15.7.7", "tilt"),
    "submarine": (submarine, "18.3.14 18.3.16", "mirror"),
}
