"""Batches: sent at once, predicted in the background, fetched later."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.service.server import PNG, check_problem, picture, starter, talk
from tests.service.test_batching import held_engine
from viennatag.service import batches
from viennatag.service.batches import MemoryBatchStore
from viennatag.service.options import ServiceOptions
from viennatag.service.parameters import PredictionQuery
from viennatag.service.problems import Problem
from viennatag.service.uploads import Upload


async def finished(client: httpx.AsyncClient, address: str) -> dict[str, object]:
    for _ in range(200):
        found: dict[str, object] = (await client.get(address)).json()
        if found["status"] in {"done", "failed"}:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


def test_a_batch_has_the_results_of_single_requests() -> None:
    files = [("files", (f"{at}.png", picture(40 + at, 30))) for at in range(20)]
    files[3] = ("files", ("böse.png", b"broken"))

    async def conversation(client: httpx.AsyncClient) -> None:
        query = "top=2&level=section&exclude=29"
        started = await client.post(f"/v1/batches?{query}", files=files)
        assert started.status_code == 202
        address = started.headers["location"]
        assert address == f"/v1/batches/{started.json()['id']}"
        assert started.json()["status"] == "waiting"
        status = await finished(client, address)
        assert (status["status"], status["images"], status["done"]) == ("done", 20, 20)
        assert datetime.fromisoformat(str(status["expires"])) > datetime.now(UTC) + timedelta(minutes=50)
        results = (await client.get(f"{address}/results")).json()["results"]
        assert [each["image"] for each in results] == [name for _, (name, _) in files]
        assert "not an image" in results[3]["error"]["detail"]
        alone = await client.post(f"/v1/predict?{query}", files=[files[5]])
        (expected,) = alone.json()["results"]
        found, wanted = ([each["code"] for each in result["suggestions"]] for result in (results[5], expected))
        assert found == wanted
        page = (await client.get(f"{address}/results?start=18&count=5")).json()["results"]
        assert [each["image"] for each in page] == ["18.png", "19.png"]
        assert (await client.delete(address)).status_code == 204
        check_problem(await client.get(address), 404, "no-batch", "removed")
        check_problem(await client.get(f"{address}/results"), 404, "no-batch")
        check_problem(await client.delete(address), 404, "no-batch")

    talk(conversation)


def test_images_without_names_are_numbered_over_the_batch() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        started = await client.post("/v1/batches", content=picture(), headers=PNG)
        await finished(client, started.headers["location"])
        (result,) = (await client.get(f"{started.headers['location']}/results")).json()["results"]
        assert result["image"] == "image-1"

    talk(conversation)


def test_a_batch_is_cancelled_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with held_engine(monkeypatch) as (go, sizes):

        async def conversation(client: httpx.AsyncClient) -> None:
            started = await client.post("/v1/batches", files=[("files", ("a.png", picture()))] * 30)
            while not sizes:
                await asyncio.sleep(0.01)
            assert (await client.delete(started.headers["location"])).status_code == 204
            go.set()
            assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200
            await asyncio.sleep(0.3)

        talk(conversation, ServiceOptions(workers=1, max_files=30))
    assert sum(sizes) <= 8 + 1  # the few that ran, and the single image


def test_single_requests_do_not_wait_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        started = await client.post("/v1/batches", files=[("files", ("a.png", picture()))] * 200)
        while (await client.get(started.headers["location"])).json()["status"] != "running":
            await asyncio.sleep(0.01)
        assert (await client.post("/v1/predict", content=picture(), headers=PNG)).status_code == 200
        assert (await client.get(started.headers["location"])).json()["done"] < 200

    talk(conversation)


def test_batches_are_refused_as_predictions_are() -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        check_problem(await client.post("/v1/batches?top=0", content=picture(), headers=PNG), 422, "invalid")
        check_problem(await client.post("/v1/batches", json={}), 415, "unsupported-media-type")
        many = [("files", ("a.png", b"x"))] * (batches.MAX_FILES + 1)
        check_problem(await client.post("/v1/batches", files=many), 413, "too-large", "1000 files")

    talk(conversation)


def test_a_mistake_ends_a_batch_and_not_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def conversation(client: httpx.AsyncClient) -> None:
        suggest = starter().suggest
        monkeypatch.setattr(starter(), "suggest", lambda *_, **__: 1 / 0)
        first = await client.post("/v1/batches", content=picture(), headers=PNG)
        status = await finished(client, first.headers["location"])
        assert status["status"] == "failed"
        assert "bug" in str(status["detail"])
        monkeypatch.setattr(starter(), "suggest", suggest)
        second = await client.post("/v1/batches", content=picture(), headers=PNG)
        assert (await finished(client, second.headers["location"]))["status"] == "done"

    talk(conversation)


def uploads(count: int, size: int) -> list[Upload]:
    return [Upload(f"{at}", bytes(size)) for at in range(count)]


def test_the_store_holds_no_more_bytes_than_allowed() -> None:
    store = MemoryBatchStore(1000)
    first = store.add(PredictionQuery(), uploads(4, 200))
    with pytest.raises(Problem, match="hold 800 bytes, at most 1,000"):
        store.add(PredictionQuery(), uploads(3, 100))
    images = store.next_images(3)
    assert images is not None
    assert (images.id, images.first, len(images.uploads)) == (first.id, 1, 3)
    store.save(images, [{"image": "x"}] * 3)
    assert store.status(first.id).status == "running"
    second = store.add(PredictionQuery(), uploads(3, 200))  # the images of the first are gone
    rest = store.next_images(3)
    assert rest is not None
    assert (rest.id, rest.first, len(rest.uploads)) == (first.id, 4, 1)
    store.save(rest, [{"image": "y"}])
    assert store.status(first.id).status == "done"
    assert store.results(first.id, 3, 9) == [b'{"image": "y"}']
    store.add(PredictionQuery(), uploads(1, 390))  # what is done gives way
    with pytest.raises(KeyError):
        store.status(first.id)
    assert store.status(second.id).status == "waiting"


def test_results_that_do_not_fit_end_their_batch() -> None:
    store = MemoryBatchStore(500)
    found = store.add(PredictionQuery(), uploads(2, 100))
    images = store.next_images(1)
    assert images is not None
    store.save(images, [{"image": "x" * 600}])
    status = store.status(found.id)
    assert (status.status, status.done) == ("failed", 0)
    assert "fewer codes" in str(status.detail)
    assert store.next_images(1) is None
    store.add(PredictionQuery(), uploads(1, 500))  # it holds nothing any more


def test_results_are_forgotten_after_their_time() -> None:
    store = MemoryBatchStore(500, keep=timedelta(seconds=-1))
    found = store.add(PredictionQuery(), uploads(1, 100))
    images = store.next_images(1)
    assert images is not None
    store.save(images, [{}])
    with pytest.raises(KeyError):
        store.results(found.id, 0, 1)
    store.save(images, [{}])  # removed meanwhile
    store.fail(found.id, "removed meanwhile")
