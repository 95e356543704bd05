"""Scores of marks from heads that have not seen them.

A head agrees with the labels that it learned from, wrong ones included, so it cannot be asked whether they are
right. Marks are therefore shared out into folds, look-alikes together, and each fold is scored by a head that
learned from the others. Only heads are trained, in seconds; the trunk may have seen the marks.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.split.splitting import mark_groups
from viennatag.split.stratification import stratify
from viennatag.training.data.collection import Report
from viennatag.training.heads.trainer import Examples, Schedule
from viennatag.training.learner import learn
from viennatag.training.strategies import Strategy, find_strategy

FOLDS = 5
JUDGE = find_strategy("cosine")
"""On rendered marks with 30 % of the codes hidden more of the 500 missing labels that it was surest of were right than
with a linear head, Hill loss, neighbours, or the mean of cosine and neighbours (`benchmarks/label_errors.py`)."""


def cross_fitted_scores(
    marks: Marks,
    labels: LabelSet,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    *,
    hashes: NDArray[np.uint64] | None = None,
    strategy: Strategy = JUDGE,
    folds: int = FOLDS,
    seed: int = 0,
    schedule: Schedule | None = None,
    report: Report | None = None,
) -> NDArray[np.float32]:
    """Return calibrated, coherent scores (marks, labels), each from a head that did not learn from the mark.

    The fold after the one that is scored serves to stop and to calibrate, the others to learn.

    Args:
        marks: The marks; their split is of no account, their groups stay together.
        labels: What is scored.
        features: Raw features, shape (rows, width).
        rows: Row of `features` for each mark, shape (marks,).
        hashes: Perceptual hash of each mark's image; marks that look alike then stay together.
        strategy: What learns.
        folds: At least 3.
        seed: Of the folds and the heads.
        schedule: How long and how fast the heads learn.
        report: Told how far the work is.

    Raises:
        OptionError: If there are fewer than 3 folds.
        DataError: If a fold is left without marks.
    """
    if folds < 3:
        raise OptionError(f"folds is {folds}; at least 3 are needed: to learn, to stop, and to be scored")
    targets = labels.encode(marks.codes)
    fold = stratify(targets, fractions=(1 / folds,) * folds, groups=mark_groups(marks, hashes), seed=seed)
    if len(np.unique(fold)) < folds:
        raise DataError(f"{len(marks):,} marks cannot be shared out into {folds} folds; more marks are needed")
    examples = Examples(features, rows, targets, np.array(marks.weights))
    scores = np.empty((len(marks), len(labels)), dtype=np.float32)
    for at in range(folds):
        held, stopping = fold == at, fold == (at + 1) % folds
        train, validation = (examples.select(np.flatnonzero(chosen)) for chosen in (~held & ~stopping, stopping))
        learned = learn(strategy, labels, train, validation, seed=seed, schedule=schedule)
        scores[held] = learned.scores(examples.select(np.flatnonzero(held)))
        if report:
            report("heads", at + 1, folds, "")
    return scores
