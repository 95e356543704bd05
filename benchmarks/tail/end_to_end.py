"""The preset `best` against published losses that train the whole network, where the tail has power.

    python benchmarks/tail/end_to_end.py   (needs ../shared, `make clip-art`, and `make artwork` for words; resumable)

The long-tailed parts of long_tail.py, with at least 30 test images for every label. Each published loss, and plain
binary cross-entropy, fine-tunes the same pretrained MobileNetV2 end to end with the options that viennatag gives to
pretrained networks, as many epochs as help on the validation part; `best` has a budget in seconds. All learn from the
same images at the same size, and calibration and thresholds of all are fitted alike, on the validation part. The
written bundle scores the test images. Intervals resample test images, and seeds where there are several, and hold for
all methods at once. Results: benchmarks/results/tail.json, under `end to end`, written after each training.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cut import Tail
from long_tail import RESULTS, ROOT, SHOWN, SIZES, long_tailed, marks_of

import viennatag
from real_collections import BACKBONE, by_training, kept_scores, plain_contrast
from viennatag.data.marks import SUBSETS, Marks
from viennatag.evaluation.comparison import ROUNDS, contrast, sample_metrics
from viennatag.files import atomic_file
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.metrics import frequency_bands
from viennatag.training.strategies import BASELINE, STRATEGIES

BEST = "best"
LOSSES = (BASELINE, "focal", "asymmetric", "distribution-balanced")
KEPT = "end to end"
EPOCHS = 25
MAX_SIDE = 128
"""Side of the images in pixels, at most: `best` chooses larger ones where they help."""


def options_of(method: str, size: int, budget: float, seed: int) -> viennatag.TrainOptions:
    """Return how a method trains; every label counts, however rare."""
    common = viennatag.TrainOptions(
        strategy=replace(STRATEGIES[BASELINE], min_count=1),
        backbone=BACKBONE,
        size=size,
        near_duplicates=None,
        seed=seed,
    )
    if method == BEST:
        return replace(common, preset="best", budget=budget)
    strategy = replace(STRATEGIES[method], min_count=1)
    return replace(common, strategy=strategy, finetune=viennatag.FinetuneOptions(epochs=EPOCHS))


def trained(
    name: str, marks: Marks, images: Path, method: str, work: Path, options: viennatag.TrainOptions
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return samples of the metrics on the test part, and what the training cost."""
    key = f"tail-{name}-{options.size}-{method}-{options.seed}"
    test, train = (marks.select(np.flatnonzero(np.array(marks.splits) == part)) for part in ("test", "train"))
    labels = viennatag.LabelSet.from_marks(train)
    scores, decided, facts = kept_scores(
        work / "kept" / f"{key}.npz", lambda: by_training(marks, images, key, options, work, labels)
    )
    targets = labels.encode(test.codes)
    weights = draw_weights(targets.shape[0], rounds=ROUNDS)
    return sample_metrics(scores, decided, targets, labels.encode(train.codes).sum(axis=0), weights), facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--collections", default=",".join(SIZES))
    parser.add_argument("--methods", default=",".join((*LOSSES, BEST)))
    parser.add_argument("--budget", type=float, default=1500, help="seconds for `best`")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    (options.work / "kept").mkdir(parents=True, exist_ok=True)
    for name in options.collections.split(","):
        marks, images = marks_of(name, options.work)
        marks = long_tailed(marks, Tail(), seed=0)
        size = min(SIZES[name], MAX_SIDE)
        samples: dict[str, list[np.ndarray]] = {}
        facts: dict[str, list[dict[str, Any]]] = {}
        for seed in range(options.seeds):
            for method in options.methods.split(","):
                settings = options_of(method, size, options.budget, seed)
                reached, told = trained(name, marks, images, method, options.work, settings)
                samples.setdefault(method, []).append(reached)
                facts.setdefault(method, []).append(told)
                print(f"{name}: {method}, seed {seed}: {reached[0, :4].round(4).tolist()}", flush=True)
                _keep(name, marks, size, samples, facts)


def _keep(
    name: str, marks: Marks, size: int, samples: dict[str, list[np.ndarray]], facts: dict[str, list[dict[str, Any]]]
) -> None:
    """Write the figures of a collection, over the seeds that all methods have."""
    seeds = min(map(len, samples.values()))
    contrasts = contrast(
        {each: np.stack(found[:seeds]) for each, found in samples.items()}, baseline=next(iter(samples))
    )
    splits = np.array(marks.splits)
    counts = viennatag.LabelSet.from_marks(train := marks.select(np.flatnonzero(splits == "train"))).encode(train.codes)
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    found.setdefault(KEPT, {})[name] = {
        "size": size,
        "seeds": seeds,
        "images": {part: int(np.count_nonzero(splits == part)) for part in SUBSETS},
        "labels": {band: int(inside.sum()) for band, inside in frequency_bands(counts.sum(axis=0)).items()},
        "methods": {
            method: {**{figure: plain_contrast(each[figure]) for figure in SHOWN}, "trainings": facts[method]}
            for method, each in contrasts.items()
        },
    }
    with atomic_file(RESULTS) as temporary:
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
