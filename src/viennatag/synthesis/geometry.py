"""Solids, brush strokes, blots, sectors and pairs of different figures (26.2, 26.7, 26.13, 26.15)."""

import math
import random
from collections.abc import Collection

from viennatag.synthesis.palettes import luminance
from viennatag.synthesis.pieces import Piece, disc, moved, number, path, polygon, ring_points, stroke, trace
from viennatag.synthesis.shapes import Inks, Maker, pick


def shaded(colour: str, factor: float) -> str:
    """Return a colour made darker (factor below 1) or lighter (above 1, towards white)."""
    channels = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    mixed = [round(c * factor) if factor <= 1 else round(c + (255 - c) * (factor - 1)) for c in channels]
    return "#" + "".join(f"{max(0, min(255, channel)):02x}" for channel in mixed)


def solids(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return one geometrical solid: 26.15.1 (and .97), .3, .5, .7, .9, .11, .13."""
    form = pick({"sphere": 3, "cylinder": 1, "cone": 1, "pyramid": 1, "cube": 3, "box": 1, "prism": 0.5}, wanted, rng,
                {"26.15.1": "sphere", "26.15.97": "sphere", "26.15.3": "cylinder", "26.15.5": "cone",
                 "26.15.7": "pyramid", "26.15.9": "cube", "26.15.11": "box", "26.15.13": "prism"})  # fmt: skip
    light, middle, dark = shaded(inks.main, 1.55), shaded(inks.main, 1.25), inks.main
    outlined = rng.random() < 0.3
    tones = [inks.paper] * 3 if outlined else [light, middle, dark]

    def face(points: list[tuple[float, float]], tone: int) -> str:
        edge = dark if outlined else tones[tone]
        return path(polygon(points), tones[tone], stroke=edge, thickness=3 if outlined else 0.5)

    if form == "sphere":
        return _sphere(rng, inks)
    width, height, code = 100.0, 100.0, "26.15.9"
    if form in {"cube", "box"}:
        long = 1.0 if form == "cube" else rng.choice((0.45, 1.8))
        top, low = 28.0, 28 + 58 * long
        parts = [
            face([(50, 2), (96, top), (50, 54), (4, top)], 0),
            face([(4, top), (50, 54), (50, 26 + low), (4, low)], 1),
            face([(96, top), (50, 54), (50, 26 + low), (96, low)], 2),
        ]
        height, code = 30 + low, "26.15.9" if form == "cube" else "26.15.11"
    elif form == "pyramid":
        apex = (rng.uniform(44, 56), 4.0)
        parts = [face([apex, (4, 80), (64, 97)], 1), face([apex, (64, 97), (97, 70)], 2)]
        code = "26.15.7"
    elif form == "prism":
        parts = [face([(30, 20), (58, 92), (3, 92)], 0), face([(30, 20), (68, 4), (97, 76), (58, 92)], 2)]
        code = "26.15.13"
    elif form == "cylinder":
        edge = f' stroke="{dark}" stroke-width="3"' if outlined else ""
        parts = [
            f'<path d="M15 18V82A35 14 0 0 0 85 82V18Z" fill="{tones[2]}"{edge}/>',
            f'<ellipse cx="50" cy="18" rx="35" ry="14" fill="{tones[0]}"{edge}/>',
        ]
        code = "26.15.3"
    else:
        edge = f' stroke="{dark}" stroke-width="3"' if outlined else ""
        parts = [
            f'<path d="M50 3L12 84A38 13 0 0 0 88 84Z" fill="{tones[2]}"{edge}/>',
            f'<path d="M50 3L12 84A38 13 0 0 0 44 97Z" fill="{tones[1]}"/>'
            if not outlined
            else '<path d="M12 84A38 13 0 0 1 88 84" fill="none" stroke-dasharray="5 4"' + edge + "/>",
        ]
        code = "26.15.5"
    return Piece("".join(parts), width, height, frozenset({code}), frozenset({"figure"}))


def _sphere(rng: random.Random, inks: Inks) -> Piece:
    """Return a sphere: shaded, or a grid of meridians and parallels."""
    if rng.random() < 0.6:
        name = f"ball{rng.randrange(10**6)}"
        tones = (shaded(inks.main, 1.85), inks.main, shaded(inks.main, 0.45))
        stops = "".join(
            f'<stop offset="{at}" stop-color="{tone}"/>' for at, tone in zip((0, 0.55, 1), tones, strict=True)
        )
        svg = (
            f'<radialGradient id="{name}" cx=".36" cy=".3" r=".75">{stops}</radialGradient>'
            f'<circle cx="50" cy="50" r="48" fill="url(#{name})"/>'
        )
    else:
        rings = "".join(f'<ellipse cx="50" cy="50" rx="{wide}" ry="46"/>' for wide in (46, 30, 11))
        bows = "".join(
            f'<path d="M{number(50 - half)} {y}Q50 {y + bend} {number(50 + half)} {y}"/>'
            for y, half, bend in ((28, 40, 10), (50, 46, 12), (72, 40, 10))
        )
        svg = f'<g fill="none" stroke="{inks.main}" stroke-width="{rng.choice((3, 4, 5))}">{rings}{bows}</g>'
    return Piece(svg, 100, 100, frozenset({"26.15.1", "26.15.97"}), frozenset({"circle"}))


def blots(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return a stain (26.13.1), a stroke of the brush (26.13.99) or a design without a name (26.13.25)."""
    form = pick(
        {"stain": 1, "brush": 2, "design": 3},
        wanted,
        rng,
        {"26.13.1": "stain", "26.13.99": "brush", "26.13.25": "design"},
    )
    if form == "stain":
        count = rng.randint(9, 14)
        radii = [rng.uniform(22, 46) for _ in range(count)]
        points = [ring_points(count, radius)[index] for index, radius in enumerate(radii)]
        drops = "".join(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(rng.uniform(1.5, 5))}" fill="{inks.main}"/>'
            for x, y in (ring_points(9, rng.uniform(38, 48))[rng.randrange(9)] for _ in range(rng.randint(2, 6)))
        )
        return Piece(path(smooth(points), inks.main) + drops, 100, 100, frozenset({"26.13.1"}), frozenset({"figure"}))
    if form == "brush":
        parts, height = [], rng.uniform(28, 50)
        bow, bristles = rng.uniform(-14, 14), 26
        for index in range(bristles):
            y, start, end = 10 + height * index / bristles, rng.uniform(0, 10), 150 - abs(rng.gauss(0, 16))
            d = trace("M", start, y, "Q", 75, y - bow, end, y + rng.uniform(-1, 1))
            parts.append(stroke(d, inks.main, rng.uniform(0.9, 2.4) * height / 26))
        return Piece("".join(parts), 150, height + 20, frozenset({"26.13.99"}), frozenset({"figure"}))
    return _design(rng, inks)


def _design(rng: random.Random, inks: Inks) -> Piece:
    """Return petals, swirls or a blob that stand for nothing."""
    style = rng.choice(("blades", "swirl", "blob", "ribbons"))
    if style == "blades":
        count = rng.choice((3, 4, 5, 6, 8))
        reach, bend = rng.uniform(36, 47), rng.uniform(-26, 26)
        side, tip = 50 + bend, 50 - reach
        blade = trace(
            "M 50 50 Q", side + 16, 50 - reach * 0.6, side, tip, "Q", side - 22, 50 - reach * 0.4, 50, 50, "Z"
        )
        parts = [
            moved(
                path(blade, inks.second if index % 2 else inks.main), 50, 50, turn=360 * index / count, about=(50, 50)
            )
            for index in range(count)
        ]
    elif style == "swirl":
        turns = rng.choice((2, 3))
        comma = "M50 50C50 24 66 6 88 12C70 14 66 30 70 46C72 58 56 62 50 50Z"
        parts = [
            moved(path(comma, inks.second if index else inks.main), 50, 50, turn=360 * index / turns, about=(50, 50))
            for index in range(turns)
        ]
    elif style == "blob":
        count = rng.randint(5, 7)
        radii = [rng.uniform(26, 48) for _ in range(count)]
        parts = [path(smooth([ring_points(count, radius)[index] for index, radius in enumerate(radii)]), inks.main)]
        if rng.random() < 0.6:
            radii = [radius * rng.uniform(0.35, 0.6) for radius in radii]
            hole = smooth([ring_points(count, radius)[index] for index, radius in enumerate(radii)])
            parts.append(path(hole, inks.second if inks.second != inks.main else inks.paper))
    else:
        parts = []
        for index in range(rng.choice((2, 3))):
            low = 22 + 22 * index
            tip, swell = rng.uniform(-12, 12), rng.uniform(18, 34)
            there = ("C", 30, low - swell, 66, low + swell + 14, 97, low + tip)
            back = ("C", 70, low + swell + 32, 34, low - swell + 26, 4, low + 20, "Z")
            d = trace("M", 4, low + 20, *there, *back)
            parts.append(path(d, inks.second if index % 2 else inks.main))
    return Piece("".join(parts), 100, 100, frozenset({"26.13.25"}), frozenset({"figure"}))


def smooth(points: list[tuple[float, float]]) -> str:
    """Return path data of a closed smooth curve near the points (their midpoints joined by quadratic curves)."""
    middles = [((x + points[index - 1][0]) / 2, (y + points[index - 1][1]) / 2) for index, (x, y) in enumerate(points)]
    d = f"M{number(middles[0][0])} {number(middles[0][1])}"
    for index, (x, y) in enumerate(points):
        to = middles[(index + 1) % len(points)]
        d += f"Q{number(x)} {number(y)} {number(to[0])} {number(to[1])}"
    return d + "Z"


def nests(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return figures of one kind inside one another, or a spiral: 26.1.4, .5, 26.3.2, .3, 26.4.7, .8, 26.5.2, .3."""
    needs = {"26.1.4": "circle", "26.1.5": "circle", "26.3.2": "triangle", "26.3.3": "triangle", "26.4.7": "square",
             "26.4.8": "square", "26.5.2": "polygon", "26.5.3": "polygon"}  # fmt: skip
    kind = pick({"circle": 4, "square": 2, "triangle": 1, "polygon": 1}, wanted, rng, needs)
    two = {"circle": "26.1.4", "triangle": "26.3.2", "square": "26.4.7", "polygon": "26.5.2"}[kind]
    many = {"circle": "26.1.5", "triangle": "26.3.3", "square": "26.4.8", "polygon": "26.5.3"}[kind]
    count = 2 if two in wanted or (many not in wanted and rng.random() < 0.5) else rng.randint(3, 5)
    if kind == "circle" and count > 2 and rng.random() < 0.3:
        points = [
            (50 + r * math.cos(r / 3.2), 50 + r * math.sin(r / 3.2)) for r in (step * 0.75 for step in range(4, 62))
        ]
        d = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
        return Piece(
            path(d, "none", stroke=inks.main, thickness=rng.uniform(4, 8)),
            100,
            100,
            frozenset({"26.1.5"}),
            frozenset({"circle"}),
        )
    sides, centre = (
        {"circle": 0, "square": 4, "triangle": 3, "polygon": 6}[kind],
        (50, 62 if kind == "triangle" else 50),
    )
    filled, parts = rng.random() < 0.5, []
    for index in range(count):
        radius = 48 * (1 - index / count) * (1.3 if sides == 4 else 1.15 if sides == 3 else 1)
        colour = (inks.paper if inks.second == inks.main and filled else inks.second) if index % 2 else inks.main
        d = (
            disc(50, 50, radius)
            if not sides
            else polygon(ring_points(sides, radius, centre=centre, start=-45 if sides == 4 else -90))
        )
        parts.append(path(d, colour) if filled else path(d, "none", stroke=colour, thickness=rng.choice((2.5, 4))))
    codes = {two if count == 2 else many}
    if kind == "square":
        codes.add("26.4.1")
    if filled and luminance(inks.main) < 0.45:
        codes.add({"circle": "26.1.24", "triangle": "26.3.24", "square": "26.4.24", "polygon": "26.5.24"}[kind])
    kinds = {"circle": "circle", "square": "quadrilateral", "triangle": "triangle", "polygon": "figure"}
    return Piece("".join(parts), 100, 100, frozenset(codes), frozenset({kinds[kind]}))


def sectors(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return a segment (26.2.1), a sector (.3), joined ones (.5) or semicircles (.7)."""
    form = pick(
        {"segment": 1, "sector": 1, "joined": 2, "half": 2},
        wanted,
        rng,
        {"26.2.1": "segment", "26.2.3": "sector", "26.2.5": "joined", "26.2.7": "half"},
    )
    if form == "half":
        turn = rng.choice((0, 90, 180, 270))
        svg = f'<g transform="rotate({turn} 50 50)"><path d="M4 60A46 46 0 0 1 96 60Z" fill="{inks.main}"/></g>'
        dark = {"26.2.9"} if luminance(inks.main) < 0.45 else set[str]()
        return Piece(svg, 100, 100, frozenset({"26.2.7", *dark}), frozenset({"figure"}))
    if form == "segment":
        return Piece(path("M8 40A48 48 0 0 1 92 40Z", inks.main), 100, 50, frozenset({"26.2.1"}), frozenset({"figure"}))
    count, parts = (1, 2)[form == "joined"] + (rng.choice((0, 1, 2)) if form == "joined" else 0), []
    start = rng.uniform(0, 360)
    for index in range(count):
        a0 = math.radians(start + index * 360 / max(count, 3))
        a1 = a0 + math.radians(360 / max(count, 3) - (8 if count > 1 else rng.uniform(20, 60)))
        (x0, y0), (x1, y1) = ((50 + 46 * math.cos(a), 50 + 46 * math.sin(a)) for a in (a0, a1))
        parts.append(
            path(
                f"M50 50L{number(x0)} {number(y0)}A46 46 0 0 1 {number(x1)} {number(y1)}Z",
                inks.second if index % 2 else inks.main,
            )
        )
    return Piece("".join(parts), 100, 100, frozenset({"26.2.5" if count > 1 else "26.2.3"}), frozenset({"figure"}))


_PAIRS = {
    "26.7.3": ("circle", "triangle"), "26.7.4": ("circle", "line"), "26.7.5": ("circle", "square"),
    "26.7.7": ("circle", "hexagon"),
    "26.7.15": ("triangle", "square"), "26.7.17": ("triangle", "hexagon"), "26.7.18": ("triangle", "line"),
    "26.7.19": ("square", "hexagon"), "26.7.20": ("square", "line"), "26.7.21": ("hexagon", "line"),
}  # fmt: skip


def pairs(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return two different figures that touch or intersect: 26.7.3 to 26.7.21."""
    code = pick(
        {code: 3.0 if "circle" in pair else 1.0 for code, pair in _PAIRS.items()},
        wanted,
        rng,
        {code: code for code in _PAIRS},
    )
    first, second = _PAIRS[code]
    circle = "M2 46a44 44 0 1 0 88 0a44 44 0 1 0-88 0Z"
    shapes = {
        "circle": circle,
        "square": "M4 4H88V88H4Z",
        "triangle": "M46 4L90 88H2Z",
        "hexagon": polygon(ring_points(6, 46, centre=(46, 46))),
    }
    parts = [path(shapes[first], inks.main)]
    if second == "line":
        bar = inks.second if inks.second != inks.main else inks.paper
        slope, wide = rng.choice((-1, 0, 1)), rng.uniform(5, 11)
        for index in range(rng.choice((1, 2, 3))):
            y = 34 + index * 17
            parts.append(
                f'<path d="M-14 {y + 16 * slope}L106 {y - 16 * slope}" stroke="{bar}" stroke-width="{number(wide)}"/>'
            )
        if bar == inks.paper:
            parts.append(f'<path d="M-14 96H106" stroke="{inks.main}" stroke-width="{number(wide)}"/>')
        return Piece(
            f'<g transform="translate(14 2)">{"".join(parts)}</g>', 120, 104, frozenset({code}), frozenset({"figure"})
        )
    apart = rng.choice((48, 92))
    other = (
        path(shapes[second], inks.second)
        if inks.second != inks.main or apart > 90
        else path(shapes[second], "none", stroke=inks.main, thickness=6)
    )
    if apart < 90 and inks.second == inks.main:
        parts = [path(shapes[first], "none", stroke=inks.main, thickness=6)]
    parts.append(f'<g transform="translate({apart} 0)">{other}</g>')
    return Piece(
        f'<g transform="translate(4 4)">{"".join(parts)}</g>',
        apart + 100,
        100,
        frozenset({code}),
        frozenset({"figure"}),
    )


GEOMETRY: dict[str, tuple[Maker, frozenset[str]]] = {
    "solids": (solids, frozenset(f"26.15.{n}" for n in (1, 3, 5, 7, 9, 11, 13, 97))),
    "blots": (blots, frozenset({"26.13.1", "26.13.25", "26.13.99"})),
    "nests": (nests, frozenset({"26.1.4", "26.1.5", "26.3.2", "26.3.3", "26.4.7", "26.4.8", "26.5.2", "26.5.3"})),
    "sectors": (sectors, frozenset({"26.2.1", "26.2.3", "26.2.5", "26.2.7"})),
    "pairs": (pairs, frozenset(_PAIRS)),
}
"""Each kind of geometry, with the sections that it may show."""
