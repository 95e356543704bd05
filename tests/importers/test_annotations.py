"""Annotations by other tools: Label Studio, CVAT, Pascal VOC, YOLO, Open Images, and back out to them."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from viennatag.data.cells import normal_label, same_label
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


def brought_in(tmp_path: Path, kind: str, files: dict[str, str], **options: Any) -> tuple[dict[str, list[str]], str]:
    """Return the labels of each image, and all notes, of an import of these files."""
    for name, text in files.items():
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(text, encoding="utf-8")
    options.setdefault("taxonomy", "flat")
    summary = import_marks(kind, tmp_path / "source", tmp_path / "marks.jsonl", **options)
    lines = (tmp_path / "marks.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["image"]: row["codes"] for row in map(json.loads, lines)}, "\n".join(summary.notes)


def task(number: int, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": number, "data": {"image": f"{number}.png"}, "annotations": list(annotations)}


def annotated(*results: tuple[str, str, list[Any]], **more: Any) -> dict[str, Any]:
    """Return an annotation with the results (control, type, labels)."""
    found = [{"from_name": name, "type": kind, "value": {kind: labels}} for name, kind, labels in results]
    return {"completed_by": 1, "was_cancelled": False, "result": found, **more}


def test_controls_of_label_studio_that_ask_yes_or_no(tmp_path: Path) -> None:
    tasks = [
        task(1, annotated(("has_logo", "choices", ["Yes"]), ("has_text", "choices", ["No"]))),
        task(2, annotated(("has_logo", "choices", ["No"]), ("has_text", "choices", ["Yes"]))),
    ]
    found, notes = brought_in(tmp_path, "label-studio", {"e.json": json.dumps(tasks)})
    assert found == {"1.png": ["has_logo"], "2.png": ["has_text"]}
    assert "yes or no" in notes
    assert "controls 'has_logo', 'has_text'; --label-column NAME" in notes
    chosen = {"reading": Reading(label_columns=["has_text"])}
    found, _ = brought_in(tmp_path, "label-studio", {"e.json": json.dumps(tasks)}, **chosen)
    assert found == {"1.png": [], "2.png": ["has_text"]}
    with pytest.raises(DataError, match="no such control; they are 'has_logo', 'has_text'"):
        brought_in(tmp_path, "label-studio", {}, reading=Reading(label_columns=["nope"]))


def test_what_label_studio_may_mean_is_told(tmp_path: Path) -> None:
    tasks = [
        task(1, annotated(("t", "taxonomy", [["Animal", "Other"], ["Vehicle", "Other"]]), ("w", "textarea", ["cat"]))),
        task(2, annotated(("t", "taxonomy", [["Animal"]]), ground_truth=True), annotated(("t", "taxonomy", [["Sky"]]))),
    ]
    found, notes = brought_in(tmp_path, "label-studio", {"e.json": json.dumps(tasks)})
    assert found == {"1.png": ["Other"], "2.png": ["Animal"]}
    for told in ("'Other' (t: Animal > Other; t: Vehicle > Other)", "such as textarea", "ground truth"):
        assert told in notes


def test_one_file_for_each_task_of_label_studio(tmp_path: Path) -> None:
    stored = {"id": 9, "task": {"id": 2, "data": {"image": "2.png"}}, **annotated(("c", "choices", ["dog"]))}
    files = {"1.json": json.dumps(task(1, annotated(("c", "choices", ["cat"])))), "2.json": json.dumps(stored)}
    assert brought_in(tmp_path, "label-studio", files)[0] == {"1.png": ["cat"], "2.png": ["dog"]}


def test_exports_of_two_projects_of_label_studio_lose_no_task(tmp_path: Path) -> None:
    other = task(1, annotated(("c", "choices", ["dog"]))) | {"data": {"image": "b.png"}}
    files = {"a.json": json.dumps([task(1, annotated(("c", "choices", ["cat"])))]), "b.json": json.dumps([other])}
    assert brought_in(tmp_path, "label-studio", files)[0] == {"1.png": ["cat"], "b.png": ["dog"]}


def test_objects_that_labelme_deleted_are_none(tmp_path: Path) -> None:
    objects = "".join(
        f"<object><name>{name}</name>{more}</object>"
        for name, more in [("tree", "<deleted>1</deleted>"), ("car", "<deleted>0</deleted><difficult>true</difficult>"),
                           ("cat", "<difficult>Unspecified</difficult><part><name>head</name></part>")]
    )  # fmt: skip
    text = f"<annotation><filename>\na.png\n</filename>{objects}</annotation>"
    (tmp_path / "one").mkdir()
    assert brought_in(tmp_path / "one", "voc", {"a.xml": text})[0] == {"a.png": ["cat"]}


def test_what_cvat_may_mean_is_told_once(tmp_path: Path) -> None:
    image = "<image id='{0}' name='{1}' subset='Trainval' task_id='{0}'>{2}</image>"
    tag = "<tag label='cat'><attribute name='colour'>red</attribute></tag>"
    images = [image.format(at, f"{at}.png", "") for at in range(5)] + [image.format(at, "f.png", tag) for at in (7, 8)]
    found, notes = brought_in(tmp_path, "cvat", {"a.xml": f"<annotations>{''.join(images)}</annotations>"})
    assert found["f.png"] == ["cat"]
    assert len(found) == 6
    for told in ("such as 0.png and 4 more", "'colour' of f.png and 1 more", "several tasks", "'Trainval' and 6 more"):
        assert told in notes
    video = "<annotations><track id='0' label='cat'><box frame='0' outside='0'/></track></annotations>"
    (tmp_path / "source" / "a.xml").unlink()
    with pytest.raises(DataError, match="CVAT for images"):
        brought_in(tmp_path, "cvat", {"v.xml": video})


def test_what_coco_may_mean_is_told(tmp_path: Path) -> None:
    content = {
        "categories": [{"id": 1, "name": "bat", "supercategory": "animal"}, {"id": 2, "name": "bat"}],
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": [{"image_id": 1.0, "category_id": 1.0, "score": 0.03}, {"image_id": 2, "category_id": 2}],
    }
    found, notes = brought_in(tmp_path, "coco", {"x.json": json.dumps(content), "y.json": json.dumps(content)})
    assert found == {"a.png": ["bat"], "b.png": ["bat"]}
    for told in ("1 (animal), 2", "such as 0.03", "several files are joined", "a.png and 1 more"):
        assert told in notes
    results = json.dumps([{"image_id": 1, "category_id": 2, "score": 0.9}])
    (tmp_path / "r.json").write_text(results, encoding="utf-8")
    with pytest.raises(DataError, match="list of results"):
        import_marks("coco", tmp_path / "r.json", tmp_path / "o.csv", taxonomy="flat")


def test_tables_in_folders_of_subsets_beside_their_images(tmp_path: Path) -> None:
    files = {f"{part}/_classes.csv": "filename, cat, dog\n1.png, 1, 0\n" for part in ("train", "valid")}
    for name in ("train/1.png", "train/2.png", "valid/1.png"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "source" / name)
    for options in ({}, {"images": tmp_path / "source"}):
        found, notes = brought_in(tmp_path, "table", files, **options)
        assert found == {"train/1.png": ["cat"], "valid/1.png": ["cat"]}
        marks = read_marks(tmp_path / "marks.jsonl", taxonomy="flat")
        assert sorted(marks.splits) == ["train", "validation"]
        assert "other endings" not in notes
    assert "no row names are left out, such as train/2.png" in notes


def exported(kind: str, meant: dict[str, list[str]]) -> dict[str, str]:
    """Return the files in which a tool writes the labels of images."""
    if kind == "coco":
        names = sorted({label for labels in meant.values() for label in labels})
        content = {
            "categories": [{"id": at, "name": name} for at, name in enumerate(names)],
            "images": [{"id": name, "file_name": name} for name in meant],
            "annotations": [
                {"image_id": name, "category_id": names.index(label)} for name in meant for label in meant[name]
            ],
        }
        return {"x.json": json.dumps(content)}
    if kind == "cvat":
        tags = {name: "".join(f"<tag label={quoteattr(label)}/>" for label in meant[name]) for name in meant}
        images = "".join(f"<image name={quoteattr(name)}>{tags[name]}</image>" for name in meant)
        return {"x.xml": f"<annotations>{images}</annotations>"}
    if kind == "voc":
        found = {
            name: "".join(f"<object><name>{escape(label)}</name></object>" for label in meant[name]) for name in meant
        }
        return {f"{name}.xml": f"<annotation><filename>{name}</filename>{found[name]}</annotation>" for name in meant}
    tasks = [{"id": at, "data": {"image": name}, "annotations": [annotated(("c", "choices", meant[name]))]}
             for at, name in enumerate(meant)]  # fmt: skip
    return {"x.json": json.dumps(tasks)}


@pytest.mark.parametrize("kind", ["coco", "cvat", "voc", "label-studio"])
def test_any_label_is_imported_as_it_was_exported(kind: str) -> None:
    words = st.sampled_from(["b'cat'", "nan", "None", "unknown", "0101", "3.0", "[", "cat:0.9", "- x", "#REF!", "?"])
    label = (st.text("ab0 .,;|#'\"[](){}<>-*&:=/\\%?é", min_size=1, max_size=8) | words).map(normal_label).filter(bool)

    @settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.lists(label, max_size=3), min_size=1, max_size=3))
    def check(rows: list[list[str]]) -> None:
        spelt = {same_label(each): each for row in rows for each in row}
        meant = {f"{at}.png": sorted({spelt[same_label(each)] for each in row}) for at, row in enumerate(rows)}
        with TemporaryDirectory() as folder:
            found, _ = brought_in(Path(folder), kind, exported(kind, meant))
        assert {name: sorted(labels) for name, labels in found.items()} == meant

    check()
