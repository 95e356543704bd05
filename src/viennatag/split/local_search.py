"""Make a split better by moving one unit at a time.

`repair` puts every label into every part, as far as it can; `polish` then evens out labels and sizes.
"""

import numpy as np
from numpy.typing import NDArray

from viennatag.split.state import State

_POLISH_WINDOW = 16_384  # units whose gains are computed at once: few enough to stay true while some of them move
_POLISH_WINDOWS = 64  # looked at, or all of them once if there are more
_STALE = 32  # moves in a row that no longer pay before the window is left
_PAYS = 1e-9  # a gain above rounding errors
_NEVER = 1e18
_REPAIR_PATIENCE = 1000  # steps without a new best
_REPAIR_CANDIDATES = 64  # units of a missing label that are considered in a step
_REPAIR_NOISE = 0.2  # how often a move that does damage is replaced by any other


def repair(state: State, rng: np.random.Generator) -> None:
    """Put labels into parts that must hold them, as far as labels do not contradict each other.

    A focused random walk (WalkSAT; Selman, Kautz and Cohen 1994): take a missing label, move in
    the unit of it that takes the least away elsewhere, now and then any; keep the best state met.
    """
    units, labels = state.units, state.label_count
    must, held = state.must_hold[:, :labels], state.held[:, :labels]
    # One label that belongs into every part counts for more than all those too rare for that.
    worth = np.where(must.all(axis=0), labels + 1, 1)
    undo: list[tuple[int, int]] = []
    missing = np.argwhere(must & (held == 0))
    best = int(worth[missing[:, 1]].sum())
    for _ in range(_REPAIR_PATIENCE + 20 * len(missing)):
        if not len(missing) or len(undo) == _REPAIR_PATIENCE:
            break
        part, label = missing[rng.integers(len(missing))]
        candidates = units.column_units[units.column_ends[label] : units.column_ends[label + 1]]
        if candidates.size > _REPAIR_CANDIDATES:
            candidates = rng.choice(candidates, _REPAIR_CANDIDATES, replace=False)
        at, owner = units.entries(candidates)
        columns = units.columns[at]
        single = columns < labels
        columns, owner = columns[single], owner[single]
        here = state.parts[candidates][owner]
        lost = worth[columns] * (must[here, columns] & (held[here, columns] == 1))
        found = worth[columns] * (must[part, columns] & (held[part, columns] == 0))
        cost = np.bincount(owner, weights=lost - found, minlength=candidates.size)
        damage = np.bincount(owner, weights=lost, minlength=candidates.size)
        eligible = np.flatnonzero(cost == cost.min())
        if damage[eligible].min() > 0 and rng.random() < _REPAIR_NOISE:
            eligible = np.arange(candidates.size)
        unit = int(candidates[rng.choice(eligible)])
        undo.append((unit, int(state.parts[unit])))
        state.move(unit, int(part))
        missing = np.argwhere(must & (held == 0))
        now = int(worth[missing[:, 1]].sum())
        if now < best:
            best = now
            undo.clear()
    for unit, part in reversed(undo):
        state.move(unit, part)


def polish(state: State) -> None:
    """Move single units while that brings labels and sizes nearer to what was asked.

    Units are looked at in windows that run through all of them in steps, as neighbours tend to be
    in the same part.
    """
    count = state.parts.size
    step = -(-count // _POLISH_WINDOW)
    fruitless = 0
    for turn in range(max(step, _POLISH_WINDOWS)):
        window = np.arange(turn % step, count, step)
        gain = gains(state, window).max(axis=0)
        promising = np.flatnonzero(gain > _PAYS)
        moved = refused = 0
        for unit in window[promising[np.argsort(-gain[promising], kind="stable")]]:
            now = gains(state, unit[None])[:, 0]
            if now.max() > _PAYS:
                state.move(unit, int(now.argmax()))
                moved += 1
                refused = 0
            else:
                refused += 1
                if refused == _STALE:
                    break
        fruitless = 0 if moved else fruitless + 1
        if fruitless == step:
            break


def gains(state: State, candidates: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much it would help to move each candidate into each part, shape (parts, candidates).

    What a move should lower is the sum over parts and columns of |marks wanted| / share of the
    part, which is what LD grows with, and the same for the sizes of the parts.
    """
    units, shares = state.units, state.shares[:, None]
    at, owner = units.entries(candidates)
    columns, weights = units.columns[at], units.weights[at]
    sizes, parts = units.sizes[candidates], state.parts[candidates]
    here, worth = parts[owner], state.worth[columns]

    def per_candidate(entries: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(owner, weights=entries, minlength=sizes.size).astype(np.float64)  # counts if there are none

    wanted = state.wanted[here, columns]
    leave = worth * (np.abs(wanted) - np.abs(wanted + weights)) / state.shares[here]
    leave[state.must_hold[here, columns] & (state.held[here, columns] == 1)] = -_NEVER
    room = state.room[parts]
    shrink = state.size_worth * (np.abs(room) - np.abs(room + sizes)) / state.shares[parts]
    wanted = state.wanted[:, columns]
    join = worth * (np.abs(wanted) - np.abs(wanted - weights)) / shares
    grow = state.size_worth * (np.abs(state.room)[:, None] - np.abs(state.room[:, None] - sizes)) / shares
    gains = per_candidate(leave) + shrink + np.stack([per_candidate(row) for row in join]) + grow
    gains[parts, np.arange(sizes.size)] = 0
    return gains
