from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from viennatag.calibration.calibration import Calibration, coherent_scores
from viennatag.calibration.platt import fit_platt
from viennatag.data.labels import LabelSet
from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import average_precision, calibration_error

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]


def sigmoid(logits: Floats) -> Floats:
    return 1 / (1 + np.exp(-logits))


def miscalibrated(
    marks: int = 4000, labels: int = 8, *, slope: Any = 2.0, intercept: Any = -1.0, common: float = -1.0, seed: int = 0
) -> tuple[Floats, Booleans]:
    """Logits whose probabilities are sigmoid(slope * logit + intercept), and targets drawn from these."""
    random = np.random.default_rng(seed)
    true = random.normal(common, 1.5, size=(marks, labels))
    return (true - intercept) / slope, random.random((marks, labels)) < sigmoid(true)


# Calibration


def test_calibration_is_a_sigmoid_of_a_line() -> None:
    logits = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    slope, intercept = np.array([0.5, 1.0, 3.0]), np.array([-1.0, 0.0, 2.0])
    scores = Calibration(slope, intercept)(logits)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, sigmoid(logits * slope + intercept), rtol=1e-12)


def test_calibration_neither_overflows_nor_flattens_small_probabilities() -> None:
    scores = Calibration(np.ones(1), np.zeros(1))(np.array([[-2000.0], [-100.0], [-99.0], [0.0], [2000.0]]))
    assert scores.ravel().tolist() == [0.0, pytest.approx(np.exp(-100.0)), pytest.approx(np.exp(-99.0)), 0.5, 1.0]


def test_many_marks_are_calibrated_in_blocks() -> None:
    logits = np.random.default_rng(0).normal(size=(1 << 20, 3))  # more than a block holds
    found = Calibration(np.array([1.0, 2.0, 0.5]), np.zeros(3))(logits)
    np.testing.assert_allclose(found, sigmoid(logits * [1.0, 2.0, 0.5]), rtol=1e-12)


@pytest.mark.parametrize(
    ("slope", "intercept"),
    [([1.0, 0.0], [0.0, 0.0]), ([1.0, np.inf], [0.0, 0.0]), ([1.0], [0.0, 0.0]), ([1.0, 1.0], [0.0, np.nan])],
)
def test_a_calibration_that_makes_no_sense(slope: list[float], intercept: list[float]) -> None:
    with pytest.raises(DataError):
        Calibration(np.array(slope), np.array(intercept))


def test_calibration_refuses_other_labels() -> None:
    calibration = Calibration(np.ones(3), np.zeros(3))
    for logits in (np.zeros((5, 4)), np.zeros(3)):
        with pytest.raises(DataError, match="expected"):
            calibration(logits)
    with pytest.raises(DataError, match="NaN"):
        calibration(np.full((1, 3), np.nan))


# Platt scaling


def test_platt_with_much_data_is_logistic_regression() -> None:
    logits, targets = miscalibrated(30_000, 1)
    found = fit_platt(logits, targets, groups=[0])
    reference = LogisticRegression(C=1e9, tol=1e-10).fit(logits, targets[:, 0])
    assert found.slope[0] == pytest.approx(reference.coef_[0, 0], rel=2e-3)
    assert found.intercept[0] == pytest.approx(reference.intercept_[0], abs=2e-3)


def test_bins_are_fine_enough() -> None:
    logits, targets = miscalibrated(3000, 5)
    logits[0, 0] = 1e4  # an outlier must not widen the bins of the others
    targets[0, 0] = True
    found = fit_platt(logits, targets, groups=np.zeros(5))
    exact = fit_platt(logits, targets, groups=np.zeros(5), bins=1 << 15)
    np.testing.assert_allclose(found.slope, exact.slope, rtol=1e-3)
    np.testing.assert_allclose(found.intercept, exact.intercept, rtol=1e-3)


def test_platt_finds_the_line_of_each_label() -> None:
    slope, intercept = np.array([0.7, 1.0, 1.5, 2.5]), np.array([2.0, -2.0, 0.5, -3.0])
    logits, targets = miscalibrated(20_000, 4, slope=slope, intercept=intercept)
    found = fit_platt(logits, targets, groups=np.zeros(4))
    np.testing.assert_allclose(found.slope, slope, rtol=0.08)
    np.testing.assert_allclose(found.intercept, intercept, atol=0.15)


def test_platt_calibrates_unseen_marks() -> None:
    random = np.random.default_rng(3)
    shift = random.normal(-3, 1, size=40)  # as a loss that weighs rare labels up
    logits, targets = miscalibrated(6000, 40, slope=1.5, intercept=shift, common=-4)
    found = fit_platt(logits[:3000], targets[:3000], groups=np.zeros(40))
    before = calibration_error(sigmoid(logits[3000:]), targets[3000:])
    after = calibration_error(found(logits[3000:]), targets[3000:])
    assert before > 0.3
    assert after < 0.004


def test_rare_labels_share_the_fit_of_their_group() -> None:
    logits, targets = miscalibrated(4000, 12, intercept=np.repeat([-4.0, 1.0], 6), common=-1)
    for label in (2, 3, 8, 9):
        targets[np.flatnonzero(targets[:, label])[6:], label] = False
    targets[:, 4] = False
    groups = np.repeat([7, 3], 6)
    found = fit_platt(logits, targets, groups=groups, min_positives=10)
    pairs = list(zip(found.slope, found.intercept, strict=True))
    assert pairs[2] == pairs[3] == pairs[4]
    assert pairs[8] == pairs[9]
    assert len(set(pairs)) == 12 - 3
    alone = fit_platt(logits, targets, groups=groups, min_positives=1)
    assert len(set(zip(alone.slope, alone.intercept, strict=True))) == 12, "one label without positives remains"


def test_a_rare_label_is_better_off_with_its_group() -> None:
    logits, targets = miscalibrated(20_000, 60, slope=1.5, intercept=-3.0, common=-8)
    seen, unseen = slice(0, 2000), slice(2000, None)
    counts = targets[seen].sum(axis=0)
    assert np.median(counts) < 10

    def surprise(calibration: Calibration) -> float:
        scores = calibration(logits[unseen])
        return float(-np.log(np.where(targets[unseen], scores, 1 - scores)).mean())

    pooled = fit_platt(logits[seen], targets[seen], groups=np.zeros(60), min_positives=10)
    single = fit_platt(logits[seen], targets[seen], groups=np.arange(60), min_positives=1)
    assert surprise(pooled) < surprise(single) < surprise(Calibration(np.ones(60), np.zeros(60)))


def test_platt_survives_hostile_labels() -> None:
    random = np.random.default_rng(0)
    targets = random.random((500, 6)) < 0.2
    logits = random.normal(size=targets.shape)
    logits[:, 0] = np.where(targets[:, 0], 40, -40)  # separable
    logits[:, 1] -= 4.0 * targets[:, 1]  # says the contrary
    logits[:, 2] = 1.5  # says nothing
    targets[:, 3], targets[:, 4] = False, True  # no positives, no negatives
    logits[:, 5] *= 1e5
    for chosen in ([0, 1, 2, 3, 4, 5], *([label] for label in range(6) if label != 3)):
        found = fit_platt(logits[:, chosen], targets[:, chosen], groups=np.zeros(len(chosen)))
        scores = found(logits[:, chosen])  # a Calibration is finite, its slopes positive
        assert np.all((scores > 0) & (scores < 1)), "no label is certain for want of evidence"


def test_a_label_that_says_the_contrary_gets_its_share_of_positives() -> None:
    random = np.random.default_rng(0)
    targets = random.random((2000, 1)) < 0.3
    scores = fit_platt(random.normal(size=targets.shape) - 4.0 * targets, targets, groups=[0])
    assert scores(np.zeros((1, 1)))[0, 0] == pytest.approx(0.3, abs=0.03)


@given(st.integers(0, 1000), st.sampled_from([1e-3, 1.0, 50.0]), st.sampled_from([-30.0, 0.0, 4.0]))
@settings(max_examples=20, deadline=None)
def test_platt_keeps_rankings_and_does_not_mind_units(seed: int, unit: float, offset: float) -> None:
    logits, targets = miscalibrated(200, 5, common=-2, seed=seed)
    targets[0] = True
    scores = fit_platt(logits, targets, groups=np.arange(5) // 2)(logits)
    np.testing.assert_array_equal(average_precision(scores, targets), average_precision(logits, targets))
    other = logits * unit + offset
    np.testing.assert_allclose(fit_platt(other, targets, groups=np.arange(5) // 2)(other), scores, rtol=2e-3)


def test_platt_of_sparse_targets_and_small_floats() -> None:
    logits, targets = miscalibrated(400, 5)
    dense = fit_platt(logits, targets, groups=np.zeros(5))
    sparse = fit_platt(logits.astype(np.float32), csr_array(targets), groups=np.zeros(5))
    np.testing.assert_allclose(sparse.slope, dense.slope, rtol=1e-3)
    np.testing.assert_allclose(sparse.intercept, dense.intercept, rtol=1e-3)


# The hierarchy


def naive_coherent(scores: Floats, parents: NDArray[np.intp]) -> Floats:
    raised = scores.copy()
    for label in range(len(parents) - 1, -1, -1):
        if parents[label] >= 0:
            raised[:, parents[label]] = np.maximum(raised[:, parents[label]], raised[:, label])
    return raised


@st.composite
def forests(draw: st.DrawFn) -> tuple[Floats, NDArray[np.intp]]:
    labels = draw(st.integers(1, 12))
    parents = np.array([draw(st.integers(-1, label - 1)) for label in range(labels)])
    return draw(hnp.arrays(np.float64, (draw(st.integers(1, 5)), labels), elements=st.floats(0, 1))), parents


@given(forests())
@settings(max_examples=100, deadline=None)
def test_coherent_raises_parents_to_their_best_descendant(forest: tuple[Floats, NDArray[np.intp]]) -> None:
    scores, parents = forest
    before = scores.copy()
    raised = coherent_scores(scores, parents)
    np.testing.assert_array_equal(raised, naive_coherent(scores, parents))
    np.testing.assert_array_equal(scores, before)
    np.testing.assert_array_equal(coherent_scores(raised, parents), raised)


def test_coherent_scores_of_a_label_set() -> None:
    labels = LabelSet("vienna", ("1", "1.1", "1.1.2", "1.1.3", "1.5", "3", "3.1", "3.1.6"))
    scores = np.random.default_rng(0).random((20, len(labels))).astype(np.float32)
    raised = coherent_scores(scores, labels.parents)
    assert raised.dtype == np.float32
    child = np.flatnonzero(labels.parents >= 0)
    assert np.all(raised[:, labels.parents[child]] >= raised[:, child])
    many = np.tile(scores, (20_000, 1))  # more than a block holds
    np.testing.assert_array_equal(coherent_scores(many, labels.parents), np.tile(raised, (20_000, 1)))


def test_flat_labels_are_left_as_they_are() -> None:
    scores = np.random.default_rng(0).random((4, 3))
    np.testing.assert_array_equal(coherent_scores(scores, np.full(3, -1)), scores)


def test_coherent_refuses_what_is_no_hierarchy() -> None:
    with pytest.raises(DataError, match="after its child"):
        coherent_scores(np.zeros((2, 3)), np.array([-1, 2, -1]))
    with pytest.raises(DataError, match="one parent per label"):
        coherent_scores(np.zeros((2, 3)), np.array([-1, 0]))
    with pytest.raises(DataError, match="NaN"):
        coherent_scores(np.full((2, 3), np.nan), np.array([-1, 0, 0]))


# Input that cannot be fitted on


def test_bad_input_is_refused() -> None:
    scores, targets = np.full((4, 3), 0.5), np.eye(4, 3, dtype=bool)
    fit_platt(scores, targets, groups=np.zeros(3))
    with pytest.raises(DataError, match="NaN"):
        fit_platt(np.full((4, 3), np.nan), targets, groups=np.zeros(3))
    with pytest.raises(DataError, match="shape"):
        fit_platt(scores, targets[:3], groups=np.zeros(3))
    with pytest.raises(DataError, match="one group per label"):
        fit_platt(scores, targets, groups=np.zeros(2))
    with pytest.raises(DataError, match="no target is true"):
        fit_platt(scores, np.zeros_like(targets), groups=np.zeros(3))
    with pytest.raises(OptionError, match="min_positives"):
        fit_platt(scores, targets, groups=np.zeros(3), min_positives=0)


def test_platt_needs_finite_logits() -> None:
    logits = np.zeros((4, 3))
    logits[0, 0] = -np.inf
    with pytest.raises(DataError, match="infinite"):
        fit_platt(logits, np.eye(4, 3, dtype=bool), groups=np.zeros(3))


# Frequencies that change


def test_moved_scores_are_right_where_only_the_frequency_changed() -> None:
    # Two normal densities one apart: given equal priors the log-odds of x are x - 1/2.
    random = np.random.default_rng(0)
    targets = random.random((60_000, 1)) < 0.1
    logits = random.normal(targets.astype(float)) - 0.5
    balanced = Calibration(np.ones(1), np.zeros(1))
    moved = balanced.shift_prior(np.array([0.5]), np.array([0.1]))
    assert calibration_error(moved(logits), csr_array(targets)) < 0.005
    assert calibration_error(balanced(logits), csr_array(targets)) > 0.2


def test_moving_to_the_same_frequency_changes_nothing_and_back_again_neither() -> None:
    here, there = np.array([0.2, 0.01]), np.array([0.05, 0.3])
    calibration = Calibration(np.array([0.5, 2.0]), np.array([-1.0, 1.0]))
    np.testing.assert_allclose(calibration.shift_prior(here, here).intercept, calibration.intercept)
    np.testing.assert_allclose(
        calibration.shift_prior(here, there).shift_prior(there, here).intercept, calibration.intercept
    )


@pytest.mark.parametrize("share", [0.0, 1.0, np.nan])
def test_a_label_that_all_marks_or_none_will_carry_cannot_be_moved_to(share: float) -> None:
    calibration = Calibration(np.ones(1), np.zeros(1))
    with pytest.raises(DataError, match="target_prior must hold"):
        calibration.shift_prior(np.array([0.5]), np.array([share]))
