"""Colour codes read from pixels instead of by the head, where the validation part says that this is better.

A head sees a picture through a network that learned to look past colours, and reads them less well than a count of
pixels. But offices record colours by habits of their own, which only marks can tell. So both are ranked on the
validation part, code by code, and the pixels' evidence (`viennatag.images.colour_features`) takes the place of the logit where its
average precision is higher beyond noise. Calibration is then fitted to that evidence as it is to any logit.

Where scores are moved to other frequencies, the colours of marks stay what they are: what differs is how often an
office records them. So the share of the visible colours that is recorded is lowered, not the odds that they are there.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.calibration.calibration import Calibration, fit_platt
from viennatag.data.labels import LabelSet
from viennatag.errors import DataError, ImageError
from viennatag.files import atomic_file
from viennatag.images.colour_features import READER, SEEN, colour_evidence
from viennatag.images.decoding import read_images
from viennatag.metrics.bootstrap import Interval, Ranking, bootstrap
from viennatag.model.bundle import Bundle
from viennatag.model.postprocessing import scores_from_logits
from viennatag.thresholds.decision_rules import Decision, PerLabel
from viennatag.training.data.features import PREPROCESSING, file_keys
from viennatag.training.learner import kinds_of

MIN_POSITIVES = 10
"""A code with fewer validation marks is left to the head: nobody could say which reads it better."""

LEAST_SLOPE = 0.05
"""A code is never the less likely the more of it is seen."""


def extract_readings(
    paths: Sequence[Path], size: int, *, cache: Path, progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """Return the evidence for all of `SEEN` in image files, shape (images, codes), computed once and kept.

    Args:
        paths: Image files.
        size: Side of the square that the network sees, in pixels.
        cache: Folder to keep readings in.
        progress: Told how many images are done.

    Raises:
        DataError: If an image cannot be read.
    """
    errors: dict[int, str] = {}
    digest = hashlib.blake2b(b"".join(file_keys(paths, errors)), digest_size=12).hexdigest()
    path = cache / "colours" / f"{digest}-{size}-{PREPROCESSING}-{READER}.npy"
    if not errors and path.is_file():
        kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
        return kept
    found = np.empty((len(paths), len(SEEN)), dtype=np.float32)
    for at, pixels in enumerate(read_images(paths, size)):
        if isinstance(pixels, ImageError):
            raise DataError(f"{paths[at]}: {pixels}")
        found[at] = colour_evidence(pixels[None], SEEN)[0]
        if progress:
            progress(at + 1, len(paths))
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        np.save(file, found, allow_pickle=False)
    return found


def compare_readers(
    logits: NDArray[np.float32], readings: NDArray[np.float32], targets: csr_array, labels: LabelSet, *, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Return for each code of `SEEN` that can be judged the average precision of the head and of the pixels.

    Args:
        logits: Of the head, shape (marks, labels).
        readings: As `extract_readings` gives them.
        targets: What is true, shape (marks, labels).
        labels: The labels.
        seed: Of the samples of marks.

    Returns:
        By code `head`, `pixels`, and `low`, the least that the pixels gain in 95 % of the samples of marks.
    """
    counts = np.asarray(targets.sum(axis=0)).ravel()
    codes = [code for code in SEEN if code in labels.index and counts[labels.index[code]] >= MIN_POSITIVES]
    if not codes:
        return {}
    columns = [labels.index[code] for code in codes]
    samples = [
        bootstrap(Ranking.of(scores, targets[:, columns]).average_precision, len(scores), seed=seed)
        for scores in (logits[:, columns], readings[:, [SEEN.index(code) for code in codes]])
    ]
    head, pixels = samples
    return {
        code: {
            "head": round(float(head[0, at]), 5),
            "pixels": round(float(pixels[0, at]), 5),
            "low": round(Interval.of(pixels[:, at] - head[:, at]).low, 5),
        }
        for at, code in enumerate(codes)
    }


def read_colours(
    bundle: Bundle,
    logits: NDArray[np.float32],
    readings: NDArray[np.float32],
    targets: csr_array,
    decision: Decision,
) -> Bundle:
    """Return a bundle that reads those codes from pixels that are better read so, if there are any.

    Args:
        bundle: Its calibration and thresholds are of the head.
        logits: Of the head, of marks of the validation part; shape (marks, labels).
        readings: Of the same marks, as `extract_readings` gives them.
        targets: What is true of them, shape (marks, labels).
        decision: Finds the thresholds that change.
    """
    labels = bundle.labels
    readers = compare_readers(logits, readings, targets, labels)
    bundle = replace(bundle, training={**bundle.training, "colours": readers})
    codes = tuple(code for code, found in readers.items() if found["low"] > 0)
    if not codes:
        return bundle
    columns, own = pick(labels, codes, readings)
    fitted = fit_platt(own, targets[:, columns], groups=np.zeros(len(columns), dtype=int))
    bundle = replace(bundle, from_pixels=codes, calibration=_replaced(bundle.calibration, columns, fitted))
    if isinstance(decision, PerLabel):
        cuts = _cut_anew(bundle.thresholds, labels, columns, fitted(own), targets[:, columns], decision)
        return replace(bundle, thresholds=cuts)
    rule = decision.fit(scores_from_logits(logits, bundle, own), targets, groups=kinds_of(labels), levels=labels.depths)
    return replace(bundle, thresholds=rule.thresholds)


def record_less(
    bundle: Bundle, readings: NDArray[np.float32], targets: csr_array, recorded: NDArray[np.float64], decision: Decision
) -> Bundle:
    """Return a bundle for an office that records the colours of marks less often than those that it learned from.

    Args:
        bundle: Reads some labels from pixels.
        readings: As `extract_readings` gives them, of marks that the calibration can be fitted to.
        targets: What is true of these, shape (marks, labels).
        recorded: Of the marks that carry a label the share on which that office would record it, below 1 for each label
            to be changed; shape (labels,).
        decision: Finds the thresholds of these labels anew, if it has one for each.
    """
    labels = bundle.labels
    codes = [name for name in bundle.from_pixels if recorded[labels.index[name]] < 1]
    if not codes:
        return bundle
    columns, own = pick(labels, codes, readings)
    true, shares = targets[:, columns].toarray(), recorded[columns]
    lines = [_fit_line(each, share * carried) for each, carried, share in zip(own.T, true.T, shares, strict=True)]
    fitted = Calibration(*np.array(lines).T)
    draw = np.random.default_rng(0).random(len(true))  # one for each mark: who records its red records its blue
    kept = csr_array(true & (draw[:, None] < shares))
    thresholds = bundle.thresholds
    if isinstance(decision, PerLabel):
        thresholds = _cut_anew(thresholds, labels, columns, fitted(own), kept, decision)
    return replace(bundle, calibration=_replaced(bundle.calibration, columns, fitted), thresholds=thresholds)


def pick(
    labels: LabelSet, codes: Sequence[str], readings: NDArray[np.float32]
) -> tuple[list[int], NDArray[np.float32]]:
    """Return the positions of some codes among the labels, and the readings for them; shape (marks, codes)."""
    return [labels.index[code] for code in codes], readings[:, [SEEN.index(code) for code in codes]]


def _replaced(calibration: Calibration, columns: list[int], fitted: Calibration) -> Calibration:
    slope, intercept = calibration.slope.copy(), calibration.intercept.copy()
    slope[columns], intercept[columns] = fitted.slope, fitted.intercept
    return Calibration(slope, intercept)


def _cut_anew(
    thresholds: NDArray[np.float64],
    labels: LabelSet,
    columns: list[int],
    scores: NDArray[np.float64],
    targets: csr_array,
    decision: PerLabel,
) -> NDArray[np.float64]:
    """Return thresholds with those of some columns found anew."""
    if not targets.nnz:
        return thresholds
    rule = decision.fit(scores, targets, groups=kinds_of(labels)[columns], levels=labels.depths[columns])
    cuts = thresholds.copy()
    cuts[columns] = rule.thresholds
    return cuts


def _fit_line(evidence: NDArray[np.float32], targets: NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and intercept whose sigmoid is nearest to targets between 0 and 1, by Newton's method.

    A weak pull holds the slope at 1, so that it is found where hardly any target is above 0 too.
    """
    inputs = np.stack([evidence.astype(np.float64), np.ones(len(evidence))], axis=1)
    mean = (targets.sum() + 1) / (len(targets) + 2)
    line = np.array([0.0, np.log(mean / (1 - mean))])
    for _ in range(100):
        scores = 1 / (1 + np.exp(-inputs @ line))
        slope = inputs.T @ (scores - targets) + [line[0] - 1, 0]
        bend = (inputs * (scores * (1 - scores))[:, None]).T @ inputs + np.diag([1.0, 1e-6])
        step = np.linalg.solve(bend, slope)
        line -= step / max(1.0, float(np.abs(step).max()))  # no further than 1 at a time
        if np.abs(step).max() < 1e-8:
            break
    return max(float(line[0]), LEAST_SLOPE), float(line[1])
