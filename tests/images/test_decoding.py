import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw
from PIL.JpegImagePlugin import JpegImageFile

from viennatag.errors import ImageError
from viennatag.images.decoding import check_pixels, decode_image, perceptual_hash, read_framed_image
from viennatag.images.reading import hash_images, read_image, read_images

SIZE = 32
WHITE, RED, BLACK = (255, 255, 255), (200, 30, 30), (0, 0, 0)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def drawing(mode: str = "RGB", size: tuple[int, int] = (64, 64)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle([0, 0, size[0] // 2 - 1, size[1] - 1], fill=RED)
    return image.convert(mode)


def assert_left_red_right_white(pixels: np.ndarray, tolerance: int = 6) -> None:
    assert pixels.shape == (SIZE, SIZE, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels[SIZE // 2, 4], RED, atol=tolerance)
    np.testing.assert_allclose(pixels[SIZE // 2, -4], WHITE, atol=tolerance)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("RGB", "BMP"),
        ("RGB", "TIFF"),
        ("RGB", "WEBP"),
        ("RGB", "PPM"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
    ],
)
def test_every_format_and_mode_gives_the_same_pixels(mode: str, kind: str) -> None:
    assert_left_red_right_white(read_image(encoded(drawing(mode), kind), SIZE), tolerance=12)


def test_black_and_white_and_grey() -> None:
    for mode in ("1", "L", "LA"):
        image = Image.new("L", (64, 64), 255)
        image.paste(0, (0, 0, 32, 64))
        pixels = read_image(encoded(image.convert(mode)), SIZE)
        np.testing.assert_array_equal(pixels[16, 4], BLACK)
        np.testing.assert_array_equal(pixels[16, -4], WHITE)


def test_sixteen_bits_are_scaled_to_eight() -> None:
    values = np.full((64, 64), 65_535, dtype=np.uint16)
    values[:, :32] = 257 * 100
    pixels = read_image(encoded(Image.fromarray(values)), SIZE)
    assert pixels[16, 4].tolist() == [100, 100, 100]
    assert pixels[16, -4].tolist() == [255, 255, 255]


def test_sixteen_bit_colour_png() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\0" + struct.pack(">3H", 200 * 257, 30 * 257, 30 * 257) * 32 + b"\xff" * (6 * 32)
    header = struct.pack(">IIBBBBB", 64, 64, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * 64)) + chunk(b"IEND", b"")
    assert_left_red_right_white(read_image(png, SIZE))


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "WEBP"])
def test_a_white_shape_on_nothing_is_seen_on_black(format_: str) -> None:
    layer = Image.new("RGBA", (120, 120), (255, 255, 255, 0))
    layer.paste((255, 255, 255, 255), (30, 30, 90, 90))
    framed = read_framed_image(encoded(layer, format_), SIZE)
    assert not framed.is_blank
    assert framed.pixels.min() == 0
    assert framed.pixels.max() == 255
    assert read_framed_image(encoded(Image.new("RGBA", (9, 9), (255, 255, 255, 0)), format_), SIZE).is_blank
    assert read_framed_image(encoded(Image.new("RGBA", (9, 9), "white"), format_), SIZE).is_blank


def test_transparency_falls_on_white() -> None:
    layer = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    layer.paste((*RED, 255), (0, 0, 32, 64))
    assert_left_red_right_white(read_image(encoded(layer), SIZE))
    assert_left_red_right_white(read_image(encoded(layer, "WEBP", lossless=True), SIZE))
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    np.testing.assert_allclose(read_image(encoded(half), SIZE), 127, atol=1)
    palette = drawing("P")
    palette.info["transparency"] = palette.getpixel((60, 10))
    assert_left_red_right_white(read_image(encoded(palette, "GIF", transparency=palette.getpixel((60, 10))), SIZE), 12)


def test_only_the_first_frame_of_an_animation_counts() -> None:
    frames = [drawing(), Image.new("RGB", (64, 64), "black")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert_left_red_right_white(read_image(moving, SIZE), tolerance=12)


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    turned = drawing().transpose(Image.Transpose.ROTATE_90)
    assert_left_red_right_white(read_image(encoded(turned, "JPEG", exif=exif, quality=95), SIZE), tolerance=12)


@pytest.mark.parametrize("size", [(1, 2000), (2000, 1), (3, 1), (1, 1), (500, 20)])
def test_extreme_shapes_are_padded_with_white_not_distorted(size: tuple[int, int]) -> None:
    pixels = read_image(encoded(Image.new("RGB", size, "black")), SIZE)
    foreground = (pixels < 128).any(axis=2)
    width, height = (max(1, round(side * SIZE / max(size))) for side in size)
    assert (foreground.any(axis=0).sum(), foreground.any(axis=1).sum()) == (width, height)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"not an image at all", "not an image in a known format"),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (encoded(drawing())[:120], "damaged or cut off"),
        (encoded(drawing())[:12], "damaged or cut off, or a kind of .png"),
        (encoded(drawing(), "GIF")[:12], "damaged or cut off, or a kind of .gif"),
        (encoded(drawing(size=(640, 640)), "JPEG")[:900], "damaged or cut off"),
        (encoded(Image.fromarray(np.full((8, 8), -1, dtype=np.float32)), "TIFF"), "values from -1 to -1"),
    ],
)
def test_what_is_no_image_says_so(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=message):
        read_image(content, SIZE)
    file = tmp_path / "file.png"
    file.write_bytes(content)
    with pytest.raises(ImageError, match=message):
        read_image(file, SIZE)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        read_image(tmp_path / "none.png", SIZE)
    with pytest.raises(ImageError, match="folder"):
        read_image(tmp_path, SIZE)


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    bomb = encoded(Image.new("1", (20_000, 20_000)))
    assert len(bomb) < 100_000
    with pytest.raises(ImageError, match="too large"):
        read_image(bomb, SIZE)
    with pytest.raises(ImageError, match="64 × 64 pixels; at most 100"):
        read_framed_image(encoded(drawing()), SIZE, max_pixels=100)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"]), st.data())
def test_damaged_files_give_pixels_or_an_image_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(drawing(size=(24, 24)), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    try:
        pixels = read_image(bytes(content[:cut]), SIZE)
    except ImageError:
        return
    assert pixels.shape == (SIZE, SIZE, 3)


def test_golden_pixels() -> None:
    """Every trained bundle depends on these: if they change, so must `PREPROCESSING` in training.features."""
    image = Image.new("RGB", (6, 3), "white")
    image.putpixel((0, 0), RED)
    image.putpixel((5, 2), (0, 0, 255))
    pixels = read_image(encoded(image), 10)
    assert pixels[[0, 1, 2, 7, 8, 9]].min() == 255, "white above and below"
    assert pixels[:, [0, 9]].min() == 255, "and the margin at the sides"
    assert pixels[3, 1].tolist() == [200, 30, 30]
    assert pixels[6, 8].tolist() == [0, 0, 255]
    assert int(pixels.astype(np.int64).sum()) == 74_581


def test_reading_many_keeps_order_and_reports_errors_in_place() -> None:
    sources = [encoded(Image.new("RGB", (8, 8), (shade, 0, 0))) for shade in range(100)]
    sources[7] = b"broken"
    found = list(read_images(iter(sources), 4, ahead=8))
    assert isinstance(found[7], ImageError)
    shades = [int(pixels[0, 0, 0]) for pixels in found if not isinstance(pixels, ImageError)]
    assert shades == [shade for shade in range(100) if shade != 7]


def test_reading_many_holds_few() -> None:
    taken = 0

    def sources() -> object:
        nonlocal taken
        for _ in range(500):
            taken += 1
            yield encoded(drawing(size=(4, 4)))

    reader = read_images(sources(), 4, ahead=10)  # type: ignore[arg-type]
    next(reader)
    assert taken <= 11
    reader.close()


def test_perceptual_hash_forgives_scanning_but_not_another_drawing(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    image = Image.new("RGB", (200, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse([20, 40, 120, 160], fill="black")
    draw.polygon([(100, 20), (190, 60), (150, 180)], fill="green")
    noisy = np.clip(np.asarray(image).astype(int) + random.normal(0, 8, (200, 200, 1)), 0, 255).astype(np.uint8)
    other = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)

    def bits(left: object, right: object) -> int:
        hashes = [int(perceptual_hash(read_image(each, 64))) for each in (left, right)]  # type: ignore[arg-type]
        return (hashes[0] ^ hashes[1]).bit_count()

    assert bits(image, Image.fromarray(noisy)) <= 4
    assert bits(image, encoded(image.resize((90, 90)), "JPEG", quality=60)) <= 4
    assert bits(image, other) > 12

    image.save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    hashes, errors = hash_images([tmp_path / "a.png", tmp_path / "b.png"])
    assert hashes[0] == perceptual_hash(read_image(image, 64))
    assert hashes[1] == 0
    assert list(errors) == [1]


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_sized_image_has_the_same_pixels_and_the_upright_size(tmp_path: Path, format_: str, orientation: int) -> None:
    image = Image.new("RGB", (300, 200), "red")
    image.putpixel((0, 0), (0, 0, 255))
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(tmp_path / "image", format_, exif=exif)
    found = read_framed_image(tmp_path / "image", 64)
    assert np.array_equal(found.pixels, read_image(tmp_path / "image", 64))
    assert (found.width, found.height) == decode_image(tmp_path / "image").size
    with pytest.raises(ImageError, match="at most 59,999 pixels"):
        read_framed_image(tmp_path / "image", 64, max_pixels=59_999)
    with pytest.raises(ImageError, match="at most 59,999 pixels"):
        check_pixels(tmp_path / "image", max_pixels=59_999)
    check_pixels(tmp_path / "image", max_pixels=60_000)


def test_a_small_mark_on_a_large_jpeg_is_not_enlarged_from_a_small_draft() -> None:
    """A draft of the page that is large enough for the page would be too small for a mark on a tenth of it."""
    sheet = Image.new("RGB", (2400, 3200), "white")
    draw = ImageDraw.Draw(sheet)
    for at in range(0, 240, 16):
        draw.rectangle([700 + at, 900, 707 + at, 1139], fill="black")
    from_png, from_jpeg = read_framed_image(encoded(sheet), 128), read_framed_image(encoded(sheet, "JPEG"), 128)
    assert from_jpeg.box == pytest.approx(from_png.box, rel=0.01)
    assert (from_jpeg.width, from_jpeg.height) == (2400, 3200)
    assert np.abs(from_png.pixels.astype(int) - from_jpeg.pixels).mean() < 6
    assert from_jpeg.pixels[64, 20:108].std() > 90, "the bars are sharp"


@pytest.mark.parametrize(
    ("side", "decoded"), [(250, 250), (500, 500), (540, 270), (1500, 750), (2303, 1152), (2304, 576), (4608, 576)]
)
def test_a_jpeg_is_decoded_once_as_small_as_its_view_and_crops_allow(
    side: int, decoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halving saves most of the time; reducing further is for large pages only, so that crops stay sharp."""
    loaded: list[tuple[int, int]] = []
    load = JpegImageFile.load

    def watched(self: JpegImageFile) -> object:
        loaded.append(self.size)
        return load(self)

    monkeypatch.setattr(JpegImageFile, "load", watched)
    image = Image.new("RGB", (side, side // 2), "white")
    for start, end in ((0.05, 0.35), (0.5, 0.95)):  # two devices, so that there are crops
        ImageDraw.Draw(image).rectangle([start * side, 0.1 * side, end * side, 0.4 * side], fill=RED)
    found = read_framed_image(encoded(image, "JPEG"), 192, max_crops=3)
    assert len(found.crops) == 2
    assert {max(size) for size in loaded} == {decoded}
    assert (found.width, found.height) == image.size


def test_a_reduced_jpeg_has_nearly_the_pixels_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Image.open(Path(__file__).parents[2] / "examples/sample-mark.png").convert("RGB")
    for side in (700, 1500, 3000):
        content = encoded(mark.resize((side, round(side * mark.height / mark.width))), "JPEG", quality=90)
        small = read_image(content, 192).astype(int)
        with monkeypatch.context() as patch:
            patch.setattr(JpegImageFile, "draft", lambda *_: None)
            whole = read_image(content, 192)
        assert np.abs(small - whole).mean() < 0.5
        assert np.quantile(np.abs(small - whole), 0.999) < 40


def test_a_grey_image_has_the_pixels_of_the_same_image_in_colour() -> None:
    grey = drawing(size=(700, 300)).convert("L")
    assert np.array_equal(read_image(grey, 64), read_image(grey.convert("RGB"), 64))
    assert decode_image(grey).mode == "RGB"


def test_a_very_large_image_is_halved_before_it_is_copied() -> None:
    layer = Image.new("RGBA", (5000, 4000), (0, 0, 0, 0))
    layer.paste((*RED, 255), (0, 0, 2500, 4000))
    found = read_framed_image(encoded(layer), SIZE)
    assert (found.width, found.height) == (5000, 4000)
    assert_left_red_right_white(found.pixels)
