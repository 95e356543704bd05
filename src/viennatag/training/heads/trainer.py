"""Train a head over cached features or feature maps, for any kind of head, loss and sampling.

Features are standardised for training, which is folded into the head afterwards. Training starts at the best constant
logits, so that no epoch is spent on learning that most codes are rare, and ends at the epoch with the best validation
macro average precision, in which rare and common labels count equally.
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from torch import Tensor

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.errors import DataError, OptionError
from viennatag.losses.elementwise import leave_out_unknown
from viennatag.losses.exclusive import exclusive_log_odds, without_open_groups
from viennatag.losses.losses import BinaryCrossEntropy, Loss
from viennatag.metrics.metrics import macro_average_precision
from viennatag.sampling.sampling import Draw, Sampling
from viennatag.training.data.examples import Examples, draw_positions, mark_blocks
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import HeadKind, Linear, check_sampling
from viennatag.training.logs import EpochFigures

_STATISTICS_MARKS = 50_000
_STOPPING_MARKS = 20_000
"""At most this many marks are used to standardise, and to choose an epoch."""
_MAX_CACHED = 300_000_000
"""Standardised features are cached up to this many numbers (1.2 GB), else computed for each batch."""


@dataclass(frozen=True)
class Schedule:
    """The training schedule of a head.

    Attributes:
        epochs: Number of epochs; in each as many marks are shown as there are.
        min_steps: With few marks there are more epochs, to reach this number of steps.
        learning_rate: Initial learning rate of AdamW, with cosine decay to 0.
        weight_decay: Of AdamW, on matrices only.
        patience: Stop after this fraction of the epochs without a better validation metric.
    """

    epochs: int = 12
    min_steps: int = 300
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    patience: float = 0.3

    def __post_init__(self) -> None:
        if not (self.epochs >= 1 and self.min_steps >= 1 and self.learning_rate > 0 and 0 < self.patience <= 1):
            raise OptionError(f"a head cannot be trained with {self}; epochs, steps, rate, patience must be positive")

    def batch_size(self, marks: int) -> int:
        """Return the number of marks per step: a 32nd of all, from 16 to 4096."""
        return min(max(16, marks // 32), 4096)

    def shortened(self, fraction: float) -> "Schedule":
        """Return a schedule of this fraction of the length, in (0, 1]."""
        epochs, min_steps = (max(1, round(fraction * each)) for each in (self.epochs, self.min_steps))
        return replace(self, epochs=epochs, min_steps=min_steps)

    def epochs_of(self, marks: int) -> int:
        """Return the number of epochs."""
        return max(self.epochs, -(-self.min_steps * self.batch_size(marks) // marks))


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head over raw features, its validation macro average precision, and the epochs until the best.

    The precision is in [0, 1], NaN if it is undefined there. `history` has the mean loss and the precision of each
    epoch.
    """

    head: ExportedHead
    macro_map: float
    epochs: int
    history: tuple[EpochFigures, ...] = field(default=(), kw_only=True)


def train_head(
    train: Examples,
    validation: Examples,
    *,
    parents: NDArray[np.intp],
    exclusive: ExclusiveGroups | None = None,
    sampling: Sampling | None = None,
    loss: Loss | None = None,
    kind: HeadKind | None = None,
    start: LinearHead | None = None,
    schedule: Schedule | None = None,
    max_cached: int = _MAX_CACHED,
    seed: int = 0,
    progress: Callable[[int, int, float], None] | None = None,
) -> TrainedHead:
    """Return the head with the best validation macro average precision.

    All samplings show the same number of marks, so that strategies are compared at the same cost.

    Args:
        train: Training marks.
        validation: Marks to choose the epoch with.
        parents: Position of each label's parent, -1 for none; shape (labels,).
        exclusive: Groups of exclusive labels, which are learned by a softmax.
        sampling: By default uniform.
        loss: By default binary cross-entropy.
        kind: By default linear.
        start: Initial weights of a linear layer, over raw features; they are returned if no epoch is better.
        schedule: Epochs and learning rate.
        max_cached: Standardised features up to this many numbers are kept in memory.
        seed: Random seed.
        progress: Called with epoch, number of epochs, and the best macro average precision so far.

    Raises:
        DataError: If there are no training or validation marks.
        OptionError: If the kind reads feature maps, and there are none or the sampling makes features.
    """
    if not len(train) or not len(validation):
        raise DataError(f"a head needs marks in train ({len(train):,}) and in validation ({len(validation):,})")
    sampling, schedule = sampling or Sampling(), schedule or Schedule()
    loss, kind = loss or BinaryCrossEntropy(), kind or Linear()
    check_sampling(kind, sampling)
    generator = np.random.default_rng(seed)
    blending = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # for random initial weights

    mean, scale = fit_standardisation(train, seed=seed)
    made, targets = np.zeros((0, len(mean)), np.float32), train.targets
    if sampling.needs_features:
        made, made_targets = sampling.synthesise(train.features[train.rows], targets, generator)
        targets = csr_array(vstack([targets, made_targets]))
    shown = _Standardised(train.inputs_of(kind), train.rows, made, mean, scale, max_cached)
    weights = np.concatenate([train.weights, np.full(len(made), train.weights.mean())])
    mark_weights = torch.from_numpy(weights / weights.mean()).float()

    counts, marks, known = train.counts(), len(train), train.known()
    objective = loss.prepare(counts, known)
    bias = loss.initial_bias(counts, known)
    bias = exclusive.initial_logits(bias) if exclusive else bias
    module = kind.build(len(mean), parents, torch.from_numpy(bias).float())
    if start:
        _initialise(module, start, mean, scale)
    optimizer = _optimizer(module, schedule)
    size = schedule.batch_size(marks)
    steps, epochs = -(-marks // size), schedule.epochs_of(marks)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * steps)
    batches = _batches(sampling.draws(targets), generator, size)

    held_out = validation.select(draw_positions(len(validation), _STOPPING_MARKS))
    unseen = _Standardised(held_out.inputs_of(kind), held_out.rows, made[:0], mean, scale, max_cached)

    def evaluate() -> float:
        return macro_average_precision(_predict(module, unseen), held_out.targets).value

    best, best_epoch, best_state = -np.inf, 0, copy.deepcopy(module.state_dict())
    if start:
        best = evaluate()
    history: list[EpochFigures] = []
    for epoch in range(1, epochs + 1):
        module.train()
        spent = 0.0
        for step in range(steps):
            positions = next(batches)
            truth = _dense(targets, positions)
            done = ((epoch - 1) * steps + step) / (epochs * steps)
            if isinstance(known, int):
                inputs, truth = sampling.blend(shown.read(positions), truth, blending)
            else:  # where two marks are blended, what one of them does not know is unknown
                hidden = (truth < 0).to(truth)
                inputs, both = sampling.blend(
                    shown.read(positions), torch.cat([truth.clamp_min(0), hidden], 1), blending
                )
                truth, hidden = both.chunk(2, 1)
                truth = truth.masked_fill(hidden > 0, -1)
            logits = module(inputs)
            if exclusive:
                logits, truth = exclusive_log_odds(logits, exclusive), without_open_groups(truth, exclusive)
            if exclusive or not isinstance(known, int):
                logits, truth, _ = leave_out_unknown(logits, truth)
            cost = (objective(logits, truth, done) * mark_weights[positions]).mean()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            decay.step()
            spent += cost.item()
        reached = evaluate()
        history.append({"epoch": epoch, "loss": spent / steps, "macro_map": reached})
        if reached > best or not (best_epoch or start):
            best, best_epoch, best_state = reached, epoch, copy.deepcopy(module.state_dict())
        if progress:
            progress(epoch, epochs, best)
        if epoch - best_epoch >= schedule.patience * epochs:
            break
    module.load_state_dict(best_state)
    return TrainedHead(kind.fold(module, mean, scale), float(best), best_epoch, history=tuple(history))


def _initialise(module: torch.nn.Module, start: LinearHead, mean: Tensor, scale: Tensor) -> None:
    """Set a linear layer over standardised features to the weights of a head over raw ones."""
    assert isinstance(module, torch.nn.Linear)
    weight, bias = torch.from_numpy(start.weight).double(), torch.from_numpy(start.bias).double()
    with torch.no_grad():
        module.weight.copy_(weight * scale)
        module.bias.copy_(bias + weight @ mean.double())


class _Standardised:
    """Standardised features or feature maps of marks, and of marks made by a sampling, cached or computed by batch."""

    def __init__(
        self,
        stored: NDArray[Any],
        rows: NDArray[np.intp],
        made: NDArray[np.float32],
        mean: Tensor,
        scale: Tensor,
        max_cached: int,
    ) -> None:
        self._stored, self._rows, self._made, self._mean, self._scale = stored, rows, made, mean, scale
        self.shape = stored.shape[1:]
        cached = len(self) * math.prod(self.shape) <= max_cached
        self._cached = self._compute(np.arange(len(self))) if cached else None

    def __len__(self) -> int:
        return len(self._rows) + len(self._made)

    def read(self, positions: NDArray[np.intp]) -> Tensor:
        return self._compute(positions) if self._cached is None else self._cached[torch.from_numpy(positions)]

    def _compute(self, positions: NDArray[np.intp]) -> Tensor:
        real = positions < len(self._rows)
        found = torch.empty((len(positions), *self.shape))
        stored = self._stored[self._rows[positions[real]]]
        found[torch.from_numpy(real)] = torch.from_numpy(np.ascontiguousarray(stored)).float()
        if len(self._made):
            found[torch.from_numpy(~real)] = torch.from_numpy(self._made[positions[~real] - len(self._rows)])
        return found.sub_(self._mean).div_(self._scale)


def fit_standardisation(train: Examples, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return mean and scale of each feature, shape (width,); scales have a lower limit."""
    rows = np.sort(train.rows[draw_positions(len(train), _STATISTICS_MARKS, seed=seed)])
    return standardise_columns(train.features[rows])


def standardise_columns(values: NDArray[Any]) -> tuple[Tensor, Tensor]:
    """Return mean and scale of each column; see `fit_standardisation`."""
    drawn = torch.from_numpy(values.astype(np.float32))
    scale = drawn.std(0, correction=0)
    return drawn.mean(0), scale.clamp_min(max(1e-2 * float(scale.mean()), 1e-6))


def _optimizer(module: torch.nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    matrices = [each for each in module.parameters() if each.ndim > 1]
    others = [each for each in module.parameters() if each.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": schedule.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=schedule.learning_rate)


def _batches(draw: Draw, generator: np.random.Generator, size: int) -> Iterator[NDArray[np.intp]]:
    """Yield batches of one draw after another, without end; batches span draws."""
    waiting = np.empty(0, dtype=np.intp)
    while True:
        while len(waiting) < size:
            waiting = np.concatenate([waiting, draw(generator)])
        yield waiting[:size]
        waiting = waiting[size:]


def _dense(targets: csr_array, positions: NDArray[np.intp]) -> Tensor:
    """Return rows of sparse targets as float32, several times faster than SciPy."""
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
    blocks = mark_blocks(len(features), features.shape)
    return np.concatenate([module(features.read(everything[block])).float().numpy() for block in blocks])
