"""Measure recall, time and memory of the index of reference marks against exact search, at the size of L3D.

    python benchmarks/marks.py  # once, if no features of a training exist
    python benchmarks/similar.py [--features work/starter/cache/features/NAME/features.f16] [--count 770000]

770,000 marks cannot be drawn in reasonable time, so real features of the starter are multiplied: those in the cache of
a training, or those of the files of marks.py. Each new vector lies between two real ones, mostly near the first, with
noise of a tenth of each feature's spread. Queries are made in the same way from marks that are held out. The truth is
exact cosine search over all standardised features in float32.

The index is written like that of `viennatag index`, with the codes of 20,000 real EU marks, and served by a process of
its own like that of `viennatag predict --similar`. A query is everything from features to images with their codes.
Memory is what that process gained by opening and searching: `own` is private memory; `mapped` are pages of the index's
files, which the system shares between processes and reclaims if needed. Results: benchmarks/results/similar.json.
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

from marks import FOLDER, files
from viennatag.data.marks import Marks, read_marks
from viennatag.explain import index as making
from viennatag.model.bundle import open_bundle
from viennatag.runtime.engine import Engine, run_images

ROOT = Path(__file__).parents[1]
QUERIES, K = 1000, 10
SERVE = """
import json, sys, time, numpy
from viennatag.explain import similar as known

def memory():
    lines = dict(line.split(":") for line in open("/proc/self/status"))
    return {name: int(lines[name].split()[0]) * 1024 / 1e6 for name in ("RssAnon", "RssFile")}

known.search_library()
known.EXPANSION = int(sys.argv[3])
queries = numpy.load(sys.argv[2])
before, start = memory(), time.perf_counter()
marks = known.ReferenceMarks.open(sys.argv[1])
opened = time.perf_counter() - start
marks.search(queries[0], 10)
seconds, found = [], []
for query in queries:
    start = time.perf_counter()
    nearest = marks.search(query, 10)
    seconds.append(time.perf_counter() - start)
    found.append([int(mark.image) for mark in nearest])
after = memory()
print(json.dumps({
    "found": found,
    "open_seconds": round(opened, 2),
    "milliseconds": round(1e3 * float(numpy.median(seconds)), 3),
    "milliseconds_99_percent": round(1e3 * float(numpy.quantile(seconds, 0.99)), 3),
    "own_mb": round(after["RssAnon"] - before["RssAnon"], 1),
    "mapped_mb": round(after["RssFile"] - before["RssFile"], 1),
}))
"""


def compute_features(images: Path) -> NDArray[np.float16]:
    """Return the starter's features of all images in a folder, shape (images, width)."""
    engine = Engine(open_bundle().graph, threads=1)
    batches = run_images(engine, files(images, 1_000_000), ("features",), also=lambda _: None)
    return np.concatenate([batch.outputs[0] for batch in batches if batch.outputs]).astype(np.float16)


def width() -> int:
    """Return the length of the starter's features."""
    engine = Engine(open_bundle().graph, threads=1)
    return int(engine.run(np.zeros((1, engine.size, engine.size, 3), np.uint8), ("features",))[0].shape[1])


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


def recall(truth: NDArray[np.intp], found: list[list[int]]) -> float:
    """Return which share of the nearest was found."""
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(truth.tolist(), found, strict=True)]))


def known_marks(count: int, profile: Path) -> Marks:
    """Return `count` marks, named by number, with the codes of real marks."""
    real = read_marks(profile, skip_bad=True, require_images=False)
    again = [at % len(real) for at in range(count)]
    names = tuple(map(str, range(count)))
    return Marks(
        real.taxonomy,
        images=names,
        codes=tuple(real.codes[at] for at in again),
        ids=names,
        groups=("",) * count,
        splits=("",) * count,
        weights=(1.0,) * count,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, help="features.f16 of a training cache")
    parser.add_argument("--images", type=Path, default=FOLDER, help="images to compute features of, without them")
    parser.add_argument("--profile", type=Path, default=ROOT.parent / "shared/labels/eu_marks_20k.csv")
    parser.add_argument("--count", type=int, default=770_000)
    parser.add_argument("--dimensions", type=int, default=making.DIMENSIONS)
    parser.add_argument("--connectivity", type=int, default=making.CONNECTIVITY)
    parser.add_argument("--expansions", default="32,64,128,256", help="of the search")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks/results/similar.json")
    options = parser.parse_args()
    making.DIMENSIONS, making.CONNECTIVITY = options.dimensions, options.connectivity
    random = np.random.default_rng(options.seed)
    stored: NDArray[np.float16] = (
        np.memmap(options.features, dtype=np.float16, mode="r").reshape(-1, width())
        if options.features
        else compute_features(options.images)
    )
    real = np.asarray(stored)[random.permutation(len(stored))]
    kept_out = min(QUERIES, len(real) // 5)
    (ROOT / "work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "work") as name:
        folder = Path(name)
        queries = multiply(real[:kept_out], QUERIES, folder / "queries.f16", random)
        features = multiply(real[kept_out:], options.count, folder / "features.f16", random)
        np.save(folder / "queries.npy", queries)
        truth = exact(features, queries)
        marks = known_marks(options.count, options.profile)
        start = time.perf_counter()
        making.write_index(folder / "index", features, np.arange(options.count), marks, graph="sha256:0")
        built = time.perf_counter() - start
        results: dict[str, Any] = {
            "marks": options.count,
            "made_of": len(real),
            "dimensions": options.dimensions,
            "connectivity": making.CONNECTIVITY,
            "expansion_add": making.EXPANSION_ADD,
            "build_seconds": round(built, 1),
            "files_mb": {
                path.name: round(path.stat().st_size / 1e6, 1) for path in sorted((folder / "index").iterdir())
            },
            "search": [],
        }
        for expansion in options.expansions.split(","):
            command = [sys.executable, "-c", SERVE, str(folder / "index"), str(folder / "queries.npy"), expansion]
            done = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            row = {
                "expansion": int(expansion),
                "recall_at_10": round(recall(truth, done.pop("found")), 4),
                **done,
            }
            results["search"].append(row)
            print(row, flush=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print({name: value for name, value in results.items() if name != "search"})


if __name__ == "__main__":
    main()
