"""Several things of a kind: sections such as "five or more leaves", drawn by repeating one drawing."""

import random
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

from viennatag.synthesis.elements import Element, in_column, in_row, mirrored, scaled, turned
from viennatag.synthesis.layouts import in_ring


class Plural(NamedTuple):
    """A section for several things of a kind: the section of one, whether that one is single, and how many."""

    one: str
    is_single: bool
    least: int
    most: int


PLURALS = {
    "2.1.24": Plural("2.1.23", False, 2, 5), "2.3.24": Plural("2.3.23", False, 2, 4),
    "2.5.24": Plural("2.5.23", False, 2, 4), "3.7.26": Plural("3.7.16", False, 2, 6),
    "5.1.6": Plural("5.1.5", True, 2, 2), "5.1.7": Plural("5.1.5", True, 3, 3), "5.1.8": Plural("5.1.5", True, 4, 7),
    "5.3.15": Plural("5.3.14", True, 2, 4), "5.3.16": Plural("5.3.14", True, 5, 11),
    "5.5.22": Plural("5.5.21", True, 2, 7), "14.5.6": Plural("14.5.2", True, 3, 5),
    "24.5.7": Plural("24.5.1", True, 3, 6), "24.7.3": Plural("24.7.1", True, 2, 5),
    "24.9.6": Plural("24.9.5", True, 2, 4),
}  # fmt: skip
"""Sections that are drawn by repeating one drawing."""


def multiplied(element: Element, codes: Collection[str], wanted: Collection[str], rng: random.Random) -> Element:
    """Return a drawing with these codes as often as a wanted section of `PLURALS` asks for, once if none does."""
    asked = sorted(code for code in wanted if code in PLURALS and PLURALS[code].one in codes and code not in codes)
    if not asked:
        return element
    code = rng.choice(asked)
    plural = PLURALS[code]
    count = rng.randint(plural.least, plural.most)
    is_plant = code.startswith("5.")
    if rng.random() < (0.4 if is_plant else 0.1):
        several = in_ring(element, count, rng)
    elif rng.random() < 0.5 or not is_plant:
        several = in_row([scaled(element, rng.uniform(0.7, 1.0)) for _ in range(count)], rng.uniform(-0.2, 0.1) * 100)
    else:  # pairs along a line, as leaves on a twig
        leaves = [turned(each, angle) for each, angle in ((mirrored(element), -40.0), (element, 40.0))]
        rows = [in_row(leaves, -0.25 * element.width) for _ in range(count // 2)]
        several = in_column([*([element] * (count % 2)), *rows], -0.25 * element.height)
    return replace(several, codes=several.codes - ({plural.one} if plural.is_single else set()) | {code})


def covered(code: str, codes: Collection[str]) -> bool:
    """Return whether a drawing with these codes shows a section, alone or repeated."""
    return code in codes or (code in PLURALS and PLURALS[code].one in codes)
