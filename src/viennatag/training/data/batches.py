"""Batches of marks that depend only on the seed and the epoch.

So an interrupted run resumes inside an epoch with the next batch, and several processes together see what one alone
would see.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from viennatag.sampling.sampling import Draw
from viennatag.training.data.pixels import Pixels


class Batches:
    """Positions of the marks of each batch, one epoch per pass.

    Attributes:
        epoch: The epoch of the next pass, set by the caller.
        skip: Batches of the next pass that are already done.
        share: Rank of this process and number of processes, which share every batch.
    """

    def __init__(self, draws: Draw, batch_size: int, *, seed: int, only_whole: bool = True) -> None:
        self.draws, self.batch_size, self.seed, self._only_whole = draws, batch_size, seed, only_whole
        self.epoch, self.skip, self.share = 0, 0, (0, 1)

    @classmethod
    def in_order(cls, count: int, batch_size: int) -> "Batches":
        """Return batches of all positions in their order, the last one smaller."""
        return cls(lambda _: np.arange(count), batch_size, seed=0, only_whole=False)

    def _epoch(self) -> NDArray[np.intp]:
        return self.draws(np.random.default_rng((self.seed, self.epoch)))

    def __len__(self) -> int:
        return self._count(len(self._epoch()))

    def _count(self, marks: int) -> int:
        """Return the number of batches; in training only whole ones, but at least one."""
        return max(1, marks // self.batch_size) if self._only_whole else -(-marks // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order, (rank, processes) = self._epoch(), self.share
        first, self.skip = self.skip, 0
        for at in range(first, self._count(len(order))):
            batch = order[at * self.batch_size : (at + 1) * self.batch_size]
            yield batch[rank::processes].tolist()


class Images(Dataset[tuple[Tensor, Tensor]]):
    """A torch dataset of pixels by batch, with positions in `rows`."""

    def __init__(self, pixels: Pixels, rows: NDArray[np.intp]) -> None:
        self.pixels, self.rows = pixels, rows

    @property
    def decodes(self) -> bool:
        """Whether images are decoded on demand, so that worker processes help."""
        return not self.pixels.cached

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, positions: Sequence[int]) -> tuple[Tensor, Tensor]:  # torch calls this with a whole batch
        found = self.pixels.read(self.rows[np.asarray(positions)])
        return torch.from_numpy(found), torch.tensor(positions)
