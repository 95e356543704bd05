"""Every script starts: benchmarks, sources of artwork, recipes."""

import subprocess
import sys

import pytest

from tests.scripts import ROOT

PARTS_OF_OTHERS = {
    "plain",
    "packs",
    "stages",
    "rounds",
    "drawing",
    "weight_mean",
    "unlabelled",
    "registered",
    "registered_stage",
    "stage_features",
}
SCRIPTS = [
    path
    for folder in ("artwork", "benchmarks", "recipes/starter")
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.stem not in PARTS_OF_OTHERS
]


@pytest.mark.slow
@pytest.mark.parametrize("path", [*SCRIPTS, ROOT / "benchmarks/question/run.py"], ids=lambda path: path.stem)
def test_a_script_explains_itself(path: object) -> None:
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")


def test_the_readme_names_every_benchmark() -> None:
    text = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert f"{path.name}" in text, path.name


def test_only_registered_marks_are_read_from_outside_the_repository() -> None:
    for path in (ROOT / "recipes").rglob("*"):
        if path.suffix in {".py", ".toml"} and path.name != "__main__.py":
            text = path.read_text(encoding="utf-8").replace("../shared/real_marks", "")
            assert "../shared" not in text, path
