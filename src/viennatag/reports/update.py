"""What decisions taught a bundle, for people to read in a terminal."""

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.reports.comparison import TITLES

if TYPE_CHECKING:
    from viennatag.evaluation.comparison import Contrast
    from viennatag.evaluation.feedback import Continued, Judgement

_STYLES = {"better": "green", "worse": "red", "same": "", "unknown": "dim"}


def continuing_report(continued: "Continued") -> RenderableType:
    """Return figures before and after with their intervals, and in sentences what changed and what was checked."""
    parts = {"Decisions held out": continued.on_decisions, "Validation part of the old marks": continued.on_old}
    tables = [_table(title, part) for title, part in parts.items() if part]
    return Group(*tables, *(Text(line) for line in _sentences(continued)))


def _table(title: str, part: "Judgement") -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="", pad_edge=False, box=SIMPLE_HEAD
    )
    table.add_column("%, 95 % interval", no_wrap=True)
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for figure, name in TITLES.items():
        table.add_row(name, *_cells(part, figure))
    return table


def _cells(part: "Judgement", figure: str) -> list[str]:
    before, after = part["before"][figure], part["after"][figure]
    if after.verdict == "unknown":
        return ["", "", "[dim]none[/dim]"]
    style = _STYLES[after.verdict]
    low, high = 100 * after.difference_low, 100 * after.difference_high
    change = f"{100 * after.difference:+.1f} ({low:+.1f} to {high:+.1f})"
    return [_value(before), _value(after), f"[{style}]{change}[/{style}]" if style else change]


def _value(figure: "Contrast") -> str:
    return f"{100 * figure.value:.1f} ±{50 * (figure.high - figure.low):.1f}"


def _sentences(found: "Continued") -> list[str]:
    labels = len(found.bundle.labels)
    lines = [
        f"{found.decisions:,} decisions; each fifth was scored by a head that learned from the others. What is written "
        "learned from all.",
        f"{found.moved:,} of {labels:,} labels moved, by {found.distance:.0%} of their length (pull {found.pull:g}); "
        f"the other {labels - found.moved:,} are what they were.",
    ]
    if found.on_old is None:
        lines.append(
            "Not checked: whether old marks fare worse, as they were not given (--old). Checked instead: decisions "
            "held out, and how far the weights moved."
        )
    else:
        lines.append(
            "Checked: nothing is worse beyond noise on old marks, nor micro mAP, micro F1 and calibration on decisions."
        )
    if found.added:
        lines.append(f"Added: {', '.join(found.added)}.")
    if found.left_out:
        named = ", ".join(f"{code} ({count})" for code, count in found.left_out.items())
        lines.append(f"Left out, as too few decisions carry them; they count for their nearest ancestor: {named}.")
    return lines
