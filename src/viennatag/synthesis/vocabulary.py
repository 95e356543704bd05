"""Texts of rendered marks: invented names, real short words, initials, numerals."""

import random
import tomllib
from importlib import resources

_TABLES = tomllib.loads(resources.files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))
LINES = tuple(_TABLES.pop("lines"))
"""Short descriptive texts, for a small second line."""
_LISTS: dict[str, tuple[str, ...]] = {name: tuple(text.split()) for name, text in _TABLES.items()}
ROMAN = _LISTS["roman"]


def invent_name(rng: random.Random) -> str:
    """Return an invented company name of two to four syllables."""
    name = "" if rng.random() < 0.85 else rng.choice("aeiou")
    for _ in range(rng.choice((1, 1, 1, 2, 2))):
        name += rng.choice(_LISTS["onsets"]) + rng.choice(_LISTS["vowels"])
    if rng.random() < 0.55:
        name += rng.choice(_LISTS["consonants"])
    elif rng.random() < 0.6:
        name += rng.choice("bcdfglmnrstvz")
    if not (name[-1] in "aeiou" and len(name) > 4 and rng.random() < 0.4):
        name = name.rstrip("aeiou") + rng.choice(_LISTS["endings"])
    return name[:11]


def choose_word(rng: random.Random, *, shortest: int = 3, longest: int = 11) -> str:
    """Return a lower-case word or invented name, of a length within the bounds where one is found."""
    for _ in range(30):
        word = rng.choice(_LISTS["words"]) if rng.random() < 0.45 else invent_name(rng)
        if shortest <= len(word) <= longest:
            return word
    return word[:longest]


def choose_case(word: str, rng: random.Random) -> str:
    """Return a word in upper case, lower case or title case."""
    draw = rng.random()
    return word.upper() if draw < 0.5 else word if draw < 0.7 else word[:1].upper() + word[1:]


def choose_numerals(rng: random.Random) -> str:
    """Return a number as marks show them."""
    return rng.choice(_LISTS["digits" if rng.random() < 0.7 else "long_digits"])
