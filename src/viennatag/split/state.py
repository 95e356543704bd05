"""State of an unfinished split: the subset of each unit, and what each subset still needs.

A unit is a group of marks that stay together, with the sum of their labels.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import require

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_PAIR_WEIGHT = 0.5  # relative to a label, in local search: more costs labels more than pairs gain
_SIZE_WEIGHT = 0.25  # relative to a mean mark's labels, in local search: with more, exact sizes freeze uneven labels


@dataclass(frozen=True, eq=False)
class Units:
    """Groups of marks that stay together, with the number of their marks that carry each column.

    A column is a label or, after the labels, a pair of labels.
    """

    ends: NDArray[np.int64]  # entries of unit u are at ends[u]:ends[u + 1]
    columns: NDArray[np.int64]
    weights: NDArray[np.int64]
    sizes: NDArray[np.int64]
    column_ends: NDArray[np.int64]  # by column: units of column c are at column_ends[c]:column_ends[c + 1]
    column_units: NDArray[np.int64]
    column_weights: NDArray[np.int64]

    def entries(self, units: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the positions of the entries of some units, and the position in `units` of each entry's unit."""
        counts = self.ends[units + 1] - self.ends[units]
        owner = np.repeat(np.arange(units.size), counts)
        starts = np.cumsum(counts) - counts
        return (self.ends[units] - starts)[owner] + np.arange(owner.size), owner


def gather_units(marked: "csr_array", unit_of: NDArray[np.int64], count: int) -> Units:
    """Return the units of marks from booleans (marks, columns) and the unit of each mark."""
    mark_of = np.repeat(np.arange(marked.shape[0]), np.diff(marked.indptr))
    carried = require("scipy.sparse", "data").coo_array(
        (np.ones(mark_of.size, dtype=np.int32), (unit_of[mark_of], marked.indices)), shape=(count, marked.shape[1])
    )
    by_unit = carried.tocsr()  # adds up the marks of a unit
    by_column = by_unit.tocsc()
    return Units(
        ends=by_unit.indptr.astype(np.int64),
        columns=by_unit.indices.astype(np.int64),
        weights=by_unit.data.astype(np.int64),
        sizes=np.bincount(unit_of, minlength=count),
        column_ends=by_column.indptr.astype(np.int64),
        column_units=by_column.indices.astype(np.int64),
        column_weights=by_column.data.astype(np.int64),
    )


@dataclass(eq=False)
class SplitState:
    """The subset of each unit, and what each subset still needs.

    Attributes:
        units: The units.
        shares: Share of each subset, shape (subsets,).
        subsets: Subset of each unit, -1 for none yet; shape (units,).
        needed: Marks of each column that each subset still needs, shape (subsets, columns).
        room: Marks that each subset still needs, shape (subsets,).
        held: Units of each column in each subset, shape (subsets, columns).
        required: Columns that must not be missing from each subset, same shape.
        column_weights: Weight of each column in local search, shape (columns,).
        size_weight: Weight of the sizes in local search.
        label_count: Number of labels among the columns.
    """

    units: Units
    shares: NDArray[np.float64]
    subsets: NDArray[np.int8]
    needed: NDArray[np.float64]
    room: NDArray[np.float64]
    held: NDArray[np.int64]
    required: NDArray[np.bool_]
    column_weights: NDArray[np.float64]
    size_weight: float
    label_count: int

    @classmethod
    def empty(
        cls, units: Units, shares: NDArray[np.float64], label_count: int, *, first_has_all: bool = True
    ) -> "SplitState":
        """Return a state without assigned units; the first `label_count` columns are labels, the others pairs.

        `first_has_all` requires every label in the first subset, however rare it is.
        """
        column_count = units.column_ends.size - 1
        total = np.bincount(units.columns, weights=units.weights, minlength=column_count)
        needed = np.outer(shares, total)
        present = np.diff(units.column_ends)
        required = np.zeros(needed.shape, dtype=bool)
        required[:, :label_count] = present[:label_count] >= shares.size
        required[0, :label_count] |= first_has_all & (present[:label_count] > 0)
        column_weights = np.where(np.arange(column_count) < label_count, 1.0, _PAIR_WEIGHT)
        return cls(
            units=units,
            shares=shares,
            subsets=np.full(units.sizes.size, -1, dtype=np.int8),
            needed=needed,
            room=shares * units.sizes.sum(),
            held=np.zeros(needed.shape, dtype=np.int64),
            required=required,
            column_weights=column_weights,
            size_weight=_SIZE_WEIGHT * float(total @ column_weights) / int(units.sizes.sum()),
            label_count=label_count,
        )

    def assign(self, units: NDArray[np.int64], subsets: NDArray[np.int8]) -> NDArray[np.int64]:
        """Assign units to subsets for the first time, and return their columns, one for each entry."""
        at, owner = self.units.entries(units)
        columns = self.units.columns[at]
        cells = subsets[owner].astype(np.int64) * self.needed.shape[1] + columns
        np.subtract.at(self.needed.reshape(-1), cells, self.units.weights[at])
        np.add.at(self.held.reshape(-1), cells, 1)
        self.room -= np.bincount(subsets, weights=self.units.sizes[units], minlength=self.room.size)
        self.subsets[units] = subsets
        return columns

    def move(self, unit: int, to: int) -> None:
        """Move a unit to another subset."""
        at = slice(self.units.ends[unit], self.units.ends[unit + 1])
        columns, weights, size = self.units.columns[at], self.units.weights[at], self.units.sizes[unit]
        for subset, sign in ((self.subsets[unit], 1), (to, -1)):
            self.needed[subset, columns] += sign * weights
            self.held[subset, columns] -= sign
            self.room[subset] += sign * size
        self.subsets[unit] = to
