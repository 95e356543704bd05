"""Networks of every family in timm: created at a size, or refused with a message about it."""

import re
from functools import cache

import pytest
import timm
import torch
from torch import nn

from viennatag.errors import BackboneError
from viennatag.training.backbones.backbone import PixelNetwork, create_network, export_network, layer_depths

LARGEST = 40_000_000
"""Weights of a network that is tried."""


@pytest.mark.parametrize("name", ["efficientvit_b0", "gmlp_ti16_224", "cait_xxs24_224", "levit_128s", "repvit_m0_9"])
def test_the_constructor_says_whether_it_takes_a_size(name: str) -> None:
    network, size = create_network(name, pretrained=False, size=64)
    assert size == 64
    assert network(torch.zeros((1, 64, 64, 3), dtype=torch.uint8))[0].ndim == 2


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("test_vit", 100, r"^test_vit: it cannot take images of 100 pixels \(.*divisible"),
        ("crossvit_tiny_240", 64, r"cannot take images of 64 pixels \(.*\); choose another --size \(its own is 240\)"),
        ("jx_nest_tiny", 50, r"cannot be made for images of 50 pixels \(.*\); choose another --size, or leave it out"),
        ("efficientnet_bo", None, r"timm knows no such network; did you mean efficientnet_b\d"),
        ("efficientnet_b0.mine", 64, r"timm has no weights 'mine' for it; choose among ra4_e3600_r224_in1k, ra_in1k$"),
        ("qqqqqqqqqq", 64, r"timm knows no such network$"),
        ("keras:EfficientNetB0", None, r"keras: is no source of networks; .* and onnx: for the export of any other"),
    ],
)  # fmt: skip
def test_a_size_or_name_that_cannot_be_is_one_message(name: str, size: int | None, message: str) -> None:
    with pytest.raises(BackboneError) as raised:
        create_network(name, pretrained=False, size=size)
    assert re.search(message, str(raised.value))
    assert "\n" not in str(raised.value)
    assert f"did you mean {name}" not in str(raised.value)


class Odd(nn.Module):
    """A network that gives what it was told to give."""

    num_features = 4

    def __init__(self, given: object) -> None:
        super().__init__()
        self.given, self.pretrained_cfg = given, {"input_size": (3, 32, 32)}

    def forward_features(self, pixels: torch.Tensor) -> object:
        return [pixels]

    def forward_head(self, features: object, pre_logits: bool) -> object:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (AssertionError(), r"mine: it cannot take images of 32 pixels \(AssertionError\); choose another backbone$"),
        (RuntimeError("a\nb"), r"\(a\); choose another backbone$"),
        (torch.zeros((2, 3, 4)), "give no features"),
        (torch.full((2, 4), torch.nan), "give no features"),
        ((torch.zeros((2, 4)),), "give no features"),
    ],
)
def test_a_first_pass_that_fails_is_one_message(given: object, message: str) -> None:
    network = PixelNetwork(Odd(given), mean=(0, 0, 0), std=(1, 1, 1))
    with pytest.raises(BackboneError, match=message):
        export_network(network, name="mine", size=32)
    with pytest.raises(BackboneError, match="leave --finetune out"):
        layer_depths(network)


@cache
def smallest(family: str) -> str | None:
    counts = {}
    for name in timm.list_models(module=family):
        with torch.device("meta"):
            network = timm.create_model(name, pretrained=False)
        counts[sum(each.numel() for each in network.parameters())] = name
    return counts[min(counts)] if counts and min(counts) <= LARGEST else None


@pytest.mark.slow
@pytest.mark.parametrize("family", timm.list_modules())
def test_a_network_of_each_family_takes_a_size_or_says_why_not(family: str) -> None:
    name = smallest(family)
    if name is None:
        pytest.skip("all its networks are large")
    _, own = create_network(name, pretrained=False)
    for size in (64, 100, 128, own):
        network, refused = attempt(name, size)
        if network is None:
            assert size != own, refused
            assert re.match(rf"{name}: it cannot (take|be made for) images of {size} pixels \(", refused)
            assert "; choose another --size" in refused
        else:
            depths, layers = layer_depths(network)
            assert set(depths) == {each for each, _ in network.named_parameters()}
            assert max(depths.values()) < layers


def attempt(name: str, size: int) -> tuple[PixelNetwork | None, str]:
    try:
        network, found = create_network(name, pretrained=False, size=size)
    except BackboneError as exc:
        return None, str(exc)
    assert found == size
    return network, ""
