"""Run a trained head over held-out marks exactly as the bundle will run it.

The graph of a bundle is a backbone and a head. The backbone's features are kept (`training.data.held_out`); the head
runs on them through the nodes that the bundle will hold. A test holds that this gives the scores of `Predictor` to the
last bit.
"""

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError, ImageError
from viennatag.model.postprocessing import Outputs
from viennatag.runtime.backends import open_runtime
from viennatag.runtime.engine import Engine, run_images
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.export import ExportedHead, export_graph

ROWS = 64
"""Views that the head takes at a time."""


def forward(head: ExportedHead, held_out: HeldOut) -> Outputs:
    """Return what a head says about held-out marks, with the colour features for all of `COLOUR_LABELS`."""
    if not head.reads_feature_maps:
        return held_out.outputs(head(held_out.features))
    examples = held_out.examples
    return held_out.outputs(_run_images(head, held_out) if examples is None else examples.logits(head))


def run_head(graph: bytes, features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the logits of a graph that takes features, shape (views, labels)."""
    runtime = open_runtime("onnxruntime", graph, threads=1)
    blocks = [
        runtime.run(np.ascontiguousarray(features[at : at + ROWS], dtype=np.float32), ("logits",))[0]
        for at in range(0, len(features), ROWS)
    ]
    return np.concatenate(blocks)


def _run_images(head: ExportedHead, held_out: HeldOut) -> NDArray[np.float32]:
    """Return logits by the whole graph: feature maps of all views would take too much room to be kept."""
    assert held_out.backbone is not None
    assert held_out.paths is not None
    most = int(held_out.view_counts.max(initial=1)) - 1
    engine = Engine(export_graph(held_out.backbone, head), threads=1)
    found: list[NDArray[np.float32]] = []
    for batch in run_images(engine, held_out.paths, ("logits",), also=lambda _: None, max_crops=most):
        bad = next((outcome for outcome in batch.outcomes if isinstance(outcome, ImageError)), None)
        if bad:
            raise DataError(f"an image that could be read before cannot be read now: {bad}")
        found.extend(batch.outputs)
    return np.concatenate(found)
