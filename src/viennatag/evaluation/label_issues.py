"""Labels that are probably missing or probably wrong, the most certain first, for a person to decide.

Scores must be out of sample: from a model that has not seen the mark (`training.selection.cross_fitting`). A missing
label is ranked by its calibrated score, which is the probability asked for. For a given label a low score alone says
little, as a rare label never has a high one. So it is ranked by the share of marks without it that score higher, times
how well its scores separate the two at all (twice the area under the ROC curve, less one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError
from viennatag.metrics.scores import as_targets, find_unknown, known_counts
from viennatag.prediction.predictor import heading

Kind = Literal["missing", "wrong"]
NEIGHBOURS = 5
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


def rank_label_issues(
    marks: Marks,
    labels: LabelSet,
    scores: NDArray[np.floating[Any]],
    *,
    limit: int = 500,
    features: tuple[NDArray[Any], NDArray[np.intp]] | None = None,
) -> tuple[LabelIssue, ...]:
    """Return probably missing labels, then probably wrong ones, at most `limit` of each, the most certain first.

    A missing ancestor gives its place to a descendant that is listed too and at least half as certain.

    Args:
        marks: The marks.
        labels: What the scores are of.
        scores: Out-of-sample, calibrated and coherent, shape (marks, labels).
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
    own = np.zeros(len(labels))
    for start in range(0, len(marks), 8192):
        block = targets[start : start + 8192].tocoo()
        np.add.at(own, block.col, scores[start + block.row, block.col])
    typical = np.divide(own, counts, out=np.zeros(len(labels)), where=counts > 0)
    settled = targets if unknown is None else targets + unknown  # neither missing nor without the label
    found = [*_missing(labels, scores, settled, limit), *_wrong(marks, labels, misplaced(scores, given), limit)]
    near = _neighbours(sorted({row for _, row, _, _ in found}), features) if features else {}
    prior = counts / np.maximum(known_counts(given), 1)
    return tuple(
        LabelIssue(
            kind=kind,
            row=row,
            label=labels.names[at],
            heading=heading(labels.names[at], labels.taxonomy),
            score=float(scores[row, at]),
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


def _missing(labels: LabelSet, scores: NDArray[np.floating[Any]], targets: Any, limit: int) -> list[_Ranked]:
    enough = limit * len(labels.level_names)  # each descendant takes the place of its ancestors
    best: list[tuple[float, int, int]] = []
    for start in range(0, len(scores), 8192):
        lacking = np.where(targets[start : start + 8192].toarray(), -1.0, scores[start : start + 8192])
        flat = lacking.ravel()
        top = np.argpartition(-flat, min(enough, flat.size - 1))[:enough]
        best += [(float(flat[at]), start + int(at) // len(labels), int(at) % len(labels)) for at in top if flat[at] > 0]
        best = sorted(best, key=lambda each: (-each[0], each[1], each[2]))[:enough]
    listed: dict[tuple[int, int], float] = {}
    for certainty, row, at in best:  # a parent stands before its children, which never score higher
        for above in labels.path(at)[:-1]:
            if listed.get((row, above), np.inf) <= 2 * certainty:
                del listed[row, above]
        listed[row, at] = certainty
        if len(listed) == limit:
            break
    return [("missing", row, at, certainty) for (row, at), certainty in listed.items()]


def _wrong(marks: Marks, labels: LabelSet, misplaced: Any, limit: int) -> list[_Ranked]:
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


def misplaced(scores: NDArray[np.floating[Any]], targets: Any) -> Any:
    """Return for each label that a mark carries how much its score is that of a mark without it; CSR as `targets`."""
    unknown = find_unknown(targets)
    hidden = None if unknown is None else unknown.tocsc()
    columns = as_targets(targets).tocsc().astype(np.float64)
    for at in range(columns.shape[1]):
        here = slice(columns.indptr[at], columns.indptr[at + 1])
        carriers = columns.indices[here]
        open_marks = [] if hidden is None else hidden.indices[hidden.indptr[at] : hidden.indptr[at + 1]]
        without = np.sort(np.delete(scores[:, at], np.append(carriers, open_marks).astype(np.intp)))
        if len(carriers) < _CARRIERS or not len(without):
            columns.data[here] = 0
            continue
        above = 1 - np.searchsorted(without, scores[carriers, at], side="right") / len(without)
        columns.data[here] = above * max(0.0, 1 - 2 * float(above.mean()))
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
