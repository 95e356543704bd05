"""A target that nobody knows counts in no figure, threshold or calibration."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
import polars
import pytest
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torchmetrics.functional.classification import (
    multilabel_average_precision,
    multilabel_f1_score,
    multilabel_precision,
)

from viennatag.calibration.platt import fit_platt
from viennatag.errors import DataError
from viennatag.evaluation.label_report import label_report
from viennatag.evaluation.learning_curves import learning_curves
from viennatag.metrics import metrics
from viennatag.metrics.scores import as_targets, find_unknown
from viennatag.sampling.sampling import ClassAware
from viennatag.split.stratification import stratify
from viennatag.thresholds.decision_rules import find_decision_rule
from viennatag.thresholds.tuning import tune_thresholds

MARKS, LABELS = 300, 6


def drawn(seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Return scores and targets of which a third is unknown; some are on no mark."""
    random = np.random.default_rng(seed)
    targets = (random.random((MARKS, LABELS)) < np.array([0.5, 0.3, 0.1, 0.05, 0.02, 0.0])).astype(np.int8)
    scores = np.clip(0.4 * targets + random.random((MARKS, LABELS)).round(2) * 0.6, 0, 1)
    targets[random.random((MARKS, LABELS)) < 0.33] = -1
    return scores, targets


def tensors(scores: NDArray[Any], targets: NDArray[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(scores), torch.from_numpy(targets.astype(np.int64))


def test_figures_are_those_of_torchmetrics_with_an_ignored_value() -> None:
    scores, targets = drawn()
    scores, targets = scores[:, :5], targets[:, :5]  # the last has no positive, and there the libraries differ
    pair = tensors(scores, targets)
    options: dict[str, Any] = {"num_labels": 5, "ignore_index": -1}
    ours = metrics.average_precision(scores, targets)
    theirs = multilabel_average_precision(*pair, **options, average="none").numpy()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    micro = multilabel_average_precision(*pair, **options, average="micro")
    assert metrics.micro_average_precision(scores, targets) == pytest.approx(float(micro), rel=1e-6)
    found = metrics.f1(scores >= 0.5, targets)
    wanted = multilabel_f1_score(*pair, **options, average="micro", threshold=0.4999)
    assert found.micro.f1 == pytest.approx(float(wanted), rel=1e-6)
    each = multilabel_f1_score(*pair, **options, average="none", threshold=0.4999).numpy()
    np.testing.assert_allclose(found.per_label, each, rtol=1e-6)
    precision = multilabel_precision(*pair, **options, average="micro", threshold=0.4999)
    assert found.micro.precision == pytest.approx(float(precision), rel=1e-6)


PAIRWISE: dict[str, Callable[[Any, Any, Any], Any]] = {
    "average precision": metrics.average_precision,
    "micro average precision": metrics.micro_average_precision,
    "ranking": metrics.label_ranking_average_precision,
    "hit": lambda scores, targets, weights: metrics.hit_at(scores, targets, 2, weights),
    "recall": lambda scores, targets, weights: metrics.recall_at(scores, targets, 2, weights),
    "f1": lambda scores, targets, weights: metrics.f1(scores >= 0.4, targets, weights).per_label,
    "calibration": metrics.calibration_error,
    "calibration of each": lambda scores, targets, _: metrics.label_calibration_errors(scores, targets),
    "Platt scaling": lambda scores, targets, _: vars(fit_platt(10 * scores - 5, targets))["slope"],
    "thresholds": lambda scores, targets, _: tune_thresholds(scores, targets),
    "one threshold": lambda scores, targets, _: find_decision_rule("one-threshold").fit(scores, targets).thresholds,
    "recall rule": lambda scores, targets, _: find_decision_rule("recall-80").fit(scores, targets).thresholds,
}


@pytest.mark.parametrize("measure", PAIRWISE.values(), ids=PAIRWISE)
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_unknown_pairs_change_nothing(measure: Callable[..., Any], weighted: bool) -> None:
    scores, targets = drawn()
    other = np.where(targets < 0, np.random.default_rng(1).random(scores.shape), scores)
    weights = np.random.default_rng(2).integers(0, 3, size=(4, MARKS)) if weighted else None
    found = measure(scores, targets, weights)
    np.testing.assert_array_equal(found, measure(other, targets, weights))
    if measure in (PAIRWISE["recall rule"], PAIRWISE["one threshold"]):
        return  # the former reads positives only, the latter is the score of a positive, here the same one
    absent = np.maximum(targets, 0)
    assert not np.array_equal(found, measure(scores, absent, weights), equal_nan=True)


def test_a_label_known_on_some_marks_is_measured_on_these() -> None:
    scores, targets = drawn()
    column, known = targets[:, [1]], targets[:, 1] >= 0
    args = scores[:, [1]], np.where(known[:, None], column, np.nan)
    few = scores[known][:, [1]], column[known]
    assert metrics.average_precision(*args) == metrics.average_precision(*few)
    assert metrics.calibration_error(*args) == pytest.approx(metrics.calibration_error(*few), abs=1e-12)
    assert metrics.label_calibration_errors(*args) == pytest.approx(metrics.label_calibration_errors(*few), abs=1e-12)
    assert tune_thresholds(*args) == tune_thresholds(*few)
    ours, theirs = (fit_platt(10 * part - 5, truth) for part, truth in (args, few))
    np.testing.assert_allclose([ours.slope, ours.intercept], [theirs.slope, theirs.intercept], rtol=1e-9)
    one, other = label_report(*args), label_report(*few)
    np.testing.assert_allclose(one.details[0].curve, other.details[0].curve)
    np.testing.assert_allclose(one.details[0].reliability, other.details[0].reliability)
    assert (one.precision, one.recall, one.suggested) == (other.precision, other.recall, other.suggested)


@pytest.mark.parametrize("form", ["sparse", "masked", "nan", "pandas", "polars", "torch", "list"])
def test_unknown_targets_in_any_form(form: str) -> None:
    scores, targets = drawn()
    holes = np.where(targets < 0, np.nan, targets)
    given: Any = {
        "sparse": lambda: csr_array(targets),
        "masked": lambda: np.ma.masked_array(targets > 0, mask=targets < 0),
        "nan": lambda: holes,
        "pandas": lambda: pandas.DataFrame(holes),
        "polars": lambda: polars.DataFrame(holes).fill_nan(None),
        "torch": lambda: torch.from_numpy(targets),
        "list": targets.tolist,
    }[form]()
    np.testing.assert_array_equal(metrics.average_precision(scores, given), metrics.average_precision(scores, targets))
    unknown = find_unknown(given)
    assert unknown is not None
    assert int(unknown.sum()) == int((targets < 0).sum())
    assert int(as_targets(given).sum()) == int((targets > 0).sum())


def test_what_is_unknown_is_not_drawn_and_not_divided_as_if_it_were_there() -> None:
    targets = drawn()[1]
    present = targets > 0
    np.testing.assert_array_equal(stratify(targets), stratify(present))
    draws = [ClassAware().draws(each)(np.random.default_rng(0)) for each in (targets, present)]
    np.testing.assert_array_equal(draws[0], draws[1])


def test_learning_curves_learn_from_known_pairs_only() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(160, 8)).astype(np.float32)
    truth = (x[:, :2] > 0.3).astype(np.int8)
    masked = truth.copy()
    masked[:60, 1] = -1
    wrong = masked.copy()
    found = learning_curves(x[:120], masked[:120], x[120:], truth[120:], rounds=10)
    assert found.counts[-1].tolist() == [int(truth[:120, 0].sum()), int(truth[60:120, 1].sum())]
    wrong[:60, 1] = 0
    worse = learning_curves(x[:120], wrong[:120], x[120:], truth[120:], rounds=10)
    assert found.samples[-1, 0, 1] > worse.samples[-1, 0, 1]
    assert found.samples[-1, 0, 0] == worse.samples[-1, 0, 0]


def test_decisions_are_never_unknown() -> None:
    targets = drawn()[1]
    with pytest.raises(DataError, match="some are -1 or NaN"):
        metrics.f1(targets, np.maximum(targets, 0))  # type: ignore[arg-type]
