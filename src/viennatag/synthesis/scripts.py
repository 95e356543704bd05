"""Words in scripts other than Latin, shaped as each script joins its letters, with their divisions of category 28."""

import io
import random
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from viennatag.errors import ArtworkError, require
from viennatag.synthesis.elements import Element, in_column, in_row, number
from viennatag.synthesis.lettering import FontFile, find_subset_fonts, open_typeface


@dataclass(frozen=True)
class Script:
    """A script: what a word in it is coded as, the subsets of font packages that hold it, and how often it is drawn.

    Invented words are joined from pieces; `lengths` are the fewest and most of a word.
    """

    code: str
    subsets: tuple[str, ...]
    weight: float
    lengths: tuple[int, int]
    pieces: tuple[str, ...]

    @property
    def is_square(self) -> bool:
        """Whether its characters stand alone on squares, so that words may run downwards too."""
        return self.code == "28.3" or "korean" in self.subsets


SCRIPTS = {
    name: Script(row["code"], tuple(row["subsets"]), row["weight"], tuple(row["lengths"]), tuple(row["pieces"].split()))
    for name, row in tomllib.loads(
        resources.files(__package__).joinpath("scripts.toml").read_text(encoding="utf-8")
    ).items()
}
SCRIPT_CODES = frozenset(script.code for script in SCRIPTS.values())


def find_script_fonts(paths: Iterable[Path | str]) -> dict[str, tuple[FontFile, ...]]:
    """Return the fonts of each script below folders of `@fontsource` packages that hold all of its letters.

    Raises:
        ArtworkError: If there is none for any script.
    """
    paths = tuple(paths)
    fonts = find_subset_fonts(paths, {subset for script in SCRIPTS.values() for subset in script.subsets})
    found = {}
    for name, script in SCRIPTS.items():
        letters = set("".join(script.pieces))
        if own := tuple(font for font in fonts if font.subset in script.subsets and _covers(font, letters)):
            found[name] = own
    if not found:
        raise ArtworkError(
            f"no font of a script other than Latin in {', '.join(map(str, paths))}; marks like those of registers need "
            "packages such as @fontsource/noto-sans-jp (npm install), with their folder `files`"
        )
    return found


def _covers(font: FontFile, letters: Iterable[str]) -> bool:
    with suppress(ArtworkError):
        return open_typeface(font.path).covers(letters)
    return False


def write_script_word(
    fonts: Mapping[str, Sequence[FontFile]], rng: random.Random, colour: str, *, second: str | None = None
) -> Element:
    """Return an invented word in one of these scripts, 20 units high as capitals are, sometimes running downwards.

    Some of the characters of scripts whose characters stand alone have the second colour.
    """
    name = rng.choices(list(fonts), [SCRIPTS[each].weight for each in fonts])[0]
    script, font = SCRIPTS[name], rng.choice(fonts[name])
    pieces = rng.choices(script.pieces, k=rng.randint(*script.lengths))
    outline = rng.random() < 0.06
    if script.is_square and rng.random() < 0.3:
        inks = [second or colour if rng.random() < 0.3 else colour for _ in pieces]
        letters = [set_shaped(font, each, ink, outline=outline) for each, ink in zip(pieces, inks, strict=True)]
        word = in_column(letters, 2) if rng.random() < 0.7 else in_row(letters, rng.uniform(0, 6))
    else:
        word = set_shaped(font, "".join(pieces), colour, outline=outline)
    return word.with_codes(script.code, kinds=["word"])


def set_shaped(font: FontFile, text: str, colour: str, *, height: float = 20.0, outline: bool = False) -> Element:
    """Return a word of any script on a straight line; `height` is that of most of its letters."""
    face = open_typeface(font.path)
    x, parts, boxes = 0.0, [], []
    for index, right, down, advance in _shape(font.path, text):
        glyph = face.glyph_at(index)
        left, top = x + right * face.scale, -down * face.scale
        parts.append(
            f'<path transform="translate({number(left / face.scale)} {number(-top / face.scale)})" d="{glyph.d}"/>'
        )
        boxes.append((left + glyph.left, top + glyph.top, left + glyph.right, top + glyph.bottom))
        x += advance * face.scale
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    em = height / 0.75
    scale = em * face.scale
    paint = f'fill="none" stroke="{colour}" stroke-width="{0.035 / face.scale:.0f}"' if outline else f'fill="{colour}"'
    place = f"translate({number(-left * em)} {number(-top * em)}) scale({scale:.5g} {-scale:.5g})"
    svg = f'<g transform="{place}" {paint}>{"".join(parts)}</g>'
    return Element(svg, max((right - left) * em, 1e-3), max((bottom - top) * em, 1e-3))


_shapers: dict[str, Any] = {}


def _shape(path: str, text: str) -> list[tuple[int, float, float, float]]:
    """Return number, offsets and advance of each glyph that a text is set with, in font units."""
    harfbuzz = require("uharfbuzz", "render")
    if path not in _shapers:
        font = require("fontTools.ttLib", "render").TTFont(path)
        font.flavor, plain = None, io.BytesIO()  # the shaper reads no compressed fonts
        font.save(plain)
        _shapers[path] = harfbuzz.Font(harfbuzz.Face(plain.getvalue()))
    shaper, buffer = _shapers[path], harfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    harfbuzz.shape(shaper, buffer)
    return [
        (info.codepoint, place.x_offset, place.y_offset, place.x_advance)
        for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
    ]
