"""The figures of each label for people: one HTML page to sort, search and open, and a CSV table.

The page holds its pictures and its one script itself. Charts and pictures of a label are shown when it is opened, so
a page with thousands of labels stays quick.
"""

import base64
import csv
import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from viennatag.data.marks import Marks
from viennatag.errors import ImageError
from viennatag.evaluation.label_report import Confusion, LabelDetails, LabelReport
from viennatag.files import safe_cells
from viennatag.metrics.metrics import frequency_bands, mean_of_known
from viennatag.reports import charts
from viennatag.reports.charts import Colour, Line
from viennatag.reports.learning_curves import MORE, curves_chart
from viennatag.reports.pages import Chart, render, thumbnail_url

if TYPE_CHECKING:
    from viennatag.evaluation.learning_curves import LearningCurves

_THUMBNAIL = 88
_BANDS: dict[str, Colour] = {"head": "blue", "medium": "amber", "tail": "red"}
_SCRIPT = Path(__file__).parent / "templates/labels.js"


class _Cell(NamedTuple):
    """A cell of the table: its text, the number it is sorted by, and the class of its column."""

    text: str
    value: float | str
    kind: str = "right"


class _Picture(NamedTuple):
    """A mark in the details of a label."""

    row: int
    caption: str
    title: str


def write_label_table(report: LabelReport, file: TextIO) -> None:
    """Write the figures of each label as CSV, one row per label; an undefined figure is empty."""
    columns = report.columns()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(columns)
    table.writerows(map(safe_cells, zip(*(map(_csv_cell, each) for each in columns.values()), strict=True)))


def _csv_cell(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{value:.5g}"
    return str(value)


def label_report_page(
    report: LabelReport,
    *,
    source: str,
    marks: Marks | None = None,
    images: Path | str | None = None,
    curves: "LearningCurves | None" = None,
    training: Sequence[Chart] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return the figures of each label as one HTML page.

    Args:
        report: The figures.
        source: What was evaluated, as a person would name it.
        marks: The evaluated marks, in the order of the scores; without them no mark is shown.
        images: Folder of their images; without it marks are named but not pictured.
        curves: What more training marks would bring, by label.
        training: Charts of the training.
        notes: What a reader must know about these marks.
    """
    pictured = _pictures(report, marks, images)
    script = _SCRIPT.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    bands = _band_of(report)
    gains = None if curves is None else curves.gain(MORE)
    shown = list(dict.fromkeys(report.levels))
    return render(
        "labels",
        title="Report for each label",
        lead=source,
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        tiles=_tiles(report),
        charts=[_overview(report, bands), _distribution(report), *training],
        notes=notes,
        levels=shown if len(shown) > 1 else [],
        bands=[band for band in _BANDS if band in bands],
        groups=[group for group in dict.fromkeys(report.groups) if group],
        head=_head(report, curves),
        rows=[
            {
                "name": name,
                "heading": report.headings[at] if report.headings[at] != name else "",
                "level": report.levels[at],
                "band": bands[at],
                "group": report.groups[at],
                "cells": _cells(report, at, gains),
                "details": _details(report, at, marks, curves),
            }
            for at, name in enumerate(report.names)
        ],
        pictures=Markup(json.dumps(pictured).replace("<", "\\u003c")),
    )


def _band_of(report: LabelReport) -> list[str]:
    if "train" not in report.support:
        return [""] * len(report)
    inside = frequency_bands(report.support["train"])
    return [next(name for name, chosen in inside.items() if chosen[at]) for at in range(len(report))]


def _tiles(report: LabelReport) -> list[tuple[str, str, str]]:
    known = ~np.isnan(report.average_precision)
    silent = int(np.count_nonzero(known & (report.suggested == 0)))
    without = len(report) - int(known.sum())
    return [
        ("marks evaluated", f"{len(report.scores):,}", f"{int(report.support['evaluated'].sum()):,} labels on them"),
        ("labels", f"{len(report):,}", f"{without:,} of them on no evaluated mark"),
        ("mean average precision", _share(mean_of_known(report.average_precision)), "over labels with marks"),
        ("mean F1", _share(mean_of_known(report.f1)), "at the thresholds"),
        ("never suggested", f"{silent:,}", "labels with marks that no mark is given"),
    ]


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _overview(report: LabelReport, bands: Sequence[str]) -> Chart:
    known = np.flatnonzero(~np.isnan(report.average_precision)).tolist()
    subset = "train" if "train" in report.support else "evaluated"
    counts = report.support[subset]
    points: list[tuple[float, float, Colour, str]] = [
        (
            float(counts[at]),
            float(report.average_precision[at]),
            _BANDS.get(bands[at], "blue"),
            f"{_title(report, at)}: {report.average_precision[at]:.2f} with {counts[at]:,} marks",
        )
        for at in known
    ]
    legend = [(name, colour) for name, colour in _BANDS.items() if name in bands]
    what = "training marks" if subset == "train" else "marks"
    svg = charts.frequency_chart(points, x=f"{what} of the label", y="average precision")
    return Chart("Average precision by frequency", svg, legend, "One dot for each label; hold the pointer over it.")


def _distribution(report: LabelReport) -> Chart:
    values = report.average_precision[~np.isnan(report.average_precision)]
    counts = np.bincount(np.minimum((values * 10).astype(int), 9), minlength=10)
    bars = [
        (f"{at / 10:g}", float(count), f"{count:,} labels from {at / 10:g} to {(at + 1) / 10:g}")
        for at, count in enumerate(counts)
    ]
    return Chart("Labels by average precision", charts.bar_chart(bars, x="average precision from", y="labels"))


def _title(report: LabelReport, at: int) -> str:
    name, heading = report.names[at], report.headings[at]
    return name if heading == name else f"{name} {heading}"


def _head(report: LabelReport, curves: "LearningCurves | None") -> list[tuple[str, str, str]]:
    """Return name, tooltip and class of each column after the label's."""
    return [
        *((name, f"marks with the label in {name}", _subset_class(name)) for name in _subsets(report)),
        ("evaluated", "evaluated marks with the label", "right"),
        ("AP", "average precision, with its 95 % interval by bootstrap over marks", "bar"),
        *([("+50", "expected gain of average precision with 50 more training marks", "right")] if curves else []),
        ("precision", "share of the suggestions that are right", "right"),
        ("recall", "share of the label's marks that are suggested", "right"),
        ("F1", "harmonic mean of precision and recall", "right"),
        ("threshold", "the label is suggested from this score on", "right wide"),
        ("calibration", "expected calibration error", "right wide"),
    ]


def _subsets(report: LabelReport) -> list[str]:
    """Return the subsets with a column of their own, without the one that was evaluated."""
    evaluated = report.support["evaluated"]
    return [name for name, counts in report.support.items() if not np.array_equal(counts, evaluated)]


def _subset_class(name: str) -> str:
    return "right" if name in {"train", "evaluated"} else "right wide"


def _cells(report: LabelReport, at: int, gains: NDArray[np.float64] | None) -> list[_Cell]:
    value, low, high = (float(each[at]) for each in (report.average_precision, report.low, report.high))
    more = [] if gains is None else [_number(float(gains[at]), sign="+")]
    return [
        *(
            _Cell(f"{report.support[name][at]:,}", int(report.support[name][at]), _subset_class(name))
            for name in (*_subsets(report), "evaluated")
        ),
        _Cell(_bar(value, low, high), "" if math.isnan(value) else round(value, 5), "bar"),
        *more,
        *(_number(float(each[at])) for each in (report.precision, report.recall, report.f1)),
        *(
            _number(float(each[at]), digits=3, kind="right wide")
            for each in (report.threshold, report.calibration_error)
        ),
    ]


def _number(value: float, *, digits: int = 2, kind: str = "right", sign: str = "") -> _Cell:
    return _Cell("–", "", kind) if math.isnan(value) else _Cell(f"{value:{sign}.{digits}f}", round(value, 5), kind)


def _bar(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "–"
    ends = (value, value) if math.isnan(low) else (max(low, 0.0), min(high, 1.0))
    svg = Markup(
        '<span class="bar"><svg viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label="{value:.2f}">'
        '<rect class="background" width="100" height="14"/><rect class="blue" width="{width:.1f}" height="14"/>'
        '<line class="whisker" x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7"/>'
        "<title>{value:.3f}, 95 % interval {from_:.3f} to {to:.3f}</title></svg><b>{value:.2f}</b></span>"
    )
    return svg.format(value=value, width=100 * value, low=100 * ends[0], high=100 * ends[1], from_=ends[0], to=ends[1])


def _details(report: LabelReport, at: int, marks: Marks | None, curves: "LearningCurves | None") -> dict[str, Any]:
    found = report.details[at]
    drawn = [_curve_chart(report, at), _reliability_chart(found)]
    if curves is not None and (chart := curves_chart(curves, at)):
        drawn.append(chart)

    def pictures(rows: Iterable[int]) -> list[_Picture]:
        if marks is None:
            return []
        named = [(row, float(report.scores[row, at])) for row in rows]
        return [
            _Picture(row, f"{score:.2f}", f"{marks.ids[row]}: score {score:.3f}; its labels: {labels_of(marks, row)}")
            for row, score in named
        ]

    return {
        "charts": [chart for chart in drawn if chart],
        "confusions": [
            ("Where it is missed, these are wrongly suggested", _confusions(report, found.instead)),
            ("Where it is wrongly suggested, these are right but missed", _confusions(report, found.really)),
        ],
        "pictures": [
            ("Best right suggestions", "blue", pictures(found.right)),
            ("Worst wrong suggestions", "red", pictures(found.false_positives)),
            ("Marks with the label and the lowest scores", "amber", pictures(found.missed)),
        ],
    }


def labels_of(marks: Marks, row: int) -> str:
    """Return the labels of a mark as text."""
    return "; ".join(marks.codes[row]) or "none"


def _confusions(report: LabelReport, found: Sequence[Confusion]) -> list[tuple[int, str, str]]:
    return [
        (
            each.label,
            _title(report, each.label),
            f"on {each.marks:,} mark{'s' if each.marks > 1 else ''}, {each.expected:.1f} by chance",
        )
        for each in found
    ]


def _curve_chart(report: LabelReport, at: int) -> Chart | None:
    curve = report.details[at].curve
    if not len(curve):
        return None
    points = [(0.0, float(curve[0, 1])), *((float(recall), float(precision)) for recall, precision in curve)]
    titles = ["", *(f"recall {recall:.2f}, precision {precision:.2f}" for recall, precision in curve)]
    lines = [Line(points, "blue", titles, fill=True)]
    precision, recall = float(report.precision[at]), float(report.recall[at])
    note = ""
    if not math.isnan(precision):
        lines.append(Line([(recall, precision)] * 2, "red", [f"at the threshold {report.threshold[at]:.3f}"]))
        note = f"At the threshold {report.threshold[at]:.3f}: precision {precision:.2f}, recall {recall:.2f} (red)."
    return Chart("Precision and recall", charts.unit_chart(lines, x="recall", y="precision"), note=note)


def _reliability_chart(found: LabelDetails) -> Chart:
    bins = found.reliability
    titles = [
        f"mean score {score:.2f}: {share:.0%} of {marks:,.0f} marks have the label" for score, share, *_, marks in bins
    ]
    svg = charts.unit_chart(
        [Line([(float(row[0]), float(row[1])) for row in bins], "blue", titles)],
        x="mean score",
        y="share that is right",
        ranges=[(float(score), float(low), float(high)) for score, _, low, high, _ in bins],
        diagonal=True,
    )
    return Chart("Reliability", svg, note="On the dashed line scores are probabilities. Bars: 95 % intervals.")


def _pictures(report: LabelReport, marks: Marks | None, images: Path | str | None) -> dict[str, str]:
    """Return each mark that details show as a URL by its row; one that cannot be read is left out."""
    if marks is None or images is None:
        return {}
    found: dict[str, str] = {}
    for row in sorted({row for each in report.details for row in (*each.right, *each.false_positives, *each.missed)}):
        try:
            found[str(row)] = thumbnail_url(Path(images) / marks.images[row], _THUMBNAIL)
        except ImageError:
            continue
    return found
