"""Measure what 500 labels bring to rare labels: those that `suggest-labels` asks for, the most uncertain, or any.

    python benchmarks/label_requests.py                          (needs ../shared, `make clip-art`; resumable)

For each seed two fifths of a collection are test images, and a fifth of the rest is labelled; what is left is the pool.
A ridge regression on the features of a frozen MobileNetV2 learns from the labelled images and, calibrated by
cross-fitting, scores the pool. Then 500 images are labelled: those that `suggest_labels` asks for; those with the
largest entropy, summed over labels; and 500 at random, three times over. Each head is judged on the test images. The
tail is every label with fewer than 20 labelled images at first. Intervals are Student's, over the seeds, of the
difference to random images of the same seed. Results: benchmarks/results/label_requests.json.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

import viennatag
from viennatag.calibration import fit_platt
from viennatag.data.marks import Marks
from viennatag.evaluation.label_requests import suggest_labels
from viennatag.evaluation.learning_curves import ridge_scores
from viennatag.files import atomic_file
from viennatag.metrics import average_precision, mean_of_known

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks/tail"))
from long_tail import SIZES, marks_of  # noqa: E402 - a script in a folder of its own

from stage_features import LAST, stage_features  # noqa: E402

RESULTS = ROOT / "benchmarks/results/label_requests.json"
TAIL = 20
DRAWS = 3
FIGURES = ("tail_map", "macro_map", "tail_positives")
Array = NDArray[Any]
Rule = Callable[[Array, Array, Array, int], NDArray[np.intp]]


def most_uncertain(scores: Array, features: Array, counts: Array, count: int) -> NDArray[np.intp]:
    """Return the images with the largest entropy, summed over labels."""
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    entropy = -(p * np.log(p) + (1 - p) * np.log(1 - p)).sum(axis=1)
    return np.argsort(-entropy, kind="stable")[:count]


RULES: dict[str, Rule] = {
    "suggest-labels": lambda scores, features, counts, count: (
        suggest_labels(scores, features, counts, count=count).rows
    ),
    "most uncertain": most_uncertain,
}


def load(name: str, work: Path, most: int) -> tuple[Marks, Path, Array, Array]:
    """Return a collection or so many of its images drawn at random: marks, folder, standardised features, targets."""
    marks, images = marks_of(name, work)
    chosen = np.sort(np.random.default_rng(0).permutation(len(marks))[:most]).tolist()
    marks, kept = marks.select(chosen), name if len(chosen) == len(marks) else f"{name}-{most}"
    paths = [images / image for image in marks.images]
    features = stage_features(paths, name=kept, size=SIZES[name], work=work)[:, :LAST].astype(np.float32)
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
    return marks, images, features, viennatag.LabelSet.from_marks(marks).encode(marks.codes).toarray()


def measure(x: Array, targets: Array, *, count: int, seed: int) -> dict[str, list[float]]:
    """Return the figures of each rule, of random images and of none, for one seed."""
    random = np.random.default_rng(seed)
    test, rest = np.split(random.permutation(len(x)), [2 * len(x) // 5])
    first, pool = np.split(rest, [len(rest) // 5])
    counts = targets[first].sum(axis=0)
    y, held = targets[:, counts > 0].astype(np.float32), counts[counts > 0]
    halves = first[::2], first[1::2]
    logits = [ridge_scores(x[own], y[own], x[other]) for own, other in (halves, halves[::-1])]
    calibration = fit_platt(np.concatenate(logits), y[np.concatenate(halves[::-1])])
    scores = calibration(ridge_scores(x[first], y[first], x[pool]))
    tail = held < TAIL

    def judge(more: NDArray[np.intp]) -> list[float]:
        shown = np.concatenate([first, more])
        each = average_precision(ridge_scores(x[shown], y[shown], x[test]), y[test])
        return [mean_of_known(each[tail]), mean_of_known(each), float(y[more][:, tail].sum())]

    drawn = [judge(random.permutation(pool)[:count]) for _ in range(DRAWS)]
    asked = {name: judge(pool[rule(scores, x[pool], held, count)]) for name, rule in RULES.items()}
    return {"before": judge(pool[:0]), "random": np.mean(drawn, axis=0).tolist(), **asked}


def summarise(runs: list[dict[str, list[float]]]) -> dict[str, Any]:
    """Return the means of all figures, and those of each rule less those of random images, with 95 % intervals."""
    found = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    summary: dict[str, Any] = {}
    for name, values in found.items():
        summary[name] = dict(zip(FIGURES, values.mean(axis=0).round(4).tolist(), strict=True))
        if name in RULES:
            gain = values - found["random"]
            half = student.ppf(0.975, len(gain) - 1) * gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
            for at, figure in enumerate(FIGURES):
                mean = gain[:, at].mean()
                summary[name][f"{figure}_over_random"] = [
                    round(float(mean + side * half[at]), 4) for side in (0, -1, 1)
                ]
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collections", default="corel5k,clip_art,fashion")
    parser.add_argument("--images", type=int, default=6_000, help="of a collection, at most")
    parser.add_argument("--count", type=int, default=500, help="images to label")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections")
    parser.add_argument("-o", "--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    found: dict[str, Any] = json.loads(options.out.read_text()) if options.out.is_file() else {}
    for name in options.collections.split(","):
        _, _, x, targets = load(name, options.work, options.images)
        runs = [measure(x, targets, count=options.count, seed=seed) for seed in range(options.seeds)]
        found[name] = {"images": len(x), "labels": targets.shape[1], "asked_for": options.count, "seeds": options.seeds}
        found[name] |= summarise(runs)
        print(name, json.dumps(found[name], indent=1), flush=True)
        with atomic_file(options.out) as file:
            file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
