"""Kinds of heads: how logits are learned from features.

A kind is an option of a strategy. `Linear`, `TreeShared` and `Cosine` learn by gradient, as a module over
standardised features; `residual.ResidualAttention` and `decoder.MLDecoder` over the map that these are the mean of;
`Neighbours` remembers marks; an `Ensemble` averages others. What is kept of any of them is a `FittedHead`, which
needs no torch and reads raw features or maps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from viennatag.calibration.calibration import Calibration
from viennatag.errors import DataError, OptionError
from viennatag.training.heads.export import Joinable
from viennatag.training.heads.exported import CosineHead, LinearHead, MeanHead, NeighbourHead

if TYPE_CHECKING:
    from scipy.sparse import csr_array


_FLOATS_HELD = 1 << 27
"""Numbers between maps and logits that are held at a time: 512 MB."""


class FittedHead(Joinable, Protocol):
    """A head that has learned: a function of raw features or maps that can write itself into a graph."""

    @property
    def reads_maps(self) -> bool:
        """Whether it reads maps (marks, places, width) instead of features (marks, width)."""
        ...

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for what it reads, raw."""
        ...


class HeadKind(Protocol):
    """A kind of head that learns by gradient."""

    @property
    def reads_maps(self) -> bool:
        """Whether it reads maps (n, places, width) instead of features (n, width)."""
        ...

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return a module from what it reads, standardised, to logits (n, labels).

        It starts with the logits `bias` for every input, so that no epoch is spent on learning how rare
        labels are.

        Args:
            width: Number of features.
            parents: Position of each label's parent, -1 for none; shape (labels,).
            bias: Log-odds of each label's prior, shape (labels,).
        """
        ...

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return what the module learned, for raw features x where it was shown (x - mean) / scale.

        Args:
            module: What `build` returned, taught.
            mean: Shape (width,).
            scale: Shape (width,).
        """
        ...


@dataclass(frozen=True)
class Linear:
    """One weight per feature and label, and a bias: `weight @ x + bias`."""

    reads_maps: ClassVar[bool] = False

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return a linear layer; see `HeadKind.build`."""
        layer = nn.Linear(width, len(bias))
        with torch.no_grad():
            layer.weight.zero_()
            layer.bias.copy_(bias)
        return layer

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return a linear head; see `HeadKind.fold`."""
        assert isinstance(module, nn.Linear)
        return _folded(module.weight, module.bias, mean, scale)


@dataclass(frozen=True)
class TreeShared:
    """A linear head in which a label's weight is the sum of its own and its ancestors'.

    So a rare section starts from what is known of its division and category, and its own part, which weight
    decay pulls to zero, only says how it differs (Evgeniou and Pontil 2004, Regularized multi-task learning;
    Salakhutdinov et al. 2011, Learning to share visual appearance for multiclass object detection). The bias
    is the label's own. Without a hierarchy it is `Linear`.
    """

    reads_maps: ClassVar[bool] = False

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return a layer of summed weights; see `HeadKind.build`."""
        return _SummedLinear(width, parents, bias)

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return a linear head, the same function; see `HeadKind.fold`."""
        assert isinstance(module, _SummedLinear)
        return _folded(module.summed(), module.bias, mean, scale)


@dataclass(frozen=True)
class Cosine:
    """The cosine between weight and standardised features, times a learned scale, plus a bias.

    Marks of a common label push its weight far from zero and a rare label's stays short; here all that have
    learned a direction count alike (Gidaris and Komodakis 2018, arXiv 1804.09458; Kang et al. 2020, arXiv
    1910.09217). A weight w is divided by sqrt(|w|² + 0.01), not by |w|: so it may start at zero, where no input
    has a say, and a label that finds no direction may stay near it.

    Attributes:
        scale: What the scale starts at: about the largest logit above the bias.
    """

    scale: float = 16.0
    reads_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise OptionError(f"scale of a cosine head is {self.scale}; it must be positive")

    def build(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> nn.Module:
        """Return a layer of cosines; see `HeadKind.build`."""
        return _CosineLayer(width, bias, self.scale)

    def fold(self, module: nn.Module, mean: Tensor, scale: Tensor) -> FittedHead:
        """Return a cosine head; see `HeadKind.fold`."""
        assert isinstance(module, _CosineLayer)
        return CosineHead(array_of(mean), array_of(scale), array_of(module.scaled()), array_of(module.bias))


@dataclass(frozen=True)
class Neighbours:
    """The labels of the most similar training marks: nothing to train, and one mark of a label is enough.

    The k nearest marks of a support vote with weights exp((s - s₁) / temperature), s being the cosine
    between standardised features and s₁ that of the nearest. With W the sum of weights, V that of the marks
    of a label and p its prior, the logit is log (V + a p) / (W - V + a (1 - p)): the log-odds of the vote,
    smoothed by `a` marks that know the prior only. To be part of a bundle's graph the support is small, and
    rare labels have more than their share of it; calibration takes that back.

    On two sets of 9,000 to 10,000 rendered marks, frozen features and 950 to 1,400 labels, the temperature
    mattered most (0.1 and 0.3 are worse), k beyond 50 and smoothing below 1 little.

    Attributes:
        k: Marks that vote.
        per_label: Marks of each label in the support, where it has as many; others come along with theirs.
        temperature: Similarity within which votes fall by a factor e.
        smoothing: How many marks at the nearest distance the prior counts for.
    """

    k: int = 200
    per_label: int = 20
    temperature: float = 0.2
    smoothing: float = 0.1
    reads_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("k", "per_label", "temperature", "smoothing"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} of a neighbour head is {getattr(self, name)}; it must be positive")

    def fit(
        self,
        features: NDArray[Any],
        rows: NDArray[np.intp],
        targets: "csr_array",
        *,
        mean: Tensor,
        scale: Tensor,
        seed: int = 0,
    ) -> FittedHead:
        """Return the head of some marks.

        Args:
            features: Raw features, shape (rows, width); only those of the support are read.
            rows: Row of `features` for each mark, shape (marks,).
            targets: Shape (marks, labels).
            mean: What is subtracted from features, shape (width,).
            scale: What they are then divided by, shape (width,).
            seed: Of the choice of the support.

        Raises:
            DataError: If no mark carries a label.
        """
        support = self._support(targets, np.random.default_rng(seed))
        if not len(support):
            raise DataError("no mark carries a label, so no mark can be a neighbour")
        shown = (features[rows[support]].astype(np.float32) - array_of(mean)) / array_of(scale)
        shown /= np.maximum(np.linalg.norm(shown, axis=1, keepdims=True), 1e-12)
        prior = (np.asarray(targets.sum(axis=0), dtype=np.float64).ravel() + 0.5) / (targets.shape[0] + 1)
        return NeighbourHead(
            mean=array_of(mean),
            scale=array_of(scale),
            support=shown.astype(np.float16),
            carries=targets[support].toarray().astype(np.uint8),
            prior=prior.astype(np.float32),
            k=min(self.k, len(support)),
            temperature=self.temperature,
            smoothing=self.smoothing,
        )

    def _support(self, targets: "csr_array", generator: np.random.Generator) -> NDArray[np.intp]:
        """Return marks, ascending, of which each label has `per_label` or all; rare labels choose first."""
        columns = targets.tocsc()
        chosen = np.zeros(targets.shape[0], dtype=bool)
        for label in np.argsort(np.diff(columns.indptr), kind="stable"):
            marks = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
            missing = self.per_label - int(np.count_nonzero(chosen[marks]))
            if missing > 0:
                chosen[generator.permutation(marks[~chosen[marks]])[:missing]] = True
        return np.flatnonzero(chosen)


@dataclass(frozen=True)
class Ensemble:
    """The weighted mean of several heads' calibrated logits.

    Heads differ in the scale of their logits, and a loss shifts each label's by its own amount, so they are
    calibrated first, each on the validation part. The mean of log-odds is then an opinion pool in which a
    head that is sure outweighs one that is not, and linear heads average into one linear head. On two sets of
    rendered marks the mean of probabilities and the mean of logits standardised per label had the same macro
    average precision to 0.003.

    Attributes:
        members: What is averaged.
        weights: How much each counts; by default all alike.
    """

    members: tuple[HeadKind | Neighbours, ...]
    weights: tuple[float, ...] | None = None

    @property
    def reads_maps(self) -> bool:
        """Whether a member reads maps."""
        return any(member.reads_maps for member in self.members)

    def __post_init__(self) -> None:
        weights = self.weights if self.weights is not None else (1.0,) * len(self.members)
        if not weights or len(weights) != len(self.members) or min(weights) < 0 or sum(weights) <= 0:
            raise OptionError(
                f"an ensemble has {len(self.members)} members and weights {self.weights}; "
                "expected at least one member and for each a weight that is not negative, not all 0"
            )

    def join(self, heads: Sequence[FittedHead], calibrations: Sequence[Calibration]) -> FittedHead:
        """Return the mean of the members, once they have learned.

        Args:
            heads: What each member learned.
            calibrations: How each is calibrated.

        Raises:
            DataError: If there are not as many heads or calibrations as members.
        """
        return mean_head(heads, calibrations, self.weights or (1.0,) * len(self.members))


AnyHead = HeadKind | Neighbours | Ensemble


def mean_head(heads: Sequence[FittedHead], calibrations: Sequence[Calibration], weights: Sequence[float]) -> FittedHead:
    """Return the weighted mean of heads' calibrated logits; of linear heads, one linear head.

    Raises:
        DataError: If there are not as many heads, calibrations and weights, or not of the same labels.
    """
    if not len(heads) == len(calibrations) == len(weights):
        raise DataError(f"{len(heads)} heads, {len(calibrations)} calibrations and {len(weights)} weights do not match")
    if len({head.labels for head in heads} | {len(each.slope) for each in calibrations}) != 1:
        raise DataError("heads and calibrations are not all of the same labels")
    shares = np.array(weights, dtype=np.float64) / sum(weights)
    slopes = shares[:, None] * np.array([each.slope for each in calibrations])
    intercept = shares @ np.array([each.intercept for each in calibrations])
    linear = [head for head in heads if isinstance(head, LinearHead)]
    if len(linear) == len(heads):
        weight = sum(slope[:, None] * head.weight for slope, head in zip(slopes, linear, strict=True))
        bias = intercept + sum(slope * head.bias for slope, head in zip(slopes, linear, strict=True))
        return LinearHead(np.asarray(weight, dtype=np.float32), np.asarray(bias, dtype=np.float32))
    return MeanHead(tuple(heads), slopes.astype(np.float32), intercept.astype(np.float32))


class _SummedLinear(nn.Module):
    """A linear layer whose rows are sums of rows of a parameter, along the path from the root."""

    paths: Tensor
    starts: Tensor

    def __init__(self, width: int, parents: NDArray[np.intp], bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(bias), width))
        self.bias = nn.Parameter(bias.clone())
        paths: list[list[int]] = []
        for label, parent in enumerate(parents.tolist()):  # parents stand before their children
            paths.append([*(paths[parent] if parent >= 0 else []), label])
        starts = np.cumsum([0, *(len(path) for path in paths[:-1])])
        self.register_buffer("paths", torch.tensor([node for path in paths for node in path]), persistent=False)
        self.register_buffer("starts", torch.from_numpy(starts), persistent=False)

    def summed(self) -> Tensor:
        return nn.functional.embedding_bag(self.paths, self.weight, self.starts, mode="sum")

    def forward(self, features: Tensor) -> Tensor:
        return nn.functional.linear(features, self.summed(), self.bias)


class _CosineLayer(nn.Module):
    def __init__(self, width: int, bias: Tensor, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(len(bias), width))
        self.bias = nn.Parameter(bias.clone())
        self.log_scale = nn.Parameter(torch.tensor(scale).log())

    def scaled(self) -> Tensor:
        length = (self.weight.square().sum(dim=1, keepdim=True) + 1e-2).sqrt()
        return self.weight * (self.log_scale.exp() / length)

    def forward(self, features: Tensor) -> Tensor:
        return nn.functional.linear(nn.functional.normalize(features, eps=1e-12), self.scaled(), self.bias)


def in_blocks(forward: Callable[[Tensor], Tensor], maps: Tensor, floats: int) -> Tensor:
    """Return what a function says of maps, computed a few marks at a time if all at once would take too much memory.

    What lies between is computed a second time for the gradient instead of being kept.

    Args:
        forward: From maps (n, places, width) to logits (n, labels).
        maps: Of all marks of a batch.
        floats: Numbers that the function keeps for each mark.
    """
    height = max(1, _FLOATS_HELD // floats)
    if len(maps) <= height or not torch.is_grad_enabled():
        return torch.cat([forward(some) for some in maps.split(height)])
    return torch.cat([checkpoint(forward, some, use_reentrant=False) for some in maps.split(height)])


def _folded(weight: Tensor, bias: Tensor, mean: Tensor, scale: Tensor) -> LinearHead:
    folded = weight.detach().double() / scale.double()  # a large mean over a small scale would cost digits
    return LinearHead(array_of(folded), array_of(bias.double() - folded @ mean.double()))


def array_of(tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor as an array."""
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array
