"""Draw synthetic figurative marks whose Vienna codes are known by construction."""

from viennatag.synthesis.artwork import Drawing, Pack, read_artwork
from viennatag.synthesis.draw import RenderOptions, draw_marks, drawable_sections
from viennatag.synthesis.keywords import Keywords, match_codes, normalise, read_keywords
from viennatag.synthesis.lettering import FontFile, find_fonts
from viennatag.synthesis.sheet import draw_sheet
from viennatag.synthesis.single_drawings import draw_single_drawings

__all__ = [
    "Drawing",
    "FontFile",
    "Keywords",
    "Pack",
    "RenderOptions",
    "draw_marks",
    "draw_sheet",
    "draw_single_drawings",
    "drawable_sections",
    "find_fonts",
    "match_codes",
    "normalise",
    "read_artwork",
    "read_keywords",
]
