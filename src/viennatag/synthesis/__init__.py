"""Draw synthetic figurative marks whose Vienna codes are known by construction."""

from viennatag.synthesis.artwork import Drawing, Pack, read_artwork
from viennatag.synthesis.draw import RenderOptions, draw_marks, drawable_sections
from viennatag.synthesis.keywords import Keywords, match_codes, normalise, read_keywords
from viennatag.synthesis.lettering import FontFile, find_fonts
from viennatag.synthesis.plain import draw_plain, uncoded_drawings
from viennatag.synthesis.sheet import draw_sheet

__all__ = [
    "Drawing",
    "FontFile",
    "Keywords",
    "Pack",
    "RenderOptions",
    "draw_marks",
    "draw_plain",
    "draw_sheet",
    "drawable_sections",
    "find_fonts",
    "match_codes",
    "normalise",
    "read_artwork",
    "read_keywords",
    "uncoded_drawings",
]
