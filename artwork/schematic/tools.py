"""Hammers, saws, axes, spades and ladders."""

# fmt: off

import math
import random

from schematic.geometry import (
    Points,
    along,
    arc,
    box,
    curve,
    ellipse,
    mirrored,
    polygon,
    regular,
    scaled,
    thick,
    turned,
)
from schematic.outlines import draw_rays
from schematic.sketch import Kind, Sketch


def _hammer(rng: random.Random) -> list[tuple[Points, int]]:
    """Return the planes of an upright hammer, head above."""
    thin, form = rng.uniform(3.5, 5.5), rng.choice(("claw", "claw", "mallet", "sledge", "peen"))
    handle = polygon(50 - thin, 36, 50 + thin, 36, 50 + thin * 1.2, 94, 50 - thin * 1.2, 94)
    if form == "mallet":
        wide = rng.uniform(22, 28)
        return [(box(50 - wide, 10, 2 * wide, 26, rng.choice((0, 4))), 0), (handle, 1)]
    if form == "sledge":
        return [(polygon(22, 12, 28, 9, 72, 9, 78, 12, 78, 30, 72, 34, 28, 34, 22, 30), 0), (handle, 1)]
    if form == "peen":
        return [(polygon(22, 10, 34, 10, 36, 14, 60, 14, 84, 25, 60, 34, 36, 34, 34, 36, 22, 36), 0), (handle, 1)]
    head = [(22.0, 10.0), (32, 10), (36, 14), *curve(58, 14, 74, 16, 88, 32, closed=False), (84, 36), *curve(78, 32, 68,
        28, 60, 34, closed=False), (36, 34), (32, 36), (22, 36)]
    return [(head, 0), (handle, 1)]


def hammer(sketch: Sketch, rng: random.Random) -> None:
    lean = rng.choice((0, 0, 45, 30, -20))
    for points, tone in _hammer(rng):
        sketch.plane(turned(points, lean), tone)
    if rng.random() < 0.3:
        sketch.detail(turned(box(48.5, 82, 3, 7, 1), lean))


def hammers_crossed(sketch: Sketch, rng: random.Random) -> None:
    for lean, flip in ((50, False), (-50, True)):
        for points, tone in _hammer(rng):
            slim = scaled(points, 0.72 if tone == 0 else 1, 1)
            sketch.plane(turned(mirrored(slim) if flip else slim, lean, (50, 60)), tone)


def hammer_on_tile(sketch: Sketch, rng: random.Random) -> None:
    lean = rng.choice((0, 45, 30))
    sketch.plane(box(8, 8, 84, 84, rng.choice((0, 8, 20))))
    for points, _ in _hammer(rng):
        sketch.detail(turned(scaled(points, 0.68), lean))


def _jaw(y: float, turn: float, radius: float, gap: float, deep: float) -> Points:
    """Return the head of an open spanner whose mouth points up before it is turned."""
    half = math.degrees(math.asin(gap / radius))
    outline = [*arc(50, y, radius, None, -90 + half, 270 - half, 26), (50 - gap, y - deep + 4), (50 - gap * 0.6, y + 2),
        (50 + gap * 0.6, y + 2), (50 + gap, y - deep + 4)]
    return turned(outline, turn, (50, y))


def wrench(sketch: Sketch, rng: random.Random) -> None:
    lean, form = rng.choice((45, 45, 0, -45)), rng.choice(("open", "open", "double", "ring", "crossed", "adjustable"))
    radius, gap, thin = rng.uniform(14, 18), rng.uniform(5, 8), rng.uniform(5, 7)
    for turn in (45, -45) if form == "crossed" else (lean,):
        skew = rng.choice((0, 15))
        if form == "adjustable":
            head = polygon(36, 30, 36, 12, 44, 6, 46, 24, 54, 24, 54, 12, 62, 14, 64, 32, 56, 42, 44, 42)
        else:
            head = _jaw(22, skew, radius, gap, 6)
        handle = polygon(50 - thin, 22 + radius * 0.8, 50 + thin, 22 + radius * 0.8, 50 + thin * 0.9, 80,
            50 - thin * 0.9, 80)
        if form == "adjustable":
            handle = polygon(45, 43, 55, 43, 56, 90, 50, 94, 44, 90)
        sketch.plane(turned(head, turn))
        sketch.plane(turned(handle, turn), 0 if form != "double" else 1)
        if form == "double":
            sketch.plane(turned(_jaw(82, 180 + skew, radius * 0.85, gap * 0.8, 5), turn))
        elif form == "ring":
            sketch.plane(turned(ellipse(50, 84, 12), turn))
            sketch.detail(turned(regular(50, 84, 6.5, 6), turn))
        elif form in ("open", "crossed", "adjustable"):
            if form != "adjustable":
                sketch.plane(turned(arc(50, 80, thin, 7, 0, 180, 12), turn))
            sketch.detail(turned(ellipse(50, 78 if form != "adjustable" else 86, 2.5), turn))


def saw(sketch: Sketch, rng: random.Random) -> None:
    teeth, form = rng.choice((6, 8, 10, 12)), rng.choice(("hand", "hand", "hand", "bow"))
    if form == "bow":
        sketch.line([(10, 66), *arc(50, 60, 40, rng.uniform(26, 36), 180, 360, 20), (90, 66)], 5)
        edge = [(10 + 80 * t / (2 * teeth), 76 - (0 if t % 2 else 5)) for t in range(2 * teeth + 1)]
        sketch.plane([(10, 66), (90, 66), *edge[::-1]], 1)
        return
    tip, back = rng.uniform(48, 58), rng.uniform(34, 40)
    edge = [(4 + (64 * t) / (2 * teeth), 66 + (0 if t % 2 else -4)) for t in range(2 * teeth + 1)]
    sketch.plane([(4, tip), (66, back), (68, 66), *edge[::-1]], rng.choice((0, 1)))
    sketch.plane(curve(68, back - 4, 88, 30, 97, 40, 93, 54, 96, 70, 84, 74, 68, 66))
    sketch.detail(rng.choice((ellipse(82, 52, 6, 9), curve(77, 44, 86, 42, 88, 52, 84, 62, 77, 60))))


def saw_blade(sketch: Sketch, rng: random.Random) -> None:
    teeth, radius, deep = rng.choice((8, 10, 12, 16, 20)), rng.uniform(38, 44), rng.uniform(0.76, 0.88)
    rim: Points = []
    skew = rng.choice((0.05, 0.3))
    for at in range(teeth):
        rim += [along(50, 50, radius, at * 360 / teeth), along(50, 50, radius * deep, (at + skew + 0.1) * 360 / teeth)]
    sketch.plane(rim)
    sketch.detail(ellipse(50, 50, rng.uniform(6, 14)))
    for at in range(rng.choice((0, 0, 3, 4))):
        x, y = along(50, 50, radius * 0.55, at * 360 / 3)
        sketch.detail(ellipse(x, y, 3.5)) if at < 3 else None


def axes_crossed(sketch: Sketch, rng: random.Random) -> None:
    rng.choice((0, 30, 45, 20))  # once the slant of a single axe: so these come out as they did
    thin = rng.uniform(3, 5)
    blade = [(50 + thin, 14), *curve(50 + thin, 14, 66, 14, 80, rng.uniform(4, 8), closed=False), *curve(80, 6, 88, 26,
        80, 48, closed=False), *curve(80, 48, 68, 38, 50 + thin, 36, closed=False)]
    if rng.random() < 0.3:
        blade = polygon(50 + thin, 14, 80, 6, 84, 30, 74, 46, 50 + thin, 34)
    for turn, flip in ((40, False), (-40, True)):
        handle = polygon(50 - thin, 8, 50 + thin, 8, 50 + thin, 94, 50 - thin, 94)
        if rng.random() < 0.3:
            handle = thick(curve(50, 8, 51, 40, 48, 70, 52, 94, closed=False), 2 * thin)
        parts = [(handle, 1), (blade, 0), (polygon(50 - thin, 16, 42, 18, 42, 32, 50 - thin, 34), 0)]
        for points, tone in parts:
            sketch.plane(turned(mirrored(points) if flip else points, turn), tone)
        if rng.random() < 0.4:
            edge = turned(curve(75, 14, 80, 27, 75, 40, closed=False), turn)
            sketch.score([(100 - x, y) for x, y in turned(curve(75, 14, 80, 27, 75, 40, closed=False),
                -turn)] if flip else edge, 2.5)


def ladder(sketch: Sketch, rng: random.Random) -> None:
    rungs, foot, top = rng.choice((3, 4, 5, 6)), rng.uniform(14, 24), rng.uniform(10, 18)
    width, skew = rng.uniform(4, 7), rng.choice((0, 0, 16, -10))
    for side in (-1, 1):
        sketch.line([(50 + side * min(top, foot) + skew, 8), (50 + side * foot, 92)], width)
    for at in range(rungs):
        u = (at + 0.6) / (rungs + 0.2)
        half = min(top, foot) * (1 - u) + foot * u
        x = 50 + skew * (1 - u)
        sketch.line([(x - half, 8 + 84 * u), (x + half, 8 + 84 * u)], width * 0.8)


def step_ladder(sketch: Sketch, rng: random.Random) -> None:
    rungs, x, spread = rng.choice((3, 4, 5)), rng.uniform(46, 58), rng.uniform(24, 32)
    form = rng.choice(("side", "front"))
    if form == "side":
        sketch.line([(x, 12), (x - spread, 92)], 6)
        sketch.line([(x, 12), (x + spread * 0.8, 92)], 4)
        for at in range(rungs):
            u = (at + 0.8) / (rungs + 0.4)
            sketch.line([(x - spread * u - 4, 12 + 80 * u), (x - spread * u + 14 * u + 4, 12 + 80 * u)], 4.5)
        sketch.plane(box(x - 12, 7, 22, 6, 2), 1)
        return
    for side in (-1, 1):
        sketch.line([(50 + side * 13, 12), (50 + side * 24, 92)], 5)
        sketch.line([(50 + side * 16, 16), (50 + side * 34, 86)], 3)
    for at in range(rungs):
        u = (at + 0.6) / (rungs + 0.3)
        half = 13 + 11 * u
        sketch.plane(box(50 - half, 10 + 80 * u, 2 * half, 5), 1)
    sketch.plane(box(34, 7, 32, 7, 2))


def _grip(sketch: Sketch, rng: random.Random, lean: float) -> None:
    if rng.random() < 0.6:
        sketch.line(turned(polygon(50, 20, 40, 14, 42, 6, 58, 6, 60, 14, 50, 20), lean), 4)
    else:
        sketch.plane(turned(box(38, 6, 24, 6, 3), lean), 1)


def _shovel(*, square: bool) -> Kind:
    def draw(sketch: Sketch, rng: random.Random) -> None:
        lean, wide = rng.choice((0, 45, 35, 180)), rng.uniform(14, 20)
        top = rng.uniform(52, 60)
        _grip(sketch, rng, lean)
        sketch.plane(turned(box(47.5, 18, 5, top - 18), lean), 1)
        blade = box(50 - wide, top, 2 * wide, 94 - top, rng.choice((0, 2, 4)))
        if not square:
            blade = rng.choice(
                (
                    [
                        (50 - wide, top),
                        (50 + wide, top),
                        *curve(50 + wide, top, 50 + wide, 74, 50, 96, 50 - wide, 74, 50 - wide, top, closed=False)[
                            1:-1
                        ],
                    ],
                    polygon(50 - wide, top, 50 + wide, top, 50 + wide, 78, 50, 96, 50 - wide, 78),
                    curve(50, top, 50 + wide, top + 6, 50 + wide, 78, 50, 96, 50 - wide, 78, 50 - wide, top + 6),
                )
            )
        sketch.plane(turned(blade, lean))
        if rng.random() < 0.5:
            sketch.score(turned([(50, top + 5), (50, top + 20)], lean), 3)

    return draw


def pickaxe(sketch: Sketch, rng: random.Random) -> None:
    bend, lean, thin = rng.uniform(10, 20), rng.choice((0, 45, 30)), rng.uniform(3, 5)
    form = rng.choice(("one", "one", "one", "crossed", "mattock"))
    upper = arc(50, 22 + bend, 44, bend + 8, 195, 345, 20)
    lower = arc(50, 30 + bend, 44, bend + 2, 345, 195, 20)
    head = [*upper, *lower[1:-1]]
    if form == "mattock":
        head = [*[p for p in upper if p[0] <= 56], (84, 18), (88, 18), (88, 32), (80, 30),
            *[p for p in lower[1:-1] if p[0] <= 56]]
    for turn in (42, -42) if form == "crossed" else (lean,):
        sketch.plane(turned(polygon(50 - thin, 8, 50 + thin, 8, 50 + thin, 94, 50 - thin, 94), turn), 1)
        sketch.plane(turned(head, turn))


def anvil(sketch: Sketch, rng: random.Random) -> None:
    top, horn, waist = rng.uniform(26, 34), rng.uniform(2, 10), rng.uniform(10, 15)
    block = rng.choice((0, 1))
    body = [
        (30.0, top),
        (92, top),
        (92, top + 14),
        *curve(92, top + 14, 72, top + 20, 50 + waist, top + 34, closed=False),
        (50 + waist, 74),
        (76, 78),
        (76, 88),
        (24, 88),
        (24, 78),
        (50 - waist, 74),
        (50 - waist, top + 34),
        *curve(50 - waist, top + 34, 40, top + 22, 30, top + 20, closed=False),
    ]
    sketch.plane(body)
    sketch.plane(curve(29, top + 2, 16, top + 3, horn, top + 5, 14, top + 16, 29, top + 20), block)
    extra = rng.choice(("none", "sparks", "slot"))
    if extra == "sparks":
        draw_rays(sketch, 60, top - 4, 6, 16, [230, 270, 310], 3)
    elif extra == "slot":
        sketch.score([(36, top + 8), (86, top + 8)], 3)


def scissors(sketch: Sketch, rng: random.Random) -> None:
    spread, size = rng.uniform(12, 30), rng.uniform(10, 14)
    form, width = rng.choice(("solid", "solid", "line", "closed", "planes")), rng.uniform(4, 6)
    if form == "closed":
        spread = 5
    for side in (-1, 1):
        blade = polygon(50, 56, 50 - side * 5, 54, 50 - side * 4, 20, 50, 5, 50 + side * 4, 50)
        tip = turned([(50, 6)], -side * spread, (50, 54))[0]
        grip = 50 - side * (size + (3 if form == "closed" else spread * 0.35)), 80
        if form == "line":
            sketch.line([tip, (50, 54), (grip[0] + side * size * 0.4, grip[1] - size)], width * 0.8)
        else:
            sketch.plane(turned(mirrored(blade), side * spread, (50, 54)), 1 if side > 0 else 0)
            sketch.line([(50 - side * 1, 57), (grip[0] + side * size * 0.5, grip[1] - size * 0.8)], width)
        if rng.random() < 0.7 or form == "line":
            sketch.line([*ellipse(*grip, size, size * 1.1), (grip[0] + size, grip[1])], width)
        else:
            sketch.plane(ellipse(*grip, size, size * 1.1))
            sketch.detail(ellipse(*grip, size * 0.5, size * 0.6))
    if form != "line":
        sketch.detail(ellipse(50, 54, 1.6))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "hammer": (hammer, "14.7.1", "mirror tilt"),
    "hammers-crossed": (hammers_crossed, "14.7.1 14.7.3", ""),
    "hammer-on-tile": (hammer_on_tile, "14.7.1 26.4.16", "mirror"),
    "wrench": (wrench, "14.7.6 14.7.9", "mirror tilt"),
    "saw": (saw, "14.7.6 14.7.15", "mirror tilt"),
    "saw-blade": (saw_blade, "14.7.6 14.7.16", "mirror"),
    "axes-crossed": (axes_crossed, "14.7.2 14.7.3", ""),
    "ladder": (ladder, "14.11.1 14.11.2", "mirror tilt"),
    "step-ladder": (step_ladder, "14.11.1 14.11.4", "mirror"),
    "shovel-pointed": (_shovel(square=False), "14.9.1 14.9.2", "tilt mirror"),
    "shovel-square": (_shovel(square=True), "14.9.1 14.9.3", "tilt mirror"),
    "pickaxe": (pickaxe, "14.9.5", "mirror tilt"),
    "anvil": (anvil, "14.7.4", "mirror"),
    "scissors": (scissors, "14.7.18 14.7.20", "mirror tilt"),
}
