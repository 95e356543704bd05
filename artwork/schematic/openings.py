"""Doors, windows, fences and walls."""

# fmt: off

import itertools
import math
import random

from schematic.geometry import Points, along, arc, box, ellipse, polygon
from schematic.outlines import arched_outline
from schematic.sketch import Kind, Sketch


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


def fence(sketch: Sketch, rng: random.Random) -> None:
    count, form = rng.choice((3, 4, 5, 6)), rng.choice(("pickets", "pickets", "round", "rails", "iron", "flat"))
    step, top = 84 / count, rng.uniform(18, 30)
    wide = step * rng.uniform(0.5, 0.75)
    if form == "rails":
        for at in range(rng.choice((2, 3))):
            x = 14 + at * 32
            sketch.plane(box(x, top, 9, 90 - top))
        for y in (top + 10, top + 28, top + 46)[: rng.choice((2, 3))]:
            sketch.plane(box(4, y, 92, 8), 1)
        return
    bow = rng.choice((0, 0, 8, -8))
    for at in range(count):
        u = 8 + at * step + step / 2
        y = top + bow * math.cos(math.pi * (at - (count - 1) / 2) / count)
        if form == "iron":
            sketch.plane(box(u - 1.8, y + 8, 3.6, 82 - y))
            sketch.plane(polygon(u, y - 4, u + 4, y + 4, u, y + 11, u - 4, y + 4), 1)
            continue
        tip: Points = [(u, y - 6)] if form == "pickets" else []
        if form == "round":
            tip = arc(u, y + 4, wide / 2, wide / 2, 200, 340, 8)
        sketch.plane([(u - wide / 2, y + 4), *tip, (u + wide / 2, y + 4), (u + wide / 2, 90), (u - wide / 2, 90)])
        for rail in (top + 18, 72):
            if at < count - 1:
                sketch.plane(box(u + wide / 2, rail, step - wide, 7), 1)
    if form == "iron":
        for rail in (top + 20, 74):
            sketch.plane(box(5, rail, 90, 4), 1)


def window(sketch: Sketch, rng: random.Random) -> None:
    wide, high = rng.uniform(24, 34), rng.uniform(30, 40)
    form = rng.choice(("cross", "cross", "arched", "pointed", "round", "shutters", "perspective", "sash"))
    thin = rng.uniform(3, 7)
    left, top, _right, bottom = 50 - wide, 50 - high, 50 + wide, 50 + high
    if form in ("cross", "sash", "shutters"):
        if form == "shutters":
            left, wide = 32, 18
            for x in (8, 72):
                sketch.plane(box(x, top, 20, 2 * high), 1)
                for at in range(rng.choice((3, 5, 6))):
                    sketch.score([(x + 4, top + 8 + at * 10), (x + 16, top + 8 + at * 10)], 3)
        sketch.plane(box(left, top, 2 * wide, 2 * high, rng.choice((0, 0, 6))))
        columns, rows = rng.choice(((2, 2), (2, 2), (2, 3), (3, 3))) if form != "sash" else (1, 2)
        across, down = (2 * wide - thin) / columns, (2 * high - thin) / rows
        for column in range(columns):
            for row in range(rows):
                sketch.detail(box(left + thin + column * across, top + thin + row * down, across - thin, down - thin))
        if rng.random() < 0.4:
            sketch.plane(box(left - 5, bottom, 2 * wide + 10, 6), 1)
    elif form in ("arched", "pointed"):
        sketch.plane(arched_outline(left, bottom + 4, 2 * wide, 2 * high + 6, pointed=form == "pointed"))
        inner, pointed = wide - thin, form == "pointed"
        if pointed or rng.random() < 0.4:
            for side in (-1, 1):
                middle = 50 + side * (inner + thin / 2) / 2
                sketch.detail(arched_outline(middle - inner * 0.42, bottom, inner * 0.84,
                    high * (1.1 if pointed else 1.3), pointed=pointed))
            sketch.detail(ellipse(50, top + high * 0.55, wide * 0.16))
        else:
            sketch.detail([(50 - thin / 2, top + wide - 2), *arc(50, top + wide - 2, inner, None, 180, 265, 10)])
            sketch.detail([(50 + thin / 2, top + wide - 2), *arc(50, top + wide - 2, inner, None, 275, 360, 10)])
            for edge in (50 - inner, 50 + thin / 2):
                sketch.detail(box(edge, top + wide + thin, inner - thin / 2, bottom - top - wide - thin))
    elif form == "round":
        sketch.plane(ellipse(50, 50, wide + 6))
        parts = rng.choice((4, 4, 6, 8))
        for at in range(parts):
            start, end = at * 360 / parts + 6, (at + 1) * 360 / parts - 6
            sketch.detail([along(50, 50, 7, (start + end) / 2), *arc(50, 50, wide, None, start, end, 8)])
    else:
        lean = rng.uniform(6, 14)
        for u, v in ((0, 0), (0, 1), (1, 0), (1, 1)):
            near, w = left + u * (wide + 2), wide - 2
            a, b = top + (lean * (1 - u)), top + (lean * (1 - u)) - lean
            y = v * (high + 2)
            sketch.plane(polygon(near, a + y, near + w, b + y + 1, near + w, b + y + high - 1, near, a + y + high - 2),
                (u + v) % 2)


def brick_wall(sketch: Sketch, rng: random.Random) -> None:
    rows, columns, gap = rng.choice((3, 4, 5)), rng.choice((2, 2, 3)), rng.uniform(2, 5)
    high, wide = 70 / rows, 80 / columns
    form = rng.choice(("even", "even", "ragged", "scores", "pyramid"))
    if form == "scores":
        sketch.plane(box(10, 14, 80, 70))
        for row in range(rows):
            if row:
                sketch.score([(12, 14 + row * high), (88, 14 + row * high)], 3)
            for at in range(columns):
                x = 10 + (at + (0.5 if row % 2 else 1)) * wide
                if x < 86:
                    sketch.score([(x, 17 + row * high), (x, 11 + (row + 1) * high)], 3)
        return
    for row in range(rows):
        top = 14 + row * high
        if form == "pyramid":
            wide = 84 / rows
            for at in range(row + 1):
                sketch.plane(box(50 + (at - (row + 1) / 2) * wide, top, wide - gap, high - gap), (at + row) % 2)
            continue
        edges = [10 + at * wide for at in range(columns + 1)]
        if row % 2:
            edges = [10, *[10 + (at + 0.5) * wide for at in range(columns)], 90]
        for at, (a, b) in enumerate(itertools.pairwise(edges)):
            if form == "ragged" and row < 2 and rng.random() < 0.45:
                continue
            sketch.plane(box(a, top, b - a - gap, high - gap, rng.choice((0, 0, 2))), rng.choice((0, 0, at % 3)))


KINDS: dict[str, tuple[Kind, str, str]] = {"fence": (fence, "7.15.22", ""), "door": (door, "7.3.1", "mirror"),
    "window": (window, "7.3.2", "mirror"), "brick-wall": (brick_wall, "7.15.1 7.15.22", "mirror")}
