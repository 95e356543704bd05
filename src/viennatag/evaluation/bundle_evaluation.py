"""Evaluate a bundle on marks, from their images on: means over labels, and the figures of every label."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.data.marks import Marks, as_marks
from viennatag.errors import DataError
from viennatag.evaluation.evaluation import Evaluation, evaluate_scores
from viennatag.evaluation.label_report import LabelReport, label_report
from viennatag.metrics.scores import Scores
from viennatag.model.bundle import Bundle, as_bundle
from viennatag.model.seen_images import unseen_marks
from viennatag.prediction.predictor import Predictor


def evaluate(
    model: Predictor | Bundle | Path | str,
    marks: Marks | Path | str | Any,
    images: Path | str,
    *,
    skip_bad: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Return how good a bundle is on marks, from their images on.

    Marks whose image the bundle has learned from are left out and counted in `skipped`.

    Example:
        evaluation = viennatag.evaluate("my-bundle", "later-marks.csv", "images")

    Args:
        model: A predictor, a bundle, the folder of a bundle, or `starter`.
        marks: The true labels: a marks table (a file, a data frame, or `Marks`).
        images: Folder that the marks' images are relative to.
        skip_bad: Leave out marks whose image cannot be read, instead of raising.
        seed: Of the bootstrap.
        progress: Told how many of how many marks are done.

    Raises:
        DataError: If the taxonomies differ, an image cannot be read, or the bundle has learned from every mark.
    """
    predictor = model if isinstance(model, Predictor) else Predictor(as_bundle(model))
    bundle = predictor.bundle
    table = as_marks(marks, taxonomy=bundle.labels.taxonomy, images=images, skip_bad=skip_bad)
    table = unseen_marks(bundle, table, images)
    scores, readable = score_marks(predictor, table, images, skip_bad=skip_bad, progress=progress)
    evaluation = evaluate_scores(scores, readable, bundle, seed=seed)
    return replace(evaluation, label_report=report_labels(scores, readable, bundle, seed=seed))


def score_marks(
    predictor: Predictor,
    marks: Marks,
    images: Path | str,
    *,
    skip_bad: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NDArray[np.float64], Marks]:
    """Return the scores of marks, shape (marks, labels), and the marks themselves without those of unreadable images.

    Args:
        predictor: Of the bundle.
        marks: With the bundle's taxonomy.
        images: Folder that the marks' images are relative to.
        skip_bad: As in `evaluate`.
        progress: As in `evaluate`.

    Raises:
        DataError: If the taxonomies differ, or an image cannot be read.
    """
    bundle = predictor.bundle
    if marks.taxonomy != bundle.labels.taxonomy:
        raise DataError(
            f"the bundle predicts {bundle.labels.taxonomy} labels, the marks carry {marks.taxonomy} ones; "
            f"read them with --taxonomy {bundle.labels.taxonomy}"
        )
    scores = np.empty((len(marks), len(bundle.labels)))
    errors: dict[int, str] = {}
    folder = Path(images)
    done = 0
    for outcomes, found in predictor.score_many(folder / image for image in marks.images):
        errors |= {done + at: str(error) for at, error in enumerate(outcomes) if error}
        scores[[done + at for at, error in enumerate(outcomes) if not error]] = found
        done += len(outcomes)
        if progress:
            progress(done, len(marks))
    readable, rows = marks.readable(errors, skip_bad=skip_bad)
    return scores[rows], readable


def report_labels(
    scores: Scores,
    marks: Marks,
    bundle: Bundle,
    *,
    support: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
) -> LabelReport:
    """Return the figures of each label of a bundle.

    Args:
        scores: As in `evaluate_scores`.
        marks: What is true.
        bundle: Names the labels, their training counts and thresholds.
        support: Marks with each label in further subsets, by name.
        seed: Of the bootstrap.

    Raises:
        DataError: If shapes differ or scores are no probabilities.
    """
    labels = bundle.labels
    return label_report(
        scores,
        labels.targets(marks),
        names=labels.names,
        headings=[labels.hierarchy.heading(name) for name in labels.names],
        levels=labels.levels,
        groups=[labels.hierarchy.group(name) for name in labels.names],
        thresholds=bundle.postprocessor.thresholds,
        suggested=bundle.postprocessor.decide(scores),
        support={"train": bundle.train_counts, **(support or {})},
        seed=seed,
    )
