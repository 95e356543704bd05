"""Make an index of known marks: features by the bundle's own graph, vectors, and a graph of neighbours among them.

Features are what takes long. They are appended to a file beside the index to be, so that an interrupted run goes on
where it stopped; the index itself appears whole or not at all.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks
from viennatag.errors import ImageError, KnownMarksError
from viennatag.explain.similar import (
    DESCRIPTION,
    FILES,
    GRAPH,
    INDEX,
    MARKS,
    PROJECTIONS,
    SCHEMA,
    VECTORS,
    Projection,
    digest,
    search_library,
)
from viennatag.files import atomic_folder
from viennatag.images.decoding import read_image
from viennatag.model.bundle import Bundle
from viennatag.runtime.engine import Engine, run_images

Report = Callable[[str, int, int], None]
"""Told the stage, and how much of how much of it is done."""

DIMENSIONS = 192
"""Main directions of the features that a vector of the graph keeps."""
CONNECTIVITY = 16
"""Neighbours that each mark is linked with."""
EXPANSION_ADD = 96
"""Candidates from which these are chosen."""
SAMPLE = 50_000
"""Marks that the main directions are found from."""
BLOCK = 20_000


def make_index(
    bundle: Bundle,
    marks: Marks,
    images: Path | str,
    *,
    out: Path | str | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    report: Report | None = None,
) -> tuple[Path, Marks]:
    """Write an index of marks, in place of an older one; return its folder and the marks that are in it.

    Args:
        bundle: Whose features to compare; the index serves no other.
        marks: What to index.
        images: Folder that the marks' images are relative to.
        out: Folder of the index; by default `index` inside the bundle's.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the sample that the main directions are found from.
        report: Told how far the work is.

    Raises:
        DataError: If an image cannot be read, or none can.
        KnownMarksError: If something other than an index stands at `out`, or nothing can be written there.
        MissingExtraError: If the package that searches is not installed.
    """
    search_library()
    report = report or (lambda *_: None)
    folder = Path(out) if out is not None else bundle.graph.parent / INDEX
    if folder.exists() and not (folder / DESCRIPTION).is_file():
        raise KnownMarksError(f"{folder}: something that is no index of known marks stands there; choose another name")
    paths = [Path(images) / image for image in marks.images]
    graph = digest(bundle.graph)
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        features, errors = _extract(bundle, paths, graph, partial, report)
        marks, kept = marks.readable(errors, skip_bad=skip_bad)
        write_index(folder, features, np.array(kept, dtype=np.intp), marks, graph=graph, seed=seed, report=report)
        shutil.rmtree(partial)
    except OSError as exc:
        raise KnownMarksError(f"{folder}: the index cannot be written there ({exc}); name another folder") from exc
    return folder, marks


def write_index(
    folder: Path,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    marks: Marks,
    *,
    graph: str,
    seed: int = 0,
    report: Report | None = None,
) -> None:
    """Write an index of marks whose features are known, whole or not at all.

    Args:
        folder: Of the index.
        features: Shape (images, width); may lie in a file.
        rows: The row of each mark's features.
        marks: What is indexed.
        graph: Digest of the graph that the features come from.
        seed: Of the sample that the main directions are found from.
        report: Told how far the work is.
    """
    short, whole = _fit_projections(features, rows, seed=seed)

    def projected(projection: Projection, stage: str) -> Iterator[NDArray[np.int8]]:
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            yield projection(features[block])
            if report:
                report(stage, start + len(block), len(rows))

    with atomic_folder(folder) as fresh:
        _write_vectors(fresh / VECTORS, projected(whole, "vectors"))
        _build_graph(short.axes.shape[1], projected(short, "neighbours")).save(str(fresh / GRAPH))
        lines = [_line(image, codes) for image, codes in zip(marks.images, marks.codes, strict=True)]
        (fresh / MARKS).write_bytes(b"".join(lines))
        starts = np.cumsum([0, *map(len, lines[:-1])])
        np.savez(fresh / PROJECTIONS, mean=short.mean, short=short.axes, whole=whole.axes, starts=starts)
        description = {
            "schema": SCHEMA,
            "marks": len(marks),
            "graph": graph,
            "files": {name: digest(fresh / name) for name in FILES},
        }
        (fresh / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")


def _fit_projections(features: NDArray[Any], rows: NDArray[np.intp], *, seed: int) -> tuple[Projection, Projection]:
    """Return the standardisation of some rows of features, shortened to `DIMENSIONS` main directions, and whole.

    Directions are turned at random among themselves: then no number of a vector is much larger than the others, and
    eight bits are used well.
    """
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(rows)[:SAMPLE]
    drawn = features[np.sort(chosen)].astype(np.float32)
    mean, scale = drawn.mean(axis=0), drawn.std(axis=0)
    scale = np.maximum(scale, max(1e-2 * float(scale.mean()), 1e-6))  # what hardly varies is not blown up
    drawn = (drawn - mean) / scale
    _, axes = np.linalg.eigh((drawn.T @ drawn).astype(np.float64) / len(drawn))

    def turned(kept: NDArray[np.float64]) -> Projection:
        kept = kept @ np.linalg.qr(generator.normal(size=(kept.shape[1], kept.shape[1])))[0]
        return Projection(mean, (kept / scale[:, None]).astype(np.float32))

    return turned(axes[:, ::-1][:, :DIMENSIONS]), turned(axes)


def _write_vectors(path: Path, blocks: Iterable[NDArray[np.int8]]) -> None:
    with path.open("wb") as file:
        for vectors in blocks:
            file.write(vectors.tobytes())


def _build_graph(dimensions: int, blocks: Iterable[NDArray[np.int8]]) -> Any:
    """Return a usearch index of blocks of vectors, under the keys 0, 1 and so on."""
    usearch = search_library()
    graph = usearch.Index(
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
    bundle: Bundle, paths: Sequence[Path], graph: str, partial: Path, report: Report
) -> tuple[NDArray[np.float16], dict[int, str]]:
    """Return the features of images, shape (images, width), and by position why one cannot be read; its row is NaN.

    What an interrupted run has left in `partial` is not computed again, but images that could not be read are.
    """
    engine = Engine(bundle.graph, threads=1)
    (probe,) = engine.run(np.zeros((1, engine.size, engine.size, 3), dtype=np.uint8), ("features",))
    width = probe.shape[1]
    run = hashlib.sha256(json.dumps([graph, *map(str, paths)]).encode()).hexdigest()
    partial.mkdir(parents=True, exist_ok=True)
    file = partial / f"{run[:24]}.f16"
    done = file.stat().st_size // (2 * width) if file.is_file() else 0
    with file.open("ab") as stream:
        stream.truncate(done * 2 * width)  # drops the half row of an interrupted run
        for batch in run_images(engine, paths[done:], ("features",), also=lambda _: None):
            values = np.full((len(batch.outcomes), width), np.nan, dtype=np.float16)
            if batch.outputs:
                values[[outcome is None for outcome in batch.outcomes]] = batch.outputs[0]
            stream.write(values.tobytes())
            done += len(values)
            report("images", done, len(paths))
    features = np.memmap(file, dtype=np.float16, mode="r+", shape=(len(paths), width))
    errors: dict[int, str] = {}
    for at in np.flatnonzero(np.isnan(features[:, 0])).tolist():
        try:
            features[at] = engine.run(read_image(paths[at], engine.size)[None], ("features",))[0]
        except ImageError as exc:
            errors[at] = str(exc)
    return features, errors


def _line(image: str, codes: Sequence[str]) -> bytes:
    return (json.dumps([image, list(codes)], ensure_ascii=False) + "\n").encode()
