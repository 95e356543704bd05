"""What a category's divisions say has a part in what is said of the category.

A category and its best division are two views of one thing, with errors of their own, so the mean of their logits can
rank categories better than either. Whether it does, `train` finds on the validation part, as for `viennatag.images.crops`.
"""

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet

LIFT = 0.5
"""Weight of the best division's logit in a category's, where it has one."""


def lift_logits(logits: NDArray[np.floating], labels: LabelSet, share: float) -> NDArray[np.floating]:
    """Return logits in which a pictorial category's is a mean of its own and of its best division's.

    Args:
        logits: Shape (images, labels); left as they are.
        labels: Whose logits these are.
        share: Weight of the best division's, in [0, 1]; categories without divisions keep their own.
    """
    divisions, categories, starts = labels.divisions
    if not share or not len(categories):
        return logits
    best = np.maximum.reduceat(logits[:, divisions], starts, axis=1)
    lifted = logits.copy()
    lifted[:, categories] = (1 - share) * logits[:, categories] + share * best
    return lifted
