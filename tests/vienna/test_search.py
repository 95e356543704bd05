"""What people type finds codes."""

from pathlib import Path

import pytest

from viennatag.vienna.codes import parse_code, vienna_tree
from viennatag.vienna.search import auxiliary_codes, parse_spelling, search_classification, search_headings, synonyms


def found(text: str, limit: int = 10) -> list[str]:
    return [str(each.code) for each in search_classification(text, limit=limit)]


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "viennatag"


@pytest.mark.parametrize(
    "text", ["3.1.6", "03.01.06", "030106", "03 01 06", "3-1-6", "3/1/6", "3, 1, 6", "A3.1.6", "A 3.1.6", "a 03 01 06"]
)
def test_every_spelling_of_a_code_is_found(text: str) -> None:
    assert str(parse_spelling(text)) == "3.1.6"
    assert found(text) == ["3.1.6"]


def test_a_division_comes_with_its_sections() -> None:
    assert found("3.1", limit=3) == ["3.1", *map(str, vienna_tree().children(parse_code("3.1"))[:2])]


def test_other_words_for_a_thing() -> None:
    assert found("kitten") == found("cat")
    assert found("kittens") == found("cat")
    assert found("Smiley") == ["2.1.97"]
    assert found("QR code") == ["24.17.25"]
    assert found("kitt") == found("cat")
    assert {each.matched for each in search_classification("puppy")} == {"puppy"}
    assert search_classification("lion")[0].matched == ""


def test_every_other_word_leads_to_a_code() -> None:
    empty = [word for word in synonyms() if not search_classification(word)]
    assert empty == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("linon", "lion"),
        ("elefant", "elephant"),
        ("buterfly", "butterfly"),
        ("kiten", "kitten"),
        ("bycicle", "bicycle"),
    ],
)
def test_typing_errors_are_forgiven(typed: str, meant: str) -> None:
    assert found(typed) == found(meant) != []
    assert search_classification(typed)[0].matched


def test_what_is_no_word_finds_nothing() -> None:
    assert found("zzzqqq") == found("") == found("...") == []


def test_imported_languages_and_auxiliary_sections(data_folder: Path) -> None:
    before = search_classification("felin")
    assert not any(each.matched.startswith(("Chats", "Têtes")) for each in before)
    assert auxiliary_codes() == frozenset()
    data_folder.mkdir()
    table = "code\tauxiliary\tfr\n3\t\tAnimaux\n3.1.6\t\tChats ou autres petits félins\n3.1.16\tA\tTêtes de félins\n"
    (data_folder / "vienna-10.tsv").write_text(table, encoding="utf-8")
    assert {"3.1.16", "3.1.6"} <= set(found("felins"))
    assert search_classification("petits felins")[0] == (parse_code("3.1.6"), "Chats ou autres petits félins")
    assert auxiliary_codes() == {parse_code("3.1.16")}


def test_search_finds_words_whatever_their_ending() -> None:
    tree = vienna_tree()
    assert parse_code("3.1.6") in search_headings(["cat"], tree)[:3]
    assert search_headings(["Cats"], tree)[0] == search_headings(["cat"], tree)[0]
    assert search_headings(["foxes"], tree) == search_headings(["fox"], tree)
    assert search_headings(["zzz"], tree) == []
    assert search_headings([], tree) == []
