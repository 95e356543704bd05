"""Read marks out of XML of any size, safely.

Memory holds one mark at a time. A file that declares an entity is refused: nothing is expanded and nothing is fetched.
Names are compared without prefix, case, hyphens and underscores, in which offices differ. Text is decoded here and not
by expat, which knows few encodings and gives up at the first bad byte.
"""

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from io import BufferedReader
from typing import NamedTuple
from xml.parsers import expat

from viennatag.errors import DataError

_CHUNK_SIZE = 1 << 18
_MAX_DEPTH = 200
MAX_VALUES = 100_000
MAX_TEXT = 100_000
MAX_TOKEN = 1 << 24
"""Bytes of one tag or comment; expat holds a token in memory until it ends."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_ENCODINGS = re.compile(r"utf-(8|16(-[lb]e)?)|ascii|cp\d+|iso8859-\d+|euc_\w+|shift_jis\w*|gb\w+|big5\w*|koi8-\w")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")


class XmlRecord(NamedTuple):
    """One element that stands for a mark.

    Attributes:
        attributes: Its attributes, names folded.
        values: Path (folded names below the record) and text of each wanted element, in document order. The last
            name of an attribute's path is `element@attribute`.
    """

    attributes: dict[str, str]
    values: list[tuple[tuple[str, ...], str]]

    def texts(self, *names: str, below: str = "") -> list[str]:
        """Return the texts of elements of these names, some ancestor's name beginning with `below`; none empty."""
        return [
            text
            for path, text in self.values
            if text and path[-1] in names and (not below or any(name.startswith(below) for name in path[:-1]))
        ]

    def nearest(self, *names: str) -> str:
        """Return the text of the least deep element of the first name that has one, empty if none has."""
        for name in names:
            found = [(len(path), text) for path, text in self.values if text and path[-1] == name]
            if found:
                return min(found, key=lambda each: each[0])[1]
        return ""


def read_xml_records(stream: BufferedReader, *, records: frozenset[str], wanted: frozenset[str]) -> Iterator[XmlRecord]:
    """Yield each outermost element of one of the names `records`, with its `wanted` elements, as soon as it ends.

    Raises:
        DataError: If the XML is not well formed, declares entities, or is built to exhaust memory.
    """
    collector = _Collector(records, wanted)
    chunk = stream.read(_CHUNK_SIZE)
    decoder = _decoder(chunk)
    fed = 0
    while True:
        data = decoder.decode(chunk, not chunk).encode(errors="replace").translate(None, _CONTROLS)
        problem: DataError | None = None
        try:
            collector.parser.Parse(data, not chunk)
        except expat.ExpatError as exc:
            problem = DataError(f"not well-formed XML: {exc}")
        except DataError as exc:
            problem = exc
        yield from collector.finished  # what ended before the damage is as good as in any other file
        collector.finished.clear()
        if problem:
            raise problem
        if not chunk:
            return
        fed += len(data)
        if fed - collector.parser.CurrentByteIndex > MAX_TOKEN:
            raise DataError(f"one tag is longer than {MAX_TOKEN:,} bytes; this is no register file")
        chunk = stream.read(_CHUNK_SIZE)


class _Collector:
    """Collects records from expat's events."""

    def __init__(self, records: frozenset[str], wanted: frozenset[str]) -> None:
        self.records, self.wanted = records, wanted
        self.finished: list[XmlRecord] = []
        self.path: list[str] = []
        self.record: XmlRecord | None = None
        self.record_depth = self.text_depth = self.text_length = 0
        self.text: list[str] = []
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.EntityDeclHandler = _refuse_entity

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = fold(tag)
        self.path.append(name)
        if len(self.path) > _MAX_DEPTH:
            raise DataError(f"elements are nested more than {_MAX_DEPTH} deep; this is no register file")
        if self.record is None:
            if name in self.records:
                self.record = XmlRecord({fold(key): value for key, value in attributes.items()}, [])
                self.record_depth = len(self.path)
            return
        for key, value in attributes.items():
            if (stated := f"{name}@{fold(key)}") in self.wanted:
                self.add((*self.path[self.record_depth : -1], stated), value.strip())
        if name in self.wanted:
            self.text, self.text_depth, self.text_length = [], len(self.path), 0
            self.parser.CharacterDataHandler = self.characters

    def add(self, path: tuple[str, ...], text: str) -> None:
        if self.record is not None:
            self.record.values.append((path, text[:MAX_TEXT]))
            if len(self.record.values) > MAX_VALUES:
                raise DataError(f"one mark has more than {MAX_VALUES:,} values; this is no register file")

    def characters(self, data: str) -> None:
        self.text_length += len(data)
        if self.text_length <= MAX_TEXT:
            self.text.append(data)

    def end(self, _: str) -> None:
        if self.record is not None:
            depth = len(self.path)
            if self.path[-1] in self.wanted and depth > self.record_depth:
                text = "".join(self.text).strip() if depth == self.text_depth else ""
                self.add(tuple(self.path[self.record_depth :]), text)
            if depth == self.text_depth:
                self.parser.CharacterDataHandler = None
                self.text_depth = 0
            if depth == self.record_depth:
                self.finished.append(self.record)
                self.record = None
        self.path.pop()


def _refuse_entity(name: str, *_: object) -> None:
    raise DataError(f"the file declares the entity {name!r}; registers need none, so it is refused")


@lru_cache(maxsize=4096)
def fold(tag: str) -> str:
    """Return a name without prefix, case, hyphens and underscores."""
    return tag.rpartition(":")[2].lower().replace("-", "").replace("_", "")


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    """Return the decoder of a file from its first bytes; bad bytes become U+FFFD."""
    name = next((name for bom, name in _BOMS if head.startswith(bom)), "")
    if not name and b"\0" in head[:2]:
        name = "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    if not name and (declared := _DECLARED.match(head)):
        name = declared[1].decode("ascii")
        if name.lower().startswith(("utf-16", "utf-32", "utf16")):
            name = "utf-8"  # the declaration itself was not written so
    try:
        known = codecs.lookup(name or "utf-8").name
    except LookupError:
        known = ""
    if not _ENCODINGS.fullmatch(known):
        raise DataError(f"the encoding {name!r} is unknown; convert the file to UTF-8")
    return codecs.getincrementaldecoder("utf-8-sig" if known in {"utf-8", "ascii"} else known)("replace")
