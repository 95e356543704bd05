"""Profiles of augmentation, mixing of images, and the choice of a profile by the images."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from viennatag.data.marks import read_marks
from viennatag.errors import OptionError
from viennatag.training.data.augmentation import AUGMENTATIONS, mix
from viennatag.training.data.profiles import choose_profile, drawn_share
from viennatag.training.options import FinetuneOptions, TrainOptions


def pixels(count: int = 8, side: int = 48) -> torch.Tensor:
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize("profile", sorted(AUGMENTATIONS))
def test_a_profile_gives_images_of_the_size_asked_for_by_the_seed_alone(profile: str) -> None:
    augment = AUGMENTATIONS[profile]  # type: ignore[index]
    state = torch.get_rng_state()
    first, again = augment(pixels(), generator(), 32), augment(pixels(), generator(), 32)
    assert first.shape == (8, 32, 32, 3)
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), state), "the global generator is left as it was"
    same = augment(pixels(), generator(), 48)
    assert torch.equal(same, pixels()) == (profile == "none")


def test_photographs_are_mirrored_and_marks_are_not() -> None:
    image = torch.tensor([220, 180, 120], dtype=torch.uint8).expand(64, 48, 48, 3).clone()
    image[:, :, :24, :] //= 8  # dark on the left

    def darker_right(profile: str) -> float:
        changed = AUGMENTATIONS[profile](image, generator(), 48).float().mean(dim=(1, 3))  # type: ignore[index]
        return float((changed[:, 36:].mean(1) < changed[:, :12].mean(1) - 20).float().mean())

    assert darker_right("marks") == 0
    assert 0.15 < darker_right("photos") < 0.7


def test_mixed_images_have_the_shares_that_are_told() -> None:
    black_white = torch.zeros((64, 32, 32, 3), dtype=torch.uint8)
    black_white[::2] = 255
    kinds = set()
    for seed in range(6):
        mixed, partner, own = mix(black_white, torch.Generator().manual_seed(seed))
        kinds.add(len(mixed[(mixed > 0) & (mixed < 255)]) > 0)
        expected = own * (black_white[:, 0, 0, 0] / 255) + (1 - own) * (black_white[partner, 0, 0, 0] / 255)
        torch.testing.assert_close(mixed.float().mean(dim=(1, 2, 3)) / 255, expected.float(), atol=0.01, rtol=0)
    assert kinds == {True, False}, "some batches are blended, some cut"


def test_the_images_say_which_profile_suits_them(collection: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for at in range(12):
        smooth = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((64, 64), 3)
        smooth.save(tmp_path / f"{at}.png")
    (tmp_path / "marks.csv").write_text("image,codes\n" + "".join(f"{at}.png,sea\n" for at in range(12)))
    photos = read_marks(tmp_path / "marks.csv", images=tmp_path, taxonomy="flat")
    assert choose_profile(photos, tmp_path)[0] == "photos"
    drawn = read_marks(collection / "flat.csv", images=collection, taxonomy="flat")
    assert choose_profile(drawn, collection)[0] == "marks"
    vienna = read_marks(collection / "marks.csv", images=collection)
    assert choose_profile(vienna, tmp_path / "nowhere")[0] == "marks", "no image is asked"
    assert drawn_share([np.full((8, 8, 3), 255, np.uint8)]) == drawn_share([]) == 1.0


def test_what_is_not_set_suits_the_initial_weights() -> None:
    pretrained = FinetuneOptions().completed(pretrained=True, profile="photos")
    random = FinetuneOptions().completed(pretrained=False)
    assert pretrained.learning_rate is not None
    assert random.learning_rate == 2e-3
    assert pretrained.learning_rate < random.learning_rate
    assert (pretrained.freeze_statistics, random.freeze_statistics) == (True, False)
    assert (pretrained.augmentation, random.augmentation, random.layer_decay) == ("photos", "marks", 1.0)
    own = FinetuneOptions(learning_rate=1e-5, layer_decay=0.5, augmentation="none", freeze_statistics=False)
    assert own.completed(pretrained=True, profile="photos") == own
    with pytest.raises(OptionError, match="mixing"):
        FinetuneOptions(mixing=1.5)
    with pytest.raises(OptionError, match="mixed images"):
        TrainOptions(finetune=FinetuneOptions(mixing=0.5), teacher="resnet18")
