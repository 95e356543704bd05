"""Extract the features of a source of images into a store, here or on Ray, resumable at any moment."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.bulk.feature_store import LEARNED, STORED_BACKBONE, StoredImages, read_images_of, write_images
from viennatag.bulk.job import FeatureOptions, Job, count_attempt, hold_results, node, prepare_job
from viennatag.bulk.reading import ShardReader
from viennatag.bulk.run import BulkSummary, run_job
from viennatag.bulk.sources import Shard, find_source
from viennatag.bulk.worker import Outcome, valid_text
from viennatag.errors import BulkError, DataError, ImageError, require
from viennatag.files import atomic_file, content_digest
from viennatag.images.colour_features import COLOUR_LABELS, colour_features
from viennatag.images.crops import MAX_CROPS
from viennatag.images.decoding import perceptual_hash
from viennatag.images.reading import read_image
from viennatag.images.sources import ImageSource, content_or_image
from viennatag.runtime.engine import Engine, run_images

HASHED_SIZE = 64
"""Side of the square at which images are compared for the split, in pixels."""


@dataclass(eq=False)
class _Extracted:
    """An image of a shard: its features, those of the whole and of its crops, or why there are none."""

    name: str
    seen: int = 0
    hash: int = 0
    error: str = ""
    views: NDArray[np.float32] | None = None
    colours: NDArray[np.float32] | None = None


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
        job.check_root()
        self.job, self.engine, self.reader = job, Engine(graph, threads=threads), ShardReader(job.root)
        pixels = np.zeros((1, self.engine.size, self.engine.size, 3), dtype=np.uint8)
        self._no_views = np.zeros_like(self.engine.run(pixels, ("features",))[0])  # of an image that cannot be read

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
        images: list[_Extracted] = []
        tried: deque[_Extracted] = deque()
        crops = self.job.options.crops
        colours = COLOUR_LABELS if crops else ()

        def sources() -> Iterator[ImageSource]:
            for name, source in self.reader.images(shard):
                image = _Extracted(valid_text(name))
                images.append(image)
                try:
                    if isinstance(source, ImageError):
                        raise source
                    content = content_or_image(source)
                    if isinstance(content, bytes):
                        image.seen = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
                    image.hash = int(perceptual_hash(read_image(content, HASHED_SIZE)))
                except ImageError as exc:
                    image.error = str(exc)
                    continue
                tried.append(image)
                yield content

        batches = run_images(
            self.engine,
            sources(),
            ("features",),
            also=lambda pixels: colour_features(pixels[None], colours),
            max_crops=MAX_CROPS if crops else 0,
            workers=1,
        )
        for batch in batches:
            views = iter(np.split(batch.outputs[0], np.cumsum(batch.view_counts)[:-1]) if batch.outputs else ())
            for outcome in batch.outcomes:
                image = tried.popleft()
                if isinstance(outcome, ImageError):
                    image.error = str(outcome)
                else:
                    image.views, image.colours = next(views), outcome
        none, uncoloured = self._no_views, np.zeros((1, len(colours)), np.float32)
        found = [none if image.views is None else image.views for image in images]
        return StoredImages(
            [image.name for image in images],
            {at: image.error for at, image in enumerate(images) if image.error},
            np.array([image.seen for image in images], dtype=np.uint64),
            np.array([image.hash for image in images], dtype=np.uint64),
            np.concatenate([none[:0], *(views[:1] for views in found)]),
            np.concatenate([none[:0], *(views[1:] for views in found)]),
            np.array([len(views) - 1 for views in found], dtype=np.intp),
            np.concatenate([uncoloured[:0], *(uncoloured if x.colours is None else x.colours for x in images)]),
        )


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
    options = FeatureOptions(crops=crops, shard_size=shard_size, learned=content_digest(hashes))
    found = find_source(source, images)
    with hold_results(Path(store)):
        job, total = prepare_job(found, Path(store), model=name, digest=content_digest(graph), options=options)
        _write_once(job.results / STORED_BACKBONE, graph)
        _write_once(job.results / LEARNED, hashes)
        is_whole = partial(_is_whole, job)
        return run_job(
            job, total, found.passed_over, progress, worker=FeatureWorker, address=address, is_whole=is_whole
        )


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
