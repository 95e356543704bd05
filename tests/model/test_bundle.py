import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from viennatag.errors import BundleError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.saving import write_bundle


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
    assert written == ["MODEL_CARD.md", "bundle.json", "model.onnx"]
    assert (tmp_path / "again/bundle.json").read_bytes() == (bundle.path / "bundle.json").read_bytes()  # type: ignore[operator]


def change(key: str, value: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "bundle.json"
        found = json.loads(file.read_text())
        found[key] = value
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
