"""Marks like those of registers of Asia and Africa: other scripts, labels, emblems, prints."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.synthesis.test_marks_drawn import DATA, INKS, draw, make_font
from viennatag.errors import ArtworkError, OptionError
from viennatag.synthesis import find_fonts, read_artwork
from viennatag.synthesis.assets import Assets
from viennatag.synthesis.effects import print_in_journal
from viennatag.synthesis.elements import Bounds, Element
from viennatag.synthesis.emblems import draw_emblem
from viennatag.synthesis.layouts import PLURALS, multiplied
from viennatag.synthesis.lettering import usable_fonts
from viennatag.synthesis.register_marks import REGISTERS, compose_register_mark
from viennatag.synthesis.scripts import SCRIPTS, find_script_fonts, set_shaped, write_script_word
from viennatag.vienna.codes import parse_code, vienna_tree

HEBREW = "".join(SCRIPTS["hebrew"].pieces)
KANJI = "".join(SCRIPTS["kanji"].pieces)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("resvg_py")
    pytest.importorskip("uharfbuzz")
    folder = tmp_path_factory.mktemp("fonts") / "files"
    folder.mkdir()
    for name, characters in (("hebrew", HEBREW), ("japanese", KANJI), ("thai", "กข")):
        make_font(folder / f"blocks-{name}-400-normal.ttf", "H" + characters)
    make_font(folder / "lora-latin-400-normal.ttf")
    return folder.parent


@pytest.fixture(scope="module")
def assets(fonts: Path) -> Assets:
    drawings, _ = read_artwork([DATA / "tiny", DATA / "drawn"])
    return Assets(drawings, usable_fonts(find_fonts([fonts])), find_script_fonts([fonts]))


def test_fonts_are_found_by_script(assets: Assets, fonts: Path) -> None:
    assert set(assets.script_fonts) == {"hebrew", "kanji"}  # the Thai font lacks letters
    assert [font.subset for font in find_fonts([fonts])] == ["latin"]


def test_without_fonts_of_other_scripts_nothing_is_drawn(fonts: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtworkError, match="@fontsource/noto-sans-jp"):
        draw(tmp_path / "marks", fonts / "files/lora-latin-400-normal.ttf", registers=0.5)


def test_words_run_as_their_script_does(assets: Assets) -> None:
    (font,) = assets.script_fonts["hebrew"]
    first, last = (set_shaped(font, letter, "#000000").svg for letter in "את")
    outlines = [svg.partition(' d="')[2].partition('"')[0] for svg in (first, last)]
    word = set_shaped(font, "את", "#000000")
    assert word.svg.index(outlines[1]) < word.svg.index(outlines[0])  # from right to left
    assert word.height == pytest.approx(set_shaped(font, "א", "#000000").height)


def test_letters_are_joined(tmp_path: Path) -> None:
    pytest.importorskip("uharfbuzz")
    add_features = pytest.importorskip("fontTools.feaLib.builder").addOpenTypeFeaturesFromString
    library = pytest.importorskip("fontTools.ttLib")
    path = make_font(tmp_path / "joining.ttf", "بتن")
    font = library.TTFont(path)
    add_features(font, "feature init { script arab; sub glyph0 by glyph2; } init;")
    font.save(path)
    (drawn,) = find_fonts([path])
    alone, joined = set_shaped(drawn, "ب", "#000000"), set_shaped(drawn, "بت", "#000000")
    third = set_shaped(drawn, "ن", "#000000").svg.partition(' d="')[2].partition('"')[0]
    assert third in joined.svg
    assert third not in alone.svg


def test_each_script_has_a_code_of_its_category() -> None:
    for script in SCRIPTS.values():
        assert parse_code(script.code).category == 28
        assert parse_code(script.code) in vienna_tree()
        assert script.lengths[0] <= script.lengths[1]


def test_a_word_carries_its_script(assets: Assets) -> None:
    rng = random.Random(1)
    words = [write_script_word({"kanji": assets.script_fonts["kanji"]}, rng, "#000000") for _ in range(20)]
    assert all(word.codes == {"28.3"} for word in words)
    assert any(word.height > 2 * word.width for word in words)  # some run downwards


def test_emblems_show_nothing(assets: Assets) -> None:
    for seed in range(60):
        emblem = draw_emblem(assets.fonts, random.Random(seed), INKS)
        assert emblem.codes
        assert min(parse_code(code).category for code in emblem.codes) >= 25


def test_every_kind_is_drawn(assets: Assets) -> None:
    rng, counts = random.Random(3), list[int]()

    def choose(count: int) -> set[str]:
        counts.append(count)
        return {"3.9.1"}

    marks = [compose_register_mark(assets, choose, rng) for _ in range(120)]
    assert {mark.kind for mark in marks} == set(REGISTERS["kinds"])
    assert {1, 2} <= set(counts) <= {int(count) for count in REGISTERS["entries"]}
    pictured = [mark for mark in marks if mark.kind in {"device", "word and device", "label"}]
    assert all(mark.groups for mark in pictured)
    assert 0 < sum("3.9.1" not in mark.codes for mark in pictured) < len(pictured)  # half as registers have them
    for mark in marks:
        if mark.kind == "abstract":
            assert not any(parse_code(code).category < 25 for code in mark.codes)
        assert ("25.1.15" in mark.codes) is (mark.kind == "label")


def test_a_run_of_register_marks(fonts: Path, tmp_path: Path) -> None:
    rows = draw(tmp_path / "a", fonts, registers=1.0, count=40)
    assert any("28." in row["codes"] for row in rows)
    again = draw(tmp_path / "b", fonts, registers=1.0, count=40)
    assert rows == again
    assert "blocks, lora" in (tmp_path / "a/ATTRIBUTION.md").read_text()
    records = [json.loads(line) for line in (tmp_path / "a/details.jsonl").read_text().splitlines()]
    assert {record["kind"] for record in records} <= set(REGISTERS["kinds"])
    with pytest.raises(OptionError, match="registers is 2"):
        draw(tmp_path / "c", fonts, registers=2)


def test_a_print_is_small_and_on_paper() -> None:
    image = Image.new("RGB", (224, 112), "white")
    printed = [print_in_journal(image, random.Random(seed), side=130) for seed in range(20)]
    assert {each.size for each in printed} == {(130, 65)}
    assert any(np.median(np.asarray(each)) < 245 for each in printed)
    assert image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(("code", "one"), [(code, plural.one) for code, plural in PLURALS.items()])
def test_several_things_are_one_repeated(code: str, one: str) -> None:
    leaf = Element("<g/>", 40, 100, frozenset({one}), frozenset({"plant"}), (Bounds("p", "n", (one,), 0, 0, 40, 100),))
    for seed in range(12):
        several = multiplied(leaf, {one}, {code}, random.Random(seed))
        assert PLURALS[code].least <= len(several.boxes) <= PLURALS[code].most
        assert (one in several.codes) is not PLURALS[code].is_single
        assert code in several.codes
    assert multiplied(leaf, {one}, {one}, random.Random(0)) is leaf
    assert parse_code(code) in vienna_tree()
