"""Measure the split: time, memory and label distribution error, against iterative-stratification.

    python benchmarks/split.py

Two sizes are split 80/10/10: 100,000 marks × 1,000 labels, which the PyPI package `iterative-stratification` splits in
minutes, and the size of L3D, 770,000 marks × 1,536 sections, on which that package is not run: its work grows with
marks × labels², to 18 times as much. It has no split into three subsets, so it gets the cheapest equivalent: its
`MultilabelStratifiedShuffleSplit` takes 20 %, then halves that. Its time excludes making the dense matrix; ours starts
from the sparse one. The two run in turn on the same data with the same seeds; results are ratios of medians.

Each measurement has a process of its own, so peak memory (data included) is its own. Labels are drawn independently,
with the frequencies of the sections of L3D. Results: benchmarks/results/split.json.
"""

import argparse
import csv
import json
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.stratification import FRACTIONS, label_distribution_error, stratify

if TYPE_CHECKING:
    from scipy.sparse import csr_array

COUNTS = Path(__file__).parents[2] / "shared" / "labels" / "l3d_code_counts.csv"
RESULTS = Path(__file__).parent / "results" / "split.json"
SHAPES = {"100k": (100_000, 1_000, 3.0), "l3d": (770_000, 1_536, 3.22)}  # marks, labels, labels drawn for a mark
RUNS = 3
SEED = 0


def main() -> None:
    """Measure everything, print a table and write the JSON."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    jobs: list[tuple[str, Callable[..., dict[str, Any]], tuple[Any, ...]]] = [
        *(
            turn
            for seed in range(RUNS)
            for turn in (
                ("viennatag", measure_ours, ("100k", 1, seed)),
                ("iterative-stratification", measure_alternative, ("100k", seed)),
            )
        ),
        ("viennatag, pairs too", measure_ours, ("100k", 2, 0)),
        ("random", measure_random, ("100k",)),
        *(("viennatag", measure_ours, ("l3d", 1, seed)) for seed in range(RUNS)),
        ("viennatag, half in groups", measure_ours, ("l3d", 1, 0, True)),
        ("viennatag, pairs too", measure_ours, ("l3d", 2, 0)),
        ("random", measure_random, ("l3d",)),
        ("near-duplicates", measure_near_duplicates, (770_000,)),
    ]
    print(f"{'':28}{'shape':>8}{'order':>7}{'seconds':>10}{'peak MB':>9}{'LD':>11}{'missing':>9}")
    measured = []
    for name, measure, arguments in jobs:
        figures = {"name": name, **alone(measure, *arguments)}
        measured.append(figures)
        error = f"{figures['error']:.3g}" if "error" in figures else ""
        print(
            f"{name:28}{figures['shape']:>8}{figures.get('order', ''):>7}{figures['seconds']:>10.2f}"
            f"{figures['peak_mb']:>9.0f}{error:>11}{figures.get('missing', ''):>9}",
            flush=True,
        )

    def median(name: str, shape: str, figure: str) -> float:
        return float(statistics.median(row[figure] for row in measured if (row["name"], row["shape"]) == (name, shape)))

    summary = {
        "times_faster": round(
            median("iterative-stratification", "100k", "seconds") / median("viennatag", "100k", "seconds"), 1
        ),
        "error_ratio": round(
            median("viennatag", "100k", "error") / median("iterative-stratification", "100k", "error"), 3
        ),
        "l3d_seconds": median("viennatag", "l3d", "seconds"),
        "l3d_peak_mb": round(median("viennatag", "l3d", "peak_mb")),
    }
    print(
        f"{summary['times_faster']:,.0f} times faster than iterative-stratification, "
        f"{summary['error_ratio']:.2f} of its label distribution error"
    )
    print("missing: (label, subset) pairs without a mark, of labels that have a group for every subset")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(
        json.dumps({"setting": setting(), "summary": summary, "measured": measured}, indent=2) + "\n", encoding="utf-8"
    )


def measure_ours(shape: str, order: Literal[1, 2], seed: int, grouped: bool = False) -> dict[str, Any]:
    """Return the figures of one split by viennatag; half the marks in small groups, if `grouped`."""
    targets = draw(shape)
    groups = None
    if grouped:
        rng = np.random.default_rng(SEED)
        count = targets.shape[0]
        groups = np.where(rng.random(count) < 0.5, np.arange(count), count + rng.integers(count // 6, size=count))
    stratify(targets[:100], order=order)  # imports
    start = time.perf_counter()
    subsets = stratify(targets, groups=groups, order=order, seed=seed)
    seconds = time.perf_counter() - start
    return {"order": order, "seed": seed, **quality(shape, targets, subsets, groups), "seconds": round(seconds, 3)}


def measure_alternative(shape: str, seed: int) -> dict[str, Any]:
    """Return the figures of iterative-stratification, two chained cuts."""
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    targets = draw(shape)
    dense = targets.toarray()
    start = time.perf_counter()
    cut = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=FRACTIONS[1] + FRACTIONS[2], random_state=seed)
    _, rest = next(cut.split(dense, dense))
    halve = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=0.5, random_state=seed)
    validation, test = next(halve.split(dense[rest], dense[rest]))
    seconds = time.perf_counter() - start
    subsets = np.zeros(targets.shape[0], dtype=np.int8)
    subsets[rest[validation]] = 1
    subsets[rest[test]] = 2
    return {"order": 1, "seed": seed, **quality(shape, targets, subsets, None), "seconds": round(seconds, 3)}


def measure_random(shape: str) -> dict[str, Any]:
    """Return the figures of a random split."""
    targets = draw(shape)
    start = time.perf_counter()
    subsets = np.random.default_rng(SEED).choice(len(FRACTIONS), size=targets.shape[0], p=FRACTIONS).astype(np.int8)
    seconds = time.perf_counter() - start
    return {**quality(shape, targets, subsets, None), "seconds": round(seconds, 3)}


def measure_near_duplicates(count: int) -> dict[str, Any]:
    """Return the figures for hashes of which most are alone, some have near-duplicates, many are equal.

    An eighth has few bits set, as images that are mostly blank do, and crowds into few blocks.
    """
    rng = np.random.default_rng(SEED)
    unrelated = rng.integers(2**64, size=count * 5 // 8, dtype=np.uint64)
    near = rng.choice(unrelated, size=count // 8)
    for _ in range(3):
        near ^= np.uint64(1) << rng.integers(64, size=near.size, dtype=np.uint64)
    crowded = np.packbits(rng.random((count // 8, 64)) < 0.15, axis=1).view(np.uint64).ravel()
    equal = np.zeros(count - unrelated.size - near.size - crowded.size, dtype=np.uint64)
    hashes = rng.permutation(np.concatenate([unrelated, near, crowded, equal]))
    near_duplicate_groups(hashes[:100])  # imports
    start = time.perf_counter()
    groups = near_duplicate_groups(hashes)
    seconds = time.perf_counter() - start
    return {
        "shape": "hashes",
        "hashes": count,
        "groups": int(groups.max()) + 1,
        "largest": int(np.bincount(groups).max()),
        "seconds": round(seconds, 3),
    }


def quality(
    shape: str, targets: "csr_array", subsets: NDArray[np.int8], groups: NDArray[np.int64] | None
) -> dict[str, Any]:
    """Return label distribution error, sizes and how many labels that could be in every subset are missing in one."""
    mark_of = np.repeat(np.arange(targets.shape[0]), np.diff(targets.indptr))
    unit_of = mark_of if groups is None else groups[mark_of]
    label_of_unit = np.unique(np.stack([unit_of, targets.indices.astype(np.int64)], axis=1), axis=0)[:, 1]
    enough = np.bincount(label_of_unit, minlength=targets.shape[1]) >= len(FRACTIONS)
    missing = 0
    for subset in range(len(FRACTIONS)):
        held = np.bincount(targets.indices[subsets[mark_of] == subset], minlength=targets.shape[1])
        missing += int((enough & (held == 0)).sum())
    return {
        "shape": shape,
        "marks": targets.shape[0],
        "labels": targets.shape[1],
        "positives": int(targets.nnz),
        "error": label_distribution_error(targets, subsets, FRACTIONS),
        "missing": missing,
        "sizes": np.bincount(subsets, minlength=len(FRACTIONS)).tolist(),
    }


def draw(shape: str) -> "csr_array":
    """Return targets of a named shape; every label is on one mark at least."""
    from scipy.sparse import coo_array

    mark_count, label_count, per_mark = SHAPES[shape]
    rng = np.random.default_rng(SEED)
    weights = label_weights()
    weights = weights if weights.size == label_count else rng.choice(weights, size=label_count, replace=False)
    mark = np.repeat(np.arange(mark_count), 1 + rng.poisson(per_mark - 1, size=mark_count))
    label = rng.choice(label_count, size=mark.size, p=weights / weights.sum())
    never = np.setdiff1d(np.arange(label_count), label)
    mark = np.concatenate([mark, rng.integers(mark_count, size=never.size)])
    label = np.concatenate([label, never])
    return coo_array((np.ones(mark.size, dtype=bool), (mark, label)), shape=(mark_count, label_count)).tocsr()


def label_weights() -> NDArray[np.float64]:
    """Return how often each section of L3D occurs, or 1,536 numbers of about that tail where the file is missing."""
    if COUNTS.exists():
        with COUNTS.open(encoding="utf-8", newline="") as lines:
            return np.array([float(row["occurrences"]) for row in csv.DictReader(lines) if row["level"] == "3"])
    rank = np.arange(1, 1_537)
    return np.maximum(1, 97_000 / rank**0.6 * np.exp(-rank / 160))


def setting() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    packages = ("numpy", "scipy", "scikit-learn", "iterative-stratification")
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "packages": {package: version(package) for package in packages},
        "counts": COUNTS.name if COUNTS.exists() else "power law",
        "data_seed": SEED,
    }


def alone(measure: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Return the figures of a measurement in a process of its own, with the peak of its memory."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured_alone, measure, arguments).result()


def measured_alone(measure: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]) -> dict[str, Any]:
    """Return the figures of a measurement with the peak memory of this process."""
    figures = measure(*arguments)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return {**figures, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}


if __name__ == "__main__":
    main()
