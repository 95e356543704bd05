"""What `train`, `compare` and `update` evaluate is what `predict` serves, to the last bit."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.bundles import with_postprocessing
from tests.conftest import COLOURS, SHAPES, TINY, draw_mark
from viennatag.data.marks import Marks, read_marks
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.images.crops import MAX_CROPS
from viennatag.model.bundle import Bundle
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.training.backbones.backbone import Backbone
from viennatag.training.continual.update import update
from viennatag.training.data.collection import TEST, Collection, collect
from viennatag.training.heads.heads import Cosine, Ensemble, Linear, Neighbours, TreeShared
from viennatag.training.heads.residual_attention import ResidualAttention
from viennatag.training.selection.comparison_run import ComparisonRun, train_on
from viennatag.training.strategies import Strategy
from viennatag.training.train import export_graph, train

HEADS = (Linear(), Cosine(), TreeShared(), Neighbours(), Ensemble((Linear(), Cosine())), ResidualAttention())


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Marks]:
    """Return marks with a device beside a word, which are served with crops, among others that have none."""
    folder, random = tmp_path_factory.mktemp("wide"), np.random.default_rng(5)
    rows = ["image,codes,split"]
    for at in range(150):
        shape = list(SHAPES)[int(random.choice(4, p=[0.4, 0.3, 0.2, 0.1]))]
        colour = list(COLOURS)[int(random.random() < 0.4)]
        mark = draw_mark(SHAPES[shape], COLOURS[colour], random)
        if at % 3:
            page = Image.new("RGB", (420, 96), "white")
            page.paste(mark, (0, 0))
            ImageDraw.Draw(page).rectangle([200, 30, 400, 60], fill="black")
            mark = page
        mark.save(folder / f"{at:03}.png")
        rows.append(f"{at:03}.png,{shape};{colour},{('train', 'train', 'train', 'validation', 'test')[at % 5]}")
    (folder / "marks.csv").write_text("\n".join(rows) + "\n")
    return folder, read_marks(folder / "marks.csv", images=folder)


@pytest.fixture(scope="module")
def gathered(wide: tuple[Path, Marks], backbone: Backbone, cache: Path) -> Collection:
    return collect(wide[1], wide[0], backbone, cache=cache, feature_maps=True)


def served(bundle: Bundle, folder: Path, marks: Marks) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of marks as `predict` serves them, one by one and many together."""
    predictor = Predictor(bundle, threads=1)
    paths = [folder / image for image in marks.images]
    one_by_one = np.stack([predictor.score_image(path) for path in paths])
    return one_by_one, np.concatenate([scores for _, scores in predictor.score_many(paths)])


@pytest.mark.parametrize("head", HEADS, ids=lambda head: type(head).__name__)
@pytest.mark.parametrize("max_crops", [0, MAX_CROPS])
def test_a_strategy_is_evaluated_as_its_bundle_is_served(  # type: ignore[no-untyped-def]
    head, max_crops: int, gathered: Collection, backbone: Backbone, wide: tuple[Path, Marks], tmp_path: Path
) -> None:
    trained, counts = train_on(gathered, Strategy("one", "for tests", min_count=3, head=head), seed=1)
    chain = replace(trained.postprocessor, max_crops=max_crops, pixel_labels=("29.1.1", "29.1.4"))
    trained = replace(trained, postprocessor=chain)
    bundle = Bundle(counts, counts / counts.sum(), chain, image_size=backbone.size)
    bundle = write_bundle(bundle, export_graph(backbone, trained.head), tmp_path / "bundle")
    evaluated = trained.scores(gathered.held_out(trained.labels, TEST))
    counted = gathered.held_out(trained.labels, TEST).view_counts
    assert counted.max() > 1, "no mark has crops, so this shows nothing"
    for scores in served(bundle, wide[0], gathered.marks_of(TEST)):
        if isinstance(head, Neighbours):  # a product with thousands of marks is rounded by how many are asked at once
            np.testing.assert_allclose(evaluated, scores, atol=1e-4)
        else:
            np.testing.assert_array_equal(evaluated, scores)


def test_a_comparison_evaluates_what_is_served(
    gathered: Collection, backbone: Backbone, wide: tuple[Path, Marks], tmp_path: Path
) -> None:
    run = ComparisonRun.of(gathered, 3, 10, None)
    trained, counts = train_on(gathered, Strategy("one", "for tests", min_count=3), min_count=3, seed=0)
    bundle = Bundle(counts, counts / counts.sum(), trained.postprocessor, image_size=backbone.size)
    bundle = write_bundle(bundle, export_graph(backbone, trained.head), tmp_path / "bundle")
    scores, suggested = run.projected(trained, counts)
    expected, _ = served(bundle, wide[0], gathered.marks_of(TEST))
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(suggested, bundle.postprocessor.decide(expected))


def test_training_evaluates_what_is_served(wide: tuple[Path, Marks], cache: Path, tmp_path: Path) -> None:
    folder, marks = wide
    bundle, evaluation = train(marks, folder, tmp_path / "bundle", TINY, cache=cache)
    test = marks.select([at for at, name in enumerate(marks.splits) if name == "test"])
    assert evaluate(Predictor(bundle), test, folder, seed=TINY.seed).to_json() == evaluation.to_json()


def test_an_update_evaluates_what_is_served(
    wide: tuple[Path, Marks], gathered: Collection, cache: Path, tmp_path: Path
) -> None:
    folder, marks = wide
    first, _ = train(marks, folder, tmp_path / "first", TINY, cache=cache)
    first = with_postprocessing(first, max_crops=MAX_CROPS)
    first = write_bundle(first, first.graph.read_bytes(), tmp_path / "crops")
    rows = ["image,codes,rejected"]  # an office that gives one more code to what is blue
    for image, codes in list(zip(marks.images, marks.codes, strict=True))[:60]:
        rows.append(f"{image},{';'.join([*codes, *(['29.1.5'] if '29.1.4' in codes else [])])},")
    (tmp_path / "feedback.csv").write_text("\n".join(rows) + "\n")
    table, out = tmp_path / "feedback.csv", tmp_path / "updated"
    found = update(first, table, folder, out, cache=cache, old=(marks, folder))
    assert found.added == ("29.1.5",)
    test = gathered.marks_of(TEST)
    expected = evaluate(Predictor(found.bundle), test, folder, seed=0)
    assert found.bundle.metrics == json.loads(json.dumps(expected.to_json()))
