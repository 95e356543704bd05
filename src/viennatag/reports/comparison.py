"""A comparison of strategies for people to read in a terminal."""

import math
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.evaluation.comparison import LESS_IS_BETTER, METRICS, Comparison, ComparisonRow

METRIC_TITLES = {
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
VERDICT_STYLES = {"better": "green", "worse": "red", "same": "", "unknown": "dim"}
_SIGNS = {"better": "+", "worse": "−", "same": "", "unknown": ""}


def strategies_report(entries: Sequence[tuple[str, str]], decision_rules: Mapping[str, str]) -> RenderableType:
    """Return a table of strategies (name, description) and decision rules (descriptions by name)."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for name, description in entries:
        table.add_row(name, description)
    table.add_row("")
    table.add_row(Text("--decision-rule", style="dim"), Text("how scores become suggestions", style="dim"))
    for name, description in decision_rules.items():
        table.add_row(name, description)
    return table


def comparison_report(comparison: Comparison) -> RenderableType:
    """Return one table: each metric in per cent with its interval, and whether it differs from the baseline."""
    table = Table(header_style="", pad_edge=False, collapse_padding=True, box=SIMPLE_HEAD)
    table.add_column("%, ± half of\n95 % interval", no_wrap=True)
    for title in METRIC_TITLES.values():
        table.add_column(title.replace(" ", "\n", 1), justify="right", no_wrap=True)
    for title in cost_titles(comparison):
        table.add_column(title, justify="right")
    for row in comparison.rows:
        cells = [Text(metric_text(name, row), style=VERDICT_STYLES[row.metrics[name].verdict]) for name in METRICS]
        style = "dim" if row.name == comparison.rows[0].name else ""
        table.add_row(row.name, *cells, *cost_cells(comparison, row), style=style)
    return Group(table, *(Text(line) for line in [*summary(comparison), "", *notes(comparison)]))


def cost_titles(comparison: Comparison) -> tuple[str, ...]:
    """Return the titles of what a row costs: seconds and, where networks differ, parameters and time of an image."""
    known = any(row.parameters is not None for row in comparison.rows)
    return ("s", "million\nparameters", "ms an\nimage") if known else ("s",)


def cost_cells(comparison: Comparison, row: ComparisonRow) -> list[str]:
    """Return what a row costs, as text below `cost_titles`."""
    cells = [f"{row.seconds:.1f}" if row.seconds else ""]
    if row.parameters is not None and row.milliseconds is not None:
        cells += [f"{row.parameters / 1e6:.1f}", f"{row.milliseconds:.1f}"]
    return cells + [""] * (len(cost_titles(comparison)) - len(cells))


def summary(comparison: Comparison) -> list[str]:
    """Return in sentences which strategies are better and which are worse beyond noise."""
    lines = []
    for name in ("macro_map", "head_map", "medium_map", "tail_map", "macro_f1"):
        known = [row for row in comparison.rows if row.metrics[name].verdict in {"better", "worse", "same"}]
        others = [row for row in known[1:] if row.name != comparison.baseline]
        if not others:
            continue
        worse = [row.name for row in others if row.metrics[name].verdict == "worse"]
        result = f"no strategy beats {comparison.baseline} beyond noise"
        if best := next((row for row in others if name in row.best), None):
            found = best.metrics[name]
            ends = (found.difference, found.difference_low, found.difference_high)
            points, low, high = (f"{100 * value:+.1f}" for value in ends)
            result = f"{best.name} is best, {points} points above {comparison.baseline} ({low} to {high})"
        hurt = f"; hurt by {', '.join(worse)}" if worse else ""
        lines.append(f"{METRIC_TITLES[name]}: {result}{hurt}.")
    return lines


def notes(comparison: Comparison) -> list[str]:
    """Return how the metrics were measured."""
    counts = comparison.marks
    folded = comparison.folds is not None
    times, noise = (f"{comparison.folds} folds of ", "folds, seeds") if folded else ("", "seeds")
    bands = ", ".join(f"{size:,} {name} ({_BANDS[name]})" for name, size in comparison.labels.items())
    lines = [
        f"{times}{counts['train']:,} training, {counts['validation']:,} validation and {counts['test']:,} test marks; "
        f"labels with a test mark: {bands}; {comparison.left_out:,} have none and are left out.",
        f"{comparison.seeds} seed{'s' * (comparison.seeds > 1)}; intervals include the noise of {noise} and test marks "
        f"({comparison.rounds} samples). + and − mark a difference from {comparison.baseline} beyond noise, for all "
        "strategies at once; ★ the best of the better ones. Calibration error: lower is better.",
    ]
    lines += [f"{name} was left out: {reason}." for name, reason in comparison.omitted.items()]
    if comparison.reused:
        lines.append(f"{comparison.reused} training runs were taken from the cache.")
    return lines


def metric_text(name: str, row: ComparisonRow) -> str:
    """Return a metric in per cent, with its interval, a sign for its difference from the baseline, and ★ if best."""
    found = row.metrics[name]
    if math.isnan(found.value):
        return "none"
    digits = 2 if name in LESS_IS_BETTER else 1
    interval = f"{100 * found.value:.{digits}f}±{50 * (found.high - found.low):.{digits}f}"
    return f"{interval}{_SIGNS[found.verdict]}{'★' if name in row.best else ''}"
