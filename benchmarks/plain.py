"""Decode an image file into the network's square with plain Pillow: the baseline for viennatag's decoding."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def decode_plainly(path: Path | str, size: int) -> NDArray[np.uint8]:
    """Return an image squeezed into a square on white; shape (size, size, 3)."""
    with Image.open(path) as file:
        shown = file.convert("RGB")
        if file.has_transparency_data:  # what lies under full transparency is not the picture
            layer = file.convert("RGBA")
            shown = Image.new("RGB", file.size, "white")
            shown.paste(layer, mask=layer)
        return np.asarray(shown.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0))
