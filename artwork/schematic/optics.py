"""Cameras, glasses and other optical apparatus."""

# fmt: off

import random

from schematic.facets import tile
from schematic.geometry import (
    along,
    arc,
    box,
    curve,
    ellipse,
    half_of,
    mirrored,
    polygon,
    regular,
    ring,
    scaled,
    thick,
    turned,
)
from schematic.sketch import Kind, Sketch


def camera(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("tile", "tile", "lines", "planes", "frame", "quarters"))
    high, corner, radius = rng.uniform(66, 84), rng.choice((6, 16, 24, 30)), rng.uniform(15, 22)
    body = box(9, 50 - high / 2, 82, high, corner)
    dot = (76, 50 - high / 2 + 14)
    if form == "tile":
        sketch.plane(body)
        lens = rng.choice(("ring", "hole", "both", "half"))
        sketch.detail(ring(50, 52, radius, rng.uniform(4, 8)) if lens == "ring" else ellipse(50, 52, radius))
        if lens == "both":
            sketch.plane(ellipse(50, 52, radius * rng.uniform(0.4, 0.7)), 1)
        elif lens == "half":
            sketch.plane(arc(50, 52, radius * 0.8, None, 135, 315), 1)
        if rng.random() < 0.8:
            sketch.detail(rng.choice((ellipse(*dot, 5), box(dot[0] - 6, dot[1] - 5, 12, 9, 2))))
        return
    if form in ("lines", "frame"):
        width = rng.uniform(4, 8)
        sketch.line([*body, body[0]], width)
        if form == "lines":
            sketch.line([*ellipse(50, 50, radius), (50 + radius, 50)], width)
        else:
            sketch.plane(ellipse(50, 50, radius))
        sketch.plane(ellipse(dot[0] - 2, dot[1] + 4, 4.5), 1)
        return
    sketch.plane(box(9, 16, 82, 22, 6), 1)
    if form == "planes":
        sketch.plane(box(9, 40, 82, 44, 6))
    else:
        sketch.plane(polygon(9, 40, 49, 40, 49, 84, 9, 84))
        sketch.plane(polygon(51, 40, 91, 40, 91, 84, 51, 84), 2)
    sketch.detail(ellipse(50, 60, radius))
    if form == "quarters":
        sketch.plane(ellipse(50, 60, radius + 2))
        sketch.detail(ellipse(50, 60, radius))
    sketch.plane(ellipse(50, 60, radius * 0.55), 1)
    sketch.detail(box(18, 22, 14, 8, 2))


def camera_classic(sketch: Sketch, rng: random.Random) -> None:
    top, corner, radius = rng.uniform(30, 36), rng.choice((0, 4, 9)), rng.uniform(14, 19)
    hump = rng.choice(("middle", "left", "prism", "none"))
    high = 82 - top
    if hump == "middle":
        sketch.plane(polygon(32, top + 1, 39, top - 13, 61, top - 13, 68, top + 1), 1)
    elif hump == "prism":
        sketch.plane(polygon(36, top + 1, 44, top - 9, 56, top - 9, 64, top + 1), 1)
        sketch.plane(box(16, top - 6, 12, 6, 1), 1)
    elif hump == "left":
        sketch.plane(box(16, top - 9, 24, 12, 3), 1)
    sketch.plane(box(7, top, 86, high, corner))
    y = top + high * 0.52
    lens = rng.choice(("hole", "ring", "island", "six"))
    if lens == "ring":
        sketch.detail(ring(50, y, radius, rng.uniform(3, 6)))
    else:
        sketch.detail(regular(50, y, radius, 6) if lens == "six" else ellipse(50, y, radius))
        if lens == "island":
            sketch.plane(ellipse(50, y, radius * 0.6), 1)
    extra = rng.choice(("dot", "bar", "band", "none"))
    if extra == "dot":
        sketch.detail(ellipse(82, top + 9, 3.5))
    elif extra == "bar":
        sketch.detail(box(73, top + 6, 13, 6, 2))
    elif extra == "band":
        sketch.detail(box(10, top + 8, 20, 3))
        sketch.detail(box(70, top + 8, 20, 3))


def aperture(sketch: Sketch, rng: random.Random) -> None:
    count = rng.choice((5, 6, 6, 7, 8))
    radius, hole = 45, rng.uniform(10, 20)
    lean = rng.uniform(40, 75)
    width = rng.uniform(2.5, 5)
    form = rng.choice(("disc", "ring", "planes"))
    if form == "planes":
        for at in range(count):
            turn = 360 * at / count
            step = 360 / count
            blade = [along(50, 50, hole, turn + step), along(50, 50, hole, turn)]
            edge = arc(50, 50, radius, None, turn + lean * 0.5 - 4, turn + lean * 0.5 + step - 8, 7)
            sketch.plane(blade + edge, at % 3)
        return
    if form == "ring":
        sketch.plane(ring(50, 50, 42, 5))
    else:
        sketch.plane(ellipse(50, 50, radius))
        sketch.detail(regular(50, 50, hole, count, 0))
    for at in range(count):
        turn = 360 * at / count
        start, end = along(50, 50, hole + 2, turn), along(50, 50, radius - 4, turn + lean)
        if form == "ring":
            sketch.line([start, end], width)
        else:
            sketch.score([start, end], width)


def video_camera(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("modern", "modern", "reels", "shoulder", "lines"))
    top, corner = rng.uniform(28, 36), rng.choice((2, 7, 14))
    funnel = polygon(70, 47, 92, top - 1, 92, 101 - top, 70, 57)
    if form == "lines":
        body = box(9, top, 56, 100 - 2 * top, corner)
        sketch.line([*body, body[0]], 5)
        sketch.line([*funnel, funnel[0]], 5)
        return
    if form == "reels":
        for x, radius in ((24, 14), (52, rng.choice((14, 18)))):
            sketch.plane(ellipse(x, 40 - radius, radius), 1)
            sketch.detail(ellipse(x, 40 - radius, radius * rng.uniform(0.25, 0.5)))
        sketch.plane(box(9, 42, 58, 36, corner))
        sketch.plane(polygon(69, 56, 92, 44, 92, 76, 69, 64), 1)
        if rng.random() < 0.4:
            sketch.line([(38, 80), (24, 96)], 4)
            sketch.line([(38, 80), (52, 96)], 4)
        return
    sketch.plane(box(8, top, 58, 100 - 2 * top, corner))
    sketch.plane(funnel if rng.random() < 0.7 else polygon(69, 50, 92, 34, 92, 66), 1)
    if form == "shoulder":
        sketch.line([(16, top - 2), (16, top - 14), (58, top - 14), (58, top - 2)], 5)
        sketch.detail(ellipse(24, top + 12, 5))
    elif rng.random() < 0.5:
        sketch.detail(rng.choice((polygon(30, 40, 48, 50, 30, 60), ellipse(37, 50, 9), box(15, top + 7, 12, 6, 2))))


def clapperboard(sketch: Sketch, rng: random.Random) -> None:
    open_by = rng.choice((0, 14, 14, 20, 28))
    count = rng.choice((3, 4, 5))
    sketch.plane(box(12, 44, 76, 42, rng.choice((0, 4))))
    for angle, y in ((0, 42), (-open_by, 40))[: 2 if open_by else 1]:
        bar = turned(box(12, y - 11, 76, 11), angle, (14, y))
        sketch.plane(bar, 1)
        for at in range(count):
            x = 18 + at * 68 / count
            wide = 34 / count
            stripe = polygon(x + 4, y - 10, x + 4 + wide, y - 10, x + wide - 2, y - 1, x - 2, y - 1)
            sketch.detail(turned(stripe, angle, (14, y)))
    inside = rng.choice(("none", "play", "lines", "none"))
    if inside == "play":
        sketch.detail(polygon(43, 54, 62, 65, 43, 76))
    elif inside == "lines":
        sketch.detail(box(20, 58, 60, 3))
        sketch.detail(box(20, 70, 36, 3))


def magnifying_glass(sketch: Sketch, rng: random.Random) -> None:
    radius, width, grip = rng.uniform(20, 30), rng.uniform(4, 11), rng.uniform(6, 13)
    x = y = 14 + radius
    out = radius + width / 2 + rng.choice((0, 0, 3))
    start, end = along(x, y, out, 45), along(x, y, rng.uniform(60, 68), 45)
    form = rng.choice(("ring", "ring", "disc", "tile", "lens"))
    handle = thick([start, end], grip, end=grip * rng.choice((1, 1, 0.6, 1.4)))
    if form == "tile":
        sketch.plane(tile(rng))
        sketch.detail(scaled(ring(x, y, radius, width), 0.7))
        sketch.detail(scaled(handle, 0.7))
        return
    if form == "disc":
        sketch.plane(ellipse(x, y, radius))
        sketch.score(arc(x, y, radius * 0.65, None, 180, 270), 4)
    else:
        sketch.plane(ring(x, y, radius, width))
        if form == "lens":
            sketch.plane(ellipse(x, y, radius - width), 1)
    sketch.plane(handle, 2)


def glasses(sketch: Sketch, rng: random.Random) -> None:
    width, high = rng.uniform(17, 21), rng.uniform(12, 19)
    form = rng.choice(("round", "box", "full", "cat", "full"))
    stroke = rng.uniform(3, 7)
    for side in (-1, 1):
        x = 50 + side * (width + 6)
        if form in ("round", "full"):
            lens = ellipse(x, 54, width, high)
        elif form == "box":
            lens = box(x - width, 54 - high, 2 * width, 2 * high, 6)
        else:
            outer = side * width
            lens = curve(x - outer, 44, x + outer * 1.25, 36, x + outer, 58, x, 70, x - outer, 60)
        if form == "full":
            lens = rng.choice((lens, half_of(lens, (50, 50), 90)))
            sketch.plane(lens)
        else:
            sketch.line([*lens, lens[0]], stroke)
        if rng.random() < 0.5:
            sketch.line([(x + side * width, 48), (50 + side * 46, 40)], stroke)
    sketch.line(arc(50, 52, 8, 6, 190, 350), stroke)


def telescope(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.uniform(-35, -15)
    parts = [(box(10, 34, 22, 12), 1), (box(33, 32, 24, 16), 0), (box(58, 29, 28, 22), 2)]
    if rng.random() < 0.4:
        parts = [(polygon(10, 36, 70, 30, 70, 50, 10, 44), 0), (box(72, 27, 14, 26, 2), 1)]
    for points, tone in parts:
        sketch.plane(turned(points, turn, (46, 40)), tone)
    legs = rng.choice(("three", "two", "none", "stem"))
    if legs in ("three", "two"):
        sketch.line([(46, 50), (28, 94)], 5)
        sketch.line([(46, 50), (66, 94)], 5)
    if legs in ("three", "stem"):
        sketch.line([(46, 50), (47, 94)], 5)
    if legs == "stem":
        sketch.line([(30, 94), (64, 94)], 5)
    if legs == "none":
        sketch.plane(ellipse(rng.uniform(74, 88), 78, 4), 1)


def binoculars(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("barrels", "front", "barrels"))
    for side in (-1, 1):
        if form == "front":
            x = 50 + side * 24
            sketch.plane(ellipse(x, 60, 21))
            sketch.detail(ellipse(x, 60, rng.choice((12, 14))))
            sketch.plane(box(x - 12 if side > 0 else x - 8, 22, 20, 18, 3), 1)
            continue
        barrel = polygon(34, 16, 46, 16, 47, 84, 10, 84, 12, 60, 32, 28)
        cap = box(10, 86, 37, 8, 2)
        sketch.plane(barrel if side < 0 else mirrored(barrel))
        sketch.plane(cap if side < 0 else mirrored(cap), 1)
    sketch.plane(box(44, 40, 12, rng.uniform(14, 24), 2), 1)


def microscope(sketch: Sketch, rng: random.Random) -> None:
    turn = rng.uniform(15, 35)
    sketch.plane(turned(box(40, 10, 14, 38, 2), turn, (46, 40)))
    sketch.plane(turned(box(43, 50, 8, 9, 1), turn, (46, 40)), 1)
    if rng.random() < 0.6:
        sketch.plane(turned(box(42, 3, 10, 6, 1), turn, (46, 40)), 1)
    sketch.plane(thick(arc(48, 56, 30, 30, -50, 80), rng.uniform(6, 10)), 1)
    sketch.plane(box(20, 66, 32, 6, 1), 2)
    sketch.plane(rng.choice((box(18, 86, 64, 8, 3), arc(50, 94, 34, 12, 180, 360))))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "camera": (camera, "16.3.1", "mirror"),
    "camera-classic": (camera_classic, "16.3.1", "mirror"),
    "aperture": (aperture, "16.3.3", "mirror tilt"),
    "video-camera": (video_camera, "16.3.25", "mirror"),
    "clapperboard": (clapperboard, "16.3.11 20.1.16", "mirror tilt"),
    "magnifying-glass": (magnifying_glass, "16.3.17", "mirror tilt"),
    "glasses": (glasses, "16.3.13", "tilt"),
    "telescope": (telescope, "16.3.15", "mirror"),
    "binoculars": (binoculars, "16.3.15", "tilt"),
    "microscope": (microscope, "16.3.15", "mirror"),
}
