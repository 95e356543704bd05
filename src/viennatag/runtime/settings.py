"""Runtime settings: engine, threads and batch size, as measured on this machine or by default."""

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from viennatag.cores import available_cores
from viennatag.errors import OptionError
from viennatag.files import atomic_file, cache_folder
from viennatag.runtime.backends import RUNTIMES
from viennatag.runtime.engine import BATCH_SIZE

ENGINE_VARIABLE = "VIENNATAG_ENGINE"
"""Environment variable that names the engine where no option does."""


@dataclass(frozen=True)
class EngineSpeed:
    """Speed of an engine with its best settings.

    Attributes:
        threads: Threads for one image at a time.
        milliseconds: Time for one image, warm, without reading it.
        batch_size: Batch size for many images, with one batch per core.
        images_per_second: Throughput for many images.
    """

    threads: int
    milliseconds: float
    batch_size: int
    images_per_second: float

    def to_json(self) -> dict[str, float]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings to run a graph.

    Attributes:
        engine: Name of a runtime.
        threads: Threads for one image at a time; many images use one thread per core.
        batch_size: Batch size for many images.
        measured: Whether they come from a measurement on this machine.
    """

    engine: str
    threads: int
    batch_size: int
    measured: bool


def find_runtime_settings(digest: str, *, engine: str | None = None, threads: int | None = None) -> RuntimeSettings:
    """Return the settings to run a graph.

    Args:
        digest: Digest of the graph.
        engine: A runtime, or `auto` for the fastest one measured, else ONNX Runtime. By default the value of the
            environment variable VIENNATAG_ENGINE, else `auto`.
        threads: Threads for one image at a time; by default as measured, else all cores.

    Raises:
        OptionError: If the engine is unknown or there are no threads.
    """
    wanted = engine or os.environ.get(ENGINE_VARIABLE) or "auto"
    if wanted not in ("auto", *RUNTIMES):
        source = "" if engine else f" ({ENGINE_VARIABLE})"
        raise OptionError(f"the engine {wanted!r}{source} is unknown; choose one of auto, {', '.join(RUNTIMES)}")
    if threads is not None and threads < 1:
        raise OptionError(f"threads is {threads}; it counts threads, from 1 up")
    speeds = read_speeds(digest)
    chosen = (fastest_engine(speeds) if speeds else RUNTIMES[0]) if wanted == "auto" else wanted
    speed = speeds.get(chosen)
    return RuntimeSettings(
        chosen,
        threads or (speed.threads if speed else available_cores()),
        speed.batch_size if speed else BATCH_SIZE,
        speed is not None,
    )


def fastest_engine(speeds: Mapping[str, EngineSpeed]) -> str:
    """Return the engine with the best geometric mean of its speeds for one image and for many."""
    return max(speeds, key=lambda name: speeds[name].images_per_second / speeds[name].milliseconds)


def write_speeds(digest: str, speeds: Mapping[str, EngineSpeed]) -> Path:
    """Keep the speeds measured for a graph in the user's cache; return the file."""
    path = _file(digest)
    text = json.dumps({"machine": _machine(), "speeds": {name: speed.to_json() for name, speed in speeds.items()}})
    with atomic_file(path) as file:
        file.write_text(text + "\n", encoding="utf-8")
    return path


def read_speeds(digest: str) -> dict[str, EngineSpeed]:
    """Return the speeds measured for a graph on this machine with the installed versions; empty if there are none."""
    path = _file(digest)
    if not digest or not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["machine"] != _machine():
            return {}
        return {name: EngineSpeed(**speed) for name, speed in found["speeds"].items() if name in RUNTIMES}
    except (ValueError, KeyError, TypeError, AttributeError):  # a damaged cache counts as none
        return {}


def _file(digest: str) -> Path:
    return cache_folder() / "speeds" / f"{digest.removeprefix('sha256:')[:32]}.json"


def _machine() -> dict[str, Any]:
    """Return the machine and versions that a measurement is valid for; machines may share a home folder."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    versions = {}
    for name in ("onnxruntime", "onnxruntime-gpu", "openvino"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"name": platform.node(), "kind": platform.machine(), "cores": available_cores(), **versions}
