"""Research tables of registers, with one row per mark and code, of any size.

Those of the United States (`design_search`: `serial_no`, `design_search_cd`) and of Canada, where the code is one
column or three (`Vienna Category`, `Vienna Division`, `Vienna Section`) and names may be English and French.
"""

from collections.abc import Iterator, Mapping, Sequence

from viennatag.data.columns import fold_name
from viennatag.data.documents import Document
from viennatag.errors import DataError
from viennatag.importers.delimited import read_table
from viennatag.importers.record import Record

_NUMBERS = (
    "serialno", "serialnumber", "appno", "applicationnumber", "applicationno", "registrationno", "registrationnumber",
)  # fmt: skip
_EXTENSIONS = ("extno", "extensionnumber")
_CODES = ("designsearchcd", "designsearchcode", "viennacode", "viennaclassificationcode", "viennaclassificationnumber")
_LEVELS = ("viennacategory", "viennadivision", "viennasection")


def read_register_table(document: Document) -> Iterator[Record]:
    """Yield one record for each row; records of one mark are joined.

    Raises:
        DataError: If no column holds the number of the mark, or none its code.
    """
    with document.open() as stream:
        columns: dict[str, str] = {}
        number = ""
        codes: Sequence[str] = ()
        for row in read_table(stream):
            if not columns:
                columns = {_english(name): name for name in reversed(list(row))}
                number, codes = _find_columns(columns)
            extension = next((row[columns[name]].strip() for name in _EXTENSIONS if name in columns), "")
            name = _whole(row[number])
            levels = [_whole(row[each]) for each in codes]
            code = ".".join(levels).rstrip(".")  # one that lacks an upper level, as in `3..11`, is no code
            yield Record(
                name if extension.strip("0") == "" else f"{name}-{extension}", (code,) if code else (), joins=True
            )


def _find_columns(columns: Mapping[str, str]) -> tuple[str, Sequence[str]]:
    """Return the column of the number, and the columns that make up the code."""
    number = next((columns[name] for name in _NUMBERS if name in columns), "")
    code = next((columns[name] for name in _CODES if name in columns), "")
    levels = [next((columns[each] for each in columns if each.startswith(name)), "") for name in _LEVELS]
    if number and (code or levels[0]):
        return number, (code,) if code else tuple(filter(None, levels))
    raise DataError(
        f"no column holds the number of a mark and its code; the columns are "
        f"{', '.join(map(repr, list(columns.values())[:20]))}; expected serial_no and design_search_cd, or an "
        "application number and a Vienna code (category, division and section may be three columns)"
    )


def _whole(cell: str) -> str:
    """Return a cell without the `.0` that data frames add to whole numbers; `26.0` may be a code of two levels."""
    text = cell.strip()
    whole = text.removesuffix(".0")
    return whole if whole.isdecimal() else text


def _english(name: str) -> str:
    """Return the English part of a name such as `Application Number - Numéro de la demande`, folded."""
    return fold_name(name.partition(" - ")[0])
