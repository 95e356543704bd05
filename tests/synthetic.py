"""Marks whose features are made, not seen: each label adds a direction of its own, and then there is noise.

Their maps have four places, and a label's direction is at one of them only.
"""

import numpy as np

from viennatag.data.marks import SUBSETS, Marks
from viennatag.data.taxonomy import Taxonomy
from viennatag.training.data.collection import EXTRA, Collection

WIDTH, PLACES = 24, 4
SECTIONS = tuple(
    f"{category}.{division}.{section}" for category in (1, 2, 3) for division in (1, 3) for section in (1, 2, 4)
)


def make_collection(
    marks: int = 600,
    *,
    taxonomy: Taxonomy = "vienna",
    noise: float = 1.0,
    more: int = 0,
    maps: bool = False,
    seed: int = 0,
) -> Collection:
    """Return a collection of which a third is for judging, with a long tail of 18 labels; with maps if asked for."""
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(7).normal(size=(len(SECTIONS), WIDTH))
    frequency = 0.5 * (np.arange(len(SECTIONS)) + 1.0) ** -1.4
    carries = random.random((marks + more, len(SECTIONS))) < frequency
    carries[marks:] = random.random((more, len(SECTIONS))) < 0.15
    carries[~carries.any(axis=1), 0] = True
    features = carries @ directions + noise * random.normal(size=(marks + more, WIDTH)) * 2
    names = SECTIONS if taxonomy == "vienna" else tuple(f"label {name}" for name in SECTIONS)
    subsets = np.concatenate([random.choice(3, marks, p=[0.5, 0.2, 0.3]), np.full(more, EXTRA)]).astype(np.int8)
    count = marks + more
    table = Marks(
        taxonomy,
        images=tuple(f"{at}.png" for at in range(count)),
        codes=tuple(tuple(names[label] for label in np.flatnonzero(row)) for row in carries),
        ids=tuple(map(str, range(count))),
        groups=("",) * count,
        splits=tuple(SUBSETS[part] if part < EXTRA else "" for part in subsets),
        weights=(1.0,) * count,
    )
    if not maps:
        return Collection(table, subsets, features.astype(np.float16), np.arange(count))
    stored = np.repeat((features - carries @ directions)[:, None], PLACES, axis=1)
    stored += noise * random.normal(size=stored.shape)
    where = np.eye(PLACES)[random.integers(PLACES, size=carries.shape)] * carries[..., None]  # (marks, labels, places)
    stored += PLACES * np.einsum("mlp,lw->mpw", where, directions)
    kept = stored.astype(np.float16)
    return Collection(table, subsets, kept.mean(axis=1, dtype=np.float32).astype(np.float16), np.arange(count), kept)
