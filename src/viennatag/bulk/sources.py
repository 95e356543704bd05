"""Cut a source of images into numbered shards.

The shards depend only on the source and their size, and each holds all that a worker on any machine needs to find its
images. An unreadable archive becomes a shard of kind `broken`: one bad file must not stop a million good images.
"""

import bz2
import glob
import gzip
import hashlib
import lzma
import os
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from viennatag.bulk.budgets import UNFOLDED, BoundedStream, unfolding_budget
from viennatag.data.cells import cell_text
from viennatag.data.columns import IMAGE_COLUMNS, IMAGE_NAMES, columns_named
from viennatag.data.documents import is_hidden, zip_documents
from viennatag.data.source_files import (
    IMAGE_ENDINGS,
    PassedOver,
    SourceFile,
    check_image_folder,
    list_source_files,
    stat_source_file,
)
from viennatag.data.tables import TABLE_FORMATS, read_rows
from viennatag.errors import DataError, require
from viennatag.files import open_plain

TARS: dict[str, Callable[[BinaryIO], Any]] = {
    ".tar": lambda file: file,
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
ARCHIVES = (".zip", ".parquet", *TARS)
_LISTED = (*IMAGE_ENDINGS, *ARCHIVES)
DAMAGE = (
    OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, ValueError, OverflowError, RecursionError,
    MemoryError, IndexError,
)  # fmt: skip
"""Errors of reading a damaged TAR."""


@dataclass(frozen=True)
class Shard:
    """Images that are predicted together, and written together or not at all.

    Attributes:
        number: Its place in the source, from 0.
        kind: `files`, `zip`, `tar`, `parquet`, or `broken` for an archive that cannot be read.
        name: The archive's path below the root of the source; empty for files.
        stamp: Changes when the archive, or one of the files, does.
        count: Number of images; a broken archive counts as one.
        items: `files`: their paths. `zip`: first member and the one after the last. `tar`: name, offset and size
            of each. `parquet`: first row group, the one after the last, and first row. `broken`: the error.
    """

    number: int
    kind: str
    name: str
    stamp: str
    count: int
    items: list[Any]


@dataclass(frozen=True)
class Source:
    """A source of images.

    Attributes:
        name: The user's name for it.
        root: Folder that the names in it are relative to.
        files: Yields its image files and archives, in order.
        table: Whether a marks table names them, so that a name may be repeated or have no file.
        passed_over: Counts the files that are neither, once `files` was read and the archives were cut.
        unfolded: Bytes that any of its archives may unfold to.
    """

    name: str
    root: Path
    files: Callable[[], Iterator[SourceFile]]
    table: bool = False
    passed_over: PassedOver = field(default_factory=PassedOver)
    unfolded: int = UNFOLDED


def find_source(source: Path | str, images: Path | str | None = None) -> Source:
    """Return a source: a folder, a file, a pattern such as `archives/*.tar`, or a marks table of what is in `images`.

    Raises:
        DataError: If there is no such source, or its name is that of no image or archive.
    """
    name, path = str(source), Path(source)
    if images is not None:
        check_image_folder(images)
        root = Path(images).resolve()
        return Source(name, root, lambda: _listed(path, root), table=True)
    if path.is_dir():
        root = path.resolve()
        passed_over = PassedOver()
        return Source(name, root, lambda: _in_folder(root, passed_over), passed_over=passed_over)
    if path.is_file():
        root = path.resolve().parent
        if path.suffix.lower() in TABLE_FORMATS and path.suffix.lower() != ".parquet":
            raise DataError(f"{name}: for a marks table say where its images are, with --images FOLDER")
        if path.suffix and not path.name.lower().endswith(_LISTED):
            raise DataError(f"{name}: neither an image nor an archive of them; these end in {', '.join(_LISTED)}")
        return Source(name, root, lambda: iter([stat_source_file(root / path.name, path.name)]))
    if not glob.has_magic(name):
        raise DataError(f"{name}: there is no such file or folder")
    here = Path.cwd()
    passed_over = PassedOver()
    return Source(name, here, lambda: _matching(name, here, passed_over), passed_over=passed_over)


def cut_source(source: Source, *, size: int) -> Iterator[Shard]:
    """Yield the shards of a source, of about `size` images each; a row group of Parquet is never cut.

    Raises:
        DataError: If the source cannot be listed.
    """
    for number, part in enumerate(_parts(source, size)):
        yield Shard(number, *part)


_Part = tuple[str, str, str, int, list[Any]]
"""A shard but for its number."""


def _parts(source: Source, size: int) -> Iterator[_Part]:
    waiting: list[SourceFile] = []
    for file in source.files():
        ending = "" if source.table else next((end for end in _CUTS if file.name.lower().endswith(end)), "")
        if not ending:
            waiting.append(file)
        if waiting and (ending or len(waiting) == size):
            yield _files_part(waiting)
            waiting = []
        if ending:
            kind = "tar" if ending in TARS else ending[1:]
            try:
                for count, items in _CUTS[ending](file, size, source):
                    yield kind, file.name, file.stamp, count, items
            except DataError as exc:
                yield "broken", file.name, file.stamp, 1, [str(exc)]
    if waiting:
        yield _files_part(waiting)


def _files_part(files: list[SourceFile]) -> _Part:
    stamps = "\n".join(f"{file.name}\0{file.stamp}" for file in files)
    stamp = hashlib.sha256(stamps.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return "files", "", stamp, len(files), [file.name for file in files]


def open_tar(path: Path, unfolded: int = UNFOLDED) -> BoundedStream:
    """Return the bytes of a TAR, decompressed; any may have as many as `unfolded`.

    Raises:
        OSError: If there is no such file, or it is no plain file.
    """
    opener = next(TARS[end] for end in TARS if path.name.lower().endswith(end))
    file = open_plain(path)
    size = os.fstat(file.fileno()).st_size
    plain = opener is TARS[".tar"]
    return BoundedStream(opener(file), size + tarfile.RECORDSIZE if plain else unfolding_budget(size, unfolded), file)


def image_column(schema: Any) -> str:
    """Return the column of a pyarrow schema that holds image files, empty if there is none."""
    types = require("pyarrow", "data").types

    def holds_bytes(kind: Any) -> bool:
        if types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    holding = [field.name for field in schema if holds_bytes(field.type)]
    return next((name for name in IMAGE_COLUMNS if name in holding), holding[0] if len(holding) == 1 else "")


def open_parquet(path: Path) -> Any:
    """Return a Parquet file whose rows can be read without holding whole columns.

    Raises:
        DataError: If it is no Parquet file.
    """
    arrow = require("pyarrow", "data")
    try:
        open_plain(path).close()
        return require("pyarrow.parquet", "data").ParquetFile(path, buffer_size=1 << 20)
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as exc:
        raise DataError(f"not a Parquet file that can be read: {exc}") from exc


def _in_folder(root: Path, passed_over: PassedOver) -> Iterator[SourceFile]:
    """Yield the images and archives below a folder; a marks table in Parquet is no archive."""
    for file in list_source_files(root, _LISTED, zipped=False, passed_over=passed_over):
        if file.name.lower().endswith(".parquet"):
            try:
                with open_parquet(file.path) as parquet:
                    if "image" in parquet.schema_arrow.names and not image_column(parquet.schema_arrow):
                        continue
            except DataError:  # reported when it is cut
                pass
        yield file


def _matching(pattern: str, here: Path, passed_over: PassedOver) -> Iterator[SourceFile]:
    """Yield the images and archives that match a pattern, sorted on disk, for there may be millions."""
    with closing(sqlite3.connect("")) as found:
        found.execute("CREATE TABLE names (name BLOB PRIMARY KEY) WITHOUT ROWID")
        rows = ((name.encode("utf-8", "surrogateescape"),) for name in glob.iglob(pattern, recursive=True))
        found.executemany("INSERT OR IGNORE INTO names VALUES (?)", rows)
        for (encoded,) in found.execute("SELECT name FROM names ORDER BY name"):
            name = encoded.decode("utf-8", "surrogateescape")
            if not (here / name).is_file():
                continue
            if name.lower().endswith(_LISTED):
                yield stat_source_file(here / name, name)
            else:
                passed_over.add(name)


def _listed(table: Path, root: Path) -> Iterator[SourceFile]:
    with closing(read_rows(table)) as rows:  # type: ignore[type-var]  # it is a generator
        for number, row in rows:
            name = cell_text(row.get(next(iter(columns_named(list(row), IMAGE_NAMES)), "")))
            if not name:
                columns = ", ".join(map(repr, list(row)[:20]))
                raise DataError(f"{table}: row {number:,} names no image; expected a column 'image', found {columns}")
            yield stat_source_file(root / name, name)


def _cut_zip(file: SourceFile, size: int, source: Source) -> Iterator[tuple[int, list[Any]]]:
    try:
        with open_plain(file.path) as stream:
            members = sum(1 for _ in zip_documents(file.name, stream, IMAGE_ENDINGS, source.passed_over))
    except OSError as exc:
        raise DataError(f"cannot be read: {exc}") from exc
    for first in range(0, members, size):
        last = min(first + size, members)
        yield last - first, [first, last]


def _cut_tar(file: SourceFile, size: int, source: Source) -> Iterator[tuple[int, list[Any]]]:
    chosen: list[Any] = []
    damage: DataError | None = None
    try:
        for item in _tar_items(file, source):
            chosen.append(item)
            if len(chosen) == size:
                yield size, chosen
                chosen = []
    except DataError as exc:  # images before the damage are used
        damage = exc
    if chosen:
        yield len(chosen), chosen
    if damage:
        raise damage


def _tar_items(file: SourceFile, source: Source) -> Iterator[list[Any]]:
    try:
        with (
            closing(open_tar(file.path, source.unfolded)) as stream,
            tarfile.open(fileobj=cast("BinaryIO", stream), mode="r:") as archive,
        ):
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # otherwise it keeps every header
                if not member.isreg() or is_hidden(member.name):
                    continue
                if member.name.lower().endswith(IMAGE_ENDINGS) and not member.issparse():
                    yield [member.name, member.offset_data, member.size]
                else:
                    source.passed_over.add(f"{file.name}/{member.name}")
            stream.seek(archive.offset)
            if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile ends quietly at a header that it cannot read
                raise DataError(f"damaged from byte {archive.offset:,} on; what comes after is lost")
    except DAMAGE as exc:
        raise DataError(f"cannot be read to its end: {exc}") from exc


def _cut_parquet(file: SourceFile, size: int, _: Source) -> Iterator[tuple[int, list[Any]]]:
    with open_parquet(file.path) as parquet:
        if not image_column(parquet.schema_arrow):
            raise DataError(
                f"the columns are {', '.join(map(repr, parquet.schema_arrow.names[:20]))}; expected one of "
                f"{', '.join(IMAGE_COLUMNS)}, or a single one, that holds the bytes of image files"
            )
        rows = [parquet.metadata.row_group(at).num_rows for at in range(parquet.num_row_groups)]
    first = row = 0
    for at in range(len(rows)):
        count = sum(rows[first : at + 1])
        if count and (count >= size or at + 1 == len(rows)):
            yield count, [first, at + 1, row]
            first, row = at + 1, row + count


_Cut = Callable[[SourceFile, int, Source], Iterator[tuple[int, list[Any]]]]
_CUTS: dict[str, _Cut] = {".zip": _cut_zip, ".parquet": _cut_parquet, **dict.fromkeys(TARS, _cut_tar)}
