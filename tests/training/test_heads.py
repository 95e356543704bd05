from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.sparse import csr_array
from torch import Tensor, nn

from viennatag.calibration.calibration import Calibration
from viennatag.errors import DataError, OptionError
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import OPSET, Backbone
from viennatag.training.data.examples import Examples
from viennatag.training.heads.export import ExportedHead, export_graph
from viennatag.training.heads.exported import CosineHead, LinearHead, MeanHead, NeighbourHead, mean_head
from viennatag.training.heads.heads import Cosine, Ensemble, HeadKind, Linear, Neighbours, TreeShared

WIDTH, SIDE = 24, 4
PARENTS = np.array([-1, 0, 1, 1, 0, -1, 5, 6])
LABELS = len(PARENTS)
GRADIENT_KINDS = [Linear(), TreeShared(), Cosine()]


def tiny_backbone() -> Backbone:
    """Return a graph whose features are a random projection of the pixels."""
    random = np.random.default_rng(0)
    projection = (random.normal(size=(SIDE * SIDE * 3, WIDTH)) / 200).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "projection"], ["features"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["images", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["images", WIDTH])],
        [numpy_helper.from_array(projection, "projection")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    return Backbone("tiny", model.SerializeToString(), WIDTH, SIDE)


def pixels(images: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (images, SIDE, SIDE, 3), dtype=np.uint8)


def marks(count: int = 120) -> tuple[NDArray[np.float16], csr_array, Tensor, Tensor]:
    """Features with large means and unequal scales, targets that depend on them, and mean and scale."""
    random = np.random.default_rng(2)
    standard = random.normal(size=(count, WIDTH))
    targets = standard @ random.normal(size=(WIDTH, LABELS)) > np.linspace(0, 9, LABELS)
    targets[0] = True
    features = (standard * random.uniform(0.2, 3, WIDTH) + random.normal(size=WIDTH)).astype(np.float16)
    drawn = torch.from_numpy(features.astype(np.float32))
    return features, csr_array(targets), drawn.mean(0), drawn.std(0)


def trained(kind: HeadKind, *, steps: int = 30) -> tuple[nn.Module, ExportedHead, Tensor]:
    """Return a module after some steps, what is kept of it, and the standardised features that it saw."""
    features, targets, mean, scale = marks()
    seen = (torch.from_numpy(features.astype(np.float32)) - mean) / scale
    module = kind.build(WIDTH, PARENTS, torch.linspace(-3, 0, LABELS))
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.02)
    truth = torch.from_numpy(targets.toarray()).float()
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(module(seen), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module, kind.fold(module, mean, scale), seen


def examples(features: NDArray[Any], targets: csr_array) -> Examples:
    return Examples(features, np.arange(len(features)), targets, np.ones(len(features)))


def neighbours(**options: float) -> ExportedHead:
    features, targets, mean, scale = marks()
    kind = replace(Neighbours(k=7, per_label=4), **options)  # type: ignore[arg-type]
    return kind.fit(examples(features, targets), mean=mean, scale=scale)


def some_calibration(seed: int) -> Calibration:
    random = np.random.default_rng(seed)
    return Calibration(random.uniform(0.5, 2, LABELS), random.normal(size=LABELS))


def kept() -> dict[str, ExportedHead]:
    """Return one head of each class, and means of them."""
    linear, tree, cosine = (trained(kind)[1] for kind in GRADIENT_KINDS)
    near = neighbours()
    heads = {"linear": linear, "tree": tree, "cosine": cosine, "neighbours": near}
    heads["mean"] = mean_head([linear, cosine, near], [some_calibration(at) for at in range(3)], [1, 2, 1])
    heads["nested"] = mean_head([heads["mean"], cosine], [some_calibration(at) for at in range(2)], [1, 1])
    return heads


# Joined to a backbone


@pytest.mark.parametrize("name", ["linear", "tree", "cosine", "neighbours", "mean", "nested"])
def test_the_graph_says_what_the_head_says(name: str) -> None:
    head = kept()[name]
    graph = export_graph(tiny_backbone(), head)
    engine = Engine(graph)
    assert engine.outputs == ("logits", "features")
    logits, features = engine.run(pixels(40))
    assert logits.dtype == np.float32
    assert logits.std(axis=0).min() > 1e-3, "logits depend on the image"
    np.testing.assert_allclose(logits, head(features), atol=1e-4)
    assert graph == export_graph(tiny_backbone(), head)


def test_a_linear_head_stays_where_it_can_be_read_back() -> None:
    head = trained(Linear())[1]
    graph = onnx.load_from_string(export_graph(tiny_backbone(), head)).graph
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    assert isinstance(head, LinearHead)
    np.testing.assert_array_equal(constants["head.weight"], head.weight)
    np.testing.assert_array_equal(constants["head.bias"], head.bias)


# Kinds that learn by gradient


@pytest.mark.parametrize("kind", GRADIENT_KINDS, ids=repr)
def test_a_head_starts_at_its_bias(kind: HeadKind) -> None:
    bias = torch.linspace(-5, 1, LABELS)
    logits = kind.build(WIDTH, PARENTS, bias)(torch.randn(6, WIDTH))
    torch.testing.assert_close(logits, bias.expand(6, -1))


@pytest.mark.parametrize("kind", GRADIENT_KINDS, ids=repr)
def test_every_parameter_learns_and_folding_changes_nothing(kind: HeadKind) -> None:
    untrained = kind.build(WIDTH, PARENTS, torch.linspace(-3, 0, LABELS))
    module, head, seen = trained(kind)
    for name, parameter in module.named_parameters():
        assert not torch.equal(parameter, untrained.get_parameter(name)), name
    with torch.inference_mode():
        np.testing.assert_allclose(head(marks()[0]), module(seen).numpy(), atol=1e-4)
    assert head.labels == LABELS


def test_a_tree_shared_weight_is_the_sum_along_the_path() -> None:
    module, head, _ = trained(TreeShared())
    own = module.get_parameter("weight").detach().numpy()
    summed = own.copy()
    for label, parent in enumerate(PARENTS):
        if parent >= 0:
            summed[label] += summed[parent]
    assert isinstance(head, LinearHead)
    np.testing.assert_allclose(head.weight * marks()[3].numpy(), summed, rtol=1e-4, atol=1e-6)


def test_what_a_child_teaches_moves_its_siblings() -> None:
    module = TreeShared().build(WIDTH, PARENTS, torch.zeros(LABELS))
    features = torch.randn(1, WIDTH)
    module(features)[0, 2].backward()  # label 2 is a child of 1, a child of 0
    gradient = module.get_parameter("weight").grad
    assert gradient is not None
    for label in range(LABELS):
        expected = features[0] if label in {0, 1, 2} else torch.zeros(WIDTH)
        torch.testing.assert_close(gradient[label], expected)


def test_without_a_hierarchy_tree_shared_is_linear() -> None:
    bias = torch.zeros(LABELS)
    shared, linear = TreeShared().build(WIDTH, np.full(LABELS, -1), bias), Linear().build(WIDTH, PARENTS, bias)
    weight = torch.randn(LABELS, WIDTH)
    for module in (shared, linear):
        module.load_state_dict({"weight": weight, "bias": bias})
    features = torch.randn(5, WIDTH)
    torch.testing.assert_close(shared(features), linear(features))


def test_a_cosine_head_does_not_mind_how_far_a_mark_is_from_the_mean() -> None:
    _, head, _ = trained(Cosine())
    assert isinstance(head, CosineHead)
    away = np.random.default_rng(0).normal(size=(5, WIDTH)).astype(np.float32)
    near, far = head.mean + head.scale * away, head.mean + 30 * head.scale * away
    np.testing.assert_allclose(head(near), head(far), atol=1e-4)
    np.testing.assert_allclose(head(head.mean[None])[0], head.bias, atol=1e-6)


def test_cosine_weights_that_have_learned_have_one_length() -> None:
    module, head, _ = trained(Cosine(), steps=100)
    assert isinstance(head, CosineHead)
    own, lengths = module.get_parameter("weight").detach().norm(dim=1), np.linalg.norm(head.weight, axis=1)
    assert own[:5].max() > 1.5 * own[:5].min()
    assert lengths[:5].max() < 1.05 * lengths[:5].min()
    assert np.all(lengths <= module.get_parameter("log_scale").exp().item())
    assert lengths[-1] < lengths[0] / 2, "the label of one mark is sure of nothing"


# Neighbours


def test_votes_by_hand() -> None:
    head = NeighbourHead(
        mean=np.zeros(2, np.float32),
        scale=np.ones(2, np.float32),
        support=np.array([[1, 0], [0, 1], [-1, 0]], np.float16),
        targets=np.array([[1, 0], [1, 1], [0, 1]], np.uint8),
        prior=np.array([0.2, 0.5], np.float32),
        k=2,
        temperature=0.5,
        smoothing=0.1,
    )
    found = head(np.array([[3.0, 0.0]]))  # similarities 1, 0 and -1: votes 1 and exp(-2), none of the third
    second = np.exp(-2)
    expected = [np.log((1 + second + 0.02) / 0.08), np.log((second + 0.05) / (1 + 0.05))]
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


def test_neighbours_say_more_than_the_prior_about_unseen_marks() -> None:
    from viennatag.metrics.metrics import macro_average_precision

    features, targets, mean, scale = marks(600)
    head = Neighbours(k=30).fit(examples(features[:300], targets[:300]), mean=mean, scale=scale)
    reached = macro_average_precision(head(features[300:]), targets[300:]).value
    assert reached > 1.3 * targets[300:].mean()


def test_the_support_holds_enough_of_each_label_and_little_else() -> None:
    features, targets, mean, scale = marks(600)
    head = Neighbours(per_label=5).fit(examples(features, targets), mean=mean, scale=scale)
    assert isinstance(head, NeighbourHead)
    counts = np.asarray(targets.sum(axis=0)).ravel()
    assert np.all(head.targets.sum(axis=0) >= np.minimum(counts, 5))
    assert len(head.support) <= 5 * LABELS
    np.testing.assert_allclose(np.linalg.norm(head.support.astype(np.float32), axis=1), 1, atol=2e-3)


def test_the_seed_decides_the_support_and_rows_say_where_a_mark_is() -> None:
    features, targets, mean, scale = marks()
    train, kind = examples(features, targets), Neighbours(k=5, per_label=3)
    first, again, other = (kind.fit(train, mean=mean, scale=scale, seed=at) for at in (0, 0, 1))
    np.testing.assert_array_equal(first(features), again(features))
    assert not np.array_equal(first(features), other(features))
    turned = kind.fit(replace(train, features=features[::-1], rows=train.rows[::-1]), mean=mean, scale=scale)
    np.testing.assert_array_equal(turned(features), first(features))


def test_neighbours_in_blocks() -> None:
    features, head = marks()[0], neighbours()
    np.testing.assert_allclose(head(np.tile(features, (3, 1))), np.tile(head(features), (3, 1)), atol=1e-5)


# Ensembles


def test_an_ensemble_is_the_mean_of_calibrated_logits() -> None:
    heads = kept()
    members = [heads["cosine"], heads["neighbours"]]
    calibrations = [some_calibration(at) for at in range(2)]
    joined = mean_head(members, calibrations, [3, 1])
    features = marks()[0]
    expected = sum(
        share * (each.slope * head(features) + each.intercept)
        for share, head, each in zip((0.75, 0.25), members, calibrations, strict=True)
    )
    assert isinstance(joined, MeanHead)
    np.testing.assert_allclose(joined(features), expected, atol=1e-4)


def test_linear_heads_average_into_one() -> None:
    members = [trained(Linear())[1], trained(TreeShared())[1]]
    calibrations = [some_calibration(at) for at in range(2)]
    joined = mean_head(members, calibrations, [1, 1])
    assert isinstance(joined, LinearHead)
    features = marks()[0]
    expected = sum(
        (each.slope * head(features) + each.intercept) / 2 for head, each in zip(members, calibrations, strict=True)
    )
    np.testing.assert_allclose(joined(features), expected, atol=1e-4)


# Mistakes


def test_options_that_make_no_sense() -> None:
    with pytest.raises(OptionError, match="scale of a cosine head is 0"):
        Cosine(scale=0)
    for name in ("k", "per_label", "temperature", "smoothing"):
        with pytest.raises(OptionError, match=f"{name} of a neighbour head is 0"):
            neighbours(**{name: 0})
    for members, weights in (((), None), ((Linear(),), (1.0, 2.0)), ((Linear(),), (0.0,)), ((Linear(),) * 2, (2, -1))):
        with pytest.raises(OptionError, match="an ensemble has"):
            Ensemble(members, weights)


def test_heads_that_cannot_be_joined() -> None:
    head = trained(Linear())[1]
    with pytest.raises(DataError, match="1 heads, 2 calibrations"):
        mean_head([head], [some_calibration(0)] * 2, [1])
    with pytest.raises(DataError, match="same labels"):
        mean_head([head], [Calibration(np.ones(3), np.zeros(3))], [1])
    features, targets, mean, scale = marks()
    with pytest.raises(DataError, match="no mark carries a label"):
        Neighbours().fit(examples(features, csr_array(targets.shape, dtype=bool)), mean=mean, scale=scale)
