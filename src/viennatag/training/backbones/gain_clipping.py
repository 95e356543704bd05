"""Channels whose gain has run away, brought back before they serve.

A channel that is silent on nearly all images has nearly no variance, and batch normalisation divides by it: its gain
grows without anything in training to show it, and over several rounds of finetuning it multiplies. On the rare image
that wakes the channel it then drowns all others, whatever the image shows. So before a network serves, or learns on,
no channel may have more than so many times the gain that is usual in its layer; healthy channels stay as they are.
"""

import torch
from torch import nn

from viennatag.training.backbones.backbone import PixelNetwork

MOST_GAIN = 20.0
"""Times the median of a layer. The pretrained EfficientNet-Lite2 has no channel above 18.2; see docs/training.md."""

Normalisation = nn.modules.batchnorm._BatchNorm


def normalisations(network: PixelNetwork) -> dict[str, Normalisation]:
    """Return for each convolution the normalisation that stands after it, if that has as many channels."""
    found: dict[str, Normalisation] = {}
    before: tuple[str, int] | None = None
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            before = name, module.out_channels
        elif isinstance(module, Normalisation):
            if before is not None and before[1] == module.num_features:
                found[before[0]] = module
            before = None
    return found


def limit_gains(network: PixelNetwork, most: float = MOST_GAIN) -> int:
    """Bring runaway channels back to the most gain allowed and return how many there were.

    The gain of a channel is the sum of its absolute weights times the scale of its normalisation: by so much the
    largest input can be multiplied. The shift stays: it is what a silent channel gives, and where the normalisation
    knows its statistics it is the channel's mean.

    Args:
        network: With the statistics it serves with; its normalisations are changed.
        most: Times the median gain of the layer, over channels that have any.
    """
    limited = 0
    with torch.no_grad():
        for name, module in normalisations(network).items():
            assert module.running_var is not None
            weight = network.get_submodule(name).weight
            assert isinstance(weight, nn.Parameter)
            scale = module.weight / (module.running_var + module.eps).sqrt()
            gains = weight.abs().flatten(1).sum(1) * scale.abs()
            if not (gains > 0).any():
                continue
            allowed = most * gains[gains > 0].median()
            runaway = gains > allowed
            module.weight[runaway] *= allowed / gains[runaway]
            limited += int(runaway.sum())
    return limited
