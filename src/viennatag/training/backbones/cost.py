"""What a network costs to serve: its parameters, and the time of an image on one thread."""

import math
import time
from dataclasses import dataclass

import numpy as np
import onnx

from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone

_PASSES = 5


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        parameters: Their number.
        milliseconds: For one image on one thread, the median of some passes.
    """

    parameters: int
    milliseconds: float


def measure_cost(backbone: Backbone) -> Cost:
    """Return the cost of a backbone on this machine."""
    weights = onnx.load_from_string(backbone.graph).graph.initializer
    parameters = sum(math.prod(each.dims) for each in weights if each.data_type == onnx.TensorProto.FLOAT)
    engine = Engine(backbone.graph, threads=1)
    pixels = np.zeros((1, backbone.size, backbone.size, 3), dtype=np.uint8)
    seconds = []
    for _ in range(_PASSES):
        started = time.perf_counter()
        engine.run(pixels, ("features",))
        seconds.append(time.perf_counter() - started)
    return Cost(parameters, round(1000 * float(np.median(seconds)), 2))
