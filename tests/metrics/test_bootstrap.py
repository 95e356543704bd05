from typing import Any

import numpy as np
import pytest

from tests.metrics.test_metrics import Floats, example
from viennatag.errors import DataError, OptionError
from viennatag.metrics import figures as metrics
from viennatag.metrics.bootstrap import Interval, Ranking, bootstrap, bootstrap_interval, weighted_means


def mean(values: Floats, weights: Floats) -> float:
    return float(weighted_means(values[:, None], weights)[0])


@pytest.mark.parametrize("decimals", [0, 6])
def test_weights_are_repeated_marks(decimals: int) -> None:
    scores, targets = example(decimals=decimals)
    weights = np.random.default_rng(1).integers(0, 4, size=len(scores))
    rows = np.repeat(np.arange(len(scores)), weights)
    found = Ranking.of(scores, targets).average_precision(weights)
    np.testing.assert_allclose(found, metrics.average_precision(scores[rows], targets[rows]), rtol=1e-12)


def test_a_label_whose_positives_weigh_nothing_has_no_average_precision() -> None:
    scores, targets = example()
    ranking = Ranking.of(scores, targets)
    found = ranking.average_precision(~targets[:, 5])
    assert np.isnan(found[5])
    assert ranking.macro_average_precision(~targets[:, 5]) == pytest.approx(np.nanmean(found))
    nothing = Ranking.of(scores, np.zeros_like(targets))
    assert np.isnan(nothing.average_precision(np.ones(len(scores)))).all()


@pytest.mark.parametrize("weights", [np.ones(299), np.full(300, -1.0), np.full(300, np.nan), np.ones((300, 1))])
def test_weights_that_make_no_sense(weights: Floats) -> None:
    with pytest.raises(DataError, match="weights"):
        Ranking.of(*example()).average_precision(weights)


def test_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=2000)
    found = bootstrap_interval(lambda weights: mean(values, weights), 2000, rounds=2000)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=half / 10)
    narrower = bootstrap_interval(lambda weights: mean(values, weights), 2000, rounds=2000, level=0.5)
    assert found.low < narrower.low < narrower.high < found.high


def test_interval_is_centred_for_rare_labels() -> None:
    random = np.random.default_rng(0)
    targets = random.random((800, 400)) < 0.003
    scores = random.normal(size=targets.shape) + 2.0 * targets
    samples = bootstrap(Ranking.of(scores, targets).macro_average_precision, 800, rounds=100)
    assert np.quantile(samples[1:], 0.025) > samples[0], "plain percentiles miss the value"
    found = Interval.of(samples)
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(np.ptp(np.quantile(samples[1:], [0.025, 0.975])))


def test_bootstrap_depends_on_the_seed_alone() -> None:
    ranking = Ranking.of(*example())
    first, again, other = (
        bootstrap_interval(ranking.macro_average_precision, 300, rounds=20, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again != other
    assert first.value == pytest.approx(metrics.macro_average_precision(*example()).value, rel=1e-12)


def test_bootstrap_of_several_numbers_draws_them_together() -> None:
    samples = bootstrap(lambda weights: weights[:3], 10, rounds=5)
    assert samples.shape == (6, 3)
    assert samples[0].tolist() == [1, 1, 1]
    assert np.array_equal(samples, np.round(samples))


def test_bootstrap_leaves_out_rounds_without_a_value() -> None:
    values = np.array([1.0, np.nan, np.nan])
    found = bootstrap_interval(lambda weights: mean(values, weights), 3)
    assert found == Interval(1.0, 1.0, 1.0)
    never = bootstrap_interval(lambda _: float("nan"), 3)
    assert np.isnan([never.value, never.low, never.high]).all()


@pytest.mark.parametrize(("n", "options"), [(0, {}), (5, {"rounds": 0}), (5, {"level": 1.0}), (5, {"level": 0.0})])
def test_bootstrap_options_that_make_no_sense(n: int, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        bootstrap_interval(lambda weights: float(weights.sum()), n, **options)
