"""Where to cut scores: one threshold per label, chosen on marks that the training did not see.

A label that half of the marks carry and one that a handful carry want different cuts, and no single one
is good for both. A rare label has too few positives to show its own cut, so it borrows.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from viennatag.calibration.platt import number_groups, require_positives
from viennatag.errors import OptionError
from viennatag.metrics.ranking import BLOCK, Positives, rank_positives, ratio
from viennatag.metrics.scores import Scores, Targets, as_scores, check_scores, hide_unknown


def tune_thresholds(
    scores: Scores,
    targets: Targets,
    *,
    groups: ArrayLike | None = None,
    beta: float = 1.0,
    min_positives: int = 10,
    floor: float = 0.05,
) -> NDArray[np.float64]:
    """Return one threshold per label; a label is suggested when `score >= threshold`. Shape (labels,).

    Each label gets the cut that maximises its own F-beta. Labels too rare to tune share the cut that
    maximises F-beta over all their pairs in the group; where even these hold too few positives, that of the
    whole group, then that of all labels. The best cut of a calibrated score is half the best F1 it can
    reach (Lipton et al. 2014, arXiv 1402.1892), so an uninformative label would be suggested for everything:
    hence the floor.

    Args:
        scores: Probabilities, shape (marks, labels).
        targets: True labels, same shape; pairs that are -1 or NaN are unknown and count nowhere.
        groups: Group of each label, whose labels are alike; any integers or texts, shape (labels,). None: all
            labels are one group.
        beta: Above 1 favours recall, below 1 favours precision.
        min_positives: Labels with fewer positive marks take the pooled threshold.
        floor: No threshold is lower.

    Raises:
        DataError: If shapes differ, a score is outside [0, 1], or no target is true.
        OptionError: If `beta` is not positive, `min_positives` below 1, or `floor` outside [0, 1].
    """
    check_options(beta, floor)
    scores = as_scores(scores)
    check_scores(scores, probabilities=True)
    positives = require_positives(scores, targets, min_positives)
    scores = hide_unknown(scores, targets)
    owner, counts = number_groups(groups, scores.shape[1]), positives.per_label()
    rare = counts < min_positives
    thresholds = _best_cuts(scores, positives, np.where(rare, -1, np.arange(len(owner))), beta)
    for pool, least in (
        (np.where(rare, owner, -1), min_positives),
        (owner, min_positives),
        (np.zeros_like(owner), 1),
    ):
        missing = np.isnan(thresholds)
        if not missing.any():
            break
        held = np.bincount(pool[pool >= 0], counts[pool >= 0])
        served = missing & (pool >= 0) & (held[pool] >= least)
        needed = np.where(np.isin(pool, pool[served]), pool, -1)
        thresholds[served] = _best_cuts(scores, positives, needed, beta)[served]
    return np.maximum(thresholds, floor)


def _best_cuts(scores: Scores, positives: Positives, pool: NDArray[np.intp], beta: float) -> NDArray[np.float64]:
    """Return for each label the score that, as the cut of its whole pool, has the best F-beta.

    That is always the score of a positive. NaN without a pool or without positives in it.
    """
    ranks = rank_positives(scores, positives, pool)
    true = np.bincount(ranks.pool, minlength=1)
    f_beta = (1 + beta**2) * ranks.hits / (ranks.above + beta**2 * true[ranks.pool])
    best = np.zeros(len(true))
    np.maximum.at(best, ranks.pool, f_beta)
    reached = f_beta == best[ranks.pool]
    cuts = np.full(max(len(true), pool.max() + 1), np.nan)
    cuts[ranks.pool[reached]] = ranks.score[reached]  # ascending, so of equally good cuts the highest stays
    return np.where(pool >= 0, cuts[pool], np.nan)


def expected_thresholds(
    scores: Scores, *, beta: float = 1.0, floor: float = 0.05, block: int = BLOCK
) -> NDArray[np.float64]:
    """Return the threshold of each label that promises the best F-beta if scores are calibrated; shape (labels,).

    No targets are needed. Suggesting the k marks of the highest scores p can be expected to reach

        F(k) = (1 + beta²) (p₁ + … + p_k) / (k + beta² (p₁ + … + p_n)),

    the ratio of expectations (Ye et al. 2012, arXiv 1206.4625), and the best cut is max F / (1 + beta²): half
    the best F1 (Lipton et al. 2014, arXiv 1402.1892). It is found without sorting: to cut at what a cut
    promises is better, until it is the best (Dinkelbach 1967). It varies less than the cut that is best on
    the few positives of a validation subset, whose chance that one follows.

    Args:
        scores: Calibrated probabilities, shape (marks, labels).
        beta: Above 1 favours recall, below 1 favours precision.
        floor: No threshold is lower.
        block: Most scores that are copied at a time.

    Raises:
        DataError: If a score is outside [0, 1].
        OptionError: If `beta` is not positive, or `floor` outside [0, 1].
    """
    check_options(beta, floor)
    scores = as_scores(scores)
    check_scores(scores, probabilities=True)
    best = np.zeros(scores.shape[1])
    width = max(1, block // max(1, len(scores)))
    for start in range(0, len(best), width):
        lines = np.ascontiguousarray(scores[:, start : start + width].T)
        whole = beta**2 * lines.sum(axis=1, dtype=np.float64)
        cut = best[start : start + width]  # a view: each round raises it to what cutting there promises
        while True:
            inside = lines >= cut[:, None]
            promised = ratio(np.vecdot(lines, inside), inside.sum(axis=1) + whole, empty=0.0)
            if np.all(promised <= cut):
                break
            np.maximum(cut, promised, out=cut)
    return np.maximum(best, floor)


def recall_thresholds(
    scores: Scores, targets: Targets, *, pools: ArrayLike | None = None, recall: float = 0.9
) -> NDArray[np.float64]:
    """Return thresholds (labels,), one value per pool, expected to find a share `recall` of a mark's labels.

    Conformal risk control (Angelopoulos et al. 2022, arXiv 2208.02814) of the share of a mark's labels that
    is missed, over marks that have labels in the pool. With n such marks and losses of at most 1, the highest
    threshold whose mean loss R satisfies

        n / (n + 1) R + 1 / (n + 1) <= 1 - recall

    keeps the expected loss on a further mark below 1 - recall, for any n and any model, if the marks are
    exchangeable with future marks and nothing was fitted on them. Where n is too small for any such
    threshold, it is 0 and everything is suggested.

    Args:
        scores: Probabilities, shape (marks, labels).
        targets: True labels, same shape.
        pools: Pool of each label, such as its level; any integers or texts, shape (labels,). None: one pool.
        recall: The share to find, above 0 and below 1.

    Raises:
        DataError: If shapes differ, a score is outside [0, 1], or no target is true.
        OptionError: If `recall` is not between 0 and 1.
    """
    if not 0 < recall < 1:
        raise OptionError(f"recall is {recall}; expected a share between 0 and 1, such as 0.9")
    scores = as_scores(scores)
    check_scores(scores, probabilities=True)
    positives = require_positives(scores, targets)
    pool = number_groups(pools, scores.shape[1])
    cuts = np.zeros(pool.max() + 1)
    for each in np.unique(pool[positives.labels]):
        inside = pool[positives.labels] == each
        marks, labels = positives.marks[inside], positives.labels[inside]
        carried = np.bincount(marks)
        may_lose = (1 - recall) * (np.count_nonzero(carried) + 1) - 1
        order = np.argsort(scores[marks, labels], kind="stable")
        lost = np.cumsum(1 / carried[marks[order]])  # were the cut just above this positive
        first_found = int(np.searchsorted(lost, may_lose, side="right"))
        if may_lose >= 0:
            at = order[min(first_found, len(order) - 1)]
            cuts[each] = scores[marks[at], labels[at]]
    return cuts[pool]


def macro_gains(scores: Scores, k: int, *, rounds: int = 100) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and thresholds (labels,) of the rule that promises the best macro F1 with k labels for each mark.

    The rule suggests the k labels with the largest weight * (score - threshold). With P the sum of a label's calibrated
    scores, Q the number of marks that it is suggested for and T the sum of their scores, 2 T / (P + Q) is the F1 to be
    expected. Its gradient says what one more suggestion gains, so weights are 2 / (P + Q) and thresholds T / (P + Q):
    half the F1, as without a limit. Each round suggests by the gradient at the mean of earlier rounds (Frank and Wolfe
    1956; Schultheis et al. 2024, arXiv 2401.16594); the best round is returned. No targets are needed.

    Args:
        scores: Calibrated probabilities, shape (marks, labels).
        k: Suggestions for each mark.
        rounds: Most rounds.

    Raises:
        DataError: If a score is outside [0, 1].
    """
    scores = as_scores(scores)
    check_scores(scores, probabilities=True)
    labels = scores.shape[1]
    if k >= labels:
        return np.ones(labels), np.zeros(labels)
    carried = scores.sum(axis=0) + 1e-6
    suggested, right = (
        carried.copy(),
        np.einsum("ml,ml->l", scores, scores),
    )  # as if each score were a chance of suggestion
    best, reached = (np.ones(labels), np.zeros(labels)), -1.0
    for at in range(rounds):
        weights, thresholds = 2 / (carried + suggested), right / (carried + suggested)
        gains = weights * (scores - thresholds)
        chosen = np.zeros(scores.shape, dtype=bool)
        np.put_along_axis(chosen, np.argpartition(-gains, k - 1, axis=1)[:, :k], True, axis=1)
        now, hits = chosen.sum(axis=0), np.einsum("ml,ml->l", scores, chosen)
        promised = float(np.mean(2 * hits / (carried + now)))
        if promised > reached:
            best, reached = (weights, thresholds), promised
        step = 2 / (at + 3)
        suggested += step * (now - suggested)
        right += step * (hits - right)
    return best


def check_options(beta: float, floor: float = 0.0, min_positives: int = 1) -> None:
    """Raise OptionError if an option makes no sense."""
    if not (beta > 0 and np.isfinite(beta) and min_positives >= 1 and 0 <= floor <= 1):
        raise OptionError(
            f"beta is {beta}, min_positives {min_positives} and floor {floor}; "
            "expected beta above 0, min_positives of at least 1 and a floor in [0, 1]"
        )
