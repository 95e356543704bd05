"""Malformed requests, each a path, headers and a body, which must be refused with a status from 400 to 499."""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from tests.service.server import picture

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
_WRONG_TYPES = ("text/html", "application/json", "application/x-www-form-urlencoded", "video/mp4", "multipart/mixed")


@dataclass(frozen=True)
class Malformed:
    """A request to be refused."""

    kind: str
    path: str
    headers: dict[str, str]
    body: bytes


def malformed_requests(count: int, *, seed: int = 0) -> Iterator[Malformed]:
    """Yield a number of requests, each kind in turn."""
    chance = random.Random(seed)
    pictures = {name: picture(64, 48, name) for name in _FORMATS}
    makers = (
        _truncated,
        _noise,
        _wrong_type,
        _bomb,
        _wrong_boundary,
        _cut_form,
        _wrong_field,
        _huge_header,
        _bad_query,
    )
    for at in range(count):
        yield makers[at % len(makers)](chance, pictures)


def _truncated(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    name = chance.choice([each for each in _FORMATS if each != "TIFF"])
    whole = pictures[name]
    return Malformed(
        "truncated", "/v1/predict", {"Content-Type": "image/*"}, whole[: chance.randrange(0, len(whole) // 3)]
    )


def _noise(chance: random.Random, _: dict[str, bytes]) -> Malformed:
    start = chance.choice(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF", b"BM", b"II*\0", b"%PDF-1.4", b"<svg"]
    )
    return Malformed(
        "noise", "/v1/predict", {"Content-Type": "image/png"}, start + chance.randbytes(chance.randrange(2000))
    )


def _wrong_type(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    return Malformed("wrong type", "/v1/predict", {"Content-Type": chance.choice(_WRONG_TYPES)}, pictures["PNG"])


def _bomb(chance: random.Random, _: dict[str, bytes]) -> Malformed:
    side = chance.randrange(20_000, 2**31 - 1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    zeros = zlib.compress(bytes(100_000))
    body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zeros) + chunk(b"IEND", b"")
    return Malformed("bomb", "/v1/predict", {"Content-Type": "image/png"}, body)


def _form(boundary: str, content: bytes, *, field: str = "files") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\n'
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _wrong_boundary(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    parameters = chance.choice(
        ["", "; boundary=", "; boundary=other", "; boundary=" + "x" * 300, '; boundary="b', "; charset=utf-8"]
    )
    headers = {"Content-Type": f"multipart/form-data{parameters}"}
    return Malformed("wrong boundary", "/v1/predict", headers, _form("bound", pictures["PNG"]))


def _cut_form(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    whole = _form("bound", pictures[chance.choice(_FORMATS)])
    headers = {"Content-Type": "multipart/form-data; boundary=bound"}
    return Malformed("cut form", "/v1/predict", headers, whole[: chance.randrange(len(whole) - 5)])


def _wrong_field(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    field = chance.choice(["", "file", "image", "files[]", "\0", "x" * 3000])
    headers = {"Content-Type": "multipart/form-data; boundary=bound"}
    return Malformed("wrong field", "/v1/predict", headers, _form("bound", pictures["PNG"], field=field))


def _huge_header(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    headers = {"Content-Type": "image/png", "X-Padding": "x" * chance.randrange(33_000, 200_000)}
    return Malformed("huge header", "/v1/predict", headers, pictures["PNG"])


def _bad_query(chance: random.Random, pictures: dict[str, bytes]) -> Malformed:
    query = chance.choice(
        ["top=0", "top=x", "threshold=-1", "threshold=inf", "level=no", "exclude=%00", "exclude=0", "top=9e99"]
    )
    return Malformed("bad query", f"/v1/predict?{query}", {"Content-Type": "image/png"}, pictures["PNG"])
