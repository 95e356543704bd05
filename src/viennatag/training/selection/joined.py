"""Networks that are better together: the mean of their calibrated logits, as one backbone with one linear head."""

from collections.abc import Mapping, Sequence

import numpy as np

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.training.backbones.joining import join_backbones
from viennatag.training.data.collection import VALIDATION
from viennatag.training.heads.exported import LinearHead
from viennatag.training.selection.candidates import Candidate, TrainingMarks, contrasts

NEAR = 0.8
"""Share of the best network's macro average precision from which another takes part even if it is surely worse."""


def choose_members(candidates: Mapping[str, Candidate]) -> tuple[str, ...]:
    """Return the names of the candidates that are good enough to be joined with the best one, which is the first.

    They take images of the same size, and are near the best one, or not worse beyond noise. Whether the mean is better
    is not asked of the validation subset, which flatters the network that was chosen on it: on photographs it said -0.9
    points where the test subset said +0.8.
    """
    best = max(candidates, key=lambda name: candidates[name].macro_map)
    size, least = candidates[best].backbone.size, NEAR * candidates[best].macro_map
    alike = {name: each for name, each in candidates.items() if each.backbone.size == size}
    found = contrasts(alike, baseline=best)
    good = [name for name, each in alike.items() if each.macro_map >= least or found[name].verdict != "worse"]
    return tuple(sorted(good, key=lambda name: -candidates[name].macro_map))


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
