"""Networks of torchvision by their names there, cut before their classifier: `torchvision:efficientnet_b0`.

They have the few methods of a network of timm's that a backbone needs. The cut is found by tracing: after the last map
of a convolutional network, and before the classifier of another one.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, fx, nn

TORCHVISION = "torchvision:"
"""Prefix of the name of a network of torchvision's; its weights may follow: `torchvision:resnet18:weights.pth`."""


class TorchvisionNetwork(nn.Module):
    """A network of torchvision's without its classifier.

    Attributes:
        num_features: Number of features.
        pretrained_cfg: Size and normalisation of its input, as timm writes them, and its name.
    """

    def __init__(self, name: str, *, weights: str | None, size: int | None) -> None:
        from torchvision.models import get_model, get_model_weights

        super().__init__()
        expected = get_model_weights(name).DEFAULT.transforms()
        side = int(expected.crop_size[0])
        self.pretrained_cfg = {
            "architecture": TORCHVISION + name,
            "input_size": (3, side, side),
            "mean": tuple(expected.mean),
            "std": tuple(expected.std),
        }
        told = {"image_size": size} if size and name.startswith("vit_") and weights is None else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on how some initialise random weights
            network = get_model(name, weights="DEFAULT" if weights == "DEFAULT" else None, **told).eval()
        state = _read_weights(Path(weights)) if weights not in {None, "DEFAULT"} and weights else {}
        own = {name: each for name, each in state.items() if name.startswith("trunk.")}
        if state and not own:
            network.load_state_dict(state)
        self.trunk, self.num_features = _cut(network, torch.zeros(1, 3, size or side, size or side))
        if own:  # what `save` wrote
            self.load_state_dict(own)

    def forward_features(self, images: Tensor) -> Tensor:
        """Return the map (n, width, height, width) or the features (n, width) of images."""
        found: Tensor = self.trunk(images)
        return found

    def forward_head(self, found: Tensor, *, pre_logits: bool) -> Tensor:
        """Return the features themselves."""
        return found

    def save(self, path: Path) -> None:
        """Write the weights to a file that can follow the network's name."""
        save_file({name: each.contiguous() for name, each in self.state_dict().items()}, path)


def create_torchvision_network(name: str, *, pretrained: bool, size: int | None) -> TorchvisionNetwork:
    """Return a network of torchvision's by `torchvision:` and its name, maybe with a file of weights.

    Raises:
        ValueError: If torchvision has no such network, or the weights are of another one.
        OSError: If its weights cannot be fetched, or read.
    """
    own, _, file = name.removeprefix(TORCHVISION).partition(":")
    if own not in torchvision_names():
        raise ValueError("torchvision has no such network")
    return TorchvisionNetwork(own, weights=(file or "DEFAULT") if pretrained else None, size=size)


def torchvision_names() -> list[str]:
    """Return the names of torchvision's networks for whole images."""
    from torchvision import models

    names: list[str] = models.list_models(module=models)
    return names


class _Shapes(fx.Interpreter):
    """Runs a traced network and keeps what each of its nodes gives."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        self.found: list[tuple[fx.Node, torch.Size]] = []

    def run_node(self, n: fx.Node) -> Any:
        given = super().run_node(n)
        if isinstance(given, Tensor) and given.is_floating_point() and n.op != "get_attr":
            self.found.append((n, given.shape))
        return given


def _cut(network: nn.Module, probe: Tensor) -> tuple[fx.GraphModule, int]:
    """Return the network up to its last map or, if it has none, up to its classifier; and the number of features."""
    from torchvision.models.feature_extraction import NodePathTracer

    traced = fx.GraphModule(network, NodePathTracer().trace(network))
    shapes = _Shapes(traced)
    with torch.inference_mode():
        shapes.run(probe)
    spatial = [
        at for at, (_, shape) in enumerate(shapes.found) if len(shape) > 2 and max(shape[2:-1] or shape[1:-1]) > 1
    ]
    last = max(spatial)
    if len(shapes.found[last][1]) == 3:  # tokens; what follows is the one that stands for the image
        last = next(at for at in range(last, len(shapes.found)) if len(shapes.found[at][1]) == 2)
    node, shape = shapes.found[last]
    output = next(each for each in reversed(traced.graph.nodes) if each.op == "output")
    output.args = (node,)
    traced.graph.eliminate_dead_code()
    traced.recompile()
    return fx.GraphModule(traced, traced.graph), int(shape[1])


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file of torch's, without running code that it holds, or of safetensors'."""
    if path.suffix == ".safetensors":
        return load_file(path)
    found: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return found
