"""Row checks: rows of a marks table that a person should see before training."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from viennatag.data.marks import Marks
from viennatag.errors import count
from viennatag.vienna.codes import parse_code, vienna_tree

_LETTERING = 27
"""Categories from here on are lettering and colours; a mark of these alone is a word in a script or a colour."""


@dataclass(frozen=True)
class Finding:
    """Rows with a problem of one kind.

    Attributes:
        kind: Name of the kind, for programs.
        rows: Number of rows.
        what: The problem, in words that follow any number of rows.
        advice: What to do.
        examples: A few rows.
        positions: Positions of the marks, without rows that cannot be read.
    """

    kind: str
    rows: int
    what: str
    advice: str
    examples: tuple[str, ...]
    positions: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data, without positions."""
        return {name: value for name, value in vars(self).items() if name != "positions"}


def check_rows(marks: Marks, *, shown: int = 5) -> tuple[Finding, ...]:
    """Return the findings in rows, one for each kind that occurs, each with up to `shown` examples."""
    rows, sizes = marks.codes, np.array([len(codes) for codes in marks.codes])
    unlabelled = tuple(at for at, codes in enumerate(rows) if not codes)
    low, high = np.quantile(sizes, [0.25, 0.75])
    most = int(high + 3 * max(high - low, 1))  # Tukey's outer fence
    crowded = sorted(np.flatnonzero(sizes > most), key=lambda at: -sizes[at])
    seen: dict[str, tuple[str, ...]] = {}
    pairs = zip(marks.images, rows, strict=True)
    contradictory = {image for image, codes in pairs if image and seen.setdefault(image, codes) != codes}
    findings = [
        Finding(
            "unreadable",
            len(marks.skipped),
            "that cannot be used, left out of all statistics",
            "correct them; other commands stop at them, or go on with --skip-bad",
            marks.skipped[:shown],
        ),
        Finding(
            "unlabelled",
            len(unlabelled),
            "without a label",
            "keep them only if nothing applies to them: a model learns from them that nothing does",
            tuple(marks.ids[at] for at in unlabelled[:shown]),
            unlabelled,
        ),
        Finding(
            "crowded",
            len(crowded),
            f"with more than {most} codes, far more than most",
            "check the first few: several marks may have become one row",
            tuple(f"{marks.ids[at]}: {sizes[at]} codes" for at in crowded[:shown]),
            tuple(int(at) for at in crowded),
        ),
        Finding(
            "contradictory",
            sum(image in contradictory for image in marks.images),
            "with an image to which another row gives other codes",
            "join the rows of an image, or each counts as evidence against the other",
            tuple(sorted(contradictory)[:shown]),
            tuple(at for at, image in enumerate(marks.images) if image in contradictory),
        ),
    ]
    if marks.taxonomy == "vienna":
        findings += _check_codes(marks, shown)
    return tuple(finding for finding in findings if finding.rows)


def _check_codes(marks: Marks, shown: int) -> list[Finding]:
    counts = Counter(code for codes in marks.codes for code in codes)
    tree = vienna_tree()
    office = {code for code in counts if parse_code(code).is_extension}
    unknown = {code for code in counts if code not in office and parse_code(code) not in tree}
    nested = [
        f"{name}: {upper} and {lower}"
        for name, codes in zip(marks.ids, marks.codes, strict=True)
        for upper, lower in [next((pair for pair in pairwise(codes) if pair[1].startswith(f"{pair[0]}.")), ("", ""))]
        if upper  # codes are in order, so an ancestor comes just before a descendant
    ]
    categories = [{int(code.partition(".")[0]) for code in codes} for codes in marks.codes]
    lettered = tuple(at for at, found in enumerate(categories) if min(found, default=0) >= _LETTERING)

    def of(kind: str, codes: set[str], what: str, advice: str) -> Finding:
        common = sorted(codes, key=lambda code: (-counts[code], code))[:shown]
        at = tuple(at for at, row in enumerate(marks.codes) if not codes.isdisjoint(row))
        examples = tuple(f"{code}: {count(counts[code], 'mark')}" for code in common)
        return Finding(kind, len(at), what, advice, examples, at)

    return [
        of(
            "unknown-code",
            unknown,
            f"with a code that the tree does not hold; such codes: {len(unknown):,}",
            "map codes of an older edition to the new ones; as they are, they are learned as labels without a heading",
        ),
        of(
            "extension",
            office,
            f"with a code that an office added (numbered from .90); such codes: {len(office):,}",
            "keep them if you need them; marks of other offices lack them without being different",
        ),
        Finding(
            "nested",
            len(nested),
            "with a code together with its own ancestor",
            "nothing: the ancestor follows from the code anyway; but one of the two may be a slip",
            tuple(nested[:shown]),
        ),
        Finding(
            "text-only",
            len(lettered),
            "with codes of lettering and colours only (categories 27 to 29)",
            "nothing, if such marks are to be coded too; what is shown in images cannot be learned from them",
            tuple(f"{marks.ids[at]}: {'; '.join(marks.codes[at])}" for at in lettered[:shown]),
            lettered,
        ),
    ]
