"""Decode images in processes of their own, which can be killed.

A decoder in this process cannot be stopped: a thread that hangs keeps its core, and memory that a library takes is
taken from everybody. So an image that may cost much is decoded in a process with limits of time and memory; one that
breaks them is killed, and the next image gets a new process. These processes start on demand, import neither a
network nor torch, and end when the pipe from this process closes, also when this process is killed.

What comes back is JSON and plain pixels, never a pickle, so a decoder that was taken over cannot run code here.
"""

import atexit
import json
import math
import os
import select
import signal
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

from viennatag.errors import ImageError
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
from viennatag.images.sources import ImageSource

SECONDS = 8.0
"""Longest that one image may take to decode, in seconds of processor time."""
MEMORY = 1_000_000_000
"""Largest address space of a process that decodes, in bytes."""
IS_SUPPORTED = sys.platform != "win32" and bool(sys.executable)
"""Whether images can be decoded in processes here; on Windows a process cannot be limited like this."""

_PATIENCE = 10.0  # seconds on the clock for each of processor time, because the machine may be busy
_START = "import sys; sys.path[:] = sys.argv[2:]; from viennatag.images import isolation; isolation._work()"
_LENGTHS = struct.Struct("<QQ")  # of the JSON, and of the bytes after it

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
    if IS_SUPPORTED and isinstance(source, (str, Path, bytes)) and is_costly(source):
        return decode_processes().frame(source, size, max_crops=max_crops, max_pixels=max_pixels)
    return read_framed_image(source, size, max_crops=max_crops, max_pixels=max_pixels)


def shrink_guarded(source: ImageSource, side: int) -> Image.Image:
    """Return an image in RGB, at most `side` pixels wide and high; decoded as in `read_guarded`.

    Raises:
        ImageError: As `read_guarded`.
    """
    source = _read_ordinary(source)
    if IS_SUPPORTED and isinstance(source, (str, Path, bytes)) and is_costly(source):
        return decode_processes().shrink(source, side)
    image = decode_image(source, longer_side=side)
    image.thumbnail((side, side))
    return image


def measure_guarded(path: str | Path) -> ImageMeasurement:
    """Return the measurements of an image file; decoded as in `read_guarded`.

    Raises:
        ImageError: As `read_guarded`.
    """
    return decode_processes().measure(path) if IS_SUPPORTED and is_costly(path) else measure_image(path)


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
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        pixels = int.from_bytes(content[16:20], "big") * int.from_bytes(content[20:24], "big")
        return len(content) > _ORDINARY_BYTES or pixels > _ORDINARY_PIXELS or _holds_long_exif(content)
    if content.startswith(b"\xff\xd8"):
        if len(content) > _ORDINARY_BYTES:
            return True
        pixels, exif = _measure_jpeg(content)
        scans = content.count(b"\xff\xda")
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
    for marker, start, length in _jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", content.ljust(start + 5, b"\0"), start + 1)
            pixels = max(pixels, height * width)
        elif marker == 0xE1:
            application += length
    return pixels, application


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and length of each segment before the first scan."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA or length < 2:
            return
        yield marker, at + 4, length - 2
        at += 2 + length


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
        self._idle: list[_DecodeProcess] = []

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
        if not IS_SUPPORTED:
            return read_region(source, **wanted)  # type: ignore[arg-type]
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
        wanted = {"side": side, "max_pixels": max_pixels, "region": region}
        if not IS_SUPPORTED:
            return read_small(source, **wanted)  # type: ignore[arg-type]
        found, content = self._ask("shrink", source, wanted)
        return Image.frombytes("RGB", tuple(found["size"]), content)

    def measure(self, path: str | Path) -> ImageMeasurement:
        """Return the measurements of an image file.

        Raises:
            CostlyImageError: If the image takes too much time or memory.
            ImageError: As `read_framed_image`.
        """
        if not IS_SUPPORTED:
            return measure_image(path)
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
        process = self._take()
        try:
            found = process.ask(question, content, _PATIENCE * self.seconds)
        except BaseException:
            process.end()
            raise
        self._idle.append(process)
        if "error" in found[0]:
            raise (CostlyImageError if found[0]["costly"] else ImageError)(found[0]["error"])
        return found

    def _take(self) -> "_DecodeProcess":
        while True:
            try:
                process = self._idle.pop()
            except IndexError:
                return _DecodeProcess(self._nice)
            if process.is_alive:
                return process
            process.end()


@cache
def decode_processes(*, seconds: float = SECONDS, nice: int = 0) -> DecodeProcesses:
    """Return processes that are shared in this process and end with it; arguments as of `DecodeProcesses`."""
    found = DecodeProcesses(seconds=seconds, nice=nice)
    atexit.register(found.close)
    if IS_SUPPORTED:
        os.register_at_fork(after_in_child=found._idle.clear)  # the pipes belong to the parent
    return found


class _DecodeProcess:
    """One process and its pipes."""

    def __init__(self, nice: int) -> None:
        paths = [each for each in sys.path if each]
        one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, str(nice), *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **one_thread},  # each thread reserves address space
            start_new_session=True,  # an interrupt from the terminal must not end it: accepted images are finished
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], content: bytes, patience: float) -> tuple[dict[str, Any], bytes]:
        """Return the answer of the process; it must be ended if this raises.

        Raises:
            CostlyImageError: If the answer takes too long or the process is killed for it.
            ImageError: If the decoder crashes.
        """
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        with suppress(BrokenPipeError):  # then there is no answer either
            _send(writer, question, content)
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        if not poll.poll(1000 * patience):
            raise CostlyImageError(_too_slow(question["seconds"]))
        try:
            return _receive(reader)
        except EOFError:
            if self._process.wait() == -signal.SIGXCPU:
                raise CostlyImageError(_too_slow(question["seconds"])) from None
            raise ImageError("the image is damaged: its decoder crashed") from None

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what could not be written is no longer wanted
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()


def _too_slow(seconds: float) -> str:
    return f"the image takes more than {seconds:g} s to decode; save it again as a plain PNG"


def _send(pipe: IO[bytes], header: dict[str, Any], content: bytes) -> None:
    text = json.dumps(header).encode()
    pipe.write(_LENGTHS.pack(len(text), len(content)))
    pipe.write(text)
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Return the next message.

    Raises:
        EOFError: If the pipe was closed.
    """
    lengths = pipe.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        raise EOFError
    of_text, of_content = _LENGTHS.unpack(lengths)
    text, content = pipe.read(of_text), pipe.read(of_content)
    if len(text) < of_text or len(content) < of_content:
        raise EOFError
    return json.loads(text), content


def _work() -> None:
    """Answer questions until the pipe closes; this is all that a process does."""
    os.nice(int(sys.argv[1]))
    reader, writer = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    with suppress(EOFError, BrokenPipeError):
        while True:
            question, content = _receive(reader)
            _limit(question["seconds"], question["memory"])
            _send(writer, *_answer(question, content))


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
