"""Change pixels without changing what the mark shows.

A mark is never mirrored: letters, and codes that depend on direction, would become wrong. Colours
keep their names, because category 29 is about them.
"""

import math

import torch
from torch import Tensor

SCALE = (0.75, 1.15)
ROTATION = math.radians(8)
SHIFT = 0.08
CONTRAST = 0.2
NOISE = 6.0


def augment(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return uint8 pixels of the same shape (n, size, size, 3), each image slightly moved, turned and scanned anew.

    Scale, rotation and shift fill with white, as the preprocessing pads; then contrast and noise.
    """
    count = len(pixels)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand((count, *shape), generator=generator)

    scale, angle = 1 / uniform(*SCALE), uniform(-ROTATION, ROTATION)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    across, down = uniform(-2 * SHIFT, 2 * SHIFT), uniform(-2 * SHIFT, 2 * SHIFT)  # the image is 2 units wide
    maps = torch.stack([torch.stack([cosine, -sine, across], 1), torch.stack([sine, cosine, down], 1)], 1)
    ink = 255 - pixels.permute(0, 3, 1, 2).float()  # outside the image is no ink
    grid = torch.nn.functional.affine_grid(maps.to(ink), list(ink.shape), align_corners=False)
    ink = torch.nn.functional.grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    ink = ink * uniform(1 - CONTRAST, 1.0, 1, 1, 1).to(ink)
    ink = ink + NOISE * uniform(0, 1, 1, 1, 1).to(ink) * torch.randn(ink.shape, generator=generator).to(ink)
    return (255 - ink).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
