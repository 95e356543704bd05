"""`results.json` of the data set L3D: 770,000 marks of the EU register.

A mark with one code states it as text, any other as a list. File names end in `.JPG` where the disk
has `.jpg`; some files are missing, some are sound recordings.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record, code_entries


def read_l3d(document: Document) -> Iterator[Record]:
    """Yield the marks of the file; the name of its image is a mark's id."""
    with document.open() as stream:
        for _, item in read_json_items(stream):
            if not isinstance(item, dict):
                raise DataError("expected a list of objects with 'file' and 'vienna_codes'")
            image = str(item.get("file") or "")
            if image or "vienna_codes" in item:
                yield Record(image, code_entries(item.get("vienna_codes")), image)
