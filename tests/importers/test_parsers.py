"""The parsers under readers: nothing is expanded, nothing held whole, and no bytes make them fail in their own way."""

import csv
import io
import json
import time
import tracemalloc
from io import BufferedReader
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from viennatag.data.documents import Document
from viennatag.errors import DataError, ViennatagError
from viennatag.importers import FORMATS, import_marks
from viennatag.importers.delimited import read_table
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import vienna_codes
from viennatag.importers.xml_records import read_xml_records
from viennatag.vienna.codes import Code

SAMPLES = Path(__file__).parent / "samples"
XML = {"records": frozenset({"mark"}), "wanted": frozenset({"code"})}


def stream(data: bytes) -> BufferedReader:
    return BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]


class Repeated(io.RawIOBase):
    """A stream of a start, very many repetitions and an end, of which little is ever in memory."""

    def __init__(self, start: bytes, repeated: bytes, times: int, end: bytes) -> None:
        self.pieces = iter([start, *([repeated * 1000] * (times // 1000)), end])
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.rest = self.rest or next(self.pieces, b"")
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


def peak_while(reading: "object") -> int:
    tracemalloc.start()
    try:
        for _ in reading:  # type: ignore[attr-defined]
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY a PUBLIC "x" "http://localhost/x">',
        '<!ENTITY % a "<!ELEMENT x ANY>">',
        '<!ENTITY a SYSTEM "x" NDATA gif>',
    ],
)
def test_entities_are_refused(declaration: str) -> None:
    text = f"<!DOCTYPE r [<!NOTATION gif SYSTEM 'g'>{declaration}]><r><mark><code>&a;</code></mark></r>"
    with pytest.raises(DataError, match="declares the entity"):
        list(read_xml_records(stream(text.encode()), **XML))


def test_a_document_type_without_entities_is_read_and_not_fetched() -> None:
    text = "<!DOCTYPE r SYSTEM 'http://localhost:1/r.dtd' [<!ELEMENT r ANY>]><r><mark><code>3.1.6</code>&x;</mark></r>"
    (mark,) = read_xml_records(stream(text.encode()), **XML)
    assert mark.texts("code") == ["3.1.6"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<a>" * 300, "nested more than 200 deep"),
        (b"<a " + b"x" * (1 << 25), "one tag is longer"),
        (b"<!-- " + b"x" * (1 << 25), "one tag is longer"),
        (b"<mark>" + b"<code>1</code>" * 100_001, "more than 100,000 values"),
        (b'<?xml version="1.0" encoding="rot13"?><a/>', "encoding 'rot13' is unknown"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "encoding 'klingon' is unknown"),
        (b"", "no element found"),
    ],
)
def test_xml_built_to_hurt_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_xml_records(stream(data), **XML))


def test_xml_of_any_size_needs_little_memory() -> None:
    marks = Repeated(b"<r>", b"<mark><code>3.1.6</code><goods>many words</goods></mark>", 60_000, b"</r>")
    assert peak_while(read_xml_records(BufferedReader(marks), **XML)) < 12e6
    goods = Repeated(b"<r><mark><goods>", b"many words and more words ", 1_000_000, b"</goods></mark></r>")
    assert peak_while(read_xml_records(BufferedReader(goods), **XML)) < 12e6
    code = Repeated(b"<r><mark><code>", b"many words and more words ", 400_000, b"</code></mark></r>")
    assert peak_while(read_xml_records(BufferedReader(code), **XML)) < 12e6


def test_json_of_any_size_needs_little_memory() -> None:
    items = Repeated(b'[{"file": "0"}', b', {"file": "a.JPG", "vienna_codes": "27.05.01"}', 100_000, b"]")
    assert peak_while(read_json_items(BufferedReader(items))) < 12e6


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5), st.sampled_from([None, 2]), st.sampled_from([3, 50, 1 << 18]))
@settings(deadline=None, max_examples=60)
def test_json_items_are_those_of_the_standard_library(values: list[object], indent: int | None, chunk: int) -> None:
    text = json.dumps(values, indent=indent)  # a small chunk breaks values wherever they can be broken
    assert [item for _, item in read_json_items(stream(text.encode()), chunk_size=chunk)] == json.loads(text)
    text = json.dumps({"key": values, "": {"a": 1}, "n": 12345}, indent=indent)
    items = list(read_json_items(stream(text.encode("utf-16")), chunk_size=chunk))
    assert items == [*(("key", value) for value in json.loads(text)["key"]), ("", {"a": 1}), ("n", 12345)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "expected '\\[' or '{'"),
        (b"[1, 2", "at character 6"),
        (b"[1 2]", "at character 4: expected ','"),
        (b"[1] 2", "more after the end"),
        (b"{1: 2}", "expected a name in quotes"),
        (b"[" + b"[" * 100_000, "nested too deep|not valid JSON"),
        (b'["' + b"x" * (1 << 25), "longer than"),
        (b"[" + b"1" * 10_000 + b"]", "not valid JSON"),
    ],
)
def test_what_is_not_json_says_where(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_json_items(stream(data)))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_with_any_separator(delimiter: str, encoding: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["a", "ß"], ["1,;|\t", 'x\n"y"'], [], ["2"]])
    rows = list(read_table(stream(text.getvalue().encode(encoding))))
    assert rows == [{"a": "1,;|\t", "ß": 'x\n"y"'}, {"a": "2", "ß": ""}]


def test_tables_that_are_none() -> None:
    for data, message in (
        (b"", "names no columns"),
        (b"a,b,a\n", "a column twice: 'a'"),
        (b'a\n"' + b"x" * 200_000, "valid"),
    ):
        with pytest.raises(DataError, match=message):
            list(read_table(stream(data)))


codes = st.builds(Code, st.integers(1, 29), st.integers(1, 39), st.integers(0, 99))
marks = st.dictionaries(st.from_regex(r"[0-9]{9}", fullmatch=True), st.lists(codes, max_size=6), min_size=1, max_size=5)
spellings = st.sampled_from([str, lambda code: ".".join(digit_pairs(code)), lambda code: "".join(digit_pairs(code))])


def digit_pairs(code: Code) -> list[str]:
    return [f"{number:02d}" for number in code if number]


def write_eu_xml(table: dict[str, list[str]], text: str) -> bytes:
    body = "".join(
        f"<x:TradeMark operationCode={quoteattr(text)}><x:ApplicationNumber>{number}</x:ApplicationNumber>"
        f"<x:MarkVerbalElementText>{escape(text)}</x:MarkVerbalElementText><x:MarkImageDetails><x:MarkImage>"
        "<x:MarkImageCategory><x:CategoryCodeDetails>"
        f"{''.join(f'<x:CategoryCode>{code}</x:CategoryCode>' for code in row)}"
        "</x:CategoryCodeDetails></x:MarkImageCategory></x:MarkImage></x:MarkImageDetails></x:TradeMark>"
        for number, row in table.items()
    )
    return f'<?xml version="1.0" encoding="utf-8"?><x:Transaction xmlns:x="u">{body}</x:Transaction>'.encode()


def write_st96(table: dict[str, list[str]], text: str) -> bytes:
    def classification(code: str) -> str:
        parts = code.split(".") if "." in code else [code[at : at + 2] for at in range(0, len(code), 2)]
        names = ("ViennaCategory", "ViennaDivision", "ViennaSection")
        inner = "".join(f"<{name}>{part}</{name}>" for name, part in zip(names, parts, strict=False))
        return f"<ViennaClassification>{inner}</ViennaClassification>"

    body = "".join(
        f"<Trademark><ApplicationNumberText>{number}</ApplicationNumberText><T>{escape(text)}</T><MarkImage>"
        f"{''.join(map(classification, row))}</MarkImage></Trademark>"
        for number, row in table.items()
    )
    return f"<TrademarkBag>{body}</TrademarkBag>".encode()


def write_kipris(table: dict[str, list[str]], text: str) -> bytes:
    body = "".join(
        f"<item><applicationNumber>{number}</applicationNumber><title>{escape(text)}</title>"
        f"<viennaCode>{'|'.join(row)}</viennaCode></item>"
        for number, row in table.items()
    )
    return f"<items>{body}</items>".encode()


def write_l3d(table: dict[str, list[str]], text: str) -> bytes:
    items = [
        {"file": number, "text": text, "vienna_codes": row[0] if len(row) == 1 else row}
        for number, row in table.items()
    ]
    return json.dumps(items).encode()


def write_trademarks2020(table: dict[str, list[str]], text: str) -> bytes:
    return json.dumps({number: {"Codes": row, "Text": text} for number, row in table.items()}).encode()


def write_tmview_csv(table: dict[str, list[str]], text: str) -> bytes:
    file = io.StringIO(newline="")
    rows = [[number, text, "; ".join(row)] for number, row in table.items()]
    csv.writer(file).writerows([["applicationNumber", "tmName", "Vienna codes"], *rows])
    return file.getvalue().encode()


def write_tmview_json(table: dict[str, list[str]], text: str) -> bytes:
    items = [{"applicationNumber": number, "viennaCodes": row, "tmName": text} for number, row in table.items()]
    return json.dumps({"tradeMarks": items}).encode()


def write_coco(table: dict[str, list[str]], text: str) -> bytes:
    names = sorted({code for row in table.values() for code in row})
    annotations = [{"image_id": n, "category_id": names.index(code)} for n, row in table.items() for code in row]
    images = [{"id": number, "file_name": number} for number in table]
    categories = [{"id": at, "name": name} for at, name in enumerate(names)]
    return json.dumps({"annotations": annotations, "info": text, "images": images, "categories": categories}).encode()


def write_one_hot(table: dict[str, list[str]], _: str) -> bytes:
    names = sorted({code for row in table.values() for code in row}) or ["1"]
    file = io.StringIO(newline="")
    rows = [[number, *(int(name in row) for name in names)] for number, row in table.items()]
    csv.writer(file).writerows([["image", *names], *rows])
    return file.getvalue().encode()


text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("eu-xml", write_eu_xml),
        ("st96", write_st96),
        ("kipris", write_kipris),
        ("l3d", write_l3d),
        ("trademarks2020", write_trademarks2020),
        ("tmview", write_tmview_csv),
        ("tmview", write_tmview_json),
        ("coco", write_coco),
        ("one-hot", write_one_hot),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
@given(marks, spellings, text)
@settings(deadline=None, max_examples=40)
def test_every_code_comes_out_and_none_is_invented(name, write, table, spelling, text) -> None:  # type: ignore[no-untyped-def]
    content = write({number: [spelling(code) for code in row] for number, row in table.items()}, text)
    found = {
        record.id: vienna_codes(record.codes) for record in FORMATS[name].read(Document("d", lambda: stream(content)))
    }
    assert found == {number: (tuple(map(str, sorted(set(row)))), ()) for number, row in table.items()}


SEEDS = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a sample with some of its bytes removed, repeated or replaced."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        data = data[:start] + draw(st.binary(max_size=8) | st.just(data[start:end] * 3)) + data[end:]
    return data


@given(st.binary(max_size=200) | damaged())
@example(b"PAR1" + b"\xff" * 60 + b"PAR1")
@example(b"\xff\xfe<\0?\0")
@example(b'[{"file": "\\ud800", "vienna_codes": ["\\ud800"]}]')
@example(b'{"x": {"Codes": 1e999}}')
@example(b'{"tradeMarks": [{"applicationNumber": {"a": []}, "viennaCodes": {"code": [[["3.1.6"]]]}}]}')
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_crash_a_reader(data: bytes) -> None:
    for each in FORMATS.values():
        start = time.perf_counter()
        try:
            for record in each.read(Document("d", lambda: stream(data))):
                vienna_codes(record.codes)
        except ViennatagError:
            pass
        assert time.perf_counter() - start < 5


@given(st.sampled_from(sorted(FORMATS)), damaged())
@example("l3d", b'[{"file": "\\ud800\\u0000a", "vienna_codes": ["3.1.6"]}]')
@example("eu-xml", b"PK\x05\x06" + b"\xff" * 18)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_crashes_an_import(tmp_path: Path, name: str, data: bytes) -> None:
    for ending in (FORMATS[name].endings[0], ".zip"):
        (tmp_path / f"in{ending}").write_bytes(data)
        try:
            summary = import_marks(name, tmp_path / f"in{ending}", tmp_path / "out.jsonl", taxonomy="flat")
        except ViennatagError:
            continue
        if not summary.kept:
            continue
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert all(row["codes"] or row["image"] for row in rows)
