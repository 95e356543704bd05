"""Train a head over cached features or their maps, whatever its kind, its loss and the marks that it is shown.

Features are standardised while a head learns and the scale is folded into it afterwards. It starts at the
logits that are best for every mark alike, so that no epoch is spent on learning that most codes are rare,
and it ends at the epoch with the best macro average precision on the validation part, the one figure in
which a rare label counts as much as a common one.
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from viennatag.errors import DataError, OptionError
from viennatag.losses.losses import BinaryCrossEntropy, Loss
from viennatag.metrics.figures import macro_average_precision
from viennatag.sampling.sampling import Draw, Sampling
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import AnyHead, FittedHead, HeadKind, Linear

if TYPE_CHECKING:
    from scipy.sparse import csr_array

STATISTICS_MARKS = 50_000
STOPPING_MARKS = 20_000
"""So many marks are enough to standardise by, and to choose an epoch by."""
FLOATS_KEPT = 300_000_000
"""Standardised features up to this many (1.2 GB) are kept in memory; larger ones are made batch by batch."""
FLOATS_READ = 50_000_000
"""Numbers that are read at a time to predict (200 MB), where that is less than 8,192 marks."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Marks with their features and targets.

    Attributes:
        features: Raw features, shape (rows, width); a memory map is read as needed.
        rows: Row of `features` for each mark, shape (marks,).
        targets: Shape (marks, labels).
        weights: How much each mark counts in training, shape (marks,).
        maps: What features are the mean of, shape (rows, places, width); None if no head asked for it.
    """

    features: NDArray[Any]
    rows: NDArray[np.intp]
    targets: "csr_array"
    weights: NDArray[np.float64]
    maps: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, positions: NDArray[np.intp]) -> "Examples":
        """Return some of the marks, in this order."""
        return replace(
            self, rows=self.rows[positions], targets=self.targets[positions], weights=self.weights[positions]
        )

    def counts(self) -> NDArray[np.int64]:
        """Return how many marks carry each label, shape (labels,)."""
        return np.asarray(self.targets.sum(axis=0), dtype=np.int64).ravel()

    def read_by(self, head: HeadKind | FittedHead) -> NDArray[Any]:
        """Return what a head reads: features (rows, width), or maps (rows, places, width).

        Raises:
            OptionError: If it reads maps and there are none.
        """
        if not head.reads_maps:
            return self.features
        if self.maps is None:
            raise OptionError(
                f"{type(head).__name__} looks at places, and only features are at hand; collect(..., maps=True) keeps "
                "the maps too"
            )
        return self.maps

    def logits(self, head: FittedHead) -> NDArray[np.float32]:
        """Return what a head says about the marks, shape (marks, labels)."""
        read = self.read_by(head)
        return np.concatenate([head(read[self.rows[block]]) for block in _blocks(len(self), read.shape[1:])])


@dataclass(frozen=True)
class Schedule:
    """How long and how fast a head learns.

    Attributes:
        epochs: As many marks are shown as this many passes over all of them.
        min_steps: Few marks are passed more often, until there are so many steps.
        learning_rate: Of AdamW, at its start; it falls to 0 as a cosine.
        weight_decay: Of AdamW, on matrices only.
        patience: Stop after this share of the epochs without a better validation figure.
    """

    epochs: int = 12
    min_steps: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    patience: float = 0.3

    def __post_init__(self) -> None:
        if not (self.epochs >= 1 and self.min_steps >= 1 and self.learning_rate > 0 and 0 < self.patience <= 1):
            raise OptionError(f"a head cannot learn by {self}; epochs, steps, rate and patience must be positive")

    def batch_size(self, marks: int) -> int:
        """Return the number of marks per step: a 32nd of all, within 16 and 4096."""
        return min(max(16, marks // 32), 4096)

    def shortened(self, share: float) -> "Schedule":
        """Return a schedule of that share of the time, in (0, 1]."""
        return replace(self, epochs=max(1, round(share * self.epochs)), min_steps=max(1, round(share * self.min_steps)))

    def epochs_of(self, marks: int) -> int:
        """Return the number of epochs."""
        return max(self.epochs, -(-self.min_steps * self.batch_size(marks) // marks))


@dataclass(frozen=True, eq=False)
class Trained:
    """A head that has learned.

    Attributes:
        head: The head, over raw features.
        macro_map: Macro average precision on the validation part, in [0, 1]; NaN if no label can be judged there.
        epochs: Epochs until the best.
    """

    head: FittedHead
    macro_map: float
    epochs: int


def train_head(
    train: Examples,
    validation: Examples,
    *,
    parents: NDArray[np.intp],
    sampling: Sampling | None = None,
    loss: Loss | None = None,
    kind: HeadKind | None = None,
    start: LinearHead | None = None,
    schedule: Schedule | None = None,
    seed: int = 0,
    progress: Callable[[int, int, float], None] | None = None,
) -> Trained:
    """Return the head with the best validation macro average precision.

    All samplings show as many marks, so that strategies are compared at the same cost.

    Args:
        train: Marks to learn from.
        validation: Marks to choose the epoch by.
        parents: Position of each label's parent, -1 for none; shape (labels,).
        sampling: Which marks are shown; by default all alike.
        loss: What is made small; by default binary cross-entropy.
        kind: What learns; by default a linear layer.
        start: What a linear layer begins with, over raw features; it is what is returned where no epoch is better.
        schedule: How long and how fast.
        seed: Of the order of marks and all that is drawn.
        progress: Told the epoch, the most there will be, and the best macro average precision so far.

    Raises:
        DataError: If there are no marks to learn from or to stop on.
        OptionError: If the kind reads maps, and there are none or the sampling makes features.
    """
    if not len(train) or not len(validation):
        raise DataError(f"a head needs marks in train ({len(train):,}) and in validation ({len(validation):,})")
    sampling, schedule = sampling or Sampling(), schedule or Schedule()
    loss, kind = loss or BinaryCrossEntropy(), kind or Linear()
    check_sampling(kind, sampling)
    generator = np.random.default_rng(seed)
    blending = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # for heads that start at random

    mean, scale = standardise(train, seed=seed)
    made, made_targets = (
        sampling.synthesise(train.features[train.rows], train.targets, generator)
        if (sampling.needs_features)
        else (np.zeros((0, len(mean)), np.float32), train.targets[:0])
    )
    shown = _Standardised(train.read_by(kind), train.rows, made, mean, scale)
    targets = _stacked(train.targets, made_targets)
    weights = np.concatenate([train.weights, np.full(len(made), train.weights.mean())])
    mark_weights = torch.from_numpy(weights / weights.mean()).float()

    counts, marks = train.counts(), len(train)
    objective = loss.prepare(counts, marks)
    module = kind.build(len(mean), parents, torch.from_numpy(loss.start(counts, marks)).float())
    if start:
        _begin(module, start, mean, scale)
    optimizer = _optimizer(module, schedule)
    size = schedule.batch_size(marks)
    steps, epochs = -(-marks // size), schedule.epochs_of(marks)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    batches = _batches(sampling.draws(targets), generator, size)

    judged = validation.select(some(len(validation), STOPPING_MARKS))
    seen = _Standardised(judged.read_by(kind), judged.rows, made[:0], mean, scale)
    best, best_epoch, best_state = -np.inf, 0, copy.deepcopy(module.state_dict())
    if start:
        best = macro_average_precision(_predict(module, seen), judged.targets).value
    for epoch in range(1, epochs + 1):
        module.train()
        for step in range(steps):
            positions = next(batches)
            truth = _dense(targets, positions)
            inputs, truth = sampling.blend(shown.read(positions), truth, blending)
            done = ((epoch - 1) * steps + step) / (epochs * steps)
            cost = (objective(module(inputs), truth, done) * mark_weights[positions]).mean()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            falling.step()
        reached = macro_average_precision(_predict(module, seen), judged.targets).value
        if reached > best or not (best_epoch or start):
            best, best_epoch, best_state = reached, epoch, copy.deepcopy(module.state_dict())
        if progress:
            progress(epoch, epochs, best)
        if epoch - best_epoch >= schedule.patience * epochs:
            break
    module.load_state_dict(best_state)
    return Trained(kind.fold(module, mean, scale), float(best), best_epoch)


def _begin(module: torch.nn.Module, start: LinearHead, mean: Tensor, scale: Tensor) -> None:
    """Set a linear layer over standardised features to what a head gives for raw ones."""
    assert isinstance(module, torch.nn.Linear)
    weight, bias = torch.from_numpy(start.weight).double(), torch.from_numpy(start.bias).double()
    with torch.no_grad():
        module.weight.copy_(weight * scale)
        module.bias.copy_(bias + weight @ mean.double())


def check_sampling(kind: AnyHead, sampling: Sampling) -> None:
    """Raise OptionError if a kind of head reads maps where a sampling makes marks that are features without a map."""
    if kind.reads_maps and sampling.needs_features:
        raise OptionError(
            f"{type(sampling).__name__} makes marks out of features, and {type(kind).__name__} looks at the places "
            "that features are the mean of, which such marks do not have; choose another sampling, or a head that "
            "reads features"
        )


class _Standardised:
    """Standardised features or maps of marks, and features of marks that sampling made, kept or computed by batch."""

    def __init__(
        self,
        stored: NDArray[Any],
        rows: NDArray[np.intp],
        made: NDArray[np.float32],
        mean: Tensor,
        scale: Tensor,
    ) -> None:
        self._stored, self._rows, self._made, self._mean, self._scale = stored, rows, made, mean, scale
        self.shape = stored.shape[1:]
        self._kept: Tensor | None = None
        if len(self) * math.prod(self.shape) <= FLOATS_KEPT:
            self._kept = self._compute(np.arange(len(self)))

    def __len__(self) -> int:
        return len(self._rows) + len(self._made)

    def read(self, positions: NDArray[np.intp]) -> Tensor:
        if self._kept is not None:
            return self._kept[torch.from_numpy(positions)]
        return self._compute(positions)

    def _compute(self, positions: NDArray[np.intp]) -> Tensor:
        real = positions < len(self._rows)
        found = torch.empty((len(positions), *self.shape))
        stored = self._stored[self._rows[positions[real]]]
        found[torch.from_numpy(real)] = torch.from_numpy(np.ascontiguousarray(stored)).float()
        if len(self._made):
            found[torch.from_numpy(~real)] = torch.from_numpy(self._made[positions[~real] - len(self._rows)])
        return found.sub_(self._mean).div_(self._scale)


def standardise(train: Examples, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return mean and scale of each feature, of shape (width,); one that hardly varies is not blown up."""
    rows = np.sort(train.rows[some(len(train), STATISTICS_MARKS, seed=seed)])
    return standardise_values(train.features[rows])


def standardise_values(values: NDArray[Any]) -> tuple[Tensor, Tensor]:
    """Return mean and scale of each column of values, as `standardise`."""
    drawn = torch.from_numpy(values.astype(np.float32))
    scale = drawn.std(0, correction=0)
    return drawn.mean(0), scale.clamp_min(max(1e-2 * float(scale.mean()), 1e-6))


def some(count: int, limit: int, *, seed: int = 0) -> NDArray[np.intp]:
    """Return at most `limit` of the positions 0 to `count` - 1, ascending, drawn at random if there are more."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))


def _stacked(targets: "csr_array", made: "csr_array") -> "csr_array":
    from scipy.sparse import csr_array, vstack

    return csr_array(vstack([targets, made])) if made.shape[0] else targets


def _optimizer(module: torch.nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    matrices = [each for each in module.parameters() if each.ndim > 1]
    others = [each for each in module.parameters() if each.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": schedule.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate)


def _batches(draw: Draw, generator: np.random.Generator, size: int) -> Iterator[NDArray[np.intp]]:
    """Yield batches of one draw after another, for ever; the rest of a draw begins the next batch."""
    waiting = np.empty(0, dtype=np.intp)
    while True:
        while len(waiting) < size:
            waiting = np.concatenate([waiting, draw(generator)])
        yield waiting[:size]
        waiting = waiting[size:]


def _dense(targets: "csr_array", positions: NDArray[np.intp]) -> Tensor:
    """Return some rows of sparse targets as float32, several times faster than SciPy."""
    starts, lengths = targets.indptr[positions], np.diff(targets.indptr)[positions]
    ends = np.cumsum(lengths)
    at = np.arange(ends[-1]) + np.repeat(starts - ends + lengths, lengths)
    dense = np.zeros((len(positions), targets.shape[1]), dtype=np.float32)
    dense[np.repeat(np.arange(len(positions)), lengths), targets.indices[at]] = targets.data[at]
    return torch.from_numpy(dense)


@torch.inference_mode()
def _predict(module: torch.nn.Module, features: _Standardised) -> NDArray[np.float32]:
    module.eval()
    everything = np.arange(len(features))
    blocks = _blocks(len(features), features.shape)
    return np.concatenate([module(features.read(everything[block])).float().numpy() for block in blocks])


def _blocks(marks: int, shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield slices of marks whose features or maps, of some shape, can be held at a time."""
    height = max(1, min(8192, FLOATS_READ // math.prod(shape)))
    return (slice(start, start + height) for start in range(0, marks, height))
