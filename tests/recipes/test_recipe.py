"""The recipe of the bundle inside the package: its stages, its statistics, and a tiny run from marks to a bundle."""

import itertools
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from tests.recipes.test_registered import MARKS, write_registered_marks
from tests.scripts import ROOT, load_script
from tests.synthesis.test_marks_drawn import make_font
from viennatag.data.marks import read_marks
from viennatag.errors import OptionError
from viennatag.model.bundle import open_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.synthesis.scripts import SCRIPTS

TINY = """
output = "{folder}/starter"
[artwork]
coded = ["tests/data/artwork/drawn", "tests/data/artwork/tiny", "{folder}/clip-art"]
unlabelled = ["{folder}/unlabelled"]
fonts = ["{folder}/fonts"]
test_packs = ["tiny"]
validation_share = 0.4
image_size = 48
[defaults]
uniform = 60
register = 60
unlabelled = 0
epochs = 1
batch_size = 16
learning_rate = 1e-3
size = 32
training_size = 32
style_augmentation = 0.5
keep_head = true
min_positives = 10
[stages.distilled]
kind = "distillation"
backbone = "mobilenetv4_conv_small_035"
teacher = "local-dir:{folder}/teacher"
seed = 0
unlabelled = 2
[stages.older]
kind = "round"
start = "distilled"
seed = 0
[stages.newer]
kind = "round"
start = "older"
seed = 0
epochs = 2
[stages.mean]
kind = "mean"
start = "older"
newer = "newer"
share = 0.5
[stages.registered]
kind = "registered"
start = "mean"
folder = "{folder}/registered"
uniform = 60
registers = 30
register = 60
seed = 0
mixtures = [
    {{ rendered = 4, seeds = 2 }},
    {{ rendered = 2, registers = 1, clip_art = 1, left_out = 2 }},
]
steps = 2
registered = 4
learning_rate = 1e-4
layer_decay = 0.8
frozen = 1
size = 32
weight_decay = 0.02
min_positives = 10
"""


def run_recipe(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, ROOT / "recipes/starter", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def statistics() -> ModuleType:
    return load_script("recipes/starter/code_statistics")


@pytest.fixture(scope="module")
def stages() -> ModuleType:
    return load_script("recipes/starter/stages")


def test_a_dry_run_says_what_every_stage_does(tmp_path: Path) -> None:
    done = run_recipe("--dry-run", "--work", tmp_path / "work")
    assert done.returncode == 0, done.stderr
    assert (
        "round-13: from mean-12; seed 110; 30,000 + 16,000 marks; 4 epochs at 144 to 192 pixels for 192" in done.stdout
    )
    assert "to src/viennatag/bundles/starter" in done.stdout
    assert not (tmp_path / "work").exists()


def test_one_stage_needs_those_it_starts_from_only(stages: ModuleType) -> None:
    recipe = stages.read_recipe()
    assert recipe.needed_for("round-2") == ["round-1", "round-2"]
    names = list(recipe.stages)
    assert recipe.needed_for("mean-12") == names[: names.index("round-13")]


def test_a_stage_is_another_if_an_earlier_one_changes(stages: ModuleType, tmp_path: Path) -> None:
    text = stages.STAGES.read_text().replace("learning_rate = 4e-4", "learning_rate = 5e-4")
    (tmp_path / "changed.toml").write_text(text)
    recipe, changed = stages.read_recipe(), stages.read_recipe(tmp_path / "changed.toml")
    same = [name for name in recipe.stages if recipe.digest(name) == changed.digest(name)]
    assert same == [f"round-{number}" for number in range(1, 6)]


def test_mistakes_in_stages_are_named(stages: ModuleType, tmp_path: Path) -> None:
    text = (
        TINY.format(folder=tmp_path).replace('start = "older"', 'start = "oldest"').replace("share = 0.5", "part = 1")
    )
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(
        OptionError, match=r"newer: oldest is no stage before it; mean: unknown key part, share is missing"
    ):
        stages.read_recipe(tmp_path / "wrong.toml")


def test_statistics_come_back_as_they_were_written(statistics: ModuleType, tmp_path: Path) -> None:
    counted = statistics.count_codes([["1.1.1", "27.5.1"]] * 3 + [["27.5.1"]] * 2 + [["28.3", "1.1.2"]])
    assert counted.sets == {("1.1.1", "27.5.1"): 3}
    assert counted.nodes == {"1": 4, "1.1": 4, "27": 5, "27.5": 5, "28": 1, "28.3": 1}
    statistics.write_statistics(counted, tmp_path / "codes.tsv")
    assert statistics.read_statistics(tmp_path / "codes.tsv") == counted


def test_sampled_sets_have_the_counts_of_the_statistics(statistics: ModuleType, stages: ModuleType) -> None:
    counted = statistics.read_statistics(stages.STATISTICS)
    sampled = statistics.sample_code_sets(counted)
    assert len(sampled) == counted.marks == 20_000
    found = statistics.count_codes(sampled)
    codes = Counter(code for each in sampled for code in each)
    in_sets = Counter(code for each, count in counted.sets.items() for code in each * count)
    assert codes == Counter(counted.codes) + in_sets
    assert all(len(set(each)) == len(each) for each in sampled)
    pairs = Counter(pair for each in sampled for pair in itertools.combinations(each, 2))
    kept = sum(min(count, pairs[pair]) for pair, count in counted.pairs.items())
    assert kept > 0.7 * sum(counted.pairs.values())
    assert found.sets[("27.5.1",)] >= counted.sets[("27.5.1",)]


def test_spread_codes_have_exact_frequencies_at_every_level(statistics: ModuleType, stages: ModuleType) -> None:
    counted = statistics.read_statistics(stages.STATISTICS)
    spread = statistics.spread_codes(counted)
    nodes = Counter(
        node for each in spread for node in {".".join(code.split(".")[:depth]) for code in each for depth in (1, 2)}
    )
    assert len(spread) == counted.marks
    assert nodes == Counter(counted.nodes)
    assert all(spread)


@pytest.mark.slow
def test_a_tiny_recipe_runs_to_a_bundle_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    write_teacher(tmp_path / "teacher")
    (tmp_path / "fonts").mkdir()
    make_font(tmp_path / "fonts/Boxes.ttf")
    (tmp_path / "fonts/files").mkdir()
    make_font(tmp_path / "fonts/files/boxes-hebrew-400-normal.ttf", "".join(SCRIPTS["hebrew"].pieces))
    (tmp_path / "unlabelled").mkdir()
    for name in ("zyx", "yzx", "xyz"):
        square = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v7h-7z"/></svg>'
        (tmp_path / f"unlabelled/{name}.svg").write_text(square)
    write_registered_marks(tmp_path / "registered")
    shutil.copytree(ROOT / "tests/data/artwork/drawn", tmp_path / "clip-art/drawn")
    (tmp_path / "tiny.toml").write_text(TINY.format(folder=tmp_path))
    arguments = ("--stages", tmp_path / "tiny.toml", "--work", tmp_path / "work")
    done = run_recipe(*arguments)
    assert done.returncode == 0, done.stderr
    bundle = open_bundle(tmp_path / "starter")
    assert bundle.training["target_prior_marks"] == 20_000
    assert Predictor(bundle).predict(ROOT / "examples/sample-mark.png") is not None
    assert all(read_marks(tmp_path / "work/marks/0-60-60/marks.csv", require_images=False).splits)
    for fold in range(5):
        assert not len(open_bundle(tmp_path / f"work/folds/registered/fold-{fold}").seen)
    assert len(bundle.seen) > MARKS
    record = tmp_path / "work/stages/registered.json"
    assert json.loads(record.read_text())["stage"] == "registered"
    record.unlink()  # as if the run had been killed in its last stage
    again = run_recipe(*arguments)
    assert again.stdout.count(": finished") == 4
    assert record.is_file()


def write_teacher(folder: Path) -> None:
    """Write a small network with random weights as a folder that timm loads."""
    from viennatag.training.backbones.backbone import save_network
    from viennatag.training.backbones.loading import load_network

    save_network(load_network("mobilenetv4_conv_small_035", pretrained=False, size=32)[0], folder)
