"""PNG and JPEG files without what their pixels do not need: notes, profiles, thumbnails.

A damaged comment, a large colour profile or a million empty chunks would otherwise cost a good image, or much time.
What is kept are the pixels, and of the EXIF data the orientation.
"""

import re
import struct
import zlib
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8"

_SIGNATURES = (
    (PNG_SIGNATURE[:6], ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"),
    (b"BM", ".bmp"), (b"P5\n", ".pgm"), (b"P6\n", ".ppm"),
)  # fmt: skip
_BRANDS = {b"avif": ".avif", b"avis": ".avif", b"heic": ".heic", b"heix": ".heic", b"mif1": ".heic"}

_NEEDED_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_MOST_DATA_CHUNKS = 10_000  # Pillow reads each of them in Python
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112  # a tag of EXIF
_FILL_BYTES = re.compile(rb"\xff+")
_APP0, _APP1, _APP14, _APP15, _COMMENT, _SCAN = 0xE0, 0xE1, 0xEE, 0xEF, 0xFE, 0xDA


def image_ending(content: bytes) -> str:
    """Return the file ending for an image's first bytes, empty if the format is unknown."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "")
    return next((ending for start, ending in _SIGNATURES if content.startswith(start)), "")


def strip_notes(content: bytes) -> bytes:
    """Return a PNG or JPEG file without its notes; anything else, and what is damaged, as it is."""
    if content.startswith(PNG_SIGNATURE):
        return _strip_png(content)
    if content.startswith(JPEG_SIGNATURE):
        return _strip_jpeg(content)
    return content


def count_scans(jpeg: bytes) -> int:
    """Return how many scans a JPEG may have; each passes over all pixels."""
    return jpeg.count(b"\xff\xda")


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment of a JPEG up to its first scan, or to one without a length."""
    at = len(JPEG_SIGNATURE)
    while (fill := _FILL_BYTES.match(content, at)) and fill.end() + 3 <= len(content):
        start = fill.end() - 1
        marker, length = content[start + 1], int.from_bytes(content[start + 2 : start + 4], "big")
        at = start + 2 + length
        yield marker, start, at
        if marker == _SCAN or length < 2:
            return


def _strip_png(content: bytes) -> bytes:
    kept = [content[:8]]
    start = 8  # of what is kept next
    data: list[bytes] = []
    for kind, at, end in _png_chunks(content):
        if kind == b"IDAT":
            data.append(content[at + 8 : end - 4])
        if kind not in _NEEDED_CHUNKS:
            kept.append(content[start:at])
            start = end
        if kind == b"eXIf" and (exif := _keep_orientation(content[at + 8 : end - 4])):
            kept.append(_chunk(b"eXIf", exif))
    if len(data) > _MOST_DATA_CHUNKS:
        return _join_data(content, b"".join(data))
    return content if start == 8 else b"".join([*kept, content[start:]])


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each whole chunk."""
    at = 8
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            return
        yield kind, at, end
        at = end


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I4s", len(data), kind) + data + struct.pack(">I", zlib.crc32(kind + data))


def _join_data(content: bytes, data: bytes) -> bytes:
    """Return a PNG whose data are one chunk."""
    before = [content[at:end] for kind, at, end in _png_chunks(content) if kind in {b"IHDR", b"PLTE", b"tRNS"}]
    return b"".join([PNG_SIGNATURE, *before, _chunk(b"IDAT", data), _chunk(b"IEND", b"")])


def _strip_jpeg(content: bytes) -> bytes:
    kept: list[bytes] = [JPEG_SIGNATURE]
    for marker, start, at in jpeg_segments(content):
        if marker == _SCAN or at < start + 4 or not 0xC0 <= marker <= _COMMENT:
            return b"".join([*kept, content[start:]])
        if marker == _APP1 and content.startswith(_EXIF, start + 4):
            if exif := _keep_orientation(content[start + 4 : at]):
                kept.append(b"\xff\xe1" + struct.pack(">H", 2 + len(_EXIF + exif)) + _EXIF + exif)
        elif marker != _COMMENT and (marker in {_APP0, _APP14} or not _APP0 <= marker <= _APP15):
            kept.append(content[start:at])
    return content


def _keep_orientation(exif: bytes) -> bytes:
    """Return EXIF data that hold the orientation only; nothing if there is none, or the data are damaged."""
    while exif.startswith(_EXIF):  # some programs write this twice
        exif = exif[len(_EXIF) :]
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        if order:
            (start,) = struct.unpack_from(f"{order}I", exif, 4)
            (count,) = struct.unpack_from(f"{order}H", exif, start)
            for at in range(start + 2, start + 2 + 12 * count, 12):
                tag, kind, values, value = struct.unpack_from(f"{order}HHIH", exif, at)
                if (tag, kind, values) == (_ORIENTATION, 3, 1):
                    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, tag, kind, values, value, 0, 0)
    except struct.error:
        pass
    return b""
