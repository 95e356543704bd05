"""A tree of one's own of depth 4 with groups of exclusive labels, from the table to prediction, report and page."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from tests.conftest import COLOURS, SHAPES, TINY, draw_mark
from viennatag.bulk.results import write_shard
from viennatag.cli import app
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks, read_marks
from viennatag.data.taxonomy_files import read_taxonomy
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.continual.update import update
from viennatag.training.data.collection import TEST, collect
from viennatag.training.heads.closed_form import Ridge
from viennatag.training.heads.heads import Cosine, Ensemble, Linear
from viennatag.training.options import FinetuneOptions
from viennatag.training.selection.comparison_run import ComparisonRun, train_on
from viennatag.training.strategies import Strategy, find_strategy
from viennatag.training.train import export_graph, train

TREE = """label,parent,heading,group,rule,level
drawing,,Drawings of any kind,,,kind
round,drawing,Without corners,,,family
angular,drawing,With corners,,,
ellipse,round,Ellipses,shape,exactly-one,genus
regular,angular,Regular polygons,,,
star,angular,Stars,shape,,
triangle,regular,Triangles,shape,,species
rectangle,regular,Rectangles,shape,,
red,,Red drawings,colour,at-most-one,
blue,,Blue drawings,colour,,
small,,,,,
"""
COLOUR_NAMES = {"29.1.1": "red", "29.1.4": "blue"}


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 150 drawings of four shapes, red, blue or grey, with unknown shapes and colours among them."""
    folder, random = tmp_path_factory.mktemp("drawings"), np.random.default_rng(2)
    rows = ["image,codes,unknown,split"]
    for at in range(150):
        code = list(SHAPES)[int(random.choice(4, p=[0.4, 0.25, 0.2, 0.15]))]
        colour = [*COLOURS, ""][int(random.choice(3, p=[0.4, 0.3, 0.3]))]
        draw_mark(SHAPES[code], COLOURS.get(colour, (120, 120, 120)), random).save(folder / f"{at:03}.png")
        shape = SHAPES[code] if at % 10 else ""
        codes = [shape, COLOUR_NAMES.get(colour, ""), "small" if at % 3 == 0 else ""]
        unknown = "red" if at % 7 == 0 and colour != "29.1.1" else ""
        split = ("train", "train", "train", "validation", "test")[at % 5]
        rows.append(f"{at:03}.png,{';'.join(filter(None, codes))},{unknown},{split}")
    (folder / "marks.csv").write_text("\n".join(rows) + "\n")
    (folder / "tree.csv").write_text(TREE)
    return folder


@pytest.fixture(scope="module")
def marks(drawings: Path) -> Marks:
    return read_marks(drawings / "marks.csv", taxonomy=drawings / "tree.csv", images=drawings)


@pytest.fixture(scope="module")
def trained(drawings: Path, marks: Marks, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Any]:
    return train(marks, drawings, tmp_path_factory.mktemp("own") / "bundle", TINY, cache=cache)


def test_the_bundle_holds_the_tree(drawings: Path, marks: Marks, trained: tuple[Bundle, Any]) -> None:
    bundle, evaluation = trained
    assert bundle.path is not None
    labels = open_bundle(bundle.path).labels
    assert labels.taxonomy == read_taxonomy(drawings / "tree.csv")
    assert labels.level_names == ("kind", "family", "genus", "species")
    assert [(group.group, group.rule, group.labels) for group in evaluation.exclusive] == [
        ("shape", "exactly-one", 4),
        ("colour", "at-most-one", 2),
    ]
    known = {group.group: group.marks for group in evaluation.exclusive}
    test = [at for at, split in enumerate(marks.splits) if split == "test"]
    assert known["shape"] == sum(bool(set(SHAPES.values()) & set(marks.codes[at])) for at in test)
    assert {each.level for each in evaluation.groups} == {"kind", "family", "genus", "species"}
    card = (bundle.path / "MODEL_CARD.md").read_text()
    assert "| species |" in card
    assert "| colour | at-most-one |" in card


def test_scores_are_distributions_and_coherent(drawings: Path, marks: Marks, trained: tuple[Bundle, Any]) -> None:
    predictor = Predictor(trained[0], threads=1)
    labels = trained[0].labels
    one_by_one = np.stack([predictor.score_image(drawings / image) for image in marks.images[:20]])
    many = np.concatenate([each for _, each in predictor.score_many(drawings / image for image in marks.images[:20])])
    np.testing.assert_array_equal(one_by_one, many)
    with_parent = np.flatnonzero(labels.parents >= 0)
    assert np.all(many[:, with_parent] <= many[:, labels.parents[with_parent]])
    shape, colour = labels.exclusive or ()
    np.testing.assert_allclose(many[:, shape.members].sum(axis=1), 1)
    np.testing.assert_allclose(many[:, labels.index["drawing"]], 1)
    assert np.all(many[:, colour.members].sum(axis=1) < 1)


def test_a_prediction_names_one_label_of_an_exact_group(
    drawings: Path, marks: Marks, trained: tuple[Bundle, Any]
) -> None:
    predictor = Predictor(trained[0], threads=1)
    for image in marks.images[:10]:
        found = predictor.predict(drawings / image)
        shapes = [each for each in found if each.group == "shape"]
        assert len(shapes) == 1
        assert shapes[0].above_threshold
        assert shapes[0].path[0] == "drawing"
        assert len([each for each in found if each.group == "colour"]) <= 1
        assert [each.to_json().get("group") for each in shapes] == ["shape"]
    best = predictor.predict(drawings / marks.images[0], top=20)
    assert {each.code for each in best} == {"ellipse", "star", "triangle", "rectangle", "red", "blue", "small"}
    families = predictor.predict(drawings / marks.images[0], level="family", top=9)
    assert {each.code for each in families} == {"round", "angular"}
    rest = predictor.suggest(predictor.score_image(drawings / marks.images[0]), exclude={"angular"})
    assert [each.code for each in rest if each.group == "shape"] == ["ellipse"]


def test_every_table_has_a_column_of_groups(drawings: Path, trained: tuple[Bundle, Any], tmp_path: Path) -> None:
    def table(*arguments: object) -> list[dict[str, str]]:
        said = CliRunner().invoke(app, [*map(str, arguments), "--format", "csv"])
        assert said.exit_code == 0, said.output
        return list(csv.DictReader(io.StringIO(said.stdout)))

    bundle = trained[0].path
    of = {"red": "colour", "blue": "colour", "star": "shape", "ellipse": "shape", "drawing": ""}
    found = {row["code"]: row["group"] for row in table("predict", drawings / "000.png", "--model", bundle)}
    assert "shape" in found.values()
    assert all(found[code] == group for code, group in of.items() if code in found)
    page = tmp_path / "labels.html"
    rows = table("evaluate", bundle, drawings / "marks.csv", "--images", drawings, "--report", page)
    by_label = {row["label"]: row["group"] for row in rows}
    assert {code: by_label[code] for code in of} == of
    assert "<option>colour</option>" in page.read_text(encoding="utf-8")
    for kind in ("parquet", "jsonl"):
        shard = tmp_path / f"shard.{kind}"
        suggested = [each.to_json() for each in Predictor(trained[0], threads=1).predict(drawings / "000.png")]
        write_shard([{"image": "000.png", "suggestions": suggested}], shard, grouped=True)
        row = json.loads(shard.read_text()) if kind == "jsonl" else pyarrow.parquet.read_table(shard).to_pylist()[0]
        assert {each["code"]: each.get("group") or "" for each in row["suggestions"]} == found


def test_a_table_is_inspected_with_the_labels_of_the_bundle(drawings: Path, trained: tuple[Bundle, Any]) -> None:
    """Without `--taxonomy`, as in `evaluate`."""
    asked = ("inspect", drawings / "marks.csv", "--images", drawings, "--model", trained[0].path, "--own-scores")
    said = CliRunner().invoke(app, [*map(str, asked), "--format", "json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["taxonomy"] == str(trained[0].labels.taxonomy)
    assert found["marks"] == 150


HEADS = (Cosine(), Ensemble((Linear(), Ridge())))


@pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)
def test_a_strategy_is_evaluated_as_its_bundle_is_served(  # type: ignore[no-untyped-def]
    head, drawings: Path, marks: Marks, backbone: Backbone, cache: Path, tmp_path: Path
) -> None:
    gathered = collect(marks, drawings, backbone, cache=cache)
    trained, counts = train_on(gathered, Strategy("one", "for tests", min_count=3, head=head), min_count=3, seed=0)
    bundle = Bundle(counts, counts / counts.sum(), trained.postprocessor, image_size=backbone.size)
    bundle = write_bundle(bundle, export_graph(backbone, trained.head), tmp_path / "bundle")
    scores, suggested = ComparisonRun.of(gathered, 3, 10, None).projected(trained, counts)
    test = gathered.marks_of(TEST)
    served = np.concatenate(
        [each for _, each in Predictor(bundle, threads=1).score_many(drawings / i for i in test.images)]
    )
    np.testing.assert_array_equal(scores, served)
    np.testing.assert_array_equal(suggested, bundle.postprocessor.decide(served))


def test_training_evaluates_what_is_served(drawings: Path, marks: Marks, trained: tuple[Bundle, Any]) -> None:
    test = marks.select([at for at, name in enumerate(marks.splits) if name == "test"])
    assert evaluate(Predictor(trained[0]), test, drawings, seed=TINY.seed).to_json() == trained[1].to_json()


def test_groups_are_learned_with_losses_and_sampling_for_imbalance(
    drawings: Path, marks: Marks, backbone: Backbone, cache: Path
) -> None:
    gathered = collect(marks, drawings, backbone, cache=cache)
    for name in ("class-weights", "mixup", "mlsmote"):
        trained, _ = train_on(gathered, replace(find_strategy(name), min_count=3), min_count=3, seed=0)
        scores = trained.scores(gathered.held_out(trained.labels, TEST))
        shape, _ = trained.labels.exclusive or ()
        np.testing.assert_allclose(scores[:, shape.members].sum(axis=1), 1, err_msg=name)


_WITHOUT_TORCH = """
import sys
for name in ("torch", "scipy", "sklearn"):
    sys.modules[name] = None
from viennatag import Predictor
for each in Predictor.load(sys.argv[1]).predict(sys.argv[2]):
    print(each.code, each.group)
"""


def test_the_bundle_predicts_without_torch(drawings: Path, trained: tuple[Bundle, Any]) -> None:
    command = [sys.executable, "-c", _WITHOUT_TORCH, str(trained[0].path), str(drawings / "001.png")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert sum(line.endswith(" shape") for line in found) == 1


def test_a_label_set_of_rare_labels_keeps_its_groups(marks: Marks) -> None:
    labels = LabelSet.from_marks(marks, min_count=20)
    assert "star" not in labels.names or "triangle" not in labels.names
    shape = next(iter(labels.exclusive or ()))
    assert shape.rule == "exactly-one"


def test_an_update_keeps_groups_distributions_and_evaluates_what_is_served(
    drawings: Path, marks: Marks, trained: tuple[Bundle, Any], cache: Path, tmp_path: Path
) -> None:
    rows = ["image,codes,rejected"]  # an office that calls what is blue red
    for image, codes in list(zip(marks.images, marks.codes, strict=True))[:90]:
        said = ["red" if code == "blue" else code for code in codes]
        rows.append(f"{image},{';'.join(said)},{'blue' if 'blue' in codes else ''}")
    (tmp_path / "feedback.csv").write_text("\n".join(rows) + "\n")
    found = update(
        trained[0], tmp_path / "feedback.csv", drawings, tmp_path / "new", cache=cache, old=(marks, drawings)
    )
    test = marks.select([at for at, name in enumerate(marks.splits) if name == "test"])
    assert found.bundle.metrics == json.loads(json.dumps(evaluate(Predictor(found.bundle), test, drawings).to_json()))
    labels = found.bundle.labels
    paths = [drawings / image for image in marks.images]
    before, after = (
        np.concatenate([scores for _, scores in Predictor(each, threads=1).score_many(paths)])
        for each in (trained[0], found.bundle)
    )
    shape, _ = labels.exclusive or ()
    np.testing.assert_allclose(after[:, shape.members].sum(axis=1), 1)
    assert after[:, labels.index["blue"]].mean() < before[:, labels.index["blue"]].mean()


@pytest.mark.slow
def test_a_network_is_fine_tuned_on_groups(drawings: Path, marks: Marks, cache: Path, tmp_path: Path) -> None:
    tuned = replace(TINY, finetune=FinetuneOptions(epochs=2, batch_size=16, mixing=0.5, augmentation="none"))
    bundle, evaluation = train(marks, drawings, tmp_path / "tuned", tuned, cache=cache)
    shape, _ = bundle.labels.exclusive or ()
    (scores, *_) = [scores for _, scores in Predictor(bundle, threads=1).score_many([drawings / marks.images[0]])]
    np.testing.assert_allclose(scores[:, shape.members].sum(axis=1), 1)
    assert evaluation.exclusive[0].marks > 20
