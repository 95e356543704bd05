"""Features of images, computed once and kept.

The cache is keyed by the content of image files, the preprocessing and the backbone, so moving or renaming files costs
nothing and nothing stale is ever used. Files are only appended to, so an interrupted run goes on after its last whole
row. Feature maps take much more room: they are kept only for heads that read them, in a folder of their own.
"""

import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, ImageError, OptionError
from viennatag.files import open_plain
from viennatag.images.decoding import perceptual_hash
from viennatag.runtime.engine import Engine, run_images
from viennatag.training.backbones.backbone import Backbone

PREPROCESSING = "even-margin-bilinear-6"
"""Changes whenever `read_image` gives other pixels, which makes every cached feature stale."""
KEY_BYTES = 16
_CHECKSUMS = "checksums.u32"
_CHECKED = 64  # rows whose checksums are compared at a time
MAX_MAP_BYTES = 16 << 30
"""Disk space that the feature maps of one collection may take."""


@dataclass(frozen=True, eq=False)
class Features:
    """Features of a list of images.

    Attributes:
        values: float16, shape (images, width); a memory map, read as needed.
        rows: Row of `values` for each image, -1 for one that cannot be read.
        hashes: Perceptual hash of each image, shape (images,).
        errors: Why an image cannot be read, by its position.
        feature_maps: Their mean is `values`; float16, shape (images, positions, width), a memory map. None if they were
            not asked for.
    """

    values: NDArray[np.float16]
    rows: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    errors: dict[int, str]
    feature_maps: NDArray[np.float16] | None = None


def extract_features(
    paths: Sequence[Path],
    backbone: Backbone,
    *,
    cache: Path,
    feature_maps: bool = False,
    max_map_bytes: int = MAX_MAP_BYTES,
    progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Return the features of image files, computing those that the cache does not hold.

    Feature maps may take `max_map_bytes` of disk space. The callback is told the images done, and in all.
    """
    name = f"{backbone.digest[:24]}-{PREPROCESSING}"
    folder = cache / ("feature-maps" if feature_maps else "features") / name
    folder.mkdir(parents=True, exist_ok=True)
    outputs = ("features", "feature_map") if feature_maps else ("features",)
    errors: dict[int, str] = {}
    size = feature_map_bytes(backbone, len(paths), limit=max_map_bytes) if feature_maps else 0
    with locked(folder), closing(_Store(folder, backbone.width, backbone.positions if feature_maps else 0)) as store:
        keys = list(file_keys(paths, errors))
        missing: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key and key not in store.row_of:
                missing.setdefault(key, position)
        done = len(paths) - len(missing)
        if missing and size:
            _check_room(folder, size * len(missing) // len(paths))
        report = progress or (lambda *_: None)
        report(done, len(paths))
        failed: dict[bytes, str] = {}
        if missing:
            waiting = iter(missing)
            sources = (paths[position] for position in missing.values())
            for batch in run_images(Engine(backbone.graph, threads=1), sources, outputs, also=perceptual_hash):
                keyed = {next(waiting): outcome for outcome in batch.outcomes}
                failed |= {key: str(found) for key, found in keyed.items() if isinstance(found, ImageError)}
                readable = {key: found for key, found in keyed.items() if not isinstance(found, ImageError)}
                if readable:
                    store.append(list(readable), batch.outputs, list(readable.values()))
                done += len(keyed)
                report(done, len(paths))
    errors |= {position: failed[key] for position, key in enumerate(keys) if key in failed}
    rows = np.array([store.row_of.get(key, -1) for key in keys], dtype=np.intp)
    values, hashes, stored = store.read()
    own = np.where(rows >= 0, hashes[np.maximum(rows, 0)] if len(hashes) else 0, 0)
    return Features(values, rows, own, errors, stored)


def feature_map_bytes(backbone: Backbone, images: int, *, limit: int = MAX_MAP_BYTES) -> int:
    """Return the disk space, in bytes, of the feature maps of a number of images.

    Raises:
        OptionError: If the backbone has no feature maps, or they would take more than `limit`.
    """
    if not backbone.positions:
        raise OptionError(
            f"{backbone.name or 'this network'} has no feature maps, so a head that reads them cannot be trained on "
            "it; choose a convolutional backbone, or a strategy whose head reads features"
        )
    size = 2 * images * backbone.positions * backbone.width
    if size > limit:
        raise OptionError(
            f"the feature maps of {images:,} images, {backbone.positions} positions of {backbone.width:,} features "
            f"each, would take {size / 1e9:.1f} GB; at most {limit / 1e9:.1f} GB are kept. Take fewer marks, a smaller "
            "size or backbone, or a strategy whose head reads features"
        )
    return size


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OptionError(
            f"{folder}: feature maps need {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free there; name "
            "another --cache, or a strategy whose head reads features"
        )


def file_keys(paths: Iterable[Path], errors: dict[int, str]) -> Iterator[bytes]:
    """Yield a digest of each file, empty for one that cannot be read; add the reason to `errors` by position."""
    for position, path in enumerate(paths):
        try:
            with open_plain(path) as file:
                key = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=KEY_BYTES)).digest()
        except OSError as exc:
            errors[position] = f"cannot be read ({exc.strerror})"
            key = b""
        yield key


def _checksums(columns: Sequence[bytes], rows: int) -> list[int]:
    """Return a checksum of each row over some columns."""
    found = [0] * rows
    for column in columns:
        view, size = memoryview(column), len(column) // max(1, rows)
        found = [zlib.crc32(view[at * size : (at + 1) * size], each) for at, each in enumerate(found)]
    return found


class _Store:
    """Files with one row per image: keys, perceptual hashes, features and possibly feature maps.

    Keys are written last, so a row counts only when it is complete. Each row has a checksum, so what somebody else
    wrote into the files, or a disk lost, is computed again.
    """

    def __init__(self, folder: Path, width: int, positions: int) -> None:
        self._row_bytes = {"features.f16": 2 * width, "hashes.u64": 8, _CHECKSUMS: 4, "keys.bin": KEY_BYTES}
        if positions:
            self._row_bytes = {"feature_maps.f16": 2 * positions * width, **self._row_bytes}
        self._paths = {name: folder / name for name in self._row_bytes}
        self._width, self._positions = width, positions
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._paths.values()]
        rows = self._whole(min(size // row for size, row in zip(sizes, self._row_bytes.values(), strict=True)))
        self._files = {name: path.open("ab") for name, path in self._paths.items()}
        for name, file in self._files.items():  # drop the half row of an interrupted run
            file.truncate(rows * self._row_bytes[name])
        keys = self._paths["keys.bin"].read_bytes()
        self.row_of = {keys[at : at + KEY_BYTES]: at // KEY_BYTES for at in range(0, len(keys), KEY_BYTES)}

    def append(
        self, keys: Sequence[bytes], outputs: Sequence[NDArray[np.float32]], hashes: Sequence[np.uint64]
    ) -> None:
        """Add the features of images, and their feature maps (images, width, rows, columns) if these are kept."""
        contents = {
            "features.f16": outputs[0].astype(np.float16).tobytes(),
            "hashes.u64": np.array(hashes, dtype=np.uint64).tobytes(),
            "keys.bin": b"".join(keys),
        }
        if self._positions:
            contents["feature_maps.f16"] = np.moveaxis(outputs[1].astype(np.float16), 1, -1).tobytes()
        checksums = _checksums([contents[name] for name in self._row_bytes if name != _CHECKSUMS], len(keys))
        contents[_CHECKSUMS] = np.array(checksums, dtype="<u4").tobytes()
        for name, file in self._files.items():
            file.write(contents[name])
            file.flush()
        for key in keys:
            self.row_of[key] = len(self.row_of)

    def _whole(self, rows: int) -> int:
        """Return how many of the first rows are as they were written."""
        with ExitStack() as stack:
            files = {name: stack.enter_context(path.open("rb")) for name, path in self._paths.items() if rows}
            for start in range(0, rows, _CHECKED):
                count = min(_CHECKED, rows - start)
                contents = {name: file.read(count * self._row_bytes[name]) for name, file in files.items()}
                stated = np.frombuffer(contents.pop(_CHECKSUMS), dtype="<u4")
                wrong = np.flatnonzero(stated != np.array(_checksums(list(contents.values()), count), dtype="<u4"))
                if wrong.size:
                    return start + int(wrong[0])
        return rows

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def read(self) -> tuple[NDArray[np.float16], NDArray[np.uint64], NDArray[np.float16] | None]:
        rows = len(self.row_of)
        values, maps = self._mapped("features.f16", rows, self._width), None
        if self._positions:
            maps = self._mapped("feature_maps.f16", rows, self._positions, self._width)
        return values, np.fromfile(self._paths["hashes.u64"], dtype=np.uint64, count=rows), maps

    def _mapped(self, name: str, *shape: int) -> NDArray[np.float16]:
        if not shape[0]:
            return np.empty(shape, dtype=np.float16)  # an empty file cannot be mapped
        return np.memmap(self._paths[name], dtype=np.float16, mode="r", shape=shape)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder of a cache against other processes; the lock ends with the process that holds it.

    Processes of one distributed run (torchrun, Lightning) wait for each other instead.

    Raises:
        DataError: If another run holds the lock.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no flock; there two runs must not share a cache
        yield
        return
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if "LOCAL_RANK" in os.environ else fcntl.LOCK_NB))
        yield
    except BlockingIOError as exc:
        raise DataError(f"{folder}: another run is filling this cache; wait for it, or name another --cache") from exc
    finally:
        os.close(handle)
