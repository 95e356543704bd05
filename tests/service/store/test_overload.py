"""Far more clients than a service with a store can hold: it refuses in time, and keeps what it acknowledged."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.service.server import PNG, picture, running
from tests.service.store.test_kills import all_of
from viennatag.service.store.access import add_user
from viennatag.service.store.database import Database
from viennatag.service.store.team import hash_image

CLIENTS, QUEUE = 160, 16
SECONDS = 10.0
ACCEPTED = {"26.4.1": "accepted"}


class Crowd:
    """Clients that send images of their own and decide on them without pause."""

    def __init__(self, base: str, token: str) -> None:
        self.client = httpx.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {token}"},
            limits=httpx.Limits(max_connections=CLIENTS),
            timeout=120,
        )
        self.answers: Counter[int] = Counter()
        self.kept: dict[int, str] = {}
        self.decided: list[int] = []

    async def send(self, method: str, address: str, **request: object) -> httpx.Response | None:
        """Return the answer; None if the service refused because it is busy."""
        answer = await self.client.request(method, address, **request)  # type: ignore[arg-type]
        self.answers[answer.status_code] += 1
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Content-Type"] == "application/problem+json"
            return None
        assert answer.status_code == 200, answer.text
        return answer

    async def work(self, number: int, end: float) -> None:
        count = 0
        while time.monotonic() < end:
            count += 1
            image = picture() + f"image {count} of client {number}".encode()  # behind its end a PNG may hold anything
            if (added := await self.send("POST", "/v1/marks", content=image, headers=PNG)) is None:
                continue
            mark = added.json()["results"][0]["id"]
            self.kept[mark] = hash_image(image)
            body = {"version": 0, "decisions": ACCEPTED, "done": True}
            if await self.send("PUT", f"/v1/marks/{mark}/first", json=body) is not None:
                self.decided.append(mark)


@pytest.mark.slow
def test_what_was_acknowledged_in_an_overload_is_kept(store_url: str, tmp_path: Path) -> None:
    database = Database(store_url)
    token = add_user(database, "anna", "examiner")
    database.close()

    async def conversation(base: str) -> Crowd:
        crowd = Crowd(base, token)
        async with crowd.client:
            end = time.monotonic() + SECONDS
            await asyncio.gather(*(crowd.work(number, end) for number in range(CLIENTS)))
            assert await crowd.send("POST", "/v1/marks", content=picture(), headers=PNG), "it is calm again"
        return crowd

    with running("--store", store_url, "--queue", QUEUE, log=tmp_path / "log") as (_, port):
        base = f"http://127.0.0.1:{port}"
        crowd = asyncio.run(conversation(base))
        with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            marks = {mark["id"]: mark for mark in all_of(client, "/v1/marks", "marks")}
    assert crowd.answers[503], "so many clients are too many"
    assert crowd.decided
    assert {mark: marks[mark]["image_hash"] for mark in crowd.kept} == crowd.kept
    assert {(marks[mark]["state"], *marks[mark]["codes"]) for mark in crowd.decided} == {("done", "26.4.1")}
