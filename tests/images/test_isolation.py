"""Decoding in processes that can be killed."""

import io
import multiprocessing
import os
import signal
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from viennatag.errors import ImageError
from viennatag.images import isolation
from viennatag.images.decoding import measure_image, read_framed_image
from viennatag.images.isolation import (
    CostlyImageError,
    DecodeProcesses,
    decode_processes,
    is_costly,
    measure_guarded,
    read_guarded,
    read_region,
    read_small,
    shrink_guarded,
)
from viennatag.images.reading import hash_images, measure_images, read_image, read_images

SAMPLE = Path(__file__).parents[2] / "examples/sample-mark.png"


def encoded(width: int = 60, height: int = 40, format_: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, format_, **options)
    return file.getvalue()


def endless_scans(scans: int, side: int = 2000) -> bytes:
    """Return a small progressive JPEG whose many scans say nothing about many pixels."""

    def segment(marker: int, data: bytes) -> bytes:
        return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data

    def pack(bits: str) -> bytes:
        bits += "1" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")

    blocks = ((side + 7) // 8) ** 2
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    head += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    head += segment(0xC4, b"\0\1" + b"\0" * 16) + segment(0xC4, b"\x10\1" + b"\0" * 15 + b"\xe0")
    runs = "".join("0" + "1" * 14 for _ in range(-(-blocks // 32_767)))
    first = segment(0xDA, b"\1\1\0\0\0\1") + pack("0" * blocks)
    return head + first + (segment(0xDA, b"\1\1\0\1\x3f\1") + pack(runs)) * scans + b"\xff\xd9"


@pytest.fixture
def processes() -> Iterator[DecodeProcesses]:
    found = DecodeProcesses(seconds=1)
    yield found
    found.close()


def test_a_process_returns_what_this_one_would(processes: DecodeProcesses) -> None:
    for source in (SAMPLE, str(SAMPLE), SAMPLE.read_bytes(), encoded(300, 90, "JPEG")):
        found, expected = (read(source, 96, max_crops=3) for read in (processes.frame, read_framed_image))
        assert (found.width, found.height, found.box) == (expected.width, expected.height, expected.box)
        assert [box for _, box in found.crops] == [box for _, box in expected.crops]
        assert all(map(np.array_equal, found.views, expected.views))
    assert len(processes._idle) == 1
    small = processes.shrink(encoded(300, 90), 100)
    assert small.size == (100, 30)
    assert small.tobytes() == read_small(encoded(300, 90), 100).tobytes()


def test_errors_are_those_of_the_decoder(processes: DecodeProcesses, tmp_path: Path) -> None:
    for source in (b"", b"broken", encoded()[:80], tmp_path / "none.png"):
        with pytest.raises(ImageError) as expected:
            read_framed_image(source, 64)
        with pytest.raises(ImageError) as found:
            processes.frame(source, 64)
        assert str(found.value) == str(expected.value)
    with pytest.raises(ImageError, match="at most 100 pixels"):
        processes.frame(encoded(), 64, max_pixels=100)
    assert len(processes._idle) == 1


def test_an_image_that_takes_too_long_is_given_up_and_the_next_one_is_read() -> None:
    processes = DecodeProcesses(seconds=0.5)  # the limit of the system is in whole seconds, rounded up
    start = time.monotonic()
    with pytest.raises(CostlyImageError, match=r"more than 0.5 s to decode"):
        processes.frame(endless_scans(9_500), 96)
    assert time.monotonic() - start < 60  # the machine may be busy
    assert processes.frame(SAMPLE, 96).width == 480
    processes.close()


def test_an_image_that_takes_too_much_memory_is_refused() -> None:
    processes = DecodeProcesses(memory=250_000_000)
    try:
        with pytest.raises(CostlyImageError, match=r"more than 250,000,000 bytes of memory"):
            processes.frame(encoded(6000, 5600), 96)
        assert processes.frame(SAMPLE, 96).width == 480
    finally:
        processes.close()


def test_a_process_that_ends_is_replaced(processes: DecodeProcesses) -> None:
    processes.frame(SAMPLE, 96)
    first = processes._idle[0]
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert processes.frame(SAMPLE, 96).width == 480
    assert processes._idle[0].pid != first.pid


def test_a_decoder_that_crashes_ends_its_process_only(processes: DecodeProcesses) -> None:
    processes.frame(SAMPLE, 96)
    (pid,) = processes.pids()
    os.kill(pid, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (pid, signal.SIGSEGV)).start()
    threading.Timer(0.4, os.kill, (pid, signal.SIGCONT)).start()
    with pytest.raises(ImageError, match="decoder crashed"):
        processes.frame(SAMPLE, 96)
    assert processes.frame(SAMPLE, 96).width == 480


def test_threads_have_processes_of_their_own(processes: DecodeProcesses) -> None:
    threads = [threading.Thread(target=processes.frame, args=(SAMPLE, 96)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(processes._idle) <= 3
    pids = processes.pids()
    processes.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_region_is_framed_as_an_image_of_its_own() -> None:
    image = Image.new("RGB", (200, 100), "white")
    image.paste((200, 20, 20), (100, 0, 200, 50))
    file = io.BytesIO()
    image.save(file, "PNG")
    found = read_region(file.getvalue(), 64, region=(0.5, 0.0, 1.0, 0.5))
    assert (found.width, found.height) == (200, 100)
    assert np.array_equal(found.pixels, read_framed_image(image.crop((100, 0, 200, 50)), 64).pixels)
    tiny = read_region(file.getvalue(), 64, region=(0.9999, 0.9999, 1.0, 1.0))
    assert tiny.pixels.shape == (64, 64, 3)
    assert read_small(file.getvalue(), 40, region=(0.5, 0.0, 1.0, 0.5)).size == (40, 20)


def with_exif(size: int, format_: str) -> bytes:
    exif = Image.Exif()
    exif[0x9286] = b"x" * size
    return encoded(format_=format_, exif=exif)


def with_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "x")
    return encoded(pnginfo=text)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", False),
        (b"no image", False),
        (b"\xff\xd8", False),
        (b"\x89PNG\r\n\x1a\n", False),
        (encoded(), False),
        (encoded(format_="JPEG"), False),
        (encoded(3000, 2500, "JPEG"), False),
        (encoded(3000, 2900), True),
        (encoded(3000, 2900, "JPEG"), True),
        (endless_scans(100), True),
        (encoded(format_="GIF"), True),
        (encoded(format_="TIFF"), True),
        (encoded(format_="BMP"), True),
        (encoded(format_="WEBP"), True),
        (encoded(format_="PPM"), True),
        (encoded() + bytes(2_000_000), True),
        (encoded(format_="JPEG") + bytes(2_000_000), True),
        (with_exif(1000, "PNG"), False),
        (with_exif(100_000, "PNG"), True),
        (with_exif(1000, "JPEG"), False),
        (with_text(), True),
    ],
)
def test_what_is_costly(content: bytes, expected: bool, tmp_path: Path) -> None:
    assert is_costly(content) == expected
    path = tmp_path / "image"
    path.write_bytes(content)
    assert is_costly(path) == expected


def test_a_jpeg_with_several_long_exif_segments_is_costly() -> None:
    plain = encoded(format_="JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 60_002) + b"Exif\0\0" + bytes(59_994)
    assert not is_costly(plain[:2] + segment + plain[2:])
    assert is_costly(plain[:2] + 2 * segment + plain[2:])


def test_what_is_no_plain_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert not is_costly(tmp_path / "pipe.png")
    assert not is_costly(tmp_path)
    assert not is_costly(tmp_path / "none")


def test_costly_images_are_read_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read_guarded(encoded(400, 300, "TIFF"), 64, max_crops=2)
    assert np.array_equal(found.pixels, read_framed_image(encoded(400, 300, "TIFF"), 64).pixels)
    assert decode_processes()._idle
    monkeypatch.setattr(isolation, "decode_processes", lambda: pytest.fail("a process was used"))
    for source in (SAMPLE, Image.new("RGB", (4000, 4000)), np.zeros((9, 9), np.uint8), io.BytesIO(encoded())):
        read_guarded(source, 64)


def test_where_processes_cannot_be_limited_the_thread_that_asks_decodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mark.tif"
    path.write_bytes(encoded(400, 300, "TIFF"))
    monkeypatch.setattr(isolation, "IS_SUPPORTED", False)
    monkeypatch.setattr(isolation, "OtherPython", lambda *_, **__: pytest.fail("a process was started"))
    assert np.array_equal(read_guarded(path, 64).pixels, read_framed_image(path, 64).pixels)
    assert shrink_guarded(path, 100).tobytes() == read_small(path, 100).tobytes()
    assert measure_guarded(path) == measure_image(path)
    with pytest.raises(ImageError, match="cut off"):
        read_guarded(path.read_bytes()[:80], 64)


def _read_in_fork(queue: "multiprocessing.Queue[int]") -> None:
    queue.put(read_guarded(encoded(400, 300, "TIFF"), 64).width)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_has_processes_of_its_own() -> None:
    _read = read_guarded(encoded(400, 300, "TIFF"), 64)
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[int] = context.Queue()
    child = context.Process(target=_read_in_fork, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == _read.width
    child.join()
    assert read_guarded(encoded(400, 300, "TIFF"), 64).width == 400


def test_all_that_reads_files_decodes_costly_ones_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bmp"
    path.write_bytes(encoded(format_="BMP"))
    whole = read_framed_image(path, 32).pixels
    (tmp_path / "bad.bmp").write_bytes(path.read_bytes()[:30])
    monkeypatch.setattr(isolation, "read_framed_image", lambda *_, **__: pytest.fail("it was decoded in this process"))
    monkeypatch.setattr(isolation, "measure_image", lambda *_: pytest.fail("it was decoded in this process"))
    np.testing.assert_array_equal(read_image(path, 32), whole)
    good, bad = read_images([path, tmp_path / "bad.bmp"], 32)
    np.testing.assert_array_equal(good, whole)
    assert isinstance(bad, ImageError)
    hashes, errors = hash_images([path, tmp_path / "bad.bmp"])
    assert hashes[0]
    assert list(errors) == [1]
    measured, bad = measure_images([path, tmp_path / "bad.bmp"])
    assert measured == measure_image(path)
    assert isinstance(bad, ImageError)


def test_a_file_of_an_ordinary_size_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened, whole = tmp_path / "mark.png", [], Path.open
    Image.new("RGB", (40, 30), "red").save(path)
    monkeypatch.setattr(Path, "open", lambda self, *rest, **named: opened.append(self) or whole(self, *rest, **named))
    assert read_guarded(path, 64).width == 40
    assert opened == [path]
