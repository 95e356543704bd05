"""Share marks out so that every part gets its share of every label.

A random split of a long tail leaves rare labels out of the test part, and near-duplicates of one
image on both sides of the cut let a model recite instead of recognise. So labels are shared out
one by one, the rarest first (Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of
Multi-Label Data"), marks of a group move together, and every part gets to see every label it can.

The shares come out in three steps: the paper's greedy pass; a repair that puts every label into
every part; a polish that moves single groups while that evens out labels and sizes. All of it
works on sparse arrays, one label at a time, so a register of a million marks takes seconds.
"""

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError, require
from viennatag.split.duplicates import checked_groups
from viennatag.split.local_search import polish, repair
from viennatag.split.state import State, gather

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FRACTIONS = (0.8, 0.1, 0.1)
"""Shares of the parts unless the caller says otherwise."""


def stratify(
    targets: "csr_array",
    *,
    fractions: Sequence[float] = FRACTIONS,
    groups: NDArray[np.integer[Any]] | None = None,
    order: int = 1,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Return the part of each mark: 0 for the first fraction, 1 for the second, and so on; shape (marks,).

    Iterative stratification (Sechidis et al. 2011, algorithm 1): take the label with the fewest
    groups left, give each of them to the part that wants the label most, then the one with most
    room, then at random. A group counts as its marks together. `order=2` shares out pairs of labels
    as well (Szymański and Kajdanowicz 2017, "A Network Perspective on Stratification of Multi-Label
    Data"). Single groups are then moved while that lowers the deviations of labels and sizes.

    A label with at least as many groups as there are parts appears in every part; a label with
    fewer appears in the first part at least, so that it can be learned. Labels can contradict each
    other: of the labels ab, bc and ac over three marks, one stays whole in any split in two; and to
    decide whether they do is NP-hard. So where they do, or where a bounded search finds no way out,
    labels are absent from a part as seldom as that search finds, the first kind counting more.
    On small matrices that is as seldom as possible (a test compares it with all splits).

    Args:
        targets: 0/1 or boolean CSR array of shape (marks, labels).
        fractions: Share of each part, two or more, positive, summing to 1.
        groups: Integers of shape (marks,); marks of one group stay together. None: each alone.
        order: 1 shares out labels, 2 also pairs of labels (slower, for co-occurrence that matters).
        seed: Same seed, same split.

    Raises:
        DataError: If targets are not a 0/1 CSR array with marks and labels, `groups` does not
            match them, or there are fewer groups than parts.
        OptionError: If `fractions`, `order` or `seed` make no sense.
        MissingExtraError: If SciPy is not installed.
    """
    shares = _checked_fractions(fractions)
    if order not in (1, 2):
        raise OptionError(f"order is {order!r}; it must be 1 (labels) or 2 (labels and their pairs)")
    if seed < 0:
        raise OptionError(f"seed is {seed}; it must be 0 or more")
    marked = _checked_targets(targets)
    unit_of = checked_groups(groups, marked.shape[0])
    count = int(unit_of.max()) + 1
    if count < len(shares):
        raise DataError(f"found {count} groups for {len(shares)} parts; give more marks or fewer fractions")
    rng = np.random.default_rng(seed)
    label_count = marked.shape[1]
    if order == 2:
        marked = _with_pairs(marked)
    renamed = rng.permutation(count)  # the order of the units is the random order in which they are dealt
    unit_of = renamed[unit_of]
    units = gather(marked, unit_of, count)
    state = State.empty(units, shares, label_count)
    _deal(state, rng)
    repair(state, rng)
    polish(state)
    return state.parts[unit_of]


def label_distribution_error(
    targets: "csr_array", parts: NDArray[np.integer[Any]], fractions: Sequence[float] = FRACTIONS
) -> float:
    """Return how far the odds of the labels in the parts are from those in the whole; 0 is perfect.

    LD of Sechidis et al. 2011: the mean over labels and parts of
    |n_lp / (n_p - n_lp) - n_l / (n - n_l)|, with n marks, n_p of them in part p, n_l with label l.
    The paper does not say what to do without a denominator: labels on no mark or on every mark
    are left out, and n_p - n_lp is at least 1.

    Args:
        targets: 0/1 or boolean CSR array of shape (marks, labels).
        parts: Part of each mark, shape (marks,).
        fractions: The shares asked for. Only their number counts: it is the number of parts.

    Raises:
        DataError: If targets or parts cannot be used or no label is on some marks but not on all.
        OptionError: If `fractions` make no sense.
    """
    part_count = len(_checked_fractions(fractions))
    marked = _checked_targets(targets)
    mark_count, label_count = marked.shape
    part_of = np.asarray(parts)
    if part_of.shape != (mark_count,) or part_of.dtype.kind not in "iu":
        raise DataError(
            f"parts have shape {part_of.shape} and type {part_of.dtype}; one integer for each of {mark_count:,} marks "
            "is needed"
        )
    if part_of.min() < 0 or part_of.max() >= part_count:
        raise DataError(
            f"parts run from {part_of.min()} to {part_of.max()}; {part_count} fractions have parts 0 to "
            f"{part_count - 1}"
        )
    cell = np.repeat(part_of.astype(np.int64), np.diff(marked.indptr)) * label_count + marked.indices
    counts = np.bincount(cell, minlength=part_count * label_count).reshape(part_count, label_count)
    total = counts.sum(axis=0)
    usable = (total > 0) & (total < mark_count)
    if not usable.any():
        raise DataError("every label is on no mark or on every mark, so there is no distribution to compare")
    counts, total = counts[:, usable], total[usable]
    sizes = np.bincount(part_of, minlength=part_count)[:, None]
    odds = counts / np.maximum(sizes - counts, 1)
    return float(np.abs(odds - total / (mark_count - total)).mean())


def _checked_fractions(fractions: Sequence[float]) -> NDArray[np.float64]:
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.ndim != 1 or not 2 <= shares.size <= 127:
        raise OptionError(f"fractions are {fractions}; two or more parts are needed (and at most 127)")
    if not np.all(shares > 0):  # NaN fails here too
        raise OptionError(f"fractions are {fractions}; each must be above 0")
    if abs(shares.sum() - 1) > 1e-6:
        raise OptionError(f"fractions are {fractions} and sum to {shares.sum():g}; they must sum to 1")
    return shares


def _checked_targets(targets: "csr_array") -> "csr_array":
    """Return targets as booleans without stored zeros or duplicates."""
    if getattr(targets, "format", None) != "csr" or len(targets.shape) != 2:
        raise DataError(f"targets are {type(targets).__name__}; pass a scipy.sparse.csr_array of marks × labels")
    if 0 in targets.shape:
        raise DataError(f"targets have shape {targets.shape}; at least one mark and one label are needed")
    bad = np.flatnonzero((targets.data != 0) & (targets.data != 1))  # NaN is found here too
    if bad.size:
        raise DataError(f"targets hold {targets.data[bad[0]]}; every value must be 0 or 1")
    marked = targets.astype(bool, copy=True)
    marked.sum_duplicates()
    marked.eliminate_zeros()
    return marked


def _with_pairs(marked: "csr_array") -> "csr_array":
    """Return the targets with a column for each pair of labels that stands on at least two marks."""
    sparse = require("scipy.sparse", "data")
    mark_count, label_count = marked.shape
    counts = np.diff(marked.indptr)
    mark_of = np.repeat(np.arange(mark_count), counts)
    partners = marked.indptr[1:].astype(np.int64)[mark_of] - np.arange(marked.nnz) - 1  # later labels of the same mark
    first = np.repeat(np.arange(marked.nnz), partners)
    second = first + 1 + np.arange(first.size) - np.repeat(np.cumsum(partners) - partners, partners)
    pair = marked.indices.astype(np.int64)[first] * label_count + marked.indices[second]
    _, column, seen = np.unique(pair, return_inverse=True, return_counts=True)
    shared = (seen > 1)[column]  # one mark cannot be shared out
    _, column = np.unique(column[shared], return_inverse=True)
    pairs = sparse.csr_array(
        (np.ones(column.size, dtype=bool), (mark_of[first[shared]], column)),
        shape=(mark_count, int(column.max(initial=-1)) + 1),
    )
    return sparse.hstack([marked, pairs], format="csr")


class _RarestFirst:
    """The columns with units left, the one with the fewest first, ties in a random order.

    A heap of the columns up to a horizon; a column that comes down to the horizon, or is lowered
    below it, is pushed (again), and what was pushed before is recognised as out of date.
    """

    def __init__(self, left: NDArray[np.int64], rng: np.random.Generator) -> None:
        self.left = left
        self.ranked = rng.permutation(left.size)
        self.rank = np.argsort(self.ranked)
        self.horizon = 0
        self.heap: list[int] = []

    def pop(self) -> int | None:
        while True:
            while self.heap:
                left, rank = divmod(heapq.heappop(self.heap), self.left.size)
                column = int(self.ranked[rank])
                if self.left[column] == left:
                    return column
            waiting = self.left[self.left > 0]
            if not waiting.size:
                return None
            self.horizon = 2 * int(waiting.min())
            self.heap = self._keys(np.flatnonzero(self.left > 0))
            heapq.heapify(self.heap)

    def lower(self, columns: NDArray[np.int64]) -> None:
        """Take one unit from each of these columns; a column may occur many times."""
        np.subtract.at(self.left, columns, 1)
        for key in set(self._keys(columns)):
            heapq.heappush(self.heap, key)

    def _keys(self, columns: NDArray[np.int64]) -> list[int]:
        left = self.left[columns]
        near = (left > 0) & (left <= self.horizon)
        return (left[near] * self.left.size + self.rank[columns[near]]).tolist()  # type: ignore[no-any-return]


def _deal(state: State, rng: np.random.Generator) -> None:
    """Give every unit a part, the units of the rarest column first."""
    units = state.units
    queue = _RarestFirst(np.diff(units.column_ends), rng)
    while (column := queue.pop()) is not None:
        at = slice(units.column_ends[column], units.column_ends[column + 1])
        free = state.parts[units.column_units[at]] < 0
        chosen, weights = units.column_units[at][free], units.column_weights[at][free]
        heaviest_first = np.argsort(-weights, kind="stable")
        chosen, weights = chosen[heaviest_first], weights[heaviest_first]
        parts = _seats(state.wanted[:, column].tolist(), state.room.tolist(), weights, rng)
        queue.lower(state.place(chosen, parts))
    bare = np.flatnonzero(state.parts < 0)  # no labels
    bare = bare[np.argsort(-units.sizes[bare], kind="stable")]
    room = state.room.tolist()
    state.place(bare, _seats(room, room, units.sizes[bare], rng))


def _seats(
    wanted: list[float], room: list[float], weights: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return the part of each unit: the one that wants the column most, then has most room, then at random.

    Args:
        wanted: What each part still wants of the column.
        room: Marks that each part still wants.
        weights: Marks with the column in each unit, descending.
        rng: Breaks the ties that are left.
    """
    wanted, room = list(wanted), list(room)
    parts = np.empty(weights.size, dtype=np.int8)
    heavy = int(np.searchsorted(-weights, -1))
    for at, weight in enumerate(weights[:heavy].tolist()):
        parts[at] = part = _neediest(wanted, room, rng)
        wanted[part] -= weight
        room[part] -= weight
    # All units that are left weigh 1: one at a time they would bring the parts down to a common
    # level, so parts go straight to less than 1 above it and the rest is dealt singly.
    level = _level(wanted, weights.size - heavy)
    at = heavy
    for part, want in enumerate(wanted):
        count = min(max(0, int(want - level)), weights.size - at)
        parts[at : at + count] = part
        wanted[part] -= count
        room[part] -= count
        at += count
    for single in range(at, weights.size):
        parts[single] = part = _neediest(wanted, room, rng)
        wanted[part] -= 1
        room[part] -= 1
    return parts


def _neediest(wanted: list[float], room: list[float], rng: np.random.Generator) -> int:
    most = max(wanted)
    tied = [part for part, want in enumerate(wanted) if want == most]
    if len(tied) > 1:
        roomiest = max(room[part] for part in tied)
        tied = [part for part in tied if room[part] == roomiest]
    return tied[0] if len(tied) == 1 else tied[rng.integers(len(tied))]


def _level(wanted: list[float], amount: int) -> float:
    """Return the level to which wants sink when `amount` is taken from the highest ones."""
    descending = sorted(wanted, reverse=True)
    above = 0.0
    level = descending[0]
    for count, want in enumerate(descending, start=1):
        above += want
        level = (above - amount) / count
        if count == len(descending) or level >= descending[count]:
            break
    return level
