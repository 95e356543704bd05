"""Postprocessing: from the outputs of a network to scores and suggestions.

One chain, fitted once by `train` and carried by the bundle:

    logits of each view -> crops merged where the whole is unsure -> pixel colours
    -> calibration (a softmax in exclusive groups) -> coherent scores
    -> thresholds (of a group at most one label)

Everything that predicts or evaluates calls it: the predictor, the service, bulk prediction, `evaluate`, `compare`,
`train` and `update`. So what is evaluated is what is served.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration, coherent_probabilities
from viennatag.data.labels import LabelSet
from viennatag.errors import DataError
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.images.colour_features import colour_features as find_colour_features
from viennatag.images.crops import full_view_rows, merge_crops
from viennatag.thresholds.thresholds import Thresholds

_MOST_CROPS = 16  # a bundle that asks for more is made to waste time


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a network says about images, before any postprocessing.

    Attributes:
        logits: One row for each view of an image, the whole image before its crops; shape (views, labels).
        view_counts: Number of views of each image; their sum is the number of rows. None means one view each.
        colours: Colour features of each image, shape (images, `COLOUR_LABELS`); None where nothing needs them.
        blank: Whether each image shows nothing, shape (images,); None where that is not known.
    """

    logits: NDArray[np.floating[Any]]
    view_counts: Sequence[int] | None = None
    colours: NDArray[np.float32] | None = None
    blank: NDArray[np.bool_] | None = None

    @property
    def whole_rows(self) -> slice | NDArray[np.intp]:
        """The rows of the whole images among those of all views."""
        if self.view_counts is None or len(self.view_counts) == len(self.logits):
            return slice(None)
        return full_view_rows(self.view_counts)


@dataclass(frozen=True, eq=False)
class Postprocessor:
    """Turns the outputs of a network into scores and suggestions.

    Attributes:
        labels: The labels, in the order of the logits.
        calibration: Turns logits into probabilities.
        thresholds: A label is suggested when its score is at least this; shape (labels,).
        top: At most this many labels of each level are suggested; None for no limit.
        max_crops: At most this many crops of a mark are run besides the whole; see `viennatag.images.crops`.
        crop_scores: Crops count for marks whose best pictorial category scores, on the whole mark, at least the first
            and below the second.
        pixel_labels: Colour labels whose logits are replaced by colour features of the pixels; see
            `viennatag.images.colour_features`. Their calibration and thresholds belong to these features.
        weights: Of a rule that suggests exactly `top` labels of each level; see `Thresholds`. None for other rules.
    """

    labels: LabelSet
    calibration: Calibration
    thresholds: NDArray[np.float64]
    top: int | None = None
    max_crops: int = 0
    crop_scores: tuple[float, float] = (0.0, 1.0)
    pixel_labels: tuple[str, ...] = ()
    weights: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        shapes = {column.shape for column in (self.thresholds, self.calibration.slope, self.calibration.intercept)}
        if shapes != {(len(self.labels),)}:
            raise DataError("calibration and thresholds must have one entry per label")
        if (self.calibration.exclusive is None) != (self.labels.exclusive is None):
            raise DataError("calibration and labels must have the same groups of exclusive labels")
        if not np.isfinite(self.thresholds).all():
            raise DataError("every threshold must be finite")
        if self.weights is not None and (
            self.weights.shape != (len(self.labels),) or not np.all((self.weights > 0) & np.isfinite(self.weights))
        ):
            raise DataError("weights must have one positive entry per label")
        if self.top is not None and self.top < 1:
            raise DataError(f"top is {self.top}; it counts suggestions, from 1 up")
        if not 0 <= self.max_crops <= _MOST_CROPS:
            raise DataError(f"max_crops is {self.max_crops}; expected 0 to {_MOST_CROPS}")
        if not 0 <= self.crop_scores[0] <= self.crop_scores[1] <= 1:
            raise DataError(f"crop_scores are {self.crop_scores}; expected two scores between 0 and 1, in order")
        strange = [name for name in self.pixel_labels if name not in self.labels.index or name not in COLOUR_LABELS]
        if strange:
            raise DataError(f"{strange[0]!r} cannot be read from pixels")

    @property
    def pixel_columns(self) -> list[int]:
        """Positions of the labels that are read from pixels."""
        return [self.labels.index[name] for name in self.pixel_labels]

    def colour_features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return the colour features of whole images, as `Outputs.colours`; None where no label is read from pixels.

        Args:
            pixels: Shape (images, size, size, 3).
        """
        return find_colour_features(pixels, COLOUR_LABELS) if self.pixel_labels else None

    def wants_crops(self, whole_logits: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return for which marks crops count, judged by the logits of the whole ones, shape (marks, labels)."""
        if not self.max_crops:
            return np.zeros(len(whole_logits), dtype=bool)
        columns, slope, intercept, (low, high) = self._crop_gate
        best = (whole_logits[:, columns] * slope + intercept).max(axis=1, initial=-np.inf)
        wanted: NDArray[np.bool_] = (best >= low) & (best < high)
        return wanted

    @cached_property
    def _crop_gate(self) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Positions of the pictorial categories, their slopes and intercepts, and the log-odds of `crop_scores`."""
        columns = np.flatnonzero(self.labels.is_pictorial & (self.labels.parents < 0))
        scores = np.array(self.crop_scores)
        with np.errstate(divide="ignore"):  # without bounds they are infinite
            log_odds = np.log(scores) - np.log1p(-scores)
        return columns, self.calibration.slope[columns], self.calibration.intercept[columns], log_odds

    def logits(self, outputs: Outputs) -> NDArray[np.floating[Any]]:
        """Return one row of logits for each image, shape (images, labels), as the calibration takes them.

        Raises:
            DataError: If the colour features are missing or have another shape.
        """
        logits = outputs.logits[outputs.whole_rows]
        if self.max_crops and outputs.view_counts is not None and len(logits) < len(outputs.logits):
            wanted = self.wants_crops(logits)
            logits = merge_crops(outputs.logits, outputs.view_counts, self.labels.is_pictorial, wanted)
        if self.pixel_labels:
            expected = (len(logits), len(COLOUR_LABELS))
            if outputs.colours is None or outputs.colours.shape != expected:
                raise DataError(
                    f"{len(self.pixel_labels)} labels are read from pixels; pass the colour features of the same "
                    f"images, of shape {expected}"
                )
            logits = logits.copy()
            logits[:, self.pixel_columns] = outputs.colours[
                :, [COLOUR_LABELS.index(each) for each in self.pixel_labels]
            ]
        return logits

    def scores(self, outputs: Outputs) -> NDArray[np.float64]:
        """Return calibrated scores in which no label is below its descendants, shape (images, labels).

        Those of a blank image are 0 in the Vienna Classification. Elsewhere one colour may mean something: open water
        from the air, or a slide without tissue.

        Raises:
            DataError: As `logits`.
        """
        scores = coherent_probabilities(self.calibration, self.logits(outputs), self.labels.parents)
        if outputs.blank is not None and self.labels.taxonomy == "vienna":
            scores[outputs.blank] = 0.0
        return scores

    @property
    def rule(self) -> Thresholds:
        """The thresholds as a function of scores."""
        return Thresholds(self.thresholds, self.labels.depths, self.top, self.labels.exclusive, self.weights)

    def decide(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return which labels are suggested, of the scores' shape (images, labels)."""
        return self.rule(scores)

    def with_thresholds(self, thresholds: Thresholds) -> "Postprocessor":
        """Return a copy that suggests by other thresholds."""
        return replace(self, thresholds=thresholds.thresholds, top=thresholds.top, weights=thresholds.weights)
