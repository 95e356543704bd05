"""What mixed precision may not change, and what it leaves alone."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.test_style_augmentation import chance
from viennatag.files import keep
from viennatag.training.backbones.backbone import create_network
from viennatag.training.data.augmentation import augment
from viennatag.training.data.style_augmentation import augment_style
from viennatag.training.precision import choose_precision, grouped_in_float32, has_bf16, measure_bf16


def test_pixels_are_changed_in_float32() -> None:
    pixels = torch.randint(0, 256, (20, 64, 64, 3), dtype=torch.uint8, generator=chance(3))
    with torch.autocast("cpu", torch.bfloat16):
        shown = augment_style(pixels, chance(5), 0.7)[0], augment(pixels, chance(5))
    assert torch.equal(shown[0], augment_style(pixels, chance(5), 0.7)[0])
    assert torch.equal(shown[1], augment(pixels, chance(5)))
    assert not torch.equal(augment_style(pixels, chance(5), 0.7)[0], augment_style(pixels, chance(6), 0.7)[0])


def test_grouped_convolutions_are_computed_in_float32_and_others_are_not() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, stride=2, groups=8), nn.Conv2d(8, 4, 1))
    names, image = list(network.state_dict()), torch.rand(2, 3, 9, 9)
    with grouped_in_float32(network), torch.autocast("cpu", torch.bfloat16):
        kinds = [image.dtype]
        seen = image
        for layer in network:
            seen = layer(seen)
            kinds.append(seen.dtype)
        copied = deepcopy(network)
        assert torch.equal(copied(image), seen)
        with torch.no_grad():
            copied[1].weight.zero_()  # type: ignore[union-attr,operator]
        assert not torch.equal(copied(image), seen), "a copy has weights of its own"
        seen.float().sum().backward()
    assert kinds == [torch.float32, torch.bfloat16, torch.float32, torch.bfloat16]
    gradient = network[1].weight.grad
    assert gradient is not None
    assert gradient.dtype == torch.float32
    assert list(network.state_dict()) == names
    assert [type(layer) for layer in network] == [nn.Conv2d] * 3


def test_a_step_is_measured_without_a_trace() -> None:
    network, _ = create_network("mobilenetv3_small_050", pretrained=False, size=32)
    before, training, random = deepcopy(network.state_dict()), network.training, torch.get_rng_state()
    assert measure_bf16(network, 32) > 0
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert network.training is training
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize(("ratio", "chosen"), [("0.500", True), ("1.300", False)])
def test_what_was_measured_decides_for_the_whole_run_and_is_said(tmp_path: Path, ratio: str, chosen: bool) -> None:
    if not has_bf16() or torch.cuda.is_available():
        assert choose_precision(torch.nn.Identity(), 32, tmp_path)[0] is has_bf16()
        return
    keep(tmp_path / "bf16-ratio.txt", ratio.encode())
    found, why = choose_precision(torch.nn.Identity(), 32, tmp_path)  # a network that cannot be measured
    assert found is chosen
    assert f"takes {float(ratio):.2f} of one in float32" in why
