"""Marks whose features are made, not seen: each label adds a direction of its own, and then there is noise."""

import numpy as np

from viennatag.marks import PARTS, Marks, Taxonomy
from viennatag.training.collection import MORE, Collection

WIDTH = 24
SECTIONS = tuple(
    f"{category}.{division}.{section}" for category in (1, 2, 3) for division in (1, 3) for section in (1, 2, 4)
)


def make_collection(
    marks: int = 600, *, taxonomy: Taxonomy = "vienna", noise: float = 1.0, more: int = 0, seed: int = 0
) -> Collection:
    """Return a collection of which a third is for judging, with a long tail of 18 labels."""
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(7).normal(size=(len(SECTIONS), WIDTH))
    frequency = 0.5 * (np.arange(len(SECTIONS)) + 1.0) ** -1.4
    carries = random.random((marks + more, len(SECTIONS))) < frequency
    carries[marks:] = random.random((more, len(SECTIONS))) < 0.15
    carries[~carries.any(axis=1), 0] = True
    features = carries @ directions + noise * random.normal(size=(marks + more, WIDTH)) * 2
    names = SECTIONS if taxonomy == "vienna" else tuple(f"label {name}" for name in SECTIONS)
    parts = np.concatenate([random.choice(3, marks, p=[0.5, 0.2, 0.3]), np.full(more, MORE)]).astype(np.int8)
    count = marks + more
    table = Marks(
        taxonomy,
        images=tuple(f"{at}.png" for at in range(count)),
        codes=tuple(tuple(names[label] for label in np.flatnonzero(row)) for row in carries),
        ids=tuple(map(str, range(count))),
        groups=("",) * count,
        splits=tuple(PARTS[part] if part < MORE else "" for part in parts),
        weights=(1.0,) * count,
    )
    return Collection(table, parts, features.astype(np.float16), np.arange(count))
