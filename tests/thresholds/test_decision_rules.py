from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import f1
from viennatag.thresholds.decision_rules import (
    DECISION_RULES,
    DecisionRule,
    ExpectedF,
    GuaranteedRecall,
    MacroK,
    OneThreshold,
    PerLabel,
    TopK,
    find_decision_rule,
)
from viennatag.thresholds.thresholds import Thresholds
from viennatag.thresholds.tuning import expected_thresholds, recall_thresholds, tune_thresholds

LEVELS = np.array([0, 0, 1, 1, 1, 2, 2, 2])
GROUPS = np.array([0, 1, 2, 2, 3, 4, 4, 4])
EVERY: list[DecisionRule] = [
    OneThreshold(), OneThreshold(0.5), PerLabel(), ExpectedF(), TopK(), MacroK(), GuaranteedRecall()
]  # fmt: skip


def example() -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores of eight labels, the last three of them rare."""
    random = np.random.default_rng(0)
    targets = random.random((400, 8)) < np.array([0.5, 0.3, 0.3, 0.2, 0.1, 0.02, 0.01, 0.005])
    return 1 / (1 + np.exp(-random.normal(-1.5, 1, size=targets.shape) - 1.5 * targets)), targets


def fitted(decision: DecisionRule) -> Thresholds:
    return decision.fit(*example(), groups=GROUPS, levels=LEVELS)


@pytest.mark.parametrize("decision", EVERY, ids=repr)
def test_every_decision_finds_a_rule(decision: DecisionRule) -> None:
    scores, targets = example()
    rule = decision.fit(scores, targets, groups=GROUPS, levels=LEVELS)
    assert rule.thresholds.shape == (8,)
    assert np.all((rule.thresholds >= 0) & (rule.thresholds <= 1))
    sparse = decision.fit(scores, csr_array(targets), groups=GROUPS, levels=LEVELS)
    np.testing.assert_array_equal(sparse.thresholds, rule.thresholds)
    suggested = rule(scores)
    assert suggested.shape == scores.shape
    assert 0.1 < f1(suggested, targets).micro.f1 < 1
    assert hash(decision) == hash(decision), "a strategy that holds it can be looked up"


def test_one_threshold_is_the_best_over_all_pairs() -> None:
    scores, targets = example()
    found = set(fitted(OneThreshold()).thresholds)
    assert len(found) == 1
    reached = f1(scores >= next(iter(found)), targets).micro.f1
    assert reached >= max(f1(scores >= cut, targets).micro.f1 for cut in np.linspace(0, 1, 201))
    assert set(fitted(OneThreshold(0.5)).thresholds) == {0.5}
    assert fitted(OneThreshold(beta=3)).thresholds[0] < next(iter(found))


def test_per_label_thresholds_are_tuned() -> None:
    scores, targets = example()
    expected = tune_thresholds(scores, targets, groups=GROUPS, beta=2, min_positives=5, floor=0.1)
    np.testing.assert_array_equal(fitted(PerLabel(beta=2, min_positives=5, floor=0.1)).thresholds, expected)


def test_expected_thresholds_are_for_labels_with_marks_enough() -> None:
    scores, targets = example()
    found = fitted(ExpectedF(min_positives=12)).thresholds
    rare = targets.sum(axis=0) < 12
    assert 1 < np.count_nonzero(rare) < 8
    np.testing.assert_array_equal(found[~rare], expected_thresholds(scores)[~rare])
    np.testing.assert_array_equal(found[rare], tune_thresholds(scores, targets, groups=GROUPS, min_positives=12)[rare])


def test_guaranteed_recall_has_one_threshold_per_level() -> None:
    scores, targets = example()
    found = fitted(GuaranteedRecall(0.8)).thresholds
    np.testing.assert_array_equal(found, recall_thresholds(scores, targets, pools=LEVELS, recall=0.8))
    assert len(set(found)) == 3


def test_the_best_of_each_level_are_suggested() -> None:
    scores = np.array([[0.1, 0.2, 0.9, 0.9, 0.9, 0.0, 0.3, 0.1], [0.5, 0.4, 0.0, 0.1, 0.2, 0.2, 0.2, 0.9]])
    assert fitted(TopK(1))(scores).astype(int).tolist() == [[0, 1, 1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0, 0, 1]]
    assert fitted(TopK(2))(scores).astype(int).tolist() == [[1, 1, 1, 1, 0, 0, 1, 1], [1, 1, 0, 1, 1, 1, 0, 1]]
    assert fitted(TopK(9))(scores).all()
    assert fitted(MacroK(9))(scores).all()
    for level in range(3):
        assert set(fitted(MacroK(1))(example()[0])[:, level == LEVELS].sum(axis=1)) == {1}


def test_a_rule_may_want_both() -> None:
    rule = Thresholds(np.full(3, 0.5), np.zeros(3, dtype=np.intp), top=1)
    assert rule(np.array([[0.6, 0.7, 0.4], [0.4, 0.1, 0.2]])).tolist() == [[False, True, False], [False] * 3]


def test_a_rule_refuses_other_labels() -> None:
    rule = fitted(PerLabel())
    for scores in (np.zeros((5, 7)), np.zeros(8)):
        with pytest.raises(DataError, match="expected"):
            rule(scores)
    with pytest.raises(DataError, match="NaN"):
        rule(np.full((1, 8), np.nan))
    with pytest.raises(DataError, match="one group per label"):
        TopK().fit(*example(), groups=GROUPS, levels=LEVELS[:7])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OneThreshold(1.5), "threshold is 1.5"),
        (lambda: OneThreshold(beta=0), "beta is 0"),
        (lambda: PerLabel(min_positives=0), "min_positives 0"),
        (lambda: ExpectedF(floor=-0.1), "floor -0.1"),
        (lambda: TopK(0), "k is 0"),
        (lambda: GuaranteedRecall(1.0), "recall is 1.0"),
    ],
)
def test_options_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("expected-f", ExpectedF()),
        ("per-label", PerLabel()),
        ("one-threshold", OneThreshold()),
        ("threshold-0.5", OneThreshold(0.5)),
        ("top-5", TopK(5)),
        ("macro-5", MacroK(5)),
        ("recall-90", GuaranteedRecall(0.9)),
    ],
)
def test_decisions_have_names(name: str, decision: DecisionRule) -> None:
    assert find_decision_rule(name) == decision
    assert any(name.startswith(known.rstrip("TKP")) for known in DECISION_RULES)


@pytest.mark.parametrize(
    "name",
    ["", "top-", "top-1.5", "top-0", "macro-0", "macro-2.5", "threshold-2", "recall-100", "recall--5", "f1"],
)
def test_a_decision_without_a_meaning_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        find_decision_rule(name)
