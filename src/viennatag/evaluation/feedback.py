"""Feedback of examiners, and the result of an update with it.

Feedback is a marks table with a further column, the codes that were rejected. A mark that is done carries its codes
and no others. A rejected code was reviewed, so its weights may move even where the bundle would not suggest it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from viennatag.data.columns import LABEL_NAMES, UNKNOWN_NAMES, Reading, columns_named
from viennatag.data.marks import Marks, read_marks
from viennatag.data.tables import NumberedRow, Table, read_rows
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError, count, report_problems
from viennatag.evaluation.comparison import Contrast
from viennatag.model.bundle import Bundle

BEFORE, AFTER = "before", "after"
Contrasts = Mapping[str, Mapping[str, Contrast]]
"""Metrics `before` and `after`, the latter with the difference between them; see `comparison.contrast`."""


@dataclass(frozen=True, eq=False)
class Feedback:
    """Marks that examiners have coded.

    Attributes:
        marks: With the codes that are right.
        rejected: The codes that are known to be wrong, for each mark; none where it is not known.
    """

    marks: Marks
    rejected: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.marks)

    def select(self, rows: Sequence[int]) -> "Feedback":
        """Return the feedback of these rows, in this order."""
        return Feedback(self.marks.select(rows), tuple(self.rejected[row] for row in rows))


def read_feedback(
    path: Path | str,
    *,
    taxonomy: Taxonomy | Path | str = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    ignore: Sequence[str] = (),
) -> Feedback:
    """Return the feedback in a file that the examiner's page wrote, or in any marks table.

    Args:
        path: As in `read_marks`; its column `rejected`, if there is one, is spelt as `codes` is.
        taxonomy: As in `read_marks`.
        images: As in `read_marks`.
        skip_bad: As in `read_marks`.
        ignore: As in `read_marks`.

    Raises:
        DataError: As `read_marks`, if rejected codes cannot be read, or one is also a code of its mark.
    """
    path = Path(path)
    reading = Reading(ignore=(*ignore, "rejected"))
    marks = read_marks(path, taxonomy=taxonomy, images=images, skip_bad=skip_bad, reading=reading)

    def rows() -> Iterator[NumberedRow]:
        for number, row in read_rows(path):
            labels = {*columns_named(list(row), (*LABEL_NAMES, *UNKNOWN_NAMES)), "rejected"}
            others = {name: cell for name, cell in row.items() if name not in labels}
            yield number, others | {"codes": row.get("rejected")}

    rejecting = read_marks(  # by the same reader, so that names of images and repeated rows mean the same
        Table(f"{path}, the column 'rejected'", rows), reading=Reading(ignore=ignore, long=True), taxonomy=taxonomy,
        images=images, skip_bad=skip_bad, require_codes=False,
    )  # fmt: skip
    rejected = dict(zip(rejecting.ids, rejecting.codes, strict=True))
    denied = tuple(rejected.get(name, ()) for name in marks.ids)
    if marks.unknown:  # what was rejected is known
        pairs = zip(marks.unknown, denied, strict=True)
        marks = replace(marks, unknown=tuple(tuple(code for code in each if code not in own) for each, own in pairs))
    return _without_contradictions(Feedback(marks, denied), path, skip_bad=skip_bad)


def _without_contradictions(feedback: Feedback, path: Path, *, skip_bad: bool) -> Feedback:
    """Return feedback without the marks of which a code is both right and rejected."""
    pairs = [set(codes) & set(own) for codes, own in zip(feedback.marks.codes, feedback.rejected, strict=True)]
    problems = [
        f"{name}: {min(both)!r} is a code and rejected"
        for name, both in zip(feedback.marks.ids, pairs, strict=True)
        if both
    ]
    if not problems:
        return feedback
    good = [row for row, both in enumerate(pairs) if not both]
    if not skip_bad or not good:
        told = report_problems(
            f"{path}: {count(len(problems), 'mark')} with feedback that contradicts itself", problems
        )
        raise DataError(f"{told}\ncorrect it, or leave these marks out with --skip-bad (skip_bad=True)")
    kept = feedback.select(good)
    return replace(kept, marks=replace(kept.marks, skipped=(*kept.marks.skipped, *problems)))


@dataclass(frozen=True, eq=False)
class UpdateResult:
    """A bundle updated with feedback.

    Attributes:
        bundle: As written.
        marks: Number of marks in the feedback.
        on_feedback: Metrics on the feedback, each mark scored by a layer that had not seen it.
        on_old: Metrics on the validation subset of the old marks; None where these were not given.
        penalty: Strength of the L2-SP penalty.
        distance: How far the weights moved, as a share of their length.
        moved: Number of labels that moved; all others are what they were.
        added: Labels that the bundle did not have before.
        left_out: Codes on too few marks to be added, with their number; they count for their nearest ancestor.
    """

    bundle: Bundle
    marks: int
    on_feedback: Contrasts
    on_old: Contrasts | None
    penalty: float
    distance: float
    moved: int
    added: tuple[str, ...]
    left_out: Mapping[str, int]
