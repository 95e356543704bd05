"""Image files to pixels: the only decode and the only resize in viennatag.

Training, evaluation, prediction and the service all read images with `read_image`, so a model always
gets the same pixels. A mark is framed in a square with the same margin wherever it is on its page (see
`framing`). Only background is cropped, because a device at the edge carries codes too, and nothing is
mirrored, because letters and directions matter.
"""

import hashlib
import io
import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from viennatag.errors import ImageError
from viennatag.images.crops import Box, find_crops, frame_crop
from viennatag.images.framing import Framing, find_framing

if TYPE_CHECKING:
    from concurrent.futures import Future

ImageSource = str | Path | bytes | Image.Image | NDArray[np.uint8] | BinaryIO
"""A path, the bytes of an image file, an open binary file, a Pillow image, or an array of 8-bit values, which is grey
(height, width), RGB (height, width, 3) or RGBA (height, width, 4)."""

IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
"""What is decoded. Formats that run other programs (EPS) or hold drawings (WMF) stay out."""

MAX_PIXELS = 80_000_000
"""Larger images are refused before they are decoded; a scan of an A3 page at 600 dpi has 70 million pixels."""

_OVERSAMPLING = 2  # a JPEG is decoded at this many times the pixels needed; at 1, scores change by up to 0.18, not 0.01


def read_image(source: ImageSource, size: int) -> NDArray[np.uint8]:
    """Return an image framed in a square, see `find_framing`: RGB, shape (size, size, 3).

    The first frame of an animation is read. EXIF orientation is applied, transparency becomes white, and
    16-bit values are scaled to 8. A long narrow image keeps at least one pixel.

    Raises:
        ImageError: If the source is missing, empty, damaged, too large, or not an image.
    """
    return read_framed_image(source, size, max_pixels=MAX_PIXELS).pixels


@dataclass(frozen=True, eq=False)
class FramedImage:
    """An image as a network sees it, with its original size.

    Attributes:
        pixels: The full view, as `read_image` returns it.
        width: Width of the upright image, in its own pixels.
        height: Height of the upright image, in its own pixels.
        box: Box of the full image in the square, see `Framing.box`.
        crops: Pixels of each crop, and the box of the full image in its square.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    box: Box
    crops: tuple[tuple[NDArray[np.uint8], Box], ...] = ()

    @property
    def views(self) -> list[NDArray[np.uint8]]:
        """The full view, then the crops."""
        return [self.pixels, *(pixels for pixels, _ in self.crops)]


def read_framed_image(
    source: ImageSource, size: int, *, max_crops: int = 0, max_pixels: int = MAX_PIXELS
) -> FramedImage:
    """Return an image framed as in `read_image`, with its size, its box and up to `max_crops` crops.

    Raises:
        ImageError: As `read_image`, or if the image has more than `max_pixels` pixels.
    """
    source = _as_file_or_image(source)
    image, width, height = _decode_sized(source, _OVERSAMPLING * size, max_pixels)
    framing = find_framing(image, size)
    needed = _OVERSAMPLING * framing.scale
    if needed > 1 and max(image.size) < max(width, height):  # a JPEG of a large page with a small mark on it
        image, width, height = _decode_sized(source, math.ceil(needed * min(image.size)), max_pixels)
        framing = find_framing(image, size)
    pixels, box = _frame(image, framing, size), framing.box(*image.size, size)
    boxes, background = find_crops(pixels, box, max_crops) if max_crops else ([], framing.fill)
    framings = [frame_crop(crop, framing, *image.size, background, size) for crop in boxes]
    largest = max((each.scale for each in framings), default=0.0)
    if largest > 1 and max(image.size) < max(width, height):  # a JPEG, decoded too small for its crops
        coarse = image.size
        image = _decode_sized(source, math.ceil(largest * min(coarse)), max_pixels)[0]
        framings = [each.rescaled(image.width / coarse[0], image.height / coarse[1]) for each in framings]
    crops = tuple((_frame(image, each, size), each.box(*image.size, size)) for each in framings)
    return FramedImage(pixels, width, height, box, crops)


def _frame(image: Image.Image, framing: Framing, size: int) -> NDArray[np.uint8]:
    left, top, right, bottom = framing.target
    shown = image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=framing.source, reducing_gap=2.0)
    if shown.width == shown.height == size:
        return np.array(shown)
    square = Image.new("RGB", (size, size), framing.fill)
    square.paste(shown, (left, top))
    return np.array(square)


def decode_image(source: ImageSource, *, min_side: int | None = None) -> Image.Image:
    """Return an image in RGB at its own size; a JPEG may be reduced, but not below `min_side` pixels a side.

    Raises:
        ImageError: As `read_image`.
    """
    return _decode_sized(_as_file_or_image(source), min_side)[0]


def _as_file_or_image(source: ImageSource) -> str | Path | bytes | Image.Image:
    """Return a source that can be decoded more than once.

    Raises:
        ImageError: If it is of a kind that is not taken.
    """
    if isinstance(source, (str, Path, bytes, Image.Image)):
        return source
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, np.ndarray):
        if source.dtype != np.uint8 or source.ndim not in {2, 3} or source.shape[2:] not in {(), (3,), (4,)}:
            raise ImageError(
                f"the array has type {source.dtype} and shape {source.shape}; expected uint8 of shape (height, width), "
                "(height, width, 3) for RGB, or (height, width, 4) for RGBA"
            )
        if not source.size:
            raise ImageError(f"the array is empty, of shape {source.shape}")
        return Image.fromarray(np.ascontiguousarray(source))
    if hasattr(source, "read"):
        content = source.read()
        if not isinstance(content, bytes):
            raise ImageError("the file is open as text; open it in binary mode, with 'rb'")
        return content
    raise ImageError(
        f"an image is a path, the bytes of an image file, an open binary file, a Pillow image, or a NumPy array of "
        f"8-bit values, not a {type(source).__name__}"
    )


def _decode_sized(
    source: str | Path | bytes | Image.Image, min_side: int | None, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, int, int]:
    """Return an image as `decode_image` does, and the width and height of the upright original."""
    if isinstance(source, Image.Image):
        image = _as_rgb(source)
        return image, *image.size
    with _opened(source, max_pixels) as file:
        width, height = file.size  # a draft may change it
        if min_side is not None:
            file.draft("RGB", (min_side, min_side))
        image = _as_rgb(file)
        if file.getexif().get(ExifTags.Base.Orientation, 1) in {5, 6, 7, 8}:  # rotated by 90 degrees
            width, height = height, width
        return image, width, height


def check_pixels(source: str | Path | bytes, *, max_pixels: int) -> None:
    """Raise ImageError if an image's header cannot be read or states too many pixels."""
    with _opened(source, max_pixels):
        pass


@contextmanager
def _opened(source: str | Path | bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Yield an image whose header was read; Pillow's errors inside the block become an ImageError."""
    if isinstance(source, bytes) and not source:
        raise ImageError("the image is empty (0 bytes)")
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise ImageError(_too_large(f"{image.width:,} × {image.height:,} pixels", max_pixels))
            yield image
    except FileNotFoundError as exc:
        raise ImageError("there is no such file") from exc
    except IsADirectoryError as exc:
        raise ImageError("this is a folder, not an image") from exc
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ImageError(_too_large("too many pixels", max_pixels)) from exc
    except UnidentifiedImageError as exc:
        raise ImageError(_describe_unreadable(source)) from exc
    except ImageError:
        raise
    except Exception as exc:  # on damaged files Pillow's decoders raise nearly every error there is
        raise ImageError(f"the image is damaged or cut off ({exc})") from exc


def _too_large(size: str, max_pixels: int) -> str:
    return f"the image is too large ({size}; at most {max_pixels:,} pixels); make it smaller first"


def _describe_unreadable(source: str | Path | bytes) -> str:
    if isinstance(source, bytes):
        start = source[:1024]
    else:
        with Path(source).open("rb") as file:
            start = file.read(1024)
    if not start:
        return "the image is empty (0 bytes)"
    if b"<svg" in start:
        return "this is an SVG drawing; convert it to PNG first"
    if start.startswith((b"%!PS", b"%PDF")):
        return "this is a PostScript or PDF document; convert it to PNG first"
    return f"not an image in a known format; expected {', '.join(IMAGE_FORMATS)}"


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode == "RGB" and not image.has_transparency_data:
        image.load()
        return image
    if image.mode.startswith(("I;16", "I")):
        eight_bit = np.clip(np.asarray(image).astype(np.int64), 0, 65_535) // 257
        return Image.fromarray(eight_bit.astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ImageError("the image holds floating-point values, whose range is unknown; convert it to PNG first")
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        opaque = Image.new("RGB", layer.size, "white")
        opaque.paste(layer, mask=layer)
        return opaque
    return image.convert("RGB")


def read_images(
    sources: Iterable[ImageSource], size: int, *, workers: int | None = None, ahead: int = 64
) -> Iterator[NDArray[np.uint8] | ImageError]:
    """Yield each image's pixels, or its error, in order; threads decode up to `ahead` images in advance."""
    return _in_threads(lambda source: read_image(source, size), sources, workers=workers, ahead=ahead)


@dataclass(frozen=True)
class ImageMeasurement:
    """Measurements of an image file for image checks.

    Attributes:
        width: Width of the upright image, in pixels.
        height: Height of the upright image, in pixels.
        hash: Perceptual hash.
        digest: Hash of the file's bytes.
        contrast: Largest difference between the lightest and the darkest value of a channel, 0 to 255.
    """

    width: int
    height: int
    hash: np.uint64
    digest: bytes
    contrast: int


def measure_images(paths: Iterable[Path]) -> "Iterator[ImageMeasurement | ImageError]":
    """Yield the measurements of each image file, or its error, in order; each file is decoded once."""
    return _in_threads(_measure, paths)


def _measure(path: Path) -> ImageMeasurement:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ImageError(f"cannot be read ({exc.strerror})") from exc
    image, width, height = _decode_sized(content, 64)
    coarse = image.reduce(max(1, max(image.size) // 64))  # noise of single pixels does not count
    contrast = max(int(high) - int(low) for low, high in coarse.getextrema())  # type: ignore[misc]
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return ImageMeasurement(
        width, height, perceptual_hash(_frame(image, find_framing(image, 64), 64)), digest, contrast
    )


_Source = TypeVar("_Source")
_Result = TypeVar("_Result")


def _in_threads(
    compute: Callable[[_Source], _Result], sources: Iterable[_Source], *, workers: int | None = None, ahead: int = 64
) -> Iterator[_Result | ImageError]:
    """Yield the result of each source, or its error, in order."""

    def attempt(source: _Source) -> _Result | ImageError:
        try:
            return compute(source)
        except ImageError as exc:
            return exc

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers or available_cores(), thread_name_prefix="decode") as pool:
        remaining = iter(sources)
        queue: deque[Future[_Result | ImageError]] = deque()
        try:
            for source in islice(remaining, ahead):
                queue.append(pool.submit(attempt, source))
            while queue:
                done = queue.popleft().result()
                for source in islice(remaining, 1):
                    queue.append(pool.submit(attempt, source))
                yield done
        finally:
            for future in queue:
                future.cancel()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def perceptual_hash(pixels: NDArray[np.uint8]) -> np.uint64:
    """Return the 64-bit perceptual hash (pHash) of pixels (size, size, 3); images that look alike differ in few bits.

    Each bit says whether one of the 64 lowest frequencies of the discrete cosine transform is above their median
    (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions").
    """
    grey = Image.fromarray(pixels).convert("L")
    grey = grey.reduce(max(1, grey.width // 32)).resize((32, 32), Image.Resampling.BOX)
    low = (_COSINES @ np.asarray(grey, dtype=np.float64) @ _COSINES.T).ravel()
    bits = low > np.median(low)
    return np.uint64(int.from_bytes(np.packbits(bits).tobytes(), "big"))


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


_COSINES = np.cos(np.pi / 64 * np.outer(np.arange(1, 9), 2 * np.arange(32) + 1))
