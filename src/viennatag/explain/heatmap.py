"""Where in an image the evidence for a code lies.

Features are the mean of a map and a linear head is a sum of features, so a logit is the mean of what the head says
at each place: nothing is approximated, and nothing but one product per code is computed beyond the prediction. A
head of cosines divides by the length of the whole image's vector, which is the same everywhere, so it can be taken
apart too. A head that attends to places says for each label what each place adds. So averages of these can be taken
apart as well; a vote of neighbours and a decoder cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import BundleError
from viennatag.images.crops import PART_WEIGHT
from viennatag.images.decoding import ImageSource, decode_image
from viennatag.runtime.engine import Engine

PLACES = "evidence"
"""Output of a graph: what the head sees at each place, shape (images, rows, columns, channels)."""
WEIGHT, BIAS = "head.weight", "head.bias"
"""Outputs of a graph: what the head makes of it, shapes (labels, channels) and (labels,)."""
SAID = "said"
"""Output of a graph: what a head that attends to places says at each, shape (images, rows, columns, labels)."""

LEAST_SPAN = 1.0
"""Where the peak is less than this above the mean, in logits, all stays pale: no place stands out."""
STRONGEST = 0.85
"""Opacity of the strongest evidence; the drawing can still be seen through it."""
RAMP = np.array([[255, 205, 70], [235, 95, 20], [115, 10, 95]], dtype=np.float32)
"""Colours from weak to strong: ever darker, and from yellow to purple, so that they differ for every eye."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where in an image the evidence for a code lies.

    Attributes:
        code: The code or flat label.
        score: Its calibrated score, in [0, 1].
        logit: What the head says of the whole image: the mean of `map`.
        map: What it says of each place of the square that the network sees; float32, shape (rows, columns).
        box: Left, top, right and bottom of the whole image in that square, in fractions of its side; what is beyond
            0 and 1 is paper that was cropped, and the rest of the square is paper that was added.
        background: What each place says that is no evidence for this code: what the head says of blank paper there, and
            what the place adds to all labels alike; shape as `map`. None where that is nothing.
        part: What the head says of the part of the mark that speaks most for the code, seen by itself, if the mark was
            looked at part by part; see `viennatag.images.crops`. What counts is then the weighted mean of both logits.
    """

    code: str
    score: float
    logit: float
    map: NDArray[np.float32]
    box: tuple[float, float, float, float]
    background: NDArray[np.float32] | None = None
    part: "Explanation | None" = None

    def heat(self, width: int, height: int) -> NDArray[np.float32]:
        """Return how strong the evidence is at each pixel of the image drawn at a size; shape (height, width).

        What counts is what a place says beyond the background: at the edges of the square a network sees paper as
        something else than within, and what a place adds to all labels alike speaks for none of them. 0 is what the
        places have on average or less, 1 the most that there is anywhere in the image. What a part says lies on it.
        """
        shown = self._beyond_usual(width, height)
        if self.part:
            on_part = np.maximum(self.part._beyond_usual(width, height), 0)  # around it nothing was seen
            shown = ((1 - PART_WEIGHT) * shown + PART_WEIGHT * on_part).astype(np.float32)
        heat: NDArray[np.float32] = np.clip(shown / max(float(shown.max()), LEAST_SPAN), 0, 1)
        return heat

    def _beyond_usual(self, width: int, height: int) -> NDArray[np.float32]:
        """Return by how many logits the evidence at each pixel is above what the places have on average."""
        left, top, right, bottom = self.box
        beyond = self.map if self.background is None else self.map - self.background
        above = beyond - beyond.min()
        rows, columns = above.shape
        shown = _spread(top, bottom, height, rows) @ above @ _spread(left, right, width, columns).T
        over: NDArray[np.float32] = shown - np.float32(np.mean(above))
        return over

    def overlay(self, image: ImageSource) -> Image.Image:
        """Return the image, in pale grey, with the evidence in colour on top; at the image's own size, RGB.

        Raises:
            ImageError: If the image cannot be read.
        """
        grey = decode_image(image).convert("L")
        heat = self.heat(grey.width, grey.height)[..., None]
        ground = 255 - (255 - np.asarray(grey, dtype=np.float32)[..., None]) * np.float32(0.55)
        opacity = STRONGEST * np.sqrt(heat)
        return Image.fromarray(np.rint(ground * (1 - opacity) + _colours(heat[..., 0]) * opacity).astype(np.uint8))


@dataclass(frozen=True, eq=False)
class PlaceReader:
    """How the outputs of a graph are read at places: the evidence is a product, what was said, or the sum of both.

    Attributes:
        outputs: Names of the graph's outputs that are read, `PLACES`, `SAID` or both.
        weight: What the head makes of `PLACES`, shape (labels, channels); None without them.
        bias: Shape (labels,); None without them.
        paper: What `outputs` are for a blank square, each of shape (rows, columns, channels or labels).
    """

    outputs: tuple[str, ...]
    paper: tuple[NDArray[np.float32], ...]
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, engine: Engine) -> "PlaceReader":
        """Return how the outputs of an engine's graph are read.

        Raises:
            BundleError: If its logits are no mean over places.
        """
        outputs = tuple(name for name in (PLACES, SAID) if name in engine.outputs)
        if not outputs or (PLACES in outputs and not {WEIGHT, BIAS} <= set(engine.outputs)):
            raise BundleError(
                f"this bundle has no heat maps: its graph has no output {PLACES!r}. Heads of neighbours have none, nor "
                "have decoders and networks without a map of features; a bundle of an earlier version has to be "
                "trained again"
            )
        blank = np.full((1, engine.size, engine.size, 3), 255, dtype=np.uint8)
        found = engine.run(blank, (*outputs, *((WEIGHT, BIAS) if PLACES in outputs else ())))
        return cls(outputs, tuple(each[0] for each in found[: len(outputs)]), *found[len(outputs) :])

    def maps(self, seen: Sequence[NDArray[np.float32]], labels: list[int]) -> list[NDArray[np.float32]]:
        """Return the evidence for some labels in an image, in logits; each of shape (rows, columns).

        Args:
            seen: What `outputs` are for the image, each of shape (rows, columns, channels or labels).
            labels: Positions of the labels.
        """
        found: NDArray[np.float32] | float = 0.0
        for name, values in zip(self.outputs, seen, strict=True):
            if name == SAID:
                found = found + values[..., labels]
            elif self.weight is not None and self.bias is not None:
                found = found + (values @ self.weight[labels].T + self.bias[labels])
        return list(np.moveaxis(np.asarray(found), -1, 0))

    def backgrounds(self, seen: Sequence[NDArray[np.float32]], labels: list[int]) -> list[NDArray[np.float32]]:
        """Return what is no evidence for some labels in an image: paper, and what all labels have in common.

        Shapes and arguments are those of `maps`. A single label has nothing in common with others.
        """
        common = np.zeros(seen[0].shape[:2], np.float32)
        for name, values, paper in zip(self.outputs, seen, self.paper, strict=True):
            if name == SAID and values.shape[-1] > 1:
                common += (values - paper).mean(axis=-1)
            elif name == PLACES and self._mean_weight is not None:
                common += (values - paper) @ self._mean_weight
        return [blank + common for blank in self.maps(self.paper, labels)]

    @cached_property
    def _mean_weight(self) -> NDArray[np.float32] | None:
        return None if self.weight is None or len(self.weight) == 1 else self.weight.mean(axis=0)


def _spread(start: float, end: float, pixels: int, cells: int) -> NDArray[np.float32]:
    """Return the weight of each cell of a row at pixels spread from start to end of it; shape (pixels, cells).

    A cell sees much further than its own square. So its value is spread over its neighbours by a cubic B-spline, and
    fades towards the edge, beyond which nothing can be seen; the peak may then lie between cells.

    Args:
        start: Of the pixels, in fractions of the row.
        end: Of the pixels, in fractions of the row.
        pixels: How many.
        cells: How many.
    """
    at = (start + (end - start) * (np.arange(pixels) + 0.5) / pixels) * cells - 0.5
    far = np.abs(at[:, None] - np.arange(cells))
    weights = np.where(far < 1, 2 / 3 - far**2 + far**3 / 2, np.clip(2 - far, 0, None) ** 3 / 6)
    return weights.astype(np.float32)


def _colours(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the ramp's colours, shape (height, width, 3)."""
    stops = np.linspace(0, 1, len(RAMP))
    return np.stack([np.interp(heat, stops, channel) for channel in RAMP.T], axis=-1).astype(np.float32)
