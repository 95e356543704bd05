"""From what a graph says to scores: parts merged, categories lifted, colours read, calibrated, coherent up the tree."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import coherent
from viennatag.errors import DataError
from viennatag.images.crops import merge_parts
from viennatag.model.bundle import Bundle
from viennatag.model.parent_child import lift_logits


def scores_from_logits(
    logits: NDArray[np.floating[Any]],
    bundle: Bundle,
    seen: NDArray[np.float32] | None = None,
    *,
    views: Sequence[int] | None = None,
) -> NDArray[np.float64]:
    """Return calibrated scores that hold the hierarchy, of shape (images, labels).

    Args:
        logits: As the graph gives them, one row for each view of an image, the whole before its parts.
        bundle: Whose graph it is.
        seen: What `Bundle.look` says of the same images; needed where the bundle reads labels from pixels.
        views: How many views each image has; by default one.

    Raises:
        DataError: If shapes differ, or `seen` is missing.
    """
    if views is not None:
        logits = merge_parts(logits, views, bundle.labels.is_pictorial)
    logits = lift_logits(logits, bundle.labels, bundle.lift)
    if bundle.from_pixels:
        expected = (len(logits), len(bundle.from_pixels))
        if seen is None or seen.shape != expected:
            raise DataError(
                f"the bundle reads {expected[1]} labels from pixels; pass what Bundle.look says of the same images, "
                f"of shape {expected}"
            )
        logits = logits.copy()
        logits[:, bundle.pixel_columns] = seen
    return coherent(bundle.calibration(logits), bundle.labels.parents)
