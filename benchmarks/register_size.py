"""Measure every step after the features at the size of L3D: 770,000 marks with 1,536 sections, end to end.

    python benchmarks/register_size.py [--counts 50000,200000,770000] [--features FILE.npy]

The steps are those of the commands: split, train a head, calibrate, evaluate with intervals, compare three strategies,
find label issues, index and search similar marks. Labels are drawn by the real counts of L3D's sections. Features are
real ones of the starter, on the images of ../shared/real_marks or from a file, mixed in pairs; each section adds a
direction of its own, and there is noise. So time and memory are those of a register; accuracy is not.

Each size runs in a process of its own. `own_gb` is the peak of private memory, sampled 20 times a second; `rss_gb` also
counts pages of files that the system can reclaim at any time (the features). The exponent of a step is the slope of log
CPU time over log marks between the smallest and the largest size: 1 is linear. Results:
benchmarks/results/register_size.json, kept after each size, so that it can be called again for one more.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similar import multiply
from viennatag.data.marks import SUBSETS, Marks
from viennatag.evaluation.evaluation import evaluate_scores
from viennatag.evaluation.label_issues import rank_label_issues
from viennatag.explain import similar
from viennatag.explain.index import write_index
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.runtime.engine import Engine, run_images
from viennatag.split.splitting import split_marks
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection
from viennatag.training.heads.trainer import train_head
from viennatag.training.selection.comparison_run import compare_strategies
from viennatag.training.selection.cross_fitting import cross_fitted_scores
from viennatag.training.selection.trained_strategy import postprocess
from viennatag.training.strategies import STRATEGIES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/register_size.json"
COUNTS = ROOT.parent / "shared/labels/l3d_code_counts.csv"
IMAGES = ROOT.parent / "shared/real_marks/images"
COMPARED = ("as-is", "class-weights", "asymmetric")
MIN_COUNT = 5
SEARCHES = 200


class Steps:
    """The time and memory of each step."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._own = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._own = max(self._own, memory("RssAnon"))
            time.sleep(0.05)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        self._own, wall, cpu = 0.0, time.perf_counter(), time.process_time()
        yield
        self.found[name] = {
            "cpu_seconds": round(time.process_time() - cpu, 2),
            "wall_seconds": round(time.perf_counter() - wall, 2),
            "own_gb": round(self._own, 3),
            "rss_gb": round(memory("VmHWM"), 3),
        }
        print(f"{name:18} {self.found[name]}", file=sys.stderr, flush=True)


def memory(what: str) -> float:
    """Return a figure of this process's memory in GB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(lines[what].split()[0]) / 1e6


def real_features(images: Path) -> NDArray[np.float16]:
    """Return the starter's features of all images in a folder, shape (images, width)."""
    paths = sorted(path for path in images.iterdir() if path.is_file())
    batches = run_images(Engine(open_bundle().graph, threads=1), paths, ("features",), also=lambda _: None)
    return np.concatenate([batch.outputs[0] for batch in batches if batch.outputs]).astype(np.float16)


def draw_codes(count: int, random: np.random.Generator) -> list[tuple[str, ...]]:
    """Return the sections of marks, as frequent as in L3D, each at least once on ten marks."""
    with COUNTS.open(encoding="utf-8") as file:
        sections = [(row["code"], int(row["occurrences"])) for row in csv.DictReader(file) if row["level"] == "3"]
    names, times = [name for name, _ in sections], np.array([number for _, number in sections])
    wanted = np.maximum(10, np.rint(times * count / 770_000)).astype(np.intp)
    dealt = random.permutation(np.repeat(np.arange(len(names)), wanted))
    marks = np.concatenate([random.permutation(count), random.integers(count, size=max(0, len(dealt) - count))])
    codes: list[set[str]] = [set() for _ in range(count)]
    for mark, section in zip(marks.tolist(), dealt.tolist(), strict=False):
        codes[mark].add(names[section])
    return [tuple(sorted(each)) or (names[int(times.argmax())],) for each in codes]


def draw_register(
    count: int, real: NDArray[np.float16], folder: Path, random: np.random.Generator
) -> tuple[Marks, NDArray[np.float16], NDArray[np.uint64]]:
    """Return marks, their features as a memory map, and perceptual hashes, a tenth of them near copies."""
    codes = draw_codes(count, random)
    features = multiply(real, count, folder / "features.f16", random)
    names = sorted({code for each in codes for code in each})
    place = {name: at for at, name in enumerate(names)}
    spread = real.astype(np.float32).std(axis=0)
    directions = 0.1 * spread * random.standard_normal((len(names), real.shape[1]), dtype=np.float32)
    for start in range(0, count, 20_000):
        block = features[start : start + 20_000].astype(np.float32)
        for row, each in enumerate(codes[start : start + 20_000]):
            block[row] += directions[[place[code] for code in each]].sum(axis=0)
        features[start : start + 20_000] = block
    hashes = random.integers(1 << 63, size=count, dtype=np.uint64)
    copies = random.permutation(count)[: count // 10]
    hashes[copies] = hashes[random.integers(count, size=len(copies))] ^ np.uint64(1)
    images = tuple(map(str, range(count)))
    empty = ("",) * count
    return Marks("vienna", images, tuple(codes), images, empty, empty, (1.0,) * count), features, hashes


def measure(count: int, real: NDArray[np.float16], seed: int = 0) -> dict[str, Any]:
    """Return time and memory of each step at one size."""
    random, steps = np.random.default_rng(seed), Steps()
    with tempfile.TemporaryDirectory(dir=os.environ.get("SCRATCH")) as scratch:
        folder = Path(scratch)
        with steps.step("draw"):
            marks, features, hashes = draw_register(count, real, folder, random)
        with steps.step("split"):
            subsets = split_marks(marks, hashes=hashes, seed=seed)
        rows = np.arange(count)
        collection = Collection(marks, subsets, features, rows)
        labels = collection.labels(min_count=MIN_COUNT)
        train, validation = (collection.examples(labels, subset) for subset in (TRAIN, VALIDATION))
        strategy = STRATEGIES["as-is"]
        with steps.step("train"):
            trained = train_head(train, validation, parents=labels.parents, loss=strategy.loss, seed=seed)
        with steps.step("calibrate"):
            fitted = postprocess(trained, strategy, labels, validation, collection.held_out(labels, VALIDATION))
        counts = train.counts()
        with steps.step("evaluate"):
            bundle = Bundle(counts, counts / len(train), fitted.postprocessor, 224)
            evaluated = evaluate_scores(
                fitted.scores(collection.held_out(labels, TEST)), collection.marks_of(TEST), bundle
            )
        del bundle, trained, fitted
        with steps.step("compare three"):
            compare_strategies(collection, [STRATEGIES[name] for name in COMPARED], seeds=1)
        del collection, train, validation
        with steps.step("label issues"):
            scores = cross_fitted_scores(marks, labels, features, rows, hashes=hashes, seed=seed)
            issues = rank_label_issues(marks, labels, scores, features=(features, rows))
        del scores
        with steps.step("index"):
            write_index(folder / "index", features, rows, marks, graph="sha256:0")
        with steps.step(f"search {SEARCHES}"):
            known = similar.ReferenceMarks.open(folder / "index")
            for at in random.integers(count, size=SEARCHES):
                known.search(features[at].astype(np.float32), 10)
    sections = next(each for each in evaluated.groups if (each.level, each.kind) == ("section", "all"))
    return {
        "marks": count,
        "labels": len(labels),
        "subsets": {name: int(np.count_nonzero(subsets == at)) for at, name in enumerate(SUBSETS)},
        "label_issues": len(issues),
        "macro_map_of_sections": [
            round(getattr(sections.metrics["macro_map"], each), 4) for each in ("value", "low", "high")
        ],
        "peak_own_gb": max(each["own_gb"] for each in steps.found.values()),
        "peak_rss_gb": max(each["rss_gb"] for each in steps.found.values()),
        "steps": steps.found,
    }


def exponents(sizes: dict[str, Any]) -> dict[str, float]:
    """Return the exponent of each step's growth in CPU time."""
    ordered = sorted(sizes.values(), key=lambda each: int(each["marks"]))
    first, last = ordered[0], ordered[-1]
    times = math.log(last["marks"] / first["marks"])
    pairs = {name: (first["steps"][name], each) for name, each in last["steps"].items() if name != "draw"}
    return {name: round(math.log(b["cpu_seconds"] / a["cpu_seconds"]) / times, 2) for name, (a, b) in pairs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="50000,200000,770000", help="numbers of marks")
    parser.add_argument("--features", type=Path, help="real features as .npy, (marks, width)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(int(options.counts), np.load(options.features))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        features = options.features
        if features is None:
            features = Path(scratch, "features.npy")
            np.save(features, real_features(IMAGES))
        for count in options.counts.split(","):
            command = [sys.executable, __file__, "--one", "--counts", count, "--features", str(features)]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            kept = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {"sizes": {}}
            kept["sizes"][count] = found
            kept["threads"] = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
            if len(kept["sizes"]) > 1:
                kept["exponents_of_cpu_time"] = exponents(kept["sizes"])
            options.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
