"""Pretrained networks from timm, cut before their classifier and exported to ONNX once.

This is the only file that imports timm. An exported backbone takes uint8 pixels and returns two arrays: `features`, the
pooled vector that a head reads, and, for a convolutional network, `feature_map`, the same channels before pooling.
Features are always the mean of the map, so a linear head over them can be explained at each position of the image.
"""

import hashlib
import logging
import math
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import onnx
import timm
import torch
from huggingface_hub import constants
from onnx import helper
from timm.data.config import resolve_model_data_config
from timm.models import group_parameters, save_for_hf
from torch import Tensor, nn

from viennatag.errors import BackboneError
from viennatag.files import atomic_file
from viennatag.runtime.engine import Engine

OPSET = 18
LOCAL = "local-dir:"
"""Prefix of the name of a backbone that timm reads from a folder."""
_ARCHITECTURE = "architecture"  # the metadata key of the network's timm name in a graph


@dataclass(frozen=True)
class Backbone:
    """An exported network, from pixels to features.

    Attributes:
        name: The name it was made from.
        graph: The serialized ONNX model.
        width: Number of features.
        size: Side of its square input, in pixels.
    """

    name: str
    graph: bytes
    width: int
    size: int

    @property
    def digest(self) -> str:
        """Hash of the graph; features of different backbones are never mixed."""
        return hashlib.sha256(self.graph).hexdigest()

    @cached_property
    def positions(self) -> int:
        """Number of spatial positions of the feature map, 0 without one."""
        outputs = onnx.load_from_string(self.graph).graph.output
        spatial = next((each.type.tensor_type.shape.dim[2:] for each in outputs if each.name == "feature_map"), None)
        return math.prod(side.dim_value for side in spatial) if spatial else 0


class PixelNetwork(nn.Module):
    """A timm network from uint8 pixels (n, size, size, 3) to pooled features (n, width) and their map."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, *, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the features and, where there is one, their map (n, width, height, width)."""
        normalised = (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std
        found: Tensor = self.network.forward_features(normalised)  # type: ignore[operator]
        if found.ndim == 4 and found.shape[1] == self.network.num_features:
            return found.mean(dim=(2, 3)), found
        pooled: Tensor = self.network.forward_head(found, pre_logits=True)  # type: ignore[operator]
        return pooled, None


def create_network(name: str, *, pretrained: bool = True, size: int | None = None) -> tuple[PixelNetwork, int]:
    """Return a network in evaluation mode and the side of its square input, in pixels.

    Args:
        name: A timm name (`efficientnet_b0`), one of its tags, `hf-hub:` or `local-dir:` followed by a folder.
        pretrained: Whether to load weights; otherwise they are random, from torch's global generator.
        size: Side of the input, in pixels; by default the size in pretraining.

    Raises:
        BackboneError: If timm does not know the name, its weights cannot be had, or it takes no such size.
    """
    if name.startswith(LOCAL) and not Path(name.removeprefix(LOCAL), "config.json").is_file():
        raise BackboneError(f"{name}: the folder holds no config.json; expected a model saved by timm")
    _use_cache_when_offline()
    arguments: dict[str, Any] = {"img_size": size} if size and _takes_size(name) else {}
    try:
        network: Any = timm.create_model(name, pretrained=pretrained, **arguments)
    except (OSError, ConnectionError) as exc:  # hub errors are OSErrors
        raise BackboneError(
            f"{name}: its weights cannot be fetched ({type(exc).__name__}); without a network use a folder on this "
            "machine: --backbone local-dir:FOLDER"
        ) from exc
    except Exception as exc:  # timm raises RuntimeError, KeyError, ValueError, AssertionError for unknown names
        close = get_close_matches(name.partition(".")[0], timm.list_models(), n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise BackboneError(f"{name}: timm cannot create it ({exc}){hint}") from exc
    network.reset_classifier(0)
    config = resolve_model_data_config(network)
    wrapped = PixelNetwork(network.eval(), mean=config["mean"], std=config["std"])
    return wrapped, size or int(config["input_size"][-1])


def _use_cache_when_offline() -> None:
    """Let the hub's client use its cache at once, instead of minutes of retries, if its host cannot be resolved."""
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        constants.HF_HUB_OFFLINE = True


def _takes_size(name: str) -> bool:
    """Whether the architecture fixes its image size when it is built, as transformers with positions do."""
    return any(family in name for family in ("vit", "deit", "swin", "beit", "eva", "mixer"))


def layer_depths(network: PixelNetwork) -> tuple[dict[str, int], int]:
    """Return the depth of each parameter's layer, from 0, and the number of layers."""
    groups = group_parameters(network.network, network.network.group_matcher(coarse=False))  # type: ignore[operator]
    depths = {f"network.{name}": depth for depth, names in enumerate(groups.values()) for name in names}
    return depths, len(groups)


def export_network(network: PixelNetwork, *, name: str, size: int) -> Backbone:
    """Return the network as a backbone for any number of images of one size.

    Raises:
        BackboneError: If the network cannot be exported, or its graph gives other features than it does.
    """
    network = network.eval()
    pixels = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    pixels[1] = torch.randint(0, 256, pixels.shape[1:], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features, maps = network(pixels)
    names = ["features"] if maps is None else ["features", "feature_map"]
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), _quiet("torch.onnx", "onnxscript"):
            warnings.simplefilter("ignore")  # the exporter warns about its own internals
            program = torch.onnx.export(
                network,
                (pixels,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["pixels"],
                output_names=names,
                dynamic_shapes={"pixels": {0: torch.export.Dim("images", min=1, max=65_536)}},
                verbose=False,
            )
        assert program is not None
        model = program.model_proto
    except Exception as exc:  # the exporter fails in many ways, all of them about the network
        raise BackboneError(f"{name}: it cannot be exported to ONNX ({type(exc).__name__}: {exc})") from exc
    _strip(model)
    architecture = network.network.pretrained_cfg.get("architecture")  # type: ignore[union-attr,operator]
    if architecture:
        helper.set_model_props(model, {_ARCHITECTURE: str(architecture)})
    backbone = Backbone(name, model.SerializeToString(deterministic=True), int(features.shape[1]), size)
    _verify(backbone, pixels, features)
    return backbone


def _verify(backbone: Backbone, pixels: Tensor, features: Tensor) -> None:
    (found,) = Engine(backbone.graph).run(pixels.numpy(), ("features",))
    gap = float((torch.from_numpy(found) - features).abs().max())
    if gap > 1e-2 * max(1.0, float(features.abs().max())):
        raise BackboneError(f"{backbone.name}: the exported graph differs from the network by {gap:.3g}")


def _strip(model: onnx.ModelProto) -> None:
    """Remove the exporter's metadata: source lines, paths, versions."""
    model.producer_version = ""
    del model.metadata_props[:]
    graph = model.graph
    del graph.value_info[:]
    for each in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        each.doc_string = ""
        del each.metadata_props[:]


def load_timm_backbone(
    name: str, *, cache: Path, pretrained: bool = True, size: int | None = None, seed: int = 0
) -> Backbone:
    """Return a network of timm's as a backbone, exported on first use and kept in the folder `cache`.

    Raises:
        BackboneError: As `create_network` and `export_network`.
    """
    torch.manual_seed(seed)
    network, side = create_network(name, pretrained=pretrained, size=size)
    state = hashlib.sha256(f"{Path(name).name}|{side}|{OPSET}|{torch.__version__}|{timm.__version__}".encode())
    for key, tensor in network.state_dict().items():
        state.update(key.encode())
        state.update(tensor.numpy().tobytes())
    path = cache / "backbones" / f"{state.hexdigest()[:24]}.onnx"
    if path.is_file():
        return read_backbone(path, name=name)
    backbone = export_network(network, name=name, size=side)
    with atomic_file(path) as temporary:
        temporary.write_bytes(backbone.graph)
    return backbone


def save_network(network: PixelNetwork, folder: Path) -> None:
    """Write a network's weights to a folder, which `local-dir:` loads again."""
    network = network.to(memory_format=torch.contiguous_format)  # the file format knows no other
    with redirect_stdout(StringIO()):
        save_for_hf(network.network, str(folder), safe_serialization=True)


def backbone_architecture(model: onnx.ModelProto) -> str | None:
    """Return timm's name of the network that a graph was exported from, if it is in the graph."""
    return next((each.value for each in model.metadata_props if each.key == _ARCHITECTURE), None)


def read_backbone(path: Path, *, name: str) -> Backbone:
    """Return a backbone that was exported to a file."""
    graph = path.read_bytes()
    described = onnx.load_from_string(graph).graph
    outputs = {output.name: output.type.tensor_type.shape.dim for output in described.output}
    size = described.input[0].type.tensor_type.shape.dim[1].dim_value
    return Backbone(name, graph, int(outputs["features"][1].dim_value), int(size))


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Silence some loggers while a block runs."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
