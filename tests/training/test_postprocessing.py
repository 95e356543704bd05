"""Where a postprocessor is fitted, each correction earns its place on the validation subset."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.conftest import TINY
from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.marks import SUBSETS, Marks, read_marks
from viennatag.errors import DataError
from viennatag.evaluation.bundle_evaluation import evaluate
from viennatag.images.colour_features import COLOUR_LABELS
from viennatag.images.crops import MAX_CROPS
from viennatag.model.postprocessing import Outputs, Postprocessor
from viennatag.prediction.predictor import Predictor
from viennatag.thresholds.decision_rules import DecisionRule, ExpectedF, TopK
from viennatag.training.data.held_out import HeldOut, extract_held_out
from viennatag.training.postprocessing.fitting import compare_colour_readers, fit_postprocessor
from viennatag.training.postprocessing.prior_shift import shift_prior
from viennatag.training.train import train

CODES = ("29", "29.1", "29.1.1", "29.1.4")
LABELS = LabelSet("vienna", ("1", "1.1", "1.1.1", *CODES))


def make_marks(count: int = 400, *, recorded: float = 1.0) -> tuple[np.ndarray, np.ndarray, csr_array]:
    """Return logits that know nothing of colours, colour features that know all, and what an office recorded."""
    random = np.random.default_rng(2)
    red, blue = random.random(count) < 0.4, random.random(count) < 0.3
    said = random.random(count) < recorded
    logits = random.normal(size=(count, len(LABELS))).astype(np.float32)
    colours = np.full((count, len(COLOUR_LABELS)), -3.9, dtype=np.float32)
    for code, shown in {"29.1.1": red, "29.1.4": blue}.items():
        colours[:, COLOUR_LABELS.index(code)] = np.where(shown, random.uniform(0.5, 3.0, count), -3.9)
    colours[:, :2] = colours.max(axis=1, keepdims=True)  # 29 and 29.1
    pictorial = logits[:, :1] > 0
    targets = [
        pictorial,
        pictorial,
        pictorial,
        *((each & said)[:, None] for each in (red | blue, red | blue, red, blue)),
    ]
    return logits, colours, csr_array(np.concatenate(targets, axis=1))


def fitted(
    logits: np.ndarray, colours: np.ndarray, targets: csr_array, rule: DecisionRule | None = None
) -> Postprocessor:
    return fit_postprocessor(Outputs(logits, None, colours), targets, LABELS, rule or ExpectedF()).postprocessor


def test_pixels_take_over_where_they_are_better_beyond_noise() -> None:
    logits, colours, targets = make_marks()
    found = compare_colour_readers(logits, colours, targets, LABELS)
    assert set(found) == set(CODES)
    assert all(each["pixels"] > 0.99 > each["head"] and each["low"] > 0.1 for each in found.values())
    perfect = np.where(targets.toarray(), 5.0, -5.0).astype(np.float32)
    assert all(each["low"] <= 0 for each in compare_colour_readers(perfect, colours, targets, LABELS).values())
    assert compare_colour_readers(logits[:9], colours[:9], targets[:9], LABELS) == {}  # too few to say


def test_a_head_that_is_as_good_stays() -> None:
    _, colours, targets = make_marks()
    perfect = np.where(targets.toarray(), 5.0, -5.0).astype(np.float32)
    found = fit_postprocessor(Outputs(perfect, None, colours), targets, LABELS, ExpectedF())
    assert found.postprocessor.pixel_labels == ()
    assert set(found.facts["pixel_colours"]) == set(CODES)


@pytest.mark.parametrize("recorded", [1.0, 0.3])
def test_scores_are_as_frequent_as_the_office_records_and_hold_the_hierarchy(recorded: float) -> None:
    logits, colours, targets = make_marks(2000, recorded=recorded)
    chain = fitted(logits, colours, targets)
    assert chain.pixel_labels == CODES
    scores = chain.scores(Outputs(logits, None, colours))
    columns = chain.pixel_columns
    for at in columns[2:]:
        assert scores[:, at].mean() == pytest.approx(targets[:, [at]].mean(), abs=0.01)
    parents = LABELS.parents
    assert (scores[:, parents[parents >= 0]] >= scores[:, parents >= 0]).all()
    shown = colours[:, COLOUR_LABELS.index("29.1.1")] > 0
    suggested = chain.decide(scores)[:, columns[2]]
    assert suggested[shown].mean() > (0.9 if recorded == 1 else 0.5)
    assert not suggested[~shown].any()


def prior_of(targets: csr_array) -> np.ndarray:
    return np.asarray(targets.mean(axis=0)).ravel()


def marks_with(counts: dict[str, int], total: int) -> Marks:
    """Return marks of which so many carry each code."""
    codes = [tuple(code for code, count in counts.items() if at < count) or ("1.1.1",) for at in range(total)]
    names = tuple(f"{at}.png" for at in range(total))
    return Marks("vienna", names, tuple(codes), names, ("",) * total, ("",) * total, (1.0,) * total)


def test_an_office_that_records_less_gets_lower_scores_in_the_same_order() -> None:
    logits, colours, targets = make_marks(2000)
    chain = fitted(logits, colours, targets)
    target = marks_with({"29.1.1": 800, "29.1.4": 10}, 10_000)  # red a fifth as often, blue hardly ever
    outputs = Outputs(logits, None, colours)
    less = shift_prior(chain, prior_of(targets), target, ExpectedF(), outputs, targets)
    red, blue = (LABELS.index[code] for code in ("29.1.1", "29.1.4"))
    scores = less.calibration(less.logits(outputs))
    shown = colours[:, COLOUR_LABELS.index("29.1.1")] > 0
    assert scores[:, red].mean() == pytest.approx(0.08, rel=0.15)
    assert scores[shown, red].max() < 0.6
    assert scores[:, blue].max() < 0.05
    assert (less.calibration.slope > 0).all()
    assert (scores[:, blue] < less.thresholds[blue]).all()  # so rare that it is not worth a suggestion


def test_rules_without_thresholds_of_their_own_keep_them() -> None:
    logits, colours, targets = make_marks()
    chain = fitted(logits, colours, targets, TopK(5))
    assert chain.top == 5
    np.testing.assert_array_equal(chain.thresholds, 0)
    shifted = shift_prior(
        chain, prior_of(targets), marks_with({"29.1.1": 1}, 100), TopK(5), Outputs(logits, None, colours), targets
    )
    np.testing.assert_array_equal(shifted.thresholds, 0)


@pytest.mark.parametrize("crop_gain", [-1.0, 1.0])
def test_crops_are_used_only_where_they_gain_enough(crop_gain: float) -> None:
    logits, colours, targets = make_marks()
    views = np.repeat(logits, 2, axis=0)
    views[1::2] += np.where(targets.toarray(), 2.0, -2.0)  # the crop knows better
    found = fit_postprocessor(
        Outputs(views, [2] * len(logits), colours), targets, LABELS, ExpectedF(), crop_gain=crop_gain
    )
    assert found.postprocessor.max_crops == (MAX_CROPS if crop_gain < 0 else 0)
    assert found.facts["crops"]["crops"] > found.facts["crops"]["whole"]


def test_held_out_marks_are_computed_once(collection: Path, tmp_path: Path, backbone) -> None:  # type: ignore[no-untyped-def]
    paths = [collection / f"{at:03}.png" for at in range(6)]
    first = extract_held_out(paths, backbone, cache=tmp_path, max_crops=2, colours=True)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "held-out").rglob("*.npz")}
    again = extract_held_out(paths, backbone, cache=tmp_path, max_crops=2, colours=True)
    assert len(kept) == 1
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    for name in ("features", "view_counts", "colours"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.colours is not None
    assert first.colours.shape == (6, len(COLOUR_LABELS))
    chosen = first.select(np.array([4, 1]))
    assert chosen.paths == (paths[4], paths[1])
    np.testing.assert_array_equal(chosen.view_counts, first.view_counts[[4, 1]])


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, backbone) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError, match=r"none\.png: there is no such file"):
        extract_held_out([tmp_path / "none.png"], backbone, cache=tmp_path)


def test_selecting_keeps_the_views_of_each_mark() -> None:
    features = np.arange(6, dtype=np.float32)[:, None]
    held_out = HeldOut(features, np.array([1, 3, 2]))
    np.testing.assert_array_equal(held_out.select(np.array([2, 0])).features.ravel(), [4, 5, 0])
    assert len(held_out.select(np.array([], dtype=np.intp)).features) == 0


def test_flat_labels_are_of_the_whole_image(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "flat.csv", images=collection, taxonomy="flat")
    bundle, _ = train(marks, collection, tmp_path / "flat", TINY, cache=cache)
    assert bundle.postprocessor.max_crops == 0
    assert "crops" not in bundle.training


def test_a_bundle_says_what_the_validation_subset_decided(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    marks = replace(marks, splits=tuple(SUBSETS[max(0, at % 5 - 2)] for at in range(len(marks))))
    bundle, evaluation = train(marks, collection, tmp_path / "bundle", TINY, cache=cache)
    facts = bundle.training["pixel_colours"]
    assert set(bundle.postprocessor.pixel_labels) == {code for code, each in facts.items() if each["low"] > 0}
    assert bundle.card is not None
    assert ("read from pixels" in bundle.card.read_text()) == bool(bundle.postprocessor.pixel_labels)
    test = marks.select([at for at, name in enumerate(marks.splits) if name == "test"])
    assert evaluate(Predictor(bundle), test, collection, seed=TINY.seed).to_json() == evaluation.to_json()


def test_calibrations_stay_where_pixels_are_not_read() -> None:
    logits, colours, targets = make_marks()
    chain, plain = fitted(logits, colours, targets), fit_postprocessor(Outputs(logits), targets, LABELS, ExpectedF())
    others = [at for at, name in enumerate(LABELS.names) if name not in chain.pixel_labels]
    assert isinstance(chain.calibration, Calibration)
    np.testing.assert_array_equal(chain.calibration.slope[others], plain.postprocessor.calibration.slope[others])
