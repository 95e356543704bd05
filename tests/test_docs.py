"""What the documents show works: Python blocks run, commands parse, links lead somewhere, the site builds."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import viennatag
from viennatag.cli import app
from viennatag.training.config import Setting, options_from, parse_settings, read_config

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        ROOT / "artwork/README.md",
        ROOT / "benchmarks/README.md",
        ROOT / "recipes/starter/README.md",
    ]
)
LOG = DOCS / "research-log"
"""Pages that are not updated: their commands and code are those of their time."""
CURRENT = [document for document in DOCUMENTS if LOG not in document.parents]
NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (f"{document.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}", match[2])
        for document in CURRENT
        for text in [document.read_text(encoding="utf-8")]
        for match in BLOCK.finditer(text)
        if match[1] == language
    ]


def commands() -> list[tuple[str, list[str]]]:
    return [
        (place, shlex.split(line, comments=True)[1:])
        for place, block in blocks("")
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith("viennatag ")
    ]


def subcommands(command: Any, path: str = "viennatag") -> list[str]:
    found = []
    for name, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            found += [f"{path} {name}", *subcommands(child, f"{path} {name}")]
    return found


def cells(notebook: Path, kind: str) -> list[str]:
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


@pytest.fixture(scope="module")
def hooks() -> Any:
    spec = importlib.util.spec_from_file_location("docs_hooks", DOCS / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("place", "code"), blocks("python"), ids=lambda value: value if ":" in value[:60] else "")
def test_python_blocks_run(
    place: str, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, place, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    expected = re.findall(r"print\(.*\)  # (.*?)(?:: |$)", code, flags=re.MULTILINE)
    assert printed
    assert all(each in printed for each in expected)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(
    notebook: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    names: dict[str, object] = {}
    for number, code in enumerate(cells(notebook, "code")):
        exec(compile(code, f"{notebook.name}[{number}]", "exec"), names)
        capsys.readouterr()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_hold_no_paths_of_a_machine(notebook: Path) -> None:
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"/(home|root|Users|tmp|work|usr|var)/|[A-Z]:\\\\", text)


def test_commands_exist_with_their_options() -> None:
    assert len(commands()) > 8
    for place, (name, *arguments) in commands():
        command = get_command(app).commands.get(name)  # type: ignore[attr-defined]
        assert command is not None, (place, name)
        while arguments and arguments[0] in getattr(command, "commands", {}):
            command = command.commands[arguments.pop(0)]
        assert not getattr(command, "commands", {}), (place, name, arguments)
        if "--show-config" in arguments:  # prints and exits
            continue
        context = command.make_context(name, list(arguments))  # raises on an unknown option
        assert context.params, place
        settings = [value for option, value in pairwise(arguments) if option == "--set"]
        finetune = [Setting("finetune", {}, "--finetune")] if "--finetune" in arguments else []
        named = [Setting("backbone", value, option) for option, value in pairwise(arguments) if option == "--backbone"]
        options_from([*finetune, *named, *parse_settings(settings)])  # raises on an unknown key


@pytest.mark.parametrize(("place", "text"), blocks("toml"), ids=lambda value: value if ":" in value[:60] else "")
def test_option_files_are_valid(place: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "train.toml"
    file.write_text(text, encoding="utf-8")
    assert options_from(read_config(file)), place


def test_every_command_is_in_the_reference(hooks: Any) -> None:
    text = hooks.commands_to_markdown()
    headings = {heading.lstrip("# ") for heading in re.findall(r"^#+ .*$", text, re.MULTILINE)}
    assert headings == set(subcommands(get_command(app)))
    assert hooks.COMMANDS_HERE in (DOCS / "reference/commands.md").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference/api").glob("*.md"))
    documented = set(re.findall(r"^::: viennatag\.(\w+)$", pages, re.MULTILINE))
    assert set(viennatag.__all__) - documented == {"ViennatagError"}  # the page of `errors` has it
    modules = documented - set(viennatag.__all__)
    assert all(importlib.util.find_spec(f"viennatag.{name}") for name in modules)


def test_the_navigation_has_every_page(hooks: Any) -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"[\w/-]+\.md", navigation)
    pages = {page.relative_to(DOCS).as_posix() for page in [*DOCS.rglob("*.md"), *NOTEBOOKS]}
    made = {page.removesuffix(".ipynb").removesuffix(".md") + ".md" for page in pages} | {*hooks.PROJECT_PAGES.values()}
    assert len(listed) == len(set(listed))
    assert set(listed) == made


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        for target in re.findall(
            r"^make ([a-z-]+)|`make ([a-z-]+)`", document.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert set(target) - {""} <= targets, (document, target)


def test_links_lead_somewhere() -> None:
    texts = [(document, document.read_text(encoding="utf-8")) for document in DOCUMENTS]
    texts += [(notebook, "\n".join(cells(notebook, "markdown"))) for notebook in NOTEBOOKS]
    for document, text in texts:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if "://" not in link:
                assert (document.parent / link).exists(), (document, link)


def test_scripts_that_documents_name_exist() -> None:
    for document in CURRENT:
        text = document.read_text(encoding="utf-8")
        for name in re.findall(r"python ((?:benchmarks|artwork|recipes)/[\w/]+\.py)", text):
            assert (ROOT / name).is_file(), (document, name)


def test_the_site_builds_without_warnings_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    pytest.importorskip("mkdocstrings")
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]* src=\"?(https?:[^\" >]+)", text)
        loaded += re.findall(r"<link[^>]* href=\"?(https?:[^\" >]+)", text)
        assert not loaded, (page.name, loaded)
