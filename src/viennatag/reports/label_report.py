"""The figures of each label for people: one HTML page to sort, search and open, and a CSV table.

The page holds its pictures and its one script itself. Charts and pictures of a label are shown when it is opened, so
a page with thousands of labels stays quick; where there are many, they are compressed, for a chart has some kilobytes.
"""

import base64
import csv
import gzip
import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
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
from viennatag.reports.pages import PICTURES_ON_PAGE, Chart, render, thumbnail_url

if TYPE_CHECKING:
    from viennatag.evaluation.learning_curves import LearningCurves

_THUMBNAIL = 88  # pixels
_PLAIN_DETAILS = 2_000_000  # characters of details up to which they are not compressed
_MANY = 500  # labels from which on only every fifth point of a curve has a tooltip: they take most of a page
_BLOCK = 50  # labels whose details are compressed together
_BANDS: dict[str, Colour] = {"head": "blue", "medium": "amber", "tail": "red"}
_SCRIPT = Path(__file__).parent / "templates/labels.js"


class _Column(NamedTuple):
    """A column of figures: its name, its tooltip, a figure for each label, how they are written, and its class."""

    name: str
    tip: str
    values: NDArray[Any]
    form: str = ".2f"
    kind: str = "right"


class _Cell(NamedTuple):
    """A cell of the table: its text, the number it is sorted by, and the class of its column."""

    text: str
    value: float | str
    kind: str


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
    most_pictures: int = PICTURES_ON_PAGE,
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
        most_pictures: Marks that are pictured at most, those that most labels name.
    """
    named = Counter(row for each in report.details for row in (*each.right, *each.false_positives, *each.missed))
    chosen = [row for row, _ in named.most_common(most_pictures)]
    pictured = {} if marks is None or images is None else _pictures(chosen, marks, Path(images))
    if pictured and len(chosen) < len(named):
        notes = [*notes, f"Only {len(chosen):,} of the {len(named):,} marks that labels name are pictured."]
    if len(report) >= _MANY:
        notes = [*notes, "Pointed at, curves of precision and recall tell their figures at every fifth point."]
    script = _SCRIPT.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    bands = _band_of(report)
    columns = _columns(report, curves)
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
        head=columns,
        rows=[
            {
                "name": name,
                "heading": report.headings[at] if report.headings[at] != name else "",
                "level": report.levels[at],
                "band": bands[at],
                "group": report.groups[at],
                "cells": [_cell(report, column, at) for column in columns],
            }
            for at, name in enumerate(report.names)
        ],
        details=stored_details(
            [render("label_details", at=at, **_details(report, at, marks, curves)) for at in range(len(report))]
        ),
        block=_BLOCK,
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


def _columns(report: LabelReport, curves: "LearningCurves | None") -> list[_Column]:
    """Return the columns after the label's; of subsets with the same marks as the evaluated ones there is none."""
    evaluated = report.support["evaluated"]
    others = {name: each for name, each in report.support.items() if not np.array_equal(each, evaluated)}
    gain = "expected gain of average precision with 50 more training marks"
    return [
        *(
            _Column(name, f"marks with the label in {name}", counts, ",", "right" if name == "train" else "right wide")
            for name, counts in others.items()
        ),
        _Column("evaluated", "evaluated marks with the label", evaluated, ","),
        _Column(
            "AP",
            "average precision, with its 95 % interval by bootstrap over marks",
            report.average_precision,
            kind="bar",
        ),
        *([_Column("+50", gain, curves.gain(MORE), "+.2f")] if curves else []),
        _Column("precision", "share of the suggestions that are right", report.precision),
        _Column("recall", "share of the label's marks that are suggested", report.recall),
        _Column("F1", "harmonic mean of precision and recall", report.f1),
        _Column("threshold", "the label is suggested from this score on", report.threshold, ".3f", "right wide"),
        _Column("calibration", "expected calibration error", report.calibration_error, ".3f", "right wide"),
    ]


def _cell(report: LabelReport, column: _Column, at: int) -> _Cell:
    value = column.values[at].item()
    if math.isnan(value):
        return _Cell("–", "", column.kind)
    text = f"{value:{column.form}}"
    if column.kind == "bar":
        text = _bar(value, float(report.low[at]), float(report.high[at]))
    return _Cell(text, round(value, 5), column.kind)


def _bar(value: float, low: float, high: float) -> str:
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
    named = [f"recall {recall:.2f}, precision {precision:.2f}" for recall, precision in curve]
    every = 1 if len(report) < _MANY else 5
    titles = ["", *(title if number % every == 0 else "" for number, title in enumerate(named))]
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


def stored_details(details: Sequence[str], *, most_plain: int = _PLAIN_DETAILS) -> Markup:
    """Return the details of labels as markup: templates, or compressed blocks of them if they have many characters."""
    if sum(map(len, details)) <= most_plain:
        return Markup("".join(details))
    block = Markup('<script type="application/gzip" id="block-{}">{}</script>\n')
    packed = (
        gzip.compress("".join(details[first : first + _BLOCK]).encode(), mtime=0)
        for first in range(0, len(details), _BLOCK)
    )
    return Markup("").join(block.format(at, base64.b64encode(each).decode("ascii")) for at, each in enumerate(packed))


def _pictures(rows: Iterable[int], marks: Marks, images: Path) -> dict[str, str]:
    """Return marks as URLs by their rows; one that cannot be read is left out."""
    found: dict[str, str] = {}
    for row in rows:
        with suppress(ImageError):
            found[str(row)] = thumbnail_url(images / marks.images[row], _THUMBNAIL)
    return found
