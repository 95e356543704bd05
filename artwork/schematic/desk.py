"""Pens, brushes, books, envelopes and other paper."""

# fmt: off

import random

from schematic.facets import Part, show, tile
from schematic.geometry import arc, box, curve, ellipse, mirrored, moved, polygon, scaled, thick, turned
from schematic.sketch import Kind, Sketch


def pencil(sketch: Sketch, rng: random.Random) -> None:
    turn, wide = rng.choice((45, 45, 0, 30, 135)), rng.uniform(8, 13)
    form = rng.choice(("parts", "parts", "three", "halves", "few", "lines"))
    tip = polygon(50 - wide, 72, 50 + wide, 72, 50, 96)
    stub = polygon(50 - wide, 8, 50 + wide, 8, 50 + wide, 18, 50 - wide, 18)
    shaft = polygon(50 - wide, 20, 50 + wide, 20, 50 + wide, 71, 50 - wide, 71)
    parts: list[Part] = [(stub, 1), (shaft, 0), (tip, 2)]
    if form == "three":
        edges = (-wide, -wide * 0.35, wide * 0.35, wide)
        parts = [(polygon(50 + edges[at], 18, 50 + edges[at + 1], 18, 50 + edges[at + 1], 72, 50 + edges[at], 72),
            at) for at in range(3)]
        parts += [(tip, 1), (moved(stub, 0, -2), 2)]
    elif form == "halves":
        half = polygon(50, 8, 50 + wide, 8, 50 + wide, 70, 50, 96)
        parts = [(half, 0), (mirrored(half), 1)]
    elif form == "lines":
        outline = turned(polygon(50 - wide, 8, 50 + wide, 8, 50 + wide, 72, 50, 95, 50 - wide, 72, 50 - wide, 8), turn)
        sketch.line(outline, 4)
        sketch.line(turned([(50 - wide, 20), (50 + wide, 20)], turn), 4)
        sketch.line(turned([(50 - wide, 72), (50 + wide, 72)], turn), 4)
        return
    elif form == "few":
        parts = [(polygon(50 - wide, 8, 50 + wide, 8, 50 + wide, 70, 54, 88, 46, 88, 50 - wide, 70), 0), (polygon(54.5,
            90, 45.5, 90, 50, 97), 1)]
    show(sketch, rng, [(turned(points, turn), tone) for points, tone in parts], tiled=0.15)
    if form == "parts" and len(sketch.marks) == 3 and rng.random() < 0.5:
        sketch.detail(turned(polygon(46, 84, 54, 84, 50, 94), turn))


def pen_nib(sketch: Sketch, rng: random.Random) -> None:
    turn, wide = rng.choice((0, 45, 45, -45)), rng.uniform(18, 27)
    form = rng.choice(("hole", "hole", "halves", "feather", "tile"))
    nib = curve(50, 95, 50 + wide * 0.5, 68, 50 + wide, 44, 50 + wide * 0.6, 20, 50 - wide * 0.6, 20, 50 - wide, 44,
        50 - wide * 0.5, 68,)
    if rng.random() < 0.5:
        nib = polygon(50, 95, 50 + wide, 42, 50 + wide * 0.55, 20, 50 - wide * 0.55, 20, 50 - wide, 42)
    if form == "tile":
        sketch.plane(tile(rng))
        sketch.detail(scaled(turned(nib, turn), 0.66))
        sketch.plane(scaled(turned(thick([(50, 55), (50, 90)], 3), turn), 0.66), 1)
        sketch.plane(scaled(turned(ellipse(50, 52, 6), turn), 0.66), 1)
        return
    if form == "halves":
        half = polygon(49, 95, 49, 20, 50 - wide * 0.6, 20, 50 - wide, 42)
        sketch.plane(turned(half, turn))
        sketch.plane(turned(mirrored(half), turn), 1)
    else:
        sketch.plane(turned(nib, turn))
        sketch.detail(turned(ellipse(50, 50, rng.uniform(4, 7)), turn))
        sketch.score(turned([(50, 52), (50, 90)], turn), rng.uniform(2, 3.5))
    sketch.plane(turned(box(50 - wide * 0.6, 5, wide * 1.2, 12, rng.choice((0, 2))), turn), 2)


def brush(sketch: Sketch, rng: random.Random) -> None:
    turn, wide = rng.choice((0, 45, 45, -30)), rng.uniform(7, 11)
    form = rng.choice(("artist", "artist", "flat", "flat", "stroke"))
    if form == "flat":
        wide = rng.uniform(18, 26)
        parts = [(box(45, 6, 10, 34, 5), 1), (box(50 - wide, 42, 2 * wide, 16), 0)]
        parts.append((rng.choice((box(50 - wide, 60, 2 * wide, 32), polygon(50 - wide, 60, 50 + wide, 60, 50 + wide - 6,
            94, 52 - wide, 86))), 2))
    else:
        tip = curve(50 - wide, 64, 50 + wide, 64, 50 + wide * 0.9, 78, 50, 97, 50 - wide, 80)
        parts = [(polygon(47, 5, 53, 5, 50 + wide * 0.7, 48, 50 - wide * 0.7, 48), 0)]
        parts += [(polygon(50 - wide * 0.7, 50, 50 + wide * 0.7, 50, 50 + wide, 62, 50 - wide, 62), 1), (tip, 2)]
    for points, tone in parts:
        sketch.plane(turned(points, turn), tone)
    if form == "stroke" and turn == 45:
        sketch.line(curve(20, 92, 44, 84, 60, 94, 90, 86, closed=False), 6)


def palette(sketch: Sketch, rng: random.Random) -> None:
    outline = rng.choice((curve(50, 12, 82, 22, 92, 48, 78, 60, 62, 62, 60, 76, 50, 90, 22, 80, 8, 50, 20, 22),
        curve(50, 16, 88, 30, 92, 58, 70, 64, 66, 78, 40, 86, 10, 66, 12, 36), ellipse(50, 50, 44, 34)))
    sketch.plane(outline)
    spots = ((28, 44, 6), (42, 28, 6), (62, 28, 6), (76, 42, 6), (28, 64, 6))
    for x, y, size in spots[: rng.choice((3, 4, 5))]:
        sketch.detail(ellipse(x, y, size * rng.uniform(0.7, 1)))
    sketch.detail(ellipse(49, 72, 6, 4.5))
    if rng.random() < 0.3:
        sketch.line([(58, 60), (94, 8)], 4)


def open_book(sketch: Sketch, rng: random.Random) -> None:
    rise, low = rng.uniform(4, 14), rng.uniform(74, 84)
    form = rng.choice(("curved", "curved", "flat", "flat", "lines", "fan", "thick"))
    left = polygon(49, 26 + rise, 8, 26, 8, low - rise, 49, low)
    if form in ("curved", "thick"):
        left = [(49.0, 30.0), *curve(49, 30, 30, 22, 8, 26, closed=False), *curve(8, low - 6, 30, low - 10, 49, low,
            closed=False)]
    elif form == "fan":
        for at in range(rng.choice((2, 3))):
            page = polygon(49.3, 40 + at * 6, 49.3, 88, 10 + at * 12, 62 - at * 22, 10 + at * 12, 30 - at * 8)
            sketch.plane(page, at)
            sketch.plane(mirrored(page), at)
        return
    if form == "lines":
        left = [(50.0, 30.0), *curve(50, 30, 30, 22, 8, 26, closed=False), *curve(8, low - 6, 30, low - 10, 50, low,
            closed=False)]
        for points in (left, mirrored(left)):
            sketch.line([*points, points[0]], 4.5)
        return
    show(sketch, rng, [(left, 0), (mirrored(left), 1)], tiled=0.15, gap=0)
    if form == "thick":
        sketch.line([(5, 34), (5, low + 2), (30, low - 2), (50, low + 9), (70, low - 2), (95, low + 2), (95, 34)], 3)
    elif rng.random() < 0.4 and len(sketch.marks) == 2:
        for y in (44, 56):
            sketch.score([(16, y - 4), (40, y)], 3)
            sketch.score([(84, y - 4), (60, y)], 3)


def closed_book(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "iso", "spine", "stack"))
    if form == "iso":
        show(sketch, rng, [(polygon(10, 52, 52, 22, 92, 42, 50, 74), 0), (polygon(10, 54, 50, 76, 50, 90, 10, 68), 1),
            (polygon(50, 76, 92, 44, 92, 58, 50, 90), 2)], tiled=0)
        return
    if form == "stack":
        for at in range(rng.choice((2, 3))):
            shift = rng.uniform(-5, 5)
            sketch.plane(box(14 + shift, 66 - at * 20, 72, 17, rng.choice((0, 3))), at)
            sketch.detail(box(28 + shift, 70 - at * 20, 54, 9))
        return
    sketch.plane(box(20, 8, 60, 84, rng.choice((2, 6))))
    if form == "front":
        sketch.detail(box(28, 78, 48, 8, 3))
        if rng.random() < 0.6:
            sketch.detail(box(36, 22, 32, 10))
    else:
        sketch.score([(31, 10), (31, 90)], 3)
        sketch.detail(rng.choice((box(42, 24, 28, 8), polygon(60, 9, 72, 9, 72, 36, 66, 30, 60, 36))))


def notebook(sketch: Sketch, rng: random.Random) -> None:
    side = rng.random() < 0.6
    sketch.plane(box(20, 12, 62, 80, rng.choice((0, 5))))
    count = rng.choice((4, 5, 6))
    for at in range(count):
        if side:
            y = 18 + 68 * (at + 0.5) / count
            sketch.detail(ellipse(29, y, 3))
            sketch.line([(12, y), (21, y)], 4)
        else:
            x = 24 + 54 * (at + 0.5) / count
            sketch.detail(ellipse(x, 21, 3))
            sketch.line([(x, 5), (x, 13)], 4)
    for y in (40, 54, 68)[: rng.choice((0, 2, 3))]:
        sketch.detail(box(40, y, 34, 4))


def envelope(sketch: Sketch, rng: random.Random) -> None:
    high, corner = rng.uniform(54, 68), rng.choice((0, 0, 5))
    top, low = 50 - high / 2, 50 + high / 2
    point = top + high * rng.uniform(0.42, 0.62)
    form = rng.choice(("flap", "flap", "score", "score", "lines", "back", "cross"))
    if form == "flap":
        gap = rng.uniform(3, 7)
        sketch.plane(polygon(8, top, 92, top, 50, point - gap / 2), 1)
        sketch.plane(polygon(8, top + gap, 50, point + gap, 92, top + gap, 92, low, 8, low))
    elif form == "lines":
        width = rng.uniform(3, 7)
        outline = box(8, top, 84, high, corner)
        sketch.line([*outline, outline[0]], width)
        sketch.line([(8, top), (50, point), (92, top)], width)
    elif form == "back":
        show(sketch, rng, [(polygon(8, top, 92, top, 50, point), 1), (polygon(8, top, 50, point, 8, low), 0),
            (polygon(92, top, 92, low, 50, point), 0), (polygon(8, low, 50, point, 92, low), 2)], tiled=0)
    else:
        width = rng.uniform(3, 6)
        sketch.plane(box(8, top, 84, high, corner))
        sketch.score([(10, top + 3), (50, point), (90, top + 3)], width)
        if form == "cross":
            sketch.score([(12, low - 4), (38, point - 4)], width * 0.8)
            sketch.score([(88, low - 4), (62, point - 4)], width * 0.8)


def envelope_of_triangles(sketch: Sketch, rng: random.Random) -> None:
    high = rng.uniform(48, 66)
    top, low = 50 - high / 2, 50 + high / 2
    point = top + high * rng.uniform(0.45, 0.7)
    form = rng.choice(("two", "two", "sides", "one", "open", "tile"))
    if form == "two":
        flat = rng.uniform(20, 25)
        parts: list[Part] = [(polygon(6, 50 - flat, 94, 50 - flat, 50, 55), 0), (polygon(6, 50 + flat, 50,
            55 - flat * 0.2, 94, 50 + flat), 1)]
        parts[1] = ((polygon(6, 50 - flat + 9, 50, 60, 94, 50 - flat + 9, 94, 50 + flat, 6, 50 + flat),
            1) if rng.random() < 0.6 else (polygon(6, 50 + flat, 50, 57, 94, 50 + flat), 1))
    elif form == "sides":
        parts = [(polygon(8, top, 50, point, 8, low), 0), (polygon(92, top, 92, low, 50, point), 1)]
        if rng.random() < 0.85:
            parts.append((polygon(14, top, 86, top, 50, point - 5), 2))
    elif form == "one":
        parts = [(polygon(8, top, 92, top, 50, point), 0), (polygon(8, top + 6, 46, point + 2, 8, low), 1), (polygon(92,
            top + 6, 92, low, 54, point + 2), 2)]
    elif form == "open":
        parts = [(polygon(8, 42, 50, 10, 92, 42, 50, 68), 2), (polygon(8, 42, 50, 70, 8, 90), 0), (polygon(92, 42, 92,
            90, 50, 70), 1), (polygon(8, 90, 50, 70, 92, 90), 0)]
    else:
        parts = [(polygon(8, top, 92, top, 50, point), 0), (polygon(8, top + 8, 50, point + 7, 92, top + 8, 92, low, 8,
            low), 1)]
    show(sketch, rng, parts, tiled=1 if form == "tile" else 0.12)


def sheet(sketch: Sketch, rng: random.Random) -> None:
    fold, wide = rng.uniform(14, 24), rng.uniform(28, 34)
    left, right = 50 - wide, 50 + wide
    form = rng.choice(("cut", "cut", "fold", "lines", "corner"))
    if form == "lines":
        sketch.line(polygon(right - fold, 8, left, 8, left, 92, right, 92, right, 8 + fold, right - fold, 8,
            right - fold, 8 + fold, right, 8 + fold,), 4.5,)
    elif form == "corner":
        sketch.plane(polygon(left, 8, right, 8, right, 92 - fold, right - fold, 92, left, 92))
        sketch.detail(polygon(right - fold, 92 - fold, right - 2, 92 - fold, right - fold, 90))
    else:
        sketch.plane(polygon(left, 8, right - fold, 8, right - fold, 8 + fold, right, 8 + fold, right, 92, left, 92))
        if form == "fold" or rng.random() < 0.7:
            sketch.plane(polygon(right - fold + 3, 8, right, 5 + fold, right - fold + 3, 5 + fold), 1)
    count = rng.choice((2, 3, 4))
    for at in range(count):
        y = 42 + at * 11
        line = [(left + 10, float(y)), (right - 10 if at < count - 1 else 56.0, float(y))]
        sketch.line(line, 4) if form == "lines" else sketch.score(line, 4.5)


def clipboard(sketch: Sketch, rng: random.Random) -> None:
    sketch.plane(box(18, 14, 64, 80, rng.choice((0, 6))))
    if rng.random() < 0.4:
        sketch.detail(box(25, 26, 50, 61))
        for y in (40, 52, 64):
            sketch.plane(box(32, y, 36, 4), 1)
    else:
        for y in (40, 54, 68):
            if rng.random() < 0.5:
                sketch.detail(box(28, y - 2, 7, 7))
            sketch.detail(box(40, y, 32, 4, 1))
    sketch.detail(box(33, 10, 34, 14, 3))
    sketch.plane(box(36, 8, 28, 13, 3), 1)


def paper_clip(sketch: Sketch, rng: random.Random) -> None:
    turn, width = rng.choice((0, 45, -45, 30)), rng.uniform(4, 7)
    if rng.random() < 0.3:
        points = polygon(40, 36, 40, 68, 50, 78, 60, 68, 60, 26, 48, 12, 34, 26, 34, 76, 50, 94, 68, 76, 68, 34)
    else:
        points = [(41, 38), (41, 68), *arc(50, 70, 9, None, 180, 0, 12), (59, 26), *arc(46, 24, 13, None, 0, -180, 12)]
        points += [(33, 76), *arc(50, 78, 17, None, 180, 0, 12), (67, 34)]
    sketch.line(turned(points, turn), width)


def calendar(sketch: Sketch, rng: random.Random) -> None:
    corner = rng.choice((0, 6, 12))
    for x in (32, 68) if rng.random() < 0.7 else (26, 42, 58, 74):
        sketch.line([(x, 8), (x, 22)], 5)
    if rng.random() < 0.5:
        sketch.plane(box(12, 16, 76, 20, corner), 1)
        sketch.plane(box(12, 39, 76, 50, corner))
        top = 46
    else:
        sketch.plane(box(12, 16, 76, 74, corner))
        sketch.score([(13, 36), (87, 36)], 3.5)
        top = 45
    columns, rows = rng.choice(((4, 3), (3, 2), (5, 3)))
    for row in range(rows):
        for at in range(columns):
            if rng.random() < 0.9:
                wide = 68 / columns
                sketch.detail(box(18 + at * wide, top + row * 40 / rows, wide - 5, 40 / rows - 5, rng.choice((0, 0,
                    2))))


def pen(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 30, 45))
    cap = rng.uniform(36, 48)
    sketch.plane(turned(box(42, 6, 16, cap - 6, 4), turn))
    sketch.plane(turned(polygon(42, cap + 2, 58, cap + 2, 56, 80, 51, 94, 49, 94, 44, 80), turn), 1)
    sketch.line(turned([(62, 10), (62, 34)], turn), rng.uniform(3, 5))
    if rng.random() < 0.6:
        sketch.score(turned([(43, 76), (57, 76)], turn), 3)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "pencil": (pencil, "20.1.1 20.1.3", "mirror tilt"),
    "pen": (pen, "20.1.1 20.1.3", "mirror tilt"),
    "pen-nib": (pen_nib, "20.1.1 20.1.3", "mirror tilt"),
    "brush": (brush, "20.1.1 20.1.5", "mirror tilt"),
    "palette": (palette, "20.1.1 20.1.11", "mirror tilt"),
    "open-book": (open_book, "20.7.1 20.7.2", "tilt"),
    "closed-book": (closed_book, "20.7.1 20.7.2", "mirror tilt"),
    "notebook": (notebook, "20.7.1 20.7.2", "mirror tilt"),
    "envelope": (envelope, "20.5.13", "tilt"),
    "envelope-of-triangles": (envelope_of_triangles, "20.5.13", "tilt"),
    "sheet": (sheet, "20.5.5", "mirror tilt"),
    "clipboard": (clipboard, "20.5.5", "tilt"),
    "paper-clip": (paper_clip, "20.1.17", "mirror tilt"),
    "calendar": (calendar, "20.5.3", "tilt"),
}
