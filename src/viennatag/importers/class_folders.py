"""Folders of images, each named by the code or label of what is in it."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from viennatag.data.source_files import Document
from viennatag.importers.record import Record


def read_class_folder(document: Document) -> Iterator[Record]:
    """Yield the mark that an image file stands for; its folder is its only label."""
    folder = PurePosixPath(document.name).parent.name
    yield Record(document.name, (folder,) if folder else (), document.name)
