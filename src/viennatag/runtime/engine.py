"""Run an ONNX graph over batches of pixels.

The graph takes uint8 and normalises inside, so nothing about a network leaks out of its file. The
same engine extracts features for training and serves predictions, so both see the same values.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import BundleError, DataError, ImageError
from viennatag.images.decoding import available_cores
from viennatag.images.isolation import read_guarded
from viennatag.images.sources import ImageSource
from viennatag.runtime.backends import open_runtime

if TYPE_CHECKING:
    from concurrent.futures import Future

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
        names = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
        return f"{names[self._runtime.name]} on {self.device}, computing in {self._runtime.precision}"

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
        workers: Threads; by default one for each core.
        batch_size: Images in a batch.
    """

    def run(batch: list[ImageSource]) -> Batch[Extra]:
        outcomes: list[Extra | ImageError] = []
        pixels: list[NDArray[np.uint8]] = []
        view_counts: list[int] = []
        blank: list[bool] = []
        for source in batch:
            try:
                framed = read_guarded(source, engine.size, max_crops=max_crops)
                outcomes.append(also(framed.pixels))
                pixels.extend(framed.views)
                view_counts.append(len(framed.views))
                blank.append(framed.is_blank)
            except ImageError as exc:
                outcomes.append(exc)
        return Batch(outcomes, engine.run(np.stack(pixels), outputs) if pixels else [], view_counts, blank)

    workers = workers or available_cores()
    batches = _batches(sources, batch_size)
    first = list(islice(batches, 2))
    if len(first) < 2:  # a single batch is faster without threads
        yield from map(run, first)
        return
    batches = chain(first, batches)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers, thread_name_prefix="engine") as pool:
        queue: deque[tuple[Future[Batch[Extra]], int]] = deque()
        waiting = 0
        try:
            while True:
                while len(queue) < 2 * workers and waiting <= _WAITING_BYTES and (batch := next(batches, None)):
                    size = sum(map(_held_bytes, batch))
                    queue.append((pool.submit(run, batch), size))
                    waiting += size
                if not queue:
                    return
                future, size = queue.popleft()
                yield future.result()
                waiting -= size
        finally:
            for future, _ in queue:
                future.cancel()


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
