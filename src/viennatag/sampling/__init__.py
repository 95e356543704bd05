"""Samplings for long-tailed multi-label data: which marks an epoch shows, for any training loop.

Example:
    import numpy as np
    from scipy.sparse import csr_array
    from viennatag.sampling import ClassAware

    draw = ClassAware().draws(csr_array(np.array([[1, 0], [1, 0], [1, 1]])))  # targets (marks, labels)
    positions = draw(np.random.default_rng(seed=0))  # of the marks of one epoch, once per epoch
"""

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

__all__ = [
    "ClassAware",
    "Draw",
    "Mixup",
    "RandomOversampling",
    "RandomUndersampling",
    "RepeatFactor",
    "Sampling",
    "SyntheticOversampling",
    "UndersampledHead",
    "balanced_count",
]
