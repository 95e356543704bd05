"""Checkpoints that were cut, emptied, or put there by somebody else."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.test_finetune import network
from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.training.data.pixels import Pixels
from viennatag.training.finetuning.checkpoints import BEST, EARLIER, LAST
from viennatag.training.finetuning.finetune import finetune
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.options import FinetuneOptions

OPTIONS = FinetuneOptions(epochs=3, batch_size=32)


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.trace}'",)


@pytest.fixture(scope="module")
def data(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuningData:
    marks = read_marks(collection / "marks.csv", images=collection)
    paths = [collection / image for image in marks.images]
    return FineTuningData(
        pixels=Pixels.of(paths, 32, cache=tmp_path_factory.mktemp("pixels")),
        targets=LabelSet.from_marks(marks).encode(marks.codes),
        train=np.arange(160),
        validation=np.arange(160, 240),
        weights=np.ones(160),
    )


def tuned(data: FineTuningData, folder: Path) -> tuple[dict[str, torch.Tensor], list[int]]:
    """Return what fine-tuning ends with, and the steps that it took."""
    steps: list[int] = []
    found = finetune(network(), data, options=OPTIONS, checkpoints=folder, progress=lambda at, *_: steps.append(at))
    return found.network.state_dict(), steps


@pytest.fixture(scope="module")
def whole(data: FineTuningData, tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    return tuned(data, tmp_path_factory.mktemp("whole"))[0]


@pytest.fixture(scope="module")
def stopped(data: FineTuningData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that ended in its second epoch."""
    folder = tmp_path_factory.mktemp("stopped")

    def stop(step: int, *_: Any) -> None:
        if step == 8:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        finetune(network(), data, options=OPTIONS, checkpoints=folder, save_every=1, progress=stop)
    assert sorted(path.name for path in folder.iterdir()) == [BEST, EARLIER, LAST]
    return folder


def cut(folder: Path) -> None:
    (folder / LAST).write_bytes((folder / LAST).read_bytes()[:5000])


def empty(folder: Path) -> None:
    (folder / LAST).write_bytes(b"")


def plant(folder: Path) -> None:
    torch.save({"x": Planted(folder / "PLANTED")}, folder / LAST)


def plant_inside(folder: Path) -> None:
    found = torch.load(folder / LAST, weights_only=True)
    torch.save(found | {"more": Planted(folder / "PLANTED")}, folder / LAST)


def of_another_network(folder: Path) -> None:
    found = torch.load(folder / LAST, weights_only=True)
    found["state_dict"]["head.bias"] = torch.zeros(99)
    torch.save(found, folder / LAST)


def both(folder: Path) -> None:
    (folder / LAST).write_bytes(b"no checkpoint")
    (folder / EARLIER).write_bytes(b"")


def best_lost(folder: Path) -> None:
    (folder / BEST).write_bytes(b"")


@pytest.mark.parametrize(
    ("damage", "first"),
    [
        (lambda _: None, 8), (cut, 7), (empty, 7), (plant, 7), (plant_inside, 7), (of_another_network, 7), (both, 1),
        (best_lost, 1),
    ],
)  # fmt: skip
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    damage: Callable[[Path], None],
    first: int,
    stopped: Path,
    whole: dict[str, torch.Tensor],
    data: FineTuningData,
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(stopped, tmp_path / "run"))
    damage(folder)
    again, steps = tuned(data, folder)
    assert steps[0] == first
    assert not (folder / "PLANTED").exists()
    for name, value in whole.items():
        assert torch.allclose(value.float(), again[name].float(), atol=1e-6), name


def test_a_checkpoint_deletes_nothing_elsewhere(stopped: Path, data: FineTuningData, tmp_path: Path) -> None:
    folder, precious = Path(shutil.copytree(stopped, tmp_path / "run")), tmp_path / "precious.ckpt"
    precious.touch()
    found = torch.load(folder / LAST, weights_only=True)
    for state in found["callbacks"].values():
        for key in {"best_model_path", "kth_best_model_path", "last_model_path"} & set(state):
            state[key] = str(precious)
    torch.save(found, folder / LAST)
    finetune(network(), data, options=OPTIONS, checkpoints=folder)
    assert precious.exists()
