"""Composition and drawing of whole marks, with tiny artwork and a font made here."""

import csv
import io
import json
import random
import re
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viennatag.data.marks import read_marks
from viennatag.errors import ArtworkError, DataError, OptionError
from viennatag.synthesis import RenderOptions, draw_marks, draw_sheet, drawable_sections, find_fonts, read_artwork
from viennatag.synthesis import draw as drawing
from viennatag.synthesis.assets import Assets
from viennatag.synthesis.composition import OWN_CODES, Composition, compose_mark
from viennatag.synthesis.effects import degrade, encode, render_pixels
from viennatag.synthesis.elements import Bounds, Element, fitted, in_column, in_row, mirrored, overlaid, turned
from viennatag.synthesis.figures import KINDS, draw_figure, draw_outline
from viennatag.synthesis.inscriptions import write_monogram, write_word
from viennatag.synthesis.lettering import choose_font, letter_codes, set_circular, set_word, usable_fonts
from viennatag.synthesis.palettes import choose_palette, luminance, map_colours, mix_colours, sample_colour
from viennatag.synthesis.shapes import Colours, stars
from viennatag.synthesis.styles import flat
from viennatag.vienna.codes import parse_code

DATA = Path(__file__).parents[1] / "data" / "artwork"
INKS = Colours("#000000", "#cc0000", "#ffffff")


LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&.%"


def make_font(path: Path, characters: str = LATIN) -> Path:
    """Write a font whose letters are boxes of different widths."""
    builder = pytest.importorskip("fontTools.fontBuilder").FontBuilder(1000, isTTF=True)
    pen_class = pytest.importorskip("fontTools.pens.ttGlyphPen").TTGlyphPen
    names = {ord(character): f"glyph{index}" for index, character in enumerate(characters)}
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    glyphs, metrics = {".notdef": pen_class(None).glyph()}, {".notdef": (500, 0)}
    for index, name in enumerate(names.values()):
        wide, high = 300 + 8 * index, 700 if index < 26 else 500
        pen = pen_class(None)
        pen.moveTo((50, 0))
        for corner in ((50, high), (wide, high), (wide, 0)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name], metrics[name] = pen.glyph(), (wide + 50, 50)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("resvg_py")
    folder = tmp_path_factory.mktemp("fonts")
    for name in ("lora.ttf", "blocks.ttf", "squares.ttf", "bricks.ttf", "tiles.ttf"):
        make_font(folder / name)
    return folder


@pytest.fixture(scope="module")
def assets(fonts: Path) -> Assets:
    drawings, _ = read_artwork([DATA / "tiny", DATA / "drawn"])
    return Assets(drawings, usable_fonts(find_fonts([fonts])))


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "profile.csv"
    rows = ["3.9.1 27.5.1", "26.1.3 26.1.24 26.1.18", "11.3.1 29.1.1", "1.1.3 1.1.99", "2.9.1 26.4.2 26.4.22", "14.5.2"]
    path.write_text("codes\n" + "\n".join(rows * 3 + ["3.9.1"] * 20) + "\n")
    return path


def draw(out: Path, fonts: Path, **options: object) -> list[dict[str, str]]:
    names = {field.name for field in fields(RenderOptions)}
    chosen = {"count": 12, "size": 64} | {name: options.pop(name) for name in names & options.keys()}
    settings = {"artwork": [DATA / "tiny", DATA / "drawn"], "fonts": [fonts], "workers": 1} | options
    table = draw_marks(out, RenderOptions(**chosen), **settings)  # type: ignore[arg-type]
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def drawn_files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def boxed(width: float, height: float) -> Element:
    box = Bounds("p", "n", ("1.1.1",), 0, 0, width, height)
    return Element("<g/>", width, height, frozenset(box.codes), frozenset({"star"}), (box,))


def test_boxes_follow_their_piece() -> None:
    row = in_row((boxed(10, 10), boxed(20, 30)), 5)
    assert (row.width, row.height) == (35, 30)
    assert [box[3:] for box in row.boxes] == [(0, 10, 10, 10), (15, 0, 20, 30)]
    column = in_column((boxed(10, 10), boxed(20, 30)), 5, align=1)
    assert [box[3:] for box in column.boxes] == [(10, 0, 10, 10), (0, 15, 20, 30)]
    assert fitted(boxed(10, 20), 40, 40).boxes[0][3:] == (0, 0, 20, 40)
    assert overlaid(Element("", 100, 100), boxed(10, 20)).boxes[0][3:] == (45, 40, 10, 20)
    assert mirrored(row).boxes[0][3:] == (25, 10, 10, 10)


def test_a_turned_box_holds_the_turned_drawing() -> None:
    quarter = turned(boxed(10, 30), 90)
    assert (quarter.width, quarter.height) == pytest.approx((30, 10))
    assert quarter.boxes[0][3:] == pytest.approx((0, 0, 30, 10), abs=1e-9)


@pytest.mark.parametrize(("code", "count"), [("1.1.2", 1), ("1.1.3", 2), ("1.1.4", 3)])
def test_stars_are_counted(code: str, count: int) -> None:
    for seed in range(20):
        element = stars(random.Random(seed), INKS, {code, "1.1.99"})
        assert code in element.codes
        assert not element.codes & {"1.1.2", "1.1.3", "1.1.4", "1.1.5"} - {code}
        if count > 1:
            assert sum(path.count("Z") for path in re.findall(r' d="([^"]*)"', element.svg)) == count


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_figure_says_what_it_is_and_what_it_holds(kind: str) -> None:
    content = Element("<g/>", 10, 10, frozenset({"3.9.1"}), frozenset({"animal"}))
    outline = draw_outline(kind, random.Random(1), aspect=1.5)
    left, top, width, height = outline.room
    assert left >= 0
    assert top >= 0
    assert left + width <= outline.width + 1e-6
    assert top + height <= outline.height + 1e-6
    element = draw_figure(outline, content, fill="#101010", stroke="none", background="#ffffff")
    assert KINDS[kind].codes | {"3.9.1"} <= element.codes
    expected = {
        "circle": "26.1.15", "quadrilateral": "26.4.15", "triangle": "26.3.15", "polygon": "26.5.15",
        "shield": "24.1.9",
    }  # fmt: skip
    if KINDS[kind].family in expected:
        assert expected[KINDS[kind].family] in element.codes


def test_darkness_rings_and_inscriptions_are_coded() -> None:
    circle = draw_outline("circle", random.Random(0))
    word = Element("<g/>", 40, 10, frozenset(), frozenset({"word"}))
    dark = draw_figure(circle, word, fill="#101010", stroke="none", background="#ffffff")
    assert {"26.1.3", "26.1.20", "26.1.24"} == dark.codes
    light = draw_figure(circle, word, fill="none", stroke="#101010", background="#ffffff", rings=2)
    assert {"26.1.4", "26.1.20"} == light.codes
    wide = draw_figure(circle, word, fill="none", stroke="#101010", background="#ffffff", beyond=True)
    assert {"26.1.3", "26.1.19"} == wide.codes
    assert wide.width > 100


def test_words_carry_what_is_done_to_them(assets: Assets) -> None:
    for seed in range(10):
        rng = random.Random(seed)
        for code in ("27.5.1", "27.1.12", "25.5.94", "27.5.12", "27.7.1", "27.5.15", "24.17.97"):
            assert code in write_word(assets.fonts, rng, INKS, {code}).codes
        one = write_monogram(assets.fonts, rng, INKS, {"27.5.21", "27.99.19"})
        assert {"27.5.21", "27.99.19"} <= one.codes
        two = write_monogram(assets.fonts, rng, INKS, {"27.5.22", "27.99.1", "27.99.2"})
        assert {"27.5.22", "27.99.1", "27.99.2"} <= two.codes


def test_only_special_faces_are_a_special_form_of_writing(assets: Assets) -> None:
    plain, special = (choose_font(assets.fonts, random.Random(0), special=flag) for flag in (False, True))
    assert (plain.family, plain.special, special.special) == ("lora", False, True)
    for seed in range(20):
        assert "27.5.1" not in write_word([plain], random.Random(seed), INKS, ()).codes


def test_letters_stand_side_by_side(assets: Assets) -> None:
    element, spots = set_word(assets.fonts[0], "ABO", ["#000000"], height=20)
    assert len(spots) == 3
    assert all(one.right <= next_one.left for one, next_one in pairwise(spots))
    assert element.height == pytest.approx(20)
    assert set_word(assets.fonts[0], "ABO", ["#000000"], blank=1)[0].svg.count("<path") == 2
    _, degrees = set_circular(assets.fonts[0], "ABO", "#000000", radius=40, height=10)
    assert 0 < degrees < 180
    assert letter_codes("a-Z") == {"27.99.1", "27.99.26"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"3.9.1"}, {"3.9.1", "26.1.3", "26.1.24"}, {"2.9.1", "26.4.2", "26.4.22"}, {"1.1.4", "1.1.99"},
        {"26.11.2", "26.11.8"}, {"27.5.7", "24.9.2"}, {"27.3.3"}, {"25.7.21", "27.5.1"}, {"25.7.25"}, {"26.15.9"},
        {"24.15.2"},
    ],
)  # fmt: skip
def test_a_mark_shows_what_is_asked_for(assets: Assets, wanted: set[str]) -> None:
    missed = 0
    for seed in range(12):
        mark = compose_mark(assets, wanted, random.Random(seed))
        missed += len(wanted - set(mark.codes))
        for box in mark.boxes:
            assert -0.01 <= box.left <= box.left + box.width <= 1.01
            assert -0.01 <= box.top <= box.top + box.height <= 1.01
            assert set(box.codes) <= set(mark.codes)
    assert missed <= 0.1 * 12 * len(wanted)


@pytest.mark.parametrize("plain", [True, False])
def test_the_box_of_a_device_is_where_its_ink_is(assets: Assets, monkeypatch: pytest.MonkeyPatch, plain: bool) -> None:
    """A plain drawing fills its box; in other styles, of bars or dots, it may fall short of it but never leaves it."""
    if plain:
        monkeypatch.setattr("viennatag.synthesis.assets.apply_style", flat)
    checked = 0
    for seed in range(60):
        mark = compose_mark(assets, {"3.9.1"}, random.Random(seed), colour=0)
        if mark.kind != "device, alone":
            continue
        pixels = np.asarray(render_pixels(mark, size=200).convert("L"))
        ink_at = np.abs(pixels.astype(int) - int(pixels[0, 0])) > 100
        rows, columns = np.flatnonzero(ink_at.any(axis=1)), np.flatnonzero(ink_at.any(axis=0))
        left, top, width, height = mark.boxes[0][3:]
        high, wide = pixels.shape
        short = (
            columns[0] / wide - left,
            rows[0] / high - top,
            left + width - (columns[-1] + 1) / wide,
            top + height - (rows[-1] + 1) / high,
        )
        assert min(short) > -0.05
        assert not plain or max(short) < 0.05
        checked += 1
    assert checked >= 5


def test_inks_bear_their_names_and_tones_keep_their_order() -> None:
    rng = random.Random(2)
    palette = choose_palette(rng, wanted={"29.1.1", "29.1.4"})
    assert palette.background == "#ffffff"
    assert len(palette.colours) == 2
    assert re.fullmatch(r"#[0-9a-f]{6}", sample_colour("green", rng))
    toned = map_colours(
        '<path fill="#000"/><path fill="white"/>', lambda colour: mix_colours("#102030", "#ffffff", luminance(colour))
    )
    assert toned == '<path fill="#102030"/><path fill="#ffffff"/>'


def test_degradation_keeps_the_size_and_strength_zero_keeps_all(assets: Assets) -> None:
    image = render_pixels(compose_mark(assets, {"3.9.1"}, random.Random(1)), size=96)
    assert degrade(image, random.Random(0), strength=0) is image
    assert all(degrade(image, random.Random(seed)).size == image.size for seed in range(30))
    with Image.open(io.BytesIO(encode(image, "png", random.Random(0)))) as again:
        assert np.array_equal(np.asarray(again), np.asarray(image))


def test_a_run_writes_tables_that_can_be_trained_on(tmp_path: Path, fonts: Path, profile: Path) -> None:
    seen: list[tuple[int, int]] = []
    rows = draw(tmp_path / "out", fonts, profile=profile, progress=lambda done, total: seen.append((done, total)))
    assert list(rows[0]) == ["image", "codes", "id", "group", "split"]
    assert seen[-1] == (12, 12)
    marks = read_marks(tmp_path / "out" / "marks.csv", images=tmp_path / "out")
    assert len(marks) == 12
    assert set(marks.splits) == {""}
    form = {"26.1.3", "26.1.24", "26.1.18", "27.5.1", "29.1.1", "26.4.2", "26.4.22"}
    assert all(code in form for codes in marks.codes for code in codes if parse_code(code).category >= 25)
    details = [json.loads(line) for line in (tmp_path / "out" / "details.jsonl").read_text().splitlines()]
    assert [record["image"] for record in details] == list(marks.images)
    for record in details:
        with Image.open(tmp_path / "out" / record["image"]) as image:
            assert max(image.size) == 64
    packs = {box["pack"] for record in details for box in record["boxes"]}
    attribution = (tmp_path / "out" / "ATTRIBUTION.md").read_text()
    assert packs
    assert all(f"| {pack} |" in attribution for pack in packs)
    assert not (tmp_path / "out" / "parts").exists()


def test_a_run_is_the_same_with_any_number_of_processes_and_after_a_break(
    tmp_path: Path, fonts: Path, profile: Path
) -> None:
    draw(tmp_path / "one", fonts, profile=profile, chunk_size=4, workers=1)
    draw(tmp_path / "two", fonts, profile=profile, chunk_size=4, workers=2)
    assert drawn_files(tmp_path / "one") == drawn_files(tmp_path / "two")

    class BreakError(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done == 8:
            raise BreakError

    with pytest.raises(BreakError):
        draw(tmp_path / "three", fonts, profile=profile, chunk_size=4, progress=stop)
    assert not (tmp_path / "three" / "marks.csv").exists()
    [first] = (tmp_path / "three" / "images" / "00").glob("000000.*")
    before = first.stat().st_mtime_ns
    draw(tmp_path / "three", fonts, profile=profile, chunk_size=4)
    assert first.stat().st_mtime_ns == before
    assert drawn_files(tmp_path / "one") == drawn_files(tmp_path / "three")


def test_every_mark_carries_a_code(tmp_path: Path, fonts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain word in black carries none; it is drawn anew, or the table could not be trained on."""
    calls = 0

    def every_other_without(*arguments: object, **options: object) -> Composition:
        nonlocal calls
        calls += 1
        mark = compose_mark(*arguments, **options)  # type: ignore[arg-type]
        return replace(mark, codes=()) if calls % 2 else mark

    monkeypatch.setattr(drawing, "compose_mark", every_other_without)
    monkeypatch.setattr(drawing, "colour_codes", lambda *_, **__: ())
    table = draw_marks(
        tmp_path / "run", RenderOptions(count=20, size=64), artwork=[DATA / "tiny"], fonts=[fonts], workers=1
    )
    assert calls >= 40
    assert all(read_marks(table).codes)


def test_a_folder_holds_one_run(tmp_path: Path, fonts: Path) -> None:
    first = draw(tmp_path / "out", fonts)
    assert draw(tmp_path / "out", fonts) == first
    with pytest.raises(OptionError, match="seed was 0 and is 1"):
        draw(tmp_path / "out", fonts, seed=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file.txt").write_text("mine")
    with pytest.raises(OptionError, match="holds other files"):
        draw(tmp_path / "other", fonts)


def test_test_packs_and_reserved_fonts_stay_apart(tmp_path: Path, fonts: Path, profile: Path) -> None:
    draw(
        tmp_path / "out", fonts, profile=profile, test_packs=["tiny"], count=60, size=32,
        test_share=0.4, validation_share=0.2,
    )  # fmt: skip
    packs: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    for line in (tmp_path / "out" / "details.jsonl").read_text().splitlines():
        record = json.loads(line)
        packs.setdefault(record["split"], set()).update(box["pack"] for box in record["boxes"])
        groups.setdefault(record["split"], set()).update(record["groups"])
    assert packs["test"] == {"tiny"}
    assert packs["train"] == {"drawn"}
    assert not groups["train"] & groups.get("validation", set())
    with pytest.raises(OptionError, match="no drawing is of the test packs nowhere"):
        draw(tmp_path / "bad", fonts, test_packs=["nowhere"])


def test_balance_flattens_the_leading_sections(tmp_path: Path, fonts: Path, profile: Path) -> None:
    def leads(balance: float) -> float:
        folder = tmp_path / f"balance{balance}"
        draw(folder, fonts, profile=profile, balance=balance, count=120, size=16)
        asked = [json.loads(line)["asked"][0] for line in (folder / "details.jsonl").read_text().splitlines()]
        return asked.count("3.9.1") / len(asked)

    assert leads(0.0) > 0.5  # 23 of 38 rows
    assert leads(1.0) < 0.35  # one of six leading sections


def test_options_and_material_are_checked(tmp_path: Path, fonts: Path) -> None:
    with pytest.raises(OptionError, match=r"balance is 2.*count is 0"):
        draw(tmp_path / "a", fonts, balance=2, count=0)
    with pytest.raises(ArtworkError, match="no such font file"):
        draw(tmp_path / "b", tmp_path / "nowhere")
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    with pytest.raises(ArtworkError, match="no font can be read"):
        draw(tmp_path / "c", tmp_path / "broken.ttf")
    assert not (tmp_path / "a").exists()


def test_drawable_sections_count_drawings() -> None:
    found = drawable_sections([DATA / "drawn", DATA / "tiny"])
    assert found["3.9.1"] == 1
    assert found["11.3.1"] >= 2
    assert found["26.1.3"] == 0
    assert set(OWN_CODES) <= set(found)
    assert list(found) == sorted(found, key=parse_code)


def test_a_sheet_shows_the_marks(tmp_path: Path, fonts: Path) -> None:
    draw(tmp_path / "out", fonts)
    draw_sheet(tmp_path / "out", tmp_path / "sheet.png", count=6, columns=3)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 180, 2 * (180 + 36))
        assert len(np.unique(np.asarray(sheet).reshape(-1, 3), axis=0)) > 10
    with pytest.raises(DataError, match="draw marks there first"):
        draw_sheet(tmp_path, tmp_path / "none.png")
