"""Heads that are solved for, and one with a hidden layer: references, limit cases, and export."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeCV

from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import average_precision
from viennatag.training.data.examples import Examples
from viennatag.training.heads.closed_form import Discriminant, Ridge, oracle_shrinkage
from viennatag.training.heads.heads import Hidden
from viennatag.training.heads.trainer import standardise_columns

MARKS, WIDTH = 300, 12


@pytest.fixture
def made() -> tuple[np.ndarray, csr_array]:
    random = np.random.default_rng(0)
    features = random.normal(3.0, 2.0, (MARKS, WIDTH)) @ random.normal(size=(WIDTH, WIDTH))
    truth = features @ random.normal(size=(WIDTH, 3)) + random.normal(size=(MARKS, 3)) * 5
    cuts = [np.quantile(column, share) for column, share in zip(truth.T, (0.5, 0.8, 0.97), strict=True)]
    return features.astype(np.float32), csr_array(truth > cuts)


def fitted(kind: Discriminant | Ridge, features: np.ndarray, targets: csr_array):  # type: ignore[no-untyped-def]
    mean, scale = standardise_columns(features)
    return kind.fit(
        Examples(features, np.arange(len(features)), targets, np.ones(len(features))), mean=mean, scale=scale
    )


def test_a_discriminant_is_that_of_scikit_learn(made: tuple[np.ndarray, csr_array]) -> None:
    """With many marks nothing is shrunk, so both are the classical discriminant."""
    features, targets = made
    logits = fitted(Discriminant(), features, targets)(features)
    for label in range(3):
        reference = LinearDiscriminantAnalysis(solver="lsqr").fit(features, targets[:, [label]].toarray().ravel())
        wanted = reference.decision_function(features)
        assert np.corrcoef(logits[:, label], wanted)[0, 1] > 0.98
        assert np.polyfit(wanted, logits[:, label], 1)[0] == pytest.approx(1, abs=0.15), "its scale is that of log-odds"


def test_the_shrinkage_is_that_of_scikit_learn_and_complete_in_the_limit() -> None:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(30, 50)) * random.uniform(0.2, 3, 50)
    inputs -= inputs.mean(axis=0)
    covariance = inputs.T @ inputs / len(inputs)
    assert oracle_shrinkage(covariance, 30) == pytest.approx(OAS(assume_centered=True).fit(inputs).shrinkage_, rel=1e-6)
    assert oracle_shrinkage(np.eye(5), 100) == 1.0
    assert oracle_shrinkage(covariance, 10**9) < 1e-6


def test_ridge_takes_the_strength_with_the_least_leave_one_out_error(made: tuple[np.ndarray, csr_array]) -> None:
    """As scikit-learn does for one label at a time."""
    features, targets = made
    strengths = (0.01, 0.3, 10.0)
    head = fitted(Ridge(strengths), features, targets)
    mean, scale = standardise_columns(features)
    inputs = (features - mean.numpy()) / scale.numpy()
    taken = set()
    for label in range(3):
        truth = targets[:, [label]].toarray().ravel().astype(float)
        penalties = [strength * MARKS for strength in strengths]
        chosen = RidgeCV(alphas=penalties).fit(inputs, truth)
        assert np.corrcoef(head(features)[:, label], chosen.predict(inputs))[0, 1] > 0.9999
        taken.add(chosen.alpha_)
    assert len(taken) > 1, "the labels take different strengths, or this shows little"


@pytest.mark.parametrize("kind", [Discriminant(), Ridge()])
def test_one_mark_of_a_label_is_enough_and_none_is_refused(kind: Discriminant | Ridge) -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(40, 100)).astype(np.float32)  # more features than marks
    truth = np.zeros((40, 2), dtype=bool)
    truth[:20, 0], truth[7, 1] = True, True
    logits = fitted(kind, features, csr_array(truth))(features)
    assert np.isfinite(logits).all()
    assert logits[:, 1].argmax() == 7
    assert average_precision(logits, csr_array(truth))[0] > 0.9
    with pytest.raises(DataError, match="no mark carries a label"):
        fitted(kind, features, csr_array(np.zeros((40, 2), dtype=bool)))


def test_a_hidden_layer_is_exported_as_it_was_trained_and_starts_at_the_bias() -> None:
    torch.manual_seed(0)
    kind, bias = Hidden(units=16), torch.tensor([-1.0, 2.0])
    module = kind.build(5, np.array([-1, -1]), bias)
    features = torch.randn(64, 5) * 3 + 1
    mean, scale = features.mean(0), features.std(0)
    torch.testing.assert_close(module.train()((features - mean) / scale), bias.expand(64, 2))
    with torch.no_grad():
        module[4].weight.normal_()
    module.eval()
    wanted = module((features - mean) / scale).detach().numpy()
    np.testing.assert_allclose(kind.fold(module, mean, scale)(features.numpy()), wanted, atol=1e-4)


def test_mistakes_are_told() -> None:
    for make in (lambda: Ridge(()), lambda: Ridge((0.0,)), lambda: Hidden(units=0), lambda: Hidden(dropout=1.0)):
        with pytest.raises(OptionError):
            make()
