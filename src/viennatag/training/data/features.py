"""Features of images, computed once and kept.

The cache is keyed by what an image file holds, how it is turned into pixels and which trunk sees
it, so moving or renaming files costs nothing and nothing stale is ever used. It only grows at its
end: an interrupted run leaves whole rows, and the next run goes on after them.

Heads that look at places read the map that features are the mean of. Maps take many times the room, so they are kept
only where such a head asks for them, in a folder of their own that holds the features of the same images too.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, ImageError, OptionError
from viennatag.images.decoding import perceptual_hash
from viennatag.runtime.engine import Engine, run_images
from viennatag.training.backbones.backbone import Trunk

Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""

PREPROCESSING = "even-margin-bilinear-4"
"""Changes whenever `read_image` gives other pixels, which makes every cached feature stale."""

KEY_BYTES = 16

MAPS_LIMIT = 16 << 30
"""Bytes that maps of one collection may take on the disk."""


@dataclass(frozen=True, eq=False)
class Features:
    """Features of a list of images.

    Attributes:
        values: float16, shape (images, width); a memory map, read as needed.
        rows: Row of `values` for each image asked for, -1 for one that could not be read.
        hashes: Perceptual hash of each image asked for, shape (images,).
        errors: Why an image could not be read, by its position.
        maps: What `values` are the mean of at each place; float16, shape (images, places, width), a memory map. None
            if they were not asked for.
    """

    values: NDArray[np.float16]
    rows: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    errors: dict[int, str]
    maps: NDArray[np.float16] | None = None


def extract_features(
    paths: Sequence[Path], trunk: Trunk, *, cache: Path, maps: bool = False, progress: Progress | None = None
) -> Features:
    """Return the features of image files, computing those that the cache does not hold.

    Args:
        paths: Image files.
        trunk: What turns pixels into features.
        cache: Folder to keep features in.
        maps: Whether their maps are wanted too.
        progress: Told how many images are done.

    Raises:
        DataError: If another run is filling the same cache.
        OptionError: If maps are wanted, and the trunk has none or there is no room for them.
    """
    name = f"{trunk.digest[:24]}-{PREPROCESSING}"
    folder = cache / ("maps" if maps else "features") / name
    folder.mkdir(parents=True, exist_ok=True)
    outputs = ("features", "map") if maps else ("features",)
    errors: dict[int, str] = {}
    size = maps_size(trunk, len(paths)) if maps else 0
    with locked(folder), closing(_Store(folder, trunk.width, trunk.places if maps else 0)) as store:
        keys = list(file_keys(paths, errors))
        missing: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key and key not in store.row_of:
                missing.setdefault(key, position)
        done = len(paths) - len(missing)
        if missing and size:
            _check_room(folder, size * len(missing) // len(paths))
        if progress:
            progress(done, len(paths))
        failed: dict[bytes, str] = {}
        if missing:
            waiting = iter(missing)
            sources = (paths[position] for position in missing.values())
            for batch in run_images(Engine(trunk.graph, threads=1), sources, outputs, also=perceptual_hash):
                keyed = {next(waiting): outcome for outcome in batch.outcomes}
                failed.update({key: str(found) for key, found in keyed.items() if isinstance(found, ImageError)})
                readable = {key: found for key, found in keyed.items() if not isinstance(found, ImageError)}
                if readable:
                    store.append(list(readable), batch.outputs, list(readable.values()))
                done += len(keyed)
                if progress:
                    progress(done, len(paths))
    errors |= {position: failed[key] for position, key in enumerate(keys) if key in failed}
    rows = np.array([store.row_of.get(key, -1) for key in keys], dtype=np.intp)
    values, hashes, stored = store.read()
    own = np.where(rows >= 0, hashes[np.maximum(rows, 0)] if len(hashes) else 0, 0)
    return Features(values, rows, own, errors, stored)


def maps_size(trunk: Trunk, images: int) -> int:
    """Return how many bytes the maps of so many images take.

    Raises:
        OptionError: If the trunk has no map, or they would take more than `MAPS_LIMIT`.
    """
    if not trunk.places:
        raise OptionError(
            f"{trunk.backbone or 'this network'} gives no map of features, so a head that looks at places cannot learn "
            "from it; choose a convolutional backbone, or a strategy whose head reads features"
        )
    size = 2 * images * trunk.places * trunk.width
    if size > MAPS_LIMIT:
        raise OptionError(
            f"the maps of {images:,} images, {trunk.places} places of {trunk.width:,} features each, would take "
            f"{size / 1e9:.1f} GB; at most {MAPS_LIMIT / 1e9:.1f} GB are kept. Take fewer marks, a smaller --size or "
            "backbone, or a strategy whose head reads features"
        )
    return size


def _check_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OptionError(
            f"{folder}: maps of features need {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free there; name "
            "another --cache, or a strategy whose head reads features"
        )


def file_keys(paths: Iterable[Path], errors: dict[int, str]) -> Iterator[bytes]:
    """Yield what identifies the content of each file, nothing for one that cannot be read, and why by position."""
    for position, path in enumerate(paths):
        try:
            yield hashlib.blake2b(path.read_bytes(), digest_size=KEY_BYTES).digest()
        except OSError as exc:
            errors[position] = f"cannot be read ({exc.strerror})"
            yield b""


class _Store:
    """Files that grow together: keys, perceptual hashes, features and perhaps their maps, one row per image.

    Keys are written last, so a row counts only when all of it is there.
    """

    def __init__(self, folder: Path, width: int, places: int) -> None:
        self._row_bytes = {"features.f16": 2 * width, "hashes.u64": 8, "keys.bin": KEY_BYTES}
        if places:
            self._row_bytes = {"maps.f16": 2 * places * width, **self._row_bytes}
        self._paths = {name: folder / name for name in self._row_bytes}
        self._width, self._places = width, places
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._paths.values()]
        rows = min(size // row for size, row in zip(sizes, self._row_bytes.values(), strict=True))
        self._files = {name: path.open("ab") for name, path in self._paths.items()}
        for name, file in self._files.items():  # drop the half row of an interrupted run
            file.truncate(rows * self._row_bytes[name])
        keys = self._paths["keys.bin"].read_bytes()
        self.row_of = {keys[at : at + KEY_BYTES]: at // KEY_BYTES for at in range(0, len(keys), KEY_BYTES)}

    def append(
        self, keys: Sequence[bytes], outputs: Sequence[NDArray[np.float32]], hashes: Sequence[np.uint64]
    ) -> None:
        """Add some images: their features, and their maps (images, width, rows, columns) if these are kept."""
        contents = {
            "features.f16": outputs[0].astype(np.float16).tobytes(),
            "hashes.u64": np.array(hashes, dtype=np.uint64).tobytes(),
            "keys.bin": b"".join(keys),
        }
        if self._places:
            contents["maps.f16"] = np.moveaxis(outputs[1].astype(np.float16), 1, -1).tobytes()
        for name, file in self._files.items():
            file.write(contents[name])
            file.flush()
        for key in keys:
            self.row_of[key] = len(self.row_of)

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def read(self) -> tuple[NDArray[np.float16], NDArray[np.uint64], NDArray[np.float16] | None]:
        rows = len(self.row_of)
        values, maps = self._mapped("features.f16", rows, self._width), None
        if self._places:
            maps = self._mapped("maps.f16", rows, self._places, self._width)
        return values, np.fromfile(self._paths["hashes.u64"], dtype=np.uint64, count=rows), maps

    def _mapped(self, name: str, *shape: int) -> NDArray[np.float16]:
        if not shape[0]:
            return np.empty(shape, dtype=np.float16)  # an empty file cannot be mapped
        return np.memmap(self._paths[name], dtype=np.float16, mode="r", shape=shape)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second process out of a folder of a cache; the lock goes with the process that holds it.

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
