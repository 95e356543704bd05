"""Metrics of rankings, decisions and probabilities, and bootstrap intervals over marks."""

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
