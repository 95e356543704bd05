"""Train the head of a strategy."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.metrics.metrics import macro_average_precision
from viennatag.training.data.examples import Examples
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead, mean_head
from viennatag.training.heads.heads import AnyHead, Ensemble, Linear, Neighbours
from viennatag.training.heads.trainer import Schedule, TrainedHead, fit_standardisation, train_head
from viennatag.training.strategies import Strategy

EpochCallback = Callable[[int, int, float], None]
"""Progress callback: the epoch, the most epochs there will be, and the best validation macro average precision."""


def train_strategy_head(
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    *,
    start: LinearHead | None = None,
    seed: int = 0,
    schedule: Schedule | None = None,
    progress: EpochCallback | None = None,
) -> TrainedHead:
    """Return the head of a strategy, trained on marks.

    Args:
        strategy: What to do about imbalance; its `min_count` and `target_count` shaped `labels` and `train` already.
        labels: The labels that targets are over.
        train: Marks to learn from.
        validation: Marks to choose the epoch by.
        start: What a linear head begins with, and keeps where no epoch is better; see `train_head`.
        seed: Of every random choice.
        schedule: How long and how fast.
        progress: Progress callback.
    """
    return _train(strategy.head, strategy, labels, train, validation, start, seed, schedule or Schedule(), progress)


def _train(
    kind: AnyHead,
    strategy: Strategy,
    labels: LabelSet,
    train: Examples,
    validation: Examples,
    start: LinearHead | None,
    seed: int,
    schedule: Schedule,
    progress: EpochCallback | None,
) -> TrainedHead:
    if isinstance(kind, Ensemble):
        members = [
            _train(each, strategy, labels, train, validation, start, seed, schedule, progress) for each in kind.members
        ]
        return blend(members, labels, validation, weights=kind.weights, min_positives=strategy.min_positives)
    if isinstance(kind, Neighbours):
        mean, scale = fit_standardisation(train, seed=seed)
        head = kind.fit(train.features, train.rows, train.targets, mean=mean, scale=scale, seed=seed)
        return as_trained(head, validation)
    return train_head(
        train,
        validation,
        parents=labels.parents,
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
