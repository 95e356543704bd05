"""Open data of the EU office and of national offices that follow it: XML in a dialect of WIPO ST.66.

Codes stand in `MarkImage/MarkImageCategory/CategoryCodeDetails/CategoryCode`, some offices repeat each
of them several times, and some word marks carry codes too, so the mark's feature is not asked. A category of a stated
kind that is not the Vienna Classification holds other codes, such as the Locarno Classification's 01-01.
"""

import re
from collections.abc import Iterator

from viennatag.data.documents import Document
from viennatag.importers.record import Record
from viennatag.importers.xml_records import XmlRecord, read_xml_records

_CATEGORY = "markimagecategory"
_VIENNA = re.compile("vien|wien|cfe")
"""Kinds of categories of the Vienna Classification, whose French abbreviation is CFE."""
_RECORDS = frozenset({"trademark"})
_WANTED = frozenset(
    {"applicationnumber", "registrationnumber", "markimageuri", "markimagefilename", _CATEGORY, "categorykind",
     "categorycode", "categoryversion"}
)  # fmt: skip


def read_eu_xml(document: Document) -> Iterator[Record]:
    """Yield the marks of one file."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            codes, edition = _vienna_categories(mark, document)
            yield Record(
                mark.nearest("applicationnumber", "registrationnumber"),
                tuple(codes),
                next(iter(mark.texts("markimageuri", "markimagefilename")), ""),
                edition,
                withdrawn=mark.attributes.get("operationcode", "").strip().lower() == "delete",
            )


def _vienna_categories(mark: XmlRecord, document: Document) -> tuple[list[str], str]:
    """Return the Vienna codes of a mark, and their edition; other categories, such as Locarno's, are noted."""
    codes, edition = list[str](), ""
    category: dict[str, list[str]] = {}
    for path, text in [*mark.values, ((_CATEGORY,), "")]:
        if text and any(name.startswith("markimage") for name in path[:-1]):
            category.setdefault(path[-1], []).append(text)
        if path[-1] != _CATEGORY:
            continue
        kind = category.get("categorykind", [""])[0]
        if not kind or _VIENNA.search(kind.lower()):
            codes += category.get("categorycode", ())
            edition = edition or category.get("categoryversion", [""])[0]
        elif found := category.get("categorycode"):
            document.note(f"categories of the kind {kind[:40]!r} are no Vienna codes and left out", found[0])
        category = {}
    return codes, edition
