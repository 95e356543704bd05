"""Annotations by other tools: Label Studio, CVAT, Pascal VOC, YOLO, Open Images, and back out to them."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from viennatag.data.columns import Reading
from viennatag.data.marks import Marks, read_marks
from viennatag.errors import DataError
from viennatag.importers import import_marks
from viennatag.importers.formats import recognise_format

SAMPLES = Path(__file__).parent / "samples"


def imported(name: str, source: Path, out: Path, **options: object) -> tuple[Marks, tuple[str, ...]]:
    """Return what an import writes, by image in order, and its notes."""
    summary = import_marks(name, source, out / "marks.csv", taxonomy="flat", **options)  # type: ignore[arg-type]
    return read_marks(out / "marks.csv", taxonomy="flat"), summary.notes


@pytest.mark.parametrize(
    ("name", "sample", "images", "codes", "unknown"),
    [
        ("label-studio", "label-studio.json", ("first.png",), (("26.1.1", "29.1.1", "3.1.6"),), ()),
        ("cvat", "cvat.xml", ("a/first.png", "second.png"), (("26.1.1", "3.1.6"), ()), ()),
        ("voc", "voc.xml", ("first.png",), (("3.1.6",),), (("26.1.1",),)),
    ],
)  # fmt: skip
def test_samples(name: str, sample: str, images: object, codes: object, unknown: object, tmp_path: Path) -> None:
    marks, _ = imported(name, SAMPLES / sample, tmp_path)
    assert (marks.images, marks.codes, marks.unknown) == (images, codes, unknown)
    found = recognise_format((SAMPLES / sample).read_bytes())
    assert found
    assert found.name == name


def tasks(*annotations: list[str], image: str = "/data/local-files/?d=a%20b/c.png") -> list[dict[str, object]]:
    results = [[{"type": "choices", "value": {"choices": labels}}] for labels in annotations]
    return [{"id": 7, "data": {"image": image, "text": "x"}, "annotations": [{"result": each} for each in results]}]


@pytest.mark.parametrize(
    ("content", "image", "codes", "unknown", "note"),
    [
        (tasks(["cat", "dog"]), "a b/c.png", ("cat", "dog"), (), ""),
        (tasks(["cat", "dog"], ["cat"]), "a b/c.png", ("cat",), ("dog",), "several people annotated an image"),
        (tasks(["cat"], image="/data/upload/12/0a1b2c3d-my-cat.png"), "my-cat.png", ("cat",), (), "before they were"),
        (tasks(["cat"], image="https://host/x/c.png?w=3"), "c.png", ("cat",), (), ""),
        ([{"id": 1, "image": "c.png", "annotator": 1, "choice": "cat"}], "c.png", ("cat",), (), "values of 'choice'"),
        ([{"id": 1, "image": "c.png", "kinds": {"choices": ["cat", "dog"]}}], "c.png", ("cat", "dog"), (), "'kinds'"),
        (
            [{"image": "c.png", "box": [{"x": 1, "rectanglelabels": ["cat"], "original_width": 9}]}],
            "c.png", ("cat",), (), "of 'box'",
        ),
        (
            [{"id": at, "image": f"{at}.png", "annotation_id": of, "choice": "cat"} for at, of in ((1, 4), (2, None))],
            "1.png", ("cat",), (), "",
        ),
        ([{"image": "c.png", "tree": [["animal", "cat"], ["animal", "dog"]]}], "c.png", ("cat", "dog"), (), "'tree'"),
    ],
)  # fmt: skip
def test_exports_of_label_studio(
    content: object, image: str, codes: tuple[str, ...], unknown: tuple[str, ...], note: str, tmp_path: Path
) -> None:
    (tmp_path / "in.json").write_text(json.dumps(content))
    marks, notes = imported("label-studio", tmp_path / "in.json", tmp_path)
    assert (marks.images, marks.codes) == ((image,), (codes,))
    assert marks.unknown == ((unknown,) if unknown else ())
    assert note in " ".join(notes)


def test_tables_of_label_studio_name_images_as_its_json_does(tmp_path: Path) -> None:
    rows = '/data/upload/1/0a1b2c3d-a.png,"{""choices"": [""cat"", ""dog""]}"\n/data/local-files/?d=x/b%20c.png,cat\n'
    (tmp_path / "t.csv").write_text(f"image,choice\n{rows}upload/7/d.png,cat\n")
    marks, notes = imported("table", tmp_path / "t.csv", tmp_path)
    assert marks.images == ("a.png", "x/b c.png", "upload/7/d.png")
    assert marks.codes == (("cat", "dog"), ("cat",), ("cat",))
    assert "before they were uploaded" in " ".join(notes)


def test_voc_files_beside_their_images_and_in_folders_of_subsets(tmp_path: Path) -> None:
    text = (SAMPLES / "voc.xml").read_text()
    for at, place in enumerate(("Annotations", "train", "valid")):
        (tmp_path / "voc" / place).mkdir(parents=True)
        (tmp_path / "voc" / place / f"{at}.xml").write_text(text.replace("first", str(at)))
    marks, notes = imported("voc", tmp_path / "voc", tmp_path)
    assert marks.images == ("0.png", "train/1.png", "valid/2.png")
    assert marks.splits == ("", "train", "validation")
    assert "all marked difficult are unknown" in " ".join(notes)


def test_images_are_found_in_folders_below_the_one_that_is_named(tmp_path: Path) -> None:
    """Pascal VOC keeps them in JPEGImages, COCO in train2017, and their files name no folder."""
    root = tmp_path / "data"
    for place in ("JPEGImages/one.png", "JPEGImages/two.png", "other/two.png"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / place)
    images = [{"id": at, "file_name": f"{name}.png"} for at, name in enumerate(("one", "two"))]
    content = {"images": images, "categories": [{"id": 1, "name": "cat"}], "annotations": []}
    (tmp_path / "in.json").write_text(json.dumps(content))
    marks, notes = imported("coco", tmp_path / "in.json", tmp_path, images=root)
    assert marks.images == ("JPEGImages/one.png",)  # of two files of one name none is taken
    assert f"images are found in folders below {root}" in " ".join(notes)


def test_yolo_classification_folders(tmp_path: Path) -> None:
    for place in ("train/cat", "val/cat", "test/dog", "train/dog"):
        (tmp_path / "data" / place).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "data" / place / f"{place.replace('/', '-')}.jpg")
    marks, _ = imported("class-folders", tmp_path / "data", tmp_path)
    found = sorted(zip(marks.images, marks.codes, marks.splits, strict=True))
    assert [each[1:] for each in found] == [
        (("dog",), "test"), (("cat",), "train"), (("dog",), "train"), (("cat",), "validation")
    ]  # fmt: skip


def test_open_images_knows_what_nobody_looked_for(tmp_path: Path) -> None:
    text = "ImageID,Source,LabelName,Confidence\na,v,cat,1\na,v,dog,0\nb,v,dog,1\nc,v,cow,0\nc,v,cat,0\n"
    (tmp_path / "t.csv").write_text(text)
    plain, notes = imported("table", tmp_path / "t.csv", tmp_path)
    assert (plain.codes, plain.unknown) == ((("cat",), ("dog",), ()), ())
    assert "--blank unknown" in " ".join(notes)
    marks, notes = imported("table", tmp_path / "t.csv", tmp_path, reading=Reading(blank="unknown"))
    assert marks.codes == (("cat",), ("dog",), ())
    assert marks.unknown == (("cow",), ("cat", "cow"), ("dog",))
    assert "--blank unknown" not in " ".join(notes)
    assert read_marks(tmp_path / "t.csv", taxonomy="flat", reading=Reading(blank="unknown")).unknown == marks.unknown


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ([{"type": {"choices": ["cat"]}, "value": {}}], ""),  # found by the fuzzer
        ([{"type": ["choices"], "value": {"choices": ["cat"]}}], ""),
        ([3, None, "x"], ""),
        (3, "the result of an annotation is no list"),
        ({"a": 1}, "the result of an annotation is no list"),
    ],
)
def test_results_of_label_studio_in_odd_shapes(tmp_path: Path, result: Any, told: str) -> None:
    task = {"id": 1, "data": {"image": "a.png"}, "annotations": [{"result": result}]}
    (tmp_path / "in.json").write_text(json.dumps([task]))
    if told:
        with pytest.raises(DataError, match=told):
            import_marks("label-studio", tmp_path / "in.json", tmp_path / "out.csv", taxonomy="flat")
    else:
        assert import_marks("label-studio", tmp_path / "in.json", tmp_path / "out.csv", taxonomy="flat").kept == 1
