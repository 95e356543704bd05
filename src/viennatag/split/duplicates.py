"""Groups of near-duplicate images, so that a split never separates them.

Two images are near duplicates if their 64-bit perceptual hashes differ in few bits. Hashes that differ in at most d
bits agree in one of d + 1 blocks of bits, so only hashes that share a block are compared (multi-index hashing;
Norouzi, Punjani and Fleet 2012). That finds chains of near duplicates. Among photographs of one kind of thing a chain
has no end, so it is cut into groups around centres: what is in a group is close to its centre.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError, require
from viennatag.metrics.scores import ArrayData, plain_array

BUCKETS = (16, 64, 256, 1024)
"""Hashes that share a block are compared pair by pair up to the last of these numbers of hashes."""
MAX_UNJOINED = 512
"""Most unjoined hashes of a larger block that are compared one by one with all of it."""
_NEIGHBOURS = 16  # neighbours that are compared first in larger buckets
_EDGES = 1 << 21  # links that are held before they are merged
_SAMPLE = 4096  # hashes of a chain that are counted around each
_MAX_DISTANCE = 8  # one more bit about doubles the time: 2 s at 4, 40 s at 8 for 770,000 unrelated hashes


def near_duplicate_groups(
    hashes: NDArray[np.uint64],
    *,
    groups: ArrayData | None = None,
    max_distance: int = 4,
    max_size: int | None = None,
    buckets: tuple[int, ...] = BUCKETS,
    max_unjoined: int = MAX_UNJOINED,
) -> NDArray[np.int64]:
    """Return the group of each mark, numbered from 0 by first appearance; shape (marks,).

    Marks with equal hashes share a group, and so do those whose hashes differ in at most `max_distance` bits from that
    of the group's centre: no two hashes in a group differ in more than twice as many. Centres are the hashes with the
    most others near them, so copies of one image stay together. Marks with the same group in `groups` share a group
    whatever their images, and the groups of their images with them.

    Args:
        hashes: Perceptual hashes of 64 bits, shape (marks,).
        groups: Integers or texts of shape (marks,), equal for marks that belong together, an empty text for none; None
            for no groups.
        max_distance: Most bits in which near duplicates differ, 0 to 8; one more about doubles the time.
        max_size: Marks of larger groups of similar images are no copies and stand alone; None keeps all groups.
        buckets: See `BUCKETS`; it changes the time, not the result.
        max_unjoined: See `MAX_UNJOINED`; it changes the time, not the result.

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
    if max_distance:
        component = _connect(distinct, component, _Limits(max_distance, buckets, max_unjoined))
        component = _cut_chains(distinct, component, max_distance)
    found = component[hash_of]
    if max_size is not None:
        crowded = np.bincount(found)[found] > max_size
        found[crowded] = distinct.size + np.arange(np.count_nonzero(crowded))
    if groups is not None:
        group_of = number_mark_groups(groups, given.size)
        nodes = np.arange(found.max() + group_of.max() + 2)
        found = _merged(nodes, found, found.max() + 1 + group_of)[found]
    _, first, renumbered = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[renumbered].astype(np.int64)


class _Limits(NamedTuple):
    max_distance: int
    buckets: tuple[int, ...]
    max_unjoined: int


def _cut_chains(hashes: NDArray[np.uint64], component: NDArray[np.int64], max_distance: int) -> NDArray[np.int64]:
    """Return components in which each hash is near one of them, the centre."""
    order = np.argsort(component, kind="stable")
    starts = np.flatnonzero(np.diff(component[order], prepend=-1))
    found, number = np.empty_like(component), 0
    for chain in np.split(order, starts[1:]):
        left = chain
        if chain.size > 2:  # centres first; those of a long chain are estimated
            sample = hashes[chain[:: max(1, chain.size // _SAMPLE)]]
            near = [np.count_nonzero(np.bitwise_count(sample ^ each) <= max_distance) for each in hashes[chain]]
            left = chain[np.argsort(-np.array(near), kind="stable")]
        while left.size:
            close = np.bitwise_count(hashes[left] ^ hashes[left[0]]) <= max_distance
            found[left[close]] = number
            left, number = left[~close], number + 1
    return found


def _merged(component: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return components after left[i] and right[i], positions in `component`, were joined."""
    count = int(component.max()) + 1
    sparse = require("scipy.sparse", "data")
    graph = require("scipy.sparse.csgraph", "data")
    links = sparse.coo_array(
        (np.ones(left.size, dtype=bool), (component[left], component[right])), shape=(count, count)
    )
    return graph.connected_components(links, directed=False)[1].astype(np.int64)[component]  # type: ignore[no-any-return]


def _connect(hashes: NDArray[np.uint64], component: NDArray[np.int64], limits: _Limits) -> NDArray[np.int64]:
    """Return components after all pairs of distinct hashes within the distance were joined."""
    differing = int(np.bitwise_or.reduce(hashes) ^ np.bitwise_and.reduce(hashes))
    bits = [bit for bit in range(64) if differing >> bit & 1]
    if len(bits) <= limits.max_distance:
        return np.zeros_like(component)
    if hashes.size <= limits.buckets[-1]:
        return _compare(hashes, np.arange(hashes.size), hashes.size, component, limits.max_distance)
    keys = [
        hashes & np.uint64(sum(1 << int(bit) for bit in block))
        for block in np.array_split(bits, limits.max_distance + 1)
    ]
    for neighbours_only in (True, False):
        for key in keys:
            order = np.argsort(key, kind="stable")
            starts = np.flatnonzero(np.diff(key[order], prepend=~key[order[0]]))
            sizes = np.diff(starts, append=order.size)
            crowded = sizes > limits.buckets[-1]
            if neighbours_only:  # they join most hashes of a crowded bucket, so the rest is soon compared
                near = order[np.repeat(crowded, sizes)]
                component = _compare(hashes, near, _NEIGHBOURS, component, limits.max_distance)
                continue
            size_of = np.repeat(sizes, sizes)
            for low, high in zip((1, *limits.buckets), limits.buckets, strict=False):
                near = order[(size_of > low) & (size_of <= high)]
                component = _compare(hashes, near, high, component, limits.max_distance)
            for start, size in zip(starts[crowded], sizes[crowded], strict=True):
                component = _connect_crowd(hashes, order[start : start + size], component, limits)
    return component


def _connect_crowd(
    hashes: NDArray[np.uint64], crowd: NDArray[np.int64], component: NDArray[np.int64], limits: _Limits
) -> NDArray[np.int64]:
    """Return components after all pairs in one large bucket were joined."""
    known, inside = np.unique(component[crowd], return_inverse=True)
    if known.size == 1:
        return component
    among = hashes[crowd]
    unjoined = np.flatnonzero(inside != np.bincount(inside).argmax())
    if unjoined.size <= limits.max_unjoined:
        lefts, rights = [], []
        for at in unjoined:
            close = np.flatnonzero(np.bitwise_count(among ^ among[at]) <= limits.max_distance)
            _, one_each = np.unique(inside[close], return_index=True)
            rights.append(crowd[close[one_each]])
            lefts.append(np.full(one_each.size, crowd[at]))
        return _merged(component, np.concatenate(lefts), np.concatenate(rights))
    _, first, joined = np.unique(_connect(among, inside, limits), return_index=True, return_inverse=True)
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
            if held > _EDGES:
                component = _merged(component, np.concatenate(lefts), np.concatenate(rights))
                lefts, rights, held = [], [], 0
    return _merged(component, np.concatenate(lefts), np.concatenate(rights)) if held else component


def number_mark_groups(groups: ArrayData | None, marks: int) -> NDArray[np.int64]:
    """Return the group of each mark, numbered without gaps; texts are taken too, and an empty one is no group."""
    if groups is None:
        return np.arange(marks)
    given = plain_array(groups)
    if given.shape != (marks,):
        raise DataError(f"groups have shape {given.shape} for {marks:,} marks; one group for each mark is needed")
    if given.dtype.kind not in "iu":
        number: dict[object, int] = {}
        keys = (_group_key(group, row) for row, group in enumerate(given.tolist()))
        given = np.array([number.setdefault(key, len(number)) for key in keys])
    return np.unique(given, return_inverse=True)[1].astype(np.int64)


def _group_key(group: object, row: int) -> object:
    """Return what the marks of a group share; data frames write whole numbers as floats where some are missing."""
    if isinstance(group, float) and group.is_integer():
        return int(group)
    if not isinstance(group, (str, int)):
        raise DataError(f"the group of row {row} is {group!r}; a text or an integer is needed, '' for no group")
    return group if group != "" else ("", row)
