"""Bread, burgers, eggs and other food."""

# fmt: off

import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, moved, polygon, ring, scaled, thick, turned
from schematic.outlines import draw_dots, draw_steam, wavy_line
from schematic.sketch import Kind, Sketch
from schematic.tableware import draw_cup


def burger(sketch: Sketch, rng: random.Random) -> None:
    wide, gap, line = rng.uniform(34, 42), rng.uniform(2, 5), rng.random() < 0.2
    top = rng.uniform(18, 26)
    high = rng.uniform(22, 28)
    bun = [*arc(50, top + high, wide, high, 180, 360), (50 + wide, top + high + 2), (50 - wide, top + high + 2)]
    y = top + high + 2 + gap
    sketch.plane(bun)
    if rng.random() < 0.6:
        draw_dots(sketch, rng, [(50 + dx, top + high * 0.55 + abs(dx) * 0.25) for dx in (-16, 0, 16)], 2.5)
    layers = rng.choice(
        (("bar",), ("wave", "bar"), ("bar", "wave"), ("wave", "bar", "cheese"), ("thin", "bar"), ("wave",))
    )
    for at, layer in enumerate(layers):
        if line:
            sketch.line(wavy_line(50 - wide, 50 + wide, y + 4, 5 if layer == "wave" else 0, 4), 5)
            y += 8 + gap
        elif layer == "wave":
            edge = wavy_line(50 - wide - 3, 50 + wide + 3, y + 3, 5, rng.choice((3, 4)))
            sketch.plane([(50 - wide - 3, y), (50 + wide + 3, y), *edge[::-1]], 1)
            y += 8 + gap
        elif layer == "cheese":
            sketch.plane(polygon(50 - wide, y, 50 + wide, y, 50 + wide, y + 3, 62, y + 3, 54, y + 10, 44, y + 3,
                                 50 - wide, y + 3), 2)  # fmt: skip
            y += 8 + gap
        else:
            deep = 5 if layer == "thin" else 10
            sketch.plane(box(50 - wide, y, 2 * wide, deep, rng.choice((2, 5))), 2 - at % 2)
            y += deep + gap
    sketch.plane(
        [
            (50 - wide, y),
            (50 + wide, y),
            *arc(50 + wide - 10, y + 4, 10, 9, 0, 90, 6),
            *arc(60 - wide, y + 4, 10, 9, 90, 180, 6),
        ]
    )


def bread_loaf(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("slice", "slice", "loaf", "loaf", "round", "tin"))
    if form == "slice":
        top, wide = rng.uniform(14, 22), rng.uniform(30, 40)
        inner = wide * rng.uniform(0.78, 0.9)
        slice_ = curve(
            50 - inner,
            86,
            50 - inner,
            54,
            50 - wide,
            40,
            50 - wide + 4,
            top + 5,
            34,
            top,
            50,
            top + 1,
            66,
            top,
            46 + wide,
            top + 5,
            50 + wide,
            40,
            50 + inner,
            54,
            50 + inner,
            86,
            50,
            87,
        )
        sketch.plane(slice_)
        if rng.random() < 0.5:
            edge = scaled(slice_, 0.8, 0.8, (50, 52))
            sketch.score([*edge, edge[0]], 3)
    elif form == "tin":
        for x, tone in ((20, 1), (0, 0)):
            sketch.plane(
                curve(
                    14 + x,
                    82,
                    14 + x,
                    52,
                    8 + x,
                    40,
                    16 + x,
                    28,
                    36 + x,
                    24,
                    56 + x,
                    28,
                    64 + x,
                    40,
                    58 + x,
                    52,
                    58 + x,
                    82,
                ),
                tone,
            )
    else:
        high = rng.uniform(18, 26) if form == "loaf" else rng.uniform(28, 34)
        wide = 42 if form == "loaf" else 36
        body = curve(
            50 - wide,
            58,
            46 - wide * 0.7,
            56 - high,
            50,
            54 - high,
            54 + wide * 0.7,
            56 - high,
            50 + wide,
            58,
            50 + wide * 0.8,
            74,
            50,
            76,
            50 - wide * 0.8,
            74,
        )
        sketch.plane(turned(body, rng.choice((0, 0, -20)) if form == "loaf" else 0))
        for at in range(rng.choice((2, 3, 4))):
            x = 30 + at * 13
            cut = thick(curve(x - 3, 62, x + 1, 54, x + 8, 48, closed=False), 3, end=2)
            sketch.detail(cut)


def baguette(sketch: Sketch, rng: random.Random) -> None:
    lean, high, cuts = rng.choice((-45, -30, -40)), rng.uniform(9, 13), rng.choice((3, 4, 5))
    for shift in rng.choice(((0,), (0,), (-11, 12))):
        half = high * (0.8 if shift else 1)
        body = curve(
            4,
            50,
            10,
            50 - half * 0.8,
            30,
            50 - half,
            70,
            50 - half,
            90,
            50 - half * 0.8,
            96,
            50,
            90,
            50 + half * 0.8,
            70,
            50 + half,
            30,
            50 + half,
            10,
            50 + half * 0.8,
        )
        sketch.plane(turned(moved(body, 0, shift), lean), 1 if shift > 0 else 0)
        for at in range(cuts):
            x = 22 + at * 56 / (cuts - 1)
            cut = thick(curve(x - 5, 50 + half * 0.45, x, 50, x + 6, 50 - half * 0.5, closed=False), 3.5, end=2)
            sketch.detail(turned(moved(cut, 0, shift), lean))


def croissant(sketch: Sketch, rng: random.Random) -> None:
    parts, form = rng.choice((3, 5, 5, 7)), rng.choice(("parts", "parts", "whole", "line"))
    span = rng.uniform(190, 230)
    start = 270 - span / 2
    reach, thin = rng.uniform(34, 40), rng.uniform(0.1, 0.4)

    def width(u: float) -> float:
        return float(26 * (1 - (1 - thin) * abs(2 * u - 1) ** 1.6))

    if form != "parts":
        outer = [along(50, 62, reach + width(t / 30) * 0.45, start + span * t / 30) for t in range(31)]
        inner = [along(50, 62, reach - width(t / 30) * 0.55, start + span * t / 30) for t in range(31)]
        outline = outer + inner[::-1]
        if form == "line":
            sketch.line([*outline, outline[0]], 4)
        else:
            sketch.plane(outline)
        for at in range(1, parts):
            u = at / parts
            angle, w = start + span * u, width(u)
            cut = [along(50, 62, reach - w * 0.4, angle - (u - 0.5) * 10), along(50, 62, reach + w * 0.3, angle)]
            (sketch.line if form == "line" else sketch.score)(cut, 3)
        return
    for at in range(parts):
        a, b = at / parts + 0.012, (at + 1) / parts - 0.012
        us = [a + (b - a) * t / 6 for t in range(7)]
        bulge = [0.45 + 0.08 * (1 - abs(t / 3 - 1)) for t in range(7)]
        outer = [along(50, 62, reach + width(u) * k, start + span * u) for u, k in zip(us, bulge, strict=True)]
        inner = [along(50, 62, reach - width(u) * 0.55, start + span * (0.5 + (u - 0.5) * 0.95)) for u in us]
        sketch.plane(outer + inner[::-1], at % 2)


def pizza_slice(sketch: Sketch, rng: random.Random) -> None:
    half, top = rng.uniform(26, 38), rng.uniform(16, 24)
    crust = rng.choice(("band", "band", "roll", "none"))
    edge = curve(50 - half, top + 14, 50 - half * 0.5, top + 4, 50, top, 50 + half * 0.5, top + 4, 50 + half, top + 14,
                 closed=False)  # fmt: skip
    if crust == "roll":
        sketch.plane(thick(moved(edge, 0, -4), 10), 1)
    elif crust == "band":
        sketch.plane(moved(edge, 0, -10) + edge[::-1], 1)
    tip: Points = [(50, 94)]
    if rng.random() < 0.3:
        tip = curve(64, 70, 60, 80, 56, 72, 54, 88, 50, 94, 46, 80, closed=False)
    sketch.plane([*moved(edge, 0, 3 if crust != "none" else 0), *tip])
    topping = rng.choice(("rounds", "rounds", "rings", "mixed", "triangles"))
    for x, y, size in ((42, top + 22, 6), (60, top + 26, 5.5), (50, top + 42, 5))[: rng.choice((2, 3, 3))]:
        if topping == "rings":
            sketch.detail(ring(x, y, size * 0.8, 2.5))
        elif topping == "triangles":
            sketch.detail(turned(polygon(x - size, y - size * 0.6, x + size, y - size * 0.6, x, y + size), 10, (x, y)))
        else:
            sketch.detail(ellipse(x, y, size * rng.uniform(0.7, 1)))
    if topping == "mixed":
        sketch.score(arc(51, top + 14, 4, None, 200, 340, 8), 2.5)


def _egg(x: float, y: float, size: float) -> Points:
    return curve(
        x,
        y - size * 1.3,
        x + size * 0.7,
        y - size * 0.65,
        x + size,
        y + size * 0.2,
        x + size * 0.72,
        y + size * 0.85,
        x,
        y + size * 1.1,
        x - size * 0.72,
        y + size * 0.85,
        x - size,
        y + size * 0.2,
        x - size * 0.7,
        y - size * 0.65,
    )


def egg(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("whole", "shine", "cracked", "halves", "cup", "three", "nest"))
    size = rng.uniform(28, 34)
    if form in ("whole", "shine"):
        sketch.plane(_egg(50, 54, size))
        if form == "shine":
            sketch.score(arc(50, 56, size * 0.7, size * 0.8, 190, 255, 10), rng.uniform(3, 6))
    elif form in ("cracked", "halves"):
        whole, gap = _egg(50, 54, size), rng.choice((3, 6, 14))
        zig = polygon(50 + size, 56, 62, 50, 56, 60, 48, 50, 40, 60, 34, 51, 50 - size, 57)
        upper = [p for p in whole if p[1] < 55]
        middle = next(i for i, p in enumerate(upper) if p[0] < 50)
        upper = upper[middle:] + upper[:middle] if upper[0][0] >= 50 else upper
        lower = [p for p in whole if p[1] > 58]
        sketch.plane(turned(moved([*upper, *zig], 0, -gap), rng.choice((0, 8)), (50, 40)))
        sketch.plane(moved([*lower, *zig[::-1]], 0, gap * 0.3), 1)
    elif form == "cup":
        sketch.plane(arc(50, 54, 22, 40, 180, 360))
        sketch.plane([*arc(50, 57, 26, 22, 0, 180), (24, 57)], 1)
        sketch.plane(polygon(46, 79, 54, 79, 64, 92, 36, 92), 1)
    else:
        for x, lean, tone in ((28, -12, 1), (72, 12, 1), (50, 0, 0)):
            y = 52 if form == "nest" else 56
            sketch.plane(turned(_egg(x, y, 16 if form == "nest" else 19), lean, (x, y)), tone)
        if form == "nest":
            for at in range(3):
                sketch.line(arc(50, 60 + at * 6, 42 - at * 5, 18, 10, 170), 4)


def fried_egg(sketch: Sketch, rng: random.Random) -> None:
    lobes, yolk = rng.choice((5, 6, 7)), rng.uniform(12, 17)
    edge: list[float] = []
    for at in range(lobes):
        edge += along(50, 50, rng.uniform(28, 43), at * 360 / lobes + rng.uniform(-10, 10))
    white = curve(*edge) if rng.random() < 0.8 else ellipse(50, 50, 40, 34)
    sketch.plane(white)
    x, y = 50 + rng.uniform(-5, 5), 50 + rng.uniform(-5, 5)
    form = rng.choice(("hole", "hole", "ring", "yolk"))
    if form == "ring":
        sketch.detail(ring(x, y, yolk, 4))
    else:
        sketch.detail(ellipse(x, y, yolk))
        if form == "yolk":
            sketch.plane(ellipse(x, y, yolk - 4), 1)
    if rng.random() < 0.4 and form != "hole":
        sketch.score(arc(x, y, yolk - 5, None, 190, 260, 8), 2.5)


def cheese(sketch: Sketch, rng: random.Random) -> None:
    form, top = rng.choice(("wedge", "wedge", "flat", "piece", "wheel")), rng.uniform(22, 34)
    if form == "wheel":
        sketch.plane([(50, 50), *arc(50, 50, 40, None, 20, 320, 40)])
        sketch.plane([(56, 47), *arc(56, 47, 38, None, 325, 375, 10)], 1)
        holes = [(34, 40, 5), (40, 66, 6), (28, 56, 3.5), (56, 72, 4), (48, 28, 4.5)]
    elif form == "flat":
        sketch.plane(polygon(8, 62, 90, top, 90, 82, 8, 82))
        holes = [(74, 58, 7), (52, 68, 5), (34, 74, 4), (80, 76, 3), (66, 74, 3)]
    else:
        back = rng.uniform(54, 70)
        sketch.plane(
            polygon(8, 56, back, top, 92, 44, 92, 52) if form == "wedge" else polygon(8, 52, 60, top, 92, 48), 1
        )
        sketch.plane(polygon(8, 59, 92, 54, 92, 84, 8, 84))
        holes = [(30, 70, 5), (54, 66, 6), (74, 74, 5.5), (62, 78, 3), (40, 79, 3)]
    for x, y, size in rng.sample(holes, rng.choice((3, 4, 5))):
        sketch.detail(ellipse(x, y, size * rng.uniform(0.7, 1.05)))


def sausage(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("one", "one", "two", "bun", "salami"))
    bend, thin = rng.uniform(6, 22), rng.uniform(16, 24)

    def whole(y: float, scale: float) -> Points:
        line = arc(50, 50 - bend + y, 36, bend * 1.6, 10, 170)
        half, sides = thin * scale / 2, thick(line, thin * scale)
        start, end = line[0], line[-1]
        return [
            *sides[:24],
            *arc(*end, half, None, 265, 95, 9)[1:-1],
            *sides[24:],
            *arc(*start, half, None, 85, -85, 9)[1:-1],
        ]

    if form == "bun":
        sketch.plane(box(10, 30, 80, 14, 7), 1)
        sketch.plane(box(4, 44, 92, 14, 7))
        sketch.plane([(10, 58), (90, 58), *arc(78, 62, 12, 14, 0, 90, 6), *arc(22, 62, 12, 14, 90, 180, 6)], 1)
        sketch.score(wavy_line(14, 86, 49, 4, 5), 3)
        return
    if form == "salami":
        sketch.plane(turned(box(26, 34, 68, 32, 14), -25))
        sketch.plane(turned(ellipse(24, 50, 12, 17), -25), 1)
        for x, y in ((22, 44), (26, 54), (20, 55)):
            sketch.detail(turned(ellipse(x, y, 2.2), -25))
        return
    lean = rng.choice((0, -30, -45))
    for at in range(2 if form == "two" else 1):
        y, scale = (at * 26 - 12, 0.9) if form == "two" else (0, 1.0)
        body = whole(y, scale)
        sketch.plane(turned(body, lean), at)
        for cut in range(rng.choice((0, 3, 3))):
            u, down = arc(50, 50 - bend + y, 36, bend * 1.6, 125, 55, 3)[cut]
            sketch.detail(turned(thick([(u - 3, down + 4), (u + 3, down - 4)], 3), lean))


def cup_steaming(sketch: Sketch, rng: random.Random) -> None:
    x, top = draw_cup(sketch, rng)
    draw_steam(sketch, rng, x, top - 6, rng.uniform(18, 26))
    if rng.random() < 0.4:
        sketch.plane(rng.choice((box(10, 87, 70, 5, 2.5), arc(44, 87, 36, 8, 0, 180))), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "burger": (burger, "8.7.25", ""),
    "bread-loaf": (bread_loaf, "8.1.1", "mirror"),
    "baguette": (baguette, "8.1.1 8.1.3", "mirror"),
    "croissant": (croissant, "8.1.1 8.1.8", "tilt mirror"),
    "pizza-slice": (pizza_slice, "8.7.4", "tilt mirror"),
    "egg": (egg, "8.7.11", "mirror"),
    "fried-egg": (fried_egg, "8.7.11", "tilt mirror"),
    "cheese": (cheese, "8.3.8 8.3.12", "mirror"),
    "sausage": (sausage, "8.5.1 8.5.3", "mirror"),
    "cup-steaming": (cup_steaming, "8.7.1 11.3.1 11.3.4 11.3.20", "mirror"),
}
