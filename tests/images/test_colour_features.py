"""What pixels say of colour codes, in the square that the network sees."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.images.test_colours import picture
from viennatag.images.colour_features import COLOUR_LABELS, colour_features, colour_map
from viennatag.images.colours import colour_codes
from viennatag.images.reading import read_image

FORM = frozenset(COLOUR_LABELS) - {"29", "29.1"}
RED, BLUE, GREEN, YELLOW, VIOLET = "#e02020", "#2040c0", "#10a040", "#ffdd00", "#702090"


def features(image: Image.Image, size: int = 160) -> dict[str, float]:
    (found,) = colour_features(read_image(image, size)[None], COLOUR_LABELS)
    return dict(zip(COLOUR_LABELS, found.tolist(), strict=True))


def visible(image: Image.Image, size: int = 160) -> set[str]:
    return {code for code, value in features(image, size).items() if value > 0}


def jpeg(image: Image.Image) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=35)
    return Image.open(stream).convert("RGB")


def small(image: Image.Image) -> Image.Image:
    return image.resize((70, 70), Image.Resampling.BILINEAR).resize(image.size, Image.Resampling.BICUBIC)


def scanned(image: Image.Image) -> Image.Image:
    """On yellowish paper, blurred, with grain, as JPEG."""
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float32) * [0.99, 0.96, 0.9]
    grain = np.random.default_rng(0).normal(0, 8, (*pixels.shape[:2], 1))
    return jpeg(Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)))


def unworn(image: Image.Image) -> Image.Image:
    return image


@pytest.mark.parametrize("wear", [unworn, jpeg, small, scanned])
@pytest.mark.parametrize(
    "patches",
    [(RED,), (RED, BLUE), (RED, BLUE, "#000000"), (RED, BLUE, GREEN, YELLOW), (RED, BLUE, GREEN, YELLOW, VIOLET)],
)
def test_worn_images_show_what_clean_ones_do(
    patches: tuple[str, ...], wear: Callable[[Image.Image], Image.Image]
) -> None:
    image = picture(*patches, size=300)
    assert visible(wear(image)) & FORM == set(colour_codes(np.asarray(image)))


def test_colour_as_such_is_seen_where_any_colour_is() -> None:
    assert {"29", "29.1"} <= visible(picture(RED))
    assert features(picture(RED))["29"] == features(picture(RED))["29.1"] > 0


@pytest.mark.parametrize("image", [picture(), picture("#000000"), picture("#000000", "#808080"), picture("#ffffff")])
def test_black_grey_and_white_alone_are_no_colours(image: Image.Image) -> None:
    assert not visible(image)
    assert features(image)["29"] == pytest.approx(-3.9, abs=0.02)


def test_white_counts_on_a_coloured_background_even_between_white_bars() -> None:
    banner = picture("#ffffff", background=BLUE, size=240).crop((0, 20, 240, 110))
    for shape in (banner, banner.rotate(90, expand=True)):
        assert visible(shape) & FORM == {"29.1.4", "29.1.6", "29.1.12"}


def test_a_grey_background_does_not_count_but_a_grey_shape_does() -> None:
    assert visible(picture(RED, background="#e4e6e2")) & FORM == {"29.1.1", "29.1.11"}
    assert "29.1.96" in visible(picture(RED, "#808080"))


def test_the_more_of_a_colour_the_more_evidence() -> None:
    values = []
    for width in (0, 6, 20, 60, 140):
        image = picture(RED, size=200)
        ImageDraw.Draw(image).rectangle(
            [20, 5, 20 + width, 40] if width else [0, 0, 0, 0], fill=BLUE if width else "white"
        )
        values.append(features(image)["29.1.4"])
    assert values == sorted(values)
    assert values[0] < 0 < values[-1]


def test_a_gradient_shows_its_ends_and_a_photo_nothing_for_certain() -> None:
    ramp = np.linspace([220, 20, 20], [20, 40, 200], 200)[None].repeat(200, axis=0).astype(np.uint8)
    assert {"29.1.1", "29.1.4"} <= visible(Image.fromarray(ramp))
    noise = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    photo = features(Image.fromarray(noise).resize((200, 200), Image.Resampling.BICUBIC))
    assert photo["29"] > 0
    assert max(photo[code] for code in ("29.1.11", "29.1.12")) < 0
    assert max(photo[code] for code in FORM) < 2.5  # no colour has nearly all of it


def test_evidence_is_bounded_and_always_the_same() -> None:
    for image in (picture(), picture(RED), Image.new("RGB", (1, 1), RED), Image.new("RGB", (300, 3), BLUE)):
        found = list(features(image).values())
        assert found == list(features(image).values())
        assert np.abs(found).max() < 3.92


def test_codes_are_given_in_the_order_asked_for() -> None:
    pixels = np.stack([read_image(picture(colour), 96) for colour in (RED, BLUE)])
    found = colour_features(pixels, ("29.1.4", "29.1.1"))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found > 0, [[False, True], [True, False]])
    assert colour_features(pixels, ()).shape == (2, 0)


def test_a_map_shows_where_the_colour_is_and_its_mean_is_the_evidence() -> None:
    pixels = read_image(picture(RED, BLUE), 160)
    found = colour_map(pixels, "29.1.1")
    high = found > found.mean() + 1
    assert found.shape == (160, 160)
    assert found.mean() == pytest.approx(features(picture(RED, BLUE))["29.1.1"], abs=1e-4)
    assert high[:, :80].mean() > 0.2
    assert not high[:, 80:].any()
    both = colour_map(pixels, "29.1.12")
    assert ((both > both.mean() + 1) >= high).all()
    assert (both > both.mean() + 1)[:, 80:].any()


def test_a_map_lies_on_the_image_not_on_the_bars_beside_it() -> None:
    banner = picture("#ffffff", background=BLUE, size=240).crop((0, 20, 240, 110))
    found = colour_map(read_image(banner, 160), "29.1.4")
    high = found > found.mean() + 1
    assert high.any()
    assert not high[:40].any()
    assert not high[-40:].any()
