"""Find the files besides its own that an ONNX graph reads weights from.

The base install has no ONNX package, and ONNX Runtime opens whatever file a graph names. So the graph is read here as
what it is, a protocol buffer: fields of a number, a wire type and a value (protobuf.dev, "Encoding"). Only the fields
that may hold a tensor are followed, and the bytes of tensors are stepped over.
"""

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path

from viennatag.errors import BundleError

_TENSOR = "tensor"
_FIELDS: Mapping[str, Mapping[int, str]] = {  # of onnx.proto: what a field of a message holds
    "model": {7: "graph", 25: "function", 20: "training"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: _TENSOR, 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: _TENSOR, 6: "graph", 10: _TENSOR, 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: _TENSOR, 2: _TENSOR},
    _TENSOR: {13: "entry"},
}
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types
_MAX_DEPTH = 64  # graphs inside graphs


def external_files(path: Path) -> set[str]:
    """Return the names of the files that the tensors of an ONNX file are read from, besides the file itself.

    Raises:
        BundleError: If the file is no protocol buffer.
    """
    if not path.stat().st_size:
        return set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return set(_locations(content, 0, len(content), "model", _MAX_DEPTH))
        except (ValueError, IndexError) as exc:
            raise BundleError(f"{path}: the graph is damaged ({exc})") from exc


def _locations(content: mmap.mmap, start: int, end: int, kind: str, depth: int) -> Iterator[str]:
    """Yield the locations of external tensors in a message between two bytes."""
    if not depth:
        raise ValueError("graphs are nested too deep")
    followed = _FIELDS[kind]
    for number, first, last in _fields(content, start, end):
        inner = followed.get(number)
        if inner == "entry":
            entry = {key: content[a:b] for key, a, b in _fields(content, first, last)}
            if entry.get(1) == b"location":
                yield entry.get(2, b"").decode("utf-8", "replace")
        elif inner:
            yield from _locations(content, first, last, inner, depth - 1)


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of each field with bytes, and where these begin and end."""
    at = start
    while at < end:
        tag, at = _varint(content, at, end)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _, at = _varint(content, at, end)
            continue
        if wire == _BYTES:
            size, at = _varint(content, at, end)
        elif wire in {_EIGHT, _FOUR}:
            size = 8 if wire == _EIGHT else 4
        else:
            raise ValueError(f"wire type {wire} at byte {at:,}")
        if at + size > end:
            raise ValueError(f"a field reaches beyond its message at byte {at:,}")
        if wire == _BYTES:
            yield number, at, at + size
        at += size


def _varint(content: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Return a number, and where the next thing begins."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise ValueError(f"a number is cut off at byte {at:,}")
        byte = content[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError(f"a number is too long at byte {at:,}")
