"""Words, monograms and numerals in the styles of marks, with their sections of 25.5 and 27.

What is coded is what is done to the letters here: a display face, two colours, an arc, a bar across.
A word in an ordinary face, written straight in one colour, has no section at all, as in registers.
"""

import math
import random
from collections.abc import Collection, Sequence

from viennatag.synthesis.elements import (
    Element,
    in_column,
    in_row,
    joined,
    mirrored,
    overlaid,
    scaled,
    shifted,
    stroke,
    surface,
    trace,
)
from viennatag.synthesis.lettering import (
    SIGNATURE_FAMILIES,
    FontFile,
    choose_font,
    letter_codes,
    set_circular,
    set_word,
)
from viennatag.synthesis.palettes import channels, darken, lighten
from viennatag.synthesis.shapes import Colours, pick
from viennatag.synthesis.vocabulary import LINES, ROMAN, choose_case, choose_numerals, choose_word

MONOGRAM_CODES = frozenset(
    ["27.5.5", "27.5.14", "27.5.19", "27.5.21", "27.5.22", *(f"27.99.{letter}" for letter in range(1, 27))]
)
_SIGNS = {
    "24.17.2": ".", "24.17.4": "!?", "24.17.7": "+", "24.17.9": "%", "24.17.17": "@", "24.17.18": "€$£",
    "24.17.25": "#", "24.17.97": "&",
}  # fmt: skip
_TREATMENTS = {
    "27.1.6": "ring", "27.1.12": "arc", "27.1.13": "wave", "27.1.16": "shrink", "27.5.2": "outline", "27.5.3": "shadow",
    "27.5.10": "grow", "27.5.11": "under", "27.5.12": "bar", "27.5.13": "sign", "27.5.15": "apart", "25.5.94": "two",
    "25.5.95": "levels", "25.5.99": "accent",
}  # fmt: skip

WORD_CODES = frozenset((*_TREATMENTS, *_SIGNS, "24.17.1", "27.5.1", "27.7.1", "27.7.23"))
"""The sections that `write_word` can show."""


def write_word(fonts: Sequence[FontFile], rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return a word, a number, or both, in one or two lines.

    What the wanted sections ask for is done to the letters, and now and then more. The second colour is for a part
    of the word.
    """
    special = True if "27.5.1" in wanted else False if rng.random() < 0.85 else None
    font = choose_font(fonts, rng, special=special)
    if "27.5.13" in wanted:
        signing = [font for font in fonts if font.family in SIGNATURE_FAMILIES]
        font = rng.choice(signing) if signing else font
    own = {"27.5.1"} if font.special else set[str]()
    numerals = "27.7.1" in wanted or rng.random() < 0.02
    text = choose_case(choose_word(rng), rng)
    if "27.7.23" in wanted:
        text = rng.choice(ROMAN)
        own.add("27.7.23")
    elif numerals:
        text = choose_numerals(rng) if rng.random() < 0.6 else f"{text} {choose_numerals(rng)}"
        own |= {"27.7.1"} if font.special or "27.7.1" in wanted else set()
    usual = {"": 12, "arc": 0.3, "outline": 0.3, "shadow": 0.3, "grow": 0.3}
    if colours.second != colours.main:
        usual["two"] = 1.2
    treatment = pick(usual, wanted, rng, _TREATMENTS)
    signs = sorted(code for code in wanted if code in _SIGNS)
    if signs or "24.17.1" in wanted:
        text, shown = _with_sign(text, signs, rng)
        own.add(shown)
    inks = [colours.main]
    spacing = rng.choice((0, 0, 0, 0.02, 0.08, 0.2)) * (0 if font.special and not text.isupper() else 1)
    slant = rng.uniform(6, 16) if rng.random() < 0.1 else 0.0
    other = colours.second if colours.second != colours.main else _faded(colours.main)
    if treatment in {"arc", "ring"}:
        return _bent(font, text, colours, rng, own, ring=treatment == "ring")
    if treatment == "apart":
        return _apart(font, text, colours, rng, own)
    if treatment == "levels":
        lines = [set_word(font, text, inks)[0], set_word(font, choose_case(choose_word(rng), rng), [other])[0]]
        return in_column(lines, 5, align=rng.choice((0, 0.5))).with_codes("25.5.95", *own)
    sizes: list[float] = []
    if treatment in {"shrink", "grow"}:
        first, last = (1.7, 0.7) if rng.random() < 0.5 else (0.7, 1.7)
        sizes = [first + (last - first) * index / max(len(text) - 1, 1) for index in range(len(text))]
        if treatment == "grow":
            sizes = [1.6 if index in {0, len(text) - 1} else 1.0 for index in range(len(text))]
        own.add("27.1.16" if treatment == "shrink" else "27.5.10")
    if treatment == "two":
        cut = rng.randint(1, max(len(text) - 1, 1)) if " " not in text else text.index(" ")
        inks = [colours.main] * cut + [other] * (len(text) - cut)
        own.add("25.5.94")
    elif treatment == "accent":
        where = rng.sample(range(len(text)), k=min(len(text) - 1, rng.choice((1, 1, 2))) or 1)
        inks = [other if index in where else colours.main for index in range(len(text))]
        own.add("25.5.99")
    elif treatment == "outline":
        own.add("27.5.2")
    outline = treatment == "outline"
    element, _ = set_word(font, text, inks, spacing=spacing, slant=slant, outline=outline, sizes=sizes)
    if treatment == "wave":
        element = _waving(font, text, colours, rng)
        own.add("27.1.13")
    elif treatment == "shadow":
        shade, _ = set_word(font, text, [other], spacing=spacing, slant=slant)
        element = joined((shifted(shade, 1.3, 1.3), element), element.width + 1.3, element.height + 1.3)
        own.add("27.5.3")
    elif treatment == "bar":
        element = _barred(element, colours, rng)
        own.add("27.5.12")
    elif treatment in {"under", "sign"}:
        low = element.height + 3
        swing = rng.uniform(-4, 4) if treatment == "sign" else 0
        d = trace("M", 0, low, "Q", element.width / 2, low + swing * 2, element.width, low - swing)
        line = stroke(d, colours.main, 1.4)
        element = joined((element, Element(line, element.width, low + 2)), element.width, low + abs(swing) + 1)
        own.add("27.5.11" if treatment == "under" else "27.5.13")
    return element.with_codes(*own, kinds=["numeral"] if numerals and text.isdigit() else ["word"])


def write_line(fonts: Sequence[FontFile], rng: random.Random, foreground: str, width: float) -> Element:
    """Return a small line in an ordinary face, at most as wide as the word above it."""
    text = rng.choice(LINES)
    text = text.upper() if rng.random() < 0.6 else text
    font = choose_font(fonts, rng, special=False)
    element, _ = set_word(font, text, [foreground], height=4, spacing=rng.choice((0, 0.05, 0.15)))
    share = min(1.0, width * rng.uniform(0.7, 1.0) / element.width)
    return shifted(element, 0, 0, max(share, 0.6)).with_codes(kinds=["word"])


def write_monogram(fonts: Sequence[FontFile], rng: random.Random, colours: Colours, wanted: Collection[str]) -> Element:
    """Return one letter (27.5.21) or a monogram (27.5.22), with the sections of its letters."""
    asked = [chr(64 + int(code.rsplit(".", 1)[1])) for code in sorted(wanted) if code.startswith("27.99.")]
    rng.shuffle(asked)
    several = {"27.5.22", "27.5.19", "27.5.14"} & set(wanted)
    count = min(max(len(asked), 1 if "27.5.21" in wanted or not several else rng.choice((2, 2, 3))), 4)
    if several and "27.5.14" not in wanted:
        count = max(count, 2)
    letters = asked[:count] + [rng.choice("ABCDEFGHIJKLMNOPRSTVWXYZ") for _ in range(count - len(asked))]
    text = "".join(letters).lower() if rng.random() < 0.12 else "".join(letters)
    font = choose_font(fonts, rng, special=True if "27.5.1" in wanted else None)
    elements = [set_word(font, letter, [colours[index % 2]])[0] for index, letter in enumerate(text)]
    codes = set(letter_codes(text))
    if "27.5.14" in wanted:
        first = elements[0]
        pair = (mirrored(first), first) if rng.random() < 0.5 else (first, mirrored(first))
        row = in_row(pair, first.width * rng.choice((-0.12, 0, 0.06)))
        return row.with_codes(*codes, "27.5.14", "27.5.22", kinds=["letter"])
    if count == 1:
        codes.add("27.5.21")
        element = elements[0]
        if "27.5.5" in wanted and element.width > 6:
            plain = choose_font(fonts, rng, special=False)
            inner, _ = set_word(plain, choose_word(rng, longest=6).upper(), [colours.background])
            inner = shifted(inner, 0, 0, element.width * 0.75 / inner.width)
            strip = Element(surface(element.width, inner.height * 1.6, colours.main), element.width, inner.height * 1.6)
            element = overlaid(overlaid(element, strip), inner)
            codes.add("27.5.5")
        return element.with_codes(*codes, kinds=["letter"])
    codes.add("27.5.22")
    style = rng.choice(("overlap", "overlap", "tight", "stagger"))
    if style == "tight" and "27.5.19" not in wanted:
        return in_row(elements, rng.uniform(-0.6, 0.6)).with_codes(*codes, kinds=["letter"])
    codes.add("27.5.19")
    height = max(element.height for element in elements)
    x, placed = 0.0, []
    for index, element in enumerate(elements):
        placed.append(shifted(element, x, height * 0.28 * (index % 2) * (style == "stagger") + height - element.height))
        x += element.width * rng.uniform(0.5, 0.75)
    width = max(x, placed[-1].width + (x - elements[-1].width * 0.6))
    return joined(placed, width, height * (1.28 if style == "stagger" else 1)).with_codes(*codes, kinds=["letter"])


def write_ring(fonts: Sequence[FontFile], rng: random.Random, foreground: str, radius: float, height: float) -> Element:
    """Return words around a circle, above and usually below; the frame is that of the outer circle."""
    font = choose_font(fonts, rng, special=False if rng.random() < 0.6 else None)
    text = f"{choose_word(rng, shortest=4)} {choose_word(rng, shortest=4)}".upper()
    above, degrees = set_circular(font, text, foreground, radius=radius, height=height, spacing=rng.uniform(0.05, 0.2))
    elements = [above]
    if degrees < 230:
        line = rng.choice(LINES).upper()[:20]
        height *= 0.8
        below, lower = set_circular(font, line, foreground, radius=radius, height=height, below=True, spacing=0.08)
        if degrees + lower < 330:
            elements.append(shifted(below, (above.width - below.width) / 2, (above.height - below.height) / 2))
    codes = {"27.1.6" if degrees > 230 or len(elements) > 1 else "27.1.12"} | ({"27.5.1"} if font.special else set())
    return joined(elements, above.width, above.height).with_codes(*codes, kinds=["word"])


def _with_sign(text: str, signs: Sequence[str], rng: random.Random) -> tuple[str, str]:
    if not signs:
        pair = rng.choice(('""', "()", "[]", "''"))
        return f"{pair[0]}{text}{pair[1]}", "24.17.1"
    code = rng.choice(signs)
    sign = rng.choice(_SIGNS[code])
    if sign == "&":
        initials = rng.random() < 0.4
        word = choose_word(rng)
        return f"{text[:1]}&{word[:1]}".upper() if initials else f"{text} & {word}", code
    if sign == ".":
        return ".".join(text[:5].upper()) + ".", code
    return (sign + text if sign in "@#€$£" else text + sign), code


def _bent(font: FontFile, text: str, colours: Colours, rng: random.Random, own: set[str], *, ring: bool) -> Element:
    """Return a word on an arc, cropped to the arc, or on a full circle."""
    straight, _ = set_word(font, text, [colours.main])
    sweep = rng.uniform(300, 330) if ring else rng.uniform(60, 170)
    radius = max(18.0, straight.width * 1.12 / math.radians(sweep))
    below = not ring and rng.random() < 0.25
    element, degrees = set_circular(font, text, colours.main, radius=radius, height=20, below=below)
    if ring or degrees > 200:
        return element.with_codes("27.1.6", *own, kinds=["word"])
    middle, reach = element.width / 2, radius + 26
    half = math.radians(min(degrees, 180) / 2)
    wide, inner = 2 * reach * math.sin(half), (radius - 8) * math.cos(half)
    top, deep = middle + inner if below else middle - reach, reach - inner
    return joined((shifted(element, wide / 2 - middle, -top),), wide, deep).with_codes("27.1.12", *own, kinds=["word"])


def _waving(font: FontFile, text: str, colours: Colours, rng: random.Random) -> Element:
    letters = [set_word(font, letter, [colours.main])[0] if letter != " " else Element("", 8, 1) for letter in text]
    x, placed, turns = 0.0, [], rng.choice((0.8, 1.0, 1.5))
    for index, letter in enumerate(letters):
        lift = 7 + 7 * math.sin(2 * math.pi * turns * index / max(len(letters) - 1, 1))
        placed.append(shifted(letter, x, 26 - letter.height + lift - 5))
        x += letter.width + 2
    return joined(placed, x, 36)


def _apart(font: FontFile, text: str, colours: Colours, rng: random.Random, own: set[str]) -> Element:
    """Return separated letters: with dots between them, or each on a square (26.4.9)."""
    letters = text.replace(" ", "")[: rng.choice((3, 4, 5, 6))].upper()
    if rng.random() < 0.5:
        between = Element(f'<circle cx="2" cy="2" r="2" fill="{colours.second}"/>', 4, 4)
        spaced = [each for letter in letters for each in (set_word(font, letter, [colours.main])[0], between)]
        return in_row(spaced[:-1], 5).with_codes("27.5.15", *own, kinds=["word"])
    tiles = []
    for index, letter in enumerate(letters):
        drawn, _ = set_word(font, letter, [colours.background])
        drawn = scaled(drawn, min(1.0, 24 / drawn.width, 24 / drawn.height))
        tiles.append(overlaid(Element(surface(32, 32, colours[index % 2]), 32, 32), drawn))
    row = in_row(tiles, rng.choice((1.5, 4)))
    return row.with_codes("27.5.15", "26.4.9", "26.4.1", "26.4.18", *own, kinds=["quadrilateral"])


def _barred(element: Element, colours: Colours, rng: random.Random) -> Element:
    """Return a word with a line through it, in another colour or cut out of the letters."""
    y, thick = element.height * rng.uniform(0.4, 0.62), rng.uniform(1.2, 2.6)
    colour = colours.second if colours.second != colours.main and rng.random() < 0.6 else colours.background
    bend = rng.choice((0.0, 0.0, rng.uniform(-6, 6)))
    bar = stroke(trace("M", -3, y, "Q", element.width / 2, y - bend, element.width + 3, y), colour, thick)
    return joined((element, Element(bar, element.width, element.height)), element.width, element.height)


def _faded(colour: str) -> str:
    return lighten(colour, 0.55) if sum(channels(colour)) < 600 else darken(colour, 0.55)
