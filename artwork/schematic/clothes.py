"""Clothes and what they are sewn with."""

# fmt: off

import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, mirrored, polygon, star, thick, turned
from schematic.outlines import wavy_line
from schematic.sketch import Kind, Sketch


def bow_tie(sketch: Sketch, rng: random.Random) -> None:
    wide, high, knot = rng.uniform(34, 42), rng.uniform(18, 28), rng.uniform(5, 9)
    form = rng.choice(("straight", "straight", "soft", "ribbon", "line"))
    if form == "straight":
        wing = polygon(50 + knot, 44, 50 + wide, 50 - high, 50 + wide, 50 + high, 50 + knot, 56)
    else:
        wing = curve(50 + knot, 45, 50 + wide * 0.7, 50 - high, 50 + wide, 50 - high * 0.8, 50 + wide - 4, 50,
                     50 + wide, 50 + high * 0.8, 50 + wide * 0.7, 50 + high, 50 + knot, 55)
    if form == "line":
        for part in (wing, mirrored(wing)):
            sketch.line([*part, part[0]], 4.5)
        sketch.line([*box(50 - knot, 43, 2 * knot, 14, 3), (50 + knot, 46)], 4)
        return
    if form == "ribbon":
        tail = polygon(52, 58, 64, 92, 70, 84, 80, 86, 58, 56)
        sketch.plane(tail, 1)
        sketch.plane(mirrored(tail), 1)
    sketch.plane(wing)
    sketch.plane(mirrored(wing))
    sketch.plane(box(50 - knot + 1, 42, 2 * knot - 2, 16, rng.choice((2, 6))), 1)
    if rng.random() < 0.5:
        for side in (-1, 1):
            for y in rng.choice(((50,), (47, 53))):
                sketch.score([(50 + side * (knot + 4), y), (50 + side * wide * 0.6, 50 + (y - 50) * 2.4)], 3)


def necktie(sketch: Sketch, rng: random.Random) -> None:
    knot, wide, low = rng.uniform(7, 11), rng.uniform(12, 18), rng.uniform(72, 80)
    top = rng.uniform(6, 12)
    gap = rng.choice((0, 2, 3))
    form = rng.choice(("plain", "plain", "collar", "planes", "line"))
    head = polygon(50 - knot, top, 50 + knot, top, 50 + knot * 0.62, top + 15, 50 - knot * 0.62, top + 15)
    tail = polygon(50 - knot * 0.62, top + 15 + gap, 50 + knot * 0.62, top + 15 + gap, 50 + wide, low, 50, 94,
        50 - wide, low)
    if form == "line":
        sketch.line([*head, head[0]], 4)
        sketch.line([*tail, tail[0]], 4)
        return
    sketch.plane(head, 1)
    if form == "planes":
        sketch.plane(polygon(50 - knot * 0.62, top + 15, 50 + knot * 0.62, top + 15, 50 - wide, low))
        sketch.plane(polygon(50 + knot * 0.62, top + 15, 50 + wide, low, 50, 94, 50 - wide, low), 2)
        return
    sketch.plane(tail)
    stripes = rng.choice((0, 2, 3))
    for at in range(stripes):
        y = top + 36 + at * 12
        half = 3 + (y - top - 15) / (low - top - 15) * (wide - 5) * 0.7
        sketch.score([(50 - half, y + 4), (50 + half, y - 4)], 3.5)
    if form == "collar":
        for side in (-1, 1):
            collar = polygon(50 + knot + 2, top, 50 + knot + 22, top + 4, 50 + knot + 12, top + 30, 50 + knot - 1,
                top + 16)
            sketch.plane(collar if side > 0 else mirrored(collar), 2)


def suit(sketch: Sketch, rng: random.Random) -> None:
    _suit(sketch, rng, rng.choice(("jacket", "jacket", "jacket", "lapels")))


def suit_in_disc(sketch: Sketch, rng: random.Random) -> None:
    _suit(sketch, rng, "disc")


def _suit(sketch: Sketch, rng: random.Random, form: str) -> None:
    neck, wide, deep = rng.uniform(12, 18), rng.uniform(34, 42), rng.uniform(48, 66)
    top = rng.uniform(12, 20)
    tie = rng.choice(("tie", "tie", "bow", "none"))
    if form == "lapels":
        for side in (-1, 1):
            lapel = polygon(50 + neck, top, 50 + neck + 18, top + 14, 78, 40, 70, 44, 76, 50, 50, 92, 50 + neck * 0.4,
                50)
            sketch.plane(lapel if side > 0 else mirrored(lapel), 0 if side > 0 else 1)
    else:
        body = {"jacket": polygon(50 - neck, top, 50 + neck, top, 50 + wide, top + 14, 54 + wide, 92, 46 - wide, 92,
                                  50 - wide, top + 14), "disc": ellipse(50, 52, 42)}[form]
        sketch.plane(body)
        shirt = polygon(50 - neck + 1, top + 1.5, 50 + neck - 1, top + 1.5, 50, top + deep)
        sketch.detail(shirt)
        for side in (-1, 1):
            sketch.score([(50 + side * (neck + 7), top + 20), (50 + side * (neck + 12), top + 30),
                (50 + side * (neck + 4), top + 34)], 3)
        if rng.random() < 0.5:
            sketch.detail(ellipse(50, min(86, top + deep + 8), 2.2))
    y = top + 3
    if tie == "tie":
        sketch.plane(polygon(46, y, 54, y, 52.5, y + 8, 47.5, y + 8), 1)
        sketch.plane(polygon(48, y + 9, 52, y + 9, 54.5, top + deep * 0.55, 50, top + deep * 0.78, 45.5,
            top + deep * 0.55), 1)
    elif tie == "bow":
        sketch.plane(polygon(42, y, 50, y + 4, 58, y, 58, y + 12, 50, y + 8, 42, y + 12), 1)


def t_shirt(sketch: Sketch, rng: random.Random) -> None:
    neck, body, sleeve, top = rng.uniform(9, 14), rng.uniform(22, 28), rng.uniform(0, 12), rng.uniform(12, 18)
    long, vee = rng.random() < 0.2, rng.random() < 0.35
    hand = (94, 70 + sleeve) if long else (94, 40 + sleeve)
    right: Points = [(50 + neck, top), (50 + body + 2, top + 5), hand, (hand[0] - 14, hand[1] + 7), (50 + body, 40),
        (50 + body, 90)]
    collar = [(50.0, top + neck * 1.3)] if vee else arc(50, top, neck, neck * 0.8, 180, 0, 10)[1:-1]
    outline = [*right, *mirrored(right)[::-1], *collar]
    form = rng.choice(("plain", "plain", "pocket", "stripes", "line", "halves"))
    if form == "line":
        sketch.line([*outline, outline[0]], rng.uniform(3, 6))
    elif form == "halves":
        middle = (50.0, top + neck)
        half: Points = [middle, *right, (50.0, 90.0)]
        sketch.plane(mirrored(half))
        sketch.plane(half, 1)
    else:
        sketch.plane(outline)
        if form == "pocket":
            sketch.detail(rng.choice((box(56, 42, 12, 13, 1), star(62, 46, 6, 5, 0.45), ellipse(62, 46, 5))))
        elif form == "stripes":
            for at in range(rng.choice((1, 2, 3))):
                sketch.score([(50 - body + 2, 48 + at * 12), (50 + body - 2, 48 + at * 12)], 4)


def dress(sketch: Sketch, rng: random.Random) -> None:
    waist, hem, bust = rng.uniform(8, 12), rng.uniform(22, 38), rng.uniform(13, 18)
    line = rng.uniform(42, 52)
    skirt_form, top = rng.choice(("flat", "flat", "wavy", "round")), rng.choice(("straps", "straps", "sleeves", "bare"))
    bottom = [(50 + hem, 88.0), (50 - hem, 88.0)]
    if skirt_form == "wavy":
        bottom = wavy_line(50 - hem, 50 + hem, 86, 6, 3)[::-1]
    elif skirt_form == "round":
        bottom = arc(50, 82, hem, 9, 0, 180)
    bodice: Points = [(50 + bust, 30), (50 + waist, line), (50 - waist, line), (50 - bust, 30)]
    if top == "straps":
        bodice += [(50 - bust + 3, 12), (50 - bust + 7, 12), (50 - 6, 26), (50, 29), (56, 26), (50 + bust - 7, 12),
            (50 + bust - 3, 12)]
    elif top == "sleeves":
        bodice = [(50 + bust, 34), (50 + waist, line), (50 - waist, line), (50 - bust, 34), (50 - bust - 11, 36),
            (50 - bust - 2, 12), (43, 10), (50, 20), (57, 10), (52 + bust, 12), (50 + bust + 11, 36)]
    else:
        bodice += curve(50 - bust, 28, 50 - bust * 0.5, 22, 50, 28, 50 + bust * 0.5, 22, 50 + bust, 28, closed=False)
    gap = rng.choice((0, 3))
    sketch.plane(bodice)
    sketch.plane([(50 - waist, line + gap), (50 + waist, line + gap), *bottom], rng.choice((0, 1)))
    for at in range(rng.choice((0, 2, 3))):
        x = (at - 1) * 0.5 if at < 3 else 0
        sketch.score([(50 + x * waist, line + 12), (50 + x * hem, 82)], 3)


def trousers(sketch: Sketch, rng: random.Random) -> None:
    waist, foot, flare = rng.uniform(18, 24), rng.uniform(9, 15), rng.uniform(20, 32)
    bottom = rng.choice((92, 92, 92, 56))
    crotch, gap = rng.uniform(30, 36), rng.choice((1.5, 3))
    right: Points = [(50 + waist, 8), (50 + flare, bottom), (50 + flare - 2 * foot * 0.8, bottom), (50 + gap * 0.4,
        crotch)]
    form = rng.choice(("whole", "whole", "belt", "line", "halves"))
    outline = [*right, *mirrored(right)[::-1]]
    if form == "line":
        sketch.line([*outline, outline[0]], rng.uniform(3, 6))
        sketch.line([(50 - waist, 17), (50 + waist, 17)], 3)
    elif form == "halves":
        sketch.plane([*right, (50, 8)])
        sketch.plane(mirrored([*right, (50, 8)]), 1)
    elif form == "belt":
        sketch.plane(box(50 - waist, 6, 2 * waist, 7), 1)
        sketch.plane([(x, max(15.0, y)) for x, y in outline])
    else:
        sketch.plane(outline)
        sketch.score([(50 - waist + 2, 16), (50 + waist - 2, 16)], 2.5)
        if rng.random() < 0.5:
            sketch.score([(50, 19), (50, crotch - 3)], 2)
    if form in ("whole", "belt") and rng.random() < 0.5:
        for side in (-1, 1):
            sketch.score(arc(50 + side * (waist + 1), 17, 9, 9, 95, 20 if side < 0 else 160, 8)[1:-1], 2.2)


def sock(sketch: Sketch, rng: random.Random) -> None:
    wide, heel, toe = rng.uniform(22, 28), rng.uniform(58, 66), rng.uniform(76, 90)
    left = rng.uniform(24, 30)
    sketch.plane(curve(left, 26, left + 1, heel, left + 6, 84, left + 20, 90, toe - 8, 89, toe, 80, toe - 8, 70,
                       left + wide + 8, 66, left + wide, 54, left + wide, 26, points=6)
                 if rng.random() < 0.5 else
                 [(left, 24), (left, 72), *arc(left + 14, 74, 14, 16, 180, 90, 8), (toe - 12, 90),
                  *arc(toe - 12, 78, 12, 12, 90, -60, 10), (left + wide, 60), (left + wide, 24)])
    cuff = rng.choice(("band", "band", "none", "stripes"))
    if cuff == "band":
        sketch.plane(box(left - 2, 8, wide + 4, 13, 3), 1)
    elif cuff == "stripes":
        for y in (34, 42, 50)[: rng.choice((2, 3))]:
            sketch.score([(left + 2, y), (left + wide - 2, y)], 4)
    if rng.random() < 0.6:
        sketch.score(arc(toe - 4, 80, 13, 12, 130, 230, 8), 3)
        sketch.score(arc(left + 2, 82, 16, 16, 285, 345, 8), 3)


def glove(sketch: Sketch, rng: random.Random) -> None:
    form, cuff = rng.choice(("mitten", "fingers", "fingers", "boxing")), rng.choice((0, 2, 3))
    if form == "mitten":
        sketch.plane(curve(30, 70, 26, 40, 32, 14, 46, 8, 60, 14, 64, 40, 70, 42, 78, 32, 88, 36, 84, 54, 68, 68,
            points=6))
    elif form == "boxing":
        sketch.plane(curve(34, 71, 24, 52, 18, 30, 34, 10, 60, 10, 74, 26, 72, 44, 64, 52, 64, 71, points=6))
        sketch.plane(curve(66, 54, 72, 50, 76, 40, 84, 38, 88, 50, 82, 62, 66, 70), 1)
        sketch.score(curve(30, 34, 44, 44, 62, 42, closed=False), 3)
    else:
        for at, (x, top) in enumerate(((32, 18), (44, 9), (56, 10), (67, 20))):
            sketch.plane(box(x - 4.5, top, 9, 34, 4.5), at % 2)
        sketch.plane(polygon(27, 46, 72, 46, 68, 70, 32, 70))
        sketch.plane(turned(box(74, 34, 10, 32, 5), 35, (76, 62)), 1)
    sketch.plane(box(31, 74, 38, 16, 3), 1)
    for at in range(cuff):
        rib = 40 + at * 20 / max(1, cuff - 1)
        sketch.detail(box(rib - 1.5, 77, 3, 10))


def button(sketch: Sketch, rng: random.Random) -> None:
    radius, holes = rng.uniform(34, 42), rng.choice((2, 4, 4, 4))
    shape = rng.choice(("round", "round", "round", "square", "scallop", "line"))
    if shape == "line":
        sketch.line([*ellipse(50, 50, radius), (50 + radius, 50)], rng.uniform(4, 8))
        for at in range(holes):
            x, y = along(50, 50, 10, at * 360 / holes + 45)
            sketch.plane(ellipse(x, y, 4), 1)
        return
    outline = {"round": ellipse(50, 50, radius), "square": box(50 - radius, 50 - radius, 2 * radius, 2 * radius, 14),
        "scallop": curve(*[v for at in range(24) for v in along(50, 50, radius - 4 * (at % 2), at * 15)],
        points=4)}[shape]
    sketch.plane(outline)
    spread, size = rng.uniform(9, 13), rng.uniform(3.5, 5.5)
    for at in range(holes):
        x, y = along(50, 50, spread, at * 360 / holes + (45 if holes == 4 else 0))
        sketch.detail(ellipse(x, y, size))
    if rng.random() < 0.65:
        for start in (0, 90, 180, 270) if rng.random() < 0.6 else (200,):
            sketch.score(arc(50, 50, radius * 0.76, None, start + 5, start + 85, 10), 2.6)
    elif holes == 4 and rng.random() < 0.5:
        sketch.plane(thick([along(50, 50, spread, 45), along(50, 50, spread, 225)], 3), 1)
        sketch.plane(thick([along(50, 50, spread, 135), along(50, 50, spread, 315)], 3), 1)


def thread_spool(sketch: Sketch, rng: random.Random) -> None:
    wide, core, rows = rng.uniform(24, 32), rng.uniform(15, 21), rng.choice((3, 4, 5, 6))
    deep = rng.uniform(8, 13)
    taper = rng.choice((0, 0, 5))
    for y in (10, 90 - deep):
        edge = (0, taper) if y == 10 else (taper, 0)
        sketch.plane(polygon(50 - wide + edge[0], y, 50 + wide - edge[0], y, 50 + wide - edge[1], y + deep,
            50 - wide + edge[1], y + deep,), 1,)
    top, high = 10 + deep + 2, 76 - 2 * deep
    form = rng.choice(("body", "body", "strips"))
    if form == "body":
        sketch.plane(box(50 - core, top, 2 * core, high, rng.choice((0, 3))))
        for at in range(1, rows):
            y = top + at * high / rows
            sketch.score([(50 - core + 2, y + 3), (50 + core - 2, y - 3)], 2.4)
    else:
        for at in range(rows):
            sketch.plane(box(50 - core, top + at * high / rows, 2 * core, high / rows - 2, 3), 0)
    tail = rng.choice(("none", "loose"))
    if tail != "none":
        sketch.line(curve(50 + core, top + high - 6, 78, top + high - 2, 84, top + 30, 90, top + 4, closed=False), 2.5)


def needle(sketch: Sketch, rng: random.Random) -> None:
    width, form = rng.uniform(5, 9), rng.choice(("thread", "thread", "loop", "bare", "crossed"))
    lean = rng.choice((30, 45, 45, 0))
    body = [(50 - width / 2, 16), *arc(50, 14, width / 2, 8, 180, 360, 10), (50 + width / 2, 16), (50 + width * 0.3,
        50), (50, 96), (50 - width * 0.3, 50)]
    for sign in (1, -1) if form == "crossed" else (1,):
        turn = sign * (lean or 35) if form == "crossed" else lean
        sketch.plane(turned(body, turn), 0 if sign > 0 else 1)
        sketch.detail(turned(ellipse(50, 16, width * 0.2 + 0.4, 6), turn))
    x, y = turned([(50, 16)], lean)[0]
    if form == "thread":
        sketch.line(curve(x, y, x + 8, y + 16, x - 2, 44, x - 12, 62, x - 2, 80, x - 18, 90, closed=False), 3)
    elif form == "loop":
        sketch.line(curve(x, y, x - 16, y - 4, x - 42, y + 8, x - 46, 46, x - 34, 60, x - 26, 44, x - 48, 40, x - 60,
            60, closed=False,), 3,)


def thimble(sketch: Sketch, rng: random.Random) -> None:
    top, foot, up = rng.uniform(16, 22), rng.uniform(25, 31), rng.uniform(12, 20)
    sketch.plane([*arc(50, up + 12, top, 12, 180, 360), (50 + foot, 76), (50 - foot, 76)])
    rows = rng.choice((3, 4, 5))
    form = rng.choice(("dots", "dots", "rings"))
    for row in range(rows):
        y = up + 14 + row * 44 / rows
        half = top + (foot - top) * (y - up) / 62
        if form == "rings":
            sketch.score([(50 - half + 4, y), (50 + half - 4, y)], 2.4)
        else:
            for at in range(3 + row % 2):
                sketch.detail(ellipse(50 + (at - (2 + row % 2) / 2) * half * 0.5, y, 2))
    sketch.plane(box(50 - foot - 3, 78, 2 * foot + 6, 10, 4), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "bow-tie": (bow_tie, "9.3.13", "tilt"),
    "necktie": (necktie, "9.3.13", "tilt mirror"),
    "suit": (suit, "9.3.1 9.3.4", ""),
    "suit-in-disc": (suit_in_disc, "9.3.1 9.3.4 26.1.16", ""),
    "t-shirt": (t_shirt, "9.3.1 9.3.9", "mirror"),
    "dress": (dress, "9.3.1 9.3.5", ""),
    "trousers": (trousers, "9.3.1 9.3.3", ""),
    "sock": (sock, "9.3.15", "tilt mirror"),
    "glove": (glove, "9.3.16", "tilt mirror"),
    "button": (button, "9.5.12", "tilt"),
    "thread-spool": (thread_spool, "9.1.1 9.1.3", "mirror"),
    "needle": (needle, "9.5.1 9.5.2", "mirror"),
    "thimble": (thimble, "9.5.1 9.5.5", ""),
}
