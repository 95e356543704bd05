"""SVG charts for report pages, drawn by pure functions; a `<title>` in them is a tooltip.

Colours follow the reader's light or dark setting. `Markup.format` escapes every text.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Colour = Literal["blue", "amber", "red", "grey"]
"""Colours of series, which differ with every kind of colour vision; each has a light and a dark value."""
WIDTH = 480
"""Width of a chart in its own units: it is scaled to its card, and letters stay legible on a phone."""
_HEIGHT = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 30, 48


@dataclass(frozen=True)
class Line:
    """A series of a line chart: points (x, y) ascending in x, maybe with tooltips; `fill` colours the area below."""

    points: Sequence[tuple[float, float]]
    colour: Colour
    titles: Sequence[str] = ()
    fill: bool = False


@dataclass(frozen=True)
class IntervalRow:
    """A value with its interval in an interval chart."""

    name: str
    value: float
    low: float
    high: float
    colour: Colour


def log_chart(lines: Sequence[Line], *, x: str, y: str) -> Markup:
    """Return a line chart with logarithmic axes named `x` and `y` that start at 1; points below 1 are drawn at 1."""
    most = [max((point[axis] for line in lines for point in line.points), default=1.0) for axis in (0, 1)]
    across, up = (_log_axis(name, value) for name, value in zip((x, y), most, strict=True))
    if math.log10(most[0] or 1) % 1 > 0.12 * math.log10(most[0] or 1):  # far enough from the last power of ten
        across.ticks.append((round(most[0]), short_number(round(most[0]))))
    return _plot(across, up, lambda place: _drawn_lines(lines, place), "logarithmic axes")


def bar_chart(bars: Sequence[tuple[str, float, str]], *, x: str, y: str, height: int = _HEIGHT) -> Markup:
    """Return a bar chart with axes named `x` and `y`; a bar is its name, its count, and its tooltip."""
    bottom, top_value = height - _BOTTOM, max((value for _, value, _ in bars), default=0) or 1
    step = max(1, _round_up(top_value / 5))
    steps = math.ceil(top_value / step)
    scale = (bottom - _TOP) / (steps * step)
    width = (WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    every = math.ceil(len(bars) / 12)  # more names would touch on a phone
    grid = (_grid_line(bottom - at * step * scale, short_number(at * step)) for at in range(steps + 1))
    parts = [_axis_names(x, y, height), *grid]
    bar = Markup(
        '<g class="bar"><rect class="blue" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
        '<rect class="hover" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/><title>{}</title></g>'
    )
    for at, (name, value, title) in enumerate(bars):
        left, tall = _LEFT + at * width, value * scale
        drawn = (left + width * 0.1, bottom - tall, width * 0.8, tall)
        parts.append(bar.format(*drawn, left, _TOP, width, bottom - _TOP, title))
        if (len(bars) - 1 - at) % every == 0:
            parts.append(_tick(left + width / 2, bottom, name))
    return _svg(parts, height, f"{y} by {x}")


def share_bars(rows: Sequence[tuple[str, Sequence[tuple[float, Colour, str]]]]) -> Markup:
    """Return a stacked bar per row; a segment is its share, its colour and its tooltip."""
    parts: list[Markup] = []
    height, gap = 22, 54
    label = Markup('<text x="{:.1f}" y="{}" class="inside">{:.0%}</text>')
    segment = Markup(
        '<g class="segment"><rect class="{}" x="{:.1f}" y="{}" width="{:.1f}" height="{}" rx="3"/>{}'
        "<title>{}</title></g>"
    )
    for at, (name, segments) in enumerate(rows):
        top, left = 26 + at * gap, 0.0
        parts.append(Markup('<text x="0" y="{}" class="name">{}</text>').format(top - 8, name))
        for share, colour, title in segments:
            width = share * WIDTH
            text = label.format(left + 7, top + 16, share) if width > 46 else ""
            parts.append(segment.format(colour, left, top, max(width - 2, 0.5), height, text, title))
            left += width
    return _svg(parts, 16 + gap * len(rows), "shares: " + ", ".join(name for name, _ in rows))


def triangle_map(names: Sequence[str], cells: Sequence[Sequence[tuple[float, str]]]) -> Markup:
    """Return a coloured cell per pair, with each name at the end of its row and the head of its column.

    Row `i` of the cells holds for each `j < i` a value in [-1, 1], red below 0 and blue above, and a tooltip.
    """
    size = min(26.0, 320 / max(len(names), 1))
    parts: list[Markup] = []
    cell = Markup(
        '<g class="cell"><rect class="background" x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" '
        'rx="2"/><rect class="{colour}" x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" rx="2" '
        'fill-opacity="{opacity:.2f}"/><title>{title}</title></g>'
    )
    label = Markup('<text class="name small" x="{:.1f}" y="{:.1f}">{}<title>{}</title></text>')
    for i, (name, row) in enumerate(zip(names, cells, strict=True)):
        for j, (value, title) in enumerate(row[:i]):
            place = {"x": j * size, "y": i * size, "side": size - 1.5}
            look = {"colour": "blue" if value > 0 else "red", "opacity": min(abs(value), 1)}
            parts.append(cell.format(**place, **look, title=title))
        room = int((WIDTH - i * size - 4) / 7.6)  # letters, at their width on a phone
        shown = name if len(name) <= room else name[: room - 1].rstrip(" ,") + "…"
        parts.append(label.format(i * size + 4, i * size + size * 0.5 + 3.5, shown, name))
    return _svg(parts, math.ceil(size * len(names)) + 4, "co-occurrence of pairs")


def interval_chart(rows: Sequence[IntervalRow], *, label: str) -> Markup:
    """Return a point and a line per row for a difference and its interval, both shares, around a line at zero."""
    reach = 1.05 * max((abs(end) for row in rows for end in (row.low, row.high)), default=0) or 1.0
    middle, half, gap = 315.0, WIDTH - 315.0, 22
    bottom = gap * len(rows) + 6

    def across(value: float) -> float:
        return middle + half * value / reach

    parts = [Markup('<line class="rule" x1="{0}" x2="{0}" y1="0" y2="{1}"/>').format(middle, bottom)]
    step = _round_up(reach / 3)
    parts += [_tick(across(value), bottom - 3, f"{100 * value:+.1f}" if value else "0") for value in (-step, 0.0, step)]
    drawn = Markup(
        '<g><rect class="hover" x="0" y="{box}" width="{width}" height="{gap}"/>'
        '<text class="name small" x="0" y="{baseline}">{row.name}</text>'
        '<line class="{row.colour} line" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>'
        '<circle class="{row.colour}" cx="{value:.1f}" cy="{y}" r="4.5"/><title>{title}</title></g>'
    )
    for at, row in enumerate(rows):
        y = gap * at + 14
        ends = {"low": across(row.low), "high": across(row.high), "value": across(row.value)}
        title = f"{row.name}: {100 * row.value:+.1f}, {100 * row.low:+.1f} to {100 * row.high:+.1f}"
        parts.append(drawn.format(row=row, y=y, box=y - 11, baseline=y + 4, width=WIDTH, gap=gap, title=title, **ends))
    return _svg(parts, bottom + 24, label)


def unit_chart(
    lines: Sequence[Line],
    *,
    x: str,
    y: str,
    ranges: Sequence[tuple[float, float, float]] = (),
    diagonal: bool = False,
) -> Markup:
    """Return a line chart whose axes named `x` and `y` run from 0 to 1.

    Args:
        lines: Their points are within [0, 1].
        x: Name of the axis across.
        y: Name of the axis up.
        ranges: Vertical bars, each at x from one y to another, such as intervals.
        diagonal: Whether to draw where both are the same.
    """
    straight = Markup('<line class="{} line" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')

    def draw(place: _Place) -> Iterator[Markup]:
        if diagonal:
            yield straight.format("grey", *place((0, 0)), *place((1, 1)))
        for at, low, high in ranges:
            yield straight.format("blue range", *place((at, low)), *place((at, high)))
        yield from _drawn_lines(lines, place)

    return _plot(_unit_axis(x), _unit_axis(y), draw)


def step_chart(lines: Sequence[Line], *, x: str, y: str) -> Markup:
    """Return a line chart over steps, such as epochs: both axes are linear and fit the points."""
    points = [point for line in lines for point in line.points] or [(0.0, 0.0)]
    (left, low), (right, high) = (
        tuple(each(point[axis] for point in points) for axis in (0, 1)) for each in (min, max)
    )
    step = _round_up(((high - low) or abs(high) or 1.0) / 4)
    base, roof = math.floor(low / step) * step, math.ceil(high / step + 1e-9) * step
    rows = [base + at * step for at in range(round((roof - base) / step) + 1)]
    columns = sorted({round(left + (right - left) * at / 5) for at in range(6)})
    across = _Axis(x, lambda value: (value - left) / ((right - left) or 1))
    across.ticks.extend((value, short_number(value)) for value in columns if left <= value <= right)
    up = _Axis(y, lambda value: (value - base) / ((roof - base) or 1), [(value, f"{value:.3g}") for value in rows])
    return _plot(across, up, lambda place: _drawn_lines(lines, place))


def frequency_chart(points: Sequence[tuple[float, float, Colour, str]], *, x: str, y: str) -> Markup:
    """Return a dot for each point: x from 1 on a logarithmic axis, y from 0 to 1, its colour and its tooltip."""
    dot = Markup('<g class="dot"><circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3.5"/><title>{}</title></g>')

    def draw(place: _Place) -> Iterator[Markup]:
        return (dot.format(colour, *place((across, up)), title) for across, up, colour, title in points)

    axis = _log_axis(x, max((point[0] for point in points), default=1.0), least=0.5)
    return _plot(axis, _unit_axis(y), draw, "logarithmic axis")


def short_number(value: float) -> str:
    """Return a number as an axis shows it: 950, 1k, 2.5k, 3M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _round_up(value: float) -> float:
    """Return the least of 1, 2 or 5 times a power of ten that is not below a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= value * (1 - 1e-9))


@dataclass(frozen=True)
class _Axis:
    """The name of an axis, the share of its length at which a value stands, and its ticks with their names."""

    name: str
    share: Callable[[float], float]
    ticks: list[tuple[float, str]] = field(default_factory=list)


_Place = Callable[[tuple[float, float]], tuple[float, float]]
"""Returns where a point (x, y) stands in a chart."""


def _log_axis(name: str, most: float, *, least: float = 0.1) -> _Axis:
    """Return a logarithmic axis from 1 to the most, over a tenth of a decade at least."""
    decades = max(least, math.log10(most or 1.0))
    powers = [10**power for power in range(int(decades) + 1)]
    ticks = [(float(value), short_number(value)) for value in powers]
    return _Axis(name, lambda value: math.log10(max(value, 1)) / decades, ticks)


def _unit_axis(name: str) -> _Axis:
    return _Axis(name, lambda value: value, [(value, f"{value:g}") for value in (0.0, 0.25, 0.5, 0.75, 1.0)])


def _plot(x: _Axis, y: _Axis, draw: Callable[[_Place], Iterable[Markup]], note: str = "") -> Markup:
    """Return a chart with two axes, and what is drawn between them."""
    bottom = _HEIGHT - _BOTTOM

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across, up = x.share(point[0]), y.share(point[1])
        return _LEFT + across * (WIDTH - _LEFT - _RIGHT), bottom - up * (bottom - _TOP)

    parts = [
        _axis_names(x.name, y.name, _HEIGHT),
        *(_grid_line(place((1, value))[1], name) for value, name in y.ticks),
        *(_tick(place((value, 1))[0], bottom, name) for value, name in x.ticks),
        *draw(place),
    ]
    return _svg(parts, _HEIGHT, f"{y.name} over {x.name}{note and f', {note}'}")


def _drawn_lines(lines: Iterable[Line], place: _Place) -> Iterator[Markup]:
    """Yield each line through its points, the area below it, and a dot to point at for each tooltip."""
    point = Markup('<circle class="point {}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>')
    for line in lines:
        if not line.points:
            continue
        placed = [place(each) for each in line.points]
        path = " ".join(f"{left:.1f},{top:.1f}" for left, top in placed)
        if line.fill:
            bottom = _HEIGHT - _BOTTOM
            ends = f"{placed[-1][0]:.1f},{bottom} {placed[0][0]:.1f},{bottom}"
            yield Markup('<polygon class="{} area" points="{} {}"/>').format(line.colour, path, ends)
        yield Markup('<polyline class="{} line" points="{}"/>').format(line.colour, path)
        titled = zip(placed, line.titles, strict=False)
        yield from (point.format(line.colour, *at, title) for at, title in titled if title)


def _svg(parts: Iterable[Markup], height: int, label: str) -> Markup:
    svg = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return svg.format(WIDTH, height, label, Markup("").join(parts))


def _axis_names(x: str, y: str, height: int) -> Markup:
    return Markup(
        '<text class="axis" x="{}" y="{}" text-anchor="end">{}</text><text class="axis" x="{}" y="{}">{}</text>'
    ).format(WIDTH - _RIGHT, height - 6, x, _LEFT, _TOP - 14, y)


def _grid_line(y: float, name: str) -> Markup:
    return Markup(
        '<line class="rule" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>'
        '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    ).format(_LEFT, WIDTH - _RIGHT, _LEFT - 8, y + 4, name, y=y)


def _tick(x: float, bottom: float, name: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(x, bottom + 19, name)
