"""Gears, fans, electrical things and computers."""

# fmt: off

import random

from schematic.facets import tile
from schematic.geometry import (
    Points,
    along,
    arc,
    box,
    curve,
    ellipse,
    polygon,
    regular,
    ring,
    scaled,
    smoothed,
    thick,
    turned,
)
from schematic.sketch import Kind, Sketch


def _cog(rng: random.Random, x: float, y: float, radius: float, teeth: int, turn: float = 0) -> Points:
    depth, root, tip = rng.uniform(0.12, 0.3), rng.uniform(0.26, 0.34), rng.uniform(0.06, 0.25)
    step = 360 / teeth
    points: Points = []
    for at in range(teeth):
        for share, out in ((-root, 1 - depth), (-tip, 1), (tip, 1), (root, 1 - depth)):
            points.append(along(x, y, radius * out, turn + step * (at + share)))
    return smoothed(smoothed(points)) if rng.random() < 0.25 else points


def _letter(rng: random.Random, x: float, y: float, size: float) -> list[Points]:
    lines = rng.choice(
        (
            [polygon(-0.6, -1, -0.6, 1, 0.6, 1)],
            [polygon(-0.8, -1, 0.8, -1), polygon(0, -1, 0, 1)],
            [polygon(-0.8, 1, 0, -1, 0.8, 1)],
            [polygon(-0.7, 1, -0.7, -1, 0.7, 1, 0.7, -1)],
            [polygon(-0.7, -1, 0.7, -1, -0.7, 1, 0.7, 1)],
            [polygon(-0.6, -1, -0.6, 1), polygon(0.7, -1, -0.5, 0, 0.7, 1)],
            [polygon(0.6, -1, -0.6, -1, -0.6, 1, 0.6, 1), polygon(-0.6, 0, 0.4, 0)],
            [arc(0, 0, 0.9, 0.95, 45, 315)],
            [[*arc(0, 0, 0.9, 0.95, -45, -360), (0.1, 0)]],
            [curve(0.6, -0.7, 0, -1, -0.6, -0.55, 0, 0, 0.6, 0.55, 0, 1, -0.6, 0.7, closed=False)],
            [polygon(-0.8, -1, 0, 1, 0.8, -1)],
            [[(-0.7, -1), *arc(0, 0.3, 0.7, 0.7, 180, 0), (0.7, -1)]],
            [[(-0.5, 1), (-0.5, -1), *arc(0, -0.45, 0.65, 0.55, -80, 80), (-0.5, 0.1)]],
        )
    )
    return [[(x + a * size, y + b * size) for a, b in line] for line in lines]


def gear(sketch: Sketch, rng: random.Random) -> None:
    teeth = rng.choice((6, 7, 8, 8, 9, 10, 12, 16, 20))
    wheel = _cog(rng, 50, 50, 44, teeth, rng.choice((0, -90, 180 / teeth)))
    hole = rng.uniform(0.16, 0.6) * 44 * 0.7
    form = rng.choice(("hole", "hole", "ring", "six", "tile", "lines"))
    if form == "tile":
        sketch.plane(tile(rng))
        sketch.detail(scaled(wheel, 0.7))
        sketch.plane(ellipse(50, 50, hole * 0.7), 1)
        return
    if form == "lines":
        for at in range(teeth):
            turn = 360 * at / teeth
            sketch.line([along(50, 50, 31, turn), along(50, 50, 42, turn)], min(10, 70 / teeth))
        sketch.plane(ring(50, 50, 27, rng.uniform(6, 18)))
        return
    sketch.plane(wheel)
    sketch.detail(regular(50, 50, hole, 6) if form == "six" else ellipse(50, 50, hole))
    if form == "ring":
        sketch.plane(ellipse(50, 50, hole * rng.uniform(0.4, 0.65)), 1)


def gear_letter(sketch: Sketch, rng: random.Random) -> None:
    teeth = rng.choice((7, 8, 9, 10, 12, 14))
    sketch.plane(_cog(rng, 50, 50, 45, teeth, rng.choice((0, -90, 180 / teeth))))
    strokes = _letter(rng, 50, 50, rng.uniform(12, 16))
    form = rng.choice(("hole", "disc", "own"))
    width = rng.uniform(4, 8)
    if form == "disc":
        sketch.detail(ellipse(50, 50, 25))
        for stroke in strokes:
            sketch.plane(thick(stroke, width), 1)
        return
    if form == "own":
        sketch.detail(ring(50, 50, 25, 3))
    for stroke in strokes:
        sketch.score(stroke, width)


def gear_with_spokes(sketch: Sketch, rng: random.Random) -> None:
    teeth, spokes = rng.choice((8, 10, 12, 16, 18)), rng.choice((3, 4, 5, 6))
    sketch.plane(_cog(rng, 50, 50, 45, teeth))
    near, far, wide = rng.uniform(8, 13), rng.uniform(23, 27), rng.uniform(5, 16)
    for at in range(spokes):
        turn, step = 360 * at / spokes, 360 / spokes
        outer = arc(50, 50, far, None, turn + wide / 2, turn + step - wide / 2, 9)
        sketch.detail(outer + arc(50, 50, near, None, turn + step - wide, turn + wide, 5))
    if rng.random() < 0.5:
        sketch.detail(ellipse(50, 50, near * 0.45))


def gears(sketch: Sketch, rng: random.Random) -> None:
    places: tuple[tuple[int, int, int], ...]
    places = rng.choice((((34, 62, 29), (72, 30, 20)), ((30, 50, 24), (71, 50, 24)), ((34, 36, 27), (70, 70, 22))))
    if rng.random() < 0.35:
        places = ((32, 36, 23), (72, 42, 18), (50, 76, 20))
    for at, (x, y, radius) in enumerate(places):
        sketch.plane(_cog(rng, x, y, radius, rng.choice((8, 9, 10)), rng.uniform(0, 40)), at)
        sketch.detail(ellipse(x, y, radius * rng.uniform(0.25, 0.5)))


def half_gear(sketch: Sketch, rng: random.Random) -> None:
    teeth = rng.choice((8, 10, 12, 16))
    side = rng.choice((0, 180, 90, -90))
    x, y = {0: (28, 50), 180: (72, 50), 90: (50, 26), -90: (50, 74)}[side]
    inner, outer = rng.uniform(10, 24), rng.uniform(38, 45)
    turn = side - 90
    points = arc(x, y, inner, None, turn + 180, turn)
    step = 180 / (teeth // 2)
    for at in range(teeth // 2):
        for share, out in ((0, 0.8), (0.22, 0.8), (0.3, 1), (0.7, 1), (0.78, 0.8), (1, 0.8)):
            points.append(along(x, y, outer * out, turn + step * (at + share)))
    sketch.plane(points)
    rest = rng.choice(("none", "half", "strokes", "disc"))
    if rest == "half":
        sketch.plane(ring(x, y, outer * 0.75, 5, turn + 190, turn + 350), 1)
    elif rest == "strokes":
        for at in range(4):
            start = along(x, y, inner + 6, turn + 205 + at * 43)
            sketch.line([start, along(x, y, outer * 0.85, turn + 205 + at * 43)], 4)
    elif rest == "disc":
        sketch.plane(ellipse(x, y, inner * 0.6), 1)


def _blades(rng: random.Random, x: float, y: float, radius: float, count: int) -> list[Points]:
    form = rng.choice(("petal", "comma", "sector", "slim", "sickle"))
    blade = {
        "petal": curve(0.1, 0, 0.35, -0.22, 0.8, -0.28, 1, -0.02, 0.8, 0.2, 0.4, 0.12),
        "comma": curve(0.08, 0.03, 0.3, -0.3, 0.7, -0.5, 1, -0.3, 0.95, 0.05, 0.6, -0.05, 0.3, 0.1),
        "sector": [along(0, 0, 0.15, 0), *arc(0, 0, 1, None, -20, 26, 9)],
        "slim": polygon(0.08, -0.05, 0.3, -0.13, 1, 0, 0.3, 0.07),
        "sickle": [*arc(0.5, 0, 0.5, 0.48, 180, 360, 12), *arc(0.55, 0, 0.42, 0.2, 0, -180, 12)],
    }[form]
    start = rng.choice((-90, 0, rng.uniform(0, 90)))
    placed = [(x + a * radius, y + b * radius) for a, b in blade]
    return [turned(placed, start + 360 * at / count, (x, y)) for at in range(count)]


def propeller(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("free", "free", "hub", "ring", "tile", "frame"))
    size = {"ring": 33.0, "tile": 34.0, "frame": 34.0}.get(form, 45.0)
    blades = _blades(rng, 50, 50, size, rng.choice((3, 3, 4, 4, 5)))
    if form == "tile":
        sketch.plane(tile(rng))
        for blade in blades:
            sketch.detail(scaled(blade, 0.95))
        return
    if form == "ring":
        sketch.plane(ring(50, 50, 41, rng.uniform(4, 8)), 1)
    elif form == "frame":
        sketch.plane(box(8, 8, 84, 84, 10), 1)
        sketch.detail(ellipse(50, 50, 38))
    for at, blade in enumerate(blades):
        sketch.plane(blade, at % 2 if len(blades) == 4 else 0)
    if form in ("hub", "ring", "frame"):
        sketch.plane(ellipse(50, 50, rng.uniform(6, 11)), 1)
        if rng.random() < 0.5:
            sketch.detail(ellipse(50, 50, 3.5))


def table_fan(sketch: Sketch, rng: random.Random) -> None:
    radius = rng.uniform(26, 32)
    sketch.plane(ring(50, 38, radius, rng.uniform(3, 6)))
    for blade in _blades(rng, 50, 38, radius * 0.8, rng.choice((3, 4))):
        sketch.plane(blade, 1)
    sketch.line([(50, 38 + radius), (50, 88)], rng.uniform(4, 8))
    sketch.plane(rng.choice((box(32, 86, 36, 7, 3), curve(28, 92, 50, 80, 72, 92, 50, 93))))


def wind_turbine(sketch: Sketch, rng: random.Random) -> None:
    y, length, turn = rng.uniform(34, 42), rng.uniform(28, 36), rng.uniform(0, 120)
    wide, blade = rng.uniform(4, 9), rng.choice((0, 1))
    for at in range(3):
        end = polygon(52, y, 50 + length * 0.3, y - wide, 50 + length, y, 52, y + 1)
        slim = thick([(53, y), (50 + length, y)], wide, end=1.5)
        sketch.plane(turned(slim if blade else end, turn + 120 * at, (50, y)))
    sketch.plane(polygon(48.5, y + 5, 51.5, y + 5, 53 + rng.uniform(0, 2), 94, 47, 94), 1)
    sketch.plane(ellipse(50, y, rng.uniform(3, 5)), 1)
    ground = rng.choice(("none", "hill", "tile"))
    if ground == "hill":
        sketch.plane(curve(10, 97, 30, 88, 60, 90, 90, 97), 2)
    elif ground == "tile":
        sketch.line(arc(50, 50, 46, None, rng.uniform(90, 120), 420), 3)


def electric_plug(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("round", "box", "trapezium", "half", "flat"))
    width = rng.uniform(40, 60)
    left, top = 50 - width / 2, rng.uniform(34, 42)
    body = {
        "round": [(left, top), (left + width, top), *arc(50, top + 14, width / 2, 30, 0, 180)],
        "box": box(left, top, width, 36, 8),
        "trapezium": polygon(left, top, left + width, top, 62, top + 36, 38, top + 36),
        "half": arc(50, top, width / 2, width / 2, 0, 180),
        "flat": box(left + 6, top, width - 12, 40, 3),
    }[form]
    sketch.plane(body)
    if form in ("trapezium", "flat"):
        sketch.plane(box(left - 3, top - 3, width + 6, 7, 2), 1)
    thickness = rng.uniform(5, 9)
    for x in (50 - width * 0.22, 50 + width * 0.22):
        sketch.plane(box(x - thickness / 2, top - 22, thickness, 20, rng.choice((0, 3))), 1)
    bottom = top + 36
    cord = rng.choice(("down", "side", "wave"))
    if cord == "down":
        sketch.line([(50, bottom), (50, 94)], 6)
    elif cord == "side":
        sketch.line([(50, bottom), *arc(62, bottom + 4, 12, 12, 180, 90, 8), (92, bottom + 16)], 5)
    else:
        sketch.line(curve(50, bottom, 50, bottom + 10, 64, bottom + 14, 80, bottom + 2, 92, bottom, closed=False), 5)
    if rng.random() < 0.3:
        y = top + 8
        sketch.detail(polygon(53, y, 43, y + 12, 50, y + 12, 47, y + 21, 57, y + 9, 50, y + 9))


def monitor(sketch: Sketch, rng: random.Random) -> None:
    top, bottom, corner = rng.uniform(12, 20), rng.uniform(64, 72), rng.choice((0, 4, 8))
    form = rng.choice(("thin", "chin", "lines", "full"))
    if form == "lines":
        screen = box(10, top, 80, bottom - top, corner)
        sketch.line([*screen, screen[0]], 5)
    else:
        sketch.plane(box(8, top, 84, bottom - top, corner))
        chin = 12 if form == "chin" else 5
        if form != "full":
            sketch.detail(box(13, top + 5, 74, bottom - top - 5 - chin, corner / 2))
        if form == "chin":
            sketch.detail(ellipse(50, bottom - 6, 2.5))
        elif form == "full":
            sketch.detail(rng.choice((polygon(42, 30, 60, 41, 42, 52), box(16, bottom - 12, 68, 3))))
    foot = rng.choice(("trapezium", "stem", "legs"))
    if foot == "trapezium":
        sketch.plane(polygon(42, bottom, 58, bottom, 63, 88, 37, 88), 1)
    elif foot == "stem":
        sketch.plane(box(46, bottom, 8, 18), 1)
        sketch.plane(box(30, 84, 40, 6, 3), 1)
    else:
        sketch.line([(40, bottom + 3), (32, 90)], 5)
        sketch.line([(60, bottom + 3), (68, 90)], 5)


def laptop(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "side", "perspective", "lines"))
    if form == "side":
        sketch.plane(turned(box(20, 20, 7, 56, 3), rng.uniform(-28, -8), (22, 76)))
        sketch.plane(box(20, 74, 70, 8, 3), 1)
        return
    if form == "perspective":
        slope = rng.uniform(8, 18)
        sketch.plane(polygon(18, 20, 70, 20 - slope / 2, 74, 58, 22, 62))
        sketch.detail(polygon(23, 25, 66, 25 - slope / 2, 69, 54, 27, 57))
        sketch.plane(polygon(22, 64, 74, 60, 92, 78, 36, 84), 1)
        return
    top, corner = rng.uniform(18, 28), rng.choice((0, 4, 7))
    if form == "lines":
        sketch.line([(18, 70), (18, top + 4), (22, top), (78, top), (82, top + 4), (82, 70)], 5)
        sketch.line([(8, 78), (92, 78)], 6)
        return
    sketch.plane(box(17, top, 66, 72 - top, corner))
    sketch.detail(box(23, top + 6, 54, 72 - top - rng.choice((6, 12)), corner / 2))
    base = rng.choice(("trapezium", "bar", "deep"))
    if base == "bar":
        sketch.plane(box(6, 74, 88, 8, 4), 1)
    else:
        sketch.plane(polygon(16, 74, 84, 74, 96, 82 if base == "trapezium" else 92, 4, 82 if base != "deep" else 92), 1)
        if base == "deep":
            sketch.detail(polygon(40, 85, 60, 85, 62, 90, 38, 90))


def computer_mouse(sketch: Sketch, rng: random.Random) -> None:
    width, top = rng.uniform(19, 27), rng.uniform(10, 28)
    egg = curve(50, top, 50 + width * 0.8, top + 12, 50 + width, 58, 50, 92, 50 - width, 58, 50 - width * 0.8, top + 12)
    sketch.plane(rng.choice((egg, box(50 - width, top, 2 * width, 92 - top, width))))
    form = rng.choice(("wheel", "buttons", "line"))
    if form in ("wheel", "buttons"):
        sketch.detail(box(47, top + 10, 6, 15, 3))
    if form == "buttons":
        sketch.score([(50 - width * 0.9, 48), (50 + width * 0.9, 48)], 3)
    if form == "line":
        sketch.score([(50, top + 3), (50, 46)], 3)
        sketch.score([(50 - width * 0.9, 48), (50 + width * 0.9, 48)], 3)
    if rng.random() < 0.5:
        sketch.line(curve(50, top, 51, top - 8, 62, 8, 80, 12, closed=False), 4)


def chip(sketch: Sketch, rng: random.Random) -> None:
    size, pins = rng.uniform(25, 32), rng.choice((2, 3, 4, 5))
    width = rng.uniform(3, 6)
    sides = rng.choice(("four", "four", "two"))
    for at in range(pins):
        place = 50 - size + 2 * size * (at + 0.5) / pins
        for side in (-1, 1):
            sketch.line([(place, 50 + side * size), (place, 50 + side * 44)], width)
            if sides == "four":
                sketch.line([(50 + side * size, place), (50 + side * 44, place)], width)
    body = box(50 - size, 50 - size, 2 * size, 2 * size, rng.choice((0, 4, 8)))
    core = rng.choice(("none", "square", "ring", "dot", "letter"))
    sketch.plane(body)
    inner = size * rng.uniform(0.4, 0.65)
    if core in ("square", "ring"):
        sketch.detail(box(50 - inner, 50 - inner, 2 * inner, 2 * inner, 2))
    if core == "ring":
        sketch.plane(box(50 - inner * 0.6, 50 - inner * 0.6, inner * 1.2, inner * 1.2, 1), 1)
    elif core == "dot":
        sketch.detail(ellipse(50 - size * 0.55, 50 - size * 0.55, 4))
    elif core == "letter":
        for stroke in _letter(rng, 50, 50, size * 0.45):
            sketch.score(stroke, 5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "gear": (gear, "15.7.1 15.7.18", "tilt"),
    "gear-letter": (gear_letter, "15.7.1", ""),
    "gear-with-spokes": (gear_with_spokes, "15.7.1 15.7.4", "tilt"),
    "gears": (gears, "15.7.1 15.7.15", "mirror tilt"),
    "half-gear": (half_gear, "15.7.1", "mirror"),
    "propeller": (propeller, "15.1.13", "mirror tilt"),
    "table-fan": (table_fan, "15.1.13", "mirror"),
    "wind-turbine": (wind_turbine, "15.1.13", "mirror"),
    "electric-plug": (electric_plug, "14.1.10 15.9.1 15.9.10", "mirror tilt"),
    "monitor": (monitor, "16.1.6", ""),
    "laptop": (laptop, "16.1.6", "mirror"),
    "computer-mouse": (computer_mouse, "16.1.7", "mirror tilt"),
    "chip": (chip, "15.9.1 15.9.18", ""),
}
