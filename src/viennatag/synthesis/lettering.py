"""Typeset letters, words and numerals from font files as SVG paths, with their sections.

Text is never left to the renderer's own fonts: glyph outlines are placed here, one by one, so that words
can run along arcs and letters can be overlapped, mirrored or replaced by drawings. Ordinary text faces
are no "special form of writing" (27.5.1); every family outside `PLAIN_FAMILIES` counts as one.
"""

import io
import math
import random
import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from viennatag.errors import ArtworkError, require
from viennatag.synthesis.elements import Element, number

_FAMILIES = tomllib.loads(resources.files(__package__).joinpath("fonts.toml").read_text(encoding="utf-8"))
PLAIN_FAMILIES = frozenset(_FAMILIES["plain"].split())
"""Families with ordinary letters."""
SIGNATURE_FAMILIES = frozenset(_FAMILIES["signature"].split())
"""Families for signatures."""

_NEEDED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class FontFile:
    """A font file.

    Attributes:
        path: The file.
        family: The family's name in lower case, words joined by `-`.
        subset: Of the package that holds it, such as `latin` or `japanese`; empty if it is in none.
    """

    path: str
    family: str
    subset: str = ""

    @property
    def special(self) -> bool:
        """Whether a word in it presents a special form of writing."""
        return self.family not in PLAIN_FAMILIES


@dataclass(frozen=True)
class Glyph:
    """One letter's outline: path data in font units, y upwards, how far the next letter stands, and the edges.

    All but the data is in ems, y downwards, with the baseline at 0.
    """

    d: str
    advance: float
    left: float
    top: float
    right: float
    bottom: float


class Typeface:
    """An open font that gives glyphs by character, each outlined once."""

    def __init__(self, path: str) -> None:
        library = require("fontTools.ttLib", "render")
        try:
            self._font: Any = library.TTFont(io.BytesIO(Path(path).read_bytes()), lazy=True)  # leaves no file open
            self._glyphs = self._font.getGlyphSet()
            self._names = self._font.getBestCmap() or {}
            self.scale = 1 / self._font["head"].unitsPerEm
        except (OSError, KeyError, AssertionError, ImportError, library.TTLibError) as exc:
            raise ArtworkError(f"{path}: this font cannot be read ({exc}); use .ttf, .otf or .woff") from exc
        self._outlines: dict[str, Glyph] = {}

    def covers(self, text: Iterable[str]) -> bool:
        """Return whether there is a glyph for every character."""
        return all(ord(character) in self._names for character in text)

    def glyph(self, character: str) -> Glyph:
        """Return the outline of one character; a character that the font lacks is blank."""
        name = self._names.get(ord(character))
        return self._outline(name) if name else Glyph("", 0.3, 0, 0, 0.3, 0)

    def glyph_at(self, index: int) -> Glyph:
        """Return the outline of the glyph with this number in the font."""
        return self._outline(self._font.getGlyphName(index))

    def _outline(self, name: str) -> Glyph:
        if name not in self._outlines:
            self._outlines[name] = self._draw(name)
        return self._outlines[name]

    def _draw(self, name: str) -> Glyph:
        drawn = require("fontTools.pens.svgPathPen", "render").SVGPathPen(self._glyphs, lambda value: f"{value:.0f}")
        extent = require("fontTools.pens.boundsPen", "render").BoundsPen(self._glyphs)
        self._glyphs[name].draw(drawn)
        self._glyphs[name].draw(extent)
        left, low, right, high = extent.bounds or (0, 0, 0, 0)
        edges = (self._glyphs[name].width, left, -high, right, -low)
        return Glyph(drawn.getCommands(), *(edge * self.scale for edge in edges))


open_typeface = lru_cache(maxsize=512)(Typeface)
"""Returns the typeface of a font file, opened once in a process."""


def find_fonts(paths: Iterable[Path | str]) -> tuple[FontFile, ...]:
    """Return the Latin font files below folders, or given as files, sorted by family.

    Packages of `@fontsource` hold many files of one family: of these the upright 400 and 700 (else 900)
    weights of the Latin subset are taken.

    Raises:
        ArtworkError: If a path is missing, or if there is no font below any.
    """
    places = tuple(map(Path, paths))
    found = find_subset_fonts(places, ("latin",), others=True)
    if not found:
        raise ArtworkError(f"no font files (.ttf, .otf, .woff, .woff2) in {', '.join(map(str, places)) or 'no folder'}")
    return found


def find_subset_fonts(
    paths: Iterable[Path | str], subsets: Collection[str], *, others: bool = False
) -> tuple[FontFile, ...]:
    """Return the font files of some subsets of `@fontsource` packages, sorted by family.

    With `others`, font files that are in no such package are returned too.

    Raises:
        ArtworkError: If a path is missing.
    """
    found: dict[str, FontFile] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise ArtworkError(f"{path}: there is no such font file or folder of fonts")
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        for file in files:
            if file.suffix.lower() not in {".ttf", ".otf", ".woff", ".woff2"}:
                continue
            subset = re.fullmatch(r"(.+?)-([a-z]+(?:-ext|-simplified)?|\[?\d+\]?)-(\d{3})-(normal|italic)", file.stem)
            if subset and "files" in file.parts:
                family, script, weight, slope = subset.groups()
                if script not in subsets or slope != "normal" or weight not in {"400", "700", "900"}:
                    continue
                if weight == "900" and file.with_name(file.name.replace("-900-", "-700-")).exists():
                    continue
            elif not others:
                continue
            else:
                script = ""
                family = re.split(r"-(?=regular|bold|italic|medium|light|black)", file.stem.lower())[0]
            family = family.lower().replace(" ", "-").replace("_", "-")
            key = str(file.with_suffix(""))
            if key not in found or file.suffix == ".woff":  # woff2 needs brotli, which may be missing
                found[key] = FontFile(str(file), family, script)
    return tuple(sorted(found.values(), key=lambda font: (font.family, font.path)))


def usable_fonts(fonts: Iterable[FontFile]) -> tuple[FontFile, ...]:
    """Return the fonts that can be opened and hold all Latin letters and digits."""
    usable = []
    for font in fonts:
        with suppress(ArtworkError):
            if Typeface(font.path).covers(_NEEDED):
                usable.append(font)
    if not usable:
        raise ArtworkError(
            "no font can be read and holds all Latin letters and digits; .woff2 needs the package brotli"
        )
    return tuple(usable)


class LetterBox(NamedTuple):
    """The bounding box of a letter in the frame of its word."""

    left: float
    top: float
    right: float
    bottom: float


def set_word(
    font: FontFile, text: str, colours: Sequence[str], *, height: float = 20.0, spacing: float = 0.0,
    slant: float = 0.0, outline: bool = False, sizes: Sequence[float] = (), blank: int | None = None,
) -> tuple[Element, tuple[LetterBox, ...]]:  # fmt: skip
    """Return a word on a straight line, and the boxes of its letters.

    There is a colour, and maybe a size, for each letter; the last colour goes on to the end. `height` is that of a
    capital in units of the frame, `spacing` is added between letters in ems, and letters lean to the right by `slant`
    degrees. The letter at `blank` is left out, for a drawing in its place.
    """
    face = open_typeface(font.path)
    em = height / max(-face.glyph("H").top, 0.3)
    x, parts, spots = 0.0, [], []
    for index, character in enumerate(text):
        glyph = face.glyph(character)
        size = em * (sizes[index] if sizes else 1.0)
        foreground = colours[min(index, len(colours) - 1)]
        if index != blank:
            paint = f'none" stroke="{foreground}" stroke-width="{0.035 / face.scale:.0f}' if outline else foreground
            scale = size * face.scale
            place = f"translate({number(x)} 0) scale({scale:.5g} {-scale:.5g})"
            parts.append(f'<path transform="{place}" d="{glyph.d}" fill="{paint}"/>')
        spots.append(LetterBox(x + glyph.left * size, glyph.top * size, x + glyph.right * size, glyph.bottom * size))
        x += (glyph.advance + spacing) * size
    painted = (spot for spot, character in zip(spots, text, strict=True) if character != " ")
    lefts, tops, rights, bottoms = zip(*painted, strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    lean = math.tan(math.radians(slant))
    left, right = left - max(bottom * lean, 0), right + max(-top * lean, 0)
    skew = f" skewX({number(-slant)})" if slant else ""
    svg = f'<g transform="translate({number(-left)} {number(-top)}){skew}">{"".join(parts)}</g>'
    moved = tuple(LetterBox(spot.left - left, spot.top - top, spot.right - left, spot.bottom - top) for spot in spots)
    return Element(svg, max(right - left, 1e-3), max(bottom - top, 1e-3)), moved


def set_circular(
    font: FontFile, text: str, foreground: str, *, radius: float, height: float, below: bool = False,
    spacing: float = 0.05,
) -> tuple[Element, float]:  # fmt: skip
    """Return a word set around a circle of this radius, and the degrees it takes; the frame holds the circle.

    The feet of the letters stand on the circle; below it, where letters are upright too, their heads touch it. `height`
    is that of a capital, `spacing` in ems.
    """
    face = open_typeface(font.path)
    em = height / max(-face.glyph("H").top, 0.3)
    base = radius + height if below else radius
    turns = [math.degrees((face.glyph(character).advance + spacing) * em / base) for character in text]
    half, centre = sum(turns) / 2, radius + height * 1.3
    angle, parts, scale = -half, [], em * face.scale
    for character, turn in zip(text, turns, strict=True):
        glyph = face.glyph(character)
        middle = angle + turn / 2
        rotation, distance = (-middle, base) if below else (middle, -base)
        parts.append(
            f'<path transform="translate({number(centre)} {number(centre)}) rotate({number(rotation)}) '
            f'translate({number(-glyph.advance * em / 2)} {number(distance)}) scale({scale:.5g} {-scale:.5g})" '
            f'd="{glyph.d}" fill="{foreground}"/>'
        )
        angle += turn
    return Element("".join(parts), 2 * centre, 2 * centre), 2 * half


def letter_codes(text: str) -> frozenset[str]:
    """Return 27.99.1 to 27.99.26 for the Latin letters of a text."""
    return frozenset(f"27.99.{ord(letter) - 64}" for letter in text.upper() if "A" <= letter <= "Z")


def choose_font(fonts: Sequence[FontFile], rng: random.Random, *, special: bool | None = None) -> FontFile:
    """Return a random font, families equally likely; special or ordinary ones only, if requested and available."""
    suited = [font for font in fonts if special is None or font.special is special] or list(fonts)
    family = rng.choice(sorted({font.family for font in suited}))
    return rng.choice([font for font in suited if font.family == family])
