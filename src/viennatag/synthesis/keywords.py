"""Which artwork shows which Vienna section, by the name of the drawing.

Icon packs name a drawing by what it shows (`cat-face`, `oak-leaf`), in as many styles and sizes as the
pack has (`cat-face-outline`, `cat-face-24-filled`). A name without its style is *normalised*; a hand-made
table maps normalised names to sections, so that the codes of a rendered mark are known by construction.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

from viennatag.errors import ArtworkError, CodeError, report_problems
from viennatag.vienna.codes import parse_code

_SKIN = re.compile(r"-(light|medium-light|medium|medium-dark|dark)-skin-tone")
_STYLE_WORDS = """
    outline outlined fill filled bold duotone thin light linear broken line solid regular sharp rounded twotone stroke
    standard"""
_STYLES = frozenset(_STYLE_WORDS.split())
_OWN_STYLES = {
    "dinkie": {"small"}, "healthicons": {"24px"}, "jam": {"f"}, "marketeq": {"duo"}, "nrk": {"expressive"},
    "streamline": {"duo", "flat", "remix"},
}  # fmt: skip
"""Styles of some packs only, by the first word of their names: elsewhere a `seat-flat` is another thing."""
_WHOLE = frozenset({"police-car-light"})
"""Names whose last word is no style: this one is a siren."""


def normalise(name: str, pack: str = "") -> str:
    """Return a drawing's name without skin tone and without the style and size at its end."""
    styles = _STYLES | _OWN_STYLES.get(pack.partition("-")[0], set())
    words = _SKIN.sub("", name).split("-")
    while len(words) > 1 and (words[-1] in styles or re.fullmatch(r"\d+", words[-1])):
        if "-".join(words) in _WHOLE:
            break
        words.pop()
    return "-".join(words)


@dataclass(frozen=True)
class Keywords:
    """One row of the table: the drawings that show a section.

    Attributes:
        code: The section, canonical.
        names: Normalised names or globs; `!` excludes, `pack:` speaks of one pack only, or of those a glob names.
    """

    code: str
    names: tuple[str, ...]


def read_keywords(path: Path | None = None) -> tuple[Keywords, ...]:
    """Return the rows of a keyword table, by default of the one that comes with viennatag.

    Raises:
        ArtworkError: If the file cannot be read or has bad rows; it lists all of them.
    """
    try:
        text = (path or resources.files(__package__) / "keywords.tsv").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ArtworkError(f"{path or 'keywords.tsv'}: the keyword table cannot be read: {exc}") from exc
    rows: list[Keywords] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(("#", "code\t")):
            continue
        code, tab, names = line.partition("\t")
        try:
            rows.append(Keywords(str(parse_code(code)), tuple(names.split())))
        except CodeError as exc:
            problems.append(f"row {number:,}: {exc}")
            continue
        if not tab or not names.split():
            problems.append(f"row {number:,}: no names after the code {code!r}; separate them from it by a tab")
    if problems:
        raise ArtworkError(report_problems(f"{path or 'keywords.tsv'}: {len(problems):,} bad rows", problems))
    return tuple(rows)


def match_codes(names: Sequence[tuple[str, str]], table: Iterable[Keywords]) -> list[tuple[str, ...]]:
    """Return the codes of each drawing, in the order of the table.

    Args:
        names: Pack and normalised name of each drawing.
        table: The rows to match; a drawing may match several.
    """
    holders: dict[str, list[int]] = {}
    for index, (_, key) in enumerate(names):
        holders.setdefault(key, []).append(index)
    every_key = "\n".join(holders)
    found: list[list[str]] = [[] for _ in names]

    def hits(pattern: str) -> set[int]:
        pack, _, glob = pattern.rpartition(":")
        keys = _glob(glob).findall(every_key) if set(glob) & set("*?[") else [glob]
        found = (index for key in keys for index in holders.get(key, ()))
        return {index for index in found if not pack or fnmatchcase(names[index][0], pack)}

    for row in table:
        shown = [hits(name) for name in row.names if not name.startswith("!")]
        excluded = [hits(name[1:]) for name in row.names if name.startswith("!")]
        for index in set().union(*shown).difference(*excluded):
            if row.code not in found[index]:
                found[index].append(row.code)
    return [tuple(codes) for codes in found]


def _glob(pattern: str) -> re.Pattern[str]:
    """Return a shell pattern that is matched against all names at once, one a line: 50 times faster than one by one."""
    found = ""
    for token in re.findall(r"\[!?[^\]]+\]|.", pattern):
        if len(token) > 1:
            found += token.replace("[!", "[^\n", 1)
        else:
            found += {"*": r"[^\n]*", "?": r"[^\n]"}.get(token) or re.escape(token)
    return re.compile(f"^{found}$", re.MULTILINE)
