"""Every row of the table of what people ask for is run as it stands, on a small collection."""

import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from PIL import Image

import viennatag
from tests.training.test_onnx_backbones import graph
from viennatag.cli import main
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle

PAGE = Path(__file__).parents[1] / "docs/guide/labels-and-neighbours.md"
ROWS = re.findall(r"^\| (\d+) \| .* \| `(.*)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
SLOW = {"3", "8", "20", "21", "22", "23"}
"""Rows that train, or run the packaged network."""
SAMPLES = Path(__file__).parent / "importers/samples"


@pytest.fixture(scope="module")
def place(collection: Path, trained: tuple[Bundle, Evaluation], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the commands name."""
    folder = tmp_path_factory.mktemp("neighbours")
    shutil.copytree(collection, folder / "images", ignore=shutil.ignore_patterns("*.csv"))
    shutil.copy(collection / "marks.csv", folder / "marks.csv")
    assert trained[0].path is not None
    shutil.copytree(trained[0].path, folder / "my-bundle")
    shutil.copy(SAMPLES / "label-studio.json", folder / "tasks.json")
    graph(folder / "network.onnx")
    tables = {
        "labels.csv": "image,cat,dog\na.png,1,\nb.png,0,1\nc.png,?,1\n",
        "long.csv": "ImageID,LabelName,Confidence\na,cat,1\na,dog,0\nb,cow,1\n",
        "shapes.tsv": "label\tparent\tgroup\trule\nround\t\t\t\nellipse\tround\tform\texactly-one\n"
        "rectangle\t\tform\t\nstar\t\tform\t\ntriangle\t\tform\t\nred\t\t\t\nblue\t\t\t\n",
    }
    shutil.copy(collection / "flat.csv", folder / "shapes.csv")
    for name, text in tables.items():
        (folder / name).write_text(text)
    for name in ("train/cat/a.png", "val/dog/b.png"):
        (folder / "yolo" / name).parent.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / "yolo" / name)
    return folder


def arrays() -> dict[str, Any]:
    """Return what the calls name."""
    import torch

    random = np.random.default_rng(0)
    targets = (random.random((60, 3)) < [0.5, 0.3, 0.2]).astype(int)
    logits = 2.0 * targets - 1 + random.normal(size=targets.shape)
    return {
        "viennatag": viennatag,
        "targets": torch.from_numpy(targets),
        "targets_with_unknown": np.where(random.random(targets.shape) < 0.1, -1, targets),
        "logits": torch.from_numpy(logits),
        "scores": 1 / (1 + np.exp(-logits)),
        "features": random.normal(size=(60, 5)) + targets @ random.normal(size=(3, 5)),
        "groups": [f"family {at // 2}" for at in range(60)],
        "frame": pandas.DataFrame({"image": ["a.png", "b.png"], "codes": [["3.1.6"], ["26.1.1", "29.1.1"]]}),
    }


def test_there_are_28() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 29))


@pytest.mark.parametrize(
    ("number", "call"),
    [pytest.param(*row, id=row[0], marks=[pytest.mark.slow] if row[0] in SLOW else []) for row in ROWS],
)
def test_a_row_works(
    number: str,
    call: str,
    place: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(place)
    if not call.startswith("viennatag "):
        found = eval(call, arrays())
        assert found is not None
        return
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    words = shlex.split(call)
    if number in {"3", "8", "21"}:  # the default network would be fetched
        words += ["--backbone", "test_efficientnet", "--size", "64", "--set", "pretrained=false"]
        words = [word for word in words if word not in {"--preset", "fast"}]
    monkeypatch.setattr(sys, "argv", words)
    before = set(os.listdir(place))
    with pytest.raises(SystemExit) as stop:
        main()
    assert not stop.value.code, capsys.readouterr().err
    written = set(os.listdir(place)) - before
    assert written or capsys.readouterr().out
