"""Local search: improve a split by moving one unit at a time.

`cover_labels` brings every label into every subset where possible; `balance` then evens out labels and sizes.
"""

import numpy as np
from numpy.typing import NDArray

from viennatag.split.state import SplitState

_WINDOW = 16_384  # units whose gains are computed at once: few enough to stay valid while some of them move
_WINDOWS = 64  # windows to visit, or each one once if there are more
_MAX_REFUSED = 32  # refused moves in a row after which a window is left
_MIN_GAIN = 1e-9  # above rounding errors
_FORBIDDEN = 1e18
_PATIENCE = 1000  # steps without a new best
_CANDIDATES = 64  # units of a missing label that are considered in a step
_NOISE = 0.2  # probability of a random move where each move loses a label


def cover_labels(state: SplitState, rng: np.random.Generator) -> None:
    """Bring labels into subsets that require them, as far as labels do not contradict each other.

    A focused random walk (WalkSAT; Selman, Kautz and Cohen 1994): take a missing label, move the unit of it
    that loses the least elsewhere, sometimes any unit, and keep the best state.
    """
    units, labels = state.units, state.label_count
    required, held = state.required[:, :labels], state.held[:, :labels]
    # One label that every subset requires counts more than all labels that are too rare for that.
    worth = np.where(required.all(axis=0), labels + 1, 1)
    undo: list[tuple[int, int]] = []
    missing = np.argwhere(required & (held == 0))
    best = int(worth[missing[:, 1]].sum())
    for _ in range(_PATIENCE + 20 * len(missing)):
        if not len(missing) or len(undo) == _PATIENCE:
            break
        subset, label = missing[rng.integers(len(missing))]
        candidates = units.column_units[units.column_ends[label] : units.column_ends[label + 1]]
        if candidates.size > _CANDIDATES:
            candidates = rng.choice(candidates, _CANDIDATES, replace=False)
        at, owner = units.entries(candidates)
        columns = units.columns[at]
        single = columns < labels
        columns, owner = columns[single], owner[single]
        here = state.subsets[candidates][owner]
        lost = worth[columns] * (required[here, columns] & (held[here, columns] == 1))
        found = worth[columns] * (required[subset, columns] & (held[subset, columns] == 0))
        cost = np.bincount(owner, weights=lost - found, minlength=candidates.size)
        damage = np.bincount(owner, weights=lost, minlength=candidates.size)
        eligible = np.flatnonzero(cost == cost.min())
        if damage[eligible].min() > 0 and rng.random() < _NOISE:
            eligible = np.arange(candidates.size)
        unit = int(candidates[rng.choice(eligible)])
        undo.append((unit, int(state.subsets[unit])))
        state.move(unit, int(subset))
        missing = np.argwhere(required & (held == 0))
        now = int(worth[missing[:, 1]].sum())
        if now < best:
            best = now
            undo.clear()
    for unit, subset in reversed(undo):
        state.move(unit, subset)


def balance(state: SplitState) -> None:
    """Move single units while that brings labels and sizes closer to their shares.

    A window takes every n-th unit, because neighbours tend to be in the same subset.
    """
    count = state.subsets.size
    step = -(-count // _WINDOW)
    fruitless = 0
    for turn in range(max(step, _WINDOWS)):
        window = np.arange(turn % step, count, step)
        gain = find_gains(state, window).max(axis=0)
        promising = np.flatnonzero(gain > _MIN_GAIN)
        moved = refused = 0
        for unit in window[promising[np.argsort(-gain[promising], kind="stable")]]:
            now = find_gains(state, unit[None])[:, 0]
            if now.max() > _MIN_GAIN:
                state.move(unit, int(now.argmax()))
                moved += 1
                refused = 0
            else:
                refused += 1
                if refused == _MAX_REFUSED:
                    break
        fruitless = 0 if moved else fruitless + 1
        if fruitless == step:
            break


def find_gains(state: SplitState, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the gain of moving each candidate unit into each subset, shape (subsets, candidates).

    The objective to lower is the sum over subsets and columns of |marks needed| / share of the subset, which LD
    grows with, and the same for the sizes of the subsets.
    """
    units, shares = state.units, state.shares[:, None]
    at, owner = units.entries(candidates)
    columns, weights = units.columns[at], units.weights[at]
    sizes, subsets = units.sizes[candidates], state.subsets[candidates]
    here, worth = subsets[owner], state.column_weights[columns]

    def per_candidate(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(owner, weights=entries, minlength=sizes.size).astype(np.float64)  # counts if there are none

    needed = state.needed[here, columns]
    leave = worth * (np.abs(needed) - np.abs(needed + weights)) / state.shares[here]
    leave[state.required[here, columns] & (state.held[here, columns] == 1)] = -_FORBIDDEN
    room = state.room[subsets]
    shrink = state.size_weight * (np.abs(room) - np.abs(room + sizes)) / state.shares[subsets]
    needed = state.needed[:, columns]
    join = worth * (np.abs(needed) - np.abs(needed - weights)) / shares
    grow = state.size_weight * (np.abs(state.room)[:, None] - np.abs(state.room[:, None] - sizes)) / shares
    gains = per_candidate(leave) + shrink + np.stack([per_candidate(row) for row in join]) + grow
    gains[subsets, np.arange(sizes.size)] = 0
    return gains
