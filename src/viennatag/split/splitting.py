"""Split marks into train, validation and test: stratified, group-aware, reproducible.

A split that the marks state is kept; what is left open is shared out by label, and marks of one group,
or whose images look alike, stay together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import PARTS, Marks
from viennatag.errors import DataError, OptionError
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.stratification import FRACTIONS, stratify

ALIKE = 2
"""Bits of 64 in which hashes of near-identical images differ at most. Word marks look alike to a hash: of 45,069
rendered marks, 4 bits chain 3,394 into one group, 2 bits at most 89."""


def split_marks(
    marks: Marks,
    *,
    fractions: Sequence[float] = FRACTIONS,
    hashes: NDArray[np.uint64] | None = None,
    order: int = 1,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Return the part of each mark as its position in `PARTS`; shape (marks,).

    A split that the marks state is kept. Marks without one are shared out by `stratify`: over all
    parts if none is stated, else over the parts that are not. Where train and test are stated for
    every mark and validation for none, a validation part is taken out of train.

    Args:
        marks: What to split.
        fractions: Shares of train, validation and test.
        hashes: Perceptual hash of each mark's image; marks that look alike then stay together.
        order: See `stratify`.
        seed: See `stratify`.

    Raises:
        DataError: If the stated split leaves no part for the marks without one.
        OptionError: If `fractions` are not three, or make no sense.
    """
    if len(fractions) != len(PARTS):
        raise OptionError(f"there are {len(fractions)} fractions; expected {len(PARTS)}: {', '.join(PARTS)}")
    stated = np.array([PARTS.index(split) if split else -1 for split in marks.splits], dtype=np.int8)
    missing = [at for at in range(len(PARTS)) if not np.any(stated == at)]
    rows = np.flatnonzero(stated < 0)
    if not len(rows):
        if missing != [PARTS.index("validation")]:
            return stated
        rows, missing = np.flatnonzero(stated == 0), [0, 1]
    elif not missing:
        raise DataError(
            f"{len(rows):,} of {len(marks):,} marks state no split while others are in {', '.join(PARTS)}; "
            "fill the column `split` for all marks, or leave a part out of it"
        )
    shares = np.array(fractions)[missing]
    if len(missing) == 1:
        stated[rows] = missing[0]
        return stated
    chosen = marks.select(rows)
    parts = stratify(
        LabelSet.from_marks(chosen).encode(chosen.codes),
        fractions=tuple(shares / shares.sum()),
        groups=mark_groups(chosen, None if hashes is None else hashes[rows]),
        order=order,
        seed=seed,
    )
    stated[rows] = np.array(missing, dtype=np.int8)[parts]
    return stated


def mark_groups(marks: Marks, hashes: NDArray[np.uint64] | None) -> NDArray[np.int64]:
    """Return one integer per mark, equal for marks of one group or of images that look alike."""
    number: dict[str, int] = {}
    own = np.array(
        [number.setdefault(group or f"\0{at}", len(number)) for at, group in enumerate(marks.groups)], dtype=np.int64
    )
    return own if hashes is None else near_duplicate_groups(hashes, groups=own, max_distance=ALIKE)
