"""Read the images of a shard: paths of files, or bytes from archives."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from viennatag.bulk.sources import DAMAGE, Shard, image_column, open_parquet, open_tar
from viennatag.data.source_files import IMAGE_ENDINGS, Document, image_cell, stat_source_file, zip_documents
from viennatag.errors import DataError, ImageError, require
from viennatag.images.decoding import ImageSource

ImageStream = Iterator[tuple[str, ImageSource | ImageError]]
_ROWS = 64
"""Rows of Parquet that are held at a time."""


class _OpenArchive(NamedTuple):
    key: tuple[str, str]  # its name and stamp
    stream: BinaryIO
    members: tuple[Document, ...] = ()  # of a ZIP archive


class ShardReader:
    """Reads shards one after another.

    The last archive stays open, because its next shard usually follows: a ZIP directory is read once, and a
    compressed TAR is unpacked onwards and not from its start.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._open: _OpenArchive | None = None

    def images(self, shard: Shard) -> ImageStream:
        """Yield the name of each image of a shard, and its path, bytes or error.

        Raises:
            DataError: If the archive is gone, or has changed since the shards were cut.
        """
        path = self.root / shard.name
        if shard.kind == "files":
            yield from ((name, self.root / name) for name in shard.items)
        elif shard.kind == "broken":
            yield shard.name, ImageError(shard.items[0])
        elif stat_source_file(path, shard.name).stamp != shard.stamp:
            raise DataError("the file is gone or has changed since the run was begun")
        elif shard.kind == "parquet":
            yield from _parquet_images(path, shard)
        elif shard.kind == "zip":
            yield from self._zip_images(path, shard)
        else:
            yield from self._tar_images(path, shard)

    def _zip_images(self, path: Path, shard: Shard) -> ImageStream:
        first, last = shard.items
        for member in self._archive(path, shard).members[first:last]:
            try:
                with member.open() as stream:
                    yield member.name, stream.read()
            except DataError as exc:
                yield member.name, ImageError(str(exc))

    def _tar_images(self, path: Path, shard: Shard) -> ImageStream:
        stream = self._archive(path, shard).stream
        for name, offset, size in shard.items:
            try:
                stream.seek(offset)
                content = stream.read(size)
            except DAMAGE as exc:
                yield f"{shard.name}/{name}", ImageError(f"the archive is damaged here ({exc})")
                continue
            whole = len(content) == size
            yield f"{shard.name}/{name}", content if whole else ImageError("the archive is cut off here")

    def _archive(self, path: Path, shard: Shard) -> _OpenArchive:
        wanted = (shard.name, shard.stamp)
        if self._open is None or self._open.key != wanted:
            self.close()
            try:
                if shard.kind == "tar":
                    self._open = _OpenArchive(wanted, open_tar(path))
                else:
                    stream = path.open("rb")
                    self._open = _OpenArchive(wanted, stream, tuple(zip_documents(shard.name, stream, IMAGE_ENDINGS)))
            except OSError as exc:
                raise DataError(f"the file cannot be read: {exc}") from exc
        return self._open

    def close(self) -> None:
        """Close the archive that is open."""
        if self._open is not None:
            self._open.stream.close()
            self._open = None


def _parquet_images(path: Path, shard: Shard) -> ImageStream:
    arrow = require("pyarrow", "data")
    first, last, row = shard.items
    try:
        with open_parquet(path) as parquet:
            column = image_column(parquet.schema_arrow)
            chosen = [column, *(["id"] if "id" in parquet.schema_arrow.names else [])]
            for batch in parquet.iter_batches(_ROWS, row_groups=range(first, last), columns=chosen):
                for values in batch.to_pylist():
                    content, link = image_cell(values[column])
                    name = f"{shard.name}#{row}" if values.get("id") is None else str(values["id"])
                    missing = f"the cell holds no bytes{f', only the path {link!r}' if link else ''}"
                    yield name, ImageError(missing) if content is None else content
                    row += 1
    except (arrow.ArrowException, OSError) as exc:
        raise DataError(f"the file cannot be read: {exc}") from exc
