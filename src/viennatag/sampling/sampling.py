"""Samplings: which marks an epoch shows, each once, or rare labels more often and common ones less.

A sampling takes the sparse targets and returns a function that draws the marks of one epoch. Some make new marks in
feature space instead; these cannot be used to train on pixels. Listing them needs no torch.

Below, n is the number of marks with a label and N that of all marks.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError, require
from viennatag.metrics.scores import ArrayData, as_targets, find_unknown

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array
    from torch import Tensor

Draw = Callable[[np.random.Generator], NDArray[np.intp]]
"""Called once per epoch; returns the positions of the marks to show, shuffled, with repeats."""

_MAX_CANDIDATES = 2_000
"""Neighbours are searched among at most this many marks of a label."""


def balanced_count(counts: NDArray[np.int64]) -> float:
    """Return the number of marks at which a label is neither a minority nor a majority label.

    That is the harmonic mean of the counts above 0: a label's IRLbl (the largest count over its own) is above
    MeanIR (the mean of IRLbl) where its count is below it. Measures of Charte et al., "Addressing Imbalance in
    Multilabel Classification", Neurocomputing 163, 2015.
    """
    present = counts[counts > 0]
    return float(1 / np.mean(1 / present)) if len(present) else 0.0


@dataclass(frozen=True)
class Sampling:
    """Uniform sampling: every mark once per epoch.

    Attributes:
        needs_features: True if `synthesise` or `blend` make marks that exist only as features.
    """

    needs_features: ClassVar[bool] = False

    def draws(self, targets: ArrayData) -> Draw:
        """Return a function that draws the positions, 0 to marks - 1, of one epoch.

        Args:
            targets: Of the training marks, 0 and 1 of shape (marks, labels): sparse, dense, a data frame, a tensor.

        Raises:
            DataError: If a target is neither 0 nor 1.
        """
        marks = as_targets(targets).shape[0]
        return lambda generator: generator.permutation(marks)

    def synthesise(
        self, features: NDArray[Any], targets: "csr_array", generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], "csr_array"]:
        """Return features and targets of marks to add once, before training; by default none.

        Args:
            features: Of the training marks, shape (marks, width); only the rows needed are read.
            targets: Of the same marks, shape (marks, labels).
            generator: Random generator.
        """
        return np.zeros((0, features.shape[1]), np.float32), targets[:0]

    def blend(self, features: "Tensor", targets: "Tensor", generator: "torch.Generator") -> tuple["Tensor", "Tensor"]:
        """Return features and targets to use in place of one batch; by default the batch itself."""
        return features, targets


class _ByLabel(Sampling):
    def draws(self, targets: ArrayData) -> Draw:
        """Return a function that draws an epoch; see `Sampling.draws`."""
        marked = require("scipy.sparse", "data").csr_array(as_targets(targets))
        marked.eliminate_zeros()
        return partial(self._draw, _MarksByLabel(marked))

    @abstractmethod
    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]: ...


@dataclass(frozen=True)
class UndersampledHead(_ByLabel):
    """Undersampling of common labels: for each label, `limit` of its marks are drawn without replacement.

    A mark is shown if any of its labels drew it, so a common label is shown more than `limit` times only together with
    rarer ones. Marks without labels are drawn like one more label.

    Attributes:
        limit: Marks of each label in an epoch, if it has as many.
    """

    limit: int = 200

    def __post_init__(self) -> None:
        _check(self.limit >= 1, "limit", self.limit, "at least 1 mark")

    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]:
        first = grouped.shuffled(generator)[grouped.ranks < self.limit]
        bare = generator.permutation(np.setdiff1d(np.arange(grouped.total), grouped.marks))[: self.limit]
        return generator.permutation(np.union1d(first, bare))


@dataclass(frozen=True)
class ClassAware(_ByLabel):
    """N draws: first a label, with a probability proportional to n^power, then one of its marks.

    With power 0 all labels are equally likely: Shen et al., "Relay Backpropagation", ECCV 2016. With power 1/2 it is
    square-root sampling: Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", ECCV 2018. Common
    labels stay more frequent, since they occur together with rare ones. Marks without labels are never shown.

    Attributes:
        power: From 0 to 1; with 1 a mark's probability is proportional to its number of labels.
    """

    power: float = 0.0

    def __post_init__(self) -> None:
        _check(0 <= self.power <= 1, "power", self.power, "a number from 0 to 1")

    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]:
        if not len(grouped.marks):
            return generator.permutation(grouped.total)
        ends = np.cumsum(np.where(grouped.counts > 0, np.maximum(grouped.counts, 1) ** self.power, 0.0))
        labels = np.searchsorted(ends, generator.random(grouped.total) * ends[-1], side="right")
        return grouped.one_of(labels, generator)


@dataclass(frozen=True)
class RepeatFactor(_ByLabel):
    """A mark is shown max(1, sqrt(threshold / f)) times an epoch, f = n / N of its rarest label.

    The fractional part is a probability, drawn again in each epoch. Gupta et al., "LVIS: A Dataset for Large
    Vocabulary Instance Segmentation", CVPR 2019.

    Attributes:
        threshold: Labels on a smaller share of marks are repeated (0.001 in the paper, which has 100,000 images).
    """

    threshold: float = 0.003

    def __post_init__(self) -> None:
        _check(0 < self.threshold <= 1, "threshold", self.threshold, "a share of marks above 0")

    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]:
        share = np.maximum(grouped.counts, 1) / max(grouped.total, 1)
        factors = np.ones(grouped.total)
        np.maximum.at(factors, grouped.marks, np.sqrt(self.threshold / share)[grouped.labels])
        times = (factors + generator.random(grouped.total)).astype(np.intp)
        return generator.permutation(np.repeat(np.arange(grouped.total), times))


@dataclass(frozen=True)
class RandomUndersampling(_ByLabel):
    """ML-RUS: marks of majority labels are left out, at most a share of all marks.

    A label is a majority label while it has more marks than `balanced_count`. In rounds, each of them loses one mark at
    random, until the share is reached or no majority label is left. Charte et al., "Addressing Imbalance in Multilabel
    Classification", Neurocomputing 163, 2015; drawn again in each epoch here, so that no mark is lost.

    Attributes:
        share: Largest share of the marks to leave out.
    """

    share: float = 0.25

    def __post_init__(self) -> None:
        _check(0 <= self.share < 1, "share", self.share, "a share of marks below 1")

    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]:
        enough, shuffled = balanced_count(grouped.counts), grouped.shuffled(generator)
        counts, shown = grouped.counts.copy(), np.ones(grouped.total, dtype=bool)
        left, turn = int(self.share * grouped.total), 0
        while left > 0 and len(rich := np.flatnonzero((counts > enough) & (turn < grouped.counts))):
            chosen = np.unique(shuffled[grouped.starts[rich] + turn])
            chosen = generator.permutation(chosen[shown[chosen]])[:left]
            shown[chosen] = False
            counts -= grouped.carried(chosen)
            left, turn = left - len(chosen), turn + 1
        return generator.permutation(np.flatnonzero(shown))


@dataclass(frozen=True)
class RandomOversampling(_ByLabel):
    """ML-ROS: marks of minority labels are shown again, at most a share of all marks.

    A label is a minority label while it has fewer marks than `balanced_count`. In rounds, a random mark of each is
    added, until the share is reached or no minority label is left. Charte et al., as for `RandomUndersampling`.

    Attributes:
        share: Largest share of the marks to add.
    """

    share: float = 0.25

    def __post_init__(self) -> None:
        _check(self.share >= 0, "share", self.share, "a share of marks, 0 or more")

    def _draw(self, grouped: "_MarksByLabel", generator: np.random.Generator) -> NDArray[np.intp]:
        enough, counts, left = balanced_count(grouped.counts), grouped.counts.copy(), int(self.share * grouped.total)
        shown = [np.arange(grouped.total)]
        while left > 0 and len(poor := np.flatnonzero((counts > 0) & (counts < enough))):
            chosen = grouped.one_of(generator.permutation(poor)[:left], generator)
            shown.append(chosen)
            counts += grouped.carried(chosen)
            left -= len(chosen)
        return generator.permutation(np.concatenate(shown))


@dataclass(frozen=True)
class SyntheticOversampling(Sampling):
    """MLSMOTE: new marks on the line between a mark of a minority label and a near one of the same label.

    Every mark of a minority label (see `RandomOversampling`) is a seed. Its `neighbours` nearest among the marks of
    that label are found by Euclidean distance; a random one of them is the other end. The new mark has the labels of
    more than half of seed and neighbours ("ranking"), so it stays closed under ancestors. Charte et al., "MLSMOTE:
    Approaching Imbalanced Multilabel Learning through Synthetic Instance Generation", Knowledge-Based Systems 89, 2015.

    Attributes:
        neighbours: Number of neighbours; fewer where a label has fewer marks.
        share: Largest share of the marks to add; of more seeds a random subset is used.
    """

    neighbours: int = 5
    share: float = 0.25
    needs_features: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.neighbours >= 1, "neighbours", self.neighbours, "at least 1")
        _check(self.share >= 0, "share", self.share, "a share of marks, 0 or more")

    def synthesise(
        self, features: NDArray[Any], targets: "csr_array", generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], "csr_array"]:
        """Return the new marks; see `Sampling.synthesise`."""
        csr_array = require("scipy.sparse", "data").csr_array
        unknown, targets = find_unknown(targets), csr_array(as_targets(targets))
        grouped = _MarksByLabel(targets)
        minority = (grouped.counts >= 2) & (grouped.counts < balanced_count(grouped.counts))
        entries = np.flatnonzero(minority[grouped.labels])
        limit = int(self.share * targets.shape[0])
        entries = np.sort(generator.permutation(entries)[:limit])
        made, rows, columns = [np.zeros((0, features.shape[1]), np.float32)], [], []
        for label in np.unique(grouped.labels[entries]):
            seeds = grouped.marks[entries[grouped.labels[entries] == label]]
            candidates = grouped.marks[grouped.starts[label] : grouped.starts[label] + grouped.counts[label]]
            candidates = np.sort(generator.permutation(candidates)[:_MAX_CANDIDATES])
            near = _nearest(features, seeds, candidates, self.neighbours)
            other = near[np.arange(len(seeds)), generator.integers(near.shape[1], size=len(seeds))]
            ends = features[seeds].astype(np.float32), features[other].astype(np.float32)
            first = sum(map(len, made))
            made.append(ends[0] + generator.random((len(seeds), 1), dtype=np.float32) * (ends[1] - ends[0]))
            rows.append(np.repeat(np.arange(first, first + len(seeds)), near.shape[1] + 1))
            columns.append(np.column_stack([seeds, near]).ravel())
        if not rows:
            return made[0], targets[:0]
        together = csr_array(
            (np.ones(sum(map(len, rows)), np.float32), (np.concatenate(rows), np.concatenate(columns))),
            shape=(sum(map(len, made)), targets.shape[0]),
        )
        votes = (together @ targets.astype(np.float32)).tocoo()
        won = votes.data > together.sum(axis=1)[votes.row] / 2
        labels = csr_array((np.ones(won.sum(), targets.dtype), (votes.row[won], votes.col[won])), shape=votes.shape)
        if unknown is not None:  # what an end does not know, the new mark does not know, unless the others outvote it
            doubtful = ((together @ csr_array(unknown).astype(np.float32)) > 0).astype(np.int8)
            present = labels.astype(np.int8)
            labels = csr_array(present + present.multiply(doubtful) - doubtful)
        return np.concatenate(made), labels


@dataclass(frozen=True)
class Mixup(Sampling):
    """Each mark of a batch becomes l times itself plus 1 - l times another of the batch, l from Beta(alpha, alpha).

    Targets are mixed like features, so they are between 0 and 1. Zhang et al., "mixup: Beyond Empirical Risk
    Minimization", ICLR 2018, on features instead of pixels and with one l for each mark.

    Attributes:
        alpha: Small values change most marks little; 1 mixes evenly.
    """

    alpha: float = 0.2
    needs_features: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.alpha > 0, "alpha", self.alpha, "more than 0")

    def blend(self, features: "Tensor", targets: "Tensor", generator: "torch.Generator") -> tuple["Tensor", "Tensor"]:
        """Return the mixed batch; see `Sampling.blend`."""
        import torch

        device = generator.device
        partner = torch.randperm(len(features), generator=generator, device=device).to(features.device)
        # torch cannot draw from Beta with a given generator.
        seed = int(torch.randint(2**62, (1,), generator=generator, device=device))
        drawn = torch.from_numpy(np.random.default_rng(seed).beta(self.alpha, self.alpha, (len(features), 1)))
        mixed = torch.lerp(features[partner], features, drawn.to(features))
        return mixed, torch.lerp(targets[partner], targets, drawn.to(targets))


class _MarksByLabel:
    """The marks of each label, one label after the other.

    Attributes:
        total: Number of marks.
        counts: Marks of each label, shape (labels,).
        starts: Start of each label in `marks`.
        marks: Positions of marks.
        labels: Label of each of `marks`.
        ranks: Position of each of `marks` among those of its label.
    """

    def __init__(self, targets: "csr_array") -> None:
        self._targets, self.total = targets, targets.shape[0]
        columns = targets.tocsc()
        self.counts = np.diff(columns.indptr).astype(np.int64)
        self.starts = columns.indptr[:-1].astype(np.intp)
        self.marks = columns.indices.astype(np.intp)
        self.labels = np.repeat(np.arange(targets.shape[1]), self.counts)
        self.ranks = np.arange(len(self.marks)) - self.starts[self.labels]

    def shuffled(self, generator: np.random.Generator) -> NDArray[np.intp]:
        """Return `marks` with those of each label in one random order of all marks."""
        order = generator.permutation(self.total)
        shuffled: NDArray[np.intp] = order[self._targets[order].tocsc().indices]
        return shuffled

    def one_of(self, labels: NDArray[np.intp], generator: np.random.Generator) -> NDArray[np.intp]:
        """Return a random mark of each of the given labels, repeats allowed."""
        drawn: NDArray[np.intp] = self.marks[self.starts[labels] + generator.integers(self.counts[labels])]
        return drawn

    def carried(self, marks: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return how often each label occurs on the given marks, repeats counted."""
        return np.bincount(self._targets[marks].indices, minlength=self._targets.shape[1])


def _nearest(
    features: NDArray[Any], seeds: NDArray[np.intp], candidates: NDArray[np.intp], count: int
) -> NDArray[np.intp]:
    """Return the candidates nearest to each seed, without the seed itself, shape (seeds, count or fewer)."""
    points, others = features[seeds].astype(np.float32), features[candidates].astype(np.float32)
    distances = (others**2).sum(1) - 2 * points @ others.T  # less the seed's own square, the same for all
    distances[seeds[:, None] == candidates] = np.inf
    count = min(count, len(candidates) - 1)
    nearest: NDArray[np.intp] = candidates[np.argpartition(distances, count - 1, axis=1)[:, :count]]
    return nearest


def _check(valid: bool, name: str, value: float, expected: str) -> None:
    if not valid:
        raise OptionError(f"{name} of the sampling is {value}; expected {expected}")
