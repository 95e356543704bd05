"""Notes, ticks, crosses and other signs."""

# fmt: off

import random

from schematic.facets import show, tile
from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, polygon, regular, ring, thick, turned
from schematic.sketch import Kind, Sketch


def note(sketch: Sketch, rng: random.Random) -> None:
    form, size, width = (rng.choice(("eighth", "eighth", "pair", "pair", "quarter", "tile")), rng.uniform(10, 14),
        rng.uniform(4, 7))

    def head(x: float, y: float) -> Points:
        return turned(ellipse(x, y, size, size * 0.78), -20, (x, y))

    if form == "pair":
        slope, thickness = rng.uniform(0, 9), rng.uniform(8, 15)
        sketch.plane(head(24, 82))
        sketch.plane(head(72, 82 - slope))
        sketch.plane(box(24 + size - width, 18, width, 64))
        sketch.plane(box(72 + size - width, 18 - slope, width, 64))
        a, b = 24 + size - width, 72 + size
        sketch.plane(polygon(a, 18, b, 18 - slope, b, 18 - slope + thickness, a, 18 + thickness), 1)
        return
    flag = rng.choice(([*curve(52, 10, 58, 24, 76, 36, 68, 58, closed=False), (70.0, 44.0), (52.0, 30.0)], polygon(52,
        10, 74, 22, 74, 38, 52, 27)))
    parts = [head(52 - size + width * 0.6, 80), box(52 - width * 0.4, 10, width, 70)]
    if form != "quarter":
        parts.append(flag)
    if form == "tile":
        sketch.plane(tile(rng))
        outline = [*arc(42, 66, 10, 8, 20, 340), (47, 26), (66, 32), (66, 42), (52, 38), (52, 68)]
        sketch.detail(outline)
        return
    for points in parts:
        sketch.plane(points)


def tick(sketch: Sketch, rng: random.Random) -> None:
    width, low = rng.uniform(7, 20), rng.uniform(72, 82)
    form = rng.choice(("stroke", "stroke", "planes", "brush", "sharp", "corner"))
    knee = (rng.uniform(34, 44), low)
    if form == "stroke":
        sketch.line([(14, 52), knee, (86, 22)], width)
    elif form == "planes":
        a, b = knee
        show(sketch, rng, [(polygon(10, 46, 26, 46, a + 8, b - 14, a, b + 8), 1), (polygon(a, b + 8, a + 9, b - 14, 78,
            14, 94, 18), 0)], tiled=0.2)
    elif form == "brush":
        sketch.plane(curve(10, 52, 20, 48, 36, 66, 60, 34, 94, 8, 64, 46, 38, 90, 26, 72))
    elif form == "sharp":
        sketch.plane(polygon(6, 56, 18, 46, 36, 66, 94, 12, 38, 90))
    else:
        sketch.plane(polygon(10, 54, 22, 42, 38, 58, 78, 16, 90, 28, 38, 82))


def plus_cross(sketch: Sketch, rng: random.Random) -> None:
    half, turn = rng.uniform(8, 18), rng.choice((0, 0, 0, 45))
    form = rng.choice(("plain", "round", "four", "flared", "outline", "two"))
    a, b = 50 - half, 50 + half
    outline = polygon(a, 10, b, 10, b, a, 90, a, 90, b, b, b, b, 90, a, 90, a, b, 10, b, 10, a, a, a)
    if form == "outline":
        sketch.plane(turned(outline, turn))
        sketch.detail(turned(box(50 - half * 0.5, 50 - half * 0.5, half, half), turn))
    elif form == "round":
        for points in ([(14, 50), (86, 50)], [(50, 14), (50, 86)]):
            sketch.line(turned(points, turn), 2 * half)
    elif form == "four":
        for at in range(4):
            arm = polygon(49 - half + 1.5, 10, 51 + half - 1.5, 10, 51 + half - 1.5, 47 - half, 50, 47, 49 - half + 1.5,
                47 - half)
            sketch.plane(turned(arm, turn + 90 * at), at % 2)
    elif form == "flared":
        for at in range(4):
            sketch.plane(turned(polygon(50 - half - 6, 8, 50 + half + 6, 8, 54, 50, 46, 50), turn + 90 * at))
    elif form == "two":
        sketch.plane(turned(box(10, a, 80, 2 * half), turn))
        sketch.plane(turned(box(a, 10, 2 * half, 80), turn), 1)
    else:
        sketch.plane(turned(outline, turn))


def latin_cross(sketch: Sketch, rng: random.Random) -> None:
    half, arm, y = rng.uniform(5, 11), rng.uniform(24, 32), rng.uniform(30, 38)
    form = rng.choice(("plain", "planes", "tapered", "lines"))
    if form == "plain":
        a, b = 50 - half, 50 + half
        sketch.plane(polygon(a, 6, b, 6, b, y - half, 50 + arm, y - half, 50 + arm, y + half, b, y + half, b, 94, a, 94,
            a, y + half, 50 - arm, y + half, 50 - arm, y - half, a, y - half,))
    elif form == "lines":
        sketch.line([(50, 8), (50, 92)], half * 1.6)
        sketch.line([(50 - arm, y), (50 + arm, y)], half * 1.6)
    elif form == "tapered":
        sketch.plane(polygon(43, 6, 57, 6, 52, y, 57, 94, 43, 94, 48, y))
        sketch.plane(polygon(50 - arm, y - 7, 50, y - 2, 50 + arm, y - 7, 50 + arm, y + 7, 50, y + 2, 50 - arm, y + 7))
    else:
        for points, tone in ((box(50 - half, 6, 2 * half, y - half - 7.5), 0), (box(50 - half, y + half + 1.5, 2 * half,
            92 - y - half), 1), (box(50 - arm, y - half, 2 * arm, 2 * half), 2)):
            sketch.plane(points, tone)


def cross_in_disc(sketch: Sketch, rng: random.Random) -> None:
    half, reach = rng.uniform(5, 11), rng.uniform(22, 32)
    form = rng.choice(("cut", "cut", "ring", "through"))
    a, b, low, far = 50 - half, 50 + half, 50 - reach, 50 + reach
    cross = polygon(a, low, b, low, b, a, far, a, far, b, b, b, b, far, a, far, a, b, low, b, low, a, a, a)
    shape = rng.choice((ellipse(50, 50, 44), ellipse(50, 50, 44), regular(50, 50, 46, rng.choice((6, 8)))))
    if form == "ring":
        sketch.line([*shape, shape[0]], rng.uniform(4, 8))
        sketch.plane(cross)
    elif form == "through":
        for at in range(4):
            sketch.plane(turned([(50 + half * 0.5, 50 - half * 0.5), *arc(50, 50, 44, None, -84, -6)], 90 * at), at % 2)
    else:
        sketch.plane(shape)
        sketch.detail(cross)


def infinity(sketch: Sketch, rng: random.Random) -> None:
    width, bend = rng.uniform(6, 16), rng.uniform(14, 22)
    form = rng.choice(("line", "line", "two", "planes", "thin"))
    loop = curve(50, 50, 62, 50 - bend * 0.8, 76, 50 - bend, 90, 50, 76, 50 + bend, 62, 50 + bend * 0.8, 50, 50,
        closed=False)
    other = mirrored(loop)
    if form in ("line", "thin"):
        sketch.line(loop + other, width if form == "line" else 4)
    elif form == "two":
        sketch.plane(thick(loop, width * 0.4 + 2, end=width))
        sketch.plane(thick(other, width * 0.4 + 2, end=width), 1)
    else:
        for side in (-1, 1):
            sketch.plane(ring(50 + side * 21, 50, 18, width * 0.7), (side + 1) // 2)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "note": (note, "24.17.10 24.17.12", "tilt"),
    "tick": (tick, "24.17.20", "tilt"),
    "plus-cross": (plus_cross, "24.13.1", ""),
    "latin-cross": (latin_cross, "24.13.2", "tilt"),
    "cross-in-disc": (cross_in_disc, "24.13.1 24.13.22", ""),
    "infinity": (infinity, "24.17.5 24.17.8", "tilt"),
}
