"""Raw rows of tables: delimited files, JSON lines, Parquet and data frames; nothing is said about their meaning.

A table can be read twice: first to see what its columns hold, then to read the marks.
"""

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any

from viennatag.data.columns import IMAGE_NAMES, LABEL_NAMES, columns_named
from viennatag.data.source_files import IMAGE_ENDINGS
from viennatag.errors import DataError, require
from viennatag.files import open_plain, plain_cell

TABLE_FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
DELIMITERS = ",;\t|"
BROKEN = "\0broken"
"""Key of a row that cannot be read; its value says why."""
Row = Mapping[str, Any]
NumberedRow = tuple[int, Row]


@dataclass(frozen=True)
class Table:
    """A table that can be read as often as wanted.

    Attributes:
        name: What messages call it.
        rows: Yields the rows with their numbers, as a spreadsheet or editor counts them.
    """

    name: str
    rows: Callable[[], Iterator[NumberedRow]]


def open_table(path: Path) -> Table:
    """Return the table in a file; its ending gives the format. The file is opened when rows are read."""
    return Table(str(path), lambda: read_rows(path))


def read_rows(path: Path) -> Iterator[NumberedRow]:
    """Yield the unchecked rows of a marks table, each with its number.

    Raises:
        DataError: If the file cannot be read.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_FORMATS:
        raise DataError(f"{path}: a marks table ends in {', '.join(TABLE_FORMATS)}{_other_ending(ending)}")
    try:
        if ending == ".parquet":
            yield from _read_parquet(path)
        else:
            with open_plain(path) as file:
                yield from read_text_rows(file, str(path), ending)
    except FileNotFoundError as exc:
        raise DataError(f"{path}: there is no such file") from exc
    except IsADirectoryError as exc:
        raise DataError(f"{path}: this is a folder; a marks table is a file") from exc
    except OSError as exc:
        raise DataError(f"{path}: cannot be read: {exc.strerror or exc}") from exc


def read_text_rows(file: BufferedReader, name: str, ending: str) -> Iterator[NumberedRow]:
    """Yield the rows of an open CSV, TSV or JSON lines file.

    Raises:
        DataError: If the text is no table.
    """
    head = file.peek(64)[:64]
    if head.startswith(b"version https://git-lfs"):
        raise DataError(f"{name}: this is a Git LFS pointer and not the table itself; fetch it with: git lfs pull")
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = io.TextIOWrapper(file, "utf-16" if wide else "utf-8-sig", newline="")
    try:
        yield from _json_rows(text) if ending == ".jsonl" else _delimited_rows(text, name)
    except UnicodeDecodeError as exc:
        raise DataError(f"{name}: the text is not UTF-8 (byte {exc.start:,}); save it as UTF-8") from exc
    except csv.Error as exc:
        raise DataError(f"{name}: not a valid table: {exc}") from exc
    finally:
        text.detach()


def frame_table(frame: Any) -> Table:
    """Return the table in a data frame of pandas or polars, a lazy one too, columns by name, a list of rows, or Arrow.

    A pandas index that has a name is a column; one without is not.

    Raises:
        DataError: If it is none of these, or its columns have no distinct names.
    """
    name, columns, rows = "the data frame", *_frame_rows(frame)
    _check_header(columns, name)
    return Table(name, lambda: enumerate((dict(zip(columns, row, strict=True)) for row in rows()), start=1))


def _delimited_rows(text: io.TextIOWrapper, name: str) -> Iterator[NumberedRow]:
    """Yield rows numbered as in a spreadsheet: the header is row 1."""
    header_row, first = 1, text.readline()
    if first.lower().startswith("sep=") and len(first.strip()) in {4, 5}:  # spreadsheets write it above the header
        header_row, first = 2, text.readline()
    while first.startswith("#") and not _names_images(first):  # comments above the header
        header_row, first = header_row + 1, text.readline()
    if not first.strip():
        raise DataError(f"{name}: the file is empty" if not first else f"{name}: the first line names no columns")
    delimiter = _delimiter(first, name)
    rows = csv.reader(_lines(first, text), delimiter=delimiter)
    header = [column.strip() for column in next(rows)]
    _check_header(header, name)
    for number, values in enumerate(rows, start=header_row + 1):
        if not values:  # csv yields [] for an empty line
            continue
        while len(values) > len(header) and not values[-1].strip():  # a delimiter at the end of each row
            values.pop()
        row: dict[str, Any] = dict(zip(header, map(plain_cell, values), strict=False))
        if len(values) != len(header):
            row[BROKEN] = (
                f"has {len(values)} field{'s' if len(values) > 1 else ''}, the header {len(header)}"
                + _quoting_hint(values, header)
            )
        yield number, row


def _quoting_hint(values: Sequence[str], header: Sequence[str]) -> str:
    return "; a cell that holds the separator must stand in quotes" if len(values) > len(header) else ""


def _lines(first: str, text: io.TextIOWrapper) -> Iterator[str]:
    yield first
    for line in text:  # noqa: UP028 (`yield from` would close the text with this generator)
        yield line


def _delimiter(first: str, name: str) -> str:
    """Return what separates the columns: that which makes known names of the first line, or else most names."""
    headers = {mark: _cut(first, mark) for mark in DELIMITERS}
    split = {mark: columns for mark, columns in headers.items() if len(columns) > 1}
    if not split:
        if _looks_like_row(headers[","]):
            raise _no_header(name, first)
        return ","
    known = {mark for mark, columns in split.items() if columns_named(columns, IMAGE_NAMES)}
    labelled = {mark for mark in known if columns_named(split[mark], LABEL_NAMES)}
    chosen = max(labelled or known or split, key=lambda mark: len(split[mark]))
    if not known and _looks_like_row(split[chosen]):
        raise _no_header(name, first)
    return chosen


def _names_images(line: str) -> bool:
    return any(columns_named(_cut(line.lstrip("# "), mark), IMAGE_NAMES) for mark in DELIMITERS)


def _cut(line: str, mark: str) -> list[str]:
    try:
        return [column.strip() for column in next(csv.reader([line], delimiter=mark), [])]
    except csv.Error:  # longer than one field may be
        return []


def _looks_like_row(columns: Sequence[str]) -> bool:
    return any(PurePosixPath(column.lower()).suffix in IMAGE_ENDINGS for column in columns)


def _no_header(name: str, first: str) -> DataError:
    return DataError(
        f"{name}: the first line {first.strip()[:60]!r} looks like a row and not like names of columns; put a line "
        "such as image,codes above it"
    )


def _check_header(header: Sequence[str], name: str) -> None:
    if repeated := sorted(column for column, times in Counter(header).items() if column and times > 1):
        raise DataError(
            f"{name}: the header names a column twice: {', '.join(map(repr, repeated[:5]))}; rename one of the two"
        )


def _json_rows(text: io.TextIOWrapper) -> Iterator[NumberedRow]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as exc:
            row = {BROKEN: f"is not JSON: {exc.msg} at character {exc.pos + 1}"}
        except (RecursionError, ValueError) as exc:
            row = {BROKEN: f"is not JSON that can be read: {exc}"}
        yield number, row if isinstance(row, dict) else {BROKEN: "is not a JSON object"}


def _read_parquet(path: Path) -> Iterator[NumberedRow]:
    arrow = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    open_plain(path).close()
    try:
        table = parquet.read_table(path)
        table.validate(full=True)  # damage may also be inside a column
    except (arrow.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{path}: not a Parquet file that can be read; it may be damaged: {exc}") from exc
    _check_header(table.column_names, str(path))
    yield from enumerate(_arrow_rows(table), start=1)


def _arrow_rows(table: Any) -> Iterator[Row]:
    batches = table.to_batches(max_chunksize=65_536)
    return (row for batch in batches for row in batch.to_pylist())


_Rows = Callable[[], Iterable[Sequence[Any]]]


def _frame_rows(frame: Any) -> tuple[list[str], _Rows]:
    """Return the names of the columns, and what yields the cells of each row."""
    if hasattr(type(frame), "collect") and hasattr(type(frame), "collect_schema") and not hasattr(frame, "iter_rows"):
        frame = frame.collect()  # a lazy frame of polars
    if hasattr(type(frame), "iloc") and hasattr(type(frame), "columns"):
        return _pandas_rows(frame)
    if hasattr(type(frame), "iter_rows"):
        return list(map(str, frame.columns)), frame.iter_rows
    if isinstance(frame, Mapping):
        lengths = {str(key): len(values) for key, values in frame.items() if hasattr(values, "__len__")}
        if (
            len(lengths) != len(frame)
            or len(set(lengths.values())) > 1
            or any(isinstance(v, str) for v in frame.values())
        ):
            raise DataError(f"the columns must be lists of one length; they are {lengths or list(frame)}")
        return list(lengths), lambda: zip(*frame.values(), strict=True)
    if isinstance(frame, Sequence) and not isinstance(frame, (str, bytes)):
        if not all(isinstance(row, Mapping) for row in frame):
            raise DataError(
                "a list of rows must hold one mapping per row, from the name of a column to its cell; otherwise "
                "expected Marks, the path of a table, or a data frame"
            )
        names = list(dict.fromkeys(str(name) for row in frame for name in row))
        return names, lambda: ([row.get(name) for name in names] for row in frame)
    if any(hasattr(frame, name) for name in ("__arrow_c_stream__", "__arrow_c_array__", "to_batches", "__dataframe__")):
        return _any_arrow_rows(frame)
    raise DataError(
        f"{type(frame).__name__}: expected a data frame of pandas or polars with a column of images and one of codes "
        "or labels; read_marks reads files"
    )


def _pandas_rows(frame: Any) -> tuple[list[str], _Rows]:
    if any(isinstance(name, tuple) for name in frame.columns):
        raise DataError(
            "the columns of the data frame are named in several levels; give each column one name, for example: "
            "frame.columns = ['_'.join(filter(None, map(str, names))) for names in frame.columns]"
        )
    for level, name in reversed(list(enumerate(frame.index.names))):
        frame = frame.reset_index(level=level, drop=name is None or name in frame.columns)
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    return list(map(str, frame.columns)), lambda: zip(*(column.tolist() for column in columns), strict=True)


def _any_arrow_rows(frame: Any) -> tuple[list[str], _Rows]:
    arrow = require("pyarrow", "data")
    try:
        table = arrow.table(frame)
    except (arrow.ArrowException, TypeError, ValueError) as exc:
        raise DataError(f"the data frame cannot be read as columns and rows of Arrow: {exc}") from exc
    return list(table.column_names), lambda: (tuple(row.values()) for row in _arrow_rows(table))


def _other_ending(ending: str) -> str:
    if ending in {".xls", ".xlsx", ".ods"}:
        return "; save the sheet as CSV (UTF-8)"
    if ending == ".json":
        return "; a JSON file of COCO's kind is read by: viennatag import coco"
    return ""
