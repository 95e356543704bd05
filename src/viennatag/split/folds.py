"""Folds: every mark is tested once, every label is shared out evenly, and marks of a group stay together."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viennatag.data.labels import LabelSet
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.metrics.results import Parameters
from viennatag.metrics.scores import ArrayData, as_targets, plain_array
from viennatag.split.splitting import MAX_DISTANCE, mark_groups
from viennatag.split.stratification import stratify

MAX_FOLDS = 127


def assign_folds(
    targets: ArrayData, folds: int = 5, *, groups: ArrayData | None = None, order: int = 1, seed: int = 0
) -> NDArray[np.int8]:
    """Return the fold of each mark, 0 to folds - 1; shape (marks,).

    As `stratify` with equal fractions, with one difference: a label with fewer groups than folds is spread over as
    many folds as it has groups, instead of being kept for the first.

    Args:
        targets: As in `stratify`.
        folds: 2 to 127.
        groups: As in `stratify`.
        order: As in `stratify`.
        seed: Same seed, same folds.

    Raises:
        DataError: As `stratify`.
        OptionError: If `folds`, `order` or `seed` make no sense.
        MissingExtraError: If SciPy is not installed.
    """
    if not isinstance(folds, (int, np.integer)) or not 2 <= folds <= MAX_FOLDS:
        raise OptionError(f"folds are {folds!r}; expected a whole number from 2 to {MAX_FOLDS}")
    shares = (1 / folds,) * int(folds)
    return stratify(targets, fractions=shares, groups=groups, order=order, seed=seed, first_has_all=False)


def fold_marks(
    marks: Marks,
    folds: int = 5,
    *,
    hashes: NDArray[np.uint64] | None = None,
    max_distance: int = MAX_DISTANCE,
    order: int = 1,
    seed: int = 0,
) -> NDArray[np.int8]:
    """Return the fold of each mark, -1 for a mark that its table states to be in test; shape (marks,).

    Args:
        marks: The marks. Those of a stated test subset are in no fold, so that they stay unseen to the end.
        folds: 2 to 127.
        hashes: Perceptual hash of each mark's image, shape (marks,); marks that look alike then stay together.
        max_distance: See `split_marks`.
        order: See `stratify`.
        seed: See `stratify`.

    Raises:
        DataError: If all marks are in test, or there are fewer groups of marks than folds.
        OptionError: If `folds` makes no sense.
    """
    rows = np.array([at for at, split in enumerate(marks.splits) if split != "test"], dtype=np.intp)
    if not len(rows):
        raise DataError("every mark is in the test subset, so none is left for folds; leave the column `split` out")
    chosen = marks.select(rows)
    found = np.full(len(marks), -1, dtype=np.int8)
    found[rows] = assign_folds(
        LabelSet.from_marks(chosen).encode(chosen.codes),
        folds,
        groups=mark_groups(chosen, None if hashes is None else hashes[rows], max_distance=max_distance),
        order=order,
        seed=seed,
    )
    return found


class MultilabelStratifiedGroupKFold(Parameters):
    """Cross-validation folds for scikit-learn that keep the shares of labels, and groups together.

    Scikit-learn's own `StratifiedGroupKFold` takes one class per sample, and no splitter of it takes many labels. The
    folds are those of `assign_folds`. It needs no scikit-learn itself.

    Example:
        folds = MultilabelStratifiedGroupKFold(5)
        cross_val_score(model, x, y, groups=groups, cv=folds)
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        order: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        """Keep the options.

        Args:
            n_splits: Number of folds, 2 to 127.
            shuffle: Whether `split` gives other folds each time where there is no `random_state`.
            order: 1 keeps the shares of labels, 2 also those of pairs of labels (slower).
            random_state: An integer, or a random state of NumPy to draw one from. None is 0 without `shuffle`.
        """
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.order = order
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: N803 - scikit-learn's name
        """Return the number of folds."""
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:  # noqa: N803
        """Yield the rows to train on and the rows to test on, both ascending, for each fold.

        Args:
            X: Anything with one entry per sample; only their number matters.
            y: 0 and 1 of shape (samples, labels), dense, sparse or a data frame; or one class per sample, (samples,).
            groups: Integers or texts of shape (samples,); samples of a group stay together. None: no groups.

        Raises:
            DataError: If `y` or `groups` cannot be used, or there are fewer groups than folds.
            OptionError: If an option makes no sense.
        """
        targets = _as_labels(y)
        count = X.shape[0] if hasattr(X, "shape") else len(X)
        if count != targets.shape[0]:
            raise DataError(f"X has {count:,} samples, y {targets.shape[0]:,}; they must match")
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = int(seed.randint(2**31))
        elif seed is None and self.shuffle:
            seed = int(np.random.default_rng().integers(2**31))
        folds = assign_folds(targets, self.n_splits, groups=groups, order=self.order, seed=seed or 0)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)

    def get_metadata_routing(self) -> Any:
        """Return what scikit-learn routes to `split`, which is the groups."""
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=self)
        request.split.add_request(param="groups", alias=True)
        return request


def _as_labels(y: ArrayData) -> Any:
    """Return targets (samples, labels); of one class per sample, each class is a label."""
    if y is None:
        raise DataError("y is missing; folds are stratified by it")
    found = y if hasattr(y, "tocsr") else plain_array(y)
    if found.ndim == 1 and found.dtype.kind != "O":
        return found[:, None] == np.unique(found)
    if found.ndim == 1 and all(isinstance(each, str) for each in found):
        return found[:, None] == np.unique(found.astype(str))
    return as_targets(found)
