"""Samplings for long-tailed multi-label data: which marks an epoch shows, for any training loop.

Example:
    import numpy as np
    from viennatag.sampling import ClassAware, LabelSampler

    targets = np.array([[1, 0], [1, 0], [1, 1]])  # (marks, labels)
    positions = ClassAware().draws(targets)(np.random.default_rng(seed=0))  # of one epoch
    sampler = LabelSampler(targets, ClassAware())  # the same for a DataLoader of torch
"""

from importlib import import_module
from typing import TYPE_CHECKING

from viennatag.errors import require
from viennatag.sampling.sampling import (
    ClassAware,
    Draw,
    Mixup,
    RandomOversampling,
    RandomUndersampling,
    RepeatFactor,
    Sampling,
    SyntheticOversampling,
    UndersampledHead,
    balanced_count,
)

if TYPE_CHECKING:
    from viennatag.sampling.samplers import LabelSampler

__all__ = [
    "ClassAware",
    "Draw",
    "LabelSampler",
    "Mixup",
    "RandomOversampling",
    "RandomUndersampling",
    "RepeatFactor",
    "Sampling",
    "SyntheticOversampling",
    "UndersampledHead",
    "balanced_count",
]


def __getattr__(name: str) -> object:  # only the sampler needs torch
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("torch", "train")
    return getattr(import_module(f"{__name__}.samplers"), name)
