"""Search for similar marks: precision, time and memory of the index against exact search, at L3D's size.

    python benchmarks/similar.py --features work/starter/cache/features/DIGEST-pad-white-bilinear-1/features.f16

Real features of rendered marks (what training leaves in its cache) are multiplied to as many marks as asked for: each
new one lies between two real ones, mostly near the first, with noise of a tenth of each feature's spread. Queries are
made likewise of real marks that are kept out. The truth is exact search by cosine over all standardised features in
float32. Resident memory is that of a fresh process after its searches. Results: benchmarks/results/similar.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.evidence import index as making
from viennatag.evidence.index import build_vectors, fit_projection

ROOT = Path(__file__).parents[1]
QUERIES, K = 1000, 10
SEARCH = """
import sys, time, numpy, psutil
from usearch.index import Index
before = psutil.Process().memory_info().rss
index = Index.restore(sys.argv[1], view=True)
index.expansion_search = int(sys.argv[3])
queries = numpy.load(sys.argv[2])
index.search(queries[0], 10)
seconds, keys = [], []
for query in queries:
    start = time.perf_counter()
    keys.append(index.search(query, 10).keys)
    seconds.append(time.perf_counter() - start)
resident = psutil.Process().memory_info().rss - before
numpy.save(sys.argv[2] + ".found.npy", numpy.array(keys))
print(1e3 * numpy.median(seconds), 1e3 * numpy.quantile(seconds, 0.99), resident / 1e6)
"""


def multiply(real: NDArray[np.float16], count: int, out: Path, random: np.random.Generator) -> NDArray[np.float16]:
    """Write features (count, width) made of real ones and return them as a memory map."""
    made = np.memmap(out, dtype=np.float16, mode="w+", shape=(count, real.shape[1]))
    spread = 0.1 * real[:20_000].astype(np.float32).std(axis=0)
    for start in range(0, count, 20_000):
        rows = min(20_000, count - start)
        first, second = (real[random.integers(len(real), size=rows)].astype(np.float32) for _ in range(2))
        share = 0.5 * random.random((rows, 1), dtype=np.float32) ** 2
        noise = spread * random.standard_normal(first.shape, dtype=np.float32)
        made[start : start + rows] = np.maximum(first + share * (second - first) + noise, 0)
    return made


def exact(features: NDArray[np.float16], queries: NDArray[np.float16]) -> NDArray[np.intp]:
    """Return the rows of the K nearest by cosine over standardised features, shape (queries, K)."""
    sample = features[:: max(1, len(features) // 50_000)].astype(np.float32)
    mean, scale = sample.mean(axis=0), sample.std(axis=0)
    scale = np.maximum(scale, 1e-2 * scale.mean())

    def directions(values: NDArray[np.float16]) -> NDArray[np.float32]:
        standard: NDArray[np.float32] = (values.astype(np.float32) - mean) / scale
        standard /= np.linalg.norm(standard, axis=1, keepdims=True)
        return standard

    asked = directions(queries)
    best = np.full((len(queries), K), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), K), dtype=np.intp)
    for start in range(0, len(features), 20_000):
        similar = asked @ directions(features[start : start + 20_000]).T
        top = np.argpartition(-similar, K, axis=1)[:, :K]
        values = np.concatenate([best, np.take_along_axis(similar, top, axis=1)], axis=1)
        positions = np.concatenate([rows, top + start], axis=1)
        kept = np.argpartition(-values, K, axis=1)[:, :K]
        best, rows = np.take_along_axis(values, kept, axis=1), np.take_along_axis(positions, kept, axis=1)
    return rows


def recall(truth: NDArray[np.intp], found: NDArray[Any]) -> float:
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(truth.tolist(), found.tolist(), strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True, help="features.f16 of a training cache")
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--count", type=int, default=770_000)
    parser.add_argument("--dimensions", type=int, default=making.DIMENSIONS)
    parser.add_argument("--expansions", default="32,64,128,256", help="of the search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/similar.json")
    options = parser.parse_args()
    making.DIMENSIONS = options.dimensions
    random = np.random.default_rng(options.seed)
    stored = np.memmap(options.features, dtype=np.float16, mode="r").reshape(-1, options.width)
    real = np.asarray(stored)[random.permutation(len(stored))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        queries = multiply(real[:QUERIES], QUERIES, folder / "queries.f16", random)
        features = multiply(real[QUERIES:], options.count, folder / "features.f16", random)
        truth = exact(features, queries)
        rows = np.arange(options.count)
        start = time.perf_counter()
        projection = fit_projection(features, rows)
        vectors = build_vectors(features, rows, projection)
        built = time.perf_counter() - start
        vectors.save(str(folder / "vectors"))
        np.save(folder / "queries.npy", projection(queries))
        results: dict[str, Any] = {
            "marks": options.count,
            "dimensions": options.dimensions,
            "connectivity": making.CONNECTIVITY,
            "expansion_add": making.EXPANSION_ADD,
            "build_seconds": round(built, 1),
            "file_mb": round((folder / "vectors").stat().st_size / 1e6, 1),
            "search": [],
        }
        for expansion in options.expansions.split(","):
            command = [sys.executable, "-c", SEARCH, str(folder / "vectors"), str(folder / "queries.npy"), expansion]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            median, slow, resident = map(float, done.stdout.split())
            row = {
                "expansion": int(expansion),
                "recall_at_10": round(recall(truth, np.load(folder / "queries.npy.found.npy")), 4),
                "milliseconds": round(median, 3),
                "milliseconds_99_percent": round(slow, 3),
                "resident_mb": round(resident, 1),
            }
            results["search"].append(row)
            print(row, flush=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print({name: value for name, value in results.items() if name != "search"})


if __name__ == "__main__":
    main()
