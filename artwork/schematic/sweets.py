"""Cakes, ice cream and sweets."""

# fmt: off

import random

from schematic.geometry import Point, along, arc, box, curve, ellipse, mirrored, polygon, turned
from schematic.outlines import draw_dots, wavy_line
from schematic.sketch import Kind, Sketch


def cake_slice(sketch: Sketch, rng: random.Random) -> None:
    tip, top, back = rng.uniform(6, 12), rng.uniform(36, 46), rng.uniform(18, 26)
    bottom = rng.uniform(78, 86)
    form, right = rng.choice(("wedge", "wedge", "low", "side")), rng.uniform(86, 92)
    if form == "side":
        sketch.plane(polygon(tip, 46, right, 24, right, 44, tip, 54), 1)
        sketch.plane(polygon(tip, 56, right, 46, right, bottom, tip, bottom))
    else:
        sketch.plane([(tip, top + 6), (70, back), *curve(70, back, 84, back + 6, right, top + 2, closed=False)], 1)
        sketch.plane(polygon(tip, top + 9, right, top + 5, right, bottom, tip, bottom))
    for at in range(rng.choice((0, 1, 1, 2))):
        y = top + 20 + at * 13
        sketch.score(polygon(tip + 3, y, right - 3, y) if rng.random() < 0.5 else wavy_line(tip + 3,
            right - 3, y, 4, 4), 4)
    if rng.random() < 0.5 and form != "side":
        sketch.plane(ellipse(66, back - 4, 7), 2)
        if rng.random() < 0.5:
            sketch.line(curve(66, back - 11, 69, back - 16, 74, back - 18, closed=False), 2.5)


def cake(sketch: Sketch, rng: random.Random) -> None:
    tiers, wide = rng.choice((1, 1, 2, 2, 3)), rng.uniform(32, 42)
    candles, icing = rng.choice((0, 1, 3, 4)), rng.choice(("wave", "wave", "drip", "band", "none"))
    high = (54 if candles else 66) / max(2, tiers)
    bottom = 84.0
    for tier in range(tiers):
        half = wide * (1 - 0.32 * tier)
        top = bottom - high
        sketch.plane(box(50 - half, top, 2 * half, high - 1, rng.choice((0, 3, 5))), tier % 2)
        if icing == "wave":
            sketch.score(wavy_line(50 - half + 3, 50 + half - 3, top + high * 0.4, 5, rng.choice((2, 3,
                4))), 3.5)
        elif icing == "drip":
            for at in range(3):
                sketch.detail(box(50 + (at - 1) * half * 0.6 - 2.5, top + 3, 5, high * rng.uniform(0.3, 0.7), 2.5))
        elif icing == "band":
            sketch.score([(50 - half + 3, top + high * 0.5), (50 + half - 3, top + high * 0.5)], 4)
        bottom = top
    if rng.random() < 0.6:
        sketch.plane(box(50 - wide - 7, 85, 2 * wide + 14, 5, 2), 1)
    half = wide * (1 - 0.32 * (tiers - 1))
    for at in range(candles):
        x = 50 + (at - (candles - 1) / 2) * half * 0.5
        sketch.plane(box(x - 1.8, bottom - 13, 3.6, 13), 2)
        sketch.plane(curve(x, bottom - 23, x + 3, bottom - 17, x, bottom - 14.5, x - 3, bottom - 17), 1)
    if not candles and tiers > 1:
        sketch.plane(ellipse(50, bottom - 5, 5), 2)


def cupcake(sketch: Sketch, rng: random.Random) -> None:
    rim, wide, foot = rng.uniform(54, 62), rng.uniform(26, 34), rng.uniform(16, 24)
    form = rng.choice(("swirl", "swirl", "cloud", "dome", "line"))
    folds = rng.choice((0, 2, 3, 4))
    cup = polygon(50 - wide, rim, 50 + wide, rim, 50 + foot, 90, 50 - foot, 90)
    if form == "line":
        sketch.line([*cup, cup[0]], 4)
        sketch.line(curve(50 - wide, rim, 50 - wide - 6, rim - 14, 34, rim - 30, 50, 18, 66, rim - 30, 56 + wide,
            rim - 14, 50 + wide, rim, closed=False,), 4,)
        sketch.line([(50, rim + 8), (50, 82)], 3)
        return
    sketch.plane(cup)
    for at in range(folds):
        u = (at + 1) / (folds + 1) * 2 - 1
        sketch.score([(50 + u * wide, rim + 5), (50 + u * foot, 86)], 3)
    if form == "swirl":
        rows = rng.choice((2, 3, 3))
        high = (rim - 20) / rows
        for row in range(rows):
            half, y = (wide + 7) * (1 - row / (rows + 0.5)), rim - 2 - row * high
            sketch.plane(turned(box(50 - half, y - high, 2 * half, high - 1, high / 2), -rng.uniform(0, 6), (50, y)), 1)
    elif form == "cloud":
        sketch.plane(curve(50 - wide - 6, rim - 3, 50 - wide - 6, rim - 14, 50 - wide * 0.7, rim - 22, 50 - wide * 0.55,
                           rim - 34, 50, 16, 50 + wide * 0.55, rim - 34, 50 + wide * 0.7, rim - 22, 56 + wide, rim - 14,
                           56 + wide, rim - 3), 1)
        draw_dots(sketch, rng, [(40, rim - 14), (56, rim - 20), (64, rim - 10), (46, rim - 28)], 2.4)
    else:
        sketch.plane(arc(50, rim - 3, wide + 6, rim - 28, 180, 360), 1)
        draw_dots(sketch, rng, [(38, rim - 12), (54, rim - 18), (64, rim - 9)], 2.4)
    if rng.random() < 0.6:
        sketch.plane(ellipse(50, 13, 6), 2)


def doughnut(sketch: Sketch, rng: random.Random) -> None:
    radius, hole = rng.uniform(34, 42), rng.uniform(9, 15)
    form = rng.choice(("glazed", "glazed", "plain", "bitten", "side"))
    if form == "side":
        sketch.plane(ellipse(50, 52, 42, 26))
        sketch.detail(ellipse(50, 44, 13, 6))
        sketch.score(wavy_line(13, 87, 58, 6, 4), 3)
        draw_dots(sketch, rng, [(26, 44), (40, 34), (62, 34), (74, 46)], 2.5)
        return
    outline = ellipse(50, 50, radius)
    if form == "bitten":
        outline = [*arc(50, 50, radius, None, -15, 285, 36), *curve(*along(50, 50, radius, 285), 58, 26, 66, 30, 68, 38,
            76, 38, *along(50, 50, radius, -15), closed=False)]
    sketch.plane(outline)
    sketch.detail(ellipse(50, 50, hole))
    if form == "glazed":
        tips = rng.choice((6, 7, 9))
        edge = [value for at in range(2 * tips) for value in along(50, 50, radius - (4 if at % 2 else 9),
            at * 180 / tips)]
        for at in range(rng.choice((1, 2))):
            wavy = curve(*edge, points=5)
            third = len(wavy) // 2
            sketch.score((wavy[:third] if at else wavy[third:])[1:-1], 2.5)
    middle = (radius + hole) / 2
    places = [along(50, 50, middle - rng.uniform(-2, 4), at * 45 + rng.uniform(-12, 12)) for at in range(8)]
    draw_dots(sketch, rng, places if form != "bitten" else places[:6], 2.3)


def ice_cream_cone(sketch: Sketch, rng: random.Random) -> None:
    rim, half = rng.uniform(42, 52), rng.uniform(17, 24)
    form = rng.choice(("ball", "ball", "two", "three", "swirl", "swirl", "line"))
    cone = polygon(50 - half, rim, 50 + half, rim, 50, 95)
    if form == "line":
        sketch.line(polygon(50 - half, rim, 50, 94, 50 + half, rim), 5)
        sketch.line(arc(50, rim, half + 3, None, 180, 360), 5)
        sketch.line([(50 - half - 3, rim), (50 + half + 3, rim)], 5)
        return
    sketch.plane(cone, rng.choice((0, 1)))
    pattern = rng.choice(("none", "cross", "stripes", "bow"))
    if pattern in ("cross", "stripes"):
        for at in (0, 1):
            sketch.score([(50 - half * (0.7 - at), rim + 4 + at * 2), (50 + half * (0.25 + at * 0.1),
                rim + 20 - at * 2)], 2.5)
    if form in ("ball", "two", "three"):
        size = half + rng.uniform(0, 4)
        spots: dict[str, list[Point]] = {"ball": [(50, rim - 2)], "two": [(50, rim - 2), (50, rim - size * 0.95)],
            "three": [(50 - size * 0.5, rim), (50 + size * 0.5, rim), (50, rim - size * 0.8)]}
        k = 1 if form == "ball" else 0.72
        for at, (x, y) in enumerate(spots[form]):
            ball = arc(x, y - 2, size * k, None, 165, 375) if at == 0 else ellipse(x, y - size * 0.3, size * k * 0.9)
            sketch.plane(ball, (1, 2, 0)[at])
        if form == "ball" and rng.random() < 0.5:
            sketch.score(arc(50, rim - 4, size * 0.65, None, 200, 260, 8), 3)
        if rng.random() < 0.3:
            sketch.plane(ellipse(50, rim - size * (1.3 if form == "ball" else 2), 4.5), 2)
    else:
        rows = rng.choice((2, 3, 4))
        high = (rim - 16) / rows
        for row in range(rows):
            width, y = half * 1.25 * (1 - row / (rows + 0.6)), rim - 2 - row * high
            sketch.plane(turned(box(50 - width, y - high, 2 * width, high - 1.5, high / 2), -6, (50, y)), 1)
        sketch.plane(polygon(50 - half * 0.3, rim - rows * high - 3, 50 + half * 0.3, rim - rows * high - 4, 54, 6), 1)


def popsicle(sketch: Sketch, rng: random.Random) -> None:
    half, top, bottom = rng.uniform(16, 24), rng.uniform(6, 12), rng.uniform(66, 72)
    bite = rng.random() < 0.3
    corner = rng.choice((half, half, half * 0.6, 6))
    left = arc(50 - half + corner, top + corner, corner, None, 180, 270, 8)
    right = mirrored(left)[::-1]
    if bite:
        right = curve(51, top, 53, top + 9, 50 + half * 0.5, top + 10, 50 + half * 0.6, top + 18, 50 + half, top + 20,
            closed=False,)
    body = [*left, *right, (50 + half, bottom - 4), (50 + half - 4, bottom), (50 - half + 4, bottom), (50 - half,
        bottom - 4)]
    sketch.plane(body)
    sketch.plane(box(45, bottom + 1, 10, 93 - bottom, 5), 1)
    form = rng.choice(("grooves", "grooves", "dip", "layers", "none", "shine"))
    if form == "grooves":
        for x in rng.choice(((43, 57), (40, 50, 60) if half > 19 else (44, 56))):
            sketch.detail(box(x - 2, top + 24, 4, bottom - top - 32, 2))
    elif form == "dip":
        sketch.score(wavy_line(50 - half + 1.5, 50 + half - 1.5, top + 32, 6, 2), 3.5)
    elif form == "layers":
        for y in (top + 26, top + 42):
            sketch.score([(50 - half + 1, y), (50 + half - 1, y)], 3)
    elif form == "shine":
        sketch.detail(box(50 - half + 5, top + 22, 4, 20, 2))


def candy(sketch: Sketch, rng: random.Random) -> None:
    form, size = rng.choice(("round", "round", "oval", "square", "bow")), rng.uniform(18, 25)
    body = {"round": ellipse(50, 50, size), "oval": ellipse(50, 50, size * 1.2, size * 0.8), "square": box(50 - size,
        50 - size * 0.8, 2 * size, size * 1.6, 5), "bow": ellipse(50, 50, size * 0.8)}[form]
    edge = {"round": 1.0, "oval": 1.2, "square": 1.0, "bow": 0.8}[form] * size
    flare, teeth = rng.uniform(12, 20), rng.choice((1, 2, 3))
    zig = [(94 - (5 if at % 2 else 0), 50 - flare + 2 * flare * at / (2 * teeth)) for at in range(2 * teeth + 1)]
    wing = [(50 + edge + 0.5, 46), *zig, (50 + edge + 0.5, 54)]
    for part in (wing, mirrored(wing)):
        sketch.plane(turned(part, -25), 1)
    sketch.plane(turned(body, -25))
    pattern = rng.choice(("stripes", "stripes", "swirl", "none", "shine"))
    if pattern == "stripes":
        for at in (-1, 0, 1)[: rng.choice((2, 3))]:
            x = 50 + at * size * 0.5
            high = size * 0.55
            sketch.score(turned([(x - 4, 50 + high), (x + 4, 50 - high)], -25), 4)
    elif pattern == "swirl":
        for at in range(3):
            start = along(50, 50, 3, at * 120)
            sketch.score(curve(*start, *along(50, 50, size * 0.4, at * 120 + 30), *along(50, 50, size * 0.68,
                at * 120 + 80), closed=False), 3.5)
    elif pattern == "shine":
        sketch.score(arc(50, 50, size * 0.6, None, 190, 260, 8), 3.5)


def lollipop(sketch: Sketch, rng: random.Random) -> None:
    radius, y = rng.uniform(22, 28), rng.uniform(32, 38)
    sketch.line([(50, y + radius), (50, 96)], rng.uniform(4, 6))
    form = rng.choice(("spiral", "spiral", "line", "pinwheel", "shine", "sectors"))
    if form == "line":
        sketch.line([along(50, y, radius * (1 - t / 50), 90 + t * 16) for t in range(46)], rng.uniform(4, 6))
        return
    if form == "sectors":
        for at in range(8):
            sketch.plane([(50, y), *arc(50, y, radius, None, at * 45, at * 45 + 44, 6)], at % 2)
        return
    sketch.plane(ellipse(50, y, radius))
    if form == "spiral":
        spiral = [along(50, y, radius * 0.84 * t / 40, t * rng.choice((14, 14.0))) for t in range(5, 41)]
        sketch.score(spiral, rng.uniform(3, 4.5))
    elif form == "pinwheel":
        for at in range(5):
            a = at * 72
            sketch.score(curve(*along(50, y, 5, a), *along(50, y, radius * 0.5, a + 20), *along(50, y, radius * 0.85,
                a + 70), closed=False), 3)
    else:
        sketch.score(arc(50, y, radius * 0.68, None, 190, 265, 10), 4)
    if rng.random() < 0.25:
        for side in (-1, 1):
            sketch.plane(polygon(50, y + radius + 8, 50 + side * 14, y + radius + 1, 50 + side * 14, y + radius + 15),
                1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "cake-slice": (cake_slice, "8.1.15 8.1.17", "mirror"),
    "cake": (cake, "8.1.15 8.1.17", ""),
    "cupcake": (cupcake, "8.1.15 8.1.17", "tilt"),
    "doughnut": (doughnut, "8.1.25", "tilt mirror"),
    "ice-cream-cone": (ice_cream_cone, "8.1.18", "tilt mirror"),
    "popsicle": (popsicle, "8.1.18", "tilt mirror"),
    "candy": (candy, "8.1.19 8.1.23", "tilt mirror"),
    "lollipop": (lollipop, "8.1.19 8.1.24", "tilt mirror"),
}
