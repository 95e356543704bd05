"""Trade marks in WIPO ST.96, as the offices of Canada and others deliver them.

A code is spread over `ViennaCategory`, `ViennaDivision` and `ViennaSection`. Some offices write the
whole code into each of the three.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import XmlRecord, read_xml_records

_LEVELS = ("viennacategory", "viennadivision", "viennasection")
_CODE = "viennaclassification"
_EDITION = "viennaclassificationedition"
_NUMBERS = ("applicationnumbertext", "st13applicationnumber", "registrationnumber", "internationalregistrationnumber")
_IMAGES = ("filename", "markimageuri", "imagefileuri")
_RECORDS = frozenset({"trademark"})
_WANTED = frozenset({*_LEVELS, _CODE, _EDITION, *_NUMBERS, *_IMAGES})


def read_st96(document: Document) -> Iterator[Record]:
    """Yield the marks of one file."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            yield Record(
                mark.nearest(*_NUMBERS),
                tuple(_codes(mark)),
                next(iter(mark.texts(*_IMAGES, below="markimage")), ""),
                mark.nearest(_EDITION),
                withdrawn=mark.attributes.get("operationcategory", "").strip().lower() == "delete",
            )


def _codes(mark: XmlRecord) -> Iterator[str]:
    numbers: list[str] = []
    for path, text in [*mark.values, ((_CODE,), "")]:
        if path[-1] in {_CODE, _LEVELS[0]}:  # a classification ends, or the next begins
            if code := ".".join(numbers) or (text if path[-1] == _CODE else ""):
                yield code
            numbers = []
        if path[-1] in _LEVELS and text:
            numbers = [text] if "." in text else [*numbers, text]
