"""The result of an update with feedback, for people to read in a terminal."""

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.reports.comparison import METRIC_TITLES, VERDICT_STYLES
from viennatag.reports.tables import titled_table

if TYPE_CHECKING:
    from viennatag.evaluation.comparison import Contrast
    from viennatag.evaluation.feedback import Contrasts, UpdateResult


def update_report(result: "UpdateResult") -> RenderableType:
    """Return the metrics before and after with their intervals, and in sentences what changed and what was checked."""
    subsets = {"Held-out feedback": result.on_feedback, "Validation subset of the old marks": result.on_old}
    tables = [_metrics_table(title, metrics) for title, metrics in subsets.items() if metrics]
    return Group(*tables, *(Text(line) for line in _sentences(result)))


def _metrics_table(title: str, metrics: "Contrasts") -> Table:
    table = titled_table(title)
    table.add_column("%, 95 % interval", no_wrap=True)
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for metric, name in METRIC_TITLES.items():
        before, after = metrics["before"][metric], metrics["after"][metric]
        if after.verdict == "unknown":
            table.add_row(name, "", "", Text("none", style="dim"))
            continue
        low, high = 100 * after.difference_low, 100 * after.difference_high
        change = f"{100 * after.difference:+.1f} ({low:+.1f} to {high:+.1f})"
        table.add_row(name, _value(before), _value(after), Text(change, style=VERDICT_STYLES[after.verdict]))
    return table


def _value(metric: "Contrast") -> str:
    return f"{100 * metric.value:.1f} ±{50 * (metric.high - metric.low):.1f}"


def _sentences(result: "UpdateResult") -> list[str]:
    labels = len(result.bundle.labels)
    lines = [
        f"{result.marks:,} marks with feedback, scored by cross-validation in 5 folds. The final head is trained on "
        "all of them.",
        f"{result.moved:,} of {labels:,} labels changed, by {result.distance:.0%} of their norm (L2-SP penalty "
        f"{result.penalty:g}); the other {labels - result.moved:,} are unchanged.",
        "Not checked: the metrics on old marks, which were not given (--old). Checked instead: held-out feedback and "
        "the size of the weight deltas."
        if result.on_old is None
        else "Checked: nothing is worse beyond noise on old marks, and on the feedback neither micro mAP, micro F1 nor "
        "calibration.",
    ]
    if result.added:
        lines.append(f"Added: {', '.join(result.added)}.")
    if result.left_out:
        named = ", ".join(f"{code} ({count})" for code, count in result.left_out.items())
        lines.append(f"Left out, as too few marks have them; they count for their nearest ancestor: {named}.")
    return lines
