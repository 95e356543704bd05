"""The commands `codes show`, `search`, `list` and `import`: the classification, or a tree of one's own."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer
from typer import Argument, Option

from viennatag.cli.options import PLAIN, Command, FormatOption, TaxonomyOption, fail, print_json
from viennatag.cli.outputs import check_outputs

if TYPE_CHECKING:
    from viennatag.data.taxonomy import LabelTree
    from viennatag.vienna.codes import Code, Tree

TreeOption = Annotated[Path | None, Option("--tree", help="Tree file to read, as `codes import` writes it.")]
LanguageOption = Annotated[
    str | None,
    Option(
        "--language",
        help="Language of the headings, of the tree file or the newest imported edition.",
        show_default="en",
    ),
]

_MOST = 40
"""Codes that a search prints."""

codes = typer.Typer(
    name="codes",
    help="Show, search, list and import Vienna codes and their headings.\n\nExample: viennatag codes show 3.1.6",
    no_args_is_help=True,
    **PLAIN,
)


@codes.command("show", cls=Command)
def show(
    code: Annotated[list[str], Argument(help="Vienna codes, such as 3.1.6, or labels.", metavar="CODE...")],
    format_: FormatOption = "table",
    tree: TreeOption = None,
    language: LanguageOption = None,
    taxonomy: TaxonomyOption = "vienna",
) -> None:
    """Show codes with their ancestors and children.

    Example: viennatag codes show 3.1.6

    Example: viennatag codes show cat --taxonomy animals.tsv
    """
    if taxonomy != "vienna":
        own = _open_own(taxonomy, tree, language)
        labels = own.read_labels(code)
        return _print_own(own, [node for each in labels for node in (*own.path(each), *own.children(each))], format_)
    from viennatag.vienna.codes import parse_codes

    shown = _open(tree, language)
    asked = parse_codes(" ".join(code))
    return _print(shown, [node for each in asked for node in (*each.path, *shown.tree.children(each))], format_)


@codes.command("search", cls=Command)
def search(
    words: Annotated[list[str], Argument(help="Words of a heading.", metavar="WORD...")],
    format_: FormatOption = "table",
    tree: TreeOption = None,
    language: LanguageOption = None,
    taxonomy: TaxonomyOption = "vienna",
) -> None:
    """Find codes by words of their headings.

    Example: viennatag codes search cat
    """
    if taxonomy != "vienna":
        own = _open_own(taxonomy, tree, language)
        return _print_own(own, own.search(words)[:_MOST] or _nothing(words), format_)
    from viennatag.vienna.search import search_headings

    shown = _open(tree, language)
    return _print(shown, search_headings(words, shown.tree, limit=_MOST) or _nothing(words), format_)


@codes.command("list", cls=Command)
def list_(
    format_: FormatOption = "table",
    tree: TreeOption = None,
    language: LanguageOption = None,
    taxonomy: TaxonomyOption = "vienna",
) -> None:
    """List the categories, or the labels without a parent of a tree of one's own.

    Example: viennatag codes list
    """
    if taxonomy != "vienna":
        own = _open_own(taxonomy, tree, language)
        return _print_own(own, own.children(""), format_)
    shown = _open(tree, language)
    return _print(shown, shown.tree.children(None), format_)


@codes.command("import", cls=Command)
def import_(
    file: Annotated[Path, Argument(help="WIPO's file of an edition, as XML.")],
    out: Annotated[
        Path | None, Option("-o", "--out", help="Tree file to write.", show_default="kept for all commands")
    ] = None,
    edition: Annotated[int | None, Option(help="Edition of the file, where the file does not say it.")] = None,
    language: Annotated[str, Option(help="Language of the headings.")] = "en",
) -> None:
    """Import an edition of the classification.

    A further language of an imported edition is added to it.

    Example: viennatag codes import vienna10.xml
    """
    check_outputs({"--out": out}, inputs=[file])
    from viennatag.vienna.editions import import_classification

    path, found = import_classification(file, out=out, edition=edition, language=language)
    languages = ", ".join(found.languages)
    print(f"wrote {path}: {len(found.codes):,} codes, {len(found.auxiliary):,} auxiliary, headings in {languages}")


class _Shown(NamedTuple):
    """A tree, its codes without headings in the language asked for, and the languages that there are."""

    tree: "Tree"
    untranslated: "frozenset[Code]"
    languages: str


def _open(file: Path | None, language: str | None) -> _Shown:
    from viennatag.vienna.codes import vienna_tree

    if file is None and language is None:
        return _Shown(vienna_tree(), frozenset(), "")
    from viennatag.vienna.classification import parse_language, read_tree_file
    from viennatag.vienna.editions import imported_editions

    wanted = parse_language(language or "en")
    if file is None:
        imported = list(imported_editions().values())
        if not imported:
            fail("no imported edition has headings in a language; try: viennatag codes import vienna10.xml")
        file = imported[-1]
    found = read_tree_file(file)
    return _Shown(found.tree(wanted), found.missing(wanted), f"{file} has headings in {', '.join(found.languages)}")


def _open_own(taxonomy: str, tree: Path | None, language: str | None) -> "LabelTree":
    from viennatag.data.taxonomy import LabelTree
    from viennatag.data.taxonomy_files import find_taxonomy

    found = find_taxonomy(taxonomy)
    if not isinstance(found, LabelTree):
        fail("flat labels have no tree to show; name a taxonomy file with --taxonomy")
    if tree is not None or language is not None:
        fail("--tree and --language are for the Vienna Classification; leave them out beside --taxonomy")
    return found


def _nothing(words: Iterable[str]) -> NoReturn:
    fail(f"no heading has {' '.join(words)!r} in it; try fewer or shorter words")


def _print_own(tree: "LabelTree", labels: "Iterable[str]", format_: str) -> None:
    rules = dict(tree.rules)
    rows = []
    for label in dict.fromkeys(labels):
        rows.append(
            {"code": label, "heading": tree.heading(label), "level": tree.level_names[len(tree.path(label)) - 1]}
        )
        if group := tree.group(label):
            rows[-1] |= {"group": group, "rule": rules[group]}
    _print_rows(rows, format_)


def _print(shown: _Shown, found: "Iterable[Code]", format_: str) -> None:
    found = list(dict.fromkeys(found))
    english = sum(code in shown.untranslated for code in found)
    if english:
        counted = f"{english:,} of {len(found):,} headings"
        print(f"{counted} are viennatag's own English words; {shown.languages}", file=sys.stderr)
    rows = [{"code": str(code), "heading": shown.tree.heading(code), "level": code.level} for code in found]
    _print_rows(rows, format_)


def _print_rows(rows: list[dict[str, str]], format_: str) -> None:
    if format_ == "json":
        print_json(rows)
        return
    width = max((len(row["code"]) for row in rows), default=0)
    for row in rows:
        group = f"  ({row['rule']} of {row['group']})" if "group" in row else ""
        print(f"{row['code']:<{width}}  {row['heading']}{group}")
