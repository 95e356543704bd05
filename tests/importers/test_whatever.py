"""Deliveries as people hand them in: folders, tables and registers of every kind, and what is said about them."""

import csv
import json
import os
import re
import shlex
from pathlib import Path

import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from typer.testing import CliRunner

from viennatag.cli import app
from viennatag.data.columns import Reading
from viennatag.data.marks import read_marks
from viennatag.errors import DataError
from viennatag.importers import import_marks

RUNNER = CliRunner()
PNG = b"\x89PNG\r\n\x1a\n"


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path / name)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


LAYOUTS: dict[str, tuple[list[str], list[tuple[str, str]], str]] = {
    "plain": (["cat/a.png", "dog/b.png"], [("cat", ""), ("dog", "")], ""),
    "shots below": (["cat/2023/a.png", "dog/x/y/b.png"], [("cat", ""), ("dog", "")], "'cat/2023' is 'cat'"),
    "subsets above": (
        ["train/cat/a.png", "Valid/dog/b.png", "test/cat/c.png", "holdout/dog/1/d.png"],
        [("cat", "test"), ("cat", "train"), ("dog", "test"), ("dog", "validation")],
        "'holdout/dog/1' is 'dog'",
    ),
    "one subset": (["train/cat/a.png", "train/dog/b.png"], [("cat", "train"), ("dog", "train")], ""),
    "subsets below": (
        ["cat/train/a.png", "cat/val/b.png", "dog/train/c.png"],
        [("cat", "train"), ("cat", "validation"), ("dog", "train")],
        "",
    ),
    "a class called train": (
        ["train/a.png", "car/b.png"],
        [("car", ""), ("train", "")],
        "the folder 'train' is read as",
    ),
    "a folder around all": (
        ["dataset/images/cat/a.png", "dataset/images/dog/b.png"],
        [("cat", ""), ("dog", "")],
        "all images lie in the folder 'dataset/images'",
    ),
    "subsets far below": (
        ["ILSVRC/CLS-LOC/train/cat/a.png", "ILSVRC/CLS-LOC/val/dog/b.png"],
        [("cat", "train"), ("dog", "validation")],
        "all images lie in the folder 'ILSVRC/CLS-LOC'",
    ),
    "one class of several years": (
        ["cat/2023/a.png", "cat/2024/b.png"],
        [("cat", "")],
        "'cat/2023' is 'cat'",
    ),
    "no class": (["cat/a.png", "unlabeled/b.png"], [("cat", ""), ("unlabeled", "")], "'unlabeled' is read as a class"),
    "folders of a disk station": (["cat/a.png", "@eaDir/a.png", "cat/@eaDir/b.png"], [("cat", "")], ""),
    "classes below what holds a subset": (
        ["train/images/cat/a.png", "test/images/dog/a.png"],
        [("cat", "train"), ("dog", "test")],
        "",
    ),
    "subsets with more in their names": (
        ["seg_train/seg_train/cat/a.png", "seg_test2/seg_test2/dog/a.png"],
        [("cat", "train"), ("dog", "test")],
        "",
    ),
    "negatives": (["cat/a.png", "Background/b.png"], [("Background", ""), ("cat", "")], "'Background' is read as"),
    "loose": (["cat/a.png", "b.png"], [("cat", "")], "lies beside the class folders"),
    "unlabelled subset": (["train/cat/a.png", "test/b.png"], [("cat", "train")], "lies beside the class folders"),
}


@pytest.mark.parametrize(("names", "wanted", "said"), LAYOUTS.values(), ids=LAYOUTS)
def test_class_folders_of_every_layout(
    tmp_path: Path, names: list[str], wanted: list[tuple[str, str]], said: str
) -> None:
    source, out = folder(tmp_path / "in", *names), tmp_path / "m.csv"
    done = RUNNER.invoke(app, ["import", "class-folders", str(source), "-o", str(out), "--taxonomy", "flat"])
    assert done.exit_code == 0
    assert sorted({(row["codes"], row.get("split", "")) for row in rows(out)}) == wanted
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["images/train/a.png", "images/val/b.png"], "no folder is a class: 'images/train' holds"),
        (["train/images/a.png", "valid/images/b.png"], "no folder is a class: 'train/images' holds"),
        (["train/a.png", "test/b.png"], "no folder is a class: 'test' holds"),
        (["images/a.png"], "no folder is a class: 'images' holds"),
        (["PetImages/cat/a.png", "PetImages/dog/b.png"], "give 'PetImages' in it as the source"),
    ],
)
def test_folders_that_are_no_classes_are_refused(tmp_path: Path, names: list[str], said: str) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        import_marks("class-folders", folder(tmp_path / "in", *names), tmp_path / "m.csv", taxonomy="flat")
    assert not (tmp_path / "m.csv").exists()


def test_class_folders_in_an_archive_are_unpacked_first(tmp_path: Path) -> None:
    (tmp_path / "in.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match="unpack it first"):
        import_marks("class-folders", tmp_path / "in.zip", tmp_path / "m.csv", taxonomy="flat")


@pytest.mark.parametrize(("key", "twice"), [("images", "file_name"), ("categories", "name")])
def test_ids_of_coco_that_mean_two_things_are_refused(tmp_path: Path, key: str, twice: str) -> None:
    lists = {"images": [{"id": 1, "file_name": "a"}], "annotations": [], "categories": [{"id": 1, "name": "cat"}]}
    lists[key].append({"id": 1, twice: "b"})
    (tmp_path / "in.json").write_text(json.dumps(lists))
    with pytest.raises(DataError, match="lists the id 1 twice"):
        import_marks("coco", tmp_path / "in.json", tmp_path / "m.csv", taxonomy="flat")


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    folder(tmp_path / "elsewhere", "a.png")
    source = folder(tmp_path / "in", "dog/b.png")
    (source / "cat").symlink_to(tmp_path / "elsewhere")
    (source / "dog" / "back").symlink_to(source)
    import_marks("class-folders", source, tmp_path / "m.csv", taxonomy="flat")
    assert [row["codes"] for row in rows(tmp_path / "m.csv")] == ["cat", "dog"]


def test_one_name_that_is_no_text_costs_the_others_nothing(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", "cat/a.png", "dog/b.png")
    os.rename(source / "cat/a.png", os.fsencode(source / "cat") + b"/caf\xe9.png")
    done = RUNNER.invoke(
        app, ["import", "class-folders", str(source), "-o", str(tmp_path / "m.csv"), "--taxonomy", "flat"]
    )
    assert done.exit_code == 0
    assert "its file name is no UTF-8 text; rename the file, first cat/caf\\xe9.png" in done.stderr
    assert [row["codes"] for row in rows(tmp_path / "m.csv")] == ["dog"]


def test_images_without_flat_labels_are_kept(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "file_name,cat,dog\na.png,1,0\nb.png,0,0\n")
    coco = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": [{"image_id": 1, "category_id": 7}],
        "categories": [{"id": 7, "name": "cat"}],
    }
    write(tmp_path / "c.json", json.dumps(coco))
    for format_name, source in (("table", "t.csv"), ("one-hot", "t.csv"), ("coco", "c.json")):
        summary = import_marks(format_name, tmp_path / source, tmp_path / "m.csv", taxonomy="flat")
        assert (summary.kept, summary.with_codes) == (2, 1)
        assert [row["codes"] for row in rows(tmp_path / "m.csv")] == ["cat", ""]


def test_tables_keep_groups_subsets_and_weights(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "path,tags,group,subset,weight\na.png,cat,g,dev,2\nb.png,dog,h,holdout,1\n")
    import_marks("table", tmp_path / "t.csv", tmp_path / "m.csv", taxonomy="flat")
    marks = read_marks(tmp_path / "m.csv", taxonomy="flat")
    assert (marks.groups, marks.splits, marks.weights) == (("g", "h"), ("validation", "test"), (2.0, 1.0))


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_hugging_face_image_folders(tmp_path: Path, ending: str) -> None:
    text = {
        "csv": "file_name,labels\na.png,\"['cat', 'dog']\"\nsub/b.png,['dog']\n",
        "jsonl": '{"file_name": "a.png", "labels": ["cat", "dog"]}\n{"file_name": "sub/b.png", "labels": ["dog"]}\n',
    }[ending]
    for subset in ("train", "test"):
        folder(tmp_path / "data" / subset, "a.png", "sub/b.png")
        write(tmp_path / "data" / subset / f"metadata.{ending}", text)
    import_marks("table", tmp_path / "data", tmp_path / "m.csv", taxonomy="flat", images=tmp_path / "data")
    marks = read_marks(tmp_path / "m.csv", taxonomy="flat", images=tmp_path / "data")
    assert marks.images == ("test/a.png", "test/sub/b.png", "train/a.png", "train/sub/b.png")
    assert marks.splits == ("test", "test", "train", "train")
    assert marks.codes == (("cat", "dog"), ("dog",)) * 2


BRAZIL = """<?xml version="1.0" encoding="UTF-8"?><revista numero="1">
<processo numero="1"><classes-vienna edicao="4"><classe-vienna codigo="3.1.6"/><classe-vienna codigo="26.1.1"/>
</classes-vienna></processo>
<processo numero="2"><classes-vienna><classe-vienna codigo="27.5.1" edicao="4"/></classes-vienna></processo>
<processo numero="3"><marca/></processo></revista>"""
MADRID = """<ENOTIF><BIRTH TRANTYP="ENN" INTREGN="1"><IMAGE NAME="1" TYPE="JPG"/><VIENNAGR><VIENVER>8</VIENVER>
<VIECLAI>26.4</VIECLAI><VIECLA3>26.4.2</VIECLA3></VIENNAGR></BIRTH>
<PROLONG TRANTYP="REN" INTREGN="1"><NOTDATE>1</NOTDATE></PROLONG>
<MARKGR INTREGN="2"><CURRENT><VIENNAGR><VIECLA3>3.1.6</VIECLA3></VIENNAGR></CURRENT></MARKGR></ENOTIF>"""
REGISTERS = {
    "brazil": (BRAZIL, {"1": "3.1.6;26.1.1", "2": "27.5.1"}, {"4"}),
    "madrid": (MADRID, {"1": "26.4;26.4.2", "2": "3.1.6"}, {"8", ""}),
    "us-table": (
        "serial_no,design_search_cd\n7,260101\n8,031501\n7,031501\n",
        {"7": "26.1.1;3.15.1", "8": "3.15.1"},
        {""},
    ),
    "ca-table": (
        "AppNo\tExtNo\tViennaSeq\tViennaCategory\tViennaDivision\tViennaSection\n"
        "7\t00\t1\t3\t1\t6\n8\t00\t1\t27\t5\t1\n7\t00\t2\t26\t1\t1\n7\t01\t1\t2\t1\t1\n",
        {"7": "3.1.6;26.1.1", "8": "27.5.1", "7-01": "2.1.1"},
        {""},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REGISTERS)
def test_registers(tmp_path: Path, name: str) -> None:
    text, wanted, editions = REGISTERS[name]
    import_marks(name, write(tmp_path / "in.xml", text), tmp_path / "m.csv")
    found = rows(tmp_path / "m.csv")
    assert {row["id"]: ";".join(sorted(row["codes"].split(";"))) for row in found} == {
        number: ";".join(sorted(codes.split(";"))) for number, codes in wanted.items()
    }
    assert {row["edition"] for row in found} == editions


@pytest.mark.parametrize("name", ["eu-xml", "st96", "kipris", "uspto", "brazil", "madrid"])
def test_an_unknown_dialect_is_told_by_its_root_element(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / "in.xml", "<bulletin><notice number='1'><code>3.1.6</code></notice></bulletin>")
    done = RUNNER.invoke(app, ["import", name, str(source), "-o", str(tmp_path / "m.csv")])
    told = f"{done.stderr}{done.exception}"
    assert "its root element is <bulletin> with <notice> in it" in told
    assert "marks table with the columns image and codes" in told
    assert "files that end in" not in told


@pytest.mark.parametrize("name", ["eu-xml", "table", "coco", "l3d"])
def test_a_command_that_is_proposed_works(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / "a file.xml", BRAZIL)
    done = RUNNER.invoke(app, ["import", name, str(source), "-o", str(tmp_path / "m.csv")])
    (advised,) = re.findall(r"viennatag (import brazil .*)$", f"{done.stderr}{done.exception}".strip(), re.MULTILINE)
    assert RUNNER.invoke(app, shlex.split(advised)).exit_code == 0
    assert len(rows(tmp_path / "m.csv")) == 2


def test_an_import_that_keeps_nothing_exits_with_1(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "image,codes\na.png,cat\n")
    out = tmp_path / "m.csv"
    done = RUNNER.invoke(app, ["import", "table", str(source), "-o", str(out), "--images", str(tmp_path)])
    assert done.exit_code != 0
    write(tmp_path / "ok.csv", "image,codes\na.png,3.1.6\n")
    done = RUNNER.invoke(app, ["import", "table", str(tmp_path / "ok.csv"), "-o", str(out), "--images", str(tmp_path)])
    assert done.exit_code == 1
    assert "nothing was kept" in done.stderr
    assert not out.exists()


def test_notes_of_tables_are_told_by_the_import(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", 'image,labels\na.png,"cat,dog"\nb.png,"cat,dog"\n')
    command = ["import", "table", str(source), "-o", str(tmp_path / "m.csv"), "--taxonomy", "flat"]
    assert "--separator ," in RUNNER.invoke(app, command).stderr
    assert RUNNER.invoke(app, [*command, "--separator", ","]).exit_code == 0
    assert rows(tmp_path / "m.csv")[0]["codes"] == "cat;dog"


def test_images_without_an_ending_are_read_and_other_files_counted(tmp_path: Path) -> None:
    (tmp_path / "in" / "cat").mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "in" / "cat" / "a", "JPEG")
    (tmp_path / "in" / "cat" / "notes.txt").write_text("no image")
    summary = import_marks("class-folders", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    assert read_marks(tmp_path / "m.csv", taxonomy="flat").images == ("cat/a",)
    assert summary.notes == ("passed over 1 file of other endings: 1 × .txt; the first is cat/notes.txt",)


def test_tables_of_subsets_that_number_their_rows_lose_no_mark(tmp_path: Path) -> None:
    write(tmp_path / "in/train.csv", "id,image,label\n1,a.png,cat\n2,b.png,dog\n")
    write(tmp_path / "in/labels_val.csv", "id,image,label\n1,c.png,dog\n2,b.png,dog\n")
    summary = import_marks("table", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    found = read_marks(tmp_path / "m.csv", taxonomy="flat")
    assert sorted(zip(found.images, found.ids, found.splits, strict=True)) == [
        ("a.png", "a.png", "train"), ("b.png", "2", "train"), ("c.png", "1", "validation")
    ]  # fmt: skip
    assert "ids are those of the images" in " ".join(summary.notes)
    assert "the subset of the rows of train.csv is that in its name, train" in " ".join(summary.notes)
    assert [note.reason.partition(";")[0] for note in summary.repeated] == ["stated again, the last counts"]


def test_names_as_addresses_write_them(tmp_path: Path) -> None:
    folder(tmp_path / "images", "set/a b.png", "100%25.png")
    write(tmp_path / "t.csv", "image,label\nset/a%20b.png,cat\n100%25.png,dog\n")
    for marks in (
        read_marks(tmp_path / "t.csv", taxonomy="flat", images=tmp_path / "images"),
        read_marks(imported_table(tmp_path), taxonomy="flat"),
    ):
        assert marks.images == ("set/a b.png", "100%25.png")


def imported_table(tmp_path: Path) -> Path:
    import_marks("table", tmp_path / "t.csv", tmp_path / "m.csv", taxonomy="flat", images=tmp_path / "images")
    return tmp_path / "m.csv"


def test_annotations_of_one_image_in_two_places_are_joined_or_kept(tmp_path: Path) -> None:
    text = '<annotations><image id="0" name="a.jpg"><tag label="{}"/></image></annotations>'
    write(tmp_path / "cvat/1.xml", text.format("cat"))
    write(tmp_path / "cvat/2.xml", text.format("dog"))
    import_marks("cvat", tmp_path / "cvat", tmp_path / "m.csv", taxonomy="flat")
    assert [row["codes"] for row in rows(tmp_path / "m.csv")] == ["cat;dog"]
    text = "<annotation><filename>a.jpg</filename><object><name>{}</name></object></annotation>"
    write(tmp_path / "voc/a.xml", text.format("cat"))
    write(tmp_path / "voc/b.xml", text.format("dog"))
    summary = import_marks("voc", tmp_path / "voc", tmp_path / "m.csv", taxonomy="flat")
    assert [row["codes"] for row in rows(tmp_path / "m.csv")] == ["cat", "dog"]
    assert "such as a.jpg in b.xml" in " ".join(summary.notes)


@pytest.mark.parametrize(
    ("kind", "text", "wanted", "said"),
    [
        ("us-table", "serial_no,design_search_cd\n7,10103\nserial_no,design_search_cd\n8,261721\n",
         {"7": "1.1.3", "8": "26.17.21"}, ""),
        ("us-table", "serial_no,design_search_cd\n7.0,10103.0\n", {"7": "1.1.3"}, ""),
        ("ca-table", "application number,Vienna Category,Vienna Division,Vienna Section\n1.0,3.0,7.0,11.0\n2,26,4,\n"
         "3,3,,11\n4,,4,2\n", {"1": "3.7.11", "2": "26.4"}, "'3..11' of 3"),
        ("table", "application_number,vienna_code\n1,26.04.05\n1,3.7.11\n2,1.1\n", {"1": "3.7.11;26.4.5", "2": "1.1"},
         "one row per image and label"),
        ("tmview", "ST13,Vienna Codes,Image\nEM1,26.04.05,Caf\ufffd.jpg\n", {"EM1": "26.4.5"}, "no UTF-8"),
    ],
)  # fmt: skip
def test_tables_of_registers(tmp_path: Path, kind: str, text: str, wanted: dict[str, str], said: str) -> None:
    summary = import_marks(kind, write(tmp_path / "r.csv", text), tmp_path / "marks.csv")
    assert {row["id"]: row["codes"] for row in rows(tmp_path / "marks.csv")} == wanted
    assert said in " ".join(map(str, (*summary.notes, *summary.unreadable)))


def test_a_title_above_an_export_of_tmview_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="names no column of Vienna codes"):
        import_marks("tmview", write(tmp_path / "t.csv", "Export\n\nST13,Vienna Codes\nEM1,1.1\n"), tmp_path / "o.csv")


def test_hugging_face_parquet_with_names_inside_of_objects_and_without_an_image(tmp_path: Path) -> None:
    images = [{"bytes": PNG, "path": "a.png"}, None, {"bytes": PNG, "path": "b.png"}]
    objects = [{"bbox": [[1.0, 2.0]], "category": [1]}, {"bbox": [], "category": []}, {"bbox": [], "category": []}]
    features = {"objects": {"feature": {"category": {"names": ["cat", "dog"]}}}}
    table = pyarrow.table({"image": images, "objects": objects})
    (tmp_path / "in").mkdir()
    named = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(named, tmp_path / "in" / "x.parquet")
    summary = import_marks("hf-parquet", tmp_path / "in", tmp_path / "marks.csv", taxonomy="flat")
    assert [row["codes"] for row in rows(tmp_path / "marks.csv")] == ["dog", ""]
    assert [note.reason for note in summary.skipped] == ["a row without an image"]


def test_a_name_inside_of_parquet_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    table = pyarrow.table({"image": ["a.png"], "labels": [[{"afieldname": "cat"}]]})
    path = tmp_path / "t.parquet"
    parquet.write_table(table, path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"afieldname", b"a\xcfieldname"[:10]))
    for kind in ("table", "hf-parquet"):
        with pytest.raises(DataError, match=r"UTF-8|utf-8"):
            import_marks(kind, path, tmp_path / "marks.csv", taxonomy="flat")


def test_parquet_that_states_other_rows_than_it_holds_is_refused(tmp_path: Path) -> None:
    """A file of a kilobyte that stated eight billion rows took four gigabytes."""
    path = tmp_path / "t.parquet"
    parquet.write_table(pyarrow.table({"image": ["a.png"] * 29, "labels": ["cat"] * 29}), path, store_schema=False)
    content = path.read_bytes()
    for at in (at for at, byte in enumerate(content) if byte == 2 * 29):  # as Thrift writes 29
        path.write_bytes(content[:at] + bytes([2 * 30]) + content[at + 1 :])
        stated = parquet.ParquetFile(path).metadata
        if stated.num_rows != stated.row_group(0).num_rows:
            break
    with pytest.raises(DataError, match=r"it states (29|30) rows and holds (29|30)"):
        read_marks(path, taxonomy="flat")


def test_columns_of_one_name_are_told(tmp_path: Path) -> None:
    columns = {"image": pyarrow.array([PNG]), "labels": pyarrow.array(["cat"])}
    table = pyarrow.table([*columns.values(), columns["labels"]], names=[*columns, "labels"])
    (tmp_path / "in").mkdir()
    parquet.write_table(table, tmp_path / "in" / "x.parquet")
    with pytest.raises(DataError, match=r"  x.parquet: the header names a column twice: 'labels'"):
        import_marks("hf-parquet", tmp_path / "in", tmp_path / "marks.csv", taxonomy="flat")


def test_parquet_that_holds_no_images_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    parquet.write_table(pyarrow.table({"image": ["a.png"], "labels": [["cat", "dog"]]}), tmp_path / "in" / "t.parquet")
    import_marks("table", tmp_path / "in", tmp_path / "marks.csv", taxonomy="flat")
    assert rows(tmp_path / "marks.csv")[0]["codes"] == "cat;dog"


def test_other_tables_beside_one_of_labels_are_told(tmp_path: Path) -> None:
    write(tmp_path / "in" / "labels.csv", "image,label\na.png,cat\n")
    write(tmp_path / "in" / "classes.csv", "label,name\ncat,Cat\n")
    write(tmp_path / "in" / "sample_submission.csv", "image,label\nc.png,cat\n")
    summary = import_marks("table", tmp_path / "in", tmp_path / "marks.csv", taxonomy="flat")
    assert [row["image"] for row in rows(tmp_path / "marks.csv")] == ["a.png", "c.png"]
    assert summary.failed[0].example == "classes.csv"
    assert "such as sample_submission.csv" in " ".join(summary.notes)
    with pytest.raises(DataError, match=r"3 × \.csv"):
        import_marks("voc", tmp_path / "in", tmp_path / "o.csv")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("coco", "a.json"), ("voc", "a.xml"), ("hf-parquet", "a.parquet"), ("table", "a.parquet"), ("tmview", "a.csv")],
)
def test_a_pointer_of_git_lfs_is_told(tmp_path: Path, kind: str, name: str) -> None:
    write(tmp_path / "in" / name, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(DataError, match=r"git lfs pull"):
        import_marks(kind, tmp_path / "in", tmp_path / "o.csv")


def test_labels_without_a_taxonomy(tmp_path: Path) -> None:
    folder(tmp_path / "in", "cat/a.png", "dog/b.png")
    done = RUNNER.invoke(app, ["import", "class-folders", str(tmp_path / "in"), "-o", str(tmp_path / "marks.csv")])
    assert done.exit_code == 1
    assert "--taxonomy flat" in done.output
    folder(tmp_path / "digits", "1/a.png", "2/b.png")
    summary = import_marks("class-folders", tmp_path / "digits", tmp_path / "marks.csv")
    assert "all codes are categories" in " ".join(summary.notes)


def test_images_under_another_ending_or_on_several_marks_are_told(tmp_path: Path) -> None:
    folder(tmp_path / "images", "a.jpg", "b.jpg")
    text = "id,image,label\nx,a.jpeg,cat\ny,s3://c/b.jpg,cat\nz,s3://d/b.jpg,dog\n"
    summary = import_marks(
        "table", write(tmp_path / "t.csv", text), tmp_path / "m.csv", images=tmp_path / "images", taxonomy="flat"
    )
    assert [row["image"] for row in rows(tmp_path / "m.csv")] == ["a.jpg", "b.jpg", "b.jpg"]
    assert "such as a.jpg for a.jpeg" in " ".join(summary.notes)
    assert "several marks with ids of their own, such as b.jpg" in " ".join(summary.notes)


def test_labels_of_an_image_in_two_tables_are_joined_if_the_user_says_so(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.csv", "image,label\na.png,cat\n")
    write(tmp_path / "in" / "b.csv", "image,label\na.png,dog\n")
    summary = import_marks("table", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    assert "--long joins" in summary.repeated[0].reason
    import_marks("table", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat", reading=Reading(long=True))
    assert rows(tmp_path / "m.csv")[0]["codes"] == "cat;dog"


def test_subsets_in_the_names_of_images(tmp_path: Path) -> None:
    write(tmp_path / "in" / "metadata.csv", "file_name,label\ntrain/1.png,cat\ntest\\1.png,dog\n")
    summary = import_marks("table", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    assert [row["split"] for row in rows(tmp_path / "m.csv")] == ["train", "test"]
    assert "those in the names of their images, such as train/1.png" in " ".join(summary.notes)
    write(tmp_path / "in" / "metadata.csv", "file_name,label\ntrain/1.png,cat\ntrain/2.png,dog\n")
    import_marks("table", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    assert "split" not in rows(tmp_path / "m.csv")[0]
