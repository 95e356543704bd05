"""Time `compare` and head training at two sizes, and compare all strategies on synthetic marks.

    python benchmarks/compare.py lab          12 strategies, 3 seeds, 9,000 marks, 300 labels, 1,280 features
    python benchmarks/compare.py l3d          one head at the size of L3D: 770,000 marks, 1,536 sections
    python benchmarks/compare.py rendered     all strategies on 9,000 synthetic marks; test packs are unseen

The first two are simulated, since time does not depend on the values. The third uses some of the marks that
`make starter` drew. Results: benchmarks/results/compare.json.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.data.marks import SUBSETS, Marks, read_marks
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.data.collection import Collection, collect
from viennatag.training.data.examples import Examples
from viennatag.training.heads.trainer import Schedule, train_head
from viennatag.training.selection.comparison_run import run_methods, summarise
from viennatag.training.strategies import MIN_COUNT, STRATEGIES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/compare.json"
BACKBONE = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
TWELVE = [
    "as-is",
    "undersample-head",
    "class-weights",
    "effective-number",
    "focal",
    "asymmetric",
    "distribution-balanced",
    "logit-adjusted",
    "class-aware",
    "repeat-factor",
    "tree-shared",
    "cosine",
]


def long_tail(marks: int, labels: int, random: np.random.Generator, *, per_mark: float = 3.2) -> csr_array:
    """Return targets with frequencies like those of a register: a power law with every label on some mark."""
    share = (np.arange(labels) + 3.0) ** -1.0
    draws = random.choice(labels, size=(marks, round(per_mark)), p=share / share.sum())
    rows = np.append(np.repeat(np.arange(marks), draws.shape[1]), random.integers(marks, size=10 * labels))
    columns = np.append(draws.ravel(), np.tile(np.arange(labels), 10))
    targets = csr_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(marks, labels))
    targets.sum_duplicates()
    return targets


def simulated_collection(marks: int, labels: int, width: int, seed: int = 0) -> Collection:
    random = np.random.default_rng(seed)
    targets = long_tail(marks, labels, random)
    features = targets @ random.normal(size=(labels, width)) + 3 * random.normal(size=(marks, width))
    codes = tuple(tuple(f"label {at}" for at in row) for row in np.split(targets.indices, targets.indptr[1:-1]))
    subsets = random.choice(3, marks, p=[0.7, 0.1, 0.2]).astype(np.int8)
    names = tuple(map(str, range(marks)))
    splits = tuple(SUBSETS[subset] for subset in subsets)
    table = Marks("flat", names, codes, names, ("",) * marks, splits, (1.0,) * marks)
    return Collection(table, subsets, features.astype(np.float16), np.arange(marks))


def lab(_: argparse.Namespace) -> dict[str, Any]:
    collection = simulated_collection(9_000, 300, 1_280)
    start = time.perf_counter()
    found = summarise([run_methods(collection, [STRATEGIES[name] for name in TWELVE], seeds=3, progress=show)])
    seconds = time.perf_counter() - start
    labels_evaluated = sum(found.labels.values())
    print(f"12 strategies x 3 seeds, {len(collection.marks):,} marks, {labels_evaluated} labels: {seconds:.0f} s")
    each = {row.name: round(row.seconds, 2) for row in found.rows if row.seconds}
    return {
        "seconds": round(seconds, 1),
        "marks": dict(found.marks),
        "labels": labels_evaluated,
        "seconds_per_training": each,
    }


def l3d(options: argparse.Namespace) -> dict[str, Any]:
    marks, labels, width = options.marks, 1_536, 1_280
    random = np.random.default_rng(0)
    targets = long_tail(marks, labels, random)
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        path = Path(folder, "features.f16")
        with path.open("wb") as file:
            for start in range(0, marks, 50_000):
                file.write(random.normal(size=(min(50_000, marks - start), width)).astype(np.float16).tobytes())
        features: NDArray[np.float16] = np.memmap(path, dtype=np.float16, mode="r", shape=(marks, width))
        examples = Examples(features, np.arange(marks), targets, np.ones(marks))
        held = max(1, marks // 10)
        ticks = [time.perf_counter()]
        train_head(
            examples.select(np.arange(held, marks)),
            examples.select(np.arange(held)),
            parents=np.full(labels, -1),
            schedule=Schedule(epochs=options.epochs),
            progress=lambda *_: ticks.append(time.perf_counter()),
        )
    epochs = np.diff(ticks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{marks:,} marks: {np.median(epochs):.0f} s an epoch, {peak:.2f} GB at most")
    return {
        "marks": marks,
        "labels": labels,
        "width": width,
        "seconds_per_epoch": round(float(np.median(epochs)), 1),
        "peak_gb": round(peak, 2),
    }


def rendered(options: argparse.Namespace) -> dict[str, Any]:
    folder = ROOT / "work/starter/marks/110-30000-16000"
    table = read_marks(folder / "marks.csv")
    random = np.random.default_rng(0)
    register = [at for at, image in enumerate(table.images) if image.startswith("register")]
    chosen: list[int] = []
    for subset, count in zip(SUBSETS, (6_300, 900, 1_800), strict=True):
        rows = [at for at in register if table.splits[at] == subset]
        chosen += random.choice(rows, count, replace=False).tolist()
    backbone = load_timm_backbone(BACKBONE, cache=options.cache)
    collection = collect(table.select(sorted(chosen)), folder, backbone, cache=options.cache, progress=show)
    found = summarise(
        [
            run_methods(
                collection,
                list(STRATEGIES.values()),
                seeds=options.seeds,
                min_count=MIN_COUNT,
                cache=options.cache,
                progress=show,
            )
        ]
    )
    from viennatag.reports.comparison import notes, summary
    from viennatag.reports.pages import comparison_page

    (options.cache / "compare.html").write_text(comparison_page(found, source="rendered marks"), encoding="utf-8")
    print("\n".join([*summary(found), "", *notes(found)]))
    return found.to_json()


def show(stage: str, done: int, total: int, remark: str) -> None:
    if stage == "compare":
        print(f"{done} of {total} {remark}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("lab", "l3d", "rendered"))
    parser.add_argument("--marks", type=int, default=770_000, help="of l3d")
    parser.add_argument("--epochs", type=int, default=2, help="of l3d")
    parser.add_argument("--scratch", type=Path, help="folder for 2 GB of features; by default the system's")
    parser.add_argument("--seeds", type=int, default=3, help="of rendered")
    parser.add_argument("--cache", type=Path, default=ROOT / "work/compare", help="of rendered")
    options = parser.parse_args()
    run = {"lab": lab, "l3d": l3d, "rendered": rendered}[options.what]
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    kept[options.what] = {"cores": os.cpu_count(), **run(options)}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
