"""Iterative stratification: split marks so that every subset gets its share of every label.

A random split of a long tail leaves rare labels out of the test subset. So labels are assigned one by one, the rarest
first (Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of Multi-Label Data"); then a search brings every
label into every subset, and another evens out labels and sizes. On sparse arrays a million marks take seconds.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError, require
from viennatag.metrics.scores import ArrayData, as_targets
from viennatag.split.duplicates import number_mark_groups
from viennatag.split.local_search import balance, cover_labels
from viennatag.split.state import SplitState, gather_units

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FRACTIONS = (0.8, 0.1, 0.1)
"""Default shares of training, validation and test."""
_NONE_LEFT = np.iinfo(np.int64).max


def stratify(
    targets: ArrayData,
    *,
    fractions: Sequence[float] = FRACTIONS,
    groups: ArrayData | None = None,
    order: int = 1,
    seed: int = 0,
    first_has_all: bool = True,
) -> NDArray[np.int8]:
    """Return the subset of each mark: 0 for the first fraction, 1 for the second, and so on; shape (marks,).

    Iterative stratification (Sechidis et al. 2011, algorithm 1): take the label with the fewest groups left, and
    assign each of them to the subset that needs the label most, then to the one with most room, then at random.
    `order=2` also balances pairs of labels (Szymański and Kajdanowicz 2017, "A Network Perspective on Stratification
    of Multi-Label Data"). Single groups are then moved while that lowers the deviations of labels and sizes.

    A label with at least as many groups as subsets appears in every subset; a rarer label appears in the first
    subset at least, so that it can be learned. Labels can contradict each other, and whether they do is NP-hard. A
    bounded search then keeps the number of missing labels small; on small matrices it finds the minimum.

    Args:
        targets: 0 and 1 or booleans of shape (marks, labels): a sparse or dense array, a data frame, a tensor.
        fractions: Share of each subset, two or more, positive, summing to 1.
        groups: Integers or texts of shape (marks,); marks of one group stay together, and an empty text is no group.
            None: each mark is its own group.
        order: 1 balances labels, 2 also pairs of labels (slower).
        seed: Same seed, same split.
        first_has_all: Whether every label must be in the first subset. Folds want rare labels spread out instead.

    Raises:
        DataError: If targets are not 0 and 1 with marks and labels, `groups` does not match them, or there are fewer
            groups than subsets.
        OptionError: If `fractions`, `order` or `seed` make no sense.
        MissingExtraError: If SciPy is not installed.
    """
    shares = _checked_fractions(fractions)
    if order not in (1, 2):
        raise OptionError(f"order is {order!r}; it must be 1 (labels) or 2 (labels and their pairs)")
    if seed < 0:
        raise OptionError(f"seed is {seed}; it must be 0 or more")
    marked = _checked_targets(targets)
    unit_of = number_mark_groups(groups, marked.shape[0])
    count = int(unit_of.max()) + 1
    if count < len(shares):
        raise DataError(
            f"found {count} group{'s' if count > 1 else ''} for {len(shares)} subsets; give more marks or fewer subsets"
        )
    rng = np.random.default_rng(seed)
    label_count = marked.shape[1]
    if order == 2:
        marked = _with_pairs(marked)
    unit_of = rng.permutation(count)[unit_of]  # units are assigned in order of their numbers, so at random
    units = gather_units(marked, unit_of, count)
    state = SplitState.empty(units, shares, label_count, first_has_all=first_has_all)
    _assign_units(state, rng)
    cover_labels(state, rng)
    balance(state)
    return state.subsets[unit_of]


def label_distribution_error(
    targets: ArrayData, subsets: NDArray[np.integer[Any]], fractions: Sequence[float] = FRACTIONS
) -> float:
    """Return the label distribution error (LD) of a split; 0 is perfect.

    LD of Sechidis et al. 2011: the mean over labels and subsets of |n_ls / (n_s - n_ls) - n_l / (n - n_l)|, with n
    marks, n_s of them in subset s, n_l with label l. Where the paper's denominators are 0, labels on no mark or on
    every mark are left out, and n_s - n_ls is at least 1.

    Args:
        targets: 0 and 1 or booleans of shape (marks, labels), as in `stratify`.
        subsets: Subset of each mark, shape (marks,).
        fractions: The shares asked for; only their number matters.

    Raises:
        DataError: If targets or subsets cannot be used or no label is on some marks but not on all.
        OptionError: If `fractions` make no sense.
    """
    subset_count = len(_checked_fractions(fractions))
    marked = _checked_targets(targets)
    mark_count, label_count = marked.shape
    subset_of = np.asarray(subsets)
    if subset_of.shape != (mark_count,) or subset_of.dtype.kind not in "iu":
        raise DataError(
            f"subsets have shape {subset_of.shape} and type {subset_of.dtype}; expected one integer for each of "
            f"{mark_count:,} marks"
        )
    if subset_of.min() < 0 or subset_of.max() >= subset_count:
        raise DataError(
            f"subsets run from {subset_of.min()} to {subset_of.max()}; {subset_count} fractions have subsets 0 to "
            f"{subset_count - 1}"
        )
    cell = np.repeat(subset_of.astype(np.int64), np.diff(marked.indptr)) * label_count + marked.indices
    counts = np.bincount(cell, minlength=subset_count * label_count).reshape(subset_count, label_count)
    total = counts.sum(axis=0)
    usable = (total > 0) & (total < mark_count)
    if not usable.any():
        raise DataError("every label is on no mark or on every mark, so there is no distribution to compare")
    counts, total = counts[:, usable], total[usable]
    sizes = np.bincount(subset_of, minlength=subset_count)[:, None]
    odds = counts / np.maximum(sizes - counts, 1)
    return float(np.abs(odds - total / (mark_count - total)).mean())


def _checked_fractions(fractions: Sequence[float]) -> NDArray[np.float64]:
    shares = np.asarray(fractions, dtype=np.float64)
    if shares.ndim != 1 or not 2 <= shares.size <= 127:
        raise OptionError(f"fractions are {fractions}; expected 2 to 127 subsets")
    if not np.all(shares > 0):  # NaN fails here too
        raise OptionError(f"fractions are {fractions}; each must be above 0")
    if abs(shares.sum() - 1) > 1e-6:
        raise OptionError(f"fractions are {fractions} and sum to {shares.sum():g}; they must sum to 1")
    return shares


def _checked_targets(targets: ArrayData) -> "csr_array":
    """Return targets as sparse booleans without stored zeros or duplicates."""
    found = as_targets(targets)
    if len(found.shape) != 2 or 0 in found.shape:
        raise DataError(f"targets have shape {found.shape}; expected (marks, labels), at least one mark and one label")
    marked = require("scipy.sparse", "data").csr_array(found, copy=True)
    marked.sum_duplicates()
    marked.eliminate_zeros()
    return marked


def _with_pairs(marked: "csr_array") -> "csr_array":
    """Return the targets with one more column for each pair of labels that at least two marks carry."""
    sparse = require("scipy.sparse", "data")
    mark_count, label_count = marked.shape
    counts = np.diff(marked.indptr)
    mark_of = np.repeat(np.arange(mark_count), counts)
    partners = marked.indptr[1:].astype(np.int64)[mark_of] - np.arange(marked.nnz) - 1  # later labels of the same mark
    first = np.repeat(np.arange(marked.nnz), partners)
    second = first + 1 + np.arange(first.size) - np.repeat(np.cumsum(partners) - partners, partners)
    pair = marked.indices.astype(np.int64)[first] * label_count + marked.indices[second]
    _, column, seen = np.unique(pair, return_inverse=True, return_counts=True)
    shared = (seen > 1)[column]  # a single mark cannot be split
    _, column = np.unique(column[shared], return_inverse=True)
    pairs = sparse.csr_array(
        (np.ones(column.size, dtype=bool), (mark_of[first[shared]], column)),
        shape=(mark_count, int(column.max(initial=-1)) + 1),
    )
    return sparse.hstack([marked, pairs], format="csr")


class _RarestFirst:
    """Queue of the columns with units left: the one with the fewest first, ties in random order."""

    def __init__(self, left: NDArray[np.int64], rng: np.random.Generator) -> None:
        self.left = left
        self._keys = left * left.size + np.argsort(rng.permutation(left.size))
        self._keys[left == 0] = _NONE_LEFT

    def pop(self) -> int | None:
        column = int(self._keys.argmin())
        return column if self.left[column] else None

    def lower(self, columns: NDArray[np.int64]) -> None:
        """Take one unit from each of these columns; a column may occur many times."""
        np.subtract.at(self.left, columns, 1)
        np.subtract.at(self._keys, columns, self.left.size)
        self._keys[columns[self.left[columns] == 0]] = _NONE_LEFT


def _assign_units(state: SplitState, rng: np.random.Generator) -> None:
    """Assign every unit to a subset, the units of the rarest column first."""
    units = state.units
    queue = _RarestFirst(np.diff(units.column_ends), rng)
    while (column := queue.pop()) is not None:
        at = slice(units.column_ends[column], units.column_ends[column + 1])
        free = state.subsets[units.column_units[at]] < 0
        chosen, weights = units.column_units[at][free], units.column_weights[at][free]
        heaviest_first = np.argsort(-weights, kind="stable")
        chosen, weights = chosen[heaviest_first], weights[heaviest_first]
        subsets = _choose_subsets(state.needed[:, column].tolist(), state.room.tolist(), weights, rng)
        queue.lower(state.assign(chosen, subsets))
    unlabelled = np.flatnonzero(state.subsets < 0)
    unlabelled = unlabelled[np.argsort(-units.sizes[unlabelled], kind="stable")]
    room = state.room.tolist()
    state.assign(unlabelled, _choose_subsets(room, room, units.sizes[unlabelled], rng))


def _choose_subsets(
    needed: list[float], room: list[float], weights: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int8]:
    """Return the subset of each unit: the one that needs the column most, then has most room, then at random.

    `needed` and `room` are marks that each subset still needs; `weights` are the marks of each unit, descending.
    """
    needed, room = list(needed), list(room)
    subsets = np.empty(weights.size, dtype=np.int8)

    def fill(start: int, stop: int, subset: int, weight: int) -> None:
        subsets[start:stop] = subset
        needed[subset] -= weight
        room[subset] -= weight

    heavy = int(np.searchsorted(-weights, -1))
    for at, weight in enumerate(weights[:heavy].tolist()):
        fill(at, at + 1, _find_neediest(needed, room, rng), weight)
    # The other units weigh 1. One at a time they would bring the needs down to a common level, so each subset goes
    # straight to less than 1 above it, and the rest is assigned one by one.
    level = _find_level(needed, weights.size - heavy)
    at = heavy
    for subset, need in enumerate(needed):
        count = min(max(0, int(need - level)), weights.size - at)
        fill(at, at + count, subset, count)
        at += count
    for single in range(at, weights.size):
        fill(single, single + 1, _find_neediest(needed, room, rng), 1)
    return subsets


def _find_neediest(needed: list[float], room: list[float], rng: np.random.Generator) -> int:
    keys = list(zip(needed, room, strict=True))
    most = max(keys)
    tied = [subset for subset, key in enumerate(keys) if key == most]
    return tied[0] if len(tied) == 1 else tied[rng.integers(len(tied))]


def _find_level(needed: list[float], amount: int) -> float:
    """Return the level to which needs sink when `amount` is taken from the highest ones."""
    descending = sorted(needed, reverse=True)
    levels = ((above - amount) / count for count, above in enumerate(accumulate(descending), start=1))
    return next(level for level, below in zip(levels, [*descending[1:], -math.inf], strict=True) if level >= below)
