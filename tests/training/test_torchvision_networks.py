"""Networks of torchvision and of Hugging Face by their names."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.models import get_model

from viennatag.data.marks import read_marks
from viennatag.errors import BackboneError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import create_network, layer_depths, save_network
from viennatag.training.backbones.loading import contents_digest, load_backbone, load_network
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import Strategy
from viennatag.training.train import train

SMALL = "torchvision:squeezenet1_1"
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8))


def test_a_network_is_cut_at_its_last_map() -> None:
    network, size = create_network(SMALL, pretrained=False, size=64)
    own = network.network.pretrained_cfg
    assert (size, own["input_size"], own["mean"]) == (64, (3, 224, 224), (0.485, 0.456, 0.406))
    with torch.inference_mode():
        features, spatial = network(PIXELS)
    assert spatial is not None
    torch.testing.assert_close(spatial.mean(dim=(2, 3)), features)
    assert features.shape == (2, network.network.num_features)
    depths, layers = layer_depths(network)
    assert set(depths) == {name for name, _ in network.named_parameters()}
    assert sorted(set(depths.values())) == list(range(layers))
    assert depths["network.trunk.features.0.weight"] == 0


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    torch.manual_seed(1)
    wanted = get_model("squeezenet1_1", weights=None).eval()
    torch.save(wanted.state_dict(), tmp_path / "own.pth")
    network, _ = load_network(f"{SMALL}:{tmp_path}/own.pth", size=64)
    scaled = (PIXELS.permute(0, 3, 1, 2).float() - network.mean) / network.std
    with torch.inference_mode():
        torch.testing.assert_close(network(PIXELS)[1], wanted.classifier[:3](wanted.features(scaled)))
    save_network(network, tmp_path / "network")
    again, _ = load_network(f"{SMALL}:{tmp_path}/network/weights.safetensors", size=64)
    torch.testing.assert_close(again(PIXELS)[0], network(PIXELS)[0])
    assert contents_digest(f"{SMALL}:{tmp_path}/own.pth") != contents_digest(SMALL) == ""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchvision:squeezenet", "torchvision knows no such network; did you mean squeezenet1_"),
        (f"{SMALL}:nowhere.pth", "the weights cannot be read from nowhere.pth .No such file"),
        (f"{SMALL}:other.pth", "torchvision cannot make weights that fit squeezenet1_1 of it"),
        (f"{SMALL}:code.pth", "torchvision cannot make weights that fit squeezenet1_1 of it"),
        ("local-dir:transformers", "is of no model of timm's .*: --backbone onnx:FILE"),
    ],
)
def test_what_cannot_be_loaded_is_one_line(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(1)}, "other.pth")
    torch.save(Path("run me"), "code.pth")
    Path("transformers").mkdir()
    Path("transformers/config.json").write_text(json.dumps({"model_type": "vit", "architectures": ["ViTModel"]}))
    with pytest.raises(BackboneError, match=message) as raised:
        create_network(name, size=64)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", [SMALL, "hf:timm/resnet18.a1_in1k"])
def test_without_a_network_it_is_said_what_to_do(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", _no_network)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BackboneError, match=r"its weights cannot be fetched .*; without a network use") as raised:
        create_network(name)
    assert ("torchvision:squeezenet1_1:WEIGHTS.pth" in str(raised.value)) == (name == SMALL)


def _no_network(*_: object, **__: object) -> None:
    raise OSError("no network")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "width"), [("vit_b_32", 768), ("shufflenet_v2_x0_5", 1024), ("swin_t", 768)])
def test_families_export(name: str, width: int, tmp_path: Path) -> None:
    backbone = load_backbone(f"torchvision:{name}", cache=tmp_path, pretrained=False, size=64)
    assert backbone.width == width
    assert Engine(backbone.graph).run(PIXELS.numpy(), ("features",))[0].shape == (2, width)


@pytest.mark.slow
def test_one_is_fine_tuned_and_its_bundle_is_fine_tuned_again(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection).select(np.arange(60))
    tuning = FinetuneOptions(epochs=1, batch_size=16, augmentation="none")
    options = TrainOptions(
        Strategy("tiny", "for tests", min_count=3), backbone=SMALL, pretrained=False, size=64, finetune=tuning
    )
    bundle, _ = train(marks, collection, tmp_path / "one", options, cache=cache)
    assert bundle.training["backbone"] == SMALL
    network, _ = load_network(f"bundle:{bundle.path}")
    assert network.network.num_features == 1000
