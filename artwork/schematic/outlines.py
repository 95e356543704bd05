"""Outlines and parts that objects of several kinds share."""

# fmt: off

import math
import random
from collections.abc import Sequence

from schematic.facets import show
from schematic.geometry import (
    Point,
    Points,
    along,
    arc,
    box,
    centre,
    curve,
    ellipse,
    mirrored,
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
    show(sketch, rng, planes, tiled=cut, gap=0, within=(0.6, 0.72), ground=tile_outline)


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


def draw_rays(sketch: Sketch, x: float, y: float, near: float, far: float, angles: list[float],
    width: float = 4) -> None:
    for angle in angles:
        sketch.line([along(x, y, near, angle), along(x, y, far, angle)], width)
