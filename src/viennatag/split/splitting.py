"""Split marks into training, validation and test subsets: stratified, group-aware, reproducible.

A split in the table of marks is kept; the other marks are split by label. Marks of one group, or whose images
look alike, stay together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError, OptionError, count
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.stratification import FRACTIONS, stratify

MAX_DISTANCE = 2
"""Bits of 64 in which hashes of near duplicates differ at most. Word marks have similar hashes: of 45,069 rendered
marks, 4 bits chain 3,394 into one group, 2 bits at most 89."""

_TOLERANCE = 0.05
CROWD = 20
"""See `mark_groups`."""


def split_marks(
    marks: Marks,
    *,
    fractions: Sequence[float] = FRACTIONS,
    hashes: NDArray[np.uint64] | None = None,
    max_distance: int = MAX_DISTANCE,
    order: int = 1,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Return the subset of each mark as its position in `SUBSETS`; shape (marks,).

    Marks with a split keep it. The others are split by `stratify`: over all subsets if no mark has a split, else
    over the subsets that no mark is in. If every mark has one, a validation or test subset that no mark is in is taken
    out of the training subset.

    Args:
        marks: The marks.
        fractions: Shares of training, validation and test.
        hashes: Perceptual hash of each mark's image, shape (marks,); marks that look alike then stay together.
        max_distance: Bits of 64 in which the hashes of marks that look alike differ at most, 0 to 8.
        order: See `stratify`.
        seed: See `stratify`.

    Raises:
        DataError: If every subset is in use and some marks have no split, or all images look alike.
        OptionError: If `fractions` are not three, or make no sense.
    """
    if len(fractions) != len(SUBSETS):
        raise OptionError(f"there are {len(fractions)} fractions; expected {len(SUBSETS)}: {', '.join(SUBSETS)}")
    stated = np.array([SUBSETS.index(split) if split else -1 for split in marks.splits], dtype=np.int8)
    missing = [at for at in range(len(SUBSETS)) if not np.any(stated == at)]
    rows = np.flatnonzero(stated < 0)
    if not len(rows):
        if not missing or 0 in missing:
            return stated
        rows, missing = np.flatnonzero(stated == 0), [0, *missing]
    elif not missing:
        raise DataError(
            f"{len(rows):,} of {len(marks):,} marks have no split while others are in {', '.join(SUBSETS)}; "
            "fill the column `split` for all marks, or leave one subset out of it"
        )
    shares = np.array(fractions)[missing]
    if len(missing) == 1:
        stated[rows] = missing[0]
        return stated
    chosen = marks.select(rows)
    groups = mark_groups(chosen, None if hashes is None else hashes[rows], max_distance=max_distance)
    found = len(np.unique(groups))
    if found < len(missing) <= len(np.unique(mark_groups(chosen, None))):
        raise DataError(
            f"all {len(chosen):,} images look alike ({count(found, 'group')} for {len(missing)} "
            "subsets), and such images stay together; give marks that differ, or split them all the same with "
            "--near-duplicates none (in training --set near_duplicates=none)"
        )
    subsets = stratify(
        LabelSet.from_marks(chosen).encode(chosen.codes),
        fractions=tuple(shares / shares.sum()),
        groups=groups,
        order=order,
        seed=seed,
    )
    stated[rows] = np.array(missing, dtype=np.int8)[subsets]
    return stated


def describe_taken(marks: Marks, subsets: NDArray[np.int8]) -> str:
    """Return how many marks of a stated training subset `split_marks` put into subsets that the table leaves empty."""
    stated = np.array([split == SUBSETS[0] for split in marks.splits], dtype=bool)
    counts = [np.count_nonzero(stated & (subsets == at)) for at in range(len(SUBSETS))]
    told = [f"{SUBSETS[at]} ({counts[at]:,})" for at in (1, 2) if counts[at]]
    return f"no mark is stated to be in {' or '.join(told)}, so marks of train are" if told else ""


def describe_shares(marks: Marks, subsets: NDArray[np.int8], fractions: Sequence[float]) -> str:
    """Return how far the sizes of subsets are from what was asked for, as groups are too large; empty if they fit."""
    wanted = np.array(fractions) / sum(fractions) * len(marks)
    sizes = np.bincount(subsets, minlength=len(SUBSETS))
    if any(marks.splits) or np.abs(sizes - wanted).max() <= max(_TOLERANCE * len(marks), 2):
        return ""
    found, asked = (" / ".join(f"{100 * size / len(marks):.0f}" for size in each) for each in (sizes, wanted))
    return f"the subsets have {found} % of the marks and not {asked} %, as marks of one group stay together"


def mark_groups(
    marks: Marks, hashes: NDArray[np.uint64] | None, *, max_distance: int = MAX_DISTANCE
) -> NDArray[np.int64]:
    """Return one integer per mark, equal for marks of one group or of images that look alike.

    More than `CROWD` marks that look alike, if they are more than a tenth of all, are a collection of one kind of
    picture and no copies; only the groups of the table keep them together.
    """
    number: dict[str, int] = {}
    own = np.array(
        [number.setdefault(group or f"\0{at}", len(number)) for at, group in enumerate(marks.groups)], dtype=np.int64
    )
    if hashes is None:
        return own
    return near_duplicate_groups(hashes, groups=own, max_distance=max_distance, max_size=_largest(len(marks)))


def describe_look_alikes(hashes: NDArray[np.uint64], *, max_distance: int = MAX_DISTANCE) -> str:
    """Return how many marks look alike, in groups of which sizes, and which are too many to stay together."""
    sizes = np.bincount(near_duplicate_groups(hashes, max_distance=max_distance))
    kept = np.sort(sizes[(sizes > 1) & (sizes <= _largest(len(hashes)))])
    crowds = sizes[sizes > _largest(len(hashes))]
    told = []
    if kept.size:
        groups = f"{kept.size:,} groups of 2 to {kept[-1]:,}" if kept.size > 1 else f"1 group of {kept[-1]:,}"
        told.append(f"{kept.sum():,} marks look alike and stay together, in {groups}")
    if crowds.size:
        told.append(f"{crowds.sum():,} marks look too much alike to be kept together; a column `group` can say which")
    return "; ".join(told)


def _largest(mark_count: int) -> int:
    return max(CROWD, mark_count // 10)
