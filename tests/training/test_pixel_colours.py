"""Colour codes read from pixels: where, how their evidence becomes scores, and that every way to predict agrees."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from viennatag.training.upgrade import add_colours

from tests.conftest import COLOURS, SHAPES, draw_mark
from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.marks import PARTS, Marks, read_marks
from viennatag.errors import BundleError, DataError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.images.colour_features import SEEN
from viennatag.images.decoding import read_image
from viennatag.model.bundle import Bundle, open_bundle, write_bundle
from viennatag.model.postprocessing import scores_from_logits
from viennatag.prediction.predictor import Predictor
from viennatag.split.splitting import split_marks
from viennatag.thresholds.decision_rules import ExpectedF, TopK
from viennatag.training.postprocessing.pixel_colours import (
    compare_readers,
    extract_readings,
    pick,
    read_colours,
    record_less,
)

CODES = ("29", "29.1", "29.1.1", "29.1.4")
LABELS = LabelSet("vienna", ("1", "1.1", "1.1.1", *CODES))


def make_bundle(**changes: object) -> Bundle:
    count = len(LABELS)
    calibration = Calibration(np.ones(count), np.zeros(count))
    half = np.full(count, 0.5)
    return replace(Bundle(LABELS, np.full(count, 50), np.full(count, 0.3), calibration, half, 64), **changes)  # type: ignore[arg-type]


def make_marks(count: int = 400, *, recorded: float = 1.0) -> tuple[np.ndarray, np.ndarray, csr_array]:
    """Return logits that know nothing of colours, readings that know all, and what an office made of the marks."""
    random = np.random.default_rng(2)
    red, blue = random.random(count) < 0.4, random.random(count) < 0.3
    said = random.random(count) < recorded
    logits = random.normal(size=(count, len(LABELS))).astype(np.float32)
    readings = np.full((count, len(SEEN)), -3.9, dtype=np.float32)
    for code, shown in {"29.1.1": red, "29.1.4": blue}.items():
        readings[:, SEEN.index(code)] = np.where(shown, random.uniform(0.5, 3.0, count), -3.9)
    readings[:, :2] = readings.max(axis=1, keepdims=True)  # 29 and 29.1
    pictorial = logits[:, :1] > 0
    targets = [
        pictorial,
        pictorial,
        pictorial,
        *((each & said)[:, None] for each in (red | blue, red | blue, red, blue)),
    ]
    return logits, readings, csr_array(np.concatenate(targets, axis=1))


def test_pixels_take_over_where_they_are_better_beyond_noise() -> None:
    logits, readings, targets = make_marks()
    found = compare_readers(logits, readings, targets, LABELS)
    assert set(found) == set(CODES)
    assert all(each["pixels"] > 0.99 > each["head"] and each["low"] > 0.1 for each in found.values())
    perfect = np.where(targets.toarray(), 5.0, -5.0).astype(np.float32)
    assert all(each["low"] <= 0 for each in compare_readers(perfect, readings, targets, LABELS).values())
    assert compare_readers(logits[:9], readings[:9], targets[:9], LABELS) == {}  # too few to say


def test_a_head_that_is_as_good_stays() -> None:
    _, readings, targets = make_marks()
    bundle = make_bundle()
    perfect = np.where(targets.toarray(), 5.0, -5.0).astype(np.float32)
    found = read_colours(bundle, perfect, readings, targets, ExpectedF())
    assert found.from_pixels == ()
    assert found.calibration is bundle.calibration
    assert set(found.training["colours"]) == set(CODES)


@pytest.mark.parametrize("recorded", [1.0, 0.3])
def test_scores_are_as_frequent_as_the_office_records_and_hold_the_hierarchy(recorded: float) -> None:
    logits, readings, targets = make_marks(2000, recorded=recorded)
    bundle = read_colours(make_bundle(), logits, readings, targets, ExpectedF())
    assert bundle.from_pixels == CODES
    columns, seen = pick(LABELS, CODES, readings)
    scores = scores_from_logits(logits, bundle, seen)
    for at in columns[2:]:
        assert scores[:, at].mean() == pytest.approx(targets[:, [at]].mean(), abs=0.01)
    parents = LABELS.parents
    assert (scores[:, parents[parents >= 0]] >= scores[:, parents >= 0]).all()
    shown = seen[:, 2] > 0
    assert (scores[shown, columns[2]] >= bundle.thresholds[columns[2]]).mean() > (0.9 if recorded == 1 else 0.5)
    assert not (scores[~shown, columns[2]] >= bundle.thresholds[columns[2]]).any()
    other = np.setdiff1d(np.arange(len(LABELS)), columns)
    np.testing.assert_array_equal(bundle.thresholds[other], 0.5)


def test_an_office_that_records_less_gets_lower_scores_in_the_same_order() -> None:
    logits, readings, targets = make_marks(2000)
    bundle = read_colours(make_bundle(), logits, readings, targets, ExpectedF())
    shares = np.full(len(LABELS), 1.0)
    shares[LABELS.index["29.1.1"]], shares[LABELS.index["29.1.4"]] = 0.2, 0.001
    less = record_less(bundle, readings, targets, shares, ExpectedF())
    columns, seen = pick(LABELS, CODES, readings)
    red, blue = seen[:, 2], seen[:, 3]
    red_scores, blue_scores = (
        1 / (1 + np.exp(-less.calibration.slope[at] * each - less.calibration.intercept[at]))
        for at, each in ((columns[2], red), (columns[3], blue))
    )
    assert red_scores.mean() == pytest.approx(0.2 * targets[:, [columns[2]]].mean(), rel=0.1)
    assert red_scores[red > 0].max() < 0.6
    assert blue_scores.max() < 0.01
    assert (less.calibration.slope > 0).all()
    assert (blue_scores < less.thresholds[columns[3]]).all()  # so rare that it is not worth a suggestion
    assert less.calibration.slope[columns[0]] == bundle.calibration.slope[columns[0]]  # recorded as before


def test_decisions_without_thresholds_of_their_own_keep_them() -> None:
    logits, readings, targets = make_marks()
    none = np.zeros(len(LABELS))
    bundle = read_colours(make_bundle(thresholds=none, top=5), logits, readings, targets, TopK(5))
    np.testing.assert_array_equal(bundle.thresholds, none)
    np.testing.assert_array_equal(record_less(bundle, readings, targets, none + 0.5, TopK(5)).thresholds, none)


def test_readings_are_computed_once(collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [collection / f"{at:03}.png" for at in range(6)]
    first = extract_readings(paths, 64, cache=tmp_path)
    monkeypatch.setattr("viennatag.training.postprocessing.pixel_colours.read_images", None)
    np.testing.assert_array_equal(extract_readings(paths, 64, cache=tmp_path), first)
    assert first.shape == (6, len(SEEN))


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.png: there is no such file"):
        extract_readings([tmp_path / "none.png"], 64, cache=tmp_path)


@pytest.fixture
def reading(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> Bundle:
    """Return the trained bundle with red and blue read from pixels."""
    bundle = trained[0]
    slope, intercept = bundle.calibration.slope.copy(), bundle.calibration.intercept.copy()
    at = [bundle.labels.index[code] for code in COLOURS]
    slope[at], intercept[at] = 2.0, 0.0
    changed = replace(bundle, from_pixels=tuple(COLOURS), calibration=Calibration(slope, intercept))
    return write_bundle(changed, bundle.graph.read_bytes(), tmp_path / "reading")


def test_a_bundle_says_what_it_reads_and_others_stay_readable_for_earlier_versions(
    trained: tuple[Bundle, Evaluation], reading: Bundle, tmp_path: Path
) -> None:
    assert reading.from_pixels == ("29.1.1", "29.1.4")
    assert json.loads((reading.graph.parent / "bundle.json").read_text())["schema"] == 2
    plain = replace(trained[0], from_pixels=())
    write_bundle(plain, plain.graph.read_bytes(), tmp_path / "plain")
    description = json.loads((tmp_path / "plain/bundle.json").read_text())
    assert description["schema"] == 1
    assert "from_pixels" not in description
    (tmp_path / "plain/MODEL_CARD.md").unlink()  # as bundles of earlier versions are
    assert open_bundle(tmp_path / "plain").card is None


def test_a_code_that_pixels_do_not_show_is_damage(reading: Bundle) -> None:
    file = reading.graph.parent / "bundle.json"
    found = json.loads(file.read_text())
    found["from_pixels"] = ["29.1.1", "1.1.1"]
    file.write_text(json.dumps(found))
    with pytest.raises(BundleError, match=r"'1\.1\.1' cannot be read from pixels"):
        open_bundle(reading.graph.parent)


def test_logits_alone_are_not_enough_for_such_a_bundle(reading: Bundle) -> None:
    logits = np.zeros((2, len(reading.labels)), dtype=np.float32)
    with pytest.raises(DataError, match="pass what Bundle"):
        scores_from_logits(logits, reading)
    with pytest.raises(DataError, match="pass what Bundle"):
        scores_from_logits(logits, reading, np.zeros((1, 2), dtype=np.float32))


def test_one_image_many_images_and_explanations_agree(reading: Bundle, collection: Path, tmp_path: Path) -> None:
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
        alone = predictor.score(pixels[None])[0]
        np.testing.assert_allclose(scores, alone, atol=1e-5)
        found = predictor.explain_codes(path, ["29.1.1", "1.1.1", "29.1.4"])
        for each in found:
            assert each.score == pytest.approx(alone[reading.labels.index[each.code]], abs=1e-4)
            assert each.logit == pytest.approx(each.map.mean(), abs=1e-3)
        assert found[0].map.shape == pixels.shape[:2]
        assert found[1].map.shape != pixels.shape[:2]  # the head's own
    assert (many[[0, 1], [red, blue]] > 0.99).all()
    assert (many[[0, 1], [blue, red]] < 0.01).all()
    assert {"29.1.1"} <= {each.code for each in predictor.predict(paths[0])}
    assert next(iter(predictor.score_many([broken])))[1].shape == (0, len(reading.labels))


def test_the_map_of_a_colour_lies_on_it(reading: Bundle, tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (100, 100), "white")
    ImageDraw.Draw(image).rectangle([10, 10, 45, 90], fill=COLOURS["29.1.1"])
    ImageDraw.Draw(image).rectangle([55, 10, 90, 90], fill=COLOURS["29.1.4"])
    heat = Predictor(reading).explain(image, "29.1.4").heat(100, 100)
    assert heat[20:80, 60:85].min() > 0.9
    assert heat[:, :45].max() < 0.1


def split_as_trained(collection: Path) -> Marks:
    """Return the collection with a split that keeps enough marks for validation."""
    marks = read_marks(collection / "marks.csv", images=collection)
    parts = split_marks(marks, hashes=None, seed=3)
    names = [PARTS[part] for part in parts]
    return replace(marks, splits=tuple("validation" if at < 90 else name for at, name in enumerate(names)))


def test_a_bundle_that_was_trained_before_learns_to_read_colours(
    trained: tuple[Bundle, Evaluation], collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replace(trained[0], from_pixels=(), training={"seed": 3})
    folder = write_bundle(old, old.graph.read_bytes(), tmp_path / "old").graph.parent
    marks = split_as_trained(collection)
    with pytest.raises(BundleError, match="if and only if"):
        add_colours(folder, marks, collection, expected=marks)
    with pytest.raises(DataError, match="split 'test'"):
        add_colours(folder, replace(marks, splits=("validation",) * len(marks)), collection)
    found = add_colours(folder, marks, collection)
    readers = found.training["colours"]
    assert readers["29.1.1"]["pixels"] == readers["29.1.4"]["pixels"] == 1.0
    assert set(found.from_pixels) == {code for code, each in readers.items() if each["low"] > 0}
    assert found.metrics["marks"] == sum(split == "test" for split in marks.splits)
    others = [at for at, name in enumerate(found.labels.names) if name not in found.from_pixels]
    np.testing.assert_array_equal(found.calibration.slope[others], old.calibration.slope[others])
    assert found.card is not None
    assert "read from" in found.card.read_text()
