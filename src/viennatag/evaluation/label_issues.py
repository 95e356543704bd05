"""Labels that are probably missing or probably wrong, the most certain first, for a person to decide.

Scores must be out of sample: from a model that has not seen the mark (`training.selection.cross_fitting`). A missing
label is ranked by its calibrated score, which is the probability asked for. For a given label a low score alone says
little, as a rare label never has a high one. So it is ranked by the share of marks without it that score higher, times
how well its scores separate the two at all (twice the area under the ROC curve, less one).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError
from viennatag.metrics.scores import as_targets, find_unknown, known_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Kind = Literal["missing", "wrong"]
NEIGHBOURS = 5
BLOCK_MARKS = 8192
"""Marks whose scores are ranked at a time."""
_CARRIERS = 5
"""A label on fewer marks is never called wrong: nobody can say how well its scores separate marks."""


@dataclass(frozen=True)
class LabelIssue:
    """One label of one mark for a person to review.

    Attributes:
        kind: `missing` or `wrong`.
        row: Position of the mark.
        label: The code that is probably missing, or the code on the mark that is probably wrong.
        heading: What it means.
        score: Probability that the mark carries the label, from a model that has not seen the mark.
        certainty: What the list is ordered by, in [0, 1]: for `missing` the score; for `wrong` the share of marks
            without the label that score higher, times how well it is told apart, averaged over the code's path.
        typical: Mean score of the marks that carry the label.
        prior: Share of the marks that carry the label.
        neighbours: Positions of the most similar other marks.
        agreeing: How many of them carry the label.
    """

    kind: Kind
    row: int
    label: str
    heading: str
    score: float
    certainty: float
    typical: float
    prior: float
    neighbours: tuple[int, ...] = ()
    agreeing: int = 0

    def to_json(self, marks: Marks) -> dict[str, Any]:
        """Return plain data in which marks have their names."""
        return {
            **{name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()},
            "id": marks.ids[self.row],
            "image": marks.images[self.row],
            "codes": list(marks.codes[self.row]),
            "neighbours": [marks.ids[at] for at in self.neighbours],
        }


class ScoreBlocks(Protocol):
    """Scores that are computed when they are read, because those of a register do not fit into memory."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of marks and labels."""

    def __iter__(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.floating[Any]]]]:
        """Yield positions of marks (n,), each mark once, and their scores (n, labels); every pass yields the same."""


def rank_label_issues(
    marks: Marks,
    labels: LabelSet,
    scores: NDArray[np.floating[Any]] | ScoreBlocks,
    *,
    limit: int = 500,
    features: tuple[NDArray[Any], NDArray[np.intp]] | None = None,
) -> tuple[LabelIssue, ...]:
    """Return probably missing labels, then probably wrong ones, at most `limit` of each, the most certain first.

    A missing ancestor gives its place to a descendant that is listed too and at least half as certain.

    Args:
        marks: The marks.
        labels: What the scores are of.
        scores: Out-of-sample, calibrated and coherent, shape (marks, labels); as blocks they are read twice.
        limit: Most issues of a kind.
        features: Raw features (rows, width) and the row of each mark, to find the most similar marks by.

    Raises:
        DataError: If the shape of the scores is not (marks, labels).
    """
    if scores.shape != (len(marks), len(labels)):
        raise DataError(f"scores have shape {scores.shape}; expected {(len(marks), len(labels))}, marks by labels")
    given = labels.targets(marks)
    targets, unknown = as_targets(given), find_unknown(given)
    counts = np.asarray(targets.sum(axis=0), dtype=np.int64).ravel()
    settled = targets if unknown is None else targets + unknown  # neither missing nor without the label
    enough = limit * len(labels.level_names)  # each descendant takes the place of its ancestors
    own, best = np.zeros(targets.nnz), list[_Candidate]()
    for rows, block in _blocks(scores):
        entries, at = _entries(targets, rows)
        own[entries] = block[at, targets.indices[entries]]
        best = sorted([*best, *_best_of_block(rows, block, settled, enough)], key=lambda each: (-each[0], *each[1:]))[
            :enough
        ]
    carried = targets.astype(np.float64)
    carried.data = own
    typical = np.bincount(carried.indices, own, minlength=len(labels)) / np.maximum(counts, 1)
    found = [*_missing(labels, best, limit), *_wrong(marks, labels, misplaced(scores, carried, settled), limit)]
    near = _neighbours(sorted({row for _, row, _, _ in found}), features) if features else {}
    prior = counts / np.maximum(known_counts(given), 1)
    return tuple(
        LabelIssue(
            kind=kind,
            row=row,
            label=labels.names[at],
            heading=labels.hierarchy.heading(labels.names[at]),
            score=certainty if kind == "missing" else float(carried[row, at]),
            certainty=certainty,
            typical=float(typical[at]),
            prior=float(prior[at]),
            neighbours=near.get(row, ()),
            agreeing=int(targets[list(near[row])][:, [at]].sum()) if near.get(row) else 0,
        )
        for kind, row, at, certainty in found
    )


_Ranked = tuple[Kind, int, int, float]
"""Kind, mark, label, certainty."""
_Candidate = tuple[float, int, int]
"""Score, mark, label."""


def _blocks(
    scores: NDArray[np.floating[Any]] | ScoreBlocks,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.floating[Any]]]]:
    if not isinstance(scores, np.ndarray):
        yield from scores
        return
    for start in range(0, len(scores), BLOCK_MARKS):
        block = scores[start : start + BLOCK_MARKS]
        yield np.arange(start, start + len(block)), block


def _entries(targets: "csr_array", rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions in the data of CSR targets of all entries of some rows, and which of the rows each is of."""
    lengths = np.diff(targets.indptr)[rows]
    ends = np.cumsum(lengths)
    positions = np.arange(lengths.sum()) + np.repeat(targets.indptr[rows] - ends + lengths, lengths)
    return positions, np.repeat(np.arange(len(rows)), lengths)


def _best_of_block(
    rows: NDArray[np.intp], block: NDArray[np.floating[Any]], settled: "csr_array", enough: int
) -> list[_Candidate]:
    """Return the highest scores above 0 of labels that marks do not carry."""
    flat = np.where(settled[rows].toarray(), -1.0, block).ravel()
    top = np.argpartition(-flat, min(enough, flat.size - 1))[:enough]
    pairs = ((float(flat[at]), *divmod(int(at), block.shape[1])) for at in top if flat[at] > 0)
    return [(score, int(rows[row]), label) for score, row, label in pairs]


def _missing(labels: LabelSet, best: Sequence[_Candidate], limit: int) -> list[_Ranked]:
    listed: dict[tuple[int, int], float] = {}
    for certainty, row, at in best:  # a parent stands before its children, which never score higher
        for above in labels.path(at)[:-1]:
            if listed.get((row, above), np.inf) <= 2 * certainty:
                del listed[row, above]
        listed[row, at] = certainty
        if len(listed) == limit:
            break
    return [("missing", row, at, certainty) for (row, at), certainty in listed.items()]


def _wrong(marks: Marks, labels: LabelSet, misplaced: "csr_array", limit: int) -> list[_Ranked]:
    known: dict[str, tuple[int, ...]] = {}
    found: dict[tuple[int, int], float] = {}
    for row, codes in enumerate(marks.codes):
        carried = slice(misplaced.indptr[row], misplaced.indptr[row + 1])
        ranked = dict(zip(misplaced.indices[carried].tolist(), misplaced.data[carried].tolist(), strict=True))
        for code in codes:
            if code not in known:
                known[code] = tuple(labels.encode([[code]]).indices.tolist())
            if path := known[code]:
                found[row, path[-1]] = sum(ranked[node] for node in path) / len(path)
    order = sorted(found, key=lambda each: (-found[each], each))[:limit]
    return [("wrong", row, at, found[row, at]) for row, at in order if found[row, at] > 0]


def misplaced(
    scores: NDArray[np.floating[Any]] | ScoreBlocks, carried: "csr_array", settled: "csr_array"
) -> "csr_array":
    """Return how much each carried label's score is that of a mark without it.

    Args:
        scores: As in `rank_label_issues`.
        carried: The score of each label that a mark carries, shape (marks, labels).
        settled: Which labels a mark carries, or nobody knows, same shape.
    """
    columns = carried.tocsc()
    ends, label_of = columns.indptr, np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
    order = np.lexsort((columns.data, label_of))
    ascending, below = columns.data[order], np.zeros(columns.nnz, dtype=np.int64)
    ranked = np.flatnonzero(np.diff(ends) >= _CARRIERS).tolist()
    for rows, block in _blocks(scores):
        others = np.array(block.T)
        hidden = settled[rows].tocoo()
        others[hidden.col, hidden.row] = np.inf
        others.sort(axis=1)
        for at in ranked:
            here = slice(ends[at], ends[at + 1])
            below[here] += np.searchsorted(others[at], ascending[here].astype(others.dtype), side="right")
    without = carried.shape[0] - np.asarray(settled.sum(axis=0), dtype=np.int64).ravel()
    columns.data[:] = 0
    for at in ranked:
        if without[at]:
            here = slice(ends[at], ends[at + 1])
            above = 1 - below[here] / without[at]
            columns.data[order[here]] = above * max(0.0, 1 - 2 * float(above.mean()))
    return columns.tocsr()


def _neighbours(rows: Sequence[int], features: tuple[NDArray[Any], NDArray[np.intp]]) -> Mapping[int, tuple[int, ...]]:
    """Return the marks most similar to each of some marks, by the cosine of centred features."""
    values, row_of = features
    some = np.linspace(0, len(row_of) - 1, min(len(row_of), 10_000)).astype(np.intp)
    centre = values[row_of[some]].astype(np.float32).mean(axis=0)

    def unit(chosen: NDArray[np.intp]) -> NDArray[np.float32]:
        moved = values[row_of[chosen]].astype(np.float32) - centre
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12), dtype=np.float32)

    asked = np.array(rows, dtype=np.intp)
    queries = unit(asked)
    best = np.full((len(asked), NEIGHBOURS), -np.inf, dtype=np.float32)
    who = np.full((len(asked), NEIGHBOURS), -1, dtype=np.intp)
    for start in range(0, len(row_of), 8192):
        block = np.arange(start, min(start + 8192, len(row_of)))
        alike = np.where(asked[:, None] == block, -np.inf, queries @ unit(block).T)
        joined, names = np.hstack([best, alike]), np.hstack([who, np.broadcast_to(block, alike.shape)])
        order = np.argsort(-joined, axis=1, kind="stable")[:, :NEIGHBOURS]
        best, who = np.take_along_axis(joined, order, 1), np.take_along_axis(names, order, 1)
    return {row: tuple(int(at) for at in found if at >= 0) for row, found in zip(rows, who, strict=True)}
