"""Weekly XML of Brazil's office (Revista da Propriedade Industrial), where codes are attributes.

A mark is a `processo`; its codes are `classes-vienna/classe-vienna[@codigo]`, with the edition in `edicao`.
"""

from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import read_xml_records

_CODE = "classevienna"
_EDITIONS = ("classesvienna@edicao", "classevienna@edicao")
_RECORDS = frozenset({"processo"})
_WANTED = frozenset({_CODE, f"{_CODE}@codigo", *_EDITIONS})


def read_brazil(document: Document) -> Iterator[Record]:
    """Yield the marks of one issue."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            codes = tuple(mark.texts(f"{_CODE}@codigo", _CODE))
            if codes or mark.attributes.get("numero"):
                yield Record(mark.attributes.get("numero", "").strip(), codes, "", mark.nearest(*_EDITIONS))
