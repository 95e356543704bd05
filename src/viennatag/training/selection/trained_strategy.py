"""A strategy applied to marks: a head, and the postprocessor fitted to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.metrics.metrics import macro_average_precision
from viennatag.model.postprocessing import Postprocessor
from viennatag.training.data.examples import Examples
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead, mean_head
from viennatag.training.heads.heads import FITTED, Ensemble, Linear
from viennatag.training.heads.trainer import Schedule, TrainedHead, fit_standardisation, train_head
from viennatag.training.postprocessing.fitting import fit_postprocessor
from viennatag.training.postprocessing.forward import forward
from viennatag.training.strategies import Strategy

EpochCallback = Callable[[int, int, float], None]
"""Progress callback: the epoch, the most epochs there will be, and the best validation macro average precision."""


@dataclass(frozen=True, eq=False)
class TrainedStrategy(TrainedHead):
    """What a strategy made of marks: a trained head, and its postprocessor.

    Attributes:
        postprocessor: Logits to scores and suggestions.
        facts: What was measured to choose the postprocessor.
    """

    postprocessor: Postprocessor
    facts: dict[str, Any]

    @property
    def labels(self) -> LabelSet:
        """The labels, in the order of the logits."""
        return self.postprocessor.labels

    def scores(self, held_out: HeldOut) -> NDArray[np.float64]:
        """Return the scores of held-out marks as the bundle will serve them, shape (marks, labels)."""
        return self.postprocessor.scores(forward(self.head, held_out))


def train_strategy(
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    held_out: HeldOut,
    *,
    start: LinearHead | None = None,
    seed: int = 0,
    schedule: Schedule | None = None,
    progress: EpochCallback | None = None,
) -> TrainedStrategy:
    """Return a strategy trained on marks, with the postprocessor that fits it on the validation subset.

    Args:
        strategy: What to do about imbalance; its `min_count` and `target_count` shaped `labels` and `train` already.
        labels: The labels that targets are over.
        train: Marks to learn from.
        validation: Marks to choose the epoch by.
        held_out: The validation marks as they will be served.
        start: What a linear head begins with, and keeps where no epoch is better; see `train_head`.
        seed: Of every random choice.
        schedule: How long and how fast.
        progress: Progress callback.
    """
    schedule = schedule or Schedule()
    trained = _train(strategy, labels, train, validation, start, seed, schedule, progress)
    return postprocess(trained, strategy, labels, validation, held_out)


def postprocess(
    trained: TrainedHead, strategy: Strategy, labels: LabelSet, validation: Examples, held_out: HeldOut
) -> TrainedStrategy:
    """Return a trained head with the postprocessor that fits it on the validation subset."""
    fitted = fit_postprocessor(
        forward(trained.head, held_out),
        validation.targets,
        labels,
        strategy.decision_rule,
        min_positives=strategy.min_positives,
    )
    return TrainedStrategy(
        trained.head, trained.macro_map, trained.epochs, fitted.postprocessor, fitted.facts, history=trained.history
    )


def _train(
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    start: LinearHead | None,
    seed: int,
    schedule: Schedule,
    progress: EpochCallback | None,
) -> TrainedHead:
    kind = strategy.head
    if isinstance(kind, Ensemble):
        alone = [replace(strategy, head=each) for each in kind.members]
        members = [_train(each, labels, train, validation, start, seed, schedule, progress) for each in alone]
        return blend(members, labels, validation, weights=kind.weights, min_positives=strategy.min_positives)
    if isinstance(kind, FITTED):
        mean, scale = fit_standardisation(train, seed=seed)
        head = kind.fit(train.features, train.rows, train.targets, mean=mean, scale=scale, seed=seed)
        return as_trained(head, validation)
    return train_head(
        train,
        validation,
        parents=labels.parents,
        exclusive=labels.exclusive,
        sampling=strategy.sampling,
        loss=strategy.loss,
        kind=kind,
        start=start if isinstance(kind, Linear) else None,
        schedule=replace(schedule, learning_rate=strategy.learning_rate_multiplier * schedule.learning_rate),
        seed=seed,
        progress=progress,
    )


def blend(
    members: Sequence[TrainedHead],
    labels: LabelSet,
    validation: Examples,
    *,
    weights: Sequence[float] | None = None,
    min_positives: int = 10,
) -> TrainedHead:
    """Return the weighted mean of heads, each first calibrated; by default all count alike."""
    scales = [
        fit_platt(validation.logits(each.head), validation.targets, groups=labels.groups, min_positives=min_positives)
        for each in members
    ]
    head = mean_head([member.head for member in members], scales, weights or (1.0,) * len(members))
    return as_trained(head, validation, epochs=max(member.epochs for member in members))


def as_trained(head: ExportedHead, validation: Examples, *, epochs: int = 0) -> TrainedHead:
    """Return a head as it is, with its macro average precision on the validation subset."""
    return TrainedHead(head, macro_average_precision(validation.logits(head), validation.targets).value, epochs)
