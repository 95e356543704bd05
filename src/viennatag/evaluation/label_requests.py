"""Which unlabelled images a person should label next, so that rare labels gain most.

Random images show rare labels rarely, and the most uncertain images are often odd ones that look alike. Here an image
is worth the variance of what the bundle guesses of labels that are short of training marks: about the positives that
are to be expected of it where scores are low, as those of rare labels are, and little where the bundle is sure already.
Each choice lowers what its labels still need and the worth of images that look like it, so the list spreads over labels
and over kinds of images.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.errors import DataError, OptionError
from viennatag.files import safe_cells
from viennatag.metrics.results import TabularResult, to_frame
from viennatag.metrics.scores import ArrayData, as_scores, check_scores, plain_array
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.splitting import MAX_DISTANCE

_POOL = 20  # images that are compared in each step, for each image asked for
_LEAST_POOL = 2000


@dataclass(frozen=True, eq=False, repr=False)
class LabelRequests(TabularResult):
    """Images to label, the most useful first; arrays have shape (requests,).

    Attributes:
        rows: Positions of the images.
        worth: What each adds to what was chosen before it, in variance of labels that have no marks yet.
        labels: Position of the label that it is chosen for most.
        scores: Its score for that label.
        names: All labels.
        images: Names of the chosen images.
    """

    rows: NDArray[np.intp]
    worth: NDArray[np.float64]
    labels: NDArray[np.intp]
    scores: NDArray[np.float64]
    names: tuple[str, ...]
    images: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"LabelRequests({len(self):,} images for {len(np.unique(self.labels)):,} labels)"

    def columns(self) -> dict[str, Any]:
        """Return the table in columns by name, one row per image; `codes` is left for the person who labels."""
        return {
            "image": self.images,
            "codes": [""] * len(self),
            "rank": np.arange(1, len(self) + 1),
            "aimed_at": [self.names[at] for at in self.labels],
            "score": self.scores.round(4),
            "worth": self.worth.round(4),
        }

    def to_dataframe(self) -> Any:
        """Return the table as a pandas DataFrame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return to_frame(self.columns())

    def write(self, file: TextIO) -> None:
        """Write the table as CSV."""
        columns = self.columns()
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(map(safe_cells, zip(*columns.values(), strict=True)))


def suggest_labels(
    scores: ArrayData,
    features: ArrayData,
    train_counts: ArrayLike,
    *,
    count: int = 500,
    enough: int = 100,
    hashes: NDArray[np.uint64] | None = None,
    names: Sequence[str] | None = None,
    images: Sequence[str] | None = None,
) -> LabelRequests:
    """Return the images that a person should label next, the most useful first.

    With scores p, the worth of an image is the sum over labels of need · p (1 - p). A label with n training marks,
    expected ones of images chosen so far included, needs (1 - n / enough) / sqrt(n + 1), nothing from `enough` marks
    on. The worth is multiplied by 1 - c, c the largest cosine of the image's centred features with those of a chosen
    image.

    Args:
        scores: Calibrated probabilities of the unlabelled images, shape (images, labels).
        features: Of the same images, shape (images, width).
        train_counts: Training marks of each label, shape (labels,).
        count: Images to choose; fewer where there are not as many.
        enough: Training marks at which a label needs no more.
        hashes: Perceptual hashes, shape (images,); of images that look alike at most one is chosen.
        names: The labels; by default the columns of a data frame, else their numbers.
        images: Names of the images; by default their numbers.

    Raises:
        DataError: If shapes differ or a score is no probability.
        OptionError: If `count` or `enough` is below 1.
    """
    if count < 1 or enough < 1:
        raise OptionError(f"count is {count} and enough {enough}; both count marks, from 1 up")
    p, x = as_scores(scores).astype(np.float64, copy=False), as_scores(features).astype(np.float32)
    check_scores(p, probabilities=True)
    held = plain_array(train_counts).astype(np.float64)
    if p.ndim != 2 or x.ndim != 2 or len(x) != len(p) or held.shape != p.shape[1:]:
        raise DataError(
            f"scores have shape {p.shape}, features {x.shape}, train_counts {held.shape}; expected (images, labels), "
            "(images, width) and (labels,)"
        )
    alike = np.arange(len(p)) if hashes is None else near_duplicate_groups(hashes, max_distance=MAX_DISTANCE)
    value = p * (1 - p)
    pool = np.argsort(-(value @ _need(held, enough)), kind="stable")[: max(_POOL * count, _LEAST_POOL)]
    value, p, alike = value[pool], p[pool], alike[pool]
    centred = x[pool] - x.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    free, nearest = np.ones(len(pool), dtype=bool), np.zeros(len(pool), dtype=np.float32)
    chosen, worth, aims = [], [], []
    for _ in range(min(count, len(pool))):
        need = _need(held, enough)
        gains = np.where(free, (value @ need) * (1 - nearest), -1.0)
        best = int(gains.argmax())
        if gains[best] < 0:
            break
        chosen.append(best)
        worth.append(float(gains[best]))
        aims.append(int((value[best] * need).argmax()))
        held = held + p[best]
        free &= alike != alike[best]
        np.maximum(nearest, centred @ centred[best], out=nearest)
    labels = np.array(aims, dtype=np.intp)
    columns = getattr(scores, "columns", range(p.shape[1])) if names is None else names
    called = tuple(map(str, columns))
    rows = pool[chosen].astype(np.intp)
    named = tuple(str(row) if images is None else str(images[row]) for row in rows)
    return LabelRequests(rows, np.array(worth), labels, p[chosen, labels], called, named)


def _need(held: NDArray[np.float64], enough: int) -> NDArray[np.float64]:
    need: NDArray[np.float64] = np.maximum(1 - held / enough, 0) / np.sqrt(held + 1)
    return need
