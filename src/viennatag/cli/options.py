"""Options that several commands have, and the one way in which commands read tables and print."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

from typer import Argument, CallbackParam, Option
from typer.core import TyperCommand

from viennatag.cli.streams import takes_unicode

if TYPE_CHECKING:
    from click import Context

    from viennatag.data.columns import Blank, Reading
    from viennatag.data.marks import Marks
    from viennatag.data.taxonomy import Taxonomy

PLAIN: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None}
"""Settings of typer for plain text, which needs no rich."""


class Command(TyperCommand):
    """A command whose examples can be copied from its help."""

    def get_help(self, ctx: "Context") -> str:
        """Return the help; examples are not wrapped."""
        wrapped = self.help
        self.help = (wrapped or "").replace("\n\nExample: ", "\n\n\b\nExample: ")
        try:
            text = super().get_help(ctx).replace("\\[", "[")  # typer escapes brackets for rich, used or not
            return re.sub(r"\[default:(\s+)\(([^()]*)\)", r"[default:\1\2", text)
        finally:
            self.help = wrapped


def one_of(*choices: str) -> Callable[[CallbackParam, str], str]:
    """Return a check, for typer, that an option has one of the values it may have."""

    def check(option: CallbackParam, value: str) -> str:
        if value not in choices:
            fail(f"{option.opts[-1]} {value!r} is unknown; choose one of {', '.join(choices)}")
        return value

    return check


MarksArgument = Annotated[Path, Argument(help="Table of marks: CSV, TSV, JSONL or Parquet.")]
BundleArgument = Annotated[str, Argument(help="Folder of a bundle, starter, or hf-hub:owner/name.")]
ModelOption = Annotated[str, Option("--model", help="Folder of a bundle, starter, or hf-hub:owner/name.")]
TopOption = Annotated[
    int | None,
    Option(
        "--top",
        help="Suggest this many best codes, whatever their thresholds.",
        show_default="those above their thresholds",
    ),
]
LevelOption = Annotated[
    str | None,
    Option(
        "--level",
        help="category, division or section; a level of the tree in a bundle with one.",
        show_default="all; the deepest with --top",
    ),
]
ImagesOption = Annotated[Path, Option("--images", help="Folder that the image column is relative to.")]
TaxonomyOption = Annotated[
    str,
    Option("--taxonomy", help="vienna, flat for labels that are not Vienna codes, or a file with a tree of your own."),
]
BadRowsOption = Annotated[
    bool, Option("--skip-bad", help="Leave out bad rows and print how many, instead of stopping.")
]
IgnoreOption = Annotated[list[str] | None, Option("--ignore", help="A column that is not a label; may be repeated.")]
ImageColumnOption = Annotated[str | None, Option("--image-column", help="The column that names the image.")]
LabelColumnOption = Annotated[
    list[str] | None, Option("--label-column", help="The column of labels, or a 0/1 column; may be repeated.")
]
SeparatorOption = Annotated[
    str | None, Option("--separator", help="What separates labels in a cell, such as ',' or ' '; by default ; and |.")
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
    Option("--blank", help="What a blank cell of a 0/1 column says of the label: unknown, or absent (the default)."),
]
SeedOption = Annotated[int, Option("--seed", help="Seed of all random choices.")]
CacheOption = Annotated[
    Path | None,
    Option("--cache", help="Folder that keeps features and results between runs.", show_default="~/.cache/viennatag"),
]
ReportOption = Annotated[Path | None, Option("--report", help="Also write a page with charts to this HTML file.")]
EngineOption = Annotated[
    str | None, Option("--engine", help="auto, onnxruntime or openvino; by default VIENNATAG_ENGINE, else auto.")
]
FormatOption = Annotated[str, Option("--format", help="table or json.", callback=one_of("table", "json"))]


_READING_OPTIONS = ("--blank", "--separator", "--long", "--no-long", "--as-written", "--image-column", "--label-column")


def fail(message: str) -> NoReturn:
    """Print what is wrong on stderr and exit with 2."""
    print(f"viennatag: {message}", file=sys.stderr)
    sys.exit(2)


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

    `reading` is None in commands without options for it.
    """
    from viennatag.data.columns import Reading
    from viennatag.data.marks import read_marks
    from viennatag.errors import DataError

    try:
        marks = read_marks(
            path, taxonomy=taxonomy, images=images, skip_bad=skip_bad, ignore=ignore or (), reading=reading or Reading()
        )
    except DataError as exc:
        if reading is None and any(option in str(exc) for option in _READING_OPTIONS):
            raise DataError(f"{exc}\n{_by_import(path, taxonomy)}") from exc
        raise
    print_notes(marks.notes)
    if reading is None and any(option in note for note in marks.notes for option in _READING_OPTIONS):
        print(f"note: {_by_import(path, taxonomy)}", file=sys.stderr)
    print_skipped(marks.skipped)
    return marks


def read_reading(
    image_column: str | None,
    label_column: list[str] | None,
    separator: str | None,
    long: bool | None,
    as_written: bool,
    blank: str | None = None,
) -> "Reading":
    """Return what the options say about a table."""
    from viennatag.data.columns import Reading

    said = cast("Blank", blank or "")
    return Reading(image_column or "", tuple(label_column or ()), (), separator or "", long, as_written, said)


def print_notes(notes: Sequence[str]) -> None:
    """Print on stderr how a table was read where that is not sure."""
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _by_import(path: Path, taxonomy: "Taxonomy | str") -> str:
    """Return what decides how a table is read, for a command without options for that."""
    out = "marks.csv" if path.name != "marks.csv" else "sure-marks.csv"
    kind = "" if taxonomy == "vienna" else f" --taxonomy {shlex.quote(str(taxonomy))}"
    command = f"viennatag import table {shlex.quote(str(path))} -o {out}{kind}"
    return f"`{command}` takes these options and writes a table that is sure"


def print_skipped(skipped: tuple[str, ...]) -> None:
    """Print on stderr how many rows were left out, and why."""
    if skipped:
        from viennatag.errors import report_problems

        print(report_problems(f"left out {len(skipped):,} bad rows:", list(skipped), limit=5), file=sys.stderr)


def image_files(path: Path) -> Iterator[Path]:
    """Yield the images of a folder, or the path itself."""
    if not path.is_dir():
        yield path
        return
    from viennatag.data.image_names import printable
    from viennatag.data.source_files import IMAGE_ENDINGS, PassedOver, list_source_files

    passed_over = PassedOver()
    found = sorted(file.path for file in list_source_files(path, IMAGE_ENDINGS, zipped=False, passed_over=passed_over))
    told = printable(passed_over.describe())
    if not found:
        fail(f"{path}: there are no images in this folder" + (f"; {told}" if told else ""))
    if told:
        print(f"{path}: {told}", file=sys.stderr)
    yield from found


def megabytes(folder: Path) -> str:
    """Return the size of a folder's files as text."""
    return f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB"


def write_page(page: str, path: Path, *, quiet: bool) -> None:
    """Write an HTML page, whole or not at all; `quiet` where stdout is JSON."""
    from viennatag.files import atomic_file

    with atomic_file(path) as file:
        file.write_text(page, encoding="utf-8", errors="backslashreplace")  # names may be no UTF-8
    if not quiet:
        print(f"wrote {path}: open it in a browser")


def print_json(value: object) -> None:
    """Print a value as JSON on stdout."""
    import json

    print(json.dumps(value, ensure_ascii=not takes_unicode(), indent=2))


def print_rich(renderable: Any) -> None:
    """Print what rich can render, as wide as the terminal, or 120 columns where there is none."""
    from rich.console import Console

    Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(renderable)
