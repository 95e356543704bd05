"""What the documents show works: Python blocks run, commands parse, links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from viennatag.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "artwork/README.md", ROOT / "benchmarks/README.md"]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    return [
        (f"{document.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}", match[2])
        for document in DOCUMENTS
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


@pytest.mark.parametrize(("place", "code"), blocks("python"), ids=lambda value: value if ":" in value[:40] else "")
def test_python_blocks_run(
    place: str, code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, place, "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    expected = re.findall(r"print\(.*\)  # (.*?)(?:: |$)", code, flags=re.MULTILINE)
    assert printed
    assert all(each in printed for each in expected)


def test_commands_exist_with_their_options() -> None:
    group = get_command(app)
    assert len(commands()) > 8
    for place, (name, *arguments) in commands():
        command = group.commands.get(name)  # type: ignore[attr-defined]
        assert command is not None, (place, name)
        context = command.make_context(name, list(arguments))  # raises on an unknown option
        assert context.params, place


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in DOCUMENTS:
        for target in re.findall(
            r"^make ([a-z-]+)|`make ([a-z-]+)`", document.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert set(target) - {""} <= targets, (document, target)


def test_links_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for link in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (document.parent / link).exists(), (document, link)


def test_benchmarks_that_documents_name_exist() -> None:
    for document in DOCUMENTS:
        for name in re.findall(r"python (benchmarks/\w+\.py)", document.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), (document, name)
