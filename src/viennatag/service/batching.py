"""Dynamic batching: images of many requests run through the network together.

No batch waits to be filled: while the workers are busy, the next images gather in the queue, and an idle worker
starts at once. Each worker decodes and runs its own batch with an engine of one thread. The queue is bounded, and
requests beyond it are refused at once, because a response that comes too late is useless.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import ImageError
from viennatag.images.crops import full_view_rows
from viennatag.images.decoding import FramedImage
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import BATCH_SIZE
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import BUSY, SLOW_RESPONSE, STOPPING, Problem

_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class ImageScores:
    """Calibrated scores (labels,) and features (as the graph returns them) of an image, and its size in pixels."""

    width: int
    height: int
    scores: NDArray[np.float64]
    features: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Job:
    """An image and what to do with its scores; without an image, other work for a worker."""

    image: bytes | None
    work: Callable[..., Any]
    future: "asyncio.Future[Any]"


class Batcher:
    """Worker threads behind a bounded queue; created, used and closed on one event loop."""

    def __init__(self, predictor: Predictor, options: ServiceOptions, metrics: ServiceMetrics) -> None:
        self._predictor = predictor
        self._options = options
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._ready = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._idle = 0
        self._closing = False
        self.size = 0
        metrics.watch_queue(lambda: self.size)
        names = (f"worker-{at}" for at in range(options.workers))
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]
        for thread in self._threads:
            thread.start()

    def check_room(self, images: int = 1) -> None:
        """Raise a `Problem` if the service is stopping or has no room for this many more images."""
        if self._closing:
            raise Problem(STOPPING, "the service is stopping and accepts no new requests; try again soon")
        if self.size + images > self._options.queue:
            self._metrics.refused.inc()
            most = f"at most {self._options.queue} may be; try again soon"
            raise Problem(BUSY, f"{self.size} images are in the queue, {most}")

    async def score(
        self, images: Sequence[bytes], work: Callable[[ImageScores], _Result]
    ) -> list[_Result | ImageError]:
        """Return for each image what `work` returns for its scores in a worker, or why it cannot be read.

        Raises:
            Problem: If there is no room for all of them, or the response takes too long.
        """
        return await self._submit([(image, work) for image in images])

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns in a worker.

        Raises:
            Problem: As `score`.
        """
        (result,) = await self._submit([(None, work)])
        if isinstance(result, ImageError):
            raise result
        return cast("_Result", result)

    async def close(self) -> None:
        """Finish the queue, then end the workers."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    async def _submit(self, work: list[tuple[bytes | None, Callable[..., Any]]]) -> list[Any]:
        self.check_room(len(work))
        jobs = [_Job(image, each, self._loop.create_future()) for image, each in work]
        self.size += len(jobs)
        with self._ready:
            self._waiting.extend(jobs)
            self._ready.notify(len(jobs))
        try:
            async with asyncio.timeout(self._options.response_seconds):
                results = await asyncio.gather(*(job.future for job in jobs), return_exceptions=True)
        except TimeoutError:
            seconds = self._options.response_seconds
            raise Problem(SLOW_RESPONSE, f"there was no response within {seconds:g} s; try again soon") from None
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, ImageError):
                raise result
        return results

    def _work(self) -> None:
        while batch := self._next_batch():
            wanted = [job for job in batch if not job.future.cancelled()]  # no client waits for the others any more
            results: list[Any] = []
            try:
                results = self._run(wanted)
            except Exception as exc:  # a bug, which must not end the worker; the requests get status 500
                results = [exc] * len(wanted)
            self._loop.call_soon_threadsafe(self._resolve, len(batch), list(zip(wanted, results, strict=True)))

    def _next_batch(self) -> list[_Job]:
        """Return the next jobs, leaving their share to idle workers; none when the service stops."""
        with self._ready:
            self._idle += 1
            self._ready.wait_for(lambda: self._waiting or self._closing)
            share = -(-len(self._waiting) // self._idle)
            self._idle -= 1
            return [self._waiting.popleft() for _ in range(min(share, BATCH_SIZE))]

    def _run(self, jobs: list[_Job]) -> list[Any]:
        """Return for each job its result, or the exception that ended it."""
        results: list[Any] = [None] * len(jobs)
        images: list[tuple[int, FramedImage]] = []  # readable images with the positions of their jobs
        for at, job in enumerate(jobs):
            if job.image is None:
                results[at] = _attempt(job.work)
                continue
            try:
                images.append((at, self._predictor.read(job.image, max_pixels=self._options.max_pixels)))
            except ImageError as exc:
                results[at] = exc
        if images:
            outputs, (features,) = self._predictor.forward([framed for _, framed in images], ("features",))
            scores = self._predictor.postprocessor.scores(outputs)
            rows = full_view_rows([len(framed.views) for _, framed in images])
            for (at, framed), score, row in zip(images, scores, rows, strict=True):
                scored = ImageScores(framed.width, framed.height, score, features[row])
                results[at] = _attempt(jobs[at].work, scored)
            self._metrics.batches.observe(len(images))
            self._metrics.images.labels("read").inc(len(images))
        self._metrics.images.labels("unreadable").inc(sum(isinstance(each, ImageError) for each in results))
        return results

    def _resolve(self, done: int, results: list[tuple[_Job, Any]]) -> None:
        self.size -= done
        for job, result in results:
            if not job.future.done():
                if isinstance(result, Exception):
                    job.future.set_exception(result)
                else:
                    job.future.set_result(result)


def _attempt(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the work of a job returns or raises; one job must not stop the others of its batch."""
    try:
        return work(*arguments)
    except Exception as exc:
        return exc
