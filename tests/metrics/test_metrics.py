import importlib
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    precision_recall_fscore_support,
)

from viennatag.errors import DataError, OptionError
from viennatag.metrics import metrics, ranking
from viennatag.metrics.bootstrap import draw_weights

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]


def example(
    marks: int = 300, labels: int = 12, *, decimals: int = 1, dtype: type = np.float32, seed: int = 0
) -> tuple[Floats, Booleans]:
    """Scores with many ties, and targets from common to rare; the last two labels have no positives."""
    random = np.random.default_rng(seed)
    targets = random.random((marks, labels)) < np.geomspace(0.6, 0.01, labels)
    targets[:, -2:] = False
    return np.round(random.normal(size=targets.shape) + targets, decimals).astype(dtype), targets


def reference_average_precision(scores: Floats, targets: Booleans) -> Floats:
    return np.array(
        [
            average_precision_score(true, score) if true.any() else np.nan
            for score, true in zip(scores.T, targets.T, strict=True)
        ]
    )


tables = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.sampled_from([-np.inf, -2.0, 0.0, 0.1, 0.5, 0.9, 7.0, np.inf])),
        hnp.arrays(np.bool_, shape),
    )
)


def test_import_needs_only_numpy() -> None:
    modules = "viennatag.metrics, viennatag.calibration, viennatag.thresholds.decision_rules"
    code = f"import sys, {modules}; print({{'scipy', 'sklearn', 'torch'}} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.parametrize("name", ["metrics", "calibration", "split"])
def test_public_names_are_sorted_and_documented(name: str) -> None:
    module = importlib.import_module(f"viennatag.{name}")
    assert list(module.__all__) == sorted(module.__all__)
    assert all(getattr(module, each).__doc__ for each in module.__all__)


# Rankings


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_average_precision_is_that_of_scikit_learn(dtype: type, decimals: int) -> None:
    scores, targets = example(dtype=dtype, decimals=decimals)
    found = metrics.average_precision(scores, targets)
    np.testing.assert_allclose(found, reference_average_precision(scores, targets), rtol=1e-12)
    assert np.isnan(found[-2:]).all()


def test_micro_average_precision_is_that_of_scikit_learn() -> None:
    scores, targets = example()
    expected = average_precision_score(targets, scores, average="micro")
    assert metrics.micro_average_precision(scores, targets) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(metrics.micro_average_precision(scores, np.zeros_like(targets)))


def test_label_ranking_is_that_of_scikit_learn() -> None:
    scores, targets = example()
    targets[:3], targets[3:6] = False, True
    expected = label_ranking_average_precision_score(targets, scores)
    assert metrics.label_ranking_average_precision(scores, targets) == pytest.approx(expected, rel=1e-12)
    some = np.zeros(len(scores))
    some[[0, 5, 10, 10]] = 1
    expected = label_ranking_average_precision_score(targets[[0, 5, 10]], scores[[0, 5, 10]])
    assert metrics.label_ranking_average_precision(scores, targets, some) == pytest.approx(expected, rel=1e-12)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_rankings_of_any_table(table: tuple[Floats, Booleans]) -> None:
    scores, targets = table
    found = metrics.average_precision(scores, targets)
    present = targets.any(axis=0)
    assert np.array_equal(np.isnan(found), ~present)
    prevalence = targets.mean(axis=0)[present]
    floor = prevalence / targets.sum(axis=0)[present]  # one positive alone in last place of its label
    assert np.all((found[present] >= floor - 1e-12) & (found[present] <= 1))
    finite = np.nan_to_num(scores, posinf=99.0, neginf=-99.0)  # scikit-learn takes no infinite scores
    np.testing.assert_allclose(found, reference_average_precision(finite, targets), rtol=1e-12)
    weighted = metrics.average_precision(scores, targets, np.ones(len(scores)))
    np.testing.assert_allclose(weighted, found, rtol=1e-12)
    sparse = metrics.average_precision(scores, csr_array(targets))
    np.testing.assert_array_equal(sparse, found)
    order = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(metrics.average_precision(scores[order], targets[order]), found, rtol=1e-12)


@pytest.mark.parametrize("rounds", [0, 3])
def test_blocks_do_not_change_results(rounds: int) -> None:
    scores, targets = example()
    probabilities = (1 / (1 + np.exp(-scores))).astype(np.float64)
    weights = draw_weights(len(scores), rounds=rounds) if rounds else None
    positives = ranking.find_positives(targets, scores.shape)

    def everything(block: int) -> list[Any]:
        return [
            *(
                ranking.pooled_average_precision(scores, positives, pool, weights, block=block)
                for pool in (np.arange(12), np.zeros(12, dtype=int), np.arange(12) // 5)
            ),
            metrics.hit_at(scores, targets, 3, weights, block=block),
            metrics.recall_at(scores, targets, 3, weights, block=block),
            metrics.calibration_error(probabilities, targets, weights, block=block),
        ]

    for small, whole in zip(everything(150), everything(1 << 23), strict=True):
        np.testing.assert_allclose(small, whole, rtol=1e-12)


WEIGHTED = {
    "average_precision": metrics.average_precision,
    "micro_average_precision": metrics.micro_average_precision,
    "label_ranking_average_precision": metrics.label_ranking_average_precision,
    "hit_at": lambda s, t, w=None: metrics.hit_at(s, t, 2, w),
    "recall_at": lambda s, t, w=None: metrics.recall_at(s, t, 2, w),
    "macro_f1": lambda s, t, w=None: metrics.f1(s > 0.6, t, w).macro.f1,
    "micro_precision": lambda s, t, w=None: metrics.f1(s > 0.6, t, w).micro.precision,
    "micro_recall": lambda s, t, w=None: metrics.f1(s > 0.6, t, w).micro.recall,
    "f1_per_label": lambda s, t, w=None: metrics.f1(s > 0.6, t, w).per_label,
    "false_on_absent": lambda s, t, w=None: metrics.f1(s > 0.6, t, w).false_on_absent,
}


@pytest.mark.parametrize("name", WEIGHTED)
@pytest.mark.parametrize("decimals", [1, 6])
def test_weights_are_repeated_marks(name: str, decimals: int) -> None:
    scores, targets = example(decimals=decimals)
    scores = (1 / (1 + np.exp(-scores))).astype(np.float64)
    weights = np.random.default_rng(1).integers(0, 4, size=(3, len(scores)))
    weights[2, targets[:, 5]] = 0  # label 5 loses all positives
    metric = WEIGHTED[name]
    together = metric(scores, csr_array(targets), weights)
    for row, found in zip(weights, together, strict=True):
        rows = np.repeat(np.arange(len(scores)), row)
        expected = metric(scores[rows], targets[rows])
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        np.testing.assert_allclose(metric(scores, targets, row), expected, rtol=1e-12)


def test_weighted_calibration_error_is_that_of_repeated_marks_in_the_same_bins() -> None:
    random = np.random.default_rng(0)
    scores = random.choice(np.arange(5) / 5 + 0.1, size=(100, 4))  # each value is a bin whatever the weights
    targets = random.random(scores.shape) < scores**2
    weights = random.integers(1, 4, size=(2, 100))
    for row, found in zip(weights, metrics.calibration_error(scores, targets, weights, bins=50), strict=True):
        rows = np.repeat(np.arange(100), row)
        expected = metrics.calibration_error(scores[rows], targets[rows], bins=50)
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weights", [np.ones(299), np.full(300, -1.0), np.full(300, np.nan), np.ones((300, 1))])
@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_that_make_no_sense(weights: Floats, name: str) -> None:
    with pytest.raises(DataError, match="weights"):
        WEIGHTED[name](*example(), weights)


def test_sparse_targets_in_any_format_are_dense_targets() -> None:
    scores, targets = example()
    sparse = csr_array(targets)
    rows, columns = np.nonzero(targets)
    twice = coo_array(
        (np.ones(2 * len(rows), dtype=bool), (np.r_[rows, rows], np.r_[columns, columns])), shape=targets.shape
    )
    repeated = csr_array(
        (np.ones(4, dtype=bool), np.array([1, 0, 1, 2]), np.array([0, 3, 4])), shape=(2, 3)
    )  # unsorted, and label 1 twice
    stored_false = sparse.copy()
    stored_false.data[::2] = False
    assert ranking.find_positives(repeated, (2, 3)).labels.tolist() == [0, 1, 2]
    assert repeated.indices.tolist() == [1, 0, 1, 2], "the caller's array must stay as it is"
    probabilities = (1 / (1 + np.exp(-scores))).astype(np.float64)
    for measure in (
        metrics.average_precision,
        metrics.micro_average_precision,
        metrics.label_ranking_average_precision,
        lambda s, t: metrics.hit_at(s, t, 2),
        lambda s, t: metrics.recall_at(s, t, 2),
        metrics.calibration_error,
        metrics.label_calibration_errors,
        lambda s, t: metrics.f1(s > 0.6, t).per_label,
    ):
        dense = measure(probabilities, targets)
        for same in (sparse, sparse.tocsc(), sparse.tocoo(), twice):
            np.testing.assert_array_equal(measure(probabilities, same), dense)
        np.testing.assert_array_equal(
            measure(probabilities, stored_false), measure(probabilities, stored_false.todense())
        )


def test_macro_says_how_many_labels_are_left_out() -> None:
    scores, targets = example()
    found = metrics.macro_average_precision(scores, targets)
    expected = reference_average_precision(scores, targets)
    assert (found.labels, found.left_out) == (10, 2)
    assert found.value == pytest.approx(np.nanmean(expected), rel=1e-12)
    nothing = metrics.macro_average_precision(scores, np.zeros_like(targets))
    assert np.isnan(nothing.value)
    assert (nothing.labels, nothing.left_out) == (0, 12)


def test_frequency_bands_are_those_of_the_benchmarks() -> None:
    counts = np.array([101, 100, 20, 19, 5000, 0])
    bands = metrics.frequency_bands(counts)
    assert {name: np.flatnonzero(inside).tolist() for name, inside in bands.items()} == {
        "head": [0, 4],
        "medium": [1, 2],
        "tail": [3, 5],
    }
    assert metrics.frequency_bands(counts, head=5000, tail=0)["medium"].all()
    with pytest.raises(OptionError, match="tail"):
        metrics.frequency_bands(counts, head=10, tail=20)


# The best k labels of a mark


@pytest.mark.parametrize("k", [1, 2, 5, 11, 12, 40])
@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_hits_and_recalls_at_k(k: int, decimals: int) -> None:
    scores, targets = example(decimals=decimals)
    targets[:5] = False
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    found = np.take_along_axis(targets, best, axis=1).sum(axis=1)[5:]
    has = targets[5:].sum(axis=1)
    found, has = found[has > 0], has[has > 0]
    assert metrics.hit_at(scores, targets, k) == pytest.approx((found > 0).mean())
    assert metrics.recall_at(scores, targets, k) == pytest.approx((found / has).mean())
    assert np.isnan(metrics.hit_at(scores[:5], targets[:5], k))
    assert np.isnan(metrics.recall_at(scores[:5], targets[:5], k))


def test_ties_go_to_the_first_labels() -> None:
    scores = np.zeros((2, 4))
    targets = np.array([[False, True, False, False], [False, False, True, True]])
    each = np.eye(2)
    assert metrics.hit_at(scores, targets, 2, each).tolist() == [1.0, 0.0]
    assert metrics.recall_at(scores, targets, 3, each).tolist() == [1.0, 0.5]


def test_k_below_one_is_refused() -> None:
    scores, targets = example()
    with pytest.raises(OptionError, match="k is 0"):
        metrics.hit_at(scores, targets, 0)


# Decisions


def test_f1_is_that_of_scikit_learn() -> None:
    scores, targets = example()
    predicted = scores > 0.8
    predicted[:, 3] = False  # a label with positives that is never predicted
    assert predicted[:, -2:].any()
    found = metrics.f1(predicted, targets)
    present = targets.any(axis=0)
    for average, agreement, columns in (("macro", found.macro, present), ("micro", found.micro, slice(None))):
        expected = precision_recall_fscore_support(
            targets[:, columns], predicted[:, columns], average=average, zero_division=0
        )
        assert (agreement.precision, agreement.recall, agreement.f1) == pytest.approx(expected[:3], rel=1e-12)
    each = precision_recall_fscore_support(targets, predicted, zero_division=0)[2]
    np.testing.assert_allclose(found.per_label[present], each[present], rtol=1e-12)
    assert np.isnan(found.per_label[~present]).all()
    assert found.left_out == 2
    assert found.false_on_absent == predicted[:, -2:].sum()


def test_false_positives_on_absent_labels_cost_micro_precision() -> None:
    targets = np.array([[True, False], [True, False]])
    assert metrics.f1(targets, targets).micro.precision == 1
    everything = metrics.f1(np.ones_like(targets), targets)
    assert everything.micro.precision == 0.5
    assert everything.macro.precision == 1
    assert everything.false_on_absent == 2


def test_f1_without_positives_and_suggestions_is_undefined() -> None:
    nothing = np.zeros((2, 3), dtype=bool)
    found = metrics.f1(nothing, nothing)
    assert np.isnan([found.macro.f1, found.micro.f1, found.micro.recall]).all()
    assert np.isnan(metrics.f1(~nothing, nothing).micro.recall)
    assert metrics.f1(~nothing, nothing).micro.f1 == 0


def test_decisions_must_be_made() -> None:
    scores, targets = example()
    for predicted in (scores, scores.tolist()):
        with pytest.raises(DataError, match="expected scores >= thresholds"):
            metrics.f1(predicted, targets)


# Calibration


def test_calibration_error_is_that_of_quantile_bins() -> None:
    random = np.random.default_rng(0)
    scores = random.random((50, 9))
    targets = random.random((50, 9)) < scores**2
    true, said = calibration_curve(targets.ravel(), scores.ravel(), n_bins=15, strategy="quantile")
    expected = np.abs(true - said).mean()  # 450 distinct scores fill 15 bins evenly
    assert metrics.calibration_error(scores, targets, bins=15) == pytest.approx(expected, rel=1e-12)
    each = metrics.label_calibration_errors(scores, targets, bins=5)
    for label in range(9):
        true, said = calibration_curve(targets[:, label], scores[:, label], n_bins=5, strategy="quantile")
        assert each[label] == pytest.approx(np.abs(true - said).mean(), rel=1e-12)


def test_calibration_error_of_known_cases() -> None:
    targets = np.arange(1000).reshape(100, 10) % 4 == 0
    assert metrics.calibration_error(np.full(targets.shape, 0.25), targets) == 0
    assert metrics.calibration_error(np.full(targets.shape, 0.75), targets) == 0.5
    assert metrics.calibration_error(np.zeros(targets.shape), targets) == 0.25
    assert metrics.calibration_error(targets.astype(np.float32), targets) == 0
    assert metrics.calibration_error(1 - targets.astype(np.float32), targets) == 1


@given(tables, st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_calibration_error_of_any_table(table: tuple[Floats, Booleans], bins: int) -> None:
    scores, targets = np.clip(table[0], 0, 1), table[1]
    error = metrics.calibration_error(scores, targets, bins=bins)
    assert abs(scores.mean() - targets.mean()) - 1e-12 <= error <= 1
    order = np.random.default_rng(0).permutation(len(scores))
    assert metrics.calibration_error(scores[order], targets[order], bins=bins) == pytest.approx(error, abs=1e-12)


# Input that cannot be measured


@pytest.mark.parametrize(
    "measure",
    [
        metrics.average_precision,
        metrics.macro_average_precision,
        metrics.micro_average_precision,
        metrics.label_ranking_average_precision,
        lambda scores, targets: metrics.hit_at(scores, targets, 1),
        lambda scores, targets: metrics.recall_at(scores, targets, 1),
        metrics.calibration_error,
        metrics.label_calibration_errors,
    ],
)
def test_bad_input_is_refused(measure: Any) -> None:
    scores, targets = np.full((4, 3), 0.5), np.eye(4, 3, dtype=bool)
    measure(scores, targets)
    hole = scores.copy()
    hole[2, 1] = np.nan
    with pytest.raises(DataError, match=r"1 of 12 scores are NaN"):
        measure(hole, targets)
    for other in (targets[:3], csr_array(targets[:3]), targets.T, targets[0]):
        with pytest.raises(DataError, match="shape"):
            measure(scores, other)
    with pytest.raises(DataError, match="shape"):
        measure(scores[0], targets[0])
    with pytest.raises(DataError, match="at least one mark"):
        measure(scores[:0], targets[:0])
    other = targets.astype(int)
    other[3, 1] = 2
    with pytest.raises(DataError, match=r"targets hold 2 at row 3, column 1; every value must be 0 or 1"):
        measure(scores, other)
    with pytest.raises(DataError, match="-1 and never 0"):
        measure(scores, 2 * targets.astype(int) - 1)
    with pytest.raises(DataError, match="targets hold 2; every value"):
        measure(scores, csr_array(other))
    with pytest.raises(DataError, match="MultiLabelBinarizer"):
        measure(scores, [["cat", "dog", "hen"]] * 4)
    with pytest.raises(DataError, match="expected numbers"):
        measure(scores.astype(str).astype(object) + "x", targets)
    with pytest.raises(DataError, match="rows differ in length"):
        measure(scores, [[1], [0, 1]])


@pytest.mark.parametrize(
    "measure",
    [metrics.average_precision, metrics.calibration_error, lambda scores, targets: metrics.hit_at(scores, targets, 2)],
)
def test_what_people_hold_is_taken(measure: Any) -> None:
    random = np.random.default_rng(0)
    scores, targets = random.random((30, 4)), random.random((30, 4)) < 0.3
    expected = measure(scores, targets)
    frames = pd.DataFrame(scores), pl.DataFrame(scores)
    for held in (*frames, scores.tolist(), torch.from_numpy(scores).requires_grad_()):
        np.testing.assert_array_equal(measure(held, targets), expected)
    whole = targets.astype(int)
    tables = pd.DataFrame(whole), pd.DataFrame(whole).astype(object), pl.DataFrame(whole), pd.DataFrame(targets)
    for held in (*tables, whole, whole.tolist(), targets.astype(float), torch.from_numpy(whole), csr_array(whole)):
        np.testing.assert_array_equal(measure(scores, held), expected)
    np.testing.assert_array_equal(
        measure(torch.from_numpy(scores).bfloat16(), targets),
        measure(torch.from_numpy(scores).bfloat16().float().numpy(), targets),
    )
    named = pd.DataFrame(scores, columns=list("abcd"))
    for other in (pd.DataFrame(whole), pd.DataFrame(whole, columns=list("abcd"))):
        np.testing.assert_array_equal(measure(named, other), expected)
    for what, other in (("columns", list("dcba")), ("index", range(29, -1, -1))):
        names = {"columns": list("abcd")} | {what: other}
        with pytest.raises(DataError, match=f"the same {what} in another order; give targets"):
            measure(named, pd.DataFrame(whole, **names))


@pytest.mark.parametrize("measure", [metrics.calibration_error, metrics.label_calibration_errors])
def test_probabilities_are_needed_for_calibration_error(measure: Any) -> None:
    targets = np.eye(3, dtype=bool)
    for scores in (np.full((3, 3), 1.5), np.full((3, 3), -0.1)):
        with pytest.raises(DataError, match=r"probabilities in \[0, 1\]"):
            measure(scores, targets)
    with pytest.raises(OptionError, match="bins"):
        measure(np.full((3, 3), 0.5), targets, bins=0)
