"""COCO-style JSON: images, annotations and categories in three lists that refer to each other.

The lists come in any order, so the codes of all images are held in memory, as one number each: about 100 bytes a mark.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from viennatag.data.cells import normal_label
from viennatag.data.columns import subset_in, subset_of
from viennatag.data.documents import Document
from viennatag.errors import DataError, count
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record

_BESIDE = "_annotations.coco"
"""A file of this name lies in the folder of its images."""


def read_coco(document: Document) -> Iterator[Record]:
    """Yield the images of the file, each with the names of its categories.

    The subset is that in the file's name or folder, as in `instances_train2017.json`.
    """
    names: dict[str, str] = {}
    images: dict[str, str] = {}
    labels: dict[str, set[str]] = {}
    partly = ""
    supers: dict[str, str] = {}
    with document.open() as stream:
        for key, item in read_json_items(stream):
            try:
                if item is None:  # "annotations": null
                    continue
                if not key and "image_id" in item and "category_id" in item:
                    raise DataError("it is a list of results, as of predictions; the names of images and labels are "
                                    "in the file of annotations")  # fmt: skip
                if key == "categories":
                    _set_once(names, key, item["id"], str(item["name"]))
                    supers[_id(item["id"])] = str(item.get("supercategory") or "")
                elif key == "images":
                    name = "coco_url" if "coco_url" in item and "file_name" not in item else "file_name"
                    _set_once(images, key, item["id"], str(item[name]))
                    partly = partly or (images[_id(item["id"])] if "neg_category_ids" in item else "")
                elif key == "annotations":
                    labels.setdefault(_id(item["image_id"]), set()).add(_id(item["category_id"]))
                    if isinstance(score := item.get("score"), float) and 0 < score < 1:
                        document.note(
                            "labels are read whatever the score of an annotation, as of predictions", f"{score}"
                        )
            except (KeyError, TypeError, AttributeError) as exc:
                raise DataError(f"an item of {key!r} is not as COCO has it: {exc}") from exc
    if missing := [image for image in labels if image not in images]:
        document.note(f"annotations of {count(len(missing), 'image')} are left out: 'images' lists no id {missing[0]}")
    if twice := [name for name, times in Counter(normal_label(name) for name in names.values()).items() if times > 1]:
        ids = [number for number, name in names.items() if normal_label(name) == twice[0]]
        kinds = ", ".join(f"{number} ({supers[number]})" if supers[number] else number for number in ids)
        document.note(
            "several categories of one name are read as one label; if they are two, rename one: "
            f"{twice[0]!r} of the ids {kinds}"
        )
    if partly:
        document.note(
            f"images state for which labels they were looked over (neg_category_ids, such as {partly}); the others are "
            "read as absent"
        )
    split, folder = _place(document)
    for image, file in images.items():
        chosen = labels.get(image, set())
        if unknown := [category for category in chosen if category not in names]:
            raise DataError(f"image {file!r} has the category {unknown[0]!r}, which 'categories' does not list")
        named = tuple(sorted({names[category] for category in chosen}))
        yield Record(folder + file, named, folder + file, split=split, joins=True)


def _set_once(names: dict[str, str], key: str, number: object, name: str) -> None:
    """Keep the name of an id; if it had another one, nothing says which of them annotations mean."""
    if (first := names.setdefault(_id(number), name)) != name:
        raise DataError(f"{key!r} lists the id {number} twice, as {first!r} and as {name!r}")


def _id(number: object) -> str:
    """Return an id as text; 1.0, as data frames write it, is 1."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _place(document: Document) -> tuple[str, str]:
    """Return the subset that a file's name or folder states, and the folder before the names of its images."""
    path = PurePosixPath(document.name)
    subset = subset_of(path.parent.name) or subset_in(path.stem)
    if subset:
        document.note("the subsets of images are those in the names of the files, such as instances_train2017.json")
    beside = path.stem == _BESIDE and path.parent.name
    return subset, f"{path.parent}/" if beside else ""
