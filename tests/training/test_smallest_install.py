"""`train` needs nothing but its extra: everything that only another extra installs is hidden from it."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

KEPT = {"tests", "optree"}
"""Not hidden: torch looks for optree among installed packages, and then imports it."""
HIDE = """
import sys
from importlib.machinery import PathFinder
hidden = frozenset(sys.argv[1].split(","))

class Shown(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in hidden else super().find_spec(name, path, target)

sys.meta_path[:] = [Shown if each is PathFinder else each for each in sys.meta_path]
sys.argv[:] = ["viennatag", *sys.argv[2:]]
from viennatag.cli import main
main()
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(extra: str) -> set[str]:
    """Return the distributions that an extra installs, of this environment, all they need included."""
    waiting, found = [("viennatag", frozenset({extra}))], set[tuple[str, frozenset[str]]]()
    while waiting:
        name, extras = each = waiting.pop()
        if each in found:
            continue
        found.add(each)
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # for another system
            continue
        for requirement in map(Requirement, requirements):
            wanted = ({"extra": extra} for extra in ("", *extras))
            if requirement.marker is None or any(map(requirement.marker.evaluate, wanted)):
                waiting.append((normal(requirement.name), frozenset(requirement.extras)))
    return {name for name, _ in found}


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--finetune", "--epochs", "1", "--batch-size", "16")])
def test_training_needs_no_other_extra(collection: Path, tmp_path: Path, more: tuple[str, ...]) -> None:
    installed = needed("train")
    assert {"torch", "timm", "scipy"} <= installed
    assert not {"pandas", "ray", "fastapi"} & installed
    hidden = [
        name
        for name, packages in importlib.metadata.packages_distributions().items()
        if not installed & set(map(normal, packages)) and name not in KEPT
    ]
    options = ["--backbone", "mobilenetv3_small_050", "--set", "pretrained=false", "--size", "32"]
    command = [
        "train",
        str(collection / "marks.csv"),
        "--images",
        str(collection),
        "-o",
        str(tmp_path / "out"),
        *options,
    ]
    done = subprocess.run(
        [sys.executable, "-c", HIDE, ",".join(hidden), *command, *more, "--cache", str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/model.onnx").is_file()
