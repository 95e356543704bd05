import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from viennatag.errors import ImageError
from viennatag.images.colours import CODES, NAMES, colour_codes, colour_shares, is_grey, name_colour


def picture(*patches: str, background: str = "#ffffff", size: int = 200) -> Image.Image:
    """Return discs of these colours on a background."""
    image = Image.new("RGB", (size * 4, size * 4), background)
    pen = ImageDraw.Draw(image)
    step = size * 4 // max(len(patches), 1)
    for index, colour in enumerate(patches):
        pen.ellipse((index * step + 20, 200, (index + 1) * step - 20, step - 40 + 200), fill=colour)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def codes(image: Image.Image, **options: object) -> tuple[str, ...]:
    return colour_codes(np.asarray(image), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((255, 0, 0), "red"),
        ((160, 20, 30), "red"),
        ((255, 220, 0), "yellow"),
        ((0, 150, 60), "green"),
        ((20, 30, 90), "blue"),
        ((0, 160, 230), "blue"),
        ((110, 40, 150), "violet"),
        ((255, 255, 255), "white"),
        ((110, 65, 30), "brown"),
        ((0, 0, 0), "black"),
        ((128, 128, 128), "grey"),
        ((200, 165, 70), "gold"),
        ((255, 128, 0), "orange"),
        ((235, 60, 150), "pink"),
        ((250, 225, 190), ""),
    ],
)
def test_a_colour_has_the_name_that_people_give_it(colour: tuple[int, int, int], name: str) -> None:
    assert name_colour(*colour) == name


def test_every_name_has_a_section_of_its_own() -> None:
    assert set(CODES) == set(NAMES) - {""}
    assert len(set(CODES.values())) == len(CODES)


def test_a_white_background_and_black_alone_are_no_colours() -> None:
    assert codes(picture()) == ()
    assert codes(picture("#000000")) == ()


@pytest.mark.parametrize(
    ("patches", "expected"),
    [
        (("#e02020",), ("29.1.1", "29.1.11")),
        (("#e02020", "#2040c0"), ("29.1.1", "29.1.4", "29.1.12")),
        (("#e02020", "#2040c0", "#000000"), ("29.1.1", "29.1.4", "29.1.8", "29.1.13")),
        (("#e02020", "#2040c0", "#10a040", "#ffdd00"), ("29.1.1", "29.1.2", "29.1.3", "29.1.4", "29.1.14")),
        (
            ("#e02020", "#2040c0", "#10a040", "#ffdd00", "#702090"),
            ("29.1.1", "29.1.2", "29.1.3", "29.1.4", "29.1.5", "29.1.15"),
        ),
    ],
)
def test_colours_are_named_and_counted(patches: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert codes(picture(*patches)) == expected
    assert codes(picture(*patches), counts=False) == expected[:-1]


def test_white_counts_on_a_coloured_ground() -> None:
    assert codes(picture("#ffffff", background="#1040a0"), counts=False) == ("29.1.4", "29.1.6")


def test_greys_count_beside_a_colour_or_on_request() -> None:
    assert codes(picture("#000000", "#808080")) == ()
    assert codes(picture("#000000", "#808080"), greys=True, counts=False) == ("29.1.8", "29.1.96")
    assert codes(picture("#e02020", "#808080"), counts=False) == ("29.1.1", "29.1.96")


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_jpeg_noise_adds_no_colour(quality: int) -> None:
    image = picture("#e02020", "#000000")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    assert codes(Image.open(stream).convert("RGB")) == codes(image) == ("29.1.1", "29.1.8", "29.1.12")


def test_soft_edges_add_no_grey() -> None:
    blurred = picture("#e02020", "#000000").filter(ImageFilter.GaussianBlur(0.7))
    assert "29.1.96" not in codes(blurred)


def test_fine_lines_keep_their_colour() -> None:
    image = Image.new("RGB", (160, 160), "white")
    for offset in range(10, 150, 14):
        ImageDraw.Draw(image).line((offset, 10, offset + 9, 150), fill="#d01010", width=1)
    assert codes(image, counts=False) == ("29.1.1",)


def test_shares_add_up_and_the_background_is_named() -> None:
    shares, background = colour_shares(np.asarray(picture("#e02020", "#2040c0")))
    assert background == "white"
    assert sum(shares.values()) == pytest.approx(1)
    assert set(list(shares)[:2]) == {"red", "blue"}


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_rgb_image_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ImageError, match="expected uint8"):
        colour_codes(pixels)


def test_the_smallest_images_pass() -> None:
    assert colour_codes(np.full((1, 1, 3), 255, np.uint8)) == ()
    assert colour_codes(np.array([[[255, 0, 0]] * 3] * 2, np.uint8), counts=False) == ("29.1.1",)


def test_what_counts_as_grey_has_no_other_name() -> None:
    red, first, second = np.meshgrid(np.arange(256), np.arange(-20, 21), np.arange(-20, 21), indexing="ij")
    every = np.stack([red, red + first, red + first + second], axis=-1).reshape(-1, 3)
    every = every[((every >= 0) & (every <= 255)).all(axis=1)].astype(np.uint8)
    near = (np.abs(np.diff(every.astype(int))) <= 10).all(axis=1)
    assert is_grey(every[near][None])
    assert {name_colour(*colour) for colour in every[near][::7].tolist()} == {"black", "grey", "white"}
    assert not any(is_grey(colour[None, None]) for colour in every[~near][::101])


@pytest.mark.parametrize("at", [(0, 0), (17, 3), (199, 299)])
def test_one_pixel_of_a_colour_is_enough_to_be_no_grey(at: tuple[int, int]) -> None:
    pixels = np.full((200, 300, 3), 128, dtype=np.uint8)
    pixels[at] = 120, 131, 128
    assert not is_grey(pixels)
    pixels[at] = 120, 130, 128
    assert is_grey(pixels)
