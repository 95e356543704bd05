"""The published protocol of corel5k: five words for each image, against twenty years of published results.

    python benchmarks/corel5k.py [--second work/efficientnet_lite0]

It needs ../shared; extraction takes about 2 minutes on one core for each network, each row seconds.

All 4,500 images that are not test images are learned from, with all their words, and 499 are judged: mean precision and
recall of the words of the test part, their F1, and N+, the words found at all (Duygulu et al. 2002; Makadia et al.
2008). Features are those of a frozen MobileNetV2, pretrained on ImageNet: its last layer or all stages, of the image or
averaged with its mirror image; with `--second` those of EfficientNet-Lite0 beside them. The head is the kernel head.
Calibration and decision rule are fitted on the 4,500 images, each scored by a head that did not see it (leave one out);
nothing is chosen on test images. Intervals resample test images. Results: benchmarks/results/corel5k.json.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import viennatag
from real_collections import ROOT, Task, load
from stage_features import LAST, stage_features
from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.files import atomic_file
from viennatag.metrics.metrics import macro_average_precision
from viennatag.thresholds.decision_rules import find_decision_rule
from viennatag.training.data.examples import Examples
from viennatag.training.heads.kernel import Kernel
from viennatag.training.heads.trainer import standardise_columns

RESULTS = ROOT / "benchmarks/results/corel5k.json"
WORDS = 5
LITE0_SIZE = 224
RULES = (f"top-{WORDS}", f"macro-{WORDS}")
PUBLISHED = {"TagProp 2009": (37.0, 160), "2PKNN-ML 2012": (45.0, 191), "CCA-KNN 2015": (46.5, 201)}
ROUNDS = 500


def judged(decided: NDArray[np.bool_], truth: NDArray[np.bool_]) -> dict[str, float]:
    """Return precision, recall, F1 and N+ over the words of the test images, with intervals over images."""

    def figures(weights: NDArray[np.float64]) -> tuple[float, float, float, int]:
        right, given, carried = (weights @ each for each in (decided & truth, decided, truth))
        words = carried > 0
        precision = float(np.mean((right / np.maximum(given, 1e-9))[words]))
        recall = float(np.mean(right[words] / carried[words]))
        return precision, recall, 2 * precision * recall / (precision + recall), int(np.count_nonzero(right))

    precision, recall, f1, found = figures(np.ones(len(truth)))
    random = np.random.default_rng(0)
    tried = [figures(random.multinomial(len(truth), np.full(len(truth), 1 / len(truth))).astype(float))[2]
             for _ in range(ROUNDS)]  # fmt: skip
    shifted = np.quantile(tried, (0.025, 0.975)) - np.mean(tried) + f1
    return {
        "precision": round(100 * precision, 1),
        "recall": round(100 * recall, 1),
        "f1": round(100 * f1, 1),
        "f1_low": round(100 * float(shifted[0]), 1),
        "f1_high": round(100 * float(shifted[1]), 1),
        "n_plus": found,
    }


def measure(task: Task, inputs: NDArray[np.float32], kind: Kernel) -> dict[str, Any]:
    """Return what a head reaches on these features, with each decision rule."""
    test = np.array(task.marks.splits) == "test"
    labels = LabelSet.from_marks(task.marks.select(np.flatnonzero(~test)), min_count=1)
    known = set(labels.names)
    codes = [tuple(word for word in each if word in known) for each in task.marks.codes]
    truth = labels.encode(codes)
    rows = np.flatnonzero(~test)
    clock = time.process_time()
    mean, scale = standardise_columns(inputs[rows])
    head, learned, left_out = kind.fit_left_out(
        Examples(inputs, rows, truth[rows], np.ones(len(rows))), mean=mean, scale=scale
    )
    targets = truth[rows[learned]]
    alike = targets.shape[0]  # one calibration for all words: on held-out training images better than one for each
    calibration = fit_platt(left_out, targets, groups=labels.groups, min_positives=alike)
    scores = calibration(head(inputs[test]))
    held = truth[np.flatnonzero(test)]
    found: dict[str, Any] = {"macro_map": round(100 * macro_average_precision(scores, held).value, 1)}
    for name in RULES:
        rule = find_decision_rule(name).fit(calibration(left_out), targets)
        found[name] = judged(rule(scores), held.toarray() > 0)
    return found | {"cpu_seconds": round(time.process_time() - clock)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "work/collections", help="folder for what is kept")
    parser.add_argument("--size", type=int, default=192, help="side of the images")
    parser.add_argument("--second", type=Path, help="folder of EfficientNet-Lite0, of question/lite0.py: one row more")
    options = parser.parse_args()
    task = load("corel5k", options.work, train=0, size=options.size, test=None)
    paths = [task.images / image for image in task.marks.images]
    plain, mirrored = (
        stage_features(paths, name="corel5k", size=options.size, work=options.work, mirrored=each).astype(np.float32)
        for each in (False, True)
    )
    both = np.asarray((plain + mirrored) / 2, dtype=np.float32)
    # softness and strengths as chosen on held-out training images
    kind = Kernel(max_marks=len(plain), strengths=(0.1, 0.4), softness=0.001)
    rows: dict[str, NDArray[np.float32]] = {
        "all stages, mirrored too": both,
        "all stages": plain,
        "last layer, mirrored too": both[:, :LAST],
        "last layer": plain[:, :LAST],
    }
    if options.second:
        views = (
            stage_features(
                paths, name="corel5k-lite0", size=LITE0_SIZE, work=options.work, mirrored=each,
                backbone=f"local-dir:{options.second}",
            ).astype(np.float32)
            for each in (False, True)
        )  # fmt: skip
        second = np.asarray(sum(views) / 2, dtype=np.float32)
        rows["all stages of two networks, mirrored too"] = np.concatenate([both, second], axis=1)
    found: dict[str, Any] = {"version": viennatag.__version__, "size": options.size, "published": PUBLISHED}
    for name, inputs in rows.items():
        found[name] = measure(task, inputs, kind)
        print(name, json.dumps(found[name]), flush=True)
        with atomic_file(RESULTS) as temporary:
            temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
