"""Heads that read feature maps: residual attention and ML-Decoder."""

import json
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.cli.conftest import cli  # noqa: F401
from tests.conftest import TINY
from tests.explain.test_heatmap import (
    COSINE,
    LABELS,
    LINEAR,
    NAMES,
    NEIGHBOURS,
    WIDTH,
    bundle,
    normal,
    picture,
    random_backbone,
)
from tests.synthetic import make_collection
from viennatag.data.marks import read_marks
from viennatag.errors import BundleError, OptionError
from viennatag.explain.heatmap import ClassActivationReader
from viennatag.losses.losses import TwoWay
from viennatag.metrics.metrics import macro_average_precision
from viennatag.model.bundle import open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.backends import installed_runtimes
from viennatag.runtime.engine import Engine
from viennatag.sampling.sampling import ClassAware, Mixup, SyntheticOversampling
from viennatag.training.backbones.backbone import create_network, export_network, load_timm_backbone
from viennatag.training.continual.update import open_graph
from viennatag.training.data import features
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection
from viennatag.training.data.features import extract_features
from viennatag.training.heads.decoder import DecoderHead, MLDecoder
from viennatag.training.heads.export import ExportedHead, export_graph
from viennatag.training.heads.exported import LinearHead, MeanHead
from viennatag.training.heads.heads import Ensemble, HeadKind, Linear
from viennatag.training.heads.residual_attention import ResidualAttention, ResidualHead
from viennatag.training.heads.trainer import Schedule, train_head
from viennatag.training.options import FinetuneOptions
from viennatag.training.selection.comparison_run import run_methods, summarise
from viennatag.training.selection.strategy_search import search_strategies
from viennatag.training.strategies import STRATEGIES, Strategy, find_strategy
from viennatag.training.train import train

POSITIONS = 9
PARENTS = np.full(LABELS, -1)
RESIDUAL = [ResidualAttention(), ResidualAttention((1.0, 2.0, 4.0, inf), strength=0.7)]
DECODERS = [MLDecoder(groups=3, channels=8, heads=2, hidden=12), MLDecoder(channels=8, heads=4, hidden=16)]
KINDS: list[HeadKind] = [*RESIDUAL, *DECODERS]


def local_logits(head: ExportedHead, maps: NDArray[Any]) -> NDArray[np.float32]:
    """Return local logits (marks, positions, labels) of an attention head, as a bundle's graph gives them."""
    (found,) = head._runtime.run(np.ascontiguousarray(maps[:, :, None], dtype=np.float32), ("local_logits",))
    return np.asarray(found[:, :, 0])


def maps(marks: int = 60) -> NDArray[np.float16]:
    random = np.random.default_rng(5)
    return (random.normal(size=(marks, POSITIONS, WIDTH)) * np.linspace(0.2, 3, WIDTH) + 2).astype(np.float16)


def trained(
    kind: HeadKind,
    *,
    steps: int = 30,
    on: NDArray[np.floating[Any]] | None = None,
    max_floats: int = 1 << 27,
) -> tuple[nn.Module, ExportedHead, Tensor]:
    """Return a module after some steps on maps, what is kept of it, and the standardised maps that it saw."""
    raw = torch.from_numpy((maps() if on is None else on).astype(np.float32))
    mean, spread = raw.mean(dim=(0, 1)), raw.std(dim=(0, 1))
    scale = torch.where(spread > 0, spread, 1.0)  # a feature may be dead
    seen = (raw - mean) / scale
    torch.manual_seed(0)
    module = kind.build(WIDTH, PARENTS, torch.linspace(-3, 0, LABELS))
    module.max_floats = max_floats  # type: ignore[assignment]
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.02)
    peaks = seen.amax(dim=1)[:, :LABELS]
    truth = (peaks > peaks.quantile(0.7, dim=0)).float()
    for _ in range(steps):
        loss = nn.functional.binary_cross_entropy_with_logits(module(seen), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return module.eval(), kind.fold(module, mean, scale), seen


def flat(spatial: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maps as heads take them, (images, places, features), of what a graph gives."""
    return spatial.reshape(len(spatial), WIDTH, -1).swapaxes(1, 2)


# What is said three times is the same: in torch, in NumPy, in the graph


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_a_head_starts_at_its_bias(kind: HeadKind) -> None:
    bias = torch.linspace(-5, 1, LABELS)
    logits = kind.build(WIDTH, PARENTS, bias)(torch.randn(6, POSITIONS, WIDTH))
    torch.testing.assert_close(logits, bias.expand(6, -1))


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_every_parameter_learns_and_folding_changes_nothing(kind: HeadKind) -> None:
    torch.manual_seed(0)
    untrained = kind.build(WIDTH, PARENTS, torch.linspace(-3, 0, LABELS))
    module, head, seen = trained(kind)
    for name, parameter in module.named_parameters():
        assert not torch.equal(parameter, untrained.get_parameter(name)), name
    with torch.inference_mode():
        expected = module(seen).numpy()
    assert expected.std(axis=0).min() > 0.1
    np.testing.assert_allclose(head(maps()), expected, atol=2e-3)
    assert head.labels == LABELS


@pytest.mark.parametrize("runtime", installed_runtimes())
@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_the_graph_says_what_the_head_says(kind: HeadKind, runtime: str) -> None:
    under = random_backbone()
    fields = np.random.default_rng(4).integers(0, 256, (60, 2, 2, 3), dtype=np.uint8)  # noise looks all alike
    pixels = fields.repeat(32, axis=1).repeat(32, axis=2)
    (seen,) = Engine(under.graph, runtime=runtime).run(pixels, ("feature_map",))
    head = trained(kind, on=flat(seen))[1]  # on what the backbone says, else all images lie together far from the maps
    graph = export_graph(under, head)
    engine = Engine(graph, runtime=runtime)
    logits, spatial = engine.run(pixels, ("logits", "feature_map"))
    assert logits.std(axis=0).min() > 0.1, "logits depend on the image"
    np.testing.assert_allclose(logits, head(flat(spatial)), rtol=1e-3, atol=2e-3)
    np.testing.assert_allclose(engine.run(pixels[:1], ("logits",))[0], logits[:1], rtol=1e-4, atol=1e-4)
    assert graph == export_graph(under, head)


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_blocks_make_no_difference(kind: HeadKind) -> None:
    kind = replace(kind, dropout=0.0) if isinstance(kind, MLDecoder) else kind
    whole = trained(kind, steps=3)[1](maps())
    head = trained(kind, steps=3, max_floats=2000)[1]
    one = np.concatenate([head(each[None]) for each in maps()])
    np.testing.assert_allclose(one, whole, rtol=1e-3, atol=1e-3)


def test_residual_attention_by_hand() -> None:
    weight = np.array([[[1.0, 0.0]], [[0.0, 1.0]]], np.float32)  # two temperatures, one label
    head = ResidualHead(weight, np.array([0.5], np.float32), (2.0, inf), strength=0.25)
    seen = np.array([[[1.0, 3.0], [0.0, 5.0]]])
    attention = np.exp(2.0) / (np.exp(2.0) + 1)
    first, second = 0.5 + 0.25 * attention, 4 + 0.25 * 5
    np.testing.assert_allclose(head(seen), [[0.5 + (first + second) / 2]], rtol=1e-6)
    tied = np.array([[[0.0, 5.0], [0.0, 5.0]]])
    np.testing.assert_allclose(local_logits(head, tied)[0, 0], local_logits(head, tied)[0, 1])


def test_queries_answer_for_neighbouring_labels() -> None:
    """The logits of a group depend on what its query found, and on no other's."""
    _, head, _ = trained(DECODERS[0])
    assert isinstance(head, DecoderHead)
    assert head.group.shape == (2, 8, 2), "4 labels, at most 3 groups: 2 each"
    silenced = replace(head, group=head.group * np.array([0, 1], np.float32)[:, None, None])
    np.testing.assert_allclose(silenced(maps())[:, :2], np.tile(head.bias[:2], (60, 1)), atol=1e-6)
    np.testing.assert_allclose(silenced(maps())[:, 2:], head(maps())[:, 2:], atol=1e-5)


# Heat maps


@pytest.mark.parametrize("size", [(64, 64), (90, 31)])
@pytest.mark.parametrize("name", ["one", "four", "with linear", "alone in a mean", "nested"])
def test_the_mean_over_places_is_the_logit(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    one, four = (
        ResidualHead(normal(len(kind.temperatures), LABELS, WIDTH), normal(LABELS), kind.temperatures, kind.strength)
        for kind in RESIDUAL
    )
    mixed = MeanHead((LINEAR, one, COSINE), normal(3, LABELS), normal(LABELS))
    head: ExportedHead = {
        "one": one,
        "four": four,
        "with linear": mixed,
        "alone in a mean": MeanHead((one, four), normal(2, LABELS), normal(LABELS)),
        "nested": MeanHead((mixed, four), normal(2, LABELS), normal(LABELS)),
    }[name]
    predictor = Predictor(bundle(tmp_path / "b", export_graph(random_backbone(), head)))
    for each in predictor.explain_codes(picture(*size), NAMES):
        assert each.local_logits.shape == (4, 4)
        assert each.local_logits.std() > 1e-3
        assert each.local_logits.mean() == pytest.approx(each.logit, rel=1e-4, abs=1e-3)
    pixels = np.random.default_rng(4).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    logits, spatial = predictor.engine.run(pixels, ("logits", "feature_map"))
    raw = flat(spatial)
    np.testing.assert_allclose(logits, head(raw), rtol=1e-3, atol=1e-2)
    if isinstance(head, ResidualHead):
        reader = ClassActivationReader.of(predictor.engine)
        seen = predictor.engine.run(pixels, reader.outputs)
        expected = local_logits(head, raw)[1].reshape(4, 4, LABELS)
        np.testing.assert_allclose(reader.local_logits([each[1] for each in seen], [2])[0], expected[..., 2], atol=1e-3)


def test_a_label_points_at_the_place_where_it_is() -> None:
    weight = np.zeros((1, 1, WIDTH), np.float32)
    weight[..., 3] = 1
    seen = np.zeros((1, POSITIONS, WIDTH))
    seen[0, 5, 3] = 4
    plain, attending = (ResidualHead(weight, np.zeros(1, np.float32), (1.0,), strength) for strength in (0.0, 1.0))
    shares = [np.exp(4) / (np.exp(4) + POSITIONS - 1), 1 / POSITIONS]
    assert attending(seen)[0, 0] - plain(seen)[0, 0] == pytest.approx(4 * shares[0], rel=1e-5)
    assert local_logits(attending, seen)[0, :, 0].argmax() == 5


def test_a_decoder_has_no_heat_maps_and_says_so(tmp_path: Path) -> None:
    decoder, residual = trained(DECODERS[0])[1], trained(RESIDUAL[0])[1]
    for at, head in enumerate((decoder, MeanHead((LINEAR, decoder, residual), normal(3, LABELS), normal(LABELS)))):
        graph = export_graph(random_backbone(), head)
        assert Engine(graph).outputs == ("logits", "features", "feature_map")
        with pytest.raises(BundleError, match=r"has no heat maps: .*decoders"):
            Predictor(bundle(tmp_path / str(at), graph)).explain(picture(9, 9), "3.1.6")
    with pytest.raises(BundleError, match="one that reads feature maps"):
        open_graph(open_bundle(tmp_path / "0"))
    mixed = MeanHead((NEIGHBOURS, residual), normal(2, LABELS), normal(LABELS))
    assert "local_logits" not in Engine(export_graph(random_backbone(), mixed)).outputs


# Learning


@pytest.fixture(scope="module")
def made() -> Collection:
    return make_collection(900, noise=2.0, maps=True)


def test_without_strength_it_is_the_linear_head(made: Collection) -> None:
    labels = made.labels(min_count=5)
    parts = made.examples(labels, TRAIN), made.examples(labels, VALIDATION)
    quick = Schedule(epochs=4, min_steps=60)
    linear = train_head(*parts, parents=labels.parents, schedule=quick)
    test = made.examples(labels, TEST)
    for kind in (ResidualAttention(strength=0.0), ResidualAttention((1.0, inf), strength=0.0)):
        plain = train_head(*parts, parents=labels.parents, schedule=quick, kind=kind)
        np.testing.assert_allclose(test.logits(plain.head), test.logits(linear.head), atol=0.05)
        assert plain.macro_map == pytest.approx(linear.macro_map, abs=5e-3)
    assert isinstance(linear.head, LinearHead)


@pytest.mark.parametrize("kind", [ResidualAttention(), MLDecoder(channels=32, heads=4, hidden=64)], ids=repr)
def test_heads_learn_more_than_the_prior_whatever_loss_and_sampling(made: Collection, kind: HeadKind) -> None:
    labels = made.labels(min_count=5)
    train_part, validation, test = (made.examples(labels, part) for part in (TRAIN, VALIDATION, TEST))
    prior = np.tile(train_part.counts() / len(train_part), (len(test), 1))
    least = macro_average_precision(prior, test.targets).value
    for options in ({}, {"loss": TwoWay(), "sampling": ClassAware(0.5)}):
        found = train_head(train_part, validation, parents=labels.parents, kind=kind, **options)  # type: ignore[arg-type]
        assert macro_average_precision(test.logits(found.head), test.targets).value > 1.5 * least


def test_attention_finds_what_fills_one_place(made: Collection) -> None:
    """A label whose direction is at one place of four is told from noise better by who looks there."""
    labels = made.labels(min_count=5)
    parts = made.examples(labels, TRAIN), made.examples(labels, VALIDATION)
    test = made.examples(labels, TEST)
    reached = {
        strength: macro_average_precision(
            test.logits(train_head(*parts, parents=labels.parents, kind=ResidualAttention(strength=strength)).head),
            test.targets,
        ).value
        for strength in (0.0, 1.0)
    }
    assert reached[1.0] > reached[0.0]


@pytest.mark.slow
def test_compare_leaves_them_out_without_maps_and_auto_too(made: Collection) -> None:
    pooled, quick = replace(made, feature_maps=None), Schedule(epochs=1, min_steps=5)
    few = [STRATEGIES[name] for name in ("residual-attention", "ml-decoder")]
    found = summarise([run_methods(pooled, few, seeds=1, rounds=20, schedule=quick)])
    assert set(found.omitted) == {"residual-attention", "ml-decoder"}
    assert "named with --strategies" in found.omitted["ml-decoder"]
    assert {each.strategy for each in search_strategies(pooled, strategies=few, schedule=quick).trials} == {"as-is"}
    found = summarise([run_methods(made, few, seeds=1, rounds=20, schedule=quick)])
    assert [row.name for row in found.rows] == ["prior", "as-is", "residual-attention", "ml-decoder"]
    tried = search_strategies(made, strategies=[*few, STRATEGIES["cosine"]], schedule=quick)
    assert {each.strategy for each in tried.trials} == {"as-is", "cosine", "residual-attention", "ml-decoder"}
    assert tried.trained.macro_map > 0


def test_an_ensemble_may_hold_them(made: Collection) -> None:
    from viennatag.training.selection.trained_strategy import train_strategy

    labels = made.labels(min_count=5)
    strategy = Strategy("both", "linear and residual attention", head=Ensemble((Linear(), ResidualAttention())))
    assert strategy.reads_feature_maps
    assert not STRATEGIES["ensemble"].reads_feature_maps
    parts = made.examples(labels, TRAIN), made.examples(labels, VALIDATION)
    learned = train_strategy(
        strategy, labels, *parts, made.held_out(labels, VALIDATION), schedule=Schedule(epochs=2, min_steps=20)
    )
    assert isinstance(learned.head, MeanHead)
    assert learned.head.reads_feature_maps
    assert learned.macro_map > 0


# Maps on the disk


def test_maps_are_kept_beside_features_and_survive_an_interruption(collection: Path, tmp_path: Path) -> None:
    backbone = load_timm_backbone(TINY.backbone, cache=tmp_path, pretrained=False, size=64)
    assert backbone.positions == 4
    paths = sorted(collection.glob("*.png"))[:40]

    class StopError(Exception):
        pass

    def interrupt(done: int, _total: int) -> None:
        if done >= 16:
            raise StopError

    with pytest.raises(StopError):
        extract_features(paths, backbone, cache=tmp_path, feature_maps=True, progress=interrupt)
    (store,) = (tmp_path / "feature-maps").iterdir()
    content = (store / "feature_maps.f16").read_bytes()
    (store / "feature_maps.f16").write_bytes(content[:-3])  # as if killed inside a row
    started: list[int] = []
    found = extract_features(
        paths, backbone, cache=tmp_path, feature_maps=True, progress=lambda done, _: started.append(done)
    )
    assert started[0] >= 8
    assert found.feature_maps is not None
    assert found.feature_maps.shape == (40, 4, backbone.width)
    assert isinstance(found.feature_maps, np.memmap)
    pooled = extract_features(paths, backbone, cache=tmp_path)
    assert pooled.feature_maps is None
    own = found.feature_maps[found.rows].astype(np.float32).mean(axis=1)
    np.testing.assert_allclose(own, pooled.values[pooled.rows], rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(found.values[found.rows], pooled.values[pooled.rows])


def test_maps_that_cannot_be_kept_are_refused_before_any_work(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = load_timm_backbone(TINY.backbone, cache=tmp_path, pretrained=False, size=64)
    paths = sorted(collection.glob("*.png"))[:4]
    with pytest.raises(OptionError, match=r"maps of 4 images, 4 positions of 256 features each, would take"):
        extract_features(paths, backbone, cache=tmp_path, feature_maps=True, max_map_bytes=1000)
    monkeypatch.setattr(features.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    with pytest.raises(OptionError, match=r"are free there; name another --cache"):
        extract_features(paths, backbone, cache=tmp_path, feature_maps=True)
    monkeypatch.undo()
    network, size = create_network("test_vit", pretrained=False, size=64)
    flat = export_network(network, name="test_vit", size=size)
    assert flat.positions == 0
    with pytest.raises(OptionError, match="test_vit has no feature maps"):
        extract_features(paths, flat, cache=tmp_path, feature_maps=True)


def test_mistakes_are_named(made: Collection) -> None:
    for sampling in (Mixup(), SyntheticOversampling()):
        with pytest.raises(OptionError, match=f"{type(sampling).__name__} makes marks in feature space"):
            Strategy("mine", "of my own", head=ResidualAttention(), sampling=sampling)
    with pytest.raises(OptionError, match="Ensemble reads feature maps"):
        Strategy("mine", "of my own", head=Ensemble((Linear(), MLDecoder())), sampling=Mixup())
    labels = made.labels(min_count=5)
    parts = [replace(made.examples(labels, part), feature_maps=None) for part in (TRAIN, VALIDATION)]
    with pytest.raises(OptionError, match="MLDecoder reads feature maps, and only features are known"):
        train_head(*parts, parents=labels.parents, kind=MLDecoder())
    for temperatures in ((), (0.0,), (1.0, -1.0), (float("nan"),)):
        with pytest.raises(OptionError, match="temperatures of residual attention"):
            ResidualAttention(temperatures)
    for strength in (-0.1, inf, float("nan")):
        with pytest.raises(OptionError, match="strength of residual attention"):
            ResidualAttention(strength=strength)
    for options in ({"groups": 0}, {"channels": 10, "heads": 4}, {"dropout": 1.0}):
        with pytest.raises(OptionError, match="channels a multiple of heads"):
            MLDecoder(**options)  # type: ignore[arg-type]


# From marks to a bundle


def test_a_bundle_of_residual_attention_goes_round(  # type: ignore[no-untyped-def]
    cli,  # noqa: F811
    collection: Path,
    cache: Path,
    tmp_path: Path,
) -> None:
    tiny = ("--backbone", "test_efficientnet", "--set", "pretrained=false", "--size", 64, "--seed", 3)
    tiny = (*tiny, "--set", "strategy.min_count=3")
    arguments = ["train", collection / "marks.csv", "--images", collection, "--cache", cache, *tiny]
    status, _, err = cli(*arguments, "-o", tmp_path / "b", "--strategy", "residual-attention")
    assert status == 0, err
    assert "with feature maps of 4 positions, 0.5 MB" in err
    kept = json.loads((tmp_path / "b" / "bundle.json").read_text())["training"]["strategy"]
    assert kept["head"] == {"kind": "ResidualAttention", "temperatures": [1.0], "strength": 0.5}
    predictor = Predictor.load(tmp_path / "b")
    image = collection / "000.png"
    for suggestion in predictor.predict(image):
        found = predictor.explain(image, suggestion.code)
        assert found.score == suggestion.score
        assert found.local_logits.mean() == pytest.approx(found.logit, abs=1e-3)
    status, _, err = cli("predict", image, "--model", tmp_path / "b", "--explain", tmp_path / "maps")
    assert status == 0, err
    status, _, err = cli(
        "update", tmp_path / "b", collection / "marks.csv", "--images", collection, "-o", tmp_path / "c"
    )
    assert status == 2
    assert "one that reads feature maps" in err


@pytest.mark.slow
def test_a_decoder_learns_on_a_finetuned_backbone(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    strategy = replace(find_strategy("ml-decoder"), min_count=3)
    options = replace(TINY, strategy=strategy, finetune=FinetuneOptions(epochs=1, batch_size=32))
    found, evaluation = train(marks, collection, tmp_path / "b", options, cache=cache)
    assert evaluation.find("section").metrics["macro_map"].value > 0
    assert Engine(found.graph).outputs == ("logits", "features", "feature_map")
    with pytest.raises(BundleError, match="no heat maps"):
        Predictor(found).check_explainable()


def test_infinite_temperatures_can_be_written_down() -> None:
    plain = Strategy("mine", "of my own", head=RESIDUAL[1]).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False))["head"]["temperatures"] == [1.0, 2.0, 4.0, "inf"]
