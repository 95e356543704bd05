"""Autotuning: measure the best engine, number of threads and batch size on this machine, on request only.

`viennatag tune BUNDLE` measures and keeps the result in the user's cache for later predictions with the same graph.
Without a measurement the defaults are used, which are within a few per cent of the best on most processors.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.runtime.backends import installed_runtimes
from viennatag.runtime.engine import Engine
from viennatag.runtime.settings import EngineSpeed

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64)
ENOUGH = 0.97
"""The smallest batch with this share of the best throughput is chosen, because larger ones cost memory."""


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
