"""Open what was delivered: a file, or the members of a ZIP archive.

A document is what a reader reads. Readers need not know where its bytes come from: all failures become DataError here.
"""

import io
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import IO, BinaryIO

from viennatag.data.columns import Reading
from viennatag.data.source_files import PassedOver, SourceFile
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError
from viennatag.files import open_plain

_UNFOLDED, _RATIO = 256 << 20, 100  # bytes that any member may unfold to, and how many times its size

ByteCallback = Callable[[int], None]
"""Called with the number of bytes that were just read."""

_FAILURES = (  # NotImplementedError is an unknown compression, RuntimeError a password
    OSError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, struct.error,
    ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Document:
    """One file or archive member, for a reader.

    Attributes:
        name: Its path below the source, with `/`; a member's follows that of its archive.
        open: Opens it for reading.
        reading: What the user says about the columns and cells of a table.
        taxonomy: What its labels are read as.
        note: Takes what the user should know about how it is read, and perhaps an example, which is told with it.
        size: Most bytes of a member of an archive; 0 for a file.
    """

    name: str
    open: Callable[[], BufferedReader]
    reading: Reading = field(default=Reading())
    taxonomy: Taxonomy = "vienna"
    note: Callable[..., None] = lambda *_: None
    size: int = 0


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


def zip_documents(
    name: str, file: BinaryIO, endings: tuple[str, ...], passed_over: PassedOver | None = None
) -> Iterator[Document]:
    """Yield the documents in an open ZIP archive; they can be opened as long as it is. Other members are counted.

    Raises:
        DataError: If the archive cannot be read.
    """
    with _as_data_errors():
        archive = zipfile.ZipFile(file)
    for member in archive.infolist():
        if not member.filename or member.is_dir() or is_hidden(member.filename):
            continue
        if member.filename.lower().endswith((*endings, ".zip")):
            yield Document(f"{name}/{member.filename}", partial(_open_member, archive, member), size=member.file_size)
        elif passed_over is not None:
            passed_over.add(f"{name}/{member.filename}")


def is_hidden(member: str) -> bool:
    """Return whether a member of an archive was added by the system that packed it."""
    return member.startswith("__MACOSX/") or member.rpartition("/")[2].startswith(".")


def _open_file(path: Path, on_read: ByteCallback) -> BufferedReader:
    with _as_data_errors():
        return BufferedReader(_CountedFile(path, on_read), 1 << 18)


def _open_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BufferedReader:
    if member.filename.lower().endswith(".zip"):
        raise DataError("this is a ZIP archive inside another; unpack the outer one")
    with _as_data_errors():
        return BufferedReader(_Member(archive.open(member), member), 1 << 16)


class _CountedFile(io.FileIO):
    """A file that reports how much of it was read."""

    def __init__(self, path: Path, on_read: ByteCallback) -> None:
        with open_plain(path) as file:
            super().__init__(os.dup(file.fileno()))
        self.on_read = on_read

    def readinto(self, buffer: "bytearray | memoryview", /) -> int | None:  # type: ignore[override]
        with _as_data_errors():
            count = super().readinto(buffer)
        self.on_read(count or 0)
        return count


class _Member(io.RawIOBase):
    """A member of an archive whose failures are DataErrors."""

    def __init__(self, member: IO[bytes], info: zipfile.ZipInfo) -> None:
        self.member = member
        self._left = max(_UNFOLDED, _RATIO * info.compress_size)
        bounded = info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        self._piece = 1 << 16 if bounded else 1 << 10  # zipfile unfolds a piece of the other types whole

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        with _as_data_errors():
            data = self.member.read(min(len(buffer), self._piece))
            self._left -= len(data)
            if self._left < 0:
                raise ValueError(f"it unfolds to more than {_RATIO} times its size")
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
