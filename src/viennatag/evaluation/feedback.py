"""What examiners decided, and what a bundle learned from it.

Decisions are a marks table with a further column, the codes that were rejected.

A mark that is done carries its codes and no others. That a code was rejected says besides that it was looked at, so
its weights may move even where the bundle itself would not suggest it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from viennatag.data.marks import Marks, Taxonomy, parse_labels, read_marks, read_rows
from viennatag.errors import CodeError, DataError, report_problems
from viennatag.evaluation.comparison import Contrast
from viennatag.model.bundle import Bundle

BEFORE, AFTER = "before", "after"
Judgement = Mapping[str, Mapping[str, Contrast]]
"""Figures `before` and `after`, the latter with the difference between them; see `comparison.contrast`."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """Marks that were decided on.

    Attributes:
        marks: With the codes that are right.
        rejected: The codes that are known to be wrong, for each mark; none where it is not known.
    """

    marks: Marks
    rejected: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.marks)

    def select(self, rows: Sequence[int]) -> "Decisions":
        """Return the decisions of these rows, in this order."""
        return Decisions(self.marks.select(rows), tuple(self.rejected[row] for row in rows))


def read_decisions(
    path: Path | str,
    *,
    taxonomy: Taxonomy = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    ignore: Sequence[str] = (),
) -> Decisions:
    """Return the decisions of a file that the examiner's page wrote, or of any marks table.

    Args:
        path: As in `read_marks`; its column `rejected`, if there is one, is spelt as `codes` is.
        taxonomy: As in `read_marks`.
        images: As in `read_marks`.
        skip_bad: As in `read_marks`.
        ignore: As in `read_marks`.

    Raises:
        DataError: As `read_marks`, or if rejected codes cannot be read.
    """
    path = Path(path)
    marks = read_marks(path, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=[*ignore, "rejected"])
    rejected: dict[str, tuple[str, ...]] = {}
    problems = []
    for number, row in read_rows(path):
        try:
            codes = parse_labels(row.get("rejected"), taxonomy)
        except (CodeError, DataError) as exc:
            problems.append(f"row {number:,} {exc} (in the column 'rejected')")
            continue
        for name in ("id", "image"):  # a mark without an id goes by its image
            rejected.setdefault(str(row.get(name) or "").strip(), codes)
    if problems and not skip_bad:
        raise DataError(report_problems(f"{path}: {len(problems):,} rows reject what is no code", problems))
    return Decisions(marks, tuple(rejected.get(name, ()) for name in marks.ids))


@dataclass(frozen=True, eq=False)
class Continued:
    """A bundle that learned from decisions.

    Attributes:
        bundle: As written.
        decisions: How many were learned from.
        on_decisions: Figures on the decisions, each scored by a head that had not seen it.
        on_old: Figures on the validation part of the old marks; None where these were not given.
        pull: Strength of the pull.
        distance: How far the weights moved, as a share of their length.
        moved: How many labels moved; all others are what they were.
        added: Labels that the bundle did not have before.
        left_out: Codes with too few decisions to be added, with their number; they count for their nearest ancestor.
    """

    bundle: Bundle
    decisions: int
    on_decisions: Judgement
    on_old: Judgement | None
    pull: float
    distance: float
    moved: int
    added: tuple[str, ...]
    left_out: Mapping[str, int]
