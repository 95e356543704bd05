"""Keys, keyholes and padlocks."""

# fmt: off

import random

from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, moved, polygon, regular, scaled, turned
from schematic.sketch import Kind, Sketch


def _bits(rng: random.Random, start: float) -> Points:
    """Return the shaft of an upright key with its bits to the right, below its bow."""
    thin, end = rng.uniform(3, 5), rng.uniform(88, 95)
    form, deep = rng.choice(("two", "two", "three", "flag", "notched", "saw")), rng.uniform(11, 18)
    right = 50 + thin
    teeth: Points = []
    if form == "saw":
        teeth = [(right + (deep * 0.4 if at % 2 else 0), end - 36 + at * 6) for at in range(6)]
    elif form == "flag":
        teeth = [(right, end - 26), (right + deep, end - 26), (right + deep, end - 5), (right, end - 5)]
    elif form == "notched":
        teeth = [(right, end - 28), (right + deep, end - 28), (right + deep, end - 20), (right + deep * 0.45, end - 20),
            (right + deep * 0.45, end - 13), (right + deep, end - 13), (right + deep, end - 5), (right, end - 5)]
    else:
        for at in range(3 if form == "three" else 2):
            y, reach = end - 30 + at * (10 if form == "three" else 15), deep * (1 if at != 1 else rng.uniform(0.6, 1))
            teeth += [(right, y), (right + reach, y), (right + reach, y + 6), (right, y + 6)]
    return [(right, start), *teeth, (right, end), (50 - thin, end), (50 - thin, start)]


def _key(sketch: Sketch, rng: random.Random, bow: str, turn: float, *, flip: bool = False) -> None:
    def place(points: Points) -> Points:
        return turned(mirrored(points) if flip else points, turn)

    size = rng.uniform(15, 20)
    y = 8 + size
    if bow == "clover":
        third = size * 0.52
        for x, down in ((50 - third * 1.15, y + 3), (50 + third * 1.15, y + 3), (50, y - third * 0.85)):
            sketch.plane(place(ellipse(x, down, third)))
            sketch.detail(place(ellipse(x, down, third * rng.uniform(0.4, 0.5))))
        sketch.plane(place(ellipse(50, y + 2, third * 0.5)))
    else:
        outline = {
            "round": ellipse(50, y, size),
            "oval": ellipse(50, y, size * 1.25, size * 0.85),
            "square": box(50 - size, y - size, 2 * size, 2 * size, 3),
            "diamond": regular(50, y, size * 1.15, 4),
            "six": regular(50, y, size * 1.1, 6),
            "heart": curve(
                50,
                y - size * 0.5,
                50 + size * 0.6,
                y - size,
                50 + size,
                y - size * 0.3,
                50 + size * 0.5,
                y + size * 0.6,
                50,
                y + size,
                50 - size * 0.5,
                y + size * 0.6,
                50 - size,
                y - size * 0.3,
                50 - size * 0.6,
                y - size,
            ),
            "flat": [*arc(50, y, size, size, 170, 370, 20), (50 + size * 0.4, y + size), (50 - size * 0.4, y + size)],
        }[bow]
        sketch.plane(place(outline))
        if bow == "flat":
            sketch.detail(place(rng.choice((ellipse(50, y - size * 0.4, size * 0.28), box(50 - size * 0.5,
                y - size * 0.55, size, size * 0.25, 2)))))
        else:
            k = rng.uniform(0.4, 0.66)
            sketch.detail(place(scaled(outline, k, k, (50, y)) if rng.random() < 0.7 else ellipse(50, y, size * 0.4)))
    below = y + size * (1.12 if bow == "diamond" else 0.98 if bow != "oval" else 0.83) - (2 if bow == "clover" else 0)
    sketch.plane(place(_bits(rng, below - (size * 0.3 if bow == "clover" else 0))))
    if bow in ("round", "clover", "oval") and rng.random() < 0.35:
        sketch.plane(place(box(42, below + 3, 16, 4, 2)), 1)


def _key_with(*bows: str) -> Kind:
    def draw(sketch: Sketch, rng: random.Random) -> None:
        _key(sketch, rng, rng.choice(bows), rng.choice((0, 0, 45, -90, -45, -135, 135)))

    return draw


def keys_crossed(sketch: Sketch, rng: random.Random) -> None:
    bow, down = rng.choice(("round", "clover", "square", "oval")), rng.choice((0, 180))
    seed = rng.random()
    _key(sketch, random.Random(seed), bow, 42 + down)
    _key(sketch, random.Random(seed), bow, -42 - down, flip=True)


def key_in_ring(sketch: Sketch, rng: random.Random) -> None:
    inner = Sketch()
    _key(inner, rng, rng.choice(("round", "square", "clover", "flat")), rng.choice((0, 45, -45)))
    sketch.line([*ellipse(50, 50, 43), (93, 50)], rng.uniform(4, 7))
    sketch.marks += [(what, scaled(points, 0.62), value) for what, points, value in inner.marks]


def keyring(sketch: Sketch, rng: random.Random) -> None:
    bow = rng.choice(("round", "square", "clover", "flat"))
    for turn in rng.choice(((0,), (-24, 18), (-28, 14))):
        inner = Sketch()
        _key(inner, rng, bow, 0)
        sketch.marks += [(what, turned(moved(scaled(points, 0.66, 0.66, (50, 8)), 0, 26), turn, (50, 24)),
            value) for what, points, value in inner.marks]
    sketch.line([*ellipse(50, 22, 16), (66, 22)], rng.uniform(3, 5))


def _hole(x: float, y: float, size: float, rng: random.Random) -> Points:
    """Return a keyhole: a disc upon a foot."""
    flare, long = rng.uniform(0.25, 0.75), rng.uniform(1.7, 2.4)
    return [*arc(x, y, size, None, 120, 420, 24), (x + size * max(flare, 0.5), y + size * long), (x - size * max(flare,
        0.5), y + size * long)]


def keyhole(sketch: Sketch, rng: random.Random) -> None:
    form, size = rng.choice(("bare", "plate", "plate", "oval", "halves")), rng.uniform(9, 13)
    if form in ("bare", "halves"):
        whole = scaled(_hole(50, 34, 20, rng), 1)
        sketch.plane(whole if form == "bare" else [p for p in whole if p[0] <= 50] + [(50, 14)])
        if form == "halves":
            sketch.plane([p for p in whole if p[0] > 50] + [(50, 76), (50, 14)], 1)
    else:
        sketch.plane(ellipse(50, 50, 26, 42) if form == "oval" else [*arc(50, 32, 22, None, 180, 360), *arc(50, 68, 22,
            None, 0, 180)])
        sketch.detail(_hole(50, 42, size * 0.9, rng))
        if form == "plate":
            for y in (18, 82):
                sketch.detail(ellipse(50, y, 2.5))


def keyhole_in_disc(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.25:
        sketch.line([*ellipse(50, 50, 40), (90, 50)], rng.uniform(4, 8))
        sketch.plane(_hole(50, 42, rng.uniform(10, 15), rng))
        return
    sketch.plane(ellipse(50, 50, rng.uniform(38, 45)))
    sketch.detail(_hole(50, rng.uniform(38, 44), rng.uniform(9, 14), rng))
    if rng.random() < 0.3:
        for start in (10, 190):
            sketch.score(arc(50, 50, 33, None, start, start + 160), 2.5)


def keyhole_in_square(sketch: Sketch, rng: random.Random) -> None:
    outline = box(12, 12, 76, 76, rng.choice((0, 6, 18)))
    sketch.plane(turned(outline, 45) if rng.random() < 0.2 else outline)
    sketch.detail(_hole(50, rng.uniform(38, 44), rng.uniform(10, 14), rng))


def keyhole_in_shield(sketch: Sketch, rng: random.Random) -> None:
    right = rng.choice((curve(86, 20, 85, 50, 74, 74, 50, 94, closed=False), polygon(86, 14, 86, 58, 50, 94)))
    crest: Points = rng.choice((polygon(50, 8), polygon(50, 14), polygon(66, 17, 50, 8, 34, 17)))
    shield = ([*crest[:1], *right, *mirrored(right)[::-1]] if len(crest) == 1 else [*right, *mirrored(right)[::-1],
        crest[2], crest[1], crest[0]])
    if rng.random() < 0.3:
        sketch.plane([p for p in shield if p[0] <= 50] + [(50.0, 10.0)])
        sketch.plane([p for p in shield if p[0] >= 50] + [(50.0, 10.0)], 1)
        sketch.plane(_hole(50, 42, 10, rng), 2)
    else:
        sketch.plane(shield)
    sketch.detail(_hole(50, 42, rng.uniform(9, 12), rng))


def padlock(sketch: Sketch, rng: random.Random) -> None:
    wide, top, width = rng.uniform(24, 34), rng.uniform(42, 48), rng.uniform(5, 9)
    form = rng.choice(("box", "box", "round", "round", "shield", "heart", "line", "halves"))
    reach = wide * rng.uniform(0.55, 0.7)
    arch = top - rng.uniform(10, 18)
    opened = rng.choice(("no", "no", "lifted", "aside"))
    shackle: Points = [(50 - reach, top), *arc(50, arch, reach, min(reach, arch - 6), 180, 360), (50 + reach, top)]
    if opened == "lifted":
        shackle = [(50 - reach, top), (50 - reach, arch - 2), *arc(50, arch - 2, reach, min(reach, arch - 8), 180, 360),
            (50 + reach, arch + 5)]
    elif opened == "aside":
        shackle = [(x + 2 * reach, y) for x, y in shackle[:-1]]
        shackle = moved([*shackle[:-1], (shackle[-1][0], arch + 6)], -8)
    sketch.line(shackle, width)
    body = {
        "round": ellipse(50, top + 22, wide * 0.95, 25),
        "shield": polygon(50 - wide, top, 50 + wide, top, 50 + wide, 70, 50, 94, 50 - wide, 70),
        "heart": curve(
            50,
            top + 4,
            50 + wide * 0.6,
            top - 3,
            50 + wide,
            top + 12,
            50 + wide * 0.6,
            78,
            50,
            94,
            50 - wide * 0.6,
            78,
            50 - wide,
            top + 12,
            50 - wide * 0.6,
            top - 3,
        ),
    }.get(form, box(50 - wide, top, 2 * wide, 90 - top, rng.choice((0, 4, 10))))
    if form == "line":
        sketch.line([*body, body[0]], width * 0.8)
        sketch.line([(50, top + 16), (50, top + 28)], width * 0.8)
        return
    if form == "halves":
        sketch.plane(box(50 - wide, top, wide, 90 - top))
        sketch.plane(box(50, top, wide, 90 - top), 1)
        return
    sketch.plane(body)
    mark = rng.choice(("keyhole", "keyhole", "dot", "slot", "none", "lines"))
    if mark == "keyhole":
        sketch.detail(_hole(50, top + 16, rng.uniform(5, 7), rng))
    elif mark == "dot":
        sketch.detail(ellipse(50, top + 22, 5.5))
    elif mark == "slot":
        sketch.detail(box(47.5, top + 13, 5, 18, 2.5))
    elif mark == "lines" and form == "box":
        for y in (top + 12, top + 22, top + 32):
            sketch.score([(50 - wide + 4, y), (50 + wide - 4, y)], 2.5)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "key-round": (_key_with("round", "round", "oval"), "14.5.1 14.5.2 14.5.12", "mirror tilt"),
    "key-clover": (_key_with("clover"), "14.5.1 14.5.2 14.5.13", "mirror tilt"),
    "key-diamond": (_key_with("diamond"), "14.5.1 14.5.2 14.5.14", "mirror tilt"),
    "key-square": (_key_with("square", "square", "six", "heart"), "14.5.1 14.5.2 14.5.15", "mirror tilt"),
    "key-flat": (_key_with("flat"), "14.5.1 14.5.2 14.5.18", "mirror tilt"),
    "keys-crossed": (keys_crossed, "14.5.1 14.5.3", ""),
    "key-in-ring": (key_in_ring, "14.5.1 14.5.2 26.1.16", "mirror"),
    "keyring": (keyring, "14.5.1 14.5.20", "mirror"),
    "keyhole": (keyhole, "14.5.21", ""),
    "keyhole-in-disc": (keyhole_in_disc, "14.5.21 26.1.16", ""),
    "keyhole-in-square": (keyhole_in_square, "14.5.21 26.4.16", ""),
    "keyhole-in-shield": (keyhole_in_shield, "14.5.21 24.1.12", ""),
    "padlock": (padlock, "14.5.23", "mirror"),
}
