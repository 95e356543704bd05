"""Values of other than 8 bits: none of them makes an image black, and each range that is unknown is told."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, SAMPLEFORMAT

from viennatag.errors import ImageError
from viennatag.images.decoding import decode_image
from viennatag.images.levels import to_eight_bits
from viennatag.images.reading import read_image

RAMP = np.linspace(0, 255, 64 * 64).round().astype(np.uint8).reshape(64, 64)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16, 24, 31])
@pytest.mark.parametrize("type_", [np.uint16, np.int32, np.uint32, np.int64, np.float32, np.float64])
def test_the_smallest_usual_range_that_holds_the_values_is_taken(bits: int, type_: type[np.generic]) -> None:
    if (type_ is np.uint16 and bits > 16) or (type_ is np.float32 and bits > 24):  # has no such values
        return
    values = (RAMP.astype(np.float64) / 255 * (2**bits - 1)).astype(type_)
    assert np.abs(to_eight_bits(values).astype(int) - RAMP).max() <= 1


def test_shares_of_white_and_truth_values() -> None:
    assert np.abs(to_eight_bits((RAMP / 255).astype(np.float32)).astype(int) - RAMP).max() == 0
    assert to_eight_bits(RAMP > 99).tolist() == ((RAMP > 99) * 255).tolist()
    assert to_eight_bits(np.ones((2, 2), dtype=np.int32)).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), 2.0**40])
def test_an_unknown_range_is_told(value: float) -> None:
    values = RAMP.astype(np.float64)
    values[3, 3] = value
    with pytest.raises(ImageError, match="scale them first"):
        to_eight_bits(values)


@pytest.mark.parametrize(
    ("mode", "factor"), [("I", 1), ("I", 257), ("I;16", 1), ("I;16", 16), ("I;16", 257), ("F", 1), ("F", 1 / 255)]
)
def test_pillow_images_and_their_files_are_seen_alike(mode: str, factor: float) -> None:
    type_ = {"I": np.int32, "I;16": np.uint16, "F": np.float32}[mode]
    image = Image.fromarray((RAMP * float(factor)).astype(type_))
    assert image.mode == mode
    file = io.BytesIO()
    image.save(file, "TIFF")
    expected = read_image(Image.fromarray(RAMP), 64).astype(int)
    for source in (image, file.getvalue(), np.asarray(image), np.asarray(image)[..., None]):
        assert np.abs(read_image(source, 64) - expected).max() <= 2


def test_a_large_image_of_16_bits_takes_little_memory() -> None:
    import tracemalloc

    values = np.full((4000, 4000), 30_000, dtype=np.uint16)
    tracemalloc.start()
    to_eight_bits(values)
    assert tracemalloc.get_traced_memory()[1] < 40e6
    tracemalloc.stop()


@pytest.mark.parametrize("stored", [65535 - 257 * RAMP.astype(np.uint16), (1 - RAMP / 255).astype(np.float32)])
def test_a_tiff_whose_smallest_value_is_white_is_no_negative(stored: np.ndarray) -> None:
    content = io.BytesIO()
    Image.fromarray(stored).save(content, "TIFF", tiffinfo={PHOTOMETRIC_INTERPRETATION: 0})
    assert np.abs(np.asarray(decode_image(content.getvalue()).convert("L")).astype(int) - RAMP).max() <= 1


def test_a_tiff_of_32_bits_without_sign_has_no_negative_values() -> None:
    content = io.BytesIO()
    stored = (RAMP.astype(np.uint32) * 0x01010101).view(np.int32)
    Image.fromarray(stored).save(content, "TIFF")
    signed, unsigned = (struct.pack("<HHIHH", SAMPLEFORMAT, 3, 1, kind, 0) for kind in (2, 1))
    assert signed in content.getvalue()
    assert (
        np.abs(
            np.asarray(decode_image(content.getvalue().replace(signed, unsigned)).convert("L")).astype(int) - RAMP
        ).max()
        <= 1
    )


def test_the_transparent_value_of_a_png_of_sixteen_bits_is_white() -> None:
    content = io.BytesIO()
    Image.fromarray(257 * RAMP.astype(np.uint16)).save(content, "PNG", transparency=0)
    expected = np.where(RAMP == 0, 255, RAMP)
    assert np.asarray(decode_image(content.getvalue()).convert("L")).tolist() == expected.tolist()
