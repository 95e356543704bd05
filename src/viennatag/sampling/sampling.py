"""Which marks a head is shown: once each, or rare labels more often and common ones less.

A sampling looks once at the sparse targets and gives a function that draws the marks of one epoch.
Some make new marks instead, in feature space; those cannot serve training on pixels.

Below, n is the number of marks that carry a label and N that of all marks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viennatag.errors import OptionError
from viennatag.losses.frequencies import balanced_count

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Draw = Callable[[np.random.Generator], NDArray[np.intp]]
"""Called once per epoch; gives the positions of the marks to show, shuffled, repeats allowed."""

SEARCHED = 2_000
"""Neighbours are looked for among at most this many marks of a label."""


@dataclass(frozen=True)
class Sampling:
    """Uniform: every mark once per epoch. The other samplings override what they change.

    Attributes:
        needs_features: True where `synthesise` or `blend` make marks that exist only as features.
    """

    needs_features: ClassVar[bool] = False

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws the positions, 0 to marks - 1, of one epoch.

        Args:
            targets: Of the training marks, shape (marks, labels).
        """
        marks = targets.shape[0]
        return lambda generator: generator.permutation(marks)

    def synthesise(
        self, features: NDArray[Any], targets: "csr_array", generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], "csr_array"]:
        """Return features and targets of marks to add, once, before training; by default none.

        Args:
            features: Of the training marks, shape (marks, width); only the rows needed are read.
            targets: Of the same marks, shape (marks, labels).
            generator: Source of all randomness.
        """
        return np.zeros((0, features.shape[1]), np.float32), targets[:0]

    def blend(self, features: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return what to learn from in place of one batch; by default the batch itself."""
        return features, targets


@dataclass(frozen=True)
class UndersampledHead(Sampling):
    """In each epoch a mark is left out if all of its labels have `limit` other marks that are shown.

    For each label, `limit` of its marks are drawn without replacement; a mark is shown if any of its labels drew
    it. A common label is so shown more than `limit` times only in the company of rarer ones. Marks without
    labels are drawn like one label more.

    Attributes:
        limit: Marks that every label keeps, if it has as many.
    """

    limit: int = 200

    def __post_init__(self) -> None:
        _check(self.limit >= 1, "limit", self.limit, "at least 1 mark")

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws an epoch; see `Sampling.draws`."""
        bags = _Bags(targets)
        bare = np.flatnonzero(np.diff(targets.indptr) == 0)

        def draw(generator: np.random.Generator) -> NDArray[np.intp]:
            shuffled = bags.shuffled(generator)
            first = shuffled[bags.ranks < self.limit]
            shown = np.union1d(first, generator.permutation(bare)[: self.limit])
            return generator.permutation(shown)

        return draw


@dataclass(frozen=True)
class ClassAware(Sampling):
    """As many draws as marks: first a label, with a chance proportional to n^power, then one of its marks.

    With power 0 all labels are drawn alike: Shen et al., "Relay Backpropagation", ECCV 2016. With power 1/2 it
    is square-root sampling: Mahajan et al., "Exploring the Limits of Weakly Supervised Pretraining", ECCV 2018.
    Companion labels come along, so common labels stay more frequent. Marks without labels are never shown.

    Attributes:
        power: Between 0 and 1, where a mark's chance is proportional to its number of labels.
    """

    power: float = 0.0

    def __post_init__(self) -> None:
        _check(0 <= self.power <= 1, "power", self.power, "a number from 0 to 1")

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws an epoch; see `Sampling.draws`."""
        bags = _Bags(targets)
        chances = np.where(bags.counts > 0, np.maximum(bags.counts, 1) ** self.power, 0.0)
        ends = np.cumsum(chances)
        marks = targets.shape[0]

        def draw(generator: np.random.Generator) -> NDArray[np.intp]:
            if not len(bags.marks):
                return generator.permutation(marks)
            labels = np.searchsorted(ends, generator.random(marks) * ends[-1], side="right")
            drawn: NDArray[np.intp] = bags.marks[bags.starts[labels] + generator.integers(bags.counts[labels])]
            return drawn

        return draw


@dataclass(frozen=True)
class RepeatFactor(Sampling):
    """A mark is shown max(1, sqrt(threshold / f)) times an epoch, f = n / N of its rarest label.

    A fraction is a chance, thrown anew in each epoch. Gupta et al., "LVIS: A Dataset for Large Vocabulary Instance
    Segmentation", CVPR 2019.

    Attributes:
        threshold: Labels on a smaller share of marks than this are repeated (0.001 in the paper, which has
            100,000 images).
    """

    threshold: float = 0.003

    def __post_init__(self) -> None:
        _check(0 < self.threshold <= 1, "threshold", self.threshold, "a share of marks above 0")

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws an epoch; see `Sampling.draws`."""
        marks = targets.shape[0]
        bags = _Bags(targets)
        share = np.maximum(bags.counts, 1) / max(marks, 1)
        factors = np.ones(marks)
        np.maximum.at(factors, bags.marks, np.sqrt(self.threshold / share)[bags.labels])

        def draw(generator: np.random.Generator) -> NDArray[np.intp]:
            times = (factors + generator.random(marks)).astype(np.intp)
            return generator.permutation(np.repeat(np.arange(marks), times))

        return draw


@dataclass(frozen=True)
class RandomUndersampling(Sampling):
    """ML-RUS: marks of majority labels are left out, at most a share of all marks.

    A label is a majority label while it has more marks than `frequencies.balanced_count`. In rounds, each of them
    loses one mark at random, until enough are gone or none is left. Charte et al., "Addressing Imbalance in
    Multilabel Classification", Neurocomputing 163, 2015; drawn anew in each epoch here, so that no mark is lost.

    Attributes:
        share: Of the marks, left out at most.
    """

    share: float = 0.25

    def __post_init__(self) -> None:
        _check(0 <= self.share < 1, "share", self.share, "a share of marks below 1")

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws an epoch; see `Sampling.draws`."""
        marks = targets.shape[0]
        bags = _Bags(targets)
        enough = balanced_count(bags.counts)

        def draw(generator: np.random.Generator) -> NDArray[np.intp]:
            shuffled = bags.shuffled(generator)
            counts, shown = bags.counts.copy(), np.ones(marks, dtype=bool)
            left, turn = int(self.share * marks), 0
            while left > 0 and len(rich := np.flatnonzero((counts > enough) & (turn < bags.counts))):
                chosen = np.unique(shuffled[bags.starts[rich] + turn])
                chosen = generator.permutation(chosen[shown[chosen]])[:left]
                shown[chosen] = False
                counts -= bags.carried(chosen)
                left, turn = left - len(chosen), turn + 1
            return generator.permutation(np.flatnonzero(shown))

        return draw


@dataclass(frozen=True)
class RandomOversampling(Sampling):
    """ML-ROS: marks of minority labels are shown again, at most a share of all marks.

    A label is a minority label while it has fewer marks than `frequencies.balanced_count`. In rounds, a random
    mark of each is added, until enough are or none is left. Charte et al., as for `RandomUndersampling`.

    Attributes:
        share: Of the marks, added at most.
    """

    share: float = 0.25

    def __post_init__(self) -> None:
        _check(self.share >= 0, "share", self.share, "a share of marks, 0 or more")

    def draws(self, targets: "csr_array") -> Draw:
        """Return what draws an epoch; see `Sampling.draws`."""
        marks = targets.shape[0]
        bags = _Bags(targets)
        enough = balanced_count(bags.counts)

        def draw(generator: np.random.Generator) -> NDArray[np.intp]:
            counts, left = bags.counts.copy(), int(self.share * marks)
            shown = [np.arange(marks)]
            while left > 0 and len(poor := np.flatnonzero((counts > 0) & (counts < enough))):
                poor = generator.permutation(poor)[:left]
                chosen = bags.marks[bags.starts[poor] + generator.integers(bags.counts[poor])]
                shown.append(chosen)
                counts += bags.carried(chosen)
                left -= len(chosen)
            return generator.permutation(np.concatenate(shown))

        return draw


@dataclass(frozen=True)
class SyntheticOversampling(Sampling):
    """MLSMOTE: new marks on the line between a mark of a minority label and a near one of the same label.

    Every mark of a minority label (see `RandomOversampling`) is a seed. Its `neighbours` nearest among the marks of
    that label are found by Euclidean distance; one of them, at random, is the other end. The new mark has the
    labels that more than half of seed and neighbours carry ("ranking"), so it stays closed under ancestors.
    Charte et al., "MLSMOTE: Approaching Imbalanced Multilabel Learning through Synthetic Instance Generation",
    Knowledge-Based Systems 89, 2015.

    Attributes:
        neighbours: As many as there are where a label has fewer.
        share: Of the marks, added at most; if there are more seeds, as many are drawn at random.
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
        from scipy.sparse import csr_array

        bags = _Bags(targets)
        minority = (bags.counts >= 2) & (bags.counts < balanced_count(bags.counts))
        entries = np.flatnonzero(minority[bags.labels])
        limit = int(self.share * targets.shape[0])
        entries = np.sort(generator.permutation(entries)[:limit])
        made, rows, columns = [np.zeros((0, features.shape[1]), np.float32)], [], []
        for label in np.unique(bags.labels[entries]):
            seeds = bags.marks[entries[bags.labels[entries] == label]]
            bag = bags.marks[bags.starts[label] : bags.starts[label] + bags.counts[label]]
            bag = np.sort(generator.permutation(bag)[:SEARCHED])
            near = _nearest(features, seeds, bag, self.neighbours)
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
        return np.concatenate(made), labels


@dataclass(frozen=True)
class Mixup(Sampling):
    """Each mark of a batch becomes l times itself plus 1 - l times another of the batch, l from Beta(alpha, alpha).

    Targets are mixed like features, and so lie between 0 and 1. Zhang et al., "mixup: Beyond Empirical Risk
    Minimization", ICLR 2018, on features instead of pixels and with an l for each mark.

    Attributes:
        alpha: Small values keep most marks nearly as they are; 1 mixes evenly.
    """

    alpha: float = 0.2
    needs_features: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check(self.alpha > 0, "alpha", self.alpha, "more than 0")

    def blend(self, features: Tensor, targets: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the mixed batch; see `Sampling.blend`."""
        device = generator.device
        partner = torch.randperm(len(features), generator=generator, device=device).to(features.device)
        seed = int(
            torch.randint(2**62, (1,), generator=generator, device=device)
        )  # torch draws no Beta from a generator of one's own
        drawn = torch.from_numpy(np.random.default_rng(seed).beta(self.alpha, self.alpha, (len(features), 1)))
        mixed = torch.lerp(features[partner], features, drawn.to(features))
        return mixed, torch.lerp(targets[partner], targets, drawn.to(targets))


class _Bags:
    """The marks of each label, one label after the other.

    Attributes:
        counts: Marks of each label, shape (labels,).
        starts: Where a label's marks begin in `marks`.
        marks: Positions of marks.
        labels: Label of each of `marks`.
        ranks: Place of each of `marks` among those of its label.
    """

    def __init__(self, targets: "csr_array") -> None:
        self._targets = targets
        columns = targets.tocsc()
        self.counts = np.diff(columns.indptr).astype(np.int64)
        self.starts = columns.indptr[:-1].astype(np.intp)
        self.marks = columns.indices.astype(np.intp)
        self.labels = np.repeat(np.arange(targets.shape[1]), self.counts)
        self.ranks = np.arange(len(self.marks)) - self.starts[self.labels]

    def shuffled(self, generator: np.random.Generator) -> NDArray[np.intp]:
        """Return `marks` with those of each label in one random order of all marks."""
        order = generator.permutation(self._targets.shape[0])
        shuffled: NDArray[np.intp] = order[self._targets[order].tocsc().indices]
        return shuffled

    def carried(self, marks: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return how often each label occurs on the given marks, repeats counted."""
        return np.bincount(self._targets[marks].indices, minlength=self._targets.shape[1])


def _nearest(features: NDArray[Any], seeds: NDArray[np.intp], bag: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the marks of the bag that are nearest to each seed and not the seed itself, (seeds, count or fewer)."""
    points, around = features[seeds].astype(np.float32), features[bag].astype(np.float32)
    distances = (around**2).sum(1) - 2 * points @ around.T  # less the seed's own square, the same for all
    distances[seeds[:, None] == bag] = np.inf
    count = min(count, len(bag) - 1)
    nearest: NDArray[np.intp] = bag[np.argpartition(distances, count - 1, axis=1)[:, :count]]
    return nearest


def _check(sensible: bool, name: str, value: float, expected: str) -> None:
    if not sensible:
        raise OptionError(f"{name} of the sampling is {value}; expected {expected}")
