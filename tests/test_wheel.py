"""A wheel holds all that a user needs: it predicts, lists codes and serves its page, away from the repository."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with nothing but what the wheel holds."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed, so no wheel can be built")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def environment(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}


def run(installed: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "viennatag", *arguments]
    done = subprocess.run(
        command, cwd=installed.parent, env=environment(installed), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_the_wheel_that_runs(installed: Path) -> None:
    command = [sys.executable, "-c", "import viennatag; print(viennatag.__file__)"]
    printed = subprocess.run(
        command, cwd=installed.parent, env=environment(installed), capture_output=True, text=True, check=True
    ).stdout
    assert Path(printed.strip()).is_relative_to(installed)


def test_it_predicts_and_lists_codes(installed: Path) -> None:
    (found,) = json.loads(run(installed, "predict", str(ROOT / "examples/sample-mark.png"), "--format", "json"))
    assert {"24.1", "1"} <= {each["code"] for each in found["suggestions"]}
    assert "Cats" in run(installed, "codes", "show", "3.1.6")


def test_it_serves_its_page(installed: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "viennatag", "serve", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=installed.parent,
        env=environment(installed),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as server:
        try:
            for _ in range(200):
                assert server.poll() is None, server.stderr.read() if server.stderr else ""
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                        page = answer.read().decode()
                    break
                except OSError:
                    time.sleep(0.1)
            assert "viennatag" in page
            script = page.partition('<script type="module" src="')[2].partition('"')[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{script.lstrip('/')}", timeout=5) as answer:
                assert answer.status == 200
        finally:
            server.terminate()
            server.wait(20)
