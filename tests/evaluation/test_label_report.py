import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, precision_recall_curve, precision_recall_fscore_support

from tests.data.test_labels import marks_of
from tests.evaluation.test_evaluation import CODES, made_up
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.bundle_evaluation import report_labels
from viennatag.evaluation.label_report import label_report


def example(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = random.random((n, 4)) < [0.5, 0.2, 0.05, 0.0]
    return np.clip(0.35 * targets + 0.65 * random.random((n, 4)), 0, 1).round(2), targets


def test_figures_agree_with_scikit_learn() -> None:
    scores, targets = example()
    report = label_report(scores, targets, thresholds=[0.5, 0.4, 0.6, 0.5], rounds=20)
    made = scores >= [0.5, 0.4, 0.6, 0.5]
    precision, recall, f1, support = precision_recall_fscore_support(targets, made, zero_division=np.nan)
    np.testing.assert_allclose(report.precision, precision)
    np.testing.assert_allclose(report.recall[:3], recall[:3])
    np.testing.assert_allclose(report.f1[:3], f1[:3])
    assert report.support["evaluated"].tolist() == support.tolist()
    np.testing.assert_allclose(
        report.average_precision[:3], average_precision_score(targets[:, :3], scores[:, :3], average=None)
    )
    for figure in (report.recall, report.f1, report.average_precision, report.low):
        assert np.isnan(figure[3])  # no mark carries it
    assert (report.low[:3] < report.average_precision[:3]).all()
    assert (report.average_precision[:3] < report.high[:3]).all()
    rare = label_report(1 - scores[:40], targets[:40])  # centred intervals would leave [0, 1]
    assert np.nanmin(rare.low) >= 0
    assert np.nanmax(label_report(targets + 0.0, targets).high) <= 1
    single = label_report([[0.9, 0.8], [0.2, 0.7], [0.1, 0.4]], [[1, 1], [0, 1], [0, 0]])
    assert np.isnan(single.low).tolist() == np.isnan(single.high).tolist() == [True, False]


def test_the_curve_is_that_of_scikit_learn() -> None:
    scores, targets = example(60)
    curve = label_report(scores, targets, rounds=1).details[1].curve
    precision, recall, _ = precision_recall_curve(targets[:, 1], scores[:, 1])
    expected = {(round(r, 9), round(p, 9)) for r, p in zip(recall, precision, strict=True)}
    assert len(curve) > 5
    assert {(round(r, 9), round(p, 9)) for r, p in curve} <= expected
    assert curve[-1, 0] == 1
    assert len(label_report(*example(5000), rounds=1).details[0].curve) <= 50


def test_reliability_counts_every_mark() -> None:
    scores, targets = example()
    for at in range(4):
        found = label_report(scores, targets, rounds=1).details[at].reliability
        assert found[:, 4].sum() == 400
        assert found[:, 1] @ found[:, 4] == pytest.approx(targets[:, at].sum())
        assert found[:, 0] @ found[:, 4] == pytest.approx(scores[:, at].sum())
        assert (found[:, 2] <= found[:, 1]).all()
        assert (found[:, 1] <= found[:, 3]).all()


def test_confusions_are_found_and_chance_is_not_one() -> None:
    targets = np.zeros((100, 4), dtype=bool)
    targets[:30, 0], targets[30:60, 1], targets[60:, 2] = True, True, True
    scores = targets.astype(float)
    scores[:10] = [0, 1, 0, 0]  # ten marks of the first label are called the second
    report = label_report(scores, targets, names=["cat", "dog", "hen", "ox"], rounds=1)
    (only,) = report.details[0].instead
    assert (only.label, only.marks, only.expected) == (1, 10, 1.0)
    assert [(each.label, each.marks) for each in report.details[1].really] == [(0, 10)]
    assert report.details[2].instead == report.details[3].really == ()
    table = report.to_dataframe()
    assert table.loc[0, "missed_for"] == "dog (10)"
    assert table.loc[1, "mistaken_for"] == "cat (10)"
    apart = label_report(scores, targets, levels=["a", "b", "a", "a"], rounds=1)
    assert apart.details[0].instead == ()


def test_the_best_and_worst_marks_are_named() -> None:
    targets = np.array([[1], [1], [1], [0], [0], [0]])
    report = label_report(np.array([[0.9], [0.6], [0.1], [0.8], [0.55], [0.2]]), targets, rounds=1)
    found = report.details[0]
    assert (found.right, found.false_positives, found.missed) == ((0, 1), (3, 4), (2,))


def test_any_kind_of_input_is_taken() -> None:
    scores, targets = example(80)
    expected = label_report(scores, targets, rounds=5).average_precision
    frame = pd.DataFrame(scores, columns=["cat", "dog", "hen", "ox"])
    report = label_report(frame, pd.DataFrame(targets.astype(int)), rounds=5)
    assert report.names == ("cat", "dog", "hen", "ox")
    for held in (csr_array(targets), targets.astype(int), targets.tolist()):
        np.testing.assert_array_equal(label_report(scores, held, rounds=5).average_precision, expected)
    assert repr(report).startswith("LabelReport(4 labels, 80 marks, mean average precision 0.")
    assert "<td>dog</td>" in report._repr_html_()
    assert list(report.to_dataframe()["label"]) == ["cat", "dog", "hen", "ox"]


def test_bad_input_is_named() -> None:
    scores, targets = example(20)
    with pytest.raises(DataError, match="scores have shape"):
        label_report(scores[:, :3], targets)
    with pytest.raises(OptionError, match="there are 2 names for 4 labels"):
        label_report(scores, targets, names=["a", "b"])
    with pytest.raises(OptionError, match="thresholds have shape"):
        label_report(scores, targets, thresholds=[0.5])
    with pytest.raises(DataError, match="probabilities"):
        label_report(scores * 3, targets)


def test_a_bundle_gives_names_thresholds_and_training_counts() -> None:
    scores, rows, bundle = made_up(150)
    report = report_labels(scores, marks_of(rows), bundle)
    assert report.names == bundle.labels.names
    assert report.headings[report.names.index("3.1.6")] != "3.1.6"
    assert set(report.levels) == {"category", "division", "section"}
    assert report.support["train"].tolist() == bundle.train_counts.tolist()
    assert (report.threshold == 0.6).all()
    at = report.names.index(CODES[0])
    assert all(report.levels[each.label] == "section" for each in report.details[at].instead)
