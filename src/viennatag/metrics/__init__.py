"""Metrics of rankings, decisions and probabilities, and bootstrap intervals over marks."""

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
