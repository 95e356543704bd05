"""Marks with features and targets: the input of every head."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.metrics.scores import as_targets, known_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_MAX_FLOATS = 50_000_000
"""Numbers that are read at a time to predict (200 MB), where that is less than 8,192 marks."""


class _Reader(Protocol):
    @property
    def reads_feature_maps(self) -> bool: ...


class _Head(_Reader, Protocol):
    def __call__(self, features: NDArray[Any]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, eq=False)
class Examples:
    """Marks with their features and targets.

    Attributes:
        features: Raw features, shape (rows, width); a memory map is read as needed.
        rows: Row of `features` for each mark, shape (marks,).
        targets: Shape (marks, labels); -1 where a label is unknown on a mark, see `LabelSet.encode`.
        weights: Weight of each mark in training, shape (marks,).
        feature_maps: Shape (rows, positions, width), their mean is `features`; None if no head needs them.
    """

    features: NDArray[Any]
    rows: NDArray[np.intp]
    targets: "csr_array"
    weights: NDArray[np.float64]
    feature_maps: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, positions: NDArray[np.intp]) -> "Examples":
        """Return a selection of the marks, in this order."""
        return replace(
            self, rows=self.rows[positions], targets=self.targets[positions], weights=self.weights[positions]
        )

    def counts(self) -> NDArray[np.int64]:
        """Return the number of marks of each label, shape (labels,)."""
        return np.asarray(as_targets(self.targets).sum(axis=0), dtype=np.int64).ravel()

    def known(self) -> int | NDArray[np.int64]:
        """Return the number of marks, or, where labels are unknown, of those on which each is known, (labels,)."""
        return known_counts(self.targets)

    def inputs_of(self, head: _Reader) -> NDArray[Any]:
        """Return what a head reads: features (rows, width), or feature maps (rows, positions, width).

        Raises:
            OptionError: If it reads feature maps and there are none.
        """
        if not head.reads_feature_maps:
            return self.features
        if self.feature_maps is None:
            raise OptionError(
                f"{type(head).__name__} reads feature maps, and only features are known; keep them too with "
                "collect(..., feature_maps=True)"
            )
        return self.feature_maps

    def logits(self, head: _Head) -> NDArray[np.float32]:
        """Return a head's logits, shape (marks, labels)."""
        inputs = self.inputs_of(head)
        return np.concatenate([head(inputs[self.rows[block]]) for block in mark_blocks(len(self), inputs.shape[1:])])


def mark_blocks(marks: int, shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield slices of marks whose features or feature maps, of this shape, fit into memory."""
    height = max(1, min(8192, _MAX_FLOATS // math.prod(shape)))
    return (slice(start, start + height) for start in range(0, marks, height))


def draw_positions(count: int, limit: int, *, seed: int = 0) -> NDArray[np.intp]:
    """Return the positions 0 to `count` - 1, or a random selection of `limit` of them; ascending."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))
