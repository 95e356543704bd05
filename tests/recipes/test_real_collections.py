"""The benchmarks on real collections: long-tailed cuts, the published protocol, the question's recipe."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from tests.scripts import load_script


def test_a_cut_has_many_test_images_of_every_label_and_a_long_tail() -> None:
    script = load_script("benchmarks/tail/cut")
    random = np.random.default_rng(0)
    targets = csr_array(random.random((4000, 40)) < np.geomspace(0.4, 0.004, 40))
    tail = script.Tail(tested=20, most=200, fewest=3)
    subsets, kept = script.cut(targets, tail, seed=1)
    dense = targets.toarray()[:, kept]
    counts = {name: dense[subsets == name].sum(axis=0) for name in ("train", "validation", "test")}
    assert len(kept) < 40, "labels that are too rare for a test part are left out"
    assert counts["test"].min() >= 20
    assert counts["train"].min() >= 3
    seen = np.sort(counts["train"] + counts["validation"])
    assert seen[0] <= 8
    assert seen[-1] >= 200
    assert np.all(np.diff(np.log(seen)) < 1), "frequencies fall without a gap"
    again, _ = script.cut(targets, tail, seed=1)
    assert (again == subsets).all()


def test_words_are_judged_as_published() -> None:
    script = load_script("benchmarks/real_collections")
    names = ("a", "b", "c", "d", "e", "f", "(rare labels)")
    codes = (("a", "b"), ("a",), ("g",))
    task = SimpleNamespace(
        marks=SimpleNamespace(select=lambda _: SimpleNamespace(codes=codes)),
        rows=lambda _: np.arange(3),
        labels=lambda: SimpleNamespace(names=names),
    )
    scores = np.full((3, 7), 0.1)
    scores[:, 6] = 1.0
    scores[0, 1] = 0.9
    found = script.found_words(task, scores)
    # a, b and g are the words of the test images; g cannot be answered, and a and b are in every answer
    assert found["words"] == 3
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["precision"] == pytest.approx((2 / 3 + 1 / 3 + 0) / 3, abs=1e-3)
    assert found["n_plus"] == 2


def test_the_recipe_is_that_of_the_question() -> None:
    script = load_script("benchmarks/question/recipe")
    recipe = script.Recipe()
    assert (recipe.hidden, recipe.learning_rate, recipe.patience, recipe.normalised) == (2048, 2e-5, 5, True)
    assert (script.AS_RECORDED.epochs, script.AS_RECORDED.patience, script.AS_RECORDED.normalised) == (12, 3, False)
