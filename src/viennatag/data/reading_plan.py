"""How each row of a table is read, once it is decided which columns are images, labels and subsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from viennatag.data.cells import Truth, cell_entries, cell_text, is_listed, truth_of
from viennatag.data.columns import fold_name, subset_of
from viennatag.data.tables import Row
from viennatag.data.taxonomy import Taxonomy, hierarchy
from viennatag.errors import DataError

SHOWN_NAMES = 20
"""Names of columns that one message shows."""
YES_NO_SUBSETS = {
    "isvalid": ("validation", "train"), "isvalidation": ("validation", "train"), "istest": ("test", "train"),
    "istrain": ("train", "test"),
}  # fmt: skip
"""What yes and no mean in a column that is named by one subset."""


@dataclass(frozen=True)
class Plan:
    """How each row of a table is read.

    Attributes:
        image: Column of the image, empty if there is none.
        labels: Columns of labels, such as `label1` and `label2`; empty if there is one column per label.
        flags: The label of each 0/1 column; empty if there is a column of labels.
        truth: Column that says with 0 or 1 whether the row's label applies, empty if there is none.
        unknown: Column of the labels of which nobody knows whether they apply, empty if there is none.
        split: Column of the subset, and so on for `id`, `group` and `weight`; empty if there is none.
        split_flags: The subset of each column such as `is_train`, if there are several.
        truths: What the cells of 0/1 columns say that do not say it themselves: blanks, and -1 where it means no.
        has_unknown: Whether a cell says that a label is unknown.
        taxonomy: What labels lie below others.
        separator: What separates labels in a cell, besides the sure separators if empty.
        whole: Whether labels are whole numbers that are written with `.0`.
        as_written: See `Reading`.
        unread: Columns that are not read.
        notes: What is not sure, each with an example and the option that decides it.
    """

    image: str
    labels: tuple[str, ...]
    flags: Mapping[str, str]
    truth: str = ""
    id: str = ""
    group: str = ""
    split: str = ""
    weight: str = ""
    unknown: str = ""
    truths: Mapping[Truth, Truth] = field(default_factory=dict)
    has_unknown: bool = False
    taxonomy: Taxonomy = "flat"
    split_flags: Mapping[str, str] = field(default_factory=dict)
    separator: str = ""
    whole: bool = False
    as_written: bool = False
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return in one line which column is read as what."""
        parts = [f"images in {self.image!r}"] if self.image else []
        if self.labels:
            separated = f", separated by {self.separator!r}" if self.separator else ""
            parts.append(f"labels in {', '.join(map(repr, self.labels))}{separated}")
        else:
            parts.append(f"{len(self.flags):,} 0/1 columns of labels")
        roles = ("truth", "unknown", "id", "group", "split", "weight")
        parts += [f"{role} in {column!r}" for role in roles if (column := getattr(self, role))]
        if self.unread:
            parts.append(f"not read: {listed_names(self.unread)}")
        return "; ".join(parts)

    def entries(self, row: Row) -> tuple[str, ...]:
        """Return the entries of a row's labels: codes in any spelling, or flat labels.

        Raises:
            DataError: If a cell cannot be read.
        """
        if self.labels:
            if self.truth and truth_of(cell_text(row.get(self.truth))) != "positive":
                return ()
            return self.stated(row)
        present = []
        for column, label in self.flags.items():
            text = cell_text(row.get(column))
            truth = truth_of(text)
            if truth == "positive":
                present.append(label)
            elif truth is None:
                often = ", however often" if text.isdecimal() else ""
                raise DataError(f"has {text[:40]!r} in column {column!r}; expected 0, or 1 if it applies{often}")
        return tuple(present)

    def unknown_entries(self, row: Row) -> tuple[str, ...]:
        """Return the entries of the labels that are unknown on a row.

        Raises:
            DataError: If a cell cannot be read.
        """
        if not self.has_unknown:
            return ()
        found = self.listed(row.get(self.unknown)) if self.unknown else ()
        if self.truth:
            unknown = self.says(row.get(self.truth)) == "unknown"
            return (*found, *(self.stated(row) if unknown else ()))
        said = {label: self.says(row.get(column)) for column, label in self.flags.items()}
        open_labels = (label for label, truth in said.items() if truth == "unknown")
        return (*found, *(label for label in open_labels if not _denied(label, said, self.taxonomy)))

    def leaves_open(self, row: Row) -> bool:
        """Return whether a `?` among the labels of a row says that nobody knows about those that it does not name."""
        cells = [row.get(name) for name in (*self.labels, self.unknown) if name]
        texts = [cell for cell in cells if isinstance(cell, str) and "?" in cell and not is_listed(cell.strip())]
        return not self.as_written and any("?" in self.listed(text) for text in texts)

    def stated(self, row: Row) -> tuple[str, ...]:
        """Return the entries of the columns of labels, whatever the row says about them."""
        return tuple(entry for name in self.labels for entry in self.listed(row.get(name)))

    def says(self, cell: Any) -> Truth | None:
        """Return what a cell of a 0/1 column says, blanks included."""
        truth = truth_of(cell_text(cell))
        return self.truths.get(truth, truth) if truth else None

    def listed(self, cell: Any) -> tuple[str, ...]:
        """Return the entries of a cell of labels."""
        found = cell_entries(cell, separator=self.separator, as_written=self.as_written)
        return tuple(entry.removesuffix(".0") for entry in found) if self.whole else tuple(found)

    def split_of(self, row: Row) -> str | None:
        """Return the subset of a row, empty for none, None if the word is unknown."""
        if self.split_flags:
            said = {name for column, name in self.split_flags.items() if self.says(row.get(column)) == "positive"}
            return said.pop() if len(said) == 1 else "" if not said else None
        text = cell_text(row.get(self.split)) if self.split else ""
        if truth_of(text) == "blank":
            return ""
        if fold_name(self.split).startswith("is") and (truth := truth_of(text)) is not None:
            named, others = YES_NO_SUBSETS[fold_name(self.split)]
            return named if truth == "positive" else others
        return subset_of(text)


def _denied(label: str, said: Mapping[str, Truth | None], taxonomy: Taxonomy) -> bool:
    """Return whether an ancestor of a label is said to be absent, and so the label too."""
    return any(said.get(above) == "negative" for above in hierarchy(taxonomy).path(label)[:-1])


def listed_names(names: Sequence[str]) -> str:
    """Return names as a message shows them."""
    shown = ", ".join(map(repr, names[:SHOWN_NAMES]))
    return shown + (f" and {len(names) - SHOWN_NAMES:,} more" if len(names) > SHOWN_NAMES else "")
