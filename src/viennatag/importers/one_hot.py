"""Tables with one 0/1 column per label, as Keras' data frames and many competitions have them."""

from collections.abc import Iterator

from viennatag.data.source_files import Document
from viennatag.errors import DataError
from viennatag.importers.delimited import read_table
from viennatag.importers.record import Record

_IMAGE_COLUMNS = ("image", "filename", "file_name", "file", "path", "image_path", "image_name", "img")
_TRUE = {"1", "1.0", "true", "yes"}
_FALSE = {"0", "0.0", "false", "no", ""}


def read_one_hot(document: Document) -> Iterator[Record]:
    """Yield the marks of one table; all columns but the image's, `id`, `split` and those to ignore are labels.

    Raises:
        DataError: If no column names the image, or a label's column holds anything but 0 and 1.
    """
    with document.open() as stream:
        image_column = None
        labels: list[str] = []
        for number, row in enumerate(read_table(stream), start=2):
            if image_column is None:
                image_column = next((name for name in row if name.lower() in _IMAGE_COLUMNS), None)
                if "codes" in row:
                    raise DataError("this has a column 'codes', so it is a marks table already and needs no import")
                if image_column is None:
                    raise DataError(f"no column names the image; expected one of {', '.join(_IMAGE_COLUMNS)}")
                labels = [name for name in row if name and name not in {image_column, "id", "split", *document.ignore}]
            present = tuple(label for label in labels if _flag(row.get(label, ""), label, number))
            image = row[image_column].strip()
            yield Record(row.get("id", "").strip() or image, present, image)


def _flag(value: str, column: str, number: int) -> bool:
    value = value.strip().lower()
    if value not in _TRUE and value not in _FALSE:
        raise DataError(
            f"row {number:,} has {value[:40]!r} in column {column!r}; expected 0 or 1; leave out a column that is no "
            f"label with --ignore {column}"
        )
    return value in _TRUE
