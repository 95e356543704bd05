"""Channels whose gain ran away: found, brought back, and never served or taught on."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch

from tests.training.test_loading import lively_network
from viennatag.data.marks import read_marks
from viennatag.training.backbones.backbone import Backbone, PixelNetwork, export_network, save_network
from viennatag.training.backbones.gain_clipping import MAX_GAIN, clip_gains, normalisations
from viennatag.training.backbones.loading import unfold_network
from viennatag.training.finetuning import run as tuning
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import STRATEGIES
from viennatag.training.train import train


def gains(network: PixelNetwork) -> dict[str, torch.Tensor]:
    """Return for each convolution how many times the median of its layer each channel's gain is, as it is folded."""
    found = {}
    for name, after in normalisations(network).items():
        assert after.running_var is not None
        scale = (after.weight / (after.running_var + after.eps).sqrt()).detach()
        weight = network.get_submodule(name).weight
        assert isinstance(weight, torch.Tensor)
        gain = (weight.detach().flatten(1) * scale[:, None]).abs().sum(1)
        found[name] = gain / gain[gain > 0].median()
    return found


def with_a_exploding(network: PixelNetwork, *, silent: bool = True) -> tuple[PixelNetwork, str]:
    """Return a copy in which one channel, in the middle of the network, has a gain of thousands; and its layer."""
    network = deepcopy(network)
    found = normalisations(network)
    name = list(found)[len(found) // 2]
    after = found[name]
    assert after.running_var is not None
    if silent:  # as it comes about: no variance, and a division by it
        after.running_var[1] = 1e-6
        after.eps = 1e-8
    after.weight.data[1] *= 10
    return network, name


def test_a_healthy_network_stays_as_it_is() -> None:
    network = lively_network("mobilenetv4_conv_small_035", 64)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert clip_gains(network) == 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["test_efficientnet", "mobilenetv4_conv_small_035"])
def test_a_channel_that_ran_away_is_brought_back_alone(name: str) -> None:
    healthy = lively_network(name, 64)
    network, layer = with_a_exploding(healthy)
    assert gains(network)[layer][1] > 1000
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert clip_gains(network) == 1
    assert gains(network)[layer][1] == pytest.approx(MAX_GAIN, rel=1e-3)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    (weight,) = changed
    assert (network.state_dict()[weight] != before[weight]).nonzero().tolist() == [[1]]


def test_an_image_that_wakes_the_channel_no_longer_gets_features_beyond_all_others() -> None:
    healthy = lively_network("mobilenetv4_conv_small_035", 64)
    network, _ = with_a_exploding(healthy)
    pixels = torch.randint(0, 256, (32, 64, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        usual, drowned = (float(each(pixels)[0].abs().max()) for each in (healthy, network))
        clip_gains(network)
        limited = float(network(pixels)[0].abs().max())
    assert drowned > 20 * usual
    assert limited < drowned / 5


def test_a_channel_without_weights_is_no_measure_for_others() -> None:
    network = lively_network("test_efficientnet", 64)
    for module in normalisations(network).values():
        module.weight.data[: len(module.weight) * 3 // 4] = 0
    first = next(iter(normalisations(network).values()))
    before = first.weight.clone()
    assert clip_gains(network) == 0
    assert torch.equal(first.weight, before)
    first.weight.data.zero_()
    assert clip_gains(network) == 0


def test_a_folded_channel_is_found_too() -> None:
    network, layer = with_a_exploding(lively_network("test_efficientnet", 64))
    again = unfold_network(export_network(network, name="mine", size=64))
    assert float(gains(again)[layer][1]) > 1000
    assert clip_gains(again) == 1


@pytest.mark.slow
@pytest.mark.parametrize("from_bundle", [False, True])
def test_no_network_is_trained_or_served_with_such_a_channel(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_bundle: bool
) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    network, _ = with_a_exploding(lively_network("test_efficientnet", 64), silent=False)
    exploding = {name: float(each.max()) for name, each in gains(network).items()}
    worst = max(exploding, key=exploding.__getitem__)
    normalisations(network)[worst].weight.data[1] *= 1e4
    save_network(network, tmp_path / "network")
    name = f"local-dir:{tmp_path / 'network'}"
    if from_bundle:
        options = TrainOptions(strategy=STRATEGIES["as-is"], backbone=name, size=64)
        train(marks, collection, tmp_path / "first", options, cache=tmp_path / "cache")
        name = f"bundle:{tmp_path / 'first'}"
    trained_from: list[float] = []
    reestimate_batch_norm = tuning.reestimate_batch_norm

    def watched(network: PixelNetwork, sample: object) -> None:
        trained_from.append(max(float(each.max()) for each in gains(network).values()))
        reestimate_batch_norm(network, sample)  # type: ignore[arg-type]

    served: list[float] = []
    export = tuning.export_network

    def exported(network: PixelNetwork, **options: object) -> Backbone:
        served.append(max(float(each.max()) for each in gains(network).values()))
        return export(network, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(tuning, "reestimate_batch_norm", watched)
    monkeypatch.setattr(tuning, "export_network", exported)
    options = TrainOptions(
        strategy=STRATEGIES["as-is"], backbone=name, finetune=FinetuneOptions(epochs=1, batch_size=32)
    )
    train(marks, collection, tmp_path / "next", options, cache=tmp_path / "cache")
    assert served[-1] <= MAX_GAIN * 1.001
    assert [gain <= MAX_GAIN * 1.001 for gain in trained_from] == [True] * from_bundle
