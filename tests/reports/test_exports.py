import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image

from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.importers import import_marks
from viennatag.prediction.predictor import Prediction, Suggestion
from viennatag.reports.exports import LabelledImage, export_labels, labelled_predictions

NAMES = ('5" nail & <co>', "dog")
LABELLED = [
    LabelledImage("a.png", ((NAMES[0], 0.75), ("dog", 0.5))),
    LabelledImage("deep/b.png", (("dog", None),)),
    LabelledImage("c.png", ()),
]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "deep").mkdir(parents=True)
    for at, each in enumerate(LABELLED):
        Image.new("RGB", (40 + at, 30), "red").save(folder / each.image)
    return folder


def test_coco(images: Path, tmp_path: Path) -> None:
    export_labels(LABELLED, images, tmp_path / "out", to="coco", classes=NAMES, headings={"dog": "a pet"})
    found = json.loads((tmp_path / "out/annotations.json").read_text())
    assert [(each["file_name"], each["width"], each["height"]) for each in found["images"]] == [
        ("a.png", 40, 30), ("deep/b.png", 41, 30), ("c.png", 42, 30),
    ]  # fmt: skip
    assert [each["name"] for each in found["categories"]] == list(NAMES)
    rows = [(each["image_id"], each["category_id"], each.get("score")) for each in found["annotations"]]
    assert rows == [(1, 1, 0.75), (1, 2, 0.5), (2, 2, None)]
    assert found["annotations"][2]["bbox"] == [0, 0, 41, 30]
    assert found["annotations"][2]["segmentation"] == [[0, 0, 41, 0, 41, 30, 0, 30]]
    assert len({each["id"] for each in found["annotations"]}) == 3


def test_label_studio(images: Path, tmp_path: Path) -> None:
    export_labels(LABELLED, images, tmp_path, to="label-studio", classes=NAMES, headings={"dog": "a pet"})
    first, second, _ = json.loads((tmp_path / "tasks.json").read_text())
    assert first["data"]["image"].endswith("?d=a.png")
    (guess,) = first["predictions"]
    assert guess["result"][0]["value"]["choices"] == list(NAMES)
    assert guess["score"] == 0.5
    assert second["annotations"][0]["result"][0]["value"]["choices"] == ["dog"]
    view = ET.parse(tmp_path / "interface.xml").getroot()
    assert [each.get("value") for each in view.iter("Choice")] == list(NAMES)
    assert [each.get("hint") for each in view.iter("Choice")] == [None, "a pet"]
    choices = view.find("Choices")
    assert choices is not None
    assert (choices.get("name"), choices.get("toName")) == (
        guess["result"][0]["from_name"], guess["result"][0]["to_name"],
    )  # fmt: skip


def test_exclusive_labels_are_a_single_choice_in_label_studio(images: Path, tmp_path: Path) -> None:
    classes, groups = (*NAMES, "red", "blue"), {"red": "labels", "blue": "labels", "dog": ""}
    labelled = [LabelledImage("a.png", (("red", None), ("dog", None))), LabelledImage("c.png", (("blue", 0.5),))]
    export_labels(labelled, images, tmp_path, to="label-studio", classes=classes, groups=groups)
    controls = ET.parse(tmp_path / "interface.xml").getroot().findall("Choices")
    assert [(each.get("name"), each.get("choice"), len(each)) for each in controls] == [
        ("labels", "multiple", 2), ("group labels", "single", 2),
    ]  # fmt: skip
    first, second = json.loads((tmp_path / "tasks.json").read_text())
    chosen = [(each["from_name"], each["value"]["choices"]) for each in first["annotations"][0]["result"]]
    assert chosen == [("group labels", ["red"]), ("labels", ["dog"])]
    assert second["predictions"][0]["result"][0]["from_name"] == "group labels"
    import_marks("label-studio", tmp_path / "tasks.json", tmp_path / "marks.csv", taxonomy="flat")
    assert read_marks(tmp_path / "marks.csv", taxonomy="flat").codes == (("dog", "red"),)


def test_fiftyone(images: Path, tmp_path: Path) -> None:
    export_labels(LABELLED, images, tmp_path / "out", to="fiftyone", classes=NAMES)
    found = json.loads((tmp_path / "out/labels.json").read_text())
    assert found["classes"] == list(NAMES)
    assert found["labels"] == {
        "a": [{"label": 0, "confidence": 0.75}, {"label": 1, "confidence": 0.5}], "deep/b": [{"label": 1}], "c": [],
    }  # fmt: skip
    assert all((tmp_path / "out/data" / each.image).read_bytes() for each in LABELLED)
    twins = [LabelledImage("a.png", ()), LabelledImage("a.jpg", ())]
    (images / "a.jpg").write_bytes((images / "a.png").read_bytes())
    with pytest.raises(DataError, match="a occurs twice"):
        export_labels(twins, images, tmp_path / "twins", to="fiftyone", classes=NAMES)


@pytest.mark.parametrize("name", ["../../mine.png", "a/../../mine.png", "{folder}/mine.png"])
def test_no_image_is_copied_out_of_the_folder(images: Path, tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    name = name.format(folder=tmp_path)
    with pytest.raises(DataError, match="lies outside of the folder of images; give a folder above it"):
        export_labels([LabelledImage(name, ())], images / "a/b", tmp_path / "x/out", to="fiftyone", classes=NAMES)
    assert mine.read_bytes() == b"mine"
    assert not (tmp_path / "x/out").exists()


def test_predictions_are_named_relative_to_their_folder(images: Path) -> None:
    made = Suggestion("dog", "dog", 0.5, "label", ("dog",), True)
    found = labelled_predictions(
        [Prediction(str(images / "deep/b.png"), (made,)), Prediction(str(images / "x.png"), error="damaged")], images
    )
    assert found == [LabelledImage("deep/b.png", (("dog", 0.5),), predicted=True)]


def test_label_studio_gives_back_what_it_was_given(images: Path, tmp_path: Path) -> None:
    """People's labels come back; what a network suggested, or did not, is no annotation."""
    people = [LabelledImage("deep/my b.png", (("dog", None), (NAMES[0], None))), LabelledImage("c.png", ())]
    made = [LabelledImage("a.png", (("dog", 0.5),), predicted=True), LabelledImage("d.png", (), predicted=True)]
    export_labels([*people, *made], images, tmp_path / "out", to="label-studio", classes=NAMES)
    summary = import_marks("label-studio", tmp_path / "out/tasks.json", tmp_path / "marks.csv", taxonomy="flat")
    marks = read_marks(tmp_path / "marks.csv", taxonomy="flat")
    assert dict(zip(marks.images, marks.codes, strict=True)) == {
        "deep/my b.png": tuple(sorted(NAMES)), "c.png": (),
    }  # fmt: skip
    assert [(note.reason, note.times) for note in summary.skipped] == [("a task without an annotation", 2)]


@pytest.mark.slow
def test_label_studio_takes_it_and_its_own_exports_come_back(images: Path, tmp_path: Path) -> None:
    """By Label Studio's own SDK: the interface, the tasks, and what its converter makes of annotated ones."""
    sdk = pytest.importorskip("label_studio_sdk.label_interface", reason="pip install label-studio-sdk")
    converter = pytest.importorskip("label_studio_sdk.converter")
    people = [*LABELLED[1:], LabelledImage("deep/my b.png", (("dog", None), (NAMES[0], None)))]
    made = [LABELLED[0], LabelledImage("d.png", (), predicted=True)]
    export_labels([*people, *made], images, tmp_path, to="label-studio", classes=NAMES, headings={"dog": "a pet"})
    written = (tmp_path / "interface.xml").read_text(encoding="utf-8")
    interface = sdk.LabelInterface(written)
    interface.validate()
    assert [control.labels for control in interface.controls] == [list(NAMES)]
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    for at, task in enumerate(tasks, start=1):
        assert interface.validate_task({"data": task["data"]})
        assert all(map(interface.validate_prediction, task.get("predictions", [])))
        assert all(map(interface.validate_annotation, task.get("annotations", [])))
        for annotation in task.setdefault("annotations", []):  # as it would number them
            annotation |= {"id": at, "completed_by": 1, "was_cancelled": False, "created_at": "", "updated_at": ""}
        task["id"] = at
    (tmp_path / "labelled.json").write_text(json.dumps(tasks))
    for kind in ("JSON", "JSON_MIN"):
        made_by = converter.Converter(written, project_dir=None, download_resources=False)
        made_by.convert(str(tmp_path / "labelled.json"), str(tmp_path / kind), kind, is_dir=False)
        import_marks("label-studio", tmp_path / kind / "result.json", tmp_path / "marks.csv", taxonomy="flat")
        marks = read_marks(tmp_path / "marks.csv", taxonomy="flat")
        assert dict(zip(marks.images, marks.codes, strict=True)) == {
            "deep/b.png": ("dog",), "c.png": (), "deep/my b.png": tuple(sorted(NAMES)),
        }  # fmt: skip


def test_mistakes_are_named(images: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'yolo' is unknown; there are coco, label-studio, fiftyone"):
        export_labels(LABELLED, images, tmp_path, to="yolo", classes=NAMES)
    (images / "c.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"c\.png: the image is empty"):
        export_labels(LABELLED, images, tmp_path, to="coco", classes=NAMES)
