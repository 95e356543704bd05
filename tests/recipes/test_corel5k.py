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
