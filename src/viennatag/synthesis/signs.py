"""Arrows and crosses with their sections (24.13, 24.15)."""

import math
import random
from collections.abc import Collection

from viennatag.synthesis.elements import Element, moved, number, path, polygon, stroke, trace, turned_box
from viennatag.synthesis.shapes import Colours, ShapeFunction, pick, shape_element


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
