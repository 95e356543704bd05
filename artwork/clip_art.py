"""Make a pack of drawings from the Open Clip Art Library (public domain).

    make clip-art       (needs apt-get and dpkg; downloads the Debian package `openclipart-svg`, 0.18)

`clip_art.tsv` says what each drawing shows; it was written by hand. A row has the file's name, the name that an icon
pack would give it and, where no name of the keyword table fits, its codes. Brands, mascots, scenes, maps, drawings that
nobody can name, copies and very long files are left out. The pack has the Iconify JSON format; only shapes and their
paint are taken from each file.
"""

import argparse
import csv
import re
import xml.etree.ElementTree as ET
from collections import Counter
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from packs import write_pack
from viennatag.synthesis.assets import rasterise

TABLE = Path(__file__).with_suffix(".tsv")
INFO = {
    "prefix": "openclipart",
    "name": "Open Clip Art Library 0.18",
    "author": {"name": "Artists of the Open Clip Art Library"},
    "license": {"title": "Public domain", "spdx": "CC-PDDC", "url": ""},
}
_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
_SHAPES = "g path rect circle ellipse line polyline polygon use defs linearGradient radialGradient stop"
_PAINT = (
    "fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit "
    "stroke-dasharray opacity stop-color stop-opacity display"
)
_PLACE = (
    "id d points x y width height cx cy r rx ry x1 y1 x2 y2 fx fy transform offset gradientTransform gradientUnits "
    "spreadMethod"
)
_DRAWN = frozenset(_SHAPES.split())
_KEPT = frozenset(f"{_PAINT} {_PLACE}".split())
_UNITS = {"pt": 1.25, "pc": 15.0, "mm": 90 / 25.4, "cm": 90 / 2.54, "in": 90.0}  # of 90 to the inch, as Inkscape had it
_PROBE = 256  # pixels in which the edges of a drawing are looked for
_FAINT, _WHITE = 8, 250  # most opacity of what is not seen, least brightness of what is not seen on white


def read_table(table: Path = TABLE) -> list[tuple[str, str, list[str]]]:
    """Return each file's path in the library, its name in the pack and the codes stated for it, if any."""
    with table.open(encoding="utf-8") as file:
        return [(path, name, codes.split()) for path, name, codes in csv.reader(file, delimiter="\t")]


def convert(path: Path) -> dict[str, object] | None:
    """Return one drawing as an icon of Iconify, or None where nothing of it can be drawn."""
    root = ET.fromstring(path.read_bytes())
    body = "".join(map(_cleaned, root))
    bounds = _bounds(body, _page(root))
    if bounds is None:
        return None
    left, top, width, height = (round(value, 2) for value in bounds)
    return {"body": body, "left": left, "top": top, "width": width, "height": height}


def _cleaned(element: ET.Element) -> str:
    """Return an element as SVG with presentation attributes in place of styles and numbers of five digits."""
    tag = str(element.tag).removeprefix(_SVG)
    tag = "g" if tag in {"switch", "a"} else tag
    if tag not in _DRAWN:
        return ""
    found = {name: value for name, value in element.attrib.items() if name in _KEPT}
    for each in element.get("style", "").split(";"):
        name, _, value = (part.strip() for part in each.partition(":"))
        if name in _KEPT and value:
            found[name] = value
    if found.get("display") == "none":
        return ""
    if _XLINK in element.attrib:
        found["xlink:href"] = element.attrib[_XLINK]
    written = "".join(f' {name}="{_written(name, value)}"' for name, value in found.items())
    inside = "".join(map(_cleaned, element))
    return f"<{tag}{written}>{inside}</{tag}>" if inside else f"<{tag}{written}/>"


def _written(name: str, value: str) -> str:
    value = " ".join(value.split())
    if name not in {"id", "xlink:href"}:
        value = re.sub(r"-?\d+\.\d+(?:e-?\d+)?", lambda number: f"{float(number[0]):.5g}", value)
    return escape(value, {'"': "&quot;"})


def _page(root: ET.Element) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in re.split(r"[\s,]+", root.get("viewBox", "").strip()) if number]
    if len(numbers) == 4:
        return numbers[0], numbers[1], numbers[2], numbers[3]
    sides = []
    for side in ("width", "height"):
        found = re.match(r"([\d.]+)\s*([a-z]*)", root.get(side, "")) or re.match(r"(\d+)()", "744")
        assert found is not None
        sides.append(float(found[1]) * _UNITS.get(found[2], 1.0))
    return 0.0, 0.0, sides[0], sides[1]


def _bounds(body: str, page: tuple[float, float, float, float]) -> tuple[float, float, float, float] | None:
    """Return left, top, width and height of what is seen; drawings often stand beside their page."""
    left, top, width, height = page
    left, top, width, height = left - width / 2, top - height / 2, 2 * width, 2 * height
    for _ in range(3):  # each look is nearer
        pixels = _drawn(body, left, top, width, height)
        opaque = pixels[..., 3] > _FAINT
        rows, columns = np.flatnonzero(opaque.any(1)), np.flatnonzero(opaque.any(0))
        if not (opaque & (pixels[..., :3].min(2) < _WHITE)).any():
            return None
        across, down = width / opaque.shape[1], height / opaque.shape[0]
        right, bottom = left + (columns[-1] + 2) * across, top + (rows[-1] + 2) * down
        left, top = left + (columns[0] - 1) * across, top + (rows[0] - 1) * down
        width, height = right - left, bottom - top
    return left, top, width, height


def _drawn(body: str, left: float, top: float, width: float, height: float) -> NDArray[np.uint8]:
    scale = _PROBE / max(width, height)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{max(8, width * scale):.0f}" '
        f'height="{max(8, height * scale):.0f}" preserveAspectRatio="none">{body}</svg>'
    )
    return np.asarray(Image.open(BytesIO(rasterise(svg))).convert("RGBA"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="folder of SVG files")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the pack")
    parser.add_argument("--table", type=Path, default=TABLE, help="which files are taken, and what they show")
    options = parser.parse_args()
    seen = Counter[str]()
    icons: dict[str, dict[str, object]] = {}
    for file, name, codes in read_table(options.table):
        seen[name] += 1
        icon = convert(options.library / file)
        if icon is None:
            print(f"{file}: nothing to be seen")
        else:
            icons[f"{name}-{seen[name]}"] = {**icon, "codes": codes} if codes else icon
    write_pack(options.out, INFO, icons)
    print(f"wrote {options.out}: {len(icons):,} drawings")


if __name__ == "__main__":
    main()
