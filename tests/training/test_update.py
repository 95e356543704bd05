"""What decisions teach a bundle: an office's dialect, and no more than the checks allow."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.bundles import reading_pixels
from tests.cli.conftest import run
from tests.conftest import COLOURS, SHAPES, TINY, draw_mark
from viennatag.calibration.calibration import Calibration
from viennatag.data.labels import LabelSet
from viennatag.data.marks import read_marks
from viennatag.errors import BundleError, DataError, FeedbackError
from viennatag.evaluation.evaluation import Evaluation
from viennatag.evaluation.feedback import Feedback, UpdateResult, read_feedback
from viennatag.images.reading import read_image
from viennatag.model.bundle import Bundle, open_bundle
from viennatag.model.postprocessing import Postprocessor
from viennatag.model.saving import write_bundle
from viennatag.prediction.predictor import Predictor
from viennatag.runtime.engine import Engine
from viennatag.training.backbones.backbone import load_timm_backbone
from viennatag.training.backbones.graph_surgery import open_graph
from viennatag.training.continual import update as continuing
from viennatag.training.continual.adaptation import grown_postprocessor
from viennatag.training.continual.update import update
from viennatag.training.continual.weight_deltas import Directions, fit_weight_deltas
from viennatag.training.heads.heads import Cosine, Ensemble, Linear, Neighbours
from viennatag.training.strategies import Strategy
from viennatag.training.train import train

Dialect = Callable[[str, str], Sequence[str]]
"""From the shape and the colour of a mark to the codes that an office takes, and those that it rejects."""


def as_taught(shape: str, colour: str) -> Sequence[str]:
    return f"{shape};{colour}", ""


def quadrilateral(shape: str, colour: str) -> Sequence[str]:
    """An office that calls an ellipse by the code of rectangles."""
    return (f"26.4.1;{colour}", "26.1.1") if shape == "26.1.1" else as_taught(shape, colour)


def crossed(shape: str, colour: str) -> Sequence[str]:
    """An office that calls blue what others call red, and red blue."""
    other = {"29.1.1": "29.1.4", "29.1.4": "29.1.1"}[colour]
    return f"{shape};{other}", colour


def finer(shape: str, colour: str) -> Sequence[str]:
    """An office with one more code for what is blue, below the division that the bundle knows."""
    return (f"{shape};29.1.4;29.1.5", "") if colour == "29.1.4" else as_taught(shape, colour)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str, str]]]:
    """Return 90 marks that no bundle has learned from."""
    folder, random = tmp_path_factory.mktemp("office"), np.random.default_rng(7)
    rows = []
    for at in range(90):
        shape = list(SHAPES)[int(random.choice(4, p=[0.5, 0.25, 0.15, 0.1]))]
        colour = list(COLOURS)[int(random.random() < 0.4)]
        draw_mark(shape, COLOURS[colour], random).save(folder / f"{at:03}.png")
        rows.append((f"{at:03}.png", shape, colour))
    return folder, rows


@pytest.fixture
def decide(drawn: tuple[Path, list[tuple[str, str, str]]], tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes what an office decided about the marks."""

    def write(dialect: Dialect, *, count: int = 60) -> Path:
        path = tmp_path / f"{getattr(dialect, '__name__', 'some')}.csv"
        rows = [(name, *dialect(shape, colour)) for name, shape, colour in drawn[1][:count]]
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["image", "codes", "rejected"], *rows])
        return path

    return write


@pytest.fixture
def learn(
    trained: tuple[Bundle, Evaluation],
    drawn: tuple[Path, list[tuple[str, str, str]]],
    decide: Callable[..., Path],
    collection: Path,
    cache: Path,
    tmp_path: Path,
) -> Callable[..., UpdateResult]:
    """Return a function that goes on from the trained bundle."""

    def go_on(
        dialect: Dialect, *, count: int = 60, old: bool = False, bundle: Bundle | None = None, **options: Any
    ) -> UpdateResult:
        decisions = read_feedback(decide(dialect, count=count), images=drawn[0])
        marks = (read_marks(collection / "marks.csv", images=collection), collection) if old else None
        return update(bundle or trained[0], decisions, drawn[0], tmp_path / "out", cache=cache, old=marks, **options)

    return go_on


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments: run(*arguments, capsys=capsys, monkeypatch=monkeypatch)


def scores(bundle: Bundle, image: Path) -> dict[str, float]:
    engine = Predictor(bundle)
    found = engine.score_image(image)
    return dict(zip(bundle.labels.names, found.tolist(), strict=True))


def test_an_office_that_names_things_otherwise_is_followed(  # type: ignore[no-untyped-def]
    learn, drawn, trained: tuple[Bundle, Evaluation]
) -> None:
    found = learn(crossed)

    def right(bundle: Bundle, names: dict[str, str]) -> float:
        said = {name: scores(bundle, drawn[0] / name) for name, _, _ in drawn[1][60:]}
        return float(np.mean([said[name][names[colour]] > said[name][colour] for name, _, colour in drawn[1][60:]]))

    other = {"29.1.1": "29.1.4", "29.1.4": "29.1.1"}
    assert right(trained[0], other) < 0.1
    assert right(found.bundle, other) > 0.9
    assert found.on_feedback["after"]["micro_f1"].verdict == "better"
    assert found.on_old is None
    assert found.distance <= continuing.MAX_WEIGHT_DISTANCE
    assert found.bundle.training["updates"][0]["from"] == trained[0].digest
    assert found.bundle.train_counts.sum() > trained[0].train_counts.sum()


def test_a_code_that_the_bundle_lacks_gets_a_place(learn, drawn) -> None:  # type: ignore[no-untyped-def]
    found = learn(finer)
    assert found.added == ("29.1.5",)
    bundle = found.bundle
    assert bundle.labels.names.index("29.1.5") == bundle.labels.names.index("29.1.4") + 1
    said = [(colour, scores(bundle, drawn[0] / name)) for name, _, colour in drawn[1][60:]]
    blue, red = ([each["29.1.5"] for colour, each in said if colour == wanted] for wanted in ("29.1.4", "29.1.1"))
    assert np.mean(np.array(blue)[:, None] > np.array(red)) > 0.9
    assert all(each["29.1"] >= each["29.1.5"] for _, each in said)
    explained = Predictor(bundle).explain(drawn[0] / "000.png", "29.1.5")
    assert explained.local_logits.mean() == pytest.approx(explained.logit, abs=1e-3)


def test_too_few_decisions_for_a_new_code_are_said(learn) -> None:  # type: ignore[no-untyped-def]
    counted = iter(range(100))
    found = learn(lambda shape, colour: (f"{shape};{colour};9.9.25" if next(counted) < 3 else f"{shape};{colour}", ""))
    assert found.added == ()
    assert found.left_out == {"9": 3, "9.9": 3, "9.9.25": 3}


def test_old_marks_are_not_forgotten_where_they_are_given(  # type: ignore[no-untyped-def]
    learn, trained: tuple[Bundle, Evaluation], collection: Path
) -> None:
    def of_old(bundle: Bundle) -> NDArray[np.float64]:
        return np.array([list(scores(bundle, collection / f"{at:03}.png").values()) for at in range(60)])

    free = learn(quadrilateral, strengths=(0.3,))
    moved = np.abs(of_old(free.bundle) - of_old(trained[0])).mean()
    held = learn(quadrilateral, strengths=(0.3,), old=True)
    assert np.abs(of_old(held.bundle) - of_old(trained[0])).mean() < 0.75 * moved
    assert held.on_old is not None
    assert "worse" not in {figure.verdict for figure in held.on_old["after"].values()}
    assert held.on_old["before"]["macro_map"].value == pytest.approx(
        trained[0].training["validation_macro_map"], abs=0.15
    ), "another validation subset than that of the training"
    assert held.on_feedback["after"]["micro_map"].verdict == "better"
    assert held.bundle.metrics["marks"] == trained[0].training["marks"]["test"]
    assert free.bundle.metrics["marks"] == 60


def test_a_bundle_that_would_be_worse_is_not_written(  # type: ignore[no-untyped-def]
    learn, tmp_path: Path
) -> None:
    shifted = dict(zip(SHAPES, [*list(SHAPES)[1:], next(iter(SHAPES))], strict=True))

    def contrary(shape: str, colour: str) -> Sequence[str]:
        return f"{shifted[shape]};{colour}", shape

    expected = r"(?s)nothing was written.*penalty 0\.1: .* on the validation subset.*points"
    with pytest.raises(FeedbackError, match=expected):  # with more rehearsal the layer finds what agrees with both
        learn(contrary, count=90, old=True, strengths=(0.1, 0.03), rehearsed=1)
    with pytest.raises(FeedbackError, match=r"at most 0% may be without old marks \(--old\)"):
        learn(contrary, max_distance=0.0)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_decisions_that_follow_no_rule_teach_nothing(learn, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(0)
    with pytest.raises(FeedbackError, match="feedback on 60 marks teaches nothing"):
        learn(lambda *_: (list(SHAPES)[random.integers(4)], ""), strengths=(1e-4,))
    assert not (tmp_path / "out").exists()


def test_what_no_decision_is_about_stays_to_the_last_bit(learn, trained: tuple[Bundle, Evaluation]) -> None:  # type: ignore[no-untyped-def]
    found = learn(lambda shape, colour: ("26.4.1" if shape == "26.1.1" else shape, ""), count=40)
    before, after = open_graph(trained[0]), open_graph(found.bundle)
    same = np.all(before.weight == after.weight, axis=1) & (before.bias == after.bias)
    assert np.count_nonzero(~same) == found.moved
    labels = found.bundle.labels
    assert not same[labels.index["26.4.1"]]
    assert (found.bundle.postprocessor.thresholds == trained[0].postprocessor.thresholds).all()


def test_the_written_bundle_is_the_same_again_and_can_go_on(  # type: ignore[no-untyped-def]
    learn, trained: tuple[Bundle, Evaluation], tmp_path: Path
) -> None:
    first = learn(finer)
    graph = first.bundle.graph.read_bytes()
    second = learn(finer)
    assert second.bundle.graph.read_bytes() == graph
    third = learn(quadrilateral, bundle=open_bundle(tmp_path / "out"))
    assert len(third.bundle.training["updates"]) == 2
    assert third.added == ()
    assert "29.1.5" in third.bundle.labels.index


@pytest.mark.parametrize(
    ("head", "outputs"), [(Linear(), 6), (Cosine(), 6), (Ensemble((Linear(), Cosine())), 6)], ids=str
)
def test_a_graph_is_opened_and_closed_without_a_trace(  # type: ignore[no-untyped-def]
    head, outputs: int, collection: Path, cache: Path, tmp_path: Path
) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = type(TINY)(
        Strategy("one", "for tests", min_count=3, head=head),
        backbone=TINY.backbone,
        pretrained=False,
        size=64,
        seed=3,
    )
    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=cache)
    opened = open_graph(bundle)
    backbone = load_timm_backbone(TINY.backbone, cache=cache, pretrained=False, size=64, seed=3)
    assert opened.backbone.graph == backbone.graph, "features of the training would not be found again"
    assert opened.with_weights(opened.weight, opened.bias) == bundle.graph.read_bytes()
    pixels = np.stack([read_image(collection / name, 64) for name in marks.images[:4]])
    features, logits = Engine(bundle.graph.read_bytes()).run(pixels, ("features", "logits"))
    assert opened.head_inputs(features) @ opened.weight.T + opened.bias == pytest.approx(logits, abs=1e-4)
    assert len(onnx.load(bundle.graph).graph.output) == outputs


def test_a_head_without_weights_cannot_go_on(collection: Path, cache: Path, tmp_path: Path) -> None:
    marks = read_marks(collection / "marks.csv", images=collection)
    options = type(TINY)(
        Strategy("votes", "for tests", min_count=3, head=Neighbours()),
        backbone=TINY.backbone,
        pretrained=False,
        size=64,
        seed=3,
    )
    bundle, _ = train(marks, collection, tmp_path / "bundle", options, cache=cache)
    with pytest.raises(BundleError, match="vote of neighbours"):
        open_graph(bundle)


def test_rejected_codes_are_read(drawn: tuple[Path, list[tuple[str, str, str]]], tmp_path: Path) -> None:
    path = tmp_path / "feedback.csv"
    path.write_text("image,codes,rejected\n000.png,26.4.1,26.1;29.1\n001.png,1.1.1;29.1.1,29.1;3.1.6\n002.png,1.1.1,\n")
    decisions = read_feedback(path, images=drawn[0])
    assert decisions.rejected == (("26.1", "29.1"), ("3.1.6", "29.1"), ())
    path.write_text("image,codes,rejected\n000.png,26.4.1,cat\n")
    with pytest.raises(DataError, match=r"(?s)the column 'rejected'.*row 2 'cat' is not a Vienna code"):
        read_feedback(path, images=drawn[0])


def test_feedback_that_contradicts_itself(drawn: tuple[Path, list[tuple[str, str, str]]], tmp_path: Path) -> None:
    path = tmp_path / "feedback.csv"
    path.write_text("image,codes,rejected\n000.png,26.4.1,26.4.1;29.1\n001.png,1.1.1,3.1.6\n")
    with pytest.raises(
        DataError, match=r"(?s)1 mark with feedback that contradicts itself.*'26.4.1' is a code and rej"
    ):
        read_feedback(path, images=drawn[0])
    kept = read_feedback(path, images=drawn[0], skip_bad=True)
    assert (kept.marks.images, kept.rejected) == (("001.png",), (("3.1.6",),))
    assert len(kept.marks.skipped) == 1


def test_rejected_codes_belong_to_the_mark_whatever_its_image_is_called(
    drawn: tuple[Path, list[tuple[str, str, str]]], tmp_path: Path
) -> None:
    path = tmp_path / "feedback.csv"
    path.write_text(
        "file_name,codes,rejected\nset\\000.png,26.4.1,29.1\nset\\000.png,26.4.1,26.1\n001,1.1.1,3.1.6\n002.png,1.1.1,\n"
    )
    decisions = read_feedback(path, images=drawn[0])
    assert decisions.marks.images == ("000.png", "001.png", "002.png")
    assert decisions.rejected == (("26.1", "29.1"), ("3.1.6",), ())


def test_the_penalty_is_the_distance_to_what_was_there() -> None:
    random = np.random.default_rng(0)
    seen = random.normal(size=(80, 12)).astype(np.float32) * 5 + 3
    directions = Directions.of(seen)
    inputs, start = directions(seen), random.normal(size=(80, 3)).astype(np.float32)
    assert np.mean(np.square(inputs[:, :-1]).sum(axis=1)) == pytest.approx(1, rel=1e-3)
    truth, weights = random.random((80, 3)) < 0.3, np.ones((80, 3), dtype=np.float32)
    strong, usual, weak = fit_weight_deltas(inputs, start, truth, weights, strengths=(1e6, 1.0, 0.01))
    assert np.abs(strong).max() < 1e-3
    assert np.linalg.norm(strong) < np.linalg.norm(usual) < np.linalg.norm(weak)
    slope = inputs.T @ (truth - 1 / (1 + np.exp(-(start + inputs @ usual.T))))
    assert np.abs(slope.T - usual).max() < 2e-2, "at the least cost the penalty equals what the marks ask for"
    weight, bias = directions.unfold(usual)
    assert seen @ weight.T + bias == pytest.approx(inputs @ usual.T, abs=1e-3)


def test_mistakes_are_said_clearly(  # type: ignore[no-untyped-def]
    shell, decide, drawn, collection: Path, cache: Path, trained: tuple[Bundle, Evaluation], tmp_path: Path
) -> None:
    office, bundle, out = drawn[0], trained[0].path, tmp_path / "out"
    good, empty, other, flat = decide(as_taught), tmp_path / "empty.csv", tmp_path / "other.csv", tmp_path / "flat.csv"
    empty.write_text("image,codes,rejected\n")
    other.write_text("image,codes\n" + "".join(f"{at:03}.png,9.9.1\n" for at in range(12)))
    flat.write_text("image,cat,dog\n000.png,1,0\n")
    cases = {
        "there is no such bundle": ("nowhere", good),
        "no marks in it": (bundle, empty),
        "none of the 3 codes in the feedback": (bundle, other),
        "a column is not named by a code": (bundle, flat),
        "at least 10 are needed": (bundle, decide(finer, count=9)),
        "No such option": (bundle, good, "--strategy", "cosine"),
        "add --old TABLE": (bundle, good, "--old-images", office),
    }
    for message, (name, table, *more) in cases.items():
        status, _, error = shell("update", name, table, "--images", office, "-o", out, "--cache", cache, *more)
        assert (status, message in error) == (2, True), error
        assert not out.exists()
    flat_marks = Feedback(read_marks(collection / "flat.csv", taxonomy="flat"), ((),) * 240)
    with pytest.raises(DataError, match="the bundle predicts vienna labels, the feedback carry flat ones"):
        update(trained[0], flat_marks, collection, out, cache=cache)


def test_from_the_shell_before_and_after_are_shown(  # type: ignore[no-untyped-def]
    shell, decide, drawn, collection: Path, cache: Path, trained: tuple[Bundle, Evaluation], tmp_path: Path
) -> None:
    arguments = ["update", trained[0].path, decide(quadrilateral), "--images", drawn[0], "--cache", cache]
    old = ["--old", collection / "marks.csv", "--old-images", collection]
    status, text, error = shell(*arguments, "-o", tmp_path / "with", *old)
    assert status == 0, error
    assert "Held-out feedback" in text
    assert "Validation subset of the old marks" in text
    assert "Checked: nothing is worse beyond noise" in " ".join(text.split())
    status, text, error = shell(*arguments, "-o", tmp_path / "without")
    assert status == 0, error
    assert "Validation subset of the old marks" not in text
    assert "Not checked: the metrics on old marks" in " ".join(text.split())
    assert len(open_bundle(tmp_path / "without").labels) == len(trained[0].labels)


@pytest.mark.parametrize("old", [False, True])
def test_codes_that_are_read_from_pixels_stay_so_and_keep_their_scores(  # type: ignore[no-untyped-def]
    learn, drawn, trained: tuple[Bundle, Evaluation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    monkeypatch.setattr(continuing, "_objection", lambda *_: "")  # a dialect contradicts the old marks
    bundle = trained[0]
    columns = [bundle.labels.index[code] for code in COLOURS]
    reading = reading_pixels(bundle, tuple(COLOURS), intercept=0.5)
    reading = write_bundle(reading, bundle.graph.read_bytes(), tmp_path / "reading")
    found = learn(quadrilateral, bundle=reading, old=old, strengths=(1.0,)).bundle
    assert found.postprocessor.pixel_labels == reading.postprocessor.pixel_labels
    before, after = (scores(each, drawn[0] / drawn[1][70][0]) for each in (reading, found))
    assert [after[code] for code in COLOURS] == pytest.approx([before[code] for code in COLOURS], abs=1e-6)
    assert after["26.4.1"] != before["26.4.1"]
    images = [read_image(drawn[0] / name, reading.image_size) for name, _, _ in drawn[1][:4]]
    logits = [Engine(each.graph).run(np.stack(images), ("logits",))[0][:, columns] for each in (reading, found)]
    np.testing.assert_array_equal(*logits)  # the head's own weights for them are not touched either


def test_a_rule_of_weights_has_thresholds_and_weights_for_new_labels() -> None:
    known = Postprocessor(
        LabelSet("vienna", ("3", "3.1")),
        Calibration(np.ones(2), np.zeros(2)),
        np.array([0.2, 0.3]),
        top=2,
        weights=np.array([1.0, 4.0]),
    )
    grown = grown_postprocessor(known, LabelSet("vienna", ("3", "3.1", "3.1.6", "5")))
    assert grown.thresholds.tolist() == [0.2, 0.3, 0.3, 0.25]  # of its parent, or the median
    assert grown.weights is not None
    assert grown.weights.tolist() == [1, 4, 4, 2.5]
