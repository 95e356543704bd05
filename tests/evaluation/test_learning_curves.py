import numpy as np
import pytest

from viennatag.errors import DataError, OptionError
from viennatag.evaluation.learning_curves import LearningCurves, learning_curves

WIDTH = 60


def made_up(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features and targets: a frequent label, a rare one, one that cannot be seen, and one without marks."""
    random = np.random.default_rng(seed)
    targets = random.random((n, 4)) < [0.3, 0.05, 0.05, 0.0]
    directions = np.random.default_rng(9).normal(size=(4, WIDTH)) * 0.45
    directions[2] = 0
    return targets @ directions + random.normal(size=(n, WIDTH)), targets.astype(int)


@pytest.fixture(scope="module")
def curves() -> LearningCurves:
    return learning_curves(
        *made_up(800, 0), *made_up(2000, 1), names=["frequent", "rare", "noise", "absent"], rounds=40
    )


def test_more_marks_help_where_something_is_to_be_learned(curves: LearningCurves) -> None:
    gain = curves.gain(50)
    assert gain[1] > 0.03
    assert gain[1] > 2 * abs(gain[0])
    assert curves.ahead(2, 50).low < curves.samples[-1, 0, 2] + 0.02  # nothing is promised where nothing can be seen
    assert np.isnan(gain[3])
    marks, values = curves.measured(1).T
    assert (np.diff(marks) > 0).all()
    assert values[-1] > values[0]
    assert curves.measured(3).shape == (0, 2)


def test_what_is_ahead_is_what_more_marks_give(curves: LearningCurves) -> None:
    """A training on twice the marks falls into the interval."""
    actual = learning_curves(*made_up(1600, 2), *made_up(2000, 1), rounds=5)
    for label in (0, 1, 2):
        more = actual.counts[-1, label] - curves.counts[-1, label]
        ahead = curves.ahead(label, more)
        assert ahead.low <= actual.samples[-1, 0, label] <= ahead.high
        assert ahead.low <= ahead.value <= ahead.high
        assert ahead.marks == actual.counts[-1, label]


def test_the_table_says_it_all(curves: LearningCurves) -> None:
    table = curves.to_dataframe()
    assert table["label"].tolist() == ["frequent", "rare", "noise", "absent"]
    np.testing.assert_allclose(table["gain"], table["expected"] - table["average_precision"])
    assert repr(curves).startswith("LearningCurves(4 labels, 50 more marks of each: mean average precision +")
    assert "rare" in curves._repr_html_()


def test_bad_input_is_named() -> None:
    x, y = made_up(50, 0)
    with pytest.raises(DataError, match="their marks must match"):
        learning_curves(x[:40], y, x, y)
    with pytest.raises(DataError, match="training and test differ: 60 and 59 features"):
        learning_curves(x, y, x[:, 1:], y)
    with pytest.raises(OptionError, match="ascending shares"):
        learning_curves(x, y, x, y, parts=(1.0, 0.5))
    with pytest.raises(OptionError, match="3 names for 4 labels"):
        learning_curves(x, y, x, y, names=["a", "b", "c"], rounds=2)
