"""Image checks: problems with the images of marks, found before training.

Every file is decoded once, on all cores; nothing is changed. Findings are listed by kind, and `clean_marks` drops
only the kinds that it is given.
"""

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.data.marks import SUBSETS, Marks
from viennatag.data.source_files import IMAGE_ENDINGS, list_source_files
from viennatag.errors import OptionError
from viennatag.files import printable
from viennatag.images.decoding import ImageMeasurement
from viennatag.images.reading import measure_images
from viennatag.inspection.row_checks import Finding, check_rows
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.splitting import MAX_DISTANCE

TINY = 32
"""Pixels of the longer side below which only large shapes can be recognised."""
FLAT = 8
"""An image whose channels all vary by less than this is blank."""
_ALIKE = ("leak", "duplicates", "lookalikes")
_OF_IMAGES = ("damaged", "tiny", "blank", *_ALIKE)
DROPPABLE = ("damaged", "tiny", "blank", "contradictory", "unlabelled", "crowded", "unknown-code", "text-only", *_ALIKE)
"""Kinds whose rows can be dropped, in this order."""


@dataclass(frozen=True)
class DuplicateGroup:
    """Marks with equal image files, or images that look alike.

    Attributes:
        rows: Positions of the marks, ascending.
        same: Whether the files are equal byte for byte.
        shared: Codes that all marks carry.
        differing: For each mark its other codes.
    """

    rows: tuple[int, ...]
    same: bool
    shared: tuple[str, ...]
    differing: tuple[tuple[str, ...], ...]

    def to_json(self, marks: Marks) -> dict[str, Any]:
        """Return plain data; marks are given by their ids."""
        return {
            "same_file": self.same,
            "marks": [marks.ids[row] for row in self.rows],
            "shared_codes": list(self.shared),
            "differing_codes": [list(codes) for codes in self.differing],
        }


@dataclass(frozen=True)
class ImageReport:
    """A finding for each kind that occurs, and groups of marks with equal or similar images, the largest first."""

    findings: tuple[Finding, ...]
    alike: tuple[DuplicateGroup, ...]


def check_images(
    marks: Marks, images: Path | str, *, shown: int = 5, progress: Callable[[int, int], None] | None = None
) -> ImageReport:
    """Return the findings in the images of marks, each with up to `shown` examples.

    Progress is reported as images done and images in all.

    Raises:
        MissingExtraError: If SciPy is not installed.
    """
    folder = Path(images)
    readable: dict[int, ImageMeasurement] = {}
    damaged: dict[int, str] = {}
    for row, outcome in enumerate(measure_images(folder / image for image in marks.images)):
        if isinstance(outcome, ImageMeasurement):
            readable[row] = outcome
        else:
            damaged[row] = str(outcome)
        if progress:
            progress(row + 1, len(marks))
    tiny = [row for row, each in readable.items() if max(each.width, each.height) < TINY]
    blank = [row for row, each in readable.items() if each.contrast < FLAT]
    rows = sorted(readable.keys() - set(blank))
    hashes = np.array([readable[row].hash for row in rows], np.uint64)
    same = _group_rows(rows, [readable[row].digest for row in rows])
    alike = _group_rows(rows, near_duplicate_groups(hashes, max_distance=MAX_DISTANCE).tolist())
    known = set(map(tuple, same))
    groups = [_compare_codes(marks, group, same=True) for group in same]
    groups += [_compare_codes(marks, group, same=False) for group in alike if tuple(group) not in known]
    leaked = _find_leaks(marks, same)
    nearly_leaked = sorted(set(_find_leaks(marks, alike)) - set(leaked))
    unlisted = _find_unlisted(folder, marks)
    differing = [group for group in groups if any(group.differing)]
    disagreeing = tuple(sorted({row for group in differing for row in group.rows}))

    def finding(kind: str, rows: Sequence[int], what: str, advice: str, describe: Callable[[int], str]) -> Finding:
        return Finding(kind, len(rows), what, advice, tuple(describe(row) for row in rows[:shown]), tuple(rows))

    def in_subset(row: int) -> str:
        return f"{marks.images[row]} ({marks.splits[row]})"

    findings = [
        finding("damaged", sorted(damaged), "with an image that cannot be read", "fetch these images again",
                lambda row: f"{marks.images[row]}: {damaged[row]}"),
        finding("tiny", tiny, f"with an image of less than {TINY} pixels", "look for larger images",
                lambda row: f"{marks.images[row]}: {readable[row].width} × {readable[row].height} pixels"),
        finding("blank", blank, "with an image of one colour", "fetch them again, or leave them out; they show nothing",
                lambda row: marks.images[row]),
        finding("duplicates", sorted(row for group in same for row in group[1:]),
                "with the same image file as an earlier mark", "fine in a register; the split keeps them together",
                lambda row: marks.images[row]),
        finding("lookalikes",
                sorted(row for group in alike for row in group if readable[row].digest != readable[group[0]].digest),
                "with an image that looks like an earlier mark's", "check those whose codes differ",
                lambda row: marks.images[row]),
        Finding("disagreeing", len(disagreeing),
                "with an image like that of another mark, but other codes",
                "check which codes are missing on which mark",
                tuple(_describe(marks, group) for group in differing[:shown]), disagreeing),
        finding("leak", leaked, "with the same image file in another subset of the split",
                "metrics of the later subset are too good; leave these rows out of the earlier one", in_subset),
        finding("near-leak", nearly_leaked,
                "with an image that looks alike in another subset of the split",
                "split again with `viennatag split`, which keeps them together", in_subset),
        Finding("unlisted", len(unlisted), "in the folder of images, but in no row with a code",
                "images without a label, such as word marks; or rows were lost", tuple(unlisted[:shown])),
    ]  # fmt: skip
    groups.sort(key=lambda group: (-len(group.rows), group.rows))
    return ImageReport(tuple(each for each in findings if each.rows), tuple(groups))


def check_drop(drop: Sequence[str], *, images: bool) -> None:
    """Raise OptionError if a kind cannot be dropped, or needs image checks and there are none."""
    if wrong := [kind for kind in drop if kind not in DROPPABLE]:
        raise OptionError(f"--drop {', '.join(wrong)}: choose among {', '.join(DROPPABLE)}")
    if not images and (blind := [kind for kind in drop if kind in _OF_IMAGES]):
        raise OptionError(f"--drop {', '.join(blind)}: these need image checks; name the folder with --images")


def clean_marks(marks: Marks, report: ImageReport, *, drop: Sequence[str]) -> tuple[Marks, dict[str, int]]:
    """Return marks without the rows of some kinds of findings, and the number of rows dropped for each kind.

    Of images that are equal or look alike one is kept: if the earlier row of a leak is dropped, its duplicate in the
    later subset is no duplicate any more. A row of several kinds counts for the first of them in `DROPPABLE`.

    Raises:
        OptionError: If a kind cannot be dropped.
    """
    check_drop(drop, images=True)
    alike: dict[tuple[bool, int], set[int]] = {}
    for group in report.alike:
        for row in group.rows:
            alike.setdefault((group.same, row), set()).update(group.rows)
    dropped: set[int] = set()
    counts = {}
    for kind in [kind for kind in DROPPABLE if kind in drop]:
        before = len(dropped)
        for row in sorted({row for finding in report.findings if finding.kind == kind for row in finding.positions}):
            others = alike.get((kind != "lookalikes", row), set()) - dropped - {row}
            if others or kind not in _ALIKE:
                dropped.add(row)
        counts[kind] = len(dropped) - before
    return marks.select(row for row in range(len(marks)) if row not in dropped), counts


def check_marks(
    marks: Marks, images: Path | str | None, *, progress: Callable[[int, int], None] | None = None
) -> ImageReport:
    """Return the findings in rows, and in images if their folder is given."""
    report = check_images(marks, images, progress=progress) if images is not None else ImageReport((), ())
    return ImageReport((*check_rows(marks), *report.findings), report.alike)


def _group_rows(rows: Sequence[int], keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the rows of each key that several rows have."""
    found: dict[Hashable, list[int]] = {}
    for row, key in zip(rows, keys, strict=True):
        found.setdefault(key, []).append(row)
    return [group for group in found.values() if len(group) > 1]


def _compare_codes(marks: Marks, rows: Sequence[int], *, same: bool) -> DuplicateGroup:
    sets = [set(marks.codes[row]) for row in rows]
    shared = set.intersection(*sets)
    differing = tuple(tuple(code for code in marks.codes[row] if code not in shared) for row in rows)
    return DuplicateGroup(tuple(rows), same, tuple(code for code in marks.codes[rows[0]] if code in shared), differing)


def _describe(marks: Marks, group: DuplicateGroup) -> str:
    first = list(zip(group.rows, group.differing, strict=True))[:3]
    described = " | ".join(f"{marks.ids[row]} {'; '.join(codes) or 'nothing'}" for row, codes in first)
    return f"beside {len(group.shared)} shared codes: {described}"


def _find_leaks(marks: Marks, groups: Sequence[Sequence[int]]) -> list[int]:
    """Return the rows whose group has a row in a later subset, which is the one to keep."""
    found = []
    for group in groups:
        stated = [(row, SUBSETS.index(marks.splits[row])) for row in group if marks.splits[row]]
        last = max((at for _, at in stated), default=0)
        found += [row for row, at in stated if at < last]
    return sorted(found)


def _find_unlisted(folder: Path, marks: Marks) -> list[str]:
    """Return image files below a folder that no mark names."""
    named = {os.path.normpath(image) for image in marks.images}
    files = list_source_files(folder, IMAGE_ENDINGS, zipped=False)
    return [printable(file.name) for file in files if os.path.normpath(file.name) not in named]
