"""Import a register's delivery of any size into one table of marks, by way of a staging database.

Problems with single marks and files are counted and reported, because a register of a million marks always has some;
a problem with the whole source is an error.
"""

import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from viennatag import __version__
from viennatag.data.columns import Reading
from viennatag.data.documents import Document, list_documents
from viennatag.data.image_names import ImageFinder
from viennatag.data.source_files import (
    IMAGE_ENDINGS,
    PassedOver,
    SourceFile,
    check_image_folder,
    list_source_files,
    names_file,
)
from viennatag.data.tables import TABLE_FORMATS, other_kind
from viennatag.data.taxonomy import LabelTree, Taxonomy
from viennatag.data.taxonomy_files import find_taxonomy
from viennatag.data.writing import needs_lists, write_rows
from viennatag.errors import DataError, OptionError, OutputError, report_problems, require
from viennatag.files import exclusive, is_text, printable
from viennatag.images.containers import image_ending
from viennatag.importers.formats import HEAD, Format, describe_head, find_format, recognise_format
from viennatag.importers.image_files import find_image, is_other_medium, plain_name, safe_file_name
from viennatag.importers.record import Record, flat_labels, vienna_codes
from viennatag.importers.staging import Note, StagedMark, Staging
from viennatag.vienna.codes import parse_code
from viennatag.vienna.editions import Counts, map_codes

COMMIT_EVERY = 500
"""Files between two commits, which are read again after an interruption; a commit costs as much as hundreds of them."""
COLUMNS = ("image", "codes", "id", "edition", "split", "group", "weight", "unknown")
_STATED = ("split", "mark_group", "weight", "unknown")
"""Columns of the staging that a table has only if some mark has them."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class ImportSummary:
    """Counts and problems of an import.

    Attributes:
        table: The table that was written.
        taxonomy: How to read its codes.
        marks: Distinct marks, without those left out.
        with_codes: Marks that carry a code.
        kept: Rows of the table: the marks with codes and, for flat labels, images that carry none.
        without_image: Rows that name no image.
        images: Folder of the extracted images, None if the register holds none.
        repeated: Marks that were stated more than once; the last statement counts.
        skipped: Marks that were left out, by reason.
        unreadable: Entries that are no codes, by reason.
        failed: Files that could not be read to their end, by reason.
        resumed: Files that an earlier attempt had completed.
        notes: How tables and folders were read where that is not sure.
        counts: Codes kept, mapped and dropped in the requested edition, None if none was requested.
    """

    table: Path
    taxonomy: Taxonomy
    marks: int
    with_codes: int
    kept: int
    without_image: int
    images: Path | None
    repeated: tuple[Note, ...]
    skipped: tuple[Note, ...]
    unreadable: tuple[Note, ...]
    failed: tuple[Note, ...]
    resumed: int
    notes: tuple[str, ...] = ()
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
    taxonomy: Taxonomy | Path | str = "vienna",
    reading: Reading | None = None,
    edition: int | None = None,
    commit_every: int = COMMIT_EVERY,
    progress: Callable[[int, int], None] | None = None,
) -> ImportSummary:
    """Write the marks of a register that carry codes as a table, and return counts and problems.

    The table has the columns image, codes, id and edition, and split, group and weight where the source states them. A
    later record of a mark replaces an earlier one. Images without labels are kept where labels are flat. If nothing is
    kept, no table is written.
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
        taxonomy: `flat` keeps labels that are not Vienna codes; a tree of one's own (its file, or what `read_taxonomy`
            gives) keeps its labels.
        reading: What is known about the columns and cells of tables.
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
    taxonomy = "flat" if format_.own_codes else find_taxonomy(taxonomy)
    if edition is not None:
        if taxonomy != "vienna":
            raise OptionError(
                f"labels of {format_.name} are no Vienna codes here and have no edition; leave --edition out"
            )
        map_codes((), edition=edition)  # an unknown edition is reported before hours of reading
    if images is not None:
        check_image_folder(images)
    folder, report = None if images is None else Path(images), progress or (lambda *_: None)
    try:
        with exclusive(out):
            return _Import(
                format_, source, out, folder, taxonomy, reading or Reading(), edition, commit_every, report
            ).run()
    except OutputError:
        raise
    except (sqlite3.Error, OSError) as exc:
        raise DataError(f"{out}: it cannot be written: {exc}") from exc


@dataclass(frozen=True)
class _Import:
    format: Format
    source: Path
    out: Path
    images: Path | None
    taxonomy: Taxonomy
    reading: Reading
    edition: int | None
    commit_every: int
    progress: Callable[[int, int], None]

    @property
    def extracted(self) -> Path:
        return self.out.with_name(f"{self.out.stem}-images")

    def run(self) -> ImportSummary:
        self.check_format()
        settings = [
            __version__,
            self.format.name,
            str(self.source.resolve()),
            str(self.images),
            self.taxonomy.to_json() if isinstance(self.taxonomy, LabelTree) else self.taxonomy,
            repr(self.reading),
        ]
        staging = Staging(self.out.with_name(f".{self.out.name}.import"), json.dumps(settings))
        try:
            summary = self.summarise(staging, self.stage_files(staging))
            if not summary.marks and not summary.skipped:
                raise DataError(self.no_marks(summary.failed))
            if summary.kept and self.edition is None:
                self.write(staging.marks(self.wanted), staging)
            elif summary.kept:
                mapper = _EditionMapper(self.edition or 0)
                self.write(mapper.map(staging.marks(self.wanted)), staging)
                summary = mapper.adjust(summary)
            staging.remove()
        except DataError:  # trying again would end the same way
            staging.remove()
            raise
        finally:
            staging.close()
        return summary

    @cached_property
    def wanted(self) -> str:
        """The SQL condition of the marks that are kept: an image without flat labels is a negative for all of them."""
        negatives = self.taxonomy != "vienna" and not self.format.own_codes
        return "codes != '' OR image != ''" if negatives else "codes != ''"

    def write(self, marks: Iterator[StagedMark], staging: Staging) -> None:
        stated = [name for name in _STATED if staging.count(f"{name} != ''")]
        columns = (*COLUMNS[:4], *(name.removeprefix("mark_") for name in stated))

        def cells() -> Iterator[tuple[Any, ...]]:
            for mark in marks:
                found = mark._asdict() | {"weight": float(mark.weight or 1), "unknown": _lines(mark.unknown)}
                distinct = list(dict.fromkeys(_lines(mark.codes)))  # joined ones may repeat
                yield mark.image, distinct, mark.number, mark.edition, *(found[name] for name in stated)

        listed = self.taxonomy != "vienna" and needs_lists([codes.split("\n") for codes in staging.codes()])
        write_rows(cells(), self.out, columns=columns, listed=listed)

    def summarise(self, staging: Staging, resumed: int) -> ImportSummary:
        return ImportSummary(
            table=self.out,
            taxonomy=self.taxonomy,
            marks=staging.count(),
            with_codes=staging.count("codes != ''"),
            kept=staging.count(self.wanted),
            without_image=staging.count("codes != '' AND image = ''"),
            images=self.extracted if self.format.holds_images and self.extracted.is_dir() else None,
            repeated=staging.notes("repeated"),
            skipped=staging.notes("skipped"),
            unreadable=staging.notes("unreadable"),
            failed=staging.notes("failed"),
            resumed=resumed,
            notes=tuple(map(_told, staging.notes("note"))),
        )

    def files(self, passed_over: PassedOver | None = None) -> Iterator[SourceFile]:
        zipped = self.format.zipped
        if passed_over is not None:
            passed_over.known = () if self.format.survey else IMAGE_ENDINGS  # rows name them
        return list_source_files(self.source, self.format.endings, zipped=zipped, passed_over=passed_over)

    def documents(self, file: SourceFile, on_read: Callable[[int], None] = lambda _: None) -> Iterator[Document]:
        for document in list_documents(file, self.format.endings, zipped=self.format.zipped, on_read=on_read):
            yield replace(document, reading=self.reading, taxonomy=self.taxonomy)

    @cached_property
    def read(self) -> Callable[[Document], Iterator[Record]]:
        """The reader of one document."""
        return self.format.survey(file.name for file in self.files()) if self.format.survey else self.format.read

    def stage_files(self, staging: Staging) -> int:
        """Read all files into the staging; return how many were there already."""
        passed_over = PassedOver()
        meter = _Meter(sum(file.size for file in self.files(passed_over)), self.progress)
        if told := passed_over.describe():
            staging.note("note", printable(told), "")
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
        self.note_unnamed(staging)
        if "image" in self.wanted and (image := staging.shared_image()):
            staging.note("note", "an image is on several marks with ids of their own", printable(image))
        if self.taxonomy == "vienna" and staging.count("codes != ''") and not staging.count("codes LIKE '%.%'"):
            staging.note("note", "all codes are categories; numbers of classes are read with --taxonomy flat", "")
        staging.commit()
        return resumed

    def note_unnamed(self, staging: Staging) -> None:
        """Note the images that no row names, which may be those without any label."""
        if self.images and "image" in self.wanted and not (self.format.survey or self.format.holds_images):
            named = staging.images()
            for name in self.folder.images:
                if name not in named:
                    staging.note("note", f"images in {self.images} that no row names are left out", printable(name))

    def records(self, file: SourceFile, meter: "_Meter", staging: Staging) -> Iterator[tuple[str, Record]]:
        """Yield number and record of each mark; documents that cannot be read to their end are noted."""
        name = file.name

        def note(text: str, example: str = "", /) -> None:
            staging.note("note", text, _clean(example))

        try:
            for document in self.documents(file, meter):
                name = printable(document.name)
                seen: set[str] = set()
                told = replace(document, note=note)
                try:
                    for at, record in enumerate(self.read(told), start=1):
                        number = _clean(record.id) or _clean(f"{name} #{at}")
                        if record.joins and record.image and not self.format.survey:
                            if number not in seen and staging.image_of(number) is not None:
                                note("labels of one image in several files are joined; if these are several images of "
                                     "one name, import each file on its own", number)  # fmt: skip
                            seen.add(number)
                        yield number, record
                except DataError as exc:
                    staging.note("failed", _clean(_why(document, exc)), _clean(name))
        except DataError as exc:  # the archive itself
            staging.note("failed", _clean(str(exc)), _clean(name))

    def stage_record(self, number: str, record: Record, staging: Staging) -> None:
        """Add one mark to the staging, or note why it is left out."""
        if record.withdrawn:
            staging.withdraw(number)
            staging.note("skipped", "withdrawn by the register", number)
            return
        codes, image = self.codes(record, number, staging), plain_name(record.image)
        if record.folder and (self.images or self.source).joinpath(record.folder, image).is_file():
            number = f"{record.folder}/{image}" if number == image else number
            image = f"{record.folder}/{image}"
        if "\ufffd" in image:
            staging.note("note", "names of images hold characters that are no UTF-8; save the file as UTF-8", image)
        problem = record.problem or _name_problem(image)
        if problem:
            staging.note("skipped", problem, printable(record.image) or number)
            return
        if codes or ((image or record.content is not None) and "image" in self.wanted):
            image, reason = self.find_image(record, image, number, staging)
            if reason and not image:
                staging.note("skipped", reason, number)
                return
        unknown = "\n".join(self.codes(replace(record, codes=record.unknown), number, staging))
        stated = StagedMark(
            number, image, "\n".join(codes), _clean(record.edition), record.split, _clean(record.group), record.weight,
            unknown,
        )  # fmt: skip
        if record.numbered and image and staging.image_of(number) not in {None, image}:
            staging.note("note", "ids are those of the images where two files use one id for different images", number)
            stated = stated._replace(number=image)
        is_table = record.numbered and self.format.endings == TABLE_FORMATS
        staging.add(stated, joins=record.joins, way="; --long joins the labels of an image" if is_table else "")

    @cached_property
    def folder(self) -> ImageFinder:
        return ImageFinder(self.images or Path())

    def find_image(self, record: Record, name: str, number: str, staging: Staging) -> tuple[str, str]:
        """Return the image of a mark, empty if there is none, and why not."""
        if record.content is not None:
            return self.extract(record.content, number), "image in a format that is unknown"
        if is_other_medium(name):
            return "", f"{Path(name).suffix.lower()} file, no image"
        if self.images is None:
            return name, ""
        try:
            image, reason = find_image(self.folder, name, number) or "", f"image that is not in {self.images}"
        except DataError:
            image, reason = "", f"image for which several files in {self.images} fit"
        if image and names_file(name) and not name.endswith(image):
            staging.note("note", "images are found under another spelling of the name; correct it if that is another "
                         "image", f"{printable(image)} for {printable(name)}")  # fmt: skip
        if not image and (image := self.folder.find_below(name) or ""):  # as in JPEGImages of Pascal VOC
            staging.note("note", f"images are found in folders below {self.images}", printable(image))
        return image, reason

    def codes(self, record: Record, number: str, staging: Staging) -> tuple[str, ...]:
        if self.taxonomy == "vienna":
            codes, unreadable = vienna_codes(record.codes)
            for each in unreadable:
                staging.note("unreadable", "no Vienna code", f"{_clean(each)!r} of {number}")
            return codes
        entries = flat_labels(map(_clean, record.codes))
        if not isinstance(self.taxonomy, LabelTree):
            return entries
        found: list[str] = []
        for entry in entries:
            try:
                found += self.taxonomy.read_labels([entry])
            except DataError as exc:
                staging.note("unreadable", f"no label of the taxonomy {self.taxonomy}", f"{number} {exc}")
        return tuple(dict.fromkeys(found))

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
        """Raise at once if the first document is clearly of another format, or folders are no classes."""
        if self.format.survey and self.source.is_file():
            unpack = "; unpack it first" if self.source.suffix.lower() in {".zip", ".tar", ".gz", ".tgz"} else ""
            raise DataError(f"{self.source}: this is a file; {self.format.name} reads a folder{unpack}")
        if self.format.survey:
            try:
                _ = self.read
            except DataError as exc:
                raise DataError(f"{self.source}: {exc}") from exc
        name, head = self.first_head() if self.format.sign else ("", b"")
        if head and not self.format.matches(head) and (other := recognise_format(head)):
            raise DataError(
                f"{name}: this does not look like {self.format.name}; it looks like {other.name} ({other.title})"
                f"{describe_head(head)}; make a marks table of it with: {self.command(other)}"
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

    def command(self, other: Format) -> str:
        """Return the command that imports the same source in another format."""
        return f"viennatag import {other.name} {shlex.quote(str(self.source))} -o {shlex.quote(str(self.out))}"

    def no_marks(self, failed: tuple[Note, ...]) -> str:
        """Return the message for a source without a single mark."""
        if failed:
            problems = [f"{note.example}: {note.reason}" for note in failed]
            return report_problems(f"{self.source}: no mark could be read as {self.format.name}", problems)
        what = f"{self.source}: no marks of the format {self.format.name} ({self.format.title}) in it"
        _, head = self.first_head()
        if head:
            other = recognise_format(head)
            way = (
                "if no other format fits (viennatag import --help), bring the marks in as a marks table with the "
                "columns image and codes"
            )
            if other and other is not self.format:
                way = f"make a marks table of it with: {self.command(other)}"
            return f"{what}{describe_head(head)}; {way}"
        endings = ", ".join(self.format.endings) + (", or ZIP archives of them" if self.format.zipped else "")
        others = PassedOver()
        list(list_source_files(self.source, self.format.endings, zipped=self.format.zipped, passed_over=others))
        told = f"; {others.describe()}" if others.endings else ""
        return f"{what}; it is read from files that end in {endings}{told}"


def _lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


class _EditionMapper:
    """Maps rows to an edition and counts; as the last step, so that each mark counts once."""

    def __init__(self, edition: int) -> None:
        self.edition = edition
        self.counts = Counts()
        self.written = self.without_image = self.emptied = 0
        self.first = ""

    def map(self, marks: Iterator[StagedMark]) -> Iterator[StagedMark]:
        for mark in marks:
            stated = int(mark.edition) if mark.edition.isascii() and mark.edition.isdecimal() else None
            found, unknown = (
                map_codes(map(parse_code, _lines(codes)), edition=self.edition, stated=stated)
                for codes in (mark.codes, mark.unknown)
            )
            self.counts = self.counts.plus(found.counts)
            if not found.codes:
                self.emptied += 1
                self.first = self.first or mark.number
                continue
            self.written += 1
            self.without_image += not mark.image
            doubtful = (code for code in unknown.codes if code not in found.codes)
            codes, open_codes = ("\n".join(map(str, each)) for each in (found.codes, doubtful))
            yield mark._replace(codes=codes, edition=str(self.edition), unknown=open_codes)

    def adjust(self, summary: ImportSummary) -> ImportSummary:
        left_out = (Note(f"no code of edition {self.edition}", self.emptied, self.first),) if self.emptied else ()
        return replace(
            summary, marks=summary.marks - self.emptied, with_codes=self.written, kept=self.written, counts=self.counts,
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


def _why(document: Document, error: DataError) -> str:
    """Return why a document cannot be read: what it is instead, or the error."""
    try:
        with document.open() as stream:
            kind = other_kind(stream.read(64))
    except DataError:
        return str(error)
    return f"this is {kind}" if kind.startswith(("a Git LFS", "a web page", "a gzip", "a PDF")) else str(error)


def _told(note: Note) -> str:
    more = f" and {note.times - 1:,} more" if note.times > 1 else ""
    return f"{note.reason}, such as {note.example}{more}" if note.example else note.reason


def _name_problem(image: str) -> str:
    """Return why no table can hold the name of an image, empty if it can."""
    if not is_text(image):
        return "its file name is no UTF-8 text; rename the file"
    return "its file name holds a line break or another control character" if _CONTROLS.search(image) else ""


def _clean(text: str) -> str:
    """Return a text that every table can hold: valid Unicode on one line, at most 500 characters."""
    valid = "; ".join(text[:2000].encode("utf-8", "replace").decode().splitlines())
    return " ".join(_CONTROLS.sub(" ", valid).split())[:500]
