"""Output to terminals, pipes and files of all kinds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from viennatag.cli.streams import takes_styles

SAMPLE = Path(__file__).parents[2] / "examples/sample-mark.png"


def run(*arguments: object, encoding: str = "utf-8:strict", **more: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONIOENCODING": encoding} | more
    command = [sys.executable, "-m", "viennatag", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, check=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = "".join(f"{at}.png,{'猫' if at % 3 else '😀'}\n" for at in range(12))
    (tmp_path / "t.csv").write_text(f"image,codes\n{rows}", encoding="utf-8")
    return tmp_path / "t.csv"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "cp437"])
def test_ornaments_give_way_and_labels_are_escaped(encoding: str, table: Path) -> None:
    bars = run("predict", SAMPLE, "--top", 2, encoding=encoding)
    assert (bars.returncode, bars.stderr) == (0, b"")
    assert ("█" if encoding == "cp437" else "#") in bars.stdout.decode(encoding)
    shown = run("inspect", table, "--taxonomy", "flat", encoding=encoding)
    assert shown.returncode == 0
    assert b"\\u732b" in shown.stdout
    plain = run("inspect", table, "--taxonomy", "flat", "--format", "json", encoding=encoding)
    assert "😀" in json.dumps(json.loads(plain.stdout), ensure_ascii=False)


def test_names_that_are_no_utf_8_are_escaped(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")
    try:
        Path(name).write_bytes(SAMPLE.read_bytes())
    except OSError:
        pytest.skip("this file system has no such names")
    for form in ("table", "csv", "json"):
        done = run("predict", tmp_path, "--top", 1, "--format", form)
        assert done.returncode == 0, done.stderr
        assert "caf\\udce9.png" in done.stdout.decode("utf-8")
        if form == "json":
            assert json.loads(done.stdout)[0]["image"] == name
    missing = run("predict", name.replace("caf", "no"), "--top", 1)
    assert b"Traceback" not in missing.stderr
    assert b"no\\udce9.png" in missing.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "viennatag", "codes", "list"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    told = "viennatag: writing failed: No space left on device; free some space, and the same command starts again\n"
    assert done.stderr == told


@pytest.mark.skipif(os.name != "posix", reason="the shell of POSIX closes streams")
def test_streams_may_be_closed(tmp_path: Path) -> None:
    """What a command opens first must not become its standard output."""
    command = f"{sys.executable} -m viennatag codes show 3.1.6 <&- >&- 2> {tmp_path / 'said'}"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 0
    assert (tmp_path / "said").read_text() == ""


def test_a_reader_may_leave() -> None:
    command = f"{sys.executable} -m viennatag codes list --format json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")


def test_styles_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert not takes_styles()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert takes_styles()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not takes_styles()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not takes_styles()
