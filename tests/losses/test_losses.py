from math import exp, log

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

import viennatag.losses
from tests.examples import run_example
from viennatag.errors import OptionError
from viennatag.losses.frequencies import effective_weights, inverse_weights, log_odds
from viennatag.losses.losses import (
    Asymmetric,
    BinaryCrossEntropy,
    CoOccurrenceSmoothing,
    DistributionBalanced,
    Focal,
    Hill,
    LabelDistributionAware,
    LogitAdjusted,
    PositiveUnlabelled,
    SelfPacedCorrection,
    TwoWay,
    WeightedBinaryCrossEntropy,
)

COUNTS = np.array([60, 9, 2, 0])
MARKS = 80
LOSSES = (
    BinaryCrossEntropy(),
    WeightedBinaryCrossEntropy(),
    WeightedBinaryCrossEntropy("effective"),
    Focal(),
    Asymmetric(),
    Asymmetric(1.0, 3.0, 0.0),
    DistributionBalanced(),
    LabelDistributionAware(),
    LogitAdjusted(),
    Hill(),
    SelfPacedCorrection(),
    TwoWay(),
)
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)


def batch(*, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    logits = 2 * torch.randn(7, 4, generator=generator, dtype=torch.float64)
    targets = (torch.rand(7, 4, generator=generator) < 0.4).to(dtype)
    targets[0] = 0  # a mark without labels
    targets[:, 3] = 0  # a label without positives
    return logits.to(dtype), targets


def cost(loss, logit, target, *, counts=COUNTS[:1], done=0.0):
    """What one mark with one label costs."""
    objective = loss.prepare(counts, MARKS)
    logits, targets = (torch.tensor([[float(value)]], dtype=torch.float64) for value in (logit, target))
    return objective(logits, targets, done).item()


def sigmoid(x):
    return 1 / (1 + exp(-x))


def plain(logits, targets):
    return binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1)


@each_loss
@pytest.mark.parametrize("done", [0.0, 1.0])
def test_gradient_is_that_of_the_value(loss, done):
    logits, targets = batch()
    objective = loss.prepare(COUNTS, MARKS)
    assert torch.autograd.gradcheck(lambda x: objective(x, targets, done), logits.requires_grad_())


@each_loss
def test_gradient_with_targets_between_0_and_1(loss):
    logits, targets = batch()
    objective = loss.prepare(COUNTS, MARKS)
    assert torch.autograd.gradcheck(lambda x: objective(x, 0.3 * targets, 1.0), logits.requires_grad_())


@each_loss
@pytest.mark.parametrize("size", [50.0, 200.0])
def test_extreme_logits_cost_a_finite_amount(loss, size):
    _, targets = batch(dtype=torch.float32)
    for sign in (-1, 1):
        logits = torch.full_like(targets, sign * size).requires_grad_()
        costs = loss.prepare(COUNTS, MARKS)(logits, targets, 1.0)
        (gradient,) = torch.autograd.grad(costs.sum(), logits)
        assert costs.isfinite().all()
        assert gradient.isfinite().all()
        assert (costs >= 0).all()


@each_loss
def test_half_precision_is_computed_in_single(loss):
    logits, targets = (tensor.to(torch.bfloat16) for tensor in batch())
    objective = loss.prepare(COUNTS, MARKS)
    costs = objective(logits, targets, 1.0)
    assert costs.dtype == torch.float32
    assert costs.shape == (7,)
    assert_allclose(costs, objective(logits.float(), targets.float(), 1.0))


@each_loss
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_agrees(loss):
    logits, targets = batch(dtype=torch.float32)
    objective = loss.prepare(COUNTS, MARKS)
    costs = objective(logits.cuda(), targets.cuda(), 1.0)
    assert costs.is_cuda
    assert_allclose(costs.cpu(), objective(logits, targets, 1.0), rtol=1e-4, atol=1e-5)


@each_loss
def test_a_single_mark_with_and_without_labels(loss):
    objective = loss.prepare(COUNTS, MARKS)
    for target in (0.0, 1.0):
        logits = torch.zeros(1, 4, requires_grad=True)
        costs = objective(logits, torch.full((1, 4), target), 0.0)
        (gradient,) = torch.autograd.grad(costs.sum(), logits)
        assert costs.shape == (1,)
        assert gradient.isfinite().all()


@each_loss
def test_a_right_answer_costs_less_than_a_wrong_one(loss):
    _, targets = batch()
    objective = loss.prepare(COUNTS, MARKS)
    right, wrong = (objective(sign * 4 * (2 * targets - 1), targets, 0.0).sum() for sign in (1, -1))
    assert right < wrong / 5


@pytest.mark.parametrize(
    "loss",
    [
        Focal(0.0),
        Asymmetric(0.0, 0.0, 0.0),
        LogitAdjusted(0.0),
        LabelDistributionAware(0.0, defer=2.0),
        WeightedBinaryCrossEntropy(cap=1.0),
        WeightedBinaryCrossEntropy("effective", cap=1.0),
        SelfPacedCorrection(margin=0.0, gamma=0.0, after=2.0),
        DistributionBalanced(floor=0.5, slope=0.0, shift=0.0, scale=1.0, gamma=0.0),
    ],
    ids=repr,
)
def test_limit_case_is_binary_cross_entropy(loss):
    logits, targets = batch()
    for soft in (targets, 0.3 * targets + 0.1):
        if isinstance(loss, SelfPacedCorrection | DistributionBalanced) and soft is not targets:
            continue
        assert_allclose(loss.prepare(COUNTS, MARKS)(logits, soft, 1.0), plain(logits, soft), rtol=1e-9)


def test_asymmetric_is_focal_where_both_exponents_agree():
    logits, targets = batch()
    left, right = (loss.prepare(COUNTS, MARKS)(logits, targets, 0.0) for loss in (Asymmetric(2, 2, 0), Focal(2)))
    assert_allclose(left, right, rtol=1e-9)


def test_values_computed_by_hand():
    p = sigmoid(1.0)
    assert cost(BinaryCrossEntropy(), 1, 1) == pytest.approx(-log(p))
    assert cost(BinaryCrossEntropy(), 1, 0) == pytest.approx(-log(1 - p))
    assert cost(Focal(), 1, 1) == pytest.approx(-((1 - p) ** 2) * log(p))
    assert cost(Focal(), 1, 0) == pytest.approx(-(p**2) * log(1 - p))
    assert cost(Asymmetric(1.0, 4.0, 0.05), 1, 1) == pytest.approx(-(1 - p) * log(p))
    assert cost(Asymmetric(1.0, 4.0, 0.05), 1, 0) == pytest.approx(-((p - 0.05) ** 4) * log(1 - p + 0.05))
    assert cost(Asymmetric(), log(0.05 / 0.95) - 0.01, 0) == 0  # below the clip
    m = sigmoid(0.0)
    assert cost(Hill(), 1, 1) == pytest.approx(-((1 - m) ** 2) * log(m))
    assert cost(Hill(), 1, 0) == pytest.approx((1.5 - p) * p**2)
    assert cost(SelfPacedCorrection(), 1, 1) == pytest.approx(-((1 - m) ** 2) * log(m))
    assert cost(SelfPacedCorrection(), 1, 0) == pytest.approx(-(p**2) * log(1 - p))
    assert cost(SelfPacedCorrection(), 1, 0, done=0.5) == pytest.approx(-((1 - p) ** 2) * log(p))  # believed
    assert cost(SelfPacedCorrection(), 0.4, 0, done=0.5) == pytest.approx(-(sigmoid(0.4) ** 2) * log(1 - sigmoid(0.4)))
    prior = log(60.5 / 20.5)
    assert cost(LogitAdjusted(), 1, 0) == pytest.approx(-log(1 - sigmoid(1 + prior)))


def test_weights_of_counts():
    counts = np.array([1, 2, 4, 0])
    raw = np.array([1, 0.5, 0.25, 1])
    assert_allclose(inverse_weights(counts, cap=10), raw / raw.mean())
    assert inverse_weights(np.array([1000, 1]), cap=1.5) == pytest.approx([1 / 1.5, 1.5])
    effective = np.array([(1 - 0.9) / (1 - 0.9**n) for n in (1, 2, 4, 1)])
    assert_allclose(effective_weights(counts, 0.9, cap=10), effective / effective.mean())
    assert_allclose(effective_weights(counts, 1 - 1e-9, cap=10), inverse_weights(counts, cap=10), rtol=1e-6)


def test_only_positives_are_weighted():
    logits, targets = batch()
    weights = torch.from_numpy(inverse_weights(COUNTS, cap=10))
    expected = (weights * targets * softplus(-logits) + (1 - targets) * softplus(logits)).sum(1)
    assert_allclose(WeightedBinaryCrossEntropy().prepare(COUNTS, MARKS)(logits, targets, 0.0), expected)


def test_distribution_balanced_by_its_formula():
    logits, targets = batch()
    expected = []
    rare, odds = 1 / np.maximum(COUNTS, 1), np.log((COUNTS + 0.5) / (MARKS - COUNTS + 0.5))
    for row, truth in zip(logits.tolist(), targets.tolist(), strict=True):
        together, total = sum(r * y for r, y in zip(rare, truth, strict=True)), 0.0
        for x, y, r, o in zip(row, truth, rare, odds, strict=True):
            weight = 0.1 + (sigmoid(10 * (r / together - 0.2)) if together else 1)
            z = x + 0.05 * o
            s = sigmoid(z) if y else sigmoid(2 * z)
            total += weight * (-((1 - s) ** 2) * log(s) if y else -(s**2) * log(1 - s) / 2)
        expected.append(total)
    assert_allclose(DistributionBalanced().prepare(COUNTS, MARKS)(logits, targets, 0.0), expected)


def test_distribution_balanced_of_single_labels_with_equal_counts_is_one_weight():
    logits, targets = batch()[0], torch.eye(4, dtype=torch.float64).repeat(2, 1)[:7]
    loss = DistributionBalanced(shift=0.0, scale=1.0, gamma=0.0)
    costs = loss.prepare(np.full(4, 20), MARKS)(logits, targets, 0.0)
    assert_allclose(costs, (0.1 + sigmoid(10 * (1 - 0.2))) * plain(logits, targets))


def test_rare_labels_have_the_greater_margin_and_late_the_greater_weight():
    logits, targets = batch()
    margins = torch.tensor([2 * (1 / n) ** 0.25 for n in (60, 9, 2, 1)], dtype=torch.float64)
    shifted = logits - margins * targets
    objective = LabelDistributionAware().prepare(COUNTS, MARKS)
    assert_allclose(objective(logits, targets, 0.79), plain(shifted, targets))
    weights = torch.from_numpy(effective_weights(COUNTS, 0.999, cap=3))
    late = (weights * targets * softplus(-shifted) + (1 - targets) * softplus(shifted)).sum(1)
    assert_allclose(objective(logits, targets, 0.8), late)


@pytest.mark.parametrize("temperatures", [(4.0, 1.0), (1.0, 1.0), (0.5, 2.0)])
def test_two_way_by_brute_force(temperatures):
    logits, targets = batch()
    a, b = temperatures

    def ranked(rows, truths):
        found = []
        for row, truth in zip(rows, truths, strict=True):
            if any(truth):
                wanted = sum(exp(-x / a) for x, y in zip(row, truth, strict=True) if y)
                unwanted = sum(exp(x / b) for x, y in zip(row, truth, strict=True) if not y)
                found.append(log(1 + wanted**a * unwanted**b))
        return sum(found) / len(found)

    expected = ranked(logits.tolist(), targets.tolist()) + ranked(logits.T.tolist(), targets.T.tolist())
    assert TwoWay(a, b).prepare(COUNTS, MARKS)(logits, targets, 0.0).mean().item() == pytest.approx(expected)


def test_two_way_of_a_batch_without_positives_is_nothing():
    logits = torch.randn(3, 4, requires_grad=True)
    costs = TwoWay().prepare(COUNTS, MARKS)(logits, torch.zeros(3, 4), 0.0)
    assert costs.tolist() == [0, 0, 0]
    assert torch.autograd.grad(costs.sum(), logits)[0].abs().sum() == 0


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if not isinstance(loss, TwoWay)], ids=repr)
def test_initial_bias_is_the_best_constant(loss):
    counts = np.array([60, 9, 2])
    bias = loss.initial_bias(counts, MARKS)
    if isinstance(loss, DistributionBalanced):  # its weights, which join labels, are left out
        loss = DistributionBalanced(slope=0.0)
    for label, n in enumerate(counts):
        share, one = (n + 0.5) / (MARKS + 1), torch.eye(3, dtype=torch.float64)[label]

        def expected(logit, *, share=share, one=one):
            objective = loss.prepare(counts, MARKS)
            costs = [objective((logit * one)[None], (y * one)[None], 0.0).item() for y in (1, 0)]
            return share * costs[0] + (1 - share) * costs[1]

        here = expected(bias[label])
        assert here <= min(expected(bias[label] + 0.05), expected(bias[label] - 0.05))


def test_initial_bias_where_it_is_known():
    assert_allclose(BinaryCrossEntropy().initial_bias(COUNTS, MARKS), log_odds(COUNTS, MARKS), atol=1e-6)
    assert_allclose(LogitAdjusted().initial_bias(COUNTS, MARKS), 0, atol=1e-6)
    weights = inverse_weights(COUNTS, cap=10)
    weighted = WeightedBinaryCrossEntropy().initial_bias(COUNTS, MARKS)
    assert_allclose(weighted, log_odds(COUNTS, MARKS) + np.log(weights), atol=1e-6)
    assert_allclose(TwoWay().initial_bias(COUNTS, MARKS), log_odds(COUNTS, MARKS))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Focal(0.5), "gamma of the loss is 0.5"),
        (lambda: Asymmetric(clip=1.0), "clip of the loss is 1.0"),
        (lambda: Asymmetric(negative=-1.0), "negative of the loss is -1.0"),
        (lambda: WeightedBinaryCrossEntropy("sqrt"), "weights of the loss is sqrt"),
        (lambda: WeightedBinaryCrossEntropy(beta=1.0), "beta of the loss is 1.0"),
        (lambda: WeightedBinaryCrossEntropy(cap=0.5), "cap of the loss is 0.5"),
        (lambda: LabelDistributionAware(margin=-1.0), "margin of the loss is -1.0"),
        (lambda: DistributionBalanced(scale=0.0), "scale of the loss is 0.0"),
        (lambda: SelfPacedCorrection(threshold=1.0), "threshold of the loss is 1.0"),
        (lambda: TwoWay(negative=0.0), "negative of the loss is 0.0"),
    ],
)
def test_senseless_options_are_refused(build, words):
    with pytest.raises(OptionError, match=words):
        build()


def test_the_example_runs_and_all_public_names_are_sorted() -> None:
    assert viennatag.losses.__all__ == sorted(viennatag.losses.__all__)
    assert all(hasattr(viennatag.losses, name) for name in viennatag.losses.__all__)
    run_example(viennatag.losses)


def test_losses_for_incomplete_labels_are_cross_entropy_but_for_what_is_not_given() -> None:
    logits, targets = batch()
    plain = binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1)
    for loss in (CoOccurrenceSmoothing(0.0), PositiveUnlabelled()):
        assert_allclose(loss.prepare(COUNTS, MARKS)(logits, targets, 0.0), plain)
    p = sigmoid(0.5)
    weight = 3 / 7 * p / (1 - p)
    assert cost(PositiveUnlabelled(), 0.5, 0, done=1.0) == pytest.approx(-weight * log(p) - (1 - weight) * log(1 - p))
    assert cost(PositiveUnlabelled(), 0.5, 1, done=1.0) == pytest.approx(-log(p))
    two = torch.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    level = torch.zeros(2, 2, dtype=torch.float64)  # where both answers cost the same
    level[1, 1] = 1.0
    found = CoOccurrenceSmoothing(0.4).prepare(COUNTS[:2], MARKS)(level, two, 0.0)[1].item()
    target = 0.4 * 0.5  # one of the two marks with the first label carries the second too
    assert found == pytest.approx(log(2) - target * log(sigmoid(1)) - (1 - target) * log(1 - sigmoid(1)), abs=1e-5)
    for wrong in (lambda: CoOccurrenceSmoothing(1.0), lambda: PositiveUnlabelled(0.0)):
        with pytest.raises(OptionError, match="expected a share"):
            wrong()
