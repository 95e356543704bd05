"""Find the files that people hand in: one file, or those of a folder whose names end as wanted.

A source file is a file on disk, the unit in which an import is resumed; `documents` opens it.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from viennatag.errors import DataError, count
from viennatag.files import file_kind, open_plain
from viennatag.images.containers import image_ending

IMAGE_ENDINGS = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".pbm", ".pnm",
    ".avif", ".heic", ".heif", *((".svg",) if find_spec("resvg_py") else ()),
)  # fmt: skip
"""Endings of images; SVG drawings are images where the extra `svg` is installed."""
_SYSTEM_FOLDERS = (".", "__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found")


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
        told = f"passed over {count(self.endings.total(), 'file')} of other endings: {', '.join(kinds)}"
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
        kind = f"this is a {file_kind(source.stat().st_mode)}, no plain file" if source.exists() else ""
        raise DataError(f"{source}: {kind or 'there is no such file or folder'}")
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


def _raise(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be listed: {error.strerror}") from error
