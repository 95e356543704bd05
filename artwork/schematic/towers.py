"""Towers, castles, churches, factories and skylines."""

# fmt: off

import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, mirrored, polygon, turned
from schematic.outlines import arched_outline, draw_windows
from schematic.sketch import Kind, Sketch


def _merlons(left: float, top: float, width: float, bottom: float, count: int, deep: float) -> Points:
    """Return a wall whose top has battlements."""
    step = width / (2 * count - 1)
    head: Points = []
    for at in range(count):
        x = left + 2 * at * step
        head += [(x, top), (x + step, top)]
        if at < count - 1:
            head += [(x + step, top + deep), (x + 2 * step, top + deep)]
    return [*head, (left + width, bottom), (left, bottom)]


def tower_block(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("grid", "grid", "perspective", "perspective", "steps", "slant", "bars", "lines"))
    wide, top = rng.uniform(18, 28), rng.uniform(8, 16)
    if form == "grid":
        sketch.plane(box(50 - wide, top, 2 * wide, 92 - top, rng.choice((0, 0, 4))))
        draw_windows(sketch, 50 - wide + 3, top + 4, 2 * wide - 6, 66, rng.choice((2, 3, 4)), rng.choice((3, 4, 5,
            6)))
        if rng.random() < 0.6:
            sketch.detail(box(45, 81, 10, 10))
    elif form == "perspective":
        x, drop = rng.uniform(40, 60), rng.uniform(8, 18)
        sketch.plane(polygon(x, top, x, 92, 50 - wide, 86, 50 - wide, top + drop))
        sketch.plane(polygon(x, top, 50 + wide, top + drop, 50 + wide, 86, x, 92), 1)
        for at in range(rng.choice((0, 4, 6))):
            y = top + drop + 6 + at * 10
            sketch.score([(50 - wide + 3, y), (x - 3, y - drop * 0.3)], 3)
    elif form == "steps":
        for at, tone in enumerate((0, 1, 0)):
            k = (1, 0.66, 0.36)[at]
            y = (52, 28, 14)[at]
            sketch.plane(box(50 - wide * k, y, 2 * wide * k, (92, 52, 28)[at] - y), tone)
        sketch.line([(50, 14), (50, 4)], 3)
        for at in range(rng.choice((0, 3))):
            x = 50 + (at - 1) * wide * 0.55
            sketch.score([(x, 58), (x, 86)], 4)
    elif form == "slant":
        sketch.plane(polygon(50 - wide, top + rng.uniform(8, 26), 50 + wide, top, 50 + wide, 92, 50 - wide, 92))
        for at in range(rng.choice((2, 3))):
            x = 50 - wide + (at + 1) * 2 * wide / 4
            sketch.score([(x, top + 34), (x, 86)], 4)
    else:
        for at in range(4):
            x = 50 - wide + at * wide * 0.5
            high = top + abs(at - rng.choice((1, 2))) * 8
            if form == "bars":
                sketch.plane(box(x, high, wide * 0.4, 92 - high), at % 2)
            else:
                sketch.line(polygon(x, 92, x, high, x + wide * 0.4, high - 5, x + wide * 0.4, 92), 3)


def skyline(sketch: Sketch, rng: random.Random) -> None:
    count = rng.choice((3, 3, 4, 5))
    step, form = 80 / count, rng.choice(("boxes", "slant", "line", "perspective"))
    heights = [rng.uniform(26, 62) for _ in range(count)]
    heights[rng.randrange(count)] = rng.uniform(68, 80)
    trace: Points = [(4, 90)]
    for at, high in enumerate(heights):
        left, right, top = 10 + at * step, 10 + (at + 1) * step, 90 - high
        lean = rng.choice((0, 0, 8, -8))
        if form == "line":
            trace += [(left, 90 if at == 0 else trace[-1][1]), (left, top + max(0, lean)), (right, top - min(0, lean))]
            continue
        gap = rng.choice((0, 2))
        if form == "perspective":
            middle = left + step * 0.45
            sketch.plane(polygon(left, top + 5, middle, top, middle, 90, left, 90))
            sketch.plane(polygon(middle, top, right - gap, top + 6, right - gap, 90, middle, 90), 1)
            continue
        slope = lean if form == "slant" else 0
        sketch.plane(polygon(left, top + max(0, slope), right - gap, top - min(0, slope), right - gap, 90, left, 90),
                     at % 3)
        if rng.random() < 0.6:
            draw_windows(sketch, left + 1.5, top + 10, step - gap - 3, high - 14, rng.choice((1, 2)), max(2,
                int(high / 13)))
    if form == "line":
        sketch.line([*trace, (90, 90), (96, 90)], rng.uniform(3, 6))


def castle(sketch: Sketch, rng: random.Random) -> None:
    wide, tower, top = rng.uniform(30, 42), rng.uniform(14, 22), rng.uniform(20, 36)
    wall, merlons = top + rng.uniform(14, 24), rng.choice((2, 3))
    roofs, keep = rng.random() < 0.4, rng.random() < 0.45
    if keep:
        sketch.plane(_merlons(38, top - 10, 24, wall, 3, 5), 1)
        if rng.random() < 0.5:
            sketch.line([(50, top - 10), (50, 4)], 2.5)
            sketch.plane(polygon(51, 3, 63, 6, 51, 10), 2)
    for side in (-1, 1):
        left = 50 + side * (wide - tower / 2) - tower / 2
        if roofs:
            sketch.plane(polygon(left - 3, top, left + tower / 2, top - 18, left + tower + 3, top), 1)
            sketch.plane(box(left, top, tower, 90 - top))
        else:
            sketch.plane(_merlons(left, top, tower, 90, merlons, 6))
        if rng.random() < 0.6:
            sketch.detail(arched_outline(left + tower / 2 - 2.5, top + 26, 5, 11))
    inner = 50 - wide + tower
    sketch.plane(_merlons(inner, wall, 100 - 2 * inner, 90, rng.choice((3, 4)), 6), rng.choice((0, 1)))
    sketch.detail(arched_outline(42, 89.5, 16, rng.uniform(18, 26), pointed=rng.random() < 0.3))


def castle_tower(sketch: Sketch, rng: random.Random) -> None:
    wide, top, foot = rng.uniform(14, 22), rng.uniform(12, 24), rng.uniform(0, 8)
    head = wide + rng.uniform(3, 9)
    form = rng.choice(("rook", "rook", "plain", "cone", "line"))
    if form == "cone":
        sketch.plane(polygon(50, 6, 50 + head, top + 22, 50 - head, top + 22), 1)
        sketch.plane(polygon(50 - wide, top + 22, 50 + wide, top + 22, 50 + wide + foot, 92, 50 - wide - foot, 92))
    elif form == "plain":
        sketch.plane(_merlons(50 - wide, top, 2 * wide, 92, rng.choice((2, 3, 4)), rng.uniform(6, 12)))
    elif form == "line":
        sketch.line(
            polygon(
                50 - wide,
                90,
                50 - wide,
                top + 30,
                50 - head,
                top + 20,
                50 - head,
                top,
                50 - head * 0.5,
                top,
                50 - head * 0.5,
                top + 8,
                50 - 4,
                top + 8,
                50 - 4,
                top,
                54,
                top,
                54,
                top + 8,
                50 + head * 0.5,
                top + 8,
                50 + head * 0.5,
                top,
                50 + head,
                top,
                50 + head,
                top + 20,
                50 + wide,
                top + 30,
                50 + wide,
                90,
                50 - wide,
                90,
            ),
            rng.uniform(3, 6),
        )
        return
    else:
        neck = top + rng.uniform(18, 26)
        sketch.plane(_merlons(50 - head, top, 2 * head, neck, rng.choice((3, 4)), 8))
        sketch.plane(polygon(50 - wide * 0.9, neck, 50 + wide * 0.9, neck, 50 + wide + foot, 82, 50 - wide - foot, 82),
            1)
        sketch.plane(box(50 - head - foot, 82, 2 * (head + foot), 9))
    if rng.random() < 0.5:
        sketch.detail(arched_outline(50 - 4, top + 46, 8, 14))
    elif rng.random() < 0.7 and form != "rook":
        sketch.detail(arched_outline(50 - 6, 91.5, 12, 22))
        sketch.detail(box(48, top + 30, 4, 10))


def factory(sketch: Sketch, rng: random.Random) -> None:
    teeth, top, roof = rng.choice((2, 3, 3, 4)), rng.uniform(46, 56), rng.uniform(14, 24)
    stacks, chimney = rng.choice((0, 1, 1, 2)), rng.uniform(12, 18)
    left = 10 + stacks * chimney if stacks else 8
    step = (92 - left) / teeth
    saw: Points = []
    lean = rng.choice((0, 0, 0.5, 1))
    for at in range(teeth):
        saw += [(left + (at + lean * 0.5) * step, top - roof), (left + (at + 1) * step, top)]
        if lean == 0:
            saw.insert(-2, (left + at * step, top))
    if rng.random() < 0.2:
        sketch.line([(8, 88), (8, top), *saw, (92, 88), (8, 88)], rng.uniform(4, 7))
    else:
        sketch.plane([(8, top), *saw, (92, 90), (8, 90)])
        if rng.random() < 0.75:
            draw_windows(sketch, 12, top + 8, 76, rng.choice((14, 22)), rng.choice((3, 4, 5)), 1)
    for at in range(stacks):
        x = 10 + at * chimney
        sketch.plane(polygon(x + 3, 16 + at * 6, x + chimney - 5, 16 + at * 6, x + chimney - 3, top, x, top), 1)
        if rng.random() < 0.4:
            for puff in range(3):
                sketch.plane(ellipse(x + 8 + puff * 10, 10 - puff * 1.5 + at * 3, 4 + puff), 2)


def church(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("front", "front", "side", "side", "twin", "line"))
    cross_y = rng.uniform(4, 8)

    def cross(x: float, y: float) -> None:
        sketch.line([(x, y), (x, y + 14)], 3)
        sketch.line([(x - 4.5, y + 5), (x + 4.5, y + 5)], 3)

    if form == "front":
        tower, spire = rng.uniform(10, 16), rng.uniform(36, 46)
        cross(50, cross_y)
        sketch.plane(polygon(50, cross_y + 14, 50 + tower, spire, 50 + tower, 90, 50 - tower, 90, 50 - tower, spire))
        for side in (-1, 1):
            wing = polygon(50 + tower, 54, 50 + tower + 24, 68, 50 + tower + 24, 90, 50 + tower, 90)
            sketch.plane(wing if side > 0 else mirrored(wing), 1)
        sketch.detail(arched_outline(50 - 5, 89.5, 10, 18, pointed=rng.random() < 0.5))
        sketch.detail(rng.choice((ellipse(50, spire + 10, 4), arched_outline(47, spire + 18, 6, 12))))
    elif form == "side":
        tower = rng.uniform(16, 22)
        x = 12 + tower / 2
        cross(x, cross_y)
        sketch.plane(polygon(x, cross_y + 12, 12 + tower, 42, 12, 42), 1)
        sketch.plane(box(12, 42, tower, 48))
        sketch.plane(polygon(12 + tower, 50, 82, 50, 92, 66, 12 + tower, 66), 1)
        sketch.plane(box(12 + tower, 66, 76 - tower, 24))
        for at in range(rng.choice((2, 3))):
            sketch.detail(arched_outline(12 + tower + 8 + at * 16, 85, 6, 14))
        sketch.detail(arched_outline(x - 4, 60, 8, 13))
    elif form == "twin":
        for side in (-1, 1):
            x = 50 + side * 24
            cross(x, cross_y)
            sketch.plane(polygon(x, cross_y + 12, x + 10, 40, x + 10, 90, x - 10, 90, x - 10, 40))
            sketch.detail(arched_outline(x - 3, 64, 6, 14))
        sketch.plane(polygon(50, 36, 64, 52, 64, 90, 36, 90, 36, 52), 1)
        sketch.detail(ellipse(50, 58, 5))
        sketch.detail(arched_outline(44, 89.5, 12, 16))
    else:
        cross(50, cross_y)
        sketch.line(polygon(50, cross_y + 14, 34, 48, 34, 90, 14, 90, 14, 64, 34, 54), 4)
        sketch.line(polygon(50, cross_y + 14, 66, 48, 66, 90, 86, 90, 86, 64, 66, 54), 4)
        sketch.line([*arched_outline(43, 90, 14, 22)[:-1], (57, 90)], 4)


def pagoda(sketch: Sketch, rng: random.Random) -> None:
    storeys, wide, lift = rng.choice((2, 3, 3, 4, 5)), rng.uniform(32, 42), rng.uniform(2, 9)
    high, body = 72 / storeys, rng.random() < 0.85
    for at in range(storeys):
        k = 0.5 + 0.5 * at / (storeys - 1)
        y = 16 + at * high
        half, inner = wide * k, wide * k * rng.uniform(0.45, 0.6)
        eave = y + high * 0.5
        right = curve(50 + inner * 0.55, y, 50 + half * 0.7, eave - 5, 50 + half, eave - lift, closed=False)
        roof = [*right, (50 + half - 4, eave), (50 - half + 4, eave), *mirrored(right)[::-1]]
        if at == 0:
            roof = [*curve(50, y - 6, 50 + half * 0.5, eave - 6, 50 + half, eave - lift, closed=False), (50 + half - 4,
                eave), (50 - half + 4, eave), (50 - half, eave - lift), *mirrored(curve(50, y - 6, 50 + half * 0.5,
                eave - 6, 50 + half, eave - lift, closed=False))[::-1][1:]]
        sketch.plane(roof, rng.choice((0, 0, 1)) if at else 0)
        if body:
            sketch.plane(box(50 - inner, eave + 1, 2 * inner, high * 0.5 - 1), 1)
    if body:
        sketch.detail(arched_outline(45, 87.5, 10, high * 0.4))
    sketch.line([(50, 12), (50, 4)], 3)
    if rng.random() < 0.6:
        sketch.plane(box(50 - wide * 0.9, 89, wide * 1.8, 4))


def windmill(sketch: Sketch, rng: random.Random) -> None:
    x, y, reach = 50, rng.uniform(34, 40), rng.uniform(28, 34)
    top, foot, spin = rng.uniform(7, 11), rng.uniform(15, 22), rng.choice((45, 45, 20, 0, 65))
    body = rng.choice(("plane", "plane", "post", "line"))
    if body == "plane":
        sketch.plane(polygon(50 - top, y, 50 + top, y, 50 + foot, 92, 50 - foot, 92))
        sketch.plane(arc(50, y, top + 3, 10, 180, 360, 12), 1)
        sketch.detail(arched_outline(45, 91.5, 10, 16))
    elif body == "post":
        sketch.plane(polygon(50 - 3, y, 53, y, 55, 92, 45, 92))
    else:
        sketch.line(polygon(50 - top, y, 50 - foot, 92, 50 + foot, 92, 50 + top, y), 4)
    sails = rng.choice(("boards", "boards", "lattice", "cloth", "boards" if body == "post" else "blades"))
    for at in range(4):
        turn = spin + at * 90
        if sails == "boards":
            sketch.plane(turned(box(x + 8, y, reach - 8, rng.choice((8, 8, 10))), turn, (x, y)), 1)
            sketch.line([(x, y), along(x, y, reach, turn)], 3)
        elif sails == "lattice":
            for step in range(4):
                u = 10 + step * (reach - 12) / 3
                sketch.line(turned([(x + u, y), (x + u, y + 8)], turn, (x, y)), 2)
            sketch.line(turned([(x, y), (x + reach, y), (x + reach, y + 8), (x + 8, y + 8)], turn, (x, y)), 2)
        elif sails == "blades":
            sketch.plane(turned(polygon(x, y, x + reach, y - 5, x + reach, y + 5), turn, (x, y)), 1)
        else:
            sketch.plane(turned(polygon(x, y, x + reach, y, x + reach * 0.6, y + 10), turn, (x, y)), 1)
    sketch.plane(ellipse(x, y, 3.5), 2)


def lighthouse(sketch: Sketch, rng: random.Random) -> None:
    top, foot, head = rng.uniform(7, 10), rng.uniform(13, 20), rng.uniform(30, 38)
    sketch.plane(rng.choice((polygon(50 - top - 2, 18, 50, 6, 52 + top, 18), arc(50, 18, top + 1, 10, 180, 360, 14))),
        1)
    if rng.random() < 0.5:
        sketch.plane(box(50 - top + 1, 18, 2 * top - 2, head - 18))
        sketch.detail(box(47, 21, 6, head - 24))
    else:
        for x in (50 - top + 1, 48.5, 50 + top - 4):
            sketch.plane(box(x, 18, 3, head - 18))
    sketch.plane(box(50 - top - 4, head, 2 * top + 8, 4), 1)
    bands, line = rng.choice((0, 2, 3, 4)), rng.random() < 0.5
    body_top, high = head + 4, 86 - head

    def half(y: float) -> float:
        return top + (foot - top) * (y - body_top) / high

    if line and bands:
        for at in range(2 * bands - 1):
            y, end = body_top + at * high / (2 * bands - 1), body_top + (at + 1) * high / (2 * bands - 1)
            slant = rng.choice((0, 0, 3))
            if at % 2 == 0:
                sketch.plane(polygon(50 - half(y), y, 50 + half(y), y + slant, 50 + half(end), end, 50 - half(end),
                    end))
    else:
        sketch.plane(polygon(50 - top, body_top, 50 + top, body_top, 50 + foot, 90, 50 - foot, 90))
        for at in range(bands):
            y = body_top + 8 + at * (high - 16) / max(1, bands)
            sketch.detail(polygon(50 - half(y) + 1, y, 50 + half(y) - 1, y - 4, 50 + half(y + 7) - 1, y + 4,
                                  50 - half(y + 7) + 1, y + 8))
    beams = rng.choice(("none", "wedge", "wedge", "rays"))
    for side in rng.choice(((-1, 1), (1,))) if beams != "none" else ():
        if beams == "wedge":
            sketch.plane(polygon(50 + side * (top + 3), 23, 50 + side * 42, 12, 50 + side * 42, 36), 2)
        else:
            for tip in (10, 24, 38):
                sketch.line([(50 + side * (top + 7), 24 + (tip - 24) * 0.3), (50 + side * 38, tip)], 3)


def lattice_tower(sketch: Sketch, rng: random.Random) -> None:
    foot, waist = rng.uniform(26, 36), rng.uniform(7, 12)
    form = rng.choice(("solid", "solid", "legs", "line", "planes"))
    right = curve(51.5, 4, 53, 30, 50 + waist, 56, 50 + foot * 0.6, 76, 50 + foot, 94, closed=False)
    inner = curve(50 + foot * 0.55, 94, 50 + foot * 0.4, 82, 50, rng.uniform(72, 78), closed=False)
    if form == "line":
        for leg in (right, mirrored(right)):
            sketch.line(leg, 3.5)
        for y, half in ((40, 5), (60, waist + 2), (76, foot * 0.6)):
            sketch.line([(50 - half, y), (50 + half, y)], 3)
        for a, b, y, end in ((5, waist, 40, 60), (waist + 2, foot * 0.6, 60, 76)):
            for side in (-1, 1):
                sketch.line([(50 - side * a, y), (50 + side * b, end)], 2)
        return
    if form == "planes":
        part = [*right, *inner, (50, 4)]
        sketch.plane(mirrored(part))
        sketch.plane(part, 1)
        return
    sketch.plane([*right, *inner, *mirrored(inner)[::-1], *mirrored(right)[::-1]])
    sketch.score([(50 - waist * 0.55, 40), (50 + waist * 0.5, 40)] if form == "legs" else [(47.5, 34), (52.5, 34)], 3)
    sketch.score([(50 - waist * 0.8, 57), (50 + waist * 0.8, 57)], 3)
    if form == "legs":
        sketch.detail(polygon(50, 46, 50 + waist * 0.4, 54, 50 - waist * 0.4, 54))
        sketch.detail(polygon(50, 62, 56, 70, 44, 70))
    if rng.random() < 0.5:
        for y, half_width in ((30, 6), (58, waist + 4)):
            sketch.plane(box(50 - half_width, y - 2, 2 * half_width, 3.5), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "tower-block": (tower_block, "7.1.8 7.1.12", "mirror"),
    "skyline": (skyline, "6.7.4 6.7.5 7.1.8 7.1.12", "mirror"),
    "castle": (castle, "7.1.1", "mirror"),
    "castle-tower": (castle_tower, "7.1.1 7.1.6", ""),
    "factory": (factory, "7.1.14", "mirror"),
    "church": (church, "7.1.3", "mirror"),
    "pagoda": (pagoda, "7.1.5", ""),
    "windmill": (windmill, "7.1.13", "mirror"),
    "lighthouse": (lighthouse, "7.1.16", "mirror"),
    "lattice-tower": (lattice_tower, "7.1.6 7.5.2", ""),
}
