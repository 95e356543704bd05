"""Move a bundle's scores to the frequencies of marks to come.

A head's score says how likely a code is among marks like those of training; among others its odds change as those of
the frequency do. Colours read from pixels are another matter: whether a mark is red does not depend on the office, only
whether the office says so. See `training.colouring`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from viennatag.data.marks import Marks
from viennatag.model.bundle import Bundle
from viennatag.thresholds.decision_rules import Decision
from viennatag.training.postprocessing.pixel_colours import record_less

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TRUST = 100
"""So many marks with the frequencies of training are added to those expected, which may lack a rare code by chance."""

CERTAIN = 1e-6
"""No label is taken to be rarer than this, or closer to being on every mark."""


def move_scores(
    bundle: Bundle,
    expected: Marks,
    decision: Decision,
    targets: "csr_array",
    readings: Callable[[], NDArray[np.float32]],
) -> Bundle:
    """Return a bundle whose scores are for marks with the frequencies of others.

    Args:
        bundle: Its scores are for the frequencies of its training.
        expected: Marks like those to come, of which only the codes are read.
        decision: Finds the thresholds of labels that are read from pixels.
        targets: What is true of the validation marks, shape (marks, labels).
        readings: Returns what pixels say of these; called only if the bundle reads labels from pixels.
    """
    prior, shares = certain_prior(bundle), expected_shares(bundle, expected)
    moved = replace(
        bundle,
        calibration=bundle.calibration.moved(prior, shares),
        training={**bundle.training, "expected_marks": len(expected)},
    )
    return record_less(moved, readings(), targets, shares / prior, decision) if bundle.from_pixels else moved


def expected_shares(bundle: Bundle, expected: Marks) -> NDArray[np.float64]:
    """Return the share of the marks to come that each label is expected on, shape (labels,)."""
    counts = np.asarray(bundle.labels.encode(expected.codes).sum(axis=0), dtype=np.float64).ravel()
    return np.minimum((counts + TRUST * certain_prior(bundle)) / (len(expected) + TRUST), 1 - CERTAIN)


def certain_prior(bundle: Bundle) -> NDArray[np.float64]:
    """Return the share of the training marks that carry each label, never 0 or 1; shape (labels,)."""
    return np.clip(bundle.prior, CERTAIN, 1 - CERTAIN)
