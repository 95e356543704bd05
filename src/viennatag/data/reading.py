"""Decide how a table is read: which columns are images, labels and subsets.

All columns are looked over first. Where a reading is not sure, a note says which one was taken, with an example and the
option that decides it. What cannot be a label is named once, by column.
"""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from viennatag.data import columns
from viennatag.data.cells import Truth, cell_entries, is_listed, normal_label, truth_of
from viennatag.data.column import Column
from viennatag.data.columns import Reading, columns_named, fold_name, is_index_name, subset_of
from viennatag.data.label_cells import CATEGORIES_ONLY, LabelCells
from viennatag.data.reading_plan import SHOWN_NAMES, YES_NO_SUBSETS, Plan, listed_names
from viennatag.data.tables import BROKEN, Table, names_columns
from viennatag.data.taxonomy import LabelTree, Taxonomy
from viennatag.errors import CodeError, DataError, count, report_problems
from viennatag.vienna.codes import parse_code

_STEMS = frozenset(map(fold_name, columns.LABEL_NAMES))
_DOUBLED = re.compile(r"(.+?)(\.\d+|_duplicated_\d+)")
_FRACTION = re.compile(r"0?[.,]\d+|[01]([.,]0*)?")
_FEW_WORDS, _LONGEST_NAME = 4, 100
_LIKE_LABELS = re.compile(r"label|class|categ|tag|code|finding|diagnos|genre|breed|species|annotation|^dx$")
_UNLIKE_LABELS = re.compile(
    r"(id|ids|no|nr|number|date|time|timestamp|year|age|sex|gender|url|width|height|size|name)$"
)
_NO_IMAGES = re.compile(r"mask|thumb|segm|annot|depth|label|preview")
"""Names of columns with files that are not the images themselves."""
_NUMBER_AT_END = re.compile(r"(?<=\w)(duplicated)?\W*\d+\W*$")
"""What stands behind the name of a column that is counted, as in `label2`, `label.1` and `labels[0]`."""
_NUMBERED = re.compile(r"(id|idx|index|number|no)$")


def plan_reading(table: Table, reading: Reading, taxonomy: Taxonomy, *, require_images: bool = True) -> Plan:
    """Return how a table is read, after a look at all its cells.

    Raises:
        DataError: If no column names the image or the labels, or columns cannot be labels; all of these are named.
    """
    return _Planner(table, reading, taxonomy, require_images).plan()


class _Planner:
    def __init__(self, table: Table, reading: Reading, taxonomy: Taxonomy, require_images: bool) -> None:
        self.table, self.reading, self.taxonomy = table, reading, taxonomy
        self.require_images = require_images
        self.columns: dict[str, Column] = {}
        self.notes: list[str] = []
        self.names_images = False
        repeated: list[int] = []
        for number, row in table.rows():
            if BROKEN in row:
                continue
            if names_columns(row):
                repeated.append(number)
                continue
            for name, value in row.items():
                self.columns.setdefault(name, Column()).add(number, value)
        if repeated:
            verb = _verb(len(repeated), "repeats the names of the columns and is", "repeat the names and are")
            self.notes.append(f"{count(len(repeated), 'row')} {verb} passed over, such as row {repeated[0]:,}")
        for option, names in (("--ignore", reading.ignore), ("--label-column", reading.label_columns)):
            self.check_named(option, names)
        if reading.image_column:
            self.check_named("--image-column", [reading.image_column])
            if reading.image_column in reading.label_columns:
                raise DataError(
                    f"{table.name}: --image-column and --label-column name one column, {reading.image_column!r}"
                )
        self.names = [name for name in self.columns if name not in set(reading.ignore)]

    def check_named(self, option: str, names: Sequence[str]) -> None:
        """Raise if an option names a column that the table lacks; `--ignore` may name one of another table."""
        missing = [name for name in names if name not in self.columns]
        if missing and self.columns and option != "--ignore":
            raise DataError(f"{self.table.name}: {option} {missing[0]}: no such column; {self.found()}")

    def named(self, names: Sequence[str], used: Collection[str]) -> list[str]:
        """Return the columns that have one of some names, without those that are something else already."""
        return columns_named([name for name in self.names if name not in used], names)

    def found(self) -> str:
        return f"the columns are {listed_names(tuple(self.columns))}"

    def plan(self) -> Plan:
        if not self.columns:
            return Plan("", (), {})
        image = self.image_column()
        self.names_images = bool(image)
        labels = self.label_columns(image)
        used = {image, *labels} - {""}
        if labels:
            roles = self.roles(used, binary_are_labels=False)
            truth = self.truth_column(used | set(roles.values()))
            self.note_scores(used)
            flags: dict[str, str] = {}
        else:
            chosen = self.reading.label_columns
            roles = self.roles({*used, *chosen}, binary_are_labels=True)
            truth, flags = "", self.flag_columns(chosen, used | set(roles.values()))
        truths, has_unknown = self.unknown([*flags, *([truth] if truth else [])])
        first = labels[0] if labels else ""
        cells = LabelCells(first, self.columns[first], self.reading, self.taxonomy, self.notes) if labels else None
        separator = cells.separator(self.table.name) if cells else ""
        split_flags = self.split_flags(roles.get("split", ""))
        read = {image, *labels, truth, *flags, *roles.values(), *split_flags}
        self.note_unread_subsets(read)
        unread = tuple(name for name in self.columns if name not in read)
        return Plan(
            image, labels, flags, truth, truths=truths, has_unknown=has_unknown or "unknown" in roles,
            taxonomy=self.taxonomy, separator=separator,
            split_flags=split_flags, whole=cells is not None and cells.is_whole(), as_written=self.reading.as_written,
            unread=unread, notes=tuple(self.notes), **roles,
        )  # fmt: skip

    def image_column(self) -> str:
        """Return the column of images, empty if there is none and none is needed; what is not sure is noted."""
        if self.reading.image_column:
            return self.reading.image_column
        names = [name for name in self.names if name not in self.reading.label_columns]
        named = columns_named(names, columns.IMAGE_NAMES)
        named = [name for name in named if not self.columns[name].is_binary()] or named
        files = [name for name in names if name not in named and self.columns[name].names_files()]
        files = [name for name in files if not _NO_IMAGES.search(name.lower())]
        ids = columns_named(self.names, (*columns.ID_NAMES, *columns.NUMBER_NAMES)) if self.require_images else []
        chosen = (named or files[:1] * (len(files) == 1) or ids or [""])[0]
        if not chosen and self.require_images:
            raise DataError(f"{self.table.name}: {self.no_images(files)}")
        if not chosen:
            return ""
        if named and self.columns[chosen].listed:
            self.check_image_cells(chosen)
            return chosen
        told = ""
        if len(named) > 1 and chosen != "image":
            rest = ", ".join(map(repr, named[1:4]))
            told = f"; {rest} also could: --image-column {shlex.quote(named[1])}"
        elif named and files and not self.columns[chosen].names_files():
            told = f"; {files[0]!r} holds names of image files: --image-column {shlex.quote(files[0])}"
        elif not named:
            shown = next(iter(self.columns[chosen].texts), "")
            why = f", as it holds names of image files such as {shown!r}" if chosen in files else ""
            told = f"{why}; another one: --image-column NAME"
        if told:
            self.notes.append(f"images are named by the column {chosen!r}{told}")
        return chosen

    def no_images(self, files: Sequence[str]) -> str:
        """Return what to do where no column names images, or several hold names of image files."""
        self.refuse_taken(columns.IMAGE_NAMES, "--image-column")
        if files:
            ways = ", or ".join(f"--image-column {shlex.quote(name)}" for name in files[:5])
            return f"no column 'image', and several that hold names of image files; choose one of them: {ways}"
        if len(self.columns) == 1 and Path(self.table.name).suffix.lower() in {".csv", ".tsv"}:
            return (
                f"there is one column, {next(iter(self.columns))[:60]!r}, and none of images; columns are separated by "
                "a comma, a semicolon, a tab or |"
            )
        known = ", ".join(columns.IMAGE_NAMES[:6])
        return (
            f"no column 'image', and none that is known to name images (such as {known}); {self.found()}; name it with "
            "--image-column NAME"
        )

    def check_image_cells(self, name: str) -> None:
        """Raise unless the objects in a column of images hold paths."""
        row, value = self.columns[name].listed or (0, None)
        if isinstance(value, dict) and isinstance(value.get("path"), str) and not value.get("bytes"):
            return
        if isinstance(value, dict) and "bytes" in value:
            raise DataError(
                f"{self.table.name}: the column {name!r} holds image files themselves; bring them in with: viennatag "
                "import hf-parquet"
            )
        raise DataError(f"{self.table.name}: row {row:,} has a list in the column {name!r} of images")

    def refuse_taken(self, names: Sequence[str], option: str) -> None:
        """Raise if the column that is missed is there, and an option says that it is something else."""
        for column in columns_named(list(self.columns), names):
            for said, taken in (
                ("--ignore", self.reading.ignore),
                ("--label-column", self.reading.label_columns),
                ("--image-column", [self.reading.image_column]),
            ):
                if column in taken:
                    raise DataError(
                        f"{self.table.name}: {said} {shlex.quote(column)} takes the column away that is needed here; "
                        f"leave it out, or name another one with {option} NAME"
                    )

    def refuse_spread_codes(self) -> None:
        """Raise if categories and divisions of Vienna codes are columns of their own."""
        stems = {fold_name(name).removeprefix("vienna"): name for name in self.names}
        spread = [stems[level] for level in ("category", "division", "section") if level in stems]
        if self.taxonomy == "vienna" and {"category", "division"} <= set(stems) and not self.reading.label_columns:
            raise DataError(
                f"{self.table.name}: the columns {', '.join(map(repr, spread))} hold the parts of a code; write each "
                "code as one, such as 3.1.6, in a column 'codes'"
            )

    def label_columns(self, image: str) -> tuple[str, ...]:
        """Return the columns of labels, none if there is one 0/1 column per label."""
        chosen = tuple(self.reading.label_columns)
        if chosen and (self.reading.as_written or (len(chosen) == 1 and self.columns[chosen[0]].names_classes())):
            return chosen
        if chosen:
            flags = [name for name in chosen if self.is_flag(name)]
            texts = [name for name in chosen if name not in flags]
            if flags and texts:
                raise DataError(
                    f"{self.table.name}: --label-column names columns of two kinds: {flags[0]!r} holds yes and no, and "
                    f"{texts[0]!r} labels; name those of one kind, or take 0 and 1 as labels with --as-written"
                )
            return () if flags else chosen
        named = [name for name in columns_named(self.names, columns.LABEL_NAMES) if name != image]
        texts = [name for name in named if self.columns[name].names_classes() or self.reading.as_written]
        texts = [name for name in texts if not self.columns[name].is_blank()] or texts
        first = "codes" if "codes" in named else texts[0] if texts else ""
        numbered = self.numbered_columns()
        if numbered and (not first or first in numbered):
            shown = ", ".join(map(repr, numbered[:5]))
            self.notes.append(
                f"labels are those of the {len(numbered):,} columns {shown}; another choice: --label-column "
                f"{shlex.quote(numbered[0])}, repeated for each"
            )
            return numbered
        if first == "codes":
            return (first,)
        self.refuse_spread_codes()
        if named and not texts:
            shown = ", ".join(map(repr, list(self.columns[named[0]].texts)[:2]))
            self.notes.append(
                f"the column {named[0]!r} holds only yes and no (such as {shown}), so 1 means that the label "
                f"{named[0]!r} applies; --as-written takes its cells as labels"
            )
        if others := [name for name in texts[1:] if not _NUMBERED.search(fold_name(name))]:
            self.notes.append(
                f"labels are those of the column {texts[0]!r}; {', '.join(map(repr, others[:3]))} could hold "
                f"labels too: --label-column {shlex.quote(others[0])}"
            )
        return tuple(texts[:1])

    def numbered_columns(self) -> tuple[str, ...]:
        """Return columns of labels that are counted, such as `label1` and `label2`, or `label` and `label_2`."""
        texts = [name for name in self.names if len(name) < _LONGEST_NAME and not self.is_flag(name)]
        stems = {name: _NUMBER_AT_END.sub("", fold_name(name)) for name in texts}
        counted = {stem for name, stem in stems.items() if stem in _STEMS and stem != fold_name(name)}
        found = tuple(name for name in texts if stems[name] in counted)
        return found if len(found) > 1 else ()

    def roles(self, used: set[str], *, binary_are_labels: bool) -> dict[str, str]:
        """Return the columns that are no labels; in a 0/1 table a 0/1 column of such a name is a label."""
        found = {}
        id_names = columns.ID_NAMES if self.names_images else (*columns.ID_NAMES, *columns.NUMBER_NAMES)
        for role, names in (
            ("id", id_names), ("group", columns.GROUP_NAMES), ("split", columns.SPLIT_NAMES),
            ("weight", columns.WEIGHT_NAMES), ("unknown", columns.UNKNOWN_NAMES),
        ):  # fmt: skip
            for name in self.named(names, used):
                column = self.columns[name]
                words = fold_name(name).startswith("is")
                said = column.said()
                names_subsets = bool(said) and all(map(subset_of, said))
                if role == "split" and name != "split" and not words and not names_subsets:
                    continue
                truths = column.truths()
                if role == "unknown" and column.is_binary() and (truths["positive"] or truths["negative"]):
                    continue
                both = column.is_binary() and truths["positive"] and truths["negative"]
                if binary_are_labels and not words and both and not (role == "id" and column.counts_rows()):
                    self.notes.append(
                        f"the column {name!r} holds only yes and no, so it is read as the label {name!r} and not "
                        f"as the {role} of a mark; if it is no label: --ignore {shlex.quote(name)}"
                    )
                    break
                found[role] = name
                if role == "split":
                    self.note_split(name)
                break
        return found

    def split_flags(self, split: str) -> dict[str, str]:
        """Return the columns such as `is_train` and `is_test`, if there are several, with the subset of each."""
        found = {
            name: YES_NO_SUBSETS[fold_name(name)][0]
            for name in self.names
            if fold_name(name) in YES_NO_SUBSETS and self.columns[name].is_binary()
        }
        if split not in found or len(found) < 2:
            return {}
        self.notes.append(
            f"the columns {', '.join(map(repr, found))} are read together as the subset of a mark; a row with no yes "
            "is in no subset yet"
        )
        return found

    def note_unread_subsets(self, read: set[str]) -> None:
        """Note the columns that are named like a subset and hold other words."""
        for name in self.named(columns.SPLIT_NAMES, read):
            column = self.columns[name]
            if column.is_blank() or fold_name(name).startswith("is") or column.listed:
                continue
            why = "another column states it"
            if text := next((text for text in column.said() if not subset_of(text)), ""):
                why = f"{text[:40]!r} (row {column.first[text]:,}) names none; write train, validation or test in it"
            self.notes.append(f"the column {name!r} is not read as the subset, because {why}")

    def note_split(self, name: str) -> None:
        """Note what yes and no mean in a column such as `is_train`, where the other subset is not named."""
        flags = [each for each in self.names if fold_name(each) in YES_NO_SUBSETS and self.columns[each].is_binary()]
        if len(flags) == 1 and fold_name(name) in YES_NO_SUBSETS and self.columns[name].is_binary():
            yes, no = YES_NO_SUBSETS[fold_name(name)]
            self.notes.append(
                f"yes in the column {name!r} is read as the subset {yes!r} and no as {no!r}; --ignore "
                f"{shlex.quote(name)} leaves it out"
            )

    def truth_column(self, used: set[str]) -> str:
        """Return the column that says whether the label of a row applies, as Open Images has it."""
        for name in self.named(columns.TRUTH_NAMES, used):
            column = self.columns[name]
            if self.reading.long is not False and not column.is_blank():
                if column.is_binary():
                    self.notes.append(
                        f"rows with 0 in the column {name!r} say that their label does not apply; --ignore "
                        f"{shlex.quote(name)} reads their labels too"
                    )
                    if not self.reading.blank:
                        self.notes.append(
                            "a label without a row for an image is read as absent; if nobody looked for it: --blank "
                            "unknown (and --blank absent if somebody did)"
                        )
                    return name
                if fold_name(name) == "confidence":
                    row, shown = column.strange()
                    raise DataError(
                        f"{self.table.name}: the column {name!r} holds {str(shown)[:20]!r} (row {row:,}), "
                        f"which is neither 0 nor 1, so it is not sure which labels apply; make it 0 or 1, or read "
                        f"every label with --ignore {shlex.quote(name)}"
                    )
        return ""

    def note_scores(self, used: set[str]) -> None:
        """Note that rows state scores, as those of predictions do, and that all of their labels are read."""
        for name in self.named(columns.SCORE_NAMES, used):
            column = self.columns[name]
            if text := next((text for text in column.texts if _FRACTION.fullmatch(text) and text not in "10"), ""):
                self.notes.append(
                    f"labels are read whatever the column {name!r} holds, such as {text} (row {column.first[text]:,}); "
                    "if they are predictions, keep the rows whose label applies"
                )

    def flag_columns(self, chosen: Sequence[str], used: set[str]) -> dict[str, str]:
        """Return the label of each 0/1 column."""
        names = list(chosen) or [name for name in self.names if name not in used and not self.is_index(name)]
        if not names:
            self.refuse_taken(columns.LABEL_NAMES, "--label-column")
            raise DataError(
                f"{self.table.name}: no column 'codes' or 'labels' and no 0/1 column per label; {self.found()}; name "
                "the column of labels with --label-column NAME"
            )
        wrong = [name for name in names if not self.is_flag(name)]
        labels = {name: name for name in names}
        if self.taxonomy == "vienna":
            labels = self.code_columns([name for name in names if name not in wrong], names, bool(chosen))
            wrong = [name for name in wrong if name in labels]
        elif isinstance(self.taxonomy, LabelTree):
            labels = self.tree_columns(self.taxonomy, names, {*names} - {*wrong}, bool(chosen))
            wrong = [name for name in wrong if name in labels]
        if wrong:
            raise DataError(self.no_labels(wrong, len(names)))
        if not chosen:
            self.note_flags(list(labels))
        return labels

    def note_flags(self, names: list[str]) -> None:
        """Note 0/1 columns that may be no labels: a fold, or a doubled column as pandas and polars name it."""
        for name in (*columns_named(names, columns.DOUBTFUL_FLAGS), *filter(subset_of, names)):
            self.notes.append(
                f"the column {name!r} holds only yes and no, so it is read as the label {name!r}; if it is no label: "
                f"--ignore {shlex.quote(name)}"
            )
        known = set(names)
        doubled = [(found[1], name) for name in names if (found := _DOUBLED.fullmatch(name)) and found[1] in known]
        if doubled:
            first, name = doubled[0]
            ways = " ".join(f"--ignore {shlex.quote(other)}" for _, other in doubled[:SHOWN_NAMES])
            self.notes.append(
                f"the columns {first!r} and {name!r} are read as two labels; if a table named {first!r} twice: {ways}"
            )

    def code_columns(self, flags: list[str], names: list[str], chosen: bool) -> dict[str, str]:
        """Return the code of each column that is named by one."""
        labels, others, first = {}, [], None
        for name in names:
            try:
                labels[name] = str(parse_code(name))
            except CodeError as exc:
                first = first or exc
                others.append(name)
        if not labels or (chosen and others):
            flat = [name for name in others if name in flags]
            way = (
                "use --taxonomy flat for labels that are not Vienna codes"
                if flat
                else ("name the column of labels with --label-column NAME")
            )
            raise DataError(
                f"{self.table.name}: no column 'codes' or 'labels', and a column is not named by a code: {first}; {way}"
            )
        if all(code.isdecimal() for code in labels.values()):
            self.notes.append(f"the column {next(iter(labels))!r} {CATEGORIES_ONLY}")
        if others:
            self.notes.append(
                f"columns that are named by no code are not read: {listed_names(tuple(others))}; --taxonomy flat reads "
                "labels of any kind"
            )
        return labels

    def tree_columns(self, tree: LabelTree, names: list[str], flags: set[str], chosen: bool) -> dict[str, str]:
        """Return the label of each column that is named by one; a 0/1 column of another name is a mistake."""
        labels, others, problems = dict[str, str](), list[str](), list[str]()
        for name in names:
            try:
                (labels[name],) = tree.read_labels([normal_label(name)])
            except DataError as exc:
                others.append(name)
                if name in flags or chosen:
                    problems.append(f"the header {exc}")
        if problems:
            left_out = " ".join(f"--ignore {shlex.quote(name)}" for name in others[:SHOWN_NAMES])
            what = f"{count(len(problems), 'column')} named by no label of the taxonomy {tree}"
            raise DataError(
                report_problems(f"{self.table.name}: {what}", problems) + f"\ncorrect one of the two, or: {left_out}"
            )
        if not labels:
            raise DataError(
                f"{self.table.name}: no column 'codes' or 'labels', and none is named by a label of the taxonomy "
                f"{tree}; {self.found()}; name the column of labels with --label-column NAME"
            )
        if others:
            self.notes.append(f"columns that are named by no label are not read: {listed_names(tuple(others))}")
        return labels

    def is_index(self, name: str) -> bool:
        """Return whether a column is a data frame's index, which is no label."""
        if not is_index_name(name):
            return False
        column = self.columns[name]
        if name == "index" and not column.counts_rows() and column.is_binary():
            return False
        if not column.is_blank():
            shown = next(iter(column.texts), "")
            called = f"the column {name!r}" if name else "the column without a name"
            self.notes.append(f"{called} (such as {shown!r}) is the index of a data frame and no label")
        return True

    def is_flag(self, name: str) -> bool:
        """Return whether a column is one of 0 and 1; single cells of other content are left to the rows."""
        column = self.columns[name]
        other = column.other()
        if column.listed:
            return False
        truths = column.truths()
        known = truths["positive"] + truths["negative"] + truths["unknown"]
        if not other:
            return bool(known)
        return truths[None] * 10 <= known and len(other) * 2 <= known

    def no_labels(self, wrong: list[str], count: int) -> str:
        """Return the message that names all columns that are no labels, with what leaves them out."""
        lines = []
        for name in wrong[:SHOWN_NAMES]:
            column = self.columns[name]
            if column.is_blank():
                lines.append(f"  {name!r} is empty")
                continue
            number, shown = column.strange()
            lines.append(f"  has {str(shown)[:30]!r} in column {name!r}, row {number:,}")
        lines += [f"  and {len(wrong) - SHOWN_NAMES:,} more"] if len(wrong) > SHOWN_NAMES else []
        ways = " ".join(f"--ignore {shlex.quote(name)}" for name in wrong)
        if len(wrong) > SHOWN_NAMES:
            ways = "remove them from the table, or name each column that is one with --label-column NAME"
        texts = [name for name in wrong if not self.columns[name].is_blank()]
        held = [name for name in texts if _holds_labels(self.columns[name])]
        advice = self.naming_advice(held or texts) if len(wrong) == count and texts else f"they are no labels: {ways}"
        if held and len(wrong) < count:
            advice = f"if {held[0]!r} holds the labels: --label-column {shlex.quote(held[0])}; else {ways}"
        elif len(wrong) < count and any(map(self.may_be_label, texts)):
            advice = f"if one of them is a label, write only 1, 0 and ? in it; those that are no labels: {ways}"
        what = "columns hold" if len(wrong) > 1 else "column holds"
        return (
            f"{self.table.name}: no column of labels is known, and {len(wrong):,} {what} something else than 0 and 1\n"
            + "\n".join(lines)
            + f"\n{advice}"
        )

    def naming_advice(self, names: Sequence[str]) -> str:
        """Return what to do about columns of which none is one of 0 and 1."""
        texts = {text for name in names for text in self.columns[name].said()}
        names = sorted(names, key=self.unlike_labels)
        shown = ", ".join(map(repr, sorted(texts)[:_FEW_WORDS]))
        if texts and all(map(_FRACTION.fullmatch, texts)):
            return f"if they are scores ({shown}), write 1 where the label applies and 0 elsewhere"
        others = ", or another of them, or several: the option may be repeated" if len(names) > 1 else ""
        naming = f"name the column of labels: --label-column {shlex.quote(names[0])}{others}"
        if len(names) > 1 and 0 < len(texts) <= _FEW_WORDS:
            return f"if {shown} say whether a label applies, write 1, 0 and ? for them; else {naming}"
        return naming

    def unlike_labels(self, name: str) -> tuple[bool, bool, float]:
        """Return a key by which columns that look like labels come first: by their name, then as few texts recur."""
        folded, texts = fold_name(name), self.columns[name].texts
        distinct = len(texts) / max(texts.total(), 1)
        return not _LIKE_LABELS.search(folded), bool(_UNLIKE_LABELS.search(folded)), distinct

    def may_be_label(self, name: str) -> bool:
        """Return whether a column holds a 0 or 1 beside other content."""
        truths = self.columns[name].truths()
        return bool(truths["positive"] or truths["negative"])

    def unknown(self, names: Sequence[str]) -> tuple[dict[Truth, Truth], bool]:
        """Return what blanks and -1 say in these 0/1 columns, and whether a label is unknown somewhere."""
        counts = Counter[Truth | None]()
        for name in names:
            counts.update(self.columns[name].truths())
        says: dict[Truth, Truth] = {"blank": "unknown" if self.reading.blank == "unknown" else "negative"}
        if counts["blank"] and not self.reading.blank:
            self.notes.append(
                f"{count(counts['blank'], 'cell')} of 0/1 columns {_verb(counts['blank'], 'is', 'are')} blank and read "
                "as 0, the first in "
                f"{self.first(names, 'blank')}; if they mean that nobody knows: --blank unknown (and --blank absent "
                "if they mean 0)"
            )
        if not counts["unknown"]:
            return says, says["blank"] == "unknown" and bool(counts["blank"])
        first = self.first(names, "unknown")
        texts = {text for name in names for text in self.columns[name].texts if truth_of(text) == "unknown"}
        if not (counts["negative"] or counts["blank"]) and all(text.startswith("-1") for text in texts):
            self.notes.append(
                f"the 0/1 columns hold 1 and -1 and never 0, as those of CelebA do, so -1 (the first in {first}) is "
                "read as 0; if it means that nobody knows, write ? in its place"
            )
            return says | {"unknown": "negative"}, says["blank"] == "unknown" and bool(counts["blank"])
        self.notes.append(
            f"{count(counts['unknown'], 'cell')} of 0/1 columns {_verb(counts['unknown'], 'says', 'say')} that a label "
            f"is unknown, the first in {first}; there it "
            "counts neither as present nor as absent; if such a cell means no, write 0 in its place"
        )
        return says, True

    def first(self, names: Sequence[str], truth: Truth) -> str:
        """Return where the first cell is that says this, for a message."""
        found = (
            (row, name, text)
            for name in names
            for text, row in self.columns[name].first.items()
            if truth_of(text) == truth
        )
        row, name, text = min(found)
        return f"row {row:,} of {name!r}" + (f": {text!r}" if text else "")


def _holds_labels(column: Column) -> bool:
    """Return whether some cell is a list or an object of an annotation tool, in which labels are found."""
    found = False
    for text in filter(is_listed, column.texts):
        try:
            found = found or bool(cell_entries(text))
        except DataError:
            return False
    return found


def _verb(number: int, one: str, several: str) -> str:
    return one if number == 1 else several
