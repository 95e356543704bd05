"""Find and open what was delivered: one file, a folder of files, ZIP archives in either.

A source file is a file on disk, the unit in which an import is resumed; a document is what a reader reads: the file
or one member of an archive. Readers need not know where their bytes come from: all failures become DataError here.
"""

import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, BinaryIO

from viennatag.errors import DataError

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".ppm")
IMAGE_COLUMNS = ("image", "img", "picture", "logo")
"""Columns of Parquet files that hold image files."""

ByteCallback = Callable[[int], None]
"""Called with the number of bytes that were just read."""

_FAILURES = (  # NotImplementedError is an unknown compression, RuntimeError a password
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error,
    ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    Attributes:
        path: The file.
        name: Its path below the source, with `/`.
        size: Bytes.
        stamp: Changes when the file does; empty where there is no file.
    """

    path: Path
    name: str
    size: int
    stamp: str


@dataclass(frozen=True)
class Document:
    """One file or archive member, for a reader.

    Attributes:
        name: Its path below the source, with `/`; a member's follows that of its archive.
        open: Opens it for reading.
        ignore: Columns that are no labels; a table with one column per label cannot tell by itself.
    """

    name: str
    open: Callable[[], BufferedReader]
    ignore: frozenset[str] = frozenset()


def list_source_files(source: Path, endings: tuple[str, ...], *, zipped: bool) -> Iterator[SourceFile]:
    """Yield the files of a folder that end in `endings` (lower case), or in `.zip` if `zipped`, in the order of names.

    A source may also be one file, with any ending.

    Raises:
        DataError: If there is no such file or folder, or it cannot be listed.
    """
    if source.is_file():
        yield stat_source_file(source, source.name)
        return
    if not source.is_dir():
        raise DataError(f"{source}: there is no such file or folder")
    wanted = (*endings, ".zip") if zipped else endings
    for folder, below, names in os.walk(source, onerror=_raise):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if name.lower().endswith(wanted) and not name.startswith("."):
                path = Path(folder, name)
                yield stat_source_file(path, path.relative_to(source).as_posix())


def stat_source_file(path: Path, name: str) -> SourceFile:
    """Return a file with its size and stamp."""
    try:
        status = path.stat()
    except OSError:  # a link to nowhere; opening it will say so, and the rest goes on
        return SourceFile(path, name, 0, "")
    return SourceFile(path, name, status.st_size, f"{status.st_size}:{status.st_mtime_ns}")


def list_documents(
    file: SourceFile, endings: tuple[str, ...], *, zipped: bool, on_read: ByteCallback
) -> Iterator[Document]:
    """Yield the documents of a source file.

    Raises:
        DataError: If an archive cannot be read.
    """
    if not zipped or file.path.suffix.lower() != ".zip":
        yield Document(file.name, lambda: _open_file(file.path, on_read))
        return
    with _open_file(file.path, on_read) as stream:
        yield from zip_documents(file.name, stream, endings)


def zip_documents(name: str, file: BinaryIO, endings: tuple[str, ...]) -> Iterator[Document]:
    """Yield the documents in an open ZIP archive; they can be opened as long as it is.

    Raises:
        DataError: If the archive cannot be read.
    """
    with _as_data_errors():
        archive = zipfile.ZipFile(file)
    for member in archive.infolist():
        if member.filename.lower().endswith((*endings, ".zip")) and not is_hidden(member.filename):
            yield Document(f"{name}/{member.filename}", partial(_open_member, archive, member))


def is_hidden(member: str) -> bool:
    """Return whether a member of an archive was added by the system that packed it."""
    return member.startswith("__MACOSX/") or member.rpartition("/")[2].startswith(".")


def image_cell(cell: Any) -> tuple[bytes | None, str]:
    """Return the bytes of a Parquet cell that holds an image, None if it has none, and its path, empty if none."""
    content, path = (cell.get("bytes"), cell.get("path")) if isinstance(cell, dict) else (cell, cell)
    return content if isinstance(content, bytes) else None, path if isinstance(path, str) else ""


def _open_file(path: Path, on_read: ByteCallback) -> BufferedReader:
    with _as_data_errors():
        return BufferedReader(_CountedFile(path, on_read), 1 << 18)


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BufferedReader:
    if member.filename.lower().endswith(".zip"):
        raise DataError("this is a ZIP archive inside another; unpack the outer one")
    with _as_data_errors():
        return BufferedReader(_Member(archive.open(member)), 1 << 16)


class _CountedFile(io.FileIO):
    """A file that reports how much of it was read."""

    def __init__(self, path: Path, on_read: ByteCallback) -> None:
        super().__init__(path)
        self.on_read = on_read

    def readinto(self, buffer: "bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        with _as_data_errors():
            count = super().readinto(buffer)
        self.on_read(count or 0)
        return count


class _Member(io.RawIOBase):
    """A member of an archive whose failures are DataErrors."""

    def __init__(self, member: IO[bytes]) -> None:
        self.member = member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        with _as_data_errors():
            data = self.member.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.member.close()
        super().close()


@contextmanager
def _as_data_errors() -> Iterator[None]:
    try:
        yield
    except _FAILURES as exc:
        raise DataError(f"cannot be read: {exc}") from exc


def _raise(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be listed: {error.strerror}") from error
