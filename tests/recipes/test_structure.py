"""What the figures of the package's structure count, on a package of a few lines."""

from pathlib import Path

import pytest

from tests.scripts import load_script

FILES = {
    "__init__.py": "from viennatag.predictor import Predictor\n",
    "cli/__init__.py": "",
    "cli/predict.py": (
        "def predict():\n    from viennatag.predictor import Predictor\n    from viennatag import losses\n"
    ),
    "predictor.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from viennatag.bundle import Bundle\n\n"
        "class Predictor: ...\nSIZE = 3\n"
    ),
    "bundle.py": "from viennatag.predictor import Predictor\nSIZE = 4\nclass Bundle: ...\n",
    "losses/__init__.py": "from .focal import Focal\n",
    "losses/focal.py": "from ..deep import below\nclass Focal: ...\n",
    "deep.py": "below = 1\n",
}


def test_figures_of_a_small_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    structure = load_script("benchmarks/structure")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = structure.measure(tmp_path, ["losses"])
    assert found.root_modules == ["__init__.py", "bundle.py", "deep.py", "predictor.py"]
    assert found.cycles == [["viennatag.bundle", "viennatag.predictor"]], "imports for type checkers count"
    reach = found.reach["predict"]
    assert reach.files == {"viennatag.cli.predict": 3, "viennatag.predictor": 6}, "here they do not"
    assert reach.leaves == {"viennatag.deep": 1, "viennatag.losses": 1, "viennatag.losses.focal": 2}
    assert found.doubled_names == {"SIZE": ["viennatag.bundle", "viennatag.predictor"]}
