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

from viennatag.data.cells import image_cell
from viennatag.data.columns import IMAGE_COLUMNS, IMAGE_NAMES, LABEL_NAMES, columns_named, fold_name, subset_of
from viennatag.data.documents import Document
from viennatag.data.marks import read_marks
from viennatag.data.tables import BROKEN, NumberedRow, Row, Table, batch_rows, check_header
from viennatag.errors import DataError, require
from viennatag.importers.record import Record
from viennatag.importers.tables import row_problems

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
    check_header(file.schema_arrow.names)
    image = _image_column(document, file.schema_arrow)
    marks = read_marks(
        Table(document.name, lambda: _rows(file, image)), reading=replace(document.reading, image_column=image),
        taxonomy=document.taxonomy, skip_bad=True, require_images=False, require_codes=False,
    )  # fmt: skip
    yield from row_problems(marks, document)
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
            if content is None and not path:
                yield Record(name, problem="a row without an image")
                continue
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
    features = _features(file.schema_arrow.metadata or {})
    others = [name for name in file.schema_arrow.names if name != image]
    number = 0
    for batch in file.iter_batches(_BATCH * 64, columns=others):
        for row in batch_rows(batch):
            yield number + 1, _named(row, features) | {image: str(number)}
            number += 1


def _named(row: Row, features: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with names for the numbers of classes."""
    named = {column: _with_names(value, features.get(column)) for column, value in row.items()}
    for column in row:
        if row[column] == -1 and named[column] is None and fold_name(column) in _LABELS:
            named[BROKEN] = f"has {column!r} -1, which stands for unknown in data sets of Hugging Face"
    return named


def _with_names(value: Any, feature: Any) -> Any:
    """Return a cell, or what is in it, with names for the numbers of classes; None for -1.

    Raises:
        DataError: If a class has no name.
    """
    while isinstance(feature, list) or (isinstance(feature, dict) and isinstance(feature.get("feature"), (dict, list))):
        feature = (feature[0] if feature else None) if isinstance(feature, list) else feature["feature"]
    if not isinstance(feature, dict):
        return value
    if isinstance(value, list):
        return [_with_names(each, feature) for each in value]
    if isinstance(value, dict):
        return {key: _with_names(each, feature.get(key)) for key, each in value.items()}
    names = feature.get("names")
    if not isinstance(names, list) or value is None or value == -1:
        return None if isinstance(names, list) else value
    if not isinstance(value, int) or not 0 <= value < len(names):
        raise DataError(f"has the class {value!r}, for which the schema has no name")
    return str(names[value])


def _features(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return what the schema says of each column, as the names that the numbers in it stand for."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def _subset_in(document: Document) -> str:
    """Return the subset that the name of the file or of its folder states, empty if none does; it is noted."""
    path = PurePosixPath(document.name)
    words = (re.split(r"[-_.]", path.stem)[0], path.parent.name)
    subset = next((found for word in words if (found := subset_of(word))), "")
    if subset:
        document.note("the subsets of images are those in the names of the files, such as train-00000-of-00001.parquet")
    return subset
