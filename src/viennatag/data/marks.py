"""The table of marks: read it, check every row, write it.

One row is one mark: an image and its codes, in a column `codes` or as one 0/1 column per label. All problems of a
file are reported together, with row numbers.
"""

import csv
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import CodeError, DataError, OptionError, report_problems, require
from viennatag.files import atomic_file
from viennatag.vienna.codes import parse_code, parse_codes

SUBSETS = ("train", "validation", "test")
RESERVED_COLUMNS = ("image", "codes", "id", "group", "split", "weight")
TABLE_FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
_BATCH = 10_000
"""Rows of Parquet that are held before they are written."""


@dataclass(frozen=True, eq=False)
class Marks:
    """A table of marks in columns, with one entry per mark.

    Attributes:
        taxonomy: `vienna` if the codes are Vienna codes (canonical spelling), `flat` for any other labels.
        images: Paths of the images, relative to a folder that the user names.
        codes: The codes of each mark, distinct and in order.
        ids: A distinct name for each mark.
        groups: Marks of one group are never separated by a split; empty for no group.
        splits: `train`, `validation`, `test`, or empty for no subset yet.
        weights: Weight of each mark in training, positive.
        skipped: Problems of the rows that were left out.
    """

    taxonomy: Taxonomy
    images: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    weights: tuple[float, ...]
    skipped: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.images)

    def select(self, rows: Iterable[int]) -> "Marks":
        """Return the marks of these rows, in this order."""
        chosen = [int(row) for row in rows]
        columns = ("images", "codes", "ids", "groups", "splits", "weights")
        picked: dict[str, Any] = {name: tuple(map(getattr(self, name).__getitem__, chosen)) for name in columns}
        return replace(self, **picked)

    def readable(self, errors: Mapping[int, str], *, skip_bad: bool) -> "tuple[Marks, list[int]]":
        """Return the marks with readable images, and their rows; the others are listed in `skipped`.

        `errors` are those of unreadable images, by row.

        Raises:
            DataError: If there are errors and `skip_bad` is False, or no image can be read.
        """
        problems = [f"{self.images[row]}: {errors[row]}" for row in sorted(errors)]
        if problems and not skip_bad:
            raise DataError(
                report_problems(f"{len(problems):,} of {len(self):,} images cannot be read", problems)
                + "\nreplace them, or leave them out with --skip-bad (skip_bad=True)"
            )
        rows = [row for row in range(len(self)) if row not in errors]
        if not rows:
            raise DataError("no image can be read, so no mark is left")
        return replace(self.select(rows), skipped=(*self.skipped, *problems)), rows


def read_marks(
    path: Path | str,
    *,
    taxonomy: Taxonomy = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    require_images: bool = True,
    ignore: Sequence[str] = (),
) -> Marks:
    """Return the marks of a CSV, TSV, JSONL or Parquet file.

    Args:
        path: The file; its ending gives the format.
        taxonomy: `vienna` or `flat`.
        images: Folder in which each row's image must exist, if given.
        skip_bad: Leave bad rows out, and list them in `Marks.skipped`, instead of raising.
        require_images: Whether a row needs an image.
        ignore: Columns that are not labels.

    Raises:
        DataError: If the file cannot be read, has no marks, or has bad rows; it lists all of them.
    """
    check = _Check(str(path), taxonomy, None if images is None else Path(images), require_images, ignore)
    return check.marks(read_rows(Path(path)), skip_bad=skip_bad)


_Row = tuple[int, Mapping[str, Any]]


def read_rows(path: Path) -> Iterator[_Row]:
    """Yield the unchecked rows of a marks table, each with its number.

    Raises:
        DataError: If the file cannot be read.
    """
    readers = {".csv": _read_delimited, ".tsv": _read_delimited, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: a marks table ends in {', '.join(TABLE_FORMATS)}")
    try:
        yield from readers[path.suffix.lower()](path)
    except FileNotFoundError as exc:
        raise DataError(f"{path}: there is no such file") from exc
    except IsADirectoryError as exc:
        raise DataError(f"{path}: this is a folder; a marks table is a file") from exc
    except UnicodeDecodeError as exc:
        raise DataError(f"{path}: the text is not UTF-8 (byte {exc.start:,}); save it as UTF-8") from exc
    except csv.Error as exc:
        raise DataError(f"{path}: not a valid table: {exc}") from exc


def as_marks(
    marks: "Marks | Path | str | Any",
    *,
    taxonomy: Taxonomy = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
) -> Marks:
    """Return marks from whatever holds them: `Marks`, the path of a table, or a data frame of pandas or polars.

    `Marks` are returned as they are; the options are those of `read_marks`.

    Raises:
        DataError: If rows are bad, or `marks` is something else.
    """
    if isinstance(marks, Marks):
        return marks
    if isinstance(marks, (str, Path)):
        checked = images is not None
        return read_marks(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad, require_images=checked)
    if hasattr(marks, "columns"):
        return marks_from_dataframe(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad)
    raise DataError(
        f"marks are a {type(marks).__name__}; expected Marks, the path of a table (CSV, TSV, JSONL, Parquet), or a "
        "data frame of pandas or polars"
    )


def marks_from_dataframe(
    frame: Any,
    *,
    taxonomy: Taxonomy = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    ignore: Sequence[str] = (),
) -> Marks:
    """Return the marks of a pandas or polars DataFrame, or of any table with the Arrow protocol.

    Raises:
        DataError: As `read_marks`.
    """
    check = _Check("the data frame", taxonomy, None if images is None else Path(images), True, ignore)
    return check.marks(_arrow_rows(require("pyarrow", "data").table(frame)), skip_bad=skip_bad)


def write_marks(marks: Marks, path: Path | str) -> None:
    """Write a marks table, completely or not at all, in the format of the path's ending.

    Raises:
        DataError: If the ending is not a known format.
    """
    rows = zip(marks.images, marks.codes, marks.ids, marks.groups, marks.splits, marks.weights, strict=True)
    write_rows(rows, Path(path), columns=RESERVED_COLUMNS)


def write_rows(rows: Iterable[Sequence[Any]], path: Path, *, columns: Sequence[str]) -> None:
    """Write rows as they come, completely or not at all, so that a table of any size needs little memory.

    A row has the cells of `columns`: the image, the codes as a sequence of texts, and others of `RESERVED_COLUMNS`.

    Raises:
        DataError: If the ending is not a known format.
    """
    ending = path.suffix.lower()
    if ending not in TABLE_FORMATS:
        raise DataError(f"{path}: a marks table ends in {', '.join(TABLE_FORMATS)}")
    with atomic_file(path) as temporary:
        if ending == ".parquet":
            _write_parquet(iter(rows), temporary, columns)
            return
        with temporary.open("w", encoding="utf-8", newline="") as file:
            if ending == ".jsonl":
                records = (dict(zip(columns, row, strict=True)) for row in rows)
                file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            else:
                table = csv.writer(file, delimiter=_delimiter(path), lineterminator="\n")
                table.writerow(columns)
                table.writerows((image, _joined(codes), *others) for image, codes, *others in rows)


def _write_parquet(rows: Iterator[Sequence[Any]], path: Path, columns: Sequence[str]) -> None:
    arrow = require("pyarrow", "data")
    types = {"codes": arrow.list_(arrow.string()), "weight": arrow.float64()}
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in columns])
    with require("pyarrow.parquet", "data").ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, _BATCH)):
            cells = dict(zip(columns, zip(*batch, strict=True), strict=True))
            writer.write_table(arrow.table(cells, schema=schema))


def _joined(codes: Any) -> str:
    if any(set(code) & set(";|\n") for code in codes):
        raise DataError(f"a label of {list(codes)} holds ';' or '|'; write JSONL or Parquet instead")
    return ";".join(codes)


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix.lower() == ".tsv" else ","


def _read_delimited(path: Path) -> Iterator[_Row]:
    """Yield rows numbered as in a spreadsheet: the header is row 1."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file, delimiter=_delimiter(path))
        header = next(table, None)
        if header is None:
            raise DataError(f"{path}: the file is empty")
        if len(header) == 1 and any(other in header[0] for other in ";\t,"):
            raise DataError(
                f"{path}: the header {header[0][:60]!r} is one column; separate columns by "
                f"{'tabs' if path.suffix == '.tsv' else 'commas'}, or change the ending to .csv or .tsv"
            )
        repeated = sorted(name for name, times in Counter(header).items() if times > 1)
        if repeated:
            raise DataError(f"{path}: the header names a column twice: {', '.join(map(repr, repeated[:5]))}")
        for number, values in enumerate(table, start=2):
            if values:  # csv yields [] for an empty line
                row: dict[str, Any] = dict(zip(header, values, strict=False))
                if len(values) != len(header):
                    row[_BROKEN] = f"has {len(values)} fields, the header {len(header)}"
                yield number, row


def _read_jsonl(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as exc:
                row = {_BROKEN: f"is not JSON: {exc.msg} at character {exc.pos + 1}"}
            yield number, row if isinstance(row, dict) else {_BROKEN: "is not a JSON object"}


def _read_parquet(path: Path) -> Iterator[_Row]:
    arrow = require("pyarrow", "data")
    parquet = require("pyarrow.parquet", "data")
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        table = parquet.read_table(path)
        table.validate(full=True)  # damage may also be inside a column
    except (arrow.ArrowException, OSError, ValueError) as exc:
        raise DataError(f"{path}: not a Parquet file that can be read; it may be damaged: {exc}") from exc
    return _arrow_rows(table)


def _arrow_rows(table: Any) -> Iterator[_Row]:
    batches = table.to_batches(max_chunksize=65_536)
    return enumerate((row for batch in batches for row in batch.to_pylist()), start=1)


_BROKEN = "\0broken"


@dataclass(frozen=True)
class _Check:
    """The check of raw rows."""

    source: str
    taxonomy: Taxonomy
    images: Path | None
    require_images: bool
    ignore: Sequence[str]

    def __post_init__(self) -> None:
        if self.taxonomy not in get_args(Taxonomy):
            raise OptionError(f"taxonomy {self.taxonomy!r} is unknown; choose one of {', '.join(get_args(Taxonomy))}")
        if self.images is not None and not self.images.is_dir():
            raise DataError(f"{self.images}: there is no such folder of images")

    def marks(self, rows: Iterator[_Row], *, skip_bad: bool) -> Marks:
        """Return raw rows as marks, collecting the problems of each row."""
        problems: list[str] = []
        kept: list[tuple[str, tuple[str, ...], str, str, str, float]] = []
        first_row: dict[str, int] = {}
        label_columns: dict[str, str] | None = None
        for number, row in rows:
            if label_columns is None and _BROKEN not in row:
                label_columns = self.label_columns(row)
            wrong: list[str] = []
            mark = self.mark(number, row, label_columns or {}, wrong)
            if not wrong and mark[2] in first_row:
                wrong.append(f"repeats the id {mark[2]!r} of row {first_row[mark[2]]:,}")
            if wrong:
                problems.append(f"row {number:,} " + "; ".join(wrong))
            else:
                first_row[mark[2]] = number
                kept.append(mark)
        if problems and not skip_bad:
            count = f"{len(problems):,} bad row{'s' if len(problems) > 1 else ''}"
            raise DataError(
                report_problems(f"{self.source}: {count} among {len(problems) + len(kept):,}", problems)
                + "\ncorrect them, or leave them out with --skip-bad (skip_bad=True)"
            )
        if not kept:
            why = f"; all {len(problems):,} rows are bad" if problems else " in it"
            raise DataError(f"{self.source}: no marks{why}")
        names, codes, ids, groups, splits, weights = zip(*kept, strict=True)
        return Marks(self.taxonomy, names, codes, ids, groups, splits, weights, skipped=tuple(problems))

    def label_columns(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the label of each 0/1 column; empty if there is a column `codes`."""
        if self.require_images and "image" not in row:
            raise DataError(f"{self.source}: no column 'image'; the columns are {', '.join(map(repr, list(row)[:20]))}")
        if "codes" in row:
            return {}
        names = [name for name in row if name not in RESERVED_COLUMNS and name not in self.ignore]
        if not names:
            raise DataError(f"{self.source}: no column 'codes' and no 0/1 column per label")
        if self.taxonomy == "flat":
            return {name: name for name in names}
        try:
            return {name: str(parse_code(name)) for name in names}
        except CodeError as exc:
            raise DataError(
                f"{self.source}: no column 'codes', and a column is not named by a code: {exc}; use --taxonomy flat "
                "for labels that are not Vienna codes, or --ignore for a column that is no label"
            ) from exc

    def mark(
        self, number: int, row: Mapping[str, Any], label_columns: Mapping[str, str], wrong: list[str]
    ) -> tuple[str, tuple[str, ...], str, str, str, float]:
        """Return image, codes, id, group, split and weight of a row; what is wrong with it is added to `wrong`."""
        if _BROKEN in row:
            wrong.append(row[_BROKEN])
            return "", (), "", "", "", 1.0
        image, split = (str(row.get(column) or "").strip() for column in ("image", "split"))
        name, group = ("" if row.get(column) is None else str(row[column]).strip() for column in ("id", "group"))
        if self.require_images and not image:
            wrong.append("names no image")
        elif self.images is not None and image and not (self.images / image).is_file():
            wrong.append(f"names an image that is not there: {image!r}")
        codes: tuple[str, ...] = ()
        try:
            codes = _flags(row, label_columns) if label_columns else parse_labels(row.get("codes"), self.taxonomy)
        except (CodeError, DataError) as exc:
            wrong.append(str(exc))
        else:
            if self.taxonomy == "vienna" and not codes:
                wrong.append("has no codes")
        if split and split not in SUBSETS:
            wrong.append(f"has the split {split!r}; expected one of {', '.join(SUBSETS)}, or nothing")
        weight = _weight(row.get("weight"), wrong)
        return image, codes, name or image or f"row {number}", group, split, weight


def parse_labels(value: Any, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the distinct codes or flat labels of a cell, in order.

    Raises:
        CodeError: If a Vienna code cannot be read.
        DataError: If the cell is neither text nor a list of texts.
    """
    if value is None:
        return ()
    entries: list[str]
    if isinstance(value, str):
        entries = [value]
    elif isinstance(value, (list, tuple)) and all(isinstance(entry, str) for entry in value):
        entries = list(value)
    else:
        raise DataError(f"has codes {value!r}; expected text, or a list of texts")
    if taxonomy == "vienna":
        return tuple(map(str, sorted({code for entry in entries for code in parse_codes(entry)})))
    if isinstance(value, str):  # a flat label may hold blanks: only ; and | separate
        entries = value.replace("|", ";").split(";")
    return tuple(sorted({entry.strip() for entry in entries} - {""}))


_TRUE = {"1", "1.0", "true", "True", "TRUE"}
_FALSE = {"0", "0.0", "false", "False", "FALSE", "", "None"}


def _flags(row: Mapping[str, Any], label_columns: Mapping[str, str]) -> tuple[str, ...]:
    present = []
    for column, label in label_columns.items():
        text = str(row.get(column)).strip()
        if text in _TRUE:
            present.append(label)
        elif text not in _FALSE:
            raise DataError(f"has {text!r} in column {column!r}; expected 0 or 1, or --ignore {column}")
    return tuple(present)


def _weight(value: Any, wrong: list[str]) -> float:
    if value is None or value == "":
        return 1.0
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not (weight > 0 and math.isfinite(weight)):
        wrong.append(f"has the weight {value!r}; expected a positive number")
    return weight
