"""Image files to pixels: the only decode and the only resize in viennatag.

Training, evaluation, prediction and the service all see an image through `read_image`, so a model
never meets pixels that were made in another way. A mark is fitted into a square with the same margin
wherever it stood on its page (see `fitting`). Nothing but paper is cropped, because a device at the edge
carries codes too, and nothing is mirrored, because letters and directions do.
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
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from viennatag.errors import ImageError
from viennatag.images.crops import Box, find_parts, fit_part
from viennatag.images.framing import Fitting, find_fitting

if TYPE_CHECKING:
    from concurrent.futures import Future

ImageSource = str | Path | bytes | Image.Image
"""A path, the bytes of an image file, or an image that is already decoded."""

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
"""What is decoded. Formats that run other programs (EPS) or hold drawings (WMF) stay out."""

MAX_PIXELS = 80_000_000
"""Larger images are refused before they are decoded; a scan of an A3 page at 600 dpi has 70 million pixels."""

_FINER = 2  # a JPEG is decoded at so many times the pixels needed; at just as many, scores move by up to 0.18, not 0.01


def read_image(source: ImageSource, size: int) -> NDArray[np.uint8]:
    """Return an image fitted into a square, see `find_fitting`: RGB, shape (size, size, 3).

    The first frame of an animation counts. EXIF orientation is applied and transparency falls on
    white. Sixteen-bit values are scaled to eight. A long narrow image keeps at least one pixel.

    Raises:
        ImageError: If the source is missing, empty, damaged, too large, or not an image.
    """
    return read_fitted_image(source, size, max_pixels=MAX_PIXELS).pixels


@dataclass(frozen=True, eq=False)
class FittedImage:
    """An image as a network sees it, and what it was.

    Attributes:
        pixels: What `read_image` gives.
        width: In pixels, of the image itself, upright.
        height: Likewise.
        box: Where the whole image lies in the square, see `Fitting.box`.
        parts: Squares of its parts, as `pixels`, with where the whole image would lie in each, as `box`.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    box: Box
    parts: tuple[tuple[NDArray[np.uint8], Box], ...] = ()

    @property
    def views(self) -> list[NDArray[np.uint8]]:
        """The whole and then its parts."""
        return [self.pixels, *(pixels for pixels, _ in self.parts)]


def read_fitted_image(source: ImageSource, size: int, *, parts: int = 0, max_pixels: int = MAX_PIXELS) -> FittedImage:
    """Return the pixels that `read_image` gives, with the size of the image, its place, and so many of its parts.

    Raises:
        ImageError: As `read_image`, or if the image has more than `max_pixels` pixels.
    """
    shown, width, height = _decode_sized(source, _FINER * size, max_pixels)
    fitting = find_fitting(shown, size)
    if _FINER * fitting.scale > 1 and max(shown.size) < max(
        width, height
    ):  # a JPEG of a large page with a small mark on it
        shown, width, height = _decode_sized(source, math.ceil(_FINER * fitting.scale * min(shown.size)), max_pixels)
        fitting = find_fitting(shown, size)
    pixels, box = _fit(shown, fitting, size), fitting.box(*shown.size, size)
    boxes, ground = find_parts(pixels, box, parts) if parts else ([], fitting.fill)
    own = [fit_part(part, fitting, *shown.size, ground, size) for part in boxes]
    largest = max((each.scale for each in own), default=0.0)
    if largest > 1 and max(shown.size) < max(width, height):  # a JPEG, decoded at less than its parts deserve
        coarse = shown.size
        shown = _decode_sized(source, math.ceil(largest * min(coarse)), max_pixels)[0]
        own = [each.rescaled(shown.width / coarse[0], shown.height / coarse[1]) for each in own]
    found = tuple((_fit(shown, each, size), each.box(*shown.size, size)) for each in own)
    return FittedImage(pixels, width, height, box, found)


def _fit(image: Image.Image, fitting: Fitting, size: int) -> NDArray[np.uint8]:
    left, top, right, bottom = fitting.place
    fitted = image.resize((right - left, bottom - top), Image.Resampling.BILINEAR, box=fitting.crop, reducing_gap=2.0)
    if fitted.width == fitted.height == size:
        return np.array(fitted)
    square = Image.new("RGB", (size, size), fitting.fill)
    square.paste(fitted, (left, top))
    return np.array(square)


def decode_image(source: ImageSource, *, near: int | None = None) -> Image.Image:
    """Return an image in RGB at its own size; a JPEG may come smaller, but not below `near` pixels a side.

    Raises:
        ImageError: As `read_image`.
    """
    return _decode_sized(source, near)[0]


def _decode_sized(source: ImageSource, near: int | None, max_pixels: int = MAX_PIXELS) -> tuple[Image.Image, int, int]:
    """Return what `decode_image` gives, and the width and height of the image itself, upright."""
    if isinstance(source, Image.Image):
        shown = _as_rgb(source)
        return shown, *shown.size
    with _opened(source, max_pixels) as image:
        width, height = image.size  # a draft may change it
        if near is not None:
            image.draft("RGB", (near, near))
        shown = _as_rgb(image)
        if image.getexif().get(ExifTags.Base.Orientation, 1) in {5, 6, 7, 8}:  # these lie on their side
            width, height = height, width
        return shown, width, height


def check_pixels(source: str | Path | bytes, *, most: int) -> None:
    """Raise ImageError if what the header of an image tells cannot be read, or is too many pixels."""
    with _opened(source, most):
        pass


@contextmanager
def _opened(source: str | Path | bytes, max_pixels: int) -> Iterator[Image.Image]:
    """Yield an image whose header was read; what Pillow raises before the block ends becomes an ImageError."""
    if isinstance(source, bytes) and not source:
        raise ImageError("the image is empty (0 bytes)")
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
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
        raise ImageError(_what_it_is(source)) from exc
    except ImageError:
        raise
    except Exception as exc:  # on damaged files Pillow's decoders raise nearly every error there is
        raise ImageError(f"the image is damaged or cut off ({exc})") from exc


def _too_large(found: str, most: int) -> str:
    return f"the image is too large ({found}; at most {most:,} pixels); make it smaller first"


def _what_it_is(source: str | Path | bytes) -> str:
    start = source[:1024] if isinstance(source, bytes) else _first_bytes(Path(source))
    if not start:
        return "the image is empty (0 bytes)"
    if b"<svg" in start:
        return "this is an SVG drawing; convert it to PNG first"
    if start.startswith((b"%!PS", b"%PDF")):
        return "this is a PostScript or PDF document; convert it to PNG first"
    return f"not an image in a known format; expected {', '.join(FORMATS)}"


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


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
        shown = Image.new("RGB", layer.size, "white")
        shown.paste(layer, mask=layer)
        return shown
    return image.convert("RGB")


def read_images(
    sources: Iterable[ImageSource], size: int, *, workers: int | None = None, ahead: int = 64
) -> Iterator[NDArray[np.uint8] | ImageError]:
    """Yield each image's pixels, or the error that it gave, in order, decoding in threads ahead of the reader.

    At most `ahead` images are held, however many sources there are.
    """
    return _in_threads(lambda source: read_image(source, size), sources, workers=workers, ahead=ahead)


@dataclass(frozen=True)
class Look:
    """What an audit wants to know of an image file.

    Attributes:
        width: In pixels, of the image upright.
        height: Likewise.
        hash: Perceptual hash.
        digest: Of the bytes of the file.
        spread: Largest difference between the lightest and the darkest value of a channel, 0 to 255.
    """

    width: int
    height: int
    hash: np.uint64
    digest: bytes
    spread: int


def look_at_images(paths: Iterable[Path]) -> "Iterator[Look | ImageError]":
    """Yield what there is to see in each image file, or why it cannot be read, in order; each is decoded once."""
    return _in_threads(_look_at, paths)


def _look_at(path: Path) -> Look:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ImageError(f"cannot be read ({exc.strerror})") from exc
    shown, width, height = _decode_sized(content, 64)
    coarse = shown.reduce(max(1, max(shown.size) // 64))  # noise of single pixels is nothing to see
    spread = max(int(most) - int(least) for least, most in coarse.getextrema())  # type: ignore[misc]
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return Look(width, height, perceptual_hash(_fit(shown, find_fitting(shown, 64), 64)), digest, spread)


Source = TypeVar("Source")
Made = TypeVar("Made")


def _in_threads(
    make: Callable[[Source], Made], sources: Iterable[Source], *, workers: int | None = None, ahead: int = 64
) -> Iterator[Made | ImageError]:
    """Yield what is made of each source, or the error that it gave, in order."""

    def attempt(source: Source) -> Made | ImageError:
        try:
            return make(source)
        except ImageError as exc:
            return exc

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers or available_cores(), thread_name_prefix="decode") as pool:
        remaining = iter(sources)
        queue: deque[Future[Made | ImageError]] = deque()
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
    """Return 64 bits that are nearly the same for images that look nearly the same.

    The signs of the 64 lowest frequencies of the discrete cosine transform around their median
    (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", pHash).

    Args:
        pixels: RGB, shape (size, size, 3), as `read_image` gives them.
    """
    grey = Image.fromarray(pixels).convert("L")
    grey = grey.reduce(max(1, grey.width // 32)).resize((32, 32), Image.Resampling.BOX)
    low = (_COSINES @ np.asarray(grey, dtype=np.float64) @ _COSINES.T).ravel()
    bits = low > np.median(low)
    return np.uint64(int.from_bytes(np.packbits(bits).tobytes(), "big"))


def hash_images(
    paths: Sequence[Path], *, progress: Callable[[int, int], None] | None = None
) -> tuple[NDArray[np.uint64], dict[int, str]]:
    """Return the perceptual hash of each image, and by its position why one could not be read (its hash is 0)."""
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
