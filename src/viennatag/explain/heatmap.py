"""Heat maps: which image regions support a code, by exact class activation maps.

Features are the mean of a feature map and a linear head is a sum of features, so a logit is exactly the mean of the
local logits at all spatial positions; each code costs one product more than the prediction. A cosine head divides
by the length of the full image's vector, which is the same everywhere, so its logits are such means too. An
attention head outputs local logits itself. Averages of these heads work as well; neighbour votes and decoders do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import BundleError
from viennatag.images.crops import CROP_WEIGHT
from viennatag.images.isolation import shrink_guarded
from viennatag.images.sources import ImageSource
from viennatag.model.bundle import HEAD_BIAS, HEAD_WEIGHT
from viennatag.runtime.engine import Engine

HEAD_INPUTS = "head_inputs"
"""Graph output: the inputs of the head at each spatial position, shape (images, rows, columns, channels)."""
LOCAL_LOGITS = "local_logits"
"""Graph output: local logits of an attention head, shape (images, rows, columns, labels)."""

MIN_RANGE = 1.0
"""Logits between mean and peak that get the full colour range; a flatter map stays pale."""
LONGEST_SIDE = 2048
"""Of an image with its heat map, in pixels: drawing takes 60 bytes for each pixel."""
MAX_OPACITY = 0.85
"""Opacity of the strongest evidence; the drawing stays visible."""
RAMP = np.array([[255, 205, 70], [235, 95, 20], [115, 10, 95]], dtype=np.float32)
"""Colours from weak to strong: darker and darker, yellow to purple, safe for colour-blind readers."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Heat map of a code in an image.

    Attributes:
        code: The code or flat label.
        score: Its calibrated score, in [0, 1].
        logit: Logit of the full image: the mean of `local_logits`.
        local_logits: Logits at the spatial positions of the network's square; float32, shape (rows, columns).
        box: Left, top, right and bottom of the full image in that square, in fractions of its side; below 0 and
            above 1 background was cropped, and the rest of the square is added background.
        baseline: Local logits that are no evidence for this code: those of a blank square, and the mean over all
            labels; shape as `local_logits`. None for zero.
        crop: Heat map of the crop with the highest logit, if the mark has crops; see `viennatag.images.crops`. The
            final logit is then the weighted mean of both logits.
    """

    code: str
    score: float
    logit: float
    local_logits: NDArray[np.float32]
    box: tuple[float, float, float, float]
    baseline: NDArray[np.float32] | None = None
    crop: "Explanation | None" = None

    def heat(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the heat in [0, 1] at each pixel of the image at a size; shape (height, width).

        The heat is the local logit above the baseline: 0 for the mean of the image or less, 1 for its maximum. The
        baseline accounts for blank squares, which networks see differently at the edges, and for positions that raise
        all labels alike. The heat of the crop is added.
        """
        heat = self._upsample(width, height)
        if self.crop:
            of_crop = np.maximum(self.crop._upsample(width, height), 0)  # the crop knows nothing around it
            heat = ((1 - CROP_WEIGHT) * heat + CROP_WEIGHT * of_crop).astype(np.float32)
        clipped: NDArray[np.float32] = np.clip(heat / max(float(heat.max()), MIN_RANGE), 0, 1)
        return clipped

    def _upsample(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the local logits above baseline and mean at each pixel, in logits."""
        left, top, right, bottom = self.box
        logits = self.local_logits if self.baseline is None else self.local_logits - self.baseline
        above = logits - logits.min()
        rows, columns = above.shape
        shown = _spline_weights(top, bottom, height, rows) @ above @ _spline_weights(left, right, width, columns).T
        centred: NDArray[np.float32] = shown - np.float32(np.mean(above))
        return centred

    def overlay(self, image: ImageSource) -> Image.Image:
        """Return the image in pale grey with the heat in colour on top, RGB, at most 2,048 pixels wide and high.

        Raises:
            ImageError: If the image cannot be read.
        """
        grey = shrink_guarded(image, LONGEST_SIDE).convert("L")
        heat = self.heat(grey.width, grey.height)[..., None]
        pale = 255 - (255 - np.asarray(grey, dtype=np.float32)[..., None]) * np.float32(0.55)
        opacity = MAX_OPACITY * np.sqrt(heat)
        return Image.fromarray(np.rint(pale * (1 - opacity) + _colours(heat[..., 0]) * opacity).astype(np.uint8))


@dataclass(frozen=True, eq=False)
class ClassActivationReader:
    """Computes local logits from a graph's outputs: feature map times weight, local logits, or the sum of both.

    Attributes:
        outputs: Names of the outputs that are needed: `HEAD_INPUTS`, `LOCAL_LOGITS` or both.
        blank: These outputs for a blank square, each of shape (rows, columns, channels or labels).
        weight: Weight of the head, shape (labels, channels); None without a feature map.
        bias: Bias of the head, shape (labels,); None without a feature map.
    """

    outputs: tuple[str, ...]
    blank: tuple[NDArray[np.float32], ...]
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, engine: Engine) -> "ClassActivationReader":
        """Return the reader of an engine's graph.

        Raises:
            BundleError: If its logits are no means over spatial positions.
        """
        outputs = tuple(name for name in (HEAD_INPUTS, LOCAL_LOGITS) if name in engine.outputs)
        if not outputs or (HEAD_INPUTS in outputs and not {HEAD_WEIGHT, HEAD_BIAS} <= set(engine.outputs)):
            raise BundleError(
                f"this bundle has no heat maps: its graph has no output {HEAD_INPUTS!r}. Neighbour heads, decoders and "
                "networks without a feature map have none"
            )
        blank = np.full((1, engine.size, engine.size, 3), 255, dtype=np.uint8)
        found = engine.run(blank, (*outputs, *((HEAD_WEIGHT, HEAD_BIAS) if HEAD_INPUTS in outputs else ())))
        return cls(outputs, tuple(each[0] for each in found[: len(outputs)]), *found[len(outputs) :])

    def local_logits(self, values: Sequence[NDArray[np.float32]], labels: list[int]) -> list[NDArray[np.float32]]:
        """Return the local logits of the labels at some positions in an image, each of shape (rows, columns).

        The values are `outputs` for the image, each of shape (rows, columns, channels or labels).
        """
        logits: NDArray[np.float32] | float = 0.0
        for name, value in zip(self.outputs, values, strict=True):
            if name == LOCAL_LOGITS:
                logits = logits + value[..., labels]
            elif self.weight is not None and self.bias is not None:
                logits = logits + (value @ self.weight[labels].T + self.bias[labels])
        return list(np.moveaxis(np.asarray(logits), -1, 0))

    def baselines(self, values: Sequence[NDArray[np.float32]], labels: list[int]) -> list[NDArray[np.float32]]:
        """Return the baselines of some labels: local logits of a blank square, plus the rise that all labels share.

        Arguments and shapes as in `local_logits`. With a single label no rise is shared.
        """
        shared = np.zeros(values[0].shape[:2], np.float32)
        for name, value, blank in zip(self.outputs, values, self.blank, strict=True):
            if name == LOCAL_LOGITS and value.shape[-1] > 1:
                shared += (value - blank).mean(axis=-1)
            elif name == HEAD_INPUTS and self._mean_weight is not None:
                shared += (value - blank) @ self._mean_weight
        return [each + shared for each in self.local_logits(self.blank, labels)]

    @cached_property
    def _mean_weight(self) -> NDArray[np.float32] | None:
        return None if self.weight is None or len(self.weight) == 1 else self.weight.mean(axis=0)


def _spline_weights(start: float, end: float, pixels: int, cells: int) -> NDArray[np.float32]:
    """Return cubic B-spline weights that interpolate a row of cells at pixels; shape (pixels, cells).

    A spatial position has a large receptive field, so the peak may lie between cells. The pixels start and end at
    fractions of the row.
    """
    at = (start + (end - start) * (np.arange(pixels) + 0.5) / pixels) * cells - 0.5
    far = np.abs(at[:, None] - np.arange(cells))
    weights = np.where(far < 1, 2 / 3 - far**2 + far**3 / 2, np.clip(2 - far, 0, None) ** 3 / 6)
    return weights.astype(np.float32)


def _colours(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the colours of heat values, shape (height, width, 3)."""
    stops = np.linspace(0, 1, len(RAMP))
    return np.stack([np.interp(heat, stops, channel) for channel in RAMP.T], axis=-1).astype(np.float32)
