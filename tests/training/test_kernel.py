"""A head over similarities to marks: references, limit cases, export."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.kernel_ridge import KernelRidge

from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import average_precision
from viennatag.training.data.examples import Examples
from viennatag.training.heads.closed_form import Ridge
from viennatag.training.heads.kernel import Kernel, KernelHead, soft_log_odds
from viennatag.training.heads.trainer import standardise_columns

MARKS, WIDTH = 120, 6


def made(marks: int = MARKS) -> tuple[np.ndarray, csr_array]:
    """A label on one side of a plane, and one on the marks near either of two places."""
    random = np.random.default_rng(0)
    features = random.normal(size=(marks, WIDTH)).astype(np.float32)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    return features, csr_array(np.stack([features[:, 0] > 1, np.abs(unit[:, 1]) > 0.75], axis=1))


def fitted(kind: Kernel | Ridge, features: np.ndarray, targets: csr_array) -> KernelHead:
    mean, scale = standardise_columns(features)
    return kind.fit(
        Examples(features, np.arange(len(features)), targets, np.ones(len(features))), mean=mean, scale=scale
    )  # type: ignore[return-value]


def units(features: np.ndarray) -> np.ndarray:
    mean, scale = standardise_columns(features)
    vectors = (features - mean.numpy()) / scale.numpy()
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_it_ranks_as_kernel_ridge_of_scikit_learn_does() -> None:
    features, targets = made()
    head = fitted(Kernel(2.0, (0.3,)), features, targets)
    truth = targets.toarray() - (targets.sum(axis=0) + 0.5) / (MARKS + 1)
    # exp(2 (s - 1)) is the Gaussian kernel of vectors of length 1: |a - b|² = 2 (1 - s)
    reference = KernelRidge(alpha=0.3, kernel="rbf", gamma=1.0).fit(units(features), truth)
    shares = reference.predict(units(features)) + (targets.sum(axis=0) + 0.5) / (MARKS + 1)
    np.testing.assert_allclose(head(features), soft_log_odds(shares, 0.01), atol=0.2)
    inside = (shares > 0.05) & (shares < 0.95)
    wanted = np.log(shares[inside] / (1 - shares[inside]))
    np.testing.assert_allclose(head(features)[inside], wanted, atol=0.05)
    for label in range(2):
        ranks = [np.argsort(np.argsort(each[:, label])) for each in (head(features), shares)]
        assert np.abs(ranks[0] - ranks[1]).max() <= 3, "what is outside of [0, 1] keeps its order"


def test_a_strength_is_the_one_with_the_least_leave_one_out_error() -> None:
    """By leaving out each mark in turn, which the closed form need not do."""
    features, targets = made(40)
    inputs, strengths = units(features), (0.03, 0.3, 3.0)
    truth = targets.toarray() - (targets.sum(axis=0) + 0.5) / 41
    errors, predicted = [], []
    for strength in strengths:
        left_out = np.zeros_like(truth)
        for at in range(40):
            others = np.arange(40) != at
            one = KernelRidge(alpha=strength, kernel="rbf", gamma=1.0).fit(inputs[others], truth[others])
            left_out[at] = one.predict(inputs[[at]])[0]
        predicted.append(left_out)
        errors.append(np.mean((truth - left_out) ** 2, axis=0))
    best = np.argmin(errors, axis=0)
    mean, scale = standardise_columns(features)
    train = Examples(features, np.arange(40), targets, np.ones(40))
    head, marks, without = Kernel(2.0, strengths).fit_left_out(train, mean=mean, scale=scale)
    assert marks.tolist() == list(range(40))
    for label in range(2):
        share = (targets.sum(axis=0)[label] + 0.5) / 41
        wanted = soft_log_odds(predicted[best[label]][:, label] + share, 0.01)
        np.testing.assert_allclose(without[:, label], wanted, atol=0.2)
        alone = fitted(Kernel(2.0, (strengths[best[label]],)), features, targets)
        np.testing.assert_allclose(head.weight[:, label], alone.weight[:, label], rtol=1e-5)
        reference = KernelRidge(alpha=strengths[best[label]], kernel="rbf", gamma=1.0).fit(inputs, truth).dual_coef_
        np.testing.assert_allclose(alone.weight[:, label], reference[:, label], atol=2e-3)


def test_it_sees_what_no_direction_separates_and_is_linear_in_the_limit() -> None:
    features, targets = made(400)
    train, test = np.arange(200), np.arange(200, 400)
    mean, scale = standardise_columns(features)
    curved, flat, linear = (
        kind.fit(Examples(features, train, targets[train], np.ones(200)), mean=mean, scale=scale)(features)
        for kind in (Kernel(softness=100.0), Kernel(0.001, (1e-3,), softness=100.0), Ridge())
    )
    reached, least = (average_precision(logits[test], targets[test])[1] for logits in (curved, linear))
    assert reached > least + 0.2
    inputs = np.column_stack([units(features), np.ones(400)])
    for logits, explained in ((flat, True), (curved, False)):
        fitted_line = inputs @ np.linalg.lstsq(inputs, logits[:, 1], rcond=None)[0]
        assert (np.corrcoef(fitted_line, logits[:, 1])[0, 1] > 0.999) == explained


def test_one_mark_of_a_label_is_enough_and_none_is_refused() -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(40, 100)).astype(np.float32)
    truth = np.zeros((40, 2), dtype=bool)
    truth[:20, 0], truth[7, 1] = True, True
    logits = fitted(Kernel(), features, csr_array(truth))(features)
    assert np.isfinite(logits).all()
    assert logits[:, 1].argmax() == 7
    with pytest.raises(DataError, match="no mark carries a label"):
        fitted(Kernel(), features, csr_array(np.zeros((40, 2), dtype=bool)))
    for wrong in ({"sharpness": 0.0}, {"softness": 0.0}, {"strengths": ()}, {"strengths": (0.0,)}, {"max_marks": 0}):
        with pytest.raises(OptionError, match="expected positive numbers"):
            Kernel(**wrong)  # type: ignore[arg-type]


def test_of_many_marks_those_of_rare_labels_are_kept() -> None:
    features, _ = made()
    truth = np.zeros((MARKS, 2), dtype=bool)
    truth[::2, 0], truth[[3, 50, 90], 1] = True, True
    head = fitted(Kernel(max_marks=10), features, csr_array(truth))
    assert head.support.shape == (10, WIDTH)
    assert np.isin(units(features)[[3, 50, 90]].astype(np.float16)[:, 0], head.support[:, 0]).all()
    share, frequency = head.bias[1], (3 + 0.5) / (MARKS + 1)
    wanted = np.log(frequency / (1 - frequency)) - np.log(share / (1 - share))
    assert head.offset[1] == pytest.approx(wanted, abs=1e-5), "a label is as frequent as among all marks"


def test_unknown_pairs_teach_nothing() -> None:
    features, targets = made()
    dense = targets.toarray().astype(np.int8)
    dense[:30, 0] = -1
    head = fitted(Kernel(), features, csr_array(dense))
    np.testing.assert_allclose(head(features)[:, 1], fitted(Kernel(), features, targets)(features)[:, 1], atol=1e-4)
    known = average_precision(head(features[30:]), targets[30:])
    assert known[0] > 0.9
