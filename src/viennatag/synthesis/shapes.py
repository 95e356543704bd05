"""Stars, lines and groups of figures, drawn with the sections that they show.

Numbers ("two stars", "more than three lines") and directions have sections of their own, which no icon name
can promise; here they are known, because this module counts.
"""

import math
import random
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from viennatag.synthesis.elements import (
    Element,
    ellipse_path,
    moved,
    number,
    path,
    polygon,
    ring_points,
    stroke,
    trace,
    turned_box,
)

Point = tuple[float, float]


class Colours(NamedTuple):
    """The colours of a shape: the main one, another one (or the same), and the background."""

    main: str
    second: str
    background: str


ShapeFunction = Callable[[random.Random, Colours, Collection[str]], Element]

_COUNTED_STARS = {1: "1.1.2", 2: "1.1.3", 3: "1.1.4"}
_POINTED = {3: "1.1.8", 4: "1.1.9", 5: "1.1.99"}
_COUNTED_LINES = {1: ("26.11.1",), 2: ("26.11.2",), 3: ("26.11.3", "26.11.99")}
_LINE_FORMS = {
    "26.11.12": "curved", "26.11.13": "wavy", "26.11.11": "zigzag", "26.11.14": "dotted", "26.11.97": "crescent",
    "26.11.7": "straight", "26.11.8": "straight", "26.11.9": "straight", "26.11.10": "straight",
}  # fmt: skip
_FORM_CODES = {
    "curved": {"26.11.12"}, "wavy": {"26.11.13"}, "zigzag": {"26.11.13"}, "dotted": {"26.11.14"},
    "crescent": {"26.11.97", "26.11.12"}, "straight": set[str](),
}  # fmt: skip
_GROUPED = {
    "26.1.96": "circle", "26.1.97": "circle", "26.1.98": "circle", "26.1.6": "circle", "26.3.4": "triangle",
    "26.4.9": "square", "26.5.4": "polygon", "26.99.6": "ellipse",
}  # fmt: skip


def pick(
    options: Mapping[str, float], wanted: Collection[str], rng: random.Random, needs: Mapping[str, str] | None = None
) -> str:
    """Return an option by weight, or one whose section is wanted.

    `needs` gives the option that a section needs; without it the options are sections.
    """
    needs = {code: code for code in options} if needs is None else needs
    asked = sorted({needs[code] for code in wanted if code in needs})
    return rng.choice(asked) if asked else rng.choices(list(options), list(options.values()))[0]


def shape_element(svg: str, codes: Iterable[str], kind: str, width: float = 100, height: float = 100) -> Element:
    """Return SVG as an element with sections and a kind of content."""
    return Element(svg, width, height, frozenset(codes), frozenset({kind}))


def star_points(points: int, radius: float, *, centre: Point = (50, 50), depth: float = 0.42) -> list[Point]:
    """Return the corners of a star with its first point up."""
    outer = ring_points(points, radius, centre=centre)
    inner = ring_points(points, radius * depth, centre=centre, start=-90 + 180 / points)
    return [point for pair in zip(outer, inner, strict=True) for point in pair]


def stars(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return one or more stars: 1.1.2 to 1.1.5 by their number, 1.1.8 to 1.1.10 and 1.1.99 by their points."""
    needs = {"1.1.2": "1", "1.1.3": "2", "1.1.4": "3", "1.1.5": "5"}
    count = int(pick({"1": 5, "2": 1, "3": 2, "5": 2}, wanted, rng, needs))
    count = rng.choice((4, 5, 5, 6, 7, 8, 12)) if count == 5 else count
    needs = {"1.1.99": "5", "1.1.9": "4", "1.1.10": "6", "1.1.8": "3"}
    form = pick({"5": 8, "4": 2, "6": 1, "8": 1, "3": 0.2}, wanted, rng, needs)
    points = rng.choice((6, 6, 7, 8, 12)) if form in {"6", "8"} else int(form)
    four, five, more = rng.uniform(0.2, 0.4), rng.choice((0.382, 0.382, 0.45, 0.5)), rng.uniform(0.45, 0.7)
    depth = {3: 0.25, 4: four, 5: five}.get(points, more)
    codes = {_COUNTED_STARS.get(count, "1.1.5"), _POINTED.get(points, "1.1.10"), "1.1.1"}
    if count == 1:
        return _one_star(rng, colours, wanted, points, depth, codes)
    layout = rng.choice(("row", "row", "arc")) if count < 6 else rng.choice(("ring", "ring", "arc"))
    if layout == "row":
        spots, width, height, size = [(12.0 + 26 * index, 12.0) for index in range(count)], 26 * count - 2, 24.0, 12.0
        if count == 3 and rng.random() < 0.3:
            spots, width, height = [(25, 12), (12, 36), (38, 36)], 50, 48
    elif layout == "ring":
        spots, width, height, size = ring_points(count, 42), 100, 100, min(10.0, 120 / count)
    else:
        half = rng.uniform(28, 50)
        angles = [-90 - half + 2 * half * index / (count - 1) for index in range(count)]
        spots = [(75 + 64 * math.cos(math.radians(a)), 76 + 64 * math.sin(math.radians(a))) for a in angles]
        size = min(11.0, 64 * math.radians(2 * half) / (count - 1) * 0.45)
        width, height = 150, 12 + 64 * (1 - math.cos(math.radians(half))) + 13
    d = "".join(polygon(star_points(points, size, centre=spot, depth=depth)) for spot in spots)
    return shape_element(path(d, colours.main), codes, "star", width, height)


def _one_star(
    rng: random.Random, colours: Colours, wanted: Collection[str], points: int, depth: float, codes: set[str]
) -> Element:
    extra = pick({"": 6, "ray": 0.3, "half": 0.3, "tail": 0.4, "uneven": 0.6}, wanted, rng,
                 {"1.1.13": "ray", "1.1.14": "half", "1.1.15": "tail", "1.1.12": "uneven"})  # fmt: skip
    corners, svg = star_points(points, 46, depth=depth), ""
    if extra == "uneven":
        many = rng.choice((7, 9, 11, 14))
        radii = [rng.uniform(30, 49) for _ in range(many)]
        inner = ring_points(many, 17, start=-90 + 180 / many)
        corners = [point for at, radius in enumerate(radii) for point in (ring_points(many, radius)[at], inner[at])]
        codes = {"1.1.1", "1.1.2", "1.1.12"}
    elif extra == "half":
        corners = [(x, y) for x, y in corners if x <= 50.01]
        codes = {"1.1.1", "1.1.2", "1.1.14"}
    elif extra == "ray":
        corners = star_points(points, 24, depth=depth)
        rays = [trace("M", 17 + x * 0.66, 17 + y * 0.66, "L", x, y) for x, y in ring_points(16, 49)]
        svg = stroke(" ".join(rays), colours.second, 3)
        codes.add("1.1.13")
    elif extra == "tail":
        corners = star_points(points, 20, centre=(78, 22), depth=depth)
        for lift in (0, 9, 18):
            tip = (rng.randint(2, 12), 88 + lift / 2)
            there = ("M", 62 - lift / 3, 28 + lift / 1.5, "Q", 34, 40 + lift, *tip)
            back = ("Q", 38 + lift, 52 + lift, 66 + lift / 3, 33 + lift / 1.5, "Z")
            svg += path(trace(*there, *back), colours.second)
        codes.add("1.1.15")
    body = polygon(corners)
    if extra == "" and rng.random() < 0.25:
        outline = path(body, "none", stroke=colours.main, thickness=rng.uniform(3, 8))
        svg += f'<g transform="translate(5 5) scale(.9)">{outline}</g>'
    else:
        svg += path(body, colours.main)
    return shape_element(svg, codes, "star", 52.0 if extra == "half" else 100.0)


def lines(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return lines or bands: 26.11 by number, thickness, direction and form."""
    needs = {"26.11.1": "1", "26.11.2": "2", "26.11.99": "3", "26.11.3": "3", "26.11.98": "4"}
    count = int(pick({"1": 5, "2": 3, "3": 2, "4": 3}, wanted, rng, needs))
    count = rng.randint(4, 7) if count == 4 else count
    usual = {"straight": 4.0, "curved": 4, "wavy": 2, "zigzag": 1, "dotted": 0.5, "crescent": 1}
    form = pick(usual, wanted, rng, _LINE_FORMS)
    weight = pick({"thin": 2, "medium": 3, "thick": 3}, wanted, rng, {"26.11.5": "thin", "26.11.6": "thick"})
    thickness = {"thin": rng.uniform(0.8, 1.4), "medium": rng.uniform(2.5, 4), "thick": rng.uniform(7, 11)}[weight]
    codes = {*_COUNTED_LINES.get(count, ("26.11.3", "26.11.98")), *_FORM_CODES[form]}
    codes |= {"thin": {"26.11.5"}, "thick": {"26.11.6"}}.get(weight, set())
    pitch, svg, angle, length = thickness * rng.uniform(1.8, 2.6) + 2, "", 0.0, 110.0
    if form in {"straight", "dotted"}:
        direction = pick({"26.11.8": 5, "26.11.9": 2, "26.11.7": 1}, wanted, rng)
        codes |= {direction, "26.11.10"}
        angle = {"26.11.8": 0.0, "26.11.7": 90.0}.get(direction, rng.choice((-1, 1)) * rng.uniform(28, 60))
        length = 110 if angle == 0 else 70
    if form == "zigzag" and "26.11.11" in wanted:
        codes.add("26.11.11")
    bow, waves = rng.choice((-1, 1)) * rng.uniform(14, 26), rng.choice((1, 1, 2, 3))
    shrink, high = rng.random() < 0.3 and form == "straight", rng.choice((7.0, 10.0))
    dots = f' stroke-dasharray="0 {number(thickness * 2)}" stroke-linecap="round"' if form == "dotted" else ""
    join = ' stroke-linejoin="miter"' if form == "zigzag" else ""
    for index in range(count):
        y, end = 50 + (index - (count - 1) / 2) * pitch, length * (1 - 0.16 * index * shrink)
        step = length / (2 * waves)
        turns = [(step * (turn + 0.5), step * (turn + 1), 1 if turn % 2 else -1) for turn in range(2 * waves)]
        if form == "crescent":
            svg += path(_crescent(index, bow, thickness, length), colours[index % 2])
            continue
        if form == "curved":
            d = trace("M 0", y, "Q", length / 2, y - 2 * bow, end, y - bow * 0.3)
        elif form == "wavy":
            d = trace("M 0", y) + "".join(trace("Q", mid, y + sign * 2 * high, to, y) for mid, to, sign in turns)
        elif form == "zigzag":
            d = trace("M 0", y) + "".join(trace("L", mid, y + sign * high) for mid, _, sign in turns)
            d += trace("L", length, y)
        else:
            d = trace("M 0", y, "H", end)
        svg += stroke(d, colours[index % 2], thickness, more=dots + join)
    reach = {"curved": abs(bow), "wavy": 11, "zigzag": 11, "crescent": abs(bow) + 7 * count}.get(form, 0)
    half = (count - 1) / 2 * pitch + thickness / 2 + reach
    if angle:
        wide, tall = turned_box(length, 2 * half, angle)
        svg = moved(svg, wide / 2, tall / 2, turn=angle, about=(length / 2, 50))
        return shape_element(svg, codes, "line", wide, tall)
    return shape_element(moved(svg, 0, half - 50), codes, "line", length, 2 * half)


def _crescent(index: int, bow: float, thickness: float, length: float) -> str:
    deep = bow + math.copysign(index * 7, bow)
    inner = deep - math.copysign((thickness + 5) / 2, deep)
    left, right, middle = index * 3, length - index * 3, length / 2
    return trace("M", left, 50, "Q", middle, 50 - 2 * deep, right, 50, "Q", middle, 50 - 2 * inner, left, 50, "Z")


def angles(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return one to three chevrons: lines forming an angle, 26.3.23."""
    count, thick = rng.choice((1, 1, 2, 3)), rng.uniform(8, 16)
    svg, sharp = "", ' stroke-linejoin="miter"'
    for index in range(count):
        left, tip = 8 + 26 * index, 50 + 26 * index
        svg += stroke(f"M{left} 10L{tip} 50L{left} 90", colours[index % 2], thick, more=sharp)
    side, turn = 60 + 26 * (count - 1), rng.choice((0, 90, 180, 270))
    wide, high = (100, side) if turn in {90, 270} else (side, 100)
    svg = moved(svg, wide / 2, high / 2, turn=turn, about=(side / 2, 50))
    return shape_element(svg, {"26.3.23"}, "triangle", wide, high)


def groups(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return several figures of one kind side by side or intersecting: 26.1.96 to .98, 26.3.4, 26.4.9, 26.5.4."""
    kind = pick({"circle": 3, "square": 4, "triangle": 2, "polygon": 1, "ellipse": 1}, wanted, rng, _GROUPED)
    counted = {"26.1.98": "2", "26.1.97": "3", "26.1.96": "4"}
    count = int(pick({"2": 3, "3": 3, "4": 4}, wanted, rng, counted))
    count = rng.choice((4, 4, 5, 6, 9)) if count == 4 else count
    overlap, outlined = rng.random() < 0.45, rng.random() < 0.3
    step = 62.0 if overlap else 106.0
    grid = kind in {"square", "circle"} and count in {4, 6, 9} and not overlap and rng.random() < 0.7
    flower = kind in {"circle", "ellipse"} and count >= 3 and not grid and rng.random() < 0.6
    lozenges, tall = kind == "square" and rng.random() < 0.25, rng.uniform(0.45, 0.7)
    columns = {4: 2, 6: 3, 9: 3}.get(count, count) if grid else count
    spots = [(50 + step * (index % columns), 50 + step * (index // columns)) for index in range(count)]
    if flower:
        spots = ring_points(count, 46 if overlap else 100 / math.sin(math.pi / count) / 1.9, centre=(0, 0))
        spots = [(x + max(-a for a, _ in spots) + 50, y + max(-b for _, b in spots) + 50) for x, y in spots]
    svg = ""
    for index, (x, y) in enumerate(spots):
        match kind:
            case "circle" | "ellipse":
                d = ellipse_path(x, y, 50, 50 if kind == "circle" else 50 * tall)
            case "square":
                d = polygon(ring_points(4, 50 if lozenges else 70.7, centre=(x, y), start=-90 if lozenges else -45))
            case "triangle":
                d = polygon(ring_points(3, 55, centre=(x, y + 8), start=90 if index % 2 and not overlap else -90))
            case _:
                d = polygon(ring_points(6, 52, centre=(x, y)))
        colour = colours[index % 2]
        hollow = outlined or (overlap and colours.second == colours.main)
        figure = path(d, "none", stroke=colour, thickness=9) if hollow else path(d, colour)
        spin = 360 * index / count if flower and kind == "ellipse" else 0
        svg += moved(figure, x, y, turn=spin, about=(x, y))
    own = {
        "circle": {{2: "26.1.98", 3: "26.1.97"}.get(count, "26.1.96"), "26.1.6"}, "ellipse": {"26.99.6"},
        "triangle": {"26.3.4"}, "polygon": {"26.5.4"}, "square": {"26.4.9", "26.4.3" if lozenges else "26.4.1"},
    }  # fmt: skip
    kinds = {"ellipse": "circle", "square": "quadrilateral", "polygon": "figure"}
    width, height = max(x for x, _ in spots) + 56, max(y for _, y in spots) + 56
    svg = f'<g transform="translate(4 4)">{svg}</g>'
    return shape_element(svg, own[kind], kinds.get(kind, kind), width + 4, height + 4)


def arrows(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return arrows: one, two, more (24.15.1 to .3), in a ring (.13), or heads only (.21)."""
    form = pick({"1": 4, "2": 3, "3": 1, "ring": 2, "head": 1}, wanted, rng,
                {"24.15.1": "1", "24.15.2": "2", "24.15.3": "3", "24.15.13": "ring", "24.15.21": "head"})  # fmt: skip
    if form == "ring":
        return _arrow_ring(rng, colours, wanted)
    if form == "head":
        body = rng.choice(("M20 5L85 50L20 95L38 50Z", "M20 5L85 50L20 95Z", "M15 25L50 10L85 25L50 90Z"))
        return shape_element(path(body, colours.main), {"24.15.21"}, "thing")
    count = int(form) if form != "3" else rng.choice((3, 3, 4))
    shaft, head = rng.uniform(10, 22), rng.uniform(30, 44)
    upper = [(4, 50 - shaft), (52, 50 - shaft), (52, 50 - head), (98, 50)]
    body = polygon([*upper, *((x, 100 - y) for x, y in upper[2::-1])])
    if rng.random() < 0.3:
        body = "M4 92Q10 34 58 32V12L98 46L58 80V58Q26 60 4 92Z"
    away = rng.random() < 0.5
    svg = ""
    for index in range(count):
        turn = 180 * index if count == 2 and away else 0
        svg += f'<g transform="translate(0 {104 * index}) rotate({turn} 50 50)">{path(body, colours[index % 2])}</g>'
    codes = {1: "24.15.1", 2: "24.15.2"}.get(count, "24.15.3")
    wide, high, turn = 100.0, 104.0 * count - 4, rng.choice((0, 0, -90, -45, 180))
    if turn:
        size = turned_box(wide, high, turn)
        svg = moved(svg, size[0] / 2, size[1] / 2, turn=turn, about=(50, high / 2))
        wide, high = size
    return shape_element(svg, {codes}, "thing", wide, high)


def _arrow_ring(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    count = 1 if "24.15.1" in wanted else 3 if "24.15.3" in wanted else rng.choice((2, 2, 3))
    thick, svg, sweep = rng.uniform(9, 14), "", 360 / count - 42

    def point(radius: float, angle: float) -> tuple[float, float]:
        return 50 + radius * math.cos(angle), 50 + radius * math.sin(angle)

    for index in range(count):
        start = math.radians(360 * index / count - 90)
        end = start + math.radians(sweep)
        arc = trace("M", *point(36, start), "A", 36, 36, 0, int(sweep > 180), 1, *point(36, end))
        places = ((36 - thick * 1.1, end - 0.02), (36, end + math.radians(30)), (36 + thick * 1.1, end - 0.02))
        svg += stroke(arc, colours[index % 2], thick)
        svg += path(polygon([point(*place) for place in places]), colours[index % 2])
    return shape_element(svg, {"24.15.13", {1: "24.15.1", 2: "24.15.2"}.get(count, "24.15.3")}, "thing")


def crosses(rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return a cross: Greek or St Andrew's (24.13.1), Latin (.2), of Lorraine (.3), Maltese (.4)."""
    form = pick({"24.13.1": 4, "24.13.2": 1.5, "24.13.3": 0.5, "24.13.4": 1}, wanted, rng)
    arm, width = rng.uniform(10, 18), 100.0
    near, far = number(50 - arm), number(50 + arm)
    if form == "24.13.1":
        turns = [rng.choice((0, 0, 0, 45))]
        d = f"M{near} 4H{far}V{near}H96V{far}H{far}V96H{near}V{far}H4V{near}H{near}Z"
    elif form == "24.13.4":
        turns, d = [0, 90, 180, 270], "M50 50L34 2L50 12L66 2Z"
    else:
        slim, turns, width = arm * 0.6, [0], 70.0
        d = f"M{number(35 - slim)} 2H{number(35 + slim)}V98H{number(35 - slim)}Z"
        if form == "24.13.2":
            d += f"M4 28H66V{number(28 + 2 * slim)}H4Z"
        else:
            for left, top in ((16, 26), (4, 48)):
                d += f"M{left} {top}H{70 - left}V{number(top + 1.6 * slim)}H{left}Z"
    svg = "".join(f'<g transform="rotate({turn} 50 50)">{path(d, colours.main)}</g>' for turn in turns)
    return shape_element(svg, {form}, "thing", width)


SIGNS: dict[str, tuple[ShapeFunction, frozenset[str]]] = {
    "arrows": (arrows, frozenset(f"24.15.{n}" for n in (1, 2, 3, 13, 21))),
    "crosses": (crosses, frozenset(f"24.13.{n}" for n in (1, 2, 3, 4))),
}
"""Each kind of sign, with the sections that it may show."""


SHAPES: dict[str, tuple[ShapeFunction, frozenset[str]]] = {
    "stars": (stars, frozenset(f"1.1.{n}" for n in (2, 3, 4, 5, 8, 9, 10, 12, 13, 14, 15, 99))),
    "lines": (lines, frozenset(f"26.11.{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 97, 98, 99))),
    "angles": (angles, frozenset({"26.3.23"})),
    "groups": (groups, frozenset(_GROUPED)),
}
"""Each kind of shape, with the sections that it may show."""
