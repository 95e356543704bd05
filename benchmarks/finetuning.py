"""Compare a fine-tuned with a frozen backbone: same network, head and image size, tested on unseen packs.

    make artwork && OMP_WAIT_POLICY=PASSIVE python benchmarks/finetuning.py

20,000 marks are drawn with code combinations of a real register. The packs of the test subset, and a fifth of the
fonts, are drawn nowhere else. An ImageNet MobileNetV2 gives features as published, or after `train --finetune`; the
head is the same. The fine-tuning options are chosen from `RECIPES` by a pilot on 3,000 training marks and the
validation subset; the test subset is used once, with the chosen options. Marks and seeds are resampled together, both
methods on the same draws (`viennatag.evaluation.comparison`).

Drawings, features, networks and results are kept in `work/finetuning`; an interrupted run goes on from there.
Results: benchmarks/results/finetuning.json, written after each step.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from viennatag.cli.progress import show_progress
from viennatag.data.marks import SUBSETS, Marks, read_marks
from viennatag.evaluation.comparison import ROUNDS, Samples, contrast
from viennatag.files import atomic_file
from viennatag.metrics.metrics import frequency_bands
from viennatag.training.backbones.backbone import Backbone, load_timm_backbone
from viennatag.training.data.collection import Collection, ProgressCallback, TrainingData, collect
from viennatag.training.finetuning.run import finetune_backbone, run_folder
from viennatag.training.heads.trainer import Schedule
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.selection.comparison_run import ComparisonRun, train_on
from viennatag.training.strategies import MIN_COUNT, STRATEGIES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/finetuning.json"
SHARED = ROOT.parent / "shared"
# Relative, so that what is kept under this name is found wherever the tree lies.
BACKBONE = f"local-dir:{os.path.relpath(SHARED / 'backbones/mobilenetv2_100')}"
TEST_PACKS = "noto,iconoir,streamline-freehand-color"
SERVED, TRAINING_SIZE = 128, 96  # pixels
FROZEN, FINETUNED = "frozen features", "finetuned"
SHOWN = ("macro_map", "head_map", "medium_map", "tail_map", "micro_map", "macro_f1", "micro_f1")
HEAD = STRATEGIES["as-is"]


def short_training(**options: Any) -> FinetuneOptions:
    """Return few epochs at few pixels; the moving average is short, as there are few steps."""
    return FinetuneOptions(epochs=3, size=TRAINING_SIZE, ema_decay=0.99, **options)


RECIPES = {
    "last third": short_training(
        learning_rate=1e-3, frozen_fraction=0.7, gradual_unfreezing=2, layer_decay=0.9, freeze_statistics=True
    ),
    "last half": short_training(
        learning_rate=1e-3, frozen_fraction=0.5, gradual_unfreezing=2, layer_decay=0.85, freeze_statistics=True
    ),
    "last half, statistics anew": short_training(
        learning_rate=1e-3, frozen_fraction=0.5, gradual_unfreezing=2, layer_decay=0.85, freeze_statistics=False
    ),
    "all layers": short_training(learning_rate=1e-3, gradual_unfreezing=3, layer_decay=0.8, freeze_statistics=False),
}


@dataclass(frozen=True)
class Study:
    """Marks, and where what is computed of them is kept."""

    folder: Path
    marks: Marks
    report: ProgressCallback

    def frozen(self) -> Collection:
        """Return the marks with features of the published network."""
        return self._seen_by(load_timm_backbone(BACKBONE, cache=self.folder / "cache", size=SERVED))

    def finetuned(self, recipe: FinetuneOptions, seed: int) -> tuple[Collection, int | None]:
        """Return the marks with features of a fine-tuned backbone, and its CPU seconds if it was trained in one go."""
        options = TrainOptions(strategy=HEAD, backbone=BACKBONE, size=SERVED, finetune=recipe, seed=seed)
        data = TrainingData(self.marks, self.folder / "marks", self.folder / "cache", progress=self.report)
        kept, started = run_folder(data, options), time.process_time()
        whole = not kept.exists()
        backbone, _ = finetune_backbone(data, options)
        clock = kept / "cpu_seconds"
        if whole:
            clock.write_text(f"{time.process_time() - started:.0f}", encoding="utf-8")
        return self._seen_by(backbone), int(clock.read_text(encoding="utf-8")) if clock.exists() else None

    def _seen_by(self, backbone: Backbone) -> Collection:
        return collect(self.marks, self.folder / "marks", backbone, cache=self.folder / "cache", progress=self.report)


def draw(folder: Path, count: int) -> Marks:
    artwork = ROOT / "artwork/node_modules"
    command = [sys.executable, "-m", "viennatag", "render", "-o", folder, "--count", count, "--size", SERVED]
    command += ["--artwork", artwork / "@iconify-json", "--fonts", artwork / "@fontsource", "--test-packs", TEST_PACKS]
    command += ["--profile", SHARED / "labels/eu_marks_20k.csv", "--balance", 0.7, "--seed", 0]
    if not (folder / "marks.csv").exists():
        subprocess.run(list(map(str, command)), check=True)
    return read_marks(folder / "marks.csv", images=folder)


def for_pilot(marks: Marks, count: int) -> Marks:
    """Return some training marks, all validation marks and the least number of test marks."""
    rows = {name: [at for at, split in enumerate(marks.splits) if split == name] for name in SUBSETS}
    taken = np.random.default_rng(0).permutation(rows["train"])[:count].tolist()
    return marks.select(sorted([*taken, *rows["validation"], rows["test"][0]]))


def validation_map(collection: Collection) -> float:
    return round(train_on(collection, HEAD)[0].macro_map, 4)


def pilot(study: Study, kept: dict[str, Any]) -> str:
    """Return the name of the recipe with the best validation macro average precision."""
    reached = {FROZEN: validation_map(study.frozen())}
    for name, recipe in RECIPES.items():
        reached[name] = validation_map(study.finetuned(recipe, 0)[0])
        print(f"pilot: {name}: validation macro mAP {reached[name]:.4f}, frozen {reached[FROZEN]:.4f}", flush=True)
        keep(kept, pilot={"marks": study.marks.splits.count("train"), "validation_macro_map": reached})
    return max(RECIPES, key=reached.__getitem__)


def evaluate(study: Study, recipe: FinetuneOptions, seeds: int, kept: dict[str, Any]) -> None:
    """Compare on the test subset, and save after each seed."""
    frozen, samples = contest(study.frozen()), {FROZEN: list[Any](), FINETUNED: list[Any]()}
    trainings = []
    for seed in range(seeds):
        collection, seconds = study.finetuned(recipe, seed)
        trainings.append({"seed": seed, "cpu_seconds": seconds})
        for name, each in ((FROZEN, frozen), (FINETUNED, contest(collection))):
            samples[name].append(each.result(HEAD, seed, study.folder / "cache").samples)
        found = figures({name: np.stack(each) for name, each in samples.items()})
        keep(kept, seeds=seed + 1, rounds=ROUNDS, trainings=trainings, figures=found, **described(frozen))
        for figure, row in found.items():
            print(f"{seed + 1} of {seeds} seeds: {figure}: {row}", flush=True)


def contest(collection: Collection) -> ComparisonRun:
    return ComparisonRun.of(collection, MIN_COUNT, ROUNDS, Schedule())


def described(run: ComparisonRun) -> dict[str, Any]:
    """Return the number of marks of each subset, and of labels with a test mark in each frequency band."""
    present = run.evaluated.counts() > 0
    subsets = run.collection.subsets
    return {
        "marks": {name: int(np.count_nonzero(subsets == at)) for at, name in enumerate(SUBSETS)},
        "labels": {name: int(np.sum(inside & present)) for name, inside in frequency_bands(run.counts).items()},
    }


def figures(samples: dict[str, Samples]) -> dict[str, dict[str, Any]]:
    """Return each figure of both methods and the interval of its difference."""
    found = contrast(samples, baseline=FROZEN)
    return {
        figure: {
            "frozen": round(found[FROZEN][figure].value, 4),
            "finetuned": round(found[FINETUNED][figure].value, 4),
            "difference": round(found[FINETUNED][figure].difference, 4),
            "low": round(found[FINETUNED][figure].difference_low, 4),
            "high": round(found[FINETUNED][figure].difference_high, 4),
            "verdict": found[FINETUNED][figure].verdict,
        }
        for figure in SHOWN
    }


def keep(kept: dict[str, Any], **found: Any) -> None:
    """Add to the results, and write them."""
    kept |= found
    with atomic_file(RESULTS) as temporary:
        temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/finetuning", help="folder for what is kept")
    parser.add_argument("--marks", type=int, default=20_000, help="marks to draw, test subset included")
    parser.add_argument("--pilot", type=int, default=3_000, help="training marks of the pilot")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    marks = draw(options.work / "marks", options.marks)
    with show_progress() as report:
        name = pilot(Study(options.work, for_pilot(marks, options.pilot), report), kept)
        keep(kept, recipe={"name": name, "served": SERVED, **asdict(RECIPES[name])})
        evaluate(Study(options.work, marks, report), RECIPES[name], options.seeds, kept)


if __name__ == "__main__":
    main()
