"""Daily and annual XML of the United States office.

Its design search codes look like Vienna codes and are another list: 01.01.03 is a star with five
points there and two stars here. They are therefore kept as flat labels; `uspto-vienna` translates
the few that mean the same beyond doubt and leaves out the others.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib import resources

from viennatag.data.documents import Document
from viennatag.errors import CodeError
from viennatag.importers.record import Record
from viennatag.importers.register_tables import read_register_table
from viennatag.importers.xml_records import read_xml_records
from viennatag.vienna.codes import parse_code

_RECORDS = frozenset({"casefile"})
_WANTED = frozenset({"serialnumber", "registrationnumber", "code"})


def read_uspto(document: Document) -> Iterator[Record]:
    """Yield the marks of one file, each with its design search codes as `26.17.21`."""
    with document.open() as stream:
        for mark in read_xml_records(stream, records=_RECORDS, wanted=_WANTED):
            codes = (_canonical(code) for code in mark.texts("code", below="designsearch"))
            yield Record(mark.nearest("serialnumber", "registrationnumber"), tuple(codes))


def read_us_table(document: Document) -> Iterator[Record]:
    """Yield the rows of the office's research table of design search codes, one record each; they are joined."""
    for record in read_register_table(document):
        yield replace(record, codes=tuple(map(_canonical, record.codes)))


def read_uspto_as_vienna(document: Document) -> Iterator[Record]:
    """Yield the marks of one file with Vienna codes, where design search codes have an unambiguous one."""
    known = vienna_of_design_codes()
    for record in read_uspto(document):
        yield replace(record, codes=tuple(known[code] for code in record.codes if code in known))


@cache
def vienna_of_design_codes() -> dict[str, str]:
    """Return the Vienna code of each design search code that has an unambiguous one."""
    table = resources.files("viennatag.importers").joinpath("uspto_vienna.tsv").read_text(encoding="utf-8")
    return {row["uspto"]: row["vienna"] for row in csv.DictReader(table.splitlines(), delimiter="\t")}


def _canonical(code: str) -> str:
    try:
        return str(parse_code(code))  # six digits, of which spreadsheets drop the first
    except CodeError:
        return code
