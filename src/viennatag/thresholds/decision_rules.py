"""Decision rules: which scores become suggestions.

A decision rule is an option of a strategy. It is fitted on calibrated, coherent scores of held-out marks, and returns
thresholds, and a limit on the suggestions of each level where that is asked for. No rule changes a ranking; which one
is best depends on the costs of a wrong and of a missed suggestion.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.platt import number_groups
from viennatag.errors import OptionError
from viennatag.metrics.results import Parameters
from viennatag.metrics.scores import ArrayData, Scores, Targets, as_scores, as_targets
from viennatag.thresholds.thresholds import Thresholds
from viennatag.thresholds.tuning import (
    check_options,
    expected_thresholds,
    macro_gains,
    recall_thresholds,
    tune_thresholds,
)


class DecisionRule(ABC):
    """A way to find thresholds."""

    def fit(
        self, scores: Scores, targets: Targets, *, groups: ArrayLike | None = None, levels: ArrayLike | None = None
    ) -> Thresholds:
        """Return thresholds for scores like these.

        Args:
            scores: Calibrated, coherent probabilities of held-out marks; shape (marks, labels).
            targets: True labels, same shape.
            groups: Group of each label, whose labels are alike, such as level and kind; any integers or texts,
                (labels,). None: all are alike.
            levels: Level of each label in the hierarchy; any integers or texts, (labels,). None: one level.

        Raises:
            DataError: If shapes differ, a score is outside [0, 1], or no target is true.
        """
        scores = as_scores(scores, targets)
        return self._fit(scores, targets, groups, number_groups(levels, scores.shape[1]))

    @abstractmethod
    def _fit(
        self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]
    ) -> Thresholds: ...


@dataclass(frozen=True)
class OneThreshold(DecisionRule):
    """One threshold for all labels.

    Attributes:
        threshold: What it is; None for the one that maximises F-beta over all pairs of mark and label.
        beta: Above 1 favours recall, below 1 favours precision.
    """

    threshold: float | None = None
    beta: float = 1.0

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise OptionError(f"threshold is {self.threshold}; expected a score in [0, 1]")
        check_options(self.beta)

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        if self.threshold is not None:
            return Thresholds(np.full(len(levels), self.threshold), levels)
        enough = scores.size + 1  # so no label has a threshold of its own
        return Thresholds(tune_thresholds(scores, targets, beta=self.beta, min_positives=enough, floor=0), levels)


@dataclass(frozen=True)
class PerLabel(DecisionRule):
    """For each label the threshold that was best on the validation subset; see `tune_thresholds`.

    Attributes:
        beta: Thresholds maximise F-beta: above 1 favours recall, below 1 precision.
        min_positives: Labels with fewer validation marks share a threshold.
        floor: No threshold is lower, so that a rare label never wants everything.
    """

    beta: float = 1.0
    min_positives: int = 10
    floor: float = 0.05

    def __post_init__(self) -> None:
        check_options(self.beta, self.floor, self.min_positives)

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        thresholds = tune_thresholds(
            scores, targets, groups=groups, beta=self.beta, min_positives=self.min_positives, floor=self.floor
        )
        return Thresholds(thresholds, levels)


@dataclass(frozen=True)
class ExpectedF(PerLabel):
    """For each label the threshold with the best F-beta to be expected of its scores; rare ones share a tuned one.

    The expectation trusts the calibration, and that of a rare label is not its own: there the cut tuned on
    the pooled positives of its group varies less, so it is that of `PerLabel`; see `expected_thresholds`.

    Attributes:
        beta: As in `PerLabel`.
        min_positives: As in `PerLabel`.
        floor: As in `PerLabel`.
    """

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        tuned = super()._fit(scores, targets, groups, levels)
        expected = expected_thresholds(scores, beta=self.beta, floor=self.floor)
        rare = np.asarray(as_targets(targets).sum(axis=0)).ravel() < self.min_positives
        return replace(tuned, thresholds=np.where(rare, tuned.thresholds, expected))


@dataclass(frozen=True)
class TopK(DecisionRule):
    """The `k` best labels of each level, whatever their scores: for a person who chooses among them.

    Attributes:
        k: Number of labels, from 1 up.
    """

    k: int = 5

    def __post_init__(self) -> None:
        if self.k < 1:
            raise OptionError(f"k is {self.k}; it counts suggestions, from 1 up")

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        return Thresholds(np.zeros(len(levels)), levels, self.k)


@dataclass(frozen=True)
class MacroK(TopK):
    """The `k` labels of each level that together promise the best macro F1: rare labels come before common ones.

    The best scores are mostly those of common labels. See `macro_gains`.

    Attributes:
        k: Number of labels, from 1 up.
    """

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        weights, thresholds = np.ones(len(levels)), np.zeros(len(levels))
        for level in np.unique(levels):
            members = np.flatnonzero(levels == level)
            weights[members], thresholds[members] = macro_gains(scores[:, members], self.k)
        return Thresholds(thresholds, levels, self.k, weights=weights)


@dataclass(frozen=True)
class GuaranteedRecall(DecisionRule):
    """One threshold per level, low enough to find a share of a mark's labels; see `recall_thresholds`.

    Attributes:
        recall: That share on average, between 0 and 1.
    """

    recall: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.recall < 1:
            raise OptionError(f"recall is {self.recall}; expected a share between 0 and 1, such as 0.9")

    def _fit(self, scores: Scores, targets: Targets, groups: ArrayLike | None, levels: NDArray[np.intp]) -> Thresholds:
        return Thresholds(recall_thresholds(scores, targets, pools=levels, recall=self.recall), levels)


DECISION_RULES = {
    "expected-f": "the threshold of each label that promises the best F1, if its scores are calibrated",
    "per-label": "the threshold of each label that was best on the validation subset",
    "one-threshold": "one threshold for all labels, the best on the validation subset",
    "threshold-T": "the threshold T for all labels, such as threshold-0.5",
    "top-K": "the K best labels of each level, such as top-5",
    "macro-K": "the K labels of each level that promise the best macro F1, rare before common, such as macro-5",
    "recall-P": "thresholds low enough to find P % of a mark's labels at each level, such as recall-90",
}
"""Names of decision rules, and what they do."""


def find_decision_rule(name: str) -> DecisionRule:
    """Return the decision rule of that name.

    Raises:
        OptionError: If there is none, or its number makes no sense.
    """
    plain: dict[str, DecisionRule] = {
        "expected-f": ExpectedF(),
        "per-label": PerLabel(),
        "one-threshold": OneThreshold(),
    }
    if name in plain:
        return plain[name]
    found = re.fullmatch(r"(threshold|top|macro|recall)-(\d+(?:\.\d+)?)", name)
    if not found or (found[1] in {"top", "macro"} and "." in found[2]):
        known = f"{', '.join(DECISION_RULES)}, where a capital is a number, such as top-5"
        raise OptionError(f"the decision rule {name!r} is unknown; there are {known}")
    kind, number = found[1], float(found[2])
    if kind == "threshold":
        return OneThreshold(number)
    counted = {"top": TopK, "macro": MacroK}
    return counted[kind](int(number)) if kind in counted else GuaranteedRecall(number / 100)


class ThresholdTuner(Parameters):
    """A decision rule that is fitted and then applied, in scikit-learn's way.

    Attributes:
        thresholds_: The fitted `Thresholds`.
    """

    thresholds_: Thresholds

    def __init__(
        self,
        rule: str | DecisionRule = "per-label",
        *,
        groups: ArrayLike | None = None,
        levels: ArrayLike | None = None,
    ) -> None:
        """Keep the options.

        Args:
            rule: A name of `DECISION_RULES`, or a rule.
            groups: Group of each label, whose labels are alike; see `DecisionRule.fit`.
            levels: Level of each label; see `DecisionRule.fit`.
        """
        self.rule = rule
        self.groups = groups
        self.levels = levels

    def fit(self, scores: ArrayData, targets: ArrayData) -> Self:
        """Fit on calibrated scores and targets (marks, labels) of held-out marks, and return the tuner.

        Raises:
            DataError: If shapes differ, a score is outside [0, 1], or no target is true.
            OptionError: If there is no such rule.
        """
        rule = find_decision_rule(self.rule) if isinstance(self.rule, str) else self.rule
        self.thresholds_ = rule.fit(scores, targets, groups=self.groups, levels=self.levels)
        return self

    def transform(self, scores: ArrayData) -> NDArray[np.bool_]:
        """Return which labels are suggested at scores (marks, labels), of the same shape.

        Raises:
            OptionError: If the tuner is not fitted.
            DataError: If there are not as many labels, or a score is NaN.
        """
        if not hasattr(self, "thresholds_"):
            raise OptionError("this ThresholdTuner is not fitted; call fit(scores, targets) first")
        return self.thresholds_(scores)

    def fit_transform(self, scores: ArrayData, targets: ArrayData) -> NDArray[np.bool_]:
        """Return what `transform` gives after `fit` on the same scores."""
        return self.fit(scores, targets).transform(scores)
