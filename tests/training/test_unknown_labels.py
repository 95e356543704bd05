"""What nobody knows of a mark teaches nothing: whatever the strategy, the head and the loss."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tests.bundles import plain_bundle
from tests.synthetic import SECTIONS, make_collection
from viennatag.data.labels import LabelSet
from viennatag.evaluation.evaluation import evaluate_scores
from viennatag.evaluation.feedback import Feedback
from viennatag.evaluation.label_issues import rank_label_issues
from viennatag.sampling.sampling import Mixup, SyntheticOversampling
from viennatag.training.continual.adaptation import Adaptation, LastLayer
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection
from viennatag.training.data.held_out import HeldOut
from viennatag.training.heads.closed_form import Discriminant, Ridge
from viennatag.training.heads.heads import Neighbours
from viennatag.training.heads.trainer import Schedule, fit_standardisation
from viennatag.training.postprocessing.prior_shift import target_shares
from viennatag.training.selection.trained_strategy import train_strategy
from viennatag.training.strategies import STRATEGIES

SHORT = Schedule(epochs=3, min_steps=60, learning_rate=1e-2)
HIDDEN = SECTIONS[0]
QUICK = {"as-is", "neighbours", "ridge"}


def hidden_at_random(collection: Collection, *, share: float = 0.7, told: bool = True) -> Collection:
    """Return a collection in which nobody knows the most frequent code of most marks; or is taken to be absent."""
    marks = collection.marks
    lost = np.random.default_rng(1).random(len(marks)) < share
    codes = tuple(
        tuple(code for code in row if not (gone and code == HIDDEN))
        for row, gone in zip(marks.codes, lost, strict=True)
    )
    unknown = tuple((HIDDEN,) if gone else () for gone in lost) if told else ()
    return replace(collection, marks=replace(marks, codes=codes, unknown=unknown))


def frequency(collection: Collection) -> float:
    return float(np.mean([HIDDEN in row for row in collection.marks.codes]))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name, strategy in STRATEGIES.items()
        if not strategy.head.reads_feature_maps
    ],
)
def test_scores_are_as_frequent_as_the_label_is_where_it_is_known(name: str) -> None:
    whole = make_collection(600)
    strategy = STRATEGIES[name]

    def mean_score(collection: Collection) -> float:
        labels = collection.labels(min_count=strategy.min_count)
        train, validation = (collection.examples(labels, part) for part in (TRAIN, VALIDATION))
        held_out = HeldOut.of_examples(validation)
        trained = train_strategy(strategy, labels, train, validation, held_out, schedule=SHORT)
        test = HeldOut.of_examples(collection.examples(labels, TEST))
        return float(trained.scores(test)[:, labels.index[HIDDEN]].mean())

    assert mean_score(hidden_at_random(whole)) > 0.7 * frequency(whole)
    assert mean_score(hidden_at_random(whole, told=False)) < 0.5 * frequency(whole)


@pytest.mark.parametrize("kind", [Discriminant(), Ridge(), Neighbours()])
def test_a_fitted_head_is_that_of_the_marks_on_which_the_label_is_known(kind: Any) -> None:
    collection = make_collection(400)
    examples = collection.examples(LabelSet("flat", ("x",)), TRAIN)
    random = np.random.default_rng(0)
    targets = (random.random((len(examples), 2)) < 0.4).astype(np.int8)
    targets[: len(targets) // 2, 0] = -1
    known = np.arange(len(targets) // 2, len(targets))
    mean, scale = fit_standardisation(examples)

    def logits(rows: NDArray[np.intp], truth: NDArray[Any]) -> NDArray[np.float32]:
        head = kind.fit(replace(examples.select(rows), targets=csr_array(truth)), mean=mean, scale=scale)
        return np.asarray(head(examples.features[:50]))

    everything = np.arange(len(targets))
    found = logits(everything, targets)
    np.testing.assert_allclose(found[:, 1], logits(everything, np.maximum(targets, 0) > 0)[:, 1], rtol=1e-4, atol=1e-4)
    if not isinstance(kind, Neighbours):  # whose support is drawn from all marks
        np.testing.assert_allclose(found[:, 0], logits(known, targets[known] > 0)[:, 0], rtol=1e-3, atol=1e-3)
    absent = logits(everything, np.maximum(targets, 0) > 0)[:, 0]
    assert found[:, 0].mean() > absent.mean() + 0.3


def test_what_one_of_two_blended_marks_does_not_know_is_unknown() -> None:
    collection = hidden_at_random(make_collection(400))
    labels = collection.labels(min_count=5)
    train, validation = (collection.examples(labels, part) for part in (TRAIN, VALIDATION))
    held_out = HeldOut.of_examples(validation)
    for sampling in (Mixup(), SyntheticOversampling()):
        strategy = replace(STRATEGIES["as-is"], sampling=sampling)
        trained = train_strategy(strategy, labels, train, validation, held_out, schedule=SHORT)
        assert np.isfinite(trained.macro_map)
    _, made = SyntheticOversampling().synthesise(train.features[train.rows], train.targets, np.random.default_rng(0))
    assert set(np.unique(made.toarray())) == {-1, 0, 1}


def test_figures_prior_and_label_issues_leave_unknown_pairs_out() -> None:
    whole = make_collection(300)
    masked = hidden_at_random(whole)
    labels = whole.labels(min_count=5)
    at = labels.index[HIDDEN]
    scores = np.random.default_rng(0).random((len(masked.marks), len(labels)))
    targets = labels.targets(masked.marks).toarray()
    other = np.where(targets < 0, 0.999, scores)
    bundle = plain_bundle(labels)
    found, again = (evaluate_scores(each, masked.marks, bundle, rounds=20) for each in (scores, other))
    assert found.to_json() == again.to_json()
    issues = rank_label_issues(masked.marks, labels, other, limit=10_000)
    assert not [each for each in issues if targets[each.row, labels.index[each.label]] < 0]
    assert {each.label: each.prior for each in issues}[HIDDEN] == pytest.approx(
        (targets[:, at] > 0).sum() / (targets[:, at] >= 0).sum()
    )
    guess = np.full(len(labels), frequency(whole))
    absent = hidden_at_random(whole, told=False).marks
    assert target_shares(labels, guess, masked.marks)[at] == pytest.approx(frequency(whole), abs=0.05)
    assert target_shares(labels, guess, absent)[at] < 0.7 * frequency(whole)
    assert masked.digest != hidden_at_random(whole, told=False).digest


def test_feedback_that_does_not_know_a_label_does_not_move_it() -> None:
    whole = make_collection(300)
    labels = LabelSet("flat", ("a", "b"))
    bundle = plain_bundle(labels)
    names = tuple("b" if at % 2 else "" for at in range(300))
    marks = replace(
        whole.marks, taxonomy="flat", codes=tuple((name,) if name else () for name in names), unknown=(("a",),) * 300
    )
    views = HeldOut.of_examples(whole.examples(labels, TRAIN))
    marks = marks.select(range(len(views)))
    start = LastLayer(bundle.postprocessor, np.zeros((2, views.features.shape[1])), np.zeros(2))
    adaptation = Adaptation.of(start, labels, Feedback(marks, ((),) * len(marks)), views)
    assert [labels.names[at] for at in adaptation.columns] == ["b"]
