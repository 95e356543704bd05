"""Losses for imbalanced and incompletely labelled multi-label data, for any torch training loop.

Each loss is a set of hyperparameters, such as `Asymmetric`, and a torch module, such as `AsymmetricLoss`.

Example:
    import torch
    from viennatag.losses import DistributionBalancedLoss

    loss = DistributionBalancedLoss(counts=[900, 40], samples=1000)
    logits, targets = torch.zeros(8, 2, requires_grad=True), torch.ones(8, 2, dtype=torch.int64)
    loss(logits, targets).backward()
"""

from importlib import import_module
from typing import TYPE_CHECKING

from viennatag.errors import require
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

if TYPE_CHECKING:
    from viennatag.losses.modules import (
        AsymmetricLoss,
        BinaryCrossEntropyLoss,
        CoOccurrenceSmoothingLoss,
        DistributionBalancedLoss,
        FocalLoss,
        HillLoss,
        LabelDistributionAwareLoss,
        LogitAdjustedLoss,
        LossModule,
        PositiveUnlabelledLoss,
        SelfPacedCorrectionLoss,
        TwoWayLoss,
        WeightedBinaryCrossEntropyLoss,
    )

__all__ = [
    "Asymmetric",
    "AsymmetricLoss",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyLoss",
    "CoOccurrenceSmoothing",
    "CoOccurrenceSmoothingLoss",
    "DistributionBalanced",
    "DistributionBalancedLoss",
    "Focal",
    "FocalLoss",
    "Hill",
    "HillLoss",
    "LabelDistributionAware",
    "LabelDistributionAwareLoss",
    "LogitAdjusted",
    "LogitAdjustedLoss",
    "Loss",
    "LossModule",
    "Objective",
    "PositiveUnlabelled",
    "PositiveUnlabelledLoss",
    "SelfPacedCorrection",
    "SelfPacedCorrectionLoss",
    "TwoWay",
    "TwoWayLoss",
    "WeightedBinaryCrossEntropy",
    "WeightedBinaryCrossEntropyLoss",
    "effective_weights",
    "inverse_weights",
    "log_odds",
]


def __getattr__(name: str) -> object:  # only the modules need torch
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("torch", "train")
    return getattr(import_module(f"{__name__}.modules"), name)
