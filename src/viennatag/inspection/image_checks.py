"""What is wrong with the images of marks, found before anything is learned from them.

Every file is decoded once, on all cores; nothing is changed. What a clean table would leave out is stated by kind,
and `clean_marks` leaves out only the kinds that it is told.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import PARTS, Marks
from viennatag.errors import ImageError, OptionError
from viennatag.images.decoding import Look, look_at_images
from viennatag.inspection.row_checks import Finding, check_rows
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.splitting import ALIKE

TINY = 32
"""Pixels of the longer side below which nothing but large shapes can be told apart."""
FLAT = 8
"""A channel that varies by less than this over the whole image shows nothing."""
_ALIKE = ("leak", "duplicates", "lookalikes")
_OF_IMAGES = ("damaged", "tiny", "blank", *_ALIKE)
DROPPABLE = ("damaged", "tiny", "blank", "contradictory", "unlabelled", "crowded", "unknown", "text-only", *_ALIKE)
"""Kinds whose rows can be left out, in the order in which they are."""
_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm")


@dataclass(frozen=True)
class LookAlikes:
    """Marks whose images are the same file content, or look the same.

    Attributes:
        rows: Positions of the marks, ascending.
        same: Whether the files are equal byte for byte.
        shared: Codes that all of them carry.
        differing: For each mark the codes that not all carry.
    """

    rows: tuple[int, ...]
    same: bool
    shared: tuple[str, ...]
    differing: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Audit:
    """What was found in images.

    Attributes:
        findings: Kind by kind, those that do not occur left out.
        alike: Marks whose images are equal or look alike, the largest groups first.
    """

    findings: tuple[Finding, ...]
    alike: tuple[LookAlikes, ...]

    def to_json(self, marks: Marks) -> dict[str, Any]:
        """Return plain data in which marks have their names."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "alike": [
                {
                    "same_file": group.same,
                    "marks": [marks.ids[row] for row in group.rows],
                    "shared_codes": list(group.shared),
                    "differing_codes": [list(codes) for codes in group.differing],
                }
                for group in self.alike
            ],
        }


def audit_images(
    marks: Marks, images: Path | str, *, shown: int = 5, progress: Callable[[int, int], None] | None = None
) -> Audit:
    """Return what is wrong with the images of marks.

    Args:
        marks: The marks.
        images: Folder that their images are relative to.
        shown: Examples of each kind.
        progress: Told how many of how many images are done.

    Raises:
        MissingExtraError: If SciPy is not installed.
    """
    folder = Path(images)
    looks: list[Look | ImageError] = []
    for look in look_at_images(folder / image for image in marks.images):
        looks.append(look)
        if progress:
            progress(len(looks), len(marks))
    seen = {row: look for row, look in enumerate(looks) if isinstance(look, Look)}
    damaged = {row: str(look) for row, look in enumerate(looks) if isinstance(look, ImageError)}
    tiny = {row: f"{look.width} × {look.height}" for row, look in seen.items() if max(look.width, look.height) < TINY}
    blank = [row for row, look in seen.items() if look.spread < FLAT]
    telling = sorted(seen.keys() - set(blank))
    same = _groups(telling, _numbers([seen[row].digest for row in telling]))
    alike = _groups(
        telling, near_duplicate_groups(np.array([seen[row].hash for row in telling], np.uint64), max_distance=ALIKE)
    )
    known = set(map(tuple, same))
    pairs = [_compare(marks, group, True) for group in same]
    pairs += [_compare(marks, group, False) for group in alike if tuple(group) not in known]
    leaked, looked = _leaks(marks, same), _leaks(marks, alike)
    nearly = sorted(set(looked) - set(leaked))
    unlisted = _unlisted(folder, marks)

    def finding(kind: str, rows: Sequence[int], what: str, advice: str, say: Callable[[int], str]) -> Finding:
        return Finding(kind, len(rows), what, advice, tuple(say(row) for row in rows[:shown]), tuple(rows))

    differing = [pair for pair in pairs if any(pair.differing)]
    disagreeing = tuple(sorted({row for pair in differing for row in pair.rows}))
    findings = [
        finding("damaged", sorted(damaged), "have an image that cannot be read", "fetch these images again",
                lambda row: f"{marks.images[row]}: {damaged[row]}"),
        finding("tiny", sorted(tiny), f"have an image of less than {TINY} pixels", "look for larger images",
                lambda row: f"{marks.images[row]}: {tiny[row]} pixels"),
        finding("blank", blank, "have an image of one colour", "fetch them again, or leave them out; they show nothing",
                lambda row: marks.images[row]),
        finding("duplicates", sorted(row for group in same for row in group[1:]),
                "have the very image file of an earlier mark", "fine in a register; the split keeps them together",
                lambda row: marks.images[row]),
        finding("lookalikes",
                sorted(row for group in alike for row in group if seen[row].digest != seen[group[0]].digest),
                "have an image that looks like an earlier mark's", "look at those whose codes differ",
                lambda row: marks.images[row]),
        Finding("disagreeing", len(disagreeing),
                "look like another mark that carries other codes", "see which codes are missing on which of them",
                tuple(_told(marks, pair) for pair in differing[:shown]), disagreeing),
        finding("leak", leaked, "are in one part of the split and their very image file in another",
                "figures of the later part are too good; leave them out of the earlier one",
                lambda row: f"{marks.images[row]} ({marks.splits[row]})"),
        finding("near-leak", nearly,
                "are in one part of the split and an image that looks alike in another",
                "split again with `viennatag split`, which keeps them together",
                lambda row: f"{marks.images[row]} ({marks.splits[row]})"),
        Finding("unlisted", len(unlisted), "image files of the folder belong to no row with a code",
                "word marks mostly; or rows were lost", tuple(unlisted[:shown])),
    ]  # fmt: skip
    order = sorted(pairs, key=lambda pair: (-len(pair.rows), pair.rows))
    return Audit(tuple(each for each in findings if each.rows), tuple(order))


def check_drop(drop: Sequence[str], *, images: bool) -> None:
    """Raise OptionError if a kind cannot be dropped, or only an audit of images would find it and there is none."""
    if wrong := [kind for kind in drop if kind not in DROPPABLE]:
        raise OptionError(f"--drop {', '.join(wrong)}: choose among {', '.join(DROPPABLE)}")
    if not images and (blind := [kind for kind in drop if kind in _OF_IMAGES]):
        raise OptionError(f"--drop {', '.join(blind)}: only the images tell; name their folder with --images")


def clean_marks(marks: Marks, audit: Audit, *, drop: Sequence[str]) -> tuple[Marks, dict[str, int]]:
    """Return marks without the rows of some kinds of findings, and how many each kind left out.

    Of images that are equal or look alike one stays: where the earlier part of a leak is left out, its twin in the
    later part is no duplicate any more. A row of several kinds counts for the first of them in `DROPPABLE`.

    Args:
        marks: The marks that were audited.
        audit: What was found in them.
        drop: Kinds, among `DROPPABLE`.

    Raises:
        OptionError: If a kind cannot be dropped.
    """
    check_drop(drop, images=True)
    alike: dict[tuple[bool, int], set[int]] = {}
    for group in audit.alike:
        for row in group.rows:
            alike.setdefault((group.same, row), set()).update(group.rows)
    left: set[int] = set()
    counts = {}
    for kind in [kind for kind in DROPPABLE if kind in drop]:
        before = len(left)
        for row in sorted({row for finding in audit.findings if finding.kind == kind for row in finding.positions}):
            others = alike.get((kind != "lookalikes", row), set()) - left - {row}
            if others or kind not in _ALIKE:
                left.add(row)
        counts[kind] = len(left) - before
    return marks.select(row for row in range(len(marks)) if row not in left), counts


def audit_marks(
    marks: Marks, images: Path | str | None, *, progress: Callable[[int, int], None] | None = None
) -> Audit:
    """Return what is wrong with rows, and with images where their folder is named."""
    found = audit_images(marks, images, progress=progress) if images is not None else Audit((), ())
    return Audit((*check_rows(marks), *found.findings), found.alike)


def _numbers(digests: Sequence[bytes]) -> NDArray[np.int64]:
    number: dict[bytes, int] = {}
    return np.array([number.setdefault(digest, len(number)) for digest in digests], dtype=np.int64)


def _groups(rows: Sequence[int], numbers: NDArray[np.int64]) -> list[list[int]]:
    """Return the rows of each number that several rows have."""
    found: dict[int, list[int]] = {}
    for row, number in zip(rows, numbers.tolist(), strict=True):
        found.setdefault(number, []).append(row)
    return [group for group in found.values() if len(group) > 1]


def _compare(marks: Marks, rows: Sequence[int], same: bool) -> LookAlikes:
    sets = [set(marks.codes[row]) for row in rows]
    shared = set.intersection(*sets)
    differing = tuple(tuple(code for code in marks.codes[row] if code not in shared) for row in rows)
    return LookAlikes(tuple(rows), same, tuple(code for code in marks.codes[rows[0]] if code in shared), differing)


def _told(marks: Marks, pair: LookAlikes) -> str:
    each = (
        f"{marks.ids[row]} {'; '.join(codes) or 'nothing'}"
        for row, codes in list(zip(pair.rows, pair.differing, strict=True))[:3]
    )
    return f"beside {len(pair.shared)} shared codes: {' | '.join(each)}"


def _leaks(marks: Marks, groups: Sequence[Sequence[int]]) -> list[int]:
    """Return the rows of which an equal is in a later part: what is kept is the part that judges."""
    part = {name: at for at, name in enumerate(PARTS)}
    found = []
    for group in groups:
        stated = [(row, part[marks.splits[row]]) for row in group if marks.splits[row]]
        last = max((at for _, at in stated), default=0)
        found += [row for row, at in stated if at < last]
    return sorted(found)


def _unlisted(folder: Path, marks: Marks) -> list[str]:
    """Return image files below a folder that no mark names."""
    named = {os.path.normpath(image) for image in marks.images}
    found = []
    for here, below, names in os.walk(folder):
        below.sort()
        for name in sorted(names):
            path = os.path.relpath(os.path.join(here, name), folder)
            if name.lower().endswith(_ENDINGS) and path not in named:
                found.append(path)
    return found
