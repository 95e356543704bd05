"""Image data sets of Hugging Face: Parquet files that hold the image files themselves.

Labels are texts, lists of texts, or positions in a list of names that the file's schema carries.
"""

import json
from collections.abc import Iterator
from typing import Any

from viennatag.data.columns import LABEL_NAMES, columns_named
from viennatag.data.source_files import IMAGE_COLUMNS, Document, image_cell
from viennatag.errors import DataError, require
from viennatag.importers.record import Record, code_entries

_BATCH = 64
"""Rows held at a time; an image of a register has at most a few megabytes."""


def read_hf_parquet(document: Document) -> Iterator[Record]:
    """Yield the marks of one file with their image bytes.

    Raises:
        DataError: If the file is no Parquet, or lacks a column of images or of labels.
        MissingExtraError: If pyarrow is not installed.
    """
    arrow = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    with document.open() as stream:
        try:
            file = parquet.ParquetFile(stream)
            columns = file.schema_arrow.names
            image = next(iter(columns_named(columns, IMAGE_COLUMNS)), None)
            label = next(iter(columns_named(columns, LABEL_NAMES)), None)
            if image is None or label is None:
                raise DataError(
                    f"the columns are {', '.join(map(repr, columns[:20]))}; expected one of {', '.join(IMAGE_COLUMNS)} "
                    f"and one of {', '.join(LABEL_NAMES[:12])}"
                )
            names = _class_names(file.schema_arrow.metadata or {}, label)
            chosen = [image, label, *(["id"] if "id" in columns else [])]
            number = 0
            for batch in file.iter_batches(_BATCH, columns=chosen):
                for row in batch.to_pylist():
                    yield _record(row, image, label, names, f"{document.name}-{number:07}")
                    number += 1
        except (arrow.ArrowException, OSError, ValueError) as exc:
            raise DataError(f"not a Parquet file that can be read: {exc}") from exc


def _record(row: dict[str, Any], image: str, label: str, names: list[str] | None, name: str) -> Record:
    content, path = image_cell(row[image])
    value, problem = row[label], ""
    if names is not None and value == -1:
        value, problem = None, "its label is -1, which stands for unknown in data sets of Hugging Face"
    if names is not None and value is not None:
        try:
            value = [names[at] for at in (value if isinstance(value, list) else [value]) if at >= 0]
        except (IndexError, TypeError) as exc:
            raise DataError(f"row {name} has the label {row[label]!r}, for which the schema has no name") from exc
    number = row.get("id")
    return Record(name if number is None else str(number), code_entries(value), path, content=content, problem=problem)


def _class_names(metadata: dict[bytes, bytes], label: str) -> list[str] | None:
    """Return the names that whole numbers in the label column stand for."""
    try:
        feature: Any = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"][label]
        if isinstance(feature, list):  # how older versions write a list of labels
            feature = feature[0]
        names = feature.get("feature", feature)["names"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None
