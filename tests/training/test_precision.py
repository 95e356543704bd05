"""What mixed precision may not change, and what it leaves alone."""

from copy import deepcopy

import torch
from torch import nn

from tests.training.test_style_augmentation import chance
from viennatag.training.data.augmentation import augment
from viennatag.training.data.style_augmentation import augment_style
from viennatag.training.precision import grouped_in_float32


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
