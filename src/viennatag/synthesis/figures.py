"""Figures that hold something: circles, quadrilaterals, shields, seals, banners.

The classification codes such a figure three times: what it is, how many lie inside one another, and
what it contains; darkness and inscriptions that stick out come on top. All of that is known here.
"""

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from viennatag.synthesis.palettes import luminance
from viennatag.synthesis.pieces import Box, Piece, disc, laid_over, number, path, polygon, ring_points, trace

_SHOWN = {"star": 13, "human": 14, "animal": 15, "plant": 15, "thing": 16, "numeral": 17, "letter": 18, "line": 99}


def _sections(division: str, others: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    return {kind: (f"{division}.{section}",) for kind, section in {**_SHOWN, **others}.items()}


CONTENT: dict[str, dict[str, tuple[str, ...]]] = {
    "circle": _sections("26.1", {"word": 20, "triangle": 10, "quadrilateral": 11, "polygon": 8, "figure": 12}),
    "ellipse": _sections(
        "26.99", {"word": 20, "circle": 7, "triangle": 10, "quadrilateral": 11, "polygon": 8, "figure": 12}
    ),
    "triangle": _sections("26.3", {"word": 22, "circle": 10, "polygon": 10, "quadrilateral": 11, "figure": 12}),
    "quadrilateral": _sections("26.4", {"word": 22, "circle": 10, "polygon": 10, "triangle": 11, "figure": 12}),
    "polygon": _sections("26.5", {"word": 22, "circle": 9, "triangle": 10, "quadrilateral": 11, "figure": 12}),
    "semicircle": {"letter": ("26.2.8", "26.2.18"), "numeral": ("26.2.17",), "figure": ("26.2.12",)},
    "shield": {
        **dict.fromkeys(("circle", "triangle", "quadrilateral", "polygon", "figure", "line"), ("24.1.3",)),
        **dict.fromkeys(("word", "letter", "numeral"), ("24.1.15",)),
        "star": ("24.1.5", "24.1.7"),
        "human": ("24.1.5", "24.1.8"),
        "animal": ("24.1.5", "24.1.9"),
        "plant": ("24.1.5", "24.1.10"),
        "thing": ("24.1.5",),
    },
    "seal": {
        **dict.fromkeys(("circle", "triangle", "quadrilateral", "polygon", "figure"), ("24.3.17",)),
        **dict.fromkeys(("word", "letter", "numeral"), ("24.3.18",)),
        "star": ("24.3.11",),
        "human": ("24.3.12",),
        "animal": ("24.3.13",),
        "plant": ("24.3.14",),
        "thing": ("24.3.19",),
    },
    "band": {},
}
"""The sections that say what a figure of each family contains."""

_NESTED = {
    "circle": ("26.1.3", "26.1.4", "26.1.5"),
    "ellipse": ("26.99.3", "26.99.4", "26.99.5"),
    "triangle": ("26.3.1", "26.3.2", "26.3.3"),
    "quadrilateral": ("26.4.5", "26.4.7", "26.4.8"),
    "polygon": ("26.5.1", "26.5.2", "26.5.3"),
}
_DARK = {
    "circle": "26.1.24", "ellipse": "26.99.24", "triangle": "26.3.24", "quadrilateral": "26.4.24",
    "polygon": "26.5.24", "semicircle": "26.2.9",
}  # fmt: skip
_BEYOND = {
    "circle": "26.1.19", "ellipse": "26.99.19", "triangle": "26.3.19", "quadrilateral": "26.4.19",
    "polygon": "26.5.19", "semicircle": "26.2.19",
}  # fmt: skip

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "circle": ("circle", ()),
    "ellipse": ("ellipse", ()),
    "triangle": ("triangle", ()),
    "triangle down": ("triangle", ("26.3.5",)),
    "rounded triangle": ("triangle", ("26.3.7",)),
    "bulging triangle": ("triangle", ("26.3.6",)),
    "square": ("quadrilateral", ("26.4.1",)),
    "rounded square": ("quadrilateral", ("26.4.1", "26.4.98")),
    "rectangle": ("quadrilateral", ("26.4.2",)),
    "rounded rectangle": ("quadrilateral", ("26.4.2", "26.4.98")),
    "rhomb": ("quadrilateral", ("26.4.3",)),
    "slanted": ("quadrilateral", ("26.4.4",)),
    "trapezium": ("quadrilateral", ("26.4.4",)),
    "bulging": ("quadrilateral", ("26.4.6",)),
    "pentagon": ("polygon", ()),
    "hexagon": ("polygon", ()),
    "octagon": ("polygon", ()),
    "rounded hexagon": ("polygon", ("26.5.8",)),
    "semicircle": ("semicircle", ("26.2.7",)),
    "shield": ("shield", ()),
    "seal": ("seal", ("24.3.7",)),
    "oval seal": ("seal", ("24.3.8",)),
    "banner": ("band", ("25.1.6",)),
    "pill": ("band", ("25.3.3",)),
}
"""Each kind of figure: its family, and the sections of its own shape."""

_SHARE = dict(zip(KINDS, (14, 6, 2, 1, 1, 1, 6, 5, 12, 8, 3, 2, 2, 2, 1, 4, 2, 1, 1, 5, 4, 1, 3, 3), strict=True))


@dataclass(frozen=True)
class Figure:
    """The outline of a figure.

    Attributes:
        kind: A key of `KINDS`.
        d: Path data, in a frame from (0, 0).
        width: Of the frame.
        height: Of the frame.
        room: Left, top, width and height of what it can hold.
    """

    kind: str
    d: str
    width: float
    height: float
    room: tuple[float, float, float, float]

    @property
    def family(self) -> str:
        """Which part of `CONTENT` it is coded by."""
        return KINDS[self.kind][0]


def choose_kind(wanted: Collection[str], rng: random.Random, *, wide: bool = False) -> str:
    """Return the kind of figure that shows most of the wanted sections; any kind if none is wanted.

    Args:
        wanted: Sections.
        rng: The source of chance.
        wide: Whether it is to hold a word, so that long figures suit.
    """
    weights = {}
    for kind, share in _SHARE.items():
        hits = len(kind_codes(kind) & set(wanted))
        own = len(set(KINDS[kind][1]) - set(wanted))
        suited = (
            3 if wide == (kind in {"rectangle", "rounded rectangle", "ellipse", "pill", "banner", "slanted"}) else 1
        )
        weights[kind] = share * suited * 40.0**hits / 3.0**own
    return rng.choices(list(weights), list(weights.values()))[0]


def kind_codes(kind: str) -> frozenset[str]:
    """Return the sections that a kind of figure may show."""
    family, own = KINDS[kind]
    content = {code for codes in CONTENT[family].values() for code in codes}
    more = {_DARK.get(family, ""), _BEYOND.get(family, ""), *_NESTED.get(family, ())} - {""}
    if family == "circle":
        more |= {"26.1.21"}
    if kind == "pill":
        more |= {"25.3.99"}
    return frozenset(own) | content | more


def draw_outline(kind: str, rng: random.Random, *, aspect: float = 1.0) -> Figure:
    """Return a figure of a kind; `aspect` is the width of what it is to hold, divided by its height."""
    long = max(1.35, min(aspect * rng.uniform(0.95, 1.15), 5.0))
    if kind in {"circle", "seal"}:
        d = disc(50, 50, 50) if kind == "circle" else _toothed(50, 50, rng)
        side = 70 if kind == "circle" else 62
        return Figure(kind, d, 100, 100, (50 - side / 2, 50 - side / 2, side, side))
    if kind in {"ellipse", "oval seal"}:
        half = 50 * min(long, 2.6)
        d = disc(half, 50, half, 50) if kind == "ellipse" else _toothed(half, 50, rng)
        return Figure(kind, d, 2 * half, 100, (half * 0.3, 17, half * 1.4, 66))
    if kind == "triangle":
        return Figure(kind, polygon([(55, 0), (110, 96), (0, 96)]), 110, 96, (33, 46, 44, 44))
    if kind == "triangle down":
        return Figure(kind, polygon([(0, 0), (110, 0), (55, 96)]), 110, 96, (33, 6, 44, 44))
    if kind == "rounded triangle":
        d = "M47 8Q55 -4 63 8L107 82Q114 96 99 96L11 96Q-4 96 3 82Z"
        return Figure(kind, d, 110, 96, (32, 44, 46, 46))
    if kind == "bulging triangle":
        d = f"M55 0Q{105} {30} 110 96Q55 {rng.choice((112, 84))} 0 96Q5 30 55 0Z"
        return Figure(kind, d, 110, 104, (28, 34, 54, 50))
    if kind in {"square", "rounded square"}:
        round_by = rng.uniform(10, 28) if kind != "square" else 0
        return Figure(kind, _rectangle(100, 100, round_by), 100, 100, (10, 10, 80, 80))
    if kind in {"rectangle", "rounded rectangle"}:
        wide, high = (100 * long, 100) if aspect >= 0.8 else (75, 105)
        round_by = rng.uniform(8, 30) if kind != "rectangle" else 0
        return Figure(kind, _rectangle(wide, high, round_by), wide, high, (9, 9, wide - 18, high - 18))
    if kind == "rhomb":
        half = 50 * rng.choice((1.0, 1.0, 1.35))
        return Figure(
            kind,
            polygon([(half, 0), (2 * half, 50), (half, 100), (0, 50)]),
            2 * half,
            100,
            (half * 0.52, 26, half * 0.96, 48),
        )
    if kind == "slanted":
        wide, lean = 100 * long, rng.uniform(12, 26)
        return Figure(
            kind,
            polygon([(lean, 0), (wide, 0), (wide - lean, 100), (0, 100)]),
            wide,
            100,
            (lean, 10, wide - 2 * lean, 80),
        )
    if kind == "trapezium":
        wide, lean = 100 * long, rng.uniform(10, 24)
        points: list[tuple[float, float]] = [(lean, 0), (wide - lean, 0), (wide, 100), (0, 100)]
        if rng.random() < 0.4:
            points = [(x, 100 - y) for x, y in points]
        return Figure(kind, polygon(points), wide, 100, (lean, 10, wide - 2 * lean, 80))
    if kind == "bulging":
        wide, bow = 100 * long, rng.choice((-14, 16))
        top = max(bow, 0)
        base, half = 100 - top, wide / 2
        d = trace("M", 0, top, "Q", half, top - 2 * bow, wide, top, "V", base, "Q", half, base + 2 * bow, 0, base, "Z")
        return Figure(kind, d, wide, 100, (7, 18, wide - 14, 64))
    if kind in {"pentagon", "hexagon", "octagon", "rounded hexagon"}:
        sides = {"pentagon": 5, "octagon": 8}.get(kind, 6)
        start = -90 if sides != 8 else -67.5
        points = ring_points(sides, 50, start=start + (30 if sides == 6 and rng.random() < 0.5 else 0))
        d = _rounded(points, 0.25) if kind.startswith("rounded") else polygon(points)
        return Figure(kind, d, 100, 100, (22, 24, 56, 52))
    if kind == "semicircle":
        up = rng.random() < 0.7
        d = "M0 52A52 52 0 0 1 104 52Z" if up else "M0 0A52 52 0 0 0 104 0Z"
        return Figure(kind, d, 104, 52, (24, 14 if up else 4, 56, 34))
    if kind == "shield":
        return Figure(kind, _shield(rng), 90, 104, (13, 15, 64, 58))
    if kind == "banner":
        wide = 100 * max(2.4, min(long, 4.2))
        return Figure(kind, _ribbon(wide, rng), wide, 100, (wide * 0.2, 22, wide * 0.6, 44))
    wide = 100 * max(2.0, long)
    return Figure(kind, _rectangle(wide, 100, 50), wide, 100, (30, 16, wide - 60, 68))


def draw_figure(
    figure: Figure,
    content: Piece | None,
    *,
    fill: str,
    stroke: str,
    paper: str,
    rings: int = 1,
    thickness: float = 3.0,
    beyond: bool = False,
) -> Piece:
    """Return a figure with its content in it, and the sections that follow from both.

    Args:
        figure: The outline.
        content: What it holds.
        fill: The colour inside, `none`, or `url(#name)` of a gradient.
        stroke: The colour of the outline, or `none`.
        paper: The colour behind the mark: inner rings on a filled figure are drawn in it.
        rings: How many outlines lie inside one another.
        thickness: Of the outline; the frame is 100 high.
        beyond: Whether the content may be wider than the figure, so that it projects beyond.
    """
    family, own = KINDS[figure.kind]
    svg = [path(figure.d, fill, stroke=stroke, thickness=thickness if stroke != "none" else 0)]
    inner = paper if fill != "none" else stroke
    for ring in range(1, rings):
        share = 1 - 0.11 * ring if rings < 4 else 1 - ring * 0.8 / rings
        offset_x, offset_y = figure.width * (1 - share) / 2, figure.height * (1 - share) / 2
        svg.append(
            f'<g transform="translate({number(offset_x)} {number(offset_y)}) scale({share:.4g})">'
            + path(figure.d, "none", stroke=inner, thickness=max(1.5, thickness * 0.6))
            + "</g>"
        )
    codes = set(own)
    if family in _NESTED:
        codes.add(_NESTED[family][min(rings, 3) - 1])
    if family in _DARK and fill.startswith("#") and luminance(fill) < 0.45:
        codes.add(_DARK[family])
    if figure.kind == "pill" and fill.startswith("#") and luminance(fill) < 0.45:
        codes.add("25.3.99")
    if family == "shield" and content is None:
        codes.add("24.1.1")
    shape = {"circle": "circle", "ellipse": "circle", "triangle": "triangle", "quadrilateral": "quadrilateral"}
    kinds = {shape.get(family, "figure" if family in {"polygon", "semicircle"} else "thing")}
    piece = Piece("".join(svg), figure.width, figure.height, frozenset(codes), frozenset(kinds))
    if content is None:
        return piece
    left, top, width, height = figure.room
    room = min(width / content.width, height / content.height)
    if beyond:
        room = figure.width * 1.35 / content.width
        codes.add(_BEYOND.get(family, "24.1.20" if family == "shield" else ""))
    else:
        for kind in content.kinds & CONTENT[family].keys():
            codes.update(CONTENT[family][kind])
    codes.discard("")
    inside = Piece(
        f'<g transform="scale({room:.5g})">{content.svg}</g>', content.width * room, content.height * room,
        content.codes, content.kinds, _resized(content, room),
    )  # fmt: skip
    if not beyond:
        held = laid_over(piece, inside, x=left + width / 2, y=top + height / 2)
        return Piece(
            held.svg, held.width, held.height, content.codes | codes, frozenset(kinds) | content.kinds, held.boxes
        )
    frame = Piece("", max(figure.width, inside.width), figure.height)
    both = laid_over(laid_over(frame, piece), inside)
    return Piece(both.svg, both.width, both.height, content.codes | codes, frozenset(kinds) | content.kinds, both.boxes)


def _resized(piece: Piece, scale: float) -> tuple[Box, ...]:
    return tuple(
        box._replace(left=box.left * scale, top=box.top * scale, width=box.width * scale, height=box.height * scale)
        for box in piece.boxes
    )


def _rectangle(width: float, height: float, round_by: float) -> str:
    w, h, r = (number(side) for side in (width, height, round_by))
    if not round_by:
        return f"M0 0H{w}V{h}H0Z"
    a, b = number(width - round_by), number(height - round_by)
    return (
        f"M{r} 0H{a}A{r} {r} 0 0 1 {w} {r}V{b}A{r} {r} 0 0 1 {a} {h}H{r}A{r} {r} 0 0 1 0 {b}V{r}A{r} {r} 0 0 1 {r} 0Z"
    )


def _toothed(half: float, middle: float, rng: random.Random) -> str:
    teeth = rng.choice((24, 32, 40, 48))
    depth = rng.uniform(0.88, 0.95)
    points = []
    for index in range(2 * teeth):
        angle, reach = math.pi * index / teeth, (1.0 if index % 2 else depth)
        points.append((half + half * reach * math.cos(angle), middle + middle * reach * math.sin(angle)))
    return polygon(points)


def _rounded(points: list[tuple[float, float]], share: float) -> str:
    d, count = "", len(points)
    for index, (x, y) in enumerate(points):
        (before_x, before_y), (after_x, after_y) = points[index - 1], points[(index + 1) % count]
        start = (x + (before_x - x) * share, y + (before_y - y) * share)
        end = (x + (after_x - x) * share, y + (after_y - y) * share)
        d += trace("L" if d else "M", *start, "Q", x, y, *end)
    return d + "Z"


def _shield(rng: random.Random) -> str:
    return rng.choice(
        (
            "M0 4Q45 14 90 4V52C90 84 60 98 45 104C30 98 0 84 0 52Z",
            "M0 0H90V56C90 82 66 96 45 104C24 96 0 82 0 56Z",
            "M45 0C60 10 76 12 90 12C92 60 80 90 45 104C10 90 -2 60 0 12C14 12 30 10 45 0Z",
            "M6 0H84Q78 12 90 20V60Q88 88 45 104Q2 88 0 60V20Q12 12 6 0Z",
            "M0 0H90V70Q90 88 70 90Q52 92 45 104Q38 92 20 90Q0 88 0 70Z",
        )
    )


def _ribbon(wide: float, rng: random.Random) -> str:
    end, fold, low = wide * 0.16, wide * 0.05, rng.choice((14, 18, -0.01))
    top, base = (16, 72) if low > 0 else (16, 84)
    if low > 0:  # flat band before two swallow-tailed ends
        high = base - 36 + low
        left = ("H", end + fold, "V", base + low, "H", 0, "L", fold, base - 8, "L", 0, high, "H", end, "Z")
        right = (
            "V",
            high,
            "H",
            wide,
            "L",
            wide - fold,
            base - 8,
            "L",
            wide,
            base + low,
            "H",
            wide - end - fold,
            "V",
            base,
        )
        return trace("M", end, top, "H", wide - end, *right, *left)
    middle, notch, waist = wide / 2, fold * 1.6, (top + base) / 2 + 8
    above = ("M", 0, top + 14, "Q", middle, top - 24, wide, top + 14, "L", wide - notch, waist)
    below = ("L", wide, base + 12, "Q", middle, base - 28, 0, base + 12, "L", notch, waist, "Z")
    return trace(*above, *below)
