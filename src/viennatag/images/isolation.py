"""Decode images in processes of their own, which can be killed.

A decoder in this process cannot be stopped: a thread that hangs keeps its core, and memory that a library takes is
taken from everybody. So an image that may cost much is decoded in a process with limits of time and memory; one that
breaks them is killed, and the next image gets a new process. These processes start on demand, import neither a
network nor torch, and end when the pipe from this process closes, also when this process is killed.

What comes back is JSON and plain pixels, never a pickle, so a decoder that was taken over cannot run code here.
"""

import atexit
import math
import os
import select
import signal
import stat
import struct
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from viennatag.errors import ImageError
from viennatag.images.containers import JPEG_SIGNATURE, PNG_SIGNATURE, count_scans, jpeg_segments
from viennatag.images.crops import Box
from viennatag.images.decoding import (
    MAX_PIXELS,
    FramedImage,
    ImageMeasurement,
    check_pixels,
    decode_image,
    measure_image,
    read_framed_image,
)
from viennatag.images.pipes import OtherPython, own_pipes, receive_message, send_message
from viennatag.images.sources import ImageSource

SECONDS = 8.0
"""Longest that one image may take to decode, in seconds of processor time."""
MEMORY = 1_000_000_000
"""Largest address space of a process that decodes, in bytes."""
IS_SUPPORTED = sys.platform != "win32" and bool(sys.executable)
"""Whether images can be decoded in processes here; on Windows a process cannot be limited like this."""

_PATIENCE = 10.0  # seconds on the clock for each of processor time, because the machine may be busy
_ORDINARY_BYTES = 2_000_000
_ORDINARY_PIXELS = 8_000_000
_ORDINARY_SCANNED_PIXELS = 120_000_000  # pixels times scans of a progressive JPEG
_ORDINARY_EXIF = 65_536  # bytes; each of its entries may name all of them
_OTHER_FORMATS = (b"<", b"\xef\xbb\xbf<", b"GIF8", b"RIFF", b"BM", b"II", b"MM", *(b"P%d" % at for at in range(1, 8)))


class CostlyImageError(ImageError):
    """An image that takes more time or memory to decode than it may."""


def read_guarded(source: ImageSource, size: int, *, max_crops: int = 0, max_pixels: int = MAX_PIXELS) -> FramedImage:
    """Return what `read_framed_image` returns; an image that may cost much is decoded in a process with limits.

    Raises:
        ImageError: As `read_framed_image`, or if the image takes too much time or memory.
    """
    source = _read_ordinary(source)
    if isinstance(source, (str, Path, bytes)) and is_costly(source):
        return decode_processes().frame(source, size, max_crops=max_crops, max_pixels=max_pixels)
    return read_framed_image(source, size, max_crops=max_crops, max_pixels=max_pixels)


def shrink_guarded(source: ImageSource, side: int) -> Image.Image:
    """Return an image in RGB, at most `side` pixels wide and high; decoded as in `read_guarded`.

    Raises:
        ImageError: As `read_guarded`.
    """
    source = _read_ordinary(source)
    if isinstance(source, (str, Path, bytes)) and is_costly(source):
        return decode_processes().shrink(source, side)
    image = decode_image(source, longer_side=side)
    image.thumbnail((side, side))
    return image


def measure_guarded(path: str | Path) -> ImageMeasurement:
    """Return the measurements of an image file; decoded as in `read_guarded`.

    Raises:
        ImageError: As `read_guarded`.
    """
    return decode_processes().measure(path) if is_costly(path) else measure_image(path)


def is_costly(source: str | Path | bytes) -> bool:
    """Return whether decoding an image may take more than about a second or 200 MB, judged from its first bytes.

    Only PNG and JPEG files of an ordinary size, nearly all marks, are known to be cheap: their cost is bounded by their
    bytes, pixels and scans. A file that is no image at all is cheap too.
    """
    try:
        content = source if isinstance(source, bytes) else _first_bytes(source)
    except (OSError, ValueError):
        return False  # the decoder will say why it cannot be read
    if content.startswith(_OTHER_FORMATS) or content[4:8] == b"ftyp":
        return True
    if content.startswith(PNG_SIGNATURE):
        pixels = int.from_bytes(content[16:20], "big") * int.from_bytes(content[20:24], "big")
        return len(content) > _ORDINARY_BYTES or pixels > _ORDINARY_PIXELS or _holds_long_exif(content)
    if content.startswith(JPEG_SIGNATURE):
        if len(content) > _ORDINARY_BYTES:
            return True
        pixels, exif = _measure_jpeg(content)
        scans = count_scans(content)
        return pixels > _ORDINARY_PIXELS or pixels * scans > _ORDINARY_SCANNED_PIXELS or exif > _ORDINARY_EXIF
    return False


def _read_ordinary(source: ImageSource) -> ImageSource:
    """Return the bytes of a file of an ordinary size, so that it is read once; other sources as they are."""
    if not isinstance(source, (str, Path)):
        return source
    try:
        content = _first_bytes(source)
    except (OSError, ValueError):
        return source  # the decoder will say why it cannot be read
    return content if 0 < len(content) <= _ORDINARY_BYTES else source


def _first_bytes(path: str | Path) -> bytes:
    """Return a file's bytes, as far as they decide; none of what is no plain file, which may block."""
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        return b""
    expected = found.st_size if 0 < found.st_size <= _ORDINARY_BYTES else _ORDINARY_BYTES
    with Path(path).open("rb", buffering=0) as file:
        return file.read(expected + 1)  # a buffer for the most that there may be takes long to make


def _holds_long_exif(png: bytes) -> bool:
    at = png.find(b"eXIf")
    is_long = at >= 4 and int.from_bytes(png[at - 4 : at], "big") > _ORDINARY_EXIF
    return is_long or b"Raw profile type" in png


def _measure_jpeg(content: bytes) -> tuple[int, int]:
    """Return the pixels that a JPEG states, the most if several times, and the bytes of its application segments."""
    pixels = application = 0
    for marker, start, end in jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content.ljust(start + 9, b"\0"), start + 5)
            pixels = max(pixels, height * width)
        elif marker == 0xE1:
            application += max(end - start - 4, 0)
    return pixels, application


class DecodeProcesses:
    """Processes that decode images for the threads of this process; there are as many as threads that ask at once.

    Where processes cannot be limited (`IS_SUPPORTED`), the thread that asks decodes.

    Args:
        seconds: Longest that an image may take, of processor time.
        memory: Largest address space of a process, in bytes.
        nice: How much these processes give way to others, 0 to 19.
    """

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY, nice: int = 0) -> None:
        self.seconds = seconds
        self._limits = {"seconds": seconds, "memory": memory}
        self._nice = nice
        self._idle: list[OtherPython] = []

    def frame(
        self,
        source: str | Path | bytes,
        size: int,
        *,
        max_crops: int = 0,
        max_pixels: int = MAX_PIXELS,
        region: Box | None = None,
    ) -> FramedImage:
        """Return an image as `read_region` does.

        Raises:
            CostlyImageError: If the image takes too much time or memory.
            ImageError: As `read_framed_image`.
        """
        wanted = {"size": size, "max_crops": max_crops, "max_pixels": max_pixels, "region": region}
        found, content = self._ask("frame", source, wanted)
        views = np.frombuffer(content, np.uint8).reshape(-1, size, size, 3)
        boxes = [tuple(box) for box in found["boxes"]]
        crops = tuple(zip(views[1:], boxes[1:], strict=True))
        return FramedImage(views[0], found["width"], found["height"], boxes[0], lambda: crops)

    def shrink(
        self, source: str | Path | bytes, side: int, *, max_pixels: int = MAX_PIXELS, region: Box | None = None
    ) -> Image.Image:
        """Return an image as `read_small` does.

        Raises:
            CostlyImageError: If the image takes too much time or memory.
            ImageError: As `read_framed_image`.
        """
        found, content = self._ask("shrink", source, {"side": side, "max_pixels": max_pixels, "region": region})
        return Image.frombytes("RGB", tuple(found["size"]), content)

    def measure(self, path: str | Path) -> ImageMeasurement:
        """Return the measurements of an image file.

        Raises:
            CostlyImageError: If the image takes too much time or memory.
            ImageError: As `read_framed_image`.
        """
        found, digest = self._ask("measure", path, {})
        return ImageMeasurement(**{**found, "hash": np.uint64(found["hash"]), "digest": digest})

    def pids(self) -> list[int]:
        """Return the ids of the processes that are idle."""
        return [process.pid for process in self._idle]

    def close(self) -> None:
        """End the processes that are idle."""
        while self._idle:
            self._idle.pop().end()

    def _ask(self, what: str, source: str | Path | bytes, wanted: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        path = None if isinstance(source, bytes) else os.path.abspath(source)
        content = source if isinstance(source, bytes) else b""
        question = {"what": what, "path": path, "wanted": wanted, **self._limits}
        found = self._ask_process(question, content) if IS_SUPPORTED else _answer(question, content)
        if "error" in found[0]:
            raise (CostlyImageError if found[0]["costly"] else ImageError)(found[0]["error"])
        return found

    def _ask_process(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the answer of a process, which is ended if there is none.

        Raises:
            CostlyImageError: If the answer takes too long or the process is killed for it.
            ImageError: If the decoder crashes.
        """
        process = self._take()
        try:
            process.send(question, content)
            poll = select.poll()
            poll.register(process.reader, select.POLLIN)
            if not poll.poll(1000 * _PATIENCE * self.seconds):
                raise CostlyImageError(self._too_slow())
            try:
                found = process.receive()
            except EOFError:
                if process.wait() == -signal.SIGXCPU:
                    raise CostlyImageError(self._too_slow()) from None
                raise ImageError("the image is damaged: its decoder crashed") from None
        except BaseException:
            process.end()
            raise
        self._idle.append(process)
        return found

    def _take(self) -> OtherPython:
        while True:
            try:
                process = self._idle.pop()
            except IndexError:
                return OtherPython(f"{__name__}.answer_questions", self._nice, quiet=True)
            if process.is_alive:
                return process
            process.end()

    def _too_slow(self) -> str:
        return f"the image takes more than {self.seconds:g} s to decode; save it again as a plain PNG"


@cache
def decode_processes(*, seconds: float = SECONDS, nice: int = 0) -> DecodeProcesses:
    """Return processes that are shared in this process and end with it; arguments as of `DecodeProcesses`."""
    found = DecodeProcesses(seconds=seconds, nice=nice)
    atexit.register(found.close)
    if IS_SUPPORTED:
        os.register_at_fork(after_in_child=found._idle.clear)  # the pipes belong to the parent
    return found


def answer_questions(nice: int) -> None:
    """Decode what `DecodeProcesses` asks for until the pipe closes; this is all that such a process does."""
    os.nice(nice)
    reader, writer = own_pipes()
    with suppress(EOFError, BrokenPipeError):
        while True:
            question, content = receive_message(reader)
            _limit(question["seconds"], question["memory"])
            send_message(writer, *_answer(question, content))


def _limit(seconds: float, memory: int) -> None:
    import resource

    most = math.ceil(time.process_time() + seconds)
    for kind, limit in ((resource.RLIMIT_CPU, most), (resource.RLIMIT_AS, memory)):
        highest = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if highest == resource.RLIM_INFINITY else min(limit, highest), highest))


def _answer(question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    source, wanted = question["path"] or content, question["wanted"]
    try:
        if question["what"] == "shrink":
            small = read_small(source, **wanted)
            return {"size": small.size}, small.tobytes()
        if question["what"] == "measure":
            measured = vars(measure_image(source))
            return {**measured, "hash": int(measured["hash"]), "digest": None}, measured["digest"]
        framed = read_region(source, **wanted)
        boxes = [framed.box, *(box for _, box in framed.crops)]
        header = {"width": framed.width, "height": framed.height, "boxes": boxes}
        return header, b"".join(view.tobytes() for view in framed.views)
    except (ImageError, MemoryError) as exc:
        if isinstance(exc, MemoryError) or isinstance(exc.__cause__, MemoryError):
            error = f"the image takes more than {question['memory']:,} bytes of memory to decode; make it smaller first"
            return {"error": error, "costly": True}, b""
        return {"error": str(exc), "costly": isinstance(exc, CostlyImageError)}, b""


def read_region(
    source: str | Path | bytes,
    size: int,
    *,
    max_crops: int = 0,
    max_pixels: int = MAX_PIXELS,
    region: Box | None = None,
) -> FramedImage:
    """Return an image, or a region of it, framed as `read_framed_image` does it; the size is that of all the image.

    Args:
        source: A path, or the bytes of an image file.
        size: Side of the square, in pixels.
        max_crops: Most crops.
        max_pixels: Most pixels of the image.
        region: Left, top, right and bottom of the region, in fractions of the upright image; None for all of it.

    Raises:
        ImageError: As `read_framed_image`.
    """
    if region is None:
        return read_framed_image(source, size, max_crops=max_crops, max_pixels=max_pixels)
    check_pixels(source, max_pixels=max_pixels)
    image = decode_image(source)
    framed = read_framed_image(_cut(image, region), size, max_crops=max_crops)
    return replace(framed, width=image.width, height=image.height)


def read_small(
    source: str | Path | bytes, side: int, *, max_pixels: int = MAX_PIXELS, region: Box | None = None
) -> Image.Image:
    """Return an image, or a region of it as in `read_region`, in RGB and at most `side` pixels wide and high.

    Raises:
        ImageError: As `read_framed_image`.
    """
    check_pixels(source, max_pixels=max_pixels)
    image = decode_image(source, longer_side=None if region else side)
    if region:
        image = _cut(image, region)
    image.thumbnail((side, side))
    return image


def _cut(image: Image.Image, region: Box) -> Image.Image:
    """Return a region of an image, at least one pixel wide and high."""
    left, top = (min(int(edge * side), side - 1) for edge, side in zip(region[:2], image.size, strict=True))
    right, bottom = (math.ceil(edge * side) for edge, side in zip(region[2:], image.size, strict=True))
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
