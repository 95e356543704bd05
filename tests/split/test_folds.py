from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score, cross_validate
from sklearn.multiclass import OneVsRestClassifier

from tests.split.test_splitting import some_marks
from tests.split.test_stratification import long_tail
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.split import MultilabelStratifiedGroupKFold, assign_folds, fold_marks, label_distribution_error


def check_folds(cv: MultilabelStratifiedGroupKFold, targets: object, groups: np.ndarray | None = None) -> np.ndarray:
    """Check that each sample is tested once and no group is torn, and return the folds."""
    count = targets.shape[0]  # type: ignore[attr-defined]
    folds = np.full(count, -1)
    parts = list(cv.split(np.zeros((count, 1)), targets, groups))
    assert len(parts) == cv.get_n_splits() == cv.n_splits
    for at, (train, test) in enumerate(parts):
        assert sorted([*train, *test]) == list(range(count))
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        if groups is not None:
            assert not set(groups[train]) & set(groups[test])
        folds[test] = at
    assert folds.min() == 0
    return folds


@pytest.mark.parametrize("seed", range(3))
def test_folds_are_even_in_labels_and_sizes(seed: int) -> None:
    targets = long_tail(1500, 60, seed=seed)
    folds = check_folds(MultilabelStratifiedGroupKFold(5, random_state=seed), targets)
    assert np.ptp(np.bincount(folds)) <= 6
    counts = np.stack([targets.toarray()[folds == fold].sum(0) for fold in range(5)])
    present = targets.toarray().sum(0)
    assert (counts[:, present >= 5] > 0).all()
    # A rarer label is in as many folds as it has marks.
    assert ((counts > 0).sum(0)[present < 5] == present[present < 5]).all()
    fifths = [0.2] * 5
    ours = label_distribution_error(targets, folds, fifths)
    other = pytest.importorskip("iterstrat.ml_stratifiers").MultilabelStratifiedKFold
    parts = other(5, shuffle=True, random_state=seed).split(np.zeros(1500), targets.toarray().astype(int))
    theirs = np.zeros(1500, dtype=int)
    for fold, (_, test) in enumerate(parts):
        theirs[test] = fold
    assert ours < label_distribution_error(targets, theirs, fifths)


def test_single_marks_of_labels_do_not_all_fall_into_one_fold() -> None:
    targets = np.eye(50, dtype=int)  # fifty labels with one mark each
    assert np.bincount(assign_folds(targets, 5)).tolist() == [10] * 5


def test_groups_stay_together_and_texts_are_groups() -> None:
    targets = long_tail(600, 20, seed=1).toarray().astype(int)
    numbers = np.random.default_rng(0).integers(150, size=600)
    texts = np.array([f"family {number}" for number in numbers])
    cv = MultilabelStratifiedGroupKFold(4)
    folds = check_folds(cv, targets, numbers)
    for held in (texts, texts.tolist(), pd.Series(texts), pl.Series(texts), texts.astype(object)):
        check_folds(cv, targets, np.array(held))
        assert len(list(cv.split(targets, targets, held))) == 4
    fractions = [0.25] * 4
    plain = np.zeros(600, dtype=int)
    parts = StratifiedGroupKFold(4, shuffle=True, random_state=0).split(targets, targets[:, 0], numbers)
    for fold, (_, test) in enumerate(parts):
        plain[test] = fold
    assert label_distribution_error(targets, folds, fractions) < label_distribution_error(targets, plain, fractions)
    # an empty text is no group
    single = assign_folds(targets, 4, groups=["same"] * 10 + [""] * 590)
    assert len(set(single[:10])) == 1
    assert len(set(single[10:])) == 4
    check_folds(cv, targets, numbers.astype(float))


def test_any_kind_of_target_gives_the_same_folds() -> None:
    targets = long_tail(200, 8, seed=2)
    dense = targets.toarray().astype(int)
    expected = assign_folds(targets, 3)
    for held in (dense, dense.astype(bool), dense.astype(float), dense.tolist(), pd.DataFrame(dense), csr_array(dense)):
        assert np.array_equal(assign_folds(held, 3), expected)
    classes = np.array(["ox", "hen", "cat"])[dense[:, 0] + dense[:, 1]]
    for held in (classes, classes.tolist(), pd.Series(classes), dense[:, 0]):
        folds = check_folds(MultilabelStratifiedGroupKFold(3), np.asarray(held))
        share = [np.mean(np.asarray(held)[folds == fold] == held[0]) for fold in range(3)]
        assert np.ptp(share) < 0.02


def test_scikit_learn_takes_it() -> None:
    random = np.random.default_rng(0)
    targets = random.random((200, 3)) < 0.3
    features = targets @ random.normal(size=(3, 5)) + random.normal(size=(200, 5))
    groups = random.integers(40, size=200)
    model, cv = OneVsRestClassifier(LogisticRegression()), MultilabelStratifiedGroupKFold(4, random_state=3)
    scores = cross_val_score(model, features, targets.astype(int), groups=groups, cv=cv, scoring="average_precision")
    assert scores.shape == (4,)
    assert scores.min() > 0.5
    search = GridSearchCV(model, {"estimator__C": [0.1, 1]}, cv=cv).fit(features, targets.astype(int), groups=groups)
    assert search.n_splits_ == 4
    with config_context(enable_metadata_routing=True):
        routed = cross_validate(model, features, targets.astype(int), cv=cv, params={"groups": groups})
    assert len(routed["test_score"]) == 4
    assert repr(clone(cv, safe=False)) == "MultilabelStratifiedGroupKFold(n_splits=4, random_state=3)"
    assert cv.set_params(n_splits=6).get_n_splits(features, targets) == 6


def test_the_seed_decides() -> None:
    targets = long_tail(300, 10, seed=0)

    def folds(state: int | np.random.RandomState | None) -> list[int]:
        return check_folds(MultilabelStratifiedGroupKFold(3, random_state=state), targets).tolist()

    assert folds(None) == folds(None) == folds(0)
    assert folds(1) != folds(0)
    assert folds(np.random.RandomState(5)) == folds(np.random.RandomState(5))
    shuffled = MultilabelStratifiedGroupKFold(3, shuffle=True)
    assert check_folds(shuffled, targets).tolist() != check_folds(shuffled, targets).tolist()
    assert check_folds(shuffled.set_params(random_state=1), targets).tolist() == folds(1)


def test_bad_folds_are_named() -> None:
    targets = np.eye(10, dtype=int)
    for folds in (1, 128, 2.5, "5"):
        with pytest.raises(OptionError, match="from 2 to 127"):
            list(MultilabelStratifiedGroupKFold(folds).split(targets, targets))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="found 2 groups for 5 subsets"):
        assign_folds(targets, 5, groups=np.arange(10) % 2)
    with pytest.raises(DataError, match="X has 9 samples, y 10"):
        list(MultilabelStratifiedGroupKFold(2).split(targets[:9], targets))
    with pytest.raises(DataError, match="y is missing"):
        list(MultilabelStratifiedGroupKFold(2).split(targets, None))
    with pytest.raises(OptionError, match="no option 'seed'; it has n_splits, shuffle, order, random_state"):
        MultilabelStratifiedGroupKFold(2).set_params(seed=1)


def test_marks_of_a_stated_test_subset_are_in_no_fold() -> None:
    marks: Marks = some_marks()
    folds = fold_marks(marks, 5)
    assert np.bincount(folds).tolist() == [40] * 5
    stated = replace(marks, splits=("train",) * 150 + ("test",) * 50, groups=("a",) * 30 + ("",) * 170)
    folds = fold_marks(stated, 5)
    assert set(folds[150:]) == {-1}
    assert len(set(folds[:30])) == 1
    assert set(folds[:150]) == set(range(5))
    with pytest.raises(DataError, match="every mark is in the test subset"):
        fold_marks(replace(marks, splits=("test",) * 200))
