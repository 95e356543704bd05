"""A report for each label: how good it is, where it is cut, with what it is confused, and on which marks.

A mean over labels hides which labels a model can be trusted with. Here each label has its own figures, its
precision-recall curve, its reliability, and the marks that show best what it does right and wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError, require
from viennatag.metrics import metrics
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.metrics.ranking import ratio
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import ArrayData, Rows, Scores, as_scores, as_targets, dense_unknown, plain_array

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CURVE_POINTS = 50
"""Most points of a precision-recall curve, one at each of these shares of the positives."""
BINS = 10
"""Bins of equal width of a reliability diagram."""
EXAMPLES = 5
"""Marks of each kind that are named for a label."""
CONFUSIONS = 4
"""Labels of each kind that are named as confused with a label."""


@dataclass(frozen=True)
class Confusion:
    """Another label that is right where this one is wrong, or wrong where this one is right.

    Attributes:
        label: Position of the other label.
        marks: Marks on which it happens.
        expected: How many there would be if the mistakes of both labels were independent.
    """

    label: int
    marks: int
    expected: float


@dataclass(frozen=True, eq=False)
class LabelDetails:
    """What is behind the figures of one label.

    Attributes:
        curve: Recall and precision where the threshold falls; shape (points, 2), recall ascending.
        reliability: For each bin that holds marks their mean score, the share of positives among them with its 95 %
            interval (Wilson 1927), and their number; shape (bins, 5).
        instead: Labels that are wrongly suggested where this one is missed, the most marks beyond chance first.
        really: Labels that are missed where this one is wrongly suggested, in the same order.
        right: Rows of the suggested positives with the highest scores.
        false_positives: Rows of the suggested negatives with the highest scores.
        missed: Rows of the positives with the lowest scores that are not suggested.
    """

    curve: NDArray[np.float64]
    reliability: NDArray[np.float64]
    instead: tuple[Confusion, ...]
    really: tuple[Confusion, ...]
    right: tuple[int, ...]
    false_positives: tuple[int, ...]
    missed: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class LabelReport(TabularResult):
    """The figures of each label; arrays have shape (labels,), NaN where a figure is not defined.

    Attributes:
        names: The labels.
        headings: What they mean; a flat label is its own heading.
        levels: Their levels.
        groups: The group of exclusive labels that each belongs to, empty for a free label.
        support: Marks that carry each label, by subset; `evaluated` are those that were evaluated.
        threshold: A label is suggested when its score is at least this.
        suggested: Marks for which it is suggested.
        precision: Share of these that carry the label.
        recall: Share of the marks with the label for which it is suggested.
        f1: Of both.
        average_precision: Of the ranking by its scores.
        low: Lower end of the 95 % interval of average precision, by bootstrap over marks; NaN below two positives,
            which say nothing about the next one.
        high: Upper end.
        calibration_error: Expected calibration error over marks.
        details: What is behind the figures of each label.
        scores: Of the evaluated marks, shape (marks, labels).
    """

    names: tuple[str, ...]
    headings: tuple[str, ...]
    levels: tuple[str, ...]
    groups: tuple[str, ...]
    support: Mapping[str, NDArray[np.int64]]
    threshold: NDArray[np.float64]
    suggested: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    calibration_error: NDArray[np.float64]
    details: tuple[LabelDetails, ...]
    scores: Scores

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        mean = metrics.mean_of_known(self.average_precision)
        return f"LabelReport({len(self):,} labels, {len(self.scores):,} marks, mean average precision {mean:.3f})"

    def columns(self) -> dict[str, Any]:
        """Return the table in columns by name, one row per label."""
        figures = ("threshold", "suggested", "precision", "recall", "f1", "average_precision", "low", "high")
        return {
            "label": self.names,
            "heading": self.headings,
            "level": self.levels,
            **({"group": self.groups} if any(self.groups) else {}),
            **{f"{subset}_marks": counts for subset, counts in self.support.items()},
            **{name: getattr(self, name) for name in figures},
            "calibration_error": self.calibration_error,
            "missed_for": [self._named(each.instead) for each in self.details],
            "mistaken_for": [self._named(each.really) for each in self.details],
        }

    def to_dataframe(self) -> Any:
        """Return the table as a pandas DataFrame, one row per label.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return to_frame(self.columns())

    def _named(self, confusions: Sequence[Confusion]) -> str:
        return "; ".join(f"{self.names[each.label]} ({each.marks})" for each in confusions)


def label_report(
    scores: ArrayData,
    targets: ArrayData,
    *,
    names: Sequence[str] | None = None,
    headings: Sequence[str] | None = None,
    levels: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    thresholds: ArrayLike = 0.5,
    suggested: NDArray[np.bool_] | None = None,
    support: Mapping[str, ArrayLike] | None = None,
    rounds: int = 200,
    seed: int = 0,
) -> LabelReport:
    """Return a report for each label, from scores and targets of any model.

    Args:
        scores: Probabilities, shape (marks, labels); a data frame also gives the names of the labels.
        targets: True labels, same shape; pairs that are -1 or NaN are unknown and count in no figure.
        names: The labels; by default the columns of a data frame, else `label 0`, `label 1`, ...
        headings: What the labels mean; by default their names.
        levels: Level of each label: only labels of one level are said to be confused. By default one level.
        groups: The group of exclusive labels that each belongs to, empty for a free label; by default all are free.
        thresholds: One, or one for each label; a label is suggested when its score is at least this.
        suggested: Decisions of shape (marks, labels), where they are not those of the thresholds alone.
        support: Marks with each label in other subsets, by name, such as `train`; each of shape (labels,).
        rounds: Bootstrap samples of the intervals.
        seed: Of the bootstrap.

    Raises:
        DataError: If shapes differ or a score is no probability.
        OptionError: If there is not one name, heading, level, group or threshold for each label.
        MissingExtraError: If SciPy is not installed.
    """
    columns = getattr(scores, "columns", None) if hasattr(scores, "columns") else getattr(targets, "columns", None)
    scores, marked = as_scores(scores, targets), _as_sparse(targets)
    if scores.ndim != 2 or scores.shape != marked.shape:
        raise DataError(f"scores have shape {scores.shape}, targets {marked.shape}; both must be (marks, labels)")
    marks, labels = scores.shape
    names = _checked_names("names", _column_names(columns) if names is None else names, labels)
    cuts = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), (labels,)) if np.ndim(thresholds) == 0 else None
    cuts = _checked_array("thresholds", thresholds, labels).astype(np.float64) if cuts is None else cuts
    made = scores >= cuts if suggested is None else np.asarray(as_targets(suggested))
    if made.shape != scores.shape:
        raise DataError(f"scores have shape {scores.shape}, suggested {made.shape}; they must match")
    level_of = _checked_names("levels", ("label",) * labels if levels is None else levels, labels)

    unknown = dense_unknown(targets)
    made = made if unknown is None else made & ~unknown
    errors = metrics.label_calibration_errors(scores, targets)
    samples = metrics.average_precision(scores, targets, draw_weights(marks, rounds=rounds, seed=seed))
    by_label = marked.tocsc()
    own = np.split(by_label.indices, by_label.indptr[1:-1])
    counts = np.diff(by_label.indptr).astype(np.int64)
    bounds = np.array([(each.low, each.high) for each in map(Interval.of, samples.T)]).reshape(labels, 2).clip(0, 1)
    bounds[counts < 2] = np.nan
    hits = np.array([np.count_nonzero(made[rows, at]) for at, rows in enumerate(own)])
    wanted = made.sum(axis=0)
    instead, really = _confusions(marked, made, level_of)
    known = [slice(None)] * labels if unknown is None else [np.flatnonzero(~column) for column in unknown.T]
    details = tuple(
        _details(scores[:, at], rows, made[:, at], known[at], instead[at], really[at]) for at, rows in enumerate(own)
    )
    given = {name: _checked_array(f"support[{name!r}]", each, labels) for name, each in (support or {}).items()}
    return LabelReport(
        names=names,
        headings=_checked_names("headings", names if headings is None else headings, labels),
        levels=level_of,
        groups=_checked_names("groups", ("",) * labels if groups is None else groups, labels),
        support={**given, "evaluated": counts},
        threshold=cuts,
        suggested=wanted,
        precision=ratio(hits, wanted, empty=np.nan),
        recall=ratio(hits, counts, empty=np.nan),
        f1=np.where(counts > 0, ratio(2 * hits, wanted + counts, empty=np.nan), np.nan),
        average_precision=samples[0],
        low=bounds[:, 0],
        high=bounds[:, 1],
        calibration_error=errors,
        details=details,
        scores=scores,
    )


def _as_sparse(targets: ArrayData) -> "csr_array":
    marked = require("scipy.sparse", "data").csr_array(as_targets(targets))
    marked.eliminate_zeros()
    marked.sort_indices()
    return marked


def _column_names(columns: Any) -> list[str] | None:
    return None if columns is None else [str(name) for name in columns]


def _checked_names(what: str, names: Sequence[str] | None, labels: int) -> tuple[str, ...]:
    found = tuple(f"label {at}" for at in range(labels)) if names is None else tuple(map(str, names))
    if len(found) != labels:
        raise OptionError(f"there are {len(found):,} {what} for {labels:,} labels; expected one for each")
    return found


def _checked_array(what: str, values: ArrayLike, labels: int) -> NDArray[Any]:
    found = plain_array(values)
    if found.shape != (labels,):
        raise OptionError(f"{what} have shape {found.shape}; expected one for each of {labels:,} labels")
    return found


def _confusions(
    targets: "csr_array", suggested: NDArray[np.bool_], levels: Sequence[str]
) -> tuple[list[tuple[Confusion, ...]], list[tuple[Confusion, ...]]]:
    """Return for each label those that are wrongly suggested where it is missed, and those missed where it is wrong."""
    sparse = require("scipy.sparse", "data")
    made = sparse.csr_array(suggested)
    missed = (targets.astype(np.int8) - targets.multiply(made).astype(np.int8)).tocsr()
    wrong = (made.astype(np.int8) - made.multiply(targets).astype(np.int8)).tocsr()
    missed.eliminate_zeros()
    wrong.eliminate_zeros()
    together = (missed.T.astype(np.int32) @ wrong.astype(np.int32)).tocsr()
    lost, made_up = (np.bincount(each.indices, minlength=targets.shape[1]) for each in (missed, wrong))
    _, level = np.unique(np.array(levels), return_inverse=True)

    def named(rows: "csr_array", mine: NDArray[np.intp], theirs: NDArray[np.intp]) -> list[tuple[Confusion, ...]]:
        found = []
        for at in range(rows.shape[0]):
            here = slice(rows.indptr[at], rows.indptr[at + 1])
            others, marks = rows.indices[here], rows.data[here]
            expected = mine[at] * theirs[others] / targets.shape[0]
            beyond = np.where(level[others] == level[at], marks - expected, 0.0)
            best = np.argsort(-beyond, kind="stable")[:CONFUSIONS]
            found.append(
                tuple(Confusion(int(others[b]), int(marks[b]), float(expected[b])) for b in best if beyond[b] > 0)
            )
        return found

    return named(together, lost, made_up), named(together.T.tocsr(), made_up, lost)


def _details(
    scores: Scores,
    positives: NDArray[np.intp],
    suggested: NDArray[np.bool_],
    known: Rows,
    instead: tuple[Confusion, ...],
    really: tuple[Confusion, ...],
) -> LabelDetails:
    rows = np.arange(len(scores))[known]
    order = rows[np.argsort(-scores[known], kind="stable")]
    true = np.zeros(len(scores), dtype=bool)
    true[positives] = True
    ranked, made = true[order], suggested[order]

    def first(chosen: NDArray[np.bool_], rows: NDArray[np.intp]) -> tuple[int, ...]:
        return tuple(rows[chosen][:EXAMPLES].tolist())

    return LabelDetails(
        curve=_curve(scores[order], ranked),
        reliability=_reliability(scores[known], true[known]),
        instead=instead,
        really=really,
        right=first(ranked & made, order),
        false_positives=first(~ranked & made, order),
        missed=first((ranked & ~made)[::-1], order[::-1]),
    )


def _curve(ranked: Scores, true: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return recall and precision at each positive, or at `CURVE_POINTS` of them; tied scores are cut together."""
    hits = np.cumsum(true)
    if not len(hits) or not hits[-1]:
        return np.empty((0, 2))
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    ends = ends[np.diff(hits[ends], prepend=0) > 0]
    if len(ends) > CURVE_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, CURVE_POINTS).round().astype(int))]
    return np.column_stack([hits[ends] / hits[-1], hits[ends] / (ends + 1)])


def _reliability(scores: Scores, true: NDArray[np.bool_]) -> NDArray[np.float64]:
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    marks, hits = np.bincount(bins, minlength=BINS), np.bincount(bins[true], minlength=BINS)
    total = np.bincount(bins, weights=scores, minlength=BINS)
    held = marks > 0
    n, share, z = marks[held], hits[held] / marks[held], 1.96
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # rounding must not take the share out of its interval
    low, high = np.minimum(middle - half, share), np.maximum(middle + half, share)
    return np.column_stack([total[held] / n, share, np.maximum(low, 0), np.minimum(high, 1), n])
