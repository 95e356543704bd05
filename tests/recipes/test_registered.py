"""The last stage of the recipe: registered marks, unknown labels, thresholds."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.scripts import load_script
from viennatag.data.labels import LabelSet

registered = load_script("recipes/starter/registered")
stage = load_script("recipes/starter/registered_stage")
stages = load_script("recipes/starter/stages")

MARKS = 20
LABELS = LabelSet("vienna", ("1", "1.1", "1.1.1", "1.1.2", "3", "3.1", "3.1.6", "27", "27.5", "27.5.1"))


def write_registered_marks(folder: Path) -> None:
    """Write a folder like that of the registered marks: figures drawn at random, in five folds."""
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    shown = ("1.1.1|1.1.2; 3.1.6", "3.1", "", "3.1.6")
    with (folder / "marks.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "register", "kind", "figurative", "form", "fold", "note"])
        for at in range(MARKS):
            pixels = np.full((40, 40, 3), 255, dtype=np.uint8)
            pixels[8:32, 8:32] = random.integers(0, 200, 3)
            Image.fromarray(pixels).save(folder / f"images/{at}.png")
            rows.writerow([f"images/{at}.png", "JP", "device", shown[at % 4], "", at // 4, ""])


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("registered")
    write_registered_marks(folder)
    return registered.read_registered_marks(folder, LABELS, 32)


def test_targets_hold_all_alternatives_and_their_ancestors(marks: object) -> None:
    assert marks.targets[0].tolist() == [True, True, True, True, True, True, True, False, False, False]  # type: ignore[attr-defined]
    assert not marks.targets[2].any()  # type: ignore[attr-defined]


def test_sections_below_a_stated_division_and_form_codes_are_unknown(marks: object) -> None:
    known = marks.known  # type: ignore[attr-defined]
    assert [LABELS.names[at] for at in np.flatnonzero(~known[1])] == ["3.1.6", "27", "27.5", "27.5.1"]
    assert [LABELS.names[at] for at in np.flatnonzero(~known[2])] == ["27", "27.5", "27.5.1"]


@pytest.fixture
def options() -> object:
    return stages.FineTuning(
        steps=6,
        registered=4,
        learning_rate=1e-2,
        layer_decay=0.8,
        frozen=2,
        size=32,
        weight_decay=0,
        seed=0,
    )


@pytest.fixture
def rendered() -> list[tuple[object, int]]:
    """Two collections; of the second only what is pictured is known."""
    pixels, targets = np.full((8, 40, 40, 3), 255, dtype=np.uint8), np.zeros((8, len(LABELS)), dtype=bool)
    pictured = LABELS.is_pictorial
    kinds = [registered.RenderedMarks(pixels, targets, known, pictured) for known in (pictured | True, pictured)]
    return [(kinds[0], 2), (kinds[1], 1)]


def test_batches_leave_a_fold_out_and_mask_what_is_unknown(marks: object, rendered: object, options: object) -> None:
    left_out = marks.folds == 0  # type: ignore[attr-defined]
    marked = replace(marks, targets=np.tile(left_out[:, None], (1, len(LABELS))))  # type: ignore[type-var]
    form = ~LABELS.is_pictorial
    shown = list(registered._batches(marked, rendered, options, (0,)))
    assert len(shown) == 6
    for pixels, targets, known in shown:
        assert pixels.shape == (7, 32, 32, 3)
        assert not targets.any(), "a mark of the fold left out"
        assert not known[:4, form].any(), "registered marks have no codes of writing"
        assert known[4:, ~form].all()
        assert not known[6, form].any(), "of these nobody said"
    assert {bool(known[4:6, form].all()) for _, _, known in shown} == {True, False}, "a mirrored one loses its writing"


def test_frozen_blocks_keep_their_weights_and_the_others_learn(
    marks: object, rendered: object, options: object
) -> None:
    torch = pytest.importorskip("torch")
    from viennatag.training.backbones.loading import load_network

    torch.manual_seed(0)
    network, _ = load_network("mobilenetv4_conv_small_035", pretrained=False, size=32)
    blocks = network.network.blocks
    before = [next(block.parameters()).clone() for block in blocks]
    head = np.zeros((len(LABELS), int(network.network.num_features)), np.float32), np.zeros(len(LABELS), np.float32)
    linear = registered.fine_tune(
        network, head, marks, rendered, options, without=(0,), progress=lambda *_: None, name="test"
    )
    kept = [torch.equal(old, next(block.parameters())) for old, block in zip(before, blocks, strict=True)]
    assert kept == [True] + [False] * (len(blocks) - 1)
    assert linear.bias.detach().abs().min() > 0


def test_thresholds_hold_precision_and_over_tagging_where_they_can() -> None:
    columns = np.flatnonzero(LABELS.is_pictorial)
    random = np.random.default_rng(0)
    targets = np.zeros((400, len(columns)), dtype=bool)
    targets[:200, :3] = True  # 1, 1.1, 1.1.1
    noise = random.normal(0, 1.2, 400)
    scores = np.zeros(targets.shape)
    scores[:, 0] = 1 / (1 + np.exp(-(np.where(targets[:, 0], 1.5, -1.5) + noise)))
    scores[:, 1], scores[:, 2] = scores[:, 0] * 0.9, scores[:, 0] * 0.5
    chosen = stage.choose_thresholds(scores, targets, LABELS, columns)
    assert (np.diff(chosen) >= 0).all(), "a code above its threshold has its ancestors above theirs"
    suggested = scores[:, 0] >= chosen[0]
    assert suggested[200:].mean() <= stage.MAX_OVER_TAGGED
    assert suggested[:200].mean() > 0.7
