"""Commands end on SIGINT and SIGTERM within seconds, say so by their status and one line, and leave no process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 30
"""A loaded machine is slow; alone it is under 5."""
ICON = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/></svg>'


def descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()[1:]]
    below = [child for child, parent in pairs if parent == pid]
    return below + [each for child in below for each in descendants(child)]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(
    number: signal.Signals, *arguments: object, ready: Callable[[list[int]], bool], cache: Path, group: bool = False
) -> str:
    """Start a command, send it a signal once it is ready, check how it ends, and return what it said."""
    environment = os.environ | {"XDG_CACHE_HOME": str(cache), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "viennatag", *map(str, arguments)]
    log = (cache / "log").open("w+")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, env=environment, start_new_session=True)
    children: list[int] = []
    try:
        until = time.monotonic() + 240
        while not ready(children):
            assert process.poll() is None, (cache / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.2)
            children = descendants(process.pid)
        (os.killpg if group else os.kill)(process.pid, number)
        assert process.wait(SECONDS) == 128 + number
        said = (cache / "log").read_text()
        assert "Traceback" not in said
        assert said.splitlines()[-1].startswith(f"viennatag: ended by {number.name}; the same command ")
        time.sleep(0.2)
        assert not [child for child in children if runs(child)]
        return said
    finally:
        log.close()
        for each in (process.pid, *children):
            if runs(each):
                os.kill(each, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_bulk_ends_and_goes_on(number: signal.Signals, collection: Path, tmp_path: Path) -> None:
    shards = tmp_path / "results" / "shards"
    arguments = ("bulk", collection, "-o", tmp_path / "results", "--format", "jsonl", "--shard-size", 5)
    end(number, *arguments, ready=lambda _: any(shards.glob("shard-*")), cache=tmp_path)
    assert 0 < len(list(shards.glob("shard-*"))) < 48
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "viennatag", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "resumed after" in done.stderr
    assert len(list(shards.glob("shard-*"))) == 48


@pytest.mark.parametrize("group", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_workers_of_render_end_with_it(number: signal.Signals, group: bool, tmp_path: Path) -> None:
    fonts = sorted(Path("/usr/share/fonts").rglob("*.ttf"))
    if not fonts:
        pytest.skip("there are no fonts")
    (tmp_path / "svg").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / f"svg/{name}.svg").write_text(ICON)
    arguments = ("render", "-o", tmp_path / "out", "--artwork", tmp_path / "svg", "--fonts", fonts[0], "--count", 5000)
    end(number, *arguments, ready=lambda children: len(children) > 2, cache=tmp_path, group=group)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_fine_tuning_ends_with_its_processes(
    number: signal.Signals, devices: int, collection: Path, tmp_path: Path
) -> None:
    arguments = (
        "train", collection / "marks.csv", "--images", collection, "-o", tmp_path / "out", "--finetune", "--size", 64,
        "--backbone", "test_resnet", "--set", "pretrained=false", "--epochs", 500, "--batch-size", 32,
        "--set", "finetune.patience=500", "--set", f"finetune.devices={devices}", "--cache", tmp_path / "cache",
    )  # fmt: skip

    def learning(children: list[int]) -> bool:
        return len(children) >= devices - 1 and any((tmp_path / "cache").rglob("best.ckpt"))

    end(number, *arguments, ready=learning, cache=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cluster_of_bulk_ends_with_it(number: signal.Signals, collection: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    arguments = (
        "bulk",
        collection,
        "-o",
        tmp_path / "out",
        "--format",
        "jsonl",
        "--shard-size",
        1,
        "--address",
        "local",
    )
    shards = tmp_path / "out" / "shards"
    end(number, *arguments, ready=lambda _: any(shards.glob("shard-*")), cache=tmp_path)


def test_a_signal_is_told_whatever_a_library_makes_of_it(tmp_path: Path) -> None:
    """An extension that is being imported turns the exception into an ImportError; its children got the handler too."""
    code = (
        "import os, signal, sys, viennatag.cli as c\n"
        "def command():\n"
        "    child = os.fork()\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        while True: pass\n"
        "    except BaseException:\n"
        "        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130\n"
        "        raise ImportError('initialization failed')\n"
        "c.app = command\n"
        "c.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (130, "viennatag: ended by SIGINT; the same command starts again\n")


def test_what_cannot_stop_is_ended_from_outside(tmp_path: Path) -> None:
    code = (
        "import signal, subprocess, sys, time, viennatag.signals as s\n"
        "s.PATIENCE = 0.5\n"
        "with s.ended_by_signals(lambda number: f'ended by {number}'):\n"
        "    child = subprocess.Popen(['sleep', '100'])\n"
        "    for at in range(100):\n"
        "        try:\n"
        "            if at == 0:\n"
        "                print(child.pid, flush=True)\n"
        "            time.sleep(1)\n"
        "        except BaseException:\n"
        "            pass  # as a library that swallows everything\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 143
    assert said == "ended by 15\n"
    assert not runs(child)
