"""Requests share batches, the queue is bounded, and what was accepted is finished."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.service.server import PNG, check_problem, picture, starter, talk
from viennatag.images.isolation import CostlyImageError, DecodeProcesses
from viennatag.service import batching
from viennatag.service.app import make_app
from viennatag.service.batching import Batcher
from viennatag.service.metrics import ServiceMetrics
from viennatag.service.options import ServiceOptions


@contextmanager
def held_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """Yield an event that the network waits for, and the sizes of the batches that came to it."""
    go, sizes = threading.Event(), []
    engine = starter().engine
    run = engine.run

    def slow(pixels: NDArray[np.uint8], outputs: tuple[str, ...] | None = None) -> list[NDArray[np.float32]]:
        if outputs != ("logits",):  # that is how the application warms up
            sizes.append(len(pixels))
            assert go.wait(10)
        return run(pixels, outputs)

    monkeypatch.setattr(engine, "run", slow)
    try:
        yield go, sizes
    finally:
        go.set()


async def until(client: httpx.AsyncClient, line: str) -> None:
    for _ in range(500):
        if line in (await client.get("/metrics")).text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(line)


def test_requests_that_wait_together_run_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, sizes):

        async def conversation(client: httpx.AsyncClient) -> list[httpx.Response]:
            asked = []
            for at in range(17):
                post = client.post("/v1/predict?top=1", content=picture(40 + at, 30), headers=PNG)
                asked.append(asyncio.create_task(post))
                while not sizes:  # the worker takes the first one alone
                    await asyncio.sleep(0.001)
            await until(client, "viennatag_queue_images 17.0")
            go.set()
            return await asyncio.gather(*asked)

        answers = talk(conversation, ServiceOptions(workers=1))
    assert sizes == [1, 8, 8]
    assert [answer.json()["results"][0]["width"] for answer in answers] == [40 + at for at in range(17)]


def test_idle_workers_share_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, sizes):

        async def conversation(client: httpx.AsyncClient) -> httpx.Response:
            asked = asyncio.create_task(client.post("/v1/predict", files=[("files", ("a.png", picture()))] * 8))
            while sum(sizes) < 8:
                await asyncio.sleep(0.01)
            go.set()
            return await asked

        assert len(talk(conversation, ServiceOptions(workers=2)).json()["results"]) == 8
    assert sizes == [4, 4]


def test_a_full_queue_refuses_at_once_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, _):

        async def conversation(client: httpx.AsyncClient) -> None:
            asked = [asyncio.create_task(client.post("/v1/predict", content=picture(), headers=PNG)) for _ in range(4)]
            await until(client, "viennatag_queue_images 4.0")
            check_problem(await client.post("/v1/predict", content=picture(), headers=PNG), 503, "busy", "at most 4")
            check_problem(await client.get("/readyz"), 503, "busy")
            assert (await client.get("/healthz")).status_code == 200
            go.set()
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
            assert (await client.get("/readyz")).status_code == 200
            assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200
            assert "viennatag_refused_total 2.0" in (await client.get("/metrics")).text

        talk(conversation, ServiceOptions(queue=4, max_files=4))


def test_an_answer_that_takes_too_long_is_given_up_and_its_image_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, sizes):

        async def conversation(client: httpx.AsyncClient) -> None:
            asked = []
            for _ in range(3):
                asked.append(asyncio.create_task(client.post("/v1/predict", content=picture(), headers=PNG)))
                while not sizes:  # the worker takes the first one alone
                    await asyncio.sleep(0.001)
            for answer in await asyncio.gather(*asked):
                check_problem(answer, 503, "slow-response", "0.2 s")
            go.set()
            await until(client, "viennatag_queue_images 0.0")

        talk(conversation, ServiceOptions(response_seconds=0.2, workers=1))
    assert sizes == [1]  # the other two were still waiting


def test_stopping_finishes_what_was_accepted_and_takes_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        app = make_app(starter(), ServiceOptions(workers=1))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            lifespan = app.router.lifespan_context(app)
            await lifespan.__aenter__()
            asked = [asyncio.create_task(client.post("/v1/predict", content=picture(), headers=PNG)) for _ in range(12)]
            await until(client, "viennatag_queue_images 12.0")
            stopping = asyncio.create_task(lifespan.__aexit__(None, None, None))
            await asyncio.sleep(0.05)
            assert not stopping.done()
            check_problem(await client.post("/v1/predict", content=picture(), headers=PNG), 503, "stopping")
            check_problem(await client.get("/readyz"), 503, "stopping")
            go.set()
            assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
            await stopping
            assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("worker-")]

    with held_engine(monkeypatch) as (go, _):
        asyncio.run(run())


def test_a_mistake_in_one_batch_leaves_the_workers_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    run = starter().engine.run

    async def conversation(client: httpx.AsyncClient) -> None:
        monkeypatch.setattr(starter().engine, "run", lambda *_: 1 / 0)
        check_problem(await client.post("/v1/predict", content=picture(), headers=PNG), 500, "internal")
        monkeypatch.setattr(starter().engine, "run", run)
        assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200

    talk(conversation, ServiceOptions(workers=1))


def test_a_dead_client_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, _):

        async def conversation(client: httpx.AsyncClient) -> None:
            task = asyncio.create_task(client.post("/v1/predict", content=picture(), headers=PNG))
            await until(client, "viennatag_queue_images 1.0")
            task.cancel()
            go.set()
            await until(client, "viennatag_queue_images 0.0")

        talk(conversation)


def test_costly_images_delay_only_their_like() -> None:
    """Whether an image is known to be costly, or found to be; the slow lane has a bounded queue of its own."""
    go = threading.Event()

    def decode(processes: DecodeProcesses) -> None:
        if processes.seconds == batching.ORDINARY_SECONDS:
            raise CostlyImageError("it takes too long here")
        assert go.wait(10)
        raise CostlyImageError("it takes too long")

    async def run() -> None:
        batcher = Batcher(starter(), ServiceOptions(workers=1), ServiceMetrics())
        costly = [asyncio.create_task(batcher.run(picture(), decode, lambda _: None)) for _ in range(5)]
        costly += [asyncio.create_task(batcher.run(picture(format_="TIFF"), decode, lambda _: None)) for _ in range(7)]
        done, _ = await asyncio.wait(costly, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 3:  # one is decoded, eight wait, three are refused
            await asyncio.sleep(0.01)
            done = {task for task in costly if task.done()}
        assert {str(task.exception()) for task in done} == {
            "too many images that take long to decode are waiting; try again soon, or send smaller ones"
        }
        (found,) = await batcher.score([picture()], lambda image: image.width)
        assert found == 40
        batcher.check_room()
        go.set()
        results = await asyncio.gather(*costly, return_exceptions=True)
        assert sum(str(each) == "it takes too long" for each in results) in {8, 9}  # eight wait, one may be decoded
        assert batcher.size == 0
        await batcher.close()

    asyncio.run(run())


def test_what_the_slow_lane_decoded_is_answered() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        fine = picture(90, 60, "TIFF")
        files = [("files", ("a.tif", fine)), ("files", ("b.png", picture())), ("files", ("c.tif", b"II*\0"))]
        first, second, third = (await client.post("/v1/predict", files=files)).json()["results"]
        assert (first["width"], second["width"]) == (90, 40)
        assert third["error"]["status"] == 422

    talk(conversation, ServiceOptions(workers=1))


def test_closing_finishes_the_slow_lane() -> None:
    async def run() -> None:
        batcher = Batcher(starter(), ServiceOptions(workers=2), ServiceMetrics())
        asked = [
            asyncio.create_task(batcher.score([picture(50 + at, 40, "TIFF")], lambda x: x.width)) for at in range(4)
        ]
        await asyncio.sleep(0)
        await batcher.close()
        assert await asyncio.gather(*asked) == [[50], [51], [52], [53]]

    asyncio.run(run())


def test_readiness_knows_stuck_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = [0.0]
    monkeypatch.setattr(batching, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + ahead[0]))
    with held_engine(monkeypatch) as (go, sizes):

        async def conversation(client: httpx.AsyncClient) -> None:
            asked = asyncio.create_task(client.post("/v1/predict", content=picture(), headers=PNG))
            while not sizes:
                await asyncio.sleep(0.01)
            assert (await client.get("/readyz")).status_code == 200
            ahead[0] = batching.STUCK_SECONDS + 1
            check_problem(await client.get("/readyz"), 503, "stuck", "every worker")
            check_problem(await client.post("/v1/predict", content=picture(), headers=PNG), 503, "stuck")
            assert "viennatag_stuck_workers 1.0" in (await client.get("/metrics")).text
            go.set()
            assert (await asked).status_code == 200
            await until(client, "viennatag_stuck_workers 0.0")
            assert (await client.get("/readyz")).status_code == 200

        talk(conversation, ServiceOptions(workers=1))
