"""Vienna codes: parse every spelling, relate codes to each other, look up headings.

Registers write one code in many ways (`3.1.6`, `03.01.06`, `030106`, `A3.1.16`, `CFE(5) 26.4.3,5`). Everywhere else in
viennatag a code has one spelling: numbers without padding, joined by dots. A code that is not in the tree (an office
extension, a newer edition) is kept and shown with its nearest known ancestor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from viennatag.errors import CodeError

Level = Literal["category", "division", "section"]
LEVELS: tuple[Level, ...] = get_args(Level)
FIRST_FORM_CATEGORY = 25
"""From this category on codes describe form (ornaments, shapes, lettering, colours), before it what a mark depicts."""


class Code(NamedTuple):
    """One node of the Vienna Classification; 0 stands for a missing division or section.

    Codes compare in the order of the printed classification, each parent just before its children.
    """

    category: int
    division: int = 0
    section: int = 0

    def __str__(self) -> str:
        return ".".join(str(number) for number in self if number)

    @property
    def level(self) -> Level:
        """The level of the code."""
        return LEVELS[(self.division > 0) + (self.section > 0)]

    @property
    def parent(self) -> "Code | None":
        """The code one level up, None for a category."""
        if self.section:
            return Code(self.category, self.division)
        return Code(self.category) if self.division else None

    @property
    def path(self) -> "tuple[Code, ...]":
        """The ancestors from the category down, then the code itself."""
        return (*self.parent.path, self) if self.parent else (self,)

    @property
    def is_extension(self) -> bool:
        """Whether an office added this code; such numbers start at .90."""
        return max(self.division, self.section) >= 90 or self.category >= 90


_CFE = re.compile(r"CFE\s*\(\s*\d+\s*\)", re.IGNORECASE)
_INID = re.compile(r"\(\s*531\s*\)")
_DOTTED = re.compile(r"(?:A\s*)?(\d{1,2})(?:\.(\d{1,2}))?(?:\.(\d{1,2}))?\.?", re.IGNORECASE)
_UNDOTTED = re.compile(r"A?(\d{3,6})", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}([-/.])(\d{1,2}|[A-Za-z]{3})\1?\d{2,4}( 00:00:00)?")
_LISTED = re.compile(r"(?P<mark>A\s*(?=\d))?(?P<text>[^\s;|,]+)\s*(?P<separator>[;|,]?)", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def parse_code(text: str) -> Code:
    """Return the code that a text spells.

    Raises:
        CodeError: If the text is not one code in a known spelling.
    """
    cleaned = _CFE.sub("", text).strip()
    if match := _DOTTED.fullmatch(cleaned):
        numbers = [int(number or 0) for number in match.groups()]
    elif match := _UNDOTTED.fullmatch(cleaned):
        digits = match[1].zfill(len(match[1]) + len(match[1]) % 2)  # spreadsheets drop the leading zero
        numbers = [int(digits[at : at + 2]) for at in (0, 2, 4) if at < len(digits)]
    else:
        why = "a spreadsheet may have made a date of it; enter it again as text" if _DATE.fullmatch(cleaned) else ""
        expected = f"expected a spelling like 3.1.6, 03.01.06 or 030106{why and f'; {why}'}"
        raise CodeError(f"{text!r} is not a Vienna code; {expected}")
    code = Code(*numbers)
    if not code.category or (code.section and not code.division):
        raise CodeError(f"{text!r} is not a Vienna code; categories and divisions are numbered from 1")
    return code


def parse_codes(text: str) -> tuple[Code, ...]:
    """Return the distinct codes of a list, in the order of the classification.

    Codes are separated by blanks, `;`, `|` or commas. A number alone after a comma is a section of
    the previous division, as in the bulletins' `CFE(5) 26.4.3,5`.

    Raises:
        CodeError: If any entry is not a code.
    """
    codes: list[Code] = []
    separator = ""
    for entry in _LISTED.finditer(_INID.sub(" ", _CFE.sub(" ", text))):
        number = entry["text"]
        if separator == "," and number.isdecimal() and len(number) <= 2 and codes and codes[-1].section:
            codes.append(parse_code(f"{codes[-1].category}.{codes[-1].division}.{number}"))
        else:
            codes.append(parse_code(number))
        separator = entry["separator"]
    return tuple(sorted(set(codes)))


@dataclass(frozen=True, eq=False)
class Tree:
    """The classification with one short English heading for each code."""

    headings: Mapping[Code, str]

    def __contains__(self, code: object) -> bool:
        return code in self.headings

    def heading(self, code: Code) -> str:
        """Return the heading; for an unknown code it names the nearest known ancestor."""
        if code in self.headings:
            return self.headings[code]
        known = self.nearest(code)
        return f"unknown code in {known}, {self.headings[known]}" if known else "unknown code"

    def nearest(self, code: Code) -> Code | None:
        """Return the deepest known code among `code` and its ancestors."""
        return next((node for node in reversed(code.path) if node in self.headings), None)

    def children(self, code: Code | None) -> tuple[Code, ...]:
        """Return the known codes one level below; for None the categories."""
        return self._children.get(code, ())

    @cached_property
    def _children(self) -> dict[Code | None, tuple[Code, ...]]:
        below: dict[Code | None, list[Code]] = {}
        for code in sorted(self.headings):
            below.setdefault(code.parent, []).append(code)
        return {parent: tuple(codes) for parent, codes in below.items()}


@cache
def vienna_headings() -> dict[str, str]:
    """Return viennatag's own headings (`vienna.tsv`) by code, as `str` spells it."""
    table = Path(__file__).with_name("vienna.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in table.splitlines()[1:])


@cache
def vienna_tree() -> Tree:
    """Return viennatag's own tree."""
    return Tree({Code(*map(int, code.split("."))): heading for code, heading in vienna_headings().items()})
