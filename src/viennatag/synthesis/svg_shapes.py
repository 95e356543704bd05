"""Parse a drawing into its shapes with their paint, so that a style can paint each of them anew."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from xml.etree import ElementTree

from viennatag.synthesis.elements import number
from viennatag.synthesis.palettes import mean_colour, six_digits

FOREGROUND = "currentColor"
"""The paint of shapes in the colour that a mark chooses."""

_Bounds = tuple[float, float, float, float]

_GEOMETRY_TEXT = "points x y x1 y1 x2 y2 cx cy r rx ry width height fill-rule"
_GEOMETRY = frozenset(_GEOMETRY_TEXT.split())
_LINE = ("stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray")
_INHERITED = (*_LINE, "fill", "stroke", "fill-rule", "fill-opacity", "stroke-opacity")
_SHAPES = frozenset({"path", "circle", "ellipse", "rect", "line", "polyline", "polygon"})
_PASSED_OVER = frozenset({"defs", "title", "desc", "linearGradient", "radialGradient", "metadata"})
_BEYOND = frozenset({"class", "mask", "clip-path", "filter"})
_LONGEST_PATH = 8_000


@dataclass(frozen=True)
class SvgShape:
    """One shape of a drawing.

    Attributes:
        tag: The SVG element.
        geometry: Its attributes but for paint, as SVG text.
        fill: `none`, `FOREGROUND`, or a colour `#rrggbb`.
        stroke: As `fill`.
        line: How its line is drawn, as SVG text.
        thickness: Of its line.
        opacity: Of the whole shape.
        d: Path data, where it is a path.
        bounds: Left, top, right and bottom, about; None where a transform hides them.
    """

    tag: str
    geometry: str
    fill: str
    stroke: str
    line: str
    thickness: float
    opacity: float
    d: str
    bounds: _Bounds | None

    def painted(self, fill: str, stroke: str = "none", *, thickness: float | None = None) -> str:
        """Return the shape as SVG in other paint, with its own line style unless a thickness is given."""
        line = self.line if thickness is None else f' stroke-width="{number(thickness)}" stroke-linejoin="round"'
        line = line if stroke != "none" else ""
        faint = f' opacity="{self.opacity:.3g}"' if self.opacity < 1 else ""
        data = f' d="{self.d}"' if self.d else ""
        return f'<{self.tag}{self.geometry}{data} fill="{fill}" stroke="{stroke}"{line}{faint}/>'

    def recoloured(self, paint: str) -> str:
        """Return the shape as SVG with its fill and its line in one paint."""
        return self.painted(*(each if each == "none" else paint for each in (self.fill, self.stroke)))

    @property
    def area(self) -> float:
        """Of the bounds; 0 where they are unknown."""
        return _size(self.bounds) if self.bounds else 0.0


@lru_cache(maxsize=4096)
def parse_shapes(body: str) -> tuple[SvgShape, ...]:
    """Return the shapes of a drawing from back to front; none where it holds more than painted shapes."""
    try:
        root = ElementTree.fromstring(f'<svg xmlns:xlink="http://www.w3.org/1999/xlink">{body}</svg>')
        gradients = {
            each.attrib["id"]: mean_colour(stop.attrib.get("stop-color", "#000000") for stop in each)
            for each in root.iter()
            if each.tag in {"linearGradient", "radialGradient"} and "id" in each.attrib
        }
        return tuple(_shapes(root, {"fill": FOREGROUND}, "", 1.0, gradients))
    except (ElementTree.ParseError, ValueError, KeyError):
        return ()


def _shapes(
    element: ElementTree.Element, above: dict[str, str], transform: str, opacity: float, gradients: dict[str, str]
) -> Iterator[SvgShape]:
    own = dict(element.attrib)
    own |= {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in own.pop("style", "").split(";"))}
    if _BEYOND & own.keys():
        raise ValueError("more than painted shapes")
    paint = above | {name: own[name] for name in _INHERITED if name in own}
    transform = f"{transform} {own.get('transform', '')}".strip()
    opacity *= float(own.get("opacity", 1))
    if element.tag in _SHAPES:
        fill, stroke = (_plain(paint.get(name, "none"), gradients) for name in ("fill", "stroke"))
        faint = opacity * float(paint.get("fill-opacity" if fill != "none" else "stroke-opacity", 1))
        kept = {name: value for name, value in (own | paint).items() if name in _GEOMETRY}
        geometry = "".join(f' {name}="{value}"' for name, value in sorted(kept.items()))
        geometry += f' transform="{transform}"' if transform else ""
        line = "".join(f' {name}="{paint[name]}"' for name in _LINE if name in paint)
        thickness = float(paint.get("stroke-width", "1").removesuffix("px"))
        bounds = None if transform else _bounds(element.tag, own)
        yield SvgShape(element.tag, geometry, fill, stroke, line, thickness, faint, own.get("d", ""), bounds)
    elif element.tag in {"svg", "g"}:
        for child in element:
            yield from _shapes(child, paint, transform, opacity, gradients)
    elif element.tag not in _PASSED_OVER:
        raise ValueError(f"a <{element.tag}> is no painted shape")


def _plain(paint: str, gradients: dict[str, str]) -> str:
    if paint.startswith("url(#"):
        return gradients[paint[5:-1]]
    return paint if paint in {"none", FOREGROUND} else six_digits(paint)


def _bounds(tag: str, own: dict[str, str]) -> _Bounds | None:
    if tag == "path":
        edges = [edge for _, bounds in subpaths(own.get("d", "")) for edge in bounds]
        return _extent(edges[::2], edges[1::2]) if edges else None

    def value(name: str) -> float:
        return float(own.get(name, 0))

    if tag == "rect":
        return value("x"), value("y"), value("x") + value("width"), value("y") + value("height")
    if tag in {"circle", "ellipse"}:
        across, down = (value("r"), value("r")) if tag == "circle" else (value("rx"), value("ry"))
        return value("cx") - across, value("cy") - down, value("cx") + across, value("cy") + down
    if tag == "line":
        return _extent((value("x1"), value("x2")), (value("y1"), value("y2")))
    numbers = [float(found) for found in _NUMBER.findall(own.get("points", ""))]
    if len(numbers) < 4:
        return None
    return _extent(numbers[::2], numbers[1::2])


def split_subpaths(shapes: Iterable[SvgShape]) -> tuple[SvgShape, ...]:
    """Return shapes with their paths split into subpaths; holes stay with the shape around them."""
    found: list[SvgShape] = []
    for shape in shapes:
        pieces = subpaths(shape.d) if shape.tag == "path" and shape.bounds is not None else ()
        if len(pieces) < 2:
            found.append(shape)
            continue
        whole: list[tuple[str, _Bounds]] = []
        for d, bounds in sorted(pieces, key=lambda item: -_size(item[1])):
            holder = next((at for at, (_, outer) in enumerate(whole) if _within(bounds, outer)), None)
            if holder is None or shape.fill == "none":
                whole.append((d, bounds))
            else:
                whole[holder] = (whole[holder][0] + d, whole[holder][1])
        found += [replace(shape, d=d, bounds=bounds) for d, bounds in whole]
    return tuple(found)


_COMMANDS = "MmZzLlHhVvCcSsQqTtAa"
_SEGMENT = re.compile(rf"([{_COMMANDS}])([^{_COMMANDS}]*)")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_SIGN = _NUMBER.pattern
_ARC = re.compile(rf"({_SIGN})[\s,]*({_SIGN})[\s,]*({_SIGN})[\s,]*([01])[\s,]*([01])[\s,]*({_SIGN})[\s,]*({_SIGN})")
_TAKES = {"M": 2, "A": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}


@lru_cache(maxsize=4096)
def subpaths(d: str) -> tuple[tuple[str, _Bounds], ...]:
    """Return the subpaths of path data, each starting with an absolute move, with the bounds of its points.

    Points that only direct a curve count too. Data longer than a style needs, or that is none, gives nothing.
    """
    if len(d) > _LONGEST_PATH:
        return ()
    written: list[str] = []  # of each subpath its commands, and its points
    points: list[list[tuple[float, float]]] = []
    x = y = start_x = start_y = 0.0
    closed = True

    def begin() -> None:
        nonlocal start_x, start_y, closed
        start_x, start_y, closed = x, y, False
        written.append(f"M{number(x)} {number(y)}")
        points.append([(x, y)])

    for command, text in _SEGMENT.findall(d):
        kind, relative = command.upper(), command.islower()
        numbers = [float(found) for found in _NUMBER.findall(text)] if kind != "A" else []
        if kind == "Z":
            if written:
                written[-1] += "Z"
            x, y, closed = start_x, start_y, True
            continue
        if kind == "M":
            if len(numbers) < 2:
                return ()
            x, y = (x + numbers[0], y + numbers[1]) if relative else (numbers[0], numbers[1])
            begin()
            numbers = numbers[2:]
            if numbers:
                written[-1] += ("l" if relative else "L") + " ".join(map(number, numbers))
        else:
            if closed:
                begin()
            written[-1] += command + text
        if kind == "A":
            numbers = [float(value) for arc in _ARC.findall(text) for value in arc[5:]]
        takes = _TAKES[kind]
        for at in range(0, len(numbers) - takes + 1, takes):
            group = numbers[at : at + takes]
            base_x, base_y = (x, y) if relative else (0.0, 0.0)
            if kind == "H":
                pairs = [(base_x + group[0], y)]
            elif kind == "V":
                pairs = [(x, base_y + group[0])]
            else:
                pairs = [(base_x + a, base_y + b) for a, b in zip(group[::2], group[1::2], strict=True)]
            points[-1] += pairs
            x, y = pairs[-1]
    return tuple((d, _extent(*zip(*each, strict=True))) for d, each in zip(written, points, strict=True))


def _extent(across: Sequence[float], down: Sequence[float]) -> _Bounds:
    return min(across), min(down), max(across), max(down)


def _size(bounds: _Bounds) -> float:
    return (bounds[2] - bounds[0]) * (bounds[3] - bounds[1])


def _within(inner: _Bounds, outer: _Bounds) -> bool:
    slack = 0.02 * max(outer[2] - outer[0], outer[3] - outer[1])
    starts = inner[0] >= outer[0] - slack and inner[1] >= outer[1] - slack
    return starts and inner[2] <= outer[2] + slack and inner[3] <= outer[3] + slack
