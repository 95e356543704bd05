import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from viennatag.cli import app, main
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle


def run(
    *arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    """Return the exit status, what went to stdout, and what to stderr."""
    monkeypatch.setattr(sys, "argv", ["viennatag", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments: run(*arguments, capsys=capsys, monkeypatch=monkeypatch)


@pytest.fixture
def bundle(trained: tuple[Bundle, Evaluation]) -> Path:
    assert trained[0].path is not None
    return trained[0].path


def test_predict_as_json(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli("predict", collection / "000.png", "--model", bundle, "--format", "json", "--top", 3)
    (found,) = json.loads(out)
    assert status == 0
    assert found["image"] == str(collection / "000.png")
    assert len(found["suggestions"]) == 3
    assert set(found["suggestions"][0]) == {"code", "heading", "score", "level", "path", "above_threshold"}
    assert found["suggestions"][0]["path"][-1] == found["suggestions"][0]["code"]


def test_predict_goes_on_after_a_bad_image_and_exits_1(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    images = [collection / "000.png", collection / "none.png", collection / "001.png"]
    status, out, _ = cli("predict", *images, "--model", bundle, "--format", "json")
    found = json.loads(out)
    assert status == 1
    assert [sorted(entry) for entry in found] == [
        ["image", "suggestions"],
        ["error", "image"],
        ["image", "suggestions"],
    ]
    status, out, _ = cli("predict", *images, "--model", bundle, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 1
    assert [row["error"] for row in rows if row["image"] == str(images[1])] == ["there is no such file"]
    status, out, _ = cli("predict", *images, "--model", bundle)
    assert status == 1
    assert "there is no such file" in " ".join(out.split())  # the line may be wrapped


def test_predict_takes_folders(cli, bundle: Path, collection: Path) -> None:  # type: ignore[no-untyped-def]
    status, out, _ = cli("predict", collection, "--model", bundle, "--format", "json")
    assert status == 0
    assert len(json.loads(out)) == 240


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "x.png", "--model", "nowhere"], "nowhere: there is no such bundle"),
        (["predict", "x.png", "--format", "xml"], "--format 'xml' is unknown; choose one of table, json, csv"),
        (["evaluate", "nowhere", "m.csv", "--images", "."], "there is no such bundle"),
        (["train", "none.csv", "--images", ".", "-o", "b"], "none.csv: there is no such file"),
        (["split", "none.csv", "-o", "parts"], "none.csv: there is no such file"),
        (["codes", "cat"], "'cat' is not a Vienna code"),
        (["codes", "search", "qqq"], "no heading holds 'qqq'"),
    ],
)
def test_a_mistake_is_one_clean_message(cli, arguments: list[str], message: str) -> None:  # type: ignore[no-untyped-def]
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("viennatag: ")
    assert message in err
    assert "Traceback" not in err


def test_usage_errors_exit_with_2(cli) -> None:  # type: ignore[no-untyped-def]
    assert cli("predict")[0] == 2
    assert cli("prodict")[0] == 2
    assert cli("--help")[0] == 0


def test_codes_shows_the_way_down_and_unknown_codes(cli) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = cli("codes", "03.01.06")
    assert [line.split()[0] for line in out.splitlines()] == ["3", "3.1", "3.1.6"]
    _, out, _ = cli("codes", "3.1.77")
    assert "unknown code in 3.1" in out
    _, out, _ = cli("codes", "search", "cat")
    assert "3.1.6" in out
    _, out, _ = cli("codes", "--format", "json")
    assert len(json.loads(out)) == 31


def test_train_evaluate_and_split_from_the_shell(cli, collection: Path, cache: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    common = ["--backbone", "test_efficientnet", "--random-weights", "--size", 64, "--seed", 3, "--cache", cache]
    out = tmp_path / "bundle"
    status, text, err = cli(
        "train", collection / "flat.csv", "--images", collection, "-o", out, "--taxonomy", "flat", *common
    )
    assert status == 0, err
    assert "macro mAP" in text
    assert f"wrote {out}" in text
    status, text, err = cli("evaluate", out, collection / "flat.csv", "--images", collection, "--format", "json")
    assert status == 0, err
    assert json.loads(text)["slices"][0]["level"] == "label"
    status, text, _ = cli("split", collection / "marks.csv", "-o", tmp_path / "parts", "--images", collection)
    assert status == 0
    tables = [tmp_path / "parts" / f"{part}.csv" for part in ("train", "validation", "test")]
    assert sum(len(table.read_text().splitlines()) - 1 for table in tables) == 240
    arguments = ["train", collection / "flat.csv", "--images", collection, "-o", out, "--taxonomy", "flat"]
    status, _, err = cli(*arguments, "--epochs", 3)
    assert status == 2
    assert "--epochs only matter with --finetune; add it" in err


def test_skip_bad_says_how_many(cli, collection: Path, bundle: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    table = tmp_path / "m.csv"
    table.write_text((collection / "marks.csv").read_text() + "gone.png,3.1.6\n")
    status, _, err = cli("evaluate", bundle, table, "--images", collection)
    assert status == 2
    assert "row 242 names an image that is not there: 'gone.png'" in err
    status, _, err = cli("evaluate", bundle, table, "--images", collection, "--skip-bad", "--format", "json")
    assert status == 0
    assert "left out 1 bad rows" in err


def test_a_missing_extra_names_its_pip_command(collection: Path) -> None:
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in {'scipy', 'torch'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "sys.argv = ['viennatag', *sys.argv[1:]]\n"
        "from viennatag.cli import main\nmain()\n"
    )
    table = collection / "marks.csv"
    for arguments, extra in (
        (["split", str(table), "-o", "parts"], "data"),
        (["train", str(table), "--images", str(table.parent), "-o", "b"], "train"),
    ):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
        assert f"pip install 'viennatag[{extra}]'" in done.stderr


def test_every_command_has_help_with_an_example() -> None:
    command = get_command(app)
    assert set(command.commands) == {
        "predict",
        "bulk",
        "train",
        "evaluate",
        "split",
        "render",
        "import",
        "inspect",
        "compare",
        "tune",
        "quantize",
        "codes",
        "index",
        "serve",
    }  # type: ignore[attr-defined]
    for name, sub in command.commands.items():  # type: ignore[attr-defined]
        assert re.search(rf"Example: viennatag {name}", sub.help), name


def test_split_names_unreadable_images_and_the_way_on(cli, collection: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "images"
    folder.mkdir()
    for file in collection.glob("0[0-3]*.png"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "000.png").write_bytes(b"broken")
    table = tmp_path / "m.csv"
    rows = (collection / "marks.csv").read_text().splitlines()
    table.write_text("\n".join([rows[0], *(row for row in rows[1:] if (folder / row[:7]).exists())]) + "\n")
    status, _, err = cli("split", table, "-o", tmp_path / "parts", "--images", folder)
    assert status == 2
    assert "1 of 40 images cannot be read\n  000.png: " in err
    assert "--skip-bad" in err
    status, out, err = cli("split", table, "-o", tmp_path / "parts", "--images", folder, "--skip-bad")
    assert status == 0
    assert "left out 1 bad rows" in err
    assert sum(int(count) for count in re.findall(r": (\d+) marks", out)) == 39


def test_inspect_lists_codes_in_doubt_and_writes_what_is_left(  # type: ignore[no-untyped-def]
    cli, collection: Path, bundle: Path, cache: Path, tmp_path: Path
) -> None:
    for at in range(60):
        (tmp_path / f"{at:03}.png").write_bytes((collection / f"{at:03}.png").read_bytes())
    (tmp_path / "000.png").write_bytes(b"broken")
    (tmp_path / "002.png").write_bytes((tmp_path / "001.png").read_bytes())
    table = tmp_path / "m.csv"
    table.write_text("\n".join((collection / "marks.csv").read_text().splitlines()[:61]) + "\nmissing.png,3.1.6\n")
    common = ["inspect", table, "--images", tmp_path]
    clean, doubts, page = tmp_path / "clean.csv", tmp_path / "doubts.csv", tmp_path / "page.html"
    status, out, err = cli(
        *common, "--model", bundle, "--cache", cache, "--doubts", doubts, "--limit", 20, "--report", page,
        "--write-clean", clean, "--drop", "damaged,duplicates",
    )  # fmt: skip
    assert status == 0, err
    assert "probably missing codes" in out
    assert "58 rows; left out: 1 unreadable, 1 damaged, 1 duplicates" in out
    assert len(clean.read_text().splitlines()) == 59
    rows = list(csv.DictReader(doubts.read_text().splitlines()))
    assert {row["kind"] for row in rows} == {"missing", "wrong"}
    assert all(row["image"] != "000.png" and row["decision"] == "" for row in rows)
    assert "Codes in doubt" in page.read_text()
    assert "data:image/jpeg;base64," in page.read_text()
    status, out, err = cli(
        *common, "--model", bundle, "--own-scores", "--limit", 5, "--format", "json",
        "--write-clean", clean, "--drop", "duplicates",
    )  # fmt: skip
    assert status == 0, err
    found = json.loads(out)
    assert found["clean"]["rows"] == 59
    assert found["clean"]["left_out"] == {"unreadable": 1, "duplicates": 1}
    assert 0 < len([doubt for doubt in found["doubts"] if doubt["kind"] == "missing"]) <= 5
    assert {finding["kind"] for finding in found["findings"]} >= {"unreadable", "damaged", "duplicates"}
    assert ["001.png", "002.png"] in [group["marks"][:2] for group in found["alike"] if group["same_file"]]
    for arguments, message in (
        (["--own-scores"], "only matter with --model"),
        (["--drop", "damaged"], "belong together"),
        (["--drop", "ugly", "--write-clean", clean], "choose among damaged"),
        (["--drop", "damaged", "--write-clean", table], "never written over"),
        (["--model", bundle, "--doubts", table], "never written over"),
        (["--report", table], "never written over"),
    ):
        before = table.read_bytes()
        status, _, err = cli(*common, *arguments)
        assert status == 2
        assert message in err
        assert table.read_bytes() == before
