import itertools
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components

from viennatag.data import marks
from viennatag.data.marks import SUBSETS
from viennatag.errors import DataError, MissingExtraError, OptionError
from viennatag.split import local_search as rebalance
from viennatag.split import state as allocation
from viennatag.split import stratification as stratifying
from viennatag.split.duplicates import near_duplicate_groups
from viennatag.split.stratification import FRACTIONS, label_distribution_error, stratify


def long_tail(mark_count: int, label_count: int, seed: int, per_mark: float = 3.0) -> csr_array:
    """Targets whose label of rank r is on about 1 / r as many marks as the first, each on one at least."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, label_count + 1)
    mark = np.concatenate([rng.integers(mark_count, size=int(per_mark * mark_count)), np.arange(label_count)])
    drawn = rng.choice(label_count, size=int(per_mark * mark_count), p=weights / weights.sum())
    label = np.concatenate([drawn, np.arange(label_count)])
    targets = coo_array((np.ones(mark.size), (mark % mark_count, label)), shape=(mark_count, label_count)).tocsr()
    return targets.astype(bool)


def by_group(dense: NDArray[np.bool_], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.stack([dense[groups == group].any(axis=0) for group in np.unique(groups)])


def absences(units: NDArray[np.bool_], subsets: NDArray[np.integer], subset_count: int) -> tuple[int, int]:
    """How often a label misses a subset that it must be in: labels with enough units for all subsets, then others."""
    enough = units.sum(axis=0) >= subset_count
    common = sum(int((~units[subsets == subset].any(axis=0) & enough).sum()) for subset in range(subset_count))
    rare = (~units[subsets == 0].any(axis=0) & ~enough & units.any(axis=0)).sum()
    return common, int(rare)


def fewest_absences(units: NDArray[np.bool_], subset_count: int) -> tuple[int, int]:
    every = itertools.product(range(subset_count), repeat=len(units))
    return min(absences(units, np.array(subsets), subset_count) for subsets in every)


# The guarantee


@st.composite
def small_cases(draw: st.DrawFn) -> tuple[NDArray[np.bool_], NDArray[np.int64], tuple[float, ...]]:
    fractions = draw(st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)]))
    group_count = draw(st.integers(len(fractions), 7))
    sizes = draw(st.lists(st.integers(1, 4), min_size=group_count, max_size=group_count))
    groups = draw(st.permutations(np.repeat(np.arange(group_count), sizes).tolist()))
    label_count = draw(st.integers(1, 6))
    row = st.lists(st.booleans(), min_size=label_count, max_size=label_count)
    dense = draw(st.lists(row, min_size=len(groups), max_size=len(groups)))
    return np.array(dense), np.array(groups), fractions


@settings(max_examples=150, deadline=None, derandomize=True)
@given(case=small_cases(), order=st.sampled_from([1, 2]))
def test_no_split_of_a_small_matrix_leaves_fewer_labels_out(case, order):
    dense, groups, fractions = case
    subsets = stratify(csr_array(dense), fractions=fractions, groups=groups, order=order)
    subset_of = {int(group): int(subset) for group, subset in zip(groups, subsets, strict=True)}
    assert all(subset_of[int(group)] == subset for group, subset in zip(groups, subsets, strict=True))
    units = by_group(dense, groups)
    found = absences(units, np.array([subset_of[group] for group in sorted(subset_of)]), len(fractions))
    if found != (0, 0):
        assert found == fewest_absences(units, len(fractions))


def test_labels_are_seldom_missing_where_a_complete_split_is_known_to_exist():
    missing = []
    for seed in range(80):  # whether such a split exists is NP-hard, so the search may miss it
        rng = np.random.default_rng(seed)
        group_count, label_count, tail = rng.integers(30, 301), rng.integers(5, 81), rng.uniform(0.5, 2)
        planted = rng.integers(3, size=group_count)
        planted[:3] = 0, 1, 2
        units = np.zeros((group_count, label_count), dtype=bool)
        for label in range(label_count):
            extra = int(group_count / 2 / (label + 1) ** tail)
            units[rng.integers(group_count, size=extra), label] = True
            for subset in (0,) if label % 5 == 4 and not extra else range(3):
                units[rng.choice(np.flatnonzero(planted == subset)), label] = True
        # Each group becomes up to five marks that carry its labels between them.
        groups = np.concatenate([np.arange(group_count), rng.integers(group_count, size=group_count)])
        dense = units[groups] & (rng.random((groups.size, label_count)) < 0.5)
        dense[:group_count] |= units
        subsets = stratify(csr_array(dense), groups=groups, order=1 + seed % 2, seed=seed)
        assert np.array_equal(subsets, subsets[:group_count][groups])
        missing.append(sum(absences(units, subsets[:group_count], 3)))
    assert np.mean(np.array(missing) == 0) > 0.85
    assert max(missing) <= 3


@pytest.mark.parametrize("seed", range(5))
def test_labels_that_contradict_each_other_lose_as_little_as_possible(seed):
    # Each label is on two of three marks: in a split in two, some label always stays whole.
    triangle = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]], dtype=bool)
    assert fewest_absences(triangle, 2) == (1, 0)
    assert absences(triangle, stratify(csr_array(triangle), fractions=(0.5, 0.5), seed=seed), 2) == (1, 0)
    # Each label is on three of four marks: two marks are in the same subset, and so in the same label.
    triples = ~np.eye(4, dtype=bool)
    assert fewest_absences(triples, 3) == (2, 0)
    assert absences(triples, stratify(csr_array(triples), seed=seed), 3) == (2, 0)


def test_labels_that_contradict_each_other_do_not_harm_the_others():
    triangle = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]], dtype=bool)
    dense = np.zeros((403, 43), dtype=bool)
    dense[:3, :3] = triangle
    dense[3:, 3:] = long_tail(400, 40, seed=0).toarray()
    assert absences(dense, stratify(csr_array(dense), fractions=(0.5, 0.5)), 2) == (1, 0)


def test_a_label_too_rare_for_every_part_is_in_the_first():
    dense = np.zeros((1000, 6), dtype=bool)
    dense[[0, 1, 2, 3, 4], [0, 1, 2, 3, 3]] = True
    dense[100:, 4:] = True
    for seed in range(5):
        subsets = stratify(csr_array(dense), fractions=(0.1, 0.8, 0.1), seed=seed)
        assert absences(dense, subsets, 3) == (0, 0)
        assert not subsets[:3].any()


# Balance


@pytest.mark.parametrize("fractions", [FRACTIONS, (0.5, 0.5), (0.2, 0.2, 0.2, 0.2, 0.2)])
@pytest.mark.parametrize("order", [1, 2])
def test_parts_have_the_sizes_and_labels_asked_for(fractions, order):
    targets = long_tail(4000, 120, seed=1)
    subsets = stratify(targets, fractions=fractions, order=order)
    assert subsets.dtype == np.int8
    assert subsets.shape == (4000,)
    sizes = np.bincount(subsets, minlength=len(fractions))
    np.testing.assert_allclose(sizes, 4000 * np.array(fractions), atol=20)
    common = np.flatnonzero(targets.sum(axis=0) >= 100)
    for subset, fraction in enumerate(fractions):
        share = targets[subsets == subset][:, common].sum(axis=0) / targets[:, common].sum(axis=0)
        np.testing.assert_allclose(share, fraction, atol=0.03)
    at_random = np.random.default_rng(0).choice(len(fractions), 4000, p=fractions)
    random_error = label_distribution_error(targets, at_random, fractions)
    assert label_distribution_error(targets, subsets, fractions) < random_error / 2


def test_labels_are_distributed_better_than_by_the_named_alternative():
    alternative = pytest.importorskip("iterstrat.ml_stratifiers").MultilabelStratifiedShuffleSplit
    targets = long_tail(2000, 100, seed=2)
    dense = targets.toarray()
    ours, theirs = [], []
    for seed in range(3):
        ours.append(label_distribution_error(targets, stratify(targets, seed=seed)))
        subsets = np.zeros(2000, dtype=np.int8)
        _, rest = next(alternative(n_splits=1, test_size=0.2, random_state=seed).split(dense, dense))
        halves = next(alternative(n_splits=1, test_size=0.5, random_state=seed).split(dense[rest], dense[rest]))
        for subset, rows in enumerate(halves, start=1):
            subsets[rest[rows]] = subset
        theirs.append(label_distribution_error(targets, subsets))
    assert np.mean(ours) < np.mean(theirs)


def test_second_order_distributes_pairs_better():
    rng = np.random.default_rng(3)
    # Twelve labels, each pair of neighbours mostly together: pairs are no product of their labels.
    first = rng.integers(12, size=3000)
    targets = coo_array(
        (
            np.ones(6000),
            (np.tile(np.arange(3000), 2), np.concatenate([first, (first + rng.integers(1, 4, 3000)) % 12])),
        ),
        shape=(3000, 12),
    ).tocsr()
    dense = targets.toarray() > 0
    pairs = csr_array(np.stack([dense[:, a] & dense[:, b] for a, b in itertools.combinations(range(12), 2)], axis=1))
    errors = [label_distribution_error(pairs, stratify(targets, order=order)) for order in (1, 2)]
    assert errors[1] < 0.7 * errors[0]


def test_pair_columns_are_the_products_of_their_labels():
    targets = long_tail(300, 12, seed=4)
    dense = targets.toarray()
    products = [dense[:, a] & dense[:, b] for a, b in itertools.combinations(range(12), 2)]
    expected = sorted(tuple(product) for product in products if product.sum() > 1)
    columns = stratifying._with_pairs(targets).toarray()
    assert np.array_equal(columns[:, :12], dense)
    assert sorted(tuple(column) for column in columns[:, 12:].T) == expected


def test_groups_of_all_sizes_are_balanced():
    targets = long_tail(6000, 60, seed=5)
    rng = np.random.default_rng(5)
    groups = np.where(np.arange(6000) < 3000, np.arange(6000), -rng.zipf(1.5, 6000) % 400 - 1)
    subsets = stratify(targets, groups=groups)
    for group in np.unique(groups):
        assert len(set(subsets[groups == group].tolist())) == 1
    np.testing.assert_allclose(np.bincount(subsets), [4800, 600, 600], atol=5)
    assert label_distribution_error(targets, subsets) < 0.004


def test_marks_without_labels_are_shared_out_too():
    dense = np.zeros((1000, 2), dtype=bool)
    dense[:10] = True
    subsets = stratify(csr_array(dense))
    np.testing.assert_allclose(np.bincount(subsets), [800, 100, 100], atol=1)
    assert np.bincount(stratify(csr_array((1000, 1), dtype=bool))).tolist() == [800, 100, 100]


def test_a_seed_makes_the_split_and_another_seed_another():
    targets = long_tail(500, 40, seed=6)
    first = stratify(targets, seed=7)
    assert np.array_equal(first, stratify(targets, seed=7))
    assert not np.array_equal(first, stratify(targets, seed=8))


def test_stored_zeros_duplicates_and_number_types_change_nothing():
    targets = long_tail(400, 30, seed=9)
    plain = stratify(targets)
    untidy = csr_array(
        (
            np.concatenate([targets.data.astype(float), targets.data.astype(float), [0.0]]),
            (
                np.concatenate([np.repeat(np.arange(400), np.diff(targets.indptr))] * 2 + [[0]]),
                np.concatenate([targets.indices, targets.indices, [29]]),
            ),
        ),
        shape=targets.shape,
    )
    untidy.data[:] = np.minimum(untidy.data, 1)
    before = untidy.data.copy()
    assert np.array_equal(plain, stratify(untidy))
    assert np.array_equal(before, untidy.data)
    twice = csr_array((np.ones(4), np.array([0, 0, 1, 0]), np.array([0, 2, 3, 4, 4])), shape=(4, 2))
    assert twice.nnz == 4
    once = csr_array(np.array([[1, 0], [0, 1], [1, 0], [0, 0]]))
    assert np.array_equal(stratify(twice), stratify(once))


# The pieces


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    needed=st.lists(st.integers(-30, 300), min_size=2, max_size=5),
    weights=st.lists(st.integers(1, 5), max_size=60),
    quarter=st.integers(0, 3),
)
def test_dealing_many_at_once_is_dealing_one_by_one(needed, weights, quarter):
    wants = [want + subset / 16 + quarter / 4 for subset, want in enumerate(needed)]  # no ties
    weights = sorted(weights, reverse=True)
    at_once = stratifying._choose_subsets(
        wants, [0.0] * len(wants), np.array(weights, dtype=np.int64), np.random.default_rng(0)
    )
    left = list(wants)
    for weight in weights:
        left[left.index(max(left))] -= weight
    expected = np.array(wants) - left
    got = np.bincount(at_once, weights=weights, minlength=len(wants))
    np.testing.assert_allclose(got, expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(left=st.lists(st.integers(0, 40), min_size=1, max_size=30), seed=st.integers(0, 1000))
def test_the_queue_always_yields_a_column_with_the_fewest_units_left(left, seed):
    rng = np.random.default_rng(seed)
    truth = np.array(left)
    queue = stratifying._RarestFirst(truth.copy(), rng)
    while (column := queue.pop()) is not None:
        assert truth[column] == truth[truth > 0].min()
        others = np.flatnonzero(truth > 0)
        also = rng.choice(others, size=rng.integers(0, 4))
        taken = np.minimum(np.bincount(also, minlength=truth.size), truth)
        taken[column] = truth[column]
        truth -= taken
        queue.lower(np.repeat(np.arange(truth.size), taken))
    assert not truth.any()


@pytest.mark.parametrize("order", [1, 2])
def test_gains_and_moves_agree_with_a_state_made_afresh(order):
    targets = long_tail(60, 12, seed=10)
    rng = np.random.default_rng(10)
    unit_of = rng.permutation(np.concatenate([np.arange(40), rng.integers(40, size=20)]))
    columns = stratifying._with_pairs(targets) if order == 2 else targets
    units = allocation.gather_units(columns, unit_of, 40)
    shares = np.array([0.6, 0.3, 0.1])

    def assigned(subsets: NDArray[np.int8]) -> allocation.SplitState:
        state = allocation.SplitState.empty(units, shares, 12)
        state.assign(np.arange(40), subsets)
        return state

    def cost(state: allocation.SplitState) -> float:
        columns = (np.abs(state.needed) * state.column_weights / shares[:, None]).sum()
        return float(columns + state.size_weight * (np.abs(state.room) / shares).sum())

    dense = columns.toarray()
    subsets = rng.integers(3, size=40).astype(np.int8)
    state = assigned(subsets)
    np.testing.assert_allclose(
        state.needed,
        [share * dense.sum(0) - dense[subsets[unit_of] == subset].sum(0) for subset, share in enumerate(shares)],
    )
    find_gains = rebalance.find_gains(state, np.arange(40))
    for unit, to in itertools.product(range(40), range(3)):
        moved = subsets.copy()
        moved[unit] = to
        if find_gains[to, unit] > -1e9:
            assert find_gains[to, unit] == pytest.approx(cost(state) - cost(assigned(moved)), abs=1e-6)
        else:  # the only unit of some label in a subset that must hold it
            lost = state.required[subsets[unit]] & (assigned(moved).held[subsets[unit]] == 0)
            assert lost[:12].any()
    state.move(5, 2)
    subsets[5] = 2
    afresh = assigned(subsets)
    for name in ("needed", "held", "room", "subsets"):
        np.testing.assert_allclose(getattr(state, name), getattr(afresh, name), atol=1e-9)


# Label distribution error


def test_label_distribution_error_follows_the_paper():
    targets = long_tail(200, 15, seed=11)
    subsets = np.random.default_rng(11).integers(3, size=200)
    dense = targets.toarray()
    deviations = []
    for label in range(15):
        whole = dense[:, label].sum() / (200 - dense[:, label].sum())
        for subset in range(3):
            inside = dense[subsets == subset, label]
            deviations.append(abs(inside.sum() / (inside.size - inside.sum()) - whole))
    assert label_distribution_error(targets, subsets, FRACTIONS) == pytest.approx(np.mean(deviations))


def test_label_distribution_error_of_equal_parts_is_zero_and_leaves_out_labels_without_odds():
    half = np.random.default_rng(12).random((30, 5)) < 0.3
    half[0, :], half[1, :] = True, False
    dense = np.concatenate([half, half])
    subsets = np.repeat([0, 1], 30)
    assert label_distribution_error(csr_array(dense), subsets, (0.5, 0.5)) == 0
    uneven = dense.copy()
    uneven[30:] = uneven[30:][:, ::-1]
    odd = label_distribution_error(csr_array(uneven), subsets, (0.5, 0.5))
    never_and_always = np.stack([np.zeros(60, dtype=bool), np.ones(60, dtype=bool)], axis=1)
    with_both = hstack([csr_array(uneven), csr_array(never_and_always)], format="csr")
    assert odd > 0
    assert label_distribution_error(with_both, subsets, (0.5, 0.5)) == pytest.approx(odd)


def test_label_distribution_error_stays_finite_where_a_part_holds_nothing_else():
    targets = csr_array(np.array([[1], [1], [0], [0]]))
    assert label_distribution_error(targets, np.array([0, 0, 1, 1]), (0.5, 0.5)) == pytest.approx((1 + 1) / 2)


# Near-duplicates


def distances(hashes: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return np.bitwise_count(hashes[:, None] ^ hashes[None, :])


def check_groups(hashes: NDArray[np.uint64], found: NDArray[np.int64], max_distance: int) -> None:
    """Each group has a centre that is near all of it, and no two groups could be one around a centre of theirs."""
    apart = distances(hashes)
    near = apart <= max_distance
    assert found.dtype == np.int64
    assert list(dict.fromkeys(found.tolist())) == list(range(found.max() + 1))  # by first appearance
    for group in range(found.max() + 1):
        inside = found == group
        assert np.any(near[inside][:, inside].all(axis=0))
    assert np.all(found[:, None] == found[None, :], where=apart == 0)
    for at in range(hashes.size):  # what is near nothing else but its own kind is one group
        alike = near[at]
        if np.array_equal(near[alike].any(axis=0), alike):
            assert len(set(found[alike].tolist())) == 1


def flipped(hashes: NDArray[np.uint64], count: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    for _ in range(count):
        hashes = hashes ^ (np.uint64(1) << rng.integers(64, size=hashes.size, dtype=np.uint64))
    return hashes


def clustered_hashes(seed: int, density: float) -> NDArray[np.uint64]:
    """Hashes near each other and apart, some equal; a low density makes blocks of zeros that many share."""
    rng = np.random.default_rng(seed)
    centres = np.packbits(rng.random((60, 64)) < density, axis=1).view(np.uint64).ravel()
    near = [flipped(centres[rng.integers(60, size=60)], count, rng) for count in (0, 2, 4, 5, 7)]
    return rng.permutation(np.concatenate([centres, *near]))


@pytest.mark.parametrize("max_distance", [0, 2, 8, *(pytest.param(bits, marks=pytest.mark.slow) for bits in (1, 4))])
@pytest.mark.parametrize("density", [0.5, 0.1])
@pytest.mark.parametrize(
    ("buckets", "max_unjoined"),
    [((16, 64, 256, 1024), 512), ((2, 5), 3), pytest.param((3, 6), 0, marks=pytest.mark.slow)],
)
def test_near_duplicates_are_near_the_centre_of_their_group(max_distance, density, buckets, max_unjoined):
    # Small buckets make few hashes take the paths for crowded blocks.
    hashes = clustered_hashes(max_distance, density)
    groups = np.random.default_rng(1).integers(300, size=hashes.size)
    for given_groups in (None, groups):
        found = near_duplicate_groups(
            hashes, groups=given_groups, max_distance=max_distance, buckets=buckets, max_unjoined=max_unjoined
        )
        alone = near_duplicate_groups(hashes, max_distance=max_distance, buckets=buckets, max_unjoined=max_unjoined)
        check_groups(hashes, alone, max_distance)
        if given_groups is None:
            assert np.array_equal(found, alone)
        else:  # both kinds of groups are joined, and nothing else
            links = csr_array(np.equal.outer(alone, alone) | np.equal.outer(groups, groups))
            assert np.array_equal(found, connected_components(links, directed=False)[1])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    hashes=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**12 - 1), min_size=1, max_size=40),
    max_distance=st.integers(0, 8),
)
def test_near_duplicates_hold_for_any_hashes(hashes, max_distance):
    given_hashes = np.array(hashes, dtype=np.uint64)
    found = near_duplicate_groups(given_hashes, max_distance=max_distance, buckets=(1, 3), max_unjoined=2)
    check_groups(given_hashes, found, max_distance)


def test_thousands_of_equal_hashes_are_one_group_and_cost_nothing():
    hashes = np.zeros(300_000, dtype=np.uint64)
    hashes[-3:] = 0b1111, 0b11111, 2**64 - 1
    groups = near_duplicate_groups(hashes)
    assert groups[:-1].max() == 0  # the second last is near the third last, which is near the blanks
    assert groups[-1] == 1


def test_chains_are_cut():
    chain = np.cumsum(np.uint64(1) << np.arange(64, dtype=np.uint64), dtype=np.uint64)  # neighbours differ in one bit
    groups = near_duplicate_groups(chain, max_distance=2)
    check_groups(chain, groups, 2)
    assert np.bincount(groups).max() == 5
    crowd = np.concatenate([np.zeros(90, dtype=np.uint64), chain[:10]])
    assert np.bincount(near_duplicate_groups(crowd, max_distance=2, max_size=50)).max() <= 5
    kept = near_duplicate_groups(crowd, groups=np.zeros(100, dtype=int), max_distance=2, max_size=50)
    assert not kept.any()


def test_known_groups_join_hashes_that_are_far_apart():
    hashes = np.array([0, 2**64 - 1, 0xFF, 0xFF00FF, 1], dtype=np.uint64)
    assert near_duplicate_groups(hashes).tolist() == [0, 1, 2, 3, 0]
    assert near_duplicate_groups(hashes, groups=np.array([7, 7, -3, 9, 9])).tolist() == [0, 0, 1, 0, 0]
    assert near_duplicate_groups(np.zeros(0, dtype=np.uint64)).tolist() == []


def test_groups_of_near_duplicates_stay_in_one_subset():
    hashes = clustered_hashes(0, 0.5)
    groups = near_duplicate_groups(hashes)
    subsets = stratify(long_tail(hashes.size, 20, seed=13), groups=groups)
    assert all(len(set(subsets[groups == group].tolist())) == 1 for group in range(groups.max() + 1))


# Bad input and surface


def with_value(value: float) -> csr_array:
    targets = long_tail(20, 4, seed=0).astype(float)
    targets.data[3] = value
    return targets


GOOD = long_tail(20, 4, seed=0)
BAD_CALLS: list[tuple[type[Exception], str, Callable[[], object]]] = [
    (OptionError, "sum to 0.9", lambda: stratify(GOOD, fractions=(0.8, 0.1))),
    (OptionError, "above 0", lambda: stratify(GOOD, fractions=(1.2, -0.1, -0.1))),
    (OptionError, "above 0", lambda: stratify(GOOD, fractions=(0.9, 0.1, 0.0))),
    (OptionError, "above 0", lambda: stratify(GOOD, fractions=(0.9, float("nan"), 0.1))),
    (OptionError, "expected 2 to 127", lambda: stratify(GOOD, fractions=(1.0,))),
    (OptionError, "order is 3", lambda: stratify(GOOD, order=3)),
    (OptionError, "seed is -1", lambda: stratify(GOOD, seed=-1)),
    (DataError, "one group for each mark", lambda: stratify(GOOD, groups=np.arange(19))),
    (DataError, "group of row 0 is nan", lambda: stratify(GOOD, groups=np.full(20, np.nan))),
    (DataError, "group of row 1 is 1.5", lambda: stratify(GOOD, groups=[2.0, 1.5] * 10)),
    (DataError, "2 groups for 3 subsets", lambda: stratify(GOOD, groups=np.arange(20) % 2)),
    (DataError, "hold 2.0", lambda: stratify(with_value(2.0))),
    (DataError, "at least one mark", lambda: stratify(csr_array((0, 4), dtype=bool))),
    (DataError, "one label", lambda: stratify(csr_array((9, 0), dtype=bool))),
    (DataError, "MultiLabelBinarizer", lambda: stratify([["cat"]] * 20)),
    (DataError, r"expected \(marks, labels\)", lambda: stratify(np.ones(20))),
    (DataError, "the group of row 3 is None", lambda: stratify(GOOD, groups=[*"abc", None] * 5)),
    (DataError, "one integer for each", lambda: label_distribution_error(GOOD, np.zeros(19, dtype=int))),
    (DataError, "one integer for each", lambda: label_distribution_error(GOOD, np.zeros(20))),
    (DataError, "subsets 0 to 1", lambda: label_distribution_error(GOOD, np.arange(20) % 3, (0.5, 0.5))),
    (DataError, "no distribution", lambda: label_distribution_error(csr_array(np.ones((3, 1))), np.arange(3))),
    (OptionError, "from 0 to 8", lambda: near_duplicate_groups(np.zeros(2, dtype=np.uint64), max_distance=9)),
    (OptionError, "from 0 to 8", lambda: near_duplicate_groups(np.zeros(2, dtype=np.uint64), max_distance=-1)),
    (DataError, "type int64", lambda: near_duplicate_groups(np.zeros(2, dtype=np.int64))),
    (DataError, r"shape \(2, 2\)", lambda: near_duplicate_groups(np.zeros((2, 2), dtype=np.uint64))),
    (
        DataError,
        "one group for each mark",
        lambda: near_duplicate_groups(np.zeros(2, dtype=np.uint64), groups=np.zeros(3, dtype=int)),
    ),
]


@pytest.mark.parametrize(("error", "message", "call"), BAD_CALLS)
def test_bad_input_is_named(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_the_parts_have_the_names_of_the_marks_table():
    assert SUBSETS == marks.SUBSETS == ("train", "validation", "test")
    assert len(FRACTIONS) == len(SUBSETS)


def test_the_module_is_light():
    code = "import sys, viennatag.split; print({'scipy', 'pyarrow', 'torch'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


def test_a_missing_scipy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError, match=r"viennatag\[data\]"):
        stratify(GOOD)
