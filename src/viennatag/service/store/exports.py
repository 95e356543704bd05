"""Read what the examiner's page exports: `feedback.csv`, `codes.csv`, `codes.json` and `feedback.zip`."""

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from pydantic import ValidationError

from viennatag.data.cells import cell_entries
from viennatag.errors import CodeError, DataError, OptionError, report_problems
from viennatag.files import plain_cell
from viennatag.service.store.schemas import ImportMark

MOST_BYTES = 1_000_000_000
"""Bytes that an archive may hold once it is unpacked; nothing of it is kept but hashes and the log."""
MOST_LOG_BYTES = 20_000_000
"""Bytes of the log in an archive."""
MOST_IMPORTED = 5_000
"""Marks in one import, which others at the store must wait for."""
MOST_ROWS = 200_000
"""Rows of a table."""
MOST_COLUMNS = 50
"""Columns of a table."""
_LOG = "feedback.csv"
_LOG_COLUMNS = {"image", "codes", "rejected", "decided_at"}
_CODES_COLUMNS = {"image", "state", "code", "decision"}
_READ_COLUMNS = _LOG_COLUMNS | _CODES_COLUMNS | {"model", "heading", "score", "source", None}  # None: cells too many
_DECISIONS = {"accepted", "rejected"}


@dataclass(frozen=True)
class ExportedMark:
    """A mark of an export; only an archive has its image, and so its hash."""

    name: str
    decisions: dict[str, str]
    done: datetime | None
    model: str = ""
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    image_hash: str | None = None


def read_export(content: bytes, kind: str, read_code: Callable[[str], str], now: datetime) -> list[ExportedMark]:
    """Return the marks of an export.

    Args:
        content: The file.
        kind: csv, json or zip.
        read_code: Returns a code in the spelling of the bundle.
        now: When marks were done whose file says only that they are.

    Raises:
        DataError: If the file is not such an export; all bad entries are named.
    """
    try:
        if kind == "zip":
            return _read_archive(content, read_code, now)
        text = content.decode("utf-8-sig")
        entries = json.loads(text) if kind == "json" else _table_entries(text)
        if not isinstance(entries, list):
            raise DataError("the JSON file is not a list of marks; expected codes.json of the page")
        if len(entries) > MOST_IMPORTED:
            raise DataError(f"the {kind} file holds more than {MOST_IMPORTED:,} marks; import it in parts")
    except (zipfile.BadZipFile, zlib.error, EOFError, csv.Error, ValueError, RuntimeError) as exc:
        raise DataError(f"the {kind} file cannot be read ({exc}); expected an export of the page") from exc
    marks, problems = [], []
    for number, entry in enumerate(entries, start=1):
        try:
            marks.append(_read_mark(ImportMark.model_validate(entry), read_code, now))
        except ValidationError as exc:
            found = (f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in exc.errors())
            problems.append(f"mark {number}: {'; '.join(found)}")
        except (CodeError, OptionError, ValueError, OverflowError) as exc:
            problems.append(f"mark {number}: {exc}")
    if problems:
        raise DataError(report_problems(f"the {kind} file is no export of the page; nothing was imported:", problems))
    return marks


def _read_mark(entry: ImportMark, read_code: Callable[[str], str], now: datetime) -> ExportedMark:
    decisions = {read_code(each.code): each.decision for each in entry.decisions if each.decision in _DECISIONS}
    suggested = [each for each in entry.decisions if each.source == "suggested"]
    if unscored := [each.code for each in suggested if each.score is None]:
        raise ValueError(f"{unscored[0]} was suggested and has no score")
    suggestions = [{"code": read_code(each.code), "heading": each.heading, "score": each.score} for each in suggested]
    done = (entry.decided_at or now).astimezone(UTC) if entry.state == "done" else None
    return ExportedMark(entry.image, decisions, done, entry.model or "", suggestions)


def _table_entries(text: str) -> list[dict[str, Any]]:
    """Return the rows of a table as the entries that codes.json has."""
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = set(table.fieldnames or ())
    if len(table.fieldnames or ()) > MOST_COLUMNS:
        raise DataError(f"the table has more than {MOST_COLUMNS} columns; expected {_LOG} or codes.csv of the page")
    rows = [
        {
            name: plain_cell(cell) if isinstance(cell, str) else cell
            for name, cell in row.items()
            if name in _READ_COLUMNS
        }
        for row in islice(table, MOST_ROWS + 1)
    ]
    if len(rows) > MOST_ROWS:
        raise DataError(f"the table has more than {MOST_ROWS:,} rows; import it in parts")
    if columns >= _LOG_COLUMNS:
        return [_log_entry(row) for row in rows]
    if columns >= _CODES_COLUMNS:
        return _codes_entries(rows)
    raise DataError(
        f"the table has the columns {', '.join(sorted(columns))[:200]}; expected feedback.csv or codes.csv of the page"
    )


def _log_entry(row: Mapping[str, str]) -> dict[str, Any]:
    cells = {"accepted": row["codes"], "rejected": row["rejected"]}
    decisions = [
        {"code": code, "decision": decision} for decision, cell in cells.items() for code in cell_entries(cell or "")
    ]
    return {**row, "state": "done", "decisions": decisions}  # the log holds marks that are done


def _codes_entries(rows: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = {}
    for row in rows:
        name = row["image"] or ""
        entry = entries.setdefault(name, {"image": name, "state": row["state"], "decisions": []})
        if row["code"]:
            entry["decisions"].append(row)
    return list(entries.values())


def _read_archive(content: bytes, read_code: Callable[[str], str], now: datetime) -> list[ExportedMark]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        if sum(sizes.values()) > MOST_BYTES:
            raise DataError(f"the archive holds more than {MOST_BYTES:,} bytes; import its {_LOG} alone")
        if _LOG not in sizes:
            raise DataError(f"the archive holds no {_LOG}; expected feedback.zip of the page")
        if sizes[_LOG] > MOST_LOG_BYTES:
            raise DataError(f"the {_LOG} in the archive has more than {MOST_LOG_BYTES:,} bytes; import it in parts")
        marks = read_export(archive.read(_LOG), "csv", read_code, now)
        named = {f"images/{mark.name}" for mark in marks}
        hashes = {}
        for name in sorted(named & sizes.keys()):
            with archive.open(name) as file:
                hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        return [replace(mark, image_hash=hashes.get(f"images/{mark.name}")) for mark in marks]
