"""Update a bundle with the feedback of examiners, without forgetting what it knew.

Only the last layer learns, on the scale of calibrated scores, so calibration and thresholds are kept. A penalty holds
it (`weight_deltas`), as strong as cross-fitting on fifths of the feedback says; labels that no feedback is about keep
their weights to the last bit. Where old marks are given some are rehearsed, and nothing is written that is worse on
their validation subset beyond noise; without them the layer may move only up to a bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, FeedbackError, count
from viennatag.evaluation.comparison import METRICS, ROUNDS, contrast, sample_metrics
from viennatag.evaluation.evaluation import evaluate_scores
from viennatag.evaluation.feedback import AFTER, BEFORE, Contrasts, Feedback, UpdateResult, read_feedback
from viennatag.files import cache_folder, holding_output
from viennatag.metrics.bootstrap import draw_weights
from viennatag.metrics.scores import as_targets, known_counts
from viennatag.model.bundle import Bundle, as_bundle, check_place
from viennatag.model.postprocessing import Postprocessor
from viennatag.model.saving import write_bundle
from viennatag.model.seen_images import hash_files, is_seen, unseen_marks
from viennatag.split.splitting import mark_groups
from viennatag.split.stratification import stratify
from viennatag.training.backbones.graph_surgery import OpenedGraph, cut_head, open_graph
from viennatag.training.continual.adaptation import Adaptation, LastLayer, Rehearsal, cross_fit
from viennatag.training.continual.weight_deltas import STRENGTHS
from viennatag.training.data.collection import (
    TEST,
    TRAIN,
    VALIDATION,
    Collection,
    ImageFolder,
    ProgressCallback,
    collect,
)
from viennatag.training.data.examples import Examples, draw_positions
from viennatag.training.data.features import extract_features
from viennatag.training.postprocessing.forward import run_head

_FOLDS = 5
MIN_MARKS = 10
"""Feedback on fewer marks is not enough to hold some out."""
MIN_FEEDBACK_COUNT = 5
"""A code that the bundle does not know becomes a label of it when feedback gives it to this many marks."""
MAX_WEIGHT_DISTANCE = 1.0
"""Without old marks, weights may move by this share of their length."""
REHEARSED, EVALUATED = 1_500, 6_000
"""Old marks that are rehearsed, and that are evaluated, at most."""
GATES = ("micro_map", "micro_f1", "calibration_error")
"""Metrics of held-out feedback that may not become worse beyond noise. Means over labels cannot be asked: the layer
that scores one of a rare label's few marks has learned from marks among which the label is still rarer."""


@holding_output
def update(
    bundle: Bundle | Path | str,
    feedback: Feedback | Path | str,
    images: Path | str,
    out: Path | str,
    *,
    old: tuple[Marks, Path | str] | None = None,
    cache: Path | str | None = None,
    min_count: int = MIN_FEEDBACK_COUNT,
    strengths: tuple[float, ...] = STRENGTHS,
    max_distance: float = MAX_WEIGHT_DISTANCE,
    rehearsed: int = REHEARSED,
    skip_bad: bool = False,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> UpdateResult:
    """Write a bundle updated with feedback, and return what changed.

    Args:
        bundle: What to update: a bundle, its folder, or `starter`.
        feedback: Marks that examiners have coded: a table, or `Feedback`.
        images: Folder that the feedback's images are relative to.
        out: Folder to write the bundle to; it may be that of `bundle`.
        old: The marks that the bundle was trained on, and the folder of their images. Where they state no split, the
            seed of the bundle finds the one of its training again.
        cache: Folder that keeps features between runs; by default the user's cache folder.
        min_count: A code that the bundle does not know needs this many marks to be added.
        strengths: Of the L2-SP penalty, the strongest first; the best on held-out feedback is taken.
        max_distance: Without old marks, weights may move by this share of their length.
        rehearsed: Old marks that are shown again, at most.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the folds and the bootstrap.
        progress: Progress callback.

    Raises:
        DataError: If the feedback or the old marks cannot be used.
        BundleError: If the bundle's head cannot learn on, or `out` holds something that is not a bundle.
        FeedbackError: If the feedback teaches nothing, or nothing that the checks allow; nothing is written then.
    """
    report, folder = progress or (lambda *_: None), Path(cache or cache_folder())
    check_place(Path(out))
    bundle = as_bundle(bundle)
    if not isinstance(feedback, Feedback):
        feedback = read_feedback(feedback, taxonomy=bundle.labels.taxonomy, images=images, skip_bad=skip_bad)
    _check_taxonomy(bundle, feedback.marks, "feedback")
    opened = open_graph(bundle)
    paths = [Path(images) / image for image in feedback.marks.images]
    found = extract_features(
        paths, opened.backbone, cache=folder, progress=lambda done, total: report("features", done, total, "feedback")
    )
    kept, rows = feedback.marks.readable(found.errors, skip_bad=skip_bad)
    feedback = replace(feedback.select(rows), marks=kept)
    if len(feedback) < MIN_MARKS:
        raise DataError(
            f"there is feedback on {count(len(feedback), 'mark')}; at least {MIN_MARKS} are needed, to hold some out"
        )
    labels, left_out = grow_labels(bundle.labels, kept, min_count=min_count)
    old_marks = None
    if old:
        _check_taxonomy(bundle, old[0], "old marks")
        at_training = int(bundle.training.get("seed") or 0)
        collection = collect(*old, opened.backbone, cache=folder, skip_bad=skip_bad, seed=at_training, progress=report)
        old_marks = _OldMarks(collection, labels, bundle, opened, seed)

    start = LastLayer(bundle.postprocessor, opened.weight.astype(np.float64), opened.bias.astype(np.float64))
    served = ImageFolder(Path(images), opened.backbone, folder).held_out(kept, bundle.labels)
    views = replace(served, features=opened.head_inputs(served.features))
    rehearsal = old_marks.rehearsal(rehearsed) if old_marks else None
    adaptation = Adaptation.of(start, labels, feedback, views, rehearsal, strengths=strengths)
    report("head", 0, _FOLDS, f"{len(adaptation.columns):,} labels")
    groups = mark_groups(kept, found.hashes[rows])
    folds = stratify(adaptation.targets, fractions=(1 / _FOLDS,) * _FOLDS, groups=groups, seed=seed)
    cross_fitted, allowed = cross_fit(adaptation, folds)
    report("head", _FOLDS, _FOLDS, f"{len(adaptation.columns):,} labels")

    grown = replace(_grown_bundle(bundle, adaptation), seen=np.concatenate([bundle.seen, hash_files(paths)]))
    chosen = _choose(adaptation, cross_fitted, allowed, old_marks, opened, grown, max_distance, seed)
    scores, evaluated = chosen.scores, kept
    if old_marks:
        assert old is not None
        test = old_marks.collection.marks_of(TEST)
        evaluated = unseen_marks(grown, test, old[1])
        seen = is_seen(grown, [Path(old[1]) / image for image in test.images])
        scores = old_marks.scores(chosen.graph, grown.postprocessor, TEST)[~seen]
    evaluation = evaluate_scores(scores, evaluated, grown, seed=seed)
    note = {
        "from": bundle.digest,
        "marks": len(feedback),
        "penalty": strengths[chosen.at],
        "distance": round(chosen.distance, 4),
        "moved": len(adaptation.columns),
        "evaluated_on": "test subset of the old marks" if old_marks else "feedback, cross-fitted",
        "metrics": {name: _plain(each) for name, each in chosen.contrasts.items()},
    }
    training = {**bundle.training, "updates": [*bundle.training.get("updates", ()), note]}
    written = write_bundle(replace(grown, metrics=evaluation.to_json(), training=training), chosen.graph, out)
    return UpdateResult(
        bundle=written,
        marks=len(feedback),
        on_feedback=chosen.contrasts["feedback"],
        on_old=chosen.contrasts.get("old"),
        penalty=strengths[chosen.at],
        distance=chosen.distance,
        moved=len(adaptation.columns),
        added=tuple(name for name in labels.names if name not in bundle.labels.index),
        left_out=left_out,
    )


def grow_labels(known: LabelSet, marks: Marks, *, min_count: int) -> tuple[LabelSet, dict[str, int]]:
    """Return labels to which codes of marks are added, and the codes on too few marks, with their number."""
    carried = LabelSet.from_marks(marks)
    counts = np.asarray(carried.encode(marks.codes).sum(axis=0)).tolist()
    fresh = {name: int(count) for name, count in zip(carried.names, counts, strict=True) if name not in known.index}
    if len(fresh) == len(carried):
        raise DataError(
            f"none of the {len(carried):,} codes in the feedback is among the bundle's {len(known):,} {known.taxonomy} "
            f"labels ({', '.join(known.names[:3])} ...): this is feedback on another bundle"
        )
    left_out = {name: count for name, count in fresh.items() if count < min_count}
    names = {*known.names, *fresh} - set(left_out)
    order = sorted(names, key=known.hierarchy.sort_key)
    return LabelSet(known.taxonomy, tuple(order)), left_out


def _check_taxonomy(bundle: Bundle, marks: Marks, what: str) -> None:
    if marks.taxonomy != bundle.labels.taxonomy:
        raise DataError(
            f"the bundle predicts {bundle.labels.taxonomy} labels, the {what} carry {marks.taxonomy} ones; "
            f"read them with --taxonomy {bundle.labels.taxonomy}"
        )


@dataclass(frozen=True, eq=False)
class _OldMarks:
    """The marks that a bundle was trained on, in their subsets."""

    collection: Collection
    labels: LabelSet
    bundle: Bundle
    opened: OpenedGraph
    seed: int

    def chosen(self, subset: int, limit: int | None) -> NDArray[np.intp]:
        count = int(np.count_nonzero(self.collection.subsets == subset))
        return draw_positions(count, limit, seed=self.seed) if limit else np.arange(count)

    def examples(self, subset: int, limit: int) -> Examples:
        return self.collection.examples(self.labels, subset).select(self.chosen(subset, limit))

    def rehearsal(self, limit: int) -> Rehearsal:
        examples = self.examples(TRAIN, limit)
        return Rehearsal(self.opened.head_inputs(examples.features[examples.rows]), examples.targets)

    def scores(
        self, graph: bytes, postprocessor: Postprocessor, subset: int, limit: int | None = None
    ) -> NDArray[np.float64]:
        """Return the scores of one subset as a bundle with this graph serves them."""
        held_out = self.collection.held_out(self.bundle.labels, subset).select(self.chosen(subset, limit))
        logits = run_head(cut_head(graph, held_out.features.shape[1]), held_out.features)
        return postprocessor.scores(held_out.outputs(logits))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The chosen strength: its position, the new graph, cross-fitted scores of the feedback, and what was compared."""

    at: int
    graph: bytes
    scores: NDArray[np.float64]
    distance: float
    contrasts: Mapping[str, Contrasts]


def _choose(
    adaptation: Adaptation,
    cross_fitted: NDArray[np.float32],
    allowed: list[int],
    old: _OldMarks | None,
    opened: OpenedGraph,
    grown: Bundle,
    max_distance: float,
    seed: int,
) -> _Chosen:
    """Return the strength that is best on held-out feedback among those that the checks allow."""
    marks, labels, known = len(adaptation.views), adaptation.labels, adaptation.known
    if not allowed:
        raise FeedbackError(
            f"feedback on {marks:,} marks teaches nothing: on marks held out every change is worse than none. "
            "Nothing was written; collect feedback on more marks"
        )
    layer, deltas = adaptation.learn(np.arange(marks))
    refusals, before = [], np.zeros((marks, len(labels)))
    before[:, known] = adaptation.start.scores(adaptation.views)
    if old:
        targets = old.examples(VALIDATION, EVALUATED).targets
        was = np.zeros(targets.shape)
        was[:, known] = old.scores(old.bundle.graph.read_bytes(), old.bundle.postprocessor, VALIDATION, EVALUATED)
    for at in allowed:
        moved = layer.moved(adaptation.columns, *adaptation.directions.unfold(deltas[at]))
        held_out = layer.logits(adaptation.views.features)
        held_out[:, adaptation.columns] = cross_fitted[at]
        scores = moved.scores(adaptation.views, held_out)
        graph = opened.with_weights(*_graph_weights(moved, adaptation, opened))
        contrasts = {"feedback": _compare(before, scores, adaptation.targets, grown, seed)}
        if old:
            now = old.scores(graph, grown.postprocessor, VALIDATION, EVALUATED)
            contrasts["old"] = _compare(was, now, targets, grown, seed, columns=known)
        distance = adaptation.distance(deltas[at])
        objection = _objection(contrasts, distance, max_distance)
        if not objection:
            return _Chosen(at, graph, scores, distance, contrasts)
        refusals.append(f"  penalty {adaptation.strengths[at]:g}: {objection}")
    raise FeedbackError(
        "nothing was written: whatever learns from this feedback makes the bundle worse beyond noise, or deltas it "
        "too far\n" + "\n".join(refusals) + "\nlook at the feedback: does it contradict the old marks?"
    )


def _compare(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    targets: Any,
    bundle: Bundle,
    seed: int,
    *,
    columns: NDArray[np.intp] | slice = slice(None),
) -> Contrasts:
    """Return metrics of two sets of scores, with the difference on the same samples of marks."""
    draws, decide = draw_weights(len(before), rounds=ROUNDS, seed=seed), bundle.postprocessor.decide
    counts = bundle.train_counts[columns]
    samples = {
        name: sample_metrics(scores[:, columns], decide(scores)[:, columns], targets[:, columns], counts, draws)[None]
        for name, scores in ((BEFORE, before), (AFTER, after))
    }
    return contrast(samples, baseline=BEFORE, seed=seed)


def _objection(contrasts: Mapping[str, Contrasts], distance: float, max_distance: float) -> str:
    """Return why a layer may not be written, nothing if it may."""
    where = {"feedback": "on feedback held out", "old": "on the validation subset of the old marks"}
    for subset, found in contrasts.items():
        for name in METRICS if subset == "old" else GATES:
            each = found[AFTER][name]
            if each.verdict == "worse":
                by, low, high = (100 * part for part in (each.difference, each.difference_low, each.difference_high))
                return f"{name} {where[subset]} changes by {by:+.1f} points ({low:+.1f} to {high:+.1f})"
    if "old" not in contrasts and distance > max_distance:
        return (
            f"weights move by {distance:.0%} of their length, at most {max_distance:.0%} may be without old marks "
            "(--old)"
        )
    return ""


def _grown_bundle(bundle: Bundle, adaptation: Adaptation) -> Bundle:
    """Return the bundle with new labels, and with the feedback counted."""
    counts = np.asarray(as_targets(adaptation.targets).sum(axis=0), dtype=np.int64)
    marks = sum(bundle.training.get("marks", {}).values())
    train_counts, prior = np.zeros_like(counts), np.zeros(len(counts))
    train_counts[adaptation.known], prior[adaptation.known] = bundle.train_counts, bundle.prior
    return replace(
        bundle,
        train_counts=train_counts + counts,
        prior=(marks * prior + counts) / (marks + known_counts(adaptation.targets)),
        postprocessor=adaptation.postprocessor,
    )


def _graph_weights(
    layer: LastLayer, adaptation: Adaptation, opened: OpenedGraph
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of the graph; what did not move is exactly what it was."""
    weight, bias = layer.weight.astype(np.float32), layer.bias.astype(np.float32)
    still = ~np.isin(adaptation.known, adaptation.columns)
    at = adaptation.known[still]
    weight[at], bias[at] = opened.weight[still], opened.bias[still]
    return weight, bias


def _plain(contrasts: Contrasts) -> dict[str, dict[str, list[float]]]:
    """Return value, low and high of each metric, before and after."""
    return {
        metric: {
            when: [round(each, 5) for each in (found.value, found.low, found.high)]
            for when, found in ((when, contrasts[when][metric]) for when in (BEFORE, AFTER))
        }
        for metric in METRICS
    }
