from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.platt import fit_platt
from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import f1
from viennatag.thresholds.tuning import expected_thresholds, macro_gains, recall_thresholds, tune_thresholds

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]


def sigmoid(logits: Floats) -> Floats:
    return 1 / (1 + np.exp(-logits))


# Tuned on targets


def f_beta(scores: Floats, targets: Booleans, threshold: float, beta: float) -> float:
    predicted = scores >= threshold
    correct = np.count_nonzero(predicted & targets)
    return (1 + beta**2) * correct / (np.count_nonzero(predicted) + beta**2 * np.count_nonzero(targets))


def best_cut(scores: Floats, targets: Booleans, beta: float) -> float:
    """The highest of the best thresholds, by trying all."""
    cuts = np.unique(scores)
    tried = [f_beta(scores, targets, cut, beta) for cut in cuts]
    return float(cuts[len(cuts) - 1 - int(np.argmax(tried[::-1]))])


def thresholds_example(decimals: int = 6, dtype: type = np.float64) -> tuple[Floats, Booleans]:
    random = np.random.default_rng(0)
    targets = random.random((300, 9)) < np.array([0.5, 0.3, 0.2, 0.1, 0.01, 0.02, 0.015, 0.01, 0.3])
    scores = sigmoid(random.normal(-1.5, 1, size=targets.shape) + 1.5 * targets)
    return np.round(scores, decimals).astype(dtype), targets


@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_common_label_gets_its_best_cut(beta: float, decimals: int, dtype: type) -> None:
    scores, targets = thresholds_example(decimals, dtype)
    found = tune_thresholds(scores, targets, groups=np.zeros(9), beta=beta, min_positives=1, floor=0)
    assert found.tolist() == [best_cut(scores[:, at], targets[:, at], beta) for at in range(9)]


def test_rare_labels_share_the_best_cut_of_the_rare_of_their_group() -> None:
    scores, targets = thresholds_example()
    groups = np.array([5, 5, 5, 2, 5, 5, 5, 2, 2])
    found = tune_thresholds(scores, targets, groups=groups, min_positives=12, floor=0)
    rare = targets.sum(axis=0) < 12
    assert np.flatnonzero(rare).tolist() == [4, 5, 6, 7]
    assert targets[:, [4, 5, 6]].sum() >= 12 > targets[:, 7].sum()
    assert set(found[[4, 5, 6]]) == {best_cut(scores[:, [4, 5, 6]], targets[:, [4, 5, 6]], 1)}
    assert found[7] == best_cut(scores[:, groups == 2], targets[:, groups == 2], 1), "too few rare ones: all its group"
    assert found[0] == best_cut(scores[:, 0], targets[:, 0], 1)


def test_a_group_without_enough_positives_takes_the_cut_of_all_labels() -> None:
    scores, targets = thresholds_example()
    targets[:, 4] = False
    found = tune_thresholds(scores, targets, groups=np.arange(9), min_positives=12, floor=0)
    assert set(found[4:8]) == {best_cut(scores, targets, 1)}
    few = tune_thresholds(scores, targets, groups=np.arange(9), min_positives=10_000, floor=0)
    assert set(few) == {best_cut(scores, targets, 1)}


def test_an_uninformative_label_is_not_suggested_for_everything() -> None:
    scores = np.full((1000, 1), 0.01)
    targets = np.arange(1000)[:, None] % 100 == 0
    assert tune_thresholds(scores, targets, groups=[0], floor=0).tolist() == [0.01]
    assert tune_thresholds(scores, targets, groups=[0]).tolist() == [0.05]


def test_thresholds_of_sparse_targets() -> None:
    scores, targets = thresholds_example()
    dense = tune_thresholds(scores, targets, groups=np.zeros(9))
    np.testing.assert_array_equal(tune_thresholds(scores, csr_array(targets), groups=np.zeros(9)), dense)


@given(st.integers(0, 10_000), st.floats(0.1, 10), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_thresholds_are_never_beaten_by_another(seed: int, beta: float, min_positives: int) -> None:
    random = np.random.default_rng(seed)
    scores, targets = random.random((40, 4)).round(1), random.random((40, 4)) < 0.3
    targets[0, 0] = True
    found = tune_thresholds(scores, targets, groups=np.zeros(4), beta=beta, min_positives=min_positives, floor=0)
    for at in np.flatnonzero(targets.sum(axis=0) >= min_positives):
        reached = f_beta(scores[:, at], targets[:, at], found[at], beta)
        assert reached >= max(f_beta(scores[:, at], targets[:, at], cut, beta) for cut in np.linspace(0, 1, 11)) - 1e-12


# Expected of calibrated scores


def brute_expected(scores: Floats, beta: float) -> float:
    """The best expected F-beta of a label, by trying every number of suggestions."""
    falling = sorted(scores.tolist(), reverse=True)
    tried = [(1 + beta**2) * sum(falling[:k]) / (k + beta**2 * sum(falling)) for k in range(1, len(falling) + 1)]
    return max(tried)


@given(st.integers(0, 10_000), st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_an_expected_threshold_is_that_share_of_the_best_f_beta_and_cuts_there(seed: int, beta: float) -> None:
    scores = np.random.default_rng(seed).beta(0.3, 2, size=(30, 3))
    found = expected_thresholds(scores, beta=beta, floor=0)
    for label, cut in enumerate(found):
        best = brute_expected(scores[:, label], beta)
        assert cut == pytest.approx(best / (1 + beta**2))
        chosen = scores[scores[:, label] >= cut, label]
        reached = (1 + beta**2) * chosen.sum() / (len(chosen) + beta**2 * scores[:, label].sum())
        assert reached == pytest.approx(best), "no other cut is expected to be better"


def test_an_expected_threshold_of_certain_scores_is_half() -> None:
    scores = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert expected_thresholds(scores).tolist() == [0.5]


def test_expected_thresholds_have_a_floor_and_are_found_in_blocks() -> None:
    scores = np.random.default_rng(0).beta(0.1, 8, size=(100, 7)).astype(np.float32)
    whole = expected_thresholds(scores, floor=0)
    assert whole.min() < 0.2
    assert expected_thresholds(scores, floor=0.2).tolist() == np.maximum(whole, 0.2).tolist()
    np.testing.assert_array_equal(expected_thresholds(scores, floor=0, block=200), whole)


def test_expected_cuts_generalise_better_than_tuned_ones() -> None:
    """Five heads of 60 labels that a logistic model describes, calibrated and cut on 1,500 marks."""
    gains = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        true = random.normal(random.uniform(-6, -2, 60), random.uniform(1, 2.5, 60), size=(9000, 60))
        targets, logits = random.random(true.shape) < sigmoid(true), true / 1.5 + random.normal(0, 1, 60)
        seen, unseen = slice(0, 1500), slice(1500, None)
        calibration = fit_platt(logits[seen], targets[seen], groups=np.zeros(60))
        scores = calibration(logits[seen])
        tuned = tune_thresholds(scores, targets[seen], groups=np.zeros(60))
        reached = [
            f1(calibration(logits[unseen]) >= cuts, targets[unseen]).macro.f1
            for cuts in (expected_thresholds(scores), tuned)
        ]
        gains.append(reached[0] - reached[1])
    assert min(gains) > 0
    assert np.mean(gains) > 0.003


# Recall guaranteed


def missed(scores: Floats, targets: Booleans, thresholds: Floats) -> Floats:
    """The share of its labels that each mark misses, over marks with labels."""
    some = targets.any(axis=1)
    return ((scores < thresholds) & targets)[some].sum(axis=1) / targets[some].sum(axis=1)


def recall_example(marks: int, random: np.random.Generator) -> tuple[Floats, Booleans]:
    targets = random.random((marks, 6)) < 0.3
    return sigmoid(random.normal(size=targets.shape) + 1.5 * targets), targets


@pytest.mark.parametrize("recall", [0.5, 0.8, 0.95])
def test_a_recall_threshold_is_the_highest_that_the_bound_allows(recall: float) -> None:
    scores, targets = recall_example(80, np.random.default_rng(0))
    found = recall_thresholds(scores, targets, pools=np.zeros(6), recall=recall)
    assert len(set(found)) == 1

    def bound(cut: float) -> float:
        losses = missed(scores, targets, np.full(6, cut))
        return float(losses.sum() + 1) / (len(losses) + 1)

    assert bound(found[0]) <= 1 - recall < bound(np.nextafter(found[0], 2))


def test_recall_is_kept_on_further_marks_only_with_the_correction() -> None:
    """Over many small validation parts; the same search without the correction misses more than it may."""
    random = np.random.default_rng(0)
    further = recall_example(4000, random)
    with_correction, without = [], []
    for _ in range(400):
        scores, targets = recall_example(16, random)
        cuts = recall_thresholds(scores, targets, pools=np.zeros(6), recall=0.85)
        with_correction.append(missed(*further, cuts).mean())
        tried = np.sort(scores[targets])
        kept = [cut for cut in tried if missed(scores, targets, np.full(6, cut)).mean() <= 0.15]
        without.append(missed(*further, np.full(6, kept[-1])).mean())
    noise = 3 * np.std(with_correction) / np.sqrt(400)
    assert np.mean(with_correction) < 0.15 + noise
    assert np.mean(with_correction) > 0.07, "nor is it kept by suggesting everything"
    assert np.mean(without) > 0.15 + noise


def test_each_pool_keeps_its_own_recall() -> None:
    random = np.random.default_rng(1)
    scores, targets = recall_example(3000, random)
    scores[:, 3:] **= 2  # another scale, as sections after categories
    pools = np.array([4, 4, 4, 2, 2, 2])
    found = recall_thresholds(scores, csr_array(targets), pools=pools, recall=0.9)
    np.testing.assert_array_equal(found, recall_thresholds(scores, targets, pools=pools, recall=0.9))
    assert len(set(found[:3])) == len(set(found[3:])) == 1
    for pool in (pools == 4, pools == 2):
        assert 0.09 < missed(scores[:, pool], targets[:, pool], found[pool]).mean() <= 0.1


def test_too_few_marks_for_a_guarantee_and_pools_without_labels() -> None:
    scores, targets = recall_example(8, np.random.default_rng(0))
    assert recall_thresholds(scores, targets, pools=np.zeros(6), recall=0.9).tolist() == [0.0] * 6
    scores, targets = recall_example(50, np.random.default_rng(0))
    targets[:, 5] = False
    found = recall_thresholds(scores, targets, pools=[0, 0, 0, 0, 0, 1], recall=0.9)
    assert found[0] > 0 == found[5]


# Input that cannot be fitted on


@pytest.mark.parametrize(
    ("fit", "grouping"), [(tune_thresholds, "groups"), (recall_thresholds, "pools")], ids=["tune", "recall"]
)
def test_bad_input_is_refused(fit: Any, grouping: str) -> None:
    scores, targets = np.full((4, 3), 0.5), np.eye(4, 3, dtype=bool)
    groups = {grouping: np.zeros(3)}
    fit(scores, targets, **groups)
    with pytest.raises(DataError, match="NaN"):
        fit(np.full((4, 3), np.nan), targets, **groups)
    with pytest.raises(DataError, match="shape"):
        fit(scores, targets[:3], **groups)
    with pytest.raises(DataError, match="one group per label"):
        fit(scores, targets, **{grouping: np.zeros(2)})
    with pytest.raises(DataError, match="no target is true"):
        fit(scores, np.zeros_like(targets), **groups)
    with pytest.raises(DataError, match="probabilities"):
        fit(np.full((4, 3), 1.5), targets, **groups)


def test_options_that_make_no_sense() -> None:
    scores, targets = np.full((4, 3), 0.5), np.eye(4, 3, dtype=bool)
    for options in ({"beta": 0.0}, {"beta": np.inf}, {"floor": 1.5}, {"floor": -0.1}):
        with pytest.raises(OptionError, match="beta"):
            tune_thresholds(scores, targets, groups=np.zeros(3), **options)
        with pytest.raises(OptionError, match="beta"):
            expected_thresholds(scores, **options)
    with pytest.raises(OptionError, match="min_positives"):
        tune_thresholds(scores, targets, groups=np.zeros(3), min_positives=0)
    for recall in (0.0, 1.0):
        with pytest.raises(OptionError, match="recall is"):
            recall_thresholds(scores, targets, pools=np.zeros(3), recall=recall)
    with pytest.raises(DataError, match="probabilities"):
        expected_thresholds(scores * 3)


# A number of labels for each mark


def chosen(scores: Floats, k: int) -> Booleans:
    weights, thresholds = macro_gains(scores, k)
    order = np.argsort(-weights * (scores - thresholds), axis=1)[:, :k]
    found = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(found, order, True, axis=1)
    return found


def expected_macro_f1(scores: Floats, suggested: Booleans) -> float:
    return float(np.mean(2 * (scores * suggested).sum(0) / (scores.sum(0) + suggested.sum(0))))


def test_a_number_of_labels_is_chosen_for_the_macro_f1() -> None:
    random = np.random.default_rng(0)
    prior = np.geomspace(0.4, 0.002, 40)
    scores = sigmoid(np.log(prior / (1 - prior)) + random.normal(0, 1.5, size=(2_000, 40)))
    targets = random.random(scores.shape) < scores
    best = np.argsort(-scores, axis=1)[:, :3]
    plain = np.zeros_like(targets)
    np.put_along_axis(plain, best, True, axis=1)
    balanced = chosen(scores, 3)
    assert set(balanced.sum(axis=1)) == {3}
    assert f1(balanced, targets).macro.f1 > f1(plain, targets).macro.f1 + 0.05
    assert expected_macro_f1(scores, balanced) > expected_macro_f1(scores, plain) + 0.05
    assert balanced[:, -10:].sum() > 2 * plain[:, -10:].sum(), "rare labels are suggested more often"


def test_the_best_choice_of_few_marks_is_nearly_found() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.8, 0.6, 0.05], [0.7, 0.1, 0.3], [0.6, 0.2, 0.2]])
    every = np.stack(np.meshgrid(*[range(3)] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    best = max(expected_macro_f1(scores, np.eye(3, dtype=bool)[each]) for each in every)
    assert expected_macro_f1(scores, chosen(scores, 1)) >= 0.98 * best


def test_labels_alike_are_chosen_by_score_and_k_of_all_is_all() -> None:
    scores = np.random.default_rng(0).permuted(np.tile(np.linspace(0.05, 0.6, 300)[:, None], 6), axis=0)
    best = np.argsort(-scores, axis=1)[:, :2]
    assert np.mean(np.take_along_axis(chosen(scores, 2), best, axis=1)) > 0.97
    assert chosen(scores, 6).all()
    for weights, thresholds in (macro_gains(np.zeros((5, 4)), 2), macro_gains(np.ones((5, 4)), 2)):
        assert np.all(weights > 0)
        assert np.isfinite(thresholds).all()
