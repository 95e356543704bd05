"""Scores of marks from heads that have not seen them.

A head agrees with the labels that it learned from, wrong ones included, so it cannot be asked whether they are
right. Marks are therefore assigned to folds, near-duplicates together, and each fold is scored by a head that
learned from the others. Only heads are trained, in seconds; the backbone may have seen the marks.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks, as_marks
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.label_issues import BLOCK_MARKS, LabelIssue, rank_label_issues
from viennatag.files import cache_folder
from viennatag.model.bundle import STARTER, Bundle, as_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.split.splitting import mark_groups
from viennatag.split.stratification import stratify
from viennatag.training.backbones.graph_surgery import bundle_backbone
from viennatag.training.data.collection import ProgressCallback
from viennatag.training.data.examples import Examples, draw_positions
from viennatag.training.data.features import extract_features
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.trained_strategy import TrainedStrategy, train_strategy
from viennatag.training.strategies import MIN_COUNT, Strategy, find_strategy

_FOLDS = 5
_STOPPING_MARKS = 20_000
"""At most this many marks of a fold stop and calibrate a head, so that their scores fit into memory."""
ISSUE_STRATEGY = find_strategy("cosine")
"""On rendered marks with 30 % of the codes hidden more of the 500 missing labels that it was surest of were right than
with a linear head, Hill loss, neighbours, or the mean of cosine and neighbours (`benchmarks/label_errors.py`)."""


def find_label_issues(
    marks: Marks | Path | str | Any,
    images: Path | str,
    bundle: Bundle | Path | str = STARTER,
    *,
    limit: int = 500,
    own_scores: bool = False,
    cache: Path | str | None = None,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> tuple[LabelIssue, ...]:
    """Return labels that are probably missing, then labels that are probably wrong, the most certain first.

    Example:
        for issue in viennatag.find_label_issues("marks.csv", "images"):
            print(issue.kind, issue.label, issue.certainty)

    Args:
        marks: A marks table: a file, a data frame, or `Marks`.
        images: Folder that the marks' images are relative to.
        bundle: Whose backbone sees the images: a bundle, its folder, or `starter`.
        limit: Most issues of each kind.
        own_scores: Use the scores of the bundle itself, where it was not trained on these marks. By default heads on
            its backbone are trained on other marks (cross-fitting).
        cache: Folder that keeps features between runs; by default the user's cache folder.
        seed: Of the folds and the heads.
        progress: Progress callback.

    Raises:
        DataError: If the marks cannot be used, an image cannot be read, or the taxonomies differ.
        BundleError: If there is no such bundle.
    """
    bundle = as_bundle(bundle)
    table, report = as_marks(marks, taxonomy=bundle.labels.taxonomy, images=images), progress or (lambda *_: None)
    if table.taxonomy != bundle.labels.taxonomy:
        raise DataError(
            f"the bundle predicts {bundle.labels.taxonomy} labels, the marks carry {table.taxonomy} ones; name a "
            "bundle that has learned such labels, or leave --model out"
        )
    paths = [Path(images) / image for image in table.images]
    if own_scores:
        with tempfile.TemporaryFile() as file:
            done = 0
            for errors, scores in Predictor(bundle).score_many(paths):
                for error in filter(None, errors):
                    raise DataError(f"an image cannot be read: {error}; leave the mark out")
                file.write(scores.astype(np.float32).tobytes())
                done += len(scores)
                report("scores", done, len(table), "")
            kept = _StoredScores(file, (len(table), len(bundle.labels)))
            return rank_label_issues(table, bundle.labels, kept, limit=limit)
    found = extract_features(
        paths,
        bundle_backbone(bundle),
        cache=Path(cache or cache_folder()),
        progress=lambda done, total: report("features", done, total, ""),
    )
    for at, why in found.errors.items():
        raise DataError(f"{paths[at]}: {why}; leave the mark out")
    labels = LabelSet.from_marks(table, min_count=MIN_COUNT)
    fitted = cross_fit_heads(table, labels, found.values, found.rows, hashes=found.hashes, seed=seed, progress=progress)
    return rank_label_issues(table, labels, fitted, limit=limit, features=(found.values, found.rows))


@dataclass(frozen=True, eq=False)
class _StoredScores:
    """Scores (marks, labels) in a file of float32, as those of a register do not fit into memory."""

    file: IO[bytes]
    shape: tuple[int, int]

    def __iter__(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        self.file.seek(0)
        for start in range(0, self.shape[0], BLOCK_MARKS):
            content = self.file.read(4 * BLOCK_MARKS * self.shape[1])
            block = np.frombuffer(content, dtype=np.float32).reshape(-1, self.shape[1])
            yield np.arange(start, start + len(block)), block


@dataclass(frozen=True, eq=False)
class CrossFittedScores:
    """Calibrated, coherent scores (marks, labels), each from the head of a fold, which did not learn from its marks.

    They are computed when they are read: those of a register do not fit into memory.
    """

    examples: Examples
    fold: NDArray[np.int8]
    heads: tuple[TrainedStrategy, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of marks and labels."""
        return len(self.fold), len(self.heads[0].labels)

    def __iter__(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Yield positions of marks (n,), each mark once, and their scores (n, labels)."""
        for at, head in enumerate(self.heads):
            members = np.flatnonzero(self.fold == at)
            for start in range(0, len(members), BLOCK_MARKS):
                marks = members[start : start + BLOCK_MARKS]
                yield marks, head.scores(HeldOut.of_examples(self.examples.select(marks))).astype(np.float32)

    def to_array(self) -> NDArray[np.float32]:
        """Return all scores, shape (marks, labels)."""
        scores = np.empty(self.shape, dtype=np.float32)
        for marks, block in self:
            scores[marks] = block
        return scores


def cross_fit_heads(
    marks: Marks,
    labels: LabelSet,
    features: NDArray[Any],
    rows: NDArray[np.intp],
    *,
    hashes: NDArray[np.uint64] | None = None,
    strategy: Strategy = ISSUE_STRATEGY,
    folds: int = _FOLDS,
    seed: int = 0,
    schedule: Schedule | None = None,
    progress: ProgressCallback | None = None,
) -> CrossFittedScores:
    """Return scores of marks from heads that did not learn from them.

    The fold after the scored one serves to stop and to calibrate, the others to learn. Features are raw, shape (rows,
    width), and `rows` says which is whose, shape (marks,). The split of the marks is not read; groups stay together,
    as do near-duplicates by their perceptual hashes.

    Raises:
        OptionError: If there are fewer than 3 folds.
        DataError: If a fold is left without marks.
    """
    if folds < 3:
        raise OptionError(f"folds is {folds}; at least 3 are needed: to learn, to stop, and to be scored")
    targets = labels.targets(marks)
    groups = mark_groups(marks, hashes)
    fold = stratify(targets, fractions=(1 / folds,) * folds, groups=groups, seed=seed) if len(marks) >= folds else None
    if fold is None or len(np.unique(fold)) < folds:
        raise DataError(
            f"label issues are found by heads that learn from {folds} parts of the marks in turn, and {len(marks):,} "
            "are too few for that; add marks, or leave --model out"
        )
    examples = Examples(features, rows, targets, np.array(marks.weights))
    heads = []
    for at in range(folds):
        stopping = np.flatnonzero(fold == (at + 1) % folds)
        train = examples.select(np.flatnonzero((fold != at) & (fold != (at + 1) % folds)))
        validation = examples.select(stopping[draw_positions(len(stopping), _STOPPING_MARKS, seed=seed)])
        heads.append(
            train_strategy(
                strategy, labels, train, validation, HeldOut.of_examples(validation), seed=seed, schedule=schedule
            )
        )
        if progress:
            progress("heads", at + 1, folds, "")
    return CrossFittedScores(examples, fold, tuple(heads))
