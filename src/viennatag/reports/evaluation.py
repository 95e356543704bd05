"""An evaluation for people to read in a terminal."""

import math
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from viennatag.data.labels import OTHER
from viennatag.errors import count
from viennatag.reports.tables import titled_table

if TYPE_CHECKING:
    from viennatag.evaluation.evaluation import Evaluation, MetricValue

_METRIC_NAMES = {
    "macro_map": "macro mAP",
    "head_map": "  head, > 100 marks",
    "medium_map": "  medium, 20 to 100",
    "tail_map": "  tail, < 20",
    "micro_map": "micro mAP",
    "lrap": "label-ranking AP",
    "hit@1": "hit@1",
    "hit@3": "hit@3",
    "hit@10": "hit@10",
    "recall@10": "recall@10",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "micro_recall": "recall of suggestions",
    "calibration_error": "calibration error",
}
INCOMPLETE = (
    "these marks lack codes, so precision is not reliable: a correct suggestion of a missing code counts as wrong. "
    "mAP, F1 and calibration are left out; hits are lower bounds, recall is that of the given codes"
)
"""What must be said where marks lack codes."""


def evaluation_report(evaluation: "Evaluation", *, incomplete: bool = False) -> RenderableType:
    """Return one table per level: each metric in per cent, its interval, and that of the frequency prior in grey.

    Metrics that are not reliable if the marks lack codes are left out where `incomplete`.
    """
    from viennatag.evaluation.evaluation import TRUSTED

    parts: list[RenderableType] = []
    names = {name: title for name, title in _METRIC_NAMES.items() if name in TRUSTED or not incomplete}
    kinds = {"all": "all codes", "pictorial": "pictorial, 1-24", "form": "form, 25-29"}
    for level in dict.fromkeys(found.level for found in evaluation.groups):
        groups = [found for found in evaluation.groups if found.level == level]
        table = titled_table(f"{level} level")
        table.add_column("% ±95 % interval, [dim]prior[/dim]", no_wrap=True)
        for found in groups:
            kind = kinds[found.kind] if len(groups) > 1 else "all labels"
            size = f"{count(found.labels, 'label')}\n{count(found.marks, 'mark')}"
            table.add_column(f"{kind}\n[dim]{size}[/dim]", no_wrap=True)
        for name, title in names.items():
            table.add_row(title, *(_cell(found.metrics[name]) for found in groups))
        parts.append(table)
        if absent := groups[0].left_out:
            left_out = f"left out of macro means: {count(absent, 'label')} of this level without a positive mark here"
            parts.append(Text(left_out))
        parts.append(Text())
    if evaluation.exclusive and not incomplete:
        table = titled_table("groups of exclusive labels")
        table.add_column("group")
        table.add_column("labels, marks", no_wrap=True)
        table.add_column("accuracy, % ±95 % interval, [dim]prior[/dim]", no_wrap=True)
        for each in evaluation.exclusive:
            what = f"{each.rule} of {each.labels:,}, {each.marks:,} marks"
            table.add_row(each.group, what, _cell(each.accuracy))
        parts += [table, Text()]
    notes = f"{count(evaluation.marks, 'mark')} evaluated"
    if evaluation.unknown_codes:
        share = evaluation.unknown_codes / evaluation.codes
        counted = "count for their nearest ancestor"
        if {each.level for each in evaluation.groups} == {"label"}:  # flat labels
            counted = f"count as {OTHER!r}" if OTHER in evaluation.labels else "are left out"
        notes += f"; {share:.1%} of their codes are not among the model's labels and {counted}"
    if evaluation.skipped:
        notes += f"; left out: {count(len(evaluation.skipped), 'mark')}"
    return Group(*parts, Text(notes), *([Text(INCOMPLETE, style="yellow")] if incomplete else []))


def group_notes(evaluation: "Evaluation") -> list[str]:
    """Return a sentence for each group of exclusive labels: how often the right label is chosen."""
    notes = []
    for each in evaluation.exclusive:
        value = each.accuracy
        reached = (
            f"{100 * value.value:.1f} ±{50 * (value.high - value.low):.1f} %, by the prior {100 * value.prior:.1f} %"
        )
        notes.append(f"Group {each.group} ({each.rule} of {each.labels:,} labels): {reached}, of {each.marks:,} marks")
    return notes


def _cell(figure: "MetricValue") -> str:
    if math.isnan(figure.value):
        return "[dim]none[/dim]"
    spread = "" if math.isnan(figure.low) else f" ±{50 * (figure.high - figure.low):.1f}"
    prior = "" if math.isnan(figure.prior) else f" [dim]{100 * figure.prior:.1f}[/dim]"
    return f"{100 * figure.value:.1f}{spread}{prior}"
