"""A profile of marks for people to read in a terminal, with advice."""

import math
import re
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from viennatag.inspection.profile import LabelPair, LevelProfile, Profile
from viennatag.reports.tables import ReportTable, titled_table

BANDS: tuple[tuple[str, str, Literal["blue", "amber", "red"]], ...] = (
    ("head", "more than 100 marks", "blue"),
    ("medium", "20 to 100", "amber"),
    ("tail", "fewer than 20", "red"),
)
_SUBSETS = 3
"""Training, validation and test: a label with fewer marks is missing from one of them."""
IMBALANCED_MEAN_IR, IMBALANCED_CVIR = 1.5, 0.2
"""A collection above both counts as imbalanced (Charte et al. 2015)."""
ENTANGLED_SCUMBLE = 0.1
"""Above it, resampling whole marks helps little (Charte et al. 2014)."""
_BINS = 15


def advise(profile: Profile) -> list[tuple[str, str]]:
    """Return advice in order of importance: each a title, and a text with reasons and numbers."""
    level, needs = profile.levels[-1], profile.needs
    labels, missing = plural(level.level), level.missing(needs)
    advice = {}
    if profile.findings:
        found = ", ".join(f"{finding.kind} ({finding.rows:,})" for finding in profile.findings)
        advice["Check the rows above"] = f"They are {found}."
    if missing.any():
        near = ", ".join(f"{level.names[at]} (+{missing[at]:,})" for at in nearest_labels(profile)[:5])
        advice[f"Collect marks for the {labels} that nearly have enough"] = (
            f"With fewer than {needs.marks:,} marks: {np.sum(missing > 0):,} of {len(level.names):,} {labels}. "
            f"{needs.marks:,} marks give {needs.train_marks:,} training and {needs.test_marks:,} test marks in an "
            f"80/10/10 split. "
            f"With too few even for training: {np.sum(level.counts < needs.to_learn):,}. "
            f"Marks missing in all: {missing.sum():,}. The closest: {near}."
        )
        vienna, lone = profile.taxonomy == "vienna", np.sum(level.counts < _SUBSETS)
        rendered = ", and `more-data`, which adds synthetic marks of them to the training subset" if vienna else ""
        grouped = (
            f"`group-rare` gives up {labels} too rare to learn and gains nothing for the others"
            if profile.taxonomy == "flat"
            else f"`group-rare` counts {labels} too rare to learn for their parent"
        )
        untestable = (
            f" With fewer than {_SUBSETS} marks ({lone:,} of the {labels}) a label cannot be in training, validation "
            "and test at once: no metric tells how well it is learned."
        )
        advice["Choose what to do with the other rare labels"] = (
            f"Compare `few-examples`, which learns them from similarities to single marks{rendered}. {grouped}."
            + (untestable if lone else "")
        )
    if level.mean_ir > IMBALANCED_MEAN_IR and level.cvir > IMBALANCED_CVIR:
        outlook = (
            "so rare and frequent labels are on the same marks, and resampling (`undersample-head`) changes both; "
            "`class-weights` does not, and raises F1 rather than mAP"
            if level.scumble > ENTANGLED_SCUMBLE
            else "so rare and frequent labels are mostly on different marks, and resampling (`undersample-head`) can "
            "work as well as `class-weights`; both raise F1 rather than mAP"
        )
        advice["Compare strategies for the imbalance"] = (
            f"MeanIR is {level.mean_ir:,.1f} and CVIR {level.cvir:.2f} (imbalanced above {IMBALANCED_MEAN_IR} and "
            f"{IMBALANCED_CVIR}). SCUMBLE is {level.scumble:.2f} (entangled above {ENTANGLED_SCUMBLE}), {outlook}."
        )
    else:
        advice["Keep the marks as they are"] = "Labels are balanced enough for `as-is`."
    advice["Compare on your own marks"] = (
        "`viennatag compare` trains the strategies on the same features and the same split, and marks the best only if "
        "it is better beyond noise."
    )
    return list(advice.items())


def profile_report(profile: Profile) -> RenderableType:
    """Return a profile for a terminal: levels, labels per mark, pairs, rare labels, rows to check, advice."""
    level = profile.levels[-1]
    labels = plural(level.level)
    counts = labels_per_mark(level)
    most = max(count for _, count in counts)
    bars = Table(title=f"{labels} per mark", title_justify="left", title_style="bold", box=None, show_header=False)
    for name, count in counts:
        bars.add_row(name, "█" * math.ceil(40 * count / most), f"[dim]{count:,}[/dim]")
    summary, levels = Text(profile_summary(profile)), _rich_table("", level_table(profile))
    parts: list[RenderableType] = [summary, Text(), levels, bars, Text()]
    for title, pairs in (("more often", level.together), ("less often", level.apart)):
        if pairs:
            parts.append(_rich_table(f"{labels} that co-occur {title} than by chance", pair_table(profile, pairs[:5])))
    nearest = nearest_labels(profile)[:10]
    if len(nearest):
        parts.append(_rich_table(f"{labels} closest to having enough marks", label_table(profile, nearest)))
    if profile.findings:
        parts.append(Text("rows to check", style="bold"))
    for finding in profile.findings:
        parts.append(Text(f"{finding.kind}: {finding.rows:,} {finding.what}"))
        parts.append(Text(f"  {finding.advice}\n  examples: {'; '.join(finding.examples[:3])}", style="dim"))
    parts.append(Text("\nadvice" if profile.findings else "advice", style="bold"))
    parts += [
        Text.assemble(f"{number}. ", (f"{title}. ", "bold"), text)
        for number, (title, text) in enumerate(advise(profile), start=1)
    ]
    return Group(*parts)


def profile_summary(profile: Profile) -> str:
    """Return the main numbers in two or three sentences."""
    level = profile.levels[-1]
    labels, tail = plural(level.level), level.bands["tail"].sum()
    most = f"{level.half:,} most frequent {labels} have" if level.half > 1 else f"most frequent {level.level} has"
    return (
        f"{profile.marks:,} marks carry {level.cardinality:.1f} of {len(level.names):,} {labels} each. "
        f"The {most} half of all assignments; {tail:,} {'has' if tail == 1 else 'have'} fewer than 20 marks."
    ) + _unknown(profile)


def _unknown(profile: Profile) -> str:
    """Return how much is unknown, in one sentence, or nothing."""
    own = {name: profile.unknown[name] for name in profile.levels[-1].names if name in profile.unknown}
    if not own:
        return ""
    most = max(own, key=lambda name: own[name])
    return (
        f" {sum(own.values()):,} pairs of mark and {profile.levels[-1].level} are unknown and count nowhere, most of "
        f"them of {most} ({own[most]:,})."
    )


_MEASURES: tuple[tuple[str, Callable[[LevelProfile], str], str], ...] = (
    ("labels", lambda level: f"{len(level.names):,}", ""),
    ("  head", lambda level: f"{level.bands['head'].sum():,}", "with more than 100 marks"),
    ("  medium", lambda level: f"{level.bands['medium'].sum():,}", "with 20 to 100 marks"),
    ("  tail", lambda level: f"{level.bands['tail'].sum():,}", "with fewer than 20 marks"),
    ("half", lambda level: f"{level.half:,}", "most frequent labels with half of all assignments"),
    ("cardinality", lambda level: f"{level.cardinality:.2f}", "labels per mark"),
    ("density", lambda level: f"{level.density:.4f}", "cardinality divided by labels"),
    ("label sets", lambda level: f"{level.label_sets:,}", "different sets of labels on a mark"),
    ("  seen once", lambda level: f"{level.single_sets:,}", "of them on one mark only"),
    ("MeanIR", lambda level: short_value(level.mean_ir), "mean of IRLbl: times rarer than the top label"),
    ("CVIR", lambda level: short_value(level.cvir), "how unevenly rare: coefficient of variation of IRLbl"),
    ("SCUMBLE", lambda level: f"{level.scumble:.3f}", "rare and frequent labels on the same mark: 0 never, 1 always"),
    ("SCUMBLE.CV", lambda level: short_value(level.scumble_cv), "its coefficient of variation over marks"),
)


def level_table(profile: Profile) -> ReportTable:
    """Return the measures of imbalance of each level."""
    rows = [(name, *map(measure, profile.levels), what) for name, measure, what in _MEASURES]
    head = ("", *(level.level for level in profile.levels), "")
    return ReportTable(head, rows, set(range(1, len(head) - 1)))


def pair_table(profile: Profile, pairs: Iterable[LabelPair]) -> ReportTable:
    """Return how often the labels of pairs co-occur."""
    rows = []
    for pair in pairs:
        headings = " + ".join(filter(None, (_heading(profile, pair.first), _heading(profile, pair.second))))
        lift, low, high = map(short_value, (pair.lift, pair.low, pair.high))
        rows.append((f"{pair.first} + {pair.second}", headings, f"{pair.marks:,}", f"{lift}×", f"{low} to {high}"))
    return ReportTable(("pair", "", "marks", "lift", "certain"), rows, {2, 3, 4})


def label_table(profile: Profile, positions: Iterable[int]) -> ReportTable:
    """Return the counts and measures of labels, given by their positions."""
    level = profile.levels[-1]
    missing, irlbl = level.missing(profile.needs), level.irlbl
    rows = []
    for at in positions:
        name, needed = level.names[at], f"+{missing[at]:,}" if missing[at] else ""
        measures = (f"{irlbl[at]:,.1f}", f"{level.scumbles[at]:.3f}")
        rows.append((name, _heading(profile, name), f"{level.counts[at]:,}", needed, *measures))
    return ReportTable((level.level, "", "marks", "needs", "IRLbl", "SCUMBLE"), rows, {2, 3, 4, 5})


def _rich_table(title: str, content: ReportTable) -> Table:
    table = titled_table(title)
    for at, name in enumerate(content.head):
        right = at in content.right
        table.add_column(name, justify="right" if right else "left", no_wrap=right or at == 0)
    for row in content.rows:
        table.add_row(*map(Text, row))
    return table


def labels_per_mark(level: LevelProfile) -> list[tuple[str, int]]:
    """Return the number of marks with 0, 1, 2, ... labels, the last ones together; 0 only if it occurs."""
    counts = level.marks_by_labels.tolist()
    shown = [(str(size), count) for size, count in enumerate(counts[:_BINS])]
    if len(counts) > _BINS:
        shown.append((f"{_BINS}+", sum(counts[_BINS:])))
    return shown if counts[0] else shown[1:]


def nearest_labels(profile: Profile) -> NDArray[np.intp]:
    """Return the positions of the labels with too few marks, those that lack fewest first."""
    missing = profile.levels[-1].missing(profile.needs)
    order = np.argsort(missing, kind="stable")
    return order[missing[order] > 0]


def label_title(profile: Profile, name: str) -> str:
    """Return a label with its heading, if it has one."""
    return " ".join(filter(None, (name, _heading(profile, name))))


def _heading(profile: Profile, name: str) -> str:
    return profile.headings.get(name, "")


def plural(level: str) -> str:
    """Return the plural of the name of a level."""
    if re.fullmatch(r"level \d+", level):
        return f"labels of {level}"
    if re.search("[^aeiou]y$", level):
        return f"{level[:-1]}ies"
    return level if level.endswith("ies") else f"{level}es" if re.search("(s|x|ch|sh)$", level) else f"{level}s"


def short_value(value: float) -> str:
    """Return three digits of a number, or a dash for NaN."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.{3 if value >= 1 else 2}g}"
