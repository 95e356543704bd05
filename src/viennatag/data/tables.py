"""Raw rows of tables: delimited files, JSON lines, Parquet and data frames; nothing is said about their meaning.

A table can be read twice: first to see what its columns hold, then to read the marks.
"""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any

from viennatag.data.columns import IMAGE_NAMES, LABEL_NAMES, columns_named, subset_of
from viennatag.data.source_files import names_file
from viennatag.errors import DataError, count, require
from viennatag.files import open_plain, plain_cell

TABLE_FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
DELIMITERS = ",;\t|"
_RULE = re.compile(r"[ ,;|+\t]*:?[-=]{3,}:?(?:[ ,;|+\t]+:?[-=]{3,}:?)*[ ,;|+\t]*")
"""A line between the names of columns and the rows, as Markdown and database shells print it."""
_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
_ROW_COUNT = re.compile(r"\(\d+ rows?\)|\\\.")
"""What database shells print below the last row."""
_LINES_AHEAD = 8
"""Lines below the first one in which the names of columns are looked for, if that is a title."""
_BETWEEN_ROWS = re.compile(r"[\s,]*")
BROKEN = "\0broken"
"""Key of a row that cannot be read; its value says why."""
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
_OTHER_FILES = {
    b"version https://git-lfs": "a Git LFS pointer and not the file itself; fetch it with: git lfs pull",
    b"pk\3\4": "a spreadsheet (.xlsx) or a ZIP archive and no text; save the sheet as CSV (UTF-8), or unpack it",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls) and no text; save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "a gzip file; unpack it first",
    b"par1": "a Parquet file; let its name end in .parquet",
    b"%pdf": "a PDF document and no table",
    b"<!doctype html": "a web page and no table; the download may have failed",
    b"[{": "JSON; let its name end in .jsonl",
    b'{"': "JSON; let its name end in .jsonl",
    b"<html": "a web page and no table; the download may have failed",
}
"""What else a file may be, by its first bytes in lower case."""
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


def names_columns(row: Row) -> bool:
    """Return whether a row repeats the names of the columns, as where files with headers were put together."""
    return len(row) > 1 and all(
        isinstance(value, str) and value.strip("\ufeff ") == name for name, value in row.items() if name
    )


def open_table(path: Path) -> Table:
    """Return the table in a file; its ending gives the format. The file is opened when rows are read."""
    return Table(str(path), lambda: read_rows(path))


def read_rows(path: Path) -> Iterator[NumberedRow]:
    """Yield the unchecked rows of a marks table, each with its number.

    Raises:
        DataError: If the file cannot be read.
    """
    ending = path.suffix.lower()
    if "\0" in str(path):
        raise DataError(f"{str(path)!r}: this is no path of a file")
    if path.is_dir():
        raise DataError(
            f"{path}: this is a folder; a marks table is a file, which viennatag import makes of a folder (see "
            "viennatag import --help)"
        )
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
    except OSError as exc:
        raise DataError(f"{path}: cannot be read: {exc.strerror or exc}") from exc


def other_kind(head: bytes) -> str:
    """Return what a file is that starts like this, if it is no text of columns; empty if it may be."""
    return next((kind for start, kind in _OTHER_FILES.items() if head.lower().startswith(start)), "")


def read_text_rows(file: BufferedReader, name: str, ending: str) -> Iterator[NumberedRow]:
    """Yield the rows of an open CSV, TSV or JSON lines file.

    Raises:
        DataError: If the text is no table.
    """
    head = file.peek(64)[:64]
    if (kind := other_kind(head)) and not kind.endswith(ending):
        raise DataError(f"{name}: this is {kind}")
    encoding = next((encoding for mark, encoding in _WIDE.items() if head.startswith(mark)), "utf-8-sig")
    if b"\0" in head and encoding == "utf-8-sig":
        raise DataError(f"{name}: the text is not UTF-8 (it holds zero bytes); save it as UTF-8")
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield from _json_rows(text, name) if ending == ".jsonl" else _delimited_rows(text, name)
    except UnicodeDecodeError as exc:
        around = exc.object[max(0, exc.start - 20) : exc.start + 8].decode("utf-8", "backslashreplace")
        shown = " ".join(around.split())
        raise DataError(f"{name}: the text is not UTF-8 at {shown!r}; save it as UTF-8") from exc
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
    check_header(columns, name)
    return Table(
        name, lambda: enumerate((dict(zip(columns, map(_plain_cell, row), strict=True)) for row in rows()), start=1)
    )


def _plain_cell(cell: Any) -> Any:
    """Return a number or text of NumPy as one of Python, anything else as it is."""
    return cell.item() if hasattr(cell, "__array__") and getattr(cell, "ndim", 1) == 0 else cell


def _delimited_rows(text: io.TextIOWrapper, name: str) -> Iterator[NumberedRow]:
    """Yield rows numbered as in a spreadsheet: the header is row 1."""
    header_row, first = 1, text.readline().lstrip("\ufeff")
    while first and not first.strip(" ,;\t\r\n"):  # blank lines above the header
        header_row, first = header_row + 1, text.readline()
    if first.lower().startswith("sep=") and len(first.strip()) in {4, 5}:  # spreadsheets write it above the header
        header_row, first = header_row + 1, text.readline()
    while _RULE.fullmatch(first.strip()) or (first.startswith("#") and not _names_images(first)):  # or comments
        header_row, first = header_row + 1, text.readline()
    if not first.strip():
        raise DataError(f"{name}: the file is empty" if header_row == 1 else f"{name}: no line names columns")
    ahead = list(islice(text, _LINES_AHEAD))
    if first.strip().isdecimal() and _is_spaced(*ahead[:2]):  # CelebA says first how many images there are
        header_row, (first, *ahead) = header_row + 1, ahead
    spaced = _is_spaced(first, *ahead[:1])
    first = f"{IMAGE_NAMES[0]} {first}" if spaced else first
    _check_title(first, ahead, header_row, name)
    delimiter = "\t" if spaced else _delimiter(first, name)
    lines = _lines([first, *ahead], text)
    lines = ("\t".join(line.split()) for line in lines) if spaced else lines
    rows = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != "\t")
    try:
        header = [column.strip() for column in next(rows)]
    except csv.Error as exc:
        raise DataError(
            f"{name}: the names of the columns cannot be read: {exc}; columns are separated by a comma, a semicolon, a "
            "tab or |"
        ) from exc
    if header and not header[0] and "Unnamed: 0" not in header:  # as pandas calls the index that it wrote
        header[0] = "Unnamed: 0"
    check_header(header, name)
    for number, values in enumerate(_each_row(rows), start=header_row + 1):
        if isinstance(values, csv.Error):
            if "end of data" in str(values):
                raise DataError(f"{name}: row {number:,} opens a quote that is never closed; close it, or remove it")
            if "expected after" not in str(values):
                raise DataError(f"{name}: row {number:,} cannot be read: {values}; a quote before it may be missing")
            yield number, {BROKEN: "has text after a closing quote; write a quote inside a cell twice"}
            continue
        if not any(map(str.strip, values)):  # an empty line, or a row that a spreadsheet left blank
            continue
        if _RULE.fullmatch(" ".join(values)) or (len(values) == 1 and _ROW_COUNT.fullmatch(values[0].strip())):
            continue
        if values != header and sorted(values) == sorted(header) and len({*values}) > 1:
            raise DataError(
                f"{name}: row {number:,} names the columns in another order; the rows below it mean something else: "
                "make two files of it"
            )
        while len(values) > len(header) and not values[-1].strip():  # a delimiter at the end of each row
            values.pop()
        row: dict[str, Any] = dict(zip(header, map(_typed_cell, values), strict=False))
        if len(values) != len(header):
            row[BROKEN] = f"has {count(len(values), 'field')}, the header {len(header)}" + _field_hint(
                values, header, delimiter
            )
        elif any("\n" in value and _holds_rows(value, delimiter, len(header)) for value in values):
            raise DataError(f"{name}: row {number:,} holds other rows in one cell; a quote in it is one too many")
        yield number, row


def _typed_cell(cell: str) -> str:
    """Return a cell as it was typed: `="007"` is how a text is kept from a spreadsheet that would make it a number."""
    cell = plain_cell(cell)
    return cell[2:-1].replace('""', '"') if len(cell) > 2 and cell.startswith('="') and cell.endswith('"') else cell


def _each_row(rows: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    """Yield each row, or why it cannot be read; the row after it is read again."""
    while True:
        try:
            yield next(rows)
        except StopIteration:
            return
        except csv.Error as exc:
            yield exc


def _holds_rows(cell: str, delimiter: str, columns: int) -> bool:
    lines = (_cut(line, delimiter) for line in cell.splitlines()[1:] if delimiter in line)
    return any(len(line) == columns and _looks_like_row(line) for line in lines)


def _field_hint(values: Sequence[str], header: Sequence[str], delimiter: str) -> str:
    if len(values) > len(header):
        return "; a cell that holds the separator must stand in quotes"
    return f"; the first row separates columns by {delimiter!r}" if len(values) == 1 else ""


def _check_title(first: str, ahead: Sequence[str], row: int, name: str) -> None:
    """Raise if one of the next lines names the columns, and the first is a title or spans several of them."""
    cells = [{mark: [cell for cell in _cut(line, mark) if cell] for mark in DELIMITERS} for line in (first, *ahead)]
    if any(columns_named(columns, IMAGE_NAMES) for columns in cells[0].values()):
        return
    most = max(map(len, cells[0].values()))
    for above, line in enumerate(cells[1:], start=1):
        for columns in line.values():
            if len(columns) > most and columns_named(columns, IMAGE_NAMES):
                shown = ", ".join(map(repr, columns[:2]))
                raise DataError(
                    f"{name}: row {row + above:,} names the columns ({shown}), and not the first row; remove the "
                    f"{f'{above} rows' if above > 1 else 'row'} above it"
                )


def _is_spaced(header: str = "", row: str = "") -> bool:
    """Return whether blanks separate columns, the first of which holds images and has no name, as in CelebA's files."""
    cells = row.split()
    unnamed = len(cells) == len(header.split()) + 1 and _looks_like_row(cells[:1])
    return unnamed and not any(mark in header + row for mark in DELIMITERS)


def _lines(first: Sequence[str], text: io.TextIOWrapper) -> Iterator[str]:
    yield from first
    for line in text:  # noqa: UP028 (`yield from` would close the text with this generator)
        yield line


def _delimiter(first: str, name: str) -> str:
    """Return what separates the columns: that which makes known names of the first line, or else most names."""
    headers = {mark: _cut(first, mark) for mark in DELIMITERS}
    split = {mark: columns for mark, columns in headers.items() if len(columns) > 1}
    if not split:
        if _looks_like_row(first.split()):
            raise _no_header(name, first, first.split())
        return ","
    known = {mark for mark, columns in split.items() if columns_named(columns, IMAGE_NAMES)}
    labelled = {mark for mark in known if columns_named(split[mark], LABEL_NAMES)}
    chosen = max(labelled or known or split, key=lambda mark: len(split[mark]))
    if not known and _looks_like_row(split[chosen]):
        raise _no_header(name, first, split[chosen], chosen)
    return chosen


def _names_images(line: str) -> bool:
    return any(columns_named(_cut(line.lstrip("# "), mark), IMAGE_NAMES) for mark in DELIMITERS)


def _cut(line: str, mark: str) -> list[str]:
    try:
        return [column.strip() for column in next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])]
    except csv.Error:  # longer than one field may be
        return []


def _looks_like_row(columns: Sequence[str]) -> bool:
    return any(map(names_file, columns))


def _no_header(name: str, first: str, cells: Sequence[str], delimiter: str = "") -> DataError:
    """Return an error that proposes names of columns for the cells of the first line."""
    others = [cell for cell in cells if not names_file(cell) and not subset_of(cell)]
    names: list[str] = []
    for at, cell in enumerate(cells, start=1):
        named = "image" if names_file(cell) else "split" if subset_of(cell) else "label"
        if cell in others and len(others) > 1 and _NUMBER.fullmatch(cell):  # a place or a size, more often than a label
            named = f"column{at}"
        names.append(named if named not in names else f"{named}{sum(named in each for each in names) + 1}")
    separated = "" if delimiter or len(cells) == 1 else "separate the columns by commas, and "
    return DataError(
        f"{name}: the first line {first.strip()[:60]!r} looks like a row and not like names of columns; {separated}put "
        f"a line such as {(delimiter or ',').join(names if len(names) > 1 else ('image', 'label'))} above it"
        + ("; labels of one image may also stand in one column, separated by |" if len(cells) > 2 else "")
    )


def check_header(header: Sequence[str], name: str = "") -> None:
    """Raise DataError if two columns of a table, of this name, are called alike."""
    if repeated := sorted(column for column, times in Counter(header).items() if column and times > 1):
        shown = ", ".join(map(repr, repeated[:5]))
        raise DataError(f"{name and f'{name}: '}the header names a column twice: {shown}; rename one of the two")


def _json_rows(text: io.TextIOWrapper, name: str) -> Iterator[NumberedRow]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        if number == 1 and line.lstrip().startswith("["):
            yield from _listed_rows(line + text.read(), name)
            return
        if number == 1 and line.strip() == "{":
            yield from _spread_rows(line + text.read(), name)
            return
        try:
            row = _with_class_names(json.loads(line, object_pairs_hook=_once_each))
        except json.JSONDecodeError as exc:
            comma = "; remove the comma at the end of the line" if line.rstrip().endswith(("},", "],")) else ""
            row = {BROKEN: f"is not JSON: {exc.msg} at character {exc.pos + 1}{comma}"}
        except (RecursionError, ValueError) as exc:
            row = {BROKEN: f"is not JSON that can be read: {exc}"}
        if number == 1 and _maps_images(row):
            yield from _mapped_rows(row)
            continue
        if number == 1 and _holds_columns(row):
            raise DataError(
                f"{name}: an object holds the whole table; write one object for each row, as data frames of pandas do "
                "with to_json(..., orient='records', lines=True)"
            )
        yield number, row if isinstance(row, dict) else {BROKEN: "is not a JSON object"}


def _spread_rows(text: str, name: str) -> Iterator[NumberedRow]:
    """Yield the rows of one object over several lines, from the names of images to their labels."""
    try:
        row = json.loads(text, object_pairs_hook=_once_each)
    except (RecursionError, ValueError):
        row = None
    if not _maps_images(row):
        raise DataError(f"{name}: an object is spread over several lines; write each on one line, or a list of them")
    yield from _mapped_rows(row)


def _maps_images(row: Any) -> bool:
    """Return whether an object's names are those of image files, so that its values are their labels."""
    return isinstance(row, dict) and bool(row) and all(map(names_file, row))


def _mapped_rows(row: Row) -> Iterator[NumberedRow]:
    return ((number, {"image": image, "labels": labels}) for number, (image, labels) in enumerate(row.items(), start=1))


def _holds_columns(row: Any) -> bool:
    """Return whether an object is a table by columns, with names of columns apart, or around a list of rows."""
    values = list(row.values()) if isinstance(row, dict) else []
    by_row = len(values) > 1 and all(isinstance(each, dict) and each and [*each] == [*values[0]] for each in values)
    around = len(values) == 1 and isinstance(values[0], list) and all(isinstance(each, dict) for each in values[0])
    return by_row or around or (isinstance(row, dict) and {"columns", "data"} <= set(row))


def _with_class_names(row: Any) -> Any:
    """Return a row of an augmented manifest of SageMaker with the names of classes in place of their numbers."""
    for name in [name for name in row if f"{name}-metadata" in row] if isinstance(row, dict) else ():
        told = row[f"{name}-metadata"]
        names = told.get("class-map", {}) if isinstance(told, dict) else {}
        if isinstance(told, dict) and isinstance(told.get("class-name"), str):
            row[name] = told["class-name"]
        elif isinstance(row[name], list) and isinstance(names, dict):
            row[name] = [names.get(str(each), each) for each in row[name]]
    return row


def _listed_rows(text: str, name: str) -> Iterator[NumberedRow]:
    """Yield the rows of one JSON list, as data frames are written if nothing else is asked for."""
    decoder = json.JSONDecoder(object_pairs_hook=_once_each)
    at, number = text.index("[") + 1, 0
    while (at := _BETWEEN_ROWS.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
        number += 1
        try:
            row, at = decoder.raw_decode(text, at)
        except (RecursionError, ValueError) as exc:
            raise DataError(f"{name}: row {number:,} of the JSON list cannot be read: {exc}") from exc
        yield number, row if isinstance(row, dict) else {BROKEN: "is not a JSON object"}
    if at >= len(text):
        raise DataError(f"{name}: the JSON list is cut off after row {number:,}")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise ValueError(f"it names {twice!r} twice")
    return found


_ROWS_OF_A_BYTE = 1_000
"""More rows for each byte of a file are not those of a table whose rows differ."""


def _read_parquet(path: Path) -> Iterator[NumberedRow]:
    arrow = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    open_plain(path).close()
    try:
        stated = parquet.read_metadata(path)
        rows = sum(stated.row_group(at).num_rows for at in range(stated.num_row_groups))
        # reading them could fill the memory
        if rows != stated.num_rows or rows > _ROWS_OF_A_BYTE * path.stat().st_size:
            raise ValueError(f"it states {stated.num_rows:,} rows and holds {rows:,}")
        table = parquet.read_table(path)
        table.validate(full=True)  # damage may also be inside a column
    except (arrow.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{path}: not a Parquet file that can be read; it may be damaged: {exc}") from exc
    check_header(table.column_names, str(path))
    yield from enumerate(_arrow_rows(table), start=1)


def _arrow_rows(table: Any) -> Iterator[Row]:
    for batch in table.to_batches(max_chunksize=65_536):
        yield from batch_rows(batch)


def batch_rows(batch: Any) -> Iterator[Row]:
    """Yield the rows of a batch of Arrow; maps are dicts.

    Raises:
        DataError: If a text in it is no UTF-8.
    """
    try:
        maps = [field.name for field in batch.schema if str(field.type).startswith("map<")]
        rows = batch.to_pylist()
    except UnicodeDecodeError as exc:
        raise DataError(f"a text in the table is no UTF-8; it may be damaged: {exc}") from exc
    for row in rows:
        yield row | {name: dict(row[name]) for name in maps if row[name] is not None}


_Rows = Callable[[], Iterable[Sequence[Any]]]


def _frame_rows(frame: Any) -> tuple[list[str], _Rows]:
    """Return the names of the columns, and what yields the cells of each row."""
    if hasattr(type(frame), "collect") and hasattr(type(frame), "collect_schema") and not hasattr(frame, "iter_rows"):
        try:
            frame = frame.collect()  # a lazy frame of polars
        except Exception as exc:  # whatever the steps that were put off raise
            raise DataError(f"the lazy frame cannot be collected: {str(exc).strip().splitlines()[0]}") from exc
    if hasattr(type(frame), "iloc") and hasattr(type(frame), "columns"):
        return _pandas_rows(frame)
    if hasattr(type(frame), "to_frame") and hasattr(frame, "dtype"):
        raise DataError("this is one column; give the frame, with a column of images and one of codes or labels")
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
    names = frame.index.tolist() if frame.index.names == [None] and "index" not in frame.columns else []
    if names and all(isinstance(name, (str, PathLike)) and names_file(str(name)) for name in names):
        frame = frame.rename_axis("index")
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
    if ending in {".gz", ".bz2", ".xz", ".zst", ".zip", ".7z", ".tar", ".tgz"}:
        return "; unpack it first"
    if ending in {".ndjson", ".jl", ".json5", ".manifest"}:
        return "; let its name end in .jsonl, if each line is an object"
    if ending in {".txt", ".tab", ".dat", ".psv", ".data", ""}:
        return "; if it is text in columns, separated by commas, semicolons, tabs or |, let its name end in .csv"
    if ending == ".json":
        return (
            "; a JSON file of COCO's kind is read by: viennatag import coco; a list of rows is read if its name ends "
            "in .jsonl"
        )
    return ""
