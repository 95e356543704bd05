"""Compose marks as registers of Asia and Africa hold them: other scripts, labels, packaging, emblems, plain words.

`registers.toml` says how often each kind is drawn, how many things a mark shows and which shape its image has. Codes
follow from what is drawn, as in `composition`.
"""

import random
import tomllib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

from viennatag.synthesis.artwork import Drawing
from viennatag.synthesis.assets import Assets, render_drawing
from viennatag.synthesis.composition import Composition, NothingDrawnError, composition_of
from viennatag.synthesis.elements import (
    Element,
    ellipse_path,
    fitted,
    gradient,
    in_column,
    in_row,
    joined,
    overlaid,
    path,
    shifted,
    stroke,
    surface,
    trace,
)
from viennatag.synthesis.emblems import draw_emblem
from viennatag.synthesis.figures import KINDS, draw_figure, draw_outline
from viennatag.synthesis.inscriptions import write_word
from viennatag.synthesis.layouts import beside_word, covered, draw_badge, multiplied
from viennatag.synthesis.lettering import choose_font, set_word
from viennatag.synthesis.palettes import (
    PLAIN_WHITE,
    Palette,
    choose_palette,
    contrasting_colour,
    darken,
    lighten,
    lightness_difference,
)
from viennatag.synthesis.scripts import write_script_word
from viennatag.synthesis.shapes import Colours, shape_element
from viennatag.synthesis.vocabulary import LINES, choose_case, choose_word
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, parse_code

REGISTERS: dict[str, Any] = tomllib.loads(
    resources.files(__package__).joinpath("registers.toml").read_text(encoding="utf-8")
)
_PICTURED = {"device", "word and device", "label"}
_BARE = [name for name, kind in KINDS.items() if kind.family in {"circle", "ellipse", "quadrilateral", "polygon"}]
"""Figures around a word that show nothing themselves."""
_PERSONIFIED = {"plant": "4.5.1", "thing": "4.5.2"}
_LABELS = {
    "rectangle": "25.1.94", "rounded rectangle": "25.1.94", "square": "25.1.92", "rounded square": "25.1.92",
    "circle": "25.1.96", "ellipse": "25.1.97", "shield": "25.1.19", "bulging": "25.1.19", "hexagon": "25.1.99",
}  # fmt: skip
_SEALS = ("24.3.1", "24.3.9", "24.3.18")
_RED = "#c8102e"


def compose_register_mark(
    assets: Assets, choose: Callable[[int], Collection[str]], rng: random.Random, *, colour: float = 0.7
) -> Composition:
    """Return a mark of a kind that registers hold.

    Args:
        assets: Drawings and fonts, those of other scripts among them.
        choose: Returns the sections that a mark is to show, given how many things it shows; asked for half of the
            marks, the others follow the frequencies of registers.
        rng: Source of randomness; its state decides the mark.
        colour: Share of marks in colour.
    """
    kind = rng.choices(list(REGISTERS["kinds"]), list(REGISTERS["kinds"].values()))[0]
    wanted = frozenset[str]()
    if kind in _PICTURED:
        (count,) = rng.choices(list(REGISTERS["entries"]), list(REGISTERS["entries"].values()))
        wanted = frozenset(choose(int(count)) if rng.random() < 0.5 else _usual_sections(assets, int(count), rng))
    palette = choose_palette(rng, colour=colour)
    return _Register(assets, kind, wanted, rng, palette).compose()


def _usual_sections(assets: Assets, count: int, rng: random.Random) -> list[str]:
    """Return sections of divisions as often as registers show them; in each division all are equally likely."""
    drawable = {name: times for name, times in REGISTERS["divisions"].items() if name in assets.by_division}
    divisions = rng.choices(list(drawable), list(drawable.values()), k=count) if drawable else []
    return [rng.choice(assets.by_division[division]) for division in divisions]


@dataclass(frozen=True)
class _Register:
    """Composes one mark of a kind."""

    assets: Assets
    kind: str
    wanted: frozenset[str]
    rng: random.Random
    palette: Palette

    def compose(self) -> Composition:
        groups: list[str] = []
        match self.kind:
            case "word":
                mark = self._words()
            case "abstract":
                mark = self._with_words(draw_emblem(self.assets.fonts, self.rng, self._inks()), 0.75)
            case "label":
                mark = self._label(groups)
            case _:
                mark = self._devices(groups)
        return composition_of(self._page(mark), self.kind, groups)

    def _page(self, mark: Element) -> Element:
        """Return a mark with a margin, wider or higher where its kind usually is."""
        longest, aspect = max(mark.width, mark.height), self._aspect()
        margin = longest * self.rng.choice((0, 0.01, 0.03) if self.kind == "label" else (0.01, 0.02, 0.04, 0.08, 0.15))
        width, height = mark.width + 2 * margin, mark.height + 2 * margin
        width, height = max(width, min(height * aspect, 1.8 * width)), max(height, min(width / aspect, 1.8 * height))
        return overlaid(Element(surface(width, height, self.palette.background), width, height), mark)

    def _aspect(self) -> float:
        quantiles = REGISTERS["aspects"][self.kind]
        at = self.rng.uniform(0, len(quantiles) - 1)
        low = quantiles[int(at)]
        return float(low + (quantiles[min(int(at) + 1, len(quantiles) - 1)] - low) * (at % 1))

    def _inks(self, background: str = "") -> Colours:
        palette = self.palette
        if background:
            main = contrasting_colour(background, palette, self.rng)
            return Colours(main, main, background)
        return Colours(palette.main, palette.second(), palette.background)

    def _word(self, inks: Colours) -> Element:
        """Return a word, half of the time in one of the other scripts."""
        rng, fonts = self.rng, self.assets.script_fonts
        if fonts and rng.random() < 0.5:
            return write_script_word(fonts, rng, inks.main, second=inks.second)
        if rng.random() < 0.5:
            return write_word(self.assets.fonts, rng, inks, ())
        words = (choose_word(rng) for _ in range(rng.choice((1, 1, 2, 3))))
        text = choose_case(" ".join(words), rng)
        font = choose_font(self.assets.fonts, rng, special=None if rng.random() < 0.3 else False)
        word, _ = set_word(font, text, [inks.main], slant=rng.choice((0, 0, 0, 10)))
        return word.with_codes(*({"27.5.1"} if font.special else ()), kinds=["word"])

    def _line(self, inks: Colours, width: float, height: float = 4.0) -> Element:
        """Return a small line of text of this width at most."""
        rng, fonts = self.rng, self.assets.script_fonts
        if fonts and rng.random() < 0.35:
            line = write_script_word(fonts, rng, inks.main)
        else:
            text = " ".join(rng.choices(LINES, k=rng.choice((1, 1, 2, 3))))
            line, _ = set_word(choose_font(self.assets.fonts, rng, special=False), choose_case(text, rng), [inks.main])
        return fitted(line.with_codes(kinds=["word"]), width, height)

    def _words(self) -> Element:
        """Return one to three lines, often in two scripts, some of them in a figure or beside a seal."""
        rng = self.rng
        framed = rng.random() < 0.28
        fill = rng.choice(self.palette.colours) if framed and rng.random() < 0.6 else ""
        inks = self._inks(fill)
        first = self._word(inks)
        lines = [first]
        for _ in range(rng.choices((0, 1, 2), (5, 4, 1))[0]):
            line = fitted(self._word(inks), first.width * rng.uniform(0.5, 1.3), 20 * rng.uniform(0.3, 1.1))
            lines.insert(rng.randint(0, len(lines)), line)
        block = in_column(lines, rng.uniform(2, 8), align=rng.choice((0.5, 0.5, 0)))
        if rng.random() < 0.12:
            swing = rng.uniform(-8, 8)
            d = trace("M", 0, 4, "Q", block.width / 2, 4 + swing, block.width, 3 - swing / 2)
            under = stroke(d, inks.second, rng.uniform(0.8, 2.5))
            block = in_column((block, Element(under, block.width, 8, frozenset({"26.11.12"}))), 1)
        if self.assets.script_fonts and rng.random() < 0.05:
            block = in_row((block, fitted(self._stamp(), 1e4, block.height * rng.uniform(0.3, 0.8))), 5)
        if not framed:
            return block
        outline = draw_outline(rng.choice(_BARE), rng, aspect=block.width / block.height)
        return draw_figure(
            outline, block, fill=fill or "none", stroke="none" if fill else self.palette.main,
            background=self.palette.background, thickness=rng.uniform(1, 5),
        )  # fmt: skip

    def _stamp(self) -> Element:
        rng, filled = self.rng, self.rng.random() < 0.5
        square = {name: fonts for name, fonts in self.assets.script_fonts.items() if name in {"kanji", "chinese"}}
        ink = PLAIN_WHITE if filled else _RED
        text = write_script_word(square or self.assets.script_fonts, rng, ink)
        corner, paint = rng.choice((0, 2, 8)), _RED if filled else "none"
        side = max(text.width, text.height) * 1.3
        size = f'width="{side:.1f}" height="{side:.1f}" rx="{corner}"'
        edge = f'<rect {size} fill="{paint}" stroke="{_RED}" stroke-width="2"/>'
        return overlaid(Element(edge, side, side), text).with_codes(*_SEALS)

    def _drawings(self) -> list[Drawing]:
        """Return a drawing for each of the wanted pictorial sections that no drawing before it shows."""
        chosen: list[Drawing] = []
        left = sorted(code for code in self.wanted if code in self.assets.by_code)
        self.rng.shuffle(left)
        for code in left:
            if parse_code(code).category < FIRST_FORM_CATEGORY and not any(
                covered(code, each.codes) for each in chosen
            ):
                chosen.append(self.assets.choose(code, left, self.rng))
        return chosen

    def _drawn(self, groups: list[str], background: str) -> list[Element]:
        found = []
        for drawing in self._drawings():
            ink = contrasting_colour(background, self.palette, self.rng)
            if background == self.palette.background:
                ink = self.rng.choice(self.palette.colours)
            element = render_drawing(drawing, ink, background, self.palette, self.rng)
            if element is not None:
                groups.append(drawing.group)
                found.append(fitted(multiplied(element, drawing.codes, self.wanted, self.rng), 100, 100))
        if not found:
            raise NothingDrawnError("the drawings of a mark show nothing")
        return found

    def _devices(self, groups: list[str]) -> Element:
        """Return devices as a scene, a row or a mascot, with words unless the kind has none."""
        rng, palette = self.rng, self.palette
        devices = self._drawn(groups, palette.background)
        code = _PERSONIFIED.get(next(iter(devices[0].kinds), ""))
        if len(devices) == len(devices[0].boxes) == 1 and code and rng.random() < 0.12:
            devices = [self._mascot(devices[0]).with_codes(code)]
        core = devices[0] if len(devices) == 1 else self._scene(devices)
        if rng.random() < 0.15:
            core = self._on_emblem(core)
        return self._with_words(core, 1.0 if self.kind == "word and device" else 0.0)

    def _scene(self, devices: Sequence[Element]) -> Element:
        """Return devices one over the other's edge, the first much larger, or in a row."""
        rng, core = self.rng, devices[0]
        for device in devices[1:]:
            if rng.random() < 0.45:
                core = in_row((core, fitted(device, 80, core.height * rng.uniform(0.5, 1.0))), rng.uniform(-8, 8))
                continue
            small = fitted(device, core.width * rng.uniform(0.25, 0.6), core.height * rng.uniform(0.25, 0.6))
            x, y = rng.uniform(-0.2, 0.9) * core.width, rng.uniform(-0.2, 0.9) * core.height
            left, top = min(x, 0), min(y, 0)
            wide, high = max(core.width, x + small.width) - left, max(core.height, y + small.height) - top
            core = joined((shifted(core, -left, -top), shifted(small, x - left, y - top)), wide, high)
        return core

    def _mascot(self, body: Element) -> Element:
        """Return a thing with a face, arms and legs."""
        rng, w, h, ink = self.rng, body.width, body.height, darken(self.palette.main, 0.4)
        dark = contrasting_colour(self.palette.main, self.palette, rng) if rng.random() < 0.5 else "#111111"
        svg, eye, y = "", w * rng.uniform(0.04, 0.09), h * rng.uniform(0.35, 0.5)
        for x in (0.5 - rng.uniform(0.1, 0.16), 0.5 + rng.uniform(0.1, 0.16)):
            if rng.random() < 0.8:
                svg += path(ellipse_path(w * x, y, eye * 1.5, eye * 1.9), PLAIN_WHITE, stroke=dark, thickness=0.8)
            svg += path(ellipse_path(w * x, y, eye * 0.7, eye), dark)
        mouth = y + h * rng.uniform(0.12, 0.2)
        smile = trace("M", w * 0.4, mouth, "Q", w * 0.5, mouth + h * rng.uniform(0.03, 0.14), w * 0.6, mouth)
        svg += path(smile, _RED, stroke=dark, thickness=1) if rng.random() < 0.3 else stroke(smile, dark, 2)
        thick, limbs = w * rng.uniform(0.04, 0.08), ""
        for side in (-1, 1):
            x, reach = w * (0.5 + 0.34 * side), w * (0.5 + rng.uniform(0.55, 0.68) * side)
            hand = h * rng.choice((0.2, 0.45, 0.75))
            limbs += trace("M", x, h * 0.6, "Q", reach, h * 0.6, reach, hand)
            foot = w * (0.5 + 0.18 * side)
            limbs += trace("M", foot, h * 0.85, "V", h * 1.18, "h", 9 * side)
        margin = w * 0.22
        back = Element(stroke(limbs, ink, thick, more=' stroke-linecap="round"'), w, h)
        return joined(
            [shifted(each, margin, 2) for each in (back, body, Element(svg, w, h))], w + 2 * margin, h * 1.22 + 4
        )

    def _on_emblem(self, core: Element) -> Element:
        """Return a device on an emblem or on a filled figure, which reaches beyond it."""
        rng = self.rng
        fill = lighten(self.palette.main, rng.uniform(0.55, 0.85))
        if rng.random() < 0.5:
            back = draw_emblem(self.assets.fonts, rng, Colours(fill, fill, self.palette.background))
        else:
            outline = draw_outline(rng.choice(_BARE), rng, aspect=core.width / core.height)
            back = draw_figure(outline, None, fill=fill, stroke="none", background=self.palette.background)
        return overlaid(fitted(back, core.width * 1.5, core.height * 1.5), core)

    def _with_words(self, core: Element, share: float) -> Element:
        """Return a device with words below it, beside it, above it or touching it, as often as asked for."""
        rng = self.rng
        if rng.random() >= share:
            return core
        inks = self._inks()
        word = self._word(inks)
        for _ in range(rng.choices((0, 1, 2), (5, 4, 1))[0]):
            word = in_column((word, self._line(inks, word.width, rng.uniform(3, 9))), rng.uniform(1, 5))
        if rng.random() < 0.15:  # device and letters touch or overlap
            core = fitted(core, word.width, word.height * rng.uniform(1.0, 2.5))
            x, gap = rng.uniform(0, word.width - core.width), -rng.uniform(0.02, 0.25) * core.height
            row = (shifted(core, x, 0), shifted(word, 0, core.height + gap))
            return joined(row, word.width, core.height + gap + word.height)
        return beside_word(core, word, rng)[0]

    def _label(self, groups: list[str]) -> Element:
        """Return a product label: a panel with borders, ribbons, devices and many lines; sometimes on a container."""
        rng, palette = self.rng, self.palette
        ground = rng.choice((palette.main, palette.second(), lighten(palette.main, 0.7), palette.background))
        kind = rng.choices(list(_LABELS), (6, 4, 2, 2, 3, 3, 1, 1, 1))[0]
        inks = self._inks(ground)
        devices = self._drawn(groups, ground)
        parts = [self._line(inks, 90, rng.uniform(3, 6)) for _ in range(rng.randint(0, 2))]
        brand = fitted(self._word(inks), 92, rng.uniform(14, 30))
        if rng.random() < 0.35:
            brand = self._ribbon(ground)
        core = fitted(self._scene(devices), 92, rng.uniform(30, 75))
        parts += [brand, core] if rng.random() < 0.7 else [core, brand]
        parts += [self._line(inks, 90, rng.uniform(3, 8)) for _ in range(rng.randint(1, 3))]
        if rng.random() < 0.4:
            parts.append(self._paragraph(inks))
        content = in_column(parts, rng.uniform(2, 5))
        outline = draw_outline(kind, rng, aspect=content.width / content.height)
        fill, fade = ground, ""
        if rng.random() < 0.4:
            name, other = f"label{rng.randrange(10**6)}", rng.choice((lighten(ground, 0.5), darken(ground, 0.6)))
            fill, fade = f"url(#{name})", gradient(name, [(0, other), (1, ground)], 'x2="0" y2="1"')
        edge = rng.choice(("none", palette.second(), inks.main))
        label = draw_figure(
            outline, content, fill=fill, stroke=edge, background=inks.main, rings=rng.choice((1, 2, 2, 3)),
            thickness=rng.uniform(1, 4),
        ).with_codes("25.1.15", _LABELS[kind])  # fmt: skip
        label = replace(label, svg=fade + label.svg)
        if rng.random() < 0.2:
            badge = draw_badge("circle", None, self.assets.fonts, _RED, _RED, _RED, palette, rng)
            badge = fitted(badge, label.width * 0.28, label.height * 0.28)
            label = overlaid(label, badge, x=label.width * rng.choice((0.15, 0.85)), y=label.height * 0.82)
        return self._container(label) if rng.random() < 0.25 else label

    def _ribbon(self, ground: str) -> Element:
        rng = self.rng
        fill = next((each for each in self.palette.colours if lightness_difference(each, ground) > 0.15), _RED)
        word = fitted(self._word(self._inks(fill)), 80, 20)
        figure = draw_outline("banner", rng, aspect=word.width / word.height)
        return fitted(draw_figure(figure, word, fill=fill, stroke="none", background=ground), 96, 34)

    def _paragraph(self, inks: Colours) -> Element:
        """Return lines of text too small to be read."""
        rng, y, d = self.rng, 0.0, ""
        for _ in range(rng.randint(3, 7)):
            x = 0.0
            while x < 80:
                long = rng.uniform(2, 9)
                d += trace("M", x, y, "h", min(long, 84 - x))
                x += long + 1.2
            y += 2.6
        return Element(stroke(d, inks.main, 1.1), 84, y)

    def _container(self, label: Element) -> Element:
        """Return a bottle, a box, a tube, a can or a pouch with a label on it."""
        rng = self.rng
        tone = rng.choice((lighten(self.palette.main, 0.8), darken(self.palette.main, 0.7), "#d8d8d8", "#8a5a2b"))
        d, code, (left, top, wide, high) = rng.choice(_CONTAINERS)
        name = f"pack{rng.randrange(10**6)}"
        stops = [(0, darken(tone, 0.75)), (0.3, lighten(tone, 0.4)), (1, darken(tone, 0.65))]
        svg = gradient(name, stops) + path(d, f"url(#{name})", stroke=darken(tone, 0.5), thickness=0.6)
        body = shape_element(svg, {code}, "thing", 60, 110)
        return overlaid(body, fitted(label, wide, high), x=left + wide / 2, y=top + high / 2)


_CONTAINERS = (
    ("M24 2H36V22C37 32 50 34 50 46V104L46 108H14L10 104V46C10 34 23 32 24 22Z", "19.7.1", (9, 50, 42, 50)),
    ("M4 16L12 6H58L56 98L50 108H4ZM4 16H50V108M50 16L58 6", "19.3.3", (4, 17, 46, 89)),
    ("M8 4H52L46 92H14ZM20 92H40V106H20Z", "19.3.21", (10, 8, 40, 80)),
    ("M6 10Q30 0 54 10V100Q30 110 6 100ZM6 10Q30 20 54 10", "19.1.4", (6, 22, 48, 74)),
    ("M6 4Q30 8 54 4L52 12Q58 56 52 100L54 108Q30 104 6 108L8 100Q2 56 8 12Z", "19.3.5", (6, 14, 48, 84)),
)  # fmt: skip
