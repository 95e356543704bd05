"""Metrics of rankings, decisions and probabilities, and bootstrap intervals over marks.

Scores are numbers and targets 0 and 1, or booleans, of one shape (marks, labels): NumPy arrays, data frames, torch
tensors or lists. Targets may be the sparse array that `LabelSet.encode` returns and are then never made dense. A target
that is -1, NaN or masked is unknown: the pair of mark and label counts in no figure. Labels without positives have no
average precision and no macro F1: they are NaN and left out of means.

Weights are optional and give how often each mark counts: shape (marks,), or (rounds, marks) for many bootstrap
samples at once. With the latter each result has one more dimension in front, (rounds,).

All functions raise DataError if shapes differ, a target is neither 0, 1 nor unknown, a score is NaN, or a weight is
negative or NaN, and MissingExtraError if weights are given for average precision and SciPy is not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viennatag.metrics.bootstrap import Interval, bootstrap_interval, draw_weights
    from viennatag.metrics.metrics import (
        Average,
        F1Scores,
        PrecisionRecall,
        average,
        average_precision,
        calibration_error,
        f1,
        frequency_bands,
        hit_at,
        label_calibration_errors,
        label_ranking_average_precision,
        macro_average_precision,
        mean_of_known,
        micro_average_precision,
        recall_at,
    )

__all__ = [
    "Average",
    "F1Scores",
    "Interval",
    "PrecisionRecall",
    "average",
    "average_precision",
    "bootstrap_interval",
    "calibration_error",
    "draw_weights",
    "f1",
    "frequency_bands",
    "hit_at",
    "label_calibration_errors",
    "label_ranking_average_precision",
    "macro_average_precision",
    "mean_of_known",
    "micro_average_precision",
    "recall_at",
]


def __getattr__(name: str) -> object:  # a prediction measures nothing
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "bootstrap" if name in {"Interval", "bootstrap_interval", "draw_weights"} else "metrics"
    return getattr(import_module(f"{__name__}.{home}"), name)
