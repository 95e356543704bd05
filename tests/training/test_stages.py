from pathlib import Path

import numpy as np
import onnx
import pytest

from viennatag.errors import BackboneError, OptionError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.backbones.loading import load_backbone, load_network
from viennatag.training.backbones.stages import stage_backbone

OUTPUTS = ("features", "feature_map")


def test_earlier_stages_stand_beside_the_last_and_features_stay_the_mean_of_the_map(backbone: Backbone) -> None:
    staged = stage_backbone(backbone)
    pixels = np.random.default_rng(0).integers(0, 256, (3, backbone.size, backbone.size, 3), dtype=np.uint8)
    (last,) = Engine(backbone.graph).run(pixels, ("features",))
    features, maps = Engine(staged.graph).run(pixels, OUTPUTS)
    assert staged.width > backbone.width
    assert features.shape == (3, staged.width)
    assert maps[0, 0].size == backbone.positions == staged.positions
    np.testing.assert_allclose(features[:, : backbone.width], last, atol=1e-5)
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), features, atol=1e-4)
    assert np.all(features[:, backbone.width :].std(axis=0).mean() > 0), "they are of the image"
    again = Engine(staged.graph).run(pixels, ("features",))[0]
    np.testing.assert_array_equal(again, features)


def test_a_network_without_earlier_stages_is_refused(backbone: Backbone) -> None:
    model = onnx.load_from_string(backbone.graph)
    del model.graph.output[1:]
    plain = Backbone("plain", model.SerializeToString(), backbone.width, backbone.size)
    with pytest.raises(BackboneError, match="it has no feature map"):
        stage_backbone(plain)
    with pytest.raises(BackboneError, match="no earlier stage"):
        stage_backbone(stage_backbone_only(backbone))


def stage_backbone_only(backbone: Backbone) -> Backbone:
    """A graph of one stage: its pixels come as the last map."""
    model = onnx.load_from_string(backbone.graph)
    source = next(each.name for each in model.graph.output if each.name == "feature_map")
    shape = [each.dim_value for each in model.graph.output[1].type.tensor_type.shape.dim]
    nodes = [
        onnx.helper.make_node("Identity", ["pixels"], [source]),
        onnx.helper.make_node("ReduceMean", [source], ["features"], axes=[2, 3], keepdims=0),
    ]
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "one",
        [tensor("pixels", 1, [None, *shape[1:]])],
        [tensor("features", 1, [None, shape[1]]), tensor(source, 1, [None, *shape[1:]])],
    )
    return Backbone("one", onnx.helper.make_model(graph).SerializeToString(), shape[1], backbone.size)


def test_the_prefix_of_a_name_asks_for_stages(tmp_path: Path, backbone: Backbone) -> None:
    for name in ("stages:bundle:starter", "stages:stages:resnet18"):
        with pytest.raises(OptionError, match="name one of those"):
            load_backbone(name, cache=tmp_path)
    with pytest.raises(BackboneError, match="only a network can be fine-tuned"):
        load_network("stages:resnet18")
