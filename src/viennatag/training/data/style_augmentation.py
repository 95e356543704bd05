"""Show what a mark depicts in another style: other colours, other weight of line, on a ground or in a shape.

A network that has seen a thousand drawings in a few styles knows the styles. Logos are the same things in any colours,
white on a gradient, in a disc, as an outline, as a silhouette, of flat planes, cut by lines or stripes, longer,
slanted, tilted, nearer, or facing the other way; so each time a drawing is shown it may look like that. What it depicts
stays; its colours (29), shapes (26) and grounds (25) do not, nor, where it is mirrored, its letters (27, 28), so who
learns from restyled pixels must not learn those codes from them.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from viennatag.training.precision import in_full_precision

FORM = ("25", "26", "29")
"""Categories that restyled pixels say nothing true about."""

LETTERS = ("27", "28")
"""Categories that mirrored pixels say nothing true about either."""

_LUMA = (0.299, 0.587, 0.114)
_CONTRAST = 0.35
"""Least difference between the luminances of a device and its ground, of 1."""
_RECOLOUR = 0.35
"""Share of the restyled images that keep their shades and only exchange colours; the others get two fresh ones."""
_GROUND, _SHAPE = 0.6, 0.55
"""Share of these that stand on a ground other than white, and of those grounds that are a shape, not a whole image."""
_BOLD, _THIN, _OUTLINE, _SILHOUETTE, _ROUNDED = 0.12, 0.12, 0.08, 0.12, 0.1
"""Shares of the images in two colours whose lines are changed so."""
_SMOOTH, _EDGE = 5, 4.0
"""Over how many pixels a rounded device is smoothed, twice, and how steep its edge is then."""
_PLANES, _CUT, _STRIPED = 0.2, 0.06, 0.05
"""Shares of them whose device is of flat planes in several shades, cut along lines, or cut into stripes."""
_CELLS = 24
"""Planes of a device, at most."""
_SHADING = 0.5
"""From the darkest plane to the lightest, of 1."""
_CROPPED = 0.2
"""Share of the shapes that cut a part of their device off."""
_STRETCH, _SLANT, _BEND = 1.3, 0.15, 0.015
"""Most that a device is longer or shorter, its slope, and how far each of nine waves moves its points, of the side."""
_TILTED, _TILT = 0.3, math.radians(45)
"""Share of the restyled images that are tilted, and by how much at most."""
_NEAR, _NEARNESS = 0.3, 1.5
"""Share of them that are seen from nearer, cut off by the edges, and by how much at most."""
_MIRRORED = 0.5
"""Share of them that face the other way."""


@in_full_precision
def restyle(pixels: Tensor, generator: torch.Generator, share: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return images of which some look otherwise, which of them, and which of these are mirrored.

    Args:
        pixels: uint8, shape (n, side, side, 3).
        generator: The source of chance, on the CPU.
        share: Of the images that change, in [0, 1].

    Returns:
        Pixels as they came in shape and type, and two masks of shape (n,).
    """
    chance = torch.rand((3, len(pixels)), generator=generator)
    changed = chance[0] < share
    mirrored = changed & (chance[2] < _MIRRORED)
    exchanged, redrawn = changed & (chance[1] < _RECOLOUR), changed & (chance[1] >= _RECOLOUR)
    result = pixels.clone()
    for mask, change in ((exchanged, _recolour), (redrawn, _redraw)):
        at = mask.nonzero().squeeze(1).to(pixels.device)
        if len(at):
            result[at] = change(pixels[at].float(), generator).round_().clamp_(0, 255).to(torch.uint8)
    at = mirrored.nonzero().squeeze(1).to(pixels.device)
    result[at] = result[at].flip(2)
    return result, changed.to(pixels.device), mirrored.to(pixels.device)


def _bent(ink: Tensor, generator: torch.Generator) -> Tensor:
    """Return ink (n, channels, side, side) stretched, slanted and a little bent, as by another hand.

    Some of it is tilted, and some seen from nearer.
    """
    count, side = len(ink), ink.shape[-1]
    stretch = _STRETCH ** (2 * torch.rand(count, generator=generator) - 1)
    maps = torch.zeros((count, 2, 3))
    maps[:, 0, 0], maps[:, 1, 1] = stretch.clamp_min(1), (1 / stretch).clamp_min(1)  # nothing leaves the image
    maps[:, 0, 1], maps[:, 1, 0] = _SLANT * (2 * torch.rand((2, count), generator=generator) - 1)
    chance = torch.rand((6, count), generator=generator)
    tilt = torch.where(chance[0] < _TILTED, _TILT * (2 * chance[1] - 1), 0.0)
    turn = torch.stack([tilt.cos(), -tilt.sin(), tilt.sin(), tilt.cos()], 1).view(-1, 2, 2)
    nearness = torch.where(chance[2] < _NEAR, 1 + (_NEARNESS - 1) * chance[3], 1.0)
    maps[:, :, :2] = turn @ maps[:, :, :2] / nearness.view(-1, 1, 1)
    maps[:, :, 2] = ((1 - 1 / nearness) * (2 * chance[4:] - 1)).T  # as far as what is seen stays in the image
    grid = functional.affine_grid(maps.to(ink.device), [*ink.shape], align_corners=False)
    waves = torch.cos(torch.pi * torch.arange(3) * ((torch.arange(side) + 0.5) / side).unsqueeze(1))
    moves = 2 * _BEND * (2 * torch.rand((count, 2, 3, 3), generator=generator) - 1)  # the image is 2 units wide
    grid += torch.einsum("yj,ncjk,xk->nyxc", waves, moves, waves).to(ink.device)
    return functional.grid_sample(ink, grid, align_corners=False)  # outside the image is no ink


def _exchange(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images whose channels change places and come nearer to their mean; white and greys stay."""
    count = len(pixels)
    orders = torch.rand((count, 3), generator=generator).argsort(1)
    greyness = (1.5 * torch.rand((count, 1, 1), generator=generator)).clamp(max=1)  # a third of them wholly grey
    mixing = (1 - greyness) * torch.eye(3)[orders] + greyness / 3  # rows have the sum 1: grey stays as it is
    return torch.einsum("nhwc,ndc->nhwd", pixels, mixing.to(pixels.device))


def _recolour(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images with exchanged colours, bent."""
    ink = (255 - _exchange(pixels, generator)).permute(0, 3, 1, 2)
    return 255 - _bent(ink, generator).permute(0, 2, 3, 1)


def _redraw(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Return images in two fresh colours, each flat or a gradient, on white, on a ground or in a shape."""
    count, side = len(pixels), pixels.shape[1]

    def drawn(*shape: int) -> Tensor:
        return torch.rand((count, *shape), generator=generator).to(pixels.device)

    darkness = 255 - pixels @ torch.tensor(_LUMA, device=pixels.device)
    ink = darkness / darkness.flatten(1).amax(1).clamp_min(32).view(-1, 1, 1)
    ink = _with_other_lines(_bent(ink.unsqueeze(1), generator), drawn(1)).squeeze(1)
    kind = drawn()
    planes = (kind < _PLANES + _CUT).nonzero().squeeze(1)
    shade, edge = _planes(len(planes), side, generator)
    shade = (shade - 0.5).to(ink).masked_fill((kind[planes] >= _PLANES).view(-1, 1, 1), 0)
    cut = (kind[planes] >= _PLANES).nonzero().squeeze(1)
    ink[planes[cut]] *= edge.to(ink)[cut]
    at = (kind > 1 - _STRIPED).nonzero().squeeze(1)
    ink[at] *= _stripes(len(at), side, generator).to(ink)
    grounded = drawn() < _GROUND
    shaped = grounded & (drawn() < _SHAPE)
    inside = torch.ones_like(ink)
    at = shaped.nonzero().squeeze(1)
    if len(at):
        scale = torch.where(drawn()[at] < _CROPPED, 0.9, 0.5) + 0.3 * drawn()[at]
        inside[at] = _shapes(len(at), side, generator).to(ink)
        ink[at] = _shrunk(ink[at], scale) * inside[at]
    front, back = (field.to(ink.device) for field in _two_colours(grounded.cpu(), side, generator))
    front[planes] = (front[planes] + _SHADING * shade.unsqueeze(-1)).clamp(0, 1)
    ground = 1 + inside.unsqueeze(-1) * (back - 1)
    return 255 * (ground + ink.unsqueeze(-1) * (front - ground))


def _with_other_lines(ink: Tensor, which: Tensor) -> Tensor:
    """Return ink (n, 1, side, side) made bolder, thinner, an outline or a silhouette by `which`, shape (n, 1)."""
    which = which.view(-1, 1, 1, 1)
    bold = functional.max_pool2d(ink, 3, stride=1, padding=1)
    thin = -functional.max_pool2d(-ink, 3, stride=1, padding=1)
    smooth = functional.avg_pool2d(ink, _SMOOTH, stride=1, padding=_SMOOTH // 2)
    smooth = functional.avg_pool2d(smooth, _SMOOTH, stride=1, padding=_SMOOTH // 2)
    found, low = ink, 0.0
    for share, form in (
        (_BOLD, bold),
        (_THIN, 0.5 * (thin + ink)),  # a line of one pixel must not vanish
        (_OUTLINE, bold - thin),
        (_SILHOUETTE, (4 * ink).clamp(max=1)),
        (_ROUNDED, (_EDGE * (smooth - 0.4) + 0.5).clamp(0, 1)),  # corners and details go
    ):
        found = torch.where((which >= low) & (which < low + share), form, found)
        low += share
    return found


def _planes(count: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return the cells of random points, 2 to 24 of them, as (n, side, side) each: a shade, and 0 between cells."""
    points = torch.rand((count, _CELLS, 2), generator=generator)
    shades = torch.rand((count, _CELLS), generator=generator)
    used = (2 * (_CELLS / 2) ** torch.rand((count, 1), generator=generator)).round()
    points[torch.arange(_CELLS) >= used] = 9.0  # far off
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


def _shrunk(ink: Tensor, scale: Tensor) -> Tensor:
    maps = torch.zeros((len(ink), 2, 3), device=ink.device)
    maps[:, 0, 0] = maps[:, 1, 1] = 1 / scale
    grid = functional.affine_grid(maps, [len(ink), 1, *ink.shape[1:]], align_corners=False)
    return functional.grid_sample(ink.unsqueeze(1), grid, align_corners=False).squeeze(1)


def _shapes(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Return masks (n, side, side) of discs, rounded squares and squares: |x|^p + |y|^p <= r^p."""
    chance = torch.rand((2, count, 1, 1), generator=generator)
    power = torch.where(chance[0] < 0.4, 2.0, torch.where(chance[0] < 0.8, 5.0, 24.0))
    radius = 0.72 + 0.28 * chance[1]
    steps = ((torch.arange(side) + 0.5) / side * 2 - 1).abs()
    distance = (steps.view(1, -1, 1) ** power + steps.view(1, 1, -1) ** power) ** (1 / power)
    return ((radius - distance) * side / 2 + 0.5).clamp(0, 1)


def _two_colours(grounded: Tensor, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return colours of devices and grounds, fields (n, side, side, 3) in [0, 1], half of them gradients.

    A ground is white where `grounded`, shape (n,), is False; a device differs from its ground in luminance.
    """
    count = len(grounded)
    chance = torch.rand((count, 2, 2, 3), generator=generator)  # device or ground, start and end of the gradient
    chance = chance ** (0.5 + 1.5 * torch.rand((count, 2, 1, 1), generator=generator))  # some dark, some light
    flat = torch.rand((count, 2), generator=generator) < 0.5
    chance[:, :, 1] = torch.where(flat.unsqueeze(-1), chance[:, :, 0], chance[:, :, 1])
    chance[~grounded, 1] = 1.0
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
