"""The losses as torch modules, for any training loop: `loss(logits, targets)`.

Each module has the hyperparameters of the loss it is named after, and takes the label counts where that loss needs
them. Targets may be booleans, integers or floats; a target of -1 or NaN is unknown and counts in no loss.
"""

import inspect
from dataclasses import fields
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viennatag.errors import DataError, OptionError
from viennatag.losses.elementwise import leave_out_unknown
from viennatag.losses.frequencies import MarkCount
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
    needs_counts,
)
from viennatag.metrics.scores import ArrayData, as_targets, known_counts, plain_array

Reduction = Literal["mean", "sum", "none"]


class LossModule(torch.nn.Module):
    """A loss of viennatag as a torch module; each loss has its own subclass, such as `AsymmetricLoss`.

    Attributes:
        loss: The hyperparameters.
        counts: Training positives of each label, shape (labels,); None where none were given.
        samples: Number of training samples.
        reduction: What a call returns.
        progress: Fraction of the training that is done, in [0, 1]. A few losses change during training
            (`LabelDistributionAware`, `SelfPacedCorrection`, `PositiveUnlabelled`): set it once per epoch. It is 1 at
            first, so that a loss that is only called is all it can be.
    """

    kind: ClassVar[type[Any]] = BinaryCrossEntropy

    def __init__(
        self,
        counts: ArrayData | None = None,
        samples: MarkCount | None = None,
        *,
        reduction: Reduction = "mean",
        **hyperparameters: Any,
    ) -> None:
        """Keep counts and hyperparameters.

        Args:
            counts: Training positives of each label, shape (labels,): an array, a list, a tensor.
            samples: Number of training samples, or of those on which each label is known, shape (labels,).
            reduction: `mean` over known targets, as in torch; `sum`; or `none` for the sum over the labels of
                each sample, shape (n,).
            hyperparameters: Those of the loss, by name.

        Raises:
            OptionError: If the loss needs counts and there are none, or a hyperparameter makes no sense.
        """
        super().__init__()
        known = [field.name for field in fields(self.kind)]
        unknown = [name for name in hyperparameters if name not in known]
        if unknown:
            has = ", ".join(("counts", "samples", "reduction", *known))
            raise OptionError(f"{type(self).__name__} has no option {unknown[0]!r}; it has {has}")
        if reduction not in get_args(Reduction):
            raise OptionError(f"reduction is {reduction!r}; expected mean, sum or none")
        self.loss: Loss = self.kind(**hyperparameters)
        self.reduction = reduction
        self.progress = 1.0
        self.counts, self.samples = _checked_counts(counts, samples)
        if self.counts is None and needs_counts(self.kind):
            raise OptionError(
                f"{type(self).__name__} depends on how frequent labels are; give counts and samples, or make it by "
                f"{type(self).__name__}.from_targets(training_targets)"
            )
        self._objective: Objective | None = None

    @classmethod
    def from_targets(cls, targets: ArrayData, *, reduction: Reduction = "mean", **hyperparameters: Any) -> Self:
        """Return the loss with the counts of training targets (samples, labels), dense or sparse.

        Raises:
            DataError: If a target is neither 0, 1 nor unknown.
        """
        given = targets if hasattr(targets, "tocsr") else plain_array(targets)
        counts = np.asarray(as_targets(given).sum(axis=0)).ravel()
        return cls(counts, known_counts(given), reduction=reduction, **hyperparameters)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of logits (n, labels) for targets of the same shape.

        Raises:
            DataError: If shapes differ, there are not as many labels as counts, or a target of the first call is
                above 1.
        """
        logits = torch.as_tensor(logits)
        targets = torch.as_tensor(targets, device=logits.device)
        if logits.ndim != 2 or logits.shape != targets.shape:
            raise DataError(
                f"logits have shape {tuple(logits.shape)}, targets {tuple(targets.shape)}; both must be (n, labels)"
            )
        labels = logits.shape[1]
        if self.counts is not None and len(self.counts) != labels:
            raise DataError(f"there are {labels} logits for a sample and {len(self.counts)} counts; they must match")
        if self._objective is None:
            if len(wrong := targets[targets > 1]):
                raise DataError(f"a target is {wrong[0].item():g}; expected 0 and 1, and -1 or NaN for unknown")
            counts = np.zeros(labels, np.int64) if self.counts is None else self.counts
            self._objective = self.loss.prepare(counts, 1 if self.samples is None else self.samples)
        logits, targets, known = leave_out_unknown(logits, targets)
        each: Tensor = self._objective(logits, targets, self.progress)
        if self.reduction == "none":
            return each
        if known.all():
            return each.sum() if self.reduction == "sum" else each.mean() / labels
        return each.sum() if self.reduction == "sum" else each.sum() / known.sum().clamp_min(1)

    def initial_bias(self) -> Tensor:
        """Return the bias, shape (labels,), that a head should start with; see `Loss.initial_bias`.

        Raises:
            OptionError: If there are no counts.
        """
        if self.counts is None or self.samples is None:
            raise OptionError(f"the bias depends on counts; make the loss by {type(self).__name__}.from_targets(...)")
        return torch.as_tensor(self.loss.initial_bias(self.counts, self.samples), dtype=torch.get_default_dtype())

    def extra_repr(self) -> str:
        """Return what differs from the defaults, for `repr`."""
        own = [(field.name, getattr(self.loss, field.name), field.default) for field in fields(self.kind)]
        shown = [f"{name}={value!r}" for name, value, default in own if value != default]
        shown += (
            [] if self.counts is None else [f"{len(self.counts)} labels", f"{np.max(np.asarray(self.samples))} samples"]
        )
        return ", ".join([*shown, *([] if self.reduction == "mean" else [f"reduction={self.reduction!r}"])])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_objective": None}  # a closure; it is made again at the next call


def _checked_counts(
    counts: ArrayData | None, samples: MarkCount | None
) -> tuple[NDArray[np.int64] | None, MarkCount | None]:
    if (counts is None) != (samples is None):
        raise OptionError("counts and samples belong together: positives of each label, and how many samples there are")
    if counts is None or samples is None:
        return None, None
    found = plain_array(counts)
    samples = np.asarray(samples, dtype=np.int64) if np.ndim(samples) else int(samples)
    fits = found.ndim == 1 and found.dtype.kind in "iuf" and np.shape(samples) in {(), found.shape}
    if not (fits and np.all((found >= 0) & (found <= samples))):
        raise OptionError(f"counts have shape {found.shape}; expected one number from 0 to {samples} for each label")
    return found.astype(np.int64), samples


def _module(kind: type[Any]) -> type[LossModule]:
    """Return the module of a loss, with its docstring and its hyperparameters in the signature."""
    made = type(f"{kind.__name__}Loss", (LossModule,), {"kind": kind, "__doc__": inspect.getdoc(kind)})
    made.__module__ = __name__  # where pickle finds it
    shared = list(inspect.signature(LossModule).parameters.values())[:-1]
    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in inspect.signature(kind).parameters.values()]
    made.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
    return made


AsymmetricLoss = _module(Asymmetric)
BinaryCrossEntropyLoss = _module(BinaryCrossEntropy)
CoOccurrenceSmoothingLoss = _module(CoOccurrenceSmoothing)
DistributionBalancedLoss = _module(DistributionBalanced)
FocalLoss = _module(Focal)
HillLoss = _module(Hill)
LabelDistributionAwareLoss = _module(LabelDistributionAware)
LogitAdjustedLoss = _module(LogitAdjusted)
PositiveUnlabelledLoss = _module(PositiveUnlabelled)
SelfPacedCorrectionLoss = _module(SelfPacedCorrection)
TwoWayLoss = _module(TwoWay)
WeightedBinaryCrossEntropyLoss = _module(WeightedBinaryCrossEntropy)
