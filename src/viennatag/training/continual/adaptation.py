"""A head that learns on from decisions: what it starts from, what it is shown, and how strongly it is held.

All of it happens on the scale of calibrated scores, where a head is lines whose sigmoid is the score.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration, coherent
from viennatag.data.labels import LabelSet
from viennatag.evaluation.feedback import Decisions
from viennatag.model.parent_child import lift_logits
from viennatag.training.continual.weight_deltas import STRENGTHS, Directions, learn_moves, log_loss

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MENTIONS = 3
"""A code moves if it is expected on at least so many decisions, or taken on as many by surprise, or as often
rejected or left where it was suggested."""


@dataclass(frozen=True, eq=False)
class Lines:
    """A head on the scale of calibrated scores.

    Attributes:
        labels: What it scores.
        weight: Shape (labels, channels).
        bias: Shape (labels,).
        calibration: What made lines of a head's logits.
        readings: So many of the last channels are not the network's but what was read from pixels; each is for one
            label, which has no other channel and never moves.
        lift: As of the bundle.
    """

    labels: LabelSet
    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    calibration: Calibration
    readings: int = 0
    lift: float = 0.0

    @property
    def channels(self) -> int:
        """Channels of the network."""
        return int(self.weight.shape[1]) - self.readings

    @property
    def is_read(self) -> NDArray[np.bool_]:
        """Whether each label is read from pixels."""
        counts: NDArray[np.intp] = np.count_nonzero(self.weight[:, self.channels :], axis=1)
        return counts > 0

    def logits(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return calibrated logits, shape (marks, labels)."""
        logits: NDArray[np.float32] = seen @ self.weight.T.astype(np.float32) + self.bias.astype(np.float32)
        return logits

    def scores(self, seen: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return coherent scores, shape (marks, labels)."""
        return self.scores_of(self.logits(seen))

    def scores_of(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return coherent scores from calibrated logits, both of shape (marks, labels)."""
        if self.lift:  # a matter of the head's own logits
            slope, intercept = self.calibration.slope, self.calibration.intercept
            logits = slope * lift_logits((logits - intercept) / slope, self.labels, self.lift) + intercept
        return coherent(_as_they_are(len(self.labels))(logits), self.labels.parents)

    def grown(self, labels: LabelSet, counts: NDArray[np.int64], marks: int) -> "Lines":
        """Return lines for more labels; a new one starts as a share of its parent, or of all marks.

        Args:
            labels: These and others.
            counts: How many marks carry each of them, shape (labels,).
            marks: How many there are.
        """
        weight, bias = np.zeros((len(labels), self.weight.shape[1])), np.zeros(len(labels))
        own = {self.labels.names[at] for at in np.flatnonzero(self.is_read)}
        for at, (name, parent) in enumerate(zip(labels.names, labels.parents.tolist(), strict=True)):
            if name in self.labels.index:
                here = self.labels.index[name]
                weight[at], bias[at] = self.weight[here], self.bias[here]
            elif parent >= 0 and labels.names[parent] not in own:
                # log P(label) = log P(parent) + log P(label | parent), and both are small
                weight[at] = weight[parent]
                bias[at] = bias[parent] + np.log((counts[at] + 0.5) / (counts[parent] + 1))
            else:
                bias[at] = np.log((counts[at] + 0.5) / (marks - counts[at] + 0.5))
        calibration = grown_calibration(self.calibration, self.labels, labels)
        return Lines(labels, weight, bias, calibration, self.readings, self.lift)

    def moved(self, columns: NDArray[np.intp], weight: NDArray[np.float64], bias: NDArray[np.float64]) -> "Lines":
        """Return lines of which some moved, by weight (columns, channels) and bias (columns,)."""
        lines = replace(self, weight=self.weight.copy(), bias=self.bias.copy())
        lines.weight[columns, : self.channels] += weight
        lines.bias[columns] += bias
        return lines


def grown_calibration(calibration: Calibration, known: LabelSet, labels: LabelSet) -> Calibration:
    """Return the calibration of more labels; the logit of one that was not known is calibrated as it is."""
    grown, at = _as_they_are(len(labels)), [labels.index[name] for name in known.names]
    grown.slope[at], grown.intercept[at] = calibration.slope, calibration.intercept
    return grown


def _as_they_are(labels: int) -> Calibration:
    return Calibration(np.ones(labels), np.zeros(labels))


@dataclass(frozen=True, eq=False)
class Replay:
    """Marks that the head has learned from before, to be shown again.

    Attributes:
        seen: Shape (marks, channels).
        targets: Shape (marks, labels).
    """

    seen: NDArray[np.float32]
    targets: "csr_array"


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a head is to learn.

    Attributes:
        start: The head as it is.
        labels: Its labels, and new ones.
        seen: What it sees of the decisions, shape (marks, channels).
        targets: Their codes, shape (marks, labels).
        columns: Labels whose lines may move.
        weights: How much each of these counts on each mark, shape (marks, columns).
        replay: Marks to be shown again, if they are at hand.
        directions: What the lines move along.
        strengths: Of the pull, the strongest first.
    """

    start: Lines
    labels: LabelSet
    seen: NDArray[np.float32]
    targets: "csr_array"
    columns: NDArray[np.intp]
    weights: NDArray[np.float32]
    replay: Replay | None
    directions: Directions
    strengths: tuple[float, ...]

    @classmethod
    def of(
        cls,
        start: Lines,
        labels: LabelSet,
        decisions: Decisions,
        seen: NDArray[np.float32],
        thresholds: NDArray[np.float64],
        replay: Replay | None = None,
        *,
        strengths: tuple[float, ...] = STRENGTHS,
    ) -> "Lesson":
        """Return a lesson in which those codes may move that decisions say enough about.

        These are codes expected or refused often enough, and such as are taken far more often than expected. Were it
        all that are taken often, those would move that are so by chance, and scores become too high. Codes that are
        read from pixels have no weights to move.
        """
        targets = labels.encode(decisions.marks.codes)
        known = np.array([labels.index[name] for name in start.labels.names])
        named, expected = np.zeros(targets.shape, dtype=bool), np.zeros(len(labels))
        scores = start.scores(seen)
        named[:, known], expected[known] = scores >= thresholds, scores.sum(axis=0)
        named |= labels.encode(decisions.rejected).toarray()
        taken = np.asarray(targets.sum(axis=0)).ravel()
        not_taken = np.count_nonzero(named & ~targets.toarray(), axis=0)
        surprising = (taken >= MENTIONS) & (taken > expected + 2 * np.sqrt(expected + 1))
        fixed = np.zeros(len(labels), dtype=bool)
        fixed[known] = start.is_read
        columns = np.flatnonzero(((expected >= MENTIONS) | surprising | (not_taken >= MENTIONS)) & ~fixed)
        weights = np.broadcast_to(
            np.array(decisions.marks.weights, dtype=np.float32)[:, None], (len(seen), len(columns))
        )
        shown = np.concatenate([seen, replay.seen]) if replay else seen
        directions = Directions.of(shown[:, : start.channels])
        return cls(start, labels, seen, targets, columns, weights, replay, directions, strengths)

    def learn(self, rows: NDArray[np.intp]) -> tuple[Lines, list[NDArray[np.float32]]]:
        """Return where the lines start, and their moves for each strength of the pull, learned from some decisions."""
        start = self.start.grown(self.labels, np.asarray(self.targets[rows].sum(axis=0)), len(rows))
        seen, truth, weights = self.seen[rows], self.truth(rows), self.weights[rows]
        if self.replay:
            again = self.replay.targets[:, self.columns].toarray()
            share = min(1.0, len(rows) / len(again))  # together they count no more than the decisions
            seen, truth = np.concatenate([seen, self.replay.seen]), np.concatenate([truth, again])
            weights = np.concatenate([weights, np.full(again.shape, share, dtype=np.float32)])
        now = start.logits(seen)[:, self.columns]
        return start, list(learn_moves(self.directions(seen), now, truth, weights, strengths=self.strengths))

    def truth(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return which of the moving labels some decisions carry, shape (rows, columns)."""
        found: NDArray[np.bool_] = self.targets[rows][:, self.columns].toarray()
        return found

    def distance(self, moves: NDArray[np.float32]) -> float:
        """Return how far lines moved, as a share of their length; both where each channel varies by 1."""
        index, scale = self.start.labels.index, self.directions.scale
        names = [self.labels.names[at] for at in self.columns]
        known = np.array([name in index for name in names])
        own = self.start.weight[[index[name] for name in names if name in index], : self.start.channels]
        by = self.directions.unfold(moves)[0][known]
        return float(np.linalg.norm(by * scale)) / max(float(np.linalg.norm(own * scale)), 1e-12)


@dataclass(frozen=True, eq=False)
class Trial:
    """Decisions scored by heads that learned from others.

    Attributes:
        before: Calibrated logits as they were, new labels as they start; shape (marks, columns).
        after: The same for each strength of the pull, shape (strengths, marks, columns).
        losses: Log loss, shape (strengths, folds).
        as_is: Log loss as it was, shape (folds,).
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    losses: NDArray[np.float64]
    as_is: NDArray[np.float64]

    @classmethod
    def of(cls, lesson: Lesson, fold: NDArray[np.int8]) -> "Trial":
        """Return what heads say of each fold that learned from the other folds."""
        marks, folds = lesson.weights.shape[0], int(fold.max()) + 1
        before = np.empty(lesson.weights.shape, dtype=np.float32)
        after = np.empty((len(lesson.strengths), *before.shape), dtype=np.float32)
        losses, as_is = np.empty((len(lesson.strengths), folds)), np.empty(folds)
        for number in range(folds):
            held = np.flatnonzero(fold == number)
            start, tried = lesson.learn(np.setdiff1d(np.arange(marks), held))
            truth, weights = lesson.truth(held), lesson.weights[held]
            before[held] = start.logits(lesson.seen[held])[:, lesson.columns]
            as_is[number] = log_loss(before[held], truth, weights)
            for at, moves in enumerate(tried):
                after[at, held] = before[held] + lesson.directions(lesson.seen[held]) @ moves.T
                losses[at, number] = log_loss(after[at, held], truth, weights)
        return cls(before, after, losses, as_is)

    def order(self) -> list[int]:
        """Return the strengths that make held-out decisions likelier than before, the best first."""
        total = self.losses.sum(axis=1)
        return [int(at) for at in np.argsort(total) if total[at] < self.as_is.sum()]
