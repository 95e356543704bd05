"""Which augmentation suits a collection; no torch is needed to ask."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from viennatag.cores import available_cores
from viennatag.data.marks import Marks
from viennatag.errors import ImageError
from viennatag.images.reading import read_images
from viennatag.training.data.examples import draw_positions

AugmentationProfile = Literal["auto", "marks", "photos", "none"]
"""How images are augmented; `auto` asks the collection, see `choose_profile`."""
PROFILE_SAMPLE = 128
"""Images that are looked at."""
DRAWN = 0.5
"""Share of drawn images from which a collection counts as marks."""
_SIDE = 64
_WHITE = 240
_SHADES, _COVERED = 8, 0.6
"""An image is drawn if so many shades, of 4,096, cover this share of what is not white: so are 65 % of real marks, 32 %
of product photographs and 5 % of other photographs."""


def choose_profile(marks: Marks, images: Path) -> tuple[AugmentationProfile, str]:
    """Return the profile that suits marks, and the reason in a few words.

    Vienna codes are of marks. Other images count as marks where most of them are drawn, in few flat colours. Images
    that cannot be read are left out.
    """
    if marks.taxonomy == "vienna":
        return "marks", "Vienna codes are of marks"
    paths = [images / marks.images[at] for at in draw_positions(len(marks), PROFILE_SAMPLE)]
    share = drawn_share(
        [each for each in read_images(paths, _SIDE, workers=available_cores()) if not isinstance(each, ImageError)]
    )
    return "marks" if share >= DRAWN else "photos", f"{share:.0%} of the images are drawn in a few flat colours"


def drawn_share(images: Sequence[NDArray[np.uint8]]) -> float:
    """Return the share of images, uint8 of shape (side, side, 3), that are drawn; 1 without images."""
    return float(np.mean([_is_drawn(image) for image in images])) if len(images) else 1.0


def _is_drawn(image: NDArray[np.uint8]) -> bool:
    """Whether few shades cover what is not white; a blank image is drawn."""
    shades = (image // 16).astype(np.intp) @ np.array([256, 16, 1])
    counts = np.sort(np.bincount(shades[(image < _WHITE).any(axis=2)]))
    return bool(counts[-_SHADES:].sum() >= _COVERED * counts.sum())
