"""Answers of KIPRIS, the search service of the Korean office, in both of its layouts.

A search lists marks whose `ViennaCode` holds all codes, separated by `|`; the details of one mark
hold one `viennaCodeInfo/viennaCode` for each. Numbers are written without dots.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_RECORDS = frozenset({"item", "trademarkinfo", "trademark", "record"})
_NUMBERS = ("applicationnumber", "registrationnumber", "internationalregisternumber")
_IMAGES = ("imagename", "imagepath", "bigdrawing", "drawing")
_WANTED = frozenset({"viennacode", *_NUMBERS, *_IMAGES})


def read_kipris(document: Document) -> Iterator[Record]:
    """Yield the marks of one answer."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            yield Record(mark.nearest(*_NUMBERS), tuple(mark.texts("viennacode")), next(iter(mark.texts(*_IMAGES)), ""))
