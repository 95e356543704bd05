"""From scores to suggestions: one threshold per label, and named decision rules."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viennatag.thresholds.decision_rules import (
        DecisionRule,
        ExpectedF,
        GuaranteedRecall,
        MacroK,
        OneThreshold,
        PerLabel,
        ThresholdTuner,
        TopK,
        find_decision_rule,
    )
    from viennatag.thresholds.thresholds import Thresholds
    from viennatag.thresholds.tuning import expected_thresholds, macro_gains, recall_thresholds, tune_thresholds

__all__ = [
    "DecisionRule",
    "ExpectedF",
    "GuaranteedRecall",
    "MacroK",
    "OneThreshold",
    "PerLabel",
    "ThresholdTuner",
    "Thresholds",
    "TopK",
    "expected_thresholds",
    "find_decision_rule",
    "macro_gains",
    "recall_thresholds",
    "tune_thresholds",
]

_TUNING = frozenset({"expected_thresholds", "macro_gains", "recall_thresholds", "tune_thresholds"})


def __getattr__(name: str) -> object:  # a prediction needs `Thresholds` only
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "thresholds" if name == "Thresholds" else "tuning" if name in _TUNING else "decision_rules"
    return getattr(import_module(f"{__name__}.{home}"), name)
