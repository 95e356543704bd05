import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, f1_score

from tests.cli.conftest import cli  # noqa: F401
from tests.synthetic import make_collection
from viennatag.data.marks import read_marks
from viennatag.errors import DataError, OptionError
from viennatag.evaluation.comparison import METRICS, Comparison, contrast, sample_metrics
from viennatag.losses.losses import Focal, LogitAdjusted
from viennatag.metrics.bootstrap import draw_weights
from viennatag.reports.comparison import comparison_report, summary
from viennatag.reports.pages import comparison_page
from viennatag.thresholds.decision_rules import DECISION_RULES
from viennatag.training.data.collection import TEST, TRAIN, VALIDATION, Collection, add_extra_marks
from viennatag.training.heads.trainer import Schedule
from viennatag.training.selection.comparison_run import run_methods, split_folds, summarise
from viennatag.training.selection.strategy_search import BLEND, search_strategies
from viennatag.training.strategies import BASELINE, STRATEGIES, Strategy

COMMON_ONLY = Strategy("common-only", "every label with fewer than 60 marks rolled up", min_count=60)


@pytest.fixture(scope="module")
def made() -> Collection:
    return make_collection(1500)


@pytest.fixture(scope="module")
def comparison(made: Collection) -> Comparison:
    return summarise(
        [run_methods(made, [COMMON_ONLY, STRATEGIES["focal"], STRATEGIES["more-data"]], seeds=3, rounds=200)]
    )


def random_scores(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    targets = random.random((120, 9)) < np.linspace(0.02, 0.4, 9)
    scores = np.round(np.clip(random.random(targets.shape) * 0.6 + 0.3 * targets, 0, 1), 2)  # with ties
    return scores, targets


def test_figures_of_samples_are_those_of_repeated_marks() -> None:
    scores, targets = random_scores()
    weights = draw_weights(len(scores), rounds=5)
    counts = np.array([5, 10, 15, 30, 50, 80, 120, 200, 300])
    found = sample_metrics(scores, scores > 0.5, csr_array(targets), counts, weights)
    for sample, figures in zip(weights, found, strict=True):
        rows = np.repeat(np.arange(len(scores)), sample.astype(int))
        drawn, truth = scores[rows], targets[rows]
        present = truth.any(axis=0)
        each = np.array(
            [average_precision_score(t, s) if t.any() else np.nan for s, t in zip(drawn.T, truth.T, strict=True)]
        )
        bands = [counts > 0, counts > 100, (counts >= 20) & (counts <= 100), counts < 20]
        np.testing.assert_allclose(figures[:4], [np.nanmean(each[inside]) for inside in bands], atol=1e-9)
        assert figures[4] == pytest.approx(average_precision_score(truth, drawn, average="micro"), abs=1e-9)
        macro = f1_score(truth[:, present], drawn[:, present] > 0.5, average="macro", zero_division=0)
        assert figures[5] == pytest.approx(macro, abs=1e-9)
        assert figures[6] == pytest.approx(f1_score(truth, drawn > 0.5, average="micro"), abs=1e-9)


def simulated(random: np.random.Generator, methods: int, *, seeds: int = 5, gain: float = 0.0) -> dict[str, np.ndarray]:
    """Return samples of methods that are all alike but for a gain of the second.

    Their noise is that of seeds, and of marks, which they share in part; samples spread around what was found
    as that lies around the truth.
    """
    shared = random.normal(size=201)
    samples = {}
    for at in range(methods):
        own = shared + random.normal(size=201)
        of_marks = np.append(own[0], own[0] + own[1:])
        found = random.normal(size=(seeds, 1)) + of_marks + gain * (at == 1)
        samples[str(at)] = np.tile(found[:, :, None], (1, 1, len(METRICS)))
    return samples


def test_intervals_of_differences_hold_for_all_methods_at_once() -> None:
    """Twelve methods that are all alike: in about one of twenty comparisons one seems better or worse."""
    random = np.random.default_rng(0)
    wrong = 0
    for _ in range(150):
        found = contrast(simulated(random, 12), baseline="0")
        wrong += any(figures["macro_map"].verdict != "same" for figures in found.values())
    assert 0.01 < wrong / 150 < 0.1
    found = contrast(simulated(random, 12, gain=20.0), baseline="0")
    assert found["1"]["macro_map"].verdict == "better"
    assert found["1"]["calibration_error"].verdict == "worse"


def test_the_noise_of_seeds_widens_intervals_by_what_it_is() -> None:
    """Draws of K - 1 among K seeds have the variance of a mean over K seeds."""
    random = np.random.default_rng(0)
    values = random.normal(size=3)
    samples = {"a": np.zeros((3, 40_001, len(METRICS))), "b": np.tile(values[:, None, None], (1, 40_001, len(METRICS)))}
    found = contrast(samples, baseline="a")["b"]["macro_map"]
    error = np.std(values, ddof=1) / np.sqrt(3)
    pairs = (values[:, None] + values) / 2
    assert np.std(pairs) == pytest.approx(error)
    assert found.difference == pytest.approx(values.mean())
    assert (found.difference_high - found.difference_low) / 2 == pytest.approx(
        np.abs(pairs - pairs.mean()).max(), rel=0.02
    )


def test_samples_must_belong_together() -> None:
    scores, targets = random_scores()
    with pytest.raises(DataError, match="do not fit"):
        sample_metrics(scores, scores[:, :3] > 0, csr_array(targets), np.arange(9), draw_weights(120, rounds=1))
    with pytest.raises(DataError, match="samples of 'as-is'"):
        contrast({"focal": np.zeros((1, 5, len(METRICS)))}, baseline="as-is")


def test_a_strategy_that_hurts_is_shown_to_hurt(comparison: Comparison) -> None:
    hurt = comparison.find("common-only")
    assert hurt.metrics["macro_map"].verdict == "worse"
    assert hurt.metrics["macro_map"].difference_high < 0
    assert "macro_map" not in hurt.best
    assert "; hurt by common-only" in summary(comparison)[0]
    prior = comparison.rows[0]
    assert prior.name == "prior"
    assert prior.metrics["macro_map"].verdict == "worse"
    assert comparison.rows[1].name == BASELINE
    assert comparison.find(BASELINE).metrics["macro_map"].difference == 0
    assert "extra_marks" in comparison.omitted["more-data"]
    with pytest.raises(OptionError, match="'focl' was not compared; there are prior, as-is"):
        comparison.find("focl")
    assert all(not row.best or row.metrics[row.best[0]].verdict == "better" for row in comparison.rows)


def test_every_figure_lies_in_its_interval(comparison: Comparison) -> None:
    for row in comparison.rows:
        for figure in row.metrics.values():
            assert figure.low <= figure.value <= figure.high
            assert figure.difference_low <= figure.difference <= figure.difference_high
    plain = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert [row["name"] for row in plain["rows"]] == ["prior", BASELINE, "common-only", "focal"]
    assert plain["rows"][2]["metrics"]["macro_map"]["verdict"] == "worse"


def test_results_are_kept_and_found_again(made: Collection, tmp_path: Path) -> None:
    quick = Schedule(epochs=2, min_steps=5)
    first = summarise([run_methods(made, [STRATEGIES["focal"]], seeds=2, rounds=20, schedule=quick, cache=tmp_path)])
    renamed = [
        replace(STRATEGIES["focal"], name="mine", description="the same"),
        Strategy("other", "", loss=Focal(3.0)),
    ]
    again = summarise([run_methods(made, renamed, seeds=2, rounds=20, schedule=quick, cache=tmp_path)])
    assert (first.reused, again.reused) == (0, 4)
    values = [
        [figure.value for figure in found.metrics.values()] for found in (first.find("focal"), again.find("mine"))
    ]
    np.testing.assert_array_equal(*values)
    changed = replace(made, subsets=np.roll(made.subsets, 1))
    assert summarise([run_methods(changed, [], seeds=2, rounds=20, schedule=quick, cache=tmp_path)]).reused == 0


def test_a_rolled_up_label_has_its_parents_ranking(made: Collection) -> None:
    comparison = summarise([run_methods(made, [COMMON_ONLY], seeds=1, rounds=20)])
    assert (
        0
        < comparison.find("common-only").metrics["tail_map"].value
        < comparison.find(BASELINE).metrics["tail_map"].value
    )


@pytest.mark.parametrize("taxonomy", ["vienna", "flat"])
def test_further_marks_help_the_tail(taxonomy: str) -> None:
    few = make_collection(500, taxonomy=taxonomy, more=400)  # type: ignore[arg-type]
    found = summarise([run_methods(few, [STRATEGIES["more-data"], STRATEGIES["group-rare"]], seeds=2, rounds=100)])
    assert not found.omitted
    assert found.find("more-data").metrics["macro_map"].verdict == "better"
    assert found.find("group-rare").metrics["macro_map"].difference <= 0.01


def test_auto_takes_what_is_better_and_says_so() -> None:
    few = make_collection(500, more=400)
    strategies = [STRATEGIES[name] for name in ("as-is", "more-data")]
    choice = search_strategies(few, strategies=strategies)
    assert "more-data" in {each.name for each in choice.members}
    assert choice.contrasts["more-data"].verdict == "better"
    assert "difference is between +" in choice.reason
    assert [each.share for each in choice.trials if each.strategy == BASELINE] == [0.25, 0.5, 1.0]
    again = search_strategies(few, strategies=strategies)
    judged = few.held_out(choice.trained.labels, TEST)
    np.testing.assert_array_equal(choice.trained.scores(judged), again.trained.scores(judged))
    assert 100 in {each["target_count"] for each in json.loads(json.dumps(choice.to_json()))["members"]}


def test_auto_lets_neighbours_vote_where_a_line_cannot_tell() -> None:
    plain = make_collection(900, taxonomy="flat", noise=0.1)
    sides = np.random.default_rng(1).choice([-1.0, 1.0], (len(plain.features), 1))  # each label lies on two sides
    folded = replace(plain, features=(plain.features * sides).astype(np.float16))
    strategies = [STRATEGIES[name] for name in ("as-is", "neighbours")]
    choice = search_strategies(folded, strategies=strategies)
    assert choice.name in {"neighbours", BLEND}
    assert choice.contrasts["neighbours"].verdict == "better"
    found = (
        summarise([run_methods(folded, [STRATEGIES["neighbours"]], seeds=1, rounds=50)])
        .find("neighbours")
        .metrics["tail_map"]
    )
    assert found.difference > 0.1, "the rare labels gain"
    straight = search_strategies(plain, strategies=strategies)
    assert straight.name == BASELINE, "where it does not help it is left out"


def test_auto_does_not_fall_for_noise() -> None:
    pure = make_collection(400, noise=30.0)
    same = [replace(STRATEGIES[BASELINE], name=f"copy {at}", loss=LogitAdjusted(0.01 * at)) for at in range(6)]
    choice = search_strategies(pure, strategies=same)
    assert choice.name == BASELINE
    assert "more than noise" in choice.reason


def test_auto_may_blend_and_respects_its_budget(made: Collection) -> None:
    few = [STRATEGIES[name] for name in ("as-is", "asymmetric", "cosine", "neighbours")]
    choice = search_strategies(made, strategies=few)
    assert set(choice.contrasts) == {BASELINE, "asymmetric", "cosine", "neighbours", BLEND}
    assert not choice.exhausted
    hasty = search_strategies(made, strategies=few, budget=1e-9)
    assert hasty.name == BASELINE
    assert hasty.exhausted
    assert {each.strategy for each in hasty.trials} == {BASELINE}
    for budget in (0.0, float("nan")):
        with pytest.raises(OptionError, match="budget"):
            search_strategies(made, budget=budget)


def test_the_page_stands_alone_and_escapes(comparison: Comparison) -> None:
    odd = replace(comparison, rows=tuple(replace(row, description="<script>") for row in comparison.rows))
    page = comparison_page(odd, source="marks & more.csv")
    assert "<script>" not in page
    assert "marks &amp; more.csv" in page
    assert not re.search(r'(src|href)="?http', page)
    assert page.count("<svg") == 2
    assert ">common-only<" in page


def test_strategies_that_differ_in_nothing_can_be_drawn(comparison: Comparison) -> None:
    """Where every strategy is right about every mark, all differences are zero, and so is the scale's reach."""
    first = comparison.rows[0].metrics
    none = {
        name: replace(found, difference=0.0, difference_low=0.0, difference_high=0.0) for name, found in first.items()
    }
    alike = replace(comparison, rows=tuple(replace(row, metrics=none) for row in comparison.rows))
    page = comparison_page(alike, source="marks.csv")
    assert ">common-only<" in page
    assert "nan" not in page


def test_the_table_shows_who_is_worse(comparison: Comparison) -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(comparison_report(comparison))
    line = next(line for line in console.export_text().splitlines() if line.strip().startswith("common-only"))
    assert "−" in line


def test_mistakes_are_named(made: Collection) -> None:
    with pytest.raises(OptionError, match="0 seeds"):
        summarise([run_methods(made, [STRATEGIES["focal"]], seeds=0)])
    with pytest.raises(OptionError, match="distinct"):
        summarise([run_methods(made, [STRATEGIES["focal"], STRATEGIES["focal"]])])


TINY = ("--backbone", "test_efficientnet", "--set", "pretrained=false", "--size", 64, "--seed", 3)


def test_compare_from_the_shell(cli, collection: Path, cache: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    page = tmp_path / "page.html"
    arguments = ["compare", collection / "marks.csv", "--images", collection, "--cache", cache, *TINY]
    more = ["--set", f"data.extra_marks={collection / 'marks.csv'}", "--set", f"data.extra_images={collection}"]
    status, out, err = cli(*arguments, *more, "--strategies", "focal,more-data", "--seeds", 1, "--report", page)
    assert status == 0, err
    assert "macro" in out
    assert "more-data" in out
    assert page.read_text().startswith("<!doctype html>")
    single = [*arguments, "--strategies", "focal", "--seeds", 1, "--format", "json"]
    status, out, err = cli(*single)
    assert json.loads(out)["baseline"] == BASELINE
    other = json.loads(cli(*single, "--decision-rule", "threshold-0.9")[1])
    for one, changed in zip(json.loads(out)["rows"][1:], other["rows"][1:], strict=True):
        assert one["metrics"]["macro_map"]["value"] == changed["metrics"]["macro_map"]["value"]
        assert one["metrics"]["macro_f1"]["value"] > changed["metrics"]["macro_f1"]["value"]
    status, _, err = cli(*single, "--decision-rule", "top-0.5")
    assert status == 2
    assert "the decision rule 'top-0.5' is unknown; there are expected-f," in err
    assert cli(*arguments, "--set", "data.extra_marks=marks.csv")[0] == 2
    status, out, _ = cli("compare", "--list")
    named = [line.split()[0] for line in out.splitlines() if line[:1].strip()]
    assert named == [*STRATEGIES, "--decision-rule", *DECISION_RULES]
    assert len(json.loads(cli("compare", "--list", "--format", "json")[1])["strategies"]) == len(STRATEGIES)
    status, _, err = cli("compare")
    assert status == 2
    assert "--list" in err


def test_train_with_auto_keeps_what_was_tried(  # type: ignore[no-untyped-def]
    cli,  # noqa: F811
    collection: Path,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = {name: STRATEGIES[name] for name in ("as-is", "focal", "cosine", "neighbours")}
    monkeypatch.setattr("viennatag.training.selection.strategy_search.STRATEGIES", few)
    arguments = ["train", collection / "marks.csv", "--images", collection, "--cache", cache, *TINY]
    status, out, err = cli(*arguments, "-o", tmp_path / "a", "--strategy", "auto", "--set", "strategy.min_count=3")
    assert status == 0, err
    assert "auto chose" in out
    kept = json.loads((tmp_path / "a" / "bundle.json").read_text())["training"]["strategy"]
    assert kept["name"] == "auto"
    assert {each["strategy"] for each in kept["trials"]} >= {"as-is", "focal", "cosine"}
    assert kept["members"][0]["loss"]["kind"]
    assert not kept["exhausted"]
    status, _, err = cli(*arguments, "-o", tmp_path / "b", "--strategy", "more-data")
    assert status == 2
    assert "extra_marks and extra_images" in err


def test_further_marks_come_with_their_images(collection: Path, cache: Path) -> None:
    from viennatag.training.backbones.backbone import load_timm_backbone
    from viennatag.training.data.collection import collect

    marks = read_marks(collection / "marks.csv", images=collection)
    backbone = load_timm_backbone("test_efficientnet", cache=cache, pretrained=False, size=64, seed=3)
    found = collect(marks, collection, backbone, cache=cache, seed=3)
    assert not found.has_extra
    more = add_extra_marks(found, marks.select(range(10)), collection, backbone, cache=cache)
    labels = more.labels(min_count=3)
    assert len(more.examples(labels, TRAIN)) == np.sum(found.subsets == TRAIN)
    assert len(more.examples(labels, VALIDATION)) == np.sum(found.subsets == VALIDATION)
    assert len(more.marks) == 250
    np.testing.assert_array_equal(more.rows[240:], found.rows[:10])
    flat = read_marks(collection / "flat.csv", images=collection, taxonomy="flat")
    with pytest.raises(DataError, match="flat labels"):
        add_extra_marks(found, flat, collection, backbone, cache=cache)


def test_folds_are_stratified_test_each_mark_once_and_keep_groups_together(collection: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    groups = tuple(f"family {at // 3}" if at < 60 else "" for at in range(len(marks)))
    held = tuple("test" if at >= 230 else "" for at in range(len(marks)))
    tables = split_folds(replace(marks, groups=groups, splits=held), collection, 4, None, False, 0, lambda *_: None)
    tested = [{image for image, split in zip(each.images, each.splits, strict=True) if split} for each in tables]
    assert sorted(image for fold in tested for image in fold) == sorted(marks.images[:230])
    codes = dict(zip(marks.images, marks.codes, strict=True))
    for code in ("26.1.1", "1.1.1", "29.1.1"):
        counts = [sum(code in codes[image] for image in fold) for fold in tested]
        assert max(counts) - min(counts) <= 2, code
    for family in range(20):
        assert len([fold for fold in tested if set(marks.images[3 * family : 3 * family + 3]) & fold]) == 1


def test_compare_cross_validates(cli, collection: Path, cache: Path, tmp_path: Path) -> None:  # noqa: F811
    arguments = ("compare", collection / "marks.csv", "--images", collection, "--cache", cache, "--seeds", 1)
    arguments += ("--backbone", "test_efficientnet", "--size", 64, "--set", "pretrained=false")
    arguments += ("--strategies", "as-is", "--folds", 2)
    status, out, err = cli(*arguments, "--format", "json", "--report", tmp_path / "page.html")
    assert status == 0, err
    found = json.loads(out)
    assert (found["folds"], found["marks"]["test"]) == (2, 120)
    own = next(row for row in found["rows"] if row["name"] == "as-is")["metrics"]["macro_map"]
    assert own["low"] < own["value"] < own["high"]
    page = (tmp_path / "page.html").read_text()
    assert "2 folds of " in page
    assert "noise of folds, seeds and test marks" in page
    status, _, err = cli(*arguments[:-1], 1)
    assert (status, "folds" in err) == (2, True)


def test_a_comparison_is_a_table(comparison: Comparison) -> None:
    frame = comparison.to_dataframe()
    assert frame["method"].tolist() == [row.name for row in comparison.rows]
    assert frame["macro_map_low"].tolist() == [row.metrics["macro_map"].low for row in comparison.rows]
    assert "<table" in (comparison._repr_html_() or "")
    assert len(repr(comparison)) < 120
