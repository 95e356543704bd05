"""Pixels of many images, decoded once: fine-tuning reads each of them in every epoch."""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.errors import DataError, ImageError
from viennatag.files import atomic_file
from viennatag.images.reading import read_image, read_images
from viennatag.training.data.features import PREPROCESSING, file_keys, locked

_MAX_BYTES = 16 << 30
"""Decoded pixels up to this size are kept on disk; larger collections are decoded again in every epoch."""


class Pixels:
    """Images of one size by position, from a file of decoded pixels or from the image files."""

    def __init__(self, paths: Sequence[Path], size: int, store: NDArray[np.uint8] | None) -> None:
        self.paths, self.size, self._store = paths, size, store

    @classmethod
    def of(
        cls, paths: Sequence[Path], size: int, *, cache: Path, progress: Callable[[int, int], None] | None = None
    ) -> "Pixels":
        """Return the pixels of image files, decoded once.

        `size` is the side of the square in pixels. An interrupted run goes on where it stopped.

        Raises:
            DataError: If an image cannot be read.
        """
        row = size * size * 3
        if row * len(paths) > _MAX_BYTES:
            return cls(paths, size, None)
        errors: dict[int, str] = {}
        digest = hashlib.blake2b(b"".join(file_keys(paths, errors)), digest_size=12).hexdigest()
        if errors:
            at, why = next(iter(errors.items()))
            raise DataError(f"{paths[at]}: {why}")
        finished = cache / "pixels" / f"{digest}-{size}-{PREPROCESSING}.u8"
        finished.parent.mkdir(parents=True, exist_ok=True)
        with locked(finished.parent):
            if not _is_whole(finished, row * len(paths)):
                _decode(paths, size, finished, progress)
        return cls(paths, size, np.memmap(finished, dtype=np.uint8, mode="r", shape=(len(paths), size, size, 3)))

    @property
    def cached(self) -> bool:
        """Whether the pixels are kept on disk."""
        return self._store is not None

    def read(self, positions: Sequence[int] | NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return images by position, shape (positions, size, size, 3)."""
        if self._store is not None:
            return np.asarray(self._store[np.asarray(positions)])
        return np.stack([read_image(self.paths[at], self.size) for at in positions])


def _decode(paths: Sequence[Path], size: int, finished: Path, progress: Callable[[int, int], None] | None) -> None:
    """Write the pixels of all images, going on after those already written."""
    row = size * size * 3
    growing = finished.with_suffix(".part")
    with growing.open("ab") as file:
        done = file.tell() // row
        file.truncate(done * row)
        for at, found in enumerate(read_images(paths[done:], size, workers=available_cores()), start=done):
            if isinstance(found, ImageError):
                raise DataError(f"{paths[at]}: {found}")
            file.write(found.tobytes())
            if progress:
                progress(at + 1, len(paths))
    with atomic_file(_checksum_file(finished)) as temporary:
        temporary.write_text(_checksum(growing), encoding="ascii")
    growing.rename(finished)


def _is_whole(finished: Path, size: int) -> bool:
    try:
        stated = _checksum_file(finished).read_text(encoding="ascii")
        return finished.stat().st_size == size and stated == _checksum(finished)
    except (OSError, UnicodeDecodeError):
        return False


def _checksum(path: Path) -> str:
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            found = zlib.crc32(block, found)
    return f"{found:08x}"


def _checksum_file(finished: Path) -> Path:
    return finished.with_suffix(".crc32")
