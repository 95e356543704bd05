"""Where training starts: at a network of timm's, or at the trunk of a bundle, `bundle:starter` or `bundle:FOLDER`.

A bundle can be the start of another one without the files of its training, and without a network. As a trunk it is
taken as it is. To be taught further it must be a network again: the export folds batch normalisation into the
convolutions before it, which serves faster and learns badly. So the convolutions get their normalisation back: its
statistics are measured on some images, and its scale and shift are set so that the network gives what the graph gives.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from viennatag.data.labels import LabelSet
from viennatag.errors import BackboneError, OptionError
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import (
    LOCAL,
    PixelNetwork,
    Trunk,
    create_network,
    load_trunk,
    trunk_architecture,
)
from viennatag.training.backbones.gain_clipping import Normalisation, normalisations
from viennatag.training.backbones.graph_surgery import bundle_trunk, linear_weights

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

BUNDLE = "bundle:"
"""What a backbone's name begins with that is the trunk of a bundle."""

_TOLERANCE = 1e-3
"""Of the largest feature: so much may the network differ from the graph."""


def find_trunk(name: str, *, cache: Path, pretrained: bool = True, size: int | None = None, seed: int = 0) -> Trunk:
    """Return the trunk of a bundle, or a backbone's as `load_trunk` does.

    Raises:
        BackboneError: As `load_trunk`.
        BundleError: If there is no such bundle or it is damaged.
        OptionError: If a bundle should start at random, or take images of another size than it does.
    """
    if not name.startswith(BUNDLE):
        return load_trunk(name, cache=cache, pretrained=pretrained, size=size, seed=seed)
    bundle = _open(name, pretrained=pretrained)
    if size not in {None, bundle.image_size}:
        raise OptionError(
            f"{name} takes images of {bundle.image_size} pixels, not {size}; leave --size out, or add --finetune"
        )
    return bundle_trunk(bundle)


def find_network(name: str, *, pretrained: bool = True, size: int | None = None) -> tuple[PixelNetwork, int]:
    """Return a network in evaluation mode and the side of the square it takes, as `create_network` does.

    That of a bundle must be settled before it learns; see `settle`.

    Args:
        name: As `create_network` knows it, or `bundle:` and a bundle.
        pretrained: Whether it starts from its weights, or at random.
        size: Side of the square, in pixels; by default what the network was trained with.

    Raises:
        BackboneError: If the network cannot be had.
        BundleError: If there is no such bundle or it is damaged.
        OptionError: If a bundle should start at random.
    """
    if not name.startswith(BUNDLE):
        return create_network(name, pretrained=pretrained, size=size)
    trunk = bundle_trunk(_open(name, pretrained=pretrained))
    return unfold_network(trunk), size or trunk.size


def contents_of(name: str) -> str:
    """Return a digest of what stands under a name that may change: a bundle, or a folder; else nothing."""
    if name.startswith(BUNDLE):
        return _open(name).digest
    folder = Path(name.removeprefix(LOCAL))
    if not name.startswith(LOCAL) or not folder.is_dir():
        return ""
    found = hashlib.sha256()
    for path in sorted(each for each in folder.iterdir() if each.is_file()):
        found.update(path.name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()


def find_head(
    name: str, labels: LabelSet, bias: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Return weight and bias of the linear head of a bundle for some labels; None if its head is of another kind.

    Args:
        name: `bundle:` and a bundle.
        labels: What the head is for; a label that the bundle does not know gets no weight.
        bias: What such a label starts from; shape (labels,).
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


def _open(name: str, *, pretrained: bool = True) -> Bundle:
    if not pretrained:
        raise OptionError(f"{name} has weights of its own; leave --random-weights out, or name its architecture")
    return open_bundle(name.removeprefix(BUNDLE))


def unfold_network(trunk: Trunk) -> PixelNetwork:
    """Return a network in evaluation mode that gives a trunk's features; its normalisation does nothing yet.

    Args:
        trunk: A convolutional network that was exported by `export_network`.

    Raises:
        BackboneError: If the trunk does not say what it is, or its network cannot be had again from its graph.
    """
    model = onnx.load_from_string(trunk.graph)
    architecture = trunk_architecture(model)
    if architecture is None:
        raise BackboneError(f"{trunk.backbone}: its graph does not say what network it is; teach another backbone")
    created, _ = create_network(architecture, pretrained=False, size=trunk.size)
    constants = {each.name: np.array(numpy_helper.to_array(each)) for each in model.graph.initializer}
    mean, std = (_first_constant(model.graph, operator, constants) for operator in ("Sub", "Div"))
    network = PixelNetwork(created.network, mean=tuple(mean / 255), std=tuple(std / 255)).eval()
    _load(network, model.graph, constants)
    pixels = np.random.default_rng(0).integers(0, 256, (2, trunk.size, trunk.size, 3), dtype=np.uint8)
    (wanted,) = Engine(trunk.graph).run(pixels, ("features",))
    with torch.inference_mode():
        found = network(torch.from_numpy(pixels))[0].numpy()
    tolerance = _TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    if found.shape != wanted.shape or not np.allclose(found, wanted, rtol=0, atol=tolerance):
        raise BackboneError(
            f"{trunk.backbone}: its graph cannot be turned into a {architecture} again, so it cannot be finetuned; "
            "train a head on it (leave --finetune out), or finetune another backbone"
        )
    return network


def _first_constant(
    graph: onnx.GraphProto, operator: str, constants: dict[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return the constant that the first node of a kind takes, flat: subtracting a mean, dividing by a scale."""
    taken = (name for node in graph.node if node.op_type == operator for name in node.input)
    found = next((constants[name] for name in taken if name in constants), np.zeros(0, np.float32))
    return np.broadcast_to(found.ravel(), 3) if found.size in {1, 3} else np.ones(3, np.float32)


def _load(network: PixelNetwork, graph: onnx.GraphProto, constants: dict[str, NDArray[np.float32]]) -> None:
    """Set what the graph knows: weights under their own names, biases of convolutions as the shift that follows."""
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


def settle(network: PixelNetwork, sample: NDArray[np.uint8]) -> None:
    """Give each normalisation the statistics of a sample, and a scale and shift that leave its outputs as they were.

    Args:
        network: In evaluation mode; it is changed.
        sample: Pixels like those to come, shape (n, side, side, 3); some hundred images are enough.
    """
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3))
        seen[module] = mean, variance

    modules = [module for module in network.modules() if isinstance(module, Normalisation)]
    handles: list[RemovableHandle] = [module.register_forward_pre_hook(look) for module in modules]
    with torch.no_grad():
        network(torch.from_numpy(sample))
        for module, (mean, variance) in seen.items():
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
