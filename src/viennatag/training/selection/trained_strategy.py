"""A strategy applied to a collection: a head, and the postprocessor fitted to it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.model.postprocessing import Postprocessor
from viennatag.training.data.examples import Examples
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.trainer import Schedule, TrainedHead
from viennatag.training.learner import EpochCallback, train_strategy_head
from viennatag.training.postprocessing.fitting import fit_postprocessor
from viennatag.training.postprocessing.forward import forward
from viennatag.training.strategies import Strategy


@dataclass(frozen=True, eq=False)
class TrainedStrategy:
    """What a strategy made of marks.

    Attributes:
        head: Features to logits.
        postprocessor: Logits to scores and suggestions.
        macro_map: Macro average precision of the head on the validation subset, in [0, 1].
        epochs: Epochs until the best; of several heads the most.
        facts: What was measured to choose the postprocessor.
    """

    head: ExportedHead
    postprocessor: Postprocessor
    macro_map: float
    epochs: int
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
        start: What a linear head begins with, and keeps where no epoch is better.
        seed: Of every random choice.
        schedule: How long and how fast.
        progress: Progress callback.
    """
    trained = train_strategy_head(
        strategy, labels, train, validation, start=start, seed=seed, schedule=schedule, progress=progress
    )
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
    return TrainedStrategy(trained.head, fitted.postprocessor, trained.macro_map, trained.epochs, fitted.facts)
