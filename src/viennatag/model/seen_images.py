"""Which images a bundle has learned from, so that no figure is measured on them.

A bundle keeps 8 bytes of the hash of each file of its training and validation subsets, sorted: 80 kB for 10,000 images.
They tell whether a file was among them, and nothing of what it shows.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks
from viennatag.errors import DataError
from viennatag.files import open_plain
from viennatag.model.bundle import Bundle


def hash_files(paths: Iterable[Path]) -> NDArray[np.uint64]:
    """Return 8 bytes of the hash of each file's contents, 0 for one that cannot be read; shape (paths,)."""
    return np.array([_hash_file(path) for path in paths], dtype=np.uint64)


def _hash_file(path: Path) -> int:
    try:
        with open_plain(path) as file:
            found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8))
        return int.from_bytes(found.digest(), "big")
    except OSError:  # who decodes it will say so
        return 0


def is_seen(bundle: Bundle, paths: Iterable[Path]) -> NDArray[np.bool_]:
    """Return whether a bundle has learned from each of these files, shape (paths,)."""
    hashes = hash_files(paths)
    seen: NDArray[np.bool_] = np.isin(hashes, bundle.seen) & (hashes != 0)
    return seen


def unseen_marks(bundle: Bundle, marks: Marks, images: Path | str) -> Marks:
    """Return the marks whose image a bundle has not learned from; those left out are counted in `skipped`.

    Raises:
        DataError: If there are none.
    """
    if not len(bundle.seen):
        return marks
    seen = is_seen(bundle, [Path(images) / image for image in marks.images])
    if seen.all():
        raise DataError(
            f"the bundle was trained on all {len(marks):,} marks, so they cannot say how good it is; name marks that "
            "training did not see"
        )
    if not seen.any():
        return marks
    told = f"{np.count_nonzero(seen):,} of {len(marks):,} marks: the bundle was trained on them"
    return replace(marks.select(np.flatnonzero(~seen)), skipped=(*marks.skipped, told))
