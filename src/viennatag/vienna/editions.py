"""Editions of the classification: import them, and map codes of any edition to one edition.

Registers mix editions and add codes of their own. A code that an edition lacks is replaced according to `editions.tsv`,
or by comparing two imported editions, stored in the user's data folder; otherwise by its nearest ancestor.
"""

import csv
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple, cast

from viennatag.errors import DataError, OptionError
from viennatag.vienna.classification import Classification, read_classification, read_tree_file, write_tree_file
from viennatag.vienna.codes import Code, parse_code, vienna_tree

Confidence = Literal["sure", "likely", "division"]
OWN_EDITIONS = range(5, 11)
"""Editions that viennatag's own list can replace if WIPO's file was not imported."""


def import_classification(
    source: Path | str, *, out: Path | str | None = None, edition: int | None = None, language: str = "en"
) -> tuple[Path, Classification]:
    """Add WIPO's file to a tree file, which may hold other languages; return its path and its new content.

    Args:
        source: The XML file.
        out: The tree file; by default that of the edition in the user's data folder.
        edition: The edition; by default from the name of `source`, such as `vienna10.xml`.
        language: Language of headings without a stated language.

    Raises:
        DataError: If a file cannot be read or written.
        OptionError: If the edition is not known.
    """
    if out is None:
        named = re.findall(r"vienna[-_ ]?(\d{1,2})(?!\d)", str(source).lower())
        edition = edition or (int(named[-1]) if named else None)
        if edition is None:
            raise OptionError(f"{source}: its name does not say which edition it is; say --edition 10, or -o FILE")
        out = _edition_path(edition)
    found, out = read_classification(source, language=language), Path(out)
    if out.exists():
        found = read_tree_file(out).merged(found)
    try:
        write_tree_file(found, out)
    except OSError as exc:
        raise DataError(f"{out}: it cannot be written: {exc}") from exc
    return out, found


def imported_editions() -> dict[int, Path]:
    """Return the tree files in the user's data folder by edition, ascending."""
    folder = Path(_edition_path(0)).parent
    numbers = (re.fullmatch(r"vienna-(\d+)", path.stem) for path in folder.glob("vienna-*.tsv"))
    return {number: Path(_edition_path(number)) for number in sorted(int(match[1]) for match in numbers if match)}


def _edition_path(edition: int) -> str:
    folder = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return f"{folder}/viennatag/vienna-{edition}.tsv"  # text is faster than Path, and each mark needs it


class Replacement(NamedTuple):
    """Replacement of a code that editions do not share.

    Attributes:
        instead: The nearest WIPO code.
        confidence: `sure` if its heading covers the replaced code, `likely` if it is the best of several,
            `division` if no section fits.
        why: The reason, in a few words.
    """

    instead: Code
    confidence: Confidence
    why: str


@cache
def replacements() -> dict[Code, Replacement]:
    """Return viennatag's own replacements (`editions.tsv`)."""
    table = resources.files("viennatag.vienna").joinpath("editions.tsv").read_text(encoding="utf-8")
    return {
        parse_code(row["code"]): Replacement(
            parse_code(row["instead"]), cast(Confidence, row["confidence"]), row["why"]
        )
        for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    }


class Counts(NamedTuple):
    """Numbers of codes that were kept, mapped to another, backed off to an ancestor, or dropped."""

    kept: int = 0
    mapped: int = 0
    backed_off: int = 0
    dropped: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Return the sums."""
        return Counts(*(mine + its for mine, its in zip(self, other, strict=True)))

    def __str__(self) -> str:
        total = max(sum(self), 1)
        parts = zip(("kept", "mapped", "backed off", "dropped"), self, strict=True)
        return f"{sum(self):,} codes: " + ", ".join(f"{count / total:.1%} {name}" for name, count in parts)


class Mapped(NamedTuple):
    """Codes mapped to an edition.

    Attributes:
        codes: The distinct codes, in order.
        counts: Numbers of given codes by outcome.
    """

    codes: tuple[Code, ...]
    counts: Counts


def map_codes(codes: Iterable[Code], *, edition: int, stated: int | None = None) -> Mapped:
    """Return codes mapped to an edition.

    Codes of the edition are kept. Another code is mapped if it has a known replacement, else it backs off to its
    nearest ancestor in the edition. It is dropped if there is none: categories 98 and 99 of the EU office do not
    describe the image. The codes of the edition come from WIPO's file if it was imported, else from viennatag's own
    list without office extensions.

    Args:
        codes: Codes of any edition, with or without office extensions.
        edition: The edition to map to.
        stated: The edition of the codes, if known. If both were imported, a heading that occurs once in each maps
            its old code to its new one.

    Raises:
        OptionError: If the edition is neither imported nor one of 5 to 10.
    """
    target = _target(_version(edition, needed=True), None if stated is None else _version(stated))
    counts = [0, 0, 0, 0]
    found: set[Code] = set()
    for code in codes:
        instead, outcome = target.map(code)
        counts[outcome] += 1
        if instead:
            found.add(instead)
    return Mapped(tuple(sorted(found)), Counts(*counts))


@dataclass(frozen=True)
class _Target:
    """The codes of an edition, and replacements of others."""

    known: frozenset[Code]
    instead: Mapping[Code, tuple[Code, Confidence]]

    def map(self, code: Code) -> tuple[Code | None, int]:
        """Return the code of the edition, and the index of the outcome in `Counts`."""
        if code in self.known:
            return code, 0
        for node in reversed(code.path):
            if node in self.known:
                return node, 2
            instead, confidence = self.instead.get(node, (node, "division"))
            if instead in self.known:
                return instead, 1 if node == code and confidence != "division" else 2
        return None, 3


_Version = tuple[str, int] | None


def _version(edition: int, *, needed: bool = False) -> _Version:
    """Return the tree file of an edition and its modification time, None without a file."""
    path = _edition_path(edition)
    try:
        return path, os.stat(path).st_mtime_ns
    except OSError:
        if needed and edition not in OWN_EDITIONS:
            raise OptionError(
                f"the edition {edition} is unknown; expected 5 to 10, or one imported with: viennatag codes import FILE"
            ) from None
        return None


@lru_cache(maxsize=16)
def _target(edition: _Version, stated: _Version) -> _Target:
    instead = {code: (each.instead, each.confidence) for code, each in replacements().items()}
    if edition is None:
        own = vienna_tree().headings
        return _Target(frozenset(code for code in own if not code.is_extension and code not in instead), instead)
    wanted = read_tree_file(edition[0])
    if stated is not None:
        moved = find_moves(read_tree_file(stated[0]), wanted)
        instead.update({code: (new, "likely") for code, new in moved.items()})
    return _Target(wanted.codes, instead)


def find_moves(old: Classification, new: Classification) -> dict[Code, Code]:
    """Return codes of the old edition that the new one lacks, with the new code of the same heading.

    A heading counts if it occurs once in each edition, in the first language that both have.
    """
    language = next((each for each in ("en", *old.languages) if each in old.headings and each in new.headings), None)
    if language is None:
        return {}
    before, after = _by_heading(old.headings[language]), _by_heading(new.headings[language])
    return {
        codes[0]: after[text][0]
        for text, codes in before.items()
        if len(codes) == len(after.get(text, ())) == 1
        and codes[0] not in new.codes
        and codes[0].level == after[text][0].level
    }


def _by_heading(headings: Mapping[Code, str]) -> dict[str, list[Code]]:
    found: dict[str, list[Code]] = {}
    for code, text in headings.items():
        if text:
            found.setdefault(text.casefold(), []).append(code)
    return found
