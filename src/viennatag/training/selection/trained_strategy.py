"""A strategy applied to marks: a head, and the postprocessor fitted to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.metrics.metrics import average_precision, macro_average_precision, mean_of_known
from viennatag.metrics.scores import Targets, as_targets
from viennatag.model.postprocessing import Postprocessor
from viennatag.training.data.examples import Examples
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead, mean_head
from viennatag.training.heads.heads import Ensemble, FittedKind, Linear
from viennatag.training.heads.label_graph import LabelGraph, label_graph
from viennatag.training.heads.trainer import Schedule, TrainedHead, fit_standardisation, train_head
from viennatag.training.postprocessing.fitting import fit_postprocessor
from viennatag.training.postprocessing.forward import forward
from viennatag.training.strategies import Strategy

EpochCallback = Callable[[int, int, float], None]
"""Progress callback: the epoch, the most epochs there will be, and the best validation macro average precision."""


@dataclass(frozen=True, eq=False)
class TrainedStrategy(TrainedHead):
    """What a strategy made of marks: a trained head, its postprocessor, and what was measured to choose that."""

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

    The strategy's `min_count` and `target_count` have shaped labels and training marks already. `held_out` are the
    validation marks as they will be served; for `start` see `train_head`.
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
        return blend(members, labels, validation, kind, min_positives=strategy.min_positives)
    if isinstance(kind, LabelGraph):
        linear = replace(strategy, head=Linear())
        trained = _train(linear, labels, train, validation, start, seed, schedule, progress)
        return _smooth(trained, kind, train, validation, seed)
    if isinstance(kind, FittedKind):
        mean, scale = fit_standardisation(train, seed=seed)
        head = kind.fit(train, mean=mean, scale=scale, seed=seed)
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
    kind: Ensemble | None = None,
    *,
    min_positives: int = 10,
) -> TrainedHead:
    """Return the weighted mean of heads, each first calibrated; by default all count alike."""
    logits = [validation.logits(each.head) for each in members]
    scales = [fit_platt(each, validation.targets, groups=labels.groups, min_positives=min_positives) for each in logits]
    weights: ArrayLike = (1.0,) * len(members) if kind is None or kind.weights is None else kind.weights
    if kind is not None and kind.shrinkage:
        first, second = (each * scale.slope + scale.intercept for each, scale in zip(logits, scales, strict=True))
        share = fit_shares(first, second, validation.targets, kind.shrinkage)
        weights = np.stack([share, 1 - share])
    head = mean_head([member.head for member in members], scales, weights)
    return as_trained(head, validation, epochs=max(member.epochs for member in members))


def fit_shares(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]], targets: Targets, shrinkage: float
) -> NDArray[np.float64]:
    """Return the share of the first of two calibrated logits in each label's mean, shape (labels,).

    The common share has the best macro average precision, a label's own one its best average precision; of several
    that are as good, the one nearest to the common share. A label with n positives has
    (n own + shrinkage common) / (n + shrinkage).
    """
    tried = np.linspace(0, 1, 11)
    reached = np.array([average_precision(share * first + (1 - share) * second, targets) for share in tried])
    means = [mean_of_known(each) for each in reached]
    common = tried[int(np.argmax(np.nan_to_num(means, nan=-1.0)))]
    order = np.argsort(np.abs(tried - common), kind="stable")
    own = tried[order[np.argmax(np.nan_to_num(reached[order], nan=0.0), axis=0)]]
    counts = np.asarray(as_targets(targets).sum(axis=0), dtype=np.float64).ravel()
    shares: NDArray[np.float64] = (counts * own + shrinkage * common) / (counts + shrinkage)
    return shares


def _smooth(trained: TrainedHead, kind: LabelGraph, train: Examples, validation: Examples, seed: int) -> TrainedHead:
    """Return a linear head smoothed over the graph of labels, with the strength that ranks validation marks best."""
    mean, _ = fit_standardisation(train, seed=seed)
    graph, head = label_graph(train.targets), trained.head
    assert isinstance(head, LinearHead)
    smoothed = [kind.smoothed(head, mean.numpy(), graph, strength) for strength in kind.strengths]
    found = [as_trained(each, validation, epochs=trained.epochs) for each in (head, *smoothed)]
    best = max(found, key=lambda each: np.nan_to_num(each.macro_map, nan=-1.0))
    return replace(best, history=trained.history)


def as_trained(head: ExportedHead, validation: Examples, *, epochs: int = 0) -> TrainedHead:
    """Return a head as it is, with its macro average precision on the validation subset."""
    return TrainedHead(head, macro_average_precision(validation.logits(head), validation.targets).value, epochs)
