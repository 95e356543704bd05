"""Games and sport."""

import random

from schematic.facets import show
from schematic.geometry import (
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
    regular,
    scaled,
    star,
    turned,
)
from schematic.sketch import Kind, Sketch


def dice(sketch: Sketch, rng: random.Random) -> None:
    pips = {1: ((0, 0),), 2: ((-1, -1), (1, 1)), 3: ((-1, -1), (0, 0), (1, 1)), 4: ((-1, -1), (1, 1), (-1, 1), (1, -1))}
    pips[5] = (*pips[4], (0, 0))
    pips[6] = (*pips[4], (-1, 0), (1, 0))
    if rng.random() < 0.5:
        faces = [
            polygon(50, 8, 88, 28, 50, 48, 12, 28),
            polygon(12, 28, 50, 48, 50, 92, 12, 72),
            polygon(50, 48, 88, 28, 88, 72, 50, 92),
        ]
        show(sketch, rng, [(face, tone) for face, tone in zip(faces, (1, 0, 2), strict=True)], tiled=0)
        for face, count in zip(faces, rng.sample(range(1, 7), 3), strict=True):
            (a, b), (c, d), _, (e, f) = face
            for u, v in pips[count]:
                s, t = 0.5 + 0.26 * u, 0.5 + 0.26 * v
                x, y = a + s * (c - a) + t * (e - a), b + s * (d - b) + t * (f - b)
                sketch.detail(ellipse(x, y, 4, 3.2))
        return
    turn, count = rng.choice((0, 0, 15, 45, -20)), rng.randint(1, 6)
    size = 30 if turn == 45 else 38
    sketch.plane(turned(box(50 - size, 50 - size, 2 * size, 2 * size, rng.choice((0, 8, 16))), turn))
    for u, v in pips[count]:
        x, y = turned([(50 + u * size * 0.52, 50 + v * size * 0.52)], turn)[0]
        sketch.detail(ellipse(x, y, size * rng.uniform(0.14, 0.18)))


def football(sketch: Sketch, rng: random.Random) -> None:
    inner, turn = rng.uniform(14, 18), rng.choice((-90, 90, -90, -72))
    form = rng.choice(("cut", "cut", "lines", "planes"))
    if form == "lines":
        sketch.line([*ellipse(50, 50, 43), (93, 50)], rng.uniform(3, 6))
        sketch.plane(regular(50, 50, inner, 5, turn))
    elif form == "cut":
        sketch.plane(ellipse(50, 50, 44))
        sketch.detail(regular(50, 50, inner, 5, turn))
    else:
        sketch.plane(regular(50, 50, inner, 5, turn))
    for at in range(5):
        angle = turn + 72 * at
        if form == "planes":
            edge = arc(50, 50, 44, None, angle + 5, angle + 67, 9)
            sketch.plane([*edge, along(50, 50, inner + 3, angle + 68), along(50, 50, inner + 3, angle + 4)], 1 + at % 2)
            continue
        near, far = along(50, 50, inner, angle), along(50, 50, 31, angle)
        patch = [
            far,
            along(50, 50, 37, angle + 14),
            along(50, 50, 41, angle + 11),
            along(50, 50, 41, angle - 11),
            along(50, 50, 37, angle - 14),
        ]
        if form == "lines":
            sketch.line([near, far], 3)
            sketch.plane(patch)
        else:
            sketch.score([near, far], 3)
            sketch.detail(patch)


def basketball(sketch: Sketch, rng: random.Random) -> None:
    turn, width = rng.choice((0, 0, 30, -25, 45)), rng.uniform(2.5, 5)
    seams = [[(50.0, 8.0), (50.0, 92.0)], [(8.0, 50.0), (92.0, 50.0)]]
    bend = rng.uniform(20, 30)
    seams += [curve(50 + x * 31, 20, 50 + x * (43 - bend), 50, 50 + x * 31, 80, closed=False) for x in (-1, 1)]
    if rng.random() < 0.25:
        seams = seams[1:] if rng.random() < 0.5 else [seams[0], *seams[2:]]
    if rng.random() < 0.65:
        sketch.plane(ellipse(50, 50, 44))
        for seam in seams:
            sketch.score(turned(seam, turn), width)
    else:
        sketch.line([*ellipse(50, 50, 43), (93, 50)], width)
        for seam in seams:
            sketch.line(turned(seam, turn), width)


def tennis_ball(sketch: Sketch, rng: random.Random) -> None:
    turn, width, bend = rng.choice((0, 45, 90, 20, -30)), rng.uniform(3, 8), rng.uniform(8, 20)
    solid = rng.random() < 0.7
    sketch.plane(ellipse(50, 50, 44)) if solid else sketch.line([*ellipse(50, 50, 43), (93, 50)], width)
    for side in (-1, 1):
        seam = curve(50 + side * 34, 23, 50 + side * bend, 50, 50 + side * 34, 77, closed=False)
        sketch.score(turned(seam, turn), width) if solid else sketch.line(turned(seam, turn), width)


def bowling_pin(sketch: Sketch, rng: random.Random) -> None:
    belly, head = rng.uniform(14, 19), rng.uniform(8, 11)
    right = curve(50, 6, 50 + head, 15, 50 + head * 0.65, 30, 50 + belly, 62, 50 + belly * 0.6, 94, closed=False)
    pin = right + mirrored(right)[::-1]
    form = rng.choice(("one", "one", "ball", "three"))
    places: tuple[tuple[float, float], ...] = {
        "one": ((0, 0),),
        "ball": ((-20, -6),),
        "three": ((-28, -4), (28, -4), (0, 4)),
    }[form]
    for at, (x, turn) in enumerate(places):
        sketch.plane(turned(moved(pin, x), turn), at)
        for y in (27, 33) if rng.random() < 0.7 else ():
            sketch.score(turned([(51 + x - head * 0.6, y), (49 + x + head * 0.6, y)], turn, (50, 50)), 2.5)
    if form == "ball":
        sketch.plane(ellipse(70, 74, 20), 1)
        for x, y in ((66, 66), (74, 66), (71, 74)):
            sketch.detail(ellipse(x, y, 2.6))


def chess_pawn(sketch: Sketch, rng: random.Random) -> None:
    head, foot = rng.uniform(12, 17), rng.uniform(22, 29)
    body = (
        curve(56, 36, 58, 54, 50 + foot * 0.8, 78, closed=False)
        if rng.random() < 0.6
        else polygon(55, 36, 50 + foot * 0.75, 78)
    )
    sketch.plane(ellipse(50, 10 + head, head), rng.choice((0, 1)))
    if rng.random() < 0.7:
        sketch.plane(rng.choice((box(34, 37, 32, 6, 3), ellipse(50, 40, 18, 4))), 1)
    right = [(50.0, 36.0), *body, (50.0, 78.0)]
    if rng.random() < 0.25:
        sketch.plane(moved(right, 0.7))
        sketch.plane(moved(mirrored(right), -0.7), 1)
    else:
        sketch.plane(body + mirrored(body)[::-1])
    sketch.plane(box(50 - foot, 80, 2 * foot, 12, rng.choice((0, 4))), 2)


def chess_rook(sketch: Sketch, rng: random.Random) -> None:
    wide, waist, foot = rng.uniform(22, 28), rng.uniform(15, 20), rng.uniform(26, 34)
    slot = wide * 0.28
    a, b = 50 - wide, 50 + wide
    top = polygon(
        a, 10, a + wide * 0.42, 10, a + wide * 0.42, 18, 50 - slot / 2, 18, 50 - slot / 2, 10, 50 + slot / 2, 10
    )
    top += polygon(50 + slot / 2, 18, b - wide * 0.42, 18, b - wide * 0.42, 10, b, 10, b, 30, a, 30)
    sketch.plane(top)
    sketch.plane(polygon(50 - waist, 33, 50 + waist, 33, 50 + waist + rng.uniform(0, 6), 76, 50 - waist - 3, 76), 1)
    sketch.plane(
        rng.choice(
            (
                box(50 - foot, 79, 2 * foot, 12, 2),
                polygon(50 - foot + 6, 79, 44 + foot, 79, 50 + foot, 92, 50 - foot, 92),
            )
        )
    )
    if rng.random() < 0.3:
        sketch.detail([*arc(50, 54, 6, 8, 180, 360), (56, 66), (44, 66)])


def puzzle_piece(sketch: Sketch, rng: random.Random) -> None:
    knob, neck = rng.uniform(7, 10), rng.uniform(40, 55)
    corners = polygon(24, 24, 76, 24, 76, 76, 24, 76)
    sides = rng.choice(((1, 1, -1, -1), (1, -1, 1, -1), (1, 1, -1, 1), (1, 1, 0, 0), (-1, 1, -1, 1)))
    if rng.random() < 0.25:
        knob *= 0.7
        for x, y, side in (
            (8, 8, (0, 1, -1, 0)),
            (51, 8, (0, 0, 1, -1)),
            (8, 51, (1, -1, 0, 0)),
            (51, 51, (-1, 0, 0, 1)),
        ):
            small = _piece(scaled(corners, 0.78, None, (0, 0)), side, knob, neck)
            sketch.plane(moved(small, x - 18.7, y - 18.7), (x + y) // 43 % 3)
        return
    sketch.plane(turned(_piece(corners, sides, knob, neck), rng.choice((0, 45, 20))))


def _piece(corners: Points, sides: tuple[int, ...], knob: float, neck: float) -> Points:
    points: Points = []
    for at, side in enumerate(sides):
        (a, b), (c, d) = corners[at], corners[(at + 1) % 4]
        points.append((a, b))
        x, y, along_edge = (a + c) / 2, (b + d) / 2, 90 * at
        if side:
            out = side * knob * 0.8
            turn = along_edge - 90 * side
            middle = along(x, y, abs(out), turn)
            start, end = (turn + 180 + neck, turn + 540 - neck) if side > 0 else (turn + 180 - neck, turn - 180 + neck)
            points += arc(*middle, knob, None, start, end, 18)
    return points


def playing_card(sketch: Sketch, rng: random.Random) -> None:
    suit = rng.choice(
        (
            polygon(50, 32, 62, 50, 50, 68, 38, 50),
            curve(50, 40, 56, 34, 64, 38, 62, 50, 50, 66, 38, 50, 36, 38, 44, 34),
            curve(50, 32, 62, 48, 60, 58, 52, 57, 55, 67, 45, 67, 48, 57, 40, 58, 38, 48),
        )
    )
    form = rng.choice(("one", "fan", "fan", "two"))
    if form == "one":
        turn = rng.choice((0, 15, -12))
        sketch.plane(turned(box(20, 8, 60, 84, 6), turn))
        sketch.detail(turned(suit, turn))
        for x, y in ((29, 18), (71, 82)):
            sketch.detail(turned(scaled(moved(suit, x - 50, y - 50), 0.35, None, (x, y)), turn))
        return
    turns = (-25, 0, 25) if form == "fan" else (-14, 12)
    for at, turn in enumerate(turns):
        card = turned(box(32, 16, 40, 60, 4), turn, (50, 92))
        if at:
            sketch.detail(turned(box(29, 16, 3, 58), turn, (50, 92)))
        sketch.plane(card, at % 3)
    sketch.detail(turned(scaled(moved(suit, 2, -4), 0.8), turns[-1], (50, 92)))


def gamepad(sketch: Sketch, rng: random.Random) -> None:
    body = rng.choice(
        (
            curve(50, 32, 72, 26, 86, 36, 94, 66, 84, 80, 68, 66, 50, 64, 32, 66, 16, 80, 6, 66, 14, 36, 28, 26),
            box(6, 30, 88, 42, 21),
            box(6, 32, 88, 40, 5),
        )
    )
    sketch.plane(body)
    sketch.detail(
        polygon(25, 40, 31, 40, 31, 46, 37, 46, 37, 52, 31, 52, 31, 58, 25, 58, 25, 52, 19, 52, 19, 46, 25, 46)
    )
    for x, y in rng.choice((((66, 53), (77, 45)), ((64, 49), (72, 41), (80, 49), (72, 57)))):
        sketch.detail(ellipse(x, y, 4))
    if rng.random() < 0.4:
        sketch.line(curve(50, 30, 50, 18, 60, 14, 62, 4, closed=False), 4)


def joystick(sketch: Sketch, rng: random.Random) -> None:
    lean = rng.choice((0, 0, 12, 20))
    sketch.line([(50, 68), (50 + lean, 26)], rng.uniform(5, 9))
    sketch.plane(rng.choice((ellipse(50 + lean, 20, 13), box(42 + lean, 8, 16, 28, 8))), 1)
    sketch.plane(
        rng.choice((box(16, 68, 68, 22, 6), polygon(26, 68, 74, 68, 90, 90, 10, 90), arc(50, 90, 38, 24, 180, 360)))
    )
    if rng.random() < 0.5:
        sketch.plane(box(22, 61, 14, 7, 2), 2)


def balloon(sketch: Sketch, rng: random.Random) -> None:
    wide, high = rng.uniform(22, 29), rng.uniform(28, 34)
    places = rng.choice(
        (((50.0, 40.0, 1.0),), ((50.0, 40.0, 1.0),), ((30.0, 42.0, 0.65), (70.0, 38.0, 0.65), (50.0, 26.0, 0.65)))
    )
    for at, (x, y, size) in enumerate(places):
        w, h = wide * size, high * size
        sketch.plane(
            curve(
                x,
                y - h,
                x + w,
                y - h * 0.2,
                x + w * 0.55,
                y + h * 0.75,
                x,
                y + h,
                x - w * 0.55,
                y + h * 0.75,
                x - w,
                y - h * 0.2,
            ),
            at,
        )
        sketch.plane(polygon(x, y + h - 1, x + 5 * size, y + h + 6, x - 5 * size, y + h + 6), at)
        end = (x + rng.uniform(-4, 4), 96.0) if len(places) == 1 else (50.0, 96.0)
        middle = (y + h + 100) / 2
        sketch.line(
            curve(x, y + h + 6, (x + end[0]) / 2 + 4, middle - 4, (x + end[0]) / 2 - 3, middle + 6, *end, closed=False),
            2.5,
        )
        if rng.random() < 0.4:
            sketch.score(arc(x, y, w * 0.6, h * 0.65, 190, 250), 3.5)


def target(sketch: Sketch, rng: random.Random) -> None:
    count = rng.choice((2, 3, 3, 4))
    form = rng.choice(("rings", "rings", "arrow", "cross", "dart"))
    x, y, size = (46.0, 54.0, 40.0) if form in ("arrow", "dart") else (50.0, 50.0, 44.0)
    step = size / (2 * count - 1)
    for at in range(count):
        sketch.plane(ellipse(x, y, size - 2 * at * step), at % 3)
        if at < count - 1:
            sketch.detail(ellipse(x, y, size - (2 * at + 1) * step))
    if form in ("arrow", "dart"):
        sketch.line([(x, y), (86, 14)], 4)
        sketch.plane(polygon(78, 22, 80, 8, 88, 4, 87, 13, 96, 12, 92, 20), 2)
    elif form == "cross":
        for turn in (0, 90, 180, 270):
            sketch.line([along(50, 50, 38, turn), along(50, 50, 50, turn)], 4)


def trophy(sketch: Sketch, rng: random.Random) -> None:
    wide = rng.uniform(20, 27)
    form = rng.choice(("bowl", "vee", "tall", "halves"))
    if form == "vee":
        cup = polygon(50 - wide, 12, 50 + wide, 12, 54, 58, 46, 58)
    elif form == "tall":
        cup = curve(50 + wide, 12, 50 + wide * 0.8, 40, 54, 58, closed=False) + curve(
            46, 58, 50 - wide * 0.8, 40, 50 - wide, 12, closed=False
        )
    else:
        cup = [(50 - wide, 12.0), (50 + wide, 12.0), *arc(50, 34, wide, 26, 0, 180)]
    if form == "halves":
        sketch.plane(half_of(cup, (50.7, 50), 0))
        sketch.plane(half_of(cup, (49.3, 50), 180), 1)
    else:
        sketch.plane(cup)
    if rng.random() < 0.8:
        for side in (-1, 1):
            x = 50 + side * (wide - 1)
            sketch.line([(x, 18), (x + side * 14, 18), *arc(x, 20, side * 14, 20, 0, 90, 9)], rng.uniform(3, 5))
    sketch.plane(polygon(46, 60, 54, 60, 55, 76, 45, 76), 1)
    sketch.plane(rng.choice((box(30, 78, 40, 12, 2), polygon(36, 76, 64, 76, 70, 92, 30, 92))), 2)
    if form == "bowl" and rng.random() < 0.6:
        sketch.detail(star(50, 32, 11, 5, 0.42))


def skateboard(sketch: Sketch, rng: random.Random) -> None:
    if rng.random() < 0.3:
        turn = rng.choice((0, 45, 30))
        for y in (22, 70):
            for x in (30, 62):
                sketch.plane(turned(box(x, y, 8, 9, 2), turn), 1)
        sketch.plane(turned(box(36, 6, 28, 88, 14), turn))
        for y in (24, 72):
            for x in (44, 56):
                sketch.detail(turned(ellipse(x, y + 2, 2.2), turn))
        return
    rise, width = rng.uniform(8, 16), rng.uniform(5, 8)
    sketch.line([(6, 54 - rise), (18, 54), (82, 54), (94, 54 - rise)], width)
    for x in (28, 72):
        sketch.plane(polygon(x - 6, 58, x + 6, 58, x + 3, 66, x - 3, 66), 1)
        sketch.plane(ellipse(x, 70, rng.uniform(7, 10)), 2)
        sketch.detail(ellipse(x, 70, 3))


def dumbbell(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.choice((0, 0, -45, -30))
    form = rng.choice(("plates", "plates", "balls", "six", "barbell"))
    sketch.plane(turned(box(20, 46, 60, 8), turn), 1)
    reach = 42 if turn == 0 else 38
    for side in (-1, 1):
        if form == "balls":
            sketch.plane(turned(ellipse(50 + side * 30, 50, 15), turn))
        elif form == "six":
            sketch.plane(turned(regular(50 + side * 29, 50, 17, 6, 0), turn))
        else:
            wide = rng.uniform(7, 9)
            for at, high in enumerate((rng.uniform(18, 26), rng.uniform(11, 16))):
                middle = 50 + side * (reach - 18 + at * (wide + 1.5))
                sketch.plane(
                    turned(box(middle - wide / 2, 50 - high, wide, 2 * high, rng.choice((0, 3))), turn), at * 2
                )
            if form == "barbell":
                sketch.plane(turned(box(50 + side * 46 - 3, 47, 6, 6), turn), 1)


KINDS: dict[str, tuple[Kind, str, str]] = {
    "dice": (dice, "21.1.9", "mirror tilt"),
    "football": (football, "21.3.1", "tilt"),
    "basketball": (basketball, "21.3.97", "mirror tilt"),
    "tennis-ball": (tennis_ball, "21.3.99", "tilt"),
    "bowling-pin": (bowling_pin, "21.3.3", "mirror"),
    "chess-pawn": (chess_pawn, "21.1.13", ""),
    "chess-rook": (chess_rook, "21.1.13", ""),
    "puzzle-piece": (puzzle_piece, "21.1.14", "mirror tilt"),
    "playing-card": (playing_card, "21.1.1 21.1.7", "tilt"),
    "gamepad": (gamepad, "16.1.6", "tilt"),
    "joystick": (joystick, "16.1.6", "mirror"),
    "balloon": (balloon, "21.1.16", "mirror tilt"),
    "target": (target, "21.3.21", ""),
    "trophy": (trophy, "11.3.1", "tilt"),
    "skateboard": (skateboard, "21.3.11", "tilt"),
    "dumbbell": (dumbbell, "21.3.13", "mirror tilt"),
}
