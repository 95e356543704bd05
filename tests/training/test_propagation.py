"""Tag propagation, smoothing over the graph of labels, weights of each label: references and limit cases."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import average_precision
from viennatag.training.data.examples import Examples
from viennatag.training.heads.exported import LinearHead, PropagationHead
from viennatag.training.heads.heads import Ensemble, Linear
from viennatag.training.heads.label_graph import LabelGraph, label_graph
from viennatag.training.heads.propagation import TagPropagation
from viennatag.training.heads.trainer import standardise_columns
from viennatag.training.selection.trained_strategy import fit_shares

MARKS, WIDTH = 150, 5


def made(seed: int = 0, marks: int = MARKS) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Features, and three labels: of a side, of the surroundings of two places, and one that is rare."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(marks, WIDTH)).astype(np.float32)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    truth = np.stack([features[:, 0] > 0.7, np.abs(unit[:, 1]) > 0.75, unit[:, 2] > 0.85], axis=1)
    return features, truth.astype(np.int8)


def fitted(kind: TagPropagation, features: NDArray[Any], targets: NDArray[Any]) -> PropagationHead:
    mean, scale = standardise_columns(features)
    return kind.fit(
        Examples(features, np.arange(len(features)), csr_array(targets), np.ones(len(features))), mean=mean, scale=scale
    )


def shares(head: PropagationHead, queries: NDArray[Any], *, own: bool = False) -> NDArray[Any]:
    """Return the smoothed share of votes for each label by the formula, mark by mark; `own` marks do not vote."""
    vectors = (queries - head.mean) / head.scale
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = []
    for at, vector in enumerate(vectors):
        voters = [each for each in range(len(head.support)) if not (own and each == at)]
        similar = np.array([head.support[each].astype(np.float32) @ vector for each in voters])
        near = np.argsort(-similar)[: head.k]
        weights = np.exp((similar[near] - similar[near[0]]) / head.temperature)
        chosen = [voters[each] for each in near]
        known = np.ones_like(head.targets) if head.unknown is None else 1 - head.unknown
        votes, cast = weights @ head.targets[chosen], weights @ known[chosen]
        found.append((votes + head.smoothing * head.prior) / (cast + head.smoothing))
    return np.array(found)


def test_votes_and_weights_follow_the_formula() -> None:
    features, truth = made()
    head = fitted(TagPropagation(k=20), features, truth)
    queries, _ = made(seed=1, marks=30)
    wanted = shares(head, queries) * head.slope + head.intercept
    np.testing.assert_allclose(head(queries), wanted, atol=2e-3)


def test_slopes_are_learned_from_votes_without_the_marks_own() -> None:
    features, truth = made()
    kind = TagPropagation(k=20, temperatures=(0.2,))
    head = fitted(kind, features, truth)
    support = head.support.astype(np.float32)
    left_out = kind._left_out_shares(support, truth.astype(np.float32), None, head.prior, 0.2)
    np.testing.assert_allclose(left_out, shares(head, features, own=True), atol=2e-3)
    frequencies = 1 / (1 + np.exp(-(left_out * head.slope + head.intercept)))
    np.testing.assert_allclose(frequencies.mean(axis=0), truth.mean(axis=0), atol=0.02)


def test_the_likeliest_temperature_is_taken() -> None:
    features, truth = made()
    assert fitted(TagPropagation(k=MARKS, temperatures=(0.2, 100.0)), features, truth).temperature == 0.2


def test_a_vote_of_all_alike_tells_nothing() -> None:
    features, truth = made()
    head = fitted(TagPropagation(k=MARKS, temperatures=(1e6,)), features, truth)
    queries, _ = made(seed=1, marks=30)
    assert np.ptp(head(queries), axis=0).max() < 1e-3


def test_marks_on_which_a_label_is_unknown_have_no_vote_for_it() -> None:
    features, truth = made()
    partly = truth.copy()
    partly[::2, 0] = -1
    head = fitted(TagPropagation(k=20), features, partly)
    assert head.unknown is not None
    queries, _ = made(seed=1, marks=30)
    np.testing.assert_allclose(head(queries), shares(head, queries) * head.slope + head.intercept, atol=2e-3)
    alone = fitted(TagPropagation(k=20), features, truth)
    np.testing.assert_allclose(head(queries)[:, 1:], alone(queries)[:, 1:], atol=0.7)


def test_few_marks_are_chosen_and_nothing_is_an_error() -> None:
    features, truth = made()
    head = fitted(TagPropagation(max_marks=40), features, truth)
    assert len(head.support) == 40
    assert head.targets[:, 2].sum() == truth[:, 2].sum(), "those of the rare label come first"
    with pytest.raises(DataError, match="no mark carries a label"):
        fitted(TagPropagation(), features, np.zeros_like(truth))
    with pytest.raises(OptionError, match="expected positive numbers"):
        TagPropagation(temperatures=(0.0,))


def test_smoothing_solves_the_equation_of_the_graph() -> None:
    random = np.random.default_rng(0)
    targets = csr_array((random.random((200, 6)) < 0.3).astype(np.int8))
    head = LinearHead(random.normal(size=(6, 4)).astype(np.float32), random.normal(size=6).astype(np.float32))
    mean, graph = random.normal(size=4).astype(np.float32), label_graph(targets)
    features = random.normal(size=(20, 4)).astype(np.float32)
    kind = LabelGraph()
    np.testing.assert_allclose(kind.smoothed(head, mean, graph, 0.0)(features), head(features), atol=1e-5)
    centre = head.weight @ mean + head.bias
    for strength in (0.1, 0.6):
        evidence = (head(features) - centre).T
        wanted = (1 - strength) * np.linalg.solve(np.eye(6) - strength * graph.toarray(), evidence)
        found = kind.smoothed(head, mean, graph, strength)(features)
        np.testing.assert_allclose(found, wanted.T + centre, atol=1e-3)
    np.testing.assert_allclose(graph.toarray(), graph.toarray().T)
    assert np.linalg.eigvalsh(graph.toarray()).max() <= 1 + 1e-9


def test_a_label_that_stands_alone_keeps_its_ranks_and_a_companion_helps() -> None:
    random = np.random.default_rng(0)
    truth = np.zeros((300, 3), dtype=np.int8)
    truth[:90, :2] = 1
    truth[200:, 2] = 1
    features = truth + random.normal(size=truth.shape).astype(np.float32) * np.array([0.1, 2.0, 1.0], np.float32)
    head = LinearHead(np.eye(3, dtype=np.float32), np.zeros(3, dtype=np.float32))
    smoothed = LabelGraph().smoothed(head, features.mean(axis=0), label_graph(csr_array(truth)), 0.6)
    before, after = head(features), smoothed(features)
    np.testing.assert_array_equal(np.argsort(before[:, 2]), np.argsort(after[:, 2]))
    assert average_precision(after, truth)[1] > average_precision(before, truth)[1] + 0.05


def test_shares_are_a_labels_own_the_more_positives_it_has() -> None:
    random = np.random.default_rng(0)
    truth = (random.random((400, 4)) < np.array([0.4, 0.4, 0.01, 0.0])).astype(np.int8)
    noise = random.normal(size=(2, 400, 4))
    good = truth + 0.3 * noise[0]
    first, second = (np.where(each, good, noise[1]) for each in ([True, False, True, True], [False, True, False, True]))
    own = fit_shares(first, second, truth, 1e-9)
    assert own[0] > 0.5
    assert own[1] < 0.5
    common = fit_shares(first, second, truth, 1e9)
    np.testing.assert_allclose(common, common[0], atol=1e-5)
    assert own[3] == common[3], "a label without positives has the common share"
    between = fit_shares(first, second, truth, 20.0)
    assert abs(between[0] - own[0]) < abs(between[2] - own[2]) or own[2] == common[2]


def test_weights_of_each_label_are_found_for_two_heads() -> None:
    Ensemble((Linear(), TagPropagation()), shrinkage=20.0)
    for members, weights, shrinkage in (
        ((Linear(),), None, 5.0),
        ((Linear(), Linear()), (1.0, 2.0), 5.0),
        ((Linear(), Linear()), None, -1.0),
    ):
        with pytest.raises(OptionError, match="two members"):
            Ensemble(members, weights, shrinkage)
