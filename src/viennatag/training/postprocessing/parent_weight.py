"""Whether divisions have a say in their categories, where the validation part says that this is better."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import coherent, fit_platt
from viennatag.data.labels import LabelSet
from viennatag.metrics.figures import macro_average_precision
from viennatag.model.parent_child import LIFT, lift_logits
from viennatag.training.learner import kinds_of


def compare_lifts(
    logits: NDArray[np.float32], targets: csr_array, labels: LabelSet, *, min_positives: int = 10
) -> tuple[float, dict[str, Any]]:
    """Return the weight that divisions are to have in their categories, and what was measured.

    That is the macro average precision of pictorial categories without and with it, of scores as they are given: no
    category scores below its best division there either way.

    Args:
        logits: Of the validation marks, shape (marks, labels).
        targets: What is true of them.
        labels: Whose logits these are.
        min_positives: As for `fit_platt`.
    """
    columns = np.flatnonzero(labels.is_pictorial & (labels.parents < 0))
    if not np.isin(labels.parents, columns).any():
        return 0.0, {}
    found = {}
    for name, share in (("own", 0.0), ("lifted", LIFT)):
        shown = lift_logits(logits, labels, share)
        calibration = fit_platt(shown, targets, groups=kinds_of(labels), min_positives=min_positives)
        scores = coherent(calibration(shown), labels.parents)
        found[name] = macro_average_precision(scores[:, columns], targets[:, columns]).value
    return LIFT if found["lifted"] > found["own"] else 0.0, {"lifts": found}
