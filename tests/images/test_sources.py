"""What people hand in: the right pixels, or an error that says what is taken."""

import io
import os
from array import array
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, features

from viennatag.errors import ImageError
from viennatag.images.reading import read_image

MARK = Image.new("RGB", (160, 120), "white")
ImageDraw.Draw(MARK).polygon([(80, 15), (140, 105), (20, 105)], fill=(20, 60, 160))


def png() -> bytes:
    file = io.BytesIO()
    MARK.save(file, "PNG")
    return file.getvalue()


PIXELS = read_image(png(), 64)


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "mark"  # without an ending
    path.write_bytes(png())
    pixels = np.asarray(MARK)
    with path.open("rb") as file, Image.open(path) as opened:
        files = (path, str(path), png(), bytearray(png()), memoryview(array("B", png())), io.BytesIO(png()), file)
        arrays = (pixels, np.asfortranarray(pixels), pixels.astype(np.int64), pixels / 255, pixels[::-1][::-1])
        images = (opened, MARK, MARK.convert("RGBA"), MARK.convert("RGBX"), MARK.convert("RGBA").convert("RGBa"))
        for source in (*files, *arrays, np.asarray(MARK.convert("RGBA")), *images):
            assert np.array_equal(read_image(source, 64), PIXELS), type(source)


@pytest.mark.parametrize("mode", ["LA", "La", "1", "L"])
def test_grey_modes(mode: str) -> None:
    grey = MARK.convert("L").point(lambda level: 255 if level > 128 else 0)
    image = grey.convert("LA").convert("La") if mode == "La" else grey.convert(mode)
    assert np.array_equal(read_image(image, 64), read_image(grey.convert("RGB"), 64))


@pytest.mark.parametrize("ending", [".jfif", ".jpe", ".JPEG", ".pgm", ".avif", ".mpo", ""])
def test_endings_do_not_matter(ending: str, tmp_path: Path) -> None:
    kind = {".pgm": "PPM", ".avif": "AVIF", ".mpo": "MPO"}.get(ending, "JPEG")
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    image = MARK.convert("L") if ending == ".pgm" else MARK
    image.save(tmp_path / f"mark{ending}", kind)
    assert np.abs(read_image(tmp_path / f"mark{ending}", 64).astype(int) - read_image(image, 64)).mean() < 6


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "type NoneType; expected a path"),
        ([MARK, MARK], "this is a list, not one image"),
        ({"image": MARK}, "type dict"),
        (7, "type int"),
        ("https://example.org/mark.png", "address"),
        ("a\0b", "no path"),
        (io.BytesIO(b"hello, this is no image"), "not an image in a known format"),
        (io.BytesIO(b""), r"seek\(0\)"),
        (io.StringIO("text"), "binary mode"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><svg/></html>", "web page"),
        (b"\0\0\0\x18ftypheic" + bytes(200), "HEIC|damaged"),
        (io.TextIOWrapper(io.BytesIO(png())), "binary mode"),
        (np.zeros((3, 64, 64), np.uint8), r"shape \(3, 64, 64\).*transpose\(1, 2, 0\)"),
        (np.zeros((0, 5), np.uint8), "empty"),
        (Image.new("RGB", (0, 9)), "the Pillow image is empty, of 0 × 9 pixels"),
        (np.zeros((4, 4), np.complex64), "complex64"),
        (np.full((4, 4), np.nan), "finite"),
    ],
)
def test_what_is_not_taken_says_so(source: object, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        read_image(source, 64)  # type: ignore[arg-type]


def test_closed_files_and_images(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    file = (tmp_path / "a.png").open("rb")
    image = Image.open(tmp_path / "a.png")
    file.close()
    image.close()
    with pytest.raises(ImageError, match="open file cannot be read"):
        read_image(file, 64)
    with pytest.raises(ImageError, match="Pillow image cannot be read"):
        read_image(image, 64)
    verified = Image.open(tmp_path / "a.png")
    verified.verify()
    with pytest.raises(ImageError, match=r"Pillow image cannot be read \(closed or verified; open it again"):
        read_image(verified, 64)


def test_an_image_beyond_the_limit_that_one_gave_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError, match=r"more pixels than Pillow's MAX_IMAGE_PIXELS allows, 100$"):
        read_image(png(), 64)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageError, match="pipe"):
        read_image(tmp_path / "a.png", 64)
