"""Augmentation that does not change what an image shows: one profile for marks, one for photographs.

A mark is never mirrored: letters would become wrong. Colours keep their names, because of category 29; only marks
without colours are inverted, which are black and white before and after. `style_augmentation` mirrors marks and changes
colours and shapes. A photograph may be mirrored, cut and recoloured.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2

from viennatag.training.data.profiles import AugmentationProfile
from viennatag.training.precision import in_full_precision

SCALE = (0.75, 1.15)
ROTATION = math.radians(8)
SHIFT = 0.08
CONTRAST = 0.2
NOISE = 6.0
BLUR, ERASE, INVERT = 0.25, 0.15, 0.08
"""Fractions of images that are blurred, lose a small rectangle, or are inverted."""
_HOLE = (0.08, 0.25)
CROP_AREA = (0.35, 1.0)
"""Share of a photograph that is shown."""
_GREY = 12.0
"""Spread of the channels, of 255, below which an image has no colour."""


Augmentation = Callable[[Tensor, torch.Generator, int], Tensor]
"""From uint8 pixels (n, side, side, 3), a generator on the CPU and a side, to pixels of that side."""


def augment_photos(pixels: Tensor, generator: torch.Generator, size: int) -> Tensor:
    """Return photographs cut, mirrored, changed by one random operation, and some of them erased in part.

    The operations are those of TrivialAugment (Müller and Hutter 2021, arXiv 2103.10158). See `Augmentation`.
    """
    change = v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=CROP_AREA, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.TrivialAugmentWide(fill=255),
            v2.RandomErasing(p=ERASE, scale=(0.02, 0.2), value=255),
        ]
    )
    seed = int(torch.randint(2**62, (1,), generator=generator))
    with torch.random.fork_rng(devices=[]), torch.autocast(pixels.device.type, enabled=False):
        torch.manual_seed(seed)  # torchvision draws from the global generator
        changed = torch.stack([change(image) for image in pixels.permute(0, 3, 1, 2)])
    return changed.permute(0, 2, 3, 1)


def resize(pixels: Tensor, generator: torch.Generator, size: int) -> Tensor:
    """Return images as they are, of shape (n, size, size, 3)."""
    if size == pixels.shape[1]:
        return pixels
    resized: Tensor = v2.Resize([size, size], antialias=True)(pixels.permute(0, 3, 1, 2))
    return resized.permute(0, 2, 3, 1)


def mix(pixels: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return images mixed in pairs, the partner of each (n,), and how much of each is its own (n,).

    Half of the batches are blended (Zhang et al. 2018, mixup), in the others a rectangle is replaced (Yun et al. 2019,
    CutMix). Targets are to be mixed alike. Images are uint8, shape (n, side, side, 3).
    """
    count, side = pixels.shape[:2]
    partner = torch.randperm(count, generator=generator).to(pixels.device)
    share, cuts = torch.rand(count, generator=generator), bool(torch.rand(1, generator=generator) < 0.5)
    if not cuts:
        own = share.to(pixels.device).view(-1, 1, 1, 1)
        blended = own * pixels.float() + (1 - own) * pixels[partner].float()
        return blended.round_().to(torch.uint8), partner, share.to(pixels.device)
    extent = (1 - share).sqrt().unsqueeze(1).expand(-1, 2)
    holes = _holes(extent, torch.rand((count, 2), generator=generator), side).to(pixels.device)[:, 0, :, :, None]
    return torch.where(holes, pixels[partner], pixels), partner, 1 - holes.float().mean(dim=(1, 2, 3))


@in_full_precision
def augment(pixels: Tensor, generator: torch.Generator, *, size: int | None = None) -> Tensor:
    """Return augmented images: scaled, rotated and shifted, then some inverted, blurred, erased; contrast and noise.

    Borders are filled with white, as in the preprocessing. See `Augmentation`; by default the side stays as it is.
    """
    count, side = len(pixels), size or pixels.shape[1]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand((count, *shape), generator=generator)

    def chosen(fraction: float) -> Tensor:
        return torch.nonzero(uniform(0, 1) < fraction).flatten().to(pixels.device)

    scale, angle = 1 / uniform(*SCALE), uniform(-ROTATION, ROTATION)
    cosine, sine = scale * torch.cos(angle), scale * torch.sin(angle)
    across, down = uniform(-2 * SHIFT, 2 * SHIFT), uniform(-2 * SHIFT, 2 * SHIFT)  # the image is 2 units wide
    affine = torch.stack([torch.stack([cosine, -sine, across], 1), torch.stack([sine, cosine, down], 1)], 1)
    foreground = (255 - pixels).permute(0, 3, 1, 2).float()  # 0 outside the image
    grid = torch.nn.functional.affine_grid(affine.to(foreground.device), [count, 3, side, side], align_corners=False)
    foreground = torch.nn.functional.grid_sample(
        foreground, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )

    # Each of these changes few images, so only those are computed.
    at = chosen(INVERT)
    colourless = (foreground[at].amax(1) - foreground[at].amin(1)).flatten(1).amax(1) < _GREY
    foreground[at] = torch.where(colourless.view(-1, 1, 1, 1), 255 - foreground[at], foreground[at])
    at = chosen(BLUR)
    foreground[at] = torch.nn.functional.avg_pool2d(foreground[at], 3, stride=1, padding=1, count_include_pad=False)
    extent, offset, at = uniform(*_HOLE, 2).to(foreground.device), uniform(0, 1, 2).to(foreground.device), chosen(ERASE)
    foreground[at] = foreground[at].masked_fill(_holes(extent[at], offset[at], side), 0)
    contrast = uniform(1 - CONTRAST, 1.0, 1, 1, 1)
    noise = torch.randn((count, 1, side, side), generator=generator)  # scans have grey noise
    noise *= NOISE * uniform(0, 1, 1, 1, 1)
    foreground.mul_(contrast.to(foreground.device)).add_(noise.to(foreground.device))
    return foreground.neg_().add_(255).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _holes(extent: Tensor, offset: Tensor, side: int) -> Tensor:
    """Return masks (n, 1, side, side) of one rectangle each, with extent and offset as fractions of the image."""
    start = offset * (1 - extent)
    steps = (torch.arange(side, device=extent.device) + 0.5) / side
    inside = (steps >= start[..., None]) & (steps < (start + extent)[..., None])
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).unsqueeze(1)


AUGMENTATIONS: dict[AugmentationProfile, Augmentation] = {
    "marks": lambda pixels, generator, size: augment(pixels, generator, size=size),
    "photos": augment_photos,
    "none": resize,
}
"""By profile; `auto` is resolved before."""
