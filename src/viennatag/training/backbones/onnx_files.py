"""Somebody's own ONNX graph as a backbone: `onnx:FILE`, whatever made it (torch, Keras, TensorFlow, JAX).

The graph gets the interface of every backbone: uint8 pixels (images, size, size, 3) in, `features` and maybe
`feature_map` out. It is run once on test images, which shows whether what was said about its input can be right.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper, inliner, numpy_helper, version_converter

from viennatag.errors import BackboneError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import OPSET, Backbone, first_line, strip_metadata
from viennatag.training.backbones.graph_surgery import add_mean, cut_graph
from viennatag.training.onnx_input import NORMALISATIONS, OnnxInput

ONNX = "onnx:"
"""Prefix of the name of a backbone that is an ONNX file."""
_TYPES = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.UINT8)
_AXES = {"NCHW": (1, 2, 3), "NHWC": (3, 1, 2)}  # of channels, rows and columns
_OWN = "own/"  # before every name of the file's, so that none is one of ours
_LEAST_DIFFERENCE = 1e-5  # between the features of test images, as a fraction of the largest


def load_onnx_backbone(name: str, told: OnnxInput, *, size: int | None = None) -> Backbone:
    """Return the graph of an ONNX file as a backbone.

    Raises:
        BackboneError: If the file is no such graph, what was said about it is not so, or it gives no features.
    """
    try:
        return _Graph(Path(name.removeprefix(ONNX)), told, size).backbone(name)
    except BackboneError as exc:
        raise BackboneError(f"{name}: {exc}") from exc


class _Graph:
    """An ONNX file on its way to a backbone."""

    def __init__(self, path: Path, told: OnnxInput, size: int | None) -> None:
        self.told = told
        self.model = _read(path)
        self.input = self._only_input()
        self.layout, self.size = self._layout_and_size(size)
        self.output = self._output()

    def backbone(self, name: str) -> Backbone:
        """Return the graph with the interface of a backbone."""
        self.model = compose.add_prefix(_at_opset(self.model), _OWN)
        graph = self.model.graph
        cut_graph(self.model, {_OWN + self.output})
        front, constants = self._front()
        own = [type(each).FromString(each.SerializeToString()) for each in graph.node]
        nodes = [*front, *own, helper.make_node("Cast", [_OWN + self.output], ["raw"], to=TensorProto.FLOAT)]
        del graph.node[:]
        graph.node.extend(nodes)
        graph.initializer.extend(constants)
        graph.input.append(
            helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["images", self.size, self.size, 3])
        )
        graph.output.append(helper.make_tensor_value_info("raw", TensorProto.FLOAT, None))
        self.model.ir_version = max(self.model.ir_version, 8)  # before 4, weights had to be inputs
        strip_metadata(self.model)
        width = self._add_outputs(self._first_pass())
        onnx.checker.check_model(self.model)
        return Backbone(name, bytes(self.model.SerializeToString(deterministic=True)), width, self.size)

    def _only_input(self) -> onnx.ValueInfoProto:
        weights = {each.name for each in self.model.graph.initializer}
        inputs: list[onnx.ValueInfoProto] = [each for each in self.model.graph.input if each.name not in weights]
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs) or "none"
            raise BackboneError(f"the graph has {len(inputs)} inputs ({names}); expected one, of pixels")
        tensor = inputs[0].type.tensor_type
        if tensor.elem_type not in _TYPES or len(tensor.shape.dim) != 4:
            found = f"{TensorProto.DataType.Name(tensor.elem_type).lower()} {_shape_text(tensor.shape)}"
            raise BackboneError(f"the graph takes {found}; expected images of 4 axes, as floats or bytes")
        if tensor.elem_type == TensorProto.UINT8 and self.told.scale not in {None, NORMALISATIONS["none"]}:
            raise BackboneError(
                "the graph takes pixels as bytes, which are not normalised; leave onnx.normalisation out"
            )
        if tensor.elem_type != TensorProto.UINT8 and self.told.scale is None:
            choices = "none (0 to 255), unit (0 to 1), signed (-1 to 1) or imagenet"
            raise BackboneError(
                "the graph takes pixels as floats and does not say their scale; add --set onnx.normalisation=NAME, "
                f"one of {choices}, or onnx.mean and onnx.std"
            )
        return inputs[0]

    def _layout_and_size(self, size: int | None) -> tuple[str, int]:
        shape = self.input.type.tensor_type.shape
        sides = [each.dim_value for each in shape.dim]
        fitting = [name for name, (channels, *_) in _AXES.items() if sides[channels] == 3]
        layout = self.told.layout if self.told.layout != "auto" else fitting[0] if len(fitting) == 1 else ""
        if not layout:
            raise BackboneError(
                f"the graph takes pixels of shape {_shape_text(shape)}, which does not tell where the 3 colours are; "
                "add --set onnx.layout=NCHW or onnx.layout=NHWC"
            )
        channels, rows, columns = _AXES[layout]
        if sides[channels] not in {0, 3}:
            raise BackboneError(
                f"the graph takes pixels of shape {_shape_text(shape)}, which is not {layout} of 3 colours"
            )
        own = {sides[rows], sides[columns]} - {0}
        if len(own) > 1:
            raise BackboneError(f"the graph takes images of {sides[rows]} × {sides[columns]} pixels; expected squares")
        if own and size not in {None, *own}:
            raise BackboneError(f"the graph takes images of {own.pop()} pixels, not {size}; leave --size out")
        if not own and size is None:
            raise BackboneError("the graph takes images of any size; say which: --size 224, or that of its training")
        return layout, own.pop() if own else size or 0

    def _output(self) -> str:
        graph, wanted = self.model.graph, self.told.output
        outputs: list[str] = [each.name for each in graph.output]
        if wanted is None and len(outputs) == 1:
            return outputs[0]
        if wanted in {name for node in graph.node for name in node.output}:
            return str(wanted)
        choices = f"the graph's outputs are {', '.join(outputs)}"
        if wanted is None:
            raise BackboneError(f"{choices}; say which are the features: --set onnx.output=NAME")
        raise BackboneError(f"the graph has no tensor {wanted!r}; {choices}")

    def _front(self) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
        """Return the nodes, and their constants, from pixels to what the graph takes."""
        nodes: list[onnx.NodeProto] = []
        constants: list[onnx.TensorProto] = []

        def add(operator: str, *given: NDArray[Any], **attributes: Any) -> None:
            names = [nodes[-1].output[0] if nodes else "pixels"]
            for values in given:
                names.append(f"front/{len(nodes)}.constant")
                constants.append(numpy_helper.from_array(values, names[-1]))
            nodes.append(helper.make_node(operator, names, [f"front/{len(nodes)}"], **attributes))

        kind = self.input.type.tensor_type.elem_type
        if kind != TensorProto.UINT8:
            mean, std = self.told.scale or NORMALISATIONS["none"]
            add("Cast", to=TensorProto.FLOAT)
            add("Sub", np.array(mean, np.float32))
            add("Div", np.array(std, np.float32))
            add("Cast", to=kind)
        if self.told.channels == "BGR":
            add("Gather", np.array([2, 1, 0], np.int64), axis=3)
        add("Transpose", perm=[0, 3, 1, 2] if self.layout == "NCHW" else [0, 1, 2, 3])
        nodes[-1].output[0] = _OWN + self.input.name
        return nodes, constants

    def _first_pass(self) -> NDArray[np.float32]:
        """Return what the graph gives for test images: grey ones, noise, and drawings."""
        chance = np.random.default_rng(0)
        images = np.empty((4, self.size, self.size, 3), np.uint8)
        images[0], images[1], images[2] = 255, 40, chance.integers(0, 256, images.shape[1:])
        images[3] = np.linspace(0, 255, self.size)[None, :, None]
        try:
            engine = Engine(self.model.SerializeToString(), threads=1)
            one = [engine.run(images[at : at + 1], ("raw",))[0] for at in range(len(images))]
        except Exception as exc:  # the runtime refuses a graph, or its weights, in many ways
            raise BackboneError(f"the graph does not run on images of {self.size} pixels ({first_line(exc)})") from exc
        alone = np.concatenate(one)
        problem = "expected an export whose first axis is free (a dynamic batch)"
        try:
            (found,) = engine.run(images, ("raw",))
        except Exception as exc:
            raise BackboneError(f"the graph takes one image at a time ({first_line(exc)}); {problem}") from exc
        if not 2 <= found.ndim <= 4 or found.shape[0] != len(images) or 0 in found.shape:
            shapes = "(images, width), or a map of them"
            raise BackboneError(
                f"{self.output} has the shape {found.shape} for {len(images)} images; expected {shapes}"
            )
        if not np.isfinite(found).all():
            raise BackboneError(f"{self.output} has values that are no numbers; is onnx.normalisation what it wants?")
        largest = max(float(np.abs(found).max()), 1e-12)
        if float(np.abs(found - alone).max()) > 1e-2 * largest:
            raise BackboneError(f"images change each other's features in a batch; {problem}")
        if float(np.ptp(found, axis=0).max()) < _LEAST_DIFFERENCE * largest:
            asked = "are onnx.normalisation and onnx.output what it wants?"
            raise BackboneError(f"{self.output} is the same for white, grey and noisy images; {asked}")
        return found

    def _add_outputs(self, raw: NDArray[np.float32]) -> int:
        """Add nodes from what the graph gives to `features` and `feature_map`; return the number of features."""
        graph = self.model.graph
        del graph.output[:]
        if raw.ndim == 2:
            graph.node.append(helper.make_node("Identity", ["raw"], ["features"]))
            width = raw.shape[1]
        elif raw.ndim == 3:  # tokens of a transformer
            add_mean(graph, "raw", [1])
            width = raw.shape[2]
        else:
            last = self._is_channels_last(raw.shape)
            perm = [0, 3, 1, 2] if last else [0, 1, 2, 3]
            graph.node.append(helper.make_node("Transpose", ["raw"], ["feature_map"], perm=perm))
            add_mean(graph, "feature_map", [2, 3])
            _, width, rows, columns = (raw.shape[at] for at in perm)
            graph.output.append(
                helper.make_tensor_value_info("feature_map", TensorProto.FLOAT, ["images", width, rows, columns])
            )
        graph.output.insert(0, helper.make_tensor_value_info("features", TensorProto.FLOAT, ["images", width]))
        return int(width)

    def _is_channels_last(self, shape: tuple[int, ...]) -> bool:
        """Return where the channels of a map are: the map of a square is a square; else as in the input."""
        first, last = shape[2] == shape[3], shape[1] == shape[2]
        if not first and not last:
            raise BackboneError(f"{self.output} has the shape {shape}, in which no two sides are equal; expected a map")
        return last if first != last else self.layout == "NHWC"


def _read(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        raise BackboneError("there is no such file")
    try:
        model = onnx.load(path)
    except Exception as exc:  # of protocol buffers, or of weights in other files
        raise BackboneError(f"it cannot be read as an ONNX model ({first_line(exc)})") from exc
    if not model.graph.node or not model.graph.output:
        raise BackboneError("it is no ONNX model: it holds no graph")
    return inliner.inline_local_functions(model) if model.functions else model


def _at_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with the operators that heads are written in, or newer ones."""
    own = next((each.version for each in model.opset_import if each.domain in {"", "ai.onnx"}), 1)
    if own >= OPSET:
        return model
    try:
        return version_converter.convert_version(model, OPSET)
    except Exception as exc:  # the converter does not know every operator
        found = f"its operators, of opset {own}, cannot be brought to {OPSET} ({first_line(exc)})"
        raise BackboneError(f"{found}; export it with opset {OPSET} or newer") from exc


def _shape_text(shape: onnx.TensorShapeProto) -> str:
    return "(" + ", ".join(str(each.dim_value or each.dim_param or "?") for each in shape.dim) + ")"
