"""Calibrate logits: Platt scaling with pooling for rare labels, prior shift, and scores coherent up the hierarchy."""

from viennatag.calibration.calibration import Calibration, coherent_scores, fit_platt

__all__ = ["Calibration", "coherent_scores", "fit_platt"]
