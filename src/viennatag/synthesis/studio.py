"""What a mark can be drawn with: drawings by section, fonts, and how one drawing becomes a piece."""

import hashlib
import io
import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viennatag.errors import require
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.lettering import FontFile
from viennatag.synthesis.looks import give_look
from viennatag.synthesis.palettes import BLACK, Palette, channels, contrast
from viennatag.synthesis.pieces import Box, Piece, number
from viennatag.synthesis.subject import Subject
from viennatag.vienna.codes import parse_code

_SEEN = 0.12  # difference of lightness from which an ink is seen on its ground
_SAMPLE = 64  # pixels of the picture that a drawing's ink is measured on


_NUMBERED = frozenset({"1.1", "5.1", "5.3", "5.5", "14.5", "22.3", "24.5", "24.7", "24.9", "24.15"})
"""Divisions with sections for one, two and more of a thing: such a drawing is not repeated."""


@dataclass(frozen=True)
class Studio:
    """Drawings and fonts of one part (training, validation or test).

    Attributes:
        drawings: What there is to draw.
        fonts: What there is to write with.
    """

    drawings: tuple[Drawing, ...]
    fonts: tuple[FontFile, ...]

    @cached_property
    def by_code(self) -> dict[str, dict[str, list[int]]]:
        """For each section the groups that show it, for each group its drawings."""
        found: dict[str, dict[str, list[int]]] = {}
        for index, drawing in enumerate(self.drawings):
            for code in drawing.codes:
                found.setdefault(code, {}).setdefault(drawing.group, []).append(index)
        return found

    @cached_property
    def by_kind(self) -> dict[str, list[int]]:
        """For each kind of content the drawings that show it."""
        found: dict[str, list[int]] = {}
        for index, drawing in enumerate(self.drawings):
            found.setdefault(content_kind(drawing.codes), []).append(index)
        return found

    @staticmethod
    def is_single(drawing: Drawing) -> bool:
        """Return whether a drawing may be repeated in a mark: its sections say nothing of numbers."""
        return not {code.rsplit(".", 1)[0] for code in drawing.codes} & _NUMBERED

    def choose(self, code: str, wanted: Collection[str], rng: random.Random) -> Drawing:
        """Return a drawing that shows a section: of two the one that shows more of what is wanted.

        Groups, not drawings, are equally likely: else the pack with most styles would be everywhere.
        """
        groups = self.by_code[code]
        names = list(groups)
        best: tuple[float, Drawing] | None = None
        for _ in range(3 if len(wanted) > 1 else 1):
            drawing = self.drawings[rng.choice(groups[rng.choice(names)])]
            hits = len(set(drawing.codes) & set(wanted)) + rng.random() * 0.5
            if best is None or hits > best[0]:
                best = (hits, drawing)
        assert best is not None
        return best[1]


_KINDS = {1: "star", 2: "human", 3: "animal", 4: "animal", 5: "plant"}


def content_kind(codes: Iterable[str]) -> str:
    """Return what containers call a drawing with these sections: `star`, `human`, `animal`, `plant` or `thing`."""
    categories = [parse_code(code).category for code in codes]
    return next((_KINDS[category] for category in (2, 3, 4, 5, 1) if category in categories), "thing")


def draw_piece(drawing: Drawing, ink: str, ground: str, palette: Palette, rng: random.Random) -> Piece | None:
    """Return a drawing as a piece cut to its ink, None if nothing of it is seen.

    Args:
        drawing: A drawing in one colour takes the ink; one with colours keeps them or is toned with it.
        ink: The colour.
        ground: The colour that it stands on.
        palette: Of the mark; a palette without colours takes the colours from the drawing.
        rng: The source of chance.
    """
    left, top, width, height = _inked(drawing)
    if width <= 0 or height <= 0:
        return None
    x, y = drawing.view[0] + left * drawing.view[2], drawing.view[1] + top * drawing.view[3]
    frame = (x, y, width * drawing.view[2], height * drawing.view[3])
    others = [shade for shade in palette.inks if shade != ink and contrast(shade, ground) > _SEEN]
    subject = Subject(
        drawing.body, drawing.mono, frame, (ink, *others), ground, _without_colour(palette),
        partial(_coverage, drawing, frame),
    )  # fmt: skip
    looked = give_look(subject, rng)
    margin = looked.beyond * subject.reach
    wide, high = frame[2] + 2 * margin, frame[3] + 2 * margin
    scale = 100 / max(wide, high)
    body = _own_names(looked.svg, f"d{rng.randrange(10**6)}")
    place = f"scale({scale:.5g}) translate({number(margin - x)} {number(margin - y)})"
    svg = f'<g transform="{place}"' + (f' color="{ink}">' if drawing.mono else ">") + f"{body}</g>"
    edge = margin * scale  # shadows and rims are no part of what is shown
    box = Box(drawing.pack, drawing.name, drawing.codes, edge, edge, frame[2] * scale, frame[3] * scale)
    codes = frozenset(drawing.codes)
    return Piece(svg, wide * scale, high * scale, codes, frozenset({content_kind(codes)}), (box,))


def _without_colour(palette: Palette) -> bool:
    return all(_is_grey(ink) for ink in (*palette.inks, palette.paper))


def _is_grey(colour: str) -> bool:
    levels = channels(colour)
    return max(levels) - min(levels) < 24


def _own_names(body: str, prefix: str) -> str:
    """Return SVG whose ids are prefixed, so that two drawings in one mark do not use each other's gradients."""
    if ' id="' not in body:
        return body
    body = re.sub(r' id="([^"]+)"', rf' id="{prefix}\1"', body)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", body)


@lru_cache(maxsize=65_536)
def _inked(drawing: Drawing) -> tuple[float, float, float, float]:
    """Return left, top, width and height of a drawing's ink as fractions of its view box; zeros if it is blank."""
    try:
        alpha = _sampled(drawing, drawing.view, _SAMPLE, _SAMPLE) > 40
    except ValueError:
        return 0.0, 0.0, 0.0, 0.0
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not rows.size:
        return 0.0, 0.0, 0.0, 0.0
    return (
        float(columns[0]) / _SAMPLE,
        float(rows[0]) / _SAMPLE,
        float(columns[-1] + 1 - columns[0]) / _SAMPLE,
        float(rows[-1] + 1 - rows[0]) / _SAMPLE,
    )


def _sampled(drawing: Drawing, frame: tuple[float, float, float, float], columns: int, rows: int) -> NDArray[np.uint8]:
    """Return how opaque a drawing is within a frame, 0 to 255, shape (rows, columns)."""
    left, top, width, height = frame
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}" width="{columns}" height="{rows}" '
        f'preserveAspectRatio="none" color="{BLACK}">'
        f"{drawing.body}</svg>"
    )
    return np.asarray(Image.open(io.BytesIO(rasterise(svg))).convert("RGBA"))[..., 3]


def _coverage(drawing: Drawing, frame: tuple[float, float, float, float], columns: int) -> NDArray[np.float64]:
    """Return which share of each cell of a frame is inked; the cells are about square."""
    rows = max(1, round(columns * frame[3] / frame[2]))
    fine = _sampled(drawing, frame, 4 * columns, 4 * rows) / 255
    return np.asarray(fine.reshape(rows, 4, columns, 4).mean(axis=(1, 3)))


def rasterise(svg: str) -> bytes:
    """Return SVG drawn as PNG bytes.

    Raises:
        ValueError: If the renderer refuses the SVG.
    """
    # The system's fonts are never needed and take half a second to scan.
    return bytes(require("resvg_py", "render").svg_to_bytes(svg_string=svg, skip_system_fonts=True))


def stable_share(text: str) -> float:
    """Return a number in [0, 1) that depends on a text only; the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48


def part_of(drawings: Sequence[Drawing], *, share: float) -> dict[str, str]:
    """Return `train` or `validation` for each group, so that no section loses most of its groups to validation."""
    sizes: dict[str, set[str]] = {}
    codes_of: dict[str, set[str]] = {}
    for drawing in drawings:
        codes_of.setdefault(drawing.group, set()).update(drawing.codes)
        for code in drawing.codes:
            sizes.setdefault(code, set()).add(drawing.group)
    room = {code: int(len(groups) * share + 0.5) for code, groups in sizes.items()}
    parts = {}
    for group in sorted(codes_of, key=stable_share):
        if all(room[code] > 0 for code in codes_of[group]):
            for code in codes_of[group]:
                room[code] -= 1
            parts[group] = "validation"
        else:
            parts[group] = "train"
    return parts
