"""Pieces of a mark: SVG in a frame of known size, with what it shows.

A mark is put together from pieces (a drawing, a word, a circle) that are scaled, stacked and laid over
each other. Codes, kinds of content and the boxes of the drawings travel with a piece, so that whatever
the arrangement, the finished mark still knows what it shows and where.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple


class Box(NamedTuple):
    """Where a drawing stands, in the units of its piece."""

    pack: str
    name: str
    codes: tuple[str, ...]
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Piece:
    """SVG that fills the frame from (0, 0) to (width, height).

    Attributes:
        svg: The elements.
        width: Width of the frame.
        height: Height of the frame.
        codes: The sections that it shows.
        kinds: What it shows, in the words that containers are coded by: `star`, `human`, `animal`, `plant`,
            `thing`, `letter`, `numeral`, `word`, `line`, `circle`, `triangle`, `quadrilateral`, `figure`.
        boxes: The drawings in it.
    """

    svg: str
    width: float
    height: float
    codes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    boxes: tuple[Box, ...] = field(default=())

    def showing(self, *codes: str, kinds: Iterable[str] = ()) -> "Piece":
        """Return the piece with further codes and kinds."""
        return replace(self, codes=self.codes | set(codes), kinds=self.kinds | set(kinds))


def number(value: float) -> str:
    """Return a number as SVG writes it, with three decimals at most."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def shifted(piece: Piece, x: float, y: float, scale: float = 1.0) -> Piece:
    """Return a piece drawn at an offset; its width and height are scaled, its frame no longer starts at 0."""
    transform = f"translate({number(x)} {number(y)})" + (f" scale({scale:.5g})" if scale != 1 else "")
    boxes = tuple(
        box._replace(
            left=box.left * scale + x, top=box.top * scale + y, width=box.width * scale, height=box.height * scale
        )
        for box in piece.boxes
    )
    svg = f'<g transform="{transform}">{piece.svg}</g>'
    return replace(piece, svg=svg, width=piece.width * scale, height=piece.height * scale, boxes=boxes)


def scaled(piece: Piece, scale: float) -> Piece:
    """Return a piece in another size."""
    return piece if scale == 1 else shifted(piece, 0, 0, scale)


def fitted(piece: Piece, width: float, height: float) -> Piece:
    """Return a piece as large as fits into a frame of this size."""
    return scaled(piece, min(width / max(piece.width, 1e-6), height / max(piece.height, 1e-6)))


def joined(pieces: Iterable[Piece], width: float, height: float) -> Piece:
    """Return pieces that already stand where they belong, first at the back, as one."""
    pieces = tuple(pieces)
    return Piece(
        "".join(piece.svg for piece in pieces),
        width,
        height,
        frozenset().union(*(piece.codes for piece in pieces)),
        frozenset().union(*(piece.kinds for piece in pieces)),
        tuple(box for piece in pieces for box in piece.boxes),
    )


def in_row(pieces: Iterable[Piece], gap: float) -> Piece:
    """Return pieces side by side, centred on one line."""
    pieces = tuple(pieces)
    height, x, placed = max(piece.height for piece in pieces), 0.0, []
    for piece in pieces:
        placed.append(shifted(piece, x, (height - piece.height) / 2))
        x += piece.width + gap
    return joined(placed, x - gap, height)


def in_column(pieces: Iterable[Piece], gap: float, *, align: float = 0.5) -> Piece:
    """Return pieces one below the other; `align` is 0 for flush left, 0.5 for centred, 1 for flush right."""
    pieces = tuple(pieces)
    width, y, placed = max(piece.width for piece in pieces), 0.0, []
    for piece in pieces:
        placed.append(shifted(piece, (width - piece.width) * align, y))
        y += piece.height + gap
    return joined(placed, width, y - gap)


def laid_over(back: Piece, front: Piece, *, x: float | None = None, y: float | None = None) -> Piece:
    """Return one piece on another, centred on it or on the point (x, y) of it; the frame stays that of the back."""
    x = back.width / 2 if x is None else x
    y = back.height / 2 if y is None else y
    return joined((back, shifted(front, x - front.width / 2, y - front.height / 2)), back.width, back.height)


def turned(piece: Piece, degrees: float) -> Piece:
    """Return a piece turned clockwise about its centre, in the frame that then holds it."""
    angle = math.radians(degrees)
    across, along = abs(math.cos(angle)), abs(math.sin(angle))
    width = piece.width * across + piece.height * along
    height = piece.width * along + piece.height * across

    def around(box: Box) -> Box:
        x = box.left + box.width / 2 - piece.width / 2
        y = box.top + box.height / 2 - piece.height / 2
        wide, high = box.width * across + box.height * along, box.width * along + box.height * across
        centre_x = x * math.cos(angle) - y * math.sin(angle) + width / 2
        centre_y = x * math.sin(angle) + y * math.cos(angle) + height / 2
        return box._replace(left=centre_x - wide / 2, top=centre_y - high / 2, width=wide, height=high)

    transform = (
        f"translate({number(width / 2)} {number(height / 2)}) rotate({number(degrees)}) "
        f"translate({number(-piece.width / 2)} {number(-piece.height / 2)})"
    )
    boxes = tuple(map(around, piece.boxes))
    return replace(piece, svg=f'<g transform="{transform}">{piece.svg}</g>', width=width, height=height, boxes=boxes)


def mirrored(piece: Piece) -> Piece:
    """Return a piece as a mirror shows it."""
    boxes = tuple(box._replace(left=piece.width - box.left - box.width) for box in piece.boxes)
    svg = f'<g transform="translate({number(piece.width)} 0) scale(-1 1)">{piece.svg}</g>'
    return replace(piece, svg=svg, boxes=boxes)


def path(d: str, fill: str, *, stroke: str = "none", thickness: float = 0) -> str:
    """Return an SVG path element."""
    line = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{number(thickness)}" stroke-linejoin="round"'
    return f'<path d="{d}" fill="{fill}"{line}/>'


def trace(*parts: str | float) -> str:
    """Return path data of commands and numbers in order: `trace("M", 0, 0, "L", 10, 5)`."""
    return " ".join(part if isinstance(part, str) else number(part) for part in parts)


def stroke(d: str, colour: str, thickness: float, *, more: str = "") -> str:
    """Return an SVG path element that is a line, not a surface; `more` holds further attributes."""
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{number(thickness)}"{more}/>'


def surface(width: float, height: float, fill: str, *, corner: float = 0) -> str:
    """Return an SVG rectangle from the origin."""
    rounded = f' rx="{number(corner)}"' if corner else ""
    return f'<rect width="{number(width)}" height="{number(height)}" fill="{fill}"{rounded}/>'


def moved(svg: str, x: float, y: float, *, turn: float = 0, about: tuple[float, float] = (0, 0)) -> str:
    """Return SVG whose point `about` is brought to (x, y) and that is turned clockwise there, in degrees."""
    turning = f" rotate({number(turn)})" if turn else ""
    back = f" translate({number(-about[0])} {number(-about[1])})" if about != (0, 0) else ""
    return f'<g transform="translate({number(x)} {number(y)}){turning}{back}">{svg}</g>'


def disc(x: float, y: float, radius: float, down: float | None = None) -> str:
    """Return path data of a circle, or of an ellipse that is `down` high from its middle."""
    half = radius if down is None else down
    upper, lower = (radius, half, 0, 1, 0, 2 * radius, 0), (radius, half, 0, 1, 0, -2 * radius, 0)
    return trace("M", x - radius, y, "a", *upper, "a", *lower, "Z")


def polygon(points: Iterable[tuple[float, float]]) -> str:
    """Return the path data of a closed polygon."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points) + "Z"


def ring_points(
    count: int, radius: float, *, centre: tuple[float, float] = (50, 50), start: float = -90
) -> list[tuple[float, float]]:
    """Return points spread evenly on a circle, clockwise from `start` degrees."""
    angles = [math.radians(start + 360 * index / count) for index in range(count)]
    return [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]
