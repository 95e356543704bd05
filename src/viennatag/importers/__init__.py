"""Registers in: one small reader per format, all of them streaming, and the import they share."""

from viennatag.importers.formats import FORMATS, Format, find_format, recognise
from viennatag.importers.importing import ImportSummary, import_marks

__all__ = ["FORMATS", "Format", "ImportSummary", "find_format", "import_marks", "recognise"]
