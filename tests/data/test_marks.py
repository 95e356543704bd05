import csv
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from viennatag.data.cells import normal_label
from viennatag.data.columns import Reading
from viennatag.data.marks import Marks, marks_from_dataframe, read_marks
from viennatag.data.tables import TABLE_FORMATS
from viennatag.data.taxonomy import same_label
from viennatag.data.writing import write_marks
from viennatag.errors import DataError, OptionError


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_codes_column_in_every_spelling(tmp_path: Path) -> None:
    table = write(tmp_path / "m.csv", "image,codes\na.png,03.01.06;27.5.1\nb.png,030106|A3.1.16\nc.png,3.1.6 3.1.6\n")
    marks = read_marks(table)
    assert marks.codes == (("3.1.6", "27.5.1"), ("3.1.6", "3.1.16"), ("3.1.6",))
    assert marks.ids == marks.images == ("a.png", "b.png", "c.png")
    assert marks.weights == (1.0, 1.0, 1.0)


def test_labels_of_ones_own_are_told_how_to_be_read(tmp_path: Path) -> None:
    table = write(tmp_path / "m.csv", "image,labels\na.png,Drama|Action\nb.png,Comedy\nc.png,3.1.6\n")
    with pytest.raises(DataError, match="; labels that are no Vienna codes are read with --taxonomy flat"):
        read_marks(table)
    assert read_marks(table, taxonomy="flat").codes[0] == ("Action", "Drama")
    with pytest.raises(DataError, match=r"keeps 2 marks$"):
        read_marks(write(tmp_path / "n.csv", "image,labels\na.png,Drama\nb.png,3.1.6\nc.png,3.1.6\n"))


def test_an_archive_is_no_folder_of_images(tmp_path: Path) -> None:
    table, archive = write(tmp_path / "m.csv", "image,codes\na.png,3.1.6\n"), write(tmp_path / "images.zip", "PK")
    for images, message in ((archive, "this is a file.*unpack"), (tmp_path / "none", "there is no such folder")):
        with pytest.raises(DataError, match=message):
            read_marks(table, images=images)


def test_one_column_per_label(tmp_path: Path) -> None:
    vienna = read_marks(write(tmp_path / "v.csv", "image,03.01.06,27.5.1\na.png,1,0\nb.png,True,1.0\n"))
    assert vienna.codes == (("3.1.6",), ("3.1.6", "27.5.1"))
    flat = read_marks(write(tmp_path / "f.tsv", "image\tDrama\tFilm noir\na.png\t1\t0\nb.png\t0\t0\n"), taxonomy="flat")
    assert flat.codes == (("Drama",), ())


def test_flat_labels_may_hold_blanks_and_commas(tmp_path: Path) -> None:
    marks = read_marks(write(tmp_path / "m.csv", 'image,codes\na.png,"Film noir; war, peace"\n'), taxonomy="flat")
    assert marks.codes == (("Film noir", "war, peace"),)


def test_all_bad_rows_are_reported_together_with_their_numbers(tmp_path: Path) -> None:
    write(tmp_path / "a.png", "")
    table = write(
        tmp_path / "m.csv",
        "image,codes,id,split,weight\n"
        "a.png,3.1.6,1,train,1\n"
        ",3.1.6,2,,\n"
        "a.png,cat,3,,\n"
        "a.png,,4,,\n"
        "gone.png,3.1.6,5,,\n"
        "a.png,3.1.6,1,,\n"
        "a.png,3.1.6,7,dev,\n"
        "a.png,3.1.6,8,,-1\n"
        "a.png,3.1.6\n",
    )
    with pytest.raises(DataError) as caught:
        read_marks(table, images=tmp_path)
    message = str(caught.value)
    assert "8 bad rows among 9" in message
    assert "--skip-bad (skip_bad=True) would keep 1 of 9" in message
    for line in (
        "row 3 names no image",
        "row 4 'cat' is not a Vienna code",
        "row 5 has no codes",
        "row 6 names an image that is not there: 'gone.png'",
        "row 2 repeats the id '1' of row 7 and contradicts it: split 'train'",
        "row 7 repeats the id '1' of row 2",
        "row 9 has the weight '-1'",
        "row 10 has 2 fields, the header 5",
        "--skip-bad",
    ):
        assert line in message
    kept = read_marks(table, images=tmp_path, skip_bad=True)
    assert (kept.ids, kept.splits) == (("7",), ("validation",))
    assert len(kept.skipped) == 8


@pytest.mark.parametrize(("code", "told"), [("", "and 30 more"), ("x", "and 47 more\n.*--taxonomy flat")])
def test_a_long_list_of_problems_is_cut(code: str, told: str, tmp_path: Path) -> None:
    rows = "".join(f"{at}.png,{code}\n" for at in range(50))
    with pytest.raises(DataError, match=told):
        read_marks(write(tmp_path / "m.csv", "image,codes\n3.png,3.1.6\n" + rows))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "", "the file is empty"),
        ("m.csv", "image,codes\n", "no marks"),
        ("m.csv", "thing,codes\na,3.1.6\n", "the columns are 'thing', 'codes'; name it with --image-column"),
        ("m.csv", "image\na.png\n", "no column 'codes'"),
        ("m.csv", "image,Drama\na.png,1\n", "--taxonomy flat"),
        ("m.csv", "image,3.1.6\na.png,maybe\n", "has 'maybe' in column '3.1.6'"),
        ("m.csv", "a.png,3.1.6\nb.png,3.1.8\n", "looks like a row and not like names of columns"),
        ("m.csv", "image,codes,codes\na,1,2\n", "names a column twice: 'codes'"),
        ("m.xlsx", "", "ends in .csv, .tsv, .jsonl, .parquet"),
        ("m.jsonl", '{"image": "a.png", "codes": ["3.1.6"]}\n{"image"\n[1]\n', "row 2 is not JSON"),
        ("m.parquet", "nothing of the kind", "not a Parquet file"),
    ],
)
def test_unusable_tables_say_what_is_wrong(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_marks(write(tmp_path / name, text))
    assert message in str(caught.value)


def test_a_damaged_parquet_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    rows = {"image": [f"{at}.png" for at in range(50)], "codes": [["3.1.6", "27.5.1"]] * 50}
    pyarrow.parquet.write_table(pyarrow.table(rows), path)
    whole, refused = path.read_bytes(), 0
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            read_marks(path)
        except DataError as exc:  # any other exception is a bug
            refused += "it may be damaged" in str(exc)
    assert refused > 20
    path.write_bytes(whole[:-20])
    with pytest.raises(DataError, match="not a Parquet file that can be read; it may be damaged"):
        read_marks(path)


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_marks(tmp_path / "none.csv")
    with pytest.raises(DataError, match="no such file"):
        read_marks(tmp_path / "none.parquet")
    table = write(tmp_path / "m.csv", "image,codes\na.png,3.1.6\n")
    with pytest.raises(DataError, match="no such folder of images"):
        read_marks(table, images=tmp_path / "none")
    with pytest.raises(OptionError, match="taxonomy 'nice'"):
        read_marks(table, taxonomy="nice")  # type: ignore[arg-type]
    (tmp_path / "latin.csv").write_bytes("image,codes\n\xe9.png,3.1.6\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_marks(tmp_path / "latin.csv")


def test_statistics_tables_need_no_images(tmp_path: Path) -> None:
    marks = read_marks(write(tmp_path / "m.csv", "year,has_text,codes\n2009,1,26.4.1 26.4.5\n"), require_images=False)
    assert marks.codes == (("26.4.1", "26.4.5"),)
    assert marks.ids == ("row 2",)


def test_ignored_columns_are_no_labels(tmp_path: Path) -> None:
    table = write(tmp_path / "m.csv", "image,year,Drama\na.png,1999,1\n")
    assert read_marks(table, taxonomy="flat", reading=Reading(ignore=["year"])).codes == (("Drama",),)


@pytest.mark.parametrize("frame", [pandas.DataFrame, polars.DataFrame])
def test_data_frames(frame: type) -> None:
    marks = marks_from_dataframe(frame({"image": ["a.png", "b.png"], "codes": [["3.1.6"], ["27.5.1", "3.1.6"]]}))
    assert marks.codes == (("3.1.6",), ("3.1.6", "27.5.1"))
    flat = marks_from_dataframe(frame({"image": ["a.png"], "Drama": [1], "War": [False]}), taxonomy="flat")
    assert flat.codes == (("Drama",),)


def test_parquet_with_lists(tmp_path: Path) -> None:
    table = pyarrow.table({"image": ["a.png"], "codes": [["03.01.06", "270501"]], "weight": [2.5]})
    pyarrow.parquet.write_table(table, tmp_path / "m.parquet")
    marks = read_marks(tmp_path / "m.parquet")
    assert (marks.codes, marks.weights) == ((("3.1.6", "27.5.1"),), (2.5,))


label = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(normal_label).filter(bool)
label |= st.sampled_from(["nan", "[]", "a, b", "a;b", "['x']", "0", "1", "(rare)", "Film noir", "#3", '"'])


@pytest.mark.parametrize("ending", TABLE_FORMATS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.lists(label, max_size=3), st.sampled_from(["", "train", "test"]), label), min_size=1, max_size=4
    )
)
def test_what_is_written_reads_back(tmp_path: Path, ending: str, rows: list[tuple[list[str], str, str]]) -> None:
    n = len(rows)
    names = tuple(f"{at}.png" for at in range(n))
    spelt = {same_label(label): label for labels, _, _ in rows for label in labels}  # case is no difference
    marks = Marks(
        "flat",
        names,
        tuple(tuple(sorted({spelt[same_label(label)] for label in labels})) for labels, _, _ in rows),
        tuple(f"id {at}" for at in range(n)),
        tuple(group for _, _, group in rows),
        tuple(split for _, split, _ in rows),
        tuple(float(at + 1) for at in range(n)),
    )
    write_marks(marks, tmp_path / f"m{ending}")
    back = read_marks(tmp_path / f"m{ending}", taxonomy="flat")
    for column in ("images", "codes", "ids", "groups", "splits", "weights"):
        assert getattr(back, column) == getattr(marks, column)


def test_a_label_that_a_separator_would_cut_is_written_as_a_list(tmp_path: Path) -> None:
    codes = (("war; peace",), ("a", "b"), ("nan",), ())
    vectors = Marks("flat", ("a",), (("0", "1"),), ("a",), ("",), ("",), (1.0,))
    write_marks(vectors, tmp_path / "vectors.csv")
    assert read_marks(tmp_path / "vectors.csv", taxonomy="flat").codes == vectors.codes
    marks = Marks("flat", tuple("abcd"), codes, tuple("abcd"), ("",) * 4, ("",) * 4, (1.0,) * 4)
    write_marks(marks, tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text().splitlines()[1] == 'a,"[""war; peace""]",a,,,1.0'
    assert read_marks(tmp_path / "m.csv", taxonomy="flat").codes == codes


def test_a_name_that_is_no_text_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    marks = Marks("flat", ("caf\udce9.png",), (("a",),), ("1",), ("",), ("",), (1.0,))
    with pytest.raises(DataError, match=r"'caf\\\\xe9.png' is no UTF-8 text; rename the file"):
        write_marks(marks, tmp_path / "m.csv")
    assert list(tmp_path.iterdir()) == []


def test_select_keeps_rows_whole(tmp_path: Path) -> None:
    with (tmp_path / "m.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["image", "codes"], *([f"{at}.png", f"3.1.{at}"] for at in range(1, 5))])
    chosen = read_marks(tmp_path / "m.csv").select([2, 0])
    assert (chosen.images, chosen.codes) == (("3.png", "1.png"), (("3.1.3",), ("3.1.1",)))


@pytest.mark.parametrize("ending", TABLE_FORMATS)
@pytest.mark.parametrize("labels", [("cat", "dog"), ("cat, small", "dog;big")])
def test_unknown_labels_are_written_and_read_back(tmp_path: Path, ending: str, labels: tuple[str, str]) -> None:
    names, empty = ("a.png", "b.png"), ("", "")
    marks = Marks("flat", names, ((labels[0],), ()), names, empty, empty, (1.0, 2.0), unknown=((), labels))
    write_marks(marks, tmp_path / f"t{ending}")
    read = read_marks(tmp_path / f"t{ending}", taxonomy="flat")
    assert (read.codes, read.unknown, read.weights) == (marks.codes, marks.unknown, marks.weights)
    assert read.select([1]).unknown == (labels,)
    with pytest.raises(DataError, match="unknown has 1 entries for 2 marks"):
        Marks("flat", names, ((), ()), names, empty, empty, (1.0, 1.0), unknown=((),))


@pytest.mark.parametrize("library", [pandas, polars])
def test_missing_values_of_a_frame_mean_the_same_in_both_libraries(library: Any) -> None:
    frame = library.DataFrame({"image": ["a", "b", "c"], "Edema": [1.0, float("nan"), 0.0]})
    assert marks_from_dataframe(frame, taxonomy="flat").codes == (("Edema",), (), ())
    said = marks_from_dataframe(frame, taxonomy="flat", reading=Reading(blank="unknown"))
    assert said.unknown == ((), ("Edema",), ())
