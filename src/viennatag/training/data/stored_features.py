"""Marks of a store of features: what training asks of images, without the images.

Features are copied once from the store's Parquet into the cache, as float16 in one memory map, as those of image files
are. So a bundle that was trained on a store is the one that the images would have given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.feature_store import FeatureStore, StoredImages
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.files import atomic_file
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.data.features import Features
from viennatag.training.data.held_out import HeldOut


@dataclass(frozen=True, eq=False)
class StoredFeatures:
    """A store as the source of a collection; its features are copied into the cache, where they can be mapped."""

    store: FeatureStore
    cache: Path
    _held_out: dict[tuple[tuple[str, ...], bool], HeldOut] = field(default_factory=dict, repr=False)

    @cached_property
    def backbone(self) -> Backbone:
        """Pixels to the store's features."""
        graph = self.store.graph
        engine = Engine(graph, threads=1)
        pixels = np.zeros((1, engine.size, engine.size, 3), dtype=np.uint8)
        return Backbone(self.store.backbone, graph, engine.run(pixels, ("features",))[0].shape[1], engine.size)

    def features(self, marks: Marks) -> Features:
        """Return the features of marks."""
        rows, errors = self._find(marks)
        return Features(self._values, rows, self._pick(self._index.hashes, rows), errors)

    def hashes(self, marks: Marks) -> tuple[NDArray[np.uint64], dict[int, str]]:
        """Return what `hash_images` returns for the images of marks."""
        rows, errors = self._find(marks)
        return self._pick(self._index.hashes, rows), errors

    def seen(self, marks: Marks) -> NDArray[np.uint64]:
        """Return what `hash_files` returns for the images of marks."""
        return self._pick(self._index.seen, self._find(marks)[0])

    def held_out(self, marks: Marks, labels: LabelSet) -> HeldOut:
        """Return what serving computes of marks before the head; see `extract_held_out`.

        Raises:
            DataError: If a shard is damaged, or the store lacks what the labels need.
        """
        crops = bool(labels.is_pictorial.any())
        colours = labels.taxonomy == "vienna" and bool(labels.index.keys() & set(COLOUR_LABELS))
        if (crops or colours) and not self.store.crops:
            raise DataError(
                f"{self.store.folder}: the store was made with --taxonomy flat, without crops and colours; Vienna "
                "codes need one made without it"
            )
        key = marks.images, colours
        if key not in self._held_out:
            self._held_out[key] = self._read_held_out(self._find(marks)[0], crops=crops, colours=colours)
        return self._held_out[key]

    def _read_held_out(self, rows: NDArray[np.intp], *, crops: bool, colours: bool) -> HeldOut:
        order = np.argsort(rows, kind="stable")
        views: list[NDArray[np.float32]] = [np.empty((0, 0), dtype=np.float32)] * len(rows)
        read = np.zeros((len(rows), len(COLOUR_LABELS)), dtype=np.float32)
        at = 0
        for start, shard in self._shards():
            starts = np.cumsum([0, *shard.crop_counts])
            while at < len(order) and rows[order[at]] < start + len(shard.names):
                place, row = order[at], rows[order[at]] - start
                own = shard.crops[starts[row] : starts[row + 1]] if crops else shard.crops[:0]
                views[place] = np.concatenate([shard.features[row : row + 1], own])
                if colours:
                    read[place] = shard.colours[row]
                at += 1
        counts = np.array([len(each) for each in views], dtype=np.intp)
        return HeldOut(np.concatenate(views), counts, read if colours else None, backbone=self.backbone)

    def _find(self, marks: Marks) -> tuple[NDArray[np.intp], dict[int, str]]:
        """Return the row of each mark's image, -1 for one that has no features, and why."""
        index, errors = self._index, {}
        rows = np.array([index.row_of.get(image, -1) for image in marks.images], dtype=np.intp)
        for at in np.flatnonzero(rows < 0).tolist():
            errors[at] = f"it is not in {self.store.folder}"
        for at, row in enumerate(rows.tolist()):
            if row in index.errors:
                errors[at], rows[at] = index.errors[row], -1
        return rows, errors

    @staticmethod
    def _pick(values: NDArray[np.uint64], rows: NDArray[np.intp]) -> NDArray[np.uint64]:
        return np.where(rows >= 0, values[np.maximum(rows, 0)], np.uint64(0))

    def _shards(self) -> Iterator[tuple[int, StoredImages]]:
        """Yield the shards, each with the row of its first image."""
        start = 0
        for shard in self.store.shards():
            yield start, shard
            start += len(shard.names)

    @cached_property
    def _index(self) -> "_Index":
        """Names, errors and hashes of all images; the features are copied into the cache by the way."""
        row_of: dict[str, int] = {}
        errors: dict[int, str] = {}
        seen, hashes, rows = [], [], 0
        with atomic_file(self._copy) as temporary, temporary.open("wb") as file:
            for start, shard in self._shards():
                for at, name in enumerate(shard.names):
                    row_of.setdefault(name, start + at)
                errors |= {start + at: error for at, error in shard.errors.items()}
                seen.append(shard.seen)
                hashes.append(shard.hashes)
                file.write(shard.features.astype(np.float16).tobytes())
                rows = start + len(shard.names)
        if rows == len(errors):
            raise DataError(f"{self.store.folder}: no image in the store could be read")
        return _Index(row_of, errors, np.concatenate(seen), np.concatenate(hashes))

    @property
    def _copy(self) -> Path:
        return self.cache / "stores" / f"{self.backbone.digest[:24]}-{self.store.digest[:24]}.f16"

    @cached_property
    def _values(self) -> NDArray[np.float16]:
        shape = len(self._index.hashes), self.backbone.width
        return np.memmap(self._copy, dtype=np.float16, mode="r", shape=shape)


@dataclass(frozen=True, eq=False)
class _Index:
    row_of: dict[str, int]
    errors: dict[int, str]
    seen: NDArray[np.uint64]
    hashes: NDArray[np.uint64]


def refuse_images(**given: object) -> None:
    """Raise OptionError if something is asked for that needs images."""
    for name, value in given.items():
        if value:
            raise OptionError(
                f"{name} needs images, and a store holds features only; give --images in place of --features"
            )
