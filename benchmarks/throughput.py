"""Many images: `predict_many` against the bare engine and bare decoding on all cores, and memory that stays flat.

    python benchmarks/marks.py  # once: 5,000 marks of 400 to 1,000 pixels, JPEG and PNG, as registers have them
    python benchmarks/throughput.py [--images FOLDER] [--bundle BUNDLE] [--count 5000] [--memory 50000]

In turn, in shares of 500 files, each alone: the engine on ready arrays of images and their parts, with all cores and
with half of them; decoding as viennatag does it, which includes finding the mark on its page and its parts, likewise;
decoding as anyone would write it with Pillow, with all cores; and the whole.

Where engine and decoding need the same cores the whole cannot reach 90 % of the slower of the two: with all cores at
work all the time it makes 1 / (1 / engine + 1 / decode) images a second, which is called the bound. What a pipeline
can reach whose two stages have half of the cores each is the slower of the two with half of the cores. Rates are by the
clock and by the time that processors worked, as a busy machine stretches the former and hardly the latter. Memory is
this process's, while the images go round and round. Results: benchmarks/results/throughput.json.
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
from viennatag.images.decoding import available_cores, read_fitted_image
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine

ROOT = Path(__file__).parents[1]
PART = 500
ON_HALF = ("engine_on_half", "decode_on_half")
Rates = dict[str, float]


def measure(predictor: Predictor, paths: list[Path]) -> tuple[Rates, Rates]:
    """Return images a second by name, of the clock and of all processors at work; medians over parts."""
    batch, cores, size = predictor.settings.batch_size, available_cores(), predictor.bundle.image_size
    engine = Engine(predictor.bundle.graph, threads=1, callers=cores, runtime=predictor.settings.engine)
    parts = predictor.bundle.parts
    read = [read_fitted_image(path, size, parts=parts).views for path in paths[:PART]]
    ready = [np.stack(list(chain(*read[at : at + batch]))) for at in range(0, len(read), batch)]
    clock: dict[str, list[float]] = {}
    work: dict[str, list[float]] = {}
    with ThreadPoolExecutor(cores) as pool, ThreadPoolExecutor(max(cores // 2, 1)) as half:

        def run_all(on: ThreadPoolExecutor, candidate: Callable[[Path], object], part: list[Path]) -> None:
            for _ in on.map(candidate, part):
                pass

        def run_engine(on: ThreadPoolExecutor, part: list[Path]) -> None:
            list(on.map(lambda pixels: engine.run(pixels, ("logits",)), ready[: -(-len(part) // batch)]))

        def decode(path: Path) -> object:
            return read_fitted_image(path, size, parts=parts)

        candidates: dict[str, Callable[[list[Path]], object]] = {
            "engine": lambda part: run_engine(pool, part),
            "decode": lambda part: run_all(pool, decode, part),
            "decode_plainly": lambda part: run_all(pool, lambda path: decode_plainly(path, size), part),
            "engine_on_half": lambda part: run_engine(half, part),
            "decode_on_half": lambda part: run_all(half, decode, part),
            "predict_many": lambda part: list(predictor.predict_many(part)),
        }
        for candidate in candidates.values():
            candidate(paths[:100])
        for at in range(0, len(paths), PART):
            part = paths[at : at + PART]
            for name, candidate in candidates.items():
                start, worked = time.perf_counter(), time.process_time()
                candidate(part)
                clock.setdefault(name, []).append(len(part) / (time.perf_counter() - start))
                work.setdefault(name, []).append(cores * len(part) / (time.process_time() - worked))
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
