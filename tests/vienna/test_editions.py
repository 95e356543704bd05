import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from viennatag.cli import app
from viennatag.errors import DataError, OptionError, ViennatagError
from viennatag.importers import import_marks
from viennatag.vienna.classification import (
    Classification,
    parse_language,
    read_classification,
    read_tree_file,
    write_tree_file,
)
from viennatag.vienna.codes import Code, parse_code, parse_codes, vienna_tree
from viennatag.vienna.editions import (
    Counts,
    find_moves,
    import_classification,
    imported_editions,
    map_codes,
    replacements,
)

SHARED = Path(__file__).parents[3] / "shared"
RUNNER = CliRunner()

ENGLISH = """<?xml version="1.0" encoding="UTF-8"?>
<index><category id="1" text="In the sky"><notes><note>Not a heading, see <ref>1.15.7</ref>.</note></notes>
  <division id="1.1" text="Twinkling things">
    <section id="1.1.1">Twinklers <img src="a.png"/> of
      any sort (but <ref>1.1.15</ref>)<note>Nor this.</note></section>
    <section id="1.1.10">Twinklers with many points</section>
    <auxiliaries><auxiliary id="1.1.2">A lone twinkler</auxiliary></auxiliaries>
  </division></category>
  <category id="28" text="Scripts"><division id="28.1" text="Written from right to left"/></category></index>
"""
FRENCH = """<index xml:lang="fr-CH"><category id="1" text="Au ciel"><division id="1.1" text="Ce qui brille">
  <section id="1.1.1">Étoiles</section></division></category></index>
"""


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the user's data folder, empty."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "viennatag"


@pytest.fixture
def english(tmp_path: Path) -> Path:
    path = tmp_path / "vienna10.xml"
    path.write_text(ENGLISH)
    return path


@pytest.fixture
def french(tmp_path: Path) -> Path:
    path = tmp_path / "fr.xml"
    path.write_text(FRENCH, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> tuple[str, str]:
    result = RUNNER.invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, ViennatagError):
        raise result.exception
    assert result.exit_code in {0, 2}
    return result.stdout, result.stderr


def one(text: str, edition: int = 9) -> str:
    return " ".join(map(str, map_codes([parse_code(text)], edition=edition).codes))


# WIPO's files


def test_headings_and_notes_at_every_level(english: Path) -> None:
    found = read_classification(english)
    assert {str(code): text for code, text in found.headings["en"].items()} == {
        "1": "In the sky",
        "1.1": "Twinkling things",
        "1.1.1": "Twinklers of any sort (but 1.1.15)",
        "1.1.10": "Twinklers with many points",
        "1.1.2": "A lone twinkler",
        "28": "Scripts",
        "28.1": "Written from right to left",
    }
    assert found.auxiliary == {Code(1, 1, 2)}
    notes = {str(code): text for code, text in found.notes["en"].items()}
    assert notes == {"1": "Not a heading, see 1.15.7.", "1.1.1": "Nor this."}


def test_languages_stand_side_by_side_in_one_file_or_two(english: Path, french: Path, tmp_path: Path) -> None:
    path, first = import_classification(english, out=tmp_path / "t/tree.tsv")
    path, both = import_classification(french, out=tmp_path / "t/tree.tsv")
    assert (first.languages, both.languages) == (("en",), ("en", "fr"))
    assert both.headings["fr"][Code(1, 1, 1)] == "Étoiles"
    assert both.auxiliary == first.auxiliary
    assert path.read_text(encoding="utf-8").splitlines()[2:4] == [
        "1.1\t\tTwinkling things\tCe qui brille\t",
        "1.1.1\t\tTwinklers of any sort (but 1.1.15)\tÉtoiles\tNor this.",
    ]
    assert read_tree_file(path).notes == both.notes
    mixed = tmp_path / "mixed.xml"
    mixed.write_text(
        '<index><category id="1" text="Sky"><division id="1.1"><title lang="en">Stars</title>'
        '<title lang="fr">Astres</title></division></category><category id="1" lang="fr" text="Ciel"/></index>'
    )
    assert read_classification(mixed).headings == {
        "en": {Code(1): "Sky", Code(1, 1): "Stars"},
        "fr": {Code(1): "Ciel", Code(1, 1): "Astres"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not well-formed XML"),
        ("<index><category id='1' text='a'>", "not well-formed XML"),
        ("<?xml version='1.0' encoding='UTF-4'?><index/>", "unknown encoding: UTF-4"),
        ("<?xml version='1.0' encoding='big5'?><index/>", "multi-byte encodings are not supported"),
        ("<html/>", "no category or division in it"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><index/>', "declares the entity 'x'"),
        ("<a>" * 60, "more than 50 deep"),
        ('<category id="x" text="a"/>', r"(?s)codes that cannot be read.*line 1: 'x' is not a Vienna code"),
        ('<category text="a"/>', "line 1: '' is not a Vienna code"),
        ('<category id="1" text="a">\n<section id="1.1"/></category>', "line 2: the section '1.1' is a division"),
        ('<category id="1" lang="?" text="a"/>', "line 1: the language '\\?' is unknown"),
    ],
)
def test_what_is_no_classification_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text(text)
    with pytest.raises(DataError, match=message):
        read_classification(tmp_path / "x.xml")


def test_files_that_are_missing_or_too_large(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_classification(tmp_path / "none.xml")
    (tmp_path / "x.xml").write_text("<index>" + " " * 20)
    with pytest.raises(DataError, match="larger than"):
        read_classification(tmp_path / "x.xml", max_bytes=10)


# Tree files

known_codes = st.sampled_from(sorted(vienna_tree().headings))
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=20).map(
    lambda text: " ".join(text.split())
)
texts = st.dictionaries(known_codes, words, min_size=1, max_size=8)


@given(st.dictionaries(st.sampled_from(["en", "fr", "zh"]), texts, min_size=1), st.sets(known_codes, max_size=3))
def test_a_tree_file_reads_back(
    tmp_path_factory: pytest.TempPathFactory, headings: dict[str, dict[Code, str]], auxiliary: set[Code]
) -> None:
    path = tmp_path_factory.getbasetemp() / "tree.tsv"
    written = Classification(headings, frozenset(auxiliary))
    write_tree_file(written, path)
    found = read_tree_file(path)
    assert (found.codes, found.languages, found.auxiliary) == (
        written.codes,
        written.languages,
        auxiliary & written.codes,
    )
    for language, wanted in headings.items():
        assert {code: text for code, text in found.headings[language].items() if text} == {
            code: text for code, text in wanted.items() if text
        }
        assert found.missing(language) == written.missing(language)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no tree file"),
        (b"code\theading\n1\tSky\n", "no tree file"),
        (b"code\tauxiliary\ten\n1\tSky\n", "no tree file"),
        (b"code\tauxiliary\ten\nx\t\tSky\n", "'x' is not a Vienna code"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_tree_file_is_refused_and_never_written_over(content: bytes, message: str, english: Path) -> None:
    path = english.with_name("notes.tsv")
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        import_classification(english, out=path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("tag", "language"), [("FR", "fr"), ("fr-CH", "fr"), ("pt_br", "pt")])
def test_tags_of_languages(tag: str, language: str) -> None:
    assert parse_language(tag) == language


def test_an_edition_goes_to_the_data_folder(english: Path, data_folder: Path) -> None:
    assert imported_editions() == {}
    path, _ = import_classification(english)
    assert path == data_folder / "vienna-10.tsv"
    import_classification(english, edition=9)
    assert list(imported_editions()) == [9, 10]
    nameless = english.rename(english.with_name("full.xml"))
    with pytest.raises(OptionError, match="does not say which edition"):
        import_classification(nameless)


# The command


def test_codes_shows_headings_in_a_language(english: Path, french: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):  # nothing was imported
        app(["codes", "show", "1.1.1", "--language", "fr"])
    assert run("codes", "import", english)[0].endswith("7 codes, 1 auxiliary, headings in en\n")
    run("codes", "import", french, "--edition", "10")
    out, err = run("codes", "show", "1.1.1", "--language", "fr")
    assert out.splitlines() == ["1      Au ciel", "1.1    Ce qui brille", "1.1.1  Étoiles"]
    assert err == ""
    out, err = run("codes", "show", "28.1", "--language", "fr", "--format", "json")
    assert [row["heading"] for row in json.loads(out)] == [
        vienna_tree().headings[Code(28)],
        vienna_tree().headings[Code(28, 1)],
    ]
    assert "2 of 2 headings are viennatag's own English words" in err
    assert "has headings in en, fr" in err
    out, _ = run("codes", "search", "twinkler", "--language", "en")
    assert [line.split()[0] for line in out.splitlines()] == ["1.1.2", "1.1.10", "1.1.1"]
    assert (
        run("codes", "show", "1.1.1")[0] == run("codes", "show", "01.01.01")[0] != out
    )  # nothing changes unless asked


def test_a_tree_file_of_ones_own(english: Path, tmp_path: Path, data_folder: Path) -> None:
    run("codes", "import", english, "-o", tmp_path / "own.tsv")
    assert not data_folder.exists()
    out, _ = run("codes", "show", "1.1.99", "--tree", tmp_path / "own.tsv")
    assert out.splitlines()[-1] == "1.1.99  unknown code in 1.1, Twinkling things"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import"], "Missing argument 'FILE'"),
        (["import", "a.xml", "b.xml"], "unexpected extra argument (b.xml)"),
        (["show", "1.1.1", "-o", "x.tsv"], "No such option"),
        (["1.1.1"], "No such command '1.1.1'"),
    ],
)
def test_mistakes_with_the_command(arguments: list[str], message: str) -> None:
    assert message in run("codes", *arguments)[1]


# Codes in terms of an edition


def test_the_map_is_whole_and_sound() -> None:
    headings = vienna_tree().headings
    extensions = {code for code in headings if code.level == "section" and code.section >= 90}
    assert extensions - set(replacements()) == {Code(99, 99, 99)}
    for code, (instead, confidence, why) in replacements().items():
        assert {code, instead} <= set(headings)
        assert not instead.is_extension
        assert instead not in replacements()
        assert instead.category == code.category
        assert (instead.level == "division") == (confidence == "division" or code.level == "division")
        assert confidence in {"sure", "likely", "division"}
        assert why


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared material")
def test_every_extension_of_the_eu_office_has_a_row() -> None:
    with (SHARED / "vienna/codes.csv").open(encoding="utf-8", newline="") as file:
        codes = [parse_code(row["code"]) for row in csv.DictReader(file)]
    extensions = {code for code in codes if code.level == "section" and code.section >= 90}
    assert len(extensions) == 64
    assert extensions - set(replacements()) == {Code(99, 99, 99)}


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("3.1.6", "3.1.6"),
        ("28.3", "28.3"),
        ("27", "27"),
        ("1.1.99", "1.1.10"),
        ("26.99.3", "26.1.3"),
        ("26.99", "26.1"),
        ("26.99.77", "26.1"),
        ("27.99.26", "27.5.21"),
        ("24.17.98", "24.17"),
        ("3.1.77", "3.1"),
        ("3.77.1", "3"),
        ("98.1", ""),
        ("55.1", ""),
    ],
)
def test_codes_without_an_imported_edition(code: str, instead: str) -> None:
    assert one(code) == instead


def test_what_became_of_codes_is_counted() -> None:
    codes = parse_codes("3.1.6 1.1.10 1.1.99 2.1.91 3.1.77 99.99.99")
    found = map_codes(codes, edition=9)
    assert " ".join(map(str, found.codes)) == "1.1.10 2.1 3.1 3.1.6"
    assert found.counts == Counts(kept=2, mapped=1, backed_off=2, dropped=1)
    assert str(found.counts) == "6 codes: 33.3% kept, 16.7% mapped, 33.3% backed off, 16.7% dropped"
    assert str(Counts()) == "0 codes: 0.0% kept, 0.0% mapped, 0.0% backed off, 0.0% dropped"


parts = st.integers(1, 99)
any_code = st.integers(1, 3).flatmap(lambda depth: st.tuples(*[parts] * depth)).map(lambda each: Code(*each))


@given(st.lists(known_codes | any_code, max_size=12))
def test_mapping_ends_in_the_edition_and_changes_nothing_twice(codes: list[Code]) -> None:
    found = map_codes(codes, edition=9)
    assert sum(found.counts) == len(codes)
    assert list(found.codes) == sorted(set(found.codes))
    assert {code.category for code in found.codes} <= {code.category for code in codes}
    again = map_codes(found.codes, edition=9)
    assert again == (found.codes, Counts(kept=len(found.codes)))


def test_an_imported_edition_decides_and_a_new_import_counts(english: Path, data_folder: Path) -> None:
    assert one("1.1.3", edition=10) == "1.1.3"
    import_classification(english)
    assert one("1.1.3", edition=10) == "1.1"
    assert one("1.1.99", edition=10) == "1.1.10"
    assert one("26.99.3", edition=10) == ""
    english.write_text(ENGLISH.replace("1.1.10", "1.1.11"))
    (data_folder / "vienna-10.tsv").unlink()
    import_classification(english)
    assert one("1.1.99", edition=10) == "1.1"


def test_a_heading_that_moved_shows_the_way_between_two_editions(english: Path) -> None:
    old = read_classification(english)
    import_classification(english, edition=8)
    newer = ENGLISH.replace('"1.1.2"', '"1.1.7"').replace('"1.1.10">', '"1.1.20">Other ').replace("In the sky", "Sky")
    english.write_text(newer)
    import_classification(english)
    assert find_moves(old, read_classification(english)) == {Code(1, 1, 2): Code(1, 1, 7)}
    gone = [Code(1, 1, 2), Code(1, 1, 10)]
    assert map_codes(gone, edition=10, stated=8) == ((Code(1, 1), Code(1, 1, 7)), Counts(mapped=1, backed_off=1))
    assert map_codes(gone, edition=10) == ((Code(1, 1),), Counts(backed_off=2))
    assert find_moves(old, Classification({"fr": {Code(1): "Au ciel"}})) == {}


@pytest.mark.parametrize("edition", [0, 4, 11])
def test_an_unknown_edition_is_refused(edition: int) -> None:
    with pytest.raises(OptionError, match="expected 5 to 10, or one imported"):
        map_codes([], edition=edition)


# In an import


def test_a_register_is_imported_in_an_edition(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_text("applicationNumber,viennaCodes\n1,01.01.99;27.05.01\n2,99.99.99\n3,02.01.91\n3,02.01.92\n4,\n")
    summary = import_marks("tmview", source, tmp_path / "m.csv", edition=9)
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = [(row["id"], row["codes"], row["edition"]) for row in csv.DictReader(file)]
    assert rows == [("1", "1.1.10;27.5.1", "9"), ("3", "2.1.30", "9")]
    assert summary.counts == Counts(kept=1, mapped=2, dropped=1)
    assert (summary.marks, summary.with_codes, summary.without_codes, summary.without_image) == (3, 2, 1, 2)
    assert [tuple(note) for note in summary.skipped] == [("no code of edition 9", 1, "2")]
    assert import_marks("tmview", source, tmp_path / "m.csv").counts is None
    with pytest.raises(OptionError, match="no edition; leave --edition out"):
        import_marks("tmview", source, tmp_path / "m.csv", edition=9, taxonomy="flat")
    with pytest.raises(OptionError, match="edition 99 is unknown"):
        import_marks("tmview", source, tmp_path / "m.csv", edition=99)
