"""Features of images, computed once and kept.

The cache is keyed by what an image file holds, how it is turned into pixels and which trunk sees
it, so moving or renaming files costs nothing and nothing stale is ever used. It only grows at its
end: an interrupted run leaves whole rows, and the next run goes on after them.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.engine import Engine, run_images
from viennatag.errors import DataError, ImageError
from viennatag.images import perceptual_hash
from viennatag.training.backbone import Trunk

Progress = Callable[[int, int], None]
"""Called with how many of how many are done."""

PREPROCESSING = "even-margin-bilinear-3"
"""Changes whenever `read_image` gives other pixels, which makes every cached feature stale."""

KEY_BYTES = 16


@dataclass(frozen=True, eq=False)
class Features:
    """Features of a list of images.

    Attributes:
        values: float16, shape (images, width); a memory map, read as needed.
        rows: Row of `values` for each image asked for, -1 for one that could not be read.
        hashes: Perceptual hash of each image asked for, shape (images,).
        errors: Why an image could not be read, by its position.
    """

    values: NDArray[np.float16]
    rows: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    errors: dict[int, str]


def extract_features(paths: Sequence[Path], trunk: Trunk, *, cache: Path, progress: Progress | None = None) -> Features:
    """Return the features of image files, computing those that the cache does not hold.

    Args:
        paths: Image files.
        trunk: What turns pixels into features.
        cache: Folder to keep features in.
        progress: Told how many images are done.

    Raises:
        DataError: If another run is filling the same cache.
    """
    folder = cache / "features" / f"{trunk.digest[:24]}-{PREPROCESSING}"
    folder.mkdir(parents=True, exist_ok=True)
    errors: dict[int, str] = {}
    with locked(folder), closing(_Store(folder, trunk.width)) as store:
        keys = list(file_keys(paths, errors))
        missing: dict[bytes, int] = {}
        for position, key in enumerate(keys):
            if key and key not in store.row_of:
                missing.setdefault(key, position)
        done = len(paths) - len(missing)
        if progress:
            progress(done, len(paths))
        failed: dict[bytes, str] = {}
        if missing:
            waiting = iter(missing)
            sources = (paths[position] for position in missing.values())
            for batch in run_images(Engine(trunk.graph, threads=1), sources, ("features",), also=perceptual_hash):
                keyed = {next(waiting): outcome for outcome in batch.outcomes}
                failed.update({key: str(found) for key, found in keyed.items() if isinstance(found, ImageError)})
                readable = {key: found for key, found in keyed.items() if not isinstance(found, ImageError)}
                if readable:
                    store.append(list(readable), batch.outputs[0], list(readable.values()))
                done += len(keyed)
                if progress:
                    progress(done, len(paths))
    errors |= {position: failed[key] for position, key in enumerate(keys) if key in failed}
    rows = np.array([store.row_of.get(key, -1) for key in keys], dtype=np.intp)
    values, hashes = store.read()
    return Features(values, rows, np.where(rows >= 0, hashes[np.maximum(rows, 0)] if len(hashes) else 0, 0), errors)


def file_keys(paths: Iterable[Path], errors: dict[int, str]) -> Iterator[bytes]:
    """Yield what identifies the content of each file, nothing for one that cannot be read, and why by position."""
    for position, path in enumerate(paths):
        try:
            yield hashlib.blake2b(path.read_bytes(), digest_size=KEY_BYTES).digest()
        except OSError as exc:
            errors[position] = f"cannot be read ({exc.strerror})"
            yield b""


class _Store:
    """Three files that grow together: keys, perceptual hashes and features, one row per image.

    Keys are written last, so a row counts only when all of it is there.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._paths = {name: folder / name for name in ("features.f16", "hashes.u64", "keys.bin")}
        self._row_bytes = {"features.f16": 2 * width, "hashes.u64": 8, "keys.bin": KEY_BYTES}
        self._width = width
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._paths.values()]
        rows = min(size // row for size, row in zip(sizes, self._row_bytes.values(), strict=True))
        self._files = {name: path.open("ab") for name, path in self._paths.items()}
        for name, file in self._files.items():  # drop the half row of an interrupted run
            file.truncate(rows * self._row_bytes[name])
        keys = self._paths["keys.bin"].read_bytes()
        self.row_of = {keys[at : at + KEY_BYTES]: at // KEY_BYTES for at in range(0, len(keys), KEY_BYTES)}

    def append(self, keys: Sequence[bytes], values: NDArray[np.float32], hashes: Sequence[np.uint64]) -> None:
        contents = (values.astype(np.float16).tobytes(), np.array(hashes, dtype=np.uint64).tobytes(), b"".join(keys))
        for file, content in zip(self._files.values(), contents, strict=True):
            file.write(content)
            file.flush()
        for key in keys:
            self.row_of[key] = len(self.row_of)

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def read(self) -> tuple[NDArray[np.float16], NDArray[np.uint64]]:
        rows = len(self.row_of)
        if not rows:
            return np.empty((0, self._width), dtype=np.float16), np.empty(0, dtype=np.uint64)
        values = np.memmap(self._paths["features.f16"], dtype=np.float16, mode="r", shape=(rows, self._width))
        return values, np.fromfile(self._paths["hashes.u64"], dtype=np.uint64, count=rows)


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
