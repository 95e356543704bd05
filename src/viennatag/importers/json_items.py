"""Read the items of one huge JSON value, one at a time.

Register dumps are single arrays or objects of hundreds of megabytes. Only their two outermost
levels are followed here; every item below is decoded whole by the standard library.
"""

import codecs
import json
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from viennatag.errors import DataError

_CHUNK_SIZE = 1 << 18
"""Bytes read at a time."""
MAX_ITEM = 1 << 24
"""Characters of one item; a longer one is no mark."""

_AFTER_VALUE = " \t\r\n,]}:"


def read_json_items(stream: BufferedReader, *, chunk_size: int = _CHUNK_SIZE) -> Iterator[tuple[str, Any]]:
    """Yield the items of a JSON array with an empty key, or the members of a JSON object with theirs.

    Where a member of the object is itself an array, each of its items is yielded with the member's key.

    Raises:
        DataError: If the text is not JSON, or one item is larger than any mark.
    """
    text = _Text(stream, chunk_size)
    if text.peek() == "[":
        for _ in text.until("]"):
            yield "", text.value()
    elif text.peek() == "{":
        yield from text.members()
    else:
        raise text.problem("expected '[' or '{'")
    if text.peek():
        raise text.problem("there is more after the end")


class _Text:
    """A JSON text of which a part is in memory."""

    def __init__(self, stream: BufferedReader, chunk_size: int) -> None:
        head = stream.read(chunk_size)
        wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self.decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("replace")
        self.stream, self.chunk_size = stream, chunk_size
        self.pending = self.decoder.decode(head)
        self.at = self.passed = 0
        self.ended = not head
        self.decode = json.JSONDecoder().raw_decode

    def until(self, closing: str) -> Iterator[None]:
        """Take the opening bracket here, stop before each item, and take the commas and the closing bracket."""
        self.at += 1
        if self.peek() != closing:
            yield
            while self.peek() != closing:
                self.take(",")
                yield
        self.at += 1

    def members(self) -> Iterator[tuple[str, Any]]:
        for _ in self.until("}"):
            if self.peek() != '"':
                raise self.problem("expected a name in quotes")
            key = self.value()
            self.take(":")
            if self.peek() == "[":
                for _ in self.until("]"):
                    yield key, self.value()
            else:
                yield key, self.value()

    def peek(self) -> str:
        """Return the next character that is no blank, without taking it; empty at the end."""
        while True:
            while self.at < len(self.pending) and self.pending[self.at] in " \t\r\n":
                self.at += 1
            if self.at < len(self.pending):
                return self.pending[self.at]
            if not self.grow():
                return ""

    def take(self, character: str) -> None:
        if self.peek() != character:
            raise self.problem(f"expected {character!r}")
        self.at += 1

    def value(self) -> Any:
        self.peek()
        while True:
            try:
                value, end = self.decode(self.pending, self.at)
            except RecursionError:
                raise self.problem("values are nested too deep") from None
            except ValueError as exc:  # unfinished or wrong: only more text can tell
                if not self.grow():
                    raise self.problem(str(getattr(exc, "msg", exc))) from None
            else:
                ended = self.pending[end : end + 1] and self.pending[end] in _AFTER_VALUE
                if ended or not self.grow():  # `1` may be the start of `1.5`
                    self.at = end
                    return value

    def grow(self) -> bool:
        """Read as much again as is pending; False at the end of the text."""
        if self.ended:
            return False
        unread = self.pending[self.at :]
        if len(unread) > MAX_ITEM:
            raise self.problem(f"one item is longer than {MAX_ITEM:,} characters")
        data = self.stream.read(max(self.chunk_size, len(unread)))
        self.ended = not data
        self.passed += self.at
        self.pending, self.at = unread + self.decoder.decode(data, not data), 0
        return True

    def problem(self, what: str) -> DataError:
        shown = self.pending[self.at : self.at + 30]
        return DataError(f"not valid JSON at character {self.passed + self.at + 1:,}: {what}, found {shown!r}")
