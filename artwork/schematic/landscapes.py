"""Mountains, islands, hills and dunes."""

# fmt: off

import math
import random

from schematic.geometry import Points, along, arc, box, curve, ellipse, half_of, moved, polygon, scaled, thick
from schematic.outlines import (
    cloud_outline,
    draw_palm,
    flame_outline,
    sharp_outline,
    show_planes,
    tile_outline,
    wave_outline,
)
from schematic.sketch import Kind, Sketch


def _sunny(kind: Kind, high: float, low: float) -> Kind:
    """Return a kind with a sun to one side above it."""

    def draw(sketch: Sketch, rng: random.Random) -> None:
        x, y, radius = rng.choice((20, 24, 76, 80)), rng.uniform(high, low), rng.uniform(8, 13)
        if rng.random() < 0.25:
            sketch.line([*ellipse(x, y, radius), (x + radius, y)], rng.uniform(3, 5))
        else:
            sketch.plane(ellipse(x, y, radius), 1)
            if rng.random() < 0.3:
                for at in range(8):
                    sketch.line([along(x, y, radius + 3, 45 * at), along(x, y, radius + 8, 45 * at)], 3)
        kind(sketch, rng)

    return draw


def _peak(x: float, top: float, base: float, left: float, right: float) -> Points:
    return polygon(x, top, x + right, base, x - left, base)


def _capped(peak: Points, share: float, gap: float, teeth: int, rng: random.Random) -> tuple[Points, Points]:
    """Return a mountain without its top, and the top, with a zigzag between them."""
    (x, top), (right, base), (left, _) = peak
    y = top + (base - top) * share
    a, b = x + (right - x) * share, x - (x - left) * share
    high = (base - top) * share
    edge = [(a + (b - a) * at / (2 * teeth), y + high * (rng.uniform(0.25, 0.5) if at % 2 else -rng.uniform(0.0,
        0.25))) for at in range(1, 2 * teeth)]
    edge = [(a, y), *edge, (b, y)]
    return [(right, base), *moved(edge, 0, gap), (left, base)], [(x, top), *edge]


def _massif(rng: random.Random, count: int, base: float = 82) -> list[Points]:
    """Return one to three mountains that do not overlap: those in front cut those behind."""
    steep = rng.uniform(0.7, 1.05)
    if count == 1:
        peaks = [_peak(50 + rng.uniform(-8, 8), 16, base, 42, 42)]
    elif count == 2:
        high, low = 16.0, rng.uniform(30, 46)
        peaks = [_peak(rng.uniform(60, 68), low, base, (base - low) * 0.6 * steep, 30), _peak(rng.uniform(34, 44), high,
            base, 36, (base - high) * 0.6 * steep)]
        if rng.random() < 0.4:
            peaks.reverse()
    else:
        peaks = [_peak(28, rng.uniform(38, 48), base, 22, 26), _peak(74, rng.uniform(36, 50), base, 26, 20), _peak(50,
            rng.uniform(14, 22), base, 30, 30)]
        if rng.random() < 0.4:
            peaks = [peaks[2], peaks[0], peaks[1]]
    gap = rng.choice((2.5, 4, 5.5))
    shown: list[Points] = []
    for at, peak in enumerate(peaks):
        kept: Points = peak
        for front in peaks[at + 1 :]:
            (x, top), (right, low), (left, _) = front
            end = left if peak[0][0] < x else right
            slope = math.degrees(math.atan2(low - top, end - x))
            normal = slope + 90 if peak[0][0] < x else slope - 90
            kept = half_of(kept, along(x, top, gap, normal), normal)
        if len(kept) > 2:
            shown.append(kept)
    return shown


def mountain(sketch: Sketch, rng: random.Random) -> None:
    form = rng.choice(("flat", "flat", "flat", "flat", "caps", "caps", "caps", "line", "line", "facets",
        "facets", "facets", "disc", "disc", "stripes", "tile", "nested", "round", "zigzag"))
    count, base = rng.choice((1, 2, 2, 2, 3)), 82.0
    shown = _massif(rng, count, base)
    if form == "flat":
        for at, peak in enumerate(shown):
            sketch.plane(peak, at)
    elif form == "caps":
        teeth, gap = rng.choice((1, 2, 2, 3)), rng.choice((3, 4, 6))
        for at, peak in enumerate(shown):
            if len(peak) == 3 and (at == len(shown) - 1 or rng.random() < 0.6):
                tip = min(range(3), key=lambda each: peak[each][1])
                body, cap = _capped(peak[tip:] + peak[:tip], rng.uniform(0.28, 0.42), gap, teeth, rng)
                sketch.plane(body, at)
                sketch.plane(cap, 1)
            else:
                sketch.plane(peak, at)
    elif form in ("line", "zigzag"):
        edge = polygon(6, base, 38, 22 + rng.uniform(-6, 10), 56, 54) + ([(66, rng.uniform(34, 44)), (94,
            base)] if count > 1 else [(56, 54), (74, base)])
        if count == 3:
            edge = polygon(4, base, 24, 50, 32, 60, 50, 18, 68, 58, 76, 48, 96, base)
        if form == "zigzag":
            edge = [*edge, *[(x, y + 16) for x, y in edge[-2:0:-1]]]
            sketch.plane(edge)
        else:
            sketch.line([*edge, edge[0]] if rng.random() < 0.4 else edge, rng.uniform(3, 9))
            if rng.random() < 0.4:
                sketch.line([(24, base + 10), (76, base + 10)], 4)
    elif form == "facets":
        for at, peak in enumerate(shown):
            x, y = min(peak, key=lambda p: p[1])
            low = [(x + rng.uniform(-6, 6), base), (x - 5, y + (base - y) * 0.6), (x + 4, y + (base - y) * 0.34)]
            left, right = [p for p in peak if p[0] < x], [p for p in peak if p[0] > x]
            middle = [(x, y), *low[::-1]]
            sketch.plane([*middle, *sorted(left, key=lambda p: -p[1])], at)
            moved_right = [(a + 2.2, b) for a, b in middle]
            sketch.plane([*moved_right, *sorted(right, key=lambda p: -p[1])], at + 1)
    elif form == "disc":
        ridge = (polygon(22, 56, 36, 36 + rng.uniform(-8, 6), 48, 52, 62, rng.uniform(24, 40), 80,
            58) if count > 1 else polygon(26, 62, 50, rng.uniform(20, 34), 74, 62))
        start = rng.choice((0, 10))
        ends = along(50, 50, 42, 180 - start), along(50, 50, 42, start)
        sketch.plane([*arc(50, 50, 42, None, start, 180 - start), ends[0], *ridge, ends[1]])
        if rng.random() < 0.6:
            sketch.line(arc(50, 50, 45, None, 0, 360, 50), 3)
        if rng.random() < 0.3:
            sketch.score(curve(26, 78, 46, 70, 74, 76, closed=False), 4)
    elif form == "stripes":
        lines = rng.choice((4, 5, 6))
        for at, peak in enumerate(shown):
            top = min(p[1] for p in peak)
            for each in range(lines):
                upper, lower = top + (base - top) * each / lines + 1.5, top + (base - top) * (each + 1) / lines - 1.5
                band = half_of(half_of(peak, (50, upper), 90), (50, lower), -90)
                if len(band) > 2:
                    sketch.plane(band, at)
    elif form == "nested":
        for at in range(rng.choice((2, 3))):
            edge = scaled(polygon(8, base, 50, 14, 92, base), 1 - 0.3 * at, None, (50, base))
            sketch.line(edge, rng.uniform(4, 9))
    elif form == "round":
        for at, (x, top, half) in enumerate(((66, 34, 30), (38, 18, 34))):
            sketch.plane(sharp_outline((x - half * 0.4, top + 26, x - 6, top, x + 6, top, x + half * 0.4, top + 26,
                x + half, base), (x - half, base)), at)
    else:
        show_planes(sketch, rng, [(peak, at) for at, peak in enumerate(shown)], 1)


def mountain_sun(sketch: Sketch, rng: random.Random) -> None:
    _mountain_sun(sketch, rng, rng.choice(("beside", "beside", "disc", "line")))


def mountain_sunrise(sketch: Sketch, rng: random.Random) -> None:
    _mountain_sun(sketch, rng, rng.choice(("behind", "rays", "rays")))


def _mountain_sun(sketch: Sketch, rng: random.Random, form: str) -> None:
    radius = rng.uniform(9, 14)
    shown = _massif(rng, rng.choice((1, 2, 2, 3)), 84)
    if form == "disc":
        sketch.plane(tile_outline(rng))
        for peak in shown:
            sketch.detail(moved(scaled(peak, 0.6, 0.55, (50, 84)), 0, -14))
        sketch.detail(ellipse(rng.choice((34, 66)), 26, rng.uniform(5, 8)))
        return
    if form == "line":
        sketch.line(polygon(6, 84, 38, 34, 54, 60, 66, 46, 94, 84), rng.uniform(3, 7))
        sketch.line([*ellipse(68, 24, 10), (78, 24)], 4)
        return
    if form in ("behind", "rays"):
        y = 40
        sketch.plane(arc(50, y + 6, radius * 1.5, None, 180, 360))
        if form == "rays":
            for at in range(7):
                a = -180 + 30 * at
                sketch.line([along(50, y + 6, radius * 1.5 + 5, a), along(50, y + 6, radius * 1.5 + 14, a)], 4)
        shown = [scaled(peak, 1, 0.5, (50, 84)) for peak in shown]
    else:
        tips = [min(peak, key=lambda p: p[1]) for peak in shown]
        x = 82.0 if min(tips, key=lambda p: p[1])[0] < 52 else 20.0
        sketch.plane(ellipse(x, 18, radius))
    for at, peak in enumerate(shown):
        sketch.plane(peak, 1 + at % 2)


def volcano(sketch: Sketch, rng: random.Random) -> None:
    top, mouth = rng.uniform(40, 50), rng.uniform(8, 13)
    sketch.plane(sharp_outline((50 - mouth - 12, 70, 6, 90), (94, 90), (50 + mouth + 12, 70, 50 + mouth, top),
        (50, top + rng.uniform(2, 8), 50 - mouth, top)) if rng.random() < 0.6 else polygon(50 - mouth,
        top, 50 - mouth * 0.4, top + 6, 50, top + 1, 50 + mouth * 0.5, top + 7, 50 + mouth, top, 92, 90,
        8, 90))
    out = rng.choice(("cloud", "fountain", "drops", "flame"))
    if out == "cloud":
        sketch.plane(cloud_outline(50, top - 6, rng.uniform(36, 50), 3, rng), 1)
    elif out == "flame":
        sketch.plane(flame_outline(50, top - 3, 22, top - 10, 6), 1)
    else:
        for at in range(5):
            a = -90 + (at - 2) * 28
            if out == "fountain":
                sketch.line([along(50, top, 5, a), along(50, top, rng.uniform(22, 36), a)], 4)
            else:
                sketch.plane(ellipse(*along(50, top - 4, rng.uniform(12, 32), a), rng.uniform(2.5, 4.5)), 1)
    if rng.random() < 0.5:
        sketch.score(curve(46, top + 14, 52, top + 24, 46, 80, closed=False), 4)


def island(sketch: Sketch, rng: random.Random) -> None:
    base, x = rng.uniform(74, 80), rng.uniform(38, 58)
    for at in range(rng.choice((1, 1, 2))):
        foot = (x + at * 12, base)
        draw_palm(sketch, foot, (x - 8 + at * 30, 30 + at * 12), rng.choice((5, 6)), 27 - at * 6,
            rng.choice(("bend", "bend", "blades")))
    sketch.plane(arc(50, base + 4, rng.uniform(28, 38), rng.uniform(8, 14), 180, 360))
    for at in range(rng.choice((1, 2, 2))):
        sketch.line(wave_outline(8 + at * 10, 92 - at * 10, base + 10 + at * 8, 2.5, rng.choice((21, 28)), at / 2), 4)


def hills(sketch: Sketch, rng: random.Random) -> None:
    """Rounded ground with a road that grows narrow towards the horizon."""
    horizon, swing, turn = rng.uniform(40, 52), rng.uniform(4, 16), rng.choice((-1, 1))
    form = rng.choice(("hill", "hill", "disc", "two", "straight"))
    if form == "disc":
        left, right = along(50, 50, 43, 180), along(50, 50, 43, 0)
        sketch.plane([*arc(50, 50, 43, None, 0, 180), left, (30, horizon - 4), (50, horizon), (70, horizon - 6), right])
        sketch.line(arc(50, 50, 46, None, 180, 360), 3)
        bottom, reach = 86.0, 11.0
    else:
        if form == "two":
            sketch.plane(sharp_outline((30, horizon + 2, 50, horizon - 16, 72, horizon - 12, 94, horizon + 14), (70,
                horizon + 4, 44, horizon + 4, 6, horizon + 14)), 1)
        top = horizon if form != "straight" else horizon + 2
        if form == "straight":
            sketch.plane(polygon(26, top + 1, 74, top + 1, 94, 90, 6, 90) if rng.random() < 0.5 else box(6, top + 1, 88,
                89 - top))
        else:
            sketch.plane(arc(50, 90, 45, 90 - top, 180, 360))
        bottom, reach = 88.0, 18.0
    steps = [at / 16 for at in range(17)]
    middle = [(50 + turn * swing * math.sin(t * math.pi * (2 if form != "straight" else 0)) * t,
        horizon + 5 + (bottom - horizon - 5) * t) for t in steps]
    road = [(x - reach * t**1.3 - 0.6, y) for (x, y), t in zip(middle, steps,
        strict=True)] + [(x + reach * t**1.3 + 0.6, y) for (x, y), t in zip(middle[::-1], steps[::-1], strict=True)]
    sketch.detail(road)
    if rng.random() < 0.6:
        for t in (6, 10, 14):
            (x, y), (u, v) = middle[t], middle[t + 2]
            sketch.plane(thick([(x, y), (u, v - 1)], 1 + t * 0.1, end=1.4 + t * 0.12), 1)


def fields(sketch: Sketch, rng: random.Random) -> None:
    """Furrows that run together towards the horizon, with the sun above them or without."""
    horizon, count, form = rng.uniform(46, 56), rng.choice((5, 6, 7)), rng.choice(("fan", "fan", "curved", "disc"))
    ground = half_of(ellipse(50, 50, 43, points=120), (50, horizon), 90)
    for at in range(count):
        a, b = (at - count / 2) / count, (at + 0.72 - count / 2) / count
        if form == "disc":
            eye, left, right = (50, horizon - 12), 90 - 150 * a, 90 - 150 * b
            furrow = half_of(half_of(ground, eye, left - 90), eye, right + 90)
        else:
            bend = 7 if form == "curved" else 0
            steps = (0, 0.25, 0.5, 0.75, 1)
            one, other = ([(50 + each * (44 + 44 * t**1.5) + bend * (math.sin(t * 4) - t),
                horizon + 40 * t) for t in steps] for each in (a, b))
            furrow = one + other[::-1]
        if len(furrow) > 2:
            sketch.plane(furrow, at % 2)
    if form == "disc":
        sketch.line(arc(50, 50, 46, None, 180, 360), 3)
    else:
        sketch.plane(sharp_outline((30, horizon - 12, 60, horizon - 8, 88, horizon - 3), (50, horizon - 3, 14,
            horizon - 3)), 2)


def dunes(sketch: Sketch, rng: random.Random) -> None:
    tops = (rng.uniform(34, 44), rng.uniform(48, 56), rng.uniform(62, 68))
    crest = rng.uniform(40, 60)
    sketch.plane(sharp_outline((crest - 24, tops[0] + 14, crest, tops[0]), (crest + 10, tops[0] + 14,
        crest + 38, tops[0] + 22, 94, 66), (60, 62, 30, 62, 6, 66)), 1)
    sketch.plane(sharp_outline((24, 64, 30, tops[1]), (44, 68, 70, 64, 94, 74), (94, 80), (50, 72, 6, 80)))
    if rng.random() < 0.7:
        sketch.plane(sharp_outline((40, 84, 72, tops[2] + 8), (84, 80, 94, 86), (94, 92), (50, 90, 6, 92), (6, 84)), 2)


def seascape(sketch: Sketch, rng: random.Random) -> None:
    form, sea = rng.choice(("half", "half", "disc", "ring", "rays")), rng.uniform(54, 62)
    radius, rows = rng.uniform(18, 27), rng.choice((2, 3, 3, 4))
    if form == "disc":
        sketch.plane(half_of(ellipse(50, 50, 43, points=90), (50, sea), -90))
        for at in range(rows):
            low = sea + (92 - sea) * (at + 0.5) / rows
            half = math.sqrt(max(40.0, 43**2 - (low - 50) ** 2)) - 2
            sketch.line(wave_outline(50 - half, 50 + half, low, 2.4, 22, at / 3), 4)
        return
    sketch.plane(arc(50, sea - 3, radius, None, 180, 360))
    if form == "rays":
        for at in range(7):
            a = -165 + 25 * at
            sketch.line([along(50, sea - 3, radius + 5, a), along(50, sea - 3, radius + 14, a)], 4)
    if form == "ring":
        sketch.line(arc(50, 52, 44, None, 160, 380), 3)
    filled = rng.random() < 0.4
    for at in range(rows):
        y, narrow = sea + 5 + at * 10, at * (7 if form == "ring" else rng.choice((0, 3, 6)))
        if filled:
            under = wave_outline(8 + narrow, 92 - narrow, y + 6, 2, 28, at / 2)
            sketch.plane(wave_outline(8 + narrow, 92 - narrow, y, 3, 28, at / 2) + under[::-1], 1 + at % 2)
        else:
            sketch.line(wave_outline(8 + narrow, 92 - narrow, y + 2, 3, 28, at / 2), rng.uniform(3, 6))


KINDS: dict[str, tuple[Kind, str, str]] = {
    "mountain": (mountain, "6.1.2 6.1.4", "mirror"),
    "mountain-sun": (mountain_sun, "1.3.6 6.1.2 6.1.4", "mirror"),
    "mountain-sunrise": (mountain_sunrise, "1.3.1 1.3.6 6.1.2 6.1.4", "mirror"),
    "volcano": (volcano, "6.1.2 6.1.3 6.1.4", "mirror"),
    "island": (island, "5.1.12 6.3.1 6.3.3 6.6.3", "mirror"),
    "island-sun": (_sunny(island, 20, 30), "1.3.6 5.1.12 6.3.1 6.3.3 6.6.3", "mirror"),
    "hills": (hills, "6.19.1 7.11.10", "mirror"),
    "hills-sun": (_sunny(hills, 12, 22), "1.3.6 6.19.1 7.11.10", "mirror"),
    "fields": (fields, "6.19.9", "mirror"),
    "dunes": (dunes, "6.6.1", "mirror"),
    "dunes-sun": (_sunny(dunes, 18, 26), "1.3.6 6.6.1", "mirror"),
    "seascape": (seascape, "1.3.1 1.3.6 6.3.1 6.3.4", "mirror"),
}
