"""Which of several methods is better, and whether that is more than noise.

Two things make a figure move that are no merit of a method: the seed it was trained with, and the marks it
happened to be judged on. Both are resampled here, and for all methods together: a sample holds the same
marks and the same seeds for each, so that what they share cancels out of their difference.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError
from viennatag.metrics.bootstrap import Interval
from viennatag.metrics.figures import average_precision, calibration_error, frequency_bands, micro_average_precision
from viennatag.metrics.ranking import Positives, Scores, find_positives, ratio

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FIGURES = (
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
_BINS = 1024
"""Cuts of all scores between which micro average precision is interpolated, in samples only."""
_CALIBRATION_BINS = 15
_BLOCK = 1 << 23
Verdict = Literal["better", "worse", "same", "unknown"]
Samples = NDArray[np.float64]
"""Figures of a method: shape (seeds, 1 + rounds, figures), the first of the rounds being the value itself."""


@dataclass(frozen=True)
class Contrast:
    """One figure of a method, and its difference from the baseline.

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
class Row:
    """One method in a comparison.

    Attributes:
        name: Its name.
        description: What it does, in one line.
        reply: Which of the five replies it is, 0 for none.
        seconds: Mean time that a seed took, training, calibration and scoring together.
        figures: By name of `FIGURES`.
        best: Figures in which it has the best value and beats the baseline beyond noise.
    """

    name: str
    description: str
    reply: int
    seconds: float
    figures: Mapping[str, Contrast]
    best: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
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
    """

    rows: tuple[Row, ...]
    baseline: str
    seeds: int
    rounds: int
    marks: Mapping[str, int]
    labels: Mapping[str, int]
    left_out: int
    omitted: Mapping[str, str]
    reused: int

    def find(self, name: str) -> Row:
        """Return the row of one method."""
        return next(row for row in self.rows if row.name == name)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; undefined figures are None."""
        plain: dict[str, Any] = asdict(self)
        for row in plain["rows"]:
            row["seconds"] = round(row["seconds"], 2)
            for figure in row["figures"].values():
                found = {name: value for name, value in figure.items() if name != "verdict"}
                figure.update({name: None if np.isnan(value) else round(value, 5) for name, value in found.items()})
        return plain


def draw_marks(marks: int, *, rounds: int = ROUNDS, seed: int = 0) -> NDArray[np.float32]:
    """Return how often each mark counts in each sample, shape (marks, 1 + rounds); in the first, once each."""
    random = np.random.default_rng(seed)
    draws = [np.bincount(random.integers(marks, size=marks), minlength=marks) for _ in range(rounds)]
    return np.stack([np.ones(marks, dtype=np.intp), *draws], axis=1).astype(np.float32)


def sample_figures(
    scores: Scores,
    suggested: NDArray[np.bool_],
    targets: "csr_array",
    train_counts: NDArray[np.int64],
    draws: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the figures of one trained method on each sample of the marks, shape (1 + rounds, figures).

    What the weights of marks have to be summed over is the same in all samples, so matrix products give the
    sums of all samples at once. The values themselves are exact; in the samples, micro average precision is
    taken at 1,024 cuts and moved so that the cuts make no difference on the marks as they are.

    Args:
        scores: Calibrated probabilities, shape (marks, labels).
        suggested: Decisions, same shape.
        targets: Shape (marks, labels).
        train_counts: Training marks of each label, which say where the tail begins; shape (labels,).
        draws: What `draw_marks` returned.

    Raises:
        DataError: If shapes differ or a score is outside [0, 1].
    """
    positives = find_positives(targets, scores.shape)
    if suggested.shape != scores.shape or len(draws) != len(scores):
        raise DataError(f"{suggested.shape} decisions and {len(draws)} weights do not fit scores of {scores.shape}")
    precision = _average_precisions(scores, targets, positives, draws)
    bands = frequency_bands(train_counts)
    columns = [_mean(precision), *(_mean(precision[inside]) for inside in bands.values())]
    columns += [
        _micro(scores, positives, draws),
        *_f1s(suggested, targets, draws),
        _calibration(scores, targets, draws),
    ]
    found = np.stack(columns, axis=1)
    exact = average_precision(scores, targets)
    found[0, :4] = [_mean(exact[inside, None])[0] for inside in (np.ones(len(exact), dtype=bool), *bands.values())]
    for column, value in ((4, micro_average_precision(scores, targets)), (7, calibration_error(scores, targets))):
        found[:, column] += value - found[0, column]
    return found


def contrast(samples: Mapping[str, Samples], *, baseline: str, seed: int = 0) -> dict[str, dict[str, Contrast]]:
    """Return for each method and figure its value, its interval, and how it differs from the baseline.

    Seeds are few, and drawing all K of them again would show only (K - 1) / K of their noise; K - 1 are drawn
    (Rao and Wu 1988). With one seed its noise is unknown, and the interval is that of the marks alone.

    Looking at many methods, one will seem better by chance. So the interval of a difference is made to hold
    for all methods at once, figure by figure, as each figure answers a question of its own: the greatest
    deviation over methods, in standard errors, is below the critical value in 95 % of the samples
    (single-step max-T, Westfall and Young 1993). As samples are shared, methods that are alike cost little.

    Args:
        samples: What `sample_figures` returned for each seed, by method; one seed stands for all if there is
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
    for at, figure in enumerate(FIGURES):
        bounds = _simultaneous({name: found[:, at] for name, found in differences.items()})
        for name, found in pooled.items():
            own = Interval.of(found[:, at], level=LEVEL)
            difference, low, high = bounds.get(name, (0.0, 0.0, 0.0))
            verdict = _verdict(low, high, less_is_better=figure in LESS_IS_BETTER)
            results[name][figure] = Contrast(own.value, own.low, own.high, difference, low, high, verdict)
    return results


def crown(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return rows with `best` filled in: a best value counts only where it is better beyond noise."""
    best: dict[str, list[str]] = {row.name: [] for row in rows}
    for figure in FIGURES:
        sign = -1 if figure in LESS_IS_BETTER else 1
        winners = [row for row in rows if row.figures[figure].verdict == "better"]
        if winners:
            best[max(winners, key=lambda row: sign * row.figures[figure].value).name].append(figure)
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


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over labels of each sample without NaN, NaN where none is left."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0), empty=np.nan)


def _average_precisions(
    scores: Scores, targets: "csr_array", positives: Positives, draws: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return the average precision of each label in each sample, shape (labels, samples).

    Which marks score at least as high as a positive is a 0/1 row, and its product with the draws the weight
    above it in each sample. It is exact, as float32 holds whole numbers up to 16 million.
    """
    from scipy.sparse import csr_array

    lines, truth = np.ascontiguousarray(scores.T), targets.T.tocsr()
    gained, weights = np.zeros((2, scores.shape[1], draws.shape[1]))
    height = max(1, _BLOCK // len(scores))
    for start in range(0, len(positives.marks), height):
        marks, labels = positives.marks[start : start + height], positives.labels[start : start + height]
        above = (lines[labels] >= scores[marks, labels][:, None]).astype(np.float32)
        total = above @ draws
        above *= truth[labels].toarray()
        precision = draws[marks] * (above @ draws) / np.maximum(total, 1)
        owner = csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(len(gained), len(labels)))
        gained += owner @ precision
        weights += owner @ draws[marks]
    return ratio(gained, weights, empty=np.nan)


def _micro(scores: Scores, positives: Positives, draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return micro average precision at cuts of equal share of the positives, shape (samples,)."""
    own = np.sort(scores[positives.marks, positives.labels])
    if not len(own):
        return np.full(draws.shape[1], np.nan)
    cuts = np.unique(own[np.arange(_BINS) * len(own) // _BINS])
    total = _counts(scores, cuts) @ draws
    hits = np.zeros((len(cuts), len(scores)), dtype=np.float32)
    bins = np.searchsorted(cuts, scores[positives.marks, positives.labels], side="right") - 1
    np.add.at(hits, (bins, positives.marks), 1)
    gained = hits @ draws
    running = np.cumsum(gained[::-1], axis=0)[::-1]
    return ratio((gained * running / np.maximum(total, 1)).sum(axis=0), gained.sum(axis=0), empty=np.nan)


def _counts(scores: Scores, cuts: NDArray[Any]) -> NDArray[np.float32]:
    """Return how many scores of each mark are at least each cut, shape (cuts, marks)."""
    counts = np.empty((len(scores), len(cuts)), dtype=np.float32)
    height = max(1, _BLOCK // scores.shape[1])
    for start in range(0, len(scores), height):
        rows = scores[start : start + height]
        bins = np.searchsorted(cuts, rows.ravel(), side="right") + np.repeat(
            np.arange(len(rows)) * (len(cuts) + 1), rows.shape[1]
        )
        found = np.bincount(bins, minlength=len(rows) * (len(cuts) + 1)).reshape(len(rows), -1)
        counts[start : start + height] = found[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    return counts.T


def _f1s(
    suggested: NDArray[np.bool_], targets: "csr_array", draws: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return macro and micro F1, each of shape (samples,)."""
    hits, true = targets.multiply(suggested).tocsr().astype(np.float32).T @ draws, targets.astype(np.float32).T @ draws
    total = suggested.T.astype(np.float32) @ draws + true
    each = ratio(2 * hits, total, empty=0.0)
    macro = _mean(np.where(true > 0, each, np.nan))
    return macro, ratio(2 * hits.sum(axis=0), total.sum(axis=0), empty=np.nan)


def _calibration(scores: Scores, targets: "csr_array", draws: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the calibration error in bins of equal mass, shape (samples,)."""
    ascending = np.sort(scores, axis=None)
    inner = ascending[np.arange(1, _CALIBRATION_BINS) * len(ascending) // _CALIBRATION_BINS - 1]
    bins = np.searchsorted(np.unique(inner), scores, side="left")
    excess = np.asarray(scores, dtype=np.float64).copy()
    positives = find_positives(targets, scores.shape)
    excess[positives.marks, positives.labels] -= 1
    flat = (bins + np.arange(len(scores))[:, None] * _CALIBRATION_BINS).ravel()
    gaps = np.bincount(flat, excess.ravel(), minlength=len(scores) * _CALIBRATION_BINS)
    summed = gaps.reshape(len(scores), _CALIBRATION_BINS).T @ draws
    return np.asarray(np.abs(summed).sum(axis=0) / (draws.sum(axis=0) * scores.shape[1]))
