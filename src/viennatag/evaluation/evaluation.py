"""Judge scores honestly: per level, per part of the long tail, beside the frequency prior.

A figure without its prior says nothing under imbalance: always naming the commonest codes already
hits a category on most marks. So each figure stands beside that of the prior (every mark gets the
label frequencies of the training part as scores) and carries a bootstrap interval over marks.
Pictorial codes (categories 1 to 24) are judged apart from those of form (25 to 29), which are
common, and easy to guess.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError
from viennatag.metrics import figures as metrics
from viennatag.metrics.bootstrap import Interval, Ranking, bootstrap, weighted_means
from viennatag.metrics.ranking import find_positives, ratio
from viennatag.model.bundle import Bundle
from viennatag.prediction.predictor import Predictor
from viennatag.thresholds.decision_rules import Rule

if TYPE_CHECKING:
    from scipy.sparse import csr_array

HITS_AT = (1, 3, 10)
RECALL_AT = 10
TRUSTED = (*(f"hit@{k}" for k in HITS_AT), f"recall@{RECALL_AT}", "micro_recall")
"""Figures that ask only where the codes that were given went. A code that was left out makes every other figure wrong:
what is right counts as a false alarm."""
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Figure:
    """One measured value with its 95 % interval and what the frequency prior reaches; NaN where undefined."""

    value: float
    low: float
    high: float
    prior: float


@dataclass(frozen=True)
class Single:
    """How well one label is ranked: the marks that carry it, and its average precision."""

    marks: int
    average_precision: Figure


@dataclass(frozen=True)
class Slice:
    """The figures of one set of labels.

    Attributes:
        level: `category`, `division`, `section`, or `label` in a flat taxonomy.
        kind: `all`, `pictorial` (categories 1 to 24) or `form` (25 and up).
        marks: Marks that carry at least one of the labels.
        labels: Labels with positives, which the macro figures are means over.
        left_out: Labels without positives.
        figures: By name: `macro_map`, `head_map`, `medium_map`, `tail_map`, `micro_map`, `lrap`,
            `hit@1`, `hit@3`, `hit@10`, `recall@10`, `macro_f1`, `micro_f1`, `micro_recall`, `calibration_error`.
    """

    level: str
    kind: str
    marks: int
    labels: int
    left_out: int
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on marks it has not seen.

    Attributes:
        marks: Marks that were judged.
        slices: By level, and within a level by kind.
        unknown_codes: Occurrences of codes that the model has no label for; they count for the
            nearest ancestor it has.
        codes: Occurrences of codes in all.
        skipped: Marks that were left out, and why.
        singles: By label of the first level, which is categories or flat labels, those that marks carry.
    """

    marks: int
    slices: tuple[Slice, ...]
    unknown_codes: int
    codes: int
    skipped: tuple[str, ...] = ()
    singles: Mapping[str, Single] = field(default_factory=dict)

    def find(self, level: str, kind: str = "all") -> Slice:
        """Return one slice."""
        return next(found for found in self.slices if (found.level, found.kind) == (level, kind))

    def to_json(self, *, incomplete: bool = False) -> dict[str, Any]:
        """Return plain data; undefined figures are None. Of an incomplete register only `TRUSTED` figures are told."""
        plain: dict[str, Any] = asdict(self)
        plain |= {"incomplete": True} if incomplete else {}
        if incomplete:
            del plain["singles"]
        for part in plain["slices"]:
            if incomplete:
                part["figures"] = {name: part["figures"][name] for name in TRUSTED}
        figures = [figure for part in plain["slices"] for figure in part["figures"].values()]
        for figure in (*figures, *(each["average_precision"] for each in plain.get("singles", {}).values())):
            figure.update({name: None if np.isnan(value) else round(value, 5) for name, value in figure.items()})
        return plain


def evaluate(
    predictor: Predictor,
    marks: Marks,
    images: Path | str,
    *,
    skip_bad: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Return how good a bundle is on marks, from their images on.

    Args:
        predictor: The bundle.
        marks: What is true.
        images: Folder that the marks' images are relative to.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the bootstrap.
        progress: Told how many of how many marks are done.

    Raises:
        DataError: If the taxonomies differ, or an image cannot be read.
    """
    bundle = predictor.bundle
    if marks.taxonomy != bundle.labels.taxonomy:
        raise DataError(
            f"the bundle predicts {bundle.labels.taxonomy} labels, the marks carry {marks.taxonomy} ones; "
            f"read them with --taxonomy {bundle.labels.taxonomy}"
        )
    scores = np.empty((len(marks), len(bundle.labels)), dtype=np.float32)
    errors: dict[int, str] = {}
    folder = Path(images)
    done = 0
    for outcomes, found in predictor.score_many(folder / image for image in marks.images):
        errors |= {done + at: str(error) for at, error in enumerate(outcomes) if error}
        scores[[done + at for at, error in enumerate(outcomes) if not error]] = found
        done += len(outcomes)
        if progress:
            progress(done, len(marks))
    judged, rows = marks.readable(errors, skip_bad=skip_bad)
    return judge(scores[rows], judged, bundle, seed=seed)


def judge(scores: Scores, marks: Marks, bundle: Bundle, *, seed: int = 0, rounds: int = 200) -> Evaluation:
    """Return how good calibrated, coherent scores of shape (marks, labels) are.

    Args:
        scores: One row per mark, in the order of the bundle's labels.
        marks: What is true.
        bundle: Names the labels, their training counts, prior and thresholds.
        seed: Of the bootstrap.
        rounds: Bootstrap samples.

    Raises:
        DataError: If shapes differ or scores are no probabilities.
    """
    labels, targets = bundle.labels, bundle.labels.encode(marks.codes)
    ranking = Ranking.of(scores, targets)
    precisions = bootstrap(ranking.average_precision, len(marks), rounds=rounds, seed=seed)
    rule = Rule(bundle.thresholds, labels.depths, bundle.top)
    suggested = rule(scores), rule(bundle.prior[None])
    unknown = sum(code not in labels.index for codes in marks.codes for code in codes)
    slices = tuple(
        _judge_slice(level, kind, chosen, scores, targets, bundle, suggested, precisions[:, chosen], rounds, seed)
        for level, kind, chosen in _slices(labels)
    )
    singles = {}
    carriers = np.asarray(targets.sum(axis=0)).ravel()
    for at in labels.at_level(labels.level_names[0]).tolist():
        if carriers[at]:
            found = _figure(precisions[:, at], carriers[at] / len(marks))
            singles[labels.names[at]] = Single(int(carriers[at]), found)
    return Evaluation(len(marks), slices, unknown, sum(map(len, marks.codes)), marks.skipped, singles)


def _slices(labels: LabelSet) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
    for level in labels.level_names:
        here = labels.at_level(level)
        yield level, "all", here
        if labels.taxonomy == "vienna":
            for kind, chosen in (
                ("pictorial", here[labels.is_pictorial[here]]),
                ("form", here[~labels.is_pictorial[here]]),
            ):
                if len(chosen):
                    yield level, kind, chosen


def _judge_slice(
    level: str,
    kind: str,
    chosen: NDArray[np.intp],
    all_scores: Scores,
    all_targets: "csr_array",
    bundle: Bundle,
    all_suggested: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    precisions: NDArray[np.float64],
    rounds: int,
    seed: int,
) -> Slice:
    scores, targets = all_scores[:, chosen], all_targets[:, chosen]
    counts, suggested, by_prior = bundle.train_counts[chosen], *(each[:, chosen] for each in all_suggested)
    prior = np.broadcast_to(bundle.prior[chosen].astype(scores.dtype), scores.shape)
    per_label = find_positives(targets, scores.shape).per_label()
    prevalence = np.where(per_label > 0, per_label / len(scores), np.nan)  # the average precision of a constant
    resample = partial(bootstrap, n=len(scores), rounds=rounds, seed=seed)
    carries = np.diff(targets.indptr) > 0
    figures: dict[str, Figure] = {}

    members = {"macro": np.ones(len(chosen), dtype=bool), **metrics.frequency_bands(counts)}
    for name, inside in members.items():
        figures[f"{name}_map"] = _figure(_means(precisions[:, inside]), _means(prevalence[None, inside])[0])
    figures["micro_map"] = _point(metrics.micro_average_precision, scores, prior, targets)

    per_mark: dict[str, Callable[[Scores], NDArray[np.float64]]] = {
        "lrap": lambda found: np.where(carries, metrics.label_rankings(found, targets), np.nan)
    }
    per_mark |= {f"hit@{k}": partial(_at, metrics.hits, targets, k) for k in HITS_AT}
    per_mark[f"recall@{RECALL_AT}"] = partial(_at, metrics.recalls, targets, RECALL_AT)
    values = np.stack([measure(scores) for measure in per_mark.values()], axis=1)
    samples = resample(lambda weights: weighted_means(values, weights))
    for at, (name, measure) in enumerate(per_mark.items()):
        figures[name] = _figure(samples[:, at], _means(measure(prior)[None])[0])

    agreement = resample(_f1_under(suggested, targets))
    of_prior = metrics.f1(np.tile(by_prior, (len(scores), 1)), targets)
    figures["macro_f1"] = _figure(agreement[:, 0], of_prior.macro.f1)
    figures["micro_f1"] = _figure(agreement[:, 1], of_prior.micro.f1)
    figures["micro_recall"] = _figure(agreement[:, 2], of_prior.micro.recall)
    figures["calibration_error"] = _point(metrics.calibration_error, scores, prior, targets)
    present = int(np.count_nonzero(per_label))
    return Slice(level, kind, int(np.count_nonzero(carries)), present, len(chosen) - present, figures)


def _at(
    measure: Callable[..., NDArray[np.float64]], targets: "csr_array", k: int, scores: Scores
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = measure(scores, targets, k)
    return found


def _figure(samples: NDArray[np.float64], prior: float) -> Figure:
    """Return the figure whose first sample is the value itself, the others its bootstrap."""
    found = Interval.of(samples)
    return Figure(found.value, found.low, found.high, float(prior))


def _point(measure: Callable[..., float], scores: Scores, prior: Scores, targets: "csr_array") -> Figure:
    """Return a figure without an interval: one that would have to rank all pairs anew for each sample."""
    return Figure(measure(scores, targets), np.nan, np.nan, measure(prior, targets))


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each row without its NaN, NaN for an empty row."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1), empty=np.nan)


def _f1_under(
    predicted: NDArray[np.bool_], targets: "csr_array"
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return a function of the marks' weights that gives macro F1, micro F1 and micro recall."""
    correct, suggested = targets.multiply(predicted).tocsr().astype(float), predicted.astype(np.float32)
    truth = targets.astype(float)

    def statistic(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        hits, true = correct.T @ weights, truth.T @ weights
        total = weights.astype(np.float32) @ suggested + true
        each = ratio(2 * hits, total, empty=0.0)[true > 0]
        micro = 2 * hits.sum() / total.sum() if total.sum() else np.nan
        recall = hits.sum() / true.sum() if true.sum() else np.nan
        return np.array([each.mean() if len(each) else np.nan, micro, recall])

    return statistic
