"""Crops of a mark: found, shown alone, and merged for pictorial labels."""

import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.bundles import with_postprocessing
from viennatag.cli.predict import write_heat_maps
from viennatag.evaluation.evaluation import Evaluation
from viennatag.explain.heatmap import MIN_RANGE, Explanation
from viennatag.images.crops import CROP_WEIGHT, MAX_CROPS, find_crops, merge_crops
from viennatag.images.decoding import FramedImage, read_framed_image
from viennatag.images.reading import read_image
from viennatag.model.bundle import Bundle
from viennatag.prediction.predictor import Prediction, Predictor

SIZE = 128
RED, BLUE = (200, 30, 30), (30, 60, 190)


def sheet(width: int = 600, height: int = 200, background: str = "white") -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width, height), background)
    return image, ImageDraw.Draw(image)


def combined(background: str = "white") -> Image.Image:
    """Return a red disc with a blue word of five letters beside it: 500 by 100 pixels on a page of 600 by 200."""
    image, draw = sheet(background=background)
    draw.ellipse([50, 50, 150, 150], fill=RED)
    for letter in range(5):
        draw.rectangle([230 + 64 * letter, 70, 230 + 64 * letter + 59, 130], fill=BLUE)
    return image


def star_beside_a_word() -> Image.Image:
    """Return a mark whose device the starter suspects on the whole mark, but is not sure of."""
    image, draw = sheet()
    radii = [40 if point % 2 == 0 else 16 for point in range(10)]
    turns = [point * math.pi / 5 for point in range(10)]
    points = zip(radii, turns, strict=True)
    draw.polygon([(100 + r * math.sin(turn), 100 - r * math.cos(turn)) for r, turn in points], fill="black")
    for letter in range(5):
        draw.rectangle([230 + 64 * letter, 70, 230 + 64 * letter + 59, 130], fill=BLUE)
    return image


def is_like(pixels: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(np.abs(pixels.astype(int) - colour).max(axis=-1) < 40)


def read(image: Image.Image, max_crops: int = MAX_CROPS) -> FramedImage:
    return read_framed_image(image, SIZE, max_crops=max_crops)


@pytest.mark.parametrize("background", ["white", "gold"])
def test_a_device_beside_a_word_is_shown_alone_and_larger(background: str) -> None:
    found = read(combined(background))
    ((device, box),) = found.crops  # the word is a line of writing
    assert is_like(device, RED).sum() > 10 * is_like(found.pixels, RED).sum()
    assert not is_like(device, BLUE).any()
    left, top, right, bottom = box
    middle = left + (right - left) * 100 / 600, top + (bottom - top) * 100 / 200
    assert middle == pytest.approx((0.5, 0.5), abs=0.02), "where the disc lies on the page is the middle of its square"
    corner = device[0, 0] if background == "gold" else np.array([255, 255, 255])
    assert corner == pytest.approx(np.asarray(Image.new("RGB", (1, 1), background))[0, 0], abs=3)


def test_the_whole_is_what_it_is_without_parts() -> None:
    image = combined()
    with_parts, without = read(image), read(image, max_crops=0)
    np.testing.assert_array_equal(with_parts.pixels, read_image(image, SIZE))
    np.testing.assert_array_equal(without.pixels, with_parts.pixels)
    assert (without.crops, len(with_parts.views), len(without.views)) == ((), 2, 1)
    np.testing.assert_array_equal(with_parts.views[0], with_parts.pixels)


def test_a_device_above_a_word_too() -> None:
    image, draw = sheet(300, 300)
    draw.ellipse([100, 20, 200, 120], fill=RED)
    draw.rectangle([20, 200, 280, 260], fill=BLUE)
    ((device, _),) = read(image).crops
    assert is_like(device, RED).any()
    assert not is_like(device, BLUE).any()


def test_the_largest_come_first_and_no_more_than_wanted() -> None:
    image, draw = sheet(1200, 300)
    for at, side in enumerate((60, 200, 160, 120)):
        draw.rectangle([20 + 280 * at, 50, 20 + 280 * at + side, 50 + side], fill=(0, 0, 50 * at))
    found = read(image, max_crops=3).crops
    assert len(found) == 3
    blues = [int(np.median(view[SIZE // 2 - 4 : SIZE // 2 + 4, SIZE // 2 - 4 : SIZE // 2 + 4, 2])) for view, _ in found]
    assert blues == pytest.approx([50, 100, 150], abs=6)
    assert len(read(image, max_crops=1).crops) == 1


def one_device() -> Image.Image:
    image, draw = sheet(300, 300)
    draw.polygon([(150, 20), (280, 280), (20, 280)], fill="navy")
    return image


def a_word() -> Image.Image:
    image, draw = sheet()
    for letter in range(9):
        draw.rectangle([40 + 56 * letter, 70, 40 + 56 * letter + 53, 130], fill="black")
    return image


def a_photograph() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (10, 30, 3), dtype=np.uint8)).resize((600, 200))


BLANK = [sheet(*size)[0] for size in ((600, 200), (1, 1), (900, 2))]


@pytest.mark.parametrize("image", [one_device(), a_word(), a_photograph(), *BLANK])
def test_a_mark_without_crops_has_one_view(image: Image.Image) -> None:
    assert read(image).crops == ()


def test_a_detail_of_a_large_scan_comes_from_the_scan_and_not_from_the_square() -> None:
    """Stripes that are too fine for the full view are visible in the crop."""
    image, draw = sheet(3000, 1000)
    for at in range(0, 700, 28):
        draw.rectangle([150, 150 + at, 850, 150 + at + 13], fill="black")
    draw.rectangle([1300, 400, 2850, 600], fill=BLUE)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    found = read_framed_image(file.getvalue(), SIZE, max_crops=MAX_CROPS)
    ((device, _),) = found.crops
    column = device[SIZE // 4 : 3 * SIZE // 4, SIZE // 2, 0].astype(int)
    assert np.abs(np.diff(column)).mean() > 40
    left = round(SIZE * (0.12 + 0.76 * 350 / 2700 / 1.0))
    whole = found.pixels[SIZE // 2 - 8 : SIZE // 2 + 8, left, 0].astype(int)
    assert np.abs(np.diff(whole)).mean() < 40


def test_a_jpeg_is_decoded_finely_enough_for_its_parts() -> None:
    """A mark that is small on a large page: the resolution for the full view is too low for a crop."""
    image, draw = sheet(2400, 2400)
    for at in range(0, 300, 20):
        draw.rectangle([200, 1000 + at, 500, 1000 + at + 9], fill="black")
    draw.rectangle([800, 1100, 2200, 1200], fill=BLUE)
    views = []
    for format_ in ("PNG", "JPEG"):
        file = io.BytesIO()
        image.save(file, format_, **({"quality": 95} if format_ == "JPEG" else {}))
        ((device, _),) = read_framed_image(file.getvalue(), SIZE, max_crops=MAX_CROPS).crops
        views.append(device[SIZE // 4 : 3 * SIZE // 4, SIZE // 4 : 3 * SIZE // 4, 0].astype(int))
    from_png, from_jpeg = (float(view.std()) for view in views)
    assert from_jpeg == pytest.approx(from_png, rel=0.1)


@settings(max_examples=60)
@given(
    blocks=st.lists(st.tuples(*[st.integers(0, 90)] * 2, *[st.integers(1, 60)] * 2), max_size=6),
    width=st.integers(16, 400),
    height=st.integers(16, 400),
)
def test_crops_lie_in_the_square_and_contain_foreground(blocks: list[tuple[int, ...]], width: int, height: int) -> None:
    image, draw = sheet(width, height)
    for left, top, across, down in blocks:
        x, y = left * width // 100, top * height // 100
        draw.rectangle([x, y, x + across, y + down], "teal")
    found = read(image, max_crops=5)
    boxes, background = find_crops(found.pixels, found.box, 5)
    assert len(boxes) == len(found.crops) <= 5
    for (left, top, right, bottom), (view, _) in zip(boxes, found.crops, strict=True):
        assert 0 <= left < right <= SIZE
        assert 0 <= top < bottom <= SIZE
        assert np.abs(found.pixels[top:bottom, left:right].astype(int) - background).max() > 24
        assert view.shape == (SIZE, SIZE, 3)
        assert np.abs(view.astype(int) - background).max() > 24


@settings(max_examples=50)
@given(views=st.lists(st.integers(1, 4), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_logits_of_views_are_merged_mark_by_mark(views: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(size=(sum(views), 5)).astype(np.float32)
    pictorial = np.array([True, True, False, True, False])
    merged = merge_crops(logits, views, pictorial)
    assert merged.shape == (len(views), 5)
    assert merged.dtype == np.float32
    at = 0
    for row, count in zip(merged, views, strict=True):
        for label in range(5):
            whole, crops = logits[at, label], logits[at + 1 : at + count, label]
            wanted = whole if count == 1 or not pictorial[label] else (whole + crops.max()) / 2
            assert row[label] == pytest.approx(wanted, abs=1e-6)
        at += count
    assert CROP_WEIGHT == 0.5


def test_every_way_to_a_score_looks_at_parts(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    combined().save(tmp_path / "combined.png")
    one_device().save(tmp_path / "single.png")
    paths = [tmp_path / "combined.png", tmp_path / "single.png"]
    bundle = with_postprocessing(trained[0], max_crops=MAX_CROPS)
    predictor, whole = Predictor(bundle), Predictor(with_postprocessing(bundle, max_crops=0))
    alone = np.stack([predictor.score_image(path) for path in paths])
    (batch,) = predictor.score_many([paths[0], tmp_path / "none.png", paths[1]])
    assert [error is None for error in batch[0]] == [True, False, True]
    np.testing.assert_allclose(batch[1], alone, atol=1e-6)
    seen_whole = np.stack([whole.score_image(path) for path in paths])
    pictorial = bundle.labels.is_pictorial
    assert np.abs(alone - seen_whole)[0, pictorial].max() > 1e-3
    np.testing.assert_allclose(alone[0, ~pictorial], seen_whole[0, ~pictorial], atol=1e-6)
    np.testing.assert_allclose(alone[1], seen_whole[1], atol=1e-6)
    (first, _) = predictor.predict_many(paths)
    assert first.suggestions == predictor.predict(paths[0])


def test_an_explanation_has_the_crop_with_the_highest_logit(trained: tuple[Bundle, Evaluation]) -> None:
    predictor = Predictor(with_postprocessing(trained[0], max_crops=MAX_CROPS))
    labels, image = trained[0].labels, combined()
    for found in predictor.explain_codes(image, labels.names):
        at = labels.index[found.code]
        if not labels.is_pictorial[at]:
            assert found.crop is None
            continue
        assert found.crop is not None
        assert found.crop.local_logits.mean() == pytest.approx(found.crop.logit, abs=1e-4)
        assert found.score == found.crop.score == round(float(predictor.score_image(image)[at]), 4)
    assert predictor.explain(one_device(), labels.names[0]).crop is None


def test_the_command_line_writes_the_heat_map_of_a_crop_too(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    predictor, image = Predictor(with_postprocessing(trained[0], max_crops=MAX_CROPS)), tmp_path / "combined.png"
    combined().save(image)
    found = Prediction(str(image), predictor.predict(image, top=10, level="category"))
    write_heat_maps(predictor, [image], [found], tmp_path / "maps")
    for suggestion in found.suggestions:
        explanation = predictor.explain(image, suggestion.code)
        written = tmp_path / "maps" / f"combined.{suggestion.code}.crop.npy"
        assert written.is_file() == (explanation.crop is not None)
        if explanation.crop:
            np.testing.assert_array_equal(np.load(written), explanation.crop.local_logits)
    assert list((tmp_path / "maps").glob("*.crop.npy"))


def test_heat_of_a_crop_is_inside_the_crop() -> None:
    """The full view has no heat; the crop, a disc at the left of its page, has some in its middle."""
    framed = read(combined())
    ((_, box),) = framed.crops
    values = np.zeros((6, 6), np.float32)
    values[2:4, 2:4] = 20
    crop = Explanation("3", 0.5, 0.0, values, box)
    found = Explanation("3", 0.5, 0.0, np.zeros((6, 6), np.float32), framed.box, crop=crop)
    heat = found.heat(600, 200)
    top, left = np.unravel_index(heat.argmax(), heat.shape)
    assert (left, top) == pytest.approx((100, 100), abs=12)
    assert heat.max() == pytest.approx(1)
    assert not heat[:, 200:].any()
    faint = replace(crop, local_logits=values * np.float32(MIN_RANGE / values.max()))
    assert 0 < replace(found, crop=faint).heat(600, 200).max() < 0.5, "where little is values all stays pale"
    assert not replace(found, crop=None).heat(600, 200).any()
