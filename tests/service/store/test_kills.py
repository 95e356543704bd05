"""Many clients decide at once while the service is killed: nothing that it acknowledged is lost."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.server import running
from viennatag.service.store.access import add_user
from viennatag.service.store.database import Database

CLIENTS = 16
MARKS = 8
"""Fewer than clients, so that they meet."""
CODES = ["3.1.6", "3.1.8", "26.1.1", "26.4.1", "5.5.20"]


Acknowledged = list[tuple[int, int]]
"""Marks, and the versions that their decisions got."""


def work(base: str, token: str, number: int, acknowledged: Acknowledged) -> int:
    """Decide on one mark after the other until the service is killed; return how many conflicts there were."""
    conflicts, at = 0, number
    access = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=base, headers=access, timeout=60, verify=False) as client:
        try:
            while True:
                at += 1
                mark = 1 + at % MARKS
                seen = client.get(f"/v1/marks/{mark}").json()["examinations"]["first"]["version"]
                codes = {code: "accepted" for bit, code in enumerate(CODES) if at >> bit & 1}
                codes[f"27.5.{1 + number}"] = "accepted" if seen % 2 else "rejected"
                answer = client.put(f"/v1/marks/{mark}/first", json={"version": seen, "decisions": codes})
                if answer.status_code == 200:
                    acknowledged.append((mark, answer.json()["examinations"]["first"]["version"]))
                else:
                    assert answer.status_code == 409, answer.text
                    conflicts += 1
        except httpx.TransportError:
            return conflicts


def all_of(client: httpx.Client, address: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := client.get(f"{address}?count=1000&after={found[-1]['id'] if found else 0}").json()[name]:
        found += page
    return found


@pytest.mark.parametrize("seconds", [1.5, pytest.param(60.0, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost(seconds: float, store_url: str, tmp_path: Path) -> None:
    database = Database(store_url)
    tokens = [add_user(database, f"examiner{number}", "examiner") for number in range(CLIENTS)]
    database.close()
    marks = [{"image": f"{at}.png", "state": "open", "decisions": []} for at in range(MARKS)]
    access = {"Authorization": f"Bearer {tokens[0]}"}
    acknowledged: Acknowledged = []
    conflicts = 0
    for turn in range(2):  # killed in both
        with running("--store", store_url, log=tmp_path / f"log{turn}") as (process, port):
            base = f"http://127.0.0.1:{port}"
            if turn == 0:
                sent = {**access, "Content-Type": "application/json"}
                answer = httpx.post(f"{base}/v1/imports", content=json.dumps(marks), headers=sent, timeout=60)
                assert answer.json()["imported"] == MARKS
            with ThreadPoolExecutor(CLIENTS) as clients:
                turns = [clients.submit(work, base, token, at, acknowledged) for at, token in enumerate(tokens)]
                wanted, end = len(acknowledged) + 2 * CLIENTS, time.monotonic() + seconds / 2
                while time.monotonic() < end or len(acknowledged) < wanted:
                    time.sleep(0.01)
                    assert not any(turn.done() for turn in turns)
                process.kill()
                conflicts += sum(turn.result() for turn in turns)
    assert len(set(acknowledged)) == len(acknowledged)  # no two decisions took the same version: none was overwritten
    assert conflicts
    print(f"{len(acknowledged):,} decisions acknowledged, {conflicts:,} conflicts, two kills, {seconds} s")  # noqa: T201 - for -s
    with (
        running("--store", store_url, log=tmp_path / "log") as (_, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=access, timeout=60) as client,
    ):
        kept = {mark["id"]: mark["examinations"]["first"] for mark in all_of(client, "/v1/marks", "marks")}
        events = all_of(client, "/v1/events", "events")
    for mark, version in acknowledged:
        assert kept[mark]["version"] >= version
    for mark, examination in kept.items():  # the trail leads to what is kept
        decisions: dict[str, str] = {}
        for event in events:
            if event["mark_id"] == mark and event["action"] == "decided":
                code, before, after = (event["details"][name] for name in ("code", "before", "after"))
                assert decisions.get(code) == before
                decisions.pop(code, None)
                decisions |= {code: after} if after else {}
        assert decisions == examination["decisions"]
