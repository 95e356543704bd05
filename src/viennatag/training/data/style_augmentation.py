"""Style augmentation: show a mark in other colours, other line weights, on a background or in a shape.

A network trained on a thousand drawings in a few styles learns the styles, while logos show the same things in any
style; so each time a drawing is shown it may look otherwise. What it depicts stays; its colours (29), shapes (26) and
backgrounds (25) do not, nor, if it is mirrored, its letters (27, 28): these codes must not be learned from such pixels.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from viennatag.training.precision import in_full_precision

FORM = ("25", "26", "29")
"""Categories whose targets are unknown after style augmentation."""
LETTERS = ("27", "28")
"""Categories whose targets are unknown for mirrored pixels too."""
_LUMA = (0.299, 0.587, 0.114)
_CONTRAST = 0.35
"""Smallest difference between the luminances of a device and its background, of 1."""
_EXCHANGED = 0.35
"""Fraction of the changed images that keep their shades and only exchange colours; the others get two new ones."""
_BACKGROUND, _SHAPE = 0.6, 0.55
"""Fraction of these with a background other than white, and of these backgrounds that are a shape."""
_BOLD, _THIN, _OUTLINE, _SILHOUETTE, _ROUNDED = 0.12, 0.12, 0.08, 0.12, 0.1
"""Fractions of the images in two colours whose lines are changed."""
_SMOOTH, _EDGE = 5, 4.0
"""Pixels over which a rounded device is smoothed, twice, and the steepness of its edge."""
_PLANES, _CUT, _STRIPED = 0.2, 0.06, 0.05
"""Fractions of them whose device has flat planes in several shades, is cut along lines, or cut into stripes."""
_CELLS = 24
"""Largest number of planes of a device."""
_SHADING = 0.5
"""Range from the darkest plane to the lightest, of 1."""
_CROPPED = 0.2
"""Fraction of the shapes that cut off a part of their device."""
_STRETCH, _SLANT, _BEND = 1.3, 0.15, 0.015
"""Largest stretch, slant, and shift by each of nine waves, of the side."""
_TILTED, _TILT = 0.3, math.radians(45)
"""Fraction of the changed images that are tilted, and the largest angle."""
_MAGNIFIED, _MAGNIFICATION = 0.3, 1.5
"""Fraction of them that are magnified and cut off by the edges, and the largest factor."""
_MIRRORED = 0.5
"""Fraction of them that are mirrored."""


@in_full_precision
def augment_style(pixels: Tensor, generator: torch.Generator, fraction: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return images of which some have another style, with masks of these, and of the mirrored ones; shape (n,).

    Images are uint8, shape (n, side, side, 3); `fraction` of them, in [0, 1], is changed.
    """
    chance = torch.rand((3, len(pixels)), generator=generator)
    changed = chance[0] < fraction
    mirrored = changed & (chance[2] < _MIRRORED)
    exchanged, redrawn = changed & (chance[1] < _EXCHANGED), changed & (chance[1] >= _EXCHANGED)
    result = pixels.clone()
    for mask, change in ((exchanged, _recolour), (redrawn, _redraw)):
        at = mask.nonzero().squeeze(1).to(pixels.device)
        if len(at):
            result[at] = change(pixels[at].float(), generator).round_().clamp_(0, 255).to(torch.uint8)
    at = mirrored.nonzero().squeeze(1).to(pixels.device)
    result[at] = result[at].flip(2)
    return result, changed.to(pixels.device), mirrored.to(pixels.device)


def _bent(foreground: Tensor, generator: torch.Generator) -> Tensor:
    """Return forebackgrounds (n, channels, side, side) stretched, slanted and bent; some tilted, some magnified."""
    count, side = len(foreground), foreground.shape[-1]
    stretch = _STRETCH ** (2 * torch.rand(count, generator=generator) - 1)
    affine = torch.zeros((count, 2, 3))
    affine[:, 0, 0], affine[:, 1, 1] = stretch.clamp_min(1), (1 / stretch).clamp_min(1)  # nothing leaves the image
    affine[:, 0, 1], affine[:, 1, 0] = _SLANT * (2 * torch.rand((2, count), generator=generator) - 1)
    chance = torch.rand((6, count), generator=generator)
    tilt = torch.where(chance[0] < _TILTED, _TILT * (2 * chance[1] - 1), 0.0)
    turn = torch.stack([tilt.cos(), -tilt.sin(), tilt.sin(), tilt.cos()], 1).view(-1, 2, 2)
    magnification = torch.where(chance[2] < _MAGNIFIED, 1 + (_MAGNIFICATION - 1) * chance[3], 1.0)
    affine[:, :, :2] = turn @ affine[:, :, :2] / magnification.view(-1, 1, 1)
    affine[:, :, 2] = ((1 - 1 / magnification) * (2 * chance[4:] - 1)).T  # the window stays in the image
    grid = functional.affine_grid(affine.to(foreground.device), [*foreground.shape], align_corners=False)
    waves = torch.cos(torch.pi * torch.arange(3) * ((torch.arange(side) + 0.5) / side).unsqueeze(1))
    moves = 2 * _BEND * (2 * torch.rand((count, 2, 3, 3), generator=generator) - 1)  # the image is 2 units wide
    grid += torch.einsum("yj,ncjk,xk->nyxc", waves, moves, waves).to(foreground.device)
    return functional.grid_sample(foreground, grid, align_corners=False)  # 0 outside the image


def _exchange(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images with permuted channels, moved towards their mean; white and greys stay."""
    count = len(pixels)
    orders = torch.rand((count, 3), generator=generator).argsort(1)
    greyness = (1.5 * torch.rand((count, 1, 1), generator=generator)).clamp(max=1)  # a third of them wholly grey
    mixing = (1 - greyness) * torch.eye(3)[orders] + greyness / 3  # rows have the sum 1: grey stays as it is
    return torch.einsum("nhwc,ndc->nhwd", pixels, mixing.to(pixels.device))


def _recolour(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images with exchanged colours, bent."""
    foreground = (255 - _exchange(pixels, generator)).permute(0, 3, 1, 2)
    return 255 - _bent(foreground, generator).permute(0, 2, 3, 1)


def _redraw(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images in two new colours, each flat or a gradient, on white, on a background or in a shape."""
    count, side = len(pixels), pixels.shape[1]

    def drawn(*shape: int) -> Tensor:
        return torch.rand((count, *shape), generator=generator).to(pixels.device)

    darkness = 255 - pixels @ torch.tensor(_LUMA, device=pixels.device)
    foreground = darkness / darkness.flatten(1).amax(1).clamp_min(32).view(-1, 1, 1)
    foreground = _with_other_lines(_bent(foreground.unsqueeze(1), generator), drawn(1)).squeeze(1)
    kind = drawn()
    planes = (kind < _PLANES + _CUT).nonzero().squeeze(1)
    shade, edge = _planes(len(planes), side, generator)
    shade = (shade - 0.5).to(foreground).masked_fill((kind[planes] >= _PLANES).view(-1, 1, 1), 0)
    cut = (kind[planes] >= _PLANES).nonzero().squeeze(1)
    foreground[planes[cut]] *= edge.to(foreground)[cut]
    at = (kind > 1 - _STRIPED).nonzero().squeeze(1)
    foreground[at] *= _stripes(len(at), side, generator).to(foreground)
    on_background = drawn() < _BACKGROUND
    shaped = on_background & (drawn() < _SHAPE)
    inside = torch.ones_like(foreground)
    at = shaped.nonzero().squeeze(1)
    if len(at):
        scale = torch.where(drawn()[at] < _CROPPED, 0.9, 0.5) + 0.3 * drawn()[at]
        inside[at] = _shapes(len(at), side, generator).to(foreground)
        foreground[at] = _shrunk(foreground[at], scale) * inside[at]
    front, back = (field.to(foreground.device) for field in _two_colours(on_background.cpu(), side, generator))
    front[planes] = (front[planes] + _SHADING * shade.unsqueeze(-1)).clamp(0, 1)
    background = 1 + inside.unsqueeze(-1) * (back - 1)
    return 255 * (background + foreground.unsqueeze(-1) * (front - background))


def _with_other_lines(foreground: Tensor, which: Tensor) -> Tensor:
    """Return foregrounds (n, 1, side, side) bolder, thinner, as outline or silhouette, by `which`, shape (n, 1)."""
    which = which.view(-1, 1, 1, 1)
    bold = functional.max_pool2d(foreground, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-foreground, 3, stride=1, padding=1)
    smooth = functional.avg_pool2d(foreground, _SMOOTH, stride=1, padding=_SMOOTH // 2)
    smooth = functional.avg_pool2d(smooth, _SMOOTH, stride=1, padding=_SMOOTH // 2)
    found, low = foreground, 0.0
    for share, form in (
        (_BOLD, bold),
        (_THIN, 0.5 * (thin + foreground)),  # keep lines of one pixel
        (_OUTLINE, bold - thin),
        (_SILHOUETTE, (4 * foreground).clamp(max=1)),
        (_ROUNDED, (_EDGE * (smooth - 0.4) + 0.5).clamp(0, 1)),  # no corners and details
    ):
        found = torch.where((which >= low) & (which < low + share), form, found)
        low += share
    return found


def _planes(count: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the cells of random points, 2 to 24 of them, as (n, side, side) each: a shade, and 0 between cells."""
    points = torch.rand((count, _CELLS, 2), generator=generator)
    shades = torch.rand((count, _CELLS), generator=generator)
    used = (2 * (_CELLS / 2) ** torch.rand((count, 1), generator=generator)).round()
    points[torch.arange(_CELLS) >= used] = 9.0  # outside
    across, down = ((points[..., axis, None] - (torch.arange(side) + 0.5) / side) ** 2 for axis in (0, 1))
    near = torch.full((2, count, side, side), torch.inf)  # squared distances of the nearest two points
    shade = torch.zeros((count, side, side))
    for cell in range(_CELLS):
        far = across[:, cell, None, :] + down[:, cell, :, None]
        closer = far < near[0]
        near[1] = torch.where(closer, near[0], torch.minimum(near[1], far))
        near[0] = torch.where(closer, far, near[0])
        shade = torch.where(closer, shades[:, cell, None, None], shade)
    between = (near[1].sqrt() - near[0].sqrt()) * side / 2  # pixels from the border, at least
    return shade, (between - 1).clamp(0, 1)


def _stripes(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Return masks (n, side, side) of 5 to 12 stripes in any direction, wider than what is between them."""
    chance = torch.rand((2, count, 1, 1), generator=generator)
    turn, number = torch.pi * chance[0], 5 + 7 * chance[1]
    steps = (torch.arange(side) + 0.5) / side
    along = steps.view(1, 1, -1) * torch.cos(turn) + steps.view(1, -1, 1) * torch.sin(turn)
    return (3 * torch.sin(2 * torch.pi * number * along) + 2.5).clamp(0, 1)


def _shrunk(foreground: Tensor, scale: Tensor) -> Tensor:
    affine = torch.zeros((len(foreground), 2, 3), device=foreground.device)
    affine[:, 0, 0] = affine[:, 1, 1] = 1 / scale
    grid = functional.affine_grid(affine, [len(foreground), 1, *foreground.shape[1:]], align_corners=False)
    return functional.grid_sample(foreground.unsqueeze(1), grid, align_corners=False).squeeze(1)


def _shapes(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Return masks (n, side, side) of discs, rounded squares and squares: |x|^p + |y|^p <= r^p."""
    chance = torch.rand((2, count, 1, 1), generator=generator)
    power = torch.where(chance[0] < 0.4, 2.0, torch.where(chance[0] < 0.8, 5.0, 24.0))
    radius = 0.72 + 0.28 * chance[1]
    steps = ((torch.arange(side) + 0.5) / side * 2 - 1).abs()
    distance = (steps.view(1, -1, 1) ** power + steps.view(1, 1, -1) ** power) ** (1 / power)
    return ((radius - distance) * side / 2 + 0.5).clamp(0, 1)


def _two_colours(on_background: Tensor, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return colours of devices and backgrounds, fields (n, side, side, 3) in [0, 1], half of them gradients.

    A background is white where `on_background`, shape (n,), is False; device and background differ in luminance.
    """
    count = len(on_background)
    chance = torch.rand((count, 2, 2, 3), generator=generator)  # device or background, start and end of the gradient
    chance = chance ** (0.5 + 1.5 * torch.rand((count, 2, 1, 1), generator=generator))  # some dark, some light
    flat = torch.rand((count, 2), generator=generator) < 0.5
    chance[:, :, 1] = torch.where(flat.unsqueeze(-1), chance[:, :, 0], chance[:, :, 1])
    chance[~on_background, 1] = 1.0
    light = chance.mean(2) @ torch.tensor(_LUMA)  # (n, 2)
    close = (light[:, 0] - light[:, 1]).abs() < _CONTRAST
    # Where the two are too much alike the device becomes white or black, whichever stands out.
    plain = (light[:, 1] < 0.55).float().view(-1, 1, 1)
    chance[:, 0] = torch.where(close.view(-1, 1, 1), plain, chance[:, 0])
    turn = 2 * torch.pi * torch.rand((count, 2, 1, 1), generator=generator)
    steps = (torch.arange(side) + 0.5) / side - 0.5
    along = 0.5 + steps.view(1, 1, 1, -1) * torch.cos(turn) + steps.view(1, 1, -1, 1) * torch.sin(turn)
    along = along.clamp(0, 1).unsqueeze(-1)
    fields = chance[:, :, None, None, 0] + along * (chance[:, :, None, None, 1] - chance[:, :, None, None, 0])
    return fields[:, 0], fields[:, 1]
