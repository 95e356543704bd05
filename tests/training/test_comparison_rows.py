"""Rows of a comparison that are no strategies on the first backbone: other networks, fine-tuned ones, presets."""

import shutil
from pathlib import Path

import pytest
import torch

import viennatag
from viennatag.data.marks import Marks, read_marks
from viennatag.errors import OptionError
from viennatag.reports.comparison import cost_cells, cost_titles
from viennatag.training.backbones.backbone import create_network, load_timm_backbone, save_network
from viennatag.training.options import FinetuneOptions
from viennatag.training.selection import comparison_run
from viennatag.training.selection.comparison_run import measure_cost
from viennatag.training.strategies import STRATEGIES


@pytest.fixture
def networks(tmp_path: Path) -> tuple[str, str]:
    """Return two backbones with the same weights."""
    torch.manual_seed(0)
    made, _ = create_network("test_efficientnet", pretrained=False, size=32)
    save_network(made, tmp_path / "first")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    return f"local-dir:{tmp_path / 'first'}", f"local-dir:{tmp_path / 'second'}"


@pytest.fixture
def marks(collection: Path) -> Marks:
    return read_marks(collection / "marks.csv", images=collection)


@pytest.mark.slow
def test_networks_and_presets_are_rows_on_the_same_test_marks(
    networks: tuple[str, str], marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare() -> viennatag.evaluation.comparison.Comparison:
        return viennatag.compare(
            marks,
            collection,
            ["as-is", "mixup"],
            backbone=networks,
            size=32,
            finetune=FinetuneOptions(epochs=1, batch_size=32),
            presets=("fast",),
            seeds=1,
            cache=tmp_path / "cache",
        )

    found = compare()
    names = [row.name for row in found.rows]
    assert names == [
        "prior", "as-is", "mixup", "as-is, fine-tuned, first", "as-is, second", "mixup, second",
        "as-is, fine-tuned, second", "preset fast",
    ]  # fmt: skip
    figures = {row.name: str({name: each.value for name, each in row.metrics.items()}) for row in found.rows}
    assert figures["as-is, second"] == figures["preset fast"] == figures["as-is"], "these are the same training"
    assert figures["as-is, fine-tuned, first"] != figures["as-is"]
    assert found.find("as-is, second").metrics["macro_map"].difference == 0
    cost = measure_cost(load_timm_backbone(networks[0], cache=tmp_path / "cache", size=32))
    trained, _ = create_network(networks[0], size=32)
    assert cost.parameters == pytest.approx(sum(each.numel() for each in trained.parameters()), rel=0.05)
    assert all(row.parameters == pytest.approx(cost.parameters, rel=0.05) for row in found.rows[1:])
    assert cost_titles(found)[0] == "s"
    assert all(len(cost_cells(found, row)) == len(cost_titles(found)) == 3 for row in found.rows)
    monkeypatch.setattr(comparison_run.TrainingMarks, "train", lambda *_: pytest.fail("what is kept is not made again"))
    assert compare().reused == len(names) - 1


def test_without_such_rows_costs_are_not_measured(
    networks: tuple[str, str], marks: Marks, collection: Path, tmp_path: Path
) -> None:
    found = viennatag.compare(marks, collection, ["as-is"], backbone=networks[0], size=32, seeds=1, cache=tmp_path)
    assert [row.name for row in found.rows] == ["prior", "as-is"]
    assert cost_titles(found) == ("s",)
    with pytest.raises(OptionError, match="name at least one"):
        viennatag.compare(marks, collection, ["as-is"], backbone=(), cache=tmp_path)


@pytest.mark.parametrize(("strategy", "asked", "needed"), [("as-is", 2, 2), ("as-is", 9, 9), ("group-rare", 2, 20)])
def test_rarer_labels_are_learned_where_that_is_asked_for(strategy: str, asked: int, needed: int) -> None:
    assert comparison_run._least_count(STRATEGIES[strategy], asked) == needed
