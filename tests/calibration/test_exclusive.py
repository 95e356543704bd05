"""Groups of exclusive labels: distributions before and after coherence, on random trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from viennatag.calibration.calibration import Calibration, coherent_scores
from viennatag.calibration.exclusive import ExclusiveGroups
from viennatag.calibration.temperature import fit_exclusive
from viennatag.data.labels import LabelSet
from viennatag.data.taxonomy import LabelNode, LabelTree
from viennatag.errors import DataError
from viennatag.thresholds.thresholds import Thresholds


@st.composite
def trees(draw: st.DrawFn) -> LabelTree:
    """Return a random tree, in which each label may join a group that none of its ancestors is in."""
    count = draw(st.integers(1, 24))
    nodes: list[LabelNode] = []
    above: dict[str, frozenset[str]] = {"": frozenset()}
    for at in range(count):
        parent = draw(st.sampled_from(["", *(node.label for node in nodes)]))
        group = draw(st.sampled_from(["", "", "a", "b", "c", f"below {parent}"]))
        if group in above[parent]:
            group = ""
        nodes.append(LabelNode(f"label {at}", parent, "", group))
        above[f"label {at}"] = above[parent] | ({group} - {""})
    groups = sorted({node.group for node in nodes if node.group})
    rules = tuple((group, draw(st.sampled_from(["exactly-one", "at-most-one"]))) for group in groups)
    return LabelTree(tuple(draw(st.permutations(nodes))), rules=rules)


def scored(tree: LabelTree, seed: int, marks: int = 5) -> tuple[LabelSet, np.ndarray]:
    labels = LabelSet(tree, tuple(sorted((node.label for node in tree.nodes), key=tree.sort_key)))
    calibration = Calibration(np.ones(len(labels)), np.zeros(len(labels)), labels.exclusive)
    logits = np.random.default_rng(seed).normal(scale=4, size=(marks, len(labels)))
    return labels, coherent_scores(calibration(logits), labels.parents, labels.exclusive)


def held_of(labels: LabelSet) -> list[bool]:
    """Return whether each label is in a group or below one."""
    tree = labels.taxonomy
    assert isinstance(tree, LabelTree)
    return [any(tree.group(node) for node in tree.path(name)) for name in labels.names]


@settings(max_examples=30, deadline=None)
@given(trees(), st.integers(0, 1000))
def test_scores_are_coherent_and_groups_are_distributions(tree: LabelTree, seed: int) -> None:
    labels, scores = scored(tree, seed)
    assert np.all((scores >= 0) & (scores <= 1))
    parents = labels.parents
    with_parent = np.flatnonzero(parents >= 0)
    assert np.all(scores[:, with_parent] <= scores[:, parents[with_parent]])
    again = coherent_scores(scores, parents, labels.exclusive)
    np.testing.assert_allclose(again, scores, atol=1e-12)
    for group in labels.exclusive or ():
        total = scores[:, group.members].sum(axis=1)
        assert np.all(total <= 1 + 1e-12)
        if group.condition >= 0:
            np.testing.assert_allclose(total, scores[:, group.condition], atol=1e-12)
        else:
            held = held_of(labels)
            for at in np.flatnonzero(~np.array(held)).tolist():
                below = [each for each in group.members.tolist() if at in labels.path(each)[:-1]]
                below = [each for each in below if not any(held[node] for node in labels.path(each)[:-1])]
                assert np.all(scores[:, below].sum(axis=1) <= scores[:, at] + 1e-12)
        if group.exact and group.condition < 0 and np.all(parents[group.members] < 0):
            np.testing.assert_allclose(total, 1, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(trees(), st.data())
def test_targets_are_closed_and_closing_again_changes_nothing(tree: LabelTree, data: st.DataObject) -> None:
    labels, _ = scored(tree, 0)
    chosen = data.draw(st.lists(st.sampled_from([node.label for node in tree.nodes]), max_size=4))
    once = labels.encode([chosen]).toarray()[0]
    closed = [name for name, there in zip(labels.names, once, strict=True) if there]
    np.testing.assert_array_equal(labels.encode([closed]).toarray()[0], once)
    assert set(closed) == {node for name in chosen for node in tree.path(name)}


@settings(max_examples=25, deadline=None)
@given(trees(), st.integers(0, 1000), st.floats(0.01, 0.9))
def test_at_most_one_label_of_a_group_is_suggested(tree: LabelTree, seed: int, threshold: float) -> None:
    labels, scores = scored(tree, seed)
    rule = Thresholds(np.full(len(labels), threshold), labels.depths, exclusive=labels.exclusive)
    suggested = rule(scores)
    for group in labels.exclusive or ():
        counts = suggested[:, group.members].sum(axis=1)
        assert np.all(counts <= 1)
        if group.exact:
            applies = suggested[:, group.condition] if group.condition >= 0 else True
            np.testing.assert_array_equal(counts == 1, np.broadcast_to(applies, counts.shape))
    one_by_one = np.concatenate([rule(row[None]) for row in scores])
    np.testing.assert_array_equal(one_by_one, suggested)


def test_two_levels_of_exclusive_labels_sum_to_one_on_both() -> None:
    nodes = [LabelNode("animal", group="kind"), LabelNode("plant", group="kind")]
    nodes += [
        LabelNode(name, above, "", "leaf") for name, above in (("cat", "animal"), ("dog", "animal"), ("oak", "plant"))
    ]
    rules = (("kind", "exactly-one"), ("leaf", "exactly-one"))
    labels, scores = scored(LabelTree(tuple(nodes), rules=rules), 3)
    assert labels.names == ("animal", "cat", "dog", "plant", "oak")
    np.testing.assert_allclose(scores[:, [0, 3]].sum(axis=1), 1)
    np.testing.assert_allclose(scores[:, [1, 2]].sum(axis=1), scores[:, 0])
    np.testing.assert_allclose(scores[:, 4], scores[:, 3])


def groups_of(exact: bool) -> ExclusiveGroups:
    return ExclusiveGroups.of(["size"], [[0, 1, 2]], [exact], np.full(4, -1))


@pytest.mark.parametrize("exact", [True, False])
def test_a_softmax_over_the_group_and_none(exact: bool) -> None:
    logits = np.array([[1.0, 2.0, -1.0], [900.0, 0.0, -900.0]])
    with_none = np.hstack([logits, np.zeros((2, 1))]) if not exact else logits
    powers = np.exp(with_none - with_none.max(axis=1, keepdims=True))
    np.testing.assert_allclose(groups_of(exact).softmax(logits), (powers / powers.sum(axis=1, keepdims=True))[:, :3])


@pytest.mark.parametrize("exact", [True, False])
def test_temperature_is_found_again(exact: bool) -> None:
    """Marks drawn from a softmax of doubled logits: the slope must be near 2 and the shifts near those drawn with."""
    random, groups = np.random.default_rng(0), groups_of(exact)
    logits = random.normal(size=(6_000, 4))
    shift = np.array([0.5, -0.5, 0.0])
    shares = groups.softmax(2 * logits[:, :3] + shift)
    outcome = (random.random(6_000)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1)
    targets = np.zeros((6_000, 4), dtype=int)
    carried = np.flatnonzero(outcome < 3)
    targets[carried, outcome[carried]] = 1
    targets[:500, 1] = -1  # unknown on some marks, whatever is true of the others
    targets[:500][outcome[:500] == 1, 1] = -1
    plain = Calibration(np.full(4, 3.0), np.full(4, 7.0))
    found = fit_exclusive(plain, logits, targets, groups)
    assert found.slope[3] == 3.0
    assert found.intercept[3] == 7.0
    np.testing.assert_allclose(found.slope[:3], 2, rtol=0.06)
    offsets = found.intercept[:3] - (found.intercept[:3].mean() if exact else 0)
    np.testing.assert_allclose(offsets, shift - (shift.mean() if exact else 0), atol=0.15)
    np.testing.assert_allclose(found(logits)[:, :3].mean(axis=0), shares.mean(axis=0), atol=0.01)


def test_a_parent_that_every_mark_carries_has_the_score_1() -> None:
    groups = ExclusiveGroups.of(["colour"], [[1, 2]], [True], np.array([-1, 0, 0]))
    random = np.random.default_rng(1)
    red = random.random(50) < 0.5
    targets = np.stack([np.ones(50, dtype=int), red, ~red], axis=1).astype(int)
    found = fit_exclusive(Calibration(np.ones(3), np.zeros(3)), random.normal(size=(50, 3)), targets, groups)
    scores = coherent_scores(found(random.normal(size=(9, 3))), groups.parents, groups)
    np.testing.assert_allclose(scores[:, 0], 1)
    np.testing.assert_allclose(scores[:, 1:].sum(axis=1), 1)


def test_shifting_the_prior_shifts_the_odds_between_exclusive_labels() -> None:
    groups = ExclusiveGroups.of(["size"], [[0, 1]], [True], np.full(2, -1))
    calibration = Calibration(np.ones(2), np.zeros(2), groups)
    shifted = calibration.shift_prior(np.array([0.5, 0.5]), np.array([0.8, 0.2]))
    np.testing.assert_allclose(shifted(np.zeros((1, 2))), [[0.8, 0.2]])


def test_groups_over_children_before_parents_are_refused() -> None:
    with pytest.raises(DataError, match="parent comes after its child"):
        ExclusiveGroups.of(["size"], [[0]], [True], np.array([1, -1]))
