"""Write a table of marks, so that it is read back as the same marks."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from viennatag.data.cells import cell_entries, choose_separator, truth_of
from viennatag.data.marks import RESERVED_COLUMNS, Marks
from viennatag.data.tables import TABLE_FORMATS
from viennatag.errors import DataError, require
from viennatag.files import atomic_file, is_text, printable, safe_cells

_BATCH = 10_000
"""Rows of Parquet that are held before they are written."""


def write_marks(marks: Marks, path: Path | str) -> None:
    """Write a marks table, completely or not at all, in the format of the path's ending.

    Raises:
        DataError: If the ending is not a known format, or a name is no text.
    """
    columns = [marks.images, marks.codes, marks.ids, marks.groups, marks.splits, marks.weights]
    columns += [marks.unknown] if marks.unknown else []
    listed = needs_lists((*marks.codes, *marks.unknown))
    write_rows(zip(*columns, strict=True), Path(path), columns=RESERVED_COLUMNS[: len(columns)], listed=listed)


def needs_lists(codes: Iterable[Sequence[str]]) -> bool:
    """Return whether cells of these labels must be written as JSON lists, or they would be read otherwise."""
    return bool(choose_separator({";".join(each) for each in codes})[0])


def write_rows(rows: Iterable[Sequence[Any]], path: Path, *, columns: Sequence[str], listed: bool = False) -> None:
    """Write rows as they come, completely or not at all, so that a table of any size needs little memory.

    A row has the cells of `columns`: the image, the codes as a sequence of texts, and others of `RESERVED_COLUMNS`,
    the unknown codes as a sequence too.
    In CSV and TSV a cell of labels is a JSON list if `listed`, or if `;` could not separate them.

    Raises:
        DataError: If the ending is not a known format.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_FORMATS:
        raise DataError(f"{path}: a marks table ends in {', '.join(TABLE_FORMATS)}")
    rows = map(_checked, rows)
    with atomic_file(path) as temporary:
        if ending == ".parquet":
            _write_parquet(iter(rows), temporary, columns)
            return
        with temporary.open("w", encoding="utf-8", newline="") as file:
            if ending == ".jsonl":
                records = (dict(zip(columns, row, strict=True)) for row in rows)
                file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            else:
                table = csv.writer(file, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
                table.writerow(columns)
                table.writerows(
                    safe_cells(each if isinstance(each, (str, int, float)) else _joined(each, listed) for each in row)
                    for row in rows
                )


def _write_parquet(rows: Iterator[Sequence[Any]], path: Path, columns: Sequence[str]) -> None:
    arrow = require("pyarrow", "data")
    texts = arrow.list_(arrow.string())
    types = {"codes": texts, "unknown": texts, "weight": arrow.float64()}
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in columns])
    with require("pyarrow.parquet", "data").ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, _BATCH)):
            cells = dict(zip(columns, zip(*batch, strict=True), strict=True))
            writer.write_table(arrow.table(cells, schema=schema))


def _checked(row: Sequence[Any]) -> Sequence[Any]:
    if not is_text(str(row[0])):
        raise DataError(f"the image name {printable(str(row[0]))!r} is no UTF-8 text; rename the file")
    return row


def _joined(codes: Sequence[str], listed: bool) -> str:
    text = ";".join(codes)
    is_vector = len(codes) > 1 and all(map(truth_of, codes))  # `0;1` would be read as one of 0 and 1
    is_bits = len(text) > 2 and set(text) <= {"0", "1"}
    if codes and (listed or is_vector or is_bits or not _reads_back(text, codes)):
        return json.dumps(list(codes), ensure_ascii=False)
    return text


def _reads_back(text: str, codes: Sequence[str]) -> bool:
    """Return whether a cell is read as these labels, whatever is in other cells."""
    if set(",#\r") & set(text) or "?" in codes or any(code.endswith(".0") for code in codes):
        return False
    try:
        return cell_entries(text) == list(codes)
    except DataError:
        return False
