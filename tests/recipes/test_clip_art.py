"""Clip art as a pack: what is taken of a file, and the table of what shows what."""

import json
import sys
from pathlib import Path

import pytest

from tests.scripts import load_script
from viennatag.synthesis.artwork import normalise, read_artwork
from viennatag.synthesis.keywords import match_codes, read_keywords
from viennatag.vienna.codes import parse_code, vienna_tree

clip_art = load_script("artwork/clip_art")

DRAWN = """<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]>
<svg xmlns="&ns;" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:tool="urn:tool" width="20mm" height="40mm">
  <metadata><tool:author>Someone</tool:author></metadata>
  <defs><linearGradient id="shade"><stop offset="0" style="stop-color:#ff0000;-tool-x:1"/></linearGradient></defs>
  <switch><foreignObject/><g tool:label="a">
    <rect x="300.123456" y="10" width="50" height="20" style="fill:url(#shade);stroke:none"/>
    <rect x="0" y="0" width="9" height="9" style="display:none"/>
    <text>words</text>
  </g></switch>
</svg>
"""


def test_shapes_and_their_paint_are_taken_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "drawn.svg").write_text(DRAWN.replace('x="300.123456"', 'x="-20.123456"'))
    icon = clip_art.convert(tmp_path / "drawn.svg")
    body = icon["body"]
    assert 'fill="url(#shade)"' in body
    assert 'id="shade"' in body
    assert 'x="-20.123"' in body
    for left_out in ("style", "tool", "words", 'none" height', "switch", "metadata"):
        assert left_out not in body
    box = [icon[side] for side in ("left", "top", "width", "height")]
    assert box == pytest.approx([-20, 10, 50, 20], abs=2), "beside its page"


def test_a_drawing_that_is_not_to_be_seen_is_none(tmp_path: Path) -> None:
    (tmp_path / "far.svg").write_text(DRAWN.replace("300.123456", "3e7"))
    assert clip_art.convert(tmp_path / "far.svg") is None
    (tmp_path / "white.svg").write_text(DRAWN.replace("url(#shade)", "white"))
    assert clip_art.convert(tmp_path / "white.svg") is None


def test_the_table_gives_each_file_true_codes() -> None:
    rows = clip_art.read_table()
    assert len({path for path, _, _ in rows}) == len(rows) > 1000
    named = match_codes([("openclipart", normalise(f"{name}-1")) for _, name, _ in rows], read_keywords())
    for (path, name, stated), found in zip(rows, named, strict=True):
        assert stated or found, f"{path}: {name} is not in the keyword table"
        assert all(parse_code(code) in vienna_tree() for code in stated), path


def test_what_it_writes_is_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.svg").write_text(DRAWN.replace("300.123456", "20"))
    (tmp_path / "table.tsv").write_text("a.svg\tcat\t\nb.svg\tcat\t\nc.svg\tchimera\t4.3.20\n")
    command = [
        "clip_art.py",
        str(tmp_path),
        "-o",
        str(tmp_path / "openclipart"),
        "--table",
        str(tmp_path / "table.tsv"),
    ]
    monkeypatch.setattr(sys, "argv", command)
    clip_art.main()
    icons = json.loads((tmp_path / "openclipart/icons.json").read_text())["icons"]
    assert list(icons) == ["cat-1", "cat-2", "chimera-1"]
    drawings, (pack,) = read_artwork([tmp_path / "openclipart"])
    assert [(each.name, each.codes) for each in drawings][-1] == ("chimera-1", ("4.3.20",))
    assert "3.1.6" in drawings[0].codes
    assert pack.licence == "CC-PDDC"
