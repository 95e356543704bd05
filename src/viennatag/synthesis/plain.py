"""Draw single drawings, each alone on its ground, whether anything is known of what they show or not.

A network that learns to reproduce what a teacher sees needs many different pictures more than it needs codes, and
most artwork has no code: its name is in no table.
"""

import csv
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import numpy as np

from viennatag.errors import ArtworkError
from viennatag.files import atomic_file
from viennatag.images.colours import colour_codes
from viennatag.synthesis.artwork import MAX_BODY, Drawing, codes_of, pack_family, read_drawings
from viennatag.synthesis.composition import Composition
from viennatag.synthesis.finish import draw_pixels, encode, wear
from viennatag.synthesis.keywords import read_keywords
from viennatag.synthesis.mounts import draw_mounted
from viennatag.synthesis.palettes import WHITE, choose_palette, contrast, ink_on
from viennatag.synthesis.pieces import Piece, joined, shifted, surface
from viennatag.synthesis.studio import draw_piece, stable_share
from viennatag.vienna.codes import parse_code

_CHUNK = 500
_WEAR = 0.7
_COLOUR = 0.75  # share of marks in colour: more than in registers, which hold many filed in black
_MOUNTED = 0.24  # share of drawings in a figure of their own


def uncoded_drawings(
    artwork: Iterable[Path | str],
    *,
    without_packs: Collection[str] = (),
    without_words: Collection[str] = (),
    allow_share_alike: bool = False,
) -> list[Drawing]:
    """Return one drawing of each group that the keyword table does not know, in an order that mixes packs.

    Args:
        artwork: Folders of packs or of SVG files, see `read_artwork`.
        without_packs: Packs to leave out, with all of their family.
        without_words: First words of names to leave out, such as brands: packs of generic artwork hold some.
        allow_share_alike: Whether share-alike artwork is drawn.

    Raises:
        ArtworkError: If the artwork cannot be used, or nothing is left of it.
    """
    drawings, _ = read_drawings(artwork, allow_share_alike=allow_share_alike)
    coded = codes_of(drawings, read_keywords())
    known = {drawing.group for drawing, codes in zip(drawings, coded, strict=True) if codes}
    families, banned = {pack_family(pack) for pack in without_packs}, {"brand", "logo", *without_words}
    groups: dict[str, Drawing] = {}
    for drawing in sorted(drawings, key=lambda each: stable_share(f"{each.pack}:{each.name}")):
        words = drawing.name.lower().split("-")
        if drawing.group in known or len(drawing.body) > MAX_BODY or pack_family(drawing.pack) in families:
            continue
        if words[0] not in banned and not {"brand", "logo"} & set(words):
            groups.setdefault(drawing.group, drawing)
    if not groups:
        raise ArtworkError("every drawing is in the keyword table or left out; nothing plain is left to draw")
    return list(groups.values())


def draw_plain(
    out: Path | str,
    drawings: Sequence[Drawing],
    *,
    size: int = 256,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Draw each drawing alone into a folder and return the path of their table, `marks.csv`.

    The codes of a mark are those of its drawing, of a figure around it and of its colours; none where nothing is
    known of the drawing, for then figure and colours alone would say that it shows nothing else. Drawings that
    stay blank are left out. The table is written last; a folder that has one is taken as it is.

    Args:
        out: The folder.
        drawings: What to draw.
        size: Pixels of the longer side.
        seed: Of colours, margins and wear.
        progress: Called with the number of drawings done and of all.
    """
    folder = Path(out)
    listing = folder / "marks.csv"
    if not listing.is_file():
        jobs = [
            (str(folder), start, tuple(drawings[start : start + _CHUNK]), size, seed)
            for start in range(0, len(drawings), _CHUNK)
        ]
        names: list[tuple[str, ...]] = []
        with ProcessPoolExecutor(cpu_count(), get_context("spawn")) as pool:  # fork is unsafe beside other threads
            for at, found in enumerate(pool.map(_draw_chunk, jobs), start=1):
                names += found
                if progress:
                    progress(min(at * _CHUNK, len(drawings)), len(drawings))
        with atomic_file(listing) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("image", "codes", "id", "group"))
            table.writerows(names)
    return listing


def _draw_chunk(job: tuple[str, int, tuple[Drawing, ...], int, int]) -> list[tuple[str, ...]]:
    folder, start, drawings, size, seed = job
    rows: list[tuple[str, ...]] = []
    for index, drawing in enumerate(drawings, start=start):
        rng = random.Random(f"{seed}:plain:{index}")
        mark = _compose(drawing, rng)
        if mark is None:
            continue
        image = draw_pixels(mark, size=size)
        codes = sorted({*mark.codes, *colour_codes(np.asarray(image))}, key=parse_code) if drawing.codes else []
        image = wear(image, rng, strength=_WEAR)
        path = Path(folder, f"images/{index // 10_000:02d}/{index:06d}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(image, "png", rng))
        place = path.relative_to(folder).as_posix()
        rows.append((place, ";".join(codes), f"{drawing.pack}:{drawing.name}", drawing.group))
    return rows


def _compose(drawing: Drawing, rng: random.Random) -> Composition | None:
    palette = choose_palette(rng, colour=_COLOUR)
    ground = WHITE if rng.random() < 0.7 else palette.paper if rng.random() < 0.3 else palette.inks[0]
    if rng.random() < _MOUNTED:
        piece = draw_mounted(drawing, ground, palette, rng)
    else:  # on white in the palette's first colour, as marks have it; on a coloured ground in one that is seen there
        ink = palette.inks[0] if contrast(palette.inks[0], ground) > 0.3 else ink_on(ground, palette, rng)
        piece = draw_piece(drawing, ink, ground, palette, rng)
    if piece is None:
        return None
    margin = rng.uniform(2, 25)
    width, height = piece.width + 2 * margin, piece.height + 2 * margin
    whole = Piece(surface(width, height, ground), width, height)
    whole = joined((whole, shifted(piece, margin, margin)), width, height)
    return Composition(whole.svg, width, height, tuple(piece.codes), (), "plain", (drawing.group,))
