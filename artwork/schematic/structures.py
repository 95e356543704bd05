"""Arches, bridges, temples and other structures."""

# fmt: off

import math
import random

from schematic.geometry import Points, arc, box, curve, ellipse, moved, polygon, thick
from schematic.outlines import arched_outline
from schematic.sketch import Kind, Sketch


def arch(sketch: Sketch, rng: random.Random) -> None:
    wide, top, width = rng.uniform(28, 40), rng.uniform(12, 24), rng.uniform(9, 20)
    form = rng.choice(("round", "round", "block", "block", "pointed", "stones", "nested", "torii"))
    if form == "block":
        sketch.plane(_frame_arch(50 - wide, top, 2 * wide, 90, wide * rng.uniform(0.35, 0.6), rng.uniform(36, 54)))
        sketch.plane(box(50 - wide - 4, top - 8, 2 * wide + 8, 8), 1)
        if rng.random() < 0.5:
            for side in (-1, 1):
                sketch.detail(box(50 + side * wide * 0.8 - 2, 52, 4, 26))
    elif form == "stones":
        count = rng.choice((5, 7, 9))
        for at in range(count):
            start, end = 180 + at * 180 / count + 1.5, 180 + (at + 1) * 180 / count - 1.5
            sketch.plane(arc(50, 52, wide, None, start, end, 6) + arc(50, 52, wide - width, None, end, start, 6),
                at % 2)
        for side in (-1, 1):
            sketch.plane(box(50 + side * (wide - width / 2) - width / 2, 55, width, 35))
    elif form == "torii":
        for side in (-1, 1):
            sketch.plane(box(50 + side * wide * 0.6 - 4, 20, 8, 70))
        sketch.plane(curve(8, 12, 50, 18, 92, 12, closed=False) + polygon(90, 22, 10, 22), 1)
        sketch.plane(box(16, 34, 68, 7), 1)
    else:
        for at in range(rng.choice((2, 3)) if form == "nested" else 1):
            out = wide - at * (width * 0.5 + 4)
            thin = width * 0.5 if form == "nested" else width
            if form == "pointed":
                outer = arched_outline(50 - wide, 90, 2 * wide, 78, pointed=True)
                inner = arched_outline(50 - wide + width, 90, 2 * (wide - width), 78 - width, pointed=True)
                sketch.plane([*outer[1:], outer[0], *inner[:1], *inner[1:][::-1]])
                continue
            sketch.plane([(50 - out, 90), *arc(50, top + wide, out, None, 180, 360), (50 + out, 90), (50 + out - thin,
                90), *arc(50, top + wide, out - thin, None, 360, 180), (50 - out + thin, 90)], at)


def _frame_arch(left: float, top: float, width: float, bottom: float, half: float, high: float) -> Points:
    """Return a block with a round passage."""
    x = left + width / 2
    passage = arc(x, bottom - high + half, half, None, 360, 180, 16)
    return [(left, top), (left + width, top), (left + width, bottom), (x + half, bottom), *passage, (x - half, bottom),
            (left, bottom)]


def arcade(sketch: Sketch, rng: random.Random) -> None:
    count, rows = rng.choice((2, 3, 3, 4, 5)), rng.choice((1, 1, 1, 2))
    step, top = 84 / count, rng.uniform(22, 38) - (10 if rows == 2 else 0)
    line, pointed = rng.random() < 0.25, rng.random() < 0.25
    high = (86 - top) / rows
    for row in range(rows):
        bottom = top + (row + 1) * high
        if line:
            for at in range(count):
                sketch.line(arched_outline(8 + at * step, bottom, step, high * 0.9)[:-2], 4)
                sketch.line([(8 + at * step, bottom), (8 + at * step, bottom - high * 0.9 + step / 2)], 4)
            sketch.line([(92, bottom), (92, bottom - high * 0.9 + step / 2)], 4)
            continue
        wall: Points = [(8, top + row * high), (92, top + row * high), (92, bottom)]
        for at in reversed(range(count)):
            opening = arched_outline(8 + (at + 0.16) * step, bottom, step * 0.68, high * 0.72, pointed=pointed)
            if pointed:
                wall += opening[1:] + opening[:1]
            else:
                wall += [opening[-2], *opening[:-2][::-1], opening[-1]]
        sketch.plane([*wall, (8, bottom)], row)
    if not line:
        sketch.plane(box(5, top - 6, 90, 6), 1)


def arch_bridge(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("stone", "stone", "hump", "bow", "bow", "line"))
    count, top = rng.choice((1, 2, 3)), rng.uniform(34, 46)
    if form in ("stone", "hump"):
        rise = rng.uniform(8, 20) if form == "hump" else 0
        deck = curve(4, top, 26, top - rise * 0.6, 50, top - rise, 74, top - rise * 0.6, 96, top, closed=False)
        step, bottom = 92 / count, rng.uniform(70, 80)
        wall: Points = [*deck, (96, bottom)]
        for at in reversed(range(count)):
            x, half = 4 + (at + 0.5) * step, step * rng.uniform(0.34, 0.4)
            wall += [(x + half, bottom), *arc(x, bottom, half, min(half, bottom - top - 6), 360, 180, 16), (x - half,
                bottom)]
        sketch.plane([*wall, (4, bottom)])
        if rng.random() < 0.4:
            sketch.line(moved(deck, 0, -7), 3)
    elif form == "bow":
        high, deck_y = rng.uniform(26, 44), rng.uniform(58, 72)
        bow = arc(50, deck_y, 42, high, 180, 360)
        sketch.plane(thick(bow, rng.uniform(5, 9)))
        sketch.plane(box(2, deck_y - 2, 96, rng.uniform(5, 9)), 1)
        for at in range(1, 7):
            x = 8 + at * 12
            y = deck_y - high * math.sqrt(max(0.0, 1 - ((x - 50) / 42) ** 2))
            sketch.line([(x, y), (x, deck_y)], 2.5)
        for x in (12, 82) if rng.random() < 0.5 else ():
            sketch.plane(box(x, deck_y + 6, 7, 18), 1)
    else:
        sketch.line(arc(50, 70, 42, rng.uniform(22, 40), 180, 360), rng.uniform(5, 9))
        sketch.line(arc(50, 78, 24, rng.uniform(14, 24), 180, 360), 5)
    if rng.random() < 0.35:
        for at in range(rng.choice((1, 2))):
            y = 87 + at * 8
            sketch.line(curve(10, y, 23, y - 3, 37, y, 50, y - 3, 63, y, 77, y - 3, 90, y, closed=False), 3)


def suspension_bridge(sketch: Sketch, rng: random.Random) -> None:
    deck, top, width = rng.uniform(62, 74), rng.uniform(12, 26), rng.uniform(4, 8)
    towers: tuple[float, ...] = rng.choice(((50.0,), (28.0, 72.0), (26.0, 74.0), (30.0, 70.0)))
    stays, count = rng.random() < (1.0 if len(towers) == 1 else 0.35), rng.choice((3, 4, 6))
    for x in towers:
        if rng.random() < 0.3:
            sketch.plane(polygon(x - 3, top, x + 3, top, x + width, 90, x - width, 90))
        else:
            sketch.plane(box(x - width / 2, top, width, 90 - top))
        for at in range(1, count + 1) if stays else ():
            reach, y = at * (44 if len(towers) == 1 else 22) / count, top + (deck - top) * (1 - at / count) * 0.7
            sketch.line([(x - reach, deck), (x, y), (x + reach, deck)], 2)
    if not stays:
        a, b = towers[0], towers[-1]
        sag = deck - rng.uniform(6, 16)
        middle = [(a + (b - a) * t / 16, sag - (sag - top) * (2 * t / 16 - 1) ** 2) for t in range(17)]
        sketch.line(middle, 3)
        for x, end in ((a, 2), (b, 98)):
            sketch.line(curve(x, top, (x + end) / 2, top + (deck - top) * 0.65, end, deck, closed=False), 3)
        for x, y in middle[2:-2:2]:
            sketch.line([(x, y), (x, deck)], 1.8)
    sketch.plane(box(2, deck, 96, rng.uniform(4, 8)), 1)


def temple(sketch: Sketch, rng: random.Random) -> None:
    columns, top, wide = rng.choice((2, 3, 4, 4, 5, 6)), rng.uniform(12, 24), rng.uniform(34, 42)
    eaves, bottom = top + rng.uniform(16, 26), rng.uniform(76, 82)
    dome = rng.random() < 0.15
    if dome:
        sketch.plane(arc(50, eaves, wide * 0.75, eaves - top + 8, 180, 360), 1)
    else:
        sketch.plane(polygon(50, top, 50 + wide + 4, eaves, 50 - wide - 4, eaves), rng.choice((0, 1)))
        if rng.random() < 0.4:
            sketch.detail(rng.choice((ellipse(50, eaves - 7, 3.5), polygon(50, top + 8, 66, eaves - 4, 34, eaves - 4))))
    beam = rng.choice((0, 5, 7))
    if beam:
        sketch.plane(box(50 - wide, eaves + 2, 2 * wide, beam))
    head = eaves + beam + 4
    span = 2 * wide - 6
    thin = span / columns * rng.uniform(0.35, 0.6)
    capital, taper = rng.random() < 0.4, rng.uniform(0, 1.5)
    for at in range(columns):
        x = 50 - span / 2 + thin / 2 + at * (span - thin) / (columns - 1)
        if columns % 2 and at == columns // 2 and rng.random() < 0.3:
            continue
        sketch.plane(polygon(x - thin / 2 + taper, head, x + thin / 2 - taper, head, x + thin / 2, bottom - 2,
                             x - thin / 2, bottom - 2))
        if capital:
            sketch.plane(box(x - thin * 0.75, head, thin * 1.5, 3))
            sketch.plane(box(x - thin * 0.75, bottom - 5, thin * 1.5, 3))
    for at in range(rng.choice((1, 2, 3))):
        sketch.plane(box(50 - wide - at * 4, bottom + at * 5, 2 * wide + at * 8, 4), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {"arch": (arch, "7.5.10", ""), "arcade": (arcade, "7.5.10", ""),
    "arch-bridge": (arch_bridge, "7.11.1", "mirror"), "suspension-bridge": (suspension_bridge, "7.11.1",
    "mirror"), "temple": (temple, "7.5.6", "")}
