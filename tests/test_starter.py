"""The bundle inside the package."""

from pathlib import Path

from viennatag.bundle import STARTER_FOLDER, open_bundle
from viennatag.codes import parse_code, vienna_tree
from viennatag.engine import Engine
from viennatag.predictor import Predictor

ROOT = Path(__file__).parents[1]


def test_it_is_small_and_complete() -> None:
    assert sum(file.stat().st_size for file in STARTER_FOLDER.iterdir()) < 12e6
    bundle = open_bundle()
    names = bundle.labels.names
    assert all(parse_code(name) in vienna_tree() for name in names)
    assert {name.partition(".")[0] for name in names} >= {str(category) for category in range(1, 25)}
    assert Engine(bundle.graph).outputs == ("logits", "features", "map", "evidence", "head.weight", "head.bias")


def test_it_says_how_it_was_made_and_measured() -> None:
    bundle = open_bundle()
    assert bundle.training["backbone"] == "network"  # the weights of its own first round, which began at random
    section = next(each for each in bundle.metrics["slices"] if (each["level"], each["kind"]) == ("section", "all"))
    figure = section["figures"]["macro_map"]
    assert figure["value"] > 10 * figure["prior"]


def test_it_reads_the_sample_mark() -> None:
    """A blue shield."""
    codes = {suggestion.code for suggestion in Predictor.load().predict(ROOT / "examples/sample-mark.png")}
    assert codes >= {"24.1.5", "29.1.4"}
