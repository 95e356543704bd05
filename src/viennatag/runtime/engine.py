"""Run an ONNX graph over batches of pixels.

The graph takes uint8 and normalises inside, so nothing about a network leaks out of its file. The
same engine extracts features for training and serves predictions, so both see the same values.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores, in_threads
from viennatag.errors import BundleError, DataError, ImageError
from viennatag.images.crops import full_view_rows
from viennatag.images.decoding import FramedImage
from viennatag.images.isolation import read_guarded
from viennatag.images.sources import ImageSource
from viennatag.runtime.backends import open_runtime

BATCH_SIZE = 8
"""Throughput on a CPU is flat from about 4 images on; larger batches only cost memory."""
_BATCH_BYTES, _WAITING_BYTES = 8 << 20, 64 << 20  # of image files that are held: in a batch, and in all that wait


class Engine:
    """An ONNX graph ready to run: uint8 (images, size, size, 3) in, named float32 arrays out.

    Attributes:
        size: Side of the square that the graph takes, in pixels.
        outputs: Names of the outputs.
        threads: Threads that work on one call.
    """

    def __init__(
        self,
        graph: Path | bytes,
        *,
        threads: int | None = None,
        callers: int = 1,
        runtime: str = "onnxruntime",
        precision: str = "float32",
    ) -> None:
        self.threads = threads or available_cores()
        self._runtime = open_runtime(runtime, graph, threads=self.threads, callers=callers, precision=precision)
        tensor = self._runtime.input
        if tensor.type != "uint8" or len(tensor.shape) != 4 or tensor.shape[3] != 3:
            raise BundleError(
                f"the graph takes {tensor.type} of shape {tensor.shape}; expected uint8 (images, size, size, 3)"
            )
        self.size = int(tensor.shape[1])
        self.outputs = self._runtime.outputs

    @property
    def device(self) -> str:
        """`CPU` or `CUDA`."""
        return self._runtime.device

    def __str__(self) -> str:
        return f"{self._runtime.title} on {self.device}, computing in {self._runtime.precision}"

    def run(self, pixels: NDArray[np.uint8], outputs: tuple[str, ...] | None = None) -> list[NDArray[np.float32]]:
        """Return the named outputs, or all of them, for a batch of pixels.

        Args:
            pixels: Shape (images, size, size, 3), as `read_image` returns each.
            outputs: Names of outputs, in the order wanted.

        Raises:
            DataError: If the pixels have another type or shape.
        """
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (self.size, self.size, 3):
            raise DataError(
                f"pixels are {pixels.dtype} of shape {pixels.shape}; expected uint8 (n, {self.size}, {self.size}, 3)"
            )
        return self._runtime.run(pixels, outputs or self.outputs)


def run_views(
    engine: Engine,
    images: Sequence[FramedImage],
    outputs: tuple[str, ...],
    wants_crops: Callable[[NDArray[np.float32]], NDArray[np.bool_]] | None = None,
) -> tuple[list[NDArray[np.float32]], list[int]]:
    """Return the named outputs for the views of images, each whole image before its crops, and the number of views.

    Args:
        engine: What to run.
        images: At least one.
        outputs: Names of the graph's outputs.
        wants_crops: From the first output for the whole images to whether to run the crops of each; by default all.
    """
    whole = engine.run(np.stack([image.pixels for image in images]), outputs)
    wanted = wants_crops(whole[0]) if wants_crops else np.ones(len(images), dtype=bool)
    crops = [image.crops if want else () for image, want in zip(images, wanted, strict=True)]
    counts = [1 + len(each) for each in crops]
    if sum(counts) == len(images):
        return whole, counts
    further = engine.run(np.stack([pixels for each in crops for pixels, _ in each]), outputs)
    rows = full_view_rows(counts)
    is_crop = np.ones(sum(counts), dtype=bool)
    is_crop[rows] = False
    found = [np.empty((len(is_crop), *each.shape[1:]), each.dtype) for each in whole]
    for joined, of_whole, of_crops in zip(found, whole, further, strict=True):
        joined[rows], joined[is_crop] = of_whole, of_crops
    return found, counts


Extra = TypeVar("Extra")


@dataclass(frozen=True, eq=False)
class Batch(Generic[Extra]):
    """The results of a few images.

    Attributes:
        outcomes: For each image the result of `also`, or why it could not be read.
        outputs: The graph's outputs, one row for each view of each readable image: the full mark, then its crops.
        view_counts: Number of views of each readable image.
        blank: Whether each readable image has one colour.
    """

    outcomes: list[Extra | ImageError]
    outputs: list[NDArray[np.float32]]
    view_counts: list[int]
    blank: list[bool]


def run_images(
    engine: Engine,
    sources: Iterable[ImageSource],
    outputs: tuple[str, ...],
    *,
    also: Callable[[NDArray[np.uint8]], Extra],
    max_crops: int = 0,
    wants_crops: Callable[[NDArray[np.float32]], NDArray[np.bool_]] | None = None,
    workers: int | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Batch[Extra]]:
    """Yield batches of images read and run, in order; an image that cannot be read does not stop the rest.

    Each worker reads, decodes and runs a batch of its own, so no core waits for another: with an engine of
    one thread this is faster than decoding ahead of one that uses all cores. Only a few batches are held at
    a time.

    Args:
        engine: What to run; its threads times `workers` should be the number of cores.
        sources: The images.
        outputs: Names of the graph's outputs.
        also: What else to compute from each image's pixels.
        max_crops: Most crops of each image that are run too; see `viennatag.images.crops`.
        wants_crops: As in `run_views`.
        workers: Threads; by default one for each core.
        batch_size: Images in a batch.
    """

    def run(batch: list[ImageSource]) -> Batch[Extra]:
        outcomes: list[Extra | ImageError] = []
        images: list[FramedImage] = []
        for source in batch:
            try:
                images.append(read_guarded(source, engine.size, max_crops=max_crops))
                outcomes.append(also(images[-1].pixels))
            except ImageError as exc:
                outcomes.append(exc)
        found, view_counts = run_views(engine, images, outputs, wants_crops) if images else ([], [])
        return Batch(outcomes, found, view_counts, [image.is_blank for image in images])

    workers = workers or available_cores()
    batches = _batches(sources, batch_size)
    first = list(islice(batches, 2))
    batches = chain(first, batches)
    if len(first) < 2 or workers == 1:  # a thread besides this one would only take turns with it
        yield from map(run, batches)
        return
    yield from in_threads(
        run,
        batches,
        workers=workers,
        ahead=2 * workers,
        weigh=lambda batch: sum(map(_held_bytes, batch)),
        most=_WAITING_BYTES,
    )


def _batches(sources: Iterable[ImageSource], batch_size: int) -> Iterator[list[ImageSource]]:
    """Yield batches of images; one that holds many bytes is closed early."""
    batch: list[ImageSource] = []
    held = 0
    for source in sources:
        batch.append(source)
        held += _held_bytes(source)
        if len(batch) == batch_size or held > _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _held_bytes(source: ImageSource) -> int:
    return len(source) if isinstance(source, bytes) else 0
