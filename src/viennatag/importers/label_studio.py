"""Exports of Label Studio, JSON and JSON-MIN: choices, taxonomies, and the labels of regions, of whole images.

Where several people annotated an image, a label that only some of them gave is unknown.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from viennatag.data.source_files import IMAGE_ENDINGS, Document
from viennatag.errors import DataError
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record

_LOCAL = "/data/local-files/?d="
_UPLOADED = re.compile(r"(?:^|/)upload/\d+/(?:[0-9a-f]{8}-)?([^/]+)$")
UPLOADED = "images are named as they were before they were uploaded, without what Label Studio put before"
_NO_LABELS = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
"""Columns of JSON-MIN that hold no labels."""


def read_label_studio(document: Document) -> Iterator[Record]:
    """Yield the tasks of one export; those without an annotation are left out.

    Raises:
        DataError: If the file is no JSON, or an item no task.
    """
    with document.open() as stream:
        for _, task in read_json_items(stream):
            if not isinstance(task, dict):
                raise DataError(f"an item is {str(task)[:40]!r}; expected a task of Label Studio")
            data = task["data"] if isinstance(task.get("data"), dict) else task
            name = _image(data, document)
            number = str(task.get("id", ""))
            if data is not task:
                given = _annotations(task)
            else:  # JSON-MIN says of a task without an annotation that its annotation is null
                given = [_short_labels(task, name, document)] if task.get("annotation_id", "") is not None else []
            if not given:
                yield Record(number, image=name, problem="a task without an annotation")
                continue
            agreed = set.intersection(*given)
            doubtful = set.union(*given) - agreed
            if doubtful:
                document.note(
                    "several people annotated an image and differ; a label that only some of them gave is unknown, as "
                    f"on {name or 'task ' + number}"
                )
            yield Record(number, tuple(sorted(agreed)), name, unknown=tuple(sorted(doubtful)))


def _annotations(task: Mapping[str, Any]) -> list[set[str]]:
    """Return the labels of each annotation that was not skipped."""
    listed = task.get("annotations") or task.get("completions") or []  # the word of old versions
    if not isinstance(listed, list):
        raise DataError(f"task {task.get('id')!r}: its annotations are no list")
    kept = [each for each in listed if isinstance(each, dict) and not each.get("was_cancelled")]
    results = [each.get("result") or [] for each in kept]
    if not all(isinstance(each, list) for each in results):
        raise DataError(f"task {task.get('id')!r}: the result of an annotation is no list")
    return [{label for item in each for label in _labels_of(item)} for each in results]


def _labels_of(item: Any) -> Iterator[str]:
    """Yield the labels of one result: choices, the paths of a taxonomy, or the labels of a region."""
    kind, value = (item.get("type"), item.get("value")) if isinstance(item, dict) else (None, None)
    found = value.get(kind) if isinstance(value, dict) and isinstance(kind, str) else None
    if isinstance(kind, str) and (kind in {"choices", "taxonomy"} or kind.endswith("labels")):
        for each in found if isinstance(found, list) else ():
            yield str(each[-1]) if isinstance(each, list) and each else str(each)


def _short_labels(task: Mapping[str, Any], image: str, document: Document) -> set[str]:
    """Return the labels of a task of JSON-MIN, with a key for each control of the interface and for other data."""
    found: set[str] = set()
    for key, value in task.items():
        if key in _NO_LABELS or (isinstance(value, str) and task_image(value) == image):
            continue
        if labels := set(_short(value)):
            document.note(f"the values of {key!r} are read as labels")
            found |= labels
    return found


def _short(value: Any) -> Iterator[str]:
    """Yield the labels of a value: a text, what a control holds, regions with their labels, or paths of a taxonomy."""
    for each in value if isinstance(value, list) else [value]:
        held = [each]
        if isinstance(each, dict):
            held = [inner for key, inner in each.items() if key in {"choices", "taxonomy"} or key.endswith("labels")]
        for inner in held:
            for entry in inner if isinstance(inner, list) and inner is not each else [inner]:
                label = entry[-1] if isinstance(entry, list) and entry else entry
                if isinstance(label, str):
                    yield label


def _image(data: Mapping[str, Any], document: Document) -> str:
    """Return the image of a task: what is called so, or else the one value that names a file."""
    values = {key: value for key, value in data.items() if isinstance(value, str)}
    named = values.get("image") or values.get("img")
    files = [value for value in values.values() if PurePosixPath(task_image(value)).suffix.lower() in IMAGE_ENDINGS]
    if named is None and len(files) != 1:
        raise DataError(f"a task has the data {', '.join(map(repr, list(data)[:5]))}; expected one with an image")
    value = named or files[0]
    if _UPLOADED.search(value):
        document.note(UPLOADED)
    return task_image(value)


def task_image(value: str) -> str:
    """Return the name of an image as it was before Label Studio stored it, without what it put before."""
    if value.startswith(_LOCAL):
        return unquote(value.removeprefix(_LOCAL))
    uploaded = _UPLOADED.search(value)
    return unquote(uploaded[1]) if uploaded else value
