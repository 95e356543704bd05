"""Exports of Label Studio, JSON and JSON-MIN: choices, taxonomies, and the labels of regions, of whole images.

Where several people annotated an image, a label that only some of them gave is unknown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BufferedReader
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from viennatag.data.cells import CLASS_WORDS, truth_of
from viennatag.data.documents import Document
from viennatag.data.source_files import IMAGE_ENDINGS
from viennatag.errors import DataError
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record

_LOCAL = "/data/local-files/?d="
_UPLOADED = re.compile(r"(?:^|/)upload/\d+/(?:[0-9a-f]{8}-)?([^/]+)$")
UPLOADED = "images are named as they were before they were uploaded, without what Label Studio put before"
_NO_LABELS = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
"""Columns of JSON-MIN that hold no labels."""
_NOT_READ = frozenset({"textarea", "rating", "number", "datetime", "ranker", "pairwise"})
_MOST_OF_ONE = 100_000
"""Items of one object that may be one task."""


class _Labels:
    """Takes the labels of an export's controls, and notes where a reading of them is not sure."""

    def __init__(self, document: Document) -> None:
        self.document, self.chosen = document, document.reading.label_columns
        self.first_of: dict[str, str] = {}
        """The control, and in a taxonomy the path, that first gave each label."""
        self.controls: set[str] = set()
        """The controls that gave labels."""
        self.seen: set[str] = set()

    def take(self, control: str, labels: Iterable[Any]) -> set[str]:
        """Return the labels that a control gives; a path of a taxonomy gives its last part."""
        self.seen.add(control)
        if self.chosen and control not in self.chosen:
            return set()
        found = set()
        for each in labels:
            path = " > ".join(map(str, each)) if isinstance(each, list) else str(each)
            label = str(each[-1]) if isinstance(each, list) and each else path
            is_word = len(label) > 1 and label.isalpha() and label.lower() not in CLASS_WORDS
            if is_word and (truth := truth_of(label)) in {"positive", "negative"}:
                told = f"{label!r} of {control!r}"
                self.document.note("a choice of yes or no says whether the name of its control applies", told)
                label = control if truth == "positive" else ""
            place = f"{control}: {path}"
            if label and self.first_of.setdefault(label, place) != place:
                told = f"{label!r} ({self.first_of[label]}; {place})"
                self.document.note(
                    "one label of several controls or places in a taxonomy is one label; --label-column NAME reads one "
                    "control", told
                )  # fmt: skip
            found |= {label} - {""}
        self.controls |= {control} if found else set()
        return found


def read_label_studio(document: Document) -> Iterator[Record]:
    """Yield the tasks of one export, or the one task of a file; those without an annotation are left out.

    Raises:
        DataError: If the file is no JSON, or an item no task.
    """
    labels = _Labels(document)
    _check_chosen(document)
    with document.open() as stream:
        for task in _tasks(stream):
            if not isinstance(task, dict):
                raise DataError(f"an item is {str(task)[:40]!r}; expected a task of Label Studio")
            data = task["data"] if isinstance(task.get("data"), dict) else task
            name = _image(data, document)
            number = str(task.get("id", ""))
            if data is not task:
                given = _annotations(task, labels)
            else:  # JSON-MIN says of a task without an annotation that its annotation is null
                given = [_short_labels(task, name, labels)] if task.get("annotation_id", "") is not None else []
            if not given:
                yield Record(number, image=name, problem="a task without an annotation")
                continue
            agreed = set.intersection(*given)
            doubtful = set.union(*given) - agreed
            if doubtful:
                document.note(
                    "several people annotated an image and differ; a label that only some of them gave is unknown",
                    name or f"task {number}",
                )
            yield Record(number, tuple(sorted(agreed)), name, unknown=tuple(sorted(doubtful)), numbered=True)
    if len(labels.controls) > 1:
        controls = ", ".join(map(repr, sorted(labels.controls)[:5]))
        document.note(f"labels are those of the controls {controls}; --label-column NAME chooses, and may be repeated")


def _check_chosen(document: Document) -> None:
    """Raise DataError if a control that the user chooses is in no task."""
    if not document.reading.label_columns:
        return
    labels = _Labels(replace(document, note=lambda *_: None))
    with document.open() as stream:
        for task in filter(lambda each: isinstance(each, dict), _tasks(stream)):
            _annotations(task, labels) if isinstance(task.get("data"), dict) else _short_labels(task, "", labels)
    if missing := [name for name in document.reading.label_columns if name not in labels.seen]:
        shown = ", ".join(map(repr, sorted(labels.seen)[:20]))
        raise DataError(f"--label-column {missing[0]}: no such control; they are {shown}")


def _tasks(stream: BufferedReader) -> Iterator[Any]:
    """Yield the tasks of a list, or the one that an object is: a task, or an annotation with its task in it."""
    single: dict[str, Any] = {}
    for at, (key, item) in enumerate(read_json_items(stream)):
        if not key:
            yield item
        elif at >= _MOST_OF_ONE:
            raise DataError("it is one object with very many members; expected a list of tasks of Label Studio")
        elif key in {"annotations", "completions", "predictions", "drafts", "result"} and item is not None:
            single.setdefault(key, []).append(item)
        else:
            single[key] = item
    if isinstance(single.get("task"), dict) and "data" in single["task"]:
        yield {**single["task"], "annotations": [single]}
    elif single:
        yield single


def _annotations(task: Mapping[str, Any], labels: _Labels) -> list[set[str]]:
    """Return the labels of each annotation that was not skipped; one that is marked as the truth counts alone."""
    listed = task.get("annotations") or task.get("completions") or []  # the word of old versions
    if not isinstance(listed, list):
        raise DataError(f"task {task.get('id')!r}: its annotations are no list")
    kept = [each for each in listed if isinstance(each, dict) and not each.get("was_cancelled")]
    if (true := [each for each in kept if each.get("ground_truth")]) and len(true) < len(kept):
        labels.document.note("of annotations that are marked as ground truth the others are not read",
                             f"task {task.get('id')}")  # fmt: skip
    results = [each.get("result") or [] for each in true or kept]
    if not all(isinstance(each, list) for each in results):
        raise DataError(f"task {task.get('id')!r}: the result of an annotation is no list")
    return [{label for item in each for label in _labels_of(item, labels)} for each in results]


def _labels_of(item: Any, labels: _Labels) -> set[str]:
    """Return the labels of one result: choices, the ends of paths of a taxonomy, or the labels of a region."""
    kind, value = (item.get("type"), item.get("value")) if isinstance(item, dict) else (None, None)
    found = value.get(kind) if isinstance(value, dict) and isinstance(kind, str) else None
    if isinstance(kind, str) and (kind in {"choices", "taxonomy"} or kind.endswith("labels")):
        return labels.take(str(item.get("from_name", "")), found if isinstance(found, list) else ())
    if isinstance(kind, str) and kind in _NOT_READ:
        labels.document.note("results of other types than choices, taxonomies and labels of regions are not read", kind)
    return set()


def _short_labels(task: Mapping[str, Any], image: str, labels: _Labels) -> set[str]:
    """Return the labels of a task of JSON-MIN, with a key for each control of the interface and for other data."""
    found: set[str] = set()
    for key, value in task.items():
        if key not in _NO_LABELS and not (isinstance(value, str) and task_image(value) == image):
            given = labels.take(key, _short(value))
            if given:
                labels.document.note(f"the values of {key!r} are read as labels")
            found |= given
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
