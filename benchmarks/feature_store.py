"""Measure `viennatag features` on real marks, and compute what a register of a million marks takes.

    python benchmarks/feature_store.py [--images ../shared/real_marks/images] [--cores 16] [--price 0.05]

One core extracts the features of real marks into a store, with the starter's backbone and with an EfficientNet-B0 at
224 pixels (random weights, which are as fast); the store is then read, as training does. Times are CPU time. The bound
is what decoding and the engine alone take for the same views, in turn in the same process. Results:
benchmarks/results/feature_store.json.

The plan is arithmetic on these figures, and says so: hours = marks x CPU time of an image / (machines x cores), where
cores work on shards of their own and nothing is exchanged but a shard's number; cost = machines x cores x hours x price
of a core for an hour. Training a head is on one machine: epochs x the time of an epoch that compare.json holds for
770,000 marks on two cores, in proportion to the marks; more cores are paid for, and counted as no faster.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from viennatag.bulk.extraction import extract_store
from viennatag.bulk.feature_store import FeatureStore
from viennatag.images.crops import MAX_CROPS
from viennatag.images.isolation import read_guarded
from viennatag.runtime.engine import BATCH_SIZE, Engine
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import load_backbone

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
EPOCHS = 12
Value = TypeVar("Value")


def cpu_time(run: Callable[[], Value]) -> tuple[float, Value]:
    """Return the CPU seconds that something took, and its result."""
    start = time.process_time()
    found = run()
    return time.process_time() - start, found


def bare(images: list[Path], backbone: Backbone) -> None:
    """Decode and run the same views in the same batches, and keep nothing."""
    engine = Engine(backbone.graph, threads=1)
    for at in range(0, len(images), BATCH_SIZE):
        framed = [read_guarded(path, engine.size, max_crops=MAX_CROPS) for path in images[at : at + BATCH_SIZE]]
        engine.run(np.stack([view for each in framed for view in each.views]), ("features",))


def measure(folder: Path, backbone: Backbone, scratch: Path) -> dict[str, float]:
    """Return time and room of an image with one backbone."""
    images = sorted(path for path in folder.iterdir() if path.is_file())
    alone, _ = cpu_time(lambda: bare(images, backbone))
    extracting, summary = cpu_time(lambda: extract_store(folder, scratch, backbone.graph, name=backbone.name))
    assert not summary.failed
    reading, shards = cpu_time(lambda: list(FeatureStore.open(scratch).shards()))
    count = len(images)
    return {
        "images": count,
        "views": count + sum(len(each.crops) for each in shards),
        "width": backbone.width,
        "size": backbone.size,
        "bare_ms": round(1e3 * alone / count, 2),
        "extraction_ms": round(1e3 * extracting / count, 2),
        "share_of_bare": round(alone / extracting, 3),
        "reading_ms": round(1e3 * reading / count, 3),
        "store_kb": round(sum(path.stat().st_size for path in scratch.glob("shards/*.parquet")) / count / 1e3, 2),
    }


def plan(found: dict[str, float], *, marks: int, cores: int, price: float, epoch: float) -> list[dict[str, float]]:
    """Return hours and cost of a register on 1, 4 and 32 machines."""
    rows = []
    for machines in (1, 4, 32):
        extraction = marks * found["extraction_ms"] / 1e3 / 3600 / (machines * cores)
        head = EPOCHS * epoch * marks / 3600
        cost = (extraction * machines + head) * cores * price
        rows.append({"machines": machines, "extraction_hours": extraction, "head_hours": head, "cost": cost})
    return [{name: round(value, 3) for name, value in row.items()} for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=ROOT.parent / "shared/real_marks/images")
    parser.add_argument("--marks", type=int, default=1_000_000)
    parser.add_argument("--cores", type=int, default=16, help="of a machine, in the plan")
    parser.add_argument("--price", type=float, default=0.05, help="of a core for an hour, in the plan")
    options = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core
    head = json.loads((RESULTS / "compare.json").read_text(encoding="utf-8"))["l3d"]
    epoch = head["seconds_per_epoch"] / head["marks"]
    results: dict[str, Any] = {"cores": options.cores, "price": options.price, "marks": options.marks}
    with tempfile.TemporaryDirectory() as name:
        for backbone, pretrained in (("bundle:starter", True), ("efficientnet_b0", False)):
            network = load_backbone(backbone, cache=Path(name, "cache"), pretrained=pretrained)
            found = measure(options.images, network, Path(name, backbone.replace(":", "-")))
            laid = plan(found, marks=options.marks, cores=options.cores, price=options.price, epoch=epoch)
            results[backbone] = {**found, "plan": laid}
    (RESULTS / "feature_store.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
