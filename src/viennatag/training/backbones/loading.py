"""Load a backbone or a network by its name: of timm, torchvision, Hugging Face, a bundle (`bundle:starter`), a graph.

To be fine-tuned, a bundle must become a network again. The export folds batch normalisation into the convolutions
before it, which serves faster and trains badly, so they get it back: its statistics are measured on some images, and
scale and shift are set so that the outputs stay the same.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from viennatag.data.labels import LabelSet
from viennatag.errors import BackboneError, OptionError
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.graph_files import external_files
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import (
    LOCAL,
    Backbone,
    PixelNetwork,
    backbone_architecture,
    create_network,
    load_timm_backbone,
)
from viennatag.training.backbones.gain_clipping import Normalisation, normalisations
from viennatag.training.backbones.graph_surgery import bundle_backbone, linear_weights
from viennatag.training.backbones.onnx_files import ONNX, load_onnx_backbone
from viennatag.training.backbones.stages import STAGES, stage_backbone
from viennatag.training.backbones.torchvision_networks import TORCHVISION
from viennatag.training.onnx_input import OnnxInput

BUNDLE = "bundle:"
"""Prefix of the name of a backbone that is taken from a bundle."""
_TOLERANCE = 1e-3
"""Largest difference between network and graph, as a fraction of the largest feature."""


def load_backbone(
    name: str,
    *,
    cache: Path,
    pretrained: bool = True,
    size: int | None = None,
    seed: int = 0,
    onnx_input: OnnxInput | None = None,
) -> Backbone:
    """Return the backbone of a bundle, of an ONNX file, or of a network by its name; see also `stage_backbone`.

    Raises:
        BackboneError: As `load_timm_backbone`, `load_onnx_backbone` and `stage_backbone`.
        BundleError: If there is no such bundle or it is damaged.
        OptionError: If random weights are asked of a bundle or a graph, or another image size of a bundle.
    """
    if name.startswith(STAGES):
        own = _without_stages(name)
        return stage_backbone(
            load_backbone(own, cache=cache, pretrained=pretrained, size=size, seed=seed, onnx_input=onnx_input)
        )
    if name.startswith(ONNX):
        _refuse_random(name, pretrained)
        return load_onnx_backbone(name, onnx_input or OnnxInput(), size=size)
    if not name.startswith(BUNDLE):
        return load_timm_backbone(name, cache=cache, pretrained=pretrained, size=size, seed=seed)
    bundle = _open(name, pretrained=pretrained)
    if size not in {None, bundle.image_size}:
        raise OptionError(
            f"{name} takes images of {bundle.image_size} pixels, not {size}; leave --size out, or add --finetune"
        )
    return bundle_backbone(bundle)


def load_network(name: str, *, pretrained: bool = True, size: int | None = None) -> tuple[PixelNetwork, int]:
    """Return a network in evaluation mode and the side of its square input, as `create_network` does.

    The network of a bundle needs `reestimate_batch_norm` before it is trained.

    Raises:
        BackboneError: If the network cannot be created.
        BundleError: If there is no such bundle or it is damaged.
        OptionError: If random weights are asked of a bundle.
    """
    if name.startswith(STAGES):
        raise BackboneError(f"{name}: only a network can be fine-tuned; leave {STAGES!r} or --finetune out")
    if name.startswith(ONNX):
        raise BackboneError(f"{name}: an ONNX graph cannot be fine-tuned; leave --finetune out to train a head on it")
    if not name.startswith(BUNDLE):
        return create_network(name, pretrained=pretrained, size=size)
    backbone = bundle_backbone(_open(name, pretrained=pretrained))
    return unfold_network(backbone), size or backbone.size


def contents_digest(name: str) -> str:
    """Return a digest of the bundle or the files behind a name; empty for published names, which do not change."""
    name = name.removeprefix(STAGES)
    if name.startswith(BUNDLE):
        return _open(name).digest
    files, found = _files_behind(name), hashlib.sha256()
    for path in files:
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest() if files else ""


def _without_stages(name: str) -> str:
    """Return the name of the network whose stages are read.

    Raises:
        OptionError: If that is a bundle, or has the prefix again.
    """
    own = name.removeprefix(STAGES)
    if own.startswith((BUNDLE, STAGES)):
        raise OptionError(
            f"{name}: the stages of a published network can be read, or of an ONNX file; name one of those"
        )
    return own


def _files_behind(name: str) -> list[Path]:
    """Return the files that a name stands for, sorted."""
    if name.startswith(LOCAL) and (folder := Path(name.removeprefix(LOCAL))).is_dir():
        return sorted(each for each in folder.iterdir() if each.is_file())
    if name.startswith(ONNX) and (path := Path(name.removeprefix(ONNX))).is_file():
        return [path, *(path.parent / each for each in sorted(external_files(path)))]
    path = Path(name.removeprefix(TORCHVISION).partition(":")[2])
    return [path] if name.startswith(TORCHVISION) and path.is_file() else []


def load_head(
    name: str, labels: LabelSet, bias: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return weight and bias of the linear head of a bundle for some labels; None if its head is of another kind.

    Labels that the bundle does not know get weights of 0, and the bias of `bias`, shape (labels,).
    """
    bundle = _open(name)
    own = linear_weights(bundle)
    if own is None:
        return None
    weight, start = np.zeros((len(labels), own[0].shape[1]), np.float32), bias.astype(np.float32)
    for at, label in enumerate(labels.names):
        known = bundle.labels.index.get(label)
        if known is not None:
            weight[at], start[at] = own[0][known], own[1][known]
    return weight, start


def _refuse_random(name: str, pretrained: bool) -> None:
    if not pretrained:
        raise OptionError(f"{name} has weights of its own; leave pretrained=false out, or name its architecture")


def _open(name: str, *, pretrained: bool = True) -> Bundle:
    _refuse_random(name, pretrained)
    return open_bundle(name.removeprefix(BUNDLE))


def unfold_network(backbone: Backbone) -> PixelNetwork:
    """Return a network in evaluation mode with a backbone's weights; its normalisation is the identity yet.

    Raises:
        BackboneError: If the architecture is not in the graph, or the weights do not fit it.
    """
    model = onnx.load_from_string(backbone.graph)
    architecture = backbone_architecture(model)
    if architecture is None:
        raise BackboneError(f"{backbone.name}: its graph does not name its architecture; fine-tune another backbone")
    created, _ = create_network(architecture, pretrained=False, size=backbone.size)
    constants = {each.name: np.array(numpy_helper.to_array(each)) for each in model.graph.initializer}
    mean, std = (_first_constant(model.graph, operator, constants) for operator in ("Sub", "Div"))
    network = PixelNetwork(created.network, mean=tuple(mean / 255), std=tuple(std / 255)).eval()
    _load(network, model.graph, constants)
    pixels = np.random.default_rng(0).integers(0, 256, (2, backbone.size, backbone.size, 3), dtype=np.uint8)
    (wanted,) = Engine(backbone.graph).run(pixels, ("features",))
    with torch.inference_mode():
        found = network(torch.from_numpy(pixels))[0].numpy()
    tolerance = _TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    if found.shape != wanted.shape or not np.allclose(found, wanted, rtol=0, atol=tolerance):
        raise BackboneError(
            f"{backbone.name}: its graph cannot be turned into a {architecture} again, so it cannot be fine-tuned; "
            "train a head on it (leave out --finetune), or fine-tune another backbone"
        )
    return network


def _first_constant(
    graph: onnx.GraphProto, operator: str, constants: dict[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the constant input of the first node of a kind, 3 numbers: the mean it subtracts, or its divisor."""
    names = (name for node in graph.node if node.op_type == operator for name in node.input)
    found = next((constants[name] for name in names if name in constants), np.zeros(0, np.float32))
    return np.broadcast_to(found.ravel(), 3) if found.size in {1, 3} else np.ones(3, np.float32)


def _load(network: PixelNetwork, graph: onnx.GraphProto, constants: dict[str, NDArray[np.float32]]) -> None:
    """Load weights by their names, and biases of convolutions as the shift of the normalisation after them."""
    state, modules = network.state_dict(), dict(network.named_modules())
    following = normalisations(network)
    with torch.no_grad():
        for name, values in constants.items():
            if name in state and tuple(state[name].shape) == values.shape:
                state[name].copy_(torch.from_numpy(values))
        for node in graph.node:
            if node.op_type != "Conv" or len(node.input) < 3:
                continue
            convolution = node.input[1].removesuffix(".weight")
            bias = torch.from_numpy(constants[node.input[2]])
            own = getattr(modules.get(convolution), "bias", None)
            after = following.get(convolution)
            if own is not None and own.shape == bias.shape:
                own.copy_(bias)
            elif after is not None and after.num_features == len(bias):
                after.weight.fill_(1.0)
                after.bias.copy_(bias)
                assert after.running_mean is not None
                assert after.running_var is not None
                after.running_mean.zero_()
                after.running_var.fill_(1.0 - after.eps)


def reestimate_batch_norm(network: PixelNetwork, sample: NDArray[np.uint8]) -> None:
    """Set the statistics of each normalisation to those of a sample, with scale and shift that keep its outputs.

    The sample is of pixels like those to train on, shape (n, side, side, 3); some hundred images are enough.
    """
    statistics: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def measure(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        statistics[module] = mean, variance

    modules = [module for module in network.modules() if isinstance(module, Normalisation)]
    handles = [module.register_forward_pre_hook(measure) for module in modules]
    with torch.no_grad():
        network(torch.from_numpy(sample))
        for module, (mean, variance) in statistics.items():
            assert isinstance(module, Normalisation)
            assert module.running_mean is not None
            assert module.running_var is not None
            scale = module.weight / (module.running_var + module.eps).sqrt()
            shift = module.bias - module.running_mean * scale
            module.weight.copy_(scale * (variance + module.eps).sqrt())
            module.bias.copy_(shift + scale * mean)
            module.running_mean.copy_(mean)
            module.running_var.copy_(variance)
    for handle in handles:
        handle.remove()
