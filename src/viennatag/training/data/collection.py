"""Marks with their features and parts: what every strategy on them shares.

Features are extracted once and marks split once, so that strategies differ in nothing but what they do.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import PARTS, Marks
from viennatag.errors import DataError
from viennatag.split.splitting import split_marks
from viennatag.training.backbones.backbone import Trunk
from viennatag.training.data.features import Features, extract_features, maps_size
from viennatag.training.heads.trainer import Examples

TRAIN, VALIDATION, TEST = range(len(PARTS))
MORE = len(PARTS)
"""The part of marks that a strategy may add to training, and nothing else may see."""
Report = Callable[[str, int, int, str], None]
"""Told the stage, how much of how much of it is done, and a remark."""


@dataclass(frozen=True, eq=False)
class Collection:
    """Marks whose features are known, in parts.

    Attributes:
        marks: The marks.
        parts: Part of each mark, a position in `PARTS` or `MORE`; shape (marks,).
        features: Raw features, shape (rows, width).
        rows: Row of `features` for each mark, shape (marks,).
        maps: What features are the mean of, shape (rows, places, width); None if no head asked for it.
    """

    marks: Marks
    parts: NDArray[np.int8]
    features: NDArray[Any]
    rows: NDArray[np.intp]
    maps: NDArray[Any] | None = None

    def labels(self, *, min_count: int) -> LabelSet:
        """Return the labels that at least `min_count` training marks carry; see `LabelSet.from_marks`."""
        return LabelSet.from_marks(self.marks.select(np.flatnonzero(self.parts == TRAIN)), min_count=min_count)

    def examples(self, labels: LabelSet, part: int) -> Examples:
        """Return the marks of one part with targets over some labels."""
        return self._examples(labels, np.flatnonzero(self.parts == part))

    def training(self, labels: LabelSet, *, until: int = 0) -> Examples:
        """Return the marks to learn from, with further marks of rare labels if asked for.

        A further mark is added, in the order of the table, if it carries a label that fewer than `until`
        marks have so far.
        """
        own = self.examples(labels, TRAIN)
        if not until:
            return own
        more, counts = self.examples(labels, MORE), own.counts()
        added = []
        for at in range(len(more)):
            carried = more.targets.indices[more.targets.indptr[at] : more.targets.indptr[at + 1]]
            if np.any(counts[carried] < until):
                counts[carried] += 1
                added.append(at)
        joined = np.concatenate([np.flatnonzero(self.parts == TRAIN), np.flatnonzero(self.parts == MORE)[added]])
        return self._examples(labels, joined)

    def _examples(self, labels: LabelSet, at: NDArray[np.intp]) -> Examples:
        chosen = self.marks.select(at)
        return Examples(self.features, self.rows[at], labels.encode(chosen.codes), np.array(chosen.weights), self.maps)

    @property
    def has_more(self) -> bool:
        """Whether there are marks that a strategy may add."""
        return bool(np.any(self.parts == MORE))

    @cached_property
    def digest(self) -> str:
        """Hash of all that decides what a strategy reaches on these marks."""
        found = hashlib.sha256(repr((self.marks.taxonomy, self.marks.codes, self.marks.weights)).encode())
        found.update(self.parts.tobytes())
        for at in range(0, len(self.rows), 8192):
            found.update(np.ascontiguousarray(self.features[self.rows[at : at + 8192]]).tobytes())
        return found.hexdigest()


def collect(
    marks: Marks,
    images: Path | str,
    trunk: Trunk,
    *,
    cache: Path,
    maps: bool = False,
    more: tuple[Marks, Path | str] | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    report: Report | None = None,
) -> Collection:
    """Return marks with the features of their images, split into parts.

    Args:
        marks: The marks; where their `split` is given it is kept.
        images: Folder that the marks' images are relative to.
        trunk: What turns pixels into features.
        cache: Folder that keeps features between runs.
        maps: Whether the maps of features are wanted too, for strategies that read them.
        more: Further marks, and the folder of their images, that strategies may add to training.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the split.
        report: Told how far the work is.

    Raises:
        DataError: If an image cannot be read, a part is empty, or further marks are of another taxonomy.
        OptionError: If maps are wanted, and the trunk has none or there is no room for them.
    """
    found = _extract(marks, images, trunk, cache, report, maps=maps)
    kept, rows = marks.readable(found.errors, skip_bad=skip_bad)
    parts = training_parts(kept, hashes=found.hashes[rows], seed=seed)
    collection = Collection(kept, parts, found.values, found.rows[rows], found.maps)
    if not more:
        return collection
    return add_marks(collection, *more, trunk, cache=cache, skip_bad=skip_bad, report=report)


def training_parts(marks: Marks, *, hashes: NDArray[np.uint64] | None, seed: int) -> NDArray[np.int8]:
    """Return the part of each mark, shape (marks,); see `split_marks`.

    Raises:
        DataError: If a part is empty.
    """
    parts = split_marks(marks, hashes=hashes, seed=seed)
    for at, part in enumerate(PARTS):
        if not np.any(parts == at):
            raise DataError(f"no mark is in the part {part!r}; training needs train, validation and test marks")
    return parts


def add_marks(
    collection: Collection,
    marks: Marks,
    images: Path | str,
    trunk: Trunk,
    *,
    cache: Path,
    skip_bad: bool = False,
    report: Report | None = None,
) -> Collection:
    """Return a collection with further marks, in the part `MORE`.

    Args:
        collection: The marks so far, their features from the same trunk and cache.
        marks: The further marks; their own split is of no account.
        images: Folder that their images are relative to.
        trunk: What turns pixels into features.
        cache: Folder that keeps features between runs; it only grows, so rows of earlier features stay true.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        report: Told how far the work is.

    Raises:
        DataError: If an image cannot be read, or the marks are of another taxonomy.
    """
    if marks.taxonomy != collection.marks.taxonomy:
        raise DataError(f"the further marks carry {marks.taxonomy} labels, the others {collection.marks.taxonomy} ones")
    found = _extract(marks, images, trunk, cache, report, maps=collection.maps is not None)
    kept, rows = marks.readable(found.errors, skip_bad=skip_bad)
    return Collection(
        _joined(collection.marks, kept),
        np.concatenate([collection.parts, np.full(len(kept), MORE, dtype=np.int8)]),
        found.values,
        np.concatenate([collection.rows, found.rows[rows]]),
        found.maps,
    )


def _extract(
    marks: Marks, images: Path | str, trunk: Trunk, cache: Path, report: Report | None, *, maps: bool
) -> Features:
    paths = [Path(images) / image for image in marks.images]
    remark = f"with maps of {trunk.places} places, {maps_size(trunk, len(paths)) / 1e6:,.1f} MB" if maps else ""
    told = (lambda done, total: report("features", done, total, remark)) if report else None
    return extract_features(paths, trunk, cache=cache, maps=maps, progress=told)


def _joined(first: Marks, second: Marks) -> Marks:
    return replace(
        first,
        images=first.images + second.images,
        codes=first.codes + second.codes,
        ids=first.ids + second.ids,
        groups=first.groups + second.groups,
        splits=first.splits + second.splits,
        weights=first.weights + second.weights,
        skipped=first.skipped + second.skipped,
    )
