"""Fish, whales, shells and what else lives in the sea."""

# fmt: off

import math
import random

from schematic.geometry import Points, along, arc, curve, ellipse, polygon, thick, turned
from schematic.outlines import cut_eyes, draw_both, draw_planes, soft_outline, symmetric_outline
from schematic.sketch import Kind, Sketch


def fish(sketch: Sketch, rng: random.Random) -> None:
    way, high, tail = rng.randrange(8), rng.uniform(14, 26), rng.uniform(14, 24)
    body = [*arc(58, 50 + high * 0.7, 40, high * 1.7, 200, 340, 20), *arc(58, 50 - high * 0.7, 40, high * 1.7, 20, 160,
        20)]
    if way in {0, 1}:
        sketch.plane(body)
        sketch.plane(polygon(24, 50, 6, 50 - tail, 12, 50, 6, 50 + tail) if way else curve(26, 50, 6, 50 - tail, 12, 50,
            6, 50 + tail), 1)
        sketch.detail(ellipse(80, 46, 3.2))
        sketch.score(arc(64, 50, 8, high * 0.7, -60, 60, 10), 3)
        if rng.random() < 0.5:
            sketch.plane(polygon(46, 50 - high * 0.8, 56, 50 - high - 14, 68, 50 - high * 0.7), 2)
    elif way == 2:  # two arcs crossing
        for side in (-1, 1):
            sketch.line(curve(94, 50, 70, 50 + side * high, 40, 50 + side * high * 0.7, 6, 50 - side * tail,
                closed=False), rng.uniform(4, 8))
        if rng.random() < 0.5:
            sketch.plane(ellipse(78, 47, 3))
    elif way == 3:  # triangles
        draw_planes(sketch, rng, polygon(62, 50 - high, 94, 50, 62, 50 + high), polygon(58, 50 - high, 58, 50 + high,
            30, 50), polygon(27, 50, 6, 50 - tail, 6, 50 + tail))
    elif way == 4:  # leaping
        sketch.plane(curve(86, 28, 90, 42, 74, 64, 44, 74, 26, 84, 22, 96, 14, 82, 4, 70, 20, 70, 36, 54, 52, 34, 70,
            24))
        sketch.plane(polygon(44, 40, 46, 20, 62, 26), 1)
        sketch.detail(ellipse(78, 37, 2.6))
        sketch.score(arc(64, 48, 12, 16, -70, 40, 10), 3)
    elif way == 5:  # bones
        sketch.line([(16, 50), (70, 50)], 4)
        for at in range(rng.choice((3, 4, 5))):
            x = 26 + at * 10
            long = 8 + 3 * at
            sketch.line([(x, 50 - long), (x + 5, 50), (x, 50 + long)], 3.6)
        sketch.plane(polygon(68, 30, 96, 50, 68, 70))
        sketch.plane(polygon(18, 50, 4, 34, 4, 66), 1)
        sketch.detail(ellipse(78, 47, 3))
    elif way == 6:  # round, of stripes
        sketch.plane(ellipse(56, 50, 34, high + 10))
        sketch.plane(polygon(28, 50, 4, 50 - tail, 4, 50 + tail), 1)
        for x in (44, 58):
            sketch.score(arc(x - 14, 50, 16, high + 4, -60, 60, 10), 4)
        sketch.detail(ellipse(76, 44, 4))
    else:  # scales as rows of arcs
        sketch.line([*body, body[0]], rng.uniform(3, 5))
        sketch.line([(22, 50), (6, 50 - tail), (6, 50 + tail), (22, 50)], 4)
        for x in (44, 56):
            sketch.line(arc(x, 50, 6, high * 0.5, -80, 80, 10), 3)
        sketch.plane(ellipse(80, 46, 3))


def whale(sketch: Sketch, rng: random.Random) -> None:
    way = rng.randrange(4)
    if way < 2:
        sketch.plane(curve(92, 56, 86, 80, 56, 90, 28, 80, 18, 56, 6, 46, 4, 34, 18, 36, 30, 32, 28, 44, 32, 62, 52, 46,
            78, 42) if way == 0 else [*arc(60, 54, 34, 34, 0, 130), (22, 64), (18, 44), (4, 34), (20, 36), (32,
            28), (30, 46), (38, 56)])
        sketch.detail(ellipse(78, 60, 2.8))
        sketch.score(curve(90, 68, 70, 72, 54, 70, closed=False), 3)
        if rng.random() < 0.6:
            for side in (-1, 1):
                sketch.line(curve(66, 40, 66, 24, 66 + side * 14, 18, 66 + side * 18, 28, closed=False), 3.6)
    elif way == 2:
        draw_planes(sketch, rng, polygon(50, 46, 92, 42, 94, 66, 60, 66), polygon(46, 48, 56, 68, 76, 84, 34, 76),
            polygon(43, 48, 32, 74, 18, 46), polygon(20, 42, 2, 36, 12, 24, 22, 34, 34, 26))
        sketch.detail(ellipse(80, 54, 2.6))
    else:  # flukes above water
        sketch.plane(symmetric_outline(50, 34, 60, 20, 92, 12, 80, 34, 58, 48, 58, 72))
        for y in (80, 90)[: rng.choice((1, 2))]:
            sketch.line(curve(10, y, 24, y - 6, 38, y, 52, y + 5, 66, y, 80, y - 6, 92, y, closed=False), 4)


def dolphin(sketch: Sketch, rng: random.Random) -> None:
    way, lift = rng.randrange(3), rng.uniform(-5, 5)
    if way == 2:
        draw_planes(sketch, rng, polygon(66, 22, 84, 36, 98, 48, 76, 46), polygon(63, 22, 72, 46, 52, 56, 40, 34),
            polygon(37, 36, 49, 57, 22, 72), polygon(20, 72, 4, 74, 16, 94), polygon(48, 24, 40, 6, 60, 20))
        return
    sketch.plane(curve(96, 50 + lift, 84, 38, 66, 24, 40, 30, 24, 52, 16, 74, 24, 70, 32, 56, 52, 48, 74, 50, 86, 51))
    sketch.plane(polygon(44, 30, 38, 10, 60, 25))
    sketch.plane(curve(22, 66, 6, 66, 4, 76, 16, 78, 24, 92, 28, 80))
    sketch.plane(polygon(62, 47, 56, 68, 72, 49), 1)
    sketch.detail(ellipse(79, 40, 1.9))
    if way == 1:
        sketch.line(curve(10, 92, 34, 84, 58, 92, 82, 86, 94, 90, closed=False), 4)


def shark(sketch: Sketch, rng: random.Random) -> None:
    way, back = rng.randrange(3), rng.uniform(4, 14)
    if way == 0:
        sketch.plane(polygon(96, 46, 78, 36, 58, 34, 50, back, 42, 36, 20, 46, 4, 28, 10, 50, 4, 68, 22, 54, 44, 60, 38,
            80, 58, 62, 78, 60, 88, 56, 80, 54))
    elif way == 1:  # bent
        sketch.plane(curve(95, 58, 82, 40, 62, 30, 52, back, 44, 32, 26, 42, 16, 54, 4, 50, 8, 66, 6, 86, 20, 72, 30,
            62, 46, 58, 44, 80, 60, 60, 78, 62))
        sketch.score([(90, 60), (76, 56)], 2.4)
    else:
        draw_planes(sketch, rng, polygon(72, 34, 97, 46, 78, 60, 70, 58), polygon(44, 38, 70, 34, 68, 58, 46, 60),
            polygon(42, 38, 44, 60, 18, 50), polygon(16, 48, 2, 24, 10, 50, 4, 72), polygon(46, 35, 52, back, 64,
            33), polygon(52, 62, 44, 84, 64, 60))
    sketch.detail(ellipse(82, 46, 2.2))
    for at in range(rng.choice((0, 3)) if way < 2 else 0):
        sketch.score([(66 - at * 5, 42), (64 - at * 5, 52)], 2)


def octopus(sketch: Sketch, rng: random.Random) -> None:
    way, arms, w = rng.randrange(4), rng.choice((4, 6, 8)), rng.uniform(18, 26)
    if way == 3:  # squid
        sketch.plane(symmetric_outline(50, 4, 72, 30, 60, 32, 60, 62))
        for at in range(arms):
            x = 50 + (at - (arms - 1) / 2) * 18 / arms
            sketch.line(curve(x, 62, x + (x - 50) * 1.2, 78, x + (x - 50) * 0.4, 94, closed=False), 3)
        cut_eyes(sketch, rng, 5, 54, 2.6)
        return
    head = 32 if way < 2 else 42
    for at in range(arms):
        share = (at - (arms - 1) / 2) / ((arms - 1) / 2)
        x, side = 50 + share * w * 0.8, 1 if share > 0 else -1
        tip = 50 + share * 43
        line = curve(x, 50, x + share * 8, 72, tip, 86 - abs(share) * 14, tip + side * 3, 72 - abs(share) * 14,
            closed=False)
        if way == 1:
            line = curve(x, 50, x + 5, 66, x - 5, 80, x + share * 10, 94, closed=False)
        sketch.plane(thick(line, 9, end=3)) if way != 2 else sketch.line(line, rng.uniform(4, 6))
    sketch.plane(ellipse(50, head, w, 26) if way != 2 else soft_outline(50, 8, 50 + w, 30, 50 + w * 0.7, 56, 50, 58))
    cut_eyes(sketch, rng, w * 0.4, head + 8, 3.6)


def jellyfish(sketch: Sketch, rng: random.Random) -> None:
    w, arms, way = rng.uniform(26, 38), rng.choice((3, 4, 5, 6)), rng.randrange(3)
    dome = arc(50, 44, w, rng.uniform(28, 38), 180, 360)
    if way == 1:
        sketch.line([*dome, dome[0]], 5)
    else:
        scallops = [p for at in range(arms) for p in arc(50 + w - w * (2 * at + 1) / arms, 44, w / arms, 6, 0, 180, 7)]
        sketch.plane(dome + scallops)
        if way == 2:
            sketch.score(arc(50, 42, w * 0.65, 20, 200, 290, 10), 3)
    for at in range(arms):
        x, bend = 50 + w * (2 * at + 1 - arms) / arms * 0.9, rng.uniform(4, 7)
        long = rng.uniform(78, 95)
        sketch.line(curve(x, 50, x + bend, 60, x - bend, 74, x + bend * 0.5, long, closed=False), rng.uniform(3, 5))


def crab(sketch: Sketch, rng: random.Random) -> None:
    w, way = rng.uniform(22, 28), rng.randrange(3)
    sketch.plane([ellipse(50, 60, w, 18), symmetric_outline(62, 44, 50 + w, 58, 62, 78), arc(50, 50, w, 28, 0,
        180)][way])
    for side in (-1, 1):
        for at in range(3):
            y = 60 + at * 7
            sketch.line([(50 + side * w * 0.8, y), (50 + side * (w + 13), y + 2), (50 + side * (w + 17), y + 12)], 4)
        sketch.line([(50 + side * w * 0.7, 52), (50 + side * (w + 12), 44), (50 + side * (w + 10), 32)], 5)
        sketch.line([(50 + side * 8, 48), (50 + side * 8, 36)], 3)
        sketch.plane(ellipse(50 + side * 8, 34, 3.6))
    x, jaw = 50 + w + 8, rng.uniform(-150, -110)
    claw = [*arc(x, 22, 13, 14, jaw + 80, jaw + 360, 20), (x, 24)]
    draw_both(sketch, claw if way != 1 else polygon(x - 10, 30, x - 6, 8, x, 20, x + 8, 6, x + 10, 30), 1)
    if rng.random() < 0.4:
        sketch.score(arc(50, 60, 9, 6, 20, 160, 8), 2.6)


def shell(sketch: Sketch, rng: random.Random) -> None:
    way, ribs = rng.randrange(4), rng.choice((5, 7, 9))
    if way == 3:  # spiral
        line = [along(54, 46, 36 * (1 - at / 66) ** 1.3, 100 - at * 15) for at in range(60)]
        sketch.line(line, rng.uniform(4, 7))
        sketch.line([line[0], (20, 84), (18, 50)], 5)
        return
    spread, reach = rng.uniform(130, 170), rng.uniform(40, 46)
    if way == 0:
        fan: Points = [(44, 86), (56, 86)]
        for at in range(ribs, 0, -1):
            angle = -90 + spread * ((at - 0.5) / ribs - 0.5)
            x, y = along(50, 62, reach, angle)
            fan += arc(x, y, reach * 0.21, None, angle + 75, angle - 75, 6)
        sketch.plane(fan)
        for at in range(1, ribs):
            sketch.score([(50, 82), along(50, 62, reach * 0.92, -90 + spread * (at / ribs - 0.5))], 2.6)
    else:
        for at in range(ribs):
            angle = -90 + spread * ((at + 0.5) / ribs - 0.5)
            half = spread / ribs * 0.4
            tip = [along(50, 60, reach, angle - half), along(50, 60, reach + 5, angle), along(50, 60, reach,
                angle + half)]
            if way == 1:
                sketch.plane([(50, 82), *tip], at % 3)
            else:
                sketch.line([(50, 84), tip[1]], 3.6)
                sketch.line(arc(*tip[1], 7, None, angle - 90, angle + 90, 8), 3.6)
    sketch.plane(symmetric_outline(58, 84, 66, 94), 1)


def seahorse(sketch: Sketch, rng: random.Random) -> None:
    spine = curve(52, 20, 66, 34, 64, 54, 48, 70, 46, 86, 58, 92, 64, 82, 57, 78, closed=False)
    belly = rng.uniform(18, 24)
    widths = [belly * (0.5 + 0.5 * math.sin(math.pi * min(1, at / 26))) * (1 - at / 70) for at in range(len(spine))]
    left = [(x - w / 2, y) for (x, y), w in zip(spine[:26], widths, strict=False)]
    right = [(x + w / 2, y) for (x, y), w in zip(spine[:26], widths, strict=False)]
    sketch.plane(left + right[::-1])
    sketch.plane(thick(spine[22:], 11, end=4))
    sketch.plane(ellipse(48, 20, 12, 11))
    sketch.plane(polygon(44, 16, 24, 26, 22, 32, 44, 28))
    for at in range(3):
        sketch.plane(turned(polygon(50, 12, 53, 2, 57, 12), at * 30, (48, 20)), 1)
    sketch.detail(ellipse(46, 19, 2.2))
    if rng.random() < 0.6:
        sketch.plane(polygon(72, 42, 86, 40, 84, 58, 70, 56), 1)
    for y in range(36, 64, 8):
        sketch.score([(56, y), (66, y - 1)], 2.2)


def starfish(sketch: Sketch, rng: random.Random) -> None:
    wave = [along(50, 52, 28 + 16 * math.cos(math.radians(at * 5)), at - 90) for at in range(0, 360, 4)]
    sketch.plane(wave)
    for at in range(5):
        for out in (12, 22, 31) if rng.random() < 0.8 else ():
            sketch.detail(ellipse(*along(50, 52, out, at * 72 - 90), 2.2))


def shark_fin(sketch: Sketch, rng: random.Random) -> None:
    top, bend = rng.uniform(10, 22), rng.uniform(0, 14)
    sketch.plane([*curve(22, 66, 36, 40, 62 + bend, top, 62, 44, 72, 66, closed=False)])
    for y in (76, 88)[: rng.choice((1, 2))]:
        sketch.line(curve(8, y, 22, y - 5, 36, y, 50, y + 5, 64, y, 78, y - 5, 92, y, closed=False), rng.uniform(4, 7))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "fish": (fish, "3.9.1 3.9.24", "mirror tilt"),
    "whale": (whale, "3.9.3 3.9.24", "mirror tilt"),
    "dolphin": (dolphin, "3.9.4 3.9.24", "mirror tilt"),
    "shark": (shark, "3.9.2 3.9.24", "mirror tilt"),
    "shark-fin": (shark_fin, "3.9.13", "mirror"),
    "octopus": (octopus, "3.9.15 3.9.24", "tilt"),
    "jellyfish": (jellyfish, "3.9.20 3.9.24", "tilt"),
    "crab": (crab, "3.9.16 3.9.24", "tilt"),
    "shell": (shell, "3.9.18 3.9.24", "tilt"),
    "seahorse": (seahorse, "3.9.14 3.9.24", "mirror tilt"),
    "starfish": (starfish, "3.9.17 3.9.24", "tilt"),
}
