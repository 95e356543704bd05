"""Fit a postprocessor on the validation subset.

`train`, `compare` and the strategy search call it for every head, so all of them evaluate what would be served. Each
correction is used only where it helps on the validation subset: crops where they lift the macro average precision of
pictorial labels by `CROP_GAIN`, pixels where they rank a colour label better than the head beyond noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.calibration.temperature import fit_exclusive
from viennatag.data.labels import LabelSet
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.images.crops import CROP_SCORES, MAX_CROPS, merge_crops
from viennatag.metrics.bootstrap import Interval, draw_weights
from viennatag.metrics.metrics import average_precision, macro_average_precision
from viennatag.metrics.scores import as_targets
from viennatag.model.postprocessing import Outputs, Postprocessor
from viennatag.thresholds.decision_rules import DecisionRule

CROP_GAIN = 0.005
"""Macro average precision that crops must gain to be worth their calls."""
MIN_COLOUR_POSITIVES = 10
"""A colour label on fewer validation marks is left to the head: nobody could say which reads it better."""
Logits = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class FittedPostprocessor:
    """A postprocessor, and what was measured to choose it: facts `crops` and `pixel_colours`."""

    postprocessor: Postprocessor
    facts: dict[str, Any]


def fit_postprocessor(
    outputs: Outputs,
    targets: csr_array,
    labels: LabelSet,
    decision_rule: DecisionRule,
    *,
    min_positives: int = 10,
    crop_gain: float = CROP_GAIN,
    pixel_labels: tuple[str, ...] = (),
    seed: int = 0,
) -> FittedPostprocessor:
    """Return the postprocessor that fits a network's outputs on the validation subset.

    Args:
        outputs: Of the validation marks, with their crops and the colour features of all `COLOUR_LABELS`, where
            they are known.
        targets: True labels of these marks, shape (marks, labels).
        labels: The labels of the columns.
        decision_rule: Finds the thresholds.
        min_positives: Labels with fewer validation marks share a calibration.
        crop_gain: Macro average precision of pictorial labels that crops must gain.
        pixel_labels: Colour labels to read from pixels; empty for those that these marks say are read better so.
        seed: Of the bootstrap that compares head and pixels.
    """
    logits, crops, facts = _choose_crops(outputs, targets, labels, crop_gain)
    calibration = fit_platt(logits, targets, groups=labels.groups, min_positives=min_positives)
    if labels.exclusive:
        calibration = fit_exclusive(calibration, logits, targets, labels.exclusive)
    unfitted = np.ones(len(labels))  # thresholds come last, when there are scores
    chain = Postprocessor(labels, calibration, unfitted, max_crops=crops, crop_scores=CROP_SCORES)
    if outputs.colours is not None:
        compared = compare_colour_readers(logits, outputs.colours, targets, labels, seed=seed)
        facts |= {"pixel_colours": compared} if compared else {}
        names = pixel_labels or tuple(name for name, reached in compared.items() if reached["low"] > 0)
        if names:
            columns, own = [labels.index[name] for name in names], colour_columns(outputs.colours, names)
            calibration = fit_colour_columns(calibration, columns, own, targets[:, columns])
            chain = replace(chain, pixel_labels=names, calibration=calibration)
    rule = decision_rule.fit(chain.scores(outputs), targets, groups=labels.groups, levels=labels.depths)
    return FittedPostprocessor(chain.with_thresholds(rule), facts)


def colour_columns(colours: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """Return the columns of colour features (marks, `COLOUR_LABELS`) that are of some labels, shape (marks, names)."""
    return colours[:, [COLOUR_LABELS.index(name) for name in names]]


def fit_colour_columns(
    calibration: Calibration, columns: Sequence[int], own: NDArray[np.float32], targets: csr_array
) -> Calibration:
    """Return a calibration in which that of some labels is fitted to colour features.

    `own` are the colour features of the validation marks and `targets` whether they carry the labels of `columns`, both
    of shape (marks, columns).
    """
    fitted = fit_platt(own, targets, groups=np.zeros(len(columns), dtype=int))
    slope, intercept = calibration.slope.copy(), calibration.intercept.copy()
    slope[list(columns)], intercept[list(columns)] = fitted.slope, fitted.intercept
    return replace(calibration, slope=slope, intercept=intercept)


def _choose_crops(
    outputs: Outputs, targets: csr_array, labels: LabelSet, crop_gain: float
) -> tuple[Logits, int, dict[str, Any]]:
    """Return one row of logits for each mark, the number of crops to run, and what was measured."""
    whole = outputs.logits[outputs.whole_rows]
    columns = np.flatnonzero(labels.is_pictorial)
    if outputs.view_counts is None or len(outputs.logits) == len(whole) or not len(columns):
        return whole, 0, {}
    merged = merge_crops(outputs.logits, outputs.view_counts, labels.is_pictorial)
    found = {
        name: macro_average_precision(logits[:, columns], targets[:, columns]).value
        for name, logits in (("whole", whole), ("crops", merged))
    }
    if found["crops"] - found["whole"] >= crop_gain:
        return merged, MAX_CROPS, {"crops": found}
    return whole, 0, {"crops": found}


def compare_colour_readers(
    logits: Logits, colours: NDArray[np.float32], targets: csr_array, labels: LabelSet, *, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return for each colour label with enough marks the average precision of the head and of the pixels.

    Logits have the shape (marks, labels), colour features (marks, `COLOUR_LABELS`).

    Returns:
        By label `head`, `pixels`, and `low`, the lower end of the 95 % interval of what the pixels gain.
    """
    counts = np.asarray(as_targets(targets).sum(axis=0)).ravel()
    names = [
        name for name in COLOUR_LABELS if name in labels.index and counts[labels.index[name]] >= MIN_COLOUR_POSITIVES
    ]
    if not names:
        return {}
    columns = [labels.index[name] for name in names]
    weights = draw_weights(len(logits), seed=seed)
    head, pixels = (
        average_precision(scores, targets[:, columns], weights)
        for scores in (logits[:, columns], colour_columns(colours, names))
    )
    return {
        name: {
            "head": round(float(head[0, at]), 5),
            "pixels": round(float(pixels[0, at]), 5),
            "low": round(Interval.of(pixels[:, at] - head[:, at]).low, 5),
        }
        for at, name in enumerate(names)
    }
