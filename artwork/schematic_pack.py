"""Draw a pack of schematic objects by rule: a robot, a rocket, a key or a box, reduced like in a logo.

    python artwork/schematic_pack.py -o artwork/schematic/schematic

An icon pack shows an object once; logos reduce it to planes, lines and holes, each in its own way. Here every kind of
object (`artwork/schematic/`) is a rule with random choices. It has several forms, and each form is drawn in several
styles: in one colour, in lines, in planes of several tones. The pack has the Iconify JSON format and states the codes
of its drawings. The styles of one form are one group, so that no form is in both the training and the validation
subset.
"""

import argparse
import io
import random
from pathlib import Path
from string import ascii_lowercase

from PIL import Image, ImageDraw

from packs import write_pack
from schematic import KINDS
from schematic.sketch import STYLES, Sketch, deformed
from viennatag.synthesis.assets import rasterise

INFO = {
    "prefix": "schematic",
    "name": "Schematic objects, drawn by rule",
    "author": {"name": "the authors of viennatag"},
    "license": {"title": "As viennatag", "spdx": "Apache-2.0", "url": ""},
}
VIEW = {"left": -8, "top": -8, "width": 116, "height": 116}


def draw(name: str, form: int, style: int) -> str:
    """Return one drawing as SVG."""
    kind, _, turns = KINDS[name]
    sketch = Sketch()
    kind(sketch, random.Random(f"{name}:{form}"))
    rng = random.Random(f"{name}:{form}:{style}")
    return rng.choice(STYLES)(deformed(sketch, rng, mirror="mirror" in turns, tilt="tilt" in turns), rng)


def picture(body: str, side: int) -> Image.Image:
    """Return a drawing in black, or its colours, on white."""
    view = f"{VIEW['left']} {VIEW['top']} {VIEW['width']} {VIEW['height']}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{side}" height="{side}">{body}</svg>'
    drawn = Image.open(io.BytesIO(rasterise(svg))).convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    ground.alpha_composite(drawn)
    return ground.convert("RGB")


def draw_sheet(names: list[str], forms: int, side: int = 72) -> Image.Image:
    """Return a picture with a row for each kind: its forms, each in another style."""
    sheet = Image.new("RGB", (110 + side * forms, side * len(names)), "white")
    text = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        text.text((4, row * side + side // 2 - 6), name, fill="black")
        for form in range(forms):
            sheet.paste(picture(draw(name, form, form), side), (110 + form * side, row * side))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--forms", type=int, default=20, help="of each kind of object, at most 26")
    parser.add_argument("--styles", type=int, default=2, help="of each form")
    parser.add_argument("--only", default="", help="kinds to draw, separated by commas; by default all")
    parser.add_argument("--sheet", type=Path, help="write a picture of all kinds here in place of a pack")
    parser.add_argument("-o", "--out", type=Path, help="folder of the pack")
    options = parser.parse_args()
    if not 1 <= options.forms <= len(ascii_lowercase):
        parser.error(f"--forms is {options.forms}; there are 1 to {len(ascii_lowercase)}, each known by a letter")
    if not options.sheet and not options.out:
        parser.error("say with -o where the pack is to be written, or with --sheet where a picture")
    if unknown := set(filter(None, options.only.split(","))) - KINDS.keys():
        parser.error(f"--only names {', '.join(sorted(unknown))}, of which there is no kind")
    names = [name for name in KINDS if not options.only or name in options.only.split(",")]
    if options.sheet:
        draw_sheet(names, options.forms).save(options.sheet)
        print(f"wrote {options.sheet}: {len(names)} kinds")
        return
    icons = {
        f"{name}-{letter}-{style}": {"body": draw(name, form, style), "codes": KINDS[name][1].split(), **VIEW}
        for name in names
        for form, letter in enumerate(ascii_lowercase[: options.forms])
        for style in range(options.styles)
    }
    write_pack(options.out, INFO, icons)
    print(f"wrote {options.out}: {len(icons):,} drawings of {len(names)} kinds")


if __name__ == "__main__":
    main()
