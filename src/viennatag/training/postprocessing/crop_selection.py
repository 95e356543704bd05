"""Whether marks are looked at part by part, where the validation part says that this is better.

A trunk's features are of whole marks, and so is what a head learns. What it says of parts, see `viennatag.images.crops`, has
to be worth the calls that it costs: macro average precision of the labels that parts have a say in rises by half a
point, or marks are seen whole. Calibration and thresholds are then fitted to what is said of marks and their parts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.data.labels import LabelSet
from viennatag.errors import DataError, ImageError
from viennatag.images.crops import merge_parts
from viennatag.metrics.figures import macro_average_precision
from viennatag.runtime.engine import Engine, run_images

WORTH = 0.005
"""So much macro average precision has to be gained by looking at parts."""


def merged_logits(
    graph: bytes,
    paths: Sequence[Path],
    labels: LabelSet,
    parts: int,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float32]:
    """Return what a graph says of images and their parts, shape (images, labels).

    Raises:
        DataError: If an image cannot be read.
    """
    found: list[NDArray[np.float32]] = []
    done = 0
    for batch in run_images(Engine(graph, threads=1), paths, ("logits",), also=lambda _: None, parts=parts):
        for at, outcome in enumerate(batch.outcomes):
            if isinstance(outcome, ImageError):
                raise DataError(f"{paths[done + at]}: {outcome}")
        found.append(merge_parts(batch.outputs[0], batch.views, labels.is_pictorial))
        done += len(batch.outcomes)
        if progress:
            progress(done, len(paths))
    return np.concatenate(found)


def compare_views(
    whole: NDArray[np.float32], merged: NDArray[np.float32], targets: csr_array, labels: LabelSet
) -> dict[str, float]:
    """Return the macro average precision of pictorial labels for marks seen whole, and with their parts, in [0, 1].

    Args:
        whole: Logits of marks seen whole, shape (marks, labels).
        merged: Likewise with their parts.
        targets: What is true of them.
        labels: Whose logits these are.
    """
    columns = np.flatnonzero(labels.is_pictorial)
    return {
        name: macro_average_precision(logits[:, columns], targets[:, columns]).value
        for name, logits in (("whole", whole), ("parts", merged))
    }


def worth_it(found: dict[str, float]) -> bool:
    """Return whether what `compare_views` found says that parts are to be looked at."""
    return found["parts"] - found["whole"] >= WORTH
