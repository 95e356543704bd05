import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

import viennatag.sampling
from tests.examples import run_example
from viennatag.errors import OptionError
from viennatag.sampling.sampling import (
    ClassAware,
    Mixup,
    RandomOversampling,
    RandomUndersampling,
    RepeatFactor,
    Sampling,
    SyntheticOversampling,
    UndersampledHead,
    balanced_count,
)

SAMPLINGS = (
    Sampling(),
    UndersampledHead(20),
    ClassAware(),
    ClassAware(0.5),
    RepeatFactor(),
    RandomUndersampling(),
    RandomOversampling(),
    SyntheticOversampling(),
    Mixup(),
)
each_sampling = pytest.mark.parametrize("sampling", SAMPLINGS, ids=repr)


def long_tail():
    """400 marks; label 0 on 300 of them, 1 on 90, 2 on 20 (all with label 0), 3 on 4, 4 on none; 10 marks bare."""
    dense = np.zeros((400, 5), dtype=bool)
    dense[:300, 0] = True
    dense[300:390, 1] = True
    dense[:20, 2] = True
    dense[296:300, 3] = True
    return csr_array(dense)


def epoch(sampling, targets, *, seed=0):
    return sampling.draws(targets)(np.random.default_rng(seed))


def label_counts(targets, shown):
    return targets[shown].sum(axis=0)


@each_sampling
def test_an_epoch_holds_positions_in_random_order_and_depends_on_the_generator_alone(sampling):
    targets = long_tail()
    shown = epoch(sampling, targets)
    assert np.issubdtype(shown.dtype, np.integer)
    assert shown.min() >= 0
    assert shown.max() < 400
    assert not np.all(np.diff(shown) >= 0)
    assert_array_equal(shown, epoch(sampling, targets))
    assert not np.array_equal(shown, epoch(sampling, targets, seed=1))


@each_sampling
def test_a_second_epoch_differs_and_leaves_the_targets_alone(sampling):
    targets = long_tail()
    generator = np.random.default_rng(0)
    draw = sampling.draws(targets)
    assert not np.array_equal(draw(generator), draw(generator))
    assert_array_equal(targets.toarray(), long_tail().toarray())


@each_sampling
@pytest.mark.parametrize("carries", [True, False])
def test_a_single_mark_is_shown(sampling, carries):
    targets = csr_array(np.array([[carries, False]]))
    assert set(epoch(sampling, targets)) == {0}
    features, more = sampling.synthesise(np.ones((1, 3), np.float16), targets, np.random.default_rng(0))
    assert features.shape == (0, 3)
    assert more.shape == (0, 2)


@each_sampling
def test_only_what_makes_features_says_so(sampling):
    assert sampling.needs_features == isinstance(sampling, SyntheticOversampling | Mixup)


def test_uniform_shows_every_mark_once_and_changes_nothing():
    assert_array_equal(np.sort(epoch(Sampling(), long_tail())), np.arange(400))
    batch = torch.ones(2, 3), torch.ones(2, 5)
    assert Sampling().blend(*batch, torch.Generator()) == batch


def test_undersampling_keeps_the_limit_of_every_label_and_all_of_the_tail():
    targets = long_tail()
    shown = epoch(UndersampledHead(20), targets)
    assert len(np.unique(shown)) == len(shown)
    counts = label_counts(targets, shown)
    assert_array_equal(counts[1:], [20, 20, 4, 0])
    assert 20 <= counts[0] <= 20 + 20 + 4  # more only in company
    assert np.isin(np.arange(390, 400), shown).all()  # bare marks are fewer than the limit
    bare = epoch(UndersampledHead(3), targets)
    assert np.isin(bare, np.arange(390, 400)).sum() == 3


def test_undersampling_drops_a_mark_only_if_all_its_labels_are_full():
    targets = long_tail()
    shown = epoch(UndersampledHead(50), targets)
    dropped = np.setdiff1d(np.arange(400), shown)
    counts = label_counts(targets, shown)
    assert len(dropped)
    assert all((counts[row] >= 50).all() for row in targets[dropped].toarray())


def test_undersampling_draws_all_marks_alike():
    targets, often = long_tail(), np.zeros(400)
    draw, generator = UndersampledHead(30).draws(targets), np.random.default_rng(0)
    for _ in range(300):
        often[draw(generator)] += 1
    assert_allclose(often[300:390] / 300, 30 / 90, atol=0.12)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_class_aware_draws_labels_by_power(power):
    targets = long_tail()
    draw, generator = ClassAware(power).draws(targets), np.random.default_rng(0)
    shown = np.concatenate([draw(generator) for _ in range(100)])
    assert len(shown) == 100 * 400
    counts = np.array([300, 90, 20, 4])
    chances = counts**power / (counts**power).sum()
    often = np.bincount(shown, minlength=400) / len(shown)
    assert_allclose(often[300:390].sum(), chances[1], atol=0.01)  # label 1 stands alone on its marks
    assert_allclose(often[296:300].sum(), chances[3] + chances[0] * 4 / 300, atol=0.01)
    assert not often[390:].any()


def test_class_aware_without_any_label_is_uniform():
    assert_array_equal(np.sort(epoch(ClassAware(), csr_array((5, 2), dtype=bool))), np.arange(5))


def test_repeat_factors_follow_the_rarest_label():
    targets = long_tail()
    draw, generator = RepeatFactor(0.1).draws(targets), np.random.default_rng(0)
    often = sum(np.bincount(draw(generator), minlength=400) for _ in range(400)) / 400
    assert_allclose(often[20:296], 1)
    assert_allclose(often[390:], 1)
    assert_allclose(often[:20], np.sqrt(0.1 / (20 / 400)), atol=0.1)
    assert_allclose(often[296:300], np.sqrt(0.1 / (4 / 400)), atol=0.1)
    times = np.bincount(draw(generator), minlength=400)
    assert set(times[:20]) == {1, 2}  # a fraction is thrown
    assert set(times[296:300]) <= {3, 4}


def test_undersampling_of_majority_labels_stops_at_the_share():
    targets = long_tail()
    shown = epoch(RandomUndersampling(0.1), targets)
    assert len(shown) == 360
    assert len(np.unique(shown)) == 360
    assert np.isin(np.arange(390, 400), shown).all()  # no majority label, never left out


def test_undersampling_of_majority_labels_stops_where_no_label_is_one():
    targets = long_tail()
    enough = balanced_count(np.array([300, 90, 20, 4, 0]))
    counts = label_counts(targets, epoch(RandomUndersampling(0.99), targets))
    assert enough - 1 <= counts[1] <= enough + 1
    assert counts[0] <= enough


def test_oversampling_of_minority_labels_adds_only_theirs():
    targets = long_tail()
    shown = epoch(RandomOversampling(0.02), targets)
    times = np.bincount(shown, minlength=400)
    assert len(shown) == 408
    assert times.min() == 1
    assert times[296:300].sum() == 4 + 8


def test_oversampling_of_minority_labels_stops_where_no_label_is_one():
    targets = long_tail()
    enough = balanced_count(np.array([300, 90, 20, 4, 0]))
    counts = label_counts(targets, epoch(RandomOversampling(5.0), targets))
    assert enough <= counts[3] <= enough + 1
    assert counts[2] >= 20


def test_synthetic_marks_lie_between_marks_of_a_minority_label():
    targets = csr_array(np.column_stack([np.ones(60, bool), np.arange(60) < 4, np.arange(60) % 2 == 0]))
    features = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float16)
    features[:4] = [[0, 0], [1, 0], [10, 0], [11, 0]]
    made, labels = SyntheticOversampling(neighbours=1).synthesise(features, targets, np.random.default_rng(0))
    assert made.dtype == np.float32
    assert made.shape == (4, 2)
    assert_array_equal(made[:, 1], 0)
    assert ((made[:2, 0] > 0) & (made[:2, 0] < 1)).all()
    assert ((made[2:, 0] > 10) & (made[2:, 0] < 11)).all()
    assert labels.shape == (4, 3)
    assert labels.dtype == bool
    assert_array_equal(labels.toarray(), [[True, True, False]] * 4)  # a label of one of two is not of more than half


def test_synthetic_labels_are_those_of_more_than_half():
    carried = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]], dtype=bool)
    others = np.zeros((36, 3), dtype=bool)
    others[:, 1:] = True
    targets = csr_array(np.vstack([carried, others]))
    features = np.arange(40, dtype=np.float32)[:, None]
    _, labels = SyntheticOversampling(neighbours=2).synthesise(features, targets, np.random.default_rng(0))
    # of three marks each: 0 with 1, 2; 1 with 0, 2; 2 with 1, 3; 3 with 2, 1
    assert_array_equal(
        labels.toarray(), [[True, True, False], [True, True, False], [True, False, False], [True, False, False]]
    )


def test_synthetic_marks_are_closed_bounded_and_reproducible():
    generator = np.random.default_rng(0)
    children = generator.random((500, 30)) < 0.3 / np.arange(1, 31)
    targets = csr_array(np.column_stack([children[:, ::2] | children[:, 1::2], children]))
    features = generator.normal(size=(500, 8)).astype(np.float16)
    sampling = SyntheticOversampling(share=0.1)
    made, labels = sampling.synthesise(features, targets, np.random.default_rng(1))
    again = sampling.synthesise(features, targets, np.random.default_rng(1))
    assert len(made) == 50
    assert_array_equal(made, again[0])
    assert_array_equal(labels.toarray(), again[1].toarray())
    dense = labels.toarray()
    parents = np.repeat(dense[:, :15], 2, axis=1)
    assert not (dense[:, 15:] & ~parents).any()
    minority = targets.sum(axis=0) < balanced_count(targets.sum(axis=0))
    assert dense[:, minority].any(axis=1).all()


def test_mixup_mixes_features_and_targets_alike():
    features = torch.eye(6)
    targets = 2 * torch.eye(6)
    mixed, truth = Mixup(1.0).blend(features, targets, torch.Generator().manual_seed(0))
    assert_allclose(truth, 2 * mixed)
    assert_allclose(mixed.sum(1), 1, rtol=1e-6)
    assert ((mixed > 0).sum(1) <= 2).all()
    assert (mixed > 0).sum() > 6
    again, _ = Mixup(1.0).blend(features, targets, torch.Generator().manual_seed(0))
    other, _ = Mixup(1.0).blend(features, targets, torch.Generator().manual_seed(1))
    assert torch.equal(mixed, again)
    assert not torch.equal(mixed, other)


def test_mixup_draws_from_beta():
    features = torch.arange(20_000.0)[:, None]
    targets = torch.zeros(20_000, 2, dtype=torch.bfloat16)
    targets[:10_000, 0] = targets[10_000:, 1] = 1
    mixed, truth = Mixup(0.2).blend(features, targets.float(), torch.Generator().manual_seed(0))
    assert mixed.shape == features.shape
    across = truth[:10_000, 0]
    across = across[(across > 0) & (across < 1)]  # partner from the other half
    assert across.mean().item() == pytest.approx(0.5, abs=0.02)
    assert across.var().item() == pytest.approx(1 / (4 * (2 * 0.2 + 1)), abs=0.01)  # of Beta(a, a)


def test_balanced_count_is_where_irlbl_meets_meanir():
    counts = np.array([100, 40, 7, 0, 3])
    present = counts[counts > 0]
    mean_ir = np.mean(100 / present)
    assert 100 / balanced_count(counts) == pytest.approx(mean_ir)
    assert balanced_count(np.zeros(3, dtype=np.int64)) == 0


def test_the_example_runs_and_all_public_names_are_sorted():
    assert viennatag.sampling.__all__ == sorted(viennatag.sampling.__all__)
    assert all(hasattr(viennatag.sampling, name) for name in viennatag.sampling.__all__)
    run_example(viennatag.sampling)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: UndersampledHead(0), "limit of the sampling is 0"),
        (lambda: ClassAware(1.5), "power of the sampling is 1.5"),
        (lambda: RepeatFactor(0.0), "threshold of the sampling is 0.0"),
        (lambda: RandomUndersampling(1.0), "share of the sampling is 1.0"),
        (lambda: RandomOversampling(-0.1), "share of the sampling is -0.1"),
        (lambda: SyntheticOversampling(neighbours=0), "neighbours of the sampling is 0"),
        (lambda: Mixup(0.0), "alpha of the sampling is 0.0"),
    ],
)
def test_senseless_options_are_refused(build, words):
    with pytest.raises(OptionError, match=words):
        build()
