"""From scores to suggestions: one threshold per label, and named decision rules."""

from viennatag.thresholds.decision_rules import (
    DecisionRule,
    ExpectedF,
    GuaranteedRecall,
    OneThreshold,
    PerLabel,
    Thresholds,
    TopK,
    find_decision_rule,
)
from viennatag.thresholds.thresholds import expected_thresholds, recall_thresholds, tune_thresholds

__all__ = [
    "DecisionRule",
    "ExpectedF",
    "GuaranteedRecall",
    "OneThreshold",
    "PerLabel",
    "Thresholds",
    "TopK",
    "expected_thresholds",
    "find_decision_rule",
    "recall_thresholds",
    "tune_thresholds",
]
