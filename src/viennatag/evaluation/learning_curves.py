"""What more training marks would bring, label by label, from subsamples.

A linear head is trained on growing parts of the training marks, on frozen features, and evaluated on the same test
marks. A label's error falls about as a power of its training marks (Hestness et al. 2017, arXiv 1712.00409); one
label's few points say little about that power, so each is drawn towards the power of all labels together. Intervals
are from a bootstrap over test marks, with the chance of which training marks there are, that of the repeats, and the
doubt about the power, from how far points are off their curves. On two collections they hold what 50 more marks bring
for 97 to 100 % of the labels (`benchmarks/label_features.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks
from viennatag.errors import DataError, OptionError, require
from viennatag.evaluation.scored_images import score_images
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.metrics.metrics import average_precision, mean_of_known
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import ArrayData, as_scores, as_targets, dense_unknown, known_blocks
from viennatag.model.seen_images import unseen_marks
from viennatag.prediction.predictor import Predictor
from viennatag.split.splitting import split_marks

MOST_MARKS = 20_000
"""Training marks of a bundle that its learning curves use at most."""
PARTS = (0.125, 0.25, 0.5, 1.0)
"""Shares of the training marks that heads are trained on."""
_REPEATS = 3
_RIDGE = 1.0  # relative to the mean square of a standardised feature times the marks a feature needs
_SHRINKAGE = 0.25  # a label's points count against the common power as much as this spread of log marks
_FLOOR = 0.01  # added to errors, whose logarithm is fitted


@dataclass(frozen=True)
class Ahead:
    """The average precision to be expected of a label with more training marks, and its 95 % interval."""

    marks: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class LearningCurves(TabularResult):
    """Average precision of each label at growing numbers of its training marks.

    Attributes:
        names: The labels.
        counts: Mean number of a label's marks in each part, shape (parts, labels).
        samples: Average precision of each part, the value and its bootstrap samples, NaN for a label without test
            marks; shape (parts, 1 + rounds, labels).
    """

    names: tuple[str, ...]
    counts: NDArray[np.float64]
    samples: NDArray[np.float64]

    def __repr__(self) -> str:
        gain = mean_of_known(self.gain(50))
        return f"LearningCurves({len(self.names):,} labels, 50 more marks of each: mean average precision {gain:+.3f})"

    def measured(self, label: int) -> NDArray[np.float64]:
        """Return marks and average precision of each part with marks of a label; shape (parts, 2), or (0, 2)."""
        held = self.counts[:, label] > 0
        if np.isnan(self.samples[-1, 0, label]) or not held[-1]:
            return np.empty((0, 2))
        return np.column_stack([self.counts[held, label], self.samples[held, 0, label]])

    def gain(self, more: float) -> NDArray[np.float64]:
        """Return how much average precision `more` training marks would add to each label, NaN where unknown."""
        gain: NDArray[np.float64] = self._ahead(more)[0] - self.samples[-1, 0]
        return gain

    def ahead(self, label: int, more: float) -> Ahead:
        """Return what to expect of one label with `more` training marks."""
        found = _share(self._ahead(more)[:, label])
        return Ahead(float(self.counts[-1, label] + more), found.value, found.low, found.high)

    def to_dataframe(self, more: float = 50) -> Any:
        """Return one row per label: its marks, its average precision, and that with `more` marks, with interval.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        ahead = [_share(column) for column in self._ahead(more).T]
        return to_frame({
            "label": self.names,
            "train_marks": self.counts[-1].astype(int),
            "average_precision": self.samples[-1, 0],
            "expected": [each.value for each in ahead],
            "low": [each.low for each in ahead],
            "high": [each.high for each in ahead],
            "gain": self.gain(more),
        })  # fmt: skip

    def _ahead(self, more: float) -> NDArray[np.float64]:
        """Return expected average precision, the value and its samples; shape (1 + rounds, labels)."""
        counts = self.counts[:, None, :]
        held = (counts > 0) & ~np.isnan(self.samples)
        x = np.log(np.maximum(counts, 1e-9))
        y = np.log(1 - np.where(held, self.samples, 0.0) + _FLOOR)
        points = held.sum(axis=0)
        centre_x, centre_y = (
            np.where(held, each, 0).sum(axis=0) / np.maximum(points, 1) for each in (np.broadcast_to(x, y.shape), y)
        )
        spread = np.where(held, (x - centre_x) ** 2, 0).sum(axis=0)
        common = np.where(held, (x - centre_x) * (y - centre_y), 0).sum(axis=0)
        power = common.sum(axis=1, keepdims=True) / np.maximum(spread.sum(axis=1, keepdims=True), 1e-12)
        power = (common + _SHRINKAGE * power) / (spread + _SHRINKAGE)
        off = np.where(held, y - centre_y - power * (x - centre_x), 0.0)[:, 0]
        noise = np.sqrt(np.sum(off**2) / max(held[:, 0].sum() - 2 * len(self.names), 1))
        doubt = np.random.default_rng(0).normal(size=power[1:].shape)  # a power from few points may be another one
        power[1:] += doubt * noise / np.sqrt(spread[0] + _SHRINKAGE)
        now = np.maximum(self.counts[-1], 1)
        errors = (1 - self.samples[-1] + _FLOOR) * ((now + more) / now) ** power
        return np.where(self.counts[-1] > 0, np.clip(1 + _FLOOR - errors, 0, 1), np.nan)


def _share(samples: NDArray[np.float64]) -> Interval:
    """Return the interval of a value in [0, 1], which a centred one may leave."""
    found = Interval.of(samples)
    return Interval(found.value, max(found.low, 0.0), min(found.high, 1.0))


def learning_curves(
    features: ArrayData,
    targets: ArrayData,
    test_features: ArrayData,
    test_targets: ArrayData,
    *,
    names: Sequence[str] | None = None,
    parts: Sequence[float] = PARTS,
    rounds: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> LearningCurves:
    """Return how the average precision of each label grows with its training marks.

    Args:
        features: Of the training marks, shape (marks, width).
        targets: Of the training marks, shape (marks, labels).
        test_features: Of marks that training does not see, shape (test marks, width).
        test_targets: Of the same, shape (test marks, labels).
        names: The labels; by default `label 0`, `label 1`, ...
        parts: Ascending shares of the training marks; the last is 1.
        rounds: Bootstrap samples.
        seed: Of the subsamples and the bootstrap.
        progress: Told how many of how many heads are trained.

    Raises:
        DataError: If shapes differ.
        OptionError: If `parts` make no sense.
        MissingExtraError: If SciPy is not installed.
    """
    shares = [float(share) for share in parts]
    if len(shares) < 2 or shares != sorted(set(shares)) or not shares[0] > 0 or shares[-1] != 1:
        raise OptionError(f"parts are {tuple(parts)}; expected two or more ascending shares above 0, the last 1")
    x, test_x = as_scores(features).astype(np.float32), as_scores(test_features).astype(np.float32)
    sparse = require("scipy.sparse", "data").csr_array
    y, test_y = sparse(as_targets(targets)), sparse(as_targets(test_targets))
    for what, rows, of in (("", x, y), ("test_", test_x, test_y)):
        if rows.ndim != 2 or rows.shape[0] != of.shape[0]:
            raise DataError(f"{what}features have shape {rows.shape}, {what}targets {of.shape}; their marks must match")
    if x.shape[1] != test_x.shape[1] or y.shape[1] != test_y.shape[1]:
        raise DataError(
            f"training and test differ: {x.shape[1]} and {test_x.shape[1]} features, "
            f"{y.shape[1]} and {test_y.shape[1]} labels"
        )
    labels = y.shape[1]
    unknown = dense_unknown(targets)
    open_targets = None if unknown is None else -unknown.astype(np.int8)  # targets of which only that is told
    random = np.random.default_rng(seed)
    centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    x, test_x = (x - centre) / spread, (test_x - centre) / spread
    weights = draw_weights(len(test_x), rounds=rounds, seed=seed)
    counts, samples = np.zeros((len(shares), labels)), np.zeros((len(shares), 1 + rounds, labels))
    heads = (len(shares) - 1) * _REPEATS + 1
    done, deviations = 0, []
    for part, share in enumerate(shares):
        repeats = _REPEATS if share < 1 else 1
        found = np.empty((repeats, 1 + rounds, labels))
        for repeat in range(repeats):
            rows = np.sort(random.permutation(len(x))[: max(2, round(share * len(x)))])
            scores = np.zeros((len(test_x), labels), np.float32)
            for known, own in known_blocks(y[rows] if open_targets is None else open_targets[rows]):
                if len(x[rows][known]) > 1:
                    truth = y[rows][known][:, own].toarray().astype(np.float32)
                    scores[:, own] = ridge_scores(x[rows][known], truth, test_x)
            counts[part] += y[rows].sum(axis=0) / repeats
            found[repeat] = average_precision(scores, test_targets, weights)
            done += 1
            if progress:
                progress(done, heads)
        samples[part] = found.mean(axis=0)
        deviations.append(found[:, 0].var(axis=0, ddof=1) if repeats > 1 else np.full(labels, np.nan))
    # Other training marks of the same number give another value: once for the curve's end, once for what is ahead.
    chance = np.sqrt(2 * np.mean(deviations[:-1], axis=0))
    samples[-1, 1:] = np.clip(samples[-1, 1:] + chance * random.normal(size=(rounds, labels)), 0, 1)
    chosen = tuple(f"label {at}" for at in range(labels)) if names is None else tuple(map(str, names))
    if len(chosen) != labels:
        raise OptionError(f"there are {len(chosen):,} names for {labels:,} labels; expected one for each")
    return LearningCurves(chosen, counts, samples)


def bundle_learning_curves(
    predictor: Predictor,
    train: Marks,
    test: Marks,
    images: Path | str,
    *,
    labels: LabelSet | None = None,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> LearningCurves:
    """Return the learning curves of labels on the features of a bundle's network.

    Args:
        predictor: Of the bundle.
        train: Marks that the bundle was trained on, or others to learn from; of more than `MOST_MARKS` a random part.
        test: Marks to evaluate on.
        images: Folder that the images of both are relative to.
        labels: The labels; by default those of the bundle.
        seed: See `learning_curves`.
        progress: Told the stage, and how much of how much is done.

    Raises:
        DataError: If there is no mark to train on.
    """
    if not len(train):
        raise DataError("there is no mark to train on, so there are no learning curves; name rows `train` in `split`")
    if len(train) > MOST_MARKS:
        train = train.select(np.sort(np.random.default_rng(seed).permutation(len(train))[:MOST_MARKS]))
    total = len(train) + len(test)
    chosen = labels or predictor.bundle.labels

    def features_of(marks: Marks, before: int) -> tuple[NDArray[np.float32], Any]:
        found = score_images(
            predictor,
            (Path(images) / image for image in marks.images),
            progress=lambda done: progress("features", before + done, total) if progress else None,
        )
        return found.features, chosen.targets(marks.select(found.rows))

    return learning_curves(
        *features_of(train, 0),
        *features_of(test, len(train)),
        names=chosen.names,
        seed=seed,
        progress=lambda done, heads: progress("learning curves", done, heads) if progress else None,
    )


def marks_learning_curves(
    predictor: Predictor,
    marks: Marks,
    images: Path | str,
    *,
    min_count: int = 1,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> LearningCurves:
    """Return the learning curves of the labels of marks that need no bundle of their own yet.

    Marks without a split are split 70/10/20; heads learn from training and validation marks.

    Args:
        predictor: Of any bundle; only its network is used.
        marks: The marks.
        images: Folder that their images are relative to.
        min_count: A label with fewer marks to learn from counts for its parent.
        seed: Of the split, the subsamples and the bootstrap.
        progress: Told the stage, and how much of how much is done.

    Raises:
        DataError: If the bundle has learned from all test marks, or there is nothing to learn from.
    """
    subsets = split_marks(marks, fractions=(0.7, 0.1, 0.2), seed=seed)
    test = subsets == SUBSETS.index("test")
    train = marks.select(np.flatnonzero(~test))
    return bundle_learning_curves(
        predictor,
        train,
        unseen_marks(predictor.bundle, marks.select(np.flatnonzero(test)), images),
        images,
        labels=LabelSet.from_marks(train, min_count=min_count),
        seed=seed,
        progress=progress,
    )


def ridge_scores(x: NDArray[np.float32], y: NDArray[np.float32], test_x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the test scores, shape (test marks, labels), of a ridge regression, which takes seconds.

    Args:
        x: Standardised features of the training marks, shape (marks, width).
        y: Their targets, shape (marks, labels).
        test_x: Features of the test marks, shape (test marks, width).
    """
    centre_x, centre_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - centre_x, y - centre_y
    marks, width = x.shape
    penalty = np.float32(_RIDGE * width / 4)
    if marks < width:
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(marks, dtype=np.float32), y)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(width, dtype=np.float32), x.T @ y)
    scores: NDArray[np.float32] = (test_x - centre_x) @ weights + centre_y
    return scores
