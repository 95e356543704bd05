"""Time the metrics at the size of a register: 100,000 marks, 1,500 labels with a long tail.

    python benchmarks/metrics.py [--marks N] [--labels N] [-o benchmarks/results/metrics.json]

Macro mAP is timed beside scikit-learn and torchmetrics on the same arrays. All three get float32 scores, viennatag
sparse targets, the others dense ones, converted before the clock starts. The bootstrap runs at the size of a test
subset. A simulation measures how often intervals of macro mAP contain the true value.
"""

import argparse
import json
import os
import platform
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score
from torchmetrics.functional.classification import multilabel_average_precision

from viennatag import calibration, thresholds
from viennatag.metrics import metrics
from viennatag.metrics.bootstrap import Interval, bootstrap_interval, draw_weights

Result = TypeVar("Result")


def simulate(marks: int, labels: int, *, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return probabilities, and targets whose frequency falls as in a register: 12.6 % to a few marks."""
    random = np.random.default_rng(seed)
    share = np.minimum(0.126, 0.5 / np.arange(1, labels + 1))
    targets = random.random((marks, labels), dtype=np.float32) < share
    logits = random.standard_normal((marks, labels), dtype=np.float32) - 3
    logits[targets] += 2
    return (1 / (1 + np.exp(-logits))).astype(np.float32, copy=False), targets


def timed(what: str, call: Callable[[], Result], *, repeats: int = 1) -> tuple[Result, float]:
    """Return a call's result and its median time in seconds."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    print(f"{what:32s} {statistics.median(seconds):8.3f} s", flush=True)
    return result, round(statistics.median(seconds), 4)


def peak_megabytes(call: Callable[[], Any]) -> float:
    """Return how much memory a call takes beyond what was there."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return round(peak / 1e6, 1)


def torchmetrics_average_precision(scores: torch.Tensor, targets: torch.Tensor) -> NDArray[np.float64]:
    """Return average precision per label from torchmetrics, its checks of the input left out."""
    found = multilabel_average_precision(
        scores, targets, num_labels=scores.shape[1], average="none", thresholds=None, validate_args=False
    )
    return found.numpy().astype(np.float64)


def compare(scores: NDArray[np.float32], targets: NDArray[np.bool_], *, sample: int = 50) -> dict[str, Any]:
    """Return times of average precision per label, and the largest difference from the others.

    torchmetrics would take minutes: it is timed on a sample of the labels, from common to rare, in arrays
    of their own, and the time for all is in proportion.
    """
    sparse = csr_array(targets)
    ours, seconds = timed("viennatag", lambda: metrics.average_precision(scores, sparse), repeats=5)
    dense, dense_seconds = timed(
        "viennatag, dense targets", lambda: metrics.average_precision(scores, targets), repeats=3
    )
    some = slice(None, None, max(1, scores.shape[1] // sample))
    tensors = torch.from_numpy(scores[:, some].copy()), torch.from_numpy(targets[:, some].copy()).long()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both warn of labels without positives
        sklearn, sklearn_seconds = timed("scikit-learn", lambda: average_precision_score(targets, scores, average=None))
        theirs, some_seconds = timed("torchmetrics, some labels", lambda: torchmetrics_average_precision(*tensors))
        torch.set_default_dtype(torch.float64)  # the precision that torchmetrics divides in
        double = torchmetrics_average_precision(*tensors)
        torch.set_default_dtype(torch.float32)
    present = ~np.isnan(ours)
    assert np.array_equal(ours, dense, equal_nan=True)
    torch_seconds = some_seconds * scores.shape[1] / len(theirs)
    return {
        "viennatag_s": seconds,
        "viennatag_dense_targets_s": dense_seconds,
        "viennatag_peak_mb": peak_megabytes(lambda: metrics.average_precision(scores, sparse)),
        "scores_mb": round(scores.nbytes / 1e6, 1),
        "sklearn_s": sklearn_seconds,
        "torchmetrics_labels_timed": len(theirs),
        "torchmetrics_s_in_proportion": round(torch_seconds, 1),
        "times_faster_than_sklearn": round(sklearn_seconds / seconds, 1),
        "times_faster_than_torchmetrics": round(torch_seconds / seconds, 1),
        "labels_without_positives": int(np.count_nonzero(~present)),
        "largest_difference_from_sklearn": float(np.abs(ours - sklearn)[present].max()),
        "largest_difference_from_torchmetrics_float32": float(np.nanmax(np.abs(ours[some] - theirs))),
        "largest_difference_from_torchmetrics_float64": float(np.nanmax(np.abs(ours[some] - double))),
    }


def time_the_rest(scores: NDArray[np.float32], targets: NDArray[np.bool_]) -> dict[str, float]:
    """Return times of the other metrics and of fitting decisions, at the same size."""
    sparse, labels = csr_array(targets), scores.shape[1]
    logits = np.log(scores / (1 - scores))
    groups = np.digitize(np.arange(labels), [labels // 50, labels // 8])  # as categories, divisions, sections
    random = np.random.default_rng(0)
    parents = np.array([-1 if not group else random.integers(np.argmax(groups == group)) for group in groups])
    calls: dict[str, Callable[[], Any]] = {
        "micro_average_precision": lambda: metrics.micro_average_precision(scores, sparse),
        "label_ranking_average_precision": lambda: metrics.label_ranking_average_precision(scores, sparse),
        "hit_at_10": lambda: metrics.hit_at(scores, sparse, 10),
        "recall_at_10": lambda: metrics.recall_at(scores, sparse, 10),
        "f1": lambda: metrics.f1(scores >= 0.5, sparse),
        "calibration_error": lambda: metrics.calibration_error(scores, sparse),
        "label_calibration_errors": lambda: metrics.label_calibration_errors(scores, sparse),
        "fit_platt": lambda: calibration.fit_platt(logits, sparse, groups=groups),
        "coherent": lambda: calibration.coherent_scores(scores, parents),
        "tune_thresholds": lambda: thresholds.tune_thresholds(scores, sparse, groups=groups),
    }
    return {f"{name}_s": timed(name, call)[1] for name, call in calls.items()}


def macro(scores: NDArray[np.float32], targets: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return macro mAP under the weights of each round, shape (rounds,)."""
    found: NDArray[np.float64] = metrics.mean_of_known(metrics.average_precision(scores, targets, weights))
    return found


def time_bootstrap(marks: int = 2000, labels: int = 600, rounds: int = 200) -> dict[str, Any]:
    """Return the time of bootstrapping macro mAP on a test subset, ranking included."""
    scores, targets = simulate(marks, labels)
    found, seconds = timed(
        f"bootstrap, {marks:,} × {labels}",
        lambda: bootstrap_interval(lambda weights: macro(scores, targets, weights), marks, rounds=rounds),
        repeats=3,
    )
    return {
        "marks": marks,
        "labels": labels,
        "rounds": rounds,
        "seconds": seconds,
        "interval": [round(value, 4) for value in (found.low, found.value, found.high)],
    }


def simulate_coverage(tables: int = 200, marks: int = 1000, labels: int = 150, rounds: int = 100) -> dict[str, Any]:
    """Return how often 95 % intervals of macro mAP hold the mean macro mAP of tables of the same kind."""
    values, centred, plain = [], [], []
    for seed in range(tables):
        samples = macro(*simulate(marks, labels, seed=seed), draw_weights(marks, rounds=rounds, seed=seed))
        values.append(samples[0])
        centred.append(Interval.of(samples))
        plain.append(np.quantile(samples[1:], [0.025, 0.975]))
    truth = float(np.mean(values))
    found = {
        "tables": tables,
        "marks": marks,
        "labels": labels,
        "centred_percentiles": float(np.mean([each.low <= truth <= each.high for each in centred])),
        "plain_percentiles": float(np.mean([low <= truth <= high for low, high in plain])),
    }
    print(found)
    return found


def main() -> None:
    """Run all and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marks", type=int, default=100_000)
    parser.add_argument("--labels", type=int, default=1_500)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parent / "results" / "metrics.json")
    options = parser.parse_args()
    scores, targets = simulate(options.marks, options.labels)
    results = {
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            **{name: version(name) for name in ("numpy", "scipy", "scikit-learn", "torch", "torchmetrics")},
        },
        "size": {"marks": options.marks, "labels": options.labels, "positives": int(targets.sum())},
        "average_precision_per_label": compare(scores, targets),
        "others": time_the_rest(scores, targets),
        "bootstrap": time_bootstrap(),
        "coverage_of_intervals": simulate_coverage(),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
