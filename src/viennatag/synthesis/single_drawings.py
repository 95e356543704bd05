"""Draw single drawings, each alone on its background, with or without codes.

Distillation needs many different images more than it needs codes, and most artwork has no code.
"""

import csv
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from viennatag.cores import available_cores
from viennatag.files import atomic_file, safe_cells
from viennatag.images.colours import colour_codes
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.assets import render_drawing
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.effects import degrade, encode, render_pixels
from viennatag.synthesis.elements import moved, surface
from viennatag.synthesis.frames import draw_framed
from viennatag.synthesis.palettes import PLAIN_WHITE, choose_palette, contrasting_colour, lightness_difference
from viennatag.vienna.codes import parse_code

_CHUNK = 500
_DEGRADATION = 0.7
_COLOUR = 0.75  # share of marks in colour: more than in registers, which hold many filed in black
_FRAMED = 0.24  # share of drawings in a figure of their own


def draw_single_drawings(
    out: Path | str,
    drawings: Sequence[Drawing],
    *,
    size: int = 256,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw each drawing alone into a folder and return the path of their table, `marks.csv`.

    The codes of a mark are those of its drawing, of a figure around it and of its colours. A drawing without codes gets
    none at all: codes of figure and colours alone would mean that it shows nothing else. Blank drawings are left out.
    The table is written last; a folder that has one is left as it is. The longer side of an image has `size` pixels.
    """
    folder = Path(out)
    listing = folder / "marks.csv"
    if not listing.is_file():
        starts = range(0, len(drawings), _CHUNK)
        jobs = [(folder, start, tuple(drawings[start : start + _CHUNK]), size, seed) for start in starts]
        rows: list[tuple[str, ...]] = []
        with ProcessPoolExecutor(available_cores(), get_context("spawn")) as pool:  # fork is unsafe here
            for at, found in enumerate(pool.map(_draw_chunk, jobs), start=1):
                rows += found
                if progress:
                    progress(min(at * _CHUNK, len(drawings)), len(drawings))
        with atomic_file(listing) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(map(safe_cells, [("image", "codes", "id", "group"), *rows]))
    return listing


def _draw_chunk(job: tuple[Path, int, tuple[Drawing, ...], int, int]) -> list[tuple[str, ...]]:
    folder, start, drawings, size, seed = job
    rows: list[tuple[str, ...]] = []
    for index, drawing in enumerate(drawings, start=start):
        rng = random.Random(f"{seed}:plain:{index}")
        mark = _compose(drawing, rng)
        if mark is None:
            continue
        image = render_pixels(mark, size=size)
        codes = sorted({*mark.codes, *colour_codes(np.asarray(image))}, key=parse_code) if drawing.codes else []
        image = degrade(image, rng, strength=_DEGRADATION)
        name = f"images/{index // 10_000:02d}/{index:06d}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(image, "png", rng))
        rows.append((name, ";".join(codes), f"{drawing.pack}:{drawing.name}", drawing.group))
    return rows


def _compose(drawing: Drawing, rng: random.Random) -> Composition | None:
    palette = choose_palette(rng, colour=_COLOUR)
    background = PLAIN_WHITE if rng.random() < 0.7 else palette.background if rng.random() < 0.3 else palette.main
    if rng.random() < _FRAMED:
        element = draw_framed(drawing, background, palette, rng)
    else:
        visible = lightness_difference(palette.main, background) > 0.3
        colour = palette.main if visible else contrasting_colour(background, palette, rng)
        element = render_drawing(drawing, colour, background, palette, rng)
    if element is None:
        return None
    margin = rng.uniform(2, 25)
    width, height = element.width + 2 * margin, element.height + 2 * margin
    svg = surface(width, height, background) + moved(element.svg, margin, margin)
    return Composition(svg, width, height, tuple(element.codes), (), "plain", (drawing.group,))
