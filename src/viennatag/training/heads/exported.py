"""Trained heads without torch, that can add themselves to a graph.

Heads whose logits are linear in a mean over positions can be explained at each position; a vote of neighbours cannot.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.errors import DataError
from viennatag.training.heads.export import ExportedHead, HeadInputs, HeadOutputs, Nodes

FLOAT = 1
"""float32 among ONNX's element types."""
EPSILON = 1e-5
"""Added to the variance in a layer norm."""


class BiasedHead(ExportedHead):
    """A head with a bias for each label."""

    bias: NDArray[np.float32]

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.bias)


@dataclass(frozen=True, eq=False)
class WeightedHead(BiasedHead):
    """A head whose logits are `weight @ inputs + bias`.

    Attributes:
        weight: float32, shape (labels, width).
        bias: float32, shape (labels,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    @abstractmethod
    def transform(self, nodes: Nodes, inputs: HeadInputs) -> HeadInputs:
        """Add and return the inputs of the weights."""

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        return _write_linear(nodes, self.transform(nodes, inputs), self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class LinearHead(WeightedHead):
    """`weight @ features + bias`."""

    def transform(self, nodes: Nodes, inputs: HeadInputs) -> HeadInputs:
        """Return the inputs of the weights: the features themselves."""
        return inputs


@dataclass(frozen=True, eq=False)
class CosineHead(WeightedHead):
    """`weight @ z / |z| + bias` with z = (features - mean) / scale.

    Attributes:
        weight: Rows of the learned length; float32, shape (labels, width).
        mean: float32, shape (width,).
        scale: float32, shape (width,).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]

    def transform(self, nodes: Nodes, inputs: HeadInputs) -> HeadInputs:
        """Add and return the inputs of the weights: z / |z|, with |z| of the whole image at every position."""
        return write_normalised(nodes, inputs, self.mean, self.scale)


@dataclass(frozen=True, eq=False)
class SupportHead(ExportedHead):
    """A head that compares an image with stored marks.

    Attributes:
        mean: float32, shape (width,).
        scale: float32, shape (width,).
        support: Standardised features of length 1; float16, shape (marks, width).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    support: NDArray[np.float16]

    def write_similar(self, nodes: Nodes, inputs: HeadInputs) -> str:
        """Add and return the cosines between images and marks, shape (images, marks)."""
        query = write_normalised(nodes, HeadInputs(inputs.pooled), self.mean, self.scale).pooled
        support = nodes.add("Cast", nodes.constant("support", self.support.T), attributes={"to": FLOAT})
        return nodes.add("MatMul", query, support)


@dataclass(frozen=True, eq=False)
class NeighbourHead(SupportHead):
    """The smoothed log-odds of a vote among the most similar marks; the formula is that of `heads.Neighbours`.

    Attributes:
        targets: 1 where a mark carries a label; uint8, shape (marks, labels).
        prior: float32, shape (labels,).
        k: Marks that vote.
        temperature: Similarity within which votes fall by a factor e.
        smoothing: Weight of the prior, in marks at the nearest distance.
        unknown: 1 where a label is unknown on a mark, which then has no vote; like `targets`, None if all are known.
    """

    targets: NDArray[np.uint8]
    prior: NDArray[np.float32]
    k: int
    temperature: float
    smoothing: float
    unknown: NDArray[np.uint8] | None = None

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.prior)

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        votes, all_votes = self._write_votes(nodes, inputs)
        others = nodes.add("Relu", nodes.add("Sub", all_votes, votes))  # rounding may take it below 0
        weight = np.float32(self.smoothing)
        yes = nodes.add("Log", nodes.add("Add", votes, nodes.constant("for", weight * self.prior)))
        no = nodes.add("Log", nodes.add("Add", others, nodes.constant("against", weight * (1 - self.prior))))
        return HeadOutputs(nodes.add("Sub", yes, no))

    def _write_votes(self, nodes: Nodes, inputs: HeadInputs) -> tuple[str, str]:
        """Add and return the votes for each label (images, labels), and all votes, of one or as many columns."""
        similar = self.write_similar(nodes, inputs)
        targets = nodes.add("Cast", nodes.constant("targets", self.targets), attributes={"to": FLOAT})
        best = nodes.add("TopK", similar, nodes.constant("k", np.array([self.k])), outputs=2)
        first = nodes.add("Gather", best, nodes.constant("first", np.array([0])), attributes={"axis": 1})
        last = nodes.add("Gather", best, nodes.constant("last", np.array([self.k - 1])), attributes={"axis": 1})
        below = nodes.add("Sub", similar, first)
        below = nodes.add("Div", below, nodes.constant("temperature", _one(self.temperature)))
        near = nodes.add("Cast", nodes.add("GreaterOrEqual", similar, last), attributes={"to": FLOAT})
        weights = nodes.add("Mul", nodes.add("Exp", below), near)
        votes = nodes.add("MatMul", weights, targets)
        all_votes = nodes.add("ReduceSum", weights, nodes.constant("axis", np.array([1])))
        if self.unknown is not None:
            unknown = nodes.add("Cast", nodes.constant("unknown", self.unknown), attributes={"to": FLOAT})
            all_votes = nodes.add("Sub", all_votes, nodes.add("MatMul", weights, unknown))
        return votes, all_votes


@dataclass(frozen=True, eq=False)
class PropagationHead(NeighbourHead):
    """`slope * share + intercept` of the share of votes for a label, smoothed by `smoothing` marks with the prior.

    Attributes:
        slope: Learned weight of each label; float32, shape (labels,).
        intercept: float32, shape (labels,).
    """

    slope: NDArray[np.float32] = field(kw_only=True)
    intercept: NDArray[np.float32] = field(kw_only=True)

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        votes, all_votes = self._write_votes(nodes, inputs)
        weight = np.float32(self.smoothing)
        known = nodes.add("Add", nodes.add("Relu", all_votes), nodes.constant("marks", _one(self.smoothing)))
        share = nodes.add("Div", nodes.add("Add", votes, nodes.constant("for", weight * self.prior)), known)
        scaled = nodes.add("Mul", share, nodes.constant("label slope", self.slope))
        return HeadOutputs(nodes.add("Add", scaled, nodes.constant("label intercept", self.intercept)))


@dataclass(frozen=True, eq=False)
class MeanHead(ExportedHead):
    """`intercept + slope₁ · logits₁ + slope₂ · logits₂ + …` over other heads.

    Attributes:
        members: The other heads.
        slopes: Weight of each member for each label; float32, shape (members, labels).
        intercept: float32, shape (labels,).
    """

    members: tuple[ExportedHead, ...]
    slopes: NDArray[np.float32]
    intercept: NDArray[np.float32]

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.intercept)

    @property
    def reads_feature_maps(self) -> bool:  # type: ignore[override]
        """Whether a member reads feature maps."""
        return any(member.reads_feature_maps for member in self.members)

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`. Linear and cosine members become one head."""
        total, members = self._flat()
        linear = [(slope, member) for slope, member in members if isinstance(member, WeightedHead)]
        others = [(slope, member) for slope, member in members if not isinstance(member, WeightedHead)]
        if linear:
            weight = np.concatenate([slope[:, None] * member.weight for slope, member in linear], axis=1)
            bias = total + sum(slope * member.bias for slope, member in linear)
            joined = _write_concatenated(nodes, inputs, [member for _, member in linear])
            outputs = _write_linear(nodes, joined, weight, bias)
        else:
            outputs = HeadOutputs(nodes.constant("intercept", total))
        if not others:
            return outputs
        logits, local_logits = outputs.logits, None if linear else outputs.logits
        everywhere = True
        for at, (slope, member) in enumerate(others, start=len(linear)):
            with nodes.scope(str(at)):
                own, factor = member.write(nodes, inputs), nodes.constant("slope", slope)
                logits = nodes.add("Add", nodes.add("Mul", own.logits, factor), logits)
                everywhere = everywhere and own.local_logits is not None
                if own.local_logits is not None:
                    part = nodes.add("Mul", own.local_logits, factor)
                    local_logits = nodes.add("Add", part, local_logits) if local_logits else part
        return HeadOutputs(logits, outputs.head_inputs, local_logits) if everywhere else HeadOutputs(logits)

    def _flat(self) -> tuple[NDArray[np.float32], list[tuple[NDArray[np.float32], ExportedHead]]]:
        """Return an intercept, and slopes and heads none of which is a mean."""
        total, members = self.intercept, []
        for slope, member in zip(self.slopes, self.members, strict=True):
            if isinstance(member, MeanHead):
                inner, others = member._flat()
                total = total + slope * inner
                members += [(slope * each, other) for each, other in others]
            else:
                members.append((slope, member))
        return total, members


@dataclass(frozen=True, eq=False)
class ColumnsHead(ExportedHead):
    """Another head over some of the features, as those of one network among several side by side.

    Attributes:
        head: The other head.
        first: Position of its first feature.
        width: How many features it reads.
    """

    head: ExportedHead
    first: int
    width: int

    @property
    def labels(self) -> int:
        """Number of labels."""
        return self.head.labels

    @property
    def reads_feature_maps(self) -> bool:  # type: ignore[override]
        """Whether the other head reads feature maps."""
        return self.head.reads_feature_maps

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        where = {"from": self.first, "to": self.first + self.width, "last axis": -1}
        constants = [nodes.constant(name, np.array([value])) for name, value in where.items()]
        pooled, spatial = (each and nodes.add("Slice", each, *constants) for each in (inputs.pooled, inputs.spatial))
        assert pooled
        return self.head.write(nodes, HeadInputs(pooled, spatial))


def over_columns(head: ExportedHead, first: int, width: int, of: int) -> ExportedHead:
    """Return a head over `of` features, side by side, that reads only `width` of them; linear parts stay linear."""
    if isinstance(head, MeanHead):
        return replace(head, members=tuple(over_columns(each, first, width, of) for each in head.members))
    if isinstance(head, LinearHead):
        return LinearHead(np.pad(head.weight, ((0, 0), (first, of - first - width))), head.bias)
    return ColumnsHead(head, first, width)


def mean_head(heads: Sequence[ExportedHead], calibrations: Sequence[Calibration], weights: ArrayLike) -> ExportedHead:
    """Return the weighted mean of heads' calibrated logits; of linear heads among them, one linear head.

    Weights have the shape (heads,), or (heads, labels) where each label has its own.

    Raises:
        DataError: If the numbers of heads, calibrations and weights differ, or their labels.
    """
    given = np.array(weights, dtype=np.float64)
    if not len(heads) == len(calibrations) == len(given):
        raise DataError(f"{len(heads)} heads, {len(calibrations)} calibrations and {len(given)} weights do not match")
    if len({head.labels for head in heads} | {len(each.slope) for each in calibrations}) != 1:
        raise DataError("heads and calibrations are not all of the same labels")
    shares = (given if given.ndim > 1 else given[:, None]) / given.sum(axis=0)
    slopes = shares * np.array([each.slope for each in calibrations])
    intercept = (shares * np.array([each.intercept for each in calibrations])).sum(axis=0)
    total, members = MeanHead(tuple(heads), slopes.astype(np.float32), intercept.astype(np.float32))._flat()
    linear = [(slope, head) for slope, head in members if isinstance(head, LinearHead)]
    others = [(slope, head) for slope, head in members if not isinstance(head, LinearHead)]
    if linear:
        weight = sum(slope[:, None] * head.weight for slope, head in linear)
        bias = sum((slope * head.bias for slope, head in linear), start=total)
        joined = LinearHead(np.asarray(weight, dtype=np.float32), np.asarray(bias, dtype=np.float32))
        if not others:
            return joined
        total, others = np.zeros_like(joined.bias), [(np.ones_like(joined.bias), joined), *others]
    return MeanHead(tuple(head for _, head in others), np.stack([slope for slope, _ in others]), total)


def normalised(features: NDArray[Any], mean: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return z / |z| with z = (features - mean) / scale, as `write_normalised` computes it; shape (n, width)."""
    standard = (features.astype(np.float32) - mean) / scale
    standard /= np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), 1e-12)
    return standard


def write_normalised(
    nodes: Nodes, inputs: HeadInputs, mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> HeadInputs:
    """Add and return z / |z| with z = (inputs - mean) / scale, with |z| of the whole image at every position."""
    centre, unit = nodes.constant("mean", mean), nodes.constant("scale", scale)
    standard = nodes.add("Div", nodes.add("Sub", inputs.pooled, centre), unit)
    length = nodes.add("ReduceL2", standard, nodes.constant("along", np.array([1])))
    length = nodes.add("Max", length, nodes.constant("least", _one(1e-12)))
    pooled = nodes.add("Div", standard, length)
    if inputs.spatial is None:
        return HeadInputs(pooled)
    standard = nodes.add("Div", nodes.add("Sub", inputs.spatial, centre), unit)
    everywhere = nodes.add("Unsqueeze", length, nodes.constant("between", np.array([1, 2])))
    return HeadInputs(pooled, nodes.add("Div", standard, everywhere))


def _write_concatenated(nodes: Nodes, inputs: HeadInputs, heads: Sequence[WeightedHead]) -> HeadInputs:
    """Add and return the concatenated inputs of the weights of several heads."""
    own = []
    for at, head in enumerate(heads):
        with nodes.scope(str(at)):
            own.append(head.transform(nodes, inputs))
    pooled = nodes.add("Concat", *(each.pooled for each in own), attributes={"axis": -1})
    spatial = [each.spatial for each in own if each.spatial is not None]
    return HeadInputs(pooled, nodes.add("Concat", *spatial, attributes={"axis": -1}) if spatial else None)


def _write_linear(
    nodes: Nodes, inputs: HeadInputs, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> HeadOutputs:
    constants = nodes.constant("weight", weight), nodes.constant("bias", bias)
    return HeadOutputs(nodes.add("Gemm", inputs.pooled, *constants, attributes={"transB": 1}), inputs.spatial)


def _one(value: float) -> NDArray[np.float32]:
    return np.array([value], dtype=np.float32)
