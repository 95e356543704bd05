"""Groups of exclusive labels against the same labels without groups, on product photographs.

    python benchmarks/exclusive_groups.py                        (needs ../shared; about 10 minutes)

Each photograph has one value of each of seven attributes. Both sides have the same labels, images, frozen MobileNetV2
and strategy; one knows the groups, the other does not. For each seed other images are drawn and the head is trained
anew. Accuracy asks whether the value with the highest score of an attribute is the right one. Results:
benchmarks/results/exclusive_groups.json.
"""

import argparse
import csv
import json
import tempfile
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import viennatag
from viennatag.data.taxonomy import LabelNode, LabelTree, Rule
from viennatag.evaluation.bundle_evaluation import score_marks
from viennatag.files import atomic_file, cache_folder
from viennatag.metrics.metrics import calibration_error, macro_average_precision
from viennatag.training.strategies import find_strategy

ROOT = Path(__file__).parents[1]
FASHION = ROOT.parent / "shared/collections/fashion"
BACKBONE = f"local-dir:{ROOT.parent / 'shared/backbones/mobilenetv2_100'}"
RESULTS = ROOT / "benchmarks/results/exclusive_groups.json"
SIDES = ("without", "with")


def fashion_tree(names: list[str], *, groups: bool) -> LabelTree:
    """Return the values of the attributes, each attribute a group of which exactly one value applies."""
    attributes = [name.partition(": ")[0] for name in names]
    nodes = tuple(LabelNode(name, group=each if groups else "") for name, each in zip(names, attributes, strict=True))
    rule: Rule = "exactly-one"
    return LabelTree(nodes, rules=tuple((each, rule) for each in dict.fromkeys(attributes) if groups), name="fashion")


def draw_table(folder: Path, parts: dict[str, int], seed: int) -> Path:
    """Write a marks table with some images of each part, and return its path."""
    with (FASHION / "marks.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    generator = np.random.default_rng(seed)
    chosen: list[dict[str, str]] = []
    for part, wanted in parts.items():
        own = [row for row in rows if row["split"] == part]
        chosen += [own[at] for at in np.sort(generator.permutation(len(own))[:wanted])]
    path = folder / f"marks-{seed}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["image", "codes", "split"])
        table.writeheader()
        table.writerows(chosen)
    return path


def measure(bundle: viennatag.Bundle, marks: Any, images: Path) -> dict[str, Any]:
    """Return the figures of a bundle on the test images."""
    scores, known = score_marks(viennatag.Predictor(bundle), marks, images)
    labels = bundle.labels
    targets = labels.targets(known)
    attributes = np.array([name.partition(": ")[0] for name in labels.names])
    found: dict[str, Any] = {
        "macro_map": macro_average_precision(scores, targets).value,
        "calibration_error": calibration_error(scores, targets),
        "accuracy": {},
        "log_loss": {},
        "sum_of_scores": {},
    }
    dense: NDArray[np.bool_] = targets.toarray() > 0
    for attribute in dict.fromkeys(attributes.tolist()):
        own = np.flatnonzero(attributes == attribute)
        truth = dense[:, own]
        said = truth.any(axis=1)
        shares = scores[:, own] / scores[:, own].sum(axis=1, keepdims=True)
        right = truth[np.arange(len(truth)), scores[:, own].argmax(axis=1)]
        found["accuracy"][attribute] = float(right[said].mean())
        found["log_loss"][attribute] = float(-np.log(np.maximum(shares[said][truth[said]], 1e-12)).mean())
        found["sum_of_scores"][attribute] = float(scores[:, own].sum(axis=1).mean())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=int, default=2_500)
    parser.add_argument("--validation", type=int, default=500)
    parser.add_argument("--test", type=int, default=1_000)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--strategies", default="as-is,class-weights")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    parts = {name: getattr(arguments, name) for name in ("train", "validation", "test")}
    cache = cache_folder() / "exclusive-groups"
    images = cache / "images"
    if not images.is_dir():
        with zipfile.ZipFile(FASHION / "images.zip") as archive:
            archive.extractall(images)
    found: dict[str, Any] = {"parts": parts, "size": arguments.size, "runs": []}
    with tempfile.TemporaryDirectory() as folder:
        for name, seed, side in product(arguments.strategies.split(","), range(arguments.seeds), SIDES):
            table = draw_table(Path(folder), parts, seed)
            plain = viennatag.read_marks(table, taxonomy="flat")
            names = sorted({code for codes in plain.codes for code in codes})
            marks = viennatag.read_marks(table, taxonomy=fashion_tree(names, groups=side == "with"))
            options = viennatag.TrainOptions(
                backbone=BACKBONE, size=arguments.size, strategy=find_strategy(name), seed=seed
            )
            bundle, _ = viennatag.train(marks, images, Path(folder, "bundle"), options, cache=cache)
            test = marks.select(at for at, split in enumerate(marks.splits) if split == "test")
            found["runs"].append({"seed": seed, "strategy": name, "side": side, **measure(bundle, test, images)})
            print(json.dumps(found["runs"][-1]), flush=True)
            with atomic_file(arguments.out) as file:
                file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
