"""Cups, glasses, cutlery and pots."""

# fmt: off

import random
from collections.abc import Callable

from schematic.geometry import (
    Point,
    Points,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    mirrored,
    moved,
    polygon,
    ring,
    scaled,
    turned,
)
from schematic.outlines import draw_steam, wavy_line
from schematic.sketch import Kind, Sketch


def draw_cup(sketch: Sketch, rng: random.Random) -> Point:
    wide, top, bottom = rng.uniform(22, 30), rng.uniform(38, 46), rng.uniform(78, 84)
    form = rng.choice(("round", "round", "mug", "mug", "tapered", "line"))
    x = 44
    handle = arc(x + wide - 1, (top + bottom) / 2 - 4, rng.uniform(11, 16), rng.uniform(9, 14), -85, 85, 14)
    if form == "mug":
        body = box(x - wide, top, 2 * wide, bottom - top, rng.choice((0, 4, 8)))
    elif form == "tapered":
        body = polygon(x - wide, top, x + wide, top, x + wide * 0.65, bottom, x - wide * 0.65, bottom)
    else:
        body = [(x + wide, top), *arc(x, top + 8, wide, bottom - top - 8, 0, 180), (x - wide, top)]
    if form == "line":
        sketch.line([*body, body[0]], 5)
    else:
        sketch.plane(body)
        mark = rng.choice(("none", "none", "band", "bean", "disc"))
        if mark == "band":
            sketch.score([(x - wide * 0.8, top + 8), (x + wide * 0.8, top + 8)], 3)
        elif mark == "disc":
            sketch.detail(ellipse(x, top + 17, 7))
        elif mark == "bean":
            sketch.detail(turned(ellipse(x, top + 17, 6, 9), 30, (x, top + 17)))
    sketch.line(handle, rng.uniform(4, 6.5))
    return x, top


def cup(sketch: Sketch, rng: random.Random) -> None:
    draw_cup(sketch, rng)
    if rng.random() < 0.5:
        sketch.plane(rng.choice((box(10, 87, 70, 5, 2.5), arc(44, 87, 36, 8, 0, 180))), 1)


def takeaway_cup(sketch: Sketch, rng: random.Random) -> None:
    wide, foot, top = rng.uniform(20, 26), rng.uniform(14, 18), rng.uniform(22, 28)
    gap = rng.choice((0, 2))
    body = polygon(50 - wide, top + gap, 50 + wide, top + gap, 50 + foot, 92, 50 - foot, 92)
    if rng.random() < 0.2:
        sketch.line([*body, body[0]], 4.5)
    else:
        sketch.plane(body)
        sleeve = rng.choice(("band", "band", "line", "disc", "none"))
        half = (wide + foot) / 2
        if sleeve == "band":
            sketch.detail(polygon(50 - half - 1, 46, 50 + half + 1, 46, 50 + half - 3, 70, 50 - half + 3, 70))
        elif sleeve == "line":
            for y in (44, 72):
                sketch.score([(50 - half + 1, y), (50 + half - 1, y)], 3)
        elif sleeve == "disc":
            sketch.detail(ellipse(50, 58, 9))
    sketch.plane(box(50 - wide - 3, top - 8, 2 * wide + 6, 8, 2), 1)
    if rng.random() < 0.6:
        sketch.plane(polygon(50 - wide + 4, top - 16, 50 + wide - 4, top - 16, 50 + wide - 1, top - 9, 51 - wide,
            top - 9), 1)


def _stemmed(sketch: Sketch, rng: random.Random, bowl: Points, low: float) -> None:
    thin = rng.uniform(3.5, 6)
    sketch.plane(bowl)
    sketch.plane(box(50 - thin / 2, low, thin, 88 - low))
    foot = rng.uniform(14, 22)
    sketch.plane(rng.choice((box(50 - foot, 88, 2 * foot, 4, 2), arc(50, 93, foot, 7, 180, 360), polygon(50, 84,
        50 + foot, 92, 50 - foot, 92))))


def wine_glass(sketch: Sketch, rng: random.Random) -> None:
    rim, belly, low = rng.uniform(13, 20), rng.uniform(19, 25), rng.uniform(54, 62)
    form = rng.choice(("wine", "wine", "flute", "goblet"))
    if form == "flute":
        belly = rim = rng.uniform(9, 12)
    side = curve(50 + rim, 8, 50 + belly, low * 0.5, 50 + belly * 0.6, low - 6, 52, low, closed=False)
    if form == "goblet":
        side = [(50 + belly, 10), *arc(50, low - 24, belly, 24, 0, 85, 10)]
    bowl = [*side, *mirrored(side)[::-1]]
    if rng.random() < 0.2:
        sketch.line([*bowl, bowl[0]], 4)
        sketch.line([(50, low), (50, 90)], 4)
        sketch.line([(32, 90), (68, 90)], 4)
        return
    _stemmed(sketch, rng, bowl, low)
    fill = rng.choice(("none", "empty", "empty", "shine"))
    if fill == "empty":
        top = rng.uniform(0.3, 0.5) * low
        inner = [(x, y) for x, y in scaled(bowl, 0.82, 1, (50, 30)) if 11 < y < top]
        sketch.detail(inner if len(inner) > 4 else box(50 - rim + 3, 11, 2 * rim - 6, 12))
    elif fill == "shine":
        sketch.score([(50 - rim * 0.6, 16), (50 - rim * 0.7, low * 0.5)], 3)


def cocktail_glass(sketch: Sketch, rng: random.Random) -> None:
    wide, top, low = rng.uniform(30, 40), rng.uniform(16, 24), rng.uniform(54, 60)
    form = rng.choice(("full", "part", "part", "line", "halves"))
    bowl = polygon(50 - wide, top, 50 + wide, top, 50, low)
    if form == "line":
        sketch.line([*bowl, bowl[0]], 4.5)
        sketch.line([(50, low), (50, 90)], 4.5)
        sketch.line([(32, 90), (68, 90)], 4.5)
    elif form == "halves":
        sketch.plane(polygon(50 - wide, top, 50, top, 50, low))
        sketch.plane(polygon(50, top, 50 + wide, top, 50, low), 1)
        sketch.plane(polygon(48, low, 52, low, 52, 86, 66, 92, 34, 92, 48, 86))
    else:
        _stemmed(sketch, rng, bowl, low - 3)
        if form == "part":
            k = rng.uniform(0.2, 0.4)
            sketch.detail(polygon(50 - wide + 9, top + 4, 50 + wide - 9, top + 4, 50 + wide * (1 - k) - 9,
                top + 4 + k * (low - top), 50 - wide * (1 - k) + 9, top + 4 + k * (low - top)))
    extra = rng.choice(("none", "olive", "slice", "straw"))
    if extra == "olive":
        sketch.line([(50, top - 2), (68, top - 14)], 2.5)
        sketch.plane(ellipse(70, top - 14, 5), 2)
    elif extra == "slice":
        sketch.plane(arc(50 + wide * 0.75, top - 2, 12, None, 180, 360), 2)
    elif extra == "straw":
        sketch.line(polygon(58, top - 1, 66, 4, 78, 4), 3)


def beer_mug(sketch: Sketch, rng: random.Random) -> None:
    wide, top, left = rng.uniform(38, 46), rng.uniform(30, 38), rng.uniform(14, 20)
    sketch.plane(box(left, top, wide, 90 - top, rng.choice((0, 4, 8))))
    for at in range(rng.choice((0, 2, 3))):
        sketch.detail(box(left + wide * (at + 0.75) / 3.5, top + 14, 4.5, 72 - top, 2))
    grip = left + wide
    sketch.line(rng.choice((polygon(grip, top + 10, grip + 18, top + 10, grip + 18, 76, grip, 76), arc(grip,
        (top + 84) / 2, 19, 20, -90, 90, 14))), rng.uniform(5, 8))
    foam = rng.choice(("cloud", "cloud", "balls", "band"))
    if foam == "cloud":
        sketch.plane(
            curve(
                left - 5,
                top - 2,
                left - 5,
                top - 12,
                left + wide * 0.2,
                top - 16,
                left + wide * 0.4,
                top - 24,
                left + wide * 0.66,
                top - 18,
                left + wide * 0.9,
                top - 19,
                grip + 6,
                top - 8,
                grip + 2,
                top - 1,
            ),
            1,
        )
    elif foam == "balls":
        for at in range(3):
            sketch.plane(ellipse(left + wide * (at + 0.5) / 3, top - 6 - 4 * (at == 1), wide / 5.4), 1)
    else:
        sketch.plane(box(left - 2, top - 13, wide + 4, 11, 4), 1)


def bottle(sketch: Sketch, rng: random.Random) -> None:
    wide, neck, top = rng.uniform(12, 18), rng.uniform(4.5, 7), rng.uniform(14, 20)
    neck_low, shoulder = rng.uniform(30, 38), rng.uniform(44, 54)
    kind = rng.choice(("wine", "beer", "slope", "burgundy"))
    if kind == "wine":
        neck_low, shoulder = neck_low + 4, neck_low + 13
    bend = curve(50 + neck, neck_low, 50 + neck + (wide - neck) * 0.5, (neck_low + shoulder) / 2, 50 + wide, shoulder,
        closed=False)
    half: Points = [(50 + neck, top), *([(50 + neck, neck_low), (50 + wide, shoulder)] if kind == "slope" else bend),
        (50 + wide, 90), (50 + wide - 3, 93)]
    outline = [*half, *mirrored(half)[::-1]]
    sketch.plane(box(50 - neck - 1, 6, 2 * neck + 2, top - 7, 1), 1)
    if rng.random() < 0.2:
        sketch.line([*outline, outline[0]], 4)
        return
    if rng.random() < 0.15:
        sketch.plane([(50, top), *half, (50, 93)])
        sketch.plane([(50, top), *mirrored(half), (50, 93)], 1)
        return
    sketch.plane(outline)
    label = rng.choice(("box", "box", "band", "disc", "shine", "none"))
    if label == "box":
        sketch.detail(box(50 - wide + 4, 58, 2 * wide - 8, 22, rng.choice((0, 3))))
    elif label == "band":
        for y in (60, 80):
            sketch.score([(50 - wide + 1, y), (50 + wide - 1, y)], 3)
    elif label == "disc":
        sketch.detail(ellipse(50, 68, wide * 0.6))
    elif label == "shine":
        sketch.score([(50 - wide + 5, 58), (50 - wide + 5, 84)], 3)


def _fork(x: float, rng: random.Random, wide: float = 8) -> Points:
    """Return an upright fork; its tines point up."""
    tines, root = rng.choice((3, 3, 4)), rng.uniform(38, 44)
    step = 2 * wide / (2 * tines - 1)
    head: Points = []
    for at in range(tines):
        u = x - wide + 2 * at * step
        head += [(u, 8), (u + step, 8)]
        if at < tines - 1:
            head += [(u + step, 28), (u + 2 * step, 28)]
    thin = wide * 0.3
    return [*head, (x + wide, root - 6), (x + thin, root + 4), (x + thin * 1.4, 92), (x - thin * 1.4, 92), (x - thin,
        root + 4), (x - wide, root - 6)]


def _spoon(x: float, rng: random.Random, wide: float = 9) -> Points:
    long, thin = rng.uniform(14, 18), rng.uniform(2, 3.4)
    return [*arc(x, 8 + long, wide, long, 105, 435, 30), (x + thin * 1.3, 92), (x - thin * 1.3, 92)]


def _knife(x: float, rng: random.Random, wide: float = 8) -> Points:
    low, thin = rng.uniform(50, 58), rng.uniform(3, 4)
    if rng.random() < 0.4:
        return [*curve(x - thin, 8, x + wide, 22, x + wide, low, closed=False), (x + thin, low + 2), (x + thin, 92),
            (x - thin, 92)]
    return [*arc(x, 16, wide * 0.7, 9, 180, 360, 12), (x + wide * 0.7, low), (x + thin * 0.7, low + 4), (x + thin, 92),
        (x - thin, 92), (x - wide * 0.7, low)]


def _alone(make: Callable[..., Points]) -> Kind:
    def draw(sketch: Sketch, rng: random.Random) -> None:
        lean = rng.choice((0, 0, 45, -45, 30))
        piece = make(50, rng, rng.uniform(8, 15))
        form = rng.choice(("plain", "plain", "halves", "line"))
        if form == "halves":
            sketch.plane(turned(half_of(piece, (50, 50), 0), lean))
            sketch.plane(turned(half_of(piece, (50, 50), 180), lean), 1)
        elif form == "line":
            sketch.line(turned([*piece, piece[0]], lean), 3)
        else:
            sketch.plane(turned(piece, lean))

    return draw


def cutlery(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("beside", "beside", "crossed", "crossed", "three"))
    other = rng.choice((_knife, _spoon))
    if form == "three":
        for at, piece in enumerate((_fork(26, rng), _spoon(50, rng), _knife(74, rng))):
            sketch.plane(piece, at % 2)
    elif form == "crossed":
        lean = rng.uniform(34, 45)
        sketch.plane(turned(_fork(50, rng), lean))
        sketch.plane(turned(other(50, rng), -lean), rng.choice((0, 1)))
    elif form == "beside":
        lean = rng.choice((0, 0, 14))
        sketch.plane(turned(_fork(36, rng, 9), -lean))
        sketch.plane(turned(other(64, rng), lean), 1)


def _cutlery_in(*, disc: bool) -> Kind:
    def draw(sketch: Sketch, rng: random.Random) -> None:
        sketch.plane(ellipse(50, 50, 44) if disc else box(8, 8, 84, 84, rng.choice((0, 4, 16))))
        left, right = _fork(50, rng), rng.choice((_knife, _spoon))(50, rng)
        form, size = rng.choice(("beside", "beside", "leaning", "one")), rng.uniform(0.6, 0.72)
        lean = rng.uniform(10, 18) if form == "leaning" else 0
        if form == "one":
            sketch.detail(turned(scaled(rng.choice((left, right)), 0.75), rng.choice((0, 45, -45))))
            return
        for piece, side in ((left, -1), (right, 1)):
            sketch.detail(moved(turned(scaled(piece, size), side * lean), side * 13))

    return draw


def pot(sketch: Sketch, rng: random.Random) -> None:
    top, wide, low = rng.uniform(42, 50), rng.uniform(26, 32), rng.uniform(76, 84)
    form = rng.choice(("pot", "pot", "pan", "frying", "cauldron", "cauldron"))
    if form == "frying":
        sketch.plane(ellipse(38, 54, 28))
        sketch.detail(ring(38, 54, 21, 3))
        sketch.plane(turned(box(66, 50, 32, 8, 4), -25, (38, 54)), 1)
        return
    if form == "cauldron":
        sketch.plane(curve(24, 36, 76, 36, 84, 56, 74, 78, 50, 86, 26, 78, 16, 56))
        sketch.plane(box(18, 28, 64, 8, 4), 1)
        for x in (30, 66):
            sketch.plane(polygon(x - 3, 82, x + 6, 82, x + 3, 94, x, 94), 1)
        sketch.line(arc(50, 28, 28, 22, 195, 345), 3.5) if rng.random() < 0.5 else draw_steam(sketch, rng, 50, 22,
            16)
        return
    sketch.plane(box(50 - wide, top, 2 * wide, low - top, rng.choice((2, 8, 14))))
    if form == "pot":
        for side in (-1, 1):
            sketch.plane(box(50 + side * (wide + 5) - 5, top + 8, 10, 7, 2), 1)
    else:
        sketch.plane(box(50 + wide, top + 4, 100 - 54 - wide, 6, 3), 1)
    if rng.random() < 0.65:
        lift = rng.choice((0, 0, 5))
        sketch.plane(arc(50, top - 3 - lift, wide, rng.uniform(10, 16), 180, 360), 1)
        sketch.plane(ellipse(50, top - 20 - lift, 4), 2)
    else:
        draw_steam(sketch, rng, 50, top - 6, 24)
    if rng.random() < 0.4:
        sketch.score([(50 - wide + 5, top + 8), (50 + wide - 5, top + 8)], 3)


def teapot(sketch: Sketch, rng: random.Random) -> None:
    wide, high, top = rng.uniform(22, 28), rng.uniform(20, 26), rng.uniform(32, 38)
    form, y = rng.choice(("round", "round", "kettle", "low", "line")), top + 26
    sketch.line(arc(50 + wide - 3, y - 4, 15, 15, -75, 75, 14) if form != "kettle" else arc(50, top + 4, wide, 24, 195,
        345), rng.uniform(4, 7))
    spout = polygon(50 - wide + 4, y + 10, 50 - wide - 18, y - 16, 50 - wide - 10, y - 19, 50 - wide + 6, y - 6)
    if rng.random() < 0.5:
        spout = curve(54 - wide, y + 12, 40 - wide, y + 4, 34 - wide, y - 14, 40 - wide, y - 16, 46 - wide, y - 4,
            54 - wide, y - 6,)
    sketch.plane(spout, 1)
    body = ellipse(50, y, wide, high)
    if form == "kettle":
        body = polygon(50 - wide * 0.65, top, 50 + wide * 0.65, top, 50 + wide + 2, 86, 48 - wide, 86)
    elif form == "low":
        body = [*arc(50, y + 18, wide + 4, 38, 180, 360), (50 + wide, y + 24), (50 - wide, y + 24)]
    sketch.plane(body)
    lid = min(p[1] for p in body)
    sketch.plane(arc(50, lid + 1, wide * 0.5, 6, 180, 360, 10), 1)
    sketch.plane(ellipse(50, lid - 8, 3.6), 2)
    if rng.random() < 0.4:
        sketch.score(arc(50, y, wide * 0.7, high * 0.7, 190, 250, 8), 3)


def bowl_with_chopsticks(sketch: Sketch, rng: random.Random) -> None:
    top, wide = rng.uniform(48, 56), rng.uniform(34, 42)
    form = rng.choice(("across", "across", "in", "in", "noodles"))
    if form == "across":
        for at in (0, 1):
            sketch.line([(6, top - 8 - at * 9), (94, top - 14 - at * 14)], 3.5)
    else:
        for at in (0, 1):
            sketch.line([(56 + at * 8, top), (78 + at * 12, 12 + at * 6)], 3.5)
    if form == "noodles":
        for at in range(3):
            sketch.line([(58 + at * 5, top), (70 + at * 4, 32)], 2.5)
    if rng.random() < 0.4 and form != "across":
        sketch.plane(arc(40, top - 2, wide * 0.6, 16, 180, 360), 2)
    sketch.plane([(50 + wide, top), *arc(50, top + 2, wide, rng.uniform(28, 34), 0, 180), (50 - wide, top)])
    if rng.random() < 0.5:
        sketch.score(rng.choice((wavy_line(50 - wide + 8, 50 + wide - 8, top + 9, 4, 5), [(50 - wide + 4,
            top + 8), (50 + wide - 4, top + 8)])), 3)
    sketch.plane(box(36, top + 34, 28, 6, 1), 1)
    if rng.random() < 0.3:
        draw_steam(sketch, rng, 32, top - 22, 22)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "cup": (cup, "11.3.1 11.3.4", "mirror"),
    "takeaway-cup": (takeaway_cup, "11.3.1 11.3.4", "tilt"),
    "wine-glass": (wine_glass, "11.3.1 11.3.2", "tilt"),
    "cocktail-glass": (cocktail_glass, "11.3.1 11.3.2", "mirror tilt"),
    "beer-mug": (beer_mug, "11.3.1 11.3.3 11.3.20", "mirror"),
    "bottle": (bottle, "19.7.1 19.7.9", "tilt"),
    "fork": (_alone(_fork), "11.1.1 11.1.4", "mirror"),
    "spoon": (_alone(_spoon), "11.1.1 11.1.2", "mirror"),
    "knife": (_alone(_knife), "11.1.1 11.1.3", "mirror"),
    "cutlery": (cutlery, "11.1.1 11.1.5", "mirror"),
    "cutlery-in-disc": (_cutlery_in(disc=True), "11.1.1 26.1.16", "mirror"),
    "cutlery-in-tile": (_cutlery_in(disc=False), "11.1.1 26.4.16", "mirror"),
    "pot": (pot, "11.3.18", "mirror"),
    "teapot": (teapot, "11.3.14", "mirror"),
    "bowl-with-chopsticks": (bowl_with_chopsticks, "11.1.6 11.3.7", "mirror"),
}
