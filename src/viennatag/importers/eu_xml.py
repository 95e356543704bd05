"""Open data of the EU office and of national offices that follow it: XML in a dialect of WIPO ST.66.

Codes stand in `MarkImage/MarkImageCategory/CategoryCodeDetails/CategoryCode`, some offices repeat each
of them several times, and some word marks carry codes too, so the mark's feature is not asked.
"""

from collections.abc import Iterator

from viennatag.data.source_files import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_RECORDS = frozenset({"trademark"})
_WANTED = frozenset(
    {"applicationnumber", "registrationnumber", "categorycode", "categoryversion", "markimageuri", "markimagefilename"}
)


def read_eu_xml(document: Document) -> Iterator[Record]:
    """Yield the marks of one file."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            yield Record(
                mark.nearest("applicationnumber", "registrationnumber"),
                tuple(mark.texts("categorycode", below="markimage")),
                next(iter(mark.texts("markimageuri", "markimagefilename")), ""),
                next(iter(mark.texts("categoryversion", below="markimage")), ""),
                withdrawn=mark.attributes.get("operationcode", "").strip().lower() == "delete",
            )
