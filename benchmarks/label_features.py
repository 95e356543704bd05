"""A figure for each thing that is done with labels, on photographs (corel5k) and product photographs (fashion).

    python benchmarks/label_features.py                          (needs ../shared; half an hour, resumable)

Features are those of a frozen MobileNetV2. A collection is halved by seed, to learn from and to be judged on; labels
are those with at least ten images in each half. Intervals are Student's over the seeds, of differences on one seed.

- unknown: 30 % of all pairs of image and label are hidden, and said to be unknown or taken for absent.
- tree: master category, subcategory and article type of products as a tree, and its siblings exclusive as well, against
  the same labels flat; each side is a whole training.
- folds: how far a label's images in one of five folds are from a fifth, and the share of folds without any, for
  `MultilabelStratifiedGroupKFold`, scikit-learn's `KFold`, and iterative-stratification.
- curves: what a quarter of the images lets expect of 50 more images of a label, against what these bring.
- report: the page of all labels with their pictures, and what it would load from elsewhere.
- estimator: `MultilabelImageClassifier` and scikit-learn's logistic regression in `cross_val_score`, on the same folds.
- loop: losses and samplers in a plain loop of torch against `viennatag.train` with the same strategy.
- formats: the share of images whose labels come back the same from each format.

Exclusive groups, and which images to label next, have benchmarks of their own (exclusive_groups.py, label_requests.py).
Results: benchmarks/results/label_features.json.
"""

import argparse
import copy
import csv
import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas
import polars
import torch
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from numpy.typing import NDArray
from scipy.stats import spearmanr
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

import viennatag
from exclusive_groups import draw_table
from label_requests import load
from real_collections import BACKBONE
from viennatag.calibration import PlattScaler
from viennatag.data.marks import Marks
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.evaluation.bundle_evaluation import score_marks
from viennatag.evaluation.learning_curves import LearningCurves, learning_curves, ridge_scores
from viennatag.files import atomic_file
from viennatag.importers import import_marks
from viennatag.losses import BinaryCrossEntropyLoss, DistributionBalancedLoss
from viennatag.metrics import average_precision, calibration_error, mean_of_known
from viennatag.reports.exports import export_labels, labelled_marks
from viennatag.reports.label_report import label_report_page
from viennatag.sampling import ClassAware, LabelSampler
from viennatag.split import MultilabelStratifiedGroupKFold
from viennatag.training.heads.trainer import Schedule
from viennatag.training.strategies import find_strategy

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results/label_features.json"
MOST = 6_000
"""Images of a collection, at most."""
SIZES = {"corel5k": 192, "fashion": 96}
LEAST = 10
TRAININGS = 3
"""Seeds of steps that train whole bundles, at most."""
HIDDEN = 0.3
MORE = 50
FIT: dict[str, Any] = {"C": 0.01, "cv": 2, "max_iter": 60}
"""Options of the classifier."""
LEVELS = ("masterCategory", "subCategory", "articleType")
TREE_PARTS = {"train": 2_500, "validation": 500, "test": 1_000}
Array = NDArray[Any]


class Collection(NamedTuple):
    """A collection with features and targets of all its images."""

    name: str
    marks: Marks
    images: Path
    x: Array
    y: Array

    def halves(self, seed: int) -> tuple[Array, Array, Array]:
        """Return the images to learn from, those to be judged on, and which labels have enough images in both."""
        learned, tested = np.split(np.random.default_rng(seed).permutation(len(self.x)), [len(self.x) // 2])
        return learned, tested, np.minimum(self.y[learned].sum(axis=0), self.y[tested].sum(axis=0)) >= LEAST

    def parts(self, seed: int) -> tuple[Array, Array, Array, Array]:
        """Return features and targets of the images to learn from, and of those to be judged on."""
        learned, tested, kept = self.halves(seed)
        return self.x[learned], self.y[learned][:, kept], self.x[tested], self.y[tested][:, kept]


def interval(values: Array) -> list[float]:
    """Return the mean of values and Student's 95 % interval of it."""
    half = student.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return [round(float(np.mean(values) + side * half), 4) for side in (0, -1, 1)]


def compared(runs: list[dict[str, dict[str, float]]], to: str) -> dict[str, Any]:
    """Return the mean of each figure of each side, and its difference to the side `to` with interval."""
    found: dict[str, Any] = {}
    for side in runs[0]:
        found[side] = {name: round(float(np.mean([run[side][name] for run in runs])), 5) for name in runs[0][side]}
        if side != to:
            own = {name: np.array([run[side][name] - run[to][name] for run in runs]) for name in runs[0][side]}
            found[side] |= {f"{name}_over_{to}": interval(values) for name, values in own.items()}
    return found


def judge(scores: Array, targets: Array) -> dict[str, float]:
    """Return macro mAP, calibration error, and the mean score over the mean target."""
    return {
        "macro_map": mean_of_known(average_precision(scores, targets)),
        "calibration_error": calibration_error(scores, targets),
        "score_to_truth": float(scores.mean() / targets.mean()),
    }


def unknown(data: Collection, seeds: int) -> dict[str, Any]:
    """Return the figures of classifiers that know all labels, miss some knowingly, or take these for absent."""
    runs = []
    for seed in range(seeds):
        x, y, test_x, test_y = data.parts(seed)
        hidden = np.random.default_rng(seed).random(y.shape) < HIDDEN
        sides = {"absent": np.where(hidden, 0, y), "unknown": np.where(hidden, -1, y), "all known": y}
        runs.append({
            name: judge(viennatag.MultilabelImageClassifier(**FIT).fit(x, each).predict_proba(test_x), test_y)
            for name, each in sides.items()
        })  # fmt: skip
    return compared(runs, "absent")


def product_tree(marks: Marks, *, exclusive: bool) -> LabelTree:
    """Return the three levels of categories, each label below the one that it mostly goes with."""
    pairs = Counter[tuple[str, str]]()
    for codes in marks.codes:
        own = {code.partition(": ")[0]: code for code in codes}
        chain = [own[level] for level in LEVELS]
        pairs.update(zip(chain, ["", *chain[:-1]], strict=True))
    parents = {label: parent for (label, parent), _ in reversed(pairs.most_common())}
    nodes = tuple(
        LabelNode(label, parent, group=(parent or "all") if exclusive else "") for label, parent in parents.items()
    )
    groups = dict.fromkeys(node.group for node in nodes if node.group)
    return LabelTree(nodes, LEVELS, rules=tuple((each, "exactly-one") for each in groups), name="products")


def on_paths(marks: Marks, taxonomy: LabelTree) -> Marks:
    """Return the marks whose labels in a tree are one whole path of it, with these labels only."""
    own = tuple(tuple(sorted(filter(taxonomy.__contains__, codes), key=taxonomy.sort_key)) for codes in marks.codes)
    rows = [at for at, codes in enumerate(own) if codes == taxonomy.path(codes[-1])]
    return replace(marks, codes=own).select(rows)


def judge_tree(bundle: viennatag.Bundle, marks: Marks, images: Path, shared: list[str]) -> dict[str, float]:
    """Return the figures of one side on the labels that all sides have, and how often its scores contradict a tree."""
    scores, known = score_marks(viennatag.Predictor(bundle), marks, images)
    places = [bundle.labels.index[name] for name in shared]
    truth = bundle.labels.encode(known.codes).toarray()[:, places]
    suggested = bundle.postprocessor.decide(scores)[:, places]
    scores = scores[:, places]
    tree = product_tree(marks, exclusive=False)
    up = np.array([shared.index(path[-2]) if len(path := tree.path(name)) > 1 else -1 for name in shared])
    below, leaves = np.flatnonzero(up >= 0), np.array([name.startswith(LEVELS[-1]) for name in shared])
    asked = truth[:, leaves].any(axis=1)
    right = truth[:, leaves][asked, scores[:, leaves][asked].argmax(axis=1)]
    alone = suggested[:, below] & ~suggested[:, up[below]]
    return judge(scores, truth) | {
        "article_types_map": mean_of_known(average_precision(scores[:, leaves], truth[:, leaves])),
        "article_type_accuracy": float(right.mean()),
        "pairs_above_their_parent": float((scores[:, below] > scores[:, up[below]] + 1e-9).mean()),
        "images_with_a_suggestion_without_its_parent": float(alone.any(axis=1).mean()),
    }


def tree(data: Collection, seeds: int, cache: Path) -> dict[str, Any]:
    """Return the figures of trainings with labels flat, in a tree, and in a tree with exclusive siblings."""
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            drawn = viennatag.read_marks(draw_table(Path(folder), TREE_PARTS, seed), taxonomy="flat")
            flat = on_paths(drawn, product_tree(drawn, exclusive=False))
            sides = {"flat": flat} | {
                name: replace(flat, taxonomy=product_tree(flat, exclusive=name == "exclusive"))
                for name in ("tree", "exclusive")
            }
            options = viennatag.TrainOptions(backbone=BACKBONE, size=SIZES["fashion"], seed=seed)
            bundles = {
                name: viennatag.train(marks, data.images, Path(folder, name), options, cache=cache)[0]
                for name, marks in sides.items()
            }
            shared = [name for name in bundles["tree"].labels.names if name in bundles["flat"].labels.index]
            test = [at for at, split in enumerate(flat.splits) if split == "test"]
            runs.append({
                name: judge_tree(bundles[name], marks.select(test), data.images, shared)
                for name, marks in sides.items()
            })  # fmt: skip
    return {"labels": len(shared), "images": len(flat), **compared(runs, "flat")}


def folds(data: Collection, seeds: int) -> dict[str, Any]:
    """Return how unevenly the labels with five images or more fall into five folds."""
    y = data.y[:, data.y.sum(axis=0) >= 5]
    counts = y.sum(axis=0)
    rare = counts < 20
    runs = []
    for seed in range(seeds):
        sides = {
            "KFold": KFold(5, shuffle=True, random_state=seed),
            "iterative-stratification": MultilabelStratifiedKFold(5, shuffle=True, random_state=seed),
            "viennatag": MultilabelStratifiedGroupKFold(5, random_state=seed),
        }
        run = {}
        for name, splitter in sides.items():
            held = np.array([y[test].sum(axis=0) for _, test in splitter.split(y, y)])
            off = np.abs(held / counts - 0.2) / 0.2
            run[name] = {"deviation": off.mean(), "rare_deviation": off[:, rare].mean()}
            run[name]["rare_empty"] = float((held[:, rare] == 0).mean())
        runs.append(run)
    return {"labels": y.shape[1], "rare_labels": int(rare.sum()), **compared(runs, "KFold")}


def curves(data: Collection, seeds: int) -> dict[str, Any]:
    """Return the gain that curves of few images expect of 50 more of a label, and the one that they bring.

    Curves are of a quarter of the images, for labels with ten or more in it, and of a sixteenth, for labels with one to
    nine. What 50 more bring is read off heads trained on growing parts of all images.
    """
    runs = []
    for seed in range(seeds):
        x, y, test_x, test_y = data.parts(seed)
        run = {}
        for name, share, least, most in (("10 images or more", 4, 10, len(x)), ("1 to 9 images", 16, 1, 9)):
            first = len(x) // share
            found = learning_curves(x[:first], y[:first], test_x, test_y, rounds=100, seed=seed)
            sizes = np.geomspace(first, len(x), 13).astype(int)
            reached = np.array([
                average_precision(ridge_scores(x[:size], y[:size].astype(np.float32), test_x), test_y) for size in sizes
            ])  # fmt: skip
            counts = np.array([y[:size].sum(axis=0) for size in sizes])
            chosen = (counts[0] >= least) & (counts[0] <= most) & (counts[-1] >= counts[0] + MORE)
            run[name] = judge_curves(found, reached, counts, np.flatnonzero(chosen))
        runs.append(run)
    return {
        name: {figure: interval(np.array([run[name][figure] for run in runs])) for figure in runs[0][name]}
        for name in runs[0]
    }


def judge_curves(found: LearningCurves, reached: Array, counts: Array, chosen: Array) -> dict[str, float]:
    """Return how what curves expect of labels agrees with what heads on growing parts, (parts, labels), reach."""
    brought = np.array([np.interp(counts[0, at] + MORE, counts[:, at], reached[:, at]) for at in chosen])
    ahead = [found.ahead(at, MORE) for at in chosen]
    expected, now = np.array([each.value for each in ahead]), found.samples[-1, 0, chosen]
    inside = [each.low <= value <= each.high for each, value in zip(ahead, brought, strict=True)]
    return {
        "labels": len(chosen),
        "average_precision": float(now.mean()),
        "expected_gain": float((expected - now).mean()),
        "gain": float((brought - now).mean()),
        "expected_too_much": float((expected - brought).mean()),
        "error_of_a_label": float(np.abs(expected - brought).mean()),
        "error_if_nothing_were_gained": float(np.abs(now - brought).mean()),
        "inside_interval": float(np.mean(inside)),
        "rank_correlation_of_gains": float(spearmanr(expected - now, brought - now).statistic),
    }


def report(data: Collection) -> dict[str, float]:
    """Return time and size of the page of all labels, and the addresses that it would load something from."""
    learned, tested, kept = data.halves(0)
    model = viennatag.MultilabelImageClassifier(**FIT).fit(data.x[learned], data.y[learned][:, kept])
    names = [viennatag.LabelSet.from_marks(data.marks).names[at] for at in np.flatnonzero(kept)]
    start = time.process_time()
    found = viennatag.label_report(model.predict_proba(data.x[tested]), data.y[tested][:, kept], names=names)
    page = label_report_page(found, source=data.name, marks=data.marks.select(tested.tolist()), images=data.images)
    return {
        "labels": len(names),
        "images": len(tested),
        "pictures": page.count("data:image"),
        "processor_seconds": round(time.process_time() - start, 1),
        "megabytes": round(len(page.encode()) / 1e6, 2),
        "addresses": len(re.findall(r"""(?:src|href)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import""", page)),
    }


def estimator(data: Collection) -> dict[str, Any]:
    """Return the macro average precision of both classifiers in `cross_val_score`, on the same five folds."""
    y = data.y[:, data.y.sum(axis=0) >= 10 * LEAST]
    plain = LogisticRegression(C=FIT["C"], max_iter=FIT["max_iter"])
    sides = {
        "scikit-learn": make_pipeline(StandardScaler(), OneVsRestClassifier(plain)),
        "viennatag": viennatag.MultilabelImageClassifier(**FIT),
    }
    found, values = {}, dict[str, Any]()
    for name, model in sides.items():
        start = time.process_time()
        found[name] = cross_val_score(
            model, data.x, y, cv=MultilabelStratifiedGroupKFold(5), scoring="average_precision"
        )
        values[name] = round(float(found[name].mean()), 4)
        values[f"{name}_seconds"] = round(time.process_time() - start, 1)
    return {"labels": y.shape[1], **values, "difference": interval(found["viennatag"] - found["scikit-learn"])}


def plain_loop(name: str, x: Array, y: Array, held_x: Array, held_y: Array, seed: int) -> torch.nn.Linear:
    """Return a head of the epoch that is best on the validation images, from a loop with pieces of viennatag."""
    sampler = LabelSampler(y, ClassAware(), seed=seed) if name == "class-aware" else None
    loss = (BinaryCrossEntropyLoss if sampler else DistributionBalancedLoss).from_targets(y)
    schedule = Schedule()
    torch.manual_seed(seed)
    head = torch.nn.Linear(x.shape[1], y.shape[1])
    torch.nn.init.zeros_(head.weight)
    head.bias.data = loss.initial_bias()
    rate = schedule.learning_rate * find_strategy(name).learning_rate_multiplier
    optimiser = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=schedule.weight_decay)
    pairs = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    size, epochs = schedule.batch_size(len(x)), schedule.epochs_of(len(x))
    loader = DataLoader(pairs, size, shuffle=sampler is None, sampler=sampler)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(loader))
    best, kept = -1.0, head.state_dict()
    for epoch in range(epochs):
        loss.progress = epoch / epochs
        if sampler:
            sampler.set_epoch(epoch)
        for inputs, targets in loader:
            optimiser.zero_grad()
            (loss(head(inputs), targets) * y.shape[1]).backward()
            optimiser.step()
            decay.step()
        with torch.no_grad():
            reached = mean_of_known(average_precision(head(torch.from_numpy(held_x)).numpy(), held_y))
        if reached > best:
            best, kept = reached, copy.deepcopy(head.state_dict())
    head.load_state_dict(kept)
    return head


def loop(data: Collection, seeds: int, cache: Path) -> dict[str, Any]:
    """Return the figures of plain loops and of `viennatag.train`, for a strategy of each kind."""
    subsets = np.array(data.marks.splits)
    train, held, test = (np.flatnonzero(subsets == name) for name in ("train", "validation", "test"))
    names = viennatag.LabelSet.from_marks(data.marks).names
    found = {}
    for name in ("distribution-balanced", "class-aware"):
        runs = []
        for seed in range(seeds):
            options = viennatag.TrainOptions(
                strategy=find_strategy(name), backbone=BACKBONE, size=SIZES[data.name], seed=seed
            )
            with tempfile.TemporaryDirectory() as folder:
                bundle, _ = viennatag.train(data.marks, data.images, Path(folder, "bundle"), options, cache=cache)
                scores, _ = score_marks(viennatag.Predictor(bundle), data.marks.select(test.tolist()), data.images)
            shared = [label for label in bundle.labels.names if label in names]
            y = data.y[:, [names.index(label) for label in shared]].astype(np.int64)
            head = plain_loop(name, data.x[train], y[train], data.x[held], y[held], seed)
            with torch.no_grad():
                logits = {part: head(torch.from_numpy(data.x[rows])) for part, rows in (("held", held), ("test", test))}
            scaler = PlattScaler().fit(logits["held"], y[held])
            own = scores[:, [bundle.labels.index[label] for label in shared]]
            runs.append({
                "built-in": judge(own, y[test]), "loop": judge(scaler.transform(logits["test"]), y[test])
            })  # fmt: skip
        found[name] = compared(runs, "built-in")
    return found


def write_csv(path: Path, header: list[str], rows: Iterable[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_lines(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def written(marks: Marks, images: Path, folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield what is written in each format: what it is called, how it is imported, and where it lies."""
    pairs = list(zip(marks.images, marks.codes, strict=True))
    names = sorted({code for codes in marks.codes for code in codes})
    for kind, file in (("coco", "annotations.json"), ("label-studio", "tasks.json")):
        export_labels(labelled_marks(marks), images, folder / kind, to=kind, classes=names)
        yield f"{kind}, as exported", kind, folder / kind / file
    rows = [json.dumps({"file_name": image, "labels": codes}) for image, codes in pairs]
    yield "Hugging Face, metadata.jsonl", "table", write_lines(folder / "hf/metadata.jsonl", rows)
    listed = ((image, str(list(codes))) for image, codes in pairs)
    yield "Hugging Face, metadata.csv", "table", write_csv(folder / "hf/metadata.csv", ["file_name", "labels"], listed)
    found = [(image, code, "1") for image, codes in pairs for code in codes]
    yield "Open Images", "table", write_csv(folder / "open.csv", ["ImageID", "LabelName", "Confidence"], found)
    joined = [(image, "|".join(codes)) for image, codes in pairs]
    yield "NIH", "table", write_csv(folder / "nih.csv", ["Image Index", "Finding Labels"], joined)
    ones = ([image, *("01"[name in codes] for name in names)] for image, codes in pairs)
    yield "0/1 table", "table", write_csv(folder / "ones.csv", ["image", *names], ones)
    tags = "".join(
        f"<image name={quoteattr(image)}>{''.join(f'<tag label={quoteattr(code)}/>' for code in codes)}</image>"
        for image, codes in pairs
    )
    yield "CVAT", "cvat", write_lines(folder / "cvat.xml", ["<annotations>", tags, "</annotations>"])
    for image, codes in pairs:
        objects = "".join(f"<object><name>{code}</name></object>" for code in codes)
        text = f"<annotation><filename>{image}</filename>{objects}</annotation>"
        write_lines(folder / "voc/Annotations" / f"{Path(image).stem}.xml", [text])
    yield "Pascal VOC", "voc", folder / "voc/Annotations"


def formats(data: Collection) -> dict[str, float]:
    """Return the share of images whose labels come back the same from each format."""
    truth = dict(zip(data.marks.images, map(frozenset, data.marks.codes), strict=True))

    def same(found: Iterable[tuple[str, Iterable[str]]]) -> float:
        back = {image: frozenset(codes) for image, codes in found}
        return float(np.mean([back.get(image) == codes for image, codes in truth.items()]) * (len(back) == len(truth)))

    shares = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for what, kind, path in written(data.marks, data.images, folder):
            import_marks(kind, path, folder / "marks.csv", taxonomy="flat", images=data.images)
            back = viennatag.read_marks(folder / "marks.csv", taxonomy="flat")
            shares[what] = same(zip(back.images, back.codes, strict=True))
        names = sorted({code for codes in data.marks.codes for code in codes})
        export_labels(labelled_marks(data.marks), data.images, folder / "51", to="fiftyone", classes=names)
        held = json.loads((folder / "51/labels.json").read_text(encoding="utf-8"))
        shares["FiftyOne, as exported"] = same(
            (f"{stem}.jpg", (held["classes"][each["label"]] for each in labels))
            for stem, labels in held["labels"].items()
        )
        single = {image: min(codes) for image, codes in truth.items()}
        for image, label in single.items():
            copy = folder / "yolo/train" / label.replace("/", "_") / image
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data.images / image, copy)
        import_marks("class-folders", folder / "yolo", folder / "marks.csv", taxonomy="flat")
        back = viennatag.read_marks(folder / "marks.csv", taxonomy="flat")
        right = [single[Path(image).name] == codes[0] for image, codes in zip(back.images, back.codes, strict=True)]
        shares["YOLO, one label an image"] = float(np.mean(right) * (len(right) == len(single)))
    columns = {"image": list(data.marks.images), "labels": [list(codes) for codes in data.marks.codes]}
    for what, frame in (("pandas", pandas.DataFrame(columns)), ("polars", polars.DataFrame(columns))):
        back = viennatag.marks_from_dataframe(frame, taxonomy="flat")
        shares[f"{what}, lists"] = same(zip(back.images, back.codes, strict=True))
    return shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", help="names separated by commas; by default all that have no result yet")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections")
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found: dict[str, Any] = json.loads(options.out.read_text()) if options.out.is_file() else {}
    data = {name: Collection(name, *load(name, options.work, most=MOST)) for name in SIZES}
    cache = options.work / "cache"
    steps: dict[str, Callable[[], Any]] = {}
    for name, own in data.items():
        steps |= {
            f"unknown {name}": partial(unknown, own, options.seeds),
            f"folds {name}": partial(folds, own, options.seeds),
            f"curves {name}": partial(curves, own, options.seeds),
            f"report {name}": partial(report, own),
            f"formats {name}": partial(formats, own),
        }
    steps["estimator corel5k"] = lambda: estimator(data["corel5k"])
    steps["tree fashion"] = lambda: tree(data["fashion"], min(options.seeds, TRAININGS), cache)
    steps["loop corel5k"] = lambda: loop(data["corel5k"], min(options.seeds, TRAININGS), cache)
    chosen = options.steps.split(",") if options.steps else [name for name in steps if name not in found]
    for name in chosen:
        found[name] = steps[name]()
        print(name, json.dumps(found[name], indent=1), flush=True)
        with atomic_file(options.out) as file:
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
