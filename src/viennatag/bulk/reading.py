"""Give the images of a part: paths of files, or the bytes that a shard holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from viennatag.bulk.sources import DAMAGE, Part, image_column, open_parquet, open_tar
from viennatag.errors import DataError, ImageError, require
from viennatag.images.decoding import ImageSource
from viennatag.importers.hf_parquet import image_cell
from viennatag.importers.image_files import ENDINGS
from viennatag.importers.source import Document, file_part, zip_documents

Images = Iterator[tuple[str, ImageSource | ImageError]]
_ROWS = 64
"""Rows of Parquet that are held at a time."""


@dataclass(frozen=True)
class _Open:
    """A shard that is open: its stream, and a ZIP archive's members."""

    part: tuple[str, str]
    stream: BinaryIO
    members: tuple[Document, ...] = ()


class Reader:
    """Reads parts one after another.

    The last shard stays open, because its next part mostly follows: a ZIP archive's directory is read once,
    and a compressed TAR is unpacked onwards and not from its start.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: _Open | None = None

    def images(self, part: Part) -> Images:
        """Yield the name of each image of a part, and where it is, or why it cannot be read.

        Raises:
            DataError: If the shard is gone, or has changed since the parts were cut.
        """
        if part.kind == "files":
            for name in part.items:
                yield name, self.root / name
            return
        if part.kind == "broken":
            yield part.name, ImageError(part.items[0])
            return
        path = self.root / part.name
        if file_part(path, part.name).stamp != part.stamp:
            raise DataError("the file is gone or has changed since the run was begun")
        if part.kind == "parquet":
            yield from _parquet_images(path, part)
        elif part.kind == "zip":
            yield from self._zip_images(path, part)
        else:
            yield from self._tar_images(path, part)

    def _zip_images(self, path: Path, part: Part) -> Images:
        first, last = part.items
        for member in self._shard(path, part).members[first:last]:
            try:
                with member.open() as stream:
                    yield member.name, stream.read()
            except DataError as exc:
                yield member.name, ImageError(str(exc))

    def _tar_images(self, path: Path, part: Part) -> Images:
        stream = self._shard(path, part).stream
        for name, offset, size in part.items:
            try:
                stream.seek(offset)
                content = stream.read(size)
            except DAMAGE as exc:
                yield f"{part.name}/{name}", ImageError(f"the archive is damaged here ({exc})")
                continue
            whole = len(content) == size
            yield f"{part.name}/{name}", content if whole else ImageError("the archive is cut off here")

    def _shard(self, path: Path, part: Part) -> _Open:
        wanted = (part.name, part.stamp)
        if self._open is None or self._open.part != wanted:
            self.close()
            try:
                if part.kind == "tar":
                    self._open = _Open(wanted, open_tar(path))
                else:
                    stream = path.open("rb")
                    self._open = _Open(wanted, stream, tuple(zip_documents(part.name, stream, ENDINGS)))
            except OSError as exc:
                raise DataError(f"the file cannot be read: {exc}") from exc
        return self._open

    def close(self) -> None:
        """Close the shard that is open."""
        if self._open is not None:
            self._open.stream.close()
            self._open = None


def _parquet_images(path: Path, part: Part) -> Images:
    arrow = require("pyarrow", "data")
    first, last, row = part.items
    try:
        with open_parquet(path) as parquet:
            column = image_column(parquet.schema_arrow)
            chosen = [column, *(["id"] if "id" in parquet.schema_arrow.names else [])]
            for batch in parquet.iter_batches(_ROWS, row_groups=range(first, last), columns=chosen):
                for values in batch.to_pylist():
                    yield _parquet_image(values, column, f"{part.name}#{row}")
                    row += 1
    except (arrow.ArrowException, OSError) as exc:
        raise DataError(f"the file cannot be read: {exc}") from exc


def _parquet_image(values: dict[str, Any], column: str, place: str) -> tuple[str, ImageSource | ImageError]:
    content, path = image_cell(values[column])
    name = place if values.get("id") is None else str(values["id"])
    if content is None:
        return name, ImageError(f"the cell holds no bytes{f', only the path {path!r}' if path else ''}")
    return name, content
