import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.cli.conftest import cli  # noqa: F401
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.learning_curves import LearningCurves, learning_curves
from viennatag.reports.learning_curves import curves_report

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


def test_a_curve_of_few_points_may_go_on_otherwise() -> None:
    """The test marks are sure here, and each label's points scatter about its line."""
    reached = np.array([[0.1, 0.2], [0.3, 0.2], [0.2, 0.4], [0.5, 0.5]])
    counts = np.array([[1.0], [2.0], [4.0], [8.0]]) * [1, 10]
    curves = LearningCurves(("few", "more"), counts, np.repeat(reached[:, None], 101, axis=1))
    widths = [ahead.high - ahead.low for more in (8, 80) for ahead in (curves.ahead(0, more), curves.ahead(1, more))]
    assert 0.05 < widths[0] < widths[2] < 0.9
    assert widths[1] < widths[0]  # twice as many against a tenth more


def test_the_table_says_it_all(curves: LearningCurves) -> None:
    table = curves.to_dataframe()
    assert table["label"].tolist() == ["frequent", "rare", "noise", "absent"]
    np.testing.assert_allclose(table["gain"], table["expected"] - table["average_precision"])
    assert repr(curves).startswith("LearningCurves(4 labels, 50 more marks of each: mean average precision +")
    assert "rare" in curves._repr_html_()
    few = learning_curves(*made_up(60, 0), *made_up(60, 1), rounds=20).to_dataframe()
    assert few["low"].min() >= 0
    assert few["high"].max() <= 1


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


def test_inspect_tells_what_more_marks_of_each_label_would_bring(cli, collection: Path, tmp_path: Path) -> None:  # noqa: F811
    table = tmp_path / "flat.csv"
    table.write_text("\n".join((collection / "flat.csv").read_text().splitlines()[:61]))
    common = ("inspect", table, "--taxonomy", "flat", "--learning-curves")
    status, out, err = cli(*common, "--images", collection, "--format", "json", "--report", tmp_path / "page.html")
    assert status == 0, err
    rows = json.loads(out)["learning_curves"]
    assert {row["label"] for row in rows} == {"ellipse", "rectangle", "star", "triangle", "red", "blue"}
    gains = [row["gain"] for row in rows if row["gain"] is not None]
    assert gains == sorted(gains, reverse=True)
    assert all(row["low"] <= row["expected"] <= row["high"] for row in rows if row["gain"] is not None)
    assert "What more marks would bring" in (tmp_path / "page.html").read_text()
    status, _, err = cli(*common)
    assert (status, "--learning-curves need the images" in err) == (2, True)


def test_learning_curves_are_told_in_a_terminal(curves: LearningCurves) -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(curves_report(curves))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert told.index("rare") < told.index("frequent")
    assert "absent" not in told
