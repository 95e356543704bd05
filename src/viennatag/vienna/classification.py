"""WIPO's classification: its XML files, and tree files with the headings in several languages.

WIPO's headings may not be copied into viennatag, but a user may download them. A tree file is a table with the
codes and headings, which a spreadsheet can open.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.parsers import expat

from viennatag.errors import CodeError, DataError, OptionError, report_problems
from viennatag.files import atomic_file, open_plain
from viennatag.vienna.codes import Code, Tree, parse_code, vienna_tree

MAX_BYTES = 1 << 26
"""Larger files are refused; a classification has less than a megabyte."""
_MAX_DEPTH = 50
_LEVEL_OF = {"category": "category", "division": "division", "section": "section", "auxiliary": "section"}
_LANGUAGE = re.compile(r"([a-z]{2,3})([-_][a-z0-9]+)*")
_HEAD = ("code", "auxiliary")
_NOTES = {"note", "notes"}
_NOTE = "note:"  # before the language, names a column of notes


@dataclass(frozen=True)
class Classification:
    """The codes of one edition, with headings in one language or several.

    Attributes:
        headings: By language (`en`, `fr`), then by code; a missing heading is empty.
        auxiliary: Auxiliary sections.
        notes: WIPO's notes on codes, by language, then by code.
    """

    headings: Mapping[str, Mapping[Code, str]]
    auxiliary: frozenset[Code] = frozenset()
    notes: Mapping[str, Mapping[Code, str]] = field(default_factory=dict)

    @cached_property
    def codes(self) -> frozenset[Code]:
        """All codes, of all languages."""
        return frozenset(code for texts in self.headings.values() for code in texts)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in alphabetical order."""
        return tuple(sorted(self.headings))

    def missing(self, language: str) -> frozenset[Code]:
        """Return the codes without a heading in a language."""
        texts = self.headings.get(language, {})
        return frozenset(code for code in self.codes if not texts.get(code))

    def tree(self, language: str) -> Tree:
        """Return the tree with headings in a language, or viennatag's own English ones where they are missing."""
        own, texts = vienna_tree().headings, self.headings.get(language, {})
        return Tree({code: texts.get(code) or own.get(code, "no heading") for code in self.codes})

    def merged(self, other: "Classification") -> "Classification":
        """Return both; `other` wins for a language that both have."""
        headings, notes = {**self.headings, **other.headings}, {**self.notes, **other.notes}
        return Classification(headings, self.auxiliary | other.auxiliary, notes)


def read_classification(path: Path | str, *, language: str = "en", max_bytes: int = MAX_BYTES) -> Classification:
    """Return the classification in one of WIPO's XML files (editions 7 to 10), with its notes.

    Args:
        path: The file.
        language: Language of headings without a stated language.
        max_bytes: A larger file is refused.

    Raises:
        DataError: If it is no such file, or a code in it cannot be read.
    """
    reader = _Reader(parse_language(language))
    try:
        with open_plain(Path(path)) as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise DataError(f"larger than {max_bytes >> 20} MB; a classification has less than one")
        reader.parser.Parse(content, True)
    except (OSError, DataError, expat.ExpatError, LookupError, ValueError) as exc:  # the last two: strange encodings
        reason = f"not well-formed XML: {exc}" if isinstance(exc, expat.ExpatError) else getattr(exc, "strerror", exc)
        raise DataError(f"{path}: cannot be read as WIPO's classification: {reason}") from exc
    if reader.problems:
        raise DataError(report_problems(f"{path}: codes that cannot be read:", reader.problems))
    if not reader.headings:
        raise DataError(f"{path}: no category or division in it; expected WIPO's classification file (XML)")
    return Classification(reader.headings, frozenset(reader.auxiliary), reader.notes)


def parse_language(text: str) -> str:
    """Return the language of a language tag: `fr` for `FR` or `fr-CH`.

    Raises:
        OptionError: If it is not a language tag.
    """
    match = _LANGUAGE.fullmatch(text.strip().lower())
    if not match:
        raise OptionError(f"the language {text!r} is unknown; expected two letters such as en or fr")
    return match[1]


@dataclass
class _Element:
    name: str
    language: str
    code: Code | None
    texts: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)


class _Reader:
    """Collects headings from expat's events; text belongs to the nearest element with a code."""

    def __init__(self, language: str) -> None:
        self.headings: dict[str, dict[Code, str]] = {}
        self.notes: dict[str, dict[Code, str]] = {}
        self.auxiliary: set[Code] = set()
        self.problems: list[str] = []
        self.path = [_Element("", language, None)]
        self.holders: list[_Element] = []
        self.parser = expat.ParserCreate(namespace_separator=None)
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = _refuse_entity

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.path) > _MAX_DEPTH:
            raise DataError(f"elements are nested more than {_MAX_DEPTH} deep")
        name = _local(tag)
        stated = {_local(key): value for key, value in attributes.items()}
        try:
            language = parse_language(stated["lang"]) if stated.get("lang") else self.path[-1].language
        except OptionError as exc:
            raise DataError(f"line {self.parser.CurrentLineNumber}: {exc}") from exc
        element = _Element(name, language, None)
        self.path.append(element)
        if name in _LEVEL_OF:
            element.code = self.code(name, stated.get("id", ""))
            element.texts[language] = [stated.get("text", "")]
            self.holders.append(element)

    def code(self, name: str, text: str) -> Code | None:
        try:
            code = parse_code(text)
        except CodeError as exc:
            self.problems.append(f"line {self.parser.CurrentLineNumber}: {exc}")
            return None
        if code.level != _LEVEL_OF[name]:
            self.problems.append(f"line {self.parser.CurrentLineNumber}: the {name} {text!r} is a {code.level}")
            return None
        if name == "auxiliary":
            self.auxiliary.add(code)
        return code

    def characters(self, data: str) -> None:
        if not self.holders:
            return
        is_note = any(element.name in _NOTES for element in self.path)
        kept = self.holders[-1].notes if is_note else self.holders[-1].texts
        kept.setdefault(self.path[-1].language, []).append(data)

    def end(self, _: str) -> None:
        element = self.path.pop()
        if element.name in _NOTES and self.holders:
            self.holders[-1].notes.setdefault(element.language, []).append(" ")  # the next note is another sentence
        if element.name not in _LEVEL_OF:
            return
        self.holders.pop()
        if element.code is None:
            return
        for language, pieces in element.texts.items():
            text = " ".join("".join(pieces).split())
            if text or language == element.language:
                texts = self.headings.setdefault(language, {})
                texts[element.code] = texts.get(element.code) or text
        for language, pieces in element.notes.items():
            if text := " ".join("".join(pieces).split()):
                self.notes.setdefault(language, {})[element.code] = text


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


def _refuse_entity(name: str, *_: object) -> None:
    raise DataError(f"the file declares the entity {name!r}; entities are refused")


def read_tree_file(path: Path | str) -> Classification:
    """Return the classification in a tree file.

    Raises:
        DataError: If it is missing or not a tree file.
    """
    try:
        with open_plain(Path(path)) as file:
            table = csv.reader(
                io.TextIOWrapper(file, encoding="utf-8", newline=""), delimiter="\t", quoting=csv.QUOTE_NONE
            )
            head, *rows = list(table) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise DataError(f"{path}: the tree file cannot be read: {getattr(exc, 'strerror', exc)}") from exc
    languages = head[2:]
    if tuple(head[:2]) != _HEAD or not languages or any(len(row) != len(head) for row in rows):
        raise DataError(f"{path}: this is no tree file; make one with: viennatag codes import FILE.xml -o {path}")
    try:
        codes = [parse_code(row[0]) for row in rows]
    except CodeError as exc:
        raise DataError(f"{path}: {exc}") from exc
    columns = {
        name: {code: row[at] for code, row in zip(codes, rows, strict=True)}
        for at, name in enumerate(languages, start=2)
    }
    return Classification(
        {name: texts for name, texts in columns.items() if not name.startswith(_NOTE)},
        frozenset(code for code, row in zip(codes, rows, strict=True) if row[1]),
        {
            name.removeprefix(_NOTE): {code: text for code, text in texts.items() if text}
            for name, texts in columns.items()
            if name.startswith(_NOTE)
        },
    )


def write_tree_file(classification: Classification, path: Path | str) -> None:
    """Write a tree file: a row for each code, with `A` for auxiliary sections, and headings and notes by language."""
    columns = {language: classification.headings[language] for language in classification.languages}
    columns |= {f"{_NOTE}{language}": texts for language, texts in sorted(classification.notes.items())}
    with atomic_file(Path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join((*_HEAD, *columns)) + "\n")
        for code in sorted(classification.codes):
            texts = [" ".join(column.get(code, "").split()) for column in columns.values()]
            file.write("\t".join((str(code), "A" if code in classification.auxiliary else "", *texts)) + "\n")
