"""The record that a reader yields for one mark, and the normalisation of its codes.

Readers repeat the register's text; only this module decides what is a code. Entries that are none are
returned beside the codes, so that they are counted and never silently lost.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from viennatag.data.cells import MOST_KEPT, normal_label
from viennatag.errors import CodeError
from viennatag.vienna.codes import Code, parse_code, parse_codes


@dataclass(frozen=True, slots=True)
class Record:
    """One mark of a register.

    Attributes:
        id: The register's number of the mark, empty where it has none.
        codes: Codes as written there, one or several in an entry; empty for word marks.
        image: Name of the image, empty where the register names none.
        edition: Edition of the classification, empty where it is not stated.
        withdrawn: Whether the register withdraws the mark.
        content: The image file itself, where the register holds it.
        split: The subset that the source states, empty for none.
        group: Marks of one group are never separated by a split.
        weight: Weight in training, empty for 1.
        unknown: Codes of which nobody knows whether they apply, written as `codes` are.
        joins: Whether the codes are added to those that earlier records state of the mark.
        numbered: Whether the id may be no more than the number of a row, which another file begins anew.
        folder: Folder, below the source, of the file that names the image; the image may lie in it.
        problem: Why the mark is left out, empty if it is not.
    """

    id: str
    codes: tuple[str, ...] = ()
    image: str = ""
    edition: str = ""
    withdrawn: bool = False
    content: bytes | None = None
    split: str = ""
    group: str = ""
    weight: str = ""
    unknown: tuple[str, ...] = ()
    joins: bool = False
    numbered: bool = False
    folder: str = ""
    problem: str = ""


_NUMBERS = re.compile(r"(\d{1,2})[\s,/-](\d{1,2})(?:[\s,/-](\d{1,2}))?")
_EDITION = re.compile(r"CFE\s*\(\s*(\d+)\s*\)", re.IGNORECASE)


def vienna_codes(entries: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the distinct codes in entries, sorted, and the pieces that are no codes."""
    codes: set[Code] = set()
    unreadable: list[str] = []
    for entry in entries:
        found, wrong = (_read_entry if len(entry) <= MOST_KEPT else _read_entry.__wrapped__)(entry)
        codes.update(found)
        unreadable.extend(wrong)
    return tuple(map(str, sorted(codes))), tuple(unreadable)


@lru_cache(maxsize=65_536)
def _read_entry(entry: str) -> tuple[tuple[Code, ...], tuple[str, ...]]:
    text = entry.strip()
    if match := _NUMBERS.fullmatch(text):  # `27 05 01` is one section, not three categories
        text = ".".join(filter(None, match.groups()))
    try:
        return parse_codes(text), ()
    except CodeError:
        codes, unreadable = [], []
        for piece in filter(None, re.split(r"[\s;|,]+", text)):
            try:
                codes.append(parse_code(piece))
            except CodeError:
                unreadable.append(piece[:80])
        return tuple(codes), tuple(unreadable)


def flat_labels(entries: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct labels among entries, in alphabetic order."""
    return tuple(sorted({normal_label(entry) for entry in entries} - {""}))


def stated_edition(entries: Iterable[str]) -> str:
    """Return the edition that a notation such as `CFE(5)` states, empty if none does."""
    return next((match[1] for entry in entries if (match := _EDITION.search(entry))), "")


def code_entries(value: Any) -> tuple[str, ...]:
    """Return the entries of a JSON value that holds codes: a text, a number, an object with a code, or a list of them.

    A fraction is passed on as it is not read: 26.1 may have been 26.10 before someone made it a number.
    """
    if value is None or value == "":
        return ()
    if isinstance(value, list):
        return tuple(entry for each in value for entry in code_entries(each))
    if isinstance(value, dict):
        return tuple(entry for name in ("code", "viennaCode", "viennaClass") for entry in code_entries(value.get(name)))
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return (str(value)[:10_000],)
    return (f"number:{value!r}",)
