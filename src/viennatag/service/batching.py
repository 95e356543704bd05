"""Dynamic batching: images of many requests run through the network together.

No batch waits to be filled: while the workers are busy, the next images gather in the queue, and an idle worker
starts at once. Each worker has its images decoded by a process that can be killed (`images.isolation`) and runs its own
batch with an engine of one thread. The queue is bounded, and requests beyond it are refused at once, because a response
that comes too late is useless.

An image that may cost much, by its first bytes or because a worker's process gave it up after a second, goes to the
slow lane: few threads of its own, whose processes have more time and a lower priority. So it delays only its like.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import ImageError
from viennatag.images.crops import Box
from viennatag.images.decoding import FramedImage
from viennatag.images.isolation import CostlyImageError, DecodeProcesses, decode_processes, is_costly
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import BATCH_SIZE
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions
from viennatag.service.problems import BUSY, SLOW_RESPONSE, STOPPING, STUCK, Problem

STUCK_SECONDS = 10.0
"""A worker that is busy for longer with one batch is stuck; a batch takes a tenth of a second."""
ORDINARY_SECONDS = 1.0
"""Longest that an image may take to decode outside the slow lane, of processor time."""
_SLOW_QUEUE = 8  # images that may wait for one thread of the slow lane
_SLOW_NICE = 5

_Decoded = TypeVar("_Decoded")
_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class ImageScores:
    """Calibrated scores (labels,) and features (as the graph returns them) of an image, and its size in pixels."""

    width: int
    height: int
    scores: NDArray[np.float64]
    features: NDArray[np.float32]


@dataclass(eq=False)
class _Job:
    """An image, how it is decoded, and what to do with it; one that is scored joins a batch of the network first."""

    source: bytes | Path
    decode: Callable[[DecodeProcesses], Any]
    work: Callable[..., Any]
    is_scored: bool
    future: "asyncio.Future[Any]"
    decoded: Any = None


class Batcher:
    """Worker threads behind a bounded queue; created, used and closed on one event loop."""

    def __init__(self, predictor: Predictor, options: ServiceOptions, metrics: ServiceMetrics) -> None:
        self._predictor = predictor
        self._options = options
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        lock = threading.Lock()
        self._changed = threading.Condition(lock)  # for workers
        self._slow_changed = threading.Condition(lock)  # for the slow lane
        self._waiting: deque[_Job] = deque()
        self._slow: deque[_Job] = deque()
        self._slow_jobs = 0  # waiting in the slow lane, or being decoded there
        self._idle = 0
        self._closing = False
        self._busy_since: dict[str, float] = {}  # by the name of a worker
        self.size = 0
        metrics.watch(lambda: self.size, self.stuck_workers)
        self._decoders = decode_processes(seconds=ORDINARY_SECONDS)
        self._slow_decoders = decode_processes(nice=_SLOW_NICE)
        self._slow_threads = -(-options.workers // 2)
        self._threads = [
            *(threading.Thread(target=self._work, name=f"worker-{at}", daemon=True) for at in range(options.workers)),
            *(
                threading.Thread(target=self._decode_slowly, name=f"slow-lane-{at}", daemon=True)
                for at in range(self._slow_threads)
            ),
        ]
        for thread in self._threads:
            thread.start()

    def check_room(self, images: int = 1) -> None:
        """Raise a `Problem` if the service is stopping, stuck, or has no room for this many more images."""
        if self._closing:
            raise Problem(STOPPING, "the service is stopping and accepts no new requests; try again soon")
        if self.stuck_workers() == self._options.workers:
            self._metrics.refused.inc()
            raise Problem(STUCK, f"every worker has been busy with one batch for more than {STUCK_SECONDS:g} s")
        if self.size + images > self._options.queue:
            self._metrics.refused.inc()
            most = f"at most {self._options.queue} may be; try again soon"
            raise Problem(BUSY, f"{self.size} images are in the queue, {most}")

    def stuck_workers(self) -> int:
        """Return how many workers have been busy with one batch for too long."""
        now = time.monotonic()
        return sum(now - since > STUCK_SECONDS for since in list(self._busy_since.values()))

    async def score(
        self, images: Sequence[bytes], work: Callable[[ImageScores], _Result], *, region: Box | None = None
    ) -> list[_Result | ImageError]:
        """Return for each image what `work` returns for its scores in a worker, or why it cannot be read.

        Args:
            images: The bytes of image files.
            work: What to do with the scores of one image.
            region: The part of each image that is scored; see `read_region`.

        Raises:
            Problem: If there is no room for all of them, or the response takes too long.
        """
        return await self._submit([self._job(image, self.framing(image, region), work, True) for image in images])

    async def run(
        self,
        image: bytes | Path,
        decode: Callable[[DecodeProcesses], _Decoded],
        work: Callable[[_Decoded], _Result],
    ) -> _Result:
        """Return what `work` returns in a worker for what `decode` made of an image.

        Raises:
            ImageError: If the image cannot be read.
            Problem: As `score`.
        """
        (result,) = await self._submit([self._job(image, decode, work, False)])
        if isinstance(result, ImageError):
            raise result
        return cast("_Result", result)

    def framing(self, image: bytes, region: Box | None) -> Callable[[DecodeProcesses], FramedImage]:
        """Return what decodes an image, or a region of it, for the network."""
        size, max_crops = self._predictor.engine.size, self._predictor.postprocessor.max_crops
        max_pixels = self._options.max_pixels
        return lambda processes: processes.frame(image, size, max_crops=max_crops, max_pixels=max_pixels, region=region)

    def shrinking(
        self, image: bytes | Path, side: int, region: Box | None = None
    ) -> Callable[[DecodeProcesses], Image.Image]:
        """Return what decodes an image, or a region of it, at most `side` pixels wide and high."""
        return lambda processes: processes.shrink(image, side, max_pixels=self._options.max_pixels, region=region)

    async def close(self) -> None:
        """Finish the queue, then end the workers."""
        with self._changed:
            self._closing = True
            self._wake_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _job(self, image: bytes | Path, decode: Callable[..., Any], work: Callable[..., Any], is_scored: bool) -> _Job:
        return _Job(image, decode, work, is_scored, self._loop.create_future())

    async def _submit(self, jobs: list[_Job]) -> list[Any]:
        self.check_room(len(jobs))
        self.size += len(jobs)
        with self._changed:
            self._waiting.extend(jobs)
            self._changed.notify(len(jobs))
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
        name = threading.current_thread().name
        while batch := self._next_batch(name):
            ready = []
            for job in batch:
                self._busy_since[name] = time.monotonic()
                if self._is_wanted(job) and (job.decoded is not None or self._decode(job)):
                    ready.append(job)
            for job in ready:
                if not job.is_scored:
                    self._resolve(job, _attempt(job.work, job.decoded))
            self._score([job for job in ready if job.is_scored])

    def _next_batch(self, name: str) -> list[_Job]:
        """Return the next jobs, leaving their share to idle workers; none when the service stops."""
        with self._changed:
            self._busy_since.pop(name, None)
            if self._closing:
                self._wake_all()
            self._idle += 1
            self._changed.wait_for(lambda: self._waiting or (self._closing and not self._slow_jobs))
            share = -(-len(self._waiting) // self._idle)
            self._idle -= 1
            if share:
                self._busy_since[name] = time.monotonic()
            return [self._waiting.popleft() for _ in range(min(share, BATCH_SIZE))]

    def _wake_all(self) -> None:
        self._changed.notify_all()
        self._slow_changed.notify_all()

    def _score(self, jobs: list[_Job]) -> None:
        """Run decoded images through the network together, and resolve their jobs."""
        if not jobs:
            return
        framed: list[FramedImage] = [job.decoded for job in jobs]
        try:
            outputs, (features,) = self._predictor.forward(framed, ("features",))
            scores = self._predictor.postprocessor.scores(outputs)
        except Exception as exc:  # a bug, which must not end the worker; the requests get status 500
            for job in jobs:
                self._resolve(job, exc)
            return
        own = features[outputs.whole_rows]
        for job, image, score, feature in zip(jobs, framed, scores, own, strict=True):
            result = _attempt(job.work, ImageScores(image.width, image.height, score, feature))
            self._resolve(job, result)
        self._metrics.batches.observe(len(jobs))

    def _decode(self, job: _Job) -> bool:
        """Decode the image of a job; return False if it cannot be, or not here."""
        try:
            if is_costly(job.source):
                self._send_to_slow_lane(job)
                return False
            job.decoded = job.decode(self._decoders)
            return True
        except CostlyImageError:
            self._send_to_slow_lane(job)
        except Exception as exc:
            self._resolve(job, exc)
        return False

    def _send_to_slow_lane(self, job: _Job) -> None:
        with self._changed:
            if len(self._slow) < _SLOW_QUEUE * self._slow_threads:
                self._slow_jobs += 1
                self._slow.append(job)
                self._slow_changed.notify()
                return
        self._metrics.refused.inc()
        waiting = "too many images that take long to decode are waiting; try again soon, or send smaller ones"
        self._resolve(job, Problem(BUSY, waiting))

    def _decode_slowly(self) -> None:
        while job := self._next_slow_job():
            if self._is_wanted(job):
                try:
                    job.decoded = job.decode(self._slow_decoders)
                except Exception as exc:
                    self._resolve(job, exc)
            with self._changed:
                self._slow_jobs -= 1
                if job.decoded is not None:
                    self._waiting.append(job)
                    self._changed.notify()
                if self._closing:
                    self._wake_all()

    def _next_slow_job(self) -> _Job | None:
        with self._slow_changed:
            self._slow_changed.wait_for(
                lambda: self._slow or (self._closing and not self._waiting and not self._busy_since)
            )
            return self._slow.popleft() if self._slow else None

    def _is_wanted(self, job: _Job) -> bool:
        """Return whether a client still waits for a job; one that nobody waits for is done."""
        if job.future.cancelled():
            self._resolve(job, None)
            return False
        return True

    def _resolve(self, job: _Job, result: Any) -> None:
        outcome = "unreadable" if isinstance(result, ImageError) else "read" if job.is_scored else None
        self._loop.call_soon_threadsafe(self._finish, job.future, result, outcome)

    def _finish(self, future: "asyncio.Future[Any]", result: Any, outcome: str | None) -> None:
        self.size -= 1
        if future.done():
            return
        if outcome:
            self._metrics.images.labels(outcome).inc()
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def _attempt(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the work of a job returns or raises; one job must not stop the others of its batch."""
    try:
        return work(*arguments)
    except Exception as exc:
        return exc
