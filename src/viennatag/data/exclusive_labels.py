"""What groups of exclusive labels say about a mark: two labels contradict each other, and none may mean unknown."""

from collections.abc import Sequence

from viennatag.data.taxonomy import LabelTree


def contradiction(codes: Sequence[str], tree: LabelTree) -> str:
    """Return which two labels of a mark exclude each other, in words; empty if none do."""
    seen: dict[str, str] = {}
    for label in dict.fromkeys(node for code in codes for node in tree.path(code)):
        group = tree.group(label)
        if group and (other := seen.setdefault(group, label)) != label:
            return f"has {other!r} and {label!r}, of which only one can apply: both are of the group {group!r}"
    return ""


def unsaid_groups(codes: Sequence[str], unknown: Sequence[str], tree: LabelTree) -> list[str]:
    """Return the groups of which exactly one label applies to a mark, and nothing says which.

    A group whose labels share a parent is about marks that carry the parent.
    """
    stated = {node for code in codes for node in tree.path(code)}
    return [
        group
        for group, parent in tree.exact_groups.items()
        if (not parent or parent in stated)
        and tree.members[group].isdisjoint(stated)
        and tree.members[group].isdisjoint(unknown)
    ]


def still_unknown(codes: Sequence[str], unknown: Sequence[str], tree: LabelTree) -> tuple[str, ...]:
    """Return the unknown labels of a mark without those that one of its labels excludes, with all below them."""
    said = {node for code in codes for node in tree.path(code)}
    groups = {tree.group(node) for node in said} - {""}
    excluded = {label for group in groups for label in tree.members[group]} - said
    return tuple(label for label in unknown if excluded.isdisjoint(tree.path(label)))
