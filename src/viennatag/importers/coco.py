"""COCO-style JSON: images, annotations and categories in three lists that refer to each other.

The lists come in any order, so the codes of all images are held in memory, as one number each: about 100 bytes a mark.
"""

from collections.abc import Iterator

from viennatag.data.source_files import Document
from viennatag.errors import DataError
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record


def read_coco(document: Document) -> Iterator[Record]:
    """Yield the images of the file, each with the names of its categories."""
    names: dict[object, str] = {}
    images: dict[object, str] = {}
    labels: dict[object, set[object]] = {}
    with document.open() as stream:
        for key, item in read_json_items(stream):
            try:
                if key == "categories":
                    names[item["id"]] = str(item["name"])
                elif key == "images":
                    images[item["id"]] = str(item["file_name"])
                elif key == "annotations":
                    labels.setdefault(item["image_id"], set()).add(item["category_id"])
            except (KeyError, TypeError) as exc:
                raise DataError(f"an item of {key!r} is not as COCO has it: {exc}") from exc
    for image, file in images.items():
        chosen = labels.get(image, set())
        if unknown := [category for category in chosen if category not in names]:
            raise DataError(f"image {file!r} has the category {unknown[0]!r}, which 'categories' does not list")
        yield Record(file, tuple(sorted(names[category] for category in chosen)), file)
