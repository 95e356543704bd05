"""Layouts: several devices, device and word, a word with a drawing as a letter, a badge, the finished mark."""

import math
import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from viennatag.synthesis.backgrounds import draw_background
from viennatag.synthesis.elements import (
    Element,
    fitted,
    in_column,
    in_row,
    joined,
    mirrored,
    number,
    overlaid,
    scaled,
    shifted,
    surface,
    turned,
)
from viennatag.synthesis.figures import draw_figure, draw_outline
from viennatag.synthesis.inscriptions import write_ring
from viennatag.synthesis.lettering import FontFile, set_word
from viennatag.synthesis.palettes import Palette, contrasting_colour


def combined(parts: Sequence[Element], rng: random.Random) -> Element:
    """Return devices as one element; the first is sometimes much larger than the others."""
    if len(parts) == 1:
        return parts[0]
    if rng.random() < 0.4:
        parts = [parts[0], *(fitted(element, 55, 55) for element in parts[1:])]
    gap = rng.uniform(4, 14)
    if len(parts) == 3 and rng.random() < 0.4:
        return in_column((parts[0], in_row(parts[1:], gap)), gap)
    return in_row(parts, gap) if rng.random() < 0.65 else in_column(parts, gap)


def repeated(element: Element, rng: random.Random) -> tuple[Element, str]:
    """Return a repeated device and the name of the layout: in a row, mirrored, in a ring, overlapping."""
    (way,) = rng.choices(("row", "mirrored", "ring", "overlapping"), (3, 2, 1.5, 1.5))
    if way == "row":
        return in_row([element] * rng.choice((2, 3, 3, 4)), 12), "repeated"
    if way == "mirrored":
        pair = (element, mirrored(element)) if rng.random() < 0.5 else (mirrored(element), element)
        return in_row(pair, rng.choice((-0.1, 0.02, 0.15)) * element.width), "mirrored"
    if way == "overlapping":
        faint = replace(element, svg=f'<g opacity="{rng.uniform(0.45, 0.75):.2f}">{element.svg}</g>')
        step, count = element.width * rng.uniform(0.3, 0.55), rng.choice((2, 2, 3))
        placed = [shifted(faint, step * index, 0) for index in range(count)]
        return joined(placed, element.width + step * (count - 1), element.height), "overlapping"
    return in_ring(element, rng.choice((3, 4, 5, 6, 8)), rng), "in a ring"


def in_ring(element: Element, count: int, rng: random.Random) -> Element:
    """Return a device repeated around a point, its foot inwards."""
    start = rng.choice((0, 0, 45))
    reach = max(element.width, element.height) * rng.uniform(0.55, 0.75) * max(1.0, count / 4)
    around: list[tuple[Element, float, float]] = []
    for index in range(count):
        angle = start + 360 * index / count
        one = turned(element, angle)
        x, y = reach * math.sin(math.radians(angle)), -reach * math.cos(math.radians(angle))
        around.append((one, x - one.width / 2, y - one.height / 2))
    left, top = min(x for _, x, _ in around), min(y for _, _, y in around)
    right, low = max(x + one.width for one, x, _ in around), max(y + one.height for one, _, y in around)
    whole = [shifted(one, x - left, y - top) for one, x, y in around]
    return joined(whole, right - left, low - top)


def add_shapes(core: Element | None, shapes: Sequence[Element], rng: random.Random) -> Element | None:
    """Return a device with shapes around it: stars above or below, others at its side as well."""
    for element in shapes:
        if core is None:
            core = element
            continue
        gap = rng.uniform(0.05, 0.14) * max(core.width, core.height)
        if "star" in element.kinds or rng.random() < 0.5:
            small = fitted(element, core.width, core.height * (0.35 if "star" in element.kinds else 0.7))
            core = in_column((small, core) if rng.random() < 0.6 else (core, small), gap)
        else:
            core = in_row((core, fitted(element, core.width * 1.2, core.height)), gap)
    return core


def beside_word(core: Element, word: Element, rng: random.Random) -> tuple[Element, str]:
    """Return a device and a word, one below or beside the other, and the name of the layout."""
    layout = rng.choices(("below", "beside", "above", "after"), (5, 4, 0.7, 0.8))[0]
    if layout in {"below", "above"}:
        share = rng.uniform(0.35, 1.0)
        core = fitted(core, word.width * share, word.width * min(share, 0.8))
        if core.height < word.height * 0.9:
            core = fitted(core, 1e4, word.height * rng.uniform(1.0, 2.4))
        gap, align = word.height * rng.uniform(0.15, 0.6), rng.choice((0.5, 0.5, 0.5, 0, 1))
        return in_column((core, word) if layout == "below" else (word, core), gap, align=align), f"word {layout}"
    core = fitted(core, 1e4, word.height * rng.uniform(1.0, 3.2))
    gap = word.height * rng.uniform(0.2, 0.6)
    return in_row((core, word) if layout == "beside" else (word, core), gap), f"word {layout}"


def with_strip(element: Element, strip: Element | None, rng: random.Random) -> Element:
    """Return an element with lines below it, sometimes above."""
    if strip is None:
        return element
    strip = fitted(strip, element.width, element.height * 0.7)
    return in_column((element, strip) if rng.random() < 0.75 else (strip, element), element.height * 0.15)


def replace_letter(font: FontFile, text: str, device: Element, foreground: str, rng: random.Random) -> Element:
    """Return a word with a device in place of a letter, an O where it has one."""
    round_letters = [index for index, letter in enumerate(text) if letter in "oO"]
    index = rng.choice(round_letters or range(len(text)))
    text = text[:index] + ("O" if text.isupper() else "o") + text[index + 1 :]  # reads best as an O
    word, spots = set_word(font, text, [foreground], blank=index, spacing=0.06)
    spot = spots[index]
    size = max(spot.bottom - spot.top, spot.right - spot.left) * rng.uniform(1.0, 1.25)
    small = fitted(device, size * 1.3, size)
    x, y = (spot.left + spot.right) / 2 - small.width / 2, (spot.top + spot.bottom) / 2 - small.height / 2
    lift, aside = max(0.0, -y), max(0.0, -x)
    width, height = max(word.width, x + small.width) + aside, max(word.height, y + small.height) + lift
    return joined((shifted(word, aside, lift), shifted(small, x + aside, y + lift)), width, height)


def top_letter(font: FontFile, text: str, device: Element, foreground: str, rng: random.Random) -> Element:
    """Return a word with a large device on top of one letter (27.5.7)."""
    word, spots = set_word(font, text, [foreground])
    spot = rng.choice(spots)
    size = rng.uniform(15, 26)
    top = fitted(device, size, size)
    middle = (spot.left + spot.right) / 2
    aside = max(0.0, top.width / 2 - middle)
    low = top.height + 1.5 - spot.top  # a device on a small letter sits between taller letters
    lift = max(0.0, -low)
    placed = (shifted(top, middle - top.width / 2 + aside, lift), shifted(word, aside, low + lift))
    return joined(placed, max(word.width, middle + top.width / 2) + aside, low + lift + word.height)


def draw_badge(
    kind: str, content: Element | None, fonts: Sequence[FontFile], fill: str, edge: str, background: str,
    palette: Palette, rng: random.Random,
) -> Element:  # fmt: skip
    """Return a disc (`circle`) or toothed seal (`seal`) with words around a device."""
    filled = fill != "none"
    foreground = contrasting_colour(background, palette, rng) if filled else edge
    edge, outline = "none" if filled else foreground, draw_outline(kind, rng)
    outer = draw_figure(outline, None, fill=fill, stroke=edge, background=palette.background, thickness=2)
    radius = rng.uniform(29, 33)
    ring = write_ring(fonts, rng, foreground, radius, rng.uniform(7, 9))
    thickness, size = number(rng.uniform(0.8, 1.8)), number(radius - 2)
    hoop = f'<circle cx="50" cy="50" r="{size}" fill="none" stroke="{foreground}" stroke-width="{thickness}"/>'
    badge = joined((overlaid(outer, ring), Element(hoop, 100, 100)), 100, 100)
    if content is not None:
        badge = overlaid(badge, fitted(content, radius * 1.3, radius * 1.3))
    codes = {"24.3.7", "24.3.18"} | (set[str]() if kind == "seal" else {"26.1.4", "26.1.21"})
    return replace(badge, codes=(badge.codes - {"26.1.3"}) | codes)


def on_background(
    mark: Element, palette: Palette, wanted: Collection[str], rng: random.Random, *, motif: Element | None = None
) -> Element:
    """Return a mark with a margin on a plain background, or on a panel on a drawn one; sometimes slightly turned."""
    if rng.random() < 0.05:
        mark = turned(mark, rng.uniform(-9, 9))
    longest = max(mark.width, mark.height)
    margin = longest * rng.choice((0.02, 0.04, 0.06, 0.1, 0.18)) * rng.uniform(0.7, 1.3)
    width, height = mark.width + 2 * margin, mark.height + 2 * margin
    if rng.random() < 0.25:
        width = height = max(width, height)
    width, height = max(width, height / 4), max(height, width / 4)
    if not wanted:
        return overlaid(Element(surface(width, height, palette.background), width, height), mark)
    width, height = width * 1.3, height * 1.3
    background = draw_background(palette, width, height, wanted, rng, motif=motif)
    gap = 0.08 * longest
    w, h = mark.width + 2 * gap, mark.height + 2 * gap
    panel = surface(w, h, palette.background, corner=rng.choice((0, gap / 2, gap)))
    return overlaid(overlaid(background, Element(panel, w, h)), mark)


class Plural(NamedTuple):
    """A section for several things of a kind: the section of one, whether that one is single, and how many."""

    one: str
    is_single: bool
    least: int
    most: int


PLURALS = {
    "2.1.24": Plural("2.1.23", False, 2, 5), "2.3.24": Plural("2.3.23", False, 2, 4),
    "2.5.24": Plural("2.5.23", False, 2, 4), "3.7.26": Plural("3.7.16", False, 2, 6),
    "5.1.6": Plural("5.1.5", True, 2, 2), "5.1.7": Plural("5.1.5", True, 3, 3), "5.1.8": Plural("5.1.5", True, 4, 7),
    "5.3.15": Plural("5.3.14", True, 2, 4), "5.3.16": Plural("5.3.14", True, 5, 11),
    "5.5.22": Plural("5.5.21", True, 2, 7), "14.5.6": Plural("14.5.2", True, 3, 5),
    "24.5.7": Plural("24.5.1", True, 3, 6), "24.7.3": Plural("24.7.1", True, 2, 5),
    "24.9.6": Plural("24.9.5", True, 2, 4),
}  # fmt: skip
"""Sections that are drawn by repeating one drawing."""


def multiplied(element: Element, codes: Collection[str], wanted: Collection[str], rng: random.Random) -> Element:
    """Return a drawing with these codes as often as a wanted section of `PLURALS` asks for, once if none does."""
    asked = sorted(code for code in wanted if code in PLURALS and PLURALS[code].one in codes and code not in codes)
    if not asked:
        return element
    code = rng.choice(asked)
    plural = PLURALS[code]
    count = rng.randint(plural.least, plural.most)
    is_plant = code.startswith("5.")
    if rng.random() < (0.4 if is_plant else 0.1):
        several = in_ring(element, count, rng)
    elif rng.random() < 0.5 or not is_plant:
        several = in_row([scaled(element, rng.uniform(0.7, 1.0)) for _ in range(count)], rng.uniform(-0.2, 0.1) * 100)
    else:  # pairs along a line, as leaves on a twig
        leaves = [turned(each, angle) for each, angle in ((mirrored(element), -40.0), (element, 40.0))]
        rows = [in_row(leaves, -0.25 * element.width) for _ in range(count // 2)]
        several = in_column([*([element] * (count % 2)), *rows], -0.25 * element.height)
    return replace(several, codes=several.codes - ({plural.one} if plural.is_single else set()) | {code})


def covered(code: str, codes: Collection[str]) -> bool:
    """Return whether a drawing with these codes shows a section, alone or repeated."""
    return code in codes or (code in PLURALS and PLURALS[code].one in codes)
