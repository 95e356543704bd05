"""The model card: made from the bundle, with what people add kept."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bundles import plain_bundle, with_postprocessing
from tests.cli.conftest import run
from viennatag.data.labels import LabelSet
from viennatag.evaluation.evaluation import Evaluation
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.model_card import ABOUT, ARTWORK, model_card, read_notes
from viennatag.model.saving import write_bundle


def test_every_trained_bundle_has_one(trained: tuple[Bundle, Evaluation]) -> None:
    bundle, evaluation = trained
    assert bundle.card is not None
    card = bundle.card.read_text()
    assert card.startswith("---\nlicense: other\nlibrary_name: viennatag\n")
    assert "- vienna-classification\n---\n" in card
    assert "240 marks:" in card
    assert "strategy tiny; seed 3" in card
    figure = evaluation.find("section").metrics["macro_map"]
    assert f"{100 * figure.value:.1f} [" in card
    assert f"({100 * figure.prior:.1f})" in card


def test_what_it_says_is_the_same_for_the_same_bundle(trained: tuple[Bundle, Evaluation]) -> None:
    assert model_card(trained[0]) == model_card(trained[0])


def test_notes_and_licence_outlive_a_new_writing(trained: tuple[Bundle, Evaluation], tmp_path: Path) -> None:
    bundle = trained[0]
    graph = bundle.graph.read_bytes()
    written = write_bundle(bundle, graph, tmp_path / "first", notes={ABOUT: "Our register.", ARTWORK: "| pack |"})
    assert written.card is not None
    edited = written.card.read_text().replace("license: other", "license: cc-by-4.0").replace("register.", "office.")
    written.card.write_text(edited)
    again = write_bundle(open_bundle(tmp_path / "first"), graph, tmp_path / "second")  # what continuing does
    assert again.card is not None
    assert read_notes(again.card.read_text()) == ({ABOUT: "Our office.", ARTWORK: "| pack |"}, "cc-by-4.0")
    assert "# second\n" in again.card.read_text()


def test_a_card_without_notes_or_markers_gives_none() -> None:
    assert read_notes("some text") == ({}, "other")


def test_it_says_what_became_of_a_bundle(trained: tuple[Bundle, Evaluation]) -> None:
    bundle = trained[0]
    told = {
        **bundle.training,
        "target_prior_marks": 1234,
        "updates": [{"marks": 70, "moved": 3}],
        "quantized": {"precision": "int8", "drop": 0.2, "marks": 900},
        "pixel_colours": {"29.1.1": {"head": 0.5, "pixels": 0.75, "low": 0.1}},
    }
    card = model_card(replace(with_postprocessing(bundle, pixel_labels=("29.1.1",)), training=told))
    assert "the code frequencies of 1,234 other marks" in card
    assert "feedback of examiners on 70 marks" in card
    assert "quantized to int8, which costs 0.2 points" in card
    assert "| 29.1.1 | 50.0 | 75.0 | pixels |" in card
    assert "Nothing was measured." in model_card(replace(bundle, metrics={}))


def test_the_best_and_the_worst_categories_are_named(trained: tuple[Bundle, Evaluation]) -> None:
    bundle = trained[0]
    singles = {
        str(category): {
            "marks": 20,
            "average_precision": {"value": category / 30, "low": 0.0, "high": 1.0, "prior": 0.1},
        }
        for category in range(1, 25)
    }
    card = model_card(replace(bundle, metrics={**bundle.metrics, "labels": singles}))
    named = [line.split(" | ")[0] for line in card.splitlines() if " | 20 | " in line]
    assert named == [f"| {category}" for category in (24, 23, 22, 21, 20, 5, 4, 3, 2, 1)]


def test_evaluation_judges_each_category(trained: tuple[Bundle, Evaluation]) -> None:
    singles = trained[1].labels
    assert set(singles) <= {"1", "26", "29"}
    assert all(each.marks > 0 and 0 < each.average_precision.value <= 1 for each in singles.values())
    assert "labels" in trained[1].to_json()
    assert "labels" not in trained[1].to_json(incomplete=True)


def test_verbose_says_where_the_card_is(
    trained: tuple[Bundle, Evaluation],
    collection: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = ("predict", collection / "000.png", "--model", trained[0].path, "--verbose")
    status, _, said = run(*arguments, capsys=capsys, monkeypatch=monkeypatch)
    assert status == 0
    assert "MODEL_CARD.md" in said


def test_flat_labels_are_no_vienna_codes(trained: tuple[Bundle, Evaluation]) -> None:
    bundle = trained[0]
    labels = LabelSet("flat", tuple(f"label {at:02}" for at in range(len(bundle.labels))))
    card = model_card(replace(plain_bundle(labels), training=bundle.training))
    assert "Vienna" not in card.partition("---\n\n")[2]
