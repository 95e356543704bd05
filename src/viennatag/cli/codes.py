"""The command `codes`: show and search the classification."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viennatag.cli.shared import FormatOption, choose, fail

if TYPE_CHECKING:
    from viennatag.vienna.codes import Code, Tree


def codes(
    query: Annotated[
        list[str] | None,
        typer.Argument(
            help="A code; or search and words; or import and a file of WIPO's.",
            metavar="[CODE | search WORDS... | import FILE]",
        ),
    ] = None,
    format_: FormatOption = "table",
    tree: Annotated[Path | None, typer.Option(help="Tree file to show, as import writes it.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Show headings of the tree file, or the newest edition imported, in it.")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="With import: the tree file to write.")] = None,
    edition: Annotated[int | None, typer.Option(help="With import: the edition that the file holds.")] = None,
) -> None:
    """Show a code with its place in the tree, or search headings; without arguments the categories.

    Example: viennatag codes 3.1.6
    Example: viennatag codes search cat
    Example: viennatag codes import vienna10.xml
    """
    choose("--format", format_, ("table", "json"))
    from viennatag.vienna.codes import Code, parse_codes

    if query and query[0] == "import":
        _import_tree(query[1:], out, edition, language or "en")
        return
    if out is not None or edition is not None:
        fail("--out and --edition belong to: viennatag codes import FILE")
    shown, borrowed, held = _tree(tree, language)
    found: list[Code]
    if not query:
        found = list(shown.children(None))
    elif query[0] == "search":
        found = shown.search(query[1:], limit=40)
        if not found:
            fail(f"no heading holds {' '.join(query[1:])!r}; try fewer or shorter words")
    else:
        asked = parse_codes(" ".join(query))
        found = [node for code in asked for node in (*code.path, *shown.children(code))]
    found = list(dict.fromkeys(found))
    english = sum(code in borrowed for code in found)
    if english:
        print(f"{english:,} of {len(found):,} headings are viennatag's own English words; {held}", file=sys.stderr)
    if format_ == "json":
        rows = [{"code": str(code), "heading": shown.heading(code), "level": code.level} for code in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    width = max((len(str(code)) for code in found), default=0)
    for code in found:
        print(f"{code!s:<{width}}  {shown.heading(code)}")


def _tree(file: Path | None, language: str | None) -> "tuple[Tree, frozenset[Code], str]":
    """Return the tree to show, the codes without headings in the language asked for, and which there are."""
    from viennatag.vienna.codes import vienna_tree

    if file is None and language is None:
        return vienna_tree(), frozenset(), ""
    from viennatag.vienna.classification import parse_language, read_tree_file
    from viennatag.vienna.editions import imported_editions

    wanted = parse_language(language or "en")
    if file is None:
        imported = list(imported_editions().values())
        if not imported:
            fail("no edition was imported that has headings in a language; try: viennatag codes import vienna10.xml")
        file = imported[-1]
    found = read_tree_file(file)
    return found.tree(wanted), found.missing(wanted), f"{file} has headings in {', '.join(found.languages)}"


def _import_tree(files: list[str], out: Path | None, edition: int | None, language: str) -> None:
    if len(files) != 1:
        fail(f"import takes one file, not {len(files)}; languages in files of their own are imported one by one")
    from viennatag.vienna.editions import import_classification

    path, found = import_classification(files[0], out=out, edition=edition, language=language)
    languages = ", ".join(found.languages)
    print(f"wrote {path}: {len(found.codes):,} codes, {len(found.auxiliary):,} auxiliary, headings in {languages}")
