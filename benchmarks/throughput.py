"""Measure many images: `predict_many` against the bare engine and bare decoding on all cores, and memory over time.

    python benchmarks/marks.py  # once: 5,000 marks of 400 to 1,000 pixels, JPEG and PNG, like those of registers
    python benchmarks/throughput.py [--images FOLDER] [--bundle BUNDLE] [--count 5000] [--memory 50000]

Measured in turn, 500 files at a time, each alone: the engine on ready arrays of images and their crops, with all cores
and with half of them; viennatag's decoding, which includes framing the mark and finding its crops, likewise; decoding
with plain Pillow, with all cores; and `predict_many`.

Where engine and decoding share the cores, `predict_many` cannot reach 90 % of the slower of the two: with all cores
always busy it makes 1 / (1 / engine + 1 / decode) images a second, which is called the bound. A pipeline whose two
stages have half of the cores each can reach the slower of the two with half of the cores. Rates are given by elapsed
time and by processor time, since a busy machine stretches the former and hardly the latter. Memory is that of this
process while the images are repeated. Results: benchmarks/results/throughput.json.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle, islice
from pathlib import Path

import numpy as np
import psutil

from marks import FOLDER, files
from plain import decode_plainly
from viennatag.cores import available_cores
from viennatag.images.decoding import read_framed_image
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine

ROOT = Path(__file__).parents[1]
SHARE = 500
ON_HALF = ("engine_on_half", "decode_on_half")
Rates = dict[str, float]


def measure(predictor: Predictor, paths: list[Path]) -> tuple[Rates, Rates]:
    """Return images a second by name, of the clock and of all processors at work; medians over shares."""
    batch, cores, size = predictor.settings.batch_size, available_cores(), predictor.bundle.image_size
    engine = Engine(predictor.bundle.graph, threads=1, callers=cores, runtime=predictor.settings.engine)
    crops = predictor.bundle.postprocessor.max_crops
    read = [read_framed_image(path, size, max_crops=crops).views for path in paths[:SHARE]]
    ready = [np.stack(list(chain(*read[at : at + batch]))) for at in range(0, len(read), batch)]
    clock: dict[str, list[float]] = {}
    work: dict[str, list[float]] = {}
    with ThreadPoolExecutor(cores) as pool, ThreadPoolExecutor(max(cores // 2, 1)) as half:

        def run_all(on: ThreadPoolExecutor, candidate: Callable[[Path], object], share: list[Path]) -> None:
            for _ in on.map(candidate, share):
                pass

        def run_engine(on: ThreadPoolExecutor, share: list[Path]) -> None:
            list(on.map(lambda pixels: engine.run(pixels, ("logits",)), ready[: -(-len(share) // batch)]))

        def decode(path: Path) -> object:
            return read_framed_image(path, size, max_crops=crops)

        candidates: dict[str, Callable[[list[Path]], object]] = {
            "engine": lambda share: run_engine(pool, share),
            "decode": lambda share: run_all(pool, decode, share),
            "decode_plainly": lambda share: run_all(pool, lambda path: decode_plainly(path, size), share),
            "engine_on_half": lambda share: run_engine(half, share),
            "decode_on_half": lambda share: run_all(half, decode, share),
            "predict_many": lambda share: list(predictor.predict_many(share)),
        }
        for candidate in candidates.values():
            candidate(paths[:100])
        for at in range(0, len(paths), SHARE):
            share = paths[at : at + SHARE]
            for name, candidate in candidates.items():
                start, worked = time.perf_counter(), time.process_time()
                candidate(share)
                clock.setdefault(name, []).append(len(share) / (time.perf_counter() - start))
                work.setdefault(name, []).append(cores * len(share) / (time.process_time() - worked))
    return _medians(clock), _medians(work)


def _medians(found: dict[str, list[float]]) -> Rates:
    return {name: statistics.median(values) for name, values in found.items()}


def shares(rates: Rates) -> Rates:
    """Return rates, the bound of both decodings, and what shares of them and of the slower stage the whole reaches."""
    whole, engine = rates["predict_many"], rates["engine"]
    found = {name: round(rate, 1) for name, rate in rates.items()}
    for name, decode in (("", rates["decode"]), ("_with_plain_decoding", rates["decode_plainly"])):
        bound = 1 / (1 / engine + 1 / decode)
        found[f"bound{name}"] = round(bound, 1)
        found[f"share_of_bound{name}"] = round(whole / bound, 3)
        found[f"share_of_the_slower{name}"] = round(whole / min(engine, decode), 3)
    if rates.keys() >= set(ON_HALF):
        found["share_of_the_slower_on_half"] = round(whole / min(rates[name] for name in ON_HALF), 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=FOLDER, help="folder of marks")
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--memory", type=int, default=50_000, help="images for the measurement of memory; 0 for none")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/throughput.json")
    options = parser.parse_args()
    paths = files(options.images, options.count)
    predictor = Predictor.load(options.bundle)
    clock, work = measure(predictor, paths)
    for name in ON_HALF:
        del work[name]  # by the time that processors worked it is the rate of all of them
    results: dict[str, object] = {
        "images": len(paths),
        "cores": available_cores(),
        "engine": predictor.settings.engine,
        "images_per_second": shares(clock),
        "images_per_second_of_processors": shares(work),
    }
    if options.memory:
        process, megabytes = psutil.Process(os.getpid()), {}
        for done, _ in enumerate(predictor.predict_many(islice(cycle(paths), options.memory)), 1):
            if done in {options.memory // 10, options.memory // 2, options.memory}:
                megabytes[f"{done:,}"] = round(process.memory_info().rss / 1e6, 1)
        results["resident_megabytes_after_images"] = megabytes
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
