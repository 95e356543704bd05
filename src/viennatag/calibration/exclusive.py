"""Groups of exclusive labels: a softmax in place of sigmoids, and coherent scores up and down a tree with groups.

Of a group exactly one label applies, or at most one; then there is one more outcome, "none", whose logit is 0. A group
whose labels share a parent is about the marks that carry the parent, if exactly one applies: there the scores of its
labels sum to that of the parent.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError

_TINY = 1e-300


class ExclusiveGroup(NamedTuple):
    """One group of exclusive labels.

    Attributes:
        name: Its name.
        members: Positions of its labels, ascending.
        exact: Whether exactly one of them applies, instead of at most one.
        condition: Position of the label that all of them are children of, if exactly one applies where it does;
            -1 for none.
    """

    name: str
    members: NDArray[np.intp]
    exact: bool
    condition: int

    @property
    def rule(self) -> str:
        """The rule, as a taxonomy file says it."""
        return "exactly-one" if self.exact else "at-most-one"


@dataclass(frozen=True, eq=False)
class ExclusiveGroups:
    """The groups of exclusive labels of a label set.

    Attributes:
        names: Of the groups.
        members: Positions of the labels, group after group.
        starts: Where each group starts in `members`.
        exact: Whether exactly one label of each group applies.
        parents: Position of each label's parent, before its own; -1 for none. Shape (labels,).
    """

    names: tuple[str, ...]
    members: NDArray[np.intp]
    starts: NDArray[np.intp]
    exact: NDArray[np.bool_]
    parents: NDArray[np.intp]

    @classmethod
    def of(
        cls, names: Sequence[str], members: Sequence[Sequence[int]], exact: Sequence[bool], parents: NDArray[np.intp]
    ) -> "ExclusiveGroups":
        """Return groups, each with its name, the positions of its labels, and whether exactly one applies."""
        sizes = [len(each) for each in members]
        return cls(
            tuple(names),
            np.concatenate([np.asarray(each, dtype=np.intp) for each in members]),
            np.cumsum([0, *sizes[:-1]], dtype=np.intp),
            np.asarray(exact, dtype=bool),
            parents,
        )

    def __post_init__(self) -> None:
        if np.any(self.parents >= np.arange(len(self.parents))):
            raise DataError("a parent comes after its child; a label set puts parents first")

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[ExclusiveGroup]:
        parts = np.split(self.members, self.starts[1:])
        rows = zip(self.names, parts, self.exact.tolist(), self.conditions.tolist(), strict=True)
        return (ExclusiveGroup(*row) for row in rows)

    def within(self, columns: NDArray[np.intp]) -> "ExclusiveGroups | None":
        """Return the groups whose labels are all among some, by their positions there; None without any."""
        place = np.full(len(self.parents), -1)
        place[columns] = np.arange(len(columns))
        kept = [group for group in self if np.all(place[group.members] >= 0)]
        if not kept:
            return None
        members = [place[group.members].tolist() for group in kept]
        alone = np.full(len(columns), -1)
        return self.of([group.name for group in kept], members, [group.exact for group in kept], alone)

    @cached_property
    def segments(self) -> NDArray[np.intp]:
        """The group of each of `members`, shape (members,)."""
        return _segments(self.starts, len(self.members))

    @cached_property
    def owner(self) -> NDArray[np.intp]:
        """The group of each label, -1 for a free one; shape (labels,)."""
        owner = np.full(len(self.parents), -1)
        owner[self.members] = self.segments
        return owner

    @cached_property
    def conditions(self) -> NDArray[np.intp]:
        """Position of the parent that all labels of each exact group share, -1 for none; shape (groups,)."""
        above = self.parents[self.members]
        shared = np.minimum.reduceat(above, self.starts) == np.maximum.reduceat(above, self.starts)
        return np.where(shared & self.exact, above[self.starts], -1)

    def softmax(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of the members, shape (marks, members), from their logits of the same shape."""
        top = np.maximum.reduceat(logits, self.starts, axis=1)
        top = np.where(self.exact, top, np.maximum(top, 0))
        powers = np.exp(logits - top[:, self.segments])
        total = np.add.reduceat(powers, self.starts, axis=1) + np.where(self.exact, 0, np.exp(-top))
        found: NDArray[np.float64] = powers / total[:, self.segments]
        return found

    def initial_logits(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logits whose softmax has these log-odds, as near as they can sum to 1; shape (labels,)."""
        logits = log_odds.copy()
        shares = 1 / (1 + np.exp(-log_odds[self.members]))
        rest = np.maximum(1 - np.add.reduceat(shares, self.starts), 1e-4)
        logits[self.members] = np.log(shares) - np.where(self.exact, 0, np.log(rest))[self.segments]
        return logits

    def winners(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return which member of each group scores best, ties to the first; shape (marks, members)."""
        found = scores[:, self.members]
        best = np.maximum.reduceat(found, self.starts, axis=1)
        places = np.arange(len(self.members))
        ranked = np.where(found == best[:, self.segments], places, len(places))
        first: NDArray[np.bool_] = places == np.minimum.reduceat(ranked, self.starts, axis=1)[:, self.segments]
        return first

    def decide(self, scores: NDArray[np.floating[Any]], suggested: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return suggestions with at most one label of each group: the best.

        Of an exact group the best is suggested whatever its threshold, where the shared parent is; of another one only
        if it is suggested already. `suggested` are the labels above their thresholds, (marks, labels) as the scores.
        """
        decided, best = suggested.copy(), self.winners(scores)
        decided[:, self.members] &= best
        for condition in np.unique(self.conditions):  # a parent comes before its children, and is decided first
            here = self.exact[self.segments] & (self.conditions[self.segments] == condition)
            applies = decided[:, [condition]] if condition >= 0 else True
            decided[:, self.members[here]] = best[:, here] & applies
        return decided

    def coherent(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Return scores in which no label is below its children, and each group remains a distribution.

        Free labels are raised to their best free child and to the sum of each group below them. Where a label may not
        be raised, being in a group or below one, its children are lowered. Labels of an exact group that share a parent
        are scaled to sum to its score, as are those whose parents are themselves the labels of one exact group. Scores,
        (marks, labels), of a group sum to 1, or to at most 1.
        """
        raised = scores.copy()
        for block in self._raising:
            np.maximum.at(raised.T, block.parents, np.minimum(block.total(raised), 1).T)
        for block in self._lowering:
            limit, total = raised[:, block.parents], block.total(raised)
            factor = limit / np.maximum(total, _TINY)
            factor = np.where(block.fills, factor, np.minimum(factor, 1))
            scaled = raised[:, block.children] * factor[:, block.segments]
            raised[:, block.children] = np.minimum(scaled, limit[:, block.segments])
        return raised

    @cached_property
    def _held(self) -> NDArray[np.bool_]:
        """Whether each label is in a group or below one, so that it may not be raised."""
        held = self.owner >= 0
        for at, parent in enumerate(self.parents.tolist()):
            held[at] |= parent >= 0 and held[parent]
        return held

    @cached_property
    def _fills(self) -> NDArray[np.bool_]:
        """Whether the labels of each group sum to the scores of their parents."""
        fills = self.conditions >= 0
        for at, group in enumerate(self):
            above = self.parents[group.members]
            owners = np.unique(np.where(above >= 0, self.owner[above], -1))
            if group.exact and len(owners) == 1 and owners[0] >= 0 and self.exact[owners[0]]:
                fills[at] |= set(above.tolist()) == set(self.members[self.segments == owners[0]].tolist())
        return fills

    @cached_property
    def _depths(self) -> NDArray[np.intp]:
        depths = np.zeros(len(self.parents), dtype=np.intp)
        for at, parent in enumerate(self.parents.tolist()):
            depths[at] = depths[parent] + 1 if parent >= 0 else 0
        return depths

    @cached_property
    def _raising(self) -> list["_Block"]:
        """What raises free parents: all labels of a group below one, then free children, the deepest first."""
        pairs = [
            (label, above)
            for label in self.members[~self._filling[self.members]].tolist()
            for above in self._free_ancestors(label)
        ]
        inside, above = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        free = np.flatnonzero((self.owner < 0) & (self.parents >= 0) & ~self._held[self.parents])
        deepest = int(self._depths.max(initial=0))
        by_depth = [free[self._depths[free] == depth] for depth in range(deepest, 0, -1)]
        return [self._blocks(inside, above), *(self._blocks(each, self.parents[each]) for each in by_depth)]

    def _free_ancestors(self, label: int) -> Iterator[int]:
        """Yield the ancestors of a label up to the first that may not be raised."""
        above = int(self.parents[label])
        while above >= 0 and not self._held[above]:
            yield above
            above = int(self.parents[above])

    @cached_property
    def _lowering(self) -> list["_Block"]:
        """What is lowered below a group or scaled to its parent, from the root down."""
        below = (self.parents >= 0) & (self._held[self.parents] | self._filling)
        deepest = int(self._depths.max(initial=0))
        by_depth = [np.flatnonzero(below & (self._depths == depth)) for depth in range(1, deepest + 1)]
        return [self._blocks(each, self.parents[each]) for each in by_depth]

    @property
    def _filling(self) -> NDArray[np.bool_]:
        """Whether each label is in a group that sums to the scores of its parents."""
        return (self.owner >= 0) & self._fills[self.owner]

    def _blocks(self, labels: NDArray[np.intp], above: NDArray[np.intp]) -> "_Block":
        """Return labels by ancestor and group, free ones alone."""
        owner = self.owner[labels]
        key = np.stack([above, owner, np.where(owner < 0, labels, 0)])
        order = np.lexsort(key[::-1])
        labels, above, key = labels[order], above[order], key[:, order]
        starts = np.flatnonzero(np.any(np.diff(key, axis=1, prepend=-2) != 0, axis=0))
        return _Block(labels, starts, above[starts], self._filling[labels[starts]])


def _segments(starts: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the part of each of `count` positions, where parts start at `starts`."""
    return np.repeat(np.arange(len(starts)), np.diff(starts, append=count))


@dataclass(frozen=True, eq=False)
class _Block:
    """Labels below others: those of an ancestor and a group together, free ones alone.

    Attributes:
        children: Positions of the labels.
        starts: Where those of one ancestor and group start in `children`.
        parents: The ancestor of each.
        fills: Whether they sum to the score of the parent.
    """

    children: NDArray[np.intp]
    starts: NDArray[np.intp]
    parents: NDArray[np.intp]
    fills: NDArray[np.bool_]

    @cached_property
    def segments(self) -> NDArray[np.intp]:
        return _segments(self.starts, len(self.children))

    def total(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of the scores of each ancestor and group, shape (marks, starts)."""
        if not len(self.starts):
            return np.zeros((len(scores), 0))
        return np.add.reduceat(scores[:, self.children], self.starts, axis=1)
