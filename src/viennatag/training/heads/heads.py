"""Kinds of heads: how logits are learned from features. Listing them needs no torch.

`Linear`, `TreeShared`, `Cosine` and `Hidden` are trained by gradient over standardised features, `ResidualAttention`
and `MLDecoder` over feature maps; `Discriminant`, `Ridge` and `Kernel` are solved for, `Neighbours` and
`TagPropagation` store marks; a `LabelGraph` smooths a linear head, an `Ensemble` averages others. All become an
`ExportedHead`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.scores import as_targets
from viennatag.sampling.sampling import Sampling
from viennatag.training.data.examples import Examples
from viennatag.training.heads.closed_form import Discriminant, Ridge
from viennatag.training.heads.export import ExportedHead, HeadInputs, HeadOutputs, Nodes
from viennatag.training.heads.exported import BiasedHead, CosineHead, LinearHead, NeighbourHead
from viennatag.training.heads.kernel import Kernel, Support
from viennatag.training.heads.label_graph import LabelGraph
from viennatag.training.heads.propagation import TagPropagation

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor, nn


class HeadKind(Protocol):
    """A kind of head that is trained by gradient."""

    @property
    def reads_feature_maps(self) -> bool:
        """Whether it reads feature maps (n, positions, width) instead of features (n, width)."""
        ...

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return a module from standardised features or feature maps to logits (n, labels).

        It starts with the logits `bias` for every input, so that no epoch is spent on learning how rare labels are.

        Args:
            width: Number of features.
            parents: Position of each label's parent, -1 for none; shape (labels,).
            bias: Shape (labels,); see `Loss.initial_bias`.
        """
        ...

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a trained module as a head over raw features x, with the standardisation (x - mean) / scale folded in.

        Args:
            module: What `build` returned, trained.
            mean: Shape (width,).
            scale: Shape (width,).
        """
        ...


@dataclass(frozen=True)
class Linear:
    """One weight per feature and label, and a bias: `weight @ x + bias`."""

    reads_feature_maps: ClassVar[bool] = False

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return a linear layer; see `HeadKind.build`."""
        from viennatag.training.heads.layers import linear_layer

        return linear_layer(width, bias)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a linear head; see `HeadKind.fold`."""
        return _folded(module.weight, module.bias, mean, scale)


@dataclass(frozen=True)
class TreeShared:
    """A linear head in which a label's weight is the sum of its own and its ancestors'.

    A rare section starts from its division and category, and its own part, which weight decay pulls to zero, is only
    the difference (Evgeniou and Pontil 2004, Regularized multi-task learning; Salakhutdinov et al. 2011, Learning to
    share visual appearance for multiclass object detection). The bias is the label's own. Without a hierarchy it is
    `Linear`.
    """

    reads_feature_maps: ClassVar[bool] = False

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return a layer of summed weights; see `HeadKind.build`."""
        from viennatag.training.heads.layers import SummedLinear

        return SummedLinear(width, parents, bias)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a linear head, the same function; see `HeadKind.fold`."""
        return _folded(module.summed(), module.bias, mean, scale)


@dataclass(frozen=True)
class Cosine:
    """The cosine between weight and standardised features, times a learned scale, plus a bias.

    The weights of common labels grow long and those of rare labels stay short; here all directions have the same
    length (Gidaris and Komodakis 2018, arXiv 1804.09458; Kang et al. 2020, arXiv 1910.09217). A weight w is divided by
    sqrt(|w|² + 0.01), not by |w|: it can start at zero, and a label that finds no direction can stay near it.

    Attributes:
        scale: Initial scale: about the largest logit above the bias.
    """

    scale: float = 16.0
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise OptionError(f"scale of a cosine head is {self.scale}; it must be positive")

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return a layer of cosines; see `HeadKind.build`."""
        from viennatag.training.heads.layers import CosineLayer

        return CosineLayer(width, bias, self.scale)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a cosine head; see `HeadKind.fold`."""
        return CosineHead(to_array(module.scaled()), to_array(module.bias), to_array(mean), to_array(scale))


@dataclass(frozen=True)
class Hidden:
    """A dense layer, batch normalisation, ReLU and dropout before the logits; it cannot be explained by position.

    Attributes:
        units: Width of the layer.
        dropout: Share of its outputs that are dropped in training.
    """

    units: int = 2048
    dropout: float = 0.5
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.units < 1 or not 0 <= self.dropout < 1:
            raise OptionError(f"{self}: expected at least 1 unit, and a dropout from 0 to less than 1")

    def build(self, width: int, parents: NDArray[np.intp], bias: "Tensor") -> "nn.Module":
        """Return the layers; see `HeadKind.build`."""
        from torch import nn

        from viennatag.training.heads.layers import linear_layer

        hidden = nn.Linear(width, self.units, bias=False)
        rest = (nn.BatchNorm1d(self.units), nn.ReLU(), nn.Dropout(self.dropout), linear_layer(self.units, bias))
        return nn.Sequential(hidden, *rest)

    def fold(self, module: Any, mean: "Tensor", scale: "Tensor") -> ExportedHead:
        """Return a head over raw features, with both normalisations folded in; see `HeadKind.fold`."""
        hidden, norm, last = module[0], module[1], module[4]
        gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double()
        weight = gain[:, None] * hidden.weight.detach().double() / scale.double()
        shift = norm.bias.detach().double() - gain * norm.running_mean.double() - weight @ mean.double()
        return HiddenHead(*map(to_array, (weight, shift, last.weight, last.bias)))


@dataclass(frozen=True, eq=False)
class HiddenHead(BiasedHead):
    """A trained `Hidden` over raw features; all float32.

    Attributes:
        hidden: Shape (units, width).
        hidden_bias: Shape (units,).
        weight: Shape (labels, units).
        bias: Shape (labels,).
    """

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""

        def dense(value: str, weight: str, bias: str) -> str:
            constants = (nodes.constant(f"hidden_{name}", getattr(self, name)) for name in (weight, bias))
            return nodes.add("Gemm", value, *constants, attributes={"transB": 1})

        active = nodes.add("Relu", dense(inputs.pooled, "hidden", "hidden_bias"))
        return HeadOutputs(dense(active, "weight", "bias"))


@dataclass(frozen=True)
class Neighbours:
    """A vote of the most similar training marks: nothing to train, and one mark of a label is enough.

    The k nearest marks of a support vote with weights exp((s - s₁) / temperature), s being the cosine between
    standardised features and s₁ that of the nearest. With W the sum of weights, V that of the marks of a label and p
    its prior, the logit is log (V + a p) / (W - V + a (1 - p)): the log-odds of the vote, smoothed by `a` marks with
    the prior. The support is part of a bundle's graph, so it is small, and rare labels are overrepresented;
    calibration corrects for that.

    Attributes:
        k: Marks that vote.
        per_label: Marks of each label in the support, if it has as many.
        temperature: Similarity within which votes fall by a factor e; on rendered marks 0.1 and 0.3 were worse.
        smoothing: Weight of the prior, in marks at the nearest distance.
    """

    k: int = 200
    per_label: int = 20
    temperature: float = 0.2
    smoothing: float = 0.1
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name in ("k", "per_label", "temperature", "smoothing"):
            if not getattr(self, name) > 0:
                raise OptionError(f"{name} of a neighbour head is {getattr(self, name)}; it must be positive")

    def fit(self, train: Examples, *, mean: "Tensor", scale: "Tensor", seed: int = 0) -> ExportedHead:
        """Return a head over these marks.

        Args:
            train: Marks to learn from; only features of the support are read.
            mean: Of the features, shape (width,).
            scale: Of the features, shape (width,).
            seed: Seed of the choice of the support.

        Raises:
            DataError: If no mark carries a label.
        """
        chosen = self._support(as_targets(train.targets), np.random.default_rng(seed))
        if not len(chosen):
            raise DataError("no mark carries a label, so no mark can be a neighbour")
        support = Support.of(train, chosen, mean, scale)
        return NeighbourHead(
            mean=support.mean,
            scale=support.scale,
            support=support.vectors.astype(np.float16),
            targets=support.targets.astype(np.uint8),
            prior=((train.counts() + 0.5) / (train.known() + 1)).astype(np.float32),
            k=min(self.k, len(chosen)),
            temperature=self.temperature,
            smoothing=self.smoothing,
            unknown=None if support.unknown is None else support.unknown.astype(np.uint8),
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

    Heads differ in the scale of their logits, and a loss shifts each label's by its own amount, so each is calibrated
    on the validation subset first. The mean of log-odds is an opinion pool in which a confident head outweighs others,
    and linear heads average into one linear head.

    With a `shrinkage` each label weighs two heads as its validation marks tell, drawn towards what is best for all
    labels as if that many of its positives had told it; a rare label has the common weights.

    Attributes:
        members: The heads to average.
        weights: Weight of each; by default all equal.
        shrinkage: Positives of a label by which its weights are drawn to the common ones; 0 weighs all labels alike.
    """

    members: tuple["HeadKind | FittedKind", ...]
    weights: tuple[float, ...] | None = None
    shrinkage: float = 0.0

    @property
    def reads_feature_maps(self) -> bool:
        """Whether a member reads feature maps."""
        return any(member.reads_feature_maps for member in self.members)

    def __post_init__(self) -> None:
        weights = (1.0,) * len(self.members) if self.weights is None else self.weights
        if not weights or len(weights) != len(self.members) or min(weights) < 0 or sum(weights) <= 0:
            raise OptionError(
                f"an ensemble has {len(self.members)} members and weights {self.weights}; "
                "expected at least one member and for each a weight that is not negative, not all 0"
            )
        if self.shrinkage < 0 or (self.shrinkage and (len(self.members) != 2 or self.weights)):
            raise OptionError(
                f"an ensemble has shrinkage {self.shrinkage}, {len(self.members)} members and weights {self.weights}; "
                "weights of each label are found for two members, without weights"
            )


FittedKind = Neighbours | TagPropagation | Discriminant | Ridge | Kernel
"""Heads that are fitted at once, by `fit`."""
AnyHead = HeadKind | FittedKind | LabelGraph | Ensemble


def check_sampling(kind: AnyHead, sampling: Sampling) -> None:
    """Raise OptionError if a kind of head reads feature maps and a sampling makes marks that have none."""
    if kind.reads_feature_maps and sampling.needs_features:
        raise OptionError(
            f"{type(sampling).__name__} makes marks in feature space, and {type(kind).__name__} reads feature maps, "
            "which such marks do not have; choose another sampling, or a head that reads features"
        )


def _folded(weight: "Tensor", bias: "Tensor", mean: "Tensor", scale: "Tensor") -> LinearHead:
    folded = weight.detach().double() / scale.double()  # a large mean over a small scale would cost digits
    return LinearHead(to_array(folded), to_array(bias.double() - folded @ mean.double()))


def to_array(tensor: "Tensor") -> NDArray[np.float32]:
    """Return a tensor as an array."""
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array
