import fnmatch
import json
import random
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from viennatag.errors import ArtworkError
from viennatag.synthesis.artwork import Drawing, is_brand_pack, pack_family, read_artwork
from viennatag.synthesis.assets import Assets, check_visible, content_kind, rasterise, split_groups
from viennatag.synthesis.keywords import Keywords, match_codes, normalise, read_keywords

DATA = Path(__file__).parents[1] / "data" / "artwork"
TABLE = (
    Keywords("3.9.1", ("fish",)),
    Keywords("11.3.1", ("cup", "mug")),
    Keywords("10.3.1", ("umbrell*",)),
    Keywords("24.9.2", ("tiny:crown", "drawn:heart")),
)


def copy_pack(target: Path, *, licence: str = "MIT") -> Path:
    shutil.copytree(DATA / "tiny", target)
    icons = json.loads((target / "icons.json").read_text())
    icons["prefix"] = target.name
    (target / "icons.json").write_text(json.dumps(icons))
    info = {"name": target.name, "license": {"spdx": licence}, "author": {"name": "Someone"}}
    (target / "info.json").write_text(json.dumps(info))
    return target


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("cat-face-outline", "cat-face"),
        ("home-24-filled", "home"),
        ("man-medium-dark-skin-tone", "man"),
        ("outline", "outline"),
        ("0-circle", "0-circle"),
        ("cat-2-bold-duotone", "cat"),
    ],
)
def test_style_and_size_leave_a_name(name: str, key: str) -> None:
    assert normalise(name) == key


def test_some_styles_are_only_those_of_some_packs() -> None:
    assert normalise("octopus-1-remix", "streamline-color") == normalise("octopus-flat", "streamline") == "octopus"
    assert normalise("happy-outline-24px", "healthicons") == normalise("happy-f", "jam") == "happy"
    assert normalise("seat-flat", "mdi") == "seat-flat"


def test_rows_match_names_globs_packs_and_exclusions() -> None:
    names = [("a", "cat"), ("b", "cat"), ("a", "cat-face"), ("a", "wildcat"), ("a", "cats")]
    table = [
        Keywords("1.1.1", ("cat",)),
        Keywords("1.1.2", ("a:cat",)),
        Keywords("1.1.3", ("cat*", "!cat-face")),
        Keywords("1.1.4", ("*cat", "!b:cat")),
        Keywords("1.1.5", ("cat?",)),
        Keywords("1.1.6", ("[ac]:*cat",)),
        Keywords("1.1.9", ("dog",)),
    ]
    assert match_codes(names, table) == [
        ("1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.6"),
        ("1.1.1", "1.1.3"),
        (),
        ("1.1.4", "1.1.6"),
        ("1.1.3", "1.1.5"),
    ]


@pytest.mark.parametrize("glob", ["*", "a*", "*-b", "a?c", "[ab]*", "[!a]*", "a.c", "*a*b*", "a[b-d]c"])
def test_globs_mean_what_the_shell_means(glob: str) -> None:
    rng = random.Random(5)
    keys = sorted({"".join(rng.choice("abc-.") for _ in range(rng.randint(1, 5))) for _ in range(300)})
    found = match_codes([("p", key) for key in keys], [Keywords("1.1", (glob,))])
    assert [bool(codes) for codes in found] == [fnmatch.fnmatchcase(key, glob) for key in keys]


def test_the_table_that_comes_with_viennatag_is_sound() -> None:
    table = read_keywords()
    assert len(table) > 100
    assert all(row.names for row in table)


def test_a_bad_table_names_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("code\tnames\n# a comment\nnot a code\tcat\n3.1.6\n")
    with pytest.raises(ArtworkError, match=r"(?s)row 3.*row 4"):
        read_keywords(path)


def test_a_pack_gives_the_drawings_of_the_table() -> None:
    drawings, packs = read_artwork([DATA / "tiny"], keywords=TABLE)
    assert {drawing.name: drawing.codes for drawing in drawings} == {
        "cup": ("11.3.1",),
        "cup-outline": ("11.3.1",),
        "umbrella": ("10.3.1",),
        "crown": ("24.9.2",),
        "mug": ("11.3.1",),
    }
    by_name = {drawing.name: drawing for drawing in drawings}
    assert by_name["cup"].group == by_name["cup-outline"].group == by_name["mug"].group == "tiny:cup"
    assert "scale(-1 1)" in by_name["mug"].body
    assert by_name["umbrella"].mono
    assert not by_name["crown"].mono
    assert [(pack.name, pack.licence) for pack in packs] == [("tiny", "Apache-2.0")]


def test_codes_that_a_pack_states_come_before_those_of_names(tmp_path: Path) -> None:
    pack = copy_pack(tmp_path / "stated")
    icons = json.loads((pack / "icons.json").read_text())
    body = next(iter(icons["icons"].values()))["body"]
    icons["icons"] = {"fish": {"body": body, "codes": ["3.9.10", "3.9.12"]}, "nameless": {"body": f"{body} "}}
    icons["icons"]["thing"] = {"body": f" {body}", "codes": ["1.1.1"]}
    (pack / "icons.json").write_text(json.dumps(icons))
    drawings, _ = read_artwork([pack], keywords=TABLE)
    assert {each.name: each.codes for each in drawings} == {"fish": ("3.9.10", "3.9.12"), "thing": ("1.1.1",)}
    icons["icons"]["thing"]["codes"] = ["1.1.1000.3"]
    (pack / "icons.json").write_text(json.dumps(icons))
    with pytest.raises(ArtworkError, match=r"icons.json: the codes of 'thing'"):
        read_artwork([pack], keywords=TABLE)


def test_a_folder_of_svg_files_is_a_pack() -> None:
    drawings, packs = read_artwork([DATA / "drawn"], keywords=TABLE)
    assert {drawing.name: drawing.codes for drawing in drawings} == {"fish": ("3.9.1",), "heart-outline": ("24.9.2",)}
    heart = next(drawing for drawing in drawings if drawing.key == "heart")
    assert heart.view == (0, 0, 48, 48)
    assert 'stroke="currentColor"' in heart.body
    assert [pack.name for pack in packs] == ["drawn"]


@pytest.mark.parametrize(
    ("opening", "view"),
    [
        ('viewBox="1 2 30 40" width="10mm" height="10mm"', (1, 2, 30, 40)),
        ('stroke-width="2" width="32" height="48px"', (0, 0, 32, 48)),
        ('width="25.4mm" height="2in"', (0, 0, 96, 192)),
        ('width="72pt" height="6pc"', (0, 0, 96, 96)),
    ],
)
def test_a_drawing_without_a_view_box_has_the_size_of_its_page(
    tmp_path: Path, opening: str, view: tuple[float, ...]
) -> None:
    (tmp_path / "fish.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {opening}><path d="M0 0h9v9z"/></svg>')
    (drawing,), _ = read_artwork([tmp_path], keywords=TABLE)
    assert drawing.view == pytest.approx(view)


@pytest.mark.parametrize("opening", ["", 'width="100%" height="100%"', 'width="3em" height="4em"'])
def test_a_drawing_whose_size_is_nowhere_is_named(tmp_path: Path, opening: str) -> None:
    (tmp_path / "fish.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {opening}><path d="M0 0h9v9z"/></svg>')
    with pytest.raises(
        ArtworkError, match=r"fish\.svg: its <svg> element has neither a viewBox nor a width and height"
    ):
        read_artwork([tmp_path], keywords=TABLE)


def test_an_alias_of_a_drawing_in_the_table_is_no_second_drawing() -> None:
    table = (Keywords("10.3.1", ("umbrella",)), Keywords("10.3.4", ("brolly",)))
    drawings, _ = read_artwork([DATA / "tiny"], keywords=table)
    assert [(drawing.name, drawing.codes) for drawing in drawings] == [("umbrella", ("10.3.1", "10.3.4"))]


def test_brands_are_refused_by_name_and_passed_over_in_a_parent(tmp_path: Path) -> None:
    copy_pack(tmp_path / "logos")
    copy_pack(tmp_path / "good")
    with pytest.raises(ArtworkError, match="brand logos"):
        read_artwork([tmp_path / "logos"], keywords=TABLE)
    drawings, packs = read_artwork([tmp_path], keywords=TABLE)
    assert {drawing.pack for drawing in drawings} == {"good"} == {pack.name for pack in packs}


@pytest.mark.parametrize(
    "name", ["logos", "simple-icons", "devicon-plain", "fa6-brands", "cryptocurrency-color", "token-branded"]
)
def test_brand_packs_are_known(name: str) -> None:
    assert is_brand_pack(name)
    assert not is_brand_pack("game-icons")


def test_share_alike_artwork_is_drawn_on_request_only(tmp_path: Path) -> None:
    copy_pack(tmp_path / "alike", licence="CC-BY-SA-4.0")
    copy_pack(tmp_path / "good")
    with pytest.raises(ArtworkError, match="--allow-share-alike"):
        read_artwork([tmp_path / "alike"], keywords=TABLE)
    assert {drawing.pack for drawing in read_artwork([tmp_path], keywords=TABLE)[0]} == {"good"}
    allowed, _ = read_artwork([tmp_path], keywords=TABLE, allow_share_alike=True)
    assert {drawing.pack for drawing in allowed} == {"alike", "good"}


@pytest.mark.parametrize(
    ("content", "message"), [("{", "not a readable JSON"), ("[]", "expected a JSON object"), ("{}", "no 'icons'")]
)
def test_a_damaged_pack_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "icons.json").write_text(content)
    with pytest.raises(ArtworkError, match=message):
        read_artwork([tmp_path], keywords=TABLE)


def test_folders_without_artwork_are_named(tmp_path: Path) -> None:
    with pytest.raises(ArtworkError, match="no such folder"):
        read_artwork([tmp_path / "missing"], keywords=TABLE)
    with pytest.raises(ArtworkError, match=r"neither icons\.json nor SVG"):
        read_artwork([tmp_path], keywords=TABLE)
    with pytest.raises(ArtworkError, match="keyword table"):
        read_artwork([DATA / "drawn"], keywords=(Keywords("1.1", ("nothing",)),))


def test_packs_of_one_family_share_groups() -> None:
    assert pack_family("icon-park-outline") == pack_family("icon-park") == "icon-park"
    assert pack_family("mdi-light") == pack_family("material-symbols") == "material"
    assert pack_family("noto-v1") == "noto"
    assert pack_family("game-icons") == "game-icons"


def test_content_is_called_by_its_most_telling_category() -> None:
    assert content_kind(["3.1.6"]) == "animal"
    assert content_kind(["9.7.1", "2.1.1"]) == "human"
    assert content_kind(["11.3.1"]) == "thing"


def drawing(name: str, *codes: str) -> Drawing:
    return Drawing("p", name, name, f"p:{name}", "", (0, 0, 1, 1), True, codes)


def test_validation_takes_its_share_of_groups_and_never_all_of_a_section() -> None:
    drawings = [drawing(f"cat{index}", "3.1.6") for index in range(100)] + [drawing("rare", "9.9.9")]
    parts = split_groups(drawings, share=0.2)
    assert sum(part == "validation" for part in parts.values()) == 20
    assert parts["p:rare"] == "train"
    assert parts == split_groups(drawings[::-1], share=0.2)


def test_the_choice_of_drawings_prefers_those_that_show_more() -> None:
    assets = Assets((drawing("plain", "3.1.6"), drawing("both", "3.1.6", "9.7.1")), ())
    rng = random.Random(0)
    chosen = [assets.choose("3.1.6", ["3.1.6", "9.7.1"], rng).name for _ in range(200)]
    assert chosen.count("both") > 150


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'


@pytest.mark.parametrize(
    "body",
    [
        '<image href="{secret}" width="24" height="24"/>',
        '<image xmlns:x="http://www.w3.org/1999/xlink" x:href="{secret}" width="24" height="24"/>',
        '<x:image xmlns:x="http://www.w3.org/2000/svg" href="file://{secret}" width="24" height="24"/>',
        '<filter id="f"><feImage href="{secret}"/></filter><rect width="24" height="24" filter="url(#f)"/>',
        '<pattern id="p"><image href="{secret}"/></pattern><rect width="9" height="9" fill="url(#p)"/>',
        '<image href="http://127.0.0.1:9/a.png" width="24" height="24"/>',
    ],
)
def test_no_picture_of_this_machine_or_the_network_is_drawn(body: str, tmp_path: Path) -> None:
    Image.new("RGB", (24, 24), (12, 34, 250)).save(tmp_path / "secret.png")
    with pytest.raises(ValueError, match="holds or names a picture"):
        rasterise(f"{SVG}{body.format(secret=tmp_path / 'secret.png')}</svg>")
    (tmp_path / "svg").mkdir()
    (tmp_path / "svg/cat.svg").write_text(f"{SVG}{body.format(secret=tmp_path / 'secret.png')}</svg>")
    drawings, _ = read_artwork([tmp_path / "svg"])
    with pytest.raises(ArtworkError, match="svg: its drawings show nothing"):
        check_visible(drawings)


@pytest.mark.parametrize("body", ["<rect <<", "", "<g/>", "<g>" * 6000, '<rect width="NaN"/>', "&lol;"])
def test_a_pack_of_blank_drawings_is_told_of(body: str, tmp_path: Path) -> None:
    (tmp_path / "cat.svg").write_text(f"{SVG}{body}</svg>")
    drawings, _ = read_artwork([tmp_path])
    with pytest.raises(ArtworkError, match="its drawings show nothing"):
        check_visible(drawings)


@pytest.mark.parametrize(
    "icons",
    [
        "[" * 100_000,
        '{"icons": 3}',
        '{"icons": {"cat": 3}}',
        '{"icons": {"cat": {"body": 3}}}',
        '{"icons": {"cat": {"body": "<g/>", "width": "wide"}}}',
        '{"icons": {"cat": {"body": "<g/>", "codes": 3}}}',
        '{"icons": {"cat": {"body": "<g/>", "rotate": "a"}}}',
        '{"icons": [], "aliases": []}',
        "1" * 5000,
    ],
)
def test_a_pack_that_is_none(icons: str, tmp_path: Path) -> None:
    (tmp_path / "icons.json").write_text(icons)
    with pytest.raises(ArtworkError):
        read_artwork([tmp_path])


def test_reading_a_pack_takes_time_by_its_length_only(tmp_path: Path) -> None:
    body = "<filter " * 500_000
    (tmp_path / "icons.json").write_text(json.dumps({"icons": {"cat": {"body": body}, "dog": {"body": "<g/>"}}}))
    (tmp_path / "b").mkdir()
    (tmp_path / "b/cat.svg").write_text("</svg>" + "<svg" * 200_000)
    started = time.process_time()
    read_artwork([tmp_path])
    with pytest.raises(ArtworkError, match="no <svg> element"):
        read_artwork([tmp_path / "b"])
    assert time.process_time() - started < 2
