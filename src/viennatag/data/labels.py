"""Label sets: the labels that a model predicts, and the targets of marks.

In a tree every ancestor of a label is a label too, so a mark of 3.1.6 is also a positive of 3.1 and of 3. A label that
is too rare to learn is left out, and its marks count for its parent.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.data.taxonomy import Hierarchy, LabelTree, Taxonomy, hierarchy
from viennatag.errors import DataError, OptionError, require
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from viennatag.data.marks import Marks

OTHER = "(rare labels)"
"""The flat label for all labels that are too rare; no label that is simply called `other` is mixed with it."""


@dataclass(frozen=True, repr=False)
class LabelSet:
    """Labels in a fixed order, which is that of the columns of scores and targets.

    Attributes:
        taxonomy: `vienna`, `flat`, or a tree of one's own.
        names: Vienna codes in the order of the classification or labels in that of their tree, parents first; flat
            labels in alphabetical order.
    """

    taxonomy: Taxonomy
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise DataError("a label occurs twice in a label set")

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        listed = ", ".join(self.names[:5]) + (", …" if len(self) > 5 else "")
        return f"LabelSet({len(self):,} labels: {listed})"

    @classmethod
    def from_marks(cls, marks: "Marks", *, min_count: int = 1) -> "LabelSet":
        """Return the labels that at least `min_count` marks carry, with all their ancestors.

        A rarer label of a tree counts for its parent, a rarer flat label for the label `OTHER`. Labels without a
        parent, such as categories, are never too rare.

        Raises:
            OptionError: If `min_count` is below 1.
            DataError: If no label is left, all flat labels are rarer, or one is called as the group of rare ones is.
        """
        if min_count < 1:
            raise OptionError(f"min_count is {min_count}; a label needs at least 1 mark")
        above, flat = hierarchy(marks.taxonomy), marks.taxonomy == "flat"
        counts: Counter[str] = Counter()
        for codes in marks.codes:
            counts.update({node for code in codes for node in above.path(code)})
        kept = {name for name, count in counts.items() if count >= min_count or not (flat or above.path(name)[1:])}
        if flat and counts and not kept:
            label, most = counts.most_common(1)[0]
            raise DataError(
                f"no label is on {min_count} marks or more; the most frequent is {label!r}, on {most}; add marks, or "
                f"lower min_count: --set strategy.min_count={most} of train and compare, --min-count {most} of inspect"
            )
        if flat and len(kept) < len(counts):
            if OTHER in counts:
                raise DataError(f"a label is called {OTHER!r}, which stands for all rare labels; rename it")
            kept.add(OTHER)
        if not kept:
            raise DataError("no mark carries a label, so there is nothing to learn")
        return cls(marks.taxonomy, tuple(sorted(kept, key=above.sort_key)))

    @property
    def hierarchy(self) -> Hierarchy:
        """What the taxonomy says about labels."""
        return hierarchy(self.taxonomy)

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each label."""
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def parents(self) -> NDArray[np.intp]:
        """Position of each label's parent, -1 for none; shape (labels,). A parent comes before its children."""
        found = np.full(len(self), -1, dtype=np.intp)
        for at, name in enumerate(self.names):
            above = [self.index[node] for node in self.hierarchy.path(name)[:-1] if node in self.index]
            found[at] = above[-1] if above else -1
        return found

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Level of each label: `category`, `division` or `section`; `label` in a flat taxonomy; or as a tree says."""
        names = self.hierarchy.level_names
        return tuple(names[len(self.hierarchy.path(name)) - 1] for name in self.names)

    @cached_property
    def level_names(self) -> tuple[str, ...]:
        """The levels that occur, from the root down."""
        found = set(self.levels)
        return tuple(level for level in self.hierarchy.level_names if level in found)

    @cached_property
    def depths(self) -> NDArray[np.intp]:
        """Index of each label's level in `level_names`; shape (labels,)."""
        return np.array([self.level_names.index(level) for level in self.levels], dtype=np.intp)

    def at_level(self, level: str) -> NDArray[np.intp]:
        """Return the positions of the labels of one level."""
        return np.flatnonzero(np.array(self.levels) == level)

    @cached_property
    def is_answer(self) -> NDArray[np.bool_]:
        """Whether each label is of the deepest level, or, in a tree of one's own, has no children; shape (labels,)."""
        if not isinstance(self.taxonomy, LabelTree):
            return np.array(self.depths == self.depths.max())
        return ~np.isin(np.arange(len(self)), self.parents)

    @cached_property
    def is_pictorial(self) -> NDArray[np.bool_]:
        """Whether each label is pictorial (categories 1 to 24); all False without Vienna codes."""
        if self.taxonomy != "vienna":
            return np.zeros(len(self), dtype=bool)
        return np.array([parse_code(name).category < FIRST_FORM_CATEGORY for name in self.names], dtype=bool)

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """Calibration group of each label, by level and kind, which rare labels share; shape (labels,)."""
        return self.depths * 2 + self.is_pictorial

    @cached_property
    def exclusive(self) -> ExclusiveGroups | None:
        """The groups of exclusive labels, None without any."""
        if not isinstance(self.taxonomy, LabelTree):
            return None
        found: dict[str, list[int]] = {}
        for at, name in enumerate(self.names):
            found.setdefault(self.taxonomy.group(name), []).append(at)
        groups = {group: rule for group, rule in self.taxonomy.rules if group in found}
        exact = [rule == "exactly-one" for rule in groups.values()]
        members = [found[group] for group in groups]
        return ExclusiveGroups.of(list(groups), members, exact, self.parents) if groups else None

    def under(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Return which labels are among these names or below one of them; unknown names are ignored."""
        inside = np.zeros(len(self), dtype=bool)
        if names:
            for at, (name, parent) in enumerate(zip(self.names, self.parents, strict=True)):
                inside[at] = name in names or (parent >= 0 and inside[parent])
        return inside

    def path(self, position: int) -> tuple[int, ...]:
        """Return the positions of a label's ancestors, from the root down, and its own."""
        parent = int(self.parents[position])
        return (*self.path(parent), position) if parent >= 0 else (position,)

    def targets(self, marks: "Marks") -> "csr_array":
        """Return the targets of marks; see `encode`."""
        return self.encode(marks.codes, marks.unknown)

    def encode(self, codes: Sequence[Sequence[str]], unknown: Sequence[Sequence[str]] = ()) -> "csr_array":
        """Return targets with all ancestors: a boolean CSR array of shape (marks, labels).

        A code that the label set lacks counts for its nearest ancestor in it, such a flat label for `OTHER`; without
        one it is ignored.

        Where a label of it is unknown on a mark the array is of int8, with -1 for each such pair. A code that nobody
        knows leaves its ancestors unknown too, unless another code of the mark has them, and all that is below it.

        Args:
            codes: Of each mark.
            unknown: The codes of each mark of which nobody knows whether they apply; empty if all are known.
        """
        positive = self._encode(codes, self._nodes)
        if not any(unknown):
            return positive
        present, doubtful = (each.astype(np.int8) for each in (positive, self._encode(unknown, self._doubtful)))
        found = (present + present.multiply(doubtful) - doubtful).tocsr()
        return found if np.any(found.data < 0) else positive

    def _encode(self, codes: Sequence[Sequence[str]], nodes_of: Callable[[str], tuple[int, ...]]) -> "csr_array":
        nodes = cache(nodes_of)
        columns: list[int] = []
        ends = [0]
        for row in codes:
            columns.extend(sorted({node for code in row for node in nodes(code)}))
            ends.append(len(columns))
        return require("scipy.sparse", "data").csr_array(
            (np.ones(len(columns), dtype=bool), np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int64)),
            shape=(len(codes), len(self)),
        )

    def _nodes(self, code: str) -> tuple[int, ...]:
        found = tuple(self.index[node] for node in self.hierarchy.path(code) if node in self.index)
        return found or ((self.index[OTHER],) if OTHER in self.index and self.taxonomy == "flat" else ())

    def _doubtful(self, code: str) -> tuple[int, ...]:
        """Return what is unknown where a code is: its ancestors, itself, and all below it."""
        return (*self._nodes(code), *np.flatnonzero(self.under({code})).tolist())

    def nearest(self, name: str) -> str:
        """Return the label itself, or the nearest that its marks count for; empty for none."""
        at = self._nodes(name)
        return self.names[at[-1]] if at else ""
