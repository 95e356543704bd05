"""Long commands that are killed, at random moments and at each rename and flush, end as if they had not been."""

import hashlib
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from viennatag.bulk.job import ATTEMPTS
from viennatag.model.bundle import Bundle

pytestmark = pytest.mark.slow

KILLED = 137
MOMENTS = 15
COMMANDS = {
    "bulk": "bulk marks -o out --model ./bundle --format jsonl --shard-size 4",
    "index": "index ./bundle marks/marks.csv --images marks --out out",
    "import": "import coco delivery -o out/marks.csv --taxonomy flat",
    "render": "render -o out --artwork artwork --fonts fonts --count 40 --size 64 --seed 3",
    "train": "train marks/marks.csv --images marks -o out --backbone bundle:./bundle --cache cache",
    "train a network": (
        "train marks/marks.csv --images marks -o out --backbone test_resnet --set pretrained=false --size 64 "
        "--finetune --epochs 1 --batch-size 16 --cache cache"
    ),
    "update": "update ./bundle marks/marks.csv --images marks -o out --cache cache",
}
UNLIKE = {"graph.usearch", "index.json"}
"""A neighbour graph depends on which thread is first; what is found in it does not."""

_KILLED_AT = """
import os, sys
at, events = int(sys.argv.pop(1)), 0

def killing(function):
    def run(*arguments, **named):
        global events
        events += 1
        if events == at:
            os._exit(137)
        return function(*arguments, **named)
    return run

for name in ("rename", "replace", "fsync", "unlink"):
    setattr(os, name, killing(getattr(os, name)))
from viennatag import files
files._exchange = killing(files._exchange)
from viennatag.cli import main
main()
"""


@pytest.fixture
def workplace(collection: Path, trained: tuple[Bundle, object], tmp_path: Path) -> Path:
    """Return a folder with what the commands read."""
    (tmp_path / "marks").mkdir()
    rows = (collection / "marks.csv").read_text().splitlines()[:81]
    (tmp_path / "marks/marks.csv").write_text("\n".join(rows) + "\n")
    for row in rows[1:]:
        shutil.copy(collection / row.partition(",")[0], tmp_path / "marks")
    shutil.copytree(trained[0].graph.parent, tmp_path / "bundle")
    shutil.copytree(Path(__file__).parent / "data/artwork/drawn", tmp_path / "artwork")
    (tmp_path / "delivery").mkdir()
    sample = (Path(__file__).parent / "importers/samples/coco.json").read_bytes()
    for at in range(20):
        (tmp_path / f"delivery/{at:02}.json").write_bytes(sample)
    (tmp_path / "fonts").mkdir()
    found = subprocess.run(["fc-match", "-f", "%{file}", "sans"], capture_output=True, text=True, check=False).stdout
    if found:
        shutil.copy(found, tmp_path / "fonts")
    return tmp_path


def run(command: str, folder: Path, *, kill_at: int | None = None, kill_after: float | None = None) -> int:
    """Run a command, and return its status; it may be killed at a number of renames, or after some seconds."""
    start = [sys.executable, "-m", "viennatag"]
    if kill_at is not None:
        start = [sys.executable, "-c", _KILLED_AT, str(kill_at)]
    process = subprocess.Popen([*start, *command.split()], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        return process.wait(kill_after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return KILLED


def result(folder: Path) -> dict[str, str]:
    """Return the digest of each file of a result, hidden leftovers beside it included."""
    paths = [path for path in (folder / "out").rglob("*") if path.is_file() and path.name not in UNLIKE]
    found = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return found | {path.name: "left" for path in folder.glob(".*")}


@pytest.fixture
def undisturbed(workplace: Path, request: pytest.FixtureRequest) -> tuple[dict[str, str], float]:
    """Return the result of a command that nobody killed, and its seconds; everything is as before afterwards."""
    started = time.monotonic()
    assert run(COMMANDS[request.param], workplace) == 0
    seconds, found = time.monotonic() - started, result(workplace)
    assert found
    forget(workplace)
    return found, seconds


def forget(workplace: Path) -> None:
    for name in ("out", "cache"):
        shutil.rmtree(workplace / name, ignore_errors=True)


PAIRS = pytest.mark.parametrize(("name", "undisturbed"), [(name, name) for name in COMMANDS], indirect=["undisturbed"])


@PAIRS
def test_killed_at_random_moments(name: str, undisturbed: tuple[dict[str, str], float], workplace: Path) -> None:
    wanted, seconds = undisturbed
    chance, killed = random.Random(name), 0
    for _ in range(MOMENTS):
        status = run(COMMANDS[name], workplace, kill_after=chance.uniform(0.1, 1.0) * seconds)
        assert status in {0, KILLED}
        killed += status == KILLED
        if status == 0:
            assert result(workplace) == wanted
            forget(workplace)
    assert killed
    assert run(COMMANDS[name], workplace) == 0
    assert result(workplace) == wanted


@PAIRS
def test_killed_at_each_rename_and_flush(name: str, undisturbed: tuple[dict[str, str], float], workplace: Path) -> None:
    wanted, _ = undisturbed
    at = 1
    while (status := run(COMMANDS[name], workplace, kill_at=at)) == KILLED:
        at += 1  # each run goes on with what the one before has left
        assert at < 500
        if name == "bulk" and at % ATTEMPTS == 0:  # it gives up a shard at which it died as often
            # workers of the killed run may hold a shard for a moment; the same command then tries it again
            assert any(run(COMMANDS[name], workplace) == 0 for _ in range(5))
            assert result(workplace) == wanted
            forget(workplace)
    assert status == 0
    assert at > 3
    assert result(workplace) == wanted
