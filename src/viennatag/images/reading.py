"""Read images, one or many at a time; one that may cost much is decoded in a process with limits."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores, in_threads
from viennatag.errors import ImageError
from viennatag.images.decoding import ImageMeasurement, perceptual_hash
from viennatag.images.isolation import measure_guarded, read_guarded
from viennatag.images.sources import ImageSource


def read_image(source: ImageSource, size: int) -> NDArray[np.uint8]:
    """Return an image framed in a square, see `find_framing`: RGB, shape (size, size, 3).

    The first frame of an animation is read. EXIF orientation is applied, transparency becomes white, and
    16-bit values are scaled to 8. A long narrow image keeps at least one pixel.

    Raises:
        ImageError: If the source is missing, empty, damaged, too large or costly, or not an image.
    """
    return read_guarded(source, size).pixels


def read_images(
    sources: Iterable[ImageSource], size: int, *, workers: int | None = None, ahead: int = 64
) -> Iterator[NDArray[np.uint8] | ImageError]:
    """Yield each image's pixels, or its error, in order; threads decode up to `ahead` images in advance."""
    return _read_in_threads(lambda source: read_image(source, size), sources, workers=workers, ahead=ahead)


def measure_images(paths: Iterable[Path]) -> Iterator[ImageMeasurement | ImageError]:
    """Yield the measurements of each image file, or its error, in order; each file is decoded once."""
    return _read_in_threads(measure_guarded, paths)


def hash_images(
    paths: Sequence[Path], *, progress: Callable[[int, int], None] | None = None
) -> tuple[NDArray[np.uint64], dict[int, str]]:
    """Return the perceptual hash of each image, 0 if it cannot be read, and the errors by position."""
    hashes = np.zeros(len(paths), dtype=np.uint64)
    errors: dict[int, str] = {}
    for at, outcome in enumerate(read_images(paths, 64)):
        if isinstance(outcome, ImageError):
            errors[at] = str(outcome)
        else:
            hashes[at] = perceptual_hash(outcome)
        if progress:
            progress(at + 1, len(paths))
    return hashes, errors


_Source = TypeVar("_Source")
_Result = TypeVar("_Result")


def _read_in_threads(
    compute: Callable[[_Source], _Result], sources: Iterable[_Source], *, workers: int | None = None, ahead: int = 64
) -> Iterator[_Result | ImageError]:
    """Return the result of each source, or its error, in order."""

    def attempt(source: _Source) -> _Result | ImageError:
        try:
            return compute(source)
        except ImageError as exc:
            return exc

    return in_threads(attempt, sources, workers=workers or available_cores(), ahead=ahead)
