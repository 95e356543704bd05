import csv
import io
import json
import re
import shlex
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from viennatag.cli import app
from viennatag.data.documents import Document
from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.importers import FORMATS, import_marks
from viennatag.importers.record import Record

SAMPLES = Path(__file__).parent / "samples"
PAGES = Path(__file__).parents[2] / "docs" / "guide" / "registers"
RUNNER = CliRunner()


def rows(table: Path) -> list[list[str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def eu(number: str, *codes: str, operation: str = "Insert", image: str = "") -> str:
    coded = "".join(f"<CategoryCode>{code}</CategoryCode>" for code in codes)
    return (
        "<Transaction><TradeMarkTransactionBody>"
        f'<TradeMark operationCode="{operation}"><ApplicationNumber>{number}</ApplicationNumber><MarkImageDetails>'
        f"<MarkImage><MarkImageURI>{image or number + '.JPG'}</MarkImageURI><MarkImageCategory>{coded}"
        "</MarkImageCategory></MarkImage></MarkImageDetails></TradeMark></TradeMarkTransactionBody></Transaction>"
    )


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """Return a folder of two archives and a loose file: nine marks, seven with codes."""
    folder = tmp_path / "delivery"
    (folder / "sub").mkdir(parents=True)
    for name, first in (("a.zip", 0), ("sub/b.ZIP", 4)):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for at in range(first, first + 4):
                archive.writestr(
                    f"x/{at}.xml", eu(f"{at:09}", *([] if at % 4 == 3 else ["03.01.06", f"27.05.{at + 1}"]))
                )
            archive.writestr("read.me", "no mark")
            archive.writestr("__MACOSX/x/._0.xml", "rubbish")
    (folder / "sub/c.xml").write_text(eu("000000008", "28.03"))
    return folder


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_archives_and_files_become_one_table_that_reads_back(delivery: Path, tmp_path: Path, ending: str) -> None:
    seen: list[tuple[int, int]] = []
    out = tmp_path / f"marks{ending}"
    summary = import_marks("eu-xml", delivery, out, progress=lambda done, total: seen.append((done, total)))
    assert (summary.marks, summary.with_codes, summary.without_codes, summary.without_image) == (9, 7, 2, 0)
    assert (*summary.failed, *summary.skipped, *summary.unreadable, *summary.repeated) == ()
    assert summary.resumed == 0
    assert seen == []  # less than a megabyte
    marks = read_marks(out)
    assert marks.ids == tuple(f"{at:09}" for at in (0, 1, 2, 4, 5, 6, 8))
    assert marks.codes[:2] == (("3.1.6", "27.5.1"), ("3.1.6", "27.5.2"))
    assert marks.codes[-1] == ("28.3",)
    assert marks.images[0] == "000000000.JPG"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_interrupted_import_goes_on(delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, whole = tmp_path / "marks.csv", tmp_path / "whole.csv"
    import_marks("eu-xml", delivery, whole)
    read: list[str] = []
    eu_xml = FORMATS["eu-xml"]

    def stop_at_six(document: Document) -> Iterator[Record]:
        read.append(document.name)
        if len(read) == 6:
            raise KeyboardInterrupt
        return eu_xml.read(document)

    monkeypatch.setitem(FORMATS, "eu-xml", replace(eu_xml, read=stop_at_six))
    with pytest.raises(KeyboardInterrupt):
        import_marks("eu-xml", delivery, out, commit_every=1)
    assert not out.exists()
    read.extend(["between"])
    summary = import_marks("eu-xml", delivery, out)
    assert summary.resumed == 1
    assert read[7:] == ["sub/b.ZIP/x/4.xml", "sub/b.ZIP/x/5.xml", "sub/b.ZIP/x/6.xml", "sub/b.ZIP/x/7.xml", "sub/c.xml"]
    assert out.read_bytes() == whole.read_bytes()


def test_another_source_or_a_damaged_staging_starts_anew(delivery: Path, tmp_path: Path) -> None:
    (tmp_path / ".marks.csv.import").write_bytes(b"no database" * 1000)
    assert import_marks("eu-xml", delivery, tmp_path / "marks.csv").marks == 9
    assert import_marks("eu-xml", delivery / "sub", tmp_path / "marks.csv").marks == 5


def test_later_records_replace_earlier_ones_and_withdrawn_marks_go(tmp_path: Path) -> None:
    for name, text in {
        "1.xml": eu("1", "3.1.6"),
        "2.xml": eu("2", "3.1.6"),
        "3.xml": eu("1", "3.1.8", operation="Update"),
        "4.xml": eu("2", operation="Delete"),
    }.items():
        (tmp_path / name).write_text(text)
    summary = import_marks("eu-xml", tmp_path, tmp_path / "out/marks.csv")
    assert rows(tmp_path / "out/marks.csv") == [["1.JPG", "3.1.8", "1", ""]]
    assert [tuple(note) for note in summary.repeated] == [("stated again, the last counts", 1, "1")]
    assert [tuple(note) for note in summary.skipped] == [("withdrawn by the register", 1, "2")]


def test_word_marks_alone_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "w.xml").write_text(eu("1"))
    summary = import_marks("eu-xml", tmp_path / "w.xml", tmp_path / "marks.csv")
    assert (summary.marks, summary.with_codes) == (1, 0)
    assert summary.kept == 0
    assert not (tmp_path / "marks.csv").exists()
    result = RUNNER.invoke(app, ["import", "eu-xml", str(tmp_path / "w.xml"), "-o", str(tmp_path / "marks.csv")])
    assert result.exit_code == 1
    assert "nothing was kept, so" in result.stderr


def test_bad_files_and_codes_are_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.xml").write_text(eu("1", "3.1.6", "cat", "27.5.1"))
    (source / "b.xml").write_text("<not closed")
    for name in ("0.zip", "c.zip"):
        (source / name).write_bytes(b"PK no archive")
    with zipfile.ZipFile(source / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.xml", eu("2", "3.1.6") + " " * 10_000)
    (source / "f.xml").symlink_to("nowhere")
    with zipfile.ZipFile(source / "e.zip", "w") as archive:
        archive.writestr("inner.zip", b"")
        archive.writestr(zipfile.ZipInfo(""), b"a member without a name")
    damaged = bytearray((source / "d.zip").read_bytes())
    damaged[80] ^= 255
    (source / "d.zip").write_bytes(damaged)
    result = RUNNER.invoke(app, ["import", "eu-xml", str(source), "-o", str(tmp_path / "m.csv")])
    assert result.exit_code == 1
    assert "1 mark, 1 with codes, 0 without" in result.stdout
    assert "unreadable: 1 × no Vienna code, first 'cat' of 1" in result.stderr
    assert result.stderr.count("file not read to its end: ") == 5
    assert "2 × cannot be read: File is not a zip file, first 0.zip" in result.stderr
    assert "unpack the outer one, first e.zip/inner.zip" in result.stderr
    assert "first b.xml" in result.stderr
    assert rows(tmp_path / "m.csv") == [["1.JPG", "3.1.6;27.5.1", "1", ""]]


def test_images_are_looked_for(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "0000000a-0000-4000-8000-000000000001.jpg").touch()
    summary = import_marks("l3d", SAMPLES / "results.json", tmp_path / "l.csv", images=images)
    assert [row[0] for row in rows(tmp_path / "l.csv")] == ["0000000a-0000-4000-8000-000000000001.jpg"]
    assert {note.reason: note.times for note in summary.skipped} == {
        f"image that is not in {images}": 1,
        ".mp3 file, no image": 1,
    }
    (images / "W00990002.png").touch()
    import_marks("trademarks2020", SAMPLES / "trademarks2020.json", tmp_path / "t.csv", images=images)
    assert rows(tmp_path / "t.csv") == [["W00990002.png", "27.5.1", "W00990002", ""]]
    with pytest.raises(DataError, match="no such folder of images"):
        import_marks("l3d", SAMPLES / "results.json", tmp_path / "l.csv", images=tmp_path / "none")


def test_images_in_parquet_are_written_beside_the_table(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(content, "PNG")
    cells = [{"bytes": content.getvalue(), "path": "a.mp3"}, {"bytes": b"<svg/>", "path": "b.svg"}]
    table = pyarrow.table({"image": cells, "codes": [["3.1.6"], ["27.5.1"]], "id": ["../one", "two"]})
    pyarrow.parquet.write_table(table, tmp_path / "train.parquet")
    summary = import_marks("hf-parquet", tmp_path / "train.parquet", tmp_path / "marks.csv")
    assert summary.images == tmp_path / "marks-images"
    (row,) = rows(tmp_path / "marks.csv")
    assert read_marks(tmp_path / "marks.csv", images=summary.images).codes == (("3.1.6",),)
    assert (summary.images / row[0]).read_bytes() == content.getvalue()
    assert [file.parent for file in summary.images.iterdir()] == [summary.images]
    assert [note.reason for note in summary.skipped] == ["image in a format that is unknown"]
    names = pyarrow.table({"file_name": ["a.png"], "labels": [["cat"]]})  # metadata.parquet, its images beside it
    pyarrow.parquet.write_table(names, tmp_path / "metadata.parquet")
    beside = import_marks("hf-parquet", tmp_path / "metadata.parquet", tmp_path / "beside.csv", taxonomy="flat")
    assert (beside.with_codes, beside.images) == (1, None)


def test_class_folders(tmp_path: Path) -> None:
    for name in ("03.01.06/a.png", "03.01.06/b.JPG", "27.5.1/a.png", "27.5.1/notes.txt", "loose.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    summary = import_marks("class-folders", tmp_path / "in", tmp_path / "m.csv")
    assert (summary.marks, summary.without_codes) == (3, 0)
    assert [note.reason for note in summary.skipped] == ["lies beside the class folders, so it has no class"]
    assert rows(tmp_path / "m.csv")[1] == ["03.01.06/b.JPG", "3.1.6", "03.01.06/b.JPG", ""]
    flat = import_marks("class-folders", tmp_path / "in", tmp_path / "m.jsonl", taxonomy="flat")
    assert flat.taxonomy == "flat"
    assert json.loads((tmp_path / "m.jsonl").read_text().splitlines()[0])["codes"] == ["03.01.06"]


def test_copies_of_an_image_in_several_class_folders_are_one_mark(tmp_path: Path) -> None:
    files = {"cat/1.png": b"both", "dog/1.png": b"both", "cat/2.png": b"cat", "dog/2.png": b"dog", "hen/0.png": b"both"}
    for name, content in files.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    summary = import_marks("class-folders", tmp_path / "in", tmp_path / "m.csv", taxonomy="flat")
    found = [row[:2] for row in rows(tmp_path / "m.csv")]
    assert sorted(found) == [
        ["cat/1.png", "cat;dog"],
        ["cat/2.png", "cat"],
        ["dog/2.png", "dog"],
        ["hen/0.png", "hen"],  # under another name
    ]
    assert any("one mark with all these labels" in note for note in summary.notes)


def test_design_codes_stay_a_list_of_their_own(tmp_path: Path) -> None:
    summary = import_marks("uspto", SAMPLES / "uspto.xml", tmp_path / "m.csv")
    assert summary.taxonomy == "flat"
    assert rows(tmp_path / "m.csv") == [["", "1.15.1;26.17.21;5.5.2", "99000001", ""]]
    assert summary.without_image == 1


@pytest.mark.parametrize(
    ("format_name", "sample", "looks_like"),
    [("st96", "eu.xml", "eu-xml"), ("l3d", "tmview.json", "tmview"), ("tmview", "results.json", "l3d")],
)
def test_a_wrong_format_says_which_it_looks_like(
    format_name: str, sample: str, looks_like: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"not look like {format_name}; it looks like {looks_like} "):
        import_marks(format_name, SAMPLES / sample, tmp_path / "m.csv")
    assert list(tmp_path.iterdir()) == []


def test_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        import_marks("eu-xml", tmp_path / "none", tmp_path / "m.csv")
    with pytest.raises(OptionError, match=r"ends in \.csv"):
        import_marks("eu-xml", SAMPLES, tmp_path / "m.xlsx")
    with pytest.raises(DataError, match=r"no marks of the format eu-xml .* files that end in \.xml, or ZIP"):
        import_marks("eu-xml", tmp_path, tmp_path / "m.csv")
    (tmp_path / "x.json").write_text('{"Codes": 1}')
    with pytest.raises(DataError, match=r"no mark could be read as trademarks2020\n  x.json: expected an object"):
        import_marks("trademarks2020", tmp_path / "x.json", tmp_path / "m.csv")
    (tmp_path / "h.csv").write_text("image,film;noir\na.png,1\n")
    import_marks("one-hot", tmp_path / "h.csv", tmp_path / "m.csv", taxonomy="flat")
    assert rows(tmp_path / "m.csv") == [["a.png", '["film;noir"]', "a.png", ""]]
    assert read_marks(tmp_path / "m.csv", taxonomy="flat").codes == (("film;noir",),)
    assert not (tmp_path / ".m.csv.import").exists()


def test_the_help_lists_every_format() -> None:
    text = " ".join(RUNNER.invoke(app, ["import", "--help"]).stdout.split())
    assert f"Formats: {', '.join(FORMATS)}." in text


def test_marks_without_a_number_get_one(tmp_path: Path) -> None:
    text = eu("", "3.1.6").replace("<Transaction>", "<Transaction>" + eu("", "3.1.8"))
    (tmp_path / "a.xml").write_text(text)
    import_marks("eu-xml", tmp_path / "a.xml", tmp_path / "m.csv")
    assert [row[1:3] for row in rows(tmp_path / "m.csv")] == [["3.1.8", "a.xml #1"], ["3.1.6", "a.xml #2"]]


def test_progress_is_told_by_the_megabyte_and_ends_at_the_end(tmp_path: Path) -> None:
    padding = "<!--" + "x" * 1000 + "-->"
    (tmp_path / "a.xml").write_text(f"<r>{padding * 3000}{eu('1', '3.1.6')}</r>")
    (tmp_path / "b.xml").write_text(eu("2", "3.1.6"))
    seen: list[tuple[int, int]] = []
    import_marks("eu-xml", tmp_path, tmp_path / "m.csv", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def commands(page: Path) -> list[list[str]]:
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("viennatag ")]


@pytest.mark.parametrize("name", FORMATS)
def test_a_page_shows_the_whole_chain_for_each_format(name: str) -> None:
    (chain,) = [
        found for found in map(commands, PAGES.glob("*.md")) if ["import", name] in [each[:2] for each in found]
    ]
    assert {"import", "inspect", "train", "predict"} <= {command for command, *_ in chain}
    group = get_command(app)
    for command, *arguments in chain:
        assert group.commands[command].make_context(command, list(arguments)).params  # type: ignore[attr-defined]


def test_categories_of_other_classifications_are_left_out_and_told(tmp_path: Path) -> None:
    text = (SAMPLES / "eu.xml").read_text(encoding="utf-8")
    vienna = text[text.index("<MarkImageCategory>") : text.index("</MarkImageCategory>") + 20]
    stated = vienna.replace(
        "<CategoryCodeD", "<CategoryKind>Vienna</CategoryKind><CategoryVersion>8</CategoryVersion><CategoryCodeD"
    )
    locarno = (
        "<MarkImageCategory><CategoryCodeDetails><CategoryCode>01-01</CategoryCode></CategoryCodeDetails>"
        "<CategoryKind>Locarno</CategoryKind><CategoryVersion>12</CategoryVersion></MarkImageCategory>"
    )
    (tmp_path / "a.xml").write_text(text.replace(vienna, locarno + stated), encoding="utf-8")
    summary = import_marks("eu-xml", tmp_path / "a.xml", tmp_path / "marks.csv")
    with (tmp_path / "marks.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["codes"], row["edition"]) == ("2.1.95;27.5.5;28.3", "8")
    assert summary.notes == ("categories of the kind 'Locarno' are no Vienna codes and left out, such as 01-01",)
