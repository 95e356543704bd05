"""Good requests beside hostile ones: a short run of the benchmark."""

import asyncio
import statistics
from pathlib import Path

import pytest

from tests.service.server import SAMPLE, running

ROOT = SAMPLE.parents[1]


@pytest.mark.slow
def test_good_requests_are_answered_beside_hostile_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from service import hostile_files, put_load  # type: ignore[import-not-found]

    images = [SAMPLE.read_bytes()]
    with running(log=tmp_path / "log") as (_, port):
        asyncio.run(put_load(port, images, 64, 1.0))  # warms up
        calm = asyncio.run(put_load(port, images, 64, 8.0))
        beside = asyncio.run(put_load(port, images, 64, 8.0, hostile=hostile_files()))
    assert set(calm.statuses) == set(beside.statuses) == {"200"}
    assert set(beside.hostile) <= {"200", "422", "503"}
    assert beside.hostile["422"] > 0
    calm_p99, beside_p99 = (statistics.quantiles(load.latencies, n=100)[98] for load in (calm, beside))
    assert beside_p99 < 2 * calm_p99
