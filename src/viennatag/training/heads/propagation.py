"""Tag propagation: labels are taken over from the most similar marks, with a learned weight for each label."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from viennatag.calibration.platt import fit_platt
from viennatag.errors import DataError, OptionError
from viennatag.metrics.scores import as_targets
from viennatag.training.data.examples import Examples
from viennatag.training.heads.exported import PropagationHead
from viennatag.training.heads.kernel import Support, frequency_offset, rare_first

if TYPE_CHECKING:
    from torch import Tensor

_ROWS = 512
"""Marks whose similarities are computed at a time."""


@dataclass(frozen=True)
class TagPropagation:
    """A vote of the most similar marks, turned into a probability by a logistic function of each label.

    TagProp in its variant with one distance and label-specific logistic functions (Guillaumin et al. 2009, section
    3.3): the k nearest marks vote with weights exp((s - s₁) / temperature), s being the cosine between standardised
    features; the log-odds of label w are `slope_w * share_w + intercept_w`. A rare label has a small share even on its
    own marks, and gets a steep slope. Slopes, intercepts and the temperature are learned on votes in which no mark
    votes for itself. Slopes and intercepts are drawn towards those of all labels, the more the fewer marks a label
    has, as in `fit_platt`. Of a large collection the marks of rare labels come first, so that frequent labels do not
    outnumber them, the aim of the first pass of 2PKNN (Verma and Jawahar 2012).

    Attributes:
        k: Marks that vote.
        temperatures: Similarities within which votes fall by a factor e, to choose from.
        smoothing: Weight of the prior, in marks at the nearest distance.
        max_marks: At most this many marks vote; they are part of a bundle's graph.
    """

    k: int = 200
    temperatures: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4)
    smoothing: float = 0.1
    max_marks: int = 4_000
    reads_feature_maps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        least = min((self.k, self.smoothing, self.max_marks, *self.temperatures))
        if not self.temperatures or not least > 0:
            raise OptionError(f"tag propagation cannot work with {self}; expected positive numbers")

    def fit(self, train: Examples, *, mean: "Tensor", scale: "Tensor", seed: int = 0) -> PropagationHead:
        """Return a head over these marks; a mark on which a label is unknown has no vote for it.

        The arguments are those of `Neighbours.fit`.

        Raises:
            DataError: If no mark carries a label, or there is one mark only.
        """
        if not train.counts().any() or len(train) < 2:
            raise DataError("no mark carries a label, or there is one mark only, so there is nothing to learn")
        chosen = rare_first(as_targets(train.targets), self.max_marks, seed)
        support = Support.of(train, chosen, mean, scale)
        truth, hidden = support.targets.astype(np.float32), support.unknown
        marks = len(truth) + 1 - (0 if hidden is None else hidden.sum(axis=0))
        prior = ((truth.sum(axis=0) + 0.5) / marks).astype(np.float32)
        known = truth if hidden is None else np.where(hidden, np.float32(-1), truth)
        best = -np.inf
        for tried in self.temperatures:
            shares = self._left_out_shares(support.vectors, truth, hidden, prior, tried)
            found = fit_platt(shares, known)
            likelihood = _log_likelihood(shares * found.slope + found.intercept, known)
            if likelihood > best:
                best, temperature, learned = likelihood, tried, found
        return PropagationHead(
            mean=support.mean,
            scale=support.scale,
            support=support.vectors.astype(np.float16),
            targets=truth.astype(np.uint8),
            prior=prior,
            k=min(self.k, len(truth)),
            temperature=temperature,
            smoothing=self.smoothing,
            unknown=None if hidden is None else hidden.astype(np.uint8),
            slope=learned.slope.astype(np.float32),
            intercept=(learned.intercept + frequency_offset(train.targets, prior)).astype(np.float32),
        )

    def _left_out_shares(
        self,
        support: NDArray[np.float32],
        truth: NDArray[np.float32],
        hidden: NDArray[np.bool_] | None,
        prior: NDArray[np.float32],
        temperature: float,
    ) -> NDArray[np.float32]:
        """Return the share of votes for each label on each mark, without its own vote; shape (marks, labels)."""
        shares = np.empty_like(truth)
        voters = min(self.k, len(support) - 1)
        for start in range(0, len(support), _ROWS):
            block = slice(start, start + _ROWS)
            similar = support[block] @ support.T
            similar[np.arange(len(similar)), np.arange(start, start + len(similar))] = -np.inf
            last = np.partition(similar, -voters, axis=1)[:, -voters, None]
            first = similar.max(axis=1, keepdims=True)
            weights = np.where(similar >= last, np.exp((similar - first) / np.float32(temperature)), np.float32(0))
            all_votes = weights.sum(axis=1, keepdims=True)
            if hidden is not None:
                all_votes = all_votes - weights @ hidden.astype(np.float32)
            shares[block] = (weights @ truth + self.smoothing * prior) / (np.maximum(all_votes, 0) + self.smoothing)
        return shares


def _log_likelihood(log_odds: NDArray[np.floating[Any]], targets: NDArray[np.float32]) -> float:
    """Return the mean logarithm of the probability of the known targets."""
    signed = np.where(targets > 0, log_odds, -log_odds)
    return float(-np.logaddexp(0, -signed)[targets >= 0].mean())
