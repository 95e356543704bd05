"""Divisions have a say in their categories."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration, coherent
from viennatag.data.labels import LabelSet
from viennatag.errors import BundleError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle, open_bundle, write_bundle
from viennatag.model.parent_child import LIFT, lift_logits
from viennatag.model.postprocessing import scores_from_logits
from viennatag.training.continual.adaptation import Lines
from viennatag.training.postprocessing.parent_weight import compare_lifts

LABELS = LabelSet("vienna", ("1", "3", "3.1", "3.1.6", "3.7", "5", "5.3.1", "26", "26.1"))


def test_a_category_is_the_mean_of_itself_and_of_its_best_division() -> None:
    logits = np.array([[0.5, -1.0, 2.0, 4.0, 3.0, -2.0, 1.0, -4.0, 6.0]], dtype=np.float32)
    lifted = lift_logits(logits, LABELS, LIFT)
    expected = logits.copy()
    expected[0, LABELS.index["3"]] = (-1.0 + 3.0) / 2  # of 3.7; what stands below divisions has no say
    expected[0, LABELS.index["5"]] = (-2.0 + 1.0) / 2  # 5.3.1 stands right below it: its division is too rare
    np.testing.assert_allclose(lifted, expected)
    assert lifted.dtype == logits.dtype


@pytest.mark.parametrize(("names", "share"), [(("red", "round"), LIFT), (("1", "2"), LIFT), (LABELS.names, 0.0)])
def test_nothing_is_lifted_without_divisions_or_weight(names: tuple[str, ...], share: float) -> None:
    labels = LabelSet("flat" if "red" in names else "vienna", names)
    logits = np.arange(2 * len(names), dtype=np.float32).reshape(2, -1)
    np.testing.assert_array_equal(lift_logits(logits, labels, share), logits)


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, (3, len(LABELS)), elements=st.floats(-20, 20)), st.floats(0, 1))
def test_a_lifted_category_lies_between_itself_and_its_best_division(logits: np.ndarray, share: float) -> None:
    before = logits.copy()
    lifted = lift_logits(logits, LABELS, share)
    np.testing.assert_array_equal(logits, before)
    best = logits[:, [LABELS.index["3.1"], LABELS.index["3.7"]]].max(axis=1)
    own, found = logits[:, LABELS.index["3"]], lifted[:, LABELS.index["3"]]
    assert (found >= np.minimum(own, best) - 1e-9).all()
    assert (found <= np.maximum(own, best) + 1e-9).all()


def test_it_is_kept_in_the_bundle_and_counts_in_its_scores(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = replace(trained[0], lift=0.0)
    graph = trained[0].graph.read_bytes()
    plain = write_bundle(bundle, graph, tmp_path / "plain")
    lifted = write_bundle(replace(bundle, lift=0.25), graph, tmp_path / "lifted")
    assert (plain.lift, lifted.lift) == (0.0, 0.25)
    schemas = [json.loads((tmp_path / name / "bundle.json").read_text())["schema"] for name in ("plain", "lifted")]
    assert schemas[0] < 4
    assert schemas[1] == 4
    logits = np.random.default_rng(0).normal(size=(5, len(bundle.labels))).astype(np.float32)
    seen = np.zeros((5, len(bundle.from_pixels)), dtype=np.float32)
    np.testing.assert_array_equal(
        scores_from_logits(logits, lifted, seen),
        scores_from_logits(lift_logits(logits, bundle.labels, 0.25), plain, seen),
    )


def test_a_weight_that_is_none_is_refused(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    write_bundle(replace(trained[0], lift=0.5), trained[0].graph.read_bytes(), folder)
    described = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps({**described, "lift": 1.5}))
    with pytest.raises(BundleError, match=r"lift is 1\.5, not a weight between 0 and 1"):
        open_bundle(folder)


def marks_of(noise_of_category: float, noise_of_division: float) -> tuple[np.ndarray, csr_array]:
    """Return logits and targets of 400 marks with 1.1 or 3.1."""
    rng = np.random.default_rng(0)
    is_three = rng.random(400) < 0.5
    truth = np.stack([~is_three, ~is_three, is_three, is_three], axis=1)
    noise = np.tile([noise_of_category, noise_of_division], 2)
    logits = np.where(truth, 1.0, -1.0) + noise * rng.normal(size=truth.shape)
    return logits.astype(np.float32), csr_array(truth)


def test_validation_decides() -> None:
    labels = LabelSet("vienna", ("1", "1.1", "3", "3.1"))
    lift, found = compare_lifts(*marks_of(2.0, 2.0), labels)  # each knows something
    assert lift == LIFT
    assert found["lifts"]["lifted"] > found["lifts"]["own"]
    lift, found = compare_lifts(*marks_of(6.0, 0.3), labels)  # divisions know all, and raise their categories anyway
    assert lift == 0
    assert found["lifts"]["lifted"] < found["lifts"]["own"]


def test_labels_without_categories_are_not_compared() -> None:
    logits, targets = marks_of(1.0, 1.0)
    assert compare_lifts(logits, targets, LabelSet("flat", ("a", "b", "c", "d"))) == (0.0, {})
    assert compare_lifts(logits, targets, LabelSet("vienna", ("1", "2", "3", "4"))) == (0.0, {})


def test_what_learns_on_scores_as_the_bundle_does() -> None:
    rng = np.random.default_rng(0)
    weight, bias = rng.normal(size=(len(LABELS), 6)), rng.normal(size=len(LABELS))
    calibration = Calibration(rng.uniform(0.5, 2, len(LABELS)), rng.normal(size=len(LABELS)))
    slope, intercept = calibration.slope, calibration.intercept
    lines = Lines(LABELS, slope[:, None] * weight, slope * bias + intercept, calibration, lift=LIFT)
    seen = rng.normal(size=(7, 6)).astype(np.float32)
    logits = lift_logits(seen @ weight.T + bias, LABELS, LIFT)
    np.testing.assert_allclose(lines.scores(seen), coherent(calibration(logits), LABELS.parents), atol=1e-6)
