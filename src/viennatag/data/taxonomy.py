"""What labels are and how they hang together: Vienna codes, flat labels, or a tree of one's own.

Each taxonomy gives a hierarchy: the path of a label from the root down, the names of the levels, headings, an order.
Everything that knows levels asks the hierarchy, so it works with any depth; `vienna` and `flat` are two of them.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from viennatag.errors import DataError
from viennatag.vienna.codes import LEVELS, parse_code, parse_codes, vienna_headings, vienna_tree

Rule = Literal["exactly-one", "at-most-one"]
RULES: tuple[Rule, ...] = get_args(Rule)
BUILT_IN = ("vienna", "flat")
_SHOWN = 3


class Hierarchy:
    """What a taxonomy says about labels; of flat labels, which do not hang together, unless a subclass says more."""

    level_names: tuple[str, ...] = ("label",)
    """The levels from the root down."""

    def path(self, label: str) -> tuple[str, ...]:
        """Return a label's ancestors from the root down, then itself."""
        return (label,)

    def sort_key(self, label: str) -> Any:
        """Return what labels are ordered by, each parent before its children."""
        return label

    def heading(self, label: str) -> str:
        """Return what a label means, in a few words; itself if nothing is said."""
        return label

    def group(self, label: str) -> str:
        """Return the group of exclusive labels that a label belongs to, empty for none."""
        return ""

    def read_labels(self, entries: Iterable[str]) -> tuple[str, ...]:
        """Return the distinct labels that entries spell, in order; raise a ViennatagError where one does not."""
        return tuple(sorted(set(entries)))


class LabelNode(NamedTuple):
    """A label of a tree of one's own.

    Attributes:
        label: Its name.
        parent: The label above it, empty for none.
        heading: What it means, in a few words.
        group: The group of exclusive labels that it belongs to, empty for a free label.
    """

    label: str
    parent: str = ""
    heading: str = ""
    group: str = ""


@dataclass(frozen=True)
class LabelTree(Hierarchy):
    """A tree of one's own, of any depth, with groups of exclusive labels.

    Attributes:
        nodes: The labels; a parent may come after its children.
        level_names: Names of the levels from the root down; by default `level 1`, `level 2` and so on, or `label` in a
            tree of one level.
        rules: Each group with its rule: `exactly-one` or `at-most-one` of its labels applies.
        name: What messages call it.

    Raises:
        DataError: If a label occurs twice, a parent is missing, labels stand in a circle, or a group makes no sense.
    """

    nodes: tuple[LabelNode, ...]
    level_names: tuple[str, ...] = ()
    rules: tuple[tuple[str, Rule], ...] = ()
    name: str = field(default="own", compare=False)

    def __post_init__(self) -> None:
        problems = tree_problems(self.nodes)
        if not self.nodes or problems:
            raise DataError(f"the taxonomy {self.name}: {next(iter(problems.values()), 'no label in it')}")
        depth = max(len(self.path(node.label)) for node in self.nodes)
        given = self.level_names or (("label",) if depth == 1 else tuple(f"level {at + 1}" for at in range(depth)))
        if len(given) != depth or len(set(given)) != depth:
            raise DataError(f"the taxonomy {self.name} has {depth} levels, which need {depth} different names")
        object.__setattr__(self, "level_names", given)
        stated, groups = dict(self.rules), dict.fromkeys(node.group for node in self.nodes if node.group)
        object.__setattr__(self, "rules", tuple((group, stated.pop(group, "at-most-one")) for group in groups))
        if stated or not {rule for _, rule in self.rules} <= set(RULES):
            wrong = next(iter(stated), None)
            what = f"no label is of the group {wrong!r}" if wrong else f"a rule is none of {', '.join(RULES)}"
            raise DataError(f"the taxonomy {self.name}: {what}")

    def __str__(self) -> str:
        return self.name

    def __contains__(self, label: object) -> bool:
        return label in self._by_label

    @cached_property
    def _by_label(self) -> Mapping[str, LabelNode]:
        return {node.label: node for node in self.nodes}

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        below: dict[str, list[str]] = {}
        for node in self.nodes:
            below.setdefault(node.parent, []).append(node.label)
        return {parent: tuple(labels) for parent, labels in below.items()}

    @cached_property
    def _order(self) -> Mapping[str, int]:
        """Position of each label, each parent just before its children, siblings as they were written."""
        order: dict[str, int] = {}
        waiting = list(reversed(self.children("")))
        while waiting:
            label = waiting.pop()
            order[label] = len(order)
            waiting.extend(reversed(self.children(label)))
        return order

    def children(self, label: str) -> tuple[str, ...]:
        """Return the labels one level below, of the root for an empty text."""
        return self._children.get(label, ())

    def path(self, label: str) -> tuple[str, ...]:
        """Return a label's ancestors from the root down, then itself; an unknown label stands alone."""
        found = [label]
        while (node := self._by_label.get(found[-1])) and node.parent:
            found.append(node.parent)
        return tuple(reversed(found))

    def sort_key(self, label: str) -> tuple[int, str]:
        """Return what labels are ordered by: parents first, siblings as the file has them."""
        return self._order.get(label, len(self._order)), label

    def heading(self, label: str) -> str:
        """Return what a label means, itself if nothing is said."""
        node = self._by_label.get(label)
        return (node.heading if node else "") or label

    def group(self, label: str) -> str:
        """Return the group of exclusive labels that a label belongs to, empty for none."""
        node = self._by_label.get(label)
        return node.group if node else ""

    def read_labels(self, entries: Iterable[str]) -> tuple[str, ...]:
        """Return the distinct labels that entries name, in order; case and Unicode form do not matter.

        Raises:
            DataError: If an entry is no label of the tree; the message names the nearest ones.
        """
        found = {self._read(entry) for entry in entries}
        return tuple(sorted(found, key=self.sort_key))

    def search(self, words: Sequence[str]) -> list[str]:
        """Return the labels with every word in their names or headings, or those of their ancestors."""
        wanted = [word.casefold() for word in words]

        def text(label: str) -> str:
            return f"{label} {self.heading(label)}".casefold()

        found = (
            label
            for label in self._order
            if all(any(word in text(node) for node in self.path(label)) for word in wanted)
        )
        return sorted(found, key=lambda label: -sum(word in text(label) for word in wanted))

    @cached_property
    def members(self) -> Mapping[str, frozenset[str]]:
        """The labels of each group."""
        found: dict[str, set[str]] = {}
        for node in self.nodes:
            found.setdefault(node.group, set()).add(node.label)
        return {group: frozenset(found[group]) for group, _ in self.rules}

    @cached_property
    def exact_groups(self) -> Mapping[str, str]:
        """Each group of which exactly one label applies, with the parent that all of them share, empty for none."""
        above = {
            group: {self._by_label[label].parent for label in self.members[group]}
            for group, rule in self.rules
            if rule == "exactly-one"
        }
        return {group: next(iter(parents)) if len(parents) == 1 else "" for group, parents in above.items()}

    def find(self, entry: str) -> str:
        """Return the label that an entry names, in any case and Unicode form; empty for none."""
        if entry in self._by_label:
            return entry
        alike = self._spellings.get(same_label(entry), ())
        return alike[0] if len(alike) == 1 else ""

    def _read(self, entry: str) -> str:
        if label := self.find(entry):
            return label
        raise DataError(f"{entry!r} is not in the taxonomy {self.name}; {self.nearest(entry)}")

    @cached_property
    def _spellings(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for label in self._by_label:
            found.setdefault(same_label(label), []).append(label)
        return {key: tuple(labels) for key, labels in found.items()}

    def nearest(self, entry: str) -> str:
        """Return which labels are spelled most like an entry, in words."""
        keys = get_close_matches(same_label(entry), self._spellings, n=_SHOWN)
        near = [label for key in keys for label in self._spellings[key]][:_SHOWN]
        return f"nearest: {', '.join(map(repr, near))}" if near else "no label of it is spelled like that"

    def to_json(self) -> dict[str, Any]:
        """Return the tree as plain data, for `from_json`."""
        nodes = [node._asdict() for node in self.nodes]
        return {
            "name": self.name,
            "levels": list(self.level_names),
            "groups": dict(self.rules),
            "labels": [{key: text for key, text in node.items() if text} for node in nodes],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "LabelTree":
        """Return the tree that `to_json` gave.

        Raises:
            DataError: As the class.
            TypeError: If an entry has other keys.
        """
        nodes = tuple(LabelNode(**{str(key): str(text) for key, text in node.items()}) for node in found["labels"])
        return cls(nodes, tuple(map(str, found["levels"])), tuple(found["groups"].items()), str(found["name"]))


def tree_problems(nodes: Sequence[LabelNode]) -> dict[int, str]:
    """Return what is wrong with the labels of a tree, by their position."""
    above: dict[str, LabelNode] = {}
    problems: dict[int, str] = {}
    for at, node in enumerate(nodes):
        if not node.label:
            problems[at] = "names no label"
        elif node.label in above:
            problems[at] = f"repeats the label {node.label!r}"
        else:
            above[node.label] = node
    for at, node in enumerate(nodes):
        if node.parent and node.parent not in above:
            near = get_close_matches(node.parent, above, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            problems.setdefault(at, f"has the parent {node.parent!r} of {node.label!r}, which is no label{hint}")
    circles: set[str] = set()
    for at, node in enumerate(nodes):
        if at in problems or node.label in circles:
            continue
        path = [node.label]
        while (parent := above[path[-1]].parent) in above and parent not in path:
            path.append(parent)
        if parent in path:
            circle = path[path.index(parent) :]
            circles.update(circle)
            problems[at] = f"closes a circle of parents: {' < '.join(map(repr, [*circle, parent]))}"
        elif node.group and (upper := [each for each in path[1:] if above[each].group == node.group]):
            problems[at] = f"has {node.label!r} in the group {node.group!r}, and its ancestor {upper[0]!r} too"
    return problems


Taxonomy: TypeAlias = LabelTree | Literal["vienna", "flat"]
"""Vienna codes, flat labels of any kind, or a tree of one's own."""


class _Vienna(Hierarchy):
    level_names = LEVELS

    def path(self, label: str) -> tuple[str, ...]:
        return _code_path(label)

    def sort_key(self, label: str) -> Any:
        return parse_code(label)

    def heading(self, label: str) -> str:
        return vienna_headings().get(label) or vienna_tree().heading(parse_code(label))

    def read_labels(self, entries: Iterable[str]) -> tuple[str, ...]:
        return tuple(map(str, sorted({code for each in entries for code in parse_codes(each.replace("#", " "))})))


_BUILT_IN: Mapping[str, Hierarchy] = {"vienna": _Vienna(), "flat": Hierarchy()}


def hierarchy(taxonomy: Taxonomy) -> Hierarchy:
    """Return what a taxonomy says about labels."""
    return _BUILT_IN[taxonomy] if isinstance(taxonomy, str) else taxonomy


@lru_cache(maxsize=65_536)  # registers have millions of codes, but few different ones
def _code_path(code: str) -> tuple[str, ...]:
    """Return a canonical code's ancestors and itself, without parsing it."""
    parts = code.split(".")
    return tuple(".".join(parts[: depth + 1]) for depth in range(len(parts)))


def same_label(text: str) -> str:
    """Return a key that labels share if only their case or Unicode form differs."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
