"""SVG drawings: drawn by the extra, and nothing outside of them is loaded."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viennatag.errors import ImageError
from viennatag.images.decoding import read_framed_image
from viennatag.images.drawings import LONGER_SIDE, without_references
from viennatag.images.reading import read_image

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {} >{}</svg>'
DISC = '<circle cx="12" cy="6" r="5" fill="#c81e1e"/>'


def svg(attributes: str = 'viewBox="0 0 24 12"', body: str = DISC) -> bytes:
    return SVG.format(attributes, body).encode()


@pytest.mark.parametrize(
    "attributes",
    [
        'viewBox="0 0 24 12"',
        'width="24" height="12"',
        'width="2400px" height="1200px"',
        'width="100%" viewBox="0,0 24,12"',
    ],
)
def test_a_drawing_is_read_in_any_size(attributes: str, tmp_path: Path) -> None:
    body = DISC if "2400" not in attributes else '<circle cx="1200" cy="600" r="500" fill="#c81e1e"/>'
    (tmp_path / "mark.svg").write_bytes(b"<?xml version='1.0'?>\n<!-- drawn -->" + svg(attributes, body))
    found = read_framed_image(tmp_path / "mark.svg", 64)
    assert (found.width, found.height) == (LONGER_SIDE, LONGER_SIDE // 2)
    assert found.pixels[32, 32].tolist() == [200, 30, 30]
    assert found.pixels[2, 2].tolist() == [255, 255, 255]


def test_a_tall_drawing_is_not_enlarged_beyond_its_longer_side() -> None:
    found = read_framed_image(svg('viewBox="0 0 2 3000"', '<rect width="2" height="3000"/>'), 64)
    assert (found.width, found.height) == (1, LONGER_SIDE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert np.array_equal(read_image(svg().decode().encode(encoding), 64), read_image(svg(), 64))


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "UTF-8"])
def test_a_drawing_states_its_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!-- café -->{svg().decode()}'
    assert np.array_equal(read_image(text.encode(encoding), 64), read_image(svg(), 64))
    with pytest.raises(ImageError, match="unknown encoding"):
        read_image(text.replace(encoding, "nothing-known").encode(), 64)


@pytest.mark.parametrize(
    "body",
    [
        '<image href="{}" width="24" height="12"/>',
        '<image xlink:href="{}" width="24" height="12"/>',
        "<image href = '  file://{}' width='24' height='12'/>",
        '<image\nhref\n=\n"{}" width="24" height="12"/>',
        '<image href="&#47;{}" width="24" height="12"/>',
        '<filter id="f"><feImage href="{}"/></filter><rect width="24" height="12" fill="white" filter="url(#f)"/>',
        '<image href="data:image/svg+xml,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22%3E'
        '%3Cimage%20href=%22{}%22/%3E%3C/svg%3E" width="24" height="12"/>',
    ],
)
def test_files_of_this_machine_are_not_drawn(body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (24, 12), (12, 34, 250)).save(tmp_path / "secret.png")
    for name in (str(tmp_path / "secret.png"), "secret.png"):
        pixels = read_image(svg(body=body.replace("{}", name) + DISC), 64).astype(int)
        assert not (np.abs(pixels - (12, 34, 250)).max(axis=2) < 30).any()
    assert 'href="#a"' in without_references('<use href="#a"/>')
    assert "data:image/png" in without_references('<image href="data:image/png;base64,AAAA"/>')
    assert without_references('<image href="http://example.org/a.png"/>') == '<image href=""/>'


def test_entities_hide_nothing() -> None:
    start = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY {}>]>'
    plain = start.format('ns "http://ns.example.org/"').encode() + svg()
    assert np.array_equal(read_image(plain, 64), read_image(svg(), 64))
    for entity in ('e "<image href=&#39;/etc/hostname&#39;/>"', 'e SYSTEM "file:///etc/hostname"', '% e "x"'):
        with pytest.raises(ImageError, match="entities"):
            read_image(start.format(entity).encode() + svg(), 64)


@pytest.mark.parametrize("content", [svg('width="0" height="0"'), b"<svg <<", svg()[:60], b"<svg>\xff\xfe</svg>"])
def test_a_damaged_drawing_says_so(content: bytes) -> None:
    with pytest.raises(ImageError, match="the SVG drawing is damaged"):
        read_image(content, 64)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImageError, match=r"viennatag\[svg\]"):
        read_framed_image(svg(), 64)
