"""Folders of images: the folder below the source is the class, whatever folders are in it.

Folders that hold all the others, such as `dataset/images`, are passed through. Folders `train`, `val` and `test` above
or below the classes are the subsets. An image beside the class folders has no class and is left out. An image that lies
in several class folders, byte for byte and under the same name, is one mark with all their labels.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import PurePosixPath

from viennatag.data.columns import subset_in, subset_of
from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.record import Record

Reader = Callable[[Document], Iterator[Record]]
_UNSURE = frozenset(
    {"unlabeled", "unlabelled", "unknown", "unsorted", "none", "todo", "background", "negative", "negatives"}
)
"""Folders that may hold images of no class."""
_CONTAINERS = frozenset(
    {"data", "dataset", "datasets", "images", "imgs", "img", "photos", "pictures", "classes", "categories", "raw"}
)
"""Folders that hold the classes, if they hold all images."""


def survey_class_folders(names: Iterable[str]) -> Reader:
    """Return a reader for the layout that the names of all image files show.

    Raises:
        DataError: If no folder is a class, or it is not sure which ones are.
    """
    paths = [PurePosixPath(name).parts for name in names]
    folders = {parts[:-1] for parts in paths if len(parts) > 1}
    outer = _outer_folders(folders)
    nested = [parts[len(outer) :] for parts in folders]
    subset = _subsets_above({parts[0] for parts in nested if parts}, any(len(parts) > 1 for parts in nested))
    start = _first_class_level(nested, 1 if subset else 0)
    _check_classes(nested, start, outer)
    below = [parts[start + 1] for parts in nested if len(parts) > start + 1]
    inside = not subset and bool(below) and all(map(subset_of, below)) and all(len(parts) > 1 for parts in nested)
    deeper = sorted(parts for parts in nested if len(parts) > start + 1 + inside)
    unsure = sorted({parts[start] for parts in nested if len(parts) > start and parts[start].lower() in _UNSURE})
    words = sorted({parts[0] for parts in nested if not subset and subset_of(parts[0])})
    named = Counter(_without_class(parts, len(outer) + start) for parts in paths)
    joined: set[str] = set()

    def read(document: Document) -> Iterator[Record]:
        if outer:
            shown = "/".join(outer)
            document.note(f"all images lie in the folder {shown!r}, which is no class; the folders in it are")
        if deeper:
            example = "/".join((*outer, *deeper[0]))
            document.note(
                f"the class of images in {example!r} is {deeper[0][start]!r}; folders below a class are no labels; to "
                "label by them, give the folder above them as the source"
            )
        if words:
            document.note(f"the folder {words[0]!r} is read as a class, because not all folders beside it are subsets")
        for word in unsure:
            document.note(f"the folder {word!r} is read as a class; leave it out of the source if it is none")
        parts = PurePosixPath(document.name).parent.parts[len(outer) :]
        if len(parts) <= start:
            problem = "lies beside the class folders, so it has no class"
            yield Record(document.name, (), document.name, problem=problem)
            return
        split = subset.get(parts[0], "") if subset else subset_of(parts[1]) if inside else ""
        rest = _without_class(PurePosixPath(document.name).parts, len(outer) + start)
        number = document.name if named[rest] < 2 else _name_by_content(document, rest)
        joins = number != document.name
        if joins and number in joined:
            document.note("an image in several class folders, byte for byte, is one mark with all these labels")
        if joins:
            joined.add(number)
        yield Record(number, (parts[start],), document.name, split=split or "", joins=joins)

    return read


def _without_class(parts: tuple[str, ...], level: int) -> tuple[str, ...]:
    """Return a path without its class folder: the same for copies of an image in other class folders."""
    return (*parts[:level], *parts[level + 1 :])


def _name_by_content(document: Document, rest: tuple[str, ...]) -> str:
    """Return an id that copies share, whatever their class; that of an empty file is its own name."""
    with document.open() as file:
        content = file.read()
    return f"{'/'.join(rest)} {sha256(content).hexdigest()[:16]}" if content else document.name


def _subsets_above(tops: set[str], deeper: bool) -> dict[str, str]:
    """Return the subset of each of the topmost folders, if all of them name one; empty if not."""
    exact = {top: subset_of(top) or "" for top in tops}
    if deeper and all(exact.values()):
        return exact
    found = {top: subset_in(top) for top in tops}  # seg_train, val2017
    return found if deeper and all(found.values()) and len(set(found.values())) > 1 else {}


def _first_class_level(nested: Sequence[tuple[str, ...]], start: int) -> int:
    """Return the level of the class folders: below what holds all images of a subset, as in `train/images/cat`."""
    level = start
    while level and any(len(parts) > level for parts in nested):
        inner = [parts for parts in nested if len(parts) > level]
        named = {parts[level].lower() for parts in inner}
        if not (len(named) == 1 and named <= _CONTAINERS) and any(parts[level] != parts[level - 1] for parts in inner):
            return level
        level += 1
    return level


def _check_classes(nested: Sequence[tuple[str, ...]], level: int, outer: Sequence[str]) -> None:
    """Raise if no folder is a class, or if all images lie in a folder that may be one or hold those that are."""
    classes = {parts[level] for parts in nested if len(parts) > level}
    rest = {name.lower() for parts in nested for name in parts[level:]}
    holders = sorted({"/".join((*outer, *parts)) for parts in nested})
    if holders and (not classes or (not level and all(subset_of(name) or name in _CONTAINERS for name in rest))):
        raise DataError(
            f"no folder is a class: {holders[0]!r} holds the images of all classes; give a folder in which each class "
            "has a folder of its own. Labels in a table or in text files beside the images, as YOLO has them for "
            "boxes, are no class folders: see viennatag import --help"
        )
    below = {parts[level + 1] for parts in nested if len(parts) > level + 1}
    apart = all(len(parts) > level + 1 for parts in nested) and not any(map(subset_of, below))
    if len(classes) == 1 and apart and len(below) > 1 and not all(name.isdecimal() for name in below):
        (only,) = classes
        raise DataError(
            f"all images lie in the folder {only!r}, so all would get one label; if the folders in it are the classes, "
            f"give {only!r} in it as the source; if it is a class, move the images out of the folders in it"
        )


def _outer_folders(folders: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the folders that hold all images and are no class, by their names or by the subsets in them."""
    parts = list(folders)
    found: tuple[str, ...] = ()
    depth = 1
    while parts and all(len(each) > depth for each in parts) and len({each[:depth] for each in parts}) == 1:
        outer = parts[0][:depth]
        subsets = all(subset_of(each[depth]) and len(each) > depth + 1 for each in parts)
        if subsets or (all(name.lower() in _CONTAINERS for name in outer) and not subset_of(parts[0][depth])):
            found = outer
        depth += 1
    return found


def read_class_folder(document: Document) -> Iterator[Record]:
    """Yield the mark that one image file stands for, with no other file to judge the layout by."""
    yield from survey_class_folders([document.name])(document)
