"""Office adaptation: fit the last layer of a bundle to feedback, held to what it was.

Learning happens on the scale of calibrated scores, where the sigmoid of a label's logit is its score; so calibration
and thresholds keep their meaning. Scores are those of the bundle's postprocessor: crops and pixel colours included.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.data.labels import LabelSet
from viennatag.evaluation.feedback import Feedback
from viennatag.images.crops import full_view_rows
from viennatag.losses.exclusive import exclusive_log_odds
from viennatag.metrics.scores import as_targets, dense_unknown, known_marks
from viennatag.model.postprocessing import Postprocessor
from viennatag.training.continual.weight_deltas import STRENGTHS, Directions, fit_weight_deltas, log_loss
from viennatag.training.data.held_out import HeldOut

MIN_MENTIONS = 3
"""A label may move if it is expected on at least this many marks, is surprisingly frequent, or is rejected as often."""


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The last layer of a bundle: weight (labels, channels), bias (labels,), and the postprocessor of its logits."""

    postprocessor: Postprocessor
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    @property
    def labels(self) -> LabelSet:
        """The labels."""
        return self.postprocessor.labels

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated logits of head inputs (views, channels), shape (views, labels)."""
        calibration = self.postprocessor.calibration
        weight = (calibration.slope[:, None] * self.weight).astype(np.float32)
        bias = (calibration.slope * self.bias + calibration.intercept).astype(np.float32)
        logits: NDArray[np.float32] = inputs @ weight.T + bias
        return logits

    def scores(self, views: HeldOut, logits: NDArray[np.floating[Any]] | None = None) -> NDArray[np.float64]:
        """Return scores of marks, shape (marks, labels).

        Their features are head inputs; `logits` are calibrated logits of the views, by default those of `self.logits`.
        """
        calibration = self.postprocessor.calibration
        found = self.logits(views.features) if logits is None else logits
        raw = (found - calibration.intercept) / calibration.slope
        return self.postprocessor.scores(views.outputs(raw))

    def grown(self, postprocessor: Postprocessor, counts: NDArray[np.int64], marks: NDArray[np.int64]) -> "LastLayer":
        """Return a layer for more labels; a new label starts as a share of its parent, or of all marks.

        `counts` are the marks that carry each label, `marks` those on which it is known, both of shape (labels,).
        """
        labels = postprocessor.labels
        weight, bias = np.zeros((len(labels), self.weight.shape[1])), np.zeros(len(labels))
        for at, (name, parent) in enumerate(zip(labels.names, labels.parents.tolist(), strict=True)):
            known = self.labels.index.get(name)
            if known is not None:
                weight[at], bias[at] = self.weight[known], self.bias[known]
            elif parent >= 0 and labels.names[parent] not in self.postprocessor.pixel_labels:
                # log P(label) = log P(parent) + log P(label | parent), and both are small
                slope, intercept = postprocessor.calibration.slope[parent], postprocessor.calibration.intercept[parent]
                share = np.log((counts[at] + 0.5) / (counts[parent] + 1))
                weight[at], bias[at] = slope * weight[parent], slope * bias[parent] + intercept + share
            else:
                bias[at] = np.log((counts[at] + 0.5) / (marks[at] - counts[at] + 0.5))
        return LastLayer(postprocessor, weight, bias)

    def moved(self, columns: NDArray[np.intp], weight: NDArray[np.float64], bias: NDArray[np.float64]) -> "LastLayer":
        """Return a layer with changes of some labels, on the scale of calibrated logits.

        The changes have the shapes (columns, channels) and (columns,).
        """
        layer = replace(self, weight=self.weight.copy(), bias=self.bias.copy())
        slope = self.postprocessor.calibration.slope[columns]
        layer.weight[columns] += weight / slope[:, None]
        layer.bias[columns] += bias / slope
        return layer


def grown_postprocessor(known: Postprocessor, labels: LabelSet) -> Postprocessor:
    """Return a postprocessor for more labels.

    The logit of a new label is calibrated as it is. Its threshold and weight are those of its parent, or the median.
    """
    at = [labels.index[name] for name in known.labels.names]
    slope, intercept = np.ones(len(labels)), np.zeros(len(labels))
    slope[at], intercept[at] = known.calibration.slope, known.calibration.intercept
    calibration = Calibration(slope, intercept, labels.exclusive)
    weights = None if known.weights is None else _grown(known.weights, known.labels, labels)
    thresholds = _grown(known.thresholds, known.labels, labels)
    return replace(known, labels=labels, calibration=calibration, thresholds=thresholds, weights=weights)


def _grown(values: NDArray[np.float64], known: LabelSet, labels: LabelSet) -> NDArray[np.float64]:
    """Return a value for each label: its own, that of its parent, or the median."""
    grown = np.full(len(labels), np.median(values))
    grown[[labels.index[name] for name in known.names]] = values
    for position, (name, parent) in enumerate(zip(labels.names, labels.parents.tolist(), strict=True)):
        if name not in known.index and parent >= 0:
            grown[position] = grown[parent]
    return grown


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Marks shown again that the layer learned from before: head inputs (marks, channels), targets (marks, labels)."""

    inputs: NDArray[np.float32]
    targets: csr_array


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The learning problem: feedback, the labels that may move, and what holds them.

    Attributes:
        start: The layer as it is.
        postprocessor: For its labels and new ones.
        views: The marks of the feedback; `features` are head inputs.
        targets: Their labels, shape (marks, labels).
        columns: Labels that may move.
        weights: How much each of these counts on each mark, shape (marks, columns).
        rehearsal: Marks to show again, if given.
        directions: What weights move along.
        strengths: Of the L2-SP penalty, the strongest first.
    """

    start: LastLayer
    postprocessor: Postprocessor
    views: HeldOut
    targets: csr_array
    columns: NDArray[np.intp]
    weights: NDArray[np.float32]
    rehearsal: Rehearsal | None
    directions: Directions
    strengths: tuple[float, ...]

    @property
    def labels(self) -> LabelSet:
        """The labels, new ones included."""
        return self.postprocessor.labels

    @property
    def known(self) -> NDArray[np.intp]:
        """Position of each label of the start, shape (labels of the start,)."""
        return np.array([self.labels.index[name] for name in self.start.labels.names])

    @classmethod
    def of(
        cls,
        start: LastLayer,
        labels: LabelSet,
        feedback: Feedback,
        views: HeldOut,
        rehearsal: Rehearsal | None = None,
        *,
        strengths: tuple[float, ...] = STRENGTHS,
    ) -> "Adaptation":
        """Return the adaptation in which those labels may move that the feedback says enough about.

        These are labels expected or rejected often enough, and labels given far more often than expected. If all
        frequent labels moved, those that are frequent by chance would too, and scores would become too high. Labels
        read from pixels have no weights to move.
        """
        targets = labels.targets(feedback.marks)
        unknown = dense_unknown(targets)
        known = [labels.index[name] for name in start.labels.names]
        named, expected = np.zeros(targets.shape, dtype=bool), np.zeros(len(labels))
        scores = start.scores(views)
        named[:, known], expected[known] = scores >= start.postprocessor.thresholds, scores.sum(axis=0)
        named |= labels.encode(feedback.rejected).toarray()
        if unknown is not None:  # what nobody knows contradicts nothing
            named[unknown] = False
            expected[known] = np.where(unknown[:, known], 0, scores).sum(axis=0)
        given = np.asarray(as_targets(targets).sum(axis=0)).ravel()
        not_given = np.count_nonzero(named & ~as_targets(targets).toarray(), axis=0)
        surprising = (given >= MIN_MENTIONS) & (given > expected + 2 * np.sqrt(expected + 1))
        may_move = (expected >= MIN_MENTIONS) | surprising | (not_given >= MIN_MENTIONS)
        may_move[[labels.index[name] for name in start.postprocessor.pixel_labels]] = False
        for group in labels.exclusive or ():  # one of them cannot move without the others
            may_move[group.members] = may_move[group.members].any()
        columns = np.flatnonzero(may_move)
        own = np.array(feedback.marks.weights, dtype=np.float32)[:, None]
        weights = np.broadcast_to(own, (len(feedback), len(columns)))
        weights = weights if unknown is None else np.where(unknown[:, columns], np.float32(0), weights)
        shown = np.concatenate([views.whole, rehearsal.inputs]) if rehearsal else views.whole
        postprocessor = grown_postprocessor(start.postprocessor, labels)
        return cls(start, postprocessor, views, targets, columns, weights, rehearsal, Directions.of(shown), strengths)

    def learn(self, rows: NDArray[np.intp]) -> tuple[LastLayer, list[NDArray[np.float32]]]:
        """Return the layer at the start, and its deltas for each strength of the penalty, learned from some marks."""
        counts = np.asarray(as_targets(self.targets[rows]).sum(axis=0))
        start = self.start.grown(self.postprocessor, counts, known_marks(self.targets[rows]))
        inputs, truth, weights = self.views.whole[rows], self.truth(rows), self.weights[rows]
        if self.rehearsal:
            old = self.rehearsal.targets[:, self.columns].toarray()
            again = old > 0
            share = min(1.0, len(rows) / len(again))  # together they count no more than the feedback
            inputs, truth = np.concatenate([inputs, self.rehearsal.inputs]), np.concatenate([truth, again])
            weights = np.concatenate([weights, np.where(old < 0, 0, share).astype(np.float32)])
        now = start.logits(inputs)[:, self.columns]
        deltas = fit_weight_deltas(
            self.directions(inputs), now, truth, weights, strengths=self.strengths, exclusive=self.exclusive
        )
        return start, list(deltas)

    @property
    def exclusive(self) -> ExclusiveGroups | None:
        """The groups of exclusive labels among `columns`."""
        return self.labels.exclusive.within(self.columns) if self.labels.exclusive else None

    def log_odds(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Return the log-odds that calibrated logits of `columns` stand for, same shape."""
        groups = self.exclusive
        return exclusive_log_odds(torch.from_numpy(logits), groups).numpy() if groups else logits

    def truth(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which of the moving labels some marks carry, shape (rows, columns)."""
        found: NDArray[np.bool_] = as_targets(self.targets[rows][:, self.columns]).toarray()
        return found

    def distance(self, deltas: NDArray[np.float32]) -> float:
        """Return how far weights moved, as a share of their length, each channel scaled to vary by 1."""
        index, scale, slope = self.start.labels.index, self.directions.scale, self.start.postprocessor.calibration.slope
        at = np.array([index.get(self.labels.names[column], -1) for column in self.columns], dtype=np.intp)
        known = at >= 0
        own = slope[at[known], None] * self.start.weight[at[known]]
        by = self.directions.unfold(deltas)[0][known]
        return float(np.linalg.norm(by * scale)) / max(float(np.linalg.norm(own * scale)), 1e-12)


def cross_fit(adaptation: Adaptation, fold: NDArray[np.int8]) -> tuple[NDArray[np.float32], list[int]]:
    """Return what layers say about each fold that learned from the other folds; `fold` has shape (marks,).

    Returns:
        Calibrated logits for each strength, shape (strengths, views, columns); and the positions of the strengths that
        make held-out feedback likelier than before, by the log loss on whole marks, the best first.
    """
    views, marks, folds, strengths = adaptation.views, len(fold), int(fold.max()) + 1, len(adaptation.strengths)
    whole, view_fold = full_view_rows(views.view_counts.tolist()), np.repeat(fold, views.view_counts)
    after = np.empty((strengths, len(views.features), len(adaptation.columns)), dtype=np.float32)
    losses, unchanged = np.empty((strengths, folds)), np.empty(folds)
    for number in range(folds):
        held, rows = np.flatnonzero(fold == number), np.flatnonzero(view_fold == number)
        start, tried = adaptation.learn(np.setdiff1d(np.arange(marks), held))
        truth, weights, own = adaptation.truth(held), adaptation.weights[held], np.searchsorted(rows, whole[held])
        before = start.logits(views.features[rows])[:, adaptation.columns]
        unchanged[number] = log_loss(adaptation.log_odds(before[own]), truth, weights)
        for at, deltas in enumerate(tried):
            after[at, rows] = before + adaptation.directions(views.features[rows]) @ deltas.T
            losses[at, number] = log_loss(adaptation.log_odds(after[at, whole[held]]), truth, weights)
    total = losses.sum(axis=1)
    return after, [int(at) for at in np.argsort(total) if total[at] < unchanged.sum()]
