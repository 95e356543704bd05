"""Extract the features of a source of images into a store, here or on Ray, resumable at any moment."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.feature_store import (
    LEARNED,
    STORED_BACKBONE,
    StoredImages,
    read_images_of,
    write_images,
)
from viennatag.bulk.job import FeatureOptions, Job, count_attempt, hold_results, node, prepare_job
from viennatag.bulk.reading import ShardReader
from viennatag.bulk.run import BulkSummary, run_job, run_shards
from viennatag.bulk.sources import Shard, find_source
from viennatag.bulk.worker import Outcome
from viennatag.errors import BulkError, DataError, ImageError, require
from viennatag.files import atomic_file
from viennatag.images.colour_features import COLOUR_LABELS, colour_features
from viennatag.images.crops import MAX_CROPS
from viennatag.images.decoding import perceptual_hash
from viennatag.images.reading import read_image
from viennatag.images.sources import ImageSource, content_or_image
from viennatag.model.bundle import content_digest
from viennatag.runtime.engine import Engine, run_images

HASHED_SIZE = 64
"""Side of the square at which images are compared for the split, in pixels."""


class FeatureWorker:
    """A backbone at work on a job."""

    def __init__(self, job: Job[FeatureOptions], *, threads: int | None = None) -> None:
        try:
            graph = (job.results / STORED_BACKBONE).read_bytes()
        except OSError as exc:
            raise BulkError(
                f"{job.results}: {node()} cannot read the backbone there ({exc.strerror}); store and source must "
                "have the same paths on all nodes, so put them on a shared file system"
            ) from exc
        if content_digest(graph) != job.digest:
            raise BulkError(f"{job.results / STORED_BACKBONE}: on {node()} this is another backbone than the run's")
        if not job.root.is_dir():
            raise BulkError(f"{job.root}: there is no such folder on {node()}; the source must be there on all nodes")
        self.job, self.engine, self.reader = job, Engine(graph, threads=threads), ShardReader(job.root)

    def run(self, shards: Iterable[Shard]) -> Iterator[Outcome]:
        """Yield the outcome of each shard once its features are on disk.

        Raises:
            BulkError: If they cannot be written.
        """
        for shard in shards:
            try:
                count_attempt(self.job, shard)
                images = self._extract(shard)
            except DataError as exc:
                yield Outcome(shard.number, shard.count, shard.count, str(exc))
                continue
            finally:
                self.reader.close()
            write_images(images, self.job.shard_file(shard.number))
            self.job.attempts_file(shard.number).unlink(missing_ok=True)
            yield Outcome(shard.number, shard.count, len(images.errors))

    def _extract(self, shard: Shard) -> StoredImages:
        names: list[str] = []
        errors: dict[int, str] = {}
        seen: list[int] = []
        hashes: list[np.uint64] = []
        tried: list[int] = []  # the position of each image that is run

        def sources() -> Iterator[ImageSource]:
            for at, (name, source) in enumerate(self.reader.images(shard)):
                names.append(name.encode("utf-8", "backslashreplace").decode())
                seen.append(0)
                hashes.append(np.uint64(0))
                try:
                    if isinstance(source, ImageError):
                        raise source
                    content = content_or_image(source)
                    if isinstance(content, bytes):
                        seen[at] = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
                    hashes[at] = perceptual_hash(read_image(content, HASHED_SIZE))
                except ImageError as exc:
                    errors[at] = str(exc)
                    continue
                tried.append(at)
                yield content

        features: dict[int, NDArray[np.float32]] = {}
        colours: dict[int, NDArray[np.float32]] = {}
        done, wanted = 0, COLOUR_LABELS if self.job.options.crops else ()
        batches = run_images(
            self.engine,
            sources(),
            ("features",),
            also=lambda pixels: colour_features(pixels[None], wanted)[0],
            max_crops=MAX_CROPS if self.job.options.crops else 0,
            workers=1,
        )
        for batch in batches:
            views = iter(np.split(batch.outputs[0], np.cumsum(batch.view_counts)[:-1]) if batch.outputs else ())
            for outcome in batch.outcomes:
                at, done = tried[done], done + 1
                if isinstance(outcome, ImageError):
                    errors[at] = str(outcome)
                else:
                    features[at], colours[at] = next(views), outcome
        width = self._width(features)
        whole = np.zeros((len(names), width), dtype=np.float32)
        read = np.zeros((len(names), len(wanted)), dtype=np.float32)
        for at, found in features.items():
            whole[at], read[at] = found[0], colours[at]
        crops = [features[at][1:] if at in features else whole[:0] for at in range(len(names))]
        return StoredImages(
            names,
            errors,
            np.array(seen, dtype=np.uint64),
            np.array(hashes, dtype=np.uint64),
            whole,
            np.concatenate([whole[:0], *crops]),
            np.array([len(each) for each in crops], dtype=np.intp),
            read,
        )

    def _width(self, features: dict[int, NDArray[np.float32]]) -> int:
        if features:
            return int(next(iter(features.values())).shape[1])
        pixels = np.zeros((1, self.engine.size, self.engine.size, 3), dtype=np.uint8)
        return int(self.engine.run(pixels, ("features",))[0].shape[1])


def extract_store(
    source: Path | str,
    store: Path | str,
    graph: bytes,
    *,
    name: str,
    learned: NDArray[np.uint64] | None = None,
    images: Path | str | None = None,
    crops: bool = True,
    shard_size: int = 500,
    address: str | None = None,
    progress: Callable[[int, int, int], None] | None = None,
) -> BulkSummary:
    """Write the features of all images of a source and return a summary; call it again to resume.

    A shard that is there is checked, and extracted again only if it is damaged.

    Args:
        source: A folder, an image, a ZIP, TAR or Parquet file, a glob pattern of these, or a marks table.
        store: Folder to write to.
        graph: The backbone, as ONNX.
        name: Name of the backbone.
        learned: Hashes of the images that the backbone has learned from, see `seen_images`.
        images: Folder of images; the source is then a marks table.
        crops: Whether the features of crops, and colour features, are kept too; Vienna codes need them.
        shard_size: Images in a shard: at most this many are extracted again after an interruption, for each worker.
        address: A Ray cluster, `auto` for the one that this machine belongs to, or `local` for one on this machine.
            By default this machine does the work, on all cores.
        progress: Progress callback: images done, images in all, and images that failed in this run.

    Raises:
        DataError: If the source cannot be listed or holds no images.
        BulkError: If the store cannot be written, or belongs to another source, backbone or options.
        MissingExtraError: If Ray or pyarrow is not installed.
    """
    require("pyarrow.parquet", "bulk")
    hashes = b"" if learned is None else learned.astype("<u8").tobytes()
    options = FeatureOptions(crops, shard_size, content_digest(hashes))
    found = find_source(source, images)
    with hold_results(Path(store)):
        job, total = prepare_job(found, Path(store), model=name, digest=content_digest(graph), options=options)
        _write_once(job.results / STORED_BACKBONE, graph)
        _write_once(job.results / LEARNED, hashes)
        work = partial(run_shards, job, worker=FeatureWorker, address=address)
        return run_job(job, total, work, found.passed_over, progress, is_whole=partial(_is_whole, job))


def _write_once(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        with atomic_file(path) as temporary:
            temporary.write_bytes(content)


def _is_whole(job: Job[Any], number: int) -> bool:
    """Return whether a shard is as it was written; a damaged one is removed."""
    try:
        read_images_of(job.shard_file(number))
    except DataError:
        job.shard_file(number).unlink(missing_ok=True)
        return False
    return True
