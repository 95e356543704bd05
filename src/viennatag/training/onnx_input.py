"""What somebody's ONNX graph takes and gives, for the backbone `onnx:FILE`. No graph says how its pixels are scaled."""

from dataclasses import dataclass
from typing import Literal

from viennatag.errors import OptionError

PixelScale = Literal["none", "unit", "signed", "imagenet"]
NORMALISATIONS: dict[PixelScale, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "none": ((0.0,), (1.0,)),
    "unit": ((0.0,), (255.0,)),
    "signed": ((127.5,), (127.5,)),
    "imagenet": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
"""Mean and standard deviation by name, in pixel values of 0 to 255."""


@dataclass(frozen=True)
class OnnxInput:
    """What the graph of a backbone `onnx:FILE` takes, and what it is cut at.

    Attributes:
        layout: Order of the axes of its pixels, NCHW or NHWC; auto reads it from the shape of its input.
        normalisation: How its pixels are scaled: none (0 to 255, as Keras has them), unit (0 to 1), signed (-1 to 1),
            imagenet (0 to 1, then mean and deviation of ImageNet). Needed, or `mean` and `std`, if it takes floats.
        mean: What is subtracted from pixels of 0 to 255, one number or one for each channel.
        std: What they are then divided by.
        channels: Order of the colours, RGB or BGR.
        output: Name of a tensor in the graph: features (images, width), or a map of them; by default its only output.
    """

    layout: Literal["auto", "NCHW", "NHWC"] = "auto"
    normalisation: PixelScale | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    channels: Literal["RGB", "BGR"] = "RGB"
    output: str | None = None

    def __post_init__(self) -> None:
        if (self.mean is None) != (self.std is None):
            raise OptionError("onnx.mean and onnx.std go together, in pixel values of 0 to 255")
        if self.mean is not None and self.normalisation is not None:
            raise OptionError("onnx.normalisation stands for a mean and std; leave it out, or onnx.mean and onnx.std")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and len(values) not in {1, 3}:
                raise OptionError(f"onnx.{name} has {len(values)} numbers; expected 1, or 3 for the channels")
        if self.std is not None and not all(each > 0 for each in self.std):
            raise OptionError(f"onnx.std is {list(self.std)}; expected numbers above 0")

    @property
    def scale(self) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        """Mean and standard deviation, in pixel values of 0 to 255; None if nothing is said."""
        if self.mean is not None and self.std is not None:
            return self.mean, self.std
        return NORMALISATIONS[self.normalisation] if self.normalisation else None
