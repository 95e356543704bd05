"""Losses for imbalanced and incompletely labelled multi-label data, for any torch training loop.

Example:
    import numpy as np, torch
    from viennatag.losses import Asymmetric

    objective = Asymmetric().prepare(counts=np.array([900, 40]), marks=1000)
    logits, targets = torch.zeros(8, 2, requires_grad=True), torch.ones(8, 2)
    objective(logits, targets, 0.0).mean().backward()  # 0.0: fraction of training done
"""

from viennatag.losses.frequencies import effective_weights, inverse_weights, log_odds
from viennatag.losses.losses import (
    Asymmetric,
    BinaryCrossEntropy,
    CoOccurrenceSmoothing,
    DistributionBalanced,
    Focal,
    Hill,
    LabelDistributionAware,
    LogitAdjusted,
    Loss,
    Objective,
    PositiveUnlabelled,
    SelfPacedCorrection,
    TwoWay,
    WeightedBinaryCrossEntropy,
)

__all__ = [
    "Asymmetric",
    "BinaryCrossEntropy",
    "CoOccurrenceSmoothing",
    "DistributionBalanced",
    "Focal",
    "Hill",
    "LabelDistributionAware",
    "LogitAdjusted",
    "Loss",
    "Objective",
    "PositiveUnlabelled",
    "SelfPacedCorrection",
    "TwoWay",
    "WeightedBinaryCrossEntropy",
    "effective_weights",
    "inverse_weights",
    "log_odds",
]
