import numpy as np
import pytest

from tests.scripts import load_script


def test_five_words_are_judged_as_published() -> None:
    """Each word of the test images counts alike; a word that is never given has precision 0."""
    script = load_script("benchmarks/corel5k")
    truth = np.array([[1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)
    decided = np.array([[1, 0, 0, 1], [1, 0, 1, 0]], dtype=bool)
    found = script.judged(decided, truth)
    # precisions 1, 0 and 1, recalls 1, 0 and 1; the last word is in no test image and does not count
    assert found["precision"] == found["recall"] == found["f1"] == pytest.approx(66.7)
    assert found["n_plus"] == 2
    assert found["f1_low"] <= found["f1"] <= found["f1_high"]


def test_the_rule_of_the_protocol_promises_more_of_its_figure_than_the_best_scores() -> None:
    """Drawn from calibrated scores, so that what is promised is what comes."""
    script = load_script("benchmarks/corel5k")
    random = np.random.default_rng(0)
    frequency = np.geomspace(0.3, 0.002, 80)
    logits = np.log(frequency / (1 - frequency)) + 1.5 * random.standard_normal((3000, 80)) - 1
    scores = 1 / (1 + np.exp(-logits))
    truth = random.random(scores.shape) < scores
    learned, held = slice(2500), slice(2500, 3000)
    found = {
        name: script.judged(rule.fit(scores[learned], truth[learned])(scores[held]), truth[held], rounds=1)
        for name, rule in (script.RULES | {"protocol": script.ProtocolRule(images=500, rounds=60)}).items()
    }
    assert found["protocol"]["f1"] > found["macro-5"]["f1"] > found["top-5"]["f1"]
    assert found["protocol"]["n_plus"] > found["macro-5"]["n_plus"]
    decided = script.ProtocolRule(rounds=5).fit(scores, truth)(scores)
    assert set(decided.sum(axis=1)) == {5}
