"""A split in the making: which unit is in which part, and what each part still wants.

A unit is a group of marks that stay together, with the sum of their labels.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import require

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_PAIR_WORTH = 0.5  # of a label's, in the polish: more costs labels more than it brings pairs
_SIZE_WORTH = 0.25  # of a mean mark's labels, in the polish: with more, exact sizes freeze uneven labels


@dataclass(frozen=True, eq=False)
class Units:
    """What is dealt: groups of marks, each with the number of its marks that carry each column.

    A column is a label or, after the labels, a pair of labels.
    """

    ends: NDArray[np.int64]  # entries of unit u stand at ends[u]:ends[u + 1]
    columns: NDArray[np.int64]
    weights: NDArray[np.int64]
    sizes: NDArray[np.int64]
    column_ends: NDArray[np.int64]  # and by column: units of column c at column_ends[c]:column_ends[c + 1]
    column_units: NDArray[np.int64]
    column_weights: NDArray[np.int64]

    def entries(self, units: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the entries of some units stand and, for each entry, the position of its unit in `units`."""
        counts = self.ends[units + 1] - self.ends[units]
        owner = np.repeat(np.arange(units.size), counts)
        starts = np.cumsum(counts) - counts
        return (self.ends[units] - starts)[owner] + np.arange(owner.size), owner


def gather(marked: "csr_array", unit_of: NDArray[np.int64], count: int) -> Units:
    """Return the units of marks: marked is a boolean array (marks, columns), `unit_of` the unit of each mark."""
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
class State:
    """Who is where, and what each part still wants."""

    units: Units
    shares: NDArray[np.float64]
    parts: NDArray[np.int8]  # -1 before the deal
    wanted: NDArray[np.float64]  # marks of each column that each part still wants, shape (parts, columns)
    room: NDArray[np.float64]  # marks that each part still wants
    held: NDArray[np.int64]  # units of each column in each part
    must_hold: NDArray[np.bool_]  # columns that each part may not go without
    worth: NDArray[np.float64]  # of each column, in the polish
    size_worth: float
    label_count: int

    @classmethod
    def empty(cls, units: Units, shares: NDArray[np.float64], label_count: int) -> "State":
        """Return a state in which no unit has a part; the first `label_count` columns are labels, others pairs."""
        column_count = units.column_ends.size - 1
        total = np.bincount(units.columns, weights=units.weights, minlength=column_count)
        wanted = np.outer(shares, total)
        present = np.diff(units.column_ends)
        must_hold = np.zeros(wanted.shape, dtype=bool)
        must_hold[0, :label_count] = present[:label_count] > 0
        must_hold[1:, :label_count] = present[:label_count] >= shares.size
        worth = np.where(np.arange(column_count) < label_count, 1.0, _PAIR_WORTH)
        return cls(
            units=units,
            shares=shares,
            parts=np.full(units.sizes.size, -1, dtype=np.int8),
            wanted=wanted,
            room=shares * units.sizes.sum(),
            held=np.zeros(wanted.shape, dtype=np.int64),
            must_hold=must_hold,
            worth=worth,
            size_worth=_SIZE_WORTH * float(total @ worth) / int(units.sizes.sum()),
            label_count=label_count,
        )

    def place(self, units: NDArray[np.int64], parts: NDArray[np.int8]) -> NDArray[np.int64]:
        """Put units that have no part yet into parts and return their columns, one for each entry."""
        at, owner = self.units.entries(units)
        columns = self.units.columns[at]
        cells = parts[owner].astype(np.int64) * self.wanted.shape[1] + columns
        np.subtract.at(self.wanted.reshape(-1), cells, self.units.weights[at])
        np.add.at(self.held.reshape(-1), cells, 1)
        self.room -= np.bincount(parts, weights=self.units.sizes[units], minlength=self.room.size)
        self.parts[units] = parts
        return columns

    def move(self, unit: int, to: int) -> None:
        """Take a unit out of its part and put it into another."""
        at = slice(self.units.ends[unit], self.units.ends[unit + 1])
        columns, weights, size = self.units.columns[at], self.units.weights[at], self.units.sizes[unit]
        for part, sign in ((self.parts[unit], 1), (to, -1)):
            self.wanted[part, columns] += sign * weights
            self.held[part, columns] -= sign
            self.room[part] += sign * size
        self.parts[unit] = to
