"""Shards in processes of this machine: all done, once, by processes that die, stop and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from viennatag.bulk.job import BulkOptions, Job, count_attempt, prepare_job
from viennatag.bulk.processes import count_processes, run_in_processes
from viennatag.bulk.sources import Shard, find_source
from viennatag.bulk.worker import Outcome
from viennatag.errors import BulkError, DataError


class Counting:
    """Notes its process, and dies at images that are named so as often as their name says."""

    def __init__(self, job: Job[Any], *, threads: int) -> None:
        assert threads == 1
        sys.stdout.write("what a library prints is no answer\n")
        if (job.results / "broken").exists():
            raise ZeroDivisionError("a mistake of ours")
        if (job.results / "refused").exists():
            raise BulkError("this machine cannot")
        if (job.results / "deadly").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        self.job = job

    def run(self, shards: Iterable[Shard]) -> Iterator[Outcome]:
        (self.job.results / f"pid-{os.getpid()}").touch()
        for shard in shards:
            try:
                count_attempt(self.job, shard)
            except DataError as exc:
                yield Outcome(shard.number, shard.count, shard.count, str(exc))
                continue
            (name,) = shard.items
            if name.startswith("sleep"):
                time.sleep(60)
            deaths = int(name.partition("-")[2].partition(".")[0])
            if self.job.attempts_file(shard.number).stat().st_size <= deaths:
                os.kill(os.getpid(), signal.SIGKILL)
            self.job.shard_file(shard.number).write_text(str(os.getpid()), encoding="utf-8")
            yield Outcome(shard.number, shard.count)


def prepare(folder: Path, *names: str) -> tuple[Job[Any], list[int]]:
    (folder / "images").mkdir()
    for name in names:
        Image.new("L", (2, 2)).save(folder / "images" / name)
    results = folder / "results"
    (results / "shards").mkdir(parents=True)
    options = BulkOptions(shard_size=1)
    job, _ = prepare_job(find_source(folder / "images"), results, model="none", digest="none", options=options)
    return job, [at for _, at in job.planned()]


def pids(job: Job[Any]) -> list[int]:
    return [int(path.name.removeprefix("pid-")) for path in job.results.glob("pid-*")]


def wait_until_ended(pid: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def test_each_shard_is_done_whoever_dies(tmp_path: Path) -> None:
    job, offsets = prepare(tmp_path, "a-0.png", "b-1.png", "c-9.png", "d-0.png")
    first, died_once, died_always, last = run_in_processes(job, offsets, Counting, 2)
    assert [first, died_once, last] == [Outcome(0, 1), Outcome(1, 1), Outcome(3, 1)]
    assert "died 3 times" in died_always.error
    assert job.done() == {0, 1, 3}
    assert os.getpid() not in pids(job)
    job.shard_file(1).write_text("as it was", encoding="utf-8")
    assert list(run_in_processes(job, offsets[1:2], Counting, 1)) == [Outcome(1, 1)]
    assert job.shard_file(1).read_text(encoding="utf-8") == "as it was", "what is done is not done again"


@pytest.mark.parametrize(
    ("why", "message"),
    [
        ("refused", "this machine cannot"),
        ("deadly", r"before they can work \(status -9\)"),
        ("broken", r"before they can work \(status 1\)"),
    ],
)
def test_a_machine_that_cannot_work_ends_the_run(
    why: str, message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    job, offsets = prepare(tmp_path, "a-0.png", "b-0.png")
    (job.results / why).touch()
    with pytest.raises(BulkError, match=message):
        list(run_in_processes(job, offsets, Counting, 1))
    told = capfd.readouterr().err
    assert "Fatal Python error" not in told
    assert ("a mistake of ours" in told) == (why == "broken")


def test_a_run_that_is_left_leaves_no_process(tmp_path: Path) -> None:
    job, offsets = prepare(tmp_path, "a-0.png", "sleep-0.png")
    with closing(run_in_processes(job, offsets, Counting, 1)) as outcomes:  # type: ignore[type-var]
        assert next(outcomes) == Outcome(0, 1)
    (pid,) = pids(job)
    wait_until_ended(pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc")
def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    job, _ = prepare(tmp_path, "sleep-0.png")
    script = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        f"from {__name__} import *\n"
        f"job = Job(Path({str(job.results)!r}), Path({str(job.root)!r}), 'none', 'none', BulkOptions(shard_size=1))\n"
        "list(run_in_processes(job, [0], Counting, 1))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        while not pids(job):
            assert parent.poll() is None
            time.sleep(0.02)
    finally:
        parent.kill()
        parent.wait()
    (pid,) = pids(job)
    wait_until_ended(pid)


def test_few_images_are_not_worth_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path, tmp_path, "none", "none", BulkOptions(shard_size=500))
    monkeypatch.setattr("viennatag.bulk.processes.available_cores", lambda: 4)
    assert [count_processes(job, shards) for shards in (1, 2, 3, 9)] == [1, 2, 3, 4]
