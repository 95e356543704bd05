"""Arrows and crosses, drawn with the sections that they show (24.13, 24.15)."""

import math
import random
from collections.abc import Collection

from viennatag.synthesis.pieces import Piece, moved, number, path, polygon, stroke, trace
from viennatag.synthesis.shapes import Inks, Maker, pick


def arrows(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return arrows: one, two, more (24.15.1 to .3), in a ring (.13), or heads only (.21)."""
    form = pick({"1": 4, "2": 3, "3": 1, "ring": 2, "head": 1}, wanted, rng,
                {"24.15.1": "1", "24.15.2": "2", "24.15.3": "3", "24.15.13": "ring", "24.15.21": "head"})  # fmt: skip
    if form == "ring":
        return _arrow_ring(rng, inks, wanted)
    if form == "head":
        body = rng.choice(("M20 5L85 50L20 95L38 50Z", "M20 5L85 50L20 95Z", "M15 25L50 10L85 25L50 90Z"))
        return Piece(path(body, inks.main), 100, 100, frozenset({"24.15.21"}), frozenset({"thing"}))
    count = int(form) if form != "3" else rng.choice((3, 3, 4))
    shaft, head = rng.uniform(10, 22), rng.uniform(30, 44)
    body = polygon(
        [
            (4, 50 - shaft),
            (52, 50 - shaft),
            (52, 50 - head),
            (98, 50),
            (52, 50 + head),
            (52, 50 + shaft),
            (4, 50 + shaft),
        ]
    )
    if rng.random() < 0.3:
        body = "M4 92Q10 34 58 32V12L98 46L58 80V58Q26 60 4 92Z"
    away = rng.random() < 0.5
    parts = []
    for index in range(count):
        turn = 180 * index if count == 2 and away else 0
        colour = inks.second if index % 2 else inks.main
        parts.append(f'<g transform="translate(0 {104 * index}) rotate({turn} 50 50)">{path(body, colour)}</g>')
    codes = {1: "24.15.1", 2: "24.15.2"}.get(count, "24.15.3")
    high, turn = 104.0 * count - 4, rng.choice((0, 0, -90, -45, 180))
    svg = "".join(parts)
    if turn:
        span = (
            100 * abs(math.cos(math.radians(turn))) + high * abs(math.sin(math.radians(turn))),
            high * abs(math.cos(math.radians(turn))) + 100 * abs(math.sin(math.radians(turn))),
        )
        svg = moved(svg, span[0] / 2, span[1] / 2, turn=turn, about=(50, high / 2))
        return Piece(svg, *span, frozenset({codes}), frozenset({"thing"}))
    return Piece(svg, 100, high, frozenset({codes}), frozenset({"thing"}))


def _arrow_ring(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    count = 1 if "24.15.1" in wanted else 3 if "24.15.3" in wanted else rng.choice((2, 2, 3))
    thick, parts, sweep = rng.uniform(9, 14), [], 360 / count - 42
    for index in range(count):
        start = math.radians(360 * index / count - 90)
        end = start + math.radians(sweep)
        (x0, y0), (x1, y1) = ((50 + 36 * math.cos(a), 50 + 36 * math.sin(a)) for a in (start, end))
        colour = inks.second if index % 2 else inks.main
        arc = trace("M", x0, y0, "A", 36, 36, 0, int(sweep > 180), 1, x1, y1)
        parts.append(stroke(arc, colour, thick))
        tip = end + math.radians(30)
        points = [
            (50 + r * math.cos(a), 50 + r * math.sin(a))
            for r, a in ((36 - thick * 1.1, end - 0.02), (36, tip), (36 + thick * 1.1, end - 0.02))
        ]
        parts.append(path(polygon(points), colour))
    codes = {"24.15.13", {1: "24.15.1", 2: "24.15.2"}.get(count, "24.15.3")}
    return Piece("".join(parts), 100, 100, frozenset(codes), frozenset({"thing"}))


def crosses(rng: random.Random, inks: Inks, wanted: Collection[str]) -> Piece:
    """Return a cross: Greek or St Andrew's (24.13.1), Latin (.2), of Lorraine (.3), Maltese (.4)."""
    form = pick({"greek": 4, "latin": 1.5, "lorraine": 0.5, "maltese": 1}, wanted, rng,
                {"24.13.1": "greek", "24.13.2": "latin", "24.13.3": "lorraine", "24.13.4": "maltese"})  # fmt: skip
    arm = rng.uniform(10, 18)
    near, far = number(50 - arm), number(50 + arm)
    greek = f"M{near} 4H{far}V{near}H96V{far}H{far}V96H{near}V{far}H4V{near}H{near}Z"
    if form == "greek":
        turn, width = rng.choice((0, 0, 0, 45)), 100.0
        shape, code = f'<g transform="rotate({turn} 50 50)">{path(greek, inks.main)}</g>', "24.13.1"
    elif form == "maltese":
        leaf = "M50 50L34 2L50 12L66 2Z"
        shape = "".join(
            f'<g transform="rotate({turn} 50 50)">{path(leaf, inks.main)}</g>' for turn in (0, 90, 180, 270)
        )
        code, width = "24.13.4", 100.0
    else:
        slim = arm * 0.6
        bars = [(10, 24 + slim), (40, 24 + slim)] if form == "latin" else [(16, 26), (4, 48)]
        d = f"M{number(35 - slim)} 2H{number(35 + slim)}V98H{number(35 - slim)}Z"
        if form == "latin":
            d += f"M4 28H66V{number(28 + 2 * slim)}H4Z"
        else:
            d += "".join(f"M{left} {top}H{70 - left}V{number(top + 1.6 * slim)}H{left}Z" for left, top in bars)
        shape, code, width = path(d, inks.main), "24.13.2" if form == "latin" else "24.13.3", 70.0
    return Piece(shape, width, 100, frozenset({code}), frozenset({"thing"}))


SIGNS: dict[str, tuple[Maker, frozenset[str]]] = {
    "arrows": (arrows, frozenset(f"24.15.{n}" for n in (1, 2, 3, 13, 21))),
    "crosses": (crosses, frozenset(f"24.13.{n}" for n in (1, 2, 3, 4))),
}
"""Each kind of sign, with the sections that it may show."""
