"""Label issues for people: in a terminal, and as a CSV table with a column for decisions."""

import csv
from collections.abc import Sequence
from typing import TextIO

from rich.console import Group, RenderableType
from rich.text import Text

from viennatag.data.marks import Marks
from viennatag.evaluation.label_issues import LabelIssue
from viennatag.files import safe_cells
from viennatag.reports.tables import titled_table

ISSUE_TITLES = {"missing": "Probably missing codes", "wrong": "Probably wrong codes"}
_COLUMNS = (
    "kind", "id", "image", "codes", "code", "heading", "score", "typical", "prior", "certainty", "neighbours",
    "neighbours_with_it", "decision",
)  # fmt: skip


def label_issues_report(issues: Sequence[LabelIssue], marks: Marks, *, shown: int = 10) -> RenderableType:
    """Return one table per kind with its first label issues, for a terminal."""
    tables: list[RenderableType] = []
    for kind, title in ISSUE_TITLES.items():
        chosen = [issue for issue in issues if issue.kind == kind]
        table = titled_table(f"{title.lower()}, {len(chosen):,} listed, the most certain first")
        for name in ("mark", "code", "score", "typical", "prior", "neighbours"):
            table.add_column(name, justify="left" if name in {"mark", "code"} else "right")
        for issue in chosen[:shown]:
            table.add_row(Text(marks.ids[issue.row]), Text(f"{issue.label} {issue.heading}"), *issue_figures(issue))
        tables.append(table)
    return Group(*tables)


def issue_figures(issue: LabelIssue) -> tuple[str, str, str, str]:
    """Return score, typical score and prior in per cent, and how many neighbours have the code."""
    neighbours = f"{issue.agreeing} of {len(issue.neighbours)}" if issue.neighbours else "–"
    score, typical, prior = (f"{100 * share:.1f} %" for share in (issue.score, issue.typical, issue.prior))
    return score, typical, prior, neighbours


def write_label_issues(issues: Sequence[LabelIssue], marks: Marks, file: TextIO) -> None:
    """Write all label issues as CSV, with an empty column for the decision."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_COLUMNS)
    for issue in issues:
        numbers = (issue.score, issue.typical, issue.prior, issue.certainty)
        table.writerow(safe_cells([
            issue.kind, marks.ids[issue.row], marks.images[issue.row], ";".join(marks.codes[issue.row]), issue.label,
            issue.heading, *(f"{number:.4f}" for number in numbers),
            ";".join(marks.ids[at] for at in issue.neighbours), issue.agreeing if issue.neighbours else "", "",
        ]))  # fmt: skip
