"""A profile of marks for people: in a terminal, or as a page that stands alone. Both end with advice."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.inspection.profile import LevelProfile, Pair, Profile
from viennatag.reports import html
from viennatag.reports.html import Markup, Tone
from viennatag.vienna.codes import parse_code, vienna_tree

BANDS: tuple[tuple[str, str, Tone], ...] = (
    ("head", "more than 100 marks", "blue"),
    ("medium", "20 to 100", "amber"),
    ("tail", "fewer than 20", "red"),
)
PARTS = 3
"""Training, validation and test: a label with fewer marks is missing from one of them."""
IMBALANCED_MEAN_IR, IMBALANCED_CVIR = 1.5, 0.2
"""A collection above both counts as imbalanced (Charte et al. 2015)."""
ENTANGLED_SCUMBLE = 0.1
"""Above it, resampling whole marks helps little (Charte et al. 2014)."""
_BINS = 15
_LISTED = 2_000


def advise(profile: Profile) -> list[tuple[str, str]]:
    """Return what to do, in this order: in a few words, then with reasons and numbers."""
    level, needs = profile.levels[-1], profile.needs
    labels, missing = _plural(level.level), level.missing(needs)
    advice = []
    if profile.findings:
        found = ", ".join(f"{finding.kind} ({finding.rows:,})" for finding in profile.findings)
        advice.append(("Look at the suspicious rows above", f"They are {found}."))
    if missing.any():
        near = ", ".join(f"{level.names[at]} (+{missing[at]:,})" for at in _nearest(profile)[:5])
        advice.append(
            (
                f"Collect marks for the {labels} that nearly have enough",
                f"{np.sum(missing > 0):,} of {len(level.names):,} {labels} have fewer than {needs.marks:,} marks, "
                f"which give {needs.train_marks:,} to learn from and {needs.test_marks:,} to test on when marks are "
                f"split 80/10/10; {np.sum(level.counts < needs.to_learn):,} have too few even to learn. "
                f"Together they lack {missing.sum():,} marks. The nearest: {near}.",
            )
        )
        vienna, lone = profile.taxonomy == "vienna", np.sum(level.counts < PARTS)
        parent = "their parent" if vienna else "one label “other”"
        rendered = ", and `more-data`, where rendered marks of them join the training part" if vienna else ""
        untestable = (
            f" {lone:,} {labels} have fewer than {PARTS} marks and cannot be in training, validation and test at "
            "once: no figure will say how well they are learned."
        )
        advice.append(
            (
                "Decide what becomes of the rest",
                f"Compare `group-rare`, where {labels} too rare to learn count for {parent}{rendered}."
                + (untestable if lone else ""),
            )
        )
    if level.mean_ir > IMBALANCED_MEAN_IR and level.cvir > IMBALANCED_CVIR:
        outlook = (
            "so rare labels stand beside frequent ones on the same marks, and to draw a mark more or less often moves "
            "both. Expect more of `class-weights` and of losses for long tails than of `undersample-head`"
            if level.scumble > ENTANGLED_SCUMBLE
            else "so rare and frequent labels mostly stand on different marks, and to draw marks more or less often "
            "(`undersample-head`) can work as well as `class-weights`"
        )
        advice.append(
            (
                "Compare remedies for the imbalance",
                f"MeanIR is {level.mean_ir:,.1f} and CVIR {level.cvir:.2f} (imbalanced above {IMBALANCED_MEAN_IR} and "
                f"{IMBALANCED_CVIR}). SCUMBLE is {level.scumble:.2f} (entangled above {ENTANGLED_SCUMBLE}), {outlook}.",
            )
        )
    else:
        advice.append(("Keep the marks as they are", "Labels are balanced enough for `as-is`."))
    advice.append(
        (
            "Let your own marks decide",
            "`viennatag compare` trains the strategies on the same features and the same split, and marks the best "
            "only where it wins beyond noise.",
        )
    )
    return advice


def profile_report(profile: Profile) -> RenderableType:
    """Return a profile for the terminal: levels, labels per mark, pairs, labels in need, suspicious rows, advice."""
    level = profile.levels[-1]
    labels = _plural(level.level)
    counts = _labels_per_mark(level)
    most = max(count for _, count in counts)
    bars = Table(title=f"{labels} per mark", title_justify="left", title_style="bold", box=None, show_header=False)
    for name, count in counts:
        bars.add_row(name, "█" * math.ceil(40 * count / most), f"[dim]{count:,}[/dim]")
    parts: list[RenderableType] = [Text(_summary(profile)), Text(), _printed("", _level_sheet(profile)), bars, Text()]
    for title, pairs in (("more often", level.together), ("less often", level.apart)):
        if pairs:
            parts.append(
                _printed(f"{labels} that stand together {title} than by chance", _pair_sheet(profile, pairs[:5]))
            )
    nearest = _nearest(profile)[:10]
    if len(nearest):
        parts.append(_printed(f"{labels} that nearly have enough", _label_sheet(profile, nearest)))
    if profile.findings:
        parts.append(Text("suspicious rows", style="bold"))
    for finding in profile.findings:
        parts.append(Text(f"{finding.kind}: {finding.rows:,} {finding.what}"))
        parts.append(Text(f"  {finding.advice}\n  such as {'; '.join(finding.examples[:3])}", style="dim"))
    parts.append(Text("\nwhat to do" if profile.findings else "what to do", style="bold"))
    parts += [
        Text.assemble(f"{number}. ", (f"{title}. ", "bold"), text)
        for number, (title, text) in enumerate(advise(profile), start=1)
    ]
    return Group(*parts)


def profile_page(profile: Profile, *, source: str, more: Sequence[Markup] = ()) -> str:
    """Return a profile as an HTML document; `source` is what the marks are called, `more` further sections."""
    level, needs = profile.levels[-1], profile.needs
    labels, nearest = _plural(level.level), _nearest(profile)
    everything = np.argsort(-level.counts, kind="stable")[:_LISTED]
    sections = [
        _tiles(profile),
        html.section("How long the tail is", html.columns(_tail_card(profile), _band_card(profile))),
        html.section("Level by level", html.card("Measures of imbalance", _tabled(_level_sheet(profile)))),
        html.section(
            "What stands together",
            html.columns(_size_card(profile), _map_card(profile)),
            *(
                html.card(f"{labels.capitalize()} that stand together {title} than by chance", _tabled(sheet))
                for title, pairs in (("more often", level.together[:10]), ("less often", level.apart[:10]))
                if pairs
                for sheet in [_pair_sheet(profile, pairs)]
            ),
        ),
        html.section(
            f"The {labels}, one by one",
            *[html.card("Nearest to having enough", _tabled(_label_sheet(profile, nearest[:20])))] * (len(nearest) > 0),
            html.details(
                f"The {len(everything):,} most frequent {labels}"
                if len(everything) < len(level.names)
                else f"All {len(level.names):,} {labels}",
                html.card("From the most to the least frequent", _tabled(_label_sheet(profile, everything))),
            ),
            lead=f"{needs.marks:,} marks in all give {needs.train_marks:,} to learn from and {needs.test_marks:,} to "
            f"test on. {len(nearest):,} of {len(level.names):,} {labels} have fewer.",
        ),
    ]
    if profile.findings:
        rows = [
            (
                f"{each.rows:,}",
                _stacked(html.strong(f"{each.kind}: {each.what}"), each.advice),
                _stacked(*each.examples),
            )
            for each in profile.findings
        ]
        found = html.table(("rows", "what is odd, and what to do", "such as"), rows, right={0})
        sections.append(html.section("Suspicious rows", html.card("Worth a look", found)))
    sections += more
    advice = [_stacked(html.strong(title), html.code_spans(text)) for title, text in advise(profile)]
    sections.append(html.section("What to do", html.card("In this order", html.bullets(advice))))
    return html.page(
        f"Imbalance of {source}",
        _summary(profile),
        *sections,
        foot="IRLbl, MeanIR and CVIR after Charte et al. 2015 (Neurocomputing 163), SCUMBLE after Charte et al. 2014 "
        "(HAIS). Made by viennatag inspect.",
    )


def _summary(profile: Profile) -> str:
    level = profile.levels[-1]
    labels = _plural(level.level)
    return (
        f"{profile.marks:,} marks carry {level.cardinality:.1f} of {len(level.names):,} {labels} each. "
        f"The {level.half:,} most frequent {labels} hold half of all assignments; "
        f"{level.bands['tail'].sum():,} have fewer than 20 marks."
    )


class _Sheet(NamedTuple):
    """A table as it is shown in a terminal and on a page."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: set[int]


_MEASURES: tuple[tuple[str, Callable[[LevelProfile], str], str], ...] = (
    ("labels", lambda level: f"{len(level.names):,}", ""),
    ("  head", lambda level: f"{level.bands['head'].sum():,}", "with more than 100 marks"),
    ("  medium", lambda level: f"{level.bands['medium'].sum():,}", "with 20 to 100 marks"),
    ("  tail", lambda level: f"{level.bands['tail'].sum():,}", "with fewer than 20 marks"),
    ("hold half", lambda level: f"{level.half:,}", "labels, the most frequent, that hold half of all assignments"),
    ("cardinality", lambda level: f"{level.cardinality:.2f}", "labels per mark"),
    ("density", lambda level: f"{level.density:.4f}", "cardinality divided by labels"),
    ("label sets", lambda level: f"{level.label_sets:,}", "different sets of labels on a mark"),
    ("  seen once", lambda level: f"{level.single_sets:,}", "of these on one mark only"),
    ("MeanIR", lambda level: _plain(level.mean_ir), "mean of IRLbl: how many times rarer than the commonest label"),
    ("CVIR", lambda level: _plain(level.cvir), "how unevenly rare: coefficient of variation of IRLbl"),
    ("SCUMBLE", lambda level: f"{level.scumble:.3f}", "rare labels beside frequent ones: 0 never, 1 always"),
    ("SCUMBLE.CV", lambda level: _plain(level.scumble_cv), "its coefficient of variation over marks"),
)


def _level_sheet(profile: Profile) -> _Sheet:
    rows = [(name, *map(measure, profile.levels), what) for name, measure, what in _MEASURES]
    head = ("", *(level.level for level in profile.levels), "")
    return _Sheet(head, rows, set(range(1, len(head) - 1)))


def _pair_sheet(profile: Profile, pairs: Iterable[Pair]) -> _Sheet:
    rows = [
        (
            f"{pair.first} + {pair.second}",
            " + ".join(filter(None, (_heading(profile, pair.first), _heading(profile, pair.second)))),
            f"{pair.marks:,}",
            f"{_plain(pair.lift)}×",
            f"{_plain(pair.low)} to {_plain(pair.high)}",
        )
        for pair in pairs
    ]
    return _Sheet(("pair", "", "marks", "lift", "surely"), rows, {2, 3, 4})


def _label_sheet(profile: Profile, positions: Iterable[int]) -> _Sheet:
    level, (missing, irlbl) = profile.levels[-1], (profile.levels[-1].missing(profile.needs), profile.levels[-1].irlbl)
    rows = [
        (
            level.names[at],
            _heading(profile, level.names[at]),
            f"{level.counts[at]:,}",
            f"+{missing[at]:,}" if missing[at] else "",
            f"{irlbl[at]:,.1f}",
            f"{level.scumbles[at]:.3f}",
        )
        for at in positions
    ]
    return _Sheet((level.level, "", "marks", "needs", "IRLbl", "SCUMBLE"), rows, {2, 3, 4, 5})


def _printed(title: str, sheet: _Sheet) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False, box=SIMPLE_HEAD
    )
    for at, name in enumerate(sheet.head):
        table.add_column(name, justify="right" if at in sheet.right else "left", no_wrap=at in sheet.right or at == 0)
    for row in sheet.rows:
        table.add_row(*map(Text, row))
    return table


def _tabled(sheet: _Sheet) -> Markup:
    return html.table(sheet.head, sheet.rows, right=sheet.right)


def _tiles(profile: Profile) -> Markup:
    level = profile.levels[-1]
    labels = _plural(level.level)
    return html.tiles(
        ("marks", f"{profile.marks:,}", f"{level.label_sets:,} sets of {labels}, {level.single_sets:,} of them once"),
        (labels, f"{len(level.names):,}", f"{level.half:,} of them hold half of all assignments"),
        (f"{labels} per mark", f"{level.cardinality:.2f}", f"density {level.density:.4f}"),
        ("MeanIR", f"{level.mean_ir:,.0f}", f"the average {level.level} is so many times rarer than the first"),
        ("CVIR", _plain(level.cvir), "how unevenly rare they are"),
        ("SCUMBLE", f"{level.scumble:.2f}", "rare beside frequent on the same mark: 0 never, 1 always"),
    )


def _tail_card(profile: Profile) -> Markup:
    level = profile.levels[-1]
    order = np.argsort(-level.counts, kind="stable")
    counts = level.counts[order]
    ranks = np.unique(np.geomspace(1, len(counts), 120).round().astype(int))
    lines = [
        html.Line([(at + 1.0, float(count)) for at, count in enumerate(np.sort(upper.counts)[::-1])], "grey")
        for upper in profile.levels[:-1]
    ]
    for name, _, tone in BANDS:
        inside = np.flatnonzero(level.bands[name][order][ranks - 1])
        chosen = ranks[max(inside[0] - 1, 0) : inside[-1] + 1] if len(inside) else ()  # from where the last one ends
        titles = [f"{rank:,}. {_title(profile, level.names[order[rank - 1]])}: {counts[rank - 1]:,}" for rank in chosen]
        lines.append(html.Line([(float(rank), float(counts[rank - 1])) for rank in chosen], tone, titles, fill=True))
    upper = " and ".join(_plural(each.level) for each in profile.levels[:-1])
    return html.card(
        f"Marks of each {level.level}",
        html.log_chart(lines, x=f"{_plural(level.level)}, the most frequent first", y="marks"),
        legend=[*((f"{name}, {what}", tone) for name, what, tone in BANDS), *([(upper, "grey")] if upper else ())],
    )


def _band_card(profile: Profile) -> Markup:
    rows: list[tuple[str, list[tuple[float, Tone, str]]]] = []
    for level in profile.levels:
        labels = f"{len(level.names):,} {_plural(level.level)}"
        for what, weights in ((labels, np.ones(len(level.names))), ("their assignments to marks", level.counts)):
            shares = {name: weights[level.bands[name]].sum() / weights.sum() for name, _, _ in BANDS}
            cuts = [(shares[name], tone, f"{name}: {shares[name]:.1%} of the {what}") for name, _, tone in BANDS]
            rows.append((what, cuts))
    return html.card(
        "Head, medium and tail",
        html.share_bars(rows),
        legend=[(name, tone) for name, _, tone in BANDS],
    )


def _size_card(profile: Profile) -> Markup:
    level = profile.levels[-1]
    labels = _plural(level.level)
    bars = [
        (name, count, f"{name} {labels}: {count:,} marks, {count / profile.marks:.1%}")
        for name, count in _labels_per_mark(level)
    ]
    return html.card(
        f"{labels.capitalize()} per mark", html.bar_chart(bars, x=f"{labels} on a mark", y="marks", height=370)
    )


def _map_card(profile: Profile) -> Markup:
    level = profile.levels[0]
    cells = [[(_strength(pair), _pair_title(profile, pair)) for pair in row] for row in level.map]
    names = [_title(profile, name) for name in level.mapped]
    return html.card(
        f"The {len(names)} most frequent {_plural(level.level)}, in pairs"
        if len(names) < len(level.names)
        else f"All {_plural(level.level)}, in pairs",
        html.triangle_map(names, cells),
        legend=[("more often than by chance", "blue"), ("less often", "red")],
        note="Full colour is 4 times as often, or a quarter. Pairs that chance may explain stay empty.",
    )


def _strength(pair: Pair) -> float:
    """Return the lift for a colour: 0 for chance, 1 for 4 times as often, -1 for a quarter."""
    if pair.low <= 1 <= pair.high:
        return 0.0
    return max(-1.0, math.log(max(pair.lift, 1e-9), 4)) if pair.lift < 1 else min(1.0, math.log(pair.lift, 4))


def _pair_title(profile: Profile, pair: Pair) -> str:
    names = f"{_title(profile, pair.first)} + {_title(profile, pair.second)}"
    return f"{names}: {pair.marks:,} marks, {_plain(pair.lift)} times as often as by chance"


def _labels_per_mark(level: LevelProfile) -> list[tuple[str, int]]:
    """Return how many marks carry 0, 1, 2, ... labels, the last ones together; 0 only where it occurs."""
    counts = level.marks_by_labels.tolist()
    shown = [(str(size), count) for size, count in enumerate(counts[:_BINS])]
    if len(counts) > _BINS:
        shown.append((f"{_BINS}+", sum(counts[_BINS:])))
    return shown if counts[0] else shown[1:]


def _nearest(profile: Profile) -> NDArray[np.intp]:
    """Return the positions of the labels that lack marks, those first that lack fewest."""
    missing = profile.levels[-1].missing(profile.needs)
    order = np.argsort(missing, kind="stable")
    return order[missing[order] > 0]


def _title(profile: Profile, name: str) -> str:
    return " ".join(filter(None, (name, _heading(profile, name))))


def _heading(profile: Profile, name: str) -> str:
    return vienna_tree().heading(parse_code(name)) if profile.taxonomy == "vienna" else ""


def _plural(level: str) -> str:
    return "categories" if level == "category" else f"{level}s"


def _plain(value: float) -> str:
    """Return three digits of a number, or a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.{3 if value >= 1 else 2}g}"


def _stacked(*lines: str) -> Markup:
    return Markup("<br/>".join(map(html.text, lines)))
