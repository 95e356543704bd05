"""Bulbs, candles, lamps and torches."""

# fmt: off

import math
import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, polygon, scaled, star, turned
from schematic.outlines import draw_rays
from schematic.sketch import Kind, Sketch


def _flame(x: float, bottom: float, high: float, lean: float = 0) -> Points:
    return curve(x + lean, bottom - high, x + high * 0.26, bottom - high * 0.5, x + high * 0.28, bottom - high * 0.18,
        x, bottom, x - high * 0.28, bottom - high * 0.18, x - high * 0.22, bottom - high * 0.5,)


def _glass(radius: float, y: float, neck: float, low: float) -> Points:
    """Return the glass of a bulb: round above, narrow at its neck."""
    start = math.degrees(math.asin(min(0.95, (neck + 3) / radius)))
    return [(50 - neck, low), (50 - neck, low - 5), *arc(50, y, radius, None, 90 + start + 12, 450 - start - 12, 30),
            (50 + neck, low - 5), (50 + neck, low)]


def bulb(sketch: Sketch, rng: random.Random) -> None:
    radius, y = rng.uniform(24, 32), rng.uniform(36, 42)
    neck, low = rng.uniform(9, 13), rng.uniform(68, 74)
    form = rng.choice(("solid", "solid", "line", "line", "halves", "edison", "planes", "open"))
    glass = _glass(radius, y, neck, low)
    if form == "edison":
        glass = curve(50 - neck, low, 50 - radius * 0.9, 40, 50 - radius * 0.7, 18, 50, 8, 50 + radius * 0.7, 18,
            50 + radius * 0.9, 40, 50 + neck, low,)
    if form == "planes":
        glass = polygon(50 - neck, low, 50 - radius, y + 6, 50 - radius * 0.7, 16, 50, 8, 50 + radius * 0.7, 16,
            50 + radius, y + 6, 50 + neck, low,)
        for at, point in enumerate(glass):
            following = glass[(at + 1) % len(glass)]
            sketch.plane([point, following, (50 + rng.uniform(-2, 2), y)], at % 3)
    elif form == "halves":
        sketch.plane([p for p in glass if p[0] <= 50] + [(50, y - radius), (50, low)])
        sketch.plane([(50, low), (50, y - radius)] + [p for p in glass if p[0] > 50], 1)
    elif form in ("line", "open"):
        sketch.line(glass if form == "line" else glass[:-9], rng.uniform(4, 7))
    else:
        sketch.plane(glass)
    if form in ("solid", "line", "edison", "open"):
        draw = sketch.line if form in ("line", "open") else sketch.score
        inside = rng.choice(("none", "vee", "coil", "shine", "bolt", "star", "loop", "spiral", "leaf"))
        if inside == "vee":
            draw(polygon(46, low - 3, 40, y, 45, y + 6, 50, y, 55, y + 6, 60, y, 54, low - 3), 2.6)
        elif inside == "coil":
            draw(curve(46, low - 3, 44, y + 6, 40, y - 4, 46, y - 4, 46, y + 4, 50, y - 4, 54, y + 4, 54, y - 4, 60,
                y - 4, 56, y + 6, 54, low - 3, closed=False,), 2.6,)
        elif inside == "shine":
            draw(arc(50, y, radius * 0.65, None, 190, 265, 10), 4)
        elif inside == "bolt":
            sketch.detail(polygon(54, y - 14, 40, y + 5, 49, y + 5, 46, y + 19, 60, y - 1, 51, y - 1))
        elif inside == "star":
            sketch.detail(star(50, y, radius * 0.5, rng.choice((4, 5, 8)), 0.45))
        elif inside == "loop":
            draw(curve(47, low - 3, 46, y + 8, 40, y - 6, 50, y - 12, 60, y - 6, 54, y + 8, 53, low - 3, closed=False),
                3)
        elif inside == "spiral":
            draw([along(50, y, radius * 0.65 * t / 30, t * 24) for t in range(4, 31)], 3)
        elif inside == "leaf":
            sketch.detail(curve(50, y - 14, 58, y - 2, 50, y + 14, 42, y - 2))
    rows, gap = rng.choice((1, 2, 3)), rng.choice((2, 3))
    for at in range(rows):
        half = neck - at * 1.2
        sketch.plane(turned(box(50 - half, low + gap + at * 6.5, 2 * half, 4.5, rng.choice((0, 2))), rng.choice((0, 0,
            -6)), (50, low)), 1)
    sketch.plane(arc(50, low + gap + rows * 6.5, neck * 0.55, 4.5, 0, 180, 10), 1)
    if rng.random() < 0.3:
        draw_rays(sketch, 50, y, radius + 7, radius + 14, [180, 215, 325, 0], 3.5)


def bulb_of_lines(sketch: Sketch, rng: random.Random) -> None:
    form, width = rng.choice(("stroke", "rows", "dots", "spiral", "rays", "nodes")), rng.uniform(3, 5)
    if form == "stroke":
        sketch.line(curve(42, 86, 44, 72, 30, 54, 28, 34, 38, 18, 50, 14, 62, 18, 72, 34, 70, 54, 56, 70, 50, 58, 44,
            44, 50, 38, 56, 44, 50, 58, 50, 86, closed=False,), width,)
    elif form == "rows":
        rows = rng.choice((5, 6, 7))
        for at in range(rows):
            u = (at + 0.5) / rows
            half = 30 * math.sin(math.pi * min(1, 0.12 + u * 0.75)) ** 0.8
            sketch.line([(50 - half, 10 + u * 60), (50 + half, 10 + u * 60)], width)
    elif form == "dots":
        for count, radius in ((6, 9), (12, 18), (18, 27)):
            for at in range(count):
                x, y = along(50, 38, radius, at * 360 / count)
                sketch.plane(ellipse(x, y, 1.6 + radius * 0.05, points=12))
    elif form == "spiral":
        sketch.line([along(50, 40, 3 + 26 * t / 50, t * 18 + 90 - 900) for t in range(51)], width)
        sketch.line([(42, 66), (42, 74)], width)
    elif form == "nodes":
        spots = [along(50, 38, 28, at * 60 + rng.uniform(-12, 12)) for at in range(6)]
        for at, spot in enumerate(spots):
            sketch.line([spot, spots[(at + 1) % 6]], 2)
            sketch.line([spot, (50, 40)], 2)
            sketch.plane(ellipse(*spot, 3.5), 1)
        sketch.plane(ellipse(50, 40, 4.5), 1)
    else:
        draw_rays(sketch, 50, 38, 8, 29, [at * 30.0 for at in range(12)], width * 0.8)
    for at, half in enumerate((10, 8, 5)):
        if form != "stroke" or at:
            sketch.line([(50 - half, 78 + at * 7), (50 + half, 78 + at * 7)], width)


def bulb_in_disc(sketch: Sketch, rng: random.Random) -> None:
    sketch.plane(ellipse(50, 50, rng.uniform(41, 45)))
    glass, radius = _glass(20, 42, 8, 66), rng.uniform(0.85, 1.1)
    if rng.random() < 0.4:
        sketch.score([*scaled(glass, radius), scaled(glass, radius)[0]], 3.5)
    else:
        sketch.detail(scaled(glass, radius))
    for at in range(rng.choice((1, 2, 3))):
        sketch.detail(box(42 + at, 66 + radius * 4 + at * 5, 16 - 2 * at, 3, 1.5))


def candle(sketch: Sketch, rng: random.Random) -> None:
    wide, top = rng.uniform(6, 16), rng.uniform(38, 48)
    form = rng.choice(("plain", "plain", "three", "stick", "holder", "tea", "line"))
    flame = rng.uniform(20, 28)
    if form == "three":
        for x, high, tone in ((24, top + 10, 1), (50, top - 4, 0), (76, top + 16, 1)):
            sketch.plane(box(x - 10, high, 20, 90 - high, 2), tone)
            sketch.line([(x, high), (x, high - 4)], 2)
            sketch.plane(_flame(x, high - 5, flame * 0.8), 2)
        return
    low = {"stick": 66, "holder": 76}.get(form, 90)
    if form == "tea":
        top, wide = 60, 26
        low = 88
    if form == "line":
        sketch.line([*box(50 - wide, top, 2 * wide, 50, 3), (50 + wide, top + 3)], 4)
    else:
        edge = curve(50 - wide, top + 4, 50 - wide * 0.4, top - 2, 50 + wide * 0.3, top + 2, 50 + wide, top - 2,
            closed=False)
        sketch.plane([*edge, (50 + wide, low), (50 - wide, low)])
        if rng.random() < 0.5 and wide > 8:
            sketch.score([(50 - wide * 0.4, top + 7), (50 - wide * 0.4, top + 22)], 3)
    sketch.line([(50, top), (50, top - 5)], 2.5)
    sketch.plane(_flame(50, top - 6, flame, rng.uniform(-4, 4)), 1)
    if form == "stick":
        sketch.plane(box(34, 67, 32, 5, 2), 1)
        sketch.plane(polygon(46, 73, 54, 73, 68, 92, 32, 92), 1)
    elif form == "holder":
        sketch.plane([(14, 78), (80, 78), *arc(47, 78, 33, 13, 0, 180)], 1)
        sketch.line(arc(84, 80, 7, 7, -120, 120), 4)
    if rng.random() < 0.3:
        draw_rays(sketch, 50, top - 6 - flame / 2, flame * 0.8, flame, [180, 225, 315, 0], 3)


def _lamp(form: str) -> Kind:
    return lambda sketch, rng: _draw_lamp(sketch, rng, form)


def _draw_lamp(sketch: Sketch, rng: random.Random, form: str) -> None:
    top = rng.uniform(10, 16)
    upper, lower = rng.uniform(10, 20), rng.uniform(26, 34)
    low = 50 if form == "table" else 36
    if form == "hanging":
        sketch.line([(50, 4), (50, 34)], 4)
        sketch.plane(rng.choice((arc(50, 66, 36, 32, 180, 360), polygon(44, 34, 56, 34, 88, 66, 12, 66))))
        sketch.plane(arc(50, 68, 10, 10, 0, 180, 12), 1)
        if rng.random() < 0.5:
            draw_rays(sketch, 50, 62, 20, 30, [50, 90, 130], 4)
        return
    sketch.plane(polygon(50 - upper, top, 50 + upper, top, 50 + lower, low, 50 - lower, low))
    base = rng.choice(("vase", "ball", "stem", "tripod")) if form == "table" else rng.choice(("stem", "tripod"))
    if base == "vase":
        sketch.plane(curve(46, 52, 54, 52, 64, 68, 58, 84, 42, 84, 36, 68), 1)
    elif base == "ball":
        sketch.plane(ellipse(50, 68, 14), 1)
    elif base == "stem":
        sketch.plane(box(48, low + 1, 4, 86 - low), 1)
    else:
        for x in (28, 50, 72):
            sketch.line([(50, low + 2), (x, 92)], 4)
    if base != "tripod":
        sketch.plane(rng.choice((box(32, 87, 36, 5, 2), arc(50, 92, 20, 7, 180, 360))))
    if rng.random() < 0.4:
        sketch.line([(66, low + 2), (66, low + 14)], 2.5)


def desk_lamp(sketch: Sketch, rng: random.Random) -> None:
    elbow, head = rng.uniform(48, 56), rng.uniform(18, 26)
    width = rng.uniform(3.5, 6)
    sketch.line(polygon(36, 84, 20, elbow, 52, head), width)
    shade = rng.choice(("cone", "dome", "cone"))
    angle = rng.uniform(20, 50)
    cone = polygon(46, head - 6, 56, head - 6, 72, head + 24, 34, head + 24)
    if shade == "dome":
        cone = [*arc(52, head + 16, 20, 22, 180, 360), (72, head + 18), (32, head + 18)]
    sketch.plane(turned(cone, -angle, (52, head)))
    if rng.random() < 0.6:
        middle = turned([(52, head + 27)], -angle, (52, head))[0]
        sketch.plane([along(*middle, 7, 180 - angle + t * 18) for t in range(-10, 1)], 2)
    if rng.random() < 0.4:
        middle = turned([(52, head + 24)], -angle, (52, head))[0]
        draw_rays(sketch, *middle, 14, 26, [60 - angle, 90 - angle, 120 - angle], 3.5)
    sketch.plane(rng.choice((box(18, 86, 38, 6, 3), arc(37, 92, 20, 9, 180, 360))), 1)
    for x, y in ((20, elbow), (36, 84)) if rng.random() < 0.5 else ():
        sketch.plane(ellipse(x, y, 4.5), 1)


def lantern(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("box", "box", "six", "paper", "paper", "storm"))
    sketch.line(arc(50, 20, rng.uniform(8, 12), 11, 170, 370), 3.5)
    if form == "paper":
        wide, high = rng.uniform(26, 36), rng.uniform(24, 30)
        sketch.plane(box(40, 17, 20, 5), 1)
        sketch.plane(ellipse(50, 24 + high, wide, high))
        for at in rng.choice(((-1, 0, 1), (-0.5, 0.5), (0,))):
            if rng.random() < 0.7:
                y = 24 + high + at * high * 0.5
                half = wide * math.sqrt(1 - (at * 0.5) ** 2) - 4
                sketch.score([(50 - half, y), (50 + half, y)], 2.6)
        sketch.plane(box(40, 26 + 2 * high, 20, 5), 1)
        for x in (44, 50, 56):
            sketch.line([(x, 32 + 2 * high), (x, 94)], 2)
        return
    wide = rng.uniform(17, 24)
    sketch.plane(polygon(42, 20, 58, 20, 50 + wide + 6, 34, 44 - wide, 34), 1)
    if form == "storm":
        sketch.plane(curve(38, 36, 62, 36, 70, 54, 62, 74, 38, 74, 30, 54))
        for side in (-1, 1):
            sketch.line(curve(50 + side * 20, 34, 50 + side * 32, 54, 50 + side * 22, 80, closed=False), 3)
    else:
        taper = 6 if form == "six" else 0
        sketch.plane(polygon(50 - wide, 36, 50 + wide, 36, 50 + wide - taper, 80, 50 - wide + taper, 80))
    inside = rng.choice(("flame", "pane", "bars"))
    if inside == "flame":
        sketch.detail(_flame(50, 70, 26))
    elif inside == "pane" and form != "storm":
        sketch.detail(polygon(50 - wide + 5, 41, 50 + wide - 5, 41, 50 + wide - 10, 75, 50 - wide + 10, 75))
        sketch.plane(_flame(50, 73, 22), 2)
    else:
        for x in (44, 56):
            sketch.score([(x, 40), (x, 72)], 3)
    sketch.plane(box(44 - wide, 82, 2 * wide + 12, 7, 2), 1)


def torch(sketch: Sketch, rng: random.Random) -> None:
    lean, form = rng.choice((0, 0, 20)), rng.choice(("cone", "cone", "stick", "olympic", "line"))
    about = (50.0, 50.0)
    bend = rng.uniform(-6, 6)
    fire = (curve(50 + bend, 6, 60, 20, 66, 12, 70, 34, 60, 46, 40, 46, 30, 32, 38,
        22) if rng.random() < 0.6 else _flame(50, 46, 40, bend))
    if form == "line":
        sketch.line(turned([*fire, fire[0]], lean, about), 4)
        sketch.line(turned(polygon(34, 52, 66, 52, 54, 94, 46, 94, 34, 52), lean, about), 4)
        return
    sketch.plane(turned(fire, lean, about), 1)
    if rng.random() < 0.5:
        sketch.detail(turned(_flame(50, 43, 16, bend * 0.3), lean, about))
    if form == "stick":
        sketch.plane(turned(box(40, 49, 20, 14, 2), lean, about))
        sketch.plane(turned(polygon(45, 64, 55, 64, 53, 95, 47, 95), lean, about), 2)
    elif form == "olympic":
        sketch.plane(turned(box(32, 49, 36, 6, 2), lean, about))
        sketch.plane(turned(curve(36, 57, 64, 57, 56, 72, 53, 95, 47, 95, 44, 72), lean, about))
    else:
        sketch.plane(turned(polygon(33, 50, 67, 50, 53, 95, 47, 95), lean, about))
        for y in (60, 68)[: rng.choice((0, 1, 2))]:
            sketch.score(turned([(38, y), (62 - (y - 60) * 0.4, y)], lean, about)[:2], 2.5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "bulb": (bulb, "13.1.17", "tilt mirror"),
    "bulb-of-lines": (bulb_of_lines, "13.1.17", "tilt mirror"),
    "bulb-in-disc": (bulb_in_disc, "13.1.17 26.1.16", ""),
    "candle": (candle, "13.1.1", "mirror"),
    "lamp": (_lamp("table"), "13.1.11", "mirror"),
    "lamp-floor": (_lamp("floor"), "13.1.10", "mirror"),
    "lamp-hanging": (_lamp("hanging"), "13.1.12", ""),
    "desk-lamp": (desk_lamp, "13.1.11", "mirror"),
    "lantern": (lantern, "13.1.8", "mirror"),
    "torch": (torch, "13.1.5", "tilt mirror"),
}
