"""Compare methods: which is better, and is the difference more than noise?

A metric also depends on the seed of the training and on the marks of the test subset. Both are resampled here, and for
all methods together: a sample holds the same marks and the same seeds for each, so that what they share cancels out of
their difference.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, OptionError
from viennatag.metrics.bootstrap import Interval
from viennatag.metrics.metrics import (
    average_precision,
    calibration_error,
    f1,
    frequency_bands,
    mean_of_known,
    micro_average_precision,
)
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import Scores

if TYPE_CHECKING:
    from scipy.sparse import csr_array

METRICS = (
    "macro_map",
    "head_map",
    "medium_map",
    "tail_map",
    "micro_map",
    "macro_f1",
    "micro_f1",
    "calibration_error",
)
LESS_IS_BETTER = ("calibration_error",)
ROUNDS = 300
LEVEL = 0.95
Verdict = Literal["better", "worse", "same", "unknown"]
Samples = NDArray[np.float64]
"""Metrics of a method: shape (seeds, 1 + rounds, metrics), the first of the rounds being the value itself."""


@dataclass(frozen=True)
class Contrast:
    """One metric of a method, and its difference from the baseline.

    Attributes:
        value: Mean over seeds.
        low: Lower bound of its own 95 % interval.
        high: Upper bound.
        difference: Value minus that of the baseline.
        difference_low: Lower bound of the 95 % interval that holds for all methods at once.
        difference_high: Upper bound.
        verdict: Whether the difference is beyond noise, and which way; `unknown` where there is no value.
    """

    value: float
    low: float
    high: float
    difference: float
    difference_low: float
    difference_high: float
    verdict: Verdict


@dataclass(frozen=True)
class ComparisonRow:
    """One method in a comparison.

    Attributes:
        name: Its name.
        description: What it does, in one line.
        reply: Which of the five replies it is, 0 for none.
        seconds: Mean time that a seed took, training, calibration and scoring together.
        metrics: By name of `METRICS`.
        best: Metrics in which it has the best value and beats the baseline beyond noise.
        parameters: Of its network, None where that was not asked.
        milliseconds: For one image on one thread, likewise.
    """

    name: str
    description: str
    reply: int
    seconds: float
    metrics: Mapping[str, Contrast]
    best: tuple[str, ...] = ()
    parameters: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True, repr=False)
class Comparison(TabularResult):
    """Methods on the same marks.

    Attributes:
        rows: The frequency prior, the baseline, then the others.
        baseline: Name of the method that the others are compared with.
        seeds: How often each was trained.
        rounds: Bootstrap samples.
        marks: Number of marks in train, validation and test.
        labels: How many labels with a test mark are in `head`, `medium` and `tail`.
        left_out: Labels without a test mark.
        omitted: Methods that could not run, and why.
        reused: Trainings whose result was found in the cache.
        folds: Of a cross-validation, None for one split; `marks`, `labels` and `left_out` are then means of a fold.
    """

    rows: tuple[ComparisonRow, ...]
    baseline: str
    seeds: int
    rounds: int
    marks: Mapping[str, int]
    labels: Mapping[str, int]
    left_out: int
    omitted: Mapping[str, str]
    reused: int
    folds: int | None = None

    def __repr__(self) -> str:
        best = max(self.rows, key=lambda row: np.nan_to_num(row.metrics[METRICS[0]].value, nan=-1.0))
        return f"Comparison({len(self.rows)} methods, best macro mAP {best.metrics[METRICS[0]].value:.3f}: {best.name})"

    def to_dataframe(self) -> Any:
        """Return one row per method: each metric with its interval, and its difference from the baseline with its own.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        columns: dict[str, Any] = {"method": [row.name for row in self.rows]}
        for metric in METRICS:
            found = [row.metrics[metric] for row in self.rows]
            columns[metric] = [each.value for each in found]
            for part in ("low", "high", "difference", "difference_low", "difference_high", "verdict"):
                columns[f"{metric}_{part}"] = [getattr(each, part) for each in found]
        return to_frame(columns | {"seconds": [row.seconds for row in self.rows]})

    def find(self, name: str) -> ComparisonRow:
        """Return the row of one method.

        Raises:
            OptionError: If it was not compared.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise OptionError(f"{name!r} was not compared; there are {', '.join(row.name for row in self.rows)}")

    def to_json(self) -> dict[str, Any]:
        """Return plain data; undefined metrics are None."""
        plain: dict[str, Any] = asdict(self)
        for row in plain["rows"]:
            row["seconds"] = round(row["seconds"], 2)
            for metric in row["metrics"].values():
                found = {name: value for name, value in metric.items() if name != "verdict"}
                metric.update({name: None if np.isnan(value) else round(value, 5) for name, value in found.items()})
        return plain


def sample_metrics(
    scores: Scores,
    suggested: NDArray[np.bool_],
    targets: "csr_array",
    train_counts: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the metrics of one trained method on each sample of the marks, shape (1 + rounds, metrics).

    Args:
        scores: Calibrated probabilities, shape (marks, labels).
        suggested: Decisions, same shape.
        targets: Shape (marks, labels).
        train_counts: Training marks of each label, which say where the tail begins; shape (labels,).
        weights: As `draw_weights` returns them, shape (1 + rounds, marks).

    Raises:
        DataError: If shapes differ or a score is outside [0, 1].
    """
    if suggested.shape != scores.shape or weights.shape[-1] != len(scores):
        raise DataError(f"decisions {suggested.shape} and weights {weights.shape} do not fit scores {scores.shape}")
    precision = average_precision(scores, targets, weights)
    decided = f1(suggested, targets, weights)
    columns = [
        mean_of_known(precision),
        *(mean_of_known(precision[:, inside]) for inside in frequency_bands(train_counts).values()),
        micro_average_precision(scores, targets, weights),
        decided.macro.f1,
        decided.micro.f1,
        calibration_error(scores, targets, weights),
    ]
    return np.stack(columns, axis=1)


def contrast(samples: Mapping[str, Samples], *, baseline: str, seed: int = 0) -> dict[str, dict[str, Contrast]]:
    """Return for each method and metric its value, its interval, and how it differs from the baseline.

    Seeds are few, and drawing all K of them again would show only (K - 1) / K of their noise; K - 1 are drawn
    (Rao and Wu 1988). With one seed its noise is unknown, and the interval is that of the marks alone.

    Looking at many methods, one will seem better by chance. So the interval of a difference is made to hold
    for all methods at once, metric by metric, as each metric answers a question of its own: the greatest
    deviation over methods, in standard errors, is below the critical value in 95 % of the samples
    (single-step max-T, Westfall and Young 1993). As samples are shared, methods that are alike cost little.

    Args:
        samples: What `sample_metrics` returned for each seed, by method; one seed stands for all if there is
            no randomness in a method.
        baseline: The method that others are compared with.
        seed: Of the draws of seeds.

    Raises:
        DataError: If the baseline is missing, or methods differ in seeds or samples.
    """
    shapes = {found.shape[1:] for found in samples.values()}
    seeds = max(len(found) for found in samples.values())
    if baseline not in samples or len(shapes) != 1 or {len(found) for found in samples.values()} - {1, seeds}:
        raise DataError(f"there must be samples of {baseline!r}, and of each method for the same seeds and rounds")
    rounds = shapes.pop()[0] - 1
    drawn = np.random.default_rng(seed).integers(seeds, size=(rounds, max(1, seeds - 1)))
    pooled = {}
    for name, found in samples.items():
        each = np.broadcast_to(found, (seeds, *found.shape[1:]))
        over_marks = each[drawn.T, np.arange(1, rounds + 1)].mean(axis=0)
        pooled[name] = np.concatenate([each[:, 0].mean(axis=0)[None], over_marks])
    differences = {name: found - pooled[baseline] for name, found in pooled.items() if name != baseline}
    results: dict[str, dict[str, Contrast]] = {name: {} for name in samples}
    for at, metric in enumerate(METRICS):
        bounds = _simultaneous({name: found[:, at] for name, found in differences.items()})
        for name, found in pooled.items():
            own = Interval.of(found[:, at], level=LEVEL)
            difference, low, high = bounds.get(name, (0.0, 0.0, 0.0))
            verdict = _verdict(low, high, less_is_better=metric in LESS_IS_BETTER)
            results[name][metric] = Contrast(own.value, own.low, own.high, difference, low, high, verdict)
    return results


def mark_best(rows: tuple[ComparisonRow, ...]) -> tuple[ComparisonRow, ...]:
    """Return rows with `best` filled in: a best value counts only where it is better beyond noise."""
    best: dict[str, list[str]] = {row.name: [] for row in rows}
    for metric in METRICS:
        sign = -1 if metric in LESS_IS_BETTER else 1
        winners = [row for row in rows if row.metrics[metric].verdict == "better"]
        if winners:
            best[max(winners, key=lambda row: sign * row.metrics[metric].value).name].append(metric)
    return tuple(replace(row, best=tuple(best[row.name])) for row in rows)


def _verdict(low: float, high: float, *, less_is_better: bool) -> Verdict:
    if np.isnan(low):
        return "unknown"
    if low > 0 or high < 0:
        return "better" if (low > 0) != less_is_better else "worse"
    return "same"


def _simultaneous(differences: Mapping[str, NDArray[np.float64]]) -> dict[str, tuple[float, float, float]]:
    """Return value and bounds of each difference, whose first entry is the value and the others its samples."""
    greatest, errors = np.zeros(1), {}
    for name, found in differences.items():
        samples = found[1:]
        error = float(np.nanstd(samples, ddof=1)) if np.isfinite(samples).sum() > 1 else np.nan
        errors[name] = error
        if error > 0:
            away = np.nan_to_num(np.abs(samples - np.nanmean(samples)) / error)
            greatest = np.maximum(greatest, away)
    critical = float(np.quantile(greatest, LEVEL))
    return {
        name: (float(found[0]), float(found[0] - critical * errors[name]), float(found[0] + critical * errors[name]))
        for name, found in differences.items()
    }
