"""Houses and tents."""

# fmt: off

import math
import random

from schematic.geometry import arc, box, curve, ellipse, mirrored, moved, polygon
from schematic.outlines import arched_outline, draw_windows
from schematic.sketch import Kind, Sketch


def _opening(sketch: Sketch, rng: random.Random, x: float, top: float, bottom: float, size: float) -> None:
    """Draw a door, a window, or nothing into a front."""
    what = rng.choice(("door", "door", "arch", "panes", "panes", "round", "pair", "none"))
    middle = (top + bottom) / 2
    if what == "door":
        sketch.detail(box(x - size * 0.4, bottom - size * 1.5, size * 0.8, size * 1.45))
    elif what == "arch":
        sketch.detail(arched_outline(x - size * 0.45, bottom - 0.5, size * 0.9, size * 1.5))
    elif what == "panes":
        for column, row in ((0, 0), (0, 1), (1, 0), (1, 1)):
            sketch.detail(box(x - size * 0.55 + column * size * 0.6, middle - size * 0.55 + row * size * 0.6,
                              size * 0.5, size * 0.5))
    elif what == "round":
        sketch.detail(ellipse(x, middle, size * 0.45))
    elif what == "pair":
        for side in (-1, 1):
            sketch.detail(box(x + side * size * 0.55 - size * 0.3, middle - size * 0.4, size * 0.6, size * 0.9))


def house(sketch: Sketch, rng: random.Random) -> None:
    wide, eaves, ridge = rng.uniform(24, 34), rng.uniform(40, 52), rng.uniform(10, 24)
    over, bottom = rng.uniform(0, 10), rng.uniform(82, 90)
    shape = rng.choice(("whole", "whole", "apart", "apart", "thick", "skew", "halves", "hip"))
    left, right = 50 - wide, 50 + wide
    if rng.random() < 0.45 and shape != "hip":
        x, side = 50 + wide * 0.55, rng.uniform(6, 10)
        sketch.plane(box(x, ridge + 2, side, eaves - ridge - 4), 1)
    if shape == "whole":
        sketch.plane(polygon(50, ridge, right + over, eaves, right, eaves, right, bottom, left, bottom, left, eaves,
                             left - over, eaves))
    elif shape == "apart":
        gap = rng.choice((0, 3, 5))
        sketch.plane(polygon(50, ridge, right + over, eaves, left - over, eaves), 1)
        sketch.plane(box(left, eaves + gap, 2 * wide, bottom - eaves - gap))
    elif shape == "thick":
        deep = rng.uniform(7, 12)
        roof = polygon(50, ridge, right + over, eaves, right + over, eaves + deep, 50, ridge + deep, left - over,
                       eaves + deep, left - over, eaves)
        sketch.plane(roof, 1)
        sketch.plane(polygon(50, ridge + deep + 4, right - 2, eaves + deep + 2, right - 2, bottom, left + 2, bottom,
                             left + 2, eaves + deep + 2))
    elif shape == "skew":
        shift = rng.uniform(-0.7, 0.7) * wide
        sketch.plane(polygon(50 + shift, ridge, right, eaves, right, bottom, left, bottom, left, eaves))
    elif shape == "halves":
        sketch.plane(polygon(50, ridge, 50, bottom, left, bottom, left, eaves))
        sketch.plane(polygon(50, ridge, right, eaves, right, bottom, 50, bottom), 1)
    else:
        inset = rng.uniform(0.3, 0.6) * wide
        sketch.plane(polygon(50 - inset, ridge + 10, 50 + inset, ridge + 10, right + over, eaves, left - over, eaves),
            1)
        sketch.plane(box(left, eaves, 2 * wide, bottom - eaves))
    x = 50 if shape != "halves" else 50 + rng.choice((-1, 1)) * wide * 0.5
    _opening(sketch, rng, x, eaves, bottom, rng.uniform(13, 19) * (1 if shape != "halves" else 0.7))


def house_of_line(sketch: Sketch, rng: random.Random) -> None:
    wide, eaves, ridge, bottom, width = (rng.uniform(24, 34), rng.uniform(38, 50), rng.uniform(12, 24), rng.uniform(80,
        88), rng.uniform(4, 10))
    left, right, door = 50 - wide, 50 + wide, rng.uniform(7, 11)
    form = rng.choice(("closed", "door", "open", "over", "spiral", "nested", "row"))
    if form == "closed":
        sketch.line(polygon(left, eaves, 50, ridge, right, eaves, right, bottom, left, bottom, left, eaves), width)
    elif form == "door":
        sketch.line(polygon(50 - door, bottom, left, bottom, left, eaves, 50, ridge, right, eaves, right, bottom,
            50 + door, bottom, 50 + door, 62, 50 - door, 62, 50 - door, bottom,), width * 0.8,)
    elif form == "open":
        stop = rng.uniform(left + 6, right - 10)
        sketch.line(polygon(stop, bottom, left, bottom, left, eaves, 50, ridge, right, eaves, right, bottom - 14),
            width)
    elif form == "over":
        sketch.line(polygon(left - 8, eaves + 6, 50, ridge, right + 8, eaves + 6), width)
        sketch.line(polygon(left, eaves + 10, left, bottom, right, bottom, right, eaves + 10), width)
    elif form == "spiral":
        sketch.line(polygon(left - 6, bottom, right, bottom, right, eaves, 50, ridge, left, eaves, left, bottom - 14,
                            right - 15, bottom - 14, right - 15, eaves + 8, 50, ridge + 17, left + 15, eaves + 8,
                            left + 15, bottom - 28), min(width, 7))
    elif form == "nested":
        for at in range(rng.choice((2, 3))):
            k = 1 - at * 0.3
            sketch.line(polygon(50 - wide * k, bottom, 50 - wide * k, bottom - (bottom - eaves) * k, 50,
                                bottom - (bottom - ridge) * k, 50 + wide * k, bottom - (bottom - eaves) * k,
                                50 + wide * k, bottom), min(width, 6))
    else:
        sketch.line(polygon(4, bottom, 14, bottom, 14, eaves + 6, 38, ridge + 8, 62, eaves + 6, 62, bottom),
            width * 0.7)
        sketch.line(polygon(62, eaves + 6, 70, eaves - 2, 88, eaves + 14, 88, bottom, 96, bottom), width * 0.7)
    if form in ("closed", "over") and rng.random() < 0.6:
        sketch.line(rng.choice((polygon(50, bottom, 50, 66), [*ellipse(50, 60, 6), (56, 60)])), width * 0.8)


def house_roof(sketch: Sketch, rng: random.Random) -> None:
    ridge, wide, deep = rng.uniform(24, 34), rng.uniform(34, 44), rng.uniform(8, 16)
    eaves = rng.uniform(54, 66)
    x, form = 50 + wide * rng.uniform(0.3, 0.5), rng.choice(("chevron", "chevron", "line", "two", "sheet", "half"))
    if rng.random() < 0.75:
        slope = ridge + (eaves - ridge) * (x - 50) / wide
        sketch.plane(box(x, ridge - 4, rng.uniform(7, 11), slope - ridge + 4), 1)
    chevron = polygon(50, ridge, 50 + wide, eaves, 50 + wide, eaves + deep, 50, ridge + deep, 50 - wide, eaves + deep,
                      50 - wide, eaves)
    if form in ("chevron", "two"):
        sketch.plane(chevron)
        if form == "two":
            sketch.plane(moved(chevron, 0, deep + 6), 1)
    elif form == "line":
        sketch.line(polygon(50 - wide, eaves + 8, 50 - wide * 0.9, eaves, 50, ridge, 50 + wide * 0.9, eaves),
            deep * 0.6)
    elif form == "sheet":
        sketch.plane(polygon(50, ridge, 50 + wide, eaves, 50 + wide - deep, eaves, 50, ridge + deep, 50 - wide, eaves))
    else:
        sketch.plane(polygon(50, ridge, 50, ridge + deep * 1.3, 50 - wide, eaves + deep, 50 - wide, eaves))
        sketch.plane(polygon(50, ridge, 50 + wide * 0.9, eaves, 50 + wide * 0.6, eaves, 50, ridge + deep), 1)
    if rng.random() < 0.5:
        for column, row in ((0, 0), (1, 0), (0, 1), (1, 1)):
            if form != "two":
                sketch.plane(box(43 + column * 8, 62 + row * 8, 6, 6), 2)


def house_in_perspective(sketch: Sketch, rng: random.Random) -> None:
    corner, eaves, rise = rng.uniform(38, 52), rng.uniform(44, 52), rng.uniform(8, 14)
    left, ridge = rng.uniform(8, 16), rng.uniform(12, 22)
    peak = (left + corner) / 2
    back = 92 - (corner - peak) * 0.8
    sketch.plane(polygon(peak, ridge, corner, eaves, corner, 90, left, 90 - rise, left, eaves - 6))
    sketch.plane(polygon(peak, ridge, back, ridge - 4, 92, eaves - rise, corner, eaves), 1)
    if rng.random() < 0.85:
        sketch.plane(polygon(corner, eaves, 92, eaves - rise, 92, 86 - rise, corner, 90), 2)
        draw_windows(sketch, corner + 4, eaves + 2, 90 - corner - 4, 26, rng.choice((1, 2, 3)), 1)
    x = peak
    if rng.random() < 0.7:
        sketch.detail(polygon(x - 5, 60, x + 5, 62, x + 5, 82, x - 5, 80))


def tent(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "side", "side", "tipi", "circus", "yurt", "line", "dome"))
    wide, top = rng.uniform(32, 44), rng.uniform(16, 28)
    if form == "front":
        slit = rng.uniform(8, 18)
        sketch.plane(polygon(50, top, 50 + wide, 86, 50 + slit, 86, 50, 46, 50 - slit, 86, 50 - wide, 86))
        if rng.random() < 0.6:
            sketch.line(polygon(50, top, 46, top - 9), 3)
            sketch.line(polygon(50, top, 54, top - 9), 3)
    elif form == "side":
        x = rng.uniform(28, 38)
        sketch.plane(polygon(x, top + 4, 8, 86, x - 7, 86, x, 48, x + 7, 86, 56, 86))
        sketch.plane(polygon(x, top + 4, 74, top + 10, 94, 82, 56, 86), 1)
    elif form == "tipi":
        for side in (-1, 1):
            sketch.line([(50, 24), (50 + side * 7, 8)], 3)
        half = polygon(50, 18, 50, 50, 50 - 9, 90, 50 - wide * 0.85, 90)
        sketch.plane(half)
        sketch.plane(mirrored(half), 1)
        if rng.random() < 0.6:
            sketch.score([(36, 56), (44, 56)], 3)
            sketch.score([(56, 56), (64, 56)], 3)
    elif form == "circus":
        stripes = rng.choice((3, 5))
        for at in range(stripes):
            a, b = 50 - wide + 2 * wide * at / stripes, 50 - wide + 2 * wide * (at + 1) / stripes
            sketch.plane(polygon(50, top - 4, b, 48, a, 48), at % 2)
            if at != stripes // 2:
                sketch.plane(polygon(a, 54, b, 54, b, 88, a, 88), (at + 1) % 2)
        sketch.plane(polygon(50, top - 14, 62, top - 10, 50, top - 6), 2)
    elif form == "yurt":
        sketch.plane(polygon(44, 28, 56, 28, 50 + wide, 50, 50 - wide, 50), 1)
        sketch.plane(box(50 - wide + 3, 52, 2 * wide - 6, 34))
        sketch.detail(box(43, 60, 14, 25))
    elif form == "line":
        sketch.line(polygon(50 - wide, 86, 54, top - 6), rng.uniform(4, 7))
        sketch.line(polygon(50 + wide, 86, 46, top - 6), 5)
        sketch.line(polygon(40, 86, 50, 58, 60, 86), 4)
        sketch.line(polygon(8, 86, 92, 86), 4)
    else:
        sketch.plane(arc(50, 86, wide, 54, 180, 360))
        sketch.detail([(50, 48), *curve(50, 48, 62, 66, 66, 85, closed=False), (40, 85)])
        sketch.score(arc(50, 86, wide * 0.8, 46, 196, 250, 12), 3)


def barn(sketch: Sketch, rng: random.Random) -> None:
    wide, knee, eaves, top = rng.uniform(28, 36), rng.uniform(26, 32), rng.uniform(46, 54), rng.uniform(10, 16)
    inner = wide * rng.uniform(0.6, 0.75)
    outline = polygon(50, top, 50 + inner, knee, 50 + wide, eaves, 50 + wide, 90, 50 - wide, 90, 50 - wide, eaves,
                      50 - inner, knee)
    form = rng.choice(("whole", "whole", "roof", "side", "silo", "line"))
    door = rng.uniform(11, 15)
    if form == "side":
        outline = [(x * 0.62 + 2, y) for x, y in outline]
        sketch.plane(outline)
        x, peak = (50 + wide) * 0.62 + 2, 33
        sketch.plane(polygon(peak, top, 84, top, 92, knee, 96, eaves, x, eaves, (50 + inner) * 0.62 + 2, knee), 1)
        sketch.plane(box(x, eaves, 94 - x, 90 - eaves), 2)
        sketch.detail(box(24, 62, 18, 27))
        return
    if form == "line":
        sketch.line([*outline, outline[0]], rng.uniform(3, 6))
    elif form == "roof":
        sketch.plane(outline)
        sketch.score(polygon(50 - wide + 6, eaves + 3, 50 - inner + 3, knee + 6, 50, top + 7, 50 + inner - 3, knee + 6,
                             50 + wide - 6, eaves + 3), 3.5)
    else:
        sketch.plane(outline)
    if form == "silo":
        sketch.plane([*arc(50 + wide + 8, 34, 7, None, 180, 360, 12), (50 + wide + 15, 90), (50 + wide + 1, 90)], 1)
    (sketch.line if form == "line" else sketch.score)([*box(50 - door, 62, 2 * door, 26), (50 - door, 62)], 3)
    draw = sketch.line if form == "line" else sketch.score
    if rng.random() < 0.6:
        draw([(50 - door + 3, 65), (50 + door - 3, 85)], 3)
    else:
        draw([(50, 65), (50, 85)], 3)
    if rng.random() < 0.6:
        draw([*rng.choice((box(45, 40, 10, 10), ellipse(50, 44, 5)))[:]], 3)


def igloo(sketch: Sketch, rng: random.Random) -> None:
    wide, top = rng.uniform(36, 42), rng.uniform(20, 34)
    form, door_wide = rng.choice(("bricks", "bricks", "plain", "blocks", "line")), rng.uniform(11, 15)
    high = 84 - top
    door_x = rng.choice((50, 50, 50 + wide * 0.35))
    if form == "blocks":
        rows = rng.choice((3, 4))
        for row in range(rows):
            low, up = row / rows, (row + 1) / rows - 0.04
            a, b = math.degrees(math.asin(low)), math.degrees(math.asin(up))
            if row == rows - 1:
                sketch.plane(arc(50, 84, wide, high, 180 + a, 360 - a), 1)
                continue
            right = arc(50, 84, wide, high, 360 - a, 360 - b, 6)
            for edge_points, sign in ((right, 1), (mirrored(right), -1)):
                edge = 50 + sign * (door_wide + 2 if row < rows - 1 else 0)
                sketch.plane([*edge_points, (edge, right[-1][1]), (edge, right[0][1])], row % 2)
        return
    if form == "line":
        sketch.line([(50 - wide, 84), *arc(50, 84, wide, high, 180, 360), (50 - wide, 84)], 4)
        sketch.line(arched_outline(50 - door_wide, 84, 2 * door_wide, 26)[:-2], 4)
        sketch.line(arc(50, 84, wide, high, 225, 315, 4)[::3], 3)
        return
    sketch.plane(arc(50, 84, wide, high, 180, 360))
    if rng.random() < 0.5:
        sketch.plane(arched_outline(door_x - door_wide - 4, 84, 2 * door_wide + 8, 32), 1)
    sketch.detail(arched_outline(door_x - door_wide * 0.8, 83.5, door_wide * 1.6, 22))
    if form == "bricks":
        for y in (84 - high * 0.72,):
            half = wide * math.sqrt(1 - 0.72**2) - 3
            sketch.score([(50 - half, y), (50 + half, y)], 2.5)
        for side in (-1, 1):
            sketch.score([(50 + side * 6, 84 - high * 0.68), (50 + side * 6, 84 - high * 0.62)], 2.5)
            x = 50 + side * wide * 0.62
            if door_x == 50:
                sketch.score([(x - 6, 84 - high * 0.36), (x + 6, 84 - high * 0.36)], 2.5)
                sketch.score([(x, 84 - high * 0.3), (x, 84 - high * 0.08)], 2.5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "house": (house, "7.1.8 7.1.24", "mirror"),
    "house-of-line": (house_of_line, "7.1.8 7.1.24", "mirror"),
    "house-roof": (house_roof, "7.1.24 7.3.11", "mirror"),
    "house-in-perspective": (house_in_perspective, "7.1.8 7.1.24", "mirror"),
    "tent": (tent, "7.1.20", "mirror"),
    "barn": (barn, "7.1.8 7.1.9", "mirror"),
    "igloo": (igloo, "7.1.21", "mirror"),
}
