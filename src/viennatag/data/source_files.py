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
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Protocol

from viennatag.data.columns import Reading
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError
from viennatag.files import open_plain
from viennatag.images.containers import image_ending

IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm",
    ".avif", ".heic", ".heif", *((".svg",) if find_spec("resvg_py") else ()),
)  # fmt: skip
"""Endings of images; SVG drawings are images where the extra `svg` is installed."""
IMAGE_COLUMNS = ("image", "img", "picture", "logo")
"""Columns of Parquet files that hold image files."""

_SYSTEM_FOLDERS = (".", "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found")
_UNFOLDED, _RATIO = 256 << 20, 100  # bytes that any member may unfold to, and how many times its size

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


class _TakesNote(Protocol):
    """Takes what the user should know about how a file is read, once for each text, and an example of it."""

    def __call__(self, text: str, example: str = "", /) -> None: ...


def _ignore_note(_: str, __: str = "", /) -> None:
    """Take a note that nobody waits for."""


@dataclass(frozen=True)
class Document:
    """One file or archive member, for a reader.

    Attributes:
        name: Its path below the source, with `/`; a member's follows that of its archive.
        open: Opens it for reading.
        reading: What the user says about the columns and cells of a table.
        taxonomy: What its labels are read as.
        note: Takes what the user should know about how it is read, and an example, which is told with the text.
        size: Most bytes of a member of an archive; 0 for a file.
    """

    name: str
    open: Callable[[], BufferedReader]
    reading: Reading = field(default=Reading())
    taxonomy: Taxonomy = "vienna"
    note: _TakesNote = _ignore_note
    size: int = 0


def names_file(text: str) -> bool:
    """Return whether a text ends as the names of image files do."""
    return PurePosixPath(text.strip(" '\"").lower()).suffix in IMAGE_ENDINGS


@dataclass
class PassedOver:
    """Counts the files of a folder or archive that are passed over, so that it can be said."""

    endings: Counter[str] = field(default_factory=Counter)
    first: str = ""
    known: tuple[str, ...] = ()
    """Endings of files that belong to those that are read."""

    def add(self, name: str) -> None:
        """Count a file."""
        if name.lower().endswith(self.known):
            return
        self.endings[PurePosixPath(name).suffix.lower()] += 1
        self.first = self.first or name

    def describe(self) -> str:
        """Return how many files there are, by their endings; empty if there are none."""
        if not self.endings:
            return ""
        kinds = [f"{times:,} × {ending or 'no ending'}" for ending, times in self.endings.most_common(5)]
        count = self.endings.total()
        told = f"passed over {count:,} file{'s' if count > 1 else ''} of other endings: {', '.join(kinds)}"
        return f"{told}{', ...' if len(self.endings) > 5 else ''}; the first is {self.first}"


def list_source_files(
    source: Path, endings: tuple[str, ...], *, zipped: bool, passed_over: PassedOver | None = None
) -> Iterator[SourceFile]:
    """Yield the files of a folder that end in `endings` (lower case), or in `.zip` if `zipped`, in the order of names.

    If `endings` has those of images, a file without an ending is yielded too if its first bytes are those of an image.
    All other files are counted in `passed_over`, but for hidden ones. A source may also be one file, with any ending.

    Raises:
        DataError: If there is no such file or folder, or it cannot be listed.
    """
    if source.is_file():
        yield stat_source_file(source, source.name)
        return
    if not source.is_dir():
        raise DataError(f"{source}: there is no such file or folder")
    wanted = (*endings, ".zip") if zipped else endings
    images = set(IMAGE_ENDINGS) <= set(endings)
    for folder, names in _walk(source):
        for name in sorted(names):
            if name.startswith("."):
                continue
            path = Path(folder, name)
            below = path.relative_to(source).as_posix()
            if name.lower().endswith(wanted) or (images and "." not in name and _is_image(path)):
                yield stat_source_file(path, below)
            elif passed_over is not None:
                passed_over.add(below)


def check_image_folder(folder: Path | str) -> None:
    """Raise DataError unless this is a folder in which images can be looked up."""
    path = Path(folder)
    if path.is_file():
        raise DataError(f"{folder}: this is a file; images are looked up in a folder: unpack an archive, and name that")
    if not path.is_dir():
        raise DataError(f"{folder}: there is no such folder of images")


def _is_image(path: Path) -> bool:
    try:
        with open_plain(path) as file:
            return bool(image_ending(file.read(16)))
    except OSError:
        return False


def _walk(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the folders below a source, linked ones too, each once."""
    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(source, onerror=_raise, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link back to where the walk has been
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not name.startswith(_SYSTEM_FOLDERS))
        yield folder, names


def stat_source_file(path: Path, name: str) -> SourceFile:
    """Return a file with its size and stamp."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # a link to nowhere, or no name of a file; opening it will say so
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


def _raise(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be listed: {error.strerror}") from error
