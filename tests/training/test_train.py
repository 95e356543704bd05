import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import TINY
from tests.data.test_labels import marks_of
from viennatag.data.marks import read_marks
from viennatag.errors import BackboneError, BundleError, DataError, OptionError
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.evaluation.evaluation import Evaluation
from viennatag.images.reading import read_image
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import create_network, export_network, load_timm_backbone
from viennatag.training.data.collection import _subsets
from viennatag.training.data.features import extract_features
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.strategies import find_strategy
from viennatag.training.train import train


def test_training_learns_far_more_than_the_prior(trained: tuple[Bundle, Evaluation]) -> None:
    bundle, evaluation = trained
    figure = evaluation.find("section").metrics["macro_map"]
    assert figure.value > 2 * figure.prior
    assert figure.low <= figure.value <= figure.high
    assert bundle.labels.names[:3] == ("1", "1.1", "1.1.1")
    assert sum(bundle.training["marks"].values()) == 240
    assert bundle.metrics["groups"][0]["metrics"]["hit@1"]["value"] > 0.5


def test_serving_reaches_exactly_what_training_measured(
    trained: tuple[Bundle, Evaluation], collection: Path, cache: Path, tmp_path: Path
) -> None:
    """One preprocessing, one graph: judged from image files on, the test marks give the same figures."""
    bundle, measured = trained
    marks = read_marks(collection / "marks.csv", images=collection)
    features = extract_features(
        [collection / name for name in marks.images],
        load_timm_backbone(TINY.backbone, cache=cache, pretrained=False, size=64, seed=3),
        cache=cache,
    )
    from viennatag.split.splitting import split_marks

    test = np.flatnonzero(split_marks(marks, hashes=features.hashes, seed=3) == 2)
    served = evaluate(Predictor(bundle), marks.select(test), collection, seed=3)
    for level in ("category", "division", "section"):
        for name, figure in measured.find(level).metrics.items():
            assert served.find(level).metrics[name].value == pytest.approx(figure.value, abs=2e-3, nan_ok=True)


def test_the_same_seed_gives_the_same_bundle(
    trained: tuple[Bundle, Evaluation], collection: Path, cache: Path, tmp_path: Path
) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    again, _ = train(marks, collection, tmp_path / "again", TINY, cache=cache)
    assert trained[0].path is not None
    for file in ("model.onnx", "bundle.json"):
        assert (tmp_path / "again" / file).read_bytes() == (trained[0].path / file).read_bytes()
    other, _ = train(marks, collection, tmp_path / "other", replace(TINY, seed=4), cache=cache)
    assert other.graph.read_bytes() != again.graph.read_bytes()


def test_a_flat_table_of_flags_trains_too(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "flat.csv", images=collection, taxonomy="flat")
    bundle, evaluation = train(marks, collection, tmp_path / "flat", TINY, cache=cache)
    assert bundle.labels.names == ("blue", "ellipse", "rectangle", "red", "star", "triangle")
    assert [found.level for found in evaluation.groups] == ["label"]
    suggestions = Predictor(bundle).predict(collection / marks.images[0])
    assert {each.level for each in suggestions} == {"label"}
    assert suggestions[0].heading == suggestions[0].code


def test_a_bundle_holds_the_backbone_and_the_head_without_a_trace_of_this_machine(
    trained: tuple[Bundle, Evaluation], collection: Path
) -> None:
    bundle, _ = trained
    engine = Engine(bundle.graph)
    assert engine.outputs == ("logits", "features", "feature_map", "head_inputs", "head.weight", "head.bias")
    pixels = read_image(collection / "000.png", 64)[None]
    logits, features, spatial = engine.run(pixels, ("logits", "features", "feature_map"))
    np.testing.assert_allclose(spatial.mean(axis=(2, 3)), features, rtol=1e-3, atol=1e-4)
    assert logits.shape == (1, len(bundle.labels))
    graph = bundle.graph.read_bytes()
    assert str(Path(__file__).parents[2]).encode() not in graph
    assert b"site-packages" not in graph


def test_exported_graph_agrees_with_torch() -> None:
    torch.manual_seed(0)
    network, size = create_network("test_efficientnet", pretrained=False, size=64)
    backbone = export_network(network, name="test_efficientnet", size=size)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    (features,) = Engine(backbone.graph).run(pixels, ("features",))
    with torch.inference_mode():
        np.testing.assert_allclose(features, network(torch.from_numpy(pixels))[0].numpy(), rtol=1e-3, atol=1e-4)
    assert features.shape == (5, backbone.width)


def test_a_transformer_without_a_map_exports_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("random weights need no network"))
    network, size = create_network("test_vit", pretrained=False, size=64)
    backbone = export_network(network, name="test_vit", size=size)
    assert Engine(backbone.graph).outputs == ("features",)


def test_features_are_computed_once_and_survive_an_interruption(collection: Path, tmp_path: Path) -> None:
    backbone = load_timm_backbone(TINY.backbone, cache=tmp_path, pretrained=False, size=64)
    paths = sorted(collection.glob("*.png"))[:60]

    class StopError(Exception):
        pass

    def interrupt(done: int, _total: int) -> None:
        if done >= 32:
            raise StopError

    with pytest.raises(StopError):
        extract_features(paths, backbone, cache=tmp_path, progress=interrupt)
    started: list[int] = []
    found = extract_features(paths, backbone, cache=tmp_path, progress=lambda done, _: started.append(done))
    assert started[0] >= 16  # what the first run finished
    fresh = extract_features(paths, backbone, cache=tmp_path / "fresh")
    np.testing.assert_array_equal(found.values[found.rows], fresh.values[fresh.rows])
    np.testing.assert_array_equal(found.hashes, fresh.hashes)
    again: list[int] = []
    extract_features(paths, backbone, cache=tmp_path, progress=lambda done, _: again.append(done))
    assert again == [60]


def test_half_a_row_of_a_killed_run_is_dropped(collection: Path, tmp_path: Path) -> None:
    backbone = load_timm_backbone(TINY.backbone, cache=tmp_path, pretrained=False, size=64)
    paths = sorted(collection.glob("*.png"))[:20]
    whole = extract_features(paths, backbone, cache=tmp_path)
    values = np.array(whole.values[whole.rows])
    (store,) = (tmp_path / "features").iterdir()
    for name, cut in (("keys.bin", 5), ("features.f16", 1)):
        content = (store / name).read_bytes()
        (store / name).write_bytes(content[:-cut])
    again = extract_features(paths, backbone, cache=tmp_path)
    np.testing.assert_array_equal(again.values[again.rows], values)


def test_the_cache_knows_content_not_names(collection: Path, tmp_path: Path) -> None:
    backbone = load_timm_backbone(TINY.backbone, cache=tmp_path, pretrained=False, size=64)
    copy = tmp_path / "copy.png"
    copy.write_bytes((collection / "000.png").read_bytes())
    (tmp_path / "bad.png").write_bytes(b"nothing")
    found = extract_features(
        [collection / "000.png", copy, tmp_path / "bad.png", tmp_path / "none.png"], backbone, cache=tmp_path
    )
    assert found.rows.tolist() == [0, 0, -1, -1]
    assert set(found.errors) == {2, 3}
    assert found.values.shape == (1, backbone.width)


def test_finetuning_with_a_teacher_goes_on_from_its_checkpoint(collection: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = replace(TINY, finetune=FinetuneOptions(epochs=2, batch_size=32, workers=0), teacher=None, size=48, seed=5)
    reports: list[tuple[str, int]] = []
    bundle, _ = train(
        marks,
        collection,
        tmp_path / "a",
        options,
        cache=tmp_path / "cache",
        progress=lambda stage, done, *_: reports.append((stage, done)),
    )
    assert max(done for stage, done in reports if stage == "finetune") == 12
    assert bundle.training["finetune"]["epochs"] == 2
    reports.clear()
    again, _ = train(
        marks,
        collection,
        tmp_path / "b",
        options,
        cache=tmp_path / "cache",
        progress=lambda stage, done, *_: reports.append((stage, done)),
    )
    assert not [stage for stage, _ in reports if stage == "finetune"]  # the finished run is not repeated
    assert again.graph.read_bytes() == bundle.graph.read_bytes()


def test_mistakes_are_named(collection: Path, tmp_path: Path, cache: Path) -> None:
    with pytest.raises(BackboneError, match="did you mean efficientnet_b0"):
        create_network("efficientnet_b00")
    with pytest.raises(BackboneError, match=r"no config\.json"):
        create_network("local-dir:nowhere")
    with pytest.raises(OptionError, match="there is no strategy 'as-iz'; did you mean 'as-is'"):
        find_strategy("as-iz")
    with pytest.raises(OptionError, match="add --finetune"):
        TrainOptions(find_strategy("as-is"), teacher="efficientnet_b0")
    with pytest.raises(OptionError, match="size is 8 pixels"):
        TrainOptions(find_strategy("as-is"), size=8)
    with pytest.raises(OptionError, match="epochs is 0"):
        FinetuneOptions(epochs=0)
    marks = read_marks(collection / "marks.csv", images=collection)
    (tmp_path / "stands").mkdir()
    (tmp_path / "stands" / "thesis.txt").write_text("precious")
    with pytest.raises(BundleError, match="not a bundle"):
        train(marks, collection, tmp_path / "stands", TINY, cache=cache)
    assert (tmp_path / "stands" / "thesis.txt").read_text() == "precious"


def test_a_wrong_backbone_is_told_before_images_are_read(collection: Path, cache: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    options = replace(TINY, backbone="test_eficientnet")
    with pytest.raises(BackboneError, match="test_efficientnet"):
        train(
            collection / "marks.csv", collection, tmp_path / "out", options,
            cache=cache, progress=lambda stage, *_: stages.append(stage),
        )  # fmt: skip
    assert not stages


def test_unreadable_images_stop_training_or_are_left_out(collection: Path, cache: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for file in collection.glob("*.png"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "007.png").write_bytes(b"broken")
    marks = read_marks(collection / "marks.csv", images=folder)
    with pytest.raises(DataError, match=r"1 of 240 images cannot be read\n  007\.png"):
        train(marks, folder, tmp_path / "out", TINY, cache=cache)
    assert not (tmp_path / "out").exists()
    bundle, evaluation = train(marks, folder, tmp_path / "out", TINY, cache=cache, skip_bad=True)
    assert sum(bundle.training["marks"].values()) == 239
    assert "007.png" in evaluation.skipped[0]


def test_a_hub_out_of_reach_is_said_at_once(tmp_path: Path) -> None:
    """In a process of its own, whose hub has a name that no resolver knows."""
    code = (
        "from viennatag.training.backbones.backbone import create_network\n"
        "from viennatag.errors import BackboneError\n"
        "try:\n    create_network('mobilenetv3_small_050.lamb_in1k')\n"
        "except BackboneError as exc:\n    print(exc)\n"
    )
    environment = {"HF_ENDPOINT": "https://hub.invalid", "HF_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60, check=True
    )
    assert "cannot be fetched" in done.stdout
    assert "local-dir:FOLDER" in done.stdout


def test_description_is_plain_json(trained: tuple[Bundle, Evaluation]) -> None:
    assert trained[0].path is not None
    found = json.loads((trained[0].path / "bundle.json").read_text())
    assert found["schema"] == 1
    assert found["training"]["strategy"]["name"] == "tiny"
    assert (
        len(found["labels"]) == len(found["postprocessing"]["thresholds"]) == len(open_bundle(trained[0].path).labels)
    )
    assert Image.open  # Pillow stays importable beside torch


def test_scores_are_moved_to_the_frequencies_expected(
    trained: tuple[Bundle, Evaluation], collection: Path, cache: Path, tmp_path: Path
) -> None:
    """A code that is rarer among the marks to come scores lower, another higher; nothing else changes."""
    marks = read_marks(collection / "marks.csv", images=collection)
    section, other = "26.4.1", "26.1.1"
    assert {section, other} <= set(trained[0].labels.names), trained[0].labels.names
    to_come = replace(marks, codes=((other,),) * len(marks))
    bundle, _ = train(marks, collection, tmp_path / "moved", TINY, cache=cache, target_prior=to_come)
    before, after = (Predictor(each).postprocessor.calibration for each in (trained[0], bundle))
    at = bundle.labels.index
    assert after.intercept[at[section]] < before.intercept[at[section]]
    assert after.intercept[at[other]] > before.intercept[at[other]]
    np.testing.assert_array_equal(after.slope, before.slope)
    assert bundle.training["target_prior_marks"] == 240
    assert bundle.metrics == trained[0].metrics


@pytest.mark.parametrize("subset", ["train", "validation"])
def test_a_subset_without_labels_is_named(subset: str) -> None:
    marks = marks_of([["cat"]] * 6, taxonomy="flat")
    splits = ("train", "train", "validation", "validation", "test", "test")
    codes = tuple(() if split == subset else ("cat",) for split in splits)
    with pytest.raises(DataError, match=f"no mark of the {subset} subset has a label .*--ignore split"):
        _subsets(replace(marks, splits=splits, codes=codes))
