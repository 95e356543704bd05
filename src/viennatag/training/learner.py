"""Apply a strategy: from examples to a head, its calibration and its rule of decision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration, coherent, fit_platt
from viennatag.data.labels import LabelSet
from viennatag.metrics.figures import macro_average_precision
from viennatag.thresholds.decision_rules import Decision, Rule
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import AnyHead, Ensemble, FittedHead, Linear, Neighbours, mean_head
from viennatag.training.heads.trainer import Examples, Schedule, Trained, standardise, train_head
from viennatag.training.strategies import Strategy

Progress = Callable[[int, int, float], None]
"""Told the epoch, the most there will be, and the best validation macro average precision so far."""


@dataclass(frozen=True, eq=False)
class Learned:
    """What a strategy made of marks.

    Attributes:
        labels: The labels, in the order of the logits.
        head: Features to logits.
        calibration: Logits to probabilities.
        rule: Scores to suggestions.
        macro_map: Macro average precision on the validation part, in [0, 1].
        epochs: Epochs until the best; of several heads the most.
    """

    labels: LabelSet
    head: FittedHead
    calibration: Calibration
    rule: Rule
    macro_map: float
    epochs: int

    def scores(self, examples: Examples) -> NDArray[np.float64]:
        """Return calibrated, coherent scores, shape (marks, labels)."""
        return coherent(self.calibration(examples.logits(self.head)), self.labels.parents)


def learn(
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    *,
    start: LinearHead | None = None,
    seed: int = 0,
    schedule: Schedule | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Return what a strategy makes of marks.

    Args:
        strategy: What to do about imbalance; its `min_count` and `until` shaped `labels` and `train` already.
        labels: The labels that targets are over.
        train: Marks to learn from.
        validation: Marks to choose the epoch by, and to fit calibration and decision on.
        start: What a linear head begins with, and stays where no epoch is better; see `train_head`.
        seed: Of every random choice.
        schedule: How long and how fast.
        progress: Told how far training is.
    """
    trained = _teach(strategy.head, strategy, labels, train, validation, start, seed, schedule or Schedule(), progress)
    return decide_on(trained, labels, validation, decision=strategy.decision, min_positives=strategy.min_positives)


def keep(head: FittedHead, strategy: Strategy, labels: LabelSet, validation: Examples) -> Learned:
    """Return a head as it is, with the calibration and the decision of a strategy."""
    trained = _judged(head, 0, validation)
    return decide_on(trained, labels, validation, decision=strategy.decision, min_positives=strategy.min_positives)


def decide_on(
    trained: Trained, labels: LabelSet, validation: Examples, *, decision: Decision, min_positives: int = 10
) -> Learned:
    """Return a trained head with its calibration and its rule, both fitted on the validation part."""
    calibration, rule = decide_by(
        validation.logits(trained.head), validation.targets, labels, decision=decision, min_positives=min_positives
    )
    return Learned(labels, trained.head, calibration, rule, trained.macro_map, trained.epochs)


def decide_by(
    logits: NDArray[np.float32], targets: csr_array, labels: LabelSet, *, decision: Decision, min_positives: int = 10
) -> tuple[Calibration, Rule]:
    """Return the calibration and the rule that logits of the validation part make, of shape (marks, labels)."""
    kinds = kinds_of(labels)
    calibration = fit_platt(logits, targets, groups=kinds, min_positives=min_positives)
    scores = coherent(calibration(logits), labels.parents)
    return calibration, decision.fit(scores, targets, groups=kinds, levels=labels.depths)


def kinds_of(labels: LabelSet) -> NDArray[np.intp]:
    """Return for each label the group whose calibration it shares when it is rare: its level and kind."""
    return labels.depths * 2 + labels.is_pictorial


def _teach(
    kind: AnyHead,
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    start: LinearHead | None,
    seed: int,
    schedule: Schedule,
    progress: Progress | None,
) -> Trained:
    if isinstance(kind, Ensemble):
        members = [
            _teach(each, strategy, labels, train, validation, start, seed, schedule, progress) for each in kind.members
        ]
        return blend(members, labels, validation, weights=kind.weights, min_positives=strategy.min_positives)
    if isinstance(kind, Neighbours):
        mean, scale = standardise(train, seed=seed)
        head = kind.fit(train.features, train.rows, train.targets, mean=mean, scale=scale, seed=seed)
        return _judged(head, 0, validation)
    return train_head(
        train,
        validation,
        parents=labels.parents,
        sampling=strategy.sampling,
        loss=strategy.loss,
        kind=kind,
        start=start if isinstance(kind, Linear) else None,
        schedule=replace(schedule, learning_rate=strategy.pace * schedule.learning_rate),
        seed=seed,
        progress=progress,
    )


def blend(
    members: Sequence[Trained],
    labels: LabelSet,
    validation: Examples,
    *,
    weights: Sequence[float] | None = None,
    min_positives: int = 10,
) -> Trained:
    """Return the weighted mean of heads, each calibrated on the validation part first; by default all count alike."""
    kinds, targets = kinds_of(labels), validation.targets
    calibrations = [
        fit_platt(validation.logits(member.head), targets, groups=kinds, min_positives=min_positives)
        for member in members
    ]
    head = mean_head([member.head for member in members], calibrations, weights or (1.0,) * len(members))
    return _judged(head, max(member.epochs for member in members), validation)


def _judged(head: FittedHead, epochs: int, validation: Examples) -> Trained:
    return Trained(head, macro_average_precision(validation.logits(head), validation.targets).value, epochs)
