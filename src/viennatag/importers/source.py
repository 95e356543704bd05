"""Find and open what a register delivered: one file, a folder of files, ZIP archives in either.

A part is a file on disk, the unit in which an import is resumed; a document is what a reader reads:
the file itself, or one member of an archive. Failures of the disk and of archives become DataError
here, so that readers need not know where their bytes come from.
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
from typing import IO, BinaryIO

from viennatag.errors import DataError

Tick = Callable[[int], None]
"""Told how many bytes were read."""

_FAILURES = (  # NotImplementedError is an unknown compression, RuntimeError a password
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error,
    ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One file of a source.

    Attributes:
        path: Where it is.
        name: Its path below the source, with `/`.
        size: Bytes.
        stamp: Changes when the file does.
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


def source_parts(source: Path, endings: tuple[str, ...], *, zipped: bool) -> Iterator[Part]:
    """Yield the files of a source in the order of their names; a file named by itself may have any ending.

    Args:
        source: A file or folder.
        endings: What files of the format end in, lower case.
        zipped: Whether ZIP archives may hold them.

    Raises:
        DataError: If there is no such file or folder, or it cannot be listed.
    """
    if source.is_file():
        yield file_part(source, source.name)
        return
    if not source.is_dir():
        raise DataError(f"{source}: there is no such file or folder")
    wanted = (*endings, ".zip") if zipped else endings
    for folder, below, names in os.walk(source, onerror=_raise):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if name.lower().endswith(wanted) and not name.startswith("."):
                path = Path(folder, name)
                yield file_part(path, path.relative_to(source).as_posix())


def part_documents(part: Part, endings: tuple[str, ...], *, zipped: bool, tick: Tick) -> Iterator[Document]:
    """Yield the documents of a part.

    Raises:
        DataError: If an archive cannot be read.
    """
    if not zipped or part.path.suffix.lower() != ".zip":
        yield Document(part.name, lambda: _open_file(part.path, tick))
        return
    with _open_file(part.path, tick) as file:
        yield from zip_documents(part.name, file, endings)


def zip_documents(name: str, file: BinaryIO, endings: tuple[str, ...]) -> Iterator[Document]:
    """Yield the documents in an open ZIP archive; they can be opened as long as it is.

    Raises:
        DataError: If the archive cannot be read.
    """
    with _translated():
        archive = zipfile.ZipFile(file)
    for member in archive.infolist():
        if member.filename.lower().endswith((*endings, ".zip")) and not is_hidden(member.filename):
            yield Document(f"{name}/{member.filename}", partial(_open_member, archive, member))


def is_hidden(member: str) -> bool:
    """Return whether a member of an archive is none of the user's own files."""
    return member.startswith("__MACOSX/") or member.rpartition("/")[2].startswith(".")


def file_part(path: Path, name: str) -> Part:
    """Return a file as a part; its stamp is empty where there is none."""
    try:
        status = path.stat()
    except OSError:  # a link to nowhere; opening it will say so, and the rest goes on
        return Part(path, name, 0, "")
    return Part(path, name, status.st_size, f"{status.st_size}:{status.st_mtime_ns}")


def _open_file(path: Path, tick: Tick) -> BufferedReader:
    with _translated():
        return BufferedReader(_Counted(path, tick), 1 << 18)


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BufferedReader:
    if member.filename.lower().endswith(".zip"):
        raise DataError("this is a ZIP archive inside another; unpack the outer one")
    with _translated():
        return BufferedReader(_Translated(archive.open(member)), 1 << 16)


class _Counted(io.FileIO):
    """A file that tells how much of it was read."""

    def __init__(self, path: Path, tick: Tick) -> None:
        super().__init__(path)
        self.tick = tick

    def readinto(self, buffer: "bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        with _translated():
            count = super().readinto(buffer)
        self.tick(count or 0)
        return count


class _Translated(io.RawIOBase):
    """A member of an archive whose failures are DataErrors."""

    def __init__(self, member: IO[bytes]) -> None:
        self.member = member

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        with _translated():
            data = self.member.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.member.close()
        super().close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _FAILURES as exc:
        raise DataError(f"cannot be read: {exc}") from exc


def _raise(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be listed: {error.strerror}") from error
