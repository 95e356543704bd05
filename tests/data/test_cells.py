import json
import math
from pathlib import Path

import numpy
import pandas
import pytest

from viennatag.data import cells
from viennatag.data.cells import cell_entries, cell_text, choose_separator, normal_label, truth_of
from viennatag.data.taxonomy import same_label
from viennatag.errors import DataError
from viennatag.importers import record


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("cat;dog", ["cat", "dog"]),
        ("cat|dog", ["cat", "dog"]),
        ("cat\ndog", ["cat", "dog"]),
        ("['cat', 'dog']", ["cat", "dog"]),
        ('["cat", "dog"]', ["cat", "dog"]),
        ("('cat', 'dog')", ["cat", "dog"]),
        ("('cat',)", ["cat"]),
        ("{'cat', 'dog'}", ["cat", "dog"]),
        ("['cat' 'dog']", ["cat", "dog"]),
        ('["5\\" disc"]', ['5" disc']),
        ("['cat'\n 'dog']", ["cat", "dog"]),
        ("array(['cat', 'dog'], dtype=object)", ["cat", "dog"]),
        ("[cat, dog]", ["cat", "dog"]),
        ("[nan]", []),
        ("['nan']", ["nan"]),
        ("[3, 5]", ["3", "5"]),
        ('c("cat", "black dog")', ["cat", "black dog"]),
        ('{"black cat",dog}', ["black cat", "dog"]),
        ("{cat,dog}", ["cat", "dog"]),
        ("'cat', 'dog'", ["cat", "dog"]),
        ("cat\tdog", ["cat", "dog"]),
        ("5' disc", ["5' disc"]),
        ("-", []),
        ("#N/A", []),
        ("\\N", []),
        ('[{"type": "choices", "value": {"choices": ["cat"]}, "score": 0.5}]', ["cat"]),
        ('{"choices": ["cat", "dog"]}', ["cat", "dog"]),
        ('[{"start": 0, "rectanglelabels": ["cat"]}, {"rectanglelabels": ["dog"]}]', ["cat", "dog"]),
        ('{"cat": 1, "dog": 0}', ["cat"]),
        ('{"label": "yes"}', ["yes"]),
        ({"name": "x"}, ["x"]),
        ({"class": True, "cat": False}, ["class"]),
        ("{'cat': True, 'dog': False}", ["cat"]),
        ("b'cat'", ["cat"]),
        ("tensor(3)", ["3"]),
        ("tensor(3, device='cuda:0')", ["3"]),
        ("np.str_('cat')", ["cat"]),
        ("np.float64(nan)", []),
        ("[np.str_('cat'), np.str_('black dog')]", ["cat", "black dog"]),
        ("[np.int64(3), np.int64(5)]", ["3", "5"]),
        ("[tensor(3), tensor(5)]", ["3", "5"]),
        ("[b'cat', b'dog']", ["cat", "dog"]),
        ("{np.str_('cat'): np.True_, np.str_('dog'): np.False_}", ["cat"]),
        ("['cat', nan]", ["cat"]),
        ("['a nan b', nan, 'null']", ["a nan b", "null"]),
        ("['cat', <NA>, None]", ["cat"]),
        ('''"['cat', 'dog']"''', ["cat", "dog"]),
        (json.dumps(json.dumps(["cat", 'a "dog"'])), ["cat", 'a "dog"']),
        ([{"name": "cat", "value": 1}, {"name": "dog", "value": 0}], ["cat"]),
        ([{"label": "cat", "confidence": None}], ["cat"]),
        ('[{"from_name": "c", "to_name": "image", "type": "choices", "value": {"choices": ["cat"]}}]', ["cat"]),
        ({"category": "cat", "supercategory": "animal", "username": "bob", "file_name": "a.png"}, ["cat"]),
        ({"labels": ["cat", "dog"], "scores": [None, None]}, ["cat", "dog"]),
        ("🐱\ufe0f", ["🐱"]),
        ("Film b'n' w", ["Film b'n' w"]),
        ("cat\0s", ["cats"]),
        ("[]", []),
        ("set()", []),
        ("nan", []),
        ("None", []),
        ("NA", []),
        ("<NA>", []),
        ("null", []),
        ("", []),
        (None, []),
        (math.nan, []),
        (pandas.NA, []),
        (["cat", None, math.nan], ["cat"]),
        (("dog", "cat"), ["dog", "cat"]),
        ({"dog", "cat"}, ["cat", "dog"]),
        (numpy.array(["cat", "dog"]), ["cat", "dog"]),
        (pandas.Series(["cat"]), ["cat"]),
        (Path("cat"), ["cat"]),
        (3, ["3"]),
        (3.0, ["3"]),
        (numpy.float64(3.5), ["3.5"]),
        ("  Film \u00a0 noir ", ["Film noir"]),
        ("cafe\u0301", ["café"]),
        ("(rare) cat", ["(rare) cat"]),
        ("cat, dog", ["cat, dog"]),
    ],
)
def test_a_cell_is_the_labels_that_were_meant(cell: object, labels: list[str]) -> None:
    assert cell_entries(cell) == labels


@pytest.mark.parametrize(
    "cell",
    [
        "['cat",
        "['cat', dog]",
        "{['cat', ['dog']]}",
        '{"x": 3.5}',
        b"cat",
        {"width": 3.5},
        [{"label": "cat", "score": 0.99}, {"label": "dog", "score": 0.01}],
    ],
)
def test_a_cell_that_is_not_sure_is_refused(cell: object) -> None:
    with pytest.raises(DataError):
        cell_entries(cell)


def test_as_written_takes_every_word_as_it_is() -> None:
    assert cell_entries("[a, b];nan;None", as_written=True) == ["[a, b]", "nan", "None"]
    assert cell_entries("a b  c", separator=" ") == ["a", "b", "c"]
    assert cell_entries("a # b;c", separator="#") == ["a", "b;c"]


@pytest.mark.parametrize(
    ("truth", "texts"),
    [
        ("positive", ["1", "1.0", "1,0", "yes", "Yes", "TRUE", "x", "X", "✓", "+", "present"]),
        ("negative", ["0", "0.0", "0,0", "no", "False", "N", "absent"]),
        ("unknown", ["-1", "-1.0", "?"]),
        ("blank", ["", " ", "nan", "NA", "None"]),
        (None, ["2", "1999", "maybe", "0.5"]),
    ],
)
def test_one_function_decides_a_yes_or_no(truth: str | None, texts: list[str]) -> None:
    assert {truth_of(text) for text in texts} == {truth}


def test_doubtful_separators_need_evidence() -> None:
    assert choose_separator({"cat,dog", "dog", "cat"}) == (",", [])
    assert choose_separator({"haze,water", "clear,water", "haze", "clear"}) == (",", [])
    assert choose_separator({"cat#dog", "dog#bird", "bird"})[0] == "#"
    assert choose_separator({"Washington, DC", "Paris"}) == ("", [(",", "Washington, DC")])
    assert choose_separator({"Film noir", "War"}) == ("", [(" ", "Film noir")])
    assert choose_separator({"Film noir;War", "War"}) == ("", [])
    assert choose_separator({"Film noir", "Film drama"}) == ("", [(" ", "Film drama")])
    tags = {"a b", "a c", "b c", "a b c", "c", "b", "a"}
    assert choose_separator(tags) == (" ", [])
    assert choose_separator({"cat<br>dog", "cat", "dog"}) == ("", [("<br>", "cat<br>dog")])
    assert choose_separator({"cat and dog", "sand", "cat", "dog"}) == ("", [(" and ", "cat and dog")])
    assert choose_separator({"war, peace;war", "peace"})[0] == ""  # `;` separates, so commas are part of labels


def test_spellings_of_one_label() -> None:
    assert same_label("CAFÉ") == same_label("cafe\u0301") == same_label("Café")
    assert normal_label("a\u200bb\u00ad\ufeff \u200fc") == "ab c"
    assert cell_text(Path("x/a.png")) == "x/a.png"


def test_readings_of_long_texts_are_not_kept() -> None:
    long = [f"{at};" * 300 for at in range(50)]
    before = [each.cache_info().currsize for each in (cells._text_entries, cells._truth_of, record._read_entry)]
    for text in long:
        assert cell_entries(text) == [text.partition(";")[0]] * 300
        assert truth_of(text) is None
        record.vienna_codes([text])
    after = [each.cache_info().currsize for each in (cells._text_entries, cells._truth_of, record._read_entry)]
    assert after == before
    assert truth_of(" " * 300 + "yes") == "positive"
