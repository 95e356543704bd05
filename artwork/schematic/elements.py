"""Flames, drops, snowflakes and atoms."""

# fmt: off

import math
import random
from collections.abc import Sequence

from schematic.geometry import (
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    moved,
    polygon,
    regular,
    scaled,
    star,
    thick,
    turned,
)
from schematic.outlines import (
    blade_outline,
    crescent_outline,
    drop_outline,
    flame_outline,
    sharp_outline,
    show_planes,
    wave_outline,
)
from schematic.sketch import Kind, Sketch


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


def splash(sketch: Sketch, rng: random.Random) -> None:
    form, count = rng.choice(("crown", "crown", "blot", "fan", "burst", "milk")), rng.choice((3, 5, 5, 7))
    if form == "crown":
        tips = [(16 + 68 * at / (count - 1), 26 + 18 * rng.random() + 12 * (at % 2)) for at in range(count)]
        runs: list[Sequence[float]] = []
        for at, (x, y) in enumerate(tips):
            between = (x + 34 / (count - 1), 64) if at < count - 1 else (80, 84)
            runs += [(x - 1, y + 14, x, y), (x + 2, y + 14, *between)]
        sketch.plane(sharp_outline(*runs, (50, 94, 20, 84)))
        for x, y in tips[:: rng.choice((1, 2))]:
            sketch.plane(ellipse(x + rng.uniform(-3, 3), y - rng.uniform(8, 14), rng.uniform(2.5, 4.5)), 1)
    elif form in ("fan", "burst"):
        start, span = (200, 140) if form == "fan" else (-90, 360)
        many = count if form == "fan" else count + 3
        for at in range(many):
            angle = start + span * at / (many - (form == "fan"))
            x, y = 50.0, 76.0 if form == "fan" else 50.0
            near, far = (20, 42 + 10 * (at % 2)) if form == "fan" else (14, 32 + 9 * (at % 2))
            sketch.plane(turned(drop_outline(x, y - far, 5 + 2 * (at % 2), far - near), angle + 90, (x, y)), at % 2)
        if form == "fan":
            sketch.plane(arc(50, 84, 26, 12, 180, 360) if rng.random() < 0.5 else ellipse(50, 84, 30, 8), 2)
    elif form == "blot":
        arms = rng.choice((8, 9, 11))
        knots: list[float] = []
        for at in range(arms):
            distance, facing = rng.uniform(30, 45), 360 * at / arms
            for reach, turn in ((distance * 0.8, -5), (distance, 0), (distance * 0.8, 5), (rng.uniform(17, 23),
                180 / arms)):
                knots += along(50, 50, reach, facing + turn)
        sketch.plane(curve(*knots, points=4))
        for _ in range(rng.choice((1, 2, 3))):
            sketch.plane(ellipse(*along(50, 50, 46, rng.uniform(0, 360)), rng.uniform(2, 4)), 1)
    else:
        sketch.plane(sharp_outline((22, 62, 6, 34), (24, 50, 36, 52), (36, 30, 30, 8), (46, 28, 50, 48), (60,
            38, 66, 14), (68, 36, 66, 54), (80, 50, 94, 36), (88, 66, 74, 82, 50, 88, 26, 82)))
        for x, y in ((46, 12), (80, 24), (14, 22)):
            sketch.plane(drop_outline(x, y, 4, 8), 1)


def flame(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("single", "single", "inner", "inner", "two", "two", "three", "drop", "planes",
        "tongues", "line", "tile", "swirl", "fork", "small"))
    wide, high, lean = rng.uniform(46, 64), rng.uniform(74, 86), rng.choice((-1, 1)) * rng.uniform(2, 16)
    one = flame_outline(50, 92, wide, high, lean)
    two = sharp_outline((40, 22, 36, 42), (28, 36, 28, 24), (14, 46, 16, 76, 34, 92, 52, 94, 72, 90, 84, 70, 80, 50, 72,
        40), (70, 50, 64, 52), (66, 28, 50, 6))
    three = sharp_outline((60, 22, 60, 44), (70, 38, 72, 24), (88, 50, 84, 78, 66, 92, 50, 94, 34, 92, 16, 78, 14, 54,
        30, 28), (30, 40, 38, 48), (34, 26, 54, 6))
    if form == "single":
        sketch.plane(one)
    elif form == "inner":
        sketch.plane(rng.choice((one, two, three)))
        sketch.detail(rng.choice((flame_outline(50, 86, wide * 0.44, high * 0.42, -lean * 0.4), drop_outline(50, 74, 11,
            rng.uniform(22, 30)))))
    elif form in ("two", "three"):
        sketch.plane(two if form == "two" else three)
    elif form == "drop":
        sketch.plane(drop_outline(50, 60, 32, 52))
        sketch.detail(scaled(rng.choice((one, two)), 0.48, None, (50, 80)))
    elif form == "planes":
        tip, side = rng.uniform(40, 60), rng.uniform(18, 28)
        sketch.plane(polygon(tip, 6, 72, 48, 50, 66, 34, 40))
        sketch.plane(polygon(34, 40, 50, 66, 44, 94, side, 74), 1)
        sketch.plane(polygon(72, 48, 50, 66, 44, 94, 70, 84, 80, 64), 2)
        if rng.random() < 0.5:
            sketch.plane(polygon(76, 30, 88, 62, 80, 62, 73, 46), 1)
    elif form == "tongues":
        for at, (x, tall) in enumerate(((50, 1.0), (28, 0.62), (72, 0.7))[: rng.choice((2, 3, 3))]):
            sketch.plane(flame_outline(x, 90 - abs(x - 50) * 0.1, 24, high * tall, lean * 0.7), at)
    elif form == "line":
        shape = rng.choice((one, two, three))
        sketch.line([*shape, shape[0]] if rng.random() < 0.6 else shape[8:], rng.uniform(3, 7))
    elif form == "tile":
        show_planes(sketch, rng, [(rng.choice((one, two, three)), 0)], 1)
    elif form == "swirl":
        sketch.plane(sharp_outline((30, 34, 18, 60, 30, 86, 52, 94), (40, 80, 44, 62, 58, 46, 62, 30, 54, 6)))
        sketch.plane(sharp_outline((56, 62, 50, 76, 58, 92), (76, 86, 82, 66, 78, 50, 70, 38)), 1)
    elif form == "fork":
        sketch.plane(sharp_outline((66, 24, 62, 50), (74, 46, 76, 34), (90, 60, 78, 84, 58, 94), (66, 82, 56,
            66), (46, 76, 42, 94), (22, 86, 14, 64, 26, 42), (30, 54, 40, 54), (36, 28, 54, 4)))
    else:
        sketch.plane(scaled(one, 0.62, 0.62, (50, 20)))
        sketch.plane(rng.choice((box(26, 76, 48, 9, 4), polygon(20, 72, 80, 72, 68, 92, 32, 92), arc(50, 70, 34, 20, 0,
            180))), 1)


def atom(sketch: Sketch, rng: random.Random) -> None:
    count, flat = rng.choice((2, 3, 3, 3, 4)), rng.uniform(12, 20)
    width, start = rng.choice((1.2, 1.8, 2.5, 4, 6)), rng.choice((0, 0, 30, 90, 45))
    nucleus = rng.choice(("ball", "ball", "ball", "ring", "cluster", "none"))
    moving, gaps = rng.choice((0, 1, 1, 2)), rng.random() < 0.2
    for at in range(count):
        tilt = start + 180 * at / count
        orbit = turned(arc(50, 50, 44, flat, 20 if gaps else 0, 340 if gaps else 360, 60), tilt)
        sketch.line(orbit, width)
        place = rng.uniform(0, 360) if rng.random() < 0.5 else 300
        for each in range(moving):
            angle = math.radians(place + 180 * each)
            spot = turned([(50 + 44 * math.cos(angle), 50 + flat * math.sin(angle))], tilt)[0]
            sketch.plane(ellipse(*spot, rng.uniform(3, 5) + width * 0.3), 1)
    if nucleus == "ball":
        sketch.plane(ellipse(50, 50, rng.uniform(5, 9)))
    elif nucleus == "ring":
        sketch.line([*ellipse(50, 50, 7), (57, 50)], max(2.0, width))
    elif nucleus == "cluster":
        for at in range(3):
            sketch.plane(ellipse(*along(50, 50, 4.6, 120 * at - 90), 4.2), at)


def snowflake(sketch: Sketch, rng: random.Random) -> None:
    form, width = rng.choice(("lines", "lines", "lines", "kites", "dots", "arrows", "plates")), rng.uniform(2, 6)
    twigs = [(rng.uniform(0.4, 0.55), rng.uniform(9, 14)), (rng.uniform(0.68, 0.82), rng.uniform(6,
        12))][: rng.choice((1, 2, 2))]
    hub = rng.choice(("none", "six", "ring", "star"))
    reach = rng.uniform(40, 46)
    for at in range(6):
        angle = 60 * at - 90
        if form in ("kites", "plates"):
            sketch.plane(blade_outline(*along(50, 50, 5, angle), reach - 5, rng.uniform(13, 13.2), angle,
                "kite" if form == "kites" else "lens"))
            if form == "plates":
                sketch.plane(regular(*along(50, 50, 30, angle + 30), 7, 4, angle + 30), 1)
            else:
                sketch.plane(blade_outline(*along(50, 50, 16, angle + 30), 18, 8, angle + 30, "kite"), 1)
            continue
        sketch.line([(50, 50), along(50, 50, reach, angle)], width)
        for share, long in twigs:
            fork = along(50, 50, reach * share, angle)
            for side in (-50, 50):
                sketch.line([fork, along(*fork, long, angle + side)], width)
        if form == "dots":
            sketch.plane(ellipse(*along(50, 50, reach, angle), width * 0.6 + 2), 1)
        elif form == "arrows":
            sketch.plane(turned(regular(50, 50 - reach, 6, 3), angle + 90), 1)
    if hub == "six" and form not in ("kites", "plates"):
        six = regular(50, 50, 14, 6)
        sketch.line([*six, six[0]], width)
    elif hub == "star":
        sketch.plane(star(50, 50, 15, 6, 0.58), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "drop": (drop, "1.15.15", "mirror tilt"),
    "splash": (splash, "1.15.15", "mirror tilt"),
    "flame": (flame, "1.15.5", "mirror tilt"),
    "atom": (atom, "1.13.1 1.13.10 1.13.15", "mirror tilt"),
    "snowflake": (snowflake, "1.15.17", "tilt"),
}
