"""The table of marks: read it, check every row, write it.

One row is one mark: an image and its codes, in one column or as one 0/1 column per label; or several rows of an image
are joined. All problems of a file are reported together, with row numbers.
"""

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from viennatag.data.cells import (
    alike_labels,
    as_printed,
    cell_text,
    image_cell,
    truth_of,
)
from viennatag.data.columns import Reading
from viennatag.data.exclusive_labels import contradiction, still_unknown, unsaid_groups
from viennatag.data.image_names import ImageFinder
from viennatag.data.reading import plan_reading
from viennatag.data.reading_plan import Plan
from viennatag.data.source_files import check_image_folder
from viennatag.data.tables import BROKEN, Row, Table, frame_table, names_columns, open_table
from viennatag.data.taxonomy import LabelTree, Taxonomy, hierarchy, same_label
from viennatag.data.taxonomy_files import find_taxonomy
from viennatag.errors import CodeError, DataError, count, report_problems
from viennatag.files import printable
from viennatag.metrics.results import TabularResult, to_frame

SUBSETS = ("train", "validation", "test")
RESERVED_COLUMNS = ("image", "codes", "id", "group", "split", "weight", "unknown")
_MOST_BAD_ROWS = 1_000_000
_FEW_REPEATS = 0.05
"""Share of images with several rows below which these contradict each other, and are not one row per label."""
_MANY_SINGLE, _SINGLE_SHARE = 20, 0.9
"""Labels on one mark each are told if there are at least this many, and more than this share of all labels."""
_DEFAULT = Reading()


@dataclass(frozen=True, eq=False, repr=False)
class Marks(TabularResult):
    """A table of marks in columns, with one entry per mark.

    Attributes:
        taxonomy: `vienna` if the codes are Vienna codes (canonical spelling), `flat` for any other labels, or a tree
            of one's own.
        images: Paths of the images, relative to a folder that the user names.
        codes: The codes of each mark, distinct and in order.
        ids: A distinct name for each mark.
        groups: Marks of one group are never separated by a split; empty for no group.
        splits: `train`, `validation`, `test`, or empty for no subset yet.
        weights: Weight of each mark in training, positive.
        unknown: For each mark the codes of which nobody knows whether they apply, distinct and in order; empty if none
            is unknown on any mark. They count in no loss, figure, threshold, frequency or subset.
        skipped: Problems of the rows that were left out.
        notes: Readings of the table that are not sure, each with an example and what decides it.
        reading: Which column of the table was read as what.
    """

    taxonomy: Taxonomy
    images: tuple[str, ...]
    codes: tuple[tuple[str, ...], ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    weights: tuple[float, ...]
    skipped: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    reading: str = ""
    unknown: tuple[tuple[str, ...], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if self.unknown and len(self.unknown) != len(self.images):
            raise DataError(
                f"unknown has {len(self.unknown):,} entries for {len(self.images):,} marks; they must match"
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        codes = len({code for codes in self.codes for code in codes})
        named = self.taxonomy if isinstance(self.taxonomy, str) else self.taxonomy.name
        return f"Marks({len(self):,} marks, {codes:,} labels, taxonomy {named!r})"

    def to_dataframe(self) -> Any:
        """Return the marks as a pandas DataFrame with the columns of a marks table; labels are lists.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        columns = {"image": self.images, "codes": list(map(list, self.codes)), "id": self.ids, "group": self.groups,
                   "split": self.splits, "weight": self.weights}  # fmt: skip
        return to_frame(columns | ({"unknown": list(map(list, self.unknown))} if self.unknown else {}))

    def select(self, rows: Iterable[int]) -> "Marks":
        """Return the marks of these rows, in this order."""
        chosen = [int(row) for row in rows]
        columns = ["images", "codes", "ids", "groups", "splits", "weights", *(["unknown"] if self.unknown else [])]
        picked: dict[str, Any] = {name: tuple(map(getattr(self, name).__getitem__, chosen)) for name in columns}
        return replace(self, **picked)

    def readable(self, errors: Mapping[int, str], *, skip_bad: bool) -> "tuple[Marks, list[int]]":
        """Return the marks with readable images, and their rows; the others are listed in `skipped`.

        `errors` are those of unreadable images, by row.

        Raises:
            DataError: If there are errors and `skip_bad` is False, or no image can be read.
        """
        problems = [f"{self.images[row]}: {errors[row]}" for row in sorted(errors)]
        if problems and not skip_bad:
            raise DataError(
                report_problems(f"{len(problems):,} of {len(self):,} images cannot be read", problems)
                + "\nreplace them, or leave them out with --skip-bad (skip_bad=True)"
            )
        rows = [row for row in range(len(self)) if row not in errors]
        if not rows:
            raise DataError("no image can be read, so no mark is left")
        return replace(self.select(rows), skipped=(*self.skipped, *problems)), rows


def read_marks(
    table: Path | str | Table | Any,
    *,
    taxonomy: Taxonomy | Path | str = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    require_images: bool = True,
    require_codes: bool = True,
    reading: Reading = _DEFAULT,
) -> Marks:
    """Return the marks of a CSV, TSV, JSONL or Parquet file, or of a data frame.

    Args:
        table: The file, whose ending gives the format; or what `marks_from_dataframe` takes.
        taxonomy: `vienna`, `flat`, or a tree of one's own: its file, or what `read_taxonomy` gives.
        images: Folder in which each row's image must exist, if given.
        skip_bad: Leave bad rows out, and list them in `Marks.skipped`, instead of raising.
        require_images: Whether a row needs an image.
        require_codes: Whether a row needs a Vienna code, which the word marks of a register lack.
        reading: What is known about the columns and cells; what is not sure is told in `Marks.notes`.

    Raises:
        DataError: If the file cannot be read, has no marks, or has bad rows; it lists all of them.
    """
    if not isinstance(table, Table):
        table = open_table(Path(table)) if isinstance(table, (str, Path)) else frame_table(table)
    taxonomy = find_taxonomy(taxonomy)
    if images is not None:
        check_image_folder(images)
    plan = plan_reading(table, reading, taxonomy, require_images=require_images)
    folder = None if images is None else ImageFinder(Path(images))
    return _Reader(table, plan, reading, taxonomy, folder, require_images, require_codes).marks(skip_bad=skip_bad)


def as_marks(
    marks: "Marks | Path | str | Any",
    *,
    taxonomy: Taxonomy | Path | str = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
) -> Marks:
    """Return marks from whatever holds them: `Marks`, the path of a table, or a data frame of pandas or polars.

    `Marks` are returned as they are; the options are those of `read_marks`.

    Raises:
        DataError: If rows are bad, or `marks` is something else.
    """
    if isinstance(marks, Marks):
        return marks
    if isinstance(marks, (str, Path)):
        checked = images is not None
        return read_marks(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad, require_images=checked)
    if marks is None or isinstance(marks, (int, float, bytes)):
        raise DataError(
            f"marks are a {type(marks).__name__}; expected Marks, the path of a table (CSV, TSV, JSONL, Parquet), or a "
            "data frame of pandas or polars"
        )
    return marks_from_dataframe(marks, taxonomy=taxonomy, images=images, skip_bad=skip_bad)


def marks_from_dataframe(
    frame: Any,
    *,
    taxonomy: Taxonomy | Path | str = "vienna",
    images: Path | str | None = None,
    skip_bad: bool = False,
    reading: Reading = _DEFAULT,
) -> Marks:
    """Return the marks of a data frame of pandas or polars, a lazy one too, of columns by name, or of a list of rows.

    Anything with the Arrow protocol is read as well.

    Raises:
        DataError: As `read_marks`, or if the frame is none of these.
    """
    return read_marks(frame_table(frame), taxonomy=taxonomy, images=images, skip_bad=skip_bad, reading=reading)


def _with_unsaid(mark: "_Mark", labels: Sequence[str]) -> "_Mark":
    """Return a mark whose unknown labels are all of which no row says whether they apply."""
    said = {*mark.codes, *mark.denied}
    return replace(mark, unknown=tuple(label for label in labels if label not in said))


@dataclass(frozen=True, slots=True)
class _Mark:
    """One row that was read."""

    row: int
    image: str
    codes: tuple[str, ...]
    id: str
    group: str
    split: str
    weight: float
    unknown: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    """Labels of which a row says that they do not apply."""
    others_unknown: bool = False
    """Whether nobody knows of all labels that the row does not name."""

    @property
    def key(self) -> str:
        """What rows of one mark share."""
        return self.id or self.image or f"row {self.row}"

    @property
    def others(self) -> tuple[str, str, str, float]:
        """All cells but the labels."""
        return self.image, self.group, self.split, self.weight


@dataclass(frozen=True)
class _Reader:
    """Reads the rows of a table by a plan, and joins and checks them."""

    table: Table
    plan: Plan
    reading: Reading
    taxonomy: Taxonomy
    images: ImageFinder | None
    require_images: bool
    require_codes: bool
    found: dict[str, str] = field(default_factory=dict)

    @property
    def codes_required(self) -> bool:
        """Whether a mark without codes is a mistake: a flat label may be absent, a Vienna code may not."""
        return self.require_codes and self.taxonomy == "vienna"

    def marks(self, *, skip_bad: bool) -> Marks:
        problems: dict[int, str] = {}
        read: list[_Mark] = []
        for number, row in self.table.rows():
            if names_columns(row):
                continue
            wrong: list[str] = []
            mark = self.mark(number, row, wrong)
            if wrong:
                problems[number] = f"row {number:,} " + "; ".join(wrong)
                if len(problems) == _MOST_BAD_ROWS:  # their messages would fill the memory
                    first = [problems[each] for each in sorted(problems)]
                    raise DataError(report_problems(f"{self.table.name}: at least {len(first):,} bad rows", first))
            else:
                read.append(mark)
        notes = list(self.plan.notes)
        marks, joinable = self.join(self.without_row_numbers(read, notes), problems, notes)
        if isinstance(self.taxonomy, LabelTree) and self.require_codes:
            marks = self.settle_groups(marks, self.taxonomy, problems, notes)
        listed = [problems[number] for number in sorted(problems)]
        if listed and (not skip_bad or not marks):
            raise DataError(self.bad_rows(listed, len(listed) + len(marks), joinable=joinable, stay=len(marks)))
        if not marks:
            raise DataError(f"{self.table.name}: no marks in it")
        if joinable:
            told = next(problem for problem in listed if "contradicts it" in problem)
            notes.append(f"rows of one image contradict each other: {told}; --long joins the rows of each image")
        if self.taxonomy == "flat" and not self.reading.as_written:
            marks = _join_spellings(marks, notes)
            _note_alike(marks, notes)
            _note_single(marks, notes)
            if self.plan.unknown:
                _note_only_unknown(marks, self.plan.unknown, notes)
        if self.found:
            name, path = next(iter(self.found.items()))
            notes.append(
                f"{count(len(self.found), 'image')} found under another spelling of the name: {name!r} is "
                f"{printable(path)!r}; correct the table if that is another image"
            )
        columns = zip(*((mark.image, mark.codes, mark.key, *mark.others[1:]) for mark in marks), strict=True)
        images, codes, ids, groups, splits, weights = columns
        unknown = tuple(mark.unknown for mark in marks) if any(mark.unknown for mark in marks) else ()
        return Marks(
            self.taxonomy, images, codes, ids, groups, splits, weights, skipped=tuple(listed), notes=tuple(notes),
            reading=self.plan.describe(), unknown=unknown,
        )  # fmt: skip

    def bad_rows(self, problems: list[str], rows: int, *, joinable: bool, stay: int) -> str:
        """Return the message about bad rows; leaving them out is proposed only where most marks stay."""
        found = f"{count(len(problems), 'bad row')} among {rows:,}"
        ways = ["correct them"] + (["join the rows of each image with --long (long=True)"] if joinable else [])
        if stay > len(problems):
            ways.append(f"leave them out with --skip-bad (skip_bad=True), which keeps {count(stay, 'mark')}")
        elif stay:
            ways.append(f"they are too many to leave out: --skip-bad (skip_bad=True) would keep {stay:,} of {rows:,}")
        for told, column in (
            ("has the split", self.plan.split), ("has the weight", self.plan.weight), ("repeats the id", self.plan.id)
        ):  # fmt: skip
            if column and 2 * sum(told in each for each in problems) > len(problems):
                what = told.rpartition(" ")[2]
                ways.append(f"if the column {column!r} is no {what}, leave it out with --ignore {shlex.quote(column)}")
        absent = "names an image that is not there"
        if self.images is not None and 2 * sum(absent in each for each in problems) > rows:
            there = self.images.images
            shown = f"{count(len(there), 'image')}, such as {printable(there[0])!r}" if there else "no image"
            ways.append(f"name another folder with --images: {self.images.folder} holds {shown}")
        advice = ", or ".join(ways)
        foreign = 2 * sum("is not a Vienna code" in each for each in problems) > rows
        if foreign:
            advice += (
                "; labels that are no Vienna codes are read with --taxonomy flat (taxonomy='flat'), and by a bundle "
                "that has learned such labels"
            )
        return report_problems(f"{self.table.name}: {found}", problems, limit=3 if foreign else 20) + "\n" + advice

    def mark(self, number: int, row: Row, wrong: list[str]) -> _Mark:
        """Return one row; what is wrong with it is added to `wrong`."""
        plan = self.plan
        if BROKEN in row:
            wrong.append(row[BROKEN])
            return _Mark(number, "", (), "", "", "", 1.0)
        image = self.image(row, wrong)
        codes: tuple[str, ...] = ()
        unknown: tuple[str, ...] = ()
        denied: tuple[str, ...] = ()
        others_unknown = False
        try:
            others_unknown = plan.leaves_open(row)
            codes, unknown = (
                self.ordered(entry for entry in entries if not (others_unknown and entry == "?"))
                for entries in (plan.entries(row), plan.unknown_entries(row))
            )
            denied = self.ordered(plan.stated(row)) if plan.truth and not (codes or unknown) else ()
            if self.reading.blank == "unknown" and plan.labels and not (plan.truth or codes or unknown):
                others_unknown = True
        except (CodeError, DataError) as exc:
            wrong.append(str(exc))
        else:
            if self.codes_required and not (codes or unknown or others_unknown or plan.truth):
                wrong.append("has no codes")
            if both := set(codes) & set(unknown):
                wrong.append(f"has {min(both)!r} as a label and says that it is unknown")
        split = plan.split_of(row)
        if split is None:
            told = cell_text(row.get(plan.split))
            wrong.append(f"has the split {told!r}; expected one of {', '.join(SUBSETS)}, or nothing")
        name = cell_text(row.get(plan.id)) if plan.id and plan.id != plan.image else ""
        group = cell_text(row.get(plan.group)) if plan.group else ""
        weight = _weight(row.get(plan.weight) if plan.weight else None, wrong)
        return _Mark(number, image, codes, name, group, split or "", weight, unknown, denied, others_unknown)

    def ordered(self, entries: Iterable[str]) -> tuple[str, ...]:
        """Return the distinct codes or labels that entries spell, in order."""
        return hierarchy(self.taxonomy).read_labels(entries)

    def image(self, row: Row, wrong: list[str]) -> str:
        cell = row.get(self.plan.image) if self.plan.image else None
        if isinstance(cell, (bytes, bytearray)) or hasattr(cell, "tobytes") or hasattr(cell, "read"):
            wrong.append(f"has a {type(cell).__name__} where the name of an image is expected")
            return ""
        name = cell_text(image_cell(cell)[1] if isinstance(cell, dict) else cell)  # {"path": "a.png"}
        name = as_printed(name) if truth_of(name) != "blank" else ""  # b'a.png'
        if len(name) > 2 and name[0] == name[-1] == "'":
            name = name[1:-1]
        if name and name == self.plan.image:
            wrong.append(f"names columns and no image ({name!r}); if another table begins there, make a file of it")
        if not name:
            if self.require_images:
                wrong.append("names no image")
            return ""
        if "://" not in name:  # ./a.png is a.png
            name = "/".join(part for at, part in enumerate(name.split("/")) if part != "." and (part or not at))
        if self.images is None:
            return name
        try:
            path = self.images.find(name)
        except DataError as exc:
            wrong.append(str(exc))
            return ""
        if path is None:
            wrong.append(f"names an image that is not there: {printable(name)!r}")
            return ""
        if path != name:
            self.found[name] = path
        return path

    def without_row_numbers(self, read: list[_Mark], notes: list[str]) -> list[_Mark]:
        """Return the rows without ids where ids number the rows of a table with one row per image and label."""
        by_image: dict[str, dict[tuple[str, ...], _Mark]] = {}
        for mark in read:
            if mark.id and mark.image:
                by_image.setdefault(mark.image, {}).setdefault(mark.codes, mark)
        several = {image: list(rows.values()) for image, rows in by_image.items() if len(rows) > 1}
        if not several or self.reading.long is False:
            return read
        numbered = len({mark.id for mark in read}) == len(read) and all(mark.id.isdecimal() for mark in read)
        if self.reading.long or (numbered and self.is_long(read, several, len(by_image))):
            return [replace(mark, id="") for mark in read]
        image, (one, other, *_) = next(iter(several.items()))
        notes.append(
            f"{count(len(several), 'image')} with several ids and other labels for each, such as {printable(image)} "
            f"with {one.id!r} (row {one.row:,}) and {other.id!r} (row {other.row:,}), are read as a mark for each id; "
            "--long joins the rows of an image, --no-long says that it is meant so"
        )
        return read

    def join(self, read: list[_Mark], problems: dict[int, str], notes: list[str]) -> tuple[list[_Mark], bool]:
        """Return one mark for each key, and whether rows contradict each other that --long would join."""
        by_key: dict[str, list[_Mark]] = {}
        for mark in read:
            by_key.setdefault(mark.key, []).append(mark)
        distinct: dict[str, list[_Mark]] = {}
        repeats: list[tuple[_Mark, _Mark]] = []
        for key, rows in by_key.items():
            seen: dict[tuple[Any, ...], _Mark] = {}
            for mark in rows:
                first = seen.setdefault((mark.codes, mark.unknown, mark.denied, mark.others), mark)
                if first is not mark:
                    repeats.append((first, mark))
            distinct[key] = list(seen.values())
        several = {key: rows for key, rows in distinct.items() if len(rows) > 1}
        same = {key: rows for key, rows in several.items() if len({mark.others for mark in rows}) == 1}
        long = self.is_long(read, same, len(distinct))
        if repeats and not self.plan.truth:
            first, again = repeats[0]
            notes.append(
                f"{len(repeats):,} row{'s are' if len(repeats) > 1 else ' is'} an exact repeat of an earlier one and "
                f"joined with it, such as row {again.row:,} with row {first.row:,} ({printable(again.key)})"
            )
        if long and same and self.reading.long is None:
            notes.append(self.long_note(same))
        kept = []
        for key, rows in distinct.items():
            if len(rows) == 1:
                kept.append(rows[0])
            elif long and key in same:
                codes = {code for mark in rows for code in mark.codes}
                unknown = {code for mark in rows for code in mark.unknown} - codes  # some row knows it
                denied = tuple(code for mark in rows for code in mark.denied)
                whole = replace(rows[0], others_unknown=any(mark.others_unknown for mark in rows))
                kept.append(replace(whole, codes=self.ordered(codes), unknown=self.ordered(unknown), denied=denied))
            else:
                for mark in rows:
                    problems[mark.row] = self.contradiction(mark, rows)
        open_rows = [mark.row for mark in kept if mark.others_unknown]
        unsaid = bool(self.plan.truth) and self.reading.blank == "unknown"
        if unsaid or open_rows:
            known = self.ordered({code for mark in kept for code in (*mark.codes, *mark.unknown, *mark.denied)})
            kept = [_with_unsaid(mark, known) if unsaid or mark.others_unknown else mark for mark in kept]
        if open_rows:
            what = "? or nothing" if self.reading.blank == "unknown" else "?"
            notes.append(
                f"{what} among the labels of {count(len(open_rows), 'mark')} says that all labels that are not named "
                f"are unknown, the first in row {open_rows[0]:,}; --as-written takes ? as a label"
            )
        if self.plan.truth and self.codes_required:
            for mark in [mark for mark in kept if not (mark.codes or mark.unknown)]:
                problems[mark.row] = f"row {mark.row:,} has no codes"
            kept = [mark for mark in kept if mark.codes or mark.unknown]
        return kept, bool(same) and not long

    def settle_groups(
        self, marks: list[_Mark], tree: LabelTree, problems: dict[int, str], notes: list[str]
    ) -> list[_Mark]:
        """Return marks with no two labels of one group; where one must apply and none is named, all are unknown."""
        kept: list[_Mark] = []
        first, times = dict[str, int](), Counter[str]()
        for mark in marks:
            if told := contradiction(mark.codes, tree):
                problems[mark.row] = f"row {mark.row:,} {told}"
                continue
            unknown = still_unknown(mark.codes, mark.unknown, tree)
            unsaid = unsaid_groups(mark.codes, unknown, tree)
            for group in unsaid:
                first.setdefault(group, mark.row)
                times[group] += 1
            open_labels = [label for group in unsaid for label in tree.members[group]]
            unknown = self.ordered((*unknown, *open_labels)) if unsaid else unknown
            kept.append(mark if unknown == mark.unknown else replace(mark, unknown=unknown))
        for group, row in first.items():
            verb = "has" if times[group] == 1 else "have"
            notes.append(
                f"{count(times[group], 'mark')} {verb} no label of the group {group!r}, of which exactly one applies, "
                f"the first in row {row:,}: there it is unknown; if none may apply, give the group the rule at-most-one"
            )
        return kept

    def is_long(self, read: list[_Mark], same: Mapping[str, Sequence[_Mark]], marks: int) -> bool:
        """Return whether rows are those of a table with one row per image and label."""
        if self.reading.long is not None:
            return self.reading.long
        if self.plan.truth:
            return True
        single = bool(self.plan.labels) and all(len(mark.codes) <= 1 for mark in read)
        return single and len(same) >= _FEW_REPEATS * marks

    def long_note(self, same: Mapping[str, Sequence[_Mark]]) -> str:
        key, rows = next(iter(same.items()))
        shown = ", ".join(f"{(mark.codes or ('no label',))[0]!r} (row {mark.row:,})" for mark in rows[:3])
        return (
            f"{count(len(same), 'image')} with several rows are read as one row per image and label: {printable(key)} "
            f"is {shown}; if such rows contradict each other: --no-long"
        )

    def contradiction(self, mark: _Mark, rows: Sequence[_Mark]) -> str:
        other = rows[0] if mark is not rows[0] else rows[1]
        if mark.image != other.image:
            return f"row {mark.row:,} repeats the id {mark.id!r} of row {other.row:,}"
        names = ("image", "group", "split", "weight")
        differing = [f"{name} {a!r}" for name, a, b in zip(names, mark.others, other.others, strict=True) if a != b]
        told = ", ".join(differing) or f"the codes {'; '.join(mark.codes) or '(none)'}"
        what = f"repeats the id {mark.id!r}" if mark.id else f"repeats the image {printable(mark.image)!r}"
        return f"row {mark.row:,} {what} of row {other.row:,} and contradicts it: {told}"


def _join_spellings(marks: list[_Mark], notes: list[str]) -> list[_Mark]:
    """Return marks whose labels have one spelling each: of those that differ in case or form, the most frequent."""
    counts = Counter(code for mark in marks for code in mark.codes)
    counts.update(dict.fromkeys((code for mark in marks for code in mark.unknown if code not in counts), 0))
    spellings: dict[str, list[str]] = {}
    for label in counts:
        spellings.setdefault(same_label(label), []).append(label)
    chosen = {
        label: max(found, key=lambda each: counts[each])
        for found in spellings.values()
        if len(found) > 1
        for label in found
    }
    if not chosen:
        return marks
    label, kept = next((label, kept) for label, kept in chosen.items() if label != kept)
    joined_labels = len(chosen) - len(set(chosen.values()))
    differ, are = ("differs", "is") if joined_labels == 1 else ("differ", "are")
    notes.append(
        f"{count(joined_labels, 'label')} {differ} from another one in case or Unicode form only and "
        f"{are} joined with it, such as {label!r} ({counts[label]:,}) with {kept!r} ({counts[kept]:,}); --as-written "
        "keeps them apart"
    )

    def joined(labels: Iterable[str]) -> set[str]:
        return {chosen.get(label, label) for label in labels}

    return [
        replace(
            mark,
            codes=tuple(sorted(codes := joined(mark.codes))),
            unknown=tuple(sorted(joined(mark.unknown) - codes)),
        )
        for mark in marks
    ]


def _note_alike(marks: Sequence[_Mark], notes: list[str]) -> None:
    """Note labels that are kept apart and may be one, because a person or a program wrote them in two ways."""
    if pairs := alike_labels({code for mark in marks for code in (*mark.codes, *mark.unknown)}):
        one, other = pairs[0]
        more = f", and {count(len(pairs) - 1, 'label')} more like this" if len(pairs) > 1 else ""
        notes.append(f"{one!r} and {other!r} are read as two labels{more}; if they are one, write them in one way")


def _note_only_unknown(marks: Sequence[_Mark], column: str, notes: list[str]) -> None:
    """Note labels that no mark carries, in the column of labels of which nobody knows."""
    known = {code for mark in marks for code in mark.codes}
    if mark := next((mark for mark in marks if not known.issuperset(mark.unknown)), None):
        label = next(label for label in mark.unknown if label not in known)
        notes.append(
            f"{label[:60]!r} (row {mark.row:,}) in the column {column!r} is unknown there, and on no mark a label"
        )


def _note_single(marks: Sequence[_Mark], notes: list[str]) -> None:
    """Note that nearly all labels are on one mark only, as numbers, texts and names of marks are."""
    counts = Counter(code for mark in marks for code in mark.codes)
    single = [label for label, times in counts.items() if times == 1]
    if len(single) >= _MANY_SINGLE and len(single) > _SINGLE_SHARE * len(counts):
        notes.append(
            f"{len(single):,} of {len(counts):,} labels are on one image only, such as {single[0][:60]!r}; if they are "
            "no labels, name the column of labels: --label-column NAME"
        )


def _weight(value: Any, wrong: list[str]) -> float:
    if truth_of(cell_text(value)) == "blank":
        return 1.0
    try:
        weight = float(value)
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if not (weight > 0 and math.isfinite(weight)):
        wrong.append(f"has the weight {value!r}; expected a positive number, such as 1.5")
    return weight
