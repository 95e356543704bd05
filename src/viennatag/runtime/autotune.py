"""Which engine, how many threads and how large a batch: measured on this machine when asked, never behind a back.

`viennatag tune BUNDLE` measures and keeps the result in the user's cache, where every later prediction with the same
graph finds it. Without a measurement the defaults hold, which are right within a few per cent on most processors.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping
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

VARIABLE = "VIENNATAG_ENGINE"
"""Environment variable that names the engine where no option does."""
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
ENOUGH = 0.97
"""The smallest batch that reaches this share of the best throughput wins, since larger ones cost memory."""


@dataclass(frozen=True)
class Speed:
    """What one engine reached, and how.

    Attributes:
        threads: For one image at a time.
        milliseconds: For one image, warm, without reading it.
        batch_size: For many images, each core at work on a batch of its own.
        images_per_second: For many images.
    """

    threads: int
    milliseconds: float
    batch_size: int
    images_per_second: float

    def to_json(self) -> dict[str, float]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Settings:
    """How a graph is run.

    Attributes:
        engine: The name of a runtime.
        threads: For one image at a time; many images run one thread for each core.
        batch_size: For many images.
        measured: Whether they come from a measurement on this machine.
    """

    engine: str
    threads: int
    batch_size: int
    measured: bool


def find_settings(digest: str, *, engine: str | None = None, threads: int | None = None) -> Settings:
    """Return how to run the graph with this digest.

    Args:
        digest: Of the graph, as the bundle states it.
        engine: A runtime, or `auto`: the one that was measured to be fastest, else ONNX Runtime. By default
            what the environment variable VIENNATAG_ENGINE says, else `auto`.
        threads: For one image at a time; by default as measured, else all cores.

    Raises:
        OptionError: If the engine is unknown or there are no threads.
    """
    wanted = engine or os.environ.get(VARIABLE) or "auto"
    if wanted not in ("auto", *RUNTIMES):
        source = "" if engine else f" ({VARIABLE})"
        raise OptionError(f"the engine {wanted!r}{source} is unknown; choose one of auto, {', '.join(RUNTIMES)}")
    if threads is not None and threads < 1:
        raise OptionError(f"threads is {threads}; it counts threads, from 1 up")
    speeds = read_speeds(digest)
    chosen = (fastest(speeds) if speeds else RUNTIMES[0]) if wanted == "auto" else wanted
    speed = speeds.get(chosen)
    return Settings(
        chosen,
        threads or (speed.threads if speed else available_cores()),
        speed.batch_size if speed else BATCH_SIZE,
        speed is not None,
    )


def fastest(speeds: Mapping[str, Speed]) -> str:
    """Return the engine with the best geometric mean of its speeds with one image and with many."""
    return max(speeds, key=lambda name: speeds[name].images_per_second / speeds[name].milliseconds)


def measure(
    graph: Path,
    *,
    precision: str = "float32",
    engines: Iterable[str] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> dict[str, Speed]:
    """Return the speed of each engine that is installed, or of those named, with the best threads and batch size.

    Candidates run in turn, round after round, and medians count, so that what else the machine does meets
    all alike.

    Args:
        graph: An ONNX file.
        precision: Of the bundle.
        engines: Names of runtimes.
        report: Told what is being measured.
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
    pixels = np.random.default_rng(0).integers(0, 256, (max(BATCH_SIZES), side, side, 3), dtype=np.uint8)
    report("one image")
    seconds = _in_turn({key: _once(engine, pixels[:1]) for key, engine in alone.items()})
    alone.clear()
    report("many images")
    with ThreadPoolExecutor(cores) as pool:
        shared = {name: Engine(graph, threads=1, callers=cores, runtime=name, precision=precision) for name in names}
        rounds = _in_turn(
            {
                (name, size): _together(engine, pixels[:size], pool, cores)
                for name, engine in shared.items()
                for size in BATCH_SIZES
            }
        )
    found: dict[str, Speed] = {}
    for name in names:
        threads = min(counts, key=lambda each: seconds[name, each])
        rates = {size: size * cores / rounds[name, size] for size in BATCH_SIZES}
        size = next(size for size in BATCH_SIZES if rates[size] >= ENOUGH * max(rates.values()))
        found[name] = Speed(threads, round(1000 * seconds[name, threads], 3), size, round(rates[size], 1))
    return found


def _once(engine: Engine, pixels: NDArray[np.uint8]) -> Callable[[], object]:
    return lambda: engine.run(pixels, engine.outputs[:1])


def _together(
    engine: Engine, pixels: NDArray[np.uint8], pool: "ThreadPoolExecutor", cores: int
) -> Callable[[], object]:
    run = _once(engine, pixels)
    return lambda: [future.result() for future in [pool.submit(run) for _ in range(cores)]]


def _in_turn(
    candidates: Mapping[tuple[str, int], Callable[[], object]], *, rounds: int = 7
) -> dict[tuple[str, int], float]:
    """Return the median seconds of each candidate, of three runs in each round; the first round warms up."""
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in candidates}
    for turn in range(rounds + 1):
        for key, run in candidates.items():
            time.sleep(0.01)  # threads of the candidate before still wait busily for work
            run()
            for _ in range(3 if turn else 0):
                start = time.perf_counter()
                run()
                seconds[key].append(time.perf_counter() - start)
    return {key: float(np.median(values)) for key, values in seconds.items()}


def write_speeds(digest: str, speeds: Mapping[str, Speed]) -> Path:
    """Keep what was measured for a graph in the user's cache; return the file."""
    path = _file(digest)
    text = json.dumps({"machine": _machine(), "speeds": {name: speed.to_json() for name, speed in speeds.items()}})
    with atomic_file(path) as file:
        file.write_text(text + "\n", encoding="utf-8")
    return path


def read_speeds(digest: str) -> dict[str, Speed]:
    """Return what was measured for a graph on this machine with these versions of the engines; empty if nothing was."""
    path = _file(digest)
    if not digest or not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["machine"] != _machine():
            return {}
        return {name: Speed(**speed) for name, speed in found["speeds"].items() if name in RUNTIMES}
    except (ValueError, KeyError, TypeError, AttributeError):  # a cache that cannot be read is no cache
        return {}


def _file(digest: str) -> Path:
    return cache_folder() / "speeds" / f"{digest.removeprefix('sha256:')[:32]}.json"


def _machine() -> dict[str, Any]:
    """Return what a measurement holds for; a home folder may be shared between machines."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and few have measured

    versions = {}
    for name in ("onnxruntime", "onnxruntime-gpu", "openvino"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {"name": platform.node(), "kind": platform.machine(), "cores": available_cores(), **versions}
