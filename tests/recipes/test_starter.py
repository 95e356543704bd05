"""The bundle inside the package."""

import json

from tests.scripts import ROOT, load_script
from viennatag.model.bundle import STARTER_FOLDER, open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.vienna.codes import parse_code, vienna_tree


def test_it_is_small_and_complete() -> None:
    assert sum(file.stat().st_size for file in STARTER_FOLDER.iterdir()) < 12e6
    bundle = open_bundle()
    names = bundle.labels.names
    assert all(parse_code(name) in vienna_tree() for name in names)
    assert {name.partition(".")[0] for name in names} >= {str(category) for category in range(1, 25)}
    assert Engine(bundle.graph).outputs == (
        "logits",
        "features",
        "feature_map",
        "head_inputs",
        "head.weight",
        "head.bias",
    )


def test_it_says_how_it_was_made_and_measured() -> None:
    bundle = open_bundle()
    assert bundle.training["backbone"] == "bundle:starter"  # the one before it, whose first round began at random
    section = next(each for each in bundle.metrics["groups"] if (each["level"], each["kind"]) == ("section", "all"))
    figure = section["metrics"]["macro_map"]
    assert figure["value"] > 10 * figure["prior"]


def test_its_card_and_the_tables_in_the_docs_are_what_was_measured() -> None:
    """If not: python recipes/starter/card.py."""
    made = load_script("recipes/starter/card")
    bundle = open_bundle()
    registered, logos = (json.loads(each.read_text()) for each in (made.REGISTERED, made.LOGOS))
    assert bundle.card is not None
    assert bundle.card.read_text() == made.starter_card(bundle, registered, logos)
    document = made.DOCUMENT.read_text()
    assert document == made.with_tables(document, made.made_tables(bundle, registered, logos))


def test_it_reads_the_sample_mark() -> None:
    """A blue shield with a star."""
    codes = {suggestion.code for suggestion in Predictor.load().predict(ROOT / "examples/sample-mark.png")}
    assert codes >= {"24.1", "1", "29.1.4"}
