"""International registrations: ROMARIN's records and the notices of the Madrid system, in WIPO's own XML.

A record is `MARKGR`, a notice an element such as `BIRTH`; both state the number in `INTREGN`, codes in
`VIENNAGR/VIECLAI` and `VIECLA3`, and the image in the attributes of `IMAGE`. A notice about something else states no
codes and takes none away.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_MARKS = frozenset({"markgr", "birth"})
_NOTICES = frozenset({"created", "newbase", "newname", "prolong", "correctn", "processed", "restrict", "paidext"})
_CODES = ("vieclai", "viecla3")
_WANTED = frozenset({*_CODES, "vienver", "intregn", "image@name", "image@type"})


def read_madrid(document: Document) -> Iterator[Record]:
    """Yield the registrations of one file."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_MARKS | _NOTICES, wanted=_WANTED):
            number = mark.attributes.get("intregn", "").strip() or mark.nearest("intregn")
            codes = tuple(mark.texts(*_CODES, below="viennagr"))
            if number and (codes or not {"trantyp", "doctyp"} & set(mark.attributes)):
                yield Record(
                    number,
                    codes,
                    _image(mark.nearest("image@name"), mark.nearest("image@type")),
                    mark.nearest("vienver"),
                )


def _image(name: str, kind: str) -> str:
    return f"{name}.{kind.lower()}" if name and kind and "." not in name else name
