"""Measure bulk prediction against its two bounds, the bare engine and bare decoding, and its memory.

    python benchmarks/marks.py  # once: 5,000 marks of 400 to 1,000 pixels, JPEG and PNG, like those of registers
    python benchmarks/bulk.py [--count 5000] [--rounds 2] [--memory 5000,50000] [--no-ray]

Measured in turn, in several rounds; results are ratios of medians: one-thread engines on ready pixels of images and
their crops, one engine per core; decoding and resizing alone, by viennatag and by plain Pillow; the engine and
viennatag's decoding with half of the cores each, like the stages of a pipeline; decoding and engine in turn, a batch
after the other, in a bare loop in one process per core, which are started before: the bound that can be reached;
`run_bulk`, from starting its processes and listing the files to the summary; and `run_bulk` on a Ray cluster on this
machine. Starting the cluster is not counted, starting its workers is. Memory is the peak of `viennatag bulk` and all
its processes together; links multiply the files.
Results: benchmarks/results/bulk.json.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from marks import FOLDER
from marks import files as find_files
from plain import decode_plainly
from viennatag.bulk import run_bulk
from viennatag.cores import available_cores
from viennatag.images.decoding import FramedImage, read_framed_image
from viennatag.model.bundle import open_bundle
from viennatag.runtime.engine import BATCH_SIZE, Engine, run_views

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

ROOT = Path(__file__).parents[1]
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}


def link(files: list[Path], count: int, folder: Path) -> Path:
    """Fill a folder with links to files, repeated until it has this number of images."""
    for at in range(count):
        file = files[at % len(files)]
        name = folder / f"{at // 1000:04}" / f"{at:07}{file.suffix}"
        name.parent.mkdir(parents=True, exist_ok=True)
        name.symlink_to(file.resolve())
    return folder


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_megabytes(model: str, files: list[Path], count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        source = link(files, count, Path(folder) / "images")
        command = ["bulk", str(source), "-o", str(Path(folder) / "out"), "--model", model]
        # What the system itself calls the peak of a child starts from that of this process.
        process = psutil.Popen([sys.executable, "-m", "viennatag", *command], stdout=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            with suppress(psutil.Error):
                every = [process, *process.children(recursive=True)]
                peak = max(peak, sum(each.memory_info().rss for each in every))
            time.sleep(0.02)
        if process.returncode:
            raise SystemExit(f"viennatag bulk ended with {process.returncode}")
        return peak / 1e6


def loop_barely(model: str, files: list[Path], start: "Barrier", end: "Barrier") -> None:
    """Decode and run files, a batch after the other, and do nothing else."""
    bundle = open_bundle(model)
    engine, chain = Engine(bundle.graph, threads=1), bundle.postprocessor
    start.wait()
    for at in range(0, len(files), BATCH_SIZE):
        batch = files[at : at + BATCH_SIZE]
        framed = [read_framed_image(path, bundle.image_size, max_crops=chain.max_crops) for path in batch]
        run_views(engine, framed, ("logits",), chain.wants_crops)
    end.wait()


def time_bare_loops(model: str, files: list[Path], cores: int) -> float:
    """Return the seconds of a bare loop in one process per core, without starting them."""
    spawn = multiprocessing.get_context("spawn")
    start, end = spawn.Barrier(cores + 1), spawn.Barrier(cores + 1)
    loops = [spawn.Process(target=loop_barely, args=(model, files[core::cores], start, end)) for core in range(cores)]
    for loop in loops:
        loop.start()
    start.wait()
    took = seconds(end.wait)
    for loop in loops:
        loop.join()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=FOLDER, help="folder of marks")
    parser.add_argument("--model", default="starter")
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", default="5000,50000", help="numbers of images; empty for none")
    parser.add_argument("--ray", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/bulk.json")
    options = parser.parse_args()
    found = find_files(options.images, options.count)
    files = [found[at % len(found)] for at in range(options.count)]
    bundle, cores = open_bundle(options.model), available_cores()
    half, size = max(cores // 2, 1), bundle.image_size
    engines = [Engine(bundle.graph, threads=1) for _ in range(cores)]

    def read(path: Path) -> FramedImage:
        return read_framed_image(path, size, max_crops=bundle.postprocessor.max_crops)

    ready = list(map(read, files[:256]))  # an image and its crops
    batches = [
        np.stack([view for each in ready[at : at + BATCH_SIZE] for view in each.views])
        for at in range(0, len(ready), BATCH_SIZE)
    ]

    def run_engines(on: int) -> None:
        def work(core: int) -> None:
            for at in range(core, len(files) // BATCH_SIZE, on):
                engines[core].run(batches[at % len(batches)], ("logits",))

        with ThreadPoolExecutor(on) as pool:
            list(pool.map(work, range(on)))

    def decode_all(on: int, decode: Callable[[Path], object]) -> None:
        with ThreadPoolExecutor(on) as pool:
            for _ in pool.map(decode, files):
                pass

    with tempfile.TemporaryDirectory() as folder:
        source = link(files, len(files), Path(folder) / "images")

        def bulk(address: str | None) -> None:
            with tempfile.TemporaryDirectory() as out:
                run_bulk(source, out, model=options.model, address=address)

        stages: dict[str, Callable[[], None]] = {
            "bare engine": lambda: run_engines(cores),
            "bare decode": lambda: decode_all(cores, read),
            "plain decode": lambda: decode_all(cores, lambda path: decode_plainly(path, size)),
            "engine on half": lambda: run_engines(half),
            "decode on half": lambda: decode_all(half, read),
        }
        wholes = {"on this machine": lambda: bulk(None)}
        if options.ray:
            os.environ.update(LOOPBACK)
            import ray

            ray.init(address="local", _node_ip_address="127.0.0.1", include_dashboard=False, log_to_driver=False)
            wholes["on Ray"] = lambda: bulk("local")
        rates: dict[str, list[float]] = {name: [] for name in (*stages, "bare loop", *wholes)}
        for _ in range(options.rounds):
            for name, work in (stages | wholes).items():
                rates[name].append(len(files) / seconds(work))
            rates["bare loop"].append(len(files) / time_bare_loops(options.model, files, cores))
        if options.ray:
            ray.shutdown()
    medians = {name: statistics.median(found) for name, found in rates.items()}
    slower = {
        "bare decode": min(medians["bare engine"], medians["bare decode"]),
        "plain decode": min(medians["bare engine"], medians["plain decode"]),
        "on half": min(medians["engine on half"], medians["decode on half"]),
    }
    results = {
        "cores": cores,
        "images": len(files),
        "different_images": len(found),
        "images_per_second": {name: round(rate, 1) for name, rate in medians.items()},
        "share_of_bare_loop": {name: round(medians[name] / medians["bare loop"], 3) for name in wholes},
        "share_of_the_slower": {
            f"{name}, {which}": round(medians[name] / rate, 3) for name in wholes for which, rate in slower.items()
        },
        "peak_megabytes": {
            count: round(peak_megabytes(options.model, files, int(count)), 1)
            for count in filter(None, options.memory.split(","))
        },
    }
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
