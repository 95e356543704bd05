"""Compose one mark: drawings, shapes and words, their layout and colours.

A mark is asked for by a set of sections, as a register's row has them. What the row leaves open (a word below the
device, the colours) is chosen as real marks have it. A mark carries every section that it shows, asked for or not.
"""

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from viennatag.errors import ArtworkError
from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.assets import Assets, content_kind, render_drawing
from viennatag.synthesis.backgrounds import BACKGROUND_CODES
from viennatag.synthesis.elements import Bounds, Element, fitted, gradient, in_column, in_row, moved, surface
from viennatag.synthesis.figures import CONTENT, KINDS, choose_kind, draw_figure, draw_outline, kind_codes
from viennatag.synthesis.frames import draw_framed
from viennatag.synthesis.geometry import GEOMETRY
from viennatag.synthesis.inscriptions import MONOGRAM_CODES, WORD_CODES, write_line, write_monogram, write_word
from viennatag.synthesis.layouts import (
    add_shapes,
    beside_word,
    combined,
    covered,
    draw_badge,
    multiplied,
    on_background,
    repeated,
    replace_letter,
    top_letter,
    with_strip,
)
from viennatag.synthesis.lettering import choose_font
from viennatag.synthesis.palettes import Palette, choose_palette, contrasting_colour, lighten, luminance
from viennatag.synthesis.shapes import SHAPES, SIGNS, Colours
from viennatag.synthesis.vocabulary import choose_word
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

SWAPS = {"27.3.2": "human", "27.3.3": "animal", "27.3.11": "plant", "27.3.12": "star", "27.3.15": "thing"}
"""Sections of a drawing in place of a letter, with its kind of content."""

_SHAPES = {**SHAPES, **SIGNS, **GEOMETRY}
_FIGURE_CODES = frozenset().union(*(kind_codes(kind) for kind in KINDS))
_SHAPE_CODES = frozenset().union(*(codes for _, codes in _SHAPES.values()))
OWN_CODES = _FIGURE_CODES | _SHAPE_CODES | BACKGROUND_CODES | WORD_CODES | MONOGRAM_CODES
"""Every section that needs no artwork, without colours, which are read from the pixels."""

SWAP_CODES = frozenset((*SWAPS, "27.5.7"))
"""Sections of drawings as letters or on letters: drawn with any artwork of that kind."""

_COUNTED = {"stars": "1.1", "arrows": "24.15", "crosses": "24.13"}
"""Shapes that drawings may show too; with both, "one star" would be wrong."""

_TWO_RINGS = frozenset({"26.1.4", "26.99.4", "26.3.2", "26.4.7", "26.5.2"})
_MANY_RINGS = frozenset({"26.1.5", "26.99.5", "26.3.3", "26.4.8", "26.5.3"})
_FRAMED = 0.08  # share of single devices without a figure that are put into one, like app icons
_DARK = frozenset({"26.1.24", "26.99.24", "26.3.24", "26.4.24", "26.5.24", "26.2.9", "25.3.99"})
_INNER = {
    "circle": "circle", "triangle": "triangle", "quadrilateral": "square", "polygon": "hexagon", "figure": "semicircle",
}  # fmt: skip


@dataclass(frozen=True)
class Composition:
    """A mark as SVG, with the size of its view box, its sections without colours, and its layout in a few words.

    Boxes of the drawings are fractions of the image; groups of the drawings begin with the main one.
    """

    svg: str
    width: float
    height: float
    codes: tuple[str, ...]
    boxes: tuple[Bounds, ...]
    kind: str
    groups: tuple[str, ...]


def compose_mark(assets: Assets, wanted: Collection[str], rng: random.Random, *, colour: float = 0.55) -> Composition:
    """Return a mark that shows the wanted sections, colours (29.1) among them, as far as they can be drawn together.

    The same state of `rng` gives the same mark. `colour` is the share of marks in colour where none is asked for.
    """
    return _Composer(assets, frozenset(wanted), rng, choose_palette(rng, wanted=wanted, colour=colour)).compose()


class NothingDrawnError(ArtworkError):
    """A mark would be empty, because no drawing that was chosen for it shows anything."""


class _Composer:
    """Composes one mark, and notes its layout and the groups of its drawings."""

    def __init__(self, assets: Assets, wanted: frozenset[str], rng: random.Random, palette: Palette) -> None:
        self.assets, self.wanted, self.rng, self.palette = assets, wanted, rng, palette
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
        fill, stroke, background = self._surface(framing) if framed else ("none", "none", self.palette.background)
        inside, outside = self._inks(background), self._inks(self.palette.background)
        core_inks = inside if scope in {"core", "all"} else outside
        word_inks = inside if scope in {"word", "all"} else outside
        strip = None
        if swaps and not letters:
            core: Element | None = self._swapped(swaps[0], drawings, core_inks)
        else:
            inner = self._inner(framing, kind)
            core, strip = self._core(drawings, letters, shapes, inner, core_inks, may_frame=not framed)
        word = self._word(words, word_inks) if has_word else None
        if scope:
            mark = self._framed(scope, kind, fill, stroke, background, core, word, strip)
        else:
            mark = self._arranged(core, word, strip)
        return self._finished(mark)

    @staticmethod
    def _asks(framing: Collection[str], *sections: int) -> bool:
        """Return whether the content of a figure is requested by sections of these numbers."""
        return any(code.startswith("26.") and int(code.rsplit(".", 1)[1]) in sections for code in framing)

    def _choose_drawings(self) -> list[Drawing]:
        """Return at most three drawings that cover the pictorial sections."""
        left = [code for code in sorted(self.wanted) if code in self.assets.by_code]
        # Numbers and directions are more reliable in shapes than in icons.
        iconic = {division for division in _COUNTED.values() if self.rng.random() < 0.3}
        left = [code for code in left if code not in _SHAPE_CODES or code.rsplit(".", 1)[0] in iconic]
        counted = {division for division in _COUNTED.values() if division not in iconic}
        counted &= {code.rsplit(".", 1)[0] for code in self.wanted & _SHAPE_CODES}
        left = [code for code in left if code.rsplit(".", 1)[0] not in counted]
        self.rng.shuffle(left)
        left.sort(key=lambda code: parse_code(code).category >= FIRST_FORM_CATEGORY)
        chosen: list[Drawing] = []
        while left and len(chosen) < 3:
            drawing = self.assets.choose(left[0], left, self.rng)
            chosen.append(drawing)
            left = [code for code in left if not covered(code, drawing.codes)]
        return chosen

    def _choose_shapes(self, drawings: Sequence[Drawing], framing: Collection[str]) -> list[str]:
        """Return at most two kinds of shapes for sections that neither drawings nor a figure around them show."""
        shown = {code for drawing in drawings for code in drawing.codes}
        divisions = {parse_code(code).parent for code in shown}
        left = self.wanted - shown - set(framing)
        asked = {name: left & codes for name, (_, codes) in _SHAPES.items() if left & codes}
        counted = {name for name in _COUNTED if divisions & {parse_code(code).parent for code in asked.get(name, ())}}
        names = [name for name in asked if name not in counted]
        self.rng.shuffle(names)
        return names[:2]

    def _scope(self, framing: Collection[str], has_core: bool, has_word: bool) -> str:
        """Return the content of the figure: `core`, `word`, `all`, or `nothing`."""
        if has_core and has_word:
            if self._asks(framing, 19) and self.rng.random() < 0.8:
                return "word"
            weights = (0.4, 4, 4) if self._asks(framing, 20, 22) else (5, 1, 4)
            return self.rng.choices(("core", "word", "all"), weights)[0]
        return "core" if has_core else "word" if has_word else "nothing"

    def _surface(self, framing: Collection[str]) -> tuple[str, str, str]:
        """Return fill and outline of a figure, and the background colour of its content."""
        rng, palette = self.rng, self.palette
        dark = bool(_DARK & set(framing))
        if not dark and rng.random() < 0.45:
            return "none", rng.choice(palette.colours), palette.background
        fill = min(palette.colours, key=luminance) if dark else rng.choice(palette.colours)
        if palette.gradient and not dark:
            name, other = f"fade{rng.randrange(10**6)}", palette.second() if palette.second() != fill else "#ffffff"
            self.defs += gradient(name, [(0, fill), (1.6, other)], f'x2="{rng.choice((0, 1))}" y2="1"')
            return f"url(#{name})", "none", fill
        return fill, palette.second() if rng.random() < 0.3 and palette.second() != fill else "none", fill

    def _inks(self, background: str) -> Colours:
        if background != self.palette.background:
            main = contrasting_colour(background, self.palette, self.rng)
            return Colours(main, main, background)
        main = self.rng.choices(self.palette.colours, (3, 2, 1, 1, 1)[: len(self.palette.colours)])[0]
        others = [foreground for foreground in self.palette.colours if foreground != main]
        return Colours(main, self.rng.choice(others) if others else main, background)

    def _drawn(self, drawings: Sequence[Drawing], colours: Colours) -> list[Element]:
        elements = []
        for index, drawing in enumerate(drawings):
            element = render_drawing(drawing, colours[index % 2], colours.background, self.palette, self.rng)
            if element is not None:
                elements.append(fitted(multiplied(element, drawing.codes, self.wanted, self.rng), 100, 100))
                self.groups.append(drawing.group)
        return elements

    def _inner(self, framing: Collection[str], kind: str) -> str:
        """Return the kind of a requested figure inside the main one or beside it; mostly none."""
        if not kind:
            return ""
        others = [code for code in sorted(framing) if code not in kind_codes(kind)]
        if others:
            return choose_kind(others, self.rng)
        content = CONTENT[KINDS[kind].family]
        asked = [name for what, name in _INNER.items() if set(content.get(what, ())) & set(framing)]
        return self.rng.choice(asked) if asked else ""

    def _core(
        self, drawings: Sequence[Drawing], letters: frozenset[str], names: Sequence[str], inner: str, colours: Colours,
        *, may_frame: bool,
    ) -> tuple[Element | None, Element | None]:  # fmt: skip
        """Return devices, monogram and shapes as one element, and lines to place under a word."""
        rng = self.rng
        if may_frame and len(drawings) == 1 and not (letters or names) and rng.random() < _FRAMED:
            held = draw_framed(drawings[0], self.palette.background, self.palette, rng)
            if held is not None:
                self.notes.append("device in a figure of its own")
                self.groups.append(drawings[0].group)
                return held, None
        parts = self._drawn(drawings, colours)
        if parts:
            self.notes.append("device" if len(parts) == 1 else "devices")
        if letters:
            parts.append(fitted(write_monogram(self.assets.fonts, rng, colours, self.wanted | letters), 100, 90))
            self.notes.append("monogram")
        elif len(parts) == 1 and Assets.is_single(drawings[0]) and rng.random() < 0.09:
            several, note = repeated(parts[0], rng)
            parts = [several]
            self.notes.append(note)
        shapes = [_SHAPES[name][0](rng, colours, self.wanted) for name in names]
        strips = [shape for shape in shapes if shape.kinds <= {"line"}]
        solid = [shape for shape in shapes if shape not in strips]
        if inner:
            outline = draw_outline(inner, rng)
            solid.append(draw_figure(outline, None, fill=colours.second, stroke="none", background=colours.background))
        if solid and not parts:
            self.notes.append("shape")
        core = add_shapes(combined(parts, rng) if parts else None, solid, rng)
        return core, strips[0] if strips else None

    def _word(self, words: Collection[str], colours: Colours) -> Element:
        word = write_word(self.assets.fonts, self.rng, colours, words)
        if "word" in word.kinds and self.rng.random() < 0.22:
            word = in_column((word, write_line(self.assets.fonts, self.rng, colours.main, word.width)), 4)
        return word

    def _swapped(self, code: str, drawings: Sequence[Drawing], colours: Colours) -> Element:
        """Return a word with a drawing in place of a letter (27.3) or on top of one (27.5.7)."""
        rng, kind = self.rng, SWAPS.get(code)
        pool = self.assets.by_kind.get(kind, ()) if kind else range(len(self.assets.drawings))
        suited = [drawing for drawing in drawings if kind in {None, content_kind(drawing.codes)}]
        if not suited and pool:
            suited = [self.assets.drawings[rng.choice(pool)]]
        others = [drawing for drawing in drawings if drawing not in suited[:1]]
        device = self._drawn(suited[:1], colours)
        if not device:
            return self._word(self.wanted & WORD_CODES, colours)
        font = choose_font(self.assets.fonts, rng, special="27.5.1" in self.wanted)
        text = choose_word(rng, shortest=4, longest=9)
        text = text.upper() if rng.random() < 0.7 else text
        draw_word = top_letter if kind is None else replace_letter
        word = draw_word(font, text, device[0], colours.main, rng)
        self.notes.append("device on a letter" if kind is None else "device as letter")
        word = word.with_codes(code, *(["27.5.1"] if font.special else []), kinds=["word"])
        rest = self._drawn(others, colours)
        return in_column((in_row([fitted(element, 45, 45) for element in rest], 6), word), 6) if rest else word

    def _arranged(self, core: Element | None, word: Element | None, strip: Element | None) -> Element:
        if core is not None and word is not None:
            both, note = beside_word(core, with_strip(word, strip, self.rng), self.rng)
            self.notes.append(note)
            return both
        alone = core or word
        if alone is None:
            if strip is None:
                raise NothingDrawnError("the drawings of a mark show nothing")
            return strip  # a mark without device and word has lines only
        self.notes.append("alone" if core is not None else "word alone")
        return with_strip(alone, strip, self.rng)

    def _framed(
        self, scope: str, kind: str, fill: str, stroke: str, background: str,
        core: Element | None, word: Element | None, strip: Element | None,
    ) -> Element:  # fmt: skip
        """Return a figure around the device, the word or both, with the rest outside it."""
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
            held = draw_badge(kind, content, self.assets.fonts, fill, edge, background, self.palette, rng)
            return held if rest is None or rng.random() < 0.5 else self._arranged(held, rest, None)
        rings = 3 if wanted & _MANY_RINGS else 2 if wanted & _TWO_RINGS else 1
        if rings == 1 and not wanted & {"26.1.3", "26.99.3", "26.4.5", "26.3.1", "26.5.1"} and rng.random() < 0.15:
            rings = 2
        beyond = scope == "word" and self._asks(wanted & _FIGURE_CODES, 19)
        if beyond and content is not None and fill != "none":  # visible on the figure and beside it
            content = self._outlined_word(content, fill)
        aspect = content.width / content.height if content is not None else rng.uniform(0.8, 2.2)
        held = draw_figure(
            draw_outline(kind, rng, aspect=aspect), content, fill=fill, stroke=stroke, rings=rings, beyond=beyond,
            background=self.palette.background, thickness=rng.uniform(1.5, 6),
        )  # fmt: skip
        if rest is None:
            return held
        return self._arranged(held, rest, None) if scope == "core" else self._arranged(rest, held, None)

    def _outlined_word(self, word: Element, fill: str) -> Element:
        foreground = next((shade for shade in self.palette.colours if shade != fill), fill)
        again = self._word(self.wanted & WORD_CODES, Colours(foreground, foreground, self.palette.background))
        if foreground != fill:
            return again
        plate = moved(surface(again.width + 6, again.height + 6, self.palette.background), -3, -3)
        return Element(plate + again.svg, again.width, again.height, again.codes, again.kinds, word.boxes)

    def _motif(self) -> Element | None:
        """Return a pale drawing as the motif of a background, if one is requested."""
        if "25.7.25" not in self.wanted:
            return None
        rng, single = self.rng, Assets.is_single
        tries = (rng.choice(self.assets.drawings) for _ in range(20))
        drawing = next(filter(single, tries), None)
        if drawing is None:
            return None
        foreground = lighten(self.palette.main, rng.uniform(0.2, 0.7))
        element = render_drawing(drawing, foreground, self.palette.background, self.palette, rng)
        if element is not None:
            self.groups.append(drawing.group)
        return element

    def _finished(self, mark: Element) -> Composition:
        page = on_background(mark, self.palette, self.wanted & BACKGROUND_CODES, self.rng, motif=self._motif())
        if self.wanted & BACKGROUND_CODES:
            self.notes.append("on a ground")
        page = replace(page, svg=f"<defs>{self.defs}</defs>{page.svg}") if self.defs else page
        return composition_of(page, ", ".join(dict.fromkeys(self.notes)), self.groups)


def composition_of(page: Element, kind: str, groups: Iterable[str]) -> Composition:
    """Return a finished page as a mark of a kind, with the groups of its drawings."""
    w, h = page.width, page.height
    boxes = tuple(Bounds(*b[:3], b.left / w, b.top / h, b.width / w, b.height / h) for b in page.boxes)
    codes = tuple(sorted(page.codes, key=parse_code))
    return Composition(page.svg, w, h, codes, boxes, kind, tuple(dict.fromkeys(groups)))
