from typing import Any

import numpy as np
import pytest

from tests.metrics.test_metrics import Floats, example
from viennatag.errors import OptionError
from viennatag.metrics.bootstrap import Interval, bootstrap_interval, draw_weights
from viennatag.metrics.metrics import average_precision, macro_average_precision, mean_of_known


def macro(weights: Floats) -> Floats:
    return mean_of_known(average_precision(*example(), weights))


def test_weights_count_draws_with_replacement() -> None:
    weights = draw_weights(500, rounds=300)
    assert weights.shape == (301, 500)
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 500).all()
    assert (weights[1:] == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)  # the share that is never drawn


def test_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=2000)
    found = bootstrap_interval(lambda weights: weights @ values / 2000, 2000, rounds=2000)
    half = 1.96 * values.std() / np.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half), abs=half / 10)
    narrower = bootstrap_interval(lambda weights: weights @ values / 2000, 2000, rounds=2000, level=0.5)
    assert found.low < narrower.low < narrower.high < found.high


def test_interval_is_centred_for_rare_labels() -> None:
    random = np.random.default_rng(0)
    targets = random.random((800, 400)) < 0.003
    scores = random.normal(size=targets.shape) + 2.0 * targets
    samples = mean_of_known(average_precision(scores, targets, draw_weights(800, rounds=100)))
    assert np.quantile(samples[1:], 0.025) > samples[0], "plain percentiles miss the value"
    found = Interval.of(samples)
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(np.ptp(np.quantile(samples[1:], [0.025, 0.975])))


def test_bootstrap_depends_on_the_seed_alone() -> None:
    first, again, other = (bootstrap_interval(macro, 300, rounds=20, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first.value == pytest.approx(macro_average_precision(*example()).value, rel=1e-12)


def test_interval_leaves_out_samples_without_a_value() -> None:
    assert Interval.of(np.array([1.0, np.nan, 1.0, np.nan])) == Interval(1.0, 1.0, 1.0)
    never = Interval.of(np.full(4, np.nan))
    assert np.isnan([never.value, never.low, never.high]).all()


@pytest.mark.parametrize(("n", "options"), [(0, {}), (5, {"rounds": 0}), (5, {"level": 1.0}), (5, {"level": 0.0})])
def test_bootstrap_options_that_make_no_sense(n: int, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        bootstrap_interval(lambda weights: weights.sum(axis=1), n, **options)
