"""Folders of images: the folder below the source is the class, whatever folders are in it.

Folders that hold all the others, such as `dataset/images`, are passed through. Folders `train`, `val` and `test` above
or below the classes are the subsets. An image beside the class folders has no class and is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from viennatag.data.columns import subset_of
from viennatag.data.source_files import Document
from viennatag.importers.record import Record

Reader = Callable[[Document], Iterator[Record]]
_UNSURE = frozenset({"unlabeled", "unlabelled", "unknown", "unsorted", "none", "todo"})
"""Folders that may hold images of no class."""
_CONTAINERS = frozenset(
    {"data", "dataset", "datasets", "images", "imgs", "img", "photos", "pictures", "classes", "categories", "raw"}
)
"""Folders that hold the classes, if they hold all images."""


def survey_class_folders(names: Iterable[str]) -> Reader:
    """Return a reader for the layout that the names of all image files show."""
    folders = {PurePosixPath(name).parent.parts for name in names}
    outer = _outer_folders(folders)
    nested = [parts[len(outer) :] for parts in folders if parts]
    above = bool(nested) and all(subset_of(parts[0]) for parts in nested) and any(len(parts) > 1 for parts in nested)
    start = 1 if above else 0
    below = [parts[start + 1] for parts in nested if len(parts) > start + 1]
    inside = not above and bool(below) and all(map(subset_of, below)) and all(len(parts) > 1 for parts in nested)
    deeper = sorted(parts for parts in nested if len(parts) > start + 1 + inside)
    unsure = sorted({name for parts in nested if (name := parts[min(start, len(parts) - 1)]).lower() in _UNSURE})
    words = sorted({parts[0] for parts in nested if not above and subset_of(parts[0])})

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
        yield _record(document, len(outer), above=above, inside=inside)

    return read


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


def _record(document: Document, outer: int, *, above: bool, inside: bool) -> Record:
    """Return the mark that an image file stands for; `above` and `inside` say where folders of subsets are."""
    name, parts = document.name, PurePosixPath(document.name).parent.parts[outer:]
    if len(parts) <= above:
        return Record(name, (), name, problem="lies beside the class folders, so it has no class")
    split = subset_of(parts[0 if above else 1]) if above or inside else ""
    return Record(name, (parts[1 if above else 0],), name, split=split or "")
