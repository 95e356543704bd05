import io
import json
import re
import time
from io import BufferedReader
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from viennatag.data.columns import Reading
from viennatag.data.documents import Document
from viennatag.data.image_names import ImageFinder
from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.images.containers import image_ending
from viennatag.importers import FORMATS, find_format, import_marks, recognise_format
from viennatag.importers.image_files import find_image, is_other_medium, plain_name
from viennatag.importers.record import Record, code_entries, flat_labels, stated_edition, vienna_codes
from viennatag.importers.uspto import vienna_of_design_codes
from viennatag.vienna.codes import parse_code, vienna_tree

SAMPLES = Path(__file__).parent / "samples"
DESIGN_CODES = Path(__file__).parents[3] / "shared" / "vienna" / "uspto_design_codes.csv"


def read(format_name: str, content: bytes | Path, *, ignore: tuple[str, ...] = ()) -> list[Record]:
    data = content.read_bytes() if isinstance(content, Path) else content
    document = Document("sample", lambda: BufferedReader(io.BytesIO(data)), Reading(ignore=ignore))  # type: ignore[arg-type]
    return list(find_format(format_name).read(document))


def codes(format_name: str, content: bytes | Path, **options: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found = {}
    for record in read(format_name, content, **options):
        canonical, unreadable = vienna_codes(record.codes)
        assert not unreadable
        found[record.id] = canonical
    return found


@pytest.mark.parametrize(
    ("format_name", "sample", "expected"),
    [
        ("eu-xml", "eu.xml", {"099000001": ("2.1.95", "27.5.5", "28.3"), "099000002": ()}),
        ("st96", "st96.xml", {"7000001": ("3.7.17", "26.4.2", "28.3")}),
        ("kipris", "kipris-search.xml", {"4099000000001": ("26.1.1", "27.5.1"), "4099000000002": ()}),
        ("kipris", "kipris-detail.xml", {"4099000000003": ("3.1.2", "3.1.16")}),
        ("uspto", "uspto.xml", {"99000001": ("1.15.1", "5.5.2", "26.17.21"), "99000002": ()}),
        ("uspto-vienna", "uspto.xml", {"99000001": ("1.15.1", "5.5.1"), "99000002": ()}),
        (
            "l3d",
            "results.json",
            {
                f"0000000a-0000-4000-8000-00000000000{name}": expected
                for name, expected in [
                    ("1.JPG", ("27.5.1", "29.1.12")),
                    ("2.JPG", ("3.1.6",)),
                    ("3.mp3", ("24.17.10",)),
                    ("4.TIF", ()),
                ]
            },
        ),
        (
            "trademarks2020",
            "trademarks2020.json",
            {"000990001": ("1.17", "1.17.3"), "W00990002": ("27.5.1",), "000990003": ()},
        ),
        (
            "tmview",
            "tmview.csv",
            {"PT-990001": ("26.4.3", "29.1"), "PT-990002": ("1.3.2", "26.4.3", "26.4.5"), "PT-990003": ()},
        ),
        ("tmview", "tmview.json", {"EM500000099000009": ("3.9.17", "27.5.1"), "EM-099000010": ()}),
        ("tmview", "euipo-search.json", {"099000011": ("1.1.2", "1.1.10", "24.3.7")}),
        ("coco", "coco.json", {"a.png": ("26.1.1", "29.1.1"), "b.png": ()}),
    ],
)
def test_samples(format_name: str, sample: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert codes(format_name, SAMPLES / sample) == expected


def test_a_header_of_very_many_columns_is_soon_read() -> None:
    header = ",".join(["image", *(f"a{at % 40_000}" for at in range(50_000))]).encode()
    start = time.process_time()
    with pytest.raises(DataError, match=r"names a column twice: 'a0', 'a1', 'a10', 'a100', 'a1000'; rename"):
        read("one-hot", header)
    assert time.process_time() - start < 5


def test_one_hot_leaves_named_columns_out() -> None:
    sample = SAMPLES / "one-hot.csv"
    found = codes("one-hot", sample, ignore=("year",))
    assert found == {"a.png": ("3.1.6", "28.3"), "b.png": ("27.5.1",), "c.png": ()}
    assert codes("one-hot", sample) == found  # a column that is named by no code is no code
    assert codes("one-hot", b"picture,3.1.6\na.png,1\n") == {"a.png": ("3.1.6",)}
    assert codes("one-hot", b"image,codes\na.png,3.1.6\n") == {"a.png": ("3.1.6",)}
    short = read("one-hot", b"3.1.6,image,27.5.1\n1\n0,b.png,1\n")  # found by fuzzing; the first row lacks its image
    assert [(mark.id, mark.problem, mark.codes) for mark in short] == [
        ("row 2 has 1 field, the header 3; the first row separates columns by ','", "a row that cannot be used", ()),
        ("b.png", "", ("27.5.1",)),
    ]


def test_images_and_editions_are_kept() -> None:
    (mark, _) = read("eu-xml", SAMPLES / "eu.xml")
    assert plain_name(mark.image) == "099/000/099000001/000000000001.JPG"
    (mark,) = read("st96", SAMPLES / "st96.xml")
    assert (mark.image, mark.edition) == ("7000001.png", "8")
    assert read("tmview", SAMPLES / "tmview.csv")[1].edition == "5"


EU = (SAMPLES / "eu.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        EU.replace("UTF-8", "UTF-16").encode("utf-16"),
        EU.encode("utf-16-le"),
        EU.encode("utf-8-sig"),
        EU.replace("UTF-8", "utf-16").encode(),  # says what it cannot be
        EU.replace("UTF-8", "windows-1251").replace("ö", "о").encode("cp1251"),
        EU.replace("Облекло", "x").encode("latin-1"),  # is not the UTF-8 that it says
        EU.replace("Облекло", "x").replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        EU.replace("Облекло", "\x0b\x00").encode(),  # characters that XML forbids
        EU.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "").encode(),
        re.sub(r"<(/?)(\w)", r"<\1em:\2", EU).replace("xmlns=", "xmlns:em=").encode(),
        EU.replace("CategoryCode>", "categoryCode>").replace("MarkImageCategory", "MARKIMAGECATEGORY").encode(),
        EU.replace("02.01.95", " 020195\n").replace("27.05.05", "<![CDATA[27.5.5]]>").encode(),
    ],
)  # fmt: skip
def test_eu_files_in_every_dress(content: bytes) -> None:
    assert codes("eu-xml", content)["099000001"] == ("2.1.95", "27.5.5", "28.3")


def test_korean_encoding() -> None:
    text = (SAMPLES / "kipris-search.xml").read_text(encoding="utf-8").replace("UTF-8", "EUC-KR")
    assert codes("kipris", text.encode("euc-kr"))["4099000000001"] == ("26.1.1", "27.5.1")


def test_marks_that_ended_before_damage_come_out() -> None:
    document = Document(
        "x",
        lambda: BufferedReader(io.BytesIO(EU.encode()[: EU.index('operationCode="Insert"')])),  # type: ignore[arg-type]
    )
    reader = FORMATS["eu-xml"].read(document)
    assert next(reader).id == "099000001"
    with pytest.raises(DataError, match="not well-formed XML"):
        next(reader)


def parquet(tmp_path: Path, table: pyarrow.Table, metadata: dict[str, object] | None = None) -> Path:
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    pyarrow.parquet.write_table(table, tmp_path / "train.parquet")
    return tmp_path / "train.parquet"


@pytest.mark.parametrize("several", [False, True])
def test_hugging_face_class_names(tmp_path: Path, several: bool) -> None:
    image = [{"bytes": b"\x89PNG\r\n\x1a\n", "path": "x.png"}]
    names = {"names": ["3.1.6", "27.5.1"], "_type": "ClassLabel"}
    path = parquet(
        tmp_path,
        pyarrow.table({"image": image, "labels": [[1, 0]] if several else [1]}),
        {"info": {"features": {"labels": {"feature": names, "_type": "Sequence"} if several else names}}},
    )
    (mark,) = read("hf-parquet", path)
    assert mark.content == image[0]["bytes"]
    assert mark.codes == (("3.1.6", "27.5.1") if several else ("27.5.1",))


def test_hugging_face_texts_and_mistakes(tmp_path: Path) -> None:
    (mark,) = read("hf-parquet", parquet(tmp_path, pyarrow.table({"image": [b"GIF89a"], "codes": [["03.01.06"]]})))
    assert (mark.content, mark.codes) == (b"GIF89a", ("3.1.6",))
    with pytest.raises(DataError, match="the columns are 'a', and none holds images"):
        read("hf-parquet", parquet(tmp_path, pyarrow.table({"a": [1]})))
    with pytest.raises(DataError, match="not a Parquet file"):
        read("hf-parquet", b"PAR1 nothing of the kind")


def test_a_damaged_parquet_file_is_one_clear_error(tmp_path: Path) -> None:
    picture = {"bytes": b"\x89PNG\r\n\x1a\n" * 20, "path": "x.png"}
    whole = parquet(tmp_path, pyarrow.table({"image": [picture] * 50, "codes": [["3.1.6"]] * 50})).read_bytes()
    refused = 0
    for at in range(0, len(whole), 11):
        try:
            read("hf-parquet", whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        except DataError:  # any other exception is a bug
            refused += 1
    assert refused > 20
    (tmp_path / "in.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"no mark could be read as hf-parquet\n.*not a Parquet file that can be read"):
        import_marks("hf-parquet", tmp_path / "in.parquet", tmp_path / "out.csv")


def test_coco_mistakes() -> None:
    with pytest.raises(DataError, match="'categories' does not list"):
        read("coco", b'{"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 1, "category_id": 3}]}')
    with pytest.raises(DataError, match="not as COCO has it: 'file_name'"):
        read("coco", b'{"images": [{"id": 1}]}')


def test_each_format_recognises_its_sample_and_no_other() -> None:
    samples = {
        "eu-xml": "eu.xml",
        "st96": "st96.xml",
        "kipris": "kipris-search.xml",
        "uspto": "uspto.xml",
        "l3d": "results.json",
        "trademarks2020": "trademarks2020.json",
        "tmview": "tmview.csv",
        "coco": "coco.json",
        "label-studio": "label-studio.json",
        "cvat": "cvat.xml",
        "voc": "voc.xml",
        "table": "one-hot.csv",
    }
    for name, sample in samples.items():
        head = (SAMPLES / sample).read_bytes()
        found = recognise_format(head)
        assert found is not None
        assert found.name == name
        assert not [other for other in samples if other not in {name, "table"} and FORMATS[other].matches(head)]
    assert recognise_format((SAMPLES / "kipris-detail.xml").read_bytes()) is FORMATS["kipris"]
    assert recognise_format(EU.encode("utf-16")) is FORMATS["eu-xml"]
    assert recognise_format(b"PAR1\x15\x04") is FORMATS["hf-parquet"]
    assert recognise_format(b"\x00\x01\x02") is None
    with pytest.raises(OptionError, match="choose one of\n  eu-xml"):
        find_format("euxml")
    for name, kind in (("yolo", "class-folders"), ("Open-Images", "table"), ("pascal_voc", "voc")):
        with pytest.raises(OptionError, match=f"'{name}' is unknown; such data are mostly read as {kind}; choose"):
            find_format(name)


def test_entries_are_spelt_in_one_way_and_none_is_invented() -> None:
    assert vienna_codes(["27 05 01", "03,01,06", "26-04-02"]) == (("3.1.6", "26.4.2", "27.5.1"), ())
    assert vienna_codes(["27.05.01; cat|3.1.6"]) == (("3.1.6", "27.5.1"), ("cat",))
    assert vienna_codes(["", " "]) == ((), ())
    assert vienna_codes(code_entries([26.1, True, None, {"code": "3.1.6"}, 270501])) == (
        ("3.1.6", "27.5.1"),
        ("number:26.1", "number:True"),
    )
    assert flat_labels([" Film  noir ", "", "Drama", "Drama"]) == ("Drama", "Film noir")
    assert stated_edition(["26.4.3", "CFE(7) 26.4.3"]) == "7"


def test_sure_translations_of_design_codes_are_codes_of_both_lists() -> None:
    pairs = vienna_of_design_codes()
    assert pairs["5.5.2"] == "5.5.1"
    assert len(pairs) > 100
    assert all(parse_code(code) in vienna_tree() for code in pairs.values())
    if DESIGN_CODES.exists():
        known = {line.split(",")[0] for line in DESIGN_CODES.read_text(encoding="utf-8").splitlines()}
        assert set(pairs) <= known


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("file://018/225/1.JPG", "018/225/1.JPG"),
        ("file:///018/1%202.JPG", "018/1 2.JPG"),
        ("/etc/1.jpg", "etc/1.jpg"),
        ("..\\..\\1.jpg", "1.jpg"),
        ("a/..", ""),
        ("https://host/x/1.png?size=2#a", "1.png"),
        ("http://host/fileToss.jsp?arg=1", ""),
        ("http://host/show", ""),
        ("", ""),
    ],
)
def test_image_names_stay_below_the_folder(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_images_are_found_whatever_their_case(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for name in ("a.jpg", "B.PNG", "990001.gif", "images/c.jpg"):
        (tmp_path / name).touch()
    folder = ImageFinder(tmp_path)
    assert find_image(folder, "a.JPG", "1") == "a.jpg"
    assert find_image(folder, "B.png", "1") == "B.PNG"
    assert find_image(folder, "018/225/a.JPG", "1") == "a.jpg"
    assert find_image(folder, "images/c.JPG", "1") == "images/c.jpg"
    assert find_image(folder, "", "PT-990001") == "990001.gif"
    assert find_image(folder, "gone.jpg", "1") is None
    assert find_image(folder, "x" * 5000, "1") is None


def test_other_media_and_bytes() -> None:
    assert is_other_medium("X.MP3")
    assert not any(map(is_other_medium, ("x.TIF", "x.jpeg", "x", "x.05.01", "")))
    assert image_ending(b"\xff\xd8\xff\xe0") == ".jpg"
    assert image_ending(b"RIFF\0\0\0\0WEBPVP8 ") == ".webp"
    assert image_ending(b"<html>") == ""


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"labels": ["['cat', 'dog']", "[]"]}, [("cat", "dog"), ()]),
        ({"labels": ["cat|dog", "nan"]}, [("cat", "dog"), ()]),
        ({"labels": [{"names": ["cat"]}, {"names": ["dog", "cat"]}]}, [("cat",), ("cat", "dog")]),
        ({"label": [3.0, 4.0]}, [("3",), ("4",)]),
        ({"cat": [1, 0], "dog": [0, 1]}, [("cat",), ("dog",)]),
    ],
)
def test_labels_of_hugging_face_are_read_as_in_any_table(
    tmp_path: Path, columns: dict[str, Any], wanted: list[tuple[str, ...]]
) -> None:
    images = [{"bytes": b"\x89PNG\r\n\x1a\n", "path": "x.png"}] * 2
    pyarrow.parquet.write_table(pyarrow.table({"photo": images} | columns), tmp_path / "val-00000-of-00001.parquet")
    import_marks("hf-parquet", tmp_path, tmp_path / "m.csv", taxonomy="flat")
    marks = read_marks(tmp_path / "m.csv", taxonomy="flat")
    assert list(marks.codes) == wanted
    assert marks.splits == ("validation", "validation")


def test_coco_files_of_every_kind(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    named = {"images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "a.png"}], "categories": categories}
    annotations = [
        {"image_id": "1", "category_id": "1"},
        {"image_id": 2, "category_id": 2},
        {"image_id": 9, "category_id": 1},
    ]
    linked = {
        "images": [{"id": 1, "coco_url": "http://x.org/b.jpg", "neg_category_ids": [2]}],
        "categories": categories,
    }
    for name, content in (
        ("instances_train2017.json", named | {"annotations": annotations}),
        ("valid/_annotations.coco.json", named | {"annotations": []}),
        ("lvis.json", linked | {"annotations": annotations[:1]}),
    ):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(json.dumps(content))
    summary = import_marks("coco", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    marks = read_marks(tmp_path / "m.csv", taxonomy="flat")
    assert dict(zip(marks.images, zip(marks.codes, marks.splits, strict=True), strict=True)) == {
        "a.png": (("cat", "dog"), "train"),
        "valid/a.png": ((), "validation"),
        "b.jpg": (("cat",), ""),
    }
    assert [note[:30] for note in sorted(summary.notes)] == [
        "annotations of 1 image are lef", "images state for which labels ", "the subsets of images are thos",
    ]  # fmt: skip
