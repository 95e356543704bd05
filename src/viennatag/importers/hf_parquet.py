"""Image data sets of Hugging Face: Parquet files that hold the image files themselves.

Labels are read as in any table (see `data.reading`), or are positions in a list of names that the file's schema
carries. The subset is a column, or stands in the file's name, as in `train-00000-of-00001.parquet`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from viennatag.data.columns import IMAGE_NAMES, LABEL_NAMES, columns_named, fold_name, subset_of
from viennatag.data.marks import table_marks
from viennatag.data.source_files import IMAGE_COLUMNS, Document, image_cell
from viennatag.data.tables import BROKEN, NumberedRow, Table
from viennatag.errors import DataError, require
from viennatag.importers.record import Record

_BATCH = 64
"""Rows held at a time; an image of a register has at most a few megabytes."""
_LABELS = frozenset(map(fold_name, LABEL_NAMES))


def read_hf_parquet(document: Document) -> Iterator[Record]:
    """Yield the marks of one file with their image bytes.

    Raises:
        DataError: If the file is no Parquet, lacks a column of images or of labels, or these cannot be read.
        MissingExtraError: If pyarrow is not installed.
    """
    arrow = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    with document.open() as stream:
        try:
            file = parquet.ParquetFile(stream)
            yield from _records(document, file)
        except (arrow.ArrowException, OSError, ValueError) as exc:
            raise DataError(f"not a Parquet file that can be read: {exc}") from exc


def _records(document: Document, file: Any) -> Iterator[Record]:
    image = _image_column(document, file.schema_arrow)
    marks = table_marks(
        Table(document.name, lambda: _rows(file, image)), replace(document.reading, image_column=image),
        taxonomy=document.taxonomy, skip_bad=True, require_images=False, require_codes=False,
    )  # fmt: skip
    for note in marks.notes:
        document.note(note)
    for problem in marks.skipped:
        yield Record(problem, problem="a row that cannot be used")
    stated = "" if any(marks.splits) else _subset_in(document)
    rows = {int(name): row for row, name in enumerate(marks.images)}
    number = 0
    for batch in file.iter_batches(_BATCH, columns=[image]):
        for cell in batch.column(image).to_pylist():
            row, name = rows.get(number), f"{document.name}-{number:07}"
            number += 1
            if row is None:
                continue
            content, path = image_cell(cell)
            own = "" if marks.ids[row] == marks.images[row] else marks.ids[row]
            weight = marks.weights[row]
            yield Record(
                own or name, marks.codes[row], path, content=content, split=marks.splits[row] or stated,
                group=marks.groups[row], weight="" if weight == 1 else repr(weight),
                unknown=marks.unknown[row] if marks.unknown else (),
            )  # fmt: skip


def _image_column(document: Document, schema: Any) -> str:
    """Return the column of images: one that is named so, or else the only one that holds files.

    Raises:
        DataError: If there is none.
    """
    if chosen := document.reading.image_column:
        if chosen not in schema.names:
            raise DataError(f"--image-column {chosen}: no such column; they are {', '.join(schema.names[:20])}")
        return chosen
    named = columns_named(schema.names, (*IMAGE_COLUMNS, *IMAGE_NAMES))
    files = [
        name
        for name in schema.names
        if re.match(r"struct<.*bytes: binary|(large_)?binary", str(schema.field(name).type))
    ]
    held = [name for name in named if name in files] or (files if len(files) == 1 else []) or named
    if not held:
        raise DataError(
            f"the columns are {', '.join(map(repr, schema.names[:20]))}, and none holds images; name it with "
            "--image-column NAME"
        )
    return str(held[0])


def _rows(file: Any, image: str) -> Iterator[NumberedRow]:
    """Yield the cells of each row but for its image, which is its number."""
    names = _class_names(file.schema_arrow.metadata or {})
    others = [name for name in file.schema_arrow.names if name != image]
    number = 0
    for batch in file.iter_batches(_BATCH * 64, columns=others):
        for row in batch.to_pylist():
            yield number + 1, _named(row, names) | {image: str(number)}
            number += 1


def _named(row: dict[str, Any], names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a row with names for positions in a list of names.

    Raises:
        DataError: If there is no such position.
    """
    for column, known in names.items():
        value = row.get(column)
        if value == -1:
            row[column] = None
            if fold_name(column) in _LABELS:
                row[BROKEN] = f"has {column!r} -1, which stands for unknown in data sets of Hugging Face"
        elif value is not None:
            try:
                found = [known[at] for at in (value if isinstance(value, list) else [value]) if at >= 0]
            except (IndexError, TypeError) as exc:
                raise DataError(f"has {column!r} {value!r}, for which the schema has no name") from exc
            row[column] = found if isinstance(value, list) or not found else found[0]
    return row


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names that whole numbers in a column stand for, by column."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    found = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        inner = feature[0] if isinstance(feature, list) and feature else feature  # how older versions write a list
        inner = inner.get("feature", inner) if isinstance(inner, dict) else None
        names = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(names, list):
            found[str(column)] = [str(name) for name in names]
    return found


def _subset_in(document: Document) -> str:
    """Return the subset that the name of the file or of its folder states, empty if none does; it is noted."""
    path = PurePosixPath(document.name)
    words = (re.split(r"[-_.]", path.stem)[0], path.parent.name)
    subset = next((found for word in words if (found := subset_of(word))), "")
    if subset:
        document.note("the subsets of images are those in the names of the files, such as train-00000-of-00001.parquet")
    return subset
