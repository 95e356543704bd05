"""Read the images of a shard: paths of files, or bytes from archives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from viennatag.bulk.budgets import MAX_IMAGE, UNFOLDED, BoundedStream, affordable, unfolding_budget
from viennatag.bulk.sources import DAMAGE, Shard, image_column, open_parquet, open_tar
from viennatag.data.cells import image_cell
from viennatag.data.documents import Document, zip_documents
from viennatag.data.source_files import IMAGE_ENDINGS, stat_source_file
from viennatag.errors import DataError, ImageError, require
from viennatag.files import open_plain
from viennatag.images.sources import ImageSource

ImageStream = Iterator[tuple[str, ImageSource | ImageError]]
_ROWS = 64
"""Most rows of Parquet that are held at a time."""
_BATCH_BYTES = 32 << 20
"""Bytes of Parquet that are held at a time."""


class _OpenArchive(NamedTuple):
    key: tuple[str, str]  # its name and stamp
    stream: BinaryIO | BoundedStream
    members: tuple[Document, ...] = ()  # of a ZIP archive
    readable: tuple[bool, ...] = ()  # whether each fits into the archive's budget


class ShardReader:
    """Reads shards one after another.

    The last archive stays open, because its next shard usually follows: a ZIP directory is read once, and a
    compressed TAR is unpacked onwards and not from its start.
    """

    def __init__(self, root: Path, unfolded: int = UNFOLDED) -> None:
        self.root, self._unfolded = root, unfolded
        self._open: _OpenArchive | None = None

    def images(self, shard: Shard) -> ImageStream:
        """Yield the name of each image of a shard, and its path, bytes or error.

        Raises:
            DataError: If the archive is gone, or has changed since the shards were cut.
        """
        path = self.root / shard.name
        if shard.kind == "files":
            yield from ((name, self._file(name)) for name in shard.items)
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

    def _file(self, name: str) -> ImageSource | ImageError:
        """Return the path of an image; a named pipe or a device is not opened, for it may never end."""
        path = self.root / name
        try:
            if path.is_file() or not path.exists():  # a missing file is told of by who opens it
                return path
        except (OSError, ValueError) as exc:
            return ImageError(f"no file can have this name ({exc})")
        return ImageError("this is no plain file")

    def _zip_images(self, path: Path, shard: Shard) -> ImageStream:
        first, last = shard.items
        archive = self._archive(path, shard)
        for member, is_readable in zip(archive.members[first:last], archive.readable[first:last], strict=True):
            if member.size > MAX_IMAGE:
                yield member.name, ImageError(_too_large(member.size))
            elif not is_readable:
                yield member.name, ImageError("the archive unfolds to far more than an archive of images")
            else:
                try:
                    with member.open() as stream:
                        yield member.name, stream.read()
                except (DataError, MemoryError) as exc:
                    yield member.name, ImageError(str(exc) or "there is not enough memory")

    def _tar_images(self, path: Path, shard: Shard) -> ImageStream:
        stream = self._archive(path, shard).stream
        for name, offset, size in shard.items:
            if size > MAX_IMAGE:
                yield f"{shard.name}/{name}", ImageError(_too_large(size))
                continue
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
                    bounded = open_tar(path, self._unfolded)
                    bounded.piece = MAX_IMAGE
                    self._open = _OpenArchive(wanted, bounded)
                else:
                    stream = open_plain(path)
                    members = tuple(zip_documents(shard.name, stream, IMAGE_ENDINGS))
                    budget = unfolding_budget(path.stat().st_size, self._unfolded)
                    readable = tuple(affordable((member.size for member in members), budget))
                    self._open = _OpenArchive(wanted, stream, members, readable)
            except OSError as exc:
                raise DataError(f"the file cannot be read: {exc}") from exc
        return self._open

    def close(self) -> None:
        """Close the archive that is open."""
        if self._open is not None:
            self._open.stream.close()
            self._open = None


def _too_large(size: int) -> str:
    return (
        f"the image has {size:,} bytes, as the archive says; at most {MAX_IMAGE:,} are read from one: unpack it first"
    )


def _parquet_images(path: Path, shard: Shard) -> ImageStream:
    arrow = require("pyarrow", "data")
    first, last, row = shard.items
    try:
        with open_parquet(path) as parquet:
            column = image_column(parquet.schema_arrow)
            chosen = [column, *(["id"] if "id" in parquet.schema_arrow.names else [])]
            for group in range(first, last):
                stated = parquet.metadata.row_group(group)
                budget = unfolding_budget(path.stat().st_size)
                if stated.total_byte_size > budget:
                    raise DataError(
                        f"row group {group:,} unfolds to {stated.total_byte_size:,} bytes; write smaller ones"
                    )
                rows = max(1, min(_ROWS, _BATCH_BYTES * stated.num_rows // max(1, stated.total_byte_size)))
                for batch in parquet.iter_batches(rows, row_groups=[group], columns=chosen):
                    for values in batch.to_pylist():
                        yield _parquet_image(values, column, shard.name, row)
                        row += 1
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as exc:
        raise DataError(f"the file cannot be read: {exc}") from exc


def _parquet_image(values: dict[str, Any], column: str, file: str, row: int) -> tuple[str, ImageSource | ImageError]:
    content, link = image_cell(values[column])
    name = f"{file}#{row}" if values.get("id") is None else str(values["id"])
    if content is None:
        return name, ImageError(f"the cell holds no bytes{f', only the path {link!r}' if link else ''}")
    return name, content if len(content) <= MAX_IMAGE else ImageError(_too_large(len(content)))
