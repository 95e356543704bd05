"""Prior-shift correction: shift scores to the label frequencies of other marks, the target prior.

A head's score says how likely a label is among marks like those of training; among others its odds change as those of
the frequency do (Saerens, Latinne and Decaestecker 2002). Colours read from pixels are another matter: whether a mark
is red does not depend on the office, only whether the office records it. There the share of the visible colours that
is recorded is lowered, not the odds that they are there.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.metrics.scores import as_targets, known_counts
from viennatag.model.postprocessing import Outputs, Postprocessor
from viennatag.thresholds.decision_rules import DecisionRule, PerLabel
from viennatag.training.postprocessing.fitting import colour_columns, fit_colour_columns

SMOOTHING = 100
"""This many marks with the frequencies of training are added to the target prior, which may lack a rare label by
chance."""
_MIN_SHARE = 1e-6
"""No label is taken to be rarer than this, or closer to being on every mark."""


def shift_prior(
    chain: Postprocessor,
    prior: NDArray[np.float64],
    target: Marks,
    decision_rule: DecisionRule,
    outputs: Outputs,
    targets: csr_array,
) -> Postprocessor:
    """Return a postprocessor whose scores are for marks with the label frequencies of others.

    `prior` is the share of the training marks that carry each label, shape (labels,). Of the target marks only the
    labels are read. `outputs` and `targets` are those of the validation marks, for labels read from pixels, whose
    thresholds are found again if the decision rule has one for each label.
    """
    known = np.clip(prior, _MIN_SHARE, 1 - _MIN_SHARE)
    shares = target_shares(chain.labels, known, target)
    shifted = replace(chain, calibration=chain.calibration.shift_prior(known, shares))
    return _record_less(shifted, outputs, targets, shares / known, decision_rule) if chain.pixel_labels else shifted


def target_shares(labels: LabelSet, prior: NDArray[np.float64], target: Marks) -> NDArray[np.float64]:
    """Return the smoothed share of the target marks that carry each label, shape (labels,)."""
    targets = labels.targets(target)
    counts = np.asarray(as_targets(targets).sum(axis=0), dtype=np.float64).ravel()
    return np.minimum((counts + SMOOTHING * prior) / (known_counts(targets) + SMOOTHING), 1 - _MIN_SHARE)


def _record_less(
    chain: Postprocessor,
    outputs: Outputs,
    targets: csr_array,
    recorded: NDArray[np.float64],
    decision_rule: DecisionRule,
) -> Postprocessor:
    """Return a postprocessor for an office that records colours less often than the training marks do.

    The validation marks stand for that office once colours are dropped from their labels at random. `recorded` is the
    share of the marks with a label on which that office records it, shape (labels,); labels below 1 change.
    """
    labels = chain.labels
    names = [name for name in chain.pixel_labels if recorded[labels.index[name]] < 1]
    if not names or outputs.colours is None:
        return chain
    columns = [labels.index[name] for name in names]
    own = colour_columns(outputs.colours, names)
    draw = np.random.default_rng(0).random(len(own))  # one for each mark: who records its red records its blue
    dropped = draw[:, None] >= recorded[columns]
    kept = csr_array(np.where(dropped & (targets[:, columns].toarray() > 0), 0, targets[:, columns].toarray()))
    if not as_targets(kept).nnz:
        return chain
    calibration = fit_colour_columns(chain.calibration, columns, own, kept)
    changed = replace(chain, calibration=calibration)
    if not isinstance(decision_rule, PerLabel):
        return changed
    fitted = Calibration(calibration.slope[columns], calibration.intercept[columns])
    rule = decision_rule.fit(fitted(own), kept, groups=labels.groups[columns], levels=labels.depths[columns])
    thresholds = changed.thresholds.copy()
    thresholds[columns] = rule.thresholds
    return replace(changed, thresholds=thresholds)
