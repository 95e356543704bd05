"""Cut a long-tailed training part out of a larger collection, so that every label has many test images.

A rare label of a real collection has one or two test images, which decide nothing. So the test part is drawn first,
with at least so many images of every label, and then a training part whose label frequencies fall exponentially, from
what is left (VOC-MLT and COCO-MLT: Wu et al. 2020, arXiv 2007.09654, section 4.1). Frequent labels come along with rare
ones; images of a rarer label that has enough are passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Tail:
    """What a cut asks for.

    Attributes:
        tested: Test images of each label, at least.
        most: Training images of the most frequent label, about.
        fewest: Training images of the rarest label.
        validation: Share of validation images, of those that are not test; they are as rare as the training images.
    """

    tested: int = 30
    most: int = 400
    fewest: int = 4
    validation: float = 0.2


def cut(targets: csr_array, tail: Tail, *, seed: int = 0) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """Return the subset of each image, empty for those left out, and the labels that are kept.

    A label is kept if it has enough images for its test part, its training and its validation.

    Args:
        targets: Shape (images, labels).
        tail: What is asked for.
        seed: Of the order of images and labels.
    """
    random = np.random.default_rng(seed)
    least = tail.tested + int(np.ceil(tail.fewest / (1 - tail.validation)))
    kept = np.flatnonzero(np.asarray(targets.sum(axis=0)).ravel() >= least)
    columns = targets.tocsc()[:, kept]
    counts = np.diff(columns.indptr)
    order = random.permutation(targets.shape[0])
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    subsets = np.full(targets.shape[0], "", dtype="<U10")

    def images(label: int) -> NDArray[np.intp]:
        own = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        return np.asarray(own[np.argsort(position[own])])

    rarest = np.argsort(counts, kind="stable")
    for label in rarest:  # a rare label's test images come first, and serve its other labels too
        own = images(label)
        missing = tail.tested - int(np.count_nonzero(subsets[own] == "test"))
        subsets[own[subsets[own] == ""][: max(0, missing)]] = "test"
    wanted, rank = np.empty(len(kept)), np.empty(len(kept), dtype=np.intp)
    wanted[rarest], rank[rarest] = _frequencies(len(kept), tail) / (1 - tail.validation), np.arange(len(kept))
    reached = np.zeros(len(kept))
    rows = columns.tocsr()
    for label in rarest:
        for image in images(label):
            if reached[label] >= wanted[label]:
                break
            carried = rows.indices[rows.indptr[image] : rows.indptr[image + 1]]
            rarer = carried[rank[carried] < rank[label]]
            if subsets[image] == "" and np.all(reached[rarer] < wanted[rarer]):
                subsets[image] = "validation" if random.random() < tail.validation else "train"
                reached[carried] += 1
    for label in rarest:  # chance must not leave a rare label without training images
        own = images(label)
        missing = tail.fewest - int(np.count_nonzero(subsets[own] == "train"))
        subsets[own[np.isin(subsets[own], ("validation", ""))][: max(0, missing)]] = "train"
    return subsets, kept


def _frequencies(labels: int, tail: Tail) -> NDArray[np.float64]:
    """Return the wanted training images of each label, the rarest first."""
    share = np.arange(labels) / max(1, labels - 1)
    return np.asarray(tail.fewest * (tail.most / tail.fewest) ** share)


def restricted(codes: Sequence[Sequence[str]], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the codes of each image that are among some names."""
    known = set(names)
    return tuple(tuple(code for code in each if code in known) for each in codes)
