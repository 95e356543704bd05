"""Measure every step after the features at the size of L3D: 770,000 marks with 1,536 sections, end to end.

    python benchmarks/register_size.py [--counts 50000,200000,770000] [--epochs 1] [--features FILE.npy]

The steps are those of the commands: split, train a head, calibrate, evaluate with intervals, compare three strategies,
find label issues, index and search similar marks. Labels are drawn by the real counts of L3D's sections. Features are
real ones of the starter, on the images of ../shared/real_marks or from a file, mixed in pairs; each section adds a
direction of its own, and there is noise. So time and memory are those of a register; accuracy is not.

Heads learn for one epoch by default. A training has twelve at this size, so the time of a whole one is computed:
`epoch` times 11 is added to the steps that train, once for each head. Memory does not depend on the number.

Each step runs in a process of its own, on files that the steps before it left. `peak_gb` is the most memory of that
process, `ru_maxrss`: features are mapped from a file, and their pages count too. The exponent of a step is the slope of
log CPU time over log marks between the smallest and the largest size: 1 is linear. Results:
benchmarks/results/register_size.json, kept after each step, so that it goes on where it was interrupted.
"""

import argparse
import csv
import json
import math
import os
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similar import multiply
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.evaluation.evaluation import evaluate_scores
from viennatag.evaluation.label_issues import rank_label_issues
from viennatag.explain import similar
from viennatag.explain.index import write_index
from viennatag.files import atomic_file
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.runtime.engine import Engine, run_images
from viennatag.split.splitting import split_marks
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection
from viennatag.training.heads.trainer import Schedule, train_head
from viennatag.training.postprocessing.forward import forward
from viennatag.training.selection.comparison_run import run_methods, summarise
from viennatag.training.selection.cross_fitting import cross_fit_heads
from viennatag.training.selection.trained_strategy import postprocess
from viennatag.training.strategies import STRATEGIES

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/register_size.json"
COUNTS = ROOT.parent / "shared/labels/l3d_code_counts.csv"
IMAGES = ROOT.parent / "shared/real_marks/images"
COMPARED = ("as-is", "class-weights", "asymmetric")
HEADS = {"train": 1, "compare three": len(COMPARED), "label issues": 5 * 0.6}
"""Trainings in each step, in units of one on all training marks; folds leave 3 of 5 marks to learn from."""
MIN_COUNT = 5
SEARCHES = 200
_WHOLE = Schedule().epochs


@dataclass(frozen=True)
class Register:
    """A register in a folder, as the steps before left it."""

    folder: Path
    schedule: Schedule

    def keep(self, name: str, value: Any) -> None:
        """Keep what a step found for those after it."""
        with atomic_file(self.folder / name) as temporary, temporary.open("wb") as file:
            pickle.dump(value, file)

    def kept(self, name: str) -> Any:
        """Return what an earlier step found."""
        with (self.folder / name).open("rb") as file:
            return pickle.load(file)

    @cached_property
    def marks(self) -> Marks:
        """The marks."""
        found: Marks = self.kept("marks")
        return found

    @cached_property
    def features(self) -> NDArray[np.float16]:
        """Their features, mapped, shape (marks, width)."""
        return np.memmap(self.folder / "features.f16", dtype=np.float16, mode="r").reshape(len(self.marks), -1)

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The row of each mark."""
        return np.arange(len(self.marks))

    @cached_property
    def collection(self) -> Collection:
        """The marks in subsets."""
        return Collection(self.marks, self.kept("subsets"), self.features, self.rows)

    @cached_property
    def labels(self) -> LabelSet:
        """The labels that training marks carry."""
        return self.collection.labels(min_count=MIN_COUNT)

    def split(self) -> dict[str, Any]:
        """Split the marks."""
        subsets = split_marks(self.marks, hashes=np.load(self.folder / "hashes.npy"))
        self.keep("subsets", subsets)
        return {"subsets": np.bincount(subsets).tolist(), "labels": len(self.labels)}

    def train(self) -> dict[str, Any]:
        """Train a head."""
        train, validation = (self.collection.examples(self.labels, subset) for subset in (TRAIN, VALIDATION))
        parents, loss = self.labels.parents, STRATEGIES["as-is"].loss
        self.keep("trained", train_head(train, validation, parents=parents, loss=loss, schedule=self.schedule))
        return {}

    def calibrate(self) -> dict[str, Any]:
        """Fit the postprocessor: parents, calibration, thresholds."""
        validation = self.collection.examples(self.labels, VALIDATION)
        held_out = self.collection.held_out(self.labels, VALIDATION)
        fitted = postprocess(self.kept("trained"), STRATEGIES["as-is"], self.labels, validation, held_out)
        self.keep("postprocessor", fitted.postprocessor)
        return {}

    def evaluate(self) -> dict[str, Any]:
        """Evaluate on the test subset, with intervals."""
        postprocessor, train = self.kept("postprocessor"), self.collection.examples(self.labels, TRAIN)
        bundle = Bundle(train.counts(), train.counts() / len(train), postprocessor, 224)
        scores = postprocessor.scores(forward(self.kept("trained").head, self.collection.held_out(self.labels, TEST)))
        found = evaluate_scores(scores, self.collection.marks_of(TEST), bundle).find("section").metrics["macro_map"]
        return {"macro_map_of_sections": [round(each, 4) for each in (found.value, found.low, found.high)]}

    def compare(self) -> dict[str, Any]:
        """Compare three strategies."""
        strategies = [STRATEGIES[name] for name in COMPARED]
        summarise([run_methods(self.collection, strategies, seeds=1, schedule=self.schedule)])
        return {}

    def label_issues(self) -> dict[str, Any]:
        """Find labels that are probably missing or wrong."""
        hashes = np.load(self.folder / "hashes.npy")
        scores = cross_fit_heads(
            self.marks, self.labels, self.features, self.rows, hashes=hashes, schedule=self.schedule
        )
        return {
            "label_issues": len(rank_label_issues(self.marks, self.labels, scores, features=(self.features, self.rows)))
        }

    def index(self) -> dict[str, Any]:
        """Index all marks."""
        write_index(self.folder / "index", self.features, self.rows, self.marks, graph="sha256:0")
        return {}

    def search(self) -> dict[str, Any]:
        """Search the index."""
        known = similar.ReferenceMarks.open(self.folder / "index")
        for at in np.random.default_rng(1).integers(len(self.marks), size=SEARCHES):
            known.search(self.features[at].astype(np.float32), 10)
        return {}


STEPS: dict[str, Callable[[Register], dict[str, Any]]] = {
    "split": Register.split,
    "train": Register.train,
    "calibrate": Register.calibrate,
    "evaluate": Register.evaluate,
    "compare three": Register.compare,
    "label issues": Register.label_issues,
    "index": Register.index,
    f"search {SEARCHES}": Register.search,
}


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


def draw_register(count: int, real: NDArray[np.float16], folder: Path) -> None:
    """Write marks, their features, and perceptual hashes, a tenth of them near copies."""
    random = np.random.default_rng(0)
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
    np.save(folder / "hashes.npy", hashes)
    images, empty = tuple(map(str, range(count))), ("",) * count
    marks = Marks("vienna", images, tuple(codes), images, empty, empty, (1.0,) * count)
    Register(folder, Schedule()).keep("marks", marks)


def measure(name: str, register: Register) -> dict[str, Any]:
    """Return what a step found, its time, and the most memory of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = STEPS[name](register)
    return found | {
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 3),
    }


def summary(sizes: dict[str, Any]) -> dict[str, Any]:
    """Return the exponent of each step's growth in CPU time, and the hours of whole trainings at the largest size."""
    ordered = sorted(sizes, key=int)
    growth = {}
    for name in STEPS:
        known = [(int(size), sizes[size][name]["cpu_seconds"]) for size in ordered if name in sizes[size]]
        if len(known) > 1:
            (few, first), (many, last) = known[0], known[-1]
            growth[name] = round(math.log(last / first) / math.log(many / few), 2)
    found: dict[str, Any] = {"exponents_of_cpu_time": growth}
    if all(name in sizes[ordered[-1]] for name in STEPS):
        steps = sizes[ordered[-1]]
        whole = sum(each["cpu_seconds"] for each in steps.values())
        whole += sum(HEADS.values()) * steps["train"]["cpu_seconds"] * (_WHOLE - 1)
        found["computed_cpu_hours_of_whole_trainings"] = round(whole / 3600, 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="50000,200000,770000", help="numbers of marks")
    parser.add_argument("--epochs", type=int, default=1, help="epochs of each head")
    parser.add_argument("--features", type=Path, help="real features as .npy, (marks, width)")
    parser.add_argument("--work", type=Path, default=ROOT / "work/register-size", help="folder for what is kept")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    schedule = Schedule(epochs=options.epochs, min_steps=1)
    if options.step:
        print(json.dumps(measure(options.step, Register(options.work, schedule))))
        return
    kept = json.loads(options.out.read_text(encoding="utf-8")) if options.out.is_file() else {}
    about = {"threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)), "epochs": options.epochs}
    if {name: kept.get(name) for name in about} != about:
        kept = about | {"sizes": {}}
    for count in options.counts.split(","):
        folder, steps = options.work / count, kept["sizes"].setdefault(count, {})
        if not (folder / "marks").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            draw_register(int(count), np.load(options.features) if options.features else real_features(IMAGES), folder)
        for name in STEPS:
            if name in steps:
                continue
            command = [sys.executable, __file__, "--step", name, "--work", folder, "--epochs", options.epochs]
            done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
            steps[name] = json.loads(done.stdout)
            print(f"{count:>8} {name:14} {steps[name]}", file=sys.stderr, flush=True)
            kept |= summary(kept["sizes"])
            with atomic_file(options.out) as temporary:
                temporary.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
