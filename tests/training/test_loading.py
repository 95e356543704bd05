"""Training that starts at a bundle: its backbone as it is, or a network again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.errors import BackboneError, BundleError, OptionError
from viennatag.training.backbones.backbone import (
    Backbone,
    PixelNetwork,
    create_network,
    export_network,
    read_backbone,
    save_network,
)
from viennatag.training.backbones.graph_surgery import bundle_backbone, open_graph
from viennatag.training.backbones.loading import (
    load_backbone,
    load_head,
    load_network,
    reestimate_batch_norm,
    unfold_network,
)
from viennatag.training.data.collection import Collection, TrainingData
from viennatag.training.finetuning.run import run_folder
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import STRATEGIES
from viennatag.training.train import train


def lively_network(name: str, size: int) -> PixelNetwork:
    """Return a network whose normalisation has seen something, so that folding it away changes the weights."""
    torch.manual_seed(1)
    network, _ = create_network(name, pretrained=False, size=size)
    chance = torch.Generator().manual_seed(2)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            for values, low, high in (
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 1.5),
                (module.weight.data, 0.7, 1.3),
                (module.bias.data, -0.2, 0.2),
            ):
                assert values is not None
                values.copy_(low + (high - low) * torch.rand(values.shape, generator=chance))
    return network.eval()


@pytest.mark.parametrize(
    "name",
    [
        "test_efficientnet",
        pytest.param("mobilenetv3_small_050", marks=pytest.mark.slow),
        pytest.param("mobilenetv4_conv_small_035", marks=pytest.mark.slow),
    ],
)
def test_a_backbone_becomes_a_network_that_gives_the_same(name: str) -> None:
    network = lively_network(name, 64)
    again = unfold_network(export_network(network, name=name, size=64))
    pixels = torch.randint(0, 256, (48, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = network(pixels)[0]
        assert torch.allclose(again(pixels)[0], wanted, atol=1e-3 * float(wanted.abs().max()))
    reestimate_batch_norm(again, pixels.numpy())
    with torch.inference_mode():
        assert torch.allclose(again(pixels)[0], wanted, atol=1e-3 * float(wanted.abs().max()))
        learning = again.train()(pixels)[0]  # now by the statistics of the batch, which are those it was settled on
    assert float(torch.corrcoef(torch.stack([learning.ravel(), wanted.ravel()]))[0, 1]) > 0.97


def test_what_cannot_be_a_network_again_is_refused() -> None:
    backbone = export_network(lively_network("test_efficientnet", 64), name="mine", size=64)
    model = onnx.load_from_string(backbone.graph)
    onnx.helper.set_model_props(model, {"architecture": "mobilenetv3_small_050"})
    with pytest.raises(BackboneError, match="leave out --finetune"):
        unfold_network(replace(backbone, graph=model.SerializeToString()))
    del model.metadata_props[:]
    with pytest.raises(BackboneError, match="does not name its architecture"):
        unfold_network(replace(backbone, graph=model.SerializeToString()))


def trained(collection: Path, folder: Path, **changes: object) -> Path:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = TrainOptions(
        strategy=STRATEGIES["as-is"], backbone="test_efficientnet", pretrained=False, size=64, seed=3, **changes
    )
    train(marks, collection, folder / "bundle", options, cache=folder / "cache")
    return folder / "bundle"


def test_a_bundle_is_a_backbone_for_heads_and_for_finetuning(collection: Path, tmp_path: Path) -> None:
    first = trained(collection, tmp_path)
    name = f"bundle:{first}"
    backbone = load_backbone(name, cache=tmp_path)
    network, size = load_network(name)
    assert size == backbone.size == 64
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    from viennatag.runtime.engine import Engine

    (wanted,) = Engine(backbone.graph).run(pixels, ("features",))
    with torch.inference_mode():
        np.testing.assert_allclose(network(torch.from_numpy(pixels))[0].numpy(), wanted, rtol=1e-3, atol=1e-3)
    marks = read_marks(collection / "marks.csv", images=collection)
    for at, finetune in enumerate((None, FinetuneOptions(epochs=1, batch_size=32, style_augmentation=0.5))):
        options = TrainOptions(strategy=STRATEGIES["as-is"], backbone=name, finetune=finetune, seed=3)
        bundle, _ = train(marks, collection, tmp_path / f"next{at}", options, cache=tmp_path / "cache")
        assert bundle.image_size == 64
        assert bundle.training["backbone"] == "bundle:bundle", "no path of this machine"
        assert bundle_backbone(bundle).width == backbone.width


def test_the_head_of_a_bundle_is_where_finetuning_starts(collection: Path, tmp_path: Path) -> None:
    first = trained(collection, tmp_path)
    from viennatag.model.bundle import open_bundle

    bundle = open_bundle(first)
    labels = LabelSet("vienna", (*bundle.labels.names[:5], "28.99"))
    found = load_head(f"bundle:{first}", labels, np.full(6, -4.0))
    assert found is not None
    weight, bias = found
    reopened = open_graph(bundle)
    np.testing.assert_array_equal(weight[:5], reopened.weight[:5])
    np.testing.assert_array_equal(bias[:5], reopened.bias[:5])
    assert not weight[5].any()
    assert bias[5] == -4


def test_what_is_on_this_machine_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("a look-up"))
    random, size = create_network("test_resnet", pretrained=False, size=64)
    save_network(random, tmp_path / "network")
    assert create_network(f"local-dir:{tmp_path / 'network'}", size=size)[1] == size
    assert load_backbone("bundle:starter", cache=tmp_path).width


@pytest.mark.slow
def test_a_network_trained_anew_under_its_old_name_is_another_start(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    save_network(lively_network("test_efficientnet", 64), tmp_path / "network")
    names = (f"bundle:{trained(collection, tmp_path)}", f"local-dir:{tmp_path / 'network'}", "test_efficientnet")

    def runs() -> list[Path]:
        options = [TrainOptions(strategy=STRATEGIES["as-is"], backbone=name) for name in names]
        return [run_folder(TrainingData(marks, collection, tmp_path), each) for each in options]

    before = runs()
    assert runs() == before
    trained(collection, tmp_path, finetune=FinetuneOptions(epochs=1, batch_size=32))
    other = lively_network("test_efficientnet", 64)
    save_network(other.apply(lambda module: module.double().float()), tmp_path / "network")
    assert runs()[1] == before[1], "the same weights are the same start"
    with torch.no_grad():
        next(other.parameters()).add_(1)
    save_network(other, tmp_path / "network")
    assert [now == then for now, then in zip(runs(), before, strict=True)] == [False, False, True]


def test_options_that_matter_only_after_fine_tuning_share_a_run(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = TrainOptions(strategy=STRATEGIES["as-is"], finetune=FinetuneOptions())
    names = ("tree-shared", "neighbours", "focal", "class-aware", "group-rare")
    others = [replace(options, strategy=STRATEGIES[name]) for name in names]
    data = TrainingData(marks, collection, tmp_path)
    same = [run_folder(data, each) == run_folder(data, options) for each in others]
    assert same == [True, True, False, False, False]


def test_the_head_that_was_trained_jointly_stays_where_none_is_better(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    finetune = FinetuneOptions(epochs=2, batch_size=32)
    options = TrainOptions(
        strategy=STRATEGIES["as-is"], backbone="test_efficientnet", pretrained=False, size=64, seed=3, finetune=finetune
    )
    reached: list[str] = []

    def report(stage: str, done: int, total: int, note: str) -> None:
        if stage == "finetune" and done == total:
            reached.append(note)

    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache", progress=report)
    jointly = float(reached[-1].split()[-1])
    assert bundle.training["validation_macro_map"] > jointly - 0.01


def test_the_head_that_was_trained_jointly_is_kept_on_request(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    finetune = FinetuneOptions(epochs=1, batch_size=32, keep_head=True)
    options = TrainOptions(
        strategy=STRATEGIES["as-is"], backbone="test_efficientnet", pretrained=False, size=64, seed=3, finetune=finetune
    )
    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache/checkpoints").glob("*/head.npz")
    continued = replace(options, finetune=replace(finetune, keep_head=False))
    first, second = (run_folder(TrainingData(marks, collection, tmp_path), each) for each in (options, continued))
    assert first == second, "the network is fine-tuned once for both"
    with np.load(kept) as jointly:
        reopened = open_graph(bundle)
        np.testing.assert_allclose(reopened.weight, jointly["weight"], atol=1e-5)
        np.testing.assert_allclose(reopened.bias, jointly["bias"], atol=1e-5)
    with pytest.raises(OptionError, match="leave keep_head out"):
        strange = replace(options, strategy=STRATEGIES["neighbours"])
        train(marks, collection, tmp_path / "other", strange, cache=tmp_path / "cache")
    assert not (tmp_path / "other").exists()


def test_mistakes_are_told(collection: Path, tmp_path: Path) -> None:
    first = trained(collection, tmp_path)
    with pytest.raises(OptionError, match="leave --size out"):
        load_backbone(f"bundle:{first}", cache=tmp_path, size=128)
    with pytest.raises(OptionError, match="pretrained=false"):
        load_network(f"bundle:{first}", pretrained=False)
    with pytest.raises(BundleError):
        load_backbone("bundle:nowhere", cache=tmp_path)


@pytest.mark.slow
def test_the_first_head_sees_images_as_large_as_they_are_served(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_network(lively_network("test_efficientnet", 64), tmp_path / "network")
    sizes: list[int] = []
    collect = TrainingData.collect

    def watched(data: TrainingData, backbone: Backbone, **options: Any) -> Collection:
        sizes.append(backbone.size)
        return collect(data, backbone, **options)

    monkeypatch.setattr(TrainingData, "collect", watched)
    marks = read_marks(collection / "marks.csv", images=collection)
    finetune = FinetuneOptions(epochs=1, batch_size=32, size=32)
    options = TrainOptions(
        strategy=STRATEGIES["as-is"], backbone=f"local-dir:{tmp_path / 'network'}", size=48, finetune=finetune
    )
    train(marks, collection, tmp_path / "bundle", options, cache=tmp_path / "cache")
    assert set(sizes) == {48}


@pytest.mark.slow
def test_a_bundle_whose_head_has_no_weights_is_fine_tuned_at_any_size(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = TrainOptions(strategy=STRATEGIES["neighbours"], backbone="test_efficientnet", pretrained=False, size=64)
    train(marks, collection, tmp_path / "first", options, cache=tmp_path / "cache")
    name = f"bundle:{tmp_path / 'first'}"
    assert load_head(name, LabelSet("vienna", ("1", "1.1")), np.zeros(2)) is None
    finetune = FinetuneOptions(epochs=1, batch_size=32, size=32)
    options = TrainOptions(strategy=STRATEGIES["as-is"], backbone=name, size=48, finetune=finetune)
    bundle, _ = train(marks, collection, tmp_path / "next", options, cache=tmp_path / "cache")
    (tuned,) = (tmp_path / "cache/checkpoints").glob("*/backbone.onnx")
    assert read_backbone(tuned.read_bytes(), name="tuned").size == 48
    assert bundle.image_size == {"fine-tuned": 48, "frozen features": 64}[bundle.training["kept"]]
