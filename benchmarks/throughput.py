"""Many images: `predict_many` against the bare engine and bare decoding on all cores, and memory that stays flat.

    python benchmarks/throughput.py --images FOLDER [--bundle BUNDLE] [--count 5000] [--memory 50000]

In turn, file by file in parts of 500: decode and resize alone, the engine alone on ready arrays, and the whole. Where
decoding and the engine share the same cores the most that can be reached is not the slower of the two but
1 / (1 / engine + 1 / decode), which is stated too. Memory is this process's, while the images go round and round.
Results: benchmarks/results/throughput.json.
"""

import argparse
import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil

from viennatag.engine import Engine
from viennatag.images import available_cores, read_image
from viennatag.predictor import Predictor

ROOT = Path(__file__).parents[1]
PART = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of marks")
    parser.add_argument("--bundle", default="starter")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--memory", type=int, default=50_000, help="images for the measurement of memory; 0 for none")
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/throughput.json")
    options = parser.parse_args()
    paths = sorted(path for path in options.images.rglob("*.*") if path.is_file())[: options.count]
    predictor = Predictor.load(options.bundle)
    batch, cores, size = predictor.settings.batch_size, available_cores(), predictor.engine.size
    engine = Engine(predictor.bundle.graph, threads=1, callers=cores, runtime=predictor.settings.engine)
    ready = np.stack([read_image(path, size) for path in paths[:PART]])
    seconds: dict[str, list[float]] = {"decode": [], "engine": [], "predict_many": []}
    with ThreadPoolExecutor(cores) as pool:
        list(predictor.predict_many(paths[:100]))
        for at in range(0, len(paths), PART):
            part = paths[at : at + PART]
            start = time.perf_counter()
            list(pool.map(lambda path: read_image(path, size), part))
            decoded = time.perf_counter()
            list(pool.map(lambda row: engine.run(ready[row : row + batch], ("logits",)), range(0, len(part), batch)))
            ran = time.perf_counter()
            list(predictor.predict_many(part))
            end = time.perf_counter()
            for name, spent in zip(seconds, (decoded - start, ran - decoded, end - ran), strict=True):
                seconds[name].append(spent / len(part))
    rates = {name: 1 / statistics.median(spent) for name, spent in seconds.items()}
    together = 1 / (1 / rates["engine"] + 1 / rates["decode"])
    results: dict[str, object] = {
        "images": len(paths),
        "cores": cores,
        "images_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "share_of_the_slower": round(rates["predict_many"] / min(rates["engine"], rates["decode"]), 3),
        "share_of_both_on_the_same_cores": round(rates["predict_many"] / together, 3),
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
