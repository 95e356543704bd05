"""Annotations of images as XML: CVAT's (`CVAT for images 1.1`) and those in the format of Pascal VOC.

Labels of whole images and of objects in them are labels of the image.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from viennatag.data.columns import subset_of
from viennatag.data.source_files import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_SHAPES = ("tag", "box", "polygon", "polyline", "points", "mask", "ellipse", "cuboid", "skeleton")
_CVAT_LABELS = tuple(f"{shape}@label" for shape in _SHAPES)
_VOC_OBJECT, _DIFFICULT = ("object", "name"), ("object", "difficult")
_ANNOTATIONS = frozenset({"annotations", "annotation", "xml", "xmls"})
"""Folders that hold no images but what is said about them."""


def read_cvat(document: Document) -> Iterator[Record]:
    """Yield the images of one file with the labels of their tags and shapes."""
    with document.open() as stream:
        for image in read_xml_records(stream, records=frozenset({"image"}), wanted=frozenset(_CVAT_LABELS)):
            name = image.attributes.get("name", "").strip()
            if not name:
                continue
            labels = tuple(dict.fromkeys(text for path, text in image.values if text and len(path) == 1))
            if not labels:
                document.note(
                    f"images without an annotation are read as having none of the labels, such as {name}; CVAT does "
                    "not say whether somebody has looked at them"
                )
            subset = image.attributes.get("subset", "")
            yield Record(name, labels, name, split=subset_of(subset) or "", joins=True)


def read_voc(document: Document) -> Iterator[Record]:
    """Yield the image of one file; a label of which all objects are difficult is unknown, as in VOC itself."""
    path = PurePosixPath(document.name)
    wanted = frozenset({"filename", "name", "difficult"})
    beside = "" if path.parent.name.lower() in _ANNOTATIONS else f"{path.parent}/" if path.parent.name else ""
    with document.open() as stream:
        for image in read_xml_records(stream, records=frozenset({"annotation"}), wanted=wanted):
            objects: list[list[str]] = []
            for at, text in image.values:
                if at == _VOC_OBJECT:
                    objects.append([text, "0"])
                elif at == _DIFFICULT and objects:
                    objects[-1][1] = text
            sure = dict.fromkeys(name for name, difficult in objects if name and difficult != "1")
            doubtful = dict.fromkeys(name for name, _ in objects if name and name not in sure)
            if doubtful:
                document.note(
                    f"labels whose objects are all marked difficult are unknown, such as {next(iter(doubtful))} in "
                    f"{document.name}"
                )
            stated = image.nearest("filename") or path.stem
            name = number = beside + stated
            if PurePosixPath(stated.replace("\\", "/")).stem != path.stem:
                number = str(path.with_suffix(""))
                document.note(
                    f"the image is the one that is named inside of a file, such as {stated} in {document.name}"
                )
            yield Record(number, tuple(sure), name, split=subset_of(path.parent.name) or "", unknown=tuple(doubtful))
