import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viennatag import files
from viennatag.errors import BundleError, DataError, OutputError, ViennatagError
from viennatag.files import atomic_file, atomic_folder, exclusive, plain_cell, replaced_together, safe_cells
from viennatag.prediction.quantization import quantize
from viennatag.training.continual.update import update
from viennatag.training.train import train

KILLED = 137


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with atomic_file(target) as temporary:
        temporary.write_text("done")
        assert not target.exists()
    assert target.read_text() == "done"
    assert [path.name for path in target.parent.iterdir()] == ["file.txt"]


def test_a_failure_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture(params=["exchanged", "moved aside"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test on a system that exchanges two folders in one step, and on one that cannot."""
    if request.param == "moved aside":
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    return str(request.param)


def test_a_folder_replaces_the_old_one_whole(system: str, tmp_path: Path) -> None:
    target = tmp_path / "bundle"
    for content in ("first", "second"):
        with atomic_folder(target) as fresh:
            (fresh / content).write_text(content)
        assert [path.name for path in target.iterdir()] == [content]
    with pytest.raises(ZeroDivisionError), atomic_folder(target) as fresh:
        (fresh / "third").write_text("half")
        raise ZeroDivisionError
    assert [path.name for path in target.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [target]


_KILLED_WRITERS = """
import json, os, shutil, sys
from pathlib import Path
from viennatag import files

def write(at):
    events = 0

    def killing(function):
        def run(*arguments, **named):
            nonlocal events
            for step in range(2):  # before the call and after it
                events += 1
                if events == at:
                    os._exit(137)
                if step == 0:
                    result = function(*arguments, **named)
            return result
        return run

    for name in ("rename", "replace", "fsync", "unlink", "rmdir", "mkdir", "open"):
        setattr(os, name, killing(getattr(os, name)))
    files._exchange = killing(files._exchange if sys.argv[1] == "exchanged" else lambda *_: False)
    with files.atomic_folder(Path("out")) as fresh:
        (fresh / "content").write_text("new")
    with files.atomic_file(Path("file")) as fresh:
        fresh.write_text("new")
    os._exit(0)

at = status = 1
while status:
    for name in ("out/content", "file"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("old")
    child = os.fork()
    if not child:
        write(at)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    files.recover_folder(Path("out"))
    print(json.dumps([at, status, Path("out/content").read_text(), Path("file").read_text()]))
    at += 1
"""


def test_a_kill_at_any_step_leaves_the_old_or_the_new(system: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _KILLED_WRITERS, system], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    rounds = [json.loads(line) for line in run.stdout.splitlines()]
    assert {tuple(found) for _, _, *found in rounds} == {("old", "old"), ("new", "old"), ("new", "new")}
    assert [status for _, status, *_ in rounds] == [KILLED] * (len(rounds) - 1) + [0]
    assert len(rounds) > 20
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out"]  # nothing of the killed runs


@contextmanager
def another_run(target: Path) -> Iterator[None]:
    """Let another run write an output inside the block."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with exclusive(target):
            holding.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(30)
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_tables_of_two_splits_never_stand_together(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / f"{name}.csv" for name in ("train", "validation", "test")]
    for path in paths:
        path.write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_together(paths) as fresh:
        fresh[0].write_text("new")
        raise ZeroDivisionError
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["old"] * 3
    replace, done = os.replace, []

    def replace_some(*names: Any) -> None:
        done.append(names)
        if len(done) == failing:
            raise KeyboardInterrupt
        replace(*names)

    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as patch, replaced_together(paths) as fresh:
        for path in fresh:
            path.write_text("new")
        patch.setattr(os, "replace", replace_some)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["new"] * (failing - 1)


def test_two_runs_to_one_output_exclude_each_other(tmp_path: Path) -> None:
    target = tmp_path / "out"
    told = pytest.raises(OutputError, match="out: another run is writing there; wait for it")
    with another_run(target), told, atomic_folder(target):
        pass
    with exclusive(target), atomic_folder(target):  # one run may lock its output again
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("function", [train, update, quantize])
def test_what_makes_a_bundle_locks_it_from_the_start(function: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ("starter", tmp_path / "no.csv", tmp_path) if function is not train else (tmp_path / "no.csv", tmp_path)
    with another_run(tmp_path / "out"), pytest.raises(OutputError, match="another run is writing there"):
        function(*arguments, tmp_path / "out")
    with pytest.raises(DataError, match=r"no\.csv"):  # what it would have told without
        function(*arguments, tmp_path / "out")
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    with pytest.raises(BundleError, match="something that is not a bundle stands there"):
        function(*arguments, tmp_path / "out")
    with pytest.raises(BundleError, match="this path is no UTF-8"):
        function(*arguments, os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with atomic_file(target) as one, atomic_file(target) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert target.read_text() == "one"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("old")
    for name, write, kind in (
        ("pipe", atomic_file, "named pipe"),
        ("folder", atomic_file, "folder"),
        ("/dev/null", atomic_file, "device"),
        ("pipe", atomic_folder, "named pipe"),
        ("plain", atomic_folder, "file"),
    ):
        with pytest.raises(OutputError, match=f"a {kind} stands there and is not replaced"), write(tmp_path / name):
            pass
    assert (tmp_path / "pipe").is_fifo()
    assert Path("/dev/null").is_char_device()


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name in ("file", "folder"):
        (tmp_path / name).symlink_to(tmp_path / "far" / name)
    for _ in range(2):
        with atomic_file(tmp_path / "file") as fresh:
            fresh.write_text("new")
        with atomic_folder(tmp_path / "folder") as fresh:
            (fresh / "a").touch()
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "far/file").read_text() == "new"
    assert (tmp_path / "folder").is_symlink()
    assert sorted(path.name for path in (tmp_path / "far").iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", ["file/below", "nul\0", "\ud800", "a" * 300])
def test_a_place_where_nothing_can_be_written(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for write in (atomic_file, atomic_folder):
        with pytest.raises(OutputError, match="it cannot be written"), write(tmp_path / name):
            pass
    assert issubclass(OutputError, ViennatagError)


def test_a_full_disk_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), atomic_file(tmp_path / "a"):
        Path("/dev/full").write_text("more than there is room for")
    with pytest.raises(OutputError, match="a: it cannot be written"), atomic_file(tmp_path / "a"):
        np.zeros(10_000).tofile("/dev/full")


def test_a_long_name_is_written(tmp_path: Path) -> None:
    with atomic_file(tmp_path / ("é" * 127)) as fresh:
        fresh.write_text("whole")
    assert len(list(tmp_path.iterdir())) == 1


def test_no_cell_is_run_by_a_spreadsheet() -> None:
    row = ["=1+1", "+A1", "-2+3", "@SUM(1)", "\t=1", "'=1", "it's", "3.1.6", "-0.25", -1, 0.5, None]
    safe = safe_cells(row)
    assert not [cell for cell in safe[:6] if cell[:1] in set("=+-@\t")]
    assert safe[6:] == row[6:]
    assert [plain_cell(cell) if isinstance(cell, str) else cell for cell in safe] == row


def test_every_module_that_writes_csv_defuses_its_cells() -> None:
    package = Path(files.__file__).parent
    writers = [path for path in package.rglob("*.py") if "csv.writer(" in path.read_text(encoding="utf-8")]
    assert writers
    assert [
        path for path in writers if path.read_text(encoding="utf-8").count("safe_cells") < 2
    ] == []  # imported and used


def test_what_is_replaced_stays_as_private_as_it_was(tmp_path: Path) -> None:
    file, folder = tmp_path / "marks.csv", tmp_path / "bundle"
    file.write_text("old")
    folder.mkdir()
    file.chmod(0o640)
    folder.chmod(0o700)
    with atomic_file(file) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o640
        temporary.write_text("new")
    with atomic_folder(folder) as fresh:
        assert fresh.stat().st_mode & 0o777 == 0o700
        (fresh / "a").touch()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
    assert ([path.name for path in folder.iterdir()], folder.stat().st_mode & 0o777) == (["a"], 0o700)


def test_a_home_folder_that_nobody_expanded_is_no_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for write in (atomic_file, atomic_folder, exclusive):
        with pytest.raises(OutputError, match=r"expanduser"), write(Path("~/bundle")):
            pass
    assert not list(tmp_path.iterdir())
