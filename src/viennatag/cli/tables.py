"""How commands read tables of marks: their options, and what they print about a table that is not sure."""

import shlex
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from typer import Argument, Option

from viennatag.cli.options import READING_OPTIONS

if TYPE_CHECKING:
    from viennatag.data.columns import Blank, Reading
    from viennatag.data.marks import Marks
    from viennatag.data.taxonomy import Taxonomy

MarksArgument = Annotated[Path, Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")]
BadRowsOption = Annotated[
    bool, Option("--skip-bad", help="Leave out bad rows and print how many, instead of stopping.")
]
IgnoreOption = Annotated[list[str] | None, Option("--ignore", help="A column that is not a label; may be repeated.")]
ImageColumnOption = Annotated[str | None, Option("--image-column", help="The column that names the image.")]
LabelColumnOption = Annotated[
    list[str] | None, Option("--label-column", help="The column of labels, or a 0/1 column; may be repeated.")
]
SeparatorOption = Annotated[
    str | None,
    Option("--separator", help="What separates labels in a cell, such as ',' or ' '.", show_default="; and |"),
]
LongOption = Annotated[
    bool | None,
    Option("--long/--no-long", help="Join the rows of an image, or take rows that differ as a mistake."),
]
AsWrittenOption = Annotated[
    bool, Option("--as-written", help="Labels as written: no lists, no empty words such as nan, case matters.")
]
BlankOption = Annotated[
    str | None,
    Option(
        "--blank", help="What a blank cell of a 0/1 column says of the label: unknown or absent.", show_default="absent"
    ),
]


def read_table(
    path: Path,
    images: Path | None,
    *,
    taxonomy: "Taxonomy | str",
    skip_bad: bool = False,
    ignore: Sequence[str] | None = None,
    reading: "Reading | None" = None,
) -> "Marks":
    """Return the marks of a table; what is not sure and the rows left out are told on stderr.

    `reading` is None in commands that only have --ignore, whose columns are in `ignore`.
    """
    from viennatag.data.columns import Reading
    from viennatag.data.marks import read_marks
    from viennatag.errors import DataError

    try:
        said = reading or Reading(ignore=tuple(ignore or ()))
        marks = read_marks(path, taxonomy=taxonomy, images=images, skip_bad=skip_bad, reading=said)
    except DataError as exc:
        if reading is None and any(option in str(exc) for option in READING_OPTIONS):
            raise DataError(f"{exc}\n{_by_import(path, taxonomy)}") from exc
        raise
    print_notes(marks.notes)
    if reading is None and any(option in note for note in marks.notes for option in READING_OPTIONS):
        print(f"note: {_by_import(path, taxonomy)}", file=sys.stderr)
    print_skipped(marks.skipped)
    return marks


def read_reading(
    image_column: str | None,
    label_column: list[str] | None,
    ignore: list[str] | None,
    separator: str | None,
    long: bool | None,
    as_written: bool,
    blank: str | None,
) -> "Reading":
    """Return what the options say about a table."""
    from viennatag.data.columns import Reading

    said = cast("Blank", blank or "")
    columns = image_column or "", tuple(label_column or ()), tuple(ignore or ())
    return Reading(*columns, separator or "", long, as_written, said)


def print_notes(notes: Sequence[str]) -> None:
    """Print on stderr how a table was read where that is not sure."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def rare_labels_note(codes: Iterable[Collection[str]], names: Collection[str]) -> list[str]:
    """Return what is to be said about the flat labels of marks that a label set with these names groups."""
    from viennatag.data.labels import OTHER
    from viennatag.errors import count

    if OTHER not in names:
        return []
    grouped = sorted({code for each in codes for code in each} - {*names})
    shown = ", ".join(map(repr, grouped[:3])) + (" and others" if len(grouped) > 3 else "")
    apart = "; the label 'other' is an own label and stays apart" if "other" in names else ""
    verb = "is" if len(grouped) == 1 else "are"
    what = f"{count(len(grouped), 'label')} on too few marks (min_count) {verb}"
    return [f"{what} grouped as {OTHER!r}: {shown}{apart}"]


def _by_import(path: Path, taxonomy: "Taxonomy | str") -> str:
    """Return what decides how a table is read, for a command without options for that."""
    out = "marks.csv" if path.name != "marks.csv" else "sure-marks.csv"
    kind = "" if taxonomy == "vienna" else f" --taxonomy {shlex.quote(str(taxonomy))}"
    command = f"viennatag import table {shlex.quote(str(path))} -o {out}{kind}"
    return f"`{command}` takes these options and writes a table that is sure"


def print_skipped(skipped: tuple[str, ...]) -> None:
    """Print on stderr how many rows were left out, and why."""
    if skipped:
        from viennatag.errors import count, report_problems

        print(report_problems(f"left out {count(len(skipped), 'bad row')}:", list(skipped), limit=5), file=sys.stderr)
