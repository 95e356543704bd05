"""Training on a store of features gives what training on the images gives."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from tests.conftest import TINY
from viennatag.bulk.extraction import extract_store
from viennatag.bulk.feature_store import FeatureStore
from viennatag.bulk.run import BulkSummary
from viennatag.cli import app
from viennatag.data.marks import read_marks
from viennatag.errors import BulkError, DataError, OptionError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.options import FinetuneOptions
from viennatag.training.strategies import find_strategy
from viennatag.training.train import train


def extract(source: Path, store: Path, backbone: Backbone, *, shard_size: int = 50, crops: bool = True) -> BulkSummary:
    return extract_store(source, store, backbone.graph, name=TINY.backbone, shard_size=shard_size, crops=crops)


@pytest.fixture(scope="module")
def store(collection: Path, backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores") / "store"
    summary = extract(collection, folder, backbone)
    assert (summary.images, summary.failed, summary.resumed) == (240, 0, 0)
    return folder


@pytest.fixture
def copied(store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store, tmp_path / "store"))


def inodes(store: Path) -> dict[str, tuple[int, int]]:
    """Return inode and time of each shard: the number of a file that was removed may be given again."""
    found = {path.name: path.stat() for path in (store / "shards").glob("*.parquet")}
    return {name: (each.st_ino, each.st_mtime_ns) for name, each in found.items()}


def test_the_bundle_is_that_of_the_images_to_the_last_bit(
    store: Path, trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path
) -> None:
    table = tmp_path / "marks.csv"  # alone, without the images
    shutil.copy(collection / "marks.csv", table)
    bundle, evaluation = train(table, None, tmp_path / "bundle", TINY, features=store, cache=tmp_path / "cache")
    wanted = trained[0]
    for file in ("model.onnx", "seen.u64", "bundle.json"):
        assert (bundle.graph.with_name(file)).read_bytes() == (wanted.graph.with_name(file)).read_bytes(), file
    assert evaluation.to_json() == trained[1].to_json()


def test_the_commands(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(collection / "marks.csv", "marks.csv")
    run = CliRunner().invoke
    made = run(app, [
        "features", "marks.csv", "--images", str(collection), "-o", "store", "--cache", "cache",
        "--backbone", f"bundle:{trained[0].path}", "--shard-size", "100",
    ])  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "240 images, 0 of them failed" in made.output
    learning = ["train", "marks.csv", "-o", "bundle", "--cache", "cache", "--seed", "3"]
    seen = run(app, [*learning, "--features", "store"])
    assert seen.exit_code == 0, seen.output  # test marks that the backbone's bundle has learned from are left out
    for wrong, told in (
        ([], "give one of --images FOLDER and --features STORE"),
        (["--features", "store", "--images", str(collection)], "give one of --images FOLDER"),
        (["--features", "store", "--finetune"], "fine-tuning needs images"),
        (["--features", "store", "--preset", "best"], "the preset best needs images"),
        (["--features", "store", "--backbone", "resnet18"], "leave --backbone out"),
        (["--features", "store", "--size", "32"], "the size is 32"),
        (["--features", "nowhere"], "make one with: viennatag features"),
    ):
        failed = run(app, [*learning, *wrong])
        assert failed.exit_code != 0
        said = failed.output + str(failed.exception)
        assert told in said, said


def test_nothing_is_done_twice_and_damage_is_done_again(
    copied: Path, store: Path, collection: Path, backbone: Backbone
) -> None:
    before = inodes(copied)
    assert extract(collection, copied, backbone).resumed == 240
    assert inodes(copied) == before
    (copied / "shards/shard-000001.parquet").unlink()
    damaged = copied / "shards/shard-000003.parquet"
    table = pyarrow.parquet.read_table(damaged)
    features = table["features"].combine_chunks()
    values = features.flatten().to_numpy().copy()
    values[7] += 1e-3
    column = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(values), type=features.type)
    pyarrow.parquet.write_table(table.set_column(table.schema.get_field_index("features"), "features", column), damaged)
    with pytest.raises(DataError, match="1 of its 5 shards are missing"):
        FeatureStore.open(copied)
    assert extract(collection, copied, backbone).resumed == 140
    after = inodes(copied)
    assert {name for name in before if before[name] == after[name]} == {f"shard-00000{at}.parquet" for at in (0, 2, 4)}
    for name in before:
        ours, wanted = (pyarrow.parquet.read_table(folder / "shards" / name) for folder in (copied, store))
        assert ours.equals(wanted), name


@pytest.mark.parametrize("at", [100, -300, -6])
def test_damage_that_training_meets_is_told_of(copied: Path, collection: Path, tmp_path: Path, at: int) -> None:
    path = copied / "shards/shard-000002.parquet"
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"shard-000002.parquet: .*the same `viennatag features` command"):
        train(collection / "marks.csv", None, tmp_path / "out", TINY, features=copied, cache=tmp_path / "cache")


@pytest.mark.parametrize("file", ["backbone.onnx", "learned.u64"])
@pytest.mark.parametrize("gone", [False, True])
def test_a_damaged_file_is_told_of_and_written_again(
    copied: Path, store: Path, collection: Path, backbone: Backbone, tmp_path: Path, file: str, gone: bool
) -> None:
    path = copied / file
    if gone:
        path.unlink()
    else:
        path.write_bytes(b"x" * 8 + path.read_bytes()[8:])
    with pytest.raises(DataError, match=rf"{file}: .*; the same `viennatag features` command writes it again"):
        train(collection / "marks.csv", None, tmp_path / "out", TINY, features=copied, cache=tmp_path / "cache")
    assert extract(collection, copied, backbone).resumed == 240
    assert path.read_bytes() == (store / file).read_bytes()


def test_marks_without_features_are_named(store: Path, collection: Path, backbone: Backbone, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    named = replace(marks, images=("other.png", *marks.images[1:]))
    with pytest.raises(DataError, match=r"other.png: it is not in .*store"):
        train(named, None, tmp_path / "out", TINY, features=store, cache=tmp_path / "cache")
    bundle, _ = train(named, None, tmp_path / "out", TINY, features=store, cache=tmp_path / "cache", skip_bad=True)
    assert sum(bundle.training["marks"].values()) == 239


def test_images_that_cannot_be_read_are_kept_with_their_error(
    collection: Path, backbone: Backbone, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    shutil.copy(collection / "000.png", pictures / "a.png")
    (pictures / "b.png").write_text("no image")
    summary = extract(pictures, tmp_path / "store", backbone)
    assert (summary.images, summary.failed) == (2, 1)
    (shard,) = FeatureStore.open(tmp_path / "store").shards()
    assert shard.names == ["a.png", "b.png"]
    assert list(shard.errors) == [1]
    assert np.any(shard.features[0])
    assert not np.any(shard.features[1])
    assert extract(pictures, tmp_path / "store", backbone).resumed == 2  # an error is a result


def test_flat_labels_need_no_crops_and_vienna_codes_do(collection: Path, backbone: Backbone, tmp_path: Path) -> None:
    extract(collection, tmp_path / "store", backbone, crops=False)
    flat = read_marks(collection / "flat.csv", images=collection, taxonomy="flat")
    bundle, _ = train(flat, None, tmp_path / "flat", TINY, features=tmp_path / "store", cache=tmp_path / "cache")
    wanted, _ = train(flat, collection, tmp_path / "wanted", TINY, cache=tmp_path / "cache")
    assert bundle.graph.read_bytes() == wanted.graph.read_bytes()
    with pytest.raises(DataError, match="--taxonomy flat"):
        train(
            collection / "marks.csv",
            None,
            tmp_path / "out",
            TINY,
            features=tmp_path / "store",
            cache=tmp_path / "cache",
        )


def test_another_backbone_or_choice_is_refused(copied: Path, collection: Path, backbone: Backbone) -> None:
    with pytest.raises(BulkError, match="crops True, now False"):
        extract(collection, copied, backbone, crops=False)
    with pytest.raises(BulkError, match="the model"):
        extract_store(collection, copied, backbone.graph + b"\0", name="other", shard_size=50)


def test_what_needs_images_is_refused(store: Path, collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    maps = replace(TINY, strategy=find_strategy("residual-attention"))
    for options, extra, told in (
        (replace(TINY, finetune=FinetuneOptions()), None, "fine-tuning needs images"),
        (maps, None, "reads feature maps needs images"),
        (TINY, (marks, collection), "what extra marks add needs images"),
    ):
        with pytest.raises(OptionError, match=told):
            train(marks, None, tmp_path / "o", options, features=store, extra_marks=extra, cache=tmp_path / "cache")
    with pytest.raises(OptionError, match="training needs images, or a store"):
        train(marks, None, tmp_path / "o", TINY)


def test_the_extra_is_named(
    collection: Path, backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(Exception, match=r"viennatag\[bulk\]"):
        extract(collection, tmp_path / "store", backbone)
