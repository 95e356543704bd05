"""Images of many requests run through the network together.

There is no waiting for a batch to fill: while the workers are busy the next images gather by
themselves, and an idle worker starts at once. Each worker decodes and runs its own batch with an
engine of one thread, as `run_images` does. The number of images inside is bounded; what comes
beyond is refused at once, because an answer that comes too late is worth nothing.
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
from viennatag.images.crops import whole_rows
from viennatag.images.decoding import FittedImage, read_fitted_image
from viennatag.model.postprocessing import scores_from_logits
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import BATCH_SIZE
from viennatag.service.counters import Counters
from viennatag.service.problems import BUSY, SLOW_ANSWER, STOPPING, Problem
from viennatag.service.settings import Settings

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class Sight:
    """What the network made of one image.

    Attributes:
        width: Of the image, in pixels.
        height: Of the image, in pixels.
        scores: Calibrated scores; shape (labels,).
        features: As the graph gives them; shape (width of the features,).
    """

    width: int
    height: int
    scores: NDArray[np.float64]
    features: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Job:
    """An image to look at and what to make of it, or without an image something else to do in a worker."""

    image: bytes | None
    work: Callable[..., Any]
    future: "asyncio.Future[Any]"


class Batcher:
    """Worker threads behind a bounded queue; made, used and closed on one event loop."""

    def __init__(self, predictor: Predictor, settings: Settings, counters: Counters) -> None:
        self._predictor = predictor
        self._settings = settings
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._ready = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._idle = 0
        self._closing = False
        self.size = 0
        counters.watch_queue(lambda: self.size)
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{at}", daemon=True) for at in range(settings.workers)
        ]
        for thread in self._threads:
            thread.start()

    def check_room(self, images: int = 1) -> None:
        """Raise the problem that the service is busy or stopping if so many more images are not accepted."""
        if self._closing:
            raise Problem(STOPPING, "the service finishes what it accepted and takes nothing new; try again soon")
        if self.size + images > self._settings.queue:
            self._counters.refused.inc()
            raise Problem(
                BUSY, f"{self.size} images are waiting or worked on, at most {self._settings.queue} may; try again soon"
            )

    async def look(self, images: Sequence[bytes], work: Callable[[Sight], Answer]) -> list[Answer | ImageError]:
        """Return for each image what `work` makes of its sight in a worker, or why it cannot be read.

        Raises:
            Problem: If there is no room for all of them, or the answer takes too long.
        """
        return await self._finish([(image, work) for image in images])

    async def call(self, work: Callable[[], Answer]) -> Answer:
        """Return what `work` returns, done in a worker.

        Raises:
            Problem: As `look`.
        """
        (answer,) = await self._finish([(None, work)])
        if isinstance(answer, ImageError):
            raise answer
        return cast("Answer", answer)

    async def close(self) -> None:
        """Finish what was accepted, then end the workers."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    async def _finish(self, work: list[tuple[bytes | None, Callable[..., Any]]]) -> list[Any]:
        self.check_room(len(work))
        jobs = [_Job(image, each, self._loop.create_future()) for image, each in work]
        self.size += len(jobs)
        with self._ready:
            self._waiting.extend(jobs)
            self._ready.notify(len(jobs))
        try:
            async with asyncio.timeout(self._settings.answer_seconds):
                answers = await asyncio.gather(*(job.future for job in jobs), return_exceptions=True)
        except TimeoutError:
            seconds = self._settings.answer_seconds
            raise Problem(SLOW_ANSWER, f"there was no answer within {seconds:g} s; try again soon") from None
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ImageError):
                raise answer
        return answers

    def _work(self) -> None:
        while batch := self._next_batch():
            wanted = [job for job in batch if not job.future.cancelled()]  # nobody waits for the others any more
            outcomes: list[Any] = []
            try:
                outcomes = self._run(wanted)
            except Exception as exc:  # a bug, which must not end the worker; the requests answer 500
                outcomes = [exc] * len(wanted)
            self._loop.call_soon_threadsafe(self._settle, len(batch), list(zip(wanted, outcomes, strict=True)))

    def _next_batch(self) -> list[_Job]:
        """Return the next jobs, so many that idle workers get their share; none when the work is over."""
        with self._ready:
            self._idle += 1
            self._ready.wait_for(lambda: self._waiting or self._closing)
            share = -(-len(self._waiting) // self._idle)
            self._idle -= 1
            return [self._waiting.popleft() for _ in range(min(share, BATCH_SIZE))]

    def _run(self, jobs: list[_Job]) -> list[Any]:
        """Return what became of each job: its answer, or the exception that ended it."""
        outcomes: list[Any] = [None] * len(jobs)
        images: list[tuple[int, FittedImage]] = []  # the readable ones, each with its job
        for at, job in enumerate(jobs):
            if job.image is None:
                outcomes[at] = _attempt(job.work)
                continue
            try:
                size, most = self._predictor.engine.size, self._settings.max_pixels
                parts = self._predictor.bundle.parts
                found = read_fitted_image(job.image, size, parts=parts, max_pixels=most)
                images.append((at, found))
            except ImageError as exc:
                outcomes[at] = exc
        if images:
            bundle, views = self._predictor.bundle, [len(found.views) for _, found in images]
            batch = np.stack([view for _, found in images for view in found.views])
            wholes = whole_rows(views)
            look = bundle.look(batch[wholes])
            logits, features = self._predictor.engine.run(batch, ("logits", "features"))
            scores = scores_from_logits(logits, bundle, look, views=views)
            for (at, found), score, whole in zip(images, scores, wholes, strict=True):
                sight = Sight(found.width, found.height, score, features[whole])
                outcomes[at] = _attempt(jobs[at].work, sight)
            self._counters.batches.observe(len(images))
            self._counters.images.labels("read").inc(len(images))
        self._counters.images.labels("unreadable").inc(sum(isinstance(each, ImageError) for each in outcomes))
        return outcomes

    def _settle(self, done: int, outcomes: list[tuple[_Job, Any]]) -> None:
        self.size -= done
        for job, outcome in outcomes:
            if not job.future.done():
                if isinstance(outcome, Exception):
                    job.future.set_exception(outcome)
                else:
                    job.future.set_result(outcome)


def _attempt(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a job's work returns, or what it raised: one job must not spoil the others of its batch."""
    try:
        return work(*arguments)
    except Exception as exc:
        return exc
