"""Give a bundle that was trained by an earlier version the outputs that heat maps are made from.

Only the graph is joined anew; weights, labels, calibration and figures stay what they are.
"""

from pathlib import Path

import onnx
from onnx import numpy_helper

from viennatag.bundle import Bundle, open_bundle, write_bundle
from viennatag.errors import BundleError
from viennatag.training.backbone import Trunk
from viennatag.training.export import Joinable, join_head
from viennatag.training.fitted import CosineHead, LinearHead


def add_evidence(path: Path | str) -> Bundle:
    """Rewrite a bundle whose head is linear or one of cosines with the outputs of `join_head`; return it.

    Raises:
        BundleError: If its head is of another kind, or its network has no map.
    """
    bundle = open_bundle(path)
    model = onnx.load(bundle.graph)
    graph = model.graph
    found = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    parts = {name.removeprefix("head."): values for name, values in found.items() if name.startswith("head.")}
    head: Joinable
    if set(parts) == {"weight", "bias"}:
        head = LinearHead(parts["weight"], parts["bias"])
    elif set(parts) == {"weight", "bias", "mean", "scale", "along", "least"}:
        head = CosineHead(parts["mean"], parts["scale"], parts["weight"], parts["bias"])
    else:
        raise BundleError(f"{path}: expected a linear or cosine head without evidence; found {', '.join(parts)}")
    if not any(output.name == "map" for output in graph.output):
        raise BundleError(f"{path}: its network has no map of features, so there is no evidence at places")
    for part in (graph.node, graph.initializer, graph.output):
        kept = [each for each in part if not each.name.startswith("head") and each.name not in {"logits", "evidence"}]
        del part[:]
        part.extend(kept)
    trunk = Trunk("", model.SerializeToString(deterministic=True), len(parts["weight"][0]), bundle.image_size)
    return write_bundle(bundle, join_head(trunk, head), bundle.graph.parent)
