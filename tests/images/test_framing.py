"""Where a mark lies on its page: the same for every page, file size and scanner."""

import io
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from viennatag.images.decoding import read_framed_image
from viennatag.images.framing import MARGIN, MIN_BACKGROUND, WHITE, find_framing
from viennatag.images.reading import read_image

FOREGROUND_BELOW = 200
RED, BLACK = (200, 30, 30), (0, 0, 0)


def page(
    size: tuple[int, int] = (480, 480),
    *,
    at: tuple[int, int] = (120, 100),
    mark: int = 200,
    background: object = "white",
) -> Image.Image:
    """Return a page with an ellipse on it, `mark` pixels wide and four fifths as high."""
    sheet = Image.new("RGB", size, background)  # type: ignore[arg-type]
    ImageDraw.Draw(sheet).ellipse([*at, at[0] + mark - 1, at[1] + mark * 4 // 5 - 1], fill=RED)
    return sheet


def assert_same_place(one: Image.Image, other: Image.Image, *, pixels: float = 1.0) -> None:
    """Both images show the whole page at the same place in a square of 160, to so many of its pixels."""
    boxes = [find_framing(image, 160).box(*image.size, 160) for image in (one, other)]
    assert np.abs(np.subtract(*boxes)).max() * 160 < pixels, boxes


@pytest.mark.parametrize("at", [(0, 0), (170, 40), (300, 250)])
@pytest.mark.parametrize("page", [(420, 330), (330, 420)])
def test_a_mark_looks_the_same_wherever_it_stands_on_its_page(at: tuple[int, int], page: tuple[int, int]) -> None:
    mark = Image.new("RGB", (80, 60), "white")
    ImageDraw.Draw(mark).ellipse([0, 0, 79, 59], fill=RED)
    sheet = Image.new("RGB", page, "white")
    sheet.paste(mark, at if page[0] > page[1] else (at[1], at[0]))
    alone, on_page = read_image(mark, 64), read_image(sheet, 64)
    assert np.abs(alone.astype(int) - on_page).mean() < 4
    for pixels in (alone, on_page):
        foreground = (pixels < FOREGROUND_BELOW).any(axis=2)
        width, height = (
            np.ptp(np.flatnonzero(foreground.any(axis=0))) + 1,
            np.ptp(np.flatnonzero(foreground.any(axis=1))) + 1,
        )
        assert width == pytest.approx(64 / (1 + 2 * MARGIN), abs=3)
        assert height == pytest.approx(0.75 * width, abs=3)


def test_only_white_is_cropped_and_the_whole_image_can_be_found_again() -> None:
    sheet = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(sheet).rectangle([100, 150, 179, 189], fill=BLACK)
    framing = find_framing(sheet, 96)
    left, top, right, bottom = framing.box(*sheet.size, 96)
    square = read_image(sheet, 96)
    ys, xs = np.nonzero((square < 128).any(axis=2))
    assert (right - left) * 96 == pytest.approx((bottom - top) * 96 * 400 / 300, rel=0.05)
    assert xs.min() == pytest.approx((left + (right - left) * 100 / 400) * 96, abs=1.5)
    assert ys.max() == pytest.approx((top + (bottom - top) * 190 / 300) * 96, abs=1.5)
    assert left < 0
    assert right > 1


@pytest.mark.parametrize("colour", ["navy", "white", (240, 236, 238)])
def test_a_dark_background_and_a_blank_page_are_framed_in_full(colour: object) -> None:
    image = Image.new("RGB", (60, 30), colour)  # type: ignore[arg-type]
    framing = find_framing(image, 32)
    assert framing.source == (0, 0, 60, 30)
    assert framing.target == (0, 8, 32, 24)
    assert framing.box(60, 30, 32) == (0, 0.25, 1, 0.75)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 64), st.data())
def test_every_dark_pixel_is_inside_the_square(width: int, height: int, size: int, data: st.DataObject) -> None:
    image = Image.new("RGB", (width, height), "white")
    for _ in range(3):
        at = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        image.putpixel(at, BLACK)
        image.putpixel((min(at[0] + 1, width - 1), at[1]), BLACK)
    framing = find_framing(image, size)
    left, top, right, bottom = framing.target
    assert 0 <= left < right <= size
    assert 0 <= top < bottom <= size
    pixels = np.argwhere(np.asarray(image)[..., 0] < 128)
    if max(width, height) < 160:  # beyond, lone pixels may be lost in the white around them
        assert (pixels[:, 1] >= framing.source[0]).all()
        assert (pixels[:, 1] + 1 <= framing.source[2]).all()
        assert (pixels[:, 0] >= framing.source[1]).all()
        assert (pixels[:, 0] + 1 <= framing.source[3]).all()
    assert read_image(image, size).shape == (size, size, 3)


def test_a_mark_is_in_the_middle_to_a_fraction_of_a_pixel() -> None:
    """A page of 970 pixels is measured in blocks of nine, within which the edges of the mark lie anywhere."""
    for x, y in product((100, 103, 107), (200, 202, 206)):
        framing = find_framing(page((970, 970), at=(x, y), mark=250), 160)
        left, top, right, bottom = framing.source
        assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((x + 125, y + 100), abs=3)
        assert right - left == pytest.approx(250 * (1 + 2 * MARGIN), rel=0.02)


@pytest.mark.parametrize("side", [120, 121, 240, 700, 1500, 3000])
def test_the_size_of_the_file_makes_no_difference(side: int) -> None:
    assert_same_place(page().resize((side, side), Image.Resampling.BOX), page(), pixels=2 if side < 200 else 1)


@pytest.mark.parametrize("quality", [40, 90])
def test_jpeg_makes_no_difference(quality: int) -> None:
    file = io.BytesIO()
    page().save(file, "JPEG", quality=quality)
    assert_same_place(Image.open(file).convert("RGB"), page())


def test_specks_do_not_count_but_are_not_erased() -> None:
    dusty, random = page(mark=260), np.random.default_rng(1)
    for x, y in [(3, 5), (470, 20), (460, 460), (20, 400), *random.integers(0, 476, (4, 2)).tolist()]:
        ImageDraw.Draw(dusty).rectangle([x, y, x + 2, y + 2], fill=(60, 60, 60))
    assert_same_place(dusty, page(mark=260))
    near = page()
    ImageDraw.Draw(near).rectangle([108, 100, 110, 102], fill=BLACK)  # in the margin
    assert (np.asarray(read_image(near, 160)) != read_image(page(), 160)).any()


@pytest.mark.parametrize("grain", [4, 12])
def test_grain_does_not_count(grain: int) -> None:
    pixels = np.asarray(page()) + np.random.default_rng(0).normal(0, grain, (480, 480, 1))
    assert_same_place(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), page())


@pytest.mark.parametrize("fill", [BLACK, (225, 225, 225), "yellow"])
@pytest.mark.parametrize("at", [(6, 6), (466, 240), (240, 470)])
def test_a_small_device_far_from_the_mark_is_never_cut_off(fill: object, at: tuple[int, int]) -> None:
    sheet = page()
    ImageDraw.Draw(sheet).ellipse([at[0] - 5, at[1] - 5, at[0] + 5, at[1] + 5], fill=fill)  # type: ignore[arg-type]
    left, top, right, bottom = find_framing(sheet, 160).source
    assert left < at[0] - 5
    assert right > at[0] + 5
    assert top < at[1] - 5
    assert bottom > at[1] + 5


def test_a_stippled_device_is_not_dust() -> None:
    sheet = page(at=(20, 20))
    for x, y in product(range(300, 460, 12), range(300, 460, 12)):
        ImageDraw.Draw(sheet).rectangle([x, y, x + 1, y + 1], fill=BLACK)
    crop = find_framing(sheet, 160).source
    assert min(crop[2:]) > 455


def test_hairlines_of_a_large_drawing_are_not_cut_off() -> None:
    sheet = Image.new("RGB", (2400, 2400), "white")
    ImageDraw.Draw(sheet).rectangle([900, 2000, 1500, 2100], fill=BLACK)
    ImageDraw.Draw(sheet).ellipse([700, 300, 1700, 1300], outline=BLACK)  # one pixel wide
    left, top, right, bottom = find_framing(sheet, 160).source
    assert max(left - 700, top - 300) <= 0
    assert min(right - 1700, bottom - 2100) >= 0


def test_a_page_of_nothing_but_dots_is_all_mark() -> None:
    sheet = Image.new("RGB", (480, 480), "white")
    for at in (40, 240, 440):
        ImageDraw.Draw(sheet).rectangle([at, at, at + 2, at + 2], fill=BLACK)
    left, _, right, _ = find_framing(sheet, 160).source
    assert (left, right) == pytest.approx((0, 480), abs=1)


@pytest.mark.parametrize("background", [(250, 250, 250), (MIN_BACKGROUND + 3,) * 3, (245, 240, 228)])
def test_grey_and_yellowed_paper_is_background(background: tuple[int, int, int]) -> None:
    sheet = page((480, 360), at=(0, 180), background=background)
    assert_same_place(sheet, page((480, 360), at=(0, 180)))
    square = read_image(sheet, 160)
    assert square[[0, 0, -1, -1], [0, -1, 0, -1]].tolist() == [list(background)] * 4, (
        "the rest of the square has its colour"
    )


def test_white_on_grey_is_foreground() -> None:
    sheet = page(background=(220, 220, 220))
    ImageDraw.Draw(sheet).rectangle([400, 400, 440, 440], fill="white")
    assert min(find_framing(sheet, 160).source[2:]) > 440


@pytest.mark.parametrize("inset", [0, 2, 5])
@pytest.mark.parametrize("size", [(480, 480), (2000, 1400)])
def test_a_thin_frame_around_the_page_is_part_of_the_mark(size: tuple[int, int], inset: int) -> None:
    sheet = page(size)
    ImageDraw.Draw(sheet).rectangle([inset, inset, size[0] - 1 - inset, size[1] - 1 - inset], outline=BLACK, width=2)
    framing = find_framing(sheet, 160)
    assert framing.source == (0, 0, *size)
    assert framing.target[0] == pytest.approx(160 * MARGIN / (1 + 2 * MARGIN), abs=2)
    assert framing.fill == WHITE


def test_a_mark_that_touches_every_edge_gets_its_margin() -> None:
    tight = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(tight).ellipse([0, 0, 299, 299], fill=BLACK)
    framing = find_framing(tight, 160)
    assert framing.source == (0, 0, 300, 300)
    assert framing.target == (15, 15, 145, 145)


def test_a_transparent_background_is_white() -> None:
    layer = Image.new("RGBA", (480, 480), (0, 0, 0, 0))
    layer.paste(
        page(), mask=page().convert("L").point([255 if level < FOREGROUND_BELOW else 0 for level in range(256)])
    )
    found = read_framed_image(layer, 160)
    assert found.box == pytest.approx(read_framed_image(page(), 160).box, abs=0.01)
    assert found.pixels[0, 0].tolist() == [255, 255, 255]
    layer.putalpha(0)
    assert find_framing(layer.convert("RGB"), 160).source == (0, 0, 480, 480)


@pytest.mark.parametrize("colour", ["white", "black", "red", (230, 230, 230)])
def test_a_single_pixel(colour: object) -> None:
    found = read_framed_image(Image.new("RGB", (1, 1), colour), 16)  # type: ignore[arg-type]
    assert found.box == (0, 0, 1, 1)
    assert (found.pixels == found.pixels[0, 0]).all()


@pytest.mark.parametrize("size", [(5000, 3), (3, 5000), (6000, 100)])
def test_a_very_long_mark_keeps_all_of_its_length(size: tuple[int, int]) -> None:
    longer = max(size)
    sheet = Image.new("RGB", size, "white")
    for x, y in [(0, 0), (size[0] * 3 // 4, size[1] * 3 // 4)]:
        ImageDraw.Draw(sheet).rectangle([x, y, x + size[0] // 4, y + size[1] // 4], fill=BLACK)
    framing = find_framing(sheet, 160)
    axis = size.index(longer)
    assert (framing.source[axis], framing.source[axis + 2]) == pytest.approx((0, longer), abs=longer / 50)
    assert read_image(sheet, 160).min() < FOREGROUND_BELOW


def test_an_enlarged_mark_says_so() -> None:
    assert find_framing(page(mark=60), 160).scale == pytest.approx(160 / (60 * (1 + 2 * MARGIN)), rel=0.03)
    assert find_framing(page((1000, 1000), mark=600), 160).scale == pytest.approx(160 / (600 * 1.24), rel=0.03)
