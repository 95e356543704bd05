"""Split marks into train, validation and test: stratified, group-aware, reproducible.

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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError, require
from viennatag.marks import PARTS

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["FRACTIONS", "PARTS", "label_distribution_error", "near_duplicate_groups", "stratify"]

FRACTIONS = (0.8, 0.1, 0.1)
"""Shares of `PARTS` unless the caller says otherwise."""

_PAIR_WORTH = 0.5  # of a label's, in the polish: more costs labels more than it brings pairs
_SIZE_WORTH = 0.25  # of a mean mark's labels, in the polish: with more, exact sizes freeze uneven labels
_POLISH_WINDOWS = 64
_POLISH_WINDOW = 16_384  # units whose gains are computed at once: few enough to stay true while some of them move
_STALE = 32  # moves in a row that no longer pay before the window is left
_PAYS = 1e-9
_NEVER = 1e18
_REPAIR_PATIENCE = 1000  # steps without a new best
_REPAIR_CANDIDATES = 64
_REPAIR_NOISE = 0.2
_BUCKETS = (16, 64, 256, 1024)  # hashes that share a block are compared pair by pair up to the last of these sizes
_FIRST_LOOK = 16
_STRANGERS = 512  # hashes that are compared one by one with a whole bucket
_EDGES = 1 << 21  # links that are held before they are merged
_MAX_DISTANCE = 16


def stratify(
    targets: "csr_array",
    *,
    fractions: Sequence[float] = FRACTIONS,
    groups: NDArray[np.integer[Any]] | None = None,
    order: Literal[1, 2] = 1,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Return the part of each mark: 0 for the first fraction, 1 for the second, and so on; shape (marks,).

    Iterative stratification (Sechidis et al. 2011, algorithm 1): take the label with the fewest
    groups left, give each of them to the part that wants the label most, then the one with most
    room, then at random. `order=2` shares out pairs of labels as well (Szymański and Kajdanowicz
    2017, "A Network Perspective on Stratification of Multi-Label Data"). The result is then
    polished by moving single groups while that lowers the deviations of labels and sizes.

    A label with at least as many groups as there are parts appears in every part; a label with
    fewer appears in the first part at least, so that it can be learned. Labels can contradict each
    other (of the labels ab, bc and ac over three marks, one stays whole in any split in two), and
    to decide whether they do is NP-hard. Then, or where a bounded search finds no way out, as few
    labels as possible go without, and labels of the first kind come first.

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
    unit_of = _checked_groups(groups, marked.shape[0])
    count = int(unit_of.max()) + 1
    if count < len(shares):
        raise DataError(f"found {count} groups for {len(shares)} parts; give more marks or fewer fractions")
    rng = np.random.default_rng(seed)
    label_count = marked.shape[1]
    if order == 2:
        marked = _with_pairs(marked)
    renamed = rng.permutation(count)  # the order of the units is the random order in which they are dealt
    unit_of = renamed[unit_of]
    units = _gather(marked, unit_of, count)
    state = _State.empty(units, shares, label_count)
    _deal(state, rng)
    _repair(state, rng)
    _polish(state)
    return state.parts[unit_of]


def label_distribution_error(
    targets: "csr_array", parts: NDArray[np.integer[Any]], fractions: Sequence[float] = FRACTIONS
) -> float:
    """Return how far the odds of the labels in the parts are from those in the whole; 0 is perfect.

    LD of Sechidis et al. 2011, section 4.1: the mean over labels and parts of
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


def near_duplicate_groups(
    hashes: NDArray[np.uint64], *, groups: NDArray[np.integer[Any]] | None = None, max_distance: int = 4
) -> NDArray[np.int64]:
    """Return the group of each mark, numbered from 0 by first appearance; shape (marks,).

    Two marks share a group if a chain of marks joins them in which neighbours have the same group
    in `groups` or hashes that differ in at most `max_distance` bits. The answer is exact.

    Two hashes within d bits agree in one of d + 1 blocks of bits (the pigeonhole behind the
    multi-index hashing of Norouzi, Punjani and Fleet 2012), so only hashes that share a block are
    compared. Equal hashes count once, so thousands of blank images cost nothing; a block that many
    different hashes share is split again by the bits in which they do differ.

    Chains are unbounded: a distance too large for the kind of hash runs a register together into
    one group. Look at the largest group before you split.

    Args:
        hashes: Perceptual hashes of 64 bits, shape (marks,).
        groups: Integers of shape (marks,) that are known to belong together; None for none.
        max_distance: Most bits in which near-duplicates differ, 0 to 16. Time grows steeply above 8.

    Raises:
        DataError: If `hashes` are not uint64 of one dimension or `groups` do not match them.
        OptionError: If `max_distance` is out of range.
        MissingExtraError: If SciPy is not installed.
    """
    if not 0 <= max_distance <= _MAX_DISTANCE:
        raise OptionError(f"max_distance is {max_distance}; it must be from 0 to {_MAX_DISTANCE} bits of 64")
    given = np.asarray(hashes)
    if given.ndim != 1 or given.dtype != np.uint64:
        raise DataError(f"hashes have shape {given.shape} and type {given.dtype}; a row of uint64 is needed")
    if not given.size:
        return np.zeros(0, dtype=np.int64)
    distinct, hash_of = np.unique(given, return_inverse=True)
    component = np.arange(distinct.size)
    if groups is not None:
        group_of = _checked_groups(groups, given.size)
        nodes = np.arange(distinct.size + group_of.max() + 1)
        component = _merged(nodes, hash_of, distinct.size + group_of)[: distinct.size]
    if max_distance:
        component = _connect(distinct, component, max_distance)
    _, first, renumbered = np.unique(component[hash_of], return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[renumbered].astype(np.int64)


# Checks


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


def _checked_groups(groups: NDArray[np.integer[Any]] | None, mark_count: int) -> NDArray[np.int64]:
    """Return the group of each mark, numbered without gaps."""
    if groups is None:
        return np.arange(mark_count)
    given = np.asarray(groups)
    if given.shape != (mark_count,):
        raise DataError(f"groups have shape {given.shape} for {mark_count:,} marks; one group for each mark is needed")
    if given.dtype.kind not in "iu":
        raise DataError(
            f"groups have type {given.dtype}; integers are needed (a mark without a group gets a number of its own)"
        )
    return np.unique(given, return_inverse=True)[1].astype(np.int64)


# The split


@dataclass(frozen=True, eq=False)
class _Units:
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


def _gather(marked: "csr_array", unit_of: NDArray[np.int64], count: int) -> _Units:
    mark_of = np.repeat(np.arange(marked.shape[0]), np.diff(marked.indptr))
    carried = require("scipy.sparse", "data").coo_array(
        (np.ones(mark_of.size, dtype=np.int32), (unit_of[mark_of], marked.indices)), shape=(count, marked.shape[1])
    )
    by_unit = carried.tocsr()  # adds up the marks of a unit
    by_column = by_unit.tocsc()
    return _Units(
        ends=by_unit.indptr.astype(np.int64),
        columns=by_unit.indices.astype(np.int64),
        weights=by_unit.data.astype(np.int64),
        sizes=np.bincount(unit_of, minlength=count),
        column_ends=by_column.indptr.astype(np.int64),
        column_units=by_column.indices.astype(np.int64),
        column_weights=by_column.data.astype(np.int64),
    )


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


@dataclass(eq=False)
class _State:
    """Who is where, and what each part still wants."""

    units: _Units
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
    def empty(cls, units: _Units, shares: NDArray[np.float64], label_count: int) -> "_State":
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
        at = slice(self.units.ends[unit], self.units.ends[unit + 1])
        columns, weights, size = self.units.columns[at], self.units.weights[at], self.units.sizes[unit]
        for part, sign in ((self.parts[unit], 1), (to, -1)):
            self.wanted[part, columns] += sign * weights
            self.held[part, columns] -= sign
            self.room[part] += sign * size
        self.parts[unit] = to


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


def _deal(state: _State, rng: np.random.Generator) -> None:
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


def _repair(state: _State, rng: np.random.Generator) -> None:
    """Put labels into parts that must hold them, as far as labels do not contradict each other.

    A focused random walk (WalkSAT; Selman, Kautz and Cohen 1994): take a missing label, move in
    the unit of it that takes the least away elsewhere, now and then any; keep the best state met.
    """
    units, labels = state.units, state.label_count
    must, held = state.must_hold[:, :labels], state.held[:, :labels]
    # One label that belongs into every part counts for more than all those too rare for that.
    worth = np.where(must.all(axis=0), labels + 1, 1)
    undo: list[tuple[int, int]] = []
    missing = np.argwhere(must & (held == 0))
    best = int(worth[missing[:, 1]].sum())
    for _ in range(_REPAIR_PATIENCE + 20 * len(missing)):
        if not len(missing) or len(undo) == _REPAIR_PATIENCE:
            break
        part, label = missing[rng.integers(len(missing))]
        candidates = units.column_units[units.column_ends[label] : units.column_ends[label + 1]]
        if candidates.size > _REPAIR_CANDIDATES:
            candidates = rng.choice(candidates, _REPAIR_CANDIDATES, replace=False)
        at, owner = units.entries(candidates)
        columns = units.columns[at]
        single = columns < labels
        columns, owner = columns[single], owner[single]
        here = state.parts[candidates][owner]
        lost = worth[columns] * (must[here, columns] & (held[here, columns] == 1))
        found = worth[columns] * (must[part, columns] & (held[part, columns] == 0))
        cost = np.bincount(owner, weights=lost - found, minlength=candidates.size)
        damage = np.bincount(owner, weights=lost, minlength=candidates.size)
        eligible = np.flatnonzero(cost == cost.min())
        if damage[eligible].min() > 0 and rng.random() < _REPAIR_NOISE:
            eligible = np.arange(candidates.size)
        unit = int(candidates[rng.choice(eligible)])
        undo.append((unit, int(state.parts[unit])))
        state.move(unit, int(part))
        missing = np.argwhere(must & (held == 0))
        now = int(worth[missing[:, 1]].sum())
        if now < best:
            best = now
            undo.clear()
    for unit, part in reversed(undo):
        state.move(unit, part)


def _polish(state: _State) -> None:
    """Move single units while that brings labels and sizes nearer to what was asked.

    Units are looked at in windows that run through all of them in steps, as neighbours tend to be
    in the same part.
    """
    count = state.parts.size
    step = -(-count // _POLISH_WINDOW)
    fruitless = 0
    for turn in range(max(step, _POLISH_WINDOWS)):
        window = np.arange(turn % step, count, step)
        gain = _gains(state, window).max(axis=0)
        promising = np.flatnonzero(gain > _PAYS)
        moved = refused = 0
        for unit in window[promising[np.argsort(-gain[promising], kind="stable")]]:
            now = _gains(state, unit[None])[:, 0]
            if now.max() > _PAYS:
                state.move(unit, int(now.argmax()))
                moved += 1
                refused = 0
            else:
                refused += 1
                if refused == _STALE:
                    break
        fruitless = 0 if moved else fruitless + 1
        if fruitless == step:
            break


def _gains(state: _State, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much it would help to move each candidate into each part, shape (parts, candidates).

    What a move should lower is the sum over parts and columns of |marks wanted| / share of the
    part, which is what LD grows with, and the same for the sizes of the parts.
    """
    units, shares = state.units, state.shares[:, None]
    at, owner = units.entries(candidates)
    columns, weights = units.columns[at], units.weights[at]
    sizes, parts = units.sizes[candidates], state.parts[candidates]
    here, worth = parts[owner], state.worth[columns]

    def per_candidate(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(owner, weights=entries, minlength=sizes.size).astype(np.float64)  # counts if there are none

    wanted = state.wanted[here, columns]
    leave = worth * (np.abs(wanted) - np.abs(wanted + weights)) / state.shares[here]
    leave[state.must_hold[here, columns] & (state.held[here, columns] == 1)] = -_NEVER
    room = state.room[parts]
    shrink = state.size_worth * (np.abs(room) - np.abs(room + sizes)) / state.shares[parts]
    wanted = state.wanted[:, columns]
    join = worth * (np.abs(wanted) - np.abs(wanted - weights)) / shares
    grow = state.size_worth * (np.abs(state.room)[:, None] - np.abs(state.room[:, None] - sizes)) / shares
    gains = per_candidate(leave) + shrink + np.stack([per_candidate(row) for row in join]) + grow
    gains[parts, np.arange(sizes.size)] = 0
    return gains


# Near-duplicates


def _merged(component: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return components after left[i] and right[i], positions in `component`, were joined."""
    count = int(component.max()) + 1
    sparse = require("scipy.sparse", "data")
    graph = require("scipy.sparse.csgraph", "data")
    links = sparse.coo_array(
        (np.ones(left.size, dtype=bool), (component[left], component[right])), shape=(count, count)
    )
    return graph.connected_components(links, directed=False)[1].astype(np.int64)[component]  # type: ignore[no-any-return]


def _connect(hashes: NDArray[np.uint64], component: NDArray[np.int64], max_distance: int) -> NDArray[np.int64]:
    """Return components after all pairs of distinct hashes within the distance were joined."""
    differing = int(np.bitwise_or.reduce(hashes) ^ np.bitwise_and.reduce(hashes))
    bits = [bit for bit in range(64) if differing >> bit & 1]
    if len(bits) <= max_distance:
        return np.zeros_like(component)
    if hashes.size <= _BUCKETS[-1]:
        return _compare(hashes, np.arange(hashes.size), hashes.size, component, max_distance)
    keys = [hashes & np.uint64(sum(1 << int(bit) for bit in block)) for block in np.array_split(bits, max_distance + 1)]
    for first_look in (True, False):
        for key in keys:
            order = np.argsort(key, kind="stable")
            starts = np.flatnonzero(np.diff(key[order], prepend=~key[order[0]]))
            sizes = np.diff(starts, append=order.size)
            crowded = sizes > _BUCKETS[-1]
            if first_look:
                # In a crowd a few neighbours are enough to join most; the rest is then soon compared.
                near = order[np.repeat(crowded, sizes)]
                component = _compare(hashes, near, _FIRST_LOOK, component, max_distance)
                continue
            size_of = np.repeat(sizes, sizes)
            for low, high in zip((1, *_BUCKETS), _BUCKETS, strict=False):
                near = order[(size_of > low) & (size_of <= high)]
                component = _compare(hashes, near, high, component, max_distance)
            for start, size in zip(starts[crowded], sizes[crowded], strict=True):
                component = _connect_crowd(hashes, order[start : start + size], component, max_distance)
    return component


def _connect_crowd(
    hashes: NDArray[np.uint64], crowd: NDArray[np.int64], component: NDArray[np.int64], max_distance: int
) -> NDArray[np.int64]:
    """Return components after all pairs in one large bucket were joined."""
    known, inside = np.unique(component[crowd], return_inverse=True)
    if known.size == 1:
        return component
    among = hashes[crowd]
    strangers = np.flatnonzero(inside != np.bincount(inside).argmax())
    if strangers.size <= _STRANGERS:  # all others are joined already
        lefts, rights = [], []
        for stranger in strangers:
            close = np.flatnonzero(np.bitwise_count(among ^ among[stranger]) <= max_distance)
            _, one_each = np.unique(inside[close], return_index=True)
            rights.append(crowd[close[one_each]])
            lefts.append(np.full(one_each.size, crowd[stranger]))
        return _merged(component, np.concatenate(lefts), np.concatenate(rights))
    _, first, joined = np.unique(_connect(among, inside, max_distance), return_index=True, return_inverse=True)
    return _merged(component, crowd, crowd[first[joined]])


def _compare(
    hashes: NDArray[np.uint64], near: NDArray[np.int64], reach: int, component: NDArray[np.int64], max_distance: int
) -> NDArray[np.int64]:
    """Return components after comparing each hash with the `reach - 1` that follow it in the order `near`."""
    lefts: list[NDArray[np.int64]] = []
    rights: list[NDArray[np.int64]] = []
    held = 0
    window = 1 << 14  # small enough for the processor's cache
    ordered = hashes[near]
    for start in range(0, near.size, window):
        here = ordered[start : start + window]
        for step in range(1, min(reach, near.size - start)):
            there = ordered[start + step : start + step + window]
            close = (np.bitwise_count(here[: there.size] ^ there) <= max_distance).nonzero()[0]
            if close.size:
                lefts.append(near[start + close])
                rights.append(near[start + step + close])
                held += close.size
        if held > _EDGES or (held and start + window >= near.size):
            component = _merged(component, np.concatenate(lefts), np.concatenate(rights))
            lefts, rights, held = [], [], 0
    return component
