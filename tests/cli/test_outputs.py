"""What cannot be written is found before the work."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from viennatag.cli.outputs import check_cache, check_outputs
from viennatag.errors import BundleError, OutputError


def full_disk(_: object) -> SimpleNamespace:
    """Return the usage of a disk on which nothing is free."""
    return SimpleNamespace(total=1, used=1, free=0)


def test_what_can_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "link.html").symlink_to("old.html")
    files = {"--a": tmp_path / "new.html", "--b": tmp_path / "old.html", "--c": tmp_path / "deep/er.html", "--d": None}
    check_outputs(files, folders={"--e": tmp_path, "--f": tmp_path / "f", "--g": None})
    check_outputs({"--a": tmp_path / "link.html"})
    check_cache(tmp_path / "cache")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.html", "old.html"]
    assert (tmp_path / "old.html").read_text() == "old"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda _: check_outputs({"--report": Path("folder")}), "--report folder: a folder stands there; name a file"),
        (lambda _: check_outputs({"--report": Path("pipe")}), "--report pipe: a named pipe stands there"),
        (lambda _: check_outputs({"--report": Path("to-pipe")}), "--report to-pipe: a named pipe stands there"),
        (lambda _: check_outputs({"--report": Path("/dev/null")}), "/dev/null: a device stands there; name a file"),
        (lambda _: check_outputs({"--report": Path("file/r")}), "--report file/r: it cannot be written (Not a dir"),
        (lambda _: check_outputs({"--report": Path("a" * 300)}), "it cannot be written (File name too long); name"),
        (
            lambda _: check_outputs({"--a": Path("x"), "--b": Path("./x")}),
            "--b x: --a writes it too; name another",
        ),
        (lambda _: check_outputs({"--a": Path("link")}, inputs=[Path("file")]), "--a link: it is read by this command"),
        (lambda _: check_outputs({"--report": Path("file")}), "--report file: something that is no HTML page stands"),
        (lambda _: check_outputs({"--out": Path("image")}), "--out image: an image stands there and is not replaced"),
        (lambda _: check_outputs({"--a": Path("~/x")}), "~/x: only a shell knows '~'"),
        (lambda _: check_outputs({"--a": Path("-")}), "--a -: standard output is not taken; name a file"),
        (
            lambda _: check_outputs(folders={"--copy-to": Path("folder/new")}, apart=[Path("file"), Path("folder")]),
            "--copy-to folder/new: it lies in folder, where the next run",
        ),
        (lambda _: check_outputs(folders={"--out": Path("file")}), "--out file: a file stands there; name a folder"),
        (lambda _: check_outputs(bundle=Path("file/b")), "--out file/b: it cannot be written (Not a directory)"),
        (lambda _: check_cache(Path("file/b")), "--cache file/b: it cannot be written (Not a directory); name another"),
        (lambda patch: patch.setenv("XDG_CACHE_HOME", "file") or check_cache(None), "by --cache FOLDER or XDG_CACHE"),
        (
            lambda patch: patch.setattr(shutil, "disk_usage", full_disk) or check_outputs({"-o": Path("x")}),
            "disk is full",
        ),
    ],
)
def test_what_cannot_be_written_is_told_with_its_option(
    check: Callable[[pytest.MonkeyPatch], None], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").write_text("mine")
    Path("image").write_bytes(b"GIF89a")
    Path("link").symlink_to("file")
    os.mkfifo("pipe")
    Path("to-pipe").symlink_to("pipe")
    with pytest.raises(OutputError) as raised:
        check(monkeypatch)
    assert message in str(raised.value)
    assert Path("file").read_text() == "mine"


def test_a_bundle_takes_the_place_of_a_bundle_only(tmp_path: Path, bundle: Path) -> None:
    check_outputs(bundle=bundle)
    check_outputs(bundle=tmp_path / "new")
    with pytest.raises(BundleError, match="something that is not a bundle stands there"):
        check_outputs(bundle=tmp_path)
    mine = shutil.copytree(bundle, tmp_path / "mine")
    (mine / "index").mkdir()
    check_outputs(bundle=mine)
    (mine / "notes").mkdir()
    with pytest.raises(BundleError, match=r"besides a bundle it holds 'notes'; move that away"):
        check_outputs(bundle=mine)


def test_a_protected_file_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.html"
    path.write_text("mine")
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for everybody but root
    with pytest.raises(OutputError, match="it is write-protected"):
        check_outputs({"--report": path})


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "MARKS", "--images", "IMAGES", "-o", "file"],
        ["train", "MARKS", "--images", "IMAGES", "-o", "new", "--cache", "file"],
        ["update", "BUNDLE", "MARKS", "--images", "IMAGES", "-o", "file/x"],
        ["quantize", "BUNDLE", "MARKS", "--images", "IMAGES", "-o", "file/x"],
        ["compare", "MARKS", "--images", "IMAGES", "--report", "pipe"],
        ["compare", "MARKS", "--images", "IMAGES", "--cache", "file"],
        ["inspect", "MARKS", "--images", "IMAGES", "--report", "pipe"],
        ["inspect", "MARKS", "--images", "IMAGES", "--model", "BUNDLE", "--cache", "file/c"],
        ["inspect", "MARKS", "--drop", "damaged", "--write-clean", "MARKS"],
        ["split", "MARKS", "-o", "file", "--images", "IMAGES"],
        ["index", "BUNDLE", "MARKS", "--images", "IMAGES", "-o", "file"],
        ["bulk", "IMAGES", "-o", "file"],
        ["predict", "IMAGES", "--explain", "file"],
        ["predict", "IMAGES", "--explain", "IMAGES"],
        ["suggest-labels", "BUNDLE", "IMAGES", "-o", "x.csv", "--copy-to", "IMAGES"],
        ["export", "IMAGES", "-o", "IMAGES", "--to", "fiftyone"],
        ["predict", ""],
        ["predict", "-"],
        ["train", "MARKS", "--images=", "-o", "new"],
        ["split", "MARKS", "-o=new"],
        ["import", "class-folders", "IMAGES", "-o", "file/t.csv"],
        ["render", "-o", "file", "--artwork", "x", "--fonts", "x", "--count", "3"],
        ["codes", "import", "MARKS", "-o", "file/x"],
    ],
)
def test_every_command_looks_before_it_works(
    cli,
    arguments: list[str],
    collection: Path,
    bundle: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    os.mkfifo("pipe")
    names = {"MARKS": collection / "marks.csv", "IMAGES": collection, "BUNDLE": bundle}
    status, out, err = cli(*(names.get(each, each) for each in arguments))
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1, err
    assert err.startswith("viennatag: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]


def test_tune_looks_before_it_measures(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert cli("tune")[0] == 2


def test_no_index_is_written_into_the_package(cli, collection: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    status, _, err = cli("index", "starter", collection / "marks.csv", "--images", collection)
    assert status == 2
    assert "nothing is written into the installed package" in err
