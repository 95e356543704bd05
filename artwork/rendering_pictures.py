"""Draw the pictures of docs/guide/synthetic-marks.md: drawings in many looks, marks, and the schematic objects.

    python artwork/rendering_pictures.py

Needs `make artwork` and ../shared. The drawings are from game-icons (CC BY 3.0), mdi and noto (Apache-2.0), tabler and
fluent-emoji-flat (MIT) and twemoji (CC BY 4.0).
"""

import argparse
import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

from PIL import Image

from schematic import KINDS
from schematic_pack import draw, picture
from viennatag.synthesis import Drawing, RenderOptions, draw_marks, draw_sheet, read_artwork
from viennatag.synthesis.assets import render_drawing
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.effects import render_pixels
from viennatag.synthesis.elements import Element, fitted, overlaid, surface
from viennatag.synthesis.frames import draw_framed
from viennatag.synthesis.palettes import Palette
from viennatag.synthesis.styles import COLOURED, FILLED, LINED, Style, StyledDrawing, StyleInput, flat

ROOT = Path(__file__).parents[1]
PACKS = ROOT / "artwork/node_modules/@iconify-json"
DRAWN = {
    "game-icons:eagle-head": FILLED, "game-icons:shiny-apple": FILLED, "mdi:cat": FILLED, "tabler:fish": LINED,
    "tabler:cat": LINED, "twemoji:cat": COLOURED, "noto:lion": COLOURED, "fluent-emoji-flat:rooster": COLOURED,
}  # fmt: skip
NAMES = sorted({name.partition(":")[0] for name in DRAWN})
PALETTES = (
    Palette("#ffffff", ("#1b5faa", "#e2451c", "#f5b60d", "#2fa336")),
    Palette("#ffffff", ("#1b2f6a",)),
    Palette("#ffffff", ("#7a1f5c", "#f08a24", "#00857a")),
)
CELL, COLUMNS, IN_FIGURES, MARKS = 88, 12, 3, 40
SMALL, IN_ROW = 36, 27


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    draw_schematic()
    draw_looks()
    draw_sample()


def draw_schematic() -> None:
    """Write one drawing of each kind of schematic object."""
    sheet = Image.new("RGB", (IN_ROW * SMALL, -(-len(KINDS) // IN_ROW) * SMALL), "white")
    for at, name in enumerate(KINDS):
        row, column = divmod(at, IN_ROW)
        sheet.paste(picture(draw(name, at % 4, at), SMALL), (column * SMALL, row * SMALL))
    sheet.quantize(64).save(ROOT / "docs/images/schematic.png", optimize=True)


def draw_sample() -> None:
    """Write a sheet of marks as the EU register has them, of packs that ask for attribution at most."""
    with tempfile.TemporaryDirectory() as folder:
        draw_marks(
            Path(folder) / "marks",
            RenderOptions(count=MARKS, size=172, seed=4),
            artwork=[PACKS / name for name in NAMES],
            fonts=[ROOT / "artwork/node_modules/@fontsource"],
            profile=ROOT.parent / "shared/labels/eu_marks_20k.csv",
        )
        draw_sheet(Path(folder) / "marks", Path(folder) / "sheet.png", count=MARKS)
        with Image.open(Path(folder) / "sheet.png") as sheet:
            smaller = sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4), Image.Resampling.LANCZOS)
        smaller.quantize(128).save(ROOT / "docs/images/rendering-marks.png", optimize=True)


def draw_looks() -> None:
    """Write rows of drawings: a look in each column, and at the end figures of their own."""
    drawings, _ = read_artwork([PACKS / name for name in NAMES])
    by_name = {f"{drawing.pack}:{drawing.name}": drawing for drawing in drawings}
    sheet = Image.new("RGB", (COLUMNS * CELL, len(DRAWN) * CELL), "white")
    for row, (name, table) in enumerate(DRAWN.items()):
        drawing, palette = by_name[name], PALETTES[row % len(PALETTES)]
        ways: list[Callable[[random.Random], Element | None]] = []
        ways += [partial(in_look, drawing, palette, look) for look in list(table)[: COLUMNS - IN_FIGURES]]
        ways += [partial(draw_framed, drawing, "#ffffff", palette)] * (COLUMNS - len(ways))
        for column, way in enumerate(ways):
            piece = way(random.Random(f"{row}:{column}"))
            if piece is not None:
                paper = Element(surface(100, 100, "#ffffff"), 100, 100)
                page = overlaid(paper, fitted(piece, 84, 84))
                mark = Composition(page.svg, 100, 100, (), (), "", ())
                sheet.paste(render_pixels(mark, size=CELL), (column * CELL, row * CELL))
    sheet.quantize(128).save(ROOT / "docs/images/rendering-looks.png", optimize=True)


def in_look(drawing: Drawing, palette: Palette, look: Style, rng: random.Random) -> Element | None:
    """Return a drawing in one look rather than in a look by chance."""

    def only(subject: StyleInput, chance: random.Random) -> StyledDrawing:
        return look(subject, chance) or flat(subject, chance)

    with patch("viennatag.synthesis.assets.apply_style", only):
        return render_drawing(drawing, palette.main, "#ffffff", palette, rng)


if __name__ == "__main__":
    main()
