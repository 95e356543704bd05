"""How imbalanced marks are, measured: what no training can mend is better known before it.

Each level of the classification is a multi-label problem of its own and has its own figures. The measures
are those of Charte et al., so that they can be compared with the literature:

- imbalance: "Addressing imbalance in multilabel classification: Measures and random resampling algorithms",
  Neurocomputing 163 (2015): IRLbl, MeanIR, CVIR;
- concurrence of frequent and rare labels: "Concurrence among imbalanced labels and its influence on multilabel
  resampling algorithms", HAIS 2014: SCUMBLE.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import OptionError
from viennatag.inspection.row_checks import Finding, check_rows
from viennatag.metrics.figures import frequency_bands
from viennatag.metrics.ranking import ratio
from viennatag.split.stratification import FRACTIONS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHOWN_PAIRS = 20
FREQUENT = 500
"""Pairs that avoid each other are sought among so many of the most frequent labels: rare ones hardly ever meet."""
MAPPED = 20
"""Among so many of the most frequent labels every pair is kept, for a map."""


@dataclass(frozen=True)
class Needs:
    """What a label needs in order to be learned and tested, when marks are split in the default shares.

    Attributes:
        train_marks: Training marks that a label should have.
        test_marks: Test marks that a label should have.
    """

    train_marks: int = 20
    test_marks: int = 5

    def __post_init__(self) -> None:
        if self.train_marks < 1 or self.test_marks < 1:
            raise OptionError(f"train_marks is {self.train_marks}, test_marks {self.test_marks}; expected at least 1")

    @property
    def to_learn(self) -> int:
        """Marks in all that give `train_marks` training marks."""
        return math.ceil(round(self.train_marks / FRACTIONS[0], 6))

    @property
    def to_test(self) -> int:
        """Marks in all that give `test_marks` test marks."""
        return math.ceil(round(self.test_marks / FRACTIONS[2], 6))

    @property
    def marks(self) -> int:
        """Marks in all that give both."""
        return max(self.to_learn, self.to_test)


@dataclass(frozen=True)
class Pair:
    """Two labels, and how often marks carry both.

    Attributes:
        first: The one that comes first in the order of labels.
        second: The other.
        marks: How many marks carry both.
        lift: How many times as many that is as if the labels were independent.
        low: The lift is surely not below this (see `lifts`).
        high: Nor above this.
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
        level: `category`, `division`, `section`; or `label` in a flat taxonomy.
        names: The labels.
        counts: Marks of each label, at least 1.
        marks_by_labels: How many marks carry 0, 1, 2, ... labels.
        scumble: Mean SCUMBLE of all marks.
        scumble_cv: Its coefficient of variation.
        scumbles: Mean SCUMBLE of the marks of each label.
        label_sets: How many different sets of labels occur, the empty one not counted.
        single_sets: How many of them occur on one mark only.
        together: Pairs that surely stand together more often than by chance, the strongest first.
        apart: Pairs that surely stand together less often, the strongest first.
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
    together: tuple[Pair, ...]
    apart: tuple[Pair, ...]
    mapped: tuple[str, ...]
    map: tuple[tuple[Pair, ...], ...]

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
        """How few labels, the most frequent ones, hold half of all assignments of a label to a mark."""
        held = np.cumsum(np.sort(self.counts)[::-1])
        return int(np.searchsorted(2 * held, held[-1])) + 1

    @property
    def bands(self) -> dict[str, NDArray[np.bool_]]:
        """Which labels are `head` (> 100 marks), `medium` and `tail` (< 20)."""
        return frequency_bands(self.counts)

    def missing(self, needs: Needs) -> NDArray[np.int64]:
        """Return how many more marks each label needs; shape (labels,)."""
        return np.maximum(needs.marks - self.counts, 0)


@dataclass(frozen=True, eq=False)
class Profile:
    """What `profile_marks` found.

    Attributes:
        taxonomy: As in `Marks`.
        marks: How many marks.
        needs: What a label needs.
        levels: From the root down.
        findings: Suspicious rows, a kind that does not occur left out.
    """

    taxonomy: str
    marks: int
    needs: Needs
    levels: tuple[LevelProfile, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return everything in types that JSON knows."""
        return {
            "taxonomy": self.taxonomy,
            "marks": self.marks,
            "needs": {**vars(self.needs), "marks": self.needs.marks},
            "levels": [_level_json(level, self.needs) for level in self.levels],
            "findings": [finding.to_json() for finding in self.findings],
        }


def profile_marks(marks: Marks, *, min_count: int = 1, needs: Needs | None = None) -> Profile:
    """Return how imbalanced marks are, level by level, and which rows look wrong.

    Args:
        marks: What to look at.
        min_count: As in `LabelSet.from_marks`; above 1 it shows what rolling rarer labels up would do.
        needs: What a label needs; by default 20 training marks and 5 test marks.

    Raises:
        OptionError: If `min_count` is below 1.
        DataError: If no mark carries a label.
    """
    labels = LabelSet.from_marks(marks, min_count=min_count)
    targets = labels.encode(marks.codes)
    levels = [(level, labels.at_level(level)) for level in labels.level_names]
    return Profile(
        taxonomy=marks.taxonomy,
        marks=len(marks),
        needs=needs or Needs(),
        levels=tuple(_profile_level(level, [labels.names[at] for at in own], targets[:, own]) for level, own in levels),
        findings=check_rows(marks),
    )


def imbalance_ratios(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return IRLbl, the marks of the most frequent label divided by those of each label; shape (labels,)."""
    ratios: NDArray[np.float64] = counts.max() / counts
    return ratios


def variation(values: NDArray[np.float64]) -> float:
    """Return the standard deviation (of a sample) divided by the mean; NaN for one value, or a mean of 0."""
    return float(values.std(ddof=1) / values.mean()) if len(values) > 1 and values.mean() else math.nan


def scumbles(targets: "csr_array", ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return SCUMBLE of each mark: 1 minus geometric over arithmetic mean of its labels' ratios; shape (marks,).

    It is 0 where a mark's labels are equally frequent, or it has none, and nears 1 where a rare label stands
    beside a frequent one, so that resampling the one resamples the other.

    Args:
        targets: Booleans of shape (marks, labels).
        ratios: IRLbl of each label, shape (labels,).
    """
    sizes = targets.sum(axis=1)
    arithmetic = ratio(targets @ ratios, sizes, empty=1.0)
    geometric = np.exp(ratio(targets @ np.log(ratios), sizes, empty=0.0))
    return np.maximum(1 - geometric / arithmetic, 0.0)  # rounding may leave it just below


def lifts(
    both: NDArray[np.int64], expected: NDArray[np.float64], *, deviations: float = 4.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lifts, and bounds that keep pairs out of sight which are rare enough to be noise; each of one shape.

    A count is about Poisson and its square root about normal with standard deviation 1/2, so the bounds are
    those of the square root, `deviations` of its standard deviations away. 4 are many because pairs are many.

    Args:
        both: How many marks carry both labels of a pair.
        expected: How many would if labels were independent, above 0.
        deviations: How sure the bounds are.
    """
    low = np.maximum(np.sqrt(both) - deviations / 2, 0) ** 2
    high = (np.sqrt(both + 1) + deviations / 2) ** 2  # 1 more: even none seen does not mean that none is possible
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
    """Pairs in columns, because there may be a million."""

    names: Sequence[str]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    marks: NDArray[np.int64]
    lifts: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

    def strongest(self, *, above: bool) -> tuple[Pair, ...]:
        _, low, high = self.lifts
        kept = np.flatnonzero(low > 1 if above else high < 1)
        return self.listed(kept[np.argsort(-low[kept] if above else high[kept], kind="stable")][:SHOWN_PAIRS])

    def listed(self, rows: Iterable[int] | None = None) -> tuple[Pair, ...]:
        columns = (self.marks, *self.lifts)
        return tuple(
            Pair(self.names[self.first[at]], self.names[self.second[at]], *(column[at].item() for column in columns))
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
    figures = {name: getattr(level, name) for name in ("cardinality", "density", "mean_ir", "cvir", "half")}
    return {
        "level": level.level,
        **{name: None if math.isnan(value) else value for name, value in figures.items()},
        "scumble": level.scumble,
        "scumble_cv": None if math.isnan(level.scumble_cv) else level.scumble_cv,
        "label_sets": level.label_sets,
        "single_sets": level.single_sets,
        "bands": {name: int(inside.sum()) for name, inside in bands.items()},
        "marks_by_labels": level.marks_by_labels.tolist(),
        "together": [vars(pair) for pair in level.together],
        "apart": [vars(pair) for pair in level.apart],
        "labels": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    }
