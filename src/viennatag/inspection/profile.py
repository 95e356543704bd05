"""Profile of a marks table: imbalance, co-occurrence and rare labels, which no training can repair.

Each level of the classification is a multi-label problem with its own values. The measures are those of Charte et
al.: IRLbl, MeanIR and CVIR for imbalance ("Addressing imbalance in multilabel classification: Measures and random
resampling algorithms", Neurocomputing 163, 2015), SCUMBLE for the concurrence of frequent and rare labels
("Concurrence among imbalanced labels and its influence on multilabel resampling algorithms", HAIS 2014).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks, as_marks
from viennatag.errors import OptionError
from viennatag.inspection.row_checks import Finding, check_rows
from viennatag.metrics.metrics import frequency_bands
from viennatag.metrics.ranking import ratio
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import known_marks
from viennatag.split.stratification import FRACTIONS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHOWN_PAIRS = 20
FREQUENT = 500
"""Pairs below chance are searched among this number of the most frequent labels; rare labels hardly ever co-occur."""
MAPPED = 20
"""Every pair among this number of the most frequent labels is kept, for a heat map."""
LEAF = "leaf label"
"""What labels without children are called where they are not of one level."""


@dataclass(frozen=True)
class Needs:
    """Training and test marks that a label should have, with the default fractions of a split."""

    train_marks: int = 20
    test_marks: int = 5

    def __post_init__(self) -> None:
        if self.train_marks < 1 or self.test_marks < 1:
            raise OptionError(f"train_marks is {self.train_marks}, test_marks {self.test_marks}; expected at least 1")

    @property
    def to_learn(self) -> int:
        """Marks in total for `train_marks` training marks."""
        return math.ceil(round(self.train_marks / FRACTIONS[0], 6))

    @property
    def to_test(self) -> int:
        """Marks in total for `test_marks` test marks."""
        return math.ceil(round(self.test_marks / FRACTIONS[2], 6))

    @property
    def marks(self) -> int:
        """Marks in total for both."""
        return max(self.to_learn, self.to_test)


@dataclass(frozen=True)
class LabelPair:
    """Two labels and their co-occurrence.

    Attributes:
        first: The first in the order of labels.
        second: The other one.
        marks: Number of marks that carry both.
        lift: That number divided by the one expected if the labels were independent.
        low: Lower bound of the lift, see `lifts`.
        high: Upper bound of the lift.
    """

    first: str
    second: str
    marks: int
    lift: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LevelProfile:
    """One level of the labels; arrays have one entry per label.

    Attributes:
        level: `category`, `division`, `section`; `label` in a flat taxonomy; in a tree of one's own as its file says,
            and `LEAF` for all labels without children where these are not of one level.
        names: The labels.
        counts: Marks of each label, at least 1.
        marks_by_labels: Number of marks with 0, 1, 2, ... labels.
        scumble: Mean SCUMBLE of all marks.
        scumble_cv: Its coefficient of variation.
        scumbles: Mean SCUMBLE of the marks of each label.
        label_sets: Number of different label sets, without the empty one.
        single_sets: Number of label sets that only one mark has.
        together: Pairs that co-occur more often than by chance, the strongest first.
        apart: Pairs that co-occur less often than by chance, the strongest first.
        mapped: The most frequent labels, in the order of labels.
        map: For each of them its pair with each one before it.
    """

    level: str
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    marks_by_labels: NDArray[np.int64]
    scumble: float
    scumble_cv: float
    scumbles: NDArray[np.float64]
    label_sets: int
    single_sets: int
    together: tuple[LabelPair, ...]
    apart: tuple[LabelPair, ...]
    mapped: tuple[str, ...]
    map: tuple[tuple[LabelPair, ...], ...]

    @property
    def irlbl(self) -> NDArray[np.float64]:
        """Imbalance ratio of each label."""
        return imbalance_ratios(self.counts)

    @property
    def mean_ir(self) -> float:
        """Mean imbalance ratio."""
        return float(self.irlbl.mean())

    @property
    def cvir(self) -> float:
        """Coefficient of variation of the imbalance ratios."""
        return variation(self.irlbl)

    @property
    def cardinality(self) -> float:
        """Mean number of labels of a mark."""
        return float(self.counts.sum() / self.marks_by_labels.sum())

    @property
    def density(self) -> float:
        """Cardinality divided by the number of labels."""
        return self.cardinality / len(self.names)

    @property
    def half(self) -> int:
        """Number of most frequent labels that together have half of all assignments."""
        assignments = np.cumsum(np.sort(self.counts)[::-1])
        return int(np.searchsorted(2 * assignments, assignments[-1])) + 1

    @property
    def bands(self) -> dict[str, NDArray[np.bool_]]:
        """Which labels are `head` (> 100 marks), `medium` and `tail` (< 20)."""
        return frequency_bands(self.counts)

    def missing(self, needs: Needs) -> NDArray[np.int64]:
        """Return the number of marks that each label still needs; shape (labels,)."""
        return np.maximum(needs.marks - self.counts, 0)


@dataclass(frozen=True, eq=False, repr=False)
class Profile(TabularResult):
    """Profile of a marks table: its levels from the root down, and one finding for each kind that occurs in rows.

    `unknown` is the number of marks on which each label is unknown, by label, of those that are unknown somewhere;
    `headings` is what labels mean, of those that do not say it themselves.
    """

    taxonomy: str
    marks: int
    needs: Needs
    levels: tuple[LevelProfile, ...]
    findings: tuple[Finding, ...]
    unknown: Mapping[str, int] = field(default_factory=dict)
    headings: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        level = self.levels[-1]
        return f"Profile({self.marks:,} marks, {len(level.names):,} labels of the level {level.level!r})"

    def to_dataframe(self) -> Any:
        """Return one row per label: its level, its marks, and how many times rarer it is than the most frequent one.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        rows: list[tuple[Any, ...]] = []
        for level in self.levels:
            figures = zip(level.names, level.counts, level.irlbl, level.missing(self.needs), strict=True)
            rows += [(level.level, *each) for each in figures]
        columns = zip(("level", "label", "marks", "irlbl", "missing"), zip(*rows, strict=True), strict=True)
        return to_frame(dict(columns))

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "taxonomy": self.taxonomy,
            "marks": self.marks,
            "unknown": dict(self.unknown),
            "needs": {**vars(self.needs), "marks": self.needs.marks},
            "levels": [_level_json(level, self.needs) for level in self.levels],
            "findings": [finding.to_json() for finding in self.findings],
        }


def profile(marks: Marks | Path | str | Any, *, min_count: int = 1, needs: Needs | None = None) -> Profile:
    """Return the imbalance of marks at each level, and the findings of row checks.

    Args:
        marks: A marks table: a file, a data frame, or `Marks`.
        min_count: As in `LabelSet.from_marks`; above 1, rarer labels count for their parents.
        needs: Marks that a label needs; by default 20 in training and 5 in test.

    Raises:
        OptionError: If `min_count` is below 1.
        DataError: If no mark carries a label.
    """
    marks = as_marks(marks)
    labels = LabelSet.from_marks(marks, min_count=min_count)
    targets = labels.encode(marks.codes)
    hidden = len(marks) - known_marks(labels.targets(marks)) if marks.unknown else np.zeros(len(labels), np.int64)
    levels = [(level, labels.at_level(level)) for level in labels.level_names]
    if not np.array_equal(answers := np.flatnonzero(labels.is_answer), levels[-1][1]):
        levels.append((LEAF, answers))  # the branches of a tree of one's own may differ in depth
    return Profile(
        taxonomy=str(marks.taxonomy),
        marks=len(marks),
        needs=needs or Needs(),
        levels=tuple(_profile_level(level, [labels.names[at] for at in own], targets[:, own]) for level, own in levels),
        findings=check_rows(marks),
        unknown={labels.names[at]: int(hidden[at]) for at in np.flatnonzero(hidden)},
        headings={name: heading for name in labels.names if (heading := labels.hierarchy.heading(name)) != name},
    )


def imbalance_ratios(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return IRLbl: the marks of the most frequent label divided by those of each label; shape (labels,)."""
    ratios: NDArray[np.float64] = counts.max() / counts
    return ratios


def variation(values: NDArray[np.float64]) -> float:
    """Return the standard deviation (of a sample) divided by the mean; NaN for one value, or a mean of 0."""
    return float(values.std(ddof=1) / values.mean()) if len(values) > 1 and values.mean() else math.nan


def scumbles(targets: "csr_array", ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return SCUMBLE of each mark: 1 minus geometric over arithmetic mean of its labels' ratios; shape (marks,).

    It is 0 if a mark's labels are equally frequent or there are none, and near 1 if rare and frequent labels
    co-occur, so that resampling one resamples the other. Targets are booleans of shape (marks, labels), ratios the
    IRLbl of each label.
    """
    sizes = targets.sum(axis=1)
    arithmetic = ratio(targets @ ratios, sizes, empty=1.0)
    geometric = np.exp(ratio(targets @ np.log(ratios), sizes, empty=0.0))
    return np.maximum(1 - geometric / arithmetic, 0.0)  # rounding may leave it just below


def lifts(
    both: NDArray[np.int64], expected: NDArray[np.float64], *, deviations: float = 4.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lifts, their lower bounds and their upper bounds, all of the arguments' shape.

    `both` is the number of marks that carry both labels of a pair, `expected` that if labels were independent, above 0.
    A count is about Poisson and its square root about normal with standard deviation 1/2, so the bounds are those of
    the square root, `deviations` standard deviations away; 4 by default, because there are many pairs.
    """
    low = np.maximum(np.sqrt(both) - deviations / 2, 0) ** 2
    high = (np.sqrt(both + 1) + deviations / 2) ** 2  # 1 more: a count of 0 does not exclude co-occurrence
    return both / expected, low / expected, high / expected


def _profile_level(level: str, names: Sequence[str], targets: "csr_array") -> LevelProfile:
    counts = np.bincount(targets.indices, minlength=len(names)).astype(np.int64)
    sizes = targets.sum(axis=1)
    each = scumbles(targets, imbalance_ratios(counts))
    numbers = np.random.default_rng(0).integers(1 << 63, size=len(names), dtype=np.uint64)
    sets = np.unique((targets.astype(np.uint64) @ numbers)[sizes > 0], return_counts=True)[1]  # a set is its hash
    ones = targets.astype(np.int32)
    both = (ones.T @ ones).tocsr()

    def pairs(first: NDArray[np.intp], second: NDArray[np.intp], marks: NDArray[np.int64]) -> "_Pairs":
        return _Pairs(names, first, second, marks, lifts(marks, counts[first] * counts[second] / targets.shape[0]))

    found = both.tocoo()
    above = found.row < found.col
    meeting = pairs(found.row[above], found.col[above], found.data[above].astype(np.int64))
    frequent = np.sort(np.argsort(-counts, kind="stable")[:FREQUENT])
    among = both[frequent][:, frequent].toarray().astype(np.int64)
    one, other = np.triu_indices(len(frequent), k=1)
    avoiding = pairs(frequent[one], frequent[other], among[one, other])
    mapped = np.sort(np.argsort(-counts, kind="stable")[:MAPPED])
    return LevelProfile(
        level=level,
        names=tuple(names),
        counts=counts,
        marks_by_labels=np.bincount(sizes).astype(np.int64),
        scumble=float(each.mean()),
        scumble_cv=variation(each),
        scumbles=targets.T @ each / counts,
        label_sets=len(sets),
        single_sets=int(np.sum(sets == 1)),
        together=meeting.strongest(above=True),
        apart=avoiding.strongest(above=False),
        mapped=tuple(names[at] for at in mapped),
        map=tuple(
            pairs(mapped[:at], np.full(at, own), both[[own]].toarray()[0, mapped[:at]].astype(np.int64)).listed()
            for at, own in enumerate(mapped)
        ),
    )


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Pairs in columns, because there may be a million of them."""

    names: Sequence[str]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    marks: NDArray[np.int64]
    lifts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

    def strongest(self, *, above: bool) -> tuple[LabelPair, ...]:
        _, low, high = self.lifts
        kept = np.flatnonzero(low > 1 if above else high < 1)
        return self.listed(kept[np.argsort(-low[kept] if above else high[kept], kind="stable")][:SHOWN_PAIRS])

    def listed(self, rows: Iterable[int] | None = None) -> tuple[LabelPair, ...]:
        columns = (self.marks, *self.lifts)
        return tuple(
            LabelPair(self.names[self.first[at]], self.names[self.second[at]], *(each[at].item() for each in columns))
            for at in (range(len(self.marks)) if rows is None else rows)
        )


def _level_json(level: LevelProfile, needs: Needs) -> dict[str, Any]:
    bands = level.bands
    columns = {
        "name": level.names,
        "marks": level.counts.tolist(),
        "irlbl": level.irlbl.tolist(),
        "scumble": level.scumbles.tolist(),
        "missing": level.missing(needs).tolist(),
        "band": np.select(list(bands.values()), list(bands), default="").tolist(),
    }
    names = ("cardinality", "density", "mean_ir", "cvir", "half", "scumble", "scumble_cv", "label_sets", "single_sets")
    figures = {name: getattr(level, name) for name in names}
    return {
        "level": level.level,
        **{name: None if math.isnan(value) else value for name, value in figures.items()},
        "bands": {name: int(inside.sum()) for name, inside in bands.items()},
        "marks_by_labels": level.marks_by_labels.tolist(),
        "together": [vars(pair) for pair in level.together],
        "apart": [vars(pair) for pair in level.apart],
        "labels": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }
