"""The samplings as torch samplers, for any `DataLoader`, in one process or in many."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import distributed
from torch.utils.data import Sampler

from viennatag.errors import OptionError
from viennatag.metrics.scores import ArrayData
from viennatag.sampling.sampling import ClassAware, Sampling

if TYPE_CHECKING:
    from viennatag.sampling.sampling import Draw


class LabelSampler(Sampler[int]):
    """Draws the samples of an epoch so that rare labels are shown more often, or common ones less.

    With several processes all draw the same epoch from seed and number, and each takes its share of it; the last
    samples are repeated from the first so that all have as many. Call `set_epoch` before each epoch, as with torch's
    `DistributedSampler`; Lightning and Accelerate do so themselves.

    Example:
        loader = DataLoader(dataset, batch_size=64, sampler=LabelSampler(targets, ClassAware(power=0.5)))

    Attributes:
        sampling: How an epoch is drawn.
        epoch: Number of the epoch that is drawn next.
    """

    def __init__(
        self,
        targets: ArrayData,
        sampling: Sampling | None = None,
        *,
        seed: int = 0,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        """Prepare the draws.

        Args:
            targets: Of the training samples, 0 and 1 of shape (samples, labels): sparse, dense, a data frame.
            sampling: How to draw; by default `ClassAware()`.
            seed: Same seed, same epochs.
            num_replicas: Number of processes; by default that of `torch.distributed`, else 1.
            rank: Number of this process, from 0; likewise.

        Raises:
            DataError: If a target is neither 0 nor 1.
            OptionError: If the sampling needs features, or `rank` and `num_replicas` make no sense.
        """
        super().__init__()
        self.sampling = ClassAware() if sampling is None else sampling
        if self.sampling.needs_features:
            raise OptionError(
                f"{type(self.sampling).__name__} makes samples of features, which a sampler cannot; "
                "call its synthesise() or blend() on your features"
            )
        together = distributed.is_available() and distributed.is_initialized()
        self.num_replicas = num_replicas or (distributed.get_world_size() if together else 1)
        self.rank = rank if rank is not None else (distributed.get_rank() if together else 0)
        if not 0 <= self.rank < self.num_replicas:
            raise OptionError(f"rank is {self.rank} of {self.num_replicas} processes; it counts from 0")
        self.seed = seed
        self.epoch = 0
        self._draw: Draw = self.sampling.draws(targets)
        self._drawn: tuple[int, NDArray[np.intp]] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch that is drawn next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        return iter(self._positions().tolist())

    def __len__(self) -> int:
        return len(self._positions())

    def __repr__(self) -> str:
        share = "" if self.num_replicas == 1 else f", rank {self.rank} of {self.num_replicas}"
        return f"LabelSampler({self.sampling}, epoch {self.epoch}{share})"

    def _positions(self) -> NDArray[np.intp]:
        """Return the positions of this process in the epoch; a length and an iteration draw it once."""
        if self._drawn is None or self._drawn[0] != self.epoch:
            drawn = self._draw(np.random.default_rng((self.seed, self.epoch)))
            whole = -(-len(drawn) // self.num_replicas) * self.num_replicas
            repeated = drawn[np.arange(whole) % max(len(drawn), 1)]
            self._drawn = self.epoch, repeated[self.rank :: self.num_replicas]
        return self._drawn[1]
