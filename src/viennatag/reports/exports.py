"""Labels in the formats of other tools: COCO, Label Studio and FiftyOne; suggestions carry their scores."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from viennatag.data.marks import Marks
from viennatag.errors import DataError, ImageError, OptionError
from viennatag.files import atomic_file
from viennatag.images.reading import measure_images
from viennatag.prediction.predictor import Prediction

EXPORT_FORMATS = {
    "coco": "COCO annotations, labels of whole images as boxes of their size",
    "label-studio": "tasks of Label Studio with pre-annotations, and the labelling interface",
    "fiftyone": "folder of the type FiftyOneImageClassificationDataset, many labels an image",
}
"""Names of formats, and what is written."""
_FREE = "labels"
"""What labels that exclude no other one are called in Label Studio's interface."""


@dataclass(frozen=True)
class LabelledImage:
    """An image with labels; a label that a person gave has the score None. `predicted`: no person has looked at it."""

    image: str
    labels: tuple[tuple[str, float | None], ...]
    predicted: bool = False


def labelled_marks(marks: Marks) -> list[LabelledImage]:
    """Return marks with their own labels."""
    pairs = zip(marks.images, marks.codes, strict=True)
    return [LabelledImage(image, tuple((code, None) for code in codes)) for image, codes in pairs]


def labelled_predictions(predictions: Iterable[Prediction], folder: Path | str) -> list[LabelledImage]:
    """Return predictions with their suggestions; images that could not be read are left out.

    Args:
        predictions: Their images are paths.
        folder: That the images are named relative to.
    """
    return [
        LabelledImage(
            Path(each.image).relative_to(folder).as_posix(),
            tuple((made.code, made.score) for made in each.suggestions),
            predicted=True,
        )
        for each in predictions
        if each.error is None
    ]


def export_labels(
    labelled: Sequence[LabelledImage],
    images: Path | str,
    out: Path | str,
    *,
    to: str,
    classes: Sequence[str],
    headings: Mapping[str, str] | None = None,
    groups: Mapping[str, str] | None = None,
) -> None:
    """Write labelled images into a folder in the format of another tool.

    Args:
        labelled: What to write.
        images: Folder that their images are relative to.
        out: Folder to write to.
        to: One of `EXPORT_FORMATS`.
        classes: All labels, in order.
        headings: What labels mean, for people.
        groups: The group of exclusive labels that a label belongs to; in Label Studio a choice of one.

    Raises:
        OptionError: If the format is unknown.
        DataError: If an image cannot be read, or two images have one name in FiftyOne.
    """
    folder, target = Path(images), Path(out)
    if to not in EXPORT_FORMATS:
        raise OptionError(f"the format {to!r} is unknown; there are {', '.join(EXPORT_FORMATS)}")
    meanings = headings or {}
    if to == "coco":
        _write(target / "annotations.json", _coco(labelled, folder, classes, meanings))
    elif to == "label-studio":
        control = {name: f"group {group}" for name, group in (groups or {}).items() if group}
        _write(target / "tasks.json", [_task(each, control) for each in labelled])
        with atomic_file(target / "interface.xml") as file:
            file.write_text(_interface(classes, meanings, control), encoding="utf-8")
    else:
        _write_fiftyone(labelled, folder, target, classes)


def _write(path: Path, content: object) -> None:
    with atomic_file(path) as file:
        file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _coco(
    labelled: Sequence[LabelledImage], folder: Path, classes: Sequence[str], headings: Mapping[str, str]
) -> dict[str, Any]:
    """Return a COCO object; people's labels have no score."""
    number = {name: at for at, name in enumerate(classes, start=1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for at, (each, size) in enumerate(
        zip(labelled, measure_images(folder / each.image for each in labelled), strict=True), start=1
    ):
        if isinstance(size, ImageError):
            raise DataError(f"{each.image}: {size}; replace it, or leave its row out of the table")
        images.append({"id": at, "file_name": each.image, "width": size.width, "height": size.height})
        box, corners = [0, 0, size.width, size.height], [0, 0, size.width, 0, size.width, size.height, 0, size.height]
        for name, score in each.labels:
            found: dict[str, Any] = {"id": len(annotations) + 1, "image_id": at, "category_id": number[name]}
            found |= {"bbox": box, "segmentation": [corners], "area": size.width * size.height, "iscrowd": 0}
            annotations.append(found if score is None else found | {"score": score})
    categories = [{"id": at, "name": name, "supercategory": headings.get(name, "")} for name, at in number.items()]
    return {"images": images, "annotations": annotations, "categories": categories}


def _task(labelled: LabelledImage, control: Mapping[str, str]) -> dict[str, Any]:
    """Return a task of Label Studio, whose local storage is the folder of the images.

    Labels of people are annotations, suggestions are predictions.
    """
    chosen: dict[str, list[str]] = {}
    for name, _ in labelled.labels:
        chosen.setdefault(control.get(name, _FREE), []).append(name)
    result = [
        {"from_name": own, "to_name": "image", "type": "choices", "value": {"choices": names}}
        for own, names in chosen.items()
    ]
    task: dict[str, Any] = {"data": {"image": f"/data/local-files/?d={quote(labelled.image)}"}}
    scores = [score for _, score in labelled.labels if score is not None]
    if scores or labelled.predicted:
        score = min(scores, default=0.0)
        return task | {"predictions": [{"model_version": "viennatag", "score": score, "result": result}]}
    return task | {"annotations": [{"result": result}]}


def _interface(classes: Sequence[str], headings: Mapping[str, str], control: Mapping[str, str]) -> str:
    """Return the labelling interface: an image, a choice of many labels, and one of a single label for each group."""
    rows = ["<View>", '  <Image name="image" value="$image"/>']
    for own in dict.fromkeys(control.get(name, _FREE) for name in classes):
        kind = "multiple" if own == _FREE else "single"
        rows.append(f'  <Choices name={quoteattr(own)} toName="image" choice="{kind}" showInline="true">')
        for name in classes:
            if control.get(name, _FREE) == own:
                meaning = headings.get(name, name)
                hint = "" if meaning == name else f" hint={quoteattr(meaning)}"
                rows.append(f"    <Choice value={quoteattr(name)}{hint}/>")
        rows.append("  </Choices>")
    return "\n".join([*rows, "</View>", ""])


def _write_fiftyone(labelled: Sequence[LabelledImage], folder: Path, target: Path, classes: Sequence[str]) -> None:
    """Write `labels.json` and copies of the images in `data`."""
    number = {name: at for at, name in enumerate(classes)}
    labels: dict[str, list[dict[str, Any]]] = {}
    for each in labelled:
        named = PurePosixPath(each.image)
        if named.is_absolute() or ".." in named.parts:  # its copy would be written anywhere
            raise DataError(f"{each.image}: it lies outside of the folder of images; give a folder above it")
        key = named.with_suffix("").as_posix()
        if key in labels:
            raise DataError(f"{each.image}: FiftyOne names images without their ending, and {key} occurs twice")
        labels[key] = [
            {"label": number[name]} if score is None else {"label": number[name], "confidence": score}
            for name, score in each.labels
        ]
    for each in labelled:
        copy = target / "data" / each.image
        copy.parent.mkdir(parents=True, exist_ok=True)
        with suppress(shutil.SameFileError):  # they are the images of an export before
            shutil.copyfile(folder / each.image, copy)
    _write(target / "labels.json", {"classes": list(classes), "labels": labels})
