"""From logits to scores and suggestions: crops, pixel colours, calibration, hierarchy, thresholds."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.bundles import plain_bundle, reading_pixels, with_postprocessing
from tests.conftest import COLOURS, SHAPES, draw_mark
from viennatag.calibration.calibration import Calibration, coherent_scores
from viennatag.data.labels import LabelSet
from viennatag.errors import BundleError, DataError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.images.crops import MAX_CROPS, merge_crops
from viennatag.images.reading import read_image
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.postprocessing import Outputs, Postprocessor
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor

LABELS = LabelSet("vienna", ("1", "3", "3.1", "3.1.6", "3.7", "5", "5.3.1", "26", "26.1", "29", "29.1", "29.1.1"))
WIDTH = len(LABELS)


def chain(**changes: object) -> Postprocessor:
    return plain_bundle(LABELS, **changes).postprocessor  # type: ignore[arg-type]


def test_the_chain_by_hand() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, WIDTH)).astype(np.float32)  # two marks: three views and two
    colours = rng.normal(size=(2, len(COLOUR_LABELS))).astype(np.float32)
    calibration = Calibration(rng.uniform(0.5, 2, WIDTH), rng.normal(size=WIDTH))
    found = chain(calibration=calibration, max_crops=MAX_CROPS, pixel_labels=("29.1.1",)).scores(
        Outputs(logits, [3, 2], colours)
    )
    expected = merge_crops(logits, [3, 2], LABELS.is_pictorial)
    expected[:, LABELS.index["29.1.1"]] = colours[:, COLOUR_LABELS.index("29.1.1")]
    np.testing.assert_array_equal(found, coherent_scores(calibration(expected), LABELS.parents))


def test_without_crops_only_the_whole_counts() -> None:
    logits = np.random.default_rng(0).normal(size=(5, WIDTH)).astype(np.float32)
    np.testing.assert_array_equal(chain().scores(Outputs(logits, [3, 2])), chain().scores(Outputs(logits[[0, 3]])))


def test_crops_count_only_where_the_whole_is_unsure() -> None:
    logits = np.random.default_rng(0).normal(size=(6, WIDTH)).astype(np.float32)  # three marks of two views
    whole = [LABELS.index["1"], LABELS.index["3"], LABELS.index["5"]]
    for row, best in ((0, -4.0), (2, 0.0), (4, 4.0)):  # nothing pictured, unsure, sure
        logits[row, whole] = best
        logits[row, LABELS.index["26"]] = 3.0  # a form says nothing of it
    gated, always = chain(max_crops=1, crop_scores=(0.1, 0.8)), chain(max_crops=1)
    assert gated.wants_crops(logits[::2]).tolist() == [False, True, False]
    assert always.wants_crops(logits[::2]).tolist() == [True] * 3
    assert chain().wants_crops(logits[::2]).tolist() == [False] * 3
    found = gated.logits(Outputs(logits, [2, 2, 2]))
    np.testing.assert_array_equal(found[[0, 2]], logits[[0, 4]])
    np.testing.assert_array_equal(found[1], always.logits(Outputs(logits, [2, 2, 2]))[1])
    np.testing.assert_array_equal(found, gated.logits(Outputs(logits[[0, 2, 3, 4]], [1, 2, 1])))


def test_suggestions_follow_thresholds_and_the_limit_of_each_level() -> None:
    scores = np.linspace(0.05, 0.95, WIDTH)[None]
    thresholds = np.full(WIDTH, 0.4)
    np.testing.assert_array_equal(chain(thresholds=thresholds).decide(scores), scores >= 0.4)
    limited = chain(thresholds=thresholds, top=1).decide(scores)[0]
    assert {LABELS.names[at] for at in np.flatnonzero(limited)} == {"29", "29.1", "29.1.1"}


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match=r"crop_scores are \(0\.5, 0\.2\)"):
        chain(crop_scores=(0.5, 0.2))
    with pytest.raises(DataError, match=r"'3\.1' cannot be read from pixels"):
        chain(pixel_labels=("3.1",))
    with pytest.raises(DataError, match="one entry per label"):
        chain(thresholds=np.ones(3))
    reading, logits = chain(pixel_labels=("29.1.1",)), np.zeros((2, WIDTH), dtype=np.float32)
    for colours in (None, np.zeros((1, len(COLOUR_LABELS)), dtype=np.float32)):
        with pytest.raises(DataError, match="pass the colour features of the same images"):
            reading.scores(Outputs(logits, None, colours))


def test_it_is_kept_in_the_bundle_to_the_last_bit(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = with_postprocessing(reading_pixels(trained[0], tuple(COLOURS)), max_crops=2, top=4)
    weights = np.linspace(0.1, 9, len(bundle.labels))
    bundle = with_postprocessing(bundle, weights=weights)
    written = write_bundle(bundle, trained[0].graph.read_bytes(), tmp_path / "bundle")
    found, expected = written.postprocessor, bundle.postprocessor
    for name in ("labels", "top", "max_crops", "pixel_labels"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("slope", "intercept"):
        np.testing.assert_array_equal(getattr(found.calibration, name), getattr(expected.calibration, name))
    np.testing.assert_array_equal(found.thresholds, expected.thresholds)
    np.testing.assert_array_equal(found.rule.weights, weights)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pixel_labels", ["29.1.1", "1.1.1"], r"'1\.1\.1' cannot be read from pixels"),
        ("thresholds", [0.5], "one entry per label"),
        ("weights", [0.5], "one positive entry per label"),
    ],
)
def test_a_damaged_chain_is_refused(
    trained: tuple[Bundle, Evaluation], tmp_path: Path, key: str, value: object, message: str
) -> None:
    write_bundle(trained[0], trained[0].graph.read_bytes(), tmp_path / "bundle")
    file = tmp_path / "bundle/bundle.json"
    found = json.loads(file.read_text())
    found["postprocessing"][key] = value
    file.write_text(json.dumps(found))
    with pytest.raises(BundleError, match=message):
        open_bundle(tmp_path / "bundle")


@pytest.fixture
def reading(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> Bundle:
    """Return the trained bundle with red and blue read from pixels."""
    changed = reading_pixels(trained[0], tuple(COLOURS))
    return write_bundle(changed, trained[0].graph.read_bytes(), tmp_path / "reading")


def test_one_image_many_images_and_explanations_agree(reading: Bundle, tmp_path: Path) -> None:
    predictor = Predictor(reading)
    random = np.random.default_rng(4)
    paths = []
    for colour, shape in zip(COLOURS, SHAPES, strict=False):
        paths.append(tmp_path / f"{colour}.png")
        draw_mark(shape, COLOURS[colour], random).save(paths[-1])
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    batches = list(predictor.score_many([paths[0], broken, paths[1]]))
    assert [error is None for errors, _ in batches for error in errors] == [True, False, True]
    many = np.concatenate([scores for _, scores in batches])
    red, blue = (reading.labels.index[code] for code in COLOURS)
    for path, scores in zip(paths, many, strict=True):
        pixels = read_image(path, reading.image_size)
        alone = predictor.score_image(path)
        np.testing.assert_allclose(scores, alone, atol=1e-5)
        found = predictor.explain_codes(path, ["29.1.1", "1.1.1", "29.1.4"])
        for each in found:
            assert each.score == pytest.approx(alone[reading.labels.index[each.code]], abs=1e-4)
            assert each.logit == pytest.approx(each.local_logits.mean(), abs=1e-3)
        assert found[0].local_logits.shape == pixels.shape[:2]
        assert found[1].local_logits.shape != pixels.shape[:2]  # the head's own
    assert (many[[0, 1], [red, blue]] > 0.99).all()
    assert (many[[0, 1], [blue, red]] < 0.01).all()
    assert {"29.1.1"} <= {each.code for each in predictor.predict(paths[0])}
    assert next(iter(predictor.score_many([broken])))[1].shape == (0, len(reading.labels))


def test_the_map_of_a_colour_lies_on_it(reading: Bundle) -> None:
    image = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(image).rectangle([10, 10, 45, 90], fill=COLOURS["29.1.1"])
    ImageDraw.Draw(image).rectangle([55, 10, 90, 90], fill=COLOURS["29.1.4"])
    heat = Predictor(reading).explain(image, "29.1.4").heat(100, 100)
    assert heat[20:80, 60:85].min() > 0.9
    assert heat[:, :45].max() < 0.1
