"""Read delimited tables of any size, whatever separates their columns."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader

from viennatag.errors import DataError

MAX_LINE = 1 << 20
"""Characters of one line; the rest of a longer one is taken for the next."""
MAX_COLUMNS = 500
"""A short row is filled up to as many cells, so with more of them a small file would cost hours."""


def read_table(stream: BufferedReader) -> Iterator[dict[str, str]]:
    """Yield the rows of a table by the names in its first line.

    Columns are separated by whichever of comma, semicolon, tab and `|` the first line holds most.
    The last columns of a row that is shorter than the header are empty.

    Raises:
        DataError: If there is no header, a column occurs twice, or a field is longer than any text in a register.
    """
    wide = stream.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = io.TextIOWrapper(stream, "utf-16" if wide else "utf-8-sig", errors="replace", newline="")
    try:
        first = text.readline(MAX_LINE)
        delimiter = max(",;\t|", key=first.count)
        header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
        if not any(header):
            raise DataError("the first line names no columns")
        if len(header) > MAX_COLUMNS:
            raise DataError(f"the first line names {len(header):,} columns; at most {MAX_COLUMNS} are read")
        if repeated := sorted(name for name, times in Counter(header).items() if name and times > 1):
            raise DataError(f"the first line names a column twice: {', '.join(map(repr, repeated[:5]))}")
        for values in csv.reader(iter(lambda: text.readline(MAX_LINE), ""), delimiter=delimiter):
            if values and [value.strip("\ufeff ") for value in values] != header:  # repeated where files were joined
                yield dict(zip(header, [*values, *[""] * (len(header) - len(values))], strict=False))
    except csv.Error as exc:
        raise DataError(f"not a valid table: {exc}") from exc
    finally:
        with suppress(ValueError):  # closed already
            text.detach()  # the stream is its owner's to close
