"""Suns, moons, planets, globes and stars."""

# fmt: off

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from schematic.geometry import Point, along, arc, box, ellipse, half_of, scaled, star, thick, turned
from schematic.outlines import blade_outline, crescent_outline, flame_outline, sharp_outline, tile_outline, wave_outline
from schematic.sketch import Kind, Sketch


def _rays(sketch: Sketch, rng: random.Random, x: float, y: float, near: float, far: float, angles: Sequence[float],
    form: str) -> None:
    """Draw rays from one distance of a point to another."""
    wide, uneven = rng.uniform(3, 8), rng.choice((1, 1, 0.75, 0.6))
    gap = 2 * math.pi * near / 360 * (abs(angles[1] - angles[0]) if len(angles) > 1 else 40)
    bend = rng.choice((-1, 1)) * rng.uniform(4, 9)
    for at, angle in enumerate(angles):
        end = near + (far - near) * (uneven if at % 2 else 1)
        if form == "line":
            sketch.line([along(x, y, near + 2, angle), along(x, y, end, angle)], wide * 0.8)
        elif form == "band":
            sketch.plane(thick([along(x, y, near, angle), along(x, y, end, angle)], min(wide * 1.5, gap * 0.6)), 1)
        elif form == "wedge":
            sketch.plane(thick([along(x, y, near, angle), along(x, y, end, angle)], gap * 0.3, end=gap * 0.85), 1)
        elif form == "triangle":
            sketch.plane(thick([along(x, y, near, angle), along(x, y, end, angle)], gap * 0.9, end=0.3), 1)
        elif form == "wavy":
            sketch.plane(blade_outline(*along(x, y, near, angle), end - near, gap * 0.8, angle, "egg", bend), 1)
        else:
            sketch.plane(flame_outline(x, y - near, gap * 0.9, end - near, bend) if at % 2 == 0 else blade_outline(x,
                y - near, end - near, gap * 0.4, -90), 1)
            sketch.marks[-1] = ("plane", turned(sketch.marks[-1][1], angle + 90, (x, y)), 1)


def _core(sketch: Sketch, rng: random.Random, radius: float) -> None:
    core = rng.choice(("disc", "disc", "ring", "none", "spiral", "moon", "face-less"))
    if core == "ring":
        sketch.line([*ellipse(50, 50, radius), (50 + radius, 50)], rng.uniform(3, 7))
    elif core == "spiral":
        turns = rng.uniform(1.6, 2.6)
        spiral = [along(50, 50, radius * at / 40, 360 * turns * at / 40) for at in range(4, 41)]
        sketch.line(spiral, rng.uniform(3, 5))
    elif core != "none":
        sketch.plane(ellipse(50, 50, radius))
        if core == "moon":
            sketch.detail(ellipse(50, 50, radius * rng.uniform(0.4, 0.75)))


def sun(sketch: Sketch, rng: random.Random) -> None:
    count, radius = rng.choice((8, 8, 10, 12, 12, 16, 20, 24)), rng.uniform(12, 25)
    angles = [360 * at / count - 90 for at in range(count)]
    form = rng.choice(("line", "line", "band", "band", "wedge"))
    _core(sketch, rng, radius)
    _rays(sketch, rng, 50, 50, radius + rng.uniform(3, 8), rng.uniform(38, 46), angles, form)


def sun_pointed(sketch: Sketch, rng: random.Random) -> None:
    count, radius = rng.choice((8, 8, 10, 12, 16)), rng.uniform(15, 26)
    if rng.random() < 0.4:  # one star, with or without a ring in it
        inner = rng.uniform(0.6, 0.8)
        sketch.plane(star(50, 50, 45, count, inner))
        if rng.random() < 0.7:
            sketch.detail(ellipse(50, 50, 42 * inner - 2))
            if rng.random() < 0.8:
                sketch.plane(ellipse(50, 50, 42 * inner - rng.uniform(5, 10)), 1)
        return
    _core(sketch, rng, radius)
    angles = [360 * at / count - 90 for at in range(count)]
    _rays(sketch, rng, 50, 50, radius + rng.uniform(0, 6), rng.uniform(40, 46), angles, "triangle")


def sun_flaming(sketch: Sketch, rng: random.Random) -> None:
    count, radius = rng.choice((8, 8, 10, 12)), rng.uniform(16, 25)
    _core(sketch, rng, radius)
    angles = [360 * at / count - 90 for at in range(count)]
    _rays(sketch, rng, 50, 50, radius + rng.uniform(-1, 4), rng.uniform(40, 46), angles, rng.choice(("wavy", "flame")))


def half_sun(sketch: Sketch, rng: random.Random) -> None:
    count, radius, base = rng.choice((5, 7, 7, 9, 11)), rng.uniform(16, 28), rng.uniform(58, 70)
    form = rng.choice(("line", "line", "band", "wedge", "triangle"))
    core = rng.choice(("disc", "disc", "line", "rings"))
    if core == "disc":
        sketch.plane(arc(50, base, radius, None, 180, 360))
    else:
        sketch.line(arc(50, base, radius, None, 180, 360), rng.uniform(3, 6))
        if core == "rings":
            sketch.plane(arc(50, base, radius - 8, None, 180, 360))
    edge = rng.choice((0, 8, 15))
    angles = [180 + edge + (180 - 2 * edge) * at / (count - 1) for at in range(count)]
    _rays(sketch, rng, 50, base - 1, radius + rng.uniform(4, 8), rng.uniform(42, 48), angles, form)
    below = rng.choice(("none", "bar", "bars", "waves", "line"))
    for at in range({"none": 0, "bar": 1, "line": 1}.get(below, rng.choice((2, 3)))):
        y, half = base + 6 + at * 9, 44 - at * rng.choice((0, 8, 12))
        if below == "waves":
            sketch.line(wave_outline(50 - half, 50 + half, y + 2, 2.5, 22), 4)
        elif below == "line":
            sketch.line([(50 - half, y), (50 + half, y)], 3)
        else:
            sketch.plane(box(50 - half, y, 2 * half, 5, 2), 1)


def setting_sun(sketch: Sketch, rng: random.Random) -> None:
    """A disc in stripes that grow thinner, or sunk into waves or bars."""
    disc, stripes = ellipse(50, 50, 42, points=80), rng.choice((3, 4, 5))
    form, y = rng.choice(("stripes", "stripes", "waves", "even")), rng.uniform(42, 56)
    if form == "waves":
        sketch.plane(half_of(disc, (50, y), -90))
        for at in range(stripes):
            half = math.sqrt(max(60.0, 42**2 - (y + 8 + at * 9 - 50) ** 2))
            sketch.line(wave_outline(50 - half, 50 + half, y + 8 + at * 9, 2, 20, at / 3), 4)
        return
    top = half_of(disc, (50, y), -90)
    sketch.plane(top)
    room = 92 - y
    for at in range(stripes):
        upper = y + room * at / stripes + (2 + at * 1.4 if form == "stripes" else room / stripes * 0.45)
        lower = y + room * (at + 1) / stripes
        band = half_of(half_of(disc, (50, upper), 90), (50, lower), -90)
        if len(band) > 2 and lower - upper > 1:
            sketch.plane(band, 1)


def moon(sketch: Sketch, rng: random.Random) -> None:
    radius, other = rng.uniform(34, 43), rng.uniform(0.72, 0.98)
    away = radius * rng.uniform(1.06 - other, 0.62) if other > 0.6 else radius * 0.5
    turn = rng.choice((0, 0, -25, -35, -50, -90, 25))
    form = rng.choice(("plain", "plain", "disc", "line", "craters", "double"))
    shape = crescent_outline(50, 50, radius, radius * other, max(away, radius * (1.03 - other)), turn)
    if form == "line":
        sketch.line([*shape, shape[0]], rng.uniform(2.5, 5))
    elif form == "disc":
        sketch.plane(tile_outline(rng))
        sketch.detail(scaled(shape, 0.68))
    else:
        sketch.plane(shape)
    if form == "double":
        x, y = along(50, 50, radius * 0.45, turn)
        sketch.plane(crescent_outline(x, y, radius * 0.45, radius * 0.42, radius * 0.2, turn), 1)
    elif form == "craters":
        for degrees, size in ((180, 3.5), (150, 2.4), (215, 2.8)):
            sketch.detail(ellipse(*along(50, 50, radius * 0.8, turn + degrees), size * 0.8))


def moon_star(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, -25, -40, -90))
    radius = rng.uniform(34, 42)
    sketch.plane(crescent_outline(50, 50, radius, radius * rng.uniform(0.76, 0.88), radius * rng.uniform(0.28, 0.36),
        turn))
    for at in range(rng.choice((1, 1, 1, 2, 3))):
        x, y = along(50, 50, radius * (0.42 + 0.45 * at), turn + (-38 if at == 1 else 30 if at == 2 else 0))
        size = rng.uniform(11, 15) if at == 0 else rng.uniform(5, 7)
        sketch.plane(star(x, y, size, rng.choice((5, 5, 5, 4)), rng.uniform(0.36, 0.5)), 1)


def ringed_planet(sketch: Sketch, rng: random.Random) -> None:
    radius, tilt, flat = rng.uniform(20, 29), rng.choice((-25, -18, -30, 20, 0)), rng.uniform(7, 14)
    form = rng.choice(("front", "front", "halves", "bands", "double", "line"))
    width, disc = rng.uniform(3, 6), ellipse(50, 50, radius)
    if form == "halves":
        for side in (-1, 1):
            through = along(50, 50, side * (width / 2 + 3), 90 + tilt)
            sketch.plane(half_of(disc, through, 90 + tilt if side > 0 else tilt - 90), side > 0)
        sketch.plane(turned(blade_outline(5, 50, 90, width + 2, 0), tilt), 2)
        return
    if form == "line":
        sketch.line([*disc, disc[0]], width)
    else:
        sketch.plane(disc)
    for across in (45, 37) if form == "double" else (45,):
        whole = [turned([p], tilt)[0] for p in arc(50, 50, across, flat * across / 45, 0, 360, 120)]
        near = [p for p in whole[:61] if math.dist(p, (50, 50)) < radius - 1]
        back = [p for p in whole[60:] if math.dist(p, (50, 50)) > radius + width / 2 + 1]
        split = next((at for at in range(1, len(back)) if math.dist(back[at], back[at - 1]) > 8), len(back))
        if form != "line":
            sketch.detail(thick(near, width + 5))
        sketch.line(back[split:] + whole[:61] + back[:split], width)
    if form == "bands":
        for y in (50 - radius * 0.62, 50 - radius * 0.35):
            sketch.score(turned([(50 - radius * 0.4, y), (50 + radius * 0.3, y)], tilt), 3)


def globe(sketch: Sketch, rng: random.Random) -> None:
    columns, rows = rng.choice((3, 4, 4, 5, 6)), rng.choice((3, 4, 4, 5, 6))
    form, tilt, width = (rng.choice(("lines", "lines", "cells", "cells", "slices", "bands")), rng.choice((0, 0, -20,
        24)), rng.uniform(2, 5))
    spin = rng.choice((0.0, 0.0, 0.3, 0.5))

    def at(lon: float, lat: float) -> Point:
        x, y = 42 * math.cos(math.radians(lat)) * math.sin(math.radians(lon)), 42 * math.sin(math.radians(lat))
        return turned([(50 + x, 50 + y)], tilt)[0]

    longs = [-90 + 180 * (each + spin) / columns for each in range(columns + (spin == 0))]
    lats = [-90 + 180 * each / rows for each in range(rows + 1)]
    if form == "lines":
        sketch.line([*ellipse(50, 50, 42), (92, 50)], width)
        for lon in longs:
            if abs(lon) < 89:
                sketch.line([at(lon, lat) for lat in range(-90, 91, 6)], width)
        for lat in lats[1:-1]:
            sketch.line([at(-90, lat), at(90, lat)], width)
        return
    edges = sorted({-90.0, *longs, 90.0}) if form != "bands" else [-90.0, 90.0]
    steps = lats if form != "slices" else [-90.0, 90.0]
    for low, high in pairwise(steps):
        for left, right in pairwise(edges):
            down = [low + (high - low) * each / 10 for each in range(11)]
            cell = [at(left, lat) for lat in down] + [at(right, lat) for lat in down[::-1]]
            x, y = sum(p[0] for p in cell) / len(cell), sum(p[1] for p in cell) / len(cell)
            spread = max(abs(p[0] - x) for p in cell), max(abs(p[1] - y) for p in cell)
            shrink = [max(0.3, 1 - width * 0.5 / max(1.0, each)) for each in spread]
            sketch.plane(scaled(cell, shrink[0], shrink[1], (x, y)), (edges.index(left) + steps.index(low)) % 2)


def comet(sketch: Sketch, rng: random.Random) -> None:
    form, count = rng.choice(("lines", "lines", "flame", "tapers", "star-tail", "arc")), rng.choice((2, 3, 3, 4))
    x, y, size = 70.0, 32.0, rng.uniform(15, 22)
    starry = form == "star-tail" or rng.random() < 0.55
    head = (star(x, y, size, rng.choice((5, 5, 4)), rng.uniform(0.36, 0.5), rng.choice((-90, -70,
        -45))) if starry else ellipse(x, y, size * 0.7))
    if form in ("lines", "tapers"):
        for at in range(count):
            off = (at - (count - 1) / 2) * size * 1.5 / count
            begin = (x - size * 0.9 + off * 0.7, y + size * 0.9 + off * 0.7)
            long = rng.uniform(20, 46) if at != count // 2 else 46
            end = (begin[0] - long, begin[1] + long)
            if form == "lines":
                sketch.line([begin, end], rng.uniform(3, 5))
            else:
                sketch.plane(thick([begin, end], size * 1.1 / count, end=0.5), 1)
    elif form == "flame":
        bend = rng.choice((-10, 0, 12))
        sketch.plane(
            sharp_outline((36, 40 + bend, 56, 20), (76, 14, 88, 24, 86, 42, 78, 50), (54, 66 + bend, 6, 94))
            if not starry
            else sharp_outline((40, 50 + bend, x - size * 0.9, y), (x, y + size * 0.9), (44, 68 + bend, 6, 94)),
            1,
        )
        if not starry:
            sketch.detail(ellipse(70, 33, 10))
            sketch.plane(ellipse(70, 33, 6))
            return
    else:
        for at in range(1 if form == "star-tail" else count):
            tail = arc(x - 52 + at * 9, y - 2 + at * 2, 48, 52, 18, 100)
            sketch.plane(thick(tail, 12 if form == "star-tail" else 5, end=0.5), 1)
    sketch.plane(head)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "sun": (sun, "1.3.2 1.3.15", "tilt"),
    "sun-pointed": (sun_pointed, "1.3.2 1.3.17", "tilt"),
    "sun-flaming": (sun_flaming, "1.3.2 1.3.16", "tilt mirror"),
    "half-sun": (half_sun, "1.3.1 1.3.2", ""),
    "setting-sun": (setting_sun, "1.3.1 1.3.2", ""),
    "moon": (moon, "1.7.6", "mirror tilt"),
    "moon-star": (moon_star, "1.7.6 1.7.12", "mirror tilt"),
    "ringed-planet": (ringed_planet, "1.5.24", "mirror tilt"),
    "globe": (globe, "1.5.1 1.5.2", "mirror tilt"),
    "comet": (comet, "1.1.15", "mirror tilt"),
}
