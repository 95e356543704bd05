"""JSON of the data set TradeMarks2020: one object whose names are the marks' numbers.

Codes have six digits without dots, four where they stop at the division. Images are named by the
number, so they are found by it.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record, code_entries


def read_trademarks2020(document: Document) -> Iterator[Record]:
    """Yield the marks of the file."""
    with document.open() as stream:
        for number, item in read_json_items(stream):
            if not number or not isinstance(item, dict):
                raise DataError("expected an object of objects with 'Codes', named by the marks' numbers")
            yield Record(number, code_entries(item.get("Codes")))
