"""Keys, locks, screws, chains and plugs."""

# fmt: off

import math
import random

from schematic.geometry import Points, arc, box, curve, ellipse, polygon, regular, star, turned
from schematic.sketch import Kind, Sketch


def screw(sketch: Sketch, rng: random.Random) -> None:
    lean, turns = rng.choice((0, 0, 45, -35)), rng.choice((4, 5, 6))
    form = rng.choice(("wood", "wood", "bolt", "hex", "cross"))
    if form == "cross":
        sketch.plane(ellipse(50, 50, 40))
        slot = rng.choice((star(50, 50, 26, 4, 0.35, -45), box(18, 45, 64, 10, 2), regular(50, 50, 20, 6)))
        sketch.detail(turned(slot, rng.uniform(0, 90)))
        return
    head = {"wood": polygon(30, 8, 70, 8, 56, 22, 44, 22), "bolt": arc(50, 22, 20, 14, 180, 360), "hex": box(28, 6, 44,
        15, 2)}[form]
    sketch.plane(turned(head, lean))
    if form == "hex":
        for x in (42, 58):
            sketch.score(turned([(x, 9), (x, 18)], lean), 2.4)
    thin = rng.uniform(5, 8)
    tip = [(50.0, 96.0)] if form == "wood" else [(50 + thin, 88.0), (50 - thin, 88.0)]
    joined = rng.random() < 0.5
    if joined:
        sketch.plane(turned([(50 - thin, 24), (50 + thin, 24), (50 + thin, 76), *tip, (50 - thin, 76)], lean), 1)
    for at in range(turns):
        y = 34 + at * 46 / turns
        half = thin + (3 if joined else 4) - (at * 0.6 if form == "wood" else 0)
        points = polygon(50 - half, y + 4, 50 + half, y - 1, 50 + half, y + 3.5, 50 - half, y + 8)
        if joined:
            sketch.score(turned([(50 - thin + 1.5, y + 4), (50 + thin - 1.5, y)], lean), 2.4)
        else:
            sketch.plane(turned(points, lean), 1)
    if not joined:
        sketch.plane(turned(polygon(50 - thin, 24, 50 + thin, 24, 50 + thin, 29, 50 - thin, 31), lean))
        sketch.plane(turned(polygon(50 - thin, 84, 50 + thin, 80, 50, 96), lean))


def hex_nut(sketch: Sketch, rng: random.Random) -> None:
    form, turn = rng.choice(("flat", "flat", "planes", "side", "line", "thread")), rng.choice((0, 30))
    radius, inner = rng.uniform(38, 44), rng.uniform(14, 22)
    if form == "side":
        sketch.plane(polygon(10, 40, 30, 26, 70, 26, 90, 40, 70, 54, 30, 54))
        sketch.detail(ellipse(50, 40, 17, 8))
        for a, b, tone in (((10, 42), (30, 56), 1), ((30, 56), (70, 56), 2), ((70, 56), (90, 42), 1)):
            sketch.plane([a, b, (b[0], b[1] + 22), (a[0], a[1] + 22)], tone)
        return
    if form == "planes":
        corners = regular(50, 50, radius, 6, turn)
        small = regular(50, 50, inner, 6, turn)
        for at in range(6):
            nxt = (at + 1) % 6
            sketch.plane([corners[at], corners[nxt], small[nxt], small[at]], at % 3)
        return
    if form == "line":
        hexagon = regular(50, 50, radius, 6, turn)
        sketch.line([*hexagon, hexagon[0]], rng.uniform(5, 9))
        sketch.line([*ellipse(50, 50, inner), (50 + inner, 50)], 5)
        return
    sketch.plane(regular(50, 50, radius, 6, turn))
    sketch.detail(ellipse(50, 50, inner))
    if form == "thread":
        sketch.score(arc(50, 50, inner + 6, None, 20, 250), 2.5)


def chain_links(sketch: Sketch, rng: random.Random) -> None:
    count, lean, width = rng.choice((2, 2, 3, 3)), rng.choice((0, -45, 45, 90)), rng.uniform(5, 9)
    form = rng.choice(("open", "open", "rings", "edge", "square"))
    long = 78 / (count * 0.72 + 0.28)
    for at in range(count):
        x = 11 + at * long * 0.72
        if form == "rings":
            sketch.line(turned([*ellipse(x + long / 2, 50, long / 2 - width / 2), (x + long - width / 2, 50)], lean),
                width * 0.8)
        elif form == "edge":
            if at % 2:
                sketch.plane(turned(box(x - long * 0.05, 50 - width / 2, long * 1.1, width, width / 2), lean), 1)
            else:
                outer = box(x, 50 - long * 0.3, long, long * 0.6, long * 0.3)
                sketch.line(turned([*outer, outer[0]], lean), width)
        else:
            link = box(x, 50 - long * 0.26, long, long * 0.52, long * 0.26 if form == "open" else 4)
            loop = [*link[7:], *link[:7]] if len(link) > 8 else link
            if form == "open" and count == 2:
                gap = loop[:-4] if at == 0 else [*loop[16:], *loop[:13]]
                sketch.line(turned(gap, lean), width)
            else:
                sketch.line(turned([*loop, loop[0]], lean), width)


def spring_coil(sketch: Sketch, rng: random.Random) -> None:
    turns, wide, width = rng.choice((3, 4, 5, 6)), rng.uniform(18, 28), rng.uniform(4, 7)
    form = rng.choice(("helix", "helix", "zigzag", "bars", "loops"))
    top, high = 14, 72
    if form == "helix":
        line: Points = []
        for t in range(turns * 16 + 1):
            angle = t * 2 * math.pi / 16
            line.append((50 + wide * math.cos(angle), top + high * t / (turns * 16) + 5 * math.sin(angle)))
        sketch.line(line, width)
    elif form == "zigzag":
        sketch.line([(50 + (wide if at % 2 else -wide), top + high * at / (2 * turns)) for at in range(2 * turns + 1)],
            width)
    elif form == "bars":
        for at in range(turns + 1):
            y = top + at * high / (turns + 1)
            sketch.plane(turned(box(50 - wide, y, 2 * wide, 7, 3.5), -10, (50, y)), at % 2)
    else:
        step = high / turns
        for at in range(turns):
            sketch.line([*ellipse(50, top + (at + 0.5) * step, wide, step * 0.62), (50 + wide,
                top + (at + 0.5) * step)], width * 0.7)
    for y in (7, 93) if rng.random() < 0.4 else ():
        sketch.line([(50 - wide, y), (50 + wide, y)], width)


def magnet(sketch: Sketch, rng: random.Random) -> None:
    reach, width, low = rng.uniform(22, 28), rng.uniform(14, 20), rng.uniform(42, 50)
    turn, tips = rng.choice((0, 180, 45, -45, 135, 90)), rng.uniform(11, 15)
    form = rng.choice(("arch", "arch", "arch", "line", "angular"))
    outer, inner = reach + width / 2, reach - width / 2
    arch = [(50 - outer, 78), *arc(50, low, outer, None, 180, 360), (50 + outer, 78), (50 + inner, 78), *arc(50, low,
        inner, None, 360, 180), (50 - inner, 78)]
    if form == "angular":
        arch = polygon(50 - outer, 78, 50 - outer, low - 14, 50 - inner, low - 30, 50 + inner, low - 30, 50 + outer,
            low - 14, 50 + outer, 78, 50 + inner, 78, 50 + inner, low - 4, 50 - inner, low - 4, 50 - inner, 78,)
    if form == "line":
        sketch.line(turned([*arch, arch[0], (50 - inner, 78)], turn), 4.5)
        for x in (50 - outer, 50 + inner):
            sketch.line(turned([(x, 66), (x + width, 66)], turn), 4)
    else:
        gap = rng.choice((0, 3, 4))
        sketch.plane(turned([(x, min(y, 78 - gap - 2)) for x, y in arch], turn))
        for x in (50 - outer, 50 + inner):
            sketch.plane(turned(box(x, 78, width, tips), turn), 1)
    if rng.random() < 0.3:
        for x in (50 - reach, 50 + reach):
            for at in (-1, 1):
                sketch.line(turned([(x + at * 4, 95), (x + at * 7, 102)], turn), 2.5)


def plug(sketch: Sketch, rng: random.Random) -> None:
    wide, top, pin = rng.uniform(18, 25), rng.uniform(30, 38), rng.uniform(4, 7)
    lean, form = rng.choice((0, 0, 45, 90)), rng.choice(("round", "round", "box", "wedge", "line"))
    for x in (50 - wide * 0.5, 50 + wide * 0.5):
        sketch.plane(turned(box(x - pin / 2, top - 20, pin, 20, rng.choice((0, 2))), lean), 1)
    body: Points = {
        "round": [(50 - wide, top), (50 + wide, top), (50 + wide, top + 12), *arc(50, top + 12, wide, 24, 0, 180)],
        "box": box(50 - wide, top, 2 * wide, 34, 4),
        "wedge": polygon(
            50 - wide, top, 50 + wide, top, 50 + wide, top + 18, 56, top + 36, 44, top + 36, 50 - wide, top + 18
        ),
        "line": [(50 - wide, top), (50 + wide, top), (50 + wide, top + 12), *arc(50, top + 12, wide, 24, 0, 180)],
    }[form]
    if form == "line":
        sketch.line(turned([*body, body[0]], lean), 5)
    else:
        sketch.plane(turned(body, lean))
        if rng.random() < 0.3:
            sketch.detail(turned(polygon(52, top + 4, 43, top + 18, 49, top + 18, 47, top + 28, 57, top + 14, 51,
                top + 14), lean))
    end = top + 36
    cord = rng.choice((polygon(50, end, 50, 96), curve(50, end, 50, end + 10, 62, end + 18, 80, end + 10, 92, end + 18,
        closed=False), curve(50, end, 50, 86, 36, 92, 24, 84, 14, 92, closed=False)))
    sketch.line(turned(cord, lean), rng.uniform(4, 6))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "screw": (screw, "14.3.1 14.3.3", "mirror tilt"),
    "hex-nut": (hex_nut, "14.3.1 14.3.9", "tilt"),
    "chain-links": (chain_links, "14.1.13 14.1.15", "mirror tilt"),
    "spring-coil": (spring_coil, "14.3.21", "mirror tilt"),
    "magnet": (magnet, "18.2.1", "mirror tilt"),
    "plug": (plug, "15.9.10", "mirror tilt"),
}
