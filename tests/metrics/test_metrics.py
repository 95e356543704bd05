import subprocess
import sys
from typing import Any

import numpy as np
import pytest
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
from viennatag.metrics import figures as metrics
from viennatag.metrics import ranking
from viennatag.metrics.bootstrap import Ranking

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
    code = "import sys, viennatag.metrics.figures, viennatag.thresholds.decision_rules; print({'scipy', 'sklearn', 'torch'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


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
    each = metrics.label_rankings(scores, targets)
    assert each[:6].tolist() == [1.0] * 6
    alone = label_ranking_average_precision_score(targets[10:11], scores[10:11])
    assert each[10] == pytest.approx(alone, rel=1e-12)


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
    np.testing.assert_allclose(Ranking.of(scores, targets).average_precision(np.ones(len(scores))), found, rtol=1e-12)
    sparse = metrics.average_precision(scores, csr_array(targets))
    np.testing.assert_array_equal(sparse, found)
    order = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(metrics.average_precision(scores[order], targets[order]), found, rtol=1e-12)


def test_blocks_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, targets = example()
    probabilities = 1 / (1 + np.exp(-scores))

    def everything() -> list[Any]:
        return [
            metrics.average_precision(scores, targets).tolist(),
            metrics.micro_average_precision(scores, targets),
            metrics.label_rankings(scores, targets).tolist(),
            metrics.recalls(scores, targets, 3).tolist(),
            metrics.calibration_error(probabilities, targets),
        ]

    whole = everything()
    monkeypatch.setattr(metrics, "BLOCK", 1000)
    monkeypatch.setattr(ranking, "BLOCK", 1000)
    np.testing.assert_equal(everything(), whole)


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
        metrics.label_rankings,
        lambda s, t: metrics.hits(s, t, 2),
        lambda s, t: metrics.recalls(s, t, 2),
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


def test_by_frequency_cuts_where_the_benchmarks_do() -> None:
    counts = np.array([101, 100, 20, 19, 5000, 0, 0])
    values = np.array([1.0, 0.6, 0.4, 0.1, 0.5, 0.3, np.nan])
    parts = metrics.by_frequency(values, counts)
    assert (parts.head.value, parts.head.labels, parts.head.left_out) == (0.75, 2, 0)
    assert (parts.medium.value, parts.medium.labels) == (0.5, 2)
    assert (parts.tail.value, parts.tail.labels, parts.tail.left_out) == (pytest.approx(0.2), 2, 1)
    assert metrics.by_frequency(values, counts, head=5000, tail=0).medium.labels == 6
    with pytest.raises(OptionError, match="tail"):
        metrics.by_frequency(values, counts, head=10, tail=20)
    with pytest.raises(DataError, match="shape"):
        metrics.by_frequency(values, counts[1:])


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
    assert np.isnan(metrics.hits(scores, targets, k)[:5]).all()
    assert np.isnan(metrics.recalls(scores, targets, k)[:5]).all()


def test_ties_go_to_the_first_labels() -> None:
    scores = np.zeros((2, 4))
    targets = np.array([[False, True, False, False], [False, False, True, True]])
    assert metrics.hits(scores, targets, 2).tolist() == [1.0, 0.0]
    assert metrics.recalls(scores, targets, 3).tolist() == [1.0, 0.5]


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


def test_decisions_must_be_dense_booleans() -> None:
    scores, targets = example()
    for predicted in (scores, csr_array(targets), targets.astype(int)):
        with pytest.raises(DataError, match="dense boolean"):
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
        Ranking.of,
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
    for other in (targets.astype(int), csr_array(targets.astype(np.int8))):
        with pytest.raises(DataError, match="expected bool"):
            measure(scores, other)
    with pytest.raises(DataError, match="list"):
        measure(scores, targets.tolist())
    with pytest.raises(DataError, match="floats"):
        measure(scores.astype(int), targets)


@pytest.mark.parametrize("measure", [metrics.calibration_error, metrics.label_calibration_errors])
def test_probabilities_are_needed_for_calibration_error(measure: Any) -> None:
    targets = np.eye(3, dtype=bool)
    for scores in (np.full((3, 3), 1.5), np.full((3, 3), -0.1)):
        with pytest.raises(DataError, match=r"probabilities in \[0, 1\]"):
            measure(scores, targets)
    with pytest.raises(OptionError, match="bins"):
        measure(np.full((3, 3), 0.5), targets, bins=0)
