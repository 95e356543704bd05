"""The question's recipe, a head alone, and the presets of `viennatag train`, on real collections.

    python benchmarks/real_collections.py                        (needs ../shared; resumable)
    python benchmarks/real_collections.py --collections corel5k --train 0 --size 128 --methods question,balanced

`corel5k` are photographs with words, `fashion` product photographs with the values of seven attributes, `clip_art`
drawings with their artists' keywords (run `make clip-art` first), `real_marks` registered marks with their Vienna
categories, as flat labels, `real_codes` the same with divisions and sections too, and `faint` and `fainter` the
photographs of corel5k with 24 labels that can hardly be seen (`faint_labels`). Their images stay outside of the
repository. All methods start from the same MobileNetV2, pretrained on ImageNet, or another `--backbone`, and see the
same training, validation and test images at the same size; a method of viennatag is `viennatag.train` with its options,
and the written bundle scores the test images. With `--train` fewer training images are drawn, so that a run is
affordable; 0 takes all.

Labels with fewer than 5 training images count as one label, for all methods. Intervals resample test images and seeds
together, and hold for all methods at once. On `corel5k` the five best words of each image are also judged by the
published protocol (Makadia et al. 2008), over the words of the test images: mean precision and recall, their F1, and
N+, the words that are found at all. Results: benchmarks/results/collections.json, written after each training.
"""

import argparse
import csv
import json
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import viennatag
from viennatag.data.labels import OTHER
from viennatag.data.marks import SUBSETS
from viennatag.evaluation.comparison import ROUNDS, Contrast, contrast, sample_metrics
from viennatag.files import atomic_file
from viennatag.images.reading import hash_images, read_image
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.metrics import frequency_bands
from viennatag.split.splitting import split_marks
from viennatag.training.options import Preset
from viennatag.training.strategies import MIN_COUNT

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "benchmarks/question"), str(ROOT / "benchmarks/tail")]
from recipe import Recipe, follow  # noqa: E402 - a script in a folder of its own

SHARED = ROOT.parent / "shared"
RESULTS = ROOT / "benchmarks/results/collections.json"
BACKBONE = f"local-dir:{SHARED / 'backbones/mobilenetv2_100'}"
QUESTION = "question"
METHODS: tuple[str, ...] = (QUESTION, "fast", "balanced", "best")
SIZES = {"corel5k": 96, "fashion": 96, "clip_art": 96, "real_marks": 128, "real_codes": 128, "faint": 64, "fainter": 64}
"""Side of the images, in pixels."""
SHOWN = ("macro_map", "head_map", "medium_map", "tail_map", "micro_map", "macro_f1", "micro_f1")
TEST_IMAGES = 2_000
SHARES = (0.6, 0.1, 0.3)
"""Of clip art, which has no subsets of its own; drawings that look alike stay together. Those of `faint` too."""
WORDS = 5
"""Words of an image in the published protocol."""
REAL_MARKS = {"real_marks": 1, "real_codes": 3}
"""Collections of registered marks: how many levels of the Vienna codes are labels."""
FOLDS = ("0", "1", "2", "3", "4")
FAINT = {"faint": 0.15, "fainter": 0.5}
"""Collections with labels that can hardly be seen: the share of a label's images that are wrong."""
FAINT_LABELS, FAINT_SHARES = 24, (0.005, 0.4)
"""How many labels they have, and the frequencies of the rarest and the commonest."""


@dataclass(frozen=True)
class Task:
    """A collection with its subsets, as all methods see it."""

    name: str
    marks: viennatag.Marks
    images: Path
    size: int
    backbone: str = BACKBONE

    def rows(self, subset: str) -> NDArray[np.intp]:
        """Return the positions of a subset."""
        return np.flatnonzero(np.array(self.marks.splits) == subset)

    def labels(self) -> viennatag.LabelSet:
        """Return the labels that are learned."""
        return viennatag.LabelSet.from_marks(self.marks.select(self.rows("train")), min_count=MIN_COUNT)

    def targets(self, subset: str) -> Any:
        """Return the targets of a subset, a sparse array (images, labels)."""
        return self.labels().encode(self.marks.select(self.rows(subset)).codes)

    def pixels(self, rows: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return images as the recipe takes them, shape (rows, size, size, 3)."""
        return np.stack([read_image(self.images / self.marks.images[at], self.size) for at in rows])


def load(
    name: str,
    work: Path,
    *,
    train: int,
    size: int,
    test: int | None = TEST_IMAGES,
    seed: int = 0,
    shared: Path = SHARED,
) -> Task:
    """Return a collection, its images unpacked; of a long training or test part some are drawn at random.

    Registered marks are few, so that another seed means another test fold; labels that can hardly be seen are drawn.
    """
    if name in REAL_MARKS:
        marks, folder = _real_marks(name, work, shared / "real_marks", tested=(len(FOLDS) - 1 - seed) % len(FOLDS))
    elif name in FAINT:
        marks, folder = _faint(name, work, seed=seed)
    else:
        marks, folder = _clip_art(work) if name == "clip_art" else _table(name, work)
    random = np.random.default_rng(0)
    chosen: list[int] = []
    for subset, most in zip(SUBSETS, (train or len(marks), len(marks), test), strict=True):
        rows = np.flatnonzero(np.array(marks.splits) == subset)
        chosen += sorted(random.permutation(rows)[:most].tolist())
    return Task(name, marks.select(chosen), folder, size)


def _clip_art(work: Path) -> tuple[viennatag.Marks, Path]:
    from drawings import draw_clip_art  # it needs what draws SVG

    marks, folder = draw_clip_art(work / "clip_art", size=160)
    hashes, _ = hash_images([folder / image for image in marks.images])
    subsets = split_marks(marks, fractions=SHARES, hashes=hashes)
    return replace(marks, splits=tuple(SUBSETS[at] for at in subsets)), folder


def _faint(name: str, work: Path, *, seed: int) -> tuple[viennatag.Marks, Path]:
    marks, folder = _table("corel5k", work)
    subsets = np.random.default_rng(seed).choice(SUBSETS, len(marks), p=SHARES)
    codes = faint_labels(marks.codes, wrong=FAINT[name], seed=seed)
    return replace(marks, codes=codes, splits=tuple(subsets.tolist())), folder


def faint_labels(codes: Sequence[Sequence[str]], *, wrong: float, seed: int) -> tuple[tuple[str, ...], ...]:
    """Return labels that can hardly be seen, as the kinds of a film on its poster.

    Each stands for several words drawn at random, so that it looks like many things, and a share of its images,
    `wrong`, is exchanged for others, so that a part of what it means is in no image. Frequencies fall exponentially.
    """
    random = np.random.default_rng(seed)
    words = sorted({word for own in codes for word in own})
    carries = np.array([[word in own for word in words] for own in map(set, codes)])
    names: list[list[str]] = [[] for _ in codes]
    for at, share in enumerate(np.geomspace(*FAINT_SHARES, FAINT_LABELS)):
        wanted = round(share * len(codes))
        meant = np.zeros(len(codes), dtype=bool)
        for word in random.choice(len(words), len(words), replace=False, p=carries.sum(axis=0) / carries.sum()):
            union = meant | carries[:, word]
            meant = union if union.sum() <= 1.1 * wanted else meant
        kept = random.permutation(np.flatnonzero(meant))[: round((1 - wrong) * meant.sum())]
        others = random.permutation(np.flatnonzero(~meant))[: int(meant.sum()) - len(kept)]
        for image in (*kept, *others):
            names[image].append(f"kind {at + 1:02}")
    return tuple(map(tuple, names))


def _table(name: str, work: Path) -> tuple[viennatag.Marks, Path]:
    folder = _unpacked(name, work)
    return viennatag.read_marks(SHARED / "collections" / name / "marks.csv", taxonomy="flat", images=folder), folder


def _unpacked(name: str, work: Path) -> Path:
    folder = work / name
    if not folder.is_dir():
        with zipfile.ZipFile(SHARED / "collections" / name / "images.zip") as archive:
            archive.extractall(folder)
    return folder


def _real_marks(name: str, work: Path, folder: Path, *, tested: int) -> tuple[viennatag.Marks, Path]:
    """Return the marks that show something; the fold before the one that is tested is for validation."""
    with (folder / "marks.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["figurative"]]
    table = work / f"{name}-{tested}.csv"
    subsets = {FOLDS[tested]: "test", FOLDS[tested - 1]: "validation"}
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "codes", "split"))
        for row in rows:
            codes = [entry.partition("|")[0].split(".") for entry in row["figurative"].split(";")]
            labels = {".".join(code[: 1 + at]) for code in codes for at in range(REAL_MARKS[name])}
            named = sorted(f"{('category', 'division', 'section')[each.count('.')]} {each}" for each in labels)
            writer.writerow((row["image"], ";".join(named), subsets.get(row["fold"], "train")))
    return viennatag.read_marks(table, taxonomy="flat", images=folder), folder


Scored = tuple[NDArray[np.float64], NDArray[np.bool_], dict[str, Any]]
"""Scores and decisions, each (test images, labels), and how they came about."""


def by_recipe(task: Task, seed: int) -> Scored:
    """Return the test images as the question's recipe scores them."""
    train, validation = task.rows("train"), task.rows("validation")
    recipe, reached = Recipe(), [0]

    def report(epoch: int, accuracy: float) -> None:
        reached[0] = epoch
        print(f"{task.name}: question, epoch {epoch}, best accuracy {accuracy:.3f}", file=sys.stderr, flush=True)

    targets = np.concatenate([task.targets(each).toarray() for each in ("train", "validation")])
    scores = follow(
        recipe,
        task.backbone,
        task.pixels(np.concatenate([train, validation])),
        targets,
        task.pixels(task.rows("test")),
        seed=seed,
        held=np.arange(len(train), len(targets)),
        progress=report,
    )
    return scores, scores >= recipe.threshold, {"epochs": reached[0]}


def by_preset(preset: Preset, task: Task, work: Path, budget: float | None, seed: int) -> Scored:
    """Return the test images as the bundle scores them that `viennatag.train` wrote with a preset."""
    options = viennatag.TrainOptions(
        preset=preset,
        budget=None if preset == "fast" else budget,
        backbone=task.backbone,
        size=task.size,
        near_duplicates=None,
        seed=seed,
    )
    name = f"{task.name}-{Path(task.backbone).name}-{preset}-{seed}"
    return by_training(task.marks, task.images, name, options, work, task.labels())


def by_training(
    marks: viennatag.Marks,
    images: Path,
    name: str,
    options: viennatag.TrainOptions,
    work: Path,
    labels: viennatag.LabelSet,
) -> Scored:
    """Return the test images as the bundle scores them that `viennatag.train` writes; columns are the labels."""

    def report(stage: str, done: int, total: int, remark: str) -> None:
        if stage in {"search", "choice", "augmentation"} or done == total:
            print(f"{name}: {stage}: {remark}", file=sys.stderr, flush=True)

    out = work / "bundles" / name
    bundle, _ = viennatag.train(marks, images, out, options, cache=work / "cache", progress=report)
    tested = np.flatnonzero(np.array(marks.splits) == "test")
    found = viennatag.Predictor(bundle).score_many([images / marks.images[at] for at in tested])
    scores = np.concatenate([rows for _, rows in found])
    order = [bundle.labels.index[label] for label in labels.names]
    facts = {each: bundle.training[each] for each in ("kept", "trials", "gains") if each in bundle.training}
    return scores[:, order], bundle.postprocessor.decide(scores)[:, order], facts


def kept_scores(kept: Path, make: Callable[[], Scored]) -> Scored:
    """Return scores that are kept in a file; they are made, and timed, if it is not there."""
    if not kept.is_file():
        started, clock = time.process_time(), time.perf_counter()
        scores, decided, facts = make()
        facts |= {"cpu_seconds": round(time.process_time() - started), "seconds": round(time.perf_counter() - clock)}
        with atomic_file(kept) as temporary, temporary.open("wb") as file:
            np.savez(file, scores=scores.astype(np.float32), decided=decided, facts=json.dumps(facts))
    with np.load(kept) as loaded:
        return loaded["scores"].astype(np.float64), loaded["decided"], json.loads(str(loaded["facts"]))


def found_words(task: Task, scores: NDArray[np.float64]) -> dict[str, float]:
    """Return precision, recall, F1 and N+ of the five best words of each image, over the words of the test images."""
    test = task.marks.select(task.rows("test"))
    words = sorted({word for codes in test.codes for word in codes})
    names = task.labels().names
    own = np.array([word != OTHER for word in names])  # the label of all rare words is no answer
    best = np.argsort(-np.where(own, scores, -1.0), axis=1, kind="stable")[:, :WORDS]
    given = [{names[at] for at in row} for row in best]
    right = {word: sum(word in answer and word in codes for answer, codes in zip(given, test.codes, strict=True))
             for word in words}  # fmt: skip
    carried = {word: sum(word in codes for codes in test.codes) for word in words}
    answered = {word: sum(word in answer for answer in given) for word in words}
    precision = float(np.mean([right[word] / max(1, answered[word]) for word in words]))
    recall = float(np.mean([right[word] / carried[word] for word in words]))
    return {
        "words": len(words),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 4),
        "n_plus": sum(count > 0 for count in right.values()),
    }


def measure(task: Task, method: str, seed: int, work: Path, budget: float | None) -> dict[str, Any]:
    """Return what is kept of a method: samples of the metrics, and how long it took."""
    network = "" if task.backbone == BACKBONE else f"-{Path(task.backbone).name}"
    key = f"{task.name}-{task.size}-{len(task.rows('train'))}-{method}{network}-{seed}"

    def make() -> Scored:
        if method == QUESTION:
            return by_recipe(task, seed)
        return by_preset(method, task, work, budget, seed)  # type: ignore[arg-type]

    scores, decided, facts = kept_scores(work / "kept" / f"{key}.npz", make)
    targets = task.targets("test")
    counts = np.asarray(task.targets("train").sum(axis=0), dtype=np.int64).ravel()
    samples = sample_metrics(scores, decided, targets, counts, draw_weights(targets.shape[0], rounds=ROUNDS))
    words = found_words(task, scores) if task.name == "corel5k" else None
    return {"samples": samples, "facts": facts, "words": words}


def described(task: Task) -> dict[str, Any]:
    counts = np.asarray(task.targets("train").sum(axis=0)).ravel()
    present = np.asarray(task.targets("test").sum(axis=0)).ravel() > 0
    return {
        "size": task.size,
        "images": {subset: len(task.rows(subset)) for subset in SUBSETS},
        "labels": {band: int(np.sum(inside & present)) for band, inside in frequency_bands(counts).items()},
    }


def compared(runs: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the figures of each method, and how they differ from the first."""
    least = min(map(len, runs.values()))  # seeds that all have
    samples = {method: np.stack([each["samples"] for each in found[:least]]) for method, found in runs.items()}
    first = next(iter(runs))
    contrasts = contrast(samples, baseline=first)
    return {
        method: {
            **{name: plain_contrast(contrasts[method][name]) for name in SHOWN},
            "trainings": [{**each["facts"], **({"words": each["words"]} if each["words"] else {})} for each in found],
        }
        for method, found in runs.items()
    }


def plain_contrast(found: Contrast) -> dict[str, Any]:
    """Return a contrast as plain data."""
    return {name: value if isinstance(value, str) else round(value, 4) for name, value in vars(found).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--collections", default=",".join(SIZES))
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--train", type=int, default=2_000, help="training images; 0 takes all")
    parser.add_argument("--size", type=int, help="side of the images, by default a small one for each collection")
    parser.add_argument("--budget", type=float, help="seconds for a preset, by default its own")
    parser.add_argument("--backbone", default=BACKBONE, help="what timm calls the network; see question/lite.py")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    (options.work / "kept").mkdir(parents=True, exist_ok=True)
    for name in options.collections.split(","):
        runs: dict[str, list[dict[str, Any]]] = {}
        shape: dict[str, Any] = {}
        for seed in range(options.seeds):
            task = load(name, options.work, train=options.train, size=options.size or SIZES[name], seed=seed)
            task = replace(task, backbone=options.backbone)
            shape = described(task) if not seed else shape
            for method in options.methods.split(","):
                runs.setdefault(method, []).append(measure(task, method, seed, options.work, options.budget))
                found = {**shape, "seeds": min(map(len, runs.values())), "methods": compared(runs)}
                network = "" if task.backbone == BACKBONE else f", {Path(task.backbone).name}"
                seeds = f", {found['seeds']} seeds" if found["seeds"] > 1 else ""
                _keep(f"{name}, {task.size} pixels, {found['images']['train']} images{network}{seeds}", found)
                row = found["methods"][method]
                print(name, method, seed, {each: row[each]["value"] for each in SHOWN}, runs[method][-1]["words"] or "")


def _keep(key: str, found: dict[str, Any]) -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    with atomic_file(RESULTS) as temporary:
        temporary.write_text(json.dumps({**kept, key: found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
