"""The five replies to the question, and "could I get more layers?", on real collections, with heads on one network.

    python benchmarks/question/replies.py            (needs ../shared; resumable, 3 seeds)

The network is the MobileNetV2 of `real_collections.py`, as it is. Reply 1, more data, needs data that these collections
do not have. Reply 4 is measured as it was meant in both ways: *group* rolls labels with fewer than 20 training images
up to one label for all that is rare, *drop* forgets these labels, and the training images that have no other. Either
way a test image is still judged on all labels; one that was not learned has the same score everywhere.
Results: benchmarks/results/replies.json.
"""

import argparse
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from real_collections import BACKBONE, SIZES, Task, load, plain_contrast  # noqa: E402 - a script in another folder
from viennatag.evaluation.comparison import METRICS, ROUNDS, contrast  # noqa: E402
from viennatag.files import atomic_file  # noqa: E402
from viennatag.metrics.metrics import frequency_bands  # noqa: E402
from viennatag.training.backbones.backbone import load_timm_backbone  # noqa: E402
from viennatag.training.data.collection import TRAIN, Collection, collect  # noqa: E402
from viennatag.training.heads.trainer import Schedule  # noqa: E402
from viennatag.training.selection.comparison_run import ComparisonRun, Scored, train_on  # noqa: E402
from viennatag.training.strategies import BASELINE, GROUPED_BELOW, MIN_COUNT, PRIOR, STRATEGIES  # noqa: E402

RESULTS = ROOT / "benchmarks/results/replies.json"
REPLIES = (BASELINE, "undersample-head", "class-weights", "effective-number", "group-rare", "hidden-layer")
DROP = "drop-rare"


def without_rare(collection: Collection, least: int) -> Collection:
    """Return a collection without labels on fewer training marks, and without training marks that have no other."""
    counts = collection.labels(min_count=1)
    often = dict(zip(counts.names, collection.examples(counts, TRAIN).counts(), strict=True))
    codes = tuple(tuple(each for each in row if often.get(each, 0) >= least) for row in collection.marks.codes)
    marks = replace(collection.marks, codes=codes)
    kept = np.flatnonzero(np.array([bool(row) for row in codes]) | (collection.subsets != TRAIN))
    return replace(
        collection, marks=marks.select(kept), subsets=collection.subsets[kept], rows=collection.rows[kept], source=None
    )


def measure(task: Task, cache: Path, seeds: int) -> dict[str, Any]:
    """Return the figures of each reply, against the marks as they are."""
    backbone = load_timm_backbone(BACKBONE, cache=cache, size=task.size)
    collection = collect(task.marks, task.images, backbone, cache=cache)
    run = ComparisonRun.of(collection, MIN_COUNT, ROUNDS, Schedule())
    dropped = without_rare(collection, GROUPED_BELOW)

    def drop(seed: int) -> Scored:
        return run.projected(*train_on(dropped, STRATEGIES[BASELINE], seed=seed))

    samples = {PRIOR: run.prior_samples()[None]}
    for name in REPLIES:
        samples[name] = np.stack([run.result(STRATEGIES[name], seed, cache).samples for seed in range(seeds)])
    samples[DROP] = np.stack(
        [run.kept((DROP, GROUPED_BELOW, seed), partial(drop, seed), cache).samples for seed in range(seeds)]
    )
    found = contrast(samples, baseline=BASELINE)
    present = run.evaluated.counts() > 0
    return {
        "size": task.size,
        "seeds": seeds,
        "images": {name: len(task.rows(name)) for name in ("train", "validation", "test")},
        "images_left_by_drop": int(np.sum(dropped.subsets == TRAIN)),
        "labels": {band: int(np.sum(inside & present)) for band, inside in frequency_bands(run.counts).items()},
        "methods": {name: {each: plain_contrast(found[name][each]) for each in METRICS[:6]} for name in samples},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--collections", default="corel5k,fashion,real_marks")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for name in options.collections.split(","):
        task = load(name, options.work, train=0, size=SIZES[name])
        found = measure(task, options.work / "cache", options.seeds)
        kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        with atomic_file(RESULTS) as temporary:
            temporary.write_text(json.dumps({**kept, name: found}, indent=1) + "\n", encoding="utf-8")
        for method, row in found["methods"].items():
            print(name, method, {each: (row[each]["value"], row[each]["verdict"]) for each in METRICS[:5]}, flush=True)


if __name__ == "__main__":
    main()
