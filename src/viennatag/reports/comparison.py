"""A comparison of strategies for people: in a terminal, or as a page that stands alone."""

import math
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.evaluation.comparison import FIGURES, LESS_IS_BETTER, Comparison, Contrast, Row
from viennatag.reports import html
from viennatag.reports.html import Markup

TITLES = {
    "macro_map": "macro mAP",
    "head_map": "head mAP",
    "medium_map": "medium mAP",
    "tail_map": "tail mAP",
    "micro_map": "micro mAP",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "calibration_error": "calibration error",
}
_BANDS = {"head": "more than 100 training marks", "medium": "20 to 100", "tail": "fewer than 20"}
_COLOURS = {"better": "green", "worse": "red", "same": "", "unknown": "dim"}
_TONES = {"better": "blue", "worse": "red", "same": "grey"}
_SIGNS = {"better": "+", "worse": "−", "same": "", "unknown": ""}
CHARTED = ("macro_map", "tail_map")


def strategies_report(entries: Sequence[tuple[str, str, int]], decisions: Mapping[str, str]) -> RenderableType:
    """Return what there is to choose among.

    Args:
        entries: Of each strategy name, description, and which of the five replies it is.
        decisions: Of each decision name and description.
    """
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, description, reply in entries:
        table.add_row(name, Text(description).append(f"  reply {reply} of 5" if reply else "", style="dim"))
    table.add_row("")
    table.add_row(Text("--decision", style="dim"), Text("how scores become suggestions", style="dim"))
    for name, description in decisions.items():
        table.add_row(name, description)
    return table


def comparison_report(comparison: Comparison) -> RenderableType:
    """Return one table: each figure in per cent with its interval, and whether it differs from the baseline."""
    table = Table(header_style="", pad_edge=False, collapse_padding=True, box=SIMPLE_HEAD)
    table.add_column("%, ± half of\n95 % interval", no_wrap=True)
    for title in TITLES.values():
        table.add_column(title.replace(" ", "\n", 1), justify="right", no_wrap=True)
    table.add_column("s", justify="right")
    for row in comparison.rows:
        cells = [_cell(name, row) for name in FIGURES]
        style = "dim" if row.name == comparison.rows[0].name else ""
        table.add_row(row.name, *cells, f"{row.seconds:.1f}" if row.seconds else "", style=style)
    return Group(table, *(Text(line) for line in [*summary(comparison), "", *notes(comparison)]))


def summary(comparison: Comparison) -> list[str]:
    """Return what the comparison says, in sentences: which strategies help and which hurt, beyond noise."""
    lines = []
    for name in ("macro_map", "head_map", "medium_map", "tail_map", "macro_f1"):
        judged = [row for row in comparison.rows if row.figures[name].verdict in {"better", "worse", "same"}]
        others = [row for row in judged[1:] if row.name != comparison.baseline]
        best = next((row for row in others if name in row.best), None)
        worse = [row.name for row in others if row.figures[name].verdict == "worse"]
        if not others:
            continue
        if best:
            found = best.figures[name]
            said = (
                f"{best.name} is best, {_points(found.difference)} points above {comparison.baseline} "
                f"({_points(found.difference_low)} to {_points(found.difference_high)})"
            )
        else:
            said = f"no strategy beats {comparison.baseline} beyond noise"
        hurt = f"; hurt by {', '.join(worse)}" if worse else ""
        lines.append(f"{TITLES[name]}: {said}{hurt}.")
    return lines


def notes(comparison: Comparison) -> list[str]:
    """Return how the figures came about."""
    counts = comparison.marks
    bands = ", ".join(f"{size:,} {name} ({_BANDS[name]})" for name, size in comparison.labels.items())
    lines = [
        f"{counts['train']:,} marks to learn from, {counts['validation']:,} to calibrate on, {counts['test']:,} to "
        f"judge on; labels with a test mark: {bands}; {comparison.left_out:,} have none and are left out.",
        f"{comparison.seeds} seeds; intervals hold the noise of seeds and of test marks ({comparison.rounds} samples). "
        f"+ and − mark a difference from {comparison.baseline} beyond noise, for all strategies at once; ★ the best "
        "of those that are better. Calibration error: less is better.",
    ]
    lines += [f"{name} was left out: {why}." for name, why in comparison.omitted.items()]
    if comparison.reused:
        lines.append(f"{comparison.reused} trainings were reused from the cache.")
    return lines


def comparison_page(comparison: Comparison, *, source: str) -> str:
    """Return the comparison as one HTML page.

    Args:
        comparison: What was found.
        source: What the marks are called.
    """
    head = ["strategy", *(Markup(title.replace(" ", "<br>", 1)) for title in TITLES.values()), "s"]
    rows = [
        [row.name, *(_html_cell(name, row) for name in FIGURES), f"{row.seconds:.1f}" if row.seconds else ""]
        for row in comparison.rows
    ]
    said = [
        [row.name, row.description + (f" (reply {row.reply} of 5)" if row.reply else "")] for row in comparison.rows
    ]
    charts = [
        html.card(
            f"{TITLES[name]}, difference from {comparison.baseline}",
            _difference_chart(comparison, name),
            note="In points of per cent, with the 95 % interval that holds for all strategies at once. A line that "
            "crosses zero is noise.",
            legend=(("better", "blue"), ("worse", "red"), ("within noise", "grey")),
        )
        for name in CHARTED
        if not math.isnan(comparison.find(comparison.baseline).figures[name].value)
    ]
    return html.page(
        "Remedies for imbalance, compared",
        f"{source}: what each strategy does for common and for rare labels, on the same features and the same split.",
        html.section("What helps", html.card("Beyond noise", html.bullets(summary(comparison))), html.columns(*charts)),
        html.section(
            "All figures",
            html.card("Per cent, ± half of the 95 % interval", html.table(head, rows, right=range(1, len(head)))),
            html.card("What each strategy does", html.table(["strategy", "what it does"], said)),
        ),
        html.section("How to read it", html.card("About these figures", html.bullets(notes(comparison)))),
    )


def _cell(name: str, row: Row) -> str:
    found = row.figures[name]
    if math.isnan(found.value):
        return "[dim]none[/dim]"
    star = "★" if name in row.best else ""
    text = f"{_value(name, found)}{_SIGNS[found.verdict]}{star}"
    colour = _COLOURS[found.verdict]
    return f"[{colour}]{text}[/{colour}]" if colour else text


def _value(name: str, found: Contrast) -> str:
    digits = 2 if name in LESS_IS_BETTER else 1
    return f"{100 * found.value:.{digits}f}±{50 * (found.high - found.low):.{digits}f}"


def _html_cell(name: str, row: Row) -> str:
    found = row.figures[name]
    if math.isnan(found.value):
        return "none"
    text = f"{_value(name, found)} {_SIGNS[found.verdict]}{'★' if name in row.best else ''}".rstrip()
    return html.strong(text) if name in row.best else text


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _difference_chart(comparison: Comparison, name: str) -> Markup:
    """Return a line per strategy over the interval of its difference, the best on top."""
    found = [(row.name, row.figures[name]) for row in comparison.rows[1:] if row.name != comparison.baseline]
    found = sorted((each for each in found if each[1].verdict != "unknown"), key=lambda each: -each[1].difference)
    ends = [abs(end) for _, each in found for end in (each.difference_low, each.difference_high)]
    reach = 1.05 * max(ends, default=0) or 1.0  # all may be alike to the last mark: then any scale will do
    middle, half, gap = 315.0, html.WIDTH - 315.0, 22
    bottom = gap * len(found) + 6

    def across(value: float) -> float:
        return middle + half * value / reach

    parts = [f'<line class="rule" x1="{middle}" x2="{middle}" y1="0" y2="{bottom}"/>']
    step = _nice(reach / 1.5)
    for value in (-step, 0.0, step):
        label = f"{100 * value:+.1f}" if value else "0"
        parts.append(f'<text x="{across(value):.1f}" y="{bottom + 16}" text-anchor="middle">{label}</text>')
    for at, (title, each) in enumerate(found):
        top, tone = gap * at + 14, _TONES[each.verdict]
        left, right = across(each.difference_low), across(each.difference_high)
        tip = f"{title}: {_points(each.difference)}, {_points(each.difference_low)} to {_points(each.difference_high)}"
        parts.append(
            f'<g><rect class="reach" x="0" y="{top - 11}" width="{html.WIDTH}" height="{gap}"/>'
            f'<text class="name small" x="0" y="{top + 4}">{html.text(title)}</text>'
            f'<line class="{tone} line" x1="{left:.1f}" x2="{right:.1f}" y1="{top}" y2="{top}"/>'
            f'<circle class="{tone}" cx="{across(each.difference):.1f}" cy="{top}" r="4.5"/>'
            f"<title>{html.text(tip)}</title></g>"
        )
    drawn = html.text(f"{TITLES[name]} of each strategy, difference from {comparison.baseline}")
    size = f"0 0 {html.WIDTH} {bottom + 24}"
    return Markup(f'<svg viewBox="{size}" role="img" aria-label="{drawn}">{"".join(parts)}</svg>')


def _nice(value: float) -> float:
    """Return the greatest of 1, 2 or 5 times a power of ten that is not above a positive value."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(each * power for each in (1, 2, 5) if each * power <= value)
