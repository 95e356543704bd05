"""Tables of images and labels as others write them, read by the one reader of marks tables.

One column of labels, one 0/1 column per label or one row per image and label; Hugging Face's `metadata.csv` and
`metadata.jsonl`, whose images lie beside them; the tables of Open Images and of chest X-rays.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from viennatag.data.columns import subset_in, subset_of
from viennatag.data.documents import Document
from viennatag.data.marks import Marks, read_marks
from viennatag.data.tables import TABLE_FORMATS, NumberedRow, Table, open_table, read_text_rows
from viennatag.errors import DataError
from viennatag.importers.label_studio import UPLOADED, task_image
from viennatag.importers.record import Record

_GUESSES = re.compile("submission|prediction")
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
            try:
                yield from _records(document, path, replace(open_table(copy), name=path.name))
            except DataError as exc:
                raise DataError(str(exc).replace(str(copy), path.name)) from exc
        return

    def rows() -> Iterator[NumberedRow]:
        with document.open() as stream:
            yield from read_text_rows(stream, path.name, ending)

    yield from _records(document, path, Table(path.name, rows))


def _records(document: Document, path: PurePosixPath, table: Table) -> Iterator[Record]:
    marks = read_marks(
        table, reading=document.reading, taxonomy=document.taxonomy, skip_bad=True, require_codes=False,
        require_images=document.taxonomy != "vienna",  # a register's image is found by the number of its mark
    )  # fmt: skip
    if _GUESSES.search(path.stem.lower()):
        document.note("files of predictions are read as labels; if they are no labels, take them away", path.name)
    yield from row_problems(marks, document)
    beside = path.parent if path.stem.lower() == _BESIDE else PurePosixPath()
    stated_in = subset_of(path.parent.name), subset_in(path.stem)
    split = "" if any(marks.splits) else stated_in[0] or stated_in[1] or ""
    if split and not beside.name:
        place = "that of its folder" if stated_in[0] else "that in its name"
        document.note(f"the subset of the rows of {path.name} is {place}, {split}; a column 'split' says otherwise")
    folders = {} if split or any(marks.splits) else _subsets_of_folders(marks.images)
    if folders:
        document.note(
            f"the subsets of the rows of {path.name} are those in the names of their images, such as "
            f"{marks.images[0]}; a column 'split' says otherwise"
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
            name if own == image else own, codes, name, group=group,
            split=stated or split or folders.get(_first_folder(given), ""),
            weight="" if weight == 1 else repr(weight), unknown=doubtful, numbered=True,
            joins=bool(document.reading.long),
            folder=path.parent.as_posix() if path.parent.name and not beside.name else "",
        )  # fmt: skip


def row_problems(marks: Marks, document: Document) -> Iterator[Record]:
    """Yield a record for each row of a table that cannot be used, and note what is not sure about the others."""
    for note in marks.notes:
        document.note(note)
    for problem in marks.skipped:
        yield Record(problem, problem="a row that cannot be used")


def _subsets_of_folders(images: Sequence[str]) -> dict[str, str]:
    """Return the subset of each outermost folder, if all images lie in folders of several subsets; else empty."""
    found = {folder: subset_of(folder) or "" for folder in set(map(_first_folder, images))}
    return found if all(found.values()) and len(set(found.values())) > 1 else {}


def _first_folder(image: str) -> str:
    return image.replace("\\", "/").partition("/")[0] if "/" in image or "\\" in image else ""
