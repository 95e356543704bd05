"""Join a trunk and a head into the one graph that a bundle holds."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from viennatag.training.backbone import Trunk
from viennatag.training.head import Head


def join_head(trunk: Trunk, head: Head) -> bytes:
    """Return the graph of pixels to `logits`, `features` and, where the trunk has one, `map`."""
    model = onnx.load_from_string(trunk.graph)
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.ascontiguousarray(head.weight), "head.weight"),
            numpy_helper.from_array(head.bias, "head.bias"),
        ]
    )
    graph.node.append(
        helper.make_node("Gemm", ["features", "head.weight", "head.bias"], ["logits"], name="head", transB=1)
    )
    images = graph.output[0].type.tensor_type.shape.dim[0].dim_param
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [images, len(head.bias)])
    graph.output.insert(0, logits)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
