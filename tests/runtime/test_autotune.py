import json
from pathlib import Path

import pytest

from tests.runtime.test_engine import graph
from viennatag.cores import available_cores
from viennatag.errors import OptionError
from viennatag.runtime import settings
from viennatag.runtime.autotune import measure_speeds
from viennatag.runtime.backends import installed_runtimes
from viennatag.runtime.settings import (
    EngineSpeed,
    fastest_engine,
    find_runtime_settings,
    read_speeds,
    write_speeds,
)

DIGEST = "sha256:" + "ab" * 32
SPEEDS = {"onnxruntime": EngineSpeed(1, 4.0, 4, 300.0), "openvino": EngineSpeed(2, 3.0, 16, 290.0)}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("VIENNATAG_ENGINE", raising=False)
    return tmp_path


def test_without_a_measurement_the_defaults_hold() -> None:
    found = find_runtime_settings(DIGEST)
    assert (found.engine, found.threads, found.batch_size, found.measured) == (
        "onnxruntime",
        available_cores(),
        8,
        False,
    )
    assert find_runtime_settings(DIGEST, threads=3).threads == 3


def test_what_was_measured_is_used_by_name_and_by_auto() -> None:
    write_speeds(DIGEST, SPEEDS)
    assert fastest_engine(SPEEDS) == "openvino"
    automatic = find_runtime_settings(DIGEST)
    assert (automatic.engine, automatic.threads, automatic.batch_size, automatic.measured) == ("openvino", 2, 16, True)
    named = find_runtime_settings(DIGEST, engine="onnxruntime", threads=7)
    assert (named.engine, named.threads, named.batch_size) == ("onnxruntime", 7, 4)
    assert not find_runtime_settings("sha256:" + "cd" * 32).measured


def test_the_environment_speaks_where_no_option_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIENNATAG_ENGINE", "openvino")
    assert find_runtime_settings(DIGEST).engine == "openvino"
    assert find_runtime_settings(DIGEST, engine="onnxruntime").engine == "onnxruntime"
    monkeypatch.setenv("VIENNATAG_ENGINE", "fast")
    with pytest.raises(OptionError, match=r"'fast' \(VIENNATAG_ENGINE\) is unknown; choose one of auto, onnxruntime"):
        find_runtime_settings(DIGEST)
    with pytest.raises(OptionError, match="threads is 0"):
        find_runtime_settings(DIGEST, engine="auto", threads=0)


def test_another_machine_and_a_damaged_file_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_speeds(DIGEST, SPEEDS)
    assert read_speeds(DIGEST) == SPEEDS
    whole = path.read_text()
    for damaged in ("{", "[]", json.dumps({"machine": settings._machine(), "speeds": {"openvino": {"threads": 1}}})):
        path.write_text(damaged)
        assert read_speeds(DIGEST) == {}
    path.write_text(whole)
    monkeypatch.setattr(settings, "available_cores", lambda: 99)
    assert read_speeds(DIGEST) == {}


def test_every_engine_installed_is_measured(tmp_path: Path) -> None:
    (tmp_path / "g.onnx").write_bytes(graph())
    measured: list[str] = []
    found = measure_speeds(tmp_path / "g.onnx", batch_sizes=(1, 2), progress=measured.append)
    assert tuple(found) == installed_runtimes()
    for speed in found.values():
        assert 1 <= speed.threads <= available_cores()
        assert speed.batch_size in {1, 2}
        assert speed.milliseconds > 0
        assert speed.images_per_second > 0
    assert measured == ["one image", "many images"]
