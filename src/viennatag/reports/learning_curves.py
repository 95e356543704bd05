"""Learning curves for people: which labels gain most from more marks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from rich.console import RenderableType
from rich.text import Text

from viennatag.reports import charts
from viennatag.reports.charts import Line
from viennatag.reports.pages import Chart, render
from viennatag.reports.tables import ReportTable, titled_table

if TYPE_CHECKING:
    from viennatag.evaluation.learning_curves import LearningCurves

MORE = 50
"""Marks of a label that are imagined to be added."""
_HEAD = ("label", "marks", "average precision", f"with {MORE} more", "95 % interval")
_CHARTS = 24


def curves_json(curves: "LearningCurves") -> list[dict[str, Any]]:
    """Return plain data of each label, the greatest gain first; labels without a test mark have no figures."""
    rows = []
    for at in _ranked(curves, known_only=False):
        ahead = curves.ahead(at, MORE)
        figures = (
            curves.samples[-1, 0, at],
            ahead.value,
            ahead.low,
            ahead.high,
            ahead.value - curves.samples[-1, 0, at],
        )
        named = zip(("average_precision", "expected", "low", "high", "gain"), figures, strict=True)
        plain = {name: None if np.isnan(value) else round(float(value), 5) for name, value in named}
        rows.append({"label": curves.names[at], "marks": int(curves.counts[-1, at]), "more": MORE, **plain})
    return rows


def curves_report(curves: "LearningCurves", *, shown: int = 15) -> RenderableType:
    """Return a table for a terminal of the labels that gain most."""
    table = titled_table(f"what {MORE} more marks of a label would bring, the greatest gain first")
    for at, name in enumerate(_HEAD):
        table.add_column(name, justify="right" if at else "left")
    for row in _rows(curves, _ranked(curves)[:shown]):
        table.add_row(*map(Text, row))
    return table


def curves_section(curves: "LearningCurves") -> Markup:
    """Return all labels as a section of a page, with the curves of those that gain most."""
    ranked = _ranked(curves)
    table = ReportTable(_HEAD, _rows(curves, ranked), {1, 2, 3, 4})
    found = [(curves.names[at], curves_chart(curves, at)) for at in ranked[:_CHARTS]]
    named = [chart._replace(title=name) for name, chart in found if chart]
    return render("learning_curves", more=MORE, table=table, charts=named, left_out=len(curves.names) - len(ranked))


def curves_chart(curves: "LearningCurves", at: int) -> Chart | None:
    """Return how a label's average precision grows with its training marks; None where too few carry it."""
    points = curves.measured(at)
    if not len(points):
        return None
    ahead = curves.ahead(at, MORE)
    lines = [
        Line(
            [(float(marks), float(mean)) for marks, mean in points],
            "blue",
            [f"{marks:.0f} marks: {mean:.2f}" for marks, mean in points],
        ),
        Line([(float(points[-1, 0]), float(points[-1, 1])), (ahead.marks, ahead.value)], "grey"),
        Line([(ahead.marks, ahead.low), (ahead.marks, ahead.high)], "amber"),
    ]
    gain = f"{ahead.value - points[-1, 1]:+.2f} ({ahead.low - points[-1, 1]:+.2f} to {ahead.high - points[-1, 1]:+.2f})"
    svg = charts.step_chart(lines, x="training marks with the label", y="average precision")
    note = f"{MORE} more: {gain}, with a linear head on the same features."
    return Chart("What more marks would bring", svg, note=note)


def _ranked(curves: "LearningCurves", *, known_only: bool = True) -> list[int]:
    """Return the positions of labels, the greatest gain first, those without a test mark last or not at all."""
    gain = curves.gain(MORE)
    order = np.argsort(-np.nan_to_num(gain, nan=-np.inf), kind="stable")
    return [int(at) for at in order if not known_only or not np.isnan(gain[at])]


def _rows(curves: "LearningCurves", positions: Sequence[int]) -> list[list[str]]:
    rows = []
    for at in positions:
        ahead = curves.ahead(at, MORE)
        now = f"{curves.samples[-1, 0, at]:.2f}"
        interval = f"{ahead.low:.2f} to {ahead.high:.2f}"
        rows.append([curves.names[at], f"{curves.counts[-1, at]:,.0f}", now, f"{ahead.value:.2f}", interval])
    return rows
