"""The benchmarks on real collections: long-tailed cuts, the published protocol, the question's recipe."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
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


def test_faint_labels_keep_their_frequencies_and_are_partly_wrong() -> None:
    script = load_script("benchmarks/real_collections")
    random = np.random.default_rng(0)
    carries = random.random((1000, 60)) < np.geomspace(0.3, 0.002, 60)
    codes = [[str(at) for at in np.flatnonzero(row)] for row in carries]

    def meant(wrong: float) -> NDArray[np.bool_]:
        found = script.faint_labels(codes, wrong=wrong, seed=0)
        names = sorted({name for own in found for name in own})
        return np.array([[name in own for name in names] for own in found])

    clean, noisy = meant(0.0), meant(0.25)
    shares = noisy.mean(axis=0)
    assert len(shares) == 24
    assert shares == pytest.approx(np.geomspace(0.005, 0.4, 24), rel=0.3)
    assert (clean.sum(axis=0) == noisy.sum(axis=0)).all()
    assert (clean[:, -1] & noisy[:, -1]).sum() == round(0.75 * clean[:, -1].sum())


def test_each_seed_tests_another_fold_of_registered_marks(tmp_path: Path) -> None:
    script = load_script("benchmarks/real_collections")
    folder = tmp_path / "real_marks"
    folder.mkdir()
    rows = [f"{at}.png,1.1.2;27.5|x,{at % 5}" for at in range(10)] + ["10.png,,0"]
    (folder / "marks.csv").write_text("\n".join(["image,figurative,fold", *rows]))
    for at in range(10):
        (folder / f"{at}.png").touch()
    tested = []
    for seed in range(5):
        task = script.load("real_codes", tmp_path, train=0, size=64, seed=seed, shared=tmp_path)
        tested += [task.marks.images[at] for at in task.rows("test")]
        assert len(task.rows("train")) == 6
    assert sorted(tested) == [f"{at}.png" for at in range(10)]
    assert set(task.marks.codes[0]) == {"category 1", "division 1.1", "section 1.1.2", "category 27", "division 27.5"}


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
