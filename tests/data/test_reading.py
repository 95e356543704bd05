"""Tables as others make them: what is read is what was meant, or it is refused, or it is said."""

import csv
import io
import json
import math
import os
import re
import shlex
import time
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from viennatag.cli import app
from viennatag.data.cells import normal_label, same_label
from viennatag.data.columns import LABEL_NAMES, SPLIT_NAMES, Reading
from viennatag.data.marks import Marks, as_marks, marks_from_dataframe, read_marks
from viennatag.data.writing import write_marks
from viennatag.errors import DataError, OptionError, ViennatagError

RUNNER = CliRunner()


def table(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return tmp_path / name


def flat(tmp_path: Path, text: str, **options: Any) -> Marks:
    return read_marks(table(tmp_path, text), taxonomy="flat", reading=Reading(**options))


def refusal(tmp_path: Path, text: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        flat(tmp_path, text, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    "image", ["image", "file_name", "filename", "File Name", "path", "image_id", "Image Index", "img"]
)
@pytest.mark.parametrize("labels", ["codes", "labels", "Tags", "Finding Labels", "vienna_codes", "category"])
def test_columns_of_others(tmp_path: Path, image: str, labels: str) -> None:
    marks = flat(tmp_path, f"{image},{labels}\na.png,cat|dog\nb.png,dog\n")
    assert (marks.images, marks.codes, marks.notes) == (("a.png", "b.png"), (("cat", "dog"), ("dog",)), ())
    assert marks.reading == f"images in {image!r}; labels in {labels!r}"


@pytest.mark.parametrize("column", ["split", "subset", "set", "Partition"])
def test_words_for_subsets(tmp_path: Path, column: str) -> None:
    words = ["train", "Training", "valid", "val", "dev", "validation", "test", "holdout", "hold-out", ""]
    rows = "".join(f"{at}.png,cat,{word}\n" for at, word in enumerate(words))
    found = flat(tmp_path, f"image,labels,{column}\n{rows}").splits
    assert found == ("train", "train", *["validation"] * 4, *["test"] * 3, "")


def test_a_column_that_says_whether_a_mark_is_for_validation(tmp_path: Path) -> None:
    assert flat(tmp_path, "fname,image,tags,is_valid\n1,a,cat,True\n2,b,dog,False\n").splits == ("validation", "train")


@pytest.mark.parametrize(
    ("yes", "no"), [("yes", "no"), ("True", "False"), ("x", ""), ("1", "0"), ("1.0", "0.0"), ("Y", "N")]
)
def test_words_for_yes_and_no(tmp_path: Path, yes: str, no: str) -> None:
    marks = flat(tmp_path, f"image,cat,dog\na,{yes},{no}\nb,{no},{yes}\nc,{yes},{yes}\n")
    assert marks.codes == (("cat",), ("dog",), ("cat", "dog"))
    assert bool(marks.notes) == (no == "")
    assert all("2 cells of 0/1 columns are blank and read as 0" in note for note in marks.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_separator_encoding_and_line_end(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    lines = [delimiter.join(row) for row in (("image", "labels"), ("é.png", "chat"), ("b.png", '"a;b"'))]
    (tmp_path / "t.csv").write_bytes((end.join(lines) + end).encode(encoding))
    assert read_marks(tmp_path / "t.csv", taxonomy="flat").codes == (("chat",), ("a", "b"))


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("image,labels\né.png,chat\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_marks(tmp_path / "t.csv", taxonomy="flat")


def test_index_columns_are_no_labels(tmp_path: Path) -> None:
    for name in ("", "Unnamed: 0", "__index_level_0__", "index"):
        marks = flat(tmp_path, f"{name},image,cat,dog\n0,a,1,0\n1,b,0,1\n2,c,1,1\n")
        assert marks.codes == (("cat",), ("dog",), ("cat", "dog"))
        assert "is the index of a data frame and no label" in marks.notes[0]


def test_all_columns_that_are_no_labels_are_named_once(tmp_path: Path) -> None:
    rows = "".join(f"{at}.png,{at % 2},{1990 + at},{at},{'ab'[at % 2]},{at % 3 % 2}\n" for at in range(30))
    text = f"image,cat,year,age,camera,dog\n{rows}"
    message = refusal(tmp_path, text)
    assert [message.count(f"column '{name}'") for name in ("year", "age", "camera", "cat", "dog")] == [1, 1, 1, 0, 0]
    marks = flat(tmp_path, text, ignore=shlex.split(message.splitlines()[-1].partition(": ")[2])[1::2])
    assert {code for codes in marks.codes for code in codes} == {"cat", "dog"}


def test_a_single_odd_cell_is_a_bad_row_and_not_a_bad_column(tmp_path: Path) -> None:
    rows = "".join(f"{at}.png,{at % 2}\n" for at in range(30))
    message = refusal(tmp_path, f"image,cat\n{rows}x.png,maybe\n")
    assert "row 32 has 'maybe' in column 'cat'" in message
    assert "keeps 30 marks" in message


@pytest.mark.parametrize("unknown", ["-1", "?", "-1.0"])
def test_unknown_labels_stay_unknown_and_are_told_of(tmp_path: Path, unknown: str) -> None:
    marks = flat(tmp_path, f"image,cat,dog\na,1,0\nb,0,{unknown}\n")
    assert (marks.codes, marks.unknown) == ((("cat",), ()), ((), ("dog",)))
    assert f"a label is unknown, the first in row 3 of 'dog': '{unknown}'" in marks.notes[0]


def test_blank_cells_are_what_the_user_says(tmp_path: Path) -> None:
    text = "image,cat,dog\na,1,\nb,0,1\n"
    assert flat(tmp_path, text).unknown == ()
    assert "row 2 of 'dog'; if they mean that nobody knows: --blank unknown" in flat(tmp_path, text).notes[0]
    said = flat(tmp_path, text, blank="unknown")
    assert (said.codes, said.unknown, said.notes) == ((("cat",), ("dog",)), (("dog",), ()), ())
    said = flat(tmp_path, text, blank="absent")
    assert (said.unknown, said.notes) == ((), ())
    with pytest.raises(OptionError, match="choose one of unknown, absent"):
        Reading(blank="no")  # type: ignore[arg-type]


def test_minus_one_is_no_where_no_cell_is_0(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image_id,Bald,Smiling\na.jpg,-1,1\nb.jpg,1,-1\n")
    assert (marks.codes, marks.unknown) == ((("Smiling",), ("Bald",)), ())
    assert any("CelebA" in note and "row 2 of 'Bald'" in note for note in marks.notes)
    with_blanks = flat(tmp_path, "image,Edema,Nodule\na,-1,1\nb,1,\n")  # CheXpert: blank is no, -1 uncertain
    assert with_blanks.unknown == (("Edema",), ())


def test_the_attributes_of_celeba_are_read_as_they_are_delivered(tmp_path: Path) -> None:
    text = "3\nBald Smiling Young \n000001.jpg -1  1  1 \n000002.jpg  1 -1 -1 \n000003.jpg -1 -1 -1 \n"
    assert flat(tmp_path, text).codes == (("Smiling", "Young"), ("Bald",), ())
    assert "row 5 has 3 fields, the header 4" in refusal(tmp_path, text.replace("000003.jpg -1", "000003.jpg"))


@pytest.mark.parametrize(
    ("rows", "codes", "unknown"),
    [
        ("a,cat\nb,?\nc,dog\n", (("cat",), (), ("dog",)), ((), ("cat", "dog"), ())),
        ("a,cat;?\nb,hen\nc,dog\n", (("cat",), ("hen",), ("dog",)), (("dog", "hen"), (), ())),
    ],
)
def test_a_question_mark_among_labels_leaves_all_others_unknown(
    tmp_path: Path, rows: str, codes: tuple[Any, ...], unknown: tuple[Any, ...]
) -> None:
    marks = flat(tmp_path, f"image,labels\n{rows}")
    assert (marks.codes, marks.unknown) == (codes, unknown)
    assert f"row {3 if 'b,?' in rows else 2}" in marks.notes[0]
    assert any("?" in labels for labels in flat(tmp_path, f"image,labels\n{rows}", as_written=True).codes[:2])
    beside = flat(tmp_path, "image,labels,unknown\na,cat,?\nb,dog,\n")
    assert (beside.codes, beside.unknown) == ((("cat",), ("dog",)), (("dog",), ()))
    path = table(tmp_path, "image,codes\na,3.1.6\nb,?\n")
    assert read_marks(path).unknown == ((), ("3.1.6",))


def test_a_column_of_unknown_labels(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,labels,unknown\na,cat,dog;hen\nb,hen,\nc,,Cat\n")
    assert marks.codes == (("cat",), ("hen",), ())
    assert marks.unknown == (("dog", "hen"), (), ("cat",))
    assert "unknown in 'unknown'" in marks.reading
    assert "has 'cat' as a label and says that it is unknown" in refusal(tmp_path, "image,labels,unknown\na,cat,cat\n")


def test_unknown_rows_of_a_long_table(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,label,present\na,cat,1\na,dog,?\na,hen,0\nb,dog,?\nb,dog,1\n")
    assert (marks.codes, marks.unknown) == ((("cat",), ("dog",)), (("dog",), ()))


def test_below_an_absent_code_nothing_is_unknown(tmp_path: Path) -> None:
    path = table(tmp_path, "image,3,3.1,3.1.6,5\na,0,?,?,1\nb,1,?,0,0\nc,?,0,0,0\n")
    assert read_marks(path).unknown == ((), ("3.1",), ("3",))


def test_labels_named_as_roles_of_a_zero_one_table(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,group,weight,cat\na,1,0,1\nb,0,1,1\nc,1,1,0\n")
    assert marks.codes == (("cat", "group"), ("cat", "weight"), ("group", "weight"))
    assert [note.partition("; ")[2] for note in marks.notes] == [
        "if it is no label: --ignore group",
        "if it is no label: --ignore weight",
    ]
    assert marks.groups == ("", "", "")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("\"['cat', 'dog']\"", "are lists"),
        ('"[""cat"", ""dog""]"', "are lists"),
        ('"cat,dog"', "--separator"),
        ("cat#dog", "--separator"),
        ("cat dog", "--separator"),
    ],
)
def test_several_labels_in_a_cell_are_read_or_said(tmp_path: Path, cell: str, said: str) -> None:
    marks = flat(tmp_path, f"image,labels\na,{cell}\nb,dog\nc,cat\nd,\n")
    assert len(marks.notes) == 1
    assert said in marks.notes[0]
    option = re.search(r"--separator ('[^']+'|\S+)$", marks.notes[0])
    if option and marks.codes[0] != ("cat", "dog"):
        marks = flat(tmp_path, f"image,labels\na,{cell}\nb,dog\nc,cat\nd,\n", separator=shlex.split(option[1])[0])
    assert marks.codes == (("cat", "dog"), ("dog",), ("cat",), ())


def test_empty_words_are_no_labels_and_said_once(tmp_path: Path) -> None:
    text = "image,labels\na,cat\nb,nan\nc,None\nd,[]\ne,NA\nf,null\n"
    marks = flat(tmp_path, text)
    assert marks.codes == (("cat",), *[()] * 5)
    assert len(marks.notes) == 1
    assert "5 cells of the column 'labels' say that there is nothing, such as 'nan' (row 3)" in marks.notes[0]
    assert flat(tmp_path, text, as_written=True).codes[4] == ("NA",)


def test_labels_in_several_spellings_are_one(tmp_path: Path) -> None:
    text = "image,labels\na,Café\nb,cafe\u0301\nc,café\nd,CAFÉ;tea\u00a0pot\ne,café\nf,tea pot\n"
    marks = flat(tmp_path, text)
    assert {code for codes in marks.codes for code in codes} == {"café", "tea pot"}
    assert "2 labels differ from another one in case or Unicode form only" in marks.notes[0]
    assert "Café" in {code for codes in flat(tmp_path, text, as_written=True).codes for code in codes}


def test_long_tables_are_recognised_and_said(tmp_path: Path) -> None:
    text = "image,label\na,cat\nb,dog\na,dog\nc,cat\nb,dog\n"
    marks = flat(tmp_path, text)
    assert (marks.images, marks.codes) == (("a", "b", "c"), (("cat", "dog"), ("dog",), ("cat",)))
    repeat, long = marks.notes
    assert "1 row is an exact repeat of an earlier one and joined with it, such as row 6 with row 3 (b)" in repeat
    assert "read as one row per image and label: a is 'cat' (row 2), 'dog' (row 4)" in long
    assert "row 4 repeats the image 'a' of row 2 and contradicts it: the codes dog" in refusal(
        tmp_path, text, long=False
    )


def test_rows_that_contradict_each_other_are_shown(tmp_path: Path) -> None:
    text = "image,labels\na,cat;dog\na,bird\nb,dog\nc,dog\nd,dog\n"
    message = refusal(tmp_path, text)
    assert "row 2 repeats the image 'a' of row 3 and contradicts it: the codes cat; dog" in message
    assert "row 3 repeats the image 'a' of row 2 and contradicts it: the codes bird" in message
    assert "join the rows of each image with --long" in message
    assert flat(tmp_path, text, long=True).codes[0] == ("bird", "cat", "dog")
    rare = "image,label\n" + "".join(f"{at},cat\n" for at in range(100)) + "7,dog\n"
    assert "2 bad rows among 101" in refusal(tmp_path, rare)


def test_open_images_says_what_does_not_apply(tmp_path: Path) -> None:
    text = "ImageID,Source,LabelName,Confidence\na,v,/m/1,1\na,v,/m/2,0\na,v,/m/3,1\nb,v,/m/2,0\n"
    marks = flat(tmp_path, text)
    assert (marks.images, marks.codes) == (("a", "b"), (("/m/1", "/m/3"), ()))
    assert "--ignore Confidence" in marks.notes[0]
    message = refusal(tmp_path, text.replace("/m/2,0", "/m/2,0.3"))
    assert "holds '0.3' (row 3), which is neither 0 nor 1" in message
    assert flat(tmp_path, text, ignore=["Confidence"]).codes[1] == ("/m/2",)


def test_a_user_may_say_which_columns_count(tmp_path: Path) -> None:
    text = "image,label,tags,year\na,cat,red,1\nb,dog,blue,0\n"
    marks = flat(tmp_path, text)
    assert marks.codes == (("cat",), ("dog",))
    assert "--label-column tags" in marks.notes[0]
    assert flat(tmp_path, text, label_columns=["tags"]).codes == (("red",), ("blue",))
    assert flat(tmp_path, text, label_columns=["year"]).codes == (("year",), ())
    assert flat(tmp_path, text, image_column="tags").images == ("red", "blue")
    assert "no such column" in refusal(tmp_path, text, label_columns=["colour"])
    assert "no such column" in refusal(tmp_path, text, image_column="picture")


def test_images_under_another_spelling(tmp_path: Path) -> None:
    (tmp_path / "images/set").mkdir(parents=True)
    for name in ("set/cafe\u0301.png", "set/b.JPG", "c.png", "d.png", "d.jpg"):
        (tmp_path / "images" / name).touch()
    text = "image,labels\nset\\café.png,cat\nC:\\data\\set\\B.jpg,cat\n./c,cat\n"
    marks = read_marks(table(tmp_path, text), taxonomy="flat", images=tmp_path / "images")
    assert marks.images == ("set/cafe\u0301.png", "set/b.JPG", "c.png")
    assert "3 images found under another spelling of the name" in marks.notes[-1]
    with pytest.raises(DataError, match=r"several files fit: 'd' may be d.jpg or d.png"):
        read_marks(table(tmp_path, "image,labels\nd,cat\nc.png,dog\n"), taxonomy="flat", images=tmp_path / "images")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://host/img/b.JPG?width=20", "b.JPG"), ("img/b.JPG#top", "b.JPG"), ("139", "000000000139.png"),
        ("139.0", "000000000139.png"), ("7", "7.png"), ("7.0", "7.png"), ("07", "07.png"), ("x&amp;y.png", "x&y.png"),
        ("q.png", " q.png"), ("a#1.png", "a#1.png"), ("a?b=1.png", "a?b=1.png"), ("set/0139", "000000000139.png"),
    ],
)  # fmt: skip
def test_names_as_addresses_and_numbers(tmp_path: Path, written: str, meant: str) -> None:
    for name in ("b.JPG", "000000000139.png", "7.png", "07.png", "x&y.png", " q.png", "a#1.png", "a?b=1.png"):
        (tmp_path / name).touch()
    rows = [{"image": written, "labels": "cat"}]
    marks = marks_from_dataframe(rows, taxonomy="flat", images=tmp_path)
    assert marks.images == (meant,)
    assert any("another spelling" in note for note in marks.notes) == (written != meant)


def test_the_reason_is_told_when_all_rows_are_bad(tmp_path: Path) -> None:
    path = table(tmp_path, "image,codes\na.png,cat\nb.png,dog\n")
    for skip_bad in (False, True):
        with pytest.raises(DataError, match="row 2 'cat' is not a Vienna code") as caught:
            read_marks(path, skip_bad=skip_bad)
        assert "--skip-bad" not in str(caught.value)
    done = RUNNER.invoke(app, ["inspect", str(path)])
    assert isinstance(done.exception, DataError) or "is not a Vienna code" in done.stderr


FRAMES = {
    "pandas": pandas.DataFrame,
    "polars": polars.DataFrame,
    "lazy": polars.LazyFrame,
    "arrow": pyarrow.table,
    "columns": dict,
    "rows": lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_frames_of_every_kind(make: Any) -> None:
    two = (("cat", "dog"), ("dog",))
    lists = {"file_name": ["a", "b"], "tags": [["cat", "dog"], ["dog"]]}
    assert as_marks(make(lists), taxonomy="flat").codes == two
    assert as_marks(make({"image": ["a", "b"], "cat": [1, 0], "dog": [True, True]}), taxonomy="flat").codes == two


def test_pandas_frames_with_whatever_is_in_them() -> None:
    two = (("cat", "dog"), ("dog",))
    cells = [["cat", "dog"], "dog"]
    frame = pandas.DataFrame({"image": [Path("x/a.png"), Path("x/b.png")], "codes": cells}, index=[7, 3])
    marks = marks_from_dataframe(frame, taxonomy="flat")
    assert (marks.images, marks.codes, marks.notes) == (("x/a.png", "x/b.png"), two, ())
    assert marks_from_dataframe(frame.set_index("image"), taxonomy="flat").codes == two
    assert marks_from_dataframe(frame.set_index(["image", [0, 1]]), taxonomy="flat").codes == two
    assert marks_from_dataframe(frame.groupby("image").first(), taxonomy="flat").codes == two


@pytest.mark.parametrize(
    "frame",
    [
        pandas.DataFrame([["a", 1, 0]], columns=["image", "cat", "cat"]),
        pandas.DataFrame([["a", 1]], columns=pandas.MultiIndex.from_tuples([("image", ""), ("x", "cat")])),
        "marks.csv",
        {"image": ["a"], "codes": ["cat", "dog"]},
        {"image": "abc", "codes": "abc"},
        [1, 2],
        object(),
        pandas.Series(["a"]),
        pandas.DataFrame(),
    ],
)
def test_no_frame_ends_in_an_error_of_somebody_else(frame: Any) -> None:
    with pytest.raises(ViennatagError):
        marks_from_dataframe(frame, taxonomy="flat")


word = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z", "Cf"], exclude_characters="\ufeff"), min_size=1, max_size=6
)
word = word.filter(lambda text: text.isalpha() and text == text.casefold())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    rows=st.lists(st.lists(word, max_size=3, unique=True), min_size=1, max_size=8),
    image=st.sampled_from(["image", "File_Name", "path", "filename"]),
    label=st.sampled_from(LABEL_NAMES[:8]),
    form=st.sampled_from([";", "|", ",", "#", " ", "python", "json", "long", "columns"]),
    dialect=st.tuples(st.sampled_from(",;\t|"), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans()),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    shuffled=st.booleans(),
)
def test_what_is_read_is_what_was_meant_or_it_is_said(  # type: ignore[no-untyped-def]
    tmp_path: Path, rows, image, label, form, dialect, encoding, shuffled
) -> None:
    import json
    import unicodedata

    rows = [sorted({unicodedata.normalize("NFC", text) for text in row}) for row in rows]
    meant = {f"{at}.png": tuple(sorted(row)) for at, row in enumerate(rows)}
    if form == "columns":
        names = sorted({text for row in rows for text in row})
        if not names or set(names) & {*LABEL_NAMES, *SPLIT_NAMES, "present", "value", "index", "file", "img", "photo"}:
            return
        header = [image, *names]
        cells = [[name, *(int(text in row) for text in names)] for name, row in meant.items()]
    elif form == "long":
        header, cells = [image, label], [[name, text] for name, row in meant.items() for text in row or [""]]
    else:
        written = {"python": lambda row: str(list(row)), "json": json.dumps}.get(form, form.join)
        header, cells = [image, label], [[name, written(row)] for name, row in meant.items()]
    if shuffled:
        header, cells = header[::-1], [row[::-1] for row in cells]
    delimiter, quoting, final = dialect
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting).writerows([header, *cells])
    content = text.getvalue() if final else text.getvalue().removesuffix("\r\n")
    (tmp_path / "t.csv").write_bytes(content.encode(encoding))
    try:
        marks = read_marks(tmp_path / "t.csv", taxonomy="flat")
    except DataError:
        return
    found = dict(zip(marks.images, marks.codes, strict=True))
    if found != meant:
        said = " ".join(marks.notes)
        options = ("--separator", "--as-written", "--no-long", "--label-column")
        assert any(option in said for option in options), (found, meant)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for at in range(12):
        picture = Image.linear_gradient("L").rotate(at * 30).convert("RGB")
        picture.save(tmp_path / "images" / f"{at}.png")
    return tmp_path / "images"


ADVISED = {
    "separator": ("image,labels\n" + "".join(f'{at}.png,"cat,dog"\n' for at in range(12)), ["cat", "dog"]),
    "columns": (
        "image,cat,dog,year\n" + "".join(f"{at}.png,{at % 2},{1 - at % 2},{1990 + at}\n" for at in range(12)),
        ["cat", "dog"],
    ),
    "blank": (
        "image,cat,dog\n" + "".join(f"{at}.png,{at % 2},{('', 0, 1)[at % 3]}\n" for at in range(12)),
        ["cat", "dog"],
    ),
    "label-column": (
        "image,species,colour\n" + "".join(f"{at}.png,{['cat', 'dog'][at % 2]},red\n" for at in range(12)),
        ["cat", "dog"],
    ),
    "contradiction": (
        "image,labels\n0.png,cat;dog\n0.png,bird\n" + "".join(f"{at}.png,dog;cat\n" for at in range(1, 12)),
        ["bird", "cat", "dog"],
    ),
}  # fmt: skip


def advised_options(text: str) -> list[str]:
    """Return the options that the messages of a command propose, as they stand there."""
    found = re.findall(r"--(?:separator|ignore|label-column|blank) (?:'[^']*'|[^\s;,:)]+|,)|--long\b", text)
    return [each for option in dict.fromkeys(found) for each in shlex.split(option)]


@pytest.mark.parametrize(("text", "labels"), ADVISED.values(), ids=ADVISED)
def test_advice_is_true_when_it_is_followed(tmp_path: Path, pictures: Path, text: str, labels: list[str]) -> None:
    path = table(tmp_path, text)
    first = run("inspect", str(path), "--images", str(pictures), "--taxonomy", "flat")
    options = advised_options(first)
    assert options
    out = tmp_path / "parts"
    run("split", str(path), "-o", str(out), "--taxonomy", "flat", *options)
    found = [read_marks(part, taxonomy="flat") for part in sorted(out.iterdir())]
    assert sum(map(len, found)) == 12
    assert sorted({code for marks in found for codes in marks.codes for code in codes}) == labels


def run(*arguments: str) -> str:
    """Return what a command says, its error included."""
    done = RUNNER.invoke(app, list(arguments))
    told = str(done.exception) if isinstance(done.exception, ViennatagError) else ""
    assert done.exception is None or told or isinstance(done.exception, SystemExit), done.exception
    return done.output + done.stderr + told


@pytest.mark.parametrize(
    "index", ["Unnamed: 0", "Unnamed: 0.1", "level_1", "__index_level_1__", "row.names", "rownames"]
)
def test_an_index_of_any_name_is_no_label(tmp_path: Path, index: str) -> None:
    assert flat(tmp_path, f"{index},image,cat\n0,a,1\n1,b,0\n").codes == (("cat",), ())


def test_counted_columns_of_labels_are_read_together_and_it_is_said(tmp_path: Path) -> None:
    text = "image,label1,label2,label3\na,cat,dog,\nb,dog,,\nc,bird,cat,\n"
    marks = flat(tmp_path, text)
    assert marks.codes == (("cat", "dog"), ("dog",), ("bird", "cat"))
    assert "'label1', 'label2', 'label3'" in marks.notes[0]
    assert flat(tmp_path, text, label_columns=("label1", "label2")).codes == marks.codes
    assert flat(tmp_path, text, label_columns=("label1",)).codes == (("cat",), ("dog",), ("bird",))
    assert flat(tmp_path, "image,label1,label2\na,1,0\nb,0,1\n").codes == (("label1",), ("label2",))


def test_several_columns_of_labels_may_be_named(tmp_path: Path) -> None:
    text = "image,animal,colour\na,cat,red\nb,dog,blue\n"
    assert "the option may be repeated" in refusal(tmp_path, text)
    assert flat(tmp_path, text, label_columns=("animal", "colour")).codes == (("cat", "red"), ("blue", "dog"))


@pytest.mark.parametrize("mark", ["/", "+", "&", "、", "，"])
def test_what_may_separate_labels_is_said(tmp_path: Path, mark: str) -> None:
    text = f"image,labels\na,cat{mark}dog\nb,dog\nc,cat\n"
    marks = flat(tmp_path, text)
    option = (
        shlex.split(re.search(r"--separator (\S+)", marks.notes[0])[1])[0] if marks.codes[0] != ("cat", "dog") else ""
    )
    assert flat(tmp_path, text, separator=option or mark).codes[0] == ("cat", "dog")
    assert marks.notes


def test_a_slash_inside_of_labels_is_no_doubt(tmp_path: Path) -> None:
    assert not flat(tmp_path, "image,label\na,/m/01\nb,/m/02\nc,and/or\n").notes


@pytest.mark.parametrize(
    "cell", ["Index(['cat', 'dog'], dtype='object')", "frozenset({'cat', 'dog'})", "tensor(['cat', 'dog'])"]
)
def test_lists_as_libraries_print_them(tmp_path: Path, cell: str) -> None:
    assert flat(tmp_path, f'image,labels\na,"{cell}"\n').codes == (("cat", "dog"),)
    assert flat(tmp_path, "image,labels\na,猫；犬\n").codes == (("犬", "猫"),)


def test_a_column_that_says_whether_a_mark_is_for_training(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,tags,is_train\na,cat,1\nb,dog,0\n")
    assert marks.splits == ("train", "test")
    assert "no as 'test'" in marks.notes[0]


def test_comments_above_the_header_are_passed_over(tmp_path: Path) -> None:
    marks = flat(tmp_path, "# made by us, in 2024\n#\nimage,label\na,cat\n")
    assert marks.codes == (("cat",),)
    assert flat(tmp_path, "#image,label\na,cat\n", image_column="#image").images == ("a",)


def test_images_may_be_objects_with_a_path(tmp_path: Path) -> None:
    path = table(tmp_path, '{"image": {"path": "a.png", "bytes": null}, "labels": ["cat"]}\n', "t.jsonl")
    assert read_marks(path, taxonomy="flat").images == ("a.png",)


def test_many_columns_that_are_no_labels_do_not_fill_the_screen(tmp_path: Path) -> None:
    columns = [f"c{at}" for at in range(300)]
    rows = "".join(f"{row}.png," + ",".join(str((row * at) % 7) for at in range(300)) + "\n" for row in range(20))
    message = refusal(tmp_path, f"image,{','.join(columns)}\n{rows}")
    assert len(message.splitlines()) < 30
    assert len(message) < 2000


def test_a_named_pipe_is_no_table(tmp_path: Path) -> None:
    for name in ("t.csv", "t.parquet"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match="named pipe"):
            read_marks(tmp_path / name)


def test_commands_without_options_for_reading_say_which_command_has_them(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    path = table(tmp_path, "photograph,animal\na.png,cat\n", "marks.csv")
    done = RUNNER.invoke(
        app,
        [
            "export",
            str(path),
            "--to",
            "coco",
            "-o",
            str(tmp_path / "o"),
            "--images",
            str(tmp_path),
            "--taxonomy",
            "flat",
        ],
    )
    told = re.search(r"`viennatag (import table .*? -o )(\S+)( .*?)`", str(done.exception) + done.output)
    assert told
    out = tmp_path / told[2]
    assert out != path
    command = [*shlex.split(told[1]), str(out), *shlex.split(told[3])]
    made = RUNNER.invoke(app, [*command, "--image-column", "photograph", "--label-column", "animal"])
    assert made.exit_code == 0, made.output
    assert read_marks(out, taxonomy="flat").codes == (("cat",),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('image,labels\na,"[0, 1, 0]"\nb,"[1, 1, 0]"\n', "holds vectors of 0 and 1, such as '[0, 1, 0]' (row 2)"),
        ("image,labels\na,0 1 0\nb,1 0 0\n", "holds vectors of 0 and 1"),
        ('image,labels\na,cat\nb,"dog\nc,cat\n', "row 3 opens a quote that is never closed"),
        ('image,labels\na.png,"cat\nb.png,dog"\n', "row 2 holds other rows in one cell"),
        ('image,labels\na,"cat" and "dog"\n', "row 2 has text after a closing quote"),
        ("image,cat,dog\na,igen,nem\nb,nem,igen\n", "if 'igen', 'nem' say whether a label applies, write 1, 0"),
        ("image,cat,dog\na,0.9,0.1\nb,.2,0.8\n", "if they are scores ('.2', '0.1', '0.8', '0.9'), write 1 where"),
        ("image,cat,dog\na,2,0\nb,0,1\nc,1,1\n", "if one of them is a label, write only 1, 0 and ? in it"),
        ("image labels\na.png cat\n", "there is one column, 'image labels'"),
        ("PK\3\4", "this is a spreadsheet (.xlsx) or a ZIP archive"),
    ],
)
def test_tables_that_would_give_wrong_labels_are_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in refusal(tmp_path, text)


def test_vectors_in_a_frame_are_no_labels() -> None:
    frame = pandas.DataFrame({"image": ["a", "b"], "labels": [[0, 1, 0], [1, 1, 0]]})
    with pytest.raises(DataError, match="vectors of 0 and 1"):
        marks_from_dataframe(frame, taxonomy="flat")


def test_whole_numbers_that_gaps_made_fractions(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,label\na,1.0\nb,\nc,12.0\n")
    assert marks.codes == (("1",), (), ("12",))
    assert "whole numbers written with .0, such as '1.0' (row 2)" in marks.notes[0]
    assert flat(tmp_path, "image,label\na,1.0\nb,12.0\n", as_written=True).codes == (("1.0",), ("12.0",))


def test_words_for_yes_and_no_are_labels_in_a_column_of_labels(tmp_path: Path) -> None:
    text = "image,label\na,positive\nb,negative\n"
    assert flat(tmp_path, text).codes == (("positive",), ("negative",))
    assert flat(tmp_path, text, label_columns=("label",)).codes == (("positive",), ("negative",))


def test_several_columns_that_say_which_subset(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,label,is_train,is_test\na,cat,1,0\nb,dog,0,1\nc,dog,0,0\n")
    assert marks.splits == ("train", "test", "")
    assert "'is_train', 'is_test' are read together" in marks.notes[0]
    assert "row 2 has the split" in refusal(tmp_path, "image,label,is_train,is_test\na,cat,1,1\nb,dog,0,1\n")


def test_a_subset_that_is_not_understood_is_told(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,label,partition\na,cat,0\nb,dog,2\n")
    assert marks.splits == ("", "")
    assert "'partition' is not read as the subset, because '0' (row 2) names none" in marks.notes[0]
    both = flat(tmp_path, "image,label,split,set\na,cat,train,val\n")
    assert both.splits == ("train",)
    assert "'set' is not read as the subset, because another column states it" in both.notes[0]
    assert flat(tmp_path, "image,label,Data Set\na,cat,train\nb,dog,val\n").splits == ("train", "validation")


def test_one_image_under_two_spellings_is_one_mark(tmp_path: Path) -> None:
    assert flat(tmp_path, "image,label\n./a.png,cat\na.png,cat\nb//c.png,dog\n").images == ("a.png", "b/c.png")


@pytest.mark.parametrize("before", ["\n\n", "\ufeff\ufeff", ",,\n"])
def test_blank_rows_and_marks_before_and_in_a_table(tmp_path: Path, before: str) -> None:
    assert flat(tmp_path, f"{before}image,label\na,cat\n,\n  \nb,dog\n").images == ("a", "b")


def test_a_json_list_of_rows(tmp_path: Path) -> None:
    rows = '[\n {"image": "a", "label": "cat"},\n {"image": "b", "label": "dog"}\n]'
    assert read_marks(table(tmp_path, rows, "t.jsonl"), taxonomy="flat").codes == (("cat",), ("dog",))
    with pytest.raises(DataError, match="names 'label' twice"):
        read_marks(table(tmp_path, '{"image": "a", "label": "x", "label": "y"}', "t.jsonl"), taxonomy="flat")


@pytest.mark.parametrize(
    "frame",
    [
        {"image": numpy.array(["a", "b"]), "label": numpy.array(["cat", "dog"])},
        pandas.DataFrame({"image": ["a", "b"], "label": [numpy.str_("cat"), "dog"]}, dtype=object),
        [{"image": "a", "label": "cat"}, {"image": numpy.str_("b"), "label": ["dog"]}],
        pandas.concat(
            [pandas.Series(["a", "b"], name="image"), pandas.get_dummies(["cat", "dog"], sparse=True)], axis=1
        ),
        pandas.DataFrame({"image": ["a", "b"], "label": pandas.Categorical(["cat", "dog"])}),
    ],
)
def test_frames_with_numbers_and_texts_of_numpy(frame: Any) -> None:
    assert marks_from_dataframe(frame, taxonomy="flat").codes == (("cat",), ("dog",))


def test_an_object_with_empty_lists_has_no_labels() -> None:
    rows = [{"image": name, "objects": {"bbox": [], "categories": each}} for name, each in (("a", ["cat"]), ("b", []))]
    marks = marks_from_dataframe(rows, taxonomy="flat", reading=Reading(label_columns=("objects",)))
    assert marks.codes == (("cat",), ())


@pytest.mark.parametrize(
    ("cell", "label", "told"),
    [
        (b"a.png", "cat", "has a bytes where the name of an image is expected"),
        (Image.new("L", (2, 2)), "cat", "has a Image where the name of an image is expected"),
        ("a", iter(["cat"]), "holds a list_iterator where labels are expected"),
        ("a", object(), "holds a object where labels are expected"),
    ],
)
def test_objects_that_are_no_cells_are_refused(cell: Any, label: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        marks_from_dataframe([{"image": cell, "label": label}], taxonomy="flat")


def test_a_lazy_frame_that_fails_is_told() -> None:
    with pytest.raises(DataError, match="the lazy frame cannot be collected"):
        marks_from_dataframe(polars.DataFrame({"image": ["a"]}).lazy().select("nothing"))


@pytest.mark.parametrize(
    ("text", "codes", "told"),
    [
        ("image,label\na,007\nb,7\n", [("007",), ("7",)], "'007' and '7' are read as two labels"),
        ("image,label\na,1.10\nb,1.1\n", [("1.10",), ("1.1",)], "'1.1' and '1.10' are read as two labels"),
        ("image,label\na,hot_dog\nb,hot-dog\n", [("hot_dog",), ("hot-dog",)], "are read as two labels"),
        ("image,label\na,1\nb,2.0\n", [("1",), ("2",)], "whole numbers written with .0"),
        ('image,label\na,"=""007"""\nb,x\n', [("007",), ("x",)], ""),
        ("image,label\na,cat&amp;dog\nb,dog\n", [("cat&dog",), ("dog",)], "'&amp;'"),
        ("image,label\na,[1 2 30]\nb,[2]\n", [("1", "2", "30"), ("2",)], "are lists"),
        ("image,label\na,x\nb,y\n", [("x",), ("y",)], ""),
        ("image,cat,dog\na,1.000,0e+00\nb,0.00,1.0e+00\n", [("cat",), ("dog",)], ""),
        ("image,fold,cat\na,0,1\nb,1,0\n", [("cat",), ("fold",)], "--ignore fold"),
        ("image,cat,cat.1\na,1,0\nb,0,1\n", [("cat",), ("cat.1",)], "--ignore cat.1"),
        ("id,image,label\n1,a,cat\n2,a,dog\n", [("cat", "dog")], "one row per image and label"),
        ("id,image,label\nx,a,cat\ny,a,dog\n", [("cat",), ("dog",)], "--long joins the rows of an image"),
    ],
)
def test_what_programs_do_to_labels_is_undone_or_said(
    tmp_path: Path, text: str, codes: list[tuple[str, ...]], told: str
) -> None:
    marks = flat(tmp_path, text)
    assert list(marks.codes) == codes
    assert told in "\n".join(marks.notes)
    assert len(marks.notes) == bool(told)


def test_rows_of_an_image_with_several_ids_are_what_the_user_says(tmp_path: Path) -> None:
    text = "id,image,label\nx,a,cat\ny,a,dog\n"
    assert flat(tmp_path, text, long=True).codes == (("cat", "dog"),)
    assert flat(tmp_path, text, long=False).notes == ()


@pytest.mark.parametrize(
    ("cell", "told"),
    [("38720", "date"), ('"3,1"', "commas"), ("26 04 02", "blanks"), ("03.01.2006", "date"), ("3-Jan-06", "date")],
)
def test_what_spreadsheets_do_to_codes_is_said(tmp_path: Path, cell: str, told: str) -> None:
    path = table(tmp_path, f"image,codes\na.png,{cell}\nb.png,3.1.6\nc.png,26.4.10\n")
    marks = read_marks(path, skip_bad=True)
    assert any(told in note for note in (*marks.notes, *marks.skipped))


def test_codes_that_are_numbers_in_a_frame_are_told() -> None:
    for codes in ([3.1, 19.1], [[3.1], [19.1]]):
        marks = marks_from_dataframe({"image": ["a", "b"], "codes": codes})
        assert "3.1 and 3.10 are the same" in marks.notes[0]
    assert not marks_from_dataframe({"image": ["a", "b"], "label": [2.0, math.nan]}, taxonomy="flat").notes


def test_names_of_labels_in_lists_are_no_vectors() -> None:
    marks = marks_from_dataframe({"image": ["a", "b"], "labels": [["0", "1"], ["1", "0"]]}, taxonomy="flat")
    assert marks.codes == (("0", "1"), ("0", "1"))


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("ja", "nein"), ("WAHR", "FALSCH"), ("oui", "non"), ("VRAI", "FAUX"), ("sí", "no"), ("Verdadero", "Falso"),
        ("sim", "não"), ("vero", "falso"), ("ja", "nee"), ("tak", "nie"), ("да", "нет"), ("ИСТИНА", "ЛОЖЬ"),
        ("是", "否"),
        ("はい", "いいえ"), ("예", "아니요"), ("☑", "☐"), ("✓", "✗"), ("✅", "❌"),
    ],
)  # fmt: skip
def test_yes_and_no_in_other_languages(tmp_path: Path, yes: str, no: str) -> None:
    marks = flat(tmp_path, f"image,cat,dog\na.png,{yes},{no}\nb.png,{no},{yes}\n")
    assert (marks.codes, marks.notes) == ((("cat",), ("dog",)), ())


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("Dateiname", "Klasse"), ("Fichier", "Étiquettes"), ("fichier", "etiquettes"), ("imagen", "etiquetas"),
        ("Arquivo", "Categoria"), ("immagine", "etichetta"), ("файл", "метки"), ("图片", "标签"), ("画像", "ラベル"),
        ("파일명", "라벨"), ("Bild", "Wiener Klassifikation"), ("image", "Cate\u0301gorie"),
    ],
)  # fmt: skip
def test_columns_in_other_languages(tmp_path: Path, image: str, labels: str) -> None:
    marks = flat(tmp_path, f"{image};{labels}\na.png;cat|dog\nb.png;dog\n")
    assert (marks.images, marks.codes, marks.notes) == (("a.png", "b.png"), (("cat", "dog"), ("dog",)), ())


@pytest.mark.parametrize(
    "above", ["My marks,,\n", "Table 1: marks\n\n", ",Animals,\n", "Export of 2024-05-01\nby me\n", '"a, b"\n']
)
def test_titles_above_the_names_of_columns_are_told(tmp_path: Path, above: str) -> None:
    rows = "image,labels,\na.png,dog,\nb.png,cat,\n"
    told = refusal(tmp_path, above + rows)
    found = re.search(
        r"row (\d+) names the columns \('image', 'labels'\), .*remove the (?:row|\d rows) above it$", told
    )
    assert found, told
    lines = (above + rows).splitlines(keepends=True)[int(found[1]) - 1 :]
    assert flat(tmp_path, "".join(lines)).codes == (("dog",), ("cat",))


@pytest.mark.parametrize(
    "cell", ["#REF!", "#WERT!", "#DIV/0!", "#NAME?", "cat;#VALUE!", '["cat"', "['cat', 'do", '{"choices": ["cat"']
)
def test_a_cell_that_was_damaged_is_refused(tmp_path: Path, cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    assert "row 2 holds" in refusal(tmp_path, f"image,labels\na.png,{quoted}\nb.png,cat\n")
    assert flat(tmp_path, f"image,labels\na.png,{quoted}\nb.png,cat\n", as_written=True)


def test_nothing_in_spreadsheets_of_other_languages(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,labels\na.png,#NV\nb.png,#N/D\nc.png,cat\n")
    assert marks.codes == ((), (), ("cat",))
    assert "2 cells" in marks.notes[0]


def test_numbered_columns_beside_one_without_a_number(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,labels,labels_2\na.png,cat,dog\nb.png,dog,\n")
    assert marks.codes == (("cat", "dog"), ("dog",))
    assert "labels are those of the 2 columns 'labels', 'labels_2'" in marks.notes[0]
    assert flat(tmp_path, "image,labels,labels_2\na.png,cat,dog\n", label_columns=["labels"]).codes == (("cat",),)


@pytest.mark.parametrize(("one", "other"), [("cat.", "cat"), ("“dog”", "dog"), ("café", "cafe"), ("cat", "`cat`")])
def test_labels_that_may_be_one_are_told(tmp_path: Path, one: str, other: str) -> None:
    marks = flat(tmp_path, f"image,labels\na.png,{one}\nb.png,{other}\nc.png,bird\n")
    assert len(set(marks.codes)) == 3
    assert any("are read as two labels" in note and one in note and other in note for note in marks.notes)


def test_a_word_for_nothing_in_a_list(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,labels\na.png,\"['nan']\"\nb.png,\"['cat', 'NA']\"\n")
    assert marks.codes == (("nan",), ("NA", "cat"))
    assert any("'nan' (row 2)" in note and "one entry of a list" in note for note in marks.notes), marks.notes


def test_a_weight_with_a_comma(tmp_path: Path) -> None:
    assert "has the weight '1,5'; expected a positive number, such as 1.5" in refusal(
        tmp_path, "image;labels;weight\na.png;dog;1,5\n"
    )


@pytest.mark.parametrize("cell", [-1, "-1", -1.0, "-1.0"])
def test_the_code_of_a_missing_category_is_told(cell: object) -> None:
    rows = [{"image": f"{at}.png", "label": each} for at, each in enumerate([0, 1, 2, cell])]
    marks = marks_from_dataframe(rows, taxonomy="flat")
    assert any("(row 4) in the column 'label' is read as a label; data frames write it" in note for note in marks.notes)
    words = [{"image": f"{at}.png", "label": each} for at, each in enumerate(["a", "b", "-1"])]
    assert not any("data frames write it" in note for note in marks_from_dataframe(words, taxonomy="flat").notes)


def test_labels_that_are_nearly_all_on_one_image_are_told(tmp_path: Path) -> None:
    rows = [{"image": f"{at}.png", "label": f"{at * 0.37:.2f}"} for at in range(30)]
    notes = marks_from_dataframe(rows, taxonomy="flat").notes
    assert any(note.startswith("30 of 30 labels are on one image only, such as '0.00'") for note in notes)
    rows = [{"image": f"{at}.png", "label": f"thing {at % 15}"} for at in range(30)]
    assert not any("one image only" in note for note in marks_from_dataframe(rows, taxonomy="flat").notes)


@pytest.mark.parametrize(
    "text",
    [
        "|image|labels|\n|-----|:-----:|\n|a.png|cat|\n",
        " image | labels \n-------+--------\n a.png | cat \n",
        "image,labels\n---,---\na.png,cat\n",
    ],
)
def test_a_rule_below_the_names_of_columns_is_no_row(tmp_path: Path, text: str) -> None:
    marks = flat(tmp_path, text)
    assert (marks.images, marks.codes) == (("a.png",), (("cat",),))


def test_advice_keeps_a_column_of_objects_that_hold_the_labels(tmp_path: Path) -> None:
    rows = 'a.png,7,"{""label"": ""cat""}",0\nb.png,9,"{""label"": ""dog""}",1\n'
    text = f"filename,size,file_attributes,region_count\n{rows}"
    told = refusal(tmp_path, text)
    assert "\nif 'file_attributes' holds the labels: --label-column file_attributes; else --ignore size" in told
    assert flat(tmp_path, text, label_columns=["file_attributes"]).codes == (("cat",), ("dog",))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("t.csv", '[{"image": "a.png", "labels": "cat"}]', "this is JSON; let its name end in .jsonl"),
        ("t.csv", '{"image": "a.png", "labels": "cat"}\n', "this is JSON; let its name end in .jsonl"),
        ("t.jsonl", '{\n "image": "a.png",\n "labels": "cat"\n}\n', "spread over several lines"),
    ],
)
def test_json_in_another_shape_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_marks(table(tmp_path, text, name), taxonomy="flat")
    if name == "t.csv":
        assert read_marks(table(tmp_path, text, "t.jsonl"), taxonomy="flat").codes == (("cat",),)


@pytest.mark.parametrize("column", [pandas.Series(["a.png"], name="image"), polars.Series("image", ["a.png"])])
def test_one_column_is_no_frame(column: Any) -> None:
    with pytest.raises(DataError, match="this is one column; give the frame"):
        marks_from_dataframe(column, taxonomy="flat")


def test_a_path_with_a_zero_byte() -> None:
    with pytest.raises(DataError, match="this is no path of a file"):
        read_marks("a\0.csv", taxonomy="flat")


@pytest.mark.parametrize(
    "taken",
    [{"ignore": ["image"]}, {"label_columns": ["image"]}, {"ignore": ["labels"]}, {"image_column": "labels"}],
)
def test_a_column_that_an_option_takes_away_is_not_called_missing(tmp_path: Path, taken: dict[str, Any]) -> None:
    text = "image,labels\na.png,cat\nb.png,dog\n"
    (column,) = (taken["image_column"],) if "image_column" in taken else next(iter(taken.values()))
    told = refusal(tmp_path, text, **taken)
    if taken == {"image_column": "labels"}:  # the image is then the only other column
        assert "--label-column image" in told
    else:
        assert f" {column} takes the column away that is needed here; leave it out" in told


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            {"labels": "cat", "confidence": [0.5]},
            r"the column 'confidence' holds '\[0.5\]' \(row 1\), which is neither",
        ),
        ({"labels": "cat", "weight": 10**400}, "expected a positive number"),
    ],
)
def test_cells_that_no_number_can_be(row: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        marks_from_dataframe([{"image": "a.png"} | row], taxonomy="flat")


@pytest.mark.parametrize("again", ["image,labels", "\ufeffimage,labels", "image , labels"])
def test_names_of_columns_that_are_repeated_are_no_row(tmp_path: Path, again: str) -> None:
    marks = flat(tmp_path, f"image,labels\na.png,cat\n{again}\nb.png,dog\n")
    assert dict(zip(marks.images, marks.codes, strict=True)) == {"a.png": ("cat",), "b.png": ("dog",)}
    assert any("1 row repeats the names of the columns" in note and "row 3" in note for note in marks.notes)
    text = "image,labels\na.png,cat\nlabels,image\ndog,b.png\n"
    assert "row 3 names the columns in another order" in refusal(tmp_path, text)


@pytest.mark.parametrize("image", ["", "Unnamed: 0", "name", "Datei des Bildes", "imageGcsUri"])
def test_a_column_of_names_of_files_holds_the_images(tmp_path: Path, image: str) -> None:
    marks = flat(tmp_path, f"{image},cat,dog\nx/a.png,1,0\nx/b.jpg,0,1\n")
    assert dict(zip(marks.images, marks.codes, strict=True)) == {"x/a.png": ("cat",), "x/b.jpg": ("dog",)}
    assert any("--image-column" in note and "'x/a.png'" in note for note in marks.notes)
    told = refusal(tmp_path, "left,right,cat\na.png,b.png,1\nc.png,d.png,0\n")
    assert "--image-column left, or --image-column right" in told


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("TRAIN,gs://b/a.jpg,cat", "split,image,label"),
        ("a.jpg;cat;dog", "image;label;label2"),
        ("a.JPEG 65", "image,label"),
        ("cat,10,20,a.jpg,640", "label,column2,column3,image,column5"),
        ("a.jpg", "image,label"),
    ],
)
def test_names_that_are_proposed_for_columns_are_read(tmp_path: Path, line: str, proposed: str) -> None:
    told = refusal(tmp_path, f"{line}\n{line}\n")
    assert f"put a line such as {proposed} above it" in told
    if " " not in line and line != "a.jpg":
        marks = flat(tmp_path, f"{proposed}\n{line}\n")
        assert marks.images[0].endswith("a.jpg")
        assert marks.codes == (tuple(each for each in ("cat", "dog") if each in line),)


def test_columns_of_labels_that_a_library_numbers(tmp_path: Path) -> None:
    for one, other in (("label", "label.1"), ("labels.0", "labels.1"), ("tags[0]", "tags[1]"), ("label", "label_2")):
        marks = flat(tmp_path, f"image,{one},{other}\na.png,cat,dog\nb.png,dog,\n")
        assert marks.codes == (("cat", "dog"), ("dog",)), one


def test_a_word_for_nothing_in_a_list_of_json_is_told(tmp_path: Path) -> None:
    table(tmp_path, '{"image": "a.png", "labels": ["None", "cat"]}\n', "t.jsonl")
    marks = read_marks(tmp_path / "t.jsonl", taxonomy="flat")
    assert any("'None' (row 1)" in note for note in marks.notes)


def test_a_separator_is_not_proposed_where_it_would_join_labels(tmp_path: Path) -> None:
    text = "image,labels\na.png,cat;dog\nb.png,cat/dog\nc.png,cat\nd.png,dog\n"
    (told,) = flat(tmp_path, text).notes
    assert "write ';' in its place" in told
    assert "--separator" not in told
    assert flat(tmp_path, text.replace("/", ";")).notes == ()
    marks = flat(tmp_path, text, separator="/")
    assert any("'cat;dog' (row 2)" in note and "write '/' in its place" in note for note in marks.notes)
    assert any("is in no cell" in note for note in flat(tmp_path, text, separator="#").notes)


@pytest.mark.parametrize("cell", ["0101", "100", "011"])
def test_strings_of_bits_are_no_labels(tmp_path: Path, cell: str) -> None:
    other = "0" * len(cell)
    assert "vectors of 0 and 1" in refusal(tmp_path, f"image,labels\na.png,{cell}\nb.png,{other}\n")
    assert flat(tmp_path, "image,label\na.png,100\nb.png,101\n").codes == (("100",), ("101",))


def test_scores_beside_labels_are_told(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,label,score\na.png,cat,0.99\na.png,dog,0.01\n")
    assert any("whatever the column 'score' holds" in note for note in marks.notes)
    table(tmp_path, '{"image": "a.png", "labels": [{"label": "dog", "score": 0.01}]}\n', "t.jsonl")
    with pytest.raises(DataError, match="a label with a score"):
        read_marks(tmp_path / "t.jsonl", taxonomy="flat")


@pytest.mark.parametrize(
    ("column", "cells"), [("split", ("trainval", "minival")), ("weight", ("4 kg", "5 kg")), ("id", ("7", "7"))]
)
def test_a_column_that_means_something_else_is_left_out_by_the_advice(
    tmp_path: Path, column: str, cells: tuple[str, str]
) -> None:
    text = f"image,label,{column}\na.png,cat,{cells[0]}\nb.png,dog,{cells[1]}\n"
    assert f"--ignore {column}" in refusal(tmp_path, text)
    assert flat(tmp_path, text, ignore=[column]).codes == (("cat",), ("dog",))


def test_tables_that_database_shells_print(tmp_path: Path) -> None:
    psql = " image | labels \n-------+--------\n a.png | cat\n b.png | dog\n(2 rows)\n"
    rule = "+-------+--------+\n"
    mysql = f"{rule}| image | labels |\n{rule}| a.png | cat    |\n{rule}| b.png | dog    |\n{rule}"
    for text in (psql, mysql, mysql.replace("-", "="), "image\tlabels\na.png\tcat\nb.png\tdog\n\\.\n"):
        assert flat(tmp_path, text).codes == (("cat",), ("dog",))


def test_names_of_classes_in_a_manifest_of_sagemaker(tmp_path: Path) -> None:
    single = {"source-ref": "s3://b/a.png", "label": 1, "label-metadata": {"class-name": "cat", "confidence": 0.9}}
    several = {"source-ref": "s3://b/b.png", "label": [0, 1], "label-metadata": {"class-map": {"0": "dog", "1": "cat"}}}
    table(tmp_path, "".join(json.dumps(row) + "\n" for row in (single, several)), "t.jsonl")
    assert read_marks(tmp_path / "t.jsonl", taxonomy="flat").codes == (("cat",), ("cat", "dog"))


def test_names_of_images_as_programs_print_them(tmp_path: Path) -> None:
    for name in ("b'a.png'", "PosixPath('a.png')", "'a.png'", "np.str_('a.png')"):
        assert flat(tmp_path, f"image,label\n{name},cat\n").images == ("a.png",)


def test_maps_of_arrow_say_which_labels_apply() -> None:
    cells = pyarrow.array([[("cat", True), ("dog", False)], None], pyarrow.map_(pyarrow.string(), pyarrow.bool_()))
    frame = pyarrow.table({"image": ["a.png", "b.png"], "labels": cells})
    assert marks_from_dataframe(frame, taxonomy="flat").codes == (("cat",), ())


def test_the_place_of_another_encoding_is_shown(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"image,labels\n" + b"a.png,cat\n" * 3000 + "b.png,café\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"b\.png,caf"):
        read_marks(tmp_path / "t.csv", taxonomy="flat")


@pytest.mark.parametrize(
    ("name", "way"), [("t.csv.gz", "unpack"), ("t.ndjson", r"\.jsonl"), ("t.txt", r"\.csv"), ("t", r"\.csv")]
)
def test_what_to_do_with_files_of_other_endings(tmp_path: Path, name: str, way: str) -> None:
    with pytest.raises(DataError, match=f"; .*{way}"):
        read_marks(table(tmp_path, "image,label\na.png,cat\n", name), taxonomy="flat")


def test_advice_about_objects_leaves_no_column_of_labels_out(tmp_path: Path) -> None:
    rows = 'a.png,"{""name"": ""rect""}","{""type"": ""cat""}"\n'
    told = refusal(tmp_path, f"filename,shape,attributes of region\n{rows}")
    assert "--ignore" not in told
    assert "--label-column" in told


@pytest.mark.parametrize("cell", ["cat:0.9", "cat (90%)", "cat=1.0", "cat: .5"])
def test_labels_with_a_score_are_told(tmp_path: Path, cell: str) -> None:
    assert any("is a score" in note for note in flat(tmp_path, f"image,labels\na.png,{cell};dog\n").notes)
    for label in ("3:4", "1.5", "cat 9", "Euro 2016 (2)", "v1.0", "100%"):
        assert not any("is a score" in note for note in flat(tmp_path, f"image,labels\na.png,{label}\n").notes)


def test_lists_as_people_type_them(tmp_path: Path) -> None:
    text = 'Image (file name), Class(es)\na.png, "- cat\n- black dog"\nb.png, "• cat\n•dog"\nc.png, -1\n'
    marks = flat(tmp_path, text)
    assert marks.codes == (("black dog", "cat"), ("cat", "dog"), ("-1",))


def test_codes_in_columns_of_parts_are_refused(tmp_path: Path) -> None:
    for prefix in ("", "vienna_"):
        names = ",".join(f"{prefix}{level}" for level in ("category", "division", "section"))
        with pytest.raises(DataError, match="hold the parts of a code"):
            read_marks(table(tmp_path, f"image,{names}\na.png,3,7,11\n"))


@pytest.mark.parametrize(
    "text",
    [
        '{"image": {"0": "a.png"}, "label": {"0": "cat"}}\n',
        '{"columns": ["image", "label"], "index": [0], "data": [["a.png", "cat"]]}\n',
        '{"data": [{"image": "a.png", "label": "cat"}]}\n',
    ],
)
def test_a_table_in_one_object_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="orient='records', lines=True"):
        read_marks(table(tmp_path, text, "t.jsonl"), taxonomy="flat")
    with pytest.raises(DataError, match="remove the comma"):
        read_marks(table(tmp_path, '{"image": "a.png", "label": "cat"},\n', "t.jsonl"), taxonomy="flat")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.lists(
        st.one_of(
            st.text("ab0 .,;|#'\"[](){}<>-*&\u2022:=/\\%", min_size=1, max_size=8),
            st.sampled_from(
                ["[", "]", "3.0", "b'cat'",
                 "'cat'", "np.str_('x')", "tensor(3)", "nan", "['a']", "- cat", "cat:0.9", "0101", "c('a')"]
            ),
        ).map(normal_label).filter(bool),
        min_size=1, max_size=3, unique_by=same_label,
    )
)  # fmt: skip
def test_any_labels_are_read_as_they_were_written(tmp_path: Path, labels: list[str]) -> None:
    found = tuple(sorted(labels))
    marks = Marks("flat", ("a.png",), (found,), ("a.png",), ("",), ("",), (1.0,))
    for ending in ("csv", "jsonl"):
        write_marks(marks, tmp_path / f"t.{ending}")
        assert read_marks(tmp_path / f"t.{ending}", taxonomy="flat").codes == (found,), ending


def test_names_of_images_in_the_index_of_a_frame() -> None:
    frame = pandas.DataFrame({"cat": [1, 0], "dog": [0, 1]}, index=["a.png", "b.png"])
    assert marks_from_dataframe(frame, taxonomy="flat").images == ("a.png", "b.png")
    with_column = frame.assign(image=["c.png", "d.png"])
    assert marks_from_dataframe(with_column, taxonomy="flat").images == ("c.png", "d.png")


def test_the_column_that_is_proposed_looks_like_one_of_labels(tmp_path: Path) -> None:
    rows = "".join(f"a{at}.png,L{at},{('nv', 'bkl')[at % 2]},{20 + at},male\n" for at in range(6))
    told = refusal(tmp_path, f"image,lesion_id,dx,age,sex\n{rows}")
    assert "--label-column dx" in told
    told = refusal(tmp_path, f"image,Timestamp,which apply,year,sex\n{rows}")
    assert "--label-column 'which apply'" in told


def test_another_table_in_a_file_is_told(tmp_path: Path) -> None:
    told = refusal(tmp_path, "image,label\na.png,cat\n\nimage,box\na.png,3 4 5 6\n")
    assert "names columns and no image" in told


@pytest.mark.parametrize("word", ["unlabeled", "No label", "unknown", "TODO"])
def test_words_that_may_mean_that_nobody_looked_are_told(tmp_path: Path, word: str) -> None:
    marks = flat(tmp_path, f"image,label\na.png,cat\nb.png,{word}\n")
    assert any(repr(word) in note and "write ? in its place" in note for note in marks.notes)


def test_numbers_of_classes_are_separated_by_blanks(tmp_path: Path) -> None:
    marks = flat(tmp_path, "Id,Target\na,16 0\nb,7 1 2 0\nc,5\n")
    assert marks.codes == (("0", "16"), ("0", "1", "2", "7"), ("5",))
    assert any("' ' separates labels" in note for note in marks.notes)


def test_numbers_in_other_scripts_and_signs(tmp_path: Path) -> None:
    marks = flat(tmp_path, "image,cat,dog\na.png,１,\u22121\nb.png,0,0\n")
    assert marks.codes == (("cat",), ())
    assert marks.unknown == (("dog",), ())


@pytest.mark.parametrize("text", ["image,label\na,1\nb,2\nc,3.0\n", "image,1,2\na,1,0\nb,0,1\n"])
def test_numbers_of_classes_may_not_be_categories(tmp_path: Path, text: str) -> None:
    assert any("--taxonomy flat" in note for note in read_marks(table(tmp_path, text)).notes)
    assert not read_marks(table(tmp_path, "image,codes\na,3\nb,3.1.6\n")).notes


def test_a_folder_of_other_images_is_told(tmp_path: Path, pictures: Path) -> None:
    path = table(tmp_path, "image,label\nx.png,cat\ny.png,dog\n")
    with pytest.raises(DataError, match=r"name another folder with --images: .* holds 12 images, such as '0\.png'"):
        read_marks(path, taxonomy="flat", images=pictures)
    with pytest.raises(DataError, match=r"this is a folder.*viennatag import"):
        read_marks(pictures, taxonomy="flat")


@pytest.mark.parametrize("label", ["\ufefflabel", "la\u200bbel", "ｌａｂｅｌ", "'label'", "Label (s)"])
def test_names_of_columns_in_any_form(tmp_path: Path, label: str) -> None:
    assert flat(tmp_path, f"image,{label}\na.png,cat\n").codes == (("cat",),)


def test_columns_that_may_be_subsets_are_told(tmp_path: Path) -> None:
    notes = " ".join(flat(tmp_path, "image,cat,train,test\na.png,1,1,0\nb.png,0,0,1\n").notes)
    assert "--ignore train" in notes
    assert "--ignore test" in notes


def test_unknown_labels_that_no_image_has_are_told(tmp_path: Path) -> None:
    text = 'image,labels,unknown\na.png,cat,dog\nb.png,dog,"cat,dog"\n'
    assert any("'cat,dog' (row 3) in the column 'unknown'" in note for note in flat(tmp_path, text).notes)


def test_an_escaped_line_break_between_labels_is_told(tmp_path: Path) -> None:
    notes = flat(tmp_path, "image,labels\na.png,cat\\ndog\nb.png,cat\nc.png,dog\n").notes
    assert any(r"'cat\\ndog' (row 2)" in note for note in notes)


@pytest.mark.parametrize("line", ["-" * 5000 + "x", "- " * 2000 + "x", ("---:" * 2000) + "x"])
def test_a_line_of_hyphens_costs_no_time(tmp_path: Path, line: str) -> None:
    before = time.process_time()
    assert "none that is known to name images" in refusal(tmp_path, f"{line},label\na,cat\n")
    assert flat(tmp_path, f"image,label\na,{line}\n").codes == ((line,),)
    assert time.process_time() - before < 2


@pytest.mark.parametrize("indent", [None, 2])
def test_an_object_from_images_to_labels(tmp_path: Path, indent: int | None) -> None:
    meant = {"a.png": ["cat", "dog"], "x/b.jpg": [], "c.png": "dog"}
    marks = read_marks(table(tmp_path, json.dumps(meant, indent=indent), "t.jsonl"), taxonomy="flat")
    assert marks.images == tuple(meant)
    assert marks.codes == (("cat", "dog"), (), ("dog",))


def test_options_that_contradict_a_table_are_refused(tmp_path: Path) -> None:
    text = "image,cat,text\na.png,0,u\nb.png,1,v\n"
    assert "of two kinds: 'cat' holds yes and no, and 'text' labels" in refusal(
        tmp_path, text, label_columns=["cat", "text"]
    )
    taken = flat(tmp_path, text, label_columns=["cat", "text"], as_written=True)  # as the message advises
    assert taken.codes == (("0", "u"), ("1", "v"))
    assert "name one column, 'text'" in refusal(tmp_path, text, image_column="text", label_columns=["text"])


def test_blanks_around_a_separator_are_no_part_of_it(tmp_path: Path) -> None:
    text = 'image,labels\na.png,"cat, dog"\nb.png,"cat,dog"\nc.png,well-known - dog\n'
    assert flat(tmp_path, text, separator=", ").codes[:2] == (("cat", "dog"), ("cat", "dog"))
    assert flat(tmp_path, text, separator=" - ").codes[2] == ("dog", "well-known")


def test_an_image_without_labels_is_unknown_if_the_user_says_so(tmp_path: Path) -> None:
    text = "image,labels\na.png,cat;dog\nb.png,\nc.png,nan\n"
    marks = flat(tmp_path, text, blank="unknown")
    assert marks.unknown == ((), ("cat", "dog"), ("cat", "dog"))
    assert any("? or nothing among the labels of 2 marks" in note for note in marks.notes)
    assert not flat(tmp_path, text).unknown


@pytest.mark.parametrize("word", [".", "<undefined>", "nil", "<missing>"])
def test_what_other_programs_write_for_nothing(tmp_path: Path, word: str) -> None:
    assert flat(tmp_path, f"image,label\na.png,{word}\nb.png,cat\n").codes == ((), ("cat",))
    assert flat(tmp_path, f"image,cat,dog\na.png,{word},1\nb.png,1,0\n").codes == (("dog",), ("cat",))
    assert "columns are separated by" in refusal(tmp_path, '"image" "label"\n"a.png" "cat"\n')


def test_files_that_are_not_the_images_themselves(tmp_path: Path) -> None:
    marks = flat(tmp_path, "id,mask,label\n1,m1.png,cat\n2,m2.png,dog\n")
    assert marks.images == ("1", "2")
