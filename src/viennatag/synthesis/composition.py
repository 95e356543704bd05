"""Compose one mark: which drawings, shapes and words, in which arrangement and colours.

A mark is asked for by a set of sections, as a register's row has them. Drawings are chosen to cover the
pictorial ones, shapes and figures to cover those of form, letters are written as division 27 asks; what
the row leaves open (a word below the device, the colours) is chosen as real marks have it. The finished
mark carries every section that it shows, asked for or not.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.figures import CONTENT, KINDS, choose_kind, draw_figure, draw_outline, kind_codes
from viennatag.synthesis.geometry import GEOMETRY
from viennatag.synthesis.grounds import GROUND_CODES, tinted
from viennatag.synthesis.inscriptions import MONOGRAM_CODES, WORD_CODES, write_line, write_monogram, write_word
from viennatag.synthesis.layouts import (
    add_shapes,
    beside_word,
    draw_badge,
    letter_replaced,
    letter_topped,
    on_page,
    put_together,
    repeated,
    with_strip,
)
from viennatag.synthesis.lettering import choose_font
from viennatag.synthesis.mounts import draw_mounted
from viennatag.synthesis.palettes import Palette, choose_palette, ink_on, luminance
from viennatag.synthesis.pieces import Box, Piece, fitted, in_column, in_row, moved, surface
from viennatag.synthesis.shapes import SHAPES, Inks
from viennatag.synthesis.signs import SIGNS
from viennatag.synthesis.studio import Studio, content_kind, draw_piece
from viennatag.synthesis.words import choose_word
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

SWAPS = {"27.3.2": "human", "27.3.3": "animal", "27.3.11": "plant", "27.3.12": "star", "27.3.15": "thing"}
"""A letter that is a drawing: the section, and what the drawing shows."""

_SHAPES = {**SHAPES, **SIGNS, **GEOMETRY}
_FIGURE_CODES = frozenset().union(*(kind_codes(kind) for kind in KINDS))
_SHAPE_CODES = frozenset().union(*(codes for _, codes in _SHAPES.values()))
OWN_CODES = _FIGURE_CODES | _SHAPE_CODES | GROUND_CODES | WORD_CODES | MONOGRAM_CODES
"""Every section that needs no artwork; colours, which are read from the pixels, are not counted."""

SWAP_CODES = frozenset((*SWAPS, "27.5.7"))
"""Sections of letters that stand for a drawing or carry one: drawn with any artwork of that kind."""

_COUNTED = {"stars": "1.1", "arrows": "24.15", "crosses": "24.13"}
"""Shapes that drawings show too; with both, "one star" would be false."""

_TWO_RINGS = frozenset({"26.1.4", "26.99.4", "26.3.2", "26.4.7", "26.5.2"})
_MANY_RINGS = frozenset({"26.1.5", "26.99.5", "26.3.3", "26.4.8", "26.5.3"})
_MOUNTED = 0.08  # share of single devices without a figure that are put into one, as icons of applications are
_DARK = frozenset({"26.1.24", "26.99.24", "26.3.24", "26.4.24", "26.5.24", "26.2.9", "25.3.99"})
_INNER = {
    "circle": "circle",
    "triangle": "triangle",
    "quadrilateral": "square",
    "polygon": "hexagon",
    "figure": "semicircle",
}


@dataclass(frozen=True)
class Composition:
    """A mark as SVG.

    Attributes:
        svg: The elements.
        width: Of the view box.
        height: Of the view box.
        codes: The sections that it shows, colours not counted.
        boxes: Where the drawings stand, in fractions of the image.
        kind: How it is arranged, in a few words.
        groups: The groups of the drawings in it, main one first.
    """

    svg: str
    width: float
    height: float
    codes: tuple[str, ...]
    boxes: tuple[Box, ...]
    kind: str
    groups: tuple[str, ...]


def compose_mark(studio: Studio, wanted: Collection[str], rng: random.Random, *, colour: float = 0.55) -> Composition:
    """Return a mark that shows the wanted sections, as far as they can be drawn together.

    Args:
        studio: What to draw with.
        wanted: Sections, colours (29.1) among them.
        rng: The source of chance: the same state gives the same mark.
        colour: The share of marks in colour where no colour is asked for.
    """
    return _Desk(studio, frozenset(wanted), rng, choose_palette(rng, wanted=wanted, colour=colour)).compose()


class _Desk:
    """One mark in the making: what is wanted, what was chosen, and a note of how it is arranged."""

    def __init__(self, studio: Studio, wanted: frozenset[str], rng: random.Random, palette: Palette) -> None:
        self.studio, self.wanted, self.rng, self.palette = studio, wanted, rng, palette
        self.notes: list[str] = []
        self.groups: list[str] = []
        self.defs = ""

    def compose(self) -> Composition:
        rng, wanted = self.rng, self.wanted
        framing = wanted & _FIGURE_CODES
        drawings = self._choose_drawings()
        shapes = self._choose_shapes(drawings, framing)
        letters, swaps = wanted & MONOGRAM_CODES, sorted(wanted & SWAP_CODES)
        words = wanted & WORD_CODES
        if not letters and self._asks(framing, 18):
            letters = frozenset({"27.5.21"})
        if self._asks(framing, 17):
            words |= {"27.7.1"}
        has_core = bool(drawings or letters or shapes or swaps)
        has_word = bool(words) or self._asks(framing, 19, 20, 22) or rng.random() < (0.6 if has_core else 0.93)
        has_word = has_word or not (has_core or framing)
        if swaps and not letters:
            has_word, has_core = False, True
        framed = bool(framing) or (bool(drawings) and rng.random() < 0.13)
        scope = self._scope(framing, has_core, has_word) if framed else ""
        kind = choose_kind(framing, rng, wide=scope in {"word", "all"}) if framed else ""
        fill, stroke, ground = self._surface(framing) if framed else ("none", "none", self.palette.paper)
        inside, outside = self._inks(ground), self._inks(self.palette.paper)
        core_inks = inside if scope in {"core", "all"} else outside
        word_inks = inside if scope in {"word", "all"} else outside
        strip = None
        if swaps and not letters:
            core: Piece | None = self._swapped(swaps[0], drawings, core_inks)
        else:
            inner = self._inner(framing, kind)
            core, strip = self._core(drawings, letters, shapes, inner, core_inks, mounted=not framed)
        word = self._word(words, word_inks) if has_word else None
        if scope:
            mark = self._framed(scope, kind, fill, stroke, ground, core, word, strip)
        else:
            mark = self._arranged(core, word, strip)
        return self._finished(mark)

    @staticmethod
    def _asks(framing: Collection[str], *sections: int) -> bool:
        """Return whether a figure is asked to contain what sections of these numbers say."""
        return any(code.startswith("26.") and int(code.rsplit(".", 1)[1]) in sections for code in framing)

    def _choose_drawings(self) -> list[Drawing]:
        """Return three drawings at most that cover the sections which artwork shows."""
        left = [code for code in sorted(self.wanted) if code in self.studio.by_code]
        # Numbers and directions are surer in shapes than in icons, so these mostly leave them to shapes.
        iconic = {division for division in _COUNTED.values() if self.rng.random() < 0.3}
        left = [code for code in left if code not in _SHAPE_CODES or code.rsplit(".", 1)[0] in iconic]
        counted = {division for division in _COUNTED.values() if division not in iconic}
        counted &= {code.rsplit(".", 1)[0] for code in self.wanted & _SHAPE_CODES}
        left = [code for code in left if code.rsplit(".", 1)[0] not in counted]
        self.rng.shuffle(left)
        left.sort(key=lambda code: parse_code(code).category >= FIRST_FORM_CATEGORY)
        chosen: list[Drawing] = []
        while left and len(chosen) < 3:
            drawing = self.studio.choose(left[0], left, self.rng)
            chosen.append(drawing)
            left = [code for code in left if code not in drawing.codes]
        return chosen

    def _choose_shapes(self, drawings: Sequence[Drawing], framing: Collection[str]) -> list[str]:
        """Return two kinds of shapes at most that cover what neither drawings nor a figure around the mark show."""
        shown = {code for drawing in drawings for code in drawing.codes}
        divisions = {parse_code(code).parent for code in shown}
        names = [
            name
            for name, (_, codes) in _SHAPES.items()
            if (asked := self.wanted & codes - shown - set(framing))
            and not (name in _COUNTED and divisions & {parse_code(code).parent for code in asked})
        ]
        self.rng.shuffle(names)
        return names[:2]

    def _scope(self, framing: Collection[str], has_core: bool, has_word: bool) -> str:
        """Return what stands in the figure: `core`, `word`, `all`, or `nothing`."""
        if has_core and has_word:
            if self._asks(framing, 19) and self.rng.random() < 0.8:
                return "word"
            weights = (0.4, 4, 4) if self._asks(framing, 20, 22) else (5, 1, 4)
            return self.rng.choices(("core", "word", "all"), weights)[0]
        return "core" if has_core else "word" if has_word else "nothing"

    def _surface(self, framing: Collection[str]) -> tuple[str, str, str]:
        """Return fill, outline, and the colour that the figure's content stands on."""
        rng, palette = self.rng, self.palette
        dark = bool(_DARK & set(framing))
        if not dark and rng.random() < 0.45:
            return "none", rng.choice(palette.inks), palette.paper
        fill = min(palette.inks, key=luminance) if dark else rng.choice(palette.inks)
        if palette.gradient and not dark:
            name, other = f"fade{rng.randrange(10**6)}", palette.second() if palette.second() != fill else "#ffffff"
            self.defs += (
                f'<linearGradient id="{name}" x2="{rng.choice((0, 1))}" y2="1"><stop offset="0" stop-color="{fill}"/>'
                f'<stop offset="1.6" stop-color="{other}"/></linearGradient>'
            )
            return f"url(#{name})", "none", fill
        return fill, palette.second() if rng.random() < 0.3 and palette.second() != fill else "none", fill

    def _inks(self, ground: str) -> Inks:
        if ground != self.palette.paper:
            main = ink_on(ground, self.palette, self.rng)
            return Inks(main, main, ground)
        main = self.rng.choices(self.palette.inks, (3, 2, 1, 1, 1)[: len(self.palette.inks)])[0]
        others = [ink for ink in self.palette.inks if ink != main]
        return Inks(main, self.rng.choice(others) if others else main, ground)

    def _drawn(self, drawings: Sequence[Drawing], inks: Inks) -> list[Piece]:
        pieces = []
        for index, drawing in enumerate(drawings):
            piece = draw_piece(drawing, inks.second if index % 2 else inks.main, inks.paper, self.palette, self.rng)
            if piece is not None:
                pieces.append(fitted(piece, 100, 100))
                self.groups.append(drawing.group)
        return pieces

    def _inner(self, framing: Collection[str], kind: str) -> str:
        """Return the kind of a figure inside the main one, or beside it, that the sections ask for; mostly none."""
        if not kind:
            return ""
        others = [code for code in sorted(framing) if code not in kind_codes(kind)]
        if others:
            return choose_kind(others, self.rng)
        content = CONTENT[KINDS[kind][0]]
        asked = [name for what, name in _INNER.items() if set(content.get(what, ())) & set(framing)]
        return self.rng.choice(asked) if asked else ""

    def _core(
        self,
        drawings: Sequence[Drawing],
        letters: frozenset[str],
        names: Sequence[str],
        inner: str,
        inks: Inks,
        *,
        mounted: bool,
    ) -> tuple[Piece | None, Piece | None]:
        """Return devices, monogram and shapes as one piece, and lines to be put under a word."""
        rng = self.rng
        if mounted and len(drawings) == 1 and not (letters or names) and rng.random() < _MOUNTED:
            held = draw_mounted(drawings[0], self.palette.paper, self.palette, rng)
            if held is not None:
                self.notes.append("device in a figure of its own")
                self.groups.append(drawings[0].group)
                return held, None
        parts = self._drawn(drawings, inks)
        if parts:
            self.notes.append("device" if len(parts) == 1 else "devices")
        if letters:
            parts.append(fitted(write_monogram(self.studio.fonts, rng, inks, self.wanted | letters), 100, 90))
            self.notes.append("monogram")
        elif len(parts) == 1 and Studio.is_single(drawings[0]) and rng.random() < 0.09:
            several, note = repeated(parts[0], rng)
            parts = [several]
            self.notes.append(note)
        shapes = [_SHAPES[name][0](rng, inks, self.wanted) for name in names]
        strips = [shape for shape in shapes if shape.kinds <= {"line"}]
        solid = [shape for shape in shapes if shape not in strips]
        if inner:
            outline = draw_outline(inner, rng)
            solid.append(draw_figure(outline, None, fill=inks.second, stroke="none", paper=inks.paper))
        if solid and not parts:
            self.notes.append("shape")
        core = add_shapes(put_together(parts, rng) if parts else None, solid, rng)
        return core, strips[0] if strips else None

    def _word(self, words: Collection[str], inks: Inks) -> Piece:
        word = write_word(self.studio.fonts, self.rng, inks, words)
        if "word" in word.kinds and self.rng.random() < 0.22:
            word = in_column((word, write_line(self.studio.fonts, self.rng, inks.main, word.width)), 4)
        return word

    def _swapped(self, code: str, drawings: Sequence[Drawing], inks: Inks) -> Piece:
        """Return a word with a drawing in place of a letter (27.3) or on top of one (27.5.7)."""
        rng, kind = self.rng, SWAPS.get(code)
        pool = self.studio.by_kind.get(kind, ()) if kind else range(len(self.studio.drawings))
        suited = [drawing for drawing in drawings if kind in {None, content_kind(drawing.codes)}]
        if not suited and pool:
            suited = [self.studio.drawings[rng.choice(pool)]]
        others = [drawing for drawing in drawings if drawing not in suited[:1]]
        device = self._drawn(suited[:1], inks)
        if not device:
            return self._word(self.wanted & WORD_CODES, inks)
        font = choose_font(self.studio.fonts, rng, special="27.5.1" in self.wanted)
        text = choose_word(rng, shortest=4, longest=9)
        text = text.upper() if rng.random() < 0.7 else text
        draw_word = letter_topped if kind is None else letter_replaced
        word = draw_word(font, text, device[0], inks.main, rng)
        self.notes.append("device on a letter" if kind is None else "device as letter")
        word = word.showing(code, *(["27.5.1"] if font.special else []), kinds=["word"])
        rest = self._drawn(others, inks)
        return in_column((in_row([fitted(piece, 45, 45) for piece in rest], 6), word), 6) if rest else word

    def _arranged(self, core: Piece | None, word: Piece | None, strip: Piece | None) -> Piece:
        if core is not None and word is not None:
            both, note = beside_word(core, with_strip(word, strip, self.rng), self.rng)
            self.notes.append(note)
            return both
        alone = core or word
        if alone is None:
            assert strip is not None  # a mark without device and word is one of lines
            return strip
        self.notes.append("alone" if core is not None else "word alone")
        return with_strip(alone, strip, self.rng)

    def _framed(
        self,
        scope: str,
        kind: str,
        fill: str,
        stroke: str,
        ground: str,
        core: Piece | None,
        word: Piece | None,
        strip: Piece | None,
    ) -> Piece:
        """Return a figure around the device, the word or both, and what stands outside it."""
        rng, wanted = self.rng, self.wanted
        content, rest = {"word": (word, core), "core": (core, word)}.get(scope, (None, None))
        if scope == "all" or (scope == "nothing" and strip is not None):
            content, strip = self._arranged(core, word, strip), None
        elif content is not None:
            content, strip = with_strip(content, strip, rng), None
        self.notes.append(f"in a {kind}" if content is not None else f"a {kind}")
        around = kind == "seal" or (kind == "circle" and ("26.1.21" in wanted or rng.random() < 0.12))
        if around and scope == "core":
            self.notes.append("words around")
            edge = stroke if stroke != "none" else self.palette.main
            held = draw_badge(kind, content, self.studio.fonts, fill, edge, ground, self.palette, rng)
            return held if rest is None or rng.random() < 0.5 else self._arranged(held, rest, None)
        rings = 3 if wanted & _MANY_RINGS else 2 if wanted & _TWO_RINGS else 1
        if rings == 1 and not wanted & {"26.1.3", "26.99.3", "26.4.5", "26.3.1", "26.5.1"} and rng.random() < 0.15:
            rings = 2
        beyond = scope == "word" and self._asks(wanted & _FIGURE_CODES, 19)
        if beyond and content is not None and fill != "none":  # seen on the figure and on the paper beside it
            content = self._outlined_word(content, fill)
        aspect = content.width / content.height if content is not None else rng.uniform(0.8, 2.2)
        held = draw_figure(
            draw_outline(kind, rng, aspect=aspect), content, fill=fill, stroke=stroke, paper=self.palette.paper,
            rings=rings, thickness=rng.uniform(1.5, 6), beyond=beyond,
        )  # fmt: skip
        return (
            held
            if rest is None
            else self._arranged(held, rest, None)
            if scope == "core"
            else self._arranged(rest, held, None)
        )

    def _outlined_word(self, word: Piece, fill: str) -> Piece:
        ink = next((shade for shade in self.palette.inks if shade != fill), fill)
        again = self._word(self.wanted & WORD_CODES, Inks(ink, ink, self.palette.paper))
        if ink != fill:
            return again
        plate = moved(surface(again.width + 6, again.height + 6, self.palette.paper), -3, -3)
        return Piece(plate + again.svg, again.width, again.height, again.codes, again.kinds, word.boxes)

    def _motif(self) -> Piece | None:
        """Return a pale drawing to cover a ground with, if that is asked for."""
        if "25.7.25" not in self.wanted:
            return None
        rng, single = self.rng, Studio.is_single
        drawing = next(
            (found for found in (rng.choice(self.studio.drawings) for _ in range(20)) if single(found)), None
        )
        if drawing is None:
            return None
        ink = tinted(self.palette.main, rng.uniform(0.2, 0.7))
        piece = draw_piece(drawing, ink, self.palette.paper, self.palette, rng)
        if piece is not None:
            self.groups.append(drawing.group)
        return piece

    def _finished(self, mark: Piece) -> Composition:
        page = on_page(mark, self.palette, self.wanted & GROUND_CODES, self.rng, motif=self._motif())
        if self.wanted & GROUND_CODES:
            self.notes.append("on a ground")
        width, height = page.width, page.height
        boxes = tuple(
            box._replace(
                left=box.left / width, top=box.top / height, width=box.width / width, height=box.height / height
            )
            for box in page.boxes
        )
        svg = f"<defs>{self.defs}</defs>{page.svg}" if self.defs else page.svg
        codes = tuple(str(code) for code in sorted(map(parse_code, page.codes)))
        notes, groups = ", ".join(dict.fromkeys(self.notes)), tuple(dict.fromkeys(self.groups))
        return Composition(svg, width, height, codes, boxes, notes, groups)
