from dataclasses import replace

import numpy as np
import pytest

from tests.data.test_labels import marks_of
from viennatag.data.marks import Marks
from viennatag.errors import DataError, OptionError
from viennatag.split.splitting import describe_shares, describe_taken, split_marks


def some_marks(n: int = 200) -> Marks:
    random = np.random.default_rng(0)
    return marks_of([[f"3.1.{int(random.integers(1, 6))}", f"26.4.{int(random.integers(1, 9))}"] for _ in range(n)])


def test_marks_without_a_split_are_shared_out() -> None:
    marks = some_marks()
    subsets = split_marks(marks, seed=1)
    assert np.bincount(subsets).tolist() == [160, 20, 20]
    assert np.array_equal(subsets, split_marks(marks, seed=1))
    assert not np.array_equal(subsets, split_marks(marks, seed=2))


def test_a_stated_split_is_kept() -> None:
    marks = replace(some_marks(), splits=("train",) * 150 + ("validation",) * 20 + ("test",) * 30)
    assert split_marks(marks).tolist() == [0] * 150 + [1] * 20 + [2] * 30


@pytest.mark.parametrize(
    ("splits", "counts", "told"),
    [
        (("train",) * 150 + ("test",) * 50, [133, 17, 50], "validation (17), so marks of train are"),
        (("train",) * 150 + ("validation",) * 50, [133, 50, 17], "in test (17), so marks of train are"),
        (("train",) * 200, [160, 20, 20], "in validation (20) or test (20), so marks of train are"),
        (("train",) * 100 + ("validation",) * 50 + ("test",) * 50, [100, 50, 50], ""),
        (("test",) * 200, [0, 0, 200], ""),
    ],
)
def test_subsets_that_a_table_leaves_out_are_taken_from_training(
    splits: tuple[str, ...], counts: list[int], told: str
) -> None:
    marks = replace(some_marks(), splits=splits)
    subsets = split_marks(marks)
    assert np.bincount(subsets, minlength=3).tolist() == counts
    assert told in describe_taken(marks, subsets)
    assert bool(told) == bool(describe_taken(marks, subsets))


def test_marks_left_open_go_to_the_parts_that_are_not_stated() -> None:
    subsets = split_marks(replace(some_marks(), splits=("",) * 150 + ("test",) * 50))
    assert (subsets[150:] == 2).all()
    assert set(subsets[:150]) == {0, 1}
    subsets = split_marks(replace(some_marks(), splits=("train",) * 100 + ("",) * 50 + ("test",) * 50))
    assert (subsets[100:150] == 1).all()


def test_an_incomplete_split_is_named() -> None:
    splits = ("train",) * 100 + ("validation",) * 40 + ("test",) * 40 + ("",) * 20
    with pytest.raises(DataError, match="20 of 200 marks have no split"):
        split_marks(replace(some_marks(), splits=splits))
    with pytest.raises(OptionError, match="there are 2 fractions"):
        split_marks(some_marks(), fractions=(0.9, 0.1))


def test_groups_and_images_that_look_alike_stay_together() -> None:
    marks = replace(some_marks(), groups=tuple(f"g{at // 4}" for at in range(100)) + ("",) * 100)
    hashes = np.random.default_rng(0).integers(0, 2**63, size=200, dtype=np.uint64)
    hashes[150:160] = hashes[150] ^ np.uint64(0b11)
    subsets = split_marks(marks, hashes=hashes)
    for start in range(0, 100, 4):
        assert len(set(subsets[start : start + 4])) == 1
    assert len(set(subsets[150:160])) == 1


def test_images_that_all_look_alike_can_be_split_all_the_same() -> None:
    marks = some_marks(10)
    with pytest.raises(DataError, match=r"all 10 images look alike \(1 group for 3 subsets\).*--near-duplicates none"):
        split_marks(marks, hashes=np.zeros(10, dtype=np.uint64))
    assert set(split_marks(marks)) == {0, 1, 2}


def test_groups_that_are_too_large_for_the_shares_are_told() -> None:
    marks = some_marks()
    assert not describe_shares(marks, split_marks(marks), (0.8, 0.1, 0.1))
    grouped = replace(marks, groups=tuple(f"g{at % 3}" for at in range(200)))
    told = describe_shares(grouped, split_marks(grouped), (0.8, 0.1, 0.1))
    assert told.startswith("the subsets have 3")
    assert "and not 80 / 10 / 10 %" in told
