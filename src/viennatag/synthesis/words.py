"""What the words of rendered marks say: invented names, real short words, initials, numerals."""

import random

_ONSETS_TEXT = "b c d f g k l m n p r s t v z br cl dr fl gr pr st tr b d k l m n r s t v"
_VOWELS_TEXT = "a e i o u a e i o a o a i"
_CLOSED_TEXT = "l m n r s n r l x"
_ENDINGS_TEXT = "ex ia on ix ora ana ino ella ium aro tec lab net is us a o ex an el in era ato ona ax"

_ONSETS, _VOWELS = tuple(_ONSETS_TEXT.split()), tuple(_VOWELS_TEXT.split())
_CLOSED, _ENDINGS = tuple(_CLOSED_TEXT.split()), tuple(_ENDINGS_TEXT.split())

_WORDS_TEXT = (
    "acorn active alpha alpine amber anchor apex aqua arc argo aroma aurora avenue bakery balance basic beach "
    "bella berg best bio black blue bond brand bravo bridge bright bureau cafe capital care castle cedar centro "
    "chef choice citrus city classic clean clever club coast coffee comfort copper coral country craft crystal "
    "dairy dali deli delta design diamond digital dolce domus dream drive dynamic earth easy eco eden elite "
    "energy essence estate euro event expert express extra family farm fashion fast field fit flora focus forest "
    "forum fresh fruit future garden gold golden grand green group guard happy harbour health heart heritage "
    "high hill home hotel house ideal idea impact ink iris ivory jewel joy jungle kids king kitchen lake land "
    "legend level life light line link lion living local logic lotus luna lux magic marina market master "
    "media mega melody metro mill mind mint mobile modern moon motor mountain natura natural nature night nordic "
    "north nova oasis ocean office olive one optima orbit organic origin palace paradise park pearl petit "
    "phoenix plan planet plaza point power premium prima prime pro pure quality quick rapid real red river rock "
    "royal safe sana school sea select senior silk silver smart snow solar solid sonic soul source south space "
    "spirit sport spring star station stone store studio sun super sweet system table taste team tech terra "
    "time tower town trade travel tree trend true trust union unique valley vega velvet verde via vida villa "
    "vino vision vital water wave west white wild wind wine winter wood work world yoga young zen zone"
)
WORDS = tuple(_WORDS_TEXT.split())

_LINES_TEXT = (
    "since 1898|est. 1924|quality food|fine wines|made with care|consulting group|natural products|the art of "
    "living|premium selection|your partner|technology|international|solutions|hotel & spa|handmade|organic "
    "coffee|fresh & tasty|design studio|sports club|architects|cosmetics|pharma|engineering|original|bar & "
    "grill|fashion|energy systems|finance|real estate|kids wear|academy|company"
)
LINES = tuple(_LINES_TEXT.split("|"))

DIGITS = ("1", "2", "3", "4", "5", "7", "8", "9", "10", "12", "20", "21", "24", "33", "50", "66", "77", "88", "99")
LONG_DIGITS = ("100", "101", "123", "180", "212", "247", "300", "360", "365", "404", "500", "555", "747", "777", "1000")
ROMAN = ("II", "III", "IV", "VI", "VII", "VIII", "IX", "XI", "XII", "XIV", "XIX", "XX", "XXI", "XXV")


def invent_name(rng: random.Random) -> str:
    """Return a name as companies invent them, of two to four syllables that can be spoken."""
    name = "" if rng.random() < 0.85 else rng.choice("aeiou")
    for _ in range(rng.choice((1, 1, 1, 2, 2))):
        name += rng.choice(_ONSETS) + rng.choice(_VOWELS)
    if rng.random() < 0.55:
        name += rng.choice(_CLOSED)
    elif rng.random() < 0.6:
        name += rng.choice("bcdfglmnrstvz")
    return (
        name
        if name[-1] in "aeiou" and len(name) > 4 and rng.random() < 0.4
        else name.rstrip("aeiou") + rng.choice(_ENDINGS)
    )[:11]


def choose_word(rng: random.Random, *, shortest: int = 3, longest: int = 11) -> str:
    """Return a word or an invented name in small letters, of a length within the bounds where one is found."""
    for _ in range(30):
        word = rng.choice(WORDS) if rng.random() < 0.45 else invent_name(rng)
        if shortest <= len(word) <= longest:
            return word
    return word[:longest]


def choose_case(word: str, rng: random.Random) -> str:
    """Return a word in capitals, small letters, or with a capital first."""
    draw = rng.random()
    return word.upper() if draw < 0.5 else word if draw < 0.7 else word[:1].upper() + word[1:]


def choose_numerals(rng: random.Random) -> str:
    """Return a number as marks show them."""
    return rng.choice(DIGITS if rng.random() < 0.7 else LONG_DIGITS)
