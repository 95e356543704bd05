"""Import a register's delivery of any size into one table of marks, by way of a staging database.

Problems with single marks and files are counted and reported, because a register of a million marks always has some;
a problem with the whole source is an error.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from viennatag.data.marks import TABLE_FORMATS, write_rows
from viennatag.data.source_files import Document, SourceFile, list_documents, list_source_files
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError, OptionError, report_problems, require
from viennatag.importers.formats import HEAD, Format, find_format, recognise_format
from viennatag.importers.image_files import find_image, image_ending, is_other_medium, plain_name, safe_file_name
from viennatag.importers.record import Record, flat_labels, vienna_codes
from viennatag.importers.staging import Note, StagedRow, Staging
from viennatag.vienna.codes import parse_code
from viennatag.vienna.editions import Counts, map_codes

COMMIT_EVERY = 500
"""Files between two commits, which are read again after an interruption; a commit costs as much as hundreds of them."""
COLUMNS = ("image", "codes", "id", "edition")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class ImportSummary:
    """Counts and problems of an import.

    Attributes:
        table: The table that was written.
        taxonomy: How to read its codes.
        marks: Distinct marks, without those left out.
        with_codes: Marks that carry a code: the rows of the table.
        without_image: Rows that name no image.
        images: Folder of the extracted images, None if the register holds none.
        repeated: Marks that were stated more than once; the last statement counts.
        skipped: Marks that were left out, by reason.
        unreadable: Entries that are no codes, by reason.
        failed: Files that could not be read to their end, by reason.
        resumed: Files that an earlier attempt had completed.
        counts: Codes kept, mapped and dropped in the requested edition, None if none was requested.
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
    commit_every: int = COMMIT_EVERY,
    progress: Callable[[int, int], None] | None = None,
) -> ImportSummary:
    """Write the marks of a register that carry codes as a table, and return counts and problems.

    The table has the columns image, codes, id and edition. A later record of a mark replaces an earlier one.
    The same call resumes an interrupted import after the last committed file.

    Example:
        >>> summary = import_marks("eu-xml", "delivery.zip", "marks.csv")  # doctest: +SKIP
        >>> print(summary.with_codes, "marks in", summary.table)  # doctest: +SKIP

    Args:
        format_name: One of `viennatag.importers.FORMATS`.
        source: A file, a folder, or a ZIP archive.
        out: The table; its ending tells CSV, TSV, JSONL or Parquet.
        images: Folder of images. Each mark's image is looked for there, whatever the case of its name, and
            under the mark's number; marks without an image there are left out.
        taxonomy: `flat` keeps labels that are not Vienna codes.
        ignore: Columns that are no labels, in a table with one column per label.
        edition: Write all codes in terms of this edition (see `map_codes`); marks left without one are left out.
        commit_every: Files after which what was read is kept for a resumed import.
        progress: Progress callback: megabytes read and in all.

    Raises:
        OptionError: If the format, the edition or the ending of `out` is unknown.
        DataError: If no mark is found, or the source looks like another format.
    """
    source, out = Path(source), Path(out)
    format_ = find_format(format_name)
    if out.suffix.lower() not in TABLE_FORMATS:
        raise OptionError(f"{out}: a marks table ends in {', '.join(TABLE_FORMATS)}")
    if out.suffix.lower() == ".parquet":
        require("pyarrow.parquet", "data")
    taxonomy = "flat" if format_.own_codes else taxonomy
    if edition is not None:
        if taxonomy == "flat":
            raise OptionError(f"labels of {format_.name} are flat here, so they have no edition; leave --edition out")
        map_codes((), edition=edition)  # an unknown edition is reported before hours of reading
    if images is not None and not Path(images).is_dir():
        raise DataError(f"{images}: there is no such folder of images")
    folder, report = None if images is None else Path(images), progress or (lambda *_: None)
    try:
        return _Import(format_, source, out, folder, taxonomy, frozenset(ignore), edition, commit_every, report).run()
    except (sqlite3.Error, OSError) as exc:
        raise DataError(f"{out}: it cannot be written: {exc}") from exc


@dataclass(frozen=True)
class _Import:
    format: Format
    source: Path
    out: Path
    images: Path | None
    taxonomy: Taxonomy
    ignore: frozenset[str]
    edition: int | None
    commit_every: int
    progress: Callable[[int, int], None]

    @property
    def extracted(self) -> Path:
        return self.out.with_name(f"{self.out.stem}-images")

    def run(self) -> ImportSummary:
        self.check_format()
        settings = [self.format.name, str(self.source.resolve()), str(self.images), self.taxonomy, sorted(self.ignore)]
        staging = Staging(self.out.with_name(f".{self.out.name}.import"), json.dumps(settings))
        try:
            summary = self.summarise(staging, self.stage_files(staging))
            if not summary.marks and not summary.skipped:
                raise DataError(self.no_marks(summary.failed))
            if self.edition is None:
                self.write(staging.coded())
            else:
                mapper = _EditionMapper(self.edition)
                self.write(mapper.rows(staging.coded()))
                summary = mapper.adjust(summary)
            staging.remove()
        except DataError:  # trying again would end the same way
            staging.remove()
            raise
        finally:
            staging.close()
        return summary

    def write(self, rows: Iterator[StagedRow]) -> None:
        cells = ((image, codes.split("\n"), number, edition) for number, image, codes, edition in rows)
        write_rows(cells, self.out, columns=COLUMNS)

    def summarise(self, staging: Staging, resumed: int) -> ImportSummary:
        return ImportSummary(
            table=self.out,
            taxonomy=self.taxonomy,
            marks=staging.count(),
            with_codes=staging.count("codes != ''"),
            without_image=staging.count("codes != '' AND image = ''"),
            images=self.extracted if self.format.holds_images else None,
            repeated=staging.notes("repeated"),
            skipped=staging.notes("skipped"),
            unreadable=staging.notes("unreadable"),
            failed=staging.notes("failed"),
            resumed=resumed,
        )

    def files(self) -> Iterator[SourceFile]:
        return list_source_files(self.source, self.format.endings, zipped=self.format.zipped)

    def documents(self, file: SourceFile, on_read: Callable[[int], None] = lambda _: None) -> Iterator[Document]:
        for document in list_documents(file, self.format.endings, zipped=self.format.zipped, on_read=on_read):
            yield replace(document, ignore=self.ignore)

    def stage_files(self, staging: Staging) -> int:
        """Read all files into the staging; return how many were there already."""
        meter = _Meter(sum(file.size for file in self.files()), self.progress)
        resumed = 0
        for at, file in enumerate(self.files()):
            meter.end += file.size
            if staging.has(file):
                resumed += 1
            else:
                for number, record in self.records(file, meter, staging):
                    self.stage_record(number, record, staging)
                staging.complete(file)
                if at % self.commit_every == 0 or file.size > 1 << 20:
                    staging.commit()
            meter.move(meter.end)
        staging.commit()
        return resumed

    def records(self, file: SourceFile, meter: "_Meter", staging: Staging) -> Iterator[tuple[str, Record]]:
        """Yield number and record of each mark; documents that cannot be read to their end are noted."""
        name = file.name
        try:
            for document in self.documents(file, meter):
                name = document.name
                try:
                    for at, record in enumerate(self.format.read(document), start=1):
                        yield _clean(record.id) or _clean(f"{name} #{at}"), record
                except DataError as exc:
                    staging.note("failed", _clean(str(exc)), _clean(name))
        except DataError as exc:  # the archive itself
            staging.note("failed", _clean(str(exc)), _clean(name))

    def stage_record(self, number: str, record: Record, staging: Staging) -> None:
        """Add one mark to the staging, or note why it is left out."""
        if record.withdrawn:
            staging.withdraw(number)
            staging.note("skipped", "withdrawn by the register", number)
            return
        codes, image = self.codes(record, number, staging), _clean(plain_name(record.image))
        if codes:
            reason = ""
            if record.content is not None:
                image = self.extract(record.content, number)
                reason = "image in a format that is unknown"
            elif is_other_medium(image):
                image, reason = "", f"{Path(image).suffix.lower()} file, no image"
            elif self.images is not None:
                image = find_image(self.images, image, number) or ""
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
        ending = image_ending(content)
        if not ending:
            return ""
        self.extracted.mkdir(parents=True, exist_ok=True)
        name = safe_file_name(number) + ending
        partial = self.extracted / f".{name}.part"
        partial.write_bytes(content)
        partial.replace(self.extracted / name)
        return name

    def check_format(self) -> None:
        """Raise at once if the first document is clearly of another format."""
        name, head = self.first_head() if self.format.sign else ("", b"")
        if head and not self.format.matches(head) and (other := recognise_format(head)):
            raise DataError(
                f"{name}: this does not look like {self.format.name}; it looks like {other.name} ({other.title}); "
                f"try: viennatag import {other.name}"
            )

    def first_head(self) -> tuple[str, bytes]:
        """Return the name and the first bytes of the first document that can be opened."""
        for file in self.files():
            try:
                for document in self.documents(file):
                    with document.open() as stream:
                        return document.name, stream.read(HEAD)
            except DataError:  # noted when the file is read
                continue
        return "", b""

    def no_marks(self, failed: tuple[Note, ...]) -> str:
        """Return the message for a source without a single mark."""
        if failed:
            problems = [f"{note.example}: {note.reason}" for note in failed]
            return report_problems(f"{self.source}: no mark could be read as {self.format.name}", problems)
        endings = ", ".join(self.format.endings) + (", or ZIP archives of them" if self.format.zipped else "")
        return (
            f"{self.source}: no marks of the format {self.format.name} ({self.format.title}) in it; it is read from "
            f"files that end in {endings}"
        )


class _EditionMapper:
    """Maps rows to an edition and counts; as the last step, so that each mark counts once."""

    def __init__(self, edition: int) -> None:
        self.edition = edition
        self.counts = Counts()
        self.written = self.without_image = self.emptied = 0
        self.first = ""

    def rows(self, rows: Iterator[StagedRow]) -> Iterator[StagedRow]:
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

    def adjust(self, summary: ImportSummary) -> ImportSummary:
        left_out = (Note(f"no code of edition {self.edition}", self.emptied, self.first),) if self.emptied else ()
        return replace(
            summary, marks=summary.marks - self.emptied, with_codes=self.written, counts=self.counts,
            without_image=self.without_image, skipped=(*summary.skipped, *left_out),
        )  # fmt: skip


class _Meter:
    """Reports bytes by the megabyte, never beyond `end`: an archive's directory is read besides its members."""

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
