"""Features of all stages of a frozen network, computed once and kept; the last layer comes first."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from real_collections import BACKBONE
from viennatag.files import atomic_file
from viennatag.images.reading import read_image
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.backbones.stages import stage_backbone

LAST = 1280
"""Features of the last layer."""
_BATCH = 32


def stage_features(
    images: Sequence[Path], *, name: str, size: int, work: Path, mirrored: bool = False, backbone: str = BACKBONE
) -> NDArray[np.float16]:
    """Return the features of images, or of their mirror images; shape (images, width).

    Args:
        images: The files.
        name: What the features are kept by, in the folder `work`.
        size: Side of the images, in pixels.
        work: Folder for what is kept.
        mirrored: Whether the images are mirrored.
        backbone: The network; by default the benchmarks' MobileNetV2.
    """
    path = work / f"{name}-{size}{'-mirrored' if mirrored else ''}.npy"
    if not path.is_file():
        engine = Engine(stage_backbone(load_timm_backbone(backbone, cache=work / "cache", size=size)).graph)
        found = []
        for at in range(0, len(images), _BATCH):
            pixels = np.stack([read_image(image, size) for image in images[at : at + _BATCH]])
            shown = np.ascontiguousarray(pixels[:, :, ::-1]) if mirrored else pixels
            found.append(engine.run(shown, ("features",))[0].astype(np.float16))
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            np.save(file, np.concatenate(found))
    kept: NDArray[np.float16] = np.load(path)
    if len(kept) != len(images):
        raise SystemExit(f"{path}: it holds {len(kept)} rows, there are {len(images)} images; delete it")
    return kept
