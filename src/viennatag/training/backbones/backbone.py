"""Pretrained networks from timm, cut before their classifier and exported to ONNX once.

This is the only file that imports timm, and only when a network is asked for: it takes 190 MB and a second. An exported
backbone takes uint8 pixels and returns two arrays: `features`, the pooled vector that a head reads, and, for a
convolutional network, `feature_map`, the same channels before pooling. Features are always the mean of the map, so a
linear head over them can be explained at each position of the image.
"""

import hashlib
import logging
import math
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import onnx
import torch
from huggingface_hub import constants
from onnx import helper
from torch import Tensor, nn

from viennatag.errors import BackboneError
from viennatag.files import keep, kept
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.torchvision_networks import (
    TORCHVISION,
    TorchvisionNetwork,
    create_torchvision_network,
    torchvision_names,
)
from viennatag.training.logs import EpochFigures

OPSET = 18
LOCAL = "local-dir:"
"""Prefix of the name of a backbone that timm reads from a folder."""
HUGGING_FACE = "hf:"
"""Prefix of the name of a backbone on Hugging Face in timm's format: `hf:timm/resnet18.a1_in1k`."""
_TIMM_HUB = "hf-hub:"
_HUBS = (HUGGING_FACE, _TIMM_HUB, "hf_hub:")
_ARCHITECTURE = "architecture"  # the metadata key of the network's timm name in a graph


@dataclass(frozen=True)
class Backbone:
    """An exported network, from pixels to features.

    Attributes:
        name: The name it was made from.
        graph: The serialized ONNX model.
        width: Number of features.
        size: Side of its square input, in pixels.
        epochs: What each epoch of its fine-tuning reached, if it was fine-tuned here.
    """

    name: str
    graph: bytes = field(repr=False)
    width: int
    size: int
    epochs: tuple[EpochFigures, ...] = field(default=(), repr=False, compare=False)

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
        found: Any = self.network.forward_features(normalised)  # type: ignore[operator]
        if isinstance(found, Tensor) and found.ndim == 4 and found.shape[1] == self.network.num_features:
            return found.mean(dim=(2, 3)), found
        pooled: Tensor = self.network.forward_head(found, pre_logits=True)  # type: ignore[operator]
        return pooled, None


def create_network(name: str, *, pretrained: bool = True, size: int | None = None) -> tuple[PixelNetwork, int]:
    """Return a network in evaluation mode and the side of its square input, in pixels.

    Args:
        name: A timm name (`efficientnet_b0`), one of its tags, `torchvision:` and a name there, `hf:` and a model of
            timm's on Hugging Face, or `local-dir:` and a folder.
        pretrained: Whether to load weights; otherwise they are random, from torch's global generator.
        size: Side of the input, in pixels; by default the size in pretraining.

    Raises:
        BackboneError: If nobody knows the name, its weights cannot be had, or it takes no such size.
    """
    folder = name.removeprefix(LOCAL)
    if name != folder and not Path(folder, "config.json").is_file():
        raise BackboneError(f"{name}: the folder holds no config.json; expected a model saved by timm")
    if name.startswith(_HUBS) or (pretrained and not name.startswith((LOCAL, TORCHVISION))):
        _use_cache_when_offline()
    try:
        created = _create(name, pretrained=pretrained, size=size)
    except (OSError, ConnectionError) as exc:  # hub errors are OSErrors
        raise BackboneError(_why_no_weights(name, exc)) from exc
    except Exception as exc:  # timm raises RuntimeError, KeyError, ValueError, AssertionError, TypeError
        raise BackboneError(_why_not_created(name, size, exc)) from exc
    from timm.data.config import resolve_model_data_config

    config = resolve_model_data_config(created)
    own = int(config["input_size"][-1])
    network = PixelNetwork(created.eval(), mean=config["mean"], std=config["std"])
    first_pass(network, torch.zeros((1, size or own, size or own, 3), dtype=torch.uint8), name=name)
    return network, size or own


def _create(name: str, *, pretrained: bool, size: int | None) -> nn.Module:
    """Return a network without a classifier; it is told the size if its constructor takes one."""
    if name.startswith(TORCHVISION):
        return create_torchvision_network(name, pretrained=pretrained, size=size)
    import timm

    if name.startswith(HUGGING_FACE):
        name = _TIMM_HUB + name.removeprefix(HUGGING_FACE)
    told: dict[str, Any] = {"img_size": size} if size else {}
    try:
        network: Any = timm.create_model(name, pretrained=pretrained, **told)
    except TypeError as exc:
        if not size or "img_size" not in str(exc):
            raise
        network = timm.create_model(name, pretrained=pretrained)  # it takes any size, or fails at its first pass
    network.reset_classifier(0)
    return network  # type: ignore[no-any-return]


def _why_no_weights(name: str, exc: OSError) -> str:
    own, _, file = name.removeprefix(TORCHVISION).partition(":")
    if name.startswith(TORCHVISION) and file:
        return f"{name}: the weights cannot be read from {file} ({exc.strerror or first_line(exc)})"
    local = f"{TORCHVISION}{own}:WEIGHTS.pth" if name.startswith(TORCHVISION) else f"bundle:starter, or {LOCAL}FOLDER"
    found = f"{name}: its weights cannot be fetched ({type(exc).__name__})"
    return f"{found}; without a network use what is on this machine: --backbone {local}"


def _why_not_created(name: str, size: int | None, exc: Exception) -> str:
    if name.startswith(TORCHVISION):
        own, _, file = name.removeprefix(TORCHVISION).partition(":")
        if own in torchvision_names():
            what = f"weights that fit {own}" if file else "such a network"
            return f"{name}: torchvision cannot make {what} of it ({first_line(exc)})"
        close = get_close_matches(own, torchvision_names(), n=3)
        return f"{name}: torchvision knows no such network" + (f"; did you mean {', '.join(close)}?" if close else "")
    if isinstance(exc, KeyError) and name.startswith((*_HUBS, LOCAL)):
        asked = "export it to ONNX and name the file: --backbone onnx:FILE"
        return f"{name}: its config.json is of no model of timm's (it has no {exc}); {asked}"
    source, colon, _ = name.partition(":")
    if colon and f"{source}:" not in (*_HUBS, LOCAL):
        others = "torchvision:, hf:, local-dir:, bundle:, stages:, and onnx: for the export of any other framework"
        return f"{name}: {source}: is no source of networks; names of timm's have none, others begin with {others}"
    import timm

    architecture, _, tag = name.partition(".")
    if ":" in name or timm.is_model(architecture):
        tags = [each.partition(".")[2] for each in timm.list_models(f"{architecture}.*", pretrained=True)]
        if tag and tag not in tags:
            return f"{name}: timm has no weights {tag!r} for it; choose among {', '.join(tags) or 'none'}"
        if size:
            found = f"it cannot be made for images of {size} pixels ({first_line(exc)})"
            return f"{name}: {found}; choose another --size, or leave it out for the network's own"
        return f"{name}: timm cannot create it ({first_line(exc)})"
    close = get_close_matches(architecture, timm.list_models(), n=3)
    return f"{name}: timm knows no such network" + (f"; did you mean {', '.join(close)}?" if close else "")


def first_pass(network: PixelNetwork, pixels: Tensor, *, name: str) -> tuple[Tensor, Tensor | None]:
    """Return the features of some images and their map.

    Raises:
        BackboneError: If the network cannot take these images, or gives no features of them.
    """
    size = pixels.shape[1]
    try:
        with torch.inference_mode():
            features, maps = network(pixels)
    except Exception as exc:  # assertions, mismatched shapes, a lack of memory: all of them about network and size
        from timm.data.config import resolve_model_data_config

        own = int(resolve_model_data_config(network.network)["input_size"][-1])
        other = f"--size (its own is {own})" if size != own else "backbone"
        found = f"it cannot take images of {size} pixels ({first_line(exc)})"
        raise BackboneError(f"{name}: {found}; choose another {other}") from exc
    if not isinstance(features, Tensor) or features.ndim != 2 or not torch.isfinite(features).all():
        raise BackboneError(f"{name}: images of {size} pixels give no features, one row of numbers each")
    return features, maps


def _origin(exc: BaseException) -> BaseException:
    """Return the exception that others were raised from."""
    while exc.__cause__ is not None:
        exc = exc.__cause__
    return exc


def first_line(exc: BaseException) -> str:
    """Return what went wrong in one line."""
    return (str(exc).strip() or type(exc).__name__).splitlines()[0][:200]


def _use_cache_when_offline() -> None:
    """Let the hub's client use its cache at once, instead of minutes of retries, if its host cannot be resolved."""
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        constants.HF_HUB_OFFLINE = True


def layer_depths(network: PixelNetwork) -> tuple[dict[str, int], int]:
    """Return the depth of each parameter's layer, from 0, and the number of layers.

    Raises:
        BackboneError: If the network has no layers that are known.
    """
    from timm.models import group_parameters

    try:
        groups = group_parameters(network.network, network.network.group_matcher(coarse=False))  # type: ignore[operator]
    except Exception:  # not every network has the method, and not every method works
        groups = _numbered_layers(network.network)
    if not groups:
        raise BackboneError(
            "nobody knows the layers of this network, so it cannot be fine-tuned; choose another backbone, or leave "
            "--finetune out"
        )
    depths = {f"network.{name}": depth for depth, names in enumerate(groups.values()) for name in names}
    return depths, len(groups)


def _numbered_layers(network: nn.Module) -> dict[str, list[str]]:
    """Return the parameters of what has a number in a network: `layer1.0` of ResNet, `features.3` of EfficientNet."""
    groups: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        parts = name.split(".")
        end = next((at + 1 for at, part in enumerate(parts) if part.isdigit()), len(parts) - 1)
        groups.setdefault(".".join(parts[:end]), []).append(name)
    return groups


def export_network(network: PixelNetwork, *, name: str, size: int) -> Backbone:
    """Return the network as a backbone for any number of images of one size.

    Raises:
        BackboneError: If the network cannot be exported, or its graph gives other features than it does.
    """
    network = network.eval()
    pixels = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    pixels[1] = torch.randint(0, 256, pixels.shape[1:], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    features, maps = first_pass(network, pixels, name=name)
    names = ["features"] if maps is None else ["features", "feature_map"]
    try:
        try:
            model = _to_onnx(network, pixels, names)
        except Exception:  # not every form of fused attention can be exported; timm has it unfused too
            fused = [module for module in network.modules() if getattr(module, "fused_attn", False)]
            if not fused:
                raise
            for module in fused:
                setattr(module, "fused_attn", False)  # noqa: B010 - torch's types know no such attribute
            model = _to_onnx(network, pixels, names)
    except Exception as exc:  # the exporter fails in many ways, all of them about the network
        found = f"it cannot be exported to ONNX at a size of {size} pixels ({first_line(_origin(exc))})"
        raise BackboneError(f"{name}: {found}; choose another backbone") from exc
    strip_metadata(model)
    architecture = network.network.pretrained_cfg.get("architecture")  # type: ignore[union-attr,operator]
    if architecture:
        helper.set_model_props(model, {_ARCHITECTURE: str(architecture)})
    backbone = Backbone(name, model.SerializeToString(deterministic=True), int(features.shape[1]), size)
    _verify(backbone, pixels, features)
    return backbone


def _to_onnx(network: PixelNetwork, pixels: Tensor, names: list[str]) -> onnx.ModelProto:
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
        return program.model_proto


def _verify(backbone: Backbone, pixels: Tensor, features: Tensor) -> None:
    try:
        (found,) = Engine(backbone.graph).run(pixels.numpy(), ("features",))
    except Exception as exc:  # the engine may lack an operator, or refuse the graph
        raise BackboneError(f"{backbone.name}: its exported graph does not run ({first_line(exc)})") from exc
    gap = float((torch.from_numpy(found) - features).abs().max())
    if gap > 1e-2 * max(1.0, float(features.abs().max())):
        raise BackboneError(f"{backbone.name}: the exported graph differs from the network by {gap:.3g}")


def strip_metadata(model: onnx.ModelProto) -> None:
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
    """Return a network of timm's as a backbone, exported on first use and kept in the folder `cache`."""
    import timm

    torch.manual_seed(seed)
    network, side = create_network(name, pretrained=pretrained, size=size)
    state = hashlib.sha256(f"{Path(name).name}|{side}|{OPSET}|{torch.__version__}|{timm.__version__}".encode())
    for key, tensor in network.state_dict().items():
        state.update(key.encode())
        state.update(tensor.numpy().tobytes())
    path = cache / "backbones" / f"{state.hexdigest()[:24]}.onnx"
    if (graph := kept(path)) is not None:
        return read_backbone(graph, name=name)
    backbone = export_network(network, name=name, size=side)
    keep(path, backbone.graph)
    return backbone


def save_network(network: PixelNetwork, folder: Path) -> None:
    """Write a network's weights to a folder, which `local-dir:` loads again; for torchvision a file in it."""
    network = network.to(memory_format=torch.contiguous_format)  # the file format knows no other
    if isinstance(network.network, TorchvisionNetwork):
        folder.mkdir(parents=True, exist_ok=True)
        network.network.save(folder / "weights.safetensors")
        return
    from timm.models import save_for_hf

    with redirect_stdout(StringIO()):
        save_for_hf(network.network, str(folder), safe_serialization=True)


def backbone_architecture(model: onnx.ModelProto) -> str | None:
    """Return timm's name of the network that a graph was exported from, if it is in the graph."""
    return next((each.value for each in model.metadata_props if each.key == _ARCHITECTURE), None)


def read_backbone(graph: bytes, *, name: str) -> Backbone:
    """Return a backbone that was exported to an ONNX file of these bytes."""
    described = onnx.load_from_string(graph).graph
    outputs = {output.name: output.type.tensor_type.shape.dim for output in described.output}
    size = described.input[0].type.tensor_type.shape.dim[1].dim_value
    return Backbone(name, graph, int(outputs["features"][1].dim_value), int(size))


@contextmanager
def _quiet(*names: str) -> Iterator[None]:
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
