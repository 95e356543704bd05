"""Exports of TMview (CSV or JSON) and answers of the EU office's search interface (JSON).

Names of columns differ between exports, in case and blanks too, so each is looked for under all the
names that were seen.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.delimited import read_table
from viennatag.importers.json_items import read_json_items
from viennatag.importers.record import Record, code_entries, stated_edition
from viennatag.importers.xml_records import fold

_CODES = ("viennacodes", "viennacode", "fviennacodes", "viennaclasses", "viennaclass", "viennaclassification")
_NUMBERS = ("st13", "applicationnumber", "registrationnumber")
_IMAGES = (
    "markimageuri", "imagename", "imagefile", "imagefilename", "imageuri", "imageurl", "image", "markimage",
)  # fmt: skip
_MAX_LOOSE = 10_000


def read_tmview(document: Document) -> Iterator[Record]:
    """Yield the marks of one export."""
    with document.open() as stream:
        if stream.peek(64)[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"{", b"["):
            yield from _from_json(read_json_items(stream))
        else:
            yield from _from_table(read_table(stream))


def _from_table(rows: Iterator[dict[str, str]]) -> Iterator[Record]:
    for at, row in enumerate(rows):
        if not at and not any(_folded(name) in _CODES for name in row):
            raise DataError(
                f"the first line names no column of Vienna codes, but {', '.join(map(repr, list(row)[:10]))}; remove "
                "lines above the names of the columns"
            )
        yield _record(row)


def _from_json(items: Iterator[tuple[str, Any]]) -> Iterator[Record]:
    """Yield a list of marks wherever it stands, or the one mark that the outermost object is."""
    single: dict[str, Any] = {}
    for key, item in items:
        if isinstance(item, dict) and fold(key) != "markimage":
            if _is_mark(item):
                yield _record(item)
        elif len(single) < _MAX_LOOSE:
            # read_json_items hands out the members of a list one by one
            single[key] = [*code_entries(single[key]), *code_entries(item)] if key in single else item
    if _is_mark(single):
        yield _record(single)


def _is_mark(item: Mapping[str, Any]) -> bool:
    return any(_folded(key) in {*_NUMBERS, *_CODES} for key in item)


def _record(item: Mapping[str, Any]) -> Record:
    values = {_folded(key): value for key, value in item.items()}
    image = values.get("markimage")
    if isinstance(image, dict):
        values = {**{_folded(key): value for key, value in image.items()}, **values}
    codes = tuple(entry for column in _CODES for entry in code_entries(values.get(column)))
    number = next((str(values[column]) for column in _NUMBERS if values.get(column)), "")
    if number and values.get("tmoffice") and not values.get("st13"):  # offices number their marks alike
        number = f"{values['tmoffice']}-{number}"
    named = next((values[column] for column in _IMAGES if isinstance(values.get(column), str)), "")
    return Record(number, codes, named, stated_edition(codes))


def _folded(name: str) -> str:
    return fold(name).replace(" ", "").replace(".", "")
