import json
from pathlib import Path

import numpy as np
import pytest

from tests.synthetic import make_collection
from viennatag.errors import OptionError
from viennatag.losses.losses import Focal
from viennatag.metrics.metrics import macro_average_precision
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, TrainingData
from viennatag.training.finetuning.run import run_folder
from viennatag.training.options import FinetuneOptions, TrainOptions
from viennatag.training.selection.trained_strategy import train_strategy
from viennatag.training.strategies import BASELINE, STRATEGIES, Strategy, find_strategy


@pytest.fixture(scope="module")
def collection() -> Collection:
    return make_collection(700, more=200, maps=True)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "ml-decoder" else name for name in STRATEGIES]
)
def test_every_strategy_learns_and_decides(name: str, collection: Collection) -> None:
    strategy = STRATEGIES[name]
    labels = collection.labels(min_count=strategy.min_count)
    train, validation, test = collection.training(labels, target_count=strategy.target_count), VALIDATION, TEST
    held_out = collection.held_out(labels, validation)
    trained = train_strategy(strategy, labels, train, collection.examples(labels, validation), held_out)
    judged = collection.examples(labels, test)
    scores = trained.scores(collection.held_out(labels, test))
    prior = np.tile(train.counts() / len(train), (len(judged), 1))
    reached, least = (macro_average_precision(each, judged.targets).value for each in (scores, prior))
    assert reached > 1.5 * least
    assert scores.min() >= 0
    assert scores.max() <= 1
    parents = labels.parents
    below = parents >= 0
    assert np.all(scores[:, parents[below]] >= scores[:, below])
    assert 0 < trained.postprocessor.decide(scores).mean() < 0.5


def test_the_five_replies_are_there() -> None:
    replies = {strategy.reply: name for name, strategy in reversed(STRATEGIES.items()) if strategy.reply}
    assert replies == {
        1: "more-data",
        2: "undersample-head",
        3: "class-weights",
        4: "group-rare",
        5: BASELINE,
    }


def test_decoupled_fine_tunes_marks_as_they_are_and_the_head_by_labels(collection: Collection, tmp_path: Path) -> None:
    decoupled, aware = STRATEGIES["decoupled"], STRATEGIES["class-aware"]
    assert decoupled.sampling == aware.sampling
    assert not decoupled.trains_like(aware)
    runs = {
        name: run_folder(
            TrainingData(collection.marks, tmp_path, tmp_path),
            TrainOptions(strategy=STRATEGIES[name], finetune=FinetuneOptions()),
        )
        for name in (BASELINE, "class-aware", "decoupled")
    }
    assert runs["decoupled"] == runs[BASELINE] != runs["class-aware"], "the same network, another head"


def test_descriptions_are_one_line_and_distinct() -> None:
    descriptions = [strategy.description for strategy in STRATEGIES.values()]
    assert len(set(descriptions)) == len(descriptions)
    assert all(10 < len(text) < 90 and "\n" not in text for text in descriptions)


def test_what_a_bundle_keeps_names_each_dial() -> None:
    kept = json.loads(json.dumps(Strategy("mine", "of my own", loss=Focal(3.0)).to_json()))
    assert kept["name"] == "mine"
    assert kept["loss"] == {"kind": "Focal", "gamma": 3.0}
    assert kept["head"] == {"kind": "Linear"}
    members = json.loads(json.dumps(STRATEGIES["ensemble"].to_json()))["head"]["members"]
    assert [each["kind"] for each in members] == ["Linear", "TreeShared", "Cosine", "Neighbours"]


def test_further_marks_are_added_to_rare_labels_only(collection: Collection) -> None:
    labels = collection.labels(min_count=5)
    own, joined = collection.examples(labels, TRAIN), collection.training(labels, target_count=30)
    before, after = own.counts(), joined.counts()
    assert np.all(after[before < 30] >= np.minimum(before[before < 30] + 1, 30))
    assert after[before < 30].min() >= 25
    assert len(own) < len(joined) < len(own) + 200
    np.testing.assert_array_equal(joined.rows[: len(own)], own.rows)
    assert len(collection.training(labels)) == len(own)


def test_mistakes_are_named() -> None:
    with pytest.raises(OptionError, match="did you mean 'group-rare'"):
        find_strategy("group-rares")
    with pytest.raises(OptionError, match="choose one of as-is, more-data"):
        find_strategy("zzz")
    with pytest.raises(OptionError, match="min_count is 0"):
        Strategy("mine", "of my own", min_count=0)
