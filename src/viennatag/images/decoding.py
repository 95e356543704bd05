"""Image files to pixels: the only decode and the only resize in viennatag.

Training, evaluation, prediction and the service all read images with `read_framed_image`, so a model always
gets the same pixels. A mark is framed in a square with the same margin wherever it is on its page (see
`framing`). Only background is cropped, because a device at the edge carries codes too, and nothing is
mirrored, because letters and directions matter.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Transpose

from viennatag.errors import ImageError
from viennatag.images.containers import count_scans, image_ending, strip_notes
from viennatag.images.crops import Box, find_crops, frame_crop
from viennatag.images.drawings import draw_svg, is_drawing
from viennatag.images.framing import Framing, find_framing
from viennatag.images.levels import to_eight_bits
from viennatag.images.sources import ImageSource, content_or_image

# What is decoded, besides SVG. Formats that run other programs (EPS) stay out.
_BASIC_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
_FURTHER_FORMATS = ("AVIF", "HEIF")  # where Pillow can, HEIF where pillow-heif is installed

MAX_PIXELS = 80_000_000
"""Larger images are refused before they are decoded; a scan of an A3 page at 600 dpi has 70 million pixels."""

_OVERSAMPLING = {2: 1.4, 4: 3.0, 8: 3.0}  # by how many times a JPEG is reduced: pixels left for each of the square
_FEWEST = 240  # pixels of the longer side of a reduced JPEG, so that a mark's edges are found in a small square too
_MOST_SCANNED = 40_000_000_000  # pixels times scans of a JPEG, some 5 s; a sound one of most pixels has a fortieth
_LARGE = 16_000_000  # pixels from which an image is halved before it is copied, to save memory
_MOST_KEPT = 1_000_000  # pixels of an image that is kept in memory for crops that may be asked for later
_REDUCING_GAP = 1.3  # blocks are averaged before the resize as far as this many pixels remain for each; see Pillow

BLANK_CONTRAST = 8
"""Of 255: an image of one colour varies by less, by the noise of a JPEG."""


Crops = tuple[tuple[NDArray[np.uint8], Box], ...]
"""Pixels of each crop, and the box of the full image in its square."""


@dataclass(frozen=True, eq=False)
class FramedImage:
    """An image as a network sees it, with its original size.

    Attributes:
        pixels: The full view, as `read_image` returns it.
        width: Width of the upright image, in its own pixels.
        height: Height of the upright image, in its own pixels.
        box: Box of the full image in the square, see `Framing.box`.
        cut: Makes the crops; most images are never asked for theirs.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    box: Box
    cut: Callable[[], "Crops"] = tuple

    @cached_property
    def crops(self) -> "Crops":
        """Pixels of each crop, and the box of the full image in its square."""
        return self.cut()

    @property
    def is_blank(self) -> bool:
        """Whether it has one colour, as one that is transparent all over, which falls on white."""
        left, top, right, bottom = (round(min(1, max(0, side)) * len(self.pixels)) for side in self.box)
        inside = self.pixels[top:bottom, left:right]
        for step in (8, 1):  # a few pixels tell of nearly every image that it is not
            some = inside[::step, ::step].reshape(-1, 3)
            if len(some) and any(int(np.ptp(some[:, channel])) >= BLANK_CONTRAST for channel in range(3)):
                return False
        return True

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
    source = content_or_image(source)
    image, width, height = _decode_sized(source, size, max_pixels)
    framing = find_framing(image, size)
    if framing.scale > 1 and max(image.size) < max(width, height):  # a JPEG of a large page with a small mark on it
        image = _decode_sized(source, framing.scale * max(image.size), max_pixels)[0]
        framing = find_framing(image, size)
    pixels, box = _frame(image, framing, size), framing.box(*image.size, size)
    if not max_crops:
        return FramedImage(pixels, width, height, box)

    def cut() -> Crops:
        boxes, background = find_crops(pixels, box, max_crops)
        framings = [frame_crop(crop, framing, *image.size, background, size) for crop in boxes]
        return tuple((_frame(image, each, size), each.box(*image.size, size)) for each in framings)

    if image.width * image.height > _MOST_KEPT:
        crops = cut()
        return FramedImage(pixels, width, height, box, lambda: crops)
    return FramedImage(pixels, width, height, box, cut)


def _frame(image: Image.Image, framing: Framing, size: int) -> NDArray[np.uint8]:
    left, top, right, bottom = framing.target
    resized = (right - left, bottom - top)
    shown = image.resize(resized, Image.Resampling.BILINEAR, framing.source, reducing_gap=_REDUCING_GAP)
    square = np.empty((size, size, 3), dtype=np.uint8)
    square[:] = np.tile(np.array(framing.fill, dtype=np.uint8), size).reshape(size, 3)
    square[top:bottom, left:right] = np.asarray(shown).reshape(*shown.size[::-1], -1)
    return square


def decode_image(source: ImageSource, *, longer_side: int | None = None) -> Image.Image:
    """Return an image in RGB at its own size; a JPEG may be reduced, with enough pixels for a longer side.

    Raises:
        ImageError: As `read_image`.
    """
    return _decode_sized(content_or_image(source), longer_side)[0].convert("RGB")


def _decode_sized(
    source: bytes | Image.Image, longer_side: float | None, max_pixels: int = MAX_PIXELS
) -> tuple[Image.Image, int, int]:
    """Return an image as `decode_image` does, but a grey one in L, and the size of the upright original."""
    with _opened(source, max_pixels) as file:
        width, height = file.size  # a draft may change it
        if longer_side is not None and not isinstance(source, Image.Image):
            file.draft(None, _reduced(file.size, longer_side))
        file.load()
        turn = _find_turn(file)
        if turn in {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}:
            width, height = height, width
        is_large = longer_side is not None and file.width * file.height > max(_LARGE, 16 * longer_side**2)
        image = file.reduce(2) if is_large and file.mode in _REDUCIBLE else file
        return _as_rgb_or_grey(image if turn is None else image.transpose(turn), file), width, height


def _reduced(size: tuple[int, int], shown: float) -> tuple[int, int]:
    """Return the smallest size to which a JPEG of which `shown` pixels are shown along the longer side may be reduced.

    Halving saves most of the time. Reducing further saves little, so that is done only where crops stay sharp too.
    """
    width, height = size
    scales = [by for by, pixels in _OVERSAMPLING.items() if max(size) >= by * max(pixels * shown, _FEWEST)]
    scale = max(scales, default=1)
    return max(1, width // scale), max(1, height // scale)


def check_pixels(source: str | Path | bytes, *, max_pixels: int) -> None:
    """Raise ImageError if an image's header cannot be read or states too many pixels."""
    with _opened(content_or_image(source), max_pixels):
        pass


@contextmanager
def _opened(source: bytes | Image.Image, max_pixels: int) -> Iterator[Image.Image]:
    """Yield an image whose header was read; Pillow's errors inside the block become an ImageError."""
    try:
        if isinstance(source, Image.Image):
            if not (source.width and source.height):
                raise ImageError(f"the Pillow image is empty, of {source.width} × {source.height} pixels")
            yield source
            return
        with _open(source) as image:
            if image.width * image.height > max_pixels:
                raise ImageError(_too_large(f"{image.width:,} × {image.height:,} pixels", max_pixels))
            if image.format == "JPEG" and (scans := count_scans(source)) * image.width * image.height > _MOST_SCANNED:
                raise ImageError(f"the JPEG has {scans:,} scans, which takes too long to decode; save it again")
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        own = Image.MAX_IMAGE_PIXELS or max_pixels
        if own < max_pixels:
            raise ImageError(f"the image has more pixels than Pillow's MAX_IMAGE_PIXELS allows, {own:,}") from exc
        raise ImageError(_too_large("too many pixels", max_pixels)) from exc
    except UnidentifiedImageError as exc:
        raise ImageError(_describe_unreadable(source)) from exc  # type: ignore[arg-type]
    except ImageError:
        raise
    except Exception as exc:  # on damaged files Pillow's decoders raise nearly every error there is
        if isinstance(source, Image.Image):
            reason = str(exc) or "closed or verified; open it again"
            raise ImageError(f"the Pillow image cannot be read ({reason})") from exc
        raise ImageError(f"the image is damaged or cut off ({str(exc) or type(exc).__name__})") from exc


def _open(content: bytes) -> Image.Image:
    if not content:
        raise ImageError("the image is empty (0 bytes)")
    if is_drawing(content):
        content = draw_svg(content)
    formats = _find_further_formats() if content[4:8] == b"ftyp" else _BASIC_FORMATS
    return Image.open(io.BytesIO(strip_notes(content)), formats=formats)


@cache
def _find_further_formats() -> list[str]:
    """Return which of AVIF and HEIF Pillow can read here."""
    Image.init()
    with suppress(ImportError):
        import_module("pillow_heif").register_heif_opener()
    return [each for each in _FURTHER_FORMATS if each in Image.OPEN]


def _too_large(size: str, max_pixels: int) -> str:
    return f"the image is too large ({size}; at most {max_pixels:,} pixels); make it smaller first"


def _describe_unreadable(content: bytes) -> str:
    start = content[:1024]
    if start.startswith(b"version https://git-lfs"):
        return "this is a pointer of Git LFS, not the image itself; run `git lfs pull` first"
    if start.startswith((b"%!PS", b"%PDF")):
        return "this is a PostScript or PDF document; convert it to PNG first"
    if start.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "this is a web page, not an image; the download may have failed"
    if start[4:8] == b"ftyp" and start[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis", b"hevc"}:
        return "this is a HEIC image; install pillow-heif, or convert it to PNG first"
    if ending := image_ending(start):
        return f"the image is damaged or cut off, or a kind of {ending} that Pillow cannot read; save it again as PNG"
    known = ", ".join(_BASIC_FORMATS)
    return f"not an image in a known format; Pillow reads {known} and AVIF here: convert it to PNG first"


def _find_turn(image: Image.Image) -> Transpose | None:
    """Return what makes an image upright by its EXIF orientation; None if that is missing or damaged."""
    try:
        return _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # as many kinds as for damaged pixels, but these are only notes
        return None


def _as_rgb_or_grey(image: Image.Image, original: Image.Image) -> Image.Image:
    """Return an image without transparency in RGB, or in L, which is resized in a third of the time."""
    if image.mode.startswith(("I", "F")):
        return _grey_of_many_bits(image, original)
    if original.has_transparency_data:
        if image.mode == "La":  # has no way to RGBA
            image = image.convert("LA")
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        return _on_ground(layer)
    if image.mode in {"RGB", "L"}:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _grey_of_many_bits(image: Image.Image, original: Image.Image) -> Image.Image:
    """Return an image of more than 8 bits in L; Pillow leaves it to us what its values and tags mean."""
    tags, values = getattr(original, "tag_v2", {}), np.asarray(image)
    if tags and values.dtype == np.int32 and tags.get(_SAMPLE_FORMAT, (_WITHOUT_SIGN,)) == (_WITHOUT_SIGN,):
        values = values.view(np.uint32)
    levels = to_eight_bits(values)
    if tags.get(_PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO:
        levels = 255 - levels
    clear = original.info.get("transparency")
    if not isinstance(clear, int):
        return Image.fromarray(levels)
    opacity = (values != clear).astype(np.uint8) * np.uint8(255)
    return _on_ground(Image.fromarray(np.dstack([levels, opacity])).convert("RGBA"))


def _on_ground(layer: Image.Image) -> Image.Image:
    """Return an image in RGBA on white; on black, if it is a white shape on nothing, as logos for dark pages are."""
    opaque = Image.new("RGB", layer.size, "white")
    opaque.paste(layer, mask=layer)
    darkest = min(low for low, _ in opaque.getextrema())  # type: ignore[misc]
    least, most = layer.getextrema()[3]  # type: ignore[misc]
    if darkest > 255 - BLANK_CONTRAST and most - least >= BLANK_CONTRAST:
        opaque = Image.new("RGB", layer.size, "black")
        opaque.paste(layer, mask=layer)
    return opaque


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


def measure_image(source: str | Path | bytes) -> ImageMeasurement:
    """Return the measurements of an image file, which is decoded once.

    Raises:
        ImageError: As `read_framed_image`.
    """
    content = content_or_image(source)
    assert isinstance(content, bytes)
    image, width, height = _decode_sized(content, 64)
    coarse = image.reduce(max(1, max(image.size) // 64))  # noise of single pixels does not count
    values = np.asarray(coarse).reshape(coarse.width * coarse.height, -1)
    contrast = int(np.ptp(values, axis=0).max())
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return ImageMeasurement(
        width, height, perceptual_hash(_frame(image, find_framing(image, 64), 64)), digest, contrast
    )


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


_PHOTOMETRIC_INTERPRETATION, _SAMPLE_FORMAT = 262, 339  # tags of TIFF; the module that names them loads slowly
_WHITE_IS_ZERO, _WITHOUT_SIGN = 0, 1
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_REDUCIBLE = {"RGB", "RGBA", "L", "LA", "CMYK", "YCbCr"}
_COSINES = np.cos(np.pi / 64 * np.outer(np.arange(1, 9), 2 * np.arange(32) + 1))
