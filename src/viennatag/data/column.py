"""What a column of a table holds: its different cells, how often each occurs, and in which row first."""

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from viennatag.data.cells import CLASS_WORDS, EMPTY_LISTS, EMPTY_WORDS, Truth, cell_text, truth_of
from viennatag.data.source_files import names_file

MAX_DISTINCT = 50_000
"""Different cells of a column that are held while a table is looked over."""
BITS = re.compile(r"[01]{3,}")
"""A vector of 0 and 1 without anything between them."""


@dataclass
class Column:
    """The cells of a column.

    Attributes:
        texts: How often each text occurs.
        first: The row in which each text occurs first.
        listed: Row and content of the first cell that is a list or an object and no text.
        word: Row and text of the first entry of such a list that says that there is nothing.
        fraction: Row and value of the first number that is not whole.
        lengths: Lengths of the lists that are vectors of 0 and 1, 0 for others.
    """

    texts: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    listed: tuple[int, Any] | None = None
    word: tuple[int, str] | None = None
    fraction: tuple[int, Any] | None = None
    lengths: set[int] = field(default_factory=set)

    def add(self, number: int, value: Any) -> None:
        """Take the cell of a row."""
        if isinstance(value, (list, tuple, set, frozenset, dict)) or hasattr(value, "__array__"):
            self.listed = self.listed or (number, value)
            self.lengths.add(_vector_length(value))
            entries = value if isinstance(value, (list, tuple)) else ()
            self.note_fraction(number, *entries)
            words = (each for each in entries if isinstance(each, str) and each.lower() in EMPTY_WORDS)
            self.word = self.word or next(((number, each) for each in words), None)
            return
        self.note_fraction(number, value)
        text = cell_text(value)
        if text in self.first or len(self.first) < MAX_DISTINCT:
            self.first.setdefault(text, number)
            self.texts[text] += 1

    def note_fraction(self, number: int, *values: Any) -> None:
        """Keep the first number that is not whole."""
        if self.fraction is None:
            found = (each for each in values if isinstance(each, float) and math.isfinite(each) and each % 1)
            self.fraction = next(((number, each) for each in found), None)

    def names_files(self) -> bool:
        """Return whether the cells are names of image files, of which most are different."""
        texts = self.said()
        distinct = 2 * len(texts) >= sum(self.texts[text] for text in texts)
        return bool(texts) and distinct and not self.listed and all(map(names_file, texts))

    def truths(self) -> Counter[Truth | None]:
        """Return how many cells say yes, no, that nobody knows, nothing, or something else."""
        found: Counter[Truth | None] = Counter()
        for text, times in self.texts.items():
            found[truth_of(text)] += times
        return found

    def said(self) -> list[str]:
        """Return the different cells that are not blank."""
        return [text for text in self.texts if truth_of(text) != "blank"]

    def strange(self) -> tuple[int, Any]:
        """Return row and content of the first cell that is none of 0 and 1, blank and unknown."""
        return self.listed or (self.first[self.other()[0]], self.other()[0])

    def other(self) -> list[str]:
        """Return the different cells that are no 0 or 1, no blank and no unknown."""
        return [text for text in self.texts if truth_of(text) is None]

    def is_binary(self) -> bool:
        """Return whether the column holds nothing but yes, no, unknown and blanks, and is not all blank."""
        found = self.truths()
        return not self.listed and not found[None] and bool(found["positive"] or found["negative"] or found["unknown"])

    def names_classes(self) -> bool:
        """Return whether the column, as one of labels, holds labels and not yes and no."""
        letters = {text.lower() for text in self.texts if text.isalpha() and len(text) == 1}
        if len(letters) > 1 and letters not in ({"y", "n"}, {"t", "f"}):  # x and y
            return True
        return not self.is_binary() or any(text.lower() in CLASS_WORDS for text in self.texts)

    def vector(self) -> tuple[int, Any] | None:
        """Return row and content of a cell if all cells are vectors of 0 and 1, which name no label."""
        texts = [text for text in self.said() if text not in EMPTY_LISTS]
        if len(self.lengths | {_vector_length(text) for text in texts}) != 1:
            return None
        if texts and all(map(BITS.fullmatch, texts)) and not any(text.startswith("0") for text in texts):
            return None  # numbers such as 100 and 101
        example = self.listed or (self.first[texts[0]], texts[0])
        return example if _vector_length(example[1]) > 1 else None

    def is_blank(self) -> bool:
        """Return whether no cell says anything."""
        return not self.listed and set(self.truths()) <= {"blank"}

    def counts_rows(self) -> bool:
        """Return whether the cells are whole numbers of which none occurs twice."""
        return not self.listed and all(
            times == 1 and text.removeprefix("-").isdecimal() for text, times in self.texts.items()
        )


def _vector_length(value: Any) -> int:
    """Return how many cells of 0 and 1 a vector has, as a collection or as text; 0 if it is none."""
    if isinstance(value, str):
        entries: list[Any] = re.split(r"[\s,;|]+", value.strip(" []()"))
        if BITS.fullmatch(value):
            entries = list(value)
    elif isinstance(value, (list, tuple)) or hasattr(value, "__array__"):
        entries = list(value)
        if any(isinstance(entry, str) for entry in entries):  # names of labels
            return 0
    else:
        return 0
    flags = ("0", "1", "0.0", "1.0", "False", "True")
    return len(entries) if len(entries) > 1 and all(str(entry) in flags for entry in entries) else 0
