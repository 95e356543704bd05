"""Heads over features that have learned: functions, without torch, that can write themselves into a graph.

Each says the same thing twice, in NumPy for training and in ONNX nodes for the bundle; a test holds the two
together. Heads whose logits are `weight @ seen + bias`, where what is seen of an image is the mean of what is seen at
its places, can be read back at each place; a vote of neighbours cannot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.training.heads.export import Nodes, Seen, Written

if TYPE_CHECKING:
    from viennatag.training.heads.heads import FittedHead

_BLOCK = 1 << 24
"""Numbers that are held at a time: 64 MB."""


@dataclass(frozen=True, eq=False)
class LinearHead:
    """`weight @ features + bias`.

    Attributes:
        weight: float32, shape (labels, width).
        bias: float32, shape (labels,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    reads_maps: ClassVar[bool] = False

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.bias)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw features (marks, width)."""
        logits: NDArray[np.float32] = features.astype(np.float32) @ self.weight.T + self.bias
        return logits

    def see(self, nodes: Nodes, features: Seen) -> Seen:
        """Return what the weights are for: the features as they are."""
        return features

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`."""
        return _write_placed(nodes, self.see(nodes, features), self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class CosineHead:
    """`weight @ z / |z| + bias` with z = (features - mean) / scale.

    Attributes:
        mean: float32, shape (width,).
        scale: float32, shape (width,).
        weight: Rows of the learned length; float32, shape (labels, width).
        bias: float32, shape (labels,).
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    reads_maps: ClassVar[bool] = False

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.bias)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw features (marks, width)."""
        logits: NDArray[np.float32] = _directions(features, self.mean, self.scale) @ self.weight.T + self.bias
        return logits

    def see(self, nodes: Nodes, features: Seen) -> Seen:
        """Add and return what the weights are for: z / |z|, with the length of the whole image everywhere."""
        return _write_directions(nodes, features, self.mean, self.scale)

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`."""
        return _write_placed(nodes, self.see(nodes, features), self.weight, self.bias)


@dataclass(frozen=True, eq=False)
class NeighbourHead:
    """The smoothed log-odds of a vote among the most similar marks; the formula is that of `heads.Neighbours`.

    Attributes:
        mean: float32, shape (width,).
        scale: float32, shape (width,).
        support: Standardised features of length 1; float16, shape (marks, width).
        carries: 1 where a mark carries a label; uint8, shape (marks, labels).
        prior: float32, shape (labels,).
        k: Marks that vote.
        temperature: Similarity within which votes fall by a factor e.
        smoothing: How many marks at the nearest distance the prior counts for.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    support: NDArray[np.float16]
    carries: NDArray[np.uint8]
    prior: NDArray[np.float32]
    k: int
    temperature: float
    smoothing: float
    reads_maps: ClassVar[bool] = False

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.prior)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw features (marks, width)."""
        support, carries = self.support.astype(np.float32), self.carries.astype(np.float32)
        logits = np.empty((len(features), self.labels), dtype=np.float32)
        for rows in blocks(len(features), len(support)):
            similar = _directions(features[rows], self.mean, self.scale) @ support.T
            best = np.partition(similar, len(support) - self.k, axis=1)[:, -self.k :]
            weights = np.exp((similar - best.max(axis=1, keepdims=True)) / np.float32(self.temperature))
            weights *= similar >= best.min(axis=1, keepdims=True)
            votes, all_votes = weights @ carries, weights.sum(axis=1, keepdims=True)
            logits[rows] = np.log(votes + self._for) - np.log(np.maximum(all_votes - votes, 0) + self._against)
        return logits

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`."""
        seen = _write_directions(nodes, Seen(features.whole), self.mean, self.scale).whole
        support = nodes.add("Cast", nodes.constant("support", self.support.T), attributes={"to": FLOAT})
        carries = nodes.add("Cast", nodes.constant("carries", self.carries), attributes={"to": FLOAT})
        similar = nodes.add("MatMul", seen, support)
        best = nodes.add("TopK", similar, nodes.constant("k", np.array([self.k])), outputs=2)
        first = nodes.add("Gather", best, nodes.constant("first", np.array([0])), attributes={"axis": 1})
        last = nodes.add("Gather", best, nodes.constant("last", np.array([self.k - 1])), attributes={"axis": 1})
        behind = nodes.add(
            "Div", nodes.add("Sub", similar, first), nodes.constant("temperature", _one(self.temperature))
        )
        near = nodes.add("Cast", nodes.add("GreaterOrEqual", similar, last), attributes={"to": FLOAT})
        weights = nodes.add("Mul", nodes.add("Exp", behind), near)
        votes = nodes.add("MatMul", weights, carries)
        all_votes = nodes.add("ReduceSum", weights, nodes.constant("axis", np.array([1])))
        others = nodes.add("Relu", nodes.add("Sub", all_votes, votes))  # rounding may take it below 0
        yes = nodes.add("Log", nodes.add("Add", votes, nodes.constant("for", self._for)))
        no = nodes.add("Log", nodes.add("Add", others, nodes.constant("against", self._against)))
        return Written(nodes.add("Sub", yes, no))

    @property
    def _for(self) -> NDArray[np.float32]:
        return np.float32(self.smoothing) * self.prior

    @property
    def _against(self) -> NDArray[np.float32]:
        return np.float32(self.smoothing) * (1 - self.prior)


@dataclass(frozen=True, eq=False)
class MeanHead:
    """`intercept + slope₁ · logits₁ + slope₂ · logits₂ + …` over other heads.

    Attributes:
        members: The other heads.
        slopes: How much each counts for each label; float32, shape (members, labels).
        intercept: float32, shape (labels,).
    """

    members: tuple["FittedHead", ...]
    slopes: NDArray[np.float32]
    intercept: NDArray[np.float32]

    @property
    def labels(self) -> int:
        """Number of labels."""
        return len(self.intercept)

    @property
    def reads_maps(self) -> bool:
        """Whether it reads maps instead of features, since a member does."""
        return any(member.reads_maps for member in self.members)

    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]:
        """Return logits (marks, labels) for raw features (marks, width), or maps (marks, places, width)."""
        pooled = features.mean(axis=1, dtype=np.float32) if self.reads_maps else features
        logits = np.tile(self.intercept, (len(features), 1))
        for member, slope in zip(self.members, self.slopes, strict=True):
            logits += slope * member(features if member.reads_maps else pooled)
        return logits

    def write(self, nodes: Nodes, features: Seen) -> Written:
        """Add the head to a graph; see `Joinable.write`. Heads with weights for what they see at places become one."""
        total, members = self._flat()
        lines = [(slope, member) for slope, member in members if isinstance(member, LinearHead | CosineHead)]
        others = [(slope, member) for slope, member in members if not isinstance(member, LinearHead | CosineHead)]
        joined = Written(nodes.constant("intercept", total)) if not lines else None
        if joined is None:
            weight = np.concatenate([slope[:, None] * member.weight for slope, member in lines], axis=1)
            bias = total + sum(slope * member.bias for slope, member in lines)
            joined = _write_placed(nodes, _write_beside(nodes, features, [member for _, member in lines]), weight, bias)
        if not others:
            return joined
        logits, said = joined.logits, None if lines else joined.logits
        everywhere = True
        for at, (slope, member) in enumerate(others, start=len(lines)):
            with nodes.scope(str(at)):
                own, counts = member.write(nodes, features), nodes.constant("slope", slope)
                logits = nodes.add("Add", nodes.add("Mul", own.logits, counts), logits)
                everywhere = everywhere and own.said is not None
                if own.said is not None:
                    part = nodes.add("Mul", own.said, counts)
                    said = nodes.add("Add", part, said) if said else part
        return Written(logits, joined.places, said) if everywhere else Written(logits)

    def _flat(self) -> tuple[NDArray[np.float32], list[tuple[NDArray[np.float32], "FittedHead"]]]:
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


FLOAT = 1
"""float32 among ONNX's element types."""


def _directions(features: NDArray[Any], mean: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return standardised features brought to length 1; what lies on the mean stays there."""
    standard: NDArray[np.float32] = (features.astype(np.float32) - mean) / scale
    standard /= np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), np.float32(1e-12))
    return standard


def _write_directions(nodes: Nodes, features: Seen, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> Seen:
    centre, unit = nodes.constant("mean", mean), nodes.constant("scale", scale)
    standard = nodes.add("Div", nodes.add("Sub", features.whole, centre), unit)
    length = nodes.add("ReduceL2", standard, nodes.constant("along", np.array([1])))
    length = nodes.add("Max", length, nodes.constant("least", _one(1e-12)))
    whole = nodes.add("Div", standard, length)
    if features.places is None:
        return Seen(whole)
    standard = nodes.add("Div", nodes.add("Sub", features.places, centre), unit)
    everywhere = nodes.add("Unsqueeze", length, nodes.constant("between", np.array([1, 2])))
    return Seen(whole, nodes.add("Div", standard, everywhere))


def _write_beside(nodes: Nodes, features: Seen, heads: Sequence[LinearHead | CosineHead]) -> Seen:
    """Add what puts side by side what several heads see."""
    seen = []
    for at, head in enumerate(heads):
        with nodes.scope(str(at)):
            seen.append(head.see(nodes, features))
    whole = nodes.add("Concat", *(each.whole for each in seen), attributes={"axis": -1})
    places = [each.places for each in seen if each.places is not None]
    return Seen(whole, nodes.add("Concat", *places, attributes={"axis": -1}) if places else None)


def _write_placed(nodes: Nodes, seen: Seen, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Written:
    constants = nodes.constant("weight", weight), nodes.constant("bias", bias)
    return Written(nodes.add("Gemm", seen.whole, *constants, attributes={"transB": 1}), seen.places)


def _one(value: float) -> NDArray[np.float32]:
    return np.array([value], dtype=np.float32)


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Yield slices of rows so that a block with so many numbers a row can be held at a time."""
    height = max(1, _BLOCK // max(1, width))
    return (slice(start, start + height) for start in range(0, rows, height))
