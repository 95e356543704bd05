"""Tables of images and labels as others write them, read by the one reader of marks tables.

One column of labels, one 0/1 column per label or one row per image and label; Hugging Face's `metadata.csv` and
`metadata.jsonl`, whose images lie beside them; the tables of Open Images and of chest X-rays.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from viennatag.data.columns import subset_in, subset_of
from viennatag.data.marks import table_marks
from viennatag.data.source_files import Document
from viennatag.data.tables import TABLE_FORMATS, NumberedRow, Table, open_table, read_text_rows
from viennatag.importers.label_studio import UPLOADED, task_image
from viennatag.importers.record import Record

_BESIDE = "metadata"
"""A table of this name holds paths relative to its own folder."""


def read_table_document(document: Document) -> Iterator[Record]:
    """Yield the marks of one table; rows that cannot be used are records with a problem.

    Raises:
        DataError: If the table cannot be read at all.
    """
    path = PurePosixPath(document.name)
    ending = path.suffix.lower() if path.suffix.lower() in TABLE_FORMATS else ".csv"
    if ending == ".parquet":
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, path.name)
            with document.open() as stream, copy.open("wb") as file:
                while chunk := stream.read(1 << 20):
                    file.write(chunk)
            yield from _records(document, path, replace(open_table(copy), name=path.name))
        return

    def rows() -> Iterator[NumberedRow]:
        with document.open() as stream:
            yield from read_text_rows(stream, path.name, ending)

    yield from _records(document, path, Table(path.name, rows))


def _records(document: Document, path: PurePosixPath, table: Table) -> Iterator[Record]:
    marks = table_marks(
        table, document.reading, taxonomy=document.taxonomy, skip_bad=True, require_images=False, require_codes=False
    )
    for note in marks.notes:
        document.note(note)
    for problem in marks.skipped:
        yield Record(problem, problem="a row that cannot be used")
    beside = path.parent if path.stem.lower() == _BESIDE else PurePosixPath()
    split = "" if any(marks.splits) else subset_of(beside.name) or subset_in(path.stem)
    if split and not beside.name:
        document.note(
            f"the subset of the rows of {path.name} is that in its name, {split}; a column 'split' says otherwise"
        )
    unknown = marks.unknown or ((),) * len(marks)
    columns = (marks.images, marks.codes, marks.ids, marks.groups, marks.splits, marks.weights, unknown)
    for given, codes, number, group, stated, weight, doubtful in zip(*columns, strict=True):
        image = task_image(given) if given.startswith("/data/") else given  # tables of Label Studio
        if image != given:
            document.note(UPLOADED)
        name = str(beside / image) if image and beside.name else image
        own = "" if number.startswith("row ") and not image else number
        yield Record(
            name if own == image else own, codes, name, split=stated or split, group=group,
            weight="" if weight == 1 else repr(weight), unknown=doubtful, numbered=True,
        )  # fmt: skip
