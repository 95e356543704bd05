import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from tests.synthetic import make_collection
from viennatag.errors import DataError, OptionError
from viennatag.metrics.metrics import macro_average_precision
from viennatag.sampling.sampling import ClassAware, Mixup, Sampling, SyntheticOversampling
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION
from viennatag.training.data.examples import Examples
from viennatag.training.heads import trainer as head
from viennatag.training.heads.exported import LinearHead
from viennatag.training.heads.heads import TreeShared
from viennatag.training.heads.trainer import Schedule, train_head


@pytest.fixture(scope="module")
def parts() -> tuple[Examples, Examples, Examples, np.ndarray]:
    collection = make_collection(1200)
    labels = collection.labels(min_count=5)
    train, validation, test = (collection.examples(labels, part) for part in (TRAIN, VALIDATION, TEST))
    return train, validation, test, labels.parents


def macro(found: head.TrainedHead, examples: Examples) -> float:
    return macro_average_precision(examples.logits(found.head), examples.targets).value


def test_no_worse_than_a_logistic_regression_per_label(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, test, parents = parts
    found = train_head(train, validation, parents=parents)
    inputs = train.features[train.rows].astype(float)
    truth = train.targets.toarray()
    logits = np.stack(
        [
            LogisticRegression(max_iter=500)
            .fit(inputs, truth[:, label])
            .decision_function(test.features[test.rows].astype(float))
            for label in range(truth.shape[1])
        ],
        axis=1,
    )
    assert macro(found, test) > macro_average_precision(logits, test.targets).value - 0.01


def test_the_seed_decides(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, _, parents = parts
    heads = [train_head(train, validation, parents=parents, seed=seed).head for seed in (1, 1, 2)]
    assert all(isinstance(found, LinearHead) for found in heads)
    np.testing.assert_array_equal(heads[0].weight, heads[1].weight)  # type: ignore[attr-defined]
    assert not np.array_equal(heads[0].weight, heads[2].weight)  # type: ignore[attr-defined]


def test_a_head_begins_where_it_is_told_and_stays_there_where_nothing_is_better(
    parts: tuple[Examples, Examples, Examples, np.ndarray],
) -> None:
    train, validation, test, parents = parts
    first = train_head(train, validation, parents=parents)
    assert isinstance(first.head, LinearHead)
    hasty = Schedule(epochs=2, min_steps=1, learning_rate=3.0)
    kept = train_head(train, validation, parents=parents, start=first.head, schedule=hasty)
    assert kept.epochs == 0
    assert kept.macro_map == pytest.approx(first.macro_map, abs=1e-6)
    np.testing.assert_allclose(test.logits(kept.head), test.logits(first.head), atol=1e-3)
    brief = Schedule(epochs=1, min_steps=1, learning_rate=1e-4)
    poor, better = (
        train_head(train, validation, parents=parents, start=each, schedule=brief) for each in (None, first.head)
    )
    assert better.macro_map > poor.macro_map + 0.05


def test_features_read_batch_by_batch_give_the_same_head(
    parts: tuple[Examples, Examples, Examples, np.ndarray],
) -> None:
    train, validation, test, parents = parts
    kept = train_head(train, validation, parents=parents, sampling=SyntheticOversampling(), seed=3)
    read = train_head(train, validation, parents=parents, sampling=SyntheticOversampling(), max_cached=0, seed=3)
    np.testing.assert_allclose(test.logits(kept.head), test.logits(read.head), atol=1e-4)


def test_a_head_starts_at_the_prior(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, test, parents = parts
    slow = Schedule(epochs=1, min_steps=1, learning_rate=1e-9)
    logits = test.logits(train_head(train, validation, parents=parents, schedule=slow).head)
    frequency = train.counts() / len(train)
    np.testing.assert_allclose(logits, np.tile(np.log(frequency / (1 - frequency)), (len(test), 1)), atol=0.1)


def test_marks_without_weight_teach_nothing(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, test, parents = parts
    half = np.arange(len(train)) % 2 == 0
    wrong = train.targets.toarray()
    wrong[~half] = ~wrong[~half]
    weighted = Examples(train.features, train.rows, csr_array(wrong), half.astype(float))
    plain = Examples(train.features, train.rows, csr_array(wrong), np.ones(len(train)))
    learned, confused = (macro(train_head(each, validation, parents=parents), test) for each in (weighted, plain))
    assert learned > confused + 0.1


@pytest.mark.parametrize(
    "sampling", [ClassAware(), Mixup(), SyntheticOversampling()], ids=lambda each: type(each).__name__
)
def test_every_way_to_sample_learns(sampling: Sampling, parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, test, parents = parts
    found = train_head(train, validation, parents=parents, sampling=sampling, kind=TreeShared())
    prior = np.tile(train.counts() / len(train), (len(test), 1))
    assert macro(found, test) > 2 * macro_average_precision(prior, test.targets).value


def test_the_best_epoch_is_kept(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, _, parents = parts
    reports: list[tuple[int, int, float]] = []
    found = train_head(
        train,
        validation,
        parents=parents,
        schedule=Schedule(learning_rate=0.1, patience=1.0),
        progress=lambda *report: reports.append(report),
    )
    assert found.macro_map == reports[-1][2] == pytest.approx(macro(found, validation), abs=1e-3)
    assert 1 <= found.epochs <= reports[-1][1] == len(reports)


def test_batches_run_on_from_draw_to_draw() -> None:
    batches = head._batches(lambda generator: np.arange(5), np.random.default_rng(0), 3)
    assert [next(batches).tolist() for _ in range(4)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3], [4, 0, 1]]


def test_rows_of_sparse_targets_become_dense() -> None:
    random = np.random.default_rng(0)
    dense = random.random((50, 30)) < 0.1
    dense[:3] = False
    chosen = random.integers(50, size=80)
    for rows in (chosen, np.array([0, 1])):
        np.testing.assert_array_equal(head._dense(csr_array(dense), rows), torch.from_numpy(dense[rows]).float())


def test_a_feature_that_hardly_varies_is_not_blown_up() -> None:
    features = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    features[:, 1] = 5
    examples = Examples(features, np.arange(100), csr_array(np.ones((100, 1), dtype=bool)), np.ones(100))
    mean, scale = head.fit_standardisation(examples)
    assert mean[1] == 5
    assert scale[1] > 1e-3


def test_a_shortened_schedule_takes_its_share_of_the_steps() -> None:
    for marks in (200, 100_000):
        whole, quarter = Schedule().epochs_of(marks), Schedule().shortened(0.25).epochs_of(marks)
        assert quarter == pytest.approx(whole / 4, abs=1)


def test_mistakes_are_named(parts: tuple[Examples, Examples, Examples, np.ndarray]) -> None:
    train, validation, _, parents = parts
    with pytest.raises(DataError, match=r"train \(0\)"):
        train_head(train.select(np.arange(0)), validation, parents=parents)
    with pytest.raises(OptionError, match="must be positive"):
        Schedule(epochs=0)
