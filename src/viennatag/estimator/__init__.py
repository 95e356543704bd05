"""A classifier of images for scikit-learn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from viennatag.estimator.classifier import MultilabelImageClassifier

__all__ = ["MultilabelImageClassifier"]


def __getattr__(name: str) -> object:  # scikit-learn and torch are loaded when it is used
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.classifier"), name)
