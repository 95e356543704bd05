"""Marks in other styles: what changes, what stays, and what is not learned from them."""

import numpy as np
import pytest
import torch
from torch import Tensor

from viennatag.training.data.style_augmentation import (
    _BOLD,
    _CONTRAST,
    _LUMA,
    _MAGNIFICATION,
    _MAGNIFIED,
    _OUTLINE,
    _ROUNDED,
    _SILHOUETTE,
    _THIN,
    _TILTED,
    _bent,
    _exchange,
    _planes,
    _recolour,
    _stripes,
    _two_colours,
    _with_other_lines,
    augment_style,
)

SIDE = 48


def ring(foreground: tuple[int, int, int] = (0, 0, 0), background: tuple[int, int, int] = (255, 255, 255)) -> Tensor:
    steps = torch.arange(SIDE) - SIDE / 2 + 0.5
    radius = (steps[:, None] ** 2 + steps[None] ** 2).sqrt()
    inside = ((radius > 10) & (radius < 16)).unsqueeze(-1)
    return torch.where(inside, torch.tensor(foreground), torch.tensor(background)).to(torch.uint8)


def chance(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_only_the_share_changes_and_the_mask_says_which() -> None:
    pixels = ring().expand(400, -1, -1, -1).clone()
    before = pixels.clone()
    shown, changed, mirrored = augment_style(pixels, chance(), 0.4)
    assert torch.equal(pixels, before), "the input is left alone"
    assert shown.dtype == torch.uint8
    assert shown.shape == pixels.shape
    assert 0.3 < changed.float().mean() < 0.5
    assert torch.equal(shown[~changed], pixels[~changed])
    assert not mirrored[~changed].any()
    differs = (shown != pixels).flatten(1).any(1)
    assert differs[changed].float().mean() > 0.6, "black on white may come out black on white, seldom"
    assert not augment_style(pixels, chance(), 0.0)[1].any()


def test_the_same_seed_shows_the_same() -> None:
    pixels = torch.randint(0, 256, (20, SIDE, SIDE, 3), dtype=torch.uint8, generator=chance(3))
    assert torch.equal(augment_style(pixels, chance(5), 0.7)[0], augment_style(pixels, chance(5), 0.7)[0])


@pytest.mark.parametrize("foreground", [(0, 0, 0), (200, 30, 40), (250, 220, 60)])
def test_a_device_can_always_be_seen(foreground: tuple[int, int, int]) -> None:
    shown, changed, _ = augment_style(ring(foreground).expand(300, -1, -1, -1), chance(1), 0.99)
    grey = shown.float() @ torch.tensor(_LUMA)
    assert changed.float().mean() > 0.95
    spread = grey[:, 12:-12, 12:-12].flatten(1)
    assert ((spread.amax(1) - spread.amin(1)) > 12).all()


def test_marks_appear_on_white_on_grounds_and_in_shapes() -> None:
    shown, _, _ = augment_style(ring().expand(300, -1, -1, -1), chance(2), 0.99)
    corners = (shown[:, 0, 0].amin(1) > 250).float().mean()
    middles = (shown[:, SIDE // 2, 2].amin(1) > 250).float().mean()
    assert 0.5 < middles < corners < 0.95


def test_about_half_of_them_face_the_other_way() -> None:
    pixels = torch.full((300, SIDE, SIDE, 3), 255, dtype=torch.uint8)
    pixels[:, 16:-16, 8:18] = 0  # all foreground is on the left
    shown, changed, mirrored = augment_style(pixels, chance(6), 0.99)
    foreground = 255 - shown[changed & (shown[:, 0].amin((1, 2)) == 255)].float().mean(3)  # mostly on white
    faces = mirrored[changed & (shown[:, 0].amin((1, 2)) == 255)]
    turned = foreground[:, :, SIDE // 2 :].sum((1, 2)) > foreground[:, :, : SIDE // 2].sum((1, 2))
    assert 0.35 < faces.float().mean() < 0.65
    assert (turned == faces).float().mean() > 0.75, "in a shape a device may be lighter than its ground"


def test_devices_and_grounds_differ_and_grounds_are_white_where_asked() -> None:
    grounded = torch.arange(200) % 2 == 0
    front, back = _two_colours(grounded, 16, chance(4))
    assert front.shape == back.shape == (200, 16, 16, 3)
    for field in (front, back):
        assert field.min() >= 0
        assert field.max() <= 1
    assert (back[~grounded] == 1).all()
    gap = (front - back).mean(dim=(1, 2)) @ torch.tensor(_LUMA)
    assert np.abs(gap.numpy()).min() > 0.8 * _CONTRAST


def test_exchanged_colours_leave_white_and_greys_as_they_are() -> None:
    pixels = torch.randint(0, 256, (40, 8, 8, 3), generator=chance()).float()
    pixels[:, :4] = pixels[:, :4, :, :1]
    shown = _exchange(pixels, chance(1))
    assert torch.allclose(shown[:, :4], pixels[:, :4], atol=1e-3)
    assert (shown[:, 4:] != pixels[:, 4:]).any((1, 2, 3)).all()


def test_recoloured_marks_are_bent_and_white_and_greys_stay() -> None:
    pixels = torch.full((40, SIDE, SIDE, 3), 255.0)
    pixels[:20, 12:-12, 12:-12] = 120.0
    pixels[20:, 12:-12, 12:-12] = torch.tensor((200.0, 40.0, 90.0))
    shown = _recolour(pixels, chance(1))
    assert (shown[:20] != pixels[:20]).any((1, 2, 3)).all()
    assert torch.allclose(shown[:, 0], pixels[:, 0], atol=1e-2)
    assert torch.allclose(shown[:20], shown[:20, :, :, :1].expand(-1, -1, -1, 3), atol=1e-2)
    middle = SIDE // 2
    assert torch.allclose(shown[:20, middle, middle], pixels[:20, middle, middle], atol=1e-2)
    assert (shown[20:, middle, middle] != pixels[20:, middle, middle]).any(1).all()


def test_what_is_bent_stays_whole_and_in_its_place() -> None:
    foreground = torch.zeros((100, 1, SIDE, SIDE))
    foreground[:, :, 14:-14, 14:-14] = 1
    bent = _bent(foreground, chance(2))
    assert bent.min() >= 0
    assert bent.max() <= 1 + 1e-5
    extent = bent.sum((1, 2, 3)) / foreground.sum((1, 2, 3))
    assert extent.min() > 0.6, "a stretched device has less room in the other direction"
    assert extent.max() < 1.25 * _MAGNIFICATION**2, "some are magnified"
    assert 0.1 < (extent > 1.25).float().mean() < _MAGNIFIED
    assert extent.std() > 0.05
    assert (bent[:, 0, SIDE // 2, SIDE // 2] > 0.99).all()


def test_some_are_tilted() -> None:
    foreground = torch.zeros((200, 1, SIDE, SIDE))
    foreground[:, :, 8:-8, 22:-22] = 1  # a pole
    bent = _bent(foreground, chance(3))[:, 0]
    bent = bent / bent.sum((1, 2), True)
    steps = torch.arange(SIDE).float()
    down, across = steps.view(-1, 1).expand(SIDE, SIDE), steps.expand(SIDE, SIDE)
    down = down - (bent * down).sum((1, 2), True)
    across = across - (bent * across).sum((1, 2), True)
    tall, wide, both = ((bent * each).sum((1, 2)) for each in (down**2, across**2, down * across))
    lean = torch.rad2deg(0.5 * torch.atan2(2 * both, tall - wide)).abs()  # from second moments
    assert 0.1 < (lean > 15).float().mean() < _TILTED, "the others are slanted and bent by less"
    assert 30 < lean.max() < 60


def test_rounded_devices_lose_their_details_and_keep_their_size() -> None:
    foreground = torch.zeros((1, 1, SIDE, SIDE))
    foreground[:, :, 12:-12, 12:-12] = 1
    foreground[:, :, 4:12, 23] = 1  # a hair
    low = _BOLD + _THIN + _OUTLINE + _SILHOUETTE
    rounded = _with_other_lines(foreground, torch.tensor([[low + _ROUNDED / 2]]))
    assert rounded[0, 0, 6, 23] < 0.3
    assert 0.9 < rounded.sum() / foreground.sum() < 1.1
    assert torch.equal(_with_other_lines(foreground, torch.tensor([[0.99]])), foreground)


def test_planes_cover_the_image_and_lines_part_them() -> None:
    shade, edge = _planes(60, SIDE, chance(3))
    assert shade.shape == edge.shape == (60, SIDE, SIDE)
    numbers = [len(each.unique()) for each in shade]
    assert min(numbers) == 2
    assert 8 < max(numbers) <= 24
    changes = (shade[:, :, 1:] != shade[:, :, :-1]) & (edge[:, :, 1:] + edge[:, :, :-1] > 1.5)
    assert not changes.any(), "between two planes there is a line"
    assert 0.5 < edge.mean() < 0.97


def test_stripes_leave_most_of_a_device() -> None:
    kept = _stripes(60, SIDE, chance(4)).mean((1, 2))
    assert kept.min() > 0.55
    assert kept.max() < 0.95
