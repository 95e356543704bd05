"""A head that is linear in similarities to training marks instead of in features; nothing is trained by steps.

A linear head has one direction for a label; marks of a label that look different from each other, as a rare one's often
do, share none. Similarities that fall fast let each of them speak for its own surroundings, and unlike a vote of
neighbours they are weighed together with those of all other marks.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.scores import as_targets, dense_unknown, known_counts
from viennatag.training.data.examples import Examples
from viennatag.training.heads.export import HeadInputs, HeadOutputs, Nodes
from viennatag.training.heads.exported import BiasedHead, SupportHead, normalised

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class KernelHead(BiasedHead, SupportHead):
    """Log-odds of the regression `exp(sharpness * (s - 1)) @ weight + bias`, with s the cosines to a support's marks.

    Attributes:
        weight: float32, shape (marks, labels).
        bias: float32, shape (labels,).
        sharpness: How fast similarity falls.
        softness: See `soft_log_odds`.
        offset: Added to the log-odds; float32, shape (labels,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    sharpness: float
    softness: float
    offset: NDArray[np.float32]

    def write(self, nodes: Nodes, inputs: HeadInputs) -> HeadOutputs:
        """Add the head to a graph; see `ExportedHead.write`."""
        similar = self.write_similar(nodes, inputs)
        sharpness = nodes.constant("sharpness", np.array([self.sharpness], dtype=np.float32))
        kernel = nodes.add("Exp", nodes.add("Sub", nodes.add("Mul", similar, sharpness), sharpness))
        constants = nodes.constant("weight", self.weight), nodes.constant("bias", self.bias)
        half = nodes.constant("half", np.array([0.5], dtype=np.float32))
        centred = nodes.add("Sub", nodes.add("Gemm", kernel, *constants), half)
        unit = nodes.constant("unit", np.array([2 * self.softness], dtype=np.float32))
        ends = (nodes.add("Div", nodes.add(side, half, centred), unit) for side in ("Add", "Sub"))
        odds = nodes.add("Sub", *(nodes.add("Asinh", each) for each in ends))
        return HeadOutputs(nodes.add("Add", odds, nodes.constant("offset", self.offset)))


def soft_log_odds(shares: NDArray[np.floating[Any]], softness: float) -> NDArray[np.floating[Any]]:
    """Return about log(p / (1 - p)) of predicted shares p; those at 0, at 1 and outside keep their order.

    Each of p and 1 - p becomes (p + sqrt(p² + 4 softness²)) / 2, which is positive, and p itself where it is large. A
    least-squares prediction of 0 and 1 is a chance already, so labels compare, as they do not when each is scaled.
    """
    unit = 2 * softness
    return np.asarray(np.arcsinh(shares / unit) - np.arcsinh((1 - shares) / unit))


@dataclass(frozen=True)
class Kernel:
    """Kernel ridge regression of each label, with the strength that predicts a mark best from all the others.

    Kernel exp(sharpness (s - 1)) of the cosine s between standardised features, the Gaussian kernel of vectors of
    length 1. Leave-one-out errors have a closed form (Rifkin and Lippert 2007, section 3). The marks are part of a
    bundle's graph: with 6,000 marks and 1,280 features they add 15 MB.

    Attributes:
        sharpness: How fast similarity falls; towards 0 the head becomes a linear one.
        strengths: Penalties that are tried, on the scale of a mark's similarity to itself, 1.
        softness: Predicted shares of about this size and less are not taken at their word; see `soft_log_odds`.
        max_marks: At most this many marks are learned from; those of rare labels come first.
    """

    sharpness: float = 2.0
    strengths: tuple[float, ...] = (0.1, 0.4, 1.6, 6.4)
    softness: float = 0.01
    max_marks: int = 6_000
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.strengths or not min(self.sharpness, self.softness, *self.strengths) > 0 or self.max_marks < 1:
            raise OptionError(
                f"a kernel head has sharpness {self.sharpness}, softness {self.softness}, strengths {self.strengths} "
                f"and max_marks {self.max_marks}; expected positive numbers"
            )

    def fit(self, train: Examples, *, mean: "Tensor", scale: "Tensor", seed: int = 0) -> KernelHead:
        """Return a head over these marks; an unknown pair teaches nothing.

        The arguments are those of `Neighbours.fit`.
        """
        return self.fit_left_out(train, mean=mean, scale=scale, seed=seed)[0]

    def fit_left_out(
        self, train: Examples, *, mean: "Tensor", scale: "Tensor", seed: int = 0
    ) -> tuple[KernelHead, NDArray[np.intp], NDArray[np.float32]]:
        """Return the head of `fit`, the marks that it learned from, and their logits by heads without each of them.

        The logits have shape (marks, labels); what is calibrated and decided on them needs no validation subset.
        """
        if not train.counts().any():
            raise DataError("no mark carries a label, so there is nothing to learn")
        chosen = rare_first(as_targets(train.targets), self.max_marks, seed)
        support = Support.of(train, chosen, mean, scale)
        truth = support.targets.astype(np.float32)
        known = np.ones_like(truth) if support.unknown is None else 1 - support.unknown.astype(np.float32)
        share = (truth.sum(axis=0) + np.float32(0.5)) / (known.sum(axis=0) + 1)
        weight, left_out = self._solve(support.vectors, (truth - share) * known)
        offset = frequency_offset(train.targets, share)
        head = KernelHead(
            mean=support.mean,
            scale=support.scale,
            support=support.vectors.astype(np.float16),
            weight=weight,
            bias=share,
            sharpness=self.sharpness,
            softness=self.softness,
            offset=offset,
        )
        return head, chosen, soft_log_odds(left_out + share, self.softness).astype(np.float32) + offset

    def _solve(
        self, support: NDArray[np.float32], truth: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return weights and leave-one-out predictions of centred targets, both (marks, labels)."""
        kernel = np.exp(np.float32(self.sharpness) * (support @ support.T - 1))
        best = np.full(truth.shape[1], np.inf, dtype=np.float32)
        weight, predicted = np.zeros_like(truth), np.zeros_like(truth)
        for strength in self.strengths:
            inverse = _inverse(kernel, strength)
            tried = inverse @ truth
            missed = tried / np.diag(inverse)[:, None]
            error = np.mean(missed**2, axis=0)
            better = error < best
            best[better], weight[:, better] = error[better], tried[:, better]
            predicted[:, better] = (truth - missed)[:, better]
        return weight, predicted


def _inverse(kernel: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Return the inverse of a kernel with a penalty on its diagonal, in a third of the time of a general inverse."""
    from scipy.linalg import lapack  # half a second to import, and only fitting needs it

    penalised = kernel.copy()
    penalised.flat[:: len(kernel) + 1] += np.float32(strength)
    factor, failed = lapack.spotrf(penalised, lower=1)
    inverse, undone = lapack.spotri(factor, lower=1)
    if failed or undone:
        raise DataError("the features are not finite, so no kernel head can be fitted to them")
    lower = np.tril(inverse)
    return np.asarray(lower + np.tril(lower, -1).T, dtype=np.float32)


def frequency_offset(targets: "csr_array", share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what takes the log-odds of labels from their share of some chosen marks to their frequency on all marks.

    `targets` are those of all marks, `share` is that of each label on the chosen ones, shape (labels,).
    """
    frequency = (np.asarray(as_targets(targets).sum(axis=0)).ravel() + 0.5) / (known_counts(targets) + 1)
    offset: NDArray[np.float32] = np.log(frequency / (1 - frequency) * (1 - share) / share).astype(np.float32)
    return offset


class Support(NamedTuple):
    """Marks that a head compares images with.

    Attributes:
        mean: Of the features; float32, shape (width,).
        scale: Likewise.
        vectors: Standardised features of length 1; float32, shape (marks, width).
        targets: Whether a mark carries a label; bool, shape (marks, labels).
        unknown: Whether that is unknown, same shape; None if all are known.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    vectors: NDArray[np.float32]
    targets: NDArray[np.bool_]
    unknown: NDArray[np.bool_] | None

    @classmethod
    def of(cls, train: Examples, chosen: NDArray[np.intp], mean: "Tensor", scale: "Tensor") -> "Support":
        """Return some of the training marks."""
        centre, unit = np.asarray(mean, dtype=np.float32), np.asarray(scale, dtype=np.float32)
        vectors = normalised(train.features[train.rows[chosen]], centre, unit)
        unknown = dense_unknown(train.targets[chosen])
        return cls(centre, unit, vectors, as_targets(train.targets[chosen]).toarray(), unknown)


def rare_first(targets: "csr_array", most: int, seed: int) -> NDArray[np.intp]:
    """Return at most `most` marks, ascending: those whose rarest label is rarest, ties drawn at random."""
    marks = targets.shape[0]
    if marks <= most:
        return np.arange(marks)
    counts = np.asarray(targets.sum(axis=0)).ravel()
    carried = targets.tocsr()
    rarest = np.full(marks, np.inf)
    np.minimum.at(rarest, np.repeat(np.arange(marks), np.diff(carried.indptr)), counts[carried.indices])
    order = np.lexsort((np.random.default_rng(seed).random(marks), rarest))
    return np.sort(order[:most])
