"""Cut a source of images into numbered parts.

The parts depend on nothing but the source and their size: names are taken in order, and each part
holds all that a worker on any machine needs to find its images. A shard that cannot be read becomes
a part of its own that says so, for one bad file must not stop a million good images.
"""

import bz2
import glob
import gzip
import hashlib
import lzma
import sqlite3
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from viennatag.data.marks import FORMATS as TABLES
from viennatag.data.marks import read_rows
from viennatag.errors import DataError, require
from viennatag.importers.hf_parquet import IMAGE_COLUMNS
from viennatag.importers.image_files import ENDINGS
from viennatag.importers.source import Part as File
from viennatag.importers.source import file_part, is_hidden, source_parts, zip_documents

TARS: dict[str, Callable[[Path], Any]] = {
    ".tar": lambda path: path.open("rb"),
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
SHARDS = (".zip", ".parquet", *TARS)
DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)
"""What reading a damaged TAR raises."""


@dataclass(frozen=True)
class Part:
    """A number of images that are predicted together, and written together or not at all.

    Attributes:
        number: Its place in the source, from 0.
        kind: `files`, `zip`, `tar`, `parquet`, or `broken` for a shard that cannot be read.
        name: The shard's path below the root of the source; empty for files.
        stamp: Changes when the shard, or one of the files, does.
        count: Images; what is broken counts as one.
        items: Where they are. Files: their paths. `zip`: the first member and the last but one. `tar`: name,
            offset and size of each. `parquet`: the first row group, the last but one, and the first row.
            `broken`: why.
    """

    number: int
    kind: str
    name: str
    stamp: str
    count: int
    items: list[Any]

    def to_json(self) -> dict[str, Any]:
        """Return the part as the plan holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Source:
    """Where images come from.

    Attributes:
        name: What the user called it.
        root: Folder that the names in it are relative to.
        files: Gives its image files and shards, in order.
        table: Whether a marks table names them, so that a name may stand in it twice, or lead nowhere.
    """

    name: str
    root: Path
    files: Callable[[], Iterator[File]]
    table: bool = False


def find_source(source: Path | str, images: Path | str | None = None) -> Source:
    """Return a source: a folder, a file, a pattern such as `shards/*.tar`, or a marks table.

    Args:
        source: What to predict for.
        images: Folder of images; the source is then a marks table.

    Raises:
        DataError: If there is no such thing, or it holds no images that can be told by their names.
    """
    name, path = str(source), Path(source)
    if images is not None:
        if not Path(images).is_dir():
            raise DataError(f"{images}: there is no such folder of images")
        root = Path(images).resolve()
        return Source(name, root, lambda: _listed(path, root), table=True)
    if path.is_dir():
        root = path.resolve()
        return Source(name, root, lambda: _in_folder(root))
    if path.is_file():
        root = path.resolve().parent
        if not path.name.lower().endswith((*ENDINGS, *SHARDS)):
            table = path.suffix.lower() in TABLES
            raise DataError(
                f"{name}: for a marks table say where its images are, with --images FOLDER"
                if table
                else f"{name}: neither an image nor a shard of them; these end in {', '.join((*ENDINGS, *SHARDS))}"
            )
        return Source(name, root, lambda: iter([file_part(root / path.name, path.name)]))
    if not glob.has_magic(name):
        raise DataError(f"{name}: there is no such file or folder")
    here = Path.cwd()
    return Source(name, here, lambda: _matching(name, here))


def cut_source(source: Source, *, size: int) -> Iterator[Part]:
    """Yield the parts of a source, of about `size` images each; a row group of Parquet is never cut.

    Raises:
        DataError: If the source cannot be listed.
    """
    number = 0
    waiting: list[File] = []

    def flush(least: int) -> Iterator[Part]:
        nonlocal number
        if len(waiting) >= least:
            stamps = "\n".join(f"{file.name}\0{file.stamp}" for file in waiting)
            stamp = hashlib.sha256(stamps.encode("utf-8", "surrogateescape")).hexdigest()[:16]
            yield Part(number, "files", "", stamp, len(waiting), [file.name for file in waiting])
            number += 1
            waiting.clear()

    for file in source.files():
        cut = None if source.table else next((cut for end, cut in _CUTS if file.name.lower().endswith(end)), None)
        if cut is None:
            waiting.append(file)
            yield from flush(size)
            continue
        yield from flush(1)
        kind = "tar" if cut is _cut_tar else file.path.suffix.lower()[1:]
        try:
            for count, items in cut(file, size):
                yield Part(number, kind, file.name, file.stamp, count, items)
                number += 1
        except DataError as exc:
            yield Part(number, "broken", file.name, file.stamp, 1, [str(exc)])
            number += 1
    yield from flush(1)


def open_tar(path: Path) -> BinaryIO:
    """Return the bytes of a TAR, decompressed.

    Raises:
        OSError: If there is no such file.
    """
    opener = next(TARS[end] for end in TARS if path.name.lower().endswith(end))
    return cast("BinaryIO", opener(path))


def image_column(schema: Any) -> str:
    """Return the column of a Parquet file that holds image files, empty if there is none.

    Args:
        schema: As pyarrow has it.
    """
    types = require("pyarrow", "data").types

    def holds_bytes(kind: Any) -> bool:
        if types.is_struct(kind):
            return bool(kind.get_field_index("bytes") >= 0)
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    holding = [field.name for field in schema if holds_bytes(field.type)]
    known = [name for name in IMAGE_COLUMNS if name in holding]
    return known[0] if known else holding[0] if len(holding) == 1 else ""


def open_parquet(path: Path) -> Any:
    """Return a Parquet file whose rows can be read without holding whole columns.

    Raises:
        DataError: If it is none.
    """
    arrow = require("pyarrow", "data")
    try:
        return require("pyarrow.parquet", "data").ParquetFile(path, buffer_size=1 << 20)
    except (arrow.ArrowException, OSError) as exc:
        raise DataError(f"not a Parquet file that can be read: {exc}") from exc


def _in_folder(root: Path) -> Iterator[File]:
    """Yield the images and shards below a folder; a marks table in Parquet is no shard."""
    for file in source_parts(root, (*ENDINGS, *SHARDS), zipped=False):
        if file.name.lower().endswith(".parquet"):
            try:
                with open_parquet(file.path) as parquet:
                    if "image" in parquet.schema_arrow.names and not image_column(parquet.schema_arrow):
                        continue
            except DataError:  # cutting it will say so
                pass
        yield file


def _matching(pattern: str, here: Path) -> Iterator[File]:
    """Yield the images and shards that match a pattern, sorted on disk, for there may be millions."""
    with closing(sqlite3.connect("")) as found:
        found.execute("CREATE TABLE names (name BLOB PRIMARY KEY) WITHOUT ROWID")
        names = (name for name in glob.iglob(pattern, recursive=True) if name.lower().endswith((*ENDINGS, *SHARDS)))
        rows = ((name.encode("utf-8", "surrogateescape"),) for name in names)
        found.executemany("INSERT OR IGNORE INTO names VALUES (?)", rows)
        for (name,) in found.execute("SELECT name FROM names ORDER BY name"):
            path = here / name.decode("utf-8", "surrogateescape")
            if path.is_file():
                yield file_part(path, name.decode("utf-8", "surrogateescape"))


def _listed(table: Path, root: Path) -> Iterator[File]:
    for number, row in read_rows(table):
        name = str(row.get("image") or "").strip()
        if not name:
            columns = ", ".join(map(repr, list(row)[:20]))
            raise DataError(f"{table}: row {number:,} names no image; expected a column 'image', found {columns}")
        yield file_part(root / name, name)


def _cut_zip(file: File, size: int) -> Iterator[tuple[int, list[Any]]]:
    try:
        with file.path.open("rb") as stream:
            members = sum(1 for _ in zip_documents(file.name, stream, ENDINGS))
    except OSError as exc:
        raise DataError(f"cannot be read: {exc}") from exc
    for first in range(0, members, size):
        last = min(first + size, members)
        yield last - first, [first, last]


def _cut_tar(file: File, size: int) -> Iterator[tuple[int, list[Any]]]:
    chosen: list[Any] = []
    damage: DataError | None = None
    try:
        for item in _tar_items(file):
            chosen.append(item)
            if len(chosen) == size:
                yield size, chosen
                chosen = []
    except DataError as exc:  # what comes before the damage counts
        damage = exc
    if chosen:
        yield len(chosen), chosen
    if damage:
        raise damage


def _tar_items(file: File) -> Iterator[list[Any]]:
    try:
        with open_tar(file.path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps every header
                if member.isreg() and member.name.lower().endswith(ENDINGS) and not is_hidden(member.name):
                    yield [member.name, member.offset_data, member.size]
            stream.seek(archive.offset)
            if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile ends quietly at a header that it cannot read
                raise DataError(f"damaged from byte {archive.offset:,} on; what comes after is lost")
    except DAMAGE as exc:
        raise DataError(f"cannot be read to its end: {exc}") from exc


def _cut_parquet(file: File, size: int) -> Iterator[tuple[int, list[Any]]]:
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


Cut = Callable[[File, int], Iterable[tuple[int, list[Any]]]]
_CUTS: tuple[tuple[str, Cut], ...] = (
    (".zip", _cut_zip),
    (".parquet", _cut_parquet),
    *((end, _cut_tar) for end in TARS),
)
