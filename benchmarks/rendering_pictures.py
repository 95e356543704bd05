"""Draw the pictures of docs/rendering.md: drawings in many looks and figures, marks, and the schematic objects.

    python benchmarks/rendering_pictures.py

Needs `make artwork` and ../shared. The drawings are from game-icons (CC BY 3.0), mdi and noto (Apache-2.0), tabler and
fluent-emoji-flat (MIT) and twemoji (CC BY 4.0).
"""

import random
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

from PIL import Image

from schematic import KINDS
from schematic_pack import draw, picture
from viennatag.synthesis import Drawing, draw_marks, draw_sheet, read_artwork
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.finish import draw_pixels
from viennatag.synthesis.looks import COLOURED, FILLED, LINED, Look, flat
from viennatag.synthesis.mounts import draw_mounted
from viennatag.synthesis.palettes import Palette
from viennatag.synthesis.pieces import Piece, fitted, laid_over, surface
from viennatag.synthesis.studio import draw_piece
from viennatag.synthesis.subject import Looked, Subject

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
    draw_schematic()
    draw_looks()
    draw_sample()


def draw_schematic() -> None:
    """Write one drawing of each kind of schematic object."""
    sheet = Image.new("RGB", (IN_ROW * SMALL, -(-len(KINDS) // IN_ROW) * SMALL), "white")
    for at, name in enumerate(KINDS):
        row, column = divmod(at, IN_ROW)
        sheet.paste(picture(draw(name, at % 4, at), SMALL), (column * SMALL, row * SMALL))
    sheet.quantize(64).save(ROOT / "docs/schematic.png", optimize=True)


def draw_sample() -> None:
    """Write a sheet of marks as the EU register has them, of packs that ask for attribution at most."""
    with tempfile.TemporaryDirectory() as folder:
        draw_marks(
            Path(folder) / "marks",
            artwork=[PACKS / name for name in NAMES],
            fonts=[ROOT / "artwork/node_modules/@fontsource"],
            count=MARKS,
            profile=ROOT.parent / "shared/labels/eu_marks_20k.csv",
            size=172,
            seed=4,
        )
        draw_sheet(Path(folder) / "marks", Path(folder) / "sheet.png", count=MARKS)
        with Image.open(Path(folder) / "sheet.png") as sheet:
            smaller = sheet.resize((sheet.width * 3 // 4, sheet.height * 3 // 4), Image.Resampling.LANCZOS)
        smaller.quantize(128).save(ROOT / "docs/rendering-marks.png", optimize=True)


def draw_looks() -> None:
    """Write rows of drawings: a look in each column, and at the end figures of their own."""
    drawings, _ = read_artwork([PACKS / name for name in NAMES])
    by_name = {f"{drawing.pack}:{drawing.name}": drawing for drawing in drawings}
    sheet = Image.new("RGB", (COLUMNS * CELL, len(DRAWN) * CELL), "white")
    for row, (name, table) in enumerate(DRAWN.items()):
        drawing, palette = by_name[name], PALETTES[row % len(PALETTES)]
        ways: list[Callable[[random.Random], Piece | None]] = []
        ways += [partial(in_look, drawing, palette, look) for look in list(table)[: COLUMNS - IN_FIGURES]]
        ways += [partial(draw_mounted, drawing, "#ffffff", palette)] * (COLUMNS - len(ways))
        for column, way in enumerate(ways):
            piece = way(random.Random(f"{row}:{column}"))
            if piece is not None:
                paper = Piece(surface(100, 100, "#ffffff"), 100, 100)
                page = laid_over(paper, fitted(piece, 84, 84))
                mark = Composition(page.svg, 100, 100, (), (), "", ())
                sheet.paste(draw_pixels(mark, size=CELL), (column * CELL, row * CELL))
    sheet.quantize(128).save(ROOT / "docs/rendering-looks.png", optimize=True)


def in_look(drawing: Drawing, palette: Palette, look: Look, rng: random.Random) -> Piece | None:
    """Return a drawing in one look rather than in a look by chance."""

    def only(subject: Subject, chance: random.Random) -> Looked:
        return look(subject, chance) or flat(subject, chance)

    with patch("viennatag.synthesis.studio.give_look", only):
        return draw_piece(drawing, palette.main, "#ffffff", palette, rng)


if __name__ == "__main__":
    main()
