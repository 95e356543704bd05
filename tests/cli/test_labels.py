"""Reports, requests, folds and exports from the shell."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from viennatag.data.marks import read_marks
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle
from viennatag.model.seen_images import is_seen
from viennatag.split.splitting import split_marks

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def table(collection: Path, tmp_path: Path) -> Path:
    """Return a table of the collection with a split column."""
    rows = (collection / "marks.csv").read_text().splitlines()
    subsets = split_marks(read_marks(collection / "marks.csv"))
    names = ("train", "validation", "test")
    body = [f"{row},{names[at]}" for row, at in zip(rows[1:], subsets, strict=True)]
    file = tmp_path / "split.csv"
    file.write_text("\n".join([f"{rows[0]},split", *body]))
    return file


def test_a_report_for_each_label(
    cli: Cli,
    trained: tuple[Bundle, Evaluation],
    collection: Path,
    table: Path,
    tmp_path: Path,
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(trained[0].graph.parent, bundle)
    (bundle / "training.csv").write_text("epoch,train_loss\n0,0.9\n1,0.5\n")
    page = tmp_path / "labels.html"
    status, out, err = cli(
        "evaluate", bundle, table, "--images", collection, "--subset", "validation", "--report", page,
        "--learning-curves", "--format", "csv",
    )  # fmt: skip
    assert status == 0, err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == list(trained[0].labels.names)
    text = page.read_text(encoding="utf-8")
    assert "What more marks would bring" in text
    assert "Training: Loss" in text
    assert "data:image/jpeg" in text
    status, _, err = cli("evaluate", bundle, table, "--images", collection, "--learning-curves")
    assert status == 2
    assert "--report" in err


def test_images_to_label_and_suggestions_for_other_tools(
    cli: Cli,
    trained: tuple[Bundle, Evaluation],
    collection: Path,
    tmp_path: Path,
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for at in range(24):  # files of their own, which the bundle has not learned from
        Image.open(collection / f"{at:03}.png").save(images / f"{at:03}.png", compress_level=1)
    shutil.copyfile(images / "000.png", images / "copy.png")
    known = [path for path in sorted(collection.glob("*.png")) if is_seen(trained[0], [path])[0]]
    shutil.copyfile(known[0], images / "known.png")
    (images / "damaged.png").write_bytes(b"")
    bundle, asked, page, queue = trained[0].path, tmp_path / "ask.csv", tmp_path / "ask.html", tmp_path / "queue"
    status, out, err = cli(
        "suggest-labels", bundle, images, "-o", asked, "--count", 50, "--report", page, "--copy-to", queue
    )
    assert status == 1, err  # an image cannot be read
    assert "damaged.png" in err
    assert "left out: 1 image that the bundle has learned from" in err
    rows = list(csv.DictReader(io.StringIO(asked.read_text(encoding="utf-8"))))
    names = [row["image"] for row in rows]
    assert len(names) == len(set(names))
    assert not {"000.png", "copy.png"} <= set(names)  # of look-alikes one
    assert f"{len(names)} of 25 images" in out
    assert [file.name.partition("-")[2] for file in sorted(queue.iterdir())] == names
    assert page.read_text(encoding="utf-8").count("<img") == len(names)
    status, _, err = cli("suggest-labels", bundle, images, "-o", asked, "--copy-to", queue)
    assert (status, "among the images to label; empty it first" in err) == (2, True)
    status, _, err = cli("suggest-labels", bundle, images / "damaged.png", "-o", asked)
    assert (status, "none of 1 image can be read; the first is" in err) == (2, True)
    status, out, err = cli("suggest-labels", bundle, images / "known.png", "-o", asked)
    assert (status, "1 of 1 images" in out) == (0, True)
    assert "the bundle has learned from all of these images" in err
    (images / "known.png").unlink()
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    shutil.copyfile(images / "damaged.png", damaged / "a.png")
    status, _, err = cli("export", damaged, "-o", tmp_path / "none", "--to", "coco", "--model", bundle)
    assert (status, "none of 1 image can be read" in err) == (2, True)
    assert not (tmp_path / "none").exists()
    for kind, file in (("coco", "annotations.json"), ("label-studio", "tasks.json"), ("fiftyone", "labels.json")):
        status, _, err = cli("export", images, "-o", tmp_path / kind, "--to", kind, "--model", bundle)
        assert status == 1, err
        assert "damaged.png" in err
        found = json.loads((tmp_path / kind / file).read_text())
        assert len(found["images"] if kind == "coco" else found["labels"] if kind == "fiftyone" else found) == 25


def test_folds_and_labels_of_a_table(cli: Cli, collection: Path, table: Path, tmp_path: Path) -> None:
    marks = collection / "marks.csv"
    status, out, err = cli("split", marks, "-o", tmp_path / "folds", "--folds", 4)
    assert status == 0, err
    tested: list[str] = []
    for fold in range(1, 5):
        read = read_marks(tmp_path / f"folds/fold-{fold}.csv")
        assert len(read) == 240
        tested += [image for image, split in zip(read.images, read.splits, strict=True) if split == "test"]
    assert len(tested) == len(set(tested)) == 240
    status, out, err = cli("split", table, "-o", tmp_path / "inner", "--folds", 3)
    assert "24 marks of the stated test subset are in no fold" in out
    status, _, err = cli("split", marks, "-o", tmp_path, "--folds", 3, "--fractions", "0.5,0.2,0.3")
    assert status == 2
    assert "exclude each other" in err
    status, _, err = cli("export", marks, "--images", collection, "-o", tmp_path / "coco", "--to", "coco")
    assert status == 0, err
    found = json.loads((tmp_path / "coco/annotations.json").read_text())
    assert len(found["annotations"]) == 480
    unsure = tmp_path / "unsure.csv"
    unsure.write_text(f"image,labels,unknown\n{next(collection.glob('*.png')).name},cat,dog;hen\n")
    options = ("--images", collection, "-o", tmp_path / "unsure", "--to", "label-studio", "--taxonomy", "flat")
    status, _, err = cli("export", unsure, *options)
    assert (status, "2 labels of an image that nobody knows are left out; label-studio cannot" in err) == (0, True)
    status, _, err = cli("export", marks, "-o", tmp_path / "x", "--to", "coco")
    assert status == 2
    assert "--images" in err


def test_an_export_leaves_out_a_damaged_image_if_it_may(cli: Cli, collection: Path, tmp_path: Path) -> None:
    images, out = tmp_path / "out" / "data", tmp_path / "out"
    images.mkdir(parents=True)
    shutil.copyfile(collection / "000.png", images / "a.png")
    (images / "b.png").write_bytes(b"damaged")
    table = tmp_path / "marks.csv"
    table.write_text("image,label\na.png,cat\nb.png,dog\n")
    arguments = ("export", table, "--images", images, "-o", out, "--to", "coco", "--taxonomy", "flat")
    status, _, err = cli(*arguments)
    assert (status, "b.png: not an image in a known format" in err) == (2, True)
    status, _, err = cli(*arguments, "--skip-bad")
    assert (status, "left out 1 bad row:\n  b.png" in err) == (0, True)
    assert len(json.loads((out / "annotations.json").read_text())["images"]) == 1
    status, _, err = cli(*arguments[:5], out, "--to", "fiftyone", "--taxonomy", "flat", "--skip-bad")
    assert status == 0, err  # copies of the images are there already
