"""Evaluate scores: per level, per frequency band, beside the frequency prior, with intervals.

Under imbalance a metric without its prior says nothing: always naming the most frequent codes already hits a category
on most marks. So each metric is given beside that of the prior (every mark gets the label frequencies of the training
subset as scores), with a bootstrap interval over marks. Pictorial codes (categories 1 to 24) and those of form (25 to
29), which are frequent and easy to guess, are evaluated apart too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.exclusive import ExclusiveGroup
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import OptionError
from viennatag.metrics import metrics
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.metrics.ranking import find_positives
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import Scores, as_targets, known_marks
from viennatag.model.bundle import Bundle

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from viennatag.evaluation.label_report import LabelReport

HITS_AT = (1, 3, 10)
RECALL_AT = 10
TRUSTED = (*(f"hit@{k}" for k in HITS_AT), f"recall@{RECALL_AT}", "micro_recall")
"""Metrics that hold on incompletely labelled marks too: they only ask where the given codes were ranked."""


@dataclass(frozen=True)
class MetricValue:
    """One measured value with its 95 % interval and what the frequency prior reaches; NaN where undefined."""

    value: float
    low: float
    high: float
    prior: float


@dataclass(frozen=True)
class LabelMetrics:
    """How well one label is ranked: the marks that carry it, and its average precision."""

    marks: int
    average_precision: MetricValue


@dataclass(frozen=True)
class GroupMetrics:
    """The metrics of one group of labels.

    Attributes:
        level: `category`, `division`, `section`; `label` in a flat taxonomy; in a tree of one's own as its file says.
        kind: `all`, `pictorial` (categories 1 to 24) or `form` (25 and up).
        marks: Marks that carry at least one of the labels.
        labels: Labels with positives, which the macro metrics are means over.
        left_out: Labels without positives.
        metrics: By name: `macro_map`, `head_map`, `medium_map`, `tail_map`, `micro_map`, `lrap`,
            `hit@1`, `hit@3`, `hit@10`, `recall@10`, `macro_f1`, `micro_f1`, `micro_recall`, `calibration_error`.
    """

    level: str
    kind: str
    marks: int
    labels: int
    left_out: int
    metrics: Mapping[str, MetricValue]


@dataclass(frozen=True)
class GroupAccuracy:
    """How often the right label of a group of exclusive labels is chosen.

    Attributes:
        group: Its name.
        rule: `exactly-one` or `at-most-one`.
        labels: Labels in it.
        marks: Marks of which is known which label applies, or, where none may, that none does.
        accuracy: Share of these with the right choice: the best label, or none where its score is below its threshold
            and none may apply.
    """

    group: str
    rule: str
    labels: int
    marks: int
    accuracy: MetricValue


@dataclass(frozen=True, repr=False)
class Evaluation(TabularResult):
    """How good a model is on marks it has not seen.

    Attributes:
        marks: Marks that were evaluated.
        groups: By level, and within a level by kind.
        unknown_codes: Occurrences of codes that the model has no label for; they count for the
            nearest ancestor it has.
        codes: Occurrences of codes in all.
        skipped: Marks that were left out, and why.
        labels: By name, the labels of the first level (categories, or flat labels) that marks carry.
        label_report: The figures of every label; None where only means were asked for.
        exclusive: The groups of exclusive labels.
    """

    marks: int
    groups: tuple[GroupMetrics, ...]
    unknown_codes: int
    codes: int
    skipped: tuple[str, ...] = ()
    labels: Mapping[str, LabelMetrics] = field(default_factory=dict)
    label_report: "LabelReport | None" = field(default=None, compare=False)
    exclusive: tuple[GroupAccuracy, ...] = ()

    def __repr__(self) -> str:
        means = {each.level: each.metrics["macro_map"].value for each in self.groups if each.kind == "all"}
        shown = ", ".join(f"{level} macro mAP {value:.3f}" for level, value in means.items())
        return f"Evaluation({self.marks:,} marks, {shown})"

    def to_dataframe(self) -> Any:
        """Return one row per level, kind and metric as a pandas DataFrame; `label_report` has the labels.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        rows = [
            (each.level, each.kind, each.marks, each.labels, name, value.value, value.low, value.high, value.prior)
            for each in self.groups
            for name, value in each.metrics.items()
        ]
        rows += [
            (each.group, each.rule, each.marks, each.labels, "accuracy", *vars(each.accuracy).values())
            for each in self.exclusive
        ]
        head = ("level", "kind", "marks", "labels", "metric", "value", "low", "high", "prior")
        return to_frame(dict(zip(head, zip(*rows, strict=True), strict=True)))

    def find(self, level: str, kind: str = "all") -> GroupMetrics:
        """Return the metrics of a level, and there of all labels, of `pictorial` ones or of those of `form`.

        Raises:
            OptionError: If there are none.
        """
        for found in self.groups:
            if (found.level, found.kind) == (level, kind):
                return found
        known = ", ".join(f"{each.level} {each.kind}" for each in self.groups)
        raise OptionError(f"nothing was measured for {level} {kind}; there are {known}")

    def to_json(self, *, incomplete: bool = False) -> dict[str, Any]:
        """Return plain data; undefined metrics are None. `incomplete` gives `TRUSTED` metrics only."""
        plain: dict[str, Any] = asdict(replace(self, label_report=None))
        del plain["label_report"]
        plain |= {"incomplete": True} if incomplete else {}
        if incomplete:
            del plain["labels"]
        if incomplete or not self.exclusive:
            del plain["exclusive"]
        for part in plain["groups"]:
            if incomplete:
                part["metrics"] = {name: part["metrics"][name] for name in TRUSTED}
        found = [value for part in plain["groups"] for value in part["metrics"].values()]
        found += [each["accuracy"] for each in plain.get("exclusive", ())]
        for figure in (*found, *(each["average_precision"] for each in plain.get("labels", {}).values())):
            figure.update({name: None if np.isnan(value) else round(value, 5) for name, value in figure.items()})
        return plain


def evaluate_scores(scores: Scores, marks: Marks, bundle: Bundle, *, seed: int = 0, rounds: int = 200) -> Evaluation:
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
    labels, targets = bundle.labels, bundle.labels.targets(marks)
    weights = draw_weights(len(marks), rounds=rounds, seed=seed)
    precisions = metrics.average_precision(scores, targets, weights)
    decide = bundle.postprocessor.decide
    suggested = decide(scores), decide(bundle.prior[None])
    unknown = sum(code not in labels.index for codes in marks.codes for code in codes)
    groups = tuple(
        _evaluate_group(level, kind, chosen, scores, targets, bundle, suggested, precisions[:, chosen], weights)
        for level, kind, chosen in _slices(labels)
    )
    by_label = {}
    carriers, known = np.asarray(as_targets(targets).sum(axis=0)).ravel(), known_marks(targets)
    for at in labels.at_level(labels.level_names[0]).tolist():
        if carriers[at]:
            found = _value(precisions[:, at], carriers[at] / known[at])
            by_label[labels.names[at]] = LabelMetrics(int(carriers[at]), found)
    exclusive = tuple(_group_accuracies(scores, targets, bundle, suggested, weights))
    codes = sum(map(len, marks.codes))
    return Evaluation(len(marks), groups, unknown, codes, marks.skipped, by_label, exclusive=exclusive)


def _group_accuracies(
    scores: Scores,
    targets: "csr_array",
    bundle: Bundle,
    suggested: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    weights: NDArray[np.float64],
) -> Iterator[GroupAccuracy]:
    """Yield the accuracy of each group of exclusive labels; a row of `weights` is a bootstrap sample."""
    for group in bundle.labels.exclusive or ():
        truth = targets[:, group.members].toarray()
        carried = (truth > 0).any(axis=1)
        known = carried if group.exact else carried | (truth == 0).all(axis=1)
        wanted = np.where(carried, truth.argmax(axis=1), -1)
        right = _chosen(scores, suggested[0], group) == wanted
        by_prior = _chosen(bundle.prior[None], suggested[1], group) == wanted
        total = weights[:, known].sum(axis=1)
        reached = np.where(total > 0, weights[:, known] @ right[known] / np.maximum(total, 1e-12), np.nan)
        prior = float(by_prior[known].mean()) if known.any() else np.nan
        yield GroupAccuracy(group.name, group.rule, len(group.members), int(known.sum()), _value(reached, prior))


def _chosen(scores: Scores, suggested: NDArray[np.bool_], group: ExclusiveGroup) -> NDArray[np.intp]:
    """Return the number of the chosen label of a group within it, -1 for none; shape (marks,)."""
    best = scores[:, group.members].argmax(axis=1)
    sure = group.exact | suggested[:, group.members].any(axis=1)
    return np.where(sure, best, -1)


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


def _evaluate_group(
    level: str,
    kind: str,
    chosen: NDArray[np.intp],
    all_scores: Scores,
    all_targets: "csr_array",
    bundle: Bundle,
    all_suggested: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    precisions: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> GroupMetrics:
    scores, targets = all_scores[:, chosen], all_targets[:, chosen]
    counts, suggested, by_prior = bundle.train_counts[chosen], *(each[:, chosen] for each in all_suggested)
    prior = np.broadcast_to(bundle.prior[chosen].astype(scores.dtype), scores.shape)
    per_label = find_positives(targets, scores.shape).per_label()
    prevalence = np.where(per_label > 0, per_label / np.maximum(known_marks(targets), 1), np.nan)  # of a constant
    carries = np.diff(as_targets(targets).indptr) > 0
    values: dict[str, MetricValue] = {}

    members = {"macro": np.ones(len(chosen), dtype=bool), **metrics.frequency_bands(counts)}
    for name, inside in members.items():
        values[f"{name}_map"] = _value(
            metrics.mean_of_known(precisions[:, inside]), metrics.mean_of_known(prevalence[inside])
        )
    values["micro_map"] = _point(metrics.micro_average_precision, scores, prior, targets)

    ranking = metrics.label_ranking_average_precision
    values["lrap"] = _value(ranking(scores, targets, weights * carries), ranking(prior, targets, carries))
    at_k = {f"hit@{k}": partial(metrics.hit_at, k=k) for k in HITS_AT}
    at_k[f"recall@{RECALL_AT}"] = partial(metrics.recall_at, k=RECALL_AT)
    for name, metric in at_k.items():
        values[name] = _value(metric(scores, targets, weights=weights), metric(prior, targets))

    found = metrics.f1(suggested, targets, weights)
    of_prior = metrics.f1(np.tile(by_prior, (len(scores), 1)), targets)
    values["macro_f1"] = _value(found.macro.f1, of_prior.macro.f1)
    values["micro_f1"] = _value(found.micro.f1, of_prior.micro.f1)
    values["micro_recall"] = _value(found.micro.recall, of_prior.micro.recall)
    values["calibration_error"] = _point(metrics.calibration_error, scores, prior, targets)
    present = int(np.count_nonzero(per_label))
    return GroupMetrics(level, kind, int(np.count_nonzero(carries)), present, len(chosen) - present, values)


def _value(samples: NDArray[np.float64], prior: float) -> MetricValue:
    """Return the figure whose first sample is the value itself, the others its bootstrap."""
    found = Interval.of(samples)
    return MetricValue(found.value, found.low, found.high, float(prior))


def _point(measure: Callable[..., float], scores: Scores, prior: Scores, targets: "csr_array") -> MetricValue:
    """Return a figure without an interval: one that would have to rank all pairs anew for each sample."""
    return MetricValue(measure(scores, targets), np.nan, np.nan, measure(prior, targets))
