"""Clouds, lightning, rainbows, waves and rays."""

# fmt: off

import math
import random

from schematic.geometry import along, arc, box, curve, ellipse, moved, polygon, ring, scaled, star, thick, turned
from schematic.outlines import (
    blade_outline,
    cloud_outline,
    drop_outline,
    sharp_outline,
    show_planes,
    tile_outline,
    wave_outline,
)
from schematic.sketch import Kind, Sketch


def cloud(sketch: Sketch, rng: random.Random) -> None:
    shape = cloud_outline(50, rng.uniform(70, 78), rng.uniform(74, 88), rng.choice((2, 2, 3, 3, 4)), rng)
    form = rng.choice(("plain", "plain", "line", "stripes", "two", "tile", "arcs", "heap", "inner"))
    if form == "line":
        gap = rng.choice((0, 0, 6))
        sketch.line([*shape[gap:], shape[0]] if gap == 0 else shape[gap:], rng.uniform(3, 8))
    elif form == "stripes":
        top, bottom = min(p[1] for p in shape), max(p[1] for p in shape)
        count = rng.choice((4, 5, 6))
        for at in range(count):
            y = top + (bottom - top) * (at + 0.5) / count
            inside = [p[0] for p in shape if p[1] <= y + 1]
            half = (bottom - top) / count * rng.uniform(0.28, 0.34)
            sketch.plane(box(min(inside), y - half, max(inside) - min(inside), 2 * half, half), at % 2)
    elif form == "two":
        sketch.plane(moved(scaled(shape, 0.6), 16, -16), 1)
        sketch.plane(moved(scaled(shape, 0.85), -6, 6))
    elif form == "arcs":
        for at in range(rng.choice((2, 3))):
            sketch.line(scaled(shape, 1 - at * 0.28, None, (50, 70))[6:-6], 4)
    elif form == "heap":
        for x, y, r in ((28, 58, 18), (50, 44, 24), (72, 56, 20), (50, 62, 20)):
            sketch.plane(ellipse(x + rng.uniform(-3, 3), y, r * rng.uniform(0.85, 1.15)), round(x) % 3)
    elif form == "tile":
        show_planes(sketch, rng, [(shape, 0)], 1)
    else:
        sketch.plane(shape)
        if form == "inner":
            sketch.detail(scaled(shape, 0.72, 0.66, (50, 64)))


def cloud_rain(sketch: Sketch, rng: random.Random) -> None:
    shape = cloud_outline(50, 58, rng.uniform(70, 84), rng.choice((2, 3, 3, 4)), rng)
    if rng.random() < 0.3:
        sketch.line([*shape, shape[0]], rng.uniform(3, 6))
    else:
        sketch.plane(shape)
    count, form, slant = rng.choice((2, 3, 3, 4)), rng.choice(("line", "drop", "drop", "dash")), rng.choice((0, 0, -6))
    for at in range(count):
        x, down = 50 + (at - (count - 1) / 2) * 54 / count, rng.choice((0, 4, 8))
        if form == "drop":
            sketch.plane(drop_outline(x, 78 + down, 4.5, 12), 1)
        else:
            sketch.line([(x, 66 + down), (x + slant, (86 if form == "line" else 78) + down)], rng.uniform(3, 5))


def lightning(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("plain", "plain", "plain", "slim", "triangles", "thrice", "line", "round"))
    wide, jut, kink = rng.uniform(18, 30), rng.uniform(8, 20), rng.uniform(48, 58)
    bolt = polygon(52 - wide * 0.1, 6, 52 + wide * 0.8, 6, 54 + jut * 0.2, kink - 12, 54 + wide * 0.9,
        kink - 12, 46 - jut, 95, 47 - jut * 0.1, kink + 4, 50 - wide, kink + 4)
    if form == "slim":
        bolt = polygon(62, 4, 50 - wide, kink + 2, 50 - jut * 0.1, kink + 2, 38, 96, 50 + wide, kink - 6,
            50 + jut * 0.1, kink - 6)
    elif form == "triangles":
        shift = rng.uniform(0, 3)
        show_planes(sketch, rng, [(polygon(62, 6, 24 - shift, 56, 54 - shift, 52), 0), (polygon(38, 95, 76 + shift, 44,
            46 + shift, 48), 1)])
        return
    elif form == "thrice":
        bolt = polygon(60, 4, 30, 34, 44, 36, 26, 60, 42, 62, 28, 96, 72, 52, 56, 50, 74, 28, 58, 26, 74, 6)
    elif form == "line":
        sketch.line(polygon(62, 8, 34, kink, 64, kink - 2, 38, 92), rng.uniform(4, 9))
        return
    elif form == "round":
        bolt = sharp_outline((60, 8), (42, 26, 28, 54), (40, 50, 50, 54), (46, 74, 36, 94), (62, 76, 74, 44),
            (62, 48, 52, 44), (56, 26, 60, 8))
    show_planes(sketch, rng, [(bolt, 0)], 0.25)


def rainbow(sketch: Sketch, rng: random.Random) -> None:
    _rainbow(sketch, rng, clouds=False)


def rainbow_cloud(sketch: Sketch, rng: random.Random) -> None:
    _rainbow(sketch, rng, clouds=True)


def _rainbow(sketch: Sketch, rng: random.Random, *, clouds: bool) -> None:
    count, form = rng.choice((3, 3, 4, 5)), rng.choice(("bands", "bands", "lines", "slanted"))
    base, outer = rng.uniform(68, 76), 44.0
    step = rng.uniform(26, 34) / count
    end = 360 if form != "slanted" else rng.uniform(270, 310)
    for at in range(count):
        radius = outer - at * step - step / 2
        if form == "lines":
            sketch.line(arc(50, base, radius, None, 180, end), step * 0.4)
        else:
            sketch.plane(ring(50, base, radius, step * rng.uniform(0.68, 0.7), 180, end), at)
    if clouds:
        for x in (24, 78) if rng.random() < 0.7 else (24,):
            sketch.plane(cloud_outline(x, base + 14, rng.uniform(34, 42), rng.choice((2, 3)), rng), 1)


def waves(sketch: Sketch, rng: random.Random) -> None:
    form, rows = (rng.choice(("lines", "lines", "bands", "curl", "curls", "tile", "swoosh", "scales", "zigzag")),
        rng.choice((1, 2, 3, 3, 4)))
    high, length = rng.uniform(4, 9), rng.choice((21, 28, 42, 56))
    if form in ("lines", "tile"):
        step = {1: 0, 2: 26, 3: 22, 4: 19}[rows]
        shift = rng.choice((0, 0.25, 0.5))
        if form == "tile":
            sketch.plane(tile_outline(rng))
        for at in range(rows):
            y = 50 + (at - (rows - 1) / 2) * step * (0.7 if form == "tile" else 1)
            if form == "tile":
                sketch.score(wave_outline(24, 76, y, high * 0.5, length * 0.7, shift * at), 5)
            else:
                sketch.line(wave_outline(8, 92, y, high, length, shift * at), rng.uniform(4, 9))
    elif form == "bands":
        for at in range(rows):
            y, thickness = 50 + (at - (rows - 1) / 2) * 23, rng.uniform(10, 15)
            top, low = (wave_outline(8, 92, y - thickness / 2, high, 56), wave_outline(8, 92, y + thickness / 2, high,
                56, rng.choice((0, 0, 0.06))))
            sketch.plane(top + low[::-1], at)
    elif form == "curl":
        sketch.plane(sharp_outline((20, 66, 34, 30, 62, 16, 84, 28, 88, 44), (74, 36, 60, 42, 58, 60, 72, 76, 94, 80),
            (70, 92, 40, 92, 6, 90)))
        if rng.random() < 0.6:
            sketch.score(curve(28, 80, 38, 52, 52, 34, closed=False), 4)
        for x, y in ((92, 54), (84, 58), (94, 34))[: rng.choice((0, 2, 3))]:
            sketch.plane(ellipse(x, y, 3), 1)
    elif form == "curls":
        count = rng.choice((2, 3))
        for at in range(count):
            one = sharp_outline((20, 66, 34, 30, 62, 20, 84, 34), (70, 36, 60, 46, 66, 66, 98, 82), (50, 86, 2, 82))
            size = 1.0 / count
            sketch.plane(moved(scaled(one, size * 1.1), (at - (count - 1) / 2) * 86 * size, 0), at)
        if rng.random() < 0.5:
            sketch.line(wave_outline(8, 92, 80, 3, 28), 5)
    elif form == "swoosh":
        for at in range(rng.choice((2, 3))):
            y = 34 + at * 18
            sketch.plane(sharp_outline((24, y - 14, 50, y + 4, 74, y + 14, 94, y - 8), (78, y + 26, 48, y + 18, 26,
                y + 2, 6, y + 14)), at)
    elif form == "scales":
        for row in range(2 + (rows > 2)):
            for column in range(3 + row % 2):
                middle = 50 + (column - (2 + row % 2) / 2) * 28
                for each in (13, 8):
                    sketch.line(arc(middle, 38 + row * 18, each, None, 180, 360), 3)
    else:
        for at in range(rows):
            y = 50 + (at - (rows - 1) / 2) * 20
            sketch.line([(8 + 14 * each, y + (high if each % 2 else -high)) for each in range(7)], 6)


def tornado(sketch: Sketch, rng: random.Random) -> None:
    form, count = (rng.choice(("bars", "bars", "ellipses", "spiral", "funnel", "blades", "blades", "rings")),
        rng.choice((4, 5, 6, 7)))
    sway = rng.uniform(4, 12)
    if form in ("bars", "ellipses", "rings"):
        for at in range(count):
            share = at / (count - 1)
            y, half = 14 + 72 * share, 42 * (1 - share) ** 1.2 + 5
            x = 50 + sway * math.sin(share * 5)
            if form == "bars":
                sketch.plane(box(x - half, y - 26 / count, 2 * half, 52 / count, rng.choice((0, 26 / count))), at % 2)
            elif form == "ellipses":
                sketch.plane(ellipse(x, y, half, 24 / count + half * 0.08), at % 3)
            else:
                sketch.line([*ellipse(x, y, half, 3 + half * 0.16), (x + half, y)], 3)
    elif form == "funnel":
        line = [(50 + (42 * (1 - t / 60) + 3) * math.cos(t / 60 * count * 2 * math.pi),
            14 + t * 1.3 + 6 * (1 - t / 60) * math.sin(t / 60 * count * 2 * math.pi)) for t in range(61)]
        sketch.line(line, 4)
    elif form == "spiral":
        turns = rng.uniform(2, 3.5)
        spiral = [along(50, 50, 2 + 42 * at / 80, 360 * turns * at / 80) for at in range(81)]
        if rng.random() < 0.5:
            sketch.plane(thick(spiral, 2, end=9))
        else:
            sketch.line(spiral, rng.uniform(3, 6))
    else:
        arms = rng.choice((2, 3, 4, 6))
        for at in range(arms):
            arm = [along(50, 50, 8 + 36 * each / 16, 360 * at / arms + each * rng.uniform(9,
                9.2)) for each in range(17)]
            sketch.plane(thick(arm, 58 / arms**0.5 * 0.5, end=1), at % 3)
        if rng.random() < 0.4:
            sketch.plane(ellipse(50, 50, 5), 1)


def ice(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("cluster", "cluster", "cube", "cube", "icicles", "icicles", "shard"))
    if form == "cluster":
        for at in range(rng.choice((2, 3, 5))):
            lean, tall, half = ((0, -24, 24, -44, 44)[at], (78, 54, 50, 34, 30)[at] * rng.uniform(0.85, 1.1), (11, 8, 8,
                6, 6)[at])
            for side in (-1, 1):
                facet = polygon(50, 92, 50 + side * half, 88, 50 + side * half, 92 - tall + half, 50, 92 - tall)
                sketch.plane(turned(facet, lean, (50, 92)), side > 0)
    elif form == "cube":
        deep, gap = rng.uniform(18, 24), rng.choice((0, 2, 3))
        sketch.plane(polygon(50, 50 - 2 * deep - gap, 88, 50 - deep - gap, 50, 50 - gap, 12, 50 - deep - gap), 1)
        sketch.plane(polygon(12 - gap, 50 - deep, 50 - gap, 50, 50 - gap, 92, 12 - gap, 92 - deep))
        sketch.plane(polygon(88 + gap, 50 - deep, 50 + gap, 50, 50 + gap, 92, 88 + gap, 92 - deep), 2)
        for at in range(rng.choice((0, 2, 3))):
            sketch.score([(20 + at * 7, 66 + at * 4), (26 + at * 7, 54 + at * 6)], 2.5)
    elif form == "icicles":
        count = rng.choice((4, 5, 6))
        edge = [p for at in range(count) for p in ((8 + 84 * at / count, 26.0), (8 + 84 * (at + 0.5) / count,
            rng.uniform(46, 92)))]
        sketch.plane([(8, 14), *edge, (92, 26), (92, 14)])
    else:
        sketch.plane(polygon(50, 6, 50, 94, 26, 70, 24, 32))
        sketch.plane(polygon(50, 6, 76, 34, 50, 60), 1)
        sketch.plane(polygon(76, 34, 72, 72, 50, 94, 50, 60), 2)


def bubbles(sketch: Sketch, rng: random.Random) -> None:
    form, placed = rng.choice(("discs", "rings", "light", "mixed", "foam")), list[tuple[float, float, float]]()
    if form == "foam":
        count = rng.choice((4, 5, 6))
        sketch.plane(box(10, 62, 80, 24, 4))
        for at in range(count):
            x, r = 16 + 68 * at / (count - 1), rng.uniform(9, 14)
            sketch.plane(ellipse(x, 60, r), 1)
            if rng.random() < 0.6:
                sketch.plane(ellipse(x, rng.uniform(18, 40), rng.uniform(3, 7)), 2)
        return
    many = rng.choice((3, 4, 5, 7, 9))
    for _ in range(300):
        if len(placed) == many:
            break
        r = rng.uniform(15, 26) if not placed else rng.uniform(4, 15)
        x, y = rng.uniform(10 + r, 90 - r), rng.uniform(10 + r, 90 - r)
        if all(math.hypot(x - a, y - b) > r + s + 1.5 for a, b, s in placed):
            placed.append((x, y, r))
    for at, (x, y, r) in enumerate(placed):
        if form == "rings" or (form == "mixed" and at % 2):
            sketch.line([*ellipse(x, y, r - 1), (x + r - 1, y)], min(4, r * 0.3))
            if r > 8:
                sketch.line(arc(x, y, r * 0.6, None, 190, 260), min(3.5, r * 0.2))
        else:
            sketch.plane(ellipse(x, y, r), at % 3)
            if form == "light" and r > 7:
                sketch.detail(thick(arc(x, y, r * 0.62, None, 185, 265), r * 0.2))


def explosion(sketch: Sketch, rng: random.Random) -> None:
    form, tips = (rng.choice(("spikes", "spikes", "inner", "fireworks", "fireworks", "dots", "cloud")), rng.choice((9,
        11, 13, 16)))
    if form in ("spikes", "inner", "cloud"):
        spikes = [along(50, 50, rng.uniform(34, 46) if at % 2 == 0 else rng.uniform(18, 26),
            180 * at / tips + rng.uniform(-4, 4)) for at in range(2 * tips)]
        sketch.plane(spikes)
        if form == "inner":
            sketch.detail(scaled(spikes, rng.uniform(0.4, 0.6)))
        elif form == "cloud":
            sketch.detail(star(50, 50, 15, 8, 0.6))
        return
    count = rng.choice((8, 10, 12, 16))
    for at in range(count):
        angle, far = 360 * at / count, 44 if at % 2 == 0 else rng.uniform(30, 40)
        if form == "fireworks":
            if count < 12:
                sketch.plane(blade_outline(*along(50, 50, 12, angle), far - 12, 7, angle, "round"), at % 2)
            else:
                sketch.line([along(50, 50, 14, angle), along(50, 50, far, angle)], 3)
        else:
            for each in (14, 24, 34, 42):
                sketch.plane(ellipse(*along(50, 50, each, angle + each * 0.2), 1.2 + each * 0.07), each % 3)
        if form == "fireworks" and rng.random() < 0.5:
            sketch.plane(ellipse(*along(50, 50, 46, angle + 180 / count), 2.5), 1)


def sunbeams(sketch: Sketch, rng: random.Random) -> None:
    form, count = rng.choice(("corner", "base", "round", "round", "tile", "source")), rng.choice((5, 6, 7, 8))
    if form in ("round", "tile"):
        many, near = count * 2, rng.choice((6, 10, 16, 22))
        if near > 9 and rng.random() < 0.5:
            sketch.plane(ellipse(50, 50, near - 4), 2)
        for at in range(many):
            a, half = 360 * at / many, 180 / many * rng.uniform(0.49, 0.5)
            ends = [44 / max(abs(math.cos(math.radians(each))),
                abs(math.sin(math.radians(each)))) if form == "tile" else 44 for each in (a - half, a + half)]
            corners = along(50, 50, ends[1], a + half), along(50, 50, ends[0], a - half)
            sketch.plane([along(50, 50, near, a - half), along(50, 50, near, a + half), *corners], at % 2)
        return
    x, y, start, span = {"corner": (10, 90, -90, 90), "base": (50, 76, -172, 164), "source": (50, 12, 42, 96)}[form]
    if form == "source":
        sketch.plane(ellipse(x, y + 4, 10))
    elif rng.random() < 0.6:
        sketch.plane([*arc(x, y, 14, None, -180, 0)] if form == "base" else [*arc(x, y, 18, None, -90, 0), (x, y)])
    for at in range(count):
        a, half = start + span * at / (count - 1), span / count * rng.uniform(0.24, 0.3)
        close, far = 22 if form != "base" else 19, {"corner": 82, "base": 46, "source": 72}[form]
        sketch.plane([along(x, y, close, a - half), along(x, y, far, a - half), along(x, y, far,
            a + half), along(x, y, close, a + half)], at % 2)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "cloud": (cloud, "1.15.11", "mirror"),
    "cloud-rain": (cloud_rain, "1.15.11 1.15.13", "mirror"),
    "lightning": (lightning, "1.15.3", "mirror tilt"),
    "rainbow": (rainbow, "1.15.1", "mirror"),
    "rainbow-cloud": (rainbow_cloud, "1.15.1 1.15.11", "mirror"),
    "waves": (waves, "1.15.24", "mirror"),
    "tornado": (tornado, "1.15.23", "mirror tilt"),
    "ice": (ice, "1.15.19", "mirror"),
    "bubbles": (bubbles, "1.15.21", "mirror tilt"),
    "explosion": (explosion, "1.15.7", "mirror tilt"),
    "sunbeams": (sunbeams, "1.15.9", "mirror"),
}
