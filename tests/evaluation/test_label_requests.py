import csv
import io

import numpy as np
import pytest

from viennatag.errors import DataError, OptionError
from viennatag.evaluation.label_requests import suggest_labels


def pool(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of a frequent and two rare labels, and features."""
    random = np.random.default_rng(seed)
    scores = random.random((n, 3)) * [1.0, 0.1, 0.1]
    scores[:20, 1] = 0.6
    scores[20:40, 2] = 0.6
    return scores, random.normal(size=(n, 16))


def test_rare_labels_come_first_and_take_turns() -> None:
    scores, features = pool()
    found = suggest_labels(scores, features, [5000, 10, 10], count=30)
    assert set(found.rows) <= set(range(40))
    assert abs(int((found.rows < 20).sum()) - 15) <= 3
    assert set(found.labels) == {1, 2}
    assert found.worth[0] == found.worth.max()
    assert (found.scores == 0.6).all()


def test_a_label_that_has_enough_is_not_asked_for() -> None:
    scores, features = pool()
    found = suggest_labels(scores, features, [5000, 100, 10], count=30)
    assert set(found.labels) == {2}
    assert set(suggest_labels(scores, features, [5000, 100, 10], count=30, enough=2000).labels) == {1, 2}


def test_of_look_alikes_one_is_chosen_and_kinds_are_mixed() -> None:
    scores, features = pool()
    hashes = np.random.default_rng(1).integers(2**63, size=300, dtype=np.uint64)
    hashes[:20] = hashes[0]
    found = suggest_labels(scores, features, [5000, 10, 10], count=30, hashes=hashes)
    assert sum(row < 20 for row in found.rows) == 1
    features[:19] = features[0]  # different files of one look
    found = suggest_labels(scores, features, [5000, 10, 1000], count=2)
    assert set(found.rows) == {int(found.rows[0]), 19}


def test_a_pool_that_is_too_small_is_asked_for_as_a_whole() -> None:
    scores, features = pool(20)
    found = suggest_labels(scores, features, [1, 1, 1], count=500)
    assert sorted(found.rows) == list(range(20))


def test_the_table_is_a_marks_table_to_fill_in() -> None:
    scores, features = pool()
    names = [f"{at}.png" for at in range(300)]
    found = suggest_labels(scores, features, [500, 1, 1], count=5, names=["dog", "ox", "hen"], images=names)
    file = io.StringIO()
    found.write(file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert [row["image"] for row in rows] == [f"{row}.png" for row in found.rows]
    assert {row["codes"] for row in rows} == {""}
    assert {row["aimed_at"] for row in rows} == {"ox", "hen"}
    assert found.to_dataframe()["rank"].tolist() == [1, 2, 3, 4, 5]
    assert repr(found) == "LabelRequests(5 images for 2 labels)"


def test_bad_input_is_named() -> None:
    scores, features = pool(20)
    with pytest.raises(OptionError, match="count is 0"):
        suggest_labels(scores, features, [1, 1, 1], count=0)
    with pytest.raises(DataError, match=r"train_counts \(2,\)"):
        suggest_labels(scores, features, [1, 1])
    with pytest.raises(DataError, match="probabilities"):
        suggest_labels(scores * 3, features, [1, 1, 1])
