"""Networks that are better together: the mean of their calibrated logits, chosen on the validation subset.

Members are added one by one, the one that helps most first (Caruana et al. 2004, ensemble selection), and only while
each is worth what it costs in serving. What comes out is one backbone with one linear head.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.metrics.metrics import macro_average_precision
from viennatag.training.backbones.joining import join_backbones
from viennatag.training.data.collection import VALIDATION
from viennatag.training.heads.exported import LinearHead
from viennatag.training.selection.candidates import Candidate, TrainingMarks

WORTH = 0.002
"""Macro average precision that another network must gain; it costs as much as the first."""


def choose_members(candidates: Mapping[str, Candidate]) -> tuple[str, ...]:
    """Return the names of the candidates whose mean is best on the validation subset, the best one first.

    All have linear heads over the same labels; those of another image size than the best one are left out.
    """
    best = max(candidates, key=lambda name: candidates[name].macro_map)
    labels = candidates[best].trained.labels
    targets = candidates[best].collection.examples(labels, VALIDATION).targets
    logits = {
        name: _calibrated_logits(each)
        for name, each in candidates.items()
        if each.backbone.size == candidates[best].backbone.size
    }
    chosen, reached = [best], macro_average_precision(logits[best], targets).value
    while waiting := [name for name in logits if name not in chosen]:
        together = sum(logits[name] for name in chosen)
        found = {name: macro_average_precision(together + logits[name], targets).value for name in waiting}
        name = max(found, key=lambda each: found[each])
        if found[name] < reached + WORTH:
            break
        chosen.append(name)
        reached = found[name]
    return tuple(chosen)


def join_candidates(data: TrainingMarks, members: Sequence[Candidate]) -> Candidate:
    """Return the candidate whose logits are the mean of those of others, with the options of the first one.

    Raises:
        DataError: If an image cannot be read.
    """
    heads = [each.trained.head for each in members]
    head = side_by_side(
        [each for each in heads if isinstance(each, LinearHead)], [_calibration(each) for each in members]
    )
    backbone = join_backbones([each.backbone for each in members])
    return data.with_backbone(members[0].options, backbone, head, keep_head=True)


def side_by_side(heads: Sequence[LinearHead], calibrations: Sequence[Calibration]) -> LinearHead:
    """Return the mean of linear heads' calibrated logits, each over features of its own that stand side by side."""
    slopes = [each.slope[:, None] / len(heads) for each in calibrations]
    weight = np.concatenate([slope * head.weight for slope, head in zip(slopes, heads, strict=True)], axis=1)
    bias = np.mean(
        [each.slope * head.bias + each.intercept for each, head in zip(calibrations, heads, strict=True)], axis=0
    )
    return LinearHead(weight.astype(np.float32), bias.astype(np.float32))


def _calibration(candidate: Candidate) -> Calibration:
    labels = candidate.trained.labels
    validation = candidate.collection.examples(labels, VALIDATION)
    return fit_platt(validation.logits(candidate.trained.head), validation.targets, groups=labels.groups)


def _calibrated_logits(candidate: Candidate) -> NDArray[np.float64]:
    validation = candidate.collection.examples(candidate.trained.labels, VALIDATION)
    found = _calibration(candidate)
    return np.asarray(found.slope * validation.logits(candidate.trained.head) + found.intercept)
