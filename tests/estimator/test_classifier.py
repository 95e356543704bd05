import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from PIL import Image
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from viennatag import MultilabelImageClassifier
from viennatag.errors import DataError, OptionError
from viennatag.losses import Asymmetric, DistributionBalanced
from viennatag.split import MultilabelStratifiedGroupKFold


def made_up(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = (random.random((n, 4)) < [0.4, 0.2, 0.08, 0.03]).astype(int)
    directions = np.random.default_rng(1).normal(size=(4, 12))
    return targets @ directions + random.normal(size=(n, 12)), targets


@pytest.mark.filterwarnings("ignore::UserWarning")  # of scikit-learn, about checks that it skips
def test_scikit_learn_checks_it() -> None:
    """With tuned thresholds one check fails by design: that decisions are probabilities of more than a half."""
    check_estimator(MultilabelImageClassifier(rule="threshold-0.5", max_iter=50))


def test_it_learns_rare_labels_and_calibrates() -> None:
    x, y = made_up()
    other_x, other_y = made_up(2000, seed=5)
    for loss in (None, DistributionBalanced(), Asymmetric()):
        model = MultilabelImageClassifier(loss=loss).fit(x, y)
        scores = model.predict_proba(other_x)
        assert scores.shape == (2000, 4)
        found = average_precision_score(other_y, scores, average=None)
        assert found.min() > 5 * other_y.mean(axis=0).min()
        assert found.mean() > 0.65
        assert np.abs(scores.mean(axis=0) - other_y.mean(axis=0)).max() < 0.04
        assert np.array_equal(model.predict(other_x), model.decision_function(other_x) >= 0)
        assert model.predict(other_x).sum(axis=0).min() > 5


def test_other_tools_of_scikit_learn_take_it() -> None:
    x, y = made_up()
    cv = MultilabelStratifiedGroupKFold(3)
    groups = [f"family {at // 4}" for at in range(400)]
    found = cross_val_score(MultilabelImageClassifier(), x, y, groups=groups, cv=cv, scoring="average_precision")
    assert found.min() > 0.5
    search = GridSearchCV(MultilabelImageClassifier(), {"C": [0.01, 1], "rule": ["top-1", "per-label"]}, cv=cv)
    assert search.fit(x, y, groups=groups).best_params_["C"] in {0.01, 1}
    model = make_pipeline(StandardScaler(), MultilabelImageClassifier()).fit(x, y)
    assert model.predict(x).shape == y.shape
    assert repr(clone(MultilabelImageClassifier(C=2.0))) == "MultilabelImageClassifier(C=2.0)"


def test_any_kind_of_target_is_taken() -> None:
    x, y = made_up(120)
    expected = MultilabelImageClassifier().fit(x, y).predict_proba(x)
    names = ["cat", "dog", "hen", "ox"]
    frame = pd.DataFrame(y, columns=names)
    listed = [[names[at] for at in np.flatnonzero(row)] for row in y]
    for held in (y.astype(bool), y.tolist(), csr_array(y), frame, listed):
        model = MultilabelImageClassifier().fit(x, held)
        np.testing.assert_allclose(model.predict_proba(x), expected)
    objects = np.empty(120, dtype=object)
    objects[:] = listed
    for held in (listed, objects, pd.Series(listed), pl.Series(listed), pl.DataFrame({"names": listed})):
        model = MultilabelImageClassifier().fit(pl.DataFrame(x), held)
        np.testing.assert_allclose(model.predict_proba(pl.DataFrame(x)), expected)
        assert model.score(pl.DataFrame(x), held) == model.score(pl.DataFrame(x), y)
    assert model.classes_.tolist() == names
    assert MultilabelImageClassifier().fit(x, frame).classes_.tolist() == names
    chosen = model.predict(pl.DataFrame(x))[0]
    assert model.predict_names(pl.DataFrame(x))[0] == tuple(names[at] for at in np.flatnonzero(chosen))
    classes = np.array(names)[y.argmax(axis=1)]
    single = MultilabelImageClassifier().fit(x, classes)
    assert single.score(x, classes) > 0.8
    np.testing.assert_allclose(single.predict_proba(x).sum(axis=1), 1)


def test_unknown_labels_count_nowhere() -> None:
    x, y = made_up(200)
    known = MultilabelImageClassifier().fit(x, y)
    twice = np.vstack([x, x])
    for unknown in (np.nan, -1):
        targets = np.vstack([y, np.full_like(y, unknown, dtype=float)])
        found = MultilabelImageClassifier().fit(twice, targets)
        np.testing.assert_allclose(found.coef_, known.coef_, atol=1e-3)
        np.testing.assert_allclose(found.intercept_, known.intercept_, atol=1e-3)
    half = np.where((y == 1) & (np.arange(200)[:, None] % 2 == 0), np.nan, y)
    absent = MultilabelImageClassifier().fit(x, np.nan_to_num(half)).predict_proba(x)[:, 0].mean()
    shown = MultilabelImageClassifier().fit(x, half).predict_proba(x)[:, 0].mean()
    assert absent < 0.75 * shown, "unknown is not absent"


def test_paths_and_arrays_are_images(collection: Path) -> None:
    table = pd.read_csv(collection / "flat.csv")[:80]
    paths = [collection / name for name in table["image"]]
    targets = table[["ellipse", "red"]]
    model = MultilabelImageClassifier().fit(paths[:60], targets[:60])
    from_paths = model.predict_proba(paths[60:])
    assert average_precision_score(targets[60:], from_paths) > 0.8
    pixels = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths[60:]])
    np.testing.assert_allclose(model.predict_proba(pixels), from_paths, atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(list(pixels)), from_paths, atol=1e-4)
    np.testing.assert_allclose(model.predict_proba([str(path) for path in paths[60:]]), from_paths)
    np.testing.assert_allclose(model.predict_proba(model.image_features(paths[60:])), from_paths)
    frame = pd.Series([str(path) for path in paths[60:]])
    np.testing.assert_allclose(model.predict_proba(frame), from_paths)
    np.testing.assert_allclose(model.predict_proba(frame.to_frame()), from_paths)


def test_mistakes_are_named(tmp_path: Path) -> None:
    x, y = made_up(40)
    with pytest.raises(DataError, match=r"1 image cannot be read; the first is number 0, .*none\.png"):
        MultilabelImageClassifier().fit([tmp_path / "none.png"], [[1, 0]])
    with pytest.raises(DataError, match=r"y holds the class 'a;b'; .* lists of names"):
        MultilabelImageClassifier().fit(x, ["a;b", "b"] * 20)
    with pytest.raises(OptionError, match="C is 0"):
        MultilabelImageClassifier(C=0).fit(x, y)
    with pytest.raises(DataError, match="targets hold 2"):
        MultilabelImageClassifier().fit(x, y * 2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MultilabelImageClassifier().fit(x, y[:20])
    with pytest.raises(OptionError, match="decision rule 'best' is unknown"):
        MultilabelImageClassifier(rule="best").fit(x, y)


@pytest.mark.parametrize(
    "options",
    [
        *({"C": value} for value in ("1", None, float("nan"))),
        *({"cv": value} for value in (None, 1, 2.5)),
        *({"loss": value} for value in ("bce", Asymmetric)),
        *({"random_state": value} for value in (-1, "a")),
        {"rule": 5},
        {"max_iter": 1.5},
    ],
)
def test_an_option_that_makes_no_sense_is_named(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(options))}.* is |{next(iter(options))} "):
        MultilabelImageClassifier(**options).fit(*made_up(20))  # type: ignore[arg-type]


def test_a_random_state_of_scikit_learn_is_taken() -> None:
    x, y = made_up()
    first, same = (MultilabelImageClassifier(random_state=np.random.RandomState(3)).fit(x, y) for _ in range(2))
    assert np.array_equal(first.thresholds_.thresholds, same.thresholds_.thresholds)


@pytest.mark.parametrize("images", ["folder/a.png", Path("folder"), (name for name in "ab"), {"a.png"}])
def test_one_image_or_what_has_no_order_is_refused(images: object) -> None:
    with pytest.raises(DataError, match="expected a list of images, or features"):
        MultilabelImageClassifier().fit(images, [[1, 0]])


@pytest.mark.parametrize("gap", [None, float("nan"), "cat"])
def test_a_gap_among_lists_of_names_is_named(gap: object) -> None:
    with pytest.raises(DataError, match=r"at row 1 among lists of names; without a label it is \[\]"):
        MultilabelImageClassifier().fit(made_up(4)[0], pd.Series([["cat"], gap, [], ["dog"]]))


def test_it_needs_no_timm_and_no_onnx() -> None:
    code = (
        "import sys, viennatag; viennatag.MultilabelImageClassifier().fit([[0.], [1.], [2.]], [[1, 0], [0, 1], [0, 1]])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", f"{code}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not {"timm", "onnx", "lightning"} & set(loaded.stdout.split())
