"""Scores and features of images in one pass through the network."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.errors import BundleError, ImageError
from viennatag.images.sources import ImageSource
from viennatag.model.postprocessing import Outputs
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine, run_images


@dataclass(frozen=True, eq=False)
class ScoredImages:
    """What the network says about the images that could be read, in order.

    Attributes:
        rows: Their positions among all images, shape (readable,).
        scores: Calibrated and coherent, shape (readable, labels).
        features: Of the whole image, shape (readable, width).
        errors: Why the others could not be read, by position.
    """

    rows: NDArray[np.intp]
    scores: NDArray[np.float64]
    features: NDArray[np.float32]
    errors: Mapping[int, str]


def score_images(
    predictor: Predictor, images: Iterable[ImageSource], *, progress: Callable[[int], None] | None = None
) -> ScoredImages:
    """Return scores and features of images; one that cannot be read does not stop the rest.

    Args:
        predictor: Of the bundle.
        images: Paths, bytes, arrays; see `ImageSource`.
        progress: Told how many images are done.

    Raises:
        BundleError: If the bundle's graph gives no features.
    """
    chain, bundle = predictor.postprocessor, predictor.bundle
    workers = available_cores()
    engine = Engine(
        bundle.graph, threads=1, callers=workers, runtime=predictor.settings.engine, precision=bundle.precision
    )
    if "features" not in engine.outputs:
        raise BundleError("the graph of this bundle gives no features; train the bundle anew with this version")
    scores = [np.empty((0, len(bundle.labels)))]
    features: list[NDArray[np.float32]] = []
    rows: list[int] = []
    errors: dict[int, str] = {}
    done = 0
    for batch in run_images(
        engine,
        images,
        ("logits", "features"),
        also=lambda pixels: chain.colour_features(pixels[None]),
        max_crops=chain.max_crops,
        wants_crops=chain.wants_crops,
        workers=workers,
    ):
        for at, outcome in enumerate(batch.outcomes, start=done):
            if isinstance(outcome, ImageError):
                errors[at] = str(outcome)
            else:
                rows.append(at)
        if batch.outputs:
            found = [each for each in batch.outcomes if each is not None and not isinstance(each, ImageError)]
            colours = np.concatenate(found) if found else None
            outputs = Outputs(batch.outputs[0], batch.view_counts, colours, np.array(batch.blank))
            scores.append(chain.scores(outputs))
            features.append(batch.outputs[1][outputs.whole_rows])
        done += len(batch.outcomes)
        if progress:
            progress(done)
    width = features[0].shape[1] if features else 0
    return ScoredImages(
        np.array(rows, dtype=np.intp),
        np.concatenate(scores),
        np.concatenate(features) if features else np.empty((0, width), np.float32),
        errors,
    )
