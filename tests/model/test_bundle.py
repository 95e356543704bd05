import hashlib
import json
import logging
import math
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from viennatag.errors import BundleError, OutputError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import STARTER_FOLDER, Bundle, find_bundle, open_bundle
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor


@pytest.fixture
def copy(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> Path:
    assert trained[0].path is not None
    return Path(shutil.copytree(trained[0].path, tmp_path / "copy"))


def test_what_is_written_reads_back(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = trained[0]
    again = write_bundle(bundle, bundle.graph.read_bytes(), tmp_path / "again")
    assert again.labels == bundle.labels
    for name in ("train_counts", "prior"):
        np.testing.assert_array_equal(getattr(again, name), getattr(bundle, name))
    assert again.metrics == bundle.metrics
    written = sorted(path.name for path in (tmp_path / "again").iterdir())
    assert written == ["MODEL_CARD.md", "bundle.json", "model.onnx", "seen.u64"]
    assert (tmp_path / "again/bundle.json").read_bytes() == (bundle.path / "bundle.json").read_bytes()  # type: ignore[operator]


def change(key: str, value: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "bundle.json"
        found = json.loads(file.read_text())
        found[key] = value
        file.write_text(json.dumps(found))

    return damage


def first(key: str, value: object) -> Callable[[Path], None]:
    """Change the first number of a column."""

    def damage(folder: Path) -> None:
        file = folder / "bundle.json"
        found = json.loads(file.read_text())
        (found if key in found else found["postprocessing"])[key][0] = value
        file.write_text(json.dumps(found))

    return damage


def postprocessing(key: str, value: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "bundle.json"
        found = json.loads(file.read_text())
        found["postprocessing"][key] = value
        file.write_text(json.dumps(found))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.onnx").write_bytes(b"x"), "model.onnx is damaged"),
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda folder: (folder / "bundle.json").unlink(), "not a bundle"),
        (lambda folder: (folder / "bundle.json").write_text("{"), "bundle.json is damaged"),
        (lambda folder: (folder / "bundle.json").write_text("[]"), "bundle.json is damaged"),
        (change("schema", 99), "has schema 99, this version reads schema 1; install"),
        (change("labels", ["3"]), "one entry per label"),
        (change("prior", [0.5]), "one entry per label"),
        (change("postprocessing", {"slope": [-1.0]}), "bundle.json is damaged"),
        (change("taxonomy", "linnean"), "taxonomy 'linnean'"),
        (change("schema", -1), "has schema -1, this version reads schema 1"),
        (change("labels", None), "bundle.json is damaged"),
        (change("labels", [None]), "a label is no text"),
        (change("labels", ["3.1.6.7.8"]), "bundle.json is damaged"),
        (change("train_counts", [10**30]), "bundle.json is damaged"),
        (change("image_size", 0), "image_size is 0; expected 1 to 4,096 pixels"),
        (change("image_size", 10**9), "expected 1 to 4,096 pixels"),
        (change("training", 3), "bundle.json is damaged"),
        (change("files", {"model.onnx": "x", "../model.onnx": "x"}), "names '../model.onnx', which is no file of"),
        (change("files", {"model.onnx": "x", "/etc/passwd": "x"}), "names '/etc/passwd', which is no file of"),
        (change("files", {"model.onnx": "x", "a" * 300: "x"}), "bundle.json is damaged"),
        (change("files", {"model.onnx": "x", "a\0": "x"}), "is missing|is damaged"),
        (change("files", {}), "bundle.json is damaged"),
        (first("labels", "3.1.6.7.8"), "bundle.json is damaged"),
        (first("labels", "nonsense"), "bundle.json is damaged"),
        (first("prior", math.nan), "every prior must be a share between 0 and 1"),
        (first("prior", math.inf), "every prior must be a share between 0 and 1"),
        (first("prior", None), "prior holds 'None', which is no number"),
        (first("prior", "1"), "prior holds '1', which is no number"),
        (first("prior", True), "prior holds 'True', which is no number"),
        (first("train_counts", 1.5), "train_counts is 1.5, no whole number"),
        (first("thresholds", -1), "thresholds must be between 0 and 1"),
        (first("thresholds", 2), "thresholds must be between 0 and 1"),
        (first("intercept", 1e308), "intercept holds '1e.308', which is no number that makes sense"),
        (change("precision", math.nan), "precision is 'nan', no text"),
        (change("schema", True), "has schema True"),
        (change("schema", "1"), "has schema '1', this version reads schema 1"),
        (first("train_counts", -1), "train_counts must be 0 or more"),
        (first("thresholds", math.nan), "every threshold must be finite"),
        (first("thresholds", -math.inf), "every threshold must be finite"),
        (first("thresholds", 10**400), "bundle.json is damaged"),
        (first("slope", math.inf), "every slope must be positive and finite"),
        (first("intercept", math.nan), "every intercept finite"),
        (postprocessing("top", 0), "top is 0; it counts suggestions, from 1 up"),
        (postprocessing("top", -3), "top is -3"),
        (postprocessing("top", math.inf), "top is inf, no whole number"),
        (postprocessing("top", True), "top is True, no whole number"),
        (postprocessing("max_crops", 10**6), "max_crops is 1000000; expected 0 to 16"),
        (postprocessing("crop_scores", [math.nan, 1]), r"crop_scores are \(nan, 1"),
        (postprocessing("pixel_labels", [["29.1.1"]]), "a label is no text"),
        (lambda folder: (folder / "bundle.json").write_text("[" * 200_000), "bundle.json is damaged"),
        (lambda folder: (folder / "bundle.json").write_text("1" * 5000), "bundle.json is damaged"),
        (lambda folder: (folder / "bundle.json").write_bytes(b"\xff\xfe"), "bundle.json is damaged"),
        (lambda folder: (folder / "bundle.json").write_bytes(b" " * (65 << 20)), "more than 67,108,864 bytes"),
    ],
)
def test_a_damaged_bundle_is_refused_with_the_reason(copy: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(copy)
    with pytest.raises(BundleError, match=message):
        open_bundle(copy)


def test_a_missing_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        open_bundle(tmp_path / "none")


def test_writing_replaces_a_bundle_but_nothing_else(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = trained[0]
    graph = bundle.graph.read_bytes()
    write_bundle(bundle, graph, tmp_path / "b")
    write_bundle(bundle, graph, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    (tmp_path / "file").write_text("precious")
    with pytest.raises(BundleError, match="not a bundle"):
        write_bundle(bundle, graph, tmp_path / "file")


def test_weights_outside_of_the_graph_need_a_hash(copy: Path) -> None:
    graph, weights = copy / "model.onnx", copy / "weights.bin"
    onnx.save_model(onnx.load(graph), graph, save_as_external_data=True, location=weights.name, size_threshold=0)

    def state_hashes(*files: Path) -> None:
        hashes = {file.name: "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
        change("files", hashes)(copy)

    state_hashes(graph)
    with pytest.raises(BundleError, match=r"reads its weights from 'weights.bin', which bundle.json gives no hash of"):
        open_bundle(copy)
    state_hashes(graph, weights)
    open_bundle(copy)
    weights.write_bytes(bytes(weights.stat().st_size))
    with pytest.raises(BundleError, match=r"weights.bin is damaged"):
        open_bundle(copy)


@pytest.mark.parametrize("content", [b"\x3a\xff\x01", b"\x3a" * 40, b"\xff" * 40, b"\x0b", b""])
def test_a_graph_that_is_no_graph(content: bytes, copy: Path, tmp_path: Path) -> None:
    (copy / "model.onnx").write_bytes(content)
    change("files", {"model.onnx": "sha256:" + hashlib.sha256(content).hexdigest()})(copy)
    with pytest.raises(BundleError):
        Predictor.load(copy).engine  # noqa: B018


def test_a_folder_named_like_the_bundle_in_the_package(
    copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(copy.parent)
    copy.rename("starter")
    here = copy.parent / "starter"
    assert find_bundle(Path("starter")).resolve() == find_bundle("./starter").resolve() == here
    with caplog.at_level(logging.WARNING):
        assert find_bundle("starter") == STARTER_FOLDER
    assert caplog.messages == [
        "starter is the bundle that comes with viennatag; for the folder of this name write ./starter"
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_no_text(copy: Path) -> None:
    with pytest.raises(BundleError, match="its path is no UTF-8"):
        open_bundle(copy.rename(os.fsdecode(os.fsencode(copy) + b"\xff")))


def test_a_bundle_that_a_killed_run_had_moved_aside_is_found(copy: Path) -> None:
    copy.rename(copy.with_name(".copy.old"))
    assert open_bundle(copy).path == copy


@pytest.mark.parametrize("name", ["a\0", "a" * 300, "\ud800", ""])
def test_a_name_that_no_bundle_can_have(name: str) -> None:
    with pytest.raises(BundleError):
        open_bundle(name)


def test_a_bundle_that_cannot_be_written_is_kept(
    trained: tuple[Bundle, Evaluation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = trained[0]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="the finished bundle is in") as error:
        write_bundle(bundle, bundle.graph.read_bytes(), tmp_path / "file/b")
    (kept,) = (tmp_path / "cache/viennatag/unwritten").iterdir()
    assert str(kept) in str(error.value)
    assert open_bundle(kept).labels == bundle.labels
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match=r"name another place$"):
        write_bundle(bundle, bundle.graph.read_bytes(), tmp_path / "file/b")


def test_a_pointer_of_git_lfs_and_an_archive_are_told_as_such(copy: Path, tmp_path: Path) -> None:
    (copy / "model.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(BundleError, match="git lfs pull"):
        open_bundle(copy)
    (tmp_path / "bundle.zip").write_bytes(b"PK")
    with pytest.raises(BundleError, match="a bundle is a folder: unpack an archive"):
        open_bundle(tmp_path / "bundle.zip")


@pytest.mark.parametrize("name", [None, 3, "", Path("")])
def test_what_names_no_bundle_is_refused(name: object) -> None:
    with pytest.raises(BundleError, match="bundle"):
        find_bundle(name)  # type: ignore[arg-type]


def test_the_name_of_a_backbone_is_not_that_of_a_bundle() -> None:
    with pytest.raises(BundleError, match="did you mean starter"):
        find_bundle("bundle:starter")


def test_a_bundle_that_may_not_be_read_is_not_called_damaged(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(copy / "model.onnx"))  # as for everybody but root

    monkeypatch.setattr("viennatag.model.bundle._check_files", refuse)
    with pytest.raises(BundleError, match=r"model.onnx: it cannot be read \(Permission denied\)$"):
        open_bundle(copy)
