"""Annotations of images as XML: CVAT's (`CVAT for images 1.1`) and those in the format of Pascal VOC.

Labels of whole images and of objects in them are labels of the image.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from viennatag.data.cells import truth_of
from viennatag.data.columns import subset_of
from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_SHAPES = ("tag", "box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton")
_CVAT_LABELS = tuple(f"{shape}@label" for shape in _SHAPES)
_CVAT_ATTRIBUTE = "attribute@name"
_VOC_OBJECT, _DIFFICULT, _DELETED = ("object", "name"), ("object", "difficult"), ("object", "deleted")
_ANNOTATIONS = frozenset({"annotations", "annotation", "xml", "xmls"})
"""Folders that hold no images but what is said about them."""


def read_cvat(document: Document) -> Iterator[Record]:
    """Yield the images of one file with the labels of their tags and shapes.

    Raises:
        DataError: If the file is no XML, or one about a video.
    """
    tasks: dict[str, str] = {}
    wanted = frozenset({*_CVAT_LABELS, _CVAT_ATTRIBUTE})
    with document.open() as stream:
        for image in read_xml_records(stream, records=frozenset({"image", "track"}), wanted=wanted):
            name = image.attributes.get("name", "").strip()
            if not name and "label" in image.attributes:
                raise DataError("it holds the tracks of a video; export the task as 'CVAT for images 1.1'")
            if not name:
                continue
            labels = tuple(dict.fromkeys(text for path, text in image.values if text and len(path) == 1))
            if not labels:
                document.note(
                    "images without an annotation are read as having none of the labels, as CVAT does not say whether "
                    "somebody has looked at them",
                    name,
                )
            if attribute := next((text for path, text in image.values if path[-1] == _CVAT_ATTRIBUTE), ""):
                document.note("attributes of labels are not read", f"{attribute!r} of {name}")
            task = image.attributes.get("taskid", "")
            if tasks.setdefault(name, task) != task:
                document.note("images of one name in several tasks are read as one image with all their labels", name)
            subset = image.attributes.get("subset", "").strip()
            if subset not in {"", "default"} and not subset_of(subset):
                document.note("subsets that are named by another word than train, validation and test are left open",
                              repr(subset))  # fmt: skip
            yield Record(name, labels, name, split=subset_of(subset) or "", joins=True)


def read_voc(document: Document) -> Iterator[Record]:
    """Yield the image of one file; a label of which all objects are difficult is unknown, as in VOC itself.

    Objects that LabelMe keeps as deleted are none.
    """
    path = PurePosixPath(document.name)
    wanted = frozenset({"filename", "name", "difficult", "deleted"})
    beside = "" if path.parent.name.lower() in _ANNOTATIONS else f"{path.parent}/" if path.parent.name else ""
    with document.open() as stream:
        for image in read_xml_records(stream, records=frozenset({"annotation"}), wanted=wanted):
            objects: list[dict[tuple[str, ...], str]] = []
            for at, text in image.values:
                if at == _VOC_OBJECT:
                    objects.append({})
                if objects:
                    objects[-1][at] = text
            kept = [each for each in objects if truth_of(each.get(_DELETED, "")) != "positive"]
            sure = dict.fromkeys(
                each[_VOC_OBJECT] for each in kept
                if each[_VOC_OBJECT] and truth_of(each.get(_DIFFICULT, "")) != "positive"
            )  # fmt: skip
            doubtful = dict.fromkeys(name for each in kept if (name := each[_VOC_OBJECT]) and name not in sure)
            if doubtful:
                document.note(
                    "labels whose objects are all marked difficult are unknown",
                    f"{next(iter(doubtful))} in {document.name}",
                )
            stated = image.nearest("filename") or path.stem
            name = number = beside + stated
            if PurePosixPath(stated.replace("\\", "/")).stem != path.stem:
                number = str(path.with_suffix(""))
                document.note("the image is the one that is named inside of a file", f"{stated} in {document.name}")
            yield Record(number, tuple(sure), name, split=subset_of(path.parent.name) or "", unknown=tuple(doubtful))
