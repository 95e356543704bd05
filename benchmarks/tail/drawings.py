"""Open Clip Art (Debian `openclipart-svg`, public domain) as a collection: drawings with their artists' own keywords.

Series of hundreds of alike drawings are left out, and so are keywords that say what a file is for or who drew it.
"""

import csv
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from io import BytesIO
from pathlib import Path

from PIL import Image

from viennatag.data.marks import Marks, read_marks
from viennatag.files import atomic_file
from viennatag.synthesis.assets import rasterise

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "artwork"))
from clip_art import convert  # noqa: E402 - a script in a folder of its own

LIBRARY = ROOT / "work/openclipart/usr/share/openclipart/svg"
"""Where `make clip-art` unpacks the drawings."""
LEAST = 5
"""A keyword of fewer drawings is no label."""
SERIES = frozenset({"magick", "hash", "lemon_theme_icon"})
"""Keywords of thousands of stars drawn by rule, of an icon theme, and of its recoloured copy."""
BOILERPLATE = frozenset({
    "activities", "cartoon", "colour", "icon", "icons", "special", "stock", "theme", "unsorted",
    "united_nations_member", "webpage",
})  # fmt: skip
_KEYWORDS = "{http://purl.org/dc/elements/1.1/}subject"
_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


def draw_clip_art(folder: Path, *, size: int, library: Path = LIBRARY) -> tuple[Marks, Path]:
    """Return the drawings with their keywords, drawn on first use at a size in pixels, and the folder of images."""
    table = folder / "marks.csv"
    if not table.is_file():
        if not library.is_dir():
            raise SystemExit(f"{library}: there is no such folder; run `make clip-art` first")
        folder.mkdir(parents=True, exist_ok=True)
        keywords = {path: _keywords(path) for path in sorted(library.rglob("*.svg"))}
        often = Counter(each for own in keywords.values() for each in own)
        rows = []
        for path, own in keywords.items():
            kept = sorted(each for each in own if often[each] >= LEAST)
            name = "-".join(path.relative_to(library).with_suffix(".png").parts)
            if kept and _drawn(path, folder / name, size):
                rows.append((name, ";".join(kept)))
        with atomic_file(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("image", "codes"), *rows])
    return read_marks(table, taxonomy="flat", images=folder), folder


def _keywords(path: Path) -> set[str]:
    """Return the keywords of a drawing, none of one in a series."""
    items = [item.text or "" for each in ET.parse(path).iter(_KEYWORDS) for item in each.iter(_ITEM)]
    found = {" ".join(item.lower().replace(";", " ").split()) for item in items} - {""}
    return set() if found & SERIES else {each for each in found - BOILERPLATE if "architetto" not in each}


def _drawn(path: Path, out: Path, size: int) -> bool:
    """Draw a file on white, and return whether anything is to be seen."""
    try:
        icon = convert(path)
    except (ValueError, ET.ParseError) as exc:  # the renderer refuses some files
        print(f"{path.name}: {exc}", file=sys.stderr)
        return False
    if icon is None:
        return False
    left, top, width, height = (float(str(icon[name])) for name in ("left", "top", "width", "height"))
    scale = size / max(width, height)
    sides = (max(1, round(width * scale)), max(1, round(height * scale)))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{sides[0]}" height="{sides[1]}">{icon["body"]}</svg>'
    )
    drawing = Image.open(BytesIO(rasterise(svg))).convert("RGBA")
    ground = Image.new("RGBA", drawing.size, "white")
    Image.alpha_composite(ground, drawing).convert("RGB").save(out)
    return True
