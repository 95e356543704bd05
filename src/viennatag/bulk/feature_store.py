"""Features of images in Parquet: a columnar store that training learns from without images.

    manifest.json, plan.jsonl     as in bulk prediction
    backbone.onnx                 pixels to features
    learned.u64                   hashes of the images that the backbone's bundle has learned from, if it is a bundle's
    shards/shard-000000.parquet   one row for each image, in the order of the source

A row holds what training and evaluation ask of an image: features of the whole and of its crops as serving computes
them (float32), colour features, the perceptual hash at 64 pixels, and 8 bytes of the hash of the file. `checksum` is
the CRC-32 of all that, so damage is found wherever it happened.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.writing import writing
from viennatag.errors import DataError, require
from viennatag.files import atomic_file, content_digest

STORED_BACKBONE = "backbone.onnx"
LEARNED = "learned.u64"


@dataclass(frozen=True, eq=False)
class StoredImages:
    """Images of a store, in its order.

    Attributes:
        names: Name of each image.
        errors: Why an image cannot be read, by its position.
        seen: 8 bytes of the hash of each file, as in `hash_files`; shape (images,).
        hashes: Perceptual hash of each image at 64 pixels, 0 where there is none; shape (images,).
        features: float32, shape (images, width), zeros where there are none.
        crops: The same for crops, shape (crops, width), the crops of an image one after another.
        crop_counts: Number of crops of each image, shape (images,).
        colours: float32, shape (images, colour labels); no columns where they are not kept.
    """

    names: list[str]
    errors: dict[int, str]
    seen: NDArray[np.uint64]
    hashes: NDArray[np.uint64]
    features: NDArray[np.float32]
    crops: NDArray[np.float32]
    crop_counts: NDArray[np.intp]
    colours: NDArray[np.float32]

    def checksums(self) -> NDArray[np.uint32]:
        """Return the CRC-32 of each image over its fields in the order above, shape (images,)."""
        starts = np.cumsum([0, *self.crop_counts])
        found = np.zeros(len(self.names), dtype=np.uint32)
        for at, name in enumerate(self.names):
            value = zlib.crc32(f"{name}\0{self.errors.get(at, '')}".encode())
            for part in (
                self.seen[at : at + 1], self.hashes[at : at + 1], self.features[at],
                self.crops[starts[at] : starts[at + 1]], self.colours[at],
            ):  # fmt: skip
                value = zlib.crc32(np.ascontiguousarray(part).tobytes(), value)
            found[at] = value
        return found


def write_images(images: StoredImages, path: Path) -> None:
    """Write a shard of a store, whole or not at all.

    Raises:
        BulkError: If it cannot be written.
    """
    arrow, parquet = require("pyarrow", "bulk"), require("pyarrow.parquet", "bulk")

    def rows(values: NDArray[np.float32]) -> Any:
        kind = arrow.list_(arrow.float32(), values.shape[1])
        return arrow.FixedSizeListArray.from_arrays(arrow.array(values.ravel()), type=kind)

    offsets = arrow.array(np.cumsum([0, *images.crop_counts]), arrow.int32())
    table = arrow.table(
        {
            "image": arrow.array(images.names),
            "error": arrow.array([images.errors.get(at) for at in range(len(images.names))], arrow.string()),
            "seen": arrow.array(images.seen),
            "hash": arrow.array(images.hashes),
            "features": rows(images.features),
            "crops": arrow.ListArray.from_arrays(offsets, rows(images.crops)),
            **({"colours": rows(images.colours)} if images.colours.shape[1] else {}),
            "checksum": arrow.array(images.checksums()),
        }
    )
    with writing(path), atomic_file(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd")


def read_images_of(path: Path) -> StoredImages:
    """Return a shard of a store, checked.

    Raises:
        DataError: If it cannot be read, or a checksum is wrong.
    """
    arrow, parquet = require("pyarrow", "bulk"), require("pyarrow.parquet", "bulk")
    try:
        table = parquet.read_table(path, memory_map=False).combine_chunks()
        columns = {
            name: column.chunk(0) if column.num_chunks else column.combine_chunks()
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
        errors = {at: error for at, error in enumerate(columns["error"].to_pylist()) if error is not None}
        features = _matrix(columns["features"])
        images = StoredImages(
            columns["image"].to_pylist(),
            errors,
            columns["seen"].to_numpy(),
            columns["hash"].to_numpy(),
            features,
            _matrix(columns["crops"].flatten()),
            np.diff(columns["crops"].offsets.to_numpy()).astype(np.intp),
            _matrix(columns["colours"]) if "colours" in columns else features[:, :0],
        )
        wrong = np.flatnonzero(images.checksums() != columns["checksum"].to_numpy())
    except (arrow.ArrowException, OSError, ValueError, KeyError, AttributeError, TypeError, IndexError) as exc:
        raise DataError(f"{path}: this shard cannot be read ({exc}); {_REPAIR}") from exc
    if len(wrong):
        raise DataError(f"{path}: row {int(wrong[0]):,} is damaged; {_REPAIR}")
    return images


_REPAIR = "the same `viennatag features` command extracts it again"
_WRITES = "the same `viennatag features` command writes it again"


def _matrix(lists: Any) -> NDArray[np.float32]:
    """Return lists of one length as an array, shape (lists, length)."""
    found: NDArray[np.float32] = (
        lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), lists.type.list_size)
    )
    return found


def _read_whole(path: Path, digest: str) -> bytes:
    """Return the content of a file.

    Raises:
        DataError: If it cannot be read, or is not what was written.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise DataError(f"{path}: cannot be read ({exc.strerror}); {_WRITES}") from exc
    if content_digest(content) != digest:
        raise DataError(f"{path}: it is damaged; {_WRITES}")
    return content


@dataclass(frozen=True, eq=False)
class FeatureStore:
    """A finished store.

    Attributes:
        folder: Its folder.
        backbone: Name of the backbone.
        crops: Whether crops and colour features are kept.
        learned: Hashes of the images that the backbone has learned from, see `seen_images`.
        digest: Of its source, backbone and options.
    """

    folder: Path
    backbone: str
    crops: bool
    learned: NDArray[np.uint64]
    digest: str
    _shards: Sequence[Path] = field(repr=False)
    _graph_digest: str = field(repr=False)

    @classmethod
    def open(cls, folder: Path | str) -> "FeatureStore":
        """Return the store in a folder.

        Raises:
            DataError: If there is none, or it is not finished.
        """
        folder = Path(folder)
        try:
            content = (folder / "manifest.json").read_bytes()
            manifest: Mapping[str, Any] = json.loads(content)
            options, model, count = manifest["options"], manifest["model"], manifest["shards"]
            crops, learned_digest = options["crops"], options["learned"]
            backbone, graph_digest = model["name"], model["digest"]
        except FileNotFoundError as exc:
            raise DataError(
                f"{folder}: no store of features; make one with: viennatag features SOURCE -o STORE"
            ) from exc
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise DataError(f"{folder}: no store of features that can be read ({exc!r})") from exc
        shards = [folder / "shards" / f"shard-{number:06}.parquet" for number in range(count)]
        missing = sum(not path.is_file() for path in shards)
        if missing:
            raise DataError(
                f"{folder}: the store is not finished, {missing:,} of its {count:,} shards are missing; the same "
                "`viennatag features` command goes on"
            )
        learned = np.frombuffer(_read_whole(folder / LEARNED, learned_digest), dtype="<u8").astype(np.uint64)
        digest = hashlib.sha256(content).hexdigest()
        return cls(folder, backbone, crops, learned, digest, shards, graph_digest)

    @property
    def graph(self) -> bytes:
        """The backbone, as ONNX.

        Raises:
            DataError: If it cannot be read, or is another than that of the features.
        """
        return _read_whole(self.folder / STORED_BACKBONE, self._graph_digest)

    def shards(self) -> Iterator[StoredImages]:
        """Yield the shards, each checked.

        Raises:
            DataError: If one is damaged.
        """
        return map(read_images_of, self._shards)
