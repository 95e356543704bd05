"""Calibrate logits: Platt scaling with pooling for rare labels, prior shift, and scores coherent up the hierarchy."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viennatag.calibration.calibration import Calibration, coherent_scores
    from viennatag.calibration.platt import PlattScaler, fit_platt

__all__ = ["Calibration", "PlattScaler", "coherent_scores", "fit_platt"]


def __getattr__(name: str) -> object:  # a prediction fits nothing
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'platt' if 'platt' in name.lower() else 'calibration'}"), name)
