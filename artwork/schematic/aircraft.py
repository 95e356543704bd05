"""Rockets, planes, balloons and kites."""

# fmt: off

import random

from schematic.facets import Part, show
from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, moved, polygon, turned
from schematic.sketch import Kind, Sketch


def _fuselage(rng: random.Random, wide: float) -> Points:
    return rng.choice(
        (
            curve(
                50,
                5,
                50 + wide * 0.8,
                26,
                50 + wide,
                50,
                50 + wide * 0.7,
                74,
                50 - wide * 0.7,
                74,
                50 - wide,
                50,
                50 - wide * 0.8,
                26,
            ),
            polygon(50, 4, 50 + wide, 32, 50 + wide, 74, 50 - wide, 74, 50 - wide, 32),
            [*arc(50, 34, wide, 30, 180, 360), (50 + wide, 74), (50 - wide, 74)],
            [*arc(50, 42, wide, 38, 180, 360), (50 + wide * 0.7, 74), (50 - wide * 0.7, 74)],
        )
    )


def rocket(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, 45, 45, 30))
    wide = rng.uniform(11, 18)
    form = rng.choice(("window", "window", "slim", "tile", "bands"))
    if form == "slim":
        wide = rng.uniform(7, 10)
    body = _fuselage(rng, wide)
    reach, fall = rng.uniform(10, 18), rng.uniform(4, 16)
    fin = polygon(51 + wide * 0.9, 48, 50 + wide + reach, 66, 50 + wide + reach, 72 + fall, 51 + wide * 0.75, 72)
    flame = rng.choice(
        (
            polygon(50 - wide * 0.5, 77, 50 + wide * 0.5, 77, 50, 96),
            curve(50 - wide * 0.5, 77, 50 + wide * 0.5, 77, 50 + wide * 0.4, 85, 50, 97, 50 - wide * 0.4, 85),
            polygon(
                50 - wide * 0.6, 77, 50 + wide * 0.6, 77, 50 + wide * 0.4, 92, 50 + wide * 0.1, 84, 50 - wide * 0.3, 95
            ),
        )
    )
    parts: list[Part] = [(body, 0), (fin, 1), (mirrored(fin), 1)]
    if rng.random() < 0.6:
        parts.append((flame, 2))
    parts = [(turned(points, turn), tone) for points, tone in parts]
    hole = turned(ellipse(50, rng.uniform(34, 44), wide * rng.uniform(0.35, 0.6)), turn)
    show(sketch, rng, parts, [hole] if form != "slim" else [], tiled=1 if form == "tile" else 0, gap=0)
    if form == "bands":
        sketch.score(turned([(50 - wide * 0.8, 62), (50 + wide * 0.8, 62)], turn), 3)
    if form == "window" and rng.random() < 0.4:
        sketch.plane(turned(ellipse(50, 38, wide * 0.2), turn), 1)


def rocket_of_planes(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, 45, 45, 30))
    wide, base = rng.uniform(12, 20), rng.uniform(62, 76)
    form = rng.choice(("halves", "halves", "nose", "three", "arrowlike", "monoline"))
    reach = rng.uniform(12, 20)
    top = rng.uniform(5, 10)
    left = polygon(50, top, 50, base + 6, 50 - wide, base, 50 - wide, 38)
    fin = polygon(50 - wide, base - 22, 50 - wide, base, 50 - wide - reach, base + 14)
    parts: list[Part] = [(left, 0), (mirrored(left), 1), (fin, 2), (mirrored(fin), 2)]
    if form == "nose":
        parts = [
            (polygon(50, top, 50 + wide, 36, 50 - wide, 36), 1),
            (polygon(50 - wide, 36, 50 + wide, 36, 50 + wide, base, 50 - wide, base), 0),
            (fin, 2),
            (mirrored(fin), 2),
            (polygon(50 - wide * 0.6, base + 3, 50 + wide * 0.6, base + 3, 50, 95), 1),
        ]
    elif form == "three":
        x = wide * 0.4
        side = polygon(50 - x, top + 12, 50 - x, base, 50 - wide, base, 50 - wide, 40)
        parts = [(polygon(50, top, 50 + x, top + 12, 50 + x, base, 50 - x, base, 50 - x, top + 12), 0), (side, 1)]
        parts += [(mirrored(side), 1), (fin, 2), (mirrored(fin), 2)]
    elif form == "arrowlike":
        left = polygon(50, top, 50, 66, 50 - wide * 0.8, 74, 50 - wide * 0.8, 34)
        wing = polygon(50 - wide * 0.8, 48, 50 - wide * 0.8, 74, 50 - wide - reach, 88)
        parts = [(left, 0), (mirrored(left), 1), (wing, 1), (mirrored(wing), 2), (polygon(44, 78, 56, 78, 50, 95), 0)]
    if form == "monoline":
        width = rng.uniform(3, 5)
        for points, _ in parts:
            sketch.line(turned([*points, points[0]], turn), width)
        return
    holes = [turned(ellipse(50, 48, wide * 0.38), turn)] if form == "nose" else []
    show(sketch, rng, [(turned(points, turn), tone) for points, tone in parts], holes, tiled=0.2)


def space_shuttle(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 45, 30))
    wing = polygon(58, 44, 66, 60, 88, 78, 88, 86, 58, 84)
    body = [*arc(50, 26, 9, 20, 180, 360), (60, 84), (40, 84)]
    parts = [(body, 0), (wing, 1), (mirrored(wing), 1), (polygon(47, 64, 53, 64, 54, 92, 46, 92), 2)]
    if rng.random() < 0.35:
        parts.append((box(62, 20, 8, 68, 4), 2))
        parts.append((box(30, 20, 8, 68, 4), 2))
    for points, tone in parts:
        sketch.plane(turned(points, turn), tone)
    if rng.random() < 0.7:
        sketch.detail(turned(polygon(45, 22, 49, 18, 49, 25, 44, 28), turn))
        sketch.detail(turned(polygon(55, 22, 51, 18, 51, 25, 56, 28), turn))


def plane_above(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 45, 45, 30, 90, -20))
    sweep, root, tip = rng.uniform(8, 26), rng.uniform(12, 22), rng.uniform(3, 9)
    wide, y = rng.uniform(4.5, 8), rng.uniform(38, 46)
    form = rng.choice(("liner", "liner", "planes", "delta", "tile", "propeller"))
    wing = polygon(50 + wide * 0.8, y, 93, y + sweep, 93, y + sweep + tip, 50 + wide * 0.8, y + root)
    tail = polygon(50 + wide * 0.5, 78, 67, 86, 67, 91, 50 + wide * 0.4, 88)
    body = [*arc(50, 18, wide, 14, 180, 360), (50 + wide, 60), (52, 94), (48, 94), (50 - wide, 60)]
    if form == "delta":
        half = polygon(49.2, 5, 49.2, 80, 46, 84, 12, rng.uniform(76, 90), 42, 40)
        parts: list[Part] = [(half, 0), (mirrored(half), 1)]
        if rng.random() < 0.5:
            parts.append((polygon(50, 82, 58, 94, 42, 94), 2))
    elif form == "planes":
        half = polygon(49, 5, 49, 92, 50 - wide, 70, 50 - wide, 22)
        parts = [(half, 0), (mirrored(half), 1), (mirrored(wing), 2), (wing, 0)]
        parts += [(moved(tail, 1), 1), (mirrored(moved(tail, 1)), 2)]
    else:
        parts = [(body, 0), (wing, 1), (mirrored(wing), 1), (tail, 1), (mirrored(tail), 1)]
    parts = [(turned(points, turn), tone) for points, tone in parts]
    show(sketch, rng, parts, tiled=1 if form == "tile" else 0.1, gap=0 if form in ("liner", "tile",
        "propeller") else None)
    if form == "propeller":
        sketch.line(turned([(38, 5), (62, 5)], turn), 3)


def plane_side(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, -15, -25))
    high = rng.uniform(7, 11)
    form = rng.choice(("liner", "liner", "old", "bi", "bold"))
    if form in ("old", "bi"):
        parts: list[Part] = [(curve(10, 48, 40, 40, 78, 40, 84, 50, 78, 60, 40, 58), 0)]
        parts += [(polygon(8, 28, 18, 30, 26, 50, 10, 50), 1), (box(44, 50, 30, 6, 3), 2)]
        if form == "bi":
            parts += [(box(40, 26, 34, 5, 2), 2), (box(46, 30, 3, 12), 1), (box(66, 30, 3, 12), 1)]
        parts += [(box(87, 32, 4, 36, 2), 1), (ellipse(66, 70, 6), 1)]
    else:
        body = curve(6, 46, 30, 50 - high, 80, 50 - high, 94, 54, 80, 50 + high, 34, 50 + high)
        fin = polygon(4, 22, 16, 22, 32, 50 - high * 0.6, 10, 48)
        wing = polygon(64, 54, 46, 54, rng.uniform(22, 34), 80, 38, 80)
        parts = [(body, 0), (fin, 1), (wing, 2)]
        if form == "bold":
            parts.append((polygon(62, 44, 50, 44, 36, 24, 46, 24), 2))
    for points, tone in parts:
        sketch.plane(turned(points, turn), tone)
    for at in range(rng.choice((0, 4, 5)) if form == "liner" else 0):
        sketch.detail(turned(ellipse(40 + at * 9, 49, 2), turn))


def paper_plane(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("classic", "classic", "three", "two", "line", "tile", "above"))
    nose = (93.0, 9.0 + rng.uniform(0, 8))
    left, low = (6.0, rng.uniform(42, 52)), (rng.uniform(62, 76), 90.0)
    fold, keel = (rng.uniform(32, 40), rng.uniform(58, 64)), (rng.uniform(38, 44), rng.uniform(80, 90))
    if form == "above":
        half = polygon(49.2, 5, 49.2, 76, rng.uniform(8, 20), 92)
        inner = polygon(50, 40, 50, 92, 42, 80)
        for points, tone in ((half, 0), (mirrored(half), 1)):
            sketch.plane(points, tone)
        if rng.random() < 0.4:
            sketch.plane(moved(inner, 0, 4), 2)
        return
    if form == "line":
        width = rng.uniform(3, 6)
        sketch.line([nose, left, fold, low, nose, fold, keel, (low[0] * 0.75, 74)], width)
        return
    parts: list[Part] = [([nose, left, fold], 0), ([nose, (fold[0] + 12, fold[1] + 9), low], 1)]
    if form in ("classic", "three"):
        parts.append(([nose, fold, keel, (fold[0] + 10, fold[1] + 8)], 2))
    if form == "three":
        parts[1] = ([nose, (fold[0] + 16, fold[1] + 12), low], 1)
    show(sketch, rng, parts, tiled=1 if form == "tile" else 0.1)
    if form in ("classic", "two") and rng.random() < 0.25:
        sketch.line([(10, 88), (26, 74)], 3)


def helicopter(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("round", "pointed", "bubble"))
    body = {"round": ellipse(62, 54, 26, 20), "pointed": curve(36, 46, 56, 36, 76, 40, 92, 60, 72, 72, 46, 70),
        "bubble": curve(40, 44, 64, 34, 88, 52, 80, 72, 48, 72)}[form]
    sketch.plane(polygon(10, 44, 48, 44, 48, 58, 10, 50), 1)
    sketch.plane(rng.choice((polygon(4, 32, 14, 32, 18, 50, 8, 52), ellipse(10, 46, 8))), 1)
    sketch.plane(body)
    sketch.plane(box(60, 24, 5, 16), 1)
    sketch.line([(rng.uniform(20, 32), 23), (96, 23)], rng.uniform(3, 6))
    if rng.random() < 0.8:
        sketch.detail(curve(66, 44, 78, 45, 84, 56, 67, 57))
    if rng.random() < 0.75:
        sketch.line([(44, 84), (84, 84), (90, 79)], 4)
        sketch.line([(54, 72), (52, 83)], 3.5)
        sketch.line([(74, 72), (75, 83)], 3.5)


def hot_air_balloon(sketch: Sketch, rng: random.Random) -> None:
    radius = rng.uniform(30, 37)
    form = rng.choice(("scores", "gores", "gores", "plain", "band", "planes"))
    y = 8 + radius
    outline = curve(50, 8, 50 + radius, y - 2, 50 + radius * 0.62, y + radius * 0.75, 58, 74, 42, 74,
        50 - radius * 0.62, y + radius * 0.75, 50 - radius, y - 2,)
    if form == "gores":
        count = rng.choice((3, 4, 5))
        for at in range(count):
            one, two = -1 + 2 * at / count, -1 + 2 * (at + 1) / count
            gap = 0.03
            edge = curve(50, 8, 50 + radius * (one + gap), y, 50 + 8 * one, 74, closed=False)
            other = curve(50, 8, 50 + radius * (two - gap), y, 50 + 8 * two, 74, closed=False)
            sketch.plane(edge + other[::-1], at % 3)
    elif form == "planes":
        parts: list[Part] = []
        xs = (50 - radius, 50 - radius * 0.35, 50 + radius * 0.35, 50 + radius)
        for at in range(3):
            parts.append((polygon(50, 6, xs[at + 1], y, xs[at], y), at))
            parts.append((polygon(xs[at], y, xs[at + 1], y, 54 + at * 3 - 3, 74, 47 + at * 3 - 3, 74), (at + 1) % 3))
        show(sketch, rng, parts, tiled=0)
    else:
        sketch.plane(outline)
        if form == "scores":
            for side in (-0.45, 0.45):
                sketch.score(curve(50, 12, 50 + radius * side, y, 50 + 8 * side, 72, closed=False), 3)
        elif form == "band":
            sketch.score(curve(50 - radius * 0.9, y - 4, 50, y + 6, 50 + radius * 0.9, y - 4, closed=False), 6)
    sketch.plane(rng.choice((box(42, 82, 16, 12, 2), polygon(41, 82, 59, 82, 56, 94, 44, 94))), 1)
    if rng.random() < 0.7:
        for side in (-1, 1):
            sketch.line([(50 + side * 6, 75), (50 + side * 6, 82)], 2.5)


def airship(sketch: Sketch, rng: random.Random) -> None:
    high = rng.uniform(16, 23)
    sketch.plane(ellipse(52, 44, 42, high))
    for side in (-1, 1):
        sketch.plane(polygon(26, 44 + side * high * 0.7, 8, 44 + side * (high + 5), 5, 44 + side * high * 0.6, 12, 44),
            1)
    sketch.plane(rng.choice((box(42, 48 + high, 26, 9, 4), polygon(38, 48 + high, 70, 48 + high, 64, 58 + high, 44,
        58 + high))), 1)
    form = rng.choice(("plain", "lines", "lines", "bands"))
    if form == "lines":
        sketch.score(curve(18, 38, 52, 34, 86, 40, closed=False), 3)
        sketch.score(curve(18, 50, 52, 54, 86, 48, closed=False), 3)
    elif form == "bands":
        for x in (40, 66):
            sketch.score(arc(x - 8, 44, 8, high * 0.85, -75, 75), 3)


def parachute(sketch: Sketch, rng: random.Random) -> None:
    wide, y, count = rng.uniform(36, 43), rng.uniform(42, 50), rng.choice((3, 4, 5))
    form = rng.choice(("scallops", "gores", "plain", "lines"))
    step = 2 * wide / count
    edges = [50 - wide + step * at for at in range(count + 1)]
    if form == "gores":
        for at in range(count):
            bottom = arc((edges[at] + edges[at + 1]) / 2, y, step / 2 - 0.8, 6, 0, -180, 9)
            side = curve(edges[at] + 0.8, y, 50 + (edges[at] - 50) * 0.75, 22, 50, 9, closed=False)
            other = curve(50, 9, 50 + (edges[at + 1] - 50) * 0.75, 22, edges[at + 1] - 0.8, y, closed=False)
            sketch.plane([*side, *other, *bottom], at % 3)
    elif form == "lines":
        sketch.line([*arc(50, y, wide, y - 9, 180, 360), (50 - wide, y)], 4)
    else:
        canopy = arc(50, y, wide, y - 9, 180, 360)
        if form == "scallops":
            for at in range(count - 1, -1, -1):
                canopy += arc((edges[at] + edges[at + 1]) / 2, y, step / 2, 6, 0, -180, 9)
        sketch.plane(canopy)
    for x in edges:
        sketch.line([(x, y), (50, 82)], 2.5)
    load = rng.choice(("box", "man", "dot"))
    if load == "box":
        sketch.plane(box(42, 80, 16, 14, 1), 1)
    elif load == "dot":
        sketch.plane(ellipse(50, 86, 6), 1)
    else:
        sketch.plane(ellipse(50, 76, 4), 1)
        sketch.plane(box(46, 81, 8, 14, 3), 1)


def kite(sketch: Sketch, rng: random.Random) -> None:
    turn, y, wide = rng.choice((0, 25, 35)), rng.uniform(24, 34), rng.uniform(20, 28)
    top, foot = (50.0, 5.0), (50.0, rng.uniform(64, 72))
    left, right, middle = (50 - wide, y), (50 + wide, y), (50.0, y)
    form = rng.choice(("four", "four", "two", "scored", "delta"))
    parts: list[Part] = [([top, right, middle], 0), ([right, foot, middle], 1), ([foot, left, middle], 2), ([left, top,
        middle], 1)]
    if form == "two":
        parts = [([top, right, foot], 0), ([foot, left, top], 1)]
    elif form == "delta":
        parts = [([top, (50.0, 56.0), (10.0, 50.0)], 0), ([top, (90.0, 50.0), (50.0, 56.0)], 1)]
    if form == "scored":
        sketch.plane(turned([top, right, foot, left], turn))
        sketch.score(turned([left, right], turn), 3)
        sketch.score(turned([top, foot], turn), 3)
    else:
        show(sketch, rng, [(turned(points, turn), tone) for points, tone in parts], tiled=0)
    end = 57 if form == "delta" else foot[1]
    tail = turned(curve(50, end, 54, end + 9, 46, end + 16, 54, end + 24, 48, end + 30, closed=False), turn)
    sketch.line(tail, rng.uniform(2.5, 4))
    for at in (8, 16) if rng.random() < 0.5 else ():
        x, b = tail[at]
        sketch.plane([(x, b), (x - 6, b - 4), (x - 6, b + 4)], 1)
        sketch.plane([(x, b), (x + 6, b - 4), (x + 6, b + 4)], 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "rocket": (rocket, "18.5.10", "mirror tilt"),
    "rocket-of-planes": (rocket_of_planes, "18.5.10", "mirror tilt"),
    "space-shuttle": (space_shuttle, "18.5.10", "mirror tilt"),
    "plane-above": (plane_above, "18.5.1 18.5.3", "mirror tilt"),
    "plane-side": (plane_side, "18.5.1 18.5.3", "mirror tilt"),
    "paper-plane": (paper_plane, "18.5.3", "mirror tilt"),
    "helicopter": (helicopter, "18.5.1", "mirror tilt"),
    "hot-air-balloon": (hot_air_balloon, "18.5.6", "tilt"),
    "airship": (airship, "18.5.6", "mirror tilt"),
    "parachute": (parachute, "18.5.8", "tilt"),
    "kite": (kite, "18.5.7 21.1.25", "mirror tilt"),
}
