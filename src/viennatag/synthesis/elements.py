"""Elements of a mark: SVG in a frame of known size, with what it shows.

A mark consists of elements (a drawing, a word, a circle) that are scaled, stacked and overlaid. Each element
carries its codes, its kinds of content and the boxes of its drawings, so these are known of the finished mark too.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


class Bounds(NamedTuple):
    """The box of a drawing, in the units of its element."""

    pack: str
    name: str
    codes: tuple[str, ...]
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Element:
    """SVG that fills the frame from (0, 0) to (width, height).

    Attributes:
        svg: The SVG elements.
        width: Width of the frame.
        height: Height of the frame.
        codes: Its sections.
        kinds: Its kinds of content, as figures are coded by: `star`, `human`, `animal`, `plant`, `thing`, `letter`,
            `numeral`, `word`, `line`, `circle`, `triangle`, `quadrilateral`, `figure`.
        boxes: Boxes of its drawings.
    """

    svg: str
    width: float
    height: float
    codes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    boxes: tuple[Bounds, ...] = ()

    def with_codes(self, *codes: str, kinds: Iterable[str] = ()) -> "Element":
        """Return the element with further codes and kinds."""
        return replace(self, codes=self.codes | set(codes), kinds=self.kinds | set(kinds))


def number(value: float) -> str:
    """Return a number as SVG writes it, with three decimals at most."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def shifted(element: Element, x: float, y: float, scale: float = 1.0) -> Element:
    """Return an element drawn at an offset; its width and height are scaled, its frame no longer starts at 0."""
    transform = f"translate({number(x)} {number(y)})" + (f" scale({scale:.5g})" if scale != 1 else "")
    boxes = tuple(
        Bounds(*box[:3], box.left * scale + x, box.top * scale + y, box.width * scale, box.height * scale)
        for box in element.boxes
    )
    svg = f'<g transform="{transform}">{element.svg}</g>'
    return replace(element, svg=svg, width=element.width * scale, height=element.height * scale, boxes=boxes)


def scaled(element: Element, scale: float) -> Element:
    """Return an element in another size."""
    return element if scale == 1 else shifted(element, 0, 0, scale)


def fitted(element: Element, width: float, height: float) -> Element:
    """Return an element as large as fits into a frame of this size."""
    return scaled(element, min(width / max(element.width, 1e-6), height / max(element.height, 1e-6)))


def joined(elements: Iterable[Element], width: float, height: float) -> Element:
    """Return elements in their present places as one, first at the back."""
    elements = tuple(elements)
    svg, boxes = "".join(each.svg for each in elements), tuple(box for each in elements for box in each.boxes)
    codes = frozenset[str]().union(*(each.codes for each in elements))
    kinds = frozenset[str]().union(*(each.kinds for each in elements))
    return Element(svg, width, height, codes, kinds, boxes)


def in_row(elements: Iterable[Element], gap: float) -> Element:
    """Return elements side by side, centred on one line."""
    elements = tuple(elements)
    height, x, placed = max(element.height for element in elements), 0.0, []
    for element in elements:
        placed.append(shifted(element, x, (height - element.height) / 2))
        x += element.width + gap
    return joined(placed, x - gap, height)


def in_column(elements: Iterable[Element], gap: float, *, align: float = 0.5) -> Element:
    """Return elements one below the other; `align` is 0 for flush left, 0.5 for centred, 1 for flush right."""
    elements = tuple(elements)
    width, y, placed = max(element.width for element in elements), 0.0, []
    for element in elements:
        placed.append(shifted(element, (width - element.width) * align, y))
        y += element.height + gap
    return joined(placed, width, y - gap)


def overlaid(back: Element, front: Element, *, x: float | None = None, y: float | None = None) -> Element:
    """Return one element on another, centred on it or on the point (x, y) of it; the frame stays that of the back."""
    x = back.width / 2 if x is None else x
    y = back.height / 2 if y is None else y
    return joined((back, shifted(front, x - front.width / 2, y - front.height / 2)), back.width, back.height)


def turned_box(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return width and height of the frame that holds a turned frame."""
    across, along = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    return width * across + height * along, height * across + width * along


def turned(element: Element, degrees: float) -> Element:
    """Return an element turned clockwise about its centre, in the frame that then holds it."""
    angle = math.radians(degrees)
    width, height = turned_box(element.width, element.height, degrees)

    def around(box: Bounds) -> Bounds:
        x = box.left + box.width / 2 - element.width / 2
        y = box.top + box.height / 2 - element.height / 2
        wide, high = turned_box(box.width, box.height, degrees)
        centre_x = x * math.cos(angle) - y * math.sin(angle) + width / 2
        centre_y = x * math.sin(angle) + y * math.cos(angle) + height / 2
        return box._replace(left=centre_x - wide / 2, top=centre_y - high / 2, width=wide, height=high)

    svg = moved(element.svg, width / 2, height / 2, turn=degrees, about=(element.width / 2, element.height / 2))
    return replace(element, svg=svg, width=width, height=height, boxes=tuple(map(around, element.boxes)))


def mirrored(element: Element) -> Element:
    """Return an element mirrored left to right."""
    boxes = tuple(box._replace(left=element.width - box.left - box.width) for box in element.boxes)
    svg = f'<g transform="translate({number(element.width)} 0) scale(-1 1)">{element.svg}</g>'
    return replace(element, svg=svg, boxes=boxes)


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


def gradient(
    name: str, stops: Iterable[tuple[float, str]], attributes: str = "", *, kind: str = "linearGradient"
) -> str:
    """Return the gradient of the paint `url(#name)`, through colours at offsets (1 is its end)."""
    drawn = "".join(f'<stop offset="{number(at)}" stop-color="{colour}"/>' for at, colour in stops)
    return f'<{kind} id="{name}" {attributes}>{drawn}</{kind}>'


def ellipse_path(x: float, y: float, radius: float, down: float | None = None) -> str:
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
