"""Flowers, ears, mushrooms, cacti and vegetables."""

# fmt: off

import math
import random

from schematic.geometry import (
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    mirrored,
    moved,
    polygon,
    regular,
    scaled,
    turned,
)
from schematic.outlines import blade_outline, crescent_outline, rib_line, sharp_outline, tile_outline
from schematic.sketch import Kind, Sketch


def flower(sketch: Sketch, rng: random.Random) -> None:
    count, shape = (rng.choice((5, 5, 6, 6, 7, 8)), rng.choice(("round", "round", "lens", "egg", "heart", "oblong",
        "disc", "kite")))
    near, far = rng.choice((0, 4, 9, 13)), rng.uniform(40, 46)
    wide = 2 * math.pi * far / count * rng.uniform(0.42, 0.78 if shape != "kite" else 0.5)
    form, middle = (rng.choice(("whole", "whole", "whole", "line", "tile", "stem", "double", "one")),
        rng.choice(("none", "none", "ball", "ball", "ring")))
    petals = []
    for at in range(count):
        angle = 360 * at / count - 90
        x, y = along(50, 50, near, angle)
        petals.append(ellipse(*along(50, 50, far * 0.6, angle), wide * 0.52) if shape == "disc" else blade_outline(x, y,
            far - near, wide, angle, shape))
    if form == "stem":
        petals = [moved(scaled(petal, 0.62), 0, -20) for petal in petals]
        sketch.line(curve(50, 40, 52, 70, 50, 94, closed=False), 4)
        for side in (-1, 1)[rng.choice((0, 1)) :]:
            sketch.plane(blade_outline(50, 84, 26, 10, -90 + side * 50), 1)
    x, y, size = (50, 30, 0.62) if form == "stem" else (50, 50, 1.0)
    if form == "tile":
        wide = min(wide, 2 * math.pi * 13 / count)
        sketch.plane(tile_outline(rng))
        for at in range(count):
            sketch.detail(blade_outline(*along(50, 50, 9, 360 * at / count - 90), 23, wide, 360 * at / count - 90,
                "round"))
        return
    if form == "one":
        lobes = [c for at in range(count) for reach, turn in ((44, -0.25), (44, 0.25), (rng.uniform(25, 25.5),
            0.5)) for c in along(50, 50, reach, 360 * (at + turn) / count - 90)]
        sketch.plane(curve(*lobes))
        sketch.detail(ellipse(50, 50, rng.uniform(7, 13)))
        return
    for at, petal in enumerate(petals):
        if form == "line":
            sketch.line([*petal, petal[0]], 3)
        else:
            sketch.plane(petal, at % 2 if count % 2 == 0 else 0)
    if form == "double":
        for at in range(count):
            sketch.plane(blade_outline(50, 50, far * 0.55, wide * 0.5, 360 * (at + 0.5) / count - 90, "round"), 2)
    if middle == "ball":
        sketch.plane(ellipse(x, y, rng.uniform(6, 12) * size), 2)
    elif middle == "ring" and near > 3:
        sketch.line([*ellipse(x, y, 7 * size), (x + 7 * size, y)], 3)


def petals(sketch: Sketch, rng: random.Random) -> None:
    """Petals about an empty middle, swirled, sliced or apart."""
    count, form = (rng.choice((4, 5, 6, 8, 10, 12)), rng.choice(("swirl", "swirl", "apart", "apart", "halves",
        "corners", "rings", "rhombs")))
    near = rng.uniform(8, 18)
    wide = 2 * math.pi * 32 / count
    bend = rng.choice((-1, 1)) * rng.uniform(8, 16)
    for at in range(count):
        angle = 360 * at / count - 90
        x, y = along(50, 50, near, angle)
        if form == "swirl":
            sketch.plane(blade_outline(x, y, 44 - near, wide * 0.8, angle, "egg", bend), at % 3)
        elif form == "apart":
            sketch.plane(blade_outline(x, y, 44 - near, wide * rng.uniform(0.6, 0.61), angle,
                "round" if near < 13 else "lens"), at % 2)
        elif form == "halves":
            blade = blade_outline(x, y, 44 - near, wide * 0.9, angle, "egg")
            for side in (-1, 1):
                sketch.plane(half_of(blade, along(50, 50, 0.8, angle + 90 * side), angle + 90 * side), side > 0)
        elif form == "rings":
            blade = blade_outline(*along(50, 50, 3, angle), 41, wide * 1.2, angle, "lens")
            sketch.line([*blade, blade[0]], rng.uniform(2, 2.2))
        elif form == "rhombs":
            half, tip = 180 / count, along(50, 50, 44, angle)
            reach = 44 / (2 * math.cos(math.radians(half))) if count > 4 else 28.0
            sketch.plane(scaled([(50, 50), along(50, 50, reach, angle - half), tip, along(50, 50, reach,
                angle + half)], 0.9, None, along(50, 50, 22, angle)), at % 3)
        elif at < 4:
            r, near_by = 36.0, rng.uniform(3, 3.1)
            square = [(50 + near_by, 50 - near_by), *arc(50 + near_by, 50 - near_by - r, r, None, 90, 0),
                *arc(50 + near_by + r, 50 - near_by, r, None, -90, -180)]
            lobe = [(50 + near_by, 50 - near_by), (50 + near_by, 50 - r), *arc(50 + r * 0.4, 50 - r * 0.4, r * 0.6,
                None, -90, 0), (50 + r, 50 - near_by)]
            sketch.plane(turned(lobe if near < 13 else square, 90 * at), at % 2)


def tulip(sketch: Sketch, rng: random.Random) -> None:
    low, wide, form = (rng.choice((58, 62, 92)), rng.uniform(24, 34), rng.choice(("cup", "three", "three", "layers",
        "planes", "line")))
    top = 10
    if low < 90:
        sketch.line([(50, low), (50, 95)], rng.uniform(3, 6))
        for side in rng.choice(((-1, 1), (1,), (-1, 1))):
            sketch.plane(blade_outline(50, 93, rng.uniform(32, 44), 12, -90 + side * rng.uniform(24, 48), "lens",
                -side * 4), 1)
    high = low - top
    cup = sharp_outline((50 - wide * 0.5, top + high * 0.16, 50 - wide * 0.34, top + high * 0.3),
        (50 - wide * 0.2, top + high * 0.14, 50, top), (50 + wide * 0.2, top + high * 0.14,
        50 + wide * 0.34, top + high * 0.3), (50 + wide * 0.5, top + high * 0.16, 50 + wide, top + 4),
        (50 + wide * 0.98, top + high * 0.6, 50 + wide * 0.6, low - high * 0.08, 50, low,
        50 - wide * 0.6, low - high * 0.08, 50 - wide * 0.98, top + high * 0.6, 50 - wide, top + 4))
    if form == "cup":
        sketch.plane(cup)
    elif form == "line":
        sketch.line([*cup, cup[0]], 4)
        sketch.line(curve(50, low, 50 - wide * 0.3, top + high * 0.6, 50, top + high * 0.2, closed=False), 3)
    elif form == "planes":
        sketch.plane(polygon(50 - wide, top, 50 - 2, top + high * 0.5, 50 - 2, low, 50 - wide, low - high * 0.35))
        sketch.plane(polygon(50 + wide, top, 50 + 2, top + high * 0.5, 50 + 2, low, 50 + wide, low - high * 0.35), 1)
        sketch.plane(polygon(50, top + high * 0.02, 50 + wide * 0.5, top + high * 0.24, 50,
            top + high * 0.44, 50 - wide * 0.5, top + high * 0.24), 2)
    else:
        sketch.plane(blade_outline(50, low - 4, high, wide * 0.9, -90, "lens"), 2)
        for side in (-1, 1):
            petal = sharp_outline((50 - wide * 1.05, top + high * 0.5, 50 - wide * 0.9, low - high * 0.12, 50 - 2, low),
                (50 - wide * 0.1, top + high * 0.5, 50 - wide * 0.9, top + 4))
            sketch.plane(petal if side < 0 else mirrored(petal), side > 0)


def lotus(sketch: Sketch, rng: random.Random) -> None:
    layers, form = rng.choice((3, 5, 5, 7, 7, 9)), rng.choice(("fan", "fan", "fan", "line", "gaps", "planes"))
    base, spread, shape = rng.uniform(74, 82), rng.uniform(62, 84), rng.choice(("lens", "egg", "egg", "kite"))
    order = sorted(range(layers), key=lambda at: -abs(at - (layers - 1) / 2))
    for at in order:
        share = (at - (layers - 1) / 2) / ((layers - 1) / 2)
        long = 62 - 16 * abs(share)
        wide = rng.uniform(23, 23.5) * (1.15 if layers < 6 else 0.95)
        near = 10 if form == "gaps" else 0
        x, y = along(50, base + (6 if form == "gaps" else 0), near, -90 + share * spread)
        narrow = wide * (0.5 if form == "gaps" and layers > 5 else 1)
        petal = blade_outline(x, y, long - near, narrow, -90 + share * spread, "kite" if form == "planes" else shape,
            -share * 8)
        if form == "line":
            sketch.line([*petal, petal[0]], 3)
        else:
            sketch.plane(petal, round(abs(at - (layers - 1) / 2)) % 3)
            if form == "fan" and at == (layers - 1) / 2 and rng.random() < 0.5:
                sketch.detail(scaled(petal, 0.5))
            elif form == "fan" and shape != "kite":
                sketch.score(rib_line(x, y, long, -90 + share * spread, -share * 8, 0.3), 2.2)
    below = rng.choice(("none", "none", "cup"))
    if below == "cup":
        sketch.line(arc(50, base - 22, 46, 34, 40, 140), 4)


def rose(sketch: Sketch, rng: random.Random) -> None:
    form, y = (rng.choice(("spiral", "arcs", "arcs", "crescents", "crescents", "side", "side", "planes")),
        50.0 if rng.random() < 0.55 else 34.0)
    size = 42.0 if y == 50 else 26.0
    if y < 50:
        sketch.line(curve(50, y, 52, 70, 48, 95, closed=False), 4)
        for side in (-1, 1):
            sketch.plane(blade_outline(50, 84 - side * 6, 28, 13, -90 + side * 58, "egg"), 1)
    if form == "spiral":
        sketch.plane(ellipse(50, y, size))
        turns = rng.uniform(2, 3)
        spiral = [along(50, y, size * (0.08 + 0.78 * at / 50), 360 * turns * at / 50) for at in range(51)]
        sketch.score(spiral, size * 0.09)
    elif form == "arcs":
        sketch.plane(curve(*[c for at in range(10) for c in along(50, y, size * (1 if at % 2 else 0.88), 36 * at)]))
        for at in range(rng.choice((3, 4, 5))):
            reach = size * (0.74 - 0.15 * at)
            if reach > size * 0.1:
                sketch.score(arc(50, y, reach, None, at * 130, at * 130 + rng.uniform(170, 230)), size * 0.07)
    elif form == "crescents":
        start, around = rng.uniform(0, 360), rng.choice((3, 4, 5))
        for row, reach in enumerate((0.62, 0.32)):
            for at in range(around):
                x, down = along(50, y, size * reach * 0.62, start + 360 * (at + row / 2) / around)
                petal = crescent_outline(x, down, size * reach * 0.98, size * reach, size * reach * 0.5,
                    start + 180 + 360 * (at + row / 2) / around)
                sketch.plane(petal, at % 3)
        sketch.plane(ellipse(50, y, size * 0.1), 1)
    elif form == "planes":
        sides, step = rng.choice((3, 4, 5, 6)), rng.uniform(22, 32)
        for at in range(5):
            outline = regular(50, y, size * 0.8**at * (1 if at % 2 == 0 else 0.97), sides, step * at - 90)
            if at % 2:
                sketch.detail(scaled(outline, 0.86, None, (50, y)))
            else:
                sketch.plane(scaled(outline, 1 - 0.1 * at, None, (50, y)), at // 2)
    else:
        sketch.plane(sharp_outline((50 - size * 0.8, y - size * 0.1, 50 - size * 0.6, y + size * 0.7, 50,
            y + size, 50 + size * 0.6, y + size * 0.7, 50 + size * 0.8, y - size * 0.1, 50 + size * 0.9,
            y - size * 0.6), (50 + size * 0.4, y - size * 0.7, 50, y - size, 50 - size * 0.4,
            y - size * 0.7, 50 - size * 0.9, y - size * 0.6)))
        sketch.score(curve(50 - size * 0.7, y - size * 0.4, 50 - size * 0.1, y + size * 0.1,
            50 + size * 0.2, y + size * 0.8, closed=False), size * 0.08)
        sketch.score(curve(50 + size * 0.7, y - size * 0.4, 50 + size * 0.4, y - size * 0.1,
            50 + size * 0.14, y + size * 0.14, closed=False), size * 0.08)
        sketch.score(arc(50 + size * 0.05, y - size * 0.55, size * 0.3, size * 0.16, 0, 300), size * 0.07)


def mushroom(sketch: Sketch, rng: random.Random) -> None:
    wide, high, gap = rng.uniform(34, 43), rng.uniform(32, 46), rng.choice((0, 3, 5))
    form, stem = rng.choice(("dome", "dome", "cone", "flat", "line")), rng.uniform(8, 14)
    base = 12 + high
    cap = {"cone": sharp_outline((50 - wide * 0.3, 26, 50 - 4, 12, 50 + 4, 12, 50 + wide * 0.3, 26, 50 + wide, base),
        (50, base + 6, 50 - wide, base)), "flat": [*arc(50, base, wide, high * 0.5, 180,
        360)]}.get(form, arc(50, base, wide, high, 180, 360))
    leg = sharp_outline((50 - stem * 0.8, 72, 50 - stem * 1.3, 90), (50, 95, 50 + stem * 1.3, 90), (50 + stem * 0.8, 72,
        50 + stem, base + gap + 2), (50 - stem, base + gap + 2))
    if form == "line":
        sketch.line([*cap, cap[0]], 4)
        sketch.line([*leg, leg[0]], 4)
        return
    sketch.plane(leg, 1)
    sketch.plane(cap)
    spots = rng.choice((0, 2, 3, 3))
    if form == "dome":
        for x, y, r in ((50, base - high * 0.55, 6), (50 - wide * 0.5, base - high * 0.3, 4.5), (50 + wide * 0.52,
            base - high * 0.32, 5))[:spots]:
            sketch.detail(ellipse(x, y, r * rng.uniform(0.8, 1.2)))
    if rng.random() < 0.25:
        small = [moved(scaled(points, 0.5, None, (50, 92)), 30, 0) for points in (leg, cap)]
        sketch.plane(small[0], 2)
        sketch.plane(small[1], 2)


def cactus(sketch: Sketch, rng: random.Random) -> None:
    form, wide = rng.choice(("arms", "arms", "arms", "line", "ball", "pads")), rng.uniform(14, 20)
    if form in ("arms", "line"):
        base = 90.0
        for side in rng.choice(((-1, 1), (-1, 1), (1,))):
            y, out, up = rng.uniform(50, 66), rng.uniform(22, 30), rng.uniform(18, 28)
            arm = curve(50, y, 50 + side * out * 0.7, y, 50 + side * out, y - 7, 50 + side * out, y - up, closed=False)
            sketch.line(arm, wide * (0.7 if form == "arms" else 0.3))
        if form == "arms":
            sketch.plane(box(50 - wide / 2, 10, wide, base - 10, wide / 2))
            for at in range(rng.choice((0, 1, 2))):
                sketch.score([(50 + (at * 2 - 1) * wide * 0.2, 22), (50 + (at * 2 - 1) * wide * 0.2, 80)], 2)
        else:
            sketch.line([(50 - wide / 2, base), *arc(50, 20, wide / 2, None, 180, 360, 12), (50 + wide / 2, base)], 4)
    elif form == "ball":
        sketch.plane(ellipse(50, 56, 30, 32))
        for at in range(-1, 2):
            sketch.score([(50 + at * 13, 38 + abs(at) * 4), (50 + at * 16, 56), (50 + at * 13, 74 - abs(at) * 4)], 3)
        for at in range(3):
            sketch.plane(blade_outline(50, 24, 16, 8, -90 + (at - 1) * 40), 1)
    else:
        for at, (x, y, a, b, turn) in enumerate(((50, 70, 17, 23, 0), (34, 40, 11, 16, -24), (66, 38, 12, 17, 22), (74,
            62, 8, 12, 60))[: rng.choice((3, 4))]):
            sketch.plane(turned(ellipse(x, y, a, b), turn, (x, y)), at % 3)
            for dx, dy in ((-4, -4), (4, 2), (-2, 8)):
                sketch.detail(ellipse(x + dx, y + dy, 1.2))
    if rng.random() < 0.5:
        sketch.line([(24, 92), (76, 92)], 4)


def carrot(sketch: Sketch, rng: random.Random) -> None:
    wide, form, leaves = rng.uniform(14, 20), rng.choice(("cone", "cone", "wedge", "rings")), rng.choice((2, 3, 3, 5))
    for at in range(leaves):
        share = (at - (leaves - 1) / 2) / ((leaves - 1) / 2)
        sketch.plane(blade_outline(50, 36, 30 - 6 * abs(share), 10, -90 + share * 44, rng.choice(("egg", "lens",
            "round"))), 1 + at % 2)
    body = (polygon(50 - wide, 36, 50 + wide, 36, 50, 95) if form == "wedge" else sharp_outline((50 - wide * 0.9, 30,
        50 + wide * 0.9, 30, 50 + wide, 42, 50 + wide * 0.5, 70, 50, 95), (50 - wide * 0.5, 70, 50 - wide, 42)))
    if form == "rings":
        for at in range(5):
            low = 33 + at * 12.5
            sketch.plane(half_of(half_of(body, (50, low + 1.5), 90), (50, low + 12), -90), at % 2)
    else:
        sketch.plane(body)
        for y, side in ((46, -1), (58, 1), (68, -1))[: rng.choice((0, 2, 3))]:
            sketch.score([(50 + side * wide * 0.6, y), (50 + side * 1, y + 1)], 2.6)
    turn = rng.choice((0, 0, 35, 45))
    sketch.marks = [(kind, turned(points, turn), value) for kind, points, value in sketch.marks]


def pumpkin(sketch: Sketch, rng: random.Random) -> None:
    form, high = rng.choice(("lobes", "lobes", "one", "line", "half")), rng.uniform(24, 30)
    sketch.plane(sharp_outline((46, 24, 44, 14), (52, 12, 56, 12), (54, 24, 57, 36), (43, 36)), 2)
    if form in ("lobes", "line"):
        count = rng.choice((3, 5, 5))
        for at in sorted(range(count), key=lambda each: -abs(each - count // 2)):
            x = 50 + (at - count // 2) * (15 if count == 5 else 21)
            lobe = ellipse(x, 60, 15 if count == 5 else 20, high + 2 - abs(at - count // 2) * 3)
            sketch.line([*lobe, lobe[0]], 3) if form == "line" else sketch.plane(lobe, abs(at - count // 2) % 3)
    else:
        sketch.plane(curve(50, 36, 66, 32, 88, 42, 92, 60, 84, 80, 64, 89, 50, 86, 36, 89, 16, 80, 8, 60, 12, 42, 34,
            32))
        sketch.score(ellipse(50, 61, 0.1, 20), 3) if form == "half" else None
        for side in (-1, 1):
            for out in (12, 25) if form == "one" else (16,):
                sketch.score(curve(50 + side * out * 0.8, 42, 50 + side * out * 1.15, 61, 50 + side * out * 0.8, 79,
                    closed=False), 3)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "flower": (flower, "5.5.20 5.5.21", "mirror tilt"),
    "petals": (petals, "5.5.20 5.5.21", "mirror tilt"),
    "tulip": (tulip, "5.5.3 5.5.20 5.5.21", "mirror tilt"),
    "lotus": (lotus, "5.5.16 5.5.20 5.5.21", ""),
    "rose": (rose, "5.5.1 5.5.20 5.5.21", "mirror tilt"),
    "mushroom": (mushroom, "5.11.5", "mirror tilt"),
    "cactus": (cactus, "5.11.19", "mirror"),
    "carrot": (carrot, "5.9.1 5.9.23", "mirror tilt"),
    "pumpkin": (pumpkin, "5.9.14 5.9.23", "mirror"),
}
