"""Report pages: single HTML files with their style and charts inside.

A report is mailed, archived and opened offline, so nothing is fetched: no font, no image, and a content policy that
forbids it. No script runs but that of the report of labels, whose hash its policy names. Templates escape every text
that is not `Markup`, because labels and paths come from other people's tables.
"""

import base64
import io
import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from markupsafe import Markup, escape
from PIL import Image

from viennatag.data.marks import Marks
from viennatag.errors import ImageError
from viennatag.evaluation.comparison import METRICS, Comparison
from viennatag.evaluation.label_issues import LabelIssue
from viennatag.images.reading import read_image
from viennatag.inspection.profile import LabelPair, Profile
from viennatag.reports import charts
from viennatag.reports.charts import Colour, IntervalRow, Line
from viennatag.reports.comparison import METRIC_TITLES, cost_cells, cost_titles, metric_text, notes, summary
from viennatag.reports.label_issues import ISSUE_TITLES, issue_figures
from viennatag.reports.profile import (
    BANDS,
    advise,
    label_table,
    label_title,
    labels_per_mark,
    level_table,
    nearest_labels,
    pair_table,
    plural,
    profile_summary,
    short_value,
)
from viennatag.reports.tables import ReportTable

if TYPE_CHECKING:
    from jinja2 import Environment

CHARTED = ("macro_map", "tail_map")
"""Metrics with a chart of differences on a comparison page."""
ISSUES_ON_PAGE = 200
"""Label issues of a kind on a page; a CSV file holds all."""
PICTURES_ON_PAGE = 1_000
"""Most pictures of marks on a page, which have a few kilobytes each."""
_THUMBNAIL = 96
_LISTED_LABELS = 2_000
_COLOURS: dict[str, Colour] = {"better": "blue", "worse": "red", "same": "grey"}


class Chart(NamedTuple):
    """A chart with its title, the meaning of its colours, and a note."""

    title: str
    svg: Markup
    legend: Sequence[tuple[str, Colour]] = ()
    note: str = ""


def render(template: str, **context: Any) -> Markup:
    """Return a template of this package filled with a context."""
    return Markup(_environment().get_template(f"{template}.html.jinja").render(context))


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.loader = PackageLoader("viennatag.reports")
    environment.filters["code_spans"] = code_spans
    return environment


def code_spans(content: str) -> Markup:
    """Return plain text as markup, with code for what is between backticks."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(content))))


def comparison_page(comparison: Comparison, *, source: str) -> str:
    """Return a comparison on the table of marks named `source` as one HTML page."""
    titles = (Markup("<br/>").join(title.split(" ", 1)) for title in METRIC_TITLES.values())
    head = ("strategy", *titles, *cost_titles(comparison))
    bold = Markup("<b>{}</b>")
    rows = []
    for row in comparison.rows:
        cells = {name: metric_text(name, row) for name in METRICS}
        cells |= {name: bold.format(cells[name]) for name in row.best}
        rows.append([row.name, *cells.values(), *cost_cells(comparison, row)])
    described = [(row.name, row.description) for row in comparison.rows]
    baseline = comparison.find(comparison.baseline).metrics
    return render(
        "comparison",
        title="Comparison of strategies for imbalanced labels",
        lead=f"{source}: the metrics of each strategy for frequent and rare labels, on the same features and split.",
        summary=summary(comparison),
        charts=[_difference_chart(comparison, name) for name in CHARTED if not math.isnan(baseline[name].value)],
        metrics=ReportTable(head, rows, set(range(1, len(head)))),
        strategies=ReportTable(("strategy", "description"), described, set()),
        notes=notes(comparison),
    )


def _difference_chart(comparison: Comparison, name: str) -> Chart:
    found = {row.name: row.metrics[name] for row in comparison.rows[1:] if row.name != comparison.baseline}
    rows = [
        IntervalRow(strategy, each.difference, each.difference_low, each.difference_high, _COLOURS[each.verdict])
        for strategy, each in sorted(found.items(), key=lambda entry: -entry[1].difference)
        if each.verdict != "unknown"
    ]
    title = f"{METRIC_TITLES[name]}, difference from {comparison.baseline}"
    return Chart(
        title,
        charts.interval_chart(rows, label=title),
        (("better", "blue"), ("worse", "red"), ("within noise", "grey")),
        "In percentage points, with the simultaneous 95 % interval. An interval with zero in it is within noise.",
    )


def label_issues_section(issues: Sequence[LabelIssue], marks: Marks, images: Path | str) -> Markup:
    """Return the first label issues of each kind, with the images of their marks, as a section of a page."""
    head = ("image", "code in doubt, mark", "codes of the mark", "score", "typical", "prior", "neighbours with it")
    tables = []
    for kind, title in ISSUE_TITLES.items():
        rows = [
            (
                _thumbnail(Path(images) / marks.images[issue.row]),
                Markup("<b>{} {}</b><br/>{}").format(issue.label, issue.heading, marks.ids[issue.row]),
                "; ".join(marks.codes[issue.row]),
                *issue_figures(issue),
            )
            for issue in [issue for issue in issues if issue.kind == kind][:ISSUES_ON_PAGE]
        ]
        tables.append((title, ReportTable(head, rows, {3, 4, 5, 6})))
    return render("label_issues", tables=tables)


def _thumbnail(path: Path) -> str:
    try:
        return Markup('<img src="{}" width="{}" alt=""/>').format(thumbnail_url(path, _THUMBNAIL), _THUMBNAIL)
    except ImageError as exc:
        return str(exc)


def thumbnail_url(path: Path, size: int) -> str:
    """Return an image, `size` pixels wide and high, as a URL that holds the image itself.

    Raises:
        ImageError: If the image cannot be read.
    """
    file = io.BytesIO()
    Image.fromarray(read_image(path, size)).save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


def profile_page(profile: Profile, *, source: str, more: Sequence[Markup] = ()) -> str:
    """Return a profile of the table of marks named `source` as one HTML page, with further sections."""
    level, needs = profile.levels[-1], profile.needs
    labels, nearest = plural(level.level), nearest_labels(profile)
    frequent = np.argsort(-level.counts, kind="stable")[:_LISTED_LABELS]
    listed = "All" if len(frequent) == len(level.names) else "The most frequent"
    pair_tables = [
        (f"{labels.capitalize()} that co-occur {often} than by chance", pair_table(profile, pairs[:10]))
        for often, pairs in (("more often", level.together), ("less often", level.apart))
        if pairs
    ]
    return render(
        "profile",
        title=f"Imbalance of {source}",
        lead=profile_summary(profile),
        tiles=_tiles(profile),
        tail=_tail_chart(profile),
        bands=_band_chart(profile),
        levels=level_table(profile),
        sizes=_size_chart(profile),
        pairs=_pair_chart(profile),
        pair_tables=pair_tables,
        labels=labels,
        needs=f"{needs.marks:,} marks of a label give {needs.train_marks:,} training and {needs.test_marks:,} test "
        f"marks. Below that: {len(nearest):,} of {len(level.names):,} {labels}.",
        nearest=label_table(profile, nearest[:20]),
        all_title=f"{listed} {len(frequent):,} {labels}",
        all_labels=label_table(profile, frequent),
        findings=profile.findings,
        more=more,
        advice=advise(profile),
    )


def _tiles(profile: Profile) -> list[tuple[str, str, str]]:
    level = profile.levels[-1]
    labels = plural(level.level)
    return [
        ("marks", f"{profile.marks:,}", f"{level.label_sets:,} sets of {labels}, {level.single_sets:,} of them once"),
        (labels, f"{len(level.names):,}", f"half of all assignments are of {level.half:,} of them"),
        (f"{labels} per mark", f"{level.cardinality:.2f}", f"density {level.density:.4f}"),
        ("MeanIR", f"{level.mean_ir:,.0f}", f"how many times rarer the mean {level.level} is than the most frequent"),
        ("CVIR", short_value(level.cvir), "how unevenly rare they are"),
        ("SCUMBLE", f"{level.scumble:.2f}", "rare and frequent on the same mark: 0 never, 1 always"),
    ]


def _tail_chart(profile: Profile) -> Chart:
    level = profile.levels[-1]
    order = np.argsort(-level.counts, kind="stable")
    counts = level.counts[order]
    ranks = np.unique(np.geomspace(1, len(counts), 120).round().astype(int))
    above = [np.sort(upper.counts)[::-1] for upper in profile.levels[:-1]]
    lines = [Line([(float(rank), float(count)) for rank, count in enumerate(each, 1)], "grey") for each in above]
    for name, _, colour in BANDS:
        inside = np.flatnonzero(level.bands[name][order][ranks - 1])
        chosen = ranks[max(inside[0] - 1, 0) : inside[-1] + 1] if len(inside) else ()  # from the end of the last band
        named = [(rank, label_title(profile, level.names[order[rank - 1]]), counts[rank - 1]) for rank in chosen]
        titles = [f"{rank:,}. {label}: {count:,}" for rank, label, count in named]
        points = [(float(rank), float(count)) for rank, _, count in named]
        lines.append(Line(points, colour, titles, fill=True))
    upper = " and ".join(plural(each.level) for each in profile.levels[:-1])
    legend: list[tuple[str, Colour]] = [(f"{name}, {what}", colour) for name, what, colour in BANDS]
    svg = charts.log_chart(lines, x=f"{plural(level.level)}, by frequency", y="marks")
    return Chart(f"Marks of each {level.level}", svg, [*legend, *([(upper, "grey")] if upper else ())])


def _band_chart(profile: Profile) -> Chart:
    rows = []
    for level in profile.levels:
        labels = f"{len(level.names):,} {plural(level.level)}"
        for what, weights in ((labels, np.ones(len(level.names))), ("their assignments to marks", level.counts)):
            shares = {name: weights[level.bands[name]].sum() / weights.sum() for name, _, _ in BANDS}
            bar = [(shares[name], colour, f"{name}: {shares[name]:.1%} of the {what}") for name, _, colour in BANDS]
            rows.append((what, bar))
    return Chart("Head, medium and tail", charts.share_bars(rows), [(name, colour) for name, _, colour in BANDS])


def _size_chart(profile: Profile) -> Chart:
    level = profile.levels[-1]
    labels = plural(level.level)
    bars = [
        (name, count, f"{name} {labels}: {count:,} marks, {count / profile.marks:.1%}")
        for name, count in labels_per_mark(level)
    ]
    svg = charts.bar_chart(bars, x=f"{labels} of a mark", y="marks", height=370)
    return Chart(f"{labels.capitalize()} per mark", svg)


def _pair_chart(profile: Profile) -> Chart:
    level = profile.levels[0]
    titles = {name: label_title(profile, name) for name in level.mapped}

    def cell(pair: LabelPair) -> tuple[float, str]:
        names = f"{titles[pair.first]} + {titles[pair.second]}"
        lift = f"{short_value(pair.lift)} times as often as by chance"
        return _lift_colour(pair), f"{names}: {pair.marks:,} marks, {lift}"

    cells = [[cell(pair) for pair in row] for row in level.map]
    names = list(titles.values())
    listed = f"The {len(names)} most frequent" if len(names) < len(level.names) else "All"
    return Chart(
        f"{listed} {plural(level.level)}, in pairs",
        charts.triangle_map(names, cells),
        (("more often than by chance", "blue"), ("less often", "red")),
        "Full colour is 4 times as often, or a quarter. Pairs within chance stay empty.",
    )


def _lift_colour(pair: LabelPair) -> float:
    """Return the lift as a value of a colour: 0 for chance, 1 for 4 times as often, -1 for a quarter."""
    if pair.low <= 1 <= pair.high:
        return 0.0
    return min(max(math.log(max(pair.lift, 1e-9), 4), -1.0), 1.0)
