from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.errors import BackboneError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone, create_network, export_network
from viennatag.training.backbones.joining import join_backbones, mirror_backbone
from viennatag.training.heads.export import export_graph
from viennatag.training.heads.exported import LinearHead, MeanHead
from viennatag.training.heads.kernel import KernelHead
from viennatag.training.selection import preset_search
from viennatag.training.selection.preset_search import choose_members, side_by_side

OUTPUTS = ("features", "feature_map")


@pytest.fixture(scope="module")
def pair() -> list[Backbone]:
    made = []
    for seed in range(2):
        torch.manual_seed(seed)
        network, _ = create_network("test_efficientnet", pretrained=False, size=64)
        made.append(export_network(network, name="test", size=64))
    return made


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


def test_joined_networks_give_their_features_side_by_side(pair: list[Backbone], pixels: NDArray[np.uint8]) -> None:
    joined = join_backbones(pair)
    alone = [Engine(each.graph).run(pixels, OUTPUTS) for each in pair]
    found = Engine(joined.graph).run(pixels, OUTPUTS)
    for at in range(2):
        np.testing.assert_allclose(found[at], np.concatenate([each[at] for each in alone], axis=1), atol=1e-5)
    assert (joined.width, joined.positions) == (2 * pair[0].width, pair[0].positions)


def test_the_mirrored_view_counts_as_much_as_the_plain_one(pair: list[Backbone], pixels: NDArray[np.uint8]) -> None:
    both = mirror_backbone(join_backbones(pair))
    engine = Engine(join_backbones(pair).graph)
    plain, other = engine.run(pixels, OUTPUTS), engine.run(np.ascontiguousarray(pixels[:, :, ::-1]), OUTPUTS)
    features, maps = Engine(both.graph).run(pixels, OUTPUTS)
    np.testing.assert_allclose(features, (plain[0] + other[0]) / 2, atol=1e-5)
    np.testing.assert_allclose(maps, (plain[1] + other[1][..., ::-1]) / 2, atol=1e-5)
    assert np.abs(plain[0] - other[0]).max() > 1e-3, "the images are not symmetrical"
    assert len(both.graph) < 1.3 * len(join_backbones(pair).graph), "the weights are there once"


def test_networks_of_different_sizes_are_not_joined(pair: list[Backbone]) -> None:
    with pytest.raises(BackboneError, match="64, 96"):
        join_backbones([pair[0], replace(pair[1], size=96)])


def test_a_joined_head_gives_the_mean_of_calibrated_logits() -> None:
    random = np.random.default_rng(0)

    def normal(*shape: int) -> NDArray[np.float32]:
        return random.normal(size=shape).astype(np.float32)

    widths = (4, 5, 3)
    linear = [LinearHead(normal(3, width), normal(3)) for width in widths]
    support = normal(7, 5).astype(np.float16)
    kernel = KernelHead(normal(5), np.ones(5, np.float32), support, normal(7, 3), normal(3), 2.0, 0.1, normal(3))
    mixed = MeanHead((linear[1], kernel), normal(2, 3), normal(3))
    features = [normal(6, width) for width in widths]
    scales = [Calibration(random.uniform(0.5, 2, 3), random.normal(size=3)) for _ in widths]
    for heads in (linear, [linear[0], mixed, linear[2]]):
        wanted = np.mean(
            [each.slope * head(own) + each.intercept for each, head, own in zip(scales, heads, features, strict=True)],
            axis=0,
        )
        joined = side_by_side(heads, scales, widths)
        np.testing.assert_allclose(joined(np.concatenate(features, axis=1)), wanted, atol=1e-5)
        parts = joined.members if isinstance(joined, MeanHead) else (joined,)
        assert sum(isinstance(each, LinearHead) for each in parts) == 1, "what is linear is one head"


def test_a_part_of_a_joined_network_may_have_a_head_of_another_kind(
    pair: list[Backbone], pixels: NDArray[np.uint8]
) -> None:
    width, random = pair[0].width, np.random.default_rng(0)
    linear, bias = random.normal(size=(3, width)).astype(np.float32), np.zeros(3, np.float32)
    one, support = np.ones(width, np.float32), np.eye(4, width, dtype=np.float16)
    kernel = KernelHead(one, one, support, random.normal(size=(4, 3)).astype(np.float32), bias, 2.0, 0.1, bias)
    same = Calibration(np.ones(3), np.zeros(3))
    head = side_by_side([LinearHead(linear, bias), kernel], [same, same], [width, width])
    logits, features = Engine(export_graph(join_backbones(pair), head)).run(pixels, ("logits", "features"))
    wanted = (features[:, :width] @ linear.T + kernel(features[:, width:])) / 2
    np.testing.assert_allclose(logits, wanted, atol=1e-4)


def test_what_is_far_below_the_best_or_of_another_size_is_not_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {
        name: SimpleNamespace(macro_map=macro_map, backbone=SimpleNamespace(size=size))
        for name, macro_map, size in (("frozen", 0.32, 64), ("full", 0.35, 64), ("poor", 0.3, 64), ("large", 0.34, 96))
    }
    verdict = {"value": "worse"}
    monkeypatch.setattr(
        preset_search,
        "contrasts",
        lambda named, baseline: {each: SimpleNamespace(verdict=verdict["value"]) for each in named},
    )
    assert choose_members(found, 0.9) == ("full", "frozen")
    verdict["value"] = "same"  # on few marks
    assert choose_members(found, 0.9) == ("full", "frozen", "poor")
