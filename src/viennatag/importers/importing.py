"""Bring a register's delivery into one table of marks, whatever its size.

Marks go to a staging database as they are read, completed parts are recorded there, and at the end
the table is written from it in one go. What is wrong with single marks and files is counted and
told, for a register of a million marks always has some; what is wrong with the whole is an error.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from viennatag.data.marks import FORMATS as TABLES
from viennatag.data.marks import Taxonomy
from viennatag.errors import DataError, OptionError, report_problems, require
from viennatag.importers import image_files
from viennatag.importers.formats import HEAD, Format, find_format, recognise
from viennatag.importers.record import Record, flat_labels, vienna_codes
from viennatag.importers.source import Document, Part, part_documents, source_parts
from viennatag.importers.staging import Note, Row, Staging
from viennatag.importers.table import write_rows
from viennatag.vienna.codes import parse_code
from viennatag.vienna.editions import Counts, map_codes

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_COMMIT_EVERY = 500
"""Parts between two commits; a commit costs as much as hundreds of small files."""


@dataclass(frozen=True)
class ImportSummary:
    """What came of an import.

    Attributes:
        table: The file that was written.
        taxonomy: How to read its codes.
        marks: Distinct marks, those left out not counted.
        with_codes: Those that carry a code; they are the rows of the table.
        without_image: Rows that name no image.
        images: Folder of the images that were extracted, None if the register holds none.
        repeated: Marks that were stated more than once; the last statement counts.
        skipped: Marks that were left out, by reason.
        unreadable: Entries that are no codes, by reason.
        failed: Files that could not be read to their end, by reason.
        resumed: Parts that an earlier attempt had completed.
        counts: What became of the codes in the edition asked for, None if none was.
    """

    table: Path
    taxonomy: Taxonomy
    marks: int
    with_codes: int
    without_image: int
    images: Path | None
    repeated: tuple[Note, ...]
    skipped: tuple[Note, ...]
    unreadable: tuple[Note, ...]
    failed: tuple[Note, ...]
    resumed: int
    counts: Counts | None = None

    @property
    def without_codes(self) -> int:
        """Marks without a code: word marks, mostly."""
        return self.marks - self.with_codes


def import_marks(
    format_name: str,
    source: Path | str,
    out: Path | str,
    *,
    images: Path | str | None = None,
    taxonomy: Taxonomy = "vienna",
    ignore: Sequence[str] = (),
    edition: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImportSummary:
    """Write the marks of a register that carry codes as a table, and return what came of it.

    The table has the columns image, codes, id and edition. A later record of a mark replaces an
    earlier one. If the import is interrupted, the same call goes on after the last completed file.

    Args:
        format_name: One of `viennatag.importers.formats.FORMATS`.
        source: A file, a folder, or a ZIP archive.
        out: The table; its ending tells CSV, TSV, JSONL or Parquet.
        images: Folder of images. Each mark's image is then looked for, whatever the case of its name, and
            under the mark's number; marks whose image is not there are left out.
        taxonomy: `flat` keeps labels that are not Vienna codes.
        ignore: Columns that are no labels, in a table with one column per label.
        edition: Write all codes in terms of this edition (see `map_codes`); marks left without one are left out.
        progress: Told how many of how many megabytes were read.

    Raises:
        OptionError: If the format, the edition or the ending of `out` is unknown.
        DataError: If there is no mark to be found, or the source looks like another format.
    """
    source, out = Path(source), Path(out)
    kind = find_format(format_name)
    if out.suffix.lower() not in TABLES:
        raise OptionError(f"{out}: a marks table ends in {', '.join(TABLES)}")
    if out.suffix.lower() == ".parquet":
        require("pyarrow.parquet", "data")
    taxonomy = "flat" if kind.own_codes else taxonomy
    if edition is not None:
        if taxonomy == "flat":
            raise OptionError(f"labels of {kind.name} are flat here, so they have no edition; leave --edition out")
        map_codes((), edition=edition)  # an unknown edition is told before hours of reading
    if images is not None and not Path(images).is_dir():
        raise DataError(f"{images}: there is no such folder of images")
    work = _Import(
        kind, source, out, None if images is None else Path(images), taxonomy, frozenset(ignore), edition,
        progress or (lambda *_: None),
    )  # fmt: skip
    try:
        return work.finish()
    except (sqlite3.Error, OSError) as exc:
        raise DataError(f"{out}: it cannot be written: {exc}") from exc


@dataclass(frozen=True)
class _Import:
    kind: Format
    source: Path
    out: Path
    images: Path | None
    taxonomy: Taxonomy
    ignore: frozenset[str]
    edition: int | None
    progress: Callable[[int, int], None]

    @property
    def extracted(self) -> Path:
        return self.out.with_name(f"{self.out.stem}-images")

    def finish(self) -> ImportSummary:
        self.check_looks()
        settings = [self.kind.name, str(self.source.resolve()), str(self.images), self.taxonomy, sorted(self.ignore)]
        staging = Staging(self.out.with_name(f".{self.out.name}.import"), json.dumps(settings))
        try:
            resumed = self.read(staging)
            summary = self.summary(staging, resumed)
            if not summary.marks and not summary.skipped:
                raise self.nothing(summary.failed)
            if self.edition is None:
                write_rows(staging.coded(), self.out)
            else:
                placing = _Placing(self.edition)
                write_rows(placing.rows(staging.coded()), self.out)
                summary = placing.told(summary)
            staging.remove()
        except DataError:  # trying again would end the same way
            staging.remove()
            raise
        finally:
            staging.close()
        return summary

    def summary(self, staging: Staging, resumed: int) -> ImportSummary:
        return ImportSummary(
            table=self.out,
            taxonomy=self.taxonomy,
            marks=staging.count(),
            with_codes=staging.count("codes != ''"),
            without_image=staging.count("codes != '' AND image = ''"),
            images=self.extracted if self.kind.holds_images else None,
            repeated=staging.notes("repeated"),
            skipped=staging.notes("skipped"),
            unreadable=staging.notes("unreadable"),
            failed=staging.notes("failed"),
            resumed=resumed,
        )

    def parts(self) -> Iterator[Part]:
        return source_parts(self.source, self.kind.endings, zipped=self.kind.zipped)

    def documents(self, part: Part, tick: Callable[[int], None]) -> Iterator[Document]:
        for document in part_documents(part, self.kind.endings, zipped=self.kind.zipped, tick=tick):
            yield replace(document, ignore=self.ignore)

    def read(self, staging: Staging) -> int:
        """Bring all parts into the staging; return how many were there already."""
        meter = _Meter(sum(part.size for part in self.parts()), self.progress)
        resumed = 0
        for at, part in enumerate(self.parts()):
            meter.end += part.size
            if staging.has(part):
                resumed += 1
            else:
                for number, record in self.records(part, meter, staging):
                    self.take(number, record, staging)
                staging.complete(part)
                if at % _COMMIT_EVERY == 0 or part.size > 1 << 20:
                    staging.commit()
            meter.move(meter.end)
        staging.commit()
        return resumed

    def records(self, part: Part, meter: "_Meter", staging: Staging) -> Iterator[tuple[str, Record]]:
        """Yield the marks of a part with a number each; a document that cannot be read to its end is noted."""
        name = part.name
        try:
            for document in self.documents(part, meter):
                name = document.name
                try:
                    for at, record in enumerate(self.kind.read(document), start=1):
                        yield _clean(record.id) or _clean(f"{name} #{at}"), record
                except DataError as exc:
                    staging.note("failed", _clean(str(exc)), _clean(name))
        except DataError as exc:  # the archive itself
            staging.note("failed", _clean(str(exc)), _clean(name))

    def take(self, number: str, record: Record, staging: Staging) -> None:
        """Bring one mark into the staging, or note why not."""
        if record.withdrawn:
            staging.withdraw(number)
            staging.note("skipped", "withdrawn by the register", number)
            return
        codes, image = self.codes(record, number, staging), _clean(image_files.plain_name(record.image))
        if codes:
            reason = ""
            if record.content is not None:
                image = self.extract(record.content, number)
                reason = "image in a format that is unknown"
            elif image_files.is_other_medium(image):
                image, reason = "", f"{Path(image).suffix.lower()} file, no image"
            elif self.images is not None:
                image = image_files.find_image(self.images, image, number) or ""
                reason = f"image that is not in {self.images}"
            if reason and not image:
                staging.note("skipped", reason, number)
                return
        staging.add((number, image, "\n".join(codes), _clean(record.edition)))

    def codes(self, record: Record, number: str, staging: Staging) -> tuple[str, ...]:
        if self.taxonomy == "vienna":
            codes, unreadable = vienna_codes(record.codes)
            for each in unreadable:
                staging.note("unreadable", "no Vienna code", f"{_clean(each)!r} of {number}")
            return codes
        codes = flat_labels(map(_clean, record.codes))
        if self.out.suffix.lower() in {".csv", ".tsv"} and any(set(code) & set(";|") for code in codes):
            raise DataError(f"{number}: a label of {list(codes)} holds ';' or '|'; write JSONL or Parquet instead")
        return codes

    def extract(self, content: bytes, number: str) -> str:
        """Write the image that a register holds, and return its name; empty if it is no known image."""
        ending = image_files.image_ending(content)
        if not ending:
            return ""
        self.extracted.mkdir(parents=True, exist_ok=True)
        name = image_files.safe_file_name(number) + ending
        partial = self.extracted / f".{name}.part"
        partial.write_bytes(content)
        partial.replace(self.extracted / name)
        return name

    def check_looks(self) -> None:
        """Raise at once if the first document is clearly of another format."""
        name, head = self.first_head() if self.kind.sign else ("", b"")
        if head and not self.kind.fits(head) and (other := recognise(head)):
            raise DataError(
                f"{name}: this does not look like {self.kind.name}; it looks like {other.name} ({other.title}); "
                f"try: viennatag import {other.name}"
            )

    def first_head(self) -> tuple[str, bytes]:
        """Return the name of the first document that can be opened and how it starts."""
        for part in self.parts():
            try:
                for document in self.documents(part, lambda _: None):
                    with document.open() as stream:
                        return document.name, stream.read(HEAD)
            except DataError:  # it will be noted when its turn comes
                continue
        return "", b""

    def nothing(self, failed: tuple[Note, ...]) -> DataError:
        """Return the error for a source without a single mark."""
        if failed:
            problems = [f"{note.example}: {note.reason}" for note in failed]
            return DataError(report_problems(f"{self.source}: no mark could be read as {self.kind.name}", problems))
        endings = ", ".join(self.kind.endings)
        return DataError(
            f"{self.source}: no marks of the format {self.kind.name} ({self.kind.title}) in it; it is read from "
            f"files that end in {endings}{', or ZIP archives of them' if self.kind.zipped else ''}"
        )


class _Placing:
    """Brings rows into an edition, and counts.

    That is the last step of an import, so each mark counts once, however often a register states it.
    """

    def __init__(self, edition: int) -> None:
        self.edition = edition
        self.counts = Counts()
        self.written = self.without_image = self.emptied = 0
        self.first = ""

    def rows(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, image, codes, stated in rows:
            source = int(stated) if stated.isascii() and stated.isdecimal() else None
            found = map_codes(map(parse_code, codes.split("\n")), edition=self.edition, stated=source)
            self.counts = self.counts.plus(found.counts)
            if not found.codes:
                self.emptied += 1
                self.first = self.first or number
                continue
            self.written += 1
            self.without_image += not image
            yield number, image, "\n".join(map(str, found.codes)), str(self.edition)

    def told(self, summary: ImportSummary) -> ImportSummary:
        left_out = (Note(f"no code of edition {self.edition}", self.emptied, self.first),) if self.emptied else ()
        return replace(
            summary, marks=summary.marks - self.emptied, with_codes=self.written, counts=self.counts,
            without_image=self.without_image, skipped=(*summary.skipped, *left_out),
        )  # fmt: skip


class _Meter:
    """Turns bytes read into progress, megabyte by megabyte.

    An archive's directory is read besides its members, so a part's bytes never count beyond its `end`.
    """

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self.total, self.progress = total, progress
        self.at = self.end = 0

    def __call__(self, count: int) -> None:
        self.move(min(self.at + count, self.end))

    def move(self, at: int) -> None:
        before, self.at = self.at, at
        if at >> 20 > before >> 20:
            self.progress(at >> 20, self.total >> 20)


def _clean(text: str) -> str:
    """Return a text that every table can hold: valid Unicode on one line, at most 500 characters."""
    valid = text[:2000].encode("utf-8", "replace").decode()
    return " ".join(_CONTROLS.sub(" ", valid).split())[:500]
