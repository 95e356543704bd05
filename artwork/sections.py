"""Count the drawings of each section, and say why some sections have none: docs/reference/sections.md and .tsv.

    python artwork/sections.py

Needs `make artwork clip-art schematic maps`.
"""

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from viennatag.files import atomic_file
from viennatag.images.colours import CODES, COUNTS, MANY
from viennatag.synthesis import Drawing, read_artwork
from viennatag.synthesis.composition import OWN_CODES, SWAP_CODES
from viennatag.synthesis.layouts import PLURALS
from viennatag.vienna.codes import FIRST_FORM_CATEGORY, Code, parse_code, vienna_tree

ROOT = Path(__file__).parents[1]
PACKS = [ROOT / "artwork" / folder for folder in ("node_modules/@iconify-json", "clip-art", "schematic", "maps")]

HEAD = ("code", "drawings", "groups", "packs", "drawn_by")
ARTWORK, SHAPES, PIXELS = "artwork", "shapes and letters", "pixels"
NONE = {
    "rest": "a section for what is left over or in general: no name of a drawing says that",
    "number": "a number of things: no name of a drawing promises it",
    "form": "a section of form for which no shape is drawn",
    "name": "no drawing in the packs has a name that says it",
}
"""Why a section is not drawn."""

_REST = re.compile(r"\b(of another|of other|others|general|elsewhere|otherwise|various|^other)\b", re.IGNORECASE)
_NUMBER = re.compile(r"^(two|three|four|several|more than|one)\b", re.IGNORECASE)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    drawings, packs = read_artwork(PACKS)
    rows = count_sections(drawings)
    with (
        atomic_file(ROOT / "docs/reference/sections.tsv") as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows((HEAD, *rows))
    with atomic_file(ROOT / "docs/reference/sections.md") as temporary:
        temporary.write_text(page(rows, len(drawings), len(packs)), encoding="utf-8")


def count_sections(drawings: Iterable[Drawing]) -> list[tuple[str, int, int, int, str]]:
    """Return a row for each section of the classification."""
    shown: dict[str, list[Drawing]] = defaultdict(list)
    for drawing in drawings:
        for code in drawing.codes:
            shown[code].append(drawing)
    headings = vienna_tree().headings
    rows = []
    for section in sorted(code for code in headings if code.level == "section"):
        found = shown[str(section)]
        groups, packs = {each.group for each in found}, {each.pack for each in found}
        drawer = drawn_by(section, headings[section], bool(found))
        rows.append((str(section), len(found), len(groups), len(packs), drawer))
    return rows


def drawn_by(code: Code, heading: str, has_artwork: bool) -> str:
    """Return how a section is drawn, or a key of `NONE`."""
    if has_artwork:
        return ARTWORK
    if str(code) in OWN_CODES | SWAP_CODES | PLURALS.keys():
        return SHAPES
    if str(code) in {*CODES.values(), *COUNTS.values(), MANY}:
        return PIXELS
    if code.category >= FIRST_FORM_CATEGORY:
        return "form"
    return "rest" if _REST.search(heading) else "number" if _NUMBER.search(heading) else "name"


def page(rows: list[tuple[str, int, int, int, str]], drawings: int, packs: int) -> str:
    """Return the page: a table of the categories, and the sections that are not drawn, by reason."""
    headings = vienna_tree().headings
    by_category: dict[int, list[tuple[str, int, int, int, str]]] = defaultdict(list)
    for row in rows:
        by_category[parse_code(row[0]).category].append(row)
    table = []
    for category, held in by_category.items():
        drawn = [row for row in held if row[4] == ARTWORK]
        forms = sum(row[4] in {SHAPES, PIXELS} for row in held)
        few = sum(row[2] < 3 for row in drawn)
        table.append(
            f"| {category} | {headings[parse_code(str(category))]} | {len(held)} | {len(drawn)} | {few} | {forms} | "
            f"{len(held) - len(drawn) - forms} | {sum(row[1] for row in drawn):,} |"
        )
    lists = []
    for reason, meaning in NONE.items():
        missing = [f"{row[0]} {headings[parse_code(row[0])]}" for row in rows if row[4] == reason]
        lists += [f"**{meaning[:1].upper()}{meaning[1:]}** ({len(missing)}): {'; '.join(missing)}.", ""]
    artwork = sum(row[4] == ARTWORK for row in rows)
    lines = (
        "# Sections that can be drawn",
        "",
        "Written by `python artwork/sections.py`. [sections.tsv](sections.tsv) has each section by itself, with its",
        "drawings, groups (styles of one drawing count once) and packs.",
        "",
        f"{drawings:,} drawings of {packs} packs show {artwork:,} sections. A drawing counts for each that it shows.",
        "*Few* are sections with fewer than three groups, *form* those drawn by shapes or letters or read from pixels.",
        "",
        "| | category | sections | with artwork | few | form | not drawn | drawings |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
        *table,
        "",
        "## Not drawn",
        "",
        *lists,
    )
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    main()
