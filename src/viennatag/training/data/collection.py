"""Marks with their features, split into subsets: the common input of all strategies.

Features are extracted once and marks are split once, so that only the strategies differ.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError, count
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.images.crops import MAX_CROPS
from viennatag.images.reading import hash_images
from viennatag.metrics.scores import as_targets
from viennatag.split.splitting import MAX_DISTANCE, describe_look_alikes, describe_taken, split_marks
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.data.examples import Examples
from viennatag.training.data.features import Features, extract_features, feature_map_bytes
from viennatag.training.data.held_out import HeldOut, extract_held_out
from viennatag.training.data.stored_features import StoredFeatures, refuse_images

TRAIN, VALIDATION, TEST = range(len(SUBSETS))
EXTRA = len(SUBSETS)
"""The subset of extra marks, which a strategy may add to training."""
ProgressCallback = Callable[[str, int, int, str], None]
"""Progress callback: stage, steps done, steps in all, and a remark."""


@dataclass(frozen=True, eq=False)
class ImageFolder:
    """The images of a collection: the folder that they are relative to, and what runs and keeps them."""

    images: Path
    backbone: Backbone
    cache: Path
    progress: ProgressCallback | None = None

    def held_out(self, marks: Marks, labels: LabelSet) -> HeldOut:
        """Return what serving computes of marks before the head; see `extract_held_out`."""
        told = self.progress
        return extract_held_out(
            [self.images / image for image in marks.images],
            self.backbone,
            cache=self.cache,
            max_crops=MAX_CROPS if labels.is_pictorial.any() else 0,
            colours=labels.taxonomy == "vienna" and bool(labels.index.keys() & set(COLOUR_LABELS)),
            progress=(lambda done, total: told("held-out marks", done, total, "")) if told else None,
        )


@dataclass(frozen=True, eq=False)
class Collection:
    """Marks whose features are known, in subsets.

    Attributes:
        marks: The marks.
        subsets: Subset of each mark, a position in `SUBSETS` or `EXTRA`; shape (marks,).
        features: Raw features, shape (rows, width).
        rows: Row of `features` for each mark, shape (marks,).
        feature_maps: Shape (rows, positions, width), their mean is `features`; None if no head needs them.
        source: Where the images are, or a store of what serving computes of them, so that held-out marks are evaluated
            as they will be served; None where only features are known.
    """

    marks: Marks
    subsets: NDArray[np.int8]
    features: NDArray[Any]
    rows: NDArray[np.intp]
    feature_maps: NDArray[Any] | None = None
    source: ImageFolder | StoredFeatures | None = None

    def labels(self, *, min_count: int) -> LabelSet:
        """Return the labels that at least `min_count` training marks carry; see `LabelSet.from_marks`."""
        return LabelSet.from_marks(self.marks_of(TRAIN), min_count=min_count)

    def examples(self, labels: LabelSet, subset: int) -> Examples:
        """Return the marks of one subset with targets over some labels."""
        return self._examples(labels, np.flatnonzero(self.subsets == subset))

    def marks_of(self, subset: int) -> Marks:
        """Return the marks of one subset."""
        return self.marks.select(np.flatnonzero(self.subsets == subset))

    def held_out(self, labels: LabelSet, subset: int) -> HeldOut:
        """Return the marks of one subset as serving sees them: whole, by their crops, and with their colours."""
        if self.source is None:
            return HeldOut.of_examples(self.examples(labels, subset))
        return self.source.held_out(self.marks_of(subset), labels)

    def training(self, labels: LabelSet, *, target_count: int = 0) -> Examples:
        """Return the training marks, with extra marks of rare labels if asked for.

        An extra mark is added, in the order of the table, if one of its labels has fewer than `target_count` marks so
        far.
        """
        own = self.examples(labels, TRAIN)
        if not target_count:
            return own
        extra, counts = self.examples(labels, EXTRA), own.counts()
        carried_by = as_targets(extra.targets)
        added = []
        for at in range(len(extra)):
            carried = carried_by.indices[carried_by.indptr[at] : carried_by.indptr[at + 1]]
            if np.any(counts[carried] < target_count):
                counts[carried] += 1
                added.append(at)
        joined = np.concatenate([np.flatnonzero(self.subsets == TRAIN), np.flatnonzero(self.subsets == EXTRA)[added]])
        return self._examples(labels, joined)

    def _examples(self, labels: LabelSet, at: NDArray[np.intp]) -> Examples:
        chosen = self.marks.select(at)
        return Examples(
            self.features, self.rows[at], labels.targets(chosen), np.array(chosen.weights), self.feature_maps
        )

    @property
    def has_extra(self) -> bool:
        """Whether there are marks that a strategy may add."""
        return bool(np.any(self.subsets == EXTRA))

    @cached_property
    def digest(self) -> str:
        """Hash of all that the result of a strategy on these marks depends on."""
        found = hashlib.sha256(repr((self.marks.taxonomy, self.marks.codes, self.marks.weights)).encode())
        found.update(repr(self.marks.unknown).encode() if self.marks.unknown else b"")
        found.update(self.subsets.tobytes())
        for at in range(0, len(self.rows), 8192):
            found.update(np.ascontiguousarray(self.features[self.rows[at : at + 8192]]).tobytes())
        return found.hexdigest()


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Marks in their subsets, and what reads and keeps them: what is the same for all trainings on them.

    Attributes:
        marks: With the subset of each in `splits`.
        images: Folder that the marks' images are relative to, or a store of their features.
        cache: Folder that keeps backbones, features and checkpoints.
        unlabelled_images: Images without labels, for networks with a teacher.
        extra_marks: Extra marks, and the folder of their images, that a strategy may add.
        skip_bad: Whether marks whose image cannot be read are left out.
        progress: Progress callback.
        logger: One of Lightning's, for fine-tuning.
        deadline: When fine-tuning ends at its best epoch, on the clock of `time.perf_counter`; None lets it end itself.
    """

    marks: Marks
    images: Path | StoredFeatures
    cache: Path
    unlabelled_images: Sequence[Path] = ()
    extra_marks: tuple[Marks, Path | str] | None = None
    skip_bad: bool = False
    progress: ProgressCallback = lambda *_: None
    logger: Any = None
    deadline: float | None = None

    def collect(self, backbone: Backbone, *, feature_maps: bool = False, seed: int = 0) -> Collection:
        """Return the marks with the features of their images; see `collect`."""
        return collect(
            self.marks,
            self.images,
            backbone,
            cache=self.cache,
            feature_maps=feature_maps,
            extra_marks=self.extra_marks,
            skip_bad=self.skip_bad,
            seed=seed,
            progress=self.progress,
        )


def collect(
    marks: Marks,
    images: Path | str | StoredFeatures,
    backbone: Backbone,
    *,
    cache: Path,
    feature_maps: bool = False,
    extra_marks: tuple[Marks, Path | str] | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> Collection:
    """Return marks with the features of their images, split into subsets.

    Where the `split` of marks is given it is kept. Extra marks, with the folder of their images, are those that
    strategies may add to training.

    Raises:
        DataError: If an image cannot be read, a subset is empty, or extra marks are of another taxonomy.
        OptionError: If feature maps are asked for, and the backbone has none or there is no room for them.
    """
    if not _has_subsets(marks):
        marks = split_readable(marks, images, skip_bad=skip_bad, seed=seed, progress=progress)
    found = _extract(marks, images, backbone, cache, progress, feature_maps=feature_maps)
    kept, rows = marks.readable(found.errors, skip_bad=skip_bad)
    subsets = _subsets(kept)
    source = images if isinstance(images, StoredFeatures) else ImageFolder(Path(images), backbone, cache, progress)
    collection = Collection(kept, subsets, found.values, found.rows[rows], found.feature_maps, source)
    if not extra_marks:
        return collection
    return add_extra_marks(collection, *extra_marks, backbone, cache=cache, skip_bad=skip_bad, progress=progress)


def split_readable(
    marks: Marks,
    images: Path | str | StoredFeatures,
    *,
    near_duplicates: int | None = MAX_DISTANCE,
    skip_bad: bool,
    seed: int,
    progress: ProgressCallback | None = None,
) -> Marks:
    """Return the marks whose image can be read, with the subset of each in `splits`.

    Images that look alike stay together: those whose hashes differ in at most `near_duplicates` bits; None does not
    look. What they look like is asked at one size, so the subsets are the same for every backbone and image size, and
    those of `viennatag split`.
    """
    hashes = None
    if skip_bad or not _has_subsets(marks):  # else an unreadable image is found when it is decoded
        if isinstance(images, StoredFeatures):
            found, errors = images.hashes(marks)
        else:
            paths = [Path(images) / image for image in marks.images]
            report = (lambda done, total: progress("images", done, total, "")) if progress else None
            found, errors = hash_images(paths, progress=report)
        marks, rows = marks.readable(errors, skip_bad=skip_bad)
        hashes = found[rows]
    if near_duplicates is None:
        hashes = None
    distance = near_duplicates or 0
    if progress and hashes is not None and (told := describe_look_alikes(hashes, max_distance=distance)):
        progress("look-alikes", 1, 1, told)
    subsets = split_marks(marks, hashes=hashes, max_distance=distance, seed=seed)
    if progress and (told := describe_taken(marks, subsets)):
        progress("subsets", 1, 1, told)
    marks = replace(marks, splits=tuple(SUBSETS[at] for at in subsets))
    _subsets(marks)
    return marks


def _has_subsets(marks: Marks) -> bool:
    return all(marks.splits) and set(marks.splits) == set(SUBSETS)


def _subsets(marks: Marks) -> NDArray[np.int8]:
    """Return the subset of each mark, shape (marks,).

    Raises:
        DataError: If a subset is empty, or has no label where training needs some.
    """
    subsets = np.array([SUBSETS.index(split) for split in marks.splits], dtype=np.int8)
    for at, subset in enumerate(SUBSETS):
        if not np.any(subsets == at):
            raise DataError(
                f"the {subset} subset is empty ({count(len(marks), 'mark')} in all); training needs train, validation "
                "and test marks: add marks, or move some to it in a column 'split'"
            )
        if at != TEST and not any(marks.codes[row] for row in np.flatnonzero(subsets == at)):
            raise DataError(
                f"no mark of the {subset} subset has a label ({np.sum(subsets == at):,} marks); training needs labels "
                "there: move marks with labels to it, or leave out the column of subsets (--ignore split), so that "
                "marks are split anew"
            )
    return subsets


def add_extra_marks(
    collection: Collection,
    marks: Marks,
    images: Path | str,
    backbone: Backbone,
    *,
    cache: Path,
    skip_bad: bool = False,
    progress: ProgressCallback | None = None,
) -> Collection:
    """Return a collection with extra marks, in the subset `EXTRA`; their own split is ignored.

    The other arguments are those that made the collection, see `collect`. Its features must come from the same backbone
    and cache: the cache only grows, so rows of earlier features stay valid.

    Raises:
        DataError: If an image cannot be read, or the marks are of another taxonomy.
    """
    if marks.taxonomy != collection.marks.taxonomy:
        raise DataError(f"the extra marks have {marks.taxonomy} labels, the others {collection.marks.taxonomy} ones")
    keep_maps, first = collection.feature_maps is not None, collection.marks
    found = _extract(marks, images, backbone, cache, progress, feature_maps=keep_maps)
    kept, rows = marks.readable(found.errors, skip_bad=skip_bad)
    columns = ("images", "codes", "ids", "groups", "splits", "weights", "skipped")
    return replace(
        collection,
        marks=replace(first, **{name: getattr(first, name) + getattr(kept, name) for name in columns}),
        subsets=np.concatenate([collection.subsets, np.full(len(kept), EXTRA, dtype=np.int8)]),
        features=found.values,
        rows=np.concatenate([collection.rows, found.rows[rows]]),
        feature_maps=found.feature_maps,
    )


def _extract(
    marks: Marks,
    images: Path | str | StoredFeatures,
    backbone: Backbone,
    cache: Path,
    progress: ProgressCallback | None,
    *,
    feature_maps: bool,
) -> Features:
    if isinstance(images, StoredFeatures):
        refuse_images(**{"a head that reads feature maps": feature_maps})
        return images.features(marks)
    paths, remark = [Path(images) / image for image in marks.images], ""
    if feature_maps:
        size = feature_map_bytes(backbone, len(paths))
        remark = f"with feature maps of {backbone.positions} positions, {size / 1e6:,.1f} MB"
    report = (lambda done, total: progress("features", done, total, remark)) if progress else None
    return extract_features(paths, backbone, cache=cache, feature_maps=feature_maps, progress=report)
