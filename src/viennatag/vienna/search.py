"""Find codes by what people type: a code in any spelling, or words, also other ones for a thing, and mistyped ones.

Own headings come first. Then follow other words for the same thing (`synonyms.tsv`) and WIPO's headings in the
languages that were imported. Only if nothing is found, words are taken for mistyped.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from viennatag.errors import CodeError
from viennatag.vienna.classification import Classification, read_tree_file
from viennatag.vienna.codes import Code, Tree, parse_code, vienna_tree
from viennatag.vienna.editions import imported_editions

_SPACED = re.compile(r"(?:A[\s.]*)?(\d{1,2})[\s.,/-]+(\d{1,2})(?:[\s.,/-]+(\d{1,2}))?\.?", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_SIMILARITY = 0.8
"""Ratio of equal letters from which a word is taken for a mistyped one."""
_SHORTEST_BEGINNING = 4
"""Letters from which the beginning of another word for a thing counts as that word."""


class Found(NamedTuple):
    """A code that was found, and the words that it was found by if its own heading lacks them."""

    code: Code
    matched: str = ""


def search_headings(words: Iterable[str], tree: Tree, *, limit: int | None = None) -> list[Code]:
    """Return the codes of a tree whose heading, or an ancestor's, contains every word; the closest match first.

    Case and plural endings are ignored, and a word also matches the beginning of a longer one.
    """
    wanted = [_stem(word) for text in words for word in _WORD.findall(text.lower())]
    found, stems = [], _stems(tree)
    for code, own in stems.items():
        inherited = frozenset[str]().union(*(stems.get(node, ()) for node in code.path[:-1]))
        ranks = [_rank(word, own, inherited) for word in wanted]
        if wanted and all(ranks):
            found.append((-sum(ranks), len(own), code))
    return [code for _, _, code in sorted(found)][:limit]


@lru_cache(maxsize=4)
def _stems(tree: Tree) -> dict[Code, frozenset[str]]:
    return {code: frozenset(map(_stem, _WORD.findall(heading.lower()))) for code, heading in tree.headings.items()}


def _stem(word: str) -> str:
    """Return an English noun without its plural ending, as in `cats`, `foxes`, `berries`."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1 and not word.endswith("ss"):
            return word.removesuffix(ending) + instead
    return word


def _rank(word: str, own: frozenset[str], inherited: frozenset[str]) -> int:
    if word in own:
        return 8
    if any(other.startswith(word) for other in own):
        return 4
    return 1 if word in inherited else 0


def parse_spelling(text: str) -> Code:
    """Return the code of any spelling in use: as `parse_code`, and `03 01 06`, `3-1-6`, `3/1/6`, `A 3.1.16`.

    Raises:
        CodeError: If the text is not one code.
    """
    match = _SPACED.fullmatch(text.strip())
    return parse_code(".".join(number for number in match.groups() if number) if match else text)


def search_classification(text: str, *, limit: int | None = None) -> list[Found]:
    """Return codes for words or for a code in any spelling, the best first; a code comes with those below it."""
    tree = vienna_tree()
    try:
        code = parse_spelling(text)
    except CodeError:
        pass
    else:
        return [Found(each) for each in (code, *tree.children(code)) if each in tree][:limit]
    found = [*map(Found, search_headings([text], tree)), *_by_synonym(text, tree), *_by_language(text)]
    return _first_of_each(found or _mistyped(text, tree))[:limit]


def auxiliary_codes() -> frozenset[Code]:
    """Return the auxiliary sections, if WIPO's file was imported."""
    classification = _imported()
    return classification.auxiliary if classification else frozenset()


def note_of(code: Code) -> str:
    """Return WIPO's note on a code, in English if there is one, or nothing; known where WIPO's file was imported."""
    notes = classification.notes if (classification := _imported()) else {}
    languages = sorted(notes, key=lambda language: (language != "en", language))
    return next((notes[language][code] for language in languages if code in notes[language]), "")


def _first_of_each(found: Iterable[Found]) -> list[Found]:
    return list({each.code: each for each in reversed(list(found))}.values())[::-1]


@cache
def synonyms() -> Mapping[str, str]:
    """Return other words for things, each with a code or with words of headings."""
    table = resources.files("viennatag.vienna").joinpath("synonyms.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in table.splitlines()[1:])


def _by_synonym(text: str, tree: Tree) -> list[Found]:
    """Return what other words mean; the rest of the text must fit as well, if a heading has it."""
    typed = " ".join(_WORD.findall(text.lower()))
    found = []
    for word, instead in synonyms().items():
        whole = re.search(rf"\b{re.escape(word)}s?\b", typed)
        if not whole and not (len(typed) >= _SHORTEST_BEGINNING and word.startswith(typed)):
            continue
        if instead[0].isdigit():
            codes = [parse_code(instead)]
        else:
            rest = typed.replace(whole[0], " ") if whole else ""
            codes = search_headings([instead, rest], tree) or search_headings([instead], tree)
        found += [Found(code, word) for code in codes]
    return found


def _by_language(text: str) -> list[Found]:
    classification = _imported()
    words = _WORD.findall(_fold(text))
    if classification is None or not words:
        return []
    found = []
    for language in classification.languages:
        for code, heading in classification.headings[language].items():
            own = _WORD.findall(_fold(heading))
            exact = sum(word in own for word in words)
            if all(any(part.startswith(word) for part in own) for word in words):
                found.append((-exact, len(own), Found(code, heading)))
    return [each for _, _, each in sorted(found)]


def _fold(text: str) -> str:
    """Return a text in small letters without accents, so that `etoile` finds `étoile`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def _imported() -> Classification | None:
    """Return the latest edition that was imported."""
    paths = imported_editions()
    if not paths:
        return None
    path = paths[max(paths)]
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: Path, _: int) -> Classification:
    return read_tree_file(path)


def _mistyped(text: str, tree: Tree) -> list[Found]:
    """Return the codes of the words that resemble the typed ones most."""
    known = _vocabulary()
    words = _WORD.findall(text.lower())
    meant = [[word] if word in known else _nearest(word, known) for word in words]
    if not words or not all(meant):
        return []
    read = " ".join(each[0] for each in meant)
    found = [*map(Found, search_headings([read], tree)), *_by_synonym(read, tree)]
    return [Found(code, read) for code, _ in found]


def _nearest(word: str, known: tuple[str, ...]) -> list[str]:
    """Return the known word that resembles another most, or has its letters in another order; nothing if none does."""
    swapped = (each for each in known if each[0] == word[0] and sorted(each) == sorted(word))
    return get_close_matches(word, known, n=1, cutoff=_SIMILARITY) or list(swapped)[:1]


@cache
def _vocabulary() -> tuple[str, ...]:
    headings = vienna_tree().headings.values()
    words = {word for heading in headings for word in _WORD.findall(heading.lower()) if not word.isdigit()}
    return tuple(sorted(words | {word for word in synonyms() if " " not in word}))
