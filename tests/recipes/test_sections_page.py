"""The page of sections says what keyword table, clip art and shapes say; no artwork is needed to see that."""

import csv
import re
from types import ModuleType

import pytest

from tests.scripts import ROOT, load_script
from viennatag.synthesis import read_keywords
from viennatag.vienna.codes import parse_code, vienna_tree


@pytest.fixture(scope="module")
def sections() -> ModuleType:
    return load_script("artwork/sections")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "reference" / "sections.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_section_has_one_row(rows: list[dict[str, str]]) -> None:
    tree = [str(code) for code in sorted(code for code in vienna_tree().headings if code.level == "section")]
    assert [row["code"] for row in rows] == tree


def test_what_artwork_draws_is_what_the_keyword_table_knows_or_a_pack_of_ours_states(
    rows: list[dict[str, str]],
) -> None:
    drawn = {row["code"] for row in rows if row["drawn_by"] == "artwork"}
    named = {each.code for each in read_keywords()}
    stated = {code for _, _, codes in load_script("artwork/clip_art").read_table() for code in codes}
    by_rule = {code for _, codes, _ in load_script("artwork/schematic_pack").KINDS.values() for code in codes.split()}
    maps = load_script("artwork/maps_pack")
    mapped = {code for codes in maps.section_codes() for code in codes.split()}
    assert drawn == named | stated | by_rule | mapped


def test_counts_and_reasons_agree(sections: ModuleType, rows: list[dict[str, str]]) -> None:
    tree = vienna_tree()
    for row in rows:
        code, counts = parse_code(row["code"]), [int(row[name]) for name in ("drawings", "groups", "packs")]
        assert row["drawn_by"] == sections.drawn_by(code, tree.headings[code], counts[0] > 0)
        assert counts[0] >= max(counts[1:])
        assert (min(counts) > 0) == (max(counts) > 0)


def test_the_page_adds_up(sections: ModuleType, rows: list[dict[str, str]]) -> None:
    plain = [(row["code"], *(int(row[name]) for name in sections.HEAD[1:4]), row["drawn_by"]) for row in rows]
    text = (ROOT / "docs" / "reference" / "sections.md").read_text(encoding="utf-8")
    found = re.search(r"([\d,]+) drawings of (\d+) packs", text)
    assert found is not None
    assert sections.page(plain, *(int(number.replace(",", "")) for number in found.groups())) == text
