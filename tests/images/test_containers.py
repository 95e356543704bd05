"""Notes beside the pixels of PNG and JPEG files: whatever they hold, the pixels are seen."""

import io
import os
import struct
import time
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from viennatag.errors import ImageError
from viennatag.images.containers import count_scans, strip_notes
from viennatag.images.reading import read_image

MARK = Image.new("RGB", (160, 120), "white")
ImageDraw.Draw(MARK).ellipse((50, 30, 110, 90), fill=(180, 20, 30))


def saved(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    MARK.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    found = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", found)


def png(*extra: bytes, last: bool = False) -> bytes:
    content = saved("PNG")
    at = len(content) - 12 if last else 33
    return content[:at] + b"".join(extra) + content[at:]


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    content = saved("JPEG", quality=95)
    extra = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments)
    return content[:2] + extra + content[2:]


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"eXIf", b"\0\x08\0\x02\x01\x12\0\x03")],
        [chunk(b"eXIf", b"II*\0\xff\xff\xff\xff")],
        [chunk(b"eXIf", os.urandom(100_000))],
        [chunk(b"eXIf", b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0", checksum=5)],
        [chunk(b"zTXt", b"raw profile type xmp\0\0" + zlib.compress(b"x" * 2_000_000))],
        [chunk(b"zTXt", b"k\0\0" + zlib.compress(b"x" * 900_000)) * 100],
        [chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + zlib.compress(b"x" * 2_000_000))],
        [chunk(b"iTXt", b"no end")],
        [chunk(b"iCCP", b"icc\0\0" + zlib.compress(os.urandom(16) * 130_000))],
        [chunk(b"iCCP", b"icc\0\x07nonsense")],
        [chunk(b"tEXt", b"Comment\0hello", checksum=0)],
        [chunk(b"tIME", b"", checksum=1), chunk(b"gAMA", b"abc", checksum=2), chunk(b"pHYs", b"")],
        [chunk(b"acTL", b"\0\0\0\0"), chunk(b"fcTL", b"short")],
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_no_note_of_a_png_costs_its_pixels(chunks: list[bytes], last: bool) -> None:
    content = png(*chunks, last=last)
    assert np.array_equal(read_image(content, 64), read_image(saved("PNG"), 64))
    assert len(strip_notes(content)) < len(saved("PNG")) + 100


@pytest.mark.parametrize(
    "segments",
    [
        [(0xE1, b"Exif\0\0")],
        [(0xE1, b"Exif\0\0not a tiff at all")],
        [(0xE1, b"Exif\0\0II*\0\x08\0\0\0\x09\0\x12\x01")],
        [(0xE1, b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHI4s", 1, 0x112, 2, 2, b"1\0\0\0") + bytes(4))],
        [(0xE2, b"ICC_PROFILE\0" + os.urandom(60_000))] * 40,
        [(0xE2, b"MPF\0" + b"II*\0nonsense")],
        [(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0")],
        [(0xFE, b"a comment"), (0xEC, b"Ducky")],
    ],
)
def test_no_note_of_a_jpeg_costs_its_pixels(segments: list[tuple[int, bytes]]) -> None:
    assert np.array_equal(read_image(jpeg(*segments), 64), read_image(saved("JPEG", quality=95), 64))


@pytest.mark.filterwarnings("error")
def test_the_orientation_is_kept() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.Image.transpose(MARK, Image.Transpose.ROTATE_90)
    for kind in ("PNG", "JPEG"):
        file = io.BytesIO()
        turned.save(file, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
        assert np.abs(read_image(file.getvalue(), 64).astype(int) - read_image(MARK, 64)).mean() < 4


def test_damaged_pixels_are_still_told() -> None:
    content = bytearray(png())
    content[content.index(b"IDAT") + 30] ^= 255
    with pytest.raises(ImageError, match="damaged"):
        read_image(bytes(content), 64)
    with pytest.raises(ImageError, match="damaged"):
        read_image(png()[:200], 64)


@pytest.mark.parametrize(
    "content",
    [
        png(chunk(b"prVt", b"") * 300_000),
        png(*[chunk(b"tEXt", b"k%d\0v" % at) for at in range(200_000)]),
        saved("JPEG")[:2] + b"\xff" * 4_000_000 + saved("JPEG")[2:],
        saved("JPEG")[:2] + b"\xff\xef\0\2" * 400_000 + saved("JPEG")[2:],
    ],
    ids=["empty chunks", "texts", "fill bytes", "empty segments"],
)
def test_many_notes_take_little_time(content: bytes) -> None:
    start = time.process_time()
    assert read_image(content, 64).shape == (64, 64, 3)
    assert time.process_time() - start < 2


def test_many_pieces_of_data_are_joined() -> None:
    whole = saved("PNG")
    at = whole.index(b"IDAT")
    data = whole[at + 4 : at + 4 + int.from_bytes(whole[at - 4 : at], "big")]
    pieces = b"".join(chunk(b"IDAT", data[each : each + 1]) for each in range(len(data))) + chunk(b"IDAT", b"") * 60_000
    content = whole[: at - 4] + pieces + chunk(b"IEND", b"")
    assert strip_notes(content).count(b"IDAT") == 1
    assert np.array_equal(read_image(content, 64), read_image(whole, 64))


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    file = io.BytesIO()
    Image.new("L", (2000, 2000), "white").save(file, "JPEG", progressive=True)
    content = file.getvalue()
    assert 1 < count_scans(content) < 12
    with pytest.raises(ImageError, match=r"10,0\d\d scans"):
        read_image(content + b"\xff\xda\0\2" * 10_000, 64)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd8\xff\xff", b""]))
def test_anything_can_be_stripped(content: bytes, start: bytes) -> None:
    assert len(strip_notes(start + content)) <= len(start + content)
