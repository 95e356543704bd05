import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viennatag.data.labels import OTHER, LabelSet
from viennatag.data.marks import Marks, marks_from_dataframe
from viennatag.data.taxonomy import Taxonomy
from viennatag.errors import DataError, OptionError
from viennatag.vienna.codes import parse_code


def marks_of(rows: list[list[str]], taxonomy: Taxonomy = "vienna") -> Marks:
    n = len(rows)
    names = tuple(f"{at}.png" for at in range(n))
    return Marks(taxonomy, names, tuple(map(tuple, rows)), names, ("",) * n, ("",) * n, (1.0,) * n)


codes = st.builds("{}.{}.{}".format, st.integers(1, 4), st.integers(1, 3), st.integers(1, 5))
tables = st.lists(st.lists(codes, min_size=1, max_size=4), min_size=1, max_size=30)


def test_ancestors_are_labels_of_their_own() -> None:
    labels = LabelSet.from_marks(marks_of([["3.1.6"], ["3.1.8", "27.5.1"]]))
    assert labels.names == ("3", "3.1", "3.1.6", "3.1.8", "27", "27.5", "27.5.1")
    assert labels.parents.tolist() == [-1, 0, 1, 1, -1, 4, 5]
    assert labels.levels[:3] == ("category", "division", "section")
    assert labels.path(3) == (0, 1, 3)
    assert labels.is_pictorial.tolist() == [True] * 4 + [False] * 3
    assert labels.encode([["3.1.8"]]).toarray().tolist() == [[True, True, False, True, False, False, False]]


def test_rare_sections_count_for_their_parent() -> None:
    labels = LabelSet.from_marks(marks_of([["3.1.6"], ["3.1.6"], ["3.1.8"], ["5.5.1"]]), min_count=2)
    assert labels.names == ("3", "3.1", "3.1.6", "5")
    assert labels.encode([["3.1.8"], ["5.5.1"], ["7.1.1"]]).toarray().tolist() == [
        [True, True, False, False],
        [False, False, False, True],
        [False] * 4,
    ]


def test_a_label_hangs_below_its_nearest_ancestor_in_the_set() -> None:
    assert LabelSet("vienna", ("3", "3.1.6")).parents.tolist() == [-1, 0]


def test_flat_labels_have_no_tree_and_rare_ones_become_other() -> None:
    table = marks_of([["b"], ["b", "a 1.2"], ["c"]], "flat")
    assert LabelSet.from_marks(table).names == ("a 1.2", "b", "c")
    rolled = LabelSet.from_marks(table, min_count=2)
    assert rolled.names == (OTHER, "b")
    assert rolled.parents.tolist() == [-1, -1]
    assert rolled.encode([["c"], ["b", "unheard of"]]).toarray().tolist() == [[True, False], [True, True]]


def test_a_label_called_other_is_not_mixed_with_rare_ones() -> None:
    table = marks_of([["other"], ["other"], ["a"], ["b"]], "flat")
    labels = LabelSet.from_marks(table, min_count=2)
    assert labels.names == (OTHER, "other")
    assert labels.encode(table.codes).sum(axis=0).tolist() == [2, 2]
    with pytest.raises(DataError, match="stands for all rare labels; rename it"):
        LabelSet.from_marks(marks_of([[OTHER], ["a"], ["a"]], "flat"), min_count=2)


def test_mistakes_are_named() -> None:
    with pytest.raises(OptionError, match="min_count is 0"):
        LabelSet.from_marks(marks_of([["3.1.6"]]), min_count=0)
    with pytest.raises(DataError, match="nothing to learn"):
        LabelSet.from_marks(marks_of([[]], "flat"))
    with pytest.raises(DataError, match="twice"):
        LabelSet("vienna", ("3", "3"))


@given(tables, st.integers(1, 4))
def test_targets_are_closed_and_lose_no_category(rows: list[list[str]], min_count: int) -> None:
    labels = LabelSet.from_marks(marks_of(rows), min_count=min_count)
    targets = labels.encode(rows).toarray()
    child = np.flatnonzero(labels.parents >= 0)
    assert np.all(targets[:, labels.parents[child]] >= targets[:, child])
    assert list(labels.names) == sorted(labels.names, key=parse_code)
    for row, truth in zip(rows, targets, strict=True):
        assert {code.split(".")[0] for code in row} == {
            labels.names[at] for at in np.flatnonzero(truth) if "." not in labels.names[at]
        }
    counts = targets.sum(axis=0)
    assert all(count >= min_count for name, count in zip(labels.names, counts, strict=True) if "." in name)


def test_unknown_codes_leave_their_ancestors_open_and_what_is_below_them() -> None:
    labels = LabelSet("vienna", ("3", "3.1", "3.1.6", "3.1.8", "5", "5.3"))
    targets = labels.encode([["3.1.8"], ["5"], [], ["5.3"]], [["3.1.6"], ["3.1"], ["5.3.99"], []]).toarray()
    assert targets.tolist() == [
        [1, 1, -1, 1, 0, 0],
        [-1, -1, -1, -1, 1, 0],
        [0, 0, 0, 0, -1, -1],
        [0, 0, 0, 0, 1, 1],
    ]


def test_where_nothing_is_unknown_targets_are_what_they_were() -> None:
    labels = LabelSet("flat", ("(rare labels)", "cat"))
    assert labels.encode([["cat"], []], [[], []]).dtype == bool
    assert labels.encode([["cat"], []], [["cat"], []]).dtype == bool  # it is present, so it is known
    assert labels.encode([["cat"], []], [["hen"], []]).toarray().tolist() == [[-1, 1], [0, 0]]
    assert LabelSet("flat", ("cat",)).encode([["cat"]], [["hen"]]).dtype == bool


def test_rare_labels_alone_are_nothing_to_learn() -> None:
    rows = [{"image": f"{at}.png", "labels": ("cat", "dog", "dog")[at % 3]} for at in range(12)]
    marks = marks_from_dataframe(rows, taxonomy="flat")
    with pytest.raises(DataError, match=r"no label is on 10 marks or more; the most frequent is 'dog', on 8") as caught:
        LabelSet.from_marks(marks, min_count=10)
    assert "min_count" in str(caught.value)
    assert LabelSet.from_marks(marks, min_count=8).names == (OTHER, "dog")
