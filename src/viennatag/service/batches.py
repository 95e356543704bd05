"""`/v1/batches`: many images are sent at once, predicted when there is time, and fetched later.

A batch waits for its turn: its images are run a few at a time, and only while few other images wait. Batches live in a
`BatchStore`; the one here keeps them in memory within a budget of bytes, so they end with the service. As another one
may wait for a database, all are asked in a thread of their own, one thing after the other.
"""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from viennatag.errors import StoreError, ViennatagError
from viennatag.runtime.engine import BATCH_SIZE
from viennatag.service.logs import LOG
from viennatag.service.parameters import PredictionQuery, prediction_query
from viennatag.service.prediction import predict_images
from viennatag.service.problems import BUSY, NO_BATCH, RESPONSES, Problem
from viennatag.service.schemas import BatchResponse, BatchResultsResponse
from viennatag.service.state import State
from viennatag.service.uploads import IMAGES, Upload, receive_images

MAX_FILES = 1000
"""Images in one batch."""
KEEP = timedelta(hours=1)
"""How long the results of a batch are kept after its last image."""
NO_ROOM = "the results of the batches hold more bytes than allowed; ask for fewer codes (top)"
"""Why a batch failed whose results do not fit."""
_AT_ONCE = 20  # results that are sent together, so that neither memory nor others wait for many
_IDLE = 0.2  # seconds until the store is asked again
_PAUSE = 0.05  # seconds until a busy service is asked again
_AWAY = 2.0  # seconds until a store that failed is asked again
_THREAD = ThreadPoolExecutor(1, "batches")
_Answer = TypeVar("_Answer")

BatchId = Annotated[str, Path(max_length=64, description="The id of a batch, as it was answered at its start.")]


@dataclass(frozen=True)
class BatchImages:
    """The next images of a batch, and what is wanted of them; `first` is the number of the first one, from 1."""

    id: str
    first: int
    wanted: PredictionQuery
    uploads: tuple[Upload, ...]


class BatchStore(Protocol):
    """Where batches are kept. A method that names an unknown batch raises KeyError."""

    def add(self, wanted: PredictionQuery, uploads: Sequence[Upload]) -> BatchResponse:
        """Keep a new batch, or raise a `Problem` if there is no room for it."""

    def status(self, id_: str) -> BatchResponse:
        """Return how far a batch is."""

    def results(self, id_: str, start: int, count: int) -> list[bytes]:
        """Return results as JSON in the order of the images, from a position on."""

    def next_images(self, count: int) -> BatchImages | None:
        """Return images that have no results yet, of the oldest batch that has such; None if there are none."""

    def save(self, images: BatchImages, results: Sequence[dict[str, Any]]) -> None:
        """Keep the results of images; a batch that was removed meanwhile is passed over."""

    def fail(self, id_: str, detail: str) -> None:
        """End a batch that cannot go on; one that was removed is passed over."""

    def remove(self, id_: str) -> None:
        """Forget a batch, its images and its results."""


@dataclass(eq=False)
class _Batch:
    wanted: PredictionQuery
    waiting: deque[Upload]
    images: int
    created: datetime
    results: list[bytes] = field(default_factory=list)  # JSON, so that their size is known, and sent as it is
    size: int = 0
    expires: datetime | None = None
    detail: str | None = None


class MemoryBatchStore:
    """Batches in memory, within a budget of bytes; finished ones give way, the oldest first."""

    def __init__(self, most_bytes: int, *, keep: timedelta = KEEP) -> None:
        self._most, self._keep = most_bytes, keep
        self._held = 0
        self._batches: dict[str, _Batch] = {}

    def add(self, wanted: PredictionQuery, uploads: Sequence[Upload]) -> BatchResponse:
        """Keep a new batch.

        Raises:
            Problem: If there is no room for it.
        """
        size = sum(len(upload.content) for upload in uploads)
        if not self._make_room(size):
            found = f"the batches hold {self._held:,} bytes, at most {self._most:,} are allowed"
            raise Problem(BUSY, f"{found}; fetch and remove batches that are done, or try again later")
        id_ = secrets.token_urlsafe(16)
        self._batches[id_] = _Batch(wanted, deque(uploads), len(uploads), datetime.now(UTC), size=size)
        self._held += size
        return self.status(id_)

    def status(self, id_: str) -> BatchResponse:
        """Return how far a batch is."""
        self._forget_old()
        batch = self._batches[id_]
        return BatchResponse(
            id=id_,
            images=batch.images,
            done=len(batch.results),
            created=batch.created,
            expires=batch.expires,
            detail=batch.detail,
        )

    def results(self, id_: str, start: int, count: int) -> list[bytes]:
        """Return results as JSON in the order of the images, from a position on."""
        self._forget_old()
        return self._batches[id_].results[start : start + count]

    def next_images(self, count: int) -> BatchImages | None:
        """Return images of the oldest batch that has some left."""
        for id_, batch in self._batches.items():
            if batch.waiting:
                uploads = tuple(batch.waiting)[:count]
                return BatchImages(id_, len(batch.results) + 1, batch.wanted, uploads)
        return None

    def save(self, images: BatchImages, results: Sequence[dict[str, Any]]) -> None:
        """Keep the results of images in their place."""
        batch = self._batches.get(images.id)
        if batch is None:
            return
        kept = [json.dumps(result).encode() for result in results]
        for _ in images.uploads:
            self._grow(batch, -len(batch.waiting.popleft().content))
        size = sum(map(len, kept))
        if not self._make_room(size):
            self.fail(images.id, NO_ROOM)
            return
        self._grow(batch, size)
        batch.results += kept
        if not batch.waiting:
            batch.expires = datetime.now(UTC) + self._keep

    def fail(self, id_: str, detail: str) -> None:
        """End a batch; it keeps its results."""
        batch = self._batches.get(id_)
        if batch is not None:
            self._grow(batch, -sum(len(upload.content) for upload in batch.waiting))
            batch.waiting.clear()
            batch.expires, batch.detail = datetime.now(UTC) + self._keep, detail

    def remove(self, id_: str) -> None:
        """Forget a batch, its images and its results."""
        self._held -= self._batches.pop(id_).size

    def _grow(self, batch: _Batch, size: int) -> None:
        batch.size += size
        self._held += size

    def _make_room(self, size: int) -> bool:
        self._forget_old()
        finished = [id_ for id_, batch in self._batches.items() if batch.expires]
        while self._held + size > self._most and finished:
            self.remove(finished.pop(0))
        return self._held + size <= self._most

    def _forget_old(self) -> None:
        now = datetime.now(UTC)
        for id_ in [id_ for id_, batch in self._batches.items() if batch.expires and batch.expires < now]:
            self.remove(id_)


async def run_batches(state: State, store: BatchStore) -> None:
    """Run the images of batches, a few at a time, while few others wait; until it is cancelled."""
    while True:
        try:
            await asyncio.sleep(await _run_next(state, store))
        except StoreError as exc:
            LOG.error("failed", extra={"fields": {"store": str(exc)}})
            await asyncio.sleep(_AWAY)


async def _run_next(state: State, store: BatchStore) -> float:
    """Run the next images; return how many seconds to wait before those that follow."""
    images = await ask_store(store.next_images, BATCH_SIZE)
    if images is None:
        return _IDLE
    if state.batcher.size > BATCH_SIZE * state.options.workers:
        return _PAUSE
    try:
        results = await predict_images(state, images.uploads, images.wanted, first=images.first)
        await ask_store(store.save, images, results)
    except StoreError:
        raise
    except Problem as problem:
        if problem.kind.status != 503:
            await ask_store(store.fail, images.id, problem.detail)
        return _PAUSE  # busy or stopping
    except ViennatagError as exc:
        await ask_store(store.fail, images.id, str(exc))
    except Exception:  # a bug, which must not end the other batches
        LOG.exception("failed", extra={"fields": {"batch": images.id}})
        await ask_store(store.fail, images.id, "this is a bug of the service; see its log for the id of the batch")
    return 0


async def ask_store(question: Callable[..., _Answer], *arguments: Any) -> _Answer:
    """Return what a method of a store returns, in its turn and without keeping other requests waiting."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, question, *arguments)


def batch_routes(state: State, store: BatchStore) -> APIRouter:
    """Return the routes of batches."""
    router = APIRouter(prefix="/v1/batches", tags=["batches"], responses=RESPONSES)

    async def ask(question: Callable[..., _Answer], id_: str, *arguments: int) -> _Answer:
        try:
            return await ask_store(question, id_, *arguments)
        except KeyError:
            reasons = "it was removed, its hour is over, or the service was started again"
            raise Problem(NO_BATCH, f"there is no batch {id_[:64]!r}; {reasons}") from None

    @router.post(
        "",
        status_code=202,
        response_model=BatchResponse,
        openapi_extra={"requestBody": IMAGES},
        operation_id="start_batch",
    )
    async def start(
        request: Request,
        response: Response,
        wanted: Annotated[PredictionQuery, Depends(prediction_query(state.predictor))],
    ) -> BatchResponse:
        """Send up to 1,000 images, in the body of one request, to be predicted in the background.

        The parameters are those of a prediction. The answer names the batch, whose results are kept for an hour.
        """
        async with receive_images(request, state, max_files=MAX_FILES) as uploads:
            found = await ask_store(store.add, wanted, uploads)
        response.headers["Location"] = f"/v1/batches/{found.id}"
        return found

    @router.get("/{id}", response_model=BatchResponse, operation_id="read_batch")
    async def read(id: BatchId) -> BatchResponse:  # noqa: A002 - the name in the address
        """Show how far a batch is."""
        return await ask(store.status, id)

    @router.get("/{id}/results", response_model=BatchResultsResponse, operation_id="read_batch_results")
    async def read_results(
        id: BatchId,  # noqa: A002
        start: Annotated[int, Query(ge=0, le=MAX_FILES, description="Position of the first result, from 0.")] = 0,
        count: Annotated[int, Query(ge=1, le=MAX_FILES, description="How many results.")] = 100,
    ) -> StreamingResponse:
        """Show results in the order of the images, as far as there are; each as in a prediction."""
        first = await ask(store.results, id, start, min(count, _AT_ONCE))

        async def stream() -> AsyncGenerator[bytes, None]:
            found, sent = first, 0
            yield b'{"results":['
            while found:
                yield b"," * bool(sent) + b",".join(found)
                sent += len(found)
                found = await ask_store(store.results, id, start + sent, min(count - sent, _AT_ONCE))
            yield b"]}"

        return StreamingResponse(stream(), media_type="application/json")

    @router.delete("/{id}", status_code=204, operation_id="remove_batch")
    async def remove(id: BatchId) -> None:  # noqa: A002
        """Cancel a batch, and forget its images and results."""
        await ask(store.remove, id)

    return router
