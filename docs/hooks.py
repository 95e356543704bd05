"""What the site adds to the pages in this folder.

- The command reference is written from the commands themselves.
- The tutorial notebook becomes a page.
- Some documents of the repository (architecture, changelog) become pages.
- A link to any other file of the repository leads to a copy of it in the site.

The pages themselves stay plain Markdown that reads well in the repository.
"""

import json
import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PROJECT_PAGES = {
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "README.md": "index.md",
    "artwork/README.md": "project/artwork.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "benchmarks/results/question.md": "project/question-results.md",
    "recipes/starter/README.md": "project/starter-recipe.md",
}
"""Documents outside this folder, and the page that each becomes. The README has a page of its own."""

COMMANDS_HERE = "<!-- commands -->"
LINK = re.compile(r"\[([^\]\n]*(?:\n[^\]\n]+)*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add the pages that are made from other files."""
    from mkdocs.structure.files import File

    for document, page in PROJECT_PAGES.items():
        if document != "README.md":
            files.append(File.generated(config, page, content=(ROOT / document).read_text(encoding="utf-8")))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        notebook = json.loads(file.content_string)
        files.append(File.generated(config, _page_of(file.src_uri), content=notebook_to_markdown(notebook)))
    return files


def on_page_markdown(markdown: str, page: "Page", config: "MkDocsConfig", files: "Files") -> str:
    """Write the command reference, and make links to files of the repository work."""
    from mkdocs.structure.files import File

    uri = page.file.src_uri
    document = next((path for path, made in PROJECT_PAGES.items() if made == uri != "index.md"), f"docs/{uri}")

    def follow(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        if ":" in target:
            return match[0]
        path = normpath(str(PurePosixPath(document).parent / target))
        if path.startswith("docs/"):
            found = _page_of(path.removeprefix("docs/"))
        elif path in PROJECT_PAGES:
            found = PROJECT_PAGES[path]
        elif (ROOT / path).is_dir():
            return f"{words} (`{path}`)"  # the site has no listings of folders
        else:
            if path.endswith(".md"):
                raise ValueError(
                    f"{document} links to {path}, which is no page; add it to PROJECT_PAGES and to the nav"
                )
            found = f"files/{path}"
            if (ROOT / path).is_file() and files.get_file_from_path(found) is None:
                files.append(File.generated(config, found, abs_src_path=str(ROOT / path)))
        return f"[{words}]({relpath(found, str(PurePosixPath(uri).parent))}{anchor})"

    if COMMANDS_HERE in markdown:
        markdown = markdown.replace(COMMANDS_HERE, commands_to_markdown())
    pieces = FENCE.split(markdown)
    return "".join(piece if at % 2 else LINK.sub(follow, piece) for at, piece in enumerate(pieces))


def notebook_to_markdown(notebook: dict[str, Any]) -> str:
    """Return the cells of a notebook as Markdown, with the text that code cells print."""
    pieces = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            pieces.append(source)
        elif cell["cell_type"] == "code":
            pieces.append(f"```python\n{source}\n```")
            printed = "".join("".join(output.get("text", ())) for output in cell["outputs"])
            if printed:
                pieces.append(f"```text\n{printed.rstrip()}\n```")
    return "\n\n".join(pieces) + "\n"


def commands_to_markdown() -> str:
    """Return every command with its arguments, options and defaults."""
    from typer.main import get_command

    from viennatag.cli import app

    pieces: list[str] = []
    _describe(get_command(app), "viennatag", None, pieces)
    return "\n\n".join(pieces)


def _describe(command: Any, path: str, parent: Any, pieces: list[str]) -> None:
    import click

    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    depth = path.count(" ")
    if depth:
        pieces.append(f"{'#' * (depth + 1)} {path}")
        text = (command.help or "").replace("\b", "").replace("\f", "")
        words, _, example = text.strip().partition("\n\nExample")
        pieces += [_plain(paragraph) for paragraph in re.split(r"\n\s*\n", words)]
        usage = " ".join(command.collect_usage_pieces(context))
        examples = [line.strip(": ") for line in re.split(r"Examples?:|\n", example) if line.strip(": ")]
        pieces.append("```text\n" + "\n".join([f"{path} {usage}", *(f"\n{line}" for line in examples)]) + "\n```")
        rows = []
        for parameter in command.params:
            if getattr(parameter, "hidden", False) or parameter.name == "help":
                continue
            names, text = parameter.get_help_record(context) or (parameter.make_metavar(context), "")
            rows.append(f"| `{names.replace('|', chr(92) + '|')}` | {_plain(text)} |")
        if rows:
            pieces.append("\n".join(["| argument or option | |", "|---|---|", *rows]))
    for name in getattr(command, "commands", {}):
        child = command.commands[name]
        if not child.hidden:
            _describe(child, f"{path} {name}", context, pieces)


def _plain(text: str) -> str:
    """Return help text as one line of Markdown."""
    text = re.sub(r"\s+", " ", text.replace("\\[", "[")).strip()
    return re.sub(r"([|<>*_\[\]])", r"\\\1", text)


def _page_of(uri: str) -> str:
    return f"{uri.removesuffix('.ipynb')}.md" if uri.endswith(".ipynb") else uri
