"""Build an index of reference marks: features from the bundle's graph, their vectors, and a neighbour graph.

Extracting features takes long. They are appended to a file beside the new index, so that an interrupted run can
continue; the index itself is written completely or not at all.
"""

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks
from viennatag.errors import ImageError, OutputError, ReferenceMarksError
from viennatag.explain import similar
from viennatag.explain.similar import Projection, search_library
from viennatag.files import atomic_folder, exclusive, file_digest, recover_folder
from viennatag.images.reading import read_image
from viennatag.model.bundle import Bundle
from viennatag.runtime.engine import Engine, run_images

_Progress = Callable[[str, int, int], None]
"""Progress callback: stage, items done, items in all."""

_PACKAGE = Path(__file__).parents[1]
DIMENSIONS = 192
"""Principal components in a vector of the neighbour graph."""
CONNECTIVITY = 16
"""Neighbours that each mark is linked with."""
EXPANSION_ADD = 96
"""Candidates from which neighbours are chosen."""
SAMPLE = 50_000
"""Most marks that the principal components are computed from."""
_BLOCK = 20_000
"""Marks that are projected at a time."""


def make_index(
    bundle: Bundle,
    marks: Marks,
    images: Path | str,
    *,
    out: Path | str | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: _Progress | None = None,
) -> tuple[Path, Marks]:
    """Write an index of reference marks, and return its folder and the marks in it; an older index is replaced.

    It works with no other bundle. By default it is written to `index` in the bundle's folder. The seed is that of the
    sample for the principal components.

    Raises:
        DataError: If an image cannot be read, or none can.
        ReferenceMarksError: If `out` exists and is no index, cannot be written, or is not given for the bundle in the
            package.
        OutputError: If another run is writing it.
        MissingExtraError: If the search package is not installed.
    """
    search_library()
    progress = progress or (lambda *_: None)
    folder = Path(out) if out is not None else bundle.graph.parent / similar.INDEX
    if out is None and bundle.graph.is_relative_to(_PACKAGE):
        raise ReferenceMarksError(
            "nothing is written into the installed package, which holds this bundle; name another folder for the index "
            "(-o INDEX) and let predict use it (--reference-marks INDEX)"
        )
    recover_folder(folder)
    if folder.exists() and not (folder / similar.INDEX_DESCRIPTION).is_file():
        found = "this folder exists and is no index of reference marks"
        raise ReferenceMarksError(f"{folder}: {found}; choose another name")
    paths = [Path(images) / image for image in marks.images]
    graph = file_digest(bundle.graph)
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        with exclusive(folder):
            features, errors = _extract(bundle, paths, graph, partial, progress)
            marks, kept = marks.readable(errors, skip_bad=skip_bad)
            rows = np.array(kept, dtype=np.intp)
            write_index(folder, features, rows, marks, graph=graph, seed=seed, progress=progress)
            shutil.rmtree(partial)
    except OutputError:
        raise
    except OSError as exc:
        raise ReferenceMarksError(f"{folder}: the index cannot be written ({exc}); name another folder") from exc
    return folder, marks


def write_index(
    folder: Path,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    marks: Marks,
    *,
    graph: str,
    seed: int = 0,
    dimensions: int = DIMENSIONS,
    progress: _Progress | None = None,
) -> None:
    """Write an index of marks whose features are given, completely or not at all.

    Args:
        folder: Folder of the index.
        features: Shape (images, width); may be a memory-mapped file.
        rows: Row of each mark's features.
        marks: Marks to index.
        graph: Digest of the graph that the features come from.
        seed: Seed of the sample for the principal components.
        dimensions: Principal components in a vector of the neighbour graph.
        progress: Progress callback.
    """
    reduced, full = _fit_projections(features, rows, dimensions, seed=seed)

    def projected(projection: Projection, stage: str) -> Iterator[NDArray[np.int8]]:
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            yield projection(features[block])
            if progress:
                progress(stage, start + len(block), len(rows))

    with atomic_folder(folder) as fresh:
        with (fresh / similar.VECTORS).open("wb") as file:
            file.writelines(vectors.tobytes() for vectors in projected(full, "vectors"))
        _build_graph(reduced.axes.shape[1], projected(reduced, "neighbours")).save(str(fresh / similar.INDEX_GRAPH))
        pairs = zip(marks.images, marks.codes, strict=True)
        lines = [(json.dumps(pair, ensure_ascii=False) + "\n").encode() for pair in pairs]
        (fresh / similar.MARKS).write_bytes(b"".join(lines))
        starts = np.cumsum([0, *map(len, lines[:-1])])
        np.savez(fresh / similar.PROJECTIONS, mean=reduced.mean, short=reduced.axes, whole=full.axes, starts=starts)
        description = {
            "schema": similar.INDEX_SCHEMA,
            "marks": len(marks),
            "graph": graph,
            "files": {name: file_digest(fresh / name) for name in similar.FILES},
        }
        (fresh / similar.INDEX_DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def _fit_projections(
    features: NDArray[Any], rows: NDArray[np.intp], dimensions: int, *, seed: int
) -> tuple[Projection, Projection]:
    """Return projections of standardised features to some principal components, and to all.

    The components are rotated at random, so that no number of a vector is much larger than the others and 8 bits
    are used well.
    """
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(rows)[:SAMPLE]
    drawn = features[np.sort(chosen)].astype(np.float32)
    mean, scale = drawn.mean(axis=0), drawn.std(axis=0)
    scale = np.maximum(scale, max(1e-2 * float(scale.mean()), 1e-6))  # constant features are not amplified
    drawn = (drawn - mean) / scale
    _, axes = np.linalg.eigh((drawn.T @ drawn).astype(np.float64) / len(drawn))

    def rotated(kept: NDArray[np.float64]) -> Projection:
        kept = kept @ np.linalg.qr(generator.normal(size=(kept.shape[1], kept.shape[1])))[0]
        return Projection(mean, (kept / scale[:, None]).astype(np.float32))

    return rotated(axes[:, ::-1][:, :dimensions]), rotated(axes)


def _build_graph(dimensions: int, blocks: Iterable[NDArray[np.int8]]) -> Any:
    """Return a usearch index of blocks of vectors with the keys 0, 1 and so on."""
    graph = search_library().Index(
        ndim=dimensions,
        metric="cos",
        dtype="i8",
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSION_ADD,
        enable_key_lookups=False,
    )
    start = 0
    for vectors in blocks:
        graph.add(np.arange(start, start + len(vectors), dtype=np.uint64), vectors)
        start += len(vectors)
    return graph


def _extract(
    bundle: Bundle, paths: Sequence[Path], graph: str, partial: Path, progress: _Progress
) -> tuple[NDArray[np.float16], dict[int, str]]:
    """Return the features of images, shape (images, width), NaN for unreadable ones, and their errors by position.

    Features that an interrupted run left in `partial` are reused; unreadable images are tried again.
    """
    engine = Engine(bundle.graph, threads=1)
    (probe,) = engine.run(np.zeros((1, engine.size, engine.size, 3), dtype=np.uint8), ("features",))
    width = probe.shape[1]
    partial.mkdir(parents=True, exist_ok=True)
    names = hashlib.sha256(json.dumps([graph, *map(str, paths)]).encode()).hexdigest()[:24]
    file, contents = partial / f"{names}.f16", _Contents(partial / f"{names}.sha256", paths)
    done = contents.unchanged(file.stat().st_size // (2 * width) if file.is_file() else 0)
    with file.open("ab") as stream, contents.path.open("ab") as digests:
        stream.truncate(done * 2 * width)  # drops the half row of an interrupted run, and images that have changed
        digests.truncate(done * _DIGEST)
        for batch in run_images(engine, contents.sources(done), ("features",), also=lambda _: None):
            values = np.full((len(batch.outcomes), width), np.nan, dtype=np.float16)
            if batch.outputs:
                values[[outcome is None for outcome in batch.outcomes]] = batch.outputs[0]
            digests.write(contents.take(len(values)))
            digests.flush()
            stream.write(values.tobytes())
            stream.flush()
            done += len(values)
            progress("images", done, len(paths))
    features = np.memmap(file, dtype=np.float16, mode="r+", shape=(len(paths), width))
    errors: dict[int, str] = {}
    for at in np.flatnonzero(np.isnan(features[:, 0])).tolist():
        try:
            features[at] = engine.run(read_image(paths[at], engine.size)[None], ("features",))[0]
        except ImageError as exc:
            errors[at] = str(exc)
    return features, errors


_DIGEST = 32  # bytes


class _Contents:
    """The digests of image files whose features are kept, so that a changed image is noticed, not only a moved one."""

    def __init__(self, path: Path, images: Sequence[Path]) -> None:
        self.path, self._images = path, images
        self._waiting: deque[bytes] = deque()

    def unchanged(self, rows: int) -> int:
        """Return how many of the first rows are of images that are still the same."""
        kept = self.path.read_bytes() if self.path.is_file() else b""
        for at in range(min(rows, len(kept) // _DIGEST)):
            if _content_digest(self._images[at]) != kept[at * _DIGEST : (at + 1) * _DIGEST]:
                return at
        return min(rows, len(kept) // _DIGEST)

    def sources(self, start: int) -> Iterator[Path]:
        """Yield the images from one on; `take` returns the digests of those that were yielded."""
        for path in self._images[start:]:
            self._waiting.append(_content_digest(path))
            yield path

    def take(self, count: int) -> bytes:
        """Return the digests of the next images."""
        return b"".join(self._waiting.popleft() for _ in range(count))


def _content_digest(path: Path) -> bytes:
    try:
        return bytes.fromhex(file_digest(path).removeprefix("sha256:"))
    except (OSError, ValueError):  # reported when it is decoded
        return bytes(_DIGEST)
