"""Networks that are better together: the mean of their calibrated logits, as one backbone with one head."""

from collections.abc import Mapping, Sequence

import numpy as np

from viennatag.calibration.calibration import Calibration
from viennatag.calibration.platt import fit_platt
from viennatag.training.backbones.joining import join_backbones
from viennatag.training.data.collection import VALIDATION
from viennatag.training.heads.export import ExportedHead
from viennatag.training.heads.exported import mean_head, over_columns
from viennatag.training.selection.candidates import Candidate, TrainingMarks, contrasts

NEAR = 0.9
"""Share of the best network's macro average precision from which another takes part even if it is surely worse. On
labels that can hardly be seen one of 0.85 cost 0.7 points, and those above 0.9 gained on every collection."""


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
    head = side_by_side(
        [each.trained.head for each in members],
        [_calibration(each) for each in members],
        [each.backbone.width for each in members],
    )
    backbone = join_backbones([each.backbone for each in members])
    return data.with_backbone(members[0].options, backbone, head, keep_head=True)


def side_by_side(
    heads: Sequence[ExportedHead], calibrations: Sequence[Calibration], widths: Sequence[int]
) -> ExportedHead:
    """Return the mean of heads' calibrated logits, each over features of its own, `widths` of them, side by side."""
    firsts = np.cumsum([0, *widths])
    of = int(firsts[-1])
    placed = [
        over_columns(head, int(first), width, of) for head, first, width in zip(heads, firsts, widths, strict=False)
    ]
    return mean_head(placed, calibrations, (1.0,) * len(placed))


def _calibration(candidate: Candidate) -> Calibration:
    labels = candidate.trained.labels
    validation = candidate.collection.examples(labels, VALIDATION)
    return fit_platt(validation.logits(candidate.trained.head), validation.targets, groups=labels.groups)
