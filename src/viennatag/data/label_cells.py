"""Decide what separates labels in the cells of a column, and say what is not sure about them.

Each note names the first cell that it is about, and what decides the reading.
"""

import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from viennatag.data.cells import (
    DOUBTFUL_SEPARATORS,
    EMPTY_LISTS,
    EMPTY_WORDS,
    SURE_SEPARATORS,
    UNSURE_WORDS,
    cell_entries,
    choose_separator,
    has_entity,
    has_score,
    is_listed,
)
from viennatag.data.column import BITS, Column
from viennatag.data.columns import Reading
from viennatag.data.taxonomy import LabelTree, Taxonomy
from viennatag.errors import DataError, count

_SURE = re.compile(f"[{SURE_SEPARATORS}]")
_PUNCTUATION = f"{SURE_SEPARATORS},、，"
_WHOLE = re.compile(r"-?\d+(\.0)?")
_COMMAS = re.compile(r"\d{1,2},\d{1,2}(,\d{1,2})?")
_BLANKS = re.compile(r"\d{1,2}(\s+\d{1,2})+")
_DAYS = re.compile(r"(3[6-9]|4[0-7])\d{3}(\.0)?")
"""Dates from 2000 to 2029 as spreadsheets count days, which is what they make of 3.1.6."""
_QUOTED_WORD = re.compile("[\"'](" + "|".join(map(re.escape, sorted(EMPTY_WORDS))) + ")[\"']", re.IGNORECASE)


CATEGORIES_ONLY = "is read as a Vienna category, as all others are; numbers of classes are read with --taxonomy flat"


@dataclass(frozen=True)
class LabelCells:
    """The cells of a column of labels; what is not sure about them is added to `notes`."""

    name: str
    column: Column
    reading: Reading
    taxonomy: Taxonomy
    notes: list[str]

    def separator(self, table: str) -> str:
        """Return what separates labels besides the sure separators, empty for nothing.

        Raises:
            DataError: If all cells are vectors of 0 and 1.
        """
        if not self.reading.as_written:
            self.refuse_vectors(table)
            self.note_lists()
            self.note_texts()
        said = self.reading.separator
        if (mark := said.strip()) and mark in _PUNCTUATION:  # `, ` is `,`
            said = mark
        if said:
            self.note_separator(said)
        if said or self.taxonomy == "vienna" or self.reading.as_written:
            return said
        if isinstance(self.taxonomy, LabelTree):
            return _tree_separator(self.column.texts, self.taxonomy)
        return self.chosen_separator()

    def tell(self, text: str, told: str) -> None:
        """Note how the first cell that holds a text is read."""
        row = self.column.first.get(text) or next(row for each, row in self.column.first.items() if text in each)
        self.notes.append(f"{text.strip()[:60]!r} (row {row:,}) in the column {self.name!r} {told}")

    def first(self, test: Callable[[str], Any]) -> str:
        """Return the first text that meets a test, empty if none does."""
        return next(filter(test, self.column.texts), "")

    def chosen_separator(self) -> str:
        """Return the separator that the column shows, and note what is in doubt."""
        separator, doubts = choose_separator(self.column.texts.keys())
        if separator:
            example = next(text for text in sorted(self.column.texts) if separator in text and not is_listed(text))
            pieces = " and ".join(repr(each) for each in cell_entries(example, separator=separator)[:3])
            self.notes.append(
                f"{separator!r} separates labels in the column {self.name!r}: {example[:60]!r} (row "
                f"{self.column.first[example]:,}) is read as {pieces}; --separator ';' keeps it whole"
            )
        sure = next((mark for mark in SURE_SEPARATORS if any(mark in text for text in self.column.texts)), "")
        for mark, example in doubts:
            way = f"labels, write {sure!r} in its place" if sure else f"labels: --separator {shlex.quote(mark)}"
            self.tell(example, f"is read as one label; if {mark!r} separates {way}")
        return separator

    def note_separator(self, separator: str) -> None:
        """Note that the separator a user names is in no cell, or that another one is in some."""
        if self.column.texts and not self.first(lambda text: separator in text):
            self.notes.append(f"the separator {separator!r} is in no cell of the column {self.name!r}")
        others = [mark for mark in SURE_SEPARATORS if mark not in separator]
        if text := self.first(lambda text: any(mark in text for mark in others)):
            mark = next(mark for mark in others if mark in text)
            told = f"holds {mark!r}, which separates no labels beside --separator {shlex.quote(separator)}"
            self.tell(text, f"{told}; if it does, write {separator!r} in its place")

    def is_whole(self) -> bool:
        """Return whether all labels are whole numbers with `.0`, as a data frame with gaps writes them; it is noted."""
        texts = self.column.said()
        if self.taxonomy == "vienna" or self.reading.as_written or not all(map(_WHOLE.fullmatch, texts)):
            return False
        if not (text := next((text for text in texts if text.endswith(".0")), "")):
            return False
        self.notes.append(
            f"labels of the column {self.name!r} are whole numbers written with .0, such as {text!r} (row "
            f"{self.column.first[text]:,}), and read without it; --as-written keeps it"
        )
        return True

    def refuse_vectors(self, table: str) -> None:
        """Raise if the column holds vectors of 0 and 1, whose positions would be read as the labels 0 and 1."""
        if found := self.column.vector():
            is_bits = isinstance(found[1], str) and bool(BITS.fullmatch(found[1]))
            raise DataError(
                f"{table}: the column {self.name!r} holds vectors of 0 and 1, such as {str(found[1])[:60]!r} (row "
                f"{found[0]:,}), and nothing says which label is at which position; write one 0/1 column per label"
                + ("; --as-written takes such a cell as a label" if is_bits else "")
            )

    def note_lists(self) -> None:
        """Note cells that are lists, and cells and entries of lists that may say that there is nothing."""
        first = self.column.first
        if listed := self.first(lambda text: text and is_listed(text) and text not in EMPTY_LISTS):
            self.notes.append(
                f"cells of the column {self.name!r} are lists or values as programs print them, such as "
                f"{listed[:60]!r} (row {first[listed]:,}); each entry is read as a label; --as-written takes such a "
                "cell as one label"
            )
        words = ((first[text], _QUOTED_WORD.search(text)) for text in self.column.texts if is_listed(text))
        if told := self.column.word or next(((row, word[1]) for row, word in words if word), None):
            self.notes.append(
                f"{told[1]!r} (row {told[0]:,}) in the column {self.name!r} is one entry of a list and read as a "
                "label; if it means that there is nothing, remove it from the list"
            )
        if nothing := [text for text in self.column.texts if _has_empty_word(text)]:
            times = sum(self.column.texts[text] for text in nothing)
            says = "says" if times == 1 else "say"
            self.notes.append(
                f"{count(times, 'cell')} of the column {self.name!r} {says} that there is nothing, such as "
                f"{nothing[0]!r} (row {first[nothing[0]]:,}), which is read as no label; --as-written takes the word "
                "as a label"
            )

    def note_texts(self) -> None:
        """Note what people, spreadsheets, data frames and web pages may have made of labels."""
        if self.column.fraction:
            row, number = self.column.fraction
            self.notes.append(
                f"the column {self.name!r} holds numbers and no text, such as {number} (row {row:,}), in which 3.1 and "
                "3.10 are the same; if they are labels, read it as text"
            )
        checks: list[tuple[Callable[[str], Any], str]] = [
            (lambda text: text.lower() in UNSURE_WORDS,
             "is read as a label; if it means that nobody knows, write ? in its place, and if no label applies, leave "
             "the cell blank"),
            (has_entity, "is read with '&amp;' and the like as the characters they stand for; --as-written keeps them"),
            (self.is_code_of_nothing,
             "is read as a label; data frames write it where there is none: then make such cells blank"),
        ]  # fmt: skip
        if self.taxonomy == "vienna":
            texts = self.column.said()
            if texts and all(_WHOLE.fullmatch(text) and len(text.removesuffix(".0")) < 3 for text in texts):
                checks.append((bool, CATEGORIES_ONLY))
            checks += [
                (_COMMAS.fullmatch, "is read as several codes; if its commas stand for points, write it with points"),
                (
                    _BLANKS.fullmatch,
                    "is read as several categories; if its blanks stand for points, write it with points",
                ),
                (
                    _DAYS.fullmatch,
                    "may be a date that a spreadsheet made of a code such as 3.1.6; make the column text",
                ),
            ]
        else:
            scored = "is read as one label; if the number is a score, keep the labels that apply, without scores"
            if text := self.first(lambda text: any(map(has_score, _SURE.split(text)))):
                self.tell(next(filter(has_score, _SURE.split(text))), scored)
        for test, told in checks:
            if text := self.first(test):
                self.tell(text, told)

    def is_code_of_nothing(self, text: str) -> bool:
        """Return whether a text is -1 and all others are whole numbers from 0 up, as the codes of categories are."""
        if text.removesuffix(".0") != "-1":
            return False
        texts = {each.removesuffix(".0") for each in self.column.said()}
        return len(texts) > 2 and all(each.isdecimal() or each == "-1" for each in texts)


def _tree_separator(texts: Iterable[str], tree: LabelTree) -> str:
    """Return what separates labels besides the sure separators, so that most cells hold labels of the tree only."""

    def read(mark: str) -> int:
        cells = (cell_entries(text, separator=mark) for text in texts)
        return sum(all(map(tree.find, entries)) for entries in cells)

    return max(("", *DOUBTFUL_SEPARATORS), key=read)


def _has_empty_word(text: str) -> bool:
    return text in EMPTY_LISTS or any(piece.strip().lower() in EMPTY_WORDS for piece in _SURE.split(text))
