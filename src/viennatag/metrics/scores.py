"""Scores and targets: what the arrays are, and the check that all users of them share.

People hold them in NumPy, pandas, polars, torch or lists, and targets as booleans or as 0 and 1. All of these are
taken; inside the package scores are floats and targets are booleans. A target that nobody knows is -1, NaN, or masked
in a masked array; inside the package it is -1 in an array of int8, and it counts in no figure.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from viennatag.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Scores: TypeAlias = NDArray[np.floating[Any]]
Targets: TypeAlias = "NDArray[np.bool_] | csr_array"
Rows: TypeAlias = "slice | NDArray[np.intp]"
ArrayData: TypeAlias = Any
"""A NumPy array, a data frame of pandas or polars, a torch tensor, or nested lists."""


def plain_array(values: ArrayData) -> NDArray[Any]:
    """Return values as a NumPy array; an array is returned as it is.

    Raises:
        DataError: If rows differ in length.
    """
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "detach"):  # a torch tensor, maybe of a type that NumPy does not have
        values = values.detach().cpu()
        return np.asarray(values.float() if "bfloat16" in str(values.dtype) else values)
    if hasattr(values, "to_numpy"):
        return np.asarray(values.to_numpy())
    try:
        return np.asarray(values)
    except ValueError as exc:
        raise DataError("rows differ in length; expected one row per mark and one column per label") from exc


def as_scores(scores: ArrayData, beside: ArrayData | None = None) -> Scores:
    """Return scores, or logits, as an array of floats; an array of floats is returned as it is.

    Args:
        scores: The scores.
        beside: The targets that they are compared with, maybe a data frame too.

    Raises:
        DataError: If they are no numbers, or the data frames name the same columns or rows in another order.
    """
    for what in ("columns", "index"):
        one, other = (getattr(each, what, None) if hasattr(each, "columns") else None for each in (scores, beside))
        if one is None or other is None or list(one) == list(other):
            continue
        if sorted(map(str, one)) == sorted(map(str, other)):
            order = "targets.loc[scores.index]" if what == "index" else "targets[scores.columns]"
            raise DataError(f"scores and targets have the same {what} in another order; give {order}")
    found = plain_array(scores)
    if found.dtype.kind == "f":
        return found
    try:
        return found.astype(np.float64)
    except (TypeError, ValueError) as exc:
        raise DataError(f"scores are {found.dtype}; expected numbers") from exc


@overload
def as_targets(targets: NDArray[Any]) -> NDArray[np.bool_]: ...
@overload
def as_targets(targets: ArrayData) -> Any: ...
def as_targets(targets: ArrayData) -> Targets:
    """Return which targets are positive, dense or sparse as they are given; booleans are returned as they are.

    Unknown targets are not positive; `find_unknown` says which they are.

    Raises:
        DataError: If a value is neither 0, 1 nor unknown.
    """
    if hasattr(targets, "tocsr"):
        if targets.dtype == np.bool_:
            return targets
        _check_targets(targets.data)
        return targets.tocsr() > 0
    found = _plain_targets(targets)
    return found if found.dtype == np.bool_ else found > 0


@overload
def find_unknown(targets: NDArray[Any]) -> NDArray[np.bool_] | None: ...
@overload
def find_unknown(targets: ArrayData) -> Any: ...
def find_unknown(targets: ArrayData) -> "Targets | None":
    """Return which targets are unknown, dense or sparse as they are given; None if all are known.

    Raises:
        DataError: If a value is neither 0, 1 nor unknown.
    """
    if hasattr(targets, "tocsr"):
        if targets.dtype == np.bool_:
            return None
        _check_targets(targets.data)
        rows = targets.tocsr().copy()
        rows.data = ~(rows.data >= 0)  # NaN is found here too
        rows.eliminate_zeros()
        return rows if rows.nnz else None
    found = _plain_targets(targets)
    if found.dtype == np.bool_:
        return None
    unknown = ~(found >= 0)
    return unknown if unknown.any() else None


def dense_unknown(targets: ArrayData) -> NDArray[np.bool_] | None:
    """Return which targets are unknown as a dense array, None if all are known; see `find_unknown`."""
    unknown = find_unknown(targets)
    return unknown if unknown is None or isinstance(unknown, np.ndarray) else unknown.toarray()


def known_counts(targets: Targets) -> int | NDArray[np.int64]:
    """Return the number of marks, or, where targets are unknown, the marks on which each label is known, (labels,)."""
    unknown = find_unknown(targets)
    if unknown is None:
        return int(targets.shape[0])
    counts: NDArray[np.int64] = targets.shape[0] - np.asarray(unknown.sum(axis=0), dtype=np.int64).ravel()
    return counts


def known_marks(targets: Targets) -> NDArray[np.int64]:
    """Return the number of marks on which each label is known, shape (labels,)."""
    return np.broadcast_to(np.asarray(known_counts(targets)), targets.shape[1:])


def hide_unknown(scores: Scores, targets: ArrayData) -> Scores:
    """Return scores that are minus infinity where the target is unknown, so that no such pair ranks above any other."""
    unknown = find_unknown(targets)
    if unknown is None or unknown.shape != scores.shape:
        return scores
    hidden = scores.copy()
    hidden[unknown.nonzero()] = -np.inf
    return hidden


def known_blocks(targets: Targets) -> "Iterator[tuple[Rows, Rows]]":
    """Yield marks and labels, block by block, so that every target of a block is known and every label is in one.

    Where all targets are known there is one block with everything.
    """
    unknown = dense_unknown(targets)
    if unknown is None:
        yield slice(None), slice(None)
        return
    patterns, block = np.unique(unknown, axis=1, return_inverse=True)
    for at, pattern in enumerate(patterns.T):
        yield np.flatnonzero(~pattern), np.flatnonzero(block == at)


def _plain_targets(targets: ArrayData) -> NDArray[Any]:
    """Return checked targets as booleans or as numbers of which those below 0 and NaN are unknown."""
    found = plain_array(targets)
    if isinstance(found, np.ma.MaskedArray):
        found = np.where(np.ma.getmaskarray(found), np.nan, np.ma.getdata(found))
    if found.dtype == np.bool_:
        return found
    if found.dtype.kind not in "iuf":
        try:
            found = found.astype(np.float64)
        except (TypeError, ValueError) as exc:
            raise DataError(
                f"targets are {found.dtype}; expected one column of 0 and 1 per label, "
                "as sklearn.preprocessing.MultiLabelBinarizer makes of names"
            ) from exc
    _check_targets(found)
    return found


def _check_targets(values: NDArray[Any]) -> None:
    bad = np.argwhere((values != 0) & (values != 1) & (values != -1) & ~np.isnan(values))
    if len(bad):
        at = tuple(bad[0].tolist())
        place = f" at row {at[0]}, column {at[1]}" if len(at) == 2 else ""
        raise DataError(f"targets hold {values[at]}{place}; every value must be 0 or 1, or -1 or NaN where unknown")
    if values.ndim == 2 and values.shape[0] > 1 and (values == -1).any() and not (values == 0).any():
        raise DataError("targets hold -1 and never 0; -1 means that a label is unknown, so write 0 where it is absent")


def check_scores(scores: Scores, *, probabilities: bool = False) -> None:
    """Check that scores are floats without NaN, and in [0, 1] if they must be probabilities.

    Raises:
        DataError: If they are not.
    """
    if not (isinstance(scores, np.ndarray) and np.issubdtype(scores.dtype, np.floating)):
        kind = getattr(scores, "dtype", type(scores).__name__)
        raise DataError(f"scores are {kind}; expected an array of floats")
    if scores.size == 0:
        return
    low, high = scores.min(), scores.max()  # NaN if any score is
    if np.isnan(low):
        raise DataError(f"{int(np.isnan(scores).sum()):,} of {scores.size:,} scores are NaN; a NaN has no rank")
    if probabilities and not (low >= 0 and high <= 1):
        raise DataError(
            f"scores run from {low:.4g} to {high:.4g}; expected probabilities in [0, 1], so calibrate logits first"
        )
