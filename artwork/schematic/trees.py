"""Trees and leaves."""

# fmt: off

import math
import random

from schematic.geometry import (
    Point,
    Points,
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    mirrored,
    moved,
    polygon,
    thick,
    turned,
)
from schematic.outlines import blade_outline, draw_palm, rib_line, show_planes
from schematic.sketch import Kind, Sketch


def _leafy(sketch: Sketch, rng: random.Random, x: float, y: float, long: float, degrees: float, tone: int = 0) -> None:
    """Draw a leaf, perhaps with a rib as a gap or in two halves."""
    wide, shape, bend = (long * rng.uniform(0.4, 0.6), rng.choice(("lens", "egg", "egg")), rng.choice((0, 0, 8,
        -8)) * long / 60)
    leaf = blade_outline(x, y, long, wide, degrees, shape, bend)
    sketch.plane(leaf, tone)
    if long > 26 and rng.random() < 0.6:
        sketch.score(rib_line(x, y, long, degrees, bend), max(2.0, long * 0.05))


def leaf(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("rib", "veins", "veins", "halves", "plain", "line", "slices", "corner", "corner", "tile",
        "planes"))
    long, wide, turn = rng.uniform(76, 90), rng.uniform(34, 56), rng.choice((-90, -60, -45, -45, -30))
    shape, bend = rng.choice(("lens", "egg", "egg")), rng.choice((0, 0, 10, -10))
    x, y = along(50, 50, -long / 2 - 1, turn)
    one = blade_outline(x, y, long, wide, turn, shape, bend)
    stalk = [along(x, y, -8, turn), along(x, y, 4, turn)]
    if form == "corner":  # two corners are round, two are sharp
        corner = rng.uniform(50, 70)
        one = [(14, 86), *arc(14 + corner, 14 + corner, corner, None, 180, 270), (86, 14), *arc(86 - corner,
            86 - corner, corner, None, 0, 90)]
        sketch.plane(one)
        if rng.random() < 0.7:
            sketch.score([(26, 74), (62, 38)], rng.uniform(3, 6))
        return
    if form in ("rib", "veins"):
        sketch.line(stalk, 4)
        sketch.plane(one)
        sketch.score(rib_line(x, y, long, turn, bend, 0.04), rng.uniform(2.5, 5))
        if form == "veins":
            for at in range(rng.choice((2, 3, 4))):
                t = 0.24 + 0.15 * at
                for side in (-1, 1):
                    base = turned([(x + long * t, y + bend * math.sin(math.pi * t / 2) ** 2 + side * 3.5)], turn, (x,
                        y))[0]
                    sketch.score([base, along(*base, wide * 0.25, turn + side * 48)], 2.6)
    elif form == "halves":
        across = rng.uniform(1, 3.5)
        for side in (-1, 1):
            half = half_of(blade_outline(x, y, long, wide, turn, shape), along(x, y, across, turn + 90 * side),
                turn + 90 * side)
            sketch.plane(half, side > 0)
    elif form == "line":
        sketch.line([*one, one[0]], rng.uniform(3, 6))
        sketch.line([along(x, y, -8, turn), *rib_line(x, y, long, turn, bend, 0)[: rng.choice((6, 8, 9))]], 4)
    elif form == "slices":
        straight, count = blade_outline(x, y, long, wide, turn, shape), rng.choice((4, 5, 6))
        for at in range(count):
            low, high = along(x, y, long * at / count + 2, turn), along(x, y, long * (at + 1) / count - 2, turn)
            tilt = turn + rng.choice((0.0, 0.01)) + 25
            sketch.plane(half_of(half_of(straight, low, tilt), high, tilt + 180), at % 2)
    elif form == "planes":
        tip, left, right = (along(x, y, long, turn), along(*along(x, y, long * 0.45, turn), wide * 0.5, turn - 90),
            along(*along(x, y, long * 0.4, turn), wide * 0.5, turn + 90))
        sketch.plane([(x, y), left, tip])
        sketch.plane([(x, y), tip, right], 1)
    elif form == "tile":
        show_planes(sketch, rng, [(one, 0)], 1)
    else:
        sketch.plane(one)
        if rng.random() < 0.5:
            sketch.line(stalk, 4)


def leaves_two(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("pair", "pair", "yin", "side", "cross"))
    if form == "yin":
        for side, tone in ((0, 0), (180, 1)):
            sketch.plane(turned(blade_outline(46, 86, 76, 36, -100, "egg", -14), side), tone)
        return
    spread, long = rng.uniform(22, 55), rng.uniform(56, 74)
    base = (50.0, 88.0) if form != "side" else (30.0, 86.0)
    for side in (-1, 1):
        angle = -90 + side * spread if form != "side" else (-88 if side < 0 else -30)
        _leafy(sketch, rng, *base, long * (1 if side > 0 else rng.choice((1, 0.7))), angle, side > 0)
    if rng.random() < 0.4:
        sketch.line([base, (base[0], 97)], 4)


def leaves_three(sketch: Sketch, rng: random.Random) -> None:
    spread, long, base = rng.choice((45, 55, 65, 120)), rng.uniform(50, 76), (50, 88)
    if spread == 120:
        base, long = (50, 52), 42
    shape, wide = rng.choice(("lens", "egg", "kite", "round")), rng.uniform(0.34, 0.5)
    for at, side in enumerate((-1, 1, 0)):
        size = long * (1 if side == 0 or spread == 120 else rng.choice((0.75, 0.9)))
        sketch.plane(blade_outline(*along(*base, 3, -90 + side * spread), size, size * wide,
            -90 + side * spread, shape, -side * rng.choice((0, 6))), at)
        if rng.random() < 0.35:
            sketch.score(rib_line(*base, size, -90 + side * spread), 2.5)


def sprout(sketch: Sketch, rng: random.Random) -> None:
    top, sway, spread = rng.uniform(46, 58), rng.choice((0, 0, -8, 8)), rng.uniform(35, 68)
    width, form = rng.uniform(3, 7), rng.choice(("two", "two", "uneven", "uneven", "three", "quarters"))
    stem = curve(50 - sway, 90, 50 + sway * 0.4, (90 + top) / 2, 50, top, closed=False)
    sketch.line(stem, width)
    if form == "quarters":
        r = rng.uniform(30, 38)
        sketch.plane([(50, top + 4), *arc(50 - r, top + 4, r, None, -90, 0, 12)[::-1], (50 - r,
            top + 4 - r), (50 - r, top + 4 - r), *arc(50, top + 4 - r, r, None, 180, 90, 12)])
        sketch.plane([(50, top - 4), *arc(50, top - 4 - r * 0.8, r * 0.8, None, 90, 0, 12),
            *arc(50 + r * 0.8, top - 4, r * 0.8, None, -90, -180, 12)], 1)
    else:
        for side in (-1, 1):
            y = top if form != "uneven" or side < 0 else top + rng.uniform(8, 18)
            _leafy(sketch, rng, 50, y, rng.uniform(36, 46) * (1 if y == top else 0.8), -90 + side * spread, side > 0)
        if form == "three":
            _leafy(sketch, rng, 50, top, 38, -90, 2)
    ground = rng.choice(("none", "none", "bar", "heap", "disc"))
    if ground == "bar":
        sketch.line([(24, 92), (76, 92)], width)
    elif ground == "heap":
        sketch.plane(arc(50, 94, 30, 14, 180, 360), 2)
    elif ground == "disc":
        sketch.line(arc(50, 50, 46, None, 110, 430), 3)


def _trunk(sketch: Sketch, rng: random.Random, top: float, base: float = 92, wide: float = 9) -> None:
    flare = rng.choice((0, 2, 6))
    sketch.plane(polygon(50 - wide / 2, top, 50 + wide / 2, top, 50 + wide / 2 + flare, base, 50 - wide / 2 - flare,
        base), 2)


def round_tree(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("ball", "puffs", "puffs", "leaf-crown", "stripes", "dots", "line", "fork", "box"))
    radius, wide = rng.uniform(28, 36), rng.uniform(6, 11)
    y = radius + 8
    if form not in ("dots", "line"):
        _trunk(sketch, rng, y + radius * (0.2 if form == "fork" else 0.9), wide=wide)
    if form in ("ball", "fork"):
        sketch.plane(ellipse(50, y, radius, radius * rng.uniform(0.8, 1)))
        if form == "fork" or rng.random() < 0.3:
            sketch.score([(50, y + radius * 0.8), (50, y - radius * 0.3)], 4)
            for side, at in ((-1, 0.35), (1, 0.05)):
                sketch.score([(50 + side * 3, y + radius * at), (50 + side * radius * 0.45, y + radius * (at - 0.4))],
                    4)
    elif form == "puffs":
        for at in range(rng.choice((3, 5, 6))):
            angle = -90 + 360 * at / 5 if at < 5 else 0
            sketch.plane(ellipse(*along(50, y, radius * 0.52 if at < 5 else 0, angle), radius * rng.uniform(0.48, 0.6)),
                at % 3)
    elif form == "leaf-crown":
        for at in range(rng.choice((7, 9, 11))):
            angle = -200 + 220 * at / 8
            sketch.plane(blade_outline(*along(50, y + 8, 8, angle), radius * rng.uniform(0.8, 1), 14, angle, "egg"),
                at % 3)
    elif form == "stripes":
        crown, count = ellipse(50, y, radius), rng.choice((4, 5))
        for at in range(count):
            top, low = y - radius + 2 * radius * at / count + 1.5, y - radius + 2 * radius * (at + 1) / count - 1.5
            sketch.plane(half_of(half_of(crown, (50, top), 90), (50, low), -90), at % 2)
    elif form == "dots":
        sketch.line([(50, 92), (50, 46)], wide * 0.7)
        for side in (-1, 1):
            sketch.line(curve(50, 70, 50 + side * 8, 58, 50 + side * 20, 48, closed=False), wide * 0.5)
        for at in range(rng.choice((9, 13))):
            sketch.plane(ellipse(*along(50, 36, 8 + 24 * (at % 3) / 2, at * 137.5), rng.uniform(3.5, 6.5)), at % 3)
    elif form == "line":
        knots = [c for at in range(7) for c in along(50, y, radius * rng.uniform(0.85, 1.1), 100 + 340 * at / 6.2)]
        sketch.line(curve(*knots, closed=False), 4)
        sketch.line([(50, 92), (50, y)], 4)
        sketch.line([(50, y + 16), (62, y + 4)], 4)
    else:
        sketch.plane(box(50 - radius, y - radius, 2 * radius, 2 * radius, rng.uniform(6, 20)))


def conifer(sketch: Sketch, rng: random.Random) -> None:
    tiers, wide, form = (rng.choice((1, 2, 3, 3, 4)), rng.uniform(24, 38), rng.choice(("stack", "stack", "gaps",
        "halves", "lines", "one", "zigzag")))
    sketch.plane(box(46, 76, 8, 18), 2)
    if form == "lines":
        for at in range(tiers + 2):
            half, y = wide * (at + 1) / (tiers + 2), 12 + 64 * at / (tiers + 1)
            sketch.line([(50 - half, y + half * 0.6), (50, y), (50 + half, y + half * 0.6)], rng.uniform(3, 6))
    elif form in ("stack", "gaps"):
        for at in reversed(range(tiers)):
            top, low = 8 + 70 * at / tiers * 0.8, 8 + 70 * (at + 1) / tiers
            half = wide * (0.55 + 0.45 * (at + 1) / tiers)
            if form == "gaps":
                top = 8 + 70 * at / tiers + (3 if at else 0)
                upper = 0 if at == 0 else half * 0.4
                sketch.plane(polygon(50 - upper, top, 50 + upper, top, 50 + half, low, 50 - half, low), at % 2)
            else:
                sketch.plane(polygon(50, top, 50 + half, low, 50 - half, low), at % 2)
    elif form == "one":
        sketch.plane(blade_outline(50, 82, 76, wide * 1.4, -90, rng.choice(("egg",
            "kite"))) if rng.random() < 0.4 else polygon(50, 8, 50 + wide, 80, 50 - wide, 80))
        for at in range(rng.choice((2, 3))):
            sketch.score([(50, 36 + at * 15), (50 + (6 + at * 3) * (-1) ** at, 30 + at * 15)], 3)
    else:
        jag: Points = [(50, 6)]
        steps = max(2, tiers)
        for at in range(steps):
            half, y = wide * (0.5 + 0.5 * (at + 1) / steps), 6 + 74 * (at + 1) / steps
            jag += [(50 + half, y), (50 + half * 0.45, y)]
        jag[-1] = (50, jag[-1][1])
        sketch.plane(jag, 0)
        sketch.plane(moved(mirrored(jag), -(3 if form == "halves" else 0), 0), 1)


def conifers(sketch: Sketch, rng: random.Random) -> None:
    for at, x in enumerate((26, 74, 50)):
        tall, half, tiers = rng.uniform(46, 62) + (16 if at == 2 else 0), rng.uniform(14, 20), rng.choice((1, 2, 3))
        for tier in range(tiers):
            top, low = 84 - tall + tall * tier / tiers * 0.8, 84 - tall + tall * (tier + 1) / tiers
            size = half * (0.6 + 0.4 * (tier + 1) / tiers)
            sketch.plane(polygon(x, top, x + size, low, x - size, low), at)
        sketch.plane(box(x - 3, 83, 6, 9), at)


def _limbs(sketch: Sketch, rng: random.Random, start: Point, long: float, degrees: float, width: float,
    level: int) -> list[Point]:
    """Draw a branch that forks, and return the ends of its twigs."""
    end = along(*start, long, degrees)
    sketch.line([start, end], width)
    if level == 0:
        return [end]
    forks = rng.choice((2, 2, 3))
    ends: list[Point] = []
    for at in range(forks):
        turn = (at - (forks - 1) / 2) * rng.uniform(40, 62)
        ends += _limbs(sketch, rng, end, long * rng.uniform(0.66, 0.8), degrees + turn, max(1.5, width * 0.68),
            level - 1)
    return ends


def bare_tree(sketch: Sketch, rng: random.Random) -> None:
    _limbs(sketch, rng, (50, 94), rng.uniform(28, 32), -90, rng.uniform(6, 10), rng.choice((2, 3)))
    if rng.random() < 0.4:
        for side in (-1, 1):
            sketch.line(curve(50, 90, 50 + side * 8, 94, 50 + side * 24, 96, closed=False), 4)


def leafy_tree(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.4:  # a stem with leaves to both sides
        pairs = rng.choice((2, 3, 4))
        sketch.line([(50, 94), (50, 26)], 5)
        for at in range(pairs):
            for side in (-1, 1):
                y = 76 - at * 46 / pairs
                sketch.plane(blade_outline(50, y, 40 - at * 4, 16, -90 + side * rng.uniform(48, 52), "egg"), side > 0)
        sketch.plane(blade_outline(50, 34, 30, 14, -90, "egg"), 2)
        return
    ends = _limbs(sketch, rng, (50, 94), 26, -90, rng.uniform(5, 9), 2)
    shape = rng.choice(("egg", "round", "ball"))
    for at, (x, y) in enumerate(ends):
        angle = math.degrees(math.atan2(y - 62, x - 50))
        size = rng.uniform(15, 19)
        sketch.plane(ellipse(x, y, size * 0.5) if shape == "ball" else blade_outline(x, y, size, size * 0.6, angle,
            shape), at % 3)


def palm(sketch: Sketch, rng: random.Random) -> None:
    sway, count, form = (rng.uniform(-14, 14), rng.choice((5, 5, 6, 7)), rng.choice(("bend", "bend", "blades", "lines",
        "jagged")))
    draw_palm(sketch, (50 + sway, 92), (50, 36), count, 42, form)
    ground = rng.choice(("none", "none", "heap", "line"))
    if ground == "heap":
        sketch.plane(arc(50 + sway, 96, 28, 9, 180, 360), 1)
    elif ground == "line":
        sketch.line([(26 + sway, 93), (74 + sway, 93)], 4)


def clover(sketch: Sketch, rng: random.Random) -> None:
    count, shape = rng.choice((3, 4, 4)), rng.choice(("heart", "heart", "disc", "round"))
    y, start = 44.0, -90.0 if count == 3 else -45.0
    sketch.plane(thick(curve(50, y, 53, 68, rng.uniform(54, 64), 94, closed=False), 3, end=7), 2)
    for at in range(count):
        angle = start + 360 * at / count
        long, wide = (36, rng.uniform(32, 36)) if count == 4 else (37, rng.uniform(36, 42))
        x, down = along(50, y, 2, angle)
        sketch.plane(ellipse(*along(50, y, 18, angle), 15.5) if shape == "disc" else blade_outline(x, down, long, wide,
            angle, shape), at % 2 if count == 4 else 0)
        if shape == "heart" and rng.random() < 0.4:
            sketch.score([along(50, y, 10, angle), along(50, y, 22, angle)], 2.2)


def _branch(sketch: Sketch, rng: random.Random, side: int, count: int, shape: str, stem: float, both: bool) -> None:
    for at in range(count):
        angle = 90 - 142 * (at + 0.6) / count
        x, y = along(50, 48, 38, angle)
        for inner in (False, True) if both else (False,):
            turn = angle - 90 + (38 if not inner else -46)
            blade = blade_outline(x, y, 56 / count**0.62, 22 / count**0.62, turn, shape)
            sketch.plane(blade if side > 0 else mirrored(blade), int(inner))
    if stem:
        line = arc(50, 48, 38, None, 96, -48)
        sketch.line(line if side > 0 else mirrored(line), stem)


def laurel_branch(sketch: Sketch, rng: random.Random) -> None:
    count, shape = rng.choice((4, 5, 6, 7, 8)), rng.choice(("lens", "egg", "kite"))
    if rng.random() < 0.5:
        both = rng.random() < 0.7
        _branch(sketch, rng, 1, count, shape, rng.choice((0, 2, 3)) if both else 3, both)
        sketch.marks = [(kind, moved(points, -20, 3), value) for kind, points, value in sketch.marks]
        return
    bend = rng.uniform(-12, 12)
    stem = curve(50, 94, 50 + bend, 60, 50, 22, closed=False)
    sketch.line(stem, rng.uniform(2, 4))
    for at in range(count):
        x, y = stem[min(len(stem) - 1, 3 + at * 13 // count)]
        for side in (-1, 1) if rng.random() < 0.8 else (1,):
            sketch.plane(blade_outline(x, y, 32 - at * 1.6, 12, -90 + side * 46, shape), side > 0)
    sketch.plane(blade_outline(50, 26, 22, 10, -90, shape), 2)


def laurel_wreath(sketch: Sketch, rng: random.Random) -> None:
    count, shape, both, stem = (rng.choice((5, 6, 7, 9)), rng.choice(("lens", "egg", "kite")), rng.random() < 0.6,
        rng.choice((0, 2, 3)))
    for side in (-1, 1):
        _branch(sketch, rng, side, count, shape, stem, both)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "leaf": (leaf, "5.3.13 5.3.14", "mirror tilt"),
    "leaves-two": (leaves_two, "5.3.13 5.3.15", "mirror tilt"),
    "leaves-three": (leaves_three, "5.3.13 5.3.15", "mirror tilt"),
    "sprout": (sprout, "5.3.13 5.3.15 5.11.10", "mirror"),
    "round-tree": (round_tree, "5.1.3 5.1.5 5.1.11 5.1.16", "mirror"),
    "conifer": (conifer, "5.1.1 5.1.5 5.1.10 5.1.16", "mirror"),
    "conifers": (conifers, "5.1.1 5.1.7 5.1.10 5.1.16", "mirror"),
    "bare-tree": (bare_tree, "5.1.4 5.1.5 5.1.16", "mirror"),
    "leafy-tree": (leafy_tree, "5.1.3 5.1.5 5.1.11 5.1.16", "mirror"),
    "palm": (palm, "5.1.3 5.1.5 5.1.12", "mirror"),
    "clover": (clover, "5.3.6", "mirror tilt"),
    "laurel-branch": (laurel_branch, "5.3.20", "mirror tilt"),
    "laurel-wreath": (laurel_wreath, "5.13.1 5.13.4", ""),
}
