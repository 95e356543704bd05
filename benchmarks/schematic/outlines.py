"""Outlines and parts that objects of several kinds share."""

# fmt: off

import math
import random
from collections.abc import Sequence

from schematic.geometry import (
    Point,
    Points,
    along,
    arc,
    box,
    centre,
    curve,
    ellipse,
    half_of,
    mirrored,
    moved,
    polygon,
    regular,
    scaled,
    thick,
    turned,
)
from schematic.sketch import Sketch


def sharp_outline(*runs: Sequence[float]) -> Points:
    """Return a closed outline of smooth runs, with a corner where each of them ends."""
    found: Points = []
    last = runs[-1][-2:]
    for run in runs:
        found += curve(*last, *run, closed=False)[:-1]
        last = run[-2:]
    return found


def tile_outline(rng: random.Random) -> Points:
    return rng.choice((ellipse(50, 50, 43), ellipse(50, 50, 43), box(8, 8, 84, 84, rng.uniform(4, 24)), regular(50, 50,
        46, 6)))


def show_planes(sketch: Sketch, rng: random.Random, planes: Sequence[tuple[Points, int]], cut: float = 0.16) -> None:
    """Draw planes of tones, which do not overlap, or now and then cut them out of a tile."""
    if rng.random() < cut:
        size = rng.uniform(0.6, 0.72)
        sketch.plane(tile_outline(rng))
        for points, _ in planes:
            sketch.detail(scaled(points, size))
        return
    for points, tone in planes:
        sketch.plane(points, tone)


def blade_outline(x: float, y: float, long: float, wide: float, degrees: float, shape: str = "lens",
    bend: float = 0) -> Points:
    """Return a leaf or petal that begins at a point and runs in a direction, bent to one side."""

    def half(t: float) -> float:
        if shape == "lens":
            return math.sin(math.pi * t)
        if shape == "egg":
            return math.sin(math.pi * math.pow(t, 0.65))
        if shape == "round":
            return 1.25 * math.pow(t, 0.8) * math.sqrt(1 - t**3)
        if shape == "oblong":
            return math.sqrt(1 - (2 * t - 1) ** 4)
        return 1 - abs(t - 0.4) / (0.4 if t < 0.4 else 0.6)

    if shape == "heart":
        lobe = polygon(0.45, 0.42, 0.8, 0.5, 1, 0.27)
        sides = [[c for t, w in lobe for c in (x + long * t, y - wide * w)], [c for t,
            w in lobe[::-1] for c in (x + long * t, y + wide * w)]]
        return turned(sharp_outline((*sides[0], x + long * 0.8, y), (*sides[1], x, y)), degrees, (x, y))

    shares = [at / 16 for at in range(17)] if shape != "kite" else [0, 0.4, 1]
    one = [(x + long * t, y - wide / 2 * half(t) + bend * math.sin(math.pi * t / 2) ** 2) for t in shares]
    two = [(x + long * t, y + wide / 2 * half(t) + bend * math.sin(math.pi * t / 2) ** 2) for t in shares]
    return turned([*one, *two[::-1]], degrees, (x, y))


def rib_line(x: float, y: float, long: float, degrees: float, bend: float = 0, start: float = 0.12) -> Points:
    shares = [start + (0.82 - start) * at / 8 for at in range(9)]
    return turned([(x + long * t, y + bend * math.sin(math.pi * t / 2) ** 2) for t in shares], degrees, (x, y))


def drop_outline(x: float, y: float, radius: float, high: float, lean: float = 0, full: float = 1) -> Points:
    """Return a drop about the middle of its round part, whose tip is `high` above that."""
    waist = radius * 0.62 * full
    return sharp_outline((x + lean * 0.4 + waist, y - high * 0.42, x + radius, y + radius * 0.1,
        x + radius * 0.7, y + radius * 0.72, x, y + radius, x - radius * 0.7, y + radius * 0.72,
        x - radius, y + radius * 0.1, x + lean * 0.4 - waist, y - high * 0.42, x + lean, y - high))


def flame_outline(x: float, base: float, wide: float, high: float, lean: float) -> Points:
    """Return a tongue that swings to one side on its way up."""
    return sharp_outline((x + lean * 0.2 + wide * 0.14, base - high * 0.7, x + wide * 0.5, base - high * 0.34,
        x + wide * 0.34, base - high * 0.07, x, base, x - wide * 0.34, base - high * 0.07,
        x - wide * 0.5, base - high * 0.34, x - wide * 0.26 - lean * 0.2, base - high * 0.62, x + lean,
        base - high))


def crescent_outline(x: float, y: float, radius: float, other: float, away: float, turn: float) -> Points:
    """Return a disc less another one at some distance from its centre."""
    angle = math.acos((radius**2 + away**2 - other**2) / (2 * radius * away))
    inner = math.degrees(math.atan2(radius * math.sin(angle), radius * math.cos(angle) - away))
    degrees = math.degrees(angle)
    outer = arc(x, y, radius, None, degrees, 360 - degrees, 32)
    return turned([*outer, *arc(x + away, y, other, None, 360 - inner, inner, 24)], turn, (x, y))


def wave_outline(left: float, right: float, y: float, high: float, length: float, phase: float = 0) -> Points:
    count = 48
    return [(left + (right - left) * at / count,
        y - high * math.sin(2 * math.pi * ((right - left) * at / count / length + phase))) for at in range(count + 1)]


def cloud_outline(x: float, base: float, wide: float, puffs: int, rng: random.Random) -> Points:
    """Return a cloud with a flat bottom and round ends, of two to four arcs."""
    ends = [wide * rng.uniform(0.17, 0.25), wide * rng.uniform(0.15, 0.24)]
    left, right = x - wide / 2, x + wide / 2
    rounds = [(left + ends[0], base - ends[0], ends[0]), (right - ends[1], base - ends[1], ends[1])]
    for at in range(puffs - 2):
        share = (at + 1) / (puffs - 1) + rng.uniform(-0.05, 0.05)
        size = wide * rng.uniform(0.2, 0.3) * (1 if at == 0 or puffs == 3 else 0.8)
        rounds.append((left + wide * share, base - wide * rng.uniform(0.3, 0.38), size))
    if puffs == 2:
        rounds.append((x + wide * rng.choice((-0.12, 0.12)), base - wide * 0.3, wide * 0.27))
    top: Points = []
    for at in range(1, 60):
        here = left + wide * at / 60
        heights = [cy - math.sqrt(r * r - (here - cx) ** 2) for cx, cy, r in rounds if abs(here - cx) < r]
        top.append((here, min([*heights, base - ends[0] * 0.8])))
    first, last = rounds[0], rounds[1]
    return [*arc(*first[:2], first[2], None, 90, 180, 8), *top, *arc(*last[:2], last[2], None, 0, 90, 8)]


def drop(sketch: Sketch, rng: random.Random) -> None:
    radius, lean = rng.uniform(25, 33), rng.choice((0, 0, 0, 10, 18))
    high, full = rng.uniform(44, 56), rng.uniform(0.8, 1.1)
    form = rng.choice(("plain", "light", "wave", "halves", "nested", "three", "planes", "arcs", "two", "line", "tile",
        "swirl"))
    shape = drop_outline(50, 62, radius, high, lean, full)
    if form == "halves":
        sketch.plane(half_of(shape, (50 - 1.5, 50), 180))
        sketch.plane(half_of(shape, (50 + 1.5, 50), 0), 1)
    elif form == "three":
        for x, y, size in (((50, 32, 0.42), (28, 74, 0.42), (72, 74, 0.42)) if rng.random() < 0.5 else ((34, 60, 0.8),
            (72, 34, 0.4), (78, 76, 0.3))):
            sketch.plane(moved(scaled(drop_outline(50, 50, radius, high * 0.9, lean, full), size), x - 50, y - 50),
                size < 0.5)
    elif form == "planes":
        sketch.plane(polygon(50, 8, 50, 92, 26, 82, 20, 58))
        sketch.plane(polygon(50, 8, 80, 58, 50, 50), 1)
        sketch.plane(polygon(50, 50, 80, 58, 74, 82, 50, 92), 2)
    elif form == "arcs":
        for at in range(rng.choice((2, 3))):
            one = drop_outline(50, 62, radius * (1 - 0.3 * at), high * (1 - 0.28 * at))
            sketch.line([*one, one[0]] if rng.random() < 0.5 else one[6:-2], 4)
    elif form == "two":
        sketch.plane(moved(scaled(shape, 0.85), -8, 4))
        sketch.plane(moved(scaled(shape, 0.45), 28, -10), 1)
    elif form == "line":
        sketch.line([*shape, shape[0]], rng.uniform(3, 7))
        sketch.line(arc(50, 62, radius * 0.6, None, 20, 100), 4)
    elif form == "tile":
        show_planes(sketch, rng, [(shape, 0)], 1)
    elif form == "swirl":
        sketch.plane(half_of(shape, (50, 60), 180))
        sketch.plane(moved(half_of(drop_outline(50, 62, radius, high * 0.6), (50, 60), 0), 4, 0), 1)
    else:
        sketch.plane(shape)
        if form == "light":
            sketch.detail(rng.choice((thick(arc(50, 62, radius * 0.66, None, 100, 190), radius * 0.16),
                crescent_outline(50, 62, radius * 0.7, radius * 0.66, radius * 0.18, -30),
                ellipse(50 - radius * 0.4, 62, radius * 0.16, radius * 0.3))))
        elif form == "nested":
            sketch.detail(drop_outline(50 + lean * 0.2, 66, radius * 0.55, high * rng.uniform(0.5, 0.7), lean))
        elif form == "wave":
            for at in range(rng.choice((1, 1, 2))):
                reach = radius * 0.8 - at * 4
                sketch.score(wave_outline(50 - reach, 50 + reach, 62 + at * 11, radius * 0.12, radius * 1.6),
                    radius * 0.16)


def draw_palm(sketch: Sketch, foot: Point, top: Point, count: int, long: float, form: str) -> None:
    sketch.plane(thick(curve(*foot, foot[0] + (top[0] - foot[0]) * 0.25, (foot[1] + top[1]) / 2, *top,
        closed=False), long * 0.2, end=long * 0.1), 2)
    for at in range(count):
        angle = -205 + 230 * at / (count - 1)
        side = -1 if angle < -90 else 1
        drop = side * long * (0.3 if abs(angle + 90) < 30 else 0.42)
        if form == "lines":
            sketch.line(curve(*top, *along(*top, long * 0.6, angle - drop * 0.4), *along(*top, long,
                angle + drop * 0.5), closed=False), 4)
        elif form == "blades":
            sketch.plane(blade_outline(*top, long, long * 0.26, angle, "lens"), at % 2)
        elif form == "jagged":
            teeth = [along(*top, long * (0.3 + 0.2 * each),
                angle + drop * 0.3 * each + (0 if each % 2 else side * 18)) for each in range(4)]
            sketch.plane([top, *[along(*top, long * each / 4,
                angle - side * 8 + drop * 0.1 * each) for each in range(1, 5)], *teeth[::-1]], at % 2)
        else:
            sketch.plane(blade_outline(*top, long, long * 0.3, angle - drop * 0.5, "egg", drop * 0.7), at % 2)


def symmetric_outline(*half: float) -> Points:
    """Return a symmetric outline from its right half, from the top to the bottom."""
    points = polygon(*half)
    return points + mirrored(points)[::-1]


def soft_outline(*half: float) -> Points:
    """Return a symmetric smooth outline from its right half, which begins and ends on the axis."""
    points = polygon(*half)
    return curve(*(number for point in points + mirrored(points[1:-1])[::-1] for number in point))


def draw_both(sketch: Sketch, points: Points, tone: int = 0) -> None:
    sketch.plane(points, tone)
    sketch.plane(mirrored(points), tone)


def cut_both(sketch: Sketch, points: Points) -> None:
    sketch.detail(points)
    sketch.detail(mirrored(points))


def draw_facets(sketch: Sketch, rng: random.Random, halves: list[Points], middle: tuple[Points, ...] = ()) -> None:
    """Draw planes of the right half and their mirrored ones, often with gaps between them."""
    gap, split = rng.choice((1.0, 0.93, 0.88)), rng.random() < 0.5
    for at, plane in enumerate(halves):
        shrunk = scaled(plane, gap, None, centre(plane))
        sketch.plane(shrunk, at % 3)
        sketch.plane(mirrored(shrunk), (at + 1) % 3 if split else at % 3)
    for at, plane in enumerate(middle):
        sketch.plane(scaled(plane, gap, None, centre(plane)), (at + 2) % 3)


def draw_planes(sketch: Sketch, rng: random.Random, *planes: Points) -> None:
    gap = rng.choice((1.0, 0.95, 0.9))
    for at, plane in enumerate(planes):
        sketch.plane(scaled(plane, gap, None, centre(plane)), at % 3)


def cut_eyes(sketch: Sketch, rng: random.Random, apart: float, y: float, size: float) -> None:
    way, x = rng.choice(("dot", "dot", "almond", "wedge", "arc")), 50 + apart
    if way == "dot":
        cut_both(sketch, ellipse(x, y, size, size * rng.choice((1, 1.4))))
    elif way == "almond":
        cut_both(sketch, turned(ellipse(x, y, size * 1.5, size * 0.7), -25, (x, y)))
    elif way == "wedge":
        cut_both(sketch, polygon(x - size * 1.3, y + size, x + size * 1.5, y - size, x + size, y + size * 0.9))
    else:
        cut_both(sketch, thick(arc(x, y, size * 1.2, None, 190, 350, 8), max(2.4, size * 0.6)))


def moustache_outline(rng: random.Random, y: float, w: float) -> Points:
    """Return the right half of a moustache as wide as `w` to each side."""
    way, lift = rng.randrange(4), rng.uniform(2, 14)
    return [
        curve(50, y - 2, 50 + w * 0.3, y - 6, 50 + w * 0.7, y + 2, 50 + w, y - lift, 50 + w * 0.85, y + 9, 50 + w * 0.4,
              y + 10, 50, y + 4),
        polygon(50, y - 5, 50 + w * 0.5, y - 3, 50 + w, y + 10, 50, y + 6),
        curve(50, y - 4, 50 + w * 0.5, y - 6, 50 + w, y + 12, 50 + w * 0.55, y + 8, 50, y + 6),
        [(50, y - 4), *curve(50 + w * 0.3, y - 4, 50 + w * 0.8, y + 3, 50 + w, y - lift * 1.5, closed=False),
         *curve(50 + w * 0.9, y + 6, 50 + w * 0.5, y + 9, 50, y + 5, closed=False)],
    ][way]


def eye(sketch: Sketch, rng: random.Random) -> None:
    way, high, pupil = rng.randrange(9), rng.uniform(20, 32), rng.uniform(9, 15)
    lens = curve(6, 50, 26, 50 - high * 0.8, 50, 50 - high, 74, 50 - high * 0.8, 94, 50, 74, 50 + high * 0.8, 50,
        50 + high, 26, 50 + high * 0.8)
    sharp = [*arc(50, 50 + high, 52, high * 2, 210, 330, 20), *arc(50, 50 - high, 52, high * 2, 30, 150, 20)]
    shape = rng.choice((lens, sharp, sharp, polygon(6, 50, 50, 50 - high, 94, 50, 50, 50 + high)))
    if way == 0:
        sketch.plane(shape)
        sketch.detail(ellipse(50, 50, pupil + 4))
        sketch.plane(ellipse(50, 50, pupil * 0.7), 1)
    elif way == 1:
        sketch.line([*shape, shape[0]], rng.uniform(3.5, 8))
        sketch.plane(ellipse(50, 50, pupil), 1)
        if rng.random() < 0.6:
            sketch.detail(ellipse(50 + pupil * 0.3, 50 - pupil * 0.3, pupil * 0.35))
    elif way == 2:  # two arcs and a dot
        sketch.line(arc(50, 62, 44, 34, 195, 345), rng.uniform(4, 9))
        if rng.random() < 0.6:
            sketch.line(arc(50, 40, 40, 32, 25, 155), rng.uniform(3, 7))
        sketch.plane(ellipse(50, 52, pupil))
    elif way == 3:  # lashes
        sketch.line(arc(50, 40, 40, 26, 0, 180) if rng.random() < 0.5 else [*lens, lens[0]], 4.5)
        below = rng.random() < 0.4
        for at in range(rng.choice((3, 5, 7))):
            angle = -150 + at * 20
            x, y = 50 + 38 * math.cos(math.radians(angle)), 50 + high * math.sin(math.radians(angle))
            u, v = 50 + 50 * math.cos(math.radians(angle)), 50 + (high + 15) * math.sin(math.radians(angle))
            sketch.line([(x, 100 - y if below else y), (u, 100 - v if below else v)], 3.4)
        sketch.plane(ellipse(50, 50, pupil * 0.9))
    elif way == 4:  # in a triangle
        sketch.plane(polygon(50, 6, 96, 90, 4, 90))
        small = scaled(lens, 0.48, None, (50, 50))
        sketch.detail(moved(small, 0, 14))
        sketch.plane(ellipse(50, 64, 7), 1)
    elif way == 5:  # in a disc
        sketch.plane(ellipse(50, 50, 44))
        sketch.detail(scaled(shape, 0.8))
        sketch.plane(ellipse(50, 50, min(pupil, high * 0.7)), 1)
        sketch.detail(ellipse(53, 47, pupil * 0.3))
    elif way == 6:  # rings in a lens
        sketch.plane(shape)
        for radius in (high * 0.75, high * 0.35):
            sketch.score(ellipse(50, 50, radius), 3.4)
    elif way == 7:  # iris of blades
        sketch.line([*sharp, sharp[0]], 4)
        for at in range(8):
            sketch.plane([along(50, 50, 5, at * 45), along(50, 50, high * 0.75, at * 45 - 14),
                          along(50, 50, high * 0.75, at * 45 + 14)], at % 3)
    else:  # old Egypt's
        sketch.line(curve(8, 44, 34, 26, 66, 28, 94, 44, closed=False), 5)
        sketch.line(curve(8, 54, 34, 40, 60, 40, 92, 54, 60, 66, 34, 64, 8, 54, closed=False), 4.5)
        sketch.plane(ellipse(48, 52, 9))
        sketch.line([(42, 64), (40, 84)], 5)
        sketch.line(curve(54, 64, 68, 82, 86, 82, 84, 72, 77, 76, closed=False), 4)


def ear(sketch: Sketch, rng: random.Random) -> None:
    outer = (30, 40, 34, 14, 60, 8, 78, 26, 74, 50, 60, 64, 58, 82, 44, 92, 32, 82)
    if rng.random() < 0.5:
        sketch.plane(curve(*outer, 38, 62))
        sketch.score(curve(42, 40, 46, 24, 60, 22, 66, 36, 56, 48, 52, 58, closed=False), rng.uniform(3, 5))
    else:
        sketch.line(curve(*outer, closed=False), rng.uniform(4, 8))
        sketch.line(curve(44, 42, 48, 26, 60, 26, 64, 38, 54, 48, 50, 58, closed=False), rng.uniform(3.5, 6))
    for at in range(rng.choice((0, 0, 2))):
        sketch.line(arc(56, 40, 30 + at * 9, None, -30, 30, 8), 3)


def arched_outline(left: float, bottom: float, width: float, height: float, *, pointed: bool = False) -> Points:
    """Return an opening with a round or a pointed top."""
    right, radius = left + width, min(width / 2, height)
    if pointed:
        top, knee = bottom - height, bottom - height * 0.55
        side = curve(right, knee, right - width * 0.12, (knee + top) / 2, left + width / 2, top, closed=False)
        return [(left, bottom), (right, bottom), *side, *mirrored(side, left + width / 2)[::-1][1:]]
    head = arc(left + width / 2, bottom - height + radius, width / 2, radius, 180, 360, 14)
    return [*head, (right, bottom), (left, bottom)]


def draw_windows(sketch: Sketch, left: float, top: float, width: float, height: float, columns: int,
    rows: int) -> None:
    """Draw a grid of windows into a front."""
    across, down = width / columns, height / rows
    for column in range(columns):
        for row in range(rows):
            sketch.detail(box(left + (column + 0.2) * across, top + (row + 0.2) * down, across * 0.6, down * 0.6))


def door(sketch: Sketch, rng: random.Random) -> None:
    wide, top = rng.uniform(18, 26), rng.uniform(8, 14)
    form = rng.choice(("open", "open", "panels", "panels", "arched", "planks", "double", "frame"))
    left, right = 50 - wide, 50 + wide
    knob = ellipse(right - 6, 52, 2.6)
    if form == "open":
        inset, drop = rng.uniform(10, 22), rng.uniform(5, 11)
        sketch.line(polygon(left, 88, left, top, right, top, right, 88), rng.uniform(3, 6))
        leaf = polygon(left, top, right - inset, top + drop, right - inset, 88 + drop, left, 88)
        sketch.plane(leaf, 1)
        sketch.detail(ellipse(right - inset - 5, 54, 2.6))
        sketch.line([(8, 88), (left, 88)], 4)
        sketch.line([(right, 88), (92, 88)], 4)
        return
    if form in ("arched", "planks"):
        sketch.plane(arched_outline(left, 92, 2 * wide, 92 - top, pointed=rng.random() < 0.25))
        if form == "planks":
            for at in range(rng.choice((1, 2, 3))):
                x = left + (at + 1) * wide / 2 + (0 if at < 3 else 2)
                sketch.score([(x, top + wide * 0.9), (x, 88)], 2.5)
        else:
            sketch.detail(arched_outline(left + 7, 46, 2 * wide - 14, 36 - top))
        sketch.detail(ellipse(right - 5, 64, 2.4))
        return
    if form == "frame":
        sketch.line(polygon(left, 92, left, top, right, top, right, 92), rng.uniform(4, 8))
        sketch.plane(box(left + 8, top + 8, 2 * wide - 16, 84 - top), 1)
        sketch.detail(ellipse(right - 13, 54, 2.5))
        return
    sketch.plane(box(left, top, 2 * wide, 92 - top, rng.choice((0, 0, 4))))
    if form == "double":
        sketch.score([(50, top + 3), (50, 89)], 2.5)
        for side in (-1, 1):
            sketch.detail(ellipse(50 + side * 5, 54, 2.3))
            sketch.detail(box(50 + side * wide * 0.58 - 3.5, top + 10, 7, 26))
        return
    rows, columns = rng.choice((1, 2, 3)), rng.choice((1, 2))
    across, down = (2 * wide - 16) / columns, (84 - top) / rows
    for row in range(rows):
        for column in range(columns):
            sketch.detail(box(left + 4 + column * across + 2, top + 5 + row * down, across - 4, down - 5))
    sketch.detail(knob)


def draw_steam(sketch: Sketch, rng: random.Random, x: float, bottom: float, high: float) -> None:
    count, bend = rng.choice((1, 2, 3)), rng.choice((-4, 4))
    for at in range(count):
        u = x + (at - (count - 1) / 2) * 13
        sketch.line(curve(u, bottom, u + bend, bottom - high * 0.3, u - bend, bottom - high * 0.7, u, bottom - high,
                          closed=False), 4)


def draw_dots(sketch: Sketch, rng: random.Random, places: Points, size: float) -> None:
    form = rng.choice(("dot", "dot", "bar", "drop", "none"))
    for x, y in places:
        if form == "dot":
            sketch.detail(ellipse(x, y, size))
        elif form == "bar":
            sketch.detail(turned(box(x - size * 1.4, y - size * 0.5, size * 2.8, size, size / 2), rng.uniform(0, 180),
                (x, y)))
        elif form == "drop":
            sketch.detail(turned(ellipse(x, y, size * 0.6, size * 1.2), 30, (x, y)))


def wavy_line(left: float, right: float, y: float, deep: float, waves: int) -> Points:
    """Return a wavy edge from left to right."""
    numbers: list[float] = []
    for at in range(2 * waves + 1):
        numbers += [left + (right - left) * at / (2 * waves), y + (deep if at % 2 else 0)]
    return curve(*numbers, closed=False, points=5)


def cup(sketch: Sketch, rng: random.Random) -> None:
    draw_cup(sketch, rng)
    if rng.random() < 0.5:
        sketch.plane(rng.choice((box(10, 87, 70, 5, 2.5), arc(44, 87, 36, 8, 0, 180))), 1)


def draw_cup(sketch: Sketch, rng: random.Random) -> Point:
    wide, top, bottom = rng.uniform(22, 30), rng.uniform(38, 46), rng.uniform(78, 84)
    form = rng.choice(("round", "round", "mug", "mug", "tapered", "line"))
    x = 44
    handle = arc(x + wide - 1, (top + bottom) / 2 - 4, rng.uniform(11, 16), rng.uniform(9, 14), -85, 85, 14)
    if form == "mug":
        body = box(x - wide, top, 2 * wide, bottom - top, rng.choice((0, 4, 8)))
    elif form == "tapered":
        body = polygon(x - wide, top, x + wide, top, x + wide * 0.65, bottom, x - wide * 0.65, bottom)
    else:
        body = [(x + wide, top), *arc(x, top + 8, wide, bottom - top - 8, 0, 180), (x - wide, top)]
    if form == "line":
        sketch.line([*body, body[0]], 5)
    else:
        sketch.plane(body)
        mark = rng.choice(("none", "none", "band", "bean", "disc"))
        if mark == "band":
            sketch.score([(x - wide * 0.8, top + 8), (x + wide * 0.8, top + 8)], 3)
        elif mark == "disc":
            sketch.detail(ellipse(x, top + 17, 7))
        elif mark == "bean":
            sketch.detail(turned(ellipse(x, top + 17, 6, 9), 30, (x, top + 17)))
    sketch.line(handle, rng.uniform(4, 6.5))
    return x, top


def draw_rays(sketch: Sketch, x: float, y: float, near: float, far: float, angles: list[float],
    width: float = 4) -> None:
    for angle in angles:
        sketch.line([along(x, y, near, angle), along(x, y, far, angle)], width)
