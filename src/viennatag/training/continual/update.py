"""Learn an office's dialect from its examiners' decisions, without forgetting what the bundle knew.

Only the head learns, on cached features. It starts as it is and a pull holds it there (`training.pull`); codes that
no decision is about keep their weights to the last bit. How strong the pull is, is found by cross-fitting: each fifth
of the decisions, look-alikes together, is scored by a head that learned from the others. Where the old marks are
given, some are shown again while the head learns, and no bundle is written that is worse on their validation part
beyond noise. Where they are not, that cannot be known: then the head may not move further than a bound, and must be
no worse on decisions that it has not seen.

Calibration and thresholds are kept: the head learns on the scale of calibrated scores, so they go on to mean what they
meant, and a few decisions could not tune them better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, DecisionsError
from viennatag.evaluation.comparison import FIGURES, contrast, draw_marks, sample_figures
from viennatag.evaluation.evaluation import judge
from viennatag.evaluation.feedback import AFTER, BEFORE, Continued, Decisions, Judgement
from viennatag.model.bundle import Bundle, write_bundle
from viennatag.split.splitting import mark_groups
from viennatag.split.stratification import stratify
from viennatag.training.backbones.graph_surgery import Reopened, reopen
from viennatag.training.continual.adaptation import Lesson, Lines, Replay, Trial, grown_calibration
from viennatag.training.continual.weight_deltas import STRENGTHS
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, Report, collect
from viennatag.training.data.features import extract_features
from viennatag.training.heads.trainer import Examples, some
from viennatag.training.postprocessing.pixel_colours import extract_readings, pick
from viennatag.vienna.codes import parse_code

FOLDS = 5
LEAST = 10
"""Fewer decisions are not enough to hold some out."""
MIN_COUNT = 5
"""A code that the bundle does not know gets a place in it with so many decisions."""
FURTHEST = 1.0
"""Without old marks, weights may move by this share of their length."""
REPLAYED, JUDGED = 1_500, 6_000
"""So many old marks are enough to be shown again, and to be judged."""
GATES = ("micro_map", "micro_f1", "calibration_error")
"""Figures of held-out decisions that may not become worse beyond noise. Means over codes cannot be asked: the head
that scores one of a rare code's few marks has learned from marks among which the code is still rarer."""


def continue_training(
    bundle: Bundle,
    decisions: Decisions,
    images: Path | str,
    out: Path | str,
    *,
    cache: Path,
    old: tuple[Marks, Path | str] | None = None,
    min_count: int = MIN_COUNT,
    strengths: tuple[float, ...] = STRENGTHS,
    skip_bad: bool = False,
    seed: int = 0,
    report: Report | None = None,
) -> Continued:
    """Write a bundle that learned from decisions, and say what that changed.

    Args:
        bundle: What to go on from.
        decisions: What to learn.
        images: Folder that the decisions' images are relative to.
        out: Folder to write the bundle to; it may be that of `bundle`.
        cache: Folder that keeps features between runs.
        old: The marks that the bundle learned from, and the folder of their images. Where they state no split, the
            seed of the bundle finds the one of its training again.
        min_count: A code that the bundle does not know needs so many decisions to be added.
        strengths: Of the pull, the strongest first; what is best on held-out decisions is taken.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the folds and the bootstrap.
        report: Told how far the work is.

    Raises:
        DataError: If the decisions or the old marks cannot be used.
        BundleError: If the bundle's head cannot learn on, or `out` holds something that is not a bundle.
        DecisionsError: If the decisions teach nothing, or nothing that the checks allow; nothing is written then.
    """
    report = report or (lambda *_: None)
    _check_taxonomy(bundle, decisions.marks, "decisions")
    reopened = reopen(bundle)
    paths = [Path(images) / image for image in decisions.marks.images]
    found = extract_features(
        paths, reopened.trunk, cache=cache, progress=lambda done, total: report("features", done, total, "decisions")
    )
    kept, rows = decisions.marks.readable(found.errors, skip_bad=skip_bad)
    decisions = replace(decisions.select(rows), marks=kept)
    if len(decisions) < LEAST:
        raise DataError(f"there are {len(decisions)} decisions; at least {LEAST} are needed, to hold some out")
    labels, left_out = grow_labels(bundle.labels, kept, min_count=min_count)
    old_marks = None
    if old:
        _check_taxonomy(bundle, old[0], "old marks")
        at_training = int(bundle.training.get("seed") or 0)
        collection = collect(*old, reopened.trunk, cache=cache, skip_bad=skip_bad, seed=at_training, report=report)
        old_marks = _OldMarks(collection, labels, reopened, Path(old[1]), Eye(bundle, cache), seed)

    start = start_lines(bundle, reopened)
    seen = Eye(bundle, cache).widened(reopened.see(found.values[found.rows[rows]]), [paths[at] for at in rows])
    replay = old_marks.replay() if old_marks else None
    lesson = Lesson.of(start, labels, decisions, seen, bundle.thresholds, replay, strengths=strengths)
    report("head", 0, FOLDS, f"{len(lesson.columns):,} codes")
    groups = mark_groups(kept, found.hashes[rows])
    trial = Trial.of(lesson, stratify(lesson.targets, fractions=(1 / FOLDS,) * FOLDS, groups=groups, seed=seed))
    report("head", FOLDS, FOLDS, f"{len(lesson.columns):,} codes")

    fresh = _grown_bundle(bundle, lesson)
    chosen = _choose(lesson, trial, old_marks, fresh, seed)
    if old_marks:
        evaluation = judge(chosen.lines.scores(old_marks.seen(TEST)), old_marks.marks(TEST), fresh, seed=seed)
    else:
        evaluation = judge(chosen.lines.scores_of(chosen.held_out), kept, fresh, seed=seed)
    note = {
        "from": bundle.digest,
        "decisions": len(decisions),
        "pull": strengths[chosen.at],
        "distance": round(chosen.distance, 4),
        "moved": len(lesson.columns),
        "judged_on": "test part of the old marks" if old_marks else "decisions, cross-fitted",
        "figures": {name: _plain(part) for name, part in chosen.judgements.items()},
    }
    training = {**bundle.training, "continued": [*bundle.training.get("continued", ()), note]}
    fresh = replace(fresh, metrics=evaluation.to_json(), training=training)
    written = write_bundle(fresh, reopened.joined(*_uncalibrated(chosen.lines, lesson, reopened, fresh)), out)
    return Continued(
        bundle=written,
        decisions=len(decisions),
        on_decisions=chosen.judgements["decisions"],
        on_old=chosen.judgements.get("old"),
        pull=strengths[chosen.at],
        distance=chosen.distance,
        moved=len(lesson.columns),
        added=tuple(name for name in labels.names if name not in bundle.labels.index),
        left_out=left_out,
    )


def start_lines(bundle: Bundle, reopened: Reopened) -> Lines:
    """Return a bundle's head on the scale of calibrated scores, for what `Eye` sees."""
    slope, columns = bundle.calibration.slope, bundle.pixel_columns
    weight, bias = slope[:, None] * reopened.weight, slope * reopened.bias + bundle.calibration.intercept
    weight = np.concatenate([weight, np.zeros((len(weight), len(columns)))], axis=1)
    weight[columns], bias[columns] = 0.0, bundle.calibration.intercept[columns]
    weight[columns, reopened.weight.shape[1] + np.arange(len(columns))] = slope[columns]
    return Lines(bundle.labels, weight, bias, bundle.calibration, len(columns), bundle.lift)


@dataclass(frozen=True, eq=False)
class Eye:
    """Adds to what the network sees of images what a bundle reads from their pixels."""

    bundle: Bundle
    cache: Path

    def widened(self, seen: NDArray[np.float32], paths: Sequence[Path]) -> NDArray[np.float32]:
        """Return channels (marks, channels) with those of the readings after them."""
        if not self.bundle.from_pixels:
            return seen
        readings = extract_readings(paths, self.bundle.image_size, cache=self.cache)
        return np.concatenate([seen, pick(self.bundle.labels, self.bundle.from_pixels, readings)[1]], axis=1)


def grow_labels(known: LabelSet, marks: Marks, *, min_count: int) -> tuple[LabelSet, dict[str, int]]:
    """Return labels to which codes of marks are added, and the codes that too few carry, with their number."""
    vienna = known.taxonomy == "vienna"
    carried = LabelSet.from_marks(marks)
    counts = np.asarray(carried.encode(marks.codes).sum(axis=0)).tolist()
    fresh = {name: int(count) for name, count in zip(carried.names, counts, strict=True) if name not in known.index}
    if len(fresh) == len(carried):
        raise DataError(
            f"none of the {len(carried):,} codes decided on is among the bundle's {len(known):,} {known.taxonomy} "
            f"labels ({', '.join(known.names[:3])} ...): this is another bundle's work"
        )
    left_out = {name: count for name, count in fresh.items() if count < min_count}
    names = {*known.names, *fresh} - set(left_out)
    order = sorted(names, key=parse_code) if vienna else sorted(names)
    return LabelSet(known.taxonomy, tuple(order)), left_out


def _check_taxonomy(bundle: Bundle, marks: Marks, what: str) -> None:
    if marks.taxonomy != bundle.labels.taxonomy:
        raise DataError(
            f"the bundle predicts {bundle.labels.taxonomy} labels, the {what} carry {marks.taxonomy} ones; "
            f"read them with --taxonomy {bundle.labels.taxonomy}"
        )


@dataclass(frozen=True, eq=False)
class _OldMarks:
    """The marks that a bundle learned from, in their parts."""

    collection: Collection
    labels: LabelSet
    reopened: Reopened
    images: Path
    eye: Eye
    seed: int

    def examples(self, part: int, limit: int | None = None) -> Examples:
        examples = self.collection.examples(self.labels, part)
        return examples.select(some(len(examples), limit, seed=self.seed)) if limit else examples

    def seen(self, part: int, limit: int | None = None) -> NDArray[np.float32]:
        examples, images = self.examples(part, limit), self.marks(part).images
        at = some(len(images), limit, seed=self.seed) if limit else range(len(images))  # as of the examples
        paths = [self.images / images[each] for each in at]
        return self.eye.widened(self.reopened.see(examples.features[examples.rows]), paths)

    def marks(self, part: int) -> Marks:
        return self.collection.marks.select(np.flatnonzero(self.collection.parts == part))

    def replay(self) -> Replay:
        return Replay(self.seen(TRAIN, REPLAYED), self.examples(TRAIN, REPLAYED).targets)


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The pull that was chosen: its position, the head, logits of held-out decisions, and what was judged."""

    at: int
    lines: Lines
    held_out: NDArray[np.float32]
    distance: float
    judgements: Mapping[str, Judgement]


def _choose(lesson: Lesson, trial: Trial, old: _OldMarks | None, fresh: Bundle, seed: int) -> _Chosen:
    """Return the pull that is best on held-out decisions among those that the checks allow."""
    allowed, refusals = trial.order(), []
    if not allowed:
        raise DecisionsError(
            f"{len(trial.before):,} decisions teach nothing: on those held out every change is worse than none. "
            "Nothing was written; collect more of them"
        )
    grown, moves = lesson.learn(np.arange(len(trial.before)))
    known = np.array([lesson.labels.index[name] for name in lesson.start.labels.names])
    before = np.zeros((len(trial.before), len(lesson.labels)))
    before[:, known] = lesson.start.scores(lesson.seen)
    for at in allowed:
        lines = grown.moved(lesson.columns, *lesson.directions.unfold(moves[at]))
        held_out = grown.logits(lesson.seen)
        held_out[:, lesson.columns] = trial.after[at]
        judgements = {"decisions": _compare(before, lines.scores_of(held_out), lesson.targets, fresh, seed)}
        if old:
            shown, targets = old.seen(VALIDATION, JUDGED), old.examples(VALIDATION, JUDGED).targets
            scores = np.zeros((len(shown), len(lesson.labels)))
            scores[:, known] = lesson.start.scores(shown)
            judgements["old"] = _compare(scores, lines.scores(shown), targets, fresh, seed, columns=known)
        distance = lesson.distance(moves[at])
        objection = _objection(judgements, distance)
        if not objection:
            return _Chosen(at, lines, held_out, distance, judgements)
        refusals.append(f"  pull {lesson.strengths[at]:g}: {objection}")
    raise DecisionsError(
        "nothing was written: whatever learns from these decisions makes the bundle worse beyond noise, or moves it "
        "too far\n" + "\n".join(refusals) + "\nlook at the decisions: do they contradict the old marks?"
    )


def _compare(
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    targets: Any,
    bundle: Bundle,
    seed: int,
    *,
    columns: NDArray[np.intp] | slice = slice(None),
) -> Judgement:
    """Return figures of two sets of scores, with the difference on the same samples of marks."""
    draws = draw_marks(len(before), seed=seed)
    cuts, counts = bundle.thresholds[columns], bundle.train_counts[columns]
    samples = {
        name: sample_figures(scores[:, columns], scores[:, columns] >= cuts, targets[:, columns], counts, draws)[None]
        for name, scores in ((BEFORE, before), (AFTER, after))
    }
    return contrast(samples, baseline=BEFORE, seed=seed)


def _objection(judgements: Mapping[str, Judgement], distance: float) -> str:
    """Return why a head may not be written, nothing if it may."""
    where = {"decisions": "on decisions held out", "old": "on the validation part of the old marks"}
    for part, figures in judgements.items():
        for name in FIGURES if part == "old" else GATES:
            found = figures[AFTER][name]
            if found.verdict == "worse":
                low, high = 100 * found.difference_low, 100 * found.difference_high
                return (
                    f"{name} {where[part]} changes by {100 * found.difference:+.1f} points ({low:+.1f} to {high:+.1f})"
                )
    if "old" not in judgements and distance > FURTHEST:
        return (
            f"weights move by {distance:.0%} of their length, at most {FURTHEST:.0%} may be without old marks (--old)"
        )
    return ""


def _grown_bundle(bundle: Bundle, lesson: Lesson) -> Bundle:
    """Return the bundle with places for new labels and with the decisions counted; a cut comes from the parent."""
    labels, counts = lesson.labels, np.asarray(lesson.targets.sum(axis=0), dtype=np.int64)
    marks = sum(bundle.training.get("marks", {}).values())
    before = {name: np.zeros(len(labels)) for name in ("train_counts", "prior")}
    cuts = np.full(len(labels), np.median(bundle.thresholds))
    for at, (name, parent) in enumerate(zip(labels.names, labels.parents.tolist(), strict=True)):
        own = bundle.labels.index.get(name)
        if own is not None:
            cuts[at] = bundle.thresholds[own]
            before["train_counts"][at], before["prior"][at] = bundle.train_counts[own], bundle.prior[own]
        elif parent >= 0:
            cuts[at] = cuts[parent]
    return replace(
        bundle,
        labels=labels,
        train_counts=before["train_counts"].astype(np.int64) + counts,
        prior=(marks * before["prior"] + counts) / (marks + lesson.targets.shape[0]),
        calibration=grown_calibration(bundle.calibration, bundle.labels, labels),
        thresholds=cuts,
    )


def _uncalibrated(
    lines: Lines, lesson: Lesson, reopened: Reopened, bundle: Bundle
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weight and bias of the graph; what did not move is exactly what it was."""
    slope, intercept = bundle.calibration.slope, bundle.calibration.intercept
    weight = (lines.weight[:, : lines.channels] / slope[:, None]).astype(np.float32)
    bias = ((lines.bias - intercept) / slope).astype(np.float32)
    moved = set(lesson.columns.tolist())
    for own, name in enumerate(lesson.start.labels.names):
        at = lesson.labels.index[name]
        if at not in moved:
            weight[at], bias[at] = reopened.weight[own], reopened.bias[own]
    return weight, bias


def _plain(judgement: Judgement) -> dict[str, dict[str, list[float]]]:
    """Return value, low and high of each figure, before and after."""
    return {
        figure: {
            when: [round(each, 5) for each in (found.value, found.low, found.high)]
            for when, found in ((when, judgement[when][figure]) for when in (BEFORE, AFTER))
        }
        for figure in FIGURES
    }
