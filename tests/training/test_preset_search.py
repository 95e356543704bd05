from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from viennatag.data.marks import SUBSETS, Marks, read_marks
from viennatag.errors import OptionError
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.training.backbones.backbone import PixelNetwork, create_network, save_network
from viennatag.training.finetuning import finetune, run
from viennatag.training.finetuning.finetune import FineTuned
from viennatag.training.finetuning.student import FineTuningData
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.selection import candidates, preset_search
from viennatag.training.selection.preset_search import FINETUNED, FROZEN, JOINED, MIRRORED, STAGED, PresetPlan
from viennatag.training.strategies import STRATEGIES
from viennatag.training.train import train

SHORT = PresetPlan(900.0, 3, {}, short_epochs=1, head_share=0.001)
PLAN = replace(
    SHORT, epochs=1, variants={"learning rate": ({"learning_rate": 3e-3},)}, full=({}, {"mixing": 0.5}),
    mirrors=True, kernels=True, near=0.0,
)  # fmt: skip


@pytest.fixture
def network(tmp_path: Path) -> str:
    torch.manual_seed(0)
    made, _ = create_network("test_efficientnet", pretrained=False, size=32)
    save_network(made, tmp_path / "network")
    return f"local-dir:{tmp_path / 'network'}"


@pytest.fixture
def marks(collection: Path) -> Marks:
    return read_marks(collection / "marks.csv", images=collection)


@pytest.mark.parametrize(("taxonomy", "strategy"), [("flat", "linear-and-ridge"), ("vienna", "as-is")])
def test_fast_reads_all_stages_but_for_vienna_codes(
    taxonomy: str, strategy: str, network: str, marks: Marks, collection: Path, tmp_path: Path
) -> None:
    own = replace(marks, taxonomy=taxonomy)
    options = TrainOptions(preset="fast", backbone=network, size=32)
    bundle, _ = train(own, collection, tmp_path / "bundle", options, cache=tmp_path / "cache")
    assert bundle.training["strategy"]["name"] == strategy
    assert bundle.training["backbone"] == ("stages:network" if taxonomy == "flat" else "network")
    assert bundle.training["preset"] == "fast"


@pytest.mark.slow
def test_a_killed_search_goes_on_and_ends_no_lower_than_what_it_tried(
    network: str, marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(preset_search.SEARCHES, "balanced", PLAN)
    monkeypatch.setattr(preset_search._Search, "_estimate", lambda *_: 0.1)
    monkeypatch.setattr(candidates, "choose_profile", lambda *_: ("photos", "so that they may be mirrored"))
    options = TrainOptions(preset="balanced", backbone=network, size=32, seed=3)

    class KilledError(Exception):
        pass

    begun: list[str] = []

    def kill(stage: str, _done: int, _total: int, remark: str) -> None:
        if stage == "search" and "macro mAP" not in remark:
            begun.append(remark.partition("; ")[2])
            if len(begun) == 3:
                raise KilledError

    with pytest.raises(KilledError):
        train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache", progress=kill)
    assert begun == [f"backbone: {FROZEN}", "fine-tuning: defaults", "learning rate: learning_rate 0.003"]
    begun.append("again")
    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache", progress=kill)
    assert "fine-tuning: defaults" not in begun[4:], "what was tried is not tried again"
    facts = bundle.training
    stages = [each["stage"] for each in facts["trials"]]
    staged = [each["name"] for each in facts["trials"] if each["name"].startswith(STAGED)]
    assert staged == [f"{STAGED}, linear-and-ridge"], "bundles of Vienna codes are explained and updated"
    assert stages[:6] == ["backbone", "fine-tuning", "learning rate", "backbone", "in full", "in full"]
    joins = facts["gains"][FINETUNED]["value"] > facts["gains"][FROZEN]["value"]
    assert stages[6:] == [*(["networks together"] if joins else []), "views"]
    assert {FROZEN, STAGED, FINETUNED, MIRRORED, *([JOINED] if joins else [])} <= set(facts["gains"])
    best = max(facts["gains"], key=lambda name: facts["gains"][name]["value"])
    assert facts["kept"] in {best, JOINED, MIRRORED}
    assert facts["gains"][facts["kept"]]["high"] >= facts["gains"][best]["value"], "not below it beyond noise"
    assert facts["views"] == 2 or facts["kept"] != MIRRORED


@pytest.mark.slow
def test_a_short_fine_tuning_that_is_better_than_the_long_one_is_kept(
    network: str, marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(preset_search.SEARCHES, "balanced", SHORT)
    monkeypatch.setattr(preset_search._Search, "_estimate", lambda *_: 0.1)
    whole = finetune.finetune

    def spoil(network: PixelNetwork, data: FineTuningData, *, options: FinetuneOptions, **named: Any) -> FineTuned:
        tuned = whole(network, data, options=options, **named)
        if options.epochs > 1:
            for parameter in tuned.network.parameters():
                parameter.data.zero_()
        return tuned

    monkeypatch.setattr(run, "finetune", spoil)
    options = TrainOptions(preset="balanced", backbone=network, size=32, seed=3)
    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache")
    trials = {each["stage"]: each["macro_map"] for each in bundle.training["trials"]}
    assert trials["in full"] < trials["fine-tuning"], "the long one was spoilt"
    assert bundle.training["gains"][FINETUNED]["value"] == pytest.approx(trials["fine-tuning"])


@pytest.mark.slow
def test_a_fine_tuning_without_time_is_used_but_not_kept_as_finished(
    network: str, marks: Marks, collection: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    marks = replace(marks, splits=tuple(SUBSETS[at % 3] for at in range(len(marks))))
    late = candidates.TrainingMarks(marks, collection, tmp_path, progress=lambda *a: told.append(a[3]), deadline=0.0)
    options = TrainOptions(backbone=network, size=32, finetune=FinetuneOptions(epochs=2, batch_size=32))
    assert len(late.train(options).backbone.epochs) == 1
    assert "fine-tuning ended after 1 of 2 epochs; the best one is kept" in told
    assert len(replace(late, deadline=None).train(options).backbone.epochs) == 2, "with more time it goes on"


def test_too_small_a_budget_is_told_and_leaves_the_backbone_as_it_is(
    network: str, marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preset_search._Search, "_estimate", lambda *_: 600.0)
    told: list[str] = []
    options = TrainOptions(preset="balanced", budget=5.0, backbone=network, size=32)
    bundle, _ = train(
        marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache", progress=lambda *a: told.append(a[3])
    )
    assert any("an epoch would take about 600 seconds, give more budget" in each for each in told)
    assert bundle.training["finetune"] is None
    assert FINETUNED not in bundle.training["gains"]


def test_a_network_that_fine_tuning_made_worse_is_not_written(
    network: str, marks: Marks, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ruin(tuned: PixelNetwork) -> None:
        for parameter in tuned.parameters():
            parameter.data.zero_()

    monkeypatch.setattr(run, "clip_gains", ruin)
    told: list[str] = []
    bundle, evaluation = train(
        marks,
        collection,
        tmp_path / "bundle",
        TrainOptions(backbone=network, size=32, seed=3, finetune=FinetuneOptions(epochs=1, batch_size=32)),
        cache=tmp_path / "cache",
        progress=lambda *a: told.append(a[3]),
    )
    assert bundle.training["kept"] == FROZEN
    assert bundle.training["gains"][FINETUNED]["difference"] < 0
    assert any(each.startswith(f"kept: {FROZEN}") for each in told)
    assert evaluate(bundle, marks, collection, seed=3).marks == evaluation.marks, "training marks are left out"


def test_a_diverged_fine_tuning_says_what_to_do(network: str, marks: Marks, collection: Path, tmp_path: Path) -> None:
    wild = FinetuneOptions(epochs=1, batch_size=32, learning_rate=1e4, warmup=0.0, ema_decay=0.0)
    with pytest.raises(OptionError, match=r"set finetune\.learning_rate below 10000"):
        options = TrainOptions(backbone=network, size=32, seed=3, finetune=wild)
        train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache")


def test_a_preset_chooses_alone() -> None:
    for wrong in (
        {"finetune": FinetuneOptions()},
        {"strategy": STRATEGIES["focal"]},
        {"pretrained": False},
        {"budget": 0.0},
        {"preset": "fats"},
    ):
        with pytest.raises(OptionError, match=r"preset|budget"):
            replace(TrainOptions(preset="best"), **wrong)  # type: ignore[arg-type]
    rarer = replace(STRATEGIES["as-is"], min_count=9)
    assert TrainOptions(preset="best", strategy=rarer).strategy.min_count == 9, "labels are no part of the choice"
    assert TrainOptions(strategy=rarer).asks_for_nothing
    assert not TrainOptions(strategy=STRATEGIES["focal"]).asks_for_nothing
