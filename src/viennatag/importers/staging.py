"""Keep the records of an import on disk until all are read.

A small SQLite database beside the output table. Later records of a mark replace earlier ones without a million numbers
in memory. A file's marks and the note that it is done are committed together, so an interrupted import can be resumed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from viennatag.data.source_files import SourceFile
from viennatag.files import file_digest, printable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (value TEXT);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    id TEXT UNIQUE, image TEXT, codes TEXT, edition TEXT, split TEXT, mark_group TEXT, weight TEXT,
    unknown TEXT
);
CREATE TABLE IF NOT EXISTS notes (kind TEXT, reason TEXT, count INTEGER, example TEXT, PRIMARY KEY (kind, reason));
"""
_JOIN = """
UPDATE marks SET codes = CASE WHEN codes = '' THEN :codes
    WHEN instr(char(10) || codes || char(10), char(10) || :codes || char(10)) THEN codes
    ELSE codes || char(10) || :codes END
WHERE id = :number AND :codes != ''
"""
_REPLACE = """
UPDATE marks SET image = :image, codes = :codes, edition = :edition, split = :split, mark_group = :mark_group,
    weight = :weight, unknown = :unknown
WHERE id = :number
"""


class StagedMark(NamedTuple):
    """A mark, all of it as text; codes are separated by newlines."""

    number: str
    image: str
    codes: str
    edition: str = ""
    split: str = ""
    mark_group: str = ""
    weight: str = ""
    unknown: str = ""


class Note(NamedTuple):
    """A problem of marks or files: reason, number of times, first example."""

    reason: str
    times: int
    example: str


class Staging:
    """Marks, completed files and notes, on disk."""

    def __init__(self, path: Path, settings: str) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            usable = self._connect() == settings  # else of another source or with other options
        except sqlite3.DatabaseError:  # not a database, or damaged
            usable = False
        if not usable:
            self.remove()
            self._connect()
            self.database.execute("INSERT INTO settings VALUES (?)", (settings,))
            self.database.commit()

    def _connect(self) -> str | None:
        """Open the file, and return the settings in it."""
        self.database = sqlite3.connect(self.path)
        self.database.executescript("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;" + _SCHEMA)
        row = self.database.execute("SELECT value FROM settings").fetchone()
        return row[0] if row else None

    def has(self, file: SourceFile) -> bool:
        """Return whether a file was completed, and has the same content still."""
        found = self.database.execute("SELECT digest FROM files WHERE name = ?", (printable(file.name),)).fetchone()
        return bool(found and found[0] == _digest(file))

    def add(self, mark: StagedMark, *, joins: bool = False, way: str = "") -> None:
        """Add a mark; it replaces an earlier one, which is noted with a way out, or adds its codes to those of that."""
        if self.database.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", mark).rowcount:
            return
        if joins:
            self.database.execute(_JOIN, mark._asdict())
            return
        self.database.execute(_REPLACE, mark._asdict())
        self.note("repeated", f"stated again, the last counts{way}", mark.number)

    def image_of(self, number: str) -> str | None:
        """Return the image of a mark, None if there is no such mark."""
        row = self.database.execute("SELECT image FROM marks WHERE id = ?", (number,)).fetchone()
        return row[0] if row else None

    def images(self) -> set[str]:
        """Return the images of all marks."""
        return {row[0] for row in self.database.execute("SELECT DISTINCT image FROM marks")}

    def shared_image(self) -> str:
        """Return an image that several marks name, empty if there is none."""
        order = "SELECT image FROM marks WHERE image != '' GROUP BY image HAVING count(*) > 1 LIMIT 1"
        row = self.database.execute(order).fetchone()
        return str(row[0]) if row else ""

    def withdraw(self, number: str) -> None:
        """Remove a mark."""
        self.database.execute("DELETE FROM marks WHERE id = ?", (number,))

    def note(self, kind: str, reason: str, example: str) -> None:
        """Count a problem; its first example is kept."""
        self.database.execute(
            "INSERT INTO notes VALUES (?, ?, 1, ?) ON CONFLICT (kind, reason) DO UPDATE SET count = count + 1",
            (kind, reason, example),
        )

    def complete(self, file: SourceFile) -> None:
        """Record that a file is done."""
        self.database.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (printable(file.name), _digest(file)))

    def commit(self) -> None:
        """Commit everything so far."""
        self.database.commit()

    def count(self, condition: str = "1") -> int:
        """Return how many marks meet an SQL condition."""
        return int(self.database.execute(f"SELECT count(*) FROM marks WHERE {condition}").fetchone()[0])

    def notes(self, kind: str) -> tuple[Note, ...]:
        """Return the notes of a kind, the most frequent first, at most a thousand."""
        order = "SELECT reason, count, example FROM notes WHERE kind = ? ORDER BY count DESC, reason LIMIT 1000"
        return tuple(Note(*row) for row in self.database.execute(order, (kind,)))

    def marks(self, condition: str) -> Iterator[StagedMark]:
        """Yield the marks that meet an SQL condition, in the order of the source."""
        yield from map(StagedMark._make, self.database.execute(f"SELECT * FROM marks WHERE {condition} ORDER BY rowid"))

    def codes(self) -> set[str]:
        """Return the different cells of codes, at most 50,000."""
        return {row[0] for row in self.database.execute("SELECT DISTINCT codes FROM marks LIMIT 50000")}

    def close(self) -> None:
        """Close the file and keep it for the next attempt."""
        self.database.close()

    def remove(self) -> None:
        """Close and delete the file."""
        with suppress(AttributeError, sqlite3.Error):
            self.database.close()
        for ending in ("", "-journal"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)


def _digest(file: SourceFile) -> str:
    try:
        return file_digest(file.path)
    except OSError:
        return ""
