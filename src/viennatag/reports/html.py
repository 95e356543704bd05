"""Pages that stand alone: one HTML file with its style and its charts inside.

A report is mailed, archived and opened offline, so nothing is fetched: no script, no font, no image, and a
content policy that forbids it. Colours follow the reader's light or dark setting. Charts are SVG drawn by
pure functions; a `<title>` in them is the tooltip. Every text is escaped unless it is `Markup`, because
labels and paths come from other people's tables.
"""

import base64
import math
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Tone = Literal["blue", "amber", "red", "grey"]
"""Colours of series, told apart by people with any kind of colour vision; each has a light and a dark value."""


class Markup(str):
    """Text that is markup already; any other text is escaped where it meets a page."""

    __slots__ = ()


def text(content: str) -> Markup:
    """Return content as markup: escaped, unless it is markup already."""
    return content if isinstance(content, Markup) else Markup(escape(content))


def page(title: str, lead: str, *sections: Markup, foot: str = "") -> str:
    """Return a whole HTML document."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<header><h1>{escape(title)}</h1><p>{text(lead)}</p></header>\n"
        + "\n".join(sections)
        + f"\n<footer>{text(foot)}</footer>\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *content: Markup, lead: str = "") -> Markup:
    """Return a part of a page under a heading."""
    return Markup(f"<section><h2>{escape(title)}</h2>{_paragraph(lead, 'lead')}{join(content)}</section>")


def join(parts: Sequence[Markup]) -> Markup:
    """Return parts one after the other."""
    return Markup("\n".join(parts))


def columns(*content: Markup) -> Markup:
    """Return cards side by side, below each other where the page is narrow."""
    return Markup(f'<div class="columns">{join(content)}</div>')


def card(title: str, *content: Markup, note: str = "", legend: Sequence[tuple[str, Tone]] = ()) -> Markup:
    """Return a framed chart or table with its title, what its colours mean, and a note below."""
    keys = "".join(f'<span><i class="{tone}"></i>{text(name)}</span>' for name, tone in legend)
    shown = f'<div class="legend">{keys}</div>' if keys else ""
    return Markup(f'<div class="card"><h3>{escape(title)}</h3>{shown}{join(content)}{_paragraph(note, "note")}</div>')


def tiles(*entries: tuple[str, str, str]) -> Markup:
    """Return figures in large type; an entry is its name, its value, and what to make of it."""
    cells = (
        f"<div><dt>{text(name)}</dt><dd><b>{text(value)}</b>{text(note)}</dd></div>" for name, value, note in entries
    )
    return Markup(f'<dl class="tiles">{"".join(cells)}</dl>')


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Container[int] = ()) -> Markup:
    """Return a table; it scrolls sideways by itself where the page is narrow.

    Args:
        head: The headings of the columns.
        rows: Cells, escaped unless they are `Markup`.
        right: Positions of the columns that are aligned to the right, as numbers should be.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        side = (' class="right"' if at in right else "" for at in range(len(cells)))
        return f"<tr>{''.join(f'<{tag}{s}>{text(c)}</{tag}>' for c, s in zip(cells, side, strict=True))}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return Markup(f'<div class="scroll"><table><thead>{line(head, "th")}</thead><tbody>{body}</tbody></table></div>')


def details(summary: str, *content: Markup) -> Markup:
    """Return content that is folded away until the reader asks for it."""
    return Markup(f"<details><summary>{text(summary)}</summary>{join(content)}</details>")


def bullets(entries: Sequence[str]) -> Markup:
    """Return a list of paragraphs."""
    return Markup(f"<ul>{''.join(f'<li>{text(entry)}</li>' for entry in entries)}</ul>")


def strong(content: str) -> Markup:
    """Return content in bold."""
    return Markup(f"<b>{text(content)}</b>")


def picture(content: bytes, media_type: str, width: int) -> Markup:
    """Return an image that is held inside the page."""
    data = base64.b64encode(content).decode("ascii")
    return Markup(f'<img src="data:{media_type};base64,{data}" width="{width}" alt="">')


def code_spans(content: str) -> Markup:
    """Return plain text in which what stands between backticks is set as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escape(content)))


WIDTH = 480
"""Width of a chart in its own units: it is scaled to its card, and letters stay legible on a phone."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 30, 48


@dataclass(frozen=True)
class Line:
    """A series of a line chart.

    Attributes:
        points: x and y, ascending in x.
        tone: Its colour.
        titles: What the tooltip at each point says; empty for none.
        fill: Whether the area below is coloured.
    """

    points: Sequence[tuple[float, float]]
    tone: Tone
    titles: Sequence[str] = ()
    fill: bool = False


def log_chart(lines: Sequence[Line], *, x: str, y: str, height: int = 300) -> Markup:
    """Return lines over two logarithmic axes that start at 1; points below 1 are drawn at 1.

    Args:
        lines: The series, drawn in this order.
        x: What the horizontal axis shows.
        y: What the vertical axis shows.
        height: Height in chart units.
    """
    decades = [
        max(0.1, math.log10(max((point[axis] for line in lines for point in line.points), default=1.0) or 1.0))
        for axis in (0, 1)
    ]
    bottom = height - _BOTTOM

    def place(point: tuple[float, float]) -> tuple[float, float]:
        right, up = (math.log10(max(value, 1)) / span for value, span in zip(point, decades, strict=True))
        return _LEFT + right * (WIDTH - _LEFT - _RIGHT), bottom - up * (bottom - _TOP)

    across, along = ([10**power for power in range(int(span) + 1)] for span in decades)
    if decades[0] % 1 > 0.12 * decades[0]:  # far enough from the last power of ten to be read
        across.append(round(10 ** decades[0]))
    parts = [
        _axis_names(x, y, height),
        *(_rule(place((1, value))[1], short_number(value)) for value in along),
        *(_tick(place((value, 1))[0], bottom, short_number(value)) for value in across),
    ]
    for line in lines:
        placed = [place(point) for point in line.points]
        if not placed:
            continue
        path = " ".join(f"{left:.1f},{top:.1f}" for left, top in placed)
        if line.fill:
            ends = f"{placed[-1][0]:.1f},{bottom} {placed[0][0]:.1f},{bottom}"
            parts.append(f'<polygon class="{line.tone} area" points="{path} {ends}"/>')
        parts.append(f'<polyline class="{line.tone} line" points="{path}"/>')
        parts.extend(
            f'<g class="spot {line.tone}"><circle class="reach" cx="{left:.1f}" cy="{top:.1f}" r="9"/>'
            f'<circle cx="{left:.1f}" cy="{top:.1f}" r="4"/><title>{text(title)}</title></g>'
            for (left, top), title in zip(placed, line.titles, strict=False)
        )
    return _svg(parts, height, f"{y} over {x}, logarithmic axes")


def bar_chart(bars: Sequence[tuple[str, float, str]], *, x: str, y: str, height: int = 300) -> Markup:
    """Return upright bars; a bar is its name, its value from 0 up, and what its tooltip says.

    Args:
        bars: From left to right.
        x: What the names are.
        y: What the values are.
        height: Height in chart units.
    """
    bottom, top_value = height - _BOTTOM, max((value for _, value, _ in bars), default=0) or 1
    step = _nice_step(top_value)
    scale = (bottom - _TOP) / (math.ceil(top_value / step) * step)
    width = (WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    every = math.ceil(len(bars) / 12)  # more names than that would touch on a phone
    rules = range(math.ceil(top_value / step) + 1)
    parts = [
        _axis_names(x, y, height),
        *(_rule(bottom - at * step * scale, short_number(at * step)) for at in rules),
    ]
    for at, (name, value, title) in enumerate(bars):
        left, tall = _LEFT + at * width, value * scale
        parts.append(
            f'<g class="bar"><rect class="blue" x="{left + width * 0.1:.1f}" y="{bottom - tall:.1f}" '
            f'width="{width * 0.8:.1f}" height="{tall:.1f}" rx="2"/><rect class="reach" x="{left:.1f}" y="{_TOP}" '
            f'width="{width:.1f}" height="{bottom - _TOP}"/><title>{text(title)}</title></g>'
        )
        if (len(bars) - 1 - at) % every == 0:
            parts.append(_tick(left + width / 2, bottom, name))
    return _svg(parts, height, f"{y} by {x}")


def share_bars(rows: Sequence[tuple[str, Sequence[tuple[float, Tone, str]]]]) -> Markup:
    """Return a full-width bar per row, cut into its parts; a part is its share, its colour and its tooltip."""
    parts: list[str] = []
    high, gap = 22, 54
    for at, (name, cuts) in enumerate(rows):
        top, left = 26 + at * gap, 0.0
        parts.append(f'<text x="0" y="{top - 8}" class="name">{text(name)}</text>')
        for share, tone, title in cuts:
            wide = share * WIDTH
            label = f"{share:.0%}"
            parts.append(
                f'<g class="part"><rect class="{tone}" x="{left:.1f}" y="{top}" width="{max(wide - 2, 0.5):.1f}" '
                f'height="{high}" rx="3"/>'
                + (f'<text x="{left + 7:.1f}" y="{top + 16}" class="on">{label}</text>' if wide > 46 else "")
                + f"<title>{text(title)}</title></g>"
            )
            left += wide
    return _svg(parts, 16 + gap * len(rows), "shares: " + ", ".join(name for name, _ in rows))


def triangle_map(names: Sequence[str], cells: Sequence[Sequence[tuple[float, str]]]) -> Markup:
    """Return a coloured cell for each pair, each name at the end of its row and the head of its column.

    Args:
        names: What the rows and columns are.
        cells: Row `i` holds for each `j < i` a strength in [-1, 1], red below 0 and blue above, and a tooltip.
    """
    size = min(26.0, 320 / max(len(names), 1))
    parts: list[str] = []
    for i, (name, row) in enumerate(zip(names, cells, strict=True)):
        top = i * size
        parts.extend(
            f'<g class="cell"><rect class="ground" x="{j * size:.1f}" y="{top:.1f}" width="{size - 1.5:.1f}" '
            f'height="{size - 1.5:.1f}" rx="2"/><rect class="{"blue" if strength > 0 else "red"}" x="{j * size:.1f}" '
            f'y="{top:.1f}" width="{size - 1.5:.1f}" height="{size - 1.5:.1f}" rx="2" '
            f'fill-opacity="{min(abs(strength), 1):.2f}"/><title>{text(title)}</title></g>'
            for j, (strength, title) in enumerate(row[:i])
        )
        room = int((WIDTH - i * size - 4) / 7.6)  # letters, at the width they have on a phone
        shown = name if len(name) <= room else name[: room - 1].rstrip(" ,") + "…"
        parts.append(
            f'<text class="name small" x="{i * size + 4:.1f}" y="{top + size * 0.5 + 3.5:.1f}">{text(shown)}'
            f"<title>{text(name)}</title></text>"
        )
    return _svg(parts, math.ceil(size * len(names)) + 4, "how often pairs stand together")


def short_number(value: float) -> str:
    """Return a number as an axis shows it: 950, 1k, 2.5k, 3M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _nice_step(top: float) -> float:
    """Return 1, 2 or 5 times a power of ten, so that three to six steps reach `top`."""
    power = 10 ** math.floor(math.log10(top / 3))
    return float(next(step * power for step in (1, 2, 5, 10) if top / (step * power) <= 6))


def _svg(parts: Sequence[str], height: int, name: str) -> Markup:
    return Markup(f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">{"".join(parts)}</svg>')


def _axis_names(x: str, y: str, height: int) -> str:
    return (
        f'<text class="axis" x="{WIDTH - _RIGHT}" y="{height - 6}" text-anchor="end">{text(x)}</text>'
        f'<text class="axis" x="{_LEFT}" y="{_TOP - 14}">{text(y)}</text>'
    )


def _rule(top: float, name: str) -> str:
    return (
        f'<line class="rule" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{top:.1f}" y2="{top:.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{top + 4:.1f}" text-anchor="end">{text(name)}</text>'
    )


def _tick(left: float, bottom: float, name: str) -> str:
    return f'<text x="{left:.1f}" y="{bottom + 19}" text-anchor="middle">{text(name)}</text>'


def _paragraph(content: str, kind: str) -> str:
    return f'<p class="{kind}">{text(content)}</p>' if content else ""


STYLE = """
:root { --page: #f6f7f9; --card: #fff; --ink: #161a21; --soft: #59626f; --rule: #e2e6ec; --blue: #2c62d6;
  --amber: #dd9a1a; --red: #cf4457; --grey: #98a2b0; --on: #fff; --link: #2453b8; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1217; --card: #171b22; --ink: #e9ecf1; --soft: #9da7b5; --rule: #2a313c; --blue: #6d9bff;
    --amber: #e5b04c; --red: #ff7485; --grey: #6d7786; --on: #0f1217; --link: #8db1ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system,
  "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; -webkit-text-size-adjust: 100%; }
main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 64px; }
h1 { font-size: 32px; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 21px; letter-spacing: -.01em; margin: 52px 0 12px; }
h3 { font-size: 15px; margin: 0 0 10px; }
.lead { margin-top: -8px; }
header p, .lead { color: var(--soft); margin-bottom: 18px; max-width: 72ch; }
header p { font-size: 17px; margin-top: 0; }
.columns { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px; align-items: start; }
.card, .tiles > div { background: var(--card); border: 1px solid var(--rule); border-radius: 12px; }
.card { padding: 18px 20px; margin: 0 0 16px; min-width: 0; }
.columns .card { margin: 0; height: 100%; }
.columns + * { margin-top: 16px; }
.note { color: var(--soft); font-size: 14px; margin: 12px 0 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tiles > div { padding: 14px 16px; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; color: var(--soft); font-size: 13px; line-height: 1.4; }
dd b { display: block; color: var(--ink); font-size: 26px; line-height: 1.3; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 0 0 10px; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
i.blue { background: var(--blue); } i.amber { background: var(--amber); }
i.red { background: var(--red); } i.grey { background: var(--grey); }
.scroll { overflow-x: auto; margin: 0 -4px; padding: 0 4px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 13px; vertical-align: bottom; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--rule); }
td { vertical-align: top; } td:first-child { white-space: pre; }
tbody tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.right { text-align: right; white-space: nowrap; }
details { margin-top: 14px; }
summary { cursor: pointer; color: var(--link); font-size: 14px; padding: 4px 0; }
ul { margin: 0; padding: 0; list-style: none; }
li { padding: 12px 0; border-bottom: 1px solid var(--rule); max-width: 88ch; }
li:first-child { padding-top: 0; } li:last-child { border: 0; padding-bottom: 0; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 13px; margin-top: 48px; }
svg { display: block; width: 100%; height: auto; font-size: 12.5px; overflow: visible; }
svg text { fill: var(--soft); font-variant-numeric: tabular-nums; }
svg .axis { font-style: italic; } svg .name { fill: var(--ink); } svg .small { font-size: 11.5px; }
svg .on { fill: var(--on); font-weight: 600; } svg .amber + .on { fill: #1c1402; }
svg .rule { stroke: var(--rule); } svg .reach { fill: transparent; } svg .ground { fill: var(--rule); opacity: .55; }
svg .blue { fill: var(--blue); --tone: var(--blue); } svg .amber { fill: var(--amber); --tone: var(--amber); }
svg .red { fill: var(--red); --tone: var(--red); } svg .grey { fill: var(--grey); --tone: var(--grey); }
svg .line { fill: none; stroke: var(--tone); stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
svg .line.grey { stroke-width: 1.5; stroke-dasharray: 4 4; }
svg .area { fill-opacity: .16; }
svg .spot circle:not(.reach) { opacity: 0; } svg .spot:hover circle { opacity: 1; }
svg .bar:hover rect:first-child, svg .part:hover rect, svg .cell:hover rect { filter: brightness(1.12); }
@media (max-width: 760px) {
  main { padding: 28px 14px 48px; } h1 { font-size: 26px; } h2 { margin-top: 40px; }
  .columns { grid-template-columns: minmax(0, 1fr); } .card { padding: 16px 14px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } dd b { font-size: 22px; }
  td:not(.right, :first-child) { min-width: 170px; }
  svg { font-size: 15px; } svg .small { font-size: 13px; }
}
@media print { body { background: none; } .card, .tiles > div { break-inside: avoid; } }
"""
