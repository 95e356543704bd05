import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viennatag.errors import CodeError
from viennatag.vienna.codes import Code, parse_code, parse_codes, vienna_tree

SHARED = Path(__file__).parents[3] / "shared"

numbers = st.integers(1, 99)
any_code = st.integers(1, 3).flatmap(lambda depth: st.tuples(*[numbers] * depth)).map(lambda parts: Code(*parts))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.1.6", "3.1.6"),
        ("03.01.06", "3.1.6"),
        ("030106", "3.1.6"),
        ("30106", "3.1.6"),
        ("A3.1.16", "3.1.16"),
        ("A 3.1.16", "3.1.16"),
        ("28.03", "28.3"),
        ("2803", "28.3"),
        ("27", "27"),
        ("03.01.00", "3.1"),
        (" 26.99.3 ", "26.99.3"),
    ],
)
def test_one_code_in_every_spelling(text: str, expected: str) -> None:
    assert str(parse_code(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CFE(5) 26.4.3,5", "26.4.3 26.4.5"),
        ("3.1.6, 16", "3.1.6 3.1.16"),
        ("(531) CFE(9) 3.1.6; A 3.1.16", "3.1.6 3.1.16"),
        ("260101|270501", "26.1.1 27.5.1"),
        ("26.4.3; 26.4.5; 29.1.3", "26.4.3 26.4.5 29.1.3"),
        ("27.05.05, 26.4", "26.4 27.5.5"),
        ("02.01.95\n27.05.05 27.05.05", "2.1.95 27.5.5"),
        ("", ""),
    ],
)
def test_lists_of_codes(text: str, expected: str) -> None:
    assert " ".join(map(str, parse_codes(text))) == expected


@pytest.mark.parametrize("text", ["", "x", "3..1", "0.1.2", "3.0.2", "3.1.6.7", "1234567", "3.1.x", "3.1.6.1", "-3"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(CodeError, match="not a Vienna code"):
        parse_code(text)


@given(any_code)
def test_every_spelling_reads_back(code: Code) -> None:
    assert parse_code(str(code)) == code
    padded = ".".join(f"{number:02d}" for number in code if number)
    assert parse_code(padded) == code
    if code.division:  # two digits alone are a category
        assert parse_code(padded.replace(".", "")) == code


@given(st.lists(any_code, max_size=6))
def test_lists_are_sorted_and_distinct(codes: list[Code]) -> None:
    assert parse_codes(";".join(map(str, codes))) == tuple(sorted(set(codes)))


@given(any_code)
def test_path_leads_from_the_category_to_the_code(code: Code) -> None:
    assert code.path[0] == Code(code.category)
    assert code.path[-1] == code
    assert list(code.path) == sorted(code.path)
    assert all(below.parent == above for above, below in zip(code.path, code.path[1:], strict=False))


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        codes = parse_codes(text)
    except CodeError:
        return
    assert all(1 <= code.category <= 99 for code in codes)


def test_extensions_are_known_by_their_numbers() -> None:
    assert parse_code("2.1.95").is_extension
    assert parse_code("26.99.3").is_extension
    assert not parse_code("26.4.24").is_extension


def test_every_heading_is_short_and_the_tree_is_closed() -> None:
    tree = vienna_tree()
    assert len(tree.headings) > 2000
    assert all(0 < len(heading) <= 60 for heading in tree.headings.values())
    assert all(ancestor in tree for code in tree.headings for ancestor in code.path)
    assert len(set(tree.headings.values())) == len(tree.headings)


@pytest.mark.skipif(not SHARED.exists(), reason="the reference tables are not here")
def test_tree_is_complete() -> None:
    with (SHARED / "vienna/codes.csv").open(encoding="utf-8") as file:
        headings = {parse_code(row["code"]): row["heading"] for row in csv.DictReader(file)}
    with (SHARED / "labels/l3d_code_counts.csv").open(encoding="utf-8") as file:
        used = {parse_code(row["code"]) for row in csv.DictReader(file)}
    ours = vienna_tree().headings
    assert set(ours) >= set(headings) | used
    copied = [code for code in headings if headings[code].lower() == ours[code].lower() and len(ours[code].split()) > 3]
    assert not copied


def test_unknown_codes_show_their_nearest_ancestor() -> None:
    tree = vienna_tree()
    assert tree.nearest(parse_code("3.1.77")) == parse_code("3.1")
    assert "3.1" in tree.heading(parse_code("3.1.77"))
    assert tree.nearest(parse_code("77.1.1")) is None
    assert tree.heading(parse_code("77.1.1")) == "unknown code"
