"""Change pixels without changing what the mark shows.

A mark is never mirrored: letters would become wrong. Colours keep their names, because category 29 is
about them; only marks without colours are inverted, and those show black and white before and after.
What does mirror marks, and change colours and shapes, stands in `restyle`.
"""

import math

import torch
from torch import Tensor

from viennatag.training.precision import in_full_precision

SCALE = (0.75, 1.15)
ROTATION = math.radians(8)
SHIFT = 0.08
CONTRAST = 0.2
NOISE = 6.0
BLUR, ERASE, INVERT = 0.25, 0.15, 0.08
"""Shares of images that are softened as a small scan is, lose a small rectangle, or are inverted."""
_HOLE = (0.08, 0.25)
_GREY = 12.0
"""Spread of the channels, of 255, below which an image shows no colour."""


@in_full_precision
def augment(pixels: Tensor, generator: torch.Generator, *, size: int | None = None) -> Tensor:
    """Return uint8 pixels (n, size, size, 3), each image slightly moved, turned and scanned anew.

    Scale, rotation and shift fill with white, as the preprocessing pads; then inversion, softening, a hole,
    contrast and noise.

    Args:
        pixels: uint8, shape (n, side, side, 3).
        generator: The source of chance, on the CPU.
        size: Side of the result; by default that of the input.
    """
    count, side = len(pixels), size or pixels.shape[1]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand((count, *shape), generator=generator)

    def some(share: float) -> Tensor:
        return torch.nonzero(uniform(0, 1) < share).flatten().to(pixels.device)

    scale, angle = 1 / uniform(*SCALE), uniform(-ROTATION, ROTATION)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    across, down = uniform(-2 * SHIFT, 2 * SHIFT), uniform(-2 * SHIFT, 2 * SHIFT)  # the image is 2 units wide
    maps = torch.stack([torch.stack([cosine, -sine, across], 1), torch.stack([sine, cosine, down], 1)], 1)
    ink = (255 - pixels).permute(0, 3, 1, 2).float()  # outside the image is no ink
    grid = torch.nn.functional.affine_grid(maps.to(ink.device), [count, 3, side, side], align_corners=False)
    ink = torch.nn.functional.grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    # Each of these is for a few images; the others are not passed over.
    at = some(INVERT)
    colourless = (ink[at].amax(1) - ink[at].amin(1)).flatten(1).amax(1) < _GREY
    ink[at] = torch.where(colourless.view(-1, 1, 1, 1), 255 - ink[at], ink[at])
    at = some(BLUR)
    ink[at] = torch.nn.functional.avg_pool2d(ink[at], 3, stride=1, padding=1, count_include_pad=False)
    extent, place, at = uniform(*_HOLE, 2).to(ink.device), uniform(0, 1, 2).to(ink.device), some(ERASE)
    ink[at] = ink[at].masked_fill(_holes(extent[at], place[at], side), 0)
    contrast = uniform(1 - CONTRAST, 1.0, 1, 1, 1)
    noise = torch.randn((count, 1, side, side), generator=generator)  # paper and fax have no colour
    noise *= NOISE * uniform(0, 1, 1, 1, 1)
    ink.mul_(contrast.to(ink.device)).add_(noise.to(ink.device))
    return ink.neg_().add_(255).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _holes(extent: Tensor, place: Tensor, side: int) -> Tensor:
    """Return masks (n, 1, side, side) of a rectangle each, its extent and place in shares of the image."""
    start = place * (1 - extent)
    steps = (torch.arange(side, device=extent.device) + 0.5) / side
    inside = (steps >= start[..., None]) & (steps < (start + extent)[..., None])
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).unsqueeze(1)
