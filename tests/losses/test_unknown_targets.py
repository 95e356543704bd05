"""A pair that nobody knows has no loss and no gradient."""

import math
import re
from typing import Any

import numpy as np
import pytest
import torch

import viennatag.losses
from viennatag.losses.modules import BinaryCrossEntropyLoss, LogitAdjustedLoss, LossModule

MODULES = [getattr(viennatag.losses, name) for name in viennatag.losses.__all__ if re.search("[a-z]Loss$", name)]
LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-0.5, 3.0, 1.0]])
TARGETS = torch.tensor([[1, 0, -1], [-1, 1, 0]])
COUNTS: dict[str, Any] = {"counts": [4, 2, 3], "samples": 9}


def test_cross_entropy_by_hand() -> None:
    known = [math.log1p(math.exp(-2.0)), math.log1p(math.exp(-1.0))]
    known += [math.log1p(math.exp(-3.0)), math.log1p(math.exp(1.0))]
    assert float(BinaryCrossEntropyLoss()(LOGITS, TARGETS)) == pytest.approx(sum(known) / 4)
    assert float(BinaryCrossEntropyLoss(reduction="sum")(LOGITS, TARGETS)) == pytest.approx(sum(known))
    each = BinaryCrossEntropyLoss(reduction="none")(LOGITS, TARGETS)
    assert each.tolist() == pytest.approx([sum(known[:2]), sum(known[2:])])
    holes = torch.where(TARGETS < 0, torch.nan, TARGETS.float())
    assert BinaryCrossEntropyLoss()(LOGITS, holes) == BinaryCrossEntropyLoss()(LOGITS, TARGETS)


@pytest.mark.parametrize("kind", MODULES)
def test_unknown_pairs_add_nothing_to_any_loss(kind: type[LossModule]) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = kind(**COUNTS, reduction="sum")(logits, TARGETS)
    (slope,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(loss)
    assert slope[TARGETS < 0].tolist() == [0, 0]
    assert slope[TARGETS >= 0].abs().min() > 0 or kind.__name__ == "AsymmetricLoss"  # which forgets easy negatives
    moved = LOGITS + 9 * (TARGETS < 0)
    assert kind(**COUNTS, reduction="sum")(moved, TARGETS) == loss
    both = kind(**COUNTS, reduction="sum")(LOGITS, TARGETS.clamp_min(0))
    assert both != loss


@pytest.mark.parametrize("kind", MODULES)
def test_where_all_is_known_nothing_changes(kind: type[LossModule]) -> None:
    known = TARGETS.clamp_min(0)
    objective = kind.kind().prepare(np.array(COUNTS["counts"]), 9)
    assert kind(**COUNTS)(LOGITS, known) == objective(LOGITS, known, 1.0).mean() / 3


def test_frequencies_are_those_of_the_marks_on_which_a_label_is_known() -> None:
    targets = np.array([[1, 1], [0, -1], [0, -1], [0, 0]])
    loss = LogitAdjustedLoss.from_targets(targets)
    odds = [math.log(1.5 / 3.5), math.log(1.5 / 1.5)]
    x, y = torch.zeros(1, 2), torch.zeros(1, 2)
    assert float(loss(x, y)) == pytest.approx(sum(math.log1p(math.exp(each)) for each in odds) / 2)
    assert "2 labels, 4 samples" in repr(loss)
