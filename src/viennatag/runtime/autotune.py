"""Autotuning: measure the best engine, number of threads and batch size on this machine, on request only.

`viennatag tune BUNDLE` measures and keeps the result in the user's cache for later predictions with the same graph.
Without a measurement the defaults are used, which are within a few per cent of the best on most processors.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import OptionError
from viennatag.files import atomic_file, cache_folder
from viennatag.images.decoding import available_cores
from viennatag.runtime.backends import RUNTIMES, installed_runtimes
from viennatag.runtime.engine import BATCH_SIZE, Engine

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

ENGINE_VARIABLE = "VIENNATAG_ENGINE"
"""Environment variable that names the engine where no option does."""
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
ENOUGH = 0.97
"""The smallest batch with this share of the best throughput is chosen, because larger ones cost memory."""


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


def measure_speeds(
    graph: Path,
    *,
    precision: str = "float32",
    engines: Iterable[str] | None = None,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, EngineSpeed]:
    """Return the speed of each engine with its best number of threads and batch size.

    Candidates run in turn, round after round, and medians count, so that other load affects all alike.

    Args:
        graph: An ONNX file.
        precision: Precision of the bundle.
        engines: Names of runtimes; by default all that are installed.
        batch_sizes: Batch sizes to try, ascending.
        progress: Progress callback: what is measured.
    """
    from concurrent.futures import ThreadPoolExecutor

    cores = available_cores()
    names = tuple(engines or installed_runtimes())
    counts = sorted({min(2**at, cores) for at in range(cores.bit_length() + 1)})
    alone = {
        (name, threads): Engine(graph, threads=threads, runtime=name, precision=precision)
        for name in names
        for threads in counts
    }
    side = alone[names[0], 1].size
    pixels = np.random.default_rng(0).integers(0, 256, (max(batch_sizes), side, side, 3), dtype=np.uint8)
    progress("one image")
    seconds = _time_in_turn({key: _run_once(engine, pixels[:1]) for key, engine in alone.items()})
    alone.clear()
    progress("many images")
    with ThreadPoolExecutor(cores) as pool:
        shared = {name: Engine(graph, threads=1, callers=cores, runtime=name, precision=precision) for name in names}
        rounds = _time_in_turn(
            {
                (name, size): _run_in_threads(engine, pixels[:size], pool, cores)
                for name, engine in shared.items()
                for size in batch_sizes
            }
        )
    found: dict[str, EngineSpeed] = {}
    for name in names:
        threads = min(counts, key=lambda each: seconds[name, each])
        rates = {size: size * cores / rounds[name, size] for size in batch_sizes}
        size = next(size for size in batch_sizes if rates[size] >= ENOUGH * max(rates.values()))
        found[name] = EngineSpeed(threads, round(1000 * seconds[name, threads], 3), size, round(rates[size], 1))
    return found


def _run_once(engine: Engine, pixels: NDArray[np.uint8]) -> Callable[[], object]:
    return lambda: engine.run(pixels, engine.outputs[:1])


def _run_in_threads(
    engine: Engine, pixels: NDArray[np.uint8], pool: "ThreadPoolExecutor", cores: int
) -> Callable[[], object]:
    run = _run_once(engine, pixels)
    return lambda: [future.result() for future in [pool.submit(run) for _ in range(cores)]]


def _time_in_turn(
    candidates: Mapping[tuple[str, int], Callable[[], object]], *, rounds: int = 7
) -> dict[tuple[str, int], float]:
    """Return the median seconds of each candidate, of three runs in each round; the first round warms up."""
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in candidates}
    for turn in range(rounds + 1):
        for key, run in candidates.items():
            time.sleep(0.01)  # threads of the previous candidate still spin
            run()
            for _ in range(3 if turn else 0):
                start = time.perf_counter()
                run()
                seconds[key].append(time.perf_counter() - start)
    return {key: float(np.median(values)) for key, values in seconds.items()}


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
