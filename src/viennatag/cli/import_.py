"""The command `import`: a marks table from the delivery of a register."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from viennatag.cli.options import TaxonomyOption
from viennatag.cli.outputs import check_outputs
from viennatag.cli.progress import show_progress
from viennatag.cli.tables import (
    AsWrittenOption,
    BlankOption,
    IgnoreOption,
    ImageColumnOption,
    LabelColumnOption,
    LongOption,
    SeparatorOption,
    print_notes,
    read_reading,
)

if TYPE_CHECKING:
    from viennatag.importers import ImportSummary

_SHOWN = 20
"""Reasons of a kind that are printed."""


def import_(
    format_: Annotated[str, Argument(metavar="FORMAT", help="Format of the delivery, one of those above.")],
    source: Annotated[Path, Argument(help="A file, a folder, or a ZIP archive.")],
    out: Annotated[Path, Option("-o", "--out", help="Table to write: CSV, TSV, JSONL or Parquet.")],
    images: Annotated[
        Path | None, Option(help="Folder of images; marks whose image is not in it are left out.")
    ] = None,
    taxonomy: TaxonomyOption = "vienna",
    ignore: IgnoreOption = None,
    image_column: ImageColumnOption = None,
    label_column: LabelColumnOption = None,
    separator: SeparatorOption = None,
    long: LongOption = None,
    as_written: AsWrittenOption = False,
    blank: BlankOption = None,
    edition: Annotated[int | None, Option(help="Convert all codes to this edition, office extensions too.")] = None,
) -> None:
    """Make a marks table from a register's delivery.

    Call it again to resume after an interruption.

    Formats: eu-xml, st96, brazil, madrid, kipris, uspto, uspto-vienna, l3d, trademarks2020, us-table, ca-table,
    tmview, coco, hf-parquet, label-studio, cvat, voc, table, one-hot, class-folders.

    Example: viennatag import eu-xml delivery.zip -o marks.csv

    Example: viennatag import table labels.csv -o marks.csv --taxonomy flat --separator ,
    """
    check_outputs({"--out": out}, inputs=[source])
    from viennatag.importers import import_marks

    reading = read_reading(image_column, label_column, ignore, separator, long, as_written, blank)
    with show_progress() as report:
        summary = import_marks(
            format_,
            source,
            out,
            images=images,
            taxonomy=taxonomy,
            reading=reading,
            edition=edition,
            progress=lambda done, total: report("MB", done, total, ""),
        )
    _print(summary, taxonomy)
    if edition is not None:
        from viennatag.vienna.editions import imported_editions

        print(f"in edition {edition}, {summary.counts}")
        if edition not in imported_editions():
            used = "so viennatag's own list was used; see: viennatag codes import --help"
            print(f"edition {edition} was not imported, {used}", file=sys.stderr)
    if summary.failed or not summary.kept:
        raise Exit(1)


def _print(summary: "ImportSummary", taxonomy: str) -> None:
    from viennatag.errors import count

    if summary.resumed:
        print(f"resumed after {count(summary.resumed, 'finished file')}", file=sys.stderr)
    print_notes(summary.notes)
    for title, notes in (
        ("left out", summary.skipped),
        ("repeated", summary.repeated),
        ("unreadable", summary.unreadable),
        ("file not read to its end", summary.failed),
    ):
        for note in notes[:_SHOWN]:
            print(f"{title}: {note.times:,} × {note.reason}, first {note.example}", file=sys.stderr)
        if len(notes) > _SHOWN:
            print(f"{title}: {len(notes) - _SHOWN:,} other reasons", file=sys.stderr)
    if summary.without_image:
        told = "without the name of an image; with --images FOLDER it is looked for by the number of the mark"
        print(f"{count(summary.without_image, 'mark')} {told}", file=sys.stderr)
    print(f"{count(summary.marks, 'mark')}, {summary.with_codes:,} with codes, {summary.without_codes:,} without")
    if not summary.kept:
        flat = summary.taxonomy == "vienna" and summary.unreadable
        way = "; labels that are no Vienna codes are read with --taxonomy flat" if flat else ""
        print(f"nothing was kept, so {summary.table} was not written{way}", file=sys.stderr)
        return
    negatives = summary.kept - summary.with_codes
    more = f", {negatives:,} of them without a label" if negatives > 0 else ""
    print(f"wrote {summary.table}: {count(summary.kept, 'mark')}{more}")
    if summary.images is not None:
        print(f"wrote {summary.images}: their images")
    if summary.taxonomy != "vienna":
        named = "flat" if summary.taxonomy == "flat" else shlex.quote(taxonomy)
        print(f"its labels are not Vienna codes: use it with --taxonomy {named}")
