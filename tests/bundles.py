"""Bundles for tests."""

from dataclasses import replace
from typing import Any

import numpy as np

from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.model.bundle import Bundle
from viennatag.model.postprocessing import Postprocessor


def plain_bundle(
    labels: LabelSet,
    *,
    threshold: float = 0.5,
    train_count: int = 50,
    prior: float = 0.1,
    image_size: int = 64,
    **postprocessing: Any,
) -> Bundle:
    """Return a bundle without a graph, whose scores are the sigmoid of its logits."""
    count = len(labels)
    chain = Postprocessor(labels, Calibration(np.ones(count), np.zeros(count)), np.full(count, threshold))
    return Bundle(
        np.full(count, train_count), np.full(count, prior), replace(chain, **postprocessing), image_size=image_size
    )


def with_postprocessing(bundle: Bundle, **changes: Any) -> Bundle:
    """Return a bundle with a changed postprocessor."""
    return replace(bundle, postprocessor=replace(bundle.postprocessor, **changes))


def reading_pixels(bundle: Bundle, labels: tuple[str, ...], *, slope: float = 2.0, intercept: float = 0.0) -> Bundle:
    """Return a bundle that reads some labels from pixels."""
    calibration = bundle.postprocessor.calibration
    slopes, intercepts = calibration.slope.copy(), calibration.intercept.copy()
    at = [bundle.labels.index[name] for name in labels]
    slopes[at], intercepts[at] = slope, intercept
    return with_postprocessing(bundle, pixel_labels=labels, calibration=Calibration(slopes, intercepts))
