"""Boxes, barrels and other large containers."""

# fmt: off

import random

from schematic.facets import Part, inset, show
from schematic.geometry import Points, arc, box, curve, ellipse, mirrored, moved, polygon, scaled, turned
from schematic.sketch import Kind, Sketch


def _cuboid(rng: random.Random) -> list[Points]:
    """Return the top, left and right faces of a box seen from above a corner."""
    wide, deep = rng.uniform(30, 42), rng.uniform(30, 42)
    slope = rng.uniform(0.35, 0.62)
    high = rng.uniform(26, 48)
    y = 50 - (high - (wide + deep) * slope / 2) / 2 + rng.uniform(-2, 2)
    x = 50 + (wide - deep) / 2
    front = (x, y + (wide + deep) * slope / 4)
    left, right = (x - wide, front[1] - wide * slope), (x + deep, front[1] - deep * slope)
    back = (left[0] + deep, left[1] - deep * slope)

    def down(point: tuple[float, float]) -> tuple[float, float]:
        return point[0], point[1] + high

    return [[left, back, right, front], [left, front, down(front), down(left)], [front, right, down(right),
        down(front)]]


def _mix(a: tuple[float, float], b: tuple[float, float], share: float) -> tuple[float, float]:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def box_closed(sketch: Sketch, rng: random.Random) -> None:
    faces = _cuboid(rng)
    top, left, right = faces
    form = rng.choice(("planes", "planes", "tape", "tape", "lines", "scored", "label"))
    if form == "lines":
        width = rng.uniform(3, 6)
        sketch.line([*left, left[0]], width)
        sketch.line([left[1], right[1], right[2], right[3]], width)
        sketch.line([left[0], top[1], top[2]], width)
        if rng.random() < 0.6:
            sketch.line([_mix(top[0], top[1], 0.5), _mix(top[3], top[2], 0.5), moved([_mix(top[3], top[2], 0.5)], 0,
                13)[0]], width)
        return
    if form == "scored":
        sketch.plane([top[0], top[1], top[2], right[2], right[3], left[3]])
        width = rng.uniform(2, 5)
        sketch.score([inset(top, 1)[0], top[0], top[3], top[2]][1:], width)
        sketch.score([top[3], _mix(left[2], top[3], 0.04)], width)
        return
    show(sketch, rng, [(top, 1), (left, 0), (right, 2)], tiled=0.12, gap=rng.choice((0.8, 1.3, 2.2, 3.2)))
    if form == "tape" and len(sketch.marks) == 3:
        low, high = rng.uniform(0.36, 0.42), rng.uniform(0.58, 0.64)
        a, b = _mix(top[0], top[3], low), _mix(top[0], top[3], high)
        c, d = _mix(top[1], top[2], high), _mix(top[1], top[2], low)
        sketch.detail(inset([_mix(a, d, 0.06), _mix(b, c, 0.06), _mix(c, b, 0.06), _mix(d, a, 0.06)], 0.5))
        fall = rng.uniform(7, 14)
        sketch.detail([(a[0], a[1] + 3), (b[0], b[1] + 3), (b[0], b[1] + fall), (a[0], a[1] + fall)])
    elif form == "label" and len(sketch.marks) == 3:
        a, b, c = right[0], right[1], right[3]
        corner = [(0.55, 0.62), (0.88, 0.62), (0.88, 0.86), (0.55, 0.86)]
        sketch.detail([(a[0] + u * (b[0] - a[0]), a[1] + u * (b[1] - a[1]) + v * (c[1] - a[1])) for u, v in corner])


def box_open(sketch: Sketch, rng: random.Random) -> None:
    top, left, right = _cuboid(rng)
    form = rng.choice(("flaps", "flaps", "all", "hollow", "front"))
    if form == "front":
        high = rng.uniform(34, 46)
        y = 90 - high
        sketch.plane(box(18, y, 64, high))
        for side in (-1, 1):
            flap = polygon(18, y - 2, 50, y - 2, 38, y - 22, 4, y - 20)
            sketch.plane(flap if side < 0 else mirrored(flap), 1)
        if rng.random() < 0.5:
            sketch.detail(box(24, 80, 16, 4))
        return
    parts: list[Part] = [(left, 0), (right, 2)]
    if form == "hollow":
        parts.append(([top[0], top[1], (top[3][0], top[3][1])], 1))
        parts.append(([top[1], top[2], top[3]], 0))
    else:
        out = rng.uniform(10, 17)
        for a, b, side in ((left[0], left[1], -1), (right[0], right[1], 1)):
            shift = (side * out, out * rng.uniform(0.3, 0.6))
            parts.append(([a, b, (b[0] + shift[0], b[1] + shift[1]), (a[0] + shift[0], a[1] + shift[1])], 1))
        if form == "all":
            for a, b, side in ((top[0], top[1], -1), (top[1], top[2], 1)):
                shift = (side * out * 0.7, -out)
                parts.append(([a, b, (b[0] + shift[0], b[1] + shift[1]), (a[0] + shift[0], a[1] + shift[1])], 1))
    middle = sum(y for points, _ in parts for _, y in points) / sum(len(points) for points, _ in parts)
    show(sketch, rng, [(moved(scaled(points, 0.88), 0, 50 - middle), tone) for points, tone in parts], tiled=0.08)


def parcel(sketch: Sketch, rng: random.Random) -> None:
    top = rng.uniform(18, 32)
    form = rng.choice(("flat", "flat", "lid", "trapezium", "string"))
    if form == "trapezium":
        y = top + 20
        show(sketch, rng, [(polygon(22, top, 78, top, 90, y, 10, y), 1), (box(10, y, 80, 90 - y), 0)], tiled=0)
        sketch.detail(polygon(44, top + 2, 56, top + 2, 58, y - 2, 42, y - 2))
        sketch.detail(box(42, y + 2, 16, 14))
        return
    if form == "lid":
        sketch.plane(box(8, top, 84, 20, 3), 1)
        sketch.plane(box(13, top + 22, 74, 68 - top, 3))
        sketch.detail(box(36, top + 30, 28, 7, rng.choice((0, 3.5))))
        return
    sketch.plane(box(12, top, 76, 88 - top, rng.choice((0, 5))))
    if form == "string":
        sketch.score([(50, top + 2), (50, 86)], 4)
        sketch.score([(14, (88 + top) / 2), (86, (88 + top) / 2)], 4)
        return
    sketch.detail(polygon(40, top + 2, 60, top + 2, 60, top + 26, 50, top + rng.choice((20, 26)), 40, top + 26))
    if rng.random() < 0.6:
        sketch.detail(box(18, 78, 20, 4))


def crate(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("cross", "cross", "slats", "slats", "iso"))
    if form == "iso":
        faces = _cuboid(rng)
        for face, tone in zip(faces, (1, 0, 2), strict=True):
            for at in range(3):
                a, b = _mix(face[0], face[3], at / 3), _mix(face[0], face[3], (at + 0.85) / 3)
                c, d = _mix(face[1], face[2], (at + 0.85) / 3), _mix(face[1], face[2], at / 3)
                sketch.plane(inset([a, d, c, b], 0.8), tone)
        return
    if form == "slats":
        count, high = rng.choice((2, 3, 4)), 56.0
        for x in (10, 80):
            sketch.plane(box(x, 20, 10, 64), 1)
        for at in range(count):
            sketch.plane(box(10, 24 + at * high / count, 80, high / count - 5))
            for x in (14, 84) if rng.random() < 0.5 else ():
                sketch.detail(ellipse(x + 1, 24 + (at + 0.45) * high / count, 2))
        return
    border = rng.uniform(9, 13)
    sketch.plane(box(10, 10, 80, 80))
    low, far = 10 + border, 90 - border
    gap = rng.uniform(5, 9)
    if rng.random() < 0.5:
        sketch.detail(polygon(low, low, far - gap, low, low, far - gap))
        sketch.detail(polygon(far, far, low + gap, far, far, low + gap))
    else:
        for at in range(4):
            sketch.detail(turned(polygon(low + gap, low, far - gap, low, 50, 50 - gap), 90 * at))


def barrel(sketch: Sketch, rng: random.Random) -> None:
    wide, bulge, high = rng.uniform(20, 27), rng.uniform(5, 11), 42
    form = rng.choice(("hoops", "hoops", "staves", "drum", "top"))
    if form == "drum":
        bulge = 0
    side = curve(50 + wide, 50 - high, 50 + wide + bulge, 50, 50 + wide, 50 + high, closed=False)
    sketch.plane(side + mirrored(side)[::-1])
    for share in rng.choice(((-0.55, 0.55), (-0.7, -0.35, 0.35, 0.7), (-0.33, 0.33))):
        half = wide + bulge * (1 - share**2) - 1
        sketch.score([(50 - half, 50 + share * high), (50 + half, 50 + share * high)], rng.uniform(3, 5))
    if form == "staves":
        for share in (-0.4, 0.4):
            sketch.score(curve(50 + wide * share, 12, 50 + (wide + bulge) * share, 50, 50 + wide * share, 88,
                closed=False), 2)
    elif form == "top":
        sketch.plane(ellipse(50, 50 - high, wide, 7), 1)
        sketch.detail(ellipse(50, 50 - high, wide - 5, 4))


def bucket(sketch: Sketch, rng: random.Random) -> None:
    wide, foot, top = rng.uniform(28, 36), rng.uniform(18, 25), rng.uniform(34, 44)
    form = rng.choice(("lines", "lines", "plain", "rim", "planes", "oval", "staves"))
    handle = rng.choice(("up", "up", "down", "none" if form not in ("lines", "plain") else "up"))
    if handle == "up":
        sketch.line(arc(50, top, wide - 2, rng.uniform(18, 28), 180, 360), rng.uniform(3, 5))
    if form == "lines":
        width = rng.uniform(3, 6)
        sketch.line([(50 - wide, top), (50 - foot, 90), (50 + foot, 90), (50 + wide, top)], width)
        if rng.random() < 0.5:
            sketch.line([(46 - wide, top), (54 + wide, top)], width)
        else:
            sketch.line([*ellipse(50, top, wide, 6), (50 + wide, top)], width)
        return
    body = polygon(50 - wide, top, 50 + wide, top, 50 + foot, 92, 50 - foot, 92)
    if form == "planes":
        show(sketch, rng, [(polygon(50 - wide, top, 50, top, 50, 92, 50 - foot, 92), 0), (polygon(50, top, 50 + wide,
            top, 50 + foot, 92, 50, 92), 1)], tiled=0)
        sketch.plane(ellipse(50, top - 4, wide - 1, 4), 2)
        return
    sketch.plane(body)
    if form == "rim":
        sketch.plane(box(46 - wide, top - 4, 2 * wide + 8, 9, 3), 1)
    elif form == "oval":
        sketch.plane(ellipse(50, top, wide, 8), 1)
        sketch.detail(ellipse(50, top, wide - 5, 4.5))
    elif form == "staves":
        for share in (-0.5, 0, 0.5):
            sketch.score([(50 + wide * share, top + 3), (50 + foot * share, 89)], 3)
        sketch.score([(53 - wide, top + 14), (47 + wide, top + 14)], 4)
    if handle == "down":
        sketch.score(arc(50, top + 6, wide * 0.75, 26, 10, 170), 3.5)


def basket(sketch: Sketch, rng: random.Random) -> None:
    top, wide = rng.uniform(44, 52), rng.uniform(34, 42)
    form = rng.choice(("rows", "rows", "stripes", "grid", "bowl"))
    handle = rng.choice(("arc", "arc", "vee", "two"))
    if handle == "arc":
        sketch.line(arc(50, top, wide * 0.8, top - 12, 180, 360), rng.uniform(4, 7))
    elif handle == "vee":
        sketch.line([(50 - wide * 0.6, top), (38, 14)], 5)
        sketch.line([(50 + wide * 0.6, top), (62, 14)], 5)
    else:
        sketch.line(arc(50, top, wide * 0.35, 20, 180, 360), 5)
    body = polygon(50 - wide * 0.9, top, 50 + wide * 0.9, top, 50 + wide * 0.65, 90, 50 - wide * 0.65, 90)
    sketch.plane(arc(50, top, wide * 0.92, 42, 0, 180) if form == "bowl" else body)
    sketch.plane(box(48 - wide, top - 4, 2 * wide + 4, 8, 3), 1)
    for row in range(3):
        y = top + 9 + row * 10
        if form == "stripes":
            for x in (-0.5, 0, 0.5):
                sketch.detail(box(50 + x * wide - 2.5, top + 9, 5, 28, 2)) if row == 0 else None
            continue
        for at in range(4 - row if form == "bowl" else 4):
            span = wide * 1.2 - row * wide * (0.3 if form == "bowl" else 0.12)
            x = 50 - span / 2 + span * (at + 0.5) / (4 - row if form == "bowl" else 4)
            shift = 4 if form == "rows" and row % 2 else 0
            sketch.detail(box(x - 4.5 + shift, y, 7, 5, 1))


def tin_can(sketch: Sketch, rng: random.Random) -> None:
    wide, high, dent = rng.uniform(20, 30), rng.uniform(26, 40), rng.uniform(5, 9)
    form = rng.choice(("food", "food", "drink", "paint", "flat"))
    top, low = 50 - high, 50 + high
    if form == "drink":
        sketch.plane(polygon(34, 10, 66, 10, 72, 18, 72, 82, 66, 92, 34, 92, 28, 82, 28, 18))
        sketch.score([(29, 19), (71, 19)], 3)
        sketch.score([(29, 82), (71, 82)], 3)
        if rng.random() < 0.5:
            sketch.detail(ellipse(50, 50, 12))
        return
    sketch.plane([*arc(50, low, wide, dent, 0, 180), (50 - wide, top), (50 + wide, top)])
    sketch.plane(ellipse(50, top, wide, dent), 1)
    sketch.detail(ellipse(50, top, wide - 4, dent - 2.5))
    if form == "food":
        for share in (-0.4, 0, 0.4):
            sketch.score(arc(50, 50 + share * high, wide - 2, dent, 8, 172), 3)
    elif form == "paint":
        sketch.line(arc(50, top + 6, wide + 4, 20, 180, 360), 3)
        sketch.score(arc(50, 50, wide - 2, dent, 8, 172), 4)
    else:
        sketch.detail(box(50 - wide * 0.6, 50 - 8, wide * 1.2, 20, 3))


def jar(sketch: Sketch, rng: random.Random) -> None:
    wide = rng.uniform(24, 32)
    sketch.plane(box(50 - wide * 0.75, 10, wide * 1.5, 13, rng.choice((0, 4))), 1)
    form = rng.choice(("solid", "glass", "lines", "label"))
    body = box(50 - wide, 26, 2 * wide, 66, rng.uniform(8, 18))
    if form == "lines":
        sketch.line([*body, body[0]], rng.uniform(4, 6))
        return
    sketch.plane(body)
    if form == "glass":
        sketch.detail(box(55 - wide, 31, 2 * wide - 10, rng.uniform(14, 26), 5))
    elif form == "label":
        sketch.detail(box(55 - wide, 46, 2 * wide - 10, 28, 2))


def dustbin(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("plain", "stripes", "stripes", "lines", "open"))
    wide, foot = rng.uniform(28, 34), rng.uniform(20, 30)
    lid = box(44 - wide, 20, 2 * wide + 12, 8, rng.choice((0, 4)))
    grip = rng.choice((box(40, 10, 20, 8, 3), arc(50, 19, 12, 9, 180, 360)))
    turn = -20 if form == "open" else 0
    sketch.plane(turned(lid, turn, (82, 24)), 1)
    sketch.plane(turned(grip, turn, (82, 24)), 1)
    body = polygon(50 - wide, 32, 50 + wide, 32, 50 + foot, 93, 50 - foot, 93)
    if form == "lines":
        sketch.line([*body, body[0]], 5)
        for x in (42, 58):
            sketch.line([(x, 46), (x, 80)], 4)
        return
    sketch.plane(body)
    for x in (-13, 0, 13) if form != "plain" else ():
        sketch.score([(50 + x, 42), (50 + x * 0.85, 84)], rng.uniform(3, 5))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "box-closed": (box_closed, "19.1.3", "mirror"),
    "box-open": (box_open, "19.1.3", "mirror"),
    "parcel": (parcel, "19.1.3", "mirror"),
    "crate": (crate, "19.1.3", "mirror"),
    "barrel": (barrel, "19.1.1 19.1.6", ""),
    "bucket": (bucket, "19.1.4", "tilt"),
    "basket": (basket, "19.1.12", ""),
    "tin-can": (tin_can, "19.1.4", "tilt"),
    "jar": (jar, "19.3.1", "tilt"),
    "dustbin": (dustbin, "19.1.4", "mirror"),
}
