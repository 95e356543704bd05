"""Import registers: one small streaming reader per format, and the import that they share."""

from viennatag.importers.formats import FORMATS, Format, find_format, recognise_format
from viennatag.importers.importing import ImportSummary, import_marks

__all__ = ["FORMATS", "Format", "ImportSummary", "find_format", "import_marks", "recognise_format"]
