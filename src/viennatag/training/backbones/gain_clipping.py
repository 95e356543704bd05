"""Clip the gains of exploding channels before a network serves or is trained further.

A channel that is silent on nearly all images has nearly no variance, and batch normalisation divides by it: its gain
multiplies over rounds of fine-tuning, without an effect in training, until a rare image activates the channel and it
drowns all others. So no channel may have more than a multiple of the median gain of its layer.
"""

import torch
from torch import nn

from viennatag.training.backbones.backbone import PixelNetwork

MAX_GAIN = 20.0
"""Times the median gain of a layer, over channels with a gain above 0. The pretrained EfficientNet-Lite2 has none above
18.2 (docs/guide/fine-tuning.md)."""

Normalisation = nn.modules.batchnorm._BatchNorm


def normalisations(network: PixelNetwork) -> dict[str, Normalisation]:
    """Return the normalisation after each convolution, by the convolution's name, if their channels agree."""
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


def clip_gains(network: PixelNetwork) -> int:
    """Clip exploding channels to `MAX_GAIN` and return their number.

    The gain of a channel is the sum of its absolute weights times the scale of its normalisation: the largest factor on
    an input. The shift stays: it is the output of a silent channel, and the channel's mean where the normalisation has
    statistics.
    """
    clipped = 0
    with torch.no_grad():
        for name, module in normalisations(network).items():
            assert module.running_var is not None
            weight = network.get_submodule(name).weight
            assert isinstance(weight, nn.Parameter)
            scale = module.weight / (module.running_var + module.eps).sqrt()
            gains = weight.abs().flatten(1).sum(1) * scale.abs()
            if not (gains > 0).any():
                continue
            allowed = MAX_GAIN * gains[gains > 0].median()
            exploding = gains > allowed
            module.weight[exploding] *= allowed / gains[exploding]
            clipped += int(exploding.sum())
    return clipped
