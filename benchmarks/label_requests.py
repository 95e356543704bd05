"""Measure what 500 labels bring to rare labels: those asked for against as many at random.

Features come from a bundle, so that a head trains in seconds. At first a fifth of the training marks is labelled; the
rest is the pool. A head learns from the first marks, scores the pool, and 500 marks are labelled: those that
`suggest_labels` asks for, and 500 at random. Both heads are evaluated on the same test marks. The tail is every label
with fewer than 20 marks in the first fifth.

    python benchmarks/label_requests.py my-bundle marks.csv --images images --taxonomy flat
"""

import argparse
from pathlib import Path

import numpy as np

from viennatag import read_marks
from viennatag.calibration import fit_platt
from viennatag.evaluation.label_requests import suggest_labels
from viennatag.evaluation.learning_curves import ridge_scores
from viennatag.evaluation.scored_images import score_images
from viennatag.metrics import average_precision, mean_of_known
from viennatag.prediction.predictor import Predictor
from viennatag.split import assign_folds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("marks", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--taxonomy", default="vienna", choices=["vienna", "flat"])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    predictor = Predictor.load(options.bundle)
    marks = read_marks(options.marks, taxonomy=options.taxonomy, images=options.images)
    features = score_images(predictor, (options.images / image for image in marks.images)).features
    targets = predictor.bundle.labels.encode(marks.codes).toarray()
    splits = np.array(marks.splits)
    measure(features, targets, splits == "train", splits == "test", count=options.count, seeds=options.seeds)


def measure(
    features: np.ndarray, targets: np.ndarray, train: np.ndarray, test: np.ndarray, *, count: int, seeds: int
) -> None:
    features = ((features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)).astype(np.float32)
    rows = []
    for seed in range(seeds):
        known, random = np.flatnonzero(train), np.random.default_rng(seed)
        fold = assign_folds(targets[known], 5, seed=seed)
        first, pool = known[fold == 0], known[fold != 0]
        counts = targets[first].sum(axis=0)
        x, y, held = features, targets[:, counts > 0].astype(np.float32), counts[counts > 0]
        order = random.permutation(first)
        halves = order[::2], order[1::2]
        logits = [ridge_scores(x[own], y[own], x[other]) for own, other in (halves, halves[::-1])]
        calibration = fit_platt(np.concatenate(logits), y[np.concatenate(halves[::-1])])
        scores = calibration(ridge_scores(x[first], y[first], x[pool]))
        asked = pool[suggest_labels(scores, x[pool], held, count=count).rows]
        tail = held < 20
        found = []
        for more in (pool[:0], random.permutation(pool)[:count], asked):
            shown = np.concatenate([first, more])
            each = average_precision(ridge_scores(x[shown], y[shown], x[test]), y[test])
            found.append((mean_of_known(each[tail]), mean_of_known(each), y[more][:, tail].sum()))
        rows.append(found)
        for name, figures in zip(("before", "random", "asked"), found, strict=True):
            print("{} {:6} tail mAP {:.4f}, mAP {:.4f}, tail positives {:.0f}".format(seed, name, *figures), flush=True)
    gain = np.array([[asked[at] - random[at] for at in (0, 1, 2)] for _, random, asked in rows])
    mean, error = gain.mean(axis=0), gain.std(axis=0, ddof=1) / np.sqrt(seeds)
    print(
        f"asked minus random: tail mAP {mean[0]:+.4f} ± {error[0]:.4f}, mAP {mean[1]:+.4f} ± {error[1]:.4f}, "
        f"tail positives {mean[2]:+.1f} ± {error[2]:.1f} (mean ± standard error of {seeds} seeds)"
    )


if __name__ == "__main__":
    main()
