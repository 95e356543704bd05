"""The softmax in front of losses: against its formula, in hard cases, and with unknown labels."""

import numpy as np
import pytest
import torch

from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.losses.elementwise import leave_out_unknown
from viennatag.losses.exclusive import exclusive_log_odds, without_open_groups
from viennatag.losses.losses import BinaryCrossEntropy

GROUPS = ExclusiveGroups.of(["size", "colour"], [[0, 1, 2], [4, 5]], [True, False], np.full(7, -1))


def expected(logits: np.ndarray) -> np.ndarray:
    """Return log p - log(1 - p) of the softmax, in 64 bits."""
    found = logits.astype(np.float64)
    for members, none in (([0, 1, 2], []), ([4, 5], [0.0])):
        for at in members:
            others = [
                *logits[:, [each for each in members if each != at]].T,
                *(np.full(len(logits), each) for each in none),
            ]
            found[:, at] = logits[:, at] - np.logaddexp.reduce(np.array(others, dtype=np.float64), axis=0)
    return found


@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0])
def test_log_odds_are_those_of_the_softmax(scale: float) -> None:
    logits = scale * np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    found = exclusive_log_odds(torch.from_numpy(logits), GROUPS).numpy()
    surest = -np.log(1e-30)  # where a label is surer than that, its log-odds end
    np.testing.assert_allclose(
        found, np.where(expected(logits) > surest, surest, expected(logits)), rtol=2e-5, atol=2e-5
    )


def test_gradients_are_those_of_the_softmax() -> None:
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 7))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: exclusive_log_odds(x, GROUPS), logits)


def test_one_label_of_a_group_is_certain_without_infinite_loss() -> None:
    alone = ExclusiveGroups.of(["only"], [[0]], [True], np.full(1, -1))
    logits = torch.zeros((2, 1), requires_grad=True)
    loss = BinaryCrossEntropy().prepare(np.ones(1, np.int64), 2)(exclusive_log_odds(logits, alone), torch.ones(2, 1), 0)
    loss.sum().backward()
    assert float(loss.detach().sum()) < 1e-6
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


def test_a_group_of_which_nothing_is_said_has_no_loss_and_no_gradient() -> None:
    targets = torch.tensor([[0, 0, 0, 1, 0, 0, 1], [1, 0, 0, 0, 0, 1, 0], [0, -1, 0, 0, 0, 0, 0]], dtype=torch.float32)
    open_targets = without_open_groups(targets, GROUPS)
    assert open_targets[0].tolist() == [-1, -1, -1, 1, 0, 0, 1]  # none of a group of which one must apply
    assert open_targets[1:].tolist() == targets[1:].tolist()
    logits = torch.randn((3, 7), generator=torch.Generator().manual_seed(0), requires_grad=True)
    shown, truth, _ = leave_out_unknown(exclusive_log_odds(logits, GROUPS), open_targets)
    BinaryCrossEntropy().prepare(np.ones(7, np.int64), 3)(shown, truth, 0).sum().backward()
    gradient = logits.grad
    assert gradient is not None
    assert torch.all(gradient[0, :3] == 0)
    assert torch.all(gradient[1, :3] != 0)
    assert gradient[2, 0] > 0 > gradient[2, 1]  # "not small, not large" speaks for what nobody knows


def test_the_initial_bias_gives_the_frequencies() -> None:
    log_odds = np.log([0.5, 0.3, 0.2, 0.4, 0.1, 0.25, 0.9]) - np.log1p(-np.array([0.5, 0.3, 0.2, 0.4, 0.1, 0.25, 0.9]))
    logits = GROUPS.initial_logits(log_odds)
    np.testing.assert_allclose(GROUPS.softmax(logits[None, GROUPS.members])[0], [0.5, 0.3, 0.2, 0.1, 0.25])
    assert logits[3] == log_odds[3]
